//! A network whose prices move: after every tick the proven optimum, from what is already known where possible.
//!
//! Kept are messages over all places ([`dual`]), which bound every total from below and fit the assignment as closely as
//! possible: what it costs above the bound, the gap, is mostly nothing. A tick at a component leaves an optimum unless
//! something with that component moved is better, and that gains at most the gap. So a tick whose own margin covers the
//! gap is certified in constant time. Otherwise ([`clear`]) the bound is lifted back where the tick has lowered it
//! ([`lift`]), and what could still be better is searched from the component outwards ([`reach`], [`branch`]); when that
//! takes long, or prices have moved at many components, messages among the components nearby, then among all, level out what
//! lifting has not ([`ball`]). At last everything that the messages leave is searched at once ([`rest`]), or, where a
//! large network leaves much, it is solved from scratch; and when that is needed again and again, messages go deep.
//!
//! A session holds every table a second time, turned ([`lines`]): columns are read as often as rows.

mod ball;
mod branch;
mod clear;
mod dual;
mod lift;
mod lines;
mod places;
mod reach;
mod rest;
mod suspects;
#[cfg(test)]
mod tests;

use super::network::{FORBIDDEN, Network, NetworkError};
use super::{Limits, Outcome, solve};
use crate::solve::Status;
use clear::Clearer;
use dual::Dual;

/// Rounds of messages over all places from nothing.
const FIRST_ROUNDS: u32 = 60;

/// A changed price: what a component costs at a place from now on ([`FORBIDDEN`]: not to be had).
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
#[derive(Debug)]
pub struct Session {
    network: Network,
    outcome: Outcome,
    /// Only beside a proven optimum.
    dual: Option<Dual>,
    clearer: Clearer,
    /// Places that are no longer to be had, but are picked until a solve from scratch has found something else.
    leaving: Vec<(usize, usize)>,
    /// Cells of all tables.
    cells: u64,
}

impl Session {
    /// Solves the network.
    #[must_use]
    pub fn new(network: Network, limits: &Limits<'_>) -> Self {
        let outcome = solve(&network, limits);
        let cells = network.cells() as u64;
        let (clearer, leaving) = (Clearer::default(), Vec::new());
        let mut session = Self { network, outcome, dual: None, clearer, leaving, cells };
        session.start();
        session
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
    /// When the limits end a clearing, the outcome says so, and the next tick starts from scratch.
    ///
    /// # Errors
    /// As [`Session::tick`].
    pub fn apply(&mut self, ticks: &[Tick], limits: &Limits<'_>) -> Result<Clearing, NetworkError> {
        self.network.check_unary(ticks.iter().map(|tick| (tick.component, tick.place, tick.cost)))?;
        self.clearer.begin(self.cells, limits);
        let (mut arrived, mut certified, mut late) = (false, true, false);
        // One component after another: from one proven optimum to the next, little is to be repaired at a time.
        let haste = ticks.iter().any(|tick| tick.component != ticks[0].component);
        for ticks in ticks.chunk_by(|one, next| one.component == next.component) {
            self.clearer.forget();
            for tick in ticks {
                let was = self.network.unary()[tick.component][tick.place];
                let cost = tick.cost.min(FORBIDDEN);
                if was != cost {
                    self.network.set_unary(tick.component, tick.place, cost);
                    arrived |= was >= FORBIDDEN;
                    self.take(*tick, was, cost);
                }
            }
            if !late && self.dual.is_some() && self.leaving.is_empty() && !self.clearer.is_done() {
                certified = false;
                late = !self.clear(limits, haste);
            }
        }
        if late && self.leaving.is_empty() {
            late = !self.clear_all(limits);
        }
        // Without new places, prices alone allow nothing that was not allowed.
        if late
            || !self.leaving.is_empty()
            || (self.dual.is_none() && (arrived || self.outcome.status != Status::Infeasible))
        {
            certified = false;
            self.solve(limits);
        }
        Ok(if certified { Clearing::Certified } else { Clearing::Cleared })
    }

    /// Moves one price, and notes what could be better for it.
    fn take(&mut self, Tick { component, place, .. }: Tick, was: i64, cost: i64) {
        let Some(dual) = &mut self.dual else { return };
        if self.leaving.contains(&(component, place)) {
            // There again before anything else was found.
            self.dual = None;
            return;
        }
        let picked = dual.pick[component] == place;
        if cost >= FORBIDDEN {
            if picked {
                self.leave(component);
            } else {
                dual.depart(component, place);
            }
            return;
        }
        if was >= FORBIDDEN {
            dual.arrive(&self.network, component, place);
        } else {
            let by = cost - was;
            dual.shift(component, place, by);
            if picked {
                self.outcome.objective += by;
                self.outcome.lower_bound += by;
            }
            if picked == (by < 0) {
                // The pick became cheaper, or something else dearer.
                return;
            }
        }
        let margin =
            if picked { dual.step_of(component) } else { dual.costs(component)[place] - dual.least(component) };
        if margin < dual.gap {
            self.clearer.suspect(component, (!picked).then_some(place));
        }
    }

    /// Moves a component off a place that is no longer to be had, to where it costs least beside the others.
    fn leave(&mut self, component: usize) {
        let Some(dual) = &mut self.dual else { return };
        let place = dual.pick[component];
        let Some(next) = dual.best_beside(&self.network, component) else {
            self.leaving.push((component, place));
            return;
        };
        dual.repick(&self.network, &[(component, next)]);
        dual.depart(component, place);
        self.outcome.assignment[component] = next;
        if let Some(objective) = self.network.cost(&self.outcome.assignment) {
            (self.outcome.objective, self.outcome.lower_bound) = (objective, objective);
        }
        self.clearer.suspect_around(dual, component);
    }

    /// Clears what is suspected; false when that takes too long.
    fn clear(&mut self, limits: &Limits<'_>, haste: bool) -> bool {
        let Some(dual) = &mut self.dual else { return false };
        let cleared = self.clearer.clear(&self.network, dual, limits, haste);
        self.read_clearing();
        cleared
    }

    /// Clears whatever there is; false when that takes too long.
    fn clear_all(&mut self, limits: &Limits<'_>) -> bool {
        let Some(dual) = &mut self.dual else { return false };
        let cleared = self.clearer.clear_all(&self.network, dual, limits);
        self.read_clearing();
        cleared
    }

    fn read_clearing(&mut self) {
        let Some(dual) = &self.dual else { return };
        self.outcome.nodes = self.clearer.nodes();
        self.outcome.objective -= self.clearer.gained();
        self.outcome.lower_bound = self.outcome.objective;
        self.outcome.assignment.clone_from(&dual.pick);
    }

    /// Solves from scratch, but goes on with the messages that are there.
    fn solve(&mut self, limits: &Limits<'_>) {
        self.outcome = solve(&self.network, limits);
        let proven = self.outcome.status == Status::Optimal;
        let fits = self.dual.as_mut().filter(|dual| proven && dual.is_in_range()).is_some_and(|dual| {
            dual.repick_all(&self.network, &self.outcome.assignment);
            for (component, place) in self.leaving.drain(..) {
                dual.depart(component, place);
            }
            self.clearer.follow(&self.network, dual)
        });
        if !fits {
            self.start();
        }
    }

    /// Messages from nothing, around a proven optimum.
    fn start(&mut self) {
        self.dual = None;
        self.leaving.clear();
        if self.outcome.status == Status::Optimal && self.network.components() > 0 {
            self.dual = Dual::new(&self.network, &self.outcome.assignment, FIRST_ROUNDS)
                .and_then(|mut dual| self.clearer.fit_first(&self.network, &mut dual).then_some(dual));
        }
    }
}
