//! Where the market for one application clears: a session that is gone on with as long as nothing but prices has changed, and
//! begun anew where offers, rules or traffic have.
//!
//! Invariant: the answer is always that of the last problem that was followed. What is compared is the whole problem but what
//! its choices cost, so that no change can slip past a session that knows prices only.

use super::{Clearing, Limits, Session, Solution, Tick};
use crate::problem::{Choice, ChoiceId, Component, ComponentId, Problem};
use crate::units::Money;

self_cell::self_cell!(
    /// A problem and the session over it.
    struct Open {
        owner: Problem,
        #[covariant]
        dependent: Session,
    }
);

/// How a problem was followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Followed {
    /// Solved from scratch: it is the first, or another one than before.
    Opened,
    /// The answer stays, proven without a search.
    Certified,
    /// Searched anew, from what was known.
    Cleared,
}

impl Followed {
    /// The word for people and machines.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Certified => "certified",
            Self::Cleared => "cleared",
        }
    }
}

/// A component's lot, as it was cleared. Choices are of the problem that was followed last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lot {
    /// Who has won.
    pub winner: ChoiceId,
    /// Who is nearest to winning, and by how much it must become cheaper, all else as it stands, before the answer may
    /// change; `None`: there is nobody else, or the answer is not proven.
    pub runner_up: Option<(ChoiceId, Money)>,
}

/// A place at which an application's market clears, again and again.
pub struct Floor {
    open: Option<Open>,
    limits: Limits<'static>,
}

impl Floor {
    /// A floor on which nothing was cleared yet. Searches are not cancelled from outside; their other limits hold.
    #[must_use]
    pub fn new(limits: &Limits<'_>) -> Self {
        let Limits { nodes_max, work_max, bytes_max, .. } = *limits;
        Self { open: None, limits: Limits { nodes_max, work_max, bytes_max, cancelled: None } }
    }

    /// Clears the market at a problem's prices.
    pub fn follow(&mut self, next: &Problem) -> Followed {
        let ticks = self.open.as_ref().and_then(|open| {
            let ticks = || ticks(open.borrow_dependent(), next);
            same_but_for_prices(open.borrow_owner(), next).then(ticks)
        });
        if let (Some(open), Some(ticks)) = (&mut self.open, ticks) {
            match open.with_dependent_mut(|_, session| session.apply(&ticks)) {
                Ok(Clearing::Certified) => return Followed::Certified,
                Ok(Clearing::Cleared) => return Followed::Cleared,
                // A price below zero is none that a session follows; the solver says what becomes of it.
                Err(_) => {}
            }
        }
        let limits = self.limits;
        self.open = Some(Open::new(next.clone(), |problem| Session::new(problem, &limits)));
        Followed::Opened
    }

    /// The answer to the problem that was followed last; `None`: there was none.
    #[must_use]
    pub fn solution(&self) -> Option<&Solution> {
        self.open.as_ref().map(|open| open.borrow_dependent().solution())
    }

    /// The lots, one for each component; none without a placement.
    #[must_use]
    pub fn lots(&self) -> Vec<Lot> {
        let Some(open) = &self.open else { return Vec::new() };
        let (problem, session) = (open.borrow_owner(), open.borrow_dependent());
        let lot = |(component, winner): (ComponentId, &ChoiceId)| {
            let choices = 0..problem.components[component].choices.len();
            let rooms = choices.filter_map(|choice| Some((session.room(component, choice)?, choice)));
            Lot { winner: *winner, runner_up: rooms.min().map(|(room, choice)| (choice, room)) }
        };
        session.solution().assignment.iter().enumerate().map(lot).collect()
    }
}

/// What costs another sum than a session has it.
fn ticks(session: &Session<'_>, next: &Problem) -> Vec<Tick> {
    let of = |(component, variable): (ComponentId, &Component)| {
        let changed = variable.choices.iter().enumerate().filter_map(move |(choice, picked)| {
            let tick = Tick { component, choice, cost: picked.cost };
            (session.cost(component, choice) != Some(picked.cost)).then_some(tick)
        });
        changed.collect::<Vec<_>>()
    };
    next.components.iter().enumerate().flat_map(of).collect()
}

/// Whether two problems differ in nothing but what choices cost.
fn same_but_for_prices(a: &Problem, b: &Problem) -> bool {
    let choice = |(a, b): (&Choice, &Choice)| {
        a.place == b.place
            && a.offer == b.offer
            && (a.purchase, a.count, a.form, a.host) == (b.purchase, b.count, b.form, b.host)
            && (&a.above, &a.needs, &a.included) == (&b.above, &b.needs, &b.included)
            && (a.active_zones, a.today) == (b.active_zones, b.today)
    };
    let component = |(a, b): (&Component, &Component)| {
        (&a.name, a.app_component, a.choices.len()) == (&b.name, b.app_component, b.choices.len())
            && a.choices.iter().zip(&b.choices).all(choice)
    };
    let bare = |problem: &Problem| Problem { components: Vec::new(), ..problem.clone() };
    a.components.len() == b.components.len()
        && a.components.iter().zip(&b.components).all(component)
        && bare(a) == bare(b)
}
