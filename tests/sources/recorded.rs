//! Real recorded answers. What is expected was read off them by hand.

use super::drive::{Gathered, run};
use super::fetch::{libcloud, sparecores};
use placer::catalog::{CpuKind, Item, ManagedKind};
use placer::collect::observation::{Fact, ManagedTier, Place, Priced};
use placer::collect::source::Request;
use placer::units::{Arch, Purchase, Quantity};
use serde_json::{Value, json};

/// The answer, or leaves the test when it cannot be had.
macro_rules! recorded {
    ($source:ident, $name:literal) => {
        match $source($name) {
            Some(bytes) => bytes,
            None => return,
        }
    };
}

fn value(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("it is JSON")
}

fn tariff(item: Item, product: &str) -> Priced {
    Priced::Tariff { item, product: product.into(), from: Quantity::ZERO }
}

/// Runs a source over one page for the first request that `asks` accepts; all others are absent.
fn one(source: &str, asks: impl Fn(&Request) -> bool, page: &[u8]) -> Gathered {
    let mut served = false;
    let gathered = run(source, |request| {
        (!served && asks(request)).then(|| {
            served = true;
            page.to_vec()
        })
    });
    gathered.unwrap_or_else(|error| panic!("{source}: {error}"))
}

/// A page of the Query API as it goes over the wire: every product is a string, and here it is the last page.
pub fn price_list(recorded: &[u8]) -> Vec<u8> {
    let mut page = value(recorded);
    for product in page["PriceList"].as_array_mut().expect("a list") {
        *product = Value::String(product.to_string());
    }
    page.as_object_mut().expect("an object").remove("NextToken");
    page.to_string().into_bytes()
}

/// A recorded row of the spot price history as it goes over the wire: it was recorded as boto3 shows it; botocore's model
/// of the call names the elements.
pub fn spot_xml(recorded: &[u8]) -> String {
    let page = value(recorded);
    let row = &page["SpotPriceHistory"][0];
    let text = |field: &str| row[field].as_str().expect("text");
    format!(
        "<DescribeSpotPriceHistoryResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>x</requestId>\
         <spotPriceHistorySet><item><instanceType>{}</instanceType><productDescription>{}</productDescription>\
         <spotPrice>{}</spotPrice><timestamp>{}</timestamp><availabilityZone>{}</availabilityZone>\
         <availabilityZoneId>{}</availabilityZoneId></item></spotPriceHistorySet><nextToken/>\
         </DescribeSpotPriceHistoryResponse>",
        text("InstanceType"),
        text("ProductDescription"),
        text("SpotPrice"),
        text("Timestamp"),
        text("AvailabilityZone"),
        text("AvailabilityZoneId"),
    )
}

#[test]
fn aws_machine() {
    let page = price_list(&recorded!(sparecores, "aws-getproducts-1.json"));
    let found = one("aws-price-list", |_| true, &page);
    assert_eq!(found.machine("ap-south-2", "i7ie.large", Purchase::OnDemand), ("0.2956", "USD", "Hrs"));
    assert_eq!(found.shape("i7ie.large"), (Arch::X86_64, 2000, 16384, CpuKind::Dedicated, 0, "", None));
    assert_eq!((found.price_count(), found.refused.len()), (1, 0));
    let price = found.observations.iter().find(|o| matches!(o.fact, Fact::Price(..))).expect("it is there");
    assert_eq!(price.effective.as_deref(), Some("2026-09-01"));
}

#[test]
fn aws_volume() {
    let page = price_list(&recorded!(sparecores, "aws-getproducts-0.json"));
    let found = one("aws-price-list", |_| true, &page);
    assert_eq!(found.price("us-east-1", &tariff(Item::BlockStorage, "gp2")), ("0.1000000000", "USD", "GB-Mo"));
    assert_eq!(found.price_count(), 1);
}

#[test]
fn aws_local_zones_are_left_out() {
    for name in ["aws-getproducts-2.json", "aws-getproducts-3.json"] {
        let Some(bytes) = sparecores(name) else { return };
        let found = one("aws-price-list", |_| true, &price_list(&bytes));
        assert_eq!(found.skipped.get("not in a region (local zones, Wavelength, Outposts)"), Some(&1), "{name}");
        assert_eq!((found.observations.len(), found.refused.len()), (0, 0), "{name}");
    }
}

#[test]
fn aws_egress_of_a_region_is_four_steps() {
    // The recorded ladder is a local zone's: moved to its region, it is that region's.
    let mut page = value(&recorded!(sparecores, "aws-getproducts-2.json"));
    let attributes = &mut page["PriceList"][0]["product"]["attributes"];
    attributes["fromLocationType"] = json!("AWS Region");
    attributes["fromRegionCode"] = json!("us-east-1");
    let found = one("aws-price-list", |_| true, &price_list(page.to_string().as_bytes()));
    let step = |from| Priced::Egress {
        to: "*".into(),
        included_gb: Quantity::from_units(100),
        from: Quantity::from_units(from),
    };
    for (from, usd) in
        [(0, "0.0900000000"), (10240, "0.0850000000"), (51200, "0.0700000000"), (153_600, "0.0500000000")]
    {
        assert_eq!(found.price("us-east-1", &step(from)), (usd, "USD", "GB"));
    }
    assert_eq!(found.price_count(), 4);
}

#[test]
fn aws_database_and_what_is_not_one() {
    let page = price_list(&recorded!(sparecores, "aws-getproducts-4.json"));
    let found = one("aws-price-list", |_| true, &page);
    let priced = Priced::Managed {
        tier: ManagedTier {
            kind: ManagedKind::Postgres,
            product: "RDS PostgreSQL".into(),
            tier: "db.r5.16xlarge".into(),
            multi_zone: true,
        },
        vcpu_milli: 64_000,
        memory_mib: 524_288,
        storage_included_gb: Quantity::ZERO,
    };
    assert_eq!(found.price("us-west-1", &priced), ("17.9200000000", "USD", "Hrs"));
    assert_eq!(found.price_count(), 1);
    assert_eq!(found.skipped.get("a commitment to something that is no machine"), Some(&1));
    assert_eq!(found.skipped.get("a kind of database storage that the book has no use for"), Some(&1));
}

#[test]
fn aws_spot() {
    let xml = spot_xml(&recorded!(sparecores, "aws-describespotpricehistory-0.json"));
    let found = one("aws-spot", |request| request.host_part == "us-east-1", xml.as_bytes());
    assert_eq!(found.machine("us-east-1", "z1d.large", Purchase::Spot), ("0.0467", "USD", "hour"));
    assert_eq!(found.observations[0].effective.as_deref(), Some("2026-09-23"));
}

#[test]
fn azure_rows_that_are_not_ours() {
    let page = recorded!(sparecores, "azure-azure-retail-prices-0.json");
    let mut page = value(&page);
    page["NextPageLink"] = Value::Null;
    // The row ended with September; it was in force on the day of the recording only.
    let found = one("azure-retail", |_| true, page.to_string().as_bytes());
    assert_eq!(found.skipped.get("no longer in force"), Some(&1));
    page["Items"][0].as_object_mut().expect("a row").remove("effectiveEndDate");
    let found = one("azure-retail", |_| true, page.to_string().as_bytes());
    assert_eq!(found.skipped.get("Windows"), Some(&1));
    page["Items"][0]["productName"] = json!("Virtual Machines D Series");
    let found = one("azure-retail", |_| true, page.to_string().as_bytes());
    assert_eq!(found.machine("southindia", "Standard_D14", Purchase::Spot), ("0.547888", "USD", "1 Hour"));
}

#[test]
fn azure_other_services_are_passed_over_without_complaint() {
    for at in 1..=5 {
        let Some(page) = sparecores(&format!("azure-azure-retail-prices-{at}.json")) else { return };
        let mut page = value(&page);
        page["NextPageLink"] = Value::Null;
        let found = one("azure-retail", |_| true, page.to_string().as_bytes());
        assert_eq!((found.observations.len(), found.refused.len()), (0, 0), "{at}: {found:?}");
        assert_eq!(found.skipped.values().sum::<usize>(), 1, "{at}");
    }
}

#[test]
fn azure_machine_specification() {
    let page = recorded!(sparecores, "azure-resource-skus-list-0.json");
    let subscriptions = json!({"value": [{"subscriptionId": "s-1", "state": "Enabled"}]}).to_string();
    let mut page = value(&page);
    page.as_object_mut().expect("an object").remove("nextLink");
    let found = run("azure-skus", |request| match request.tag {
        "subscriptions" => Some(subscriptions.clone().into_bytes()),
        _ => Some(page.to_string().into_bytes()),
    })
    .expect("it is read");
    assert_eq!(found.asked[1].path, "/subscriptions/s-1/providers/Microsoft.Compute/skus?api-version=2021-07-01");
    assert_eq!(found.shape("Standard_E80is_v4"), (Arch::X86_64, 80_000, 516_096, CpuKind::Dedicated, 0, "", None));
}

#[test]
fn gcp_pages_and_machine_types() {
    let services = recorded!(sparecores, "gcp-services-list-0.json");
    let mut skus = value(&recorded!(sparecores, "gcp-services-skus-list-0.json"));
    let token = skus["nextPageToken"].as_str().expect("recorded with a next page").to_owned();
    assert_eq!(token, "NTAwMA==");
    let mut pages = 0;
    let found = run("gcp-catalog", |request| {
        if request.tag == "services" {
            return Some(services.clone());
        }
        pages += 1;
        if pages > 1 {
            skus["nextPageToken"] = json!("");
            assert!(request.path.ends_with("&pageToken=NTAwMA%3D%3D"), "{}", request.path);
        }
        Some(skus.to_string().into_bytes())
    })
    .expect("it is read");
    assert_eq!(pages, 2);
    // The same part twice, and nothing that a machine is made of.
    assert_eq!(found.skipped.get("a row that was there before"), Some(&1));
    assert_eq!((found.price_count(), found.refused.len()), (0, 0));

    let mut types = value(&recorded!(sparecores, "gcp-machinetypes-list-0.json"));
    types["nextPageToken"] = json!("");
    let projects = json!({"projects": [{"projectId": "example-project", "lifecycleState": "ACTIVE"}]});
    let found = run("gcp-machine-types", |request| {
        Some(if request.tag == "projects" { &projects } else { &types }.to_string().into_bytes())
    })
    .expect("it is read");
    let expected = (Arch::X86_64, 208_000, 1_916_928, CpuKind::Dedicated, 8000, "nvidia-h100-80gb", None);
    assert_eq!(found.shape("a3-edgegpu-8g"), expected);
}

#[test]
fn hetzner_prices_are_net_and_closed_places_are_left_out() {
    let types = recorded!(sparecores, "hcloud-list_server_types-0.json");
    let locations = recorded!(sparecores, "hcloud-list_locations-0.json");
    let found = run("hetzner", |request| {
        Some(match request.tag {
            "pricing" => br#"{"pricing":{"currency":"EUR","vat_rate":"19.00"}}"#.to_vec(),
            "locations" => locations.clone(),
            _ => types.clone(),
        })
    })
    .expect("it is read");
    assert_eq!(found.machine("ash", "cpx11", Purchase::OnDemand), ("0.0280000000", "EUR", "hour"));
    let cap = Priced::MonthCap { shape: "cpx11".into() };
    assert_eq!(found.price("ash", &cap), ("17.4900000000", "EUR", "month"));
    let egress = Priced::Egress { to: "*".into(), included_gb: Quantity::ZERO, from: Quantity::ZERO };
    assert_eq!(found.price("ash", &egress), ("1.0000000000", "EUR", "TB"));
    assert_eq!(found.shape("cpx11"), (Arch::X86_64, 2000, 2048, CpuKind::Shared, 0, "", Some(40)));
    let included = Fact::IncludedTraffic { shape: "cpx11".into(), gb: Quantity::from_units(1024) };
    assert!(found.observations.iter().any(|o| o.fact == included && o.place == Place::region("ash")));
    // Falkenstein was closed to it on 2025-12-31.
    assert!(!found.observations.iter().any(|o| o.place == Place::region("fsn1") && !matches!(o.fact, Fact::Region(_))));
    assert_eq!(found.skipped.get("not orderable at this location"), Some(&1));
    let region = found.observations.iter().find_map(|o| match &o.fact {
        Fact::Region(region) if o.place == Place::region("nbg1") => Some(region),
        _ => None,
    });
    let region = region.expect("Nuremberg is there");
    assert_eq!((&*region.city, &*region.country, &*region.lat), ("Nuremberg", "DE", "49.452102"));
}

#[test]
fn digitalocean_sizes() {
    let page = recorded!(libcloud, "digitalocean_v2-list_sizes.json");
    let found = one("digitalocean", |_| true, &page);
    for region in ["nyc1", "ams1", "sfo1"] {
        assert_eq!(found.machine(region, "512mb", Purchase::OnDemand), ("0.00744", "USD", "hour"));
        assert_eq!(found.price(region, &Priced::MonthCap { shape: "1gb".into() }), ("10.0", "USD", "month"));
    }
    assert_eq!(found.shape("1gb"), (Arch::X86_64, 2000, 1024, CpuKind::Shared, 0, "", Some(30)));
    assert_eq!((found.price_count(), found.refused.len()), (12, 0));
}

#[test]
fn linode_types() {
    let page = recorded!(libcloud, "linode_v4-list_types.json");
    let found = one("akamai", |request| request.tag == "types", &page);
    assert_eq!(found.machine("eu-central", "g6-nanode-1", Purchase::OnDemand), ("0.0075", "USD", "hour"));
    assert_eq!(found.price("us-east", &Priced::MonthCap { shape: "g6-standard-2".into() }), ("20.0", "USD", "month"));
    assert_eq!(found.shape("g6-standard-4"), (Arch::X86_64, 4000, 8192, CpuKind::Shared, 0, "", Some(160)));
    assert!(found.refused.is_empty(), "{:?}", found.refused);
}

#[test]
fn vultr_plans_of_today() {
    let plans = recorded!(sparecores, "vultr-get-v2-plans-0.json");
    let metal = recorded!(sparecores, "vultr-get-v2-plans-metal-0.json");
    let databases = recorded!(sparecores, "vultr-get-v2-databases-plans-0.json");
    let found = run("vultr", |request| {
        Some(match request.tag {
            "plans" => plans.clone(),
            "metal" => metal.clone(),
            _ => databases.clone(),
        })
    })
    .expect("it is read");
    assert_eq!(found.machine("ewr", "vc2-1c-1gb", Purchase::OnDemand), ("0.007", "USD", "hour"));
    assert_eq!(found.price("sea", &Priced::MonthCap { shape: "vc2-1c-1gb".into() }), ("5", "USD", "month"));
    assert_eq!(found.machine("fra", "vcg-a16-2c-16g-4vram", Purchase::OnDemand), ("0.118", "USD", "hour"));
    let gpu = (Arch::X86_64, 2000, 16384, CpuKind::Shared, 250, "nvidia-a16", Some(80));
    assert_eq!(found.shape("vcg-a16-2c-16g-4vram"), gpu);
    assert_eq!(found.shape("vbm-6c-32gb"), (Arch::X86_64, 12_000, 32768, CpuKind::Dedicated, 0, "", Some(1920)));
    assert_eq!(found.machine("dfw", "vbm-6c-32gb", Purchase::OnDemand), ("0.253", "USD", "hour"));
    // Preemptible only, and sold out.
    assert_eq!(found.skipped.get("sold out everywhere"), Some(&1));
    let managed = |kind, product: &str| Priced::Managed {
        tier: ManagedTier {
            kind,
            product: product.into(),
            tier: "vultr-dbaas-business-occ-so-1-150-8 x2 nodes".into(),
            multi_zone: true,
        },
        vcpu_milli: 1000,
        memory_mib: 8192,
        storage_included_gb: Quantity::from_units(150),
    };
    for location in ["ams", "atl", "blr", "bom"] {
        let (postgres, mysql) = (ManagedKind::Postgres, ManagedKind::Mysql);
        assert_eq!(found.price(location, &managed(postgres, "Managed PostgreSQL")), ("375", "USD", "month"));
        assert_eq!(found.price(location, &managed(mysql, "Managed MySQL")), ("375", "USD", "month"));
    }
    assert!(found.refused.is_empty(), "{:?}", found.refused);
}

#[test]
fn vultr_plans_of_before_have_a_month_only() {
    let page = recorded!(libcloud, "vultr_v2-list_sizes.json");
    let found = one("vultr", |request| request.tag == "plans", &page);
    // 5 / 730 = 0.006849315...
    assert_eq!(found.machine("ewr", "vc2-1c-1gb", Purchase::OnDemand), ("0.006849315", "USD", "hour"));
    assert_eq!(found.price("sgp", &Priced::MonthCap { shape: "vc2-2c-4gb".into() }), ("20", "USD", "month"));
    assert!(found.refused.is_empty(), "{:?}", found.refused);
}

#[test]
fn scaleway_types() {
    let page = recorded!(libcloud, "scaleway-list_sizes.json");
    let found = one("scaleway", |request| request.note == "fr-par 1" || request.note.starts_with("fr-par-1"), &page);
    assert_eq!(found.machine("fr-par", "START1-XS", Purchase::OnDemand), ("0.004", "EUR", "hour"));
    assert_eq!(found.machine("fr-par", "ARM64-4GB", Purchase::OnDemand), ("0.012", "EUR", "hour"));
    assert_eq!(found.shape("ARM64-4GB"), (Arch::Arm64, 6000, 4096, CpuKind::Shared, 0, "", None));
    // `hourly_price` is null there: unknown, not free.
    assert_eq!(found.skipped.get("has no price by the hour"), Some(&1));
    assert_eq!(found.price_count(), 2);
}

#[test]
fn ovh_catalog() {
    let page = recorded!(sparecores, "ovh-get-order-catalog-public-cloud-0.json");
    let found = one("ovh-catalog", |_| true, &page);
    // 560000000 hundred-millionths: 5.60 EUR.
    assert_eq!(found.machine("*", "h100-760", Purchase::OnDemand), ("560000000", "EUR", "1e-8 per hour"));
    let shape = (Arch::X86_64, 60_000, 778_240, CpuKind::Dedicated, 2000, "nvidia-h100", Some(200));
    assert_eq!(found.shape("h100-760"), shape);
    assert_eq!((found.price_count(), found.refused.len()), (1, 0));
}

#[test]
fn upcloud_zone() {
    let plans = recorded!(sparecores, "upcloud-list-available-plans-0.json");
    let prices = recorded!(sparecores, "upcloud-list-prices-0.json");
    let found = run("upcloud", |request| Some(if request.tag == "plans" { plans.clone() } else { prices.clone() }));
    let found = found.expect("it is read");
    assert_eq!(found.machine("au-syd1", "1xCPU-1GB", Purchase::OnDemand), ("1.1309", "EUR", "cents per hour"));
    // 1.1309 x 672
    let cap = Priced::MonthCap { shape: "1xCPU-1GB".into() };
    assert_eq!(found.price("au-syd1", &cap), ("759.9648", "EUR", "cents per month"));
    assert_eq!(
        found.price("au-syd1", &tariff(Item::PublicIpv4, "Additional IPv4")),
        ("0.4812", "EUR", "cents per hour")
    );
    // 0.031 x 730
    let disk = tariff(Item::BlockStorage, "MaxIOPS");
    assert_eq!(found.price("au-syd1", &disk), ("22.63", "EUR", "cents per GB and month"));
    let egress = Priced::Egress { to: "*".into(), included_gb: Quantity::ZERO, from: Quantity::ZERO };
    assert_eq!(found.price("au-syd1", &egress), ("1", "EUR", "cents per GB"));
    assert_eq!(found.shape("premium-1xCPU-2GB"), (Arch::X86_64, 1000, 2048, CpuKind::Dedicated, 0, "", None));
    let gpu = (Arch::X86_64, 8000, 65536, CpuKind::Dedicated, 1000, "nvidia-l40s", None);
    assert_eq!(found.shape("gpu-8xCPU-64GB-1xL40S"), gpu);
    let database = Priced::Managed {
        tier: ManagedTier {
            kind: ManagedKind::Postgres,
            product: "Managed PostgreSQL".into(),
            tier: "1x1xCPU-1GB-10GB".into(),
            multi_zone: false,
        },
        vcpu_milli: 1000,
        memory_mib: 1024,
        storage_included_gb: Quantity::from_units(10),
    };
    assert_eq!(found.price("au-syd1", &database), ("1.1111", "EUR", "cents per hour"));
    assert!(found.refused.is_empty(), "{:?}", found.refused);
}

#[test]
fn upcloud_prices_of_before() {
    let prices = recorded!(libcloud, "upcloud-api_1_2_price.json");
    let found = one("upcloud", |request| request.tag == "prices", &prices);
    assert_eq!(found.machine("de-fra1", "12xCPU-32GB", Purchase::OnDemand), ("47.619", "EUR", "cents per hour"));
    assert_eq!(
        found.price("de-fra1", &tariff(Item::PublicIpv4, "Additional IPv4")),
        ("0.336", "EUR", "cents per hour")
    );
    assert!(found.refused.is_empty(), "{:?}", found.refused);
}
