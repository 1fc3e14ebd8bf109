//! `placer autopilot`: rounds by the clock, or over recorded ticks.

use super::args::AutopilotArgs;
use super::scene;
use crate::cli::failure::Failure;
use crate::cli::text::moment;
use crate::cli::{input, policy};
use crate::control::autopilot::{Autopilot, Carry, News, RoundError};
use crate::control::carrying::Carrier;
use crate::control::{Clock, SystemClock};
use crate::market::file::FILE_BYTES_MAX;
use crate::market::{Entry, Market, Rules, file};
use crate::plan::Options;
use crate::policy::Policy;
use crate::solve::Limits;
use crate::store::Store;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

/// How often the wish to stop is looked at.
const LOOK: Duration = Duration::from_millis(200);
const LOOKS_A_SECOND: u64 = 5;

/// The time of recorded ticks, for both clocks.
struct Replay(AtomicI64);

impl Clock for Replay {
    fn now(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    fn steady(&self) -> i64 {
        self.now()
    }
}

/// What an autopilot follows, and how.
pub struct Following<'a> {
    /// The store's folder.
    pub store: &'a Path,
    /// The policy of applications that have none of their own.
    pub policy: &'a str,
    /// A price book that was named; without it the newest, also when a newer one comes.
    pub book: Option<&'a Path>,
    /// Hours for which old sides stay.
    pub keep_hours: u32,
    /// Decide, but carry nothing out.
    pub dry_run: bool,
    /// Seconds from one round to the next; `None`: one round.
    pub every: Option<u64>,
    /// Set when somebody asks to stop.
    pub cancel: &'a AtomicBool,
}

/// Told what happened, round by round, and what went wrong with one.
pub type Tell<'t> = dyn FnMut(Result<&[News], &Failure>) -> Result<(), Failure> + 't;

/// Runs the command.
pub fn run(args: &AutopilotArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let store = scene::store(args.store.as_deref())?;
    let following = Following {
        store: store.folder(),
        policy: &args.policy,
        book: args.book.price_book.as_deref(),
        keep_hours: args.keep_hours,
        dry_run: args.dry_run,
        every: (!args.once).then_some(args.every),
        cancel: scene::cancel(),
    };
    let ticks = match (&args.replay, &args.ticks) {
        (Some(path), _) => ticks(path)?,
        (None, Some(path)) => as_of_now(ticks(path)?),
        (None, None) => Vec::new(),
    };
    let mut told = |news: Result<&[News], &Failure>| match news {
        Ok(news) => tell(args, news, out),
        Err(failure) => {
            let _ = failure.report();
            Ok(())
        }
    };
    if args.replay.is_some() { replay(&following, &ticks, &mut told) } else { follow(&following, &ticks, &mut told) }
}

/// Rounds at the times of recorded ticks.
fn replay(following: &Following<'_>, ticks: &[Entry], told: &mut Tell<'_>) -> Result<(), Failure> {
    let clock = Replay(AtomicI64::new(ticks.first().map_or(0, Entry::at)));
    with_pilot(following, &clock, |pilot| {
        for batch in ticks.chunk_by(|a, b| a.at() == b.at()) {
            clock.0.store(batch[0].at().max(clock.now()), Ordering::Relaxed);
            let news = pilot.hear(batch);
            told(Ok(&news))?;
            let news = round(pilot)?;
            told(Ok(&news))?;
            if following.cancel.load(Ordering::Relaxed) {
                break;
            }
        }
        Ok(())
    })
}

/// Rounds by the clock, beginning with some ticks. Where there is one round only, what goes wrong with it is the failure.
///
/// # Errors
/// A policy, store or price book that cannot be used; whatever `told` fails with.
pub fn follow(following: &Following<'_>, ticks: &[Entry], told: &mut Tell<'_>) -> Result<(), Failure> {
    with_pilot(following, &SystemClock, |pilot| {
        let news = pilot.hear(ticks);
        told(Ok(&news))?;
        loop {
            match renewed(following, pilot).and_then(|()| round(pilot)) {
                Ok(news) => told(Ok(&news))?,
                Err(failure) if following.every.is_none() => return Err(failure),
                // The next round may go better: a full disk gets room, a clock is set right. Nothing was done without a
                // journal.
                Err(failure) => told(Err(&failure))?,
            }
            for _ in 0..following.every.unwrap_or(0).saturating_mul(LOOKS_A_SECOND) {
                if following.cancel.load(Ordering::Relaxed) {
                    return Ok(());
                }
                std::thread::sleep(LOOK);
            }
            if following.every.is_none() {
                return Ok(());
            }
        }
    })
}

/// Takes over a newer book of the store.
fn renewed(following: &Following<'_>, pilot: &mut Autopilot<'_>) -> Result<(), Failure> {
    let newest = pilot.store.newest_book().map_err(Failure::other)?;
    let known = pilot.market.base().digest.as_str();
    if following.book.is_some() || newest.is_none_or(|row| row.digest == known) {
        return Ok(());
    }
    let book = input::book(None)?;
    if book.digest != pilot.market.base().digest {
        let at = noon(&book.as_of);
        pilot.market.rebase(Arc::new(book), at);
    }
    Ok(())
}

/// An autopilot at work on a store of its own.
fn with_pilot<T>(
    following: &Following<'_>,
    clock: &dyn Clock,
    what: impl FnOnce(&mut Autopilot<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let store = Store::open(following.store).map_err(Failure::other)?;
    let book = Arc::new(input::book(following.book)?);
    // A policy that cannot be read is an error before anything is done, not in the middle of a round.
    let own = policy::read(following.policy, &book)?;
    let named = |name: &str| -> Result<Policy, String> {
        if name.is_empty() { Ok(own.clone()) } else { policy::read(name, &book).map_err(|failure| failure.to_string()) }
    };
    let carry = carrier(&store, clock, following.cancel);
    let mut pilot = Autopilot {
        store: &store,
        clock,
        policy: &named,
        carry: &carry,
        options: Options { keep_hours: following.keep_hours, ..Options::default() },
        limits: Limits::default(),
        dry_run: following.dry_run,
        market: Market::new(Arc::clone(&book), noon(&book.as_of), Rules::default()),
        heard: 0,
        began: (clock.now(), clock.steady()),
    };
    what(&mut pilot)
}

fn ticks(path: &Path) -> Result<Vec<Entry>, Failure> {
    let bytes = input::bytes(path, FILE_BYTES_MAX, "ticks")?;
    file::read(&bytes).map_err(|faults| Failure::Input(format!("`{}`: {faults}", path.display())))
}

/// Recorded ticks as if the last of them came now.
fn as_of_now(mut ticks: Vec<Entry>) -> Vec<Entry> {
    let late = SystemClock.now() - ticks.iter().map(Entry::at).max().unwrap_or_default();
    for entry in &mut ticks {
        match entry {
            Entry::Tick(tick) => tick.at += late,
            Entry::Heard { at, .. } => *at += late,
        }
    }
    ticks
}

/// Noon of a book's date, in seconds since 1970.
fn noon(date: &str) -> i64 {
    let at = |date: jiff::civil::Date| date.at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).ok();
    date.parse().ok().and_then(at).map_or(0, |noon| noon.timestamp().as_second())
}

fn carrier<'a>(store: &'a Store, clock: &'a dyn Clock, cancel: &'a AtomicBool) -> Box<Carry<'a>> {
    Box::new(move |name, what| {
        let executor = scene::executor(name, store).map_err(|failure| failure.to_string())?;
        let tell = |step: &str, text: &str| {
            let line = if step.is_empty() { format!("{text}\n") } else { format!("{step}: {text}\n") };
            let _ = io::stderr().lock().write_all(line.as_bytes());
        };
        what(&Carrier {
            store,
            executor: executor.as_ref(),
            clock,
            cancel,
            tell: &tell,
            retry_wait: scene::RETRY_WAIT,
        });
        Ok(())
    })
}

fn round(pilot: &mut Autopilot<'_>) -> Result<Vec<News>, Failure> {
    let approved = |store: &Store, app: &str| {
        let there = store.deployment(app).ok().flatten();
        there.map_or_else(|| scene::EXECUTOR.to_owned(), |there| there.executor)
    };
    let failed = |error: RoundError| Failure::Other(error.to_string());
    let mut news = pilot.round().map_err(failed)?;
    if !pilot.dry_run {
        news.extend(pilot.carry_approved(&|app| approved(pilot.store, app)).map_err(failed)?);
    }
    Ok(news)
}

fn tell(args: &AutopilotArgs, news: &[News], out: &mut dyn Write) -> Result<(), Failure> {
    for piece in news {
        if args.json {
            serde_json::to_writer(&mut *out, piece)?;
            writeln!(out)?;
            continue;
        }
        match piece {
            News::Tick { at, ask, reason } => writeln!(out, "{}  tick of {ask} {reason}", moment(*at))?,
            News::Decided { at, app, verdict, summary, .. } => {
                writeln!(out, "{}  {app}: {verdict}: {summary}", moment(*at))?;
            }
            News::Run { at, app, run, told } => {
                let run = run.as_deref().map(|run| format!("run {run} ")).unwrap_or_default();
                writeln!(out, "{}  {app}: {run}{told}", moment(*at))?;
            }
        }
    }
    Ok(out.flush()?)
}
