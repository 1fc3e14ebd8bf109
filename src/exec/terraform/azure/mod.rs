//! Azure: a resource group and a virtual network for each region, virtual machines, flexible servers, Redis behind private
//! endpoints, storage accounts, Standard Load Balancer, private DNS names.

mod balance;
mod compute;
mod names;
mod network;
mod rules;
mod stores;

use super::assemble::tags_of;
use super::calls::{self, Endpoint, Endpoints};
use super::hcl::{self, Block};
use super::machines::{Exposure, Placed, placed};
use super::model::{Draft, View};
use super::names::identifier;
use crate::app::Kind;

/// The module's blocks.
pub(super) fn draft(view: &View) -> Draft {
    let mut draft = Draft::default();
    let all = placed(view, &mut draft, true, stores::refusal);
    let known = endpoints(view, &all);
    draft.variable("subscription_id", "string", "The subscription that everything is made in.", None);
    network::regions(view, &mut draft, &all);
    for placed in &all {
        let part = &placed.part;
        let tags = hcl::object(tags_of(view, part));
        draft.push(&part.file(), hcl::block("locals", []).set(&format!("{}_tags", part.label), tags));
        if placed.leads() {
            compute::machines(view, &mut draft, placed, &known);
        } else if part.component.kind == Kind::LoadBalancer {
            balance::component(view, &mut draft, placed, &all);
        } else if !part.on_machines() {
            stores::managed(view, &mut draft, placed);
        }
        if part.component.kind != Kind::LoadBalancer {
            rules::who_may_call(view, &mut draft, placed, &all);
        }
        calls::output(&mut draft, part, &known[&part.label]);
    }
    names::inside(view, &mut draft, &all, &known);
    draft.push("versions.tf", super::assemble::providers(&[("azurerm", "hashicorp/azurerm", "~> 5.0")]));
    let provider = hcl::block("provider", ["azurerm"]).raw("subscription_id", "var.subscription_id");
    draft.push("versions.tf", provider.with(hcl::block("features", [])));
    draft.push("versions.tf", super::assemble::shared_tags(view));
    draft.module.sides = all.iter().map(|placed| placed.part.label.clone()).collect();
    draft
}

/// A resource in the resource group of a region.
fn at(kind: &str, label: &str, name: &str, region: &str) -> Block {
    inside(hcl::resource(kind, label), name, region)
}

/// Name, resource group and location.
fn inside(block: Block, name: &str, region: &str) -> Block {
    let r = identifier(region);
    block
        .set("name", name)
        .raw("resource_group_name", format!("azurerm_resource_group.{r}.name"))
        .raw("location", format!("azurerm_resource_group.{r}.location"))
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
        let addresses = || host.part.listed(|label| format!("azurerm_public_ip.{label}[*].ip_address"));
        let reached = view.is_public(placed.part.ordinal) || calls::called_from_away(view, placed.part.ordinal);
        let store = placed.part.component.kind.is_data_store() && placed.part.component.kind != Kind::Kafka;
        Endpoint {
            private: Some(host.part.listed(|label| format!("azurerm_network_interface.{label}[*].private_ip_address"))),
            public: match host.exposure {
                Exposure::Address => Some(addresses()),
                exposure if exposure.is_balanced() => Some(format!("[azurerm_public_ip.{label}_balancer.ip_address]")),
                _ => None,
            }
            .filter(|_| reached),
            outgoing: Some(if host.exposure.uses_nat() {
                format!("[azurerm_public_ip.{}_nat.ip_address]", host.r())
            } else {
                addresses()
            }),
            password: store.then(|| format!("random_password.{}.result", placed.part.label)),
            ..Endpoint::default()
        }
    };
    all.iter().map(|placed| (placed.part.label.clone(), of(placed))).collect()
}
