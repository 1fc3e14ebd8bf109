//! From the store's figures to the next sealed book.

use crate::catalog::{BookError, PriceBook, TrafficPool};
use crate::collect::gate::{Key, Value};
use crate::collect::overlay::{Figure, overlay};
use crate::collect::source::Source;
use crate::store::{BookRow, FigureRow, Store, StoreError};
use crate::units::Quality;
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// Why no book could be sealed. The newest book stays what it was.
#[derive(Debug, Error)]
pub enum SealError {
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The built-in book is damaged, or even without any figure no book comes of it.
    #[error(transparent)]
    Book(#[from] BookError),
}

/// A book that was sealed, or was there already.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// The book.
    pub book: BookRow,
    /// It differs from the newest book before it.
    pub new: bool,
    /// Providers whose figures made no valid book and were left out, with the reason.
    pub left_out: Vec<(String, String)>,
}

/// The ISO day of a moment in seconds since 1970, UTC.
#[must_use]
pub fn day_of(unix: i64) -> String {
    let moment = jiff::Timestamp::from_second(unix).unwrap_or_default();
    moment.to_string().chars().take(10).collect()
}

/// Lays every accepted figure of the store over the built-in book and keeps the result, verified, as its newest book.
///
/// # Errors
/// [`SealError`]; then nothing was changed.
pub fn seal(store: &Store, sources: &[&dyn Source], now: i64) -> Result<Sealed, SealError> {
    let rows = store.figures(None)?;
    let figures: Vec<Figure> = rows.iter().filter_map(|row| figure(row, sources)).collect();
    let pool = |provider: &str| {
        let source = sources.iter().find(|source| source.provider() == provider);
        source.map_or(TrafficPool::PerServer, |source| source.traffic_pool())
    };
    let base = PriceBook::embedded_bytes();
    let make = |figures: &[Figure]| -> Result<(Vec<u8>, PriceBook), BookError> {
        let bytes = overlay(base, figures, &pool)?;
        let book = PriceBook::from_sealed(&bytes)?;
        Ok((bytes, book))
    };
    let mut left_out = Vec::new();
    let (bytes, book) = if let Ok(made) = make(&figures) {
        made
    } else {
        // One provider's odd row must not keep the others' prices from being used.
        let providers: BTreeSet<&str> = figures.iter().map(|figure| figure.key.provider.as_str()).collect();
        for provider in providers {
            let own: Vec<Figure> = figures.iter().filter(|f| f.key.provider == provider).cloned().collect();
            if let Err(error) = make(&own) {
                left_out.push((provider.to_owned(), error.to_string()));
            }
        }
        let good = |figure: &&Figure| !left_out.iter().any(|(provider, _)| *provider == figure.key.provider);
        make(&figures.iter().filter(good).cloned().collect::<Vec<_>>())?
    };
    if let Some(newest) = store.newest_book()?.filter(|newest| newest.digest == book.digest) {
        return Ok(Sealed { book: newest, new: false, left_out });
    }
    let row = BookRow {
        digest: book.digest.clone(),
        as_of: book.as_of.clone(),
        sealed_at: now,
        bytes: 0,
        base: PriceBook::embedded()?.digest,
        figures: i64::try_from(figures.len()).unwrap_or(i64::MAX),
        sources: sources_text(&rows),
        path: std::path::PathBuf::new(),
    };
    Ok(Sealed { book: store.seal_book(&row, &bytes)?, new: true, left_out })
}

/// `aws-offers 2026-11-22 (81234), hetzner 2026-11-22 (60)`
fn sources_text(rows: &[FigureRow]) -> String {
    let mut by_source: BTreeMap<&str, (i64, usize)> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.value.is_some()) {
        let entry = by_source.entry(&row.source).or_default();
        entry.0 = entry.0.max(row.seen_at);
        entry.1 += 1;
    }
    let texts = by_source.iter().map(|(source, (at, count))| format!("{source} {} ({count})", day_of(*at)));
    texts.collect::<Vec<_>>().join(", ")
}

/// A figure as it is laid over a book; `None` for one that this program does not understand (kept by a newer one).
fn figure(row: &FigureRow, sources: &[&dyn Source]) -> Option<Figure> {
    let about = sources.iter().find(|source| source.name() == row.source).map_or(row.source.as_str(), |s| s.about());
    let mut text = about.to_owned();
    if !row.rate.is_empty() {
        text = format!("{text} ({})", row.rate);
    }
    if !row.rule.is_empty() {
        text = format!("{text}; {}", row.rule);
    }
    let value = match &row.value {
        Some(json) => Some(Value::from_json(json)?),
        None => None,
    };
    Some(Figure {
        key: Key::parse(&row.key)?,
        value,
        quality: Quality::parse(&row.quality)?,
        source: text,
        date: day_of(row.seen_at),
    })
}
