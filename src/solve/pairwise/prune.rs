//! What the messages over all values rule out.

use super::cell::Cell;
use super::columns::Columns;
use super::core::{Closed, Shape};
use super::part::Part;
use super::steps::Buffers;
use super::threads;

/// Of the variables one in so many is a sample.
const SAMPLE: usize = 32;
/// Of a sample's values one in so many may be left, else pruning is not worth its while yet.
const LEFT_MAX: usize = 4;

/// Working memory.
#[derive(Debug, Default)]
struct Memory {
    steps: Buffers,
    rows: Vec<(i64, usize)>,
    left: Vec<i64>,
}

impl Columns<'_> {
    /// Takes out every value that raises the bound to the limit when its variable calls in all that the edges hold for
    /// it, by the tables' steps. Nothing moves, and costs must not be below zero. Gives up, and says so, when a sample of the
    /// variables keeps many values.
    pub(super) fn prune(&mut self, part: &Part<'_, i64>, limit: i64) -> Result<bool, Closed> {
        let shape = &part.shape;
        let gap = limit - self.state.c0;
        let sampled = shape.count().div_ceil(SAMPLE).max(3).min(shape.count());
        let sample: Vec<usize> = self.levels.iter().flatten().copied().take(sampled).collect();
        let left: usize = self.call_in(shape, &sample).iter().flatten().map(|&sum| usize::from(sum < gap)).sum();
        if left * LEFT_MAX > sample.iter().map(|&var| shape.size(var)).sum() {
            return Ok(false);
        }
        for level in 0..self.levels.len() {
            let called = self.call_in(shape, &self.levels[level]);
            for (at, sums) in called.into_iter().enumerate() {
                let var = self.levels[level][at];
                if sums.iter().all(|&sum| sum >= gap) {
                    return Err(Closed(var));
                }
                for (value, &sum) in sums.iter().enumerate() {
                    if sum >= gap && self.state.u[shape.at[var] + value] < i64::HALF {
                        self.remove(shape, var, value);
                    }
                }
            }
        }
        Ok(true)
    }

    /// Per variable what its values cost at least when they call in all that the edges hold for them.
    fn call_in(&self, shape: &Shape<'_, i64>, vars: &[usize]) -> Vec<Vec<i64>> {
        threads::map(shape.cells, vars, Memory::default, |memory, &var| self.call_in_one(memory, shape, var))
    }

    fn call_in_one(&self, memory: &mut Memory, shape: &Shape<'_, i64>, var: usize) -> Vec<i64> {
        let mut sums = shape.costs(&self.state, var).to_vec();
        let Memory { steps, rows, left } = memory;
        left.resize(sums.len(), 0);
        for near in &shape.near[var] {
            let theirs = &self.state.p[near.theirs..near.theirs + shape.size(near.other)];
            if near.rows {
                self.steps[near.edge].left_to_rows(self.arch, theirs, i64::HALF, steps, left);
            } else {
                rows.clear();
                rows.extend(theirs.iter().copied().zip(0..).filter(|&(paid, _)| paid < i64::HALF));
                self.steps[near.edge].left_to_columns(self.arch, rows, i64::HALF, steps, left);
            }
            for ((sum, &left), &paid) in sums.iter_mut().zip(left.iter()).zip(&self.state.p[near.mine..]) {
                *sum = (*sum + (left + paid).clamp(0, i64::HALF)).min(i64::HALF);
            }
        }
        sums
    }
}
