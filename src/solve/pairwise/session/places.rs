//! Places that come and go.
//!
//! A place is out when its price says so, or when it goes with no place of some neighbour that is in. The second kind comes
//! back with any place that it goes with: whether it is of use then shows by itself.

use super::super::cell::Cell;
use super::super::network::{FORBIDDEN, Network};
use super::dual::Dual;
use super::lines;

/// How often a component is put to its best place at most.
const DESCENTS_MAX: u32 = 8;

impl Dual {
    /// Takes a place out that is not picked.
    pub(super) fn depart(&mut self, component: usize, place: usize) {
        self.u[self.at[component] + place] = i64::TOP;
        for near in &self.near[component] {
            self.p[near.mine + place] = i64::TOP;
        }
        self.look(component);
    }

    /// Brings in a place that was out, at its price, and the places that had been out only for want of one like it.
    pub(super) fn arrive(&mut self, network: &Network, component: usize, place: usize) {
        let mut open = vec![(component, place)];
        while let Some((component, place)) = open.pop() {
            let cost = network.unary()[component][place];
            if self.u[self.at[component] + place] < i64::HALF || cost >= FORBIDDEN {
                continue;
            }
            let mut paid = 0;
            for slot in 0..self.near[component].len() {
                let near = self.near[component][slot];
                let others = self.at[near.other + 1] - self.at[near.other];
                let cells = self.lines.get(network, &near, place);
                let theirs = &self.p[near.theirs..near.theirs + others];
                let held = cells.iter().zip(theirs).map(|(cell, paid)| cell + paid).min().unwrap_or(i64::TOP);
                let held = if held < i64::HALF { held } else { 0 };
                self.p[near.mine + place] = -held;
                paid -= held;
                let out = &self.u[self.at[near.other]..self.at[near.other + 1]];
                let back = cells
                    .iter()
                    .zip(out)
                    .enumerate()
                    .filter(|(_, (cell, out))| **cell < i64::HALF && **out >= i64::HALF);
                open.extend(back.map(|(other, _)| (near.other, other)));
            }
            self.u[self.at[component] + place] = cost + self.lead[component] - paid;
            self.look(component);
        }
    }

    /// Takes the potentials of places that are out.
    pub(super) fn mark_out(&mut self, component: usize) {
        for place in 0..self.at[component + 1] - self.at[component] {
            if self.u[self.at[component] + place] >= i64::HALF {
                for near in &self.near[component] {
                    self.p[near.mine + place] = i64::TOP;
                }
            }
        }
    }

    /// Where a component costs least beside the others, its pick apart; `None` when nothing else is allowed.
    pub(super) fn best_beside(&self, network: &Network, component: usize) -> Option<usize> {
        let mut costs = Vec::new();
        self.costs_beside(network, component, &self.pick, &mut costs);
        costs[self.pick[component]] = i64::TOP;
        (0..costs.len()).filter(|&place| costs[place] < i64::HALF).min_by_key(|&place| (costs[place], place))
    }

    /// What each place of a component costs beside the others at some places; [`Cell::HALF`] and more when not allowed.
    fn costs_beside(&self, network: &Network, component: usize, places: &[usize], costs: &mut Vec<i64>) {
        costs.clear();
        costs.extend_from_slice(self.costs(component));
        let arch = self.lines.arch();
        for slot in 0..self.near[component].len() {
            let back = self.near[component][slot].back(component);
            let theirs = places[self.near[component][slot].other];
            let cells = self.lines.get(network, &back, theirs);
            let mine = &self.p[back.theirs..back.theirs + costs.len()];
            lines::add(arch, cells, mine, self.p[back.mine + theirs], i64::TOP, costs);
        }
    }

    /// Puts components to their best places, one at a time, until no single change helps or all had their turn often.
    pub(super) fn descend(&self, network: &Network, components: &[usize], places: &mut [usize]) {
        let mut costs = Vec::new();
        let mut stale = vec![true; places.len()];
        for _ in 0..DESCENTS_MAX {
            let mut moved = false;
            for &component in components {
                if !std::mem::take(&mut stale[component]) {
                    continue;
                }
                self.costs_beside(network, component, places, &mut costs);
                let best = (0..costs.len()).min_by_key(|&place| costs[place]).unwrap_or(0);
                if costs[best] < costs[places[component]] {
                    places[component] = best;
                    moved = true;
                    for near in &self.near[component] {
                        stale[near.other] = true;
                    }
                }
            }
            if !moved {
                break;
            }
        }
    }
}
