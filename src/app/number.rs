//! Numbers of the file: exact decimals with a range, and usages that are one number or three.

use super::limits;
use crate::units::{DecimalError, HOURS_PER_MONTH, format_scaled, parse_scaled};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// The range and the precision of a number in the file.
pub trait Range: Copy {
    /// Lower end.
    const MIN: i64;
    /// Whether the lower end itself is refused.
    const ABOVE: bool = false;
    /// Upper end, included.
    const MAX: i64;
    /// Digits after the point; 0 makes it a whole number.
    const DIGITS: u32 = 6;
}

macro_rules! range {
    ($(#[$doc:meta])* $name:ident: $min:expr, $max:expr $(, $item:ident = $value:expr)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {}
        impl Range for $name {
            const MIN: i64 = $min;
            const MAX: i64 = $max;
            $(range!(@ $item $value);)*
        }
    };
    (@ digits $value:expr) => { const DIGITS: u32 = $value; };
    (@ above $value:expr) => { const ABOVE: bool = $value; };
}

range!(/** vCPUs. */ Cpus: 0, limits::CPU_MAX);
range!(/** GiB of memory. */ MemoryGib: 0, limits::MEMORY_GIB_MAX);
range!(/** GB of disk. */ DiskGb: 0, limits::DISK_GB_MAX);
range!(/** Replicas. */ Replicas: 1, limits::REPLICAS_MAX, digits = 0);
range!(/** Replicas of a base. */ BaseReplicas: 0, limits::REPLICAS_MAX, digits = 0);
range!(/** Whole percents. */ PercentWhole: 0, 100, digits = 0);
range!(/** Interruptions a month. */ Interruptions: 0, limits::INTERRUPTIONS_MONTH_MAX, digits = 3);
range!(/** Minutes that a machine stands in for another. */ StandInMinutes: 0, limits::STAND_IN_MINUTES_MAX, digits = 3);
range!(/** Hours of a month. */ Hours: 0, HOURS_PER_MONTH, above = true);
range!(/** Operator hours of a month. */ OperatorHours: 0, HOURS_PER_MONTH);
range!(/** GB of traffic a month. */ TrafficGb: 0, limits::TRAFFIC_GB_MAX);
range!(/** Millions of requests a month. */ RequestsMillion: 0, limits::REQUESTS_MILLION_MAX);
range!(/** Accelerators, also parts of one. */ Gpus: 0, limits::GPUS_MAX, digits = 3, above = true);
range!(/** TCP port. */ Port: 1, 65_535, digits = 0);
range!(/** Zones. */ Zones: 1, limits::ZONES_MAX, digits = 0);
range!(/** Milliseconds of own time. */ ServiceMs: 0, limits::LATENCY_MS_MAX, digits = 3);
range!(/** Milliseconds of a bound. */ BoundMs: 0, limits::LATENCY_MS_MAX, digits = 3, above = true);
range!(/** Round trips. */ RoundTrips: 0, limits::ROUND_TRIPS_MAX, digits = 3);
range!(/** Percent of the traffic. */ Percent: 0, 100, digits = 4, above = true);
range!(/** Degrees north. */ Latitude: -90, 90);
range!(/** Degrees east. */ Longitude: -180, 180);
range!(/** Dollars. */ Usd: 0, limits::USD_MAX, digits = 9);
range!(/** Dollars, more than none. */ UsdAboveZero: 0, limits::USD_MAX, digits = 9, above = true);
range!(/** How many of an offer run today. */ TodayCount: 1, limits::TODAY_COUNT_MAX, digits = 0);
range!(/** How many of those are spot. */ SpotCount: 0, limits::TODAY_COUNT_MAX, digits = 0);
range!(/** The version of the format. */ Version: 1, i64::MAX, digits = 0);

/// An exact decimal number in the range of `R`, held as an integer scaled by `10^R::DIGITS`.
///
/// It deserialises from a number, or from its decimal text, which keeps every digit as written.
pub struct Number<R> {
    scaled: i64,
    range: PhantomData<R>,
}

impl<R: Range> Number<R> {
    /// From an integer scaled by `10^R::DIGITS`; the range is not looked at.
    #[must_use]
    pub const fn from_scaled(scaled: i64) -> Self {
        Self { scaled, range: PhantomData }
    }

    /// The value scaled by `10^R::DIGITS`.
    #[must_use]
    pub const fn scaled(self) -> i64 {
        self.scaled
    }

    /// The value scaled by `10^digits`, where `digits` is not below `R::DIGITS`.
    ///
    /// # Panics
    /// Never for numbers in their range: the largest, `USD_MAX` at nine digits, takes 60 bits.
    #[must_use]
    pub fn at_scale(self, digits: u32) -> i64 {
        debug_assert!(digits >= R::DIGITS);
        self.scaled.saturating_mul(10_i64.pow(digits - R::DIGITS))
    }

    /// Plain decimal text.
    #[must_use]
    pub fn to_decimal(self) -> String {
        if R::DIGITS == 0 { self.scaled.to_string() } else { format_scaled(self.scaled, R::DIGITS, 0) }
    }
}

impl<R> Clone for Number<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Number<R> {}

impl<R> PartialEq for Number<R> {
    fn eq(&self, other: &Self) -> bool {
        self.scaled == other.scaled
    }
}

impl<R> Eq for Number<R> {}

impl<R: Range> fmt::Debug for Number<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_decimal())
    }
}

impl<R: Range> Serialize for Number<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.to_decimal();
        match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(whole), _) => serializer.serialize_i64(whole),
            // Shortest text that reads back as the same float: up to 15 digits are written exactly.
            (Err(_), Ok(float)) => serializer.serialize_f64(float),
            (Err(_), Err(error)) => Err(serde::ser::Error::custom(error)),
        }
    }
}

impl<'de, R: Range> Deserialize<'de> for Number<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<R>(PhantomData<R>);

        impl<R: Range> de::Visitor<'_> for Visitor<R> {
            type Value = Number<R>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a number with at most {} digits after the point", R::DIGITS)
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Number<R>, E> {
                let scaled = 10_i64.checked_pow(R::DIGITS).and_then(|unit| value.checked_mul(unit));
                scaled.map(Number::from_scaled).ok_or_else(|| E::custom(DecimalError::OutOfRange))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Number<R>, E> {
                self.visit_str(&value.to_string())
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Number<R>, E> {
                self.visit_str(&value.to_string())
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Number<R>, E> {
                parse_decimal(value, R::DIGITS).map(Number::from_scaled).map_err(E::custom)
            }
        }

        deserializer.deserialize_any(Visitor(PhantomData))
    }
}

impl<R: Range> JsonSchema for Number<R> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        let start = if R::ABOVE { "Above" } else { "From" };
        format!("Number{start}{}To{}Digits{}", R::MIN, R::MAX, R::DIGITS).into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut schema = json_schema!({
            "type": if R::DIGITS == 0 { "integer" } else { "number" },
        });
        if R::MAX < i64::MAX {
            schema.insert("maximum".into(), R::MAX.into());
        }
        schema.insert(if R::ABOVE { "exclusiveMinimum" } else { "minimum" }.into(), R::MIN.into());
        if R::DIGITS > 0 {
            // Editors pass over this keyword; `multipleOf` they would judge with floats, and wrongly.
            schema.insert("x-digits".into(), R::DIGITS.into());
        }
        schema
    }
}

/// A value that moves with load: one number, or a table of three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, bound = "")]
pub enum UsageFile<R: Range> {
    /// The same in every month.
    Flat(Number<R>),
    /// Between a quiet and a busy month.
    Span {
        /// In a quiet month; `typical` when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<Number<R>>,
        /// In the month that the recommendation is optimised for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        typical: Option<Number<R>>,
        /// In the busiest month; `typical` when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<Number<R>>,
    },
}

impl<R: Range> UsageFile<R> {
    /// Whether there is a typical value; without it, the rest means nothing.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !matches!(self, Self::Span { typical: None, .. })
    }
}

impl<R: Range> JsonSchema for UsageFile<R> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Usage{}", Number::<R>::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let number = |generator: &mut SchemaGenerator, text: &str| {
            let mut schema = Number::<R>::json_schema(generator);
            schema.insert("description".into(), text.into());
            schema
        };
        json_schema!({
            "anyOf": [
                Number::<R>::json_schema(generator),
                {
                    "type": "object",
                    "properties": {
                        "min": number(generator, "In a quiet month; default: `typical`."),
                        "typical": number(generator, "In the month that the recommendation is optimised for."),
                        "max": number(generator, "In the busiest month; default: `typical`."),
                    },
                    "required": ["typical"],
                    "additionalProperties": false,
                    "x-form": "{ min = …, typical = …, max = … }",
                },
            ],
        })
    }
}

/// Parses a decimal number as TOML writes it (sign, exponent) into an integer scaled by `10^digits`, exactly.
///
/// # Errors
/// [`DecimalError`] when it is not a finite number, has more digits than that, or does not fit.
pub fn parse_decimal(text: &str, digits: u32) -> Result<i64, DecimalError> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return parse_scaled(text, digits);
    };
    parse_scaled(&without_exponent(mantissa, exponent)?, digits)
}

fn without_exponent(mantissa: &str, exponent: &str) -> Result<String, DecimalError> {
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all: String = [whole, fraction].concat();
    if whole.is_empty() || !all.bytes().all(|b| b.is_ascii_digit()) {
        return Err(DecimalError::Malformed);
    }
    let significant = all.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return Ok("0".to_owned());
    }
    let negative = exponent.starts_with('-');
    let magnitude = exponent.trim_start_matches(['+', '-']);
    if magnitude.is_empty() || !magnitude.bytes().all(|b| b.is_ascii_digit()) {
        return Err(DecimalError::Malformed);
    }
    let too_far = if negative { DecimalError::TooPrecise(0) } else { DecimalError::OutOfRange };
    // No number of the file has more than 30 digits on either side, however it is written.
    let exponent: usize = magnitude.parse().ok().filter(|e| *e <= 400).ok_or(too_far)?;
    let zeros = "0".repeat(exponent);
    let (whole, fraction) = (whole.to_owned(), fraction.to_owned());
    let plain = if negative {
        let padded = zeros + &whole;
        let point = padded.len() - exponent;
        format!("{}.{}{fraction}", &padded[..point], &padded[point..])
    } else {
        let padded = fraction + &zeros;
        format!("{whole}{}.{}", &padded[..exponent], &padded[exponent..])
    };
    let plain = plain.trim_end_matches('0').trim_end_matches('.');
    Ok(if plain.is_empty() { "0".to_owned() } else { format!("{sign}{}", leading(plain)) })
}

/// Leading zeros off, at least one digit before the point.
fn leading(plain: &str) -> String {
    let digits = plain.trim_start_matches('0');
    if digits.is_empty() || digits.starts_with('.') { format!("0{digits}") } else { digits.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimals_are_read_exactly() {
        for (text, digits, scaled) in [
            ("0.1", 6, 100_000),
            ("+0.1", 6, 100_000),
            ("1e3", 6, 1_000_000_000),
            ("1.5e-3", 6, 1_500),
            ("-12.5E+1", 3, -125_000),
            ("2.0", 0, 2),
            ("10e-1", 0, 1),
            ("0e999999", 6, 0),
            ("1000e0", 0, 1000),
            ("0.000000001", 9, 1),
        ] {
            assert_eq!(parse_decimal(text, digits), Ok(scaled), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_held_is_refused() {
        assert_eq!(parse_decimal("0.0000001", 6), Err(DecimalError::TooPrecise(6)));
        assert_eq!(parse_decimal("1.5", 0), Err(DecimalError::TooPrecise(0)));
        assert_eq!(parse_decimal("1e400", 6), Err(DecimalError::OutOfRange));
        assert_eq!(parse_decimal("1e99999999999999999999", 6), Err(DecimalError::OutOfRange));
        assert_eq!(parse_decimal("1e-99999999999999999999", 6), Err(DecimalError::TooPrecise(0)));
        for text in ["inf", "-inf", "nan", "", "e", "1e", "e1", "1e+", "1e1.5"] {
            assert_eq!(parse_decimal(text, 6), Err(DecimalError::Malformed), "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_exponent_only_moves_the_point(value in -1_000_000_000_i64..1_000_000_000, exponent in -9_i32..=6) {
            let text = format!("{}e{exponent}", format_scaled(value, 3, 0));
            let exact = i128::from(value) * 10_i128.pow((exponent + 9 - 3 + 6).try_into().unwrap());
            let read = parse_decimal(&text, 9);
            match i64::try_from(exact / 1_000_000) {
                Ok(scaled) if exact % 1_000_000 == 0 => prop_assert_eq!(read, Ok(scaled)),
                _ => prop_assert!(read.is_err()),
            }
        }

        #[test]
        fn a_written_number_reads_back(scaled in 0_i64..1_000_000_000_000) {
            let number = Number::<TrafficGb>::from_scaled(scaled);
            let json = serde_json::to_string(&number).unwrap();
            prop_assert_eq!(serde_json::from_str::<Number<TrafficGb>>(&json).unwrap(), number);
        }
    }
}
