//! Groups of the application form: components that may share machines (`problem/hosts.rs` has the rules and the costs).
//!
//! The solver forms a crew under its first member and takes one choice for each way to be on a machine. A document that
//! offered more would have answers that are never looked at, so [`check`] refuses it.

use super::FileError;
use super::application::{ChoiceRow, File, charge, included, included_micro_gb, price};
use super::application_check::{Checked, fault, not_negative, ordinal};
use crate::catalog::Unit;
use crate::problem::{Charge, ChargeItem, GROUP_MEMBERS_MAX, Group, Machine, Member, RESOURCES};
use crate::units::{Purchase, Quantity};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a member takes of anything: a group's members together stay within 64 bits.
const AMOUNT_MAX: i64 = 1 << 56;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupRow {
    pub name: String,
    /// Zones that the hosted replicas of each component must lie in.
    pub zones: u8,
    pub members: Vec<MemberRow>,
    pub machines: Vec<MachineRow>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MemberRow {
    pub component: usize,
    pub takes: [i64; RESOURCES],
    pub disk_micro_gb: i64,
    /// Traffic to third parties.
    pub outbound_micro_gb: i64,
    /// Whether it is reached by the public address of its machine.
    pub public: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MachineRow {
    pub place: usize,
    pub offer: String,
    pub purchase: Purchase,
    /// Of each resource; `null`: as much as anyone takes.
    pub has: [Option<i64>; RESOURCES],
    /// By member.
    pub admits: Vec<bool>,
    /// By member: one of these must be on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_with: Option<Vec<bool>>,
    pub cost_nanos: i64,
    pub boot_micro_gb: i64,
    pub disk_included_micro_gb: i64,
    /// `null`: not known, so that nobody can take more disk than is included.
    pub disk_nanos_per_gb: Option<i64>,
    /// `null`: not known, so that nobody who needs an address can be on it.
    pub address_nanos: Option<i64>,
    /// `null`: there is no NAT gateway.
    pub nat_nanos_per_gb: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_micro_gb: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pooled_micro_gb: Option<i64>,
}

impl From<&Group> for GroupRow {
    fn from(group: &Group) -> Self {
        let Group { name, members, machines, zones } = group;
        Self {
            name: name.clone(),
            zones: *zones,
            members: members.iter().map(MemberRow::from).collect(),
            machines: machines.iter().map(MachineRow::from).collect(),
        }
    }
}

impl From<&Member> for MemberRow {
    fn from(member: &Member) -> Self {
        let Member { component, takes, disk, outbound, public } = member;
        Self {
            component: *component,
            takes: *takes,
            disk_micro_gb: disk.micros(),
            outbound_micro_gb: outbound.micros(),
            public: *public,
        }
    }
}

impl From<&Machine> for MachineRow {
    fn from(machine: &Machine) -> Self {
        let Machine { place, offer, purchase, has, admits, only_with, charge, .. } = machine;
        let Machine { boot, disk_included, disk, address, nat, included, .. } = machine;
        let (own_micro_gb, pooled_micro_gb) = included_micro_gb(*included);
        Self {
            place: *place,
            offer: offer.clone(),
            purchase: *purchase,
            has: has.map(|has| (has < i64::MAX).then_some(has)),
            admits: admits.clone(),
            only_with: only_with.clone(),
            cost_nanos: charge.cost().nanos(),
            boot_micro_gb: boot.micros(),
            disk_included_micro_gb: disk_included.micros(),
            disk_nanos_per_gb: disk.map(|price| price.usd.nanos()),
            address_nanos: address.as_ref().map(|address| address.cost().nanos()),
            nat_nanos_per_gb: nat.map(|price| price.usd.nanos()),
            own_micro_gb,
            pooled_micro_gb,
        }
    }
}

/// The group of a row that was checked.
pub(super) fn group(row: GroupRow) -> Group {
    let member = |row: MemberRow| Member {
        component: row.component,
        takes: row.takes,
        disk: Quantity::from_micros(row.disk_micro_gb),
        outbound: Quantity::from_micros(row.outbound_micro_gb),
        public: row.public,
    };
    Group {
        name: row.name,
        members: row.members.into_iter().map(member).collect(),
        machines: row.machines.into_iter().map(machine).collect(),
        zones: row.zones,
    }
}

fn machine(row: MachineRow) -> Machine {
    let address = |nanos| -> Charge { charge(ChargeItem::PublicIpv4, nanos) };
    Machine {
        place: row.place,
        offer: row.offer,
        purchase: row.purchase,
        has: row.has.map(|has| has.unwrap_or(i64::MAX)),
        admits: row.admits,
        only_with: row.only_with,
        charge: charge(ChargeItem::Compute, row.cost_nanos),
        boot: Quantity::from_micros(row.boot_micro_gb),
        disk_included: Quantity::from_micros(row.disk_included_micro_gb),
        disk: row.disk_nanos_per_gb.map(|nanos| price(nanos, Unit::GbMonth)),
        address: row.address_nanos.map(address),
        nat: row.nat_nanos_per_gb.map(|nanos| price(nanos, Unit::Gb)),
        included: included(row.own_micro_gb, row.pooled_micro_gb),
    }
}

/// Sizes, ordinals and signs of the groups, and that every hosted choice is one that the solver looks at.
pub(super) fn check(file: &File) -> Checked {
    let mut group_of = vec![None; file.components.len()];
    for (g, group) in file.groups.iter().enumerate() {
        check_members(file, g, group, &mut group_of)?;
        for (m, machine) in group.machines.iter().enumerate() {
            check_machine(file, &format!("groups[{g}].machines[{m}]"), machine, group.members.len())?;
        }
        if let Some(m) = group.machines.windows(2).position(|pair| pair[0].place > pair[1].place) {
            return fault(format!("groups[{g}].machines[{}]", m + 1), "machines do not ascend by place");
        }
    }
    let mut zones = vec![None; file.groups.len()];
    for (c, component) in file.components.iter().enumerate() {
        let mut seen = BTreeSet::new();
        for (v, choice) in component.choices.iter().enumerate() {
            let path = || format!("components[{c}].choices[{v}]");
            let Some(group) = check_hosted(file, &path, (c, group_of[c]), choice)? else { continue };
            if !seen.insert((choice.leads, choice.joins, choice.place)) {
                return fault(path(), "this component has that choice already");
            }
            if *zones[group].get_or_insert(choice.active_zones) != choice.active_zones {
                return fault(path(), "hosted choices of one group have different `active_zones`");
            }
        }
    }
    Ok(())
}

fn check_members(file: &File, g: usize, group: &GroupRow, group_of: &mut [Option<usize>]) -> Checked {
    if group.zones == 0 {
        return fault(format!("groups[{g}].zones"), "0 zones; 1 asks for nothing");
    }
    if group.members.len() > GROUP_MEMBERS_MAX {
        let message = format!("there are {} members; at most {GROUP_MEMBERS_MAX} are supported", group.members.len());
        return fault(format!("groups[{g}].members"), message);
    }
    for (m, member) in group.members.iter().enumerate() {
        let path = |member: &'static str| move || format!("groups[{g}].members[{m}].{member}");
        ordinal(path("component"), "component", member.component, file.components.len())?;
        let amounts = [("disk_micro_gb", member.disk_micro_gb), ("outbound_micro_gb", member.outbound_micro_gb)];
        for (name, value) in member.takes.map(|takes| ("takes", takes)).into_iter().chain(amounts) {
            not_negative(path(name), value)?;
            if value > AMOUNT_MAX {
                return fault(path(name)(), format!("{value} is more than 2^56, the limit of this form"));
            }
        }
        if m > 0 && group.members[m - 1].component >= member.component {
            return fault(path("component")(), "members do not ascend by component");
        }
        if group_of[member.component].replace(g).is_some() {
            return fault(path("component")(), "this component is in another group already");
        }
    }
    Ok(())
}

fn check_machine(file: &File, path: &str, machine: &MachineRow, members: usize) -> Checked {
    let of = |member: &'static str| move || format!("{path}.{member}");
    ordinal(of("place"), "place", machine.place, file.places.len())?;
    for list in [Some(&machine.admits), machine.only_with.as_ref()].into_iter().flatten() {
        if list.len() != members {
            return fault(path, format!("a list by member has {} entries for {members} members", list.len()));
        }
    }
    let prices = [machine.disk_nanos_per_gb, machine.address_nanos, machine.nat_nanos_per_gb];
    let included = [machine.own_micro_gb, machine.pooled_micro_gb];
    let amounts = [machine.cost_nanos, machine.boot_micro_gb, machine.disk_included_micro_gb];
    for value in machine.has.into_iter().chain(prices).chain(included).flatten().chain(amounts) {
        not_negative(|| path.to_owned(), value)?;
    }
    if machine.own_micro_gb.is_some() && machine.pooled_micro_gb.is_some() {
        return fault(path, "included traffic is either the machine's own or pooled, not both");
    }
    Ok(())
}

/// The group of a hosted choice; `None` for a choice that is bought for itself.
fn check_hosted(
    file: &File,
    path: &dyn Fn() -> String,
    (component, group): (usize, Option<usize>),
    choice: &ChoiceRow,
) -> Result<Option<usize>, FileError> {
    if choice.leads.is_none() && choice.joins.is_none() {
        return Ok(None);
    }
    let said = |message: &str| Err(FileError::said(path(), message));
    let Some(group) = group else { return said("the component is in no group, so it shares no machine") };
    let GroupRow { machines, members, .. } = &file.groups[group];
    match (choice.leads, choice.joins) {
        (Some(_), Some(_)) => return said("a choice leads a machine or joins one, not both"),
        (Some(machine), None) => {
            ordinal(|| format!("{}.leads", path()), "machine of its group", machine, machines.len())?;
            if machines[machine].place != choice.place {
                return said("the machine is at another place");
            }
        }
        (None, Some(leader)) if leader >= component || members.iter().all(|m| m.component != leader) => {
            return said("`joins` names a component of its group that stands before it");
        }
        _ => {}
    }
    if !choice.needs.is_empty() || choice.own_micro_gb.is_some() || choice.pooled_micro_gb.is_some() {
        return said("needs and included traffic of a shared machine are the machine's");
    }
    Ok(Some(group))
}

/// What the shared machines could cost at most, in nano-dollars: every member alone on the dearest machine.
pub(super) fn dearest(file: &File) -> i128 {
    let gb = |micros: i64| i128::from(micros) / 1_000_000 + 1;
    let group = |group: &GroupRow| {
        let disk: i128 = group.members.iter().map(|m| gb(m.disk_micro_gb)).sum();
        let sent: i128 = group.members.iter().map(|m| gb(m.outbound_micro_gb)).sum();
        let machine = |m: &MachineRow| {
            let price = |nanos: Option<i64>| i128::from(nanos.unwrap_or(0));
            i128::from(m.cost_nanos)
                + (disk + gb(m.boot_micro_gb)) * price(m.disk_nanos_per_gb)
                + price(m.address_nanos)
                + sent * price(m.nat_nanos_per_gb)
        };
        let most = group.machines.iter().map(machine).max().unwrap_or(0);
        most.saturating_mul(group.members.len() as i128)
    };
    file.groups.iter().map(group).fold(0, i128::saturating_add)
}

/// Traffic that pools could add at most, in micro-GB.
pub(super) fn most_pooled(file: &File) -> i128 {
    let group = |group: &GroupRow| {
        let most = group.machines.iter().filter_map(|machine| machine.pooled_micro_gb).max().unwrap_or(0);
        i128::from(most) * group.members.len() as i128
    };
    file.groups.iter().map(group).sum()
}
