//! Lower bounds by dynamic programming over the forest of a [`Functional`].
//!
//! One upward and one downward sweep give its least value and, for every value of every component, the least total with
//! that value (its *marginal*). Pairs that close a cycle are projected onto their ends: valid, not exact.
//!
//! Values that differ only in what they cost alone share one row of every table.

use super::bound::{Functional, Link, Weighted};
use super::codes::{Codes, Kind};
use super::meter::Prices;
use super::model::{HARD, Model};

/// Working memory of the sweeps, and their result.
#[derive(Default)]
pub(super) struct Sweep {
    tables: Vec<Vec<i64>>,
    /// Per component: one value for each row in use.
    rows: Vec<Vec<usize>>,
    /// Per component and position in the domain: its row.
    row_of: Vec<Vec<usize>>,
    /// Unary costs, indexed like the domains.
    alone: Vec<Vec<i64>>,
    /// Least unary cost of each row, then the least total below.
    below: Vec<Vec<i64>>,
    /// Message to the parent, indexed like the parent's rows.
    up: Vec<Vec<i64>>,
    /// Least total with each row, over the whole functional.
    total: Vec<Vec<i64>>,
    /// The row of a best assignment.
    best_row: Vec<usize>,
    seen: Vec<usize>,
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
    pub fn run(
        &mut self,
        model: &Model,
        codes: &Codes,
        f: &Functional,
        domains: &[Vec<usize>],
        prices: &Prices,
        ceiling: i64,
    ) -> i64 {
        let constant = f.constant + self.unary(model, f, domains, prices);
        self.collapse(model, f, domains);
        for (l, link) in f.links.iter().enumerate() {
            fill(model, codes, f, link, &self.rows, prices, &mut self.tables[l]);
            self.work += self.tables[l].len() as u64;
        }
        if !f.money {
            self.most = self.most(f);
        }
        for &l in &f.loose {
            self.project(model, f, l);
        }
        self.upward(model, f);
        let mut bound = constant;
        for node in f.nodes.iter().filter(|n| n.up.is_none()) {
            let least = self.below[node.component].iter().copied().min().unwrap_or(HARD);
            bound = (bound + least).min(HARD);
        }
        if bound < ceiling {
            self.downward(model, f, bound, ceiling);
            self.expand(f);
        }
        bound
    }

    /// Bounds and marginals of the unary costs alone.
    pub fn run_alone(&mut self, model: &Model, f: &Functional, domains: &[Vec<usize>], prices: &Prices) -> i64 {
        let mut bound = f.constant + self.unary(model, f, domains, prices);
        for node in &f.nodes {
            bound += self.alone[node.component].iter().copied().min().unwrap_or(HARD);
        }
        for node in &f.nodes {
            let alone = &self.alone[node.component];
            let least = alone.iter().copied().min().unwrap_or(HARD);
            let marginal = &mut self.marginal[node.component];
            marginal.clear();
            marginal.extend(alone.iter().map(|cost| bound + cost - least));
        }
        bound
    }

    fn most(&self, f: &Functional) -> i64 {
        let largest = |list: &Vec<i64>| list.iter().copied().filter(|&c| c < HARD).max().unwrap_or(0);
        let pairs: i64 = self.tables[..f.links.len()].iter().map(largest).sum();
        f.constant + pairs + f.nodes.iter().map(|n| largest(&self.alone[n.component])).sum::<i64>()
    }

    /// Fills `alone`; returns what is due in any case.
    fn unary(&mut self, model: &Model, f: &Functional, domains: &[Vec<usize>], prices: &Prices) -> i64 {
        let n = model.parts.len();
        let lists = [&mut self.alone, &mut self.below, &mut self.up, &mut self.total, &mut self.marginal];
        for list in lists {
            list.resize(n, Vec::new());
        }
        self.rows.resize(n, Vec::new());
        self.row_of.resize(n, Vec::new());
        self.best.resize(n, 0);
        self.best_row.resize(n, 0);
        self.tables.resize(model.edges.len(), Vec::new());
        let (shares, mut constant) = if f.money { shared_shares(model, domains) } else { (Vec::new(), 0) };
        constant += if f.money { prices.constant } else { 0 };
        for node in &f.nodes {
            let c = node.component;
            let part = &model.parts[c];
            let entries = f.entries.iter().filter_map(|&(path, weight)| match &model.problem.paths[path].entry {
                Some((entry, by_place)) if *entry == c => Some((by_place, weight)),
                _ => None,
            });
            let entries: Vec<_> = entries.collect();
            let cost = |&v: &usize| {
                let value = &part.values[v];
                let mut cost = 0;
                if f.money {
                    let gateways: i128 = value.shared.iter().map(|&s| shares[s]).sum();
                    let own = value.cost + gateways - prices.tangents[value.provider].credit(value.pooled);
                    cost = model.scale.floor(own) + prices.internet[c][value.signature];
                }
                cost + entries.iter().map(|(by_place, weight)| by_place[value.place] * weight).sum::<i64>()
            };
            self.alone[c].clear();
            self.alone[c].extend(domains[c].iter().map(cost));
        }
        model.scale.floor(constant)
    }

    /// Finds the rows in use, and the least unary cost of each.
    fn collapse(&mut self, model: &Model, f: &Functional, domains: &[Vec<usize>]) {
        for node in &f.nodes {
            let c = node.component;
            let part = &model.parts[c];
            self.seen.clear();
            self.seen.resize(if f.money { part.rows } else { model.problem.places.len() }, usize::MAX);
            let (rows, row_of, below) = (&mut self.rows[c], &mut self.row_of[c], &mut self.below[c]);
            rows.clear();
            row_of.clear();
            below.clear();
            for (&v, &cost) in domains[c].iter().zip(&self.alone[c]) {
                // A latency knows places only.
                let value = &part.values[v];
                let seen = &mut self.seen[if f.money { value.row } else { value.place }];
                if *seen == usize::MAX {
                    *seen = rows.len();
                    rows.push(v);
                    below.push(cost);
                }
                below[*seen] = below[*seen].min(cost);
                row_of.push(*seen);
            }
        }
    }

    /// From rows back to values.
    fn expand(&mut self, f: &Functional) {
        for node in &f.nodes {
            let c = node.component;
            let alone = &self.alone[c];
            let mut least = vec![HARD; self.rows[c].len()];
            for (&row, &cost) in self.row_of[c].iter().zip(alone) {
                least[row] = least[row].min(cost);
            }
            let best = self.best_row[c];
            let is_best = |(row, cost): (&usize, &i64)| *row == best && *cost == least[best];
            self.best[c] = self.row_of[c].iter().zip(alone).position(is_best).unwrap_or(0);
            let marginal = &mut self.marginal[c];
            marginal.clear();
            let values = self.row_of[c].iter().zip(alone);
            marginal.extend(values.map(|(&row, &cost)| (self.total[c][row] + (cost - least[row])).min(HARD)));
        }
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

    fn upward(&mut self, model: &Model, f: &Functional) {
        for node in f.nodes.iter().rev() {
            let Some((l, parent)) = node.up else { continue };
            let child = node.component;
            let mut message = std::mem::take(&mut self.up[child]);
            let forward = model.edges[f.links[l].edge].a == parent;
            project_min(&self.tables[l], &self.below[child], self.rows[parent].len(), forward, &mut message);
            for (below, &m) in self.below[parent].iter_mut().zip(&message) {
                *below = (*below + m).min(HARD);
            }
            self.up[child] = message;
        }
    }

    fn downward(&mut self, model: &Model, f: &Functional, bound: i64, ceiling: i64) {
        for node in &f.nodes {
            let c = node.component;
            let mut total = std::mem::take(&mut self.total[c]);
            match node.up {
                None => {
                    total.clear();
                    total.extend_from_slice(&self.below[c]);
                    let (best, least) = first_least(&total);
                    self.best_row[c] = best;
                    let rest = bound - least;
                    for cost in &mut total {
                        *cost = (*cost + rest).min(HARD);
                    }
                }
                Some((l, parent)) => {
                    let from_parent = &self.total[parent];
                    let base: Vec<i64> = from_parent
                        .iter()
                        .zip(&self.up[c])
                        .map(|(&m, &up)| if m >= ceiling || up >= HARD { HARD } else { m - up })
                        .collect();
                    let forward = model.edges[f.links[l].edge].a == c;
                    project_min(&self.tables[l], &base, self.rows[c].len(), forward, &mut total);
                    for (m, &below) in total.iter_mut().zip(&self.below[c]) {
                        *m = (*m + below).min(HARD);
                    }
                    self.best_row[c] = self.best_below(l, c, self.best_row[parent], forward);
                }
            }
            self.total[c] = total;
        }
    }

    /// The best row of a child for its parent's row.
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
fn fill(
    model: &Model,
    codes: &Codes,
    f: &Functional,
    link: &Link,
    rows: &[Vec<usize>],
    prices: &Prices,
    table: &mut Vec<i64>,
) {
    let edge = &model.edges[link.edge];
    let traffic = f.money && !(edge.forward.is_empty() && edge.backward.is_empty());
    let (values_a, values_b) = (&model.parts[edge.a].values, &model.parts[edge.b].values);
    let places = model.problem.places.len();
    let columns: Vec<usize> = rows[edge.b].iter().map(|&v| values_b[v].place).collect();
    // Where the route to each column's place and its prices stand.
    let lookup: Vec<(usize, usize)> = if traffic {
        rows[edge.b].iter().map(|&v| (codes.at(values_b[v].place), values_b[v].class * codes.len())).collect()
    } else {
        Vec::new()
    };
    table.clear();
    table.reserve(columns.len() * rows[edge.a].len());
    for &x in &rows[edge.a] {
        let value = &values_a[x];
        let p = value.place;
        let start = table.len();
        if traffic {
            let class = value.class * codes.len();
            let forward = &prices.forward[link.edge][class..class + codes.len()];
            let backward = &prices.backward[link.edge];
            let at = codes.at(p) * codes.places;
            let to = &codes.forward[at..at + codes.places];
            let from = &codes.backward[at..at + codes.places];
            let cell =
                |&(q, class): &(usize, usize)| forward[usize::from(to[q])] + backward[class + usize::from(from[q])];
            table.extend(lookup.iter().map(cell));
            for (column, _) in columns.iter().enumerate().filter(|(_, q)| **q == p) {
                table[start + column] = inside(model, codes, link.edge, value, &values_b[rows[edge.b][column]], prices);
            }
        } else {
            table.resize(start + columns.len(), 0);
        }
        let row = &mut table[start..];
        for Weighted { term, weight } in &link.terms {
            let rtt = &model.problem.rtt[term.percentile];
            for (cell, &q) in row.iter_mut().zip(&columns) {
                let us = i64::from(if term.backward { rtt[q * places + p] } else { rtt[p * places + q] });
                *cell += term.round_trips_milli * us / 1000 * weight;
            }
        }
        for &kind in &edge.relations {
            for (cell, &q) in row.iter_mut().zip(&columns) {
                if !model.problem.related(kind, p, q) {
                    *cell = HARD;
                }
            }
        }
        for cell in row {
            *cell = (*cell).min(HARD);
        }
    }
}

/// Traffic of a pair at one place.
fn inside(
    model: &Model,
    codes: &Codes,
    edge: usize,
    a: &super::model::Value,
    b: &super::model::Value,
    prices: &Prices,
) -> i64 {
    let zones = super::model::zones_between(a, b);
    if zones <= 1 {
        return 0;
    }
    let code = codes.route(a.place, a.place);
    match codes.kinds[code] {
        Kind::Unknown => HARD,
        Kind::Ladder(_) => {
            let width = codes.len();
            prices.forward[edge][a.class * width + code] + prices.backward[edge][b.class * width + code]
        }
        Kind::Flat(price) => {
            let spec = &model.edges[edge];
            let streams = spec.forward.iter().chain(&spec.backward);
            let exact = streams.map(|&s| super::eval::flat_cost(price, model.streams[s].volume, Some(zones))).sum();
            model.scale.floor(exact)
        }
    }
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
        if due[s] || cost < 0 {
            constant += cost;
        } else if users[s] > 0 {
            shares[s] = cost / users[s];
        }
    }
    (shares, constant)
}
