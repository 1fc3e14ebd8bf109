//! What to split a part of the search on: where the relaxation is wrong about its own best assignment.
//!
//! An assignment that breaks a rule says which components are to be settled; where a path is too slow, by what is near. A valid one is dearer than the bound for a
//! reason: an account whose volume is open, a shared charge, a pair that the tables left out. What makes the largest
//! difference is settled first: by providers, which decide most; then by whether two components are at one place, which
//! leaves all places of a provider that cost the same in one part; by single values only when nothing else is open.

use super::eval::Broken;
use super::model::Tie;
use super::search::{Domains, Search};
use crate::problem::PlaceId;

/// A way to split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Branch {
    /// By whether a component is at a provider.
    Provider(usize, usize),
    /// By the provider of a component.
    Providers(usize),
    /// By whether a component is near a place: component, place, path whose latencies count.
    Near(usize, PlaceId, usize),
    /// By the value of a component.
    Values(usize),
    /// By whether the components of a pair are at one place.
    Tie(usize),
}

impl Search<'_> {
    /// What to split on, given the relaxation's best assignment and what it is worth.
    pub(super) fn branch(&mut self, domains: &Domains, guess: &[usize], verdict: Result<i128, Broken>) -> Branch {
        let found = match verdict {
            Err(broken) => self.for_rule(domains, guess, broken),
            Ok(_) => self.for_gap(domains, guess),
        };
        let any = || self.among(domains, &mut (0..domains.values.len()));
        found.or_else(any).expect("some component has several values")
    }

    /// A component among some: several providers first, because they settle the meters, then by traffic.
    fn among(&self, domains: &Domains, components: &mut dyn Iterator<Item = usize>) -> Option<Branch> {
        let open = components.filter(|&c| domains.values[c].len() > 1);
        let key = |&c: &usize| {
            let several = self.several_providers(domains, c);
            (several, self.weight[c], std::cmp::Reverse(domains.values[c].len()), std::cmp::Reverse(c))
        };
        open.max_by_key(key).map(|c| self.component(domains, c))
    }

    fn component(&self, domains: &Domains, c: usize) -> Branch {
        if self.several_providers(domains, c) { Branch::Providers(c) } else { Branch::Values(c) }
    }

    fn several_providers(&self, domains: &Domains, component: usize) -> bool {
        let provider = |v: usize| self.model.parts[component].values[v].provider;
        let values = &domains.values[component];
        values.iter().any(|&v| provider(v) != provider(values[0]))
    }

    fn for_rule(&self, domains: &Domains, guess: &[usize], broken: Broken) -> Option<Branch> {
        let components: Vec<usize> = match broken {
            Broken::Path(path) => {
                let spec = &self.model.problem.paths[path];
                let hops = spec.hops.iter().flat_map(|h| [h.a, h.b]);
                let all: Vec<usize> = spec.entry.iter().map(|e| e.0).chain(hops).collect();
                if let Some(branch) = self.for_path(domains, guess, path, &all) {
                    return Some(branch);
                }
                all
            }
            Broken::Pair(a, b) => vec![a, b],
            Broken::Budget | Broken::Dear => Vec::new(),
        };
        self.among(domains, &mut components.into_iter())
    }

    /// The component of a broken path that is spread out most, seen from where the relaxation has it. Providers are all
    /// over the world: which of them it is at says nothing about latency.
    fn for_path(&self, domains: &Domains, guess: &[usize], path: usize, components: &[usize]) -> Option<Branch> {
        let spread = |&c: &usize| {
            let place = self.model.parts[c].values[guess[c]].place;
            let (low, high) = self.distances(domains, c, place, path);
            (high > low).then_some((high - low, self.weight[c], std::cmp::Reverse(c), place))
        };
        // A narrow look is after an answer, and finds it sooner among the values of one provider.
        let most = if self.is_narrow() { None } else { components.iter().filter_map(spread).max() };
        most.map(|(.., std::cmp::Reverse(c), place)| Branch::Near(c, place, path))
    }

    /// The least and the largest round-trip time between a place and those of a component, in microseconds.
    pub(super) fn distances(&self, domains: &Domains, component: usize, place: PlaceId, path: usize) -> (i64, i64) {
        let away = |&v: &usize| self.distance(component, v, place, path);
        let all = domains.values[component].iter().map(away);
        all.fold((i64::MAX, i64::MIN), |(low, high), us| (low.min(us), high.max(us)))
    }

    /// The round-trip time between a place and that of a value, in microseconds.
    pub(super) fn distance(&self, component: usize, value: usize, place: PlaceId, path: usize) -> i64 {
        let problem = self.model.problem;
        problem.rtt_us(problem.paths[path].percentile, place, self.model.parts[component].values[value].place)
    }

    /// The reason that makes the largest difference between the bound and the assignment.
    fn for_gap(&mut self, domains: &Domains, guess: &[usize]) -> Option<Branch> {
        let mut reasons: Vec<(i128, Branch)> = Vec::new();
        let exact = self.evaluator.by_meter(self.model, guess);
        let relaxed = self.prices.by_meter(self.model, &self.codes, guess);
        for (meter, (exact, relaxed)) in exact.iter().zip(relaxed).enumerate() {
            if *exact > relaxed
                && let Some(branch) = self.for_meter(domains, meter)
            {
                reasons.push((exact - relaxed, branch));
            }
        }
        for &(edge, unseen) in &self.sweep.unseen {
            if unseen > 0
                && let Some(branch) = self.for_pair(domains, edge)
            {
                reasons.push((i128::from(unseen) << self.model.scale.shift, branch));
            }
        }
        if let Some((unseen, branch)) = self.for_shared(domains, guess) {
            reasons.push((unseen, branch));
        }
        reasons.into_iter().rev().max_by_key(|reason| reason.0).map(|reason| reason.1)
    }

    /// What leaves the volume or the pool of an account open.
    fn for_meter(&self, domains: &Domains, meter: usize) -> Option<Branch> {
        let model = self.model;
        let mut streams: Vec<usize> =
            (0..model.streams.len()).filter(|&s| self.prices.may_be_on(s, meter) && self.prices.is_open(s)).collect();
        streams.sort_by_key(|&s| (std::cmp::Reverse(model.streams[s].volume), s));
        for stream in streams.iter().map(|&s| &model.streams[s]) {
            let several = |c: &usize| self.several_providers(domains, *c);
            if let Some(c) = [Some(stream.from), stream.to].into_iter().flatten().find(several) {
                let there = |v: &usize| model.parts[c].values[*v].provider == meter;
                let some = domains.values[c].iter().any(there);
                return Some(if some { Branch::Provider(c, meter) } else { Branch::Providers(c) });
            }
            let found = match stream.edge {
                Some(edge) => self.for_pair(domains, edge),
                None => self.among(domains, &mut [stream.from].into_iter()),
            };
            if found.is_some() {
                return found;
            }
        }
        let matters = |&c: &usize| {
            let part = &model.parts[c];
            let brings = |v: &usize| {
                let value = &part.values[*v];
                (value.class, if value.provider == meter { value.pooled } else { -1 })
            };
            let list = &domains.values[c];
            list.iter().any(|v| brings(v) != brings(&list[0]))
        };
        self.among(domains, &mut (0..domains.values.len()).filter(matters))
    }

    fn for_pair(&self, domains: &Domains, edge: usize) -> Option<Branch> {
        let spec = &self.model.edges[edge];
        if let Some(&c) = [spec.a, spec.b].iter().find(|&&c| self.several_providers(domains, c)) {
            return Some(Branch::Providers(c));
        }
        if self.may_be_together(domains, edge) {
            return Some(Branch::Tie(edge));
        }
        self.among(domains, &mut [spec.a, spec.b].into_iter())
    }

    /// Whether it is open if the components of a pair are at one place.
    fn may_be_together(&self, domains: &Domains, edge: usize) -> bool {
        let spec = &self.model.edges[edge];
        let places = |c: usize| domains.values[c].iter().map(move |&v| self.model.parts[c].values[v].place);
        domains.ties[edge] == Tie::Open && places(spec.a).any(|p| places(spec.b).any(|q| p == q))
    }

    /// A shared charge that is due though its payers are elsewhere, and who could settle it.
    fn for_shared(&self, domains: &Domains, guess: &[usize]) -> Option<(i128, Branch)> {
        let model = self.model;
        let value = |c: usize| &model.parts[c].values[guess[c]];
        let mut most: Option<(i128, Branch)> = None;
        for c in 0..guess.len() {
            for &s in model.due(value(c)) {
                let uses = |&u: &usize| model.due(value(u)).contains(&s);
                if (0..c).any(|u| uses(&u)) {
                    continue;
                }
                let paid: i128 = (c..guess.len()).filter(uses).map(|u| self.sweep.share(u, s)).sum();
                let unseen = if self.sweep.is_due(s) { 0 } else { model.shared[s] - paid };
                if unseen > most.map_or(0, |most| most.0)
                    && let Some(branch) = self.payer(domains, s, c)
                {
                    most = Some((unseen, branch));
                }
            }
        }
        most
    }

    /// How to settle who pays for a shared charge at the place of a component.
    fn payer(&self, domains: &Domains, shared: usize, user: usize) -> Option<Branch> {
        let model = self.model;
        let may = |c: usize| {
            let uses = |&v: &usize| model.due(&model.parts[c].values[v]).contains(&shared);
            domains.values[c].iter().any(uses) && !domains.values[c].iter().all(uses)
        };
        let users: Vec<usize> = (0..domains.values.len()).filter(|&c| may(c)).collect();
        if let Some(&c) = users.iter().find(|&&c| self.several_providers(domains, c)) {
            return Some(Branch::Providers(c));
        }
        let joins = |&edge: &usize| {
            let spec = &model.edges[edge];
            users.contains(&spec.a) && users.contains(&spec.b) && self.may_be_together(domains, edge)
        };
        let tie = (0..model.edges.len()).find(joins).map(Branch::Tie);
        tie.or_else(|| self.among(domains, &mut [user].into_iter()))
            .or_else(|| self.among(domains, &mut users.iter().copied()))
    }
}
