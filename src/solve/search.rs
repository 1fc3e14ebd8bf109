//! Branch and bound: bound, prune, guess, split; depth first, most promising part first.

use super::Limits;
use super::bound::Functional;
use super::dive;
use super::eval::{Broken, Evaluator};
use super::lagrange::Multipliers;
use super::meter::Prices;
use super::model::{HARD, Model};
use super::sweep::Sweep;

/// Rounds of bounding and pruning at one node.
const ROUNDS_MAX: usize = 6;

/// Values of a path's components together, up to which every change is worth a look.
const PATH_SIZE_SMALL: usize = 60;

/// Values of a component that coordinate descent tries, the most promising ones.
const DESCENT_WIDTH: usize = 24;

/// What the search ends with, in values inside the solver.
pub(super) struct Outcome {
    pub best: Option<(i128, Vec<usize>)>,
    /// Least bound of the parts that were left unsearched; `None`: nothing was left.
    pub open: Option<i64>,
    pub nodes: u64,
}

/// Values of every component that are still possible, and what is known about them.
struct Domains {
    values: Vec<Vec<usize>>,
    /// Like `values`: no assignment of this part with the value is below this.
    marginal: Vec<Vec<i64>>,
    /// Paths (by ordinal in [`Search::paths`]) that may still be too slow, with the size of their components' domains
    /// when they were last looked at.
    paths: Vec<(usize, usize)>,
    bound: i64,
}

pub(super) struct Search<'m> {
    model: &'m Model<'m>,
    limits: Limits,
    pub evaluator: Evaluator,
    objective: Functional,
    money: Option<Functional>,
    /// The objective with prices on path bounds, when they help.
    penalised: Option<Functional>,
    /// Bounded paths: (functional, ceiling).
    paths: Vec<(Functional, i64)>,
    prices: Prices,
    sweep: Sweep,
    best: Option<(i128, Vec<usize>)>,
    /// Only values below this are of interest.
    below: i128,
    /// Traffic that each component takes part in: the heavy ones are split first.
    weight: Vec<i128>,
    open: Option<i64>,
    nodes: u64,
}

impl<'m> Search<'m> {
    pub fn new(model: &'m Model<'m>, limits: Limits, below: i128) -> Self {
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
            limits,
            evaluator: Evaluator::new(model),
            objective: Functional::total(model, true),
            money: model.has_own_budget().then(|| Functional::total(model, false)),
            penalised: None,
            paths: model.problem.paths.iter().enumerate().filter_map(path).collect(),
            prices: Prices::default(),
            sweep: Sweep::default(),
            best: None,
            below,
            weight,
            open: None,
            nodes: 0,
        }
    }

    /// Takes an assignment when it is valid and better than what is known.
    pub fn offer(&mut self, picked: &[usize]) -> Result<i128, Broken> {
        let value = self.evaluator.value(self.model, picked)?;
        if value < self.below {
            self.below = value;
            self.best = Some((value, picked.to_vec()));
        }
        Ok(value)
    }

    pub fn run(mut self) -> Outcome {
        let values: Vec<Vec<usize>> = self.model.parts.iter().map(|p| (0..p.values.len()).collect()).collect();
        dive::starts(self.model, &mut |picked| {
            let _ = self.offer(picked);
        });
        let marginal = values.iter().map(|v| vec![-HARD; v.len()]).collect();
        let paths = (0..self.paths.len()).map(|p| (p, usize::MAX)).collect();
        self.visit(Domains { values, marginal, paths, bound: -HARD });
        Outcome { best: self.best, open: self.open, nodes: self.nodes }
    }

    /// The least bound that proves a part useless.
    fn ceiling(&self) -> i64 {
        self.model.scale.ceil(self.below).min(HARD / 2)
    }

    fn visit(&mut self, mut domains: Domains) {
        if domains.bound >= self.ceiling() {
            return;
        }
        if self.nodes >= self.limits.nodes_max || self.sweep.work >= self.limits.work_max {
            self.open = Some(self.open.map_or(domains.bound, |open| open.min(domains.bound)));
            return;
        }
        self.nodes += 1;
        let Some(guess) = self.tighten(&mut domains) else { return };
        let verdict = self.offer(&guess);
        if let Ok(value) = verdict {
            let better = self.best.as_ref().is_some_and(|best| best.0 == value && best.1 == guess);
            if better || self.nodes == 1 {
                self.improve(&domains);
            }
        }
        if self.nodes == 1 && matches!(verdict, Err(Broken::Path(_))) {
            let gone = self.find_multipliers(&mut domains, &guess).is_none();
            if gone || self.tighten(&mut domains).is_none() {
                return;
            }
        }
        if domains.bound >= self.ceiling() || domains.values.iter().all(|v| v.len() == 1) {
            return;
        }
        let component = self.pick(&domains, verdict.err());
        for child in self.split(&domains, component) {
            self.visit(child);
        }
    }

    /// Coordinate descent from the best known assignment over what is left.
    fn improve(&mut self, domains: &Domains) {
        let Some((_, start)) = self.best.clone() else { return };
        let model = self.model;
        let promising = |(values, marginal): (&Vec<usize>, &Vec<i64>)| {
            let mut order: Vec<usize> = (0..values.len()).collect();
            if order.len() > DESCENT_WIDTH {
                order.select_nth_unstable_by_key(DESCENT_WIDTH, |&i| (marginal[i], i));
                order.truncate(DESCENT_WIDTH);
                order.sort_unstable();
            }
            order.into_iter().map(|i| values[i]).collect()
        };
        let candidates: Vec<Vec<usize>> = domains.values.iter().zip(&domains.marginal).map(promising).collect();
        dive::descend(&candidates, start, &mut |picked| match self.evaluator.value(model, picked) {
            Ok(value) if value < self.below => {
                self.below = value;
                self.best = Some((value, picked.to_vec()));
                true
            }
            _ => false,
        });
    }

    /// Bounds and prunes until little changes. `None`: nothing of interest is left; else the relaxation's best
    /// assignment.
    fn tighten(&mut self, domains: &mut Domains) -> Option<Vec<usize>> {
        if self.nodes == 1 {
            self.prices.update(self.model, &domains.values);
            let ceiling = self.ceiling();
            self.sweep.run_alone(self.model, &self.objective, &domains.values, &self.prices);
            domains.prune(&self.sweep, &self.objective, ceiling, true)?;
        }
        for round in 0.. {
            let before: usize = domains.values.iter().map(Vec::len).sum();
            self.prune_by_paths(domains)?;
            self.prices.update(self.model, &domains.values);
            if let Some(money) = &self.money {
                let budget = self.model.budget.unwrap_or(i128::MAX >> 2);
                let ceiling = self.model.scale.ceil(budget + 1).min(HARD / 2);
                let bound = self.sweep.run(self.model, money, &domains.values, &self.prices, ceiling);
                if bound >= ceiling {
                    return None;
                }
                domains.prune(&self.sweep, money, ceiling, false)?;
            }
            let ceiling = self.ceiling();
            let bound = self.sweep.run(self.model, &self.objective, &domains.values, &self.prices, ceiling);
            if bound >= ceiling {
                return None;
            }
            let best = domains.values.iter().zip(&self.sweep.best);
            let guess: Vec<usize> = best.map(|(values, &position)| values[position]).collect();
            domains.bound = domains.bound.max(bound);
            domains.prune(&self.sweep, &self.objective, ceiling, true)?;
            if self.nodes == 1 && round < 2 {
                // A better incumbent makes the first prunings far stronger.
                let _ = self.offer(&guess);
                self.improve(domains);
            }
            self.tighten_penalised(domains)?;
            let after: usize = domains.values.iter().map(Vec::len).sum();
            if after * 10 > before * 9 || round + 1 >= ROUNDS_MAX {
                return Some(guess);
            }
        }
        None
    }

    /// The same with prices on path bounds.
    fn tighten_penalised(&mut self, domains: &mut Domains) -> Option<()> {
        if domains.paths.is_empty() {
            return Some(());
        }
        let Some(penalised) = self.penalised.take() else { return Some(()) };
        let guess = self.penalised_bound(&penalised, domains);
        self.penalised = Some(penalised);
        let _ = self.offer(&guess?.1);
        Some(())
    }

    fn penalised_bound(&mut self, penalised: &Functional, domains: &mut Domains) -> Option<(i64, Vec<usize>)> {
        let ceiling = self.ceiling();
        let bound = self.sweep.run(self.model, penalised, &domains.values, &self.prices, ceiling);
        if bound >= ceiling {
            return None;
        }
        let best = domains.values.iter().zip(&self.sweep.best);
        let guess = best.map(|(values, &position)| values[position]).collect();
        domains.bound = domains.bound.max(bound);
        domains.prune(&self.sweep, penalised, ceiling, true)?;
        Some((bound, guess))
    }

    /// Finds prices for path bounds at the root. `None`: nothing of interest is left.
    fn find_multipliers(&mut self, domains: &mut Domains, guess: &[usize]) -> Option<()> {
        let mut multipliers = Multipliers::new(self.model, domains.bound);
        let (mut bound, mut guess) = (domains.bound, guess.to_vec());
        while multipliers.promising() {
            let ceiling = self.ceiling();
            let target = if ceiling < HARD / 2 { ceiling } else { bound.saturating_add(bound.abs() / 2 + 1) };
            if !multipliers.step(self.model, &guess, bound, target) {
                break;
            }
            let penalised = Functional::penalised(self.model, &multipliers.now);
            (bound, guess) = self.penalised_bound(&penalised, domains)?;
            multipliers.note(bound, target);
            let before = self.below;
            if self.offer(&guess).is_ok() && self.below < before {
                self.improve(domains);
            }
        }
        self.penalised = multipliers.any().then(|| Functional::penalised(self.model, &multipliers.best));
        Some(())
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
            let bound = self.sweep.run(self.model, functional, &domains.values, &self.prices, *ceiling);
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

    /// Which component to split: one that the relaxation's broken rule concerns, else by traffic; providers first,
    /// because they settle the meters.
    fn pick(&self, domains: &Domains, broken: Option<Broken>) -> usize {
        let concerns = |component: usize| match broken {
            Some(Broken::Path(path)) => {
                let spec = &self.model.problem.paths[path];
                spec.entry.as_ref().is_some_and(|e| e.0 == component)
                    || spec.hops.iter().any(|h| h.a == component || h.b == component)
            }
            Some(Broken::Pair(a, b)) => component == a || component == b,
            Some(Broken::Budget) | None => false,
        };
        let open = (0..domains.values.len()).filter(|&c| domains.values[c].len() > 1);
        let key = |&c: &usize| {
            let several = self.several_providers(c, &domains.values[c]);
            (concerns(c), several, self.weight[c], std::cmp::Reverse(domains.values[c].len()), std::cmp::Reverse(c))
        };
        open.max_by_key(key).expect("some component has several values")
    }

    fn several_providers(&self, component: usize, values: &[usize]) -> bool {
        let provider = |v: usize| self.model.parts[component].values[v].provider;
        values.iter().any(|&v| provider(v) != provider(values[0]))
    }

    /// Splits by the provider of a component, or when that is known by its value; the most promising part first.
    fn split(&self, domains: &Domains, component: usize) -> Vec<Domains> {
        let values = &domains.values[component];
        let by_provider = self.several_providers(component, values);
        let key = |v: usize| if by_provider { self.model.parts[component].values[v].provider } else { v };
        let mut groups: Vec<(usize, i64, Vec<usize>, Vec<i64>)> = Vec::new();
        for (&v, &marginal) in values.iter().zip(&domains.marginal[component]) {
            let key = key(v);
            let known = groups.iter().position(|g| g.0 == key);
            let at = known.unwrap_or_else(|| {
                groups.push((key, i64::MAX, Vec::new(), Vec::new()));
                groups.len() - 1
            });
            let group = &mut groups[at];
            group.1 = group.1.min(marginal);
            group.2.push(v);
            group.3.push(marginal);
        }
        groups.sort_by_key(|g| (g.1, g.2[0]));
        let child = |(_, bound, values, marginal): (usize, i64, Vec<usize>, Vec<i64>)| {
            let mut all = (domains.values.clone(), domains.marginal.clone());
            all.0[component] = values;
            all.1[component] = marginal;
            let bound = bound.max(domains.bound);
            Domains { values: all.0, marginal: all.1, paths: domains.paths.clone(), bound }
        };
        groups.into_iter().map(child).collect()
    }
}

impl Domains {
    fn size(&self, functional: &Functional) -> usize {
        functional.components().map(|c| self.values[c].len()).sum()
    }

    /// Drops the values whose marginal is at or above the ceiling. `None`: a component has none left.
    fn prune(&mut self, sweep: &Sweep, functional: &Functional, ceiling: i64, keeps: bool) -> Option<()> {
        for component in functional.components() {
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
}
