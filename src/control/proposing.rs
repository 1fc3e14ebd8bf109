//! What would be best now, for an application that is somewhere already: lowered, solved, checked, priced.

use crate::app::App;
use crate::catalog::PriceBook;
use crate::plan::{Options, Placement, Plan, plan};
use crate::policy::Policy;
use crate::problem::lower::{LowerError, Options as Lowering, lower};
use crate::problem::{Assignment, Problem, check, score};
use crate::solve::{Limits, Solution, Status, solve};
use thiserror::Error;

/// What would be best.
pub struct Proposal {
    /// The problem at these prices.
    pub problem: Problem,
    /// The best assignment; what is as good where it is stays.
    pub assignment: Assignment,
    /// Where it is now, as an assignment; `None`: something of it is no choice of the problem.
    pub present: Option<Assignment>,
    /// Whether nothing better exists; otherwise the search ended at its limit.
    pub proven: bool,
    /// The way there, from where it is, both billed at these prices.
    pub plan: Plan,
}

/// Why there is no proposal.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unplaced {
    /// The application does not fit the price book.
    #[error(transparent)]
    Lower(#[from] LowerError),
    /// No placement satisfies all requirements.
    #[error("no placement satisfies all requirements; `placer recommend` says which of them conflict")]
    Infeasible,
    /// The search ended at its limit.
    #[error("no placement was found within the search's limit")]
    Unfinished,
    /// The solver's answer did not survive the checker.
    #[error("internal error, please report it: the checker refuses the solver's answer")]
    Internal,
}

/// The application with `from` for its today, so that staying is among what it can do.
#[must_use]
pub fn at(app: &App, from: &Placement) -> App {
    App { today: from.as_today(app), ..app.clone() }
}

/// What would be best for an application that is at `from` now, and the way there. `app` is the file of the
/// application, word for word.
///
/// # Errors
/// [`Unplaced`].
pub fn propose(
    (app, app_toml): (&App, &str),
    book: &PriceBook,
    policy: &Policy,
    limits: &Limits,
    from: &Placement,
    options: &Options,
) -> Result<Proposal, Unplaced> {
    let app = at(app, from);
    let problem = lower(&app, book, policy, &Lowering::default())?;
    let solution = solve(&problem, limits);
    proposal((&app, app_toml), problem, &solution, from, options)
}

/// The proposal of a solution: what is as good where it is stays, and the checker has the last word.
///
/// # Errors
/// [`Unplaced`].
pub fn proposal(
    (app, app_toml): (&App, &str),
    problem: Problem,
    solution: &Solution,
    from: &Placement,
    options: &Options,
) -> Result<Proposal, Unplaced> {
    match solution.status {
        Status::Infeasible => return Err(Unplaced::Infeasible),
        Status::Unknown => return Err(Unplaced::Unfinished),
        _ => {}
    }
    let (assignment, now) = (&solution.assignment, seated(&problem, from));
    if !check(&problem, assignment).is_empty() {
        return Err(Unplaced::Internal);
    }
    let assignment = staying(&problem, assignment, &now);
    let bill = score(&problem, &assignment).ok_or(Unplaced::Internal)?;
    let to = Placement::of(app, &problem, &assignment, bill.total);
    let there: Option<Assignment> = now.iter().copied().collect();
    let usd_month = there.as_ref().and_then(|there| score(&problem, there)).map(|bill| bill.total);
    let from = Placement { usd_month: usd_month.or(from.usd_month.filter(|_| from.seats.is_empty())), ..from.clone() };
    let plan =
        Plan { app_toml: app_toml.to_owned(), ..plan(app, &problem, priced(&from, &problem, &now), to, options) };
    Ok(Proposal { present: there, assignment, proven: solution.status == Status::Optimal, plan, problem })
}

/// The choice of each component that is its seat, where the problem has it.
fn seated(problem: &Problem, from: &Placement) -> Vec<Option<usize>> {
    let is = |component: &crate::problem::Component, choice: &crate::problem::Choice, seat: &crate::plan::Seat| {
        let place = &problem.places[choice.place];
        choice.today
            || (place.provider_name == seat.provider
                && place.region_code == seat.region
                && choice.offer == seat.offer
                && (choice.purchase, choice.count, &choice.above) == (seat.purchase, seat.count, &seat.above)
                && seat.machine_of.is_none()
                && component.name == seat.component)
    };
    let of = |component: &crate::problem::Component| {
        let seat = from.seat(&component.name)?;
        let today = component.choices.iter().position(|choice| choice.today);
        today.or_else(|| component.choices.iter().position(|choice| is(component, choice, seat)))
    };
    problem.components.iter().map(of).collect()
}

/// A best assignment in which what could as well stay does: one component after the other is put back where it is, as long as
/// nothing is broken and nothing becomes dearer.
fn staying(problem: &Problem, best: &Assignment, now: &[Option<usize>]) -> Assignment {
    let objective = |assignment: &Assignment| {
        check(problem, assignment).is_empty().then(|| score(problem, assignment).map(|bill| bill.objective)).flatten()
    };
    let whole: Option<Assignment> = now.iter().copied().collect();
    let Some(least) = objective(best) else { return best.clone() };
    if let Some(whole) = whole.filter(|whole| objective(whole).is_some_and(|value| value <= least)) {
        return whole;
    }
    let mut kept = best.clone();
    for (component, choice) in now.iter().enumerate().filter_map(|(c, choice)| Some((c, (*choice)?))) {
        let moved = std::mem::replace(&mut kept[component], choice);
        if objective(&kept).is_none_or(|value| value > least) {
            kept[component] = moved;
        }
    }
    kept
}

/// The seats with what they cost at the problem's prices.
fn priced(from: &Placement, problem: &Problem, now: &[Option<usize>]) -> Placement {
    let cost = |name: &str| {
        let component = problem.components.iter().position(|component| component.name == name)?;
        Some(problem.components[component].choices[now[component]?].cost)
    };
    let seats = from.seats.iter().map(|seat| crate::plan::Seat { usd_month: cost(&seat.component), ..seat.clone() });
    Placement { seats: seats.collect(), usd_month: from.usd_month }
}
