//! The executor `process`: the embedded default, which needs nothing but what is on the machine.
//!
//! A region is a folder, a machine a process in it, an address a loopback port ([`layout`]). The program that runs is the
//! component's own `command`; PostgreSQL and Redis are the real ones. docs/process-executor.md says all of it for people.
//!
//! Invariants: whatever runs was started by [`region_run`] and holds the lock of its folder, so that it is found whatever
//! moment placer dies in, and never started twice; [`observe`](Process::observe) remembers nothing.

mod ask;
mod command;
mod delays;
mod done;
mod failures;
mod files;
mod gate;
mod guard;
mod holders;
mod job;
mod keeper;
mod layout;
mod observe;
mod ports;
mod postgres;
pub mod programs;
mod proxy;
mod ready;
mod redis;
mod region_run;
mod routes;
mod secret;
mod side;
mod steps;
mod store;
mod supervise;
mod tear_down;
mod undo;
mod user;

pub use delays::Delays;
pub use keeper::keep;
pub use proxy::serve;
pub use region_run::{RegionRun, region_run};
pub use user::User;

use super::{Done, Executor, Failure, Order, Sighting, Watch};
use crate::app::App;
use crate::plan::Plan;
use job::Job;
use layout::AppDir;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long connections to an old side may go on, and programs may take to end, before they are cut off.
const GRACE: Duration = Duration::from_secs(10);

/// Looks up a variable of placer's environment.
type Variables = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The executor.
pub struct Process {
    root: PathBuf,
    program: PathBuf,
    delays: Delays,
    grace: Duration,
    variables: Variables,
}

impl Process {
    /// An executor that keeps everything below a folder. `program` is placer's own binary, which runs proxies and keepers.
    #[must_use]
    pub fn new(root: impl AsRef<Path>, program: impl AsRef<Path>) -> Self {
        // A path that cannot be made absolute is one that cannot be used: the first step says so.
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        Self {
            root: absolute(root.as_ref()),
            program: absolute(program.as_ref()),
            delays: Delays::default(),
            grace: GRACE,
            variables: Box::new(|name| std::env::var(name).ok()),
        }
    }

    /// With these round trips between regions.
    #[must_use]
    pub fn delays(self, delays: Delays) -> Self {
        Self { delays, ..self }
    }

    /// With so long for connections to an old side and for programs that end.
    #[must_use]
    pub fn grace(self, grace: Duration) -> Self {
        Self { grace, ..self }
    }

    /// With secrets from here instead of from the environment.
    #[must_use]
    pub fn variables(self, variables: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self { variables: Box::new(variables), ..self }
    }

    /// The stable address of a component: the same wherever it moves. `None`: it has none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn address(&self, app: &str, component: &str) -> Result<Option<String>, Failure> {
        observe::stable_address(&AppDir::new(&self.root, app)?, component)
    }

    /// Makes sure that what is to run of an application runs, and that it is started again should it end: after the machine was
    /// started, or the keeper killed. Every step does that, too.
    ///
    /// # Errors
    /// A keeper that does not start.
    pub fn tend(&self, app: &str) -> Result<(), Failure> {
        let app = AppDir::new(&self.root, app)?;
        let mut secrets = Vec::new();
        for dir in app.sides()? {
            secrets.extend(side::Side::read(&dir)?.map(|side| side.file.secrets).unwrap_or_default());
        }
        if secrets.is_empty() && app.sides()?.is_empty() {
            return Ok(());
        }
        keeper::ensure(self, &app, secrets.iter())
    }

    /// Takes everything below the folder away, whatever state it is in: processes first. Data are lost.
    ///
    /// # Errors
    /// Processes that do not go; a disk that refuses.
    pub fn tear_down(&self) -> Result<(), Failure> {
        tear_down::all(&self.root)
    }
}

impl Executor for Process {
    fn name(&self) -> &'static str {
        "process"
    }

    fn ready(&self, app: &App, plan: &Plan) -> Result<(), Failure> {
        ready::ready(self, app, plan)
    }

    fn apply(&self, order: &Order<'_>, watch: &dyn Watch) -> Result<Done, Failure> {
        Job::begin(self, order, watch)?.apply().map(|note| Done { note })
    }

    fn undo(&self, order: &Order<'_>, watch: &dyn Watch) -> Result<Done, Failure> {
        Job::begin(self, order, watch)?.undo().map(|note| Done { note })
    }

    fn observe(&self, app: &str) -> Result<Vec<Sighting>, Failure> {
        observe::all(self, &AppDir::new(&self.root, app)?)
    }
}
