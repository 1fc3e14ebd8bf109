//! Hetzner Cloud: server types, load balancers, volumes, snapshots and addresses from its API.
//!
//! The API states prices net and gross in the account's currency, which only `/pricing` names, so that page comes first.
//! Traffic is in bytes and in multiples of 2^40; an hourly price is capped by the monthly one.

use super::rows::{self, Machine, Num};
use crate::catalog::{CpuKind, Item, TrafficPool, Unit};
use crate::collect::observation::{Amount, Fact, Observation, Place, Priced, RegionFact, ShapeFact};
use crate::collect::source::{
    Auth, Collector, Context, Credential, Endpoint, ParseError, ProfileFile, Request, Sink, Source, UnitRule, shorten,
};
use crate::units::{Arch, Quantity};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::io::Read;

/// The API.
pub struct Hetzner;

impl Source for Hetzner {
    fn name(&self) -> &'static str {
        "hetzner"
    }
    fn provider(&self) -> &'static str {
        "hetzner"
    }
    fn about(&self) -> &'static str {
        "Hetzner Cloud API"
    }
    fn endpoints(&self) -> &'static [Endpoint] {
        &[Endpoint { name: "api", origin: "https://api.hetzner.cloud" }]
    }
    fn credentials(&self) -> &'static [Credential] {
        &[Credential {
            name: "token",
            env: &["HCLOUD_TOKEN"],
            files: &[ProfileFile {
                path: ".config/hcloud/cli.toml",
                path_env: "HCLOUD_CONFIG",
                profile_env: "HCLOUD_CONTEXT",
                read: profile_token,
            }],
            required: true,
        }]
    }
    fn units(&self) -> &'static [UnitRule] {
        const UNITS: &[UnitRule] = &[
            UnitRule::one("hour", Unit::Hour),
            UnitRule::one("month", Unit::Month),
            UnitRule::one("GB and month", Unit::GbMonth),
            UnitRule::many("TB", Unit::Gb, "1024"),
        ];
        UNITS
    }
    fn filters(&self) -> &'static [(&'static str, &'static str)] {
        &[("location", "orderable"), ("price", "net")]
    }
    fn traffic_pool(&self) -> TrafficPool {
        TrafficPool::PerServer
    }
    fn open<'a>(&'a self, context: &'a Context<'a>) -> Box<dyn Collector + 'a> {
        Box::new(Run { today: context.today, currency: String::new() })
    }
}

/// The token of the named or active context of `hcloud`'s own file.
fn profile_token(text: &str, context: Option<&str>) -> Option<String> {
    let file: toml::Table = text.parse().ok()?;
    let active = context.or_else(|| file.get("active_context")?.as_str())?;
    let contexts = file.get("contexts")?.as_array()?;
    let named = contexts.iter().find(|c| c.get("name").and_then(toml::Value::as_str) == Some(active))?;
    Some(named.get("token")?.as_str()?.to_owned())
}

struct Run<'a> {
    today: &'a str,
    currency: String,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow, default)]
    server_types: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    locations: Vec<&'a RawValue>,
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    pagination: Option<Pagination>,
}

#[derive(Deserialize)]
struct Pagination {
    next_page: Option<u32>,
}

#[derive(Deserialize)]
struct PricingPage<'a> {
    #[serde(borrow)]
    pricing: Pricing<'a>,
}

#[derive(Deserialize)]
struct Pricing<'a> {
    currency: String,
    volume: Option<PerGb>,
    image: Option<PerGb>,
    #[serde(borrow, default)]
    primary_ips: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    load_balancer_types: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct PerGb {
    price_per_gb_month: Net,
}

#[derive(Deserialize)]
struct Net {
    net: Num,
}

#[derive(Deserialize)]
struct PrimaryIp {
    #[serde(rename = "type")]
    kind: String,
    prices: Vec<PlacePrice>,
}

#[derive(Deserialize)]
struct LoadBalancerType {
    name: String,
    prices: Vec<PlacePrice>,
}

#[derive(Deserialize)]
struct PlacePrice {
    location: String,
    price_hourly: Option<Net>,
    price_monthly: Option<Net>,
    included_traffic: Option<Num>,
    price_per_tb_traffic: Option<Net>,
}

#[derive(Deserialize)]
struct ServerType {
    name: String,
    architecture: String,
    cores: u32,
    cpu_type: String,
    memory: Num,
    disk: Num,
    #[serde(default)]
    deprecated: Option<bool>,
    prices: Vec<PlacePrice>,
    #[serde(default)]
    locations: Vec<Availability>,
}

#[derive(Deserialize)]
struct Availability {
    name: String,
    available: bool,
    deprecation: Option<Deprecation>,
}

#[derive(Deserialize)]
struct Deprecation {
    unavailable_after: String,
}

#[derive(Deserialize)]
struct Location {
    name: String,
    city: String,
    country: String,
    latitude: Num,
    longitude: Num,
}

impl Collector for Run<'_> {
    fn plan(&mut self) -> Result<Vec<Request>, ParseError> {
        let get = |tag, path: &str| Request::get("api", path).with_auth(Auth::Bearer("token")).tagged(tag, "");
        Ok(vec![
            get("pricing", "/v1/pricing"),
            get("locations", "/v1/locations?page=1&per_page=50"),
            get("server_types", "/v1/server_types?page=1&per_page=50"),
        ])
    }

    fn parse(
        &mut self,
        request: &Request,
        body: &mut dyn Read,
        sink: &mut dyn Sink,
    ) -> Result<Vec<Request>, ParseError> {
        let bytes = rows::bytes(body)?;
        if request.tag == "pricing" {
            let page: PricingPage<'_> = serde_json::from_slice(&bytes)?;
            page.pricing.currency.clone_into(&mut self.currency);
            self.pricing(&page.pricing, sink);
            return Ok(Vec::new());
        }
        if self.currency.is_empty() {
            return Err(ParseError::form("the account's currency is not known: `/v1/pricing` was not read"));
        }
        let page: Page<'_> = serde_json::from_slice(&bytes)?;
        let meta = page.meta.ok_or_else(|| ParseError::form("the page says nothing about its place in the list"))?;
        for raw in &page.locations {
            if let Some(location) = rows::row::<Location>(raw, "location", sink) {
                sink.observe(region(&location, raw.get()));
            }
        }
        for raw in &page.server_types {
            if let Some(server) = rows::row::<ServerType>(raw, "server type", sink) {
                self.server(&server, raw.get(), sink);
            }
        }
        let next = meta.pagination.and_then(|p| p.next_page);
        let path = |page| format!("/v1/{}?page={page}&per_page=50", request.tag);
        Ok(next.map(|page| Request { path: path(page), ..request.clone() }).into_iter().collect())
    }
}

fn region(location: &Location, raw: &str) -> Observation {
    let fact = RegionFact {
        city: location.city.clone(),
        country: location.country.clone(),
        lat: location.latitude.0.clone(),
        lon: location.longitude.0.clone(),
        zones: Some(1),
    };
    Observation::listed(Place::region(&location.name), Fact::Region(Box::new(fact)), shorten(raw))
}

impl Run<'_> {
    fn amount(&self, net: &Net, unit: &str) -> Amount {
        Amount::new(&net.net.0, &self.currency, unit)
    }

    fn pricing(&self, pricing: &Pricing<'_>, sink: &mut dyn Sink) {
        let storage = [
            (&pricing.volume, Item::BlockStorage, "Volume", "volume"),
            (&pricing.image, Item::BackupStorage, "Snapshot", "image"),
        ];
        for (price, item, product, raw) in storage {
            let Some(price) = price else { continue };
            let amount = self.amount(&price.price_per_gb_month, "GB and month");
            let raw = format!("{raw}.price_per_gb_month.net {}", amount.value);
            sink.observe(Observation::listed(Place::Everywhere, Fact::Price(rows::tariff(item, product), amount), raw));
        }
        for raw in &pricing.primary_ips {
            let Some(ip) = rows::row::<PrimaryIp>(raw, "primary address", sink) else { continue };
            if ip.kind != "ipv4" {
                sink.skip("not an IPv4 address");
                continue;
            }
            self.by_month(&ip.prices, &rows::tariff(Item::PublicIpv4, "Primary IPv4"), raw.get(), sink);
        }
        for raw in &pricing.load_balancer_types {
            let Some(lb) = rows::row::<LoadBalancerType>(raw, "load balancer type", sink) else { continue };
            self.by_month(&lb.prices, &rows::tariff(Item::LoadBalancer, &lb.name.to_uppercase()), raw.get(), sink);
        }
    }

    fn by_month(&self, prices: &[PlacePrice], priced: &Priced, raw: &str, sink: &mut dyn Sink) {
        for price in prices {
            match &price.price_monthly {
                Some(net) => sink.observe(Observation::listed(
                    Place::region(&price.location),
                    Fact::Price(priced.clone(), self.amount(net, "month")),
                    shorten(raw),
                )),
                None => sink.refuse("monthly price", &shorten(raw), "a location has no `price_monthly`"),
            }
        }
    }

    fn server(&self, server: &ServerType, raw: &str, sink: &mut dyn Sink) {
        if server.deprecated == Some(true) {
            sink.skip("deprecated server type");
            return;
        }
        match shape(server) {
            Ok(shape) => {
                sink.observe(Observation::listed(Place::Everywhere, Fact::Shape(Box::new(shape)), shorten(raw)));
            }
            Err(reason) => return sink.refuse(&format!("server type {}", server.name), &shorten(raw), reason),
        }
        let mut seen = BTreeSet::new();
        for price in &server.prices {
            if !self.orderable(server, &price.location) {
                sink.skip("not orderable at this location");
                continue;
            }
            // The same location twice would be one price too many to believe either.
            if !seen.insert(&price.location) {
                sink.refuse(&format!("server type {}", server.name), &shorten(raw), "a location is there twice");
                continue;
            }
            self.server_price(&server.name, price, raw, sink);
        }
    }

    fn orderable(&self, server: &ServerType, location: &str) -> bool {
        server.locations.iter().find(|known| known.name == location).is_none_or(|known| {
            let gone = known.deprecation.as_ref().and_then(|d| rows::day(&d.unavailable_after));
            known.available && gone.is_none_or(|day| day.as_str() > self.today)
        })
    }

    fn server_price(&self, name: &str, price: &PlacePrice, raw: &str, sink: &mut dyn Sink) {
        let what = || format!("server type {name} at {}", price.location);
        let (Some(hourly), Some(monthly)) = (&price.price_hourly, &price.price_monthly) else {
            return sink.refuse(&what(), &shorten(raw), "`price_hourly` or `price_monthly` is missing");
        };
        let included = price.included_traffic.as_ref().map(|bytes| bytes.value().and_then(gib));
        if included == Some(None) {
            return sink.refuse(&what(), &shorten(raw), "`included_traffic` is not a number of bytes");
        }
        let said = format!("{name} {}: {} net per hour, {} net per month", price.location, hourly.net.0, monthly.net.0);
        let machine = Machine {
            place: Place::region(&price.location),
            shape: name,
            hour: Some(self.amount(hourly, "hour")),
            cap: Some(self.amount(monthly, "month")),
            included: included.flatten(),
        };
        machine.observe(&said, sink);
        if let Some(net) = &price.price_per_tb_traffic {
            let fact = Fact::Price(rows::egress(), self.amount(net, "TB"));
            let said = format!("{} price_per_tb_traffic.net {}", price.location, net.net.0);
            let rule = "a TB is 1024 GB, as its traffic is counted";
            sink.observe(Observation::derived(Place::region(&price.location), fact, rule, said));
        }
    }
}

/// Bytes as GB of 2^30.
fn gib(bytes: Decimal) -> Option<Quantity> {
    rows::gb(rows::over(bytes, Decimal::from(1_u64 << 30))?)
}

fn shape(server: &ServerType) -> Result<ShapeFact, &'static str> {
    Ok(ShapeFact {
        name: server.name.clone(),
        arch: match server.architecture.as_str() {
            "x86" => Arch::X86_64,
            "arm" => Arch::Arm64,
            _ => return Err("`architecture` is neither x86 nor arm"),
        },
        vcpu_milli: rows::milli(server.cores.into()).filter(|milli| *milli > 0).ok_or("`cores` is out of range")?,
        memory_mib: server.memory.value().and_then(rows::mib).ok_or("`memory` is out of range")?,
        cpu_kind: match server.cpu_type.as_str() {
            "shared" => CpuKind::Shared,
            "dedicated" => CpuKind::Dedicated,
            _ => return Err("`cpu_type` is neither shared nor dedicated"),
        },
        gpu_milli: 0,
        gpu_model: String::new(),
        disk_included_gb: Some(rows::whole(&server.disk).ok_or("`disk` is out of range")?),
    })
}
