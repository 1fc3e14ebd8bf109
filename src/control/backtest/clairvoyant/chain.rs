//! One lane alone: dynamic programming over time.

use super::{Lane, NONE};

/// Least costs of a lane, with amounts of its own for being in a seat.
#[derive(Clone, Debug)]
pub struct Chain {
    /// `forth[period][seat]`: of reaching a seat and having been in it for the period.
    pub forth: Vec<Vec<i64>>,
    /// `back[period][seat]`: of all periods after this one, from a seat.
    pub back: Vec<Vec<i64>>,
}

impl Chain {
    /// One in which nothing is known yet.
    pub fn new(lane: &Lane, periods: usize) -> Self {
        let none = vec![vec![NONE; lane.site.len()]; periods];
        Self { forth: none.clone(), back: none }
    }

    /// Works out [`Self::forth`] of a period from the period before.
    pub fn step_forth(&mut self, lane: &Lane, period: usize, unary: &[i64], alive: &[usize]) {
        let mut now = std::mem::take(&mut self.forth[period]);
        now.fill(NONE);
        if period == 0 {
            now[lane.start] = unary[lane.start];
        } else {
            let before = &self.forth[period - 1];
            let arrival = arrivals(lane, |seat| before[seat] + lane.leave[period][seat]);
            for &seat in alive {
                let moved = arrival.at(lane.site[seat]) + lane.enter[period][seat];
                now[seat] = (before[seat].min(moved) + unary[seat]).min(NONE);
            }
        }
        self.forth[period] = now;
    }

    /// Works out [`Self::back`] of a period from the period after it, whose amounts are `unary`.
    pub fn step_back(&mut self, lane: &Lane, period: usize, unary: &[i64], alive_after: &[usize], alive: &[usize]) {
        let mut now = std::mem::take(&mut self.back[period]);
        now.fill(NONE);
        let next = period + 1;
        if next == self.back.len() {
            for &seat in alive {
                now[seat] = 0;
            }
        } else {
            let mut after = vec![NONE; lane.site.len()];
            for &seat in alive_after {
                after[seat] = (unary[seat] + self.back[next][seat]).min(NONE);
            }
            let departure = departures(lane, alive_after, |seat| after[seat] + lane.enter[next][seat]);
            for &seat in alive {
                let moved = departure.at(lane.site[seat]) + lane.leave[next][seat];
                now[seat] = after[seat].min(moved).min(NONE);
            }
        }
        self.back[period] = now;
    }
}

/// Least amounts by site.
enum Least {
    Anywhere(i64),
    BySite(Vec<i64>),
}

impl Least {
    fn at(&self, site: usize) -> i64 {
        match self {
            Self::Anywhere(amount) => *amount,
            Self::BySite(amounts) => amounts[site],
        }
    }
}

fn by_site(lane: &Lane, seats: impl Iterator<Item = usize>, amount: impl Fn(usize) -> i64) -> Vec<i64> {
    let mut least = vec![NONE; lane.sites];
    for seat in seats {
        let least = &mut least[lane.site[seat]];
        *least = (*least).min(amount(seat));
    }
    least
}

/// The least of arriving at a site from any seat.
fn arrivals(lane: &Lane, amount: impl Fn(usize) -> i64) -> Least {
    let from = by_site(lane, 0..lane.site.len(), amount);
    if lane.carry.is_empty() {
        return Least::Anywhere(from.into_iter().min().unwrap_or(NONE));
    }
    let mut least = vec![NONE; lane.sites];
    for (row, &amount) in lane.carry.chunks(lane.sites).zip(&from).filter(|(_, amount)| **amount < NONE) {
        for (least, carry) in least.iter_mut().zip(row) {
            *least = (*least).min(amount + carry);
        }
    }
    Least::BySite(least)
}

/// The least of departing from a site to any seat.
fn departures(lane: &Lane, seats: &[usize], amount: impl Fn(usize) -> i64) -> Least {
    let to = by_site(lane, seats.iter().copied(), amount);
    if lane.carry.is_empty() {
        return Least::Anywhere(to.into_iter().min().unwrap_or(NONE));
    }
    let sum = |row: &[i64]| row.iter().zip(&to).map(|(carry, to)| carry + to).min().unwrap_or(NONE).min(NONE);
    Least::BySite(lane.carry.chunks(lane.sites).map(sum).collect())
}

/// The cheapest course of a lane alone, given amounts of its own for every period and seat; `None`: there is none.
pub fn cheapest(lane: &Lane, unary: &[Vec<i64>]) -> Option<Vec<usize>> {
    let periods = unary.len();
    let all: Vec<usize> = (0..lane.site.len()).collect();
    let mut chain = Chain::new(lane, periods);
    for period in (0..periods).rev() {
        let after: &[i64] = unary.get(period + 1).map_or(&[], Vec::as_slice);
        chain.step_back(lane, period, after, &all, &all);
    }
    let mut course = vec![lane.start];
    if unary[0][lane.start] + chain.back[0][lane.start] >= NONE {
        return None;
    }
    for period in 1..periods {
        let at = course[period - 1];
        let total =
            |seat: usize| (lane.change(at, seat, period) + unary[period][seat] + chain.back[period][seat]).min(NONE);
        // Of equals staying, then the first.
        let best = all.iter().copied().min_by_key(|&seat| (total(seat), seat != at, seat))?;
        course.push(best);
    }
    Some(course)
}
