//! Akamai (Linode): machine types, managed databases, load balancers, volumes, Kubernetes, addresses and transfer from
//! the public part of its API.
//!
//! A price holds everywhere but in the regions that `region_prices` names. The API does not say which regions sell a
//! type, so machines and databases are priced where the book sells them already; new ones are skipped and counted.

use super::rows::{self, Machine, Num};
use crate::catalog::{CpuKind, Item, ManagedKind, PriceBook, ProviderId, RegionId, TrafficPool, Unit};
use crate::collect::observation::{Amount, Fact, ManagedTier, Observation, Place, Priced, ShapeFact};
use crate::collect::source::{Collector, Context, Endpoint, ParseError, Request, Sink, Source, UnitRule, shorten};
use crate::units::Arch;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::io::Read;

/// The API.
pub struct Akamai;

impl Source for Akamai {
    fn name(&self) -> &'static str {
        "akamai"
    }
    fn provider(&self) -> &'static str {
        "akamai"
    }
    fn about(&self) -> &'static str {
        "Linode API"
    }
    fn endpoints(&self) -> &'static [Endpoint] {
        &[Endpoint { name: "api", origin: "https://api.linode.com" }]
    }
    fn units(&self) -> &'static [UnitRule] {
        const UNITS: &[UnitRule] = &[
            UnitRule::one("hour", Unit::Hour),
            UnitRule::one("month", Unit::Month),
            UnitRule::one("GB and month", Unit::GbMonth),
            UnitRule::one("GB", Unit::Gb),
        ];
        UNITS
    }
    fn traffic_pool(&self) -> TrafficPool {
        TrafficPool::Pooled
    }
    fn open<'a>(&'a self, context: &'a Context<'a>) -> Box<dyn Collector + 'a> {
        Box::new(Run { book: context.book, provider: context.book.find_provider("akamai") })
    }
}

struct Run<'a> {
    book: &'a PriceBook,
    provider: Option<ProviderId>,
}

#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "the API's own names")]
struct Page<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
    #[serde(default = "one")]
    page: u32,
    #[serde(default = "one")]
    pages: u32,
}

fn one() -> u32 {
    1
}

/// Pages of one list at most: there are two today.
const PAGES_MAX: u32 = 200;

#[derive(Deserialize)]
struct Price {
    hourly: Option<Num>,
    monthly: Option<Num>,
}

#[derive(Deserialize)]
struct RegionPrice {
    id: String,
    hourly: Option<Num>,
    monthly: Option<Num>,
}

#[derive(Deserialize)]
struct Type {
    id: String,
    class: String,
    price: Price,
    #[serde(default)]
    region_prices: Vec<RegionPrice>,
    memory: Num,
    disk: Num,
    transfer: Num,
    vcpus: Num,
    #[serde(default)]
    gpus: u32,
}

#[derive(Deserialize)]
struct Fee {
    id: String,
    price: Price,
    #[serde(default)]
    region_prices: Vec<RegionPrice>,
}

#[derive(Deserialize)]
struct DatabaseType<'a> {
    id: String,
    memory: Num,
    disk: Num,
    vcpus: Num,
    #[serde(borrow)]
    engines: Engines<'a>,
}

#[derive(Deserialize)]
struct Engines<'a> {
    #[serde(borrow, default)]
    mysql: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    postgresql: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Cluster {
    quantity: u32,
    price: Price,
}

impl Collector for Run<'_> {
    fn plan(&mut self) -> Result<Vec<Request>, ParseError> {
        let get = |tag, path: &str| Request::get("api", format!("/v4/{path}?page=1&page_size=500")).tagged(tag, path);
        Ok(vec![
            get("types", "linode/types"),
            get("databases", "databases/types"),
            get("fees", "nodebalancers/types"),
            get("fees", "volumes/types"),
            get("fees", "lke/types"),
            get("fees", "networking/reserved/ips/types"),
            get("fees", "network-transfer/prices"),
        ])
    }

    fn parse(
        &mut self,
        request: &Request,
        body: &mut dyn Read,
        sink: &mut dyn Sink,
    ) -> Result<Vec<Request>, ParseError> {
        let bytes = rows::bytes(body)?;
        let page: Page<'_> = serde_json::from_slice(&bytes)?;
        for raw in &page.data {
            match request.tag {
                "types" => {
                    if let Some(row) = rows::row::<Type>(raw, "machine type", sink) {
                        self.machine(&row, raw.get(), sink);
                    }
                }
                "databases" => {
                    if let Some(row) = rows::row::<DatabaseType<'_>>(raw, "database type", sink) {
                        Self::database(&row, sink);
                    }
                }
                _ => {
                    if let Some(row) = rows::row::<Fee>(raw, "price", sink) {
                        self.fee(&row, raw.get(), sink);
                    }
                }
            }
        }
        if page.page >= page.pages {
            return Ok(Vec::new());
        }
        if page.pages > PAGES_MAX {
            return Err(ParseError::form(format!("{} pages of one list", page.pages)));
        }
        let path = format!("/v4/{}?page={}&page_size=500", request.note, page.page + 1);
        Ok(vec![Request { path, ..request.clone() }])
    }
}

impl Run<'_> {
    fn regions(&self) -> impl Iterator<Item = (RegionId, &str)> {
        let own = self.book.region_ids().filter(|id| Some(self.book.region(*id).provider) == self.provider);
        own.map(|id| (id, self.book.region(id).code.as_str()))
    }

    fn machine(&self, row: &Type, raw: &str, sink: &mut dyn Sink) {
        let included = row.transfer.value().and_then(rows::gb);
        let shape = match (shape(row), included) {
            (Ok(shape), Some(_)) => shape,
            (Err(reason), _) => return sink.refuse(&format!("machine type {}", row.id), &shorten(raw), reason),
            (_, None) => return sink.refuse(&format!("machine type {}", row.id), &shorten(raw), "`transfer`"),
        };
        // The model of an accelerator is not said: the book's own shapes keep what they know.
        if let Some(shape) = shape {
            sink.observe(Observation::listed(Place::Everywhere, Fact::Shape(Box::new(shape)), shorten(raw)));
        }
        let mut sold = false;
        for (id, code) in self.regions() {
            if !self.book.compute_at(id).iter().any(|offer| self.book.shape(offer.shape).name == row.id) {
                continue;
            }
            sold = true;
            let (hour, month) = at(&row.price, &row.region_prices, code);
            let (Some(hour), Some(month)) = (hour, month) else {
                sink.refuse(&format!("machine type {} at {code}", row.id), &shorten(raw), "a price is missing");
                continue;
            };
            let machine = Machine {
                place: Place::region(code),
                shape: &row.id,
                hour: Some(Amount::usd(&hour.0, "hour")),
                cap: Some(Amount::usd(&month.0, "month")),
                included,
            };
            machine.observe(raw, sink);
        }
        if !sold {
            sink.skip("the API does not say which regions sell it, and the book knows none");
        }
    }

    fn database(row: &DatabaseType<'_>, sink: &mut dyn Sink) {
        let engines = [
            (ManagedKind::Mysql, "Managed Database MySQL", &row.engines.mysql),
            (ManagedKind::Postgres, "Managed Database PostgreSQL", &row.engines.postgresql),
        ];
        for (kind, product, clusters) in engines {
            for raw in clusters {
                let Some(cluster) = rows::row::<Cluster>(raw, &format!("database type {}", row.id), sink) else {
                    continue;
                };
                let tier = ManagedTier {
                    kind,
                    product: product.to_owned(),
                    tier: format!("{} x{}", row.id, cluster.quantity),
                    multi_zone: cluster.quantity > 1,
                };
                Self::cluster(row, &cluster, &tier, raw.get(), sink);
            }
        }
    }

    fn cluster(row: &DatabaseType<'_>, cluster: &Cluster, tier: &ManagedTier, raw: &str, sink: &mut dyn Sink) {
        let refuse = |reason: &str, sink: &mut dyn Sink| sink.refuse(&tier.tier, &shorten(raw), reason);
        let size = (row.vcpus.value().and_then(rows::milli), rows::whole(&row.memory));
        let disk = row.disk.value().and_then(|mb| rows::gb(rows::over(mb, Decimal::from(1024))?));
        let ((Some(vcpu_milli), Some(memory_mib)), Some(storage_included_gb)) = (size, disk) else {
            return refuse("`vcpus`, `memory` or `disk` is out of range", sink);
        };
        let (Some(hour), Some(month)) = (&cluster.price.hourly, &cluster.price.monthly) else {
            return refuse("`hourly` or `monthly` is missing", sink);
        };
        let managed = Priced::Managed { tier: tier.clone(), vcpu_milli, memory_mib, storage_included_gb };
        let price = Fact::Price(managed, Amount::usd(&hour.0, "hour"));
        let cap = Fact::Price(Priced::ManagedMonthCap(tier.clone()), Amount::usd(&month.0, "month"));
        for fact in [price, cap] {
            sink.observe(Observation::listed(Place::Everywhere, fact, shorten(raw)));
        }
    }

    fn fee(&self, row: &Fee, raw: &str, sink: &mut dyn Sink) {
        let (priced, unit, by_month) = match row.id.as_str() {
            "nodebalancer" => (rows::tariff(Item::LoadBalancer, "NodeBalancer"), "hour", false),
            // An hour's price is rounded to five digits; the month's is what the price list says.
            "volume" => (rows::tariff(Item::BlockStorage, "Block Storage"), "GB and month", true),
            "lke-sa" => (rows::tariff(Item::KubernetesControlPlane, "LKE"), "hour", false),
            "lke-ha" => (rows::tariff(Item::KubernetesControlPlane, "LKE HA"), "hour", false),
            // Named so that one word fits whatever the list calls it.
            "ipv4-reserved" | "reserved-ipv4" | "reserved_ipv4" => {
                (rows::tariff(Item::PublicIpv4, "Reserved IPv4"), "hour", false)
            }
            // Its `hourly` is a price per GB.
            "network_transfer" => (rows::egress(), "GB", false),
            _ => return sink.skip("a price that the book has no use for"),
        };
        for (_, code) in self.regions() {
            let (hour, month) = at(&row.price, &row.region_prices, code);
            let Some(price) = (if by_month { month } else { hour }) else {
                sink.refuse(&format!("{} at {code}", row.id), &shorten(raw), "a price is missing");
                continue;
            };
            let mut amount = Amount::usd(&price.0, unit);
            amount.stated_free = row.id == "lke-sa";
            sink.observe(Observation::listed(Place::region(code), Fact::Price(priced.clone(), amount), shorten(raw)));
        }
    }
}

/// The price at a region: its own row, else the general one.
fn at<'p>(price: &'p Price, regions: &'p [RegionPrice], code: &str) -> (Option<&'p Num>, Option<&'p Num>) {
    match regions.iter().find(|region| region.id == code) {
        Some(region) => (region.hourly.as_ref(), region.monthly.as_ref()),
        None => (price.hourly.as_ref(), price.monthly.as_ref()),
    }
}

fn shape(row: &Type) -> Result<Option<ShapeFact>, &'static str> {
    let cpu_kind = match row.class.as_str() {
        "nanode" | "standard" | "highmem" => CpuKind::Shared,
        "dedicated" | "premium" | "gpu" | "accelerated" => CpuKind::Dedicated,
        _ => return Err("`class` is not one that is known"),
    };
    let vcpus = row.vcpus.value().and_then(rows::milli).filter(|milli| *milli > 0);
    let disk_mb = rows::whole(&row.disk).ok_or("`disk` is out of range")?;
    let shape = ShapeFact {
        name: row.id.clone(),
        arch: Arch::X86_64,
        vcpu_milli: vcpus.ok_or("`vcpus` is out of range")?,
        memory_mib: rows::whole(&row.memory).ok_or("`memory` is out of range")?,
        cpu_kind,
        gpu_milli: 0,
        gpu_model: String::new(),
        disk_included_gb: Some(disk_mb / 1024),
    };
    Ok((row.gpus == 0 && row.class != "accelerated").then_some(shape))
}
