//! A network whose prices move: after every tick the proven optimum, from what is already known where possible.

use super::network::{Network, NetworkError};
use super::{Limits, Outcome, solve};

/// A changed price: what a component costs at a place from now on ([`super::FORBIDDEN`]: not to be had).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// Ordinal of the component.
    pub component: usize,
    /// Ordinal of its place.
    pub place: usize,
    /// The new cost.
    pub cost: i64,
}

/// What a tick did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clearing {
    /// The assignment is still the best: proven without a search. The objective may have moved with its own prices.
    Certified,
    /// Searched anew: see [`Session::outcome`].
    Cleared,
}

/// A network, its proven optimum, and what it takes to keep up with ticks.
#[derive(Clone, Debug)]
pub struct Session {
    network: Network,
    outcome: Outcome,
}

impl Session {
    /// Solves the network.
    #[must_use]
    pub fn new(network: Network, limits: &Limits<'_>) -> Self {
        let outcome = solve(&network, limits);
        Self { network, outcome }
    }

    /// The network with all ticks so far.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The answer to the network as it stands.
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// Applies one changed price.
    ///
    /// # Errors
    /// When the costs could overflow, or there is no such component or place; then nothing has changed.
    pub fn tick(&mut self, tick: Tick, limits: &Limits<'_>) -> Result<Clearing, NetworkError> {
        self.apply(&[tick], limits)
    }

    /// Applies several changed prices at once, then clears once.
    ///
    /// # Errors
    /// As [`Session::tick`].
    pub fn apply(&mut self, ticks: &[Tick], limits: &Limits<'_>) -> Result<Clearing, NetworkError> {
        self.network.check_unary(ticks.iter().map(|tick| (tick.component, tick.place, tick.cost)))?;
        for tick in ticks {
            self.network.set_unary(tick.component, tick.place, tick.cost);
        }
        self.outcome = solve(&self.network, limits);
        Ok(Clearing::Cleared)
    }
}
