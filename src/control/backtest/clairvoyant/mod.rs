//! The clairvoyant optimum: the cheapest schedule of all components over all periods, with move costs, proven.
//!
//! Who knows all prices beforehand picks for every component and period a seat, so that the sum of what is due, of what
//! ties components together and of what moves cost is least. The first period's seats are given.
//!
//! # How it is found
//! 1. Components that nothing ties together are courses of their own.
//! 2. A component alone is solved by dynamic programming over time: forwards the least cost of being in a seat, backwards
//!    the least cost from there on (`chain.rs`).
//! 3. Ties are shared out between the two chains that they join, by potentials: whatever these are, the sum of the chains'
//!    optima and of the ties' least remains is a lower bound. `dual.rs` raises it period by period (the messages of TRW-S,
//!    V. Kolmogorov 2006, with whole chains in place of single nodes), and drops seats that can be in nothing better.
//! 4. `layers.rs` is dynamic programming over joint seats, period by period, which keeps only what the bound allows to cost
//!    less than a limit. It looks a little above the bound first, then farther, until it finds a schedule, or the limit is
//!    what the best known one costs. Where all joint seats are few, `tables.rs` does the same in whole tables, one lane
//!    after the other. Known schedules are improved beforehand, one component at a time (`descent.rs`).
//!
//! All numbers are integers (nano-dollars); nothing is approximated. When a limit ends the work, the bound is still valid.

mod chain;
mod descent;
mod dual;
mod layers;
mod tables;
#[cfg(test)]
mod tests;

pub use super::stage::NONE;

/// A component's seats over time. Amounts are nano-dollars; [`NONE`]: not possible.
#[derive(Clone, Debug)]
pub struct Lane {
    /// The site of every seat.
    pub site: Vec<usize>,
    /// Number of sites.
    pub sites: usize,
    /// What a seat costs in a period: `due[period][seat]`.
    pub due: Vec<Vec<i64>>,
    /// What leaving a seat at the beginning of a period costs: `leave[period][seat]`.
    pub leave: Vec<Vec<i64>>,
    /// What entering a seat at the beginning of a period costs.
    pub enter: Vec<Vec<i64>>,
    /// What a move costs besides, by site: `carry[from * sites + to]`; empty: nothing.
    pub carry: Vec<i64>,
    /// The seat in the first period.
    pub start: usize,
}

impl Lane {
    /// What changing from one seat to another costs at the beginning of a period.
    #[must_use]
    pub fn change(&self, from: usize, to: usize, period: usize) -> i64 {
        if from == to {
            return 0;
        }
        let carry = self.carry.get(self.site[from] * self.sites + self.site[to]).copied().unwrap_or(0);
        (self.leave[period][from] + self.enter[period][to] + carry).min(NONE)
    }
}

/// What ties two lanes together: `tables[of[period]][site of a * sites of b + site of b]`.
#[derive(Clone, Debug)]
pub struct Tie {
    /// The first lane.
    pub a: usize,
    /// The second one; larger.
    pub b: usize,
    /// Tables.
    pub tables: Vec<Vec<i64>>,
    /// Which of them holds in a period.
    pub of: Vec<usize>,
}

/// A sum over several lanes' sites that may not exceed a limit, in every period.
#[derive(Clone, Debug)]
pub struct Far {
    /// A part that depends on one lane's site.
    pub entry: Option<(usize, Vec<i64>)>,
    /// Parts that depend on two lanes' sites: `table[site of the first * sites of the second + site of the second]`.
    pub hops: Vec<(usize, usize, Vec<i64>)>,
    /// The limit, less what is constant.
    pub limit: i64,
}

/// The first search looks at one part in so many of what is open between bound and best schedule.
const STEPS: i64 = 64;
/// Every further one at so many times as much.
const GROWTH: i64 = 4;
/// Joint seats of all periods that are few enough for whole tables, without looking farther; and at most.
const CELLS_FEW: usize = 1_000_000;
const CELLS_MAX: usize = 20_000_000;
/// Joint seats that are looked at one by one before whole tables are made.
const STATES_FEW: usize = 1_000_000;

/// The question.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// Components.
    pub lanes: Vec<Lane>,
    /// Ties.
    pub ties: Vec<Tie>,
    /// Limits over several lanes.
    pub far: Vec<Far>,
    /// Number of periods; at least 1.
    pub periods: usize,
}

/// The seats of all lanes in every period: `schedule[period][lane]`.
pub type Schedule = Vec<Vec<usize>>;

/// How far the search may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Sweeps that raise the bound.
    pub sweeps_max: usize,
    /// Joint seats, over all periods, that may be looked at.
    pub states_max: usize,
    /// Joint seats that the narrow search keeps in a period.
    pub narrow: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { sweeps_max: 60, states_max: 100_000_000, narrow: 100 }
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The best schedule that was found.
    pub schedule: Schedule,
    /// What it costs.
    pub cost: i64,
    /// No schedule costs less; equal to `cost` when the schedule is proven to be the best.
    pub bound: i64,
    /// Joint seats that were looked at on the way.
    pub states: usize,
}

impl Course {
    /// What a schedule costs; [`NONE`] when it is not possible.
    #[must_use]
    pub fn cost(&self, schedule: &Schedule) -> i64 {
        let mut sum = 0_i64;
        for (period, seats) in schedule.iter().enumerate() {
            for (lane, &seat) in self.lanes.iter().zip(seats) {
                sum = (sum + lane.due[period][seat]).min(NONE);
            }
            for tie in &self.ties {
                sum = (sum + self.tied(tie, period, seats[tie.a], seats[tie.b])).min(NONE);
            }
            if !self.near(|lane| self.lanes[lane].site[seats[lane]]) {
                return NONE;
            }
            if let Some(before) = period.checked_sub(1).map(|before| &schedule[before]) {
                for (lane, (&from, &to)) in self.lanes.iter().zip(before.iter().zip(seats)) {
                    sum = (sum + lane.change(from, to, period)).min(NONE);
                }
            }
        }
        sum
    }

    /// How often a seat changes in a schedule.
    #[must_use]
    pub fn changes(schedule: &Schedule) -> usize {
        schedule.windows(2).map(|pair| pair[0].iter().zip(&pair[1]).filter(|(from, to)| from != to).count()).sum()
    }

    fn tied(&self, tie: &Tie, period: usize, a: usize, b: usize) -> i64 {
        let (la, lb) = (&self.lanes[tie.a], &self.lanes[tie.b]);
        tie.tables[tie.of[period]][la.site[a] * lb.sites + lb.site[b]]
    }

    /// Whether sites keep the limits over several lanes.
    fn near(&self, site: impl Fn(usize) -> usize) -> bool {
        self.far.iter().all(|far| {
            let entry = far.entry.as_ref().map_or(0, |(lane, by_site)| by_site[site(*lane)]);
            let hop = |(a, b, table): &(usize, usize, Vec<i64>)| table[site(*a) * self.lanes[*b].sites + site(*b)];
            entry + far.hops.iter().map(hop).sum::<i64>() <= far.limit
        })
    }

    /// The first period's seats, kept all the time.
    #[must_use]
    pub fn standing(&self) -> Schedule {
        vec![self.lanes.iter().map(|lane| lane.start).collect(); self.periods]
    }

    /// Lanes that are tied together, directly or through others, each group ascending.
    fn groups(&self) -> Vec<Vec<usize>> {
        let mut group: Vec<usize> = (0..self.lanes.len()).collect();
        let far = self.far.iter().flat_map(|far| {
            let entry = far.entry.as_ref().map(|(lane, _)| *lane);
            let first = entry.or_else(|| far.hops.first().map(|hop| hop.0)).unwrap_or(0);
            far.hops.iter().flat_map(move |hop| [(first, hop.0), (first, hop.1)])
        });
        for (a, b) in self.ties.iter().map(|tie| (tie.a, tie.b)).chain(far) {
            let (low, high) = (group[a].min(group[b]), group[a].max(group[b]));
            group.iter_mut().filter(|g| **g == high).for_each(|g| *g = low);
        }
        let mut groups: Vec<Vec<usize>> = vec![Vec::new(); self.lanes.len()];
        for (lane, &of) in group.iter().enumerate() {
            groups[of].push(lane);
        }
        groups.retain(|group| !group.is_empty());
        groups
    }

    /// The part of a course that concerns some lanes.
    fn part(&self, lanes: &[usize]) -> Self {
        let new = |lane: usize| lanes.binary_search(&lane).ok();
        let tie = |tie: &Tie| Some(Tie { a: new(tie.a)?, b: new(tie.b)?, ..tie.clone() });
        let far = |far: &Far| {
            let entry = match &far.entry {
                Some((lane, by_site)) => Some((new(*lane)?, by_site.clone())),
                None => None,
            };
            let hops: Option<Vec<_>> =
                far.hops.iter().map(|(a, b, table)| Some((new(*a)?, new(*b)?, table.clone()))).collect();
            Some(Far { entry, hops: hops?, limit: far.limit })
        };
        Self {
            lanes: lanes.iter().map(|&lane| self.lanes[lane].clone()).collect(),
            ties: self.ties.iter().filter_map(tie).collect(),
            far: self.far.iter().filter_map(far).collect(),
            periods: self.periods,
        }
    }
}

/// The cheapest schedule. `known` are schedules to begin with; those that are not possible are passed over. The first
/// period's seats kept all the time must be possible.
#[must_use]
pub fn solve(course: &Course, known: &[Schedule], limits: &Limits) -> Answer {
    let mut answer = Answer { schedule: course.standing(), cost: 0, bound: 0, states: 0 };
    for lanes in course.groups() {
        let part = course.part(&lanes);
        let of = |schedule: &Schedule| -> Schedule {
            schedule.iter().map(|seats| lanes.iter().map(|&lane| seats[lane]).collect()).collect()
        };
        let known: Vec<Schedule> = known.iter().map(of).collect();
        let found = solve_tied(&part, &known, limits);
        for (seats, own) in answer.schedule.iter_mut().zip(&found.schedule) {
            for (&lane, &seat) in lanes.iter().zip(own) {
                seats[lane] = seat;
            }
        }
        answer.cost += found.cost;
        answer.bound += found.bound;
        answer.states += found.states;
    }
    answer
}

fn solve_tied(course: &Course, known: &[Schedule], limits: &Limits) -> Answer {
    let mut best = course.standing();
    for schedule in known.iter().chain(std::iter::once(&course.standing())) {
        let improved = descent::improve(course, schedule.clone());
        if course.cost(&improved) < course.cost(&best) {
            best = improved;
        }
    }
    let mut cost = course.cost(&best);
    let mut dual = dual::Dual::new(course);
    let mut states = 0;
    let mut bound = dual.raise(cost, limits.sweeps_max);
    // First what is hardly above the bound: mostly the optimum is there. What a search does not find is not there.
    let mut step = (cost - bound) / STEPS + 1;
    while bound < cost {
        let below = (bound + step).min(cost);
        let found = search(&dual, below, limits.states_max.saturating_sub(states));
        states += found.states;
        if let Some(schedule) = found.schedule {
            cost = course.cost(&schedule);
            best = schedule;
        }
        if !found.complete {
            bound = bound.max(found.bound).min(cost);
            break;
        }
        bound = below.min(cost);
        step = step.saturating_mul(GROWTH);
    }
    if bound < cost {
        // Not proven: at least something good.
        let found = layers::search(&dual, &dual.within(cost), cost, Some(limits.narrow), usize::MAX);
        states += found.states;
        if let Some(schedule) = found.schedule {
            best = descent::improve(course, schedule);
            cost = course.cost(&best);
        }
    }
    Answer { schedule: best, cost, bound: bound.min(cost), states }
}

/// The cheapest schedule that costs less than `below`: in whole tables where these are small, else state by state.
fn search(dual: &dual::Dual<'_>, below: i64, states_max: usize) -> layers::Found {
    let alive = dual.within(below);
    let cells = tables::cells(&alive);
    if cells <= CELLS_FEW.min(states_max) {
        return tables::search(dual, &alive, below);
    }
    let tabled = cells <= CELLS_MAX.min(states_max);
    let found = layers::search(dual, &alive, below, None, if tabled { STATES_FEW.min(states_max) } else { states_max });
    if found.complete || !tabled {
        return found;
    }
    let whole = tables::search(dual, &alive, below);
    layers::Found { states: found.states + whole.states, ..whole }
}
