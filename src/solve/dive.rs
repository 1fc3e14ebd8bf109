//! First answers: whole applications in one region or at one provider, and coordinate descent from a known one.

use super::model::Model;

/// Regions that are tried, the most promising ones.
const PLACES_MAX: usize = 24;

/// Offers promising ways to run everything in one region, and everything at one provider. `alone` is what each value of
/// the domains costs at least, apart from the others.
pub(super) fn starts(model: &Model, domains: &[Vec<usize>], alone: &[Vec<i64>], offer: &mut dyn FnMut(&[usize])) {
    let place = |component: usize, v: usize| model.parts[component].values[v].place;
    let provider = |component: usize, v: usize| model.parts[component].values[v].provider;
    let mut found = together(model.problem.places.len(), domains, alone, &place);
    found.truncate(PLACES_MAX);
    found.extend(together(model.problem.providers.len(), domains, alone, &provider));
    found.iter().for_each(|(_, picked)| offer(picked));
}

/// The cheapest values of all components with the same key, for every key that all have; cheapest first.
fn together(
    keys: usize,
    domains: &[Vec<usize>],
    alone: &[Vec<i64>],
    key: &dyn Fn(usize, usize) -> usize,
) -> Vec<(i64, Vec<usize>)> {
    let mut found: Vec<(i64, Vec<usize>)> = vec![(0, Vec::with_capacity(domains.len())); keys];
    let mut cheapest: Vec<(i64, usize)> = Vec::new();
    for (component, (domain, alone)) in domains.iter().zip(alone).enumerate() {
        cheapest.clear();
        cheapest.resize(keys, (i64::MAX, usize::MAX));
        for (&v, &cost) in domain.iter().zip(alone) {
            let slot = &mut cheapest[key(component, v)];
            if cost < slot.0 {
                *slot = (cost, v);
            }
        }
        for ((sum, picked), &(cost, v)) in found.iter_mut().zip(&cheapest) {
            // A list that is shorter than the components lacks one here.
            if v != usize::MAX && picked.len() == component {
                *sum = sum.saturating_add(cost);
                picked.push(v);
            }
        }
    }
    found.retain(|(_, picked)| picked.len() == domains.len());
    found.sort_by_key(|f| f.0);
    found
}

/// Changes one component at a time as long as `better` takes the change.
pub(super) fn descend(domains: &[Vec<usize>], mut picked: Vec<usize>, better: &mut dyn FnMut(&[usize]) -> bool) {
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
}
