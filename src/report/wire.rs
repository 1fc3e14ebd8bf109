//! The canonical, versioned form of a recommendation: what `placer recommend --format json` prints.
//!
//! Money is an exact decimal string in US dollars (nano-dollars), a quantity an exact decimal string in its unit;
//! neither is ever a JSON number, so that no reader rounds it. Latencies and percentages are numbers, rounded to one
//! digit, for people. The sum of `lines[].usd_month` is `total_usd_month`, to the nano-dollar.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Version of this form. It changes only when a name that scripts rely on changes its meaning or goes away.
pub const VERSION: u32 = 1;

/// How good the answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Proven: nothing better exists in this price book.
    Optimal,
    /// Valid; nothing below the lower bound exists.
    Feasible,
    /// Proven: no placement satisfies the requirements; see `conflict`.
    Infeasible,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Keep today's placement.
    Stay,
    /// Move to the recommended one.
    Move,
    /// There is no placement today.
    New,
}

/// The decision with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// What to do.
    pub action: Action,
    /// Why, in words.
    pub reason: String,
}

/// What was optimised, and how far the proof goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Objective {
    /// `cost`, `latency` (then cost) or `cost_and_latency`.
    pub kind: String,
    /// Value of the recommended placement, decimal, in `unit`.
    pub value: String,
    /// No placement has a lower value than this.
    pub lower_bound: String,
    /// `usd_month`, or `ms` for the objective `latency`.
    pub unit: String,
    /// Distance of the two in percent of the value; 0 when optimal.
    pub gap_pct: f64,
    /// What the value holds besides dollars, in words; absent for the cost objective.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

/// Today against the recommendation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Savings {
    /// Today's bill.
    pub today_usd_month: String,
    /// Today's bill less the recommended one; negative when today is cheaper.
    pub usd_month: String,
    /// The same in percent of today's bill.
    pub pct: f64,
}

/// The bill of the recommended placement in three months; `null` when it cannot be priced there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bills {
    /// Every usage at its minimum.
    pub low_usd_month: Option<String>,
    /// Every usage as typical: the total.
    pub typical_usd_month: String,
    /// Every usage at its maximum.
    pub high_usd_month: Option<String>,
}

/// A component (or one replica of a spread component, `name#1`) and where it is placed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Component {
    /// Name in the application.
    pub name: String,
    /// Kind in the application: `service`, `postgres`, ...
    pub kind: String,
    /// Who sells it.
    pub provider: String,
    /// Where.
    pub region: String,
    /// What, as `placer offers` prints it.
    pub offer: String,
    /// `on_demand`, `spot`, `reserved_1y` or `reserved_3y`; of a mixed purchase that of the base.
    pub purchase: String,
    /// How many units of the offer.
    pub count: u32,
    /// Of a mixed purchase: those of the `count` that are not bought as `purchase`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub above_base: Vec<AboveBase>,
    /// `machines`, `serverless`, `managed` or `packaged`.
    pub form: String,
    /// Who else runs on the same machine; the machine's own lines of the bill have no component.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub shares_machine_with: Vec<String>,
    /// Its own charges and the traffic that it sends: the sum of its `lines`.
    pub usd_month: String,
    /// The part of `usd_month` that is traffic.
    pub transfer_usd_month: String,
    /// Whether some of `usd_month` follows usage that the team estimated.
    pub usage_based: bool,
    /// Whether this is exactly today's placement.
    pub today: bool,
    /// The path through it that comes closest to its bound (or the slowest one, when none has a bound).
    pub latency: Option<Path>,
    /// The best total with this component at another provider; `null` when there is none.
    pub runner_up: Option<RunnerUp>,
}

/// Machines above the base of a mixed purchase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AboveBase {
    /// `on_demand` or `spot`.
    pub purchase: String,
    /// How many.
    pub count: u32,
}

/// What happens to the whole application when a component may not use its provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunnerUp {
    /// Who.
    pub provider: String,
    /// Where.
    pub region: String,
    /// What.
    pub offer: String,
    /// How bought.
    pub purchase: String,
    /// The whole application's bill then; other components may move as well.
    pub total_usd_month: String,
    /// That bill less the recommended one.
    pub difference_usd_month: String,
    /// Whether it is proven that nothing better exists there.
    pub optimal: bool,
}

/// A line of the bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// Whose; `null` for what several components share.
    pub component: Option<String>,
    /// For what: `compute`, `storage`, `nat_gateway`, `egress`, ...
    pub item: String,
    /// What exactly, for people.
    pub detail: String,
    /// Who bills it.
    pub provider: String,
    /// Where.
    pub region: String,
    /// How many units a month.
    pub quantity: String,
    /// What a unit is.
    pub unit: String,
    /// Price of a unit; 0 for included traffic.
    pub unit_usd: String,
    /// What the line costs: quantity x price, unless `capped`.
    pub usd_month: String,
    /// Whether the provider's monthly cap made it cheaper than quantity x price.
    pub capped: bool,
    /// Who published the price.
    pub source: String,
    /// Date of the price, as exact as it is known.
    pub as_of: String,
    /// `listed`, `derived` or `estimated`.
    pub quality: String,
    /// For estimated prices: 80% of the known cases lie within plus or minus this.
    pub uncertainty_pct: u8,
    /// Whether the amount follows usage that the team estimated.
    pub usage_based: bool,
}

/// Data that moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Transfer {
    /// Sending component.
    pub from: String,
    /// Its place, `provider:region`.
    pub from_place: String,
    /// Receiving component, or a group of users.
    pub to: String,
    /// Its place; `null` on the internet.
    pub to_place: Option<String>,
    /// GB a month, as the sending provider meters them.
    pub gb: String,
    /// Which price: `same zone`, `other zone`, `other region`, `included`, or a tier of the internet ladder.
    pub tier: String,
    /// Per GB.
    pub unit_usd: String,
    /// What it costs.
    pub usd_month: String,
    /// `listed`, `derived` or `estimated`.
    pub quality: String,
}

/// The latency of a request path for an audience.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Path {
    /// Name in the application.
    pub name: String,
    /// For whom; empty for internal paths.
    pub audience: String,
    /// `p50` or `p95`.
    pub percentile: String,
    /// What it takes in the recommended placement.
    pub latency_ms: f64,
    /// The hard bound, when there is one.
    pub bound_ms: Option<f64>,
}

/// What another way of choosing would cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Baseline {
    /// `today`, `cheapest_single_provider` or `per_component_greedy`.
    pub name: String,
    /// The provider, for a single-provider baseline.
    pub provider: Option<String>,
    /// Its true bill; `null` when there is none.
    pub total_usd_month: Option<String>,
    /// That bill less the recommended one.
    pub saving_usd_month: Option<String>,
    /// The same in percent of that bill.
    pub saving_pct: Option<f64>,
    /// Whether it keeps every requirement.
    pub valid: bool,
    /// Which requirements it breaks.
    pub breaks: Vec<String>,
    /// What else there is to say.
    pub note: Option<String>,
    /// What it picks.
    pub components: Vec<BaselineComponent>,
}

/// A component in a baseline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BaselineComponent {
    /// Name.
    pub name: String,
    /// Who.
    pub provider: String,
    /// Where.
    pub region: String,
    /// What.
    pub offer: String,
    /// How bought.
    pub purchase: String,
    /// How many.
    pub count: u32,
}

/// How much of the bill rests on prices of one quality.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QualityShare {
    /// `listed`, `derived` or `estimated`.
    pub quality: String,
    /// Dollars of the bill.
    pub usd_month: String,
    /// Percent of the bill.
    pub pct: f64,
    /// Uncertainty of these prices, weighted by dollars; 0 unless estimated.
    pub uncertainty_pct: f64,
}

/// Something that is not in the bill, or offers that were not considered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Excluded {
    /// `bill` for costs that the total does not contain, `offers` for offers left out.
    pub scope: String,
    /// The component the offers were left out for.
    pub component: Option<String>,
    /// What or why, in words.
    pub reason: String,
    /// How many offers.
    pub offers: Option<u64>,
}

/// Which prices were used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PriceBook {
    /// Date of the newest figure.
    pub as_of: String,
    /// Date of the oldest source of a price in it.
    pub oldest: String,
    /// SHA-256 of the book.
    pub digest: String,
}

/// A smallest set of requirements that cannot hold together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Conflict {
    /// The requirements: without any one of them the others could be met.
    pub requirements: Vec<Requirement>,
    /// Whether the set is proven to be irreducible.
    pub irreducible: bool,
    /// Components for which nothing on sale fits at all.
    pub without_offer: Vec<WithoutOffer>,
}

/// A requirement of a conflict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Requirement {
    /// `path`, `link`, `relation`, `budget`, `place`, `zones`, `spread`, `dedicated`, `arch`, `gpu`, `purchase`, `form`,
    /// `size` or `policy`.
    pub kind: String,
    /// In plain words.
    pub text: String,
    /// The best bill if only this requirement were given up; `null` when that alone does not help.
    pub total_without_usd_month: Option<String>,
    /// What the requirement would have to be for that bill, in words, when it is a number.
    pub would_need: Option<String>,
}

/// A component without a single offer, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WithoutOffer {
    /// Name.
    pub component: String,
    /// Reasons, the most frequent first.
    pub reasons: Vec<Excluded>,
}

/// The whole report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// [`VERSION`].
    pub version: u32,
    /// Name of the application.
    pub app: String,
    /// How good the answer is.
    pub status: Status,
    /// What to do; `null` when infeasible.
    pub decision: Option<Decision>,
    /// The recommended placement's exact bill; `null` when infeasible.
    pub total_usd_month: Option<String>,
    /// No placement costs less; `null` when infeasible, or when the objective is not cost alone (see `objective`).
    pub lower_bound_usd_month: Option<String>,
    /// What was optimised.
    pub objective: Option<Objective>,
    /// Against today; `null` without a placement today.
    pub savings: Option<Savings>,
    /// Low, typical and high months.
    pub bills: Option<Bills>,
    /// Where every component goes.
    pub components: Vec<Component>,
    /// The bill, line by line.
    pub lines: Vec<Line>,
    /// Data that moves.
    pub transfers: Vec<Transfer>,
    /// Latencies.
    pub paths: Vec<Path>,
    /// Other ways of choosing.
    pub baselines: Vec<Baseline>,
    /// How good the prices are.
    pub quality: Vec<QualityShare>,
    /// What is not in it.
    pub excluded: Vec<Excluded>,
    /// What to look at before believing the recommendation, in words.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What the figures assume.
    pub assumptions: Vec<String>,
    /// Which prices.
    pub price_book: PriceBook,
    /// Why there is no placement; only when infeasible.
    pub conflict: Option<Conflict>,
}
