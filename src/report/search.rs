//! Solving under restrictions, and sharing out independent work over threads.

use crate::problem::lower::Pick;
use crate::problem::{Assignment, Choice, ChoiceId, ComponentId, Host, Problem};
use crate::solve::{Limits, Restriction, Solution, solve_with};
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Solves with only those choices that `allowed` lets pass.
pub(super) fn solve_allowed(
    problem: &Problem,
    limits: &Limits,
    allowed: &dyn Fn(ComponentId, &Choice) -> bool,
    warm: Option<&Assignment>,
) -> Solution {
    let allows = |component: ComponentId, _: ChoiceId, choice: &Choice| allowed(component, choice);
    solve_with(problem, limits, &Restriction::allowing(&allows), warm)
}

/// The picked choices in the words of the price book.
pub(super) fn picks(problem: &Problem, assignment: &Assignment) -> Vec<Pick> {
    let pick = |component: ComponentId| {
        let choice = &problem.components[component].choices[assignment[component]];
        let bought = problem.bought(assignment, component);
        let above: u32 = bought.above.iter().map(|above| above.count).sum();
        let top = bought.above.last().map(|above| above.purchase);
        Pick {
            region: problem.places[choice.place].region,
            offer: bought.offer.clone(),
            purchase: bought.purchase,
            base: top.map(|_| bought.count - above),
            top,
            leader: match choice.host {
                Host::Own => None,
                Host::Leads(_) => Some(component),
                Host::Joins(leader) => Some(leader),
            },
        }
    };
    (0..assignment.len()).map(pick).collect()
}

/// Does `work` for `0..count` on all processors; results in order, whatever the threads did.
pub(super) fn shared_out<T: Send>(count: usize, work: &(dyn Fn(usize) -> T + Sync)) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(count);
    if threads <= 1 {
        return (0..count).map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Option<T>>> = Mutex::new((0..count).map(|_| None).collect());
    let run = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count {
                break;
            }
            let result = work(at);
            // A poisoned lock means that another worker panicked; the scope passes that panic on.
            if let Ok(mut done) = done.lock() {
                done[at] = Some(result);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(run);
        }
        run();
    });
    done.into_inner().unwrap_or_default().into_iter().flatten().collect()
}
