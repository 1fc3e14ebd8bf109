//! Messages among some components next to each other, over their cheapest places only; all other places of a component
//! move together, as one. Dearer than a lift, but it levels out everything.
//!
//! The one that stands for the others costs what the cheapest of them does, and with each place of a neighbour what the
//! least of them does; with the one that stands for a neighbour's others, nothing. So whatever the messages move for it can
//! be moved for each of the others, and no cell with its potentials falls below zero.

use super::super::cell::Cell;
use super::super::core::{Scratch, Shape, State};
use super::super::kernel::{ABREAST, least_sums};
use super::super::network::Network;
use super::super::threads;
use super::dual::{Dual, Near};
use super::reach::Reach;
use std::borrow::Cow;

/// Places of a component in a ball are a multiple of this, where there are so many.
const LANES: usize = 8;
/// Rounds between two assignments that messages suggest.
const DIVE_EACH: u32 = 4;
/// Rounds from which on messages end when they are idle.
const IDLE_FROM: u32 = 4;

/// How far messages go.
#[derive(Debug)]
pub(super) struct Depth {
    /// Places of a component that move on their own.
    places_max: usize,
    rounds_max: u32,
    /// Messages are idle when a round raises the bound by less than one in so many of what is open.
    idle_part: i64,
}

/// Levels out what some ticks have opened.
pub(super) const SHALLOW: Depth = Depth { places_max: 15, rounds_max: 30, idle_part: 50 };
/// Where that stalls: all places below the gap move on their own.
pub(super) const DEEP: Depth = Depth { places_max: usize::MAX, rounds_max: 60, idle_part: 200 };

/// Components next to each other.
#[derive(Debug, Default)]
pub(super) struct Ball {
    members: Vec<usize>,
    slot_of: Vec<usize>,
    /// Per member the places that move on their own, ascending.
    kept: Vec<Vec<usize>>,
    /// Per member and place [`Cell::TOP`] for those, 0 for the others.
    mask: Vec<Vec<i64>>,
    /// Per member what the cheapest of the others costs above the least.
    rest: Vec<i64>,
    scratch: Scratch<i64>,
    order: Vec<(i64, usize)>,
    places: Vec<usize>,
    /// What the best assignment so far is better by, and where it moves what.
    gain: i64,
    pub(super) picks: Vec<(usize, usize)>,
}

impl Ball {
    /// The components around a root and around the gaps within its reach, as many as have so many pairs among them.
    pub(super) fn around(&mut self, dual: &Dual, reach: &Reach, root: usize, pairs_max: usize) {
        self.slot_of.clear();
        self.slot_of.resize(dual.pick.len(), usize::MAX);
        self.members.clear();
        let mut pairs = 0;
        self.admit(dual, root, &mut pairs, pairs_max);
        for &member in &reach.members {
            let tied = dual.near[member].iter().filter(|near| dual.rest[near.pair] > 0 && near.rows);
            if dual.gap_of(member) > 0 {
                self.admit(dual, member, &mut pairs, pairs_max);
            }
            for near in tied {
                self.admit(dual, member, &mut pairs, pairs_max);
                self.admit(dual, near.other, &mut pairs, pairs_max);
            }
        }
        let mut next = 0;
        while let Some(&member) = self.members.get(next) {
            next += 1;
            for near in &dual.near[member] {
                self.admit(dual, near.other, &mut pairs, pairs_max);
            }
        }
    }

    fn admit(&mut self, dual: &Dual, component: usize, pairs: &mut usize, pairs_max: usize) {
        if self.slot_of[component] != usize::MAX {
            return;
        }
        let more = dual.near[component].iter().filter(|near| self.slot_of[near.other] != usize::MAX).count();
        if *pairs + more <= pairs_max {
            *pairs += more;
            self.slot_of[component] = self.members.len();
            self.members.push(component);
        }
    }

    /// Rounds of messages among the members, and assignments that they suggest, of which the best is left in `picks`; false
    /// when they showed that nothing is allowed, or have grown out of range.
    pub(super) fn settle(&mut self, network: &Network, dual: &mut Dual, depth: &Depth) -> bool {
        (self.gain, self.picks) = (0, Vec::new());
        self.members.sort_unstable_by_key(|&member| dual.turn[member]);
        for (slot, &member) in self.members.iter().enumerate() {
            self.slot_of[member] = slot;
        }
        self.choose(dual, depth.places_max);
        let (shape, inner) = self.shape(network, dual);
        let mut costs = Vec::with_capacity(shape.at[shape.count()]);
        for (slot, &member) in self.members.iter().enumerate() {
            let least = dual.least(member);
            costs.extend(self.kept[slot].iter().map(|&place| dual.costs(member)[place] - least));
            costs.push(self.rest[slot]);
        }
        let mut state = shape.start(0, costs);
        if self.rounds(network, dual, &shape, &mut state, depth).is_none() {
            return false;
        }
        let mut raised = state.c0;
        for (slot, &member) in self.members.iter().enumerate() {
            raised += self.put_costs(dual, slot, member, shape.costs(&state, slot));
        }
        for (edge, near) in shape.edges.iter().zip(&inner) {
            self.put_potentials(dual, edge.a, near.mine, &state.p[edge.at_a..]);
            self.put_potentials(dual, edge.b, near.theirs, &state.p[edge.at_b..]);
        }
        for &member in &self.members {
            dual.mark_out(member);
        }
        dual.moved(network, &self.members, raised);
        self.members.iter().all(|&member| dual.is_within_range(member))
    }

    fn rounds(
        &mut self,
        network: &Network,
        dual: &Dual,
        shape: &Shape<'_, i64>,
        state: &mut State<i64>,
        depth: &Depth,
    ) -> Option<()> {
        for round in 1..=depth.rounds_max {
            let before = state.c0;
            shape.sweep(state, &mut self.scratch, i64::HALF, true).ok()?;
            shape.sweep(state, &mut self.scratch, i64::HALF, false).ok()?;
            let open = dual.gap - self.gain - state.c0;
            let idle = open <= 0 || (round >= IDLE_FROM && (state.c0 - before) * depth.idle_part <= open);
            if open > 0 && (round % DIVE_EACH == 0 || round == depth.rounds_max || idle) {
                self.suggest(network, dual, shape, state);
            }
            if idle {
                break;
            }
        }
        shape.collect(state, &mut self.scratch, i64::HALF).ok()
    }

    /// Takes the assignment in that the messages suggest, when it is better than the present one and than what was
    /// suggested before. Places that move together are none that could be picked.
    fn suggest(&mut self, network: &Network, dual: &Dual, shape: &Shape<'_, i64>, state: &State<i64>) {
        let mut single = state.clone();
        for slot in 0..self.members.len() {
            single.u[shape.at[slot + 1] - 1] = i64::TOP;
        }
        let Some(mut values) = shape.dive(&single) else { return };
        shape.descend(&single, &mut values);
        self.places.clone_from(&dual.pick);
        for ((&member, kept), &value) in self.members.iter().zip(&self.kept).zip(&values) {
            self.places[member] = kept[value];
        }
        dual.descend(network, &self.members, &mut self.places);
        let moved = |&&member: &&usize| self.places[member] != dual.pick[member];
        let picks: Vec<(usize, usize)> =
            self.members.iter().filter(moved).map(|&member| (member, self.places[member])).collect();
        if let Some(gain) = dual.gain(network, &picks)
            && gain > self.gain
        {
            (self.gain, self.picks) = (gain, picks);
        }
    }

    /// The cheapest places of every member, and the pick.
    fn choose(&mut self, dual: &Dual, places_max: usize) {
        let count = self.members.len();
        self.kept.resize(count.max(self.kept.len()), Vec::new());
        self.mask.resize(count.max(self.mask.len()), Vec::new());
        self.rest.clear();
        for (slot, &member) in self.members.iter().enumerate() {
            let (costs, least, pick) = (dual.costs(member), dual.least(member), dual.pick[member]);
            let order = &mut self.order;
            order.clear();
            let others = costs.iter().enumerate().filter(|&(place, &cost)| cost < i64::HALF && place != pick);
            order.extend(others.map(|(place, &cost)| (cost, place)));
            // As many as fill the vector unit, together with the one that stands for the others.
            let close = order.iter().filter(|(cost, _)| *cost - least < dual.gap).count();
            let count = ((close + 2).next_multiple_of(LANES) - 1).min(places_max);
            if order.len() >= count {
                order.select_nth_unstable(count - 1);
                order.truncate(count - 1);
            }
            let kept = &mut self.kept[slot];
            kept.clear();
            kept.push(pick);
            kept.extend(order.iter().map(|&(_, place)| place));
            kept.sort_unstable();
            let mask = &mut self.mask[slot];
            mask.clear();
            mask.resize(costs.len(), 0);
            for &place in kept.iter() {
                mask[place] = i64::TOP;
            }
            let rest = costs.iter().zip(mask.iter()).map(|(cost, mask)| cost + mask).fold(i64::TOP, i64::min);
            self.rest.push(if rest < i64::HALF { rest - dual.least(member) } else { i64::TOP });
        }
    }

    /// The members and the pairs among them.
    fn shape(&self, network: &Network, dual: &Dual) -> (Shape<'static, i64>, Vec<Near>) {
        let sizes: Vec<usize> = self.kept.iter().take(self.members.len()).map(|kept| kept.len() + 1).collect();
        let mut inner = Vec::new();
        for (slot, &member) in self.members.iter().enumerate() {
            let ahead = dual.near[member].iter().map(|&near| (slot, self.slot_of[near.other], near));
            inner.extend(ahead.filter(|&(_, other, _)| other != usize::MAX && other > slot));
        }
        let looks = |&(a, b, _): &(usize, usize, Near)| sizes[a] * self.mask[b].len() + sizes[b] * self.mask[a].len();
        let cells = inner.iter().map(looks).sum();
        let tables = threads::map(cells, &inner, Others::default, |others, &(a, b, near)| {
            (a, b, Cow::Owned(self.table(network, dual, &near, (a, b), others)))
        });
        (Shape::new(&sizes, tables), inner.into_iter().map(|(_, _, near)| near).collect())
    }

    /// A pair's cells with their potentials, among kept places and those that stand for the others.
    fn table(
        &self,
        network: &Network,
        dual: &Dual,
        near: &Near,
        (a, b): (usize, usize),
        others: &mut Others,
    ) -> Vec<i64> {
        let back = near.back(self.members[a]);
        let mut table = Vec::with_capacity((self.kept[a].len() + 1) * (self.kept[b].len() + 1));
        others.look(network, dual, near, &self.kept[a], &self.mask[b]);
        for (&mine, &least) in self.kept[a].iter().zip(&others.least) {
            table.extend(dual.rests(network, near, mine, &self.kept[b]));
            table.push(least);
        }
        others.look(network, dual, &back, &self.kept[b], &self.mask[a]);
        table.extend_from_slice(&others.least);
        table.push(0);
        table
    }

    /// Puts a member's costs where the messages have moved them; gives its least from before.
    fn put_costs(&self, dual: &mut Dual, slot: usize, member: usize, moved: &[i64]) -> i64 {
        let least = dual.least(member);
        let kept = &self.kept[slot];
        let others = moved[kept.len()];
        let range = dual.at[member]..dual.at[member + 1];
        let shift = if others < i64::HALF { others - self.rest[slot] - least } else { i64::TOP };
        for (cost, mask) in dual.u[range.clone()].iter_mut().zip(&self.mask[slot]) {
            if *mask == 0 && *cost < i64::HALF {
                *cost = (*cost + shift).min(i64::TOP);
            }
        }
        for (&place, &cost) in kept.iter().zip(moved) {
            dual.u[range.start + place] = cost;
        }
        least
    }

    fn put_potentials(&self, dual: &mut Dual, slot: usize, at: usize, moved: &[i64]) {
        let (kept, mask) = (&self.kept[slot], &self.mask[slot]);
        let others = moved[kept.len()];
        for (potential, mask) in dual.p[at..at + mask.len()].iter_mut().zip(mask) {
            if *mask == 0 && *potential < i64::HALF && others < i64::HALF {
                *potential += others;
            }
        }
        for (&place, &by) in kept.iter().zip(moved) {
            if by < i64::HALF {
                dual.p[at + place] += by;
            }
        }
    }
}

/// What each of some places costs in a pair with the least of the places that are not masked.
#[derive(Debug, Default)]
struct Others {
    masked: Vec<i64>,
    least: Vec<i64>,
}

impl Others {
    fn look(&mut self, network: &Network, dual: &Dual, near: &Near, places: &[usize], mask: &[i64]) {
        let Self { masked, least: out } = self;
        masked.clear();
        masked.extend(dual.p[near.theirs..near.theirs + mask.len()].iter().zip(mask).map(|(paid, mask)| paid + mask));
        out.clear();
        for places in places.chunks(ABREAST) {
            let line = |at: usize| dual.lines.get(network, near, places[at.min(places.len() - 1)]);
            let least = least_sums(dual.lines.arch(), std::array::from_fn(line), masked);
            let paid = |(&place, least): (&usize, i64)| {
                if least < i64::HALF { least + dual.p[near.mine + place] } else { i64::TOP }
            };
            out.extend(places.iter().zip(least).map(paid));
        }
    }
}
