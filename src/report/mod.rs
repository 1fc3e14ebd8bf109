//! The report: a recommendation, what it would cost to choose differently, and how far the figures can be trusted.
//!
//! Invariants: nothing is told as an answer that the independent checker or the exact bill did not confirm; every
//! number of [`wire`] comes from a [`Bill`], never from the solver; the same input gives the same report, to the byte
//! (threads only share out work whose results are put back in order).

mod alternatives;
mod brief;
mod conflict;
pub mod explain;
mod fill;
pub mod fleet;
pub mod frontier;
mod notes;
mod relax;
mod requirement;
mod scope;
mod search;
mod today;
pub mod wire;
mod words;

pub use alternatives::{Baseline, BaselineKind, Picked, RunnerUp};
pub use brief::{Answer, Brief, brief};
pub use conflict::{Conflict, ConflictItem};

use crate::app::{App, Scenario};
use crate::catalog::PriceBook;
use crate::policy::Policy;
use crate::problem::lower::{LowerError, Lowerer, Options};
use crate::problem::{Assignment, Bill, Objective, Problem, check, score};
use crate::solve::{Limits, Prepared, Solution, Status};
use crate::units::Money;
use thiserror::Error;
use today::Today;

/// Why there is no report.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReportError {
    /// The application does not fit the price book.
    #[error(transparent)]
    Lower(#[from] LowerError),
    /// The search ended at its limit before any placement was found, and without a proof that there is none.
    #[error("no placement was found within {nodes_max} search nodes, and none was ruled out")]
    Unfinished {
        /// The limit.
        nodes_max: u64,
    },
    /// The solver's answer did not survive the checker or the exact bill.
    #[error("internal error, please report it: {0}")]
    Internal(String),
}

/// What to do about today's placement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Keep it: nothing better exists.
    Stay,
    /// Leave it.
    Move,
    /// There is none.
    New,
}

/// A placement that was found, checked and priced.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Whether it is proven to be the best: `false` when the search ended at its limit.
    pub optimal: bool,
    /// The picked choices.
    pub assignment: Assignment,
    /// Its exact bill.
    pub bill: Bill,
    /// No assignment has a lower objective.
    pub lower_bound: i128,
    /// No assignment has a lower bill, in nano-dollars.
    pub cost_bound: i128,
    /// What to do.
    pub decision: Decision,
    /// For every component the best total with another provider for it.
    pub runner_ups: Vec<Option<RunnerUp>>,
    /// Other ways of choosing.
    pub baselines: Vec<Baseline>,
    /// The bill of a quiet month.
    pub low: Option<Money>,
    /// The bill of the busiest month.
    pub high: Option<Money>,
}

/// What was found.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// A placement.
    Placed(Box<Placed>),
    /// Proof that there is none.
    Infeasible(Conflict),
}

/// A recommendation: the problem and what was found.
#[derive(Clone, Debug)]
pub struct Recommendation {
    /// The typical month as the solver saw it.
    pub problem: Problem,
    /// What was found.
    pub outcome: Outcome,
}

impl Recommendation {
    /// The canonical form, for JSON and for everything that is shown.
    #[must_use]
    pub fn to_wire(&self, app: &App, book: &PriceBook) -> wire::Report {
        fill::report(self, app, book)
    }
}

/// Recommends a placement for an application.
///
/// # Errors
/// [`ReportError`] when the application does not fit the book, the limits were too tight to find or rule out anything,
/// or the solver's answer is wrong.
pub fn recommend(app: &App, book: &PriceBook, policy: &Policy, limits: &Limits) -> Result<Recommendation, ReportError> {
    let lowerer = Lowerer::new(book);
    let problem = lowerer.lower(app, policy, &Options::default())?;
    let other_month =
        |assignment: &Assignment, scenario| other_month(app, &lowerer, policy, &problem, assignment, scenario);
    let outcome = match place(&problem, limits, || today::find(app, &lowerer, policy, &problem), &other_month)? {
        Some(placed) => Outcome::Placed(Box::new(placed)),
        None => Outcome::Infeasible(conflict::find(app, book, policy, &problem, limits)?),
    };
    Ok(Recommendation { problem, outcome })
}

/// Prices an assignment in another month than the typical one.
type OtherMonth<'a> = dyn Fn(&Assignment, Scenario) -> Option<Money> + Sync + 'a;

/// The solver's answer, checked, priced, and held against today's placement.
struct Found {
    optimal: bool,
    assignment: Assignment,
    bill: Bill,
    lower_bound: i128,
    decision: Decision,
    today: Option<Baseline>,
}

/// Checks a solution and holds it against today's placement. `None` when it is proven that there is no placement.
fn judge(
    problem: &Problem,
    limits: &Limits,
    solution: Solution,
    today: impl FnOnce() -> Option<Today>,
) -> Result<Option<Found>, ReportError> {
    let Some(found) = search::confirmed(problem, &solution)? else {
        let unfinished = ReportError::Unfinished { nodes_max: limits.nodes_max };
        return if solution.status == Status::Unknown { Err(unfinished) } else { Ok(None) };
    };
    let today = today();
    let (assignment, bill, decision) = decide(problem, solution.assignment, found, today.as_ref());
    Ok(Some(Found {
        optimal: solution.status == Status::Optimal,
        assignment,
        bill,
        lower_bound: solution.lower_bound,
        decision,
        today: today.map(|today| today.baseline),
    }))
}

/// Everything after lowering: solve, check, and compare. `None` when it is proven that there is no placement.
fn place(
    problem: &Problem,
    limits: &Limits,
    today: impl FnOnce() -> Option<Today>,
    other_month: &OtherMonth,
) -> Result<Option<Placed>, ReportError> {
    let prepared = Prepared::new(problem);
    let solution = prepared.canonical(search::solve_allowed(&prepared, limits, &|_, _| true, None), limits);
    let Some(found) = judge(problem, limits, solution, today)? else { return Ok(None) };
    let Found { optimal, assignment, bill, lower_bound, decision, today } = found;
    let cost_bound = cost_bound(problem, limits, lower_bound, &assignment).min(i128::from(bill.total.nanos()));
    let more = alternatives::explore(&prepared, limits, &assignment, today, other_month)?;
    Ok(Some(Placed {
        optimal,
        assignment,
        bill,
        lower_bound,
        cost_bound,
        decision,
        runner_ups: more.runner_ups,
        baselines: more.baselines,
        low: more.low,
        high: more.high,
    }))
}

/// Whether the objective is the bill and nothing else.
fn is_pure_cost(problem: &Problem) -> bool {
    problem.objective == Objective::Cost && problem.paths.iter().all(|path| path.nanos_per_us == 0)
}

/// A lower bound on the bill: that of the objective when it is the bill, else what the cheapest allowed placement costs,
/// whatever its latency within the bounds.
fn cost_bound(problem: &Problem, limits: &Limits, lower_bound: i128, found: &Assignment) -> i128 {
    if is_pure_cost(problem) {
        return lower_bound;
    }
    let mut by_cost = problem.clone();
    by_cost.objective = Objective::Cost;
    for path in &mut by_cost.paths {
        path.nanos_per_us = 0;
    }
    search::solve_allowed(&Prepared::new(&by_cost), limits, &|_, _| true, Some(found)).lower_bound
}

/// Prefers today's placement when it keeps every rule and nothing better was found.
fn decide(problem: &Problem, found: Assignment, bill: Bill, today: Option<&Today>) -> (Assignment, Bill, Decision) {
    let Some(today) = today else { return (found, bill, Decision::New) };
    let valid = today.assignment.as_ref().filter(|now| check(problem, now).is_empty());
    let now = valid.and_then(|now| Some((now.clone(), score(problem, now)?)));
    match now.filter(|(_, now)| now.objective <= bill.objective) {
        Some((now, bill)) => (now, bill, Decision::Stay),
        None => (found, bill, Decision::Move),
    }
}

/// Lowers again with only the picked choices on offer, for another month, and prices them.
fn other_month(
    app: &App,
    lowerer: &Lowerer,
    policy: &Policy,
    problem: &Problem,
    assignment: &Assignment,
    scenario: Scenario,
) -> Option<Money> {
    let only = Some(search::picks(problem, assignment));
    let month = lowerer.lower(app, policy, &Options { scenario, only, ..Options::default() }).ok()?;
    let fits = month.components.iter().all(|component| component.choices.len() == 1);
    if !fits {
        return None;
    }
    score(&month, &vec![0; month.components.len()]).map(|bill| bill.total)
}
