//! A network whose prices move.
mod ball;
mod branch;
mod dual;
mod lift;
mod lines;
mod reach;

use super::network::{FORBIDDEN, Network, NetworkError};
use super::{Limits, Outcome, solve};
use crate::solve::Status;
use branch::{Buffers, Found};
use reach::Reach;
use dual::Dual;

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
    live: Option<Dual>,
    reach: Reach,
    roots: Vec<usize>,
    lift: lift::Lift,
    ball: ball::Ball,
    debt: u64,
    patience: u64,
    branch: Buffers,
    spent: u64,
    /// stats
    pub stats: Vec<(&'static str, usize, usize, i64, i64)>,
}

impl Session {
    /// Solves the network.
    #[must_use]
    pub fn new(network: Network, limits: &Limits<'_>) -> Self {
        let outcome = solve(&network, limits);
        let mut session = Self { network, outcome, live: None, reach: Reach::default(), roots: Vec::new(), lift: lift::Lift::default(), ball: ball::Ball::default(), debt: 0, patience: 100, branch: Buffers::default(), spent: 0, stats: Vec::new() };
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

    fn start(&mut self) {
        self.live = None;
        if self.outcome.status == Status::Optimal && self.network.components() > 0 {
            self.live = Dual::new(&self.network, &self.outcome.assignment, FIRST_ROUNDS);
        }
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
        let mut cleared = self.live.is_none();
        let mut at = 0;
        self.spent = 0;
        while let Some(first) = ticks.get(at) {
            self.roots.clear();
            while let Some(tick) = ticks.get(at).filter(|tick| tick.component == first.component) {
                let was = self.network.unary()[tick.component][tick.place];
                let cost = tick.cost.min(FORBIDDEN);
                self.network.set_unary(tick.component, tick.place, cost);
                self.take(tick, was, cost);
                at += 1;
            }
            if !self.roots.is_empty() && self.live.is_some() {
                cleared = true;
                if self.settle().is_none() {
                    self.live = None;
                }
            }
        }
        if self.live.is_none() {
            self.stats.push(("scratch", 0, 0, 0, 0));
            self.outcome = solve(&self.network, limits);
            self.start();
        }
        Ok(if cleared { Clearing::Cleared } else { Clearing::Certified })
    }

    /// For experiments.
    pub fn steps(&self) -> (usize, usize, usize) {
        let d = self.live.as_ref().unwrap();
        let zero = (0..d.pick.len()).filter(|&c| d.step_of(c) == 0).count();
        let gaps = (0..d.pick.len()).filter(|&c| d.gap_of(c) > 0).count();
        (zero, gaps, d.rest.iter().filter(|r| **r > 0).count())
    }

    /// For experiments.
    pub fn gaps(&self) -> Vec<i64> {
        let mut out = vec![self.live.as_ref().unwrap().gap];
        for rounds in [5, 20, 60, 300] {
            out.push(Dual::new(&self.network, &self.outcome.assignment, rounds).unwrap().gap);
        }
        out
    }

    /// For tests.
    pub fn audit(&self) {
        if let Some(dual) = &self.live {
            dual.audit(&self.network);
            assert_eq!(dual.pick, self.outcome.assignment);
            assert_eq!(self.network.cost(&self.outcome.assignment), Some(self.outcome.objective));
        }
    }

    fn take(&mut self, tick: &Tick, was: i64, cost: i64) {
        let Some(dual) = &mut self.live else { return };
        if was == cost {
            return;
        }
        let Tick { component, place, .. } = *tick;
        let picked = self.outcome.assignment[component] == place;
        if was >= FORBIDDEN || cost >= FORBIDDEN {
            self.live = None;
            return;
        }
        let by = cost - was;
        dual.shift(component, place, by);
        if picked {
            self.outcome.objective += by;
            self.outcome.lower_bound += by;
        }
        if picked == (by < 0) {
            return;
        }
        let over = if picked { dual.step_of(component) } else { dual.costs(component)[place] - dual.least(component) };
        if over < dual.gap {
            self.roots.push(component);
        }
    }

    fn settle(&mut self) -> Option<()> {
        let dual = self.live.as_mut()?;
        let root = self.roots[0];
        let before = dual.gap;
        self.lift.left = var("LEFT", 64) as u32;
        self.lift.level(&self.network, dual, root, var("DEPTH", 2) as u32);
        self.reach.around(dual, root);
        if self.reach.gap == 0 {
            self.stats.push(("lifted", 0, (self.lift.left) as usize, before, dual.gap));
            return Some(());
        }
        let gap = self.reach.gap;
        let mut found = Found::Over;
        let mut gain = 0;
        let mut picks: Vec<(usize, usize)> = Vec::new();
        for attempt in 0..var("TRIES", 5) {
            found = branch::search(&self.network, dual, &self.reach, &mut self.branch, root, gain, (var("NODES", 300) as u64) << attempt);
            self.debt += self.branch.nodes;
            if self.branch.gain > gain {
                gain = self.branch.gain;
                picks.clone_from(&self.branch.picks);
            }
            if found != Found::Over { break; }
            self.stats.push(("over", self.reach.members.len(), gain as usize, self.reach.gap, dual.gap));
            self.ball.around(dual, &self.reach, root, var("PAIRS", 100) << attempt);
            self.ball.settle(&self.network, dual, var("KEEP", 16) + 8 * attempt, var("ROUNDS", 8) as u32 + 4 * attempt as u32);
            if self.ball.gain > gain {
                gain = self.ball.gain;
                picks.clone_from(&self.ball.picks);
            }
            self.debt = 0;
            self.reach.around(dual, root);
            if self.reach.gap <= gain {
                found = Found::Nothing;
                break;
            }
        }
        let nodes = self.branch.nodes as usize;
        if found == Found::Over {
            self.stats.push(("scratch", 0, 0, 0, 0));
            self.outcome = solve(&self.network, &Limits::default());
            if self.outcome.status != Status::Optimal { return None; }
            picks = self.outcome.assignment.iter().copied().enumerate().filter(|&(component, place)| place != dual.pick[component]).collect();
            gain = dual.gain(&self.network, &picks).unwrap();
            self.outcome.objective += gain;
        }
        if picks.is_empty() {
            self.stats.push(("stays", self.reach.members.len(), nodes, gap, dual.gap));
        } else {
            dual.repick(&self.network, &picks);
            for &(component, place) in &picks {
                self.outcome.assignment[component] = place;
            }
            self.outcome.objective -= gain;
            self.outcome.lower_bound = self.outcome.objective;
            let gap = dual.gap;
            self.lift.left = 256;
            for &(component, _) in picks.iter().rev() {
                self.lift.gather(&self.network, dual, component);
                self.lift.level(&self.network, dual, component, 2);
                for slot in 0..dual.near[component].len() {
                    let near = dual.near[component][slot];
                    if dual.rest[near.pair] > 0 {
                        self.lift.gather(&self.network, dual, near.other);
                    }
                    self.lift.level(&self.network, dual, near.other, 2);
                }
            }
            self.stats.push(("moved", picks.len(), nodes, gap, dual.gap));
        }
        if self.debt > self.patience {
            self.debt = 0;
            let before = dual.gap;
            self.ball.around(dual, &self.reach, root, var("PAIRS", 100));
            self.ball.settle(&self.network, dual, var("KEEP", 16), var("ROUNDS", 5) as u32);
            self.stats.push(("ball", 0, 0, before, dual.gap));
            self.patience = if dual.gap * 4 > before * 3 { (self.patience * 2).min(4000) } else { var("PAT", 300) as u64 };
        }
        Some(())
    }
}

fn var(name: &str, or: usize) -> usize {
    std::env::var(name).map_or(or, |s| s.parse().unwrap())
}
