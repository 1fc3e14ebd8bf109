//! The market: what every offer costs right now, as far as that can be believed.
//!
//! A [`Market`] is a price book and the ticks that came after it. Ticks pass a gate ([`Rules`]): a price that cannot be is
//! refused, one that is far from the last waits for a second witness, one that goes back and forth is damped, one of a
//! feed that has gone silent is stale, and none that comes from the future or from the past changes anything. All of that
//! is data, with figures ([`Taken`], [`Standing`]).
//!
//! Invariant: a price counts only when the gate let it pass; where it is in doubt, decisions see what speaks *against* a
//! move: the dearest of the possible prices for what could be bought, the lowest for what is bought already. Pure: the
//! time is an argument; the same ticks at the same times give the same market.
//!
//! ```
//! use placer::market::{Ask, Market, Rules, Taken, Tick};
//! use placer::units::{Money, Purchase};
//! let book = std::sync::Arc::new(placer::catalog::PriceBook::embedded().unwrap());
//! let (noon, minute) = (1_795_780_800, 60);
//! let mut market = Market::new(book, noon, Rules::default());
//! let ask = Ask {
//!     provider: "aws".into(),
//!     region: "eu-west-1".into(),
//!     offer: "m7g.large".into(),
//!     purchase: Purchase::OnDemand,
//! };
//! let before = market.standing(&ask, noon).unwrap().last.unwrap();
//! // A tenth less is believed at once. A hundredth of it never is.
//! let usd = |part| Some(Money::from_nanos(before.nanos() * part / 100));
//! let tick = |minutes, part| Tick { at: noon + minutes * minute, ask: ask.clone(), usd_hour: usd(part) };
//! assert!(matches!(market.take(&tick(1, 90), noon + minute), Taken::Changed { .. }));
//! assert!(matches!(market.take(&tick(2, 1), noon + 2 * minute), Taken::Refused(_)));
//! assert_eq!(market.standing(&ask, noon + 2 * minute).unwrap().last, usd(90));
//! let book = market.book(noon + 2 * minute, &[]);
//! # drop(book);
//! ```

pub mod file;
mod gate;
mod index;
mod overlay;
mod swing;
mod tick;

pub use gate::{Doubt, Refusal, Rules};
pub use swing::Damped;
pub use tick::{Ask, Entry, Tick};

use crate::catalog::{PriceBook, ProviderId};
use crate::units::{Money, Purchase};
use gate::Against;
use index::{Index, Key};
use std::collections::BTreeMap;
use std::sync::Arc;
use swing::Course;

/// A tick that waits for a second witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// When it was observed, in seconds since 1970.
    pub at: i64,
    /// What it says.
    pub usd: Option<Money>,
    /// Why it waits.
    pub doubt: Doubt,
}

/// What became of a tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It says what is known.
    Same,
    /// It is believed.
    Changed {
        /// The price before.
        from: Option<Money>,
        /// The price now.
        to: Option<Money>,
    },
    /// It waits for a second witness.
    Waits(Waiting),
    /// It changes nothing.
    Refused(Refusal),
}

/// How an ask stands. Prices are dollars per hour; `None`: not offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The last price that is believed.
    pub last: Option<Money>,
    /// When that was last known to hold, in seconds since 1970.
    pub at: i64,
    /// What waits for a second witness.
    pub waiting: Option<Waiting>,
    /// How it goes back and forth.
    pub damped: Option<Damped>,
    /// Nothing was heard of its provider for so many seconds, which is too long; or, negative, its price is of a moment
    /// that has not come.
    pub stale_s: Option<i64>,
    /// What a decision has to take it for, when it could be bought.
    pub to_buy: Option<Money>,
    /// What a decision has to take it for, when it is bought already.
    pub in_use: Option<Money>,
}

/// What is known of an ask of which a tick was taken.
#[derive(Clone, Debug)]
struct Known {
    last: Option<Money>,
    at: i64,
    waiting: Option<Waiting>,
    course: Course,
}

/// The price book and what came after it.
#[derive(Clone, Debug)]
pub struct Market {
    book: Arc<PriceBook>,
    index: Index,
    /// When the book's prices were last known to hold.
    book_at: i64,
    rules: Rules,
    known: BTreeMap<Key, Known>,
    /// When a provider's feed was last heard.
    heard: BTreeMap<ProviderId, i64>,
}

impl Market {
    /// A market in which the prices of a book hold, as of a moment in seconds since 1970.
    #[must_use]
    pub fn new(book: Arc<PriceBook>, book_at: i64, rules: Rules) -> Self {
        let index = Index::of(&book);
        Self { book, index, book_at, rules, known: BTreeMap::new(), heard: BTreeMap::new() }
    }

    /// The rules of the gate.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The book below the ticks.
    #[must_use]
    pub fn base(&self) -> &PriceBook {
        &self.book
    }

    /// Begins again with another book. What was observed after it stays, where the book still has the offer.
    pub fn rebase(&mut self, book: Arc<PriceBook>, book_at: i64) {
        let newer = |(key, known): (Key, Known)| Some((Index::ask(&self.book, key), known));
        let kept: Vec<(Ask, Known)> = std::mem::take(&mut self.known)
            .into_iter()
            .filter(|(_, known)| known.at > book_at || known.waiting.as_ref().is_some_and(|w| w.at > book_at))
            .filter_map(newer)
            .collect();
        let names = |id: ProviderId| self.book.providers[usize::from(id.0)].name.clone();
        let heard: Vec<(String, i64)> = self.heard.iter().map(|(&id, &at)| (names(id), at)).collect();
        (self.index, self.book, self.book_at) = (Index::of(&book), book, book_at);
        self.known = kept.into_iter().filter_map(|(ask, known)| Some((self.index.key(&ask).ok()?, known))).collect();
        self.heard = heard.into_iter().filter_map(|(name, at)| Some((self.book.find_provider(&name)?, at))).collect();
    }

    /// Says that the book's own prices still hold: they count as of this moment.
    pub fn book_holds(&mut self, at: i64) {
        self.book_at = at;
    }

    /// Takes what a feed says, at a time by the clock. For [`Entry::Heard`] the answer is `Same`, or why not.
    pub fn enter(&mut self, entry: &Entry, now: i64) -> Taken {
        match entry {
            Entry::Tick(tick) => self.take(tick, now),
            Entry::Heard { at, provider } => {
                self.hear(provider, *at, now).map_or_else(Taken::Refused, |()| Taken::Same)
            }
        }
    }

    /// Takes a tick, at a time by the clock.
    pub fn take(&mut self, tick: &Tick, now: i64) -> Taken {
        match self.judge(tick, now) {
            Ok(taken) => taken,
            Err(refusal) => Taken::Refused(refusal),
        }
    }

    fn judge(&mut self, tick: &Tick, now: i64) -> Result<Taken, Refusal> {
        let key = self.index.key(&tick.ask)?;
        if !Index::is_hourly(&self.book, key) {
            return Err(Refusal::NotHourly { offer: tick.ask.offer.clone() });
        }
        self.on_time(tick.at, now)?;
        let against = self.against(key);
        if let Some(usd) = tick.usd_hour {
            against.possible(usd, &self.rules)?;
        }
        let ahead_s = self.time_of(key) - now;
        let clock = (ahead_s > self.rules.ahead_s && tick.at <= now).then_some(Doubt::Clock { ahead_s });
        let same = against.last == tick.usd_hour;
        if clock.is_none() {
            match tick.at - self.time_of(key) {
                0 if !same && self.known.contains_key(&key) => return Err(Refusal::Twice { usd: against.last }),
                behind @ ..0 => return Err(Refusal::Behind { behind_s: -behind }),
                _ => {}
            }
        }
        let doubt = clock.or_else(|| against.doubt(tick.usd_hour, &self.rules));
        let taken = match doubt {
            Some(doubt) if !self.is_witnessed(key, tick) => self.wait(key, tick, doubt),
            _ => self.believe(key, tick.at, tick.usd_hour),
        };
        if !matches!(taken, Taken::Waits(_)) {
            self.note_heard(key.provider(&self.book), tick.at, now);
        }
        Ok(taken)
    }

    /// Says that a provider's feed was heard: all its prices stand as they were told before. What waits is thereby told a
    /// second time.
    ///
    /// # Errors
    /// The provider is not in the book, or the moment has not come.
    pub fn hear(&mut self, provider: &str, at: i64, now: i64) -> Result<(), Refusal> {
        let unknown = || Refusal::Unknown { what: "provider", name: provider.to_owned() };
        let id = self.book.find_provider(provider).ok_or_else(unknown)?;
        self.on_time(at, now)?;
        let of = |key: &Key| key.provider(&self.book) == id;
        let told = |waiting: &Waiting| at - waiting.at >= self.rules.witness_s;
        let witnessed = |known: &Known| known.waiting.as_ref().filter(|waiting| told(waiting)).map(|w| w.usd);
        let confirmed: Vec<(Key, Option<Money>)> =
            self.known.iter().filter(|(key, _)| of(key)).filter_map(|(&key, k)| Some((key, witnessed(k)?))).collect();
        for (key, usd) in confirmed {
            self.believe(key, at, usd);
        }
        self.note_heard(id, at, now);
        Ok(())
    }

    fn note_heard(&mut self, provider: ProviderId, at: i64, now: i64) {
        let heard = self.heard.entry(provider).or_insert(at);
        // A moment that has not come was written down while a clock was wrong.
        *heard = if *heard > now.saturating_add(self.rules.ahead_s) { at } else { at.max(*heard) };
    }

    fn on_time(&self, at: i64, now: i64) -> Result<(), Refusal> {
        let ahead_s = at.saturating_sub(now);
        if ahead_s > self.rules.ahead_s { Err(Refusal::Ahead { ahead_s }) } else { Ok(()) }
    }

    /// When an ask was last observed itself.
    fn time_of(&self, key: Key) -> i64 {
        self.known.get(&key).map_or(self.book_at, |known| known.at)
    }

    fn last(&self, key: Key) -> Option<Money> {
        self.known.get(&key).map_or_else(|| key.price(&self.book), |known| known.last)
    }

    fn against(&self, key: Key) -> Against {
        let purchase = key.purchase();
        let on_demand = key.bought(Purchase::OnDemand);
        let reference = if purchase == Purchase::OnDemand {
            key.price(&self.book)
        } else {
            on_demand.price(&self.book).or_else(|| self.last(on_demand))
        };
        Against { purchase, last: self.last(key), reference }
    }

    fn is_witnessed(&self, key: Key, tick: &Tick) -> bool {
        let first = self.known.get(&key).and_then(|known| known.waiting.as_ref());
        first.is_some_and(|first| {
            tick.at - first.at >= self.rules.witness_s && gate::confirms(first.usd, tick.usd_hour, &self.rules)
        })
    }

    fn entry(&mut self, key: Key) -> &mut Known {
        let (last, at) = (self.last(key), self.time_of(key));
        self.known.entry(key).or_insert_with(|| Known { last, at, waiting: None, course: Course::new(at, last) })
    }

    fn wait(&mut self, key: Key, tick: &Tick, doubt: Doubt) -> Taken {
        let rules = self.rules.clone();
        let known = self.entry(key);
        // The same again, but too soon: the first one stays.
        let first = known
            .waiting
            .take()
            .filter(|first| tick.at - first.at < rules.witness_s && gate::confirms(first.usd, tick.usd_hour, &rules));
        let waiting = first.unwrap_or(Waiting { at: tick.at, usd: tick.usd_hour, doubt });
        known.waiting = Some(waiting.clone());
        Taken::Waits(waiting)
    }

    fn believe(&mut self, key: Key, at: i64, usd: Option<Money>) -> Taken {
        let rules = self.rules.clone();
        let known = self.entry(key);
        let from = std::mem::replace(&mut known.last, usd);
        (known.at, known.waiting) = (at, None);
        if from == usd {
            return Taken::Same;
        }
        known.course.push(at, usd, &rules);
        Taken::Changed { from, to: usd }
    }

    /// How an ask stands, at a time by the clock.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] and its like: the book has no such offer.
    pub fn standing(&self, ask: &Ask, now: i64) -> Result<Standing, Refusal> {
        Ok(self.stands(self.index.key(ask)?, now, self.rules.stand_s))
    }

    /// The asks of which ticks were taken, in the order of the book, and how they stand.
    pub fn standings(&self, now: i64) -> impl Iterator<Item = (Ask, Standing)> {
        self.known.keys().map(move |&key| (Index::ask(&self.book, key), self.stands(key, now, self.rules.stand_s)))
    }

    fn stands(&self, key: Key, now: i64, stand_s: i64) -> Standing {
        let Some(known) = self.known.get(&key) else {
            let last = key.price(&self.book);
            let (to_buy, in_use) = (last, last);
            return Standing { last, at: self.book_at, waiting: None, damped: None, stale_s: None, to_buy, in_use };
        };
        let heard = self.heard.get(&key.provider(&self.book)).copied().unwrap_or(known.at);
        // What waits puts the last price in doubt, whatever else the feed says.
        let at = if known.waiting.is_some() { known.at } else { known.at.max(heard) };
        let age = now.saturating_sub(at);
        let stale_s = (age > self.rules.silent_s || age < -self.rules.ahead_s).then_some(age);
        let damped = known.course.damped(now, &self.rules);
        let possible = || {
            let waiting = known.waiting.as_ref().map(|waiting| waiting.usd);
            let recent = damped.iter().flat_map(|damped| [damped.low, damped.high]);
            std::iter::once(known.last).chain(waiting).chain(recent).map(|usd| usd.unwrap_or(Money::MAX))
        };
        let offered = |usd: Option<Money>| usd.filter(|usd| *usd != Money::MAX);
        // A price that has only just fallen is not what it costs for long.
        let dearest = known.course.dearest(now, stand_s).unwrap_or(Money::MAX);
        let to_buy = if stale_s.is_some() { None } else { offered(possible().max().map(|usd| usd.max(dearest))) };
        let in_use = offered(possible().min());
        Standing { last: known.last, at, waiting: known.waiting.clone(), damped, stale_s, to_buy, in_use }
    }

    /// When the oldest of the prices of some asks was last known to hold, in seconds since 1970: what
    /// `plan::Circumstances` takes as `prices_at`. What the book prices by a tariff (serverless, storage) counts as of the
    /// book; `None` without any ask.
    #[must_use]
    pub fn prices_at<'a>(&self, asks: impl IntoIterator<Item = &'a Ask>, now: i64) -> Option<i64> {
        let time = |ask: &Ask| self.index.key(ask).map_or(self.book_at, |key| self.stands(key, now, 0).at);
        let times: Vec<i64> = asks.into_iter().map(time).collect();
        // A moment that has not come is as bad as one long gone: it must not hide behind the others.
        let ahead = times.iter().copied().filter(|at| at.saturating_sub(now) > self.rules.ahead_s).max();
        ahead.or_else(|| times.into_iter().min())
    }
}
