//! Routes between places as small codes, so that a pair table is a lookup per cell.
//!
//! Places that are billed alike are one *class*: what a pair costs depends on the two classes, and on whether it is at one
//! place. Built once per solve, for the classes of the places in use.

use super::model::Model;
use crate::problem::{PlaceId, Route};
use std::collections::BTreeMap;

/// What a code stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// On the sender's meter, by this ladder.
    Ladder(usize),
    /// Nano-dollars per GB.
    Flat(i64),
    Unknown,
}

impl Kind {
    fn of(route: Route, alike: &[usize]) -> Self {
        match route {
            Route::Metered(ladder) => Self::Ladder(alike[ladder]),
            Route::Flat(price) => Self::Flat(price.usd.nanos()),
            Route::Unknown => Self::Unknown,
        }
    }
}

/// How traffic from one provider to another is metered, over all pairs of their places in use.
#[derive(Clone, Debug, Default)]
pub(super) struct Between {
    /// Meters that some pair uses.
    pub may: Vec<usize>,
    /// Whether every pair uses a meter.
    pub always: bool,
    /// Whether every pair of different places does.
    pub always_apart: bool,
}

/// The routes among the places in use.
#[derive(Clone, Debug, Default)]
pub(super) struct Codes {
    /// Class of a place among those in use.
    index: Vec<u16>,
    /// By place: code of its route to itself.
    own: Vec<u16>,
    /// Number of classes in use.
    pub classes: usize,
    /// `forward[c * classes + d]`: route from a place of class `c` to another place of class `d`.
    pub forward: Vec<u16>,
    /// `backward[c * classes + d]`: route from another place of class `d` to a place of class `c`.
    pub backward: Vec<u16>,
    pub kinds: Vec<Kind>,
    /// By class: codes of metered routes out of it.
    pub out: Vec<Vec<u16>>,
    /// By class: codes of the routes of its places to themselves.
    pub inside: Vec<Vec<u16>>,
    /// `between[a * providers + b]`: how traffic from provider `a` to provider `b` is metered.
    pub between: Vec<Between>,
    pub providers: usize,
    /// Every metered route is on the meter of its sender's provider.
    pub meter_is_provider: bool,
}

/// A class in use.
struct Class {
    /// Among the classes of the routes.
    route: usize,
    provider: usize,
    places: Vec<PlaceId>,
}

impl Codes {
    /// The routes among the places of the values in `domains`; nothing when no traffic runs between components.
    pub fn of(model: &Model, domains: &[Vec<usize>]) -> Self {
        let mut codes = Self { providers: model.problem.providers.len(), meter_is_provider: true, ..Self::default() };
        let nothing = Between { may: Vec::new(), always: true, always_apart: true };
        codes.between = vec![nothing; codes.providers * codes.providers];
        if model.streams.iter().all(|s| s.to.is_none()) {
            return codes;
        }
        let mut used = vec![false; model.problem.places.len()];
        for (part, domain) in model.parts.iter().zip(domains) {
            for &v in domain {
                used[part.values[v].place] = true;
            }
        }
        codes.index = vec![u16::MAX; used.len()];
        codes.own = vec![u16::MAX; used.len()];
        let mut classes: Vec<Class> = Vec::new();
        let of = &model.classes().of;
        for place in (0..used.len()).filter(|&p| used[p]) {
            let (route, provider) = (of[place], model.problem.places[place].provider);
            // From the back: neighbours are of one provider.
            let at = classes.iter().rposition(|c| c.route == route && c.provider == provider).unwrap_or_else(|| {
                classes.push(Class { route, provider, places: Vec::new() });
                classes.len() - 1
            });
            classes[at].places.push(place);
            codes.index[place] = small(at);
        }
        codes.read(model, &classes);
        codes.note_meters(model, &classes);
        codes
    }

    fn read(&mut self, model: &Model, classes: &[Class]) {
        let n = classes.len();
        self.classes = n;
        self.forward = vec![0; n * n];
        self.backward = vec![0; n * n];
        let routes = &model.problem.routes;
        let known = model.classes();
        // Kinds of routes that differ in their source only are one here.
        let mut code_of = vec![u16::MAX; routes.kinds().len()];
        let mut alike: BTreeMap<Kind, u16> = BTreeMap::new();
        let kinds = &mut self.kinds;
        let mut code = |kind: usize| {
            if code_of[kind] == u16::MAX {
                let next = small(kinds.len());
                let meaning = Kind::of(routes.kinds()[kind], &known.ladder);
                let code = *alike.entry(meaning).or_insert(next);
                code_of[kind] = code;
                if code == next {
                    kinds.push(meaning);
                }
            }
            code_of[kind]
        };
        self.inside = vec![Vec::new(); n];
        for (c, from) in classes.iter().enumerate() {
            for (d, to) in classes.iter().enumerate() {
                let code = code(known.between[from.route * known.count + to.route]);
                self.forward[c * n + d] = code;
                self.backward[d * n + c] = code;
            }
            for &place in &from.places {
                let own = code(routes.codes()[place * self.index.len() + place] as usize);
                self.own[place] = own;
                if !self.inside[c].contains(&own) {
                    self.inside[c].push(own);
                }
            }
        }
    }

    fn note_meters(&mut self, model: &Model, classes: &[Class]) {
        let n = classes.len();
        self.out = vec![Vec::new(); n];
        for (c, from) in classes.iter().enumerate() {
            let mut last = (usize::MAX, 0);
            for (d, to) in classes.iter().enumerate() {
                let now = (to.provider, self.forward[c * n + d]);
                if (c != d || from.places.len() > 1) && last != now {
                    // Neighbours are of one provider, and mostly reached alike.
                    last = now;
                    self.note(model, (c, from.provider), to.provider, self.forward[c * n + d], false);
                }
            }
            for &place in &from.places {
                self.note(model, (c, from.provider), from.provider, self.own[place], true);
            }
        }
    }

    /// Takes note of a route out of a class.
    fn note(&mut self, model: &Model, (class, provider): (usize, usize), to: usize, code: u16, at_one_place: bool) {
        let between = &mut self.between[provider * self.providers + to];
        // Traffic inside a zone is free, whatever the route says.
        between.always &= !at_one_place;
        let Kind::Ladder(ladder) = self.kinds[usize::from(code)] else {
            between.always = false;
            between.always_apart &= at_one_place;
            return;
        };
        let meter = model.ladders[ladder].meter;
        if !between.may.contains(&meter) {
            between.may.push(meter);
        }
        if !self.out[class].contains(&code) {
            self.meter_is_provider &= meter == provider;
            self.out[class].push(code);
        }
    }

    /// Number of codes.
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Number of places, in use or not.
    pub fn places(&self) -> usize {
        self.index.len()
    }

    /// Class of a place in use.
    pub fn at(&self, place: PlaceId) -> usize {
        usize::from(self.index[place])
    }

    /// The code of the route between two places in use.
    pub fn route(&self, from: PlaceId, to: PlaceId) -> usize {
        usize::from(if from == to { self.own[from] } else { self.forward[self.at(from) * self.classes + self.at(to)] })
    }
}

fn small(n: usize) -> u16 {
    u16::try_from(n).expect("fewer than 65,535 places and prices between them")
}
