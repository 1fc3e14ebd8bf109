//! Reasons: why the recommended placement won, at which prices it would not, what its requirements cost, and why not
//! something else.
//!
//! Invariants: every figure is the exact bill of a placement that the checker passed; every flip price is proven on both
//! sides (at the one price nothing is better than the answer, a nano-dollar further something is); what the limits left
//! open is said to be open.

mod changes;
mod fill;
mod flip;
mod knob;
mod requirements;
mod rivals;
mod why_not;
pub mod wire;
mod words;

pub(super) use changes::moved;
pub use changes::{Difference, Moved};
pub(super) use fill::{moved_of as moved_wire, named};
pub use flip::{Direction, FOLLOWED_TIMES, Flip, Gives, find as find_flip};
pub use knob::{Dial, Knob};
pub use requirements::Binding;
pub use rivals::Rival;
pub use why_not::{Target, Verdict, WhyNot};

use super::{Conflict, ReportError, conflict, search, today};
use crate::app::App;
use crate::catalog::PriceBook;
use crate::policy::Policy;
use crate::problem::lower::{Loose, Lowerer, Options};
use crate::problem::{Assignment, Bill, Choice, Problem};
use crate::solve::{Limits, Prepared};

/// What is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// Only this component of the application, by ordinal; `None`: all.
    pub component: Option<usize>,
    /// Why it is not there, or not that.
    pub why_not: Option<Target>,
}

/// A price and what happens when it moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priced {
    /// Which price.
    pub knob: Knob,
    /// Which way.
    pub direction: Direction,
    /// What happens.
    pub flip: Flip,
}

/// The reasons for what was chosen for a component.
#[derive(Clone, Debug)]
pub struct Reasons {
    /// The component.
    pub component: usize,
    /// What happens when its offer becomes dearer; `None` for what is not bought as one offer.
    pub stays: Option<Priced>,
    /// The best placements with it elsewhere, one for each provider, the cheapest first.
    pub rivals: Vec<Rival>,
}

/// An answer with its reasons. Every assignment in it is one of `problem`.
#[derive(Clone, Debug)]
pub struct Reasoned {
    /// Whether it is proven to be the best. If not, nothing is said about prices.
    pub optimal: bool,
    /// The picked choices.
    pub assignment: Assignment,
    /// Their bill.
    pub bill: Bill,
    /// Component by component.
    pub components: Vec<Reasons>,
    /// What happens when one of the other prices that the bill rests on rises.
    pub prices: Vec<Priced>,
    /// What the requirements cost.
    pub requirements: Vec<Binding>,
    /// Why not something else.
    pub why_not: Vec<WhyNot>,
}

/// What was found.
#[derive(Clone, Debug)]
pub enum Explained {
    /// A placement, with reasons.
    Placed(Box<Reasoned>),
    /// Proof that there is none.
    Infeasible(Conflict),
}

/// An explanation.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The problem, with all choices that any price in question could bring into play.
    pub problem: Problem,
    /// What was found.
    pub outcome: Explained,
}

impl Explanation {
    /// The canonical form, for JSON and for everything that is shown.
    #[must_use]
    pub fn to_wire(&self, book: &PriceBook) -> wire::Explanation {
        fill::explanation(self, book)
    }
}

/// The part of the caller's limits that each of the many solves may use.
const LIMITS_SHARE: u64 = 20;

/// What the parts of an explanation are made from.
struct Source<'a> {
    app: &'a App,
    book: &'a PriceBook,
    policy: &'a Policy,
    limits: Limits<'a>,
    ask: &'a Ask,
}

/// An answer to explain, in the problem that it was found in.
struct Answer<'a> {
    problem: &'a Problem,
    assignment: &'a Assignment,
    bill: &'a Bill,
}

impl Answer<'_> {
    fn picked(&self) -> Vec<&Choice> {
        self.problem.picked(self.assignment)
    }

    /// The variables that are asked about.
    fn asked(&self, ask: &Ask) -> Vec<usize> {
        let mine = |&c: &usize| ask.component.is_none_or(|asked| asked == self.problem.components[c].app_component);
        (0..self.problem.components.len()).filter(mine).collect()
    }
}

/// Explains the recommended placement of an application.
///
/// # Errors
/// [`ReportError`] as for [`super::recommend`].
pub fn explain(
    app: &App,
    book: &PriceBook,
    policy: &Policy,
    limits: &Limits,
    ask: &Ask,
) -> Result<Explanation, ReportError> {
    let source = Source { app, book, policy, limits: limits.share(LIMITS_SHARE), ask };
    let mut loose: Vec<Loose> = ask.why_not.iter().filter_map(Target::loose).collect();
    let lowerer = Lowerer::new(book);
    let problem = lowerer.lower(app, policy, &Options { loose: loose.clone(), ..Options::default() })?;
    let solution = search::solve_allowed(&Prepared::new(&problem), limits, &|_, _| true, None);
    let today = || today::find(app, &lowerer, policy, &problem);
    let Some(super::Found { assignment, bill, optimal, .. }) = super::judge(&problem, limits, solution, today)? else {
        let outcome = Explained::Infeasible(conflict::find(app, book, policy, &problem, limits)?);
        return Ok(Explanation { problem, outcome });
    };
    let answer = Answer { problem: &problem, assignment: &assignment, bill: &bill };
    let (mut rivals, why_not) = match &ask.why_not {
        Some(target) => why_not::answer(&source, &answer, target)?,
        None => (rivals::find(&source, &answer)?, Vec::new()),
    };
    let knobs = knobs_of_answer(&answer, ask);
    let all = knobs.iter().chain(rivals.iter().filter_map(|rival| rival.knob.as_ref()));
    loose.extend(all.filter_map(|knob| knob.loose(|place| problem.places[place].region)));
    let wide = lowerer.lower(app, policy, &Options { loose, ..Options::default() })?;
    let wide_assignment = carry(&problem, &assignment, &wide)?;
    for rival in &mut rivals {
        rival.assignment = carry(&problem, &rival.assignment, &wide)?;
    }
    let wide_answer = Answer { problem: &wide, assignment: &wide_assignment, bill: &bill };
    let followed = follow(&source, &wide_answer, optimal, &knobs, &mut rivals)?;
    let components = if ask.why_not.is_some() { Vec::new() } else { reasons(&wide_answer, ask, &followed, &rivals) };
    let requirements = if ask.why_not.is_none() { requirements::find(&source, &answer)? } else { Vec::new() };
    let mut why_not = why_not;
    why_not::attach(&mut why_not, rivals);
    let (assignment, prices) = (wide_assignment, followed.prices);
    let reasoned = Reasoned { optimal, assignment, bill, components, prices, requirements, why_not };
    Ok(Explanation { problem: wide, outcome: Explained::Placed(Box::new(reasoned)) })
}

fn carry(from: &Problem, assignment: &Assignment, to: &Problem) -> Result<Assignment, ReportError> {
    search::carried(from, assignment, to)
        .ok_or_else(|| ReportError::Internal("a placement is not among the choices of the widened problem".into()))
}

fn reasons(answer: &Answer, ask: &Ask, followed: &Followed, rivals: &[Rival]) -> Vec<Reasons> {
    let of = |component: usize| Reasons {
        component,
        stays: followed.stays.iter().find(|(c, _)| *c == component).map(|(_, priced)| priced.clone()),
        rivals: rivals.iter().filter(|rival| rival.component == component).cloned().collect(),
    };
    answer.asked(ask).into_iter().map(of).collect()
}

/// The prices that the answer rests on, for the components that are asked about. None when the question is why not
/// something else: then only the price of that matters.
fn knobs_of_answer(answer: &Answer, ask: &Ask) -> Vec<Knob> {
    if ask.why_not.is_some() {
        return Vec::new();
    }
    let asked = answer.asked(ask);
    let mut bill = answer.bill.clone();
    bill.lines.retain(|line| line.component.is_none_or(|component| asked.contains(&component)));
    Knob::all(answer.problem, &answer.picked(), &bill)
}

/// What the explanation says about prices.
#[derive(Default)]
struct Followed {
    /// For each component in question, the price of its offer.
    stays: Vec<(usize, Priced)>,
    /// The other prices of the answer.
    prices: Vec<Priced>,
}

/// Follows every price: those of the answer up, those of its rivals down.
fn follow(
    source: &Source,
    answer: &Answer,
    optimal: bool,
    knobs: &[Knob],
    rivals: &mut [Rival],
) -> Result<Followed, ReportError> {
    let of_offer = |knob: &Knob| matches!(knob.dial, Dial::Offer { .. });
    let picked = answer.picked();
    let mut tasks: Vec<(Knob, Direction, Gives)> = Vec::new();
    if source.ask.why_not.is_none() {
        for component in answer.asked(source.ask) {
            let knob = Knob::of_offer(picked[component]).filter(|knob| knob.now > crate::units::Money::ZERO);
            tasks.extend(knob.map(|knob| (knob, Direction::Rises, Gives::Component(component))));
        }
    }
    let tariffs = knobs.iter().filter(|knob| !of_offer(knob));
    tasks.extend(tariffs.map(|knob| (knob.clone(), Direction::Rises, Gives::Answer)));
    let rising = tasks.len();
    let falling = rivals.iter().filter_map(|rival| Some((rival.knob.clone()?, rival.component)));
    tasks.extend(falling.map(|(knob, component)| (knob, Direction::Falls, Gives::Component(component))));
    let task = |at: usize| {
        let (knob, direction, gives) = &tasks[at];
        let follow = || flip::find(answer.problem, (knob, *direction), answer.assignment, *gives, &source.limits);
        let flip = if optimal { follow()? } else { Flip::Open };
        Ok(Priced { knob: knob.clone(), direction: *direction, flip })
    };
    let found: Result<Vec<Priced>, ReportError> = search::shared_out(tasks.len(), &task).into_iter().collect();
    let mut found = found?;
    let mut fallen = found.split_off(rising).into_iter();
    for rival in rivals.iter_mut().filter(|rival| rival.knob.is_some()) {
        rival.takes_over = fallen.next();
    }
    let mut followed = Followed::default();
    for (priced, (_, _, gives)) in found.into_iter().zip(&tasks) {
        match gives {
            Gives::Component(component) => followed.stays.push((*component, priced)),
            Gives::Answer => followed.prices.push(priced),
        }
    }
    Ok(followed)
}
