//! Cases that go forward: looking before, carrying out, sending twice, and somebody else going on.

use super::agree::{changed, named};
use super::call::{Onlooker, guarded};
use super::scenario::{SECRET_NOT_SET, Stage};
use super::trial::{Played, Stop, Trial, Way, failed};
use crate::app::App;
use crate::exec::{Executor, Failure, FailureKind};
use std::sync::Arc;

pub(super) fn observe(trial: &Trial<'_>) -> Played {
    match trial.seen()?.first() {
        None => Ok(()),
        Some(stranger) => failed(format!("of an application that was never there, {} is seen", named(stranger))),
    }
}

pub(super) fn ready(trial: &mut Trial<'_>) -> Played {
    loop {
        let before = trial.seen()?;
        let app = Arc::clone(&trial.stage().app);
        if let Err(failure) = asked(trial, &trial.executor, &app)? {
            return failed(format!("`ready` says `{}`: {failure}", failure.kind.as_str()));
        }
        trial.same(&before, "after `ready`")?;
        trial.finish_stage()?;
        if !trial.next_stage() {
            return Ok(());
        }
    }
}

pub(super) fn missing(trial: &mut Trial<'_>) -> Played {
    if let Some(bare) = trial.subject.bare {
        let before = trial.seen()?;
        let app = Arc::clone(&trial.stage().app);
        let answer = asked(trial, &Arc::from(bare()), &app)?;
        says_missing(&answer, "something is missing that the plan needs")?;
        trial.same(&before, "after `ready`")?;
    }
    // The first plan that makes something which can have a secret.
    while !brings_image(trial.stage()) {
        trial.finish_stage()?;
        if !trial.next_stage() {
            let why = "nothing in the scenario needs a secret";
            return if trial.subject.bare.is_some() { Ok(()) } else { Err(Stop::Skipped(why.to_owned())) };
        }
    }
    let before = trial.seen()?;
    let mut app = App::clone(&trial.stage().app);
    for component in app.components.iter_mut().filter(|component| component.kind.runs_image()) {
        component.secrets.push(SECRET_NOT_SET.to_owned());
    }
    let answer = asked(trial, &trial.executor, &Arc::new(app))?;
    says_missing(&answer, &format!("the secret {SECRET_NOT_SET} is not set"))?;
    if !answer.is_err_and(|failure| failure.to_string().contains(SECRET_NOT_SET)) {
        return failed(format!("`ready` does not name {SECRET_NOT_SET}, which is not set"));
    }
    trial.same(&before, "after `ready`")
}

fn brings_image(stage: &Stage) -> bool {
    stage.plan.moved.iter().filter_map(|moved| moved.to.as_ref()).any(|seat| seat.kind.runs_image())
}

fn says_missing(answer: &Result<(), Failure>, why: &str) -> Played {
    match answer {
        Ok(()) => failed(format!("`ready` finds nothing missing, and {why}")),
        Err(failure) if failure.kind != FailureKind::Missing => {
            failed(format!("{why}, and `ready` says `{}`: {failure}", failure.kind.as_str()))
        }
        Err(failure) if failure.help.trim().is_empty() => failed(format!("`ready` gives no help: {failure}")),
        Err(_) => Ok(()),
    }
}

/// Asks about the plan that comes next.
fn asked(trial: &Trial<'_>, executor: &Arc<dyn Executor>, app: &Arc<App>) -> Played<Result<(), Failure>> {
    let (executor, app, plan) = (Arc::clone(executor), Arc::clone(app), Arc::clone(&trial.stage().plan));
    let watch = Onlooker::patient(trial.settings.step_limit);
    let answer = guarded(trial.settings, &watch, move |_| executor.ready(&app, &plan));
    answer.or_else(|lost| failed(format!("`ready` {}", lost.words())))
}

pub(super) fn carry_out(trial: &mut Trial<'_>) -> Played {
    trial.agrees("before the first step")?;
    loop {
        for step in 0..trial.len() {
            trial.advance(step)?;
            trial.agrees(&format!("after `{}`", trial.step(step).name))?;
        }
        if !trial.next_stage() {
            return Ok(());
        }
    }
}

pub(super) fn idempotent(trial: &mut Trial<'_>) -> Played {
    loop {
        for step in 0..trial.len() {
            let first = trial.advance(step)?.note;
            again(trial, step, &first)?;
        }
        if !trial.next_stage() {
            return Ok(());
        }
    }
}

pub(super) fn repeat_late(trial: &mut Trial<'_>) -> Played {
    loop {
        let end = trial.end();
        let mut notes = (0..end).map(|step| trial.advance(step).map(|done| done.note)).collect::<Played<Vec<_>>>()?;
        // The last one is sent again by another case.
        for (step, note) in notes.iter().enumerate().take(end.saturating_sub(1)) {
            again(trial, step, note)?;
        }
        for step in end..trial.len() {
            notes.push(trial.advance(step)?.note);
        }
        // What is gone as a whole may be forgotten.
        let there = |step: usize| trial.stage().plan.to.seat(&trial.step(step).component).is_some();
        for (step, note) in notes.iter().enumerate().take(trial.len() - 1).filter(|(step, _)| there(*step)) {
            again(trial, step, note)?;
        }
        if !trial.next_stage() {
            return Ok(());
        }
    }
}

/// A step that is done is sent again.
fn again(trial: &Trial<'_>, step: usize, first: &str) -> Played {
    let name = trial.called(Way::Apply, step);
    let before = trial.seen()?;
    let second = trial.must(Way::Apply, step)?.note;
    if first != second {
        return failed(format!("{name} says \"{first}\", and sent again \"{second}\""));
    }
    trial.same(&before, &format!("after {name} was sent again"))
}

pub(super) fn restart(trial: &mut Trial<'_>) -> Played {
    loop {
        for step in 0..trial.len() {
            trial.advance(step)?;
            let name = trial.called(Way::Apply, step);
            trial.agrees(&format!("after {name}"))?;
            trial.renew();
            trial.agrees(&format!("a fresh executor, after {name}"))?;
            // Every other step that can be is taken back by one that has not done it.
            if step % 2 == 0 && trial.undoable(step) {
                trial.take_back(step)?;
                trial.agrees(&format!("after undo of {name} by a fresh executor"))?;
                trial.advance(step)?;
            }
        }
        if !trial.next_stage() {
            return Ok(());
        }
    }
}

pub(super) fn apart(one: &mut Trial<'_>, other: &mut Trial<'_>) -> Played {
    // One is always a plan behind, so that it still has what the other one takes away, and makes what that one has.
    loop {
        beside(other, one)?;
        beside(one, other)?;
        if !(one.next_stage() && other.next_stage()) {
            return Ok(());
        }
    }
}

/// Carries a plan of one application out, which must not be seen in the other.
fn beside(acts: &mut Trial<'_>, rests: &Trial<'_>) -> Played {
    let before = rests.seen()?;
    for step in 0..acts.len() {
        acts.advance(step)?;
        let when = format!("after {} of another application", acts.called(Way::Apply, step));
        rests.settled(|seen| changed(&before, seen), &when)?;
    }
    acts.agrees("beside another application")
}
