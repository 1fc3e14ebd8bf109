//! What is bounded: sums over components and pairs of components, which [`super::sweep`] finds the least value of.
//!
//! A [`Functional`] is a sum of unary and pair costs over the components: the objective (with traffic priced by
//! [`super::meter`] from below), the bill alone (for a budget that the objective does not imply), or the latency of one
//! path.

use super::model::{Edge, Model, Term};
use crate::problem::ComponentId;

/// A latency term with its weight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weighted {
    pub term: Term,
    pub weight: i64,
}

/// A pair inside a functional.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub edge: usize,
    pub terms: Vec<Weighted>,
    /// Bounded paths that run through this pair alone: a pair for which one is too slow is impossible.
    pub bounds: Vec<usize>,
}

/// A sum of unary and pair costs.
pub(super) struct Functional {
    /// Whether the bill is in it.
    pub money: bool,
    pub links: Vec<Link>,
    /// The components that it ranges over, ascending.
    pub components: Vec<ComponentId>,
    /// (path, weight) of the entry latencies.
    pub entries: Vec<(usize, i64)>,
    pub constant: i64,
}

impl Functional {
    /// The objective, or (without `latency`) the bill alone.
    pub fn total(model: &Model, latency: bool) -> Self {
        let mut f = Self::over(model, (0..model.parts.len()).collect(), |_| true);
        f.money = true;
        for (path, spec) in model.problem.paths.iter().enumerate().filter(|(_, spec)| spec.bound.is_some()) {
            let inside = |edge: &Edge| {
                let at = |c: ComponentId| c == edge.a || c == edge.b;
                spec.entry.as_ref().is_none_or(|e| at(e.0)) && spec.hops.iter().all(|h| at(h.a) && at(h.b))
            };
            if let Some(link) = f.links.iter_mut().find(|link| inside(&model.edges[link.edge])) {
                link.bounds.push(path);
            }
        }
        f.weigh(model, &vec![0; model.weights.len()], latency);
        f
    }

    /// Sets the weights of an objective to its own plus `multipliers[path] x (latency - bound)` for every bounded path: at
    /// most the objective wherever the bounds are kept, and dear where they are broken (Lagrangian relaxation).
    pub fn penalise(&mut self, model: &Model, multipliers: &[i64]) {
        self.weigh(model, multipliers, true);
        for (path, &multiplier) in model.problem.paths.iter().zip(multipliers) {
            let bound = path.bound.map_or(0, crate::units::Latency::micros);
            self.constant += multiplier * (path.constant.micros() - bound);
        }
    }

    fn weigh(&mut self, model: &Model, multipliers: &[i64], latency: bool) {
        let base = |path: usize| {
            if latency { i64::try_from(model.weights[path] >> model.scale.shift).unwrap_or(0) } else { 0 }
        };
        let weights: Vec<i64> = multipliers.iter().enumerate().map(|(path, m)| base(path) + m).collect();
        self.set_weights(model, &weights);
        let constants = model.problem.paths.iter().zip(&model.weights);
        let constant: i128 = constants.map(|(p, &w)| i128::from(p.constant.micros()) * w).sum();
        self.constant = if latency { model.scale.floor(constant) } else { 0 };
    }

    /// The latency of one path in microseconds.
    pub fn path(model: &Model, path: usize) -> Self {
        let spec = &model.problem.paths[path];
        let mut weights = vec![0; model.weights.len()];
        weights[path] = 1;
        let mut components: Vec<usize> = spec.hops.iter().flat_map(|h| [h.a, h.b]).collect();
        components.extend(spec.entry.iter().map(|e| e.0));
        components.sort_unstable();
        components.dedup();
        let mut f = Self::over(model, components, |edge| edge.terms.iter().any(|t| t.path == path));
        f.set_weights(model, &weights);
        f.constant = spec.constant.micros();
        f
    }

    /// Unweighted, over the pairs that `uses` lets through.
    fn over(model: &Model, components: Vec<usize>, uses: impl Fn(&Edge) -> bool) -> Self {
        let edges = model.edges.iter().enumerate().filter(|(_, e)| uses(e));
        let links = edges.map(|(edge, _)| Link { edge, terms: Vec::new(), bounds: Vec::new() }).collect();
        Self { money: false, links, components, entries: Vec::new(), constant: 0 }
    }

    /// Sets the weight of every path's latency.
    fn set_weights(&mut self, model: &Model, weights: &[i64]) {
        for link in &mut self.links {
            link.terms.clear();
            for term in model.edges[link.edge].terms.iter().filter(|t| weights[t.path] != 0) {
                let same = |w: &&mut Weighted| Term { path: term.path, ..w.term } == *term;
                match link.terms.iter_mut().find(same) {
                    Some(known) => known.weight += weights[term.path],
                    None => link.terms.push(Weighted { term: *term, weight: weights[term.path] }),
                }
            }
        }
        self.entries.clear();
        self.entries.extend(weights.iter().enumerate().filter(|(_, w)| **w != 0).map(|(p, &w)| (p, w)));
    }
}
