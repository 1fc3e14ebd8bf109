//! Lower bounds by dynamic programming over a forest of pairs.
//!
//! A [`Functional`] is a sum of unary and pair costs over the components: the objective (with traffic priced by
//! [`super::meter`] from below), the bill alone (for a budget that the objective does not imply), or the latency of one
//! path. One upward and one downward sweep give its least value and, for every value of every component, the least
//! total with that value (its *marginal*). Pairs that close a cycle are projected onto their ends: valid, not exact.

use super::meter::Prices;
use super::model::{Edge, HARD, Model, Term};
use crate::problem::ComponentId;

/// A latency term with its weight.
#[derive(Clone, Copy, Debug)]
struct Weighted {
    term: Term,
    weight: i64,
}

/// A pair inside a functional.
#[derive(Clone, Debug)]
struct Link {
    edge: usize,
    terms: Vec<Weighted>,
}

/// A place in the forest; parents stand before children.
#[derive(Clone, Copy, Debug)]
struct Node {
    component: ComponentId,
    /// (link, parent).
    up: Option<(usize, ComponentId)>,
}

/// A sum of unary and pair costs.
pub(super) struct Functional {
    money: bool,
    links: Vec<Link>,
    nodes: Vec<Node>,
    /// Links that close cycles.
    loose: Vec<usize>,
    /// (path, weight) of the entry latencies.
    entries: Vec<(usize, i64)>,
    constant: i64,
}

impl Functional {
    /// The objective, or (without `latency`) the bill alone.
    pub fn total(model: &Model, latency: bool) -> Self {
        let scaled = |path: usize| {
            if latency { i64::try_from(model.weights[path] >> model.scale.shift).unwrap_or(0) } else { 0 }
        };
        let weights: Vec<i64> = (0..model.weights.len()).map(scaled).collect();
        let constants = model.problem.paths.iter().zip(&model.weights);
        let constant: i128 = constants.map(|(p, &w)| i128::from(p.constant.micros()) * w).sum();
        let components = 0..model.parts.len();
        let mut f = Self::over(model, &weights, components.collect(), |_| true);
        f.money = true;
        f.constant = if latency { model.scale.floor(constant) } else { 0 };
        f
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
        let mut f = Self::over(model, &weights, components, |edge| edge.terms.iter().any(|t| t.path == path));
        f.constant = spec.constant.micros();
        f
    }

    /// The components that it ranges over.
    pub fn components(&self) -> impl Iterator<Item = ComponentId> + '_ {
        self.nodes.iter().map(|n| n.component)
    }

    fn over(model: &Model, weights: &[i64], components: Vec<usize>, uses: impl Fn(&Edge) -> bool) -> Self {
        let mut links = Vec::new();
        for (edge, spec) in model.edges.iter().enumerate().filter(|(_, e)| uses(e)) {
            let mut terms: Vec<Weighted> = Vec::new();
            for term in spec.terms.iter().filter(|t| weights[t.path] != 0) {
                let same = |w: &&mut Weighted| Term { path: term.path, ..w.term } == *term;
                match terms.iter_mut().find(same) {
                    Some(known) => known.weight += weights[term.path],
                    None => terms.push(Weighted { term: *term, weight: weights[term.path] }),
                }
            }
            links.push(Link { edge, terms });
        }
        let (nodes, loose) = forest(model, &links, components);
        let entries = weights.iter().enumerate().filter(|(_, w)| **w != 0).map(|(p, &w)| (p, w)).collect();
        Self { money: false, links, nodes, loose, entries, constant: 0 }
    }
}

/// A spanning forest that keeps the pairs which matter most; the rest are loose.
fn forest(model: &Model, links: &[Link], components: Vec<usize>) -> (Vec<Node>, Vec<usize>) {
    let mut order: Vec<usize> = (0..links.len()).collect();
    let weight = |&l: &usize| {
        let edge = &model.edges[links[l].edge];
        let volume: i64 = edge.forward.iter().chain(&edge.backward).map(|&f| model.streams[f].volume).sum();
        (edge.relations.len(), links[l].terms.len(), volume)
    };
    order.sort_by_key(|l| std::cmp::Reverse(weight(l)));
    let mut group: Vec<usize> = (0..model.parts.len()).collect();
    let mut loose = Vec::new();
    let mut neighbours: Vec<Vec<(usize, usize)>> = vec![Vec::new(); model.parts.len()];
    for l in order {
        let (a, b) = (model.edges[links[l].edge].a, model.edges[links[l].edge].b);
        let (ga, gb) = (group[a], group[b]);
        if ga == gb {
            loose.push(l);
            continue;
        }
        group.iter_mut().filter(|g| **g == gb).for_each(|g| *g = ga);
        neighbours[a].push((l, b));
        neighbours[b].push((l, a));
    }
    let mut nodes: Vec<Node> = Vec::new();
    let mut seen = vec![false; model.parts.len()];
    for root in components {
        if seen[root] {
            continue;
        }
        seen[root] = true;
        let mut next = nodes.len();
        nodes.push(Node { component: root, up: None });
        while next < nodes.len() {
            let parent = nodes[next].component;
            for &(link, child) in &neighbours[parent] {
                if !seen[child] {
                    seen[child] = true;
                    nodes.push(Node { component: child, up: Some((link, parent)) });
                }
            }
            next += 1;
        }
    }
    (nodes, loose)
}

/// Working memory of the sweeps, and their result.
#[derive(Default)]
pub(super) struct Sweep {
    tables: Vec<Vec<i64>>,
    /// Unary costs, then the least total below; indexed like the domains.
    below: Vec<Vec<i64>>,
    /// Message to the parent, indexed like the parent's domain.
    up: Vec<Vec<i64>>,
    /// Least total with a value, over the whole functional; for the components of the functional.
    pub marginal: Vec<Vec<i64>>,
    /// The values of a best assignment, as positions in the domains.
    pub best: Vec<usize>,
    /// For path functionals: no assignment is above this.
    pub most: i64,
    /// Table cells filled so far.
    pub work: u64,
}

impl Sweep {
    /// Least value of the functional, clamped to `HARD`. Marginals at or above `ceiling` are not exact, only not below.
    pub fn run(&mut self, model: &Model, f: &Functional, domains: &[Vec<usize>], prices: &Prices, ceiling: i64) -> i64 {
        let n = model.parts.len();
        for list in [&mut self.below, &mut self.up, &mut self.marginal] {
            list.resize(n, Vec::new());
        }
        self.best.resize(n, 0);
        self.tables.resize(model.edges.len(), Vec::new());
        let constant = f.constant + self.unary(model, f, domains, prices);
        for (l, link) in f.links.iter().enumerate() {
            fill(model, f, link, domains, prices, &mut self.tables[l]);
            self.work += self.tables[l].len() as u64;
        }
        if !f.money {
            self.most = self.most(f);
        }
        for &l in &f.loose {
            self.project(model, f, l);
        }
        self.upward(model, f, domains);
        let mut bound = constant;
        for node in f.nodes.iter().filter(|n| n.up.is_none()) {
            let least = self.below[node.component].iter().copied().min().unwrap_or(HARD);
            bound = (bound + least).min(HARD);
        }
        if bound < ceiling {
            self.downward(model, f, domains, bound, ceiling);
        }
        bound
    }

    fn most(&self, f: &Functional) -> i64 {
        let largest = |list: &Vec<i64>| list.iter().copied().filter(|&c| c < HARD).max().unwrap_or(0);
        let pairs: i64 = self.tables[..f.links.len()].iter().map(largest).sum();
        f.constant + pairs + f.nodes.iter().map(|n| largest(&self.below[n.component])).sum::<i64>()
    }

    /// Fills `below` with unary costs; returns what is due in any case.
    fn unary(&mut self, model: &Model, f: &Functional, domains: &[Vec<usize>], prices: &Prices) -> i64 {
        let (shares, constant) = if f.money { shared_shares(model, domains) } else { (Vec::new(), 0) };
        for node in &f.nodes {
            let c = node.component;
            let below = &mut self.below[c];
            below.clear();
            let part = &model.parts[c];
            for &v in &domains[c] {
                let value = &part.values[v];
                let mut cost = 0;
                if f.money {
                    let shared: i128 = value.shared.iter().map(|&s| shares[s]).sum();
                    cost = model.scale.floor(value.cost + shared) + prices.internet[c][value.signature];
                }
                for &(path, weight) in &f.entries {
                    cost += model.entry_us(path, c, value.place) * weight;
                }
                below.push(cost);
            }
        }
        model.scale.floor(constant)
    }

    /// Moves what a loose pair costs at least onto its ends.
    fn project(&mut self, model: &Model, f: &Functional, l: usize) {
        let edge = &model.edges[f.links[l].edge];
        let table = &self.tables[l];
        let width = self.below[edge.b].len();
        let mut columns = vec![HARD; width];
        for (x, row) in table.chunks_exact(width).enumerate() {
            let least = row.iter().copied().min().unwrap_or(HARD);
            self.below[edge.a][x] = (self.below[edge.a][x] + least).min(HARD);
            for (column, &cell) in columns.iter_mut().zip(row) {
                *column = (*column).min(if least >= HARD { 0 } else { cell - least });
            }
        }
        for (below, column) in self.below[edge.b].iter_mut().zip(columns) {
            *below = (*below + column.max(0)).min(HARD);
        }
    }

    fn upward(&mut self, model: &Model, f: &Functional, domains: &[Vec<usize>]) {
        for node in f.nodes.iter().rev() {
            let Some((l, parent)) = node.up else { continue };
            let child = node.component;
            let mut message = std::mem::take(&mut self.up[child]);
            let forward = model.edges[f.links[l].edge].a == parent;
            project_min(&self.tables[l], &self.below[child], domains[parent].len(), forward, &mut message);
            for (below, &m) in self.below[parent].iter_mut().zip(&message) {
                *below = (*below + m).min(HARD);
            }
            self.up[child] = message;
        }
    }

    fn downward(&mut self, model: &Model, f: &Functional, domains: &[Vec<usize>], bound: i64, ceiling: i64) {
        for node in &f.nodes {
            let c = node.component;
            let mut marginal = std::mem::take(&mut self.marginal[c]);
            match node.up {
                None => {
                    marginal.clear();
                    marginal.extend_from_slice(&self.below[c]);
                    let (best, least) = first_least(&marginal);
                    self.best[c] = best;
                    let rest = bound - least;
                    marginal.iter_mut().for_each(|m| *m = (*m + rest).min(HARD));
                }
                Some((l, parent)) => {
                    let from_parent = &self.marginal[parent];
                    let base: Vec<i64> = from_parent
                        .iter()
                        .zip(&self.up[c])
                        .map(|(&m, &up)| if m >= ceiling || up >= HARD { HARD } else { m - up })
                        .collect();
                    let forward = model.edges[f.links[l].edge].a == c;
                    project_min(&self.tables[l], &base, domains[c].len(), forward, &mut marginal);
                    for (m, &below) in marginal.iter_mut().zip(&self.below[c]) {
                        *m = (*m + below).min(HARD);
                    }
                    self.best[c] = self.best_below(l, c, self.best[parent], forward);
                }
            }
            self.marginal[c] = marginal;
        }
    }

    /// The best value of a child for its parent's value.
    fn best_below(&self, l: usize, child: usize, parent: usize, forward: bool) -> usize {
        let below = &self.below[child];
        let table = &self.tables[l];
        let parents = table.len() / below.len();
        let pair = |x: usize| if forward { table[x * parents + parent] } else { table[parent * below.len() + x] };
        let totals: Vec<i64> = below.iter().enumerate().map(|(x, &b)| b + pair(x)).collect();
        first_least(&totals).0
    }
}

fn first_least(list: &[i64]) -> (usize, i64) {
    let mut best = (0, HARD);
    for (position, &cost) in list.iter().enumerate() {
        if cost < best.1 {
            best = (position, cost);
        }
    }
    best
}

/// `out[x] = min over y of table(x, y) + costs[y]`, where x is the table's row (`rows`) or its column.
fn project_min(table: &[i64], costs: &[i64], len: usize, rows: bool, out: &mut Vec<i64>) {
    out.clear();
    if rows {
        out.extend(
            table
                .chunks_exact(costs.len())
                .map(|row| row.iter().zip(costs).map(|(&cell, &cost)| cell + cost).min().unwrap_or(HARD).min(HARD)),
        );
        return;
    }
    out.resize(len, HARD);
    for (row, &cost) in table.chunks_exact(len).zip(costs) {
        if cost < HARD {
            for (o, &cell) in out.iter_mut().zip(row) {
                *o = (*o).min(cell + cost);
            }
        }
    }
}

/// Fills the table of a pair, row by row of its first component.
fn fill(model: &Model, f: &Functional, link: &Link, domains: &[Vec<usize>], prices: &Prices, table: &mut Vec<i64>) {
    let edge = &model.edges[link.edge];
    let traffic = f.money && !(edge.forward.is_empty() && edge.backward.is_empty());
    let (values_a, values_b) = (&model.parts[edge.a].values, &model.parts[edge.b].values);
    let places = model.problem.places.len();
    let columns: Vec<(usize, usize)> =
        domains[edge.b].iter().map(|&v| (values_b[v].place, values_b[v].class * model.codes.len())).collect();
    table.clear();
    table.reserve(columns.len() * domains[edge.a].len());
    for &x in &domains[edge.a] {
        let value = &values_a[x];
        let p = value.place;
        let start = table.len();
        if traffic {
            let class = value.class * model.codes.len();
            let forward = &prices.forward[link.edge][class..class + model.codes.len()];
            let backward = &prices.backward[link.edge];
            let to = &model.codes.forward[p * places..(p + 1) * places];
            let from = &model.codes.backward[p * places..(p + 1) * places];
            let cell =
                |&(q, class): &(usize, usize)| forward[usize::from(to[q])] + backward[class + usize::from(from[q])];
            table.extend(columns.iter().map(cell));
            let same_place = domains[edge.b].iter().enumerate().filter(|(_, y)| values_b[**y].place == p);
            for (column, &y) in same_place {
                table[start + column] = inside(model, link.edge, value, &values_b[y], prices);
            }
        } else {
            table.resize(start + columns.len(), 0);
        }
        let row = &mut table[start..];
        for Weighted { term, weight } in &link.terms {
            let rtt = &model.problem.rtt[term.percentile];
            for (cell, &(q, _)) in row.iter_mut().zip(&columns) {
                let us = i64::from(if term.backward { rtt[q * places + p] } else { rtt[p * places + q] });
                *cell += term.round_trips_milli * us / 1000 * weight;
            }
        }
        for &kind in &edge.relations {
            for (cell, &(q, _)) in row.iter_mut().zip(&columns) {
                if !model.problem.related(kind, p, q) {
                    *cell = HARD;
                }
            }
        }
        row.iter_mut().for_each(|cell| *cell = (*cell).min(HARD));
    }
}

/// Traffic of a pair at one place.
fn inside(model: &Model, edge: usize, a: &super::model::Value, b: &super::model::Value, prices: &Prices) -> i64 {
    let zones = a.zones.max(b.zones);
    if zones <= 1 {
        return 0;
    }
    let code = model.codes.route(a.place, a.place);
    if code == model.codes.unknown() {
        return HARD;
    }
    let spec = &model.edges[edge];
    if code < model.codes.ladders {
        let width = model.codes.len();
        return prices.forward[edge][a.class * width + code] + prices.backward[edge][b.class * width + code];
    }
    let price = model.codes.flat[code - model.codes.ladders];
    let streams = spec.forward.iter().chain(&spec.backward);
    let exact = streams.map(|&s| super::eval::flat_cost(price, model.streams[s].volume, Some(zones))).sum();
    model.scale.floor(exact)
}

/// What each component that needs a shared charge pays at least, and what is due in any case.
fn shared_shares(model: &Model, domains: &[Vec<usize>]) -> (Vec<i128>, i128) {
    let mut users = vec![0_i128; model.shared.len()];
    let mut due = vec![false; model.shared.len()];
    if users.is_empty() {
        return (users, 0);
    }
    let mut count = vec![0_usize; model.shared.len()];
    for (part, domain) in model.parts.iter().zip(domains) {
        count.fill(0);
        for &v in domain {
            part.values[v].shared.iter().for_each(|&s| count[s] += 1);
        }
        for s in 0..count.len() {
            users[s] += i128::from(count[s] > 0);
            due[s] |= count[s] == domain.len();
        }
    }
    let mut constant = 0;
    let mut shares = vec![0; model.shared.len()];
    for s in 0..shares.len() {
        let cost = model.shared[s];
        if due[s] {
            constant += cost;
        } else if cost < 0 {
            constant += cost;
        } else if users[s] > 0 {
            shares[s] = cost / users[s];
        }
    }
    (shares, constant)
}
