//! Writes the draft as the files of the book, and the MANIFEST that says what they are.

use super::Error;
use super::draft::Draft;
use crate::catalog::{
    ManagedOffer, Price, PriceBook, RegionId, SourceId, TransferBilling, TransferTo, header, section_rank,
};
use crate::collect::book_file::manifest;
use crate::units::{Money, Quality, format_scaled};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// No file of the book may be larger, so that it can be reviewed and stays under hosting limits.
const FILE_MAX: usize = 3_500_000;

/// Names and contents.
type Files = Vec<(String, String)>;

/// Draft source ids to the ids in the book, which follow text and date: a new source moves no others' text.
struct Ids(BTreeMap<SourceId, usize>);

impl Ids {
    fn of(&self, id: SourceId) -> usize {
        self.0[&id]
    }

    fn price(&self, price: &Price) -> String {
        let quality = quality(price.quality, price.uncertainty_pct);
        format!("{},{quality},{}", money(price.usd), self.of(price.source))
    }
}

fn quality(quality: Quality, pct: u8) -> String {
    match quality {
        Quality::Listed => "l".into(),
        Quality::Derived => "d".into(),
        Quality::Estimated => format!("e{}", pct.max(1)),
    }
}

fn money(money: Money) -> String {
    format_scaled(money.nanos(), 9, 0)
}

fn milli(value: u32) -> String {
    format_scaled(i64::from(value), 3, 0)
}

/// The book's files, in book order.
pub fn files(draft: &mut Draft) -> Files {
    sort(draft);
    let ids = used_sources(draft);
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut put = |name: &str, header: &str, rows: String| {
        files.insert(format!("{name}.csv"), format!("{header}\n{rows}"));
    };
    put("sources", header::SOURCES, sources(draft, &ids));
    put("providers", header::PROVIDERS, providers(draft));
    put("regions", header::REGIONS, regions(draft, &ids));
    put("cities", header::CITIES, cities(draft, &ids));
    put("tariffs", header::TARIFFS, tariffs(draft, &ids));
    put("egress", header::EGRESS, egress(draft, &ids));
    put("transfers", header::TRANSFERS, transfers(draft, &ids));
    put("latency", header::LATENCY, latency(draft, &ids));
    put("latency_model", header::MODEL, models(draft, &ids));
    put("city_rtt", header::CITY_RTT, city_rtt(draft, &ids));
    by_provider(&mut files, "shapes", header::SHAPES, shapes(draft, &ids));
    by_provider(&mut files, "compute", header::COMPUTE, compute(draft, &ids));
    by_provider(&mut files, "managed", header::MANAGED, managed(draft, &ids));
    let mut files: Files = files.into_iter().collect();
    files.sort_by_key(|(name, _)| (section_rank(name), name.clone()));
    files
}

fn sort(draft: &mut Draft) {
    let key = |m: &ManagedOffer| (m.region, m.kind, m.product.clone(), m.tier.clone(), m.multi_zone);
    draft.managed.sort_by_key(key);
    draft.managed.dedup_by_key(|m| key(m));
    // Keep the products of an item in their order of preference, but the steps of a product together.
    let mut rank: BTreeMap<(RegionId, crate::catalog::Item, String), usize> = BTreeMap::new();
    for (at, tariff) in draft.tariffs.iter().enumerate() {
        rank.entry((tariff.region, tariff.item, tariff.product.clone())).or_insert(at);
    }
    draft.tariffs.sort_by_key(|t| (t.region, t.item, rank[&(t.region, t.item, t.product.clone())], t.from));
}

fn used_sources(draft: &Draft) -> Ids {
    let mut used: BTreeSet<SourceId> = BTreeSet::new();
    used.extend(draft.regions.iter().map(|r| r.source));
    used.extend(draft.cities.iter().map(|c| c.source));
    used.extend(draft.shapes.values().map(|s| s.source));
    used.extend(draft.compute.values().map(|o| o.source));
    used.extend(draft.managed.iter().flat_map(|m| [Some(m.price.source), m.storage.map(|p| p.source)]).flatten());
    used.extend(draft.tariffs.iter().map(|t| t.price.source));
    used.extend(draft.ladders.iter().flat_map(|l| &l.tiers).map(|t| t.price.source));
    used.extend(draft.transfers.iter().filter_map(|t| match t.billing {
        TransferBilling::Flat(price) => Some(price.source),
        TransferBilling::AsInternet => None,
    }));
    used.extend(draft.pairs.values().map(|p| p.source));
    used.extend(draft.models.iter().map(|m| m.source));
    used.extend(draft.city_source);
    let mut sorted: Vec<_> = used.into_iter().collect();
    sorted.sort_by_key(|&id| (draft.sources.text(id), draft.sources.as_of(id)));
    Ids(sorted.into_iter().zip(0..).collect())
}

fn sources(draft: &Draft, ids: &Ids) -> String {
    let by_id: BTreeMap<usize, SourceId> = ids.0.iter().map(|(&draft_id, &id)| (id, draft_id)).collect();
    let mut out = String::new();
    for (id, draft_id) in by_id {
        let _ = writeln!(out, "{id},{},{}", draft.sources.as_of(draft_id), draft.sources.text(draft_id));
    }
    out
}

fn providers(draft: &Draft) -> String {
    let names: BTreeSet<_> = draft.regions.iter().map(|r| r.provider.as_str()).collect();
    let mut out = String::new();
    for name in names {
        let pooled = ["akamai", "digitalocean", "upcloud", "vultr"].contains(&name);
        let _ = writeln!(out, "{name},{}", if pooled { "pooled" } else { "per_server" });
    }
    out
}

fn regions(draft: &Draft, ids: &Ids) -> String {
    let mut out = String::new();
    for r in &draft.regions {
        let zones = r.zones.map(|z| z.to_string()).unwrap_or_default();
        let place = format!("{},{},{},{}", r.country, r.continent, r.lat, r.lon);
        let _ = writeln!(out, "{},{},{place},{zones},{},{}", r.provider, r.code, ids.of(r.source), r.city);
    }
    out
}

fn cities(draft: &Draft, ids: &Ids) -> String {
    let mut out = String::new();
    for c in &draft.cities {
        let _ = writeln!(out, "{},{},{},{},{}", c.country, c.lat, c.lon, ids.of(c.source), c.name);
    }
    out
}

/// Rows grouped by provider, each with the key that a large file may be cut before.
type ByProvider = BTreeMap<String, Vec<(RegionId, String)>>;

/// One file per provider, cut between regions when it gets too large.
fn by_provider(files: &mut BTreeMap<String, String>, folder: &str, header: &str, rows: ByProvider) {
    for (provider, rows) in rows {
        let total: usize = rows.iter().map(|(_, row)| row.len() + 1).sum();
        let parts = total.div_ceil(FILE_MAX);
        let size = total.div_ceil(parts.max(1));
        let mut part = 0;
        let mut text = String::new();
        let mut last = None;
        let name = |part: usize| match parts {
            0 | 1 => format!("{folder}/{provider}.csv"),
            _ => format!("{folder}/{provider}-{}.csv", part + 1),
        };
        for (region, row) in rows {
            if text.len() >= size && last != Some(region) {
                files.insert(name(part), format!("{header}\n{text}"));
                text.clear();
                part += 1;
            }
            let _ = writeln!(text, "{row}");
            last = Some(region);
        }
        files.insert(name(part), format!("{header}\n{text}"));
    }
}

fn shapes(draft: &Draft, ids: &Ids) -> ByProvider {
    let mut rows = ByProvider::new();
    for ((provider, name), s) in &draft.shapes {
        let disk = s.disk_gb.map(|gb| gb.to_string()).unwrap_or_default();
        let kind = s.cpu_kind.as_str();
        let (vcpu, gpu) = (milli(s.vcpu_milli), milli(s.gpu_milli));
        let row = format!(
            "{name},{},{vcpu},{},{kind},{gpu},{},{disk},{}",
            s.arch.as_str(),
            s.memory_mib,
            s.gpu_model,
            ids.of(s.source)
        );
        rows.entry(provider.clone()).or_default().push((RegionId(0), row));
    }
    rows
}

fn compute(draft: &Draft, ids: &Ids) -> ByProvider {
    let mut rows = ByProvider::new();
    for ((region, name), o) in &draft.compute {
        let at = draft.at(*region);
        let opt = |usd: &Option<Money>| usd.map(money).unwrap_or_default();
        let prices: Vec<String> = o.usd_hour.iter().map(opt).collect();
        let row = format!(
            "{},{name},{},{},{},{},{}",
            at.code,
            prices.join(","),
            opt(&o.month_cap),
            o.included_gb,
            quality(o.quality, 0),
            ids.of(o.source)
        );
        rows.entry(at.provider.clone()).or_default().push((*region, row));
    }
    rows
}

fn managed(draft: &Draft, ids: &Ids) -> ByProvider {
    let mut rows = ByProvider::new();
    for m in &draft.managed {
        let at = draft.at(m.region);
        let row = format!(
            "{},{},{},{},{},{},{},{},{},{},{},{}",
            at.code,
            m.kind.as_str(),
            m.product.replace(',', ";"),
            m.tier.replace(',', ";"),
            milli(m.vcpu_milli),
            m.memory_mib,
            u8::from(m.multi_zone),
            m.price.unit.as_str(),
            ids.price(&m.price),
            m.month_cap.map(money).unwrap_or_default(),
            m.storage.map_or(",,".to_owned(), |p| ids.price(&p)),
            m.storage_included_gb.to_decimal(),
        );
        rows.entry(at.provider.clone()).or_default().push((m.region, row));
    }
    rows
}

fn tariffs(draft: &Draft, ids: &Ids) -> String {
    let mut out = String::new();
    for t in &draft.tariffs {
        let at = draft.at(t.region);
        let what = format!("{},{},{}", t.item.as_str(), t.product, t.from.to_decimal());
        let unit = t.price.unit.as_str();
        let _ = writeln!(out, "{},{},{what},{unit},{}", at.provider, at.code, ids.price(&t.price));
    }
    out
}

fn egress(draft: &Draft, ids: &Ids) -> String {
    let mut out = String::new();
    for ladder in &draft.ladders {
        let at = draft.at(ladder.region);
        for tier in &ladder.tiers {
            let step = format!("{},{}", ladder.included_gb.to_decimal(), tier.from.to_decimal());
            let _ = writeln!(out, "{},{},{},{step},{}", at.provider, at.code, ladder.to, ids.price(&tier.price));
        }
    }
    out
}

fn transfers(draft: &Draft, ids: &Ids) -> String {
    let mut out = String::new();
    for rule in &draft.transfers {
        let at = draft.at(rule.region);
        let to = match &rule.to {
            TransferTo::OtherZone => "zone".to_owned(),
            TransferTo::AnyRegion => "any".to_owned(),
            TransferTo::Region(to) => format!("region:{}", draft.at(*to).code),
            TransferTo::Continent(word) => format!("continent:{word}"),
        };
        let billing = match rule.billing {
            TransferBilling::Flat(price) => ids.price(&price),
            // Its source is that of the ladder it refers to.
            TransferBilling::AsInternet => format!("internet,d,{}", ids.of(ladder_source(draft, rule.region))),
        };
        let _ = writeln!(out, "{},{},{to},{billing}", at.provider, at.code);
    }
    out
}

fn ladder_source(draft: &Draft, region: RegionId) -> SourceId {
    let ladder = draft.ladders.iter().find(|l| l.region == region);
    ladder.map_or(draft.at(region).source, |l| l.tiers[0].price.source)
}

fn latency(draft: &Draft, ids: &Ids) -> String {
    let mut out = String::new();
    for ((a, b), pair) in &draft.pairs {
        let (a, b) = (draft.at(*a), draft.at(*b));
        let p95 = pair.p95_us.map(|us| us.to_string()).unwrap_or_default();
        let ends = format!("{},{},{},{}", a.provider, a.code, b.provider, b.code);
        let _ = writeln!(out, "{ends},{},{p95},{}", pair.p50_us, ids.of(pair.source));
    }
    out
}

fn models(draft: &Draft, ids: &Ids) -> String {
    let mut out = String::new();
    for m in &draft.models {
        let fit = format!("{:.0},{:.3},{:.3},{:.0}", m.base_us, m.us_per_km, m.p95_factor, m.mae_us);
        let _ = writeln!(out, "{},{},{fit},{},{}", m.continents.0, m.continents.1, m.pairs, ids.of(m.source));
    }
    out
}

fn city_rtt(draft: &Draft, ids: &Ids) -> String {
    let mut out = String::new();
    let Some(source) = draft.city_source else { return out };
    // The cities after the last measured one have no row.
    let measured = draft.city_rtt.keys().map(|&(_, later)| later + 1).max().unwrap_or(0);
    for city in 1..measured {
        let values: Vec<String> =
            (0..city).map(|o| draft.city_rtt.get(&(o, city)).map(u32::to_string).unwrap_or_default()).collect();
        let _ = writeln!(out, "{city},{},{}", ids.of(source), values.join(","));
    }
    out
}

/// Writes the files and the MANIFEST, and removes what an older book left behind.
pub fn write(out: &Path, files: &Files, book: &PriceBook) -> Result<(), Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Write { path, source }
    };
    for folder in ["shapes", "compute", "managed"] {
        let folder = out.join(folder);
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(failed(&folder))?;
        }
        fs::create_dir_all(&folder).map_err(failed(&folder))?;
    }
    for (name, text) in files {
        let path = out.join(name);
        fs::write(&path, text).map_err(failed(&path))?;
    }
    let path = out.join("MANIFEST");
    let named = files.iter().map(|(name, text)| (name.as_str(), text.as_bytes()));
    fs::write(&path, manifest(book, named)).map_err(failed(&path))
}
