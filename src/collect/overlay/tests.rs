//! Figures over the built-in book: right rows changed, all others as they were.

use super::*;
use crate::catalog::{Item, PriceBook, Unit};
use crate::collect::observation::{ManagedTier, RegionFact, ShapeFact, TransferTarget};
use crate::units::{Purchase, Quantity};

fn figure(key: &str, value: Option<Value>) -> Figure {
    let key = Key::parse(key).unwrap_or_else(|| panic!("{key} is no key"));
    let source = "A list (1.1652 USD/EUR, ECB 2026-11-20)".to_owned();
    Figure { key, value, quality: Quality::Listed, source, date: "2026-11-23".into() }
}

fn usd(text: &str) -> Money {
    Money::parse(text).expect("a price")
}

fn hour(text: &str) -> Value {
    Value::Price(usd(text), Unit::Hour)
}

fn laid(figures: &[Figure]) -> PriceBook {
    let bytes = overlay(PriceBook::embedded_bytes(), figures, &|_| TrafficPool::Pooled).expect("the base is whole");
    PriceBook::from_sealed(&bytes).expect("the result is a book")
}

fn offer(book: &PriceBook, provider: &str, code: &str, name: &str) -> Option<crate::catalog::ComputeOffer> {
    let region = book.find_region(provider, code)?;
    book.compute_at(region).iter().find(|offer| book.shape(offer.shape).name == name).copied()
}

#[test]
fn nothing_over_a_book_is_the_book() {
    let bytes = overlay(PriceBook::embedded_bytes(), &[], &|_| TrafficPool::PerServer).expect("whole");
    assert!(bytes == PriceBook::embedded_bytes(), "every byte stays");
}

#[test]
fn a_price_changes_its_row_and_no_other() {
    let before = PriceBook::embedded().expect("verifies");
    let after = laid(&[figure("aws|eu-west-1|compute|m7g.large|on_demand", Some(hour("0.0999")))]);
    let changed = after.compute.iter().zip(&before.compute).filter(|(a, b)| a.usd_hour != b.usd_hour).count();
    assert_eq!((after.compute.len(), changed), (before.compute.len(), 1));
    let offer = offer(&after, "aws", "eu-west-1", "m7g.large").expect("still on sale");
    assert_eq!(offer.usd_hour[0], Some(usd("0.0999")));
    let source = after.source(offer.source);
    assert_eq!(source.as_of, "2026-11-23");
    assert!(source.text.starts_with("A list (1.1652 USD/EUR, ECB 2026-11-20); spot as before: "), "{}", source.text);
    assert_eq!(after.as_of, "2026-11-23");
    assert_ne!(after.digest, before.digest);
}

#[test]
fn a_spot_price_keeps_the_source_of_the_others() {
    let after = laid(&[figure("aws|eu-west-1|compute|m7g.large|spot", Some(hour("0.03")))]);
    let before = PriceBook::embedded().expect("verifies");
    let at = |book: &PriceBook| offer(book, "aws", "eu-west-1", "m7g.large").expect("on sale");
    let (old, new) = (at(&before), at(&after));
    assert_eq!((new.usd_hour[0], new.usd_hour[1]), (old.usd_hour[0], Some(usd("0.03"))));
    let (old, new) = (before.source(old.source), after.source(new.source));
    assert_eq!(old.as_of, new.as_of);
    assert_eq!(new.text.matches("; spot: ").count(), 1, "{}", new.text);
    assert!(new.text.ends_with("; spot: A list (1.1652 USD/EUR, ECB 2026-11-20) of 2026-11-23"), "{}", new.text);
}

#[test]
fn what_is_withdrawn_goes() {
    let keys = ["on_demand", "spot", "reserved_1y", "reserved_3y"];
    let gone: Vec<_> = keys.iter().map(|p| figure(&format!("hetzner|fsn1|compute|cx23|{p}"), None)).collect();
    let before = PriceBook::embedded().expect("verifies");
    let after = laid(&gone);
    assert!(offer(&after, "hetzner", "fsn1", "cx23").is_none());
    assert_eq!(after.compute.len() + 1, before.compute.len());
}

#[test]
fn an_older_figure_does_not_replace_a_newer_one() {
    let mut old = figure("hetzner|fsn1|compute|cx23|on_demand", Some(hour("0.5")));
    old.date = "2015-01-01".into();
    let bytes = overlay(PriceBook::embedded_bytes(), &[old], &|_| TrafficPool::Pooled).expect("whole");
    let book = PriceBook::from_sealed(&bytes).expect("a book");
    let before = PriceBook::embedded().expect("verifies");
    let price = |book: &PriceBook| offer(book, "hetzner", "fsn1", "cx23").map(|offer| offer.usd_hour);
    assert_eq!(price(&book), price(&before));
}

#[test]
fn a_new_provider_region_and_shape_find_their_places() {
    let region = RegionFact {
        city: "Munich".into(),
        country: "DE".into(),
        lat: "48.137".into(),
        lon: "1.1e1".into(),
        zones: Some(3),
    };
    let shape = ShapeFact {
        name: "a1".into(),
        arch: crate::units::Arch::X86_64,
        vcpu_milli: 1500,
        memory_mib: 2048,
        cpu_kind: crate::catalog::CpuKind::Shared,
        gpu_milli: 0,
        gpu_model: String::new(),
        disk_included_gb: None,
    };
    let tier = Value::Managed {
        usd: usd("15"),
        unit: Unit::Month,
        vcpu_milli: 1000,
        memory_mib: 1024,
        storage_included_gb: Quantity::from_units(10),
    };
    let steps = |free: i64| Value::Steps {
        unit: Unit::Gb,
        included_gb: Quantity::from_units(free),
        steps: vec![(Quantity::ZERO, usd("0.01")), (Quantity::from_units(100), usd("0.005"))],
    };
    let storage =
        Value::Steps { unit: Unit::GbMonth, included_gb: Quantity::ZERO, steps: vec![(Quantity::ZERO, usd("0.1"))] };
    let book = laid(&[
        figure("bavaria|muc|region", Some(Value::Region(region, "europe".into()))),
        figure("bavaria||shape|a1", Some(Value::Shape(shape))),
        figure("bavaria|muc|compute|a1|on_demand", Some(hour("0.01"))),
        figure("bavaria|muc|month_cap|a1", Some(Value::Price(usd("6"), Unit::Month))),
        figure("bavaria|muc|included_gb|a1", Some(Value::Amount(Quantity::from_units(1000)))),
        figure("bavaria|muc|managed|postgres|PG|small|single", Some(tier)),
        figure("bavaria|muc|managed_storage|postgres|PG||single", Some(Value::Price(usd("0.2"), Unit::GbMonth))),
        figure("bavaria|muc|egress|*", Some(steps(500))),
        figure("bavaria|muc|tariff|block_storage|Disk", Some(storage)),
        figure("bavaria|muc|transfer|any", Some(Value::Price(usd("0.002"), Unit::Gb))),
    ]);
    let region = book.find_region("bavaria", "muc").expect("added");
    let machine = offer(&book, "bavaria", "muc", "a1").expect("added");
    assert_eq!((machine.month_cap, machine.included_gb), (Some(usd("6")), Quantity::from_units(1000)));
    let managed = &book.managed_at(region)[0];
    assert_eq!((managed.price.usd, managed.storage.map(|p| p.usd)), (usd("15"), Some(usd("0.2"))));
    let ladder = book.ladder(region, "US").expect("added");
    assert_eq!((ladder.included_gb, ladder.tiers.len()), (Quantity::from_units(500), 2));
    assert_eq!(book.tariff(region, Item::BlockStorage)[0].price.usd, usd("0.1"));
    assert_eq!(book.transfers.iter().filter(|rule| rule.region == region).count(), 1);
    assert_eq!(book.provider_of(region).traffic_pool, TrafficPool::Pooled);
}

#[test]
fn keys_are_read_back() {
    let tier = ManagedTier {
        kind: crate::catalog::ManagedKind::Redis,
        product: "Cache".into(),
        tier: String::new(),
        multi_zone: true,
    };
    let things = [
        Thing::Region,
        Thing::Shape("a b".into()),
        Thing::Compute("x".into(), Purchase::Reserved3y),
        Thing::ManagedStorage(tier),
        Thing::Tariff(Item::NatData, "NAT".into()),
        Thing::Transfer(TransferTarget::Region("r".into())),
    ];
    for thing in things {
        let key = Key { provider: "p".into(), region: "r".into(), thing };
        assert_eq!(Key::parse(&key.to_string()), Some(key));
    }
    assert_eq!(Key::parse("p|r|compute|x|sometimes"), None);
}
