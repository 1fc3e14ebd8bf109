//! Flip prices: up to which price an answer stays the best one, to the nano-dollar.
//!
//! Every bill is linear in one price but for rounding, and the least bill over all placements is concave in it. So the
//! prices at which a placement is the best one form an interval, and its end is found as the zero of a concave function
//! is, by Newton's method: solve at the far end, go back to where the placement found there crosses the answer, solve
//! there, and so on. The last solve is the proof: one step nearer, nothing is better than the answer.

use super::knob::{Knob, Turned};
use crate::problem::{Assignment, Bill, Choice, Problem, check, score};
use crate::report::{ReportError, search};
use crate::solve::{Limits, Restriction, Solution, Status, solve_with};
use crate::units::Money;

/// Which way a price moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Dearer.
    Rises,
    /// Cheaper.
    Falls,
}

/// How far a rising price is followed: so many times what it is now. Who pays a thousand times the price has other
/// worries, and sums stay far from the range of the integers.
pub const FOLLOWED_TIMES: i64 = 1000;

/// Steps of Newton's method after which the search ends without a proof.
const STEPS_MAX: usize = 40;

/// What happens when a price moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flip {
    /// The answer stays the best one at every price up to [`FOLLOWED_TIMES`] the present one, or down to zero.
    Never,
    /// The answer stays up to a price and is beaten one nano-dollar beyond it.
    At {
        /// The last price at which nothing is better than the answer.
        holds: Money,
        /// The whole bill of the answer at the first price beyond.
        answer: Money,
        /// The best placement at the first price beyond, in the problem that was searched; `None` when nothing fits
        /// the budget there.
        then: Option<Assignment>,
        /// Its whole bill there.
        total: Option<Money>,
    },
    /// The search ended at its limits.
    Open,
}

/// Value of an assignment; `None` when it breaks a rule (the budget, with which prices have to do).
fn value(problem: &Problem, assignment: &Assignment) -> Option<(i128, Bill)> {
    if !check(problem, assignment).is_empty() {
        return None;
    }
    let bill = score(problem, assignment)?;
    Some((bill.objective, bill))
}

/// Whether, with the knob at a price, the second assignment is better than the first.
fn beaten(problem: &Problem, answer: Option<&Assignment>, rival: Option<&Assignment>) -> bool {
    let of = |assignment: Option<&Assignment>| value(problem, assignment?).map(|(objective, _)| objective);
    match (of(answer), of(rival)) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(answer), Some(rival)) => rival < answer,
    }
}

/// The nearest price in `(near, far]` (or `[far, near)`, when far is below) at which the rival beats the answer, given
/// that it does at `far`.
fn crossing(turned: &mut Turned, answer: &Assignment, rival: Option<&Assignment>, near: i64, far: i64) -> i64 {
    let (mut holds, mut gone) = (near, far);
    while (gone - holds).abs() > 1 {
        let middle = holds + (gone - holds) / 2;
        turned.set(Money::from_nanos(middle));
        if beaten(&turned.problem, Some(answer), rival) {
            gone = middle;
        } else {
            holds = middle;
        }
    }
    gone
}

/// What has to give way for a price to count as the flip price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    /// The answer, but for placements that cost exactly the same now: those are as good an answer.
    Answer,
    /// What was chosen for a component: other components may change before.
    Component(usize),
}

/// Finds what happens to an answer when a price moves. `problem` must be lowered with [`Knob::loose`] of the knob, and
/// `answer` be proven to be its best assignment.
///
/// Where what is beaten first is not what has to give way, the search goes on from the best placement at that price in
/// which it has not given way.
///
/// # Errors
/// [`ReportError::Internal`] when a solve is wrong.
pub fn find(
    problem: &Problem,
    (knob, direction): (&Knob, Direction),
    answer: &Assignment,
    gives: Gives,
    limits: &Limits,
) -> Result<Flip, ReportError> {
    let step = if direction == Direction::Rises { 1 } else { -1 };
    let mut turned = Turned::new(problem, knob);
    let mut holding = answer.clone();
    let mut from = knob.now.nanos();
    for _ in 0..STEPS_MAX {
        let flip = first(&mut turned, (knob, direction), &holding, from, limits)?;
        let Flip::At { holds, then: Some(then), .. } = &flip else { return Ok(flip) };
        from = holds.nanos() + step;
        turned.set(Money::from_nanos(from));
        match still(problem, &turned.problem, answer, then, gives, limits)? {
            Still::Given => return Ok(restated(flip, &turned.problem, answer)),
            Still::Unknown => return Ok(Flip::Open),
            Still::Holds(other) => holding = other,
        }
    }
    Ok(Flip::Open)
}

/// The flip told against the answer itself, whatever was followed in between.
fn restated(flip: Flip, beyond: &Problem, original: &Assignment) -> Flip {
    match flip {
        Flip::At { holds, then, total, .. } => {
            let answer = score(beyond, original).map(|bill| bill.total).unwrap_or_default();
            Flip::At { holds, answer, then, total }
        }
        other => other,
    }
}

/// Whether something has given way.
enum Still {
    Given,
    /// No: this is a best placement in which it has not.
    Holds(Assignment),
    Unknown,
}

fn still(
    now: &Problem,
    beyond: &Problem,
    answer: &Assignment,
    then: &Assignment,
    gives: Gives,
    limits: &Limits,
) -> Result<Still, ReportError> {
    match gives {
        Gives::Answer => {
            let of = |assignment| value(now, assignment).map(|(objective, _)| objective);
            Ok(if of(answer) == of(then) { Still::Holds(then.clone()) } else { Still::Given })
        }
        Gives::Component(component) if then[component] == answer[component] => Ok(Still::Holds(then.clone())),
        Gives::Component(component) => {
            let best = value(beyond, then).map(|(objective, _)| objective);
            let allows = |c: usize, choice: usize, _: &Choice| c != component || choice == answer[component];
            let as_good = best.map(|best| best + 1);
            let restriction = Restriction { allows: Some(&allows), stop_above: as_good };
            let solution = solve_with(beyond, limits, &restriction, Some(answer));
            search::confirmed(beyond, &solution)?;
            Ok(match solution.status {
                Status::Infeasible => Still::Given,
                Status::Unknown => Still::Unknown,
                Status::Optimal | Status::Feasible => Still::Holds(solution.assignment),
            })
        }
    }
}

/// The end of the prices, from one at which an answer is the best, up to which it stays the best.
fn first(
    turned: &mut Turned,
    (knob, direction): (&Knob, Direction),
    answer: &Assignment,
    now: i64,
    limits: &Limits,
) -> Result<Flip, ReportError> {
    let rises = direction == Direction::Rises;
    let step = if rises { 1 } else { -1 };
    let end = if rises { knob.now.nanos().saturating_mul(FOLLOWED_TIMES) } else { 0 };
    if (end - now) * step <= 0 {
        return Ok(Flip::Never);
    }
    let mut at = end;
    let mut rival: Option<Solution> = None;
    for _ in 0..STEPS_MAX {
        turned.set(Money::from_nanos(at));
        let warm = rival.as_ref().map(|solution| &solution.assignment);
        match better(&turned.problem, answer, warm, limits)? {
            Better::No => {
                return if at == end {
                    Ok(Flip::Never)
                } else {
                    flipped(turned, at, step, answer, rival.as_ref(), limits)
                };
            }
            Better::Unknown => return Ok(Flip::Open),
            Better::Nothing => rival = None,
            Better::Yes(solution) => rival = Some(solution),
        }
        // Somewhere between here and the present price the rival takes over; the step before that is tried next.
        let taken = crossing(turned, answer, rival.as_ref().map(|solution| &solution.assignment), now, at);
        at = taken - step;
        if at == now {
            return flipped(turned, at, step, answer, rival.as_ref(), limits);
        }
    }
    Ok(Flip::Open)
}

/// Whether anything is better than the answer.
enum Better {
    No,
    Yes(Solution),
    /// The answer breaks the budget, and so does everything else.
    Nothing,
    Unknown,
}

fn better(
    problem: &Problem,
    answer: &Assignment,
    warm: Option<&Assignment>,
    limits: &Limits,
) -> Result<Better, ReportError> {
    let objective = value(problem, answer).map(|(objective, _)| objective);
    let restriction = Restriction { allows: None, stop_above: objective };
    let solution = solve_with(problem, limits, &restriction, warm);
    Ok(match (search::confirmed(problem, &solution)?, solution.status) {
        (Some(_), _) => Better::Yes(solution),
        (None, Status::Unknown) => Better::Unknown,
        (None, _) if objective.is_some() => Better::No,
        (None, _) => Better::Nothing,
    })
}

/// What is best one step beyond the last price at which the answer holds.
fn flipped(
    turned: &mut Turned,
    holds: i64,
    step: i64,
    answer: &Assignment,
    rival: Option<&Solution>,
    limits: &Limits,
) -> Result<Flip, ReportError> {
    turned.set(Money::from_nanos(holds + step));
    let warm = rival.map(|solution| &solution.assignment);
    let solution = solve_with(&turned.problem, limits, &Restriction::default(), warm);
    let bill = search::confirmed(&turned.problem, &solution)?;
    if solution.status == Status::Unknown || solution.status == Status::Feasible {
        return Ok(Flip::Open);
    }
    let answer = score(&turned.problem, answer).map(|bill| bill.total).unwrap_or_default();
    let total = bill.map(|bill| bill.total);
    let then = total.map(|_| solution.assignment);
    Ok(Flip::At { holds: Money::from_nanos(holds), answer, then, total })
}
