//! Round-trip times between regions, and between cities and regions.

use super::RegionId;
use crate::units::Latency;
use std::collections::HashMap;

/// Where a round-trip time comes from, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RttOrigin {
    /// The user's own probes.
    Probed,
    /// Measured for exactly this pair.
    Measured,
    /// Measured between near neighbours of the two ends.
    Neighbour,
    /// The distance model of the continent pair.
    Model,
}

/// A round-trip time with where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rtt {
    /// Median.
    pub p50: Latency,
    /// 95th percentile.
    pub p95: Latency,
    /// How it is known.
    pub origin: RttOrigin,
}

/// A line fitted to measured pairs of two continents: `rtt = base + per_km x great-circle distance`.
#[derive(Clone, Debug, PartialEq)]
pub struct Distance {
    /// Continent words in alphabetical order.
    pub continents: (String, String),
    /// Microseconds at distance 0.
    pub base_us: f64,
    /// Microseconds per km.
    pub us_per_km: f64,
    /// 95th percentile over median.
    pub p95_factor: f64,
}

/// Measured pairs and models.
#[derive(Clone, Debug, Default)]
pub struct LatencyBook {
    /// Measured region pairs: (lower, higher ordinal) -> (p50, p95 when measured), microseconds.
    pub pairs: HashMap<(RegionId, RegionId), (u32, Option<u32>)>,
    /// Measured city pairs by ordinal in the book's cities, (lower, higher) -> p50 microseconds.
    pub city_pairs: HashMap<(u16, u16), u32>,
    /// Fitted models.
    pub models: Vec<Distance>,
    /// The model for continent pairs without one of their own.
    pub fallback: Option<Distance>,
}

/// Great-circle distance between two points given as (degrees north, degrees east), in km.
#[must_use]
pub fn great_circle_km(a: (f64, f64), b: (f64, f64)) -> f64 {
    const EARTH_RADIUS_KM: f64 = 6371.0088;
    let (lat_a, lat_b) = (a.0.to_radians(), b.0.to_radians());
    let half_lat = ((lat_b - lat_a) / 2.0).sin();
    let half_lon = ((b.1 - a.1).to_radians() / 2.0).sin();
    let h = half_lat * half_lat + lat_a.cos() * lat_b.cos() * half_lon * half_lon;
    2.0 * EARTH_RADIUS_KM * h.clamp(0.0, 1.0).sqrt().asin()
}
