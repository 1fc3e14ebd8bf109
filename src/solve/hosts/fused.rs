//! The problem in which blocks of components are one component each: what the core solver sees.
//!
//! A block of several members is one component that is wherever its shared machine is: its traffic is one component's,
//! with one server allowance; rules and paths between its members become rules and paths of itself. A block that others
//! may still join is offered below what it can cost, by its share.

use super::super::restrict::Restriction;
use super::group::{Crew, Crews, members};
use crate::problem::{
    Choice, ChoiceId, Component, ComponentId, FlowTo, Form, Host, Included, Problem, Routes, SharedNeed,
};
use crate::units::{Money, Purchase};

/// Where a block of a group can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// As the component itself buys it (only for blocks of one).
    Own(ChoiceId),
    /// On a machine, at a spot of its group, for what it costs.
    On { spot: usize, machine: usize },
    /// On some machine at a spot, maybe with others, for its share at least.
    Open { spot: usize },
}

/// A block of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub group: usize,
    pub crew: Crew,
}

/// The blocks as components of a problem without groups.
pub(super) struct Fused {
    pub problem: Problem,
    pub blocks: Vec<Block>,
    /// For the component of each block: the meaning of its choices.
    pub ways: Vec<Vec<Way>>,
    /// Component here of the first block.
    first: usize,
}

/// Parts of the whole problem that no block changes.
pub(super) struct Base<'a> {
    pub whole: &'a Problem,
    pub allowed: Vec<Vec<bool>>,
    pub crews: Vec<Crews<'a>>,
    /// Place of the whole problem -> place in use.
    place: Vec<usize>,
    /// Tables over the places in use, and the components outside of all groups.
    frame: Problem,
    /// Components outside of all groups, by ordinal in the whole problem.
    pub outside: Vec<ComponentId>,
    /// For those: choice here -> choice of the whole problem.
    kept: Vec<Vec<ChoiceId>>,
}

impl<'a> Base<'a> {
    pub fn new(whole: &'a Problem, allowed: Vec<Vec<bool>>) -> Self {
        let crews: Vec<Crews> = whole.groups.iter().map(|group| Crews::new(whole, group, &allowed)).collect();
        let grouped = |component: ComponentId| whole.group_of(component).is_some();
        let outside: Vec<ComponentId> = (0..whole.components.len()).filter(|&c| !grouped(c)).collect();
        let mut used = vec![false; whole.places.len()];
        for (component, allowed) in whole.components.iter().zip(&allowed) {
            for (choice, _) in component.choices.iter().zip(allowed).filter(|(_, allowed)| **allowed) {
                used[choice.place] = true;
            }
        }
        let places: Vec<usize> = (0..used.len()).filter(|&p| used[p]).collect();
        let mut place = vec![usize::MAX; used.len()];
        places.iter().enumerate().for_each(|(new, &old)| place[old] = new);
        let frame = frame(whole, &places, &place);
        let mut base = Self { whole, allowed, crews, place, frame, outside, kept: Vec::new() };
        for &component in &base.outside {
            let (kept, choices) = base.own_choices(component);
            base.kept.push(kept);
            let spec = &whole.components[component];
            base.frame.components.push(Component {
                name: spec.name.clone(),
                app_component: spec.app_component,
                choices,
                excluded: Vec::new(),
            });
        }
        base
    }

    /// The choices of a component that share nothing.
    fn own_choices(&self, component: ComponentId) -> (Vec<ChoiceId>, Vec<Choice>) {
        let choices = self.whole.components[component].choices.iter().enumerate();
        let own = choices.filter(|(id, choice)| self.allowed[component][*id] && choice.host == Host::Own);
        own.map(|(id, choice)| (id, self.bare(choice))).unzip()
    }

    /// A choice with its cost alone.
    fn bare(&self, choice: &Choice) -> Choice {
        Choice {
            needs: choice.needs.clone(),
            active_zones: choice.active_zones,
            ..self.offer(choice.place, i128::from(choice.cost.nanos()), choice.included)
        }
    }

    fn offer(&self, place: usize, cost: i128, included: Included) -> Choice {
        let cost = Money::from_nanos(i64::try_from(cost).unwrap_or(i64::MAX));
        Choice {
            place: self.place[place],
            offer: String::new(),
            purchase: Purchase::OnDemand,
            count: 1,
            above: Vec::new(),
            form: Form::Machines,
            host: Host::Own,
            charges: Vec::new(),
            cost,
            included,
            needs: Vec::new(),
            active_zones: 1,
            today: false,
        }
    }

    /// The problem with these blocks; `unions[group]` are the crews that blocks of a group may still form, and
    /// `zones_least` is what the place of each block must have.
    pub fn fuse(&self, blocks: &[Block], unions: &[Vec<Crew>], zones_least: &[u8]) -> Fused {
        let first = self.outside.len();
        let mut component = vec![usize::MAX; self.whole.components.len()];
        self.outside.iter().enumerate().for_each(|(new, &old)| component[old] = new);
        for (at, block) in blocks.iter().enumerate() {
            for member in members(block.crew) {
                component[self.crews[block.group].group.members[member].component] = first + at;
            }
        }
        let mut problem = self.frame.clone();
        let mut ways = Vec::new();
        let shares = self.shares(blocks, unions);
        for (at, block) in blocks.iter().enumerate() {
            let mut offers = self.offers(*block, &unions[block.group], &shares[at], zones_least[at]);
            offers.sort_by_key(|(_, choice)| (choice.place, choice.cost));
            let (way, choices) = offers.into_iter().unzip();
            ways.push(way);
            let name = format!("block {at}");
            problem.components.push(Component { name, app_component: first + at, choices, excluded: Vec::new() });
        }
        for flow in &mut problem.flows {
            flow.from = component[flow.from];
            if let FlowTo::Component(to) = &mut flow.to {
                *to = component[*to];
            }
        }
        for relation in &mut problem.relations {
            (relation.a, relation.b) = (component[relation.a], component[relation.b]);
        }
        for path in &mut problem.paths {
            path.hops.iter_mut().for_each(|hop| (hop.a, hop.b) = (component[hop.a], component[hop.b]));
            path.entry.iter_mut().for_each(|entry| entry.0 = component[entry.0]);
        }
        Fused { problem, blocks: blocks.to_vec(), ways, first }
    }

    /// Per block and spot of its group: its share.
    fn shares(&self, blocks: &[Block], unions: &[Vec<Crew>]) -> Vec<Vec<Option<i128>>> {
        let mut shares = vec![Vec::new(); blocks.len()];
        for (group, crews) in self.crews.iter().enumerate() {
            let mine: Vec<usize> = (0..blocks.len()).filter(|&b| blocks[b].group == group).collect();
            let list: Vec<Crew> = mine.iter().map(|&b| blocks[b].crew).collect();
            for spot in &crews.spots {
                for (&block, share) in mine.iter().zip(crews.shares(spot, &list, &unions[group])) {
                    shares[block].push(share);
                }
            }
        }
        shares
    }

    /// Every way for a block with the choice that stands for it.
    fn offers(&self, block: Block, unions: &[Crew], shares: &[Option<i128>], zones_least: u8) -> Vec<(Way, Choice)> {
        let crews = &self.crews[block.group];
        let mut offers = Vec::new();
        if block.crew.is_power_of_two() {
            let member = members(block.crew).next().unwrap_or(0);
            let (ids, choices) = self.own_choices(crews.group.members[member].component);
            offers.extend(ids.into_iter().map(Way::Own).zip(choices));
        }
        let zones_of = |member: usize| self.whole.components[crews.group.members[member].component].choices.iter();
        let hosted = members(block.crew).next().and_then(|m| zones_of(m).find(|c| c.host != Host::Own));
        let Some(active_zones) = hosted.map(|choice| choice.active_zones) else { return offers };
        for (at, spot) in crews.spots.iter().enumerate() {
            let Some(share) = shares[at] else { continue };
            if self.whole.places[spot.place].zones < zones_least {
                continue;
            }
            let joinable = |&&union: &&Crew| {
                union & block.crew != 0 && spot.least[union as usize] < super::group::NEVER && union != block.crew
            };
            let others = unions.iter().filter(joinable).fold(0, |all, union| all | union);
            if others == 0 {
                for berth in crews.berths(spot, block.crew) {
                    let needs = if berth.nat { vec![SharedNeed::Nat] } else { Vec::new() };
                    let choice = Choice { needs, active_zones, ..self.offer(spot.place, berth.cost, berth.included) };
                    offers.push((Way::On { spot: at, machine: berth.machine }, choice));
                }
                continue;
            }
            let nat = crews.surely_nat(spot, block.crew, others);
            let needs = if nat { vec![SharedNeed::Nat] } else { Vec::new() };
            let included = crews.most_included(spot);
            let choice = Choice { needs, active_zones, ..self.offer(spot.place, share, included) };
            offers.push((Way::Open { spot: at }, choice));
        }
        offers
    }

    /// The choice of the whole problem behind a choice of a component outside of all groups.
    pub fn outside_choice(&self, at: usize, choice: ChoiceId) -> ChoiceId {
        self.kept[at][choice]
    }

    /// What each choice of each component adds to a bill at least, without traffic: its cost, or the component's share of
    /// a shared machine there. `None`: it can be in no answer.
    pub fn least_costs(&self) -> Vec<Vec<Option<i128>>> {
        let whole = self.whole;
        let mut shares: Vec<Vec<Option<i128>>> = vec![Vec::new(); whole.components.len()];
        for crews in &self.crews {
            let singles: Vec<Crew> = (0..crews.len()).map(|m| 1 << m).collect();
            let all: Vec<Crew> = (1..1 << crews.len()).collect();
            for member in &crews.group.members {
                shares[member.component] = vec![None; whole.places.len()];
            }
            for spot in &crews.spots {
                for (member, share) in crews.group.members.iter().zip(crews.shares(spot, &singles, &all)) {
                    shares[member.component][spot.place] = share;
                }
            }
        }
        let least = |component: usize, id: usize| {
            let choice = &whole.components[component].choices[id];
            let cost = match choice.host {
                Host::Own => Some(i128::from(choice.cost.nanos())),
                Host::Leads(_) | Host::Joins(_) => shares[component].get(choice.place).copied().flatten(),
            };
            cost.filter(|_| self.allowed[component][id])
        };
        (0..whole.components.len())
            .map(|c| (0..whole.components[c].choices.len()).map(|id| least(c, id)).collect())
            .collect()
    }
}

impl Fused {
    /// How each block is placed in an assignment of this problem.
    pub fn placed(&self, assignment: &[ChoiceId]) -> Vec<Way> {
        self.ways.iter().zip(&assignment[self.first..]).map(|(ways, &choice)| ways[choice]).collect()
    }
}

/// The problem over the places in use, without components and groups.
fn frame(whole: &Problem, places: &[usize], place: &[usize]) -> Problem {
    let n = whole.places.len();
    let pairs = || places.iter().flat_map(|&p| places.iter().map(move |&q| p * n + q));
    let mut paths = whole.paths.clone();
    for path in &mut paths {
        path.entry.iter_mut().for_each(|entry| entry.1 = places.iter().map(|&p| entry.1[p]).collect());
    }
    Problem {
        app: String::new(),
        providers: whole.providers.clone(),
        places: places.iter().map(|&p| whole.places[p].clone()).collect(),
        components: Vec::new(),
        flows: whole.flows.clone(),
        routes: Routes::new(pairs().map(|at| whole.routes.codes()[at]).collect(), whole.routes.kinds().to_vec()),
        internet: whole.internet.iter().map(|row| places.iter().map(|&p| row[p]).collect()).collect(),
        ladders: whole.ladders.clone(),
        shared: whole
            .shared
            .iter()
            .filter(|s| place[s.place] != usize::MAX)
            .map(|s| crate::problem::SharedCharge { place: place[s.place], ..s.clone() })
            .collect(),
        groups: Vec::new(),
        relations: whole.relations.clone(),
        paths,
        rtt: [0, 1].map(|table| pairs().map(|at| whole.rtt[table][at]).collect()).into(),
        budget: whole.budget,
        objective: whole.objective,
    }
}

/// Which choices a restriction lets pass.
pub(super) fn allowed(problem: &Problem, restriction: &Restriction) -> Vec<Vec<bool>> {
    let one = |(component, spec): (usize, &Component)| {
        let lets = |(id, choice): (usize, &Choice)| restriction.allows(component, id, choice);
        spec.choices.iter().enumerate().map(lets).collect()
    };
    problem.components.iter().enumerate().map(one).collect()
}
