//! A backtest of one application: all its replays, held against each other.

use super::clairvoyant::{self, Course};
use super::ground::Ground;
use super::recording::Recording;
use super::replay::Replay;
use super::stage::{NONE, Stage};
use crate::app::App;
use crate::policy::Policy;
use crate::problem::lower::Lowerer;
use crate::solve::Limits;
use thiserror::Error;

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

/// Why an application has no figures.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Untried {
    /// Its file is no application, with the reason.
    #[error("{0}")]
    Invalid(String),
    /// It cannot be replayed, with the reason.
    #[error("{0}")]
    Unfit(String),
    /// The replays contradict each other.
    #[error("internal error, please report it with this application: {0}")]
    Fault(String),
}

/// Replays one application. `lowerer` is one of the ground's book.
///
/// # Errors
/// Why there are no figures.
pub fn one(
    app: &App,
    recording: &Recording,
    ground: &Ground,
    lowerer: &Lowerer<'_>,
    policy: &Policy,
) -> Result<Tried, Untried> {
    let limits = Limits::default();
    let seconds: Vec<i64> = recording.periods.iter().map(|period| period.seconds).collect();
    let stage = Stage::of(app, ground, lowerer, policy, &seconds).map_err(Untried::Unfit)?;
    let start = stage.opening(&limits).map_err(Untried::Unfit)?;
    let (never, always) = (stage.never(&start), stage.always(&start, &limits));
    if never.cost >= NONE {
        return Err(Untried::Unfit("it costs more than a billion dollars in the recorded time".to_owned()));
    }
    let by_policy = stage.by_policy(&start, &policy.moves, &recording.periods, &limits);
    let known = [always.schedule.clone(), by_policy.schedule.clone()];
    let best = clairvoyant::solve(&stage.course(&start), &known, &clairvoyant::Limits::default());
    agree(&stage, &best, [&never, &always, &by_policy]).map_err(Untried::Fault)?;
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

/// Whoever finds a schedule is held to what it costs by the stage's own sum, and nobody beats who knows everything.
fn agree(stage: &Stage, best: &clairvoyant::Answer, replays: [&Replay; 3]) -> Result<(), String> {
    let cost = stage.cost(&best.schedule);
    if cost != best.cost || best.bound > cost {
        return Err(format!("the clairvoyant says {}, at least {}; it is {cost}", best.cost, best.bound));
    }
    match replays.iter().find(|replay| replay.cost < best.bound || replay.cost >= NONE) {
        Some(replay) => Err(format!("a replay costs {}, and the clairvoyant {cost}", replay.cost)),
        None => Ok(()),
    }
}
