//! Branch and bound: bound, prune, guess, split; depth first, most promising part first.

mod narrow;

use super::bound::Functional;
use super::branch::Branch;
use super::codes::Codes;
use super::eval::{Broken, Evaluator};
use super::lagrange::{Ascent, Dual};
use super::meter::Prices;
use super::model::{HARD, Model, Scope, Tie};
use super::sweep::Sweep;
use super::{Limits, dive, propagate, twins};
use std::rc::Rc;

/// Rounds of bounding and pruning at one node.
const ROUNDS_MAX: usize = 6;

/// Rounds of looking at classes of places.
const COARSE_ROUNDS_MAX: usize = 3;

/// Values of a path's components together, up to which every change is worth a look.
const PATH_SIZE_SMALL: usize = 60;

/// Values of a component that coordinate descent tries, the most promising ones.
const DESCENT_WIDTH: usize = 6;

/// Times that the prices of broken path bounds are raised in search of a first answer.
const PRESSES_MAX: usize = 10;

/// Up to which part of the largest distance a place is near.
const NEAR_PART: i64 = 3;

/// Steps towards better multipliers at the root, with one more for each open path, and at every other node: there one more
/// for so many.
const ROOT_STEPS: usize = 8;
const NODE_STEPS: usize = 1;
const PATHS_A_STEP: usize = 2;

/// The same at the root of a look at a narrow part.
const NARROW_STEPS: usize = 4;

/// Steps towards better multipliers when only marginals are wanted.
const MARGINAL_STEPS: usize = 16;

/// What the search ends with, in values inside the solver.
pub(super) struct Outcome {
    pub best: Option<(i128, Vec<usize>)>,
    /// Least bound of the parts that were left unsearched; `None`: nothing was left.
    pub open: Option<i64>,
    pub nodes: u64,
}

/// Values of every component that are still possible, and what is known about them.
pub(super) struct Domains {
    pub values: Vec<Vec<usize>>,
    /// What this part says about pairs of places, per edge of the model.
    pub ties: Vec<Tie>,
    /// Like `values`: no assignment of this part with the value is below this.
    pub marginal: Vec<Vec<i64>>,
    /// Paths (by ordinal in [`Search::paths`]) that may still be too slow, with the size of their components' domains
    /// when they were last looked at.
    paths: Vec<(usize, usize)>,
    bound: i64,
    /// The multipliers of the part that this one was split from.
    dual: Rc<Dual>,
}

/// What the caller sets.
pub(super) struct Control<'c> {
    pub limits: Limits<'c>,
    /// Only values below this are of interest.
    pub below: i128,
    /// Asked at every node.
    pub cancelled: Option<&'c dyn Fn() -> bool>,
}

pub(super) struct Search<'m> {
    pub model: &'m Model<'m>,
    control: Control<'m>,
    pub evaluator: Evaluator,
    pub codes: Codes,
    objective: Functional,
    money: Option<Functional>,
    /// Bounded paths: (functional, ceiling).
    paths: Vec<(Functional, i64)>,
    /// For those: ordinal in the problem.
    path_of: Vec<usize>,
    pub prices: Prices,
    pub sweep: Sweep,
    best: Option<(i128, Vec<usize>)>,
    below: i128,
    /// Traffic that each component takes part in: the heavy ones are split first.
    pub weight: Vec<i128>,
    open: Option<i64>,
    nodes: u64,
    /// Nodes of looks at narrow parts.
    aside: u64,
    nodes_max: u64,
    /// Whether pairs are looked at by classes of places only.
    coarse: bool,
    /// Whether only a narrow part is looked at, for an answer.
    narrow: bool,
    /// From where the last descent found nothing better, and whether that was in a narrow look.
    descended: (i128, bool),
    /// Bound of the last sweep over the objective.
    bound_now: i64,
    /// The known optimum, when only marginals are wanted: nothing is looked for then, and nothing replaces `below`.
    known: Option<i64>,
}

impl<'m> Search<'m> {
    pub fn new(model: &'m Model<'m>, control: Control<'m>) -> Self {
        let path = |(p, spec): (usize, &crate::problem::Path)| {
            let bound = spec.bound?.micros();
            Some((Functional::path(model, p), bound.saturating_add(1).min(HARD / 2)))
        };
        let mut weight = vec![0; model.parts.len()];
        for stream in &model.streams {
            weight[stream.from] += 2 * i128::from(stream.volume);
            if let Some(to) = stream.to {
                weight[to] += i128::from(stream.volume);
            }
        }
        Self {
            model,
            below: control.below,
            evaluator: Evaluator::new(model),
            codes: Codes::default(),
            objective: Functional::total(model, true),
            money: model.has_own_budget().then(|| Functional::total(model, false)),
            paths: model.problem.paths.iter().enumerate().filter_map(path).collect(),
            path_of: (0..model.problem.paths.len()).filter(|&p| model.problem.paths[p].bound.is_some()).collect(),
            prices: Prices::default(),
            sweep: Sweep::default(),
            best: None,
            weight,
            open: None,
            nodes: 0,
            aside: 0,
            nodes_max: control.limits.nodes_max,
            coarse: false,
            narrow: false,
            descended: (i128::MIN, false),
            bound_now: -HARD,
            known: None,
            control,
        }
    }

    /// Takes an assignment when it is valid and better than what is known.
    pub fn offer(&mut self, picked: &[usize]) -> Result<i128, Broken> {
        let value = self.evaluator.value(self.model, picked)?;
        if value < self.below && self.known.is_none() {
            self.below = value;
            self.best = Some((value, picked.to_vec()));
        }
        Ok(value)
    }

    /// Takes an assignment when it is valid and better than what is known. Sooner done than [`Self::offer`] where it is not.
    fn betters(&mut self, picked: &[usize]) -> bool {
        let Ok(value) = self.evaluator.value_below(self.model, picked, self.below) else { return false };
        if self.known.is_none() {
            self.below = value;
            self.best = Some((value, picked.to_vec()));
        }
        self.known.is_none()
    }

    /// For every value of every component a bound on assignments with it; those at or above the ceiling, and those that
    /// no assignment can have, get the ceiling.
    pub fn marginals(mut self, values: Vec<Vec<usize>>, known: i64) -> Vec<Vec<i64>> {
        self.known = Some(known);
        self.nodes = 1;
        let ceiling = self.ceiling();
        let mut bounds: Vec<Vec<i64>> = self.model.parts.iter().map(|part| vec![ceiling; part.values.len()]).collect();
        let Some(mut domains) = self.root(values) else { return bounds };
        if let Some(guess) = self.tighten(&mut domains) {
            // The answer itself is below the ceiling, so that something is left.
            self.climb(&mut domains, guess);
        }
        for ((bounds, values), marginal) in bounds.iter_mut().zip(&domains.values).zip(&domains.marginal) {
            for (&v, &bound) in values.iter().zip(marginal) {
                bounds[v] = bound.min(ceiling);
            }
        }
        bounds
    }

    pub fn run(mut self, values: Vec<Vec<usize>>) -> Outcome {
        if let Some(root) = self.root(values) {
            self.visit(root);
        }
        Outcome { best: self.best, open: self.open, nodes: self.nodes + self.aside }
    }

    /// First answers, and what is impossible or too dear without a look at pairs. `None`: nothing is left.
    fn root(&mut self, mut values: Vec<Vec<usize>>) -> Option<Domains> {
        let model = self.model;
        if values.iter().any(Vec::is_empty) {
            return None;
        }
        propagate::relations(model, &mut values)?;
        let marginal = values.iter().map(|v| vec![-HARD; v.len()]).collect();
        let paths = (0..self.paths.len()).map(|p| (p, usize::MAX)).collect();
        let dual = Rc::new(Dual::none(model));
        let mut domains =
            Domains { values, ties: vec![Tie::Open; model.edges.len()], marginal, paths, bound: -HARD, dual };
        self.prices.update_alone(model, domains.scope());
        let bound = self.sweep.run_alone(model, &self.objective, domains.scope(), &self.prices);
        domains.bound = bound;
        let marginal = std::mem::take(&mut self.sweep.marginal);
        dive::starts(model, &domains.values, &marginal, &mut |picked| {
            self.betters(picked);
        });
        self.sweep.marginal = marginal;
        domains.prune(&self.sweep, &self.objective, self.ceiling(), true)?;
        self.codes = Codes::of(model, &domains.values);
        self.prices.price_flat(model, &self.codes);
        self.look_coarsely(&mut domains)?;
        self.prune_by_paths(&mut domains)?;
        self.drop_twins(&mut domains, true);
        Some(domains)
    }

    /// Drops what is too dear by classes of places. `None`: nothing is left.
    fn look_coarsely(&mut self, domains: &mut Domains) -> Option<()> {
        if !self.model.nothing_negative || self.codes.classes == 0 {
            self.improve(domains);
            return domains.prune_known(self.ceiling());
        }
        self.coarse = true;
        let kept = self.prune_coarsely(domains);
        self.coarse = false;
        kept
    }

    fn prune_coarsely(&mut self, domains: &mut Domains) -> Option<()> {
        for round in 0..COARSE_ROUNDS_MAX {
            let before = domains.len();
            self.prices.update(self.model, &self.codes, domains.scope(), &domains.dual.tangents);
            let guess = self.bound(domains)?;
            match self.offer(&guess) {
                Err(_) if self.best.is_none() => self.repair(domains, &guess),
                _ => self.improve(domains),
            }
            domains.prune_known(self.ceiling())?;
            if round == 0 && self.is_worth_a_narrow_look(domains) {
                self.look_narrowly(domains, &guess, narrow::NODES_MAX);
                domains.prune_known(self.ceiling())?;
            }
            if domains.len() * 4 > before * 3 {
                break;
            }
        }
        domains.prune_known(self.ceiling())
    }

    /// The least bound that proves a part useless.
    fn ceiling(&self) -> i64 {
        self.model.scale.ceil(self.below).min(HARD / 2)
    }

    /// Whether the caller's limits end the search here.
    fn stops(&self) -> bool {
        let limits = &self.control.limits;
        self.nodes >= self.nodes_max || self.sweep.work >= limits.work_max || self.is_cancelled()
    }

    /// Whether only a narrow part is looked at.
    pub fn is_narrow(&self) -> bool {
        self.narrow
    }

    fn is_cancelled(&self) -> bool {
        self.control.cancelled.is_some_and(|cancelled| cancelled())
            || self.control.limits.cancelled.is_some_and(|cancelled| cancelled())
    }

    /// Whether the tables of a part would take more memory than the caller allows.
    fn is_too_large(&self, domains: &Domains) -> bool {
        let rows = |c: usize| domains.values[c].len() as u64;
        let cells = |edge: &super::model::Edge| rows(edge.a) * rows(edge.b);
        // Each pair has its table, and may be in a clique as large.
        let bytes = 16 * self.model.edges.iter().map(cells).fold(0, u64::saturating_add);
        bytes > self.control.limits.bytes_max
    }

    fn visit(&mut self, mut domains: Domains) {
        if domains.bound >= self.ceiling() {
            return;
        }
        if self.stops() || self.is_too_large(&domains) {
            self.open = Some(self.open.map_or(domains.bound, |open| open.min(domains.bound)));
            return;
        }
        self.nodes += 1;
        let Some(mut guess) = self.tighten(&mut domains) else { return };
        let mut verdict = self.offer(&guess);
        if let Ok(value) = verdict {
            let better = self.best.as_ref().is_some_and(|best| best.0 == value && best.1 == guess);
            if better || self.nodes == 1 {
                self.improve(&domains);
            }
        }
        if domains.bound < self.ceiling() {
            if self.nodes == 1 && verdict.is_err() {
                match self.press(&mut domains, &guess) {
                    Some(better) => guess = better,
                    None => return,
                }
            }
            match self.climb(&mut domains, guess) {
                Some(better) => guess = better,
                None => return,
            }
            if self.nodes == 1 && !self.narrow {
                let better = self.tighten(&mut domains);
                match better.and_then(|better| self.look_again(&mut domains, better)) {
                    Some(better) => guess = better,
                    None => return,
                }
            }
            verdict = self.offer(&guess);
        }
        if domains.bound >= self.ceiling() || domains.values.iter().all(|v| v.len() == 1) {
            return;
        }
        for child in self.children(&domains, &guess, verdict) {
            self.visit(child);
        }
    }

    /// The parts of a part, the most promising one first.
    fn children(&mut self, domains: &Domains, guess: &[usize], verdict: Result<i128, Broken>) -> Vec<Domains> {
        let branch = self.branch(domains, guess, verdict);
        match branch {
            Branch::Provider(component, _)
            | Branch::Providers(component)
            | Branch::Near(component, ..)
            | Branch::Values(component) => {
                let groups = self.split(domains, branch, component);
                groups.into_iter().map(|group| domains.with(component, group)).collect()
            }
            Branch::Tie(edge) => {
                let (a, b) = (self.model.edges[edge].a, self.model.edges[edge].b);
                let place = |c: usize| self.model.parts[c].values[guess[c]].place;
                let order =
                    if place(a) == place(b) { [Tie::Together, Tie::Apart] } else { [Tie::Apart, Tie::Together] };
                order.map(|tie| domains.tied(edge, tie)).into()
            }
        }
    }

    /// Makes a guess valid, and improves on it if it is better than what is known.
    fn repair(&mut self, domains: &Domains, guess: &[usize]) {
        if self.known.is_some() {
            return;
        }
        let candidates = self.with_neighbours(domains, guess);
        let Some(picked) = dive::repair(self.model, &mut self.evaluator, &candidates, guess.to_vec()) else { return };
        let before = self.below;
        if self.offer(&picked).is_ok() && self.below < before {
            self.improve(domains);
        }
    }

    /// The most promising values, and those at the places that a guess or the best known assignment use: moving together
    /// is what shortens paths.
    fn with_neighbours(&self, domains: &Domains, guess: &[usize]) -> Vec<Vec<usize>> {
        let mut used = vec![false; self.model.problem.places.len()];
        for picked in self.best.iter().map(|best| best.1.as_slice()).chain([guess]) {
            self.model.parts.iter().zip(picked).for_each(|(part, &v)| used[part.values[v].place] = true);
        }
        let mut all = candidates(domains);
        for ((list, domain), part) in all.iter_mut().zip(&domains.values).zip(&self.model.parts) {
            if domain.len() > DESCENT_WIDTH {
                list.extend(domain.iter().copied().filter(|&v| used[part.values[v].place]));
                list.sort_unstable();
                list.dedup();
            }
        }
        all
    }

    /// Coordinate descent from the best known assignment over what is left.
    fn improve(&mut self, domains: &Domains) {
        if self.descended == (self.below, self.narrow) {
            return;
        }
        let Some((_, start)) = self.best.clone() else { return };
        let candidates = candidates(domains);
        dive::descend(&candidates, start, &mut |picked| self.betters(picked));
        self.descended = (self.below, self.narrow);
    }

    /// Bounds and prunes until little changes. `None`: nothing of interest is left; else the relaxation's best
    /// assignment.
    fn tighten(&mut self, domains: &mut Domains) -> Option<Vec<usize>> {
        let dual = Rc::clone(&domains.dual);
        self.objective.penalise(self.model, &dual.paths);
        for round in 0.. {
            let before = domains.len();
            self.prune_by_paths(domains)?;
            if round == 0 {
                self.drop_twins(domains, true);
            }
            self.prices.update(self.model, &self.codes, domains.scope(), &dual.tangents);
            self.prune_by_budget(domains)?;
            let guess = self.bound(domains)?;
            if self.nodes == 1 && round < 2 {
                // A better incumbent makes the first prunings far stronger.
                match self.offer(&guess) {
                    Ok(_) => self.improve(domains),
                    Err(_) => self.repair(domains, &guess),
                }
            }
            let after = domains.len();
            if after * 10 > before * 9 || round + 1 >= ROUNDS_MAX {
                return Some(guess);
            }
        }
        None
    }

    /// One sweep over the objective with the multipliers in force.
    fn bound(&mut self, domains: &mut Domains) -> Option<Vec<usize>> {
        let ceiling = self.ceiling();
        let (model, codes) = (self.model, &self.codes);
        let bound = if self.coarse {
            self.sweep.run_coarse(model, codes, &self.objective, domains.scope(), &self.prices, ceiling)
        } else {
            self.sweep.run(model, codes, &self.objective, domains.scope(), &self.prices, ceiling)
        };
        if bound >= ceiling {
            return None;
        }
        let best = domains.values.iter().zip(&self.sweep.best);
        let guess: Vec<usize> = best.map(|(values, &position)| values[position]).collect();
        self.bound_now = bound;
        domains.bound = domains.bound.max(bound);
        domains.prune(&self.sweep, &self.objective, ceiling, true)?;
        Some(guess)
    }

    /// Drops values that others stand for. Marginals are wanted for every value.
    fn drop_twins(&self, domains: &mut Domains, deep: bool) {
        if self.known.is_some() {
            return;
        }
        let alive: Vec<usize> = domains.paths.iter().map(|path| self.path_of[path.0]).collect();
        let scope = (domains.values.as_slice(), domains.ties.as_slice());
        let Some(keep) = twins::enough(self.model, &self.codes, scope, &alive, deep) else { return };
        for ((values, marginal), keep) in domains.values.iter_mut().zip(&mut domains.marginal).zip(&keep) {
            let (mut a, mut b) = (keep.iter(), keep.iter());
            values.retain(|_| a.next() == Some(&true));
            marginal.retain(|_| b.next() == Some(&true));
        }
    }

    fn prune_by_budget(&mut self, domains: &mut Domains) -> Option<()> {
        let Some(money) = &self.money else { return Some(()) };
        let budget = self.model.budget.unwrap_or(i128::MAX >> 2);
        let ceiling = self.model.scale.ceil(budget + 1).min(HARD / 2);
        let bound = self.sweep.run(self.model, &self.codes, money, domains.scope(), &self.prices, ceiling);
        if bound >= ceiling {
            return None;
        }
        domains.prune(&self.sweep, money, ceiling, false)
    }

    /// Looks for a first good answer where the relaxation breaks path bounds. `None`: nothing of interest
    /// is left; else the relaxation's best assignment.
    fn press(&mut self, domains: &mut Domains, guess: &[usize]) -> Option<Vec<usize>> {
        let mut guess = guess.to_vec();
        let mut ascent = Ascent::new(&domains.dual, self.bound_now, PRESSES_MAX, 0);
        let worth = self.bound_now;
        for _ in 0..PRESSES_MAX {
            if !ascent.press(self.model, &guess, worth) {
                break;
            }
            self.objective.penalise(self.model, &ascent.now.paths);
            guess = self.bound(domains)?;
            match self.offer(&guess) {
                Ok(_) => self.improve(domains),
                Err(_) => self.repair(domains, &guess),
            }
        }
        // Back to the multipliers in force.
        self.objective.penalise(self.model, &domains.dual.paths);
        self.bound(domains)
    }

    /// Looks for better multipliers. `None`: nothing of interest is left.
    fn climb(&mut self, domains: &mut Domains, mut guess: Vec<usize>) -> Option<Vec<usize>> {
        let (steps, halvings) = match self.known {
            Some(_) => (MARGINAL_STEPS, 0),
            None if self.nodes == 1 && self.narrow => (NARROW_STEPS, 0),
            None if self.nodes == 1 => (ROOT_STEPS + domains.paths.len(), 0),
            None => (NODE_STEPS + domains.paths.len() / PATHS_A_STEP, 1),
        };
        let mut bound = self.bound_now;
        let mut ascent = Ascent::new(&domains.dual, bound, steps, halvings);
        while ascent.promising() && !self.is_cancelled() {
            let ceiling = self.ceiling();
            let ceiling = self.known.unwrap_or(ceiling).max(bound + 1);
            let target = if ceiling < HARD / 2 { ceiling } else { bound.saturating_add(bound.abs() / 2 + 1) };
            if !ascent.step(self.model, &self.prices, &guess, bound, target) {
                break;
            }
            self.objective.penalise(self.model, &ascent.now.paths);
            self.prices.turn(self.model, &self.codes, &ascent.now.tangents);
            guess = self.bound(domains)?;
            bound = self.bound_now;
            ascent.note(bound, target);
            let before = self.below;
            match self.offer(&guess) {
                Ok(_) if self.below < before => self.improve(domains),
                Err(_) if self.nodes == 1 && ascent.steps().is_power_of_two() => self.repair(domains, &guess),
                _ => {}
            }
        }
        // What is split on is read off the best relaxation, not off the last one.
        let stale = self.bound_now != ascent.best_bound;
        if ascent.best != *domains.dual {
            domains.dual = Rc::new(ascent.best);
        }
        if stale && self.known.is_none() {
            self.objective.penalise(self.model, &domains.dual.paths);
            self.prices.update(self.model, &self.codes, domains.scope(), &domains.dual.tangents);
            guess = self.bound(domains)?;
        }
        Some(guess)
    }

    fn prune_by_paths(&mut self, domains: &mut Domains) -> Option<()> {
        for (path, size_then) in std::mem::take(&mut domains.paths) {
            let (functional, ceiling) = &self.paths[path];
            // Looking again pays when much is gone; small domains are always cheap to look at.
            let size = domains.size(functional);
            if size == size_then || (size > PATH_SIZE_SMALL && size * 4 > size_then.saturating_mul(3)) {
                domains.paths.push((path, size_then));
                continue;
            }
            let bound = self.sweep.run(self.model, &self.codes, functional, domains.scope(), &self.prices, *ceiling);
            if bound >= *ceiling {
                return None;
            }
            // A path that cannot be too slow any more needs no second look below this node.
            if self.sweep.most >= *ceiling {
                domains.prune(&self.sweep, functional, *ceiling, false)?;
                domains.paths.push((path, domains.size(functional)));
            }
        }
        Some(())
    }

    /// Splits the values of a component; the most promising part first.
    fn split(&self, domains: &Domains, branch: Branch, component: usize) -> Vec<Group> {
        let values = &domains.values[component];
        let provider = |v: usize| self.model.parts[component].values[v].provider;
        let near = match branch {
            Branch::Near(_, place, path) => {
                let (low, high) = self.distances(domains, component, place, path);
                low + (high - low) / NEAR_PART
            }
            _ => 0,
        };
        let key = |v: usize| match branch {
            Branch::Near(_, place, path) => usize::from(self.distance(component, v, place, path) > near),
            Branch::Provider(_, at) => usize::from(provider(v) == at),
            Branch::Providers(_) => provider(v),
            Branch::Values(_) | Branch::Tie(_) => v,
        };
        let single = matches!(branch, Branch::Values(_));
        let mut groups: Vec<(usize, Group)> = Vec::new();
        for (&v, &marginal) in values.iter().zip(&domains.marginal[component]) {
            let key = key(v);
            let known = if single { None } else { groups.iter().position(|g| g.0 == key) };
            let at = known.unwrap_or_else(|| {
                groups.push((key, Group { bound: i64::MAX, values: Vec::new(), marginal: Vec::new() }));
                groups.len() - 1
            });
            let group = &mut groups[at].1;
            group.bound = group.bound.min(marginal);
            group.values.push(v);
            group.marginal.push(marginal);
        }
        groups.sort_by_key(|g| (g.1.bound, g.1.values[0]));
        groups.into_iter().map(|g| g.1).collect()
    }
}

/// The most promising values of every component.
fn candidates(domains: &Domains) -> Vec<Vec<usize>> {
    let promising = |(values, marginal): (&Vec<usize>, &Vec<i64>)| {
        let mut order: Vec<usize> = (0..values.len()).collect();
        if order.len() > DESCENT_WIDTH {
            order.select_nth_unstable_by_key(DESCENT_WIDTH, |&i| (marginal[i], i));
            order.truncate(DESCENT_WIDTH);
            order.sort_unstable();
        }
        order.into_iter().map(|i| values[i]).collect()
    };
    domains.values.iter().zip(&domains.marginal).map(promising).collect()
}

/// Some of a component's values, with their marginals and the least of those.
struct Group {
    bound: i64,
    values: Vec<usize>,
    marginal: Vec<i64>,
}

impl Domains {
    /// The part in which a component has only the values of a group.
    fn with(&self, component: usize, group: Group) -> Self {
        let keep = |lists: &[Vec<usize>]| -> Vec<Vec<usize>> {
            lists.iter().enumerate().map(|(c, list)| if c == component { Vec::new() } else { list.clone() }).collect()
        };
        let keep_marginal = |lists: &[Vec<i64>]| -> Vec<Vec<i64>> {
            lists.iter().enumerate().map(|(c, list)| if c == component { Vec::new() } else { list.clone() }).collect()
        };
        let (mut values, mut marginal) = (keep(&self.values), keep_marginal(&self.marginal));
        values[component] = group.values;
        marginal[component] = group.marginal;
        let bound = group.bound.max(self.bound);
        Self {
            values,
            ties: self.ties.clone(),
            marginal,
            paths: self.paths.clone(),
            bound,
            dual: Rc::clone(&self.dual),
        }
    }

    /// The part in which something is said about a pair.
    fn tied(&self, edge: usize, tie: Tie) -> Self {
        let mut ties = self.ties.clone();
        ties[edge] = tie;
        let (values, marginal) = (self.values.clone(), self.marginal.clone());
        Self { values, ties, marginal, paths: self.paths.clone(), bound: self.bound, dual: Rc::clone(&self.dual) }
    }

    /// Values that are left.
    fn len(&self) -> usize {
        self.values.iter().map(Vec::len).sum()
    }

    pub fn scope(&self) -> Scope<'_> {
        Scope { values: &self.values, ties: &self.ties }
    }

    fn size(&self, functional: &Functional) -> usize {
        functional.components.iter().map(|&c| self.values[c].len()).sum()
    }

    /// Drops the values whose marginal is at or above the ceiling. `None`: a component has none left.
    fn prune(&mut self, sweep: &Sweep, functional: &Functional, ceiling: i64, keeps: bool) -> Option<()> {
        for &component in &functional.components {
            let fresh = &sweep.marginal[component];
            let (values, marginal) = (&mut self.values[component], &mut self.marginal[component]);
            let mut kept = 0;
            for position in 0..values.len() {
                if fresh[position] < ceiling {
                    values[kept] = values[position];
                    marginal[kept] = if keeps { fresh[position].max(marginal[position]) } else { marginal[position] };
                    kept += 1;
                }
            }
            values.truncate(kept);
            marginal.truncate(kept);
            if kept == 0 {
                return None;
            }
        }
        Some(())
    }

    /// Drops the values whose known marginal is at or above the ceiling.
    fn prune_known(&mut self, ceiling: i64) -> Option<()> {
        for (values, marginal) in self.values.iter_mut().zip(&mut self.marginal) {
            let mut keep = marginal.iter().map(|&m| m < ceiling);
            values.retain(|_| keep.next().unwrap_or(true));
            marginal.retain(|&m| m < ceiling);
            if values.is_empty() {
                return None;
            }
        }
        Some(())
    }
}
