//! Regions of a provider that sell the same: many ask one price everywhere, and some let groups of regions have one.
//!
//! Invariant: what a component can buy in a region and what it costs there is the same in every region that
//! [`PriceBook::seller`] tells to be alike. Who says what a price is, and how sure, may differ.

use super::{ComputeOffer, ManagedOffer, Price, PriceBook, RegionId, Tariff, Unit, of_region};
use crate::units::Money;

/// For each region the first of the book that sells the same.
pub(super) fn sellers(book: &PriceBook) -> Vec<RegionId> {
    let mut firsts: Vec<RegionId> = Vec::new();
    let first = |id: RegionId| {
        let known = firsts.iter().copied().find(|&first| sell_the_same(book, first, id));
        known.unwrap_or_else(|| {
            firsts.push(id);
            id
        })
    };
    book.region_ids().map(first).collect()
}

fn sell_the_same(book: &PriceBook, a: RegionId, b: RegionId) -> bool {
    let (one, other) = (book.region(a), book.region(b));
    one.provider == other.provider
        && one.zones == other.zones
        && equal(book.compute_at(a), book.compute_at(b), same_machine)
        && equal(book.managed_at(a), book.managed_at(b), same_tier)
        && equal(tariffs(book, a), tariffs(book, b), same_tariff)
}

fn tariffs(book: &PriceBook, region: RegionId) -> &[Tariff] {
    of_region(&book.tariffs, region, |tariff| tariff.region)
}

fn equal<T>(a: &[T], b: &[T], same: fn(&T, &T) -> bool) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

fn same_machine(a: &ComputeOffer, b: &ComputeOffer) -> bool {
    (a.shape, a.usd_hour, a.month_cap, a.included_gb) == (b.shape, b.usd_hour, b.month_cap, b.included_gb)
}

fn same_tier(a: &ManagedOffer, b: &ManagedOffer) -> bool {
    let rank = |tier: &ManagedOffer| (tier.kind, tier.vcpu_milli, tier.memory_mib, tier.multi_zone);
    let money =
        |tier: &ManagedOffer| (amount(tier.price), tier.month_cap, tier.storage.map(amount), tier.storage_included_gb);
    rank(a) == rank(b) && money(a) == money(b) && a.product == b.product && a.tier == b.tier
}

fn same_tariff(a: &Tariff, b: &Tariff) -> bool {
    (a.item, a.from, amount(a.price)) == (b.item, b.from, amount(b.price)) && a.product == b.product
}

fn amount(price: Price) -> (Money, Unit) {
    (price.usd, price.unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_that_are_alike_differ_in_no_price() {
        let book = PriceBook::embedded().unwrap();
        let sellers = sellers(&book);
        let (mut firsts, mut offers) = (0, 0);
        for (id, &first) in book.region_ids().zip(&sellers) {
            assert_eq!(sellers[usize::from(first.0)], first);
            firsts += usize::from(first == id);
            for (a, b) in book.compute_at(id).iter().zip(book.compute_at(first)) {
                assert_eq!((a.shape, a.usd_hour), (b.shape, b.usd_hour));
                offers += 1;
            }
        }
        assert_eq!(offers, book.compute.len());
        assert!(firsts * 2 < book.regions.len(), "{firsts}");
        // One price is enough to tell two regions apart.
        let (id, first) = book.region_ids().zip(sellers).find(|(id, first)| id != first).unwrap();
        let mut dearer = book.clone();
        let tariff = dearer.tariffs.iter_mut().find(|tariff| tariff.region == id).unwrap();
        tariff.price.usd += Money::from_nanos(1);
        assert!(sell_the_same(&book, first, id) && !sell_the_same(&dearer, first, id));
    }
}
