//! The price book with the market's prices in it: what is lowered anew.

use super::index::{Index, Key};
use super::{Ask, Market};
use crate::catalog::{PriceBook, Source, SourceId, digest_hex};
use crate::units::Money;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

impl Market {
    /// The book at the prices that a decision may count on, at a time by the clock.
    ///
    /// `in_use` is what the application runs on: it keeps a price where that is known at all, while any other ask that is
    /// stale, or may not be offered, is not in the book. Sources say which prices came from the market, and the digest is
    /// another one as soon as a price is another one.
    #[must_use]
    pub fn book(&self, now: i64, in_use: &[Ask]) -> PriceBook {
        self.book_for(now, in_use, self.rules.stand_s)
    }

    /// [`Self::book`] for whoever wants lower prices to have stood for so many seconds, in place of [`super::Rules::stand_s`].
    #[must_use]
    pub fn book_for(&self, now: i64, in_use: &[Ask], stand_s: i64) -> PriceBook {
        let in_use: BTreeSet<Key> = in_use.iter().filter_map(|ask| self.index.key(ask).ok()).collect();
        let mut book = (*self.book).clone();
        let mut sources = Sources { of: BTreeMap::new() };
        let mut changes = String::new();
        let mut withdrawn = BTreeSet::new();
        for &key in self.known.keys() {
            let stands = self.stands(key, now, stand_s);
            let price = if in_use.contains(&key) { stands.in_use } else { stands.to_buy };
            if price == key.price(&self.book) {
                continue;
            }
            let ask = Index::ask(&self.book, key);
            let _ = writeln!(changes, "{ask} {}", price.map(Money::to_decimal).unwrap_or_default());
            put(&mut book, key, price, stands.at, &mut sources);
            if let (Key::Managed(at), None) = (key, price) {
                withdrawn.insert(at);
            }
        }
        if changes.is_empty() {
            return book;
        }
        let mut at = 0..;
        book.managed.retain(|_| at.next().is_none_or(|at| !withdrawn.contains(&at)));
        book.compute.retain(|offer| offer.usd_hour.iter().any(Option::is_some));
        book.digest = digest_hex(format!("{}\n{changes}", self.book.digest).as_bytes());
        book
    }
}

fn put(book: &mut PriceBook, key: Key, price: Option<Money>, at: i64, sources: &mut Sources) {
    match key {
        Key::Machine(offer, purchase) => {
            let old = book.compute[offer].source;
            let source = sources.after(book, old, at);
            let offer = &mut book.compute[offer];
            (offer.usd_hour[purchase as usize], offer.source) = (price, source);
        }
        Key::Managed(tier) => {
            let old = book.managed[tier].price.source;
            let source = sources.after(book, old, at);
            let offer = &mut book.managed[tier].price;
            (offer.usd, offer.source) = (price.unwrap_or(offer.usd), source);
        }
    }
}

/// Sources of what the market says, by the source of the book's own price and the day.
struct Sources {
    of: BTreeMap<(SourceId, String), SourceId>,
}

impl Sources {
    fn after(&mut self, book: &mut PriceBook, old: SourceId, at: i64) -> SourceId {
        if self.of.values().any(|id| *id == old) {
            return old;
        }
        let day = day(at);
        *self.of.entry((old, day.clone())).or_insert_with(|| {
            let text = format!("market; before it: {}", book.source(old).text);
            let Ok(id) = u16::try_from(book.sources.len()) else { return old };
            if SourceId(id) == SourceId::STATED {
                return old;
            }
            book.sources.push(Source { text, as_of: day });
            SourceId(id)
        })
    }
}

/// The day of a moment, in UTC.
fn day(at: i64) -> String {
    let utc = |at: jiff::Timestamp| at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
    jiff::Timestamp::from_second(at).map(utc).unwrap_or_default()
}
