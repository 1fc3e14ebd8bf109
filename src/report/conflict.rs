//! Why nothing fits: a smallest set of requirements that cannot hold together.
//!
//! Method: a deletion filter. A requirement whose removal leaves the rest impossible is not needed for the
//! contradiction and goes for good; what remains is irreducible. Removal is tried on whole blocks first, and the
//! blocks are halved, so that hundreds of requirements need tens of solves.

use super::requirement::{Demand, demands, separated};
use super::search::shared_out;
use super::words;
use crate::app::App;
use crate::catalog::PriceBook;
use crate::policy::Policy;
use crate::problem::lower::{Options, lower};
use crate::problem::{Bill, Problem, score};
use crate::solve::{Limits, Status, solve};
use crate::units::{Latency, Money};
use std::cell::Cell;

/// A requirement in a conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConflictItem {
    /// The word used in the wire form.
    pub kind: &'static str,
    /// In plain words.
    pub text: String,
    /// The best bill if only this one were given up; `None` when that alone does not help.
    pub total_without: Option<Money>,
    /// What the requirement would have to be for that bill, when it is a number.
    pub would_need: Option<String>,
}

/// Requirements that cannot hold together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The requirements; empty when nothing on sale would do even without any.
    pub items: Vec<ConflictItem>,
    /// Whether each of them is proven to be needed for the contradiction.
    pub irreducible: bool,
    /// Components that nothing on sale fits, with the reasons, the most frequent first.
    pub without_offer: Vec<(String, Vec<(String, u64)>)>,
}

/// Solves after which the search for a smaller set ends.
const SOLVES_MAX: usize = 60;
/// The part of the caller's limits that each of these solves may use: an explanation should not take much longer than
/// the answer that it explains.
const LIMITS_SHARE: u64 = 100;
/// A million dollars a month per millisecond: latency comes first, whatever an application costs.
const NANOS_PER_US_FIRST: i64 = 1_000_000_000_000;
/// Reasons told per component without an offer.
const REASONS_MAX: usize = 5;

/// An application with what it may be placed on.
struct Case<'a> {
    app: App,
    book: &'a PriceBook,
    policy: &'a Policy,
    limits: Limits,
}

impl Case<'_> {
    /// The problem without some demands; `None` when it cannot even be stated.
    fn without(&self, dropped: &[Demand]) -> Option<Problem> {
        let (mut app, mut policy) = (self.app.clone(), self.policy.clone());
        for demand in dropped {
            demand.relax(&mut app, &mut policy);
        }
        lower(&app, self.book, &policy, &Options::default()).ok()
    }

    /// Whether it is proven that nothing is possible without some demands. What the limits leave open is noted, and the
    /// demands are kept.
    fn impossible_without(&self, dropped: &[Demand], undecided: &Cell<bool>) -> bool {
        let Some(problem) = self.without(dropped) else { return false };
        let bare = problem.components.iter().any(|component| component.choices.is_empty());
        let status = if bare { Status::Infeasible } else { solve(&problem, &self.limits).status };
        undecided.set(undecided.get() || status == Status::Unknown);
        status == Status::Infeasible
    }
}

/// Finds a smallest conflicting set of an application that is known to be infeasible.
pub(super) fn find(app: &App, book: &PriceBook, policy: &Policy, problem: &Problem, limits: &Limits) -> Conflict {
    let limits =
        Limits { nodes_max: limits.nodes_max.div_ceil(LIMITS_SHARE), work_max: limits.work_max.div_ceil(LIMITS_SHARE) };
    let case = Case { app: separated(app), book, policy, limits };
    let undecided = Cell::new(false);
    let all = demands(&case.app, policy);
    let without_offer = without_offer(problem);
    if case.impossible_without(&all, &undecided) {
        return Conflict { items: Vec::new(), irreducible: true, without_offer };
    }
    let (needed, finished) = smallest(&all, &|dropped| case.impossible_without(dropped, &undecided));
    let irreducible = finished && !undecided.get();
    let items = shared_out(needed.len(), &|at| item(&case, needed[at]));
    Conflict { items, irreducible, without_offer }
}

/// The deletion filter: an irreducible part of `all` that is impossible, given that `all` is, and whether the filter
/// came to its end.
fn smallest(all: &[Demand], impossible_without: &dyn Fn(&[Demand]) -> bool) -> (Vec<Demand>, bool) {
    let (mut kept, mut dropped) = (all.to_vec(), Vec::new());
    let mut block = kept.len().div_ceil(2).max(1);
    let mut solves = 0;
    loop {
        let mut at = 0;
        while at < kept.len() {
            if solves == SOLVES_MAX {
                return (kept, false);
            }
            solves += 1;
            let end = (at + block).min(kept.len());
            let trial: Vec<Demand> = dropped.iter().chain(&kept[at..end]).copied().collect();
            if impossible_without(&trial) {
                dropped = trial;
                kept.drain(at..end);
            } else {
                at = end;
            }
        }
        if block == 1 {
            return (kept, true);
        }
        block = block.div_ceil(2).min(kept.len().max(1));
    }
}

/// A requirement in words, with what giving it up alone would bring.
fn item(case: &Case, demand: Demand) -> ConflictItem {
    let freed = case.without(&[demand]);
    let total_without = freed.as_ref().and_then(|problem| best_bill(problem, &case.limits)).map(|bill| bill.total);
    let would_need = match (demand, total_without, freed) {
        (Demand::Budget, Some(total), _) => Some(format!("at least {total} a month")),
        (Demand::Path(at), Some(_), Some(problem)) => nearest_bound(case, at, problem),
        _ => None,
    };
    ConflictItem { kind: demand.kind(), text: demand.text(&case.app, case.policy), total_without, would_need }
}

fn best_bill(problem: &Problem, limits: &Limits) -> Option<Bill> {
    let solution = solve(problem, limits);
    matches!(solution.status, Status::Optimal | Status::Feasible)
        .then(|| score(problem, &solution.assignment))
        .flatten()
}

/// The tightest bound of a path that everything else allows, given the problem without its bound.
fn nearest_bound(case: &Case, path: usize, mut problem: Problem) -> Option<String> {
    // In a separated application only this path has lost its bound.
    let lowered = problem.paths.iter().position(|path| path.bound.is_none())?;
    problem.paths[lowered].nanos_per_us = NANOS_PER_US_FIRST;
    let bill = best_bill(&problem, &case.limits)?;
    let latency = words::millis(Latency::from_micros(bill.path_latency_us[lowered]));
    Some(format!("{latency} {}, then {} a month", case.app.paths[path].percentile.as_str(), bill.total))
}

/// Components for which nothing on sale fits.
fn without_offer(problem: &Problem) -> Vec<(String, Vec<(String, u64)>)> {
    let bare = problem.components.iter().filter(|component| component.choices.is_empty());
    bare.map(|component| {
        let mut reasons = component.excluded.clone();
        reasons.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        reasons.truncate(REASONS_MAX);
        (component.name.clone(), reasons)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordinals(conflict: &[usize], total: usize) -> (Vec<Demand>, bool) {
        let all: Vec<Demand> = (0..total).map(Demand::Path).collect();
        let conflict: Vec<Demand> = conflict.iter().copied().map(Demand::Path).collect();
        smallest(&all, &|dropped| conflict.iter().all(|needed| !dropped.contains(needed)))
    }

    #[test]
    fn the_filter_finds_exactly_the_conflicting_set() {
        for conflict in [&[0][..], &[3, 7], &[0, 9], &[1, 4, 5, 8], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]] {
            let wanted: Vec<Demand> = conflict.iter().copied().map(Demand::Path).collect();
            assert_eq!(ordinals(conflict, 10), (wanted, true));
        }
        assert_eq!(ordinals(&[17], 18).0, vec![Demand::Path(17)]);
    }

    #[test]
    fn many_requirements_need_few_solves() {
        let (found, irreducible) = ordinals(&[12, 3_000], 4_000);
        assert!(irreducible);
        assert_eq!(found, vec![Demand::Path(12), Demand::Path(3_000)]);
    }
}
