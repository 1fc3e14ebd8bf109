//! The global load balancer. Sides of one component behind it share its traffic by the capacity that each is given.

use super::compute;
use crate::exec::terraform::calls::Endpoint;
use crate::exec::terraform::hcl::{Block, Item, block, list, raw, resource, text};
use crate::exec::terraform::machines::Placed;
use crate::exec::terraform::model::{Draft, Gap, Part, View};
use crate::exec::terraform::names;

/// From where Google's load balancers reach machines.
const PROXIES: [&str; 2] = ["130.211.0.0/22", "35.191.0.0/16"];

/// How a load balancer is reached.
pub fn endpoint(part: &Part) -> Endpoint {
    let host = format!("google_compute_global_address.{}.address", part.label);
    Endpoint { public: Some(format!("[{host}]")), host: Some(host), ..Endpoint::default() }
}

/// A load balancer of the application.
pub fn component(view: &View, draft: &mut Draft, placed: &Placed, all: &[Placed]) {
    let part = &placed.part;
    let called = view.called(part.ordinal);
    for other in called.iter().skip(1) {
        let what = format!("{} -> {}", part.component.name, view.app.components[*other].name);
        let why = "the application does not say which requests go to which component; all go to the first".to_owned();
        draft.module.gaps.push(Gap { what, place: format!("gcp:{}", part.region()), why });
    }
    let behind = |other: &&Placed| called.first() == Some(&other.part.ordinal) && other.part.region() == part.region();
    let behind: Vec<&Placed> = all.iter().filter(behind).collect();
    balancer(view, draft, placed, &behind, all);
}

/// The load balancer before the machines of a public service.
pub fn before(view: &View, draft: &mut Draft, placed: &Placed, all: &[Placed]) {
    balancer(view, draft, placed, &[placed], all);
}

fn balancer(view: &View, draft: &mut Draft, placed: &Placed, behind: &[&Placed], all: &[Placed]) {
    let part = &placed.part;
    let (label, file) = (&part.label, part.file());
    let name = names::side(&view.app.name, &part.side.seat, 54);
    draft.push(&file, resource("google_compute_global_address", label).set("name", name.as_str()));
    let Some(first) = behind.first() else {
        draft.remark(format!("{}: nothing is behind it, so it has no listener", part.component.name));
        return;
    };
    let port = first.part.port();
    let check = resource("google_compute_health_check", label)
        .set("name", name.as_str())
        .set("check_interval_sec", 10_i64)
        .with(block("tcp_health_check", []).set("port", port));
    draft.push(&file, check);
    let mut service = resource("google_compute_backend_service", label)
        .set("name", name.as_str())
        .set("protocol", "HTTP")
        .set("port_name", "app")
        .set("load_balancing_scheme", "EXTERNAL_MANAGED")
        .set("health_checks", list([raw(format!("google_compute_health_check.{label}.id"))]));
    for side in behind {
        let host = side.host(all);
        for (ending, ..) in host.part.machines() {
            let machines = format!("{}{ending}", host.part.label);
            let groups = format!("{label}_to_{}{ending}", side.part.label);
            draft.push(&file, group(&groups, &machines, (placed, side)));
            service = service.with(backend(&groups, share(view, side)));
        }
        let named = format!("{}-{}", names::side(&view.app.name, &side.part.side.seat, 48), part.side.seat.id());
        let rule = compute::rule(view, host, &format!("{}_from_{label}", side.part.label), &named, port);
        draft.push(&file, compute::from(rule, "source_ranges", list(PROXIES.map(text))));
    }
    draft.push(&file, service);
    let map = resource("google_compute_url_map", label).set("name", name.as_str());
    draft.push(&file, map.raw("default_service", format!("google_compute_backend_service.{label}.id")));
    listeners(draft, &file, label, &name);
}

/// A group for each machine: groups are zonal, and machines stand in different zones.
fn group(label: &str, machines: &str, (placed, side): (&Placed, &Placed)) -> Block {
    let name = format!("g-{}-{}", placed.part.side.seat.id(), side.part.side.seat.id());
    let kind = machines.strip_prefix(&side.part.label).unwrap_or_default().replace('_', "-");
    resource("google_compute_instance_group", label)
        .raw("count", format!("length(google_compute_instance.{machines})"))
        .raw("name", format!("\"{name}{kind}-${{count.index}}\""))
        .raw("zone", format!("google_compute_instance.{machines}[count.index].zone"))
        .set("instances", list([raw(format!("google_compute_instance.{machines}[count.index].self_link"))]))
        .with(block("named_port", []).set("name", "app").set("port", side.part.port()))
}

fn backend(groups: &str, share: String) -> Block {
    let content = block("content", [])
        .raw("group", "backend.value.id")
        .set("balancing_mode", "RATE")
        .set("max_rate_per_instance", 1_000_i64)
        .raw("capacity_scaler", share);
    block("dynamic", ["backend"]).raw("for_each", format!("google_compute_instance_group.{groups}")).with(content)
}

/// The share of a side's capacity that takes traffic; a side that is the only one has all.
fn share(view: &View, side: &Placed) -> String {
    let alone = view.serving(side.part.ordinal).iter().all(|other| other.percent == 0);
    match if alone { 100 } else { side.part.side.percent } {
        100 => "1".to_owned(),
        0 => "0".to_owned(),
        percent => format!("0.{percent:02}"),
    }
}

fn listeners(draft: &mut Draft, file: &str, label: &str, name: &str) {
    let forward = |ending: &str, named: &str, target: String, port: &str| {
        resource("google_compute_global_forwarding_rule", &format!("{label}{ending}"))
            .set("name", named)
            .set("load_balancing_scheme", "EXTERNAL_MANAGED")
            .raw("ip_address", format!("google_compute_global_address.{label}.id"))
            .set("port_range", port)
            .raw("target", target)
    };
    let map = format!("google_compute_url_map.{label}.id");
    draft
        .push(file, resource("google_compute_target_http_proxy", label).set("name", name).raw("url_map", map.as_str()));
    draft.push(file, forward("", name, format!("google_compute_target_http_proxy.{label}.id"), "80"));
    let about = "Certificates of the load balancers (self links); without one they answer on port 80 only.";
    draft.variable("certificates", "list(string)", about, Some("[]"));
    let mut proxy = resource("google_compute_target_https_proxy", label).set("name", name).raw("url_map", map);
    proxy = proxy.raw("ssl_certificates", "var.certificates");
    let mut rule =
        forward("_tls", &format!("{name}-tls"), format!("one(google_compute_target_https_proxy.{label}[*].id)"), "443");
    for block in [&mut proxy, &mut rule] {
        block.body.insert(0, Item::Attribute("count".to_owned(), raw("length(var.certificates) > 0 ? 1 : 0")));
    }
    draft.push(file, proxy);
    draft.push(file, rule);
}
