//! The solver: a problem in, a proven placement or a conflict out.
//!
//! Invariant: it sees ordinals and integers only; the same problem gives the same answer, to the byte. When several
//! assignments are equally good, which of them is returned depends on the order of components and choices in the
//! problem and on the warm start; the objective does not. [`Prepared::canonical`] makes the answer independent of both.
//!
//! The way through: `presolve` flattens the problem into a `model`, once for all questions about it ([`Prepared`]). Then
//! for each question `dive` finds first answers, which `eval` values exactly; `propagate`, the cheapest of all bounds and
//! then `coarse`, a bound over classes of places (`codes`), drop most values, the more so after a `narrow` look at the most
//! promising ones; `twins` and `rivals` drop those that others stand for, as far as paths allow it (`reach`).
//! `sweep` proves by eliminating one component after another (`eliminate`, along the `vector` unit) over the pairs of a
//! `bound`, with traffic priced from below by `meter` for what is `left` of every component and rules that pairs do not
//! show priced by `lagrange`, which values cannot be part of anything better; `search` splits the rest on what `branch`
//! finds the gap in. Components that may share machines are settled by `hosts`, which asks the core about problems
//! without any. Nothing here is shared with `problem::score` and
//! `problem::check`, which judge the answer.

mod bound;
mod branch;
mod canonical;
mod coarse;
mod codes;
mod dive;
mod eliminate;
mod eval;
mod floor;
mod hosts;
mod lagrange;
mod left;
mod meter;
mod model;
pub mod packing;
pub mod pairwise;
mod prepared;
mod presolve;
mod propagate;
mod reach;
mod restrict;
mod rivals;
mod search;
#[cfg(feature = "second-opinion")]
pub mod second_opinion;
mod session;
mod sweep;
mod twins;
mod vector;

pub use floor::{Floor, Followed, Lot};
pub use prepared::{Prepared, Request};
pub use restrict::{Allows, Restriction};
pub use session::{Clearing, Session, Tick, TickError};

use crate::problem::{Assignment, Problem};
use std::fmt;

/// How far the search may go. What is found at a limit is valid, and so is its bound.
///
/// The same limits give the same answer, as long as nobody cancels: the solver knows no clock.
#[derive(Clone, Copy)]
pub struct Limits<'a> {
    /// Search nodes.
    pub nodes_max: u64,
    /// Cells of tables, the unit of work of the bounds: a release build does 40 to 80 million a second.
    pub work_max: u64,
    /// Bytes of the tables over pairs of components that are held at one time.
    pub bytes_max: u64,
    /// Asked at every node and at every step of a bound: `true` ends the search. Whoever wants a time limit asks a clock
    /// here.
    pub cancelled: Option<&'a (dyn Fn() -> bool + Sync)>,
}

impl Default for Limits<'_> {
    fn default() -> Self {
        Self { nodes_max: 20_000_000, work_max: 400_000_000, bytes_max: 1 << 30, cancelled: None }
    }
}

impl fmt::Debug for Limits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits")
            .field("nodes_max", &self.nodes_max)
            .field("work_max", &self.work_max)
            .field("bytes_max", &self.bytes_max)
            .field("cancelled", &self.cancelled.map(|_| "some"))
            .finish()
    }
}

impl Limits<'_> {
    /// A part of the nodes and of the work, rounded up, for questions beside the main one.
    #[must_use]
    pub fn share(&self, of: u64) -> Self {
        Self { nodes_max: self.nodes_max.div_ceil(of), work_max: self.work_max.div_ceil(of), ..*self }
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
/// objective of a proven answer. Whoever asks several questions about one problem prepares it once: [`Prepared`].
#[must_use]
pub fn solve_with(
    problem: &Problem,
    limits: &Limits,
    restriction: &Restriction,
    warm: Option<&Assignment>,
) -> Solution {
    let request = Request { limits: *limits, restriction: *restriction, warm, cancelled: None };
    Prepared::new(problem).solve(&request)
}

/// Solves a problem without shared machines.
fn core(problem: &Problem, limits: &Limits, restriction: &Restriction, warm: Option<&Assignment>) -> Solution {
    debug_assert!(problem.groups.is_empty());
    solve_with(problem, limits, restriction, warm)
}
