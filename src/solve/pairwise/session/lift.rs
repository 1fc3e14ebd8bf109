//! Raising the bound where a tick has lowered it: places that have become too cheap are lifted.
//!
//! Nothing falls below the least of its component, so the bound never falls.

use super::super::lift::{Blockers, Ground, Lift, Side};
use super::super::network::Network;
use super::dual::Dual;

/// Places that may be raised for one component, and how deep.
const LIFTS_MAX: u32 = 64;
const LIFT_DEPTH: u32 = 3;

/// Messages over all places of a network.
struct Places<'p> {
    network: &'p Network,
    dual: &'p mut Dual,
}

impl Places<'_> {
    /// What a place and the other end's pick still cost together: the pick pays nothing, since what it costs above the least
    /// is a gap, which would only move.
    fn beside_pick(&self, component: usize, place: usize, slot: usize) -> i64 {
        let near = &self.dual.near[component][slot];
        let pick = self.dual.pick[near.other];
        self.dual.lines.get(self.network, near, place)[pick]
            + self.dual.p[near.theirs + pick]
            + self.dual.p[near.mine + place]
    }
}

impl Ground for Places<'_> {
    fn degree(&self, component: usize) -> usize {
        self.dual.near[component].len()
    }

    fn other(&self, component: usize, slot: usize) -> usize {
        self.dual.near[component][slot].other
    }

    fn pull(&mut self, component: usize, place: usize, slot: usize, need: i64) -> i64 {
        let need = need.min(self.beside_pick(component, place, slot));
        let dual = &mut *self.dual;
        let near = dual.near[component][slot];
        let (at, end) = (dual.at[near.other], dual.at[near.other + 1]);
        let side = Side {
            cells: dual.lines.get(self.network, &near, place),
            paid: dual.p[near.mine + place],
            floor: dual.least(near.other),
        };
        let theirs = &mut dual.p[near.theirs..near.theirs + (end - at)];
        let level = side.take(dual.lines.arch(), need, theirs, &mut dual.u[at..end]);
        if level > 0 {
            dual.look(near.other);
            dual.p[near.mine + place] -= level;
            dual.shift(component, place, level);
            if place == dual.pick[component] {
                dual.look_pair(self.network, component, slot);
            }
        }
        level
    }

    fn blockers(&mut self, component: usize, place: usize, slot: usize, need: i64) -> Option<(Blockers, i64)> {
        let most = need.min(self.beside_pick(component, place, slot));
        let dual = &*self.dual;
        let near = &dual.near[component][slot];
        let side = Side {
            cells: dual.lines.get(self.network, near, place),
            paid: dual.p[near.mine + place],
            floor: dual.least(near.other),
        };
        let costs = dual.costs(near.other);
        side.blockers(most, &dual.p[near.theirs..near.theirs + costs.len()], costs)
    }
}

/// Raises all places of a component that cost less than its pick up to that, as far as possible.
pub(super) fn raise_low(lift: &mut Lift, network: &Network, dual: &mut Dual, component: usize) {
    (lift.left, lift.room) = (LIFTS_MAX, i64::MAX);
    let own = dual.own[component];
    if dual.rise[component] >= own {
        return;
    }
    let mut low: Vec<usize> =
        (0..dual.costs(component).len()).filter(|&place| dual.costs(component)[place] < own).collect();
    low.sort_unstable_by_key(|&place| dual.costs(component)[place]);
    for place in low {
        let need = own - dual.costs(component)[place];
        if lift.left == 0 {
            break;
        }
        lift.raise(&mut Places { network, dual }, (component, place), need, LIFT_DEPTH, usize::MAX);
    }
}

/// Gives what the pairs of a pick still hold to the pick.
pub(super) fn gather(network: &Network, dual: &mut Dual, component: usize) {
    for slot in 0..dual.near[component].len() {
        let rest = dual.rest[dual.near[component][slot].pair];
        if rest > 0 {
            let pick = dual.pick[component];
            Places { network, dual }.pull(component, pick, slot, rest);
        }
    }
}
