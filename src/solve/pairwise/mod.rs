//! The plain pairwise problem, solved exactly: per component a cost per place, per pair of components a cost table.
//!
//! The same network gives the same answer, to the byte. See [`solve`].

mod approach;
mod cell;
mod columns;
mod core;
mod deficit;
mod eliminate;
mod focus;
mod kernel;
mod lift;
mod marginals;
mod network;
mod part;
mod pricing;
mod primal;
mod prune;
mod reduce;
mod search;
mod session;
mod steps;
mod threads;

pub use marginals::{Marginals, forced, min_marginals};
pub use network::{FORBIDDEN, Network, NetworkError, Pair, SUM_MAX};
pub use session::{Clearing, Session, Tick};

use super::Status;

/// How far the search may go.
#[derive(Clone, Copy)]
pub struct Limits<'c> {
    /// Search nodes.
    pub nodes_max: u64,
    /// Cells of pair tables that may be looked at, the unit of work: a release build does some hundred million a second.
    pub work_max: u64,
    /// Memory for working copies, in bytes, beyond the network itself: tables of what is left, messages, and a state for
    /// every search node that is open. When it does not suffice, the search ends like at any other limit.
    pub bytes_max: u64,
    /// Asked now and then; the search ends when it says so. This is where the edge imposes time.
    pub cancel: Option<&'c (dyn Fn() -> bool + Sync)>,
}

impl Default for Limits<'_> {
    fn default() -> Self {
        Self { nodes_max: u64::MAX, work_max: 1 << 40, bytes_max: 8 << 30, cancel: None }
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether the assignment is proven the best, or merely allowed, or none exists, or none was found.
    pub status: Status,
    /// Total of the assignment; 0 without one.
    pub objective: i64,
    /// No assignment has a lower total; [`i64::MAX`] when none is allowed.
    pub lower_bound: i64,
    /// One place per component; empty without one.
    pub assignment: Vec<usize>,
    /// Search nodes visited.
    pub nodes: u64,
}

/// What was spent.
#[derive(Clone, Copy, Debug, Default)]
struct Effort {
    nodes: u64,
    work: u64,
    /// Held at present, in working copies.
    bytes: u64,
    over: bool,
}

impl Effort {
    /// Whether a limit was reached; it stays reached.
    fn ends(&mut self, limits: &Limits<'_>) -> bool {
        self.over = self.over
            || self.nodes > limits.nodes_max
            || self.work > limits.work_max
            || limits.cancel.is_some_and(|cancel| cancel());
        self.over
    }

    /// Whether so many bytes more may be held; if so, they are.
    fn fits(&mut self, bytes: usize, limits: &Limits<'_>) -> bool {
        let more = self.bytes.saturating_add(bytes as u64);
        if more > limits.bytes_max {
            return false;
        }
        self.bytes = more;
        true
    }

    /// The same, where there is no way to go on without: the limit counts as reached.
    fn holds(&mut self, bytes: usize, limits: &Limits<'_>) -> bool {
        let fits = self.fits(bytes, limits);
        self.over |= !fits;
        fits
    }

    fn frees(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes as u64);
    }
}

/// Finds out what the processor can do. That takes some 30 us once in a process; the first solve does it otherwise.
pub fn start() {
    pulp::Arch::new();
}

/// Solves a network to proven optimality within the limits.
///
/// Connected parts are solved one after another; the total is their sum.
#[must_use]
pub fn solve(network: &Network, limits: &Limits<'_>) -> Outcome {
    let mut effort = Effort::default();
    let mut assignment = vec![0; network.components()];
    let (mut objective, mut lower_bound) = (0i64, 0i64);
    let (mut found, mut proven, mut infeasible) = (true, true, false);
    for (members, pairs) in network.parts() {
        effort.bytes = 0;
        let result = search::Search::new(network, &members, &pairs, limits, &mut effort).run();
        let best = result.best.as_ref().map(|(total, _)| *total);
        match (best, result.open) {
            (None, None) => infeasible = true,
            (None, Some(open)) => {
                found = false;
                lower_bound += open;
            }
            (Some(total), open) => {
                lower_bound += open.map_or(total, |open| open.min(total));
                proven &= open.is_none_or(|open| open >= total);
                objective += total;
            }
        }
        if let Some((_, places)) = result.best {
            for &component in &members {
                assignment[component] = places[component];
            }
        }
        if infeasible {
            break;
        }
    }
    let none = |status, lower_bound| Outcome {
        status,
        objective: 0,
        lower_bound,
        assignment: Vec::new(),
        nodes: effort.nodes,
    };
    if infeasible {
        return none(Status::Infeasible, i64::MAX);
    }
    if !found {
        return none(Status::Unknown, lower_bound);
    }
    debug_assert_eq!(network.cost(&assignment), Some(objective));
    let status = if proven { Status::Optimal } else { Status::Feasible };
    Outcome { status, objective, lower_bound, assignment, nodes: effort.nodes }
}
