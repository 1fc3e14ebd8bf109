//! Cases in which a step does not come to its end: a deadline, somebody who cancels, a failure, a crash.

use super::call::Onlooker;
use super::scenario::{Scenario, Stage};
use super::trial::{Played, Stop, Trial, Way, failed};
use crate::app::App;
use crate::exec::{FailureKind, Sighting};
use crate::plan::run::StepState;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// At which look a step is stopped in its middle.
const LOOKS: [u64; 5] = [1, 2, 3, 8, 20];
/// Milliseconds after which an executor is killed, in turn. An odd number, so that each moment meets both ways out.
const KILLED_AFTER_MS: [u64; 7] = [0, 1, 3, 10, 30, 100, 300];

pub(super) fn deadline(trial: &mut Trial<'_>) -> Played {
    stopped_at_once(trial, FailureKind::Deadline)
}

pub(super) fn cancel(trial: &mut Trial<'_>) -> Played {
    stopped_at_once(trial, FailureKind::Cancelled)
}

fn stopped_at_once(trial: &mut Trial<'_>, kind: FailureKind) -> Played {
    loop {
        for step in 0..trial.len() {
            let before = trial.seen()?;
            let name = trial.called(Way::Apply, step);
            trial.begun(step);
            match trial.send(Way::Apply, step, trial.fence, &at_look(trial, kind, 0))? {
                Ok(_) => return failed(format!("{name} was done, although it was to stop from the beginning")),
                Err(failure) => trial.stopped(Way::Apply, step, kind, &failure)?,
            }
            if trial.undoable(step) {
                // Undo may be stopped, too; it has to come back, whatever it says.
                if kind == FailureKind::Cancelled {
                    let _ = trial.send(Way::Undo, step, trial.fence, &at_look(trial, kind, 0))?;
                }
                trial.take_back(step)?;
                trial.same(&before, &format!("after {name} was stopped and taken back"))?;
            }
            trial.advance(step)?;
        }
        trial.agrees("after steps that were stopped once and done then")?;
        if !trial.next_stage() {
            return Ok(());
        }
    }
}

fn at_look(trial: &Trial<'_>, kind: FailureKind, look: u64) -> Arc<Onlooker> {
    Onlooker::stopping(kind, look, trial.settings.step_limit)
}

pub(super) fn midway(trial: &mut Trial<'_>) -> Played {
    loop {
        for step in 0..trial.len() {
            let before = trial.seen()?;
            for (round, look) in LOOKS.into_iter().enumerate() {
                trial.begun(step);
                let watch = at_look(trial, FailureKind::Cancelled, look);
                match trial.send(Way::Apply, step, trial.fence, &watch)? {
                    Ok(_) => {
                        trial.progress.steps[step] = StepState::Done { at: 0 };
                        break;
                    }
                    Err(failure) => trial.stopped(Way::Apply, step, FailureKind::Cancelled, &failure)?,
                }
                // Both ways out of a step that was begun and not finished, in turn.
                let name = trial.called(Way::Apply, step);
                go_on(trial, step, round % 2 == 1, &before, &format!("{name} was stopped in its middle"))?;
                if !trial.undoable(step) {
                    break;
                }
            }
            if !matches!(trial.progress.steps[step], StepState::Done { .. }) {
                trial.advance(step)?;
            }
            trial.agrees(&format!("after `{}`", trial.step(step).name))?;
        }
        if !trial.next_stage() {
            return Ok(());
        }
    }
}

/// After a step that may be half done: takes it back, or finishes it first; then nothing of it is there. Steps without undo
/// are finished.
fn go_on(trial: &mut Trial<'_>, step: usize, finish: bool, before: &[Sighting], when: &str) -> Played {
    if finish || !trial.undoable(step) {
        trial.advance(step)?;
        trial.agrees(&format!("when {when}, and it was sent again"))?;
    }
    if trial.undoable(step) {
        trial.take_back(step)?;
        trial.same(before, &format!("when {when}, and it was taken back"))?;
    }
    Ok(())
}

pub(super) fn failing(trial: &mut Trial<'_>, scenario: &Scenario) -> Played {
    let Some(app) = &scenario.failing else {
        return Err(Stop::Skipped("the scenario has nothing that cannot run".to_owned()));
    };
    let app = Arc::new(App { name: trial.stage().app.name.clone(), ..app.clone() });
    trial.stages = trial.stages.iter().map(|stage| Stage { app: Arc::clone(&app), ..stage.clone() }).collect();
    loop {
        let mut before: Vec<Vec<Sighting>> = Vec::new();
        for step in 0..trial.len() {
            before.push(trial.seen()?);
            trial.begun(step);
            let watch = Onlooker::patient(trial.settings.failing_limit);
            if trial.send(Way::Apply, step, trial.fence, &watch)?.is_ok() {
                trial.progress.steps[step] = StepState::Done { at: 0 };
                continue;
            }
            for back in (0..=step).rev().filter(|back| trial.undoable(*back)).collect::<Vec<_>>() {
                trial.take_back(back)?;
                let (undo, name) = (trial.called(Way::Undo, back), trial.called(Way::Apply, step));
                trial.same(&before[back], &format!("after {name} failed, and {undo}"))?;
            }
            return Ok(());
        }
        if !trial.next_stage() {
            let why = "everything was carried out, also what cannot run (an image at placer.invalid)";
            return Err(Stop::Skipped(why.to_owned()));
        }
    }
}

pub(super) fn killed(trial: &mut Trial<'_>) -> Played {
    let Some(kill) = trial.subject.kill else {
        return Err(Stop::Skipped("this executor cannot be killed apart from placer itself".to_owned()));
    };
    let mut moments = KILLED_AFTER_MS.into_iter().cycle();
    loop {
        for step in 0..trial.len() {
            // Both ways out of a step that was begun and not finished.
            for finish in [false, true] {
                let after = moments.next().map_or(Duration::ZERO, Duration::from_millis);
                killed_once(trial, step, kill, after, finish)?;
                if !trial.undoable(step) {
                    break;
                }
            }
            if !matches!(trial.progress.steps[step], StepState::Done { .. }) {
                trial.advance(step)?;
            }
        }
        trial.agrees("after steps in which it was killed")?;
        if !trial.next_stage() {
            return Ok(());
        }
    }
}

/// Sends a step and kills the executor during it; then nothing of the step is there, unless it has no undo.
fn killed_once(trial: &mut Trial<'_>, step: usize, kill: &(dyn Fn() + Sync), after: Duration, finish: bool) -> Played {
    let (before, fence) = (trial.seen()?, trial.fence);
    trial.begun(step);
    let (watch, answered) = (Onlooker::patient(trial.settings.step_limit), AtomicBool::new(false));
    let answer = thread::scope(|scope| {
        scope.spawn(|| {
            let begun = Instant::now();
            while begun.elapsed() < after && !answered.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_micros(200));
            }
            kill();
        });
        let answer = trial.send(Way::Apply, step, fence, &watch);
        answered.store(true, Ordering::Relaxed);
        answer
    });
    if let Err(failure) = answer? {
        trial.stopped(Way::Apply, step, FailureKind::Passing, &failure)?;
    }
    trial.renew();
    let name = trial.called(Way::Apply, step);
    go_on(trial, step, finish, &before, &format!("it was killed during {name}"))
}
