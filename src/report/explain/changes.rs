//! What differs between two placements: which components move, and which lines of the bill change.

use crate::problem::{Assignment, Bill, LineItem, Problem};
use crate::report::Picked;
use crate::report::alternatives::picked_of;
use crate::report::fill::item_name;
use crate::units::Money;
use std::collections::BTreeMap;

/// A component that is elsewhere, or something else, in another placement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Where and what it is in the answer.
    pub from: Picked,
    /// Where and what it is then.
    pub to: Picked,
}

/// What a component (or what is shared) pays for an item, before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The component; `None` for what several share.
    pub component: Option<String>,
    /// The word of the item; the steps of an egress ladder count as one.
    pub item: &'static str,
    /// In the answer.
    pub before: Money,
    /// Then.
    pub after: Money,
}

/// The components that differ, in order. The placements may be of different problems of one application.
pub(in crate::report) fn moved(before: (&Problem, &Assignment), after: (&Problem, &Assignment)) -> Vec<Moved> {
    let (before, after) = (picked_of(before.0, before.1), picked_of(after.0, after.1));
    let pair = |from: Picked| {
        let to = after.iter().find(|to| to.name == from.name)?.clone();
        (from != to).then_some(Moved { from, to })
    };
    before.into_iter().filter_map(pair).collect()
}

/// The items that differ, the largest differences first; they add up to the difference of the totals.
pub(super) fn differences(before: (&Problem, &Bill), after: (&Problem, &Bill)) -> Vec<Difference> {
    let mut sums: BTreeMap<(Option<String>, &'static str), (Money, Money)> = BTreeMap::new();
    let key = |problem: &Problem, component: Option<usize>, item: LineItem| {
        (component.map(|c| problem.components[c].name.clone()), item_name(item))
    };
    for line in &before.1.lines {
        sums.entry(key(before.0, line.component, line.item)).or_default().0 += line.cost;
    }
    for line in &after.1.lines {
        sums.entry(key(after.0, line.component, line.item)).or_default().1 += line.cost;
    }
    let differs = |((component, item), (before, after)): (_, (Money, Money))| {
        (before != after).then_some(Difference { component, item, before, after })
    };
    let mut all: Vec<Difference> = sums.into_iter().filter_map(differs).collect();
    all.sort_by_key(|d| std::cmp::Reverse((d.after - d.before).nanos().unsigned_abs()));
    all
}
