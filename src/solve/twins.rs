//! Values that need no look because others do as well, to the nano-dollar: most regions of a provider are alike.
//!
//! - *Twins*: places that are billed alike and where every component has the same values can be exchanged in any
//!   assignment. Where `k` components may use such places, `k` of them are enough.
//! - *Rivals*: of the values of one component at places where no partner can be, with everything equal but what they cost
//!   alone, the cheapest is enough.
//!
//! Components whose latency or country matters are exempt, and so are the places that they may use.

use super::codes::Codes;
use super::model::{Model, Value};
use crate::problem::{ComponentId, PlaceId, RelationKind};
use std::collections::BTreeMap;

/// Which values of the domains are enough; `alive`: paths that may still be too slow. `None`: nothing can be said.
pub(super) fn enough(
    model: &Model,
    codes: &Codes,
    domains: &[Vec<usize>],
    alive: &mut dyn Iterator<Item = usize>,
) -> Option<Vec<Vec<bool>>> {
    if codes.classes == 0 {
        return None;
    }
    let exempt = exempt(model, alive);
    let mut keep: Vec<Vec<bool>> = domains.iter().map(|domain| vec![true; domain.len()]).collect();
    let surplus = surplus(model, codes, domains, &exempt);
    for ((component, domain), keep) in domains.iter().enumerate().zip(&mut keep) {
        let part = &model.parts[component];
        domain.iter().zip(keep.iter_mut()).for_each(|(&v, keep)| *keep = !surplus[part.values[v].place]);
    }
    let mut partners = vec![Vec::new(); domains.len()];
    for edge in &model.edges {
        partners[edge.a].push(edge.b);
        partners[edge.b].push(edge.a);
    }
    for component in (0..domains.len()).filter(|&c| !exempt[c]) {
        let mut theirs = vec![false; codes.places()];
        for &partner in &partners[component] {
            let left = domains[partner].iter().zip(&keep[partner]).filter(|(_, keep)| **keep);
            left.for_each(|(&v, _)| theirs[model.parts[partner].values[v].place] = true);
        }
        drop_rivals(model, codes, (component, &domains[component]), &theirs, &mut keep[component]);
    }
    Some(keep)
}

/// Components whose place matters for more than what is billed.
fn exempt(model: &Model, alive: &mut dyn Iterator<Item = usize>) -> Vec<bool> {
    let mut exempt = vec![false; model.parts.len()];
    let weighted = (0..model.weights.len()).filter(|&path| model.weights[path] != 0);
    for path in weighted.chain(alive) {
        let path = &model.problem.paths[path];
        path.entry.iter().for_each(|entry| exempt[entry.0] = true);
        path.hops.iter().for_each(|hop| (exempt[hop.a], exempt[hop.b]) = (true, true));
    }
    for relation in &model.problem.relations {
        if matches!(relation.kind, RelationKind::SameCountry | RelationKind::DifferentCountry) {
            (exempt[relation.a], exempt[relation.b]) = (true, true);
        }
    }
    exempt
}

/// What a value means wherever its class of places is.
fn meaning(model: &Model, value: &Value) -> (i64, i64, u8, usize, i128) {
    let shared = value.shared.iter().map(|&s| model.shared[s]).sum();
    (value.own, value.pooled, value.zones, value.signature, shared)
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
            x.0 == y.0 && a.cost == b.cost && a.shared.len() <= 1 && meaning(model, a) == meaning(model, b)
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

/// Drops what a cheaper value of the same component does as well.
fn drop_rivals(
    model: &Model,
    codes: &Codes,
    (component, domain): (ComponentId, &[usize]),
    theirs: &[bool],
    keep: &mut [bool],
) {
    let mut cheapest = BTreeMap::new();
    for (at, &v) in domain.iter().enumerate() {
        let value = &model.parts[component].values[v];
        if !keep[at] || theirs[value.place] || !value.shared.is_empty() {
            continue;
        }
        let key = (codes.at(value.place), codes.route(value.place, value.place), meaning(model, value));
        let known = cheapest.entry(key).or_insert((value.cost, at));
        if value.cost < known.0 {
            keep[known.1] = false;
            *known = (value.cost, at);
        } else if known.1 != at {
            keep[at] = false;
        }
    }
}
