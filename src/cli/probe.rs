//! `placer probe`: measures round-trip times from this machine to the regions.

use super::args::{ListFormat, ProbeArgs};
use super::failure::Failure;
use super::text::Side;
use super::{input, lists, nearest};
use crate::catalog::PriceBook;
use crate::catalog::listing::{End, region_name, regions};
use crate::collect::probe::{
    AGAIN_AFTER_SECONDS, Distribution, Endpoint, Limits, Record, Run, Sample, Vantage, endpoints, probe,
};
use serde::Serialize;
use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const CSV: [&str; 11] = [
    "from",
    "provider",
    "region",
    "tcp_count",
    "tcp_p50_ms",
    "tcp_p95_ms",
    "http_count",
    "http_p50_ms",
    "http_p95_ms",
    "fault",
    "host",
];

#[derive(Debug, Serialize)]
struct Row {
    from: String,
    provider: String,
    region: String,
    tcp_count: usize,
    tcp_p50_ms: Option<f64>,
    tcp_p95_ms: Option<f64>,
    http_count: usize,
    http_p50_ms: Option<f64>,
    http_p95_ms: Option<f64>,
    fault: Option<String>,
    host: String,
}

/// Runs the command.
pub fn run(args: &ProbeArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let book = input::book(args.book.price_book.as_deref())?;
    let path = input::probes_file().ok_or_else(|| {
        Failure::Input("there is no home folder to keep the times in; set PLACER_PROBES to a file".into())
    })?;
    let mut record = Record::read(&path).map_err(Failure::input)?;
    let vantage = vantage(&book, args.from.as_deref())?;
    let wanted = wanted(&book, args)?;
    let now = now_unix()?;
    let recent =
        |e: &Endpoint| record.last(&vantage, &e.provider, &e.region).is_some_and(|at| now - at < AGAIN_AFTER_SECONDS);
    let (left_alone, due): (Vec<Endpoint>, Vec<Endpoint>) = wanted.into_iter().partition(|e| !args.again && recent(e));
    let limits = Limits {
        rounds: args.rounds,
        pause: Duration::from_millis(args.pause_ms),
        timeout: Duration::from_secs(args.timeout),
        at_once: usize::from(args.at_once),
    };
    let samples = probe(&due, limits, &|_, _| {});
    let answered = samples.iter().filter(|sample| !sample.tcp_us.is_empty()).count();
    for (endpoint, sample) in due.iter().zip(&samples) {
        record.add(Run {
            unix_seconds: now,
            vantage: vantage.clone(),
            provider: endpoint.provider.clone(),
            region: endpoint.region.clone(),
            sample: sample.clone(),
        });
    }
    if answered > 0 {
        record.write(&path, now).map_err(|error| Failure::Other(error.to_string()))?;
    }
    let unprobed = Sample::default();
    let shown = due.iter().zip(&samples).chain(left_alone.iter().map(|endpoint| (endpoint, &unprobed)));
    let rows: Vec<Row> = shown.map(|(endpoint, sample)| row(&record, &vantage, endpoint, sample)).collect();
    print(args.format, &rows, out)?;
    if args.format == ListFormat::Table {
        let alone = left_alone.len();
        writeln!(out, "\n{answered} of {} regions answered; {alone} left alone, probed within three hours", due.len())?;
        if vantage == Vantage::Here {
            writeln!(out, "Say where this machine is with --from, and these times come before the published ones.")?;
        }
    }
    if !due.is_empty() && answered == 0 && left_alone.is_empty() {
        return Err(Failure::Other("no region answered; is there a way to the internet?".into()));
    }
    Ok(())
}

fn now_unix() -> Result<i64, Failure> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    let seconds = since.and_then(|since| i64::try_from(since.as_secs()).ok());
    seconds.ok_or_else(|| Failure::Other("the clock of this machine is before 1970".into()))
}

fn vantage(book: &PriceBook, from: Option<&str>) -> Result<Vantage, Failure> {
    let Some(from) = from else { return Ok(Vantage::Here) };
    Ok(match End::parse(book, from).map_err(Failure::input)? {
        End::Region(id) => Vantage::Region(book.provider_of(id).name.clone(), book.region(id).code.clone()),
        End::Place(place) => Vantage::Place(End::Place(place.clone()).name(book), place.lat, place.lon),
    })
}

/// The endpoints of the regions that were asked for.
fn wanted(book: &PriceBook, args: &ProbeArgs) -> Result<Vec<Endpoint>, Failure> {
    let all = endpoints(args.endpoints.as_deref()).map_err(Failure::input)?;
    for endpoint in &all {
        if book.find_region(&endpoint.provider, &endpoint.region).is_none() {
            let name = format!("{}:{}", endpoint.provider, endpoint.region);
            let known = regions(book, None, None).map_err(Failure::input)?;
            let known: Vec<String> = known.iter().map(|id| region_name(book, *id)).collect();
            return Err(nearest::unknown("region", &name, known.iter().map(String::as_str)));
        }
    }
    let provider = args.provider.as_deref();
    let mut wanted = Vec::new();
    for region in &args.region {
        wanted.extend(regions(book, provider, Some(region)).map_err(Failure::input)?);
    }
    if args.region.is_empty() {
        wanted = regions(book, provider, None).map_err(Failure::input)?;
    }
    let chosen = |e: &Endpoint| book.find_region(&e.provider, &e.region).is_some_and(|id| wanted.contains(&id));
    let found: Vec<Endpoint> = all.into_iter().filter(chosen).collect();
    if found.is_empty() {
        return Err(Failure::Input("no host is known there; name one in a file for --endpoints".into()));
    }
    Ok(found)
}

fn row(record: &Record, vantage: &Vantage, endpoint: &Endpoint, sample: &Sample) -> Row {
    let (tcp, http) = record.distribution(vantage, &endpoint.provider, &endpoint.region);
    let ms = |us: u32| crate::units::Latency::from_micros(i64::from(us)).millis();
    let count = |d: &Option<Distribution>| d.map_or(0, |d| d.count);
    Row {
        from: vantage.text(),
        provider: endpoint.provider.clone(),
        region: endpoint.region.clone(),
        tcp_count: count(&tcp),
        tcp_p50_ms: tcp.map(|d| ms(d.p50_us)),
        tcp_p95_ms: tcp.map(|d| ms(d.p95_us)),
        http_count: count(&http),
        http_p50_ms: http.map(|d| ms(d.p50_us)),
        http_p95_ms: http.map(|d| ms(d.p95_us)),
        fault: sample.fault.clone(),
        host: endpoint.host.clone(),
    }
}

fn print(format: ListFormat, rows: &[Row], out: &mut dyn Write) -> Result<(), Failure> {
    use Side::{Left, Right};
    match format {
        ListFormat::Csv => lists::csv(&CSV, rows.iter().map(texts), out),
        ListFormat::Json => lists::json(rows.iter(), out),
        ListFormat::Table => {
            let sides = [Left, Left, Left, Right, Right, Right, Right, Right, Right, Left, Left];
            let names = CSV.map(|name| name.to_uppercase().replace('_', " "));
            let heading: Vec<(&str, Side)> = names.iter().map(String::as_str).zip(sides).collect();
            lists::columns(&heading, || rows.iter().map(texts), out)
        }
    }
}

fn texts(row: &Row) -> [String; 11] {
    let ms = |ms: Option<f64>| ms.map(|ms| format!("{ms:.1}")).unwrap_or_default();
    [
        row.from.clone(),
        row.provider.clone(),
        row.region.clone(),
        row.tcp_count.to_string(),
        ms(row.tcp_p50_ms),
        ms(row.tcp_p95_ms),
        row.http_count.to_string(),
        ms(row.http_p50_ms),
        ms(row.http_p95_ms),
        row.fault.clone().unwrap_or_default(),
        row.host.clone(),
    ]
}
