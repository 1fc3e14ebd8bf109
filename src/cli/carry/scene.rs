//! What the commands work with: the store, the executor, and the wish to stop.

use super::args::Carrying;
use crate::cli::failure::Failure;
use crate::cli::place::default_store;
use crate::exec::{Executor, Setting, open};
use crate::plan::Placement;
use crate::store::Store;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Before a step that failed for a passing reason is tried again.
pub const RETRY_WAIT: Duration = Duration::from_secs(2);
/// Who carries out when nobody is named.
pub const EXECUTOR: &str = "process";

/// The store and the executor.
pub struct Scene {
    pub store: Store,
    pub executor: Box<dyn Executor>,
}

impl Scene {
    /// For an application: its own executor, unless another one is named.
    pub fn open(args: &Carrying, app: Option<&str>) -> Result<Self, Failure> {
        let store = store(args.store.as_deref())?;
        let there = app.map(|app| store.deployment(app)).transpose().map_err(Failure::other)?.flatten();
        let own = there.filter(|there| !there.placement.seats.is_empty()).map(|there| there.executor);
        let name = args.executor.clone().or(own).unwrap_or_else(|| EXECUTOR.to_owned());
        Ok(Self { executor: executor(&name, &store)?, store })
    }

    /// For a run: the executor that it began with, unless another one is named.
    pub fn of_run(args: &Carrying, run: &str) -> Result<Self, Failure> {
        let store = store(args.store.as_deref())?;
        let row = store.plan_run(run).map_err(Failure::other)?;
        let own = row.map(|row| row.executor);
        let name = args.executor.clone().or(own);
        let name = name.ok_or_else(|| Failure::Input(format!("there is no run `{run}`; `placer runs` lists them")))?;
        Ok(Self { executor: executor(&name, &store)?, store })
    }

    /// Where an application is; nowhere when placer has not put it anywhere.
    pub fn placement(&self, app: &str) -> Result<Placement, Failure> {
        Ok(self.store.deployment(app).map_err(Failure::other)?.map(|there| there.placement).unwrap_or_default())
    }

    /// The file of an application, from the plan of its last run.
    pub fn text_of(&self, app: &str) -> Result<String, Failure> {
        if let Some(row) = self.store.app(app).map_err(Failure::other)? {
            return Ok(row.text);
        }
        let run = self.store.plan_runs(Some(app), 1).map_err(Failure::other)?.into_iter().next();
        let plan = run.map(|run| self.store.plan(&run.plan)).transpose().map_err(Failure::other)?.flatten();
        let plan = plan.ok_or_else(|| Failure::Input(format!("the store knows no application `{app}`")))?;
        crate::plan::read(plan.document.as_bytes()).map(|plan| plan.app_toml).map_err(Failure::other)
    }
}

/// The store that was named, or the usual one.
pub fn store(named: Option<&str>) -> Result<Store, Failure> {
    let missing = || Failure::Input("no folder for the store: give --store, or set PLACER_STORE or HOME".into());
    let named = named.map(|name| PathBuf::from(name.strip_prefix("sqlite://").unwrap_or(name)));
    let folder = named.or_else(default_store).ok_or_else(missing)?;
    Store::open(&folder).map_err(Failure::other)
}

/// An executor by name, with its folder in the store's.
pub fn executor(name: &str, store: &Store) -> Result<Box<dyn Executor>, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::Other(format!("cannot find out where this program itself is: {error}")))?;
    let setting = Setting { folder: store.folder().join("executors"), program };
    open(name, &setting).map_err(Failure::input)
}

/// Set when somebody presses Ctrl-C or the process is asked to end: the step under way is stopped where it can be gone on
/// with, and the journal knows.
pub fn cancel() -> &'static AtomicBool {
    static CANCEL: AtomicBool = AtomicBool::new(false);
    static SET: OnceLock<()> = OnceLock::new();
    SET.get_or_init(|| {
        // Without a handler the process ends at once, which the journal survives as well.
        let _ = ctrlc::set_handler(|| CANCEL.store(true, Ordering::Relaxed));
    });
    &CANCEL
}
