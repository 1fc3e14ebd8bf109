//! Machines and databases out of their parts.
//!
//! The catalog does not say which machine types exist where. So prices are composed for what the book sells at a region
//! already; machines with bundled local disks, and families whose parts are not all in the catalog, are left as they
//! are.

use super::catalog::{Price, Sku};
use crate::catalog::{ManagedKind, ManagedOffer, PriceBook, RegionId, Shape};
use crate::collect::observation::{Amount, Fact, ManagedTier, Observation, Place, Priced};
use crate::collect::providers::rows;
use crate::collect::source::Sink;
use crate::units::Purchase;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// A machine's part: core, GiB, accelerator, or a whole machine (the smallest types).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Core,
    Gib,
    /// Model in the book's words.
    Gpu(String),
    Whole,
}

/// (region, family, part, purchase)
type Key = (String, String, Part, Purchase);

/// Hourly dollars of every part that was found.
#[derive(Default)]
pub struct Rates {
    machines: BTreeMap<Key, Decimal>,
    /// (region, highly available, whether memory) -> dollars per hour and vCPU or GiB, of Cloud SQL Enterprise.
    databases: BTreeMap<(String, bool, bool), Decimal>,
    /// (region, highly available) -> dollars per GiB-month.
    database_storage: BTreeMap<(String, bool), Decimal>,
    /// (region, highly available, capacity band) -> dollars per hour and GiB, of Memorystore for Redis.
    caches: BTreeMap<(String, bool, String), Decimal>,
}

/// Keeps a rate; two different ones of one part cannot both be right.
fn keep<K: Ord>(rates: &mut BTreeMap<K, Decimal>, key: K, rate: Decimal) -> Result<(), &'static str> {
    if rate.is_zero() {
        return Err("a zero that nobody stated");
    }
    match rates.insert(key, rate) {
        Some(known) if known != rate => Err("two different prices of one part at one region"),
        _ => Ok(()),
    }
}

/// GiB in a GB of 10^9 bytes.
fn per_gib(price: &Price) -> Result<Decimal, &'static str> {
    // 2^30 / 10^9
    const GIB_OVER_GB: Decimal = Decimal::from_parts(1_073_741_824, 0, 0, false, 9);
    match price.unit.as_str() {
        "GiBy.h" => Ok(price.last()),
        "GBy.h" => rows::times(price.last(), GIB_OVER_GB).ok_or("out of range"),
        _ => Err("memory priced by an unknown unit"),
    }
}

impl Rates {
    /// Takes a part of a machine; `false` when it is none.
    pub fn add_machine_part(&mut self, sku: &Sku, price: &Price) -> Result<bool, &'static str> {
        let Some((family, part, purchase)) = machine_part(sku) else { return Ok(false) };
        let rate = match part {
            Part::Gib => per_gib(price)?,
            _ if price.unit == "h" => price.last(),
            _ => return Err("not priced by the hour"),
        };
        for region in &sku.service_regions {
            keep(&mut self.machines, (region.clone(), family.clone(), part.clone(), purchase), rate)?;
        }
        Ok(true)
    }

    /// Takes a part of Cloud SQL Enterprise for PostgreSQL; MySQL costs the same.
    pub fn add_database_part(&mut self, sku: &Sku, price: &Price) -> Result<bool, &'static str> {
        let Some(rest) = sku.description.strip_prefix("Cloud SQL for PostgreSQL: ") else { return Ok(false) };
        let (highly_available, rest) = match (rest.strip_prefix("Zonal - "), rest.strip_prefix("Regional - ")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => return Ok(false),
        };
        let rate = match rest.split(" in ").next() {
            Some("vCPU") if price.unit == "h" => price.last(),
            Some("RAM") => per_gib(price)?,
            Some("Standard storage") if price.unit == "GiBy.mo" => {
                for region in &sku.service_regions {
                    keep(&mut self.database_storage, (region.clone(), highly_available), price.last())?;
                }
                return Ok(true);
            }
            _ => return Ok(false),
        };
        for region in &sku.service_regions {
            keep(&mut self.databases, (region.clone(), highly_available, rest.starts_with("RAM")), rate)?;
        }
        Ok(true)
    }

    /// Takes a capacity price of Memorystore: `Redis Capacity Basic M1 Iowa`.
    pub fn add_cache_part(&mut self, sku: &Sku, price: &Price) -> Result<bool, &'static str> {
        let Some(rest) = sku.description.strip_prefix("Redis Capacity ") else { return Ok(false) };
        let mut words = rest.split(' ');
        let highly_available = match words.next() {
            Some("Basic") => false,
            Some("Standard") => true,
            _ => return Ok(false),
        };
        let Some(band) = words.next().filter(|word| word.len() == 2 && word.starts_with('M')) else { return Ok(false) };
        let rate = per_gib(price)?;
        for region in &sku.service_regions {
            keep(&mut self.caches, (region.clone(), highly_available, band.to_owned()), rate)?;
        }
        Ok(true)
    }

    /// Emits every cache of the book (`M1 2 GiB`) whose band has a price. The Standard tier has a replica in another
    /// zone, which its price holds.
    pub fn caches(&self, book: &PriceBook, sink: &mut dyn Sink) {
        let provider = book.find_provider("gcp");
        for region in book.region_ids().filter(|id| Some(book.region(*id).provider) == provider) {
            let code = &book.region(region).code;
            for offer in book.managed_at(region).iter().filter(|offer| offer.kind == ManagedKind::Redis) {
                let Some((band, gib)) = offer.tier.split_once(' ') else { continue };
                let gib = gib.strip_suffix(" GiB").and_then(|gib| gib.parse::<u32>().ok());
                let rate = self.caches.get(&(code.clone(), offer.multi_zone, band.to_owned()));
                let Some(hour) = gib.zip(rate).and_then(|(gib, rate)| rows::times(*rate, gib.into())) else { continue };
                let tier = ManagedTier {
                    kind: offer.kind,
                    product: offer.product.clone(),
                    tier: offer.tier.clone(),
                    multi_zone: offer.multi_zone,
                };
                let said = format!("{} {} {code}: {} USD per hour", offer.product, offer.tier, rows::text(hour));
                let priced = Priced::Managed {
                    tier,
                    vcpu_milli: offer.vcpu_milli,
                    memory_mib: offer.memory_mib,
                    storage_included_gb: offer.storage_included_gb,
                };
                let fact = Fact::Price(priced, Amount::usd(rows::text(hour), "h"));
                let rule = "capacity price x GiB";
                sink.observe(Observation::derived(Place::region(code), fact, rule, said));
            }
        }
    }

    /// Emits every machine of the book whose parts are known.
    pub fn machines(&self, book: &PriceBook, sink: &mut dyn Sink) {
        let provider = book.find_provider("gcp");
        for region in book.region_ids().filter(|id| Some(book.region(*id).provider) == provider) {
            for offer in book.compute_at(region) {
                self.machine(book, region, book.shape(offer.shape), sink);
            }
        }
    }

    fn machine(&self, book: &PriceBook, region: RegionId, shape: &Shape, sink: &mut dyn Sink) {
        if bundles_disks(&shape.name) {
            return sink.skip("bundles local disks, which are billed besides");
        }
        let code = &book.region(region).code;
        let mut any = false;
        for purchase in Purchase::ALL {
            let Some(hour) = self.hour(code, shape, purchase) else { continue };
            any = true;
            let priced = Priced::Compute { shape: shape.name.clone(), purchase };
            let fact = Fact::Price(priced, Amount::usd(rows::text(hour), "h"));
            let said = format!("{} {code} {purchase}: {} USD per hour", shape.name, rows::text(hour));
            let rule = "core price x vCPU + memory price x GiB + accelerators";
            sink.observe(Observation::derived(Place::region(code), fact, rule, said));
        }
        if !any {
            sink.skip("a machine whose parts are not all in the catalog");
        }
    }

    fn hour(&self, region: &str, shape: &Shape, purchase: Purchase) -> Option<Decimal> {
        let family = shape.name.split('-').next()?;
        let rate = |family: &str, part: Part| {
            self.machines.get(&(region.to_owned(), family.to_owned(), part, purchase)).copied()
        };
        if let Some(whole) = rate(&shape.name, Part::Whole) {
            return Some(whole);
        }
        // These bill a part of the vCPUs that a guest sees.
        let cores = match shape.name.as_str() {
            "e2-micro" => Decimal::new(25, 2),
            "e2-small" => Decimal::new(5, 1),
            "e2-medium" => Decimal::ONE,
            _ => rows::over(shape.vcpu_milli.into(), Decimal::from(1000))?,
        };
        // The second generation of memory machines is the first plus a premium.
        let families: &[&str] = if family == "m2" { &["m1", "m2"] } else { &[family] };
        let gib = rows::over(shape.memory_mib.into(), Decimal::from(1024))?;
        let mut sum = Decimal::ZERO;
        for family in families {
            sum = sum.checked_add(rows::times(rate(family, Part::Core)?, cores)?)?;
            sum = sum.checked_add(rows::times(rate(family, Part::Gib)?, gib)?)?;
        }
        if shape.gpu_milli > 0 {
            let gpus = rows::over(shape.gpu_milli.into(), Decimal::from(1000))?;
            sum = sum.checked_add(rows::times(rate("", Part::Gpu(shape.gpu_model.clone()))?, gpus)?)?;
        }
        Some(sum)
    }

    /// Emits every Cloud SQL Enterprise tier of the book whose parts are known, and their storage.
    pub fn databases(&self, book: &PriceBook, sink: &mut dyn Sink) {
        let provider = book.find_provider("gcp");
        for region in book.region_ids().filter(|id| Some(book.region(*id).provider) == provider) {
            let code = &book.region(region).code;
            for offer in book.managed_at(region).iter().filter(|offer| offer.product == "Cloud SQL Enterprise") {
                self.database(code, offer, sink);
            }
        }
        for ((region, multi_zone), usd) in &self.database_storage {
            for kind in [ManagedKind::Postgres, ManagedKind::Mysql] {
                let product = "Cloud SQL Enterprise".to_owned();
                let tier = ManagedTier { kind, product, tier: String::new(), multi_zone: *multi_zone };
                let fact = Fact::Price(Priced::ManagedStorage(tier), Amount::usd(rows::text(*usd), "GiBy.mo"));
                let said = format!("Cloud SQL storage {region}: {} USD per GiB-month", rows::text(*usd));
                sink.observe(Observation::listed(Place::region(region), fact, said));
            }
        }
    }

    fn database(&self, region: &str, offer: &ManagedOffer, sink: &mut dyn Sink) {
        let rate = |memory| self.databases.get(&(region.to_owned(), offer.multi_zone, memory)).copied();
        let hour = (|| {
            // Shared tiers (`db-f1-micro`) have prices of their own.
            offer.tier.strip_prefix("custom ")?;
            let cores = rows::over(offer.vcpu_milli.into(), Decimal::from(1000))?;
            let gib = rows::over(offer.memory_mib.into(), Decimal::from(1024))?;
            rows::times(rate(false)?, cores)?.checked_add(rows::times(rate(true)?, gib)?)
        })();
        let Some(hour) = hour else { return sink.skip("a database whose parts are not all in the catalog") };
        let priced = Priced::Managed {
            tier: ManagedTier {
                kind: offer.kind,
                product: offer.product.clone(),
                tier: offer.tier.clone(),
                multi_zone: offer.multi_zone,
            },
            vcpu_milli: offer.vcpu_milli,
            memory_mib: offer.memory_mib,
            storage_included_gb: offer.storage_included_gb,
        };
        let said = format!("{} {region}: {} USD per hour", offer.name(), rows::text(hour));
        let fact = Fact::Price(priced, Amount::usd(rows::text(hour), "h"));
        let rule = "vCPU price x vCPU + memory price x GiB";
        sink.observe(Observation::derived(Place::region(region), fact, rule, said));
    }
}

/// Types that come with local disks at an extra charge.
fn bundles_disks(name: &str) -> bool {
    name.contains("lssd")
        || ["z3", "z4d", "a3", "a4", "a4x", "a2-ultra", "h3d"].iter().any(|family| name.starts_with(family))
}

/// Family, part and purchase of a SKU that is part of a machine.
fn machine_part(sku: &Sku) -> Option<(String, Part, Purchase)> {
    let purchase = match sku.category.usage_type.as_str() {
        "OnDemand" => Purchase::OnDemand,
        "Preemptible" => Purchase::Spot,
        "Commit1Yr" => Purchase::Reserved1y,
        "Commit3Yr" => Purchase::Reserved3y,
        _ => return None,
    };
    let text = sku.description.as_str();
    if ["Custom", "Sole Tenancy", "Reserved", "DWS", "Extended", "Confidential", "Upgrade Premium for Compute"]
        .iter()
        .any(|word| text.contains(word))
    {
        return None;
    }
    let text = text.strip_prefix("Spot Preemptible ").unwrap_or(text);
    let group = sku.category.resource_group.as_str();
    if let Some(name) = match group {
        "F1Micro" => Some("f1-micro"),
        "G1Small" => Some("g1-small"),
        _ => None,
    } {
        return text.contains("running in").then(|| (name.to_owned(), Part::Whole, purchase));
    }
    if group == "GPU" {
        let model = text.strip_prefix("Nvidia ").or_else(|| text.strip_prefix("Commitment v1: Nvidia "))?;
        let model = model.split(" GPU").next()?.trim();
        return Some((String::new(), Part::Gpu(gpu(model)), purchase));
    }
    if !matches!(group, "CPU" | "RAM" | "N1Standard") {
        return None;
    }
    if let Some(rest) = text.strip_prefix("Commitment v1: ").or_else(|| text.strip_prefix("Commitment: ")) {
        return commitment(rest).map(|(family, part)| (family, part, purchase));
    }
    let part = if text.contains("Core running in") {
        Part::Core
    } else if text.contains("Ram running in") {
        Part::Gib
    } else {
        return None;
    };
    // "Compute optimized Core running in" has no "Instance".
    let name = text.split(" Instance").next()?.split(" Core running").next()?.split(" Ram running").next()?;
    Some((family(name)?, part, purchase))
}

/// `N2 Cpu in Americas for 1 Year`, `Cpu in Iowa for 1 Year` (the first generation), `Compute optimized Ram in ...`.
fn commitment(rest: &str) -> Option<(String, Part)> {
    let (name, part) = if let Some(name) = rest.split_once("Cpu in ").or_else(|| rest.split_once("Core in ")) {
        (name.0, Part::Core)
    } else if let Some(name) = rest.split_once("Ram in ") {
        (name.0, Part::Gib)
    } else {
        return None;
    };
    let name = name.trim();
    Some((if name.is_empty() { "n1".to_owned() } else { family(name)? }, part))
}

/// The family in the names of machine types.
fn family(name: &str) -> Option<String> {
    let name = name.trim().trim_end_matches(" Predefined").trim_end_matches(" AMD").trim_end_matches(" Arm");
    Some(match name {
        "Compute optimized" => "c2".to_owned(),
        "Memory-optimized" => "m1".to_owned(),
        "M3 Memory-optimized" => "m3".to_owned(),
        "Memory Optimized Upgrade Premium for Memory-optimized" => "m2".to_owned(),
        // `A3Plus`, `M4Ultramem224` and the like are for one type each.
        _ if name.len() <= 4 && name.bytes().all(|b| b.is_ascii_alphanumeric()) => name.to_lowercase(),
        _ => return None,
    })
}

/// `L4`, `Tesla A100`, `Tesla A100 80GB`: models in the book's words.
fn gpu(model: &str) -> String {
    let model = model.trim_start_matches("Tesla ");
    let word = rows::gpu_model("nvidia", model);
    if word == "nvidia-a100" { "nvidia-a100-40gb".to_owned() } else { word }
}
