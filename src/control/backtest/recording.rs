//! Recorded prices: the CSV forms, and the days they make.
//!
//! A provider's file has the columns `date, region, instance, spot_usd_hour`, and a row only when a price has changed; an
//! empty price says that the pair is no longer offered as spot. `on-demand` has `provider, region, instance,
//! on_demand_usd_hour`. Pure: bytes in, prices out.

use crate::units::Money;
use std::collections::BTreeMap;
use std::fmt;

/// Faults that are kept of one file; the rest is only counted.
const KEPT_MAX: usize = 20;
const SPOT_COLUMNS: [&str; 4] = ["date", "region", "instance", "spot_usd_hour"];
const ON_DEMAND_COLUMNS: [&str; 4] = ["provider", "region", "instance", "on_demand_usd_hour"];
/// Bytes of a name.
const NAME_BYTES_MAX: usize = 120;
const TWICE: &str = "another price of this was told above; keep one of them";
const DAY_S: i64 = 86_400;
const DAY_HOURS: i64 = 24;

/// What is wrong with a file of prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    /// Name of the file, as the caller gave it.
    pub file: String,
    /// The first bad lines, from 1, with what is wrong and what to do.
    pub lines: Vec<(u64, String)>,
    /// How many there are.
    pub count: usize,
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (line, text) in &self.lines {
            writeln!(f, "{}:{line}: {text}", self.file)?;
        }
        if self.count > self.lines.len() {
            writeln!(f, "and {} more bad lines", self.count - self.lines.len())?;
        }
        write!(f, "docs/backtest.md describes the files of recorded prices")
    }
}

impl std::error::Error for Faults {}

/// What was recorded of one machine type at one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Series {
    /// Dollars per hour on demand, all the time; `None`: not recorded.
    pub on_demand: Option<Money>,
    /// Changes of the spot price: ordinal of the day, and the price from then on; ascending, each day at most once.
    pub spot: Vec<(usize, Option<Money>)>,
}

impl Series {
    /// The spot price in a period; `None`: not offered.
    #[must_use]
    pub fn spot_at(&self, period: usize) -> Option<Money> {
        let after = self.spot.partition_point(|(at, _)| *at <= period);
        after.checked_sub(1).and_then(|at| self.spot[at].1)
    }
}

/// A provider's machine type at a region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    /// Provider name.
    pub provider: String,
    /// Region code.
    pub region: String,
    /// Machine type.
    pub instance: String,
}

/// The time from one recorded day to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// The day.
    pub date: String,
    /// Its beginning, in seconds since 1970, UTC.
    pub at: i64,
    /// Hours until the next recorded day; of the last one 24.
    pub hours: i64,
}

/// Recorded prices of several providers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recording {
    /// Days on which anything was recorded, ascending, each until the next.
    pub periods: Vec<Period>,
    /// What was recorded.
    pub series: BTreeMap<Pair, Series>,
}

/// Files of recorded prices on their way to a [`Recording`].
#[derive(Debug, Default)]
pub struct Reader {
    spot: BTreeMap<Pair, BTreeMap<i64, Option<Money>>>,
    on_demand: BTreeMap<Pair, Money>,
}

impl Reader {
    /// Takes in a provider's spot prices. `file` is the name that faults carry.
    ///
    /// # Errors
    /// All bad lines; then nothing of the file is used.
    pub fn spot(&mut self, provider: &str, file: &str, bytes: &[u8]) -> Result<(), Faults> {
        let mut rows = Vec::new();
        read(file, bytes, SPOT_COLUMNS, |[date, region, instance, usd], line| {
            let day = day(date)?;
            let usd = if usd.is_empty() { None } else { Some(price(usd)?) };
            rows.push((line, pair(provider, region, instance)?, day, usd));
            Ok(())
        })?;
        let mut twice = Faults { file: file.to_owned(), lines: Vec::new(), count: 0 };
        for (line, pair, day, usd) in rows {
            let days = self.spot.entry(pair).or_default();
            if days.insert(day, usd).is_some_and(|before| before != usd) {
                twice.add(line, TWICE.to_owned());
            }
        }
        if twice.count == 0 { Ok(()) } else { Err(twice) }
    }

    /// Takes in on-demand prices of any providers.
    ///
    /// # Errors
    /// As [`Self::spot`].
    pub fn on_demand(&mut self, file: &str, bytes: &[u8]) -> Result<(), Faults> {
        read(file, bytes, ON_DEMAND_COLUMNS, |[provider, region, instance, usd], _| {
            let (pair, usd) = (pair(provider, region, instance)?, price(usd)?);
            match self.on_demand.insert(pair, usd) {
                Some(before) if before != usd => Err(TWICE.to_owned()),
                _ => Ok(()),
            }
        })
    }

    /// Puts the files together, from one date to another, both included (`2024-01-09`); `None`: all of it.
    ///
    /// A price that was told before the first day stands on it.
    #[must_use]
    pub fn finish(self, from: Option<jiff::civil::Date>, to: Option<jiff::civil::Date>) -> Recording {
        let bound = |date: Option<jiff::civil::Date>| date.map(of_date);
        let (from, to) = (bound(from).unwrap_or(i64::MIN), bound(to).unwrap_or(i64::MAX));
        let mut days: Vec<i64> = self.spot.values().flat_map(|days| days.keys().copied()).collect();
        days.retain(|day| (from..=to).contains(day));
        days.sort_unstable();
        days.dedup();
        let mut series: BTreeMap<Pair, Series> = BTreeMap::new();
        for (pair, changes) in self.spot {
            let mut kept: Vec<(usize, Option<Money>)> = Vec::new();
            for (day, usd) in changes {
                let at = days.partition_point(|&known| known < day);
                if at >= days.len() {
                    break;
                }
                kept.retain(|(before, _)| *before < at);
                if kept.last().map_or(usd.is_some(), |(_, before)| *before != usd) {
                    kept.push((at, usd));
                }
            }
            series.entry(pair).or_default().spot = kept;
        }
        for (pair, usd) in self.on_demand {
            series.entry(pair).or_default().on_demand = Some(usd);
        }
        series.retain(|_, series| series.on_demand.is_some() || !series.spot.is_empty());
        let hours = |at: usize| days.get(at + 1).map_or(DAY_HOURS, |next| (next - days[at]) * DAY_HOURS);
        let period = |(at, &day): (usize, &i64)| Period { date: date_of(day), at: day * DAY_S, hours: hours(at) };
        Recording { periods: days.iter().enumerate().map(period).collect(), series }
    }
}

impl Recording {
    /// Hours of all periods.
    #[must_use]
    pub fn hours(&self) -> i64 {
        self.periods.iter().map(|period| period.hours).sum()
    }

    /// The providers, by name.
    #[must_use]
    pub fn providers(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.series.keys().map(|pair| pair.provider.as_str()).collect();
        names.dedup();
        names
    }
}

impl Faults {
    fn add(&mut self, line: u64, text: String) {
        self.count += 1;
        if self.lines.len() < KEPT_MAX {
            self.lines.push((line, text));
        }
    }
}

/// Reads rows of four columns, in any order of the columns.
fn read(
    file: &str,
    bytes: &[u8],
    columns: [&str; 4],
    mut row: impl FnMut([&str; 4], u64) -> Result<(), String>,
) -> Result<(), Faults> {
    let mut faults = Faults { file: file.to_owned(), lines: Vec::new(), count: 0 };
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(bytes);
    let headers = reader.headers().cloned().unwrap_or_default();
    let at = columns.map(|column| headers.iter().position(|header| header == column));
    let [Some(a), Some(b), Some(c), Some(d)] = at else {
        faults.add(1, format!("the columns are not `{}`; write them as the first line", columns.join(", ")));
        return Err(faults);
    };
    let mut record = csv::StringRecord::new();
    loop {
        let read = reader.read_record(&mut record);
        let line = record.position().map_or(0, csv::Position::line);
        let done = match read {
            Ok(false) => break,
            Ok(true) => match [a, b, c, d].map(|at| record.get(at)) {
                [Some(a), Some(b), Some(c), Some(d)] => row([a, b, c, d], line),
                _ => Err(format!("{} fields; write `{}`", record.len(), columns.join(", "))),
            },
            Err(error) => Err(format!("not a row of UTF-8 text: {error}")),
        };
        if let Err(text) = done {
            faults.add(line, text);
        }
    }
    if faults.count == 0 { Ok(()) } else { Err(faults) }
}

fn pair(provider: &str, region: &str, instance: &str) -> Result<Pair, String> {
    for (what, name) in [("provider", provider), ("region", region), ("instance", instance)] {
        if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
            return Err(format!("no {what}; every row names it"));
        }
    }
    let [provider, region, instance] = [provider, region, instance].map(str::to_owned);
    Ok(Pair { provider, region, instance })
}

/// Days since 1970.
fn day(text: &str) -> Result<i64, String> {
    let date: Result<jiff::civil::Date, _> = text.parse();
    date.map(of_date).map_err(|_| format!("`{}` is no date; write it like `2024-01-09`", short(text)))
}

fn of_date(date: jiff::civil::Date) -> i64 {
    let start = date.at(0, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC);
    start.map_or(0, |start| start.timestamp().as_second().div_euclid(DAY_S))
}

fn date_of(day: i64) -> String {
    let utc = |at: jiff::Timestamp| at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
    jiff::Timestamp::from_second(day.saturating_mul(DAY_S)).map(utc).unwrap_or_default()
}

fn price(text: &str) -> Result<Money, String> {
    match Money::parse(text) {
        Ok(usd) if usd > Money::ZERO => Ok(usd),
        Ok(_) => {
            Err(format!("a price of {}; a price is above 0, and what is not offered has an empty one", short(text)))
        }
        Err(error) => Err(format!("`{}` is no price: {error}; write dollars like `0.0416`", short(text))),
    }
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}
