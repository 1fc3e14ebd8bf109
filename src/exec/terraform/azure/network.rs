//! The network of each region: a virtual network with a subnet for machines, one for each kind of managed store, and roads
//! between the networks of regions whose components call one another.

use super::at;
use crate::app::Kind;
use crate::exec::terraform::hcl::{block, list, raw, resource, text};
use crate::exec::terraform::machines::{Placed, unbilled_nat};
use crate::exec::terraform::model::{Draft, Part, View};
use crate::exec::terraform::names::{app, block_of_region, identifier};
use crate::plan::Form;
use std::collections::{BTreeMap, BTreeSet};

const FILE: &str = "network.tf";

/// The subnet that a part stands in, by its name: `machines`, `postgres`, `mysql`, `private` (endpoints).
pub fn subnet(part: &Part) -> &'static str {
    match (part.form, part.component.kind) {
        (Form::Managed, Kind::Postgres) => "postgres",
        (Form::Managed, Kind::Mysql) => "mysql",
        (Form::Managed, Kind::Redis) => "private",
        _ => "machines",
    }
}

fn in_network(placed: &Placed) -> bool {
    let kind = placed.part.component.kind;
    placed.part.on_machines() || kind.is_data_store()
}

/// Resource groups and networks of all regions, and the roads between them.
pub fn regions(view: &View, draft: &mut Draft, all: &[Placed]) {
    let mut by_region: BTreeMap<&str, Vec<&Placed>> = BTreeMap::new();
    for placed in all {
        by_region.entry(placed.part.region()).or_default().push(placed);
    }
    let name = app(&view.app.name, 40);
    for (region, here) in &by_region {
        let group = resource("azurerm_resource_group", &identifier(region)).set("name", format!("{name}-{region}"));
        draft.push(FILE, group.set("location", *region).raw("tags", "local.tags"));
        if here.iter().any(|placed| in_network(placed)) {
            self::region(view, draft, region, &name, here);
        }
    }
    for (a, b) in roads(view, all) {
        for (near, far) in [(a, b), (b, a)] {
            let (rn, rf) = (identifier(near), identifier(far));
            let road = resource("azurerm_virtual_network_peering", &format!("{rn}_to_{rf}"))
                .set("name", format!("to-{far}"))
                .raw("resource_group_name", format!("azurerm_resource_group.{rn}.name"))
                .raw("virtual_network_name", format!("azurerm_virtual_network.{rn}.name"))
                .raw("remote_virtual_network_id", format!("azurerm_virtual_network.{rf}.id"));
            draft.push(FILE, road);
        }
    }
    zones(draft, all);
}

fn region(view: &View, draft: &mut Draft, region: &str, name: &str, here: &[&Placed]) {
    let r = identifier(region);
    let first = block_of_region("azure", region);
    let cidr = format!("10.{}.{}.0/20", first >> 4, (first & 15) << 4);
    let network = at("azurerm_virtual_network", &r, &format!("{name}-{region}"), region);
    draft.push(FILE, network.set("address_space", list([text(cidr)])).raw("tags", "local.tags"));
    let subnets: BTreeSet<&str> = here.iter().filter(|placed| in_network(placed)).map(|p| subnet(&p.part)).collect();
    for what in subnets {
        subnet_of(draft, region, name, what);
    }
    let behind: Vec<&Part> =
        here.iter().filter(|p| p.leads() && p.exposure.uses_nat()).map(|placed| &placed.part).collect();
    if !behind.is_empty() {
        nat(draft, region, name);
        if let Some(remark) = unbilled_nat(view.app, "azure", region, &behind) {
            draft.remark(remark);
        }
    }
}

/// A subnet with its security group. Machines get a /22, the others a /24 behind it.
fn subnet_of(draft: &mut Draft, region: &str, name: &str, what: &str) {
    let r = identifier(region);
    let label = format!("{r}_{what}");
    let (bits, ordinal) = match what {
        "machines" => (2, 0),
        "postgres" => (4, 4),
        "mysql" => (4, 5),
        _ => (4, 6),
    };
    let delegated = match what {
        "postgres" => Some("Microsoft.DBforPostgreSQL/flexibleServers"),
        "mysql" => Some("Microsoft.DBforMySQL/flexibleServers"),
        _ => None,
    };
    let mut subnet = resource("azurerm_subnet", &label)
        .set("name", what)
        .raw("resource_group_name", format!("azurerm_resource_group.{r}.name"))
        .raw("virtual_network_name", format!("azurerm_virtual_network.{r}.name"))
        .set(
            "address_prefixes",
            list([raw(format!("cidrsubnet(azurerm_virtual_network.{r}.address_space[0], {bits}, {ordinal})"))]),
        );
    if what == "private" {
        subnet = subnet.set("private_endpoint_network_policies", "Enabled");
    }
    if let Some(service) = delegated {
        let actions = list([text("Microsoft.Network/virtualNetworks/subnets/join/action")]);
        let service = block("service_delegation", []).set("name", service).set("actions", actions);
        subnet = subnet.with(block("delegation", []).set("name", what).with(service));
    }
    draft.push(FILE, subnet);
    let group = at("azurerm_network_security_group", &label, &format!("{name}-{region}-{what}"), region);
    draft.push(FILE, group.raw("tags", "local.tags"));
    let association = resource("azurerm_subnet_network_security_group_association", &label)
        .raw("subnet_id", format!("azurerm_subnet.{label}.id"))
        .raw("network_security_group_id", format!("azurerm_network_security_group.{label}.id"));
    draft.push(FILE, association);
    draft.comment(FILE, "Azure lets everything inside a network through by default; here only callers come through.");
    let closed = super::rules::rule(region, what, &format!("{label}_closed"), "closed", 4_000)
        .set("access", "Deny")
        .set("protocol", "*")
        .set("source_address_prefix", "VirtualNetwork")
        .set("destination_port_range", if what == "machines" || what == "private" { "*" } else { port(what) });
    draft.push(FILE, closed.set("destination_address_prefix", "*"));
}

/// The port of the servers in a delegated subnet; what they need among themselves stays open.
fn port(what: &str) -> &'static str {
    if what == "postgres" { "5432" } else { "3306" }
}

fn nat(draft: &mut Draft, region: &str, name: &str) {
    let r = identifier(region);
    let named = format!("{name}-{region}-nat");
    let address = at("azurerm_public_ip", &format!("{r}_nat"), &named, region);
    draft.push(FILE, address.set("allocation_method", "Static").set("sku", "Standard").raw("tags", "local.tags"));
    let gateway = at("azurerm_nat_gateway", &r, &named, region);
    draft.push(FILE, gateway.set("sku_name", "Standard").raw("tags", "local.tags"));
    let of = |kind: &str| resource(kind, &r).raw("nat_gateway_id", format!("azurerm_nat_gateway.{r}.id"));
    let address = of("azurerm_nat_gateway_public_ip_association");
    draft.push(FILE, address.raw("public_ip_address_id", format!("azurerm_public_ip.{r}_nat.id")));
    let subnet = of("azurerm_subnet_nat_gateway_association");
    draft.push(FILE, subnet.raw("subnet_id", format!("azurerm_subnet.{r}_machines.id")));
}

/// Pairs of regions whose components call one another, each once.
fn roads<'a>(view: &View, all: &'a [Placed]) -> BTreeSet<(&'a str, &'a str)> {
    let here = |ordinal: usize| all.iter().filter(move |p| p.part.ordinal == ordinal && in_network(p));
    let mut roads = BTreeSet::new();
    for link in &view.app.links {
        for from in here(link.from) {
            for to in here(link.to).filter(|to| to.part.region() != from.part.region()) {
                let (a, b) = (from.part.region(), to.part.region());
                roads.insert(if a < b { (a, b) } else { (b, a) });
            }
        }
    }
    roads
}

/// A private zone of names, and which networks see it.
pub fn zone(draft: &mut Draft, label: &str, name: &str, home: &str, regions: &BTreeSet<&str>) {
    let h = identifier(home);
    let zone = resource("azurerm_private_dns_zone", label)
        .set("name", name)
        .raw("resource_group_name", format!("azurerm_resource_group.{h}.name"))
        .raw("tags", "local.tags");
    draft.push(FILE, zone);
    for region in regions {
        let r = identifier(region);
        let link = resource("azurerm_private_dns_zone_virtual_network_link", &format!("{label}_{r}"))
            .set("name", format!("{label}-{region}").replace('_', "-"))
            .raw("private_dns_zone_id", format!("azurerm_private_dns_zone.{label}.id"))
            .raw("virtual_network_id", format!("azurerm_virtual_network.{r}.id"));
        draft.push(FILE, link.raw("tags", "local.tags"));
    }
}

/// The zones that managed stores have their names in; they are seen from every network.
fn zones(draft: &mut Draft, all: &[Placed]) {
    let regions: BTreeSet<&str> = all.iter().filter(|p| in_network(p)).map(|placed| placed.part.region()).collect();
    let mut wanted: BTreeMap<(&str, String), &str> = BTreeMap::new();
    for placed in all {
        if let Some(zone) = super::stores::zone_of(&placed.part) {
            wanted.entry(zone).or_insert(placed.part.region());
        }
    }
    for ((label, name), home) in wanted {
        zone(draft, label, &name, home, &regions);
    }
}
