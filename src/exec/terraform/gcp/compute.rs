//! Compute Engine instances, their disks, and who may call whom.

use super::balance;
use crate::app::Kind;
use crate::exec::terraform::calls::{self, Endpoints};
use crate::exec::terraform::containers::{self, Volume};
use crate::exec::terraform::hcl::{Block, Expr, Item, block, list, object, raw, resource, text};
use crate::exec::terraform::machines::{Placed, arch};
use crate::exec::terraform::model::{Draft, View};
use crate::exec::terraform::names;
use crate::units::{Arch, Purchase};

/// Families that take Hyperdisk only.
const HYPERDISK: [&str; 11] = ["n4-", "n4a-", "n4d-", "c4-", "c4a-", "c4d-", "h4d-", "x4-", "m4-", "a4-", "a4x-"];

/// The machines of a part that leads some.
pub fn machines(view: &View, draft: &mut Draft, placed: &Placed, all: &[Placed], known: &Endpoints) {
    let part = &placed.part;
    let file = part.file();
    let name = names::side(&view.app.name, &part.side.seat, 54);
    for store in placed.stores(view) {
        draft.push(&file, containers::password(&store));
    }
    let data = placed.volume_gb(view);
    let volume = data.map(|_| Volume { devices: vec!["\"/dev/disk/by-id/google-data\"".to_owned()], passphrase: None });
    let start = containers::start(view, draft, part, known, true, volume.as_ref());
    let account = account(view, draft, placed, known);
    for (ending, purchase, count) in part.machines() {
        let label = format!("{}{ending}", part.label);
        let named = format!("{name}{}", ending.replace('_', "-"));
        let mut machine = instance(view, placed, (&label, &named), (purchase, count), &start);
        if data.is_some() {
            let disk = format!("google_compute_disk.{}.id", part.label);
            machine = machine.with(block("attached_disk", []).raw("source", disk).set("device_name", "data"));
        }
        if account {
            let email = format!("google_service_account.{}.email", part.label);
            let scopes = list([text("cloud-platform")]);
            machine = machine.with(block("service_account", []).raw("email", email).set("scopes", scopes));
        }
        draft.push(&file, machine);
    }
    if let Some(gb) = data {
        let disk = resource("google_compute_disk", &part.label)
            .set("name", format!("{name}-data"))
            .raw("zone", format!("data.google_compute_zones.{}.names[0]", placed.r()))
            .set("type", disk_type(&part.side.seat.offer))
            .set("size", gb)
            .raw("labels", format!("local.{}_labels", part.label));
        draft.push(&file, disk);
    }
    if placed.exposure.is_balanced() {
        balance::before(view, draft, placed, all);
    }
}

fn disk_type(offer: &str) -> &'static str {
    if HYPERDISK.iter().any(|family| offer.starts_with(family)) { "hyperdisk-balanced" } else { "pd-balanced" }
}

fn instance(
    view: &View,
    placed: &Placed,
    (label, name): (&str, &str),
    (purchase, count): (Purchase, u32),
    start: &str,
) -> Block {
    let part = &placed.part;
    let r = placed.r();
    let offer = part.side.seat.offer.as_str();
    let zones = format!("data.google_compute_zones.{r}.names");
    let zone =
        if placed.volume_gb(view).is_some() { format!("{zones}[0]") } else { format!("element({zones}, count.index)") };
    let image = match arch("gcp", offer) {
        Arch::Arm64 => "ubuntu-os-cloud/ubuntu-2404-lts-arm64",
        Arch::X86_64 => "ubuntu-os-cloud/ubuntu-2404-lts-amd64",
    };
    let mut machine = resource("google_compute_instance", label);
    if matches!(purchase, Purchase::Reserved1y | Purchase::Reserved3y) {
        machine = machine.comment("Bought in advance: the commitment is an order of its own.");
    }
    let boot = block("initialize_params", []).set("image", image).set("type", disk_type(offer));
    let card = block("network_interface", []).raw("subnetwork", format!("google_compute_subnetwork.{r}.id"));
    let spot = purchase == Purchase::Spot;
    // Accelerators cannot move to other hardware while they run.
    let scheduling = block("scheduling", [])
        .set("provisioning_model", if spot { "SPOT" } else { "STANDARD" })
        .set("preemptible", spot)
        .set("automatic_restart", !spot)
        .set("on_host_maintenance", if spot || part.component.gpu.is_some() { "TERMINATE" } else { "MIGRATE" });
    machine
        .set("count", count)
        .raw("name", format!("\"{name}-${{count.index}}\""))
        .set("machine_type", offer)
        .raw("zone", zone)
        .set("tags", list([text(tag(view, placed))]))
        .raw("labels", format!("local.{}_labels", part.label))
        .set("metadata", object([("user-data", raw(start))]))
        .set("allow_stopping_for_update", true)
        .with(block("boot_disk", []).with(boot.set("size", placed.boot_gb(view))))
        .with(if placed.exposure.has_address() { card.with(block("access_config", [])) } else { card })
        .with(scheduling)
        .with(block("shielded_instance_config", []).set("enable_vtpm", true).set("enable_integrity_monitoring", true))
        .with(
            block("lifecycle", [])
                .comment("A newer image is no reason to replace a machine.")
                .set("ignore_changes", list([raw("boot_disk[0].initialize_params[0].image")])),
        )
}

/// The network tag of a part's machines.
pub fn tag(view: &View, placed: &Placed) -> String {
    names::side(&view.app.name, &placed.part.side.seat, 63)
}

/// A service account that may use the buckets that the machines call; whether there is one.
fn account(view: &View, draft: &mut Draft, placed: &Placed, known: &Endpoints) -> bool {
    let labels = placed.buckets(view, known);
    if labels.is_empty() {
        return false;
    }
    let part = &placed.part;
    let account = resource("google_service_account", &part.label)
        .set("account_id", names::side(&view.app.name, &part.side.seat, 30))
        .set("display_name", format!("{} of {}", part.component.name, view.app.name));
    draft.push(&part.file(), account);
    for label in labels {
        let member = resource("google_storage_bucket_iam_member", &format!("{}_{label}", part.label))
            .raw("bucket", format!("google_storage_bucket.{label}.name"))
            .set("role", "roles/storage.objectUser")
            .raw("member", format!("google_service_account.{}.member", part.label));
        draft.push(&part.file(), member);
    }
    true
}

/// A firewall rule of the network for the machines of a part.
pub fn rule(view: &View, host: &Placed, label: &str, name: &str, port: u16) -> Block {
    resource("google_compute_firewall", label)
        .set("name", name)
        .raw("network", "google_compute_network.main.id")
        .set("direction", "INGRESS")
        .set("target_tags", list([text(tag(view, host))]))
        .with(block("allow", []).set("protocol", "tcp").set("ports", list([text(port.to_string())])))
}

/// Adds an attribute before the blocks of a rule.
pub fn from(mut rule: Block, name: &str, value: Expr) -> Block {
    let at = rule.body.iter().position(|item| *item == Item::Gap).unwrap_or(rule.body.len());
    rule.body.insert(at, Item::Attribute(name.to_owned(), value));
    rule
}

/// Rules that let callers in, by their tags; the network reaches over all regions.
pub fn who_may_call(view: &View, draft: &mut Draft, placed: &Placed, all: &[Placed]) {
    let part = &placed.part;
    let host = placed.host(all);
    let callers: Vec<usize> = view.callers(part.ordinal).collect();
    let calls =
        |other: &&Placed| callers.contains(&other.part.ordinal) && other.part.component.kind != Kind::LoadBalancer;
    let mut tags: Vec<String> = all.iter().filter(calls).map(|caller| tag(view, caller.host(all))).collect();
    tags.sort();
    tags.dedup();
    tags.retain(|other| *other != tag(view, host));
    let named = names::side(&view.app.name, &part.side.seat, 50);
    let file = part.file();
    if !tags.is_empty() {
        let callers = list(tags.into_iter().map(text));
        let rule = rule(view, host, &format!("{}_from_callers", part.label), &format!("{named}-callers"), part.port());
        draft.push(&file, from(rule, "source_tags", callers));
    }
    if host.exposure.is_open(view, part.ordinal) && part.component.kind == Kind::Service {
        let rule =
            rule(view, host, &format!("{}_from_everybody", part.label), &format!("{named}-everybody"), part.port());
        draft.push(&file, from(rule, "source_ranges", list([text("0.0.0.0/0")])));
    } else if let Some(variable) = calls::callers_away(draft, view, part.ordinal) {
        let mut rule = rule(view, host, &format!("{}_from_away", part.label), &format!("{named}-away"), part.port());
        // Without addresses the rule would be open to everybody.
        let wanted = raw(format!("length(var.{variable}) > 0 ? 1 : 0"));
        rule.body.insert(0, Item::Attribute("count".to_owned(), wanted));
        draft.push(&file, from(rule, "source_ranges", raw(format!("var.{variable}"))));
    }
}
