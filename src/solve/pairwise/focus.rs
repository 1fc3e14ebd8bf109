//! The working set of a large part: a few promising values per variable, on which messages settle quickly.

use super::cell::Cell;
use super::core::{Scratch, Shape, State};
use super::part::Part;
use std::borrow::Cow;

/// Values per variable that the first working set takes by their own cost.
const FIRST_VALUES: usize = 8;
/// Values per variable whose neighbours' best answers join it.
const FIRST_ANSWERS: usize = 24;
/// Values among which an answer is looked for.
const ANSWERS: usize = 48;

/// Values inside the working set, per variable, ascending.
pub(super) type Kept = Vec<Vec<usize>>;

/// The cheapest values of each variable, and the neighbours' best answers to those. `least` has each edge's least cell.
pub(super) fn first(part: &Part<'_, i64>, state: &State<i64>, least: &[i64]) -> Kept {
    let shape = &part.shape;
    let mut order = Vec::new();
    let cheapest: Vec<Vec<(i64, usize)>> = (0..shape.count())
        .map(|var| {
            order.clear();
            let costs = shape.costs(state, var).iter().copied().zip(0..);
            order.extend(costs.filter(|&(cost, _)| cost < i64::HALF));
            if order.len() > ANSWERS {
                order.select_nth_unstable(ANSWERS - 1);
                order.truncate(ANSWERS);
            }
            order.sort_unstable();
            order.clone()
        })
        .collect();
    let mut kept: Kept =
        cheapest.iter().map(|list| list.iter().take(FIRST_VALUES).map(|&(_, v)| v).collect()).collect();
    for (edge, &least) in shape.edges.iter().zip(least) {
        let width = shape.size(edge.b);
        for &(_, v) in cheapest[edge.a].iter().take(FIRST_ANSWERS) {
            kept[edge.b].extend(answer(&cheapest[edge.b], least, |y| edge.table[v * width + y]));
        }
        for &(_, y) in cheapest[edge.b].iter().take(FIRST_ANSWERS) {
            kept[edge.a].extend(answer(&cheapest[edge.a], least, |v| edge.table[v * width + y]));
        }
    }
    for values in &mut kept {
        values.sort_unstable();
        values.dedup();
    }
    kept
}

/// The best among values by ascending cost, given what each costs in a table with this least cell.
fn answer(values: &[(i64, usize)], least: i64, cell: impl Fn(usize) -> i64) -> Option<usize> {
    let mut best = (i64::HALF, None);
    for &(cost, value) in values {
        if cost + least >= best.0 {
            break;
        }
        let total = cost + cell(value);
        if total < best.0 {
            best = (total, Some(value));
        }
    }
    best.1
}

/// A part's variables with their values inside the working set.
#[derive(Debug)]
pub(super) struct Focus {
    /// The values that the tables are of.
    kept: Kept,
    pub(super) shape: Shape<'static, i64>,
    /// Its bound counts from what the whole part has.
    pub(super) state: State<i64>,
}

impl Focus {
    /// The working set, as far as messages have come. Cells that an earlier one has are taken from there: the tables of
    /// the whole are far away.
    pub(super) fn new(shape: &Shape<'_, i64>, state: &State<i64>, kept: &Kept, earlier: Option<Self>) -> Self {
        let (before, mut known) = earlier.map_or_else(Default::default, |earlier| (earlier.kept, earlier.shape.edges));
        let slots: Vec<Slots> = kept.iter().zip(&before).map(|(now, before)| Slots::new(now, before)).collect();
        let mut tables = Vec::with_capacity(shape.edges.len());
        let mut potentials = Vec::new();
        for (ordinal, edge) in shape.edges.iter().enumerate() {
            let (rows, columns) = (&kept[edge.a], &kept[edge.b]);
            potentials.extend(rows.iter().map(|&v| state.p[edge.at_a + v]));
            potentials.extend(columns.iter().map(|&y| state.p[edge.at_b + y]));
            let width = shape.size(edge.b);
            let cell = |row: usize, column: usize| edge.table[rows[row] * width + columns[column]];
            let cells = if let Some(known) = known.get_mut(ordinal) {
                slots[edge.a].extended(&slots[edge.b], std::mem::take(&mut known.table).into_owned(), cell)
            } else {
                (0..rows.len()).flat_map(|row| (0..columns.len()).map(move |column| cell(row, column))).collect()
            };
            tables.push((edge.a, edge.b, Cow::Owned(cells)));
        }
        let sizes: Vec<usize> = kept.iter().map(Vec::len).collect();
        let small = Shape::new(&sizes, tables);
        let costs =
            kept.iter().enumerate().flat_map(|(var, kept)| kept.iter().map(move |&v| shape.costs(state, var)[v]));
        let mut start = small.start(0, costs.collect());
        start.p = potentials;
        Self { kept: kept.clone(), shape: small, state: start }
    }

    /// Bytes that the tables between such values take.
    pub(super) fn bytes(shape: &Shape<'_, i64>, kept: &Kept) -> usize {
        shape.edges.iter().map(|edge| kept[edge.a].len() * kept[edge.b].len() * size_of::<i64>()).sum()
    }

    /// The same as a part of its own, with a bound that counts from the start. Tables are copied.
    pub(super) fn part(&self, whole: &Part<'_, i64>, c0: i64, kept: &Kept) -> (Part<'static, i64>, State<i64>) {
        let tables = self.shape.edges.iter().map(|edge| (edge.a, edge.b, edge.table.clone())).collect();
        let sizes: Vec<usize> = kept.iter().map(Vec::len).collect();
        let shape = Shape::new(&sizes, tables);
        let places = kept.iter().zip(&whole.places).map(|(kept, places)| kept.iter().map(|&v| places[v]).collect());
        let mut state = self.state.clone();
        state.c0 += c0;
        let part = Part {
            shape,
            components: whole.components.clone(),
            places: places.collect(),
            fixed: Vec::new(),
            steps: Vec::new(),
            base: whole.base,
            unit: whole.unit,
        };
        (part, state)
    }

    /// A round of messages that takes out what goes with nothing; `None` when a variable is left without a value.
    pub(super) fn begin(&mut self, scratch: &mut Scratch<i64>) -> Option<u64> {
        let Self { shape, state, .. } = self;
        let work = shape.sweep(state, scratch, i64::HALF, false).ok()?;
        Some(work + shape.sweep(state, scratch, i64::HALF, true).ok()?)
    }

    /// Rounds of messages until the bound reaches a goal or rises little.
    pub(super) fn settle(&mut self, scratch: &mut Scratch<i64>, goal: i64, rounds: u32) -> Option<u64> {
        let Self { shape, state, .. } = self;
        let mut work = shape.sweep(state, scratch, i64::HALF, false).ok()?;
        for round in 0..rounds {
            let before = state.c0;
            if before >= goal {
                break;
            }
            work += shape.sweep(state, scratch, i64::HALF, true).ok()?;
            work += shape.sweep(state, scratch, i64::HALF, false).ok()?;
            if round >= 4 && (state.c0 - before) * 50 <= goal.saturating_sub(state.c0) {
                break;
            }
        }
        Some(work)
    }

    /// Values of neighbours without which a value of the working set goes with nothing: `(variable, value)` of the part.
    pub(super) fn missing(&self, part: &Shape<'_, i64>, costs: &State<i64>, kept: &Kept) -> Vec<(usize, usize)> {
        let mut missing = Vec::new();
        let live = |var: usize, slot: usize| self.state.u[self.shape.at[var] + slot] < i64::HALF;
        for (var, kept_here) in kept.iter().enumerate() {
            for (slot, &value) in kept_here.iter().enumerate() {
                if live(var, slot) || part.costs(costs, var)[value] >= i64::HALF {
                    continue;
                }
                for (near, whole) in self.shape.near[var].iter().zip(&part.near[var]) {
                    let goes = |y: usize| live(near.other, y) && self.shape.cell(near, var, slot, y) < i64::HALF;
                    if (0..self.shape.size(near.other)).any(goes) {
                        continue;
                    }
                    let own = part.costs(costs, near.other);
                    let total = |y: usize| own[y].min(i64::HALF) + part.cell(whole, var, value, y).min(i64::HALF);
                    let best = (0..own.len()).min_by_key(|&y| total(y)).filter(|&y| total(y) < i64::HALF);
                    missing.extend(
                        best.map(|y| (near.other, y)).filter(|(other, y)| kept[*other].binary_search(y).is_err()),
                    );
                }
            }
        }
        missing
    }
}

/// Where a variable's values stood in an earlier working set.
struct Slots {
    /// Per value; [`usize::MAX`] when it is new.
    before: Vec<usize>,
    /// How many the earlier one had.
    count: usize,
    same: bool,
}

impl Slots {
    /// Both ascending.
    fn new(now: &[usize], before: &[usize]) -> Self {
        let mut at = 0;
        let slot = |&value: &usize| {
            while before.get(at).is_some_and(|&known| known < value) {
                at += 1;
            }
            if before.get(at) == Some(&value) { at } else { usize::MAX }
        };
        Self { before: now.iter().map(slot).collect(), count: before.len(), same: now == before }
    }

    /// An earlier table, with the cells of new rows and columns.
    fn extended(&self, columns: &Self, table: Vec<i64>, cell: impl Fn(usize, usize) -> i64) -> Vec<i64> {
        if self.same && columns.same {
            return table;
        }
        let mut cells = Vec::with_capacity(self.before.len() * columns.before.len());
        for (row, &known_row) in self.before.iter().enumerate() {
            for (column, &known) in columns.before.iter().enumerate() {
                let known = known_row != usize::MAX && known != usize::MAX;
                cells.push(if known {
                    table[known_row * columns.count + columns.before[column]]
                } else {
                    cell(row, column)
                });
            }
        }
        cells
    }
}
