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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{PlanState, Role, TokenRow};

    fn plan(at: i64, name: &str, app: &str, state: PlanState) -> PlanRow {
        let (digest, app) = (name.to_owned(), app.to_owned());
        let (document, reason) = (String::new(), String::new());
        PlanRow { digest, app, document, reason, state, made_at: at, decided_at: None, decided_by: None }
    }

    /// Digests of all pages, one after the other.
    fn walk(store: &Store, page: &Page) -> Vec<String> {
        let (mut all, mut page) = (Vec::new(), page.clone());
        loop {
            let rows = store.plans_page(&page).unwrap();
            let Some(last) = rows.last() else { return all };
            page.after = Some((last.made_at, last.digest.clone()));
            all.extend(rows.into_iter().map(|row| row.digest));
        }
    }

    #[test]
    fn pages_join_without_gaps_whatever_their_size() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        // Several of one moment: their names tell them apart.
        for (at, name) in [(3, "c"), (1, "a"), (3, "d"), (3, "b"), (2, "e")] {
            let app = if name == "e" { "other" } else { "shop" };
            let state = if name == "b" { PlanState::Rejected } else { PlanState::Waiting };
            store.put_plan(&plan(at, name, app, state)).unwrap();
        }
        for most in 1..=6 {
            let page = Page { most, ..Page::default() };
            assert_eq!(walk(&store, &page), ["d", "c", "b", "e", "a"], "{most}");
            assert_eq!(walk(&store, &Page { app: Some("shop".into()), ..page.clone() }), ["d", "c", "b", "a"]);
            assert_eq!(walk(&store, &Page { state: Some("rejected".into()), ..page }), ["b"]);
        }
    }

    #[test]
    fn decisions_and_clearings_are_paged_by_their_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        for verdict in ["stay", "ask", "stay"] {
            let (app, verdict) = ("shop".to_owned(), verdict.to_owned());
            store
                .put_decision(&DecisionRow { app: app.clone(), at: 7, verdict, plan: None, detail: "{}".into() })
                .unwrap();
            let row = ClearingRow { app, at: 7, usd_month_nanos: None, detail: "[]".into() };
            store.put_clearing(&row).unwrap();
        }
        let page = Page { most: 2, ..Page::default() };
        let numbers = |rows: Vec<(i64, DecisionRow)>| rows.into_iter().map(|(id, _)| id).collect::<Vec<_>>();
        assert_eq!(numbers(store.decisions_page(&page).unwrap()), [3, 2]);
        let next = Page { after: Some((2, String::new())), ..page.clone() };
        assert_eq!(numbers(store.decisions_page(&next).unwrap()), [1]);
        assert_eq!(numbers(store.decisions_page(&Page { state: Some("ask".into()), ..page.clone() }).unwrap()), [2]);
        assert_eq!(store.clearings_page(&next).unwrap().len(), 1);
        store.put_ticks("feed", &[(1, "a".into()), (2, "b".into()), (3, "c".into())], 9).unwrap();
        assert_eq!(store.newest_ticks(2).unwrap(), ["b", "c"]);
    }

    #[test]
    fn another_connection_is_noticed_and_tokens_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let (watcher, writer) = (Store::open(folder.path()).unwrap(), Store::open(folder.path()).unwrap());
        let before = watcher.data_version().unwrap();
        assert_eq!(watcher.data_version().unwrap(), before);
        let token = TokenRow {
            id: "a".into(),
            hash: "h".into(),
            role: Role::Operator,
            note: "n".into(),
            made_at: 1,
            expires_at: Some(9),
            revoked_at: None,
        };
        writer.put_token(&token).unwrap();
        assert_ne!(watcher.data_version().unwrap(), before);
        assert!(writer.put_token(&token).is_err(), "no two of a name");
        assert_eq!(watcher.tokens().unwrap(), std::slice::from_ref(&token));
        assert!(writer.revoke_token("a", 5).unwrap() && !writer.revoke_token("b", 5).unwrap());
        writer.revoke_token("a", 6).unwrap();
        assert_eq!(watcher.tokens().unwrap(), [TokenRow { revoked_at: Some(5), ..token }]);
    }
}
