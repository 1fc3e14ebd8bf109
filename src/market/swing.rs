//! Prices that go back and forth.
//!
//! A price *turns* when it goes more than [`Rules::swing_ppm`] against the direction in which it went before, measured from
//! the farthest point it had reached. Small steps, and a price that runs one way, have no turns.

use super::Rules;
use crate::units::Money;
use std::cmp::Ordering;
use std::collections::VecDeque;

/// Values and turns that are kept of one ask.
const KEPT_MAX: usize = 128;
/// Seconds for which values are kept at least: 30 days, more than any policy waits for a price to stand.
const KEPT_S: i64 = 30 * 86_400;

/// A price that is not offered is dearer than any.
fn value(usd: Option<Money>) -> Money {
    usd.unwrap_or(Money::MAX)
}

fn offered(usd: Money) -> Option<Money> {
    (usd != Money::MAX).then_some(usd)
}

/// How an ask swings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damped {
    /// How often it has turned within [`Rules::swing_window_s`].
    pub turns: usize,
    /// The lowest of its recent prices; `None`: not offered.
    pub low: Option<Money>,
    /// The dearest of its recent prices; `None`: at times not offered at all.
    pub high: Option<Money>,
    /// Until when it has to stand still, in seconds since 1970.
    pub until: i64,
}

/// The recent course of one ask.
#[derive(Clone, Debug)]
pub(super) struct Course {
    /// The way it goes: up, down, or neither yet.
    way: Ordering,
    /// The farthest point that it has reached on that way.
    farthest: Money,
    /// When it turned.
    turns: VecDeque<i64>,
    /// Prices with the time from which each stood; the last one stands.
    values: VecDeque<(i64, Money)>,
}

impl Course {
    pub fn new(at: i64, usd: Option<Money>) -> Self {
        let usd = value(usd);
        Self { way: Ordering::Equal, farthest: usd, turns: VecDeque::new(), values: VecDeque::from([(at, usd)]) }
    }

    /// Takes up a new price.
    pub fn push(&mut self, at: i64, usd: Option<Money>, rules: &Rules) {
        let usd = value(usd);
        self.values.push_back((at, usd));
        // The price that stood when the window begins is still one of the recent ones.
        let start = at.saturating_sub(rules.swing_window_s.max(KEPT_S));
        while self.values.len() > KEPT_MAX || self.values.get(1).is_some_and(|(from, _)| *from <= start) {
            self.values.pop_front();
        }
        let against = match self.way {
            Ordering::Greater => Ordering::Less,
            Ordering::Less => Ordering::Greater,
            Ordering::Equal => usd.cmp(&self.farthest),
        };
        if swings(self.farthest, usd, rules.swing_ppm) && usd.cmp(&self.farthest) == against {
            if self.way != Ordering::Equal {
                self.turns.push_back(at);
                if self.turns.len() > KEPT_MAX {
                    self.turns.pop_front();
                }
            }
            (self.way, self.farthest) = (against, usd);
        } else if self.way != Ordering::Equal && usd.cmp(&self.farthest) == self.way {
            self.farthest = usd;
        }
    }

    /// What decisions have to know of its swings; `None`: it stands, or goes one way.
    pub fn damped(&self, now: i64, rules: &Rules) -> Option<Damped> {
        let start = now.saturating_sub(rules.swing_window_s);
        let turns = self.turns.iter().filter(|at| **at > start).count();
        let until = self.turns.back()?.saturating_add(rules.settle_s);
        if turns < rules.turns_max || now >= until {
            return None;
        }
        let (low, high) = (self.since(start).min()?, self.since(start).max()?);
        Some(Damped { turns, low: offered(low), high: offered(high), until })
    }

    /// Prices that stood at any time after a moment.
    fn since(&self, start: i64) -> impl Iterator<Item = Money> {
        let stood = move |at: &usize| self.values.get(at + 1).is_none_or(|(next, _)| *next > start);
        (0..self.values.len()).filter(stood).map(|at| self.values[at].1)
    }

    /// The dearest price that has not been over for so many seconds; `None`: not offered at some time.
    pub fn dearest(&self, now: i64, stand_s: i64) -> Option<Money> {
        if stand_s <= 0 {
            return offered(self.values.back()?.1);
        }
        offered(self.since(now.saturating_sub(stand_s)).max()?)
    }
}

/// Whether two prices are more than a share of the first apart.
fn swings(from: Money, to: Money, ppm: i64) -> bool {
    let change = (i128::from(to.nanos()) - i128::from(from.nanos())).abs();
    change * 1_000_000 > i128::from(from.nanos()) * i128::from(ppm)
}
