//! Commands that carry plans out: `apply`, `up`, `down`, `runs`, `rollback`, `status`, `plans`, `autopilot`.

pub mod args;
pub mod autopilot;
pub mod plans;
pub mod scene;
mod show;
mod status;
mod told;

use super::failure::Failure;
use super::text::Look;
use super::{input, plan_text, policy, report_text};
use crate::app::App;
use crate::catalog::PriceBook;
use crate::control::carrying::Carrier;
use crate::control::outcome::{Outcome, Refused};
use crate::control::proposing::{Unplaced, at, propose};
use crate::control::{Clock, SystemClock};
use crate::plan::{Options, Placement, Plan, plan, read};
use crate::policy::Policy;
use crate::problem::lower::{Options as Lowering, lower};
use crate::report::recommend;
use crate::solve::Limits;
use crate::store::{AppRow, Store};
use crate::units::Money;
use args::{ApplyArgs, DownArgs, RunArgs, RunsArgs, RunsCommand, StatusArgs, UpArgs};
use scene::Scene;
use std::io::{self, IsTerminal, Write};

/// Most bytes of a plan's file: what `plan::read` takes.
const PLAN_BYTES_MAX: u64 = 64 << 20;

/// `placer apply`
pub fn apply(args: &ApplyArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let bytes = input::bytes(&args.plan, PLAN_BYTES_MAX, "a plan")?;
    let plan = read(&bytes).map_err(|error| Failure::Input(format!("`{}`: {error}", args.plan.display())))?;
    let scene = Scene::open(&args.carrying, Some(&plan.app))?;
    carry(&scene, &plan, args.yes, "given as a file", out)
}

/// `placer up`
pub fn up(args: &UpArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let bytes = input::app_bytes(&args.app)?;
    let book = input::book(args.book.price_book.as_deref())?;
    let app = input::app(&args.app, &bytes, &book)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let rules = args.policy.as_deref().map(|name| policy::read(name, &book)).transpose()?.unwrap_or_default();
    let scene = Scene::open(&args.carrying, Some(&app.name))?;
    let from = scene.placement(&app.name)?;
    let options = Options { keep_hours: args.keep_hours, ..Options::default() };
    let proposed = propose((&app, &text), &book, &rules, &Limits::default(), &from, &options);
    let proposed = proposed.map_err(|unplaced| why_not(&unplaced, &app, &book, &rules, &from))?;
    let now = SystemClock.now();
    let row = AppRow { name: app.name, text, policy: args.policy.clone().unwrap_or_default(), changed_at: now };
    scene.store.put_app(&row).map_err(Failure::other)?;
    carry(&scene, &proposed.plan, args.yes, "asked for by `placer up`", out)
}

/// Why an application cannot be placed, as `placer recommend` says it.
fn why_not(unplaced: &Unplaced, app: &App, book: &PriceBook, rules: &Policy, from: &Placement) -> Failure {
    match unplaced {
        Unplaced::Infeasible => match recommend(&at(app, from), book, rules, &Limits::default()) {
            Ok(found) => {
                let report = found.to_wire(app, book);
                let told = report.conflict.as_ref().map(|conflict| report_text::conflict(&report.app, conflict));
                Failure::Infeasible(told.unwrap_or_else(|| unplaced.to_string()))
            }
            Err(error) => super::recommend::refused(error),
        },
        Unplaced::Lower(error) => Failure::input(error),
        Unplaced::Unfinished | Unplaced::Internal => Failure::Other(unplaced.to_string()),
    }
}

/// `placer down`
pub fn down(args: &DownArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let scene = Scene::open(&args.carrying, Some(&args.app))?;
    let from = scene.placement(&args.app)?;
    if let Some(run) = scene.store.open_plan_runs(Some(&args.app)).map_err(Failure::other)?.first() {
        let (run, state) = (&run.id, run.state.as_str());
        return Err(Failure::Input(format!(
            "run {run} of `{}` is still open ({state}): end it first, with `placer runs finish {run}` or `placer rollback \
             {run}`",
            args.app
        )));
    }
    if from.seats.is_empty() {
        scene.store.forget_app(&args.app, SystemClock.now()).map_err(Failure::other)?;
        return Ok(writeln!(out, "{}: nothing of it runs", args.app)?);
    }
    let text = scene.text_of(&args.app)?;
    let app = crate::app::parse_kept(&text, "app.toml").map_err(Failure::input)?;
    // Prices play no part: nothing is sent anywhere.
    let book = input::book(None)?;
    let problem = lower(&app, &book, &Policy::default(), &Lowering::default()).map_err(Failure::input)?;
    let options = Options { keep_hours: 0, ..Options::default() };
    let nowhere = Placement { usd_month: Some(Money::ZERO), ..Placement::default() };
    let plan = Plan { app_toml: text, ..plan(&app, &problem, from, nowhere, &options) };
    carry(&scene, &plan, args.yes, "asked for by `placer down`", out)?;
    scene.store.forget_app(&args.app, SystemClock.now()).map(|_| ()).map_err(Failure::other)
}

/// Where placer has put an application, by the usual store; `None`: nowhere.
pub fn deployed(app: &str) -> Result<Option<Placement>, Failure> {
    let Some(folder) = super::place::default_store() else { return Ok(None) };
    let Some(store) = Store::open_existing(&folder).map_err(Failure::other)? else { return Ok(None) };
    let there = store.deployment(app).map_err(Failure::other)?;
    Ok(there.map(|there| there.placement).filter(|placement| !placement.seats.is_empty()))
}

/// The application with where placer has put it for its today.
pub fn as_deployed(app: App) -> Result<App, Failure> {
    Ok(match deployed(&app.name)? {
        Some(there) => at(&app, &there),
        None => app,
    })
}

/// Shows a plan, asks, carries it out, and tells how it went.
fn carry(scene: &Scene, plan: &Plan, yes: bool, reason: &str, out: &mut dyn Write) -> Result<(), Failure> {
    out.write_all(plan_text::render(plan, Look::of_stdout()).as_bytes())?;
    if plan.steps.is_empty() {
        return Ok(());
    }
    out.flush()?;
    if !yes && !agreed(&format!("Carry this out with the executor `{}`?", scene.executor.name()))? {
        return Err(Failure::Other("nothing was done: not agreed to".into()));
    }
    writeln!(out)?;
    out.flush()?;
    let begun = with_carrier(scene, |carrier| carrier.begin(plan, reason, "command line"));
    let (run, outcome) = begun.map_err(|error| refused(&error))?;
    told::outcome(scene, &run, &outcome, out)
}

/// Asks a person. Where nobody can answer, the answer is an error that says so.
fn agreed(question: &str) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::Input("nobody is there to agree to this plan; give --yes to carry it out unasked".into()));
    }
    eprint_question(question)?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(|error| Failure::Other(format!("cannot read an answer: {error}")))?;
    Ok(matches!(answer.trim(), "y" | "yes"))
}

fn eprint_question(question: &str) -> Result<(), Failure> {
    write!(io::stderr().lock(), "{question} [y/N] ").map_err(|error| Failure::Other(format!("cannot ask: {error}")))
}

/// Runs something with a carrier whose progress goes to standard error.
fn with_carrier<T>(scene: &Scene, what: impl FnOnce(&Carrier<'_>) -> T) -> T {
    let tell = |step: &str, text: &str| {
        let line = if step.is_empty() { format!("{text}\n") } else { format!("{step}: {text}\n") };
        // Progress is a courtesy: a closed standard error stops nothing.
        let _ = io::stderr().lock().write_all(line.as_bytes());
    };
    what(&Carrier {
        store: &scene.store,
        executor: scene.executor.as_ref(),
        clock: &SystemClock,
        cancel: scene::cancel(),
        tell: &tell,
        retry_wait: scene::RETRY_WAIT,
    })
}

fn refused(refused: &Refused) -> Failure {
    match refused {
        Refused::Store(_) | Refused::Damaged { .. } => Failure::Other(refused.to_string()),
        _ => Failure::Input(refused.to_string()),
    }
}

/// `placer runs`
pub fn runs(args: &RunsArgs, out: &mut dyn Write) -> Result<(), Failure> {
    match &args.command {
        None => show::list(args, out),
        Some(RunsCommand::Show(run)) => show::journal(run, out),
        Some(RunsCommand::Resume(run)) => on_run(run, out, |carrier| carrier.resume(&run.run, false)),
        Some(RunsCommand::Finish(run)) => on_run(run, out, |carrier| carrier.resume(&run.run, true)),
    }
}

/// `placer rollback`
pub fn rollback(args: &RunArgs, out: &mut dyn Write) -> Result<(), Failure> {
    on_run(args, out, |carrier| carrier.turn_back(&args.run, "asked for by `placer rollback`"))
}

fn on_run(
    args: &RunArgs,
    out: &mut dyn Write,
    what: impl FnOnce(&Carrier<'_>) -> Result<Outcome, Refused>,
) -> Result<(), Failure> {
    let scene = Scene::of_run(&args.carrying, &args.run)?;
    let outcome = with_carrier(&scene, what).map_err(|error| refused(&error))?;
    told::outcome(&scene, &args.run, &outcome, out)
}

/// `placer status`
pub fn status(args: &StatusArgs, out: &mut dyn Write) -> Result<(), Failure> {
    status::run(args, out)
}
