//! Multipliers for path bounds: what a microsecond too much is worth.
//!
//! The relaxation over pairs does not see bounds over several hops. A price on the latency of a bounded path, found by
//! subgradient steps at the root, makes it see them; whatever the multipliers are, the bound stays valid.

use super::model::Model;

/// Steps at the root.
pub(super) const STEPS: usize = 24;

/// Largest product of a multiplier and a latency, over all paths together.
const PENALTY_MAX: i64 = 1 << 54;

/// Multipliers by path, and the best found.
pub(super) struct Multipliers {
    pub now: Vec<i64>,
    pub best: Vec<i64>,
    pub best_bound: i64,
}

impl Multipliers {
    pub fn new(model: &Model, bound: i64) -> Self {
        let zero = vec![0; model.problem.paths.len()];
        Self { now: zero.clone(), best: zero, best_bound: bound }
    }

    pub fn any(&self) -> bool {
        self.best.iter().any(|&m| m != 0)
    }

    /// Remembers the current multipliers when their bound is the best.
    pub fn note(&mut self, bound: i64) {
        if bound > self.best_bound {
            self.best_bound = bound;
            self.best.clone_from(&self.now);
        }
    }

    /// A step from the relaxation's assignment towards a bound of `target` (Polyak). False: nothing left to gain.
    pub fn step(&mut self, model: &Model, picked: &[usize], bound: i64, target: i64) -> bool {
        let paths = &model.problem.paths;
        let excess = |path: &crate::problem::Path| {
            let place = |c: usize| model.parts[c].values[picked[c]].place;
            let n = model.problem.places.len();
            let rtt = &model.problem.rtt[path.percentile as usize];
            let hop = |h: &crate::problem::Hop| {
                h.round_trips_milli * i64::from(rtt[place(h.a) * n + place(h.b)]) / 1000
            };
            let entry = path.entry.as_ref().map_or(0, |(c, by_place)| by_place[place(*c)]);
            let bound = path.bound.map_or(i64::MAX, |b| b.micros());
            (path.constant.micros() + entry + path.hops.iter().map(hop).sum::<i64>()).saturating_sub(bound)
        };
        let excess: Vec<i64> = paths.iter().map(excess).collect();
        let counts = |(&e, &m): (&i64, &i64)| if e > 0 || m > 0 { i128::from(e) * i128::from(e) } else { 0 };
        let norm: i128 = excess.iter().zip(&self.now).map(counts).sum();
        if norm == 0 {
            return false;
        }
        let gap = i128::from((target - bound).max(1));
        let most = PENALTY_MAX / i64::try_from(paths.len()).unwrap_or(i64::MAX);
        let mut moved = false;
        for ((m, &e), path) in self.now.iter_mut().zip(&excess).zip(paths) {
            let Some(limit) = path.bound else { continue };
            let next = i128::from(*m) + gap * i128::from(e) / norm;
            let most = most / (2 * limit.micros().max(0) + e.max(0) + 1);
            let next = i64::try_from(next).unwrap_or(most).clamp(0, most);
            moved |= next != *m;
            *m = next;
        }
        moved
    }
}
