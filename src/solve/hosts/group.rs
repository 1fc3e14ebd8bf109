//! What sets of components cost on a shared machine, and what each of them bears at least.
//!
//! A set is a bit mask over the members of a group, here called a *crew*. At one place every crew has its cheapest
//! fitting machine; whatever crews a solution forms, the members' *shares* never add up to more than the machines cost
//! when no crew's shares do (they are a dual solution of the covering problem), so shares are a valid bound.

use crate::problem::{ChoiceId, Group, Host, Included, Machine, PlaceId, Problem, RESOURCES};
use std::collections::BTreeSet;

/// Members of a group by ordinal, as bits.
pub(super) type Crew = u32;

/// No machine holds the crew.
pub(super) const NEVER: i128 = i128::MAX >> 2;

/// The members of a crew.
pub(super) fn members(crew: Crew) -> impl Iterator<Item = usize> {
    (0..32).filter(move |m| crew >> m & 1 == 1)
}

/// What a crew takes together.
#[derive(Clone, Copy, Debug, Default)]
struct Load {
    takes: [i64; RESOURCES],
    /// Micro-GB.
    disk: i64,
    outbound: i64,
    public: bool,
    /// No two replicas of one component.
    distinct: bool,
}

/// A crew's machine: ordinal in [`Group::machines`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Berth {
    pub machine: usize,
    /// Nano-dollars, with the members' own charges.
    pub cost: i128,
    pub nat: bool,
    pub included: Included,
}

/// A machine on offer at a spot.
struct Offer {
    /// Ordinal in [`Group::machines`].
    ordinal: usize,
    /// Who may be on it.
    admits: Crew,
    /// One of these must be.
    with: Option<Crew>,
    /// For each member the choice that leads it.
    leads: Vec<Option<ChoiceId>>,
}

/// A place where machines can be shared.
pub(super) struct Spot {
    pub place: PlaceId,
    machines: Vec<Offer>,
    /// `joins[member][leader]`: the choice that joins the leader's machine here.
    joins: Vec<Vec<Option<ChoiceId>>>,
    /// Per crew: what its cheapest machine costs.
    pub least: Vec<i128>,
}

/// A group as the search sees it.
pub(super) struct Crews<'a> {
    problem: &'a Problem,
    pub group: &'a Group,
    loads: Vec<Load>,
    pub spots: Vec<Spot>,
}

impl<'a> Crews<'a> {
    /// Everything that the choices which `allowed` lets pass can form.
    pub fn new(problem: &'a Problem, group: &'a Group, allowed: &[Vec<bool>]) -> Self {
        let mut crews = Self { problem, group, loads: loads(problem, group), spots: Vec::new() };
        crews.spots = spots(problem, group, allowed);
        for at in 0..crews.spots.len() {
            let price = |crew: usize| crews.cheapest(&crews.spots[at], Crew::try_from(crew).unwrap_or(0));
            let least = (0..crews.loads.len()).map(price).collect();
            crews.spots[at].least = least;
        }
        crews.spots.retain(|spot| spot.least.iter().any(|&cost| cost < NEVER));
        crews
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.group.members.len()
    }

    fn cheapest(&self, spot: &Spot, crew: Crew) -> i128 {
        if crew.count_ones() < 2 || !self.loads[crew as usize].distinct {
            return NEVER;
        }
        let berths = (0..spot.machines.len()).filter_map(|at| self.berth(spot, at, crew));
        berths.map(|berth| berth.cost).min().unwrap_or(NEVER)
    }

    /// What one member alone would pay for the cheapest machine, if that could be: a measure of its size.
    fn alone(&self, spot: &Spot, crew: Crew) -> Option<i128> {
        (0..spot.machines.len()).filter_map(|at| self.berth(spot, at, crew)).map(|berth| berth.cost).min()
    }

    /// Every machine for a crew at a spot.
    pub fn berths(&self, spot: &Spot, crew: Crew) -> Vec<Berth> {
        if spot.least[crew as usize] >= NEVER {
            return Vec::new();
        }
        (0..spot.machines.len()).filter_map(|at| self.berth(spot, at, crew)).collect()
    }

    /// A crew on a machine of a spot, apart from the rule that there be two.
    fn berth(&self, spot: &Spot, at: usize, crew: Crew) -> Option<Berth> {
        let offer = &spot.machines[at];
        if crew & !offer.admits != 0 || offer.with.is_some_and(|with| with & crew == 0) {
            return None;
        }
        let machine = &self.group.machines[offer.ordinal];
        let load = &self.loads[crew as usize];
        if (0..RESOURCES).any(|r| load.takes[r] > machine.has[r]) {
            return None;
        }
        let own = self.own_charges(spot, &offer.leads, crew)?;
        let (cost, nat) = price(machine, load)?;
        Some(Berth { machine: offer.ordinal, cost: cost + own, nat, included: machine.included })
    }

    /// What the members' own choices cost; `None` when one of them may not be picked.
    fn own_charges(&self, spot: &Spot, leads: &[Option<ChoiceId>], crew: Crew) -> Option<i128> {
        let leader = members(crew).next()?;
        let mut sum = 0;
        for member in members(crew) {
            let choice = if member == leader { leads[member] } else { spot.joins[member][leader] }?;
            let component = self.group.members[member].component;
            sum += i128::from(self.problem.components[component].choices[choice].cost.nanos());
        }
        Some(sum)
    }

    /// The choices of a crew on a machine, by component.
    pub fn choices(&self, spot: &Spot, machine: usize, crew: Crew) -> Vec<(usize, ChoiceId)> {
        let leader = members(crew).next().unwrap_or(0);
        let leads = spot.machines.iter().find(|offer| offer.ordinal == machine).map(|offer| &offer.leads);
        let choice = |member: usize| {
            let choice = if member == leader { leads.and_then(|l| l[member]) } else { spot.joins[member][leader] };
            (self.group.members[member].component, choice.unwrap_or(0))
        };
        members(crew).map(choice).collect()
    }

    /// Whether every machine of a spot that a crew's members may be on leaves traffic to third parties to the NAT, and
    /// the crew has such traffic while nobody in `mates` (a crew too) brings an address.
    pub fn surely_nat(&self, spot: &Spot, crew: Crew, mates: Crew) -> bool {
        let nat = |offer: &Offer| self.group.machines[offer.ordinal].nat.is_some();
        self.loads[crew as usize].outbound > 0
            && !members(mates | crew).any(|m| self.group.members[m].public)
            && spot.machines.iter().all(nat)
    }

    /// The most that any machine of a spot includes for the account, or for its own crew; 0 for nothing.
    pub fn most_included(&self, spot: &Spot) -> Included {
        let all = spot.machines.iter().map(|offer| self.group.machines[offer.ordinal].included);
        all.fold(Included::None, |most, one| match (most, one) {
            (Included::Own(a), Included::Own(b)) => Included::Own(a.max(b)),
            (Included::Pooled(a), Included::Pooled(b)) => Included::Pooled(a.max(b)),
            (Included::None, other) | (other, _) => other,
        })
    }

    /// Whether one spot has both server allowances and pools, so that nothing includes the most.
    pub fn mixes_allowances(&self) -> bool {
        let kinds = |spot: &Spot| {
            let of = |offer: &Offer| match self.group.machines[offer.ordinal].included {
                Included::None => None,
                Included::Own(_) => Some(0),
                Included::Pooled(_) => Some(1),
            };
            spot.machines.iter().filter_map(of).collect::<BTreeSet<_>>().len()
        };
        self.spots.iter().any(|spot| kinds(spot) > 1)
    }

    /// Places where a machine has an allowance of its own.
    pub fn places_with_own(&self) -> impl Iterator<Item = PlaceId> + '_ {
        let own = |offer: &Offer| matches!(self.group.machines[offer.ordinal].included, Included::Own(_));
        self.spots.iter().filter(move |spot| spot.machines.iter().any(own)).map(|spot| spot.place)
    }

    /// What each of some blocks (crews that stay together) bears at least at a spot, given all the unions that they may
    /// form; `None` for a block that no machine of the spot can hold.
    pub fn shares(&self, spot: &Spot, blocks: &[Crew], unions: &[Crew]) -> Vec<Option<i128>> {
        let real: Vec<(Crew, i128)> =
            unions.iter().map(|&u| (u, spot.least[u as usize])).filter(|(_, cost)| *cost < NEVER).collect();
        let weight: Vec<i128> = blocks.iter().map(|&b| self.alone(spot, b).unwrap_or(1).max(1)).collect();
        let inside = |union: Crew| (0..blocks.len()).filter(move |&b| blocks[b] & union != 0);
        let mut shares: Vec<Option<i128>> = vec![None; blocks.len()];
        for &(union, cost) in &real {
            let whole: i128 = inside(union).map(|b| weight[b]).sum();
            for b in inside(union) {
                let part = (cost * weight[b]).div_euclid(whole);
                shares[b] = Some(shares[b].map_or(part, |known| known.min(part)));
            }
        }
        // What the proportional rule leaves over goes to whoever can still bear it.
        for block in 0..blocks.len() {
            let sum = |union: Crew| inside(union).map(|b| shares[b].unwrap_or(0)).sum::<i128>();
            let with = real.iter().filter(|(union, _)| union & blocks[block] != 0);
            let slack = with.map(|&(union, cost)| cost - sum(union)).min().unwrap_or(0);
            shares[block] = shares[block].map(|share| share + slack.max(0));
        }
        shares
    }
}

fn loads(problem: &Problem, group: &Group) -> Vec<Load> {
    let mut loads = vec![Load { distinct: true, ..Load::default() }];
    for crew in 1..1_usize << group.members.len() {
        let low = crew.trailing_zeros() as usize;
        let rest = crew & (crew - 1);
        let member = &group.members[low];
        let mut load = loads[rest];
        for r in 0..RESOURCES {
            load.takes[r] = load.takes[r].saturating_add(member.takes[r]);
        }
        load.disk = load.disk.saturating_add(member.disk.micros());
        load.outbound = load.outbound.saturating_add(member.outbound.micros());
        load.public |= member.public;
        let app = |m: usize| problem.components[group.members[m].component].app_component;
        load.distinct &= (0..group.members.len()).filter(|m| rest >> m & 1 == 1).all(|m| app(m) != app(low));
        loads.push(load);
    }
    loads
}

fn spots(problem: &Problem, group: &Group, allowed: &[Vec<bool>]) -> Vec<Spot> {
    let count = group.members.len();
    let ordinal_of = |component: usize| group.members.iter().position(|m| m.component == component);
    let mut spot_of = vec![usize::MAX; problem.places.len()];
    let mut spots: Vec<Spot> = Vec::new();
    let mut at_machine = vec![(usize::MAX, 0); group.machines.len()];
    for (ordinal, machine) in group.machines.iter().enumerate() {
        if spot_of[machine.place] == usize::MAX {
            spot_of[machine.place] = spots.len();
            let joins = vec![vec![None; count]; count];
            spots.push(Spot { place: machine.place, machines: Vec::new(), joins, least: Vec::new() });
        }
        let spot = &mut spots[spot_of[machine.place]];
        at_machine[ordinal] = (spot_of[machine.place], spot.machines.len());
        let crew = |list: &[bool]| (0..count).filter(|&m| list[m]).fold(0, |crew, m| crew | 1 << m);
        spot.machines.push(Offer {
            ordinal,
            admits: crew(&machine.admits),
            with: machine.only_with.as_deref().map(crew),
            leads: vec![None; count],
        });
    }
    for (m, member) in group.members.iter().enumerate() {
        let choices = problem.components[member.component].choices.iter().enumerate();
        for (choice, spec) in choices.filter(|(choice, _)| allowed[member.component][*choice]) {
            match spec.host {
                Host::Own => {}
                Host::Leads(machine) => {
                    let Some(&(spot, at)) = at_machine.get(machine) else { continue };
                    if spot != usize::MAX && group.machines[machine].place == spec.place {
                        spots[spot].machines[at].leads[m] = Some(choice);
                    }
                }
                Host::Joins(leader) => {
                    let spot = spots.get_mut(spot_of[spec.place]);
                    if let (Some(spot), Some(leader)) = (spot, ordinal_of(leader)) {
                        spot.joins[m][leader] = Some(choice);
                    }
                }
            }
        }
    }
    spots
}

/// What a machine costs with a load, in nano-dollars, and whether it goes out through the NAT. `None`: a price of it is
/// not known.
fn price(machine: &Machine, load: &Load) -> Option<(i128, bool)> {
    let mut cost = i128::from(machine.charge.cost().nanos());
    let disk = (load.disk + machine.boot.micros() - machine.disk_included.micros()).max(0);
    if disk > 0 {
        cost += times(machine.disk?.usd, disk);
    }
    let sends = load.outbound > 0;
    let address = load.public || sends && machine.nat.is_none();
    if address {
        cost += i128::from(machine.address.as_ref()?.cost().nanos());
    }
    let nat = machine.nat.filter(|_| sends && !address);
    if let Some(price) = nat {
        cost += times(price.usd, load.outbound);
    }
    Some((cost, nat.is_some()))
}

fn times(price: crate::units::Money, micros: i64) -> i128 {
    i128::from(price.times(crate::units::Quantity::from_micros(micros)).nanos())
}
