//! Raising the cost of a value that has become too cheap, by as little movement of messages as possible.
//!
//! The value is raised by what its edges hold for it, and by what the values at the other ends that stand in the way cost
//! above a floor: those pay into the edge what the value takes out. Nothing falls below the floor of its variable.

use pulp::Arch;

/// Values that may stand in the way and be raised themselves.
const BLOCKERS_MAX: usize = 24;

/// Values of a variable, each with what it leaves of what another one asks for.
pub(super) type Blockers = [Option<(i64, usize)>; BLOCKERS_MAX];

/// Messages that costs may be moved by.
pub(super) trait Ground {
    /// Edges of a variable.
    fn degree(&self, var: usize) -> usize;

    /// The other end of one of them.
    fn other(&self, var: usize, slot: usize) -> usize;

    /// Takes up to `need` out of an edge for a value; gives what it was.
    fn pull(&mut self, var: usize, value: usize, slot: usize, need: i64) -> i64;

    /// The values at the other end that keep a value from taking `need` out of an edge, and how much could be had if none
    /// of them did. `None` when that is nothing, or they are too many.
    fn blockers(&mut self, var: usize, value: usize, slot: usize, need: i64) -> Option<(Blockers, i64)>;
}

/// How much may be done.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lift {
    /// Values that may still be raised.
    pub(super) left: u32,
    /// Values that were raised since somebody set this to nothing.
    pub(super) raised: u64,
    /// What all of them together may still move, so that no sum overflows.
    pub(super) room: i64,
}

impl Lift {
    /// Raises a value by up to `need`, going deeper into what stands in the way, but not back to where it came from.
    /// Gives what is still needed.
    pub(super) fn raise<G: Ground>(
        &mut self,
        ground: &mut G,
        (var, value): (usize, usize),
        mut need: i64,
        depth: u32,
        from: usize,
    ) -> i64 {
        self.left = self.left.saturating_sub(1);
        self.raised += 1;
        // First an equal share from each edge, so that nobody is drained without need.
        let degree = i64::try_from(ground.degree(var)).unwrap_or(i64::MAX).max(1);
        for shares in [degree, 1] {
            for slot in 0..ground.degree(var) {
                need -= self.pull(ground, (var, value), slot, need.min(need / shares + 1));
                if need == 0 {
                    return 0;
                }
            }
        }
        if depth == 0 {
            return need;
        }
        for slot in 0..ground.degree(var) {
            let other = ground.other(var, slot);
            if other == from || self.left == 0 {
                continue;
            }
            let Some((blockers, most)) = ground.blockers(var, value, slot, need) else { continue };
            let mut level = most;
            for (have, blocker) in blockers.into_iter().flatten() {
                if have < level && self.left > 0 {
                    level -= self.raise(ground, (other, blocker), level - have, depth - 1, var);
                }
                if level <= 0 {
                    break;
                }
            }
            if level > 0 {
                need -= self.pull(ground, (var, value), slot, need);
            }
            if need == 0 {
                return 0;
            }
        }
        need
    }

    fn pull<G: Ground>(&mut self, ground: &mut G, (var, value): (usize, usize), slot: usize, need: i64) -> i64 {
        let pulled = ground.pull(var, value, slot, need.min(self.room));
        self.room -= pulled;
        pulled
    }
}

/// The other end of an edge, as a value sees it that has paid `paid`.
#[derive(Clone, Copy)]
pub(super) struct Side<'s> {
    /// Its cells with each value of the other end.
    pub(super) cells: &'s [i64],
    pub(super) paid: i64,
    /// No cost falls below this.
    pub(super) floor: i64,
}

impl Side<'_> {
    /// Takes up to `need` for the value; the others pay what that takes of what their cells and potentials hold together.
    pub(super) fn take(self, arch: Arch, need: i64, potentials: &mut [i64], costs: &mut [i64]) -> i64 {
        let Self { cells, paid, floor } = self;
        if need <= 0 {
            return 0;
        }
        let least = arch.dispatch(|| {
            let sums = cells.iter().zip(&*potentials).zip(&*costs);
            sums.map(|((cell, paid), &cost)| cell + paid + cost.max(floor)).fold(i64::MAX, i64::min)
        });
        let level = need.min(least + paid - floor);
        if level <= 0 {
            return 0;
        }
        arch.dispatch(|| {
            for ((&cell, potential), cost) in cells.iter().zip(potentials).zip(costs) {
                let lack = (level - paid - cell - *potential).max(0);
                *potential += lack;
                *cost -= lack;
            }
        });
        level
    }

    /// The values that leave less than `most`.
    pub(super) fn blockers(self, most: i64, potentials: &[i64], costs: &[i64]) -> Option<(Blockers, i64)> {
        let Self { cells, paid, floor } = self;
        let mut found = [None; BLOCKERS_MAX];
        let mut count = 0;
        for (other, ((cell, potential), &cost)) in cells.iter().zip(potentials).zip(costs).enumerate() {
            let have = cell + potential + paid + cost.max(floor) - floor;
            if have < most {
                *found.get_mut(count)? = Some((have, other));
                count += 1;
            }
        }
        (most > 0 && count > 0).then_some((found, most))
    }
}

#[cfg(test)]
mod tests {
    use super::super::cell::Cell;
    use super::*;
    use proptest::prelude::*;

    /// Per value of the other end its cell, potential and cost; now and then a cell is not allowed, or the value is out.
    fn other_end() -> impl Strategy<Value = Vec<(i64, i64, i64)>> {
        let value = (0u8..12, 0i64..60, -30i64..30, -20i64..60).prop_map(|(kind, cell, potential, cost)| match kind {
            0 => (i64::TOP, potential, cost),
            1 => (cell, i64::TOP, i64::TOP),
            _ => (cell, potential, cost),
        });
        prop::collection::vec(value, 1..40)
    }

    proptest! {
        #[test]
        fn what_is_taken_was_there(values in other_end(), paid in -10i64..40, need in -5i64..80, floor in -10i64..10) {
            let cells: Vec<i64> = values.iter().map(|value| value.0).collect();
            let (mut potentials, mut costs): (Vec<i64>, Vec<i64>) = values.iter().map(|value| (value.1, value.2)).unzip();
            let side = Side { cells: &cells, paid, floor };
            let holds = |at: usize, level: i64, potentials: &[i64]| cells[at] + potentials[at] + paid - level;
            let before = (potentials.clone(), costs.clone());
            let most = (0..cells.len()).map(|at| holds(at, 0, &before.0) + costs[at].max(floor) - floor).min().unwrap();
            let level = side.take(Arch::new(), need, &mut potentials, &mut costs);
            prop_assert_eq!(level, need.min(most).max(0));
            for at in 0..cells.len() {
                prop_assert_eq!(potentials[at] + costs[at], before.0[at] + before.1[at]);
                prop_assert!(costs[at] >= before.1[at].min(floor));
                prop_assert!(level == 0 || holds(at, level, &potentials) >= 0);
            }
        }
    }
}
