//! Names inside the networks: `web.shop.internal`. Azure's private zones know no weights: sides with traffic get the same each.

use super::network;
use crate::exec::terraform::calls::{self, Endpoints};
use crate::exec::terraform::hcl::{Expr, Item, raw, resource};
use crate::exec::terraform::machines::Placed;
use crate::exec::terraform::model::{Draft, View};
use crate::exec::terraform::names;
use std::collections::BTreeSet;

const FILE: &str = "names.tf";

/// A private zone, and a record for each component that something here calls.
pub fn inside(view: &View, draft: &mut Draft, all: &[Placed], known: &Endpoints) {
    let called: BTreeSet<usize> = all.iter().flat_map(|placed| view.called(placed.part.ordinal)).collect();
    let regions: BTreeSet<&str> = all.iter().filter(|p| p.part.on_machines()).map(|p| p.part.region()).collect();
    let Some(home) = regions.first().copied() else { return };
    let mut records = Vec::new();
    for ordinal in called {
        let component = &view.app.components[ordinal];
        let (mut lists, mut here) = (Vec::new(), false);
        for side in view.serving(ordinal) {
            match known.get(&side.label()) {
                // A managed service is called by the name that its certificate is for.
                Some(near) if near.host.is_none() => {
                    lists.extend(near.private.clone());
                    here |= near.private.is_some();
                }
                None if !component.kind.is_data_store() && side.seat.provider != "azure" => {
                    lists.push(format!("var.{}", calls::away_side(draft, side)));
                }
                _ => {}
            }
        }
        if lists.is_empty() {
            continue;
        }
        let list = if lists.len() == 1 { lists[0].clone() } else { format!("concat({})", lists.join(", ")) };
        let mut record = resource("azurerm_private_dns_a_record", &names::identifier(&component.name))
            .set("name", names::hyphened(&component.name))
            .raw("private_dns_zone_id", "azurerm_private_dns_zone.internal.id")
            .set("ttl", 30_i64)
            .raw("records", list.as_str())
            .raw("tags", "local.tags");
        if !here {
            let count: Expr = raw(format!("length({list}) > 0 ? 1 : 0"));
            record.body.insert(0, Item::Attribute("count".to_owned(), count));
        }
        records.push(record);
    }
    if records.is_empty() {
        return;
    }
    network::zone(draft, "internal", &view.inner_zone(), home, &regions);
    for record in records {
        draft.push(FILE, record);
    }
}
