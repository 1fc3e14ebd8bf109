//! Exchange rates: dated, never guessed.

use crate::units::Money;
use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};
use rust_decimal::{Decimal, RoundingStrategy};
use std::collections::BTreeMap;

/// Rates older than this many days convert nothing.
pub const RATE_DAYS_MAX: i64 = 31;

/// What one unit of a currency costs in US dollars on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// US dollars for one unit.
    pub usd: Decimal,
    /// The day of the rate, `2026-11-20`.
    pub date: String,
    /// Who says so: `ECB`, `given`.
    pub source: String,
}

/// The rates of a run, by ISO 4217 code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fx {
    rates: BTreeMap<String, Rate>,
}

/// Why an amount could not be converted.
pub type FxError = String;

impl Fx {
    /// Adds a rate; of two for a currency the newer one stays.
    pub fn add(&mut self, currency: &str, rate: Rate) {
        let newer = self.rates.get(currency).is_none_or(|known| known.date <= rate.date);
        if newer && rate.usd > Decimal::ZERO {
            self.rates.insert(currency.to_owned(), rate);
        }
    }

    /// Every rate.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Rate)> {
        self.rates.iter().map(|(currency, rate)| (currency.as_str(), rate))
    }

    /// The rate of a currency, usable on a day: `None` for US dollars, which need none.
    ///
    /// # Errors
    /// There is none, or it is too old.
    pub fn rate(&self, currency: &str, today: &str) -> Result<Option<&Rate>, FxError> {
        if currency == "USD" {
            return Ok(None);
        }
        let rate = self.rates.get(currency).ok_or_else(|| format!("there is no rate of {currency} to USD"))?;
        let age = days_between(&rate.date, today).ok_or_else(|| format!("the rate's date {} is no date", rate.date))?;
        if age > RATE_DAYS_MAX {
            return Err(format!("the rate of {currency} is of {}, older than {RATE_DAYS_MAX} days", rate.date));
        }
        Ok(Some(rate))
    }
}

/// Days from one ISO date to another.
#[must_use]
pub fn days_between(from: &str, to: &str) -> Option<i64> {
    let day = |text: &str| text.parse::<jiff::civil::Date>().ok();
    Some(i64::from(day(from)?.until(day(to)?).ok()?.get_days()))
}

/// An amount of published text as a decimal, exactly.
///
/// # Errors
/// It is no decimal number of at most 28 digits.
pub fn decimal(text: &str) -> Result<Decimal, String> {
    const CHARS_MAX: usize = 40;
    let wrong = || format!("`{}` is not a decimal number", crate::collect::source::shorten(text));
    let plain = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E');
    let starts = text.bytes().next().is_some_and(|b| b.is_ascii_digit() || b == b'-');
    if text.len() > CHARS_MAX || !starts || !text.bytes().all(plain) {
        return Err(wrong());
    }
    // Publications pad with zeros beyond what a decimal holds.
    let trimmed = match text.split_once('.') {
        Some((_, fraction)) if fraction.bytes().all(|b| b.is_ascii_digit()) => text.trim_end_matches('0'),
        _ => text,
    };
    let parsed =
        if trimmed.contains(['e', 'E']) { Decimal::from_scientific(trimmed) } else { Decimal::from_str_exact(trimmed) };
    parsed.map_err(|_| wrong())
}

/// Dollars as integer nano-dollars, rounded once, half away from zero.
///
/// # Errors
/// It does not fit.
pub fn to_money(usd: Decimal) -> Result<Money, String> {
    let nanos = usd.checked_mul(Decimal::from(1_000_000_000_i64)).ok_or("the price is too large")?;
    let whole = nanos.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
    i64::try_from(whole).map(Money::from_nanos).map_err(|_| "the price is too large".into())
}

/// Reads the European Central Bank's daily reference rates (`eurofxref-daily.xml`): so many units of each currency for
/// one euro. Gives each in US dollars.
///
/// # Errors
/// The page is not that file, or has no rate for the US dollar.
pub fn parse_ecb(xml: &str) -> Result<Fx, String> {
    let mut reader = Reader::from_str(xml);
    let mut date = String::new();
    let mut per_euro: BTreeMap<String, Decimal> = BTreeMap::new();
    loop {
        let event = reader.read_event().map_err(|error| format!("not the ECB's rates: {error}"))?;
        let (Event::Start(element) | Event::Empty(element)) = &event else {
            if matches!(event, Event::Eof) {
                break;
            }
            continue;
        };
        if element.local_name().as_ref() != "Cube" {
            continue;
        }
        let (mut currency, mut rate) = (None, None);
        for attribute in element.attributes() {
            let attribute = attribute.map_err(|error| format!("not the ECB's rates: {error}"))?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
            match attribute.key.as_ref() {
                "time" => date = value.into_owned(),
                "currency" => currency = Some(value.into_owned()),
                "rate" => rate = Some(decimal(&value)?),
                _ => {}
            }
        }
        if let (Some(currency), Some(rate)) = (currency, rate) {
            per_euro.insert(currency, rate);
        }
    }
    let known_date = date.parse::<jiff::civil::Date>().is_ok();
    let usd = per_euro.get("USD").copied().filter(|rate| *rate > Decimal::ZERO && known_date);
    let usd = usd.ok_or("the page has no dated rate of the US dollar: not the ECB's daily rates")?;
    let mut fx = Fx::default();
    let rate = |usd| Rate { usd, date: date.clone(), source: "ECB".into() };
    fx.add("EUR", rate(usd));
    for (code, units) in per_euro.iter().filter(|(code, units)| *code != "USD" && **units > Decimal::ZERO) {
        let usd = usd.checked_div(*units).ok_or("a rate is out of range")?;
        fx.add(code, rate(usd.round_dp(10)));
    }
    Ok(fx)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAILY: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
<gesmes:subject>Reference rates</gesmes:subject><Cube><Cube time='2026-11-20'>
<Cube currency='USD' rate='1.1652'/><Cube currency='CHF' rate='0.9404'/><Cube currency='INR' rate='0'/></Cube></Cube></gesmes:Envelope>"#;

    #[test]
    fn the_daily_rates_become_dollars() {
        let fx = parse_ecb(DAILY).expect("the form is right");
        let euro = fx.rate("EUR", "2026-11-22").expect("there").expect("not the dollar");
        assert_eq!((euro.usd.to_string().as_str(), euro.date.as_str()), ("1.1652", "2026-11-20"));
        let franc = fx.rate("CHF", "2026-11-22").expect("there").expect("not the dollar");
        assert_eq!(franc.usd.to_string(), "1.2390472140");
        assert_eq!(fx.rate("USD", "2026-11-22"), Ok(None));
        assert!(fx.rate("INR", "2026-11-22").is_err(), "a zero is no rate");
        assert!(fx.rate("EUR", "2026-12-22").is_err(), "too old");
    }

    #[test]
    fn what_is_not_the_rates_is_refused() {
        for bad in ["", "<html><body>Not found</body></html>", "<Cube time='x'><Cube currency='USD' rate='1'/></Cube>"]
        {
            assert!(parse_ecb(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn published_numbers_are_read_exactly_or_not_at_all() {
        let read = |text: &str| decimal(text).and_then(to_money).map(Money::nanos);
        assert_eq!(read("0.1207000000"), Ok(120_700_000));
        assert_eq!(read("0.00880000000000000000000000000000"), Ok(8_800_000));
        assert_eq!(read("5e-05"), Ok(50_000));
        assert_eq!(read("10"), Ok(10_000_000_000));
        assert_eq!(read("0.0000000005"), Ok(1));
        for bad in ["", ".", "NaN", "inf", "1,000", "0x10", "١", "1e400", "--1", "1e", "９", " 1"] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
        assert!(read("1e18").is_err());
    }
}
