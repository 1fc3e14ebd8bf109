//! The store: what was observed, decided and sealed, in one folder with an embedded SQLite database.
//!
//! Layout: `placer.db` (with its write-ahead log), `books/<digest>.book` (sealed books, immutable), `pages/` (fetched
//! pages, owned by the collector), `collect.lock`. Invariants: readers never wait for a writer (write-ahead log); every
//! change of state is one transaction; a book's row is written after its bytes are on the disk, so that a row without
//! its file cannot be. After a kill at any moment the store opens and shows the last committed state.

mod apps;
mod books;
mod feed;
mod figures;
mod journal;
mod pages;
mod policies;
mod runs;
mod schema;
#[cfg(test)]
mod tests;
mod tokens;
mod watch;

pub use apps::{AppRow, PlanRow, PlanState};
pub use books::BookRow;
pub use feed::{ClearingRow, DecisionRow, EventRow, LedgerRow};
pub use figures::{AppliedRun, FigureRow, PricePoint, WaitingRow};
pub use journal::{AppLock, Books, Deployment, PlanRun, PlanRunState};
pub use pages::Page;
pub use policies::{Forgotten, PolicyRow};
pub use runs::{RefusalRow, RunRow, RunState, SourceStatus};
pub use tokens::{Role, TokenRow};

use crate::plan::{Placement, placement_to_json};
use rusqlite::{Connection, OpenFlags, Params, Row, Transaction, TransactionBehavior};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;

/// A writer waits this long for another writer.
const BUSY: Duration = Duration::from_secs(30);

/// Why the store could not do what was asked. Nothing was changed.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The file system said no.
    #[error("the store cannot use {}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
    /// The database said no.
    #[error("the store's database {}: {source}", path.display())]
    Database {
        /// Which file.
        path: PathBuf,
        /// What happened.
        source: rusqlite::Error,
    },
    /// Another process collects into this store.
    #[error("another placer is collecting into {}; wait for it, or use another --store", path.display())]
    Busy {
        /// The store's folder.
        path: PathBuf,
    },
    /// It was written by a newer placer.
    #[error(
        "the store {} has form {found}, this program knows forms up to {known}; update placer or use another --store",
        path.display()
    )]
    Version {
        /// The store's folder.
        path: PathBuf,
        /// Its form.
        found: i64,
        /// The newest form known here.
        known: i64,
    },
}

/// An open store.
pub struct Store {
    folder: PathBuf,
    db: Connection,
}

/// The right to collect into a store, held until it is dropped or the process ends.
#[derive(Debug)]
pub struct CollectLock {
    _file: File,
}

/// The text in which a placement is kept.
fn document(placement: &Placement) -> String {
    placement_to_json(placement).unwrap_or_else(|_| unreachable!("numbers and texts are written without fail"))
}

impl Store {
    /// Opens a store for reading and writing; makes it when it is not there, and brings an older form up to date.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let books = folder.join("books");
        fs::create_dir_all(&books).map_err(|source| StoreError::Io { path: books, source })?;
        let store = Self::connect(folder, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        let set_up = |db: &Connection| {
            db.pragma_update(None, "journal_mode", "wal")?;
            // A sealed book is a promise: it has to survive a power cut as well.
            db.pragma_update(None, "synchronous", "full")?;
            db.pragma_update(None, "foreign_keys", "on")
        };
        set_up(&store.db).map_err(store.failed())?;
        store.migrate()?;
        Ok(store)
    }

    /// Opens a store for reading. `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open_existing(folder: &Path) -> Result<Option<Self>, StoreError> {
        if !folder.join("placer.db").is_file() {
            return Ok(None);
        }
        // Reading through a write-ahead log maps its index, which takes the right to write; where there is none
        // (another user's store, a read-only mount), SQLite opens it for reading by itself.
        let store = Self::connect(folder, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let found = store.version()?;
        if found == 0 {
            // Made a moment ago by a process that was killed or has not finished yet: nothing is in it.
            return Ok(None);
        }
        if found != schema::VERSION {
            // An older form is brought up to date by the next writer; reading it takes the same.
            if found > schema::VERSION {
                return Err(StoreError::Version { path: folder.to_owned(), found, known: schema::VERSION });
            }
            store.migrate()?;
        }
        Ok(Some(store))
    }

    fn connect(folder: &Path, mode: OpenFlags) -> Result<Self, StoreError> {
        let path = folder.join("placer.db");
        let db = Connection::open_with_flags(&path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .and_then(|db| db.busy_timeout(BUSY).map(|()| db))
            .map_err(|source| StoreError::Database { path, source })?;
        Ok(Self { folder: folder.to_owned(), db })
    }

    /// The store's folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the collector keeps fetched pages.
    #[must_use]
    pub fn pages(&self) -> PathBuf {
        self.folder.join("pages")
    }

    /// Takes the right to collect into the store.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when another process holds it.
    pub fn lock(&self) -> Result<CollectLock, StoreError> {
        let path = self.folder.join("collect.lock");
        let file = File::options().create(true).append(true).open(&path);
        let file = file.map_err(|source| StoreError::Io { path: path.clone(), source })?;
        match file.try_lock() {
            Ok(()) => Ok(CollectLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Busy { path: self.folder.clone() }),
            Err(TryLockError::Error(source)) => Err(StoreError::Io { path, source }),
        }
    }

    /// Begins a change. It takes the right to write at once and waits for it: one that reads first and writes then cannot
    /// wait, because what it has read may have changed meanwhile.
    fn change(&self) -> rusqlite::Result<Transaction<'_>> {
        Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)
    }

    /// All rows of a query.
    fn rows<T>(
        &self,
        query: &str,
        given: impl Params,
        row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let read = || -> rusqlite::Result<Vec<T>> { self.db.prepare_cached(query)?.query_map(given, row)?.collect() };
        read().map_err(self.failed())
    }

    fn failed(&self) -> impl Fn(rusqlite::Error) -> StoreError {
        let path = self.folder.join("placer.db");
        move |source| StoreError::Database { path: path.clone(), source }
    }
}
