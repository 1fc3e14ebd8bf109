//! Round-trip times between regions, and between cities and regions.
//!
//! A time comes from the pair itself when it was measured, else from measured neighbours of its ends, else from the
//! line fitted to all measured pairs of the two continents; the answer says which. All times are between data centres:
//! a user's own access line (5-20 ms on fixed broadband, 30-60 ms on mobile) comes on top.

mod index;
mod place;
#[cfg(test)]
mod tests;

pub use index::{LatencyIndex, great_circle_km};
pub(super) use index::{Vector, vector};
pub use place::{CityError, Place};

use super::RegionId;
use crate::units::Latency;
use std::collections::HashMap;
use std::sync::OnceLock;

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

/// A round-trip time that the user measured from some place to a region.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProbedPlace {
    /// Degrees north of where the probe started.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// Where it went.
    pub region: RegionId,
    /// Median, microseconds.
    pub p50_us: u32,
    /// 95th percentile, microseconds.
    pub p95_us: u32,
}

/// Measured pairs and models.
#[derive(Clone, Debug, Default)]
pub struct LatencyBook {
    /// Measured region pairs: (lower, higher ordinal) -> (p50, p95 when measured), microseconds.
    pub pairs: HashMap<(RegionId, RegionId), (u32, Option<u32>)>,
    /// The user's own probes of region pairs: (lower, higher ordinal) -> (p50, p95), microseconds.
    pub probed: HashMap<(RegionId, RegionId), (u32, u32)>,
    /// The user's own probes from places that are no regions.
    pub probed_places: Vec<ProbedPlace>,
    /// Measured city pairs by ordinal in the book's cities, (lower, higher) -> p50 microseconds.
    pub city_pairs: HashMap<(u16, u16), u32>,
    /// Fitted models.
    pub models: Vec<Distance>,
    /// The model for continent pairs without one of their own.
    pub fallback: Option<Distance>,
    /// Lookup tables, made from the rest on first use; leave empty.
    pub index: OnceLock<LatencyIndex>,
}
