//! Values that another value does as well as in every assignment, wherever everybody else is.
//!
//! Inside a class of places traffic between two of them has one price, so that a move within the class changes little:
//! - *Rivals*: one component moves alone. What it may lose is being at one place with those it talks to, at most the
//!   price of that traffic. Where the other place is cheaper by more, it does as well.
//! - *Places*: everything at a place moves together to one where each of them costs no more. Nothing is lost then; what
//!   is there already is joined, which costs at most what traffic between the two places did.
//!
//! Bounded latencies are looked at one by one: a move is harmless when the bound holds after it wherever it held before.
//! Components whose latency is weighed, or whose country matters, are left as they are.

use super::codes::{Codes, Kind};
use super::eval::flat_cost;
use super::model::{Model, Tie, Value};
use super::reach::Reach;
use crate::problem::{ComponentId, PlaceId, RelationKind};

/// Cheaper values of a component that are tried in place of one whose latency matters.
const TRIES_MAX: usize = 12;

/// Values that are left of every component, and what is said about pairs.
pub(super) struct Rivals<'a> {
    model: &'a Model<'a>,
    codes: &'a Codes,
    domains: &'a [Vec<usize>],
    /// By component, as the domains: what is still kept.
    keep: Vec<Vec<bool>>,
    /// Components that stay where they are.
    exempt: Vec<bool>,
    reach: Option<Reach>,
    /// By component: those that it must not be at one place with, those that it must, and its pairs.
    apart: Vec<Vec<ComponentId>>,
    together: Vec<bool>,
    edges: Vec<Vec<usize>>,
    /// By class: price of traffic between two of its places, where they are joined without loss.
    joins: Vec<Option<i64>>,
}

/// What a value means to others, wherever its class of places is: class, route to itself, allowances, zones, ladders.
type Meaning = (usize, usize, usize, i64, u8, usize);

impl<'a> Rivals<'a> {
    /// `keep`: what earlier rules left. `exempt`: components to be left alone. `reach`: what paths allow; `None` when no
    /// other component has a path that may be too slow.
    pub fn new(
        model: &'a Model<'a>,
        codes: &'a Codes,
        (domains, ties): (&'a [Vec<usize>], &[Tie]),
        keep: Vec<Vec<bool>>,
        (exempt, reach): (Vec<bool>, Option<Reach>),
    ) -> Self {
        let n = domains.len();
        let mut rivals = Self {
            model,
            codes,
            domains,
            keep,
            exempt,
            reach,
            apart: vec![Vec::new(); n],
            together: vec![false; n],
            edges: vec![Vec::new(); n],
            joins: (0..codes.classes).map(|class| joins(codes, class)).collect(),
        };
        for (ordinal, (edge, tie)) in model.edges.iter().zip(ties).enumerate() {
            rivals.edges[edge.a].push(ordinal);
            rivals.edges[edge.b].push(ordinal);
            let is = |kind| edge.relations.contains(&kind);
            if *tie == Tie::Apart || is(RelationKind::DifferentRegion) {
                rivals.apart[edge.a].push(edge.b);
                rivals.apart[edge.b].push(edge.a);
            }
            if *tie == Tie::Together || is(RelationKind::SameRegion) {
                (rivals.together[edge.a], rivals.together[edge.b]) = (true, true);
            }
        }
        rivals
    }

    /// Which values are enough.
    pub fn settle(mut self) -> Vec<Vec<bool>> {
        let presence = self.presence();
        for component in 0..self.domains.len() {
            if !self.exempt[component] && !self.together[component] {
                self.drop_alone(component, &presence);
            }
        }
        self.drop_places();
        self.keep
    }

    fn value(&self, component: ComponentId, v: usize) -> &'a Value {
        &self.model.parts[component].values[v]
    }

    /// Values that are kept, as positions in the domain.
    fn kept(&self, component: ComponentId) -> impl Iterator<Item = (usize, &'a Value)> + '_ {
        let part = &self.model.parts[component];
        let all = self.domains[component].iter().zip(&self.keep[component]).enumerate();
        all.filter(|(_, (_, keep))| **keep).map(|(at, (&v, _))| (at, &part.values[v]))
    }

    /// By component and place: whether it may be there.
    fn presence(&self) -> Vec<Vec<bool>> {
        let at = |component| {
            let mut there = vec![false; self.codes.places()];
            self.kept(component).for_each(|(_, value)| there[value.place] = true);
            there
        };
        (0..self.domains.len()).map(at).collect()
    }

    fn meaning(&self, value: &Value) -> Meaning {
        let Value { place, class, pooled, zones, signature, .. } = *value;
        (self.codes.at(place), self.codes.route(place, place), class, pooled, zones, signature)
    }

    /// What becomes due with a value at most.
    fn shared(&self, value: &Value) -> i128 {
        self.model.due(value).iter().map(|&s| self.model.shared[s]).sum()
    }

    /// Drops what the component does as well elsewhere, by itself.
    fn drop_alone(&mut self, component: ComponentId, presence: &[Vec<bool>]) {
        let mut values: Vec<(Meaning, i128, usize)> = Vec::with_capacity(self.domains[component].len());
        for (at, value) in self.kept(component) {
            let shares = self.shared(value);
            if self.model.nothing_negative || self.model.due(value).is_empty() {
                values.push((self.meaning(value), i128::from(value.cost) + shares, at));
            }
        }
        values.sort_unstable();
        for group in values.chunk_by(|a, b| a.0 == b.0) {
            let meaning = group[0].0;
            let join = self.joins[meaning.0];
            // From the back: what is dropped stands for nothing.
            for ordinal in (1..group.len()).rev() {
                let (_, full, at) = group[ordinal];
                let value = self.value(component, self.domains[component][at]);
                let Some(lost) = self.lost(component, value.place, join, presence) else { continue };
                let least = full - self.shared(value) - lost;
                let below = group[..ordinal].iter().take_while(|other| other.1 <= least);
                for &(_, _, with) in below.take(TRIES_MAX) {
                    let to = self.value(component, self.domains[component][with]).place;
                    if self.may_move_alone(component, (value.place, to), join.is_some(), presence) {
                        self.keep[component][at] = false;
                        break;
                    }
                }
            }
        }
    }

    /// What it costs at most no longer to be where others may be. `None`: that cannot be said.
    fn lost(&self, component: ComponentId, place: PlaceId, join: Option<i64>, presence: &[Vec<bool>]) -> Option<i128> {
        let mut lost = 0;
        for edge in self.edges[component].iter().map(|&e| &self.model.edges[e]) {
            let partner = if edge.a == component { edge.b } else { edge.a };
            if presence[partner][place] {
                let price = join?;
                let volume = |&s: &usize| flat_cost(price, self.model.streams[s].volume, None);
                lost += edge.forward.iter().chain(&edge.backward).map(volume).sum::<i128>();
            }
        }
        Some(lost)
    }

    fn may_move_alone(
        &self,
        component: ComponentId,
        (from, to): (PlaceId, PlaceId),
        joins: bool,
        presence: &[Vec<bool>],
    ) -> bool {
        if from == to {
            return true;
        }
        let partners = || self.edges[component].iter().map(|&e| &self.model.edges[e]);
        let meets = |edge: &super::model::Edge| presence[if edge.a == component { edge.b } else { edge.a }][to];
        (joins || !partners().any(meets))
            && !self.apart[component].iter().any(|&other| presence[other][to])
            && self.reach.as_ref().is_none_or(|reach| reach.holds_alone(component, from, to))
    }

    /// Drops places that others of their class do as well as for everything there.
    fn drop_places(&mut self) {
        let mut users: Vec<Vec<(ComponentId, usize)>> = vec![Vec::new(); self.codes.places()];
        for component in 0..self.domains.len() {
            for (at, value) in self.kept(component) {
                users[value.place].push((component, at));
            }
        }
        let mut classes: Vec<Vec<PlaceId>> = vec![Vec::new(); self.codes.classes];
        for place in (0..users.len()).filter(|&p| !users[p].is_empty()) {
            let class = self.codes.at(place);
            if self.joins[class].is_some() {
                classes[class].push(place);
            }
        }
        for mut places in classes {
            let mut ordinal = places.len();
            while ordinal > 0 {
                ordinal -= 1;
                let place = places[ordinal];
                if places.iter().any(|&other| other != place && self.does_for_all(&users[place], &users[other])) {
                    users[place].iter().for_each(|&(component, at)| self.keep[component][at] = false);
                    places.remove(ordinal);
                }
            }
        }
    }

    /// Whether everything that may be at one place may as well be at another; both in the order of components.
    fn does_for_all(&self, here: &[(ComponentId, usize)], there: &[(ComponentId, usize)]) -> bool {
        let mut start = 0;
        here.iter().all(|&(component, at)| {
            while start < there.len() && there[start].0 < component {
                start += 1;
            }
            let value = self.value(component, self.domains[component][at]);
            let others = there[start..].iter().take_while(|other| other.0 == component);
            let mut others = others.map(|other| self.value(component, self.domains[component][other.1]));
            others.any(|other| self.does(value, other))
        }) && self.may_move_all(here, there)
    }

    /// Whether another value costs no more wherever what is there comes along.
    fn does(&self, value: &Value, other: &Value) -> bool {
        let shared = match (self.model.due(value), self.model.due(other)) {
            (_, []) => self.model.nothing_negative || self.model.due(value).is_empty(),
            (&[here], &[there]) => self.model.shared[there] <= self.model.shared[here],
            _ => false,
        };
        other.cost <= value.cost && shared && self.meaning(value) == self.meaning(other)
    }

    fn may_move_all(&self, here: &[(ComponentId, usize)], there: &[(ComponentId, usize)]) -> bool {
        let place = |&(component, at): &(ComponentId, usize)| self.value(component, self.domains[component][at]).place;
        let (Some(from), Some(to)) = (here.first().map(place), there.first().map(place)) else { return false };
        here.iter().all(|&(component, _)| {
            let meets = |&other: &ComponentId| there.iter().any(|user| user.0 == other);
            !self.exempt[component]
                && !self.apart[component].iter().any(meets)
                && self.reach.as_ref().is_none_or(|reach| reach.holds_together(self.model, component, from, to))
        })
    }
}

/// The price of traffic between two places of a class, if being at one place never costs more.
fn joins(codes: &Codes, class: usize) -> Option<i64> {
    let Kind::Flat(between) = codes.kinds[usize::from(codes.forward[class * codes.classes + class])] else {
        return None;
    };
    let inside = |kind: &Kind| matches!(kind, Kind::Flat(price) if (0..=between).contains(price));
    (codes.inside[class].iter().all(|&code| inside(&codes.kinds[usize::from(code)]))).then_some(between)
}
