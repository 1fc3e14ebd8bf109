//! What requirements cost: the best placement without each one, and the least relaxation at which something changes.

use super::changes::{Moved, moved};
use super::{Answer, Source};
use crate::report::conflict::{Nearest, also, bound_words};
use crate::report::relax::{Case, Possible, tightest};
use crate::report::requirement::Demand;
use crate::report::{ReportError, search};
use crate::solve::Status;
use crate::units::Money;

/// A requirement and what it costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The word used in the wire form.
    pub kind: &'static str,
    /// In plain words.
    pub text: String,
    /// The best bill without it; `None` when the limits left that open.
    pub total_without: Option<Money>,
    /// Whether giving it up makes the answer better: else it costs nothing.
    pub binds: bool,
    /// Whether `total_without` is proven to be the best.
    pub optimal: bool,
    /// What would move.
    pub moved: Vec<Moved>,
    /// The least relaxation at which something changes, with the best bill there.
    pub next: Option<Nearest>,
}

/// Whether giving up a requirement is a choice at all: a component without its size or its accelerator is another one.
fn is_a_choice(demand: Demand) -> bool {
    !matches!(demand, Demand::Size(_) | Demand::Gpu(_))
}

/// What every requirement costs that concerns the components in question.
pub(super) fn find(source: &Source, answer: &Answer) -> Result<Vec<Binding>, ReportError> {
    let case = Case::new(source.app, source.book, source.policy, source.limits, Vec::new(), None)?;
    let asked = |demand: &Demand| match (source.ask.component, demand.component()) {
        (Some(asked), Some(owner)) => asked == owner,
        _ => true,
    };
    let demands: Vec<Demand> =
        case.demands.iter().copied().filter(|demand| is_a_choice(*demand)).filter(asked).collect();
    let all = search::shared_out(demands.len(), &|at| binding(&case, answer, demands[at]));
    let mut all = all.into_iter().collect::<Result<Vec<Binding>, ReportError>>()?;
    // The dearest first; what costs nothing keeps its order.
    all.sort_by_key(|binding| (!binding.binds, binding.total_without.filter(|_| binding.binds)));
    Ok(all)
}

fn binding(case: &Case, answer: &Answer, demand: Demand) -> Result<Binding, ReportError> {
    let freed = case.without(&[demand]);
    let now = answer.bill.objective;
    let none = Binding {
        kind: demand.kind(),
        text: demand.text(&case.app, case.policy),
        total_without: None,
        binds: false,
        optimal: false,
        moved: Vec::new(),
        next: None,
    };
    // Only what is better is looked for: a proof that there is nothing is faster than finding the answer again.
    let solution = case.solve(&freed, Some(now), &case.limits);
    let Some(bill) = search::confirmed(&freed, &solution)? else {
        let free = solution.status == Status::Infeasible;
        return Ok(Binding { total_without: free.then_some(answer.bill.total), optimal: free, ..none });
    };
    let assignment = solution.assignment;
    let next = match demand {
        Demand::Path(at) => next_bound(case, at, &freed, now)?,
        Demand::Place(whose, field, side) => {
            also(case, &freed, &assignment, whose, field, side).map(|value| Nearest { value, total: bill.total })
        }
        _ => None,
    };
    Ok(Binding {
        total_without: Some(bill.total),
        binds: true,
        optimal: solution.status == Status::Optimal,
        moved: moved((answer.problem, answer.assignment), (&freed, &assignment)),
        next,
        ..none
    })
}

/// The tightest looser bound of a path at which something better exists, and the best bill there.
fn next_bound(
    case: &Case,
    path: usize,
    freed: &crate::problem::Problem,
    now: i128,
) -> Result<Option<Nearest>, ReportError> {
    let better = |problem: &crate::problem::Problem| {
        let solution = case.solve(problem, Some(now), &case.limits);
        search::confirmed(problem, &solution)?;
        Ok(match solution.status {
            Status::Infeasible => Possible::No,
            Status::Optimal => Possible::Yes(solution.assignment),
            Status::Feasible | Status::Unknown => Possible::Unknown,
        })
    };
    let Some((bound, assignment)) = tightest(case, freed.clone(), path, &better)? else { return Ok(None) };
    let Some(bill) = crate::problem::score(freed, &assignment) else { return Ok(None) };
    let percentile = case.app.paths[path].percentile.as_str();
    Ok(Some(Nearest { value: format!("{} {percentile}", bound_words(bound)), total: bill.total }))
}
