//! Flexible servers, Azure Cache for Redis, Managed Redis and Event Hubs.

use super::{Form, Services, Size, add, everywhere, times};
use crate::catalog::{ManagedKind, Price, Unit};
use crate::collect::facts::Error;
use crate::collect::facts::draft::{Draft, derived};
use crate::collect::facts::index::PriceIndex;
use crate::collect::facts::tariffs::Spread;
use crate::units::Money;
use std::collections::BTreeMap;

pub fn azure(draft: &mut Draft, services: &Services<'_>, index: &PriceIndex) -> Result<(), Error> {
    let mysql = "Database for MySQL Flexible";
    flexible(draft, services, index, ManagedKind::Postgres, "Database for PostgreSQL Flexible", POSTGRES)?;
    flexible(draft, services, index, ManagedKind::Mysql, mysql, MYSQL)?;
    redis(draft, services, index)?;
    event_hubs(draft, services, index)
}

/// Listed sizes and the sizes of the same series that go with them per vCore: the series' price is per vCore.
type Series = &'static [(&'static str, u32, u32, &'static [(&'static str, u32)])];

const POSTGRES: Series = &[
    ("B_Standard_B1ms", 1, 2, &[]),
    ("B_Standard_B2ms", 2, 4, &[]),
    (
        "GP_Standard_D2ds_v5",
        2,
        4,
        &[("D4ds_v5", 4), ("D8ds_v5", 8), ("D16ds_v5", 16), ("D32ds_v5", 32), ("D48ds_v5", 48), ("D64ds_v5", 64)],
    ),
    ("GP_Standard_D2ads_v5", 2, 4, &[("D4ads_v5", 4), ("D8ads_v5", 8), ("D16ads_v5", 16), ("D32ads_v5", 32)]),
    ("GP_Standard_D4s_v3", 4, 4, &[("D2s_v3", 2), ("D8s_v3", 8), ("D32s_v3", 32), ("D64s_v3", 64)]),
    ("GP_Standard_D16s_v3", 16, 4, &[]),
    ("MO_Standard_E4s_v3", 4, 8, &[("E2s_v3", 2), ("E8s_v3", 8), ("E16s_v3", 16), ("E32s_v3", 32)]),
];

const MYSQL: Series = &[
    ("B_Standard_B1ms", 1, 2, &[]),
    ("GP_Standard_D2ads_v5", 2, 4, &[("D4ads_v5", 4), ("D8ads_v5", 8), ("D16ads_v5", 16), ("D32ads_v5", 32)]),
    ("MO_Standard_E4ds_v4", 4, 8, &[("E2ds_v4", 2), ("E8ds_v4", 8), ("E16ds_v4", 16), ("E32ds_v4", 32)]),
];

fn flexible(
    draft: &mut Draft,
    services: &Services<'_>,
    index: &PriceIndex,
    kind: ManagedKind,
    product: &str,
    series: Series,
) -> Result<(), Error> {
    let key = ("azure", kind.as_str(), product);
    let gb = services.prices(draft, key, "Flexible Server Storage", Unit::GbMonth)?;
    let storage = everywhere(draft, "azure", &gb, Spread::Index, index);
    for &(listed, cores, gib_per_core, others) in series {
        let known = services.prices(draft, key, &format!("Flexible Server Compute ({listed})"), Unit::Hour)?;
        let name = |tier: &str| tier.rsplit("Standard_").next().unwrap_or(tier).to_owned();
        let mut tiers = vec![(name(listed), cores, known.clone())];
        for &(tier, count) in others {
            let scaled = known.iter().map(|(code, price)| (code.clone(), per_core(draft, *price, cores, count)));
            tiers.push((tier.to_owned(), count, scaled.collect()));
        }
        for (tier, count, known) in tiers {
            let burstable = tier.starts_with('B');
            let size = Size::new(kind, product, &tier, count, count * gib_per_core);
            for (region, price) in everywhere(draft, "azure", &known, Spread::Index, index) {
                let gb = storage.get(&region).copied();
                add(draft, region, &size, Form::new(false, price, gb));
                // Burstable servers cannot have a standby.
                let zones = draft.at(region).zones.unwrap_or(1);
                if !burstable && zones > 1 {
                    let price = times(draft, price, 2, "x2: a second server as standby");
                    let gb = gb.map(|gb| times(draft, gb, 2, "x2: the standby's storage"));
                    add(draft, region, &size, Form::new(true, price, gb));
                }
            }
        }
    }
    Ok(())
}

fn per_core(draft: &mut Draft, price: Price, cores: u32, count: u32) -> Price {
    let usd = Money::from_nanos(price.usd.nanos() * i64::from(count) / i64::from(cores));
    derived(price, usd, Unit::Hour, &format!("{count}/{cores} by vCore"), &mut draft.sources)
}

/// Cache tiers: fact name, GiB of memory, nodes that the price is for, and whether the form survives a zone.
const CACHES: [(&str, &str, u32, bool); 5] = [
    ("Azure Cache for Redis", "Cache usage (Basic_C4) per node", 13, false),
    ("Azure Cache for Redis", "Cache usage (Standard_C3) per node", 6, false),
    ("Azure Cache for Redis", "Cache usage (Premium_P1) per node", 6, true),
    ("Azure Cache for Redis", "Cache usage (Premium_P2) per node", 13, true),
    ("Azure Cache for Redis", "Cache usage (Premium_P3) per node", 26, true),
];

fn redis(draft: &mut Draft, services: &Services<'_>, index: &PriceIndex) -> Result<(), Error> {
    for (product, sku, memory, replicated) in CACHES {
        let known = services.prices(draft, ("azure", "redis", product), sku, Unit::Hour)?;
        let tier = sku.split(['(', ')']).nth(1).unwrap_or(sku).replace('_', " ");
        let two_nodes = replicated || tier.starts_with("Standard");
        let size = Size::new(ManagedKind::Redis, product, &tier, 0, memory);
        for (region, node) in everywhere(draft, "azure", &known, Spread::Index, index) {
            let price = if two_nodes { times(draft, node, 2, "x2: primary and replica") } else { node };
            add(draft, region, &size, Form::new(false, price, None));
            if replicated && draft.at(region).zones.unwrap_or(1) > 1 {
                add(draft, region, &size, Form::new(true, price, None));
            }
        }
    }
    // Managed Redis: the number in the name is its memory in GB.
    for (name, memory) in [("Balanced_B3", 3), ("MemoryOptimized_M10", 10), ("ComputeOptimized_X10", 10)] {
        let sku = format!("Cache usage ({name})");
        let known = services.prices(draft, ("azure", "redis", "Azure Managed Redis"), &sku, Unit::Hour)?;
        let size = Size::new(ManagedKind::Redis, "Azure Managed Redis", &name.replace('_', " "), 0, memory);
        for (region, node) in everywhere(draft, "azure", &known, Spread::Index, index) {
            let two = times(draft, node, 2, "x2: high availability has two nodes");
            add(draft, region, &size, Form::new(false, node, None));
            if draft.at(region).zones.unwrap_or(1) > 1 {
                add(draft, region, &size, Form::new(true, two, None));
            }
        }
    }
    Ok(())
}

/// Event Hubs speaks Kafka from the Standard tier on. A unit takes 1 MB/s in and 2 MB/s out.
fn event_hubs(draft: &mut Draft, services: &Services<'_>, index: &PriceIndex) -> Result<(), Error> {
    let key = ("azure", "kafka", "Event Hubs");
    let units: BTreeMap<String, Price> = services.prices(draft, key, "Capacity (Standard)", Unit::Month)?;
    let premium = services.prices(draft, key, "Capacity (Premium)", Unit::Month)?;
    let keep = services.prices(draft, key, "Extended retention", Unit::GbMonth)?;
    let retention = everywhere(draft, "azure", &keep, Spread::Index, index);
    for (region, unit) in everywhere(draft, "azure", &units, Spread::Index, index) {
        for count in [1, 2, 4, 8, 16, 32] {
            let price = times(draft, unit, count, &format!("x{count} throughput units"));
            // 84 GB of retention come with each unit.
            let size = Size::new(ManagedKind::Kafka, "Event Hubs", &format!("Standard {count} TU"), 0, 0);
            let form = Form { included_gb: 84 * count, ..Form::new(true, price, retention.get(&region).copied()) };
            add(draft, region, &size, form);
        }
    }
    for (region, price) in everywhere(draft, "azure", &premium, Spread::Index, index) {
        let size = Size::new(ManagedKind::Kafka, "Event Hubs", "Premium 1 PU", 0, 0);
        let form = Form { included_gb: 1024, ..Form::new(true, price, retention.get(&region).copied()) };
        add(draft, region, &size, form);
    }
    Ok(())
}
