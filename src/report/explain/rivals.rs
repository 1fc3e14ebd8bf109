//! Runner-ups: for every component the best whole placement with it elsewhere, one for each provider.

use super::knob::Knob;
use super::{Answer, Priced, Source};
use crate::problem::{Assignment, Bill, Choice, Problem};
use crate::report::{ReportError, search};
use crate::solve::{Prepared, Status};
use crate::units::Money;

/// Rivals of a component that are followed down to the price at which they take over; the cheapest ones.
const FOLLOWED_MAX: usize = 3;

/// The best placement of all that have a component elsewhere (or as something else).
#[derive(Clone, Debug)]
pub struct Rival {
    /// The component.
    pub component: usize,
    /// The whole placement.
    pub assignment: Assignment,
    /// Its bill.
    pub bill: Bill,
    /// Whether it is proven to be the best of its kind.
    pub optimal: bool,
    /// What happens when the price of the component's offer there falls; `None` when it is not followed.
    pub takes_over: Option<Priced>,
    pub(super) knob: Option<Knob>,
}

/// The best placement in which only those choices of a component are picked that `wanted` lets pass; `None` when there is
/// none. The flag says whether that is proven.
pub(super) fn best(
    source: &Source,
    answer: &Answer,
    component: usize,
    wanted: &dyn Fn(&Choice) -> bool,
) -> Result<(Option<Rival>, bool), ReportError> {
    let problem = answer.problem;
    let allowed = |c: usize, choice: &Choice| c != component || wanted(choice);
    let solution = search::solve_allowed(&Prepared::new(problem), &source.limits, &allowed, Some(answer.assignment));
    let Some(bill) = search::confirmed(problem, &solution)? else {
        return Ok((None, solution.status == Status::Infeasible));
    };
    let optimal = solution.status == Status::Optimal;
    let knob = knob_of(problem, &solution.assignment, &bill, component);
    let assignment = solution.assignment;
    Ok((Some(Rival { component, assignment, bill, optimal, takes_over: None, knob }), optimal))
}

/// The price by which a rival could win: that of its offer, or the one that most of the component's own bill rests on.
fn knob_of(problem: &Problem, assignment: &Assignment, bill: &Bill, component: usize) -> Option<Knob> {
    let picked = problem.picked(assignment);
    Knob::of_offer(picked[component]).filter(|knob| knob.now > Money::ZERO).or_else(|| {
        let mut own = bill.clone();
        own.lines.retain(|line| line.component == Some(component) && line.flow.is_none());
        Knob::all(problem, &picked, &own).into_iter().next()
    })
}

/// All rivals of the components that are asked about: for each provider, the component's own included, where it would
/// then be in another region.
pub(super) fn find(source: &Source, answer: &Answer) -> Result<Vec<Rival>, ReportError> {
    let problem = answer.problem;
    let picked = answer.picked();
    let mut tasks = Vec::new();
    for component in answer.asked(source.ask) {
        let here = picked[component].place;
        for provider in 0..problem.providers.len() {
            let wanted = |choice: &Choice| choice.place != here && problem.places[choice.place].provider == provider;
            if problem.components[component].choices.iter().any(wanted) {
                tasks.push((component, here, provider));
            }
        }
    }
    let task = |at: usize| {
        let (component, here, provider) = tasks[at];
        let wanted = |choice: &Choice| choice.place != here && problem.places[choice.place].provider == provider;
        Ok(best(source, answer, component, &wanted)?.0)
    };
    let found: Result<Vec<Option<Rival>>, ReportError> = search::shared_out(tasks.len(), &task).into_iter().collect();
    let mut rivals: Vec<Rival> = found?.into_iter().flatten().collect();
    rivals.sort_by(|a, b| {
        let provider = |rival: &Rival| {
            let choice = &problem.components[rival.component].choices[rival.assignment[rival.component]];
            problem.places[choice.place].provider
        };
        (a.component, a.bill.objective, provider(a)).cmp(&(b.component, b.bill.objective, provider(b)))
    });
    let (mut last, mut followed) = (usize::MAX, 0);
    for rival in &mut rivals {
        followed = if rival.component == last { followed + 1 } else { 1 };
        last = rival.component;
        if followed > FOLLOWED_MAX {
            rival.knob = None;
        }
    }
    Ok(rivals)
}
