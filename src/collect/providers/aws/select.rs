//! Which AWS products the book has a place for, and what their terms say.
//!
//! The same rules hold for the bulk files and the Query API, which show the same products. Regions are told by
//! `regionCode`, never by the prefix of `usagetype`, whose forms differ.

use super::offer_file::Visit;
use super::product::{Attr, Dimension, Product, Term, TermKind};
use crate::catalog::{CpuKind, Item, ManagedKind, Unit};
use crate::collect::observation::{Amount, Fact, ManagedTier, Observation, Place, Priced, ShapeFact, TransferTarget};
use crate::collect::providers::rows;
use crate::collect::source::{Sink, UnitRule};
use crate::units::{Arch, Purchase, Quantity};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// GB a month that an account may send to the internet for nothing, over all regions outside China.
const FREE_EGRESS_GB: i64 = 100;

/// What AWS's unit words mean.
pub const UNITS: &[UnitRule] = &[
    UnitRule::one("Hrs", Unit::Hour),
    UnitRule::one("Hours", Unit::Hour),
    UnitRule::one("hours", Unit::Hour),
    UnitRule::one("GB-Mo", Unit::GbMonth),
    UnitRule::one("GB", Unit::Gb),
    UnitRule::many("Requests", Unit::MillionRequests, "0.000001"),
    UnitRule::one("LCU-Hrs", Unit::Gb),
    UnitRule::one("hours per vCPU", Unit::VcpuHour),
    UnitRule::one("hours per GB", Unit::GibHour),
];

/// What is left out, for `placer price-book status`.
pub const FILTERS: &[(&str, &str)] = &[
    ("operatingSystem", "Linux"),
    ("tenancy", "Shared"),
    ("preInstalledSw", "NA"),
    ("licenseModel", "No License required"),
    ("capacitystatus", "Used"),
    ("marketoption", "OnDemand"),
    ("locationType", "AWS Region"),
    ("usagetype", "BoxUsage"),
];

/// A product that is ours, in little memory.
#[derive(Clone, Debug)]
pub struct Kept {
    region: Box<str>,
    meter: Meter,
}

#[derive(Clone, Debug)]
enum Meter {
    Compute(Box<ShapeFact>),
    Tariff(Item, &'static str, Option<&'static str>),
    /// Product, and the sizes that a node has.
    Managed(Box<Tier>),
    /// Kind, product, multi-zone, copies that are paid for.
    Storage(ManagedKind, &'static str, bool, u32),
    Egress,
    Transfer(Box<str>),
    OtherZone,
}

#[derive(Clone, Debug)]
#[expect(clippy::struct_field_names, reason = "the book calls it so")]
struct Tier {
    tier: ManagedTier,
    vcpu_milli: u32,
    memory_mib: u32,
    /// Nodes that the service has in the form that is sold.
    nodes: u32,
    /// Whether to offer it in two zones as well, with a second node.
    doubled: bool,
}

/// Region, machine, purchase.
type MachineKey = (Box<str>, Box<str>, Purchase);
/// Rank of the term, price of an hour, its currency, since when.
type MachineHour = (u8, Decimal, Box<str>, Box<str>);

/// What was found in a file or a list, before it is emitted.
#[derive(Clone, Debug, Default)]
pub struct Found {
    observations: Vec<Observation>,
    skipped: BTreeMap<&'static str, usize>,
    refused: Vec<(String, String, &'static str)>,
    hours: BTreeMap<MachineKey, MachineHour>,
    shapes: BTreeMap<Box<str>, ShapeFact>,
}

impl Found {
    /// Takes what another page found.
    pub fn merge(&mut self, other: Self) {
        self.observations.extend(other.observations);
        self.refused.extend(other.refused);
        for (reason, count) in other.skipped {
            *self.skipped.entry(reason).or_default() += count;
        }
        self.shapes.extend(other.shapes);
        for (key, (rank, hour, currency, since)) in other.hours {
            self.hour(key, rank, hour, currency, since);
        }
    }

    /// Emits all of it.
    pub fn emit(self, sink: &mut dyn Sink) {
        for (reason, count) in self.skipped {
            (0..count).for_each(|_| sink.skip(reason));
        }
        for (what, raw, reason) in self.refused {
            sink.refuse(&what, &raw, reason);
        }
        for (name, shape) in self.shapes {
            let said = format!("{name}: vcpu, memory and physicalProcessor of a product");
            sink.observe(Observation::listed(Place::Everywhere, Fact::Shape(Box::new(shape)), said));
        }
        for ((region, shape, purchase), (rank, hour, currency, since)) in self.hours {
            let said = format!("{shape} {region} {purchase}: {} {currency} per hour", rows::text(hour));
            let priced = Priced::Compute { shape: shape.into(), purchase };
            let fact = Fact::Price(priced, Amount::new(rows::text(hour), &*currency, "Hrs"));
            let place = Place::region(&*region);
            let observation = if rank == 0 {
                Observation::listed(place, fact, said)
            } else {
                Observation::derived(place, fact, "hourly part + upfront part / hours of the term", said)
            };
            sink.observe(rows::since(observation, Some(&since)));
        }
        self.observations.into_iter().for_each(|observation| sink.observe(observation));
    }

    /// Of several terms the plainest counts (`rank`), of several products of one machine the dearest.
    fn hour(
        &mut self,
        key: (Box<str>, Box<str>, Purchase),
        rank: u8,
        hour: Decimal,
        currency: Box<str>,
        since: Box<str>,
    ) {
        let best = self.hours.entry(key).or_insert_with(|| (rank, hour, currency.clone(), since.clone()));
        if rank < best.0 || rank == best.0 && hour > best.1 {
            *best = (rank, hour, currency, since);
        }
    }

    fn skip(&mut self, reason: &'static str) {
        *self.skipped.entry(reason).or_default() += 1;
    }

    fn refuse(&mut self, kept: &Kept, term: &Term, reason: &'static str) {
        // A file in which everything is wrong would fill the memory with complaints.
        const REFUSED_MAX: usize = 10_000;
        if self.refused.len() < REFUSED_MAX {
            let raw = crate::collect::source::shorten(&format!("{:?}", term.dimensions));
            self.refused.push((format!("{:?} at {}", kept.meter.word(), kept.region), raw, reason));
        }
    }
}

impl Meter {
    fn word(&self) -> String {
        match self {
            Self::Compute(shape) => shape.name.clone(),
            Self::Tariff(item, product, _) => format!("{product} {}", item.as_str()),
            Self::Managed(tier) => tier.tier.tier.clone(),
            Self::Storage(_, product, ..) => format!("{product} storage"),
            Self::Egress => "internet egress".to_owned(),
            Self::Transfer(to) => format!("transfer to {to}"),
            Self::OtherZone => "transfer to another zone".to_owned(),
        }
    }
}

impl Visit for Found {
    type Kept = Kept;

    fn select(&mut self, product: &Product) -> Option<Kept> {
        match meter(product) {
            Ok((region, meter)) => Some(Kept { region: region.into(), meter }),
            Err(reason) => {
                self.skip(reason);
                None
            }
        }
    }

    fn term(&mut self, kept: &Kept, term: &Term) {
        if let Err(reason) = self.read(kept, term) {
            self.refuse(kept, term, reason);
        }
    }
}

/// Where a product is sold and what it is; else why it is not ours.
fn meter(product: &Product) -> Result<(&str, Meter), &'static str> {
    let get = |attr| product.get(attr);
    if get(Attr::ServiceCode) == "AWSDataTransfer" {
        return transfer(product);
    }
    if get(Attr::LocationType) != "AWS Region" {
        return Err("not in a region (local zones, Wavelength, Outposts)");
    }
    let region = get(Attr::RegionCode);
    if region.is_empty() {
        return Err("names no region");
    }
    let usage = get(Attr::UsageType);
    let tariff = |item, product| Ok(Meter::Tariff(item, product, None));
    let meter = match (get(Attr::ServiceCode), product.family.as_str()) {
        ("AmazonEC2", "Compute Instance" | "Compute Instance (bare metal)") => machine(product),
        ("AmazonEC2", "Storage") if get(Attr::VolumeApiName) == "gp3" => tariff(Item::BlockStorage, "gp3"),
        ("AmazonEC2", "Storage") if get(Attr::VolumeApiName) == "gp2" => tariff(Item::BlockStorage, "gp2"),
        ("AmazonEC2", "Storage Snapshot") if ends(usage, "EBS:SnapshotUsage") => {
            tariff(Item::BackupStorage, "EBS snapshot")
        }
        ("AmazonEC2", "NAT Gateway") if ends(usage, "NatGateway-Hours") => tariff(Item::NatGateway, "NAT gateway"),
        ("AmazonEC2", "NAT Gateway") if ends(usage, "NatGateway-Bytes") => tariff(Item::NatData, "NAT gateway"),
        ("AmazonVPC", _) if ends(usage, "PublicIPv4:InUseAddress") => tariff(Item::PublicIpv4, "Public IPv4"),
        ("AWSELB", "Load Balancer-Application") => balancer(usage, "ALB"),
        ("AWSELB", "Load Balancer-Network") => balancer(usage, "NLB"),
        ("AmazonEKS", "Compute") if ends(usage, "AmazonEKS-Hours:perCluster") => {
            tariff(Item::KubernetesControlPlane, "EKS")
        }
        ("AmazonECS", "Compute") if ends(usage, "Fargate-vCPU-Hours:perCPU") => {
            Ok(Meter::Tariff(Item::ServerlessVcpu, "Fargate", Some("hours per vCPU")))
        }
        ("AmazonECS", "Compute") if ends(usage, "Fargate-GB-Hours") => {
            Ok(Meter::Tariff(Item::ServerlessMemory, "Fargate", Some("hours per GB")))
        }
        ("AmazonS3", "Storage")
            if get(Attr::VolumeType) == "Standard" && get(Attr::StorageClass) == "General Purpose" =>
        {
            tariff(Item::ObjectStorage, "S3 Standard")
        }
        ("AmazonS3", "API Request") if get(Attr::Group) == "S3-API-Tier1" => tariff(Item::ObjectWrites, "S3 Standard"),
        ("AmazonS3", "API Request") if get(Attr::Group) == "S3-API-Tier2" => tariff(Item::ObjectReads, "S3 Standard"),
        ("AmazonRDS", "Database Instance") => database(product),
        ("AmazonRDS", "Database Storage") => database_storage(product),
        ("AmazonElastiCache", "Cache Instance") => cache(product),
        ("AmazonMSK", _) => kafka(product),
        _ => Err("a product that the book has no use for"),
    }?;
    Ok((region, meter))
}

/// Whether a usage type is this one, whatever its region's prefix.
fn ends(usage: &str, word: &str) -> bool {
    usage.strip_suffix(word).is_some_and(|prefix| prefix.is_empty() || prefix.ends_with('-'))
}

fn balancer(usage: &str, product: &'static str) -> Result<Meter, &'static str> {
    if ends(usage, "LoadBalancerUsage") {
        Ok(Meter::Tariff(Item::LoadBalancer, product, None))
    } else if ends(usage, "LCUUsage") {
        Ok(Meter::Tariff(Item::LoadBalancerData, product, None))
    } else {
        Err("a load-balancer meter that the book has no use for")
    }
}

/// A Linux machine on shared hosts.
fn machine(product: &Product) -> Result<Meter, &'static str> {
    let is = |attr, value: &str| product.get(attr) == value;
    if !is(Attr::OperatingSystem, "Linux") {
        return Err("not Linux");
    }
    if !is(Attr::Tenancy, "Shared") {
        return Err("not on shared hosts");
    }
    if !is(Attr::PreInstalledSw, "NA") || !is(Attr::LicenseModel, "No License required") {
        return Err("with licensed software");
    }
    if !is(Attr::CapacityStatus, "Used") || !product.get(Attr::UsageType).contains("BoxUsage") {
        return Err("a reservation or unused capacity");
    }
    // Absent in old files; `CapacityBlock` is the other.
    if !product.get(Attr::MarketOption).is_empty() && !is(Attr::MarketOption, "OnDemand") {
        return Err("a capacity block");
    }
    let name = product.get(Attr::InstanceType);
    if !name.contains('.') {
        return Err("a whole family");
    }
    let (vcpu_milli, memory_mib) = size(product).ok_or("a machine whose vcpu or memory cannot be read")?;
    let arm = product.get(Attr::PhysicalProcessor).contains("Graviton");
    let burstable = name.starts_with('t') && name.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    let gpus = product.get(Attr::Gpu).parse::<u32>().unwrap_or(0);
    Ok(Meter::Compute(Box::new(ShapeFact {
        name: name.to_owned(),
        arch: if arm { Arch::Arm64 } else { Arch::X86_64 },
        vcpu_milli,
        memory_mib,
        cpu_kind: if burstable { CpuKind::Burstable } else { CpuKind::Dedicated },
        gpu_milli: gpus.saturating_mul(1000),
        gpu_model: String::new(),
        disk_included_gb: None,
    })))
}

/// `vcpu` and `memory` (`1,952 GiB`) of a product.
fn size(product: &Product) -> Option<(u32, u32)> {
    let vcpu = rows::decimal(product.get(Attr::Vcpu)).and_then(rows::milli).filter(|milli| *milli > 0)?;
    let memory = product.get(Attr::Memory).strip_suffix(" GiB")?.replace(',', "");
    Some((vcpu, rows::decimal(&memory).and_then(rows::mib)?))
}

fn database(product: &Product) -> Result<Meter, &'static str> {
    if product.get(Attr::UsageType).contains("UnusedBox") {
        return Err("a reservation or unused capacity");
    }
    let aurora_optimized = product.get(Attr::Storage) == "Aurora IO Optimization Mode";
    let (kind, name) = match (product.get(Attr::DatabaseEngine), aurora_optimized) {
        ("PostgreSQL", false) => (ManagedKind::Postgres, "RDS PostgreSQL"),
        ("MySQL", false) => (ManagedKind::Mysql, "RDS MySQL"),
        ("Aurora PostgreSQL", true) => (ManagedKind::Postgres, "Aurora PostgreSQL I/O-Optimized"),
        ("Aurora MySQL", true) => (ManagedKind::Mysql, "Aurora MySQL I/O-Optimized"),
        _ => return Err("a database engine or mode that the book has no use for"),
    };
    let multi_zone = match product.get(Attr::DeploymentOption) {
        "Single-AZ" => false,
        "Multi-AZ" => true,
        _ => return Err("another form of deployment"),
    };
    let (vcpu_milli, memory_mib) = size(product).ok_or("a database whose vcpu or memory cannot be read")?;
    let tier =
        ManagedTier { kind, product: name.to_owned(), tier: product.get(Attr::InstanceType).to_owned(), multi_zone };
    // Aurora has no Multi-AZ price: a second instance in another zone is what makes it so.
    let doubled = aurora_optimized && !multi_zone;
    Ok(Meter::Managed(Box::new(Tier { tier, vcpu_milli, memory_mib, nodes: 1, doubled })))
}

fn database_storage(product: &Product) -> Result<Meter, &'static str> {
    let usage = product.get(Attr::UsageType);
    let multi_zone = if ends(usage, "RDS:GP3-Storage") {
        false
    } else if ends(usage, "RDS:Multi-AZ-GP3-Storage") {
        true
    } else {
        return Err("a kind of database storage that the book has no use for");
    };
    match product.get(Attr::DatabaseEngine) {
        "PostgreSQL" => Ok(Meter::Storage(ManagedKind::Postgres, "RDS PostgreSQL", multi_zone, 1)),
        "MySQL" => Ok(Meter::Storage(ManagedKind::Mysql, "RDS MySQL", multi_zone, 1)),
        _ => Err("a database engine or mode that the book has no use for"),
    }
}

fn cache(product: &Product) -> Result<Meter, &'static str> {
    let usage = product.get(Attr::UsageType);
    if usage.contains("ExtendedSupport") || usage.contains("SyncDurability") || !usage.contains("NodeUsage") {
        return Err("a cache meter that the book has no use for");
    }
    let name = match product.get(Attr::CacheEngine) {
        "Redis" => "ElastiCache Redis OSS",
        "Valkey" => "ElastiCache Valkey",
        _ => return Err("not Redis or Valkey"),
    };
    let (vcpu_milli, memory_mib) = size(product).ok_or("a cache whose vcpu or memory cannot be read")?;
    let tier = ManagedTier {
        kind: ManagedKind::Redis,
        product: name.to_owned(),
        tier: product.get(Attr::InstanceType).to_owned(),
        multi_zone: false,
    };
    Ok(Meter::Managed(Box::new(Tier { tier, vcpu_milli, memory_mib, nodes: 1, doubled: true })))
}

/// Brokers of a Kafka cluster: one in each of three zones, each with a copy of the data.
const BROKERS: u32 = 3;

/// `USE1-Kafka.m5.large`: a broker by the hour. `storageFamily` GP2: its disk.
fn kafka(product: &Product) -> Result<Meter, &'static str> {
    if product.get(Attr::StorageFamily) == "GP2" {
        return Ok(Meter::Storage(ManagedKind::Kafka, "MSK", true, BROKERS));
    }
    let usage = product.get(Attr::UsageType);
    let broker = usage.rsplit('-').next().and_then(|word| word.strip_prefix("Kafka."));
    let broker = broker.filter(|broker| broker.split('.').count() == 2 && !broker.starts_with("Storage"));
    let broker = broker.ok_or("a Kafka meter that the book has no use for")?;
    let (vcpu_milli, memory_mib) =
        size(product).or_else(|| broker_size(broker)).ok_or("a broker whose vcpu or memory cannot be read")?;
    let tier = ManagedTier {
        kind: ManagedKind::Kafka,
        product: "MSK".to_owned(),
        tier: format!("kafka.{broker}"),
        multi_zone: true,
    };
    Ok(Meter::Managed(Box::new(Tier { tier, vcpu_milli, memory_mib, nodes: BROKERS, doubled: false })))
}

/// Brokers are the EC2 machines of the same name; these are general-purpose ones with 4 GiB per vCPU, and the smallest.
fn broker_size(name: &str) -> Option<(u32, u32)> {
    if name == "t3.small" {
        return Some((2000, 2048));
    }
    let vcpu = match name.strip_prefix("m5.").or_else(|| name.strip_prefix("m7g."))? {
        "large" => 2,
        "xlarge" => 4,
        size => size.strip_suffix("xlarge")?.parse::<u32>().ok().filter(|count| (1..=48).contains(count))? * 4,
    };
    Some((vcpu * 1000, vcpu * 4096))
}

fn transfer(product: &Product) -> Result<(&str, Meter), &'static str> {
    let get = |attr| product.get(attr);
    if get(Attr::FromLocationType) != "AWS Region" {
        return Err("not in a region (local zones, Wavelength, Outposts)");
    }
    let from = get(Attr::FromRegionCode);
    if from.is_empty() {
        return Err("names no region");
    }
    let meter = match get(Attr::TransferType) {
        "AWS Outbound" if get(Attr::ToLocation) == "External" => Meter::Egress,
        "InterRegion Outbound" if get(Attr::ToLocationType) == "AWS Region" && get(Attr::ToRegionCode) != from => {
            Meter::Transfer(get(Attr::ToRegionCode).into())
        }
        "IntraRegion" if ends(get(Attr::UsageType), "DataTransfer-Regional-Bytes") => Meter::OtherZone,
        _ => return Err("a transfer that the book has no use for"),
    };
    Ok((from, meter))
}

impl Found {
    fn read(&mut self, kept: &Kept, term: &Term) -> Result<(), &'static str> {
        if let Meter::Compute(shape) = &kept.meter {
            return self.compute(kept, shape, term);
        }
        if term.kind == TermKind::Reserved {
            self.skip("a commitment to something that is no machine");
            return Ok(());
        }
        let place = || Place::region(&*kept.region);
        for dimension in &term.dimensions {
            let from = rows::decimal(&dimension.begin).ok_or("`beginRange` is not a number")?;
            let step = rows::gb(from).ok_or("`beginRange` is out of range")?;
            let amount = amount(dimension, None)?;
            let listed =
                |priced, amount| Observation::listed(place(), Fact::Price(priced, amount), said(kept, dimension));
            let observations = match &kept.meter {
                Meter::Compute(_) => Vec::new(),
                Meter::Tariff(item, product, unit) => {
                    if step != Quantity::ZERO && dimension.unit != "GB-Mo" {
                        return Err("a volume step of something that has none");
                    }
                    let priced = Priced::Tariff { item: *item, product: (*product).to_owned(), from: step };
                    let mut observation = listed(priced, self::amount(dimension, *unit)?);
                    if *item == Item::LoadBalancerData {
                        observation.quality = crate::units::Quality::Derived;
                        observation.rule = "a capacity-unit hour processes one GB";
                    }
                    vec![observation]
                }
                Meter::Managed(tier) => managed(kept, tier, dimension)?,
                Meter::Storage(kind, product, multi_zone, copies) => {
                    let tier = ManagedTier {
                        kind: *kind,
                        product: (*product).to_owned(),
                        tier: String::new(),
                        multi_zone: *multi_zone,
                    };
                    let mut observation = listed(Priced::ManagedStorage(tier), times(dimension, *copies)?);
                    if *copies > 1 {
                        observation.quality = crate::units::Quality::Derived;
                        observation.rule = "each of three brokers keeps a copy";
                    }
                    vec![observation]
                }
                Meter::Egress => {
                    let free = if kept.region.starts_with("cn-") { 0 } else { FREE_EGRESS_GB };
                    let included_gb = Quantity::from_units(free);
                    vec![listed(Priced::Egress { to: "*".to_owned(), included_gb, from: step }, amount)]
                }
                Meter::Transfer(to) => {
                    if step != Quantity::ZERO {
                        return Err("a volume step of something that has none");
                    }
                    vec![listed(Priced::Transfer(TransferTarget::Region(to.to_string())), amount)]
                }
                Meter::OtherZone => {
                    let both = rows::decimal(&dimension.amount).and_then(|one| rows::times(one, Decimal::TWO));
                    let both = both.ok_or("the price is out of range")?;
                    let amount = Amount::new(rows::text(both), &dimension.currency, &dimension.unit);
                    let fact = Fact::Price(Priced::Transfer(TransferTarget::OtherZone), amount);
                    vec![Observation::derived(place(), fact, "each side pays: twice the price", said(kept, dimension))]
                }
            };
            let dated = observations.into_iter().map(|o| rows::since(o, Some(&term.effective)));
            self.observations.extend(dated);
        }
        Ok(())
    }

    /// The price of an hour, upfront part included.
    fn compute(&mut self, kept: &Kept, shape: &ShapeFact, term: &Term) -> Result<(), &'static str> {
        let (purchase, rank, years) = match (term.kind, term.class.as_str(), term.lease.as_str()) {
            (TermKind::OnDemand, _, _) => (Purchase::OnDemand, 0, 1),
            (TermKind::Reserved, "standard", "1yr" | "1 yr") => (Purchase::Reserved1y, rank(&term.option)?, 1),
            (TermKind::Reserved, "standard", "3yr" | "3 yr") => (Purchase::Reserved3y, rank(&term.option)?, 3),
            _ => {
                self.skip("a convertible or other commitment");
                return Ok(());
            }
        };
        let mut hour = Decimal::ZERO;
        let mut currency = "";
        for dimension in &term.dimensions {
            let part = rows::decimal(&dimension.amount).ok_or("the price is not a number")?;
            if part.is_sign_negative() && !part.is_zero() {
                return Err("a negative price");
            }
            let part = match dimension.unit.as_str() {
                "Hrs" => part,
                "Quantity" if term.kind == TermKind::Reserved => {
                    rows::over(part, Decimal::from(years * 8760)).ok_or("the price is out of range")?
                }
                _ => return Err("a unit that is neither Hrs nor Quantity"),
            };
            hour = hour.checked_add(part).ok_or("the price is out of range")?;
            if !currency.is_empty() && currency != dimension.currency {
                return Err("parts in two currencies");
            }
            currency = &dimension.currency;
        }
        if hour.is_zero() {
            self.skip("a zero placeholder");
            return Ok(());
        }
        if purchase == Purchase::OnDemand && term.dimensions.len() != 1 {
            return Err("an on-demand price in several parts");
        }
        // The model of an accelerator is not said: the book's own shapes keep what they know.
        if shape.gpu_milli == 0 {
            self.shapes.entry(shape.name.as_str().into()).or_insert_with(|| shape.clone());
        }
        let key = (kept.region.clone(), shape.name.as_str().into(), purchase);
        self.hour(key, rank, hour.round_dp(12), currency.into(), term.effective.as_str().into());
        Ok(())
    }
}

/// Nothing upfront is what the book asks for; else as little as there is.
fn rank(option: &str) -> Result<u8, &'static str> {
    match option {
        "No Upfront" => Ok(0),
        "Partial Upfront" => Ok(1),
        "All Upfront" => Ok(2),
        _ => Err("`PurchaseOption` is not one that is known"),
    }
}

fn amount(dimension: &Dimension, unit: Option<&str>) -> Result<Amount, &'static str> {
    if dimension.currency.is_empty() {
        return Err("no price in USD or CNY");
    }
    if rows::decimal(&dimension.amount).is_none() {
        return Err("the price is not a number");
    }
    Ok(Amount::new(&dimension.amount, &dimension.currency, unit.unwrap_or(&dimension.unit)))
}

/// The price of so many of them.
fn times(dimension: &Dimension, count: u32) -> Result<Amount, &'static str> {
    let one = amount(dimension, None)?;
    if count == 1 {
        return Ok(one);
    }
    let value = rows::decimal(&dimension.amount).and_then(|value| rows::times(value, count.into()));
    Ok(Amount { value: rows::text(value.ok_or("the price is out of range")?), ..one })
}

fn said(kept: &Kept, dimension: &Dimension) -> String {
    let Dimension { unit, begin, end, amount, currency } = dimension;
    format!("{} {}: {amount} {currency} per {unit}, {begin} to {end}", kept.region, kept.meter.word())
}

/// A managed tier in the form that is sold and, where that is one node, with a second one in another zone.
fn managed(kept: &Kept, tier: &Tier, dimension: &Dimension) -> Result<Vec<Observation>, &'static str> {
    let priced = |multi_zone| Priced::Managed {
        tier: ManagedTier { multi_zone, ..tier.tier.clone() },
        vcpu_milli: tier.vcpu_milli,
        memory_mib: tier.memory_mib,
        storage_included_gb: Quantity::ZERO,
    };
    let place = || Place::region(&*kept.region);
    let own = Fact::Price(priced(tier.tier.multi_zone), times(dimension, tier.nodes)?);
    let mut found = vec![match tier.nodes {
        1 => Observation::listed(place(), own, said(kept, dimension)),
        _ => Observation::derived(place(), own, "price of a broker x 3", said(kept, dimension)),
    }];
    if tier.doubled {
        let twice = Fact::Price(priced(true), times(dimension, tier.nodes * 2)?);
        found.push(Observation::derived(place(), twice, "a second node in another zone", said(kept, dimension)));
    }
    Ok(found)
}
