//! The canonical, versioned form of an explanation: what `placer explain --format json` prints.
//!
//! Money and prices are exact decimal strings in US dollars, as in the report.

use crate::report::wire::{BaselineComponent, Conflict, Excluded, PriceBook, Status};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Version of this form. It changes only when a name that scripts rely on changes its meaning or goes away.
pub const VERSION: u32 = 1;

/// The whole explanation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// [`VERSION`].
    pub version: u32,
    /// Name of the application.
    pub app: String,
    /// How good the answer is.
    pub status: Status,
    /// The recommended placement's exact bill; `null` when infeasible.
    pub total_usd_month: Option<String>,
    /// The components in question, with their rivals.
    pub components: Vec<Component>,
    /// What happens when another price that the bill rests on rises: tariffs, traffic, people.
    pub prices: Vec<Flip>,
    /// What each requirement costs.
    pub requirements: Vec<Requirement>,
    /// Why not something else, for each component in question.
    pub why_not: Vec<WhyNot>,
    /// Why there is no placement; only when infeasible.
    pub conflict: Option<Conflict>,
    /// Which prices.
    pub price_book: PriceBook,
}

/// Why a component is where and what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Component {
    /// What was chosen.
    pub chosen: BaselineComponent,
    /// Its own charges and the traffic that it sends.
    pub usd_month: String,
    /// Up to which price of its offer the whole answer stays the best; `null` for what is not bought as one offer.
    pub stays: Option<Flip>,
    /// The best whole placement with it elsewhere, one for each provider, the cheapest first.
    pub rivals: Vec<Rival>,
}

/// The best whole placement with a component elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rival {
    /// What the component would be.
    pub choice: BaselineComponent,
    /// The whole bill.
    pub total_usd_month: String,
    /// That bill less the recommended one.
    pub difference_usd_month: String,
    /// Whether it is proven to be the best of its kind.
    pub optimal: bool,
    /// The price at which something with this offer takes over; `null` when it was not followed.
    pub takes_over: Option<Flip>,
}

/// What happens when a price moves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Flip {
    /// Which price, in words.
    pub price: String,
    /// `offer`, `charge`, `shared`, `flat_traffic` or `egress`.
    pub kind: String,
    /// The charge, for `offer`, `charge` and `shared`: `compute`, `storage`, ...
    pub item: Option<String>,
    /// Whose price it is; `null` for people.
    pub provider: Option<String>,
    /// Where it holds; `null` when it is a provider's everywhere.
    pub region: Option<String>,
    /// Name of the offer.
    pub offer: Option<String>,
    /// How the offer is bought.
    pub purchase: Option<String>,
    /// What a unit is. `month` for an offer sold by the hour means its monthly cap, with the hourly price moving in
    /// proportion.
    pub unit: String,
    /// The price now, per unit.
    pub now_usd: String,
    /// `rises` or `falls`.
    pub direction: String,
    /// `flips`, `never` (not up to 1000 times the price, not down to zero) or `open` (the limits ended the search).
    pub outcome: String,
    /// The last price at which nothing is better than the answer; one nano-dollar beyond it, `then` is.
    pub holds_until_usd: Option<String>,
    /// The whole bill of the recommended placement at the first price beyond.
    pub answer_then_usd_month: Option<String>,
    /// The whole bill of what is best there.
    pub total_then_usd_month: Option<String>,
    /// What moves then.
    pub moved: Vec<Moved>,
    /// All of that in a sentence.
    pub text: String,
}

/// A component that would be elsewhere, or something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Moved {
    /// In the recommended placement.
    pub from: BaselineComponent,
    /// Then.
    pub to: BaselineComponent,
}

/// A requirement and what it costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Requirement {
    /// As in the report's conflict: `path`, `relation`, `place`, ...
    pub kind: String,
    /// In plain words.
    pub text: String,
    /// Whether giving it up makes the answer better.
    pub binds: bool,
    /// The recommended bill less the best one without it; `null` when the limits left it open.
    pub costs_usd_month: Option<String>,
    /// The best bill without it.
    pub total_without_usd_month: Option<String>,
    /// Whether that is proven to be the best.
    pub optimal: bool,
    /// The least relaxation at which something better exists, in words: `163.2 ms p95`, `also allow NL`.
    pub next_value: Option<String>,
    /// The best bill there.
    pub next_total_usd_month: Option<String>,
    /// What would move without it.
    pub moved: Vec<Moved>,
}

/// Why a component is not there, or not that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WhyNot {
    /// The component.
    pub component: String,
    /// What was asked, as it was written.
    pub target: String,
    /// `chosen`, `excluded`, `forbidden`, `dearer` or `open`.
    pub verdict: String,
    /// For `excluded`: why offers there do not fit, the most frequent reason first.
    pub reasons: Vec<Excluded>,
    /// For `excluded`: the rules about places that shut it out.
    pub rules: Vec<String>,
    /// For `forbidden`: the requirements that cannot be kept together with it.
    pub conflict: Option<Conflict>,
    /// For `dearer`: what the component would be.
    pub choice: Option<BaselineComponent>,
    /// For `dearer`: the whole bill.
    pub total_usd_month: Option<String>,
    /// That bill less the recommended one.
    pub difference_usd_month: Option<String>,
    /// Whether that is proven to be the least.
    pub optimal: bool,
    /// For `dearer`: where the difference comes from; adds up to it.
    pub differences: Vec<Difference>,
    /// For `dearer`: what else would be elsewhere.
    pub moved: Vec<Moved>,
    /// For `dearer`: the price at which it would be chosen.
    pub takes_over: Option<Flip>,
}

/// What a component pays for an item, before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// The component; `null` for what several share.
    pub component: Option<String>,
    /// For what.
    pub item: String,
    /// In the recommended placement.
    pub before_usd_month: String,
    /// Then.
    pub after_usd_month: String,
    /// After less before.
    pub difference_usd_month: String,
}
