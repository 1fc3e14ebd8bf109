//! `placer latency`: a round-trip time and how it is known.

use super::args::{LatencyArgs, ListFormat};
use super::failure::Failure;
use super::{input, lists, offers};
use crate::catalog::{Place, PriceBook, RegionId, Rtt, RttOrigin, great_circle_km};
use serde::Serialize;
use std::io::Write;

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
    /// [`Failure::Input`] with what was probably meant.
    pub fn parse(book: &PriceBook, text: &str) -> Result<Self, Failure> {
        if let Some((lat, lon)) = text.split_once(',')
            && let (Ok(lat), Ok(lon)) = (lat.trim().parse::<f64>(), lon.trim().parse::<f64>())
        {
            if !(-90.0..=90.0).contains(&lat) || !(-180.0..=180.0).contains(&lon) {
                return Err(Failure::Input(format!("`{text}` is not on earth: write `lat,lon` in degrees")));
            }
            return Ok(Self::Place(book.place_at(lat, lon)));
        }
        if text.contains(':') {
            return Ok(Self::Region(offers::regions(book, None, Some(text))?[0]));
        }
        let coded: Vec<RegionId> = book.region_ids().filter(|id| book.region(*id).code == text).collect();
        match (coded.as_slice(), book.find_city(text, None)) {
            ([region], _) => Ok(Self::Region(*region)),
            ([], Ok(place)) => Ok(Self::Place(place)),
            ([], Err(error)) => Err(Failure::Input(format!("no region has the code `{text}`, and {error}"))),
            (several, _) => {
                let names: Vec<String> = several.iter().map(|id| region_name(book, *id)).collect();
                Err(Failure::Input(format!(
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

#[derive(Debug, Serialize)]
struct Row {
    a: String,
    b: String,
    p50_ms: f64,
    p95_ms: f64,
    distance_km: f64,
    origin: &'static str,
    meaning: &'static str,
}

/// Runs the command.
pub fn run(args: &LatencyArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let book = input::book(args.book.price_book.as_deref())?;
    let (a, b) = (End::parse(&book, &args.a)?, End::parse(&book, &args.b)?);
    let rtt = rtt(&book, &a, &b);
    let same = matches!((&a, &b), (End::Region(a), End::Region(b)) if a == b);
    let (origin, meaning) = words(rtt.origin, same);
    let row = Row {
        a: a.name(&book),
        b: b.name(&book),
        p50_ms: rtt.p50.millis(),
        p95_ms: rtt.p95.millis(),
        distance_km: great_circle_km(a.position(&book), b.position(&book)).round(),
        origin,
        meaning,
    };
    let texts = |row: &Row| {
        let Row { a, b, p50_ms, p95_ms, distance_km, origin, .. } = row;
        [
            a.clone(),
            b.clone(),
            format!("{p50_ms:.1}"),
            format!("{p95_ms:.1}"),
            format!("{distance_km:.0}"),
            (*origin).into(),
        ]
    };
    match args.format {
        ListFormat::Csv => {
            lists::csv(&["a", "b", "p50_ms", "p95_ms", "distance_km", "origin"], [texts(&row)].into_iter(), out)
        }
        ListFormat::Json => lists::json(std::iter::once(row), out),
        ListFormat::Table => {
            writeln!(
                out,
                "{} to {} and back: {:.1} ms (p95 {:.1} ms), {:.0} km apart",
                row.a, row.b, row.p50_ms, row.p95_ms, row.distance_km
            )?;
            Ok(writeln!(out, "{origin}: {meaning}")?)
        }
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
