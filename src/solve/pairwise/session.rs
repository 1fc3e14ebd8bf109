//! A network whose prices move: after every tick the proven optimum, from what is already known where possible.
//!
//! Two sets of messages are kept. Those over *all* places bound every assignment from below; they change at a rebuild
//! only. Those over the *core*, the places that come within a margin of the optimum, are small enough to be settled anew
//! at every clearing. A tick is certified in constant time when neither set lets anything fall below the assignment; a
//! clearing searches the core; and when the bound over all places no longer keeps the places outside the core out, both
//! are rebuilt from where they stand.

use super::cell::Cell;
use super::core::{Scratch, State};
use super::network::{FORBIDDEN, Network, NetworkError};
use super::part::Part;
use super::search::Search;
use super::{Effort, Limits, Outcome, solve};
use crate::solve::Status;

/// Places per component that the core aims at.
const CORE_PLACES: usize = 8;
/// Rounds of messages over all places, from nothing and at a rebuild.
const FIRST_ROUNDS: u32 = 60;
const REBUILD_ROUNDS: u32 = 1;
/// Places per component above which a core is taken for too large, and the messages for too old.
const CORE_PLACES_MAX: usize = 60;
/// Cores that a clearing may look at before it starts from scratch.
const ATTEMPTS_MAX: u32 = 4;

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
    live: Option<Live>,
}

/// One set of messages, as far as ticks need it: the bound is `c0` plus the least cost of every variable.
#[derive(Debug)]
struct Front {
    state: State<i64>,
    /// Where each variable's values begin.
    at: Vec<usize>,
    /// Least cost per variable, and their sum with `c0` and what stands outside.
    least: Vec<i64>,
    bound: i64,
}

#[derive(Debug)]
struct Live {
    all: Front,
    core_part: Part<'static, i64>,
    core: Front,
    /// Per variable its values inside the core.
    kept: Vec<Vec<usize>>,
    /// Per component its variable.
    var_of: Vec<usize>,
    /// Per variable the slot of each value in the core.
    slot_of: Vec<Vec<Option<usize>>>,
    /// Every value outside the core costs at least so much more than the least of its variable.
    margin: i64,
    scratch: Scratch<i64>,
}

impl Front {
    fn new(state: State<i64>, at: Vec<usize>, base: i64) -> Self {
        let mut front = Self { least: vec![0; at.len() - 1], bound: base + state.c0, state, at };
        for var in 0..front.least.len() {
            front.refresh(var);
        }
        front
    }

    fn costs(&self, var: usize) -> &[i64] {
        &self.state.u[self.at[var]..self.at[var + 1]]
    }

    /// The least cost of a variable anew.
    fn refresh(&mut self, var: usize) {
        let least = self.costs(var).iter().copied().min().unwrap_or(i64::TOP);
        self.bound += least - self.least[var];
        self.least[var] = least;
    }

    /// Moves one cost; false when the value was out.
    fn shift(&mut self, var: usize, value: usize, by: i64) -> bool {
        let cost = &mut self.state.u[self.at[var] + value];
        if *cost >= i64::HALF {
            return false;
        }
        let was = *cost;
        *cost += by;
        if *cost < self.least[var] {
            self.bound += *cost - self.least[var];
            self.least[var] = *cost;
        } else if was == self.least[var] {
            self.refresh(var);
        }
        true
    }

    /// No assignment with this value has a lower total.
    fn bound_with(&self, var: usize, value: usize) -> i64 {
        self.bound - self.least[var] + self.state.u[self.at[var] + value]
    }

    /// No assignment without this value has a lower total.
    fn bound_without(&self, var: usize, value: usize) -> i64 {
        let others = self.costs(var).iter().enumerate().filter(|&(v, _)| v != value);
        self.bound - self.least[var] + others.map(|(_, &cost)| cost).min().unwrap_or(i64::TOP)
    }
}

impl Session {
    /// Solves the network.
    #[must_use]
    pub fn new(network: Network, limits: &Limits<'_>) -> Self {
        let outcome = solve(&network, limits);
        let mut session = Self { network, outcome, live: None };
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
        let mut certified = true;
        for tick in ticks {
            let was = self.network.unary()[tick.component][tick.place];
            let cost = tick.cost.min(FORBIDDEN);
            self.network.set_unary(tick.component, tick.place, cost);
            certified &= self.take(tick, was, cost);
        }
        if certified || self.still_best() {
            return Ok(Clearing::Certified);
        }
        self.clear(limits);
        Ok(Clearing::Cleared)
    }

    /// Moves one price in both sets of messages; whether the assignment is then still proven the best.
    fn take(&mut self, tick: &Tick, was: i64, cost: i64) -> bool {
        let Some(live) = &mut self.live else { return was == cost };
        if was == cost {
            return true;
        }
        if was >= FORBIDDEN || cost >= FORBIDDEN {
            // A place that comes or goes changes what is possible: the messages start anew.
            self.live = None;
            return false;
        }
        let by = cost - was;
        let var = live.var_of[tick.component];
        let slot = live.slot_of[var][tick.place];
        let known = live.all.shift(var, tick.place, by);
        let gap = live.all.costs(var)[tick.place] - live.all.least[var];
        match slot {
            Some(slot) => {
                live.core.shift(var, slot, by);
            }
            // Ruled out for good: it goes with nothing.
            None if !known => return true,
            None => live.margin = live.margin.min(gap),
        }
        if slot.is_some() {
            // The least of the variable may have risen, and with it the values outside come nearer.
            live.margin = live.margin.min(live.outside_margin(var));
        }
        let picked = self.outcome.assignment[tick.component] == tick.place;
        if picked {
            self.outcome.objective += by;
            self.outcome.lower_bound += by;
        }
        if picked == (by < 0) {
            // The pick became cheaper, or something else dearer.
            return true;
        }
        let objective = self.outcome.objective;
        let outside = live.all.bound + live.margin >= objective;
        match (picked, slot) {
            (true, Some(slot)) => outside && live.core.bound_without(var, slot) >= objective,
            (false, Some(slot)) => outside && live.core.bound_with(var, slot) >= objective,
            (_, None) => live.all.bound_with(var, tick.place) >= objective,
        }
    }

    /// Whether the bounds alone prove the assignment.
    fn still_best(&self) -> bool {
        self.live.as_ref().is_some_and(|live| {
            let objective = self.outcome.objective;
            live.core.bound >= objective && live.all.bound + live.margin >= objective
        })
    }

    /// Searches the core; rebuilds when the core no longer suffices.
    fn clear(&mut self, limits: &Limits<'_>) {
        if self.live.is_none() {
            self.outcome = solve(&self.network, limits);
            self.start();
            return;
        }
        for attempt in 0..ATTEMPTS_MAX {
            let Some(live) = &mut self.live else { break };
            if !live.search(&self.network, &mut self.outcome, limits) {
                break;
            }
            live.margin = (0..live.kept.len()).map(|var| live.outside_margin(var)).min().unwrap_or(i64::TOP);
            if live.all.bound + live.margin >= self.outcome.objective {
                return;
            }
            self.renew(attempt > 0);
        }
        self.outcome = solve(&self.network, limits);
        self.start();
    }

    /// Messages from nothing, around a proven optimum.
    fn start(&mut self) {
        self.live = None;
        if self.outcome.status != Status::Optimal || self.network.components() == 0 {
            return;
        }
        let (part, state) = whole(&self.network);
        self.live = Live::new(&part, state, FIRST_ROUNDS, self.outcome.objective);
    }

    /// A new core around the assignment; when it would be large, or asked for, after messages over all places.
    fn renew(&mut self, messages: bool) {
        let Some(live) = self.live.take() else { return };
        let (mut part, _) = whole(&self.network);
        // The kept costs count from where they counted first.
        part.base = live.core_part.base;
        let objective = self.outcome.objective;
        let most = CORE_PLACES_MAX * part.shape.count();
        if !messages {
            let kept = core_of(&live.all, objective);
            if kept.iter().map(Vec::len).sum::<usize>() <= most {
                self.live = Some(Live::around(&part, live.all, kept, live.scratch));
                return;
            }
        }
        self.live = Live::new(&part, live.all.state, REBUILD_ROUNDS, objective);
    }
}

/// The values that may be part of something better than the objective, and then the nearest ones up to a number.
fn core_of(all: &Front, objective: i64) -> Vec<Vec<usize>> {
    let slacks = |var: usize| {
        all.costs(var).iter().map(move |&cost| if cost < i64::HALF { cost - all.least[var] } else { i64::TOP })
    };
    let mut sorted: Vec<i64> = (0..all.least.len()).flat_map(slacks).filter(|&slack| slack < i64::TOP).collect();
    let aim = (CORE_PLACES * all.least.len()).min(sorted.len() - 1);
    let (_, &mut middle, _) = sorted.select_nth_unstable(aim);
    // Somewhat more than the gap, so that some drift is survived.
    let gap = objective - all.bound;
    let margin = middle.max(gap + gap / 4).max(1);
    let near =
        |var: usize| slacks(var).enumerate().filter(|&(_, slack)| slack < margin).map(|(value, _)| value).collect();
    (0..all.least.len()).map(near).collect()
}

/// The whole network as one part.
fn whole(network: &Network) -> (Part<'_, i64>, State<i64>) {
    let components: Vec<usize> = (0..network.components()).collect();
    let pairs: Vec<usize> = (0..network.pairs().len()).collect();
    Part::exact(network, &components, &pairs)
}

impl Live {
    /// Settles the messages over all places, then picks the core; `None` when that does not work out.
    fn new(part: &Part<'_, i64>, mut state: State<i64>, rounds: u32, objective: i64) -> Option<Self> {
        let mut scratch = Scratch::default();
        let shape = &part.shape;
        for round in 0..rounds {
            let before = state.c0;
            shape.sweep(&mut state, &mut scratch, i64::HALF, true).ok()?;
            shape.sweep(&mut state, &mut scratch, i64::HALF, false).ok()?;
            if round > 1 && (state.c0 - before) * 200 <= objective - part.base - state.c0 {
                break;
            }
        }
        shape.collect(&mut state, &mut scratch, i64::HALF).ok()?;
        let all = Front::new(state, shape.at.clone(), part.base);
        let kept = core_of(&all, objective);
        Some(Self::around(part, all, kept, scratch))
    }

    fn around(part: &Part<'_, i64>, all: Front, kept: Vec<Vec<usize>>, scratch: Scratch<i64>) -> Self {
        let shape = &part.shape;
        let (core_part, core_state) = part.focus(&all.state, &kept);
        let core = Front::new(core_state, core_part.shape.at.clone(), part.base);
        let mut var_of = vec![0; part.components.len()];
        for (var, &component) in part.components.iter().enumerate() {
            var_of[component] = var;
        }
        let slot_of = kept
            .iter()
            .enumerate()
            .map(|(var, values)| (0..shape.size(var)).map(|v| values.binary_search(&v).ok()).collect())
            .collect();
        let mut live = Self { all, core_part, core, kept, var_of, slot_of, margin: 0, scratch };
        live.margin = (0..live.kept.len()).map(|var| live.outside_margin(var)).min().unwrap_or(i64::TOP);
        live
    }

    /// What the values of a variable outside the core cost at least more than its least.
    fn outside_margin(&self, var: usize) -> i64 {
        let (costs, slots) = (self.all.costs(var), &self.slot_of[var]);
        let outside = costs.iter().zip(slots).filter(|(_, slot)| slot.is_none()).map(|(&cost, _)| cost);
        outside.min().unwrap_or(i64::TOP) - self.all.least[var]
    }

    /// The best assignment within the core, from the one that is known; false when the limits ended the search.
    fn search(&mut self, network: &Network, outcome: &mut Outcome, limits: &Limits<'_>) -> bool {
        let (shape, scratch) = (&self.core_part.shape, &mut self.scratch);
        debug_assert_eq!(self.kept.len(), shape.count());
        let settled = shape
            .sweep(&mut self.core.state, scratch, i64::HALF, true)
            .and_then(|_| shape.sweep(&mut self.core.state, scratch, i64::HALF, false))
            .and_then(|_| shape.collect(&mut self.core.state, scratch, i64::HALF));
        if settled.is_err() {
            return false;
        }
        let at = std::mem::take(&mut self.core.at);
        self.core = Front::new(std::mem::take(&mut self.core.state), at, self.core_part.base);
        if self.core.bound >= outcome.objective {
            return true;
        }
        let components: Vec<usize> = (0..network.components()).collect();
        let pairs: Vec<usize> = (0..network.pairs().len()).collect();
        let mut effort = Effort::default();
        let found = Search::new(network, &components, &pairs, limits, &mut effort)
            .with(outcome.objective, std::mem::take(&mut outcome.assignment))
            .run_in(&self.core_part, &mut self.core.state.clone());
        let proven = found.open.is_none();
        if let Some((objective, assignment)) = found.best {
            (outcome.objective, outcome.lower_bound, outcome.assignment) = (objective, objective, assignment);
        }
        outcome.nodes = effort.nodes;
        proven
    }
}
