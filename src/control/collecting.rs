//! The collecting run: every provider in a thread of its own, each source from its pages to the store, then the seal.
//!
//! Invariant: a source that fails changes nothing and stops nobody; what a source brought is in the store whole or not
//! at all; whatever moment the process dies in, the last sealed book stays the newest one.

use super::sealing::{self, SealError, Sealed, day_of};
use crate::catalog::PriceBook;
use crate::collect::book_file;
use crate::collect::ecb::Ecb;
use crate::collect::fx::{Fx, Rate};
use crate::collect::gate::{BookIndex, Candidate, Intake, Judged, Key, Memory, Refusal, Value, judge};
use crate::collect::http::{self, Limits, Overrides, Progress, Setting, Traffic, credentials};
use crate::collect::source::{Context, Secrets, Source};
use crate::store::{AppliedRun, FigureRow, RefusalRow, Store, StoreError, WaitingRow};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use thiserror::Error;

/// An interrupted run is taken up again within this time: six hours.
const RESUME_SECONDS: i64 = 6 * 3600;

/// What a collecting run has at hand.
pub struct Options<'a> {
    /// The sources to read.
    pub sources: &'a [&'a dyn Source],
    /// Every source that the program knows: for the names of those that are not read now.
    pub known: &'a [&'a dyn Source],
    /// Other hosts in place of the declared ones.
    pub overrides: &'a Overrides,
    /// Timeouts and retries.
    pub limits: &'a Limits,
    /// Exchange rates that were given, by currency.
    pub rates: &'a [(String, Rate)],
    /// Whether to ask the European Central Bank for rates.
    pub ask_rates: bool,
    /// The environment, for credentials.
    pub variable: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// The clock: seconds since 1970.
    pub now: &'a (dyn Fn() -> i64 + Sync),
    /// Is told how it goes on.
    pub progress: &'a dyn Progress,
}

/// What became of a source.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its name.
    pub source: &'static str,
    /// Its provider.
    pub provider: &'static str,
    /// How it ended.
    pub end: End,
}

/// How the run of a source ended.
#[derive(Clone, Debug)]
pub enum End {
    /// Complete.
    Complete(Done),
    /// Not begun: credentials are not at hand. The text says how to give them.
    NoCredentials(String),
    /// Failed; nothing was changed. The text holds no credentials.
    Failed(String),
}

/// What a complete run brought.
#[derive(Clone, Copy, Debug, Default)]
pub struct Done {
    /// Keys that it brought.
    pub rows: usize,
    /// Values that changed.
    pub changed: i64,
    /// Values that wait for a second run.
    pub waiting: usize,
    /// Rows refused.
    pub refused: usize,
    /// What it took.
    pub traffic: Traffic,
}

/// What became of a collecting run.
#[derive(Debug)]
pub struct Collected {
    /// Every source, by name.
    pub outcomes: Vec<Outcome>,
    /// The newest book; `None` when no source was complete and there was none before.
    pub sealed: Option<Sealed>,
    /// Why the exchange rates could not be had, when they could not.
    pub rates: Option<String>,
}

/// Why a collecting run could not begin or end.
#[derive(Debug, Error)]
pub enum CollectError {
    /// The store could not be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The price book could not be sealed.
    #[error("no price book was sealed: {0}")]
    Seal(#[from] SealError),
    /// The book to start from could not be read.
    #[error("{0}")]
    Book(String),
}

/// Reads sources into the store at `folder` and seals a book.
///
/// # Errors
/// [`CollectError`]. A source that fails is no error: its outcome says so.
pub fn collect(folder: &Path, options: &Options<'_>) -> Result<Collected, CollectError> {
    let store = Store::open(folder)?;
    let _lock = store.lock()?;
    let book = newest(&store)?;
    let (fx, rates) = rates(&store, &book, options)?;
    let mut by_provider: BTreeMap<&str, Vec<&dyn Source>> = BTreeMap::new();
    for source in options.sources {
        by_provider.entry(source.provider()).or_default().push(*source);
    }
    let (sender, receiver) = mpsc::channel();
    let (book, fx) = (&book, &fx);
    thread::scope(|scope| {
        for sources in by_provider.into_values() {
            let sender = sender.clone();
            scope.spawn(move || {
                for source in sources {
                    let end = read(folder, source, book, fx, options);
                    let outcome = Outcome { source: source.name(), provider: source.provider(), end };
                    // The receiver goes only when sealing failed: there is nobody to tell any more.
                    let _ = sender.send(outcome);
                }
            });
        }
        drop(sender);
        gather(&store, &receiver, options, rates)
    })
}

/// Takes outcomes as they come, and seals a book whenever figures were added.
fn gather(
    store: &Store,
    receiver: &mpsc::Receiver<Outcome>,
    options: &Options<'_>,
    rates: Option<String>,
) -> Result<Collected, CollectError> {
    let mut outcomes = Vec::new();
    let mut sealed: Option<Sealed> = None;
    while let Ok(first) = receiver.recv() {
        let batch: Vec<Outcome> = std::iter::once(first).chain(receiver.try_iter()).collect();
        if batch.iter().any(|outcome| matches!(outcome.end, End::Complete(_))) {
            let next = sealing::seal(store, options.known, (options.now)())?;
            let new = next.new || sealed.as_ref().is_some_and(|sealed| sealed.new);
            sealed = Some(Sealed { new, ..next });
        }
        outcomes.extend(batch);
    }
    if sealed.is_none() && store.newest_book()?.is_some() {
        // A crash may have come between the figures and their book.
        sealed = Some(sealing::seal(store, options.known, (options.now)())?);
    }
    outcomes.sort_by_key(|outcome| outcome.source);
    Ok(Collected { outcomes, sealed, rates })
}

/// The newest sealed book of the store, or the built-in one.
fn newest(store: &Store) -> Result<PriceBook, CollectError> {
    let broken = |error: &dyn std::fmt::Display| CollectError::Book(error.to_string());
    match store.newest_book()? {
        Some(row) => book_file::load(&row.path).map_err(|error| broken(&error)),
        None => PriceBook::embedded().map_err(|error| broken(&error)),
    }
}

/// The rates to convert by: kept ones, given ones, and the bank's of today.
fn rates(store: &Store, book: &PriceBook, options: &Options<'_>) -> Result<(Fx, Option<String>), CollectError> {
    let today = day_of((options.now)());
    let mut fx = Fx::default();
    for [currency, date, usd, source] in store.rates()? {
        if let Ok(usd) = crate::collect::fx::decimal(&usd) {
            fx.add(&currency, Rate { usd, date, source });
        }
    }
    for (currency, rate) in options.rates {
        fx.add(currency, rate.clone());
        store.put_rate(currency, &rate.date, &rate.usd.to_string(), &rate.source)?;
    }
    let current = fx.iter().any(|(_, rate)| rate.date == today);
    if !options.ask_rates || current {
        return Ok((fx, None));
    }
    let ecb = Ecb::default();
    // Rates of yesterday do as well: the bank is not waited for as long as a provider is.
    let limits = Limits { attempts: options.limits.attempts.min(2), ..options.limits.clone() };
    let setting = Setting {
        secrets: &Secrets::default(),
        overrides: options.overrides,
        limits: &limits,
        pages: &store.pages(),
        run: (options.now)(),
        progress: options.progress,
    };
    let context = Context { book, today: &today, has: &|_| false };
    let index = BookIndex::new(book, "ecb");
    let mut nothing = Intake::new(&ecb, &fx, &today, &index);
    let failure = http::run(&ecb, &context, &setting, &mut nothing).err().map(|error| error.to_string());
    for (currency, rate) in ecb.rates().iter() {
        store.put_rate(currency, &rate.date, &rate.usd.to_string(), &rate.source)?;
    }
    let mut with_bank = fx.clone();
    for (currency, rate) in ecb.rates().iter() {
        with_bank.add(currency, rate.clone());
    }
    Ok((with_bank, failure))
}

/// Reads one source.
fn read(folder: &Path, source: &dyn Source, book: &PriceBook, fx: &Fx, options: &Options<'_>) -> End {
    let secrets = credentials::find(source, options.variable);
    if let Some(how) = credentials::missing(source, &secrets) {
        return End::NoCredentials(how);
    }
    let now = (options.now)();
    let begin = || -> Result<(Store, i64), StoreError> {
        let store = Store::open(folder)?;
        let run = store.begin_run(source.name(), source.provider(), now, RESUME_SECONDS)?;
        Ok((store, run.id))
    };
    let (store, run) = match begin() {
        Ok(begun) => begun,
        Err(error) => return End::Failed(error.to_string()),
    };
    let setting = Setting {
        secrets: &secrets,
        overrides: options.overrides,
        limits: options.limits,
        pages: &store.pages(),
        run,
        progress: options.progress,
    };
    match brought(&store, source, book, fx, &setting, &day_of(now)) {
        Ok((judged, traffic)) => match store.apply(&applied(source, run, &judged, &secrets), (options.now)()) {
            Ok(changed) => End::Complete(Done {
                rows: judged.rows,
                changed,
                waiting: judged.waiting.len(),
                refused: judged.refused,
                traffic,
            }),
            Err(error) => End::Failed(error.to_string()),
        },
        Err((reason, refusals)) => {
            let reason = secrets.scrub(&reason);
            let told = store.fail_run(run, (options.now)(), &reason, &refusals);
            End::Failed(told.err().map_or(reason, |error| error.to_string()))
        }
    }
}

/// What a source brought, judged; or why it counts for nothing, with what was refused.
fn brought(
    store: &Store,
    source: &dyn Source,
    book: &PriceBook,
    fx: &Fx,
    setting: &Setting<'_>,
    today: &str,
) -> Result<(Judged, Traffic), (String, Vec<RefusalRow>)> {
    let plain = |error: &dyn std::fmt::Display| (error.to_string(), Vec::new());
    let memory = memory(store, source).map_err(|error| plain(&error))?;
    let index = BookIndex::new(book, source.provider());
    let context = Context { book, today, has: &|name| setting.secrets.find(name).is_some() };
    let mut intake = Intake::new(source, fx, today, &index);
    let traffic = http::run(source, &context, setting, &mut intake).map_err(|error| plain(&error))?;
    let refusals: Vec<RefusalRow> =
        intake.refusals.iter().map(|refusal| refusal_row(refusal, setting.secrets)).collect();
    let judged = judge(intake, &index, &memory).map_err(|reason| (reason, refusals))?;
    Ok((judged, traffic))
}

/// What the store knows of a source.
fn memory(store: &Store, source: &dyn Source) -> Result<Memory, StoreError> {
    let value = |key: &str, json: &str| Some((Key::parse(key)?, Value::from_json(json)?));
    let figures = store.figures(Some(source.name()))?;
    let last: HashMap<Key, Value> = figures.iter().filter_map(|row| value(&row.key, row.value.as_deref()?)).collect();
    let waiting = store.waiting(source.name())?;
    let waiting = waiting.iter().filter_map(|row| value(&row.key, &row.value)).collect();
    let complete = store.sources()?.into_iter().find(|status| status.last.source == source.name());
    let rows = complete.and_then(|status| status.complete).map_or(0, |run| run.rows);
    Ok(Memory { last, waiting, complete_rows: usize::try_from(rows).unwrap_or(0) })
}

/// A server may quote a credential in its data; the gate quotes the data.
fn refusal_row(refusal: &Refusal, secrets: &Secrets) -> RefusalRow {
    let [what, raw, reason] = [&refusal.what, &refusal.raw, &refusal.reason].map(|text| secrets.scrub(text));
    RefusalRow { what, raw, reason }
}

fn applied(source: &dyn Source, run: i64, judged: &Judged, secrets: &Secrets) -> AppliedRun {
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    AppliedRun {
        run,
        source: source.name().to_owned(),
        rows: count(judged.rows),
        refused: count(judged.refused),
        skipped: count(judged.skipped.values().sum()),
        accepted: judged.accepted.iter().map(|candidate| figure_row(source, candidate)).collect(),
        waiting: judged
            .waiting
            .iter()
            .map(|(candidate, reason)| waiting_row(candidate, &secrets.scrub(reason)))
            .collect(),
        refusals: judged.refusals.iter().map(|refusal| refusal_row(refusal, secrets)).collect(),
        held: judged.held.iter().map(Key::to_string).collect(),
        unnamed_refusals: judged.unnamed_refusals,
    }
}

fn figure_row(source: &dyn Source, candidate: &Candidate) -> FigureRow {
    FigureRow {
        key: candidate.key.to_string(),
        source: source.name().to_owned(),
        value: Some(candidate.value.to_json()),
        usd_nanos: candidate.value.usd().map(crate::units::Money::nanos),
        unit: candidate.value.unit().map_or("", |unit| unit.as_str()).to_owned(),
        native: candidate.native.clone(),
        rate: candidate.rate.clone(),
        quality: candidate.quality.as_str().to_owned(),
        rule: candidate.rule.to_owned(),
        effective: candidate.effective.clone(),
        since_at: 0,
        seen_at: 0,
    }
}

fn waiting_row(candidate: &Candidate, reason: &str) -> WaitingRow {
    WaitingRow {
        key: candidate.key.to_string(),
        value: candidate.value.to_json(),
        native: candidate.native.clone(),
        raw: candidate.raw.clone(),
        reason: reason.to_owned(),
        since_at: 0,
    }
}
