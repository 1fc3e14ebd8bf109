//! Accepted figures, their history, and figures that wait.

use super::runs::{RefusalRow, insert_refusals, prune};
use super::{Store, StoreError};
use rusqlite::{Connection, Row, params};

/// A figure that a source stopped to bring is withdrawn after this many complete runs without it.
const ABSENT_RUNS_MAX: i64 = 2;

/// The last accepted figure of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FigureRow {
    /// Key, in its text form.
    pub key: String,
    /// Name of the source.
    pub source: String,
    /// The collector's JSON form; `None` when withdrawn.
    pub value: Option<String>,
    /// Nano-dollars per unit, for figures that are prices.
    pub usd_nanos: Option<i64>,
    /// What one unit is.
    pub unit: String,
    /// The amount as published.
    pub native: String,
    /// The exchange rate used.
    pub rate: String,
    /// Listed or derived.
    pub quality: String,
    /// By which rule it was derived.
    pub rule: String,
    /// From when on it holds, by the publication.
    pub effective: Option<String>,
    /// When this value was first accepted.
    pub since_at: i64,
    /// When it was last confirmed.
    pub seen_at: i64,
}

/// A figure that waits for a second run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingRow {
    /// Key, in its text form.
    pub key: String,
    /// The collector's JSON form.
    pub value: String,
    /// The amount as published.
    pub native: String,
    /// What stood there.
    pub raw: String,
    /// Why it waits.
    pub reason: String,
    /// Since when.
    pub since_at: i64,
}

/// A value that a key had from a moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricePoint {
    /// Key, in its text form.
    pub key: String,
    /// Seconds since 1970.
    pub at: i64,
    /// Nano-dollars per unit; `None` for withdrawn.
    pub usd_nanos: Option<i64>,
    /// What one unit is.
    pub unit: String,
    /// The amount as published.
    pub native: String,
    /// The exchange rate used.
    pub rate: String,
}

/// What a complete run brought.
#[derive(Clone, Debug, Default)]
pub struct AppliedRun {
    /// Its number.
    pub run: i64,
    /// Name of the source.
    pub source: String,
    /// Keys that it brought.
    pub rows: i64,
    /// Rows refused, listed or not.
    pub refused: i64,
    /// Rows of something else.
    pub skipped: i64,
    /// What passed. `since_at` and `seen_at` are not looked at.
    pub accepted: Vec<FigureRow>,
    /// What waits.
    pub waiting: Vec<WaitingRow>,
    /// What was refused, as far as it is listed.
    pub refusals: Vec<RefusalRow>,
    /// Keys whose rows were refused: they are still published, so their last value stays.
    pub held: Vec<String>,
    /// Rows were refused that name no key: nothing may be taken for withdrawn by this run.
    pub unnamed_refusals: bool,
}

const COLUMNS: &str = "key, source, value, usd_nanos, unit, native, rate, quality, rule, effective, since_at, seen_at";

fn figure_row(row: &Row<'_>) -> rusqlite::Result<FigureRow> {
    Ok(FigureRow {
        key: row.get(0)?,
        source: row.get(1)?,
        value: row.get(2)?,
        usd_nanos: row.get(3)?,
        unit: row.get(4)?,
        native: row.get(5)?,
        rate: row.get(6)?,
        quality: row.get(7)?,
        rule: row.get(8)?,
        effective: row.get(9)?,
        since_at: row.get(10)?,
        seen_at: row.get(11)?,
    })
}

impl Store {
    /// Stores a complete run, all of it or nothing: figures, history, what waits, refusals, and that it is complete.
    /// Figures of the source that are missing for the second complete run are withdrawn. Gives how many values
    /// changed.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing was changed.
    pub fn apply(&self, run: &AppliedRun, now: i64) -> Result<i64, StoreError> {
        let apply = || {
            let transaction = self.change()?;
            let changed = put_figures(&transaction, run, now)?;
            put_waiting(&transaction, run, now)?;
            let withdrawn = withdraw(&transaction, run, now)?;
            insert_refusals(&transaction, run.run, &run.refusals)?;
            let count = |len: usize| i64::try_from(len).unwrap_or(i64::MAX);
            transaction.execute(
                "UPDATE runs SET state = 'complete', finished_at = ?2, rows = ?3, accepted = ?4, changed = ?5,
                     waiting = ?6, refused = ?7, skipped = ?8 WHERE id = ?1",
                params![
                    run.run,
                    now,
                    run.rows,
                    count(run.accepted.len()),
                    changed + withdrawn,
                    count(run.waiting.len()),
                    run.refused,
                    run.skipped
                ],
            )?;
            prune(&transaction, &run.source)?;
            transaction.commit()?;
            Ok(changed + withdrawn)
        };
        apply().map_err(self.failed())
    }

    /// Every figure, ascending by key: of one source, or of all.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn figures(&self, source: Option<&str>) -> Result<Vec<FigureRow>, StoreError> {
        let read = || {
            let filter = if source.is_some() { "WHERE source = ?1" } else { "WHERE ?1 IS NULL" };
            let mut query = self.db.prepare(&format!("SELECT {COLUMNS} FROM figures {filter} ORDER BY key"))?;
            query.query_map([source], figure_row)?.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(self.failed())
    }

    /// What waits for a second run of a source, ascending by key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn waiting(&self, source: &str) -> Result<Vec<WaitingRow>, StoreError> {
        let read = || {
            let mut query = self.db.prepare(
                "SELECT key, value, native, raw, reason, since_at FROM waiting WHERE source = ?1 ORDER BY key",
            )?;
            let row = |row: &Row<'_>| {
                Ok(WaitingRow {
                    key: row.get(0)?,
                    value: row.get(1)?,
                    native: row.get(2)?,
                    raw: row.get(3)?,
                    reason: row.get(4)?,
                    since_at: row.get(5)?,
                })
            };
            query.query_map([source], row)?.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(self.failed())
    }

    /// The history of every key that `wanted` picks, ascending by key and time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn history(&self, wanted: impl Fn(&str) -> bool) -> Result<Vec<PricePoint>, StoreError> {
        let read = || {
            let keys: Vec<String> = {
                let mut query = self.db.prepare("SELECT key FROM figures ORDER BY key")?;
                let keys = query.query_map([], |row| row.get::<_, String>(0))?;
                keys.filter(|key| key.as_ref().map_or(true, |key| wanted(key))).collect::<rusqlite::Result<_>>()?
            };
            let mut query = self.db.prepare(
                "SELECT key, at, usd_nanos, unit, native, rate FROM history WHERE key = ?1 ORDER BY at, run",
            )?;
            let mut points = Vec::new();
            for key in keys {
                let rows = query.query_map([key], |row| {
                    Ok(PricePoint {
                        key: row.get(0)?,
                        at: row.get(1)?,
                        usd_nanos: row.get(2)?,
                        unit: row.get(3)?,
                        native: row.get(4)?,
                        rate: row.get(5)?,
                    })
                })?;
                for row in rows {
                    points.push(row?);
                }
            }
            Ok(points)
        };
        read().map_err(self.failed())
    }
}

fn put_figures(db: &Connection, run: &AppliedRun, now: i64) -> rusqlite::Result<i64> {
    let mut old = db.prepare("SELECT value, native, rate FROM figures WHERE key = ?1")?;
    let mut seen = db.prepare(
        "UPDATE figures SET source = ?2, seen_at = ?3, seen_run = ?4, absent_runs = 0, effective = ?5 WHERE key = ?1",
    )?;
    let mut put = db.prepare(
        "INSERT OR REPLACE INTO figures
             (key, source, value, usd_nanos, unit, native, rate, quality, rule, effective, since_at, seen_at, seen_run)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, ?12)",
    )?;
    let mut changed = 0;
    for figure in &run.accepted {
        let same = |row: &Row<'_>| {
            let same_value = row.get_ref(0)?.as_str_or_null()? == figure.value.as_deref();
            Ok(same_value && row.get_ref(1)?.as_str()? == figure.native && row.get_ref(2)?.as_str()? == figure.rate)
        };
        let known = rusqlite::OptionalExtension::optional(old.query_row([&figure.key], same))?;
        if known == Some(true) {
            seen.execute(params![figure.key, run.source, now, run.run, figure.effective])?;
            continue;
        }
        changed += 1;
        put.execute(params![
            figure.key,
            run.source,
            figure.value,
            figure.usd_nanos,
            figure.unit,
            figure.native,
            figure.rate,
            figure.quality,
            figure.rule,
            figure.effective,
            now,
            run.run
        ])?;
        put_history(db, figure, run.run, now)?;
    }
    Ok(changed)
}

fn put_history(db: &Connection, figure: &FigureRow, run: i64, now: i64) -> rusqlite::Result<()> {
    let mut put = db.prepare_cached(
        "INSERT OR REPLACE INTO history (key, at, run, usd_nanos, unit, native, rate)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    put.execute(params![figure.key, now, run, figure.usd_nanos, figure.unit, figure.native, figure.rate])?;
    Ok(())
}

/// What waited before is confirmed, replaced or gone: the run's own list is all that waits.
fn put_waiting(db: &Connection, run: &AppliedRun, now: i64) -> rusqlite::Result<()> {
    db.execute("DELETE FROM waiting WHERE source = ?1", [&run.source])?;
    let mut put = db.prepare(
        "INSERT OR REPLACE INTO waiting (key, source, value, native, raw, reason, since_at, run)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for row in &run.waiting {
        put.execute(params![row.key, run.source, row.value, row.native, row.raw, row.reason, now, run.run])?;
    }
    Ok(())
}

/// Withdraws what the source has not brought twice. What waits or was refused counts as brought: at which price it is
/// sold is the question, not whether.
fn withdraw(db: &Connection, run: &AppliedRun, now: i64) -> rusqlite::Result<i64> {
    let mut seen =
        db.prepare("UPDATE figures SET seen_run = ?2, absent_runs = 0 WHERE key = ?1 AND value IS NOT NULL")?;
    for key in run.held.iter().chain(run.waiting.iter().map(|row| &row.key)) {
        seen.execute(params![key, run.run])?;
    }
    if run.unnamed_refusals {
        return Ok(0);
    }
    let absent = "source = ?1 AND seen_run <> ?2 AND value IS NOT NULL";
    db.execute(
        &format!("UPDATE figures SET absent_runs = absent_runs + 1 WHERE {absent}"),
        params![run.source, run.run],
    )?;
    let gone = format!("SELECT {COLUMNS} FROM figures WHERE {absent} AND absent_runs >= ?3");
    let mut query = db.prepare(&gone)?;
    let gone = query.query_map(params![run.source, run.run, ABSENT_RUNS_MAX], figure_row)?;
    let gone = gone.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut drop =
        db.prepare("UPDATE figures SET value = NULL, usd_nanos = NULL, since_at = ?2, seen_at = ?2 WHERE key = ?1")?;
    for figure in &gone {
        drop.execute(params![figure.key, now])?;
        let withdrawn =
            FigureRow { usd_nanos: None, native: "withdrawn".into(), rate: String::new(), ..figure.clone() };
        put_history(db, &withdrawn, run.run, now)?;
    }
    Ok(i64::try_from(gone.len()).unwrap_or(i64::MAX))
}
