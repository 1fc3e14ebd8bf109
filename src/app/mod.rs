//! The application as its team describes it: components, links, audiences, paths, constraints.
//!
//! Invariants: an [`App`] was validated as a whole (names are unique and known, numbers in range, shares add up), so
//! the modules above need no second look; the file format lives in `file.rs` and never leaks out.

mod faults;
pub mod file;
pub(crate) mod form;
mod kinds;
pub mod limits;
mod lower;
mod lower_component;
mod lower_graph;
mod lower_machines;
mod lower_running;
mod names;
mod nesting;
pub mod number;
mod quick;
mod read;
pub(crate) mod schema;
mod shape;
pub(crate) mod source;

pub use faults::{Code, Excerpt, Fault, Faults};
pub use names::Names;
pub use read::{Parsed, check_size, parse, parse_app, parse_kept};
pub use schema::schema_json;
pub use source::{Position, Spans};

use crate::units::{Arch, Latency, Money, Purchase, Quantity};

/// A value that moves with load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// In a quiet month.
    pub min: Quantity,
    /// In the month that the recommendation is optimised for.
    pub typical: Quantity,
    /// In the busiest month; what capacity must hold.
    pub max: Quantity,
}

impl Usage {
    /// The same in every month.
    #[must_use]
    pub const fn flat(value: Quantity) -> Self {
        Self { min: value, typical: value, max: value }
    }

    /// The value of a scenario.
    #[must_use]
    pub const fn at(&self, scenario: Scenario) -> Quantity {
        match scenario {
            Scenario::Low => self.min,
            Scenario::Typical => self.typical,
            Scenario::High => self.max,
        }
    }
}

/// Which month a bill is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Every usage at its `min`.
    Low,
    /// Every usage at `typical`; placements are optimised for this one.
    Typical,
    /// Every usage at its `max`.
    High,
}

/// What a component is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Answers requests; runs all month.
    Service,
    /// Works on queues or streams; runs all month, nobody connects to it from outside.
    Worker,
    /// Runs some hours a month.
    Job,
    /// Files served to users from object storage.
    StaticSite,
    /// `PostgreSQL`.
    Postgres,
    /// `MySQL`.
    Mysql,
    /// Redis or Valkey.
    Redis,
    /// Kafka.
    Kafka,
    /// S3-like storage.
    ObjectStorage,
    /// A managed load balancer as a component of its own.
    LoadBalancer,
}

impl Kind {
    /// Whether it runs the team's own image.
    #[must_use]
    pub fn runs_image(self) -> bool {
        matches!(self, Self::Service | Self::Worker | Self::Job)
    }

    /// Whether providers sell it as managed tiers and it could be run packaged on a machine instead.
    #[must_use]
    pub fn is_data_store(self) -> bool {
        matches!(self, Self::Postgres | Self::Mysql | Self::Redis | Self::Kafka)
    }

    /// The word used in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Worker => "worker",
            Self::Job => "job",
            Self::StaticSite => "static_site",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Redis => "redis",
            Self::Kafka => "kafka",
            Self::ObjectStorage => "object_storage",
            Self::LoadBalancer => "load_balancer",
        }
    }
}

/// Whether a data store is bought managed or run packaged on machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManagedChoice {
    /// Only a managed tier will do.
    Only,
    /// Only packaged on machines.
    Packaged,
    /// Whatever is cheaper, operator hours included.
    Either,
}

/// What the replicas of a component must be spread over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// All in one region (over `zones` zones).
    None,
    /// Every replica in another region.
    Regions,
    /// Every replica at another provider.
    Providers,
}

/// On what an image may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunOn {
    /// Virtual machines.
    pub machines: bool,
    /// Serverless container products (Fargate, Cloud Run, Container Apps).
    pub serverless: bool,
}

/// An accelerator need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gpu {
    /// Thousandths of an accelerator per replica.
    pub milli: u32,
    /// Accepted models (`nvidia-l4`); empty: any model.
    pub models: Vec<String>,
}

/// Who or what is allowed; an empty `allow` allows everything that is not denied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only these.
    pub allow: Vec<String>,
    /// Never these.
    pub deny: Vec<String>,
}

impl Filter {
    /// Whether a name passes.
    #[must_use]
    pub fn passes(&self, name: &str) -> bool {
        (self.allow.is_empty() || self.allow.iter().any(|a| a == name)) && !self.deny.iter().any(|d| d == name)
    }
}

/// Where something may be placed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Where {
    /// Provider names.
    pub providers: Filter,
    /// Regions as `provider:code`.
    pub regions: Filter,
    /// ISO country codes. Data residency is an `allow` list here.
    pub countries: Filter,
    /// Continent words.
    pub continents: Filter,
}

/// A mixed purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mixed {
    /// Replicas that are never on spot capacity.
    pub base: i64,
    /// Percent of the machines above the base that are bought on demand, rounded up to whole machines.
    pub on_demand_above_base_pct: i64,
    /// Interruptions a month that each spot machine is expected to have.
    pub interruptions_month: Quantity,
    /// Hours for which an on-demand machine stands in after each of them.
    pub stand_in_hours: Quantity,
    /// Whether the last two are the file's own (`false`: one of them is a default, which the report says).
    pub stated: bool,
}

/// One part of the application.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// Unique name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Container image, for kinds that run one.
    pub image: Option<String>,
    /// Program and arguments, instead of what the image starts; empty: what the image starts.
    pub command: Vec<String>,
    /// The TCP port on which a service answers.
    pub port: u16,
    /// Environment variables with their values, in the order of the file; names are unique.
    pub env: Vec<(String, String)>,
    /// Names of environment variables whose values are secrets, which only placer's own environment has.
    pub secrets: Vec<String>,
    /// vCPUs of one replica (data stores: of one node).
    pub cpu: Usage,
    /// GiB of memory of one replica (data stores: of one node).
    pub memory_gib: Usage,
    /// GB of disk of one replica; data stores: of data.
    pub disk_gb: Usage,
    /// Accelerator of one replica.
    pub gpu: Option<Gpu>,
    /// Required architecture; `None`: any.
    pub arch: Option<Arch>,
    /// Whether shared and burstable processor time is refused.
    pub dedicated: bool,
    /// Number of replicas, in whole units.
    pub replicas: Usage,
    /// Zones that replicas (or a data store's nodes) must survive across; 1: no demand.
    pub zones: u8,
    /// Spread of the replicas.
    pub spread: Spread,
    /// Purchase options that may be used; never empty.
    pub purchase: Vec<Purchase>,
    /// A base and what comes on top of it, bought differently; `None`: all machines are bought alike.
    pub mixed: Option<Mixed>,
    /// The group of components that may run several to a machine with it, by ordinal in [`App::sharing`].
    pub shares: Option<usize>,
    /// Machines, serverless, or both.
    pub run_on: RunOn,
    /// Managed or packaged, for data stores.
    pub managed: ManagedChoice,
    /// Whether it is reached from the internet (has users or says so).
    pub public: bool,
    /// Hours a month that it runs; 730 except for jobs.
    pub hours_month: Usage,
    /// GB a month sent to users, split over the audiences by their shares.
    pub users_gb_month: Usage,
    /// GB a month sent to third parties on the internet.
    pub outbound_gb_month: Usage,
    /// Millions of requests a month (serverless); object storage: reads.
    pub requests_million_month: Usage,
    /// Millions of writes a month (object storage).
    pub writes_million_month: Usage,
    /// Time the component itself takes for a request on a path.
    pub service_time: Latency,
    /// Where it may be placed, on top of the application's own rules.
    pub place: Where,
}

impl Component {
    /// The least that a component can be: one replica that needs nothing, runs all month, and may be anywhere.
    #[must_use]
    pub fn bare(name: &str, kind: Kind) -> Self {
        let zero = Usage::flat(Quantity::ZERO);
        Self {
            name: name.to_owned(),
            kind,
            image: None,
            command: Vec::new(),
            port: lower_running::PORT,
            env: Vec::new(),
            secrets: Vec::new(),
            cpu: zero,
            memory_gib: zero,
            disk_gb: zero,
            gpu: None,
            arch: None,
            dedicated: false,
            replicas: Usage::flat(Quantity::from_units(1)),
            zones: 1,
            spread: Spread::None,
            purchase: vec![Purchase::OnDemand],
            mixed: None,
            shares: None,
            run_on: RunOn { machines: true, serverless: kind == Kind::Service },
            managed: ManagedChoice::Either,
            public: false,
            hours_month: Usage::flat(Quantity::MONTH_HOURS),
            users_gb_month: zero,
            outbound_gb_month: zero,
            requests_million_month: zero,
            writes_million_month: zero,
            service_time: Latency::from_micros(0),
            place: Where::default(),
        }
    }
}

/// Traffic between two components, by ordinal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Who opens the connection.
    pub from: usize,
    /// Who answers.
    pub to: usize,
    /// GB a month from `from` to `to`.
    pub forward_gb_month: Usage,
    /// GB a month from `to` back to `from`.
    pub back_gb_month: Usage,
    /// Round trips that one request of a path makes over this link (in thousandths: 1.5 queries = 1500).
    pub round_trips_milli: i64,
    /// What one round trip may take, by which percentile.
    pub bound: Option<(Percentile, Latency)>,
}

impl Link {
    /// A link over which nothing flows that is counted.
    #[must_use]
    pub const fn bare(from: usize, to: usize) -> Self {
        let zero = Usage::flat(Quantity::ZERO);
        Self { from, to, forward_gb_month: zero, back_gb_month: zero, round_trips_milli: 0, bound: None }
    }
}

/// Where an audience is.
#[derive(Clone, Debug, PartialEq)]
pub enum Locality {
    /// A city of the price book, with its country when the name alone is not unique.
    City {
        /// Name as in the book.
        name: String,
        /// ISO country code.
        country: Option<String>,
    },
    /// Degrees north and east, with the country when it matters for prices.
    Point {
        /// Degrees north.
        lat: f64,
        /// Degrees east.
        lon: f64,
    },
}

/// A group of users.
#[derive(Clone, Debug, PartialEq)]
pub struct Audience {
    /// Unique name.
    pub name: String,
    /// Where they are.
    pub locality: Locality,
    /// Share of the traffic in millionths; the shares of an app add up to exactly 1,000,000.
    pub share_ppm: i64,
}

/// For whom a path's bound holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathAudience {
    /// The average over all audiences, weighted by share.
    Weighted,
    /// Every audience on its own.
    Each,
    /// One audience, by ordinal.
    One(usize),
    /// Nobody outside: the path starts at its first component.
    Internal,
}

/// Which percentile of the round-trip times a path is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Percentile {
    /// Median.
    P50,
    /// 95th percentile of every hop, added up (an upper estimate of the sum's own).
    P95,
}

impl Percentile {
    /// `p50` or `p95`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::P50 => "p50",
            Self::P95 => "p95",
        }
    }
}

/// What a user waits for.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Unique name.
    pub name: String,
    /// Components in order; neighbours are joined by a link (in either direction).
    pub through: Vec<usize>,
    /// Round trips between the user and the first component, thousandths.
    pub entry_round_trips_milli: i64,
    /// For whom.
    pub audience: PathAudience,
    /// By which percentile.
    pub percentile: Percentile,
    /// Hard bound.
    pub bound: Option<Latency>,
    /// Dollars a month that one millisecond is worth, for the objective `cost_and_latency`.
    pub usd_per_ms: Money,
}

/// How two components must lie to one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelationKind {
    /// In one region.
    SameRegion,
    /// At one provider.
    SameProvider,
    /// In one country.
    SameCountry,
    /// In different regions.
    DifferentRegion,
    /// At different providers.
    DifferentProvider,
    /// In different countries.
    DifferentCountry,
}

impl RelationKind {
    /// The word used in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SameRegion => "same_region",
            Self::SameProvider => "same_provider",
            Self::SameCountry => "same_country",
            Self::DifferentRegion => "different_region",
            Self::DifferentProvider => "different_provider",
            Self::DifferentCountry => "different_country",
        }
    }
}

/// A rule over a group of components; it holds for every pair of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// How.
    pub kind: RelationKind,
    /// Who, by ordinal; at least two.
    pub components: Vec<usize>,
}

/// What to optimise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objective {
    /// Dollars a month.
    Cost,
    /// The sum of the paths' latencies first, dollars second.
    Latency,
    /// Dollars a month plus each path's latency times its price per millisecond.
    CostAndLatency,
}

/// What people cost who run packaged data stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operations {
    /// Dollars per operator hour.
    pub usd_hour: Money,
    /// Operator hours a month per packaged data store.
    pub packaged_hours_month: Quantity,
    /// Whether the figures are the file's own (`false`: defaults, which the report says).
    pub stated: bool,
}

/// How private components reach the internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrivateOutbound {
    /// Through the region's NAT gateway where the provider sells one, else a public address per machine.
    Nat,
    /// A public address per machine.
    PublicIp,
}

/// Where a component is today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Today {
    /// Component by ordinal.
    pub component: usize,
    /// Provider name.
    pub provider: String,
    /// Region code.
    pub region: String,
    /// Offer name as `placer offers` prints it.
    pub offer: String,
    /// How it is bought.
    pub purchase: Purchase,
    /// How many; `None`: as many as the component needs of that offer.
    pub count: Option<u32>,
    /// How many of them are on spot capacity, while the others are bought as `purchase`.
    pub spot_count: u32,
    /// Names of its machines, one for each replica; empty: machines of its own.
    pub machines: Vec<String>,
}

/// The whole application.
#[derive(Clone, Debug, PartialEq)]
pub struct App {
    /// Name.
    pub name: String,
    /// Components by ordinal.
    pub components: Vec<Component>,
    /// Links.
    pub links: Vec<Link>,
    /// Audiences by ordinal.
    pub audiences: Vec<Audience>,
    /// Paths.
    pub paths: Vec<Path>,
    /// Rules over groups of components.
    pub relations: Vec<Relation>,
    /// Where anything may be placed.
    pub place: Where,
    /// The bill may not exceed this.
    pub budget: Option<Money>,
    /// What to optimise.
    pub objective: Objective,
    /// Operator hours.
    pub operations: Operations,
    /// NAT or public addresses.
    pub private_outbound: PrivateOutbound,
    /// Names of the groups of components that may share machines.
    pub sharing: Vec<String>,
    /// Today's placement; empty when there is none. Otherwise one entry per component.
    pub today: Vec<Today>,
}

#[cfg(test)]
mod tests;
