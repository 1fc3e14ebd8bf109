//! What a caller may ask on top of the problem.

use crate::problem::{Choice, ChoiceId, ComponentId};
use std::fmt;

/// Whether a choice of a component may be picked.
pub type Allows<'a> = &'a dyn Fn(ComponentId, ChoiceId, &Choice) -> bool;

/// Limits the assignments that a solve looks at.
///
/// ```
/// use placer::solve::Restriction;
/// // Runner-up: component 2 somewhere else than at place 7.
/// let elsewhere = |component, _, choice: &placer::problem::Choice| component != 2 || choice.place != 7;
/// let restriction = Restriction::allowing(&elsewhere);
/// assert!(restriction.stop_above.is_none());
/// ```
#[derive(Clone, Copy, Default)]
pub struct Restriction<'a> {
    /// Which choices may be picked; `None`: all.
    pub allows: Option<Allows<'a>>,
    /// Only assignments whose objective is **below** this are looked for. When there is none, the answer is
    /// [`super::Status::Infeasible`] with this value as its lower bound.
    pub stop_above: Option<i128>,
}

impl<'a> Restriction<'a> {
    /// Only these choices.
    #[must_use]
    pub fn allowing(allows: Allows<'a>) -> Self {
        Self { allows: Some(allows), stop_above: None }
    }

    /// Only assignments with an objective below `value`.
    #[must_use]
    pub fn below(self, value: i128) -> Self {
        Self { stop_above: Some(value), ..self }
    }

    pub(super) fn allows(&self, component: ComponentId, ordinal: ChoiceId, choice: &Choice) -> bool {
        self.allows.is_none_or(|allows| allows(component, ordinal, choice))
    }
}

impl fmt::Debug for Restriction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let allows = self.allows.map(|_| "some");
        f.debug_struct("Restriction").field("allows", &allows).field("stop_above", &self.stop_above).finish()
    }
}
