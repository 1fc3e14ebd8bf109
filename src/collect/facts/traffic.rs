//! Internet egress and traffic inside a provider.

use super::Error;
use super::draft::Draft;
use super::read::{Fact, Table};
use crate::catalog::{EgressLadder, Price, RegionId, Tier, TransferBilling, TransferRule, TransferTo, Unit};
use crate::units::{Quality, Quantity};
use std::collections::BTreeMap;

/// Providers whose traffic between their own regions takes the public internet and is billed as such.
const OVER_INTERNET: [&str; 10] = [
    "akamai",
    "backblaze",
    "cloudflare-r2",
    "digitalocean",
    "exoscale",
    "hetzner",
    "ovh",
    "scaleway",
    "upcloud",
    "vultr",
];

/// Fills the draft's ladders and transfer rules.
pub fn traffic(draft: &mut Draft, tables: &[Table]) -> Result<(), Error> {
    let mut ladders: BTreeMap<(RegionId, String), EgressLadder> = BTreeMap::new();
    let mut rules: BTreeMap<(RegionId, TransferTo), TransferBilling> = BTreeMap::new();
    for fact in tables.iter().flat_map(Table::rows) {
        for region in sending(draft, fact)? {
            match fact.get("scope") {
                "internet" => rung(draft, &mut ladders, region, fact)?,
                "inter_zone" => {
                    let several = draft.at(region).zones.is_none_or(|zones| zones > 1);
                    if several {
                        rules.insert((region, TransferTo::OtherZone), TransferBilling::Flat(per_gb(draft, fact)?));
                    }
                }
                "inter_region" => inter_region(draft, &mut rules, region, fact)?,
                "same_zone" => {}
                _ => return Err(fact.error("unknown scope")),
            }
        }
    }
    for (region, at) in (0..).map(RegionId).zip(&draft.regions) {
        if OVER_INTERNET.contains(&at.provider.as_str()) && ladders.keys().any(|(r, _)| *r == region) {
            rules.entry((region, TransferTo::AnyRegion)).or_insert(TransferBilling::AsInternet);
        }
    }
    draft.ladders = ladders.into_values().collect();
    draft.transfers = rules.into_iter().map(|((region, to), billing)| TransferRule { region, to, billing }).collect();
    Ok(())
}

/// The regions that a row is about. Rows of regions that are not in the book are left out.
fn sending(draft: &Draft, fact: Fact<'_>) -> Result<Vec<RegionId>, Error> {
    let (provider, code) = (fact.get("provider"), fact.get("from_region"));
    if code == "*" {
        return Ok((0..)
            .map(RegionId)
            .zip(&draft.regions)
            .filter(|(_, r)| r.provider == provider)
            .map(|(id, _)| id)
            .collect());
    }
    match draft.region(provider, code) {
        Some(id) => Ok(vec![id]),
        None => Err(fact.error("the region is not in regions.csv")),
    }
}

fn per_gb(draft: &mut Draft, fact: Fact<'_>) -> Result<Price, Error> {
    let usd = fact.money("usd_per_gb")?.ok_or_else(|| fact.error("the price is missing"))?;
    let source = draft.sources.of(fact);
    Ok(Price { usd, unit: Unit::Gb, source, quality: quality(fact)?, uncertainty_pct: 0 })
}

/// The table of egress has no column for quality: what a source line calls unverified, derived or converted from
/// euros is derived.
fn quality(fact: Fact<'_>) -> Result<Quality, Error> {
    let source = fact.get("source");
    let unsure = ["unverified", "derived", "EUR", "withdrawn", "charged on each side", "generic"];
    let stated = fact.quality()?;
    Ok(if unsure.iter().any(|word| source.contains(word)) { stated.max(Quality::Derived) } else { stated })
}

fn rung(
    draft: &mut Draft,
    ladders: &mut BTreeMap<(RegionId, String), EgressLadder>,
    region: RegionId,
    fact: Fact<'_>,
) -> Result<(), Error> {
    let price = per_gb(draft, fact)?;
    let from = fact.quantity("tier_from_gb")?.unwrap_or(Quantity::ZERO);
    // Hetzner's allowance belongs to the server and stands with the machine; counting it here too would double it.
    let per_server = draft.at(region).provider == "hetzner";
    let included = if per_server { None } else { fact.quantity("included_gb_month")? };
    let to = fact.get("to").to_owned();
    let ladder = ladders.entry((region, to.clone())).or_insert_with(|| EgressLadder {
        region,
        to,
        included_gb: Quantity::ZERO,
        tiers: Vec::new(),
    });
    ladder.included_gb = ladder.included_gb.max(included.unwrap_or(Quantity::ZERO));
    if ladder.tiers.iter().all(|tier| tier.from != from) {
        ladder.tiers.push(Tier { from, price });
        ladder.tiers.sort_by_key(|tier| tier.from);
    }
    Ok(())
}

fn inter_region(
    draft: &mut Draft,
    rules: &mut BTreeMap<(RegionId, TransferTo), TransferBilling>,
    region: RegionId,
    fact: Fact<'_>,
) -> Result<(), Error> {
    let source = fact.get("source");
    let as_internet = source.contains("billed as outbound") || source.contains("billed like internet");
    let to_word = fact.get("to");
    let provider = draft.at(region).provider.clone();
    if provider == "hetzner" {
        // Free only inside the private network of one network zone: the three EU locations.
        for code in ["fsn1", "nbg1", "hel1"] {
            let to = draft.region(&provider, code).filter(|&to| to != region);
            if let Some(to) = to {
                rules.insert((region, TransferTo::Region(to)), TransferBilling::Flat(per_gb(draft, fact)?));
            }
        }
        return Ok(());
    }
    let to = match draft.region(&provider, to_word) {
        Some(to) => TransferTo::Region(to),
        None if to_word == "*" => TransferTo::AnyRegion,
        None if draft.regions.iter().any(|r| r.continent == to_word) => TransferTo::Continent(to_word.to_owned()),
        // A region that left the list.
        None => return Ok(()),
    };
    let billing = if as_internet { TransferBilling::AsInternet } else { TransferBilling::Flat(per_gb(draft, fact)?) };
    // The newer table comes later for a pair that stands in two.
    rules.insert((region, to), billing);
    Ok(())
}
