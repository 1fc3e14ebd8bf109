//! Cases that go back: undo of every step, of steps that were never begun, and of steps that were taken back.

use super::trial::{Played, Stop, Trial, Way};
use crate::plan::Undo;

pub(super) fn do_again(trial: &mut Trial<'_>) -> Played {
    loop {
        for step in 0..trial.len() {
            let name = trial.called(Way::Apply, step);
            trial.advance(step)?;
            if trial.undoable(step) {
                // What undo does is another case.
                if let Err(Stop::Failed(why)) = trial.take_back(step) {
                    return Err(Stop::Skipped(why));
                }
                trial.advance(step)?;
                trial.agrees(&format!("after {name} was done, taken back, and done again"))?;
            }
        }
        if !trial.next_stage() {
            return Ok(());
        }
    }
}

pub(super) fn rollback(trial: &mut Trial<'_>) -> Played {
    loop {
        for prefix in 1..=trial.end() {
            let mut before = Vec::with_capacity(prefix);
            for step in 0..prefix {
                before.push(trial.seen()?);
                trial.advance(step)?;
            }
            for step in (0..prefix).rev() {
                trial.take_back(step)?;
                let (undo, last) = (trial.called(Way::Undo, step), &trial.step(prefix - 1).name);
                trial.same(&before[step], &format!("after {undo}, on the way back from `{last}`"))?;
            }
            trial.agrees("after everything was taken back")?;
        }
        trial.finish_stage()?;
        if !trial.next_stage() {
            return Ok(());
        }
    }
}

pub(super) fn undo_unbegun(trial: &mut Trial<'_>) -> Played {
    loop {
        let before = trial.seen()?;
        for step in (0..trial.len()).rev().filter(|step| trial.step(*step).undo != Undo::Never) {
            trial.must(Way::Undo, step)?;
            trial.same(
                &before,
                &format!("after {}, when nothing of the plan was begun", trial.called(Way::Undo, step)),
            )?;
        }
        for step in 0..trial.len() {
            if trial.undoable(step) {
                let before = trial.seen()?;
                trial.must(Way::Undo, step)?;
                trial.same(&before, &format!("after {}, which was not begun", trial.called(Way::Undo, step)))?;
            }
            trial.advance(step)?;
        }
        if !trial.next_stage() {
            return Ok(());
        }
    }
}

pub(super) fn undo_twice(trial: &mut Trial<'_>) -> Played {
    loop {
        for step in 0..trial.len() {
            if trial.undoable(step) {
                let before = trial.seen()?;
                trial.advance(step)?;
                trial.take_back(step)?;
                trial.take_back(step)?;
                trial.same(&before, &format!("after {}, for the second time", trial.called(Way::Undo, step)))?;
            }
            trial.advance(step)?;
        }
        if !trial.next_stage() {
            return Ok(());
        }
    }
}
