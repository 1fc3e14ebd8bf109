//! Exact reductions of what is left at the root: a variable that another one decides joins it, and variables with at most
//! two neighbours leave, each replaced by the best it can do for every choice of its neighbours.

use super::cell::Cell;
use super::core::{Shape, State};
use super::kernel::turned;
use super::part::{Part, Step};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Cells that the elimination of one variable with two neighbours may look at.
const CELLS_MAX: usize = 200_000;

/// Costs from here on are not allowed.
const NEVER: i64 = 1 << 60;

/// The problem as it is taken apart.
struct Graph {
    /// Per variable the costs of its values; empty when it has left.
    unary: Vec<Vec<i64>>,
    /// Rows of the first, columns of the second, `first < second`.
    tables: BTreeMap<(usize, usize), Vec<i64>>,
    near: Vec<BTreeSet<usize>>,
    c0: i64,
}

impl Graph {
    /// The table between two variables with the rows of `a`.
    fn rows_of(&self, a: usize, b: usize) -> Vec<i64> {
        let table = &self.tables[&(a.min(b), a.max(b))];
        if a < b { table.clone() } else { turned(table, self.unary[b].len(), self.unary[a].len()) }
    }

    fn take(&mut self, a: usize, b: usize) -> Vec<i64> {
        let table = self.rows_of(a, b);
        self.tables.remove(&(a.min(b), a.max(b)));
        self.near[a].remove(&b);
        self.near[b].remove(&a);
        table
    }

    /// Adds a table with the rows of `a`.
    fn add(&mut self, a: usize, b: usize, table: Vec<i64>) {
        let table = if a < b { table } else { turned(&table, self.unary[a].len(), self.unary[b].len()) };
        self.near[a].insert(b);
        self.near[b].insert(a);
        match self.tables.get_mut(&(a.min(b), a.max(b))) {
            Some(known) => {
                for (cell, more) in known.iter_mut().zip(table) {
                    *cell = plus(*cell, more);
                }
            }
            None => {
                self.tables.insert((a.min(b), a.max(b)), table);
            }
        }
    }

    /// For every value of `a` the only value of `b` that goes with it; `None` when some value has a choice.
    fn decided_by(&self, a: usize, b: usize) -> Option<Vec<Option<usize>>> {
        let columns = self.unary[b].len();
        let only = |row: &[i64]| {
            let mut allowed = row.iter().enumerate().filter(|&(y, &cell)| cell < NEVER && self.unary[b][y] < NEVER);
            let first = allowed.next().map(|(y, _)| y);
            allowed.next().is_none().then_some(first)
        };
        self.rows_of(a, b).chunks_exact(columns).map(only).collect()
    }

    /// Joins `b` to `a`, which decides it.
    fn join(&mut self, a: usize, b: usize, answer: &[Option<usize>]) {
        let columns = self.unary[b].len();
        let table = self.take(a, b);
        for (v, answer) in answer.iter().enumerate() {
            let cost = answer.map_or(NEVER, |y| plus(table[v * columns + y], self.unary[b][y]));
            self.unary[a][v] = plus(self.unary[a][v], cost);
        }
        for other in self.near[b].clone() {
            let theirs = self.take(b, other);
            let width = self.unary[other].len();
            let row = |answer: &Option<usize>| match answer {
                Some(y) => theirs[y * width..(y + 1) * width].to_vec(),
                None => vec![0; width],
            };
            self.add(a, other, answer.iter().flat_map(row).collect());
        }
        self.unary[b].clear();
    }

    /// Removes a variable with at most two neighbours; per choice of the neighbours its best value.
    fn leave(&mut self, var: usize) -> (Vec<usize>, Vec<usize>) {
        let own = std::mem::take(&mut self.unary[var]);
        let given: Vec<usize> = self.near[var].iter().copied().collect();
        // Put back for its size while tables are turned.
        self.unary[var].clone_from(&own);
        let tables: Vec<Vec<i64>> = given.iter().map(|&other| self.take(other, var)).collect();
        self.unary[var].clear();
        let best = |costs: &mut dyn Iterator<Item = i64>| {
            costs.enumerate().map(|(v, cost)| (cost, v)).min().expect("a variable has a value")
        };
        let row = |table: &[i64], at: usize| table[at * own.len()..(at + 1) * own.len()].to_vec();
        match tables.as_slice() {
            [] => {
                let (cost, value) = best(&mut own.iter().copied());
                self.c0 = plus(self.c0, cost);
                (given, vec![value])
            }
            [table] => {
                let mut picks = Vec::new();
                for at in 0..self.unary[given[0]].len() {
                    let row = row(table, at);
                    let (cost, value) = best(&mut row.iter().zip(&own).map(|(&cell, &own)| plus(cell, own)));
                    self.unary[given[0]][at] = plus(self.unary[given[0]][at], cost);
                    picks.push(value);
                }
                (given, picks)
            }
            [left, right, ..] => {
                let (mut picks, mut cells) = (Vec::new(), Vec::new());
                for x in 0..self.unary[given[0]].len() {
                    let left: Vec<i64> = row(left, x).iter().zip(&own).map(|(&cell, &own)| plus(cell, own)).collect();
                    for right in right.chunks_exact(own.len()) {
                        let (cost, value) = best(&mut left.iter().zip(right).map(|(&l, &r)| plus(l, r)));
                        cells.push(cost);
                        picks.push(value);
                    }
                }
                self.add(given[0], given[1], cells);
                (given, picks)
            }
        }
    }
}

fn plus(a: i64, b: i64) -> i64 {
    (a + b).min(NEVER)
}

/// Reduces a compact part (every variable undecided). Costs of `limit` and more are not allowed in the result.
pub(super) fn reduce<C: Cell, D: Cell>(
    part: Part<'_, C>,
    state: &State<C>,
    limit: i64,
) -> (Part<'static, D>, State<D>) {
    let mut graph = graph_of(&part.shape, state);
    let Part { components, places, fixed, mut steps, base, unit, .. } = part;
    let mut step = |var: usize, given: &[usize], picks: Vec<Option<usize>>| {
        steps.push(Step {
            component: components[var],
            given: given.iter().map(|&other| (components[other], places[other].clone())).collect(),
            picks: picks.into_iter().map(|pick| pick.map(|value| places[var][value])).collect(),
        });
    };
    loop {
        let mut changed = false;
        for (a, b) in graph.tables.keys().copied().collect::<Vec<_>>() {
            if !graph.tables.contains_key(&(a, b)) {
                continue;
            }
            for (a, b) in [(a, b), (b, a)] {
                if let Some(answer) = graph.decided_by(a, b) {
                    graph.join(a, b, &answer);
                    step(b, &[a], answer);
                    changed = true;
                    break;
                }
            }
        }
        for var in 0..graph.unary.len() {
            let near = &graph.near[var];
            let cells: usize = near.iter().map(|&other| graph.unary[other].len()).product();
            if !graph.unary[var].is_empty() && near.len() <= 2 && cells * graph.unary[var].len() <= CELLS_MAX {
                let (given, picks) = graph.leave(var);
                step(var, &given, picks.into_iter().map(Some).collect());
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    let kept: Vec<usize> = (0..graph.unary.len()).filter(|&var| !graph.unary[var].is_empty()).collect();
    let mut slot_of = vec![usize::MAX; graph.unary.len()];
    for (slot, &var) in kept.iter().enumerate() {
        slot_of[var] = slot;
    }
    let gap = limit.saturating_sub(graph.c0).min(NEVER);
    let narrow = |&cost: &i64| if cost >= gap { D::TOP } else { D::narrow(cost) };
    let sizes: Vec<usize> = kept.iter().map(|&var| graph.unary[var].len()).collect();
    let tables = graph
        .tables
        .iter()
        .map(|(&(a, b), table)| (slot_of[a], slot_of[b], Cow::Owned(table.iter().map(narrow).collect())))
        .collect();
    let shape = Shape::new(&sizes, tables);
    let u = kept.iter().flat_map(|&var| graph.unary[var].iter().map(narrow)).collect();
    let start = shape.start(graph.c0, u);
    let part = Part {
        shape,
        components: kept.iter().map(|&var| components[var]).collect(),
        places: kept.iter().map(|&var| places[var].clone()).collect(),
        fixed,
        steps,
        base,
        unit,
    };
    (part, start)
}

/// Costs and what is left in the tables.
fn graph_of<C: Cell>(shape: &Shape<'_, C>, state: &State<C>) -> Graph {
    let wide = |cost: C| if cost >= C::HALF { NEVER } else { cost.wide() };
    let mut graph = Graph {
        unary: (0..shape.count()).map(|var| shape.costs(state, var).iter().map(|&cost| wide(cost)).collect()).collect(),
        tables: BTreeMap::new(),
        near: vec![BTreeSet::new(); shape.count()],
        c0: state.c0,
    };
    for (_, edge) in shape.edges.iter().enumerate().filter(|(ordinal, _)| !state.empty[*ordinal]) {
        let (rows, columns) = (shape.size(edge.a), shape.size(edge.b));
        let mut table = Vec::with_capacity(rows * columns);
        for v in 0..rows {
            for y in 0..columns {
                let (pa, pb) = (state.p[edge.at_a + v], state.p[edge.at_b + y]);
                let cell = edge.table[v * columns + y];
                let out = cell >= C::HALF || pa >= C::HALF || pb >= C::HALF;
                table.push(if out { NEVER } else { (cell + pa + pb).wide() });
            }
        }
        graph.add(edge.a, edge.b, table);
    }
    graph
}
