//! Good assignments quickly: a dive along the messages, decimation, then every variable in turn to its best value.

use super::cell::Cell;
use super::core::{Closed, Scratch, Shape, State};

/// Of the undecided variables one in so many is decided at a time.
const DECIMATION: usize = 6;
/// Dead ends after which decimation gives up.
const DEAD_ENDS_MAX: u32 = 12;

impl<C: Cell> Shape<'_, C> {
    /// Values chosen one variable after another, each the best for those before it; `None` when one is left without.
    ///
    /// After a downward sweep this is exact on trees.
    pub(super) fn dive(&self, state: &State<C>) -> Option<Vec<usize>> {
        let mut costs = state.u.clone();
        let mut values = Vec::with_capacity(self.count());
        for var in 0..self.count() {
            let mine = &costs[self.at[var]..self.at[var + 1]];
            let (value, &cost) = mine.iter().enumerate().min_by_key(|&(_, cost)| *cost)?;
            if cost >= C::HALF {
                return None;
            }
            values.push(value);
            for near in self.near[var].iter().filter(|near| near.other > var && !state.empty[near.edge]) {
                let (size, own_size) = (self.size(near.other), self.size(var));
                let table = &self.edges[near.edge].table;
                let (first, step) = if near.rows { (value * size, 1) } else { (value, own_size) };
                let paid = state.p[near.mine + value];
                let theirs = &state.p[near.theirs..near.theirs + size];
                let at = self.at[near.other];
                let cells = table[first..].iter().step_by(step);
                for ((cost, &cell), &their) in costs[at..at + size].iter_mut().zip(cells).zip(theirs) {
                    let out = *cost >= C::HALF || cell >= C::HALF;
                    *cost = if out { C::TOP } else { (*cost + cell + paid + their).min(C::HALF) };
                }
            }
        }
        Some(values)
    }

    /// Values decided in batches, the clearest first, with messages between the batches: slower than [`Shape::dive`], but
    /// what is not allowed shows before it is too late.
    pub(super) fn decimate(&self, start: &State<C>, scratch: &mut Scratch<C>, limit: i64) -> Option<Vec<usize>> {
        let mut state = start.clone();
        let mut dead_ends = 0;
        let mut batch_max = usize::MAX;
        loop {
            let mut open: Vec<usize> = (0..self.count()).filter(|&var| state.live[var] > 1).collect();
            if open.is_empty() {
                return (0..self.count())
                    .map(|var| self.costs(&state, var).iter().position(|&cost| cost < C::HALF))
                    .collect();
            }
            open.sort_by_cached_key(|&var| (-self.regret(&state, var), var));
            open.truncate((open.len() / DECIMATION).clamp(1, batch_max));
            let before = state.clone();
            let mut first = None;
            for &var in &open {
                let value = self.best_beside_decided(&state, var);
                first = first.or(Some((var, value)));
                for other in 0..self.size(var) {
                    if other != value && state.u[self.at[var] + other] < C::TOP {
                        self.remove(&mut state, var, other);
                    }
                }
            }
            if self.round(&mut state, scratch, limit).is_ok() {
                batch_max = batch_max.saturating_mul(2);
                continue;
            }
            state = before;
            dead_ends += 1;
            if dead_ends > DEAD_ENDS_MAX {
                return None;
            }
            if open.len() > 1 {
                batch_max = 1;
                continue;
            }
            let (var, value) = first?;
            self.remove(&mut state, var, value);
            if self.round(&mut state, scratch, limit).is_err() {
                return None;
            }
        }
    }

    fn round(&self, state: &mut State<C>, scratch: &mut Scratch<C>, limit: i64) -> Result<(), Closed> {
        self.sweep(state, scratch, limit, true)?;
        self.sweep(state, scratch, limit, false)?;
        Ok(())
    }

    /// What the second best value costs more than the best.
    fn regret(&self, state: &State<C>, var: usize) -> C {
        let (mut best, mut second) = (C::TOP, C::TOP);
        for &cost in self.costs(state, var) {
            second = second.min(cost.max(best));
            best = best.min(cost);
        }
        second - best
    }

    /// The best value beside the neighbours that are decided.
    fn best_beside_decided(&self, state: &State<C>, var: usize) -> usize {
        let mut costs = self.costs(state, var).to_vec();
        for near in self.near[var].iter().filter(|near| state.live[near.other] == 1 && !state.empty[near.edge]) {
            let Some(other) = self.costs(state, near.other).iter().position(|&cost| cost < C::HALF) else { continue };
            for (value, cost) in costs.iter_mut().enumerate().filter(|(_, cost)| **cost < C::HALF) {
                let cell = self.cell(near, var, value, other);
                let slack = cell + state.p[near.mine + value] + state.p[near.theirs + other];
                *cost = if cell >= C::HALF { C::HALF } else { (*cost + slack).min(C::HALF) };
            }
        }
        (0..costs.len()).min_by_key(|&value| costs[value]).unwrap_or(0)
    }

    /// Puts variables to their best values, one at a time, until no single change helps.
    pub(super) fn descend(&self, state: &State<C>, values: &mut [usize]) {
        let mut costs: Vec<C> = Vec::new();
        let mut stale = vec![true; self.count()];
        for _ in 0..8 {
            let mut moved = false;
            for var in 0..self.count() {
                if !std::mem::take(&mut stale[var]) {
                    continue;
                }
                costs.clear();
                costs.extend_from_slice(self.costs(state, var));
                for near in self.near[var].iter().filter(|near| !state.empty[near.edge]) {
                    let other = values[near.other];
                    let theirs = state.p[near.theirs + other];
                    for (value, cost) in costs.iter_mut().enumerate().filter(|(_, cost)| **cost < C::HALF) {
                        let cell = self.cell(near, var, value, other);
                        *cost = if cell >= C::HALF {
                            C::TOP
                        } else {
                            (*cost + cell + state.p[near.mine + value] + theirs).min(C::HALF)
                        };
                    }
                }
                let best = (0..costs.len()).min_by_key(|&value| costs[value]).unwrap_or(0);
                if costs[best] < costs[values[var]] {
                    values[var] = best;
                    moved = true;
                    for near in &self.near[var] {
                        stale[near.other] = true;
                    }
                }
            }
            if !moved {
                break;
            }
        }
    }
}
