//! Fly.io: regions and machine sizes from its GraphQL API.
//!
//! The API's price of a size is that of the cheapest group of regions; by how much a region is dearer stands on the web
//! site alone. So regions and sizes are taken, and no price: a price that is right in some unknown regions is none.

use super::rows::{self, Num};
use crate::catalog::{CpuKind, TrafficPool, Unit};
use crate::collect::observation::{Fact, Observation, Place, RegionFact, ShapeFact};
use crate::collect::source::{
    Auth, Collector, Context, Credential, Endpoint, ParseError, ProfileFile, Request, Sink, Source, UnitRule, shorten,
};
use crate::units::Arch;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::io::Read;

const QUERY: &str = "query { platform { regions { code name latitude longitude gatewayAvailable deprecated } \
                     vmSizes { name cpuCores memoryMb } } }";

/// The GraphQL API.
pub struct Fly;

impl Source for Fly {
    fn name(&self) -> &'static str {
        "flyio"
    }
    fn provider(&self) -> &'static str {
        "flyio"
    }
    fn about(&self) -> &'static str {
        "Fly.io GraphQL API"
    }
    fn endpoints(&self) -> &'static [Endpoint] {
        &[Endpoint { name: "api", origin: "https://api.fly.io" }]
    }
    fn credentials(&self) -> &'static [Credential] {
        &[Credential {
            name: "token",
            env: &["FLY_API_TOKEN", "FLY_ACCESS_TOKEN"],
            files: &[ProfileFile { path: ".fly/config.yml", path_env: "", profile_env: "", read: profile_token }],
            required: true,
        }]
    }
    fn units(&self) -> &'static [UnitRule] {
        const UNITS: &[UnitRule] = &[UnitRule::one("hour", Unit::Hour)];
        UNITS
    }
    fn filters(&self) -> &'static [(&'static str, &'static str)] {
        &[("regions.deprecated", "not true")]
    }
    fn traffic_pool(&self) -> TrafficPool {
        TrafficPool::PerServer
    }
    fn open<'a>(&'a self, _: &'a Context<'a>) -> Box<dyn Collector + 'a> {
        Box::new(Run)
    }
}

/// `access_token:` of `flyctl`'s own file.
fn profile_token(text: &str, _: Option<&str>) -> Option<String> {
    let token = text.lines().find_map(|line| line.strip_prefix("access_token:"))?.trim().trim_matches(['"', '\'']);
    (!token.is_empty()).then(|| token.to_owned())
}

struct Run;

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    platform: Platform<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Platform<'a> {
    #[serde(borrow)]
    regions: Vec<&'a RawValue>,
    #[serde(borrow)]
    vm_sizes: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Region {
    code: String,
    name: String,
    latitude: Num,
    longitude: Num,
    #[serde(default)]
    deprecated: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Size {
    name: String,
    cpu_cores: Num,
    memory_mb: Num,
}

impl Collector for Run {
    fn plan(&mut self) -> Result<Vec<Request>, ParseError> {
        let body = serde_json::json!({ "query": QUERY }).to_string();
        let request = Request::get("api", "/graphql").with_auth(Auth::Bearer("token"));
        let headers = vec![("Content-Type", "application/json".to_owned())];
        Ok(vec![Request { post: Some(body.into_bytes()), headers, ..request }])
    }

    fn parse(&mut self, _: &Request, body: &mut dyn Read, sink: &mut dyn Sink) -> Result<Vec<Request>, ParseError> {
        let bytes = rows::bytes(body)?;
        let page: Page<'_> = serde_json::from_slice(&bytes)?;
        for raw in &page.data.platform.regions {
            if let Some(found) = rows::row::<Region>(raw, "region", sink) {
                region(&found, raw.get(), sink);
            }
        }
        for raw in &page.data.platform.vm_sizes {
            if let Some(found) = rows::row::<Size>(raw, "size", sink) {
                size(&found, raw.get(), sink);
            }
        }
        Ok(Vec::new())
    }
}

fn region(region: &Region, raw: &str, sink: &mut dyn Sink) {
    if region.deprecated == Some(true) {
        return sink.skip("deprecated region");
    }
    // `Amsterdam, Netherlands`, `Ashburn, Virginia (US)`.
    let (city, rest) = region.name.split_once(',').unwrap_or((&region.name, ""));
    let Some(country) = country(rest.trim()) else {
        return sink.refuse(&format!("region {}", region.code), &shorten(raw), "its country is not one that is known");
    };
    let fact = RegionFact {
        city: city.trim().to_owned(),
        country: country.to_owned(),
        lat: region.latitude.0.clone(),
        lon: region.longitude.0.clone(),
        zones: None,
    };
    sink.observe(Observation::listed(Place::region(&region.code), Fact::Region(Box::new(fact)), shorten(raw)));
}

/// ISO code of a country as Fly.io writes it.
fn country(text: &str) -> Option<&'static str> {
    const COUNTRIES: [(&str, &str); 17] = [
        ("(US)", "US"),
        ("Netherlands", "NL"),
        ("Sweden", "SE"),
        ("India", "IN"),
        ("France", "FR"),
        ("Germany", "DE"),
        ("Brazil", "BR"),
        ("South Africa", "ZA"),
        ("United Kingdom", "GB"),
        ("Japan", "JP"),
        ("Singapore", "SG"),
        ("Australia", "AU"),
        ("Canada", "CA"),
        ("Poland", "PL"),
        ("Romania", "RO"),
        ("Spain", "ES"),
        ("Mexico", "MX"),
    ];
    COUNTRIES.iter().find(|(name, _)| text.ends_with(name)).map(|(_, code)| *code)
}

fn size(size: &Size, raw: &str, sink: &mut dyn Sink) {
    let what = || format!("size {}", size.name);
    let cores = size.cpu_cores.value().and_then(rows::milli).filter(|milli| *milli > 0);
    let (Some(vcpu_milli), Some(memory_mib)) = (cores, rows::whole(&size.memory_mb)) else {
        return sink.refuse(&what(), &shorten(raw), "`cpuCores` or `memoryMb` is out of range");
    };
    if ["a10", "a100", "l40s"].iter().any(|gpu| size.name.starts_with(gpu)) {
        return sink.skip("a machine with an accelerator");
    }
    let shape = ShapeFact {
        name: size.name.clone(),
        arch: Arch::X86_64,
        vcpu_milli,
        memory_mib,
        cpu_kind: if size.name.starts_with("shared") { CpuKind::Shared } else { CpuKind::Dedicated },
        gpu_milli: 0,
        gpu_model: String::new(),
        disk_included_gb: None,
    };
    sink.observe(Observation::listed(Place::Everywhere, Fact::Shape(Box::new(shape)), shorten(raw)));
    sink.skip("a base price that the API does not give by region");
}
