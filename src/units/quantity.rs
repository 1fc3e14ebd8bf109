//! Amounts that are priced (hours, GB, requests) and latencies.

use super::{DecimalError, HOURS_PER_MONTH, format_scaled, parse_scaled};
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};

/// An amount of something that has a price, in millionths of its unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(i64);

impl Quantity {
    /// None of it.
    pub const ZERO: Self = Self(0);
    /// One billing month in hours.
    pub const MONTH_HOURS: Self = Self(HOURS_PER_MONTH * 1_000_000);
    /// The largest amount that can be held; stands for "no upper bound" in tiers.
    pub const MAX: Self = Self(i64::MAX);

    /// From whole units (saturating).
    #[must_use]
    #[inline]
    pub const fn from_units(units: i64) -> Self {
        Self(units.saturating_mul(1_000_000))
    }

    /// From millionths.
    #[must_use]
    #[inline]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Millionths of a unit.
    #[must_use]
    #[inline]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Parses a plain decimal with at most six digits after the point.
    ///
    /// # Errors
    /// See [`parse_scaled`].
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        parse_scaled(text, 6).map(Self)
    }

    /// Nearest representable quantity to a finite float from a configuration file; `None` when it is not finite or
    /// does not fit.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked on the line above the cast")]
    pub fn from_f64(value: f64) -> Option<Self> {
        let scaled = (value * 1e6).round();
        (scaled.is_finite() && scaled.abs() < 9.0e18).then_some(Self(scaled as i64))
    }

    /// Exact decimal, no trailing zeros: the form used in JSON and CSV.
    #[must_use]
    pub fn to_decimal(self) -> String {
        format_scaled(self.0, 6, 0)
    }

    /// This many times a whole count (saturating).
    #[must_use]
    #[inline]
    pub const fn times(self, count: i64) -> Self {
        Self(self.0.saturating_mul(count))
    }

    /// `self * numerator / denominator`, rounded down; zero when the denominator is zero.
    #[must_use]
    #[inline]
    pub fn scale(self, numerator: i64, denominator: i64) -> Self {
        if denominator == 0 {
            return Self::ZERO;
        }
        // Nearly always the product fits into a machine word, whose division is many times faster.
        if let Some(exact) = self.0.checked_mul(numerator).and_then(|exact| exact.checked_div(denominator)) {
            return Self(exact);
        }
        let exact = i128::from(self.0) * i128::from(numerator) / i128::from(denominator);
        Self(i64::try_from(exact).unwrap_or(i64::MAX))
    }

    /// The smaller of two.
    #[must_use]
    #[inline]
    pub fn min(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }

    /// `self - other`, not below zero.
    #[must_use]
    #[inline]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0).max(0))
    }
}

impl Add for Quantity {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Quantity {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Quantity {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_decimal())
    }
}

/// A latency in whole microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Latency(i64);

impl Latency {
    /// No delay.
    pub const ZERO: Self = Self(0);

    /// From microseconds.
    #[must_use]
    #[inline]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds.
    #[must_use]
    #[inline]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Milliseconds with one digit after the point, for people and JSON.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "shown with one digit; latencies are far below 2^52 us")]
    pub fn millis(self) -> f64 {
        (self.0 as f64 / 100.0).round() / 10.0
    }
}

impl Add for Latency {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:.1} ms", self.millis()))
    }
}
