//! The clairvoyant against brute force over all schedules of small courses.

use super::{Answer, Course, Far, Lane, Limits, NONE, Schedule, Tie, solve};
use proptest::prelude::*;

/// Every schedule of every lane, all together.
fn brute(course: &Course) -> i64 {
    let seats: usize = course.lanes.iter().map(|lane| lane.site.len()).product();
    let decode = |mut code: usize| -> Vec<usize> {
        course
            .lanes
            .iter()
            .map(|lane| {
                let seat = code % lane.site.len();
                code /= lane.site.len();
                seat
            })
            .collect()
    };
    let mut best = NONE;
    for code in 0..seats.pow(u32::try_from(course.periods - 1).unwrap()) {
        let mut code = code;
        let mut schedule: Schedule = vec![course.standing()[0].clone()];
        for _ in 1..course.periods {
            schedule.push(decode(code % seats));
            code /= seats;
        }
        best = best.min(course.cost(&schedule));
    }
    best
}

fn amount(max: i64) -> impl Strategy<Value = i64> {
    prop_oneof![9 => 0..max, 1 => Just(NONE)]
}

prop_compose! {
    fn lane(periods: usize)(
        site in prop::collection::vec(0_usize..3, 1..4),
        due in prop::collection::vec(prop::collection::vec(amount(100), 3), periods),
        leave in prop::collection::vec(prop::collection::vec(0_i64..15, 3), periods),
        enter in prop::collection::vec(prop::collection::vec(amount(15), 3), periods),
        carry in prop::option::of(prop::collection::vec(amount(20), 9)),
        start in 0_usize..3,
    ) -> Lane {
        let n = site.len();
        let start = start % n;
        let cut = |rows: Vec<Vec<i64>>| rows.into_iter().map(|row| row[..n].to_vec()).collect::<Vec<_>>();
        let mut due = cut(due);
        // Staying is possible all the time.
        for row in &mut due {
            row[start] = row[start].min(90);
        }
        Lane { site, sites: 3, due, leave: cut(leave), enter: cut(enter), carry: carry.unwrap_or_default(), start }
    }
}

prop_compose! {
    fn course()(periods in 1_usize..5)(
        lanes in prop::collection::vec(lane(periods), 1..4),
        tables in prop::collection::vec(prop::collection::vec(prop::collection::vec(amount(60), 9), 2), 3),
        of in prop::collection::vec(0_usize..2, periods),
        tied in 0_u8..8,
        far in prop::option::of((prop::collection::vec(0_i64..10, 3), prop::collection::vec(0_i64..10, 9), 5_i64..25)),
        periods in Just(periods),
    ) -> Course {
        let mut ties = Vec::new();
        for (at, (a, b)) in [(0, 1), (1, 2), (0, 2)].into_iter().enumerate() {
            if b < lanes.len() && tied & (1 << at) > 0 {
                let mut tables = tables[at].clone();
                let (x, y): (&Lane, &Lane) = (&lanes[a], &lanes[b]);
                let start = x.site[x.start] * 3 + y.site[y.start];
                for table in &mut tables {
                    table[start] = table[start].min(50);
                }
                ties.push(Tie { a, b, tables, of: of.clone() });
            }
        }
        let far = far.filter(|_| lanes.len() == 3).map(|(entry, hop, limit)| {
            let site = |lane: usize| lanes[lane].site[lanes[lane].start];
            let least = entry[site(0)] + hop[site(0) * 3 + site(1)] + hop[site(1) * 3 + site(2)];
            Far { entry: Some((0, entry)), hops: vec![(0, 1, hop.clone()), (1, 2, hop)], limit: limit.max(least) }
        });
        Course { lanes, ties, far: far.into_iter().collect(), periods }
    }
}

fn small(course: &Course) -> bool {
    let seats: usize = course.lanes.iter().map(|lane| lane.site.len()).product();
    seats.pow(u32::try_from(course.periods - 1).unwrap()) <= 30_000
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn the_optimum_is_the_one_of_brute_force(course in course().prop_filter("small", small)) {
        let answer = solve(&course, &[], &Limits::default());
        prop_assert_eq!(answer.cost, brute(&course));
        prop_assert_eq!(answer.bound, answer.cost);
        prop_assert_eq!(course.cost(&answer.schedule), answer.cost);
        prop_assert_eq!(&answer.schedule[0], &course.standing()[0]);
    }

    #[test]
    fn a_bound_is_never_above_the_optimum_however_early_the_work_ends(
        course in course().prop_filter("small", small), sweeps_max in 0_usize..3, states_max in 1_usize..30, narrow in 1_usize..4,
    ) {
        let Answer { schedule, cost, bound, .. } = solve(&course, &[], &Limits { sweeps_max, states_max, narrow });
        let best = brute(&course);
        prop_assert!(bound <= best && best <= cost, "{bound} {best} {cost}");
        prop_assert_eq!(course.cost(&schedule), cost);
    }

    #[test]
    fn known_schedules_change_nothing_but_the_way(course in course().prop_filter("small", small), pick in 0_usize..1000) {
        let periods = course.periods;
        let any = |period: usize| course.lanes.iter().map(|lane| (pick + period) % lane.site.len()).collect();
        let mut known: Schedule = (0..periods).map(any).collect();
        known[0].clone_from(&course.standing()[0]);
        let (with, without) = (solve(&course, &[known], &Limits::default()), solve(&course, &[], &Limits::default()));
        prop_assert_eq!((with.cost, with.bound), (without.cost, without.bound));
    }
}
