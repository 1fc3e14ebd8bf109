//! Names inside the VPCs: `db.shop.internal`, with the weights of the component's sides.

use super::Placed;
use crate::exec::terraform::calls::{self, Endpoints};
use crate::exec::terraform::hcl::{Item, block, raw, resource, text};
use crate::exec::terraform::model::{Draft, View};
use crate::exec::terraform::names;
use std::collections::BTreeSet;

const FILE: &str = "names.tf";

/// A private zone over all regions, and a record for each side that something here calls.
pub fn inside(view: &View, draft: &mut Draft, all: &[Placed], known: &Endpoints) {
    let called: BTreeSet<usize> = all.iter().flat_map(|placed| view.called(placed.part.ordinal)).collect();
    let mut records = Vec::new();
    for ordinal in called {
        let serving = view.serving(ordinal);
        let alone = serving.iter().all(|side| side.percent == 0);
        for side in serving {
            let weight = if alone { 100 } else { i64::from(side.percent) };
            let label = side.label();
            let addresses = match known.get(&label) {
                // A managed service is called by the name that its certificate is for.
                Some(near) if near.host.is_some() || near.private.is_none() => continue,
                Some(near) => (None, near.private.clone().unwrap_or_default()),
                None if view.app.components[ordinal].kind.is_data_store() || side.seat.provider == "aws" => continue,
                None => {
                    let variable = format!("var.{}", calls::away_side(draft, side));
                    (Some(raw(format!("length({variable}) > 0 ? 1 : 0"))), variable)
                }
            };
            let (count, addresses) = addresses;
            let mut record = resource("aws_route53_record", &label)
                .raw("zone_id", "aws_route53_zone.internal.zone_id")
                .set("name", text(view.host_name(ordinal)))
                .set("type", "A")
                .set("ttl", 30_i64)
                .set("set_identifier", side.seat.id())
                .raw("records", addresses)
                .with(block("weighted_routing_policy", []).set("weight", weight));
            if let Some(count) = count {
                record.body.insert(0, Item::Attribute("count".to_owned(), count));
            }
            records.push(record);
        }
    }
    if records.is_empty() {
        return;
    }
    let regions: BTreeSet<&str> = all.iter().filter(|p| p.part.on_machines()).map(|p| p.part.region()).collect();
    let mut zone = resource("aws_route53_zone", "internal").set("name", view.inner_zone()).raw("tags", "local.tags");
    for region in regions {
        let r = names::identifier(region);
        zone = zone.with(block("vpc", []).raw("vpc_id", format!("aws_vpc.{r}.id")).set("vpc_region", region));
    }
    draft.push(FILE, zone);
    for record in records {
        draft.push(FILE, record);
    }
}

/// Names in the public zone, by which users find what is public.
pub fn public(view: &View, draft: &mut Draft, known: &Endpoints) {
    let Some(zone) = view.zone else { return };
    for ordinal in (0..view.app.components.len()).filter(|ordinal| view.has_users(*ordinal)) {
        let serving = view.serving(ordinal);
        let alone = serving.iter().all(|side| side.percent == 0);
        for side in serving {
            let label = format!("{}_public", side.label());
            let name = format!("{}.{}", names::hyphened(&view.app.components[ordinal].name), zone.domain);
            let weight = if alone { 100 } else { i64::from(side.percent) };
            let policy = block("weighted_routing_policy", []).set("weight", weight);
            let mut record = resource("aws_route53_record", &label)
                .set("zone_id", zone.id.as_str())
                .set("name", name)
                .set("type", "A")
                .set("set_identifier", side.seat.id());
            let here = known.get(&side.label());
            if let Some(balancer) = here.and_then(|near| near.balancer.as_ref()) {
                let alias = block("alias", [])
                    .raw("name", format!("aws_lb.{balancer}.dns_name"))
                    .raw("zone_id", format!("aws_lb.{balancer}.zone_id"))
                    .set("evaluate_target_health", false);
                draft.push(FILE, record.with(policy).with(alias));
                continue;
            }
            let addresses = match here {
                Some(near) => near.public.clone(),
                None if side.seat.provider == view.provider => None,
                None => {
                    let variable = format!("var.{}", calls::away_side(draft, side));
                    let wanted = raw(format!("length({variable}) > 0 ? 1 : 0"));
                    record.body.insert(0, Item::Attribute("count".to_owned(), wanted));
                    Some(variable)
                }
            };
            if let Some(addresses) = addresses {
                draft.push(FILE, record.set("ttl", 30_i64).raw("records", addresses).with(policy));
            }
        }
    }
}
