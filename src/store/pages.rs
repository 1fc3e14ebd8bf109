//! Long lists page by page, newest first. A page begins after the last entry of the one before, so that entries that come
//! meanwhile neither move nor repeat anything.

use super::apps::{PLAN, plan_row};
use super::feed::ledger_row;
use super::journal::{RUN, run_row};
use super::{ClearingRow, DecisionRow, LedgerRow, PlanRow, PlanRun, Store, StoreError};
use rusqlite::{Row, params};

/// Which part of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Only of this application.
    pub app: Option<String>,
    /// Only in this state, by its word.
    pub state: Option<String>,
    /// After the entry of this time (or number) and name; `None`: from the newest on.
    pub after: Option<(i64, String)>,
    /// How many at most.
    pub most: u32,
}

impl Page {
    fn after(&self) -> (Option<i64>, Option<&str>) {
        (self.after.as_ref().map(|(at, _)| *at), self.after.as_ref().map(|(_, name)| name.as_str()))
    }

    /// The condition on a list's application and state, and on what orders it, descending: a number, then a name.
    fn condition(number: &str, name: &str, state: &str) -> String {
        format!(
            "(?1 IS NULL OR app = ?1) AND (?2 IS NULL OR {state} = ?2)
             AND (?3 IS NULL OR {number} < ?3 OR ({number} = ?3 AND {name} < ?4))
             ORDER BY {number} DESC, {name} DESC LIMIT ?5"
        )
    }
}

impl Store {
    /// Plans by the time at which they were made and their digest.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn plans_page(&self, page: &Page) -> Result<Vec<PlanRow>, StoreError> {
        let query = format!("SELECT {PLAN} FROM plans WHERE {}", Page::condition("made_at", "digest", "state"));
        self.page(&query, page, plan_row)
    }

    /// Runs by the time at which they began and their name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn plan_runs_page(&self, page: &Page) -> Result<Vec<PlanRun>, StoreError> {
        let query = format!("SELECT {RUN} FROM plan_runs WHERE {}", Page::condition("began_at", "id", "state"));
        self.page(&query, page, run_row)
    }

    /// The ledger by the time from which a move saves and its run.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ledger_page(&self, page: &Page) -> Result<Vec<LedgerRow>, StoreError> {
        let columns = "run, app, components, at, until, cost_nanos, saving_month_nanos";
        let query = format!("SELECT {columns} FROM ledger WHERE {}", Page::condition("at", "run", "NULL"));
        self.page(&query, page, ledger_row)
    }

    /// Decisions by their numbers, which are given with them; the state is the verdict.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn decisions_page(&self, page: &Page) -> Result<Vec<(i64, DecisionRow)>, StoreError> {
        let condition = Page::condition("id", "''", "verdict");
        let query = format!("SELECT id, app, at, verdict, plan, detail FROM decisions WHERE {condition}");
        self.page(&query, page, |row| {
            let (app, at, verdict) = (row.get(1)?, row.get(2)?, row.get(3)?);
            Ok((row.get(0)?, DecisionRow { app, at, verdict, plan: row.get(4)?, detail: row.get(5)? }))
        })
    }

    /// Clearings by their numbers, which are given with them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn clearings_page(&self, page: &Page) -> Result<Vec<(i64, ClearingRow)>, StoreError> {
        let condition = Page::condition("id", "''", "NULL");
        let query = format!("SELECT id, app, at, usd_month_nanos, detail FROM clearings WHERE {condition}");
        self.page(&query, page, |row| {
            let (app, at, usd_month_nanos) = (row.get(1)?, row.get(2)?, row.get(3)?);
            Ok((row.get(0)?, ClearingRow { app, at, usd_month_nanos, detail: row.get(4)? }))
        })
    }

    /// Texts of the newest ticks, in the order in which they came.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn newest_ticks(&self, most: u32) -> Result<Vec<String>, StoreError> {
        let query = "SELECT tick FROM (SELECT id, tick FROM ticks ORDER BY id DESC LIMIT ?1) ORDER BY id";
        self.rows(query, params![most], |row| row.get(0))
    }

    fn page<T>(
        &self,
        query: &str,
        page: &Page,
        row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let (number, name) = page.after();
        self.rows(query, params![page.app, page.state, number, name, page.most], row)
    }
}
