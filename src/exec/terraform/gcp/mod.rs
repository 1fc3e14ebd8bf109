//! Google Cloud: one network over all regions, Compute Engine, Cloud SQL, Memorystore, Cloud Storage, the global load balancer,
//! Cloud DNS names inside the network.

mod balance;
mod compute;
mod names;
mod network;
mod stores;

use super::assemble::tags_of;
use super::calls::{self, Endpoint, Endpoints};
use super::hcl;
use super::machines::{Exposure, Placed, placed};
use super::model::{Draft, View};
use crate::app::Kind;

/// The module's blocks.
pub(super) fn draft(view: &View) -> Draft {
    let mut draft = Draft::default();
    let all = placed(view, &mut draft, true, stores::refusal);
    let known = endpoints(view, &all);
    draft.variable("project", "string", "The project that everything is made in.", None);
    network::network(view, &mut draft, &all);
    for placed in &all {
        let part = &placed.part;
        let tags = hcl::object(tags_of(view, part));
        draft.push(&part.file(), hcl::block("locals", []).set(&format!("{}_labels", part.label), tags));
        if placed.leads() {
            compute::machines(view, &mut draft, placed, &all, &known);
        } else if part.component.kind == Kind::LoadBalancer {
            balance::component(view, &mut draft, placed, &all);
        } else if !part.on_machines() {
            stores::managed(view, &mut draft, placed);
        }
        if part.on_machines() {
            compute::who_may_call(view, &mut draft, placed, &all);
        }
        calls::output(&mut draft, part, &known[&part.label]);
    }
    names::inside(view, &mut draft, &all, &known);
    names::public(view, &mut draft, &known);
    draft.push("versions.tf", super::assemble::providers(&[("google", "hashicorp/google", "~> 8.0")]));
    draft.push("versions.tf", hcl::block("provider", ["google"]).raw("project", "var.project"));
    draft.push("versions.tf", super::assemble::shared_tags(view));
    draft.module.sides = all.iter().map(|placed| placed.part.label.clone()).collect();
    draft
}

/// How each part is reached.
fn endpoints(view: &View, all: &[Placed]) -> Endpoints {
    let of = |placed: &Placed| {
        if !placed.part.on_machines() {
            let balancer = placed.part.component.kind == Kind::LoadBalancer;
            return if balancer { balance::endpoint(&placed.part) } else { stores::endpoint(&placed.part) };
        }
        let host = placed.host(all);
        let label = &host.part.label;
        let card = |attribute: &str| {
            host.part.listed(|label| format!("google_compute_instance.{label}[*].network_interface[0].{attribute}"))
        };
        let reached = view.is_public(placed.part.ordinal) || calls::called_from_away(view, placed.part.ordinal);
        let store = placed.part.component.kind.is_data_store() && placed.part.component.kind != Kind::Kafka;
        Endpoint {
            private: Some(card("network_ip")),
            public: match host.exposure {
                Exposure::Address => Some(card("access_config[0].nat_ip")),
                exposure if exposure.is_balanced() => Some(format!("[google_compute_global_address.{label}.address]")),
                _ => None,
            }
            .filter(|_| reached),
            outgoing: Some(if host.exposure.uses_nat() {
                format!("[google_compute_address.{}_nat.address]", host.r())
            } else {
                card("access_config[0].nat_ip")
            }),
            password: store.then(|| format!("random_password.{}.result", placed.part.label)),
            ..Endpoint::default()
        }
    };
    all.iter().map(|placed| (placed.part.label.clone(), of(placed))).collect()
}
