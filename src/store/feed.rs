//! What the market did and what came of it: ticks, clearings, decisions, the ledger, and one feed of all changes.

use super::journal::{Books, Deployment};
use super::{Store, StoreError};
use crate::plan::run::End;
use rusqlite::{Connection, Row, params};

/// A change, for whoever follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Grows with every change.
    pub id: i64,
    /// When, in seconds since 1970.
    pub at: i64,
    /// Name of the application; empty: none in particular.
    pub app: String,
    /// What changed: `app`, `plan`, `run`, `decision`, `clearing`, `ledger`, `ticks`, `policy`.
    pub kind: String,
    /// Which one.
    pub about: String,
}

/// What the autopilot decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionRow {
    /// Name of the application.
    pub app: String,
    /// When, in seconds since 1970.
    pub at: i64,
    /// `stay`, `observe`, `ask` or `move`.
    pub verdict: String,
    /// Digest of the plan, where there is one.
    pub plan: Option<String>,
    /// Every rule with its figure, as JSON.
    pub detail: String,
}

/// What a move has cost and what it saves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRow {
    /// The run.
    pub run: String,
    /// Name of the application.
    pub app: String,
    /// Components that moved.
    pub components: Vec<String>,
    /// From when on it saves, in seconds since 1970.
    pub at: i64,
    /// Until when; `None`: still.
    pub until: Option<i64>,
    /// What the move has cost, in nano-dollars; `None`: not known.
    pub cost_nanos: Option<i64>,
    /// What it saves a month, in nano-dollars; `None`: not known.
    pub saving_month_nanos: Option<i64>,
}

/// Seconds of a month of 730 hours (DESIGN.md, section 3).
const MONTH_S: i128 = 730 * 3_600;

impl LedgerRow {
    /// What it has saved until a moment, less what it has cost, in nano-dollars, rounded down; `None`: not known.
    #[must_use]
    pub fn gain_nanos(&self, now: i64) -> Option<i64> {
        let seconds = i128::from(self.until.unwrap_or(now).min(now).saturating_sub(self.at).max(0));
        let saved = (i128::from(self.saving_month_nanos?) * seconds).div_euclid(MONTH_S);
        i64::try_from(saved - i128::from(self.cost_nanos?)).ok()
    }
}

/// How the market cleared for an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClearingRow {
    /// Name of the application.
    pub app: String,
    /// When, in seconds since 1970.
    pub at: i64,
    /// The best placement's bill, in nano-dollars a month; `None`: there is none.
    pub usd_month_nanos: Option<i64>,
    /// Winners, runners-up and margins, as JSON.
    pub detail: String,
}

/// Writes a change into the feed, within the transaction that makes it.
pub(super) fn event(db: &Connection, at: i64, app: &str, kind: &str, about: &str) -> rusqlite::Result<()> {
    let write = "INSERT INTO events (at, app, kind, about) VALUES (?1, ?2, ?3, ?4)";
    db.execute(write, params![at, app, kind, about]).map(|_| ())
}

/// Enters a run's end into the ledger: what saved until now saves no longer, what was finished saves from now on. A move
/// that was rolled back has still cost what it has cost. A run in which nothing moved is no entry.
pub(super) fn enter(db: &Connection, at: &Deployment, end: End, books: &Books) -> rusqlite::Result<()> {
    let saves = end == End::Finished;
    if saves {
        db.execute("UPDATE ledger SET until = ?2 WHERE app = ?1 AND until IS NULL", params![at.app, at.at])?;
    }
    if books.components.is_empty() {
        return Ok(());
    }
    db.execute(
        "INSERT INTO ledger (run, app, components, at, until, cost_nanos, saving_month_nanos)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            at.run,
            at.app,
            books.components.join(","),
            at.at,
            (!saves).then_some(at.at),
            books.cost_nanos,
            books.saving_month_nanos
        ],
    )?;
    event(db, at.at, &at.app, "ledger", &at.run)
}

pub(super) fn ledger_row(row: &Row<'_>) -> rusqlite::Result<LedgerRow> {
    let components: String = row.get(2)?;
    Ok(LedgerRow {
        run: row.get(0)?,
        app: row.get(1)?,
        components: components.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        at: row.get(3)?,
        until: row.get(4)?,
        cost_nanos: row.get(5)?,
        saving_month_nanos: row.get(6)?,
    })
}

impl Store {
    /// Changes after one, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn events(&self, after: i64, most: u32) -> Result<Vec<EventRow>, StoreError> {
        let event = |row: &Row<'_>| {
            Ok(EventRow { id: row.get(0)?, at: row.get(1)?, app: row.get(2)?, kind: row.get(3)?, about: row.get(4)? })
        };
        let query = "SELECT id, at, app, kind, about FROM events WHERE id > ?1 ORDER BY id LIMIT ?2";
        self.rows(query, params![after, most], event)
    }

    /// Number of the newest change; 0: there was none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn newest_event(&self) -> Result<i64, StoreError> {
        let query = "SELECT coalesce(max(id), 0) FROM events";
        self.db.query_row(query, [], |row| row.get(0)).map_err(self.failed())
    }

    /// Keeps a decision.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_decision(&self, decision: &DecisionRow) -> Result<(), StoreError> {
        let DecisionRow { app, at, verdict, plan, detail } = decision;
        let write = || {
            let transaction = self.change()?;
            transaction.execute(
                "INSERT INTO decisions (app, at, verdict, plan, detail) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![app, at, verdict, plan, detail],
            )?;
            event(&transaction, *at, app, "decision", &transaction.last_insert_rowid().to_string())?;
            transaction.commit()
        };
        write().map_err(self.failed())
    }

    /// The newest decisions, newest first: of one application, or of all.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn decisions(&self, app: Option<&str>, most: u32) -> Result<Vec<DecisionRow>, StoreError> {
        let decision = |row: &Row<'_>| {
            Ok(DecisionRow {
                app: row.get(0)?,
                at: row.get(1)?,
                verdict: row.get(2)?,
                plan: row.get(3)?,
                detail: row.get(4)?,
            })
        };
        let query = "SELECT app, at, verdict, plan, detail FROM decisions WHERE ?1 IS NULL OR app = ?1
                     ORDER BY id DESC LIMIT ?2";
        self.rows(query, params![app, most], decision)
    }

    /// The whole ledger, oldest first: of one application, or of all.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ledger(&self, app: Option<&str>) -> Result<Vec<LedgerRow>, StoreError> {
        let query = "SELECT run, app, components, at, until, cost_nanos, saving_month_nanos FROM ledger
                     WHERE ?1 IS NULL OR app = ?1 ORDER BY at, run";
        self.rows(query, params![app], ledger_row)
    }

    /// Keeps a clearing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_clearing(&self, clearing: &ClearingRow) -> Result<(), StoreError> {
        let ClearingRow { app, at, usd_month_nanos, detail } = clearing;
        let write = || {
            let transaction = self.change()?;
            transaction.execute(
                "INSERT INTO clearings (app, at, usd_month_nanos, detail) VALUES (?1, ?2, ?3, ?4)",
                params![app, at, usd_month_nanos, detail],
            )?;
            event(&transaction, *at, app, "clearing", &transaction.last_insert_rowid().to_string())?;
            transaction.commit()
        };
        write().map_err(self.failed())
    }

    /// The newest clearings, newest first: of one application, or of all.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn clearings(&self, app: Option<&str>, most: u32) -> Result<Vec<ClearingRow>, StoreError> {
        let clearing = |row: &Row<'_>| {
            Ok(ClearingRow { app: row.get(0)?, at: row.get(1)?, usd_month_nanos: row.get(2)?, detail: row.get(3)? })
        };
        let query = "SELECT app, at, usd_month_nanos, detail FROM clearings WHERE ?1 IS NULL OR app = ?1
                     ORDER BY id DESC LIMIT ?2";
        self.rows(query, params![app, most], clearing)
    }

    /// Keeps ticks, all or none, each as its text.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_ticks(&self, source: &str, ticks: &[(i64, String)], now: i64) -> Result<(), StoreError> {
        let write = || {
            let transaction = self.change()?;
            for (at, tick) in ticks {
                let write = "INSERT INTO ticks (at, source, tick) VALUES (?1, ?2, ?3)";
                transaction.prepare_cached(write)?.execute(params![at, source, tick])?;
            }
            event(&transaction, now, "", "ticks", &ticks.len().to_string())?;
            transaction.commit()
        };
        write().map_err(self.failed())
    }

    /// Ticks after one, in the order in which they came: number and text.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ticks(&self, after: i64, most: u32) -> Result<Vec<(i64, String)>, StoreError> {
        let query = "SELECT id, tick FROM ticks WHERE id > ?1 ORDER BY id LIMIT ?2";
        let tick = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        self.rows(query, params![after, most], tick)
    }
}
