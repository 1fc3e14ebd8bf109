//! Re-costing: the exact bill of an assignment, line by line, by the definition in the parent module.
//!
//! Shares no code with the solver. It is the only place where a bill is made, and its sum is the total.

use super::{
    Assignment, Charge, ChargeItem, Choice, ComponentId, Flow, FlowTo, Hosted, Included, PlaceId, Problem, Route,
};
use crate::catalog::Price;
use crate::units::{Money, Quantity};

/// What a line of a bill is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineItem {
    /// A charge of a choice.
    Charge(ChargeItem),
    /// A charge shared by the components at a place.
    Shared(ChargeItem),
    /// Traffic between zones of one region.
    TransferZone,
    /// Traffic between regions of one provider at a flat price.
    TransferRegion,
    /// Metered internet traffic that is free of charge (included).
    EgressIncluded,
    /// Metered internet traffic in a step of the ladder, by ordinal.
    Egress {
        /// Ordinal of the step.
        step: usize,
    },
}

/// A line of a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Who causes it; `None` for shared charges.
    pub component: Option<ComponentId>,
    /// For what.
    pub item: LineItem,
    /// For people.
    pub detail: String,
    /// Where it is billed.
    pub place: PlaceId,
    /// The flow behind it, for traffic.
    pub flow: Option<usize>,
    /// How many units.
    pub quantity: Quantity,
    /// Price of a unit; `None` for traffic that is included.
    pub price: Option<Price>,
    /// What it costs.
    pub cost: Money,
}

/// The exact bill of an assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// The lines.
    pub lines: Vec<Line>,
    /// Their sum.
    pub total: Money,
    /// Latency of each path in microseconds.
    pub path_latency_us: Vec<i64>,
    /// Value of the objective (see [`Problem::latency_weight`]): total + sum of latency x weight.
    pub objective: i128,
}

/// The bill of an assignment, or `None` when the assignment does not fit the problem or uses a route whose price is not
/// known (which [`super::check`] reports).
#[must_use]
pub fn score(problem: &Problem, assignment: &Assignment) -> Option<Bill> {
    if assignment.len() != problem.components.len() {
        return None;
    }
    let picked: Option<Vec<&Choice>> =
        problem.components.iter().zip(assignment).map(|(component, &choice)| component.choices.get(choice)).collect();
    let picked = picked?;
    let hosted = problem.hosted(assignment);
    let mut lines = charge_lines(&picked);
    lines.extend(hosted.iter().flat_map(|hosted| machine_lines(problem, hosted)));
    lines.extend(shared_lines(problem, &picked, &hosted));
    lines.extend(flow_lines(problem, &picked)?);
    let total = lines.iter().map(|line| line.cost).sum();
    let path_latency_us: Vec<i64> =
        problem.paths.iter().map(|path| problem.path_latency_us(path, |c| picked[c].place)).collect();
    let latency: i128 = problem
        .paths
        .iter()
        .zip(&path_latency_us)
        .map(|(path, &us)| problem.latency_weight(path) * i128::from(us))
        .sum();
    let objective = i128::from(Money::nanos(total)) + latency;
    Some(Bill { lines, total, path_latency_us, objective })
}

fn charge_line(component: Option<ComponentId>, item: LineItem, place: PlaceId, charge: &Charge) -> Line {
    Line {
        component,
        item,
        detail: charge.detail.clone(),
        place,
        flow: None,
        quantity: charge.quantity,
        price: Some(charge.price),
        cost: charge.cost(),
    }
}

fn charge_lines(picked: &[&Choice]) -> Vec<Line> {
    let of = |(component, choice): (usize, &&Choice)| {
        let place = choice.place;
        let line = move |charge: &Charge| charge_line(Some(component), LineItem::Charge(charge.item), place, charge);
        choice.charges.iter().map(line).collect::<Vec<_>>()
    };
    picked.iter().enumerate().flat_map(of).collect()
}

/// What a shared machine costs, once for all that are on it.
fn machine_lines(problem: &Problem, hosted: &Hosted) -> Vec<Line> {
    let names = hosted.names(problem).join(", ");
    let place = hosted.machine.place;
    let line = |charge: &Charge| {
        let line = charge_line(None, LineItem::Shared(charge.item), place, charge);
        Line { detail: format!("{}, shared by {names}", line.detail), ..line }
    };
    hosted.charges().iter().map(line).collect()
}

fn shared_lines<'a>(
    problem: &'a Problem,
    picked: &'a [&Choice],
    hosted: &'a [Hosted],
) -> impl Iterator<Item = Line> + 'a {
    let due = |place, need| {
        picked.iter().any(|choice| choice.place == place && choice.needs.contains(&need))
            || hosted.iter().any(|hosted| hosted.machine.place == place && hosted.needs().contains(&need))
    };
    problem
        .shared
        .iter()
        .filter(move |shared| due(shared.place, shared.need))
        .map(|shared| charge_line(None, LineItem::Shared(shared.charge.item), shared.place, &shared.charge))
}

/// A metered flow on its way through the sums.
struct Metered<'a> {
    flow: usize,
    ladder: &'a super::Ladder,
    /// Micro-GB after the server's own allowance.
    billable: i128,
}

fn flow_lines(problem: &Problem, picked: &[&Choice]) -> Option<Vec<Line>> {
    let mut lines = Vec::new();
    let mut metered = Vec::new();
    for (flow, spec) in problem.flows.iter().enumerate() {
        let sender = picked[spec.from];
        match route_of(problem, picked, spec) {
            Route::Unknown => return None,
            Route::Metered(ladder) => {
                let billable = i128::from(spec.gb.micros());
                metered.push(Metered { flow, ladder: &problem.ladders[ladder], billable });
            }
            Route::Flat(price) => lines.extend(flat_line(spec, flow, sender, picked, price)),
        }
    }
    lines.extend(own_allowances(problem, picked, &mut metered));
    for meter in 0..problem.providers.len() {
        lines.extend(meter_lines(problem, picked, &metered, meter));
    }
    Some(lines)
}

fn route_of(problem: &Problem, picked: &[&Choice], flow: &Flow) -> Route {
    let from = picked[flow.from].place;
    match flow.to {
        FlowTo::Internet(class) => problem.internet[class][from],
        FlowTo::Component(to) => {
            let target = picked[to];
            let crosses = from != target.place || Problem::crossing_ppm(picked[flow.from], target) > 0;
            // Traffic that stays inside one zone is free everywhere; its inter-zone price need not be known.
            if crosses { problem.route(from, target.place) } else { Route::Flat(FREE) }
        }
    }
}

const FREE: Price = Price {
    usd: Money::ZERO,
    unit: crate::catalog::Unit::Gb,
    source: crate::catalog::SourceId(0),
    quality: crate::units::Quality::Listed,
    uncertainty_pct: 0,
};

fn flat_line(spec: &Flow, flow: usize, sender: &Choice, picked: &[&Choice], price: Price) -> Option<Line> {
    let FlowTo::Component(to) = spec.to else { return None };
    let same_place = picked[to].place == sender.place;
    let crossing = if same_place { Problem::crossing_ppm(sender, picked[to]) } else { 1_000_000 };
    let quantity = spec.gb.scale(crossing, 1_000_000);
    (quantity > Quantity::ZERO).then(|| Line {
        component: Some(spec.from),
        item: if same_place { LineItem::TransferZone } else { LineItem::TransferRegion },
        detail: format!("to {}", spec.label),
        place: sender.place,
        flow: Some(flow),
        quantity,
        price: Some(price),
        cost: price.usd.times(quantity),
    })
}

/// Takes each server's own allowance off the flows of the components on it, and tells it in lines that cost nothing.
fn own_allowances(problem: &Problem, picked: &[&Choice], metered: &mut [Metered]) -> Vec<Line> {
    let mut lines = Vec::new();
    for (component, choice) in picked.iter().enumerate() {
        let Included::Own(allowance) = problem.included_with(component, choice) else { continue };
        let mine = |m: &&mut Metered| {
            let sender = problem.flows[m.flow].from;
            Problem::allowance_unit(sender, picked[sender]) == component
        };
        let sum: i128 = metered.iter_mut().filter(mine).map(|m| m.billable).sum();
        let free = i128::from(allowance.micros()).min(sum);
        for m in metered.iter_mut().filter(mine) {
            let part = m.billable * free / sum;
            m.billable -= part;
            lines.extend(included_line(problem, picked, m.flow, part, "included with the server"));
        }
    }
    lines
}

fn included_line(problem: &Problem, picked: &[&Choice], flow: usize, micros: i128, why: &str) -> Option<Line> {
    let spec = &problem.flows[flow];
    (micros > 0).then(|| Line {
        component: Some(spec.from),
        item: LineItem::EgressIncluded,
        detail: format!("to {}, {why}", spec.label),
        place: picked[spec.from].place,
        flow: Some(flow),
        quantity: Quantity::from_micros(i64::try_from(micros).unwrap_or(i64::MAX)),
        price: None,
        cost: Money::ZERO,
    })
}

fn meter_lines(problem: &Problem, picked: &[&Choice], metered: &[Metered], meter: usize) -> Vec<Line> {
    let on_meter = || metered.iter().filter(|m| m.ladder.meter == meter);
    let volume: i128 = on_meter().map(|m| m.billable).sum();
    if volume == 0 {
        return Vec::new();
    }
    let pooled: i128 = picked
        .iter()
        .enumerate()
        .filter(|(_, choice)| problem.places[choice.place].provider == meter)
        .map(|(component, choice)| match problem.included_with(component, choice) {
            Included::Pooled(gb) => i128::from(gb.micros()),
            Included::None | Included::Own(_) => 0,
        })
        .sum();
    let mut lines = Vec::new();
    for m in on_meter() {
        let free = volume.min(i128::from(m.ladder.included.micros()) + pooled);
        lines.extend(included_line(problem, picked, m.flow, m.billable * free / volume, "included in the account"));
        for step in 0..m.ladder.steps.len() {
            lines.extend(step_line(problem, picked, m, volume, free, step));
        }
    }
    lines
}

/// The share of a flow in one step of its ladder.
fn step_line(
    problem: &Problem,
    picked: &[&Choice],
    m: &Metered,
    volume: i128,
    free: i128,
    step: usize,
) -> Option<Line> {
    let spec = &problem.flows[m.flow];
    let from = i128::from(m.ladder.steps[step].from.micros());
    let to = m.ladder.steps.get(step + 1).map_or(i128::MAX, |next| i128::from(next.from.micros()));
    let width = (volume - free).min(to) - from;
    if width <= 0 || m.billable == 0 {
        return None;
    }
    let price = m.ladder.steps[step].price;
    let denominator = volume * 1_000_000;
    let exact = m.billable * width * i128::from(price.usd.nanos());
    let cost = (exact + denominator / 2).div_euclid(denominator);
    let quantity = m.billable * width / volume;
    Some(Line {
        component: Some(spec.from),
        item: LineItem::Egress { step },
        detail: format!("to {}", spec.label),
        place: picked[spec.from].place,
        flow: Some(m.flow),
        quantity: Quantity::from_micros(i64::try_from(quantity).unwrap_or(i64::MAX)),
        price: Some(price),
        cost: Money::from_nanos(i64::try_from(cost).unwrap_or(i64::MAX)),
    })
}
