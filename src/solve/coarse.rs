//! The first look at pairs: a lower bound that costs little for any number of places.
//!
//! What traffic costs between different places depends on their classes only ([`super::codes`]), and at one place on that
//! place alone. So a message along a pair needs the least cost of every class and of every place, not a table over all
//! pairs of places. It runs over a spanning forest of the pairs, and leaves latencies and rules about countries out:
//! valid wherever nothing is negative.

use super::bound::Functional;
use super::codes::Codes;
use super::eliminate::{Plan, Tied};
use super::meter::Prices;
use super::model::{HARD, Model, Scope, Tie};
use super::sweep::{Sweep, inside};
use crate::problem::{PlaceId, RelationKind};

/// The values of a component, by what they mean to others.
#[derive(Default)]
struct Side {
    /// By value in the domain: its key.
    key_of: Vec<usize>,
    /// Distinct keys: class of its own allowance, class of its place, provider.
    keys: Vec<(usize, usize, usize)>,
    /// By value in the domain: its place.
    place_of: Vec<PlaceId>,
    /// Positions in the domain, by place.
    by_place: Vec<usize>,
}

/// A bound over the values of a scope.
struct Coarse<'a> {
    model: &'a Model<'a>,
    codes: &'a Codes,
    scope: Scope<'a>,
    prices: &'a Prices,
    sides: Vec<Side>,
}

/// What a pair allows.
#[derive(Clone, Copy)]
struct Rules {
    /// Different places of one provider, of different providers; one place.
    near: bool,
    far: bool,
    together: bool,
}

impl Sweep {
    /// Least value of an objective, and marginals, as [`Sweep::run`] gives them: weaker, and faster on many places.
    pub fn run_coarse(
        &mut self,
        model: &Model,
        codes: &Codes,
        f: &Functional,
        scope: Scope,
        prices: &Prices,
        ceiling: i64,
    ) -> i64 {
        let constant = f.constant + self.unary(model, f, scope, prices);
        let sides = f.components.iter().map(|&c| side(model, codes, &scope.values[c], c)).collect();
        let coarse = Coarse { model, codes, scope, prices, sides };
        let plan = coarse.plan(f);
        let mut below = self.alone.clone();
        let mut up: Vec<Vec<i64>> = vec![Vec::new(); below.len()];
        let mut least = constant;
        for (child, parent) in plan.upward() {
            match parent {
                None => least = (least + below[child].iter().copied().min().unwrap_or(HARD)).min(HARD),
                Some((l, parent)) => {
                    let message = coarse.message(f.links[l].edge, child, parent, &below[child]);
                    below[parent].iter_mut().zip(&message).for_each(|(b, m)| *b = (*b + m).min(HARD));
                    up[child] = message;
                }
            }
        }
        if least >= ceiling {
            return least;
        }
        let steps: Vec<_> = plan.upward().collect();
        for &(child, parent) in steps.iter().rev() {
            let mut total = std::mem::take(&mut self.marginal[child]);
            total.clear();
            let Some((l, parent)) = parent else {
                let rest = least - below[child].iter().copied().min().unwrap_or(HARD);
                total.extend(below[child].iter().map(|b| (b + rest).min(HARD)));
                self.best[child] = first_least(&total);
                self.marginal[child] = total;
                continue;
            };
            let above = self.marginal[parent].iter().zip(&up[child]);
            let base: Vec<i64> = above.map(|(&t, &u)| if t >= ceiling || u >= HARD { HARD } else { t - u }).collect();
            let edge = f.links[l].edge;
            let message = coarse.message(edge, parent, child, &base);
            total.extend(below[child].iter().zip(&message).map(|(b, m)| (b + m).min(HARD)));
            self.marginal[child] = total;
            let chosen = scope.values[parent][self.best[parent]];
            self.best[child] = coarse.first_beside(edge, (parent, chosen), child, &below[child]);
        }
        least
    }
}

fn first_least(list: &[i64]) -> usize {
    (0..list.len()).min_by_key(|&at| (list[at], at)).unwrap_or(0)
}

fn side(model: &Model, codes: &Codes, domain: &[usize], component: usize) -> Side {
    let part = &model.parts[component];
    let mut side = Side::default();
    let mut known = vec![usize::MAX; part.owns.len() * codes.classes];
    for &v in domain {
        let value = &part.values[v];
        let class = codes.at(value.place);
        let key = &mut known[value.class * codes.classes + class];
        if *key == usize::MAX {
            *key = side.keys.len();
            side.keys.push((value.class, class, value.provider));
        }
        side.key_of.push(*key);
        side.place_of.push(value.place);
    }
    side.by_place = (0..domain.len()).collect();
    side.by_place.sort_by_key(|&at| side.place_of[at]);
    side
}

impl Coarse<'_> {
    /// The forest that keeps the heaviest pairs.
    fn plan(&self, f: &Functional) -> Plan {
        let tied = |link: &super::bound::Link| {
            let edge = &self.model.edges[link.edge];
            let volume: i64 =
                edge.forward.iter().chain(&edge.backward).map(|&f| self.model.streams[f].volume.min(1 << 48)).sum();
            Tied { a: edge.a, b: edge.b, weight: volume + i64::from(!edge.relations.is_empty()) }
        };
        let links: Vec<Tied> = f.links.iter().map(tied).collect();
        let sizes: Vec<usize> = self.sides.iter().map(|side| side.keys.len()).collect();
        Plan::new(&f.components, &links, &sizes, 0)
    }

    fn rules(&self, edge: usize) -> Rules {
        use RelationKind as K;
        let mut rules = match self.scope.ties[edge] {
            Tie::Open => Rules { near: true, far: true, together: true },
            Tie::Together => Rules { near: false, far: false, together: true },
            Tie::Apart => Rules { near: true, far: true, together: false },
        };
        for kind in &self.model.edges[edge].relations {
            match kind {
                K::SameRegion => (rules.near, rules.far) = (false, false),
                K::SameProvider => rules.far = false,
                K::DifferentProvider => (rules.near, rules.together) = (false, false),
                K::DifferentRegion | K::DifferentCountry => rules.together = false,
                K::SameCountry => {}
            }
        }
        rules
    }

    /// Traffic between two keys at different places.
    fn apart(&self, edge: usize, a: (usize, usize, usize), b: (usize, usize, usize)) -> i64 {
        let width = self.codes.len();
        let at = a.1 * self.codes.classes + b.1;
        let to = self.prices.forward[edge][a.0 * width + usize::from(self.codes.forward[at])];
        to + self.prices.backward[edge][b.0 * width + usize::from(self.codes.backward[at])]
    }

    /// What a pair of values costs at least.
    fn pair(&self, edge: usize, from: usize, x: usize, to: usize, y: usize) -> i64 {
        let (x, y) = (&self.model.parts[from].values[x], &self.model.parts[to].values[y]);
        let (a, b) = if self.model.edges[edge].a == from { (x, y) } else { (y, x) };
        let rules = self.rules(edge);
        let key = |v: &super::model::Value| (v.class, self.codes.at(v.place), v.provider);
        if a.place == b.place {
            if rules.together { inside(self.model, self.codes, edge, a, b, self.prices) } else { HARD }
        } else if if a.provider == b.provider { rules.near } else { rules.far } {
            self.apart(edge, key(a), key(b)).min(HARD)
        } else {
            HARD
        }
    }

    /// The first of a component's values that costs least together with a value of its partner, as a position.
    fn first_beside(&self, edge: usize, (from, x): (usize, usize), to: usize, costs: &[i64]) -> usize {
        let (mut best, mut least) = (0, i64::MAX);
        for (at, (&y, &cost)) in self.scope.values[to].iter().zip(costs).enumerate() {
            // A pair costs nothing at least.
            if cost < least {
                let cost = cost + self.pair(edge, from, x, to, y);
                if cost < least {
                    (best, least) = (at, cost);
                }
            }
        }
        best
    }

    /// For every value of `to` the least cost of `from` with the pair.
    fn message(&self, edge: usize, from: usize, to: usize, costs: &[i64]) -> Vec<i64> {
        let rules = self.rules(edge);
        let (senders, receivers) = (&self.sides[from], &self.sides[to]);
        let mut by_key = vec![HARD; senders.keys.len()];
        for (&key, &cost) in senders.key_of.iter().zip(costs) {
            by_key[key] = by_key[key].min(cost);
        }
        let out_by_key = if rules.near || rules.far {
            self.message_apart(edge, (senders, &by_key), receivers, self.model.edges[edge].a == from)
        } else {
            vec![HARD; receivers.keys.len()]
        };
        let mut out: Vec<i64> = receivers.key_of.iter().map(|&key| out_by_key[key]).collect();
        if rules.together {
            self.add_together(edge, from, to, costs, &mut out);
        }
        out
    }

    /// For every key of the receivers the least cost of the senders with a pair at different places. `costs`: by key.
    fn message_apart(
        &self,
        edge: usize,
        (senders, costs): (&Side, &[i64]),
        receivers: &Side,
        forward: bool,
    ) -> Vec<i64> {
        let rules = self.rules(edge);
        let mut out = vec![HARD; receivers.keys.len()];
        let mut order: Vec<usize> = (0..costs.len()).filter(|&at| costs[at] < HARD).collect();
        order.sort_unstable_by_key(|&at| costs[at]);
        let mut highest = HARD;
        for (key, cost) in order.into_iter().map(|at| (senders.keys[at], costs[at])) {
            // A pair costs nothing at least, and the senders that follow are as dear.
            if cost >= highest {
                break;
            }
            highest = 0;
            for (&other, out) in receivers.keys.iter().zip(&mut out) {
                if cost < *out && if key.2 == other.2 { rules.near } else { rules.far } {
                    let (a, b) = if forward { (key, other) } else { (other, key) };
                    *out = (*out).min(cost + self.apart(edge, a, b));
                }
                highest = highest.max(*out);
            }
        }
        out
    }

    /// Lowers a message to what it takes to be at one place.
    fn add_together(&self, edge: usize, from: usize, to: usize, costs: &[i64], out: &mut [i64]) {
        let (senders, receivers) = (&self.sides[from], &self.sides[to]);
        let value = |component: usize, at: usize| &self.model.parts[component].values[self.scope.values[component][at]];
        let forward = self.model.edges[edge].a == from;
        let mut start = 0;
        for &position in &receivers.by_place {
            let place = receivers.place_of[position];
            let by_place = &senders.by_place;
            while start < by_place.len() && senders.place_of[by_place[start]] < place {
                start += 1;
            }
            for &at in by_place[start..].iter().take_while(|&&at| senders.place_of[at] == place) {
                // A pair costs nothing at least.
                if costs[at] >= out[position] {
                    continue;
                }
                let (x, y) = (value(from, at), value(to, position));
                let (a, b) = if forward { (x, y) } else { (y, x) };
                let pair = inside(self.model, self.codes, edge, a, b, self.prices);
                out[position] = out[position].min(costs[at] + pair);
            }
        }
    }
}
