//! Databases, caches and event streams of the Retail Prices API: rows that price a tier, or a part of one.
//!
//! A tier is made of what its name says: which sizes exist and how large they are is in the book already, so a row about
//! a size that the book does not know is passed over. Where the service has a second server in another zone, that form
//! costs twice, as Azure states it ("HA bills a second server at the same compute price plus storage twice").

use super::retail::ItemRow;
use crate::catalog::{Item, ManagedKind, ManagedOffer, PriceBook};
use crate::collect::observation::{Amount, ManagedTier, Priced};
use crate::collect::providers::rows;
use crate::units::Quantity;
use rust_decimal::Decimal;
use std::collections::HashMap;

/// A price that a row states, with the rule by which it was made of the row's figure (empty: it is the row's figure).
pub type Found = (Priced, Amount, &'static str);

/// Two servers or nodes where the row prices one.
const TWO: &str = "a second node in another zone costs the same";
/// A cache that always has a primary and a replica.
const PAIR: &str = "two nodes, each at the listed price";
/// The meter is by the hour, the tier is sold by the month.
const MONTH: &str = "hourly price x 730 x units";

/// What the book knows of Azure's managed tiers, whatever the region.
pub struct Tiers<'a> {
    /// (product, tier) -> an offer of it.
    known: HashMap<(&'a str, String), &'a ManagedOffer>,
    /// Regions with more than one zone.
    zoned: Vec<&'a str>,
}

impl<'a> Tiers<'a> {
    /// Of a book.
    pub fn new(book: &'a PriceBook) -> Self {
        let azure = book.find_provider("azure");
        let mut known = HashMap::new();
        let mut zoned = Vec::new();
        for id in book.region_ids().filter(|id| Some(book.region(*id).provider) == azure) {
            let region = book.region(id);
            if region.zones.is_some_and(|zones| zones > 1) {
                zoned.push(region.code.as_str());
            }
            for offer in book.managed_at(id) {
                known.entry((offer.product.as_str(), offer.tier.to_lowercase())).or_insert(offer);
            }
        }
        Self { known, zoned }
    }

    fn find(&self, product: &str, tier: &str) -> Option<&'a ManagedOffer> {
        self.known.get(&(product, tier.to_lowercase())).copied()
    }

    fn has_zones(&self, region: &str) -> bool {
        self.zoned.contains(&region)
    }
}

/// The prices of managed tiers that a row of a service states; none when it is about something else.
pub fn managed(item: &ItemRow, tiers: &Tiers<'_>) -> Vec<Found> {
    match item.service_name.as_str() {
        "Azure Database for PostgreSQL" => {
            flexible(item, tiers, ManagedKind::Postgres, "Database for PostgreSQL Flexible", "PostgreSQL")
        }
        "Azure Database for MySQL" => flexible(item, tiers, ManagedKind::Mysql, "Database for MySQL Flexible", "MySQL"),
        "Redis Cache" => redis(item, tiers),
        "Event Hubs" => event_hubs(item, tiers),
        _ => Vec::new(),
    }
}

/// A tier of the book at the price of so many of the row's units; in two forms where the second one exists.
fn offer(offer: &ManagedOffer, amount: Amount, multi_zone: bool, rule: &'static str) -> Found {
    let tier = ManagedTier { kind: offer.kind, product: offer.product.clone(), tier: offer.tier.clone(), multi_zone };
    let priced = Priced::Managed {
        tier,
        vcpu_milli: offer.vcpu_milli,
        memory_mib: offer.memory_mib,
        storage_included_gb: offer.storage_included_gb,
    };
    (priced, amount, rule)
}

/// So many times the row's price, by the row's own unit or another.
fn times(item: &ItemRow, count: u32, unit: &str) -> Option<Amount> {
    let sum = rows::times(item.retail_price.value()?, Decimal::from(count))?;
    Some(Amount::usd(rows::text(sum), unit))
}

fn listed(item: &ItemRow) -> Amount {
    Amount::usd(&item.retail_price.0, &item.unit_of_measure)
}

/// Flexible servers: `Azure Database for PostgreSQL Flexible Server General Purpose Ddsv5 Series Compute`, SKU `4 vCore`,
/// meter `vCore`; burstable ones are named by their size. Storage is one meter for all of them.
fn flexible(item: &ItemRow, tiers: &Tiers<'_>, kind: ManagedKind, product: &'static str, engine: &str) -> Vec<Found> {
    let words = item.product_name.replace("Flex Server", "Flexible Server");
    let rest =
        [format!("Azure Database for {engine} Flexible Server "), format!("Az DB for {engine} Flexible Server ")];
    let Some(rest) = rest.iter().find_map(|start| words.strip_prefix(start.as_str())) else { return Vec::new() };
    if rest == "Storage" && item.meter_name == "Storage Data Stored" {
        let storage = |multi_zone| {
            let (product, tier) = (product.to_owned(), String::new());
            Priced::ManagedStorage(ManagedTier { kind, product, tier, multi_zone })
        };
        let twice = times(item, 2, &item.unit_of_measure).filter(|_| tiers.has_zones(&item.arm_region_name));
        let one = (storage(false), listed(item), "");
        return std::iter::once(one).chain(twice.map(|amount| (storage(true), amount, TWO))).collect();
    }
    let burstable = rest.starts_with("Burstable");
    let tier = if burstable { Some(item.sku_name.clone()) } else { series_tier(rest, item) };
    let Some(known) = tier.and_then(|tier| tiers.find(product, &tier)) else { return Vec::new() };
    // Burstable servers cannot have a standby.
    let twice = times(item, 2, &item.unit_of_measure).filter(|_| !burstable && tiers.has_zones(&item.arm_region_name));
    let one = offer(known, listed(item), false, "");
    std::iter::once(one).chain(twice.map(|amount| offer(known, amount, true, TWO))).collect()
}

/// `General Purpose - Ddsv5 Series Compute` and SKU `4 vCore`: `D4ds_v5`. The SKU's price is that of the whole size.
fn series_tier(rest: &str, item: &ItemRow) -> Option<String> {
    let tiers = ["General Purpose", "Memory Optimized", "Business Critical"];
    let rest = tiers.iter().find_map(|tier| rest.strip_prefix(tier))?;
    let series = rest.trim_start_matches([' ', '-']).split(' ').next()?;
    let cores = item.sku_name.strip_suffix(" vCore").filter(|_| item.meter_name == "vCore")?;
    let (family, version) = series.rsplit_once(['v', 'V'])?;
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric());
    if !plain(family) || !plain(version) || !plain(cores) {
        return None;
    }
    let (letter, features) = family.split_at(1);
    Some(format!("{letter}{cores}{features}_v{version}"))
}

/// `Azure Redis Cache Standard`, `C3 Cache`; `Azure Redis Cache Premium`, `P1 Cache Instance`; `Azure Managed Redis -
/// Balanced`, `B3 Cache Instance`. All are priced per node.
fn redis(item: &ItemRow, tiers: &Tiers<'_>) -> Vec<Found> {
    // MiB by size, from Azure's documentation of the tiers.
    const SIZES: [(&str, u32); 7] =
        [("C0", 250), ("C1", 1024), ("C2", 2560), ("C3", 6144), ("C4", 13312), ("C5", 26624), ("C6", 54272)];
    let meter = item.meter_name.as_str();
    if let Some(family) = item.product_name.strip_prefix("Azure Managed Redis - ") {
        let Some(size) = meter.strip_suffix(" Cache Instance") else { return Vec::new() };
        let tier = format!("{} {size}", family.replace(' ', ""));
        let Some(known) = tiers.find("Azure Managed Redis", &tier) else { return Vec::new() };
        let two = times(item, 2, &item.unit_of_measure).filter(|_| tiers.has_zones(&item.arm_region_name));
        let one = offer(known, listed(item), false, "");
        return std::iter::once(one).chain(two.map(|amount| offer(known, amount, true, TWO))).collect();
    }
    let Some(family) = item.product_name.strip_prefix("Azure Redis Cache ") else { return Vec::new() };
    let pair = |known: &ManagedOffer, multi_zone| {
        times(item, 2, &item.unit_of_measure).map(|amount| offer(known, amount, multi_zone, PAIR))
    };
    if family == "Premium" {
        let known = meter
            .strip_suffix(" Cache Instance")
            .and_then(|size| tiers.find("Azure Cache for Redis", &format!("Premium {size}")));
        let Some(known) = known else { return Vec::new() };
        let forms = [Some(false), tiers.has_zones(&item.arm_region_name).then_some(true)];
        return forms.into_iter().flatten().filter_map(|multi_zone| pair(known, multi_zone)).collect();
    }
    let Some(size) = meter.strip_suffix(" Cache") else { return Vec::new() };
    let Some((_, memory_mib)) = SIZES.iter().find(|(name, _)| *name == size) else { return Vec::new() };
    let sized = |amount, rule| {
        let (product, tier) = ("Azure Cache for Redis".to_owned(), format!("{family} {size}"));
        let tier = ManagedTier { kind: ManagedKind::Redis, product, tier, multi_zone: false };
        let (vcpu_milli, storage_included_gb) = (0, Quantity::ZERO);
        (Priced::Managed { tier, vcpu_milli, memory_mib: *memory_mib, storage_included_gb }, amount, rule)
    };
    match family {
        "Basic" => vec![sized(listed(item), "")],
        "Standard" => times(item, 2, &item.unit_of_measure).map(|amount| sized(amount, PAIR)).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Event Hubs speaks Kafka from the Standard tier on. The book sells so many units by the month.
fn event_hubs(item: &ItemRow, tiers: &Tiers<'_>) -> Vec<Found> {
    let (word, counts): (&str, &[u32]) = match item.meter_name.as_str() {
        "Standard Throughput Unit" => ("TU", &[1, 2, 4, 8, 16, 32]),
        "Premium Processing Unit" => ("PU", &[1]),
        _ => return Vec::new(),
    };
    if item.unit_of_measure != "1 Hour" && item.unit_of_measure != "1/Hour" {
        return Vec::new();
    }
    let name = if word == "TU" { "Standard" } else { "Premium" };
    let known = counts.iter().filter_map(|count| {
        let known = tiers.find("Event Hubs", &format!("{name} {count} {word}"))?;
        Some(offer(known, times(item, 730 * count, "1/Month")?, true, MONTH))
    });
    known.collect()
}

/// A whole managed disk by the month (`P4 LRS Disk`, 32 GiB): what a GiB of it costs. One size stands for its kind, the
/// one that the book's own figure is of.
pub fn disk(item: &ItemRow) -> Option<Found> {
    let (gib, product) = match item.meter_name.as_str() {
        "P4 LRS Disk" => (32, "Premium SSD LRS"),
        "E30 LRS Disk" => (1024, "Standard SSD LRS"),
        _ => return None,
    };
    if item.unit_of_measure != "1/Month" {
        return None;
    }
    let per_gib = rows::over(item.retail_price.value()?, Decimal::from(gib))?.round_dp(12);
    let priced = rows::tariff(Item::BlockStorage, product);
    Some((priced, Amount::usd(rows::text(per_gib), "1 GB/Month"), "price of a whole disk / its GiB"))
}
