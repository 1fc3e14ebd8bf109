//! The solver: a problem in, a proven placement or a conflict out.
//!
//! Invariant: it sees ordinals and integers only; the same problem gives the same answer, to the byte. When several
//! assignments are equally good, which of them is returned depends on the order of components and choices in the
//! problem and on the warm start; the objective does not.
//!
//! The way through: `presolve` flattens the problem into a `model`; `dive` finds first answers, which `eval` values
//! exactly; `sweep` proves by dynamic programming over the pairs of a `bound`, with traffic priced from below by `meter`
//! and path bounds by `lagrange`, which values cannot be part of anything better; `search` splits the rest. Components
//! that may share machines are settled by `hosts`, which asks the core about problems without any. Nothing here is
//! shared with `problem::score` and `problem::check`, which judge the answer.

mod bound;
mod dive;
mod eval;
mod hosts;
mod lagrange;
mod meter;
mod model;
pub mod packing;
pub mod pairwise;
mod presolve;
mod restrict;
mod search;
#[cfg(feature = "second-opinion")]
pub mod second_opinion;
mod sweep;

pub use restrict::{Allows, Restriction};

use crate::problem::{Assignment, Problem};

/// How far the search may go. Both limits are deterministic, unlike time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Search nodes.
    pub nodes_max: u64,
    /// Cells of pair tables, the unit of work of the bounds: a release build does 40 to 80 million a second.
    pub work_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { nodes_max: 20_000_000, work_max: 400_000_000 }
    }
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The assignment is the best there is.
    Optimal,
    /// The assignment is valid; nothing below the bound exists.
    Feasible,
    /// Proven: no assignment satisfies the hard constraints and the [`Restriction`].
    Infeasible,
    /// The limits ended the search before anything was found.
    Unknown,
}

/// The answer of the solver. Objective values are those of [`crate::problem::Bill::objective`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solution {
    /// What was found.
    pub status: Status,
    /// The picked choices; empty when nothing was found.
    pub assignment: Assignment,
    /// Value of the assignment; 0 when nothing was found.
    pub objective: i128,
    /// No allowed assignment has a lower value. When infeasible: [`Restriction::stop_above`], or `i128::MAX`.
    pub lower_bound: i128,
    /// Search nodes visited.
    pub nodes: u64,
}

/// Solves a problem to proven optimality within the limits.
#[must_use]
pub fn solve(problem: &Problem, limits: &Limits) -> Solution {
    solve_with(problem, limits, &Restriction::default(), None)
}

/// Solves a problem over the assignments that a restriction allows.
///
/// `warm` is a known assignment to start from; it is ignored when it is not valid or not allowed. It never changes the
/// objective of a proven answer.
#[must_use]
pub fn solve_with(
    problem: &Problem,
    limits: &Limits,
    restriction: &Restriction,
    warm: Option<&Assignment>,
) -> Solution {
    if problem.groups.is_empty() {
        return core(problem, limits, restriction, warm);
    }
    hosts::solve(problem, limits, restriction, warm)
}

/// Solves a problem without shared machines.
fn core(problem: &Problem, limits: &Limits, restriction: &Restriction, warm: Option<&Assignment>) -> Solution {
    let model = presolve::build(problem, restriction);
    let none =
        |status, lower_bound, nodes| Solution { status, assignment: Vec::new(), objective: 0, lower_bound, nodes };
    let nothing_below = restriction.stop_above.unwrap_or(i128::MAX);
    if model.parts.iter().any(|part| part.values.is_empty()) {
        return none(Status::Infeasible, nothing_below, 0);
    }
    let below = restriction.stop_above.map_or(i128::MAX >> 2, |value| model.internal(value));
    let mut search = search::Search::new(&model, *limits, below);
    if let Some(picked) = warm.and_then(|warm| values_of(&model, warm)) {
        let _ = search.offer(&picked);
    }
    let outcome = search.run();
    let open = outcome.open.map(|bound| model.external(i128::from(bound) << model.scale.shift));
    match outcome.best {
        Some((value, picked)) => {
            let assignment: Assignment = picked.iter().zip(&model.parts).map(|(&v, p)| p.values[v].choice).collect();
            let objective = model.external(value);
            // A draft's choices have no charges yet; whoever drafts has the bill compared.
            debug_assert!(
                problem.picked(&assignment).iter().any(|choice| choice.charges.is_empty())
                    || crate::problem::score(problem, &assignment).map(|bill| bill.objective) == Some(objective)
            );
            let lower_bound = open.map_or(objective, |bound| bound.min(objective));
            let over = |value: i128| {
                let budget = problem.budget.filter(|_| model.budget.is_none());
                budget.is_some_and(|budget| value > i128::from(budget.nanos()))
            };
            match (over(lower_bound), over(objective)) {
                (true, _) => return none(Status::Infeasible, nothing_below, outcome.nodes),
                (false, true) => return none(Status::Unknown, lower_bound, outcome.nodes),
                (false, false) => {}
            }
            let status = if lower_bound == objective { Status::Optimal } else { Status::Feasible };
            Solution { status, assignment, objective, lower_bound, nodes: outcome.nodes }
        }
        None => match open {
            Some(bound) => none(Status::Unknown, bound, outcome.nodes),
            None => none(Status::Infeasible, nothing_below, outcome.nodes),
        },
    }
}

/// The values of an assignment. In place of a choice that presolve dropped stands one at the same place.
fn values_of(model: &model::Model, assignment: &Assignment) -> Option<Vec<usize>> {
    if assignment.len() != model.parts.len() {
        return None;
    }
    let value = |(component, choice): (usize, &usize)| {
        let values = &model.parts[component].values;
        let place = model.problem.components[component].choices.get(*choice)?.place;
        let exactly = values.iter().position(|v| v.choice == *choice);
        exactly.or_else(|| values.iter().position(|v| v.place == place))
    };
    assignment.iter().enumerate().map(value).collect()
}
