//! The file form of ticks, version 1: JSON lines or CSV. docs/market.md describes both.

use super::{Ask, Entry, Tick};
use crate::units::{Money, Purchase};
use serde::Deserialize;
use serde_json::Value;
use std::fmt;

/// The version of the form.
pub const VERSION: u64 = 1;
/// Most bytes of a file of ticks.
pub const FILE_BYTES_MAX: u64 = 1 << 28;
/// Bytes of a name.
const NAME_BYTES_MAX: usize = 120;
/// Faults that are kept of one file; the rest is only counted.
const KEPT_MAX: usize = 1_000;
/// Faults that are printed.
const PRINTED_MAX: usize = 20;

const CSV_MARK: &str = "# placer ticks ";
const CSV_HEADER: &str = "at,provider,region,offer,purchase,usd_hour";

/// A bad line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong, and what to do.
    pub text: String,
}

/// All bad lines of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The first thousand.
    pub faults: Vec<Fault>,
    /// How many there are.
    pub count: usize,
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in self.faults.iter().take(PRINTED_MAX) {
            writeln!(f, "line {}: {}", fault.line, fault.text)?;
        }
        let rest = self.count.saturating_sub(PRINTED_MAX);
        if rest > 0 {
            writeln!(f, "and {rest} more bad lines")?;
        }
        write!(f, "docs/market.md describes the form of ticks")
    }
}

impl std::error::Error for Faults {}

/// Reads a file of ticks in either form, in the order of its lines.
///
/// # Errors
/// Every bad line with its number, what is wrong and what to do; nothing of such a file is used.
///
/// ```
/// use placer::market::file::{csv, read};
/// let text = "{\"placer_ticks\": 1}\n\
///     {\"at\": \"2026-11-27T12:00:00Z\", \"provider\": \"aws\", \"region\": \"eu-west-1\", \"offer\": \"m7g.large\", \
///     \"purchase\": \"spot\", \"usd_hour\": \"0.031\"}\n";
/// let ticks = read(text.as_bytes()).unwrap();
/// assert_eq!(read(csv(&ticks).as_bytes()).unwrap(), ticks);
/// ```
pub fn read(bytes: &[u8]) -> Result<Vec<Entry>, Faults> {
    let mut reader = Reader::default();
    match std::str::from_utf8(bytes) {
        Ok(text) => reader.text(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let line = memchr::memchr_iter(b'\n', &bytes[..error.valid_up_to()]).count() + 1;
            reader.fault(line, "not UTF-8 text; write the file as UTF-8".to_owned());
        }
    }
    if reader.faults.count == 0 { Ok(reader.entries) } else { Err(reader.faults) }
}

/// Writes ticks as JSON lines.
#[must_use]
pub fn json_lines(entries: &[Entry]) -> String {
    let mut text = format!("{{\"placer_ticks\":{VERSION}}}\n");
    for entry in entries {
        let line = match entry {
            Entry::Tick(tick) => serde_json::json!({
                "at": time(tick.at), "provider": tick.ask.provider, "region": tick.ask.region, "offer": tick.ask.offer,
                "purchase": tick.ask.purchase, "usd_hour": tick.usd_hour.map(Money::to_decimal),
            }),
            Entry::Heard { at, provider } => serde_json::json!({"at": time(*at), "provider": provider}),
        };
        text.push_str(&line.to_string());
        text.push('\n');
    }
    text
}

/// Writes ticks as CSV. Names must not hold a comma or a quote; those of price books do not.
#[must_use]
pub fn csv(entries: &[Entry]) -> String {
    let mut text = format!("{CSV_MARK}{VERSION}\n{CSV_HEADER}\n");
    for entry in entries {
        let line = match entry {
            Entry::Tick(Tick { at, ask, usd_hour }) => {
                let Ask { provider, region, offer, purchase } = ask;
                let usd = usd_hour.map(Money::to_decimal).unwrap_or_default();
                format!("{},{provider},{region},{offer},{purchase},{usd}\n", time(*at))
            }
            Entry::Heard { at, provider } => format!("{},{provider},,,,\n", time(*at)),
        };
        text.push_str(&line);
    }
    text
}

/// A moment as it is written: `2026-11-27T12:00:00Z`, or in seconds where the calendar ends.
fn time(at: i64) -> String {
    jiff::Timestamp::from_second(at).map_or_else(|_| at.to_string(), |at| at.to_string())
}

#[derive(Default)]
struct Reader {
    entries: Vec<Entry>,
    faults: Faults,
}

impl Reader {
    fn fault(&mut self, line: usize, text: String) {
        self.faults.count += 1;
        if self.faults.faults.len() < KEPT_MAX {
            self.faults.faults.push(Fault { line, text });
        }
    }

    fn text(&mut self, text: &str) {
        let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim_end()));
        let Some((_, first)) = lines.next() else {
            return self
                .fault(1, format!("nothing; begin with `{{\"placer_ticks\": {VERSION}}}` or `{CSV_MARK}{VERSION}`"));
        };
        let csv = match version(first) {
            Ok(csv) => csv,
            Err(text) => return self.fault(1, text),
        };
        for (line, text) in lines.filter(|(_, text)| !text.is_empty()) {
            if csv && (text == CSV_HEADER || text.starts_with('#')) {
                continue;
            }
            match if csv { row_of_csv(text) } else { row_of_json(text) }.and_then(Row::entry) {
                Ok(entry) => self.entries.push(entry),
                Err(text) => self.fault(line, text),
            }
        }
    }
}

/// Whether the file is CSV, by its first line.
fn version(first: &str) -> Result<bool, String> {
    let told = |version: &str| format!("of version {version}; this program reads version {VERSION}");
    if let Some(version) = first.strip_prefix(CSV_MARK) {
        return if version.trim() == VERSION.to_string() { Ok(true) } else { Err(told(version.trim())) };
    }
    let head: Option<Value> = serde_json::from_str(first).ok();
    match head.as_ref().and_then(|head| head.get("placer_ticks")) {
        Some(version) if version.as_u64() == Some(VERSION) => Ok(false),
        Some(version) => Err(told(&version.to_string())),
        None => Err(format!(
            "no version; begin with `{{\"placer_ticks\": {VERSION}}}` for JSON lines, or with `{CSV_MARK}{VERSION}` and the \
             line `{CSV_HEADER}` for CSV"
        )),
    }
}

/// A line before its words are understood.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Row {
    at: Value,
    provider: String,
    region: String,
    offer: String,
    purchase: String,
    usd_hour: Value,
}

fn row_of_json(text: &str) -> Result<Row, String> {
    serde_json::from_str(text).map_err(|error| format!("not a tick: {error}; write one JSON object on a line"))
}

fn row_of_csv(text: &str) -> Result<Row, String> {
    let fields: Vec<&str> = text.split(',').collect();
    let &[at, provider, region, offer, purchase, usd] = fields.as_slice() else {
        return Err(format!("{} fields; write `{CSV_HEADER}`, and no quotes", fields.len()));
    };
    Ok(Row {
        at: at.parse::<i64>().map_or_else(|_| Value::from(at), Value::from),
        provider: provider.to_owned(),
        region: region.to_owned(),
        offer: offer.to_owned(),
        purchase: purchase.to_owned(),
        usd_hour: if usd.is_empty() { Value::Null } else { Value::from(usd) },
    })
}

impl Row {
    fn entry(self) -> Result<Entry, String> {
        let at = moment(&self.at)?;
        for (what, name) in [("provider", &self.provider), ("region", &self.region), ("offer", &self.offer)] {
            let bad = |c: char| c == ',' || c == '"' || c.is_control();
            if name.len() > NAME_BYTES_MAX || name.chars().any(bad) {
                return Err(format!("the {what} is no name of a price book: take it from `placer offers`"));
            }
        }
        if self.provider.is_empty() {
            return Err("no provider; a tick names `provider`, `region`, `offer` and `purchase`".to_owned());
        }
        if [&self.region, &self.offer, &self.purchase].iter().all(|word| word.is_empty()) && self.usd_hour.is_null() {
            return Ok(Entry::Heard { at, provider: self.provider });
        }
        if self.region.is_empty() || self.offer.is_empty() {
            return Err(
                "half a tick; name `region` and `offer` both, or neither to say that the feed was heard".to_owned()
            );
        }
        let words = || Purchase::ALL.map(Purchase::as_str).join("`, `");
        let purchase = Purchase::ALL.into_iter().find(|purchase| purchase.as_str() == self.purchase);
        let purchase = purchase.ok_or_else(|| format!("`{}` is no way to buy; one of `{}`", self.purchase, words()))?;
        let usd_hour = price(&self.usd_hour)?;
        let Self { provider, region, offer, .. } = self;
        Ok(Entry::Tick(Tick { at, ask: Ask { provider, region, offer, purchase }, usd_hour }))
    }
}

/// Seconds since 1970: a whole number, or a time like `2026-11-27T12:00:00Z`.
fn moment(at: &Value) -> Result<i64, String> {
    let form = "write seconds since 1970, or a time like `2026-11-27T12:00:00Z`";
    match at {
        Value::Number(number) => number.as_i64().ok_or_else(|| format!("`{number}` is no time; {form}")),
        Value::String(text) => {
            let parsed: Result<jiff::Timestamp, _> = text.parse();
            parsed.map(jiff::Timestamp::as_second).map_err(|_| format!("`{}` is no time; {form}", short(text)))
        }
        Value::Null => Err(format!("no time; {form} as `at`")),
        _ => Err(format!("`at` is no time; {form}")),
    }
}

/// Dollars per hour; nothing: no longer offered.
fn price(usd: &Value) -> Result<Option<Money>, String> {
    let text = match usd {
        Value::Null => return Ok(None),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return Err("`usd_hour` is no price; write dollars like \"0.0416\", or null: no longer offered".to_owned()),
    };
    match Money::parse(&text) {
        Ok(usd) if usd > Money::ZERO => Ok(Some(usd)),
        Ok(_) => Err(format!("a price of {}; a price is above 0, and what is not offered has null", short(&text))),
        Err(error) => Err(format!("`{}` is no price: {error}; write dollars like \"0.0416\"", short(&text))),
    }
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}
