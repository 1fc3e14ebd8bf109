//! Where the store is, and which book a name means.

use super::failure::Failure;
use crate::catalog::PriceBook;
use crate::collect::book_file;
use std::io::Write;
use std::path::Path;
#[cfg(feature = "collect")]
use std::path::PathBuf;

/// A variable of the environment; an empty one counts as not set.
#[cfg(feature = "collect")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The store's folder: `PLACER_STORE`, else `placer` in the user's data folder (`$XDG_DATA_HOME`, `~/.local/share`, or
/// `%LOCALAPPDATA%`).
#[cfg(feature = "collect")]
pub fn default_store() -> Option<PathBuf> {
    if let Some(folder) = variable("PLACER_STORE") {
        return Some(PathBuf::from(folder));
    }
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = absolute("XDG_DATA_HOME").or_else(|| absolute("LOCALAPPDATA"));
    let data = data.or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
    data.map(|data| data.join("placer"))
}

/// The built-in book.
pub fn builtin() -> Result<PriceBook, Failure> {
    PriceBook::embedded().map_err(|error| Failure::Other(format!("the built-in price book: {error}")))
}

/// The book that a path or name means. Without one: the newest book that was collected, or the built-in one when that
/// is newer or nothing was collected.
pub fn book(path: Option<&Path>) -> Result<PriceBook, Failure> {
    match path {
        Some(name) if name == Path::new("builtin") => builtin(),
        #[cfg(feature = "collect")]
        Some(folder) if folder.join("placer.db").is_file() => match collected(folder)? {
            Some(book) => Ok(book),
            None => Err(Failure::Input(format!(
                "the store {} has no price book yet; run `placer collect --store {0}`",
                folder.display()
            ))),
        },
        Some(path) => book_file::load(path).map_err(Failure::input),
        None => newest(),
    }
}

#[cfg(not(feature = "collect"))]
fn newest() -> Result<PriceBook, Failure> {
    builtin()
}

#[cfg(feature = "collect")]
fn newest() -> Result<PriceBook, Failure> {
    let Some(collected) = default_store().map(|folder| collected(&folder)).transpose()?.flatten() else {
        return builtin();
    };
    let builtin = builtin()?;
    Ok(if collected.as_of >= builtin.as_of { collected } else { builtin })
}

/// The newest book of a store.
#[cfg(feature = "collect")]
fn collected(folder: &Path) -> Result<Option<PriceBook>, Failure> {
    let advice = |error: &dyn std::fmt::Display| {
        Failure::Other(format!("{error}; `--price-book builtin` uses the built-in price book"))
    };
    let store = crate::store::Store::open_existing(folder).map_err(|error| advice(&error))?;
    let Some(store) = store else { return Ok(None) };
    let Some(row) = store.newest_book().map_err(|error| advice(&error))? else { return Ok(None) };
    book_file::load(&row.path).map(Some).map_err(|error| advice(&error))
}

/// Ends a form for people with the age of the prices that it shows, when they were collected.
pub fn tell_freshness(path: Option<&Path>, book: &PriceBook, out: &mut dyn Write) -> Result<(), Failure> {
    match freshness(path, book) {
        Some(line) => Ok(writeln!(out, "{line}")?),
        None => Ok(()),
    }
}

/// How old the collected prices are, source by source, in one line; `None` when the book in use was not collected.
#[cfg(feature = "collect")]
fn freshness(path: Option<&Path>, book: &PriceBook) -> Option<String> {
    let folder = match path {
        Some(path) if path.join("placer.db").is_file() => path.to_owned(),
        Some(_) => return None,
        None => default_store()?,
    };
    let store = crate::store::Store::open_existing(&folder).ok()??;
    if store.newest_book().ok()??.digest != book.digest {
        return None;
    }
    let now = now();
    let texts = store.sources().ok()?.into_iter().map(|status| match status.complete {
        Some(run) => {
            let seconds = now - run.finished_at.unwrap_or(run.started_at);
            let stale = if seconds > STALE_SECONDS { ", stale" } else { "" };
            format!("{} {} ago{stale}", run.source, age(seconds))
        }
        None => format!("{} never", status.last.source),
    });
    let texts: Vec<String> = texts.collect();
    (!texts.is_empty()).then(|| format!("Collected: {}; all other prices are the built-in book's", texts.join("; ")))
}

#[cfg(not(feature = "collect"))]
fn freshness(_: Option<&Path>, _: &PriceBook) -> Option<String> {
    None
}

/// Prices that were not confirmed for so long are stale: two days.
#[cfg(feature = "collect")]
pub const STALE_SECONDS: i64 = 48 * 3600;

/// Seconds since 1970.
#[cfg(feature = "collect")]
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// An age for people: `40 s`, `5 min`, `3 h`, `2 days`.
#[cfg(feature = "collect")]
pub fn age(seconds: i64) -> String {
    match seconds.max(0) {
        s @ 0..120 => format!("{s} s"),
        s @ 120..7200 => format!("{} min", s / 60),
        s @ 7200..172_800 => format!("{} h", s / 3600),
        s => format!("{} days", s / 86_400),
    }
}
