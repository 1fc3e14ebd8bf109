//! What the best total is when a component must be at a place: runner-ups, flip prices, "why not there".

use super::network::{FORBIDDEN, Network};
use super::{Limits, Outcome, solve};

/// For every component and place a total below which no assignment that uses the place can come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marginals {
    /// The solved network.
    pub outcome: Outcome,
    /// Per component, per place: a bound from below for the best total with the component at the place; [`FORBIDDEN`] when
    /// proven impossible.
    pub bounds: Vec<Vec<i64>>,
}

/// Bounds for every component and place.
#[must_use]
pub fn min_marginals(network: &Network, limits: &Limits<'_>) -> Marginals {
    let outcome = solve(network, limits);
    let floor = if outcome.assignment.is_empty() { i64::MIN } else { outcome.lower_bound };
    let bounds =
        network.unary().iter().map(|costs| costs.iter().map(|&c| if c == FORBIDDEN { c } else { floor }).collect());
    Marginals { bounds: bounds.collect(), outcome }
}

/// The exact best with one component at a given place.
///
/// # Panics
/// When there is no such component or place.
#[must_use]
pub fn forced(network: &Network, component: usize, place: usize, limits: &Limits<'_>) -> Outcome {
    let mut network = network.clone();
    for other in 0..network.unary()[component].len() {
        if other != place {
            network.forbid(component, other);
        }
    }
    solve(&network, limits)
}
