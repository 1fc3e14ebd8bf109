//! The types of `app.toml`, version 1: what may stand in the file, and nothing more.
//!
//! They are the single source of the JSON Schema (`schema.rs`), which in turn judges a file's shape (`shape.rs`).
//! Every field is optional here, because a file is looked through to its end even where something is missing; what
//! must be there says the schema's `required`. The domain types never appear in a file.

use super::limits::{
    AUDIENCES_MAX, COMPONENTS_MAX, LINKS_MAX, LIST_MAX, NAME_CHARS_MAX, PATHS_MAX, RULES_MAX, TEXT_CHARS_MAX,
};
use super::number::{
    BaseReplicas, BoundMs, Cpus, DiskGb, Gpus, Hours, Interruptions, Latitude, Longitude, MemoryGib, Number,
    OperatorHours, Percent, PercentWhole, Port, Replicas, RequestsMillion, RoundTrips, ServiceMs, SpotCount,
    StandInMinutes, TodayCount, TrafficGb, UsageFile, Usd, UsdAboveZero, Version, Zones,
};
use crate::units::{Arch, Purchase};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Names of the app and its components become resource names: lower-case letters, digits, `-` and `_`.
pub(super) const NAME_PATTERN: &str = "^[a-z0-9]([a-z0-9_-]*[a-z0-9])?$";
/// Names of paths and audiences are for people and may have spaces.
pub(super) const LABEL_PATTERN: &str = "^[a-z0-9]([a-z0-9 _-]*[a-z0-9])?$";

/// An application for placer: its components, what they need, how much they talk to each other, where its users are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "placer application", extend("required" = ["version", "name", "component"]))]
pub struct AppFile {
    /// Version of this format; 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("const" = 1))]
    pub version: Option<Number<Version>>,
    /// Name of the application.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = NAME_CHARS_MAX), regex(pattern = NAME_PATTERN))]
    pub name: Option<String>,
    /// What the application is, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = TEXT_CHARS_MAX))]
    pub description: Option<String>,
    /// What to optimise; default: cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objective: Option<ObjectiveFile>,
    /// What the bill may not exceed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetFile>,
    /// Where anything of the application may be placed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraints: Option<ConstraintsFile>,
    /// What people cost who run packaged data stores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operations: Option<OperationsFile>,
    /// How private components reach the internet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkFile>,
    /// Where the users are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = AUDIENCES_MAX))]
    pub audience: Option<Vec<AudienceFile>>,
    /// The parts of the application.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = COMPONENTS_MAX))]
    pub component: Option<Vec<ComponentFile>>,
    /// Traffic between two components.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = LINKS_MAX))]
    pub link: Option<Vec<LinkFile>>,
    /// What users wait for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = PATHS_MAX))]
    pub path: Option<Vec<PathFile>>,
    /// How groups of components must lie to one another.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = RULES_MAX))]
    pub rule: Option<Vec<RuleFile>>,
    /// Where the application runs today; all of its components or none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = COMPONENTS_MAX))]
    pub today: Option<Vec<TodayFile>>,
}

/// What to optimise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ObjectiveFile {
    /// What to make as small as possible.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "cost"))]
    pub minimize: Option<ObjectiveWord>,
}

/// What to make as small as possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ObjectiveWord {
    /// Dollars a month.
    Cost,
    /// The latency of the paths first, dollars second.
    Latency,
    /// Dollars a month plus each path's latency times its `usd_per_ms`.
    CostAndLatency,
}

/// What the bill may not exceed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["usd_month"]))]
pub struct BudgetFile {
    /// Dollars a month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd_month: Option<Number<UsdAboveZero>>,
}

/// Where something may be placed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConstraintsFile {
    /// Names of providers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub providers: Option<FilterFile>,
    /// Regions as `provider:code`, like `aws:eu-west-1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regions: Option<FilterFile>,
    /// Countries as ISO 3166 alpha-2 codes, like `DE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub countries: Option<FilterFile>,
    /// Continents, like `europe`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continents: Option<FilterFile>,
}

/// What is allowed and what is not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FilterFile {
    /// Only these; an empty list allows everything that is not denied.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = LIST_MAX))]
    pub allow: Option<Vec<String>>,
    /// Never these.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = LIST_MAX))]
    pub deny: Option<Vec<String>>,
}

/// What people cost who run packaged data stores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OperationsFile {
    /// Dollars of an operator hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 75))]
    pub usd_hour: Option<Number<Usd>>,
    /// Operator hours a month for each packaged data store.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 4))]
    pub packaged_hours_month: Option<Number<OperatorHours>>,
}

/// How private components reach the internet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkFile {
    /// How components without a public address reach the internet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "nat"))]
    pub private_outbound: Option<OutboundWord>,
}

/// How components without a public address reach the internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutboundWord {
    /// Through the region's NAT gateway where the provider sells one, else a public address per machine.
    Nat,
    /// A public address per machine.
    PublicIp,
}

/// A group of users: a city, or coordinates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["name"]))]
pub struct AudienceFile {
    /// Unique name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = NAME_CHARS_MAX), regex(pattern = LABEL_PATTERN))]
    pub name: Option<String>,
    /// City, with its country where the name alone is not unique: `Paris, FR`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = TEXT_CHARS_MAX))]
    pub city: Option<String>,
    /// Degrees north, instead of a city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lat: Option<Number<Latitude>>,
    /// Degrees east, instead of a city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lon: Option<Number<Longitude>>,
    /// Percent of the traffic to users. The shares add up to 100; without any, all audiences share equally.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<Number<Percent>>,
}

/// What a component is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KindWord {
    /// Answers requests; runs all month.
    Service,
    /// Works on queues or streams; runs all month, nobody connects to it from outside.
    Worker,
    /// Runs some hours a month.
    Job,
    /// Files served to users from object storage.
    StaticSite,
    /// A `PostgreSQL` database.
    Postgres,
    /// A `MySQL` database.
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

/// One part of the application.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["name", "kind"]))]
pub struct ComponentFile {
    /// Unique name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = NAME_CHARS_MAX), regex(pattern = NAME_PATTERN))]
    pub name: Option<String>,
    /// What the component is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<KindWord>,
    /// Container image. For service, worker and job.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = TEXT_CHARS_MAX))]
    pub image: Option<String>,
    /// What to run, instead of what the image starts: program, then arguments. For service, worker and job.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = LIST_MAX), inner(length(min = 1, max = TEXT_CHARS_MAX)))]
    pub command: Option<Vec<String>>,
    /// The TCP port on which it answers; also in its environment, as `PORT`. For service.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 8080))]
    pub port: Option<Number<Port>>,
    /// Environment variables as `NAME=value`; no secrets. For service, worker and job.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = LIST_MAX), inner(length(min = 2, max = TEXT_CHARS_MAX)))]
    pub env: Option<Vec<String>>,
    /// Names of environment variables whose values are secrets: placer's own environment has them when it applies a
    /// plan, and no file ever does. For service, worker and job.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = LIST_MAX), inner(length(min = 1, max = NAME_CHARS_MAX)))]
    pub secrets: Option<Vec<String>>,
    /// vCPUs of one replica, or of one node of a data store. Required for service, worker and job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<UsageFile<Cpus>>,
    /// GiB of memory of one replica or node. Required for service, worker, job and the data stores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_gib: Option<UsageFile<MemoryGib>>,
    /// GB of disk of one replica; of data in a data store; stored in object storage or a static site (required there).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_gb: Option<UsageFile<DiskGb>>,
    /// Accelerators of one replica. For service, worker and job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu: Option<GpuFile>,
    /// Processor architecture; default: any. For what runs on machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arch: Option<Arch>,
    /// Refuse shared and burstable processors. For what runs on machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false))]
    pub dedicated: Option<bool>,
    /// Number of replicas. For service, worker and job.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 1))]
    pub replicas: Option<UsageFile<Replicas>>,
    /// Zones to survive across; 2 or more make a data store highly available. For service, worker and data stores.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 1))]
    pub zones: Option<Number<Zones>>,
    /// What the replicas must be spread over. For service and worker.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "none"))]
    pub spread: Option<SpreadWord>,
    /// Purchase options that may be used. For what runs on machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4), extend("default" = ["on_demand"]))]
    pub purchase: Option<Vec<Purchase>>,
    /// What to run on. For service (default: both), worker and job (default: machines).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2))]
    pub run_on: Option<Vec<RunOnWord>>,
    /// Bought managed or run packaged on machines. For data stores.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "either"))]
    pub managed: Option<ManagedWord>,
    /// Reached from the internet; default: if it has users or a path of an audience begins with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public: Option<bool>,
    /// Hours a month that it runs. For job, and required there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours_month: Option<UsageFile<Hours>>,
    /// GB a month sent to the users. For service, static site, object storage and load balancer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 0))]
    pub users_gb_month: Option<UsageFile<TrafficGb>>,
    /// GB a month sent to third parties on the internet. For all but static site and load balancer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 0))]
    pub outbound_gb_month: Option<UsageFile<TrafficGb>>,
    /// Millions of requests a month: of a serverless service, worker or job; reads of object storage or a static site.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 0))]
    pub requests_million_month: Option<UsageFile<RequestsMillion>>,
    /// Millions of writes a month. For object storage.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 0))]
    pub writes_million_month: Option<UsageFile<RequestsMillion>>,
    /// Milliseconds that the component itself takes for a request on a path.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 0))]
    pub service_ms: Option<Number<ServiceMs>>,
    /// Base bought steadily, the rest on top as it comes: reserved or on demand, then on demand or spot. For service and
    /// worker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mixed: Option<MixedFile>,
    /// Components with the same word here may run several to a machine, where that is cheaper. For what runs on
    /// machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = NAME_CHARS_MAX), regex(pattern = NAME_PATTERN))]
    pub share_machine: Option<String>,
    /// Where it may be placed, on top of the application's own constraints.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraints: Option<ConstraintsFile>,
}

/// A mixed purchase: a base of replicas, and what comes on top of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MixedFile {
    /// Replicas of the base, never on spot capacity; default: the `min` of `replicas`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<Number<BaseReplicas>>,
    /// Percent of the machines above the base that are bought on demand all the same, rounded up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 0))]
    pub on_demand_above_base: Option<Number<PercentWhole>>,
    /// Interruptions a month that each spot machine is expected to have.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 3))]
    pub interruptions_month: Option<Number<Interruptions>>,
    /// Minutes for which an on-demand machine stands in after each interruption.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 15))]
    pub stand_in_minutes: Option<Number<StandInMinutes>>,
}

/// Accelerators of one replica.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["count"]))]
pub struct GpuFile {
    /// How many; also parts of one, like 0.5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<Number<Gpus>>,
    /// Accepted models, like `nvidia-l4`; default: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = LIST_MAX))]
    pub models: Option<Vec<String>>,
}

/// What the replicas must be spread over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpreadWord {
    /// All in one region, over its `zones`.
    None,
    /// Every replica in another region.
    Regions,
    /// Every replica at another provider.
    Providers,
}

/// What an image runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunOnWord {
    /// Virtual machines.
    Machines,
    /// Serverless container products.
    Serverless,
}

/// Whether a data store is bought managed or run packaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ManagedWord {
    /// Only a managed tier will do.
    Only,
    /// Only packaged on machines.
    Packaged,
    /// Whatever is cheaper, operator hours included.
    Either,
}

/// Traffic between two components.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["from", "to"]))]
pub struct LinkFile {
    /// The component that opens the connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The component that answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// GB a month from `from` to `to`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 0))]
    pub request_gb_month: Option<UsageFile<TrafficGb>>,
    /// GB a month from `to` back to `from`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 0))]
    pub response_gb_month: Option<UsageFile<TrafficGb>>,
    /// Round trips over this link for one request of a path; on average, so fractions are fine.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 1))]
    pub round_trips: Option<Number<RoundTrips>>,
    /// Milliseconds that the median of one round trip over this link may not exceed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50_ms: Option<Number<BoundMs>>,
    /// Milliseconds that the 95th percentile of one round trip over this link may not exceed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p95_ms: Option<Number<BoundMs>>,
}

/// What a user waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["name", "through"]))]
pub struct PathFile {
    /// Unique name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = NAME_CHARS_MAX), regex(pattern = LABEL_PATTERN))]
    pub name: Option<String>,
    /// Components in order; neighbours are joined by a link, in either direction.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = LIST_MAX))]
    pub through: Option<Vec<String>>,
    /// `weighted` (all audiences by share; the default when there are audiences), `each` (every audience on its own),
    /// `internal` (nobody outside; the default without audiences), or the name of an audience.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Round trips between the user and the first component; default: 1, and 0 for an internal path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round_trips: Option<Number<RoundTrips>>,
    /// Milliseconds that the median may not exceed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50_ms: Option<Number<BoundMs>>,
    /// Milliseconds that the 95th percentile may not exceed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p95_ms: Option<Number<BoundMs>>,
    /// Which percentile is reported of a path without a bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "p95"))]
    pub percentile: Option<PercentileWord>,
    /// Dollars a month that one millisecond is worth, for `minimize = "cost_and_latency"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 0))]
    pub usd_per_ms: Option<Number<Usd>>,
}

/// Which percentile of the latency counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PercentileWord {
    /// The median.
    P50,
    /// The 95th percentile.
    P95,
}

/// A rule over a group of components; it holds for every pair of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["kind", "components"]))]
pub struct RuleFile {
    /// How they must lie to one another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<RuleWord>,
    /// Who; at least two.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = LIST_MAX))]
    pub components: Option<Vec<String>>,
}

/// How components must lie to one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleWord {
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

/// Where a component runs today.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["component", "provider", "region", "offer"]))]
pub struct TodayFile {
    /// Name of the component.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// Name of the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Code of the region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Name of the offer, as `placer offers` prints it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = TEXT_CHARS_MAX))]
    pub offer: Option<String>,
    /// How it is bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "on_demand"))]
    pub purchase: Option<Purchase>,
    /// How many; default: as many as the component needs of that offer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<Number<TodayCount>>,
    /// How many of them run on spot capacity, while the others are bought as `purchase` says (a mixed purchase).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 0))]
    pub spot_count: Option<Number<SpotCount>>,
    /// Names of the machines that it runs on today, one for each replica. Components that name the same machine share
    /// it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = LIST_MAX))]
    pub machines: Option<Vec<String>>,
}
