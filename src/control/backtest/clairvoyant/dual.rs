//! The lower bound: ties shared out between chains, and seats that can be in nothing better dropped.
//!
//! For a tie `e` of lanes `a` and `b` in a period, potentials `la`, `lb` over their sites are moved from the tie to the
//! lanes: the lanes' seats cost `due + la` and `due + lb`, and of the tie remains `table - la - lb`. For any potentials, no
//! schedule costs less than the sum of the chains' optima and of the least remains.

use super::chain::Chain;
use super::{Course, NONE, Tie};

/// Passes over the ties of a period each time that it is looked at.
const PASSES: usize = 2;
/// Sweeps after which little has been gained in a row, at which raising ends.
const IDLE_MAX: usize = 3;
/// Less than one part in so many of what is open is little.
const LITTLE: i64 = 200;

/// Potentials of a tie, in one period.
#[derive(Clone, Debug)]
struct Shares {
    a: Vec<i64>,
    b: Vec<i64>,
}

/// The bound, and what it is made of.
#[derive(Debug)]
pub struct Dual<'c> {
    /// The question.
    pub course: &'c Course,
    chains: Vec<Chain>,
    /// `shares[period][tie]`.
    shares: Vec<Vec<Shares>>,
    /// Seats that may be in something better: `alive[period][lane]`, ascending.
    pub alive: Vec<Vec<Vec<usize>>>,
    /// What every seat costs with potentials: `unary[period][lane][seat]`.
    unary: Vec<Vec<Vec<i64>>>,
    /// Least remains of ties: `remains[period][tie]`.
    remains: Vec<Vec<i64>>,
    bound: i64,
}

impl<'c> Dual<'c> {
    /// Without any potentials.
    pub fn new(course: &'c Course) -> Self {
        let periods = course.periods;
        let none = |tie: &Tie| Shares { a: vec![0; course.lanes[tie.a].sites], b: vec![0; course.lanes[tie.b].sites] };
        let alive = |period: usize| -> Vec<Vec<usize>> {
            let of = |lane: &super::Lane| match period {
                0 => vec![lane.start],
                _ => (0..lane.site.len()).filter(|&seat| lane.due[period][seat] < NONE).collect(),
            };
            course.lanes.iter().map(of).collect()
        };
        let unary = |period: usize| course.lanes.iter().map(|lane| lane.due[period].clone()).collect();
        Self {
            course,
            chains: course.lanes.iter().map(|lane| Chain::new(lane, periods)).collect(),
            shares: vec![course.ties.iter().map(none).collect(); periods],
            alive: (0..periods).map(alive).collect(),
            unary: (0..periods).map(unary).collect(),
            remains: vec![vec![0; course.ties.len()]; periods],
            bound: 0,
        }
    }

    /// What a seat costs a lane in a period, with potentials.
    pub fn unary(&self, period: usize, lane: usize, seat: usize) -> i64 {
        self.unary[period][lane][seat]
    }

    /// No course of a lane after a period costs less, from a seat, with potentials.
    pub fn after(&self, period: usize, lane: usize, seat: usize) -> i64 {
        self.chains[lane].back[period][seat]
    }

    /// The least remains of all ties in a period.
    pub fn remains(&self, period: usize) -> i64 {
        self.remains[period].iter().sum()
    }

    /// The least remains of a tie in a period.
    pub fn remains_of(&self, period: usize, tie: usize) -> i64 {
        self.remains[period][tie]
    }

    /// What remains of a tie between two sites.
    pub fn rest(&self, period: usize, tie: usize, a: usize, b: usize) -> i64 {
        let (of, shares) = (&self.course.ties[tie], &self.shares[period][tie]);
        let cost = of.tables[of.of[period]][a * shares.b.len() + b];
        if cost >= NONE { NONE } else { cost - shares.a[a] - shares.b[b] }
    }

    /// Raises the bound, and drops what cannot be part of anything that costs less than `below`. Says the bound: at least
    /// `below` when there is nothing.
    pub fn raise(&mut self, below: i64, sweeps_max: usize) -> i64 {
        self.sweep_back(false);
        self.sweep_forth(false);
        let mut idle = 0;
        for sweep in 0..=sweeps_max {
            // Forwards and backwards by the same potentials, which is what dropping rests on.
            let before = self.bound;
            self.total();
            if !self.drop_hopeless(below) || self.bound >= below {
                self.bound = below;
                break;
            }
            let gained = self.bound - before;
            idle = if gained.saturating_mul(LITTLE) < below - self.bound { idle + 1 } else { 0 };
            if self.course.ties.is_empty() || idle >= IDLE_MAX || sweep == sweeps_max {
                break;
            }
            self.sweep_forth(true);
            self.sweep_back(true);
            self.sweep_forth(false);
        }
        self.bound
    }

    fn sweep_forth(&mut self, share: bool) {
        for period in 0..self.course.periods {
            self.step_forth(period);
            if share {
                self.share_out(period);
                self.step_forth(period);
            }
        }
    }

    fn sweep_back(&mut self, share: bool) {
        for period in (0..self.course.periods).rev() {
            for (at, lane) in self.course.lanes.iter().enumerate() {
                let next = period + 1;
                let (unary, after): (&[i64], &[usize]) = if next < self.course.periods {
                    (&self.unary[next][at], &self.alive[next][at])
                } else {
                    (&[], &[])
                };
                self.chains[at].step_back(lane, period, unary, after, &self.alive[period][at]);
            }
            if share {
                self.share_out(period);
            }
        }
    }

    fn step_forth(&mut self, period: usize) {
        for (at, lane) in self.course.lanes.iter().enumerate() {
            self.chains[at].step_forth(lane, period, &self.unary[period][at], &self.alive[period][at]);
        }
    }

    /// Works out the bound from chains, which must have been swept forwards last, and remains.
    fn total(&mut self) {
        for period in 0..self.course.periods {
            for tie in 0..self.course.ties.len() {
                self.remains[period][tie] = self.least(period, tie);
            }
        }
        // By other potentials it may have been higher: any of them is valid.
        self.bound = self.leasts().1.min(NONE).max(self.bound);
    }

    /// Sites of a lane that are still in use in a period, ascending.
    fn sites(&self, period: usize, lane: usize) -> Vec<usize> {
        let site = |&seat: &usize| self.course.lanes[lane].site[seat];
        let mut sites: Vec<usize> = self.alive[period][lane].iter().map(site).collect();
        sites.sort_unstable();
        sites.dedup();
        sites
    }

    fn least(&self, period: usize, tie: usize) -> i64 {
        let of = &self.course.ties[tie];
        let (rows, columns) = (self.sites(period, of.a), self.sites(period, of.b));
        let rest = |&a: &usize| columns.iter().map(move |&b| self.rest(period, tie, a, b)).min().unwrap_or(NONE);
        rows.iter().map(rest).min().unwrap_or(NONE)
    }

    /// Moves potentials of one period, so that the bound does not fall: the messages of TRW-S between the lanes, to whom
    /// the rest of their chains speaks as a cost of their sites.
    fn share_out(&mut self, period: usize) {
        let course = self.course;
        let lanes = course.lanes.len();
        let sites: Vec<Vec<usize>> = (0..lanes).map(|lane| self.sites(period, lane)).collect();
        // What a site costs a lane in all, with the potentials at hand.
        let mut costs: Vec<Vec<i64>> = Vec::with_capacity(lanes);
        for (at, lane) in course.lanes.iter().enumerate() {
            let mut cost = vec![NONE; lane.sites];
            for &seat in &self.alive[period][at] {
                let through = self.chains[at].forth[period][seat] + self.chains[at].back[period][seat];
                let cost = &mut cost[lane.site[seat]];
                *cost = (*cost).min(through.min(NONE));
            }
            costs.push(cost);
        }
        for pass in 0..2 * PASSES {
            for step in 0..lanes {
                let lane = if pass % 2 == 0 { step } else { lanes - 1 - step };
                self.message(period, lane, pass % 2 == 0, &sites, &mut costs);
            }
        }
        // The ties' last word: what they can still give goes to the lane that comes later.
        for (tie, of) in course.ties.iter().enumerate() {
            self.pull(period, tie, of.b, &sites, &mut costs);
        }
        for (at, lane) in course.lanes.iter().enumerate() {
            // A site that goes with nothing left of another lane is in nothing better.
            self.alive[period][at].retain(|&seat| costs[at][lane.site[seat]] < NONE);
            let mut added = vec![0_i64; lane.sites];
            for (of, shares) in course.ties.iter().zip(&self.shares[period]) {
                let own = if of.a == at { &shares.a } else { &shares.b };
                if of.a == at || of.b == at {
                    added.iter_mut().zip(own).for_each(|(sum, share)| *sum += share);
                }
            }
            for (seat, unary) in self.unary[period][at].iter_mut().enumerate() {
                let due = lane.due[period][seat];
                *unary = if due >= NONE { NONE } else { due + added[lane.site[seat]] };
            }
        }
    }

    /// A lane takes what its ties to lanes before it can give, and hands on a part of what its sites cost it to those that
    /// come after.
    fn message(&mut self, period: usize, lane: usize, up: bool, sites: &[Vec<usize>], costs: &mut [Vec<i64>]) {
        let course = self.course;
        let other = |tie: &Tie| if tie.a == lane { tie.b } else { tie.a };
        let mine = || course.ties.iter().enumerate().filter(|(_, tie)| tie.a == lane || tie.b == lane);
        let is_before = |tie: &Tie| (other(tie) < lane) == up;
        let (mut before, mut after) = (0, 0);
        for (at, tie) in mine() {
            if is_before(tie) {
                before += 1;
                self.pull(period, at, lane, sites, costs);
            } else {
                after += 1;
            }
        }
        if after == 0 {
            return;
        }
        let least = sites[lane].iter().map(|&site| costs[lane][site]).min().unwrap_or(NONE);
        if least >= NONE {
            return;
        }
        // One part stays with the chain.
        let parts = i64::from(u16::try_from(before.max(after) + 1).unwrap_or(u16::MAX));
        for (at, tie) in mine().filter(|(_, tie)| !is_before(tie)) {
            for &site in &sites[lane] {
                let cost = costs[lane][site];
                if cost >= NONE {
                    continue;
                }
                let part = (cost - least) / parts;
                let shares = &mut self.shares[period][at];
                let share = if tie.a == lane { &mut shares.a[site] } else { &mut shares.b[site] };
                *share -= part;
            }
        }
        for &site in &sites[lane] {
            let cost = &mut costs[lane][site];
            if *cost < NONE {
                let part = (*cost - least) / parts;
                *cost -= part * i64::from(u16::try_from(after).unwrap_or(u16::MAX));
            }
        }
    }

    /// A lane takes all that a tie can give it.
    fn pull(&mut self, period: usize, tie: usize, lane: usize, sites: &[Vec<usize>], costs: &mut [Vec<i64>]) {
        let of = &self.course.ties[tie];
        let (rows, columns) = (&sites[of.a], &sites[of.b]);
        let own = if of.a == lane { rows } else { columns };
        let gains: Vec<i64> = own
            .iter()
            .map(|&site| {
                let rest = |&other: &usize| {
                    let (a, b) = if of.a == lane { (site, other) } else { (other, site) };
                    self.rest(period, tie, a, b)
                };
                let others = if of.a == lane { columns } else { rows };
                others.iter().map(rest).min().unwrap_or(NONE)
            })
            .collect();
        let shares = &mut self.shares[period][tie];
        for (&site, gain) in own.iter().zip(gains) {
            let cost = &mut costs[lane][site];
            if gain >= NONE / 2 {
                // It goes with nothing that is left of the other lane.
                *cost = NONE;
                continue;
            }
            if *cost < NONE {
                *cost += gain;
            }
            *(if of.a == lane { &mut shares.a[site] } else { &mut shares.b[site] }) += gain;
        }
    }

    /// Seats that may be in something that costs less than `below`: of every period and lane, ascending.
    pub fn within(&self, below: i64) -> Vec<Vec<Vec<usize>>> {
        let (least, all) = self.leasts();
        let of = |(period, lanes): (usize, &Vec<Vec<usize>>)| -> Vec<Vec<usize>> {
            let kept = |(lane, alive): (usize, &Vec<usize>)| -> Vec<usize> {
                let chain = &self.chains[lane];
                let through = |seat: usize| (chain.forth[period][seat] + chain.back[period][seat]).min(NONE);
                let fits = |&seat: &usize| through(seat) < NONE && all - least[lane] + through(seat) < below;
                alive.iter().copied().filter(fits).collect()
            };
            lanes.iter().enumerate().map(kept).collect()
        };
        self.alive.iter().enumerate().map(of).collect()
    }

    /// The least cost of every chain, and with the remains of ties the sum of all.
    fn leasts(&self) -> (Vec<i64>, i64) {
        let last = self.course.periods - 1;
        let least = |chain: &Chain| chain.forth[last].iter().copied().min().unwrap_or(NONE);
        let leasts: Vec<i64> = self.chains.iter().map(least).collect();
        // What is not possible adds up to more than a number holds; it stays what is not possible.
        let all = leasts.iter().chain(self.remains.iter().flatten()).copied().fold(0, i64::saturating_add);
        (leasts, all)
    }

    /// Drops seats that are in nothing that costs less than `below`. False: nothing is left.
    fn drop_hopeless(&mut self, below: i64) -> bool {
        let (_, all) = self.leasts();
        if all >= below || all >= NONE / 2 {
            return false;
        }
        self.alive = self.within(below);
        self.alive.iter().flatten().all(|alive| !alive.is_empty())
    }
}
