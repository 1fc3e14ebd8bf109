//! The numbers of the house: money, quantities, latencies, and the quality marks that every figure carries.
//!
//! Invariant: no float takes part in a sum of money. Everything here is an integer with its unit in its name;
//! overflow is an error or a saturation that the doc comment states, never a wrap.

mod decimal;
mod money;
mod quantity;

pub use decimal::{DecimalError, format_scaled, parse_scaled};
pub use money::Money;
pub use quantity::{Latency, Quantity};

use serde::{Deserialize, Serialize};
use std::fmt;

/// Hours in a billing month, by the convention of AWS, Azure and GCP calculators (365 x 24 / 12).
pub const HOURS_PER_MONTH: i64 = 730;

/// How good a figure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// The number stands in a source for exactly this key.
    Listed,
    /// Repaired, scaled or composed from listed numbers by a stated rule.
    Derived,
    /// Carried over from another region by a price index; has an uncertainty.
    Estimated,
}

impl Quality {
    /// The word used in files and on the screen.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Derived => "derived",
            Self::Estimated => "estimated",
        }
    }

    /// Reads the word back; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "listed" => Some(Self::Listed),
            "derived" => Some(Self::Derived),
            "estimated" => Some(Self::Estimated),
            _ => None,
        }
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How capacity is bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purchase {
    /// Pay per hour, no commitment.
    OnDemand,
    /// Interruptible spare capacity.
    Spot,
    /// One-year commitment, no upfront payment where the provider offers it.
    #[serde(rename = "reserved_1y")]
    Reserved1y,
    /// Three-year commitment.
    #[serde(rename = "reserved_3y")]
    Reserved3y,
}

impl Purchase {
    /// Every option, in the order of the price columns.
    pub const ALL: [Self; 4] = [Self::OnDemand, Self::Spot, Self::Reserved1y, Self::Reserved3y];

    /// The word used in files and on the screen.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OnDemand => "on_demand",
            Self::Spot => "spot",
            Self::Reserved1y => "reserved_1y",
            Self::Reserved3y => "reserved_3y",
        }
    }
}

impl fmt::Display for Purchase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Processor architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub enum Arch {
    /// 64-bit x86.
    #[serde(rename = "x86_64")]
    X86_64,
    /// 64-bit Arm.
    #[serde(rename = "arm64")]
    Arm64,
}

impl Arch {
    /// The word used in files and on the screen.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
