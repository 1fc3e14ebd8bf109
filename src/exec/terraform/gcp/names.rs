//! Names inside the network: `web.shop.internal`, with the weights of the component's sides.

use crate::exec::terraform::calls::{self, Endpoints};
use crate::exec::terraform::hcl::{Block, Item, block, raw, resource, text};
use crate::exec::terraform::machines::Placed;
use crate::exec::terraform::model::{Draft, View};
use crate::exec::terraform::names;
use std::collections::BTreeSet;

const FILE: &str = "names.tf";

/// A private zone, and a record for each component that something here calls.
pub fn inside(view: &View, draft: &mut Draft, all: &[Placed], known: &Endpoints) {
    let called: BTreeSet<usize> = all.iter().flat_map(|placed| view.called(placed.part.ordinal)).collect();
    let mut records = Vec::new();
    for ordinal in called {
        let component = &view.app.components[ordinal];
        let mut sides: Vec<(u8, String, bool)> = Vec::new();
        for side in view.serving(ordinal) {
            match known.get(&side.label()) {
                // A managed service is called by the name that its certificate is for.
                Some(near) if near.host.is_none() => {
                    sides.extend(near.private.clone().map(|list| (side.percent, list, true)));
                }
                None if !component.kind.is_data_store() && side.seat.provider != "gcp" => {
                    sides.push((side.percent, format!("var.{}", calls::away_side(draft, side)), false));
                }
                _ => {}
            }
        }
        let record = resource("google_dns_record_set", &names::identifier(&component.name))
            .raw("managed_zone", "google_dns_managed_zone.internal.name")
            .set("name", format!("{}.", view.host_name(ordinal)))
            .set("type", "A")
            .set("ttl", 30_i64);
        records.extend(shared(record, &sides));
    }
    if records.is_empty() {
        return;
    }
    let visible = block("networks", []).raw("network_url", "google_compute_network.main.id");
    let zone = resource("google_dns_managed_zone", "internal")
        .set("name", format!("{}-internal", names::app(&view.app.name, 40)))
        .set("dns_name", format!("{}.", view.inner_zone()))
        .set("description", text(format!("Names inside the network of {}.", view.app.name)))
        .set("visibility", "private")
        .raw("labels", "local.tags")
        .with(block("private_visibility_config", []).with(visible));
    draft.push(FILE, zone);
    for record in records {
        draft.push(FILE, record);
    }
}

/// A record with its sides: their addresses, whether those are this module's own, and their percentages. `None`: no side.
fn shared(record: Block, sides: &[(u8, String, bool)]) -> Option<Block> {
    match sides {
        [] => None,
        [(_, list, true)] => Some(record.raw("rrdatas", list)),
        [(_, list, false)] => {
            let mut record = record.raw("rrdatas", list);
            let wanted = raw(format!("length({list}) > 0 ? 1 : 0"));
            record.body.insert(0, Item::Attribute("count".to_owned(), wanted));
            Some(record)
        }
        several => {
            let alone = several.iter().all(|(percent, ..)| *percent == 0);
            let mut policy = block("routing_policy", []);
            for (percent, list, _) in several {
                let weight = if alone { 100 } else { i64::from(*percent) };
                policy = policy.with(block("wrr", []).set("weight", weight).raw("rrdatas", list));
            }
            Some(record.with(policy))
        }
    }
}

/// Names in the public zone, by which users find what is public.
pub fn public(view: &View, draft: &mut Draft, known: &Endpoints) {
    let Some(zone) = view.zone else { return };
    for ordinal in (0..view.app.components.len()).filter(|ordinal| view.has_users(*ordinal)) {
        let component = &view.app.components[ordinal];
        let mut sides: Vec<(u8, String, bool)> = Vec::new();
        for side in view.serving(ordinal) {
            match known.get(&side.label()) {
                Some(near) => sides.extend(near.public.clone().map(|list| (side.percent, list, true))),
                None if side.seat.provider != view.provider => {
                    sides.push((side.percent, format!("var.{}", calls::away_side(draft, side)), false));
                }
                None => {}
            }
        }
        let record = resource("google_dns_record_set", &format!("{}_public", names::identifier(&component.name)))
            .set("managed_zone", zone.id.as_str())
            .set("name", format!("{}.{}.", names::hyphened(&component.name), zone.domain))
            .set("type", "A")
            .set("ttl", 30_i64);
        if let Some(record) = shared(record, &sides) {
            draft.push(FILE, record);
        }
    }
}
