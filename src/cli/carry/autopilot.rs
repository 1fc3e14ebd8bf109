//! `placer autopilot`: rounds by the clock, or over recorded ticks.

use super::args::AutopilotArgs;
use super::scene;
use crate::catalog::PriceBook;
use crate::cli::failure::Failure;
use crate::cli::text::moment;
use crate::cli::{input, policy};
use crate::control::autopilot::{Autopilot, Carry, News, RoundError, WithCarrier};
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
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

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

/// Runs the command.
pub fn run(args: &AutopilotArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let store = scene::store(args.store.as_deref())?;
    let book = Arc::new(input::book(args.book.price_book.as_deref())?);
    // A policy that cannot be read is an error before anything is done, not in the middle of a round.
    let own = policy::read(&args.policy, &book)?;
    let named = |name: &str| -> Result<Policy, String> {
        if name.is_empty() { Ok(own.clone()) } else { policy::read(name, &book).map_err(|failure| failure.to_string()) }
    };
    let ticks = match args.replay.as_ref().or(args.ticks.as_ref()) {
        Some(path) => ticks(path)?,
        None => Vec::new(),
    };
    if args.replay.is_some() {
        let clock = Replay(AtomicI64::new(ticks.first().map_or(0, Entry::at)));
        let carry = carrier(&store, &clock);
        let mut pilot = Autopilot { carry: &carry, ..pilot(args, &store, &clock, &named, &book) };
        return replay(args, &mut pilot, &clock, &ticks, out);
    }
    let carry = carrier(&store, &SystemClock);
    let mut pilot = Autopilot { carry: &carry, ..pilot(args, &store, &SystemClock, &named, &book) };
    let news = pilot.hear(&ticks);
    tell(args, &news, out)?;
    live(args, &mut pilot, out)
}

fn ticks(path: &Path) -> Result<Vec<Entry>, Failure> {
    let bytes = input::bytes(path, FILE_BYTES_MAX, "ticks")?;
    file::read(&bytes).map_err(|faults| Failure::Input(format!("`{}`: {faults}", path.display())))
}

/// A way to carry that nobody has given yet.
fn nobody(_: &str, _: &mut WithCarrier<'_>) -> Result<(), String> {
    Err("there is no executor".to_owned())
}

fn pilot<'a>(
    args: &AutopilotArgs,
    store: &'a Store,
    clock: &'a dyn Clock,
    policy: &'a dyn Fn(&str) -> Result<Policy, String>,
    book: &Arc<PriceBook>,
) -> Autopilot<'a> {
    Autopilot {
        store,
        clock,
        policy,
        carry: &nobody,
        options: Options { keep_hours: args.keep_hours, ..Options::default() },
        limits: Limits::default(),
        dry_run: args.dry_run,
        market: Market::new(Arc::clone(book), day(&book.as_of), Rules::default()),
        heard: 0,
        began: (clock.now(), clock.steady()),
    }
}

/// Noon of a book's date, in seconds since 1970.
fn day(date: &str) -> i64 {
    let noon = |date: jiff::civil::Date| date.at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).ok();
    date.parse().ok().and_then(noon).map_or(0, |noon| noon.timestamp().as_second())
}

fn carrier<'a>(store: &'a Store, clock: &'a dyn Clock) -> Box<Carry<'a>> {
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
            cancel: scene::cancel(),
            tell: &tell,
            retry_wait: scene::RETRY_WAIT,
        });
        Ok(())
    })
}

/// Rounds at the times of recorded ticks.
fn replay(
    args: &AutopilotArgs,
    pilot: &mut Autopilot<'_>,
    clock: &Replay,
    ticks: &[Entry],
    out: &mut dyn Write,
) -> Result<(), Failure> {
    for batch in ticks.chunk_by(|a, b| a.at() == b.at()) {
        let at = batch[0].at().max(clock.now());
        clock.0.store(at, Ordering::Relaxed);
        let news = pilot.hear(batch);
        tell(args, &news, out)?;
        let news = round(pilot)?;
        tell(args, &news, out)?;
        if scene::cancel().load(Ordering::Relaxed) {
            break;
        }
    }
    Ok(())
}

/// Rounds by the clock.
fn live(args: &AutopilotArgs, pilot: &mut Autopilot<'_>, out: &mut dyn Write) -> Result<(), Failure> {
    loop {
        match round(pilot) {
            Ok(news) => tell(args, &news, out)?,
            Err(failure) if args.once => return Err(failure),
            // The next round may go better: a full disk gets room, a clock is set right. Nothing was done without a journal.
            Err(failure) => {
                let _ = failure.report();
            }
        }
        for _ in 0..args.every.max(1) {
            if args.once || scene::cancel().load(Ordering::Relaxed) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_secs(1));
        }
    }
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
