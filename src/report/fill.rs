//! From a recommendation to its canonical form.

use super::{Baseline, BaselineKind, Conflict, Decision, Outcome, Placed, Recommendation, notes, scope, wire};
use crate::app::{App, Objective as Aim};
use crate::catalog::{Price, PriceBook, Unit};
use crate::problem::{Above, Bill, Choice, FlowTo, Host, Included, Line, LineItem, Objective, PlaceId, Problem, Route};
use crate::units::{Latency, Money, Quality, Quantity, format_scaled};

/// Everything that the parts of a report are made from.
struct Source<'a> {
    app: &'a App,
    book: &'a PriceBook,
    problem: &'a Problem,
    placed: &'a Placed,
    picked: Vec<&'a Choice>,
}

/// The canonical form of a recommendation.
pub(super) fn report(recommendation: &Recommendation, app: &App, book: &PriceBook) -> wire::Report {
    let problem = &recommendation.problem;
    let empty = wire::Report {
        version: wire::VERSION,
        app: problem.app.clone(),
        status: wire::Status::Infeasible,
        decision: None,
        total_usd_month: None,
        lower_bound_usd_month: None,
        objective: None,
        savings: None,
        bills: None,
        components: Vec::new(),
        lines: Vec::new(),
        transfers: Vec::new(),
        paths: Vec::new(),
        baselines: Vec::new(),
        quality: Vec::new(),
        excluded: scope::excluded(problem),
        notes: Vec::new(),
        assumptions: scope::assumptions(app),
        price_book: wire::PriceBook {
            as_of: book.as_of.clone(),
            oldest: book.oldest().to_owned(),
            digest: book.digest.clone(),
        },
        conflict: None,
    };
    match &recommendation.outcome {
        Outcome::Infeasible(conflict) => wire::Report { conflict: Some(conflict_of(conflict)), ..empty },
        Outcome::Placed(placed) => {
            let picked = problem.picked(&placed.assignment);
            filled(&Source { app, book, problem, placed, picked }, empty)
        }
    }
}

fn filled(source: &Source, empty: wire::Report) -> wire::Report {
    let placed = source.placed;
    let bill = &placed.bill;
    wire::Report {
        status: if placed.optimal { wire::Status::Optimal } else { wire::Status::Feasible },
        decision: Some(decision(source)),
        total_usd_month: Some(bill.total.to_decimal()),
        lower_bound_usd_month: Some(dollars(placed.cost_bound)),
        objective: Some(objective(source)),
        savings: savings(placed),
        bills: Some(wire::Bills {
            low_usd_month: placed.low.map(Money::to_decimal),
            typical_usd_month: bill.total.to_decimal(),
            high_usd_month: placed.high.map(Money::to_decimal),
        }),
        components: (0..source.picked.len()).map(|component| component_of(source, component)).collect(),
        lines: bill.lines.iter().map(|line| line_of(source, line)).collect(),
        transfers: transfers(source),
        paths: (0..source.problem.paths.len()).map(|path| path_of(source.problem, bill, path)).collect(),
        baselines: placed.baselines.iter().map(|baseline| baseline_of(source, baseline)).collect(),
        quality: quality(bill),
        notes: notes::unbounded_links(source.app, source.problem, |component| source.picked[component].place),
        ..empty
    }
}

/// `numerator / denominator` in percent with one digit.
pub(super) fn percent(numerator: i128, denominator: i128) -> f64 {
    if denominator == 0 {
        return 0.0;
    }
    let thousandths = (numerator * 2000 + denominator).div_euclid(denominator * 2);
    #[expect(clippy::cast_precision_loss, reason = "shown with one digit; far below 2^52")]
    let pct = thousandths as f64 / 10.0;
    pct
}

fn percent_of(part: Money, whole: Money) -> f64 {
    percent(i128::from(part.nanos()), i128::from(whole.nanos()))
}

/// Nano-dollars of an objective as decimal dollars.
fn dollars(nanos: i128) -> String {
    let clamped = i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX });
    Money::from_nanos(clamped).to_decimal()
}

fn objective(source: &Source) -> wire::Objective {
    let (value, bound) = (source.placed.bill.objective, source.placed.lower_bound);
    let kind = match source.app.objective {
        Aim::Cost => "cost",
        Aim::Latency => "latency",
        Aim::CostAndLatency => "cost_and_latency",
    };
    if source.problem.objective == Objective::LatencyThenCost {
        // Latency weighs 2^63 nano-dollars a microsecond and no bill reaches that, so the two parts come apart again.
        let millis = |objective: i128| format_scaled(i64::try_from(objective >> 63).unwrap_or(i64::MAX), 3, 0);
        return wire::Objective {
            kind: kind.into(),
            value: millis(value),
            lower_bound: millis(bound),
            unit: "ms".into(),
            gap_pct: percent(value - bound, value),
            note: Some("the sum of all paths' latencies; among placements with the same sum, the cheapest".into()),
        };
    }
    let priced = !super::is_pure_cost(source.problem);
    wire::Objective {
        kind: kind.into(),
        value: dollars(value),
        lower_bound: dollars(bound),
        unit: "usd_month".into(),
        gap_pct: percent(value - bound, value),
        note: priced.then(|| {
            "the bill plus each path's latency times its price per millisecond; the lower bound holds for that sum, \
             not for the bill alone"
                .into()
        }),
    }
}

fn today(placed: &Placed) -> Option<&Baseline> {
    placed.baselines.iter().find(|baseline| baseline.kind == BaselineKind::Today)
}

fn savings(placed: &Placed) -> Option<wire::Savings> {
    let now = today(placed)?.total?;
    let saved = now - placed.bill.total;
    let pct = percent_of(saved, now);
    Some(wire::Savings { today_usd_month: now.to_decimal(), usd_month: saved.to_decimal(), pct })
}

fn decision(source: &Source) -> wire::Decision {
    let (action, reason) = match source.placed.decision {
        Decision::New => (wire::Action::New, "the application states no placement of today".to_owned()),
        Decision::Stay if source.placed.optimal => {
            (wire::Action::Stay, "no placement that keeps the requirements is better than today's".to_owned())
        }
        Decision::Stay => (wire::Action::Stay, "no better placement than today's was found".to_owned()),
        Decision::Move => (wire::Action::Move, reason_to_move(source)),
    };
    wire::Decision { action, reason }
}

fn reason_to_move(source: &Source) -> String {
    let placed = source.placed;
    let Some(now) = today(placed) else { return "a better placement exists".into() };
    let stays = source.picked.iter().filter(|choice| choice.today).count();
    let parts = format!("{} of {} components change", source.picked.len() - stays, source.picked.len());
    match (now.breaks.first(), now.total) {
        (Some(broken), _) => format!("today's placement does not keep the requirements: {broken}; {parts}"),
        (None, Some(total)) if total > placed.bill.total => {
            format!("the same application costs {} less; {parts}", total - placed.bill.total)
        }
        (None, Some(_)) => format!("the recommended placement is faster; {parts}"),
        (None, None) => format!("today's traffic has no known price; {parts}"),
    }
}

fn place_name(problem: &Problem, place: PlaceId) -> String {
    let place = &problem.places[place];
    format!("{}:{}", place.provider_name, place.region_code)
}

fn component_of(source: &Source, component: usize) -> wire::Component {
    let (problem, placed) = (source.problem, source.placed);
    let (spec, choice) = (&problem.components[component], source.picked[component]);
    let bought = problem.bought(&placed.assignment, component);
    let place = &problem.places[choice.place];
    let own = || placed.bill.lines.iter().filter(|line| line.component == Some(component));
    let transfer: Money = own().filter(|line| line.flow.is_some()).map(|line| line.cost).sum();
    wire::Component {
        name: spec.name.clone(),
        kind: source.app.components[spec.app_component].kind.as_str().into(),
        provider: place.provider_name.clone(),
        region: place.region_code.clone(),
        offer: bought.offer.clone(),
        purchase: bought.purchase.as_str().into(),
        count: choice.count,
        above_base: choice.above.iter().copied().map(above_base).collect(),
        form: choice.form.as_str().into(),
        shares_machine_with: mates(source, component),
        usd_month: own().map(|line| line.cost).sum::<Money>().to_decimal(),
        transfer_usd_month: transfer.to_decimal(),
        usage_based: own().any(|line| usage_based(line) && line.cost != Money::ZERO),
        today: choice.today,
        latency: tightest_path(problem, &placed.bill, component),
        runner_up: runner_up(source, component),
    }
}

fn above_base(above: Above) -> wire::AboveBase {
    wire::AboveBase { purchase: above.purchase.as_str().into(), count: above.count }
}

/// Who else is on a component's shared machine.
fn mates(source: &Source, component: usize) -> Vec<String> {
    let all = source.problem.hosted(&source.placed.assignment);
    let Some(hosted) = all.iter().find(|hosted| hosted.components().any(|c| c == component)) else {
        return Vec::new();
    };
    let others = hosted.components().filter(|&c| c != component);
    others.map(|c| source.problem.components[c].name.clone()).collect()
}

/// The path through a component with the least slack; a path with a bound goes before one without.
fn tightest_path(problem: &Problem, bill: &Bill, component: usize) -> Option<wire::Path> {
    let through = |path: &crate::problem::Path| {
        path.entry.as_ref().is_some_and(|(entry, _)| *entry == component)
            || path.hops.iter().any(|hop| hop.a == component || hop.b == component)
    };
    let slack = |&at: &usize| {
        let latency = bill.path_latency_us[at];
        match problem.paths[at].bound {
            Some(bound) => (0, bound.micros() - latency, at),
            None => (1, -latency, at),
        }
    };
    let tightest = (0..problem.paths.len()).filter(|&at| through(&problem.paths[at])).min_by_key(slack)?;
    Some(path_of(problem, bill, tightest))
}

fn path_of(problem: &Problem, bill: &Bill, at: usize) -> wire::Path {
    let path = &problem.paths[at];
    wire::Path {
        name: path.name.clone(),
        audience: path.audience.clone(),
        percentile: path.percentile.as_str().into(),
        latency_ms: Latency::from_micros(bill.path_latency_us[at]).millis(),
        bound_ms: path.bound.map(Latency::millis),
    }
}

fn runner_up(source: &Source, component: usize) -> Option<wire::RunnerUp> {
    let found = source.placed.runner_ups.get(component)?.as_ref()?;
    let choice = &source.problem.components[component].choices[found.choice];
    let place = &source.problem.places[choice.place];
    Some(wire::RunnerUp {
        provider: place.provider_name.clone(),
        region: place.region_code.clone(),
        offer: match choice.host {
            Host::Joins(leader) => format!("shared with {}", source.problem.components[leader].name),
            Host::Own | Host::Leads(_) => choice.offer.clone(),
        },
        purchase: choice.purchase.as_str().into(),
        total_usd_month: found.total.to_decimal(),
        difference_usd_month: (found.total - source.placed.bill.total).to_decimal(),
        optimal: found.optimal,
    })
}

fn usage_based(line: &Line) -> bool {
    match line.item {
        LineItem::Charge(item) | LineItem::Shared(item) => item.is_usage_based(),
        LineItem::TransferZone | LineItem::TransferRegion | LineItem::EgressIncluded | LineItem::Egress { .. } => true,
    }
}

fn item_name(item: LineItem) -> &'static str {
    match item {
        LineItem::Charge(item) | LineItem::Shared(item) => item.as_str(),
        LineItem::TransferZone => "transfer_zone",
        LineItem::TransferRegion => "transfer_region",
        LineItem::EgressIncluded => "egress_included",
        LineItem::Egress { .. } => "egress",
    }
}

/// The price of a line; for included traffic a stated zero whose source is what it is included in.
fn price_of(source: &Source, line: &Line) -> Price {
    line.price.unwrap_or_else(|| Price {
        usd: Money::ZERO,
        unit: Unit::Gb,
        source: includer(source, line).map_or(crate::catalog::SourceId(0), |price| price.source),
        quality: Quality::Listed,
        uncertainty_pct: 0,
    })
}

/// The price that included traffic comes with: the server's own, else the ladder's.
fn includer(source: &Source, line: &Line) -> Option<Price> {
    let component = line.component?;
    let sender = source.picked[component];
    let unit = Problem::allowance_unit(component, sender);
    if matches!(source.problem.included_with(unit, source.picked[unit]), Included::Own(_)) {
        let hosted = source.problem.hosted(&source.placed.assignment);
        let machine = hosted.iter().find(|hosted| hosted.leader == unit).map(|hosted| hosted.machine.charge.price);
        return machine.or_else(|| sender.charges.first().map(|charge| charge.price));
    }
    match route_of(source, line.flow?) {
        Route::Metered(ladder) => source.problem.ladders[ladder].steps.first().map(|step| step.price),
        Route::Flat(price) => Some(price),
        Route::Unknown => None,
    }
}

/// The route of a flow in the placement.
fn route_of(source: &Source, flow: usize) -> Route {
    let spec = &source.problem.flows[flow];
    let from = source.picked[spec.from].place;
    match spec.to {
        FlowTo::Internet(class) => source.problem.internet[class][from],
        FlowTo::Component(to) => source.problem.route(from, source.picked[to].place),
    }
}

fn line_of(source: &Source, line: &Line) -> wire::Line {
    let price = price_of(source, line);
    let origin = source.book.source(price.source);
    let place = &source.problem.places[line.place];
    wire::Line {
        component: line.component.map(|component| source.problem.components[component].name.clone()),
        item: item_name(line.item).into(),
        detail: line.detail.clone(),
        provider: place.provider_name.clone(),
        region: place.region_code.clone(),
        quantity: line.quantity.to_decimal(),
        unit: price.unit.as_str().into(),
        unit_usd: price.usd.to_decimal(),
        usd_month: line.cost.to_decimal(),
        capped: line.flow.is_none() && line.cost < price.usd.times(line.quantity),
        source: origin.text.clone(),
        // What the application itself states is as new as the book that it is priced with.
        as_of: if origin.as_of.is_empty() { source.book.as_of.clone() } else { origin.as_of.clone() },
        quality: price.quality.as_str().into(),
        uncertainty_pct: price.uncertainty_pct,
        usage_based: usage_based(line),
    }
}

/// Every flow by price: its lines of the bill, then what stays inside a zone.
fn transfers(source: &Source) -> Vec<wire::Transfer> {
    let lines = &source.placed.bill.lines;
    let mut all = Vec::new();
    for (flow, spec) in source.problem.flows.iter().enumerate() {
        let mine = || lines.iter().filter(move |line| line.flow == Some(flow));
        all.extend(mine().map(|line| transfer_of(source, flow, line)));
        let same_place = matches!(spec.to, FlowTo::Component(to)
            if source.picked[to].place == source.picked[spec.from].place);
        let inside = spec.gb.minus(mine().map(|line| line.quantity).sum());
        if same_place && inside > Quantity::ZERO {
            all.push(wire::Transfer { gb: inside.to_decimal(), ..free_transfer(source, flow) });
        }
    }
    all
}

/// A transfer that stays inside one zone, which is free everywhere.
fn free_transfer(source: &Source, flow: usize) -> wire::Transfer {
    let spec = &source.problem.flows[flow];
    let to_place = match spec.to {
        FlowTo::Component(to) => Some(place_name(source.problem, source.picked[to].place)),
        FlowTo::Internet(_) => None,
    };
    wire::Transfer {
        from: source.problem.components[spec.from].name.clone(),
        from_place: place_name(source.problem, source.picked[spec.from].place),
        to: spec.label.clone(),
        to_place,
        gb: spec.gb.to_decimal(),
        tier: "same zone".into(),
        unit_usd: Money::ZERO.to_decimal(),
        usd_month: Money::ZERO.to_decimal(),
        quality: Quality::Listed.as_str().into(),
    }
}

fn transfer_of(source: &Source, flow: usize, line: &Line) -> wire::Transfer {
    let price = price_of(source, line);
    wire::Transfer {
        gb: line.quantity.to_decimal(),
        tier: tier(source, flow, line.item),
        unit_usd: price.usd.to_decimal(),
        usd_month: line.cost.to_decimal(),
        quality: price.quality.as_str().into(),
        ..free_transfer(source, flow)
    }
}

fn tier(source: &Source, flow: usize, item: LineItem) -> String {
    match item {
        LineItem::TransferZone => "other zone".into(),
        LineItem::TransferRegion => "other region".into(),
        LineItem::EgressIncluded => "included".into(),
        LineItem::Egress { step } => match route_of(source, flow) {
            Route::Metered(ladder) => step_words(&source.problem.ladders[ladder].steps, step),
            Route::Flat(_) | Route::Unknown => "internet".into(),
        },
        LineItem::Charge(_) | LineItem::Shared(_) => String::new(),
    }
}

/// A step of a ladder as people read it: `all`, `0-10 TB`, `over 150 TB`.
fn step_words(steps: &[crate::problem::Step], step: usize) -> String {
    let from = steps[step].from;
    match steps.get(step + 1) {
        None if from == Quantity::ZERO => "internet".into(),
        None => format!("internet, over {} GB", from.to_decimal()),
        Some(next) => format!("internet, {}-{} GB", from.to_decimal(), next.from.to_decimal()),
    }
}

fn baseline_of(source: &Source, baseline: &Baseline) -> wire::Baseline {
    let provider_name = |at: usize| source.problem.providers[at].clone();
    let (name, provider) = match baseline.kind {
        BaselineKind::Today => ("today", None),
        BaselineKind::SingleProvider(at) => ("cheapest_single_provider", at.map(provider_name)),
        BaselineKind::Greedy => ("per_component_greedy", None),
    };
    let saving = baseline.total.map(|total| total - source.placed.bill.total);
    let picks = baseline.picks.iter().map(|pick| wire::BaselineComponent {
        name: pick.name.clone(),
        provider: pick.provider.clone(),
        region: pick.region.clone(),
        offer: pick.offer.clone(),
        purchase: pick.purchase.as_str().into(),
        count: pick.count,
    });
    wire::Baseline {
        name: name.into(),
        provider,
        total_usd_month: baseline.total.map(Money::to_decimal),
        saving_usd_month: saving.map(Money::to_decimal),
        saving_pct: saving.zip(baseline.total).map(|(saving, total)| percent_of(saving, total)),
        valid: baseline.total.is_some() && baseline.breaks.is_empty(),
        breaks: baseline.breaks.clone(),
        note: baseline.note.clone(),
        components: picks.collect(),
    }
}

fn quality(bill: &Bill) -> Vec<wire::QualityShare> {
    let share = |quality: Quality| {
        let of_quality = || {
            let priced = bill.lines.iter().filter_map(|line| Some((line.cost, line.price?)));
            priced.filter(move |(_, price)| price.quality == quality)
        };
        let sum: Money = of_quality().map(|(cost, _)| cost).sum();
        let weighted: i128 =
            of_quality().map(|(cost, price)| i128::from(cost.nanos()) * i128::from(price.uncertainty_pct)).sum();
        wire::QualityShare {
            quality: quality.as_str().into(),
            usd_month: sum.to_decimal(),
            pct: percent_of(sum, bill.total),
            uncertainty_pct: percent(weighted, i128::from(sum.nanos()) * 100),
        }
    };
    [Quality::Listed, Quality::Derived, Quality::Estimated].map(share).into()
}

fn conflict_of(conflict: &Conflict) -> wire::Conflict {
    let requirement = |item: &super::ConflictItem| wire::Requirement {
        kind: item.kind.into(),
        text: item.text.clone(),
        total_without_usd_month: item.total_without.map(Money::to_decimal),
        would_need: item.would_need.clone(),
    };
    let bare = |(component, reasons): &(String, Vec<(String, u64)>)| wire::WithoutOffer {
        component: component.clone(),
        reasons: reasons
            .iter()
            .map(|(reason, offers)| wire::Excluded {
                scope: "offers".into(),
                component: Some(component.clone()),
                reason: reason.clone(),
                offers: Some(*offers),
            })
            .collect(),
    };
    wire::Conflict {
        requirements: conflict.items.iter().map(requirement).collect(),
        irreducible: conflict.irreducible,
        without_offer: conflict.without_offer.iter().map(bare).collect(),
    }
}
