//! A problem whose prices move: after every tick the proven optimum, certified without a search where possible.
//!
//! # The certificate
//! From the solve stays, for every choice, a *slack*: no assignment with that choice is less than so much above the
//! optimum `z` of that time. Prices of choices have moved since by `d(component, choice)`. Let `gain(c, k)` be
//! `d(c, chosen) - d(c, k)` where that is positive, `G_c` the largest gain of component `c`, and `G` the sum of all `G_c`.
//! An assignment that overtakes the chosen one has some choice `k` with a gain; it was at least `slack(c, k)` above, and
//! all its gains together are at most `gain(c, k) + G - G_c`. So as long as `slack(c, k) >= gain(c, k) + G - G_c` for every
//! choice with a gain, the chosen assignment is the best. A tick touches one choice, and the inequality is kept per
//! component by its least `slack + d`, so that looking at it costs a few additions.

use super::prepared::{Prepared, Request};
use super::{Limits, Restriction, Solution, Status};
use crate::problem::{ChoiceId, ComponentId, PlaceId, Problem};
use crate::units::Money;
use std::collections::BTreeMap;
use thiserror::Error;

/// A changed price: what a choice costs a month from now on, apart from traffic (all its charges together).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// The component.
    pub component: ComponentId,
    /// Its choice.
    pub choice: ChoiceId,
    /// The new [`crate::problem::Choice::cost`].
    pub cost: Money,
}

/// What ticks did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clearing {
    /// The assignment is still the best, proven without a search. Its objective may have moved with its own prices.
    Certified,
    /// Searched anew, from the known answer: see [`Session::solution`].
    Cleared,
}

/// Why a tick was refused. Nothing has changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TickError {
    /// There is no such choice.
    #[error("component {component} has no choice {choice}")]
    NoChoice {
        /// The component.
        component: ComponentId,
        /// The choice.
        choice: ChoiceId,
    },
    /// A price below zero.
    #[error("choice {choice} of component {component} cannot cost {cost}: a price is not below zero")]
    Negative {
        /// The component.
        component: ComponentId,
        /// The choice.
        choice: ChoiceId,
        /// The price.
        cost: Money,
    },
}

/// What is known about a component for the certificate.
#[derive(Clone, Copy, Debug, Default)]
struct Watch {
    /// How much dearer the chosen choice has become.
    chosen: i128,
    /// At most the least `slack + d` of the other choices.
    guard: i128,
    /// At most the least `d` of the other choices.
    fall: i128,
}

impl Watch {
    /// The largest gain of any choice over the chosen one.
    fn gain(self) -> i128 {
        (self.chosen - self.fall).max(0)
    }
}

/// Choices that buy one offer.
type Buyers = Vec<(ComponentId, ChoiceId)>;

/// A problem, its prices as they stand, and its proven optimum.
///
/// Ticks address choices of the problem. Offers that lowering left out, because another at the same place was never
/// dearer, are not among them: when prices move so far that one of those could win, lower the application again.
pub struct Session<'p> {
    prepared: Prepared<'p>,
    limits: Limits<'p>,
    solution: Solution,
    /// What every choice costs now.
    costs: Vec<Vec<i128>>,
    /// What every choice cost at the last search.
    base: Vec<Vec<i128>>,
    /// Slack of every choice at the last search.
    slack: Vec<Vec<i128>>,
    watches: Vec<Watch>,
    /// Choices by place and offer.
    offers: BTreeMap<PlaceId, BTreeMap<&'p str, Buyers>>,
}

impl<'p> Session<'p> {
    /// Solves a problem and prepares for ticks.
    #[must_use]
    pub fn new(problem: &'p Problem, limits: &Limits<'p>) -> Self {
        let nanos = |component: &crate::problem::Component| {
            component.choices.iter().map(|choice| i128::from(choice.cost.nanos())).collect()
        };
        let costs: Vec<Vec<i128>> = problem.components.iter().map(nanos).collect();
        let mut offers: BTreeMap<PlaceId, BTreeMap<&str, Buyers>> = BTreeMap::new();
        for (c, component) in problem.components.iter().enumerate() {
            for (k, choice) in component.choices.iter().enumerate() {
                offers.entry(choice.place).or_default().entry(choice.offer.as_str()).or_default().push((c, k));
            }
        }
        let prepared = Prepared::new(problem);
        let solution = prepared.solve(&Request { limits: *limits, ..Request::default() });
        let (base, slack) = (costs.clone(), Vec::new());
        let mut session = Self { prepared, limits: *limits, solution, costs, base, slack, watches: Vec::new(), offers };
        session.watch();
        session
    }

    /// The answer at the prices as they stand.
    #[must_use]
    pub fn solution(&self) -> &Solution {
        &self.solution
    }

    /// What a choice costs now.
    #[must_use]
    pub fn cost(&self, component: ComponentId, choice: ChoiceId) -> Option<Money> {
        let nanos = *self.costs.get(component)?.get(choice)?;
        Some(Money::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX)))
    }

    /// The choices that buy an offer at a place: whom a tick of its price concerns.
    #[must_use]
    pub fn choices_of(&self, place: PlaceId, offer: &str) -> &[(ComponentId, ChoiceId)] {
        self.offers.get(&place).and_then(|here| here.get(offer)).map_or(&[], Vec::as_slice)
    }

    /// By how much a choice must become cheaper, all else as it stands, before the answer may change; more cannot be
    /// said without a search. `None` for a chosen one, and without a proven answer.
    #[must_use]
    pub fn room(&self, component: ComponentId, choice: ChoiceId) -> Option<Money> {
        if !self.certifies() || self.solution.assignment.get(component) == Some(&choice) {
            return None;
        }
        let moved = self.costs.get(component)?.get(choice)? - self.base[component][choice];
        let gains = self.gains();
        let own = self.watches[component];
        let room = self.slack[component][choice] + moved - own.chosen - (gains - own.gain());
        // What this choice gains counts against the others that have gained.
        let others = self.watches.iter().enumerate().filter(|(c, w)| *c != component && w.gain() > 0);
        let others = others.map(|(_, w)| w.guard - w.chosen - (gains - w.gain())).min();
        let room = room.min(others.unwrap_or(i128::MAX));
        Some(Money::from_nanos(i64::try_from(room.max(0)).unwrap_or(i64::MAX)))
    }

    /// Applies one changed price.
    ///
    /// # Errors
    /// [`TickError`]; then nothing has changed.
    pub fn tick(&mut self, tick: Tick) -> Result<Clearing, TickError> {
        self.apply(&[tick])
    }

    /// Applies changed prices at once, then clears once.
    ///
    /// # Errors
    /// [`TickError`]; then nothing has changed.
    pub fn apply(&mut self, ticks: &[Tick]) -> Result<Clearing, TickError> {
        for &Tick { component, choice, cost } in ticks {
            if self.costs.get(component).is_none_or(|costs| choice >= costs.len()) {
                return Err(TickError::NoChoice { component, choice });
            }
            if cost < Money::ZERO {
                return Err(TickError::Negative { component, choice, cost });
            }
        }
        let mut sound = self.certifies();
        for tick in ticks {
            sound &= self.note(tick);
        }
        if sound && self.holds() {
            return Ok(Clearing::Certified);
        }
        if self.certifies() {
            // What was kept while prices went back and forth is on the safe side; look closely before searching.
            self.refresh();
            if sound && self.holds() {
                return Ok(Clearing::Certified);
            }
        }
        self.clear();
        Ok(Clearing::Cleared)
    }

    /// Takes over a price. False: the answer cannot be certified after it.
    fn note(&mut self, tick: &Tick) -> bool {
        let (c, k) = (tick.component, tick.choice);
        let cost = i128::from(tick.cost.nanos());
        let change = cost - std::mem::replace(&mut self.costs[c][k], cost);
        let Some(watch) = self.watches.get_mut(c) else { return false };
        if self.solution.assignment.get(c) == Some(&k) {
            watch.chosen += change;
            self.solution.objective += change;
            self.solution.lower_bound += change;
        } else if change < 0 {
            let moved = cost - self.base[c][k];
            watch.guard = watch.guard.min(self.slack[c][k] + moved);
            watch.fall = watch.fall.min(moved);
        }
        // A budget allows other assignments at other prices.
        self.prepared.problem().budget.is_none()
    }

    fn certifies(&self) -> bool {
        !self.watches.is_empty()
    }

    fn gains(&self) -> i128 {
        self.watches.iter().map(|watch| watch.gain()).sum()
    }

    /// The certificate.
    fn holds(&self) -> bool {
        let gains = self.gains();
        self.watches.iter().all(|w| w.gain() == 0 || w.guard - w.chosen >= gains - w.gain())
    }

    /// Works out guards and falls exactly.
    fn refresh(&mut self) {
        for (c, watch) in self.watches.iter_mut().enumerate() {
            (watch.guard, watch.fall) = (i128::MAX >> 2, 0);
            let chosen = self.solution.assignment[c];
            for (k, (&cost, (&base, &slack))) in
                self.costs[c].iter().zip(self.base[c].iter().zip(&self.slack[c])).enumerate()
            {
                if k != chosen && slack < i128::MAX >> 2 {
                    watch.guard = watch.guard.min(slack + cost - base);
                    watch.fall = watch.fall.min(cost - base);
                }
            }
        }
    }

    /// Searches at the prices as they stand.
    fn clear(&mut self) {
        for (component, costs) in self.costs.iter().enumerate() {
            self.prepared.set_costs(component, costs);
        }
        self.prepared.rescale();
        let known = std::mem::take(&mut self.solution.assignment);
        self.solution = if self.prepared.problem().groups.is_empty() {
            self.prepared.solve(&Request { limits: self.limits, warm: Some(&known), ..Request::default() })
        } else {
            super::solve_with(&self.repriced(), &self.limits, &Restriction::default(), Some(&known))
        };
        self.base.clone_from(&self.costs);
        self.watch();
    }

    /// The problem at the prices as they stand, as a draft: choices whose price moved have no charges.
    fn repriced(&self) -> Problem {
        let mut problem = self.prepared.problem().clone();
        for (component, costs) in problem.components.iter_mut().zip(&self.costs) {
            for (choice, &cost) in component.choices.iter_mut().zip(costs) {
                if cost != i128::from(choice.cost.nanos()) {
                    choice.cost = Money::from_nanos(i64::try_from(cost).unwrap_or(i64::MAX));
                    choice.charges.clear();
                }
            }
        }
        problem
    }

    /// Takes stock after a search.
    fn watch(&mut self) {
        self.watches.clear();
        // Shared machines couple prices beyond what slacks of single choices say.
        if self.solution.status != Status::Optimal || !self.prepared.problem().groups.is_empty() {
            return;
        }
        self.slack = self.prepared.slacks(&self.solution);
        self.watches.resize(self.costs.len(), Watch::default());
        self.refresh();
    }
}
