//! Hetzner Cloud: a private network for each network zone, servers, encrypted volumes, firewalls, load balancers.
//!
//! There is no private DNS: callers are told addresses. Firewalls hold for public addresses only; inside the private network
//! every server of the application reaches every other.

mod compute;

use super::assemble::tags_of;
use super::calls::{self, Endpoint, Endpoints};
use super::hcl::{self, block, raw, resource, text};
use super::machines::{Exposure, Placed, placed};
use super::model::{Draft, Gap, Part, View};
use super::names;
use crate::app::Kind;
use crate::plan::Form;
use std::collections::BTreeSet;

/// The network zone of a location: private networks reach over all locations of one.
fn zone(location: &str) -> Option<&'static str> {
    match location {
        "fsn1" | "nbg1" | "hel1" => Some("eu-central"),
        "ash" => Some("us-east"),
        "hil" => Some("us-west"),
        "sin" => Some("ap-southeast"),
        _ => None,
    }
}

/// The network zone of a part in names of blocks.
fn network_of(placed: &Placed) -> String {
    names::identifier(zone(placed.part.region()).unwrap_or_default())
}

/// Why nothing is made for a part; `None`: it is.
fn refusal(part: &Part) -> Option<String> {
    let offer = &part.side.seat.offer;
    match (part.form, part.component.kind) {
        _ if zone(part.region()).is_none() => Some(format!("the location `{}` is not known", part.region())),
        (Form::Managed, Kind::LoadBalancer) if offer.starts_with("LB") => None,
        (Form::Managed, Kind::ObjectStorage | Kind::StaticSite) => {
            Some(format!("`{offer}`: Hetzner's Terraform provider cannot make buckets; make one in the console"))
        }
        (Form::Managed, _) => Some(format!("`{offer}` is nothing that is generated")),
        _ => None,
    }
}

/// The module's blocks.
pub(super) fn draft(view: &View) -> Draft {
    let mut draft = Draft::default();
    let all = placed(view, &mut draft, false, refusal);
    let known = endpoints(view, &all);
    networks(view, &mut draft, &all);
    for placed in &all {
        let part = &placed.part;
        let labels = hcl::object(tags_of(view, part));
        draft.push(&part.file(), block("locals", []).set(&format!("{}_labels", part.label), labels));
        // What stands in another network zone is as far as another provider.
        let near: BTreeSet<String> =
            all.iter().filter(|p| network_of(p) == network_of(placed)).map(|p| p.part.label.clone()).collect();
        let known: Endpoints =
            known.iter().filter(|(label, _)| near.contains(*label)).map(|(l, e)| (l.clone(), e.clone())).collect();
        if placed.leads() {
            compute::machines(view, &mut draft, placed, &all, &known);
        } else if part.component.kind == Kind::LoadBalancer {
            let called = view.called(part.ordinal);
            let behind = |other: &&Placed| {
                let serves = || view.serving(other.part.ordinal).iter().any(|side| side.label() == other.part.label);
                called.first() == Some(&other.part.ordinal) && network_of(other) == network_of(placed) && serves()
            };
            let behind: Vec<&Placed> = all.iter().filter(behind).collect();
            compute::balancer(view, &mut draft, placed, &behind, &all);
        }
        calls::output(&mut draft, part, &known[&part.label]);
    }
    across_zones(view, &mut draft, &all);
    draft.push("versions.tf", super::assemble::providers(&[("hcloud", "hetznercloud/hcloud", "~> 1.50")]));
    draft.comment("versions.tf", "The token comes from the environment: HCLOUD_TOKEN.");
    draft.push("versions.tf", block("provider", ["hcloud"]));
    draft.push("versions.tf", super::assemble::shared_tags(view));
    draft.module.sides = all.iter().map(|placed| placed.part.label.clone()).collect();
    draft
}

fn networks(view: &View, draft: &mut Draft, all: &[Placed]) {
    let zones: BTreeSet<&str> = all.iter().filter_map(|placed| zone(placed.part.region())).collect();
    let name = names::app(&view.app.name, 40);
    for zone in zones {
        let z = names::identifier(zone);
        let first = names::block_of_region("hetzner", zone);
        let cidr = format!("10.{}.{}.0/20", first >> 4, (first & 15) << 4);
        let network = resource("hcloud_network", &z).set("name", format!("{name}-{zone}")).set("ip_range", cidr);
        draft.push("network.tf", network.raw("labels", "local.tags"));
        let subnet = resource("hcloud_network_subnet", &z)
            .raw("network_id", format!("hcloud_network.{z}.id"))
            .set("type", "cloud")
            .set("network_zone", zone)
            .raw("ip_range", format!("hcloud_network.{z}.ip_range"));
        draft.push("network.tf", subnet);
    }
}

/// Links that would have to leave a private network.
fn across_zones(view: &View, draft: &mut Draft, all: &[Placed]) {
    for link in &view.app.links {
        let here = |ordinal: usize| all.iter().filter(move |placed| placed.part.ordinal == ordinal);
        let apart =
            |from: &&Placed| here(link.to).all(|to| network_of(to) != network_of(from)) && here(link.to).count() > 0;
        for from in here(link.from).filter(apart) {
            let what = format!("{} -> {}", from.part.component.name, view.app.components[link.to].name);
            let why = "the two are in different network zones, over which private networks do not reach".to_owned();
            draft.module.gaps.push(Gap { what, place: format!("hetzner:{}", from.part.region()), why });
        }
    }
}

/// How each part is reached.
fn endpoints(view: &View, all: &[Placed]) -> Endpoints {
    let of = |placed: &Placed| {
        let label = &placed.part.label;
        if !placed.part.on_machines() {
            let host = format!("hcloud_load_balancer.{label}_balancer.ipv4");
            return Endpoint { public: Some(format!("[{host}]")), host: Some(host), ..Endpoint::default() };
        }
        let host = placed.host(all);
        let addresses = || host.part.listed(|label| format!("hcloud_server.{label}[*].ipv4_address"));
        let reached = view.is_public(placed.part.ordinal) || calls::called_from_away(view, placed.part.ordinal);
        let store = placed.part.component.kind.is_data_store() && placed.part.component.kind != Kind::Kafka;
        Endpoint {
            private: Some(host.part.listed(|label| format!("hcloud_server_network.{label}[*].ip"))),
            public: match host.exposure {
                Exposure::Address => Some(addresses()),
                exposure if exposure.is_balanced() => {
                    Some(format!("[hcloud_load_balancer.{}_balancer.ipv4]", host.part.label))
                }
                _ => None,
            }
            .filter(|_| reached),
            outgoing: Some(addresses()),
            password: store.then(|| format!("random_password.{label}.result")),
            ..Endpoint::default()
        }
    };
    all.iter().map(|placed| (placed.part.label.clone(), of(placed))).collect()
}

/// Labels of a side.
fn labels(part: &Part) -> hcl::Expr {
    raw(format!("local.{}_labels", part.label))
}

/// Everybody.
fn everybody() -> hcl::Expr {
    hcl::list([text("0.0.0.0/0"), text("::/0")])
}
