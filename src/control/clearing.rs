//! How a market cleared, as it is told and kept: who has won each component, who was next, and by how much.

use crate::problem::{ChoiceId, ComponentId, Problem};
use crate::solve;
use crate::units::Money;
use schemars::JsonSchema;
use serde::Serialize;

/// A component's lot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Lot {
    /// The component; of one that is spread over regions, one of its replicas.
    pub component: String,
    /// Who has won.
    pub winner: Bid,
    /// Who is nearest to winning; `null`: nobody else could, or nothing was proven.
    pub runner_up: Option<Bid>,
    /// By how much the runner-up must become cheaper, all else as it stands, before the answer may change: a decimal string
    /// in US dollars a month.
    pub margin_usd_month: Option<String>,
}

/// Who asks what for a component, apart from traffic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Bid {
    /// The provider.
    pub provider: String,
    /// The region.
    pub region: String,
    /// The offer.
    pub offer: String,
    /// The purchase option.
    pub purchase: &'static str,
    /// A decimal string in US dollars a month.
    pub usd_month: String,
}

/// The lots of a clearing in words. `assignment` is who gets the components: where that is not who has won, it is as good, and
/// whoever has won is next.
#[must_use]
pub fn told(problem: &Problem, assignment: &[ChoiceId], lots: &[solve::Lot]) -> Vec<Lot> {
    let lot = |(component, (lot, &picked)): (ComponentId, (&solve::Lot, &ChoiceId))| {
        let next = if lot.winner == picked { lot.runner_up } else { Some((lot.winner, Money::ZERO)) };
        Lot {
            component: problem.components[component].name.clone(),
            winner: bid(problem, component, picked),
            runner_up: next.map(|(choice, _)| bid(problem, component, choice)),
            margin_usd_month: next.map(|(_, margin)| margin.to_decimal()),
        }
    };
    lots.iter().zip(assignment).enumerate().map(lot).collect()
}

fn bid(problem: &Problem, component: ComponentId, choice: ChoiceId) -> Bid {
    let picked = &problem.components[component].choices[choice];
    let place = &problem.places[picked.place];
    Bid {
        provider: place.provider_name.clone(),
        region: place.region_code.clone(),
        offer: picked.offer.clone(),
        purchase: picked.purchase.as_str(),
        usd_month: picked.cost.to_decimal(),
    }
}
