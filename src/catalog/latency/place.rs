//! Where users are, and how far that is from regions.

use super::index::{self, Line, Vector, bridged, distance_km, vector};
use super::{LatencyIndex, Rtt, RttOrigin};
use crate::catalog::{PriceBook, RegionId};
use thiserror::Error;

/// A city stands for everything this near to it.
const CITY_KM: f64 = 60.0;
/// A measured city may stand in for a place this far away.
const STAND_IN_KM: f64 = 400.0;
/// The country of a city counts for coordinates this near to it.
const COUNTRY_KM: f64 = 500.0;
/// Points of the unit sphere that are further apart on an axis are not within [`COUNTRY_KM`]: a chord is shorter than its
/// arc, which is less than 500 / 6,250.
const NEAR_MAX: f64 = 0.08;

/// Where users are.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// City, or the coordinates as text.
    pub name: String,
    /// ISO 3166-1 alpha-2 code, when known.
    pub country: Option<String>,
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
}

/// Why a city was not found.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CityError {
    /// No such city in the book.
    #[error("the price book knows no city `{name}`{}; coordinates work for any place", did_you_mean(near))]
    Unknown {
        /// What was asked for.
        name: String,
        /// Similar names, best first, at most three.
        near: Vec<String>,
    },
    /// Several cities of this name.
    #[error("`{name}` is in several countries: write one of {}", choices.join(", "))]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// `City, CC` of each.
        choices: Vec<String>,
    },
}

fn did_you_mean(near: &[String]) -> String {
    if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) }
}

impl PriceBook {
    /// Finds a city by name, whatever its case. Without a country, `City, CC` is understood too. Cities that only
    /// regions name are found as well. A name alone means the one well-known city of that name: one with measured
    /// times or with a region; `London` is not the one in Canada.
    ///
    /// # Errors
    /// [`CityError`] with similar names, or with the choices when several countries have a city of that name and none
    /// or several of them are well known.
    pub fn find_city(&self, name: &str, country: Option<&str>) -> Result<Place, CityError> {
        let (name, country) = match (country, name.rsplit_once(',')) {
            (None, Some((city, code))) if code.trim().len() == 2 => (city.trim(), Some(code.trim())),
            _ => (name.trim(), country),
        };
        let mut found = self.cities_named(name, country);
        if found.len() > 1 && found.iter().filter(|(_, known)| *known).count() == 1 {
            found.retain(|(_, known)| *known);
        }
        if found.len() > 1 {
            let of = |place: &Place| format!("{}, {}", place.name, place.country.as_deref().unwrap_or("?"));
            let choices = found.iter().map(|(place, _)| of(place)).collect();
            return Err(CityError::Ambiguous { name: name.to_owned(), choices });
        }
        let place = found.pop().map(|(place, _)| place);
        place.ok_or_else(|| CityError::Unknown { name: name.to_owned(), near: self.similar_cities(name) })
    }

    /// The cities of a name, one per country, and whether each is well known.
    fn cities_named(&self, name: &str, country: Option<&str>) -> Vec<(Place, bool)> {
        let lower = name.to_lowercase();
        let wanted = |city: &str, code: &str| {
            country.is_none_or(|c| c.eq_ignore_ascii_case(code)) && city.to_lowercase() == lower
        };
        let place = |city: &str, code: &str, lat: f64, lon: f64| Place {
            name: city.to_owned(),
            country: Some(code.to_owned()),
            lat,
            lon,
        };
        let cities = self.cities.iter().filter(|c| wanted(&c.name, &c.country));
        let mut found: Vec<(Place, bool)> =
            cities.map(|c| (place(&c.name, &c.country, c.lat, c.lon), c.measured)).collect();
        for region in self.regions.iter().filter(|r| wanted(&r.city, &r.country)) {
            match found.iter_mut().find(|(p, _)| p.country.as_deref() == Some(&region.country)) {
                Some((_, known)) => *known = true,
                None => found.push((place(&region.city, &region.country, region.lat, region.lon), true)),
            }
        }
        found.sort_by(|(a, _), (b, _)| a.country.cmp(&b.country));
        found
    }

    fn similar_cities(&self, name: &str) -> Vec<String> {
        let name = name.to_lowercase();
        // Equally similar: the measured ones, which are the better known, first.
        let mut near: Vec<(f64, bool, String)> = Vec::new();
        for city in &self.cities {
            let likeness = strsim::jaro_winkler(&city.name.to_lowercase(), &name);
            if likeness > 0.84 {
                near.push((likeness, !city.measured, format!("{}, {}", city.name, city.country)));
            }
        }
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| (a.1, &a.2).cmp(&(b.1, &b.2))));
        near.into_iter().take(3).map(|(_, _, city)| city).collect()
    }

    /// A place given by its coordinates in degrees.
    #[must_use]
    pub fn place_at(&self, lat: f64, lon: f64) -> Place {
        let at = vector((lat, lon));
        // Most are far away on some axis already.
        let near = |city: &&Vector| city.iter().zip(at).all(|(a, b)| (a - b).abs() <= NEAR_MAX);
        let cities = self.city_vectors().iter().zip(&self.cities).filter(|(city, _)| near(city));
        let away = cities.map(|(&vector, city)| (distance_km(vector, at), city));
        let near = away.filter(|(km, _)| *km <= COUNTRY_KM).min_by(|a, b| a.0.total_cmp(&b.0));
        let country = near.map(|(_, city)| city);
        Place { name: format!("{lat}, {lon}"), country: country.map(|c| c.country.clone()), lat, lon }
    }

    /// The round-trip time from a place to a region.
    #[must_use]
    pub fn rtt_from_place(&self, place: &Place, region: RegionId) -> Rtt {
        From::new(self, place).rtt(region)
    }

    /// The round-trip times from a place to every region, by [`RegionId`].
    #[must_use]
    pub fn rtts_from_place(&self, place: &Place) -> Vec<Rtt> {
        let from = From::new(self, place);
        self.region_ids().map(|region| from.rtt(region)).collect()
    }
}

impl PriceBook {
    /// The round-trip time between two places.
    #[must_use]
    pub fn rtt_between_places(&self, a: &Place, b: &Place) -> Rtt {
        let from = From::new(self, a);
        let end = vector((b.lat, b.lon));
        let near = u16::try_from(from.index.nearest_region(end).unwrap_or(0)).unwrap_or(0);
        let line = if self.regions.is_empty() {
            &from.index.fallback
        } else {
            from.index.line(&from.continent, RegionId(near))
        };
        from.through_cities(end, &from.index.near_cities(end, STAND_IN_KM), line)
    }
}

/// A place, made ready for many regions.
struct From<'a> {
    book: &'a PriceBook,
    index: &'a LatencyIndex,
    at: Vector,
    continent: String,
    cities: Vec<(u16, f64)>,
}

impl<'a> From<'a> {
    fn new(book: &'a PriceBook, place: &Place) -> Self {
        let index = book.latency_index();
        let at = vector((place.lat, place.lon));
        let by_country = place.country.as_deref().and_then(continent_of_country);
        let by_region = || index.nearest_region(at).map(|r| book.regions[r].continent.as_str());
        let continent = by_country.or_else(by_region).unwrap_or_default().to_owned();
        Self { book, index, at, continent, cities: index.near_cities(at, STAND_IN_KM) }
    }

    fn rtt(&self, region: RegionId) -> Rtt {
        if let Some(probed) = self.probed(region) {
            return probed;
        }
        let line: &Line = self.index.line(&self.continent, region);
        self.through_cities(self.index.at(region), self.index.cities_near_region(region), line)
    }

    /// The user's own probe from the nearest place in the same city.
    fn probed(&self, region: RegionId) -> Option<Rtt> {
        let away = |at: (f64, f64)| distance_km(self.at, vector(at));
        let of = self.book.latency.probed_places.iter().filter(|probe| probe.region == region);
        let near = of.map(|probe| (away((probe.lat, probe.lon)), probe)).filter(|(km, _)| *km <= CITY_KM);
        let (_, probe) = near.min_by(|a, b| a.0.total_cmp(&b.0))?;
        Some(index::rtt(probe.p50_us, probe.p95_us, RttOrigin::Probed))
    }

    /// By measured cities near both ends, else by distance.
    fn through_cities(&self, end: Vector, end_cities: &[(u16, f64)], line: &Line) -> Rtt {
        let km = distance_km(self.at, end);
        if km <= CITY_KM {
            return line.at(km);
        }
        let mut best: Option<(f64, u32)> = None;
        for &(city, city_km) in end_cities {
            for &(mine, my_km) in &self.cities {
                let pair = (mine.min(city), mine.max(city));
                let away = city_km + my_km;
                if let Some(&us) = self.book.latency.city_pairs.get(&pair)
                    && best.is_none_or(|(least, _)| away < least)
                {
                    best = Some((away, us));
                }
            }
        }
        match best {
            // Both ends inside their city: measured for exactly this pair.
            Some((away, us)) if away <= CITY_KM => line.rtt(us, RttOrigin::Measured),
            Some((away, us)) => match bridged(us, away, km) {
                Some(us) => line.rtt(us, RttOrigin::Neighbour),
                None => line.at(km),
            },
            None => line.at(km),
        }
    }
}

/// The continent word of a country, as in the regions of a book; `None` for a code that is not one.
fn continent_of_country(code: &str) -> Option<&'static str> {
    const COUNTRIES: [(&str, &str); 7] = [
        (
            "europe",
            "AD AL AT AX BA BE BG BY CH CY CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD \
             ME MK MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XK",
        ),
        (
            "north-america",
            "AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI PA PM PR SV SX \
             TC TT US VC VG VI",
        ),
        ("south-america", "AR BO BR CL CO EC FK GF GY PE PY SR UY VE"),
        (
            "asia",
            "AF AM AZ BD BN BT CN GE HK ID IN IO JP KG KH KP KR KZ LA LK MM MN MO MV MY NP PH PK SG TH TJ TL TM TW UZ \
             VN",
        ),
        ("middle-east", "AE BH IL IQ IR JO KW LB OM PS QA SA SY TR YE"),
        ("oceania", "AS AU CK FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF WS"),
        (
            "africa",
            "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG ML MR MU MW MZ \
             NA NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TG TN TZ UG YT ZA ZM ZW",
        ),
    ];
    let has = |codes: &str| codes.split_ascii_whitespace().any(|c| c.eq_ignore_ascii_case(code));
    COUNTRIES.iter().find(|(_, codes)| has(codes)).map(|(continent, _)| *continent)
}
