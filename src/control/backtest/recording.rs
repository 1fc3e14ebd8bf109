//! Recorded prices: the CSV forms, and the days they make.
//!
//! A provider's file has the columns `date, region, instance, spot_usd_hour`, and a row only when a price has changed; an
//! empty price says that the pair is no longer offered as spot. `on-demand` has `provider, region, instance,
//! on_demand_usd_hour`. Pure: bytes in, prices out.

use crate::policy::Window;
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
/// Most days from the first recorded one to the last: ten years. More is a slip in a date.
const DAYS_MAX: i64 = 3_660;
/// The dearest machine hour that is believed. In 2026 the dearest machine on sale costs some hundreds.
const USD_HOUR_MAX: Money = Money::from_dollars(10_000);

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
    /// Changes of the spot price: ordinal of the period, and the price from then on; ascending, each period at most once.
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

/// A time in which no price changes: from one recorded day to the next, or a part of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// Its beginning, in seconds since 1970, UTC.
    pub at: i64,
    /// Seconds until the next one; of the last one until its day ends.
    pub seconds: i64,
    /// Whether prices were recorded at its beginning.
    pub told: bool,
}

/// Recorded prices of several providers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recording {
    /// Ascending, each until the next.
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
    /// All bad lines. The good ones are in then; a reader that has failed is of no further use.
    pub fn spot(&mut self, provider: &str, file: &str, bytes: &[u8]) -> Result<(), Faults> {
        read(file, bytes, SPOT_COLUMNS, |[date, region, instance, usd]| {
            let day = day(date)?;
            let usd = if usd.is_empty() { None } else { Some(price(usd)?) };
            match self.spot.entry(pair(provider, region, instance)?).or_default().insert(day, usd) {
                Some(before) if before != usd => Err(TWICE.to_owned()),
                _ => Ok(()),
            }
        })
    }

    /// Takes in on-demand prices of any providers.
    ///
    /// # Errors
    /// As [`Self::spot`].
    pub fn on_demand(&mut self, file: &str, bytes: &[u8]) -> Result<(), Faults> {
        read(file, bytes, ON_DEMAND_COLUMNS, |[provider, region, instance, usd]| {
            let (pair, usd) = (pair(provider, region, instance)?, price(usd)?);
            match self.on_demand.insert(pair, usd) {
                Some(before) if before != usd => Err(TWICE.to_owned()),
                _ => Ok(()),
            }
        })
    }

    /// Puts the files together. Days of all files make the periods; a day without a record belongs to the one before it.
    ///
    /// # Errors
    /// In words: nothing was recorded, or the days are too far apart to be meant.
    pub fn finish(self) -> Result<Recording, String> {
        let mut days: Vec<i64> = self.spot.values().flat_map(|days| days.keys().copied()).collect();
        days.sort_unstable();
        days.dedup();
        let (Some(&first), Some(&last)) = (days.first(), days.last()) else {
            return Err("no spot price was recorded; write rows below the columns' names".to_owned());
        };
        if last - first > DAYS_MAX {
            return Err(format!(
                "prices were recorded from {} to {}, which is more than {DAYS_MAX} days; is one of these dates a slip?",
                date_of(first),
                date_of(last)
            ));
        }
        let mut series: BTreeMap<Pair, Series> = BTreeMap::new();
        for (pair, changes) in self.spot {
            let mut kept: Vec<(usize, Option<Money>)> = Vec::new();
            for (day, usd) in changes {
                if kept.last().map_or(usd.is_some(), |(_, before)| *before != usd) {
                    kept.push((days.partition_point(|&known| known < day), usd));
                }
            }
            series.entry(pair).or_default().spot = kept;
        }
        for (pair, usd) in self.on_demand {
            series.entry(pair).or_default().on_demand = Some(usd);
        }
        series.retain(|_, series| series.on_demand.is_some() || !series.spot.is_empty());
        let seconds = |at: usize| (days.get(at + 1).unwrap_or(&(days[at] + 1)) - days[at]) * DAY_S;
        let period = |(at, &day): (usize, &i64)| Period { at: day * DAY_S, seconds: seconds(at), told: true };
        Ok(Recording { periods: days.iter().enumerate().map(period).collect(), series })
    }
}

impl Recording {
    /// Days of all periods.
    #[must_use]
    pub fn days(&self) -> i64 {
        self.periods.iter().map(|period| period.seconds).sum::<i64>() / DAY_S
    }

    /// The first day and the last, as `2024-01-09`, and the most days that one record stands for.
    #[must_use]
    pub fn span(&self) -> (String, String, i64) {
        let told: Vec<i64> = self.periods.iter().filter(|period| period.told).map(|period| period.at / DAY_S).collect();
        let date = |day: Option<&i64>| day.map_or_else(String::new, |day| date_of(*day));
        let longest = told.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(1);
        (date(told.first()), date(told.last()), longest)
    }

    /// The same prices, with periods that begin also when moves may: a period at whose beginning no window is open is
    /// divided where the first one opens within it. Nothing is decided in the first period, which stays whole.
    #[must_use]
    pub fn divided(mut self, windows: &[Window]) -> Self {
        let mut periods = Vec::with_capacity(2 * self.periods.len());
        // The new ordinal of every period.
        let mut moved = Vec::with_capacity(self.periods.len());
        for period in std::mem::take(&mut self.periods) {
            let shut = windows.iter().map(|window| window.opens_in(period.at)).min().unwrap_or(0);
            moved.push(periods.len());
            if periods.is_empty() || shut == 0 || shut >= period.seconds {
                periods.push(period);
            } else {
                periods.push(Period { seconds: shut, ..period });
                periods.push(Period { at: period.at + shut, seconds: period.seconds - shut, told: false });
            }
        }
        for (at, _) in self.series.values_mut().flat_map(|series| &mut series.spot) {
            *at = moved[*at];
        }
        Self { periods, ..self }
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
    mut row: impl FnMut([&str; 4]) -> Result<(), String>,
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
                [Some(a), Some(b), Some(c), Some(d)] => row([a, b, c, d]),
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
            return Err(format!(
                "no {what}, or one that is no name; every row has one, of at most {NAME_BYTES_MAX} bytes"
            ));
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
        Ok(usd) if usd > USD_HOUR_MAX => Err(format!(
            "a price of {} an hour; the dearest that is believed is ${}, and prices are dollars",
            short(text),
            USD_HOUR_MAX.to_decimal()
        )),
        Ok(usd) if usd > Money::ZERO => Ok(usd),
        Ok(_) => {
            Err(format!("a price of {}; a price is above 0, and what is not offered has an empty one", short(text)))
        }
        Err(error) => Err(format!("`{}` is no price: {error}; write dollars like `0.0416`", short(text))),
    }
}

fn short(text: &str) -> String {
    text.chars().take(40).map(|c| if c.is_control() { '?' } else { c }).collect()
}
