//! Shared machines: components of a group that may run several to a machine.
//!
//! # What a shared machine is
//! A component of a [`Group`] can be bought on machines of its own like any other, or *hosted*: one component of the
//! group picks a [`Machine`] for itself ([`Host::Leads`]), others of the group join it ([`Host::Joins`]) at the same
//! place. The set `S` on a machine (the leader and who joined it) is allowed when
//! - there are at least two components in `S` (one alone buys its own machine), and none of another group;
//! - the machine admits every component in `S` (processor, accelerator, purchase option, rules about places);
//! - for every resource, what `S` takes together is at most what the machine has;
//! - no two replicas of one component are in `S`;
//! - where the machine serves only some needs ([`Machine::only_with`]), one who has them is in `S`;
//! - every price that `S` needs of it is known.
//!
//! Where a group asks for zones, the hosted replicas of each of its components must lie in `min(zones asked for, hosted
//! replicas)` zones. Machines that have replicas of one component in common are dealt out to zones together: the least
//! number of zones with which that can be done is what each of their places must have.
//!
//! # What it costs
//! A shared machine costs, once and whoever is on it:
//! 1. its [`Machine::charge`];
//! 2. the disk that it does not bring: `max(0, boot + sum of disks - included)` GB;
//! 3. one public address, if a component in `S` is reached by one, or `S` sends to third parties and there is no NAT;
//! 4. otherwise, if `S` sends to third parties, that traffic through the NAT gateway, which it then needs.
//!
//! Traffic that comes with the machine belongs to `S` as a whole: for [`super::Included::Own`] the volume `S` of the
//! problem's definition is that of all metered flows of the components on it. Traffic between two components is billed
//! by their places and active zones, whether they share a machine or not.

use super::{Assignment, Charge, ChargeItem, Choice, ComponentId, Included, PlaceId, Problem, SharedNeed};
use crate::catalog::Price;
use crate::units::{Money, Purchase, Quantity};

/// Variables that a group may have at most: components, or replicas where a component has several.
pub const GROUP_MEMBERS_MAX: usize = 10;

/// Resources of a machine that add up: vCPUs, memory, accelerators, and sustained vCPUs (where those are less).
pub const RESOURCES: usize = 4;

/// How a choice runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Host {
    /// On what it buys for itself.
    #[default]
    Own,
    /// On a shared machine that it picks: ordinal in [`Group::machines`].
    Leads(usize),
    /// On the shared machine that another component of its group picks.
    Joins(ComponentId),
}

/// Components that may share machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Name in the application.
    pub name: String,
    /// Who; ascending by component. A component is in one group at most.
    pub members: Vec<Member>,
    /// Machines that they may share, ascending by place.
    pub machines: Vec<Machine>,
    /// Zones that the hosted replicas of each component must lie in; 1 asks for nothing.
    pub zones: u8,
}

/// What a component takes of a shared machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The component.
    pub component: ComponentId,
    /// Of each resource, in the unit of [`Machine::has`].
    pub takes: [i64; RESOURCES],
    /// GB of disk.
    pub disk: Quantity,
    /// GB a month to third parties.
    pub outbound: Quantity,
    /// Whether it is reached by the public address of its machine.
    pub public: bool,
}

/// A machine that several components can share: an offer at a place, with a purchase option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Where.
    pub place: PlaceId,
    /// Name of the offer.
    pub offer: String,
    /// How it is bought.
    pub purchase: Purchase,
    /// Of each resource; `i64::MAX` where it does not count.
    pub has: [i64; RESOURCES],
    /// Whether each member (by ordinal in [`Group::members`]) may be on it at all.
    pub admits: Vec<bool>,
    /// Members of which one at least must be on it, when not all may be without them (who asks for its accelerator).
    pub only_with: Option<Vec<bool>>,
    /// The machine itself.
    pub charge: Charge,
    /// GB of disk that it boots from.
    pub boot: Quantity,
    /// GB of disk that come with it.
    pub disk_included: Quantity,
    /// Per GB of disk; `None`: not known.
    pub disk: Option<Price>,
    /// A public address; `None`: not known.
    pub address: Option<Charge>,
    /// Per GB through the place's NAT gateway; `None`: traffic to third parties takes an address.
    pub nat: Option<Price>,
    /// Traffic that comes with it.
    pub included: Included,
}

/// A shared machine in a solution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosted<'a> {
    /// Its group.
    pub group: &'a Group,
    /// The machine.
    pub machine: &'a Machine,
    /// Who leads it.
    pub leader: ComponentId,
    /// Ordinals in [`Group::members`] of all that are on it, ascending.
    pub members: Vec<usize>,
}

impl Problem {
    /// The group of a component with its ordinal there.
    #[must_use]
    pub fn group_of(&self, component: ComponentId) -> Option<(&Group, usize)> {
        let place = |group: &Group| group.members.iter().position(|member| member.component == component);
        self.groups.iter().find_map(|group| Some((group, place(group)?)))
    }

    /// The shared machines of an assignment, by leader. Who joins nobody's machine is on none ([`super::check`] tells).
    ///
    /// # Panics
    /// When the assignment does not fit the problem.
    #[must_use]
    pub fn hosted(&self, assignment: &Assignment) -> Vec<Hosted<'_>> {
        let picked = |component: ComponentId| &self.components[component].choices[assignment[component]];
        let mut all = Vec::new();
        for group in &self.groups {
            for member in &group.members {
                let leader = member.component;
                let Host::Leads(ordinal) = picked(leader).host else { continue };
                let Some(machine) = group.machines.get(ordinal) else { continue };
                let is_on = |component: ComponentId| {
                    component == leader
                        || picked(component).host == Host::Joins(leader) && picked(component).place == machine.place
                };
                let members = (0..group.members.len()).filter(|&m| is_on(group.members[m].component)).collect();
                all.push(Hosted { group, machine, leader, members });
            }
        }
        all.sort_by_key(|hosted| hosted.leader);
        all
    }

    /// The choice that says what a component runs on: its own, or that of the leader of its shared machine.
    ///
    /// # Panics
    /// When the assignment does not fit the problem.
    #[must_use]
    pub fn bought(&self, assignment: &Assignment, component: ComponentId) -> &Choice {
        let choice = &self.components[component].choices[assignment[component]];
        match choice.host {
            Host::Joins(leader) if leader < assignment.len() => &self.components[leader].choices[assignment[leader]],
            _ => choice,
        }
    }

    /// The unit that a component's server allowance belongs to: the leader of its shared machine, or itself.
    #[must_use]
    pub fn allowance_unit(component: ComponentId, choice: &Choice) -> ComponentId {
        if let Host::Joins(leader) = choice.host { leader } else { component }
    }

    /// Traffic that comes with a picked choice: its own, or that of the shared machine which it leads.
    #[must_use]
    pub fn included_with(&self, component: ComponentId, choice: &Choice) -> Included {
        let Host::Leads(machine) = choice.host else { return choice.included };
        let machine = self.group_of(component).and_then(|(group, _)| group.machines.get(machine));
        machine.map_or(Included::None, |machine| machine.included)
    }
}

impl Hosted<'_> {
    /// Names of the components on it.
    #[must_use]
    pub fn names(&self, problem: &Problem) -> Vec<String> {
        self.components().map(|component| problem.components[component].name.clone()).collect()
    }

    /// The components on it, ascending.
    pub fn components(&self) -> impl Iterator<Item = ComponentId> + '_ {
        self.members.iter().map(|&member| self.group.members[member].component)
    }

    fn on_it(&self) -> impl Iterator<Item = &Member> + Clone {
        self.members.iter().map(|&member| &self.group.members[member])
    }

    fn outbound(&self) -> Quantity {
        self.on_it().map(|member| member.outbound).sum()
    }

    fn has_address(&self) -> bool {
        self.on_it().any(|member| member.public) || (self.outbound() > Quantity::ZERO && self.machine.nat.is_none())
    }

    fn disk(&self) -> Quantity {
        let data: Quantity = self.on_it().map(|member| member.disk).sum();
        (data + self.machine.boot).minus(self.machine.disk_included)
    }

    /// Needs that it shares with others at its place.
    #[must_use]
    pub fn needs(&self) -> &'static [SharedNeed] {
        if self.outbound() > Quantity::ZERO && !self.has_address() { &[SharedNeed::Nat] } else { &[] }
    }

    /// What it costs, apart from what its components cost themselves; empty prices are left out ([`Self::fault`]).
    #[must_use]
    pub fn charges(&self) -> Vec<Charge> {
        let machine = self.machine;
        let mut charges = vec![machine.charge.clone()];
        let disk = self.disk();
        if let Some(price) = machine.disk.filter(|_| disk > Quantity::ZERO) {
            let detail = format!("{disk} GB disk");
            charges.push(Charge { item: ChargeItem::Storage, detail, quantity: disk, price, cap: None });
        }
        charges.extend(machine.address.clone().filter(|_| self.has_address()));
        if let Some(price) = machine.nat.filter(|_| !self.needs().is_empty()) {
            let detail = "through the NAT gateway".to_owned();
            charges.push(Charge { item: ChargeItem::NatData, detail, quantity: self.outbound(), price, cap: None });
        }
        charges
    }

    /// The sum of its charges.
    #[must_use]
    pub fn cost(&self) -> Money {
        self.charges().iter().map(Charge::cost).sum()
    }

    /// Why these components may not be on it together; `None` when they may.
    #[must_use]
    pub fn fault(&self, problem: &Problem) -> Option<&'static str> {
        let machine = self.machine;
        if self.members.len() < 2 {
            return Some("nobody shares it");
        }
        if !self.members.iter().all(|&member| machine.admits[member]) {
            return Some("it does not admit a component");
        }
        if machine.only_with.as_ref().is_some_and(|with| !self.members.iter().any(|&member| with[member])) {
            return Some("nobody on it asks for its accelerator");
        }
        let sum = |r: usize| self.on_it().map(|member| i128::from(member.takes[r])).sum::<i128>();
        if (0..RESOURCES).any(|r| sum(r) > i128::from(machine.has[r])) {
            return Some("it is too small");
        }
        let of = |component: ComponentId| problem.components[component].app_component;
        let mut components: Vec<usize> = self.components().map(of).collect();
        components.sort_unstable();
        if components.windows(2).any(|pair| pair[0] == pair[1]) {
            return Some("two replicas of one component are on it");
        }
        let unpriced_disk = self.disk() > Quantity::ZERO && machine.disk.is_none();
        (unpriced_disk || self.has_address() && machine.address.is_none()).then_some("a price of it is not known")
    }
}

/// The least number of zones to which `machines` can be dealt out so that every set of `spread` (the machines with the
/// replicas of one component) lies in `min(asked, machines of the set)` zones.
#[must_use]
pub fn zones_needed(asked: u8, machines: usize, spread: &[Vec<usize>]) -> u8 {
    let enough = |zones: &u8| deal(*zones, asked, &mut Vec::with_capacity(machines), machines, spread);
    let most = u8::try_from(machines).unwrap_or(u8::MAX).max(1);
    (1..=most).find(enough).unwrap_or(most)
}

fn deal(zones: u8, asked: u8, dealt: &mut Vec<u8>, machines: usize, spread: &[Vec<usize>]) -> bool {
    if dealt.len() == machines {
        return spread.iter().all(|set| {
            let mut seen: Vec<u8> = set.iter().map(|&machine| dealt[machine]).collect();
            seen.sort_unstable();
            seen.dedup();
            seen.len() >= set.len().min(usize::from(asked))
        });
    }
    // Zones are alike: a machine is dealt to one in use or to the next new one.
    let next = dealt.iter().max().map_or(0, |most| most + 1);
    (0..=next.min(zones.saturating_sub(1))).any(|zone| {
        dealt.push(zone);
        let good = deal(zones, asked, dealt, machines, spread);
        dealt.pop();
        good
    })
}
