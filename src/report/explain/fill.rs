//! From an explanation to its canonical form.

use super::changes::moved;
use super::{
    Binding, Dial, Difference, Direction, Explained, Explanation, Flip, Knob, Moved, Priced, Reasoned, Reasons, Rival,
    Verdict, WhyNot, wire, words,
};
use crate::catalog::PriceBook;
use crate::problem::Problem;
use crate::report::alternatives::picked_of;
use crate::report::fill::conflict_of;
use crate::report::{Picked, wire as report};
use crate::units::Money;

pub(super) fn explanation(explanation: &Explanation, book: &PriceBook) -> wire::Explanation {
    let problem = &explanation.problem;
    let empty = wire::Explanation {
        version: wire::VERSION,
        app: problem.app.clone(),
        status: report::Status::Infeasible,
        total_usd_month: None,
        components: Vec::new(),
        prices: Vec::new(),
        requirements: Vec::new(),
        why_not: Vec::new(),
        conflict: None,
        price_book: crate::report::fill::price_book(book),
    };
    match &explanation.outcome {
        Explained::Infeasible(conflict) => wire::Explanation { conflict: Some(conflict_of(conflict)), ..empty },
        Explained::Placed(placed) => {
            let total = placed.bill.total;
            wire::Explanation {
                status: if placed.optimal { report::Status::Optimal } else { report::Status::Feasible },
                total_usd_month: Some(total.to_decimal()),
                components: placed.components.iter().map(|reasons| component(problem, placed, reasons)).collect(),
                prices: placed.prices.iter().map(|priced| flip(problem, placed, priced)).collect(),
                requirements: placed.requirements.iter().map(|binding| requirement(total, binding)).collect(),
                why_not: placed.why_not.iter().map(|answer| why_not(problem, placed, answer)).collect(),
                ..empty
            }
        }
    }
}

pub(in crate::report) fn named(pick: &Picked) -> report::BaselineComponent {
    report::BaselineComponent {
        name: pick.name.clone(),
        provider: pick.provider.clone(),
        region: pick.region.clone(),
        offer: pick.offer.clone(),
        purchase: pick.purchase.as_str().into(),
        count: pick.count,
    }
}

fn component(problem: &Problem, placed: &Reasoned, reasons: &Reasons) -> wire::Component {
    let chosen = &picked_of(problem, &placed.assignment)[reasons.component];
    let own = placed.bill.lines.iter().filter(|line| line.component == Some(reasons.component));
    wire::Component {
        chosen: named(chosen),
        usd_month: own.map(|line| line.cost).sum::<Money>().to_decimal(),
        stays: reasons.stays.as_ref().map(|priced| flip(problem, placed, priced)),
        rivals: reasons.rivals.iter().map(|other| rival(problem, placed, other)).collect(),
    }
}

fn rival(problem: &Problem, placed: &Reasoned, rival: &Rival) -> wire::Rival {
    wire::Rival {
        choice: named(&picked_of(problem, &rival.assignment)[rival.component]),
        total_usd_month: rival.bill.total.to_decimal(),
        difference_usd_month: (rival.bill.total - placed.bill.total).to_decimal(),
        optimal: rival.optimal,
        takes_over: rival.takes_over.as_ref().map(|priced| flip(problem, placed, priced)),
    }
}

/// What a price is of: kind, item, provider, region, offer, purchase.
fn identity(problem: &Problem, knob: &Knob) -> wire::Flip {
    let (mut item_of, mut place_of, mut offer_of) = (None, None, None);
    let (kind, provider) = match &knob.dial {
        Dial::Offer { place, offer, purchase, item, .. } => {
            (item_of, place_of, offer_of) = (Some(*item), Some(*place), Some((offer.clone(), *purchase)));
            ("offer", None)
        }
        Dial::Charge { place, item } => {
            (item_of, place_of) = (Some(*item), *place);
            ("charge", None)
        }
        Dial::Shared { place, item } => {
            (item_of, place_of) = (Some(*item), Some(*place));
            ("shared", None)
        }
        Dial::Flat { provider, .. } => ("flat_traffic", Some(*provider)),
        Dial::Egress { provider, .. } => ("egress", Some(*provider)),
    };
    let place = place_of.map(|place| &problem.places[place]);
    let (offer, purchase) = offer_of.map(|(offer, purchase)| (offer, purchase.as_str().to_owned())).unzip();
    wire::Flip {
        price: words::price_name(problem, knob),
        kind: kind.into(),
        item: item_of.map(|item| item.as_str().into()),
        provider: place.map(|p| p.provider_name.clone()).or(provider.map(|p| problem.providers[p].clone())),
        region: place.map(|place| place.region_code.clone()),
        offer,
        purchase,
        unit: knob.unit.as_str().into(),
        now_usd: knob.now.to_decimal(),
        direction: String::new(),
        outcome: String::new(),
        holds_until_usd: None,
        answer_then_usd_month: None,
        total_then_usd_month: None,
        moved: Vec::new(),
        text: String::new(),
    }
}

fn flip(problem: &Problem, placed: &Reasoned, priced: &Priced) -> wire::Flip {
    let knob = &priced.knob;
    let direction = if priced.direction == Direction::Rises { "rises" } else { "falls" }.to_owned();
    let base = wire::Flip { direction, ..identity(problem, knob) };
    let name = base.price.clone();
    match &priced.flip {
        Flip::Never => {
            wire::Flip { outcome: "never".into(), text: words::never(&name, knob, priced.direction), ..base }
        }
        Flip::Open => wire::Flip {
            outcome: "open".into(),
            text: format!("{name}: the search ended at its limits before this was known"),
            ..base
        },
        Flip::At { holds, answer, then, total } => {
            let moved = match then {
                Some(then) => moved((problem, &placed.assignment), (problem, then)),
                None => Vec::new(),
            };
            let told = words::moves(&moved);
            let text = words::flips(&name, knob, priced.direction, *holds, total.map(|total| (told.as_str(), total)));
            wire::Flip {
                outcome: "flips".into(),
                holds_until_usd: Some(holds.to_decimal()),
                answer_then_usd_month: Some(answer.to_decimal()),
                total_then_usd_month: total.map(Money::to_decimal),
                moved: moved.iter().map(moved_of).collect(),
                text,
                ..base
            }
        }
    }
}

pub(in crate::report) fn moved_of(moved: &Moved) -> wire::Moved {
    wire::Moved { from: named(&moved.from), to: named(&moved.to) }
}

fn requirement(total: Money, binding: &Binding) -> wire::Requirement {
    wire::Requirement {
        kind: binding.kind.into(),
        text: binding.text.clone(),
        binds: binding.binds,
        costs_usd_month: binding.total_without.map(|without| (total - without).to_decimal()),
        total_without_usd_month: binding.total_without.map(Money::to_decimal),
        optimal: binding.optimal,
        next_value: binding.next.as_ref().map(|next| next.value.clone()),
        next_total_usd_month: binding.next.as_ref().map(|next| next.total.to_decimal()),
        moved: binding.moved.iter().map(moved_of).collect(),
    }
}

fn why_not(problem: &Problem, placed: &Reasoned, answer: &WhyNot) -> wire::WhyNot {
    let name = problem.components[answer.component].name.clone();
    let empty = wire::WhyNot {
        component: name.clone(),
        target: answer.target.clone(),
        verdict: String::new(),
        reasons: Vec::new(),
        rules: Vec::new(),
        conflict: None,
        choice: None,
        total_usd_month: None,
        difference_usd_month: None,
        optimal: false,
        differences: Vec::new(),
        moved: Vec::new(),
        takes_over: None,
    };
    match &answer.verdict {
        Verdict::Chosen => wire::WhyNot { verdict: "chosen".into(), ..empty },
        Verdict::Open => wire::WhyNot { verdict: "open".into(), ..empty },
        Verdict::Excluded { reasons, rules } => {
            let reason = |(reason, offers): &(String, u64)| report::Excluded {
                scope: "offers".into(),
                component: Some(name.clone()),
                reason: reason.clone(),
                offers: Some(*offers),
            };
            wire::WhyNot {
                verdict: "excluded".into(),
                reasons: reasons.iter().map(reason).collect(),
                rules: rules.clone(),
                ..empty
            }
        }
        Verdict::Forbidden(conflict) => {
            wire::WhyNot { verdict: "forbidden".into(), conflict: Some(conflict_of(conflict)), ..empty }
        }
        Verdict::Dearer { choice, total, optimal, differences, moved, takes_over } => wire::WhyNot {
            verdict: "dearer".into(),
            choice: Some(named(choice)),
            total_usd_month: Some(total.to_decimal()),
            difference_usd_month: Some((*total - placed.bill.total).to_decimal()),
            optimal: *optimal,
            differences: differences.iter().map(difference).collect(),
            moved: moved.iter().map(moved_of).collect(),
            takes_over: takes_over.as_ref().map(|priced| flip(problem, placed, priced)),
            ..empty
        },
    }
}

fn difference(difference: &Difference) -> wire::Difference {
    wire::Difference {
        component: difference.component.clone(),
        item: difference.item.into(),
        before_usd_month: difference.before.to_decimal(),
        after_usd_month: difference.after.to_decimal(),
        difference_usd_month: (difference.after - difference.before).to_decimal(),
    }
}
