//! Large parts by a few promising values per variable: the messages settle on those, then one pass over the whole tables
//! extends them to all values, which gives a bound for the whole part and tells which values are missing.
//!
//! This is column generation for the local polytope: every edge gives each value outside the focus as much as it can
//! without cutting into what the values inside have agreed on.

use super::cell::Cell;
use super::core::State;
use super::part::Part;

/// Values per variable that the first focus takes by their own cost.
const FIRST_VALUES: usize = 6;
/// Values inside the focus, per variable, ascending.
pub(super) type Kept = Vec<Vec<usize>>;

/// The cheapest values of each variable, and for each of those the neighbours' best answers to it.
pub(super) fn first(part: &Part<'_, i64>, state: &State<i64>) -> Kept {
    let shape = &part.shape;
    let cheapest: Kept = (0..shape.count()).map(|var| least(shape.costs(state, var), FIRST_VALUES)).collect();
    let mut kept = cheapest.clone();
    for edge in &shape.edges {
        let width = shape.size(edge.b);
        for &v in &cheapest[edge.a] {
            let row = &edge.table[v * width..(v + 1) * width];
            let total = |y: usize| row[y].saturating_add(shape.costs(state, edge.b)[y]);
            kept[edge.b].extend((0..width).min_by_key(|&y| total(y)));
        }
        for &y in &cheapest[edge.b] {
            let total = |v: usize| edge.table[v * width + y].saturating_add(shape.costs(state, edge.a)[v]);
            kept[edge.a].extend((0..shape.size(edge.a)).min_by_key(|&v| total(v)));
        }
    }
    for (var, values) in kept.iter_mut().enumerate() {
        values.retain(|&v| shape.costs(state, var)[v] < i64::HALF);
        values.sort_unstable();
        values.dedup();
    }
    kept
}

/// The least costs' ordinals, not more than so many, without what is out.
fn least(costs: &[i64], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..costs.len()).filter(|&v| costs[v] < i64::HALF).collect();
    if order.len() > count {
        order.select_nth_unstable_by_key(count - 1, |&v| (costs[v], v));
        order.truncate(count);
    }
    order.sort_unstable();
    order
}
