//! A problem made ready for many questions.

use super::model::{Model, Part};
use super::restrict::Restriction;
use super::search::{Control, Search};
use super::{Limits, Solution, Status, hosts, presolve};
use crate::problem::{Assignment, ComponentId, Problem};

/// A question about a prepared problem. The default asks for the best of all assignments, within the default limits.
#[derive(Clone, Copy, Default)]
pub struct Request<'a> {
    /// How far to search.
    pub limits: Limits<'a>,
    /// Which assignments to look at.
    pub restriction: Restriction<'a>,
    /// A known assignment to start from; ignored when it is not valid or not allowed. It never changes the objective of a
    /// proven answer.
    pub warm: Option<&'a Assignment>,
    /// As [`Limits::cancelled`], for those who ask from one thread only.
    pub cancelled: Option<&'a dyn Fn() -> bool>,
}

/// A problem made ready for many questions: runner-ups, "why not", frontiers. What does not depend on the question
/// (possible choices, volumes, ladders, pairs) is worked out once.
///
/// ```no_run
/// # fn demo(problem: &placer::problem::Problem) {
/// use placer::solve::{Prepared, Request, Restriction};
/// let prepared = Prepared::new(problem);
/// let best = prepared.solve(&Request::default());
/// let elsewhere = |component, _, choice: &placer::problem::Choice| component != 0 || choice.place != 7;
/// let restriction = Restriction::allowing(&elsewhere);
/// let runner_up = prepared.solve(&Request { restriction, warm: Some(&best.assignment), ..Request::default() });
/// # }
/// ```
pub struct Prepared<'p> {
    model: Model<'p>,
    /// Whether costs differ from the problem's.
    moved: bool,
}

impl<'p> Prepared<'p> {
    /// Prepares a problem.
    #[must_use]
    pub fn new(problem: &'p Problem) -> Self {
        Self { model: presolve::build(problem), moved: false }
    }

    pub(super) fn model(&self) -> &Model<'p> {
        &self.model
    }

    /// The problem.
    #[must_use]
    pub fn problem(&self) -> &'p Problem {
        self.model.problem
    }

    /// Changes what the choices of a component cost, in nano-dollars.
    pub(super) fn set_costs(&mut self, component: ComponentId, costs: &[i128]) {
        for value in &mut self.model.parts[component].values {
            value.cost = i64::try_from(costs[value.choice()]).expect("a price in nano-dollars");
        }
        self.moved = true;
    }

    /// To be called after [`Self::set_costs`]: costs may have outgrown their scale.
    pub(super) fn rescale(&mut self) {
        presolve::set_scale(&mut self.model);
    }

    /// For every choice a lower bound of the best objective with it, given a proven answer: its *min-marginal* as far as
    /// one relaxation shows it. A solve with a [`Restriction`] to the choice gives it exactly.
    ///
    /// Choices far above the answer get a common bound (an eighth above its cost); so do those that no assignment can have.
    #[must_use]
    pub fn marginals(&self, answer: &Solution) -> Vec<Vec<i128>> {
        let best = self.model.internal(answer.objective);
        let above = |slack: &i128| self.model.external(best + slack.min(&(i128::MAX >> 3)));
        self.slacks(answer).iter().map(|list| list.iter().map(above).collect()).collect()
    }

    /// For every choice: no assignment with it is less than so many nano-dollars above a proven answer.
    pub(super) fn slacks(&self, answer: &Solution) -> Vec<Vec<i128>> {
        let model = &self.model;
        let problem = model.problem;
        if !problem.groups.is_empty() {
            return problem.components.iter().map(|component| vec![0; component.choices.len()]).collect();
        }
        let everything: Vec<Vec<usize>> = model.parts.iter().map(|part| (0..part.values.len()).collect()).collect();
        let chosen = |(part, &choice): (&Part, &usize)| {
            part.values.iter().find(|v| v.choice() == choice).map(|v| i128::from(v.cost))
        };
        let bill: i128 = model.parts.iter().zip(&answer.assignment).filter_map(chosen).sum();
        let best = model.internal(answer.objective);
        let below = best + bill.abs() / 8 + 1_000;
        let control = Control { limits: Limits::default(), below, cancelled: None };
        let bounds = Search::new(model, control).marginals(everything, model.scale.floor(best));
        let mut slacks: Vec<Vec<i128>> =
            problem.components.iter().map(|component| vec![i128::MAX >> 2; component.choices.len()]).collect();
        for ((slacks, part), bounds) in slacks.iter_mut().zip(&model.parts).zip(bounds) {
            for (value, bound) in part.values.iter().zip(bounds) {
                slacks[value.choice()] = ((i128::from(bound) << model.scale.shift) - best).max(0);
            }
        }
        slacks
    }

    /// Solves to proven optimality within the limits, over the assignments that the request allows.
    #[must_use]
    pub fn solve(&self, request: &Request) -> Solution {
        let model = &self.model;
        let problem = model.problem;
        if !problem.groups.is_empty() {
            // Shared machines need several problems without any, each prepared by itself.
            return hosts::solve(problem, &request.limits, &request.restriction, request.warm);
        }
        let none =
            |status, lower_bound, nodes| Solution { status, assignment: Vec::new(), objective: 0, lower_bound, nodes };
        let nothing_below = request.restriction.stop_above.unwrap_or(i128::MAX);
        let domains = presolve::domains(model, &request.restriction);
        let below = request.restriction.stop_above.map_or(i128::MAX >> 2, |value| model.internal(value));
        let warm = request.warm.and_then(|warm| values_of(model, &domains, warm));
        let control = Control { limits: request.limits, below, cancelled: request.cancelled };
        let mut search = Search::new(model, control);
        if let Some(picked) = warm {
            let _ = search.offer(&picked);
        }
        let outcome = search.run(domains);
        let open = outcome.open.map(|bound| model.external(i128::from(bound) << model.scale.shift));
        let Some((value, picked)) = outcome.best else {
            return match open {
                Some(bound) => none(Status::Unknown, bound, outcome.nodes),
                None => none(Status::Infeasible, nothing_below, outcome.nodes),
            };
        };
        let assignment: Assignment = picked.iter().zip(&model.parts).map(|(&v, p)| p.values[v].choice()).collect();
        let objective = model.external(value);
        // A draft's choices have no charges yet; whoever drafts has the bill compared.
        debug_assert!(
            self.moved
                || problem.picked(&assignment).iter().any(|choice| choice.charges.is_empty())
                || crate::problem::score(problem, &assignment).map(|bill| bill.objective) == Some(objective)
        );
        let lower_bound = open.map_or(objective, |bound| bound.min(objective));
        let over = |value: i128| {
            let budget = problem.budget.filter(|_| model.budget.is_none());
            budget.is_some_and(|budget| value > i128::from(budget.nanos()))
        };
        match (over(lower_bound), over(objective)) {
            (true, _) => return none(Status::Infeasible, nothing_below, outcome.nodes),
            (false, true) => return none(Status::Unknown, lower_bound, outcome.nodes),
            (false, false) => {}
        }
        let status = if lower_bound == objective { Status::Optimal } else { Status::Feasible };
        Solution { status, assignment, objective, lower_bound, nodes: outcome.nodes }
    }
}

/// The values of an assignment. In place of a choice that presolve dropped stands one at the same place.
fn values_of(model: &Model, domains: &[Vec<usize>], assignment: &Assignment) -> Option<Vec<usize>> {
    if assignment.len() != model.parts.len() {
        return None;
    }
    let value = |(component, choice): (usize, &usize)| {
        let values = &model.parts[component].values;
        let place = model.problem.components[component].choices.get(*choice)?.place;
        let exactly = domains[component].iter().find(|&&v| values[v].choice() == *choice);
        exactly.or_else(|| domains[component].iter().find(|&&v| values[v].place == place)).copied()
    };
    assignment.iter().enumerate().map(value).collect()
}
