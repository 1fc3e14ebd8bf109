//! An application's folder: what should be there, and who works on it.
//!
//! - `placer.json`: the sides that should be there, what their components are, the steps that were done, the greatest fence.
//!   Written before each effect.
//! - `lock`: held for as long as a step is carried out; freed by the system when its holder dies.
//! - a folder for each provider: the configuration, its state, `running.json` while the binary runs.

use super::remembered::Remembered;
use crate::exec::terraform::Side;
use crate::exec::{Failure, FailureKind, Watch};
use crate::plan::Placement;
use crate::plan::{Seat, placement_to_json, read_placement};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Between two looks at whether somebody else is done.
const LOOK: Duration = Duration::from_millis(100);

/// What an application's folder says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// The greatest fence that was seen.
    pub fence: u64,
    /// What should be there.
    pub sides: Vec<Side>,
    /// What their components are, also those that the application has no longer.
    pub remembered: Remembered,
    /// Notes of steps that were done, by their keys.
    pub done: BTreeMap<String, String>,
}

#[derive(Default, Serialize, Deserialize)]
struct RecordsFile {
    version: u32,
    fence: u64,
    sides: Vec<SideFile>,
    #[serde(default)]
    remembered: Remembered,
    done: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct SideFile {
    seat: serde_json::Value,
    percent: u8,
    drained: bool,
    run: String,
    step: String,
}

/// A failure of the folder itself.
pub fn trouble(path: &Path, error: &io::Error) -> Failure {
    Failure::new(FailureKind::Passing, format!("`{}`: {error}", path.display()))
        .help("check the disk and who may write there")
}

/// An application's folder.
#[derive(Clone, Debug)]
pub struct AppFolder {
    /// Where it is.
    pub path: PathBuf,
}

impl AppFolder {
    /// Of an application; names of applications are file names.
    pub fn new(root: &Path, app: &str) -> Result<Self, Failure> {
        let plain = !app.is_empty() && app.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !plain {
            return Err(Failure::new(FailureKind::Refused, format!("`{app}` is no name of an application")));
        }
        Ok(Self { path: root.join(app) })
    }

    /// Waits until nobody else works on the application.
    pub fn lock(&self, watch: &dyn Watch) -> Result<File, Failure> {
        fs::create_dir_all(&self.path).map_err(|error| trouble(&self.path, &error))?;
        let path = self.path.join("lock");
        let file = File::create(&path).map_err(|error| trouble(&path, &error))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(trouble(&path, &error)),
            }
            if let Some(kind) = watch.stop() {
                return Err(Failure::new(kind, "stopped while another placer works on this application"));
            }
            thread::sleep(LOOK);
        }
    }

    /// What the folder says; nothing where there is no folder.
    pub fn records(&self) -> Result<Records, Failure> {
        let path = self.path.join("placer.json");
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Records::default()),
            Err(error) => return Err(trouble(&path, &error)),
        };
        let broken = |why: String| {
            let help = "bring it back from a copy; the state in the folders beside it is not touched";
            Failure::new(FailureKind::Refused, format!("`{}` cannot be read: {why}", path.display())).help(help)
        };
        let file: RecordsFile = serde_json::from_slice(&bytes).map_err(|error| broken(error.to_string()))?;
        let mut sides = Vec::new();
        for side in file.sides {
            let seat = read_seat(&side.seat).map_err(broken)?;
            let SideFile { percent, drained, run, step, .. } = side;
            sides.push(Side { seat, percent, drained, run, step });
        }
        Ok(Records { fence: file.fence, sides, remembered: file.remembered, done: file.done })
    }

    /// Writes the records; whoever reads them finds the old ones or the new ones.
    pub fn keep(&self, records: &Records) -> Result<(), Failure> {
        let side = |side: &Side| SideFile {
            seat: write_seat(&side.seat),
            percent: side.percent,
            drained: side.drained,
            run: side.run.clone(),
            step: side.step.clone(),
        };
        let sides = records.sides.iter().map(side).collect();
        let (remembered, done) = (records.remembered.clone(), records.done.clone());
        let file = RecordsFile { version: 1, fence: records.fence, sides, remembered, done };
        let text = serde_json::to_string_pretty(&file).unwrap_or_default() + "\n";
        whole(&self.path.join("placer.json"), text.as_bytes())
    }

    /// Providers that have a folder, in order.
    pub fn providers(&self) -> Vec<String> {
        let known = |provider: &&&str| self.path.join(provider).is_dir();
        crate::exec::terraform::PROVIDERS.iter().filter(known).map(|provider| (*provider).to_owned()).collect()
    }
}

/// A placement of one seat is a seat as plans write it.
fn write_seat(seat: &Seat) -> serde_json::Value {
    let placement = Placement { seats: vec![seat.clone()], usd_month: None };
    placement_to_json(&placement).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

fn read_seat(value: &serde_json::Value) -> Result<Seat, String> {
    let placement = read_placement(&value.to_string()).map_err(|error| error.to_string())?;
    placement.seats.into_iter().next().ok_or_else(|| "a side has no seat".to_owned())
}

/// Writes a file beside its place, onto the disk, and puts it there.
pub fn whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".partial");
    let beside = PathBuf::from(beside);
    let written = || -> io::Result<()> {
        let mut file = File::create(&beside)?;
        io::Write::write_all(&mut file, bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    written().map_err(|error| trouble(path, &error))
}
