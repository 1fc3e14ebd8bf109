//! Improving a schedule one lane at a time, the others as they are.

use super::{Course, NONE, Schedule, chain};

/// Rounds over all lanes.
const ROUNDS_MAX: usize = 20;

/// A schedule that no change of a single lane makes cheaper; never dearer than the given one.
pub fn improve(course: &Course, mut schedule: Schedule) -> Schedule {
    let mut cost = course.cost(&schedule);
    for _ in 0..ROUNDS_MAX {
        let before = cost;
        for lane in 0..course.lanes.len() {
            let unary = alone(course, &schedule, lane);
            let Some(seats) = chain::cheapest(&course.lanes[lane], &unary) else { continue };
            let mut other = schedule.clone();
            for (period, seat) in seats.into_iter().enumerate() {
                other[period][lane] = seat;
            }
            let total = course.cost(&other);
            if total < cost {
                (schedule, cost) = (other, total);
            }
        }
        if cost == before {
            break;
        }
    }
    schedule
}

/// What being in a seat costs a lane, ties to the others and limits included.
fn alone(course: &Course, schedule: &Schedule, lane: usize) -> Vec<Vec<i64>> {
    let own = &course.lanes[lane];
    let cost = |period: usize| {
        let seats = &schedule[period];
        let mut by_site = vec![0_i64; own.sites];
        for tie in course.ties.iter().filter(|tie| tie.a == lane || tie.b == lane) {
            let (table, columns) = (&tie.tables[tie.of[period]], course.lanes[tie.b].sites);
            for (site, sum) in by_site.iter_mut().enumerate() {
                let (a, b) = if tie.a == lane {
                    (site, course.lanes[tie.b].site[seats[tie.b]])
                } else {
                    (course.lanes[tie.a].site[seats[tie.a]], site)
                };
                *sum = (*sum + table[a * columns + b]).min(NONE);
            }
        }
        if !course.far.is_empty() {
            for (site, sum) in by_site.iter_mut().enumerate() {
                if !course.near(|other| if other == lane { site } else { course.lanes[other].site[seats[other]] }) {
                    *sum = NONE;
                }
            }
        }
        own.due[period].iter().zip(&own.site).map(|(due, site)| (due + by_site[*site]).min(NONE)).collect()
    };
    (0..course.periods).map(cost).collect()
}
