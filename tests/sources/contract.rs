//! Pages in the documented forms, page after page: prices that were worked out by hand.

use super::drive::{Gathered, run};
use super::pages::{aws_offer_file, page};
use placer::catalog::{Item, ManagedKind};
use placer::collect::observation::{ManagedTier, Priced, TransferTarget};
use placer::units::{Purchase, Quantity};

fn whole(source: &str) -> Gathered {
    let found = run(source, |request| page(source, request).map(String::into_bytes));
    let found = found.unwrap_or_else(|error| panic!("{source}: {error}"));
    assert!(found.refused.is_empty(), "{source}: {:?}", found.refused);
    found
}

fn tariff(item: Item, product: &str) -> Priced {
    Priced::Tariff { item, product: product.into(), from: Quantity::ZERO }
}

fn egress(included: i64, from: i64) -> Priced {
    let (included_gb, from) = (Quantity::from_units(included), Quantity::from_units(from));
    Priced::Egress { to: "*".into(), included_gb, from }
}

fn aws_figures(found: &Gathered) {
    let machine = |purchase| found.machine("eu-central-1", "m7i.large", purchase).0;
    assert_eq!(machine(Purchase::OnDemand), "0.1207");
    // Nothing upfront wins over the partly paid one, though that is cheaper.
    assert_eq!(machine(Purchase::Reserved1y), "0.0799");
    // 1314 / (3 x 8760)
    assert_eq!(machine(Purchase::Reserved3y), "0.05");
    assert_eq!(found.price("eu-central-1", &tariff(Item::NatGateway, "NAT gateway")).0, "0.0520000000");
    assert_eq!(found.price("eu-central-1", &egress(100, 10240)).0, "0.085");
    assert_eq!(found.price("eu-central-1", &Priced::Transfer(TransferTarget::OtherZone)).0, "0.02");
    let cache = |multi_zone| Priced::Managed {
        tier: ManagedTier {
            kind: ManagedKind::Redis,
            product: "ElastiCache Redis OSS".into(),
            tier: "cache.m7g.large".into(),
            multi_zone,
        },
        vcpu_milli: 2000,
        memory_mib: 6533,
        storage_included_gb: Quantity::ZERO,
    };
    assert_eq!(found.price("eu-central-1", &cache(false)).0, "0.1880000000");
    assert_eq!(found.price("eu-central-1", &cache(true)).0, "0.376");
    assert_eq!(found.skipped.get("not Linux"), Some(&1));
}

/// A tier of a managed service: kind, product, tier, form; thousandths of a vCPU, MiB, GB included.
fn managed(what: (ManagedKind, &str, &str, bool), (vcpu_milli, memory_mib, included): (u32, u32, i64)) -> Priced {
    let (kind, product, tier, multi_zone) = what;
    let tier = ManagedTier { kind, product: product.into(), tier: tier.into(), multi_zone };
    Priced::Managed { tier, vcpu_milli, memory_mib, storage_included_gb: Quantity::from_units(included) }
}

#[test]
fn aws_offer_files() {
    let found = whole("aws-offers");
    aws_figures(&found);
    // Three brokers at 0.25, and a GB on each of them at 0.119.
    let broker = managed((ManagedKind::Kafka, "MSK", "kafka.m5.large", true), (2000, 8192, 0));
    assert_eq!(found.price("eu-central-1", &broker).0, "0.75");
    let disk = ManagedTier { kind: ManagedKind::Kafka, product: "MSK".into(), tier: String::new(), multi_zone: true };
    assert_eq!(found.price("eu-central-1", &Priced::ManagedStorage(disk)).0, "0.357");
    assert_eq!(found.skipped.get("a Kafka meter that the book has no use for"), Some(&1));
    assert_eq!(found.price_count(), 12);
    // The stray region of the index is not asked for.
    assert!(found.asked.iter().all(|request| !request.note.contains("pkx")));
    assert!(found.asked.iter().filter(|request| request.tag == "offers").all(|request| request.streamed));
}

#[test]
fn aws_offer_file_with_its_terms_first_is_read_twice() {
    let found = run("aws-offers", |request| match request.note.as_str() {
        "AmazonEC2 eu-central-1" => Some(aws_offer_file(true).into_bytes()),
        _ => page("aws-offers", request).map(String::into_bytes),
    });
    let found = found.expect("it is read");
    aws_figures(&found);
    let files = found.asked.iter().filter(|request| request.note == "AmazonEC2 eu-central-1");
    assert_eq!(files.count(), 2);
}

#[test]
fn aws_query_api() {
    let found = whole("aws-price-list");
    aws_figures(&found);
    assert_eq!(found.price_count(), 10);
}

#[test]
fn aws_spot_is_the_median_of_the_zones() {
    let found = whole("aws-spot");
    // The latest of each zone: 0.05, 0.055, 0.06.
    assert_eq!(found.machine("eu-central-1", "m7i.large", Purchase::Spot), ("0.055", "USD", "hour"));
    assert_eq!(found.skipped.values().sum::<usize>(), 2);
    assert_eq!(found.price_count(), 1);
}

#[test]
fn azure_machines_and_egress() {
    let found = whole("azure-retail");
    let machine = |purchase| found.machine("eastus", "Standard_D2s_v5", purchase).0;
    assert_eq!(machine(Purchase::OnDemand), "0.096");
    assert_eq!(machine(Purchase::Spot), "0.0189120");
    assert_eq!(machine(Purchase::Reserved1y), "0.05");
    // 876 / 26280, to twelve digits
    assert_eq!(machine(Purchase::Reserved3y), "0.033333333333");
    assert_eq!(found.price("eastus", &egress(100, 0)).0, "0.087");
    assert_eq!(found.price("eastus", &egress(100, 10240)).0, "0.083");
    // A zero goes on to the gate, which refuses it: it is not stated as free.
    assert_eq!(found.machine("eastus", "Standard_D4s_v5", Purchase::OnDemand).0, "0.0");
    for (reason, count) in [
        ("Windows", 1),
        ("Cloud Services", 1),
        ("low-priority machine", 1),
        ("not in force yet", 1),
        ("a row that was there before", 1),
    ] {
        assert_eq!(found.skipped.get(reason), Some(&count), "{reason}: {:?}", found.skipped);
    }
}

#[test]
fn azure_databases_caches_and_streams() {
    let found = whole("azure-retail");
    let at = |priced| found.price("eastus", &priced).0;
    let flexible = |tier, multi_zone, size| {
        managed((ManagedKind::Postgres, "Database for PostgreSQL Flexible", tier, multi_zone), size)
    };
    assert_eq!(at(flexible("D2ds_v5", false, (2000, 8192, 0))), "0.178");
    assert_eq!(at(flexible("D2ds_v5", true, (2000, 8192, 0))), "0.356");
    assert_eq!(at(flexible("D4ds_v5", false, (4000, 16384, 0))), "0.356");
    assert_eq!(at(flexible("B1ms", false, (1000, 2048, 0))), "0.017");
    assert!(found.prices("eastus", &flexible("B1ms", true, (1000, 2048, 0))).is_empty(), "no standby");
    let mysql = (ManagedKind::Mysql, "Database for MySQL Flexible", "D2ads_v5", false);
    assert_eq!(at(managed(mysql, (2000, 8192, 0))), "0.171");
    let storage = |multi_zone| {
        let (product, tier) = ("Database for PostgreSQL Flexible".to_owned(), String::new());
        Priced::ManagedStorage(ManagedTier { kind: ManagedKind::Postgres, product, tier, multi_zone })
    };
    assert_eq!((at(storage(false)), at(storage(true))), ("0.115", "0.23"));
    let redis = |product, tier, multi_zone, mib| managed((ManagedKind::Redis, product, tier, multi_zone), (0, mib, 0));
    // A Standard cache is two nodes at 0.225, and so is a Premium one at 0.277.
    assert_eq!(at(redis("Azure Cache for Redis", "Standard C3", false, 6144)), "0.45");
    assert_eq!(at(redis("Azure Cache for Redis", "Basic C4", false, 13312)), "0.21");
    assert_eq!(at(redis("Azure Cache for Redis", "Premium P1", true, 6144)), "0.554");
    assert_eq!(at(redis("Azure Managed Redis", "MemoryOptimized M10", false, 10240)), "0.216");
    assert_eq!(at(redis("Azure Managed Redis", "MemoryOptimized M10", true, 10240)), "0.432");
    let hubs = |tier, included| managed((ManagedKind::Kafka, "Event Hubs", tier, true), (0, 0, included));
    // 0.03 x 730, and four of them.
    assert_eq!((at(hubs("Standard 1 TU", 84)), at(hubs("Standard 4 TU", 336))), ("21.9", "87.6"));
    // 5.28 / 32
    assert_eq!(at(tariff(Item::BlockStorage, "Premium SSD LRS")), "0.165");
}

#[test]
fn azure_specifications() {
    let found = whole("azure-skus");
    assert_eq!(found.shape("Standard_D2s_v5").1, 2000);
    assert_eq!(found.shape("Standard_E64-16s_v3").1, 16_000);
    assert_eq!(found.shape("Standard_E64-16s_v3").2, 442_368);
}

#[test]
fn gcp_machines_are_composed() {
    let found = whole("gcp-catalog");
    let machine = |name, purchase| found.machine("us-central1", name, purchase).0;
    // 2 x 0.02181159 + 8 x 0.00292353
    assert_eq!(machine("e2-standard-2", Purchase::OnDemand), "0.06701142");
    // One core is billed of the two that the guest sees: 0.02181159 + 4 x 0.00292353
    assert_eq!(machine("e2-medium", Purchase::OnDemand), "0.03350571");
    // 2 x 0.013741 + 8 x 0.001842
    assert_eq!(machine("e2-standard-2", Purchase::Reserved1y), "0.042218");
    // 16 x 0.031611 + 60 x 0.004237
    assert_eq!(machine("n1-standard-16", Purchase::OnDemand), "0.759996");
    assert_eq!(found.price("us-central1", &tariff(Item::BlockStorage, "pd-balanced")).0, "0.1");
    let redis =
        |tier, multi_zone, mib| managed((ManagedKind::Redis, "Memorystore for Redis", tier, multi_zone), (0, mib, 0));
    // 5 x 0.0275, 10 x 0.055
    assert_eq!(found.price("us-central1", &redis("M2 5 GiB", false, 5120)).0, "0.1375");
    assert_eq!(found.price("us-central1", &redis("M2 10 GiB", true, 10240)).0, "0.55");
    assert!(
        found
            .prices("us-east4", &Priced::Compute { shape: "e2-medium".into(), purchase: Purchase::OnDemand })
            .is_empty()
    );
}

#[test]
fn gcp_machine_types() {
    let found = whole("gcp-machine-types");
    assert_eq!(found.shape("e2-micro").1, 250);
    assert_eq!(found.shape("t2a-standard-1").0, placer::units::Arch::Arm64);
}

#[test]
fn oci_takes_the_last_step_of_a_free_allotment() {
    let found = whole("oci-price-list");
    let machine = |name, purchase| found.machine("us-ashburn-1", name, purchase).0;
    // 2 x 0.03 + 16 x 0.002
    assert_eq!(machine("VM.Standard.E5.Flex:2x16", Purchase::OnDemand), "0.092");
    assert_eq!(machine("VM.Standard.E5.Flex:2x16", Purchase::Spot), "0.046");
    // 2 x 0.01 + 16 x 0.0015
    assert_eq!(machine("VM.Standard.A1.Flex:2x16", Purchase::OnDemand), "0.044");
    assert_eq!(found.price("us-ashburn-1", &egress(10240, 0)).0, "0.0085");
    assert!(found.prices("us-gov-ashburn-1", &egress(10240, 0)).is_empty());
}

#[test]
fn hetzner_two_pages() {
    let found = whole("hetzner");
    assert_eq!(found.machine("fsn1", "cx23", Purchase::OnDemand), ("0.0088000000", "EUR", "hour"));
    assert_eq!(found.machine("fsn1", "cax11", Purchase::OnDemand).0, "0.0096000000");
    assert_eq!(found.price("*", &tariff(Item::BlockStorage, "Volume")), ("0.0572000000", "EUR", "GB and month"));
    assert_eq!(found.price("fsn1", &tariff(Item::PublicIpv4, "Primary IPv4")).0, "0.5000000000");
    assert_eq!(found.price("fsn1", &tariff(Item::LoadBalancer, "LB11")).0, "7.4900000000");
}

#[test]
fn hetzner_without_its_currency_is_no_price_list() {
    let source = "hetzner";
    let error = run(source, |r| (r.tag != "pricing").then(|| page(source, r).unwrap_or_default().into_bytes()));
    assert!(error.expect_err("nothing can be read").to_string().contains("currency"));
}

#[test]
fn digitalocean_two_pages() {
    let found = whole("digitalocean");
    assert_eq!(found.asked[1].path, "/v2/sizes?page=2&per_page=200");
    assert_eq!(found.machine("ams3", "s-2vcpu-4gb", Purchase::OnDemand).0, "0.03571");
    assert_eq!(found.machine("fra1", "c-2", Purchase::OnDemand).0, "0.0625");
    assert_eq!(found.skipped.get("cannot be created anywhere"), Some(&1));
}

#[test]
fn akamai_regions_have_their_own_prices() {
    let found = whole("akamai");
    assert_eq!(found.machine("eu-central", "g6-standard-2", Purchase::OnDemand).0, "0.036");
    assert_eq!(found.machine("id-cgk", "g6-standard-2", Purchase::OnDemand).0, "0.0432");
    assert_eq!(found.machine("us-east", "g6-nanode-1", Purchase::OnDemand).0, "0.0075");
    assert_eq!(found.price("eu-central", &egress(0, 0)).0, "0.005");
    assert_eq!(found.price("id-cgk", &egress(0, 0)).0, "0.015");
    assert_eq!(found.price("eu-central", &tariff(Item::BlockStorage, "Block Storage")), ("0.1", "USD", "GB and month"));
    let tier = ManagedTier {
        kind: ManagedKind::Postgres,
        product: "Managed Database PostgreSQL".into(),
        tier: "g6-standard-1 x3".into(),
        multi_zone: true,
    };
    assert_eq!(found.price("*", &Priced::ManagedMonthCap(tier)).0, "70.0");
}

#[test]
fn vultr_locations_and_preemptible() {
    let found = whole("vultr");
    assert_eq!(found.machine("fra", "vc2-2c-4gb", Purchase::OnDemand).0, "0.027");
    assert_eq!(found.machine("sao", "vc2-2c-4gb", Purchase::OnDemand).0, "0.041");
    assert_eq!(found.price("sao", &Priced::MonthCap { shape: "vc2-2c-4gb".into() }).0, "30");
    assert_eq!(found.machine("ewr", "vhf-1c-1gb", Purchase::OnDemand).0, "0.008");
    assert_eq!(found.machine("ewr", "vbm-8c-gpu", Purchase::Spot).0, "1.2");
    assert!(found.asked.iter().any(|request| request.path.ends_with("&cursor=bmV4dA%3D%3D")));
}

#[test]
fn scaleway_both_sources() {
    let found = whole("scaleway");
    assert_eq!(found.machine("fr-par", "DEV1-S", Purchase::OnDemand), ("0.0088", "EUR", "hour"));
    let found = whole("scaleway-catalog");
    assert_eq!(found.machine("fr-par", "DEV1-S", Purchase::OnDemand), ("0.0088", "EUR", "hour"));
    // 0.00045 a minute
    assert_eq!(found.machine("fr-par", "PLAY2-NANO", Purchase::OnDemand).0, "0.027");
    assert_eq!(found.price("fr-par", &tariff(Item::LoadBalancer, "LB-GP-M")), ("0.053", "EUR", "hour"));
}

#[test]
fn ovh_volumes_by_kind_of_region() {
    let found = whole("ovh-catalog");
    assert_eq!(found.machine("*", "b3-8", Purchase::OnDemand), ("5080000", "EUR", "1e-8 per hour"));
    let volume = tariff(Item::BlockStorage, "Classic volume");
    // 5900 x 730 and 8850 x 730
    assert_eq!(found.price("GRA", &volume).0, "4307000");
    assert_eq!(found.price("EU-WEST-PAR", &volume).0, "6460500");
    assert!(found.prices("SGP", &volume).is_empty());
}

#[test]
fn upcloud_plans_are_named_as_in_the_book() {
    let found = whole("upcloud");
    assert_eq!(found.machine("de-fra1", "premium-2xCPU-4GB", Purchase::OnDemand).0, "3.56");
}

#[test]
fn exoscale_dollars() {
    let found = whole("exoscale");
    assert_eq!(found.machine("*", "standard.medium", Purchase::OnDemand), ("0.05000", "USD", "hour"));
    assert_eq!(found.machine("*", "cpu.extra-large", Purchase::OnDemand).0, "0.25000");
}

#[test]
fn fly_has_places_and_sizes_but_no_prices() {
    let found = whole("flyio");
    assert_eq!(found.price_count(), 0);
    assert_eq!(found.observations.len(), 4);
}

#[test]
fn tables_state_what_is_free() {
    let found = whole("cloudflare-r2-table");
    assert_eq!(found.price_count(), 7);
    assert_eq!(found.price("*", &egress(0, 0)), ("0", "USD", "GB"));
    assert_eq!(whole("backblaze-table").price("*", &tariff(Item::ObjectStorage, "B2")).0, "0.00695");
}

#[test]
fn names_are_unique_and_units_are_stated_once() {
    let all = placer::collect::providers::ALL;
    for (at, source) in all.iter().enumerate() {
        assert!(all[..at].iter().all(|other| other.name() != source.name()), "{}", source.name());
        let units = source.units();
        assert!(!units.is_empty(), "{}", source.name());
        for (at, unit) in units.iter().enumerate() {
            assert!(units[..at].iter().all(|other| other.text != unit.text), "{} {}", source.name(), unit.text);
        }
    }
}
