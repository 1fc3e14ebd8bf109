//! Scaleway: instance types per zone from its API (with a key), and prices from its public product catalog (without).
//!
//! The book's places are Scaleway's regions; a type that several zones of a region sell has the price of the first of
//! them. Prices are in euros before tax.

use super::rows::{self, Num};
use crate::catalog::{CpuKind, Item, PriceBook, Unit};
use crate::collect::observation::{Amount, Fact, Observation, Place, Priced, ShapeFact};
use crate::collect::source::{
    Auth, Collector, Context, Credential, Endpoint, ParseError, ProfileFile, Request, Sink, Source, UnitRule, shorten,
};
use crate::units::{Arch, Purchase};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::io::Read;

const UNITS: &[UnitRule] = &[UnitRule::one("hour", Unit::Hour)];
const ENDPOINTS: &[Endpoint] = &[Endpoint { name: "api", origin: "https://api.scaleway.com" }];
/// Entries of a page that are asked for.
const PER_PAGE: u32 = 100;
/// Entries of one list at most: the catalog has a few thousand.
const TOTAL_MAX: u32 = 100_000;

/// The instance API, by zone.
pub struct Instances;

impl Source for Instances {
    fn name(&self) -> &'static str {
        "scaleway"
    }
    fn provider(&self) -> &'static str {
        "scaleway"
    }
    fn about(&self) -> &'static str {
        "Scaleway Instance API"
    }
    fn endpoints(&self) -> &'static [Endpoint] {
        ENDPOINTS
    }
    fn credentials(&self) -> &'static [Credential] {
        &[Credential {
            name: "key",
            env: &["SCW_SECRET_KEY"],
            files: &[ProfileFile {
                path: ".config/scw/config.yaml",
                path_env: "SCW_CONFIG_PATH",
                profile_env: "SCW_PROFILE",
                read: profile_key,
            }],
            required: true,
        }]
    }
    fn units(&self) -> &'static [UnitRule] {
        UNITS
    }
    fn filters(&self) -> &'static [(&'static str, &'static str)] {
        &[("hourly_price", "stated"), ("end_of_service", "not true")]
    }
    fn open<'a>(&'a self, context: &'a Context<'a>) -> Box<dyn Collector + 'a> {
        Box::new(InstancesRun { regions: context.regions("scaleway"), seen: BTreeMap::new() })
    }
}

/// `secret_key:` of the default profile of `scw`'s own file.
fn profile_key(text: &str, profile: Option<&str>) -> Option<String> {
    if profile.is_some_and(|name| name != "default") {
        return None;
    }
    let key = text.lines().find_map(|line| line.strip_prefix("secret_key:"))?.trim().trim_matches(['"', '\'']);
    (!key.is_empty()).then(|| key.to_owned())
}

struct InstancesRun<'a> {
    regions: Vec<&'a str>,
    /// The first zone of each region and type.
    seen: BTreeMap<(String, String), String>,
}

#[derive(Deserialize)]
struct ServersPage<'a> {
    #[serde(borrow)]
    servers: BTreeMap<String, &'a RawValue>,
    total_count: Option<u32>,
}

#[derive(Deserialize)]
struct Server {
    hourly_price: Option<Num>,
    ncpus: Num,
    ram: Num,
    arch: String,
    gpu: Option<u32>,
    gpu_info: Option<GpuInfo>,
    #[serde(default)]
    end_of_service: bool,
}

#[derive(Deserialize)]
struct GpuInfo {
    gpu_manufacturer: Option<String>,
    gpu_name: Option<String>,
}

impl Collector for InstancesRun<'_> {
    fn plan(&mut self) -> Result<Vec<Request>, ParseError> {
        if self.regions.is_empty() {
            return Err(ParseError::form("the price book knows no region of Scaleway"));
        }
        let zones = self.regions.iter().flat_map(|region| (1..=3).map(move |zone| format!("{region}-{zone}")));
        Ok(zones.map(|zone| servers_page(&zone, 1)).collect())
    }

    fn parse(
        &mut self,
        request: &Request,
        body: &mut dyn Read,
        sink: &mut dyn Sink,
    ) -> Result<Vec<Request>, ParseError> {
        let bytes = rows::bytes(body)?;
        let page: ServersPage<'_> = serde_json::from_slice(&bytes)?;
        let (zone, number) = request.note.split_once(' ').unwrap_or((&request.note, "1"));
        for (name, raw) in &page.servers {
            if let Some(server) = rows::row::<Server>(raw, &format!("type {name} in {zone}"), sink) {
                self.server(zone, name, &server, raw.get(), sink);
            }
        }
        let number: u32 = number.parse().unwrap_or(1);
        let total = page.total_count.unwrap_or(0);
        if total > TOTAL_MAX {
            return Err(ParseError::form(format!("a list of {total} types")));
        }
        Ok((number * PER_PAGE < total).then(|| servers_page(zone, number + 1)).into_iter().collect())
    }
}

fn servers_page(zone: &str, page: u32) -> Request {
    let path = format!("/instance/v1/zones/{zone}/products/servers?page={page}&per_page={PER_PAGE}");
    let absent: &'static [u16] = &[400, 404];
    let request = Request::get("api", path).with_auth(Auth::Header("X-Auth-Token", "key"));
    // A zone that does not exist (yet) has nothing.
    Request { absent_statuses: absent, ..request.tagged("servers", format!("{zone} {page}")) }
}

/// The region of a zone: `fr-par` of `fr-par-1`.
fn region_of(zone: &str) -> &str {
    zone.rsplit_once('-').map_or(zone, |(region, _)| region)
}

impl InstancesRun<'_> {
    fn server(&mut self, zone: &str, name: &str, server: &Server, raw: &str, sink: &mut dyn Sink) {
        let Some(price) = &server.hourly_price else { return sink.skip("has no price by the hour") };
        if server.end_of_service {
            return sink.skip("at the end of its service");
        }
        let key = (region_of(zone).to_owned(), name.to_owned());
        if self.seen.entry(key).or_insert_with(|| zone.to_owned()) != zone {
            return sink.skip("another zone of the same region");
        }
        match shape(name, server) {
            Ok(shape) => {
                sink.observe(Observation::listed(Place::Everywhere, Fact::Shape(Box::new(shape)), shorten(raw)));
            }
            Err(reason) => return sink.refuse(&format!("type {name}"), &shorten(raw), reason),
        }
        let priced = Priced::Compute { shape: name.to_owned(), purchase: Purchase::OnDemand };
        let fact = Fact::Price(priced, Amount::new(&price.0, "EUR", "hour"));
        let said = format!("{name} in {zone}: hourly_price {}", price.0);
        sink.observe(Observation::listed(Place::region(region_of(zone)), fact, said));
    }
}

fn shape(name: &str, server: &Server) -> Result<ShapeFact, &'static str> {
    let gib = server.ram.value().and_then(|bytes| rows::over(bytes, Decimal::from(1_u64 << 30)));
    let gpus = server.gpu.unwrap_or(0);
    let model =
        server.gpu_info.as_ref().and_then(|gpu| Some((gpu.gpu_manufacturer.as_deref()?, gpu.gpu_name.as_deref()?)));
    let gpu_model = match (gpus, model) {
        (0, _) => String::new(),
        (_, Some((brand, model))) => rows::gpu_model(brand, model),
        (_, None) => return Err("the model of its accelerator is not said"),
    };
    let shared = ["BASIC", "DEV1", "GP1", "PLAY2", "PRO2", "STARDUST", "START1", "VC1", "C2", "ARM64", "X64"];
    Ok(ShapeFact {
        name: name.to_owned(),
        arch: match server.arch.as_str() {
            "x86_64" => Arch::X86_64,
            "arm64" => Arch::Arm64,
            _ => return Err("`arch` is neither x86_64 nor arm64"),
        },
        vcpu_milli: server
            .ncpus
            .value()
            .and_then(rows::milli)
            .filter(|milli| *milli > 0)
            .ok_or("`ncpus` is out of range")?,
        memory_mib: gib.and_then(rows::mib).ok_or("`ram` is out of range")?,
        cpu_kind: if shared.iter().any(|family| name.starts_with(family)) {
            CpuKind::Shared
        } else {
            CpuKind::Dedicated
        },
        gpu_milli: gpus.checked_mul(1000).ok_or("`gpu` is out of range")?,
        gpu_model,
        disk_included_gb: None,
    })
}

/// The public product catalog.
pub struct Catalog;

impl Source for Catalog {
    fn name(&self) -> &'static str {
        "scaleway-catalog"
    }
    fn provider(&self) -> &'static str {
        "scaleway"
    }
    fn about(&self) -> &'static str {
        "Scaleway public product catalog"
    }
    fn endpoints(&self) -> &'static [Endpoint] {
        ENDPOINTS
    }
    fn units(&self) -> &'static [UnitRule] {
        UNITS
    }
    fn filters(&self) -> &'static [(&'static str, &'static str)] {
        &[("product_types", "instance, load_balancer"), ("unit_of_measure.unit", "hour or minute")]
    }
    fn open<'a>(&'a self, context: &'a Context<'a>) -> Box<dyn Collector + 'a> {
        Box::new(CatalogRun { book: context.book, prices: BTreeMap::new() })
    }
}

/// (region, what) -> (zone, euros per hour, what stood there).
type Prices = BTreeMap<(String, Priced), (String, Decimal, String)>;

struct CatalogRun<'a> {
    book: &'a PriceBook,
    prices: Prices,
}

#[derive(Deserialize)]
struct CatalogPage<'a> {
    #[serde(borrow)]
    products: Vec<&'a RawValue>,
    total_count: u32,
}

#[derive(Deserialize)]
struct Product {
    sku: String,
    locality: Locality,
    price: Price,
    unit_of_measure: Measure,
    properties: Properties,
}

#[derive(Deserialize)]
struct Locality {
    zone: Option<String>,
}

#[derive(Deserialize)]
struct Price {
    retail_price: Money,
}

#[derive(Deserialize)]
struct Money {
    currency_code: String,
    #[serde(default)]
    units: Option<Num>,
    #[serde(default)]
    nanos: Option<Num>,
}

impl Money {
    fn value(&self) -> Option<Decimal> {
        let part = |part: &Option<Num>| part.as_ref().map_or(Some(Decimal::ZERO), Num::value);
        let nanos = rows::over(part(&self.nanos)?, Decimal::from(1_000_000_000))?;
        part(&self.units)?.checked_add(nanos)
    }
}

#[derive(Deserialize)]
struct Measure {
    unit: String,
    size: Num,
}

#[derive(Deserialize)]
struct Properties {
    instance: Option<Instance>,
    load_balancer: Option<LoadBalancer>,
}

#[derive(Deserialize)]
struct LoadBalancer {
    /// A load balancer itself, not its address.
    node: Option<Instance>,
}

#[derive(Deserialize)]
struct Instance {
    offer_id: String,
}

impl Collector for CatalogRun<'_> {
    fn plan(&mut self) -> Result<Vec<Request>, ParseError> {
        Ok(vec![catalog_page(1)])
    }

    fn parse(
        &mut self,
        request: &Request,
        body: &mut dyn Read,
        sink: &mut dyn Sink,
    ) -> Result<Vec<Request>, ParseError> {
        let bytes = rows::bytes(body)?;
        let page: CatalogPage<'_> = serde_json::from_slice(&bytes)?;
        if page.total_count > TOTAL_MAX {
            return Err(ParseError::form(format!("a catalog of {} products", page.total_count)));
        }
        for raw in &page.products {
            let Some(product) = rows::row::<Product>(raw, "product", sink) else { continue };
            self.product(&product, raw.get(), sink);
        }
        let number: u32 = request.note.parse().unwrap_or(1);
        let more = number * PER_PAGE < page.total_count;
        if more && page.products.is_empty() {
            return Err(ParseError::form("a page in the middle of the catalog is empty"));
        }
        Ok(more.then(|| catalog_page(number + 1)).into_iter().collect())
    }

    fn finish(&mut self, sink: &mut dyn Sink) -> Result<(), ParseError> {
        for ((region, priced), (_, price, raw)) in &self.prices {
            let fact = Fact::Price(priced.clone(), Amount::new(rows::text(*price), "EUR", "hour"));
            sink.observe(Observation::listed(Place::region(region), fact, raw.as_str()));
        }
        Ok(())
    }
}

fn catalog_page(page: u32) -> Request {
    let path = "/product-catalog/v2alpha1/public-catalog/products?product_types=instance&product_types=load_balancer";
    Request::get("api", format!("{path}&page={page}&page_size={PER_PAGE}")).tagged("products", page.to_string())
}

impl CatalogRun<'_> {
    fn product(&mut self, product: &Product, raw: &str, sink: &mut dyn Sink) {
        let balancer = product.properties.load_balancer.as_ref().and_then(|balancer| balancer.node.as_ref());
        let (offer, what) = match (&product.properties.instance, balancer) {
            (Some(instance), _) => {
                let shape = instance.offer_id.clone();
                (instance, Priced::Compute { shape, purchase: Purchase::OnDemand })
            }
            (None, Some(balancer)) => (balancer, rows::tariff(Item::LoadBalancer, &balancer.offer_id)),
            (None, None) => return sink.skip("neither an instance nor a load balancer"),
        };
        if product.sku.contains("windows") {
            return sink.skip("not Linux");
        }
        let Some(zone) = product.locality.zone.as_deref().filter(|zone| !zone.is_empty()) else {
            return sink.refuse(&product.sku, &shorten(raw), "its zone is not said");
        };
        if product.price.retail_price.currency_code != "EUR" {
            return sink.refuse(&product.sku, &shorten(raw), "its price is not in euros");
        }
        // The catalog has no processors' kind and architecture in words: only known types are priced.
        let is_machine = matches!(what, Priced::Compute { .. });
        if is_machine && !self.book.shapes.iter().any(|shape| shape.name == offer.offer_id) {
            return sink.skip("a type that the book does not know");
        }
        let hours = match product.unit_of_measure.unit.as_str() {
            "hour" => Decimal::ONE,
            "minute" => Decimal::from(60),
            _ => return sink.skip("not priced by time"),
        };
        let price = product
            .price
            .retail_price
            .value()
            .and_then(|price| rows::over(rows::times(price, hours)?, product.unit_of_measure.size.value()?));
        let Some(price) = price else { return sink.refuse(&product.sku, &shorten(raw), "its price is out of range") };
        let key = (region_of(zone).to_owned(), what);
        let found = (zone.to_owned(), price, format!("{} {} EUR per hour", product.sku, rows::text(price)));
        match self.prices.entry(key) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(found);
            }
            std::collections::btree_map::Entry::Occupied(mut entry) if found.0 < entry.get().0 => {
                entry.insert(found);
            }
            std::collections::btree_map::Entry::Occupied(entry)
                if found.0 == entry.get().0 && found.1 != entry.get().1 =>
            {
                sink.refuse(&product.sku, &shorten(raw), "two prices of one type in one zone");
            }
            std::collections::btree_map::Entry::Occupied(_) => sink.skip("another zone of the same region"),
        }
    }
}
