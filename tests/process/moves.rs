//! What must hold for any plan: each step sent twice, stopped at any point and taken back, all of it taken back.

use crate::world::{Patient, StopsAt, World};
use placer::exec::FailureKind;
use placer::plan::{Plan, Undo};
use std::thread;
use std::time::{Duration, Instant};

/// Carries a plan out, each step sent twice: the second time nothing changes, and the same is said.
pub fn each_step_twice(world: &World, plan: &Plan) {
    for step in &plan.steps {
        let first =
            world.apply(plan, step, &Patient::new()).unwrap_or_else(|failure| panic!("{}: {failure}", step.name));
        let state = world.state();
        let second =
            world.apply(plan, step, &Patient::new()).unwrap_or_else(|failure| panic!("{}: {failure}", step.name));
        assert_eq!((first, state), (second, world.state()), "{} sent twice", step.name);
    }
}

/// Carries a plan out up to what cannot be taken back. Each step is first stopped after each number of looks in `looks`, and
/// taken back: all is as it was before. Then it is done, and in the end all of them are taken back.
pub fn stopped_anywhere(world: &World, plan: &Plan, looks: &[usize]) {
    let start = (world.state(), world.seen());
    let mut stopped = 0;
    let steps = || plan.steps.iter().filter(|step| step.undo != Undo::Never);
    for step in steps() {
        let before = calm(world);
        for looks in looks {
            let kind = if looks % 2 == 0 { FailureKind::Cancelled } else { FailureKind::Deadline };
            match world.apply(plan, step, &StopsAt::new(*looks, kind)) {
                Err(failure) => assert_eq!(failure.kind, kind, "{}: {failure}", step.name),
                Ok(_) => continue,
            }
            stopped += 1;
            for _ in 0..2 {
                world.undo(plan, step).unwrap_or_else(|failure| panic!("{} taken back: {failure}", step.name));
            }
            same(&before, &(world.state(), world.seen()), &format!("{} stopped after {looks} looks", step.name));
        }
        world.apply(plan, step, &Patient::new()).unwrap_or_else(|failure| panic!("{}: {failure}", step.name));
    }
    assert!(stopped > 0, "nothing was stopped");
    for step in plan.steps.iter().rev().filter(|step| !matches!(step.undo, Undo::Never | Undo::Nothing)) {
        world.undo(plan, step).unwrap_or_else(|failure| panic!("{} taken back: {failure}", step.name));
    }
    same(&start, &(world.state(), world.seen()), "all was taken back");
}

/// What is there once nothing is starting any more: how long a program takes to answer is nobody's step.
fn calm(world: &World) -> State {
    let until = Instant::now() + Duration::from_secs(20);
    while world.seen().iter().any(|side| side.contains("starting")) && Instant::now() < until {
        thread::sleep(Duration::from_millis(20));
    }
    (world.state(), world.seen())
}

type State = (std::collections::BTreeMap<String, String>, Vec<String>);

/// Tells states apart by what differs.
pub fn same(before: &State, after: &State, when: &str) {
    let differs: Vec<_> = before.0.iter().filter(|(name, text)| after.0.get(*name) != Some(text)).collect();
    let new: Vec<_> = after.0.iter().filter(|(name, text)| before.0.get(*name) != Some(text)).collect();
    assert!(differs.is_empty() && new.is_empty(), "{when}: was {differs:#?}, is {new:#?}");
    assert_eq!(before.1, after.1, "{when}");
}
