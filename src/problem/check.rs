//! The independent checker: does an assignment keep every hard rule? Shares no code with the solver or the scorer.

use super::hosts::zones_needed;
use super::{Assignment, FlowTo, Host, Problem, Route};
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
    /// A component is on a shared machine that cannot be as it is.
    Machine {
        /// The component: who leads the machine, or who joins what is not there.
        component: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// The shared machines of a group at a place cannot be dealt out to enough zones.
    Zones {
        /// Ordinal in [`Problem::groups`].
        group: usize,
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
            Self::Machine { component, reason } => write!(f, "the shared machine of component {component}: {reason}"),
            Self::Zones { group } => write!(f, "the shared machines of group {group} lie in too few zones"),
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
    broken.extend(machines(problem, assignment));
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

/// The rules of [`super::hosts`].
fn machines(problem: &Problem, assignment: &Assignment) -> Vec<Violation> {
    let mut broken = Vec::new();
    let picked = problem.picked(assignment);
    let hosted = problem.hosted(assignment);
    for (component, choice) in picked.iter().enumerate() {
        let on = hosted.iter().find(|hosted| hosted.components().any(|c| c == component));
        let reason = match (choice.host, on) {
            (Host::Own, _) | (Host::Joins(_), Some(_)) => None,
            (_, None) => Some("there is no such machine"),
            (Host::Leads(_), Some(on)) if on.machine.place != choice.place => Some("it is at another place"),
            (Host::Leads(_), Some(on)) => on.fault(problem),
        };
        broken.extend(reason.map(|reason| Violation::Machine { component, reason }));
    }
    let asks = problem.groups.iter().enumerate().filter(|(_, group)| group.zones > 1);
    broken.extend(
        asks.filter(|(_, spec)| !in_zones(problem, &hosted, spec)).map(|(group, _)| Violation::Zones { group }),
    );
    broken
}

/// Whether the shared machines of a group are where there are zones enough.
fn in_zones(problem: &Problem, hosted: &[super::Hosted], group: &super::Group) -> bool {
    let mut left: Vec<&super::Hosted> = hosted.iter().filter(|h| std::ptr::eq(h.group, group)).collect();
    let replicas = |h: &super::Hosted| -> Vec<usize> {
        h.components().map(|component| problem.components[component].app_component).collect()
    };
    while let Some(first) = left.pop() {
        // All machines that are joined to this one by replicas of one component, directly or through others.
        let mut cluster = vec![first];
        let mut at = 0;
        while at < cluster.len() {
            let mine = replicas(cluster[at]);
            let (joined, rest) = left.into_iter().partition(|h| replicas(h).iter().any(|r| mine.contains(r)));
            let joined: Vec<&super::Hosted> = joined;
            cluster.extend(joined);
            left = rest;
            at += 1;
        }
        let mut of: Vec<usize> = cluster.iter().flat_map(|h| replicas(h)).collect();
        of.sort_unstable();
        of.dedup();
        let with = |r: &usize| (0..cluster.len()).filter(|&m| replicas(cluster[m]).contains(r)).collect();
        let spread: Vec<Vec<usize>> = of.iter().map(with).collect();
        let needed = zones_needed(group.zones, cluster.len(), &spread);
        if cluster.iter().any(|h| problem.places[h.machine.place].zones < needed) {
            return false;
        }
    }
    true
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
