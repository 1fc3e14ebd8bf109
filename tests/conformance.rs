//! The conformance suite on an executor that keeps every promise, and on a family of which each breaks one: the suite has to
//! find it, and to say which.

#[path = "support/reference_executor.rs"]
mod reference_executor;

use placer::app::Kind;
use placer::exec::Executor;
use placer::exec::conformance::{Case, Outcome, Scenario, Settings, Subject, Verdict, conforms, run};
use reference_executor::{Fault, Reference, World};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

fn settings() -> Settings {
    Settings {
        step_limit: Duration::from_secs(5),
        failing_limit: Duration::from_secs(1),
        stop_limit: Duration::from_millis(1_500),
        settle: Duration::from_millis(60),
        ..Settings::default()
    }
}

fn scenario() -> Scenario {
    Scenario::small(&[Kind::Service, Kind::Postgres]).expect("a service and a store")
}

fn verdicts(fault: Option<Fault>) -> Vec<Verdict> {
    let slow = matches!(fault, None | Some(Fault::KillStays | Fault::KillCountsAsDone));
    let world = Arc::new(World::new(slow));
    let make = || Box::new(Reference::new(&world, fault)) as Box<dyn Executor>;
    let kill = || world.kill();
    let subject = Subject { kill: slow.then_some(&kill), ..Subject::of(&make) };
    run(&subject, &scenario(), &settings(), &mut |_| {})
}

fn failures(verdicts: &[Verdict]) -> Vec<(Case, &str)> {
    let failed = verdicts.iter().filter_map(|verdict| match &verdict.outcome {
        Outcome::Failed { why } => Some((verdict.case, why.as_str())),
        _ => None,
    });
    failed.collect()
}

#[test]
fn an_executor_that_keeps_every_promise_passes_every_case() {
    let verdicts = verdicts(None);
    let not_passed: Vec<&Verdict> = verdicts.iter().filter(|verdict| verdict.outcome != Outcome::Passed).collect();
    assert_eq!(not_passed, Vec::<&Verdict>::new());
    let cases: Vec<Case> = verdicts.iter().map(|verdict| verdict.case).collect();
    assert_eq!(cases, Case::ALL);
    assert!(conforms(&verdicts));
}

/// One executor for each promise that can be broken, the case that has to find it, and words that have to be told.
const FAMILY: &[(Fault, Case, &str)] = &[
    (Fault::ReadyRefuses, Case::Ready, "`ready` says `refused`: not today"),
    (Fault::ReadyTouches, Case::Ready, "after `ready`: `orphan` at nobody:nowhere (0) was not there, and is"),
    (
        Fault::SecretNotMissed,
        Case::Missing,
        "finds nothing missing, and the secret PLACER_CONFORMANCE_NOT_SET is not set",
    ),
    (Fault::MissingWithoutHelp, Case::Missing, "gives no help"),
    (Fault::MissingTouches, Case::Missing, "was not there, and is"),
    (Fault::MissingIsPassing, Case::Missing, "says `passing`"),
    (Fault::MissingWithoutName, Case::Missing, "does not name PLACER_CONFORMANCE_NOT_SET"),
    (Fault::TrafficNotObserved, Case::CarryOut, "gets 0 % of the traffic instead of 100 %"),
    (Fault::UnorderedSight, Case::CarryOut, "the order is by component and seat"),
    (Fault::RetireKeeps, Case::CarryOut, "is there, and the journal does not know it"),
    (Fault::BothTakeWrites, Case::CarryOut, "2 sides of `db` take writes; exactly one should"),
    (Fault::ObserveFails, Case::Observe, "`observe` failed: the connection was closed"),
    (Fault::Panics, Case::CarryOut, "`db/provision` panicked"),
    (
        Fault::TwiceOtherNote,
        Case::Idempotent,
        "says \"db/provision done\", and sent again \"db/provision done already\"",
    ),
    (Fault::TwiceMakesTwo, Case::Idempotent, "after `db/provision` was sent again: `orphan`"),
    (Fault::OnlyLastKey, Case::RepeatLate, "was sent again"),
    (Fault::KeyForever, Case::DoAgain, "was done, taken back, and done again"),
    (Fault::ShiftNotUndone, Case::Rollback, "after undo of `db/shift-100`"),
    (Fault::ProvisionNotUndone, Case::Rollback, "after undo of `db/provision`"),
    (Fault::DrainNotUndone, Case::Rollback, "after undo of `web/drain`"),
    (Fault::UndoRefused, Case::Rollback, "this executor cannot undo"),
    (Fault::UnbegunUndoFails, Case::UndoUnbegun, "there is nothing to take back"),
    (Fault::UnbegunUndoShifts, Case::UndoUnbegun, "when nothing of the plan was begun"),
    (Fault::SecondUndoFails, Case::UndoTwice, "there is nothing to take back"),
    (Fault::RemembersOnly, Case::Restart, "a fresh executor, after `db/provision`"),
    (Fault::DeadlineIgnored, Case::Deadline, "was done, although it was to stop from the beginning"),
    (Fault::DeadlineHangs, Case::Deadline, "did not come back within 1500 ms after it was to stop"),
    (Fault::DeadlineIsPassing, Case::Deadline, "says `passing`, not `deadline`"),
    (Fault::CancelIsDeadline, Case::Cancel, "says `deadline`, not `cancelled`"),
    (Fault::UndoHangs, Case::Cancel, "undo of `db/provision` did not come back"),
    (Fault::HalfStays, Case::Midway, "was stopped in its middle, and it was taken back: `orphan`"),
    (Fault::HalfCannotBeFinished, Case::Midway, "it exists already"),
    (Fault::FailureStays, Case::Failing, "after `web/verify` failed, and undo of `web/verify`: `orphan`"),
    (Fault::FailureWithoutReason, Case::Failing, "failed and did not say why"),
    (Fault::KillStays, Case::Killed, "it was killed during"),
    (Fault::KillCountsAsDone, Case::Killed, "it was killed during"),
    (
        Fault::SeesOthers,
        Case::Apart,
        "of another application: `db` at example:one (f298aa13ad3c) was not there, and is",
    ),
    (
        Fault::RetiresOthers,
        Case::Apart,
        "of another application: `web` at example:one (c1a85c63d085) was there, and is not",
    ),
    (Fault::FenceIgnored, Case::Fence, "with a smaller fence was not refused"),
    (Fault::FenceForgotten, Case::Fence, "was not refused by a fresh executor"),
    (Fault::UndoUnfenced, Case::Fence, "undo of `db/provision` with a smaller fence was not refused"),
    (Fault::FenceOfAll, Case::Fence, "`db/provision` failed: fence 1 is over"),
    (Fault::ComesBack, Case::NothingLeft, "is left: `db`"),
];

/// Executors that are tried at the same time: each waits most of its time.
const AT_ONCE: usize = 4;

#[test]
fn each_broken_promise_is_found_by_its_case_and_by_no_other() {
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((fault, case, words)) = FAMILY.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let verdicts = verdicts(Some(*fault));
                    let failures = failures(&verdicts);
                    let fits = |(found, why): &(Case, &str)| found == case && why.contains(words);
                    if failures.len() != 1 || !fits(&failures[0]) || conforms(&verdicts) {
                        let what = format!("{fault:?}: {case:?} should say `{words}`; found {failures:#?}");
                        wrong.lock().expect("nobody panicked").push(what);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("nobody panicked");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_case_is_known_to_fail() {
    for case in Case::ALL {
        assert!(FAMILY.iter().any(|(_, found, _)| *found == case), "no executor fails {case:?}");
    }
}
