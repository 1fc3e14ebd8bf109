//! Why not something else: excluded, forbidden or dearer, for each component in question.

use super::changes::{Difference, Moved, differences, moved};
use super::rivals::{Rival, best};
use super::{Answer, Priced, Source};
use crate::app::App;
use crate::catalog::{PriceBook, RegionId};
use crate::problem::lower::{Loose, Options, lower};
use crate::problem::{Choice, Problem};
use crate::report::conflict::{Conflict, of_case};
use crate::report::relax::Case;
use crate::report::requirement::{Demand, Field, Side, demands};
use crate::report::{Picked, ReportError, alternatives::picked_of};
use crate::units::Money;

/// A place or an offer that was not chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Name of an offer; `None`: anything.
    pub offer: Option<String>,
    /// Regions that are meant; empty: anywhere. Never empty without an offer.
    pub regions: Vec<RegionId>,
    /// As the user wrote it.
    pub text: String,
}

impl Target {
    /// Keeps the offer among the choices even where another one at its place is never worse.
    pub(super) fn loose(&self) -> Option<Loose> {
        self.offer.clone().map(|offer| Loose::Offer { region: None, offer })
    }

    fn is_at(&self, region: RegionId) -> bool {
        self.regions.is_empty() || self.regions.contains(&region)
    }

    fn meets(&self, problem: &Problem, choice: &Choice) -> bool {
        self.is_at(problem.places[choice.place].region)
            && self.offer.as_ref().is_none_or(|offer| *offer == choice.offer)
    }
}

/// Why a component is not there, or not that.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is.
    Chosen,
    /// Nothing there fits the component, for these reasons (so many offers each) and under these rules about places.
    Excluded {
        /// Reason -> number of offers, the most frequent first.
        reasons: Vec<(String, u64)>,
        /// Rules about places that shut out every place in question.
        rules: Vec<String>,
    },
    /// Something there fits the component, but no placement of the whole application with it keeps all of these.
    Forbidden(Conflict),
    /// It is allowed, and the whole application is not better with it.
    Dearer {
        /// What the component would be.
        choice: Picked,
        /// The whole bill.
        total: Money,
        /// Whether that is proven to be the least with it.
        optimal: bool,
        /// Line by line.
        differences: Vec<Difference>,
        /// What else would be elsewhere.
        moved: Vec<Moved>,
        /// The price at which it would be chosen.
        takes_over: Option<Priced>,
    },
    /// The limits ended the search.
    Open,
}

/// The answer for one component.
#[derive(Clone, Debug, PartialEq)]
pub struct WhyNot {
    /// The component.
    pub component: usize,
    /// What was asked.
    pub target: String,
    /// Why.
    pub verdict: Verdict,
}

/// The answers for every component in question, and the rivals whose prices are to be followed (in that order, one for
/// each [`Verdict::Dearer`]).
pub(super) fn answer(
    source: &Source,
    answer: &Answer,
    target: &Target,
) -> Result<(Vec<Rival>, Vec<WhyNot>), ReportError> {
    let (mut rivals, mut all) = (Vec::new(), Vec::new());
    for component in answer.asked(source.ask) {
        let verdict = verdict(source, answer, target, component, &mut rivals)?;
        all.push(WhyNot { component, target: target.text.clone(), verdict });
    }
    Ok((rivals, all))
}

fn verdict(
    source: &Source,
    answer: &Answer,
    target: &Target,
    component: usize,
    rivals: &mut Vec<Rival>,
) -> Result<Verdict, ReportError> {
    let problem = answer.problem;
    let spec = &problem.components[component];
    let wanted = |choice: &Choice| target.meets(problem, choice);
    if wanted(&spec.choices[answer.assignment[component]]) {
        return Ok(Verdict::Chosen);
    }
    if !spec.choices.iter().any(wanted) {
        return excluded(source, target, component, spec.app_component);
    }
    let (found, proven) = best(source, answer, component, &wanted)?;
    let Some(rival) = found else {
        return if proven { forbidden(source, target, component) } else { Ok(Verdict::Open) };
    };
    let choice = picked_of(problem, &rival.assignment).swap_remove(component);
    let dearer = Verdict::Dearer {
        choice,
        total: rival.bill.total,
        optimal: rival.optimal,
        differences: differences((problem, answer.bill), (problem, &rival.bill)),
        moved: moved((problem, answer.assignment), (problem, &rival.assignment)),
        takes_over: None,
    };
    rivals.push(rival);
    Ok(dearer)
}

/// Puts the flip prices that were found for the rivals where they belong.
pub(super) fn attach(why_not: &mut [WhyNot], rivals: Vec<Rival>) {
    let mut rivals = rivals.into_iter();
    for answer in why_not {
        if let Verdict::Dearer { takes_over, .. } = &mut answer.verdict {
            *takes_over = rivals.next().and_then(|rival| rival.takes_over);
        }
    }
}

/// Why nothing there is a choice of the component.
fn excluded(source: &Source, target: &Target, component: usize, app_component: usize) -> Result<Verdict, ReportError> {
    let regions = (!target.regions.is_empty()).then(|| target.regions.clone());
    let options = Options { regions: regions.clone(), focus: target.offer.clone(), ..Options::default() };
    // Today's placement may be anywhere, and is not what is asked about.
    let app = App { today: Vec::new(), ..source.app.clone() };
    let there = lower(&app, source.book, source.policy, &options)?;
    let reasons = there.components[component].excluded.clone();
    let all = || match &regions {
        Some(regions) => regions.clone(),
        None => source.book.region_ids().filter(|&id| sells(source.book, id, target)).collect(),
    };
    let rules = place_rules(source, app_component, &all());
    Ok(Verdict::Excluded { reasons, rules })
}

fn sells(book: &PriceBook, region: RegionId, target: &Target) -> bool {
    let Some(offer) = &target.offer else { return true };
    book.compute_at(region).iter().any(|machine| book.shape(machine.shape).name == *offer)
        || book.managed_at(region).iter().any(|tier| tier.name() == *offer)
}

/// The rules about places that none of the regions passes.
fn place_rules(source: &Source, app_component: usize, regions: &[RegionId]) -> Vec<String> {
    let app = source.app;
    let shuts_out = |demand: &Demand| match demand {
        Demand::Place(whose, field, side) if whose.is_none_or(|whose| whose == app_component) => {
            let place = whose.map_or(&app.place, |at| &app.components[at].place);
            let listed = side.of(Field::of(*field, place));
            regions.iter().all(|&id| (*side == Side::Allow) != listed.contains(&field.name_of(source.book, id)))
        }
        Demand::Policy => regions.iter().all(|&id| !source.policy.providers.passes(&source.book.provider_of(id).name)),
        _ => false,
    };
    let all = demands(app, source.policy).into_iter().filter(shuts_out);
    all.map(|demand| demand.text(app, source.policy)).collect()
}

/// The requirements that no placement with the component there keeps together.
fn forbidden(source: &Source, target: &Target, component: usize) -> Result<Verdict, ReportError> {
    let pinned = |problem: &Problem, c: usize, choice: &Choice| c != component || target.meets(problem, choice);
    let mut app = source.app.clone();
    app.objective = crate::app::Objective::Cost;
    let loose = target.loose().into_iter().collect();
    let case = Case::new(&app, source.book, source.policy, source.limits, loose, Some(&pinned))?;
    Ok(Verdict::Forbidden(of_case(&case)?))
}
