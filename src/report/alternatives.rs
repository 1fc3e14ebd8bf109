//! What other ways of choosing would cost: runner-ups and baselines, each with its true bill.

use super::{OtherMonth, ReportError, search, words};
use crate::app::Scenario;
use crate::problem::{Assignment, Choice, ChoiceId, Host, Problem, check, score};
use crate::solve::{Limits, Prepared, Solution, Status};
use crate::units::{Money, Purchase};

/// The best whole application in which a component is at another provider than the recommended one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunnerUp {
    /// The component's choice there.
    pub choice: ChoiceId,
    /// The whole bill.
    pub total: Money,
    /// Whether it is proven to be the best of its kind.
    pub optimal: bool,
}

/// A way of choosing to hold the recommendation against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BaselineKind {
    /// As it is today.
    Today,
    /// Everything at the one provider (by ordinal) where the whole is cheapest; `None` when no provider can do it.
    SingleProvider(Option<usize>),
    /// Every component where it alone is cheapest, traffic ignored.
    Greedy,
}

/// A component's choice by names, because a baseline need not be an assignment of the problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picked {
    /// Component.
    pub name: String,
    /// Provider name.
    pub provider: String,
    /// Region code.
    pub region: String,
    /// Offer name.
    pub offer: String,
    /// Purchase option.
    pub purchase: Purchase,
    /// How many.
    pub count: u32,
}

/// A baseline with its true bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// Which.
    pub kind: BaselineKind,
    /// What it picks, component by component; empty when there is no such placement.
    pub picks: Vec<Picked>,
    /// Its bill; `None` when it cannot be priced.
    pub total: Option<Money>,
    /// The requirements that it breaks, in words.
    pub breaks: Vec<String>,
    /// What else there is to say.
    pub note: Option<String>,
}

/// Everything that is compared.
pub(super) struct Alternatives {
    pub runner_ups: Vec<Option<RunnerUp>>,
    pub baselines: Vec<Baseline>,
    pub low: Option<Money>,
    pub high: Option<Money>,
}

/// A piece of work that needs no other.
#[derive(Clone, Copy)]
enum Task {
    Month(Scenario),
    Provider(usize),
    RunnerUp(usize),
}

/// What came of it.
enum Done {
    Month(Option<Money>),
    Provider(usize, Option<Solution>),
    RunnerUp(Option<RunnerUp>),
}

/// The part of the caller's limits that each comparison may use: what is told beside the answer should not take much
/// longer than the answer. Components above so many share what so many have.
const LIMITS_SHARE: u64 = 20;
const RUNNER_UPS_AT_FULL_SHARE: u64 = 16;

/// Finds all alternatives to an assignment.
pub(super) fn explore(
    prepared: &Prepared,
    limits: &Limits,
    assignment: &Assignment,
    today: Option<Baseline>,
    other_month: &OtherMonth,
) -> Result<Alternatives, ReportError> {
    let problem = prepared.problem();
    let components = problem.components.len();
    let mut tasks = vec![Task::Month(Scenario::Low), Task::Month(Scenario::High)];
    tasks.extend((0..problem.providers.len()).map(Task::Provider));
    tasks.extend((0..components).map(Task::RunnerUp));
    let whole = limits.share(LIMITS_SHARE);
    let side = limits.share(LIMITS_SHARE * (components as u64).div_ceil(RUNNER_UPS_AT_FULL_SHARE).max(1));
    let work = |at: usize| {
        Ok(match tasks[at] {
            Task::Month(scenario) => Done::Month(other_month(assignment, scenario)),
            Task::Provider(provider) => Done::Provider(provider, single_provider(prepared, &whole, provider)?),
            Task::RunnerUp(component) => Done::RunnerUp(runner_up(prepared, &side, assignment, component)?),
        })
    };
    let done: Result<Vec<Done>, ReportError> = search::shared_out(tasks.len(), &work).into_iter().collect();
    Ok(collect(problem, today, done?))
}

fn collect(problem: &Problem, today: Option<Baseline>, done: Vec<Done>) -> Alternatives {
    let (mut months, mut providers, mut runner_ups) = (Vec::new(), Vec::new(), Vec::new());
    for result in done {
        match result {
            Done::Month(bill) => months.push(bill),
            Done::Provider(provider, solution) => providers.push((provider, solution)),
            Done::RunnerUp(found) => runner_ups.push(found),
        }
    }
    let mut baselines: Vec<Baseline> = today.into_iter().collect();
    baselines.push(cheapest_provider(problem, providers));
    baselines.extend(greedy(problem).map(|picked| scored(problem, BaselineKind::Greedy, &picked)));
    let bill_of = |at: usize| months.get(at).copied().flatten();
    Alternatives { runner_ups, baselines, low: bill_of(0), high: bill_of(1) }
}

fn provider_of(problem: &Problem, choice: &Choice) -> usize {
    problem.places[choice.place].provider
}

fn runner_up(
    prepared: &Prepared,
    limits: &Limits,
    best: &Assignment,
    component: usize,
) -> Result<Option<RunnerUp>, ReportError> {
    let problem = prepared.problem();
    let spec = &problem.components[component];
    let chosen = provider_of(problem, &spec.choices[best[component]]);
    if spec.choices.iter().all(|choice| provider_of(problem, choice) == chosen) {
        return Ok(None);
    }
    let allowed = |c: usize, choice: &Choice| c != component || provider_of(problem, choice) != chosen;
    let solution = search::solve_allowed(prepared, limits, &allowed, Some(best));
    let optimal = solution.status == Status::Optimal;
    let bill = search::confirmed(problem, &solution)?;
    Ok(bill.map(|bill| RunnerUp { choice: solution.assignment[component], total: bill.total, optimal }))
}

fn single_provider(prepared: &Prepared, limits: &Limits, provider: usize) -> Result<Option<Solution>, ReportError> {
    let problem = prepared.problem();
    let sells = |choice: &Choice| provider_of(problem, choice) == provider;
    if !problem.components.iter().all(|component| component.choices.iter().any(sells)) {
        return Ok(None);
    }
    let solution = search::solve_allowed(prepared, limits, &|_, choice| sells(choice), None);
    Ok(search::confirmed(problem, &solution)?.map(|_| solution))
}

fn cheapest_provider(problem: &Problem, found: Vec<(usize, Option<Solution>)>) -> Baseline {
    let all = found.len();
    let able: Vec<(usize, Solution)> = found.into_iter().filter_map(|(p, solution)| Some((p, solution?))).collect();
    let unable = all - able.len();
    let Some((provider, solution)) = able.into_iter().min_by_key(|(p, solution)| (solution.objective, *p)) else {
        let note = Some(format!("none of the {all} providers can run all of it within the requirements"));
        let kind = BaselineKind::SingleProvider(None);
        return Baseline { kind, picks: Vec::new(), total: None, breaks: Vec::new(), note };
    };
    let kind = BaselineKind::SingleProvider(Some(provider));
    let mut baseline = scored(problem, kind, &solution.assignment);
    baseline.note = Some(match all - unable {
        1 => format!("the only provider that can run all of it; {unable} cannot"),
        able => format!("best of {able} providers that can run all of it; {unable} cannot"),
    });
    baseline
}

/// Every component's cheapest choice by its own charges, on machines of its own.
fn greedy(problem: &Problem) -> Option<Assignment> {
    let cheapest = |component: &crate::problem::Component| {
        let own = component.choices.iter().enumerate().filter(|(_, choice)| choice.host == Host::Own);
        own.min_by_key(|(at, choice)| (choice.cost, *at)).map(|(at, _)| at)
    };
    problem.components.iter().map(cheapest).collect()
}

/// A baseline with its true bill and everything that it breaks.
pub(super) fn scored(problem: &Problem, kind: BaselineKind, assignment: &Assignment) -> Baseline {
    let breaks = check(problem, assignment).iter().map(|broken| words::violation(problem, broken)).collect();
    let total = score(problem, assignment).map(|bill| bill.total);
    let note = total.is_none().then(|| "some of its traffic has no known price".to_owned());
    Baseline { kind, picks: picked_of(problem, assignment), total, breaks, note }
}

/// An assignment by names.
pub(super) fn picked_of(problem: &Problem, assignment: &Assignment) -> Vec<Picked> {
    let named = problem.components.iter().enumerate().map(|(at, component)| {
        let choice = problem.bought(assignment, at);
        let place = &problem.places[choice.place];
        Picked {
            name: component.name.clone(),
            provider: place.provider_name.clone(),
            region: place.region_code.clone(),
            offer: choice.offer.clone(),
            purchase: choice.purchase,
            count: choice.count,
        }
    });
    named.collect()
}
