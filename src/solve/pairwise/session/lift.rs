//! Raising the bound where a tick has lowered it, by as little movement of messages as possible.
//!
//! A place that has become too cheap is raised by what its pairs hold for it, and by what the places at the other ends
//! that stand in the way cost above their least: those pay into the pair what the place takes out. Nothing falls below
//! the least of its component, so the bound never falls.

use super::super::network::Network;
use super::dual::Dual;
use super::lines;

/// Places that may stand in the way and be raised themselves.
const BLOCKERS_MAX: usize = 24;

/// Buffers, and how much may still be done.
#[derive(Debug, Default)]
pub(super) struct Lift {
    /// Places that may still be raised.
    left: u32,
    /// Places that were raised since somebody set this to nothing.
    pub(super) raised: u64,
    low: Vec<usize>,
}

impl Lift {
    /// Raises all places of a component that cost less than its pick up to that, as far as possible.
    pub(super) fn raise_low(
        &mut self,
        network: &Network,
        dual: &mut Dual,
        component: usize,
        lifts_max: u32,
        depth: u32,
    ) {
        self.left = lifts_max;
        let own = dual.own[component];
        if dual.rise[component] >= own {
            return;
        }
        let mut low = std::mem::take(&mut self.low);
        low.clear();
        low.extend((0..dual.costs(component).len()).filter(|&place| dual.costs(component)[place] < own));
        low.sort_unstable_by_key(|&place| dual.costs(component)[place]);
        for &place in &low {
            let need = own - dual.costs(component)[place];
            if self.left == 0 {
                break;
            }
            self.raise(network, dual, (component, place), need, depth, usize::MAX);
        }
        self.low = low;
    }

    /// Raises a place by up to `need`, going deeper into what stands in the way, but not back to where it came from.
    /// Gives what is still needed.
    fn raise(
        &mut self,
        network: &Network,
        dual: &mut Dual,
        (component, place): (usize, usize),
        mut need: i64,
        depth: u32,
        from: usize,
    ) -> i64 {
        self.left = self.left.saturating_sub(1);
        self.raised += 1;
        // First an equal share from each pair, so that nobody is drained without need.
        let shares = i64::try_from(dual.near[component].len()).unwrap_or(i64::MAX).max(1);
        for slot in 0..dual.near[component].len() {
            need -= pull(network, dual, component, place, slot, need.min(need / shares + 1));
            if need == 0 {
                return 0;
            }
        }
        for slot in 0..dual.near[component].len() {
            need -= pull(network, dual, component, place, slot, need);
            if need == 0 {
                return 0;
            }
        }
        if depth == 0 {
            return need;
        }
        for slot in 0..dual.near[component].len() {
            let other = dual.near[component][slot].other;
            if other == from || self.left == 0 {
                continue;
            }
            let Some((blockers, most)) = blockers(network, dual, component, place, slot, need) else { continue };
            let mut level = most;
            for (have, blocker) in blockers.into_iter().flatten() {
                if have < level && self.left > 0 {
                    level -= self.raise(network, dual, (other, blocker), level - have, depth - 1, component);
                }
                if level <= 0 {
                    break;
                }
            }
            if level > 0 {
                need -= pull(network, dual, component, place, slot, need);
            }
            if need == 0 {
                return 0;
            }
        }
        need
    }
}

/// Gives what the pairs of a pick still hold to the pick.
pub(super) fn gather(network: &Network, dual: &mut Dual, component: usize) {
    for slot in 0..dual.near[component].len() {
        let rest = dual.rest[dual.near[component][slot].pair];
        if rest > 0 {
            pull(network, dual, component, dual.pick[component], slot, rest);
        }
    }
}

type Blockers = [Option<(i64, usize)>; BLOCKERS_MAX];

/// The places at the other end that keep a place from taking `need` out of a pair, each with what it would allow; and how
/// much could be had if none of them did. `None` when that is nothing, or they are too many.
fn blockers(
    network: &Network,
    dual: &Dual,
    component: usize,
    place: usize,
    slot: usize,
    need: i64,
) -> Option<(Blockers, i64)> {
    let near = dual.near[component][slot];
    let least = dual.least(near.other);
    let pick = dual.pick[near.other];
    let costs = &dual.u[dual.at[near.other]..dual.at[near.other + 1]];
    let theirs = &dual.p[near.theirs..near.theirs + costs.len()];
    let paid = dual.p[near.mine + place];
    let cells = dual.lines.get(network, &near, place);
    let most = need.min(cells[pick] + theirs[pick] + paid);
    if most <= 0 {
        return None;
    }
    let mut found = [None; BLOCKERS_MAX];
    let mut count = 0;
    for (other, ((cell, potential), cost)) in cells.iter().zip(theirs).zip(costs).enumerate() {
        let have = cell + potential + paid + cost - least;
        if have < most && other != pick {
            *found.get_mut(count)? = Some((have, other));
            count += 1;
        }
    }
    (count > 0).then_some((found, most))
}

/// Takes up to `need` out of a pair for a place; gives what it was.
fn pull(network: &Network, dual: &mut Dual, component: usize, place: usize, slot: usize, need: i64) -> i64 {
    let near = dual.near[component][slot];
    let (at, end) = (dual.at[near.other], dual.at[near.other + 1]);
    let (least, pick) = (dual.least(near.other), dual.pick[near.other]);
    let arch = dual.lines.arch();
    let paid = dual.p[near.mine + place];
    let cells = dual.lines.get(network, &near, place);
    let theirs = &mut dual.p[near.theirs..near.theirs + (end - at)];
    let costs = &mut dual.u[at..end];
    // The pick pays nothing: what it costs above the least is a gap, which would only move.
    let level = (cells[pick] + theirs[pick] + paid).min(need);
    if level <= 0 {
        return 0;
    }
    let level = level.min(lines::least_sum(arch, cells, theirs, costs) + paid - least);
    if level <= 0 {
        return 0;
    }
    lines::give(arch, cells, level - paid, theirs, costs);
    dual.look(near.other);
    dual.p[near.mine + place] -= level;
    dual.shift(component, place, level);
    if place == dual.pick[component] {
        dual.look_pair(network, component, slot);
    }
    level
}
