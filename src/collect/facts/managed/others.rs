//! OCI, Akamai, `DigitalOcean`, Vultr and `UpCloud`.

use super::gcp::compose;
use super::{Form, Services, Size, add, everywhere, times};
use crate::catalog::{ManagedKind, Price, Unit};
use crate::collect::facts::Error;
use crate::collect::facts::draft::{Draft, derived};
use crate::collect::facts::index::PriceIndex;
use crate::collect::facts::read::Fact;
use crate::collect::facts::tariffs::Spread;
use crate::units::Money;
use std::collections::BTreeMap;

pub fn others(draft: &mut Draft, services: &Services<'_>, index: &PriceIndex) -> Result<(), Error> {
    oci_postgres(draft, services, index)?;
    oci_redis(draft, services, index)?;
    oci_kafka(draft, services, index)?;
    akamai(draft, services, index)?;
    digitalocean(draft, services, index)?;
    vultr(draft, services, index)?;
    upcloud(draft, services, index)
}

/// Prices of one name at all regions of OCI, which has one list for all of them.
fn oci(
    draft: &mut Draft,
    services: &Services<'_>,
    index: &PriceIndex,
    key: (&str, &str),
    sku: &str,
    unit: Unit,
) -> Result<BTreeMap<crate::catalog::RegionId, Price>, Error> {
    let known = services.prices(draft, ("oci", key.0, key.1), sku, unit)?;
    Ok(everywhere(draft, "oci", &known, Spread::No, index))
}

/// The memory of an OCI database node is billed as that of the machine under it: E5 memory.
const OCI_MEMORY_NANOS: i64 = 2_000_000;

/// The core of that machine, per vCPU.
const OCI_CORE_NANOS: i64 = 15_000_000;
/// Whether the service's core price holds the machine is not said; taking both is the dearer reading.
const OCI_RULE: &str = "service price per core plus core and memory of the E5 machine under it";

fn oci_postgres(draft: &mut Draft, services: &Services<'_>, index: &PriceIndex) -> Result<(), Error> {
    let key = ("postgres", "Managed PostgreSQL");
    let cores = oci(draft, services, index, key, "B99060 Database with PostgreSQL x86 OCPU", Unit::VcpuHour)?;
    let disk = oci(draft, services, index, key, "B99062 Database optimized storage", Unit::GbMonth)?;
    for (region, core) in cores {
        for vcpu in [4_u32, 8, 16, 32, 64] {
            let memory = vcpu * 8;
            let gib = Price { usd: Money::from_nanos(OCI_MEMORY_NANOS), unit: Unit::GibHour, ..core };
            // The database charge comes on top of the machine's own cores, E5 at 0.015 per vCPU.
            let own = Price { usd: core.usd + Money::from_nanos(OCI_CORE_NANOS), ..core };
            let price = compose(draft, (own, i64::from(vcpu)), (gib, i64::from(memory)), OCI_RULE);
            let tier = format!("E5 {vcpu} vCPU {memory} GB");
            let size = Size::new(ManagedKind::Postgres, "OCI Database with PostgreSQL", &tier, vcpu, memory);
            add(draft, region, &size, Form::new(false, price, disk.get(&region).copied()));
            let two = times(draft, price, 2, "x2: primary and replica");
            // Storage is shared by the nodes and regional.
            add(draft, region, &size, Form::new(true, two, disk.get(&region).copied()));
        }
    }
    Ok(())
}

fn oci_redis(draft: &mut Draft, services: &Services<'_>, index: &PriceIndex) -> Result<(), Error> {
    let key = ("redis", "Managed Redis/Valkey");
    let small = oci(draft, services, index, key, "B98217 Cache with Redis <=10GB nodes", Unit::GibHour)?;
    let large = oci(draft, services, index, key, "B99591 Cache with Redis >10GB nodes", Unit::GibHour)?;
    for (region, first) in small {
        let Some(&further) = large.get(&region) else { continue };
        for memory in [2_u32, 4, 8, 10, 16, 32, 64, 100] {
            // The first 10 GB of a node at the one price, the rest at the other.
            let gib = i64::from(memory);
            let usd = first.usd.nanos() * gib.min(10) + further.usd.nanos() * (gib - 10).max(0);
            let rule = format!("{memory} GB node");
            let one = derived(first, Money::from_nanos(usd), Unit::Hour, &rule, &mut draft.sources);
            let two = times(draft, one, 2, "x2: primary and replica");
            let size = Size::new(ManagedKind::Redis, "OCI Cache", &format!("{memory} GB"), 0, memory);
            add(draft, region, &size, Form::new(false, one, None));
            add(draft, region, &size, Form::new(true, two, None));
        }
    }
    Ok(())
}

fn oci_kafka(draft: &mut Draft, services: &Services<'_>, index: &PriceIndex) -> Result<(), Error> {
    let key = ("kafka", "Managed Kafka");
    let cores = oci(draft, services, index, key, "B110500 OCI Streaming with Apache Kafka", Unit::VcpuHour)?;
    for (region, core) in cores {
        let disk: Vec<_> = draft.tariffs.iter().filter(|t| t.region == region).collect();
        let volume = disk.iter().find(|t| t.product == "Block volume balanced").map(|t| t.price);
        for vcpu in [2_u32, 4, 8, 16] {
            let memory = vcpu * 8;
            let gib = Price { usd: Money::from_nanos(OCI_MEMORY_NANOS), unit: Unit::GibHour, ..core };
            let own = Price { usd: core.usd + Money::from_nanos(OCI_CORE_NANOS), ..core };
            let broker = compose(draft, (own, i64::from(vcpu)), (gib, i64::from(memory)), OCI_RULE);
            let price = times(draft, broker, 3, "x3 brokers");
            let storage = volume.map(|gb| times(draft, gb, 3, "x3 copies"));
            let tier = format!("E5 {vcpu} vCPU {memory} GB x3");
            let size = Size::new(ManagedKind::Kafka, "OCI Streaming with Apache Kafka", &tier, vcpu, memory);
            add(draft, region, &size, Form::new(true, price, storage));
        }
    }
    Ok(())
}

/// Every fact row of a product at every region of the provider.
fn each(
    draft: &mut Draft,
    services: &Services<'_>,
    index: &PriceIndex,
    key: (&str, ManagedKind, &str),
    unit: Unit,
    mut sell: impl FnMut(&mut Draft, Fact<'_>, crate::catalog::RegionId, Price) -> Result<(), Error>,
) -> Result<(), Error> {
    for &fact in services.of(key.0, key.1.as_str(), key.2) {
        let known = BTreeMap::from([(fact.get("region").to_owned(), draft.price(fact, unit)?)]);
        for (region, price) in everywhere(draft, key.0, &known, Spread::Uniform, index) {
            sell(draft, fact, region, price)?;
        }
    }
    Ok(())
}

fn akamai(draft: &mut Draft, services: &Services<'_>, index: &PriceIndex) -> Result<(), Error> {
    for (kind, product) in
        [(ManagedKind::Postgres, "Managed Database PostgreSQL"), (ManagedKind::Mysql, "Managed Database MySQL")]
    {
        each(draft, services, index, ("akamai", kind, product), Unit::Hour, |draft, fact, region, price| {
            let sku = fact.get("sku");
            let plan = sku.split(' ').next().unwrap_or(sku).to_owned();
            let disk = draft.shapes.get(&("akamai".to_owned(), plan)).and_then(|s| s.disk_gb).unwrap_or(0);
            // Listed as hour and month; the month is 1/666.67 of the hour in whole dollars, as for servers.
            let month = Money::from_nanos((price.usd.nanos() * 2 / 3 + 500_000) / 1_000_000 * 1_000_000_000);
            let multi = fact.get("ha") == "multi_zone";
            let form = Form { included_gb: i64::from(disk), month_cap: Some(month), ..Form::new(multi, price, None) };
            add(draft, region, &Size::of(kind, product, sku, fact)?, form);
            Ok(())
        })?;
    }
    Ok(())
}

/// Disk of a `DigitalOcean` database node by its memory.
fn digitalocean_disk(memory_gib: &str) -> i64 {
    match memory_gib {
        "1" => 10,
        "2" => 30,
        "4" => 60,
        _ => 115,
    }
}

fn digitalocean(draft: &mut Draft, services: &Services<'_>, index: &PriceIndex) -> Result<(), Error> {
    for (kind, product) in [
        (ManagedKind::Postgres, "Managed PostgreSQL"),
        (ManagedKind::Mysql, "Managed MySQL"),
        (ManagedKind::Redis, "Managed Redis/Valkey"),
    ] {
        each(draft, services, index, ("digitalocean", kind, product), Unit::Month, |draft, fact, region, price| {
            let tier = fact.get("sku").trim_end_matches(" single node").to_owned();
            let size = Size::of(kind, product, &tier, fact)?;
            let disk = if kind == ManagedKind::Redis { 0 } else { digitalocean_disk(fact.get("memory_gib")) };
            add(draft, region, &size, Form { included_gb: disk, ..Form::new(false, price, None) });
            // The smallest node cannot have a standby.
            if fact.get("memory_gib") != "1" {
                let two = times(draft, price, 2, "x2: primary and standby node");
                add(draft, region, &size, Form { included_gb: disk, ..Form::new(true, two, None) });
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn vultr(draft: &mut Draft, services: &Services<'_>, index: &PriceIndex) -> Result<(), Error> {
    for (kind, product) in [(ManagedKind::Postgres, "Managed PostgreSQL"), (ManagedKind::Mysql, "Managed MySQL")] {
        each(draft, services, index, ("vultr", kind, product), Unit::Month, |draft, fact, region, price| {
            let multi = fact.get("ha") == "multi_zone";
            let tier = fact.get("sku").to_owned();
            // The plan's name says vCPUs, disk and memory, in this order.
            let plan = tier.split(' ').next().unwrap_or_default();
            let disk = plan.rsplit('-').nth(1).and_then(|gb| gb.parse().ok()).unwrap_or(0);
            let form = Form { included_gb: disk, ..Form::new(multi, price, None) };
            add(draft, region, &Size::of(kind, product, &tier, fact)?, form);
            Ok(())
        })?;
    }
    Ok(())
}

fn upcloud(draft: &mut Draft, services: &Services<'_>, index: &PriceIndex) -> Result<(), Error> {
    let (kind, product) = (ManagedKind::Postgres, "Managed PostgreSQL");
    each(draft, services, index, ("upcloud", kind, product), Unit::Hour, |draft, fact, region, price| {
        let form = Form { included_gb: 10, ..Form::new(false, price, None) };
        add(draft, region, &Size::of(kind, product, fact.get("sku"), fact)?, form);
        Ok(())
    })
}
