//! Random problems for the solver's tests, built directly as [`Problem`] values.

#![allow(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::needless_range_loop,
    reason = "random test data is small, and its loops build several tables by one ordinal"
)]

pub mod realistic;
pub mod sharing;

use placer::app::{Percentile, RelationKind};
use placer::catalog::{Price, RegionId, SourceId, Unit};
use placer::problem::{
    Charge, ChargeItem, Choice, Component, Flow, FlowTo, Form, Hop, Host, Included, Ladder, Objective, Path, Place,
    Problem, Relation, Route, SharedCharge, SharedNeed, Step,
};
use placer::units::{Latency, Money, Purchase, Quality, Quantity};

/// What a random problem contains.
#[derive(Clone, Copy, Debug, Default)]
pub struct Features {
    pub metered: bool,
    pub unknown: bool,
    pub allowances: bool,
    pub shared: bool,
    pub relations: bool,
    pub paths: bool,
    pub prices_per_us: bool,
    pub budget: bool,
    pub latency_first: bool,
    pub zones: bool,
}

impl Features {
    /// From the bits of a number.
    pub fn from_bits(bits: u16) -> Self {
        let bit = |n: u16| bits >> n & 1 == 1;
        Self {
            metered: bit(0),
            unknown: bit(1),
            allowances: bit(2),
            shared: bit(3),
            relations: bit(4),
            paths: bit(5),
            prices_per_us: bit(6),
            budget: bit(7),
            latency_first: bit(8),
            zones: bit(9),
        }
    }
}

/// A small deterministic generator (splitmix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// In `0..n`.
    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).unwrap()
    }

    /// In `low..=high`.
    pub fn range(&mut self, low: i64, high: i64) -> i64 {
        low + i64::try_from(self.next() % (high - low + 1) as u64).unwrap()
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }
}

pub fn price(nanos: i64) -> Price {
    Price {
        usd: Money::from_nanos(nanos),
        unit: Unit::Gb,
        source: SourceId(0),
        quality: Quality::Listed,
        uncertainty_pct: 0,
    }
}

pub fn charge(item: ChargeItem, cost: Money) -> Charge {
    Charge { item, detail: String::new(), quantity: Quantity::from_units(1), price: price(cost.nanos()), cap: None }
}

pub fn choice(place: usize, cost: i64) -> Choice {
    let cost = Money::from_nanos(cost);
    Choice {
        place,
        offer: String::new(),
        purchase: Purchase::OnDemand,
        count: 1,
        above: Vec::new(),
        form: Form::Machines,
        host: Host::Own,
        charges: vec![charge(ChargeItem::Compute, cost)],
        cost,
        included: Included::None,
        needs: Vec::new(),
        active_zones: 1,
        today: false,
    }
}

pub fn place(provider: usize, ordinal: usize, country: u16) -> Place {
    Place {
        region: RegionId(u16::try_from(ordinal).unwrap()),
        provider,
        provider_name: format!("p{provider}"),
        region_code: format!("r{ordinal}"),
        country,
        zones: 3,
    }
}

pub fn component(name: usize, choices: Vec<Choice>) -> Component {
    Component { name: format!("c{name}"), app_component: name, choices, excluded: Vec::new() }
}

/// Odd nano-dollars on purpose: they make rounding visible.
fn some_price(r: &mut Random) -> i64 {
    match r.below(4) {
        0 => 0,
        1 => r.range(1, 9),
        _ => r.range(1_000_000, 150_000_000),
    }
}

fn small_ladder(r: &mut Random, f: Features, meter: usize) -> Ladder {
    let included = if f.allowances && r.chance(60) { r.range(0, 150_000_000) } else { 0 };
    let mut from = 0;
    let mut steps = Vec::new();
    for _ in 0..=r.below(3) {
        steps.push(Step { from: Quantity::from_micros(from), price: price(some_price(r)) });
        from += r.range(1, 120_000_000);
    }
    Ladder { meter, included: Quantity::from_micros(included), steps }
}

fn route(r: &mut Random, f: Features, provider: usize, ladders: usize, providers: usize, far: bool) -> Route {
    if f.unknown && r.chance(12) {
        return Route::Unknown;
    }
    if f.metered && r.chance(if far { 90 } else { 20 }) {
        // Mostly the meter of the sender; sometimes anything, which the contract does not forbid.
        return Route::Metered(if r.chance(5) {
            r.below(ladders)
        } else {
            provider + providers * r.below(ladders / providers)
        });
    }
    Route::Flat(price(some_price(r)))
}

/// A random problem with at most `components` components of at most `choices` choices each.
pub fn small(seed: u64, components: usize, places: usize, choices: usize, f: Features) -> Problem {
    let r = &mut Random(seed);
    let providers = 1 + r.below(3).min(places - 1);
    let place_of =
        |ordinal: usize, r: &mut Random| place(ordinal % providers, ordinal, u16::try_from(r.below(3)).unwrap());
    let list: Vec<Place> = (0..places).map(|p| place_of(p, r)).collect();
    let ladders: Vec<Ladder> = (0..providers * 2).map(|l| small_ladder(r, f, l % providers)).collect();
    let mut routes = Vec::new();
    for p in 0..places {
        for q in 0..places {
            let far = list[p].provider != list[q].provider;
            routes.push(route(r, f, list[p].provider, ladders.len(), providers, far));
        }
    }
    let internet = (0..2)
        .map(|_| list.iter().map(|p| route(r, f, p.provider, ladders.len(), providers, true)).collect())
        .collect();
    let components: Vec<Component> =
        (0..components).map(|c| component(c, some_choices(r, f, places, choices))).collect();
    let flows = some_flows(r, components.len());
    let mut problem = Problem {
        app: "random".into(),
        providers: (0..providers).map(|p| format!("p{p}")).collect(),
        places: list.into(),
        components,
        flows,
        routes: routes.into(),
        internet,
        ladders: ladders.into(),
        shared: Vec::new().into(),
        groups: Vec::new(),
        relations: Vec::new(),
        paths: Vec::new(),
        rtt: [0, 1].map(|_| (0..places * places).map(|_| u32::try_from(r.range(0, 90_000)).unwrap()).collect()).into(),
        budget: None,
        objective: if f.latency_first { Objective::LatencyThenCost } else { Objective::Cost },
    };
    decorate(r, f, &mut problem);
    problem
}

fn some_choices(r: &mut Random, f: Features, places: usize, most: usize) -> Vec<Choice> {
    let mut choices: Vec<Choice> = (0..=r.below(most))
        .map(|_| {
            let nanos = if r.chance(20) { r.range(0, 5) } else { r.range(0, 20_000_000_000) };
            let mut c = choice(r.below(places), nanos);
            if f.allowances {
                let gb = Quantity::from_micros(r.range(1, 150_000_000));
                c.included = [Included::None, Included::Own(gb), Included::Pooled(gb)][r.below(3)];
            }
            if f.shared && r.chance(60) {
                c.needs = vec![SharedNeed::Nat];
            }
            if f.zones {
                c.active_zones = u8::try_from(r.range(0, 3)).unwrap();
            }
            c
        })
        .collect();
    choices.sort_by_key(|c| (c.place, c.cost));
    choices
}

fn some_flows(r: &mut Random, components: usize) -> Vec<Flow> {
    (0..r.below(2 * components + 2))
        .map(|_| {
            let from = r.below(components);
            let to = if r.chance(40) { FlowTo::Internet(r.below(2)) } else { FlowTo::Component(r.below(components)) };
            let gb = if r.chance(20) { r.range(1, 5) } else { r.range(1, 200_000_000) };
            Flow { from, to, label: String::new(), gb: Quantity::from_micros(gb) }
        })
        .collect()
}

fn decorate(r: &mut Random, f: Features, problem: &mut Problem) {
    let (components, places) = (problem.components.len(), problem.places.len());
    if f.shared {
        let mut gateway = |place| {
            let cost = Money::from_nanos(r.range(0, 9_000_000_000));
            SharedCharge { place, need: SharedNeed::Nat, charge: charge(ChargeItem::NatGateway, cost) }
        };
        problem.shared = (0..places).filter(|p| p % 3 != 2).map(&mut gateway).collect();
    }
    if f.relations {
        use RelationKind as K;
        let kinds = [
            K::SameRegion,
            K::SameProvider,
            K::SameCountry,
            K::DifferentRegion,
            K::DifferentProvider,
            K::DifferentCountry,
        ];
        for _ in 0..=r.below(2) {
            let relation = Relation {
                a: r.below(components),
                b: r.below(components),
                kind: kinds[r.below(6)],
                reason: String::new(),
            };
            problem.relations.push(relation);
        }
    }
    if f.paths || f.latency_first || f.prices_per_us {
        for _ in 0..=r.below(2) {
            problem.paths.push(some_path(r, f, components, places));
        }
    }
    if f.budget {
        problem.budget = Some(Money::from_nanos(r.range(0, 10_000_000_000 * components as i64)));
    }
}

fn some_path(r: &mut Random, f: Features, components: usize, places: usize) -> Path {
    let hop =
        |r: &mut Random| Hop { a: r.below(components), b: r.below(components), round_trips_milli: r.range(0, 3000) };
    let entry = r.chance(60).then(|| (r.below(components), (0..places).map(|_| r.range(0, 100_000)).collect()));
    Path {
        name: String::new(),
        audience: String::new(),
        percentile: if r.chance(50) { Percentile::P50 } else { Percentile::P95 },
        entry,
        hops: (0..r.below(4)).map(|_| hop(r)).collect(),
        constant: Latency::from_micros(r.range(0, 20_000)),
        bound: (f.paths && r.chance(80)).then(|| Latency::from_micros(r.range(10_000, 300_000))),
        nanos_per_us: if f.prices_per_us { r.range(0, 200_000) } else { 0 },
        only_bounded: f.paths && r.chance(15),
    }
}
