//! Lower bounds: the least value of a [`Functional`] over a part of the search, and for every value of every component
//! the least total with that value (its *marginal*).
//!
//! Pairs are minimised exactly by [`super::eliminate`] as far as its tables stay small; what would make them too large
//! is projected onto its ends: valid, not exact.
//!
//! Values that differ only in what they cost alone share one row of every table.

use super::bound::{Functional, Link, Weighted};
use super::codes::{Codes, Kind};
use super::eliminate::{Elimination, Plan, Tied};
use super::meter::Prices;
use super::model::{HARD, Model, Scope, Tie};
use std::rc::Rc;

/// Cells of a table over more than two components.
const CELLS_MAX: usize = 1 << 13;

/// A plan, with all that it depends on.
struct Planned {
    components: Vec<usize>,
    links: Vec<Tied>,
    sizes: Vec<usize>,
    plan: Rc<Plan>,
}

/// Working memory of the sweeps, and their result.
#[derive(Default)]
pub(super) struct Sweep {
    tables: Vec<Vec<i64>>,
    /// Per component: one value for each row in use.
    rows: Vec<Vec<usize>>,
    /// Per component and position in the domain: its row.
    row_of: Vec<Vec<usize>>,
    /// Unary costs, indexed like the domains.
    pub(super) alone: Vec<Vec<i64>>,
    /// Least unary cost of each row, with what loose pairs add to it.
    below: Vec<Vec<i64>>,
    elimination: Elimination,
    sizes: Vec<usize>,
    /// The last plan.
    planned: Option<Planned>,
    /// Least total with each row, over the whole functional.
    total: Vec<Vec<i64>>,
    /// The row of a best assignment.
    best_row: Vec<usize>,
    seen: Vec<usize>,
    /// What each component pays at least of each shared charge.
    shares: Vec<Vec<i128>>,
    /// For each loose link of the last run: what it costs in the best assignment above what its ends were charged.
    pub unseen: Vec<(usize, i64)>,
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
        scope: Scope,
        prices: &Prices,
        ceiling: i64,
    ) -> i64 {
        let constant = f.constant + self.unary(model, f, scope, prices);
        self.collapse(model, f, scope.values);
        let plan = self.plan(model, f, scope.ties);
        for (l, link) in f.links.iter().enumerate() {
            let edge = &model.edges[link.edge];
            let turned = plan.is_first(edge.b, edge.a);
            let pair = Pair { model, codes, f, link, turned, tie: scope.ties[link.edge] };
            pair.fill(&self.rows, prices, &mut self.tables[l]);
            self.work += self.tables[l].len() as u64;
        }
        if !f.money {
            self.most = self.most(f);
        }
        let projected: Vec<Projection> = plan.loose.iter().map(|&l| self.project(model, f, &plan, l)).collect();
        let before = self.elimination.work;
        let least = self.elimination.least(&plan, &self.below, &self.tables);
        self.work += self.elimination.work - before;
        let bound = (constant + least).min(HARD);
        if bound < ceiling {
            let within = (bound, ceiling);
            self.elimination.totals(&plan, &self.below, within, &mut self.total, &mut self.best_row);
            self.expand(f);
            self.unseen.clear();
            self.unseen
                .extend(projected.iter().map(|p| (f.links[p.link].edge, p.unseen(&self.tables, &self.best_row))));
        }
        bound
    }

    /// What a component was charged at least of a shared charge.
    pub fn share(&self, component: usize, shared: usize) -> i128 {
        self.shares.get(component).map_or(0, |shares| shares[shared])
    }

    /// Whether a shared charge was due in any case.
    pub fn is_due(&self, shared: usize) -> bool {
        self.shares.iter().all(|shares| shares[shared] == 0)
    }

    /// Bounds and marginals of the unary costs alone.
    pub fn run_alone(&mut self, model: &Model, f: &Functional, scope: Scope, prices: &Prices) -> i64 {
        let mut bound = f.constant + self.unary(model, f, scope, prices);
        for &c in &f.components {
            bound += self.alone[c].iter().copied().min().unwrap_or(HARD);
        }
        for &c in &f.components {
            let alone = &self.alone[c];
            let least = alone.iter().copied().min().unwrap_or(HARD);
            let marginal = &mut self.marginal[c];
            marginal.clear();
            marginal.extend(alone.iter().map(|cost| bound + cost - least));
        }
        bound
    }

    fn most(&self, f: &Functional) -> i64 {
        let largest = |list: &Vec<i64>| list.iter().copied().filter(|&c| c < HARD).max().unwrap_or(0);
        let pairs: i64 = self.tables[..f.links.len()].iter().map(largest).sum();
        f.constant + pairs + f.components.iter().map(|&c| largest(&self.alone[c])).sum::<i64>()
    }

    /// In which order the components are eliminated: what couples most stays in the tables.
    fn plan(&mut self, model: &Model, f: &Functional, ties: &[Tie]) -> Rc<Plan> {
        self.sizes.clear();
        self.sizes.extend(self.below.iter().map(Vec::len));
        let tied = |link: &Link| {
            let edge = &model.edges[link.edge];
            let volume: i64 = edge.forward.iter().chain(&edge.backward).map(|&f| model.streams[f].volume).sum();
            let rules = edge.relations.len() + link.bounds.len() + usize::from(ties[link.edge] == Tie::Together);
            let rules = i64::try_from(rules).unwrap_or(0).min(64) << 50;
            Tied { a: edge.a, b: edge.b, weight: rules + volume.min(1 << 48) + i64::from(!link.terms.is_empty()) }
        };
        let links: Vec<Tied> = f.links.iter().map(tied).collect();
        // From step to step of an ascent little changes but costs.
        let same =
            |known: &&Planned| known.sizes == self.sizes && known.links == links && known.components == f.components;
        if let Some(known) = self.planned.as_ref().filter(same) {
            return Rc::clone(&known.plan);
        }
        let plan = Rc::new(Plan::new(&f.components, &links, &self.sizes, CELLS_MAX));
        let (components, sizes) = (f.components.clone(), self.sizes.clone());
        self.planned = Some(Planned { components, links, sizes, plan: Rc::clone(&plan) });
        plan
    }

    /// Fills `alone`; returns what is due in any case.
    pub(super) fn unary(&mut self, model: &Model, f: &Functional, scope: Scope, prices: &Prices) -> i64 {
        let n = model.parts.len();
        let lists = [&mut self.alone, &mut self.below, &mut self.total, &mut self.marginal];
        for list in lists {
            list.resize(n, Vec::new());
        }
        self.rows.resize(n, Vec::new());
        self.row_of.resize(n, Vec::new());
        self.best.resize(n, 0);
        self.best_row.resize(n, 0);
        self.tables.resize(model.edges.len(), Vec::new());
        let constant = if f.money { shared_shares(model, scope, &mut self.shares) + prices.constant } else { 0 };
        for &c in &f.components {
            let part = &model.parts[c];
            let entries = f.entries.iter().filter_map(|&(path, weight)| match &model.problem.paths[path].entry {
                Some((entry, by_place)) if *entry == c => Some((by_place, weight)),
                _ => None,
            });
            let entries: Vec<_> = entries.collect();
            let shares = self.shares.get(c);
            let cost = |&v: &usize| {
                let value = &part.values[v];
                let mut cost = 0;
                if f.money {
                    let due = model.due(value);
                    let credit = prices.tangents[value.provider].credit(value.pooled);
                    cost = if due.is_empty() && credit == 0 {
                        model.scale.floor_cost(value.cost)
                    } else {
                        let gateways: i128 = due.iter().filter_map(|&s| Some(shares?[s])).sum();
                        model.scale.floor(i128::from(value.cost) + gateways - credit)
                    };
                    cost += prices.internet[c][value.signature];
                }
                cost + entries.iter().map(|(by_place, weight)| by_place[value.place] * weight).sum::<i64>()
            };
            self.alone[c].clear();
            self.alone[c].extend(scope.values[c].iter().map(cost));
        }
        model.scale.floor(constant)
    }

    /// Finds the rows in use, and the least unary cost of each.
    fn collapse(&mut self, model: &Model, f: &Functional, domains: &[Vec<usize>]) {
        for &c in &f.components {
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
                let seen = &mut self.seen[if f.money { value.row() } else { value.place }];
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
        for &c in &f.components {
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
    fn project(&mut self, model: &Model, f: &Functional, plan: &Plan, l: usize) -> Projection {
        let edge = &model.edges[f.links[l].edge];
        let (outer, inner) = if plan.is_first(edge.b, edge.a) { (edge.b, edge.a) } else { (edge.a, edge.b) };
        let table = &self.tables[l];
        let width = self.below[inner].len();
        let mut rows = Vec::with_capacity(self.below[outer].len());
        let mut columns = vec![HARD; width];
        for (x, row) in table.chunks_exact(width).enumerate() {
            let least = row.iter().copied().min().unwrap_or(HARD);
            self.below[outer][x] = (self.below[outer][x] + least).min(HARD);
            for (column, &cell) in columns.iter_mut().zip(row) {
                *column = (*column).min(if least >= HARD { 0 } else { cell - least });
            }
            rows.push(least);
        }
        for column in &mut columns {
            *column = (*column).max(0);
        }
        for (below, column) in self.below[inner].iter_mut().zip(&columns) {
            *below = (*below + column).min(HARD);
        }
        Projection { link: l, outer, inner, rows, columns }
    }
}

/// What a loose pair was charged.
struct Projection {
    link: usize,
    outer: usize,
    inner: usize,
    rows: Vec<i64>,
    columns: Vec<i64>,
}

impl Projection {
    fn unseen(&self, tables: &[Vec<i64>], best_row: &[usize]) -> i64 {
        let (x, y) = (best_row[self.outer], best_row[self.inner]);
        tables[self.link][x * self.columns.len() + y] - self.rows[x] - self.columns[y]
    }
}

/// A pair whose table is wanted; `turned`: with the rows of its second component outermost.
struct Pair<'a> {
    model: &'a Model<'a>,
    codes: &'a Codes,
    f: &'a Functional,
    link: &'a Link,
    turned: bool,
    tie: Tie,
}

impl Pair<'_> {
    /// Fills the table, row by row of the outer component.
    fn fill<'p>(&self, rows: &[Vec<usize>], prices: &'p Prices, table: &mut Vec<i64>) {
        let Self { model, codes, link, turned, .. } = *self;
        let edge = &model.edges[link.edge];
        let traffic = self.f.money && !(edge.forward.is_empty() && edge.backward.is_empty());
        let (outer, inner) = if turned { (edge.b, edge.a) } else { (edge.a, edge.b) };
        let (values_outer, values_inner) = (&model.parts[outer].values, &model.parts[inner].values);
        let columns: Vec<usize> = rows[inner].iter().map(|&v| values_inner[v].place).collect();
        // Where the route to each column's place and its prices stand.
        let of = |&v: &usize| (codes.at(values_inner[v].place), values_inner[v].class * codes.len());
        let lookup: Vec<(usize, usize)> = if traffic { rows[inner].iter().map(of).collect() } else { Vec::new() };
        let of = |tables: &'p [Vec<i64>]| if traffic { tables[link.edge].as_slice() } else { &[] };
        let (sent, returned) = (of(&prices.forward), of(&prices.backward));
        let (sent, returned) = if turned { (returned, sent) } else { (sent, returned) };
        table.clear();
        table.reserve(columns.len() * rows[outer].len());
        for &x in &rows[outer] {
            let value = &values_outer[x];
            let p = value.place;
            let start = table.len();
            if traffic {
                let class = value.class * codes.len();
                let forward = &sent[class..class + codes.len()];
                let at = codes.at(p) * codes.classes;
                let to = &codes.forward[at..at + codes.classes];
                let from = &codes.backward[at..at + codes.classes];
                let cell =
                    |&(q, class): &(usize, usize)| forward[usize::from(to[q])] + returned[class + usize::from(from[q])];
                table.extend(lookup.iter().map(cell));
                for (column, _) in columns.iter().enumerate().filter(|(_, q)| **q == p) {
                    let other = &values_inner[rows[inner][column]];
                    let (a, b) = if turned { (other, value) } else { (value, other) };
                    table[start + column] = inside(model, codes, link.edge, a, b, prices);
                }
            } else {
                table.resize(start + columns.len(), 0);
            }
            self.add_rules(p, &columns, &mut table[start..]);
        }
    }

    /// Adds latencies, and forbids what rules forbid, in the row of a place.
    fn add_rules(&self, p: usize, columns: &[usize], row: &mut [i64]) {
        let Self { model, link, turned, tie, .. } = *self;
        let places = model.problem.places.len();
        let edge = &model.edges[link.edge];
        for Weighted { term, weight } in &link.terms {
            let rtt = &model.problem.rtt[term.percentile];
            let us =
                |q: usize| i64::from(if term.backward == turned { rtt[p * places + q] } else { rtt[q * places + p] });
            if term.round_trips_milli % 1000 == 0 {
                // Whole round trips need no division.
                let each = term.round_trips_milli / 1000 * weight;
                row.iter_mut().zip(columns).for_each(|(cell, &q)| *cell += us(q) * each);
            } else {
                let add = |(cell, &q): (&mut i64, &usize)| *cell += term.round_trips_milli * us(q) / 1000 * weight;
                row.iter_mut().zip(columns).for_each(add);
            }
        }
        for &kind in &edge.relations {
            for (cell, &q) in row.iter_mut().zip(columns) {
                let (a, b) = if turned { (q, p) } else { (p, q) };
                if !model.problem.related(kind, a, b) {
                    *cell = HARD;
                }
            }
        }
        for path in link.bounds.iter().map(|&path| &model.problem.paths[path]) {
            let bound = path.bound.map_or(i64::MAX, crate::units::Latency::micros);
            for (cell, &q) in row.iter_mut().zip(columns).filter(|(cell, _)| **cell < HARD) {
                let (a, b) = if turned { (q, p) } else { (p, q) };
                let place = |c: usize| if c == edge.a { a } else { b };
                if model.problem.path_latency_us(path, place) > bound {
                    *cell = HARD;
                }
            }
        }
        match tie {
            Tie::Open => row.iter_mut().for_each(|cell| *cell = (*cell).min(HARD)),
            Tie::Together | Tie::Apart => {
                for (cell, &q) in row.iter_mut().zip(columns) {
                    *cell = if tie.lets(p, q) { (*cell).min(HARD) } else { HARD };
                }
            }
        }
    }
}

/// Traffic of a pair at one place.
pub(super) fn inside(
    model: &Model,
    codes: &Codes,
    edge: usize,
    a: &super::model::Value,
    b: &super::model::Value,
    prices: &Prices,
) -> i64 {
    let zones = super::model::zones_between(a, b);
    let spec = &model.edges[edge];
    if zones <= 1 || spec.forward.is_empty() && spec.backward.is_empty() {
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
            let streams = spec.forward.iter().chain(&spec.backward);
            let exact = streams.map(|&s| super::eval::flat_cost(price, model.streams[s].volume, Some(zones))).sum();
            model.scale.floor(exact)
        }
    }
}

/// Fills in what each component that needs a shared charge pays of it at least; returns what is due in any case.
///
/// Components that may need it in the same place share its cost, to the nano-dollar. Those that are apart for sure count
/// as one payer, and of those that are together one pays for all.
fn shared_shares(model: &Model, scope: Scope, shares: &mut Vec<Vec<i128>>) -> i128 {
    let charges = model.shared.len();
    if charges == 0 {
        return 0;
    }
    shares.resize(model.parts.len(), Vec::new());
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); charges];
    let mut due = vec![false; charges];
    let mut count = vec![0_usize; charges];
    for (c, (part, domain)) in model.parts.iter().zip(scope.values).enumerate() {
        shares[c].clear();
        shares[c].resize(charges, 0);
        count.fill(0);
        for &v in domain {
            model.due(&part.values[v]).iter().for_each(|&s| count[s] += 1);
        }
        for s in (0..charges).filter(|&s| count[s] > 0) {
            users[s].push(c);
            due[s] |= count[s] == domain.len();
        }
    }
    let said: Vec<(usize, usize, Tie)> = model.edges.iter().zip(scope.ties).map(|(e, &t)| (e.a, e.b, t)).collect();
    let tie = |x: usize, y: usize| said.iter().find(|t| (t.0, t.1) == (x.min(y), x.max(y))).map_or(Tie::Open, |t| t.2);
    let any = said.iter().any(|t| t.2 != Tie::Open);
    let mut constant = 0;
    for s in 0..charges {
        let cost = model.shared[s];
        if due[s] || cost < 0 {
            constant += cost;
            continue;
        }
        // Payers, of each those who take turns.
        let mut payers: Vec<Vec<usize>> = Vec::new();
        for &user in &users[s] {
            let with = |known: Tie| move |&other: &usize| tie(other, user) == known;
            if any && payers.iter().flatten().any(with(Tie::Together)) {
                continue;
            }
            match payers.iter_mut().find(|payer| any && payer.iter().all(with(Tie::Apart))) {
                Some(payer) => payer.push(user),
                None => payers.push(vec![user]),
            }
        }
        let n = payers.len() as i128;
        for (at, payer) in (0..).zip(&payers) {
            for &user in payer {
                shares[user][s] = cost * (at + 1) / n - cost * at / n;
            }
        }
    }
    constant
}
