//! From what is suspected after some ticks to a proven optimum.
//!
//! Suspects are components of which one must move in anything better. The first suspect is the component at which a price
//! has moved: without a change there the assignment was the best; nor does anything else help there, when all that has
//! moved is that some places became cheaper, than a change to one of those. Each is cleared by its step, by its reach, or by
//! a search that finds nothing better with it moved. When something better is found, its components and those next to them
//! become suspects, but for one case: the best with the only suspect moved is the best of all.

use super::super::Limits;
use super::super::lift::Lift;
use super::super::network::Network;
use super::ball::{Ball, DEEP, Depth, SHALLOW};
use super::branch::{self, Buffers, Found};
use super::dual::Dual;
use super::lift::{gather, raise_low};
use super::reach::Reach;
use super::rest;
use super::suspects::Suspects;

/// Search nodes of a clearing before its ball; after that twice as many, before everything that is left is searched at once.
const NODES_MAX: u64 = 150;
/// Search nodes and raised places that the clearings of ticks at several components may take, one component after another,
/// before all that is left is cleared at once.
const HASTE_MAX: u64 = 250;
/// Pairs of a ball.
const BALL_PAIRS: usize = 100;
/// Balls of all components, while each leaves less than so many eighths of the gap.
const WIDE_MAX: usize = 8;
const WIDE_LEFT: i64 = 6;
/// The same for messages from nothing, and after a solve from scratch.
const FIRST_WIDE_MAX: usize = 40;
const NEXT_WIDE_MAX: usize = 3;
/// Networks with more cells are solved from scratch when the messages leave more than the second, or early on more than
/// the third.
const LARGE_CELLS: u64 = 4_000_000;
const REST_CELLS: usize = 2_000_000;
const HOPELESS_CELLS: usize = 4_000_000;
/// With more cells left, messages do not go deep.
const DEEP_CELLS: usize = 2_000_000;
/// Searches of all that the messages leave, before messages go deep; twice as many each time that they do not halve the
/// gap.
const RESTS_MAX: u32 = 2;
const RESTS_LIMIT: u32 = 64;
/// Most nodes that clearings may take until a ball that did not help is tried again.
const PATIENCE_MAX: u64 = 4_000;

/// See the module.
#[derive(Debug)]
pub(super) struct Clearer {
    suspects: Suspects,
    /// Whether a solve from scratch, which works its way up from a few places, is sooner done than a search of all that
    /// the messages leave.
    large: bool,
    gained: i64,
    /// Nodes of the clearings of the same ticks, and how many there may be.
    nodes: u64,
    nodes_max: u64,
    /// Nodes over all clearings since the last ball, and how many there may be before the next one.
    debt: u64,
    patience: u64,
    /// Searches of all that the messages left since messages went deep, and how many there may be before they do again.
    rests: u32,
    rests_max: u32,
    lift: Lift,
    reach: Reach,
    buffers: Buffers,
    ball: Ball,
}

impl Default for Clearer {
    fn default() -> Self {
        Self {
            suspects: Suspects::default(),
            large: false,
            gained: 0,
            nodes: 0,
            nodes_max: 0,
            debt: 0,
            patience: NODES_MAX,
            rests: 0,
            rests_max: RESTS_MAX,
            lift: Lift::default(),
            reach: Reach::default(),
            buffers: Buffers::default(),
            ball: Ball::default(),
        }
    }
}

impl Clearer {
    /// Some ticks on a network with so many cells begin.
    pub(super) fn begin(&mut self, cells: u64, limits: &Limits<'_>) {
        self.large = cells >= LARGE_CELLS;
        self.nodes = 0;
        self.lift.raised = 0;
        self.nodes_max = limits.nodes_max;
        self.forget();
    }

    /// Nothing is suspected.
    pub(super) fn forget(&mut self) {
        self.suspects.forget();
        self.gained = 0;
    }

    pub(super) fn is_done(&self) -> bool {
        self.suspects.is_empty()
    }

    /// By how much the clearing found something better.
    pub(super) fn gained(&self) -> i64 {
        self.gained
    }

    /// Search nodes of the clearing.
    pub(super) fn nodes(&self) -> u64 {
        self.nodes
    }

    /// Something with this component moved may be better: to a place that is cheaper now or new, or to any.
    pub(super) fn suspect(&mut self, component: usize, place: Option<usize>) {
        self.suspects.add(component, place);
    }

    /// This component was moved for another reason than that it was the best.
    pub(super) fn suspect_around(&mut self, dual: &Dual, component: usize) {
        self.suspects.add_around(dual, component);
    }

    /// Moves what is better and clears all suspects; false when messages show that nothing is allowed, when the limits end
    /// it, when a solve from scratch is sooner done, or, in haste, when it takes long.
    pub(super) fn clear(&mut self, network: &Network, dual: &mut Dual, limits: &Limits<'_>, haste: bool) -> bool {
        for &suspect in self.suspects.sorted() {
            if haste && self.nodes + self.lift.raised >= HASTE_MAX {
                return false;
            }
            raise_low(&mut self.lift, network, dual, suspect);
        }
        let (mut levelled, mut nodes) = (false, 0);
        while let Some(root) = self.suspects.last() {
            self.reach.around(dual, root);
            if self.reach.gap == 0 {
                self.suspects.pop();
                continue;
            }
            let left = self.nodes_max.saturating_sub(self.nodes);
            let most = if haste {
                HASTE_MAX.saturating_sub(self.nodes + self.lift.raised)
            } else {
                (NODES_MAX << u32::from(levelled)) - nodes
            };
            let most = most.min(left).max(1);
            let found =
                branch::search(network, dual, &self.reach, &mut self.buffers, (root, self.suspects.only()), most);
            nodes += self.buffers.nodes;
            self.nodes += self.buffers.nodes;
            self.debt += self.buffers.nodes;
            if found == Found::Nothing {
                self.suspects.pop();
            }
            if !self.buffers.picks.is_empty() {
                let all = self.suspects.is_single() && found == Found::Better;
                let picks = std::mem::take(&mut self.buffers.picks);
                self.adopt(network, dual, &picks);
                self.buffers.picks = picks;
                if all {
                    self.suspects.clear();
                }
            }
            if found == Found::Over {
                if haste || self.nodes >= self.nodes_max || limits.cancel.is_some_and(|cancel| cancel()) {
                    return false;
                }
                if levelled {
                    return self.clear_rest(network, dual, limits);
                }
                if !self.level_out(network, dual, root) {
                    return false;
                }
                (levelled, nodes) = (true, 0);
            }
        }
        self.debt <= self.patience || self.invest(network, dual)
    }

    /// Clears whatever there is, all at once; false as in [`Clearer::clear`].
    pub(super) fn clear_all(&mut self, network: &Network, dual: &mut Dual, limits: &Limits<'_>) -> bool {
        self.forget();
        self.clear_rest(network, dual, limits)
    }

    fn clear_rest(&mut self, network: &Network, dual: &mut Dual, limits: &Limits<'_>) -> bool {
        let before = self.gained;
        if !self.level_all(network, dual, WIDE_MAX) {
            return false;
        }
        if self.gained != before {
            self.suspects.widen();
        }
        let searched = || !self.large || dual.cells_open(network) <= REST_CELLS;
        dual.gap == 0 || (searched() && self.search_rest(network, dual, limits))
    }

    /// Levels out all gaps, as long as that helps; false as [`Clearer::level_out`].
    pub(super) fn level_all(&mut self, network: &Network, dual: &mut Dual, balls_max: usize) -> bool {
        for _ in 0..balls_max {
            let before = dual.gap;
            let Some(root) = dual.first_gap() else { break };
            if !self.settle_all(network, dual, root, &SHALLOW) {
                return false;
            }
            let open = dual.gap;
            dual.repick(network, &self.ball.picks);
            self.gained += open - dual.gap;
            let hopeless = self.large && dual.cells_open(network) > HOPELESS_CELLS;
            if hopeless || dual.gap > before / 8 * WIDE_LEFT {
                break;
            }
        }
        true
    }

    /// Messages among all components, of which one has a gap; false as [`Clearer::level_out`].
    fn settle_all(&mut self, network: &Network, dual: &mut Dual, root: usize, depth: &Depth) -> bool {
        self.reach.everywhere(dual);
        self.ball.around(dual, &self.reach, root, usize::MAX);
        self.ball.settle(network, dual, depth)
    }

    /// Clears all suspects at once; false when the limits ended that.
    fn search_rest(&mut self, network: &Network, dual: &mut Dual, limits: &Limits<'_>) -> bool {
        let found = rest::search(network, dual, self.suspects.moved(), limits);
        let Some(rest::Best { assignment, nodes }) = found else { return false };
        self.nodes += nodes;
        let before = dual.gap;
        dual.repick_all(network, &assignment);
        self.gained += before - dual.gap;
        self.suspects.clear();
        self.rests += 1;
        self.rests < self.rests_max || self.deepen(network, dual)
    }

    /// Messages among all places that the gap leaves, until they have little left: dear, but later clearings find less open.
    fn deepen(&mut self, network: &Network, dual: &mut Dual) -> bool {
        let before = dual.gap;
        self.rests = 0;
        let Some(root) = dual.first_gap().filter(|_| dual.cells_open(network) <= DEEP_CELLS) else { return true };
        if !self.settle_all(network, dual, root, &DEEP) {
            return false;
        }
        self.rests_max = if dual.gap > before / 2 { (self.rests_max * 2).min(RESTS_LIMIT) } else { RESTS_MAX };
        true
    }

    /// Messages among the pairs nearby, and what they suggest; false when they show that nothing is allowed or grow out
    /// of range.
    fn level_out(&mut self, network: &Network, dual: &mut Dual, root: usize) -> bool {
        self.debt = 0;
        self.ball.around(dual, &self.reach, root, BALL_PAIRS);
        if !self.ball.settle(network, dual, &SHALLOW) {
            return false;
        }
        let picks = std::mem::take(&mut self.ball.picks);
        self.adopt(network, dual, &picks);
        true
    }

    /// Moves components to where it is better, and suspects what that touches.
    fn adopt(&mut self, network: &Network, dual: &mut Dual, picks: &[(usize, usize)]) {
        if picks.is_empty() {
            return;
        }
        let before = dual.gap;
        dual.repick(network, picks);
        self.gained += before - dual.gap;
        for &(component, _) in picks.iter().rev() {
            self.suspect_around(dual, component);
            self.fit(network, dual, component);
        }
        self.suspects.sorted();
    }

    /// Gives what the pairs around a component still hold to their picks, and lifts what that leaves behind.
    fn fit(&mut self, network: &Network, dual: &mut Dual, component: usize) {
        gather(network, dual, component);
        raise_low(&mut self.lift, network, dual, component);
        for slot in 0..dual.near[component].len() {
            let near = dual.near[component][slot];
            if dual.rest[near.pair] > 0 {
                gather(network, dual, near.other);
            }
            raise_low(&mut self.lift, network, dual, near.other);
        }
    }

    /// Levels out gaps that are no harm now but have made clearings long; the longer they stay, the more rarely.
    fn invest(&mut self, network: &Network, dual: &mut Dual) -> bool {
        let before = dual.gap;
        let Some(root) = dual.first_gap() else { return true };
        self.reach.everywhere(dual);
        if !self.level_out(network, dual, root) {
            return false;
        }
        debug_assert!(self.suspects.is_empty(), "the optimum is proven");
        self.patience = if dual.gap > before - before / 4 { (self.patience * 2).min(PATIENCE_MAX) } else { NODES_MAX };
        true
    }

    /// Fits the messages to an assignment that is proven to be the best otherwise; false when they have grown out of range.
    pub(super) fn follow(&mut self, network: &Network, dual: &mut Dual) -> bool {
        for component in 0..dual.pick.len() {
            self.fit(network, dual, component);
        }
        let fits = self.level_all(network, dual, NEXT_WIDE_MAX) && self.deepen(network, dual);
        self.forget();
        fits
    }

    /// Fits messages from nothing to an assignment that is proven to be the best; false when they have grown out of range.
    pub(super) fn fit_first(&mut self, network: &Network, dual: &mut Dual) -> bool {
        let fits = self.level_all(network, dual, FIRST_WIDE_MAX);
        self.forget();
        fits
    }
}
