//! Machine specifications from Resource Manager.
//!
//! Needs an access token of Microsoft Entra (`az account get-access-token --query accessToken -o tsv`), good for an hour.
//! The first enabled subscription that the token sees is asked; what a region sells is not taken from it.

use crate::catalog::{CpuKind, Unit};
use crate::collect::observation::{Fact, Observation, Place, ShapeFact};
use crate::collect::providers::rows;
use crate::collect::source::{
    Auth, Collector, Context, Credential, Endpoint, ParseError, Request, Sink, Source, UnitRule, shorten,
};
use crate::units::Arch;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

/// Resource Manager.
pub struct Skus;

impl Source for Skus {
    fn name(&self) -> &'static str {
        "azure-skus"
    }
    fn provider(&self) -> &'static str {
        "azure"
    }
    fn about(&self) -> &'static str {
        "Azure Resource SKUs"
    }
    fn endpoints(&self) -> &'static [Endpoint] {
        &[Endpoint { name: "management", origin: "https://management.azure.com" }]
    }
    fn credentials(&self) -> &'static [Credential] {
        &[Credential { name: "token", env: &["AZURE_ACCESS_TOKEN"], files: &[], required: true }]
    }
    fn units(&self) -> &'static [UnitRule] {
        const UNITS: &[UnitRule] = &[UnitRule::one("1 Hour", Unit::Hour)];
        UNITS
    }
    fn filters(&self) -> &'static [(&'static str, &'static str)] {
        &[("resourceType", "virtualMachines")]
    }
    fn open<'a>(&'a self, _: &'a Context<'a>) -> Box<dyn Collector + 'a> {
        Box::new(Run { seen: BTreeSet::new() })
    }
}

struct Run {
    seen: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    #[serde(borrow)]
    value: Vec<&'a RawValue>,
    next_link: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subscription {
    subscription_id: String,
    #[serde(default)]
    state: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sku {
    resource_type: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    capabilities: Vec<Capability>,
}

#[derive(Deserialize)]
struct Capability {
    name: String,
    value: String,
}

impl Collector for Run {
    fn plan(&mut self) -> Result<Vec<Request>, ParseError> {
        let request = Request::get("management", "/subscriptions?api-version=2022-12-01");
        Ok(vec![request.with_auth(Auth::Bearer("token")).tagged("subscriptions", "")])
    }

    fn parse(
        &mut self,
        request: &Request,
        body: &mut dyn Read,
        sink: &mut dyn Sink,
    ) -> Result<Vec<Request>, ParseError> {
        let bytes = rows::bytes(body)?;
        let page: Page<'_> = serde_json::from_slice(&bytes)?;
        if request.tag == "subscriptions" {
            let all = page.value.iter().filter_map(|raw| rows::row::<Subscription>(raw, "subscription", sink));
            let enabled = all.filter(|s| s.state.is_empty() || s.state == "Enabled").map(|s| s.subscription_id);
            let id = enabled.min().ok_or_else(|| ParseError::form("the token sees no enabled subscription"))?;
            let path =
                format!("/subscriptions/{}/providers/Microsoft.Compute/skus?api-version=2021-07-01", rows::escape(&id));
            return Ok(vec![Request { path, ..request.clone() }.tagged("skus", "")]);
        }
        for raw in &page.value {
            if let Some(sku) = rows::row::<Sku>(raw, "resource SKU", sink) {
                self.sku(&sku, raw.get(), sink);
            }
        }
        page.next_link.map(|link| request.at_link(&link)).into_iter().collect()
    }
}

impl Run {
    fn sku(&mut self, sku: &Sku, raw: &str, sink: &mut dyn Sink) {
        if sku.resource_type != "virtualMachines" {
            return sink.skip("not a machine");
        }
        if !self.seen.insert(sku.name.clone()) {
            return sink.skip("the same machine type at another region");
        }
        match shape(sku) {
            Ok(shape) => {
                sink.observe(Observation::listed(Place::Everywhere, Fact::Shape(Box::new(shape)), shorten(raw)));
            }
            Err(reason) => sink.refuse(&format!("machine type {}", sku.name), &shorten(raw), reason),
        }
    }
}

fn shape(sku: &Sku) -> Result<ShapeFact, &'static str> {
    let capabilities: BTreeMap<&str, &str> =
        sku.capabilities.iter().map(|capability| (capability.name.as_str(), capability.value.as_str())).collect();
    let number = |name: &str| capabilities.get(name).and_then(|value| rows::decimal(value));
    // Constrained sizes pay for all processors of the larger machine and have fewer.
    let vcpus = number("vCPUsAvailable").or_else(|| number("vCPUs"));
    if number("GPUs").is_some_and(|gpus| !gpus.is_zero()) {
        return Err("the model of its accelerator is not said");
    }
    let burstable =
        sku.name.strip_prefix("Standard_B").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    Ok(ShapeFact {
        name: sku.name.clone(),
        arch: match capabilities.get("CpuArchitectureType").copied() {
            Some("x64") => Arch::X86_64,
            Some("Arm64") => Arch::Arm64,
            _ => return Err("`CpuArchitectureType` is missing or not one that is known"),
        },
        vcpu_milli: vcpus
            .and_then(rows::milli)
            .filter(|milli| *milli > 0)
            .ok_or("`vCPUs` is missing or out of range")?,
        memory_mib: number("MemoryGB").and_then(rows::mib).ok_or("`MemoryGB` is missing or out of range")?,
        cpu_kind: if burstable { CpuKind::Burstable } else { CpuKind::Dedicated },
        gpu_milli: 0,
        gpu_model: String::new(),
        disk_included_gb: None,
    })
}
