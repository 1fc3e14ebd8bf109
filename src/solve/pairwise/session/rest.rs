//! Everything that could be better, by the search that solves from scratch: what costs less above the least of its
//! component than the gap is few places, and the messages are there.

use super::super::core::{Shape, State};
use super::super::network::Network;
use super::super::part::Part;
use super::super::search::Search;
use super::super::threads;
use super::super::{Effort, Limits};
use super::dual::Dual;
use std::borrow::Cow;

/// What the search found.
pub(super) struct Best {
    /// The best assignment.
    pub(super) assignment: Vec<usize>,
    pub(super) nodes: u64,
}

/// A component that must be elsewhere in anything better, and the places of which it must be at one, if it is not any.
pub(super) type Moved<'m> = Option<(usize, Option<&'m [usize]>)>;

/// The best of all assignments; `None` when the limits ended the search.
pub(super) fn search(network: &Network, dual: &Dual, moved: Moved<'_>, limits: &Limits<'_>) -> Option<Best> {
    let Some((part, mut state)) = part_of(network, dual, moved) else {
        return Some(Best { assignment: dual.pick.clone(), nodes: 0 });
    };
    let components: Vec<usize> = (0..network.components()).collect();
    let pairs: Vec<usize> = (0..network.pairs().len()).collect();
    let mut effort = Effort::default();
    let found = Search::new(network, &components, &pairs, limits, &mut effort)
        .with(network.cost(&dual.pick)?, dual.pick.clone())
        .splitting_soon()
        .run_in(&part, &mut state);
    let best = found.best.filter(|_| found.open.is_none());
    best.map(|(_, assignment)| Best { assignment, nodes: effort.nodes })
}

/// Per component the places below the gap: below what of it what has moved leaves, for the others.
fn places_of(dual: &Dual, moved: Moved<'_>) -> Vec<Vec<usize>> {
    let below = |component: usize, gap: i64| {
        let least = dual.least(component);
        let costs = dual.costs(component).iter().enumerate();
        costs.filter(move |&(_, &cost)| cost - least < gap).map(|(place, _)| place)
    };
    let Some((component, only)) = moved else {
        return (0..dual.pick.len()).map(|component| below(component, dual.gap).collect()).collect();
    };
    let may = |&place: &usize| place != dual.pick[component] && only.is_none_or(|only| only.contains(&place));
    let own: Vec<usize> = below(component, dual.gap).filter(may).collect();
    let rise = own.iter().map(|&place| dual.costs(component)[place] - dual.least(component)).min();
    let left = dual.gap - rise.unwrap_or(dual.gap);
    let mut places: Vec<Vec<usize>> = (0..dual.pick.len()).map(|other| below(other, left).collect()).collect();
    places[component] = own;
    places
}

/// The places below the gap as a problem of its own; `None` when that shows that nothing is better.
fn part_of(network: &Network, dual: &Dual, moved: Moved<'_>) -> Option<(Part<'static, i64>, State<i64>)> {
    let count = dual.pick.len();
    let mut places = places_of(dual, moved);
    if places.iter().any(Vec::is_empty) {
        return None;
    }
    let mut components: Vec<usize> = (0..count).collect();
    // As from scratch: who has many neighbours comes first.
    components.sort_by_key(|&component| (std::cmp::Reverse(dual.near[component].len()), component));
    let places: Vec<Vec<usize>> = components.iter().map(|&component| std::mem::take(&mut places[component])).collect();
    let mut slot_of = vec![0; count];
    for (slot, &component) in components.iter().enumerate() {
        slot_of[component] = slot;
    }
    let mut ahead = Vec::with_capacity(network.pairs().len());
    for (a, &component) in components.iter().enumerate() {
        let pairs = dual.near[component].iter().map(|&near| (a, slot_of[near.other], near));
        ahead.extend(pairs.filter(|&(_, b, _)| b > a));
    }
    let cells = ahead.iter().map(|&(a, b, _)| places[a].len() * places[b].len()).sum();
    let tables = threads::map(
        cells,
        &ahead,
        || (),
        |(), &(a, b, near)| {
            let mut table = Vec::with_capacity(places[a].len() * places[b].len());
            places[a].iter().for_each(|&mine| table.extend(dual.rests(network, &near, mine, &places[b])));
            (a, b, Cow::Owned(table))
        },
    );
    let sizes: Vec<usize> = places.iter().map(Vec::len).collect();
    let shape = Shape::new(&sizes, tables);
    let above = |(slot, &component): (usize, &usize)| {
        let least = dual.least(component);
        places[slot].iter().map(|&place| dual.costs(component)[place] - least).collect::<Vec<_>>()
    };
    let costs = components.iter().enumerate().flat_map(above).collect();
    let state = shape.start(0, costs);
    let base = dual.bound();
    Some((Part { shape, components, places, fixed: Vec::new(), steps: Vec::new(), base, unit: 1 }, state))
}
