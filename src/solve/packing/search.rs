//! Branch and bound over a [`Program`]: depth first, on the numbers of instances before the patterns' counts.

use super::patterns::Pattern;
use super::program::Program;
use super::simplex::{Boxes, End, Tableau, float};

/// How far from a whole number counts as whole.
const WHOLE: f64 = 1e-6;
/// Nodes between two questions whether to stop.
const NODES_PER_LOOK: u64 = 64;

/// What was found over all programs so far.
pub(super) struct Search<'a> {
    nodes_max: u64,
    cancelled: &'a dyn Fn() -> bool,
    pub nodes: u64,
    /// Least price found, and the patterns used with their counts.
    pub best: Option<(i64, Vec<(Pattern, i64)>)>,
    /// Least bound of everything that was not looked at; `i64::MAX`: all was.
    pub open: i64,
    stopped: bool,
}

/// A part of the space: one box is narrower than its parent's. `bound` is that of the parent.
struct Node {
    depth: usize,
    variable: usize,
    low: i64,
    high: i64,
    bound: i64,
}

/// Working memory of a run.
struct Run<'p> {
    program: &'p Program,
    boxes: Boxes,
    tableau: Tableau,
    /// Boxes that were replaced on the way down: variable, low, high.
    trail: Vec<(usize, i64, i64)>,
    values: Vec<f64>,
    prices: Vec<f64>,
}

impl<'a> Search<'a> {
    pub fn new(nodes_max: u64, cancelled: &'a dyn Fn() -> bool) -> Self {
        Self { nodes_max, cancelled, nodes: 0, best: None, open: i64::MAX, stopped: false }
    }

    /// No answer at or above this is of interest.
    fn ceiling(&self) -> i64 {
        self.best.as_ref().map_or(i64::MAX, |(price, _)| *price)
    }

    /// Searches a program for something cheaper than what is known.
    pub fn run(&mut self, program: &Program) {
        let empty = (0..program.boxes.low.len()).any(|v| program.boxes.low[v] > program.boxes.high[v]);
        if empty {
            return;
        }
        let mut run = Run {
            program,
            boxes: program.boxes.clone(),
            tableau: Tableau::new(&program.prices, &program.rows),
            trail: Vec::new(),
            values: Vec::new(),
            prices: Vec::new(),
        };
        let mut open: Vec<Node> = Vec::new();
        self.visit(&mut run, i64::MIN, &mut open);
        while let Some(node) = open.pop() {
            if node.bound >= self.ceiling() {
                continue;
            }
            run.go_to(&node);
            self.visit(&mut run, node.bound, &mut open);
        }
    }

    /// Bounds the space within the current boxes, and splits it unless nothing better can be in it.
    fn visit(&mut self, run: &mut Run, known: i64, open: &mut Vec<Node>) {
        self.stopped |= self.nodes >= self.nodes_max;
        self.stopped |= self.nodes.is_multiple_of(NODES_PER_LOOK) && (self.cancelled)();
        if self.stopped {
            self.open = self.open.min(known.max(0));
            return;
        }
        self.nodes += 1;
        let end = run.tableau.run(&run.boxes);
        let bound = known.max(run.bound(end, self.ceiling()));
        if bound >= self.ceiling() {
            return;
        }
        let solved = matches!(end, End::Optimal(_));
        let columns = run.program.prices.len();
        if solved {
            run.tableau.solution(&run.boxes, &mut run.values);
            let rounded = run.values[..columns].iter().map(|&value| whole(value)).collect();
            self.offer(run, rounded);
            if bound >= self.ceiling() {
                return;
            }
        }
        if !run.split(solved, bound, open) {
            // Every count is fixed: whatever the floats said, this is the one answer left here.
            let fixed = run.boxes.low[..columns].to_vec();
            self.offer(run, fixed);
        }
    }

    /// Takes counts as the answer, if they keep every row and are cheaper than what is known.
    fn offer(&mut self, run: &Run, counts: Vec<i64>) {
        let program = run.program;
        let Some(price) = program.price(&run.boxes, &counts).filter(|price| *price < self.ceiling()) else { return };
        let used = program.patterns.iter().copied().zip(counts).filter(|(_, count)| *count > 0);
        self.best = Some((price, used.collect()));
    }
}

#[expect(clippy::cast_possible_truncation, reason = "values lie in boxes of at most 2^53")]
fn whole(value: f64) -> i64 {
    value.round() as i64
}

#[expect(clippy::cast_possible_truncation, reason = "values lie in boxes of at most 2^53")]
fn floor(value: f64) -> i64 {
    value.floor() as i64
}

impl Run<'_> {
    /// A bound in integers for the current boxes, from what the relaxed program says.
    fn bound(&mut self, end: End, ceiling: i64) -> i64 {
        self.tableau.row_prices(&mut self.prices);
        let bound = self.program.bound(&self.boxes, &self.prices);
        let End::Infeasible(row, missing) = end else { return bound };
        // The combination of rows that cannot hold lifts the bound without end; once it is above everything that
        // answers can cost, there is none.
        let aim = ceiling.min(self.program.price_max() + 1);
        let weight = 2.0 * float((aim - bound).max(1)) / missing;
        self.tableau.add_ray(row, weight, &mut self.prices);
        let lifted = bound.max(self.program.bound(&self.boxes, &self.prices));
        if lifted > self.program.price_max() { i64::MAX } else { lifted }
    }

    /// Splits on the variable that is furthest from a whole number: instances first, then patterns. Without such a
    /// one (the floats are at their end) the widest box is halved. `false`: nothing is left to split.
    fn split(&self, solved: bool, bound: i64, open: &mut Vec<Node>) -> bool {
        let columns = self.program.prices.len();
        let counted = columns..columns + self.program.components;
        let fraction = |values: &[f64], v: usize| (values[v] - values[v].round()).abs();
        let most = |range: std::ops::Range<usize>, values: &[f64]| {
            let off = range.filter(|&v| fraction(values, v) > WHOLE);
            off.max_by(|&a, &b| fraction(values, a).total_cmp(&fraction(values, b)))
        };
        let chosen = if solved { most(counted, &self.values).or_else(|| most(0..columns, &self.values)) } else { None };
        let widest = || (0..columns).max_by_key(|&v| self.boxes.high[v] - self.boxes.low[v]);
        let Some(v) = chosen.or_else(widest).filter(|&v| self.boxes.low[v] < self.boxes.high[v]) else { return false };
        let (low, high) = (self.boxes.low[v], self.boxes.high[v]);
        let middle = match chosen {
            Some(_) => floor(self.values[v]).clamp(low, high - 1),
            None => low + (high - low) / 2,
        };
        let depth = self.trail.len();
        // The last one is looked at first: more of it, which is where the relaxed program was going.
        open.push(Node { depth, variable: v, low, high: middle, bound });
        open.push(Node { depth, variable: v, low: middle + 1, high, bound });
        true
    }

    /// Restores the boxes of a node's parent and narrows its own.
    fn go_to(&mut self, node: &Node) {
        while self.trail.len() > node.depth {
            if let Some((v, low, high)) = self.trail.pop() {
                (self.boxes.low[v], self.boxes.high[v]) = (low, high);
            }
        }
        let v = node.variable;
        self.trail.push((v, self.boxes.low[v], self.boxes.high[v]));
        (self.boxes.low[v], self.boxes.high[v]) = (node.low, node.high);
    }
}
