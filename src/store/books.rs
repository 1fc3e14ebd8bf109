//! Sealed books.

use super::{Store, StoreError};
use rusqlite::{OptionalExtension as _, Row, params};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Sealed books kept; older ones go.
const BOOKS_KEPT: i64 = 60;

/// A sealed book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookRow {
    /// Its digest, lower-case hex.
    pub digest: String,
    /// Date of its newest figure.
    pub as_of: String,
    /// When it was sealed, in seconds since 1970.
    pub sealed_at: i64,
    /// Its length.
    pub bytes: i64,
    /// Digest of the built-in book it was laid over.
    pub base: String,
    /// How many figures were laid over it.
    pub figures: i64,
    /// The sources and their dates, in words.
    pub sources: String,
    /// Its file.
    pub path: PathBuf,
}

const COLUMNS: &str = "digest, as_of, sealed_at, bytes, base, figures, sources";

impl Store {
    fn book_row(&self, row: &Row<'_>) -> rusqlite::Result<BookRow> {
        let digest: String = row.get(0)?;
        Ok(BookRow {
            path: self.book_path(&digest),
            digest,
            as_of: row.get(1)?,
            sealed_at: row.get(2)?,
            bytes: row.get(3)?,
            base: row.get(4)?,
            figures: row.get(5)?,
            sources: row.get(6)?,
        })
    }

    fn book_path(&self, digest: &str) -> PathBuf {
        self.folder.join("books").join(format!("{digest}.book"))
    }

    /// Keeps a sealed book, whole or not at all: its bytes are written beside, flushed to the disk and renamed before
    /// its row is written. `row.path` and `row.bytes` are not looked at. A book that is there already becomes the
    /// newest again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn seal_book(&self, row: &BookRow, bytes: &[u8]) -> Result<BookRow, StoreError> {
        let path = self.book_path(&row.digest);
        write_whole(&path, bytes).map_err(|source| StoreError::Io { path: path.clone(), source })?;
        let length = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        let put = || {
            let transaction = self.change()?;
            transaction.execute("DELETE FROM books WHERE digest = ?1", [&row.digest])?;
            transaction.execute(
                &format!("INSERT INTO books ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"),
                params![row.digest, row.as_of, row.sealed_at, length, row.base, row.figures, row.sources],
            )?;
            let old = {
                let mut old = transaction.prepare("SELECT digest FROM books ORDER BY id DESC LIMIT -1 OFFSET ?1")?;
                let digests = old.query_map([BOOKS_KEPT], |row| row.get::<_, String>(0))?;
                digests.collect::<rusqlite::Result<Vec<_>>>()?
            };
            for digest in &old {
                transaction.execute("DELETE FROM books WHERE digest = ?1", [digest])?;
            }
            transaction.commit()?;
            Ok(old)
        };
        for digest in put().map_err(self.failed())? {
            // A reader that has it open keeps it; a file left behind harms nobody.
            let _ = fs::remove_file(self.book_path(&digest));
        }
        Ok(BookRow { path, bytes: length, ..row.clone() })
    }

    /// The newest sealed book.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn newest_book(&self) -> Result<Option<BookRow>, StoreError> {
        let query = format!("SELECT {COLUMNS} FROM books ORDER BY id DESC LIMIT 1");
        self.db.query_row(&query, [], |row| self.book_row(row)).optional().map_err(self.failed())
    }

    /// Every sealed book, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn books(&self) -> Result<Vec<BookRow>, StoreError> {
        let read = || {
            let mut query = self.db.prepare(&format!("SELECT {COLUMNS} FROM books ORDER BY id DESC"))?;
            query.query_map([], |row| self.book_row(row))?.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(self.failed())
    }

    /// The one sealed book whose digest begins so; `None` when there is none or more than one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn find_book(&self, digest: &str) -> Result<Option<BookRow>, StoreError> {
        let mut fitting = self.books()?.into_iter().filter(|book| book.digest.starts_with(digest));
        let first = fitting.next();
        Ok(if fitting.next().is_some() { None } else { first })
    }
}

/// Writes a file so that it is there whole, or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let beside = path.with_extension("part");
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    // The new name has to be on the disk before the database speaks of it.
    match path.parent() {
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}
