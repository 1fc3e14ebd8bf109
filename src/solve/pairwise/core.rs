//! The working form of a connected problem, and the messages that move costs within it.
//!
//! Any assignment's total is at all times `base + unit * (c0 + sum of u + sum of (table + p of both ends))`, up to the
//! rounding down of tables when `unit` is not one. All parts but `base` stay at or above zero, so `c0` is a bound from
//! below, and `c0 + u(v)` is one for the assignments that pick `v`.
//!
//! Messages follow sequential tree-reweighted message passing (V. Kolmogorov, "Convergent Tree-Reweighted Message Passing
//! for Energy Minimization", 2006): a visited variable hands equal shares of its costs to the pairs ahead, each of which
//! hands on to its other end what every row (or column) must pay at least. All of it in integers, so every step is exact.

use super::cell::Cell;
use super::kernel::{min_over_columns, min_over_rows};
use pulp::Arch;
use std::borrow::Cow;

/// What does not change during the search.
#[derive(Debug)]
pub(super) struct Shape<'n, C: Cell> {
    /// Per variable where its values begin in [`State::u`]; one more at the end.
    pub(super) at: Vec<usize>,
    pub(super) edges: Vec<Edge<'n, C>>,
    /// Per variable its edges, by the ordinal of the other end, ascending.
    pub(super) near: Vec<Vec<Near>>,
    /// Cells of all tables.
    pub(super) cells: usize,
}

/// A pair of variables, `a < b`.
#[derive(Debug)]
pub(super) struct Edge<'n, C: Cell> {
    pub(super) a: usize,
    pub(super) b: usize,
    /// Where the potentials of the ends begin in [`State::p`].
    pub(super) at_a: usize,
    pub(super) at_b: usize,
    /// Rows of `a`, columns of `b`.
    pub(super) table: Cow<'n, [C]>,
}

/// An edge as one of its ends sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Near {
    pub(super) edge: usize,
    pub(super) other: usize,
    /// Where this end's potentials begin.
    pub(super) mine: usize,
    /// Where the other end's potentials begin.
    pub(super) theirs: usize,
    /// Whether this end has the rows.
    pub(super) rows: bool,
}

impl Near {
    /// The same edge as its other end sees it.
    fn back(&self, var: usize) -> Self {
        Self { edge: self.edge, other: var, mine: self.theirs, theirs: self.mine, rows: !self.rows }
    }
}

/// What the search changes, and copies.
#[derive(Clone, Debug, Default)]
pub(super) struct State<C> {
    /// The bound from below.
    pub(super) c0: i64,
    /// Cost of each value; [`Cell::TOP`] when it is out.
    pub(super) u: Vec<C>,
    /// What each edge's ends have paid in or (negative) taken out, per value; [`Cell::TOP`] when the value is out.
    pub(super) p: Vec<C>,
    /// Values left per variable.
    pub(super) live: Vec<u32>,
    /// Edges that have nothing left in them, because one end is decided.
    pub(super) empty: Vec<bool>,
}

impl<C> State<C> {
    /// Bytes that costs and potentials take.
    pub(super) fn bytes(&self) -> usize {
        (self.u.len() + self.p.len()) * size_of::<C>()
    }
}

/// No assignment below the limit is left; the variable at which it showed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closed(pub(super) usize);

/// Buffers for messages.
#[derive(Debug, Default)]
pub(super) struct Scratch<C> {
    pub(super) arch: Arch,
    send: Vec<C>,
    least: Vec<C>,
}

impl<'n, C: Cell> Shape<'n, C> {
    /// Tables `(a, b, cells)` over variables with so many values.
    pub(super) fn new(sizes: &[usize], tables: Vec<(usize, usize, Cow<'n, [C]>)>) -> Self {
        let mut at = vec![0];
        for size in sizes {
            at.push(at[at.len() - 1] + size);
        }
        let mut near = vec![Vec::new(); sizes.len()];
        let mut edges = Vec::with_capacity(tables.len());
        let (mut next, mut cells) = (0, 0);
        for (edge, (a, b, table)) in tables.into_iter().enumerate() {
            let (at_a, at_b) = (next, next + sizes[a]);
            next = at_b + sizes[b];
            cells += table.len();
            near[a].push(Near { edge, other: b, mine: at_a, theirs: at_b, rows: true });
            near[b].push(Near { edge, other: a, mine: at_b, theirs: at_a, rows: false });
            edges.push(Edge { a, b, at_a, at_b, table });
        }
        for list in &mut near {
            list.sort_by_key(|near| near.other);
        }
        Self { at, edges, near, cells }
    }

    pub(super) fn count(&self) -> usize {
        self.near.len()
    }

    pub(super) fn size(&self, var: usize) -> usize {
        self.at[var + 1] - self.at[var]
    }

    /// The state in which nothing has moved yet.
    pub(super) fn start(&self, c0: i64, u: Vec<C>) -> State<C> {
        let potentials = self.edges.iter().map(|e| self.size(e.a) + self.size(e.b)).sum();
        let mut state = State {
            c0,
            u,
            p: vec![C::default(); potentials],
            live: vec![0; self.count()],
            empty: vec![false; self.edges.len()],
        };
        for var in 0..self.count() {
            for value in 0..self.size(var) {
                if state.u[self.at[var] + value] >= C::HALF {
                    self.mark_out(&mut state, var, value);
                } else {
                    state.live[var] += 1;
                }
            }
        }
        state
    }

    /// Cells of all tables between values that are left.
    pub(super) fn cells_left(&self, state: &State<C>) -> usize {
        self.edges.iter().map(|edge| state.live[edge.a] as usize * state.live[edge.b] as usize).sum()
    }

    /// A state of which only costs, potentials and the bound are kept up, in full.
    pub(super) fn restart(&self, mut state: State<C>) -> State<C> {
        for var in 0..self.count() {
            let costs = self.costs(&state, var);
            state.live[var] = costs.iter().map(|&cost| u32::from(cost < C::HALF)).sum();
        }
        state.empty.fill(false);
        state
    }

    /// What a pair of values costs in its table.
    pub(super) fn cell(&self, near: &Near, var: usize, value: usize, other_value: usize) -> C {
        let edge = &self.edges[near.edge];
        let at =
            if near.rows { value * self.size(near.other) + other_value } else { other_value * self.size(var) + value };
        edge.table[at]
    }

    fn mark_out(&self, state: &mut State<C>, var: usize, value: usize) {
        state.u[self.at[var] + value] = C::TOP;
        for near in &self.near[var] {
            state.p[near.mine + value] = C::TOP;
        }
    }

    /// Takes a value out.
    pub(super) fn remove(&self, state: &mut State<C>, var: usize, value: usize) {
        debug_assert!(state.u[self.at[var] + value] < C::TOP);
        self.mark_out(state, var, value);
        state.live[var] -= 1;
    }

    /// Moves what every value of a variable must pay into the bound, and takes out the values that cannot be part of
    /// an assignment below `limit`.
    pub(super) fn settle(&self, state: &mut State<C>, var: usize, limit: i64) -> Result<(), Closed> {
        let range = self.at[var]..self.at[var + 1];
        let least = state.u[range.clone()].iter().copied().min().unwrap_or(C::TOP);
        if least >= C::HALF {
            return Err(Closed(var));
        }
        state.c0 += least.wide();
        if state.c0 >= limit {
            return Err(Closed(var));
        }
        let gap = C::narrow((limit - state.c0).min(C::HALF.wide()));
        let mut out = false;
        for cost in &mut state.u[range] {
            if *cost < C::TOP {
                *cost -= least;
                out |= *cost >= gap;
            }
        }
        if out {
            self.remove_from(state, var, gap);
        }
        Ok(())
    }

    /// Visits a variable: what decided neighbours cost comes in, then equal shares go out to the neighbours ahead.
    pub(super) fn visit(
        &self,
        state: &mut State<C>,
        scratch: &mut Scratch<C>,
        var: usize,
        limit: i64,
        upwards: bool,
    ) -> Result<u64, Closed> {
        let (mut before, mut after, mut work) = (0, 0, 0);
        for near in &self.near[var] {
            if state.empty[near.edge] {
                continue;
            }
            if state.live[near.other] == 1 {
                scratch.send.clear();
                scratch.send.resize(self.size(near.other), C::default());
                state.empty[near.edge] = self.push(state, scratch, near.other, &near.back(var), limit);
                work += (self.size(var) + self.size(near.other)) as u64;
            } else if near.other < var {
                before += 1;
            } else {
                after += 1;
            }
        }
        self.settle(state, var, limit)?;
        let ahead = if upwards { after } else { before };
        if ahead == 0 || state.live[var] == 1 {
            return Ok(work);
        }
        let shares = after.max(before);
        scratch.send.clear();
        scratch.send.extend(self.costs(state, var).iter().map(|cost| cost.share(shares)));
        for near in &self.near[var] {
            if state.empty[near.edge] || (near.other > var) != upwards {
                continue;
            }
            if self.push(state, scratch, var, near, limit) {
                for (cost, &sent) in state.u[self.at[var]..self.at[var + 1]].iter_mut().zip(&scratch.send) {
                    if *cost < C::HALF {
                        *cost -= sent;
                    }
                }
            }
            work += self.edges[near.edge].table.len() as u64;
            if state.live[near.other] == 0 {
                return Err(Closed(near.other));
            }
        }
        Ok(work)
    }

    /// The costs of a variable's values.
    pub(super) fn costs<'s>(&self, state: &'s State<C>, var: usize) -> &'s [C] {
        &state.u[self.at[var]..self.at[var + 1]]
    }

    /// Pays `scratch.send` into an edge and hands on to the other end what each of its values must pay at least.
    ///
    /// Does nothing and says so when the potentials would grow out of range, which takes a circular flow over many sweeps.
    fn push(&self, state: &mut State<C>, scratch: &mut Scratch<C>, var: usize, near: &Near, limit: i64) -> bool {
        let (size, other_size) = (self.size(var), self.size(near.other));
        let paid = &mut state.p[near.mine..near.mine + size];
        let (mut floor, mut top) = (C::TOP, -C::TOP);
        for (&paid, &sent) in paid.iter().zip(&scratch.send) {
            if paid < C::HALF {
                floor = floor.min(paid + sent);
                top = top.max(paid + sent);
            }
        }
        if top - floor >= C::HALF.share(2) {
            return false;
        }
        for (paid, &sent) in paid.iter_mut().zip(&scratch.send) {
            if *paid < C::HALF {
                *paid = *paid + sent - floor;
            }
        }
        let (table, least) = (&self.edges[near.edge].table, &mut scratch.least);
        least.resize(other_size, C::TOP);
        let paid = &state.p[near.mine..near.mine + size];
        if near.rows {
            min_over_rows(scratch.arch, table, paid, least);
        } else {
            min_over_columns(scratch.arch, table, paid, least);
        }
        let gap = C::narrow((limit - state.c0).min(C::HALF.wide()));
        let at = self.at[near.other];
        let mut out = false;
        let theirs = &mut state.p[near.theirs..near.theirs + other_size];
        for ((paid, cost), &least) in theirs.iter_mut().zip(&mut state.u[at..at + other_size]).zip(least.iter()) {
            if *paid >= C::HALF {
                continue;
            }
            if least >= C::HALF {
                *cost = C::HALF;
            } else {
                *cost = (*cost + least + floor + *paid).min(C::HALF);
                *paid = -least;
            }
            out |= *cost >= gap;
        }
        if out {
            self.remove_from(state, near.other, gap);
        }
        true
    }

    /// Takes out the values that cost this much.
    fn remove_from(&self, state: &mut State<C>, var: usize, gap: C) {
        for value in 0..self.size(var) {
            let cost = state.u[self.at[var] + value];
            if cost >= gap && cost < C::TOP {
                self.remove(state, var, value);
            }
        }
    }

    /// Takes back, after a downward sweep, what the edges hold for their later ends, so that costs tell as much as they
    /// can without another message.
    pub(super) fn collect(&self, state: &mut State<C>, scratch: &mut Scratch<C>, limit: i64) -> Result<(), Closed> {
        for var in 0..self.count() {
            for near in self.near[var].iter().filter(|near| near.other < var) {
                if state.empty[near.edge] {
                    continue;
                }
                scratch.send.clear();
                scratch.send.resize(self.size(near.other), C::default());
                self.push(state, scratch, near.other, &near.back(var), limit);
            }
            self.settle(state, var, limit)?;
        }
        Ok(())
    }

    /// Visits all variables upwards, or all downwards.
    pub(super) fn sweep(
        &self,
        state: &mut State<C>,
        scratch: &mut Scratch<C>,
        limit: i64,
        upwards: bool,
    ) -> Result<u64, Closed> {
        let mut work = 0;
        if upwards {
            for var in 0..self.count() {
                work += self.visit(state, scratch, var, limit, true)?;
            }
        } else {
            for var in (0..self.count()).rev() {
                work += self.visit(state, scratch, var, limit, false)?;
            }
        }
        Ok(work)
    }
}
