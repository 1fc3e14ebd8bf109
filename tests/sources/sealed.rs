//! From what a parser emitted through the gate to a sealed book, and the rules that its prices have to keep: written down
//! here once more, without any of the gate's code. Floats compare; the book's own money is integers.

use super::drive::{Gathered, TODAY, source};
use placer::catalog::{PriceBook, TrafficPool, open_sealed, seal};
use placer::collect::fx::{Fx, Rate};
use placer::collect::gate::{BookIndex, Intake, Memory, judge};
use placer::collect::observation::{Fact, ManagedTier, Place, Priced, TransferTarget};
use placer::collect::overlay::{Figure, overlay};
use placer::collect::source::Sink as _;
use placer::units::Purchase;
use std::collections::{BTreeMap, HashMap};

/// Regions that the test pages speak of.
const KEPT: [&str; 29] = [
    "ams",
    "ams3",
    "ap-south-2",
    "ash",
    "au-syd1",
    "ch-gva-2",
    "de-fra1",
    "dfw",
    "eastus",
    "eu-central",
    "eu-central-1",
    "ewr",
    "fr-par",
    "fra",
    "fra1",
    "fsn1",
    "GRA",
    "GRA11",
    "id-cgk",
    "nbg1",
    "nyc1",
    "sao",
    "sea",
    "southindia",
    "us-ashburn-1",
    "us-central1",
    "us-east",
    "us-east-1",
    "us-west-1",
];
/// Machines and tiers of AWS in the test pages.
const AWS_NAMES: [&str; 6] =
    [",m7i.large,", ",i7ie.large,", ",z1d.large,", "cache.m7g.large", "kafka.m5.large", "db.r5.16xlarge"];
/// A provider whose regions are kept as well, so that the book knows on which continent some countries lie.
const NEIGHBOUR: &str = "backblaze";
/// Dollars per euro.
const EURO: f64 = 1.1652;
/// Prices of rows that are not ours: Windows, dedicated, expired, custom machines. They stand nowhere else in the pages.
const FOREIGN: [&str; 10] =
    ["0.2127000000", "0.188", "0.0192", "0.11", "0.5", "9080000", "0.155000", "0.900000", "0.099", "0.3333"];

/// One provider's part of the built-in book, a few regions of it, as a book of its own.
pub struct Base {
    sealed: Vec<u8>,
    /// The same, read.
    pub book: PriceBook,
    rows: Rows,
}

/// Every figure of a book: what it is -> its unit and dollars, or the whole row of a machine type.
type Rows = BTreeMap<String, (String, String)>;

impl Base {
    pub fn of(provider: &str) -> Self {
        let files = open_sealed(PriceBook::embedded_bytes()).expect("whole");
        let kept = |code: &str| KEPT.contains(&code);
        let mut small: Vec<(String, String)> = Vec::new();
        let (mut sources, mut used) = (Vec::new(), Vec::new());
        for (name, text) in files {
            if name == "sources.csv" {
                sources = text.lines().collect();
                continue;
            }
            let mut lines = text.lines();
            let header = lines.next().unwrap_or_default();
            let own = name.split_once('/').is_some_and(|(_, file)| file.starts_with(provider));
            let lines: Vec<&str> = lines
                .enumerate()
                .filter(|(at, line)| {
                    // AWS has thousands of rows at each region: those of the pages, and some others.
                    let offers = name.starts_with("compute/") || name.starts_with("managed/");
                    let thinned = provider == "aws" && offers && at % 16 != 0;
                    if thinned && !AWS_NAMES.iter().any(|known| line.contains(known)) {
                        return false;
                    }
                    let words: Vec<&str> = line.split(',').collect();
                    match name {
                        "providers.csv" => words[0] == provider || words[0] == NEIGHBOUR,
                        "regions.csv" => words[0] == NEIGHBOUR || words[0] == provider && kept(words[1]),
                        "tariffs.csv" | "egress.csv" => words[0] == provider && kept(words[1]),
                        "transfers.csv" => {
                            let to = words[2].strip_prefix("region:").is_none_or(kept);
                            words[0] == provider && kept(words[1]) && to
                        }
                        "latency_model.csv" => true,
                        _ if name.starts_with("shapes/") => own,
                        _ if name.contains('/') => own && kept(words[0]),
                        _ => false,
                    }
                })
                .map(|(_, line)| line)
                .collect();
            if name.contains('/') && lines.is_empty() {
                continue;
            }
            let lines: Vec<String> = lines.iter().map(|line| moved(name, line, &mut used)).collect();
            small.push((name.to_owned(), format!("{header}\n{}\n", lines.join("\n")).replace("\n\n", "\n")));
        }
        let text = |(at, id): (usize, &usize)| format!("{at},{}", sources[id + 1].split_once(',').expect("an id").1);
        let used: Vec<String> = used.iter().enumerate().map(text).collect();
        small.push(("sources.csv".to_owned(), format!("{}\n{}\n", sources[0], used.join("\n"))));
        let named = small.iter().map(|(name, text)| (name.as_str(), text.as_bytes()));
        let sealed = seal(named).expect("a book");
        let book = PriceBook::from_sealed(&sealed).expect("a whole book");
        let rows = rows(&sealed);
        Self { sealed, book, rows }
    }
}

/// A row with its prices a little dearer, so that whatever is accepted later is seen to be, and with its sources' numbers
/// replaced by their places in `used`: a book of a few rows has few sources.
fn moved(name: &str, line: &str, used: &mut Vec<usize>) -> String {
    let mut words: Vec<String> = line.split(',').map(str::to_owned).collect();
    let (sources, prices): (&[usize], &[usize]) = match name.split('/').next().unwrap_or_default() {
        "regions.csv" | "latency_model.csv" => (&[7], &[]),
        "shapes" => (&[8], &[]),
        "tariffs.csv" => (&[8], &[6]),
        "compute" => (&[9], &[2, 3, 4, 5, 6]),
        "managed" => (&[10, 14], &[8, 11, 12]),
        "egress.csv" => (&[7], &[5]),
        "transfers.csv" => (&[5], &[3]),
        _ => (&[], &[]),
    };
    for &column in prices {
        if let Ok(usd) = words[column].parse::<f64>()
            && usd > 0.0
        {
            let dearer = format!("{:.9}", usd * 1.03125);
            dearer.trim_end_matches('0').trim_end_matches('.').clone_into(&mut words[column]);
        }
    }
    for &column in sources {
        if words[column].is_empty() {
            continue;
        }
        let id: usize = words[column].parse().expect("a number");
        let at = used.iter().position(|&known| known == id).unwrap_or_else(|| {
            used.push(id);
            used.len() - 1
        });
        words[column] = at.to_string();
    }
    words.join(",")
}

/// Reads the files themselves, not through the book's reader.
fn rows(sealed: &[u8]) -> Rows {
    let mut rows = Rows::new();
    for (name, text) in open_sealed(sealed).expect("whole") {
        let folder = name.split('/').next().unwrap_or_default();
        for line in text.lines().skip(1) {
            let w: Vec<&str> = line.split(',').collect();
            let mut put = |key: String, unit: &str, usd: &str| {
                if !usd.is_empty() {
                    rows.insert(key, (unit.to_owned(), usd.to_owned()));
                }
            };
            match folder {
                "shapes" => put(format!("shape|{}", w[0]), "", &w[..8].join(",")),
                "compute" => {
                    for purchase in Purchase::ALL {
                        put(format!("{}|{}|{purchase}", w[0], w[1]), "hour", w[2 + purchase as usize]);
                    }
                    put(format!("{}|{}|cap", w[0], w[1]), "month", w[6]);
                }
                "managed" => {
                    let tier = format!("{}|{}|{}|{}|{}", w[0], w[1], w[2], w[3], w[6]);
                    put(format!("managed|{tier}"), w[7], w[8]);
                    put(format!("managed cap|{tier}"), "month", w[11]);
                    put(format!("managed storage|{tier}"), "gb_month", w[12]);
                }
                "tariffs.csv" => put(format!("tariff|{}|{}|{}|{}", w[1], w[2], w[3], w[4]), w[5], w[6]),
                "egress.csv" => put(format!("egress|{}|{}|{}", w[1], w[2], w[4]), "gb", w[5]),
                "transfers.csv" if w[3] != "internet" => put(format!("transfer|{}|{}", w[1], w[2]), "gb", w[3]),
                _ => {}
            }
        }
    }
    rows
}

/// What a publication's unit means: the book's unit, and how many of them the price is for.
fn meaning(unit: &str) -> Option<(&'static str, f64)> {
    Some(match unit {
        "Hrs" | "Hours" | "hours" | "hour" | "h" | "1 Hour" | "1/Hour" => ("hour", 1.0),
        "month" | "1/Month" => ("month", 1.0),
        "GB-Mo" | "GiBy.mo" | "GB and month" | "GB-month" | "1 GB/Month" => ("gb_month", 1.0),
        "GB" | "GiBy" | "1 GB" | "LCU-Hrs" => ("gb", 1.0),
        "TB" => ("gb", 1024.0),
        "Requests" | "count" => ("million_requests", 1e-6),
        "10K" | "10,000 requests" => ("million_requests", 0.01),
        "million" => ("million_requests", 1.0),
        "hours per vCPU" => ("vcpu_hour", 1.0),
        "hours per GB" => ("gib_hour", 1.0),
        "cents per hour" => ("hour", 100.0),
        "cents per month" => ("month", 100.0),
        "cents per GB and month" => ("gb_month", 100.0),
        "cents per GB" => ("gb", 100.0),
        "1e-8 per hour" => ("hour", 1e8),
        "1e-8 per GB and month" => ("gb_month", 1e8),
        _ => return None,
    })
}

/// Dollars per unit between which a figure of this kind lies anywhere on the market.
fn bounds(key: &str, unit: &str) -> Option<(f64, f64)> {
    let kind = key.split('|').next().unwrap_or_default();
    let item = key.split('|').nth(2).unwrap_or_default();
    Some(match (kind, unit) {
        ("managed", "hour") => (0.0005, 2000.0),
        ("managed", "month") => (0.5, 1.5e6),
        ("managed cap", "month") => (0.1, 1.5e6),
        ("managed storage", "gb_month") => (0.0001, 10.0),
        ("egress" | "transfer", "gb") => (0.000_05, 2.0),
        ("tariff", unit) => match (item, unit) {
            ("block_storage" | "backup_storage" | "object_storage", "gb_month") => (0.0001, 10.0),
            ("object_storage_base", "month") => (0.1, 1000.0),
            ("object_writes" | "object_reads" | "serverless_requests", "million_requests") => (0.001, 200.0),
            ("load_balancer" | "nat_gateway" | "kubernetes_control_plane", "hour") => (0.0001, 100.0),
            ("load_balancer" | "nat_gateway" | "kubernetes_control_plane", "month") => (0.05, 70_000.0),
            ("load_balancer_data" | "nat_data", "gb") => (0.000_05, 2.0),
            ("public_ipv4", "hour") => (0.000_05, 0.1),
            ("public_ipv4", "month") => (0.05, 70.0),
            ("serverless_vcpu", "vcpu_hour") => (0.001, 5.0),
            ("serverless_memory", "gib_hour") => (0.0001, 1.0),
            _ => return None,
        },
        (_, "hour") => (0.000_02, 2000.0),
        (_, "month") if key.ends_with("|cap") => (0.1, 1.5e6),
        _ => return None,
    })
}

/// Lays what a run found over the base, through the gate, and checks every figure that is there now and was not before.
/// How many figures were accepted, and how many of them are news.
pub fn check(name: &str, seed: u64, base: &Base, found: &Gathered) -> (usize, usize) {
    let Some((sealed, accepted)) = laid(name, base, found) else { return (0, 0) };
    let told = |key: &str| format!("{name} seed {seed}: {key}");
    PriceBook::from_sealed(&sealed).unwrap_or_else(|error| panic!("{name} seed {seed}: no book: {error}"));
    let (now, stated) = (rows(&sealed), statements(name, found));
    for key in base.rows.keys() {
        // A ladder may have other steps; everything else that was there is there.
        assert!(now.contains_key(key) || key.starts_with("tariff|") || key.starts_with("egress|"), "{}", told(key));
    }
    let changed: Vec<_> = now.iter().filter(|(key, value)| base.rows.get(*key) != Some(value)).collect();
    assert!(changed.is_empty() || accepted > 0, "{name} seed {seed}: {changed:?}");
    for (key, (unit, text)) in &changed {
        assert!(!key.chars().any(|c| c.is_control() || "\u{202e}\u{200b}\"".contains(c)), "{}", told(key));
        if key.starts_with("shape|") {
            machine_type(text, &told(key));
            continue;
        }
        let usd: f64 = text.parse().unwrap_or_else(|_| panic!("{}: {text}", told(key)));
        let origins = origins(key, unit, &stated);
        assert!(
            origins.iter().any(|(value, _)| (value - usd).abs() <= 1e-9 + usd * 1e-9),
            "{}: {usd} {unit} stands nowhere: {origins:?}",
            told(key)
        );
        for (other, _) in &origins {
            assert!((other - usd).abs() <= 1e-9 + usd * 1e-9, "{}: {usd}, and also {other}", told(key));
        }
        if usd == 0.0 {
            let rule = key.starts_with("tariff|") || key.starts_with("egress|") || key.starts_with("transfer|");
            assert!(rule && origins.iter().all(|(_, free)| *free), "{}: free", told(key));
            continue;
        }
        let (low, high) = bounds(key, unit).unwrap_or_else(|| panic!("{}: per {unit}", told(key)));
        assert!((low..=high).contains(&usd), "{}: {usd} per {unit}", told(key));
        outlier(key, unit, usd, base, &now, &told(key));
    }
    (accepted, changed.len())
}

/// The base with the accepted figures of a run, sealed, and how many there are; `None` when the run counts for nothing.
fn laid(name: &str, base: &Base, found: &Gathered) -> Option<(Vec<u8>, usize)> {
    let source = source(name);
    let mut fx = Fx::default();
    fx.add("EUR", Rate { usd: "1.1652".parse().expect("a number"), date: TODAY.to_owned(), source: "test".to_owned() });
    let index = BookIndex::new(&base.book, source.provider());
    let mut intake = Intake::new(source, &fx, TODAY, &index);
    found.observations.iter().for_each(|observation| intake.observe(observation.clone()));
    found.refused.iter().for_each(|(what, raw, reason)| intake.refuse(what, raw, reason));
    let judged = judge(intake, &index, &Memory::default()).ok()?;
    let figures: Vec<Figure> = judged
        .accepted
        .into_iter()
        .map(|candidate| Figure {
            key: candidate.key,
            value: Some(candidate.value),
            quality: candidate.quality,
            source: source.about().to_owned(),
            date: TODAY.to_owned(),
        })
        .collect();
    let sealed = overlay(&base.sealed, &figures, &|_| TrafficPool::PerServer).expect("the base is whole");
    Some((sealed, figures.len()))
}

/// What a run's observations state: dollars, the book's unit, and whether it is stated as free.
type Stated = HashMap<String, Vec<(f64, &'static str, bool)>>;

/// Statements by the key of the figure that they are about; `*` stands for every region, and a managed tier without a
/// name for all of its product.
fn statements(name: &str, found: &Gathered) -> Stated {
    let mut stated = Stated::new();
    for observation in &found.observations {
        let Fact::Price(priced, amount) = &observation.fact else { continue };
        let region = match &observation.place {
            Place::Region(code) => code.as_str(),
            Place::Everywhere => "*",
        };
        assert!(!FOREIGN.contains(&amount.value.as_str()), "{name}: a row that is not ours: {observation:?}");
        let rate = match amount.currency.as_str() {
            "USD" => 1.0,
            "EUR" => EURO,
            _ => continue,
        };
        let (Some((unit, count)), Ok(value)) = (meaning(&amount.unit), amount.value.parse::<f64>()) else { continue };
        stated.entry(key_of(region, priced)).or_default().push((value * rate / count, unit, amount.stated_free));
    }
    stated
}

/// Dollars that a run states for a figure, and whether each is stated as free. Statements for the very place go before
/// statements for everywhere.
fn origins(key: &str, unit: &str, stated: &Stated) -> Vec<(f64, bool)> {
    let region = region_of(key);
    let everywhere = key.replacen(region, "*", 1);
    let unnamed = |key: &str| {
        let words: Vec<&str> = key.split('|').collect();
        let [kind @ "managed storage", region, service, product, _, form] = words[..] else { return String::new() };
        [kind, region, service, product, "", form].join("|")
    };
    let names = [key.to_owned(), unnamed(key), everywhere.clone(), unnamed(&everywhere)];
    let found = names.iter().find_map(|name| stated.get(name));
    let of_unit = found.into_iter().flatten().filter(|(_, its, _)| *its == unit);
    of_unit.map(|(usd, _, free)| (*usd, *free)).collect()
}

fn region_of(key: &str) -> &str {
    let kind = key.split('|').next().unwrap_or_default();
    let rule = matches!(kind, "managed" | "managed cap" | "managed storage" | "tariff" | "egress" | "transfer");
    if rule { key.split('|').nth(1).unwrap_or_default() } else { kind }
}

/// The key of the figure that an observation at a region is about.
fn key_of(region: &str, priced: &Priced) -> String {
    let tier =
        |t: &ManagedTier| format!("{region}|{}|{}|{}|{}", t.kind.as_str(), t.product, t.tier, u8::from(t.multi_zone));
    match priced {
        Priced::Compute { shape, purchase } => format!("{region}|{shape}|{purchase}"),
        Priced::MonthCap { shape } => format!("{region}|{shape}|cap"),
        Priced::Managed { tier: t, .. } => format!("managed|{}", tier(t)),
        Priced::ManagedMonthCap(t) => format!("managed cap|{}", tier(t)),
        Priced::ManagedStorage(t) => format!("managed storage|{}", tier(t)),
        Priced::Tariff { item, product, from } => {
            format!("tariff|{region}|{}|{product}|{}", item.as_str(), from.to_decimal())
        }
        Priced::Egress { to, from, .. } => format!("egress|{region}|{to}|{}", from.to_decimal()),
        Priced::Transfer(TransferTarget::OtherZone) => format!("transfer|{region}|zone"),
        Priced::Transfer(TransferTarget::AnyRegion) => format!("transfer|{region}|any"),
        Priced::Transfer(TransferTarget::Region(to)) => format!("transfer|{region}|region:{to}"),
    }
}

/// A figure far off what was known waits for a second run, so it cannot be in a book after one.
fn outlier(key: &str, unit: &str, usd: f64, base: &Base, now: &Rows, told: &str) {
    let dearest = |rows: &Rows| {
        let stem = key.rsplit_once('|').map_or(key, |(stem, _)| stem);
        let steps = rows.iter().filter(|(other, _)| other.rsplit_once('|').is_some_and(|(other, _)| other == stem));
        steps.filter_map(|(_, (_, usd))| usd.parse::<f64>().ok()).fold(0.0, f64::max)
    };
    let ladder = key.starts_with("tariff|") || key.starts_with("egress|");
    let (before, after) = if ladder {
        (dearest(&base.rows), dearest(now))
    } else {
        (base.rows.get(key).and_then(|(_, usd)| usd.parse().ok()).unwrap_or(0.0), usd)
    };
    if before > 0.0 && after > 0.0 {
        let factor = if key.ends_with("|spot") { 5.0 } else { 2.0 };
        let ratio = (after / before).max(before / after);
        assert!(ratio <= factor + 1e-6, "{told}: {before} before, {after} now");
    }
    let Some((stem, end)) =
        key.rsplit_once('|').filter(|_| !ladder && region_of(key) == key.split('|').next().unwrap_or_default())
    else {
        return;
    };
    let Some(hour) = now.get(&format!("{stem}|on_demand")).and_then(|(_, usd)| usd.parse::<f64>().ok()) else { return };
    if end == "cap" {
        assert!(unit == "month" && (199.9..=800.1).contains(&(usd / hour)), "{told}: a cap of {} hours", usd / hour);
    } else if end != "on_demand" {
        assert!(usd / hour <= 1.21, "{told}: {usd} committed or spot, {hour} on demand");
    }
}

/// `name,arch,vcpu,memory_mib,cpu_kind,gpu,gpu_model,disk_gb`
fn machine_type(row: &str, told: &str) {
    let words: Vec<&str> = row.split(',').collect();
    let number = |at: usize| words[at].parse::<f64>().unwrap_or(-1.0);
    assert!(matches!(words[1], "x86_64" | "arm64"), "{told}: {row}");
    assert!((0.05..=4096.0).contains(&number(2)), "{told}: {row}");
    assert!((128.0..=67_108_864.0).contains(&number(3)), "{told}: {row}");
    assert!((0.0..=256.0).contains(&number(5)), "{told}: {row}");
    assert_eq!(number(5) > 0.0, !words[6].is_empty(), "{told}: {row}");
}
