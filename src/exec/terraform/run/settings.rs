//! What whoever runs the executor may set, in `settings.toml` in its folder.

use crate::exec::terraform::Zone;
use crate::exec::{Failure, FailureKind};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Name of the file.
const FILE: &str = "settings.toml";
/// Seconds that a drain waits: twice the 30 seconds for which names are remembered.
const DRAIN_S: u64 = 60;
/// Seconds that the binary has to end by itself after it was asked to: what it has begun is finished and written down.
const GRACE_S: u64 = 300;

/// How the executor works.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The binary; `None`: `tofu`, else `terraform`, wherever `PATH` has it.
    pub binary: Option<PathBuf>,
    /// A file with a `terraform { backend ... }` block, `{app}` and `{provider}` in it replaced; `None`: the state is a file in
    /// the working folder.
    pub backend: Option<PathBuf>,
    /// The public zone under whose names users find what is public.
    pub zone: Option<Zone>,
    /// How long a drain waits.
    pub drain: Duration,
    /// How long the binary has to end by itself after it was asked to stop.
    pub grace: Duration,
    /// Whether everything is rehearsed: no provider, no resource, no credential.
    pub rehearsal: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let (drain, grace) = (Duration::from_secs(DRAIN_S), Duration::from_secs(GRACE_S));
        Self { binary: None, backend: None, zone: None, drain, grace, rehearsal: false }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    binary: Option<PathBuf>,
    backend: Option<PathBuf>,
    zone: Option<ZoneFile>,
    drain_seconds: Option<u64>,
    grace_seconds: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ZoneFile {
    provider: String,
    domain: String,
    id: String,
}

impl Settings {
    /// Those in the file of a folder; the defaults where there is none.
    ///
    /// # Errors
    /// [`FailureKind::Refused`] for a file that cannot be read.
    pub fn read(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(FILE);
        let refused = |why: String| {
            let what = format!("`{}` cannot be used: {why}", path.display());
            Failure::new(FailureKind::Refused, what).help("docs/terraform.md says what may stand in it")
        };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(refused(error.to_string())),
        };
        let file: File = toml::from_str(&text).map_err(|error| refused(error.to_string()))?;
        let zone = file.zone.map(|zone| Zone { provider: zone.provider, domain: zone.domain, id: zone.id });
        if let Some(zone) = &zone
            && !matches!(zone.provider.as_str(), "aws" | "gcp")
        {
            return Err(refused(format!(
                "`zone.provider` is `{}`; only zones at aws and gcp know weights",
                zone.provider
            )));
        }
        let mut settings = Self { binary: file.binary, backend: file.backend, zone, ..Self::default() };
        settings.drain = file.drain_seconds.map_or(settings.drain, Duration::from_secs);
        settings.grace = file.grace_seconds.map_or(settings.grace, Duration::from_secs);
        Ok(settings)
    }
}
