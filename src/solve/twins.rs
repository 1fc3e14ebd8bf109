//! Values that need no look because others do as well, to the nano-dollar: most regions of a provider are alike.
//!
//! Places that are billed alike and where every component has the same values are *twins*: they can be exchanged in any
//! assignment. Where `k` components may use such places, `k` of them are enough. Components whose latency or country
//! matters are exempt, and so are the places that they may use. What is left then loses its [`super::rivals`].

use super::codes::Codes;
use super::model::{Model, Tie, Value};
use super::reach::Reach;
use super::rivals::Rivals;
use crate::problem::{ComponentId, PlaceId, RelationKind};

/// Which values of the domains are enough, given what is said about pairs; `alive`: paths that may still be too slow.
/// Unless `deep`, their components are left alone. `None`: nothing can be said.
pub(super) fn enough(
    model: &Model,
    codes: &Codes,
    (domains, ties): (&[Vec<usize>], &[Tie]),
    alive: &[usize],
    deep: bool,
) -> Option<Vec<Vec<bool>>> {
    if codes.classes == 0 {
        return None;
    }
    let weighed = exempt(model);
    let mut bounded = weighed.clone();
    for &path in alive {
        exempt_path(model, path, &mut bounded);
    }
    let mut keep: Vec<Vec<bool>> = domains.iter().map(|domain| vec![true; domain.len()]).collect();
    let surplus = surplus(model, codes, domains, &bounded);
    for ((part, domain), keep) in model.parts.iter().zip(domains).zip(&mut keep) {
        domain.iter().zip(keep.iter_mut()).for_each(|(&v, keep)| *keep = !surplus[part.values[v].place]);
    }
    let exempt = if deep { (weighed, Some(Reach::of(model, domains, alive))) } else { (bounded, None) };
    Some(Rivals::new(model, codes, (domains, ties), keep, exempt).settle())
}

/// Components whose place matters for more than what is billed, whatever else is bounded.
fn exempt(model: &Model) -> Vec<bool> {
    let mut exempt = vec![false; model.parts.len()];
    let weighed = (0..model.weights.len()).filter(|&path| model.weights[path] != 0);
    weighed.for_each(|path| exempt_path(model, path, &mut exempt));
    for relation in &model.problem.relations {
        if matches!(relation.kind, RelationKind::SameCountry | RelationKind::DifferentCountry) {
            (exempt[relation.a], exempt[relation.b]) = (true, true);
        }
    }
    exempt
}

fn exempt_path(model: &Model, path: usize, exempt: &mut [bool]) {
    let path = &model.problem.paths[path];
    path.entry.iter().for_each(|entry| exempt[entry.0] = true);
    path.hops.iter().for_each(|hop| (exempt[hop.a], exempt[hop.b]) = (true, true));
}

/// What a value means wherever its class of places is.
fn meaning(model: &Model, value: &Value) -> (usize, i64, u8, usize, i128) {
    let shared = model.due(value).iter().map(|&s| model.shared[s]).sum();
    (value.class, value.pooled, value.zones, value.signature, shared)
}

/// Places of which there are more twins than components.
fn surplus(model: &Model, codes: &Codes, domains: &[Vec<usize>], exempt: &[bool]) -> Vec<bool> {
    let places = codes.places();
    let mut surplus = vec![false; places];
    let mut used_by: Vec<Vec<(ComponentId, usize)>> = vec![Vec::new(); places];
    let mut touched = vec![false; places];
    for (component, domain) in domains.iter().enumerate() {
        for &v in domain {
            let place = model.parts[component].values[v].place;
            touched[place] |= exempt[component];
            used_by[place].push((component, v));
        }
    }
    let alike = |a: PlaceId, b: PlaceId| {
        let same = |(x, y): (&(ComponentId, usize), &(ComponentId, usize))| {
            let (a, b) = (&model.parts[x.0].values[x.1], &model.parts[y.0].values[y.1]);
            x.0 == y.0 && a.cost == b.cost && model.due(a).len() <= 1 && meaning(model, a) == meaning(model, b)
        };
        codes.route(a, a) == codes.route(b, b)
            && used_by[a].len() == used_by[b].len()
            && used_by[a].iter().zip(&used_by[b]).all(same)
    };
    // Per class: the first place of each kind, how many there may be, and how many there were.
    let mut kinds: Vec<Vec<(PlaceId, usize, usize)>> = vec![Vec::new(); codes.classes];
    for place in (0..places).filter(|&p| !touched[p] && !used_by[p].is_empty()) {
        let kinds = &mut kinds[codes.at(place)];
        if let Some((_, most, seen)) = kinds.iter_mut().find(|kind| alike(kind.0, place)) {
            *seen += 1;
            surplus[place] = *seen > *most;
        } else {
            let mut users: Vec<ComponentId> = used_by[place].iter().map(|user| user.0).collect();
            users.dedup();
            kinds.push((place, users.len(), 1));
        }
    }
    surplus
}
