//! The price book: what providers sell, where, at which price, and how far regions are from each other.
//!
//! Invariants: a [`PriceBook`] is immutable and complete once made (its digest was checked); a price that is not known
//! is absent, never zero; every price carries its source, date and quality through its [`Price`].

mod alike;
mod cheapest;
pub mod diff;
mod file;
mod index;
mod latency;
pub mod listing;
mod menu;

pub use cheapest::{Cheapest, Machines, Way};
pub use file::{BookError, FILE_BYTES_MAX, digest_hex, header, open_sealed, seal, section_rank};
pub use index::BookIndex;
pub use latency::{
    CityError, Distance, LatencyBook, LatencyIndex, Place, ProbedPlace, Rtt, RttOrigin, great_circle_km,
};
pub use menu::{BURSTABLE, Entry, Groups, List, Menu, Shelf, TierEntry, Tiers, group_of, groups};

use crate::units::{Arch, Money, Purchase, Quality, Quantity};

/// Ordinal of a region in [`PriceBook::regions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionId(pub u16);

/// Ordinal of a provider in [`PriceBook::providers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderId(pub u8);

/// Ordinal of a source in [`PriceBook::sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u16);

impl SourceId {
    /// The figure was stated by the application itself (operator rates).
    pub const STATED: Self = Self(u16::MAX);
}

/// Ordinal of a machine shape in [`PriceBook::shapes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShapeId(pub u16);

/// Where a figure comes from, and of which day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The publication, in words.
    pub text: String,
    /// Date of the figure as far as it is known: `2026`, `2026-07` or `2026-07-30`.
    pub as_of: String,
}

/// What a price counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// One hour.
    Hour,
    /// One month, whatever its length.
    Month,
    /// One GB (the provider's own GB or GiB) once.
    Gb,
    /// One GB kept for a month.
    GbMonth,
    /// One vCPU for an hour.
    VcpuHour,
    /// One GiB of memory for an hour.
    GibHour,
    /// One million requests.
    MillionRequests,
    /// One hour of a person's work.
    OperatorHour,
}

impl Unit {
    /// Every unit.
    pub const ALL: [Self; 8] = [
        Self::Hour,
        Self::Month,
        Self::Gb,
        Self::GbMonth,
        Self::VcpuHour,
        Self::GibHour,
        Self::MillionRequests,
        Self::OperatorHour,
    ];

    /// The word used in files and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Month => "month",
            Self::Gb => "gb",
            Self::GbMonth => "gb_month",
            Self::VcpuHour => "vcpu_hour",
            Self::GibHour => "gib_hour",
            Self::MillionRequests => "million_requests",
            Self::OperatorHour => "operator_hour",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.as_str() == text)
    }
}

/// A price with everything needed to trust it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price {
    /// US dollars per unit.
    pub usd: Money,
    /// What one unit is.
    pub unit: Unit,
    /// Who says so, and when.
    pub source: SourceId,
    /// Listed, derived or estimated.
    pub quality: Quality,
    /// For estimated prices: half-width of the range that holds 80% of the known cases, in percent. Else 0.
    pub uncertainty_pct: u8,
}

/// What a server's included traffic does when an account has several servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrafficPool {
    /// Each server's allowance is its own (Hetzner).
    PerServer,
    /// Allowances add up over the account (DigitalOcean, Akamai, Vultr, `UpCloud`).
    Pooled,
}

/// Who sells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Short name: `aws`, `hetzner`.
    pub name: String,
    /// How included traffic of servers adds up.
    pub traffic_pool: TrafficPool,
}

/// A provider's region.
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    /// Who runs it.
    pub provider: ProviderId,
    /// The provider's own code: `eu-west-1`.
    pub code: String,
    /// City or area.
    pub city: String,
    /// ISO 3166-1 alpha-2 country code.
    pub country: String,
    /// One of the words in `regions.csv`: `europe`, `north-america`, `asia`, ...
    pub continent: String,
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// Number of zones (separate failure domains), when known.
    pub zones: Option<u8>,
}

/// How a machine's processor time is sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CpuKind {
    /// The vCPUs are the buyer's own.
    Dedicated,
    /// vCPUs are shared with other tenants without a guarantee.
    Shared,
    /// A baseline share with credits for bursts.
    Burstable,
}

impl CpuKind {
    /// The word used in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dedicated => "dedicated",
            Self::Shared => "shared",
            Self::Burstable => "burstable",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Dedicated, Self::Shared, Self::Burstable].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A machine type of one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Who sells it.
    pub provider: ProviderId,
    /// The provider's name for it: `m7g.large`.
    pub name: String,
    /// Processor architecture.
    pub arch: Arch,
    /// Thousandths of a vCPU.
    pub vcpu_milli: u32,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// Dedicated, shared or burstable processor time.
    pub cpu_kind: CpuKind,
    /// Thousandths of an accelerator (some providers rent fractions).
    pub gpu_milli: u32,
    /// Accelerator model: `nvidia-l4`; empty without one.
    pub gpu_model: String,
    /// Local disk included in the price, in GB; `None` when the boot disk is bought separately or unknown.
    pub disk_included_gb: Option<u32>,
}

/// A machine type at a region, with its prices per hour by purchase option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComputeOffer {
    /// Which machine type.
    pub shape: ShapeId,
    /// Where.
    pub region: RegionId,
    /// Dollars per hour: on-demand, spot, reserved 1y, reserved 3y (the order of [`Purchase::ALL`]).
    pub usd_hour: [Option<Money>; 4],
    /// A month never costs more than this, when the provider caps it (on-demand only).
    pub month_cap: Option<Money>,
    /// Internet traffic included per server and month.
    pub included_gb: Quantity,
    /// Source of the on-demand price.
    pub source: SourceId,
    /// Quality of the on-demand price.
    pub quality: Quality,
}

impl ComputeOffer {
    /// The hourly price for a purchase option with its provenance, when sold that way.
    #[must_use]
    pub fn price(&self, purchase: Purchase) -> Option<Price> {
        let usd = self.usd_hour[purchase as usize]?;
        // Spot and commitment columns are joined from other sources than the base price: never better than derived.
        let quality = if purchase == Purchase::OnDemand { self.quality } else { self.quality.max(Quality::Derived) };
        Some(Price { usd, unit: Unit::Hour, source: self.source, quality, uncertainty_pct: 0 })
    }
}

/// Managed services that are sold as tiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ManagedKind {
    /// `PostgreSQL`.
    Postgres,
    /// `MySQL` or compatible.
    Mysql,
    /// Redis or Valkey.
    Redis,
    /// Kafka or a service that speaks its protocol.
    Kafka,
}

impl ManagedKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Postgres, Self::Mysql, Self::Redis, Self::Kafka];

    /// The word used in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Redis => "redis",
            Self::Kafka => "kafka",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A managed tier at a region. The price is for the whole service in that form (all its nodes).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedOffer {
    /// Where.
    pub region: RegionId,
    /// What it is.
    pub kind: ManagedKind,
    /// Product: `RDS PostgreSQL`.
    pub product: String,
    /// Tier: `db.m7g.large`.
    pub tier: String,
    /// Thousandths of a vCPU per node; 0 when the provider does not say.
    pub vcpu_milli: u32,
    /// Memory per node in MiB.
    pub memory_mib: u32,
    /// Whether it survives the loss of a zone (or, at one-zone providers, of a node).
    pub multi_zone: bool,
    /// Dollars per hour (or per month) for the service in this form.
    pub price: Price,
    /// A month never costs more than this.
    pub month_cap: Option<Money>,
    /// Dollars per GB-month of storage in this form; `None` when storage beyond the included cannot be bought or is
    /// not known.
    pub storage: Option<Price>,
    /// Storage included in the price, GB.
    pub storage_included_gb: Quantity,
}

impl ManagedOffer {
    /// The name by which `placer offers` and reports call it: product, tier, and form where it is the multi-zone one.
    #[must_use]
    pub fn name(&self) -> String {
        let form = if self.multi_zone { " multi-zone" } else { "" };
        format!("{} {}{form}", self.product, self.tier)
    }

    /// Whether this is what [`Self::name`] says.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        let rest = name.strip_prefix(self.product.as_str()).and_then(|rest| rest.strip_prefix(' '));
        let form = rest.and_then(|rest| rest.strip_prefix(self.tier.as_str()));
        form == Some(if self.multi_zone { " multi-zone" } else { "" })
    }

    /// Whether its processor time is a baseline with bursts, by the naming rules of AWS (`db.t3`), Azure (`B1ms`) and
    /// Google (`db-f1-micro`, `db-g1-small`).
    #[must_use]
    pub fn is_burstable(&self) -> bool {
        let tier = self.tier.strip_prefix("B_").unwrap_or(&self.tier);
        ["db.t", "cache.t", "kafka.t", "db-f1", "db-g1", "Standard_B"].iter().any(|prefix| tier.starts_with(prefix))
    }
}

/// Things with a price rule that are not offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// General-purpose network block storage, per GB-month.
    BlockStorage,
    /// Snapshots and backups, per GB-month.
    BackupStorage,
    /// Standard-class object storage, per GB-month, tiered.
    ObjectStorage,
    /// Base fee of object storage, per month.
    ObjectStorageBase,
    /// PUT, COPY, POST, LIST, per million requests.
    ObjectWrites,
    /// GET and the rest, per million requests.
    ObjectReads,
    /// A load balancer, per hour or month.
    LoadBalancer,
    /// Traffic through a load balancer, per GB.
    LoadBalancerData,
    /// A NAT gateway, per hour.
    NatGateway,
    /// Traffic through a NAT gateway, per GB.
    NatData,
    /// A public IPv4 address in use, per hour or month.
    PublicIpv4,
    /// A managed Kubernetes control plane, per hour.
    KubernetesControlPlane,
    /// Serverless container processor time, per vCPU-hour.
    ServerlessVcpu,
    /// Serverless container memory, per GiB-hour.
    ServerlessMemory,
    /// Serverless container requests, per million.
    ServerlessRequests,
}

impl Item {
    /// Every item.
    pub const ALL: [Self; 15] = [
        Self::BlockStorage,
        Self::BackupStorage,
        Self::ObjectStorage,
        Self::ObjectStorageBase,
        Self::ObjectWrites,
        Self::ObjectReads,
        Self::LoadBalancer,
        Self::LoadBalancerData,
        Self::NatGateway,
        Self::NatData,
        Self::PublicIpv4,
        Self::KubernetesControlPlane,
        Self::ServerlessVcpu,
        Self::ServerlessMemory,
        Self::ServerlessRequests,
    ];

    /// The word used in files and on the screen.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BlockStorage => "block_storage",
            Self::BackupStorage => "backup_storage",
            Self::ObjectStorage => "object_storage",
            Self::ObjectStorageBase => "object_storage_base",
            Self::ObjectWrites => "object_writes",
            Self::ObjectReads => "object_reads",
            Self::LoadBalancer => "load_balancer",
            Self::LoadBalancerData => "load_balancer_data",
            Self::NatGateway => "nat_gateway",
            Self::NatData => "nat_data",
            Self::PublicIpv4 => "public_ipv4",
            Self::KubernetesControlPlane => "kubernetes_control_plane",
            Self::ServerlessVcpu => "serverless_vcpu",
            Self::ServerlessMemory => "serverless_memory",
            Self::ServerlessRequests => "serverless_requests",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|item| item.as_str() == text)
    }
}

/// One step of a tariff: from `from` units per month on, each unit costs `price`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tariff {
    /// Where it holds.
    pub region: RegionId,
    /// For what.
    pub item: Item,
    /// The provider's product: `ALB`, `gp3`, `Fargate`.
    pub product: String,
    /// Lower end of the step, in the unit of the price, per month. The first step of an item starts at 0.
    pub from: Quantity,
    /// Price of a unit inside the step.
    pub price: Price,
}

/// One step of a transfer ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// Lower end in GB per month, counted after the included traffic.
    pub from: Quantity,
    /// Price per GB inside the step.
    pub price: Price,
}

/// Tiered price of internet egress from a region towards a class of destinations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EgressLadder {
    /// From where.
    pub region: RegionId,
    /// ISO country code the ladder is for, or `*` for everywhere else.
    pub to: String,
    /// GB per account and month that are free before the first tier begins.
    pub included_gb: Quantity,
    /// Steps, ascending; the first starts at 0.
    pub tiers: Vec<Tier>,
}

/// Where a flat transfer price leads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TransferTo {
    /// Between zones of the same region, per GB moved, both sides together.
    OtherZone,
    /// To one region of the same provider.
    Region(RegionId),
    /// To any region of the same provider on a continent.
    Continent(String),
    /// To any other region of the same provider.
    AnyRegion,
}

/// How traffic that stays with one provider is billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferBilling {
    /// So much per GB.
    Flat(Price),
    /// Like internet egress of the sending region, on the same ladder and allowance.
    AsInternet,
}

/// A rule for traffic that stays with one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferRule {
    /// From where.
    pub region: RegionId,
    /// To where.
    pub to: TransferTo,
    /// How it is billed.
    pub billing: TransferBilling,
}

/// A city that audiences can name.
#[derive(Clone, Debug, PartialEq)]
pub struct City {
    /// Name.
    pub name: String,
    /// ISO country code.
    pub country: String,
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// Whether round-trip times of this very city were measured.
    pub measured: bool,
}

/// An immutable snapshot of offers, tariffs, regions and latencies.
///
/// `compute`, `managed`, `tariffs`, `ladders` and `transfers` are sorted by region, so that one region is one slice.
#[derive(Clone, Debug)]
pub struct PriceBook {
    /// Date of the newest figure.
    pub as_of: String,
    /// SHA-256 of the book's bytes, lower-case hex.
    pub digest: String,
    /// Sources by [`SourceId`].
    pub sources: Vec<Source>,
    /// Providers by [`ProviderId`].
    pub providers: Vec<Provider>,
    /// Regions by [`RegionId`].
    pub regions: Vec<Region>,
    /// Machine types by [`ShapeId`].
    pub shapes: Vec<Shape>,
    /// Machines on sale.
    pub compute: Vec<ComputeOffer>,
    /// Managed tiers on sale.
    pub managed: Vec<ManagedOffer>,
    /// Price rules that are not offers, ascending by (region, item, product, from).
    pub tariffs: Vec<Tariff>,
    /// Internet egress.
    pub ladders: Vec<EgressLadder>,
    /// Traffic inside one provider.
    pub transfers: Vec<TransferRule>,
    /// Cities for audiences.
    pub cities: Vec<City>,
    /// Round-trip times.
    pub latency: LatencyBook,
    /// Lookup tables, made from the rest on first use; leave empty.
    pub index: BookIndex,
}

/// The part of a slice sorted by region that belongs to one region.
fn of_region<T>(sorted: &[T], region: RegionId, key: impl Fn(&T) -> RegionId) -> &[T] {
    let start = sorted.partition_point(|x| key(x) < region);
    let end = sorted.partition_point(|x| key(x) <= region);
    &sorted[start..end]
}

impl PriceBook {
    /// Names of all providers, by ordinal.
    #[must_use]
    pub fn provider_names(&self) -> Vec<String> {
        self.providers.iter().map(|provider| provider.name.clone()).collect()
    }

    /// The provider of a region.
    #[must_use]
    pub fn provider_of(&self, region: RegionId) -> &Provider {
        &self.providers[usize::from(self.region(region).provider.0)]
    }

    /// A region by ordinal.
    #[must_use]
    pub fn region(&self, id: RegionId) -> &Region {
        &self.regions[usize::from(id.0)]
    }

    /// A source by ordinal; [`SourceId::STATED`] is the application itself.
    #[must_use]
    pub fn source(&self, id: SourceId) -> &Source {
        static STATED: std::sync::LazyLock<Source> =
            std::sync::LazyLock::new(|| Source { text: "stated by the application".to_owned(), as_of: String::new() });
        self.sources.get(usize::from(id.0)).unwrap_or(&STATED)
    }

    /// Date of the oldest figure that prices something: cities, regions and round trips do not count.
    #[must_use]
    pub fn oldest(&self) -> &str {
        let mut used = vec![false; self.sources.len()];
        let managed = self.managed.iter().flat_map(|m| [Some(m.price.source), m.storage.map(|p| p.source)]).flatten();
        let transfers = self.transfers.iter().filter_map(|rule| match rule.billing {
            TransferBilling::Flat(price) => Some(price.source),
            TransferBilling::AsInternet => None,
        });
        let egress = self.ladders.iter().flat_map(|l| &l.tiers).map(|t| t.price.source);
        let tariffs = self.tariffs.iter().map(|t| t.price.source);
        let compute = self.compute.iter().map(|o| o.source);
        for source in compute.chain(managed).chain(tariffs).chain(egress).chain(transfers) {
            if let Some(seen) = used.get_mut(usize::from(source.0)) {
                *seen = true;
            }
        }
        let dates = self.sources.iter().zip(used).filter(|(_, used)| *used).map(|(s, _)| s.as_of.as_str());
        dates.min().unwrap_or(&self.as_of)
    }

    /// A machine type by ordinal.
    #[must_use]
    pub fn shape(&self, id: ShapeId) -> &Shape {
        &self.shapes[usize::from(id.0)]
    }

    /// All region ordinals.
    pub fn region_ids(&self) -> impl Iterator<Item = RegionId> + use<> {
        (0..u16::try_from(self.regions.len()).unwrap_or(u16::MAX)).map(RegionId)
    }

    /// Finds a provider by its exact name.
    #[must_use]
    pub fn find_provider(&self, name: &str) -> Option<ProviderId> {
        let at = self.providers.iter().position(|p| p.name == name)?;
        u8::try_from(at).ok().map(ProviderId)
    }

    /// Finds a region by provider name and code.
    #[must_use]
    pub fn find_region(&self, provider: &str, code: &str) -> Option<RegionId> {
        let provider = self.find_provider(provider)?;
        self.region_ids().find(|&id| self.region(id).provider == provider && self.region(id).code == code)
    }

    /// Machines on sale at a region.
    #[must_use]
    pub fn compute_at(&self, region: RegionId) -> &[ComputeOffer] {
        of_region(&self.compute, region, |x| x.region)
    }

    /// Managed tiers on sale at a region.
    #[must_use]
    pub fn managed_at(&self, region: RegionId) -> &[ManagedOffer] {
        of_region(&self.managed, region, |x| x.region)
    }

    /// The steps of a tariff at a region, ascending; empty when the price is not known there.
    /// With several products for one item, those of the first product in the book's order.
    #[must_use]
    pub fn tariff(&self, region: RegionId, item: Item) -> &[Tariff] {
        let all = of_region(&self.tariffs, region, |x| x.region);
        let start = all.partition_point(|t| t.item < item);
        let Some(first) = all.get(start).filter(|t| t.item == item) else { return &[] };
        let len = all[start..].iter().take_while(|t| t.item == item && t.product == first.product).count();
        &all[start..start + len]
    }

    /// The internet egress ladder from a region to a country; `None` when the price is not known.
    #[must_use]
    pub fn ladder(&self, region: RegionId, country: &str) -> Option<&EgressLadder> {
        let all = of_region(&self.ladders, region, |x| x.region);
        all.iter().find(|l| l.to == country).or_else(|| all.iter().find(|l| l.to == "*"))
    }

    /// How traffic between two zones of a region, or two regions of one provider, is billed: the most specific rule.
    /// `None` when the price is not known.
    #[must_use]
    pub fn transfer(&self, from: RegionId, to: RegionId) -> Option<TransferBilling> {
        let rules = of_region(&self.transfers, from, |x| x.region);
        let find = |wanted: &dyn Fn(&TransferTo) -> bool| rules.iter().find(|r| wanted(&r.to)).map(|r| r.billing);
        if from == to {
            return find(&|rule| *rule == TransferTo::OtherZone);
        }
        let continent = &self.region(to).continent;
        find(&|rule| *rule == TransferTo::Region(to))
            .or_else(|| find(&|rule| matches!(rule, TransferTo::Continent(c) if c == continent)))
            .or_else(|| find(&|rule| *rule == TransferTo::AnyRegion))
    }
}
