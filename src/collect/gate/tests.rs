//! The gate, rule by rule, and against anything at all.

use super::*;
use crate::catalog::{CpuKind, Item, PriceBook, Unit};
use crate::collect::fx::{Fx, Rate};
use crate::collect::observation::{
    Amount, Fact, ManagedTier, Observation, Place, Priced, RegionFact, ShapeFact, TransferTarget,
};
use crate::collect::source::{Collector, Context, Endpoint, Sink, Source, UnitRule};
use crate::units::{Arch, Money, Purchase, Quality, Quantity};
use proptest::prelude::*;
use std::sync::LazyLock;

static BOOK: LazyLock<PriceBook> = LazyLock::new(|| PriceBook::embedded().expect("the embedded book verifies"));
static INDEX: LazyLock<BookIndex<'static>> = LazyLock::new(|| BookIndex::new(&BOOK, "hetzner"));
static FX: LazyLock<Fx> = LazyLock::new(|| {
    let mut fx = Fx::default();
    let usd = "1.1652".parse().expect("a rate");
    fx.add("EUR", Rate { usd, date: "2026-11-20".into(), source: "ECB".into() });
    fx
});
const TODAY: &str = "2026-11-22";

struct Test;

impl Source for Test {
    fn name(&self) -> &'static str {
        "test"
    }
    fn provider(&self) -> &'static str {
        "hetzner"
    }
    fn about(&self) -> &'static str {
        "a test"
    }
    fn endpoints(&self) -> &'static [Endpoint] {
        &[]
    }
    fn units(&self) -> &'static [UnitRule] {
        const UNITS: &[UnitRule] = &[
            UnitRule::one("hour", Unit::Hour),
            UnitRule::one("month", Unit::Month),
            UnitRule::one("GB", Unit::Gb),
            UnitRule::one("GB-month", Unit::GbMonth),
            UnitRule::many("TB", Unit::Gb, "1024"),
            UnitRule::many("10K", Unit::MillionRequests, "0.01"),
        ];
        UNITS
    }
    fn open<'a>(&'a self, _: &'a Context<'a>) -> Box<dyn Collector + 'a> {
        unreachable!("the gate opens no source")
    }
}

fn machine(region: &str, shape: &str, purchase: Purchase, amount: Amount) -> Observation {
    let what = Priced::Compute { shape: shape.into(), purchase };
    Observation::listed(Place::region(region), Fact::Price(what, amount), "raw row")
}

fn eur(value: &str) -> Amount {
    Amount::new(value, "EUR", "hour")
}

fn on_demand(shape: &str, value: &str) -> Observation {
    machine("fsn1", shape, Purchase::OnDemand, eur(value))
}

fn step(from: i64, value: &str) -> Observation {
    let what = Priced::Tariff { item: Item::ObjectStorage, product: "New".into(), from: Quantity::from_units(from) };
    let mut amount = Amount::usd(value, "GB-month");
    amount.stated_free = value == "0";
    Observation::listed(Place::region("fsn1"), Fact::Price(what, amount), "raw step")
}

fn intake(observations: &[Observation]) -> Intake<'static> {
    let mut intake = Intake::new(&Test, &FX, TODAY, &INDEX);
    for observation in observations {
        intake.observe(observation.clone());
    }
    intake
}

fn run(observations: &[Observation], memory: &Memory) -> Judged {
    judge(intake(observations), &INDEX, memory).expect("not empty, not partial")
}

/// What the last run left waiting, as the next run's memory.
fn after(judged: &Judged) -> Memory {
    let pairs = |c: &Candidate| (c.key.clone(), c.value.clone());
    Memory {
        last: judged.accepted.iter().map(pairs).collect(),
        waiting: judged.waiting.iter().map(|(c, _)| pairs(c)).collect(),
        complete_rows: judged.rows,
    }
}

#[track_caller]
fn refused(observation: Observation, word: &str) {
    let intake = intake(&[observation]);
    assert!(intake.candidates.is_empty() && intake.refused == 1, "{:?}", intake.candidates);
    assert!(intake.refusals[0].reason.contains(word), "{:?}", intake.refusals);
    assert!(intake.refusals[0].raw.starts_with("raw"), "{:?}", intake.refusals);
}

#[test]
fn a_price_is_converted_by_unit_table_and_dated_rate() {
    let found = intake(&[on_demand("cx23", "0.0088000000")]);
    let candidate = &found.candidates[0];
    // 0.0088 x 1.1652, exactly.
    assert_eq!(candidate.value, Value::Price(Money::from_nanos(10_253_760), Unit::Hour));
    assert_eq!(candidate.native, "0.0088000000 EUR/hour");
    assert_eq!(candidate.rate, "1.1652 USD/EUR, ECB 2026-11-20");
    let what = Priced::Tariff { item: Item::ObjectWrites, product: "P".into(), from: Quantity::ZERO };
    let writes = Observation::listed(Place::region("fsn1"), Fact::Price(what, Amount::usd("0.05", "10K")), "raw");
    let five = Value::Steps {
        unit: Unit::MillionRequests,
        included_gb: Quantity::ZERO,
        steps: vec![(Quantity::ZERO, Money::from_dollars(5))],
    };
    assert_eq!(intake(&[writes]).candidates[0].value, five);
}

#[test]
fn every_rule_on_a_single_row_refuses_with_its_reason() {
    let priced = |amount| machine("fsn1", "cx23", Purchase::OnDemand, amount);
    refused(priced(Amount::new("0.01", "EUR", "fortnight")), "not in the source's table");
    refused(priced(Amount::new("0.01", "INR", "hour")), "no rate of INR");
    refused(priced(Amount::new("0.01", "eur", "hour")), "no currency");
    refused(priced(eur("0")), "placeholder");
    refused(priced(eur("0.0000000001")), "placeholder");
    refused(priced(Amount { stated_free: true, ..eur("0") }), "never free");
    refused(priced(eur("-1")), "negative");
    refused(priced(eur("free")), "decimal");
    refused(priced(eur("1e30")), "");
    refused(priced(eur("90000000000000000000000000")), "large");
    refused(priced(Amount::new("5.49", "EUR", "month")), "never priced per month");
    refused(priced(eur("5000")), "outside");
    refused(machine("fsn1", "a,b", Purchase::Spot, eur("1")), "comma");
    refused(machine("fsn1", "", Purchase::Spot, eur("1")), "empty");
    refused(machine("f|sn1", "cx23", Purchase::Spot, eur("1")), "bar");
    let later = Observation { effective: Some("2026-12-01".into()), ..on_demand("cx23", "0.0088") };
    refused(later, "holds only from");
    let odd = Observation { effective: Some("soon".into()), ..on_demand("cx23", "0.0088") };
    refused(odd, "no date");
    let guess = Observation { quality: Quality::Estimated, ..on_demand("cx23", "0.0088") };
    refused(guess, "estimates");
}

#[test]
fn what_nobody_knows_is_refused_once() {
    let rows = [on_demand("cx23", "0.0088"), on_demand("new1", "0.01"), on_demand("new2", "0.01")];
    let elsewhere = ["a", "b", "c"].map(|shape| machine("mars1", shape, Purchase::OnDemand, eur("0.01")));
    let judged = run(&[rows.as_slice(), &elsewhere].concat(), &Memory::default());
    assert_eq!(judged.accepted.len(), 1);
    let reasons: Vec<_> = judged.refusals.iter().map(|r| (r.what.as_str(), r.reason.contains("3 rows"))).collect();
    assert_eq!(reasons, [("region mars1", true), ("shape new1", false), ("shape new2", false)]);
}

#[test]
fn a_described_region_and_shape_are_taken() {
    let region = RegionFact {
        city: "Munich".into(),
        country: "DE".into(),
        lat: "48.1".into(),
        lon: "11.6".into(),
        zones: Some(1),
    };
    let shape = ShapeFact {
        name: "cx99".into(),
        arch: Arch::X86_64,
        vcpu_milli: 2000,
        memory_mib: 4096,
        cpu_kind: CpuKind::Shared,
        gpu_milli: 0,
        gpu_model: String::new(),
        disk_included_gb: Some(40),
    };
    let rows = [
        Observation::listed(Place::region("muc1"), Fact::Region(Box::new(region)), "raw"),
        Observation::listed(Place::Everywhere, Fact::Shape(Box::new(shape.clone())), "raw"),
        machine("muc1", "cx99", Purchase::OnDemand, eur("0.01")),
    ];
    let judged = run(&rows, &Memory::default());
    assert_eq!((judged.accepted.len(), judged.refused), (3, 0), "{:?}", judged.refusals);
    // Another run says that it is made otherwise: that has to be said twice.
    let other = ShapeFact { vcpu_milli: 4000, ..shape };
    let other = [Observation::listed(Place::Everywhere, Fact::Shape(Box::new(other)), "raw")];
    let second = run(&other, &after(&judged));
    assert_eq!((second.accepted.len(), second.waiting.len()), (0, 1));
    assert_eq!(run(&other, &after(&second)).accepted.len(), 1);
}

#[test]
fn an_outlier_waits_for_a_second_run_that_says_the_same() {
    // The book has cx23 at about 0.0088 EUR.
    let first = run(&[on_demand("cx23", "0.044")], &Memory::default());
    assert_eq!((first.accepted.len(), first.waiting.len()), (0, 1));
    assert!(first.waiting[0].1.contains("last value"), "{}", first.waiting[0].1);
    let second = run(&[on_demand("cx23", "0.0445")], &after(&first));
    assert_eq!((second.accepted.len(), second.waiting.len()), (1, 0));
    let other = run(&[on_demand("cx23", "0.088")], &after(&first));
    assert_eq!((other.accepted.len(), other.waiting.len()), (0, 1), "a third price is no witness");
    let back = run(&[on_demand("cx23", "0.0088")], &after(&first));
    assert_eq!((back.accepted.len(), back.waiting.len()), (1, 0), "the old price needs no witness");
}

#[test]
fn a_price_far_off_its_family_waits_even_when_it_is_the_first() {
    let spec = |name: &str, vcpu: u32| {
        let fact = ShapeFact {
            name: name.into(),
            arch: Arch::X86_64,
            vcpu_milli: vcpu * 1000,
            memory_mib: vcpu * 4096,
            cpu_kind: CpuKind::Dedicated,
            gpu_milli: 0,
            gpu_model: String::new(),
            disk_included_gb: None,
        };
        Observation::listed(Place::Everywhere, Fact::Shape(Box::new(fact)), "raw")
    };
    let sizes = [("zz.a", 1, "0.05"), ("zz.b", 2, "0.1"), ("zz.c", 4, "0.2"), ("zz.d", 8, "0.4"), ("zz.e", 16, "80")];
    let rows: Vec<_> = sizes.iter().flat_map(|(name, vcpu, usd)| [spec(name, *vcpu), on_demand(name, usd)]).collect();
    let judged = run(&rows, &Memory::default());
    assert_eq!(judged.waiting.len(), 1);
    assert!(judged.waiting[0].0.key.to_string().contains("zz.e"), "{:?}", judged.waiting);
    assert!(judged.waiting[0].1.contains("family `zz`"), "{:?}", judged.waiting);
}

#[test]
fn commitments_and_caps_are_held_against_the_hourly_price() {
    let cap = |value: &str| {
        let what = Priced::MonthCap { shape: "cx23".into() };
        let amount = Amount::new(value, "EUR", "month");
        Observation::listed(Place::region("fsn1"), Fact::Price(what, amount), "raw")
    };
    // The total of a term in place of the hourly price.
    let reserved = machine("fsn1", "cx23", Purchase::Reserved1y, eur("40"));
    let judged = run(&[on_demand("cx23", "0.0088"), reserved, cap("5.49")], &Memory::default());
    assert_eq!((judged.accepted.len(), judged.waiting.len()), (2, 1), "{:?}", judged.waiting);
    assert!(judged.waiting[0].1.contains("on-demand"), "{:?}", judged.waiting);
}

#[test]
fn two_different_prices_for_one_thing_are_both_refused() {
    let judged = run(&[on_demand("cx23", "0.0088"), on_demand("cx23", "0.0089"), step(0, "0.01")], &Memory::default());
    assert_eq!((judged.accepted.len(), judged.refused), (1, 1));
    assert!(judged.refusals[0].reason.contains("twice"), "{:?}", judged.refusals);
    let judged = run(&[on_demand("cx23", "0.0088"), on_demand("cx23", "0.0088")], &Memory::default());
    assert_eq!((judged.accepted.len(), judged.refused), (1, 0), "the same twice is one");
}

#[test]
fn what_is_said_of_a_region_goes_before_what_is_said_of_all() {
    let everywhere = Observation { place: Place::Everywhere, ..on_demand("cx23", "0.0088") };
    let judged = run(&[everywhere.clone(), on_demand("cx23", "0.0099")], &Memory::default());
    let prices: Vec<_> = judged.accepted.iter().map(|c| (c.key.region.as_str(), c.native.as_str())).collect();
    assert!(
        prices.contains(&("fsn1", "0.0099 EUR/hour")) && prices.contains(&("nbg1", "0.0088 EUR/hour")),
        "{prices:?}"
    );
    assert!(judged.accepted.len() < INDEX.region_codes().len(), "a machine is added nowhere: {prices:?}");
}

#[test]
fn a_ladder_is_whole_or_refused() {
    let whole = run(&[step(250, "0.02"), step(0, "0")], &Memory::default());
    let Value::Steps { steps, .. } = &whole.accepted[0].value else { panic!("{:?}", whole.accepted) };
    assert_eq!(steps.len(), 2);
    let gap = run(&[on_demand("cx23", "0.0088"), step(250, "0.02")], &Memory::default());
    assert_eq!((gap.accepted.len(), gap.refused), (1, 1));
    let broken = run(&[on_demand("cx23", "0.0088"), step(0, "0.03"), step(250, "garbage")], &Memory::default());
    assert_eq!((broken.accepted.len(), broken.refused), (1, 2), "{:?}", broken.accepted);
    let two = run(&[on_demand("cx23", "0.0088"), step(0, "0.03"), step(0, "0.04")], &Memory::default());
    assert_eq!((two.accepted.len(), two.refused), (1, 1));
}

#[test]
fn an_empty_or_partial_run_changes_nothing() {
    let memory = Memory { complete_rows: 20, ..Memory::default() };
    let empty = judge(intake(&[]), &INDEX, &memory).expect_err("empty");
    assert!(empty.contains("no row"), "{empty}");
    let partial = judge(intake(&[on_demand("cx23", "0.0088")]), &INDEX, &memory).expect_err("partial");
    assert!(partial.contains("partial"), "{partial}");
}

fn tier(multi_zone: bool) -> ManagedTier {
    let kind = crate::catalog::ManagedKind::Postgres;
    ManagedTier { kind, product: "P".into(), tier: "t".into(), multi_zone }
}

fn things() -> impl Strategy<Value = Priced> {
    let name = prop_oneof![Just("cx23".to_owned()), "\\PC{0,12}", "[a-z|,]{1,5}"];
    let quantity = any::<i64>().prop_map(Quantity::from_micros);
    prop_oneof![
        (name.clone(), 0..4_usize).prop_map(|(shape, at)| Priced::Compute { shape, purchase: Purchase::ALL[at] }),
        name.clone().prop_map(|shape| Priced::MonthCap { shape }),
        (any::<bool>(), any::<u32>(), quantity.clone()).prop_map(|(multi, spec, storage_included_gb)| {
            Priced::Managed { tier: tier(multi), vcpu_milli: spec, memory_mib: spec, storage_included_gb }
        }),
        any::<bool>().prop_map(|multi| Priced::ManagedStorage(tier(multi))),
        (0..15_usize, name.clone(), quantity.clone()).prop_map(|(at, product, from)| Priced::Tariff {
            item: Item::ALL[at],
            product,
            from
        }),
        (name.clone(), quantity.clone(), quantity).prop_map(|(to, included_gb, from)| Priced::Egress {
            to,
            included_gb,
            from
        }),
        name.prop_map(|code| Priced::Transfer(TransferTarget::Region(code))),
    ]
}

fn amounts() -> impl Strategy<Value = Amount> {
    let value = prop_oneof![
        (0..100_000_u32).prop_map(|n| format!("{}.{:04}", n / 10_000, n % 10_000)),
        any::<f64>().prop_map(|n| n.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        "\\PC{0,30}",
        Just("0".to_owned()),
        Just("-0.00".to_owned()),
    ];
    let currency = prop_oneof![Just("EUR".to_owned()), Just("USD".to_owned()), "[A-Z]{3}", "\\PC{0,4}"];
    let unit = prop_oneof![Just("hour"), Just("month"), Just("GB"), Just("GB-month"), Just("TB"), Just("10K")];
    let unit = prop_oneof![9 => unit.prop_map(str::to_owned), 1 => "\\PC{0,6}"];
    (value, currency, unit, any::<bool>()).prop_map(|(value, currency, unit, stated_free)| Amount {
        value,
        currency,
        unit,
        stated_free,
    })
}

fn observations() -> impl Strategy<Value = Observation> {
    let place = prop_oneof![
        Just(Place::Everywhere),
        Just(Place::region("fsn1")),
        Just(Place::region("nbg1")),
        "\\PC{0,8}".prop_map(Place::Region),
    ];
    (place, things(), amounts(), "[a-zü€\n]{0,220}")
        .prop_map(|(place, priced, amount, raw)| Observation::listed(place, Fact::Price(priced, amount), raw))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Whatever comes in: no panic, every row is accounted for, and what passes keeps every rule.
    #[test]
    fn nothing_that_breaks_a_rule_passes(rows in prop::collection::vec(observations(), 0..40)) {
        let found = intake(&rows);
        prop_assert!(found.refusals.iter().all(|r| r.raw.chars().count() <= 201 && !r.reason.is_empty()));
        let Ok(judged) = judge(found, &INDEX, &Memory::default()) else { return Ok(()) };
        for candidate in judged.accepted.iter().chain(judged.waiting.iter().map(|(c, _)| c)) {
            let key = &candidate.key;
            let read = Key::parse(&key.to_string());
            prop_assert_eq!(read.as_ref(), Some(key));
            prop_assert!(key.region.is_empty() || INDEX.has_region(&key.region));
            if let (Some(usd), Some(unit)) = (candidate.value.usd(), candidate.value.unit()) {
                prop_assert!(usd >= Money::ZERO);
                let free = usd == Money::ZERO && ranges::may_be_free(&key.thing);
                prop_assert!(free || ranges::check(&key.thing, usd, unit).is_ok());
                prop_assert!(matches!(candidate.rate.split(' ').nth(1), None | Some("USD/EUR,")));
            }
            if let Value::Steps { steps, .. } = &candidate.value {
                prop_assert_eq!(steps[0].0, Quantity::ZERO);
                prop_assert!(steps.windows(2).all(|pair| pair[0].0 < pair[1].0));
            }
        }
        let mut keys: Vec<_> = judged.accepted.iter().map(|c| &c.key).collect();
        keys.sort_unstable();
        prop_assert!(keys.windows(2).all(|pair| pair[0] != pair[1]), "one value for one key");
    }

    /// The order in which rows arrive does not matter.
    #[test]
    fn the_order_of_rows_is_nothing(rows in prop::collection::vec(observations(), 1..30), seed in any::<u64>()) {
        let mut shuffled = rows.clone();
        fastrand::Rng::with_seed(seed).shuffle(&mut shuffled);
        let keys = |rows: &[Observation]| {
            let judged = judge(intake(rows), &INDEX, &Memory::default()).unwrap_or_default();
            let pairs = judged.accepted.into_iter().map(|c| (c.key, format!("{:?}", c.value)));
            (pairs.collect::<Vec<_>>(), judged.refused)
        };
        prop_assert_eq!(keys(&rows), keys(&shuffled));
    }

    /// A price within the factor of the last one passes at once; one beyond it never does.
    #[test]
    fn the_outlier_factor_is_the_line(last in 1_000_000_i64..1_000_000_000, next in 1_000_000_i64..1_000_000_000) {
        let key = Key {
            provider: "hetzner".into(),
            region: "fsn1".into(),
            thing: Thing::Compute("cx23".into(), Purchase::OnDemand),
        };
        let value = Value::Price(Money::from_nanos(last), Unit::Hour);
        let memory = Memory { last: [(key, value)].into(), ..Memory::default() };
        let amount = Amount::usd(Money::from_nanos(next).to_decimal(), "hour");
        let judged = run(&[machine("fsn1", "cx23", Purchase::OnDemand, amount)], &memory);
        let far = next.max(last) > OUTLIER_FACTOR * next.min(last);
        prop_assert_eq!((judged.accepted.len(), judged.waiting.len()), if far { (0, 1) } else { (1, 0) });
    }
}
