//! Exact minima of sums over pairs: one component after another is minimised away (bucket elimination, Dechter 1999).
//!
//! Eliminating a component joins all that it is linked with in one table, its *clique*; the order keeps cliques small.
//! Links that would make one too large are left *loose*, for the caller to bound by other means. A forest always fits.
//! A second pass, backwards, gives for every row of every component the least total with it.

use super::model::HARD;
use super::vector;
use pulp::Arch;

/// A link between two components, by weight: the light ones are loosened first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tied {
    pub a: usize,
    pub b: usize,
    pub weight: i64,
}

/// A component to eliminate.
#[derive(Debug)]
struct Step {
    component: usize,
    /// Components that its clique has too, in the order of their elimination.
    separator: Vec<usize>,
    /// Links to components of the separator: (link, position there).
    links: Vec<(usize, usize)>,
    /// Messages of earlier steps: (step, which positions of the separator they range over, as bits).
    messages: Vec<(usize, u32)>,
    /// Where its own message goes: step, and which dimensions of that step's clique the message has.
    parent: Option<(usize, u32)>,
}

/// In which order to eliminate.
#[derive(Debug, Default)]
pub(super) struct Plan {
    steps: Vec<Step>,
    /// Per component: its step.
    rank: Vec<usize>,
    /// Links that are left out.
    pub loose: Vec<usize>,
}

impl Plan {
    /// A plan over some components whose cliques have at most `cells_max` cells, as far as pairs allow.
    pub fn new(components: &[usize], links: &[Tied], sizes: &[usize], cells_max: usize) -> Self {
        let mut kept: Vec<usize> = (0..links.len()).collect();
        kept.sort_by_key(|&l| (std::cmp::Reverse(links[l].weight), l));
        let (forest, rest) = spanning(&kept, links, sizes.len());
        let mut rest = rest;
        let mut loose = Vec::new();
        loop {
            let active: Vec<usize> = forest.iter().chain(&rest).copied().collect();
            if let Some(order) = order(components, &active, links, sizes, cells_max) {
                let mut plan = Self { steps: Vec::new(), rank: vec![usize::MAX; sizes.len()], loose };
                plan.lay_out(order, &active, links);
                return plan;
            }
            loose.extend(rest.pop());
        }
    }

    /// Whether a component of a link is eliminated before the other one.
    pub fn is_first(&self, one: usize, other: usize) -> bool {
        self.rank[one] < self.rank[other]
    }

    /// Of a forest: every component after those that hang on it, with the link to what it hangs on.
    pub fn upward(&self) -> impl Iterator<Item = (usize, Option<(usize, usize)>)> + '_ {
        self.steps.iter().map(|step| {
            let up = step.links.first().map(|&(link, at)| (link, step.separator[at]));
            (step.component, up)
        })
    }

    fn lay_out(&mut self, order: Vec<(usize, Vec<usize>)>, active: &[usize], links: &[Tied]) {
        for (step, (component, _)) in order.iter().enumerate() {
            self.rank[*component] = step;
        }
        for (component, mut separator) in order {
            separator.sort_unstable_by_key(|&c| self.rank[c]);
            self.steps.push(Step { component, separator, links: Vec::new(), messages: Vec::new(), parent: None });
        }
        for &l in active {
            let (a, b) = (links[l].a, links[l].b);
            let (first, second) = if self.is_first(a, b) { (a, b) } else { (b, a) };
            let step = &mut self.steps[self.rank[first]];
            let position = step.separator.iter().position(|&c| c == second).expect("a neighbour is in the separator");
            step.links.push((l, position));
        }
        for child in 0..self.steps.len() {
            let Some(&to) = self.steps[child].separator.first() else { continue };
            let parent = self.rank[to];
            let in_separator = |c: &usize| self.steps[parent].separator.iter().position(|s| s == c);
            let mask = self.steps[child].separator[1..].iter().filter_map(in_separator).fold(0, |m, at| m | 1 << at);
            self.steps[child].parent = Some((parent, mask << 1 | 1));
            self.steps[parent].messages.push((child, mask));
        }
    }
}

/// The heaviest links that close no cycle, and the rest; both heaviest first.
fn spanning(sorted: &[usize], links: &[Tied], components: usize) -> (Vec<usize>, Vec<usize>) {
    let mut group: Vec<usize> = (0..components).collect();
    sorted.iter().partition(|&&l| {
        let (a, b) = (group[links[l].a], group[links[l].b]);
        if a != b {
            group.iter_mut().filter(|g| **g == b).for_each(|g| *g = a);
        }
        a != b
    })
}

/// Components in an order of elimination that keeps tables small, each with what it is joined with when its turn comes.
/// `None`: some clique is too large.
fn order(
    components: &[usize],
    active: &[usize],
    links: &[Tied],
    sizes: &[usize],
    cells_max: usize,
) -> Option<Vec<(usize, Vec<usize>)>> {
    let mut near: Vec<Vec<usize>> = vec![Vec::new(); sizes.len()];
    let join = |near: &mut Vec<Vec<usize>>, a: usize, b: usize| {
        if !near[a].contains(&b) {
            near[a].push(b);
            near[b].push(a);
        }
    };
    for &l in active {
        join(&mut near, links[l].a, links[l].b);
    }
    let mut left: Vec<usize> = components.to_vec();
    let mut order = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let cells = |c: usize| near[c].iter().fold(sizes[c], |cells, &n| cells.saturating_mul(sizes[n]));
        // Pairs are tables already, whatever their size.
        let fits = |&(at, cells): &(usize, usize)| cells <= cells_max || near[left[at]].len() <= 1;
        let fitting = (0..left.len()).map(|at| (at, cells(left[at]))).filter(fits);
        let (at, _) = fitting.min_by_key(|&(at, cells)| (cells, left[at]))?;
        let component = left.swap_remove(at);
        let joined = std::mem::take(&mut near[component]);
        for (i, &a) in joined.iter().enumerate() {
            near[a].retain(|&n| n != component);
            joined[i + 1..].iter().for_each(|&b| join(&mut near, a, b));
        }
        order.push((component, joined));
    }
    Some(order)
}

/// Working memory of eliminations.
#[derive(Default)]
pub(super) struct Elimination {
    /// Per step: its clique, the component's own rows outermost, then those of the separator.
    cliques: Vec<Vec<i64>>,
    /// Per step: its least cost for every state of the separator.
    messages: Vec<Vec<i64>>,
    rest: Vec<i64>,
    /// Costs of the rows of the component at hand, alone.
    own: Vec<i64>,
    arch: Arch,
    /// Cells of cliques filled so far.
    pub work: u64,
}

impl Elimination {
    /// The least sum of the rows' costs and the tables of all links that are not loose, clamped to [`HARD`]. The table of
    /// a link has the rows of the component that is eliminated first outermost.
    pub fn least(&mut self, plan: &Plan, rows: &[Vec<i64>], tables: &[Vec<i64>]) -> i64 {
        self.cliques.resize_with(plan.steps.len().max(self.cliques.len()), Vec::new);
        self.messages.resize_with(plan.steps.len().max(self.messages.len()), Vec::new);
        let mut sum = 0;
        for (at, step) in plan.steps.iter().enumerate() {
            let dims: Vec<usize> = step.separator.iter().map(|&c| rows[c].len()).collect();
            let width: usize = dims.iter().product();
            self.join(at, step, &dims, &rows[step.component], tables);
            let (clique, message) = (&self.cliques[at], &mut self.messages[at]);
            self.work += clique.len() as u64;
            message.clear();
            message.resize(width, HARD);
            if width > 0 {
                vector::lower(self.arch, message, clique);
            }
            if step.parent.is_none() {
                sum = (sum + message[0]).min(HARD);
            }
        }
        sum
    }

    /// Fills the clique of a step: the component's own costs, its links and the messages of earlier steps.
    fn join(&mut self, at: usize, step: &Step, dims: &[usize], costs: &[i64], tables: &[Vec<i64>]) {
        let width: usize = dims.iter().product();
        let mut own = std::mem::take(&mut self.own);
        own.clear();
        own.extend_from_slice(costs);
        for (child, _) in step.messages.iter().filter(|message| message.1 == 0) {
            vector::add(self.arch, &mut own, &self.messages[*child]);
        }
        let mut clique = std::mem::take(&mut self.cliques[at]);
        let mut links = step.links.as_slice();
        if let ([(link, _), others @ ..], 1) = (links, dims.len()) {
            // With one other in the clique, a link's table has its shape.
            clique.resize(own.len() * width, 0);
            if width > 0 {
                vector::spread(self.arch, &mut clique, width, &own, &tables[*link]);
            }
            links = others;
        } else {
            clique.clear();
            for &cost in &own {
                clique.resize(clique.len() + width, cost);
            }
        }
        let whole = (1 << dims.len()) - 1;
        let links = links.iter().map(|&(link, position)| (&tables[link], 1 << position));
        let messages = step.messages.iter().filter(|message| message.1 != 0);
        for (factor, mask) in links.chain(messages.map(|&(child, mask)| (&self.messages[child], mask))) {
            if mask == whole {
                vector::add(self.arch, &mut clique, factor);
                continue;
            }
            let n = factor.len() / own.len().max(1);
            for (row, cells) in clique.chunks_exact_mut(width.max(1)).enumerate() {
                add(self.arch, cells, dims, mask, &factor[row * n..(row + 1) * n]);
            }
        }
        self.cliques[at] = clique;
        self.own = own;
    }

    /// After [`Self::least`]: for every row of every component the least total with it, and the rows of a best assignment.
    /// Totals at or above `ceiling` are not exact, only not below it.
    pub fn totals(
        &mut self,
        plan: &Plan,
        rows: &[Vec<i64>],
        (least, ceiling): (i64, i64),
        totals: &mut [Vec<i64>],
        best: &mut [usize],
    ) {
        for (at, step) in plan.steps.iter().enumerate().rev() {
            let width = self.messages[at].len();
            self.rest.clear();
            match step.parent {
                None => self.rest.push(if self.messages[at][0] >= HARD { HARD } else { least - self.messages[at][0] }),
                Some((parent, mask)) => {
                    let above = &plan.steps[parent];
                    if mask == 1 {
                        self.rest.extend_from_slice(&totals[above.component]);
                    } else {
                        self.rest.resize(width, HARD);
                        let mut dims = vec![rows[above.component].len()];
                        dims.extend(above.separator.iter().map(|&c| rows[c].len()));
                        project(self.arch, &self.cliques[parent], &dims, mask, &mut self.rest);
                    }
                    for (rest, &message) in self.rest.iter_mut().zip(&self.messages[at]) {
                        *rest = if *rest >= ceiling || message >= HARD { HARD } else { *rest - message };
                    }
                }
            }
            let total = &mut totals[step.component];
            total.clear();
            if width > 0 {
                vector::add_to_rows(self.arch, &mut self.cliques[at], &self.rest, total);
            }
            let place = step.separator.iter().fold(0, |place, &c| place * rows[c].len() + best[c]);
            let cells = self.cliques[at].iter().skip(place).step_by(width.max(1));
            best[step.component] = cells.enumerate().min_by_key(|(row, cell)| (**cell, *row)).map_or(0, |(row, _)| row);
        }
    }
}

/// Adds a factor over some dimensions (as bits) of a table to it.
fn add(arch: Arch, cells: &mut [i64], dims: &[usize], mask: u32, factor: &[i64]) {
    if factor.len() == cells.len() {
        vector::add(arch, cells, factor);
    } else if factor.len() == 1 {
        for cell in cells {
            *cell = (*cell + factor[0]).min(HARD);
        }
    } else {
        let (inner, kept) = (cells.len() / dims[0], mask & 1 == 1);
        let part = if kept { factor.len() / dims[0] } else { factor.len() };
        for (at, cells) in cells.chunks_exact_mut(inner).enumerate() {
            let from = if kept { at * part } else { 0 };
            add(arch, cells, &dims[1..], mask >> 1, &factor[from..from + part]);
        }
    }
}

/// Lowers `least` to the least over the dimensions of a table that it does not have.
fn project(arch: Arch, cells: &[i64], dims: &[usize], mask: u32, least: &mut [i64]) {
    if least.len() == cells.len() {
        vector::lower(arch, least, cells);
    } else if least.len() == 1 {
        least[0] = cells.iter().copied().fold(least[0], i64::min);
    } else {
        let (inner, kept) = (cells.len() / dims[0], mask & 1 == 1);
        let part = if kept { least.len() / dims[0] } else { least.len() };
        for (at, cells) in cells.chunks_exact(inner).enumerate() {
            let from = if kept { at * part } else { 0 };
            project(arch, cells, &dims[1..], mask >> 1, &mut least[from..from + part]);
        }
    }
}
