//! Runs, their refusals, and what is known of each source; exchange rates.

use super::{Store, StoreError};
use rusqlite::{OptionalExtension as _, Row, params};

/// Runs kept per source; older ones go with their refusals.
const RUNS_KEPT: i64 = 200;
/// Runs per source whose refusals are kept.
const REFUSALS_KEPT: i64 = 5;

/// How far a run came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// It runs, or was interrupted.
    Running,
    /// Everything was read, judged and stored.
    Complete,
    /// It failed and changed nothing.
    Failed,
}

impl RunState {
    /// The word used in the database and on the screen.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Complete => "complete",
            Self::Failed => "failed",
        }
    }
}

/// One attempt to read a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    /// Its number.
    pub id: i64,
    /// Name of the source.
    pub source: String,
    /// The provider.
    pub provider: String,
    /// Seconds since 1970.
    pub started_at: i64,
    /// Seconds since 1970.
    pub finished_at: Option<i64>,
    /// How far it came.
    pub state: RunState,
    /// Keys that it brought.
    pub rows: i64,
    /// Of them accepted.
    pub accepted: i64,
    /// Of those accepted, with another value than before.
    pub changed: i64,
    /// Of them waiting for a second run.
    pub waiting: i64,
    /// Rows refused.
    pub refused: i64,
    /// Rows of something else.
    pub skipped: i64,
    /// Why it failed.
    pub message: String,
}

/// What a run refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusalRow {
    /// What it is about.
    pub what: String,
    /// What stood there.
    pub raw: String,
    /// Why it was refused.
    pub reason: String,
}

/// What is known of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceStatus {
    /// The last attempt.
    pub last: RunRow,
    /// The last attempt that was complete.
    pub complete: Option<RunRow>,
    /// Figures that the source stands for at present.
    pub figures: i64,
    /// Figures that wait now.
    pub waiting: i64,
}

const COLUMNS: &str = "id, source, provider, started_at, finished_at, state, rows, accepted, changed, waiting, refused, \
                       skipped, message";

fn run_row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    let state: String = row.get(5)?;
    Ok(RunRow {
        id: row.get(0)?,
        source: row.get(1)?,
        provider: row.get(2)?,
        started_at: row.get(3)?,
        finished_at: row.get(4)?,
        state: match state.as_str() {
            "complete" => RunState::Complete,
            "failed" => RunState::Failed,
            _ => RunState::Running,
        },
        rows: row.get(6)?,
        accepted: row.get(7)?,
        changed: row.get(8)?,
        waiting: row.get(9)?,
        refused: row.get(10)?,
        skipped: row.get(11)?,
        message: row.get(12)?,
    })
}

impl Store {
    /// Begins a run of a source. A run that was interrupted not longer than `resume_seconds` ago is taken up again: its
    /// number and start are given, so that pages fetched since then count.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn begin_run(&self, source: &str, provider: &str, now: i64, resume_seconds: i64) -> Result<RunRow, StoreError> {
        let begin = || {
            let transaction = self.change()?;
            let last = format!("SELECT {COLUMNS} FROM runs WHERE source = ?1 ORDER BY id DESC LIMIT 1");
            let last = self.db.query_row(&last, [source], run_row).optional()?;
            if let Some(run) = last
                && run.state == RunState::Running
                && (run.started_at..=run.started_at.saturating_add(resume_seconds)).contains(&now)
            {
                return Ok(run);
            }
            self.db.execute(
                "UPDATE runs SET state = 'failed', finished_at = ?2, message = 'interrupted'
                 WHERE source = ?1 AND state = 'running'",
                params![source, now],
            )?;
            self.db.execute(
                "INSERT INTO runs (source, provider, started_at, state) VALUES (?1, ?2, ?3, 'running')",
                params![source, provider, now],
            )?;
            let made = format!("SELECT {COLUMNS} FROM runs WHERE id = ?1");
            let run = self.db.query_row(&made, [self.db.last_insert_rowid()], run_row)?;
            transaction.commit()?;
            Ok(run)
        };
        begin().map_err(self.failed())
    }

    /// Ends a run that failed. What was known before it stays.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn fail_run(&self, run: i64, now: i64, message: &str, refusals: &[RefusalRow]) -> Result<(), StoreError> {
        let end = || {
            let transaction = self.change()?;
            let refused = i64::try_from(refusals.len()).unwrap_or(i64::MAX);
            transaction.execute(
                "UPDATE runs SET state = 'failed', finished_at = ?2, message = ?3, refused = ?4 WHERE id = ?1",
                params![run, now, message, refused],
            )?;
            insert_refusals(&transaction, run, refusals)?;
            transaction.commit()
        };
        end().map_err(self.failed())
    }

    /// What is known of every source that was ever read, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn sources(&self) -> Result<Vec<SourceStatus>, StoreError> {
        let read = || {
            let newest = |filter: &str| {
                let ids = format!("SELECT max(id) FROM runs {filter} GROUP BY source");
                let query = format!("SELECT {COLUMNS} FROM runs WHERE id IN ({ids}) ORDER BY source");
                self.db.prepare(&query)?.query_map([], run_row)?.collect::<rusqlite::Result<Vec<_>>>()
            };
            let complete = newest("WHERE state = 'complete'")?;
            let count = |query: &str, source: &str| self.db.query_row(query, [source], |row| row.get::<_, i64>(0));
            let mut all = Vec::new();
            for last in newest("")? {
                let name = last.source.clone();
                all.push(SourceStatus {
                    complete: complete.iter().find(|run| run.source == name).cloned(),
                    figures: count("SELECT count(*) FROM figures WHERE source = ?1 AND value IS NOT NULL", &name)?,
                    waiting: count("SELECT count(*) FROM waiting WHERE source = ?1", &name)?,
                    last,
                });
            }
            Ok(all)
        };
        read().map_err(self.failed())
    }

    /// What the last finished run of a source refused.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn refusals(&self, source: &str) -> Result<Vec<RefusalRow>, StoreError> {
        let read = || {
            let mut query = self.db.prepare(
                "SELECT what, raw, reason FROM refusals WHERE run =
                     (SELECT max(id) FROM runs WHERE source = ?1 AND state <> 'running')
                 ORDER BY rowid",
            )?;
            let row = |row: &Row<'_>| Ok(RefusalRow { what: row.get(0)?, raw: row.get(1)?, reason: row.get(2)? });
            query.query_map([source], row)?.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(self.failed())
    }

    /// Keeps an exchange rate: US dollars for one unit, as decimal text.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_rate(&self, currency: &str, date: &str, usd: &str, source: &str) -> Result<(), StoreError> {
        let put = "INSERT OR REPLACE INTO rates (currency, date, usd, source) VALUES (?1, ?2, ?3, ?4)";
        self.db.execute(put, [currency, date, usd, source]).map(|_| ()).map_err(self.failed())
    }

    /// The newest rate of every currency: code, date, US dollars for one unit, source.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn rates(&self) -> Result<Vec<[String; 4]>, StoreError> {
        let read = || {
            let mut query = self.db.prepare("SELECT currency, max(date), usd, source FROM rates GROUP BY currency")?;
            let row = |row: &Row<'_>| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]);
            query.query_map([], row)?.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(self.failed())
    }
}

pub(super) fn insert_refusals(db: &rusqlite::Connection, run: i64, refusals: &[RefusalRow]) -> rusqlite::Result<()> {
    let mut insert = db.prepare("INSERT INTO refusals (run, what, raw, reason) VALUES (?1, ?2, ?3, ?4)")?;
    for refusal in refusals {
        insert.execute(params![run, refusal.what, refusal.raw, refusal.reason])?;
    }
    Ok(())
}

/// Forgets what is too old to matter.
pub(super) fn prune(db: &rusqlite::Connection, source: &str) -> rusqlite::Result<()> {
    let old = "SELECT id FROM runs WHERE source = ?1 ORDER BY id DESC LIMIT -1 OFFSET ?2";
    db.execute(&format!("DELETE FROM refusals WHERE run IN ({old})"), params![source, REFUSALS_KEPT])?;
    db.execute(&format!("DELETE FROM runs WHERE id IN ({old})"), params![source, RUNS_KEPT])?;
    Ok(())
}
