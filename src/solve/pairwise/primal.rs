//! Good assignments quickly: a dive along the messages, then every variable in turn to its best value.

use super::cell::Cell;
use super::core::{Shape, State};

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
                let size = self.size(near.other);
                let row = &self.edges[near.edge].table[value * size..(value + 1) * size];
                let paid = state.p[near.mine + value];
                let theirs = &state.p[near.theirs..near.theirs + size];
                let at = self.at[near.other];
                for ((cost, &cell), &their) in costs[at..at + size].iter_mut().zip(row).zip(theirs) {
                    *cost = if *cost >= C::HALF || cell >= C::HALF {
                        C::TOP
                    } else {
                        (*cost + cell + paid + their).min(C::HALF)
                    };
                }
            }
        }
        Some(values)
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
