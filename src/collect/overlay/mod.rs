//! Lays accepted figures over a base book: the next book to be sealed.
//!
//! Pure: the same base and figures give the same bytes. A row that no figure touches keeps its bytes and its source; a
//! figure that is older than the base's own is left out, so that a newer program with a newer built-in book wins over
//! what was collected before it. Rules of the house for each file stand in `machines.rs` and `rules.rs`.

mod machines;
mod rules;
mod sources;
#[cfg(test)]
mod tests;

use super::gate::{Key, Thing, Value};
use crate::catalog::{BookError, TrafficPool, header, open_sealed, seal, section_rank};
use crate::units::{Money, Quality, format_scaled};
use sources::Sources;
use std::collections::{BTreeMap, BTreeSet};

/// An accepted figure, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// What it is about.
    pub key: Key,
    /// What it says; `None` when the source has stopped to offer this.
    pub value: Option<Value>,
    /// Listed or derived.
    pub quality: Quality,
    /// The publication, the exchange rate and the rule, in words.
    pub source: String,
    /// The day on which the source last said so.
    pub date: String,
}

/// The files of a book by name.
pub(super) type Files = BTreeMap<String, String>;

/// A book with the figures laid over it, sealed.
///
/// `pool` says how included traffic adds up at a provider that the base does not know.
///
/// # Errors
/// [`BookError`] when the base is not whole. The result is not verified here: whoever keeps it reads it first.
pub fn overlay(base: &[u8], figures: &[Figure], pool: &dyn Fn(&str) -> TrafficPool) -> Result<Vec<u8>, BookError> {
    let mut files: Files =
        open_sealed(base)?.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    let mut sources = Sources::new(files.get("sources.csv").map_or("", String::as_str));
    let mut by_provider: BTreeMap<&str, Vec<&Figure>> = BTreeMap::new();
    for figure in figures {
        by_provider.entry(&figure.key.provider).or_default().push(figure);
    }
    regions(&mut files, figures, &mut sources, pool);
    let providers = rows(&files, "providers.csv").filter_map(|row| row.split(',').next());
    let providers: BTreeSet<String> = providers.map(str::to_owned).collect();
    // Machine types of a provider of which no region is known are of no use, and a book has no place for them.
    by_provider.retain(|provider, _| providers.contains(*provider));
    for (provider, figures) in &by_provider {
        machines::shapes(&mut files, provider, figures, &mut sources);
        machines::compute(&mut files, provider, figures, &mut sources);
        machines::managed(&mut files, provider, figures, &mut sources);
    }
    rules::tariffs(&mut files, figures, &mut sources);
    rules::egress(&mut files, figures, &mut sources);
    rules::transfers(&mut files, figures, &mut sources);
    files.insert("sources.csv".into(), sources.into_text());
    let mut named: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    named.sort_by_key(|(name, _)| (section_rank(name), *name));
    seal(named)
}

/// Adds regions that the base does not have, and their providers.
fn regions(files: &mut Files, figures: &[Figure], sources: &mut Sources, pool: &dyn Fn(&str) -> TrafficPool) {
    let mut regions: BTreeMap<(String, String), String> = BTreeMap::new();
    for line in rows(files, "regions.csv") {
        let mut words = line.split(',');
        let key = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
        regions.insert(key, line.to_owned());
    }
    let mut providers: BTreeMap<String, String> = BTreeMap::new();
    for line in rows(files, "providers.csv") {
        providers.insert(line.split(',').next().unwrap_or_default().to_owned(), line.to_owned());
    }
    for figure in figures {
        let (Thing::Region, Some(Value::Region(region, continent))) = (&figure.key.thing, &figure.value) else {
            continue;
        };
        let Key { provider, region: code, .. } = &figure.key;
        let place = (provider.clone(), code.clone());
        if regions.contains_key(&place) {
            continue;
        }
        let zones = region.zones.map(|zones| zones.to_string()).unwrap_or_default();
        let degrees = |text: &str| super::fx::decimal(text).unwrap_or_default().normalize().to_string();
        let (lat, lon, id) = (degrees(&region.lat), degrees(&region.lon), sources.of(figure));
        let row = format!("{provider},{code},{},{continent},{lat},{lon},{zones},{id},{}", region.country, region.city);
        regions.insert(place, row);
        let pool = match pool(provider) {
            TrafficPool::PerServer => "per_server",
            TrafficPool::Pooled => "pooled",
        };
        providers.entry(provider.clone()).or_insert_with(|| format!("{provider},{pool}"));
    }
    put(files, "regions.csv", header::REGIONS, regions.into_values());
    put(files, "providers.csv", header::PROVIDERS, providers.into_values());
}

/// The rows of a file, without its header line.
fn rows<'a>(files: &'a Files, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    files.get(name).map_or("", String::as_str).lines().skip(1)
}

/// The rows of a provider's files in a folder, which are put together into one; `None` when it has none.
fn take_rows(files: &mut Files, folder: &str, provider: &str) -> Vec<String> {
    let own = |name: &String| {
        let stem = name.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')).unwrap_or_default();
        let part = stem.strip_suffix(".csv").and_then(|stem| stem.strip_prefix(provider)).unwrap_or("?");
        part.is_empty()
            || part.strip_prefix('-').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    let names: Vec<String> = files.keys().filter(|name| own(name)).cloned().collect();
    let mut all = Vec::new();
    for name in names {
        let text = files.remove(&name).unwrap_or_default();
        all.extend(text.lines().skip(1).map(str::to_owned));
    }
    all
}

fn put(files: &mut Files, name: &str, header: &str, rows: impl Iterator<Item = String>) {
    let mut text = format!("{header}\n");
    for row in rows {
        text.push_str(&row);
        text.push('\n');
    }
    files.insert(name.to_owned(), text);
}

fn money(usd: Money) -> String {
    format_scaled(usd.nanos(), 9, 0)
}

fn milli(value: u32) -> String {
    format_scaled(i64::from(value), 3, 0)
}

/// The book's letter. Estimates are not collected; should one come, it is called derived, never listed.
fn letter(quality: Quality) -> &'static str {
    if quality == Quality::Listed { "l" } else { "d" }
}
