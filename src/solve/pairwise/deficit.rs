//! Values that pricing has left below zero, raised where they stand.
//!
//! Pricing goes through the variables once, and who comes first takes what the edges hold. What a few values lack after that
//! mostly lies around them, unused: to look there costs far less than to settle and price everything once more.

use super::columns::Columns;
use super::core::{Shape, State};
use super::lift::{Blockers, Ground, Lift, Side};
use std::ops::Range;

/// Values that may be raised for one that costs less than nothing, and how deep.
const LIFTS_MAX: u32 = 64;
const LIFT_DEPTH: u32 = 1;
/// More values than that go into the working set as they are.
const LOW_MAX: usize = 100;

impl Columns<'_> {
    /// Raises values that cost less than nothing, as far as the messages around them allow; nothing when they are many.
    pub(super) fn lift(&mut self, shape: &Shape<'_, i64>, low: &[(usize, usize)]) {
        if low.len() > LOW_MAX {
            return;
        }
        let mut lift = Lift { room: self.most, ..Lift::default() };
        let mut values = Values { columns: self, shape, line: Vec::new() };
        for &(var, value) in low {
            let cost = values.columns.state.u[shape.at[var] + value];
            if cost < 0 {
                lift.left = LIFTS_MAX;
                lift.raise(&mut values, (var, value), -cost, LIFT_DEPTH, usize::MAX);
            }
        }
    }
}

/// Messages over all values of a part.
struct Values<'v, 's, 'n> {
    columns: &'v mut Columns<'n>,
    shape: &'v Shape<'s, i64>,
    /// A column of a table.
    line: Vec<i64>,
}

impl Values<'_, '_, '_> {
    /// An edge of a value, with the cells that it has, and where the other end's values begin and end.
    fn side(&mut self, var: usize, value: usize, slot: usize) -> (Side<'_>, &mut State<i64>, Range<usize>) {
        let Self { columns, shape, line } = self;
        let near = &shape.near[var][slot];
        let table = &shape.edges[near.edge].table;
        let (at, end) = (shape.at[near.other], shape.at[near.other + 1]);
        let cells = if near.rows {
            &table[value * (end - at)..(value + 1) * (end - at)]
        } else {
            line.clear();
            line.extend(table[value..].iter().step_by(shape.size(var)));
            line
        };
        columns.work += cells.len() as u64;
        let paid = columns.state.p[near.mine + value];
        (Side { cells, paid, floor: 0 }, &mut columns.state, at..end)
    }
}

impl Ground for Values<'_, '_, '_> {
    fn degree(&self, var: usize) -> usize {
        self.shape.near[var].len()
    }

    fn other(&self, var: usize, slot: usize) -> usize {
        self.shape.near[var][slot].other
    }

    fn pull(&mut self, var: usize, value: usize, slot: usize, need: i64) -> i64 {
        let (near, at) = (self.shape.near[var][slot], self.shape.at[var]);
        let arch = self.columns.arch;
        let (side, state, range) = self.side(var, value, slot);
        let potentials = &mut state.p[near.theirs..near.theirs + range.len()];
        let level = side.take(arch, need, potentials, &mut state.u[range]);
        state.p[near.mine + value] -= level;
        state.u[at + value] += level;
        level
    }

    fn blockers(&mut self, var: usize, value: usize, slot: usize, need: i64) -> Option<(Blockers, i64)> {
        let near = self.shape.near[var][slot];
        let (side, state, range) = self.side(var, value, slot);
        side.blockers(need, &state.p[near.theirs..near.theirs + range.len()], &state.u[range])
    }
}
