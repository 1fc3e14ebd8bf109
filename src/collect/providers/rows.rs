//! What the parsers share: pages as lists of raw rows, exact decimal numbers, and words for accelerators.
//!
//! A page has to have its outer form, or it is refused whole. Its rows are kept as their own text first and read one by
//! one, so that one bad row is refused with what stood there and the others are not lost.

use crate::catalog::Item;
use crate::collect::observation::{Amount, Fact, Observation, Place, Priced};
use crate::collect::source::{ParseError, Sink, shorten};
use crate::units::{Purchase, Quantity};
use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::value::RawValue;
use std::io::Read;
use std::str::FromStr;

/// Reads a page whole. The runner bounds how long it can be.
pub fn bytes(body: &mut dyn Read) -> Result<Vec<u8>, ParseError> {
    let mut bytes = Vec::new();
    body.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads one row; one that cannot be read is refused and gives `None`.
pub fn row<'a, T: Deserialize<'a>>(raw: &'a RawValue, what: &str, sink: &mut dyn Sink) -> Option<T> {
    match serde_json::from_str(raw.get()) {
        Ok(row) => Some(row),
        Err(error) => {
            sink.refuse(what, &shorten(raw.get()), &shorten(&error.to_string()));
            None
        }
    }
}

/// A decimal number as it stood in the page, digit by digit: a JSON number or a string that holds one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Num(pub String);

/// Numbers of more characters than this are not numbers that anybody publishes.
const NUM_CHARS_MAX: usize = 64;

impl Num {
    /// The value, when it fits 28 digits.
    pub fn value(&self) -> Option<Decimal> {
        decimal(&self.0)
    }
}

impl<'de> Deserialize<'de> for Num {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        let text =
            if text.starts_with('"') { serde_json::from_str(text).map_err(D::Error::custom)? } else { text.to_owned() };
        if text.len() <= NUM_CHARS_MAX && decimal(&text).is_some() {
            Ok(Self(text))
        } else {
            Err(D::Error::custom(format_args!("`{}` is not a number", shorten(&text))))
        }
    }
}

/// Decimal text, with or without an exponent, as a number of at most 28 digits.
pub fn decimal(text: &str) -> Option<Decimal> {
    if text.len() > NUM_CHARS_MAX || !text.is_ascii() {
        return None;
    }
    let value =
        if text.contains(['e', 'E']) { Decimal::from_scientific(text).ok()? } else { Decimal::from_str(text).ok()? };
    // Far above every count of bytes; what is computed from it is checked besides.
    (value.abs() < Decimal::from(1_000_000_000_000_000_000_i64)).then_some(value)
}

/// A number as published text without trailing zeros.
pub fn text(value: Decimal) -> String {
    value.normalize().to_string()
}

/// A part of a sum: `rate x quantity`; `None` instead of an overflow.
pub fn times(rate: Decimal, quantity: Decimal) -> Option<Decimal> {
    rate.checked_mul(quantity)
}

/// A quotient; `None` for a zero divisor.
pub fn over(value: Decimal, divisor: Decimal) -> Option<Decimal> {
    value.checked_div(divisor)
}

/// Whole MiB of a number of GiB.
pub fn mib(gib: Decimal) -> Option<u32> {
    u32::try_from(times(gib, Decimal::from(1024))?.round()).ok().filter(|mib| *mib > 0)
}

/// Thousandths of a number of processors.
pub fn milli(count: Decimal) -> Option<u32> {
    u32::try_from(times(count, Decimal::from(1000))?.round()).ok()
}

/// An accelerator's model in the book's words: `NVIDIA_A16` and `NVIDIA A16` are `nvidia-a16`.
pub fn gpu_model(brand: &str, model: &str) -> String {
    let word = |text: &str| text.trim().to_lowercase().replace([' ', '_'], "-");
    let (brand, model) = (word(brand), word(model));
    if brand.is_empty() || model.starts_with(&brand) { model } else { format!("{brand}-{model}") }
}

/// The first ten characters of a time stamp, when they are a day.
pub fn day(stamp: &str) -> Option<String> {
    let day = stamp.get(..10)?;
    let plain = day.bytes().enumerate().all(|(at, b)| if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() });
    plain.then(|| day.to_owned())
}

/// Marks an observation with the day since which it holds.
pub fn since(mut observation: Observation, stamp: Option<&str>) -> Observation {
    observation.effective = stamp.and_then(day);
    observation
}

/// Characters that a query value needs escaped.
pub fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len() + 16);
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push('%');
            for digit in [byte >> 4, byte & 15] {
                escaped.push(char::from(b"0123456789ABCDEF"[usize::from(digit)]));
            }
        }
    }
    escaped
}

/// A count of the provider's own GB as a quantity; `None` below zero or out of range.
pub fn gb(count: Decimal) -> Option<Quantity> {
    let micros = i64::try_from(times(count, Decimal::from(1_000_000))?.round()).ok()?;
    (micros >= 0).then(|| Quantity::from_micros(micros))
}

/// A whole number of MiB, GB or similar above zero.
pub fn whole(count: &Num) -> Option<u32> {
    count.value().and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0)
}

/// What is said of an on-demand machine at a place.
pub struct Machine<'a> {
    /// Where.
    pub place: Place,
    /// The provider's name of it.
    pub shape: &'a str,
    /// Price of an hour.
    pub hour: Option<Amount>,
    /// Most that a month costs.
    pub cap: Option<Amount>,
    /// Internet traffic included in a month.
    pub included: Option<Quantity>,
}

impl Machine<'_> {
    /// Emits it as listed, fact by fact.
    pub fn observe(self, raw: &str, sink: &mut dyn Sink) {
        let shape = || self.shape.to_owned();
        let compute = || Priced::Compute { shape: shape(), purchase: Purchase::OnDemand };
        let facts = [
            self.hour.map(|hour| Fact::Price(compute(), hour)),
            self.cap.map(|cap| Fact::Price(Priced::MonthCap { shape: shape() }, cap)),
            self.included.map(|gb| Fact::IncludedTraffic { shape: shape(), gb }),
        ];
        for fact in facts.into_iter().flatten() {
            sink.observe(Observation::listed(self.place.clone(), fact, shorten(raw)));
        }
    }
}

/// A tariff's first or only step.
pub fn tariff(item: Item, product: &str) -> Priced {
    Priced::Tariff { item, product: product.to_owned(), from: Quantity::ZERO }
}

/// The first or only step of internet egress to everywhere.
pub fn egress() -> Priced {
    Priced::Egress { to: "*".to_owned(), included_gb: Quantity::ZERO, from: Quantity::ZERO }
}
