//! Shared machines: the rules and costs of `problem/hosts.rs` as rows over who leads and who joins.
//!
//! For a leader and a place, `lead_m` says which machine it takes there and `join_j` who joins it. Whatever belongs to one
//! machine is switched off by a large constant while the leader does not take that machine. Sums over the joiners are exact,
//! since a component joins one leader at one place at most.

use super::model::{Builder, Sum};
use super::{LinearError, ONE, Sense, VarId};
use crate::problem::{Choice, ComponentId, Group, Host, Included, Machine, Member, PlaceId, Problem, RESOURCES};
use crate::units::Quantity;

/// Micro-GB to billionths of a GB.
const GB: i128 = 1_000;

/// A machine that somebody takes for itself and others.
struct Berth<'a> {
    machine: &'a Machine,
    /// Ordinal in the group.
    leader: usize,
    lead: VarId,
    /// Ordinals in the group, and who joins at the machine's place.
    joins: Vec<(usize, VarId)>,
    name: String,
}

/// Micro-GB of its senders' traffic that comes with the machines which a hosted choice may be on.
///
/// # Errors
/// When that depends on who else is on the machine: the share of each is then no linear expression.
pub(super) fn own_allowance(problem: &Problem, component: ComponentId, choice: &Choice) -> Result<i64, LinearError> {
    let Some((group, _)) = problem.group_of(component) else { return Ok(0) };
    let sent = |by: ComponentId| -> i64 {
        problem.flows.iter().filter(|flow| flow.from == by).map(|flow| flow.gb.micros()).sum()
    };
    let all: i64 = group.members.iter().map(|member| sent(member.component)).sum();
    let own = |machine: &Machine| if let Included::Own(gb) = machine.included { gb.micros() } else { 0 };
    let here: Vec<i64> = group.machines.iter().filter(|machine| machine.place == choice.place).map(own).collect();
    if all == 0 || here.iter().all(|&gb| gb == 0) {
        return Ok(0);
    }
    if here.iter().all(|&gb| gb >= all) {
        return Ok(sent(component));
    }
    Err(LinearError::Unsupported("a shared machine whose included traffic may not suffice for all on it"))
}

/// Writes all groups; hands back who needs a NAT gateway where, as sums that are above 0 when they do.
pub(super) fn build(builder: &mut Builder) -> Result<Vec<(PlaceId, Sum)>, LinearError> {
    let problem = builder.problem;
    let mut needs = Vec::new();
    for (g, group) in problem.groups.iter().enumerate() {
        if group.zones > 1 {
            return Err(LinearError::Unsupported("a group of shared machines that asks for zones"));
        }
        for leader in 0..group.members.len() {
            for berth in berths(builder, g, group, leader) {
                rules(builder, group, &berth);
                costs(builder, group, &berth, &mut needs);
            }
            presence(builder, g, group, leader);
        }
    }
    Ok(needs)
}

/// Variables of a member's choices that satisfy something, with their places.
fn picks(builder: &Builder, member: &Member, which: impl Fn(Host) -> bool) -> Vec<(PlaceId, Host, VarId)> {
    let choices = &builder.problem.components[member.component].choices;
    let picks = &builder.parts[member.component].picks;
    let all = picks.iter().map(|&(v, x)| (choices[v].place, choices[v].host, x));
    all.filter(|(_, host, _)| which(*host)).collect()
}

/// Who joins a leader at a place.
fn joiners(builder: &Builder, group: &Group, leader: usize, place: PlaceId) -> Vec<(usize, VarId)> {
    let led = Host::Joins(group.members[leader].component);
    let here = |(m, member): (usize, &Member)| -> Vec<(usize, VarId)> {
        let joins = picks(builder, member, |host| host == led).into_iter().filter(|(at, ..)| *at == place);
        joins.map(|(.., x)| (m, x)).collect()
    };
    group.members.iter().enumerate().flat_map(here).collect()
}

fn berths<'a>(builder: &Builder, g: usize, group: &'a Group, leader: usize) -> Vec<Berth<'a>> {
    let leads = picks(builder, &group.members[leader], |host| matches!(host, Host::Leads(_)));
    let berth = |(_, host, lead)| {
        let Host::Leads(ordinal) = host else { return None };
        let machine = group.machines.get(ordinal)?;
        let joins = joiners(builder, group, leader, machine.place);
        Some(Berth { machine, leader, lead, joins, name: format!("g{g}_{leader}_{ordinal}") })
    };
    leads.into_iter().filter_map(berth).collect()
}

/// Whoever joins has a machine to be on, and whoever leads has somebody on it.
fn presence(builder: &mut Builder, g: usize, group: &Group, leader: usize) {
    let leads = picks(builder, &group.members[leader], |host| matches!(host, Host::Leads(_)));
    let mut places: Vec<PlaceId> = (0..builder.problem.places.len()).collect();
    places.retain(|place| group.machines.iter().any(|machine| machine.place == *place));
    for place in places {
        let here: Sum = leads.iter().filter(|(at, ..)| *at == place).map(|&(.., x)| (x, ONE)).collect();
        let joins = joiners(builder, group, leader, place);
        for &(m, join) in &joins {
            let terms = here.iter().map(|&(x, _)| (x, -ONE)).chain([(join, ONE)]).collect();
            builder.row(format!("on{g}_{leader}_{place}_{m}"), terms, Sense::AtMost, 0);
        }
        let terms = joins.iter().map(|&(_, join)| (join, -ONE)).chain(here).collect();
        builder.row(format!("two{g}_{leader}_{place}"), terms, Sense::AtMost, 0);
        distinct(builder, group, (leader, &joins), &format!("{g}_{leader}_{place}"));
    }
}

/// No two replicas of one component on a machine.
fn distinct(builder: &mut Builder, group: &Group, (leader, joins): (usize, &[(usize, VarId)]), name: &str) {
    let of = |m: usize| builder.problem.components[group.members[m].component].app_component;
    let mut pairs: Vec<Sum> = Vec::new();
    for (at, &(m, join)) in joins.iter().enumerate() {
        if of(m) == of(leader) {
            pairs.push(vec![(join, 2 * ONE)]);
        }
        let alike = joins[at + 1..].iter().filter(|(other, _)| of(*other) == of(m));
        pairs.extend(alike.map(|&(_, other)| vec![(join, ONE), (other, ONE)]));
    }
    for (at, terms) in pairs.into_iter().enumerate() {
        builder.row(format!("replica{name}_{at}"), terms, Sense::AtMost, ONE);
    }
}

/// What a machine admits and holds.
fn rules(builder: &mut Builder, group: &Group, berth: &Berth) {
    let Berth { machine, leader, lead, joins, name } = berth;
    let forbidden = |m: usize| !machine.admits[m];
    if forbidden(*leader) {
        builder.row(format!("admits{name}"), vec![(*lead, ONE)], Sense::AtMost, 0);
    }
    for &(m, join) in joins.iter().filter(|(m, _)| forbidden(*m)) {
        builder.row(format!("admits{name}_{m}"), vec![(*lead, ONE), (join, ONE)], Sense::AtMost, ONE);
    }
    if let Some(with) = machine.only_with.as_ref().filter(|with| !with[*leader]) {
        let terms = joins.iter().filter(|(m, _)| with[*m]).map(|&(_, join)| (join, -ONE)).chain([(*lead, ONE)]);
        builder.row(format!("with{name}"), terms.collect(), Sense::AtMost, 0);
    }
    for r in 0..RESOURCES {
        if machine.has[r] == i64::MAX {
            continue;
        }
        let takes = |m: usize| i128::from(group.members[m].takes[r]);
        let most: i128 = joins.iter().map(|&(m, _)| takes(m)).sum();
        let left = i128::from(machine.has[r]) - takes(*leader);
        // joiners' sum <= left when the machine is taken, else whatever they take.
        let switch = (most - left).max(0);
        let terms = joins.iter().map(|&(m, join)| (join, takes(m) * ONE)).chain([(*lead, switch * ONE)]).collect();
        builder.row(format!("holds{name}_{r}"), terms, Sense::AtMost, left.max(most) * ONE);
    }
}

/// The machine's own price, disk, address and NAT traffic.
fn costs(builder: &mut Builder, group: &Group, berth: &Berth, needs: &mut Vec<(PlaceId, Sum)>) {
    builder.bill.push((berth.lead, i128::from(berth.machine.charge.cost().nanos())));
    disk(builder, group, berth);
    let sends = |m: usize| group.members[m].outbound > Quantity::ZERO;
    let by_address = |m: usize| group.members[m].public || sends(m) && berth.machine.nat.is_none();
    let address = any_of(builder, berth, "address", &by_address);
    match &berth.machine.address {
        Some(charge) => builder.bill.push((address, i128::from(charge.cost().nanos()))),
        None => builder.row(format!("address_{}", berth.name), vec![(address, ONE)], Sense::AtMost, 0),
    }
    let Some(price) = berth.machine.nat else { return };
    let out = |m: usize| i128::from(group.members[m].outbound.micros()) * GB;
    let most: i128 = out(berth.leader) + berth.joins.iter().map(|&(m, _)| out(m)).sum::<i128>();
    if most == 0 {
        return;
    }
    // What goes through the gateway: all that is sent, when the machine is taken and has no address.
    let gb = builder.variable(format!("nat_{}", berth.name), None, false);
    let sum = berth.joins.iter().map(|&(m, join)| (join, -out(m)));
    let terms = sum.chain([(gb, ONE), (address, most), (berth.lead, -most)]).collect();
    builder.row(format!("nat_{}", berth.name), terms, Sense::AtLeast, out(berth.leader) - most);
    builder.bill.push((gb, i128::from(price.usd.nanos())));
    for (at, &(m, join)) in berth.joins.iter().filter(|(m, _)| sends(*m)).enumerate() {
        let need = builder.variable(format!("gate_{}_{at}", berth.name), Some(ONE), false);
        let terms = vec![(need, ONE), (join, -ONE), (berth.lead, -ONE), (address, ONE)];
        builder.row(format!("gate_{}_{m}", berth.name), terms, Sense::AtLeast, -ONE);
        needs.push((berth.machine.place, vec![(need, ONE)]));
    }
    if sends(berth.leader) {
        needs.push((berth.machine.place, vec![(berth.lead, ONE), (address, -ONE)]));
    }
}

/// GB of disk beyond what is included, at its price; none, where there is no price.
fn disk(builder: &mut Builder, group: &Group, berth: &Berth) {
    let Berth { machine, leader, lead, joins, name } = berth;
    let takes = |m: usize| i128::from(group.members[m].disk.micros()) * GB;
    let base = i128::from(machine.boot.micros()) * GB + takes(*leader);
    let free = i128::from(machine.disk_included.micros()) * GB;
    let most: i128 = joins.iter().map(|&(m, _)| takes(m)).sum();
    if base + most <= free {
        return;
    }
    let more = builder.variable(format!("disk_{name}"), machine.disk.is_none().then_some(0), false);
    if let Some(price) = machine.disk {
        builder.bill.push((more, i128::from(price.usd.nanos())));
    }
    // more >= base + joiners' sum - free, when the machine is taken; its constant stays at or above 0.
    let switch = most + (base - free).max(0);
    let sum = joins.iter().map(|&(m, join)| (join, -takes(m)));
    let terms = sum.chain([(more, ONE), (*lead, -switch)]).collect();
    builder.row(format!("disk_{name}"), terms, Sense::AtLeast, base - free - switch);
}

/// A variable that is 1 when the machine is taken and a member of some kind is on it, else 0.
fn any_of(builder: &mut Builder, berth: &Berth, what: &str, which: &dyn Fn(usize) -> bool) -> VarId {
    if which(berth.leader) {
        return berth.lead;
    }
    let name = format!("{what}_{}", berth.name);
    let any = builder.variable(name.clone(), Some(ONE), false);
    let of: Vec<VarId> = berth.joins.iter().filter(|(m, _)| which(*m)).map(|&(_, join)| join).collect();
    for (at, &join) in of.iter().enumerate() {
        let terms = vec![(any, ONE), (join, -ONE), (berth.lead, -ONE)];
        builder.row(format!("{name}_{at}"), terms, Sense::AtLeast, -ONE);
    }
    builder.row(format!("{name}_off"), vec![(any, ONE), (berth.lead, -ONE)], Sense::AtMost, 0);
    let terms = of.iter().map(|&join| (join, -ONE)).chain([(any, ONE)]).collect();
    builder.row(format!("{name}_none"), terms, Sense::AtMost, 0);
    any
}
