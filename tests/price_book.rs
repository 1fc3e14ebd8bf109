//! The price book that is built into the program: coverage, provenance, and prices that everyone can look up.

use placer::catalog::{Item, ManagedKind, PriceBook, RegionId};
use placer::units::{Money, Quality, Quantity};
use std::sync::LazyLock;
use std::time::Instant;

static BOOK: LazyLock<PriceBook> = LazyLock::new(|| PriceBook::embedded().expect("the embedded book verifies"));

fn region(provider: &str, code: &str) -> RegionId {
    BOOK.find_region(provider, code).unwrap_or_else(|| panic!("no region {provider} {code}"))
}

fn usd(text: &str) -> Money {
    Money::parse(text).expect("a price")
}

fn on_demand(provider: &str, code: &str, instance: &str) -> Money {
    let at = BOOK.compute_at(region(provider, code));
    let offer = at.iter().find(|o| BOOK.shape(o.shape).name == instance);
    offer.and_then(|o| o.usd_hour[0]).unwrap_or_else(|| panic!("no {instance} at {provider} {code}"))
}

fn tariff(provider: &str, code: &str, item: Item) -> Money {
    let steps = BOOK.tariff(region(provider, code), item);
    steps.first().unwrap_or_else(|| panic!("no {item:?} at {provider} {code}")).price.usd
}

#[test]
fn machines_cost_what_their_lists_say() {
    let cases = [
        ("aws", "us-east-1", "t3.medium", "0.0416"),
        ("aws", "us-east-1", "m7g.large", "0.0816"),
        ("aws", "us-east-1", "m7i.large", "0.1008"),
        ("aws", "us-east-1", "c7g.large", "0.0725"),
        ("aws", "us-east-1", "r7g.large", "0.1071"),
        ("azure", "eastus", "Standard_D2s_v5", "0.096"),
        ("azure", "eastus", "Standard_D2ps_v5", "0.077"),
        ("azure", "eastus", "Standard_F2s_v2", "0.0846"),
        ("oci", "us-ashburn-1", "VM.Standard.E5.Flex:2x16", "0.092"),
        ("akamai", "us-east", "g6-standard-2", "0.036"),
        ("digitalocean", "fra1", "s-2vcpu-4gb", "0.0357143"),
        ("vultr", "fra", "vc2-1c-1gb", "0.007"),
        ("vultr", "sao", "vc2-1c-1gb", "0.01"),
    ];
    for (provider, code, instance, price) in cases {
        assert_eq!(on_demand(provider, code, instance), usd(price), "{provider} {code} {instance}");
    }
    let e2 = on_demand("gcp", "us-central1", "e2-medium");
    assert!((usd("0.0334")..=usd("0.0336")).contains(&e2), "{e2:?}");
}

#[test]
fn tariffs_cost_what_their_lists_say() {
    let cases = [
        ("aws", "us-east-1", Item::ObjectStorage, "0.023"),
        ("aws", "us-east-1", Item::BlockStorage, "0.08"),
        ("aws", "us-east-1", Item::LoadBalancer, "0.0225"),
        ("aws", "us-east-1", Item::NatGateway, "0.045"),
        ("aws", "eu-west-1", Item::PublicIpv4, "0.005"),
        ("aws", "eu-west-1", Item::KubernetesControlPlane, "0.1"),
        ("aws", "us-east-1", Item::ServerlessVcpu, "0.04048"),
        ("gcp", "us-central1", Item::ObjectStorage, "0.02"),
        ("gcp", "us-central1", Item::BlockStorage, "0.1"),
        ("azure", "eastus", Item::ObjectStorage, "0.0208"),
        ("oci", "eu-frankfurt-1", Item::ObjectStorage, "0.0255"),
        ("oci", "eu-frankfurt-1", Item::NatGateway, "0"),
        ("digitalocean", "fra1", Item::ObjectStorageBase, "5"),
        ("digitalocean", "fra1", Item::ObjectStorage, "0"),
    ];
    for (provider, code, item, price) in cases {
        assert_eq!(tariff(provider, code, item), usd(price), "{provider} {code} {item:?}");
    }
    let r2 = BOOK.tariff(region("cloudflare-r2", "weur"), Item::ObjectStorage);
    assert_eq!(r2.iter().map(|t| t.price.usd).collect::<Vec<_>>(), [usd("0"), usd("0.015")]);
    assert_eq!(r2[1].from, Quantity::from_units(10));
}

#[test]
fn internet_egress_has_its_ladders() {
    let first = |provider: &str, code: &str| {
        let ladder = BOOK.ladder(region(provider, code), "US").unwrap_or_else(|| panic!("{provider} {code}"));
        (ladder.included_gb, ladder.tiers[0].price.usd)
    };
    assert_eq!(first("aws", "us-east-1"), (Quantity::from_units(100), usd("0.09")));
    assert_eq!(first("oci", "us-ashburn-1").0, Quantity::from_units(10240));
    assert_eq!(first("cloudflare-r2", "weur").1, Money::ZERO);
    assert_eq!(BOOK.ladder(region("aws", "us-east-1"), "US").map(|l| l.tiers.len()), Some(4));
    assert!(BOOK.ladder(region("aws", "mx-central-1"), "US").is_none(), "unknown is absent, never 0");
}

#[test]
fn multi_zone_databases_cost_twice_the_single_ones() {
    let (mut pairs, mut odd) = (0, 0);
    for region in BOOK.region_ids() {
        for two in BOOK.managed_at(region).windows(2) {
            let same = two[0].product == two[1].product && two[0].tier == two[1].tier && two[1].multi_zone;
            if !same || !two[0].product.starts_with("RDS") {
                continue;
            }
            let (single, multi) = (two[0].price.usd.nanos(), two[1].price.usd.nanos());
            // The list rounds to the tenth of a cent, and has a few old classes with prices of their own.
            let off = (multi - 2 * single).abs();
            odd += usize::from(off > 2_000_000 && off * 100 > single * 2);
            pairs += 1;
        }
    }
    assert!(pairs > 6000 && odd * 100 < pairs, "{odd} of {pairs}");
}

#[test]
fn every_price_has_a_source_a_date_and_an_honest_quality() {
    assert!(BOOK.sources.iter().all(|s| !s.text.is_empty() && s.as_of.len() >= 4));
    let managed = BOOK.managed.iter().flat_map(|m| [Some(m.price), m.storage]).flatten();
    let tariffs = BOOK.tariffs.iter().map(|t| t.price);
    let egress = BOOK.ladders.iter().flat_map(|l| &l.tiers).map(|t| t.price);
    for price in managed.chain(tariffs).chain(egress) {
        assert!(usize::from(price.source.0) < BOOK.sources.len());
        assert_eq!(price.quality == Quality::Estimated, price.uncertainty_pct > 0);
        let text = &BOOK.source(price.source).text;
        assert_eq!(price.quality == Quality::Estimated, text.contains("estimated from"), "{text}");
        assert!(price.usd > Money::ZERO || price.quality != Quality::Estimated);
    }
}

#[test]
fn the_book_covers_what_it_says() {
    let machines = |provider: &str| {
        let id = BOOK.find_provider(provider).expect("a provider");
        BOOK.compute.iter().filter(|o| BOOK.region(o.region).provider == id).count()
    };
    let at_least = [
        ("aws", 14_330),
        ("azure", 59_999),
        ("gcp", 17_669),
        ("oci", 8_044),
        ("akamai", 1_119),
        ("upcloud", 750),
        ("ovh", 358),
        ("scaleway", 346),
        ("vultr", 380),
        ("digitalocean", 180),
        ("exoscale", 161),
        ("hetzner", 60),
    ];
    for (provider, count) in at_least {
        assert!(machines(provider) >= count, "{provider}: {}", machines(provider));
    }
    assert_eq!(BOOK.regions.len(), 366);
    for kind in ManagedKind::ALL {
        let regions: std::collections::BTreeSet<_> =
            BOOK.managed.iter().filter(|m| m.kind == kind).map(|m| m.region).collect();
        assert!(regions.len() > 120, "{kind:?} at {} regions", regions.len());
    }
}

#[test]
fn the_oldest_price_is_older_than_the_book() {
    let oldest = BOOK.oldest();
    assert!(("2020".."2025").contains(&oldest) && oldest < BOOK.as_of.as_str(), "{oldest}");
    // Cities, regions and round trips are no prices.
    assert!(BOOK.sources.iter().any(|s| s.as_of.as_str() < oldest));
}

#[test]
fn what_cannot_be_ordered_any_more_is_left_out() {
    let retired = ["db.m1.", "db.m2.", "db.m3.", "db.t1.", "db.r3.", "cache.m3.", "cache.r3.", "cache.c1."];
    let bad = BOOK.managed.iter().find(|m| retired.iter().any(|family| m.tier.starts_with(family)));
    assert_eq!(bad.map(|m| &m.tier), None);
}

#[test]
fn the_european_providers_can_be_priced() {
    for (provider, code) in [("ovh", "GRA"), ("scaleway", "fr-par")] {
        assert!(tariff(provider, code, Item::LoadBalancer) > Money::ZERO);
        assert_eq!(tariff(provider, code, Item::LoadBalancerData), Money::ZERO);
    }
    for (provider, code) in [("ovh", "GRA"), ("scaleway", "fr-par"), ("exoscale", "at-vie-1")] {
        assert!((usd("0.03")..usd("0.15")).contains(&tariff(provider, code, Item::BlockStorage)), "{provider}");
    }
    assert!(BOOK.ladder(region("exoscale", "at-vie-1"), "DE").is_some());
    let upcloud = BOOK.compute_at(region("upcloud", "de-fra1"));
    assert!(!upcloud.is_empty() && upcloud.iter().all(|o| o.included_gb >= Quantity::from_units(512)));
    // Unknown stays absent.
    assert!(BOOK.tariff(region("exoscale", "at-vie-1"), Item::LoadBalancer).is_empty());
    assert!(BOOK.tariff(region("upcloud", "de-fra1"), Item::LoadBalancer).is_empty());
}

#[test]
fn caps_and_allowances_are_those_of_the_plans() {
    let offer = |provider: &str, code: &str, instance: &str| {
        let at = BOOK.compute_at(region(provider, code));
        *at.iter().find(|o| BOOK.shape(o.shape).name == instance).expect("an offer")
    };
    let linode = offer("akamai", "us-east", "g6-standard-2");
    assert_eq!((linode.month_cap, linode.included_gb), (Some(usd("24")), Quantity::from_units(4000)));
    let droplet = offer("digitalocean", "fra1", "s-2vcpu-4gb");
    assert_eq!((droplet.month_cap, droplet.included_gb), (Some(usd("24")), Quantity::from_units(4000)));
    let hetzner = offer("hetzner", "fsn1", "cx23");
    assert_eq!(hetzner.included_gb, Quantity::from_units(20480));
    let cap = hetzner.month_cap.expect("Hetzner caps");
    assert!((usd("6.2")..usd("6.5")).contains(&cap), "{cap:?}");
    assert_eq!(offer("vultr", "fra", "vc2-1c-1gb").month_cap, Some(usd("5")));
    assert_eq!(offer("aws", "us-east-1", "t3.medium").month_cap, None);
}

/// Run with `cargo test --release --test price_book -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn loading_time() {
    let times = |run: &dyn Fn()| {
        let once = || {
            let start = Instant::now();
            run();
            start.elapsed()
        };
        let mut times: Vec<_> = (0..20).map(|_| once()).collect();
        times.sort_unstable();
        (times[0], times[10])
    };
    let (best, median) = times(&|| assert!(PriceBook::embedded().is_ok()));
    let rows = (BOOK.compute.len(), BOOK.managed.len());
    println!("20 loads of {} machine prices and {} managed tiers: best {best:?}, median {median:?}", rows.0, rows.1);
    let some: Vec<RegionId> = BOOK.region_ids().take(300).collect();
    let _ = BOOK.rtt(some[0], some[1]);
    let (lookups, _) = times(&|| {
        let sum: i64 = some.iter().flat_map(|&a| some.iter().map(move |&b| BOOK.rtt(a, b).p50.micros())).sum();
        assert!(sum > 0);
    });
    println!("best of 20 times 300x300 round-trip times: {lookups:?}");
}
