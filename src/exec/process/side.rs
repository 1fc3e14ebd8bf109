//! A side of a component: its folder and the file `side.json` in it, which is written before anything else is done there.

use super::failures::refused;
use super::files;
use super::layout::{AppDir, of_folder};
use crate::app::Kind;
use crate::exec::Failure;
use crate::plan::Seat;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Version of `side.json`.
const VERSION: u32 = 1;

/// How a side is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// The application's own program, that answers on a port.
    Service,
    /// The application's own program, to which nobody connects.
    Worker,
    /// The application's own program, that ends by itself.
    Job,
    /// PostgreSQL.
    Postgres,
    /// Redis.
    Redis,
}

impl Family {
    /// How a kind is run.
    ///
    /// # Errors
    /// Kinds that have no stand-in on a machine.
    pub fn of(kind: Kind) -> Result<Self, Failure> {
        match kind {
            Kind::Service => Ok(Self::Service),
            Kind::Worker => Ok(Self::Worker),
            Kind::Job => Ok(Self::Job),
            Kind::Postgres => Ok(Self::Postgres),
            Kind::Redis => Ok(Self::Redis),
            Kind::StaticSite | Kind::Mysql | Kind::Kafka | Kind::ObjectStorage | Kind::LoadBalancer => {
                let what = format!("the executor `process` cannot run the kind `{}`", kind.as_str());
                Err(refused(what).help("leave such components out, or use another executor"))
            }
        }
    }

    /// Whether it keeps data.
    pub fn is_store(self) -> bool {
        matches!(self, Self::Postgres | Self::Redis)
    }

    /// Whether somebody connects to it, so that it has ports and a stable address.
    pub fn answers(self) -> bool {
        matches!(self, Self::Service) || self.is_store()
    }

    /// The address of a port, without a password.
    pub fn address(self, port: u16) -> String {
        match self {
            Self::Postgres => format!("postgres://app@127.0.0.1:{port}/app"),
            Self::Redis => format!("redis://127.0.0.1:{port}"),
            Self::Service | Self::Worker | Self::Job => format!("http://127.0.0.1:{port}"),
        }
    }
}

/// A component that a side connects to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Name of the component.
    pub component: String,
    /// What it is.
    pub family: Family,
}

impl Call {
    /// The environment variable with its address: `DB_URL` for `db`.
    pub fn variable(&self) -> String {
        format!("{}_URL", self.component.to_ascii_uppercase().replace('-', "_"))
    }
}

/// `side.json`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SideFile {
    /// Version of this form.
    pub version: u32,
    /// Name of the application.
    pub app: String,
    /// Name of the component, with its replica.
    pub component: String,
    /// `Seat::id`.
    pub seat: String,
    /// Provider name.
    pub provider: String,
    /// Region code.
    pub region: String,
    /// How it is run.
    pub family: Family,
    /// How many processes it has.
    pub count: u32,
    /// Their ports; empty when nobody connects to it.
    pub ports: Vec<u16>,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Environment, without secrets.
    pub env: Vec<(String, String)>,
    /// Names of the variables that are secrets.
    pub secrets: Vec<String>,
    /// Whom it calls.
    pub calls: Vec<Call>,
    /// Whether it is to run. What ends although it is to run is started again.
    pub wanted: bool,
}

/// A side that is there.
#[derive(Clone, Debug)]
pub struct Side {
    /// Its folder.
    pub dir: PathBuf,
    /// What `side.json` says.
    pub file: SideFile,
}

impl Side {
    /// The side in a folder; `None`: there is none, or it was never finished or is half gone.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(dir: &Path) -> Result<Option<Self>, Failure> {
        let file: Option<SideFile> = files::read_json(&dir.join("side.json"))?;
        match file {
            Some(file) if file.version != VERSION => {
                let what = format!("{} is of another version of placer", dir.join("side.json").display());
                Err(refused(what).help("use that version to take the application away"))
            }
            file => Ok(file.map(|file| Self { dir: dir.to_path_buf(), file })),
        }
    }

    /// The side of a seat.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn of(app: &AppDir, seat: &Seat) -> Result<Option<Self>, Failure> {
        Self::read(&app.side(seat)?)
    }

    /// What `side.json` says of a seat that is about to be made.
    pub fn planned(app: &str, seat: &Seat, family: Family, ports: Vec<u16>) -> SideFile {
        SideFile {
            version: VERSION,
            app: app.to_owned(),
            component: seat.component.clone(),
            seat: seat.id(),
            provider: seat.provider.clone(),
            region: seat.region.clone(),
            family,
            count: u32::try_from(ports.len()).unwrap_or(1).max(1),
            ports,
            command: Vec::new(),
            env: Vec::new(),
            secrets: Vec::new(),
            calls: Vec::new(),
            wanted: false,
        }
    }

    /// Where it is: `provider/region`.
    pub fn place(&self) -> String {
        format!("{}/{}", self.file.provider, self.file.region)
    }

    /// What proxies know it by when it calls: the name of its folder.
    pub fn caller(&self) -> String {
        format!("{}-{}", self.file.component, self.file.seat)
    }

    /// Folders of its processes.
    pub fn processes(&self) -> Vec<PathBuf> {
        (1..=self.file.count).map(|process| self.dir.join(process.to_string())).collect()
    }

    /// Its first port; 0 when nobody connects to it.
    pub fn port(&self) -> u16 {
        self.file.ports.first().copied().unwrap_or(0)
    }

    /// Writes `side.json`.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn save(&self) -> Result<(), Failure> {
        files::write_json(&self.dir.join("side.json"), &self.file)
    }

    /// The right to start and stop its processes; `None`: it is gone.
    ///
    /// # Errors
    /// When it cannot be locked.
    pub fn hand(&self) -> Result<Option<File>, Failure> {
        files::lock_folder(&self.dir)
    }
}

/// What a folder of a side is called for people, also when nothing is in it.
pub fn words(dir: &Path) -> String {
    let place = dir
        .parent()
        .into_iter()
        .flat_map(Path::components)
        .rev()
        .take(2)
        .map(|part| part.as_os_str().to_string_lossy());
    let mut place: Vec<_> = place.collect();
    place.reverse();
    format!("{} in {}", of_folder(dir).map_or("?", |(component, _)| component), place.join("/"))
}
