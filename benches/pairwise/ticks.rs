//! Random ticks against a session: how long they take, and that the answer equals a solve from scratch.

use crate::generate::{Random, Wish, generate};
use placer::solve::pairwise::{Clearing, FORBIDDEN, Limits, Session, Tick, solve};
use std::time::Instant;

/// What one run measured, in nanoseconds, ascending.
pub struct Measured {
    pub certified: Vec<u64>,
    pub cleared: Vec<u64>,
    pub moves: Vec<u64>,
    pub unequal: usize,
}

/// `count` ticks: nine in ten move one price by up to a fifth, one in ten moves a whole place by up to 5 %. Prices stay
/// within a factor of two of where they began. `check` solves from scratch after every one in so many ticks.
pub fn run(wish: &Wish, count: usize, check: usize) -> Measured {
    let network = generate(wish);
    let start = network.unary().to_vec();
    let limits = Limits::default();
    let mut session = Session::new(network, &limits);
    let mut random = Random::new(wish.seed ^ 0x71C5);
    let mut measured = Measured { certified: Vec::new(), cleared: Vec::new(), moves: Vec::new(), unequal: 0 };
    for at in 0..count {
        let place = random.below(wish.places);
        let wide = random.below(10) == 0;
        let (low, high) = if wide { (0.95, 1.05) } else { (0.8, 1.2) };
        let factor = random.between(low, high);
        let moved = |component: usize| {
            let (now, first) = (session.network().unary()[component][place], start[component][place]);
            let cost = ((now as f64 * factor) as i64).clamp(first / 2, first.saturating_mul(2));
            (now < FORBIDDEN).then_some(Tick { component, place, cost })
        };
        let ticks: Vec<Tick> = if wide {
            (0..wish.components).filter_map(moved).collect()
        } else {
            moved(random.below(wish.components)).into_iter().collect()
        };
        if ticks.is_empty() {
            continue;
        }
        let clock = Instant::now();
        let clearing = session.apply(&ticks, &limits).expect("prices stay in range");
        let ns = clock.elapsed().as_nanos() as u64;
        match (clearing, wide) {
            (Clearing::Certified, false) => measured.certified.push(ns),
            (_, true) => measured.moves.push(ns),
            (Clearing::Cleared, false) => measured.cleared.push(ns),
        }
        if at % check == 0 && solve(session.network(), &limits).objective != session.outcome().objective {
            measured.unequal += 1;
        }
    }
    measured.certified.sort_unstable();
    measured.cleared.sort_unstable();
    measured.moves.sort_unstable();
    measured
}
