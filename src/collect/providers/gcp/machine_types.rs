//! Machine types from the Compute API.
//!
//! Needs an access token (`gcloud auth print-access-token`), good for an hour, of a user who sees a project with the
//! Compute API. What a zone sells is not taken from it: prices are composed for what the book sells.

use crate::catalog::{CpuKind, Unit};
use crate::collect::observation::{Fact, Observation, Place, ShapeFact};
use crate::collect::providers::rows::{self, Num};
use crate::collect::source::{
    Auth, Collector, Context, Credential, Endpoint, ParseError, Request, Sink, Source, UnitRule, shorten,
};
use crate::units::Arch;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::io::Read;

/// The Compute API.
pub struct MachineTypes;

impl Source for MachineTypes {
    fn name(&self) -> &'static str {
        "gcp-machine-types"
    }
    fn provider(&self) -> &'static str {
        "gcp"
    }
    fn about(&self) -> &'static str {
        "Google Compute Engine machine types"
    }
    fn endpoints(&self) -> &'static [Endpoint] {
        &[
            Endpoint { name: "projects", origin: "https://cloudresourcemanager.googleapis.com" },
            Endpoint { name: "compute", origin: "https://compute.googleapis.com" },
        ]
    }
    fn credentials(&self) -> &'static [Credential] {
        &[Credential {
            name: "token",
            env: &["GOOGLE_OAUTH_ACCESS_TOKEN", "CLOUDSDK_AUTH_ACCESS_TOKEN"],
            files: &[],
            required: true,
        }]
    }
    fn units(&self) -> &'static [UnitRule] {
        const UNITS: &[UnitRule] = &[UnitRule::one("h", Unit::Hour)];
        UNITS
    }
    fn open<'a>(&'a self, _: &'a Context<'a>) -> Box<dyn Collector + 'a> {
        Box::new(Run { seen: BTreeSet::new() })
    }
}

/// A zone with every general family.
const ZONE: &str = "us-central1-a";

struct Run {
    seen: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    #[serde(borrow)]
    projects: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
    #[serde(default)]
    next_page_token: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Project {
    project_id: String,
    lifecycle_state: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MachineType {
    name: String,
    guest_cpus: Num,
    memory_mb: Num,
    #[serde(default)]
    is_shared_cpu: bool,
    architecture: Option<String>,
    #[serde(default)]
    accelerators: Vec<Accelerator>,
    deprecated: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Accelerator {
    guest_accelerator_type: String,
    guest_accelerator_count: u32,
}

impl Collector for Run {
    fn plan(&mut self) -> Result<Vec<Request>, ParseError> {
        let request = Request::get("projects", "/v1/projects?pageSize=100");
        Ok(vec![request.with_auth(Auth::Bearer("token")).tagged("projects", "")])
    }

    fn parse(
        &mut self,
        request: &Request,
        body: &mut dyn Read,
        sink: &mut dyn Sink,
    ) -> Result<Vec<Request>, ParseError> {
        let bytes = rows::bytes(body)?;
        let page: Page<'_> = serde_json::from_slice(&bytes)?;
        if request.tag == "projects" {
            let all = page.projects.ok_or_else(|| ParseError::form("the page has no list of projects"))?;
            let all = all.iter().filter_map(|raw| rows::row::<Project>(raw, "project", sink));
            let active = all.filter(|p| p.lifecycle_state == "ACTIVE").map(|p| p.project_id).min();
            let project = active.ok_or_else(|| ParseError::form("the token sees no active project"))?;
            let path =
                format!("/compute/v1/projects/{}/zones/{ZONE}/machineTypes?maxResults=500", rows::escape(&project));
            let first = Request { endpoint: "compute", path: path.clone(), ..request.clone() };
            return Ok(vec![first.tagged("types", path)]);
        }
        for raw in page.items.ok_or_else(|| ParseError::form("the page has no list of machine types"))? {
            if let Some(machine) = rows::row::<MachineType>(raw, "machine type", sink) {
                self.machine(&machine, raw.get(), sink);
            }
        }
        if page.next_page_token.is_empty() {
            return Ok(Vec::new());
        }
        let path = format!("{}&pageToken={}", request.note, rows::escape(&page.next_page_token));
        Ok(vec![Request { path, ..request.clone() }])
    }
}

impl Run {
    fn machine(&mut self, machine: &MachineType, raw: &str, sink: &mut dyn Sink) {
        if machine.deprecated.is_some() {
            return sink.skip("deprecated machine type");
        }
        if !self.seen.insert(machine.name.clone()) {
            return sink.skip("a row that was there before");
        }
        match shape(machine) {
            Ok(shape) => {
                sink.observe(Observation::listed(Place::Everywhere, Fact::Shape(Box::new(shape)), shorten(raw)));
            }
            Err(reason) => sink.refuse(&format!("machine type {}", machine.name), &shorten(raw), reason),
        }
    }
}

fn shape(machine: &MachineType) -> Result<ShapeFact, &'static str> {
    let (gpus, gpu_model) = match machine.accelerators.as_slice() {
        [] => (0, String::new()),
        [one] => (one.guest_accelerator_count, one.guest_accelerator_type.clone()),
        _ => return Err("several kinds of accelerators"),
    };
    Ok(ShapeFact {
        name: machine.name.clone(),
        arch: match machine.architecture.as_deref() {
            Some("X86_64") | None => Arch::X86_64,
            Some("ARM64") => Arch::Arm64,
            Some(_) => return Err("`architecture` is neither X86_64 nor ARM64"),
        },
        vcpu_milli: match machine.name.as_str() {
            // They show two vCPUs and sustain, and bill, a part of them.
            "e2-micro" => 250,
            "e2-small" => 500,
            "e2-medium" => 1000,
            _ => machine
                .guest_cpus
                .value()
                .and_then(rows::milli)
                .filter(|milli| *milli > 0)
                .ok_or("`guestCpus` is out of range")?,
        },
        memory_mib: rows::whole(&machine.memory_mb).ok_or("`memoryMb` is out of range")?,
        cpu_kind: if machine.is_shared_cpu { CpuKind::Burstable } else { CpuKind::Dedicated },
        gpu_milli: gpus.checked_mul(1000).ok_or("`guestAcceleratorCount` is out of range")?,
        gpu_model,
        disk_included_gb: None,
    })
}
