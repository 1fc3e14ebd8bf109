//! Shared machines on top of the core solver: who shares with whom, proven.
//!
//! A node of the search says of pairs of components that they share a machine, or that they do not (Ryan and Foster's
//! branching for set partitioning, 1981). Its relaxation is an ordinary problem without groups ([`fused`]): components
//! that share are one component, and what may still be joined is offered for its share of what machines cost at least
//! ([`group`]). When the relaxed answer forms no machine that is cheaper than it can be, it is the best of the node;
//! else the crews that it suggests give a good answer (the best places for exactly these crews) and a pair to split on.
//!
//! Bounds hold to the nano-dollar, but for the rounding of metered traffic where a machine has an allowance of its own
//! (`slack`). Where even the direction of such an allowance is open (tiers that get cheaper on several ladders of one
//! account), nothing is relaxed: every way of sharing is solved.

mod fused;
mod group;
mod state;

use super::restrict::Restriction;
use super::{Limits, Solution, Status};
use crate::problem::{Assignment, GROUP_MEMBERS_MAX, Host, Problem, Route};
use fused::{Base, Block, Fused, Way, allowed};
use state::State;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// No answer is below this.
const NOTHING_KNOWN: i128 = i128::MIN >> 2;

/// Solves of the core that may end at their limits before the whole search ends.
const LIMIT_HITS_MAX: u32 = 4;

/// Solves a problem with groups.
pub(super) fn solve<'a>(
    problem: &'a Problem,
    limits: &Limits<'a>,
    restriction: &Restriction,
    warm: Option<&Assignment>,
) -> Solution {
    let nothing_below = restriction.stop_above.unwrap_or(i128::MAX);
    let empty =
        |status, lower_bound, nodes| Solution { status, assignment: Vec::new(), objective: 0, lower_bound, nodes };
    if problem.groups.iter().any(|group| group.members.len() > GROUP_MEMBERS_MAX) {
        return empty(Status::Unknown, NOTHING_KNOWN.min(nothing_below), 0);
    }
    let threshold = restriction.stop_above.unwrap_or(i128::MAX >> 2);
    let mut search = Search {
        base: Base::new(problem, allowed(problem, restriction)),
        limits: *limits,
        threshold,
        best: None,
        open: None,
        nodes: 0,
        hits: 0,
        tried: BTreeMap::new(),
        slack: 0,
        relaxes: true,
    };
    search.start(warm);
    search.run();
    match (search.best, search.open) {
        (Some((objective, assignment)), open) => {
            let lower_bound = open.map_or(objective, |open| open.min(objective));
            let status = if lower_bound == objective { Status::Optimal } else { Status::Feasible };
            Solution { status, assignment, objective, lower_bound, nodes: search.nodes }
        }
        (None, Some(open)) => empty(Status::Unknown, open.min(nothing_below), search.nodes),
        (None, None) => empty(Status::Infeasible, nothing_below, search.nodes),
    }
}

struct Search<'a> {
    base: Base<'a>,
    limits: Limits<'a>,
    /// Only answers below this are of interest.
    threshold: i128,
    best: Option<(i128, Assignment)>,
    /// Least bound of what was left unsearched.
    open: Option<i128>,
    nodes: u64,
    hits: u32,
    /// Complete ways of sharing that were solved, with the bound that they were solved to (`None`: proven).
    tried: BTreeMap<Vec<Vec<u32>>, Option<i128>>,
    /// By how much rounding may lift a relaxed value above a true one.
    slack: i128,
    /// Whether relaxed values are bounds at all.
    relaxes: bool,
}

/// What the core made of a node.
struct Answer {
    /// No answer of the node is below; `None`: there is none of interest.
    bound: Option<i128>,
    /// Where the relaxed answer places each block.
    placed: Option<(Vec<Block>, Vec<Way>)>,
    /// Whether the relaxed answer is one of the whole problem.
    exact: bool,
    /// Whether the core came to its end.
    proven: bool,
}

impl Search<'_> {
    /// First answers: nobody shares, and what the caller knows. Then everything that is too dear beside them goes.
    fn start(&mut self, warm: Option<&Assignment>) {
        let alone = State::apart(&self.base.crews, &BTreeMap::new());
        self.complete(&alone);
        if let Some(state) = warm.and_then(|warm| self.of_assignment(warm)) {
            self.complete(&state);
        }
        if let Some(fewer) = self.affordable() {
            self.base = Base::new(self.base.whole, fewer);
        }
        self.slack = rounding_slack(&self.base);
        self.relaxes = relaxes(&self.base);
    }

    fn run(&mut self) {
        let mut queue = BinaryHeap::new();
        let mut waiting = vec![State::undecided(&self.base.crews)];
        queue.push(Reverse((NOTHING_KNOWN, 0)));
        while let Some(Reverse((bound, at))) = queue.pop() {
            if bound >= self.threshold {
                continue;
            }
            let cancelled = self.limits.cancelled.is_some_and(|cancelled| cancelled());
            if self.nodes >= self.limits.nodes_max || self.hits >= LIMIT_HITS_MAX || cancelled {
                self.leave_open(bound);
                continue;
            }
            let state = std::mem::take(&mut waiting[at]);
            let Some((bound, pair)) = self.visit(&state, bound) else { continue };
            for child in state.split(pair) {
                queue.push(Reverse((bound, waiting.len())));
                waiting.push(child);
            }
        }
    }

    /// Bounds a node. `None`: nothing of interest is left in it; else its bound and the pair to split on.
    fn visit(&mut self, state: &State, bound: i128) -> Option<(i128, state::Pair)> {
        let undecided = state.undecided_pair(&self.base.crews);
        let Some(any) = undecided else {
            self.complete(state);
            return None;
        };
        if !self.relaxes {
            self.nodes += 1;
            return Some((bound, any));
        }
        let answer = self.ask(state, &[], self.slack);
        let bound = bound.max(answer.bound? - self.slack);
        let pair = match &answer.placed {
            Some((blocks, ways)) if !answer.exact => {
                let (crews, pair) = state.suggestion(&self.base, blocks, ways);
                self.complete(&State::apart(&self.base.crews, &crews));
                pair
            }
            _ => None,
        };
        if answer.exact && answer.proven && self.slack == 0 {
            return None;
        }
        (bound < self.threshold).then_some((bound, pair.unwrap_or(any)))
    }

    /// Solves a complete way of sharing: every block as it is, nothing joined.
    fn complete(&mut self, state: &State) {
        let key = state.key();
        if self.tried.contains_key(&key) {
            return;
        }
        let answer = self.ask(state, &state.zones_needed(&self.base.crews, self.base.whole), 0);
        let left = answer.bound.filter(|_| !answer.proven);
        if let Some(bound) = left {
            self.leave_open(bound);
        }
        self.tried.insert(key, left);
    }

    fn leave_open(&mut self, bound: i128) {
        self.open = Some(self.open.map_or(bound, |open| open.min(bound)));
    }

    /// Solves the relaxation of a node; takes its answer when it is one of the whole problem.
    fn ask(&mut self, state: &State, zones_least: &[u8], slack: i128) -> Answer {
        let blocks = state.blocks();
        let unions = state.unions(&self.base.crews);
        let zones: Vec<u8> = if zones_least.is_empty() { vec![1; blocks.len()] } else { zones_least.to_vec() };
        let fused = self.base.fuse(&blocks, &unions, &zones);
        let below = self.threshold.saturating_add(slack);
        let limits = Limits { nodes_max: self.limits.nodes_max.saturating_sub(self.nodes), ..self.limits };
        let solution = super::core(&fused.problem, &limits, &Restriction::default().below(below), None);
        self.nodes += solution.nodes.max(1);
        let proven = matches!(solution.status, Status::Optimal | Status::Infeasible);
        self.hits += u32::from(!proven);
        if solution.status == Status::Infeasible {
            return Answer { bound: None, placed: None, exact: false, proven };
        }
        let bound = Some(solution.lower_bound);
        if solution.assignment.is_empty() {
            return Answer { bound, placed: None, exact: false, proven };
        }
        let ways = fused.placed(&solution.assignment);
        let exact = !ways.iter().any(|way| matches!(way, Way::Open { .. }))
            && (!zones_least.is_empty() || State::in_zones(&self.base, &blocks, &ways));
        if exact && solution.objective < self.threshold {
            let assignment = self.assignment(&fused, &solution.assignment, &ways);
            self.threshold = solution.objective;
            self.best = Some((solution.objective, assignment));
        }
        Answer { bound, placed: Some((blocks, ways)), exact, proven }
    }

    /// The choices of the whole problem behind an answer.
    fn assignment(&self, fused: &Fused, picked: &[usize], ways: &[Way]) -> Assignment {
        let mut assignment = vec![0; self.base.whole.components.len()];
        for (at, &component) in self.base.outside.iter().enumerate() {
            assignment[component] = self.base.outside_choice(at, picked[at]);
        }
        for (block, way) in fused.blocks.iter().zip(ways) {
            let crews = &self.base.crews[block.group];
            match *way {
                Way::Own(choice) => {
                    let member = group::members(block.crew).next().unwrap_or(0);
                    assignment[crews.group.members[member].component] = choice;
                }
                Way::On { spot, machine } => {
                    for (component, choice) in crews.choices(&crews.spots[spot], machine, block.crew) {
                        assignment[component] = choice;
                    }
                }
                Way::Open { .. } => {}
            }
        }
        assignment
    }

    /// The way of sharing of a known assignment.
    fn of_assignment(&self, assignment: &Assignment) -> Option<State> {
        let whole = self.base.whole;
        let fits = |(component, &choice): (usize, &usize)| self.base.allowed[component].get(choice) == Some(&true);
        if assignment.len() != whole.components.len() || !assignment.iter().enumerate().all(fits) {
            return None;
        }
        let mut crews: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        for (ordinal, group) in whole.groups.iter().enumerate() {
            let host = |m: usize| {
                let component = group.members[m].component;
                (component, whole.components[component].choices[assignment[component]].host)
            };
            for leader in (0..group.members.len()).filter(|&m| matches!(host(m).1, Host::Leads(_))) {
                let joins = (0..group.members.len()).filter(|&m| host(m).1 == Host::Joins(host(leader).0));
                let crew = joins.fold(1_u32 << leader, |crew, m| crew | 1 << m);
                crews.entry(ordinal).or_default().push(crew);
            }
        }
        for list in crews.values_mut() {
            list.retain(|crew| crew.count_ones() > 1);
        }
        Some(State::apart(&self.base.crews, &crews))
    }

    /// Which choices can be in an answer below the threshold, by what everything costs at least without traffic. `None`:
    /// all of them, or it cannot be said.
    fn affordable(&self) -> Option<Vec<Vec<bool>>> {
        let whole = self.base.whole;
        let priced = |route: &Route| if let Route::Flat(price) = route { price.usd.nanos() } else { 0 };
        let steps = whole.ladders.iter().flat_map(|ladder| ladder.steps.iter().map(|step| step.price.usd.nanos()));
        let flats = whole.routes.kinds().iter().chain(whole.internet.iter().flatten()).map(priced);
        let shared = whole.shared.iter().map(|shared| shared.charge.cost().nanos());
        let money_only = whole.paths.iter().all(|path| whole.latency_weight(path) == 0);
        if self.best.is_none() || !money_only || steps.chain(flats).chain(shared).any(|nanos| nanos < 0) {
            return None;
        }
        let least = self.base.least_costs();
        let of = |component: usize| least[component].iter().flatten().copied().min();
        let floor: Option<Vec<i128>> = (0..least.len()).map(of).collect();
        let floor = floor?;
        let all: i128 = floor.iter().sum();
        let affordable = |component: usize| {
            let rest = all - floor[component];
            least[component].iter().map(|cost| cost.is_some_and(|cost| rest + cost < self.threshold)).collect()
        };
        Some((0..least.len()).map(affordable).collect())
    }
}

/// Rounding steps of metered traffic, in nano-dollars, when an allowance can shift volume between flows; else 0.
fn rounding_slack(base: &Base) -> i128 {
    if base.crews.iter().all(|crews| crews.places_with_own().next().is_none()) {
        return 0;
    }
    let steps = base.whole.ladders.iter().map(|ladder| ladder.steps.len()).max().unwrap_or(0);
    i128::try_from((base.whole.flows.len() + 1) * (steps + 1)).unwrap_or(i128::MAX >> 8)
}

/// Whether more of an allowance never makes an account dearer. It thins out the account's volume: that can lift the
/// average price of another flow only where tiers get cheaper, and lifts the sum only when flows on another ladder do
/// not get cheaper by the same.
fn relaxes(base: &Base) -> bool {
    let whole = base.whole;
    let mut meters = std::collections::BTreeSet::new();
    for place in base.crews.iter().flat_map(group::Crews::places_with_own) {
        let to = (0..whole.places.len()).map(|to| whole.route(place, to));
        let out = whole.internet.iter().map(|row| row[place]);
        meters.extend(to.chain(out).filter_map(|route| match route {
            Route::Metered(ladder) => Some(whole.ladders[ladder].meter),
            Route::Flat(_) | Route::Unknown => None,
        }));
    }
    let good = |&meter: &usize| {
        let mut ladders = whole.ladders.iter().filter(|ladder| ladder.meter == meter);
        let rises = |ladder: &crate::problem::Ladder| {
            ladder.steps.windows(2).all(|pair| pair[0].price.usd <= pair[1].price.usd)
        };
        let same = |a: &crate::problem::Ladder, b: &crate::problem::Ladder| {
            let step = |s: &crate::problem::Step| (s.from, s.price.usd);
            a.included == b.included && a.steps.iter().map(step).eq(b.steps.iter().map(step))
        };
        let first = ladders.clone().next();
        ladders.clone().all(rises) || first.is_some_and(|first| ladders.all(|ladder| same(first, ladder)))
    };
    meters.iter().all(good) && !base.crews.iter().any(group::Crews::mixes_allowances)
}
