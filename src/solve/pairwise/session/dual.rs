//! Messages over all places of a network, and how well they fit an assignment.
//!
//! Any assignment's total is at all times `base + sum of u + sum of (cell + p of both ends)`, and no cell with the
//! potentials of its ends falls below zero. So `base` plus the least cost of every component bounds every total from
//! below. What the assignment costs above that splits into gaps: of a component whose pick is not its cheapest place, and
//! of a pair whose picks still cost something together.

use super::super::cell::Cell;
use super::super::core::{Scratch, State};
use super::super::network::{FORBIDDEN, Network};
use super::super::part::Part;
use super::lines::{self, Lines};

/// Costs and potentials beyond this are not worked with.
const RANGE: i64 = 1 << 58;

/// A pair as one of its ends sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Near {
    pub(super) pair: usize,
    pub(super) other: usize,
    /// Where this end's potentials begin.
    pub(super) mine: usize,
    /// Where the other end's begin.
    pub(super) theirs: usize,
    /// Whether this end has the rows.
    pub(super) rows: bool,
}

impl Near {
    /// The same pair as its other end sees it.
    pub(super) fn back(&self, component: usize) -> Self {
        Self { pair: self.pair, other: component, mine: self.theirs, theirs: self.mine, rows: !self.rows }
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Dual {
    /// Per component where its places begin; one more at the end.
    pub(super) at: Vec<usize>,
    pub(super) near: Vec<Vec<Near>>,
    /// Per component its turn in a sweep of messages: what hangs on the core as a tree comes last.
    pub(super) turn: Vec<usize>,
    pub(super) lines: Lines,
    base: i64,
    /// Cost of each place; from [`Cell::HALF`] on it is out.
    pub(super) u: Vec<i64>,
    /// Potential of each place in each pair; [`Cell::TOP`] when the place is out.
    pub(super) p: Vec<i64>,
    /// Per component what its costs and potentials add up to above the price, the same for each of its places.
    pub(super) lead: Vec<i64>,
    /// The assignment.
    pub(super) pick: Vec<usize>,
    /// Per component the cost of its pick, and the least of its other places.
    pub(super) own: Vec<i64>,
    pub(super) rise: Vec<i64>,
    /// Per pair what the picks still cost together.
    pub(super) rest: Vec<i64>,
    /// All gaps together: the assignment's total less the bound.
    pub(super) gap: i64,
}

impl Dual {
    /// Messages from nothing, over at most so many rounds; `None` when no assignment is allowed.
    pub(super) fn new(network: &Network, pick: &[usize], rounds: u32) -> Option<Self> {
        let components: Vec<usize> = (0..network.components()).collect();
        let pairs: Vec<usize> = (0..network.pairs().len()).collect();
        let (part, mut state) = Part::exact(network, &components, &pairs);
        settle(&part, &mut state, rounds, network.cost(pick)?)?;
        let mut at = vec![0];
        for costs in network.unary() {
            at.push(at[at.len() - 1] + costs.len());
        }
        let mut u = vec![0; at[at.len() - 1]];
        for (var, &component) in part.components.iter().enumerate() {
            u[at[component]..at[component + 1]].copy_from_slice(part.shape.costs(&state, var));
        }
        let count = network.components();
        let mut near = vec![Vec::new(); count];
        for (ordinal, (pair, edge)) in network.pairs().iter().zip(&part.shape.edges).enumerate() {
            let rows = Near { pair: ordinal, other: pair.b, mine: edge.at_a, theirs: edge.at_b, rows: true };
            near[pair.b].push(rows.back(pair.a));
            near[pair.a].push(rows);
        }
        let mut turn = vec![0; count];
        for (var, &component) in part.components.iter().enumerate() {
            turn[component] = var;
        }
        let mut dual = Self {
            at,
            near,
            turn,
            lines: Lines::new(network),
            base: part.base + state.c0,
            u,
            p: state.p,
            lead: vec![0; count],
            pick: pick.to_vec(),
            own: vec![0; count],
            rise: vec![0; count],
            rest: vec![0; pairs.len()],
            gap: 0,
        };
        for component in 0..count {
            dual.look(component);
            dual.look_lead(network, component);
            for slot in 0..dual.near[component].len() {
                dual.look_pair(network, component, slot);
            }
        }
        Some(dual)
    }

    /// The costs of a component's places.
    pub(super) fn costs(&self, component: usize) -> &[i64] {
        &self.u[self.at[component]..self.at[component + 1]]
    }

    pub(super) fn least(&self, component: usize) -> i64 {
        self.own[component].min(self.rise[component])
    }

    /// No assignment has a lower total.
    pub(super) fn bound(&self) -> i64 {
        self.base + (0..self.pick.len()).map(|component| self.least(component)).sum::<i64>()
    }

    /// What the pick costs more than the cheapest place.
    pub(super) fn gap_of(&self, component: usize) -> i64 {
        (self.own[component] - self.rise[component]).max(0)
    }

    /// What the cheapest other place costs more than the pick.
    pub(super) fn step_of(&self, component: usize) -> i64 {
        (self.rise[component] - self.own[component]).max(0)
    }

    /// Reads a component's costs anew.
    pub(super) fn look(&mut self, component: usize) {
        let before = self.gap_of(component);
        let (others, rest) = self.costs(component).split_at(self.pick[component]);
        let arch = self.lines.arch();
        let rise = lines::least(arch, others).min(lines::least(arch, &rest[1..]));
        (self.own[component], self.rise[component]) = (rest[0], rise);
        self.gap += self.gap_of(component) - before;
    }

    /// Reads what a pair's picks cost together anew.
    pub(super) fn look_pair(&mut self, network: &Network, component: usize, slot: usize) {
        let near = self.near[component][slot];
        let (mine, theirs) = (self.pick[component], self.pick[near.other]);
        let rest =
            cell(network, &near, component, mine, theirs) + self.p[near.mine + mine] + self.p[near.theirs + theirs];
        self.gap += rest - self.rest[near.pair];
        self.rest[near.pair] = rest;
    }

    /// Reads what a component's costs and potentials stand above its prices anew.
    pub(super) fn look_lead(&mut self, network: &Network, component: usize) {
        let pick = self.pick[component];
        let paid: i64 = self.near[component].iter().map(|near| self.p[near.mine + pick]).sum();
        self.lead[component] = self.u[self.at[component] + pick] + paid - network.unary()[component][pick];
    }

    /// Moves the cost of a place; nothing when it is out.
    pub(super) fn shift(&mut self, component: usize, place: usize, by: i64) {
        let cost = &mut self.u[self.at[component] + place];
        if *cost >= i64::HALF {
            return;
        }
        let was = *cost;
        let now = was + by;
        *cost = now;
        let before = self.gap_of(component);
        if place == self.pick[component] {
            self.own[component] = now;
        } else if now <= self.rise[component] {
            self.rise[component] = now;
        } else if was == self.rise[component] {
            self.look(component);
            return;
        }
        self.gap += self.gap_of(component) - before;
    }

    /// Moves some components to other places.
    pub(super) fn repick(&mut self, network: &Network, picks: &[(usize, usize)]) {
        for &(component, place) in picks {
            self.pick[component] = place;
        }
        for &(component, _) in picks {
            self.look(component);
            for slot in 0..self.near[component].len() {
                self.look_pair(network, component, slot);
            }
        }
    }

    /// Moves to another assignment.
    pub(super) fn repick_all(&mut self, network: &Network, assignment: &[usize]) {
        let moved = |&(component, place): &(usize, usize)| self.pick[component] != place;
        let picks: Vec<(usize, usize)> = assignment.iter().copied().enumerate().filter(moved).collect();
        self.repick(network, &picks);
    }

    /// What moving some components is better by; `None` when that is not allowed.
    pub(super) fn gain(&self, network: &Network, picks: &[(usize, usize)]) -> Option<i64> {
        let place = |component: usize| {
            let moved = picks.iter().find(|&&(moved, _)| moved == component);
            moved.map_or(self.pick[component], |&(_, place)| place)
        };
        let mut gain = 0;
        for &(component, place_now) in picks {
            let prices = &network.unary()[component];
            if prices[place_now] >= FORBIDDEN {
                return None;
            }
            gain += prices[self.pick[component]] - prices[place_now];
            for near in &self.near[component] {
                let moves = place(near.other) != self.pick[near.other];
                if moves && !near.rows {
                    continue;
                }
                let after = cell(network, near, component, place_now, place(near.other));
                if after >= FORBIDDEN {
                    return None;
                }
                gain += cell(network, near, component, self.pick[component], self.pick[near.other]) - after;
            }
        }
        Some(gain)
    }

    /// Puts costs and potentials where messages have moved them.
    pub(super) fn moved(&mut self, network: &Network, components: &[usize], raised: i64) {
        self.base += raised;
        for &component in components {
            self.look(component);
            self.look_lead(network, component);
            for slot in 0..self.near[component].len() {
                self.look_pair(network, component, slot);
            }
        }
    }
}

impl Dual {
    /// What a place and each of some places at the other end of a pair still cost together.
    pub(super) fn rests<'d>(
        &'d self,
        network: &'d Network,
        near: &Near,
        place: usize,
        others: &'d [usize],
    ) -> impl Iterator<Item = i64> + 'd {
        let cells = self.lines.get(network, near, place);
        let (paid, theirs) = (self.p[near.mine + place], &self.p[near.theirs..near.theirs + cells.len()]);
        others.iter().map(
            move |&other| {
                if cells[other] < i64::HALF { cells[other] + paid + theirs[other] } else { i64::TOP }
            },
        )
    }
}

/// What a pair of places costs in its table.
pub(super) fn cell(network: &Network, near: &Near, component: usize, mine: usize, theirs: usize) -> i64 {
    let unary = network.unary();
    let at = if near.rows { mine * unary[near.other].len() + theirs } else { theirs * unary[component].len() + mine };
    network.pairs()[near.pair].table[at]
}

/// Messages until the bound rises no more, then as much as possible back to the values.
fn settle(part: &Part<'_, i64>, state: &mut State<i64>, rounds: u32, objective: i64) -> Option<()> {
    let mut scratch = Scratch::default();
    let shape = &part.shape;
    for round in 0..rounds {
        let before = state.c0;
        shape.sweep(state, &mut scratch, i64::HALF, true).ok()?;
        shape.sweep(state, &mut scratch, i64::HALF, false).ok()?;
        if round > 1 && (state.c0 - before) * 200 <= objective - part.base - state.c0 {
            break;
        }
    }
    shape.collect(state, &mut scratch, i64::HALF).ok()
}

impl Dual {
    /// A component with a gap, or of a pair with one.
    pub(super) fn first_gap(&self) -> Option<usize> {
        let tied = |&component: &usize| {
            self.gap_of(component) > 0 || self.near[component].iter().any(|near| self.rest[near.pair] > 0)
        };
        (0..self.pick.len()).find(tied)
    }

    /// Cells between places that the gap leaves.
    pub(super) fn cells_open(&self, network: &Network) -> usize {
        let below = |component: usize| {
            let least = self.least(component);
            lines::count_below(self.lines.arch(), self.costs(component), least + self.gap).max(1)
        };
        let open: Vec<usize> = (0..self.pick.len()).map(below).collect();
        network.pairs().iter().map(|pair| open[pair.a] * open[pair.b]).sum()
    }

    /// Whether costs and potentials are far from where sums with those that are out could be mistaken.
    pub(super) fn is_in_range(&self) -> bool {
        (0..self.pick.len()).all(|component| self.is_within_range(component))
    }

    /// The same of one component.
    pub(super) fn is_within_range(&self, component: usize) -> bool {
        let fits = |&value: &i64| value >= i64::HALF || value.abs() < RANGE;
        let costs = self.costs(component);
        costs.iter().all(fits)
            && self.near[component].iter().all(|near| self.p[near.mine..near.mine + costs.len()].iter().all(fits))
    }

    /// Whether everything that is said of the messages holds: for tests, since it looks at all cells.
    #[cfg(test)]
    pub(super) fn holds(&self, network: &Network) -> bool {
        let (mut gap, mut total) = (0, self.base);
        let mut fits = true;
        for (component, costs) in network.unary().iter().enumerate() {
            let (pick, mine) = (self.pick[component], self.costs(component));
            let others = mine.iter().enumerate().filter(|&(place, _)| place != pick).map(|(_, &cost)| cost);
            fits &= self.own[component] == mine[pick] && self.rise[component] == others.fold(i64::TOP, i64::min);
            gap += self.gap_of(component);
            total += mine[pick];
            for (place, (&cost, &mine)) in costs.iter().zip(mine).enumerate() {
                let paid = || self.near[component].iter().map(|near| self.p[near.mine + place]);
                fits &= if mine < i64::HALF {
                    mine + paid().sum::<i64>() == cost + self.lead[component]
                } else {
                    paid().all(|paid| paid >= i64::HALF)
                };
            }
            for near in self.near[component].iter().filter(|near| near.rows) {
                let table = &network.pairs()[near.pair].table;
                let width = self.costs(near.other).len();
                let rest = |(at, cell): (usize, &i64)| {
                    cell + self.p[near.mine + at / width] + self.p[near.theirs + at % width]
                };
                fits &= table.iter().enumerate().all(|cell| rest(cell) >= 0);
                let at = pick * width + self.pick[near.other];
                fits &= self.rest[near.pair] == rest((at, &table[at]));
                gap += self.rest[near.pair];
                total += self.rest[near.pair];
            }
        }
        fits && gap == self.gap && network.cost(&self.pick) == Some(total)
    }
}
