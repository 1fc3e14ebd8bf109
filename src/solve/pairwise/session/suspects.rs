//! Components of which one must move in anything better than the assignment at hand.

use super::dual::Dual;
use super::rest::Moved;

/// See the module.
#[derive(Debug)]
pub(super) struct Suspects {
    components: Vec<usize>,
    /// Whether nothing but one component was changed, and that only in price or by a new place.
    single: bool,
    /// Then the places of which it must be at one in anything better; of no meaning when its pick has become dearer.
    cheaper: Vec<usize>,
    dearer: bool,
}

impl Default for Suspects {
    fn default() -> Self {
        Self { components: Vec::new(), single: true, cheaper: Vec::new(), dearer: false }
    }
}

impl Suspects {
    /// Nothing is suspected.
    pub(super) fn forget(&mut self) {
        self.components.clear();
        self.cheaper.clear();
        (self.single, self.dearer) = (true, false);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.components.is_empty()
    }

    /// Each once, in order.
    pub(super) fn sorted(&mut self) -> &[usize] {
        self.components.sort_unstable();
        self.components.dedup();
        &self.components
    }

    pub(super) fn last(&self) -> Option<usize> {
        self.components.last().copied()
    }

    /// The last one is cleared.
    pub(super) fn pop(&mut self) {
        self.components.pop();
    }

    /// All are.
    pub(super) fn clear(&mut self) {
        self.components.clear();
    }

    /// Something with this component moved may be better: to a place that is cheaper now or new, or to any.
    pub(super) fn add(&mut self, component: usize, place: Option<usize>) {
        self.cheaper.extend(place);
        self.dearer |= place.is_none();
        if self.components.last() != Some(&component) {
            self.single &= self.components.is_empty();
            self.components.push(component);
        }
    }

    /// This component was moved for another reason than that it was the best.
    pub(super) fn add_around(&mut self, dual: &Dual, component: usize) {
        self.single = false;
        self.components.push(component);
        self.components.extend(dual.near[component].iter().map(|near| near.other));
    }

    /// Others may have been moved.
    pub(super) fn widen(&mut self) {
        self.single = false;
    }

    /// Whether the best with the suspect moved is the best of all.
    pub(super) fn is_single(&self) -> bool {
        self.single
    }

    /// The places of which the only suspect must be at one in anything better; none when that may be any.
    pub(super) fn only(&self) -> Option<&[usize]> {
        (self.single && !self.dearer).then_some(self.cheaper.as_slice())
    }

    /// The only suspect.
    pub(super) fn moved(&self) -> Moved<'_> {
        self.components.first().filter(|_| self.single).map(|&suspect| (suspect, self.only()))
    }
}
