//! One network, a subnet in each region, NAT where something goes out without an address.

use crate::app::Kind;
use crate::exec::terraform::hcl::{block, data, list, raw, resource};
use crate::exec::terraform::machines::{Placed, unbilled_nat};
use crate::exec::terraform::model::{Draft, Part, View};
use crate::exec::terraform::names::{app, block_of_region, identifier};
use crate::plan::Form;
use std::collections::BTreeMap;

const FILE: &str = "network.tf";

/// Network, subnets, NAT, and the range for managed services.
pub fn network(view: &View, draft: &mut Draft, all: &[Placed]) {
    let in_network = |placed: &&Placed| !matches!(placed.part.component.kind, Kind::ObjectStorage | Kind::StaticSite);
    if !all.iter().any(|placed| in_network(&placed)) {
        return;
    }
    let name = app(&view.app.name, 40);
    draft.push(
        FILE,
        resource("google_compute_network", "main").set("name", name.as_str()).set("auto_create_subnetworks", false),
    );
    let mut by_region: BTreeMap<&str, Vec<&Placed>> = BTreeMap::new();
    for placed in all.iter().filter(|placed| placed.leads()) {
        by_region.entry(placed.part.region()).or_default().push(placed);
    }
    for (region, here) in by_region {
        subnet(draft, region, &name);
        let behind: Vec<&Part> = here.iter().filter(|p| p.exposure.uses_nat()).map(|placed| &placed.part).collect();
        if !behind.is_empty() {
            nat(draft, region, &name);
            if let Some(remark) = unbilled_nat(view.app, "gcp", region, &behind) {
                draft.remark(remark);
            }
        }
    }
    let managed = |placed: &Placed| placed.part.form == Form::Managed && placed.part.component.kind.is_data_store();
    if all.iter().any(managed) {
        services(draft, &name);
    }
}

fn subnet(draft: &mut Draft, region: &str, name: &str) {
    let r = identifier(region);
    let first = block_of_region("gcp", region);
    draft.push(FILE, data("google_compute_zones", &r).set("region", region).set("status", "UP"));
    let subnet = resource("google_compute_subnetwork", &r)
        .set("name", format!("{name}-{region}"))
        .set("region", region)
        .raw("network", "google_compute_network.main.id")
        .set("ip_cidr_range", format!("10.{}.{}.0/20", first >> 4, (first & 15) << 4))
        .set("private_ip_google_access", true);
    draft.push(FILE, subnet);
}

fn nat(draft: &mut Draft, region: &str, name: &str) {
    let r = identifier(region);
    let named = format!("{name}-{region}-nat");
    draft.push(
        FILE,
        resource("google_compute_address", &format!("{r}_nat")).set("name", named.as_str()).set("region", region),
    );
    let router = resource("google_compute_router", &r).set("name", named.as_str()).set("region", region);
    draft.push(FILE, router.raw("network", "google_compute_network.main.id"));
    let nat = resource("google_compute_router_nat", &r)
        .set("name", named.as_str())
        .set("region", region)
        .raw("router", format!("google_compute_router.{r}.name"))
        .set("nat_ip_allocate_option", "MANUAL_ONLY")
        .set("nat_ips", list([raw(format!("google_compute_address.{r}_nat.self_link"))]))
        .set("source_subnetwork_ip_ranges_to_nat", "LIST_OF_SUBNETWORKS");
    let subnet = block("subnetwork", [])
        .raw("name", format!("google_compute_subnetwork.{r}.id"))
        .set("source_ip_ranges_to_nat", list(["ALL_IP_RANGES".into()]));
    draft.push(FILE, nat.with(subnet));
}

/// The range from which managed databases get addresses inside the network.
fn services(draft: &mut Draft, name: &str) {
    let range = resource("google_compute_global_address", "services")
        .set("name", format!("{name}-services"))
        .set("purpose", "VPC_PEERING")
        .set("address_type", "INTERNAL")
        .set("prefix_length", 20_i64)
        .raw("network", "google_compute_network.main.id");
    draft.push(FILE, range);
    let connection = resource("google_service_networking_connection", "services")
        .raw("network", "google_compute_network.main.id")
        .set("service", "servicenetworking.googleapis.com")
        .set("reserved_peering_ranges", list([raw("google_compute_global_address.services.name")]))
        .set("deletion_policy", "ABANDON");
    draft.push(FILE, connection);
}
