//! What the messages over all values rule out.

use super::cell::Cell;
use super::columns::{Columns, latest_first};
use super::core::{Closed, Near, Shape};
use super::kernel::{min_into, min_over_columns};
use super::part::Part;

/// Of the variables one in so many is a sample.
const SAMPLE: usize = 32;
/// Of a sample's values one in so many may be left, else pruning is not worth its while yet.
const LEFT_MAX: usize = 4;

impl Columns {
    /// Takes out every value that raises the bound to the limit when its variable calls in all that the edges hold for
    /// it. Nothing moves, and costs must not be below zero. Gives up, and says so, when a sample of the variables keeps
    /// many values.
    pub(super) fn prune(&mut self, part: &Part<'_, i64>, limit: i64) -> Result<bool, Closed> {
        let shape = &part.shape;
        let gap = limit - self.state.c0;
        let order = latest_first(part);
        let sample = &order[..order.len().div_ceil(SAMPLE).max(3).min(order.len())];
        let (mut seen, mut left) = (0, 0);
        for &var in sample {
            self.call_in(shape, var, gap);
            seen += shape.size(var);
            left += self.sums.iter().filter(|&&sum| sum < gap).count();
        }
        if left * LEFT_MAX > seen {
            return Ok(false);
        }
        for var in order {
            self.call_in(shape, var, gap);
            if self.sums.iter().all(|&sum| sum >= gap) {
                return Err(Closed(var));
            }
            for value in 0..shape.size(var) {
                if self.sums[value] >= gap && self.state.u[shape.at[var] + value] < i64::HALF {
                    self.remove(shape, var, value);
                }
            }
        }
        Ok(true)
    }

    /// What every value of a variable costs when it calls in all that the edges hold for it, or at least the gap.
    fn call_in(&mut self, shape: &Shape<'_, i64>, var: usize, gap: i64) {
        let (at, size) = (shape.at[var], shape.size(var));
        self.sums.clear();
        self.sums.extend_from_slice(&self.state.u[at..at + size]);
        let mut lows = Vec::with_capacity(shape.near[var].len());
        for near in &shape.near[var] {
            let theirs = &self.state.p[near.theirs..near.theirs + shape.size(near.other)];
            let low = self.least[near.edge] + theirs.iter().copied().min().unwrap_or(0);
            for (sum, &paid) in self.sums.iter_mut().zip(&self.state.p[near.mine..]) {
                *sum = (*sum + (low + paid).clamp(0, i64::HALF)).min(i64::HALF);
            }
            lows.push(low);
        }
        for (near, &low) in shape.near[var].iter().zip(&lows) {
            if self.sums.iter().all(|&sum| sum >= gap) {
                break;
            }
            if near.rows {
                self.call_in_rows(shape, near, low, gap);
            } else {
                self.call_in_columns(shape, near, low, gap);
            }
        }
    }

    /// What an edge holds for values that have the rows, instead of the least it could.
    fn call_in_rows(&mut self, shape: &Shape<'_, i64>, near: &Near, low: i64, gap: i64) {
        let width = shape.size(near.other);
        let table = &shape.edges[near.edge].table;
        for (value, sum) in self.sums.iter_mut().enumerate().filter(|(_, sum)| **sum < gap) {
            let paid = self.state.p[near.mine + value];
            let mut take = [0];
            let row = &table[value * width..(value + 1) * width];
            min_over_columns(self.arch, row, &self.state.p[near.theirs..near.theirs + width], &mut take);
            self.work += width as u64;
            *sum = (*sum + take[0] + paid - (low + paid).max(0)).min(i64::HALF);
        }
    }

    /// The same for values that have the columns. Rows that can no longer matter are not read.
    fn call_in_columns(&mut self, shape: &Shape<'_, i64>, near: &Near, low: i64, gap: i64) {
        let size = self.sums.len();
        let table = &shape.edges[near.edge].table;
        let mine = &self.state.p[near.mine..near.mine + size];
        // Whatever a value needs to reach the gap is enough.
        let need = |sum: i64, paid: i64| if sum < gap { gap - sum + (low + paid).max(0) - paid } else { -i64::TOP };
        self.takes.clear();
        self.takes.extend(self.sums.iter().zip(mine).map(|(&sum, &paid)| need(sum, paid)));
        let theirs = &self.state.p[near.theirs..near.theirs + shape.size(near.other)];
        let mut rows: Vec<(i64, usize)> =
            theirs.iter().copied().zip(0..).filter(|&(paid, _)| paid < i64::HALF).collect();
        rows.sort_unstable();
        let mut most = i64::TOP;
        for (done, &(paid, v)) in rows.iter().enumerate() {
            if done % 4 == 0 {
                most = self.takes.iter().copied().max().unwrap_or(-i64::TOP);
            }
            if self.least[near.edge] + paid >= most {
                break;
            }
            min_into(self.arch, &table[v * size..(v + 1) * size], paid, &mut self.takes);
            self.work += size as u64;
        }
        let sums = self.sums.iter_mut().zip(mine).zip(&self.takes);
        for ((sum, &paid), &take) in sums.filter(|((sum, _), _)| **sum < gap) {
            *sum = (*sum + take + paid - (low + paid).max(0)).min(i64::HALF);
        }
    }
}
