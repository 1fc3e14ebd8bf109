//! A look at the most promising values alone, for a good answer before anything large is bounded.
//!
//! Tables over a few dozen values for each component cost next to nothing, and the best answer among them is mostly the
//! best of all. With it the bounds over classes of places drop most of the others before any table over them is made.
//! Nothing is proven by it.

use super::{Domains, HARD, Search};
use std::rc::Rc;

/// Cells of all pair tables together, from which on it pays.
const CELLS_MIN: usize = 40_000;

/// Nodes of a look before tables are made, and of one where bounds have left a large gap.
pub(super) const NODES_MAX: u64 = 4;
const AGAIN_NODES_MAX: u64 = 16;

/// A gap is large from this part of what it is below.
const GAP_PART: i64 = 20;

impl Search<'_> {
    /// Whether bounding the pairs of a part costs much more than a narrow look.
    pub(super) fn is_worth_a_narrow_look(&self, domains: &Domains) -> bool {
        let values = |c: usize| domains.values[c].len();
        let cells: usize = self.model.edges.iter().map(|edge| values(edge.a) * values(edge.b)).sum();
        cells > CELLS_MIN && self.known.is_none()
    }

    /// Looks narrowly, with the multipliers in force, as long as a large gap is left and something better is found.
    /// `None`: nothing of interest is left; else the relaxation's best assignment.
    pub(super) fn look_again(&mut self, domains: &mut Domains, mut guess: Vec<usize>) -> Option<Vec<usize>> {
        while self.ceiling() - domains.bound > self.ceiling().abs() / GAP_PART {
            let before = self.ceiling();
            self.look_narrowly(domains, &guess, AGAIN_NODES_MAX);
            if self.ceiling() == before {
                break;
            }
            domains.prune_known(self.ceiling())?;
            guess = self.tighten(domains)?;
        }
        Some(guess)
    }

    /// Searches among the most promising values. `guess`: an assignment that more could be near.
    pub(super) fn look_narrowly(&mut self, domains: &Domains, guess: &[usize], nodes_max: u64) {
        let mut values = self.with_neighbours(domains, guess);
        for (component, values) in values.iter_mut().enumerate() {
            self.add_others(domains, component, values);
        }
        let marginal = values.iter().map(|v| vec![-HARD; v.len()]).collect();
        let paths = (0..self.paths.len()).map(|p| (p, usize::MAX)).collect();
        let (ties, dual) = (domains.ties.clone(), Rc::clone(&domains.dual));
        let (coarse, open, nodes, nodes_before) = (self.coarse, self.open, self.nodes, self.nodes_max);
        (self.coarse, self.narrow, self.nodes, self.nodes_max) = (false, true, 0, nodes_before.min(nodes_max));
        self.visit(Domains { values, ties, marginal, paths, bound: -HARD, dual });
        // What was left open there is not what is left open.
        (self.coarse, self.narrow, self.open, self.nodes_max) = (coarse, false, open, nodes_before);
        self.aside += std::mem::replace(&mut self.nodes, nodes);
    }

    /// Adds the most promising value of every provider and of every country: the cheapest are often of one region's kind.
    fn add_others(&self, domains: &Domains, component: usize, values: &mut Vec<usize>) {
        let places = &self.model.problem.places;
        let providers = self.model.problem.providers.len();
        let countries = places.iter().map(|place| usize::from(place.country) + 1).max().unwrap_or(0);
        let mut least = vec![(i64::MAX, usize::MAX); providers + countries];
        for (&v, &marginal) in domains.values[component].iter().zip(&domains.marginal[component]) {
            let value = &self.model.parts[component].values[v];
            for key in [value.provider, providers + usize::from(places[value.place].country)] {
                least[key] = least[key].min((marginal, v));
            }
        }
        values.extend(least.into_iter().map(|least| least.1).filter(|&v| v != usize::MAX));
        values.sort_unstable();
        values.dedup();
    }
}
