//! What a settled working set says about all values: potentials for the values outside, as large as their tables allow,
//! and from those which values are missing inside.
//!
//! This is column generation for the local polytope. The values inside keep their potentials. The variables are priced
//! one after another, the later of two components first: at an edge to a component still to come, a value outside takes
//! all that the values inside at the other end leave it, and gives back what it does not need; at an edge to a component
//! already priced, it takes what all values of that component leave it. What that is at least, the tables' steps tell
//! ([`super::steps`]); the tables themselves are read only where this does not say enough ([`super::pricing`]).

use super::cell::Cell;
use super::core::{Shape, State};
use super::focus::{self, Focus, Kept};
use super::kernel::largest;
use super::part::Part;
use super::pricing::{Buffers, Priced};
use super::steps::Steps;
use super::threads;
use pulp::Arch;

/// Messages over all values of a part, of which some are inside the working set.
///
/// Any assignment's total is what [`super::core`] says it is; costs of values may be below zero, which lowers the bound.
#[derive(Debug)]
pub(super) struct Columns<'n> {
    pub(super) state: State<i64>,
    pub(super) kept: Kept,
    /// Per value whether it goes with values inside, as far as is known.
    supported: Vec<bool>,
    /// Per value whether it is inside.
    pub(super) inside: Vec<bool>,
    /// Per edge of the part its table in steps.
    pub(super) steps: Vec<&'n Steps>,
    pub(super) arch: Arch,
    pub(super) priced: bool,
    /// Potentials and costs stay within this, so that no sum of them overflows.
    pub(super) most: i64,
    /// The order in which variables are priced: neighbours are never in one level.
    pub(super) levels: Vec<Vec<usize>>,
    /// Cells that were looked at.
    pub(super) work: u64,
}

impl<'n> Columns<'n> {
    /// With the first working set. `steps` has the table of every edge in steps.
    pub(super) fn new(part: &Part<'_, i64>, state: State<i64>, steps: Vec<&'n Steps>) -> Self {
        let degree = part.shape.near.iter().map(Vec::len).max().unwrap_or(0);
        Self {
            kept: focus::first(part, &state, &steps),
            supported: vec![false; state.u.len()],
            inside: vec![false; state.u.len()],
            state,
            steps,
            arch: Arch::new(),
            priced: false,
            most: i64::HALF.share(4).share(degree + 1),
            levels: levels(part),
            work: 0,
        }
    }

    /// Takes in what the working set has settled on, and prices the values outside: each gets as much as it can, up to
    /// `aim`. False when numbers have grown out of range; then nothing here is of use any more.
    pub(super) fn take(&mut self, part: &Part<'_, i64>, focus: &Focus, aim: i64) -> bool {
        let shape = &part.shape;
        self.state.c0 += focus.state.c0;
        self.undo(shape);
        for var in 0..shape.count() {
            self.enter(shape, focus, var);
        }
        for level in 0..self.levels.len() {
            let vars = &self.levels[level];
            let priced =
                threads::map(shape.cells, vars, Buffers::default, |buffers, &var| self.price(buffers, shape, var, aim));
            for (at, priced) in priced.into_iter().enumerate() {
                self.accept(shape, self.levels[level][at], &priced);
            }
        }
        self.priced = largest(self.arch, &self.state.p).max(largest(self.arch, &self.state.u)) < self.most;
        self.priced
    }

    /// Widens the working set by what its values need to go with something.
    pub(super) fn support(&mut self, shape: &Shape<'_, i64>) {
        focus::support(shape, &self.state, &self.steps, &mut self.kept, &mut self.supported);
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

    /// Takes in what pricing has made of a variable.
    fn accept(&mut self, shape: &Shape<'_, i64>, var: usize, priced: &Priced) {
        let size = shape.size(var);
        self.state.u[shape.at[var]..shape.at[var + 1]].copy_from_slice(&priced.costs);
        for (near, paid) in shape.near[var].iter().zip(priced.potentials.chunks_exact(size)) {
            self.state.p[near.mine..near.mine + size].copy_from_slice(paid);
        }
        self.work += priced.work;
    }

    /// Takes a value out.
    pub(super) fn remove(&mut self, shape: &Shape<'_, i64>, var: usize, value: usize) {
        self.state.u[shape.at[var] + value] = i64::TOP;
        for near in &shape.near[var] {
            self.state.p[near.mine + value] = i64::TOP;
        }
    }

    /// Values with costs below zero join the working set, and are raised. Gives what they then take from the bound.
    pub(super) fn widen(&mut self, shape: &Shape<'_, i64>) -> i64 {
        let costs = |var: usize| shape.costs(&self.state, var).iter().zip(0..);
        let low = (0..shape.count()).flat_map(|var| costs(var).filter(|low| *low.0 < 0).map(move |low| (var, low.1)));
        let low: Vec<(usize, usize)> = low.collect();
        for &(var, value) in &low {
            if let Err(at) = self.kept[var].binary_search(&value) {
                self.kept[var].insert(at, value);
            }
        }
        self.lift(shape, &low);
        let least = |var| shape.costs(&self.state, var).iter().copied().min().unwrap_or(0);
        -(0..shape.count()).map(|var| least(var).min(0)).sum::<i64>()
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

/// Every variable after its neighbours of a later component, in levels of which none has two neighbours.
fn levels(part: &Part<'_, i64>) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..part.shape.count()).collect();
    order.sort_unstable_by_key(|&var| std::cmp::Reverse(part.components[var]));
    let mut level_of = vec![0; order.len()];
    let mut levels: Vec<Vec<usize>> = Vec::new();
    for var in order {
        let later = part.shape.near[var].iter().filter(|near| part.components[near.other] > part.components[var]);
        let level = later.map(|near| level_of[near.other] + 1).max().unwrap_or(0);
        level_of[var] = level;
        if levels.len() <= level {
            levels.push(Vec::new());
        }
        levels[level].push(var);
    }
    levels
}
