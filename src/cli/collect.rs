//! `placer collect`: reads the providers' publications into the store and seals a price book.

use super::args::{CollectArgs, ListFormat};
use super::failure::Failure;
use super::text::Side;
use super::{lists, place};
use crate::collect::fx::{Rate, decimal};
use crate::collect::http::{Limits, Overrides, Progress, credentials};
use crate::collect::providers::ALL;
use crate::collect::source::Source;
use crate::control::collecting::{CollectError, Collected, Done, End, Options, Outcome, collect};
use crate::store::StoreError;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write};
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

/// Runs the command.
pub fn run(args: &CollectArgs, out: &mut dyn Write) -> Result<(), Failure> {
    if args.list {
        return list(args, out);
    }
    let sources = chosen(args)?;
    let folder = store_folder(args.store.as_ref())?;
    let mut overrides = Overrides::from_env(ALL, place::variable).map_err(Failure::Input)?;
    for text in &args.endpoint {
        overrides.parse(text, ALL).map_err(Failure::Input)?;
    }
    add_rate_endpoint(&mut overrides)?;
    let rates = args.rate.iter().map(|text| rate(text)).collect::<Result<Vec<_>, _>>()?;
    let every = args.every.as_deref().map(duration).transpose()?;
    let limits = limits(args)?;
    let bars = Bars::new();
    let options = Options {
        sources: &sources,
        known: ALL,
        overrides: &overrides,
        limits: &limits,
        rates: &rates,
        ask_rates: !args.no_ecb,
        variable: &place::variable,
        now: &place::now,
        progress: &bars,
    };
    loop {
        let collected = collect(&folder, &options).map_err(|error| match error {
            CollectError::Store(StoreError::Busy { .. }) => Failure::input(error),
            other => Failure::Other(other.to_string()),
        });
        bars.clear();
        let told = collected.and_then(|collected| tell(&collected, args, out));
        out.flush()?;
        let Some(every) = every.filter(|_| !args.once) else { return told };
        if let Err(failure @ (Failure::Other(_) | Failure::Input(_))) = told {
            // A round that fails is told; the next one may succeed.
            let _ = failure.report();
        }
        thread::sleep(every);
    }
}

/// The bank's address can be replaced like any source's: `PLACER_ENDPOINT_ECB_RATES`.
fn add_rate_endpoint(overrides: &mut Overrides) -> Result<(), Failure> {
    let ecb = crate::collect::ecb::Ecb::default();
    let Some(origin) = place::variable("PLACER_ENDPOINT_ECB_RATES") else { return Ok(()) };
    overrides.parse(&format!("ecb/rates={origin}"), &[&ecb]).map_err(Failure::Input)
}

fn limits(args: &CollectArgs) -> Result<Limits, Failure> {
    if args.timeout == 0 || args.retries > 100 {
        return Err(Failure::Input("--timeout is at least 1 second, --retries at most 100".into()));
    }
    let silence = Duration::from_secs(args.timeout);
    Ok(Limits {
        silence,
        connect: silence.min(Limits::default().connect),
        attempts: args.retries + 1,
        ..Limits::default()
    })
}

/// The store that was named, or the usual one.
pub fn store_folder(named: Option<&PathBuf>) -> Result<PathBuf, Failure> {
    let missing = || Failure::Input("no folder for the store: give --store, or set PLACER_STORE or HOME".into());
    named.cloned().or_else(place::default_store).ok_or_else(missing)
}

fn chosen(args: &CollectArgs) -> Result<Vec<&'static dyn Source>, Failure> {
    let fits = |source: &dyn Source, word: &str| source.provider() == word || source.name() == word;
    for word in &args.provider {
        if !ALL.iter().any(|source| fits(*source, word)) {
            let mut names: Vec<&str> = ALL.iter().map(|source| source.provider()).collect();
            names.dedup();
            let names = names.join(", ");
            return Err(Failure::Input(format!("no provider or source `{word}`; there are: {names}")));
        }
    }
    let wanted = |source: &&&dyn Source| args.provider.is_empty() || args.provider.iter().any(|w| fits(**source, w));
    Ok(ALL.iter().filter(|source| wanted(source)).copied().collect())
}

/// `EUR=1.1652@2026-11-20`
fn rate(text: &str) -> Result<(String, Rate), Failure> {
    let wrong = || Failure::Input(format!("--rate `{text}` is not in the form EUR=1.1652@2026-11-20"));
    let (currency, rest) = text.split_once('=').ok_or_else(wrong)?;
    let (usd, date) = rest.split_once('@').ok_or_else(wrong)?;
    let usd = decimal(usd).ok().filter(|usd| usd.is_sign_positive() && !usd.is_zero()).ok_or_else(wrong)?;
    let code = currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase());
    if !code || date.parse::<jiff::civil::Date>().is_err() {
        return Err(wrong());
    }
    Ok((currency.to_owned(), Rate { usd, date: date.to_owned(), source: "given".into() }))
}

/// `90s`, `30m`, `1h`, `1d`
fn duration(text: &str) -> Result<Duration, Failure> {
    let wrong = || Failure::Input(format!("--every `{text}` is not a time like 30m, 1h or 1d, at least 60s"));
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let seconds = match &text[number.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let count: u64 = number.parse().map_err(|_| wrong())?;
    let total = count.checked_mul(seconds).filter(|total| (60..=31 * 86_400).contains(total)).ok_or_else(wrong)?;
    Ok(Duration::from_secs(total))
}

#[derive(Serialize)]
struct Row {
    source: &'static str,
    provider: &'static str,
    state: &'static str,
    rows: usize,
    changed: i64,
    waiting: usize,
    refused: usize,
    pages: usize,
    bytes: u64,
    note: String,
}

const HEADING: [&str; 10] =
    ["source", "provider", "state", "rows", "changed", "waiting", "refused", "pages", "bytes", "note"];

fn row(outcome: &Outcome) -> Row {
    let Outcome { source, provider, end } = outcome;
    let (state, done, note) = match end {
        End::Complete(done) => ("complete", *done, String::new()),
        End::NoCredentials(how) => ("no credentials", Done::default(), how.clone()),
        End::Failed(why) => ("failed", Done::default(), why.clone()),
    };
    Row {
        source,
        provider,
        state,
        rows: done.rows,
        changed: done.changed,
        waiting: done.waiting,
        refused: done.refused,
        pages: done.traffic.pages,
        bytes: done.traffic.bytes,
        note,
    }
}

fn texts(row: &Row) -> [String; 10] {
    [
        row.source.to_owned(),
        row.provider.to_owned(),
        row.state.to_owned(),
        row.rows.to_string(),
        row.changed.to_string(),
        row.waiting.to_string(),
        row.refused.to_string(),
        row.pages.to_string(),
        row.bytes.to_string(),
        row.note.clone(),
    ]
}

fn tell(collected: &Collected, args: &CollectArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let rows: Vec<Row> = collected.outcomes.iter().map(row).collect();
    match args.format {
        ListFormat::Csv => lists::csv(&HEADING, rows.iter().map(texts), out)?,
        ListFormat::Json => lists::json(rows.iter(), out)?,
        ListFormat::Table => {
            let names = HEADING.map(str::to_uppercase);
            let side = |at| if (3..9).contains(&at) { Side::Right } else { Side::Left };
            let heading: Vec<(&str, Side)> = names.iter().enumerate().map(|(at, n)| (n.as_str(), side(at))).collect();
            lists::columns(&heading, || rows.iter().map(texts), out)?;
            if let Some(why) = &collected.rates {
                writeln!(out, "\nexchange rates: {why}; kept ones are used while they are not too old")?;
            }
            match &collected.sealed {
                Some(sealed) => {
                    let word = if sealed.new { "sealed" } else { "unchanged" };
                    let (as_of, digest) = (&sealed.book.as_of, &sealed.book.digest);
                    writeln!(out, "\n{word}: price book of {as_of}, sha256 {digest}")?;
                    for (provider, why) in &sealed.left_out {
                        writeln!(out, "left out of it: {provider}: {why}")?;
                    }
                }
                None => writeln!(out, "\nno price book was sealed: nothing was collected yet")?,
            }
        }
    }
    let named = !args.provider.is_empty();
    let bad = collected.outcomes.iter().filter(|outcome| match outcome.end {
        End::Failed(_) => true,
        End::NoCredentials(_) => named,
        End::Complete(_) => false,
    });
    let bad: Vec<&str> = bad.map(|outcome| outcome.source).collect();
    if bad.is_empty() {
        return Ok(());
    }
    out.flush()?;
    Err(Failure::Other(format!("not collected: {}; what was known of them stays", bad.join(", "))))
}

#[derive(Serialize)]
struct Listed {
    source: &'static str,
    provider: &'static str,
    credentials: String,
    endpoints: String,
    about: &'static str,
}

/// What can be collected, and what it takes.
fn list(args: &CollectArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let row = |source: &&dyn Source| {
        let secrets = credentials::find(*source, &place::variable);
        let credentials = match (source.credentials().is_empty(), credentials::missing(*source, &secrets)) {
            (true, _) => "none needed".to_owned(),
            (_, None) => "at hand".to_owned(),
            (_, Some(how)) => how,
        };
        let endpoints: Vec<String> = source.endpoints().iter().map(|e| format!("{}={}", e.name, e.origin)).collect();
        Listed {
            source: source.name(),
            provider: source.provider(),
            credentials,
            endpoints: endpoints.join(" "),
            about: source.about(),
        }
    };
    let rows: Vec<Listed> = ALL.iter().map(row).collect();
    let texts = |row: &Listed| {
        let Listed { source, provider, credentials, endpoints, about } = row;
        [(*source).to_owned(), (*provider).to_owned(), credentials.clone(), endpoints.clone(), (*about).to_owned()]
    };
    let heading = ["source", "provider", "credentials", "endpoints", "about"];
    match args.format {
        ListFormat::Csv => lists::csv(&heading, rows.iter().map(texts), out),
        ListFormat::Json => lists::json(rows.iter(), out),
        ListFormat::Table => {
            let names = heading.map(str::to_uppercase);
            let heading: Vec<(&str, Side)> = names.iter().map(|name| (name.as_str(), Side::Left)).collect();
            lists::columns(&heading, || rows.iter().map(texts), out)
        }
    }
}

/// A bar per source, on a terminal only.
struct Bars {
    all: MultiProgress,
    by_source: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Bars {
    fn new() -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { all: MultiProgress::with_draw_target(target), by_source: Mutex::default() }
    }

    fn bar(&self, source: &str) -> Option<ProgressBar> {
        let mut bars = self.by_source.lock().ok()?;
        let bar = bars.entry(source.to_owned()).or_insert_with(|| {
            let style = ProgressStyle::with_template("{prefix:16} {bar:24} {pos}/{len} pages  {msg}");
            let bar = ProgressBar::new(0).with_prefix(source.to_owned());
            self.all.add(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
        });
        Some(bar.clone())
    }

    fn clear(&self) {
        let _ = self.all.clear();
        if let Ok(mut bars) = self.by_source.lock() {
            bars.clear();
        }
    }
}

impl Progress for Bars {
    fn pages(&self, source: &str, read: usize, waiting: usize, bytes: u64) {
        let Some(bar) = self.bar(source) else { return };
        bar.set_length((read + waiting) as u64);
        bar.set_position(read as u64);
        bar.set_message(format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10));
    }

    fn note(&self, source: &str, text: &str) {
        if let Some(bar) = self.bar(source) {
            bar.set_message(text.to_owned());
        }
    }
}
