//! The working set of a large part: a few promising values per variable, on which messages settle quickly.

use super::cell::Cell;
use super::core::{Scratch, Shape, State};
use super::part::Part;
use super::steps::Steps;
use super::threads;
use std::borrow::Cow;

/// Values per variable that the first working set takes by their own cost.
const FIRST_VALUES: usize = 8;
/// Values per variable whose neighbours' best answers join it.
const FIRST_ANSWERS: usize = 24;
/// Values among which an answer is looked for.
const ANSWERS: usize = 48;

/// Values inside the working set, per variable, ascending.
pub(super) type Kept = Vec<Vec<usize>>;

/// The cheapest values of each variable, and the neighbours' best answers to those. By the tables' steps, which
/// are near enough.
pub(super) fn first(part: &Part<'_, i64>, state: &State<i64>, steps: &[&Steps]) -> Kept {
    let shape = &part.shape;
    let cheapest: Vec<Vec<(i64, usize)>> = threads::map(shape.cells, 0..shape.count(), Vec::new, |order, var| {
        order.clear();
        let costs = shape.costs(state, var).iter().copied().zip(0..);
        order.extend(costs.filter(|&(cost, _)| cost < i64::HALF));
        if order.len() > ANSWERS {
            order.select_nth_unstable(ANSWERS - 1);
            order.truncate(ANSWERS);
        }
        order.sort_unstable();
        order.clone()
    });
    let mut kept: Kept =
        cheapest.iter().map(|list| list.iter().take(FIRST_VALUES).map(|&(_, v)| v).collect()).collect();
    let answers = threads::map(
        shape.cells,
        0..shape.edges.len(),
        || (),
        |(), ordinal| {
            let (edge, table) = (&shape.edges[ordinal], steps[ordinal]);
            let (rows, columns) = (&cheapest[edge.a], &cheapest[edge.b]);
            let to_rows = rows.iter().take(FIRST_ANSWERS);
            let to_rows = to_rows.filter_map(|&(_, v)| answer(columns, table.least(), |y| table.at_least(v, y)));
            let to_columns = columns.iter().take(FIRST_ANSWERS);
            let to_columns = to_columns.filter_map(|&(_, y)| answer(rows, table.least(), |v| table.at_least(v, y)));
            (to_columns.collect::<Vec<usize>>(), to_rows.collect::<Vec<usize>>())
        },
    );
    for (edge, (to_columns, to_rows)) in shape.edges.iter().zip(answers) {
        kept[edge.a].extend(to_columns);
        kept[edge.b].extend(to_rows);
    }
    for values in &mut kept {
        values.sort_unstable();
        values.dedup();
    }
    kept
}

/// Widens a working set until each of its values goes with some value inside at each neighbour, the best for it, if there is
/// any. Values that are `done` have been looked at before.
pub(super) fn support(
    shape: &Shape<'_, i64>,
    state: &State<i64>,
    steps: &[&Steps],
    kept: &mut Kept,
    done: &mut [bool],
) {
    let mut open: Vec<(usize, usize)> =
        kept.iter().enumerate().flat_map(|(var, kept)| kept.iter().map(move |&value| (var, value))).collect();
    while let Some((var, value)) = open.pop() {
        if std::mem::replace(&mut done[shape.at[var] + value], true) {
            continue;
        }
        for near in &shape.near[var] {
            let cell = |other: usize| {
                let (row, column) = if near.rows { (value, other) } else { (other, value) };
                steps[near.edge].at_least(row, column)
            };
            if kept[near.other].iter().any(|&other| cell(other) < i64::HALF) {
                continue;
            }
            let costs = shape.costs(state, near.other);
            let total = |other: &usize| costs[*other].min(i64::HALF) + cell(*other);
            if let Some(best) = (0..costs.len()).min_by_key(total).filter(|best| total(best) < i64::HALF) {
                let at = kept[near.other].binary_search(&best).unwrap_or_else(|at| at);
                kept[near.other].insert(at, best);
                open.push((near.other, best));
            }
        }
    }
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
        let (before, known) = earlier.map_or_else(Default::default, |earlier| (earlier.kept, earlier.shape.edges));
        let slots: Vec<Slots> = kept.iter().zip(&before).map(|(now, before)| Slots::new(now, before)).collect();
        let mut known = known.into_iter().map(Some);
        let known: Vec<_> = (0..shape.edges.len()).map(|ordinal| (ordinal, known.next().flatten())).collect();
        let tables = threads::map(
            shape.cells,
            known,
            || (),
            |(), (ordinal, known)| {
                let edge = &shape.edges[ordinal];
                let (rows, columns) = (&kept[edge.a], &kept[edge.b]);
                let width = shape.size(edge.b);
                let cell = |row: usize, column: usize| edge.table[rows[row] * width + columns[column]];
                let cells = if let Some(known) = known {
                    slots[edge.a].extended(&slots[edge.b], known.table.into_owned(), cell)
                } else {
                    let mut cells = Vec::with_capacity(rows.len() * columns.len());
                    for &v in rows {
                        let row = &edge.table[v * width..(v + 1) * width];
                        cells.extend(columns.iter().map(|&y| row[y]));
                    }
                    cells
                };
                (edge.a, edge.b, Cow::Owned(cells))
            },
        );
        let mut potentials = Vec::new();
        for edge in &shape.edges {
            potentials.extend(kept[edge.a].iter().map(|&v| state.p[edge.at_a + v]));
            potentials.extend(kept[edge.b].iter().map(|&y| state.p[edge.at_b + y]));
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
