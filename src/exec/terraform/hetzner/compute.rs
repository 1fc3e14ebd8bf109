//! Servers, their volumes and firewalls, and load balancers.

use super::{everybody, labels, network_of};
use crate::app::Kind;
use crate::exec::terraform::calls::{self, Endpoints};
use crate::exec::terraform::containers::{self, Volume};
use crate::exec::terraform::hcl::{Block, block, list, raw, resource, text};
use crate::exec::terraform::machines::Placed;
use crate::exec::terraform::model::{Draft, Gap, View};
use crate::exec::terraform::names;

/// The servers of a part that leads some.
pub fn machines(view: &View, draft: &mut Draft, placed: &Placed, all: &[Placed], known: &Endpoints) {
    let part = &placed.part;
    let (label, file) = (&part.label, part.file());
    let name = names::side(&view.app.name, &part.side.seat, 54);
    for store in placed.stores(view) {
        draft.push(&file, containers::password(&store));
    }
    let firewall = firewall(view, draft, placed, all, &name);
    draft.push(&file, firewall);
    let data = placed.volume_gb(view);
    if let Some(gb) = data {
        draft.comment(&file, "Hetzner does not encrypt volumes; the server does, with this passphrase.");
        draft.push(&file, containers::password(&format!("{label}_volume")));
        let volume = resource("hcloud_volume", label)
            .set("name", format!("{name}-data"))
            .set("location", part.region())
            .set("size", gb)
            .set("labels", labels(part));
        draft.push(&file, volume);
    }
    let volume = data.map(|_| Volume {
        devices: vec![format!("\"/dev/disk/by-id/scsi-0HC_Volume_${{hcloud_volume.{label}.id}}\"")],
        passphrase: Some(format!("random_password.{label}_volume.result")),
    });
    let start = containers::start(view, draft, part, known, false, volume.as_ref());
    draft.variable("ssh_keys", "list(string)", "Names of SSH keys of whoever may log in to servers.", Some("[]"));
    for (ending, _, count) in part.machines() {
        server(
            draft,
            placed,
            (&format!("{label}{ending}"), &format!("{name}{}", ending.replace('_', "-"))),
            count,
            &start,
        );
    }
    if data.is_some() {
        let attachment = resource("hcloud_volume_attachment", label)
            .raw("volume_id", format!("hcloud_volume.{label}.id"))
            .raw("server_id", format!("hcloud_server.{label}[0].id"))
            .set("automount", false);
        draft.push(&file, attachment);
    }
    if placed.exposure.is_balanced() {
        balancer(view, draft, placed, &[placed], all);
    }
}

fn server(draft: &mut Draft, placed: &Placed, (label, name): (&str, &str), count: u32, start: &str) {
    let part = &placed.part;
    let server = resource("hcloud_server", label)
        .set("count", count)
        .raw("name", format!("\"{name}-${{count.index}}\""))
        .set("server_type", part.side.seat.offer.as_str())
        .set("image", "ubuntu-24.04")
        .set("location", part.region())
        .set("firewall_ids", list([raw(format!("hcloud_firewall.{}.id", part.label))]))
        .raw("ssh_keys", "var.ssh_keys")
        .raw("user_data", start)
        .set("labels", labels(part))
        .with(block("public_net", []).set("ipv4_enabled", true).set("ipv6_enabled", true));
    draft.push(&part.file(), server);
    let network = resource("hcloud_server_network", label)
        .set("count", count)
        .raw("server_id", format!("hcloud_server.{label}[count.index].id"))
        .raw("subnet_id", format!("hcloud_network_subnet.{}.id", network_of(placed)));
    draft.push(&part.file(), network);
}

/// What may reach the public addresses of a part's servers: nothing, unless a container on them is public.
fn firewall(view: &View, draft: &mut Draft, placed: &Placed, all: &[Placed], name: &str) -> Block {
    let mut firewall =
        resource("hcloud_firewall", &placed.part.label).set("name", name).set("labels", labels(&placed.part));
    let rule =
        |port: u16| block("rule", []).set("direction", "in").set("protocol", "tcp").set("port", text(port.to_string()));
    let on_it = |other: &&Placed| other.host(all).part.label == placed.part.label && other.part.on_machines();
    for member in all.iter().filter(on_it) {
        let open = placed.exposure.is_open(view, member.part.ordinal) && member.part.component.kind == Kind::Service;
        if open {
            firewall = firewall.with(rule(member.part.port()).set("source_ips", everybody()));
        } else if let Some(variable) = calls::callers_away(draft, view, member.part.ordinal) {
            let content = block("content", [])
                .set("direction", "in")
                .set("protocol", "tcp")
                .set("port", text(member.part.port().to_string()))
                .raw("source_ips", format!("[for address in var.{variable} : \"${{address}}/32\"]"));
            let wanted = format!("length(var.{variable}) > 0 ? [1] : []");
            firewall = firewall.with(block("dynamic", ["rule"]).raw("for_each", wanted).with(content));
        }
    }
    firewall
}

/// A load balancer: of the application, or before the servers of a public service. It knows no weights.
pub fn balancer(view: &View, draft: &mut Draft, placed: &Placed, behind: &[&Placed], all: &[Placed]) {
    let part = &placed.part;
    let (label, file) = (format!("{}_balancer", part.label), part.file());
    let name = names::side(&view.app.name, &part.side.seat, 60);
    let own = part.component.kind == Kind::LoadBalancer;
    for other in view.called(part.ordinal).iter().skip(1).filter(|_| own) {
        let what = format!("{} -> {}", part.component.name, view.app.components[*other].name);
        let why = "the application does not say which requests go to which component; all go to the first".to_owned();
        draft.module.gaps.push(Gap { what, place: format!("hetzner:{}", part.region()), why });
    }
    let size = if own { part.side.seat.offer.to_ascii_lowercase() } else { "lb11".to_owned() };
    let balancer = resource("hcloud_load_balancer", &label)
        .set("name", name)
        .set("load_balancer_type", size)
        .set("location", part.region())
        .set("labels", labels(part));
    draft.push(&file, balancer);
    let of = |kind: &str, label: &str| {
        resource(kind, label).raw("load_balancer_id", format!("hcloud_load_balancer.{}_balancer.id", part.label))
    };
    let network = of("hcloud_load_balancer_network", &label);
    draft.push(&file, network.raw("subnet_id", format!("hcloud_network_subnet.{}.id", network_of(placed))));
    let Some(first) = behind.first() else {
        draft.remark(format!("{}: nothing is behind it, so it has no listener", part.component.name));
        return;
    };
    let service = of("hcloud_load_balancer_service", &label).set("protocol", "http").set("listen_port", 80_i64);
    draft.push(&file, service.set("destination_port", first.part.port()));
    for side in behind {
        for (ending, _, count) in side.host(all).part.machines() {
            let machines = format!("{}{ending}", side.host(all).part.label);
            let target = resource("hcloud_load_balancer_target", &format!("{label}_to_{machines}"))
                .set("count", count)
                .set("type", "server")
                .raw("load_balancer_id", format!("hcloud_load_balancer.{label}.id"))
                .raw("server_id", format!("hcloud_server.{machines}[count.index].id"))
                .set("use_private_ip", true)
                .set(
                    "depends_on",
                    list([
                        raw(format!("hcloud_load_balancer_network.{label}")),
                        raw(format!("hcloud_server_network.{machines}")),
                    ]),
                );
            draft.push(&file, target);
        }
    }
}
