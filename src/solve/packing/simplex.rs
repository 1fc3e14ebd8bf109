//! A dual simplex method for the relaxed program: least `price . y` where every row's activity and every `y` is in a box.
//!
//! Works in floats and is trusted with nothing: it proposes values to round and prices of rows, which `search` turns into
//! a bound in integers. Rows are `activity = sum of coefficient x y`; activities are variables like any other, so that
//! the system is homogeneous and a box can be changed at any time: the current basis stays dual feasible, and the next
//! node continues from it.

/// What counts as zero.
const EPS: f64 = 1e-7;
/// Pivots before a run is given up (which costs time, never the proof).
const PIVOTS_MAX: usize = 2_000;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum End {
    /// Optimal; the objective.
    Optimal(f64),
    /// The basic variable of this row cannot reach its box; the amount it misses, negative when it is too large.
    Infeasible(usize, f64),
    /// Gave up.
    Unknown,
}

/// The tableau: basic variables as linear combinations of the others. Variables are first the columns, then the rows'
/// activities.
#[derive(Clone, Debug)]
pub(super) struct Tableau {
    columns: usize,
    /// `body[row * columns + at]`.
    body: Vec<f64>,
    /// Reduced costs of the variables outside the basis.
    reduced: Vec<f64>,
    basic: Vec<usize>,
    outside: Vec<usize>,
    /// Of each variable outside the basis: whether it sits at the top of its box.
    at_top: Vec<bool>,
    /// Values of the basic variables.
    values: Vec<f64>,
    pub pivots: u64,
}

/// Boxes of all variables.
#[derive(Clone, Debug)]
pub(super) struct Boxes {
    pub low: Vec<i64>,
    pub high: Vec<i64>,
}

#[expect(clippy::cast_precision_loss, reason = "a proposal; what is claimed is computed in integers")]
pub(super) fn float(value: i64) -> f64 {
    value as f64
}

impl Tableau {
    /// All activities basic, all columns at zero: dual feasible, since no price is negative.
    pub fn new(prices: &[i64], rows: &[Vec<i64>]) -> Self {
        let columns = prices.len();
        Self {
            columns,
            body: rows.iter().flatten().map(|&c| float(c)).collect(),
            reduced: prices.iter().map(|&p| float(p)).collect(),
            basic: (columns..columns + rows.len()).collect(),
            outside: (0..columns).collect(),
            at_top: vec![false; columns],
            values: vec![0.0; rows.len()],
            pivots: 0,
        }
    }

    /// Restores primal feasibility, and with it optimality.
    pub fn run(&mut self, boxes: &Boxes) -> End {
        // A variable whose box was a point may have got a reduced cost of either sign: it goes to the side that this
        // makes best, now that its box may be wider.
        for (top, &reduced) in self.at_top.iter_mut().zip(&self.reduced) {
            *top = reduced < -EPS || (*top && reduced < EPS);
        }
        for _ in 0..PIVOTS_MAX {
            self.evaluate(boxes);
            let Some((row, missing)) = self.worst(boxes) else { return End::Optimal(self.objective(boxes)) };
            let Some(column) = self.entering(boxes, row, missing) else { return End::Infeasible(row, missing) };
            self.pivot(row, column, missing < 0.0);
        }
        End::Unknown
    }

    fn outside_value(&self, boxes: &Boxes, at: usize) -> f64 {
        let v = self.outside[at];
        float(if self.at_top[at] { boxes.high[v] } else { boxes.low[v] })
    }

    fn evaluate(&mut self, boxes: &Boxes) {
        self.values.fill(0.0);
        for at in 0..self.columns {
            let x = self.outside_value(boxes, at);
            if x != 0.0 {
                for row in 0..self.values.len() {
                    self.values[row] += self.body[row * self.columns + at] * x;
                }
            }
        }
    }

    fn objective(&self, boxes: &Boxes) -> f64 {
        (0..self.columns).map(|at| self.reduced[at] * self.outside_value(boxes, at)).sum()
    }

    /// The basic variable furthest outside its box, and by how much: positive when it has to grow.
    fn worst(&self, boxes: &Boxes) -> Option<(usize, f64)> {
        let mut worst: Option<(usize, f64)> = None;
        for (row, &v) in self.basic.iter().enumerate() {
            let (low, high) = (float(boxes.low[v]), float(boxes.high[v]));
            let missing = if self.values[row] < low { low - self.values[row] } else { high - self.values[row] };
            let outside = self.values[row] < low - EPS || self.values[row] > high + EPS;
            if outside && worst.is_none_or(|(_, known)| missing.abs() > known.abs()) {
                worst = Some((row, missing));
            }
        }
        worst
    }

    /// The variable that keeps all reduced costs on their side when it enters.
    fn entering(&self, boxes: &Boxes, row: usize, missing: f64) -> Option<usize> {
        let body = &self.body[row * self.columns..(row + 1) * self.columns];
        let mut best: Option<(usize, f64, f64)> = None;
        for (at, &coefficient) in body.iter().enumerate() {
            let v = self.outside[at];
            let direction = if self.at_top[at] { -missing } else { missing };
            if boxes.low[v] == boxes.high[v] || coefficient * direction <= 0.0 || coefficient.abs() < EPS {
                continue;
            }
            let ratio = self.reduced[at].abs() / coefficient.abs();
            let better = best.is_none_or(|(_, least, size)| {
                ratio < least - 1e-9 || (ratio <= least + 1e-9 && coefficient.abs() > size)
            });
            if better {
                best = Some((at, ratio, coefficient.abs()));
            }
        }
        best.map(|(at, ..)| at)
    }

    /// Swaps the row's basic variable with the one at a column; the former goes to the top or the bottom of its box.
    fn pivot(&mut self, row: usize, column: usize, to_top: bool) {
        self.pivots += 1;
        let columns = self.columns;
        let inverse = 1.0 / self.body[row * columns + column];
        let mut pivot_row: Vec<f64> =
            self.body[row * columns..(row + 1) * columns].iter().map(|&c| -c * inverse).collect();
        pivot_row[column] = inverse;
        let eliminate = |line: &mut [f64]| {
            let factor = line[column];
            if factor != 0.0 {
                line[column] = 0.0;
                line.iter_mut().zip(&pivot_row).for_each(|(c, p)| *c += factor * p);
            }
        };
        for (other, line) in self.body.chunks_exact_mut(columns).enumerate() {
            if other != row {
                eliminate(line);
            }
        }
        eliminate(&mut self.reduced);
        self.body[row * columns..(row + 1) * columns].copy_from_slice(&pivot_row);
        std::mem::swap(&mut self.basic[row], &mut self.outside[column]);
        self.at_top[column] = to_top;
    }

    /// Values of the columns.
    pub fn solution(&self, boxes: &Boxes, out: &mut Vec<f64>) {
        out.clear();
        out.resize(self.columns + self.basic.len(), 0.0);
        for at in 0..self.columns {
            out[self.outside[at]] = self.outside_value(boxes, at);
        }
        for (row, &v) in self.basic.iter().enumerate() {
            out[v] = self.values[row];
        }
    }

    /// The price of every row: the reduced cost of its activity.
    pub fn row_prices(&self, out: &mut Vec<f64>) {
        out.clear();
        out.resize(self.basic.len(), 0.0);
        for (at, &v) in self.outside.iter().enumerate() {
            if v >= self.columns {
                out[v - self.columns] = self.reduced[at];
            }
        }
    }

    /// Adds to the prices of the rows `weight` times the combination of rows that shows why `row` cannot be satisfied.
    pub fn add_ray(&self, row: usize, weight: f64, prices: &mut [f64]) {
        // basic = sum of body x outside, so 0 = weight x (basic - sum): the prices of the activities in it change.
        let mut add = |v: usize, by: f64| {
            if v >= self.columns {
                prices[v - self.columns] += by;
            }
        };
        add(self.basic[row], weight);
        for (at, &v) in self.outside.iter().enumerate() {
            add(v, -weight * self.body[row * self.columns + at]);
        }
    }
}
