//! Money as integer nano-dollars.

use super::{DecimalError, Quantity, format_scaled, parse_scaled};
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub};

/// US dollars in integer nano-dollars (10^-9 USD), also used as "dollars per unit" for prices.
///
/// The range is about +-9.2 billion dollars; sums saturate there, and inputs are limited far below it
/// (see `app::limits`), so that saturation cannot hide inside a real bill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount that can be held.
    pub const MAX: Self = Self(i64::MAX);

    /// From nano-dollars.
    #[must_use]
    #[inline]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From whole dollars (saturating).
    #[must_use]
    pub const fn from_dollars(dollars: i64) -> Self {
        Self(dollars.saturating_mul(1_000_000_000))
    }

    /// Nano-dollars.
    #[must_use]
    #[inline]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Parses plain decimal dollars, exactly, at most nine digits after the point.
    ///
    /// # Errors
    /// See [`parse_scaled`].
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        parse_scaled(text, 9).map(Self)
    }

    /// This price times a quantity, rounded half up to the nano-dollar (saturating).
    ///
    /// ```
    /// use placer::units::{Money, Quantity};
    /// let price = Money::parse("0.09").unwrap();
    /// assert_eq!(price.times(Quantity::from_units(20)), Money::parse("1.80").unwrap());
    /// ```
    #[must_use]
    #[inline]
    pub fn times(self, quantity: Quantity) -> Self {
        // Nearly always the product fits into a machine word, whose division is many times faster.
        if let Some(exact) = self.0.checked_mul(quantity.micros()).and_then(|exact| exact.checked_add(500_000)) {
            return Self(exact.div_euclid(1_000_000));
        }
        let exact = i128::from(self.0) * i128::from(quantity.micros());
        let rounded = (exact + 500_000).div_euclid(1_000_000);
        Self(i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX }))
    }

    /// Exact decimal dollars with at least two digits after the point: the form used in JSON and CSV.
    #[must_use]
    pub fn to_decimal(self) -> String {
        format_scaled(self.0, 9, 2)
    }

    /// Rounded half away from zero to cents with thousands separators, for people: `1,234.50`.
    #[must_use]
    pub fn to_cents(self) -> String {
        let cents = (self.0.unsigned_abs() + 5_000_000) / 10_000_000;
        let whole = (cents / 100).to_string();
        let mut grouped = String::new();
        for (i, digit) in whole.chars().enumerate() {
            if i > 0 && (whole.len() - i).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        let sign = if self.0 < 0 && cents > 0 { "-" } else { "" };
        format!("{sign}{grouped}.{:02}", cents % 100)
    }
}

impl Add for Money {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Money {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Money {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Money {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("${}", self.to_cents()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_half_up_to_the_nano() {
        let one_nano = Money::from_nanos(1);
        assert_eq!(one_nano.times(Quantity::from_micros(500_000)), one_nano);
        assert_eq!(one_nano.times(Quantity::from_micros(499_999)), Money::ZERO);
    }

    #[test]
    fn shows_people_cents_with_separators() {
        let shown = |text: &str| Money::parse(text).unwrap().to_cents();
        assert_eq!(shown("1234567.895"), "1,234,567.90");
        assert_eq!(shown("999.994"), "999.99");
        assert_eq!(shown("-0.004"), "0.00");
        assert_eq!(shown("-12.5"), "-12.50");
    }
}
