//! The cost-latency frontier: every placement that is neither slower nor dearer than another one can be.
//!
//! The latency of a placement is that of the chosen path, the slowest of its audiences and replicas; without a chosen
//! path, of the slowest of all paths. Its own bounds and the budget are lifted, so that the frontier shows what lies
//! beyond them; bounds of other paths and all other requirements stay.
//!
//! Method: epsilon constraint. The cheapest placement of all has some latency; the next point is the cheapest placement
//! that is faster by at least a microsecond, and so on until nothing is faster. Latencies are whole microseconds, so
//! nothing lies between two points, and each point is a proven optimum: the list is complete, or says that it is not.

use super::explain::{Moved, moved};
use super::{ReportError, search};
use crate::app::App;
use crate::catalog::PriceBook;
use crate::policy::Policy;
use crate::problem::lower::{Options, lower};
use crate::problem::{Assignment, Bill, Objective, Problem};
use crate::solve::{Limits, Prepared, Status};
use crate::units::{Latency, Money};

mod fill;
pub mod wire;

/// A point of the frontier.
#[derive(Clone, Debug)]
pub struct Point {
    /// Latency of the measured path.
    pub latency: Latency,
    /// The picked choices.
    pub assignment: Assignment,
    /// Their bill.
    pub bill: Bill,
    /// Whether it keeps the bounds of the measured path, which the frontier looks beyond.
    pub within_bound: bool,
    /// Whether it keeps the budget.
    pub within_budget: bool,
    /// What differs from the point before.
    pub moved: Vec<Moved>,
}

/// The frontier of an application.
#[derive(Clone, Debug)]
pub struct Frontier {
    /// The problem, without the bounds that the frontier looks beyond.
    pub problem: Problem,
    /// The measured path; `None`: the slowest of all.
    pub path: Option<String>,
    /// The tightest bound of the measured paths, when there is one.
    pub bound: Option<Latency>,
    /// The budget, when there is one.
    pub budget: Option<Money>,
    /// The points, the cheapest (and slowest) first; empty when nothing keeps the other requirements.
    pub points: Vec<Point>,
    /// Whether these are all points. If not, faster ones may be missing.
    pub complete: bool,
}

impl Frontier {
    /// The canonical form.
    #[must_use]
    pub fn to_wire(&self, book: &PriceBook) -> wire::Frontier {
        fill::frontier(self, book)
    }
}

/// Finds the frontier for a path of the application by ordinal, or for the slowest of all its paths; after `points_max`
/// solves it ends, and says so.
///
/// # Errors
/// [`ReportError`] when the application does not fit the book or the solver's answer is wrong.
pub fn frontier(
    app: &App,
    book: &PriceBook,
    policy: &Policy,
    limits: &Limits,
    path: Option<usize>,
    points_max: usize,
) -> Result<Frontier, ReportError> {
    let mut problem = lower(app, book, policy, &Options::default())?;
    let path = path.map(|at| app.paths[at].name.clone());
    let measured: Vec<usize> = (0..problem.paths.len())
        .filter(|&at| path.as_ref().is_none_or(|name| *name == problem.paths[at].name))
        .collect();
    let bounds: Vec<(usize, Option<Latency>)> = measured.iter().map(|&at| (at, problem.paths[at].bound)).collect();
    let bound = bounds.iter().filter_map(|(_, bound)| *bound).min();
    let budget = problem.budget.take();
    problem.objective = Objective::Cost;
    for path in &mut problem.paths {
        path.nanos_per_us = 0;
    }
    for &at in &measured {
        problem.paths[at].bound = None;
    }
    let (found, complete) = trace(&problem, &measured, limits, points_max)?;
    let within = |bill: &Bill| {
        bounds.iter().all(|&(at, bound)| bound.is_none_or(|bound| bill.path_latency_us[at] <= bound.micros()))
    };
    let point = |Traced { latency, assignment, bill }: Traced| Point {
        latency,
        within_bound: within(&bill),
        within_budget: budget.is_none_or(|budget| bill.total <= budget),
        assignment,
        bill,
        moved: Vec::new(),
    };
    let mut points: Vec<Point> = found.into_iter().map(point).collect();
    for at in 1..points.len() {
        points[at].moved = moved((&problem, &points[at - 1].assignment), (&problem, &points[at].assignment));
    }
    Ok(Frontier { problem, path, bound, budget, points, complete })
}

/// A point of a traced frontier.
#[derive(Clone, Debug)]
pub struct Traced {
    /// Latency of the slowest measured path.
    pub latency: Latency,
    /// The picked choices.
    pub assignment: Assignment,
    /// Their bill.
    pub bill: Bill,
}

/// The frontier of a problem between its bill and the slowest of the `measured` paths (by ordinal), whose bounds are not
/// looked at: the points, the cheapest first, and whether they are all.
///
/// # Errors
/// [`ReportError::Internal`] when the solver's answer is wrong.
pub fn trace(
    problem: &Problem,
    measured: &[usize],
    limits: &Limits,
    points_max: usize,
) -> Result<(Vec<Traced>, bool), ReportError> {
    let mut searched = problem.clone();
    let bound = |searched: &mut Problem, to: Option<Latency>| {
        for &at in measured {
            searched.paths[at].bound = to;
        }
    };
    bound(&mut searched, None);
    let mut points: Vec<Traced> = Vec::new();
    for _ in 0..points_max {
        let solution = search::solve_allowed(&Prepared::new(&searched), limits, &|_, _| true, None);
        let Some(bill) = search::confirmed(&searched, &solution)? else {
            return Ok((points, solution.status == Status::Infeasible));
        };
        if solution.status != Status::Optimal {
            return Ok((points, false));
        }
        let latency = measured.iter().map(|&at| bill.path_latency_us[at]).max();
        // As cheap and faster: then the point before was none.
        points.pop_if(|last| last.bill.total == bill.total);
        let slowest = Latency::from_micros(latency.unwrap_or(0));
        points.push(Traced { latency: slowest, assignment: solution.assignment, bill });
        let Some(latency) = latency else { return Ok((points, true)) };
        bound(&mut searched, Some(Latency::from_micros(latency - 1)));
    }
    Ok((points, false))
}
