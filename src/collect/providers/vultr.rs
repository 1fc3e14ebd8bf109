//! Vultr: cloud and bare-metal plans from the public part of its API; managed databases with a key.
//!
//! A plan has one price, and others at the locations that `location_cost` names. Traffic is counted in GB per month.

use super::rows::{self, Machine, Num};
use crate::catalog::{CpuKind, ManagedKind, TrafficPool, Unit};
use crate::collect::observation::{Amount, Fact, ManagedTier, Observation, Place, Priced, ShapeFact};
use crate::collect::source::{
    Auth, Collector, Context, Credential, Endpoint, ParseError, Request, Sink, Source, UnitRule, shorten,
};
use crate::units::{Arch, HOURS_PER_MONTH, Purchase};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::io::Read;

/// The API.
pub struct Vultr;

impl Source for Vultr {
    fn name(&self) -> &'static str {
        "vultr"
    }
    fn provider(&self) -> &'static str {
        "vultr"
    }
    fn about(&self) -> &'static str {
        "Vultr API"
    }
    fn endpoints(&self) -> &'static [Endpoint] {
        &[Endpoint { name: "api", origin: "https://api.vultr.com" }]
    }
    fn credentials(&self) -> &'static [Credential] {
        &[Credential { name: "key", env: &["VULTR_API_KEY"], files: &[], required: false }]
    }
    fn units(&self) -> &'static [UnitRule] {
        const UNITS: &[UnitRule] = &[UnitRule::one("hour", Unit::Hour), UnitRule::one("month", Unit::Month)];
        UNITS
    }
    fn filters(&self) -> &'static [(&'static str, &'static str)] {
        &[("deploy_ondemand", "true, for on-demand prices"), ("deploy_preemptible", "true, for spot prices")]
    }
    fn traffic_pool(&self) -> TrafficPool {
        TrafficPool::Pooled
    }
    fn open<'a>(&'a self, context: &'a Context<'a>) -> Box<dyn Collector + 'a> {
        Box::new(Run { databases: (context.has)("key") })
    }
}

struct Run {
    databases: bool,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    plans: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    plans_metal: Option<Vec<&'a RawValue>>,
    #[serde(default)]
    meta: Meta,
}

#[derive(Default, Deserialize)]
struct Meta {
    #[serde(default)]
    links: Links,
}

#[derive(Default, Deserialize)]
struct Links {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
struct Plan {
    id: String,
    #[serde(alias = "cpu_threads")]
    vcpu_count: Num,
    ram: Num,
    disk: Num,
    #[serde(default = "one")]
    disk_count: u32,
    bandwidth: Num,
    #[serde(rename = "type")]
    kind: String,
    locations: Vec<String>,
    #[serde(default = "yes")]
    deploy_ondemand: bool,
    #[serde(default)]
    deploy_preemptible: bool,
    #[serde(default, alias = "cpu_manufacturer")]
    cpu_vendor: String,
    #[serde(default)]
    gpu_brand: String,
    #[serde(default)]
    gpu_type: String,
    gpu_count: Option<Fraction>,
    monthly_cost: Num,
    hourly_cost: Option<Num>,
    hourly_cost_preemptible: Option<Num>,
    #[serde(default)]
    location_cost: BTreeMap<String, Cost>,
}

#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "the API's own names")]
struct Cost {
    monthly_cost: Num,
    hourly_cost: Option<Num>,
    hourly_cost_preemptible: Option<Num>,
}

/// A whole number, or a fraction as text: `"1/4"`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Fraction {
    Whole(u32),
    Text(String),
}

impl Fraction {
    fn milli(&self) -> Option<u32> {
        match self {
            Self::Whole(count) => count.checked_mul(1000),
            Self::Text(text) => match text.split_once('/') {
                Some((part, whole)) => {
                    let (part, whole) = (part.parse::<u32>().ok()?, whole.parse::<u32>().ok()?);
                    part.checked_mul(1000)?.checked_div(whole)
                }
                None => text.parse::<u32>().ok()?.checked_mul(1000),
            },
        }
    }
}

#[derive(Deserialize)]
struct DatabasePlan {
    id: String,
    number_of_nodes: u32,
    vcpu_count: Num,
    ram: Num,
    disk: Num,
    monthly_cost: Num,
    supported_engines: BTreeMap<String, bool>,
    locations: Vec<String>,
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

impl Collector for Run {
    fn plan(&mut self) -> Result<Vec<Request>, ParseError> {
        let mut pages = vec![
            Request::get("api", "/v2/plans?type=all&per_page=500").tagged("plans", "/v2/plans?type=all&per_page=500"),
            Request::get("api", "/v2/plans-metal?per_page=500").tagged("metal", "/v2/plans-metal?per_page=500"),
        ];
        if self.databases {
            let path = "/v2/databases/plans?per_page=500";
            pages.push(Request::get("api", path).with_auth(Auth::Bearer("key")).tagged("databases", path));
        }
        Ok(pages)
    }

    fn parse(
        &mut self,
        request: &Request,
        body: &mut dyn Read,
        sink: &mut dyn Sink,
    ) -> Result<Vec<Request>, ParseError> {
        let bytes = rows::bytes(body)?;
        let page: Page<'_> = serde_json::from_slice(&bytes)?;
        let list = if request.tag == "metal" { page.plans_metal } else { page.plans };
        let list = list.ok_or_else(|| ParseError::form("the page has no list of plans"))?;
        for raw in list {
            if request.tag == "databases" {
                if let Some(plan) = rows::row::<DatabasePlan>(raw, "database plan", sink) {
                    database(&plan, raw.get(), sink);
                }
            } else if let Some(plan) = rows::row::<Plan>(raw, "plan", sink) {
                machine(&plan, raw.get(), sink);
            }
        }
        if page.meta.links.next.is_empty() {
            return Ok(Vec::new());
        }
        let path = format!("{}&cursor={}", request.note, rows::escape(&page.meta.links.next));
        Ok(vec![Request { path, ..request.clone() }])
    }
}

fn machine(plan: &Plan, raw: &str, sink: &mut dyn Sink) {
    let what = || format!("plan {}", plan.id);
    let included = plan.bandwidth.value().and_then(rows::gb);
    match (shape(plan), included) {
        (Ok(shape), Some(_)) => {
            sink.observe(Observation::listed(Place::Everywhere, Fact::Shape(Box::new(shape)), shorten(raw)));
        }
        (Err(reason), _) => return sink.refuse(&what(), &shorten(raw), reason),
        (_, None) => return sink.refuse(&what(), &shorten(raw), "`bandwidth` is out of range"),
    }
    if plan.locations.is_empty() {
        sink.skip("sold out everywhere");
    }
    for location in &plan.locations {
        let own = plan.location_cost.get(location);
        let (month, hour, spot) = match own {
            Some(cost) => (&cost.monthly_cost, &cost.hourly_cost, &cost.hourly_cost_preemptible),
            None => (&plan.monthly_cost, &plan.hourly_cost, &plan.hourly_cost_preemptible),
        };
        let place = || Place::region(location);
        if plan.deploy_ondemand {
            let listed = hour.as_ref().map(|hour| Amount::usd(&hour.0, "hour"));
            if listed.is_none() {
                by_month(&plan.id, location, month, raw, sink);
            }
            let cap = Some(Amount::usd(&month.0, "month"));
            Machine { place: place(), shape: &plan.id, hour: listed, cap, included }.observe(raw, sink);
        }
        if plan.deploy_preemptible
            && let Some(spot) = spot
        {
            let priced = Priced::Compute { shape: plan.id.clone(), purchase: Purchase::Spot };
            let fact = Fact::Price(priced, Amount::usd(&spot.0, "hour"));
            sink.observe(Observation::listed(place(), fact, shorten(raw)));
        }
    }
}

/// Older answers have the month's price alone.
fn by_month(id: &str, location: &str, month: &Num, raw: &str, sink: &mut dyn Sink) {
    let hour = month.value().and_then(|month| rows::over(month, Decimal::from(HOURS_PER_MONTH)));
    let Some(hour) = hour else { return sink.refuse(&format!("plan {id}"), &shorten(raw), "`monthly_cost`") };
    let priced = Priced::Compute { shape: id.to_owned(), purchase: Purchase::OnDemand };
    let fact = Fact::Price(priced, Amount::usd(rows::text(hour.round_dp(9)), "hour"));
    let rule = "price of a month / 730 hours";
    sink.observe(Observation::derived(Place::region(location), fact, rule, shorten(raw)));
}

fn shape(plan: &Plan) -> Result<ShapeFact, &'static str> {
    let gpu_milli = match (&plan.gpu_count, plan.gpu_type.is_empty()) {
        (None, true) => 0,
        (Some(count), false) => count.milli().filter(|milli| *milli > 0).ok_or("`gpu_count` is out of range")?,
        _ => return Err("of `gpu_type` and `gpu_count` there is only one"),
    };
    let disks = rows::whole(&plan.disk).ok_or("`disk` is out of range")?.checked_mul(plan.disk_count);
    let arm = ["ampere", "nvidia", "arm"].iter().any(|vendor| plan.cpu_vendor.to_lowercase().starts_with(vendor));
    let vcpus = plan.vcpu_count.value().and_then(rows::milli).filter(|milli| *milli > 0);
    Ok(ShapeFact {
        name: plan.id.clone(),
        arch: if arm { Arch::Arm64 } else { Arch::X86_64 },
        vcpu_milli: vcpus.ok_or("the number of processors is out of range")?,
        memory_mib: rows::whole(&plan.ram).ok_or("`ram` is out of range")?,
        cpu_kind: match plan.kind.as_str() {
            "vc2" | "vhf" | "vhp" | "vcg" => CpuKind::Shared,
            // Optimised, dedicated and VX1 clouds; metal, whose `type` is that of its disks.
            _ => CpuKind::Dedicated,
        },
        gpu_milli,
        gpu_model: if gpu_milli > 0 { rows::gpu_model(&plan.gpu_brand, &plan.gpu_type) } else { String::new() },
        disk_included_gb: Some(disks.ok_or("`disk_count` is out of range")?),
    })
}

fn database(plan: &DatabasePlan, raw: &str, sink: &mut dyn Sink) {
    let size = (plan.vcpu_count.value().and_then(rows::milli), rows::whole(&plan.ram));
    let ((Some(vcpu_milli), Some(memory_mib)), Some(disk)) = (size, plan.disk.value().and_then(rows::gb)) else {
        return sink.refuse(&format!("database plan {}", plan.id), &shorten(raw), "its size is out of range");
    };
    let engines = [
        ("pg", ManagedKind::Postgres, "Managed PostgreSQL"),
        ("mysql", ManagedKind::Mysql, "Managed MySQL"),
        ("valkey", ManagedKind::Redis, "Managed Valkey"),
        ("kafka", ManagedKind::Kafka, "Managed Kafka"),
    ];
    for (engine, kind, product) in engines {
        if plan.supported_engines.get(engine) != Some(&true) {
            continue;
        }
        let nodes = plan.number_of_nodes;
        let tier = ManagedTier {
            kind,
            product: product.to_owned(),
            tier: if nodes > 1 { format!("{} x{nodes} nodes", plan.id) } else { plan.id.clone() },
            multi_zone: nodes > 1,
        };
        for location in &plan.locations {
            let managed = Priced::Managed { tier: tier.clone(), vcpu_milli, memory_mib, storage_included_gb: disk };
            let fact = Fact::Price(managed, Amount::usd(&plan.monthly_cost.0, "month"));
            sink.observe(Observation::listed(Place::region(location.to_lowercase()), fact, shorten(raw)));
        }
    }
}
