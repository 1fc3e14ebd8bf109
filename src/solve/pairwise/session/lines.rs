//! Rows and columns of pair tables, and the loops over them, compiled for the vector units of the machine at hand.

use super::super::cell::Cell;
use super::super::kernel::turned;
use super::super::network::{Network, Pair};
use super::super::threads;
use super::dual::Near;
use pulp::Arch;

/// The tables of a network once more, turned, so that columns lie as close together as rows.
#[derive(Debug)]
pub(super) struct Lines {
    arch: Arch,
    /// Per pair.
    turned: Vec<Vec<i64>>,
}

impl Lines {
    pub(super) fn new(network: &Network) -> Self {
        let unary = network.unary();
        let turn = |(): &mut (), pair: &Pair| turned(&pair.table, unary[pair.a].len(), unary[pair.b].len());
        Self { arch: Arch::default(), turned: threads::map(network.cells(), network.pairs(), || (), turn) }
    }

    pub(super) fn arch(&self) -> Arch {
        self.arch
    }

    /// The cells of a pair for one value of one end, by value of the other end.
    pub(super) fn get<'l>(&'l self, network: &'l Network, near: &Near, value: usize) -> &'l [i64] {
        let Pair { a, b, table } = &network.pairs()[near.pair];
        let (lines, other) = if near.rows { (table, b) } else { (&self.turned[near.pair], a) };
        let width = network.unary()[*other].len();
        &lines[value * width..(value + 1) * width]
    }
}

/// The least of some costs; [`Cell::TOP`] of none.
pub(super) fn least(arch: Arch, costs: &[i64]) -> i64 {
    arch.dispatch(|| costs.iter().copied().fold(i64::TOP, i64::min))
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
