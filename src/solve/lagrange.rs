//! Multipliers for what a relaxation over pairs does not see: bounds over several hops, and accounts that many share.
//!
//! A price on the latency of a bounded path makes the relaxation see the bound; a [`Tangent`] of a meter makes it see
//! that a pool must be paid for. Both are found by subgradient steps at the root and followed up at every node; whatever
//! the multipliers are, the bound stays valid.

use super::meter::{Prices, Tangent};
use super::model::{HARD, Model};

/// Halvings of the step width after which the search for multipliers ends.
const HALVINGS_MAX: u32 = 5;

/// Steps without a better bound after which the step width is halved.
const PATIENCE: usize = 3;

/// Largest product of a multiplier and a latency, over all paths together.
const PENALTY_MAX: i64 = 1 << 54;

/// Prices on the rules that pairs do not show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dual {
    /// Per path, per microsecond.
    pub paths: Vec<i64>,
    /// Per meter.
    pub tangents: Vec<Tangent>,
}

impl Dual {
    /// No prices: the plain relaxation.
    pub fn none(model: &Model) -> Self {
        let tangents = vec![Tangent::default(); model.problem.providers.len()];
        Self { paths: vec![0; model.problem.paths.len()], tangents }
    }
}

/// A climb towards better multipliers.
pub(super) struct Ascent {
    pub now: Dual,
    pub best: Dual,
    pub best_bound: i64,
    steps: usize,
    steps_max: usize,
    idle: usize,
    halvings: u32,
}

impl Ascent {
    /// From known multipliers and their bound.
    pub fn new(dual: &Dual, bound: i64, steps: usize, halvings: u32) -> Self {
        Self { now: dual.clone(), best: dual.clone(), best_bound: bound, steps: 0, steps_max: steps, idle: 0, halvings }
    }

    /// Whether more steps are likely to pay.
    pub fn promising(&self) -> bool {
        self.steps < self.steps_max && self.halvings < HALVINGS_MAX
    }

    /// Steps taken.
    pub fn steps(&self) -> usize {
        self.steps
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

    /// Raises the price of every path that is too slow in the relaxation's assignment, steeply: soon its assignments keep
    /// the bounds. False: it keeps them already.
    pub fn press(&mut self, model: &Model, picked: &[usize], worth: i64) -> bool {
        let count = i64::try_from(model.problem.paths.len().max(1)).unwrap_or(i64::MAX);
        let mut slow = false;
        for (ordinal, (m, path)) in self.now.paths.iter_mut().zip(&model.problem.paths).enumerate() {
            let Some(bound) = path.bound.filter(|_| excess(model, path, picked) > 0) else { continue };
            slow = true;
            let limit = bound.micros().max(1);
            let most = i128::from(PENALTY_MAX / count) / (model.slowest[ordinal] + i128::from(limit) + 1);
            let first = worth.abs() / limit / 4 + 1;
            *m = m.saturating_mul(2).max(first).min(i64::try_from(most).unwrap_or(i64::MAX));
        }
        slow
    }

    /// A step from the relaxation's assignment towards a bound of `target` (Polyak). False: nothing left to gain.
    pub fn step(&mut self, model: &Model, prices: &Prices, picked: &[usize], bound: i64, target: i64) -> bool {
        let gap = i128::from(((target - bound) >> self.halvings).max(1));
        let paths = self.step_paths(model, picked, gap);
        let meters = self.step_meters(model, prices, picked, gap << model.scale.shift);
        paths | meters
    }

    fn step_paths(&mut self, model: &Model, picked: &[usize], gap: i128) -> bool {
        let paths = &model.problem.paths;
        let excess: Vec<i64> = paths.iter().map(|path| excess(model, path, picked)).collect();
        let counts = |(&e, &m): (&i64, &i64)| if e > 0 || m > 0 { i128::from(e) * i128::from(e) } else { 0 };
        let norm: i128 = excess.iter().zip(&self.now.paths).map(counts).sum();
        if norm == 0 {
            return false;
        }
        let most = i128::from(PENALTY_MAX) / i128::try_from(paths.len()).unwrap_or(i128::MAX);
        let mut moved = false;
        for (ordinal, (m, &e)) in self.now.paths.iter_mut().zip(&excess).enumerate() {
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

    /// `gap` in nano-dollars.
    fn step_meters(&mut self, model: &Model, prices: &Prices, picked: &[usize], gap: i128) -> bool {
        let slopes = prices.slopes(model, picked);
        let square = |x: i128| x.saturating_mul(x);
        let counts = |((beta, _), tangent): (&(i128, i128), &Tangent)| {
            if *beta > 0 || tangent.beta > 0 { square(*beta) } else { 0 }
        };
        let betas: i128 = slopes.iter().zip(&self.now.tangents).map(counts).sum();
        let kappas: i128 = slopes.iter().map(|s| square(s.1)).sum();
        let gap = gap.min(1 << 70) * 1_000_000;
        let mut moved = false;
        for ((tangent, &(beta, kappa)), limit) in self.now.tangents.iter_mut().zip(&slopes).zip(&model.meter_limits) {
            let before = *tangent;
            if betas > 0 {
                let step = ratio(gap, beta, betas);
                tangent.beta = (tangent.beta + step).clamp(0, limit.dearest);
            }
            if kappas > 0 {
                let step = ratio(gap, kappa, kappas).saturating_mul(1_000_000);
                tangent.kappa = tangent.kappa.saturating_add(step).clamp(-limit.whole, limit.whole);
            }
            moved |= *tangent != before;
        }
        moved
    }
}

/// `a * b / c` without overflow, for a direction: exactness does not matter.
fn ratio(a: i128, b: i128, c: i128) -> i128 {
    a.checked_mul(b).map_or_else(|| (a >> 32).saturating_mul(b >> 24) / (c >> 56).max(1), |product| product / c)
}

/// Microseconds above the bound of a path; far below zero without a bound.
fn excess(model: &Model, path: &crate::problem::Path, picked: &[usize]) -> i64 {
    let Some(bound) = path.bound else { return i64::MIN / (HARD >> 10) };
    let place = |c: usize| model.parts[c].values[picked[c]].place;
    model.problem.path_latency_us(path, place).saturating_sub(bound.micros())
}
