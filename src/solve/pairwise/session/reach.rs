//! Which components could move together to something better.
//!
//! A better assignment differs from the present one in sets of connected components, each of which could move on its own,
//! since what they change adds up. Such a set gains at most the gaps of its components and of their pairs, and each of its
//! components pays at least the step to its next place. So a component whose step is as large as all gaps within reach
//! stays, and those that it cuts off have less within their reach.

use super::dual::Dual;

/// The components that could move together with one of them, and what that could gain at most.
#[derive(Debug, Default)]
pub(super) struct Reach {
    pub(super) members: Vec<usize>,
    pub(super) gap: i64,
    within: Vec<bool>,
}

impl Reach {
    /// Whether a component could move.
    pub(super) fn has(&self, component: usize) -> bool {
        self.within[component]
    }

    /// What could move together with the root.
    pub(super) fn around(&mut self, dual: &Dual, root: usize) {
        self.within.resize(dual.pick.len(), false);
        self.gap = dual.gap;
        loop {
            for &member in &self.members {
                self.within[member] = false;
            }
            self.members.clear();
            if dual.step_of(root) >= self.gap {
                self.gap = 0;
                return;
            }
            let gap = self.spread(dual, root);
            if gap >= self.gap {
                return;
            }
            self.gap = gap;
        }
    }

    /// Collects what is connected to the root by components that could gain; gives their gaps.
    fn spread(&mut self, dual: &Dual, root: usize) -> i64 {
        self.within[root] = true;
        self.members.push(root);
        let (mut next, mut gap, mut inner) = (0, 0, 0);
        while let Some(&member) = self.members.get(next) {
            next += 1;
            gap += dual.gap_of(member);
            for near in &dual.near[member] {
                let other = near.other;
                if !self.within[other] && dual.step_of(other) < self.gap {
                    self.within[other] = true;
                    self.members.push(other);
                }
                if self.within[other] {
                    // Met from both ends.
                    inner += dual.rest[near.pair];
                } else {
                    gap += dual.rest[near.pair];
                }
            }
        }
        gap + inner / 2
    }
}
