//! How a run went, in words: what happened, what was undone, what is left, and the next command.

use super::scene::Scene;
use crate::cli::failure::Failure;
use crate::cli::text::moment;
use crate::control::outcome::Outcome;
use crate::plan::run::{Event, Progress, StepState};
use crate::plan::{Plan, read};
use crate::store::Store;
use std::io::Write;

/// Tells how a run came to rest. What did not go well is a failure, so that scripts notice.
pub fn outcome(scene: &Scene, run: &str, outcome: &Outcome, out: &mut dyn Write) -> Result<(), Failure> {
    match outcome {
        Outcome::Finished => writeln!(out, "run {run}: finished")?,
        Outcome::Keeping { until } => writeln!(
            out,
            "run {run}: everything is on the new side; the old sides are kept until {}\n`placer rollback {run}` goes \
             back, `placer runs finish {run}` takes the old sides away now",
            moment(*until)
        )?,
        Outcome::RolledBack { why } if why.starts_with("asked for") => {
            writeln!(out, "run {run}: rolled back; everything is as before")?;
        }
        Outcome::RolledBack { why } => {
            let undone = undone(&scene.store, run)?;
            return Err(Failure::Other(format!(
                "run {run} failed and was rolled back: {why}\nundone: {undone}\nleft: nothing; everything is as before\n\
                 next: mend the cause, then plan again with `placer plan` or `placer up`"
            )));
        }
        Outcome::Stuck { step, why } => {
            let left = left(&scene.store, run)?;
            return Err(Failure::Other(format!(
                "run {run} is stuck at {step}: {why}\nundone: {}\nleft: {left}\nnext: mend the cause, then `placer runs \
                 resume {run}`; `placer status` says what is there",
                undone(&scene.store, run)?
            )));
        }
        Outcome::Interrupted => {
            return Err(Failure::Other(format!(
                "run {run} was interrupted\nnext: `placer runs resume {run}` goes on, `placer rollback {run}` goes back"
            )));
        }
        Outcome::TakenOver => {
            return Err(Failure::Other(format!(
                "run {run} is carried by another placer now; `placer status` shows it"
            )));
        }
    }
    Ok(())
}

fn progress(store: &Store, run: &str) -> Result<Option<(Plan, Progress)>, Failure> {
    let row = store.plan_run(run).map_err(Failure::other)?;
    let Some(kept) = row.map(|row| store.plan(&row.plan)).transpose().map_err(Failure::other)?.flatten() else {
        return Ok(None);
    };
    let plan = read(kept.document.as_bytes()).map_err(Failure::other)?;
    let progress = Progress::of(&plan, &store.journal(run).map_err(Failure::other)?).map_err(Failure::other)?;
    Ok(Some((plan, progress)))
}

/// Names of the steps that were taken back, in the order in which they were.
fn undone(store: &Store, run: &str) -> Result<String, Failure> {
    let Some((plan, _)) = progress(store, run)? else { return Ok("nothing".into()) };
    let journal = store.journal(run).map_err(Failure::other)?;
    let undone = journal.iter().filter_map(|entry| match entry.event {
        Event::Undone { step, .. } => plan.steps.get(step).map(|step| step.name.as_str()),
        _ => None,
    });
    let names: Vec<&str> = undone.collect();
    Ok(if names.is_empty() { "nothing had been done".into() } else { names.join(", ") })
}

/// Names of the steps whose effects are still there.
fn left(store: &Store, run: &str) -> Result<String, Failure> {
    let Some((plan, progress)) = progress(store, run)? else { return Ok("nothing".into()) };
    let there = |state: &StepState| !matches!(state, StepState::Waiting | StepState::Undone);
    let steps = plan.steps.iter().zip(&progress.steps).filter(|(_, state)| there(state));
    Ok(steps.map(|(step, _)| step.name.as_str()).collect::<Vec<_>>().join(", "))
}
