//! Routes between the places in use as small codes, so that a pair table is a lookup per cell.
//!
//! Built once per solve, after the first pruning: only places that can still matter are looked at.

use super::model::Model;
use crate::problem::{PlaceId, Route};
use std::collections::BTreeMap;

/// What a code stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// On the sender's meter, by this ladder.
    Ladder(usize),
    /// Nano-dollars per GB.
    Flat(i64),
    Unknown,
}

impl Kind {
    fn of(route: Route) -> Self {
        match route {
            Route::Metered(ladder) => Self::Ladder(ladder),
            Route::Flat(price) => Self::Flat(price.usd.nanos()),
            Route::Unknown => Self::Unknown,
        }
    }
}

/// How traffic from one provider to another is metered, over all pairs of their places in use.
#[derive(Clone, Debug, Default)]
pub(super) struct Between {
    /// Meters that some pair uses, ascending.
    pub may: Vec<usize>,
    /// Whether every pair uses a meter.
    pub always: bool,
    /// Whether every pair of different places does.
    pub always_apart: bool,
}

/// The routes among the places in use.
#[derive(Clone, Debug, Default)]
pub(super) struct Codes {
    /// Ordinal of a place among those in use.
    index: Vec<u16>,
    /// Number of places in use.
    pub places: usize,
    /// `forward[p * places + q]`: route from `p` to `q`, both counted among the places in use.
    pub forward: Vec<u16>,
    /// `backward[p * places + q]`: route from `q` to `p`.
    pub backward: Vec<u16>,
    pub kinds: Vec<Kind>,
    /// By place in use: codes of metered routes out of it.
    pub out: Vec<Vec<u16>>,
    /// `between[a * providers + b]`: how traffic from provider `a` to provider `b` is metered.
    pub between: Vec<Between>,
    pub providers: usize,
    /// Every metered route is on the meter of its sender's provider.
    pub meter_is_provider: bool,
}

impl Codes {
    /// The routes among the places of the values in `domains`; nothing when no traffic runs between components.
    pub fn of(model: &Model, domains: &[Vec<usize>]) -> Self {
        let mut used = vec![false; model.problem.places.len()];
        let mut codes = Self { providers: model.problem.providers.len(), meter_is_provider: true, ..Self::default() };
        codes.between = vec![Between { may: Vec::new(), always: true, always_apart: true }; codes.providers * codes.providers];
        if model.streams.iter().all(|s| s.to.is_none()) {
            return codes;
        }
        for (part, domain) in model.parts.iter().zip(domains) {
            for &v in domain {
                used[part.values[v].place] = true;
            }
        }
        let places: Vec<PlaceId> = (0..used.len()).filter(|&p| used[p]).collect();
        codes.index = vec![u16::MAX; used.len()];
        places.iter().enumerate().for_each(|(at, &p)| codes.index[p] = small(at));
        codes.read(model, &places);
        codes.note_meters(model, &places);
        codes
    }

    fn read(&mut self, model: &Model, places: &[PlaceId]) {
        let n = places.len();
        self.places = n;
        self.forward = vec![0; n * n];
        self.backward = vec![0; n * n];
        let routes = &model.problem.routes;
        // Kinds of routes that differ in their source only are one here.
        let mut code_of = vec![u16::MAX; routes.kinds().len()];
        let mut flat: BTreeMap<i64, u16> = BTreeMap::new();
        for (p, &from) in places.iter().enumerate() {
            for (q, &to) in places.iter().enumerate() {
                let kind = routes.codes()[from * self.index.len() + to] as usize;
                let mut code = code_of[kind];
                if code == u16::MAX {
                    let next = small(self.kinds.len());
                    let meaning = Kind::of(routes.kinds()[kind]);
                    code = if let Kind::Flat(nanos) = meaning { *flat.entry(nanos).or_insert(next) } else { next };
                    code_of[kind] = code;
                    if code == next {
                        self.kinds.push(meaning);
                    }
                }
                self.forward[p * n + q] = code;
                self.backward[q * n + p] = code;
            }
        }
    }

    fn note_meters(&mut self, model: &Model, places: &[PlaceId]) {
        let n = places.len();
        self.out = vec![Vec::new(); n];
        for (p, &from) in places.iter().enumerate() {
            let provider = model.problem.places[from].provider;
            let mut last = u16::MAX;
            for (q, &to) in places.iter().enumerate() {
                let code = self.forward[p * n + q];
                let between = &mut self.between[provider * self.providers + model.problem.places[to].provider];
                let Kind::Ladder(ladder) = self.kinds[usize::from(code)] else {
                    between.always = false;
                    between.always_apart &= p == q;
                    continue;
                };
                // Traffic inside a zone is free, whatever the route says.
                between.always &= p != q;
                let meter = model.ladders[ladder].meter;
                if !between.may.contains(&meter) {
                    between.may.push(meter);
                }
                if code != last && !self.out[p].contains(&code) {
                    self.meter_is_provider &= meter == provider;
                    self.out[p].push(code);
                }
                last = code;
            }
        }
    }

    /// Number of codes.
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Ordinal of a place among those in use.
    pub fn at(&self, place: PlaceId) -> usize {
        usize::from(self.index[place])
    }

    /// The code of the route between two places in use.
    pub fn route(&self, from: PlaceId, to: PlaceId) -> usize {
        usize::from(self.forward[self.at(from) * self.places + self.at(to)])
    }

    /// Codes of metered routes out of a place in use.
    pub fn out_of(&self, place: PlaceId) -> &[u16] {
        &self.out[self.at(place)]
    }
}

fn small(n: usize) -> u16 {
    u16::try_from(n).expect("fewer than 65,535 places and prices between them")
}
