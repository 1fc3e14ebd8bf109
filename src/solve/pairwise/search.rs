//! The way from a part to its proven optimum: sweeps and dives until the bound meets an assignment or stops rising, then
//! elimination where what is left is narrow, else branching.

use super::cell::Cell;
use super::core::{Closed, Scratch, Shape, State};
use super::eliminate::{Narrow, plan};
use super::network::Network;
use super::part::Part;
use super::reduce::reduce;
use super::{Effort, Limits};

/// Rounds of an upward and a downward sweep before the search splits.
const ROUNDS_MAX: u32 = 60;
/// See [`Search`]'s fields of these names; the last one where messages have been tried before.
const IDLE_PART: i64 = 50;
const IDLE_MAX: u32 = 3;
const TRIED_IDLE_PART: i64 = 12;
/// Parts with so many cells in their tables are approached by a working set; those with so many, when they resist.
const APPROACH_CELLS: usize = 1_000_000;
const RESISTING_CELLS: usize = 100_000;
/// Elimination at the root may take one in so many cells that messages have looked at, as long as these get on, and so many
/// times the cells that are left: a search mostly takes less than what is beyond.
const ROOT_WORK_PART: u64 = 4;
const ROOT_WORK_CELLS: u64 = 16;
/// Below this gap 32 bits do.
const NARROW_GAP_MAX: i64 = 1 << 24;
/// Rounds at a search node.
const NODE_ROUNDS_MAX: u32 = 4;
/// Cells that elimination may look at, at the root and at a node.
const ROOT_WORK_MAX: u64 = 4_000_000;
const NODE_WORK_MAX: u64 = 20_000;

/// What a part's search found out.
#[derive(Debug)]
pub(super) struct Found {
    /// The best total, and the places by component (only the part's are set).
    pub(super) best: Option<(i64, Vec<usize>)>,
    /// No assignment of the part has a lower total; `None` when every assignment was looked at.
    pub(super) open: Option<i64>,
}

/// The search in one part.
pub(super) struct Search<'s, 'n> {
    pub(super) network: &'n Network,
    pub(super) pairs: &'s [usize],
    pub(super) members: &'s [usize],
    pub(super) limits: &'s Limits<'s>,
    pub(super) effort: &'s mut Effort,
    pub(super) best: Option<(i64, Vec<usize>)>,
    /// The least bound among the nodes that were left.
    open: Option<i64>,
    /// Per variable how often branches ended at it.
    weights: Vec<u64>,
    /// The variable of the last branch that closed.
    conflict: Option<usize>,
    /// Parts with so many cells are approached by a working set.
    pub(super) approach_from: usize,
    /// Whether a working set may still be tried.
    untried: bool,
    /// A round that raises the bound by less than one in so many of what is open is idle; after so many in a row the search
    /// splits.
    idle_part: i64,
    idle_max: u32,
}

impl<'s, 'n> Search<'s, 'n> {
    pub(super) fn new(
        network: &'n Network,
        members: &'s [usize],
        pairs: &'s [usize],
        limits: &'s Limits<'s>,
        effort: &'s mut Effort,
    ) -> Self {
        Self {
            network,
            pairs,
            members,
            limits,
            effort,
            best: None,
            open: None,
            weights: Vec::new(),
            conflict: None,
            approach_from: APPROACH_CELLS,
            untried: false,
            idle_part: IDLE_PART,
            idle_max: IDLE_MAX,
        }
    }

    /// Splits as soon as messages are slow: they have been tried before.
    pub(super) fn splitting_soon(mut self) -> Self {
        (self.idle_part, self.idle_max) = (TRIED_IDLE_PART, 1);
        self
    }

    /// Goes on from an assignment that is known to be allowed.
    pub(super) fn with(mut self, total: i64, assignment: Vec<usize>) -> Self {
        self.best = Some((total, assignment));
        self
    }

    /// Searches in what is left of a part whose messages have settled, and nowhere else.
    pub(super) fn run_in(mut self, part: &Part<'_, i64>, state: &mut State<i64>) -> Found {
        let _closed = self.root(part, state);
        Found { best: self.best, open: self.open }
    }

    pub(super) fn run(mut self) -> Found {
        let values: usize = self.members.iter().map(|&member| self.network.unary()[member].len()).sum();
        let ends = |pair: &usize| [self.network.pairs()[*pair].a, self.network.pairs()[*pair].b];
        let potentials = self.pairs.iter().flat_map(ends).map(|end| self.network.unary()[end].len());
        if !self.effort.holds((values + potentials.sum::<usize>()) * size_of::<i64>(), self.limits) {
            return Found { best: self.best, open: Some(self.network.floor(self.members, self.pairs)) };
        }
        let (part, mut state) = Part::<i64>::exact(self.network, self.members, self.pairs);
        // Closed or not: everything was looked at, but for what `open` says.
        let _closed = if part.shape.cells < self.approach_from {
            self.untried = part.shape.cells >= RESISTING_CELLS;
            self.start(&part, &mut state)
        } else {
            self.approach(&part, state)
        };
        Found { best: self.best, open: self.open }
    }

    /// The first total that is of no interest, in a part's own units.
    pub(super) fn limit<C: Cell>(&self, part: &Part<'_, C>) -> i64 {
        match &self.best {
            Some((total, _)) => {
                (total - part.base).div_euclid(part.unit) + i64::from((total - part.base).rem_euclid(part.unit) > 0)
            }
            None => C::HALF.wide(),
        }
    }

    /// Takes an assignment in, when it is allowed and better.
    pub(super) fn offer<C: Cell>(&mut self, part: &Part<'_, C>, values: &[usize]) {
        let mut assignment = vec![0; self.network.components()];
        if part.assign(values, &mut assignment).is_some()
            && let Some(total) = self.network.cost_of(self.members, self.pairs, &assignment)
            && self.best.as_ref().is_none_or(|(best, _)| total < *best)
        {
            self.best = Some((total, assignment));
        }
    }

    pub(super) fn leave<C: Cell>(&mut self, part: &Part<'_, C>, c0: i64) {
        let bound = part.base + part.unit * c0;
        self.open = Some(self.open.map_or(bound, |open| open.min(bound)));
    }

    /// The first sweep: the bound counts from its end on, so nothing is judged by it before.
    pub(super) fn start(&mut self, part: &Part<'_, i64>, state: &mut State<i64>) -> Result<(), Closed> {
        self.effort.work += part.shape.sweep(state, &mut Scratch::default(), i64::HALF, false)?;
        self.root(part, state)
    }

    pub(super) fn root<C: Cell>(&mut self, part: &Part<'_, C>, state: &mut State<C>) -> Result<(), Closed> {
        let mut scratch = Scratch::default();
        let shape = &part.shape;
        let mut idle = 0;
        for _ in 0..ROUNDS_MAX {
            if self.effort.ends(self.limits) {
                self.leave(part, state.c0);
                return Ok(());
            }
            let before = state.c0;
            self.effort.work += shape.sweep(state, &mut scratch, self.limit(part), true)?;
            self.effort.work += shape.sweep(state, &mut scratch, self.limit(part), false)?;
            if let Some(mut values) = shape.dive(state) {
                shape.descend(state, &mut values);
                self.offer(part, &values);
            }
            if state.c0 >= self.limit(part) {
                return Err(Closed(0));
            }
            if shape.cells > 0 && shape.cells_left(state) * 2 <= shape.cells {
                return self.compacted(part, state);
            }
            let work_max = root_work(shape.cells_left(state)).min(self.effort.work / ROOT_WORK_PART);
            if self.eliminate(part, state, work_max) {
                return Ok(());
            }
            let gap = self.limit(part) - state.c0;
            idle = if (state.c0 - before) * self.idle_part <= gap { idle + 1 } else { 0 };
            if idle >= self.idle_max {
                break;
            }
        }
        if std::mem::take(&mut self.untried) && self.approach_anew()? {
            return Ok(());
        }
        if self.eliminate(part, state, root_work(shape.cells_left(state))) {
            return Ok(());
        }
        // The copy, what it is taken apart into, and what comes out.
        if !self
            .effort
            .holds((3 * shape.cells_left(state) + state.u.len() + state.p.len()) * size_of::<i64>(), self.limits)
        {
            self.leave(part, state.c0);
            return Ok(());
        }
        let (part, state) = part.compact::<i64>(state);
        let limit = self.limit(&part);
        if limit - state.c0 < NARROW_GAP_MAX {
            let (part, mut state) = reduce::<i64, i32>(part, &state, limit);
            self.branch(&part, &mut state)
        } else {
            let (part, mut state) = reduce::<i64, i64>(part, &state, limit);
            self.branch(&part, &mut state)
        }
    }

    /// Goes on with a copy of what is left.
    pub(super) fn compacted<C: Cell>(&mut self, part: &Part<'_, C>, state: &State<C>) -> Result<(), Closed> {
        let cells = part.shape.cells_left(state) + state.u.len() + state.p.len();
        if !self.effort.holds(cells * size_of::<C>(), self.limits) {
            self.leave(part, state.c0);
            return Ok(());
        }
        let (part, mut state) = part.compact::<C>(state);
        self.root(&part, &mut state)
    }

    /// Branches on what no reduction settled.
    fn branch<C: Cell>(&mut self, part: &Part<'_, C>, state: &mut State<C>) -> Result<(), Closed> {
        self.weights = vec![1; part.shape.count()];
        self.conflict = None;
        self.node(part, state, &mut Scratch::default())
    }

    /// Solves what is left by elimination when that takes little.
    fn eliminate<C: Cell>(&mut self, part: &Part<'_, C>, state: &State<C>, work_max: u64) -> bool {
        let shape = &part.shape;
        let open: Vec<usize> = (0..shape.count()).filter(|&var| state.live[var] > 1).collect();
        let mut slot_of = vec![usize::MAX; shape.count()];
        for (slot, &var) in open.iter().enumerate() {
            slot_of[var] = slot;
        }
        let sizes: Vec<usize> = open.iter().map(|&var| state.live[var] as usize).collect();
        let edges = || {
            let both = |e: &&super::core::Edge<'_, C>| slot_of[e.a] != usize::MAX && slot_of[e.b] != usize::MAX;
            shape.edges.iter().filter(both)
        };
        let pairs: Vec<(usize, usize)> = edges().map(|e| (slot_of[e.a], slot_of[e.b])).collect();
        let Some(plan) = plan(&sizes, &pairs, work_max) else { return false };
        // A cost and a pick for every cell that is made, beside what is left of the tables.
        let made = usize::try_from(plan.work).unwrap_or(usize::MAX);
        let bytes = (shape.cells_left(state) + made.saturating_mul(2)).saturating_mul(size_of::<i64>());
        if !self.effort.fits(bytes, self.limits) {
            return false;
        }
        self.effort.frees(bytes);
        let (narrow, kept) = narrow_of(shape, state, &open, &slot_of, sizes);
        self.effort.work += plan.work;
        if let Some((_, values)) = narrow.solve(&plan) {
            let mut all: Vec<usize> = kept.iter().map(|values| values[0]).collect();
            for (slot, &var) in open.iter().enumerate() {
                all[var] = kept[var][values[slot]];
            }
            self.offer(part, &all);
        }
        true
    }

    /// Splits on one variable after another; whatever is left when the limits are reached goes to `open`.
    fn node<C: Cell>(
        &mut self,
        part: &Part<'_, C>,
        state: &mut State<C>,
        scratch: &mut Scratch<C>,
    ) -> Result<(), Closed> {
        let shape = &part.shape;
        loop {
            self.effort.nodes += 1;
            if self.effort.ends(self.limits) {
                self.leave(part, state.c0);
                return Ok(());
            }
            for _ in 0..NODE_ROUNDS_MAX {
                let before = state.c0;
                self.effort.work += shape.sweep(state, scratch, self.limit(part), true)?;
                self.effort.work += shape.sweep(state, scratch, self.limit(part), false)?;
                if (state.c0 - before) * 8 <= self.limit(part) - state.c0 {
                    break;
                }
            }
            if let Some(values) = shape.dive(state) {
                self.offer(part, &values);
            }
            if state.c0 >= self.limit(part) || self.eliminate(part, state, NODE_WORK_MAX) {
                return Ok(());
            }
            let var = self.pick(shape, state);
            let costs = shape.costs(state, var);
            let value = (0..costs.len()).min_by_key(|&v| costs[v]).unwrap_or(0);
            if !self.effort.holds(state.bytes(), self.limits) {
                continue;
            }
            let mut child = state.clone();
            for other in 0..shape.size(var) {
                if other != value && child.u[shape.at[var] + other] < C::TOP {
                    shape.remove(&mut child, var, other);
                }
            }
            if let Err(Closed(at)) = self.node(part, &mut child, scratch) {
                self.weights[at] += 1;
                self.conflict = Some(var);
            }
            self.effort.frees(child.bytes());
            shape.remove(state, var, value);
            if state.live[var] == 0 || state.c0 >= self.limit(part) {
                return Err(Closed(var));
            }
        }
    }

    /// The variable to split on: where the last branch closed, else few values and many branches that ended there.
    fn pick<C: Cell>(&self, shape: &Shape<'_, C>, state: &State<C>) -> usize {
        if let Some(var) = self.conflict.filter(|&var| state.live[var] > 1) {
            return var;
        }
        let score = |var: usize| {
            let weight: u64 = self.weights[var]
                + shape.near[var]
                    .iter()
                    .filter(|n| state.live[n.other] > 1)
                    .map(|n| self.weights[n.other])
                    .sum::<u64>();
            (u64::from(state.live[var]) << 20) / weight
        };
        (0..shape.count())
            .filter(|&var| state.live[var] > 1)
            .min_by_key(|&var| score(var))
            .expect("something is undecided")
    }
}

/// Cells that elimination may look at, at the root, with so many cells left.
fn root_work(cells: usize) -> u64 {
    (cells as u64).saturating_mul(ROOT_WORK_CELLS).min(ROOT_WORK_MAX)
}

/// What is left, value by value, as a narrow problem; and the values that are left.
fn narrow_of<C: Cell>(
    shape: &Shape<'_, C>,
    state: &State<C>,
    open: &[usize],
    slot_of: &[usize],
    sizes: Vec<usize>,
) -> (Narrow, Vec<Vec<usize>>) {
    let kept: Vec<Vec<usize>> = (0..shape.count())
        .map(|var| {
            let costs = shape.costs(state, var);
            (0..costs.len()).filter(|&v| costs[v] < C::TOP).collect()
        })
        .collect();
    let mut narrow = Narrow::new(sizes);
    let mut unary: Vec<Vec<i64>> =
        open.iter().map(|&var| kept[var].iter().map(|&v| shape.costs(state, var)[v].wide()).collect()).collect();
    for (_, edge) in shape.edges.iter().enumerate().filter(|(ordinal, _)| !state.empty[*ordinal]) {
        let width = shape.size(edge.b);
        let slack = |&(v, y): &(usize, usize)| {
            let cell = edge.table[v * width + y];
            if cell >= C::HALF { 1 << 60 } else { (cell + state.p[edge.at_a + v] + state.p[edge.at_b + y]).wide() }
        };
        let (rows, columns) = (&kept[edge.a], &kept[edge.b]);
        let all: Vec<i64> =
            rows.iter().flat_map(|&v| columns.iter().map(move |&y| (v, y))).map(|c| slack(&c)).collect();
        match (slot_of[edge.a], slot_of[edge.b]) {
            (usize::MAX, usize::MAX) => {}
            (usize::MAX, slot) | (slot, usize::MAX) => {
                for (cost, more) in unary[slot].iter_mut().zip(all) {
                    *cost += more;
                }
            }
            (a, b) => narrow.add(vec![a, b], all),
        }
    }
    for (slot, costs) in unary.into_iter().enumerate() {
        narrow.add(vec![slot], costs);
    }
    (narrow, kept)
}
