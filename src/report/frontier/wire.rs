//! The canonical, versioned form of a frontier: what `placer frontier --format json` prints.

use crate::report::explain::wire::Moved;
use crate::report::wire::{BaselineComponent, PriceBook};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Version of this form. It changes only when a name that scripts rely on changes its meaning or goes away.
pub const VERSION: u32 = 1;

/// The frontier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Frontier {
    /// [`VERSION`].
    pub version: u32,
    /// Name of the application.
    pub app: String,
    /// The measured path; `null`: the slowest of all paths.
    pub path: Option<String>,
    /// The tightest bound of the measured paths, in milliseconds (exact decimal); the frontier looks beyond it.
    pub bound_ms: Option<String>,
    /// The budget in dollars (exact decimal); the frontier looks beyond it.
    pub budget_usd_month: Option<String>,
    /// Whether these are all points. If not, faster (and dearer) ones may be missing.
    pub complete: bool,
    /// The points, the cheapest and slowest first: each is proven to be the cheapest placement that is as fast.
    pub points: Vec<Point>,
    /// Which prices.
    pub price_book: PriceBook,
}

/// A point of the frontier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Point {
    /// Latency of the measured path in milliseconds: an exact decimal, to the microsecond.
    pub latency_ms: String,
    /// The whole bill.
    pub total_usd_month: String,
    /// Whether it keeps the bounds of the measured paths.
    pub within_bound: bool,
    /// Whether it keeps the budget.
    pub within_budget: bool,
    /// Whether it is the cheapest point that keeps both: what the objective `cost` recommends.
    pub cheapest_allowed: bool,
    /// What differs from the point before.
    pub moved: Vec<Moved>,
    /// Where everything is.
    pub components: Vec<BaselineComponent>,
}
