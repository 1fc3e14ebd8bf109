//! DigitalOcean: droplet sizes and regions from its API.
//!
//! The API prices droplets only: databases, load balancers, Spaces and volumes have their prices on the web site alone
//! and stay as the book has them. One price holds in all regions of a size; an hour's price is capped by the month's.

use super::rows::{self, Machine, Num};
use crate::catalog::{CpuKind, TrafficPool, Unit};
use crate::collect::observation::{Amount, Fact, Observation, Place, ShapeFact};
use crate::collect::source::{
    Auth, Collector, Context, Credential, Endpoint, ParseError, ProfileFile, Request, Sink, Source, UnitRule, shorten,
};
use crate::units::Arch;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::io::Read;

/// The API.
pub struct DigitalOcean;

impl Source for DigitalOcean {
    fn name(&self) -> &'static str {
        "digitalocean"
    }
    fn provider(&self) -> &'static str {
        "digitalocean"
    }
    fn about(&self) -> &'static str {
        "DigitalOcean API"
    }
    fn endpoints(&self) -> &'static [Endpoint] {
        &[Endpoint { name: "api", origin: "https://api.digitalocean.com" }]
    }
    fn credentials(&self) -> &'static [Credential] {
        &[Credential {
            name: "token",
            env: &["DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN"],
            files: &[ProfileFile {
                path: ".config/doctl/config.yaml",
                path_env: "",
                profile_env: "DIGITALOCEAN_CONTEXT",
                read: profile_token,
            }],
            required: true,
        }]
    }
    fn units(&self) -> &'static [UnitRule] {
        const UNITS: &[UnitRule] = &[UnitRule::one("hour", Unit::Hour), UnitRule::one("month", Unit::Month)];
        UNITS
    }
    fn filters(&self) -> &'static [(&'static str, &'static str)] {
        &[("available", "true"), ("regions", "not empty")]
    }
    fn traffic_pool(&self) -> TrafficPool {
        TrafficPool::Pooled
    }
    fn open<'a>(&'a self, _: &'a Context<'a>) -> Box<dyn Collector + 'a> {
        Box::new(Run)
    }
}

/// `access-token:` of `doctl`'s own file, which holds the default context's token.
fn profile_token(text: &str, context: Option<&str>) -> Option<String> {
    if context.is_some_and(|name| name != "default") {
        return None;
    }
    let line = text.lines().find_map(|line| line.strip_prefix("access-token:"))?;
    let token = line.trim().trim_matches(['"', '\'']);
    (!token.is_empty()).then(|| token.to_owned())
}

struct Run;

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    sizes: Vec<&'a RawValue>,
    #[serde(default)]
    links: Links,
}

#[derive(Default, Deserialize)]
struct Links {
    #[serde(default)]
    pages: Pages,
}

#[derive(Default, Deserialize)]
struct Pages {
    next: Option<String>,
}

#[derive(Deserialize)]
struct Size {
    slug: String,
    memory: Num,
    vcpus: u32,
    disk: Num,
    transfer: Num,
    price_monthly: Num,
    price_hourly: Num,
    regions: Vec<String>,
    #[serde(default = "yes")]
    available: bool,
    #[serde(default)]
    description: String,
    gpu_info: Option<GpuInfo>,
}

#[derive(Deserialize)]
struct GpuInfo {
    count: u32,
    model: String,
}

fn yes() -> bool {
    true
}

impl Collector for Run {
    fn plan(&mut self) -> Result<Vec<Request>, ParseError> {
        Ok(vec![Request::get("api", "/v2/sizes?per_page=200&page=1").with_auth(Auth::Bearer("token"))])
    }

    fn parse(
        &mut self,
        request: &Request,
        body: &mut dyn Read,
        sink: &mut dyn Sink,
    ) -> Result<Vec<Request>, ParseError> {
        let bytes = rows::bytes(body)?;
        let page: Page<'_> = serde_json::from_slice(&bytes)?;
        for raw in &page.sizes {
            if let Some(size) = rows::row::<Size>(raw, "size", sink) {
                read(&size, raw.get(), sink);
            }
        }
        page.links.pages.next.map(|link| request.at_link(&link)).into_iter().collect()
    }
}

fn read(size: &Size, raw: &str, sink: &mut dyn Sink) {
    if !size.available || size.regions.is_empty() {
        return sink.skip("cannot be created anywhere");
    }
    // Terabytes of 1000 GB: overage is per GiB, allowances are round numbers.
    let included = size.transfer.value().and_then(|tb| rows::gb(rows::times(tb, Decimal::from(1000))?));
    let (shape, gb) = match (shape(size), included) {
        (Ok(shape), Some(gb)) => (shape, gb),
        (Err(reason), _) => return sink.refuse(&format!("size {}", size.slug), &shorten(raw), reason),
        (_, None) => return sink.refuse(&format!("size {}", size.slug), &shorten(raw), "`transfer` is out of range"),
    };
    sink.observe(Observation::listed(Place::Everywhere, Fact::Shape(Box::new(shape)), shorten(raw)));
    for region in &size.regions {
        let machine = Machine {
            place: Place::region(region),
            shape: &size.slug,
            hour: Some(Amount::usd(&size.price_hourly.0, "hour")),
            cap: Some(Amount::usd(&size.price_monthly.0, "month")),
            included: Some(gb),
        };
        machine.observe(raw, sink);
    }
}

fn shape(size: &Size) -> Result<ShapeFact, &'static str> {
    let (gpu_milli, gpu_model) = match &size.gpu_info {
        Some(gpu) => (gpu.count.checked_mul(1000).ok_or("`gpu_info.count` is out of range")?, gpu_word(&gpu.model)),
        None => (0, String::new()),
    };
    // "Basic" droplets share their processors; so do those of before the families had names.
    let shared = size.description.starts_with("Basic") || size.description.is_empty() || size.slug.starts_with("s-");
    Ok(ShapeFact {
        name: size.slug.clone(),
        arch: Arch::X86_64,
        vcpu_milli: rows::milli(size.vcpus.into()).filter(|milli| *milli > 0).ok_or("`vcpus` is out of range")?,
        memory_mib: rows::whole(&size.memory).ok_or("`memory` is out of range")?,
        cpu_kind: if shared { CpuKind::Shared } else { CpuKind::Dedicated },
        gpu_milli,
        gpu_model,
        disk_included_gb: Some(rows::whole(&size.disk).ok_or("`disk` is out of range")?),
    })
}

/// `nvidia_h100` as the book writes it; AMD's are told by their MI numbers.
fn gpu_word(model: &str) -> String {
    let brand = if model.to_lowercase().contains("mi3") { "amd" } else { "nvidia" };
    rows::gpu_model(brand, model)
}
