//! Integers of a document: no fractions, no exponents, nothing that does not fit.

use serde::de::{Deserializer, Error, Visitor};
use std::fmt;

/// Reads an integer of at most `most` in size, or `null` where it is allowed.
#[derive(Clone, Copy)]
pub(super) struct Integer {
    pub most: i64,
    /// What `null` stands for.
    pub null: Option<i64>,
}

impl Integer {
    fn check<E: Error>(self, value: i64) -> Result<i64, E> {
        if value.unsigned_abs() > self.most.unsigned_abs() {
            let most = self.most;
            return Err(E::custom(format!("{value} is too large: integers lie within -{most} and {most}")));
        }
        Ok(value)
    }
}

impl<'de> serde::de::DeserializeSeed<'de> for Integer {
    type Value = i64;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<i64, D::Error> {
        from.deserialize_any(self)
    }
}

impl Visitor<'_> for Integer {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(if self.null.is_some() { "an integer or null" } else { "an integer" })
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<i64, E> {
        self.check(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<i64, E> {
        let fits = i64::try_from(value);
        fits.map_or_else(|_| Err(E::custom(format!("{value} does not fit 64 bits"))), |value| self.check(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<i64, E> {
        let whole = value.fract() == 0.0;
        let why =
            if whole { "is written with a point or an exponent, or does not fit 64 bits" } else { "is a fraction" };
        Err(E::custom(format!("{value} {why}; costs are integers: scale them")))
    }

    fn visit_unit<E: Error>(self) -> Result<i64, E> {
        self.null.ok_or_else(|| E::custom("null where an integer is needed"))
    }
}

/// An ordinal or a size.
#[derive(Clone, Copy)]
pub(super) struct Ordinal {
    pub least: usize,
    pub most: usize,
}

impl<'de> serde::de::DeserializeSeed<'de> for Ordinal {
    type Value = usize;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<usize, D::Error> {
        let value = Integer { most: i64::MAX, null: None }.deserialize(from)?;
        let Self { least, most } = self;
        let fits = usize::try_from(value).ok().filter(|value| (least..=most).contains(value));
        fits.ok_or_else(|| D::Error::custom(format!("{value} is out of range: it must be between {least} and {most}")))
    }
}
