//! OVHcloud Public Cloud: instances and volumes from the public order catalog.
//!
//! Prices are integers in hundred-millionths of the subsidiary's currency. The catalog does not say which region sells
//! a flavour, so instances are priced wherever the book sells them already; plans of 3-AZ regions and of Asia have
//! names of their own.

use super::rows::{self, Num};
use crate::catalog::{CpuKind, Item, Unit};
use crate::collect::observation::{Amount, Fact, Observation, Place, Priced, ShapeFact};
use crate::collect::source::{Collector, Context, Endpoint, ParseError, Request, Sink, Source, UnitRule, shorten};
use crate::units::{Arch, HOURS_PER_MONTH, Purchase};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::io::Read;

/// The catalog of the Irish subsidiary: euros, all European and overseas regions.
pub struct Ovh;

impl Source for Ovh {
    fn name(&self) -> &'static str {
        "ovh-catalog"
    }
    fn provider(&self) -> &'static str {
        "ovh"
    }
    fn about(&self) -> &'static str {
        "OVHcloud Public Cloud order catalog (IE)"
    }
    fn endpoints(&self) -> &'static [Endpoint] {
        &[Endpoint { name: "api", origin: "https://eu.api.ovh.com" }]
    }
    fn units(&self) -> &'static [UnitRule] {
        const UNITS: &[UnitRule] = &[
            UnitRule::many("1e-8 per hour", Unit::Hour, "100000000"),
            UnitRule::many("1e-8 per GB and month", Unit::GbMonth, "100000000"),
        ];
        UNITS
    }
    fn filters(&self) -> &'static [(&'static str, &'static str)] {
        &[("product", "publiccloud-instance"), ("planCode", "*.consumption"), ("os.family", "linux")]
    }
    fn open<'a>(&'a self, context: &'a Context<'a>) -> Box<dyn Collector + 'a> {
        Box::new(Run { regions: context.regions("ovh") })
    }
}

struct Run<'a> {
    regions: Vec<&'a str>,
}

#[derive(Deserialize)]
struct Catalog<'a> {
    locale: Locale,
    #[serde(borrow)]
    addons: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Locale {
    currency_code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Addon {
    plan_code: String,
    #[serde(default)]
    invoice_name: String,
    product: String,
    pricings: Vec<Pricing>,
    blobs: Option<Blobs>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pricing {
    #[serde(default)]
    capacities: Vec<String>,
    interval: u32,
    interval_unit: String,
    price: Num,
    #[serde(default)]
    commitment: u32,
    #[serde(default)]
    mode: String,
}

#[derive(Deserialize)]
struct Blobs {
    technical: Option<Technical>,
}

#[derive(Deserialize)]
struct Technical {
    cpu: Option<Cpu>,
    memory: Option<Memory>,
    gpu: Option<Gpu>,
    os: Option<Os>,
    storage: Option<Storage>,
}

#[derive(Deserialize)]
struct Cpu {
    cores: Num,
}

#[derive(Deserialize)]
struct Memory {
    size: Num,
}

#[derive(Deserialize)]
struct Gpu {
    model: String,
    number: u32,
}

#[derive(Deserialize)]
struct Os {
    family: String,
}

#[derive(Deserialize)]
struct Storage {
    #[serde(default)]
    disks: Vec<Disk>,
}

#[derive(Deserialize)]
struct Disk {
    capacity: Num,
    number: u32,
}

impl Collector for Run<'_> {
    fn plan(&mut self) -> Result<Vec<Request>, ParseError> {
        Ok(vec![Request::get("api", "/v1/order/catalog/public/cloud?ovhSubsidiary=IE")])
    }

    fn parse(&mut self, _: &Request, body: &mut dyn Read, sink: &mut dyn Sink) -> Result<Vec<Request>, ParseError> {
        let bytes = rows::bytes(body)?;
        let catalog: Catalog<'_> = serde_json::from_slice(&bytes)?;
        let currency = &catalog.locale.currency_code;
        for raw in &catalog.addons {
            let Some(addon) = rows::row::<Addon>(raw, "addon", sink) else { continue };
            if addon.product == "publiccloud-instance" {
                instance(&addon, currency, raw.get(), sink);
            } else {
                self.volume(&addon, currency, raw.get(), sink);
            }
        }
        Ok(Vec::new())
    }
}

/// The hourly pay-as-you-go price.
fn hourly(addon: &Addon) -> Option<&Num> {
    let wanted = |p: &&Pricing| {
        let consumption = p.capacities.iter().any(|c| c == "consumption");
        let hour = p.interval == 1 && p.interval_unit == "hour" || p.interval == 0 && p.interval_unit == "none";
        consumption && hour && p.commitment == 0 && (p.mode.is_empty() || p.mode == "default")
    };
    let mut found = addon.pricings.iter().filter(wanted);
    let first = found.next()?;
    found.next().is_none().then_some(&first.price)
}

fn instance(addon: &Addon, currency: &str, raw: &str, sink: &mut dyn Sink) {
    let Some(name) = addon.plan_code.strip_suffix(".consumption") else {
        return sink.skip("not the general hourly plan");
    };
    let technical = addon.blobs.as_ref().and_then(|blobs| blobs.technical.as_ref());
    let family = technical.and_then(|technical| technical.os.as_ref()).map(|os| os.family.as_str());
    if name.starts_with("win-") || family.is_some_and(|family| family != "linux") {
        return sink.skip("not Linux");
    }
    let Some(price) = hourly(addon) else {
        return sink.refuse(&addon.plan_code, &shorten(raw), "there is not exactly one hourly price");
    };
    if !addon.invoice_name.is_empty() && addon.invoice_name != name {
        return sink.refuse(&addon.plan_code, &shorten(raw), "`planCode` and `invoiceName` name different flavours");
    }
    if let Some(technical) = technical {
        match shape(name, technical) {
            Ok(shape) => {
                sink.observe(Observation::listed(Place::Everywhere, Fact::Shape(Box::new(shape)), shorten(raw)));
            }
            Err(reason) => sink.refuse(&format!("flavour {name}"), &shorten(raw), reason),
        }
    }
    let priced = Priced::Compute { shape: name.to_owned(), purchase: Purchase::OnDemand };
    let amount = Amount::new(&price.0, currency, "1e-8 per hour");
    let said = format!("{} {} {currency} x 1e-8", addon.plan_code, price.0);
    sink.observe(Observation::listed(Place::Everywhere, Fact::Price(priced, amount), said));
}

fn shape(name: &str, technical: &Technical) -> Result<ShapeFact, &'static str> {
    let (Some(cpu), Some(memory)) = (&technical.cpu, &technical.memory) else {
        return Err("`cpu` or `memory` is missing");
    };
    let cores = cpu.cores.value().and_then(rows::milli).filter(|milli| *milli > 0);
    let disk = match technical.storage.as_ref().and_then(|storage| storage.disks.first()) {
        Some(disk) => rows::whole(&disk.capacity).and_then(|gb| gb.checked_mul(disk.number)),
        None => None,
    };
    let (gpu_milli, gpu_model) = match &technical.gpu {
        Some(gpu) => {
            (gpu.number.checked_mul(1000).ok_or("`gpu.number` is out of range")?, rows::gpu_model("nvidia", &gpu.model))
        }
        None => (0, String::new()),
    };
    Ok(ShapeFact {
        name: name.to_owned(),
        arch: Arch::X86_64,
        vcpu_milli: cores.ok_or("`cpu.cores` is out of range")?,
        memory_mib: memory.size.value().and_then(rows::mib).ok_or("`memory.size` is out of range")?,
        // "Discovery" flavours share their processors.
        cpu_kind: if name.starts_with("d2-") { CpuKind::Shared } else { CpuKind::Dedicated },
        gpu_milli,
        gpu_model,
        disk_included_gb: disk,
    })
}

/// Which regions a plan's suffix is for.
fn zone_class(region: &str) -> &'static str {
    if region.starts_with("EU-WEST-PAR") || region.starts_with("EU-SOUTH-MIL") {
        "3AZ"
    } else if ["SGP", "SYD", "AP-"].iter().any(|asia| region.starts_with(asia)) {
        "apac"
    } else {
        ""
    }
}

impl Run<'_> {
    fn volume(&self, addon: &Addon, currency: &str, raw: &str, sink: &mut dyn Sink) {
        let volumes =
            [("volume.classic.consumption", "Classic volume"), ("volume.high-speed.consumption", "High-speed volume")];
        let found = volumes.iter().find_map(|(code, product)| {
            let suffix = addon.plan_code.strip_prefix(code)?;
            let class = if suffix.is_empty() { "" } else { suffix.strip_prefix('.')? };
            Some((*product, class))
        });
        let Some((product, class)) = found else { return sink.skip("a product that the book has no use for") };
        let month = hourly(addon).and_then(Num::value).and_then(|hour| rows::times(hour, HOURS_PER_MONTH.into()));
        let Some(month) = month else {
            return sink.refuse(&addon.plan_code, &shorten(raw), "there is not exactly one hourly price");
        };
        for region in self.regions.iter().filter(|region| zone_class(region).eq_ignore_ascii_case(class)) {
            let amount = Amount::new(rows::text(month), currency, "1e-8 per GB and month");
            let fact = Fact::Price(rows::tariff(Item::BlockStorage, product), amount);
            let rule = "price of an hour x 730";
            sink.observe(Observation::derived(Place::region(*region), fact, rule, shorten(raw)));
        }
    }
}
