//! The answer without its surroundings: what one application of a fleet needs, at a small part of a report's cost.
//!
//! It is found, checked and priced exactly as the answer of a full report, so that the two never differ; only what a
//! report tells beside it (runner-ups, other months, conflicts) is left out.

use super::{BaselineKind, Decision, Outcome, Recommendation, ReportError, judge, search, today};
use crate::app::App;
use crate::policy::Policy;
use crate::problem::Problem;
use crate::problem::lower::{Lowerer, Options};
use crate::solve::{Limits, Prepared};
use crate::units::Money;

/// What was found for one application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Brief {
    /// A placement.
    Placed(Answer),
    /// Proof that there is none, with what is known of the reason.
    Infeasible(String),
}

/// A placement in a few figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether it is proven to be the best.
    pub optimal: bool,
    /// What to do.
    pub decision: Decision,
    /// Its bill a month.
    pub total: Money,
    /// What today's placement costs; `None` when none is stated or it cannot be priced.
    pub today: Option<Money>,
    /// Value of the objective.
    pub objective: i128,
    /// No placement has a lower objective.
    pub lower_bound: i128,
}

/// Finds the placement of an application and nothing else.
///
/// # Errors
/// As [`super::recommend`].
pub fn brief(app: &App, lowerer: &Lowerer, policy: &Policy, limits: &Limits) -> Result<Brief, ReportError> {
    let options = Options::default();
    let mut draft = lowerer.draft(app, policy, &options)?;
    let solution = search::solve_allowed(&Prepared::new(&draft.problem), limits, &|_, _| true, None);
    // What is checked and billed has to be written out; the rest of the choices was only compared.
    for (component, &choice) in solution.assignment.iter().enumerate() {
        draft.write_out(component, choice);
    }
    draft.write_out_today();
    let problem = &draft.problem;
    let found = judge(problem, limits, solution, || today::find(app, lowerer, policy, problem))?;
    Ok(match found {
        None => Brief::Infeasible(why(problem, |component| draft.excluded(component))),
        Some(found) => Brief::Placed(Answer {
            optimal: found.optimal,
            decision: found.decision,
            total: found.bill.total,
            today: found.today.and_then(|today| today.total),
            objective: found.bill.objective,
            lower_bound: found.lower_bound,
        }),
    })
}

impl Recommendation {
    /// The answer in a few figures.
    #[must_use]
    pub fn brief(&self) -> Brief {
        match &self.outcome {
            Outcome::Infeasible(_) => {
                let excluded = |component: usize| self.problem.components[component].excluded.clone();
                Brief::Infeasible(why(&self.problem, excluded))
            }
            Outcome::Placed(placed) => {
                let today = placed.baselines.iter().find(|baseline| baseline.kind == BaselineKind::Today);
                Brief::Placed(Answer {
                    optimal: placed.optimal,
                    decision: placed.decision,
                    total: placed.bill.total,
                    today: today.and_then(|today| today.total),
                    objective: placed.bill.objective,
                    lower_bound: placed.lower_bound,
                })
            }
        }
    }
}

/// What can be said about an infeasible problem without a search for the smallest conflict.
fn why(problem: &Problem, excluded: impl FnOnce(usize) -> Vec<(String, u64)>) -> String {
    let Some(bare) = problem.components.iter().position(|component| component.choices.is_empty()) else {
        return "no placement keeps all requirements together".to_owned();
    };
    let reason = excluded(bare).into_iter().next().map(|(reason, offers)| format!(": {reason} ({offers} offers)"));
    format!("nothing on sale fits `{}`{}", problem.components[bare].name, reason.unwrap_or_default())
}
