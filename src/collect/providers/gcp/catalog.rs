//! The Cloud Billing catalog.
//!
//! It prices parts, not machines: a core, a GiB and an accelerator of a family by the hour. Machines are composed of
//! them at the end (`compose`). The catalog has no filter, so whole services are read; a price is `units` plus `nanos`
//! billionths, and both count.

use super::compose::Rates;
use crate::catalog::{Item, PriceBook, Unit};
use crate::collect::observation::{Amount, Fact, Observation, Place};
use crate::collect::providers::rows::{self, Num};
use crate::collect::source::{
    Auth, Collector, Context, Credential, Endpoint, ParseError, Request, Sink, Source, UnitRule, shorten,
};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::io::Read;
use std::time::Duration;

/// The catalog.
pub struct Catalog;

impl Source for Catalog {
    fn name(&self) -> &'static str {
        "gcp-catalog"
    }
    fn provider(&self) -> &'static str {
        "gcp"
    }
    fn about(&self) -> &'static str {
        "Google Cloud Billing catalog"
    }
    fn endpoints(&self) -> &'static [Endpoint] {
        &[Endpoint { name: "billing", origin: "https://cloudbilling.googleapis.com" }]
    }
    fn credentials(&self) -> &'static [Credential] {
        &[Credential { name: "key", env: &["GOOGLE_API_KEY", "GCP_API_KEY"], files: &[], required: true }]
    }
    fn units(&self) -> &'static [UnitRule] {
        const UNITS: &[UnitRule] = &[
            UnitRule::one("h", Unit::Hour),
            UnitRule::one("GiBy.mo", Unit::GbMonth),
            UnitRule::one("GiBy", Unit::Gb),
            UnitRule::many("count", Unit::MillionRequests, "0.000001"),
        ];
        UNITS
    }
    fn filters(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("usageType", "OnDemand, Preemptible, Commit1Yr or Commit3Yr"),
            ("description", "not Custom, Sole Tenancy, Reserved or DWS"),
            ("serviceRegions", "regions, not multi-regions"),
        ]
    }
    fn deadline(&self) -> Duration {
        Duration::from_secs(3600)
    }
    fn open<'a>(&'a self, context: &'a Context<'a>) -> Box<dyn Collector + 'a> {
        Box::new(Run { book: context.book, rates: Rates::default(), seen: BTreeSet::new() })
    }
}

/// Services by name; their ids are looked up.
const SERVICES: [&str; 5] =
    ["Compute Engine", "Cloud Storage", "Cloud SQL", "Networking", "Cloud Memorystore for Redis"];

struct Run<'a> {
    book: &'a PriceBook,
    rates: Rates,
    seen: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    #[serde(borrow)]
    services: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    skus: Option<Vec<&'a RawValue>>,
    #[serde(default)]
    next_page_token: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Service {
    service_id: String,
    display_name: String,
}

/// One priced part.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the API's own names")]
pub struct Sku {
    sku_id: String,
    /// `N2 Instance Core running in Americas`.
    pub description: String,
    /// What kind of part it is.
    pub category: Category,
    /// Region ids, multi-regions, or `global`.
    pub service_regions: Vec<String>,
    pricing_info: Vec<PricingInfo>,
}

/// What kind of part a SKU is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Category {
    service_display_name: String,
    /// `CPU`, `RAM`, `GPU`, ...
    pub resource_group: String,
    /// `OnDemand`, `Preemptible`, `Commit1Yr`, `Commit3Yr`.
    pub usage_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PricingInfo {
    effective_time: Option<String>,
    pricing_expression: Expression,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Expression {
    usage_unit: String,
    tiered_rates: Vec<TieredRate>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TieredRate {
    start_usage_amount: Num,
    unit_price: UnitPrice,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UnitPrice {
    currency_code: String,
    #[serde(default)]
    units: Option<Num>,
    #[serde(default)]
    nanos: Option<Num>,
}

impl UnitPrice {
    fn value(&self) -> Option<Decimal> {
        if self.currency_code != "USD" {
            return None;
        }
        let part = |part: &Option<Num>| part.as_ref().map_or(Some(Decimal::ZERO), Num::value);
        let nanos = rows::over(part(&self.nanos)?, Decimal::from(1_000_000_000))?;
        part(&self.units)?.checked_add(nanos)
    }
}

/// A SKU's price in force: steps in the order of their starts.
pub struct Price {
    /// `h`, `GiBy.h`, `GiBy`, ...
    pub unit: String,
    steps: Vec<(Decimal, Decimal)>,
    since: Option<String>,
}

impl Price {
    /// The price of one more unit.
    pub fn last(&self) -> Decimal {
        self.steps.last().map_or(Decimal::ZERO, |step| step.1)
    }
}

impl Sku {
    /// Its price, when it has one in dollars.
    pub fn price(&self) -> Result<Price, &'static str> {
        let info = self.pricing_info.first().ok_or("`pricingInfo` is empty")?;
        let mut steps = Vec::new();
        for rate in &info.pricing_expression.tiered_rates {
            let from = rate.start_usage_amount.value().ok_or("`startUsageAmount` is out of range")?;
            steps.push((from, rate.unit_price.value().ok_or("`unitPrice` is out of range or not in USD")?));
        }
        steps.sort_unstable();
        if steps.first().is_none_or(|step| !step.0.is_zero()) || steps.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err("`tieredRates` do not start at 0, or overlap");
        }
        if steps.iter().any(|step| step.1.is_sign_negative() && !step.1.is_zero()) {
            return Err("a negative price");
        }
        let unit = info.pricing_expression.usage_unit.clone();
        Ok(Price { unit, steps, since: info.effective_time.clone() })
    }
}

impl Collector for Run<'_> {
    fn plan(&mut self) -> Result<Vec<Request>, ParseError> {
        let request = Request::get("billing", "/v1/services?pageSize=5000");
        Ok(vec![request.with_auth(Auth::Header("x-goog-api-key", "key")).tagged("services", "/v1/services")])
    }

    fn parse(
        &mut self,
        request: &Request,
        body: &mut dyn Read,
        sink: &mut dyn Sink,
    ) -> Result<Vec<Request>, ParseError> {
        let bytes = rows::bytes(body)?;
        let page: Page<'_> = serde_json::from_slice(&bytes)?;
        let mut next = Vec::new();
        if request.tag == "services" {
            let services = page.services.ok_or_else(|| ParseError::form("the page has no list of services"))?;
            for raw in services {
                let Some(service) = rows::row::<Service>(raw, "service", sink) else { continue };
                if SERVICES.contains(&service.display_name.as_str()) {
                    let path = format!("/v1/services/{}/skus", rows::escape(&service.service_id));
                    let first = format!("{path}?currencyCode=USD&pageSize=5000");
                    next.push(Request { path: first, ..request.clone() }.tagged("skus", path));
                }
            }
        } else {
            let skus = page.skus.ok_or_else(|| ParseError::form("the page has no list of SKUs"))?;
            for raw in skus {
                if let Some(sku) = rows::row::<Sku>(raw, "SKU", sink) {
                    self.sku(&sku, raw.get(), sink);
                }
            }
        }
        if !page.next_page_token.is_empty() {
            let token = rows::escape(&page.next_page_token);
            let path = format!("{}?currencyCode=USD&pageSize=5000&pageToken={token}", request.note);
            next.push(Request { path, ..request.clone() });
        }
        Ok(next)
    }

    fn finish(&mut self, sink: &mut dyn Sink) -> Result<(), ParseError> {
        self.rates.machines(self.book, sink);
        self.rates.databases(self.book, sink);
        self.rates.caches(self.book, sink);
        Ok(())
    }
}

impl Run<'_> {
    fn sku(&mut self, sku: &Sku, raw: &str, sink: &mut dyn Sink) {
        if !self.seen.insert(sku.sku_id.clone()) {
            return sink.skip("a row that was there before");
        }
        let price = match sku.price() {
            Ok(price) => price,
            Err(reason) => return sink.refuse(&sku.description, &shorten(raw), reason),
        };
        let added = match sku.category.service_display_name.as_str() {
            "Compute Engine" => self.rates.add_machine_part(sku, &price),
            "Cloud SQL" => self.rates.add_database_part(sku, &price),
            "Cloud Memorystore for Redis" => self.rates.add_cache_part(sku, &price),
            _ => Ok(false),
        };
        match added {
            Ok(true) => return,
            Ok(false) => {}
            Err(reason) => return sink.refuse(&sku.description, &shorten(raw), reason),
        }
        let Some((item, product)) = tariff(sku) else { return sink.skip("a part that the book has no use for") };
        for region in &sku.service_regions {
            let place = if region == "global" { Place::Everywhere } else { Place::region(region) };
            if ["us", "europe", "asia", "eu"].contains(&region.as_str()) {
                sink.skip("a multi-region");
                continue;
            }
            observe_steps(sku, &price, &place, item, product, sink);
        }
    }
}

/// Every step of a tariff, or the marginal price where the first step is a small free allotment.
fn observe_steps(sku: &Sku, price: &Price, place: &Place, item: Item, product: &str, sink: &mut dyn Sink) {
    // A free first step is one per account and not per region: what is bought beyond it is what counts.
    let usd = price.last();
    let said = format!("{} {}: {} per {}", sku.sku_id, sku.description, rows::text(usd), price.unit);
    let fact = Fact::Price(rows::tariff(item, product), Amount::usd(rows::text(usd), &price.unit));
    let observation = match price.steps.len() {
        1 => Observation::listed(place.clone(), fact, said),
        _ => Observation::derived(place.clone(), fact, "the last of its steps", said),
    };
    sink.observe(rows::since(observation, price.since.as_deref()));
}

/// Parts that are a tariff of the book by themselves.
fn tariff(sku: &Sku) -> Option<(Item, &'static str)> {
    if sku.category.usage_type != "OnDemand" {
        return None;
    }
    let starts = |text: &str| sku.description.starts_with(text);
    match sku.category.resource_group.as_str() {
        "SSD" if starts("Balanced PD Capacity") && !starts("Regional") => Some((Item::BlockStorage, "pd-balanced")),
        "SSD" if starts("SSD backed PD Capacity") => Some((Item::BlockStorage, "pd-ssd")),
        "PDSnapshot" if starts("Storage PD Snapshot") => Some((Item::BackupStorage, "PD snapshot")),
        "IpAddress" if starts("External IP Charge on a Standard VM") => Some((Item::PublicIpv4, "External IPv4")),
        "RegionalStorage" if starts("Standard Storage ") && !sku.description.contains("Dual") => {
            Some((Item::ObjectStorage, "Cloud Storage standard"))
        }
        "RegionalOps" if starts("Regional Standard Class A Operations") => {
            Some((Item::ObjectWrites, "Cloud Storage standard"))
        }
        "RegionalOps" if starts("Regional Standard Class B Operations") => {
            Some((Item::ObjectReads, "Cloud Storage standard"))
        }
        _ if starts("Networking Cloud Nat Data Processing") => Some((Item::NatData, "Cloud NAT")),
        _ => None,
    }
}
