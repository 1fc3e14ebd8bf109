//! Dynamic programming over joint seats, period by period, within what a bound allows.

use super::dual::Dual;
use super::{Course, NONE, Schedule};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A narrow layer is cut down when it has so many times the states that it keeps.
const SLACK: usize = 8;

/// What a search found.
#[derive(Debug)]
pub struct Found {
    /// The best schedule below the limit.
    pub schedule: Option<Schedule>,
    /// Nothing was left out: there is nothing better.
    pub complete: bool,
    /// Nothing below this was left out.
    pub bound: i64,
    /// Joint seats that were looked at.
    pub states: usize,
}

/// Joint seats, the least cost of being there, and from where.
struct State {
    seats: Box<[u32]>,
    cost: i64,
    from: usize,
}

/// The cheapest schedule that costs less than `below`, within `alive` seats. `narrow`: only so many joint seats are kept in
/// a period, those with the lowest bounds. `states_max`: the search ends when it would look at more.
pub fn search(
    dual: &Dual<'_>,
    alive: &[Vec<Vec<usize>>],
    below: i64,
    narrow: Option<usize>,
    states_max: usize,
) -> Found {
    let course = dual.course;
    let start: Box<[u32]> = course.lanes.iter().map(|lane| u32::try_from(lane.start).unwrap_or(u32::MAX)).collect();
    let first: i64 = course.standing().first().map_or(0, |seats| {
        let due: i64 = course.lanes.iter().zip(seats).map(|(lane, &seat)| lane.due[0][seat]).sum();
        due + course.ties.iter().map(|tie| course.tied(tie, 0, seats[tie.a], seats[tie.b])).sum::<i64>()
    });
    let mut layers: Vec<Vec<State>> = vec![vec![State { seats: start, cost: first, from: 0 }]];
    let mut found = Found { schedule: None, complete: true, bound: below, states: 1 };
    for (period, alive) in alive.iter().enumerate().take(course.periods).skip(1) {
        let mut layer = Layer::new(dual, period, below, narrow, alive);
        let before = layers.last().map_or(&[][..], Vec::as_slice);
        for (from, state) in before.iter().enumerate() {
            layer.expand(from, state);
            if found.states + layer.looked > states_max {
                // What is open has a bound as low as that of the layer before.
                let open = before.iter().map(|state| state.cost + rest(dual, period - 1, &state.seats)).min();
                (found.complete, found.bound) = (false, open.unwrap_or(NONE).min(found.bound));
                found.states += layer.looked;
                return found;
            }
        }
        if let Some(width) = narrow {
            layer.narrow(width);
        }
        if let Some(bound) = layer.dropped {
            (found.complete, found.bound) = (false, found.bound.min(bound));
        }
        found.states += layer.looked;
        layers.push(layer.states);
    }
    let last = layers.last().map_or(&[][..], Vec::as_slice);
    let best = last.iter().enumerate().min_by(|(_, a), (_, b)| a.cost.cmp(&b.cost).then_with(|| a.seats.cmp(&b.seats)));
    if let Some((mut at, _)) = best.filter(|(_, best)| best.cost < below) {
        let mut schedule = Vec::with_capacity(layers.len());
        for layer in layers.iter().rev() {
            schedule.push(layer[at].seats.iter().map(|&seat| seat as usize).collect());
            at = layer[at].from;
        }
        schedule.reverse();
        found.schedule = Some(schedule);
    }
    found
}

/// No course from joint seats on costs less.
fn rest(dual: &Dual<'_>, period: usize, seats: &[u32]) -> i64 {
    let lanes: i64 = seats.iter().enumerate().map(|(lane, &seat)| dual.after(period, lane, seat as usize)).sum();
    lanes + (period + 1..dual.course.periods).map(|after| dual.remains(after)).sum::<i64>()
}

/// Fowler, Noll and Vo's hash (FNV-1a, 64 bits), by words: keys are short, and nobody chooses them to collide.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        for word in bytes.chunks(4) {
            let word = word.iter().fold(0_u64, |word, byte| (word << 8) | u64::from(*byte));
            self.0 = (self.0 ^ word).wrapping_mul(0x0000_0100_0000_01B3);
        }
    }
}

/// A seat that a lane could be in next.
#[derive(Clone, Copy)]
struct Next {
    seat: usize,
    /// What changing to it costs.
    change: i64,
    /// That, and no less than what follows, with potentials.
    bound: i64,
}

/// The joint seats of a period.
struct Layer<'d, 'c> {
    dual: &'d Dual<'c>,
    course: &'c Course,
    period: usize,
    below: i64,
    alive: &'d [Vec<usize>],
    /// The least remains of all ties from this period on.
    remains: i64,
    states: Vec<State>,
    /// How many were looked at.
    looked: usize,
    index: HashMap<Box<[u32]>, usize, BuildHasherDefault<Fnv>>,
    /// How many states are kept.
    width: Option<usize>,
    /// The lowest bound of a state that was dropped because there were too many.
    dropped: Option<i64>,
}

impl<'d, 'c> Layer<'d, 'c> {
    fn new(dual: &'d Dual<'c>, period: usize, below: i64, width: Option<usize>, alive: &'d [Vec<usize>]) -> Self {
        let remains = (period..dual.course.periods).map(|after| dual.remains(after)).sum();
        let (states, index) = (Vec::new(), HashMap::default());
        Self {
            dual,
            course: dual.course,
            period,
            below,
            alive,
            remains,
            states,
            looked: 0,
            index,
            width,
            dropped: None,
        }
    }

    /// Keeps the states with the lowest bounds, and takes in no others from then on.
    fn narrow(&mut self, width: usize) {
        if self.states.len() <= width {
            return;
        }
        let bound = |state: &State| state.cost + rest(self.dual, self.period, &state.seats);
        let mut ranked: Vec<(i64, State)> = self.states.drain(..).map(|state| (bound(&state), state)).collect();
        ranked.sort_by(|(a, x), (b, y)| a.cmp(b).then_with(|| x.seats.cmp(&y.seats)));
        let least = ranked[width].0;
        self.dropped = Some(self.dropped.map_or(least, |dropped| dropped.min(least)));
        ranked.truncate(width);
        // What comes later with such a bound would be dropped, too.
        self.below = self.below.min(least);
        self.index = ranked.iter().zip(0..).map(|((_, state), at)| (state.seats.clone(), at)).collect();
        self.states = ranked.into_iter().map(|(_, state)| state).collect();
    }

    /// Adds what follows a state.
    fn expand(&mut self, from: usize, state: &State) {
        let mut nexts: Vec<Vec<Next>> = Vec::with_capacity(self.course.lanes.len());
        for (at, lane) in self.course.lanes.iter().enumerate() {
            let here = state.seats[at] as usize;
            let next = |&seat: &usize| {
                let change = lane.change(here, seat, self.period);
                let unary = self.dual.unary(self.period, at, seat);
                let bound = (change + unary + self.dual.after(self.period, at, seat)).min(NONE);
                (bound < NONE).then_some(Next { seat, change, bound })
            };
            nexts.push(self.alive[at].iter().filter_map(next).collect());
        }
        let least = |list: &Vec<Next>| list.iter().map(|next| next.bound).min();
        let Some(leasts) = nexts.iter().map(least).collect::<Option<Vec<i64>>>() else { return };
        let bound = state.cost + leasts.iter().sum::<i64>() + self.remains;
        for (list, least) in nexts.iter_mut().zip(&leasts) {
            list.retain(|next| bound + next.bound - least < self.below);
            list.sort_unstable_by_key(|next| (next.bound, next.seat));
        }
        if bound < self.below {
            self.pick(&nexts, &mut Vec::with_capacity(leasts.len()), bound, (from, state.cost));
        }
    }

    /// Picks a next seat for one lane after the other, as long as the bound is below the limit.
    fn pick(&mut self, nexts: &[Vec<Next>], picked: &mut Vec<Next>, bound: i64, from: (usize, i64)) {
        let lane = picked.len();
        if lane == nexts.len() {
            self.keep(picked, from);
            return;
        }
        let least = nexts[lane][0].bound;
        for next in &nexts[lane] {
            let mut bound = bound + next.bound - least;
            if bound >= self.below {
                break;
            }
            let site = self.course.lanes[lane].site[next.seat];
            for (at, tie) in self.course.ties.iter().enumerate().filter(|(_, tie)| tie.b == lane) {
                let other = self.course.lanes[tie.a].site[picked[tie.a].seat];
                let rest = self.dual.rest(self.period, at, other, site);
                bound = (bound + rest - self.dual.remains_of(self.period, at)).min(NONE);
            }
            if bound < self.below {
                picked.push(*next);
                self.pick(nexts, picked, bound, from);
                picked.pop();
            }
        }
    }

    fn keep(&mut self, picked: &[Next], (from, before): (usize, i64)) {
        self.looked += 1;
        let site = |lane: usize| self.course.lanes[lane].site[picked[lane].seat];
        if !self.course.near(site) {
            return;
        }
        let own: i64 = picked
            .iter()
            .zip(&self.course.lanes)
            .map(|(next, lane)| next.change + lane.due[self.period][next.seat])
            .sum();
        let tied = |tie: &super::Tie| self.course.tied(tie, self.period, picked[tie.a].seat, picked[tie.b].seat);
        let cost = before + own + self.course.ties.iter().map(tied).sum::<i64>();
        let seats: Box<[u32]> = picked.iter().map(|next| u32::try_from(next.seat).unwrap_or(u32::MAX)).collect();
        match self.index.get(&seats) {
            Some(&at) if self.states[at].cost <= cost => {}
            Some(&at) => (self.states[at].cost, self.states[at].from) = (cost, from),
            None => {
                self.index.insert(seats.clone(), self.states.len());
                self.states.push(State { seats, cost, from });
            }
        }
        if let Some(width) = self.width.filter(|width| self.states.len() > SLACK * width) {
            self.narrow(width);
        }
    }
}
