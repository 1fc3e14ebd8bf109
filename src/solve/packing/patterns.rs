//! Patterns: sets of components that may share one machine, each with its cheapest fitting offer.
//!
//! A pattern's price is final, since an offer that costs less and holds the set would have been taken instead; so an
//! answer is nothing but how often each pattern is used.

use super::Stop;
use crate::problem::packing::{Packing, Rule};

/// Most patterns that are kept, and most sets that are looked at while finding them.
const PATTERNS_MAX: usize = 20_000;
const VISITS_MAX: u64 = 4_000_000;

/// A set of components and what carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    /// Bit `c`: component `c`.
    pub set: u64,
    /// The cheapest offer that holds the set; of equally cheap ones the first.
    pub offer: usize,
    pub price: i64,
}

/// Which components exclude one another, by rules of any kind: `conflicts[c]` is a set.
pub(super) fn conflicts(packing: &Packing) -> Vec<u64> {
    let mut conflicts = vec![0_u64; packing.components.len()];
    for rule in &packing.rules {
        if let Rule::Conflict { component, with } | Rule::Everywhere { component, except: with } = rule {
            for &other in with {
                conflicts[*component] |= 1 << other;
                conflicts[other] |= 1 << component;
            }
        }
    }
    conflicts
}

/// Offers by price, without those that a cheaper one (or an equally cheap earlier one) holds everything for.
fn useful_offers(packing: &Packing) -> Vec<usize> {
    let mut order: Vec<usize> = (0..packing.offers.len()).collect();
    order.sort_by_key(|&o| packing.offers[o].price);
    let mut kept: Vec<usize> = Vec::new();
    for o in order {
        let capacity = &packing.offers[o].capacity;
        let holds_it = |k: &usize| packing.offers[*k].capacity.iter().zip(capacity).all(|(more, less)| more >= less);
        if !kept.iter().any(holds_it) {
            kept.push(o);
        }
    }
    kept
}

/// Everything that finding patterns reads and writes.
struct Finder<'a> {
    packing: &'a Packing,
    conflicts: Vec<u64>,
    offers: Vec<usize>,
    /// Sets that come together, each with the sum of its needs.
    groups: Vec<(u64, Vec<i64>)>,
    /// Components that must be on every machine without a conflict.
    everywhere: Vec<usize>,
    needed: Vec<i64>,
    visits: u64,
    found: Vec<Pattern>,
}

/// Every set that may share a machine and fits one, over components that are all deployed or left out as a whole.
/// Whether a component that must be everywhere is missing is decided later ([`complete`]), since it may not be deployed.
pub(super) fn find(packing: &Packing) -> Result<Vec<Pattern>, Stop> {
    let conflicts = conflicts(packing);
    let everywhere: Vec<usize> = everywhere(packing).collect();
    let optional = optional(packing);
    let mut finder = Finder {
        packing,
        offers: useful_offers(packing),
        groups: groups(packing, &conflicts),
        everywhere: everywhere.into_iter().filter(|c| optional >> c & 1 == 0).collect(),
        conflicts,
        needed: vec![0; packing.resources.len()],
        visits: 0,
        found: Vec::new(),
    };
    finder.extend(0, 0, 0)?;
    Ok(finder.found)
}

/// Components that have to be on every machine without a conflict.
pub(super) fn everywhere(packing: &Packing) -> impl Iterator<Item = usize> + '_ {
    packing.rules.iter().filter_map(|rule| match rule {
        Rule::Everywhere { component, .. } => Some(*component),
        _ => None,
    })
}

/// Components that need not be deployed.
pub(super) fn optional(packing: &Packing) -> u64 {
    let either = |rule: &Rule| if let Rule::Either { a, b } = rule { 1 << a | 1 << b } else { 0 };
    packing.rules.iter().map(either).fold(0, |set, more| set | more)
}

/// Whether every one of `everywhere` is in the set or in conflict with it.
pub(super) fn complete(set: u64, everywhere: &[usize], conflicts: &[u64]) -> bool {
    everywhere.iter().all(|&c| set >> c & 1 == 1 || set & conflicts[c] != 0)
}

/// Components merged by [`Rule::Together`]; a group that excludes itself is on no machine.
fn groups(packing: &Packing, conflicts: &[u64]) -> Vec<(u64, Vec<i64>)> {
    let mut group: Vec<u64> = (0..packing.components.len()).map(|c| 1 << c).collect();
    for rule in &packing.rules {
        if let Rule::Together { a, b } = rule {
            let merged = group[*a] | group[*b];
            (0..group.len()).filter(|c| merged >> c & 1 == 1).for_each(|c| group[c] = merged);
        }
    }
    let first = |c: &usize| group[*c].trailing_zeros() as usize == *c;
    let members = |set: u64| (0..packing.components.len()).filter(move |c| set >> c & 1 == 1);
    let sound = |c: &usize| members(group[*c]).all(|m| conflicts[m] & group[*c] == 0);
    let needs = |set: u64| {
        let of = |resource: usize| members(set).map(|m| packing.components[m].needs[resource]).sum();
        (0..packing.resources.len()).map(of).collect()
    };
    (0..group.len()).filter(first).filter(sound).map(|c| (group[c], needs(group[c]))).collect()
}

impl Finder<'_> {
    /// Adds every pattern that extends `set` by groups from `from` on. `cheapest` is the first useful offer that can
    /// hold the set: none before it holds more.
    fn extend(&mut self, from: usize, set: u64, cheapest: usize) -> Result<(), Stop> {
        for group in from..self.groups.len() {
            let more = self.groups[group].0;
            let excluded = (0..self.conflicts.len()).any(|c| more >> c & 1 == 1 && self.conflicts[c] & set != 0);
            if excluded {
                continue;
            }
            self.visits += 1;
            if self.visits > VISITS_MAX {
                return Err(Stop::TooManyPatterns);
            }
            self.change(group, 1);
            if let Some(offer) = (cheapest..self.offers.len()).find(|&o| self.holds(self.offers[o])) {
                self.keep(set | more, self.offers[offer])?;
                self.extend(group + 1, set | more, offer)?;
            }
            self.change(group, -1);
        }
        Ok(())
    }

    fn change(&mut self, group: usize, sign: i64) {
        self.needed.iter_mut().zip(&self.groups[group].1).for_each(|(sum, need)| *sum += sign * need);
    }

    fn holds(&self, offer: usize) -> bool {
        self.packing.offers[offer].capacity.iter().zip(&self.needed).all(|(capacity, needed)| needed <= capacity)
    }

    fn keep(&mut self, set: u64, offer: usize) -> Result<(), Stop> {
        if complete(set, &self.everywhere, &self.conflicts) {
            if self.found.len() == PATTERNS_MAX {
                return Err(Stop::TooManyPatterns);
            }
            self.found.push(Pattern { set, offer, price: self.packing.offers[offer].price });
        }
        Ok(())
    }
}
