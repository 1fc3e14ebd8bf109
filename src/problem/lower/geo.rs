//! What a set of regions means for any application: places, tariffs, the billing of every road, round-trip times.
//!
//! None of it depends on components, and most applications of a fleet may use the same regions: made once per set.

use super::choices::Site;
use super::network::{self, Classes};
use crate::catalog::{PriceBook, RegionId, TransferBilling};
use crate::problem::{Ladder, Place, Route, Routes, SharedCharge, Step};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The shared part of every problem over the same regions.
pub(super) struct Geo<'a> {
    pub places: Arc<[Place]>,
    pub providers: Arc<[String]>,
    pub sites: Vec<Site<'a>>,
    pub routes: Routes,
    pub internet: Arc<[Vec<Route>]>,
    pub ladders: Arc<[Ladder]>,
    pub rtt: Arc<[Vec<u32>; 2]>,
    pub shared: Arc<[SharedCharge]>,
}

impl<'a> Geo<'a> {
    pub fn of(book: &'a PriceBook, regions: &[RegionId], classes: &Classes) -> Self {
        let (places, providers) = places_of(book, regions);
        let sites = places.iter().enumerate().map(|(place, spec)| Site::of(book, place, spec)).collect();
        let mut ladders = Ladders { book, places: &places, list: Vec::new(), known: HashMap::new() };
        let row = |country: &String| (0..places.len()).map(|place| ladders.route(place, country)).collect();
        let internet: Vec<Vec<Route>> = classes.0.iter().map(row).collect();
        let ladders = ladders.list;
        Self {
            sites,
            routes: routes(book, &places, classes, &internet, ladders.len()),
            internet: internet.into(),
            ladders: ladders.into(),
            rtt: Arc::new(rtt_tables(book, regions)),
            shared: network::shared_charges(book, &places).into(),
            places: places.into(),
            providers: providers.into(),
        }
    }
}

fn places_of(book: &PriceBook, regions: &[RegionId]) -> (Vec<Place>, Vec<String>) {
    let mut providers: Vec<String> = Vec::new();
    let mut countries: BTreeMap<&str, u16> = BTreeMap::new();
    let mut places = Vec::new();
    for &id in regions {
        let region = book.region(id);
        let name = &book.provider_of(id).name;
        let provider = providers.iter().position(|p| p == name).unwrap_or_else(|| {
            providers.push(name.clone());
            providers.len() - 1
        });
        let next = u16::try_from(countries.len()).unwrap_or(u16::MAX);
        let country = *countries.entry(&region.country).or_insert(next);
        places.push(Place {
            region: id,
            provider,
            provider_name: name.clone(),
            region_code: region.code.clone(),
            country,
            zones: region.zones.unwrap_or(1).max(1),
        });
    }
    (places, providers)
}

/// The billing of traffic between every two places. Codes: first the ladders, then the other ways as they come.
fn routes(book: &PriceBook, places: &[Place], classes: &Classes, internet: &[Vec<Route>], ladders: usize) -> Routes {
    let mut kinds: Vec<Route> = (0..ladders).map(Route::Metered).collect();
    let mut known: HashMap<Route, u32> = HashMap::new();
    let mut code = |route: Route| match route {
        Route::Metered(ladder) => u32::try_from(ladder).unwrap_or(u32::MAX),
        other => *known.entry(other).or_insert_with(|| {
            kinds.push(other);
            u32::try_from(kinds.len() - 1).unwrap_or(u32::MAX)
        }),
    };
    let class_of_place: Vec<usize> =
        places.iter().map(|place| classes.of(&book.region(place.region).country)).collect();
    let mut codes = Vec::with_capacity(places.len() * places.len());
    for (from, a) in places.iter().enumerate() {
        // Between providers traffic leaves through the sender's internet egress; what arrives is free everywhere.
        let by_internet: Vec<u32> = internet.iter().map(|row| code(row[from])).collect();
        let start = codes.len();
        codes.extend(class_of_place.iter().map(|&class| by_internet[class]));
        for (to, b) in places.iter().enumerate().filter(|(_, b)| b.provider == a.provider) {
            let inside = match book.transfer(a.region, b.region) {
                Some(TransferBilling::Flat(price)) => Route::Flat(price),
                Some(TransferBilling::AsInternet) => continue,
                None => Route::Unknown,
            };
            codes[start + to] = code(inside);
        }
    }
    Routes::new(codes, kinds)
}

/// Round-trip times between all places in microseconds: p50, then p95.
fn rtt_tables(book: &PriceBook, regions: &[RegionId]) -> [Vec<u32>; 2] {
    let mut tables = [0, 1].map(|_| Vec::with_capacity(regions.len() * regions.len()));
    for &a in regions {
        let row = book.rtts_us(a);
        for &b in regions {
            let (p50, p95) = row[usize::from(b.0)];
            tables[0].push(p50);
            tables[1].push(p95);
        }
    }
    tables
}

/// Ladders that are in use, each once.
struct Ladders<'a> {
    book: &'a PriceBook,
    places: &'a [Place],
    list: Vec<Ladder>,
    known: HashMap<(RegionId, String), Route>,
}

impl Ladders<'_> {
    /// How internet traffic from a place to a country is billed.
    fn route(&mut self, place: usize, country: &str) -> Route {
        let spec = &self.places[place];
        let Some(ladder) = self.book.ladder(spec.region, country) else { return Route::Unknown };
        let key = (spec.region, ladder.to.clone());
        if let Some(route) = self.known.get(&key) {
            return *route;
        }
        let steps = ladder.tiers.iter().map(|tier| Step { from: tier.from, price: tier.price }).collect();
        self.list.push(Ladder { meter: spec.provider, included: ladder.included_gb, steps });
        let route = Route::Metered(self.list.len() - 1);
        self.known.insert(key, route);
        route
    }
}
