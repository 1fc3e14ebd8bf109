//! Arc consistency of relations, without tables: a relation compares places, providers or countries, so what one side
//! allows is a set of keys.

use super::model::Model;
use crate::problem::{PlaceId, RelationKind};

/// Drops values that no value of the other side goes with, until nothing changes. `None`: a component has none left.
pub(super) fn relations(model: &Model, domains: &mut [Vec<usize>]) -> Option<()> {
    let relations: Vec<_> = model.problem.relations.iter().filter(|r| r.a != r.b).collect();
    let mut changed = true;
    while changed {
        changed = false;
        for r in &relations {
            for (from, to) in [(r.a, r.b), (r.b, r.a)] {
                let before = domains[to].len();
                narrow(model, r.kind, domains, from, to);
                if domains[to].is_empty() {
                    return None;
                }
                changed |= domains[to].len() < before;
            }
        }
    }
    Some(())
}

fn narrow(model: &Model, kind: RelationKind, domains: &mut [Vec<usize>], from: usize, to: usize) {
    use RelationKind as K;
    let places = &model.problem.places;
    let key = |place: PlaceId| match kind {
        K::SameRegion | K::DifferentRegion => place,
        K::SameProvider | K::DifferentProvider => places[place].provider,
        K::SameCountry | K::DifferentCountry => usize::from(places[place].country),
    };
    let of = |component: usize, v: usize| key(model.parts[component].values[v].place);
    let same = matches!(kind, K::SameRegion | K::SameProvider | K::SameCountry);
    if same {
        let mut keys: Vec<usize> = domains[from].iter().map(|&v| of(from, v)).collect();
        keys.sort_unstable();
        keys.dedup();
        domains[to].retain(|&v| keys.binary_search(&of(to, v)).is_ok());
    } else {
        let Some(only) = domains[from].first().map(|&v| of(from, v)) else { return };
        if domains[from].iter().all(|&v| of(from, v) == only) {
            domains[to].retain(|&v| of(to, v) != only);
        }
    }
}
