//! What bounded paths allow: where a component may be, given where the others of its paths are.

use super::model::Model;
use crate::problem::{ComponentId, Path, PlaceId};

/// Pairs of places that are looked at for a path; with more, a component counts as never free to move.
const PAIRS_MAX: usize = 1 << 16;

/// A place where a component cannot be.
const NOWHERE: u32 = u32::MAX;

/// The paths of every component.
pub(super) struct Reach {
    ways: Vec<Vec<Way>>,
}

/// What a path means to one of its components.
struct Way {
    path: usize,
    means: Means,
}

enum Means {
    /// With one other: for each place, among those of the other, where it may be.
    Pair { here: Ordinals, there: Ordinals, rows: Vec<Vec<u64>> },
    /// By place: whether the bound holds wherever the others are.
    Safe(Vec<bool>),
    /// Nothing is known.
    Unknown,
}

/// The places that a component may be at, as ordinals.
struct Ordinals {
    of: Vec<u32>,
    places: Vec<PlaceId>,
}

impl Ordinals {
    fn of(model: &Model, domain: &[usize], component: ComponentId) -> Self {
        let (mut of, mut places) = (vec![NOWHERE; model.problem.places.len()], Vec::new());
        for &v in domain {
            let place = model.parts[component].values[v].place;
            if of[place] == NOWHERE {
                of[place] = u32::try_from(places.len()).unwrap_or(NOWHERE);
                places.push(place);
            }
        }
        Self { of, places }
    }

    fn get(&self, place: PlaceId) -> Option<usize> {
        (self.of[place] != NOWHERE).then(|| self.of[place] as usize)
    }
}

impl Reach {
    /// Of some bounded paths, over the values that are left.
    pub fn of(model: &Model, domains: &[Vec<usize>], paths: &[usize]) -> Self {
        let mut ways: Vec<Vec<Way>> = domains.iter().map(|_| Vec::new()).collect();
        for &path in paths {
            let spec = &model.problem.paths[path];
            let mut components: Vec<ComponentId> = spec.hops.iter().flat_map(|hop| [hop.a, hop.b]).collect();
            components.extend(spec.entry.iter().map(|entry| entry.0));
            components.sort_unstable();
            components.dedup();
            for &component in &components {
                let means = match components.as_slice() {
                    &[a, b] => pair(model, domains, spec, (component, if component == a { b } else { a })),
                    _ => safe(model, domains, spec, component),
                };
                ways[component].push(Way { path, means });
            }
        }
        Self { ways }
    }

    /// Whether a component that moves alone breaks no bound that held before.
    pub fn holds_alone(&self, component: ComponentId, from: PlaceId, to: PlaceId) -> bool {
        self.ways[component].iter().all(|way| way.means.holds(from, to))
    }

    /// The same for one that moves, while others at its place may come along.
    pub fn holds_together(&self, model: &Model, component: ComponentId, from: PlaceId, to: PlaceId) -> bool {
        self.ways[component].iter().all(|way| {
            let Means::Pair { there, .. } = &way.means else { return way.means.holds(from, to) };
            let holds = |place: PlaceId| holds(model, &model.problem.paths[way.path], |_| place);
            way.means.holds(from, to) && (there.get(from).is_none() || !holds(from) || holds(to))
        })
    }
}

impl Means {
    /// Whether the bound holds after a move wherever it held before.
    fn holds(&self, from: PlaceId, to: PlaceId) -> bool {
        match self {
            Self::Pair { here, rows, .. } => {
                let (Some(from), Some(to)) = (here.get(from), here.get(to)) else { return false };
                rows[from].iter().zip(&rows[to]).all(|(before, after)| before & !after == 0)
            }
            Self::Safe(safe) => safe[to],
            Self::Unknown => false,
        }
    }
}

fn holds(model: &Model, path: &Path, place_of: impl Fn(ComponentId) -> PlaceId) -> bool {
    path.bound.is_none_or(|bound| model.problem.path_latency_us(path, place_of) <= bound.micros())
}

fn pair(model: &Model, domains: &[Vec<usize>], path: &Path, (component, other): (ComponentId, ComponentId)) -> Means {
    let here = Ordinals::of(model, &domains[component], component);
    let there = Ordinals::of(model, &domains[other], other);
    if here.places.len() * there.places.len() > PAIRS_MAX {
        return Means::Unknown;
    }
    let row = |&x: &PlaceId| {
        let mut row = vec![0_u64; there.places.len().div_ceil(64)];
        for (at, &y) in there.places.iter().enumerate() {
            let holds = holds(model, path, |c| if c == component { x } else { y });
            row[at / 64] |= u64::from(holds) << (at % 64);
        }
        row
    };
    let rows = here.places.iter().map(row).collect();
    Means::Pair { here, there, rows }
}

/// Adds up the slowest that every part of a path can be.
fn safe(model: &Model, domains: &[Vec<usize>], path: &Path, component: ComponentId) -> Means {
    let Some(bound) = path.bound else { return Means::Unknown };
    let places_of = |c: ComponentId| Ordinals::of(model, &domains[c], c).places;
    let here = places_of(component);
    let mut slowest = vec![path.constant.micros(); here.len()];
    if let Some((entry, by_place)) = &path.entry {
        let most = places_of(*entry).iter().map(|&place| by_place[place]).max().unwrap_or(0);
        for (sum, &place) in slowest.iter_mut().zip(&here) {
            *sum += if *entry == component { by_place[place] } else { most };
        }
    }
    for hop in &path.hops {
        let (a, b) = (places_of(hop.a), places_of(hop.b));
        if a.len() * b.len() > PAIRS_MAX {
            return Means::Unknown;
        }
        let us = |a, b| hop.round_trips_milli * model.problem.rtt_us(path.percentile, a, b) / 1000;
        let most =
            |a: &[PlaceId], b: &[PlaceId]| a.iter().flat_map(|&a| b.iter().map(move |&b| us(a, b))).max().unwrap_or(0);
        let anywhere = if hop.a == component || hop.b == component { 0 } else { most(&a, &b) };
        for (sum, &place) in slowest.iter_mut().zip(&here) {
            *sum += match (hop.a == component, hop.b == component) {
                (true, true) => us(place, place),
                (true, false) => most(&[place], &b),
                (false, true) => most(&a, &[place]),
                (false, false) => anywhere,
            };
        }
    }
    let mut safe = vec![false; model.problem.places.len()];
    here.iter().zip(slowest).for_each(|(&place, us)| safe[place] = us <= bound.micros());
    Means::Safe(safe)
}
