//! Everything that could be better, by the search that solves from scratch: what costs less above the least of its
//! component than the gap is few places, and the messages are there.

use super::super::cell::Cell;
use super::super::core::{Shape, State};
use super::super::network::Network;
use super::super::part::Part;
use super::super::search::Search;
use super::super::{Effort, Limits};
use super::dual::Dual;
use std::borrow::Cow;

/// What the search found.
pub(super) struct Best {
    /// The best assignment.
    pub(super) assignment: Vec<usize>,
    pub(super) nodes: u64,
}

/// The best of all assignments; `None` when the limits ended the search.
pub(super) fn search(network: &Network, dual: &Dual, limits: &Limits<'_>) -> Option<Best> {
    let (part, mut state) = part_of(network, dual);
    let components: Vec<usize> = (0..network.components()).collect();
    let pairs: Vec<usize> = (0..network.pairs().len()).collect();
    let mut effort = Effort::default();
    let found = Search::new(network, &components, &pairs, limits, &mut effort)
        .with(network.cost(&dual.pick)?, dual.pick.clone())
        .run_in(&part, &mut state);
    let best = found.best.filter(|_| found.open.is_none());
    best.map(|(_, assignment)| Best { assignment, nodes: effort.nodes })
}

/// The places below the gap as a problem of its own.
fn part_of(network: &Network, dual: &Dual) -> (Part<'static, i64>, State<i64>) {
    let count = dual.pick.len();
    let gap = dual.gap;
    let below = |component: usize| {
        let (least, pick) = (dual.least(component), dual.pick[component]);
        let costs = dual.costs(component).iter().enumerate();
        costs.filter(|&(place, &cost)| place == pick || cost - least < gap).map(|(place, _)| place).collect::<Vec<_>>()
    };
    let mut components: Vec<usize> = (0..count).collect();
    // As from scratch: who has many neighbours comes first.
    components.sort_by_key(|&component| (std::cmp::Reverse(dual.near[component].len()), component));
    let places: Vec<Vec<usize>> = components.iter().map(|&component| below(component)).collect();
    let mut slot_of = vec![0; count];
    for (slot, &component) in components.iter().enumerate() {
        slot_of[component] = slot;
    }
    let mut tables = Vec::with_capacity(network.pairs().len());
    for (a, &component) in components.iter().enumerate() {
        for slot in 0..dual.near[component].len() {
            let near = dual.near[component][slot];
            let b = slot_of[near.other];
            if b < a {
                continue;
            }
            let mut table = Vec::with_capacity(places[a].len() * places[b].len());
            for &mine in &places[a] {
                let paid = dual.p[near.mine + mine];
                let cells = dual.lines.get(network, &near, mine);
                let theirs = &dual.p[near.theirs..near.theirs + cells.len()];
                let rest = |&other: &usize| {
                    if cells[other] < i64::HALF { cells[other] + paid + theirs[other] } else { i64::TOP }
                };
                table.extend(places[b].iter().map(rest));
            }
            tables.push((a, b, Cow::Owned(table)));
        }
    }
    let sizes: Vec<usize> = places.iter().map(Vec::len).collect();
    let shape = Shape::new(&sizes, tables);
    let above = |(slot, &component): (usize, &usize)| {
        let least = dual.least(component);
        places[slot].iter().map(|&place| dual.costs(component)[place] - least).collect::<Vec<_>>()
    };
    let costs = components.iter().enumerate().flat_map(above).collect();
    let state = shape.start(0, costs);
    let base = dual.bound();
    (Part { shape, components, places, fixed: Vec::new(), steps: Vec::new(), base, unit: 1 }, state)
}
