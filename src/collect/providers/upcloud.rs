//! UpCloud: server plans, storage, addresses, traffic and single-node databases from its API.
//!
//! Prices are in hundredths of the account's currency, per hour and per `amount` units, by zone. A server is billed for
//! at most 672 hours of a month. Plans are written in capitals by the API (`PREMIUM-1xCPU-2GB`) and in small letters by
//! its price pages, which the book follows.

use super::rows::{self, Machine, Num};
use crate::catalog::{CpuKind, Item, ManagedKind, TrafficPool, Unit};
use crate::collect::observation::{Amount, Fact, ManagedTier, Observation, Place, Priced, ShapeFact};
use crate::collect::source::{
    Auth, Collector, Context, Credential, Endpoint, ParseError, Request, Sink, Source, UnitRule, shorten,
};
use crate::units::{Arch, HOURS_PER_MONTH, Quantity};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::io::Read;

/// Hours of a month that are billed at most.
const HOURS_BILLED_MAX: i64 = 672;

/// The API.
pub struct UpCloud;

impl Source for UpCloud {
    fn name(&self) -> &'static str {
        "upcloud"
    }
    fn provider(&self) -> &'static str {
        "upcloud"
    }
    fn about(&self) -> &'static str {
        "UpCloud API"
    }
    fn endpoints(&self) -> &'static [Endpoint] {
        &[Endpoint { name: "api", origin: "https://api.upcloud.com" }]
    }
    fn credentials(&self) -> &'static [Credential] {
        &[
            Credential { name: "username", env: &["UPCLOUD_USERNAME"], files: &[], required: true },
            Credential { name: "password", env: &["UPCLOUD_PASSWORD"], files: &[], required: true },
        ]
    }
    fn units(&self) -> &'static [UnitRule] {
        const UNITS: &[UnitRule] = &[
            UnitRule::many("cents per hour", Unit::Hour, "100"),
            UnitRule::many("cents per month", Unit::Month, "100"),
            UnitRule::many("cents per GB and month", Unit::GbMonth, "100"),
            UnitRule::many("cents per GB", Unit::Gb, "100"),
        ];
        UNITS
    }
    fn traffic_pool(&self) -> TrafficPool {
        TrafficPool::Pooled
    }
    fn open<'a>(&'a self, _: &'a Context<'a>) -> Box<dyn Collector + 'a> {
        Box::new(Run::default())
    }
}

#[derive(Default)]
struct Run {
    /// Included traffic by plan, from the page of plans, which comes first.
    plans: BTreeMap<String, Quantity>,
}

#[derive(Deserialize)]
struct PlansPage<'a> {
    #[serde(borrow)]
    plans: Plans<'a>,
}

#[derive(Deserialize)]
struct Plans<'a> {
    #[serde(borrow)]
    plan: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Plan {
    name: String,
    core_number: Num,
    memory_amount: Num,
    public_traffic_out: Num,
    #[serde(default)]
    gpu_amount: u32,
    #[serde(default)]
    gpu_model: String,
}

#[derive(Deserialize)]
struct PricesPage<'a> {
    #[serde(borrow)]
    prices: Prices<'a>,
}

#[derive(Deserialize)]
struct Prices<'a> {
    /// Older versions of the API do not say it; all accounts were in euros then.
    #[serde(default = "euro")]
    currency: String,
    #[serde(borrow)]
    zone: Vec<&'a RawValue>,
}

fn euro() -> String {
    "EUR".to_owned()
}

#[derive(Deserialize)]
struct Price {
    amount: Num,
    price: Num,
}

impl Collector for Run {
    fn plan(&mut self) -> Result<Vec<Request>, ParseError> {
        let get =
            |tag, path: &str| Request::get("api", path).with_auth(Auth::Basic("username", "password")).tagged(tag, "");
        Ok(vec![get("plans", "/1.3/plan"), get("prices", "/1.3/price")])
    }

    fn parse(
        &mut self,
        request: &Request,
        body: &mut dyn Read,
        sink: &mut dyn Sink,
    ) -> Result<Vec<Request>, ParseError> {
        let bytes = rows::bytes(body)?;
        if request.tag == "plans" {
            let page: PlansPage<'_> = serde_json::from_slice(&bytes)?;
            for raw in &page.plans.plan {
                if let Some(plan) = rows::row::<Plan>(raw, "plan", sink) {
                    self.machine(&plan, raw.get(), sink);
                }
            }
        } else {
            let page: PricesPage<'_> = serde_json::from_slice(&bytes)?;
            for raw in &page.prices.zone {
                self.zone(raw, &page.prices.currency, sink);
            }
        }
        Ok(Vec::new())
    }
}

/// A plan's name as the book writes it: small letters before the number of processors.
fn book_name(plan: &str) -> String {
    match plan.split_once("xCPU") {
        Some((family, size)) => format!("{}xCPU{size}", family.to_lowercase()),
        None => plan.to_owned(),
    }
}

impl Run {
    fn machine(&mut self, plan: &Plan, raw: &str, sink: &mut dyn Sink) {
        let name = book_name(&plan.name);
        let vcpus = plan.core_number.value().and_then(rows::milli).filter(|milli| *milli > 0);
        let included = plan.public_traffic_out.value().and_then(rows::gb);
        let (Some(vcpu_milli), Some(memory_mib), Some(included)) = (vcpus, rows::whole(&plan.memory_amount), included)
        else {
            return sink.refuse(&format!("plan {}", plan.name), &shorten(raw), "its size or traffic is out of range");
        };
        let Some(gpu_milli) = plan.gpu_amount.checked_mul(1000) else {
            return sink.refuse(&format!("plan {}", plan.name), &shorten(raw), "`gpu_amount` is out of range");
        };
        let shared = ["starter", "dev"].iter().any(|family| name.starts_with(family));
        let shape = ShapeFact {
            name: name.clone(),
            arch: Arch::X86_64,
            vcpu_milli,
            memory_mib,
            cpu_kind: if shared { CpuKind::Shared } else { CpuKind::Dedicated },
            gpu_milli,
            gpu_model: if gpu_milli > 0 { rows::gpu_model("nvidia", &plan.gpu_model) } else { String::new() },
            // The storage of a plan is network storage that goes with the server; the book leaves it out.
            disk_included_gb: None,
        };
        self.plans.insert(name, included);
        sink.observe(Observation::listed(Place::Everywhere, Fact::Shape(Box::new(shape)), shorten(raw)));
    }

    fn zone(&self, raw: &RawValue, currency: &str, sink: &mut dyn Sink) {
        let Some(zone) = rows::row::<BTreeMap<String, Box<RawValue>>>(raw, "zone", sink) else { return };
        let name = zone.get("name").and_then(|name| serde_json::from_str::<String>(name.get()).ok());
        let Some(name) = name else { return sink.refuse("zone", &shorten(raw.get()), "`name` is missing") };
        for (key, raw) in zone.iter().filter(|(key, _)| *key != "name") {
            let Some(price) = rows::row::<Price>(raw, key, sink) else { continue };
            if price.amount.value() != Some(Decimal::ONE) {
                sink.skip("priced per several units");
                continue;
            }
            let said = format!("{name} {key} {}", raw.get());
            self.price(&name, key, &price.price, currency, &said, sink);
        }
    }

    fn price(&self, zone: &str, key: &str, price: &Num, currency: &str, raw: &str, sink: &mut dyn Sink) {
        let amount = |unit: &str| Amount::new(&price.0, currency, unit);
        let fact = |priced, amount| Fact::Price(priced, amount);
        let place = || Place::region(zone);
        if let Some(plan) = key.strip_prefix("server_plan_") {
            return self.server(zone, plan, price, currency, raw, sink);
        }
        if let Some(plan) = key.strip_prefix("managed_database_1x") {
            return database(zone, plan, price, currency, raw, sink);
        }
        let listed = match key {
            "ipv4_address" => fact(rows::tariff(Item::PublicIpv4, "Additional IPv4"), amount("cents per hour")),
            "public_ipv4_bandwidth_out" => fact(rows::egress(), amount("cents per GB")),
            "storage_maxiops" | "storage_standard" => {
                let product = if key == "storage_maxiops" { "MaxIOPS" } else { "Standard" };
                let month = price.value().and_then(|hour| rows::times(hour, HOURS_PER_MONTH.into()));
                let Some(month) = month else { return sink.refuse(key, raw, "out of range") };
                let amount = Amount::new(rows::text(month), currency, "cents per GB and month");
                let fact = fact(rows::tariff(Item::BlockStorage, product), amount);
                return sink.observe(Observation::derived(place(), fact, "price of an hour x 730", raw));
            }
            _ => return sink.skip("a price that the book has no use for"),
        };
        sink.observe(Observation::listed(place(), listed, shorten(raw)));
    }

    fn server(&self, zone: &str, plan: &str, price: &Num, currency: &str, raw: &str, sink: &mut dyn Sink) {
        if plan.contains("SPOT") {
            return sink.skip("a spot plan of its own name");
        }
        let name = book_name(plan);
        let month = price.value().and_then(|hour| rows::times(hour, HOURS_BILLED_MAX.into()));
        let Some(month) = month else { return sink.refuse(plan, raw, "out of range") };
        let machine = Machine {
            place: Place::region(zone),
            shape: &name,
            hour: Some(Amount::new(&price.0, currency, "cents per hour")),
            cap: None,
            included: self.plans.get(&name).copied(),
        };
        machine.observe(raw, sink);
        let cap = Amount::new(rows::text(month), currency, "cents per month");
        let fact = Fact::Price(Priced::MonthCap { shape: name }, cap);
        let rule = "price of an hour x 672, the most that is billed of a month";
        sink.observe(Observation::derived(Place::region(zone), fact, rule, shorten(raw)));
    }
}

/// `1xCPU-1GB-10GB`, what follows the number of nodes, which is one: the others' names are not in the book.
fn database(zone: &str, plan: &str, price: &Num, currency: &str, raw: &str, sink: &mut dyn Sink) {
    let mut parts = plan.split('-');
    let number = |part: Option<&str>, unit: &str| part?.strip_suffix(unit)?.parse::<u32>().ok();
    let size = (number(parts.next(), "xCPU"), number(parts.next(), "GB"), number(parts.next(), "GB"), parts.next());
    let (Some(cpus), Some(memory), Some(disk), None) = size else {
        return sink.skip("a database plan of another form");
    };
    let (Some(vcpu_milli), Some(memory_mib)) = (cpus.checked_mul(1000), memory.checked_mul(1024)) else {
        return sink.refuse(plan, raw, "out of range");
    };
    let tier = ManagedTier {
        kind: ManagedKind::Postgres,
        product: "Managed PostgreSQL".to_owned(),
        tier: format!("1x{plan}"),
        multi_zone: false,
    };
    let storage_included_gb = Quantity::from_units(disk.into());
    let managed = Priced::Managed { tier, vcpu_milli, memory_mib, storage_included_gb };
    let fact = Fact::Price(managed, Amount::new(&price.0, currency, "cents per hour"));
    sink.observe(Observation::listed(Place::region(zone), fact, shorten(raw)));
}
