//! Tables that make a round-trip time a few array reads.

use super::{Distance, LatencyBook, Rtt, RttOrigin};
use crate::catalog::{PriceBook, RegionId};
use crate::units::Latency;
use std::collections::HashSet;

/// Mean radius of the earth.
const EARTH_RADIUS_KM: f64 = 6371.0088;
/// Light in fibre, there and back: no route is faster.
const FIBRE_US_PER_KM: f64 = 1000.0 / 102.0;
/// Two zones of one region: providers promise below 2 ms; 0.3 to 3 ms were measured.
const SAME_REGION_US: (u32, u32) = (1000, 2000);
/// Below this distance the distance says nothing.
const METRO_KM: f64 = 100.0;
/// Median of measured pairs of different clouds in one metropolitan area.
const METRO_US: u32 = 2900;
/// A measured region may stand in for one this far away. With the two terms below, stand-ins predicted left-out pairs
/// with a median error of 7%, a factor per continent pair with 11%.
const NEIGHBOUR_KM: f64 = 400.0;
/// What a stand-in adds: the last hop, and the way between the two ends.
const NEIGHBOUR_BASE_US: f64 = 500.0;
/// See [`NEIGHBOUR_BASE_US`].
const NEIGHBOUR_US_PER_KM: f64 = 8.0;
/// The stand-ins have to be nearer than this share of the distance they bridge.
const NEIGHBOUR_SHARE: f64 = 1.0 / 3.0;
/// City stand-ins tried for each end.
const CITIES_MAX: usize = 4;
/// Region stand-ins tried for each end.
const NEIGHBOURS_MAX: usize = 3;

/// A point on the unit sphere.
pub type Vector = [f64; 3];

/// The point of a position in degrees (north, east).
pub fn vector((lat, lon): (f64, f64)) -> Vector {
    let (lat, lon) = (lat.to_radians(), lon.to_radians());
    [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
}

/// Great-circle distance between two points of the unit sphere, in km.
pub fn distance_km(a: Vector, b: Vector) -> f64 {
    let chord = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
    2.0 * EARTH_RADIUS_KM * (chord / 2.0).clamp(0.0, 1.0).asin()
}

/// Great-circle distance between two points given as (degrees north, degrees east), in km.
///
/// ```
/// let (frankfurt, ashburn) = ((50.11, 8.68), (39.04, -77.49));
/// let km = placer::catalog::great_circle_km(frankfurt, ashburn);
/// assert!((6500.0..6700.0).contains(&km));
/// ```
#[must_use]
pub fn great_circle_km(a: (f64, f64), b: (f64, f64)) -> f64 {
    distance_km(vector(a), vector(b))
}

/// A line with numbers instead of continent words.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    base_us: f64,
    us_per_km: f64,
    p95_factor: f64,
}

impl Line {
    fn of(model: &Distance) -> Self {
        Self { base_us: model.base_us, us_per_km: model.us_per_km, p95_factor: model.p95_factor }
    }

    /// The time over a distance.
    pub fn at(&self, km: f64) -> Rtt {
        if km < METRO_KM {
            return self.rtt(METRO_US, RttOrigin::Model);
        }
        self.rtt(whole(self.base_us + self.us_per_km * km, km), RttOrigin::Model)
    }

    /// A median with this line's tail.
    pub fn rtt(&self, p50_us: u32, origin: RttOrigin) -> Rtt {
        rtt(p50_us, whole(f64::from(p50_us) * self.p95_factor, 0.0), origin)
    }
}

pub fn rtt(p50_us: u32, p95_us: u32, origin: RttOrigin) -> Rtt {
    let latency = |us: u32| Latency::from_micros(i64::from(us));
    Rtt { p50: latency(p50_us), p95: latency(p95_us), origin }
}

/// Whole microseconds, not faster than light over `km`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1 us to 10 s")]
fn whole(us: f64, km: f64) -> u32 {
    us.max(km * FIBRE_US_PER_KM).round().clamp(1.0, 1e7) as u32
}

/// Lookup tables over the regions and cities of a book.
#[derive(Clone, Debug)]
pub struct LatencyIndex {
    regions: usize,
    /// Median and 95th percentile of measured pairs, microseconds, 0 when not measured; `regions x regions`.
    pairs: Vec<(u32, u32)>,
    /// Pairs whose times are the user's own probes, lower ordinal first; they stand in `pairs`.
    probed: HashSet<(usize, usize)>,
    vectors: Vec<Vector>,
    continents: Vec<String>,
    /// Continent ordinal by region.
    continent_of: Vec<u8>,
    /// `continents x continents`.
    lines: Vec<Line>,
    /// The line for continents that no region is on.
    pub fallback: Line,
    /// Measured regions near a region, nearest first, with their distances.
    stand_ins: Vec<Vec<(u16, f64)>>,
    /// Measured cities of the book: ordinal and position.
    cities: Vec<(u16, Vector)>,
    /// Measured cities near a region, nearest first, with their distances.
    cities_near: Vec<Vec<(u16, f64)>>,
}

impl LatencyIndex {
    /// Of a book's regions, cities and measurements.
    #[must_use]
    pub fn new(book: &PriceBook) -> Self {
        let regions = book.regions.len();
        let mut continents: Vec<String> = book.regions.iter().map(|r| r.continent.clone()).collect();
        continents.sort_unstable();
        continents.dedup();
        let continent_at = |word: &str| continents.iter().position(|c| c == word).unwrap_or(0);
        let ordinal = |word: &str| u8::try_from(continent_at(word)).unwrap_or(u8::MAX);
        let continent_of = book.regions.iter().map(|r| ordinal(&r.continent)).collect();
        let fallback = book
            .latency
            .fallback
            .as_ref()
            .map_or(Line { base_us: 2000.0, us_per_km: 16.0, p95_factor: 1.25 }, Line::of);
        let mut index = Self {
            regions,
            pairs: vec![(0, 0); regions * regions],
            probed: HashSet::new(),
            vectors: book.regions.iter().map(|r| vector((r.lat, r.lon))).collect(),
            continent_of,
            lines: lines(&book.latency, &continents, fallback),
            continents,
            fallback,
            stand_ins: vec![Vec::new(); regions],
            cities: measured_cities(book),
            cities_near: Vec::new(),
        };
        index.measure(&book.latency);
        index.cities_near = index.vectors.iter().map(|&at| index.near_cities(at, NEIGHBOUR_KM)).collect();
        index
    }

    fn measure(&mut self, book: &LatencyBook) {
        let mut measured = vec![false; self.regions];
        for (&(a, b), &(p50, p95)) in &book.pairs {
            let (a, b) = (usize::from(a.0), usize::from(b.0));
            if a < self.regions && b < self.regions {
                self.pairs[a * self.regions + b] = (p50, p95.unwrap_or(0));
                self.pairs[b * self.regions + a] = (p50, p95.unwrap_or(0));
                measured[a] = true;
                measured[b] = true;
            }
        }
        for (&(a, b), &(p50, p95)) in &book.probed {
            let (a, b) = (usize::from(a.0), usize::from(b.0));
            if a < b && b < self.regions {
                self.pairs[a * self.regions + b] = (p50, p95);
                self.pairs[b * self.regions + a] = (p50, p95);
                self.probed.insert((a, b));
                measured[a] = true;
                measured[b] = true;
            }
        }
        for region in 0..self.regions {
            let distance = |other: usize| distance_km(self.vectors[region], self.vectors[other]);
            let ids = (0_u16..).zip(&measured).filter(|&(other, &yes)| yes && usize::from(other) != region);
            let mut near: Vec<(u16, f64)> = ids.map(|(other, _)| (other, distance(usize::from(other)))).collect();
            near.retain(|&(_, km)| km <= NEIGHBOUR_KM);
            near.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
            near.truncate(NEIGHBOURS_MAX);
            if measured[region] {
                near.insert(0, (u16::try_from(region).unwrap_or(u16::MAX), 0.0));
            }
            self.stand_ins[region] = near;
        }
    }

    /// The line between two continents by word.
    #[must_use]
    pub fn line(&self, a: &str, b: RegionId) -> &Line {
        let other = usize::from(self.continent_of[usize::from(b.0)]);
        let at = self.continents.iter().position(|c| c == a);
        at.map_or(&self.fallback, |at| &self.lines[at * self.continents.len() + other])
    }

    /// Position of a region.
    #[must_use]
    pub fn at(&self, region: RegionId) -> Vector {
        self.vectors[usize::from(region.0)]
    }

    /// The region nearest to a point.
    #[must_use]
    pub fn nearest_region(&self, to: Vector) -> Option<usize> {
        let distance = |at: &usize| distance_km(self.vectors[*at], to);
        (0..self.regions).min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }

    /// Measured cities near a region, nearest first, with their distances.
    #[must_use]
    pub fn cities_near_region(&self, region: RegionId) -> &[(u16, f64)] {
        &self.cities_near[usize::from(region.0)]
    }

    /// Measured cities within a distance of a point, nearest first.
    #[must_use]
    pub fn near_cities(&self, at: Vector, km_max: f64) -> Vec<(u16, f64)> {
        let mut near: Vec<(u16, f64)> = self.cities.iter().map(|&(id, city)| (id, distance_km(city, at))).collect();
        near.retain(|&(_, km)| km <= km_max);
        near.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        near.truncate(CITIES_MAX);
        near
    }

    /// See [`PriceBook::rtt`].
    fn rtt(&self, a: usize, b: usize) -> Rtt {
        if a == b {
            return rtt(SAME_REGION_US.0, SAME_REGION_US.1, RttOrigin::Model);
        }
        let count = self.continents.len();
        let line = &self.lines[usize::from(self.continent_of[a]) * count + usize::from(self.continent_of[b])];
        match self.pairs[a * self.regions + b] {
            (0, _) => {}
            (p50, p95) if self.probed.contains(&(a.min(b), a.max(b))) => return rtt(p50, p95, RttOrigin::Probed),
            (p50, 0) => return line.rtt(p50, RttOrigin::Measured),
            (p50, p95) => return rtt(p50, p95, RttOrigin::Measured),
        }
        let km = distance_km(self.vectors[a], self.vectors[b]);
        if km < METRO_KM {
            return line.at(km);
        }
        self.neighbour(a, b, km).map_or_else(|| line.at(km), |us| line.rtt(whole(us, km), RttOrigin::Neighbour))
    }

    /// The measured pair whose ends are nearest to both, with the way to them.
    fn neighbour(&self, a: usize, b: usize, km: f64) -> Option<f64> {
        let mut best: Option<(f64, u32)> = None;
        for &(near_a, km_a) in &self.stand_ins[a] {
            for &(near_b, km_b) in &self.stand_ins[b] {
                let (p50, _) = self.pairs[usize::from(near_a) * self.regions + usize::from(near_b)];
                let away = km_a + km_b;
                if p50 > 0 && away <= km * NEIGHBOUR_SHARE && best.is_none_or(|(least, _)| away < least) {
                    best = Some((away, p50));
                }
            }
        }
        best.map(|(away, p50)| f64::from(p50) + bridge(away))
    }
}

/// What stand-ins this far away add, in microseconds.
pub fn bridge(away_km: f64) -> f64 {
    if away_km > 0.0 { NEIGHBOUR_BASE_US + NEIGHBOUR_US_PER_KM * away_km } else { 0.0 }
}

/// A median through stand-ins `away_km` from the ends of a way of `km`, when they are near enough.
pub fn bridged(p50_us: u32, away_km: f64, km: f64) -> Option<u32> {
    (away_km <= km * NEIGHBOUR_SHARE).then(|| whole(f64::from(p50_us) + bridge(away_km), km))
}

fn measured_cities(book: &PriceBook) -> Vec<(u16, Vector)> {
    let ids = (0_u16..).zip(&book.cities).filter(|(_, city)| city.measured);
    ids.map(|(id, city)| (id, vector((city.lat, city.lon)))).collect()
}

fn lines(book: &LatencyBook, continents: &[String], fallback: Line) -> Vec<Line> {
    let mut lines = vec![fallback; continents.len() * continents.len()];
    for model in &book.models {
        let at = |word: &str| continents.iter().position(|c| c == word);
        if let (Some(a), Some(b)) = (at(&model.continents.0), at(&model.continents.1)) {
            lines[a * continents.len() + b] = Line::of(model);
            lines[b * continents.len() + a] = Line::of(model);
        }
    }
    lines
}

impl PriceBook {
    /// The lookup tables, made on first use.
    pub(super) fn latency_index(&self) -> &LatencyIndex {
        self.latency.index.get_or_init(|| LatencyIndex::new(self))
    }

    /// The round-trip time between two regions, or, for a region and itself, between two of its zones.
    #[must_use]
    pub fn rtt(&self, a: RegionId, b: RegionId) -> Rtt {
        // In one order, so that ties between stand-ins are broken alike both ways.
        self.latency_index().rtt(usize::from(a.min(b).0), usize::from(a.max(b).0))
    }
}
