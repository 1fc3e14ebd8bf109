//! `placer runs`: the list, and a journal.

use super::args::{RunArgs, RunsArgs};
use super::scene;
use crate::cli::failure::Failure;
use crate::cli::text::{Grid, Look, Side, moment};
use crate::plan::run::Event;
use crate::plan::{Plan, read};
use std::io::Write;

/// Runs in a list.
const RUNS_SHOWN: u32 = 50;

/// The newest runs.
pub fn list(args: &RunsArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let store = scene::store(args.store.as_deref())?;
    let runs = store.plan_runs(args.app.as_deref(), RUNS_SHOWN).map_err(Failure::other)?;
    if runs.is_empty() {
        return Ok(writeln!(out, "no plan was carried out yet; `placer up app.toml` begins one")?);
    }
    let head = ["run", "application", "state", "began", "last entry", "executor"].map(|name| (name, Side::Left));
    let mut grid = Grid::new(Look::of_stdout(), &head);
    for run in runs {
        let cells =
            [run.id, run.app, run.state.as_str().into(), moment(run.began_at), moment(run.changed_at), run.executor];
        grid.row(cells);
    }
    Ok(out.write_all(grid.render().as_bytes())?)
}

/// A journal.
pub fn journal(args: &RunArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let store = scene::store(args.carrying.store.as_deref())?;
    let missing = || Failure::Input(format!("there is no run `{}`; `placer runs` lists them", args.run));
    let run = store.plan_run(&args.run).map_err(Failure::other)?.ok_or_else(missing)?;
    let kept = store.plan(&run.plan).map_err(Failure::other)?.ok_or_else(missing)?;
    let plan = read(kept.document.as_bytes()).map_err(Failure::other)?;
    writeln!(out, "run {} of `{}`: {} ({})", run.id, run.app, run.state.as_str(), kept.reason)?;
    writeln!(out, "plan {}, executor {}", run.plan, run.executor)?;
    for entry in store.journal(&args.run).map_err(Failure::other)? {
        writeln!(out, "{}  {}", moment(entry.at), words(&plan, &entry.event))?;
    }
    Ok(())
}

/// An entry in words.
fn words(plan: &Plan, event: &Event) -> String {
    let name = |step: &usize| plan.steps.get(*step).map_or("?", |step| step.name.as_str());
    let noted = |word: &str, step: &usize, note: &str| match note {
        "" => format!("{}: {word}", name(step)),
        note => format!("{}: {word}, {note}", name(step)),
    };
    match event {
        Event::Began => "begun".to_owned(),
        Event::Doing { step } => format!("{}: doing", name(step)),
        Event::Done { step, note } => noted("done", step, note),
        Event::Failed { step, why, passing: true } => format!("{}: failed, may pass: {why}", name(step)),
        Event::Failed { step, why, passing: false } => format!("{}: failed: {why}", name(step)),
        Event::TurnedBack { why } => format!("taking everything back: {why}"),
        Event::Undoing { step } => format!("{}: taking back", name(step)),
        Event::Undone { step, note } => noted("taken back", step, note),
        Event::UndoFailed { step, why } => format!("{}: cannot be taken back: {why}", name(step)),
        Event::Resumed { now: true } => "the old sides are to go now".to_owned(),
        Event::Resumed { now: false } => "resumed".to_owned(),
        Event::Ended(crate::plan::run::End::Finished) => "finished".to_owned(),
        Event::Ended(crate::plan::run::End::RolledBack) => "rolled back".to_owned(),
    }
}
