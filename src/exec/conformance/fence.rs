//! The case of two placers: who was overtaken is refused.

use super::call::Onlooker;
use super::trial::{Played, Trial, Way, failed};
use crate::exec::{FailureKind, Sighting};

pub(super) fn fence(trial: &mut Trial<'_>, other: &mut Trial<'_>) -> Played {
    trial.fence = 5;
    trial.advance(0)?;
    let before = trial.seen()?;
    for when in ["", " by a fresh executor"] {
        // A step that was done, one that comes next, and one that is to be taken back.
        for (way, step) in [(Way::Apply, 0), (Way::Apply, 1), (Way::Undo, 0)] {
            refused(trial, (way, step, 4), &before, when)?;
        }
        trial.renew();
    }
    // The same fence goes on; what is another application's does not matter.
    trial.advance(1)?;
    other.advance(0)?;
    trial.fence = 6;
    trial.take_back(1)?;
    let before = trial.seen()?;
    refused(trial, (Way::Apply, 1, 5), &before, " after an undo with a greater one")?;
    trial.finish_stage()
}

fn refused(trial: &Trial<'_>, sent: (Way, usize, u64), before: &[Sighting], when: &str) -> Played {
    let (way, step, fence) = sent;
    let called = trial.called(way, step);
    match trial.send(way, step, fence, &Onlooker::patient(trial.settings.step_limit))? {
        Ok(_) => failed(format!("{called} with a smaller fence was not refused{when}")),
        Err(failure) if failure.kind != FailureKind::Fenced => {
            let kind = failure.kind.as_str();
            failed(format!("{called} with a smaller fence says `{kind}`, not `fenced`{when}: {failure}"))
        }
        Err(_) => trial.same(before, &format!("after {called} with a smaller fence{when}")),
    }
}
