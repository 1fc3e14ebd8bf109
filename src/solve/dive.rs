//! First answers: whole applications in one region or at one provider, and coordinate descent from a known one.

use super::eval::{Evaluator, PathPrice};
use super::model::Model;

/// Regions that are tried, the most promising ones.
const PLACES_MAX: usize = 24;

/// Offers promising ways to run everything in one region, and everything at one provider. `alone` is what each value of
/// the domains costs at least, apart from the others.
pub(super) fn starts(model: &Model, domains: &[Vec<usize>], alone: &[Vec<i64>], offer: &mut dyn FnMut(&[usize])) {
    let place = |component: usize, v: usize| model.parts[component].values[v].place;
    let provider = |component: usize, v: usize| model.parts[component].values[v].provider;
    let (places, providers) = (model.problem.places.len(), model.problem.providers.len());
    let mut found = together((places, PLACES_MAX), domains, alone, &place);
    found.extend(together((providers, providers), domains, alone, &provider));
    for (_, picked) in &found {
        offer(picked);
    }
}

/// The cheapest values of all components with the same key, for every key that all have; cheapest first, at most so many.
fn together(
    (keys, most): (usize, usize),
    domains: &[Vec<usize>],
    alone: &[Vec<i64>],
    key: &impl Fn(usize, usize) -> usize,
) -> Vec<(i64, Vec<usize>)> {
    let n = domains.len();
    // By key and component.
    let mut cheapest = vec![(i64::MAX, usize::MAX); keys * n];
    for (component, (domain, alone)) in domains.iter().zip(alone).enumerate() {
        for (&v, &cost) in domain.iter().zip(alone) {
            let slot = &mut cheapest[key(component, v) * n + component];
            if cost < slot.0 {
                *slot = (cost, v);
            }
        }
    }
    let whole = |row: &[(i64, usize)]| {
        let all = row.iter().all(|slot| slot.1 != usize::MAX);
        all.then(|| row.iter().fold(0, |sum: i64, slot| sum.saturating_add(slot.0)))
    };
    let rows = cheapest.chunks_exact(n.max(1)).enumerate();
    let mut order: Vec<(i64, usize)> = rows.filter_map(|(at, row)| Some((whole(row)?, at))).collect();
    order.sort_unstable();
    order.truncate(most);
    let picked = |&(sum, at): &(i64, usize)| (sum, cheapest[at * n..(at + 1) * n].iter().map(|slot| slot.1).collect());
    order.iter().map(picked).collect()
}

/// Times that the prices of rules that stay broken are raised.
const RAISES_MAX: u32 = 6;

/// Makes an assignment valid at little cost: coordinate descent with prices on what is broken, which rise as long as it
/// stays broken. `None`: that did not help.
pub(super) fn repair(
    model: &Model,
    evaluator: &mut Evaluator,
    candidates: &[Vec<usize>],
    mut picked: Vec<usize>,
) -> Option<Vec<usize>> {
    let mut prices = vec![PathPrice { per_us: 0, broken: false }; model.problem.paths.len()];
    let (worth, _) = evaluator.relaxed(model, &picked, &mut prices, 0, i128::MAX);
    let worth = worth.abs().max(1);
    // Being a percent too slow weighs like a percent of the bill, to begin with.
    for (price, path) in prices.iter_mut().zip(&model.problem.paths) {
        price.per_us = worth / path.bound.map_or(1, |bound| i128::from(bound.micros().max(1))) + 1;
    }
    for _ in 0..RAISES_MAX {
        let (mut best, mut holds) = evaluator.relaxed(model, &picked, &mut prices, worth, i128::MAX);
        picked = descend(candidates, picked, &mut |picked| {
            let (value, valid) = evaluator.relaxed(model, picked, &mut prices, worth, best);
            let better = value < best;
            if better {
                (best, holds) = (value, valid);
            }
            better
        });
        if holds {
            return Some(picked);
        }
        evaluator.relaxed(model, &picked, &mut prices, worth, i128::MAX);
        prices.iter_mut().filter(|p| p.broken).for_each(|p| p.per_us = p.per_us.saturating_mul(4));
    }
    None
}

/// Changes one component at a time as long as `better` takes the change; returns what was taken last.
pub(super) fn descend(
    domains: &[Vec<usize>],
    mut picked: Vec<usize>,
    better: &mut dyn FnMut(&[usize]) -> bool,
) -> Vec<usize> {
    let mut unchanged = 0;
    let mut component = 0;
    while unchanged < domains.len() {
        let mut changed = false;
        for &value in &domains[component] {
            let before = std::mem::replace(&mut picked[component], value);
            if before != value && better(&picked) {
                changed = true;
            } else {
                picked[component] = before;
            }
        }
        unchanged = if changed { 1 } else { unchanged + 1 };
        component = (component + 1) % domains.len();
    }
    picked
}
