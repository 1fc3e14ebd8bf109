//! The best that can be had by moving one component, and others along with it.
//!
//! Branch and bound from the root outwards: what is decided pays in full, a component next to something that has moved pays
//! the least over its places beside what is decided, everybody else pays nothing. Since costs, cells with potentials and
//! gaps are all at or above zero, and only totals below the gap within reach matter, little is looked at as long as the
//! messages fit.

use super::super::network::Network;
use super::dual::{Dual, Near, cell};
use super::lines;
use super::reach::Reach;

/// Components that are looked at for the next one to decide.
const LOOK_AT: u32 = 8;

/// What a search found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing better with the root moved.
    Nothing,
    /// Something better: [`Buffers::picks`] says what to move where.
    Better,
    /// The nodes did not suffice.
    Over,
}

/// What is kept from search to search, for its memory, and what the last one found.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    /// Per component the place it was put to.
    decided: Vec<Option<usize>>,
    path: Vec<(usize, usize)>,
    /// Per component next to what has moved a cost per place, and the least of them; empty otherwise.
    beside: Vec<Vec<i64>>,
    /// Per component the least of these without the pick's.
    least: Vec<i64>,
    /// The components next to what has moved.
    front: Vec<usize>,
    undo: Vec<Undo>,
    spare: Vec<Vec<i64>>,
    /// Places to try with their totals, of all levels one after another.
    open: Vec<(i64, usize)>,
    pub(super) picks: Vec<(usize, usize)>,
    pub(super) nodes: u64,
}

/// What a component's costs were before.
#[derive(Debug)]
struct Undo {
    component: usize,
    beside: Vec<i64>,
    least: i64,
}

struct Branch<'b> {
    network: &'b Network,
    dual: &'b Dual,
    reach: &'b Reach,
    buffers: &'b mut Buffers,
    /// The first total that is of no interest.
    best: i64,
    nodes_max: u64,
}

/// Looks for the best with the root moved, to one of some places if these are given.
pub(super) fn search(
    network: &Network,
    dual: &Dual,
    reach: &Reach,
    buffers: &mut Buffers,
    (root, only): (usize, Option<&[usize]>),
    nodes_max: u64,
) -> Found {
    let count = dual.pick.len();
    buffers.decided.resize(count, None);
    buffers.beside.resize(count, Vec::new());
    buffers.least.resize(count, 0);
    buffers.picks.clear();
    buffers.nodes = 0;
    let (least, pick) = (dual.least(root), dual.pick[root]);
    let may = |place: usize| place != pick && only.is_none_or(|only| only.contains(&place));
    let others = dual.costs(root).iter().enumerate().filter(|&(place, _)| may(place));
    buffers.open.extend(others.map(|(place, &cost)| (cost - least, place)).filter(|(cost, _)| *cost < reach.gap));
    let idle = reach.gap - dual.gap_of(root);
    let mut branch = Branch { network, dual, reach, buffers, best: reach.gap, nodes_max };
    branch.each(root, 0, 0, idle);
    match (buffers.nodes >= nodes_max, buffers.picks.is_empty()) {
        (true, _) => Found::Over,
        (false, true) => Found::Nothing,
        (false, false) => Found::Better,
    }
}

impl Branch<'_> {
    /// Tries the open places from `first` on, the least total first. The totals stand `others` above what is decided;
    /// `idle` are the gaps of what is neither decided nor next to what has moved.
    fn each(&mut self, component: usize, first: usize, others: i64, idle: i64) {
        self.buffers.open[first..].sort_unstable();
        for at in first..self.buffers.open.len() {
            let (total, place) = self.buffers.open[at];
            if total >= self.best || self.buffers.nodes >= self.nodes_max {
                break;
            }
            self.buffers.nodes += 1;
            self.put(component, place, total - others, idle);
        }
        self.buffers.open.truncate(first);
    }

    /// Puts a component to a place, at a total of `sum` for all that is decided, goes on, and takes it back.
    fn put(&mut self, component: usize, place: usize, mut sum: i64, mut idle: i64) {
        let moves = place != self.dual.pick[component];
        let mark = self.buffers.undo.len();
        self.buffers.decided[component] = Some(place);
        self.buffers.path.push((component, place));
        for slot in 0..self.dual.near[component].len() {
            let near = self.dual.near[component][slot];
            let other = near.other;
            if self.buffers.decided[other].is_some() {
                continue;
            }
            if !self.reach.has(other) {
                sum += self.beside_pick(component, place, &near);
                idle -= self.dual.rest[near.pair];
            } else if !self.buffers.beside[other].is_empty() {
                let mut before = self.buffers.spare.pop().unwrap_or_default();
                before.clone_from(&self.buffers.beside[other]);
                self.buffers.undo.push(Undo { component: other, beside: before, least: self.buffers.least[other] });
                self.pay(&near, place);
                idle -= self.dual.rest[near.pair];
            } else if moves {
                idle -= self.meet(other);
            }
        }
        self.onward(sum, idle);
        while self.buffers.undo.len() > mark {
            let Some(Undo { component, beside, least }) = self.buffers.undo.pop() else { break };
            if beside.is_empty() {
                self.buffers.front.pop();
            }
            self.buffers.least[component] = least;
            let after = std::mem::replace(&mut self.buffers.beside[component], beside);
            self.buffers.spare.push(after);
        }
        self.buffers.path.pop();
        self.buffers.decided[component] = None;
    }

    /// What a place costs together with the pick of a component that stays.
    fn beside_pick(&self, component: usize, place: usize, near: &Near) -> i64 {
        let pick = self.dual.pick[near.other];
        let rest = cell(self.network, near, component, place, pick);
        (rest + self.dual.p[near.mine + place] + self.dual.p[near.theirs + pick]).min(self.reach.gap)
    }

    /// Makes a component one that is next to what has moved; gives the gaps that are no longer idle.
    fn meet(&mut self, component: usize) -> i64 {
        let mut beside = self.buffers.spare.pop().unwrap_or_default();
        let (dual, cap) = (self.dual, self.reach.gap);
        lines::above(dual.lines.arch(), dual.costs(component), dual.least(component), cap, &mut beside);
        let none = std::mem::replace(&mut self.buffers.beside[component], beside);
        self.buffers.undo.push(Undo { component, beside: none, least: 0 });
        self.buffers.front.push(component);
        let mut gaps = self.dual.gap_of(component);
        for slot in 0..self.dual.near[component].len() {
            let near = self.dual.near[component][slot];
            if let Some(place) = self.buffers.decided[near.other] {
                self.pay(&near.back(component), place);
                gaps += self.dual.rest[near.pair];
            }
        }
        gaps
    }

    /// Adds to a component's costs what a decided place at the other end makes of them.
    fn pay(&mut self, near: &Near, place: usize) {
        let Dual { lines, p, .. } = self.dual;
        let arch = lines.arch();
        let cells = lines.get(self.network, near, place);
        let (costs, paid) = (&mut self.buffers.beside[near.other], p[near.mine + place]);
        let potentials = &p[near.theirs..near.theirs + costs.len()];
        lines::add(arch, cells, potentials, paid, self.reach.gap, costs);
        let (low, high) = costs.split_at(self.dual.pick[near.other]);
        self.buffers.least[near.other] = lines::least(arch, low).min(lines::least(arch, &high[1..]));
    }

    /// Bounds what is decided from below and above, and decides the component that tells the two apart the most.
    fn onward(&mut self, sum: i64, idle: i64) {
        let buffers = &mut *self.buffers;
        let (mut low, mut high) = (sum, sum.saturating_add(idle));
        let mut farther = idle;
        let mut regret = 0;
        for &component in buffers.front.iter().filter(|&&component| buffers.decided[component].is_none()) {
            let (moves, stay) = (buffers.least[component], buffers.beside[component][self.dual.pick[component]]);
            let least = moves.min(stay);
            low += least;
            if low >= self.best {
                return;
            }
            high = high.saturating_add(stay);
            regret = regret.max(stay - least);
            farther = farther.min(moves - least + self.reach.onward(component));
        }
        if high < self.best {
            self.best = high;
            buffers.picks.clear();
            let dual = self.dual;
            buffers.picks.extend(buffers.path.iter().filter(|&&(component, place)| place != dual.pick[component]));
        }
        if low + farther >= self.best {
            return;
        }
        let Some(component) = self.next(low, regret) else { return };
        let buffers = &mut *self.buffers;
        let others = low - buffers.least[component].min(buffers.beside[component][self.dual.pick[component]]) - sum;
        let first = buffers.open.len();
        for (place, &cost) in buffers.beside[component].iter().enumerate() {
            let total = sum + others + cost;
            if total < self.best {
                buffers.open.push((total, place));
            }
        }
        self.each(component, first, others, idle);
    }

    /// The component to decide next: of those that were met last, one with few places left.
    fn next(&self, low: i64, regret: i64) -> Option<usize> {
        let buffers = &*self.buffers;
        let arch = self.dual.lines.arch();
        let mut next = None;
        let mut looked_at = 0;
        for &component in buffers.front.iter().rev().filter(|&&component| buffers.decided[component].is_none()) {
            let beside = &buffers.beside[component];
            let stay = beside[self.dual.pick[component]];
            let least = buffers.least[component].min(stay);
            if stay == least && regret > 0 {
                continue;
            }
            let places = lines::count_below(arch, beside, self.best - low + least);
            let rank = (places, least - stay);
            if next.is_none_or(|(known, _)| rank < known) {
                next = Some((rank, component));
            }
            looked_at += 1;
            if looked_at == LOOK_AT {
                break;
            }
        }
        next.map(|(_, component)| component)
    }
}
