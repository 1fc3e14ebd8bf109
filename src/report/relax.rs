//! The problem that is left when some requirements are given up, without lowering everything again.
//!
//! What does not depend on requirements (places, traffic, latencies) is lowered once, with every requirement given up;
//! the choices of a component depend only on the requirements that concern it, and are remembered. Spread components
//! keep one variable per replica throughout: giving up the spread only frees the replicas to lie together.

use super::requirement::{Demand, demands, separated};
use super::{ReportError, search};
use crate::app::App;
use crate::catalog::{Price, PriceBook, SourceId, Unit};
use crate::policy::Policy;
use crate::problem::Routes;
use crate::problem::lower::{Loose, Lowerer, Options, variables};
use crate::problem::{
    Assignment, Bill, Choice, Component, ComponentId, Host, Included, Objective, Problem, Relation, Route,
};
use crate::solve::{Limits, Restriction, Solution, Status, solve_with};
use crate::units::{Latency, Money, Quality};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Which choices may be picked, on top of the requirements.
pub(super) type Allowed<'a> = &'a (dyn Fn(&Problem, ComponentId, &Choice) -> bool + Sync);

/// The variables of an application component without some of the requirements that concern it.
type Known = BTreeMap<(usize, Vec<Demand>), Arc<Vec<Component>>>;

/// An application whose requirements can be given up one by one.
pub(super) struct Case<'a> {
    /// The application, [`separated`].
    pub app: App,
    pub book: &'a PriceBook,
    pub policy: &'a Policy,
    pub limits: Limits<'a>,
    /// Every requirement.
    pub demands: Vec<Demand>,
    lowerer: Lowerer<'a>,
    /// Machines are shared or links bounded: then components do not come apart, and all is lowered again each time.
    whole: bool,
    /// Everything that no requirement decides.
    base: Problem,
    options: Options,
    allowed: Option<Allowed<'a>>,
    known: Mutex<Known>,
}

/// Whether something is possible.
#[derive(Clone, Debug)]
pub(super) enum Possible {
    Yes(Assignment),
    No,
    /// The limits ended the search.
    Unknown,
}

impl<'a> Case<'a> {
    /// `loose` as in [`Options`]; `allowed` holds whatever is given up.
    pub fn new(
        app: &App,
        book: &'a PriceBook,
        policy: &'a Policy,
        limits: Limits<'a>,
        loose: Vec<Loose>,
        allowed: Option<Allowed<'a>>,
    ) -> Result<Self, ReportError> {
        let app = separated(app);
        let demands = demands(&app, policy);
        let options = Options { loose, ..Options::default() };
        let (mut free, mut free_policy) = (app.clone(), policy.clone());
        for demand in demands.iter().filter(|demand| !matches!(demand, Demand::Spread(_))) {
            demand.relax(&mut free, &mut free_policy);
        }
        let lowerer = Lowerer::new(book);
        let mut base = lowerer.lower(&free, &free_policy, &options)?;
        let shares = |component: &Component| component.choices.iter().any(|choice| choice.host != Host::Own);
        let whole = app.links.iter().any(|link| link.bound.is_some()) || base.components.iter().any(shares);
        for component in &mut base.components {
            component.choices.clear();
        }
        Ok(Self { app, book, policy, limits, demands, lowerer, whole, base, options, allowed, known: Mutex::default() })
    }

    /// The problem without some requirements.
    pub fn without(&self, dropped: &[Demand]) -> Problem {
        if self.whole
            && let Some(problem) = self.lowered_without(dropped)
        {
            return problem;
        }
        let mut problem = self.base.clone();
        problem.components = self.components(dropped);
        let is_kept = |demand: Demand| !dropped.contains(&demand);
        problem.budget = self.app.budget.filter(|_| is_kept(Demand::Budget));
        problem.relations.retain(|relation| {
            let owner = |variable: usize| problem.components[variable].app_component;
            owner(relation.a) != owner(relation.b) || is_kept(Demand::Spread(owner(relation.a)))
        });
        for (at, rule) in self.app.relations.iter().enumerate().filter(|(at, _)| is_kept(Demand::Relation(*at))) {
            let members: Vec<usize> = (0..problem.components.len())
                .filter(|&c| rule.components.contains(&problem.components[c].app_component))
                .collect();
            for (i, &a) in members.iter().enumerate() {
                for &b in &members[i + 1..] {
                    if problem.components[a].app_component != problem.components[b].app_component {
                        problem.relations.push(Relation { a, b, kind: rule.kind, reason: format!("rule {at}") });
                    }
                }
            }
        }
        for at in 0..self.app.paths.len() {
            let bound = self.app.paths[at].bound.filter(|_| is_kept(Demand::Path(at)));
            self.bound(&mut problem, at, bound);
        }
        problem
    }

    /// The same by lowering everything again.
    fn lowered_without(&self, dropped: &[Demand]) -> Option<Problem> {
        let (mut app, mut policy) = (self.app.clone(), self.policy.clone());
        for demand in dropped {
            demand.relax(&mut app, &mut policy);
        }
        self.lowerer.lower(&app, &policy, &self.options).ok()
    }

    /// Sets the bound of a path of the application, in all its copies.
    pub fn bound(&self, problem: &mut Problem, path: usize, bound: Option<Latency>) {
        for copy in self.copies(problem, path) {
            problem.paths[copy].bound = bound;
        }
    }

    /// The paths of a problem that a path of the application became: one per way through the replicas.
    pub fn copies(&self, problem: &Problem, path: usize) -> Vec<usize> {
        use crate::app::PathAudience as P;
        let spec = &self.app.paths[path];
        let audience = match spec.audience {
            P::One(at) => Some(self.app.audiences[at].name.as_str()),
            P::Weighted | P::Each | P::Internal => None,
        };
        let same = |lowered: &crate::problem::Path| {
            lowered.name == spec.name && audience.is_none_or(|audience| audience == lowered.audience)
        };
        (0..problem.paths.len()).filter(|&at| same(&problem.paths[at])).collect()
    }

    fn components(&self, dropped: &[Demand]) -> Vec<Component> {
        let one = |at: usize| {
            let mut relevant: Vec<Demand> = dropped.iter().copied().filter(|demand| demand.concerns(at)).collect();
            relevant.sort_unstable();
            relevant.dedup();
            self.variables(at, relevant)
        };
        let all = search::shared_out(self.app.components.len(), &one);
        all.into_iter().flat_map(|known| known.as_ref().clone()).collect()
    }

    fn variables(&self, at: usize, dropped: Vec<Demand>) -> Arc<Vec<Component>> {
        let key = (at, dropped);
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return known.clone();
        }
        let (mut app, mut policy) = (self.app.clone(), self.policy.clone());
        for demand in &key.1 {
            demand.relax(&mut app, &mut policy);
        }
        let fresh = variables(&self.lowerer, &app, &policy, &self.options, &self.base.places, at);
        let fresh = Arc::new(fresh);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key, fresh.clone());
        fresh
    }

    /// The best placement of a problem of this case; `None` when there is none or the limits ended the search before
    /// one was found. The flag says whether it is proven to be the best.
    pub fn best(&self, problem: &Problem) -> Result<Option<(Assignment, Bill, bool)>, ReportError> {
        let solution = self.solve(problem, None, &self.limits);
        let bill = search::confirmed(problem, &solution)?;
        let optimal = solution.status == Status::Optimal;
        Ok(bill.map(|bill| (solution.assignment, bill, optimal)))
    }

    /// The best placement with an objective below `below`; the limits are the caller's.
    pub fn solve(&self, problem: &Problem, below: Option<i128>, limits: &Limits) -> Solution {
        let allows = |component: ComponentId, _: usize, choice: &Choice| {
            self.allowed.is_none_or(|allowed| allowed(problem, component, choice))
        };
        solve_with(problem, limits, &Restriction { allows: Some(&allows), stop_above: below }, None)
    }

    /// Whether a problem of this case has any placement at all. Money is looked at only where a budget asks for it.
    pub fn possible(&self, problem: &Problem) -> Result<Possible, ReportError> {
        let allowed = |c: usize, choice: &Choice| self.allowed.is_none_or(|allowed| allowed(problem, c, choice));
        let bare = |(c, component): (usize, &Component)| !component.choices.iter().any(|choice| allowed(c, choice));
        if problem.components.iter().enumerate().any(bare) {
            return Ok(Possible::No);
        }
        let free = without_money(problem, &allowed);
        let solution = solve_with(&free.problem, &self.limits, &Restriction::default(), None);
        search::confirmed(&free.problem, &solution)?;
        let verdict = match solution.status {
            Status::Infeasible => Possible::No,
            Status::Unknown => Possible::Unknown,
            Status::Optimal | Status::Feasible => Possible::Yes(free.original(&solution.assignment)),
        };
        match (problem.budget, verdict) {
            (Some(budget), Possible::Yes(_)) => {
                let mut by_cost = problem.clone();
                by_cost.budget = None;
                by_cost.objective = Objective::Cost;
                by_cost.paths.iter_mut().for_each(|path| path.nanos_per_us = 0);
                let solution = self.solve(&by_cost, Some(i128::from(budget.nanos()) + 1), &self.limits);
                search::confirmed(&by_cost, &solution)?;
                Ok(match solution.status {
                    Status::Infeasible => Possible::No,
                    Status::Unknown => Possible::Unknown,
                    Status::Optimal | Status::Feasible => Possible::Yes(solution.assignment),
                })
            }
            (_, verdict) => Ok(verdict),
        }
    }
}

const FREE: Price =
    Price { usd: Money::ZERO, unit: Unit::Gb, source: SourceId(0), quality: Quality::Listed, uncertainty_pct: 0 };

/// A problem in which everything allowed costs nothing: any placement is the best one.
struct Free {
    problem: Problem,
    /// Ordinals of its choices in the problem that it was made from.
    kept: Vec<Vec<usize>>,
}

impl Free {
    fn original(&self, assignment: &Assignment) -> Assignment {
        assignment.iter().zip(&self.kept).map(|(&choice, kept)| kept[choice]).collect()
    }
}

fn without_money(problem: &Problem, allowed: &dyn Fn(ComponentId, &Choice) -> bool) -> Free {
    let mut free = problem.clone();
    free.budget = None;
    free.objective = Objective::Cost;
    free.ladders = Arc::new([]);
    free.shared = Arc::new([]);
    free.paths.iter_mut().for_each(|path| path.nanos_per_us = 0);
    let nothing = |route: &Route| if *route == Route::Unknown { Route::Unknown } else { Route::Flat(FREE) };
    free.routes = Routes::new(problem.routes.codes().to_vec(), problem.routes.kinds().iter().map(nothing).collect());
    free.internet = problem.internet.iter().map(|row| row.iter().map(nothing).collect()).collect();
    let mut kept = Vec::new();
    for (c, component) in free.components.iter_mut().enumerate() {
        let mut mine: Vec<usize> = Vec::new();
        let mut few: Vec<Choice> = Vec::new();
        for (at, choice) in problem.components[c].choices.iter().enumerate().filter(|(_, x)| allowed(c, x)) {
            // At a place only the number of zones makes a difference now.
            let mut here = few.iter().rev().take_while(|known| known.place == choice.place);
            if here.any(|known| known.active_zones == choice.active_zones) {
                continue;
            }
            let (charges, cost) = (Vec::new(), Money::ZERO);
            few.push(Choice { charges, cost, included: Included::None, needs: Vec::new(), ..choice.clone() });
            mine.push(at);
        }
        component.choices = few;
        kept.push(mine);
    }
    Free { problem: free, kept }
}

/// The tightest bound of a path at which something is still possible, with a placement there; `None` when not even
/// without a bound, or when the limits left it open. `problem` must not bound the path.
pub(super) fn tightest(
    case: &Case,
    mut problem: Problem,
    path: usize,
    find: &dyn Fn(&Problem) -> Result<Possible, ReportError>,
) -> Result<Option<(Latency, Assignment)>, ReportError> {
    let copies = case.copies(&problem, path);
    let slowest = |problem: &Problem, assignment: &Assignment| {
        let place = |c: usize| problem.components[c].choices[assignment[c]].place;
        copies.iter().map(|&at| problem.path_latency_us(&problem.paths[at], place)).max().unwrap_or(0)
    };
    let Possible::Yes(mut best) = find(&problem)? else { return Ok(None) };
    let mut high = slowest(&problem, &best);
    // The bound that is known not to be enough.
    let mut low = case.app.paths[path].bound.map_or(-1, Latency::micros).min(high - 1);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        case.bound(&mut problem, path, Some(Latency::from_micros(middle)));
        match find(&problem)? {
            Possible::Yes(found) => {
                high = slowest(&problem, &found);
                best = found;
            }
            Possible::No => low = middle,
            Possible::Unknown => return Ok(None),
        }
    }
    Ok(Some((Latency::from_micros(high), best)))
}
