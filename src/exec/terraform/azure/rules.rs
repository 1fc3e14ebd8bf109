//! Who may call whom: rules of the security groups of the subnets.

use super::network::subnet;
use crate::app::Kind;
use crate::exec::terraform::calls;
use crate::exec::terraform::hcl::{Block, Item, list, raw, resource, text};
use crate::exec::terraform::machines::Placed;
use crate::exec::terraform::model::{Draft, View};
use crate::exec::terraform::names::{block_of_region, identifier};
use crate::plan::Form;

/// A rule of the group of a subnet, for what comes in.
pub fn rule(region: &str, subnet: &str, label: &str, name: &str, priority: i64) -> Block {
    let r = identifier(region);
    resource("azurerm_network_security_rule", label)
        .set("name", name)
        .raw("resource_group_name", format!("azurerm_resource_group.{r}.name"))
        .raw("network_security_group_name", format!("azurerm_network_security_group.{r}_{subnet}.name"))
        .set("priority", priority)
        .set("direction", "Inbound")
        .set("source_port_range", "*")
}

/// A priority that a rule keeps whatever other rules come and go: those of one group must differ, so a taken one is passed.
fn priority(draft: &mut Draft, group: &str, label: &str) -> i64 {
    let mut priority = 100 + i64::from(block_of_region(group, label)) % 3_800;
    let key = |priority: i64| (group.to_owned(), priority);
    while draft.taken.contains(&key(priority)) {
        priority = if priority == 3_899 { 100 } else { priority + 1 };
    }
    draft.taken.insert(key(priority));
    priority
}

/// Where a part's connections arrive.
fn destination(placed: &Placed, host: &Placed, rule: Block) -> Block {
    if placed.part.on_machines() {
        let group = format!("azurerm_application_security_group.{}.id", host.part.label);
        return rule.set("destination_application_security_group_ids", list([raw(group)]));
    }
    let subnet = format!("azurerm_subnet.{}_{}.address_prefixes[0]", placed.r(), subnet(&placed.part));
    rule.raw("destination_address_prefix", subnet)
}

/// Rules that let callers in: those in the region by their application security group, those in other regions by their
/// subnet, those at other providers by their addresses.
pub fn who_may_call(view: &View, draft: &mut Draft, placed: &Placed, all: &[Placed]) {
    let part = &placed.part;
    if matches!(part.component.kind, Kind::ObjectStorage | Kind::StaticSite) {
        return;
    }
    let host = placed.host(all);
    let port = super::stores::port(part).to_string();
    let group = format!("{}_{}", placed.r(), subnet(part));
    let callers: Vec<usize> = view.callers(part.ordinal).collect();
    let calls = |other: &&Placed| callers.contains(&other.part.ordinal) && other.part.on_machines();
    let (mut near, mut far): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for caller in all.iter().filter(calls) {
        let from = caller.host(all);
        let (list, entry) = if from.part.region() == part.region() {
            (&mut near, from.part.label.as_str())
        } else {
            (&mut far, from.part.region())
        };
        if !list.contains(&entry) && from.part.label != host.part.label {
            list.push(entry);
        }
    }
    let add = |draft: &mut Draft, ending: &str, source: &dyn Fn(Block) -> Block| {
        let label = format!("{}_{ending}", part.label);
        let priority = priority(draft, &group, &label);
        let rule = rule(part.region(), subnet(part), &label, &label.replace('_', "-"), priority)
            .set("access", "Allow")
            .set("protocol", "Tcp");
        let rule = source(rule).set("destination_port_range", port.as_str());
        draft.push(&part.file(), destination(placed, host, rule));
    };
    if !near.is_empty() {
        let groups = || near.iter().map(|label| raw(format!("azurerm_application_security_group.{label}.id")));
        add(draft, "from_callers", &|rule| rule.set("source_application_security_group_ids", list(groups())));
    }
    if !far.is_empty() {
        let subnet = |region: &&str| raw(format!("azurerm_subnet.{}_machines.address_prefixes[0]", identifier(region)));
        add(draft, "from_far", &|rule| rule.set("source_address_prefixes", list(far.iter().map(subnet))));
    }
    let open =
        host.exposure.is_open(view, part.ordinal) || (host.exposure.is_balanced() && view.is_public(part.ordinal));
    // A Standard Load Balancer hands connections on with the users' own addresses.
    let balanced = part.component.kind == Kind::Service
        && callers.iter().any(|caller| view.app.components[*caller].kind == Kind::LoadBalancer)
        && all.iter().any(|other| callers.contains(&other.part.ordinal) && other.part.form == Form::Managed);
    if (open && part.component.kind == Kind::Service) || balanced {
        add(draft, "from_everybody", &|rule| rule.set("source_address_prefix", text("Internet")));
    } else if let Some(variable) = calls::callers_away(draft, view, part.ordinal) {
        let wanted = raw(format!("length(var.{variable}) > 0 ? 1 : 0"));
        add(draft, "from_away", &|mut rule| {
            rule.body.insert(0, Item::Attribute("count".to_owned(), wanted.clone()));
            rule.raw("source_address_prefixes", format!("var.{variable}"))
        });
    }
}
