//! The independent checker: does an assignment keep every hard rule? Shares no code with the solver or the scorer.

use super::{Assignment, FlowTo, Problem, Route};
use crate::units::{Latency, Money};
use std::fmt;

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// Not one choice per component, or a choice that does not exist.
    Shape {
        /// The component, or the number of components when the lengths differ.
        component: usize,
    },
    /// A relation does not hold.
    Relation {
        /// Ordinal in [`Problem::relations`].
        relation: usize,
    },
    /// A path is slower than its bound.
    Path {
        /// Ordinal in [`Problem::paths`].
        path: usize,
        /// What it takes.
        latency: Latency,
    },
    /// A flow uses a route whose price is not known.
    UnknownPrice {
        /// Ordinal in [`Problem::flows`].
        flow: usize,
    },
    /// The bill exceeds the budget.
    Budget {
        /// What it comes to.
        total: Money,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape { component } => write!(f, "no valid choice for component {component}"),
            Self::Relation { relation } => write!(f, "relation {relation} does not hold"),
            Self::Path { path, latency } => write!(f, "path {path} takes {latency}"),
            Self::UnknownPrice { flow } => write!(f, "the price of flow {flow} is not known there"),
            Self::Budget { total } => write!(f, "the bill of {total} exceeds the budget"),
        }
    }
}

/// Every rule that an assignment breaks; empty when it is valid.
#[must_use]
pub fn check(problem: &Problem, assignment: &Assignment) -> Vec<Violation> {
    if assignment.len() != problem.components.len() {
        return vec![Violation::Shape { component: problem.components.len() }];
    }
    let misfit = (0..assignment.len()).find(|&c| assignment[c] >= problem.components[c].choices.len());
    if let Some(component) = misfit {
        return vec![Violation::Shape { component }];
    }
    let mut broken = relations(problem, assignment);
    broken.extend(paths(problem, assignment));
    broken.extend(unknown_prices(problem, assignment));
    if broken.is_empty()
        && let (Some(budget), Some(bill)) = (problem.budget, super::score(problem, assignment))
        && bill.total > budget
    {
        broken.push(Violation::Budget { total: bill.total });
    }
    broken
}

fn place(problem: &Problem, assignment: &Assignment, component: usize) -> usize {
    problem.components[component].choices[assignment[component]].place
}

fn relations(problem: &Problem, assignment: &Assignment) -> Vec<Violation> {
    let holds =
        |r: &super::Relation| problem.related(r.kind, place(problem, assignment, r.a), place(problem, assignment, r.b));
    let broken = problem.relations.iter().enumerate().filter(|(_, r)| !holds(r));
    broken.map(|(relation, _)| Violation::Relation { relation }).collect()
}

fn paths(problem: &Problem, assignment: &Assignment) -> Vec<Violation> {
    let mut broken = Vec::new();
    for (path, spec) in problem.paths.iter().enumerate() {
        let latency = Latency::from_micros(problem.path_latency_us(spec, |c| place(problem, assignment, c)));
        if spec.bound.is_some_and(|bound| latency > bound) {
            broken.push(Violation::Path { path, latency });
        }
    }
    broken
}

fn unknown_prices(problem: &Problem, assignment: &Assignment) -> Vec<Violation> {
    let unknown = |flow: &super::Flow| {
        let from = &problem.components[flow.from].choices[assignment[flow.from]];
        let route = match flow.to {
            FlowTo::Internet(class) => problem.internet[class][from.place],
            FlowTo::Component(to) => {
                let to = &problem.components[to].choices[assignment[to]];
                // Within one zone nothing is billed, so nothing needs to be known.
                let zonal =
                    from.active_zones > 1 && to.active_zones > 0 || to.active_zones > 1 && from.active_zones > 0;
                if from.place == to.place && !zonal {
                    return false;
                }
                problem.route(from.place, to.place)
            }
        };
        route == Route::Unknown
    };
    let broken = problem.flows.iter().enumerate().filter(|(_, flow)| unknown(flow));
    broken.map(|(flow, _)| Violation::UnknownPrice { flow }).collect()
}
