//! The problem as a mixed-integer linear program: the same optimum, in a form that any solver takes.
//!
//! Nothing is approximated. Products of decisions and tiered prices are written with binaries and exact envelopes (one
//! file per kind: [`Builder`] in `model`, `hosts`, `traffic`, `meter`, `latency`); what cannot be written that way is refused
//! ([`LinearError`]). Two differences of the size of a rounding remain: a flow's share of a tier is rounded to the
//! nano-dollar in a bill and not here, and solvers of floats have tolerances.

mod hosts;
mod latency;
mod meter;
mod model;
mod text;
mod traffic;

pub use text::to_lp;

use super::{ChoiceId, ComponentId, Problem};
use thiserror::Error;

/// One, in the fixed-point integers of a program: coefficients and bounds count billionths.
pub const ONE: i128 = 1_000_000_000;

/// Ordinal of a variable.
pub type VarId = usize;

/// A variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Unique; letters, digits and underscores.
    pub name: String,
    /// Lower bound in billionths.
    pub low: i128,
    /// Upper bound in billionths; `None`: none.
    pub high: Option<i128>,
    /// Whether it takes the values 0 and 1 only.
    pub binary: bool,
}

/// How a row's sum compares with its right-hand side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sense {
    /// At most.
    AtMost,
    /// At least.
    AtLeast,
    /// Equal.
    Equal,
}

/// A constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Unique.
    pub name: String,
    /// Coefficients in billionths; a variable occurs once at most.
    pub terms: Vec<(VarId, i128)>,
    /// Comparison.
    pub sense: Sense,
    /// Right-hand side in billionths.
    pub rhs: i128,
}

/// A program: least objective with all rows kept.
#[derive(Clone, Debug, Default)]
pub struct Linear {
    /// Variables.
    pub variables: Vec<Variable>,
    /// Constraints.
    pub rows: Vec<Row>,
    /// Objective in dollars: coefficients in billionths, so in nano-dollars.
    pub objective: Vec<(VarId, i128)>,
    /// Added to the objective, in nano-dollars.
    pub constant: i128,
    /// Which variable says that a component takes a choice; choices that break a rule on their own have none.
    pub picks: Vec<(VarId, ComponentId, ChoiceId)>,
}

/// What cannot be written as a linear program without changing it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LinearError {
    /// Two objectives.
    #[error(
        "the objective is latency first and cost second; a linear program has one objective, and a weight that keeps \
         the two apart exceeds what floating-point solvers distinguish: use --format json"
    )]
    LatencyFirst,
    /// A ratio of decisions.
    #[error(
        "component `{component}` has machines at {place} that come with less traffic than it may send, and it is billed \
         by what share of that goes to other components; that share is no linear expression: use --format json"
    )]
    Allowance {
        /// Its name.
        component: String,
        /// Where.
        place: String,
    },
    /// Not written.
    #[error("{0} cannot be written as a linear program by this version: use --format json")]
    Unsupported(&'static str),
}

/// The linear program of a problem.
///
/// # Errors
/// [`LinearError`], when something in the problem has no exact linear form.
pub fn linear(problem: &Problem) -> Result<Linear, LinearError> {
    model::build(problem)
}
