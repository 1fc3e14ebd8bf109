//! Meters: tiered prices of an account's whole volume, of which each flow pays its share on its own ladder.
//!
//! With `V` the metered volume and `P` the pool, a ladder's price of the whole volume is a function `C(V - P)` in pieces:
//! nothing up to what is included, then the tiers. A flow of `b` GB on that ladder pays `b / V * C`.
//!
//! - One ladder in the account: the flows together pay `C`.
//! - Several: let `a = C / V` be the ladder's average price. `a * V = sum over flows of b * (a * [flow is metered])`, and a
//!   product with a 0-1 variable has an exact envelope: `h <= a`, `h <= top * [..]`. A flow on the ladder pays `b * r`
//!   with `r >= a - top * (1 - [flow on the ladder])`. Since every term is minimised, the envelopes are tight.

use super::model::{Builder, Sum};
use super::traffic::Metered;
use super::{ONE, Sense, VarId};
use crate::problem::{Included, Ladder};
use crate::units::{Money, Quantity};
use std::collections::BTreeMap;

/// Micro-GB to billionths of a GB.
const GB: i128 = 1_000;

/// A ladder as a function of volume minus pool, over what can happen: (from micro-GB, nano-dollars per GB), the first
/// from the lowest value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Tiers {
    pieces: Vec<(i128, i128)>,
    most: i128,
}

impl Tiers {
    fn new(ladder: &Ladder, pool_max: i128, volume_max: i128) -> Self {
        let included = i128::from(ladder.included.micros());
        let mut pieces = vec![(-pool_max, 0)];
        for step in &ladder.steps {
            let from = included + i128::from(step.from.micros());
            let price = i128::from(step.price.usd.nanos());
            if from >= volume_max {
                break;
            }
            match pieces.last_mut() {
                Some(last) if last.1 == price => {}
                // Nothing is free: the tier begins where the free volume does.
                Some(last) if last.0 >= from => last.1 = price,
                _ => pieces.push((from, price)),
            }
        }
        Self { pieces, most: volume_max }
    }

    /// The one price of every GB, when there is only one.
    fn flat(&self) -> Option<i128> {
        if let [(_, price)] = self.pieces[..] { Some(price) } else { None }
    }

    fn dearest(&self) -> i128 {
        self.pieces.iter().map(|piece| piece.1).max().unwrap_or(0)
    }

    fn is_convex(&self) -> bool {
        self.pieces.windows(2).all(|pair| pair[0].1 <= pair[1].1)
    }

    /// Upper end of a piece.
    fn end(&self, piece: usize) -> i128 {
        self.pieces.get(piece + 1).map_or(self.most, |next| next.0)
    }

    /// Nano-dollars at the lower end of a piece.
    fn start_cost(&self, piece: usize) -> i128 {
        let cost = |p: usize| (self.end(p) - self.pieces[p].0) * self.pieces[p].1;
        (0..piece).map(cost).sum::<i128>() / 1_000_000
    }

    /// Nano-dollars of a volume minus pool; below all pieces nothing.
    fn cost(&self, at: i128) -> i128 {
        let within = |p: usize| (at.min(self.end(p)) - self.pieces[p].0).max(0) * self.pieces[p].1;
        (0..self.pieces.len()).map(within).sum::<i128>() / 1_000_000
    }

    /// A bound from below on the average price per GB of an account with at least `volume`: the average changes in one
    /// direction on each piece, so its least value is at an end of one. The pool is taken at its largest.
    fn least_average(&self, volume: i128, pool_max: i128) -> i128 {
        let ends = (0..self.pieces.len()).map(|p| self.end(p) + pool_max).chain([volume, self.most]);
        let seen = ends.map(|end| end.clamp(volume, self.most.max(volume)));
        seen.map(|volume| self.cost(volume - pool_max) * 1_000_000 / volume.max(1) - 1).min().unwrap_or(0).max(0)
    }
}

pub(super) fn build(builder: &mut Builder, metered: &[Metered]) {
    for meter in 0..builder.problem.providers.len() {
        let on_it: Vec<Metered> =
            metered.iter().filter(|m| builder.problem.ladders[m.ladder].meter == meter).cloned().collect();
        if !on_it.is_empty() {
            Account::new(builder, meter, on_it).build(builder);
        }
    }
}

/// What runs through a meter.
struct Account {
    meter: usize,
    metered: Vec<Metered>,
    /// Micro-GB that come with choices.
    pool: Sum,
    pool_max: i128,
    volume_max: i128,
}

impl Account {
    fn new(builder: &Builder, meter: usize, metered: Vec<Metered>) -> Self {
        let mut pool = Vec::new();
        let mut pool_max = 0;
        for (c, part) in builder.parts.iter().enumerate() {
            let mut most = 0;
            for &(v, x) in &part.picks {
                let choice = &builder.problem.components[c].choices[v];
                let here = builder.problem.places[choice.place].provider == meter;
                if let (Included::Pooled(gb), true) = (builder.problem.included_with(c, choice), here) {
                    pool.push((x, i128::from(gb.micros())));
                    most = most.max(i128::from(gb.micros()));
                }
            }
            pool_max += most;
        }
        // A flow is on one ladder at most, so it counts once.
        let mut largest: BTreeMap<usize, i64> = BTreeMap::new();
        for m in &metered {
            let known = largest.entry(m.flow).or_default();
            *known = (*known).max(m.micro_gb);
        }
        let volume_max = largest.values().map(|&volume| i128::from(volume)).sum();
        Self { meter, metered, pool, pool_max, volume_max }
    }

    fn build(self, builder: &mut Builder) {
        // Ladders that price alike are one.
        let mut alike: BTreeMap<Tiers, Vec<Metered>> = BTreeMap::new();
        for m in &self.metered {
            let tiers = Tiers::new(&builder.problem.ladders[m.ladder], self.pool_max, self.volume_max);
            alike.entry(tiers).or_default().push(m.clone());
        }
        let only = alike.len() == 1;
        for (ordinal, (tiers, on_ladder)) in alike.iter().enumerate() {
            if let Some(price) = tiers.flat() {
                for m in on_ladder {
                    let price = Money::from_nanos(i64::try_from(price).unwrap_or(i64::MAX));
                    let cost = i128::from(price.times(Quantity::from_micros(m.micro_gb)).nanos());
                    builder.bill.extend(m.when.iter().map(|&var| (var, cost)));
                }
                continue;
            }
            let name = format!("m{}_{ordinal}", self.meter);
            let whole = self.price_of_all(builder, tiers, &name);
            if only {
                builder.bill.push((whole, ONE));
            } else {
                self.shares(builder, tiers, on_ladder, whole, &name);
            }
        }
    }

    /// The volume minus the pool, in billionths of a GB.
    fn net(&self) -> Sum {
        let volume = self.metered.iter().flat_map(|m| m.when.iter().map(|&var| (var, i128::from(m.micro_gb) * GB)));
        volume.chain(self.pool.iter().map(|&(x, micros)| (x, -micros * GB))).collect()
    }

    /// A variable that is at least what the whole volume costs on a ladder, in dollars.
    fn price_of_all(&self, builder: &mut Builder, tiers: &Tiers, name: &str) -> VarId {
        let cost = builder.variable(format!("c{name}"), None, false);
        if tiers.is_convex() {
            for (p, &(from, price)) in tiers.pieces.iter().enumerate().filter(|(_, piece)| piece.1 > 0) {
                // cost >= cost at the start + price * (net - start)
                let mut terms: Sum = self.net().into_iter().map(|(var, gb)| (var, -gb * price / ONE)).collect();
                terms.push((cost, ONE));
                let rhs = tiers.start_cost(p) - from * price / 1_000_000;
                builder.row(format!("c{name}_{p}"), terms, Sense::AtLeast, rhs);
            }
            return cost;
        }
        // Exactly one piece holds the volume: a binary and how far into the piece it goes.
        let (mut one, mut net, mut sum) = (Vec::new(), self.net(), vec![(cost, ONE)]);
        for (p, &(from, price)) in tiers.pieces.iter().enumerate() {
            let width = (tiers.end(p) - from).max(0) * GB;
            let is = builder.variable(format!("t{name}_{p}"), Some(ONE), true);
            let into = builder.variable(format!("v{name}_{p}"), None, false);
            one.push((is, ONE));
            net.extend([(is, -from * GB), (into, -ONE)]);
            sum.extend([(is, -tiers.start_cost(p)), (into, -price)]);
            builder.row(format!("v{name}_{p}"), vec![(into, ONE), (is, -width)], Sense::AtMost, 0);
        }
        builder.row(format!("t{name}"), one, Sense::Equal, ONE);
        builder.row(format!("n{name}"), net, Sense::Equal, 0);
        builder.row(format!("c{name}"), sum, Sense::AtLeast, 0);
        cost
    }

    /// Each flow on the ladder pays its share, by the ladder's average price.
    fn shares(&self, builder: &mut Builder, tiers: &Tiers, on_ladder: &[Metered], whole: VarId, name: &str) {
        let top = tiers.dearest();
        let average = builder.variable(format!("a{name}"), Some(top), false);
        // average * volume >= whole
        let mut product: Sum = vec![(whole, -ONE)];
        for (at, m) in self.metered.iter().enumerate() {
            let h = builder.variable(format!("h{name}_{at}"), Some(top), false);
            product.push((h, i128::from(m.micro_gb) * GB));
            builder.row(format!("ha{name}_{at}"), vec![(h, ONE), (average, -ONE)], Sense::AtMost, 0);
            let terms = m.when.iter().map(|&var| (var, -top)).chain([(h, ONE)]).collect();
            builder.row(format!("ht{name}_{at}"), terms, Sense::AtMost, 0);
        }
        builder.row(format!("a{name}"), product, Sense::AtLeast, 0);
        for (at, m) in on_ladder.iter().enumerate() {
            let r = builder.variable(format!("r{name}_{at}"), Some(top), false);
            let gb = i128::from(m.micro_gb) * GB;
            builder.bill.push((r, gb));
            let terms = m.when.iter().map(|&var| (var, -top)).chain([(r, ONE), (average, -ONE)]).collect();
            builder.row(format!("ra{name}_{at}"), terms, Sense::AtLeast, -top);
            let least = tiers.least_average(i128::from(m.micro_gb), self.pool_max);
            let terms = m.when.iter().map(|&var| (var, -least)).chain([(r, ONE)]).collect();
            builder.row(format!("rl{name}_{at}"), terms, Sense::AtLeast, 0);
        }
    }
}
