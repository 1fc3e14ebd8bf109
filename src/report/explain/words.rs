//! Prices and moves in plain words.

use super::changes::Moved;
use super::knob::{Dial, Knob};
use super::{Direction, FOLLOWED_TIMES};
use crate::catalog::Unit;
use crate::problem::{ChargeItem, PlaceId, Problem};
use crate::units::{Money, Purchase, Quantity};

/// Moves told in a sentence; the rest is counted.
const MOVES_TOLD: usize = 3;

fn at(problem: &Problem, place: PlaceId) -> String {
    let place = &problem.places[place];
    format!("{}:{}", place.provider_name, place.region_code)
}

/// Which price: `cx23 at hetzner:nbg1`, `aws egress`.
pub(super) fn price_name(problem: &Problem, knob: &Knob) -> String {
    let item_words = |item: ChargeItem| item.as_str().replace('_', " ");
    match &knob.dial {
        Dial::Offer { place, offer, purchase, .. } => {
            let bought = if *purchase == Purchase::OnDemand { String::new() } else { format!(" ({purchase})") };
            format!("{offer} at {}{bought}", at(problem, *place))
        }
        Dial::Charge { place: None, item: ChargeItem::Operator } => "an operator hour".into(),
        Dial::Charge { place: None, item } => item_words(*item),
        Dial::Charge { place: Some(place), item } | Dial::Shared { place, item } => {
            format!("{} at {}", item_words(*item), at(problem, *place))
        }
        Dial::Flat { provider, zones } => {
            let between = if *zones { "zones" } else { "regions" };
            format!("{} traffic between {between}", problem.providers[*provider])
        }
        Dial::Egress { provider, from } if *from == Quantity::ZERO => {
            format!("{} egress", problem.providers[*provider])
        }
        Dial::Egress { provider, from } => {
            format!("{} egress above {} GB", problem.providers[*provider], from.to_decimal())
        }
    }
}

/// A price with every digit and its unit: `$0.0131/hour`.
pub(super) fn price(usd: Money, unit: Unit) -> String {
    let per = match unit {
        Unit::Hour | Unit::OperatorHour => "hour",
        Unit::Month => "month",
        Unit::Gb => "GB",
        Unit::GbMonth => "GB-month",
        Unit::VcpuHour => "vCPU-hour",
        Unit::GibHour => "GiB-hour",
        Unit::MillionRequests => "million requests",
    };
    format!("${}/{per}", usd.to_decimal())
}

/// Who goes where: `web` moves to gcp:europe-west4 (e2-small).
pub(super) fn moves(moved: &[Moved]) -> String {
    let one = |moved: &Moved| {
        let (from, to) = (&moved.from, &moved.to);
        if (&from.provider, &from.region) == (&to.provider, &to.region) {
            format!("`{}` becomes {} x {} ({})", to.name, to.count, to.offer, to.purchase)
        } else {
            format!("`{}` moves to {}:{} ({} x {})", to.name, to.provider, to.region, to.count, to.offer)
        }
    };
    let told: Vec<String> = moved.iter().take(MOVES_TOLD).map(one).collect();
    let more = moved.len().saturating_sub(MOVES_TOLD);
    let more = if more > 0 { format!(" and {more} more move") } else { String::new() };
    if told.is_empty() { "nothing moves".into() } else { format!("{}{more}", told.join(", ")) }
}

/// A flip in a sentence. `then` is who moves and what the whole costs; `None` when nothing fits the budget any more.
pub(super) fn flips(
    name: &str,
    knob: &Knob,
    direction: Direction,
    holds: Money,
    then: Option<(&str, Money)>,
) -> String {
    let now = price(knob.now, knob.unit);
    let limit = price(holds, knob.unit);
    let beyond = if direction == Direction::Rises { "rises above" } else { "falls below" };
    let what = match then {
        Some((moves, total)) => format!("{moves}, and all costs {total} a month"),
        None => "nothing fits the budget any more".into(),
    };
    format!("if {name} ({now} now) {beyond} {limit}: {what}")
}

/// What never happens, in a sentence.
pub(super) fn never(name: &str, knob: &Knob, direction: Direction) -> String {
    let now = price(knob.now, knob.unit);
    match direction {
        Direction::Rises => {
            format!("{name} ({now} now): the answer stays the best up to {FOLLOWED_TIMES} times this price")
        }
        Direction::Falls => format!("{name} ({now} now): not chosen even if it were free"),
    }
}
