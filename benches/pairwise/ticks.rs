//! Random ticks against a session: how long they take, and that the answer equals a solve from scratch.
//!
//! | kind | of a hundred | what moves |
//! |---|---|---|
//! | `one` | 80 | one price, by up to a fifth |
//! | `large` | 4 | one price, to anything between half and twice its first |
//! | `come-go` | 4 | one place goes, or comes back at its first price |
//! | `place` | 8 | all prices at a place, by up to 5 % |
//! | `provider` | 4 | all prices at all places of a provider, by 5 % up or down |
//!
//! Prices stay within a factor of two of where they began.

use crate::generate::{Random, Wish, generate, providers};
use crate::{by_cpu, cpu_ns};
use placer::solve::pairwise::{Clearing, FORBIDDEN, Limits, Network, Session, Tick, solve};
use std::time::Instant;

/// The kinds of ticks, and how many of a hundred each is.
pub const KINDS: [(&str, usize); 5] = [("one", 80), ("large", 4), ("come-go", 4), ("place", 8), ("provider", 4)];

/// The ordinal of `place`.
const PLACE: usize = 3;

/// What was measured of one kind of ticks, in nanoseconds.
#[derive(Clone, Default)]
pub struct Measured {
    pub certified: Vec<u64>,
    pub cleared: Vec<u64>,
}

/// A stream of ticks that depends on nothing but its wish.
struct Stream {
    random: Random,
    first: Vec<Vec<i64>>,
    providers: Vec<usize>,
    /// Whether what would move a whole provider moves one place instead.
    places_only: bool,
}

impl Stream {
    fn new(wish: &Wish, network: &Network, places_only: bool) -> Self {
        let random = Random::new(wish.seed ^ 0x71C5);
        Self { random, first: network.unary().to_vec(), providers: providers(wish), places_only }
    }

    /// The next ticks and the ordinal of their kind.
    fn next(&mut self, now: &Network) -> (usize, Vec<Tick>) {
        let mut at = self.random.below(100);
        let kind = KINDS
            .iter()
            .position(|&(_, share)| {
                at < share || {
                    at -= share;
                    false
                }
            })
            .expect("a hundred in all");
        let kind = if self.places_only && KINDS[kind].0 == "provider" { PLACE } else { kind };
        let (component, place) = (self.random.below(self.first.len()), self.random.below(self.providers.len()));
        let (low, high) = [(0.8, 1.2), (0.5, 2.0), (1.0, 1.0), (0.95, 1.05), (0.0, 1.0)][kind];
        let drawn = self.random.between(low, high);
        let factor = if KINDS[kind].0 == "provider" { if drawn < 0.5 { 0.95 } else { 1.05 } } else { drawn };
        let tick = |component: usize, place: usize| {
            let (price, first) = (now.unary()[component][place], self.first[component][place]);
            let cost = match KINDS[kind].0 {
                _ if first >= FORBIDDEN => return None,
                "come-go" if price < FORBIDDEN => FORBIDDEN,
                "come-go" => first,
                _ if price >= FORBIDDEN => return None,
                "large" => (first as f64 * factor) as i64,
                _ => ((price as f64 * factor) as i64).clamp(first / 2, first.saturating_mul(2)),
            };
            Some(Tick { component, place, cost })
        };
        let all = 0..self.first.len();
        let ticks = match KINDS[kind].0 {
            "place" => all.filter_map(|component| tick(component, place)).collect(),
            "provider" => {
                let places = || (0..self.providers.len()).filter(|&p| self.providers[p] == self.providers[place]);
                all.flat_map(|component| places().map(move |place| (component, place)))
                    .filter_map(|(component, place)| tick(component, place))
                    .collect()
            }
            _ => tick(component, place).into_iter().collect(),
        };
        (kind, ticks)
    }
}

/// `count` ticks, as often as `repeats` says: the session does the same every time, so the least time of each tick counts.
/// Solves from scratch after every one in `check` ticks of the first time; gives how often that was not equal, too.
pub fn run(wish: &Wish, count: usize, check: usize, repeats: usize, places_only: bool) -> (Vec<Measured>, usize) {
    let limits = Limits::default();
    let network = generate(wish);
    let mut times: Vec<(usize, Clearing, u64)> = Vec::new();
    let mut unequal = 0;
    let (clock, by_cpu) = (Instant::now(), by_cpu());
    let now = || if by_cpu { cpu_ns() } else { clock.elapsed().as_nanos() as u64 };
    for repeat in 0..repeats {
        let mut stream = Stream::new(wish, &network, places_only);
        let mut session = Session::new(network.clone(), &limits);
        for at in 0..count {
            let (kind, ticks) = stream.next(session.network());
            let begin = now();
            let clearing = session.apply(&ticks, &limits).expect("prices stay in range");
            let ns = now() - begin;
            if repeat > 0 {
                let time = &mut times[at];
                assert_eq!((time.0, time.1), (kind, clearing), "the same ticks do the same");
                time.2 = time.2.min(ns);
                continue;
            }
            times.push((kind, clearing, ns));
            if check > 0 && at % check == 0 {
                let (ours, fresh) = (session.outcome(), solve(session.network(), &limits));
                let cost = session.network().cost(&ours.assignment).unwrap_or(0);
                unequal += usize::from(
                    (ours.status, ours.objective, cost) != (fresh.status, fresh.objective, fresh.objective),
                );
            }
        }
    }
    let mut measured = vec![Measured::default(); KINDS.len()];
    for (kind, clearing, ns) in times {
        match clearing {
            Clearing::Certified => measured[kind].certified.push(ns),
            Clearing::Cleared => measured[kind].cleared.push(ns),
        }
    }
    (measured, unequal)
}
