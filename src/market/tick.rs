//! What is sold, and what is said of its price.

use crate::units::{Money, Purchase};
use std::fmt;

/// What is sold: an offer of the price book at a place, bought one way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ask {
    /// Provider name.
    pub provider: String,
    /// Region code.
    pub region: String,
    /// A machine type, or a managed tier as [`crate::catalog::ManagedOffer::name`] has it.
    pub offer: String,
    /// How it is bought; managed tiers are on demand.
    pub purchase: Purchase,
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} {} ({})", self.provider, self.region, self.offer, self.purchase)
    }
}

/// An observed price.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tick {
    /// When it was observed, in seconds since 1970.
    pub at: i64,
    /// Of what.
    pub ask: Ask,
    /// Dollars per hour; `None`: no longer offered.
    pub usd_hour: Option<Money>,
}

/// What a feed says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Entry {
    /// A price.
    Tick(Tick),
    /// That all prices of a provider stand as they were told before.
    Heard {
        /// When, in seconds since 1970.
        at: i64,
        /// Who.
        provider: String,
    },
}

impl Entry {
    /// When it was observed, in seconds since 1970.
    #[must_use]
    pub fn at(&self) -> i64 {
        match self {
            Self::Tick(tick) => tick.at,
            Self::Heard { at, .. } => *at,
        }
    }
}

/// A price for people: `$0.0416`, or that there is none.
pub(super) fn told(usd: Option<Money>) -> String {
    usd.map_or_else(|| "not offered".to_owned(), |usd| format!("${} an hour", usd.to_decimal()))
}
