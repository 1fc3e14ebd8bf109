//! Runs of plans: the lock of an application, the journal, and where each application is.
//!
//! An application is carried by one process at a time. The right is a lock on a file, which the operating system takes back
//! when the process ends in whatever way, so that no clock is asked; and a fence, a number that grows with every holder and
//! that every entry of the journal and every step carries, so that a holder who was believed dead can do nothing any more.

use super::{Store, StoreError, feed};
use crate::plan::Placement;
use crate::plan::run::{End, Entry, Event};
use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use std::fs::{self, File, TryLockError};
use std::time::Duration;

/// How often, and how long apart, a lock that is taken is looked at again.
const LOCK_LOOKS: u32 = 5;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanRunState {
    /// Steps are carried out or taken back; after a crash, nobody does at the moment.
    Running,
    /// All is shifted; the old sides are kept for the rollback window.
    Keeping,
    /// Nothing helps any more; a person must look.
    Stuck,
    /// The wanted placement is there.
    Finished,
    /// The placement from before is there.
    RolledBack,
}

impl PlanRunState {
    /// The word used in the database, on the screen and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Keeping => "keeping",
            Self::Stuck => "stuck",
            Self::Finished => "finished",
            Self::RolledBack => "rolled_back",
        }
    }

    fn of(word: &str) -> Self {
        match word {
            "keeping" => Self::Keeping,
            "stuck" => Self::Stuck,
            "finished" => Self::Finished,
            "rolled_back" => Self::RolledBack,
            _ => Self::Running,
        }
    }

    /// Whether it has ended.
    #[must_use]
    pub fn ended(self) -> bool {
        matches!(self, Self::Finished | Self::RolledBack)
    }
}

/// A plan that is or was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRun {
    /// Its name.
    pub id: String,
    /// Name of the application.
    pub app: String,
    /// Digest of the plan.
    pub plan: String,
    /// Who carries it out.
    pub executor: String,
    /// How far it is.
    pub state: PlanRunState,
    /// When it began, in seconds since 1970.
    pub began_at: i64,
    /// When its last entry was written.
    pub changed_at: i64,
}

/// Where an application is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Name of the application.
    pub app: String,
    /// Where and how everything runs.
    pub placement: Placement,
    /// Who carries it.
    pub executor: String,
    /// The run that left it so.
    pub run: String,
    /// Since when, in seconds since 1970.
    pub at: i64,
}

/// The right to carry an application, held until it is dropped or the process ends.
#[derive(Debug)]
pub struct AppLock {
    app: String,
    fence: u64,
    _file: File,
}

impl AppLock {
    /// Greater than that of every holder before.
    #[must_use]
    pub fn fence(&self) -> u64 {
        self.fence
    }

    /// Name of the application.
    #[must_use]
    pub fn app(&self) -> &str {
        &self.app
    }
}

pub(super) const RUN: &str = "id, app, plan, executor, state, began_at, changed_at";

pub(super) fn run_row(row: &Row<'_>) -> rusqlite::Result<PlanRun> {
    Ok(PlanRun {
        id: row.get(0)?,
        app: row.get(1)?,
        plan: row.get(2)?,
        executor: row.get(3)?,
        state: PlanRunState::of(&row.get::<_, String>(4)?),
        began_at: row.get(5)?,
        changed_at: row.get(6)?,
    })
}

impl Store {
    /// Takes the right to carry an application. `None`: another process has it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn lock_app(&self, app: &str) -> Result<Option<AppLock>, StoreError> {
        let folder = self.folder.join("locks");
        let path = folder.join(format!("{app}.lock"));
        let io = |source| StoreError::Io { path: path.clone(), source };
        fs::create_dir_all(&folder).map_err(io)?;
        let file = File::options().create(true).append(true).open(&path).map_err(io)?;
        for look in 0.. {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if look == LOCK_LOOKS => return Ok(None),
                // Somebody who only asks whether it is taken holds it for a moment.
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
                Err(TryLockError::Error(source)) => return Err(io(source)),
            }
        }
        let grow = || {
            let transaction = self.change()?;
            let fence: i64 = transaction.query_row(
                "INSERT INTO fences (app, fence) VALUES (?1, 1)
                 ON CONFLICT (app) DO UPDATE SET fence = fence + 1 RETURNING fence",
                [app],
                |row| row.get(0),
            )?;
            transaction.commit().map(|()| fence)
        };
        let fence = grow().map_err(self.failed())?;
        Ok(Some(AppLock { app: app.to_owned(), fence: fence.cast_unsigned(), _file: file }))
    }

    /// Whether some process carries an application right now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn is_locked(&self, app: &str) -> Result<bool, StoreError> {
        let path = self.folder.join("locks").join(format!("{app}.lock"));
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(source) => return Err(StoreError::Io { path, source }),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(source)) => Err(StoreError::Io { path, source }),
        }
    }

    /// Names of the applications that are somewhere, in order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn deployed(&self) -> Result<Vec<String>, StoreError> {
        // A placement without seats is what `down` leaves.
        let query = "SELECT app FROM deployments WHERE json_array_length(placement, '$.seats') > 0 ORDER BY app";
        self.rows(query, [], |row| row.get(0))
    }

    /// Makes a run of a plan, with the first entry of its journal; the plan is applied from now on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn begin_plan_run(&self, lock: &AppLock, run: &PlanRun) -> Result<(), StoreError> {
        let write = || {
            let transaction = self.change()?;
            transaction.execute(
                "INSERT INTO plan_runs (id, app, plan, executor, state, began_at, changed_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
                params![run.id, run.app, run.plan, run.executor, run.state.as_str(), run.began_at],
            )?;
            transaction.execute("UPDATE plans SET state = 'applied' WHERE digest = ?1", [&run.plan])?;
            append(&transaction, lock, &run.id, &Entry { at: run.began_at, event: Event::Began })?;
            transaction.commit()
        };
        write().map_err(self.failed())
    }

    /// Writes an entry of a journal. False: somebody else carries the application now, and nothing was written.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn note(&self, lock: &AppLock, run: &str, entry: &Entry, state: PlanRunState) -> Result<bool, StoreError> {
        let write = || {
            let transaction = self.change()?;
            if !holds(&transaction, lock)? {
                return Ok(false);
            }
            append(&transaction, lock, run, entry)?;
            set_state(&transaction, run, entry.at, state)?;
            transaction.commit().map(|()| true)
        };
        write().map_err(self.failed())
    }

    /// Says how far a run is, where that changed without an entry. False: somebody else carries the application now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_plan_run_state(&self, lock: &AppLock, run: &PlanRun, now: i64) -> Result<bool, StoreError> {
        let write = || {
            let transaction = self.change()?;
            if !holds(&transaction, lock)? {
                return Ok(false);
            }
            if set_state(&transaction, &run.id, now, run.state)? {
                feed::event(&transaction, now, lock.app(), "run", &run.id)?;
            }
            transaction.commit().map(|()| true)
        };
        write().map_err(self.failed())
    }

    /// Writes the last entry of a journal, and where the application is from now on. False: somebody else carries the
    /// application now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn end_plan_run(&self, lock: &AppLock, end: End, at: &Deployment, books: &Books) -> Result<bool, StoreError> {
        let (document, failed) = (super::document(&at.placement), self.failed());
        let state = match end {
            End::Finished => PlanRunState::Finished,
            End::RolledBack => PlanRunState::RolledBack,
        };
        let write = || {
            let transaction = self.change()?;
            if !holds(&transaction, lock)? {
                return Ok(false);
            }
            append(&transaction, lock, &at.run, &Entry { at: at.at, event: Event::Ended(end) })?;
            set_state(&transaction, &at.run, at.at, state)?;
            transaction.execute(
                "INSERT INTO deployments (app, placement, executor, run, at) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (app) DO UPDATE SET placement = ?2, executor = ?3, run = ?4, at = ?5",
                params![at.app, document, at.executor, at.run, at.at],
            )?;
            feed::enter(&transaction, at, end, books)?;
            transaction.commit().map(|()| true)
        };
        write().map_err(failed)
    }

    /// Where an application is; `None`: nowhere that placer has put it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn deployment(&self, app: &str) -> Result<Option<Deployment>, StoreError> {
        let read = |row: &Row<'_>| {
            let text: String = row.get(0)?;
            let placement = crate::plan::read_placement(&text).map_err(|error| {
                rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
            })?;
            Ok(Deployment { app: app.to_owned(), placement, executor: row.get(1)?, run: row.get(2)?, at: row.get(3)? })
        };
        let query = "SELECT placement, executor, run, at FROM deployments WHERE app = ?1";
        self.db.query_row(query, [app], read).optional().map_err(self.failed())
    }

    /// One run.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn plan_run(&self, id: &str) -> Result<Option<PlanRun>, StoreError> {
        let query = format!("SELECT {RUN} FROM plan_runs WHERE id = ?1");
        self.db.query_row(&query, [id], run_row).optional().map_err(self.failed())
    }

    /// The newest runs, newest first: of one application, or of all.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn plan_runs(&self, app: Option<&str>, most: u32) -> Result<Vec<PlanRun>, StoreError> {
        let query =
            format!("SELECT {RUN} FROM plan_runs WHERE ?1 IS NULL OR app = ?1 ORDER BY began_at DESC, id LIMIT ?2");
        self.rows(&query, params![app, most], run_row)
    }

    /// Runs that have not ended, oldest first: of one application, or of all.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open_plan_runs(&self, app: Option<&str>) -> Result<Vec<PlanRun>, StoreError> {
        let query = format!(
            "SELECT {RUN} FROM plan_runs WHERE state IN ('running', 'keeping', 'stuck') AND (?1 IS NULL OR app = ?1)
             ORDER BY began_at, id"
        );
        self.rows(&query, params![app], run_row)
    }

    /// How many runs an application has had.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn plan_runs_count(&self, app: &str) -> Result<u64, StoreError> {
        let count =
            self.db.query_row("SELECT count(*) FROM plan_runs WHERE app = ?1", [app], |row| row.get::<_, i64>(0));
        count.map(i64::cast_unsigned).map_err(self.failed())
    }

    /// The journal of a run, oldest entry first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn journal(&self, run: &str) -> Result<Vec<Entry>, StoreError> {
        let entry = |row: &Row<'_>| {
            let text: String = row.get(1)?;
            let event = Event::read(&text).map_err(|error| {
                rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, Box::new(error))
            })?;
            Ok(Entry { at: row.get(0)?, event })
        };
        self.rows("SELECT at, event FROM journal WHERE run = ?1 ORDER BY entry", [run], entry)
    }
}

/// What a run's end means for the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// Components that moved; none: what it did is no move.
    pub components: Vec<String>,
    /// What the move has cost, in nano-dollars; `None`: not known.
    pub cost_nanos: Option<i64>,
    /// What it saves a month, in nano-dollars; `None`: not known.
    pub saving_month_nanos: Option<i64>,
}

/// Whether a lock's holder is the newest.
fn holds(transaction: &Transaction<'_>, lock: &AppLock) -> rusqlite::Result<bool> {
    let newest: i64 =
        transaction.query_row("SELECT fence FROM fences WHERE app = ?1", [&lock.app], |row| row.get(0))?;
    Ok(newest.cast_unsigned() == lock.fence)
}

fn append(transaction: &Transaction<'_>, lock: &AppLock, run: &str, entry: &Entry) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO journal (run, entry, at, fence, event)
         VALUES (?1, (SELECT count(*) FROM journal WHERE run = ?1), ?2, ?3, ?4)",
        params![run, entry.at, lock.fence.cast_signed(), entry.event.to_json()],
    )?;
    feed::event(transaction, entry.at, lock.app(), "run", run)
}

/// True when it was in another state before.
fn set_state(transaction: &Transaction<'_>, run: &str, now: i64, state: PlanRunState) -> rusqlite::Result<bool> {
    let before: String = transaction.query_row("SELECT state FROM plan_runs WHERE id = ?1", [run], |row| row.get(0))?;
    transaction
        .execute("UPDATE plan_runs SET state = ?2, changed_at = ?3 WHERE id = ?1", params![run, state.as_str(), now])?;
    Ok(before != state.as_str())
}
