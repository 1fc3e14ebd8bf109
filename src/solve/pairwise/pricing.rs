//! Pricing one variable: what its values outside the working set can take from their edges, and what they give back.
//!
//! The tables' steps tell at least what an edge leaves a value. Only for values that this does not bring to the aim are the
//! costs themselves looked at.

use super::cell::Cell;
use super::columns::Columns;
use super::core::{Near, Shape};
use super::kernel::{add_to, min_of_rows, min_rows_into};
use super::steps;

/// Of a variable's values, one in so many are few.
const FEW: usize = 16;

/// A variable's costs and potentials after pricing.
#[derive(Debug, Default)]
pub(super) struct Priced {
    /// Per value.
    pub(super) costs: Vec<i64>,
    /// Per edge of the variable, per value.
    pub(super) potentials: Vec<i64>,
    /// Cells that were looked at.
    pub(super) work: u64,
}

/// Working memory.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    pub(super) steps: steps::Buffers,
    /// Per edge of the variable, per value, what it can take at least.
    left: Vec<i64>,
    /// The same: whether it may take as much as it likes.
    far: Vec<bool>,
    /// Per value its cost with what it can take at least.
    sums: Vec<i64>,
    /// Per value how many edges leave it as much as it likes.
    infinite: Vec<u32>,
    takes: Vec<i64>,
    cells: Vec<i64>,
    /// Rows to read.
    rows: Vec<usize>,
    /// The same with what they have paid.
    paid: Vec<(i64, usize)>,
}

/// An edge as a variable that is being priced sees it.
#[derive(Clone, Copy)]
struct Link {
    near: Near,
    /// Where the variable's values of this edge begin in [`Priced::potentials`].
    mine: usize,
}

/// A variable that is being priced.
struct Pricing<'c> {
    columns: &'c Columns<'c>,
    shape: &'c Shape<'c, i64>,
    var: usize,
    aim: i64,
    links: Vec<Link>,
    out: Priced,
}

impl Columns<'_> {
    /// Prices the values of a variable that are outside: each gets as much as it can, up to `aim`.
    pub(super) fn price(&self, buffers: &mut Buffers, shape: &Shape<'_, i64>, var: usize, aim: i64) -> Priced {
        let size = shape.size(var);
        let near = &shape.near[var];
        let links = near.iter().enumerate().map(|(at, &near)| Link { near, mine: at * size }).collect();
        let mut out = Priced { costs: shape.costs(&self.state, var).to_vec(), ..Priced::default() };
        out.potentials.reserve_exact(near.len() * size);
        for near in near {
            out.potentials.extend_from_slice(&self.state.p[near.mine..near.mine + size]);
        }
        let mut pricing = Pricing { columns: self, shape, var, aim, links, out };
        pricing.run(buffers);
        pricing.out
    }
}

impl Pricing<'_> {
    fn run(&mut self, buffers: &mut Buffers) {
        let (at, size) = (self.shape.at[self.var], self.shape.size(self.var));
        self.take_in_steps(buffers);
        let outside = |value: &usize| !self.columns.inside[at + value] && self.out.costs[*value] < i64::HALF;
        let outside: Vec<usize> = (0..size).filter(outside).collect();
        let unsure: Vec<usize> = outside.iter().copied().filter(|&value| buffers.sums[value] < self.aim).collect();
        for at in 0..self.links.len() {
            if !self.links[at].near.rows {
                self.take_from_inside(buffers, self.links[at], &unsure);
            }
        }
        for at in 0..self.links.len() {
            if self.links[at].near.rows {
                buffers.rows.clear();
                buffers.rows.extend(unsure.iter().filter(|&&value| buffers.sums[value] < self.aim));
                self.take_from_all(buffers, self.links[at]);
            }
        }
        let ahead: Vec<usize> = self.links.iter().filter(|link| !link.near.rows).map(|link| link.mine).collect();
        for value in outside.into_iter().filter(|value| buffers.sums[*value] < i64::TOP) {
            self.settle(buffers, value, &ahead);
        }
    }

    /// What values can take from each edge at least, by the tables' steps.
    fn take_in_steps(&mut self, buffers: &mut Buffers) {
        let Columns { state, kept, arch, most, .. } = self.columns;
        let size = self.out.costs.len();
        let Buffers { steps, left, far, infinite, sums, paid, .. } = buffers;
        left.clear();
        left.resize(self.links.len() * size, 0);
        far.clear();
        far.resize(self.links.len() * size, false);
        infinite.clear();
        infinite.resize(size, 0);
        sums.clear();
        sums.extend_from_slice(&self.out.costs);
        for &Link { near, mine } in &self.links {
            let (table, left) = (self.columns.steps[near.edge], &mut left[mine..mine + size]);
            let theirs = &state.p[near.theirs..near.theirs + self.shape.size(near.other)];
            if near.rows {
                table.left_to_rows(*arch, theirs, *most, steps, left);
            } else {
                paid.clear();
                paid.extend(kept[near.other].iter().map(|&v| (theirs[v], v)));
                table.left_to_columns(*arch, paid, *most, steps, left);
                let least = paid.iter().map(|&(paid, _)| paid).min().unwrap_or(0);
                for ((far, left), count) in far[mine..mine + size].iter_mut().zip(left.iter()).zip(infinite.iter_mut())
                {
                    *far = table.is_far(*left, least);
                    *count += u32::from(*far);
                }
            }
            add_to(*arch, sums, left);
        }
    }

    /// What the values inside at the other end leave some values; the variable has the columns.
    fn take_from_inside(&mut self, buffers: &mut Buffers, link: Link, values: &[usize]) {
        let Columns { state, kept, arch, most, .. } = self.columns;
        let Buffers { left, far, takes, paid, sums, infinite, cells, .. } = buffers;
        let (near, size) = (&link.near, self.out.costs.len());
        takes.clear();
        takes.resize(size, i64::TOP);
        let table = &self.shape.edges[near.edge].table;
        paid.clear();
        paid.extend(kept[near.other].iter().map(|&v| (state.p[near.theirs + v], v)));
        if values.len() * FEW > size {
            min_rows_into(*arch, table, paid, takes);
        } else {
            for &(paid, v) in paid.iter() {
                let row = &table[v * size..(v + 1) * size];
                // Far cells are asked for all at once, before anything depends on one of them.
                cells.clear();
                cells.extend(values.iter().map(|&value| row[value] + paid));
                for (&value, &cell) in values.iter().zip(cells.iter()) {
                    takes[value] = takes[value].min(cell);
                }
            }
        }
        self.out.work += (paid.len() * values.len()) as u64;
        for &value in values {
            let (left, far) = (&mut left[link.mine + value], &mut far[link.mine + value]);
            let take = takes[value].min(*most);
            sums[value] += take - *left;
            *left = take;
            infinite[value] -= u32::from(*far);
            *far = takes[value] >= i64::HALF;
            infinite[value] += u32::from(*far);
        }
    }

    /// What all values at the other end leave some values; the variable has the rows. A value that goes with nothing leaves.
    fn take_from_all(&mut self, buffers: &mut Buffers, link: Link) {
        let Columns { state, arch, most, .. } = self.columns;
        let Buffers { left, sums, rows: values, takes, .. } = buffers;
        let (near, size) = (&link.near, self.out.costs.len());
        let width = self.shape.size(near.other);
        let theirs = &state.p[near.theirs..near.theirs + width];
        min_of_rows(*arch, &self.shape.edges[near.edge].table, values, theirs, takes);
        self.out.work += (values.len() * width) as u64;
        for (&value, &take) in values.iter().zip(takes.iter()) {
            if take >= i64::HALF {
                sums[value] = i64::TOP;
                self.out.costs[value] = i64::TOP;
                self.out.potentials.iter_mut().skip(value).step_by(size).for_each(|paid| *paid = i64::TOP);
            } else {
                let (take, left) = (take.min(*most), &mut left[link.mine + value]);
                sums[value] += take - *left;
                *left = take;
            }
        }
    }

    /// A value takes what is left to it. When it reaches the aim it keeps that, else nothing: the rest goes back to the edges
    /// ahead, equally.
    fn settle(&mut self, buffers: &Buffers, value: usize, ahead: &[usize]) {
        let Priced { costs, potentials, .. } = &mut self.out;
        let Buffers { left, far, infinite, .. } = buffers;
        let mut cost = costs[value];
        for link in self.links.iter().filter(|link| !far[link.mine + value]) {
            let left = left[link.mine + value];
            potentials[link.mine + value] = -left;
            cost += left;
        }
        if infinite[value] > 0 {
            let share = (self.aim - cost).max(0) / i64::from(infinite[value]) + 1;
            for link in self.links.iter().filter(|link| far[link.mine + value]) {
                let share = share.min(left[link.mine + value]);
                potentials[link.mine + value] = -share;
                cost += share;
            }
        }
        let spare = if cost > self.aim { cost - self.aim } else { cost.max(0) };
        if spare > 0 && !ahead.is_empty() {
            let share = spare.share(ahead.len());
            for &mine in ahead {
                potentials[mine + value] += share;
                cost -= share;
            }
        }
        costs[value] = cost;
    }
}
