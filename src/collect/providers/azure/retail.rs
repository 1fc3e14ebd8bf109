//! The Retail Prices API: machines, and the services that the book prices by tariff or tier.
//!
//! Machines are asked for region by region, because paging is by offset and a price update in the middle of a long walk
//! loses rows. What excludes a row is tested here and not in the filter, which knows no `not contains`. Reservations
//! carry the price of the whole term.

use super::services::{self, Tiers};
use crate::catalog::{Item, Unit};
use crate::collect::observation::{Amount, Fact, Observation, Place, Priced};
use crate::collect::providers::rows::{self, Num};
use crate::collect::source::{Collector, Context, Endpoint, ParseError, Request, Sink, Source, UnitRule, shorten};
use crate::units::{Purchase, Quantity};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::time::Duration;

/// The public API.
pub struct Retail;

impl Source for Retail {
    fn name(&self) -> &'static str {
        "azure-retail"
    }
    fn provider(&self) -> &'static str {
        "azure"
    }
    fn about(&self) -> &'static str {
        "Azure Retail Prices API"
    }
    fn endpoints(&self) -> &'static [Endpoint] {
        &[Endpoint { name: "prices", origin: "https://prices.azure.com" }]
    }
    fn units(&self) -> &'static [UnitRule] {
        const UNITS: &[UnitRule] = &[
            UnitRule::one("1 Hour", Unit::Hour),
            UnitRule::one("1/Hour", Unit::Hour),
            UnitRule::one("1/Month", Unit::Month),
            UnitRule::one("1 GB/Month", Unit::GbMonth),
            UnitRule::one("1 GB", Unit::Gb),
            UnitRule::many("10K", Unit::MillionRequests, "0.01"),
        ];
        UNITS
    }
    fn filters(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("productName", "not Windows, not Cloud Services, not Dedicated Host"),
            ("skuName", "not Low Priority"),
            ("type", "Consumption or Reservation"),
            ("effectiveStartDate", "not in the future"),
            ("armSkuName", "not empty, for machines"),
        ]
    }
    fn deadline(&self) -> Duration {
        Duration::from_secs(2 * 3600)
    }
    fn open<'a>(&'a self, context: &'a Context<'a>) -> Box<dyn Collector + 'a> {
        Box::new(Run {
            regions: context.regions("azure"),
            today: context.today,
            machines: BTreeMap::new(),
            seen: BTreeSet::new(),
            tiers: Tiers::new(context.book),
        })
    }
}

/// Everything but machines, by one filter each.
const SERVICES: [&str; 12] = [
    "serviceName eq 'NAT Gateway' and priceType eq 'Consumption'",
    "serviceName eq 'Load Balancer' and priceType eq 'Consumption'",
    "serviceName eq 'Bandwidth' and priceType eq 'Consumption'",
    "serviceName eq 'Virtual Network' and productName eq 'IP Addresses' and priceType eq 'Consumption'",
    "serviceName eq 'Azure Kubernetes Service' and priceType eq 'Consumption'",
    "serviceName eq 'Storage' and skuName eq 'Hot LRS' and priceType eq 'Consumption'",
    "serviceName eq 'Redis Cache' and priceType eq 'Consumption'",
    "serviceName eq 'Azure Database for PostgreSQL' and priceType eq 'Consumption'",
    "serviceName eq 'Azure Database for MySQL' and priceType eq 'Consumption'",
    "serviceName eq 'Event Hubs' and priceType eq 'Consumption'",
    "serviceName eq 'Storage' and meterName eq 'P4 LRS Disk' and priceType eq 'Consumption'",
    "serviceName eq 'Storage' and meterName eq 'E30 LRS Disk' and priceType eq 'Consumption'",
];

/// A machine at a region, bought one way.
type Key = (String, String, Purchase);

struct Run<'a> {
    regions: Vec<&'a str>,
    today: &'a str,
    /// The machines' prices: the latest one in force, with since when.
    machines: BTreeMap<Key, (String, Observation)>,
    /// Rows that were read: paging by offset repeats some.
    seen: BTreeSet<[String; 6]>,
    tiers: Tiers<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page<'a> {
    billing_currency: String,
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
    next_page_link: Option<String>,
}

/// One row of a page.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemRow {
    currency_code: String,
    tier_minimum_units: Num,
    /// Dollars per unit.
    pub retail_price: Num,
    /// The region's code.
    pub arm_region_name: String,
    effective_start_date: String,
    effective_end_date: Option<String>,
    meter_id: String,
    /// `vCore`, `P4 LRS Disk`, ...
    pub meter_name: String,
    /// `Azure Redis Cache Standard`, ...
    pub product_name: String,
    sku_id: String,
    /// `4 vCore`, `C3`, ...
    pub sku_name: String,
    /// `Redis Cache`, ...
    pub service_name: String,
    /// `1 Hour`, ...
    pub unit_of_measure: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    arm_sku_name: String,
    reservation_term: Option<String>,
}

impl Collector for Run<'_> {
    fn plan(&mut self) -> Result<Vec<Request>, ParseError> {
        if self.regions.is_empty() {
            return Err(ParseError::form("the price book knows no region of Azure"));
        }
        let machines = self.regions.iter().flat_map(|region| {
            let by_type = |kind| {
                format!("serviceName eq 'Virtual Machines' and armRegionName eq '{region}' and priceType eq '{kind}'")
            };
            [by_type("Consumption"), by_type("Reservation")]
        });
        let services = SERVICES.iter().map(|filter| (*filter).to_owned());
        let path = |filter: &str| {
            let filter = rows::escape(filter);
            format!("/api/retail/prices?api-version=2023-01-01-preview&currencyCode=%27USD%27&$filter={filter}")
        };
        Ok(machines.chain(services).map(|filter| Request::get("prices", path(&filter))).collect())
    }

    fn parse(
        &mut self,
        request: &Request,
        body: &mut dyn Read,
        sink: &mut dyn Sink,
    ) -> Result<Vec<Request>, ParseError> {
        let bytes = rows::bytes(body)?;
        let page: Page<'_> = serde_json::from_slice(&bytes)?;
        if page.billing_currency != "USD" {
            return Err(ParseError::form(format!("prices in `{}` instead of USD", shorten(&page.billing_currency))));
        }
        for raw in &page.items {
            if let Some(item) = rows::row::<ItemRow>(raw, "item", sink) {
                self.item(&item, raw.get(), sink);
            }
        }
        page.next_page_link.map(|link| request.at_link(&link)).into_iter().collect()
    }

    fn finish(&mut self, sink: &mut dyn Sink) -> Result<(), ParseError> {
        for (_, (_, observation)) in std::mem::take(&mut self.machines) {
            sink.observe(observation);
        }
        Ok(())
    }
}

impl Run<'_> {
    fn item(&mut self, item: &ItemRow, raw: &str, sink: &mut dyn Sink) {
        let key = [
            item.arm_region_name.clone(),
            item.sku_id.clone(),
            item.meter_id.clone(),
            item.kind.clone(),
            format!("{} {}", item.tier_minimum_units.0, item.effective_start_date),
            item.reservation_term.clone().unwrap_or_default(),
        ];
        if !self.seen.insert(key) {
            return sink.skip("a row that was there before");
        }
        let day = |stamp: &str| rows::day(stamp);
        let Some(start) = day(&item.effective_start_date) else {
            return sink.refuse(&item.meter_name, &shorten(raw), "`effectiveStartDate` is not a day");
        };
        if start.as_str() > self.today {
            return sink.skip("not in force yet");
        }
        if item.effective_end_date.as_deref().and_then(day).is_some_and(|end| end.as_str() < self.today) {
            return sink.skip("no longer in force");
        }
        if item.currency_code != "USD" {
            return sink.refuse(&item.meter_name, &shorten(raw), "not in USD");
        }
        if item.service_name == "Virtual Machines" {
            self.machine(item, start, raw, sink);
        } else {
            self.service(item, &start, raw, sink);
        }
    }

    fn machine(&mut self, item: &ItemRow, start: String, raw: &str, sink: &mut dyn Sink) {
        if let Some(reason) = not_a_plain_machine(item) {
            return sink.skip(reason);
        }
        let (purchase, hour, rule) = match price_of_machine(item) {
            Ok(found) => found,
            Err(reason) => return sink.refuse(&item.arm_sku_name, &shorten(raw), reason),
        };
        let Some(purchase) = purchase else { return sink.skip("a commitment of another length") };
        let shape = item.arm_sku_name.clone();
        let said = format!(
            "{} {} {}: {} per {}",
            item.arm_region_name, item.product_name, item.sku_name, item.retail_price.0, item.unit_of_measure
        );
        let place = Place::region(&item.arm_region_name);
        let fact =
            Fact::Price(Priced::Compute { shape: shape.clone(), purchase }, Amount::usd(hour, &item.unit_of_measure));
        let observation = match rule {
            "" => Observation::listed(place, fact, said),
            rule => Observation::derived(place, fact, rule, said),
        };
        let observation = rows::since(observation, Some(&start));
        let key = (item.arm_region_name.clone(), shape, purchase);
        match self.machines.get(&key) {
            // Of two rows in force the later one holds; of two of one day neither can be preferred.
            Some((known, _)) if *known > start => sink.skip("replaced by a later row"),
            Some((known, other)) if *known == start && other.fact != observation.fact => {
                sink.refuse(&item.arm_sku_name, &shorten(raw), "two different prices since the same day");
            }
            _ => {
                self.machines.insert(key, (start, observation));
            }
        }
    }
}

/// Why a row of the service is not a Linux machine on shared hosts.
fn not_a_plain_machine(item: &ItemRow) -> Option<&'static str> {
    let product = item.product_name.trim_end();
    let has = |text: &str, word: &str| text.contains(word);
    if has(product, "Windows") || product.ends_with("Win") {
        Some("Windows")
    } else if has(product, "CloudServices") || has(product, "Cloud Services") {
        Some("Cloud Services")
    } else if has(product, "Dedicated Host") {
        Some("dedicated host")
    } else if has(&item.sku_name, "Low Priority") || has(&item.meter_name, "Low Priority") {
        Some("low-priority machine")
    } else if item.arm_sku_name.is_empty() {
        Some("names no machine type")
    } else if item.kind == "DevTestConsumption" {
        Some("for development and test subscriptions")
    } else if item.arm_region_name.is_empty() || item.arm_region_name == "Global" {
        Some("at no region")
    } else {
        None
    }
}

/// How a machine's row is bought, its price per hour, and by which rule.
fn price_of_machine(item: &ItemRow) -> Result<(Option<Purchase>, String, &'static str), &'static str> {
    if item.unit_of_measure != "1 Hour" {
        return Err("`unitOfMeasure` is not `1 Hour`");
    }
    if item.tier_minimum_units.value() != Some(Decimal::ZERO) {
        return Err("a machine with a volume tier");
    }
    if item.kind == "Consumption" {
        let spot = item.sku_name.ends_with(" Spot") || item.meter_name.ends_with(" Spot");
        let purchase = if spot { Purchase::Spot } else { Purchase::OnDemand };
        return Ok((Some(purchase), item.retail_price.0.clone(), ""));
    }
    if item.kind != "Reservation" {
        return Err("`type` is not one that is known");
    }
    let (purchase, hours) = match item.reservation_term.as_deref() {
        Some("1 Year") => (Purchase::Reserved1y, 8760),
        Some("3 Years") => (Purchase::Reserved3y, 3 * 8760),
        Some("5 Years") => return Ok((None, String::new(), "")),
        _ => return Err("`reservationTerm` is not one that is known"),
    };
    let hour = item.retail_price.value().and_then(|term| rows::over(term, Decimal::from(hours)));
    let hour = hour.ok_or("`retailPrice` is out of range")?.round_dp(12);
    Ok((Some(purchase), rows::text(hour), "price of the term / its hours"))
}

impl Run<'_> {
    /// A row of another service.
    fn service(&self, item: &ItemRow, start: &str, raw: &str, sink: &mut dyn Sink) {
        let Some(from) = item.tier_minimum_units.value() else {
            return sink.refuse(&item.meter_name, &shorten(raw), "`tierMinimumUnits` is out of range");
        };
        let place = match item.arm_region_name.as_str() {
            "Global" => Place::Everywhere,
            "" => return sink.skip("at no region"),
            region => Place::region(region),
        };
        let mut found: Vec<services::Found> = Vec::new();
        if let Some(priced) = priced(item, from) {
            found.push((priced, Amount::usd(&item.retail_price.0, &item.unit_of_measure), ""));
        } else if from.is_zero() {
            found.extend(services::disk(item));
            found.extend(services::managed(item, &self.tiers));
        }
        if found.is_empty() {
            return sink.skip("a meter that the book has no use for");
        }
        for (priced, amount, rule) in found {
            let said = format!(
                "{} {} {}: {} per {} from {}",
                item.arm_region_name,
                item.sku_name,
                item.meter_name,
                item.retail_price.0,
                item.unit_of_measure,
                item.tier_minimum_units.0
            );
            let fact = Fact::Price(priced, amount);
            let observation = match rule {
                "" => Observation::listed(place.clone(), fact, said),
                rule => Observation::derived(place.clone(), fact, rule, said),
            };
            sink.observe(rows::since(observation, Some(start)));
        }
    }
}

fn priced(item: &ItemRow, from: Decimal) -> Option<Priced> {
    let first = from.is_zero();
    let step = |item, product: &str| {
        let from = rows::gb(from)?;
        Some(Priced::Tariff { item, product: product.to_owned(), from })
    };
    match (item.service_name.as_str(), item.product_name.as_str(), item.meter_name.as_str()) {
        ("Virtual Network", "IP Addresses", "Standard IPv4 Static Public IP") if first => {
            step(Item::PublicIpv4, "Standard static IPv4")
        }
        ("Azure Kubernetes Service", _, "Standard Uptime SLA") if first => {
            step(Item::KubernetesControlPlane, "AKS Standard")
        }
        ("Storage", "General Block Blob v2", "Hot LRS Data Stored") => step(Item::ObjectStorage, "Blob Hot LRS"),
        ("Storage", "General Block Blob v2", "Hot LRS Write Operations") if first => {
            step(Item::ObjectWrites, "Blob Hot LRS")
        }
        ("Storage", "General Block Blob v2", "Hot Read Operations" | "Hot LRS Read Operations") if first => {
            step(Item::ObjectReads, "Blob Hot LRS")
        }
        ("NAT Gateway", _, "Standard Gateway") if first => step(Item::NatGateway, "NAT Gateway"),
        ("NAT Gateway", _, "Standard Data Processed") if first => step(Item::NatData, "NAT Gateway"),
        ("Load Balancer", _, "Standard Included LB Rules and Outbound Rules") if first => {
            step(Item::LoadBalancer, "Standard Load Balancer")
        }
        ("Load Balancer", _, "Standard Data Processed") if first => {
            step(Item::LoadBalancerData, "Standard Load Balancer")
        }
        ("Bandwidth", "Rtn Preference: MGN", "Standard Data Transfer Out") => egress(from),
        _ => None,
    }
}

/// The first step is the 100 GB that are free; the others count from 0 with them. The book counts after what is free.
fn egress(from: Decimal) -> Option<Priced> {
    const FREE_GB: i64 = 100;
    if from.is_zero() {
        return None;
    }
    let steps_from = if from == FREE_GB.into() { Decimal::ZERO } else { from };
    Some(Priced::Egress { to: "*".to_owned(), included_gb: Quantity::from_units(FREE_GB), from: rows::gb(steps_from)? })
}
