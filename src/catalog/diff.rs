//! What differs between two price books.

use super::{PriceBook, RegionId, TransferBilling, TransferTo, Unit};
use crate::units::{Money, Purchase};
use std::collections::BTreeMap;

/// What has a price: provider, region, and what of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sold {
    /// The provider's name.
    pub provider: String,
    /// The region's code.
    pub region: String,
    /// The offer, tariff step or rule, in words: `m7g.large spot`.
    pub what: String,
}

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Of what.
    pub sold: Sold,
    /// Price per unit in the first book.
    pub before: Option<(Money, Unit)>,
    /// Price per unit in the second book.
    pub after: Option<(Money, Unit)>,
}

impl Change {
    /// The change in tenths of a percent of the price before, rounded half away from zero; `None` for what was added,
    /// removed, free, or is sold by another unit now.
    #[must_use]
    pub fn permille(&self) -> Option<i64> {
        let ((before, unit), (after, other)) = (self.before?, self.after?);
        if unit != other || before <= Money::ZERO {
            return None;
        }
        let (before, difference) = (i128::from(before.nanos()), i128::from(after.nanos()) - i128::from(before.nanos()));
        let rounded = (difference.abs() * 2000 + before) / (before * 2) * difference.signum();
        i64::try_from(rounded).ok()
    }
}

/// Every price of a book.
fn prices(book: &PriceBook) -> BTreeMap<Sold, (Money, Unit)> {
    let mut all = BTreeMap::new();
    let mut put = |region: RegionId, what: String, usd: Money, unit: Unit| {
        let provider = book.provider_of(region).name.clone();
        all.insert(Sold { provider, region: book.region(region).code.clone(), what }, (usd, unit));
    };
    for offer in &book.compute {
        let name = &book.shape(offer.shape).name;
        for (purchase, usd) in Purchase::ALL.iter().zip(offer.usd_hour) {
            if let Some(usd) = usd {
                put(offer.region, format!("{name} {purchase}"), usd, Unit::Hour);
            }
        }
        if let Some(cap) = offer.month_cap {
            put(offer.region, format!("{name} month cap"), cap, Unit::Month);
        }
    }
    for offer in &book.managed {
        put(offer.region, offer.name(), offer.price.usd, offer.price.unit);
        if let Some(storage) = offer.storage {
            put(offer.region, format!("{} storage", offer.name()), storage.usd, storage.unit);
        }
    }
    for tariff in &book.tariffs {
        let what = format!("{} {} from {}", tariff.item.as_str(), tariff.product, tariff.from);
        put(tariff.region, what, tariff.price.usd, tariff.price.unit);
    }
    for ladder in &book.ladders {
        for tier in &ladder.tiers {
            let what = format!("egress to {} from {} after {} included", ladder.to, tier.from, ladder.included_gb);
            put(ladder.region, what, tier.price.usd, Unit::Gb);
        }
    }
    for rule in &book.transfers {
        let to = match &rule.to {
            TransferTo::OtherZone => "another zone".to_owned(),
            TransferTo::Region(id) => book.region(*id).code.clone(),
            TransferTo::Continent(word) => word.clone(),
            TransferTo::AnyRegion => "any region".to_owned(),
        };
        if let TransferBilling::Flat(price) = rule.billing {
            put(rule.region, format!("transfer to {to}"), price.usd, Unit::Gb);
        }
    }
    all
}

/// What was added, removed or changed from one book to another, by provider, region and name.
#[must_use]
pub fn diff(before: &PriceBook, after: &PriceBook) -> Vec<Change> {
    let (before, mut after) = (prices(before), prices(after));
    let mut changes: Vec<Change> = Vec::new();
    for (sold, old) in before {
        let new = after.remove(&sold);
        if new != Some(old) {
            changes.push(Change { sold, before: Some(old), after: new });
        }
    }
    changes.extend(after.into_iter().map(|(sold, new)| Change { sold, before: None, after: Some(new) }));
    changes.sort_by(|a, b| a.sold.cmp(&b.sold));
    changes
}
