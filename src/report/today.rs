//! Today's placement: priced as it is, whether or not the application's own rules still allow it.

use super::alternatives::{Baseline, BaselineKind, scored};
use crate::app::{App, Today as Entry};
use crate::policy::Policy;
use crate::problem::lower::{Lowerer, Options, Pick, leaders_today};
use crate::problem::{Assignment, Component, Problem};
use crate::units::Purchase;

/// Today's placement.
#[derive(Clone, Debug)]
pub(super) struct Today {
    /// As an assignment of the problem, when all of it is among the candidates.
    pub assignment: Option<Assignment>,
    /// With its bill.
    pub baseline: Baseline,
}

/// Today's placement of an application; `None` when it states none.
pub(super) fn find(app: &App, lowerer: &Lowerer, policy: &Policy, problem: &Problem) -> Option<Today> {
    if app.today.is_empty() {
        return None;
    }
    candidate(problem).or_else(|| Some(Today { assignment: None, baseline: apart(app, lowerer, policy, problem) }))
}

/// Today's placement when every part of it is among the candidates.
pub(super) fn candidate(problem: &Problem) -> Option<Today> {
    let assignment: Assignment = problem.components.iter().map(current).collect::<Option<_>>()?;
    if assignment.is_empty() {
        return None;
    }
    let baseline = scored(problem, BaselineKind::Today, &assignment);
    Some(Today { assignment: Some(assignment), baseline })
}

fn current(component: &Component) -> Option<usize> {
    component.choices.iter().position(|choice| choice.today)
}

/// Prices a placement that the rules of the application or the policy refuse.
fn apart(app: &App, lowerer: &Lowerer, policy: &Policy, problem: &Problem) -> Baseline {
    let refused = problem.components.iter().filter(|component| current(component).is_none());
    let refused: Vec<String> =
        refused.map(|component| format!("`{}` may not be where and how it is today", component.name)).collect();
    let pinned = pinned(app, lowerer, policy, problem);
    let mut baseline = if let Some((problem, assignment)) = &pinned {
        scored(problem, BaselineKind::Today, assignment)
    } else {
        let note = Some("today's placement cannot be priced".to_owned());
        Baseline { kind: BaselineKind::Today, picks: Vec::new(), total: None, breaks: Vec::new(), note }
    };
    baseline.breaks.splice(0..0, refused);
    baseline
}

/// The problem in which today's placement is all there is.
fn pinned(app: &App, lowerer: &Lowerer, policy: &Policy, problem: &Problem) -> Option<(Problem, Assignment)> {
    let entry = |component: &Component| app.today.iter().find(|entry| entry.component == component.app_component);
    let leaders = leaders_today(app, &problem.components);
    let pick = |(entry, leader): (&Entry, Option<usize>)| {
        let region = lowerer.book().find_region(&entry.provider, &entry.region)?;
        let spot = Some(entry.spot_count).filter(|&spot| spot > 0);
        Some(Pick {
            base: spot.zip(entry.count).map(|(spot, count)| count.saturating_sub(spot)),
            top: spot.map(|_| Purchase::Spot),
            leader,
            ..Pick::plain(region, entry.offer.clone(), entry.purchase)
        })
    };
    let entries = problem.components.iter().zip(leaders);
    let only = entries.map(|(component, leader)| pick((entry(component)?, leader))).collect::<Option<Vec<_>>>()?;
    let pinned = lowerer.lower(app, policy, &Options { only: Some(only), ..Options::default() }).ok()?;
    let first = |component: &Component| current(component).or((!component.choices.is_empty()).then_some(0));
    let assignment = pinned.components.iter().map(first).collect::<Option<Assignment>>()?;
    Some((pinned, assignment))
}
