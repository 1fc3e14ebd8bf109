//! Solving under restrictions, believing what was found only after the checker and the exact bill, and sharing out
//! independent work over threads.

use super::ReportError;
use crate::problem::lower::Pick;
use crate::problem::{Assignment, Bill, Choice, ChoiceId, ComponentId, Host, Problem, check, score};
use crate::solve::{Limits, Prepared, Request, Restriction, Solution, Status};
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Solves with only those choices that `allowed` lets pass.
pub(super) fn solve_allowed(
    prepared: &Prepared,
    limits: &Limits,
    allowed: &dyn Fn(ComponentId, &Choice) -> bool,
    warm: Option<&Assignment>,
) -> Solution {
    let allows = |component: ComponentId, _: ChoiceId, choice: &Choice| allowed(component, choice);
    let restriction = Restriction::allowing(&allows);
    prepared.solve(&Request { limits: *limits, restriction, warm, cancelled: None })
}

/// The exact bill of what a solve found; `None` when it found nothing.
///
/// # Errors
/// [`ReportError::Internal`] when the placement breaks a rule, or the bill differs from what the solver says: then no
/// figure of this problem can be trusted, and saying nothing would hide it.
pub(super) fn confirmed(problem: &Problem, solution: &Solution) -> Result<Option<Bill>, ReportError> {
    match solution.status {
        Status::Infeasible | Status::Unknown => return Ok(None),
        Status::Optimal | Status::Feasible => {}
    }
    if let Some(broken) = check(problem, &solution.assignment).first() {
        return Err(ReportError::Internal(format!("the solver's placement breaks a rule: {broken}")));
    }
    let bill = score(problem, &solution.assignment);
    let bill = bill.ok_or_else(|| ReportError::Internal("the solver's placement cannot be priced".into()))?;
    if bill.objective != solution.objective {
        return Err(ReportError::Internal(format!(
            "the solver's objective {} differs from the bill's {}",
            solution.objective, bill.objective
        )));
    }
    if solution.lower_bound > solution.objective {
        return Err(ReportError::Internal("the lower bound is above the answer".into()));
    }
    Ok(Some(bill))
}

/// The same placement in another lowering of the same application; `None` when a choice is not in it.
pub(super) fn carried(from: &Problem, assignment: &Assignment, to: &Problem) -> Option<Assignment> {
    let same = |a: &Choice, b: &Choice| {
        from.places[a.place].region == to.places[b.place].region
            && (&a.offer, a.purchase, a.count, a.form, a.today) == (&b.offer, b.purchase, b.count, b.form, b.today)
            && (&a.above, a.host) == (&b.above, b.host)
    };
    let picked = from.picked(assignment);
    if to.components.len() != picked.len() {
        return None;
    }
    picked.iter().zip(&to.components).map(|(a, component)| component.choices.iter().position(|b| same(a, b))).collect()
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
