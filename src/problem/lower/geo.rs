//! What a set of regions means for any application: places, tariffs, the billing of every road, round-trip times.
//!
//! None of it depends on components, and most applications of a fleet may use the same regions: made once per set.

use super::Lowerer;
use super::choices::{Site, zones_of};
use super::network::{self, Classes};
use crate::catalog::{EgressLadder, PriceBook, RegionId, TransferBilling};
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

/// What a region means by itself, whatever the others: looked up in the book once.
pub(super) struct Here<'a> {
    /// Its place is open.
    site: Site<'a>,
    /// Destination class of what is sent to it.
    class: usize,
    /// By destination class the ladder of internet traffic, as an ordinal in the book; `None`: its price is not known.
    ladders: Vec<Option<usize>>,
    /// By region of the same provider the billing of traffic to it; `None`: its price is not known.
    inside: Vec<Option<TransferBilling>>,
}

impl<'a> Here<'a> {
    pub fn of(book: &'a PriceBook, region: RegionId, classes: &Classes) -> Self {
        let spec = book.region(region);
        let first = book.ladders.partition_point(|ladder| ladder.region < region);
        let ordinal = |ladder: &EgressLadder| {
            let at = book.ladders[first..].iter().position(|of| std::ptr::eq(of, ladder))?;
            Some(first + at)
        };
        let inside =
            |to: RegionId| (book.region(to).provider == spec.provider).then(|| book.transfer(region, to)).flatten();
        Self {
            site: Site::of(book, region),
            class: classes.of(&spec.country),
            ladders: classes.0.iter().map(|country| ordinal(book.ladder(region, country)?)).collect(),
            inside: book.region_ids().map(inside).collect(),
        }
    }
}

impl<'a> Geo<'a> {
    pub fn of(lowerer: &Lowerer<'a>, regions: &[RegionId]) -> Self {
        let book = lowerer.book();
        let (places, providers) = places_of(book, regions);
        let here: Vec<&Here<'a>> = regions.iter().map(|&region| lowerer.here(region)).collect();
        let sites = here.iter().enumerate().map(|(place, here)| here.site.at(place)).collect();
        let mut ladders = Ladders { book, list: Vec::new(), known: vec![None; book.ladders.len()] };
        let classes = 0..lowerer.classes().0.len();
        let mut route = |class: usize| {
            let of = |(here, place): (&&Here, &Place)| ladders.route(here.ladders[class], place.provider);
            here.iter().zip(&places).map(of).collect::<Vec<Route>>()
        };
        let internet: Vec<Vec<Route>> = classes.map(&mut route).collect();
        let ladders = ladders.list;
        Self {
            sites,
            routes: routes(&here, &places, &internet, ladders.len()),
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
            zones: zones_of(book, id),
        });
    }
    (places, providers)
}

/// The billing of traffic between every two places. Codes: first the ladders, then the other ways as they come.
fn routes(here: &[&Here], places: &[Place], internet: &[Vec<Route>], ladders: usize) -> Routes {
    let mut kinds: Vec<Route> = (0..ladders).map(Route::Metered).collect();
    let mut known: HashMap<Route, u32> = HashMap::new();
    let mut last: Option<(Route, u32)> = None;
    let mut code = |route: Route| match (route, last) {
        (Route::Metered(ladder), _) => u32::try_from(ladder).unwrap_or(u32::MAX),
        // Neighbours mostly cost the same.
        (other, Some((route, code))) if other == route => code,
        (other, _) => {
            let code = *known.entry(other).or_insert_with(|| {
                kinds.push(other);
                u32::try_from(kinds.len() - 1).unwrap_or(u32::MAX)
            });
            last = Some((other, code));
            code
        }
    };
    let mut of_provider: Vec<Vec<usize>> = Vec::new();
    for (place, spec) in places.iter().enumerate() {
        of_provider.resize_with(of_provider.len().max(spec.provider + 1), Vec::new);
        of_provider[spec.provider].push(place);
    }
    let mut codes = Vec::with_capacity(places.len() * places.len());
    for (from, spec) in places.iter().enumerate() {
        // Between providers traffic leaves through the sender's internet egress; what arrives is free everywhere.
        let by_internet: Vec<u32> = internet.iter().map(|row| code(row[from])).collect();
        let start = codes.len();
        codes.extend(here.iter().map(|to| by_internet[to.class]));
        for &to in &of_provider[spec.provider] {
            let inside = match here[from].inside[usize::from(places[to].region.0)] {
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
        tables[0].extend(regions.iter().map(|b| row[usize::from(b.0)].0));
        tables[1].extend(regions.iter().map(|b| row[usize::from(b.0)].1));
    }
    tables
}

/// Ladders that are in use, each once.
struct Ladders<'a> {
    book: &'a PriceBook,
    list: Vec<Ladder>,
    /// For each ladder of the book its ordinal in the list.
    known: Vec<Option<usize>>,
}

impl Ladders<'_> {
    /// How internet traffic is billed that leaves on a ladder of the book, by a provider's meter.
    fn route(&mut self, ladder: Option<usize>, meter: usize) -> Route {
        let Some(ladder) = ladder else { return Route::Unknown };
        let Self { book, list, known } = self;
        Route::Metered(*known[ladder].get_or_insert_with(|| {
            let spec = &book.ladders[ladder];
            let steps = spec.tiers.iter().map(|tier| Step { from: tier.from, price: tier.price }).collect();
            list.push(Ladder { meter, included: spec.included_gb, steps });
            list.len() - 1
        }))
    }
}
