//! Reads a synthetic EC2 offer file of gigabytes as it arrives: memory, and speed against mere tokenizing.
//!
//! `just ec2-stream` writes the file once (`generate PATH BYTES`) and measures it (`measure PATH`): in one process, by
//! turns, `serde_json` reads past everything (`IgnoredAny`) and the collector's reader keeps what the book needs. It fails
//! unless the best of its rounds (by processor time) is at least half as fast and the process never held 200 MB.

#![allow(clippy::print_stdout, reason = "a table for people is what it is for")]

use placer::collect::observation::{Fact, Observation, Priced};
use placer::collect::providers::aws::Found;
use placer::collect::providers::aws::offer_file::{self, BUFFER_BYTES, Outcome};
use placer::collect::source::Sink;
use placer::units::Purchase;
use serde::de::IgnoredAny;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// Rounds of which the fastest counts. Time is that of the processor: other work shares the machine.
const ROUNDS: usize = 3;
/// Memory that the process may hold at most, in kB of 1000 bytes.
const MEMORY_KB_MAX: u64 = 200_000;
/// Least speed as a share of mere tokenizing.
const SPEED_SHARE_MIN: f64 = 0.5;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["generate", path, bytes] => match bytes.parse() {
            Ok(bytes) => generate(Path::new(path), bytes),
            Err(_) => Err(io::Error::other("BYTES is a whole number")),
        },
        ["measure", path] => measure(Path::new(path)),
        _ => {
            println!("usage: generate PATH BYTES | measure PATH; see `just ec2-stream`");
            return ExitCode::SUCCESS;
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}

const SYSTEMS: [&str; 6] = ["Linux", "Windows", "RHEL", "SUSE", "Ubuntu Pro", "Red Hat Enterprise Linux with HA"];
const TENANCIES: [&str; 3] = ["Shared", "Dedicated", "Host"];
const CAPACITIES: [&str; 3] = ["Used", "UnusedCapacityReservation", "AllocatedCapacityReservation"];
const SOFTWARE: [&str; 4] = ["NA", "SQL Std", "SQL Ent", "SQL Web"];
const REGIONS: [(&str, &str, &str); 4] = [
    ("us-east-1", "US East (N. Virginia)", ""),
    ("eu-central-1", "Europe (Frankfurt)", "EUC1-"),
    ("ap-south-2", "Asia Pacific (Hyderabad)", "APS5-"),
    ("sa-east-1", "South America (Sao Paulo)", "SAE1-"),
];
/// Term code, length, class, option, one-time part, hourly part.
const COMMITMENTS: [(&str, &str, &str, &str, bool, bool); 12] = [
    ("4NA7Y494T4", "1yr", "standard", "No Upfront", false, true),
    ("HU7G6KETJZ", "1yr", "standard", "Partial Upfront", true, true),
    ("6QCMYABX3D", "1yr", "standard", "All Upfront", true, true),
    ("7NE97W5U4E", "1yr", "convertible", "No Upfront", false, true),
    ("CUZHX8X6JH", "1yr", "convertible", "Partial Upfront", true, true),
    ("VJWZNREJX2", "1yr", "convertible", "All Upfront", true, true),
    ("BPH4J8HBKS", "3yr", "standard", "No Upfront", false, true),
    ("38NPMPTW36", "3yr", "standard", "Partial Upfront", true, true),
    ("NQ3QZPMQV9", "3yr", "standard", "All Upfront", true, true),
    ("Z2E3P23VKM", "3yr", "convertible", "No Upfront", false, true),
    ("R5XV2EPZQZ", "3yr", "convertible", "Partial Upfront", true, true),
    ("MZU6U2429S", "3yr", "convertible", "All Upfront", true, true),
];

/// What the product of an ordinal is.
struct Row {
    sku: String,
    machine: String,
    system: &'static str,
    tenancy: &'static str,
    capacity: &'static str,
    software: &'static str,
    region: (&'static str, &'static str, &'static str),
}

/// Every machine type in every form that AWS sells, region by region.
fn row(at: u64) -> Row {
    let pick = |list: &[&'static str], divisor: u64| list[usize::try_from(at / divisor).unwrap_or(0) % list.len()];
    let machine = at / (6 * 3 * 3 * 4);
    let family =
        ["m7i", "c7g", "r8in", "i7ie", "t4g", "x2iedn", "c6a", "m6id"][usize::try_from(machine % 8).unwrap_or(0)];
    let region = usize::try_from(machine / 1200).unwrap_or(0) % REGIONS.len();
    Row {
        sku: format!("{:016X}", at.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        machine: format!("{family}.{}xlarge", machine % 1200 + 1),
        system: pick(&SYSTEMS, 1),
        tenancy: pick(&TENANCIES, 6),
        capacity: pick(&CAPACITIES, 18),
        software: pick(&SOFTWARE, 54),
        region: REGIONS[region],
    }
}

impl Row {
    fn ours(&self) -> bool {
        (self.system, self.tenancy, self.capacity, self.software) == ("Linux", "Shared", "Used", "NA")
    }
}

fn write_product(out: &mut impl Write, row: &Row) -> io::Result<()> {
    let Row { sku, machine, system, tenancy, capacity, software, region: (code, place, prefix) } = row;
    let usage = if *capacity == "Used" { "BoxUsage" } else { "UnusedBox" };
    let attributes = [
        ("servicecode", "AmazonEC2"),
        ("location", place),
        ("locationType", "AWS Region"),
        ("instanceType", machine),
        ("currentGeneration", "Yes"),
        ("instanceFamily", "Storage optimized"),
        ("vcpu", "8"),
        ("physicalProcessor", "Intel Xeon Scalable (Emerald Rapids)"),
        ("clockSpeed", "3.2 GHz"),
        ("memory", "1,024 GiB"),
        ("storage", "1 x 1250 NVMe SSD"),
        ("networkPerformance", "Up to 25 Gigabit"),
        ("processorArchitecture", "64-bit"),
        ("tenancy", tenancy),
        ("operatingSystem", system),
        ("licenseModel", "No License required"),
        ("usagetype", &format!("{prefix}{usage}:{machine}")),
        ("operation", "RunInstances"),
        ("availabilityzone", "NA"),
        ("capacitystatus", capacity),
        ("classicnetworkingsupport", "false"),
        ("dedicatedEbsThroughput", "Up to 10 Gbps"),
        ("ecu", "NA"),
        ("enhancedNetworkingSupported", "Yes"),
        ("gpuMemory", "NA"),
        ("intelAvxAvailable", "Yes"),
        ("intelAvx2Available", "Yes"),
        ("intelTurboAvailable", "Yes"),
        ("marketoption", "OnDemand"),
        ("normalizationSizeFactor", "64"),
        ("preInstalledSw", software),
        ("processorFeatures", "Intel AMX; Intel AVX; Intel AVX2; Intel AVX512; Intel Turbo"),
        ("regionCode", code),
        ("servicename", "Amazon Elastic Compute Cloud"),
        ("vpcnetworkingsupport", "true"),
    ];
    write!(
        out,
        "    \"{sku}\" : {{\n      \"sku\" : \"{sku}\",\n      \"productFamily\" : \"Compute Instance\",\n      \"attributes\" : {{\n"
    )?;
    for (at, (key, value)) in attributes.iter().enumerate() {
        let comma = if at + 1 == attributes.len() { "" } else { "," };
        writeln!(out, "        \"{key}\" : \"{value}\"{comma}")?;
    }
    write!(out, "      }}\n    }}")
}

fn write_term(
    out: &mut impl Write,
    row: &Row,
    code: &str,
    attributes: &str,
    parts: &[(&str, &str, &str)],
) -> io::Result<()> {
    let sku = &row.sku;
    write!(
        out,
        "        \"{sku}.{code}\" : {{\n          \"offerTermCode\" : \"{code}\",\n          \"sku\" : \"{sku}\",\n          \"effectiveDate\" : \"2026-09-01T00:00:00Z\",\n          \"priceDimensions\" : {{\n"
    )?;
    for (at, (rate, unit, usd)) in parts.iter().enumerate() {
        let comma = if at + 1 == parts.len() { "" } else { "," };
        writeln!(
            out,
            "            \"{sku}.{code}.{rate}\" : {{\n              \"rateCode\" : \"{sku}.{code}.{rate}\",\n              \"description\" : \"${usd} per {} {} Instance Hour\",\n              \"beginRange\" : \"0\",\n              \"endRange\" : \"Inf\",\n              \"unit\" : \"{unit}\",\n              \"pricePerUnit\" : {{\n                \"USD\" : \"{usd}\"\n              }},\n              \"appliesTo\" : [ ]\n            }}{comma}",
            row.system, row.machine
        )?;
    }
    write!(out, "          }},\n          \"termAttributes\" : {{{attributes}}}\n        }}")
}

/// Writes a file of at least this size.
fn generate(path: &Path, bytes: u64) -> io::Result<()> {
    // Products take about 1.9 kB, on-demand terms 0.85 kB, the dozen commitments of every third 13 kB.
    let rows = bytes / 6_900 + 1;
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    write!(
        out,
        "{{\n  \"formatVersion\" : \"v1.0\",\n  \"disclaimer\" : \"Synthetic: the form of AWS's file, none of its prices.\",\n  \"offerCode\" : \"AmazonEC2\",\n  \"version\" : \"20260921194712\",\n  \"publicationDate\" : \"2026-09-21T19:47:12Z\",\n  \"products\" : {{\n"
    )?;
    for at in 0..rows {
        write_product(&mut out, &row(at))?;
        out.write_all(if at + 1 == rows { b"\n" } else { b",\n" })?;
    }
    write!(out, "  }},\n  \"terms\" : {{\n    \"OnDemand\" : {{\n")?;
    for at in 0..rows {
        let row = row(at);
        writeln!(out, "      \"{}\" : {{", row.sku)?;
        write_term(&mut out, &row, "JRTCKXETXF", " ", &[("6YS6EN2CT7", "Hrs", "0.2956000000")])?;
        write!(out, "\n      }}{}", if at + 1 == rows { "\n" } else { ",\n" })?;
    }
    write!(out, "    }},\n    \"Reserved\" : {{\n")?;
    let mut first = true;
    for row in (0..rows).map(row).filter(|row| row.capacity == "Used") {
        out.write_all(if std::mem::take(&mut first) { b"" } else { b",\n" })?;
        writeln!(out, "      \"{}\" : {{", row.sku)?;
        for (at, (code, lease, class, option, once, hourly)) in COMMITMENTS.iter().enumerate() {
            let attributes = format!(
                "\n            \"LeaseContractLength\" : \"{lease}\",\n            \"OfferingClass\" : \"{class}\",\n            \"PurchaseOption\" : \"{option}\"\n          "
            );
            let parts = [("2TG2D8R56U", "Quantity", "876"), ("6YS6EN2CT7", "Hrs", "0.1862000000")];
            write_term(&mut out, &row, code, &attributes, &parts[usize::from(!once)..=usize::from(*hourly)])?;
            out.write_all(if at + 1 == COMMITMENTS.len() { b"\n" } else { b",\n" })?;
        }
        write!(out, "      }}")?;
    }
    write!(out, "\n    }}\n  }},\n  \"attributesList\" : {{ }}\n}}\n")?;
    out.flush()?;
    let ours = (0..rows).map(row).filter(Row::ours).count();
    let size = fs::metadata(path)?.len();
    println!("{size} bytes, {rows} products, {ours} of them Linux machines on shared hosts");
    if size < bytes { Err(io::Error::other(format!("{size} bytes are fewer than {bytes}"))) } else { Ok(()) }
}

/// Counts what comes out.
#[derive(Default)]
struct Counter {
    on_demand: usize,
    one_year: usize,
    three_years: usize,
    refused: usize,
    skipped: usize,
}

impl Sink for Counter {
    fn observe(&mut self, observation: Observation) {
        if let Fact::Price(Priced::Compute { purchase, .. }, _) = observation.fact {
            match purchase {
                Purchase::OnDemand => self.on_demand += 1,
                Purchase::Reserved1y => self.one_year += 1,
                Purchase::Reserved3y => self.three_years += 1,
                Purchase::Spot => {}
            }
        }
    }
    fn refuse(&mut self, _: &str, _: &str, _: &str) {
        self.refused += 1;
    }
    fn skip(&mut self, _: &'static str) {
        self.skipped += 1;
    }
}

fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// How long this thread has been on a processor.
fn on_cpu() -> io::Result<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = text.split(' ').next().and_then(|first| first.parse().ok());
    nanos.map(Duration::from_nanos).ok_or_else(|| io::Error::other("/proc/thread-self/schedstat does not say"))
}

fn tokenize(path: &Path) -> io::Result<Duration> {
    let start = on_cpu()?;
    let reader = BufReader::with_capacity(BUFFER_BYTES, open(path)?);
    let _: IgnoredAny = serde_json::from_reader(reader)?;
    Ok(on_cpu()?.saturating_sub(start))
}

fn parse(path: &Path) -> io::Result<(Duration, Counter)> {
    let start = on_cpu()?;
    let mut found = Found::default();
    let outcome = offer_file::read(open(path)?, offer_file::Products::new(), &mut found)?;
    if !matches!(outcome, Outcome::Complete(_)) {
        return Err(io::Error::other("the terms come first"));
    }
    let mut counter = Counter::default();
    found.emit(&mut counter);
    Ok((on_cpu()?.saturating_sub(start), counter))
}

/// The most memory that this process ever held, in kB.
fn memory_kb() -> io::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    // The kernel's kB are 1024 bytes.
    kib.map(|kib| kib * 1024 / 1000).ok_or_else(|| io::Error::other("/proc/self/status does not say"))
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
fn measure(path: &Path) -> io::Result<()> {
    let size = fs::metadata(path)?.len();
    let mbs = |time: Duration| size as f64 / 1e6 / time.as_secs_f64();
    let (mut mere, mut ours) = (Duration::MAX, Duration::MAX);
    for round in 1..=ROUNDS {
        let tokenized = tokenize(path)?;
        let (parsed, counter) = parse(path)?;
        let Counter { on_demand, one_year, three_years, refused, skipped } = counter;
        println!(
            "round {round}: serde_json IgnoredAny {:.0} MB/s, offer file {:.0} MB/s; {on_demand} on-demand, {one_year} 1-year, {three_years} 3-year prices, {skipped} skipped, {refused} refused",
            mbs(tokenized),
            mbs(parsed)
        );
        (mere, ours) = (mere.min(tokenized), ours.min(parsed));
        if on_demand == 0 || on_demand != one_year || on_demand != three_years || refused != 0 {
            return Err(io::Error::other("not every machine has its three prices"));
        }
    }
    let (share, memory) = (mere.as_secs_f64() / ours.as_secs_f64(), memory_kb()?);
    println!(
        "{:.2} GB: {share:.2} of the speed of mere tokenizing, {:.1} MB of memory",
        size as f64 / 1e9,
        memory as f64 / 1000.0
    );
    if share < SPEED_SHARE_MIN || memory > MEMORY_KB_MAX {
        return Err(io::Error::other("slower than half of it, or more than 200 MB"));
    }
    Ok(())
}
