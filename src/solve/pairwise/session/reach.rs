//! Which components could move together to something better.
//!
//! A better assignment differs from the present one in sets of connected components, each of which could move on its own,
//! since what they change adds up. Such a set gains at most the gaps of its components and of their pairs, and each of its
//! components pays at least the step to its next place. So whoever is cut off from a component by steps that add up to all
//! gaps within its reach does not move with it, and gaps that are not within reach do not count.

use super::dual::Dual;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The components that could move together with one of them, and what that could gain at most.
#[derive(Debug, Default)]
pub(super) struct Reach {
    pub(super) members: Vec<usize>,
    pub(super) gap: i64,
    /// Per component the steps on the way from the root, itself included; at least the gap when it is not within reach.
    steps: Vec<i64>,
    /// Per component, once it moves, the steps until something is next to what moves that has a gap.
    onward: Vec<i64>,
    /// Components with the steps to them, the nearest first.
    queue: BinaryHeap<Reverse<(i64, usize)>>,
}

impl Reach {
    /// Whether a component could move.
    pub(super) fn has(&self, component: usize) -> bool {
        self.steps[component] < self.gap
    }

    /// What is paid at least, once a component moves, until the next gap is touched.
    pub(super) fn onward(&self, component: usize) -> i64 {
        self.onward[component]
    }

    /// Everybody.
    pub(super) fn everywhere(&mut self, dual: &Dual) {
        self.members.clear();
        self.members.extend(0..dual.pick.len());
    }

    /// What could move together with the root.
    pub(super) fn around(&mut self, dual: &Dual, root: usize) {
        self.gap = dual.gap;
        self.members.clear();
        if dual.step_of(root) >= self.gap {
            self.gap = 0;
            return;
        }
        self.spread(dual, root);
        loop {
            let gap = self.gaps(dual);
            if gap >= self.gap {
                break;
            }
            self.gap = gap;
            let steps = &self.steps;
            self.members.retain(|&member| steps[member] < gap);
            if self.members.is_empty() {
                return;
            }
        }
        self.look_onward(dual);
    }

    /// Collects what is reached from the root by steps below the gap.
    fn spread(&mut self, dual: &Dual, root: usize) {
        self.steps.clear();
        self.steps.resize(dual.pick.len(), i64::MAX);
        self.steps[root] = dual.step_of(root);
        self.queue.push(Reverse((self.steps[root], root)));
        self.members.push(root);
        while let Some(Reverse((steps, component))) = self.queue.pop() {
            if steps > self.steps[component] {
                continue;
            }
            for near in &dual.near[component] {
                let steps = self.steps[component] + dual.step_of(near.other);
                if steps < self.gap && steps < self.steps[near.other] {
                    if self.steps[near.other] == i64::MAX {
                        self.members.push(near.other);
                    }
                    self.steps[near.other] = steps;
                    self.queue.push(Reverse((steps, near.other)));
                }
            }
        }
    }

    /// The gaps of the members and of their pairs.
    fn gaps(&self, dual: &Dual) -> i64 {
        let mut gap = 0;
        for &member in &self.members {
            gap += dual.gap_of(member);
            let mine = dual.near[member].iter().filter(|near| near.other > member || !self.has(near.other));
            gap += mine.map(|near| dual.rest[near.pair]).sum::<i64>();
        }
        gap
    }

    fn look_onward(&mut self, dual: &Dual) {
        self.onward.clear();
        self.onward.resize(dual.pick.len(), self.gap);
        let tied = |component: usize| {
            dual.gap_of(component) > 0 || dual.near[component].iter().any(|near| dual.rest[near.pair] > 0)
        };
        for &member in &self.members {
            if tied(member) {
                for near in &dual.near[member] {
                    if self.onward[near.other] > 0 {
                        self.onward[near.other] = 0;
                        self.queue.push(Reverse((0, near.other)));
                    }
                }
            }
        }
        // From the gaps outwards: whoever moves next to one that moves pays its own step first.
        while let Some(Reverse((onward, component))) = self.queue.pop() {
            if onward > self.onward[component] {
                continue;
            }
            let steps = onward.saturating_add(dual.step_of(component));
            for near in &dual.near[component] {
                if steps < self.onward[near.other] {
                    self.onward[near.other] = steps;
                    self.queue.push(Reverse((steps, near.other)));
                }
            }
        }
    }
}
