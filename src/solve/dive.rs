//! First answers: whole applications in one region or at one provider, and coordinate descent from a known one.

use super::model::Model;

/// Offers the cheapest way to run everything in one region, and everything at one provider.
pub(super) fn starts(model: &Model, offer: &mut dyn FnMut(&[usize])) {
    let places = model.problem.places.len();
    let providers = model.problem.providers.len();
    // Cheapest value of each component by place, and by provider.
    let mut by_place = vec![Vec::new(); places];
    let mut by_provider = vec![Vec::new(); providers];
    for (component, part) in model.parts.iter().enumerate() {
        let mut place: Vec<Option<usize>> = vec![None; places];
        let mut provider: Vec<Option<usize>> = vec![None; providers];
        for (v, value) in part.values.iter().enumerate() {
            for slot in [&mut place[value.place], &mut provider[value.provider]] {
                if slot.is_none_or(|known| value.cost < part.values[known].cost) {
                    *slot = Some(v);
                }
            }
        }
        for (list, found) in [(&mut by_place, place), (&mut by_provider, provider)] {
            for (picked, v) in list.iter_mut().zip(found) {
                // A list that is shorter than the components lacks one here.
                if let (Some(v), true) = (v, picked.len() == component) {
                    picked.push(v);
                }
            }
        }
    }
    for picked in by_place.iter().chain(&by_provider).filter(|picked| picked.len() == model.parts.len()) {
        offer(picked);
    }
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
