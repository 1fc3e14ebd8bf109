//! Standard Load Balancer. It knows no weights: sides of one component behind it get the same each.

use super::at;
use crate::exec::terraform::calls::Endpoint;
use crate::exec::terraform::hcl::{block, list, raw, resource};
use crate::exec::terraform::machines::Placed;
use crate::exec::terraform::model::{Draft, Gap, Part, Side, View};
use crate::exec::terraform::names;

/// How a load balancer is reached.
pub fn endpoint(part: &Part) -> Endpoint {
    let host = format!("azurerm_public_ip.{}_balancer.ip_address", part.label);
    Endpoint { public: Some(format!("[{host}]")), host: Some(host), ..Endpoint::default() }
}

/// A load balancer of the application.
pub fn component(view: &View, draft: &mut Draft, placed: &Placed, all: &[Placed]) {
    let part = &placed.part;
    let called = view.called(part.ordinal);
    for other in called.iter().skip(1) {
        let what = format!("{} -> {}", part.component.name, view.app.components[*other].name);
        let why = "the application does not say which requests go to which component; all go to the first".to_owned();
        draft.module.gaps.push(Gap { what, place: format!("azure:{}", part.region()), why });
    }
    let serving: Vec<String> =
        called.first().map(|first| view.serving(*first)).into_iter().flatten().map(Side::label).collect();
    let behind = |other: &&Placed| serving.contains(&other.part.label) && other.part.region() == part.region();
    let behind: Vec<&Placed> = all.iter().filter(behind).map(|side| side.host(all)).collect();
    let port = called.first().map_or(80, |first| crate::exec::terraform::model::port(&view.app.components[*first]));
    balancer(view, draft, placed, &behind, port);
}

/// The load balancer before the machines of a public service.
pub fn before(view: &View, draft: &mut Draft, placed: &Placed) {
    balancer(view, draft, placed, &[placed], placed.part.port());
}

fn balancer(view: &View, draft: &mut Draft, placed: &Placed, behind: &[&Placed], port: u16) {
    let part = &placed.part;
    let (label, file) = (format!("{}_balancer", part.label), part.file());
    let name = names::side(&view.app.name, &part.side.seat, 60);
    let tags = format!("local.{}_tags", part.label);
    let address = at("azurerm_public_ip", &label, &format!("{name}-lb"), part.region());
    draft.push(&file, address.set("allocation_method", "Static").set("sku", "Standard").raw("tags", tags.as_str()));
    let front = block("frontend_ip_configuration", [])
        .set("name", "public")
        .raw("public_ip_address_id", format!("azurerm_public_ip.{label}.id"));
    let balancer = at("azurerm_lb", &label, &format!("{name}-lb"), part.region()).set("sku", "Standard");
    draft.push(&file, balancer.raw("tags", tags).with(front));
    let of = |kind: &str, name: &str| {
        resource(kind, &label).set("name", name).raw("loadbalancer_id", format!("azurerm_lb.{label}.id"))
    };
    draft.push(&file, of("azurerm_lb_backend_address_pool", "machines"));
    draft.push(&file, of("azurerm_lb_probe", "alive").set("protocol", "Tcp").set("port", port));
    let rule = of("azurerm_lb_rule", "http")
        .set("protocol", "Tcp")
        .set("frontend_port", 80_i64)
        .set("backend_port", port)
        .set("frontend_ip_configuration_name", "public")
        .set("backend_address_pool_ids", list([raw(format!("azurerm_lb_backend_address_pool.{label}.id"))]))
        .raw("probe_id", format!("azurerm_lb_probe.{label}.id"))
        // Machines have their own way out.
        .set("disable_outbound_snat", true);
    draft.push(&file, rule);
    for side in behind {
        for (ending, _, count) in side.part.machines() {
            let machines = format!("{}{ending}", side.part.label);
            let member = resource(
                "azurerm_network_interface_backend_address_pool_association",
                &format!("{label}_to_{machines}"),
            )
            .set("count", count)
            .raw("network_interface_id", format!("azurerm_network_interface.{machines}[count.index].id"))
            .set("ip_configuration_name", "main")
            .raw("backend_address_pool_id", format!("azurerm_lb_backend_address_pool.{label}.id"));
            draft.push(&file, member);
        }
    }
    draft.remark(format!(
        "{}: Azure's Standard Load Balancer hands on connections and knows no certificates; it answers on port 80",
        part.component.name
    ));
}
