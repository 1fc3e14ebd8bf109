//! Messages over all places of some components next to each other: dearer than a lift, but they level out everything.

use super::super::cell::Cell;
use super::super::core::{Scratch, Shape, State};
use super::super::network::Network;
use super::dual::Dual;
use std::borrow::Cow;

/// Components next to each other.
#[derive(Debug, Default)]
pub(super) struct Ball {
    members: Vec<usize>,
    slot_of: Vec<usize>,
    scratch: Scratch<i64>,
}

/// A pair within, and where its potentials stand outside.
type Inner = (usize, usize);

impl Ball {
    /// The components around a root, as many as share tables of so many cells.
    pub(super) fn around(&mut self, network: &Network, dual: &Dual, root: usize, cells_max: usize) {
        self.slot_of.clear();
        self.slot_of.resize(dual.pick.len(), usize::MAX);
        self.members.clear();
        self.members.push(root);
        self.slot_of[root] = 0;
        let (mut next, mut cells) = (0, 0);
        while let Some(&member) = self.members.get(next) {
            next += 1;
            for near in &dual.near[member] {
                if self.slot_of[near.other] != usize::MAX {
                    continue;
                }
                let inner = dual.near[near.other].iter().filter(|near| self.slot_of[near.other] != usize::MAX);
                let more: usize = inner.map(|near| network.pairs()[near.pair].table.len()).sum();
                if cells + more <= cells_max {
                    cells += more;
                    self.slot_of[near.other] = self.members.len();
                    self.members.push(near.other);
                }
            }
        }
    }

    /// A round of messages among the members; false when it showed that nothing is allowed, and nothing has changed.
    pub(super) fn settle(&mut self, network: &Network, dual: &mut Dual) -> bool {
        self.members.sort_unstable();
        for (slot, &member) in self.members.iter().enumerate() {
            self.slot_of[member] = slot;
        }
        let (shape, inner) = self.shape(network, dual);
        let costs = |&member: &usize| {
            let least = dual.least(member);
            dual.costs(member).iter().map(move |&cost| if cost < i64::HALF { cost - least } else { i64::TOP })
        };
        let least: i64 = self.members.iter().map(|&member| dual.least(member)).sum();
        let mut state = shape.start(0, self.members.iter().flat_map(costs).collect());
        for (edge, &(pa, pb)) in shape.edges.iter().zip(&inner) {
            let (a, b) = (shape.size(edge.a), shape.size(edge.b));
            state.p[edge.at_a..edge.at_a + a].copy_from_slice(&dual.p[pa..pa + a]);
            state.p[edge.at_b..edge.at_b + b].copy_from_slice(&dual.p[pb..pb + b]);
        }
        if self.round(&shape, &mut state).is_none() {
            return false;
        }
        for (slot, &member) in self.members.iter().enumerate() {
            let (at, costs) = (dual.at[member], shape.costs(&state, slot));
            dual.u[at..at + costs.len()].copy_from_slice(costs);
        }
        for (edge, &(pa, pb)) in shape.edges.iter().zip(&inner) {
            let (a, b) = (shape.size(edge.a), shape.size(edge.b));
            dual.p[pa..pa + a].copy_from_slice(&state.p[edge.at_a..edge.at_a + a]);
            dual.p[pb..pb + b].copy_from_slice(&state.p[edge.at_b..edge.at_b + b]);
        }
        // A place that goes with nothing is out in every pair.
        for &member in &self.members {
            dual.mark_out(member);
        }
        dual.moved(network, &self.members, least + state.c0);
        true
    }

    fn round(&mut self, shape: &Shape<'_, i64>, state: &mut State<i64>) -> Option<()> {
        shape.sweep(state, &mut self.scratch, i64::HALF, true).ok()?;
        shape.sweep(state, &mut self.scratch, i64::HALF, false).ok()?;
        shape.collect(state, &mut self.scratch, i64::HALF).ok()
    }

    /// The members and the pairs among them, on the network's own tables.
    fn shape<'n>(&self, network: &'n Network, dual: &Dual) -> (Shape<'n, i64>, Vec<Inner>) {
        let sizes: Vec<usize> = self.members.iter().map(|&member| dual.costs(member).len()).collect();
        let (mut tables, mut inner) = (Vec::new(), Vec::new());
        for (slot, &member) in self.members.iter().enumerate() {
            for near in dual.near[member].iter().filter(|near| near.rows && self.slot_of[near.other] != usize::MAX) {
                let table = network.pairs()[near.pair].table.as_slice();
                tables.push((slot, self.slot_of[near.other], Cow::Borrowed(table)));
                inner.push((near.mine, near.theirs));
            }
        }
        (Shape::new(&sizes, tables), inner)
    }
}
