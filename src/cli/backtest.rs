//! `placer backtest`: recorded prices and applications in; never moving, always moving, a policy and the clairvoyant out.
//!
//! Invariant: the same prices, applications, policy and seed give the same bytes, whatever the number of threads; what is
//! wrong with one application leaves the others as they are.

mod apps;
mod prices;
mod report;
mod table;

use super::args::ReportFormat;
use super::failure::Failure;
use super::fleet::{progress, share};
use super::market_args::BacktestArgs;
use super::text::Look;
use super::{input, policy};
use crate::app::Names;
use crate::control::backtest::ground::{Ground, Left};
use crate::control::backtest::recording::Recording;
use crate::control::backtest::run::{Untried, one};
use crate::market::Rules;
use crate::policy::{Approval, Policy};
use crate::problem::lower::Lowerer;
use crate::problem::names;
use apps::Source;
use report::Outcome;
pub use report::Report;
use std::io::Write;

/// Runs the command.
pub fn run(args: &BacktestArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let book = input::book(args.book.price_book.as_deref())?;
    let mut rules = policy::read(&args.policy, &book)?;
    // Nobody is there to approve anything.
    rules.moves.approval = Approval::Auto;
    let sources = apps::sources(args)?;
    let recording = prices::read(&args.prices)?.divided(&rules.moves.windows);
    let stand_s = rules.moves.price_stands_hours_min.saturating_mul(3_600);
    let ground = Ground::of(&recording, &book, &Rules { stand_s, ..Rules::default() });
    usable(&ground, args)?;
    let desk = Desk {
        names: names(&book),
        lowerer: Lowerer::new(&ground.book),
        recording: &recording,
        ground: &ground,
        policy: &rules,
    };
    let threads = args.jobs.map_or_else(share::processors, |jobs| usize::from(jobs.get()));
    let bar = progress(sources.len());
    let outcomes = share::out(sources.len(), threads, &|at| desk.outcome(&sources[at]), &|| bar.inc(1));
    bar.finish_and_clear();
    // A panic that reached the top of an application's work ends that application only.
    let told = sources.iter().zip(outcomes);
    let told: Vec<Outcome> = told.map(|(source, told)| told.unwrap_or_else(|panic| crashed(source, panic))).collect();
    let end = ending(&told);
    let report = report::of(&rules.name, &recording, &ground, told);
    match args.format {
        ReportFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &report)?;
            writeln!(out)?;
        }
        ReportFormat::Table => out.write_all(table::render(&report, Look::of_stdout()).as_bytes())?,
        ReportFormat::Markdown => out.write_all(table::render(&report, Look::markdown()).as_bytes())?,
    }
    out.flush()?;
    end
}

/// What every application is replayed with.
struct Desk<'a> {
    names: Names,
    lowerer: Lowerer<'a>,
    recording: &'a Recording,
    ground: &'a Ground,
    policy: &'a Policy,
}

impl Desk<'_> {
    fn outcome(&self, source: &Source) -> Outcome {
        let file = source.file().map(str::to_owned);
        match source.app(&self.names) {
            Ok(app) => {
                let tried = one(&app, self.recording, self.ground, &self.lowerer, self.policy);
                Outcome { app: app.name, file, tried }
            }
            Err(reason) => Outcome { app: source.name(), file, tried: Err(Untried::Invalid(reason)) },
        }
    }
}

fn crashed(source: &Source, panic: String) -> Outcome {
    Outcome { app: source.name(), file: source.file().map(str::to_owned), tried: Err(Untried::Fault(panic)) }
}

/// Prices of which none is of a machine that the book knows are a mistake.
fn usable(ground: &Ground, args: &BacktestArgs) -> Result<(), Failure> {
    if ground.wares() > 0 {
        return Ok(());
    }
    let unused = &ground.unused;
    let told = |left: &Left, why: &str| Some(format!("{}: {why}", report::shown(left.first.as_ref()?)));
    let reasons = [
        told(&unused.regions, "the price book has no such provider or region"),
        told(&unused.shapes, "the price book has no such machine type"),
        told(&unused.on_demand, "what it costs on demand is not in `on-demand.csv`"),
    ];
    let reasons: Vec<String> = reasons.into_iter().flatten().collect();
    Err(Failure::Input(format!(
        "nothing that was recorded in `{}` can be used ({}); names are those of the price book (`placer regions`, `placer \
         offers`), and a provider is its file's: `aws-spot.csv`",
        args.prices.display(),
        reasons.join("; ")
    )))
}

/// The worst that happened decides the exit code. What cannot be replayed is an answer, unless nothing can.
fn ending(outcomes: &[Outcome]) -> Result<(), Failure> {
    let count = |is: fn(&Untried) -> bool| outcomes.iter().filter(|o| o.tried.as_ref().err().is_some_and(is)).count();
    let of = |count: usize, what: &str| format!("{count} of {} applications {what}", outcomes.len());
    let faults = count(|untried| matches!(untried, Untried::Fault(_)));
    let invalid = count(|untried| matches!(untried, Untried::Invalid(_)));
    let unfit = count(|untried| matches!(untried, Untried::Unfit(_)));
    match (faults, invalid) {
        (0, 0) if unfit == outcomes.len() => {
            Err(Failure::Infeasible(of(unfit, "cannot be replayed; their reasons are above")))
        }
        (0, 0) => Ok(()),
        (0, _) => Err(Failure::Input(of(invalid, "are not valid; their reasons are above"))),
        _ => Err(Failure::Other(of(faults, "have no answer; their reasons are above"))),
    }
}
