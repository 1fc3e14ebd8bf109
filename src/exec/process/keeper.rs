//! `placer region-keep`: starts again what ends although it is to run, so that no single process that dies takes anything else
//! along. Nobody needs the keeper itself: it may die, too, and is started again by the next step.
//!
//! It starts what `side.json` says is to run, as a step would, and stops nothing. It ends when the application is gone.

use super::Process;
use super::gate::Gate;
use super::holders::is_running;
use super::layout::AppDir;
use super::side::Side;
use super::supervise::{self, Launch};
use crate::exec::Failure;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The longest pause between two starts of what ends at once.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Starts the keeper of an application if it does not run. It gets the values of these secrets, by which it can start again what
/// needs them; no file has them.
///
/// # Errors
/// When it cannot be started.
pub fn ensure<'a>(process: &Process, app: &AppDir, secrets: impl Iterator<Item = &'a String>) -> Result<(), Failure> {
    let placer = &process.program;
    let dir = app.keeper();
    if is_running(&dir).unwrap_or(false) || !app.path().exists() {
        return Ok(());
    }
    let (dir_arg, placer_arg) = (app.path().display().to_string(), placer.display().to_string());
    let args = ["region-keep", "--dir", &dir_arg, "--placer", &placer_arg].map(str::to_owned).to_vec();
    let env = secrets.filter_map(|name| Some((name.clone(), (process.variables)(name)?))).collect();
    let launch = Launch { program: placer.clone(), args, env, ..Launch::default() };
    supervise::start(placer, &dir, &launch)
}

/// When something was started, and how long to wait before it is started again.
struct Start {
    at: Instant,
    pause: Duration,
}

/// Keeps the application in a folder running until the folder is empty or gone. `placer` is placer's own binary.
///
/// # Errors
/// A folder that is no application's.
pub fn keep(dir: &Path, placer: &Path) -> Result<(), Failure> {
    let root = dir.parent().unwrap_or(dir);
    let app = AppDir::new(root, &dir.file_name().unwrap_or_default().to_string_lossy())?;
    let process = Process::new(root, placer);
    let mut starts = BTreeMap::new();
    // Who started it is about to write the first side.
    let mut idle = 0;
    while idle < 20 && app.keeper().exists() {
        thread::sleep(LOOK_EVERY);
        let sides = app.sides().unwrap_or_default();
        idle = if sides.is_empty() { idle + 1 } else { 0 };
        for component in app.components().unwrap_or_default() {
            if let Ok(gate) = Gate::of(&app, &component)
                && gate.routes().is_ok_and(|routes| !routes.listeners.is_empty())
                && !gate.is_running()
            {
                // What fails now may go well the next time; nobody is there to be told.
                let _ = gate.start(placer);
            }
        }
        for dir in sides {
            tend(&process, &app, &dir, &mut starts);
        }
    }
    Ok(())
}

/// Starts a side that is to run and does not, less often the more often it ends.
fn tend(process: &Process, app: &AppDir, dir: &Path, starts: &mut BTreeMap<PathBuf, Start>) {
    let Ok(Some(side)) = Side::read(dir) else { return };
    let down = side.processes().iter().any(|dir| !is_running(dir).unwrap_or(true));
    let recent = starts.get(dir).filter(|start| start.at.elapsed() < start.pause * 2);
    match recent {
        _ if !down || !side.file.wanted => {}
        Some(start) if start.at.elapsed() < start.pause => {}
        recent => {
            let pause = recent.map_or(LOOK_EVERY, |start| (start.pause * 2).min(PAUSE_MAX));
            starts.insert(dir.to_path_buf(), Start { at: Instant::now(), pause });
            let _ = process.start_side(app, &side);
        }
    }
}
