//! From the problem to the model: impossible choices go, choices become values, pairs become edges.

use super::model::{Edge, MeterLimit, Model, NO_LADDER, Part, Rungs, Scale, Signature, Stream, Term, Value};
use super::restrict::Restriction;
use crate::problem::{Choice, ComponentId, FlowTo, Included, Objective, Path, PlaceId, Problem, Route};
use std::collections::BTreeMap;

/// Builds the model, for all restrictions. A component without values proves that nothing satisfies the hard constraints.
pub(super) fn build(problem: &Problem) -> Model<'_> {
    let mut streams = streams(problem);
    let shared: Vec<i128> = problem.shared.iter().map(|s| i128::from(s.charge.cost().nanos())).collect();
    let mut due = Shared::of(problem);
    let alike = &problem.routes.classes(&problem.ladders).ladder;
    let part = |component| part((problem, alike), &streams, &mut due, component);
    let parts: Vec<Part> = (0..problem.components.len()).map(part).collect();
    let edges = edges(problem, &streams);
    for (at, edge) in edges.iter().enumerate() {
        edge.forward.iter().chain(&edge.backward).for_each(|&flow| streams[flow].edge = Some(at));
    }
    let mut model = Model {
        budget: None,
        problem,
        parts,
        ladders: problem.ladders.iter().map(rungs).collect(),
        edges,
        streams,
        weights: Vec::new(),
        slowest: Vec::new(),
        meter_limits: Vec::new(),
        nothing_negative: false,
        internet_is_own: false,
        scale: Scale { shift: 0, latency_first: None, cost_min: 0 },
        shared,
        dues: due.lists,
    };
    set_scale(&mut model);
    model.nothing_negative = nothing_negative(&model);
    model.meter_limits = meter_limits(&model);
    model.internet_is_own = model.parts.iter().all(|part| bill_themselves(&model, part));
    model.budget = problem.budget.filter(|_| model.weighs_latency()).map(|budget| i128::from(budget.nanos()));
    model
}

fn nothing_negative(model: &Model) -> bool {
    let routes = model.problem.routes.kinds().iter().all(|r| !matches!(r, Route::Flat(price) if price.usd.nanos() < 0));
    routes
        && model.parts.iter().all(|part| part.values.iter().all(|v| v.cost >= 0))
        && model.shared.iter().all(|&s| s >= 0)
        && model.ladders.iter().all(|l| l.steps.iter().all(|s| s.1 >= 0))
        && model.problem.paths.iter().all(|path| {
            let entry = path.entry.iter().all(|e| e.1.iter().all(|&us| us >= 0));
            let hops = path.hops.iter().all(|h| h.round_trips_milli >= 0);
            entry && hops && path.constant.micros() >= 0 && path.nanos_per_us >= 0
        })
}

/// Whether the internet traffic of every value is on no other provider's meter than its own.
fn bill_themselves(model: &Model, part: &Part) -> bool {
    let mut last = (usize::MAX, usize::MAX);
    part.values.iter().all(|value| {
        let own = |&ladder: &u16| ladder == NO_LADDER || model.ladders[usize::from(ladder)].meter == value.provider;
        let before = std::mem::replace(&mut last, (value.signature, value.provider));
        // Neighbours are mostly alike.
        before == last || part.signatures[value.signature].ladders.iter().all(own)
    })
}

fn meter_limits(model: &Model) -> Vec<MeterLimit> {
    let volume: i128 = model.streams.iter().map(|s| i128::from(s.volume)).sum();
    let mut limits = vec![MeterLimit { dearest: 0, whole: 0, free: i128::MAX >> 2 }; model.problem.providers.len()];
    for ladder in &model.ladders {
        let limit = &mut limits[ladder.meter];
        limit.dearest = ladder.steps.iter().map(|s| s.1).fold(limit.dearest, i128::max);
        limit.whole = limit.dearest * volume;
        if let Some(step) = ladder.steps.iter().find(|s| s.1 != 0) {
            limit.free = limit.free.min(ladder.included + step.0);
        }
    }
    limits
}

/// The values that a restriction allows, less those that another allowed one dominates.
pub(super) fn domains(model: &Model, restriction: &Restriction) -> Vec<Vec<usize>> {
    let domain = |(component, part): (ComponentId, &Part)| {
        let choices = &model.problem.components[component].choices;
        let sends_nothing = part.sends.is_empty();
        let mut kept: Vec<usize> = Vec::with_capacity(part.values.len());
        // Where the values of the current place begin in `kept`.
        let mut start = 0;
        for (v, value) in part.values.iter().enumerate() {
            let choice = (&choices[value.choice()], value.cost);
            if !restriction.allows(component, value.choice(), choice.0) {
                continue;
            }
            if kept.last().is_some_and(|&last| part.values[last].place != value.place) {
                start = kept.len();
            }
            let of = |&other: &usize| (&choices[part.values[other].choice()], part.values[other].cost);
            if kept[start..].iter().any(|other| dominates(of(other), choice, sends_nothing)) {
                continue;
            }
            let mut at = start;
            while at < kept.len() {
                if dominates(choice, of(&kept[at]), sends_nothing) {
                    kept.remove(at);
                } else {
                    at += 1;
                }
            }
            kept.push(v);
        }
        kept
    };
    model.parts.iter().enumerate().map(domain).collect()
}

fn streams(problem: &Problem) -> Vec<Stream> {
    let to = |to| if let FlowTo::Component(c) = to { Some(c) } else { None };
    problem.flows.iter().map(|f| Stream { from: f.from, to: to(f.to), volume: f.gb.micros(), edge: None }).collect()
}

fn rungs(ladder: &crate::problem::Ladder) -> Rungs {
    Rungs {
        meter: ladder.meter,
        included: i128::from(ladder.included.micros()),
        steps: ladder.steps.iter().map(|s| (i128::from(s.from.micros()), i128::from(s.price.usd.nanos()))).collect(),
    }
}

/// Which shared charges become due together.
struct Shared {
    /// By place: the list of all its charges.
    by_place: Vec<usize>,
    /// Distinct lists, the empty one first.
    lists: Vec<Vec<usize>>,
}

impl Shared {
    fn of(problem: &Problem) -> Self {
        let (mut by_place, mut lists) = (vec![0; problem.places.len()], vec![Vec::new()]);
        for (ordinal, shared) in problem.shared.iter().enumerate() {
            let at = &mut by_place[shared.place];
            if *at == 0 {
                *at = lists.len();
                lists.push(Vec::new());
            }
            lists[*at].push(ordinal);
        }
        Self { by_place, lists }
    }

    /// Those that become due with a choice, as an ordinal in the lists.
    fn due(&mut self, problem: &Problem, choice: &Choice) -> usize {
        let here = self.by_place[choice.place];
        if choice.needs.is_empty() || here == 0 {
            return 0;
        }
        let due = |s: &usize| choice.needs.contains(&problem.shared[*s].need);
        if self.lists[here].iter().all(due) {
            return here;
        }
        let some = self.lists[here].iter().copied().filter(due).collect();
        position_or_push(&mut self.lists, some)
    }
}

fn part(
    (problem, alike): (&Problem, &[usize]),
    streams: &[Stream],
    shared: &mut Shared,
    component: ComponentId,
) -> Part {
    let sent = |f: &usize| streams[*f].from == component;
    let mut part = Part { sends: (0..streams.len()).filter(sent).collect(), ..Part::default() };
    part.internet = part.sends.iter().copied().filter(|&f| streams[f].to.is_none()).collect();
    let alone = Alone::of(problem, component);
    let choices = &problem.components[component].choices;
    part.values.reserve(choices.len());
    let mut here = Here::default();
    for (ordinal, choice) in choices.iter().enumerate() {
        if here.place != Some(choice.place) {
            alone.at((problem, alike), &part, choice.place, &mut here);
        }
        if here.possible
            && !(alone.to_itself
                && choice.active_zones > 1
                && problem.route(choice.place, choice.place) == Route::Unknown)
        {
            let value = value(problem, &mut part, shared, (ordinal, choice), &mut here);
            part.values.push(value);
        }
    }
    part
}

/// What rules and prices concern a component alone.
struct Alone<'a> {
    /// Destination classes of its internet flows.
    classes: Vec<usize>,
    to_itself: bool,
    /// Relations to itself.
    relations: Vec<&'a crate::problem::Relation>,
    /// Bounded paths that begin here: latency by place, own hops, what is left for them.
    paths: Vec<(&'a Path, &'a [i64], i64)>,
}

/// What is true of every choice at a place.
#[derive(Default)]
struct Here {
    place: Option<PlaceId>,
    possible: bool,
    ladders: Vec<u16>,
    digest: u64,
    /// Own allowances of its values so far, each with its class and its signature.
    owns: Vec<(i64, usize, usize)>,
    /// Classes and zones of its values so far, each with its row.
    rows: Vec<(usize, u8, usize)>,
}

impl<'a> Alone<'a> {
    fn of(problem: &'a Problem, component: ComponentId) -> Self {
        let mine = problem.flows.iter().filter(|f| f.from == component);
        let class = |f: &crate::problem::Flow| if let FlowTo::Internet(class) = f.to { Some(class) } else { None };
        let begins = |path: &'a Path| {
            let (entry, by_place) = path.entry.as_ref().filter(|e| e.0 == component)?;
            let left = path.bound?.micros() - path.constant.micros();
            (*entry == component).then_some((path, by_place.as_slice(), left))
        };
        Self {
            classes: mine.clone().filter_map(class).collect(),
            to_itself: mine.clone().any(|f| f.to == FlowTo::Component(component)),
            relations: problem.relations.iter().filter(|r| r.a == component && r.b == component).collect(),
            paths: problem.paths.iter().filter_map(begins).collect(),
        }
    }

    /// Node consistency: rules that concern the component alone.
    fn at(&self, (problem, alike): (&Problem, &[usize]), part: &Part, place: PlaceId, here: &mut Here) {
        let within = |(path, by_place, left): &(&Path, &[i64], i64)| {
            let entry = path.entry.as_ref().map(|e| e.0);
            let own = |h: &&crate::problem::Hop| Some(h.a) == entry && h.a == h.b;
            let rtt =
                |h: &crate::problem::Hop| h.round_trips_milli * problem.rtt_us(path.percentile, place, place) / 1000;
            by_place[place] + path.hops.iter().filter(own).map(rtt).sum::<i64>() <= *left
        };
        let possible = self.classes.iter().all(|&class| problem.internet[class][place] != Route::Unknown)
            && self.relations.iter().all(|r| problem.related(r.kind, place, place))
            && self.paths.iter().all(within);
        let ladder = |&class: &usize| match problem.internet[class][place] {
            Route::Metered(ladder) => u16::try_from(alike[ladder]).expect("fewer than 65,535 ladders"),
            _ => NO_LADDER,
        };
        debug_assert_eq!(part.internet.len(), self.classes.len());
        (here.place, here.possible) = (Some(place), possible);
        here.ladders.clear();
        here.owns.clear();
        here.rows.clear();
        if possible {
            here.ladders.extend(self.classes.iter().map(ladder));
        }
        // FNV-1a.
        here.digest = here
            .ladders
            .iter()
            .fold(0xcbf2_9ce4_8422_2325, |digest, &ladder| (digest ^ u64::from(ladder)).wrapping_mul(0x0100_0000_01b3));
    }
}

/// Whether a choice (with what it costs now) is at most as dear as another in every assignment. A pool never makes anything dearer; an own
/// allowance can (it thins out the account's volume, and with it the share in the cheap steps), so it must be equal.
fn dominates((better, low): (&Choice, i64), (worse, high): (&Choice, i64), sends_nothing: bool) -> bool {
    let includes = match (better.included, worse.included) {
        (Included::Pooled(more), Included::Pooled(less)) => more >= less,
        (Included::Pooled(_), Included::None) => true,
        (a, b) => a == b || (sends_nothing && !matches!(b, Included::Pooled(_))),
    };
    includes
        && low <= high
        && better.active_zones == worse.active_zones
        && better.needs.iter().all(|need| worse.needs.contains(need))
}

fn value(
    problem: &Problem,
    part: &mut Part,
    shared: &mut Shared,
    (ordinal, choice): (usize, &Choice),
    here: &mut Here,
) -> Value {
    let (own, pooled) = match choice.included {
        Included::None => (0, 0),
        Included::Own(gb) => (gb.micros(), 0),
        Included::Pooled(gb) => (0, gb.micros()),
    };
    let (class, signature) = match here.owns.iter().find(|known| known.0 == own) {
        Some(&(_, class, signature)) => (class, signature),
        None => allowance(part, here, own),
    };
    let zones = choice.active_zones;
    let row = here.rows.iter().find(|known| (known.0, known.1) == (class, zones)).map_or(part.rows, |known| known.2);
    if row == part.rows {
        part.rows += 1;
        here.rows.push((class, zones, row));
    }
    let provider = problem.places[choice.place].provider;
    let small = |n: usize| u32::try_from(n).expect("fewer than 2^32 choices");
    let (choice_at, row, due) = (small(ordinal), small(row), small(shared.due(problem, choice)));
    let (place, cost) = (choice.place, choice.cost.nanos());
    Value { place, provider, cost, pooled, signature, class, choice: choice_at, row, due, zones }
}

/// The class and the signature of the values at a place that come with an allowance not met there before.
fn allowance(part: &mut Part, here: &mut Here, own: i64) -> (usize, usize) {
    let class = position_or_push(&mut part.owns, own);
    let Here { ladders, digest, .. } = &*here;
    let same = |known: &Signature| known.class == class && known.digest == *digest && known.ladders.iter().eq(ladders);
    // From the back: neighbours in the price book look alike.
    let signature = part.signatures.iter().rposition(same).unwrap_or_else(|| {
        part.signatures.push(Signature { class, ladders: ladders.clone(), digest: *digest });
        part.signatures.len() - 1
    });
    here.owns.push((own, class, signature));
    (class, signature)
}

fn position_or_push<T: PartialEq>(list: &mut Vec<T>, item: T) -> usize {
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

/// Chooses the weights of latency and the number of bits to drop, so that every sum of bounds stays far below `HARD`.
pub(super) fn set_scale(model: &mut Model) {
    let problem = model.problem;
    let ends = |part: &Part| {
        let first = part.values.first().map_or(0, |v| v.cost);
        part.values.iter().fold((first, first), |(low, high), v| (low.min(v.cost), high.max(v.cost)))
    };
    let add = |sum: (i128, i128), ends: (i64, i64)| (sum.0 + i128::from(ends.0), sum.1 + i128::from(ends.1));
    let (low, high) = model.parts.iter().map(ends).fold((0, 0), add);
    let dearest = model.ladders.iter().flat_map(|l| l.steps.iter().map(|s| s.1));
    let between = model.streams.iter().any(|s| s.to.is_some());
    let flat = problem.routes.kinds().iter().filter(|_| between).map(|route| match route {
        Route::Flat(price) => i128::from(price.usd.nanos()),
        _ => 0,
    });
    let dearest = dearest.chain(flat).max().unwrap_or(0).max(0);
    let volume: i128 = model.streams.iter().map(|s| i128::from(s.volume)).sum();
    let rounding = i128::try_from(model.streams.len() * 64).expect("small");
    let cost_min = low + model.shared.iter().map(|&s| s.min(0)).sum::<i128>();
    let cost_max =
        high + model.shared.iter().map(|&s| s.max(0)).sum::<i128>() + volume * dearest / 1_000_000 + rounding;
    let range = (cost_max - cost_min + 1).max(1);
    let step = (1_i128 << (128 - (range - 1).leading_zeros())).min(1 << 63);
    let latency_first = (problem.objective == Objective::LatencyThenCost).then_some(step);
    let weight = |path: &Path| {
        if path.only_bounded { 0 } else { latency_first.unwrap_or(i128::from(path.nanos_per_us)) }
    };
    model.weights = problem.paths.iter().map(weight).collect();
    let slowest_of = |table: usize| {
        let used = problem.paths.iter().any(|path| path.percentile as usize == table);
        if used { problem.rtt[table].iter().copied().max().unwrap_or(0) } else { 0 }
    };
    let slowest_rtt = [slowest_of(0), slowest_of(1)];
    let slowest = |path: &Path| {
        let rtt = slowest_rtt[path.percentile as usize];
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
