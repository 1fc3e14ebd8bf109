//! What other ways of choosing would cost: runner-ups and baselines, each with its true bill.

use super::{OtherMonth, search, words};
use crate::app::Scenario;
use crate::problem::{Assignment, Choice, ChoiceId, Host, Problem, check, score};
use crate::solve::{Limits, Solution, Status};
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

/// Components above which the runner-ups share one budget of search nodes instead of having a full one each.
const RUNNER_UPS_AT_FULL_LIMIT: u64 = 16;

/// Finds all alternatives to an assignment.
pub(super) fn explore(
    problem: &Problem,
    limits: &Limits,
    assignment: &Assignment,
    today: Option<Baseline>,
    other_month: &OtherMonth,
) -> Alternatives {
    let components = problem.components.len();
    let mut tasks = vec![Task::Month(Scenario::Low), Task::Month(Scenario::High)];
    tasks.extend((0..problem.providers.len()).map(Task::Provider));
    tasks.extend((0..components).map(Task::RunnerUp));
    let share = (components as u64).div_ceil(RUNNER_UPS_AT_FULL_LIMIT).max(1);
    let side = Limits { nodes_max: limits.nodes_max / share, work_max: limits.work_max / share };
    let work = |at: usize| match tasks[at] {
        Task::Month(scenario) => Done::Month(other_month(assignment, scenario)),
        Task::Provider(provider) => Done::Provider(provider, single_provider(problem, limits, provider)),
        Task::RunnerUp(component) => Done::RunnerUp(runner_up(problem, &side, assignment, component)),
    };
    collect(problem, today, search::shared_out(tasks.len(), &work))
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

fn runner_up(problem: &Problem, limits: &Limits, best: &Assignment, component: usize) -> Option<RunnerUp> {
    let spec = &problem.components[component];
    let chosen = provider_of(problem, &spec.choices[best[component]]);
    if spec.choices.iter().all(|choice| provider_of(problem, choice) == chosen) {
        return None;
    }
    let allowed = |c: usize, choice: &Choice| c != component || provider_of(problem, choice) != chosen;
    let solution = search::solve_allowed(problem, limits, &allowed, Some(best));
    let total = confirmed_total(problem, &solution)?;
    let optimal = solution.status == Status::Optimal;
    Some(RunnerUp { choice: solution.assignment[component], total, optimal })
}

/// The exact total of a solution that the checker passes.
fn confirmed_total(problem: &Problem, solution: &Solution) -> Option<Money> {
    let found = matches!(solution.status, Status::Optimal | Status::Feasible);
    (found && check(problem, &solution.assignment).is_empty())
        .then(|| score(problem, &solution.assignment))
        .flatten()
        .filter(|bill| bill.objective == solution.objective)
        .map(|bill| bill.total)
}

fn single_provider(problem: &Problem, limits: &Limits, provider: usize) -> Option<Solution> {
    let sells = |choice: &Choice| provider_of(problem, choice) == provider;
    if !problem.components.iter().all(|component| component.choices.iter().any(sells)) {
        return None;
    }
    let solution = search::solve_allowed(problem, limits, &|_, choice| sells(choice), None);
    confirmed_total(problem, &solution).map(|_| solution)
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
    let picks = problem.components.iter().enumerate().map(|(at, component)| {
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
    Baseline { kind, picks: picks.collect(), total, breaks, note }
}
