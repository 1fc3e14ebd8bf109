//! The integer program over pattern counts, for one set of deployed components.
//!
//! Row `c` counts the instances of component `c`; the last row counts machines; rules over several components have rows
//! of their own. Everything is a box: around each pattern's count, and around each row's activity.

use super::patterns::{Pattern, complete};
use super::simplex::Boxes;
use crate::problem::packing::{Packing, Rule};

/// Bits after the point of a row's price in a bound.
const PRICE_BITS: u32 = 20;

/// Least `prices . y` with all boxes kept.
#[derive(Clone, Debug)]
pub(super) struct Program {
    /// Pattern of each column.
    pub patterns: Vec<Pattern>,
    pub prices: Vec<i64>,
    /// `rows[r][column]`.
    pub rows: Vec<Vec<i64>>,
    /// Boxes of the columns, then of the rows' activities.
    pub boxes: Boxes,
    /// How many of the rows count a component.
    pub components: usize,
}

/// A row: coefficient per component, and its box.
struct Row {
    weights: Vec<i64>,
    low: i64,
    high: i64,
}

impl Program {
    /// The program where exactly the components in `deployed` are deployed.
    pub fn new(packing: &Packing, patterns: &[Pattern], conflicts: &[u64], deployed: u64) -> Self {
        let everywhere: Vec<usize> = super::patterns::everywhere(packing).filter(|c| deployed >> c & 1 == 1).collect();
        let usable = |p: &&Pattern| p.set & !deployed == 0 && complete(p.set, &everywhere, conflicts);
        let patterns: Vec<Pattern> = patterns.iter().filter(usable).copied().collect();
        let rows = rows(packing, deployed);
        let machines = i64::from(packing.machines_max);
        let entry = |row: &Row, set: u64| -> i64 {
            let weight = |c: usize| if set >> c & 1 == 1 { row.weights[c] } else { 0 };
            (0..packing.components.len()).map(weight).sum()
        };
        let mut body: Vec<Vec<i64>> =
            rows.iter().map(|row| patterns.iter().map(|p| entry(row, p.set)).collect()).collect();
        body.push(vec![1; patterns.len()]);
        let mut boxes = Boxes { low: vec![0; patterns.len()], high: vec![machines; patterns.len()] };
        for (row, entries) in rows.iter().zip(&body) {
            // What no answer can exceed: finite boxes make every price of a row give a finite bound.
            let most = entries.iter().copied().max().unwrap_or(0).max(0) * machines;
            let least = entries.iter().copied().min().unwrap_or(0).min(0) * machines;
            boxes.low.push(row.low.max(least));
            boxes.high.push(row.high.min(most));
        }
        boxes.low.push(0);
        boxes.high.push(machines);
        let prices = patterns.iter().map(|p| p.price).collect();
        Self { patterns, prices, rows: body, boxes, components: packing.components.len() }
    }

    /// A bound from below on the price of every answer within the boxes, from any prices of the rows:
    /// `price . y = sum of row price x activity + sum of (price - what the rows charge) x y`, each term at its least.
    /// Exact in integers for the rounded prices, so it holds however they were found.
    pub fn bound(&self, boxes: &Boxes, row_prices: &[f64]) -> i64 {
        let columns = self.prices.len();
        let rounded: Vec<i128> = row_prices.iter().map(|&price| fixed(price)).collect();
        let least = |cost: i128, v: usize| cost * i128::from(if cost < 0 { boxes.high[v] } else { boxes.low[v] });
        let mut sum: i128 = rounded.iter().enumerate().map(|(row, &price)| least(price, columns + row)).sum();
        let mut charged: Vec<i128> = self.prices.iter().map(|&p| i128::from(p) << PRICE_BITS).collect();
        for (row, &price) in self.rows.iter().zip(&rounded).filter(|(_, price)| **price != 0) {
            charged.iter_mut().zip(row).for_each(|(cost, &entry)| *cost -= price * i128::from(entry));
        }
        sum += charged.iter().enumerate().map(|(column, &cost)| least(cost, column)).sum::<i128>();
        // Answers cost whole numbers, so a bound may be rounded up.
        let up = -((-sum) >> PRICE_BITS);
        i64::try_from(up).unwrap_or(if up < 0 { i64::MIN } else { i64::MAX })
    }

    /// The price of an answer, if it is within the boxes.
    pub fn price(&self, boxes: &Boxes, counts: &[i64]) -> Option<i64> {
        let columns = self.prices.len();
        let inside = |v: usize, value: i128| i128::from(boxes.low[v]) <= value && value <= i128::from(boxes.high[v]);
        if !counts.iter().enumerate().all(|(column, &count)| inside(column, i128::from(count))) {
            return None;
        }
        let used: Vec<usize> = (0..columns).filter(|&column| counts[column] != 0).collect();
        let sum = |of: &[i64]| used.iter().map(|&c| i128::from(of[c]) * i128::from(counts[c])).sum::<i128>();
        let keeps = self.rows.iter().enumerate().all(|(r, row)| inside(columns + r, sum(row)));
        if keeps { i64::try_from(sum(&self.prices)).ok() } else { None }
    }

    /// No answer costs more.
    pub fn price_max(&self) -> i64 {
        self.prices.iter().max().unwrap_or(&0) * self.boxes.high.last().unwrap_or(&0)
    }
}

/// A row's price with [`PRICE_BITS`] bits after the point; far beyond any sensible price it is cut off.
#[expect(clippy::cast_possible_truncation, reason = "clamped to the range")]
fn fixed(price: f64) -> i128 {
    let scaled = price * f64::from(1_u32 << PRICE_BITS);
    if scaled.is_nan() { 0 } else { i128::from(scaled.clamp(-9.0e18, 9.0e18).round() as i64) }
}

fn rows(packing: &Packing, deployed: u64) -> Vec<Row> {
    let machines = i64::from(packing.machines_max);
    let components = packing.components.len();
    let unit = |c: usize| (0..components).map(|other| i64::from(other == c)).collect::<Vec<_>>();
    let mut rows: Vec<Row> = (0..components)
        .map(|c| {
            let deployed = deployed >> c & 1 == 1;
            Row { weights: unit(c), low: i64::from(deployed), high: if deployed { machines } else { 0 } }
        })
        .collect();
    for rule in &packing.rules {
        match rule {
            Rule::Count { components: of, at_least, at_most } => {
                let high = at_most.unwrap_or(i64::MAX);
                if let [one] = of[..] {
                    rows[one].low = rows[one].low.max(*at_least);
                    rows[one].high = rows[one].high.min(high);
                } else {
                    let mut weights = vec![0; components];
                    for &c in of {
                        weights[c] += 1;
                    }
                    rows.push(Row { weights, low: *at_least, high });
                }
            }
            Rule::Requires { component, needs, of, gives } => {
                rows.push(Row {
                    weights: difference(components, (*of, *gives), (*component, *needs)),
                    low: 0,
                    high: i64::MAX,
                });
            }
            Rule::OneFor { component, of, number } => {
                let weights = difference(components, (*component, *number), (*of, 1));
                rows.push(Row { weights, low: 0, high: number - 1 });
            }
            Rule::Conflict { .. } | Rule::Everywhere { .. } | Rule::Together { .. } | Rule::Either { .. } => {}
        }
    }
    rows
}

fn difference(components: usize, plus: (usize, i64), minus: (usize, i64)) -> Vec<i64> {
    let mut weights = vec![0; components];
    weights[plus.0] += plus.1;
    weights[minus.0] -= minus.1;
    weights
}
