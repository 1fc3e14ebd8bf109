//! Cloud SQL and Memorystore.

use super::{Form, Services, Size, add, everywhere};
use crate::catalog::{ManagedKind, Price, RegionId, Unit};
use crate::collect::facts::Error;
use crate::collect::facts::draft::{Draft, derived};
use crate::collect::facts::index::PriceIndex;
use crate::collect::facts::tariffs::Spread;
use crate::units::Money;
use std::collections::BTreeMap;

pub fn gcp(draft: &mut Draft, services: &Services<'_>, index: &PriceIndex) -> Result<(), Error> {
    for kind in [ManagedKind::Postgres, ManagedKind::Mysql] {
        cloud_sql(draft, services, index, kind)?;
    }
    memorystore(draft, services, index)
}

type ByRegion = BTreeMap<RegionId, Price>;

/// Custom sizes: 2 to 8 GiB per vCPU, as Cloud SQL allows.
const LADDER: [(u32, u32); 13] = [
    (1, 4),
    (2, 4),
    (2, 8),
    (2, 16),
    (4, 16),
    (4, 32),
    (8, 32),
    (8, 64),
    (16, 64),
    (16, 104),
    (32, 128),
    (48, 192),
    (64, 256),
];

fn cloud_sql(draft: &mut Draft, services: &Services<'_>, index: &PriceIndex, kind: ManagedKind) -> Result<(), Error> {
    const PRODUCT: &str = "Cloud SQL Enterprise";
    for (multi_zone, ha) in [(false, "single"), (true, "multi_zone")] {
        let mut part = |sku: &str, unit: Unit| -> Result<ByRegion, Error> {
            let facts = services.of("gcp", kind.as_str(), PRODUCT);
            let facts: Vec<_> = facts.iter().copied().filter(|f| f.get("sku") == sku && f.get("ha") == ha).collect();
            let known = super::known_prices(draft, &facts, unit, "")?;
            Ok(everywhere(draft, "gcp", &known, Spread::Index, index))
        };
        let vcpus = part("custom vCPU", Unit::VcpuHour)?;
        let ram = part("custom RAM", Unit::GibHour)?;
        let ssd = part("SSD storage", Unit::GbMonth)?;
        for (region, vcpu) in &vcpus {
            let Some(gib) = ram.get(region) else { continue };
            for (cores, memory) in LADDER {
                let price = compose(
                    draft,
                    (*vcpu, i64::from(cores)),
                    (*gib, i64::from(memory)),
                    "composed of vCPU and memory prices",
                );
                let tier = format!("custom {cores} vCPU {memory} GiB");
                let size = Size::new(kind, PRODUCT, &tier, cores, memory);
                add(draft, *region, &size, Form::new(multi_zone, price, ssd.get(region).copied()));
            }
        }
    }
    Ok(())
}

/// So many vCPUs and so many GiB, per hour; as sure as the less sure of the two.
pub fn compose(draft: &mut Draft, (vcpu, cores): (Price, i64), (gib, memory): (Price, i64), rule: &str) -> Price {
    let usd = Money::from_nanos(vcpu.usd.nanos() * cores + gib.usd.nanos() * memory);
    let rank = |price: &Price| (price.quality, price.uncertainty_pct);
    let less_sure = if rank(&gib) > rank(&vcpu) { gib } else { vcpu };
    derived(less_sure, usd, Unit::Hour, rule, &mut draft.sources)
}

/// Capacity bands of Memorystore: the tier's name and the sizes offered in it.
const BANDS: [(&str, &[u32]); 4] = [("M1", &[1, 2, 4]), ("M2", &[5, 8, 10]), ("M3", &[16, 32]), ("M4", &[50, 64, 100])];

fn memorystore(draft: &mut Draft, services: &Services<'_>, index: &PriceIndex) -> Result<(), Error> {
    let key = ("gcp", "redis", "Memorystore");
    for (multi_zone, word) in [(false, "basic"), (true, "standard")] {
        for (band, sizes) in BANDS {
            let sku = format!("Memorystore Redis instance ({word}, {band})");
            let known = services.prices(draft, key, &sku, Unit::GibHour)?;
            for (region, gib) in everywhere(draft, "gcp", &known, Spread::Index, index) {
                for &memory in sizes {
                    let usd = Money::from_nanos(gib.usd.nanos() * i64::from(memory));
                    let rule = format!("x{memory} GiB");
                    let price = derived(gib, usd, Unit::Hour, &rule, &mut draft.sources);
                    let tier = format!("{band} {memory} GiB");
                    let size = Size::new(ManagedKind::Redis, "Memorystore for Redis", &tier, 0, memory);
                    add(draft, region, &size, Form::new(multi_zone, price, None));
                }
            }
        }
    }
    Ok(())
}
