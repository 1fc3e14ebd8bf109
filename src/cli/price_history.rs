//! `placer price-book diff`, `history`, `export`, and what the collected sources say of themselves.

use super::args::{DiffArgs, ExportArgs, HistoryArgs, ListFormat};
use super::collect::store_folder;
use super::failure::Failure;
use super::text::Side;
use super::text::moment;
use super::{lists, place};
use crate::catalog::diff::{Change, diff};
use crate::catalog::{PriceBook, Unit};
use crate::collect::book_file;
use crate::collect::gate::Key;
use crate::store::{RunState, SourceStatus, Store, StoreError};
use crate::units::Money;
use serde::Serialize;
use std::io::Write;
use std::path::{Path, PathBuf};

fn store_failed(error: StoreError) -> Failure {
    match error {
        StoreError::Version { .. } => Failure::input(error),
        other => Failure::Other(other.to_string()),
    }
}

/// The store, which has to be there.
fn store(named: Option<&PathBuf>) -> Result<Store, Failure> {
    let folder = store_folder(named)?;
    let store = Store::open_existing(&folder).map_err(store_failed)?;
    store.ok_or_else(|| Failure::Input(format!("there is no store at {}; run `placer collect`", folder.display())))
}

/// A book by name: `builtin`, `newest`, `previous`, the beginning of a digest, or a path.
fn named_book(name: &str, at: Option<&PathBuf>) -> Result<PriceBook, Failure> {
    let load = |path: &Path| book_file::load(path).map_err(Failure::input);
    let nth = |at_index: usize| -> Result<PriceBook, Failure> {
        let books = store(at)?.books().map_err(store_failed)?;
        let none = || Failure::Input(format!("the store has no {name} price book yet; run `placer collect`"));
        load(&books.get(at_index).ok_or_else(none)?.path)
    };
    match name {
        "builtin" => place::builtin(),
        "newest" => nth(0),
        "previous" => nth(1),
        _ if name.len() >= 6 && name.bytes().all(|b| b.is_ascii_hexdigit()) && !Path::new(name).exists() => {
            let found = store(at)?.find_book(name).map_err(store_failed)?;
            let missing = || Failure::Input(format!("no one sealed price book has a digest that begins with {name}"));
            load(&found.ok_or_else(missing)?.path)
        }
        path => load(Path::new(path)),
    }
}

#[derive(Serialize)]
struct DiffRow {
    change: &'static str,
    provider: String,
    region: String,
    what: String,
    before: String,
    after: String,
    unit: &'static str,
    pct: String,
}

const DIFF: [&str; 8] = ["change", "provider", "region", "what", "before", "after", "unit", "pct"];

fn diff_row(change: &Change) -> DiffRow {
    let word = match (change.before, change.after) {
        (None, _) => "added",
        (_, None) => "removed",
        _ => "changed",
    };
    let usd = |price: Option<(Money, Unit)>| price.map(|(usd, _)| usd.to_decimal()).unwrap_or_default();
    let pct = change.permille().map_or_else(String::new, |permille| {
        let sign = if permille < 0 { "-" } else { "+" };
        format!("{sign}{}.{}", permille.abs() / 10, permille.abs() % 10)
    });
    DiffRow {
        change: word,
        provider: change.sold.provider.clone(),
        region: change.sold.region.clone(),
        what: change.sold.what.clone(),
        before: usd(change.before),
        after: usd(change.after),
        unit: change.after.or(change.before).map_or("", |(_, unit)| unit.as_str()),
        pct,
    }
}

/// `placer price-book diff A B`
pub fn run_diff(args: &DiffArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let before = named_book(&args.before, args.store.as_ref())?;
    let after = named_book(&args.after, args.store.as_ref())?;
    let rows: Vec<DiffRow> = diff(&before, &after).iter().map(diff_row).collect();
    let texts = |row: &DiffRow| {
        let DiffRow { change, provider, region, what, before, after, unit, pct } = row;
        let [provider, region, what, before, after, pct] =
            [provider, region, what, before, after, pct].map(Clone::clone);
        [(*change).to_owned(), provider, region, what, before, after, (*unit).to_owned(), pct]
    };
    match args.format {
        ListFormat::Csv => lists::csv(&DIFF, rows.iter().map(texts), out),
        ListFormat::Json => lists::json(rows.iter(), out),
        ListFormat::Table => {
            let count = |word: &str| rows.iter().filter(|row| row.change == word).count();
            let (added, removed, changed) = (count("added"), count("removed"), count("changed"));
            writeln!(out, "{} -> {}: {added} added, {removed} removed, {changed} changed", before.as_of, after.as_of)?;
            if rows.is_empty() {
                return Ok(());
            }
            writeln!(out)?;
            table(&DIFF, &[4, 5, 7], &rows.iter().map(texts).collect::<Vec<_>>(), out)
        }
    }
}

fn table<const N: usize>(
    heading: &[&str; N],
    right: &[usize],
    rows: &[[String; N]],
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let names: Vec<String> = heading.iter().map(|name| name.to_uppercase().replace('_', " ")).collect();
    let side = |at| if right.contains(&at) { Side::Right } else { Side::Left };
    let heading: Vec<(&str, Side)> = names.iter().enumerate().map(|(at, name)| (name.as_str(), side(at))).collect();
    lists::columns(&heading, || rows.iter().cloned(), out)
}

#[derive(Serialize)]
struct HistoryRow {
    at: String,
    provider: String,
    region: String,
    what: String,
    usd: String,
    unit: String,
    native: String,
    rate: String,
}

const HISTORY: [&str; 8] = ["at", "provider", "region", "what", "usd", "unit", "native", "rate"];

/// `placer price-book history`
pub fn run_history(args: &HistoryArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let store = store(args.store.as_ref())?;
    let wanted = |text: &str| {
        let Some(key) = Key::parse(text) else { return false };
        let region = args.region.as_deref().is_none_or(|wanted| match wanted.split_once(':') {
            Some((provider, code)) => key.provider == provider && key.region == code,
            None => key.region == wanted,
        });
        // What stands behind provider and region: the words of the offer.
        let words = text.splitn(3, '|').nth(2).unwrap_or_default();
        let spaced = words.replace('|', " ");
        region && (words.split('|').any(|word| word == args.offer) || spaced.contains(&format!(" {}", args.offer)))
    };
    let points = store.history(wanted).map_err(store_failed)?;
    if points.is_empty() {
        return Err(Failure::Input(format!("nothing was collected for `{}`; `placer offers` lists names", args.offer)));
    }
    let rows: Vec<HistoryRow> = points
        .into_iter()
        .map(|point| {
            let mut words = point.key.splitn(3, '|').map(str::to_owned);
            let mut word = || words.next().unwrap_or_default();
            let (provider, region, what) = (word(), word(), word().replace('|', " "));
            let usd = point.usd_nanos.map(|nanos| Money::from_nanos(nanos).to_decimal()).unwrap_or_default();
            HistoryRow {
                at: moment(point.at),
                provider,
                region,
                what,
                usd,
                unit: point.unit,
                native: point.native,
                rate: point.rate,
            }
        })
        .collect();
    let texts = |row: &HistoryRow| {
        let HistoryRow { at, provider, region, what, usd, unit, native, rate } = row;
        [at, provider, region, what, usd, unit, native, rate].map(Clone::clone)
    };
    match args.format {
        ListFormat::Csv => lists::csv(&HISTORY, rows.iter().map(texts), out),
        ListFormat::Json => lists::json(rows.iter(), out),
        ListFormat::Table => table(&HISTORY, &[4], &rows.iter().map(texts).collect::<Vec<_>>(), out),
    }
}

/// `placer price-book export`
pub fn run_export(args: &ExportArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let book = match &args.book {
        Some(name) => named_book(name, args.store.as_ref())?,
        None => place::book(args.store.as_deref())?,
    };
    let builtin = PriceBook::embedded_bytes();
    let embedded = PriceBook::embedded().map_err(|error| Failure::Other(error.to_string()))?;
    let bytes = if book.digest == embedded.digest {
        builtin.to_vec()
    } else {
        let row = store(args.store.as_ref())?.find_book(&book.digest).map_err(store_failed)?;
        let row =
            row.ok_or_else(|| Failure::Input("only built-in and collected price books can be exported".into()))?;
        std::fs::read(&row.path).map_err(|error| Failure::Other(format!("{}: {error}", row.path.display())))?
    };
    let files = book_file::export(&args.out, &bytes).map_err(|error| Failure::Other(error.to_string()))?;
    let (as_of, digest) = (&book.as_of, &book.digest);
    writeln!(out, "exported {files} files to {}: price book of {as_of}, sha256 {digest}", args.out.display())?;
    Ok(())
}

/// What is known of a source, for `status`.
#[derive(Debug, Serialize)]
pub struct SourceRow {
    source: String,
    state: String,
    last_success: String,
    age: String,
    stale: bool,
    figures: i64,
    rows: i64,
    waiting: i64,
    refused: i64,
    note: String,
}

/// What is known of every source that was collected; empty when nothing was.
pub fn source_rows(folder: Option<&Path>) -> Result<Vec<SourceRow>, Failure> {
    let Some(folder) = folder.map(Path::to_owned).or_else(place::default_store) else { return Ok(Vec::new()) };
    let Some(store) = Store::open_existing(&folder).map_err(store_failed)? else { return Ok(Vec::new()) };
    let now = place::now();
    let row = |status: SourceStatus| {
        let success = status.complete.as_ref().and_then(|run| run.finished_at);
        let state = match status.last.state {
            RunState::Running => "running or interrupted",
            other => other.as_str(),
        };
        SourceRow {
            source: status.last.source.clone(),
            state: state.to_owned(),
            last_success: success.map(moment).unwrap_or_default(),
            age: success.map_or_else(|| "never".to_owned(), |at| place::age(now - at)),
            stale: success.is_none_or(|at| now - at > place::STALE_SECONDS),
            figures: status.figures,
            rows: status.complete.as_ref().map_or(0, |run| run.rows),
            waiting: status.waiting,
            refused: status.last.refused,
            note: status.last.message,
        }
    };
    Ok(store.sources().map_err(store_failed)?.into_iter().map(row).collect())
}

/// The sources as a table below the book's.
pub fn sources_table(rows: &[SourceRow], out: &mut dyn Write) -> Result<(), Failure> {
    let heading = ["source", "last_run", "last_success", "age", "figures", "rows", "waiting", "refused", "note"];
    let texts = |row: &SourceRow| {
        let age = if row.stale { format!("{} STALE", row.age) } else { row.age.clone() };
        let [figures, brought, waiting, refused] =
            [row.figures, row.rows, row.waiting, row.refused].map(|n| n.to_string());
        let [source, state, success, note] = [&row.source, &row.state, &row.last_success, &row.note].map(Clone::clone);
        [source, state, success, age, figures, brought, waiting, refused, note]
    };
    table(&heading, &[4, 5, 6, 7], &rows.iter().map(texts).collect::<Vec<_>>(), out)
}

#[derive(Serialize)]
struct RefusedRow {
    source: String,
    state: &'static str,
    what: String,
    raw: String,
    reason: String,
}

/// `placer price-book status --refused`
pub fn run_refused(folder: Option<&Path>, format: ListFormat, out: &mut dyn Write) -> Result<(), Failure> {
    let store = store(folder.map(Path::to_owned).as_ref())?;
    let mut rows = Vec::new();
    for status in store.sources().map_err(store_failed)? {
        let source = status.last.source;
        for refusal in store.refusals(&source).map_err(store_failed)? {
            let (what, raw, reason) = (refusal.what, refusal.raw, refusal.reason);
            rows.push(RefusedRow { source: source.clone(), state: "refused", what, raw, reason });
        }
        for waiting in store.waiting(&source).map_err(store_failed)? {
            let raw = format!("{} ({})", waiting.native, waiting.raw);
            let (what, reason) = (waiting.key.replace('|', " "), waiting.reason);
            rows.push(RefusedRow { source: source.clone(), state: "waits", what, raw, reason });
        }
    }
    let heading = ["source", "state", "what", "raw", "reason"];
    let texts = |row: &RefusedRow| {
        let RefusedRow { source, state, what, raw, reason } = row;
        [source.clone(), (*state).to_owned(), what.clone(), raw.clone(), reason.clone()]
    };
    match format {
        ListFormat::Csv => lists::csv(&heading, rows.iter().map(texts), out),
        ListFormat::Json => lists::json(rows.iter(), out),
        ListFormat::Table if rows.is_empty() => Ok(writeln!(out, "nothing was refused and nothing waits")?),
        ListFormat::Table => table(&heading, &[], &rows.iter().map(texts).collect::<Vec<_>>(), out),
    }
}
