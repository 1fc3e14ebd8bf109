//! Regions, and the ways between places.

use super::shown;
use crate::catalog::{Place, PriceBook, RegionId, Rtt, RttOrigin, great_circle_km};
use schemars::JsonSchema;
use serde::Serialize;
use thiserror::Error;

/// A place that is not known, or not one place; the text says what was probably meant.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct UnknownPlace(String);

/// An end of a way: a region of the book, or some other place.
#[derive(Clone, Debug)]
pub enum End {
    /// A region.
    Region(RegionId),
    /// A city or coordinates.
    Place(Place),
}

impl End {
    /// Reads `provider:code`, a region's code that only one provider has, a city, or `lat,lon`.
    ///
    /// # Errors
    /// What is wrong, with what was probably meant.
    pub fn parse(book: &PriceBook, text: &str) -> Result<Self, UnknownPlace> {
        if let Some((lat, lon)) = text.split_once(',')
            && let (Ok(lat), Ok(lon)) = (lat.trim().parse::<f64>(), lon.trim().parse::<f64>())
        {
            if !(-90.0..=90.0).contains(&lat) || !(-180.0..=180.0).contains(&lon) {
                return Err(UnknownPlace(format!("`{text}` is not on earth: write `lat,lon` in degrees")));
            }
            return Ok(Self::Place(book.place_at(lat, lon)));
        }
        if text.contains(':') {
            let found = super::regions(book, None, Some(text)).map_err(|error| UnknownPlace(error.to_string()))?;
            return Ok(Self::Region(found[0]));
        }
        let coded: Vec<RegionId> = book.region_ids().filter(|id| book.region(*id).code == text).collect();
        match (coded.as_slice(), book.find_city(text, None)) {
            ([region], _) => Ok(Self::Region(*region)),
            ([], Ok(place)) => Ok(Self::Place(place)),
            ([], Err(error)) => Err(UnknownPlace(format!("no region has the code `{}`, and {error}", shown(text)))),
            (several, _) => {
                let names: Vec<String> = several.iter().map(|id| region_name(book, *id)).collect();
                Err(UnknownPlace(format!(
                    "several providers have a region `{text}`: write one of {}",
                    names.join(", ")
                )))
            }
        }
    }

    /// How people write it.
    #[must_use]
    pub fn name(&self, book: &PriceBook) -> String {
        match self {
            Self::Region(id) => region_name(book, *id),
            Self::Place(place) => match &place.country {
                Some(country) if !place.name.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
                    format!("{}, {country}", place.name)
                }
                _ => place.name.clone(),
            },
        }
    }

    fn position(&self, book: &PriceBook) -> (f64, f64) {
        match self {
            Self::Region(id) => (book.region(*id).lat, book.region(*id).lon),
            Self::Place(place) => (place.lat, place.lon),
        }
    }
}

/// `provider:code`.
pub fn region_name(book: &PriceBook, id: RegionId) -> String {
    format!("{}:{}", book.provider_of(id).name, book.region(id).code)
}

/// A round-trip time and how it is known.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LatencyRow {
    /// One end, as people write it.
    pub a: String,
    /// The other end.
    pub b: String,
    /// Half of the round trips take at most so many milliseconds.
    pub p50_ms: f64,
    /// 95% of the round trips take at most so many milliseconds.
    pub p95_ms: f64,
    /// Great-circle distance.
    pub distance_km: f64,
    /// `probed`, `measured`, `neighbour` or `model`.
    pub origin: &'static str,
    /// What `origin` means.
    pub meaning: &'static str,
}

/// How long a round trip between two ends takes.
#[must_use]
pub fn latency(book: &PriceBook, a: &End, b: &End) -> LatencyRow {
    let rtt = rtt(book, a, b);
    let same = matches!((a, b), (End::Region(a), End::Region(b)) if a == b);
    let (origin, meaning) = words(rtt.origin, same);
    LatencyRow {
        a: a.name(book),
        b: b.name(book),
        p50_ms: rtt.p50.millis(),
        p95_ms: rtt.p95.millis(),
        distance_km: great_circle_km(a.position(book), b.position(book)).round(),
        origin,
        meaning,
    }
}

/// A region and how much of it the book knows.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RegionRow<'a> {
    /// Who sells there.
    pub provider: &'a str,
    /// Its code.
    pub region: &'a str,
    /// The city it is in or named after.
    pub city: &'a str,
    /// ISO country code.
    pub country: &'a str,
    /// Continent word.
    pub continent: &'a str,
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// Failure domains; `null`: not known.
    pub zones: Option<u8>,
    /// How many machine offers there are.
    pub compute_offers: usize,
    /// How many managed offers there are.
    pub managed_offers: usize,
}

/// The row of a region.
#[must_use]
pub fn region_row(book: &PriceBook, id: RegionId) -> RegionRow<'_> {
    let region = book.region(id);
    RegionRow {
        provider: &book.provider_of(id).name,
        region: &region.code,
        city: &region.city,
        country: &region.country,
        continent: &region.continent,
        lat: region.lat,
        lon: region.lon,
        zones: region.zones,
        compute_offers: book.compute_at(id).len(),
        managed_offers: book.managed_at(id).len(),
    }
}

fn rtt(book: &PriceBook, a: &End, b: &End) -> Rtt {
    match (a, b) {
        (End::Region(a), End::Region(b)) => book.rtt(*a, *b),
        (End::Place(place), End::Region(region)) | (End::Region(region), End::Place(place)) => {
            book.rtt_from_place(place, *region)
        }
        (End::Place(a), End::Place(b)) => book.rtt_between_places(a, b),
    }
}

/// The word of an origin, and what it means.
fn words(origin: RttOrigin, same_region: bool) -> (&'static str, &'static str) {
    match origin {
        RttOrigin::Probed => ("probed", "TCP handshakes of your own `placer probe`"),
        RttOrigin::Measured => ("measured", "published measurements of exactly this pair"),
        RttOrigin::Neighbour => {
            ("neighbour", "published measurements between near neighbours of the ends, and the way to them")
        }
        RttOrigin::Model if same_region => {
            ("model", "two zones of one region, as providers promise and others measured")
        }
        RttOrigin::Model => ("model", "the line fitted to all published measurements between the two continents"),
    }
}
