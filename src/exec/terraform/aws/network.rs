//! The network of each region: a VPC of its own, and roads between the VPCs of regions whose components call one another.

use super::Placed;
use crate::app::Kind;
use crate::exec::terraform::hcl::{Block, block, data, list, raw, resource, text};
use crate::exec::terraform::machines::{arch, unbilled_nat};
use crate::exec::terraform::model::{Draft, Part, View};
use crate::exec::terraform::names::{app, block_of_region, identifier};
use crate::units::Arch;
use std::collections::{BTreeMap, BTreeSet};

const FILE: &str = "network.tf";

/// Whether something of a part stands in a VPC.
fn in_network(placed: &Placed) -> bool {
    !matches!(placed.part.component.kind, Kind::ObjectStorage | Kind::StaticSite)
}

/// Networks of all regions, and the roads between them.
pub fn regions(view: &View, draft: &mut Draft, all: &[Placed]) {
    let mut by_region: BTreeMap<&str, Vec<&Placed>> = BTreeMap::new();
    for placed in all.iter().filter(|placed| in_network(placed)) {
        by_region.entry(placed.part.region()).or_default().push(placed);
    }
    for (region, here) in &by_region {
        self::region(view, draft, region, here);
    }
    for (a, b) in roads(view, all) {
        road(draft, a, b);
    }
}

fn region(view: &View, draft: &mut Draft, region: &str, here: &[&Placed]) {
    let r = identifier(region);
    let zones = here.iter().map(|placed| placed.part.component.zones).max().unwrap_or(1).clamp(2, 6);
    let name = app(&view.app.name, 40);
    let named = |what: &str| raw(format!("merge(local.tags, {{ Name = \"{name}{what}\" }})"));
    let at = |block: Block| block.set("region", region);
    let first = block_of_region("aws", region);
    let zones_of = at(data("aws_availability_zones", &r)).set("state", "available");
    draft.push(FILE, zones_of);
    let cidr = format!("10.{}.{}.0/20", first >> 4, (first & 15) << 4);
    let vpc = at(resource("aws_vpc", &r)).set("cidr_block", cidr).set("enable_dns_hostnames", true);
    draft.push(FILE, vpc.set("tags", named("")));
    let gateway = at(resource("aws_internet_gateway", &r)).raw("vpc_id", format!("aws_vpc.{r}.id"));
    draft.push(FILE, gateway.set("tags", named("")));
    subnets(draft, region, ("public", 0), zones, named("-public"));
    let route = at(resource("aws_route", &format!("{r}_public")))
        .raw("route_table_id", format!("aws_route_table.{r}_public.id"))
        .set("destination_cidr_block", "0.0.0.0/0")
        .raw("gateway_id", format!("aws_internet_gateway.{r}.id"));
    draft.push(FILE, route);
    subnets(draft, region, ("private", 8), zones, named("-private"));
    let behind_nat: Vec<&Part> = here.iter().filter(|p| leads_behind_nat(p)).map(|placed| &placed.part).collect();
    if !behind_nat.is_empty() {
        nat(draft, region, named("-nat"));
        if let Some(remark) = unbilled_nat(view.app, "aws", region, &behind_nat) {
            draft.remark(remark);
        }
    }
    let arches: BTreeSet<&str> =
        here.iter().filter(|placed| placed.leads()).map(|placed| image(&placed.part)).collect();
    for arch in arches {
        let path = format!("/aws/service/canonical/ubuntu/server/24.04/stable/current/{arch}/hvm/ebs-gp3/ami-id");
        draft.push(FILE, at(data("aws_ssm_parameter", &format!("{r}_ubuntu_{arch}"))).set("name", path));
    }
}

fn leads_behind_nat(placed: &Placed) -> bool {
    placed.leads() && placed.exposure.uses_nat()
}

/// The image's word for a part's processor.
pub fn image(part: &Part) -> &'static str {
    match arch("aws", &part.side.seat.offer) {
        Arch::Arm64 => "arm64",
        Arch::X86_64 => "amd64",
    }
}

fn subnets(
    draft: &mut Draft,
    region: &str,
    (what, first): (&str, u8),
    zones: u8,
    tags: crate::exec::terraform::hcl::Expr,
) {
    let r = identifier(region);
    let label = format!("{r}_{what}");
    let index = if first == 0 { "count.index".to_owned() } else { format!("count.index + {first}") };
    let subnet = resource("aws_subnet", &label)
        .set("count", u32::from(zones))
        .set("region", region)
        .raw("vpc_id", format!("aws_vpc.{r}.id"))
        .raw("cidr_block", format!("cidrsubnet(aws_vpc.{r}.cidr_block, 4, {index})"))
        .raw("availability_zone", format!("data.aws_availability_zones.{r}.names[count.index]"))
        .set("tags", tags.clone());
    draft.push(FILE, subnet);
    let table = resource("aws_route_table", &label).set("region", region).raw("vpc_id", format!("aws_vpc.{r}.id"));
    draft.push(FILE, table.set("tags", tags));
    let association = resource("aws_route_table_association", &label)
        .set("count", u32::from(zones))
        .set("region", region)
        .raw("subnet_id", format!("aws_subnet.{label}[count.index].id"))
        .raw("route_table_id", format!("aws_route_table.{label}.id"));
    draft.push(FILE, association);
}

fn nat(draft: &mut Draft, region: &str, tags: crate::exec::terraform::hcl::Expr) {
    let r = identifier(region);
    let address = resource("aws_eip", &format!("{r}_nat")).set("region", region).set("domain", "vpc");
    draft.push(FILE, address.set("tags", tags.clone()));
    let gateway = resource("aws_nat_gateway", &r)
        .set("region", region)
        .raw("allocation_id", format!("aws_eip.{r}_nat.id"))
        .raw("subnet_id", format!("aws_subnet.{r}_public[0].id"))
        .set("tags", tags)
        .set("depends_on", list([raw(format!("aws_internet_gateway.{r}"))]));
    draft.push(FILE, gateway);
    let route = resource("aws_route", &format!("{r}_private"))
        .set("region", region)
        .raw("route_table_id", format!("aws_route_table.{r}_private.id"))
        .set("destination_cidr_block", "0.0.0.0/0")
        .raw("nat_gateway_id", format!("aws_nat_gateway.{r}.id"));
    draft.push(FILE, route);
}

/// Pairs of regions whose components call one another, each once, in the order of their names.
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

/// A peering of two VPCs, with routes on both sides.
fn road(draft: &mut Draft, a: &str, b: &str) {
    let (ra, rb) = (identifier(a), identifier(b));
    let label = format!("{ra}_{rb}");
    let ask = resource("aws_vpc_peering_connection", &label)
        .set("region", a)
        .raw("vpc_id", format!("aws_vpc.{ra}.id"))
        .raw("peer_vpc_id", format!("aws_vpc.{rb}.id"))
        .set("peer_region", b)
        .raw("tags", "local.tags");
    draft.push(FILE, ask);
    let accept = resource("aws_vpc_peering_connection_accepter", &label)
        .set("region", b)
        .raw("vpc_peering_connection_id", format!("aws_vpc_peering_connection.{label}.id"))
        .set("auto_accept", true)
        .raw("tags", "local.tags");
    draft.push(FILE, accept);
    for (near, r, far) in [(a, &ra, &rb), (b, &rb, &ra)] {
        for table in ["public", "private"] {
            let route = resource("aws_route", &format!("{r}_{table}_to_{far}"))
                .set("region", near)
                .raw("route_table_id", format!("aws_route_table.{r}_{table}.id"))
                .raw("destination_cidr_block", format!("aws_vpc.{far}.cidr_block"))
                .raw("vpc_peering_connection_id", format!("aws_vpc_peering_connection_accepter.{label}.id"));
            draft.push(FILE, route);
        }
    }
}

/// A security group that lets everything out and nothing in.
pub fn group(draft: &mut Draft, placed: &Placed, label: &str, name: &str, what: &str) {
    let part = &placed.part;
    let r = identifier(part.region());
    let group = resource("aws_security_group", label)
        .set("region", part.region())
        .set("name", name)
        .set("description", what)
        .raw("vpc_id", format!("aws_vpc.{r}.id"))
        .set("tags", super::tagged(part, name));
    draft.push(&part.file(), group);
    let out = resource("aws_vpc_security_group_egress_rule", label)
        .set("region", part.region())
        .raw("security_group_id", format!("aws_security_group.{label}.id"))
        .set("description", "everything out")
        .set("ip_protocol", "-1")
        .set("cidr_ipv4", "0.0.0.0/0");
    draft.push(&part.file(), out);
}

/// A rule that lets somebody in at a port.
pub fn rule(placed: &Placed, label: &str, into: &str, port: u16, what: &str) -> Block {
    block("resource", ["aws_vpc_security_group_ingress_rule", label])
        .set("region", placed.part.region())
        .raw("security_group_id", format!("aws_security_group.{into}.id"))
        .set("description", text(what))
        .set("ip_protocol", "tcp")
        .set("from_port", port)
        .set("to_port", port)
}
