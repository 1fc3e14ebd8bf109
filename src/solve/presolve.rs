//! From the problem to the model: impossible and dominated choices go, routes become codes, pairs become edges.

use super::model::{Between, Codes, Edge, Model, NO_LADDER, Part, Rungs, Scale, Signature, Stream, Term, Value};
use super::restrict::Restriction;
use crate::problem::{Choice, ComponentId, FlowTo, Included, Objective, Problem, Route};
use std::collections::BTreeMap;

/// Builds the model. A component without values proves that nothing satisfies the hard constraints.
pub(super) fn build<'a>(problem: &'a Problem, restriction: &Restriction) -> Model<'a> {
    let streams = streams(problem);
    let shared: Vec<i128> = problem.shared.iter().map(|s| i128::from(s.charge.cost().nanos())).collect();
    let by_place = shared_by_place(problem);
    let parts: Vec<Part> = (0..problem.components.len())
        .map(|component| part(problem, restriction, &streams, &by_place, component))
        .collect();
    let ladders: Vec<Rungs> = problem.ladders.iter().map(rungs).collect();
    let edges = edges(problem, &streams);
    let coupled = streams.iter().any(|s| s.to.is_some());
    let codes = if coupled { codes(problem) } else { Codes { ladders: ladders.len(), ..Codes::default() } };
    let mut model = Model {
        budget: None,
        problem,
        parts,
        streams,
        edges,
        codes,
        ladders,
        weights: Vec::new(),
        slowest: Vec::new(),
        scale: Scale { shift: 0, latency_first: None, cost_min: 0 },
        shared,
    };
    set_scale(&mut model);
    model.budget = problem.budget.filter(|_| model.weighs_latency()).map(|budget| i128::from(budget.nanos()));
    model
}

fn streams(problem: &Problem) -> Vec<Stream> {
    let to = |to| if let FlowTo::Component(c) = to { Some(c) } else { None };
    problem.flows.iter().map(|f| Stream { from: f.from, to: to(f.to), volume: f.gb.micros() }).collect()
}

fn rungs(ladder: &crate::problem::Ladder) -> Rungs {
    Rungs {
        meter: ladder.meter,
        included: i128::from(ladder.included.micros()),
        steps: ladder.steps.iter().map(|s| (i128::from(s.from.micros()), i128::from(s.price.usd.nanos()))).collect(),
    }
}

fn shared_by_place(problem: &Problem) -> Vec<Vec<usize>> {
    let mut by_place = vec![Vec::new(); problem.places.len()];
    for (ordinal, shared) in problem.shared.iter().enumerate() {
        by_place[shared.place].push(ordinal);
    }
    by_place
}

fn part(
    problem: &Problem,
    restriction: &Restriction,
    streams: &[Stream],
    shared: &[Vec<usize>],
    component: ComponentId,
) -> Part {
    let sent = |f: &usize| streams[*f].from == component;
    let mut part = Part { sends: (0..streams.len()).filter(sent).collect(), ..Part::default() };
    part.internet = part.sends.iter().copied().filter(|&f| streams[f].to.is_none()).collect();
    let sends_nothing = part.sends.is_empty();
    let choices = &problem.components[component].choices;
    let mut kept: Vec<usize> = Vec::new();
    for (ordinal, choice) in choices.iter().enumerate() {
        if !restriction.allows(component, ordinal, choice) || !possible_alone(problem, component, choice) {
            continue;
        }
        let rival = |&other: &usize| dominates(&choices[other], choice, sends_nothing);
        if kept.iter().rev().take_while(|&&other| choices[other].place == choice.place).any(rival) {
            continue;
        }
        kept.retain(|&other| {
            choices[other].place != choice.place || !dominates(choice, &choices[other], sends_nothing)
        });
        kept.push(ordinal);
    }
    for ordinal in kept {
        let value = value(problem, &mut part, shared, ordinal, &choices[ordinal]);
        part.values.push(value);
    }
    number_rows(&mut part);
    part
}

fn number_rows(part: &mut Part) {
    let mut known = BTreeMap::new();
    for value in &mut part.values {
        let next = known.len();
        value.row = *known.entry((value.place, value.class, value.zones)).or_insert(next);
    }
    part.rows = known.len();
}

/// Whether a choice is at most as dear as another in every assignment. A pool never makes anything dearer; an own
/// allowance can (it thins out the account's volume, and with it the share in the cheap steps), so it must be equal.
fn dominates(better: &Choice, worse: &Choice, sends_nothing: bool) -> bool {
    let includes = match (better.included, worse.included) {
        (Included::Pooled(more), Included::Pooled(less)) => more >= less,
        (Included::Pooled(_), Included::None) => true,
        (a, b) => a == b || (sends_nothing && !matches!(b, Included::Pooled(_))),
    };
    includes
        && better.place == worse.place
        && better.cost <= worse.cost
        && better.active_zones == worse.active_zones
        && better.needs.iter().all(|need| worse.needs.contains(need))
}

/// Node consistency: rules that concern the component alone.
fn possible_alone(problem: &Problem, component: ComponentId, choice: &Choice) -> bool {
    let place = choice.place;
    let routes = problem.flows.iter().filter(|f| f.from == component).all(|flow| match flow.to {
        FlowTo::Internet(class) => problem.internet[class][place] != Route::Unknown,
        FlowTo::Component(to) if to == component && choice.active_zones > 1 => {
            problem.route(place, place) != Route::Unknown
        }
        FlowTo::Component(_) => true,
    });
    let itself = |r: &&crate::problem::Relation| r.a == component && r.b == component;
    let relations = problem.relations.iter().filter(itself).all(|r| problem.related(r.kind, place, place));
    routes && relations && problem.paths.iter().all(|path| within_alone(problem, path, component, choice))
}

fn within_alone(problem: &Problem, path: &crate::problem::Path, component: ComponentId, choice: &Choice) -> bool {
    let (Some(bound), Some((entry, by_place))) = (path.bound, &path.entry) else { return true };
    let own = |h: &&crate::problem::Hop| h.a == component && h.b == component;
    let rtt = problem.rtt_us(path.percentile, choice.place, choice.place);
    let hops: i64 = path.hops.iter().filter(own).map(|h| h.round_trips_milli * rtt / 1000).sum();
    *entry != component || path.constant.micros() + by_place[choice.place] + hops <= bound.micros()
}

fn value(problem: &Problem, part: &mut Part, shared: &[Vec<usize>], ordinal: usize, choice: &Choice) -> Value {
    let (own, pooled) = match choice.included {
        Included::None => (0, 0),
        Included::Own(gb) => (gb.micros(), 0),
        Included::Pooled(gb) => (0, gb.micros()),
    };
    let class = position_or_push(&mut part.owns, own);
    let ladder = |&flow: &usize| match problem.flows[flow].to {
        FlowTo::Internet(class) => match problem.internet[class][choice.place] {
            Route::Metered(ladder) => u16::try_from(ladder).expect("fewer than 65,535 ladders"),
            _ => NO_LADDER,
        },
        FlowTo::Component(_) => NO_LADDER,
    };
    let ladders = part.internet.iter().map(ladder).collect();
    let signature = position_or_push(&mut part.signatures, Signature { class, ladders });
    let due = |&s: &usize| choice.needs.contains(&problem.shared[s].need);
    Value {
        choice: ordinal,
        place: choice.place,
        provider: problem.places[choice.place].provider,
        cost: i128::from(choice.cost.nanos()),
        own,
        pooled,
        zones: choice.active_zones,
        shared: shared[choice.place].iter().copied().filter(due).collect(),
        signature,
        class,
        row: 0,
    }
}

fn position_or_push<T: PartialEq>(list: &mut Vec<T>, item: T) -> usize {
    // From the back: neighbours in the price book look alike.
    list.iter().rposition(|known| *known == item).unwrap_or_else(|| {
        list.push(item);
        list.len() - 1
    })
}

fn edges(problem: &Problem, streams: &[Stream]) -> Vec<Edge> {
    let mut edges: BTreeMap<(ComponentId, ComponentId), Edge> = BTreeMap::new();
    let mut edge = |x: ComponentId, y: ComponentId, f: &mut dyn FnMut(&mut Edge, bool)| {
        let (a, b) = (x.min(y), x.max(y));
        let fresh =
            || Edge { a, b, forward: Vec::new(), backward: Vec::new(), relations: Vec::new(), terms: Vec::new() };
        f(edges.entry((a, b)).or_insert_with(fresh), x > y);
    };
    for (flow, stream) in streams.iter().enumerate() {
        let Some(to) = stream.to.filter(|&to| to != stream.from) else { continue };
        edge(stream.from, to, &mut |e, back| if back { e.backward.push(flow) } else { e.forward.push(flow) });
    }
    for relation in problem.relations.iter().filter(|r| r.a != r.b) {
        edge(relation.a, relation.b, &mut |e, _| {
            if !e.relations.contains(&relation.kind) {
                e.relations.push(relation.kind);
            }
        });
    }
    for (path, spec) in problem.paths.iter().enumerate() {
        let percentile = spec.percentile as usize;
        for hop in spec.hops.iter().filter(|h| h.a != h.b && h.round_trips_milli != 0) {
            let round_trips_milli = hop.round_trips_milli;
            edge(hop.a, hop.b, &mut |e, backward| {
                e.terms.push(Term { path, percentile, round_trips_milli, backward });
            });
        }
    }
    edges.into_values().collect()
}

fn codes(problem: &Problem) -> Codes {
    let places = problem.places.len();
    let ladders = problem.ladders.len();
    let mut flat: Vec<i64> = Vec::new();
    let mut known: BTreeMap<i64, u16> = BTreeMap::new();
    let small = |n: usize| u16::try_from(n).expect("fewer than 65,535 prices between places");
    let mut code = |route: Route| match route {
        Route::Metered(ladder) => small(ladder),
        Route::Unknown => u16::MAX,
        Route::Flat(price) => *known.entry(price.usd.nanos()).or_insert_with(|| {
            flat.push(price.usd.nanos());
            small(ladders + flat.len() - 1)
        }),
    };
    let mut forward: Vec<u16> = problem.routes.iter().map(&mut code).collect();
    let unknown = small(ladders + flat.len());
    let mut backward = vec![0; forward.len()];
    for p in 0..places {
        for q in 0..places {
            let code = &mut forward[p * places + q];
            *code = (*code).min(unknown);
            backward[q * places + p] = *code;
        }
    }
    let codes = Codes { places, forward, backward, ladders, flat, ..Codes::default() };
    with_meters(problem, codes)
}

/// Adds what is known about meters per place and per pair of providers.
fn with_meters(problem: &Problem, mut codes: Codes) -> Codes {
    let (places, providers) = (codes.places, problem.providers.len());
    codes.providers = providers;
    codes.out = vec![Vec::new(); places];
    codes.between = vec![Between { may: Vec::new(), always: true }; providers * providers];
    codes.meter_is_provider = true;
    for p in 0..places {
        let from = problem.places[p].provider;
        let mut last = u16::MAX;
        for q in 0..places {
            let code = codes.forward[p * places + q];
            let between = &mut codes.between[from * providers + problem.places[q].provider];
            if usize::from(code) >= codes.ladders {
                between.always = false;
                continue;
            }
            // Traffic inside a zone is free, whatever the route says.
            between.always &= p != q;
            let meter = problem.ladders[usize::from(code)].meter;
            codes.meter_is_provider &= meter == from;
            if !between.may.contains(&meter) {
                between.may.push(meter);
            }
            if code != last && !codes.out[p].contains(&code) {
                codes.out[p].push(code);
            }
            last = code;
        }
    }
    codes
}

/// Chooses the weights of latency and the number of bits to drop, so that every sum of bounds stays far below `HARD`.
fn set_scale(model: &mut Model) {
    let problem = model.problem;
    let spread = |pick: fn(&mut dyn Iterator<Item = i128>) -> Option<i128>| -> i128 {
        model.parts.iter().map(|p| pick(&mut p.values.iter().map(|v| v.cost)).unwrap_or(0)).sum()
    };
    let dearest = model.ladders.iter().flat_map(|l| l.steps.iter().map(|s| s.1));
    let dearest = dearest.chain(model.codes.flat.iter().map(|&p| i128::from(p))).max().unwrap_or(0).max(0);
    let volume: i128 = model.streams.iter().map(|s| i128::from(s.volume)).sum();
    let rounding = i128::try_from(model.streams.len() * 64).expect("small");
    let cost_min = spread(|costs| costs.min()) + model.shared.iter().map(|&s| s.min(0)).sum::<i128>();
    let cost_max = spread(|costs| costs.max())
        + model.shared.iter().map(|&s| s.max(0)).sum::<i128>()
        + volume * dearest / 1_000_000
        + rounding;
    let range = (cost_max - cost_min + 1).max(1);
    let step = (1_i128 << (128 - (range - 1).leading_zeros())).min(1 << 63);
    let latency_first = (problem.objective == Objective::LatencyThenCost).then_some(step);
    let weight = |path: &crate::problem::Path| {
        if path.only_bounded { 0 } else { latency_first.unwrap_or(i128::from(path.nanos_per_us)) }
    };
    model.weights = problem.paths.iter().map(weight).collect();
    let slowest = |path: &crate::problem::Path| {
        let rtt = problem.rtt[path.percentile as usize].iter().copied().max().unwrap_or(0);
        let entry = path.entry.as_ref().and_then(|e| e.1.iter().copied().max()).unwrap_or(0);
        let hops: i64 = path.hops.iter().map(|h| h.round_trips_milli * i64::from(rtt) / 1000).sum();
        i128::from(path.constant.micros() + entry + hops)
    };
    model.slowest = problem.paths.iter().map(slowest).collect();
    let latency: i128 = model.slowest.iter().zip(&model.weights).map(|(&us, &w)| w * us).sum();
    let largest = cost_max.abs().max(cost_min.abs()) + latency;
    let bits = 128 - largest.leading_zeros();
    model.scale = Scale { shift: bits.saturating_sub(57), latency_first, cost_min };
}
