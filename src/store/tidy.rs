//! Forgets what nobody asks for any more, so that a store that is worked with for years stays small. The journal, plans and the
//! ledger are the record of what was done: they stay.

use super::{Store, StoreError};
use rusqlite::params;

/// Changes that are kept for followers who come back.
const EVENTS_KEPT: i64 = 100_000;
/// Seconds for which decisions and clearings are kept; the newest of an application always are.
const TOLD_S: i64 = 90 * 86_400;
/// Seconds for which ticks are kept. The market looks back 30 days at most; what is older than that when a newer price book was
/// sealed says nothing that the book does not.
const TICKS_S: i64 = 90 * 86_400;

/// How many rows were forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tidied {
    /// Changes of the feed.
    pub events: usize,
    /// Decisions and clearings.
    pub told: usize,
    /// Ticks.
    pub ticks: usize,
}

impl Store {
    /// Forgets old changes, decisions, clearings, and ticks that a newer price book has replaced.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn tidy(&self, now: i64) -> Result<Tidied, StoreError> {
        let book = self.newest_book()?.map(|book| book.sealed_at);
        let write = || {
            let transaction = self.change()?;
            let newest = "DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?1";
            let events = transaction.execute(newest, [EVENTS_KEPT])?;
            let mut told = 0;
            for table in ["decisions", "clearings"] {
                let old = format!(
                    "DELETE FROM {table} WHERE at < ?1 AND id NOT IN (SELECT max(id) FROM {table} GROUP BY app)"
                );
                told += transaction.execute(&old, [now - TOLD_S])?;
            }
            // Numbers must go on growing: the newest row stays.
            let ticks = match book {
                Some(sealed) => {
                    let until = (now - TICKS_S).min(sealed - TICKS_S / 3);
                    transaction.execute(
                        "DELETE FROM ticks WHERE at < ?1 AND id < (SELECT max(id) FROM ticks)",
                        params![until],
                    )?
                }
                None => 0,
            };
            transaction.commit().map(|()| Tidied { events, told, ticks })
        };
        write().map_err(self.failed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{ClearingRow, DecisionRow};

    const DAY: i64 = 86_400;

    #[test]
    fn what_is_old_goes_and_the_newest_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).expect("it opens");
        for (app, at) in [("shop", 0), ("shop", 1), ("shop", 95 * DAY), ("blog", 0), ("blog", 1)] {
            let (app, detail) = (app.to_owned(), String::new());
            let verdict = "stay".to_owned();
            let decision = DecisionRow { app: app.clone(), at, verdict, plan: None, detail: detail.clone() };
            store.put_decision(&decision).expect("it is kept");
            store.put_clearing(&ClearingRow { app, at, usd_month_nanos: None, detail }).expect("it is kept");
        }
        store.put_ticks("test", &[(0, "old".into()), (1, "newest".into())], 1).expect("they are kept");
        let tidied = store.tidy(100 * DAY).expect("it works");
        assert_eq!(tidied, Tidied { events: 0, told: 6, ticks: 0 }, "without a newer book ticks are all that is known");
        let left = |app: &str| {
            let rows = store.decisions(Some(app), 9).expect("they are read");
            rows.iter().map(|row| row.at).collect::<Vec<_>>()
        };
        assert_eq!((left("shop"), left("blog")), (vec![95 * DAY], vec![1]));
        assert_eq!(store.clearings(None, 9).expect("they are read").len(), 2);
        assert_eq!(store.tidy(100 * DAY).expect("it works"), Tidied::default());
    }

    #[test]
    fn the_feed_keeps_its_newest_changes_and_a_book_replaces_old_ticks() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).expect("it opens");
        let many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100007)
                    INSERT INTO events (at, app, kind, about) SELECT 0, '', 'app', '' FROM n";
        store.db.execute_batch(many).expect("they are kept");
        let book = "INSERT INTO books (digest, as_of, sealed_at, bytes, base, figures, sources)
                    VALUES ('d', '2026-01-01', 8640000, 1, 'b', 1, 's')";
        store.db.execute_batch(book).expect("it is kept");
        let (old, new) = ((0, "old".to_owned()), (95 * DAY, "new".to_owned()));
        store.put_ticks("test", &[old, new.clone(), (0, "newest".into())], 1).expect("they are kept");
        let tidied = store.tidy(200 * DAY).expect("it works");
        assert_eq!(tidied, Tidied { events: 8, told: 0, ticks: 1 });
        let newest = store.newest_event().expect("it is read");
        assert_eq!(store.events(0, 1).expect("they are read")[0].id, newest - EVENTS_KEPT + 1);
        let left = store.ticks(0, 9).expect("they are read");
        assert_eq!(left.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), ["new", "newest"]);
    }
}
