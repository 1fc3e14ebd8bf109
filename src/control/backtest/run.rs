//! A backtest of many applications: each replayed by itself, side by side, in the order in which they came.

use super::clairvoyant::{self, Course};
use super::ground::Ground;
use super::recording::Recording;
use super::stage::Stage;
use crate::app::App;
use crate::policy::Policy;
use crate::problem::lower::Lowerer;
use crate::solve::Limits;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An application's replays. Money is nano-dollars over the whole time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// What never moving costs.
    pub never: i64,
    /// What always being where it is cheapest costs.
    pub always: i64,
    /// What the policy costs.
    pub policy: i64,
    /// What could have been reached at best by who knows all prices beforehand.
    pub clairvoyant: i64,
    /// No schedule costs less than this; equal to `clairvoyant` when that is proven.
    pub clairvoyant_bound: i64,
    /// Components that the policy moved, counted each time.
    pub moves: usize,
    /// Components that the clairvoyant moved.
    pub clairvoyant_moves: usize,
    /// Components that always moving moved.
    pub always_moves: usize,
}

/// Replays one application.
///
/// # Errors
/// Why it cannot be replayed, in words.
pub fn one(
    app: &App,
    recording: &Recording,
    ground: &Ground,
    lowerer: &Lowerer<'_>,
    policy: &Policy,
) -> Result<Tried, String> {
    let (hours, limits): (Vec<i64>, _) = (recording.periods.iter().map(|p| p.hours).collect(), Limits::default());
    let stage = Stage::of(app, ground, lowerer, policy, &hours)?;
    let start = stage.opening(&limits)?;
    let (never, always) = (stage.never(&start), stage.always(&start, &limits));
    let by_policy = stage.by_policy(&start, &policy.moves, &recording.periods, &limits);
    let course = stage.course(&start);
    let known = [always.schedule.clone(), by_policy.schedule.clone()];
    let best = clairvoyant::solve(&course, &known, &clairvoyant::Limits::default());
    // Whoever finds a schedule is held to what it costs by the stage's own sum.
    let cost = stage.cost(&best.schedule);
    if cost != best.cost {
        return Err(format!("internal error, please report it: the clairvoyant says {}, it is {cost}", best.cost));
    }
    Ok(Tried {
        never: never.cost,
        always: always.cost,
        policy: by_policy.cost,
        clairvoyant: best.cost,
        clairvoyant_bound: best.bound,
        moves: by_policy.moves,
        clairvoyant_moves: Course::changes(&best.schedule),
        always_moves: always.moves,
    })
}

/// Replays applications on so many threads; `told` hears of each that is done. The answer does not depend on the number
/// of threads.
pub fn all(
    apps: &[App],
    recording: &Recording,
    ground: &Ground,
    policy: &Policy,
    threads: usize,
    told: &(dyn Fn() + Sync),
) -> Vec<Result<Tried, String>> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(vec![None; apps.len()]);
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, apps.len().max(1)) {
            scope.spawn(|| {
                let lowerer = Lowerer::new(&ground.book);
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(app) = apps.get(at) else { break };
                    let tried = one(app, recording, ground, &lowerer, policy);
                    results.lock().unwrap_or_else(std::sync::PoisonError::into_inner)[at] = Some(tried);
                    told();
                }
            });
        }
    });
    let results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.into_iter().flatten().collect()
}
