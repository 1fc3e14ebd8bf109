//! What a settled working set says about all values: potentials for the values outside, as large as their tables allow,
//! and from those which values are missing inside.
//!
//! This is column generation for the local polytope. The values inside keep their potentials. The variables are priced
//! one after another, the later of two components first: at an edge to a component still to come, a value outside takes
//! all that the values inside at the other end leave it, and gives back what it does not need; at an edge to a component
//! already priced, it takes what all values of that component leave it. So a table is read by the rows of the values
//! inside, and by those rows outside for which the least cell does not say enough.

use super::cell::Cell;
use super::core::{Near, Shape, State};
use super::focus::{self, Focus, Kept};
use super::kernel::{add_least_takes, largest, least_and_fall, min_into, min_over_columns};
use super::part::Part;
use pulp::Arch;

/// Messages over all values of a part, of which some are inside the working set.
///
/// Any assignment's total is what [`super::core`] says it is; costs of values may be below zero, which lowers the bound.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) state: State<i64>,
    pub(super) kept: Kept,
    /// Per value whether it is inside.
    inside: Vec<bool>,
    /// Per edge the least cell of its table.
    pub(super) least: Vec<i64>,
    pub(super) arch: Arch,
    infinite: Vec<u32>,
    pub(super) takes: Vec<i64>,
    pub(super) sums: Vec<i64>,
    /// The potentials that were priced last, if any were.
    before: Vec<i64>,
    pub(super) priced: bool,
    /// Potentials and costs stay within this, so that no sum of them overflows.
    most: i64,
    /// Cells that were looked at.
    pub(super) work: u64,
}

/// Of a variable's values, one in so many are few.
const FEW: usize = 6;

/// An edge as a variable that is being priced sees it.
#[derive(Clone, Copy)]
struct Link {
    near: Near,
    /// The least cell with the least potential of the other end.
    flat: i64,
    /// By how much a potential of the other end has fallen at most since it was priced last (not above zero), or risen at
    /// least.
    delta: i64,
}

impl Link {
    /// A value that has paid so much when it was priced last can take at least this.
    fn low(&self, paid: i64) -> i64 {
        self.flat.max(self.delta - paid)
    }
}

/// Marks a take without limit, until it is known what is needed.
const UNLIMITED: i64 = -i64::TOP;

impl Columns {
    /// With the first working set. `least` has the least cell of every edge.
    pub(super) fn new(part: &Part<'_, i64>, state: State<i64>, least: Vec<i64>) -> Self {
        let degree = part.shape.near.iter().map(Vec::len).max().unwrap_or(0);
        Self {
            kept: focus::first(part, &state, &least),
            inside: vec![false; state.u.len()],
            before: state.p.clone(),
            state,
            least,
            arch: Arch::new(),
            infinite: Vec::new(),
            takes: Vec::new(),
            sums: Vec::new(),
            priced: false,
            most: i64::HALF.share(4).share(degree + 1),
            work: 0,
        }
    }

    /// Takes in what the working set has settled on, and prices the values outside: each gets as much as it can, up to
    /// `aim`. False when numbers have grown out of range; then nothing here is of use any more.
    pub(super) fn take(&mut self, part: &Part<'_, i64>, focus: &Focus, aim: i64) -> bool {
        let shape = &part.shape;
        self.state.c0 += focus.state.c0;
        self.before.copy_from_slice(&self.state.p);
        self.undo(shape);
        for var in 0..shape.count() {
            self.enter(shape, focus, var);
        }
        for var in latest_first(part) {
            self.price(shape, var, aim);
        }
        self.priced = largest(self.arch, &self.state.p).max(largest(self.arch, &self.state.u)) < self.most;
        self.priced
    }

    /// Gives all potentials back to the values.
    fn undo(&mut self, shape: &Shape<'_, i64>) {
        for edge in &shape.edges {
            for (var, at) in [(edge.a, edge.at_a), (edge.b, edge.at_b)] {
                let costs = &mut self.state.u[shape.at[var]..shape.at[var + 1]];
                for (cost, &paid) in costs.iter_mut().zip(&self.state.p[at..]) {
                    *cost += if paid < i64::HALF { paid } else { 0 };
                }
            }
        }
    }

    /// Costs and potentials of a variable's values inside; those that go with nothing leave.
    fn enter(&mut self, shape: &Shape<'_, i64>, focus: &Focus, var: usize) {
        let at = shape.at[var];
        let costs = focus.shape.costs(&focus.state, var);
        let mut settled = 0;
        for (slot, &value) in self.kept[var].iter().enumerate() {
            self.inside[at + value] = costs[slot] < i64::HALF;
            if costs[slot] >= i64::HALF {
                continue;
            }
            settled = self.state.u[at + value] - costs[slot];
            for (near, small) in shape.near[var].iter().zip(&focus.shape.near[var]) {
                let paid = focus.state.p[small.mine + slot];
                self.state.p[near.mine + value] = paid;
                settled -= paid;
            }
        }
        // What the bound has taken from the variable, it has taken from every value.
        for cost in self.state.u[at..shape.at[var + 1]].iter_mut().filter(|cost| **cost < i64::HALF) {
            *cost -= settled;
        }
        for (slot, &value) in self.kept[var].iter().enumerate() {
            if costs[slot] < i64::HALF {
                self.state.u[at + value] = costs[slot];
            }
        }
        self.kept[var].retain(|&value| self.inside[at + value]);
    }

    /// Prices the values of a variable that are outside.
    fn price(&mut self, shape: &Shape<'_, i64>, var: usize, aim: i64) {
        let (at, size) = (shape.at[var], shape.size(var));
        let links: Vec<Link> = shape.near[var].iter().map(|near| self.link(shape, near)).collect();
        self.sums.clear();
        self.sums.extend_from_slice(&self.state.u[at..at + size]);
        for link in &links {
            add_least_takes(
                self.arch,
                &mut self.sums,
                &self.before[link.near.mine..link.near.mine + size],
                link.flat,
                link.delta,
            );
        }
        let outside = |&value: &usize| !self.inside[at + value] && self.state.u[at + value] < i64::HALF;
        let (sure, unsure): (Vec<usize>, Vec<usize>) =
            (0..size).filter(outside).partition(|&value| self.sums[value] >= aim);
        for link in &links {
            let mine = link.near.mine;
            for &value in &sure {
                self.state.p[mine + value] = -link.low(self.before[mine + value]);
            }
        }
        let ahead: Vec<usize> = links.iter().filter(|link| !link.near.rows).map(|link| link.near.mine).collect();
        self.infinite.clear();
        self.infinite.resize(size, 0);
        for &value in &sure {
            self.state.u[at + value] = self.give_back(value, self.sums[value], &ahead, aim);
        }
        for link in links.iter().filter(|link| !link.near.rows) {
            self.take_from_inside(shape, var, &link.near, &unsure);
        }
        self.take_from_all(shape, var, &links, &unsure, aim);
        for value in unsure {
            if self.state.u[at + value] < i64::HALF {
                self.state.u[at + value] = self.give_back(value, self.state.u[at + value], &ahead, aim);
            }
        }
    }

    /// What is known of an edge before its table is looked at.
    fn link(&self, shape: &Shape<'_, i64>, near: &Near) -> Link {
        let range = near.theirs..near.theirs + shape.size(near.other);
        let (now, before) = (&self.state.p[range.clone()], &self.before[range]);
        let (mut least, mut delta) = (i64::TOP, i64::TOP);
        if near.rows {
            (least, delta) = least_and_fall(self.arch, now, before);
        } else {
            for &value in &self.kept[near.other] {
                least = least.min(now[value]);
                delta = delta.min(now[value] - before[value]);
            }
        }
        let delta = if self.priced { delta.min(self.most) } else { -i64::HALF };
        Link { near: *near, flat: (self.least[near.edge] + least).min(self.most), delta }
    }

    /// Takes a value out.
    pub(super) fn remove(&mut self, shape: &Shape<'_, i64>, var: usize, value: usize) {
        self.state.u[shape.at[var] + value] = i64::TOP;
        for near in &shape.near[var] {
            self.state.p[near.mine + value] = i64::TOP;
        }
    }

    /// What the values inside at the other end leave some values of a variable; it has the columns.
    fn take_from_inside(&mut self, shape: &Shape<'_, i64>, var: usize, near: &Near, values: &[usize]) {
        let (at, size) = (shape.at[var], shape.size(var));
        self.takes.clear();
        self.takes.resize(size, i64::TOP);
        let table = &shape.edges[near.edge].table;
        let all = values.len() * FEW > size;
        for &v in &self.kept[near.other] {
            let row = &table[v * size..(v + 1) * size];
            let paid = self.state.p[near.theirs + v];
            if all {
                min_into(self.arch, row, paid, &mut self.takes);
            } else {
                for &value in values {
                    self.takes[value] = self.takes[value].min(row[value] + paid);
                }
            }
        }
        self.work += (self.kept[near.other].len() * values.len()) as u64;
        for &value in values {
            let take = self.takes[value];
            if take >= i64::HALF {
                self.infinite[value] += 1;
                self.state.p[near.mine + value] = UNLIMITED;
            } else {
                self.state.p[near.mine + value] = -take;
                self.state.u[at + value] += take;
            }
        }
    }

    /// What all values at the other ends leave some values of a variable; it has the rows. Once what is known without the
    /// tables says that a value reaches the aim, no more rows are read for it. A value that goes with nothing leaves.
    fn take_from_all(&mut self, shape: &Shape<'_, i64>, var: usize, links: &[Link], values: &[usize], aim: i64) {
        let at = shape.at[var];
        for &value in values {
            self.sums[value] = self.state.u[at + value];
            for link in links.iter().filter(|link| link.near.rows) {
                self.sums[value] += link.low(self.before[link.near.mine + value]);
            }
        }
        for link in links.iter().filter(|link| link.near.rows) {
            let near = &link.near;
            let width = shape.size(near.other);
            let table = &shape.edges[near.edge].table;
            for &value in values {
                let known = link.low(self.before[near.mine + value]);
                let mut take = [known];
                if self.sums[value] < aim {
                    let row = &table[value * width..(value + 1) * width];
                    min_over_columns(self.arch, row, &self.state.p[near.theirs..near.theirs + width], &mut take);
                    self.work += width as u64;
                    if take[0] >= i64::HALF {
                        self.sums[value] = i64::HALF;
                        self.remove(shape, var, value);
                        continue;
                    }
                }
                if self.state.u[at + value] < i64::HALF {
                    self.sums[value] += take[0] - known;
                    self.state.u[at + value] += take[0];
                    self.state.p[near.mine + value] = -take[0];
                }
            }
        }
    }

    /// A value that reaches the aim keeps that, any other keeps nothing: the rest goes back to the edges ahead, equally.
    fn give_back(&mut self, value: usize, mut cost: i64, ahead: &[usize], aim: i64) -> i64 {
        let unlimited = i64::from(self.infinite[value]);
        if unlimited > 0 {
            let share = (aim - cost).max(0) / unlimited + 1;
            for &mine in ahead {
                let paid = &mut self.state.p[mine + value];
                if *paid == UNLIMITED {
                    *paid = -share;
                    cost += share;
                }
            }
        }
        let spare = if cost > aim { cost - aim } else { cost.max(0) };
        if spare > 0 && !ahead.is_empty() {
            let share = spare.share(ahead.len());
            for &mine in ahead {
                self.state.p[mine + value] += share;
                cost -= share;
            }
        }
        cost
    }

    /// Values with costs below zero join the working set. Gives what they take from the bound.
    pub(super) fn widen(&mut self, shape: &Shape<'_, i64>) -> i64 {
        let mut loss = 0;
        for (var, kept) in self.kept.iter_mut().enumerate() {
            let costs = shape.costs(&self.state, var);
            let least = costs.iter().copied().min().unwrap_or(0);
            if least < 0 {
                loss -= least;
                kept.extend((0..costs.len()).filter(|&value| costs[value] < 0));
                kept.sort_unstable();
                kept.dedup();
            }
        }
        loss
    }

    /// Takes the costs below zero out of the bound.
    pub(super) fn level(&mut self, shape: &Shape<'_, i64>) {
        for var in 0..shape.count() {
            let costs = &mut self.state.u[shape.at[var]..shape.at[var + 1]];
            let least = costs.iter().copied().min().unwrap_or(0);
            if least < i64::HALF && least != 0 {
                self.state.c0 += least;
                for cost in costs.iter_mut().filter(|cost| **cost < i64::HALF) {
                    *cost -= least;
                }
            }
        }
    }
}

/// The order in which variables are priced.
pub(super) fn latest_first(part: &Part<'_, i64>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..part.shape.count()).collect();
    order.sort_unstable_by_key(|&var| std::cmp::Reverse(part.components[var]));
    order
}
