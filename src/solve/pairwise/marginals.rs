//! What the best total is when a component must be at a place: runner-ups, flip prices, "why not there".

use super::cell::Cell;
use super::core::{Closed, Scratch, Shape, State};
use super::network::{FORBIDDEN, Network};
use super::part::Part;
use super::{Limits, Outcome, solve};
use crate::solve::Status;

/// Rounds of messages behind the bounds.
const ROUNDS: u32 = 40;

/// For every component and place a total below which no assignment that uses the place can come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marginals {
    /// The solved network.
    pub outcome: Outcome,
    /// Per component, per place: a bound from below for the best total with the component at the place; [`FORBIDDEN`] when
    /// proven impossible.
    pub bounds: Vec<Vec<i64>>,
}

/// Bounds for every component and place, from messages over the whole network: true, but not always reached. See
/// [`forced`] for exact ones.
#[must_use]
pub fn min_marginals(network: &Network, limits: &Limits<'_>) -> Marginals {
    let outcome = solve(network, limits);
    let floor = if outcome.status == Status::Infeasible { FORBIDDEN } else { outcome.lower_bound };
    let of = |cost: &i64| if *cost >= FORBIDDEN { FORBIDDEN } else { floor };
    let mut bounds: Vec<Vec<i64>> = network.unary().iter().map(|costs| costs.iter().map(of).collect()).collect();
    for (members, pairs) in network.parts() {
        // What the other parts cost at least comes on top.
        let (part, mut state) = Part::exact(network, &members, &pairs);
        if settle(&part.shape, &mut state).is_err() {
            continue;
        }
        let own = part_floor(network, &outcome, &members, &pairs);
        let rest = own.map(|own| floor - own);
        for (var, &component) in part.components.iter().enumerate() {
            for (bound, &cost) in bounds[component].iter_mut().zip(part.shape.costs(&state, var)) {
                *bound = match rest {
                    _ if cost >= i64::HALF => FORBIDDEN,
                    Some(rest) => (*bound).max(rest + part.base + state.c0 + cost),
                    None => *bound,
                };
            }
        }
    }
    Marginals { outcome, bounds }
}

/// What a part costs in a proven answer.
fn part_floor(network: &Network, outcome: &Outcome, members: &[usize], pairs: &[usize]) -> Option<i64> {
    let proven = outcome.status == Status::Optimal;
    proven.then(|| network.cost_of(members, pairs, &outcome.assignment)).flatten()
}

/// Messages until the bound rises no more, then as much as possible back to the values.
fn settle(shape: &Shape<'_, i64>, state: &mut State<i64>) -> Result<(), Closed> {
    let mut scratch = Scratch::default();
    shape.sweep(state, &mut scratch, i64::HALF, false)?;
    for _ in 0..ROUNDS {
        let before = state.c0;
        shape.sweep(state, &mut scratch, i64::HALF, true)?;
        shape.sweep(state, &mut scratch, i64::HALF, false)?;
        if state.c0 - before <= state.c0 / 100_000 {
            break;
        }
    }
    shape.collect(state, &mut scratch, i64::HALF)
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
