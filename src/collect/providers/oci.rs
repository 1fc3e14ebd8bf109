//! Oracle Cloud: the public price list.
//!
//! One document for all commercial regions. Machines are composed: OCPU price x OCPUs + memory price x GB, for the
//! shapes and regions that the book sells already (the list says neither). A product with a free allotment has two
//! prices; what counts is the last, which is what one more unit costs.

use super::rows::{self, Num};
use crate::catalog::{Item, ManagedOffer, PriceBook, RegionId, Unit};
use crate::collect::observation::{Amount, Fact, ManagedTier, Observation, Place, Priced};
use crate::collect::source::{Collector, Context, Endpoint, ParseError, Request, Sink, Source, UnitRule, shorten};
use crate::units::{Purchase, Quantity};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::io::Read;

/// The public price list.
pub struct Oci;

impl Source for Oci {
    fn name(&self) -> &'static str {
        "oci-price-list"
    }
    fn provider(&self) -> &'static str {
        "oci"
    }
    fn about(&self) -> &'static str {
        "Oracle Cloud price list"
    }
    fn endpoints(&self) -> &'static [Endpoint] {
        &[Endpoint { name: "list", origin: "https://apexapps.oracle.com" }]
    }
    fn units(&self) -> &'static [UnitRule] {
        const UNITS: &[UnitRule] = &[
            UnitRule::one("hour", Unit::Hour),
            UnitRule::one("GB and month", Unit::GbMonth),
            UnitRule::one("GB", Unit::Gb),
            UnitRule::many("10,000 requests", Unit::MillionRequests, "0.01"),
        ];
        UNITS
    }
    fn filters(&self) -> &'static [(&'static str, &'static str)] {
        &[("model", "PAY_AS_YOU_GO"), ("currencyCode", "USD"), ("region", "commercial")]
    }
    fn open<'a>(&'a self, context: &'a Context<'a>) -> Box<dyn Collector + 'a> {
        Box::new(Run { book: context.book, rates: BTreeMap::new() })
    }
}

/// Part numbers of a machine family's OCPU and memory.
const FAMILIES: [(&str, &str, &str); 8] = [
    ("VM.Standard.E4.Flex", "B93113", "B93114"),
    ("VM.Standard.E5.Flex", "B97384", "B97385"),
    ("VM.Standard.E6.Flex", "B111129", "B111130"),
    ("VM.Standard3.Flex", "B94176", "B94177"),
    ("VM.Optimized3.Flex", "B93311", "B93312"),
    ("VM.Standard.A1.Flex", "B93297", "B93298"),
    ("VM.Standard.A2.Flex", "B109529", "B109530"),
    ("VM.Standard.A4.Flex", "B112145", "B112146"),
];

/// Tariffs that are one part: number, item, product, unit, word that its metric has to have.
const TARIFFS: [(&str, Item, &str, &str, &str); 5] = [
    ("B93030", Item::LoadBalancer, "Flexible load balancer", "hour", "Hour"),
    ("B91961", Item::BlockStorage, "Block volume lower cost", "GB and month", "Month"),
    ("B91628", Item::ObjectStorage, "Object Storage standard", "GB and month", "Month"),
    ("B91627", Item::ObjectWrites, "Object Storage standard", "10,000 requests", "Request"),
    ("B96545", Item::KubernetesControlPlane, "OKE enhanced", "hour", "Hour"),
];

/// Performance units per GB of a balanced block volume.
const BALANCED_VPUS: i64 = 10;
/// A price range without an end.
const RANGE_END: i64 = 999_999_999_999_999;

struct Rate {
    /// Dollars for one more unit.
    usd: Decimal,
    /// Units per month that are free.
    free: Decimal,
    metric: String,
    /// Several priced steps: no single rate.
    stepped: bool,
}

struct Run<'a> {
    book: &'a PriceBook,
    rates: BTreeMap<String, Rate>,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the API's own names")]
struct Part {
    part_number: String,
    metric_name: String,
    currency_code_localizations: Vec<Localization>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Localization {
    currency_code: String,
    prices: Vec<Price>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Price {
    model: String,
    value: Num,
    range_min: Option<Num>,
    range_max: Option<Num>,
}

impl Collector for Run<'_> {
    fn plan(&mut self) -> Result<Vec<Request>, ParseError> {
        Ok(vec![Request::get("list", "/pls/apex/cetools/api/v1/products/?currencyCode=USD")])
    }

    fn parse(&mut self, _: &Request, body: &mut dyn Read, sink: &mut dyn Sink) -> Result<Vec<Request>, ParseError> {
        let bytes = rows::bytes(body)?;
        let page: Page<'_> = serde_json::from_slice(&bytes)?;
        let mut rates = BTreeMap::new();
        for raw in &page.items {
            let Some(part) = rows::row::<Part>(raw, "product", sink) else { continue };
            match rate(&part) {
                Ok(rate) => {
                    if rates.insert(part.part_number.clone(), rate).is_some() {
                        return Err(ParseError::form(format!("part {} is there twice", shorten(&part.part_number))));
                    }
                }
                Err(reason) => sink.refuse(&format!("part {}", part.part_number), &shorten(raw.get()), reason),
            }
        }
        self.rates = rates;
        Ok(Vec::new())
    }

    fn finish(&mut self, sink: &mut dyn Sink) -> Result<(), ParseError> {
        if !FAMILIES.iter().any(|(_, ocpu, _)| self.rates.contains_key(*ocpu)) {
            return Err(ParseError::form("none of the known parts is in the list"));
        }
        let provider = self.book.find_provider("oci");
        let regions: Vec<RegionId> = self
            .book
            .region_ids()
            .filter(|id| Some(self.book.region(*id).provider) == provider && commercial(&self.book.region(*id).code))
            .collect();
        for region in regions {
            self.machines(region, sink);
            self.managed(region, sink);
            self.tariffs(region, sink);
        }
        Ok(())
    }
}

/// Government and dedicated regions have lists of their own.
fn commercial(code: &str) -> bool {
    !["-gov-", "-dcc-", "us-langley-1", "us-luke-1", "eu-frankfurt-2", "eu-madrid-2"]
        .iter()
        .any(|own| code.contains(own))
}

/// What one more unit of a part costs.
fn rate(part: &Part) -> Result<Rate, &'static str> {
    let dollars =
        part.currency_code_localizations.iter().find(|l| l.currency_code == "USD").ok_or("no price in USD")?;
    let mut steps = Vec::new();
    for price in dollars.prices.iter().filter(|price| price.model == "PAY_AS_YOU_GO") {
        let from = price.range_min.as_ref().map_or(Some(Decimal::ZERO), Num::value);
        let to = price.range_max.as_ref().map_or(Some(RANGE_END.into()), Num::value);
        steps.push((from.ok_or("`rangeMin`")?, to.ok_or("`rangeMax`")?, price.value.value().ok_or("`value`")?));
    }
    steps.sort_unstable();
    let contiguous = steps.windows(2).all(|pair| pair[0].1 == pair[1].0);
    let (Some(first), Some(last)) = (steps.first(), steps.last()) else { return Err("no pay-as-you-go price") };
    if !contiguous || first.0 != Decimal::ZERO || last.1 < RANGE_END.into() {
        return Err("its ranges have a gap, overlap, or end");
    }
    let free = if first.2.is_zero() { first.1 } else { Decimal::ZERO };
    let priced = steps.iter().filter(|step| !step.2.is_zero()).count();
    let metric = part.metric_name.clone();
    Ok(Rate { usd: last.2, free: if steps.len() > 1 { free } else { Decimal::ZERO }, metric, stepped: priced > 1 })
}

impl Run<'_> {
    /// The rate of a part whose metric has a word; parts with several prices, and zeros, are no rates.
    fn rate(&self, part: &str, word: &str) -> Option<&Rate> {
        let rate = self.rates.get(part)?;
        (!rate.stepped && rate.usd > Decimal::ZERO && rate.metric.contains(word)).then_some(rate)
    }

    fn machines(&self, region: RegionId, sink: &mut dyn Sink) {
        for offer in self.book.compute_at(region) {
            let name = &self.book.shape(offer.shape).name;
            let composed = name.split_once(':').and_then(|(family, size)| {
                let (_, ocpu, memory) = FAMILIES.iter().find(|(known, _, _)| *known == family)?;
                let (ocpus, gb) = size.split_once('x')?;
                let (ocpu, memory) = (self.rate(ocpu, "Hour")?, self.rate(memory, "Hour")?);
                let sum = rows::times(ocpu.usd, rows::decimal(ocpus)?)?;
                sum.checked_add(rows::times(memory.usd, rows::decimal(gb)?)?)
            });
            let Some(hour) = composed else {
                sink.skip("a shape that the price list does not compose");
                continue;
            };
            let place = || Place::region(&self.book.region(region).code);
            let said = format!("{name}: {} USD per hour", rows::text(hour));
            let priced = |purchase| Priced::Compute { shape: name.clone(), purchase };
            let fact = Fact::Price(priced(Purchase::OnDemand), Amount::usd(rows::text(hour), "hour"));
            sink.observe(Observation::derived(place(), fact, "OCPU price x OCPUs + memory price x GB", said.as_str()));
            // Whether a shape is sold preemptible is in the book; the list does not say.
            if offer.usd_hour[Purchase::Spot as usize].is_some()
                && let Some(half) = rows::over(hour, Decimal::TWO)
            {
                let fact = Fact::Price(priced(Purchase::Spot), Amount::usd(rows::text(half), "hour"));
                sink.observe(Observation::derived(
                    place(),
                    fact,
                    "half of the on-demand price, as Oracle states",
                    said,
                ));
            }
        }
    }

    fn managed(&self, region: RegionId, sink: &mut dyn Sink) {
        for offer in self.book.managed_at(region) {
            let Some((hour, rule)) = self.managed_hour(offer) else {
                sink.skip("a service that the price list does not compose");
                continue;
            };
            let tier = ManagedTier {
                kind: offer.kind,
                product: offer.product.clone(),
                tier: offer.tier.clone(),
                multi_zone: offer.multi_zone,
            };
            let said = format!("{}: {} USD per hour", offer.name(), rows::text(hour));
            let managed = Priced::Managed {
                tier,
                vcpu_milli: offer.vcpu_milli,
                memory_mib: offer.memory_mib,
                storage_included_gb: offer.storage_included_gb,
            };
            let fact = Fact::Price(managed, Amount::usd(rows::text(hour), "hour"));
            sink.observe(Observation::derived(Place::region(&self.book.region(region).code), fact, rule, said));
        }
    }

    /// An hour of a service: `OCI Database with PostgreSQL` on E5 machines, or `OCI Cache` by memory; two of it when it
    /// is to survive a zone.
    fn managed_hour(&self, offer: &ManagedOffer) -> Option<(Decimal, &'static str)> {
        let gb = Decimal::from(offer.memory_mib.checked_div(1024)?);
        let nodes = Decimal::from(if offer.multi_zone { 2 } else { 1 });
        let (node, rule) = match offer.product.as_str() {
            "OCI Database with PostgreSQL" if offer.tier.starts_with("E5 ") => {
                // An OCPU is two vCPUs.
                let ocpus = rows::over(offer.vcpu_milli.into(), Decimal::from(2000))?;
                let service = self.rate("B99060", "Hour")?.usd.checked_add(self.rate("B97384", "Hour")?.usd)?;
                let sum = rows::times(service, ocpus)?;
                let sum = sum.checked_add(rows::times(self.rate("B97385", "Hour")?.usd, gb)?)?;
                (sum, "(service + E5 OCPU) x OCPUs + E5 memory x GB, per node")
            }
            "OCI Cache" => {
                let part = if gb <= Decimal::TEN { "B98217" } else { "B99591" };
                (rows::times(self.rate(part, "Hour")?.usd, gb)?, "price of a GB x GB, per node")
            }
            _ => return None,
        };
        Some((rows::times(node, nodes)?, rule))
    }

    fn tariffs(&self, region: RegionId, sink: &mut dyn Sink) {
        let region = self.book.region(region);
        let place = || Place::region(&region.code);
        for (part, item, product, unit, word) in TARIFFS {
            let Some(rate) = self.rate(part, word) else { continue };
            let items: &[Item] =
                if item == Item::ObjectWrites { &[Item::ObjectWrites, Item::ObjectReads] } else { &[item] };
            for item in items {
                let fact = Fact::Price(rows::tariff(*item, product), Amount::usd(rows::text(rate.usd), unit));
                let said = format!("{part} {} {}", rate.metric, rows::text(rate.usd));
                sink.observe(Observation::listed(place(), fact, said));
            }
        }
        if let (Some(volume), Some(vpu)) = (self.rate("B91961", "Month"), self.rate("B91962", "Month"))
            && let Some(usd) = rows::times(vpu.usd, BALANCED_VPUS.into()).and_then(|vpus| vpus.checked_add(volume.usd))
        {
            let balanced = rows::tariff(Item::BlockStorage, "Block volume balanced");
            let fact = Fact::Price(balanced, Amount::usd(rows::text(usd), "GB and month"));
            let said = format!("B91961 {} + 10 x B91962 {}", rows::text(volume.usd), rows::text(vpu.usd));
            sink.observe(Observation::derived(place(), fact, "volume + 10 performance units per GB", said));
        }
        let part = match region.continent.as_str() {
            "north-america" | "europe" => "B88327",
            "middle-east" | "africa" => "B93456",
            _ => "B93455",
        };
        let Some(rate) = self.rate(part, "Gigabyte") else { return };
        let Some(included_gb) = rows::gb(rate.free) else { return };
        let egress = Priced::Egress { to: "*".to_owned(), included_gb, from: Quantity::ZERO };
        let fact = Fact::Price(egress, Amount::usd(rows::text(rate.usd), "GB"));
        let said = format!("{part} {} {} after {}", rate.metric, rows::text(rate.usd), rows::text(rate.free));
        sink.observe(Observation::listed(place(), fact, said));
    }
}
