//! Load balancers: a component of the application, or what stands before several machines of a public service.
//!
//! Sides of one component that stand behind one balancer share its traffic by their percentages.

use super::{Placed, network, tagged};
use crate::app::Kind;
use crate::exec::terraform::calls::Endpoint;
use crate::exec::terraform::hcl::{Block, block, list, raw, resource};
use crate::exec::terraform::model::{Draft, Gap, Part, View};
use crate::exec::terraform::names;

/// How a load balancer is reached.
pub fn endpoint(part: &Part) -> Endpoint {
    let host = format!("aws_lb.{}.dns_name", part.label);
    Endpoint {
        public: Some(format!("[{host}]")),
        host: Some(host),
        balancer: Some(part.label.clone()),
        ..Endpoint::default()
    }
}

/// A load balancer of the application.
pub fn component(view: &View, draft: &mut Draft, placed: &Placed, all: &[Placed]) {
    let part = &placed.part;
    let called: Vec<usize> = view.called(part.ordinal);
    let behind = |ordinal: usize| -> Vec<&Placed> {
        all.iter().filter(|other| other.part.ordinal == ordinal && other.part.region() == part.region()).collect()
    };
    let network_level = part.side.seat.offer == "NLB";
    let name = names::side(&view.app.name, &part.side.seat, 32);
    network::group(draft, placed, &part.label, &name, &format!("{} of {}", part.component.name, view.app.name));
    balancer(draft, placed, &name, network_level);
    let targets = called.first().map(|first| behind(*first)).unwrap_or_default();
    if targets.is_empty() {
        draft.remark(format!("{}: nothing is behind it, so it has no listener", part.component.name));
        return;
    }
    for other in called.iter().skip(1) {
        let what = format!("{} -> {}", part.component.name, view.app.components[*other].name);
        let why = "the application does not say which requests go to which component; all go to the first".to_owned();
        draft.module.gaps.push(Gap { what, place: format!("aws:{}", part.region()), why });
    }
    listeners(view, draft, placed, &targets, all, network_level);
}

/// The load balancer before the machines of a public service.
pub fn before(view: &View, draft: &mut Draft, placed: &Placed, all: &[Placed]) {
    let part = &placed.part;
    let name = names::side(&view.app.name, &part.side.seat, 32);
    let label = format!("{}_balancer", part.label);
    network::group(draft, placed, &label, &format!("{name}-lb"), &format!("before {}", part.component.name));
    let rule =
        network::rule(placed, &format!("{}_from_balancer", part.label), &part.label, part.port(), "from its balancer");
    draft.push(&part.file(), rule.raw("referenced_security_group_id", format!("aws_security_group.{label}.id")));
    let balancer =
        lb(placed, &name, false).set("security_groups", list([raw(format!("aws_security_group.{label}.id"))]));
    draft.push(&part.file(), balancer);
    listeners(view, draft, placed, &[placed], all, false);
}

fn balancer(draft: &mut Draft, placed: &Placed, name: &str, network_level: bool) {
    let group = list([raw(format!("aws_security_group.{}.id", placed.part.label))]);
    draft.push(&placed.part.file(), lb(placed, name, network_level).set("security_groups", group));
}

fn lb(placed: &Placed, name: &str, network_level: bool) -> Block {
    let part = &placed.part;
    let kind = if network_level { "network" } else { "application" };
    resource("aws_lb", &part.label)
        .set("region", part.region())
        .set("name", name)
        .set("load_balancer_type", kind)
        .set("internal", false)
        .raw("subnets", format!("aws_subnet.{}_public[*].id", placed.r()))
        .when(!network_level, |lb| lb.set("drop_invalid_header_fields", true))
        .set("tags", tagged(part, name))
}

fn listeners(view: &View, draft: &mut Draft, placed: &Placed, behind: &[&Placed], all: &[Placed], network_level: bool) {
    let part = &placed.part;
    let file = part.file();
    let group =
        if part.component.kind == Kind::LoadBalancer { part.label.clone() } else { format!("{}_balancer", part.label) };
    let mut targets = Vec::new();
    for side in behind {
        let label = if std::ptr::eq(*side, placed) {
            part.label.clone()
        } else {
            format!("{}_to_{}", part.label, side.part.label)
        };
        let name = format!("{}-{}", part.side.seat.id(), side.part.side.seat.id());
        target(draft, (placed, *side), (&label, &name), all, network_level);
        targets.push((label, weight(view, side)));
    }
    let forward = |listener: Block| {
        let mut inner = block("forward", []);
        for (label, weight) in &targets {
            let group = block("target_group", []).raw("arn", format!("aws_lb_target_group.{label}.arn"));
            inner = inner.with(group.set("weight", *weight));
        }
        let action = block("default_action", []).set("type", "forward");
        listener.with(match targets.as_slice() {
            // Network load balancers know no weights.
            [(label, _)] => action.raw("target_group_arn", format!("aws_lb_target_group.{label}.arn")),
            _ => action.with(inner),
        })
    };
    let listener = |label: String, protocol: &str, port: u16| {
        resource("aws_lb_listener", &label)
            .set("region", part.region())
            .raw("load_balancer_arn", format!("aws_lb.{}.arn", part.label))
            .set("port", port)
            .set("protocol", protocol)
    };
    let plain = if network_level { "TCP" } else { "HTTP" };
    draft.push(&file, forward(listener(part.label.clone(), plain, 80)));
    let variable = format!("certificate_arn_{}", placed.r());
    let about =
        format!("Certificate of the load balancers in {}; without one they answer on port 80 only.", part.region());
    draft.variable(&variable, "string", &about, Some("\"\""));
    let secure = if network_level { "TLS" } else { "HTTPS" };
    let mut tls = listener(format!("{}_tls", part.label), secure, 443)
        .raw("certificate_arn", format!("var.{variable}"))
        .set("ssl_policy", "ELBSecurityPolicy-TLS13-1-2-2021-06");
    let wanted = raw(format!("var.{variable} == \"\" ? 0 : 1"));
    tls.body.insert(0, crate::exec::terraform::hcl::Item::Attribute("count".to_owned(), wanted));
    draft.push(&file, forward(tls));
    for (ending, port) in [("http", 80_u16), ("https", 443)] {
        let label = format!("{}_from_everybody_{ending}", part.label);
        let rule = network::rule(placed, &label, &group, port, "from everybody");
        draft.push(&file, rule.set("cidr_ipv4", "0.0.0.0/0"));
    }
}

/// The share of a side among those behind the balancer; a side that is the only one has all.
fn weight(view: &View, side: &Placed) -> i64 {
    let serving = view.serving(side.part.ordinal);
    let alone = serving.iter().all(|other| other.percent == 0);
    if alone { 100 } else { i64::from(side.part.side.percent) }
}

fn target(
    draft: &mut Draft,
    (placed, side): (&Placed, &Placed),
    (label, name): (&str, &str),
    all: &[Placed],
    network_level: bool,
) {
    let part = &placed.part;
    let port = side.part.port();
    let r = placed.r();
    let health =
        block("health_check", []).when(!network_level, |check| check.set("path", "/").set("matcher", "200-499"));
    let group = resource("aws_lb_target_group", label)
        .set("region", part.region())
        .set("name", name)
        .set("port", port)
        .set("protocol", if network_level { "TCP" } else { "HTTP" })
        .raw("vpc_id", format!("aws_vpc.{r}.id"))
        .raw("tags", format!("local.{}_tags", part.label))
        .with(health.set("interval", 10_i64));
    draft.push(&part.file(), group);
    let host = side.host(all);
    for (ending, _, count) in host.part.machines() {
        let attachment = resource("aws_lb_target_group_attachment", &format!("{label}{ending}"))
            .set("count", count)
            .set("region", part.region())
            .raw("target_group_arn", format!("aws_lb_target_group.{label}.arn"))
            .raw("target_id", format!("aws_instance.{}{ending}[count.index].id", host.part.label))
            .set("port", port);
        draft.push(&part.file(), attachment);
    }
}
