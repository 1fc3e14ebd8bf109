//! Machine types and their prices, monthly caps, included traffic and disks.

use super::Error;
use super::draft::{Draft, DraftOffer, DraftShape};
use super::read::{Fact, Table};
use crate::catalog::{CpuKind, RegionId};
use crate::units::{Arch, Money, Quality};
use std::collections::HashMap;

/// What the hand-kept table says of a plan, by (provider, instance, region or `*`).
type Plans<'a> = HashMap<(&'a str, &'a str, &'a str), Fact<'a>>;

/// Fills the draft's shapes and machine prices.
pub fn machines(draft: &mut Draft, tables: &[Table], plans: &Table) -> Result<(), Error> {
    let plans: Plans<'_> = plans.rows().map(|f| ((f.get("provider"), f.get("instance"), f.get("region")), f)).collect();
    for fact in tables.iter().flat_map(Table::rows) {
        let (provider, code) = (fact.get("provider"), fact.get("region"));
        let region = draft.region(provider, code).ok_or_else(|| fact.error("the region is not in regions.csv"))?;
        shape(draft, fact, &plans)?;
        offer(draft, fact, region, &plans)?;
    }
    caps(draft, &plans)
}

fn shape(draft: &mut Draft, fact: Fact<'_>, plans: &Plans<'_>) -> Result<(), Error> {
    let (provider, name) = (fact.get("provider"), fact.get("instance"));
    let arch = match fact.get("arch") {
        "x86_64" => Arch::X86_64,
        "arm64" => Arch::Arm64,
        _ => return Err(fact.error("unknown architecture")),
    };
    let cpu_kind = CpuKind::parse(fact.get("cpu_kind")).ok_or_else(|| fact.error("unknown cpu_kind"))?;
    let source = draft.sources.of(fact);
    // The fact table counts a share of a card as a whole one; the hand-kept table knows better.
    let gpu = plans.get(&(provider, name, "*")).copied().filter(|f| !f.get("gpu_count").is_empty()).unwrap_or(fact);
    let shape = DraftShape {
        arch,
        vcpu_milli: fact.scaled("vcpu", 1000)?,
        memory_mib: fact.scaled("memory_gib", 1024)?,
        cpu_kind,
        gpu_milli: gpu.scaled("gpu_count", 1000)?,
        gpu_model: fact.get("gpu_model").to_owned(),
        disk_gb: plan_number(plans, (provider, name, "*"), "disk_gb")?,
        source,
    };
    // The first region's row is the shape's source; the tables agree on the figures themselves.
    draft.shapes.entry((provider.to_owned(), name.to_owned())).or_insert(shape);
    Ok(())
}

fn plan_number(plans: &Plans<'_>, key: (&str, &str, &str), column: &str) -> Result<Option<u32>, Error> {
    let Some(fact) = plans.get(&key).filter(|f| !f.get(column).is_empty()) else { return Ok(None) };
    fact.get(column).parse().map(Some).map_err(|_| fact.error(&format!("{column} is not a whole number")))
}

fn offer(draft: &mut Draft, fact: Fact<'_>, region: RegionId, plans: &Plans<'_>) -> Result<(), Error> {
    let (provider, name, code) = (fact.get("provider"), fact.get("instance"), fact.get("region"));
    let on_demand = fact.money("on_demand_usd_hour")?;
    // Spot capacity is never dearer than the list price: such a cell is a fault of its source.
    let spot = fact.money("spot_usd_hour")?.filter(|spot| on_demand.is_none_or(|list| *spot < list));
    let usd_hour = [on_demand, spot, fact.money("reserved_1y_usd_hour")?, fact.money("reserved_3y_usd_hour")?];
    let traffic = match plan_number(plans, (provider, name, code), "transfer_gb")? {
        Some(gb) => Some(gb),
        None => plan_number(plans, (provider, name, "*"), "transfer_gb")?,
    };
    let by_region = plan_number(plans, (provider, "*", code), "transfer_gb")?;
    let offer = DraftOffer {
        usd_hour,
        month_cap: None,
        included_gb: traffic.or(by_region).unwrap_or(0),
        quality: fact.quality()?.max(if usd_hour[0].is_none() { Quality::Derived } else { Quality::Listed }),
        source: draft.sources.of(fact),
    };
    draft.compute.insert((region, name.to_owned()), offer);
    Ok(())
}

/// Hours after which a month costs no more, for providers that cap by a fixed number of hours.
fn cap_hours(provider: &str) -> Option<i64> {
    match provider {
        // 28 days.
        "digitalocean" | "upcloud" => Some(672),
        // Monthly over hourly list price of every plan seen: 623 to 624.
        "hetzner" => Some(624),
        _ => None,
    }
}

fn caps(draft: &mut Draft, plans: &Plans<'_>) -> Result<(), Error> {
    // The cheapest region has Akamai's base price; two regions have a factor on it.
    let mut base: HashMap<String, Money> = HashMap::new();
    for ((region, name), offer) in &draft.compute {
        if let (true, Some(usd)) = (draft.at(*region).provider == "akamai", offer.usd_hour[0]) {
            base.entry(name.clone()).and_modify(|m| *m = usd.min(*m)).or_insert(usd);
        }
    }
    for ((region, name), offer) in &mut draft.compute {
        let at = &draft.regions[usize::from(region.0)];
        let Some(hour) = offer.usd_hour[0] else { continue };
        let local = plans.get(&(at.provider.as_str(), name.as_str(), at.code.as_str()));
        let listed = local.or_else(|| plans.get(&(at.provider.as_str(), name.as_str(), "*")));
        let month = listed.map(|fact| fact.money("month_usd")).transpose()?.flatten();
        offer.month_cap = match month {
            Some(usd) => Some(usd),
            None if at.provider == "akamai" => Some(akamai_month(hour, base[name], &at.code)),
            None => cap_hours(&at.provider).map(|hours| Money::from_nanos(hour.nanos() * hours)),
        };
    }
    Ok(())
}

/// Akamai lists months in whole dollars and rounds the hour up from 1/666.67 of it; the two dearer regions have the
/// base price of the month times a factor.
fn akamai_month(hour: Money, base: Money, code: &str) -> Money {
    let dollars = (base.nanos() * 2 / 3 + 500_000) / 1_000_000;
    let factor = match code {
        "br-gru" if hour > base => 14,
        "id-cgk" if hour > base => 12,
        _ => 10,
    };
    Money::from_nanos(dollars * factor * 100_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn akamai_months_are_the_listed_dollars() {
        let usd = |text: &str| Money::parse(text).unwrap();
        for (hour, month) in [("0.036", "24"), ("0.018", "12"), ("0.0075", "5"), ("0.432", "288"), ("1.5", "1000")] {
            assert_eq!(akamai_month(usd(hour), usd(hour), "us-east"), usd(month), "{hour}");
        }
        assert_eq!(akamai_month(usd("0.05"), usd("0.036"), "br-gru"), usd("33.6"));
        assert_eq!(akamai_month(usd("0.043"), usd("0.036"), "id-cgk"), usd("28.8"));
    }
}
