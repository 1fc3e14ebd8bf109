//! Random problems with the structure of real ones: providers with regions on a globe, correlated prices, tiered egress
//! with allowances, NAT gateways, users on several continents, a chain of services with data stores, latency bounds.

use super::{Random, charge, choice, component, place, price};
use placer::app::{Percentile, RelationKind};
use placer::problem::{
    ChargeItem, Choice, Component, Flow, FlowTo, Hop, Included, Ladder, Objective, Path, Place, Problem, Relation,
    Route, SharedCharge, SharedNeed, Step,
};
use placer::units::{Latency, Money, Quantity};

/// What kind of application.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    pub components: usize,
    pub places: usize,
    /// Extra links that close cycles.
    pub cycles: usize,
    /// Scale of the traffic: 100 is a small shop.
    pub traffic: i64,
    pub bounds: bool,
    pub latency_first: bool,
    pub relations: bool,
    pub price_per_us: i64,
    pub budget: Option<i64>,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            components: 6,
            places: 300,
            cycles: 0,
            traffic: 100,
            bounds: true,
            latency_first: false,
            relations: false,
            price_per_us: 0,
            budget: None,
        }
    }
}

/// A provider: share of the regions, price level in percent, egress in micro-dollars per GB, what is included.
struct Seller {
    regions: usize,
    level: i64,
    egress: &'static [(i64, i64)],
    included_gb: i64,
    own_gb: i64,
    pooled_gb: i64,
    between_regions: Option<i64>,
    nat: bool,
}

const fn seller(regions: usize, level: i64, egress: &'static [(i64, i64)]) -> Seller {
    Seller {
        regions,
        level,
        egress,
        included_gb: 0,
        own_gb: 0,
        pooled_gb: 0,
        between_regions: Some(10_000),
        nat: false,
    }
}

const SELLERS: [Seller; 12] = [
    Seller {
        included_gb: 100,
        between_regions: Some(20_000),
        nat: true,
        ..seller(34, 100, &[(0, 90_000), (10_240, 85_000), (51_200, 70_000), (153_600, 50_000)])
    },
    Seller {
        included_gb: 100,
        nat: true,
        between_regions: Some(20_000),
        ..seller(55, 103, &[(0, 87_000), (10_000, 83_000), (50_000, 70_000)])
    },
    Seller {
        nat: true,
        between_regions: Some(20_000),
        ..seller(42, 98, &[(0, 120_000), (1_024, 110_000), (10_240, 80_000)])
    },
    Seller { included_gb: 10_000, nat: true, between_regions: Some(8_500), ..seller(40, 70, &[(0, 8_500)]) },
    Seller { own_gb: 20_000, between_regions: Some(0), ..seller(6, 24, &[(0, 1_200)]) },
    Seller { pooled_gb: 1_000, between_regions: Some(0), ..seller(13, 55, &[(0, 10_000)]) },
    Seller { pooled_gb: 3_000, between_regions: None, ..seller(25, 50, &[(0, 5_000)]) },
    Seller { pooled_gb: 2_000, between_regions: None, ..seller(32, 48, &[(0, 10_000)]) },
    Seller { between_regions: Some(0), ..seller(18, 40, &[(0, 0)]) },
    Seller { included_gb: 5, between_regions: Some(20_000), ..seller(25, 85, &[(0, 74_000), (10_240, 60_000)]) },
    Seller { own_gb: 1_000, between_regions: Some(0), ..seller(8, 38, &[(0, 10_000)]) },
    Seller { nat: true, included_gb: 250, ..seller(12, 88, &[(0, 90_000)]) },
];

struct Region {
    /// Thousandths of a continent's price level.
    level: i64,
    continent: usize,
    at: (i64, i64),
}

/// Continents: middle, price level in percent, egress factor in percent.
const CONTINENTS: [((i64, i64), i64, i64); 5] = [
    ((0, 0), 100, 100),
    ((600, 0), 106, 100),
    ((1_500, 100), 115, 130),
    ((300, 700), 135, 160),
    ((1_400, 800), 120, 125),
];

pub fn realistic(seed: u64, wish: Wish) -> Problem {
    let r = &mut Random(seed);
    let total: usize = SELLERS.iter().map(|s| s.regions).sum();
    let mut places: Vec<Place> = Vec::new();
    let mut regions: Vec<Region> = Vec::new();
    for (provider, seller) in SELLERS.iter().enumerate() {
        for _ in 0..(seller.regions * wish.places).div_ceil(total).min(wish.places - places.len().min(wish.places)) {
            let continent = [0, 0, 1, 1, 2, 3, 4][r.below(7)];
            let middle = CONTINENTS[continent].0;
            // Few sites: providers build in the same cities.
            let at = (middle.0 + 60 * r.range(-3, 3), middle.1 + 60 * r.range(-2, 2));
            // Neighbouring regions often cost exactly the same.
            let level = CONTINENTS[continent].1 * 10 + [0, 0, 0, 30, 80][r.below(5)];
            regions.push(Region { level, continent, at });
            places.push(place(provider, places.len(), u16::try_from(continent * 5 + r.below(5)).unwrap()));
        }
    }
    let ladders: Vec<Ladder> = ladders();
    let n = places.len();
    let mut routes = Vec::with_capacity(n * n);
    for p in 0..n {
        for q in 0..n {
            let seller = &SELLERS[places[p].provider];
            let ladder =
                |to: usize| Route::Metered(places[p].provider * 25 + regions[p].continent * 5 + regions[to].continent);
            routes.push(match seller.between_regions {
                _ if p == q => Route::Flat(price(if seller.nat { 10_000_000 } else { 0 })),
                Some(flat) if places[p].provider == places[q].provider => Route::Flat(price(flat * 1000)),
                _ => ladder(q),
            });
        }
    }
    let internet = (0..5)
        .map(|to| (0..n).map(|p| Route::Metered(places[p].provider * 25 + regions[p].continent * 5 + to)).collect())
        .collect();
    let rtt = [10, 14].map(|tenths| round_trips(&regions, tenths));
    let components: Vec<Component> =
        (0..wish.components).map(|c| component(c, choices(r, &places, &regions, c))).collect();
    let shared = (0..n)
        .filter(|&p| SELLERS[places[p].provider].nat)
        .map(|p| SharedCharge {
            place: p,
            need: SharedNeed::Nat,
            charge: charge(ChargeItem::NatGateway, Money::from_nanos(32_850_000 * regions[p].level)),
        })
        .collect();
    let mut problem = Problem {
        app: "realistic".into(),
        providers: (0..SELLERS.len()).map(|p| format!("p{p}")).collect(),
        places: places.into(),
        components,
        flows: Vec::new(),
        routes: routes.into(),
        internet,
        ladders: ladders.into(),
        shared,
        groups: Vec::new(),
        relations: Vec::new(),
        paths: Vec::new(),
        rtt: rtt.into(),
        budget: wish.budget.map(Money::from_dollars),
        objective: if wish.latency_first { Objective::LatencyThenCost } else { Objective::Cost },
    };
    connect(r, wish, &mut problem, &regions);
    problem
}

fn ladders() -> Vec<Ladder> {
    let mut ladders = Vec::new();
    for (meter, seller) in SELLERS.iter().enumerate() {
        for from in CONTINENTS {
            for to in CONTINENTS {
                let step = |&(gb, micros): &(i64, i64)| Step {
                    from: Quantity::from_units(gb),
                    price: price(micros * 10 * from.2 * (100 + (to.2 - 100) / 4) / 100),
                };
                let steps = seller.egress.iter().map(step).collect();
                ladders.push(Ladder { meter, included: Quantity::from_units(seller.included_gb), steps });
            }
        }
    }
    ladders
}

fn round_trips(regions: &[Region], tenths: i64) -> Vec<u32> {
    let mut table = Vec::new();
    for a in regions {
        for b in regions {
            let (dx, dy) = (a.at.0 - b.at.0, a.at.1 - b.at.1);
            let us = 600 + 100 * (dx * dx + dy * dy).isqrt();
            table.push(u32::try_from(us * tenths / 10).unwrap());
        }
    }
    table
}

fn choices(r: &mut Random, places: &[Place], regions: &[Region], component: usize) -> Vec<Choice> {
    let base = [60, 120, 240, 35, 480][r.below(5)] * 1_000_000;
    let public = component.is_multiple_of(3);
    let mut list = Vec::new();
    for (p, place) in places.iter().enumerate() {
        let seller = &SELLERS[place.provider];
        // Not everything is sold everywhere.
        if r.chance(15) {
            continue;
        }
        let provider_taste = 85 + i64::try_from((component * 7 + place.provider * 13) % 31).unwrap();
        let cost = base * seller.level / 100 * regions[p].level / 1000 * provider_taste / 100 * 1000;
        for option in 0..=r.below(3) {
            let mut c = choice(p, cost * (100 + 12 * i64::try_from(option).unwrap()) / 100);
            c.included = match (seller.own_gb, seller.pooled_gb) {
                (0, 0) => Included::None,
                (0, pooled) => Included::Pooled(Quantity::from_units(pooled * (1 + option as i64))),
                (own, _) => Included::Own(Quantity::from_units(own)),
            };
            if seller.nat && !public && option != 1 {
                c.needs = vec![SharedNeed::Nat];
            }
            c.active_zones = if component.is_multiple_of(4) { 2 } else { 1 };
            list.push(c);
        }
    }
    list.sort_by_key(|c| (c.place, c.cost));
    list
}

fn connect(r: &mut Random, wish: Wish, problem: &mut Problem, regions: &[Region]) {
    let n = wish.components;
    let gb = |r: &mut Random, low: i64, high: i64| Quantity::from_micros(r.range(low, high) * wish.traffic * 10_000);
    let flow = |from, to, gb| Flow { from, to, label: String::new(), gb };
    // A tree of calls: each component is called by an earlier one, mostly a near one.
    let caller: Vec<usize> = (0..n).map(|c| c.saturating_sub(1 + r.below(3))).collect();
    for c in 1..n {
        problem.flows.push(flow(caller[c], FlowTo::Component(c), gb(r, 5, 200)));
        problem.flows.push(flow(c, FlowTo::Component(caller[c]), gb(r, 20, 800)));
    }
    for _ in 0..wish.cycles {
        let (a, b) = (r.below(n), r.below(n));
        if a != b {
            problem.flows.push(flow(a, FlowTo::Component(b), gb(r, 5, 300)));
        }
    }
    for c in (0..n).filter(|c| c.is_multiple_of(3)) {
        problem.flows.push(flow(c, FlowTo::Internet(0), gb(r, 100, 2_000)));
        problem.flows.push(flow(c, FlowTo::Internet(1), gb(r, 20, 600)));
    }
    for leaf in (1..n).filter(|c| !caller.contains(c)) {
        let mut hops = Vec::new();
        let mut at = leaf;
        while at != 0 && hops.len() < 4 {
            hops.push(Hop { a: caller[at], b: at, round_trips_milli: r.range(1_000, 6_000) });
            at = caller[at];
        }
        hops.reverse();
        for continent in 0..2 {
            let middle = CONTINENTS[continent].0;
            let entry = |region: &Region| {
                let (dx, dy) = (region.at.0 - middle.0, region.at.1 - middle.1);
                2_000 + 150 * (dx * dx + dy * dy).isqrt()
            };
            problem.paths.push(Path {
                name: format!("{leaf}"),
                audience: String::new(),
                percentile: if continent == 0 { Percentile::P50 } else { Percentile::P95 },
                entry: Some((at, regions.iter().map(entry).collect())),
                hops: hops.clone(),
                constant: Latency::from_micros(20_000),
                bound: wish.bounds.then(|| Latency::from_micros(160_000 + r.range(0, 60_000))),
                nanos_per_us: wish.price_per_us,
                only_bounded: false,
            });
        }
    }
    if wish.relations {
        for (kind, a, b) in [
            (RelationKind::DifferentProvider, 0, n - 1),
            (RelationKind::SameRegion, 1, 2),
            (RelationKind::DifferentRegion, n / 2, n - 1),
        ] {
            if a != b && a.max(b) < n {
                problem.relations.push(Relation { a, b, kind, reason: String::new() });
            }
        }
    }
}
