//! What is said of the messages holds after every tick, and the answer is that of a solve from scratch.

use super::super::{FORBIDDEN, Limits, Network, Pair, Session, Tick, solve};
use crate::solve::Status;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((u128::from(z ^ (z >> 31)) * end as u128) >> 64).unwrap()
    }

    fn cost(&mut self, most: usize, out_in_hundred: usize) -> i64 {
        if self.below(100) < out_in_hundred { FORBIDDEN } else { i64::try_from(self.below(most)).unwrap() }
    }
}

/// What a kind of network looks like.
struct Kind {
    components: usize,
    places: usize,
    pairs: usize,
    unary_most: usize,
    cell_most: usize,
    /// Cells that are not allowed, in a hundred.
    out: usize,
}

fn network(kind: &Kind, random: &mut Random) -> Network {
    let unary = (0..kind.components)
        .map(|_| (0..kind.places).map(|_| random.cost(kind.unary_most, kind.out / 4)).collect())
        .collect();
    let mut pairs = Vec::new();
    while pairs.len() < kind.pairs {
        let (a, b) = (random.below(kind.components), random.below(kind.components));
        if a != b {
            let table = (0..kind.places * kind.places).map(|_| random.cost(kind.cell_most, kind.out)).collect();
            pairs.push(Pair { a, b, table });
        }
    }
    Network::new(unary, pairs).unwrap()
}

/// One price, one component's prices, one place for all components, or a group of places for all; prices come and go.
fn ticks(kind: &Kind, now: &Network, random: &mut Random) -> Vec<Tick> {
    let (all, group) = (0..kind.components, random.below(4));
    let (component, place) = (random.below(kind.components), random.below(kind.places));
    let touched: Vec<(usize, usize)> = match random.below(12) {
        0 => all.map(|component| (component, place)).collect(),
        1 => all.flat_map(|c| (0..kind.places).filter(|p| p % 4 == group).map(move |p| (c, p))).collect(),
        2 => (0..kind.places).map(|place| (component, place)).collect(),
        _ => vec![(component, place)],
    };
    let (how, percent) = (random.below(10), 80 + i64::try_from(random.below(41)).unwrap());
    let mut tick = |(component, place): (usize, usize)| {
        let was = now.unary()[component][place];
        let cost = match how {
            0 => FORBIDDEN,
            1 | 2 => random.cost(kind.unary_most, 5),
            3 => random.cost(3 * kind.unary_most, 0),
            _ if was >= FORBIDDEN => return None,
            _ => was * percent / 100,
        };
        Some(Tick { component, place, cost })
    };
    touched.into_iter().filter_map(&mut tick).collect()
}

fn follow(kind: &Kind, seed: u64, count: usize) -> (usize, usize) {
    follow_as(kind, seed, count, None)
}

/// With as many cells as the session is told that there are: they decide how clearings end that take long.
fn follow_as(kind: &Kind, seed: u64, count: usize, cells: Option<u64>) -> (usize, usize) {
    let limits = Limits::default();
    let mut random = Random(seed);
    let mut session = Session::new(network(kind, &mut random), &limits);
    session.cells = cells.unwrap_or(session.cells);
    let (mut infeasible, mut moved) = (0, 0);
    for at in 0..count {
        let ticks = ticks(kind, session.network(), &mut random);
        let before = session.outcome().assignment.clone();
        session.apply(&ticks, &limits).unwrap();
        let (ours, fresh) = (session.outcome(), solve(session.network(), &limits));
        assert_eq!((ours.status, ours.objective), (fresh.status, fresh.objective), "seed {seed}, tick {at}: {ticks:?}");
        assert_eq!(ours.lower_bound, fresh.lower_bound);
        if ours.status == Status::Optimal {
            assert_eq!(session.network().cost(&ours.assignment), Some(ours.objective));
            let dual = session.dual.as_ref().expect("messages stand beside a proven optimum");
            assert_eq!(dual.pick, ours.assignment);
            assert!(dual.holds(session.network()), "seed {seed}, tick {at}: {ticks:?}");
        }
        infeasible += usize::from(ours.status == Status::Infeasible);
        moved += usize::from(before != ours.assignment);
    }
    (infeasible, moved)
}

#[test]
fn sparse_networks_are_followed() {
    let kind = Kind { components: 12, places: 9, pairs: 14, unary_most: 1000, cell_most: 400, out: 0 };
    let moved: usize = (1..5).map(|seed| follow(&kind, seed, 400).1).sum();
    assert!(moved > 100, "the ticks hardly move anything: {moved}");
}

#[test]
fn ten_thousand_ticks_are_followed() {
    let kind = Kind { components: 9, places: 7, pairs: 12, unary_most: 1000, cell_most: 600, out: 8 };
    follow(&kind, 7, 10_000);
}

#[test]
fn networks_that_take_long_are_followed() {
    let kind = Kind { components: 22, places: 16, pairs: 44, unary_most: 1000, cell_most: 500, out: 3 };
    for seed in 1..3 {
        follow(&kind, seed, 60);
    }
}

#[test]
fn what_is_solved_from_scratch_in_between_is_followed() {
    let kind = Kind { components: 18, places: 12, pairs: 40, unary_most: 1000, cell_most: 600, out: 3 };
    for seed in 1..3 {
        follow_as(&kind, seed, 80, Some(10_000_000));
    }
}

#[test]
fn dense_networks_without_tight_bounds_are_followed() {
    let kind = Kind { components: 8, places: 6, pairs: 20, unary_most: 100, cell_most: 100, out: 10 };
    for seed in 1..4 {
        follow(&kind, seed, 300);
    }
}

#[test]
fn ties_are_followed() {
    let kind = Kind { components: 10, places: 8, pairs: 15, unary_most: 4, cell_most: 2, out: 5 };
    for seed in 1..5 {
        follow(&kind, seed, 300);
    }
}

#[test]
fn what_becomes_impossible_and_possible_again_is_followed() {
    let kind = Kind { components: 7, places: 4, pairs: 9, unary_most: 50, cell_most: 50, out: 45 };
    let infeasible: usize = (1..9).map(|seed| follow(&kind, seed, 200).0).sum();
    assert!((100..1500).contains(&infeasible), "of 1,600 ticks {infeasible} leave nothing possible");
}

#[test]
fn unconnected_components_and_single_places_are_followed() {
    let kind = Kind { components: 6, places: 1, pairs: 3, unary_most: 50, cell_most: 50, out: 10 };
    follow(&kind, 1, 100);
    let kind = Kind { components: 9, places: 5, pairs: 3, unary_most: 50, cell_most: 50, out: 10 };
    follow(&kind, 2, 300);
}

#[test]
fn large_moves_within_the_integers_are_followed() {
    let most = 1 << 50;
    let kind = Kind { components: 8, places: 6, pairs: 12, unary_most: most, cell_most: most, out: 10 };
    follow(&kind, 1, 300);
}

#[test]
fn what_limits_cut_short_is_made_up_for() {
    let kind = Kind { components: 14, places: 10, pairs: 24, unary_most: 300, cell_most: 200, out: 5 };
    let stop = || true;
    let short = Limits { cancel: Some(&stop), nodes_max: 2, ..Limits::default() };
    let mut random = Random(3);
    let mut session = Session::new(network(&kind, &mut random), &Limits::default());
    let mut cut = 0;
    for at in 0..300 {
        let ticks = ticks(&kind, session.network(), &mut random);
        let limits = if at % 3 == 0 { short } else { Limits::default() };
        session.apply(&ticks, &limits).unwrap();
        let (ours, fresh) = (session.outcome(), solve(session.network(), &Limits::default()));
        match ours.status {
            Status::Optimal => assert_eq!(ours.objective, fresh.objective),
            Status::Infeasible => assert_eq!(fresh.status, Status::Infeasible),
            Status::Feasible => assert!((ours.lower_bound..=ours.objective).contains(&fresh.objective)),
            Status::Unknown => assert!(fresh.status == Status::Infeasible || ours.lower_bound <= fresh.objective),
        }
        assert!(at % 3 == 0 || matches!(ours.status, Status::Optimal | Status::Infeasible));
        cut += usize::from(matches!(ours.status, Status::Feasible | Status::Unknown));
    }
    assert!(cut > 10, "the limits cut {cut} clearings short");
}
