//! Rows and columns of pair tables, and the loops over them, compiled for the vector units of the machine at hand.

use super::super::cell::Cell;
use super::super::network::Network;
use super::dual::Near;
use pulp::Arch;

/// Columns of tables, copied when first asked for, so that they lie as close together as rows.
#[derive(Debug, Default)]
pub(super) struct Lines {
    arch: Arch,
    /// Per pair where its columns begin.
    first: Vec<usize>,
    columns: Vec<Box<[i64]>>,
}

impl Lines {
    pub(super) fn new(network: &Network) -> Self {
        let mut first = Vec::with_capacity(network.pairs().len());
        let mut count = 0;
        for pair in network.pairs() {
            first.push(count);
            count += network.unary()[pair.b].len();
        }
        Self { arch: Arch::default(), first, columns: vec![Box::default(); count] }
    }

    pub(super) fn arch(&self) -> Arch {
        self.arch
    }

    /// The cells of a pair for one value of one end, by value of the other end.
    pub(super) fn get<'l>(&'l mut self, network: &'l Network, near: &Near, value: usize) -> &'l [i64] {
        self.copy(network, near, value);
        self.copied(network, near, value)
    }

    /// Copies a line if it is a column and has not been copied.
    pub(super) fn copy(&mut self, network: &Network, near: &Near, value: usize) {
        if near.rows {
            return;
        }
        let column = &mut self.columns[self.first[near.pair] + value];
        if column.is_empty() {
            let pair = &network.pairs()[near.pair];
            let width = network.unary()[pair.b].len();
            *column = pair.table[value..].iter().step_by(width).copied().collect();
        }
    }

    /// What [`Lines::get`] gives, of a line that was copied.
    pub(super) fn copied<'l>(&'l self, network: &'l Network, near: &Near, value: usize) -> &'l [i64] {
        if near.rows {
            let pair = &network.pairs()[near.pair];
            let width = network.unary()[pair.b].len();
            &pair.table[value * width..(value + 1) * width]
        } else {
            &self.columns[self.first[near.pair] + value]
        }
    }
}

/// The least of some costs; [`Cell::TOP`] of none.
pub(super) fn least(arch: Arch, costs: &[i64]) -> i64 {
    arch.dispatch(|| costs.iter().copied().fold(i64::TOP, i64::min))
}

/// The least sum of three.
pub(super) fn least_sum(arch: Arch, one: &[i64], two: &[i64], three: &[i64]) -> i64 {
    arch.dispatch(|| {
        one.iter().zip(two).zip(three).map(|((one, two), three)| one + two + three).fold(i64::MAX, i64::min)
    })
}

/// Moves from every cost to its potential what the cell and the potential lack of a level.
pub(super) fn give(arch: Arch, cells: &[i64], level: i64, potentials: &mut [i64], costs: &mut [i64]) {
    arch.dispatch(|| {
        for ((&cell, potential), cost) in cells.iter().zip(potentials).zip(costs) {
            let lack = (level - cell - *potential).max(0);
            *potential += lack;
            *cost -= lack;
        }
    });
}

/// What costs stand above a level, cut off at a cap.
pub(super) fn above(arch: Arch, costs: &[i64], level: i64, cap: i64, out: &mut Vec<i64>) {
    out.clear();
    out.resize(costs.len(), 0);
    arch.dispatch(|| {
        for (out, &cost) in out.iter_mut().zip(costs) {
            *out = (cost - level).min(cap);
        }
    });
}

/// Adds cell, potential and what was paid to every cost, cut off at a cap.
pub(super) fn add(arch: Arch, cells: &[i64], potentials: &[i64], paid: i64, cap: i64, costs: &mut [i64]) {
    arch.dispatch(|| {
        for ((cost, &cell), &potential) in costs.iter_mut().zip(cells).zip(potentials) {
            *cost = (*cost + (cell + potential + paid).min(cap)).min(cap);
        }
    });
}

/// How many costs are below a level.
pub(super) fn count_below(arch: Arch, costs: &[i64], level: i64) -> usize {
    arch.dispatch(|| costs.iter().map(|&cost| usize::from(cost < level)).sum())
}
