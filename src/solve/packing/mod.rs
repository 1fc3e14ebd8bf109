//! Packing, solved: patterns first, then an integer program over how often each pattern is used.
//!
//! Invariant: a bound is a sum of integers that holds whatever the floats proposed; an answer is integers that were
//! tested against every row. [`crate::problem::packing::check`] judges it once more and shares no code with this.

mod patterns;
mod program;
mod search;
mod simplex;

use crate::problem::packing::{Bought, Packing};
use crate::solve::Status;
use patterns::Pattern;

/// Most sets of deployed components that the alternatives of one problem may leave.
const DEPLOYMENTS_MAX: usize = 4_096;

/// Why a problem was not solved at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// Too many sets of components fit on a machine.
    #[error(
        "more sets of components fit on one machine than this solver lists (20,000); split the problem or add conflicts"
    )]
    TooManyPatterns,
    /// Too many ways to choose among alternatives.
    #[error("the alternatives leave more than {DEPLOYMENTS_MAX} ways to choose what is deployed")]
    TooManyDeployments,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// What was found; [`Status::Infeasible`]: no answer within [`Packing::machines_max`] machines.
    pub status: Status,
    /// Machines, most expensive patterns not first but in the order of patterns; empty when nothing was found.
    pub machines: Vec<Bought>,
    /// Total price; 0 when nothing was found.
    pub price: i64,
    /// No answer is cheaper. When infeasible: `i64::MAX`.
    pub lower_bound: i64,
    /// Nodes of the search.
    pub nodes: u64,
}

/// Solves a packing problem to proven optimality, or up to `nodes_max` nodes of the search or until `cancelled` says so.
///
/// # Errors
/// [`Stop`], when the problem is beyond the stated sizes.
pub fn solve(packing: &Packing, nodes_max: u64, cancelled: &dyn Fn() -> bool) -> Result<Packed, Stop> {
    let conflicts = patterns::conflicts(packing);
    let patterns = patterns::find(packing)?;
    let mut search = search::Search::new(nodes_max, cancelled);
    for deployed in deployments(packing)? {
        search.run(&program::Program::new(packing, &patterns, &conflicts, deployed));
    }
    let answer = |(price, counts): (i64, Vec<(Pattern, i64)>)| (price, machines(&counts));
    let (status, (price, machines)) = match (search.best.map(answer), search.open) {
        (Some(best), i64::MAX) => (Status::Optimal, best),
        (Some(best), open) if open >= best.0 => (Status::Optimal, best),
        (Some(best), _) => (Status::Feasible, best),
        (None, i64::MAX) => (Status::Infeasible, (0, Vec::new())),
        (None, _) => (Status::Unknown, (0, Vec::new())),
    };
    let lower_bound = match status {
        Status::Optimal => price,
        _ => search.open,
    };
    Ok(Packed { status, machines, price, lower_bound, nodes: search.nodes })
}

fn machines(counts: &[(Pattern, i64)]) -> Vec<Bought> {
    let components = |set: u64| (0..64).filter(|c| set >> c & 1 == 1).collect();
    let bought = |(pattern, count): &(Pattern, i64)| Bought {
        offer: pattern.offer,
        components: components(pattern.set),
        count: u32::try_from(*count).unwrap_or(u32::MAX),
    };
    counts.iter().map(bought).collect()
}

/// Every set of deployed components that keeps all alternatives.
fn deployments(packing: &Packing) -> Result<Vec<u64>, Stop> {
    use crate::problem::packing::Rule;
    let all = u64::MAX >> (64 - packing.components.len().max(1));
    let optional = patterns::optional(packing);
    let pairs: Vec<(usize, usize)> = packing
        .rules
        .iter()
        .filter_map(|r| if let Rule::Either { a, b } = r { Some((*a, *b)) } else { None })
        .collect();
    let mut found = vec![all & !optional];
    let mut decided = !optional;
    for c in (0..packing.components.len()).filter(|c| optional >> c & 1 == 1) {
        decided |= 1 << c;
        let known = |&&(a, b): &&(usize, usize)| (a == c || b == c) && decided >> a & 1 == 1 && decided >> b & 1 == 1;
        let known: Vec<_> = pairs.iter().filter(known).collect();
        let keeps = |set: &u64| known.iter().all(|(a, b)| (set >> a & 1) != (set >> b & 1));
        found = found.iter().flat_map(|&set| [set, set | 1 << c]).filter(keeps).collect();
        if found.len() > DEPLOYMENTS_MAX {
            return Err(Stop::TooManyDeployments);
        }
    }
    Ok(found)
}
