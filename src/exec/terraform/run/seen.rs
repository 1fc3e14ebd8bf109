//! What is there, as the state has it: `show -json`, in every provider's folder.

use super::Terraform;
use super::binary::{self, Binary};
use super::folder::AppFolder;
use crate::exec::{Failure, FailureKind, Health, Sighting, Watch};
use crate::plan::Seat;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// A side as its output has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Label of its blocks.
    pub label: String,
    /// The component, with its replica.
    pub component: String,
    /// What it is.
    pub kind: String,
    /// Its seat.
    pub seat: String,
    /// Region code.
    pub region: String,
    /// Its share of the traffic.
    pub percent: u8,
    /// Where it answers.
    pub port: u16,
    /// Addresses inside the provider's network.
    pub private: Vec<String>,
    /// Addresses at which the internet finds it.
    pub public: Vec<String>,
    /// Addresses that it goes out by.
    pub outgoing: Vec<String>,
    /// Its own host, where it has one.
    pub host: Option<String>,
}

/// Sides by label.
pub type Outputs = BTreeMap<String, Seen>;

#[derive(Deserialize)]
struct SideOutput {
    component: String,
    kind: String,
    seat: String,
    region: String,
    percent: u8,
    port: u16,
    private: Vec<String>,
    public: Vec<String>,
    outgoing: Vec<String>,
    host: Option<String>,
}

/// Nobody waits for more than the binary's answer.
struct Quiet;

impl Watch for Quiet {
    fn progress(&self, _text: &str) {}

    fn stop(&self) -> Option<FailureKind> {
        None
    }
}

/// What the binary printed, as JSON.
pub fn json(bytes: &[u8]) -> Result<serde_json::Value, Failure> {
    // Warnings about the binary's own settings may stand before it.
    let from = bytes.iter().position(|byte| *byte == b'{').unwrap_or(0);
    serde_json::from_slice(&bytes[from..])
        .map_err(|error| Failure::new(FailureKind::Passing, format!("the binary's answer cannot be read: {error}")))
}

/// The sides that the state's outputs tell of.
pub fn outputs(binary: &Binary<'_>, watch: &dyn Watch) -> Result<Outputs, Failure> {
    Ok(sides(&json(&binary.run(&["show", "-json", "-no-color"], watch)?)?))
}

fn sides(state: &serde_json::Value) -> Outputs {
    let outputs = state.get("values").and_then(|values| values.get("outputs")).and_then(serde_json::Value::as_object);
    let side = |(label, output): (&String, &serde_json::Value)| {
        let side: SideOutput = serde_json::from_value(output.get("value")?.clone()).ok()?;
        let SideOutput { component, kind, seat, region, percent, port, private, public, outgoing, host } = side;
        let label = label.clone();
        let seen = Seen {
            label: label.clone(),
            component,
            kind,
            seat,
            region,
            percent,
            port,
            private,
            public,
            outgoing,
            host,
        };
        Some((label, seen))
    };
    outputs.into_iter().flatten().filter_map(side).collect()
}

/// Labels of sides that have resources: component and seat by the tags of the resources, or by their names.
fn begun(state: &serde_json::Value) -> BTreeMap<String, (String, String)> {
    let resources = state.pointer("/values/root_module/resources").and_then(serde_json::Value::as_array);
    let mut found = BTreeMap::new();
    for resource in resources.into_iter().flatten() {
        // Names lead to sides wherever they are: they are no part of one.
        let text = |key: &str| resource.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
        if text("type").contains("record") || text("name").contains("_record_") {
            continue;
        }
        let values = resource.get("values").cloned().unwrap_or_default();
        let of = |key: &str| {
            let tags = ["tags", "labels", "user_labels"].iter();
            let places =
                tags.flat_map(|tags| [values.get(tags), values.get("input").and_then(|input| input.get(tags))]);
            places.flatten().find_map(|tags| tags.get(key)?.as_str().map(str::to_owned))
        };
        if let (Some(component), Some(seat)) = (of("component"), of("seat")) {
            found.insert(seat.clone(), (component, seat));
        } else if let Some((head, seat)) = resource.get("name").and_then(serde_json::Value::as_str).and_then(named) {
            found.entry(seat.clone()).or_insert((head, seat));
        }
    }
    found
}

/// Component and seat in the name of a block: `aws_instance_web_0123456789ab_spot`.
fn named(name: &str) -> Option<(String, String)> {
    let is_seat =
        |word: &str| word.len() == 12 && word.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let words: Vec<&str> = name.split('_').collect();
    let at = words.iter().position(|word| is_seat(word))?;
    Some((words[at.checked_sub(1)?].to_owned(), words[at].to_owned()))
}

/// What is there of an application.
pub fn observe(terraform: &Terraform, app: &str) -> Result<Vec<Sighting>, Failure> {
    let folder = AppFolder::new(&terraform.root, app)?;
    let mut all = Vec::new();
    let providers = folder.providers();
    if providers.is_empty() {
        return Ok(all);
    }
    let program = binary::find(terraform.settings.binary.as_deref())?;
    for provider in providers {
        all.extend(at(terraform, &program, &folder.path.join(&provider), &provider)?);
    }
    let count = |component: &str, all: &[Sighting]| all.iter().filter(|s| s.component == component).count();
    let alone: Vec<bool> = all.iter().map(|sighting| count(&sighting.component, &all) == 1).collect();
    for (sighting, alone) in all.iter_mut().zip(alone) {
        // The only side of a store takes the writes, whoever is sent to it.
        sighting.writable = sighting.writable.map(|writable| writable || alone);
    }
    all.sort_by(|a, b| (&a.component, &a.seat).cmp(&(&b.component, &b.seat)));
    Ok(all)
}

fn at(terraform: &Terraform, program: &Path, folder: &Path, provider: &str) -> Result<Vec<Sighting>, Failure> {
    let binary = Binary { program, folder, grace: terraform.settings.grace, secrets: &[], looks: true };
    if !folder.join(".terraform").exists() && !folder.join("terraform.tfstate").exists() {
        // A first step that got no further than its files has made nothing, unless the state is kept elsewhere.
        if !folder.join("backend.tf").exists() {
            return Ok(Vec::new());
        }
        binary.run(&["init", "-input=false", "-no-color"], &Quiet)?;
    }
    let state = json(&binary.run(&["show", "-json", "-no-color"], &Quiet)?)?;
    let whole = sides(&state);
    let store = |kind: &str| matches!(kind, "postgres" | "mysql" | "redis" | "kafka" | "object_storage");
    let mut found: Vec<Sighting> = whole
        .values()
        .map(|side| Sighting {
            component: side.component.clone(),
            seat: side.seat.clone(),
            provider: provider.to_owned(),
            region: side.region.clone(),
            health: Health::Ready,
            percent: side.percent,
            writable: store(&side.kind).then_some(side.percent == 100),
            address: address(side),
        })
        .collect();
    for (seat, (component, _)) in begun(&state) {
        if !found.iter().any(|sighting| sighting.seat == seat) {
            found.push(Sighting {
                component,
                seat,
                provider: provider.to_owned(),
                region: String::new(),
                health: Health::Starting,
                percent: 0,
                writable: None,
                address: None,
            });
        }
    }
    Ok(found)
}

/// One side, as its provider's state has it; `None`: it is not there, or not all of it.
pub fn side(
    terraform: &Terraform,
    folder: &AppFolder,
    seat: &Seat,
    watch: &dyn Watch,
) -> Result<Option<Seen>, Failure> {
    let program = binary::find(terraform.settings.binary.as_deref())?;
    let path = folder.path.join(&seat.provider);
    let binary =
        Binary { program: &program, folder: &path, grace: terraform.settings.grace, secrets: &[], looks: false };
    let id = seat.id();
    Ok(outputs(&binary, watch)?.into_values().find(|seen| seen.component == seat.component && seen.seat == id))
}

fn address(side: &Seen) -> Option<String> {
    let host = side.public.first().or(side.host.as_ref()).or(side.private.first())?;
    Some(if host.contains("://") { host.clone() } else { format!("{host}:{}", side.port) })
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn sides_are_known_by_their_names() {
        let said = |component: &str| Some((component.to_owned(), "0123456789ab".to_owned()));
        assert_eq!(named("aws_instance_web_0123456789ab_spot"), said("web"));
        assert_eq!(named("web_0123456789ab"), said("web"));
        assert_eq!(named("us_east_1_public"), None);
    }
}
