//! AWS: a VPC for each region, EC2, RDS, Aurora, ElastiCache, S3, load balancers, Route 53 names inside the VPCs.
//!
//! Resources state their region themselves (version 6 of the provider), so one provider block serves all regions, and a
//! region can go without a trace.

mod balance;
mod compute;
mod names;
mod network;
mod stores;

use super::assemble::tags_of;
use super::calls::{self, Endpoint, Endpoints};
use super::hcl::{self, Block, Expr, raw};
use super::machines::{Exposure, Placed, placed};
use super::model::{Draft, Part, View};
use crate::app::Kind;
use crate::plan::Form;
use std::collections::BTreeSet;

/// The module's blocks.
pub(super) fn draft(view: &View) -> Draft {
    let mut draft = Draft::default();
    let all = placed(view, &mut draft, true, stores::refusal);
    let known = endpoints(view, &all);
    network::regions(view, &mut draft, &all);
    for placed in &all {
        let file = placed.part.file();
        draft.push(&file, tags(view, &placed.part));
        match placed.part.form {
            Form::Machines | Form::Packaged if !placed.leads() => {}
            Form::Machines | Form::Packaged => compute::machines(view, &mut draft, placed, &all, &known),
            _ => match placed.part.component.kind {
                Kind::LoadBalancer => balance::component(view, &mut draft, placed, &all),
                _ => stores::managed(view, &mut draft, placed, &known),
            },
        }
        if placed.part.component.kind != Kind::LoadBalancer {
            compute::who_may_call(view, &mut draft, placed, &all);
        }
        calls::output(&mut draft, &placed.part, &known[&placed.part.label]);
    }
    names::inside(view, &mut draft, &all, &known);
    names::public(view, &mut draft, &known);
    versions(view, &mut draft, &all);
    draft.module.sides = all.iter().map(|placed| placed.part.label.clone()).collect();
    draft
}

/// How each part is reached.
fn endpoints(view: &View, all: &[Placed]) -> Endpoints {
    let of = |placed: &Placed| {
        let host = placed.host(all);
        if !placed.part.on_machines() {
            return if placed.part.component.kind == Kind::LoadBalancer {
                balance::endpoint(&placed.part)
            } else {
                stores::endpoint(&placed.part)
            };
        }
        let label = &host.part.label;
        let listed = |attribute: &str| host.part.listed(|label| format!("aws_instance.{label}[*].{attribute}"));
        let store = placed.part.component.kind.is_data_store() && placed.part.component.kind != Kind::Kafka;
        Endpoint {
            private: Some(listed("private_ip")),
            public: match host.exposure {
                Exposure::Address => Some(listed("public_ip")),
                exposure if exposure.is_balanced() => Some(format!("[aws_lb.{label}.dns_name]")),
                _ => None,
            }
            .filter(|_| view.is_public(placed.part.ordinal) || calls::called_from_away(view, placed.part.ordinal)),
            outgoing: Some(if host.exposure.uses_nat() {
                format!("[aws_eip.{}_nat.public_ip]", host.r())
            } else {
                listed("public_ip")
            }),
            password: store.then(|| format!("random_password.{}.result", placed.part.label)),
            balancer: host.exposure.is_balanced().then(|| label.clone()),
            ..Endpoint::default()
        }
    };
    all.iter().map(|placed| (placed.part.label.clone(), of(placed))).collect()
}

/// Tags of everything that belongs to a side.
fn tags(view: &View, part: &Part) -> Block {
    hcl::block("locals", []).set(&format!("{}_tags", part.label), hcl::object(tags_of(view, part)))
}

/// `tags = local.x_tags`, with a name that the console shows.
fn tagged(part: &Part, name: &str) -> Expr {
    raw(format!("merge(local.{}_tags, {{ Name = {} }})", part.label, hcl::quoted(name)))
}

fn versions(view: &View, draft: &mut Draft, all: &[Placed]) {
    let regions: BTreeSet<&str> = all.iter().map(|placed| placed.part.region()).collect();
    let needs = super::assemble::providers(&[("aws", "hashicorp/aws", "~> 6.0")]);
    draft.push("versions.tf", needs);
    let first = regions.first().copied().unwrap_or("us-east-1");
    draft.comment("versions.tf", "Every resource states its own region; this one is for what has none.");
    draft.push("versions.tf", hcl::block("provider", ["aws"]).set("region", first));
    draft.push("versions.tf", super::assemble::shared_tags(view));
}

/// `for_each` over a variable with addresses.
fn each(variable: &str) -> hcl::Item {
    hcl::Item::Attribute("for_each".to_owned(), raw(format!("toset(var.{variable})")))
}
