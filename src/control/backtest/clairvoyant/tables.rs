//! Dynamic programming over all joint seats at once, in tables: a change of several lanes at a time is a change of one lane
//! after the other, each along its own axis.

use super::dual::Dual;
use super::layers::Found;
use super::{Course, NONE, Schedule};

/// Seats of every lane, in one period.
type Alive = Vec<Vec<usize>>;

/// Joint seats of all periods.
pub fn cells(alive: &[Alive]) -> usize {
    let product = |lanes: &Alive| lanes.iter().fold(1_usize, |product, seats| product.saturating_mul(seats.len()));
    alive.iter().map(product).fold(0, usize::saturating_add)
}

/// The cheapest schedule that costs less than `below`, within `alive` seats.
pub fn search(dual: &Dual<'_>, alive: &[Alive], below: i64) -> Found {
    let course = dual.course;
    let mut found = Found { schedule: None, complete: true, bound: below, states: cells(alive) };
    let mut tables: Vec<Vec<i64>> = Vec::with_capacity(course.periods);
    for period in 0..course.periods {
        if alive[period].iter().any(Vec::is_empty) {
            return found;
        }
        let mut table = match tables.last() {
            None => vec![0],
            Some(before) => change(course, before, period, &alive[period - 1], &alive[period]),
        };
        pay(course, &mut table, period, &alive[period]);
        tables.push(table);
    }
    let Some(last) = tables.last() else { return found };
    let Some((at, &cost)) = last.iter().enumerate().min_by_key(|(at, cost)| (**cost, *at)) else { return found };
    if cost < below {
        found.schedule = Some(trace(course, alive, &tables, at));
    }
    found
}

/// What being in joint seats at the beginning of a period costs, from what it cost at the end of the one before.
fn change(course: &Course, before: &[i64], period: usize, from: &Alive, to: &Alive) -> Vec<i64> {
    let mut table = before.to_vec();
    // Axes in front of the lane have their new seats already.
    let (mut outer, mut inner) = (1, from.iter().map(Vec::len).product::<usize>());
    for (lane, (from, to)) in course.lanes.iter().zip(from.iter().zip(to)) {
        inner /= from.len();
        let mut next = vec![NONE; outer * to.len() * inner];
        let mut arrival = vec![NONE; lane.sites * inner];
        for block in 0..outer {
            let old = &table[block * from.len() * inner..][..from.len() * inner];
            let new = &mut next[block * to.len() * inner..][..to.len() * inner];
            arrival.fill(NONE);
            for (row, &seat) in old.chunks(inner).zip(from) {
                let leave = lane.leave[period][seat];
                let sites = if lane.carry.is_empty() { 0..1 } else { 0..lane.sites };
                for site in sites {
                    let carry = lane.carry.get(lane.site[seat] * lane.sites + site).copied().unwrap_or(0);
                    let cost = leave + carry;
                    if cost >= NONE {
                        continue;
                    }
                    for (least, old) in arrival[site * inner..][..inner].iter_mut().zip(row) {
                        *least = (*least).min(old + cost);
                    }
                }
            }
            for (row, &seat) in new.chunks_mut(inner).zip(to) {
                let site = if lane.carry.is_empty() { 0 } else { lane.site[seat] };
                let enter = lane.enter[period][seat];
                for (new, least) in row.iter_mut().zip(&arrival[site * inner..][..inner]) {
                    *new = (least + enter).min(NONE);
                }
                if let Ok(stays) = from.binary_search(&seat) {
                    for (new, old) in row.iter_mut().zip(&old[stays * inner..][..inner]) {
                        *new = (*new).min(*old);
                    }
                }
            }
        }
        table = next;
        outer *= to.len();
    }
    table
}

/// Adds what joint seats cost in a period.
fn pay(course: &Course, table: &mut [i64], period: usize, alive: &Alive) {
    let mut at = vec![0_usize; alive.len()];
    let ties: Vec<(&super::Tie, &[i64])> =
        course.ties.iter().map(|tie| (tie, tie.tables[tie.of[period]].as_slice())).collect();
    for cell in table {
        if *cell < NONE {
            let seat = |lane: usize| alive[lane][at[lane]];
            let site = |lane: usize| course.lanes[lane].site[seat(lane)];
            let own: i64 = course.lanes.iter().enumerate().map(|(l, lane)| lane.due[period][seat(l)]).sum();
            let tied =
                |(tie, table): &(&super::Tie, &[i64])| table[site(tie.a) * course.lanes[tie.b].sites + site(tie.b)];
            let tied = ties.iter().map(tied).fold(0, |sum: i64, cost| (sum + cost).min(NONE));
            *cell = if course.near(site) { (*cell + own + tied).min(NONE) } else { NONE };
        }
        // The next joint seats: the last lane is the innermost axis.
        for lane in (0..at.len()).rev() {
            at[lane] += 1;
            if at[lane] < alive[lane].len() {
                break;
            }
            at[lane] = 0;
        }
    }
}

/// The joint seats of a cell.
fn seats_of(alive: &Alive, mut cell: usize) -> Vec<usize> {
    let mut seats = vec![0; alive.len()];
    for (seat, alive) in seats.iter_mut().zip(alive).rev() {
        *seat = alive[cell % alive.len()];
        cell /= alive.len();
    }
    seats
}

/// The schedule that leads to a cell of the last table.
fn trace(course: &Course, alive: &[Alive], tables: &[Vec<i64>], last: usize) -> Schedule {
    let mut schedule = vec![seats_of(&alive[tables.len() - 1], last)];
    for period in (1..tables.len()).rev() {
        let to = schedule.last().cloned().unwrap_or_default();
        let from = &alive[period - 1];
        // What changing to these seats costs, by lane and seat before.
        let changes: Vec<Vec<i64>> = course
            .lanes
            .iter()
            .enumerate()
            .map(|(l, lane)| from[l].iter().map(|&seat| lane.change(seat, to[l], period)).collect())
            .collect();
        let total = |(cell, cost): (usize, &i64)| {
            let (mut rest, mut sum) = (cell, *cost);
            for changes in changes.iter().rev() {
                sum = (sum + changes[rest % changes.len()]).min(NONE);
                rest /= changes.len();
            }
            (sum, cell)
        };
        let (_, cell) = tables[period - 1].iter().enumerate().map(total).min().unwrap_or((NONE, 0));
        schedule.push(seats_of(from, cell));
    }
    schedule.reverse();
    schedule
}
