//! Why nothing fits: a smallest set of requirements that cannot hold together, and what it takes to resolve it.
//!
//! Method: a deletion filter. A requirement whose removal leaves the rest impossible is not needed for the
//! contradiction and goes for good; what remains is irreducible. Removal is tried on whole blocks first, and the
//! blocks are halved, so that hundreds of requirements need tens of trials. A trial asks only whether anything is
//! possible (see [`Case::possible`]), not what would be best.

use super::ReportError;
use super::relax::{Case, Possible, tightest};
use super::requirement::{Demand, Field, Side};
use super::search::shared_out;
use crate::app::App;
use crate::catalog::PriceBook;
use crate::policy::Policy;
use crate::problem::{Assignment, Problem};
use crate::solve::Limits;
use crate::units::{Latency, Money};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// A requirement in a conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConflictItem {
    /// The word used in the wire form.
    pub kind: &'static str,
    /// In plain words.
    pub text: String,
    /// The best bill if only this one were given up; `None` when that alone does not help.
    pub total_without: Option<Money>,
    /// The nearest value of the requirement at which something is possible.
    pub nearest: Option<Nearest>,
}

/// The least change of a requirement that makes everything possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nearest {
    /// What it would have to be, in words.
    pub value: String,
    /// The best bill then.
    pub total: Money,
}

/// Requirements that cannot hold together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The requirements; empty when nothing on sale would do even without any.
    pub items: Vec<ConflictItem>,
    /// Whether each of them is proven to be needed for the contradiction.
    pub irreducible: bool,
    /// Components that nothing on sale fits, with the reasons, the most frequent first.
    pub without_offer: Vec<(String, Vec<(String, u64)>)>,
    /// When no single requirement resolves it (there are several conflicts): a smallest set that does.
    pub together: Option<Together>,
}

/// Requirements which, given up together, make a placement possible; none of them can be spared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Together {
    /// In plain words.
    pub texts: Vec<String>,
    /// The best bill then; `None` when the limits left it open.
    pub total: Option<Money>,
}

/// Trials after which the search for a smaller set ends.
const TRIALS_MAX: usize = 400;
/// The part of the caller's limits that each solve may use: an explanation should not take much longer than the answer
/// that it explains.
const LIMITS_SHARE: u64 = 100;
/// Reasons told per component without an offer.
const REASONS_MAX: usize = 5;

/// Finds a smallest conflicting set of an application that is known to be infeasible.
///
/// # Errors
/// [`ReportError`] when the solver's answer to a trial is wrong.
pub(super) fn find(
    app: &App,
    book: &PriceBook,
    policy: &Policy,
    problem: &Problem,
    limits: &Limits,
) -> Result<Conflict, ReportError> {
    let limits = limits.share(LIMITS_SHARE);
    let mut app = app.clone();
    // A conflict is about what is possible, and its ways out are told by what they cost.
    app.objective = crate::app::Objective::Cost;
    let case = Case::new(&app, book, policy, limits, Vec::new(), None)?;
    Ok(Conflict { without_offer: without_offer(problem), ..of_case(&case)? })
}

/// The smallest conflicting set of a case that is known to be infeasible, with the ways out.
pub(super) fn of_case(case: &Case) -> Result<Conflict, ReportError> {
    let trials = Trials { case, undecided: RefCell::default() };
    let none = Conflict { items: Vec::new(), irreducible: true, without_offer: Vec::new(), together: None };
    if trials.impossible_without(&case.demands) {
        return trials.done(none);
    }
    let (needed, finished) = smallest(&case.demands, &|dropped| trials.impossible_without(dropped));
    let irreducible = finished && !trials.undecided.borrow().open;
    let items = shared_out(needed.len(), &|at| item(case, needed[at]));
    let items = items.into_iter().collect::<Result<Vec<_>, _>>()?;
    let alone = items.iter().any(|item| item.total_without.is_some() || item.nearest.is_some());
    let together = if alone { None } else { together(case, &trials)? };
    trials.done(Conflict { items, irreducible, together, ..none })
}

/// What went wrong in trials.
#[derive(Default)]
struct Undecided {
    /// The limits left some trial open; its requirements were kept.
    open: bool,
    error: Option<ReportError>,
}

struct Trials<'a, 'c> {
    case: &'a Case<'c>,
    undecided: RefCell<Undecided>,
}

impl Trials<'_, '_> {
    /// Whether it is proven that nothing is possible without some requirements.
    fn impossible_without(&self, dropped: &[Demand]) -> bool {
        match self.case.possible(&self.case.without(dropped)) {
            Ok(Possible::No) => true,
            Ok(Possible::Yes(_)) => false,
            Ok(Possible::Unknown) => {
                self.undecided.borrow_mut().open = true;
                false
            }
            Err(error) => {
                self.undecided.borrow_mut().error = Some(error);
                false
            }
        }
    }

    fn done(self, conflict: Conflict) -> Result<Conflict, ReportError> {
        match self.undecided.into_inner().error {
            Some(error) => Err(error),
            None => Ok(conflict),
        }
    }
}

/// The deletion filter: an irreducible part of `all` that is impossible, given that `all` is, and whether the filter
/// came to its end.
fn smallest(all: &[Demand], impossible_without: &dyn Fn(&[Demand]) -> bool) -> (Vec<Demand>, bool) {
    let (mut kept, mut dropped) = (all.to_vec(), Vec::new());
    let mut block = kept.len().div_ceil(2).max(1);
    let mut trials = 0;
    loop {
        let mut at = 0;
        while at < kept.len() {
            if trials == TRIALS_MAX {
                return (kept, false);
            }
            trials += 1;
            let end = (at + block).min(kept.len());
            let trial: Vec<Demand> = dropped.iter().chain(&kept[at..end]).copied().collect();
            if impossible_without(&trial) {
                dropped = trial;
                kept.drain(at..end);
            } else {
                at = end;
            }
        }
        if block == 1 {
            return (kept, true);
        }
        block = block.div_ceil(2).min(kept.len().max(1));
    }
}

/// A smallest set of requirements that has to go for anything to be possible: kept are as many as can be, those that
/// people care most about (the last ones) first.
fn together(case: &Case, trials: &Trials) -> Result<Option<Together>, ReportError> {
    let mut dropped = case.demands.clone();
    let mut block = dropped.len().div_ceil(2).max(1);
    loop {
        let mut end = dropped.len();
        while end > 0 {
            let start = end.saturating_sub(block);
            let fewer: Vec<Demand> = dropped[..start].iter().chain(&dropped[end..]).copied().collect();
            // Only what is proven to be possible may come back.
            if matches!(case.possible(&case.without(&fewer))?, Possible::Yes(_)) {
                dropped = fewer;
            }
            end = start;
        }
        if block == 1 {
            break;
        }
        block = block.div_ceil(2);
    }
    if dropped.is_empty() || trials.undecided.borrow().error.is_some() {
        return Ok(None);
    }
    let texts = dropped.iter().map(|demand| demand.text(&case.app, case.policy)).collect();
    let total = case.best(&case.without(&dropped))?.map(|(_, bill, _)| bill.total);
    Ok(Some(Together { texts, total }))
}

/// A requirement in words, with what giving it up alone would bring, and how little of that would do.
fn item(case: &Case, demand: Demand) -> Result<ConflictItem, ReportError> {
    let freed = case.without(&[demand]);
    let item = |total_without, nearest| ConflictItem {
        kind: demand.kind(),
        text: demand.text(&case.app, case.policy),
        total_without,
        nearest,
    };
    if matches!(case.possible(&freed)?, Possible::No) {
        return Ok(item(None, None));
    }
    let best = case.best(&freed)?;
    let total = best.as_ref().map(|(_, bill, _)| bill.total);
    let nearest = match (demand, &best) {
        (Demand::Budget, Some((_, bill, true))) => {
            Some(Nearest { value: format!("{} a month", bill.total), total: bill.total })
        }
        (Demand::Path(at), _) => nearest_bound(case, at, freed)?,
        (Demand::Place(whose, field, side), Some((assignment, bill, _))) => {
            let value = also(case, &freed, assignment, whose, field, side);
            value.map(|value| Nearest { value, total: bill.total })
        }
        _ => None,
    };
    Ok(item(total, nearest))
}

/// The tightest bound of a path that everything else allows, given the problem without its bound, and the best bill
/// within it.
fn nearest_bound(case: &Case, path: usize, mut freed: Problem) -> Result<Option<Nearest>, ReportError> {
    let Some((bound, _)) = tightest(case, freed.clone(), path, &|problem| case.possible(problem))? else {
        return Ok(None);
    };
    case.bound(&mut freed, path, Some(bound));
    let best = case.best(&freed)?;
    let percentile = case.app.paths[path].percentile.as_str();
    Ok(best.map(|(_, bill, _)| Nearest { value: format!("{} {percentile}", bound_words(bound)), total: bill.total }))
}

/// A bound that holds when it is written into the file: thousandths of a millisecond, as many as there are.
pub(in crate::report) fn bound_words(bound: Latency) -> String {
    format!("{} ms", crate::units::format_scaled(bound.micros(), 3, 0))
}

/// What a list of places would have to allow for a placement.
pub(in crate::report) fn also(
    case: &Case,
    problem: &Problem,
    assignment: &Assignment,
    whose: Option<usize>,
    field: Field,
    side: Side,
) -> Option<String> {
    let place = whose.map_or(&case.app.place, |component| &case.app.components[component].place);
    let listed = side.of(field.of(place));
    let mut new: BTreeSet<String> = BTreeSet::new();
    for (component, choice) in problem.components.iter().zip(problem.picked(assignment)) {
        if whose.is_none_or(|whose| whose == component.app_component) {
            let name = field.name_of(case.book, problem.places[choice.place].region);
            if (side == Side::Allow) != listed.contains(&name) {
                new.insert(name);
            }
        }
    }
    let names = new.into_iter().collect::<Vec<_>>().join(", ");
    (!names.is_empty()).then(|| match side {
        Side::Allow => format!("also allow {names}"),
        Side::Deny => format!("no longer deny {names}"),
    })
}

/// Components for which nothing on sale fits.
fn without_offer(problem: &Problem) -> Vec<(String, Vec<(String, u64)>)> {
    let bare = problem.components.iter().filter(|component| component.choices.is_empty());
    bare.map(|component| {
        let mut reasons = component.excluded.clone();
        reasons.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        reasons.truncate(REASONS_MAX);
        (component.name.clone(), reasons)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordinals(conflict: &[usize], total: usize) -> (Vec<Demand>, bool) {
        let all: Vec<Demand> = (0..total).map(Demand::Path).collect();
        let conflict: Vec<Demand> = conflict.iter().copied().map(Demand::Path).collect();
        smallest(&all, &|dropped| conflict.iter().all(|needed| !dropped.contains(needed)))
    }

    #[test]
    fn the_filter_finds_exactly_the_conflicting_set() {
        for conflict in [&[0][..], &[3, 7], &[0, 9], &[1, 4, 5, 8], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]] {
            let wanted: Vec<Demand> = conflict.iter().copied().map(Demand::Path).collect();
            assert_eq!(ordinals(conflict, 10), (wanted, true));
        }
        assert_eq!(ordinals(&[17], 18).0, vec![Demand::Path(17)]);
    }

    #[test]
    fn many_requirements_need_few_solves() {
        let (found, irreducible) = ordinals(&[12, 3_000], 4_000);
        assert!(irreducible);
        assert_eq!(found, vec![Demand::Path(12), Demand::Path(3_000)]);
    }
}
