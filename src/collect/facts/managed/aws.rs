//! RDS, Aurora, `ElastiCache` and MSK.

use super::{Form, Services, Size, add, everywhere, times};
use crate::catalog::{ManagedKind, Price, RegionId, Unit};
use crate::collect::facts::Error;
use crate::collect::facts::draft::{Draft, derived};
use crate::collect::facts::index::PriceIndex;
use crate::collect::facts::read::Fact;
use crate::collect::facts::tariffs::Spread;
use crate::units::Money;
use std::collections::{BTreeMap, BTreeSet};

pub fn aws(draft: &mut Draft, services: &Services<'_>, index: &PriceIndex) -> Result<(), Error> {
    for (kind, name) in [(ManagedKind::Postgres, "PostgreSQL"), (ManagedKind::Mysql, "MySQL")] {
        rds(draft, services, index, kind, &format!("RDS {name}"))?;
        aurora(draft, services, index, kind, &format!("Aurora {name}"))?;
    }
    elasticache(draft, services, index)?;
    msk(draft, services, index)
}

type ByRegion = BTreeMap<RegionId, Price>;

/// Families that cannot be ordered any more although their prices still stand in the list: retired generations, and
/// those of RDS on VMware (`db.rv11`, `db.mv11`, `db.cv11`), which ran on the customer's own machines.
const RETIRED: [&str; 14] = [
    "db.rv11.",
    "db.mv11.",
    "db.cv11.",
    "db.m1.",
    "db.m2.",
    "db.m3.",
    "db.t1.",
    "db.r3.",
    "cache.m1.",
    "cache.m2.",
    "cache.m3.",
    "cache.t1.",
    "cache.c1.",
    "cache.r3.",
];

fn on_sale(tier: &str) -> bool {
    !RETIRED.iter().any(|family| tier.starts_with(family))
}

/// Hourly rows of a product with their regions and prices. A region of which no row is known gets the rows of us-east-1,
/// carried over by the price index, for sizes of which the machine itself is on sale there.
fn hourly<'a>(
    draft: &mut Draft,
    facts: &[Fact<'a>],
    index: &PriceIndex,
) -> Result<Vec<(Fact<'a>, RegionId, Price)>, Error> {
    let mut rows = Vec::new();
    for &fact in facts.iter().filter(|f| f.get("unit") == "hour" && on_sale(f.get("sku"))) {
        if let Some(region) = draft.region("aws", fact.get("region")) {
            rows.push((fact, region, draft.price(fact, Unit::Hour)?));
        }
    }
    let known: BTreeSet<RegionId> = rows.iter().map(|&(_, region, _)| region).collect();
    let Some(base) = draft.region("aws", "us-east-1") else { return Ok(rows) };
    let listed: Vec<_> = rows.iter().copied().filter(|&(_, region, _)| region == base).collect();
    for region in draft.selling("aws").into_iter().filter(|region| !known.contains(region)) {
        for &(fact, _, price) in &listed {
            let machine = fact.get("sku").split_once('.').map_or("", |(_, machine)| machine).to_owned();
            if draft.compute.contains_key(&(region, machine)) {
                let carried = index.carry(price, base, region, &mut draft.sources);
                rows.extend(carried.map(|price| (fact, region, price)));
            }
        }
    }
    Ok(rows)
}

fn rds(
    draft: &mut Draft,
    services: &Services<'_>,
    index: &PriceIndex,
    kind: ManagedKind,
    product: &str,
) -> Result<(), Error> {
    let key = ("aws", kind.as_str(), product);
    let mut storage = |ha: &str| -> Result<ByRegion, Error> {
        let sku = format!("Storage (general purpose SSD, gp2) ({ha})");
        let known = services.prices(draft, key, &sku, Unit::GbMonth)?;
        Ok(everywhere(draft, "aws", &known, Spread::Index, index))
    };
    let (single, multi) = (storage("Single-AZ")?, storage("Multi-AZ")?);
    for (fact, region, price) in hourly(draft, services.of("aws", kind.as_str(), product), index)? {
        let tier = fact.get("sku");
        let multi_zone = fact.get("ha") == "multi_zone";
        let storage = if multi_zone { &multi } else { &single }.get(&region).copied();
        add(draft, region, &Size::of(kind, product, tier, fact)?, Form::new(multi_zone, price, storage));
    }
    Ok(())
}

/// Sold as I/O-Optimized, which costs 1.3 times the instance and has no price per request: the standard form bills
/// requests that an application cannot state beforehand, so that its price would look lower than it is.
fn aurora(
    draft: &mut Draft,
    services: &Services<'_>,
    index: &PriceIndex,
    kind: ManagedKind,
    product: &str,
) -> Result<(), Error> {
    let key = ("aws", kind.as_str(), "Aurora");
    let known = services.prices(draft, key, "Storage (I/O-optimized)", Unit::GbMonth)?;
    let storage = everywhere(draft, "aws", &known, Spread::Index, index);
    let sold_as = format!("{product} I/O-Optimized");
    let facts = services.of("aws", kind.as_str(), &format!("{product} (standard storage)"));
    for (fact, region, standard) in hourly(draft, facts, index)? {
        let usd = Money::from_nanos(standard.usd.nanos() * 13 / 10);
        let one = derived(standard, usd, Unit::Hour, "x1.3 for I/O-Optimized", &mut draft.sources);
        let two = times(draft, one, 2, "x2: writer and reader");
        let size = Size::of(kind, &sold_as, fact.get("sku"), fact)?;
        // The volume is stored once, over three zones, whatever the number of instances.
        let storage = storage.get(&region).copied();
        add(draft, region, &size, Form::new(false, one, storage));
        add(draft, region, &size, Form::new(true, two, storage));
    }
    Ok(())
}

fn elasticache(draft: &mut Draft, services: &Services<'_>, index: &PriceIndex) -> Result<(), Error> {
    for (fact, region, node) in hourly(draft, services.of("aws", "redis", "ElastiCache Redis OSS"), index)? {
        let two = times(draft, node, 2, "x2: primary and replica");
        let size = Size::of(ManagedKind::Redis, "ElastiCache Redis OSS", fact.get("sku"), fact)?;
        add(draft, region, &size, Form::new(false, node, None));
        add(draft, region, &size, Form::new(true, two, None));
    }
    Ok(())
}

/// Brokers of a cluster: one in each of three zones, each with a copy of the data.
const BROKERS: i64 = 3;

fn msk(draft: &mut Draft, services: &Services<'_>, index: &PriceIndex) -> Result<(), Error> {
    let key = ("aws", "kafka", "MSK");
    let small = services.prices(draft, key, "MSK Instance (kafka.t3.small)", Unit::Hour)?;
    let largest = services.prices(draft, key, "MSK Instance (kafka.m5.24xlarge)", Unit::Hour)?;
    let disk = services.prices(draft, key, "MSK Storage", Unit::GbMonth)?;
    let disks = everywhere(draft, "aws", &disk, Spread::Index, index);
    // kafka.m5 prices go with the size, as those of EC2 m5 do.
    let mut tiers = vec![("kafka.t3.small".to_owned(), 2, 2, small)];
    for (name, vcpu) in
        [("large", 2), ("xlarge", 4), ("2xlarge", 8), ("4xlarge", 16), ("8xlarge", 32), ("12xlarge", 48)]
    {
        let share = |(code, price): (&String, &Price)| {
            let usd = Money::from_nanos(price.usd.nanos() * vcpu / 96);
            let rule = format!("kafka.m5 by size: {vcpu}/96 of 24xlarge");
            (code.clone(), derived(*price, usd, Unit::Hour, &rule, &mut draft.sources))
        };
        let known = largest.iter().map(share).collect();
        tiers.push((
            format!("kafka.m5.{name}"),
            u32::try_from(vcpu).unwrap_or(0),
            4 * u32::try_from(vcpu).unwrap_or(0),
            known,
        ));
    }
    tiers.push(("kafka.m5.24xlarge".to_owned(), 96, 384, largest.clone()));
    for (tier, vcpu, memory, known) in tiers {
        let size = Size::new(ManagedKind::Kafka, "MSK", &tier, vcpu, memory);
        for (region, broker) in everywhere(draft, "aws", &known, Spread::Index, index) {
            let price = times(draft, broker, BROKERS, "x3 brokers");
            let storage = disks.get(&region).map(|&gb| times(draft, gb, BROKERS, "x3 copies"));
            add(draft, region, &size, Form::new(true, price, storage));
        }
    }
    Ok(())
}
