//! Multipliers for path bounds: what a microsecond too much is worth.
//!
//! The relaxation over pairs does not see bounds over several hops. A price on the latency of a bounded path, found by
//! subgradient steps at the root, makes it see them; whatever the multipliers are, the bound stays valid.

use super::model::Model;

/// Steps at the root, at most.
const STEPS_MAX: usize = 80;

/// Halvings of the step width after which the search for multipliers ends.
const HALVINGS_MAX: u32 = 5;

/// Steps without a better bound after which the step width is halved.
const PATIENCE: usize = 3;

/// Largest product of a multiplier and a latency, over all paths together.
const PENALTY_MAX: i64 = 1 << 54;

/// Multipliers by path, and the best found.
pub(super) struct Multipliers {
    pub now: Vec<i64>,
    pub best: Vec<i64>,
    best_bound: i64,
    steps: usize,
    idle: usize,
    halvings: u32,
}

impl Multipliers {
    pub fn new(model: &Model, bound: i64) -> Self {
        let zero = vec![0; model.problem.paths.len()];
        Self { now: zero.clone(), best: zero, best_bound: bound, steps: 0, idle: 0, halvings: 0 }
    }

    pub fn any(&self) -> bool {
        self.best.iter().any(|&m| m != 0)
    }

    /// Whether more steps are likely to pay.
    pub fn promising(&self) -> bool {
        self.steps < STEPS_MAX && self.halvings < HALVINGS_MAX
    }

    /// Remembers the current multipliers when their bound is the best; takes smaller steps when it does not move.
    pub fn note(&mut self, bound: i64, target: i64) {
        self.steps += 1;
        self.idle += 1;
        if bound > self.best_bound {
            // Less than a percent of the way is not worth waiting for.
            if bound - self.best_bound > (target - bound) / 100 {
                self.idle = 0;
            }
            self.best_bound = bound;
            self.best.clone_from(&self.now);
        }
        if self.idle >= PATIENCE {
            self.idle = 0;
            self.halvings += 1;
            self.now.clone_from(&self.best);
        }
    }

    /// A step from the relaxation's assignment towards a bound of `target` (Polyak). False: nothing left to gain.
    pub fn step(&mut self, model: &Model, picked: &[usize], bound: i64, target: i64) -> bool {
        let paths = &model.problem.paths;
        let excess = |path: &crate::problem::Path| {
            let place = |c: usize| model.parts[c].values[picked[c]].place;
            let n = model.problem.places.len();
            let rtt = &model.problem.rtt[path.percentile as usize];
            let hop =
                |h: &crate::problem::Hop| h.round_trips_milli * i64::from(rtt[place(h.a) * n + place(h.b)]) / 1000;
            let entry = path.entry.as_ref().map_or(0, |(c, by_place)| by_place[place(*c)]);
            let bound = path.bound.map_or(i64::MAX, crate::units::Latency::micros);
            (path.constant.micros() + entry + path.hops.iter().map(hop).sum::<i64>()).saturating_sub(bound)
        };
        let excess: Vec<i64> = paths.iter().map(excess).collect();
        let counts = |(&e, &m): (&i64, &i64)| if e > 0 || m > 0 { i128::from(e) * i128::from(e) } else { 0 };
        let norm: i128 = excess.iter().zip(&self.now).map(counts).sum();
        if norm == 0 {
            return false;
        }
        let gap = i128::from(((target - bound) >> self.halvings).max(1));
        let most = i128::from(PENALTY_MAX) / i128::try_from(paths.len()).unwrap_or(i128::MAX);
        let mut moved = false;
        for (ordinal, (m, &e)) in self.now.iter_mut().zip(&excess).enumerate() {
            let Some(limit) = paths[ordinal].bound else { continue };
            // However far from its bound a path may be, the penalties stay far below `HARD`.
            let most = most / (model.slowest[ordinal] + i128::from(limit.micros().max(0)) + 1);
            let next = (i128::from(*m) + gap * i128::from(e) / norm).clamp(0, most);
            let next = i64::try_from(next).unwrap_or(0);
            moved |= next != *m;
            *m = next;
        }
        moved
    }
}
