//! One application of a backtest, flattened: seats, what they cost in every period, and what ties components together.
//!
//! A *seat* is a way to buy a component at a place, a [`Choice`] of the lowered problem; a *site* is what traffic and
//! bounds see of it: its place, and in how many zones it is active. Every amount per month is in nano-dollars.

use super::ground::{Ground, Ware};
use crate::app::{self, App};
use crate::plan::{Haul, Options as PlanOptions, carried, paid_for};
use crate::policy::Policy;
use crate::problem::lower::{Lowerer, Options};
use crate::problem::{
    Charge, ChargeItem, Choice, ComponentId, FlowTo, Included, Objective, Path, PlaceId, Problem, Relation, Route,
    SharedNeed,
};
use crate::units::{HOURS_PER_MONTH, Money, Purchase, Quantity};
use std::collections::BTreeMap;

/// An amount that stands for "not possible". Sums of a few of them do not overflow.
pub const NONE: i64 = 1 << 60;
/// The largest monthly amount of a seat that is replayed: $10,000,000.
const SEAT_MAX: i64 = 10_000_000 * 1_000_000_000;

/// A way to buy a component at a place.
#[derive(Clone, Debug)]
pub struct Seat {
    /// Ordinal among the sites of the component.
    pub site: usize,
    /// What does not move of its monthly cost, in nano-dollars.
    fixed: i64,
    /// Machine hours a month at the price of [`Self::ware`].
    hours: Quantity,
    /// The recorded spot machine.
    ware: Option<usize>,
}

/// What traffic and bounds see of a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    /// Where.
    pub place: PlaceId,
    /// Active zones.
    pub zones: u8,
}

/// A component. All amounts are nano-dollars a month.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its sites, ascending.
    pub sites: Vec<Site>,
    /// What its traffic to the internet costs, by site.
    pub traffic: Vec<i64>,
    /// Its seats, by site.
    pub seats: Vec<Seat>,
    /// What every seat costs apart from traffic, by period.
    pub costs: Vec<Costs>,
    /// What it takes to move it.
    pub haul: Haul,
    /// What carrying its data costs once from one site to another: `carry[from * sites + to]`; empty when it has none.
    pub carry: Vec<i64>,
}

/// What ties two components together, by site: `table[site of a * sites of b + site of b]`.
#[derive(Clone, Debug)]
pub struct Tie {
    /// One.
    pub a: ComponentId,
    /// The other.
    pub b: ComponentId,
    /// Nano-dollars a month; [`NONE`]: cannot be.
    pub table: Vec<i64>,
}

/// An application on the stage.
#[derive(Debug)]
pub struct Stage {
    /// The application as it is replayed.
    pub app: App,
    /// Its problem; the choices of a component are its seats, in the order of [`Part::seats`].
    pub problem: Problem,
    /// Components.
    pub parts: Vec<Part>,
    /// Ties, by components.
    pub ties: Vec<Tie>,
    /// Paths whose bound ties three components or more.
    pub far: Vec<Path>,
    /// Hours of each period.
    pub hours: Vec<i64>,
}

impl Stage {
    /// Puts an application on the stage.
    ///
    /// # Errors
    /// Why it cannot be replayed, in words.
    pub fn of(
        app: &App,
        ground: &Ground,
        lowerer: &Lowerer<'_>,
        policy: &Policy,
        hours: &[i64],
    ) -> Result<Self, String> {
        let app = replayed(app);
        let options = Options { loose: ground.loose.clone(), ..Options::default() };
        let mut problem = lowerer.lower(&app, policy, &options).map_err(|error| error.to_string())?;
        flatten(&mut problem)?;
        let mut stage =
            Self { app, problem, parts: Vec::new(), ties: Vec::new(), far: Vec::new(), hours: hours.to_vec() };
        for component in 0..stage.problem.components.len() {
            let part = stage.part(component, ground)?;
            stage.parts.push(part);
        }
        stage.tie()?;
        Ok(stage)
    }

    /// Number of periods.
    #[must_use]
    pub fn periods(&self) -> usize {
        self.hours.len()
    }

    /// Seats of a component that can be the best of anybody's, and drops the choices of all others.
    fn part(&mut self, component: ComponentId, ground: &Ground) -> Result<Part, String> {
        let name = self.problem.components[component].name.clone();
        let choices = std::mem::take(&mut self.problem.components[component].choices);
        let mut of_site: BTreeMap<Site, (i64, Vec<(Choice, Seat)>)> = BTreeMap::new();
        for choice in choices {
            let Some(traffic) = self.to_the_internet(component, &choice) else { continue };
            if !self.is_near_enough(component, choice.place) {
                continue;
            }
            let seat = self.seat(&choice, ground);
            let site = Site { place: choice.place, zones: choice.active_zones };
            of_site.entry(site).or_insert((traffic, Vec::new())).1.push((choice, seat));
        }
        let mut part = Part {
            sites: of_site.keys().copied().collect(),
            traffic: of_site.values().map(|(traffic, _)| *traffic).collect(),
            seats: Vec::new(),
            costs: Vec::new(),
            haul: Haul::of(&self.app, &name, &PlanOptions::default()),
            carry: Vec::new(),
        };
        let mut kept = Vec::new();
        for (site, (_, list)) in of_site.into_values().enumerate() {
            for candidate in undominated(list, ground, self.periods()) {
                part.seats.push(Seat { site, ..candidate.seat });
                part.costs.push(candidate.costs);
                kept.push(candidate.choice);
            }
        }
        if part.costs.iter().flat_map(|costs| &costs.month).chain(&part.traffic).any(|cost| *cost > SEAT_MAX) {
            return Err(format!("`{name}` costs more than ten million dollars a month: more than a backtest counts"));
        }
        if part.seats.is_empty() {
            return Err(format!("nothing that was recorded, or that the price book sells beside it, fits `{name}`"));
        }
        if let Some(data) = part.haul.data {
            let cost = |from: &Site, to: &Site| nanos(carried(&self.problem, from.place, to.place, data));
            part.carry = part.sites.iter().flat_map(|from| part.sites.iter().map(move |to| cost(from, to))).collect();
        }
        self.problem.components[component].choices = kept;
        Ok(part)
    }

    fn seat(&self, choice: &Choice, ground: &Ground) -> Seat {
        let region = self.problem.places[choice.place].region;
        let ware = (choice.purchase == Purchase::Spot).then(|| ground.ware(region, &choice.offer)).flatten();
        let compute = |charge: &&Charge| charge.item == ChargeItem::Compute;
        let machines = choice.charges.iter().find(compute).filter(|_| ware.is_some());
        let moving = machines.map_or(Money::ZERO, Charge::cost);
        let hours = machines.map_or(Quantity::ZERO, |charge| charge.quantity);
        Seat { site: 0, fixed: (choice.cost - moving).nanos(), hours, ware }
    }

    /// What a choice's traffic to the internet costs; `None`: a price is not known.
    fn to_the_internet(&self, component: ComponentId, choice: &Choice) -> Option<i64> {
        let mut sum = 0_i64;
        for flow in self.problem.flows.iter().filter(|flow| flow.from == component) {
            let FlowTo::Internet(class) = flow.to else { continue };
            let price = self.price(self.problem.internet[class][choice.place])?;
            sum += price.times(flow.gb).nanos();
        }
        Some(sum)
    }

    /// The price of a GB on a route.
    fn price(&self, route: Route) -> Option<Money> {
        match route {
            Route::Unknown => None,
            Route::Flat(price) => Some(price.usd),
            Route::Metered(ladder) => self.problem.ladders[ladder].steps.first().map(|step| step.price.usd),
        }
    }

    /// Whether the bounds that concern one component alone let it be at a place.
    fn is_near_enough(&self, component: ComponentId, place: PlaceId) -> bool {
        let alone = |path: &&Path| members(path) == [component];
        let fast = |path: &Path| {
            let latency = self.problem.path_latency_us(path, |_| place);
            path.bound.is_none_or(|bound| latency <= bound.micros())
        };
        self.problem.paths.iter().filter(alone).all(fast)
    }

    /// Puts everything that concerns two components into tables.
    fn tie(&mut self) -> Result<(), String> {
        let mut pairs: Vec<(ComponentId, ComponentId)> = Vec::new();
        let ordered = |a: ComponentId, b: ComponentId| (a.min(b), a.max(b));
        for flow in &self.problem.flows {
            if let FlowTo::Component(to) = flow.to {
                pairs.push(ordered(flow.from, to));
            }
        }
        pairs.extend(self.problem.relations.iter().map(|relation| ordered(relation.a, relation.b)));
        for path in self.problem.paths.iter().filter(|path| path.bound.is_some()) {
            match members(path)[..] {
                [a, b] => pairs.push((a, b)),
                [_, _, _, ..] => self.far.push(path.clone()),
                _ => {}
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        self.ties = pairs.into_iter().map(|(a, b)| Tie { a, b, table: self.table(a, b) }).collect();
        let hopeless = self.ties.iter().find(|tie| tie.table.iter().all(|cost| *cost >= NONE));
        hopeless.map_or(Ok(()), |tie| {
            let name = |c: ComponentId| &self.problem.components[c].name;
            Err(format!("no two places keep `{}` and `{}` together as they have to be", name(tie.a), name(tie.b)))
        })
    }

    fn table(&self, a: ComponentId, b: ComponentId) -> Vec<i64> {
        let between = |x: ComponentId, y: ComponentId| (x, y) == (a, b) || (x, y) == (b, a);
        let relations: Vec<&Relation> = self.problem.relations.iter().filter(|r| between(r.a, r.b)).collect();
        let paths: Vec<&Path> = self.problem.paths.iter().filter(|path| members(path) == [a, b]).collect();
        let flows: Vec<(ComponentId, Quantity)> = self
            .problem
            .flows
            .iter()
            .filter_map(|flow| match flow.to {
                FlowTo::Component(to) if between(flow.from, to) => Some((flow.from, flow.gb)),
                _ => None,
            })
            .collect();
        let cost = |at: &Site, bt: &Site| -> Option<i64> {
            let place = |c: ComponentId| if c == a { at.place } else { bt.place };
            let related = relations.iter().all(|r| self.problem.related(r.kind, place(r.a), place(r.b)));
            let near = paths.iter().all(|path| {
                let latency = self.problem.path_latency_us(path, place);
                path.bound.is_none_or(|bound| latency <= bound.micros())
            });
            if !related || !near {
                return None;
            }
            flows.iter().map(|&(from, gb)| self.traffic(if from == a { (at, bt) } else { (bt, at) }, gb)).sum()
        };
        let (rows, columns) = (&self.parts[a].sites, &self.parts[b].sites);
        rows.iter().flat_map(|row| columns.iter().map(|column| cost(row, column).unwrap_or(NONE))).collect()
    }

    /// What traffic from one site to another costs, as [`crate::problem::score`] bills it; `None`: a price is not known.
    fn traffic(&self, (from, to): (&Site, &Site), gb: Quantity) -> Option<i64> {
        let same = from.place == to.place;
        let zones = |site: &Site| i64::from(site.zones);
        let crossing_ppm = if zones(from) == 0 || zones(to) == 0 {
            0
        } else {
            let zones = zones(from).max(zones(to));
            1_000_000 * (zones - 1) / zones
        };
        if same && crossing_ppm == 0 {
            return Some(0);
        }
        let route = self.problem.route(from.place, to.place);
        let flat = matches!(route, Route::Flat(_));
        let gb = if same && flat { gb.scale(crossing_ppm, 1_000_000) } else { gb };
        Some(self.price(route)?.times(gb).nanos())
    }
}

/// The components that a path concerns, ascending.
fn members(path: &Path) -> Vec<ComponentId> {
    let entry = path.entry.as_ref().map(|(component, _)| *component);
    let mut members: Vec<ComponentId> = path.hops.iter().flat_map(|hop| [hop.a, hop.b]).chain(entry).collect();
    members.sort_unstable();
    members.dedup();
    members
}

/// The application as it is replayed: nothing is anywhere yet, dollars are all that is minimised, and what cannot be told
/// pair by pair is left out (docs/backtest.md says what).
fn replayed(app: &App) -> App {
    let mut app = app.clone();
    app.today.clear();
    app.budget = None;
    app.objective = app::Objective::Cost;
    app.sharing.clear();
    for component in &mut app.components {
        component.mixed = None;
        component.shares = None;
    }
    app
}

/// Makes the problem one of single components and pairs: every component pays for its own NAT gateway, latencies are
/// bounds only.
fn flatten(problem: &mut Problem) -> Result<(), String> {
    let shared = std::mem::take(&mut problem.shared);
    let nat = |place: PlaceId, need: SharedNeed| {
        shared.iter().find(|s| s.place == place && s.need == need).map(|shared| shared.charge.clone())
    };
    for choice in problem.components.iter_mut().flat_map(|component| &mut component.choices) {
        for need in std::mem::take(&mut choice.needs) {
            choice.charges.extend(nat(choice.place, need));
        }
        choice.cost = choice.charges.iter().map(Charge::cost).sum();
        if choice.included != Included::None {
            return Err(
                "an offer brings traffic with it, which belongs to the account and not to one component".to_owned()
            );
        }
    }
    problem.objective = Objective::Cost;
    for path in &mut problem.paths {
        path.nanos_per_us = 0;
    }
    if problem.ladders.iter().any(|ladder| ladder.steps.len() > 1) {
        return Err("traffic is priced in tiers".to_owned());
    }
    Ok(())
}

/// A seat that may be kept.
struct Candidate {
    choice: Choice,
    seat: Seat,
    costs: Costs,
}

/// What a seat costs in every period, in nano-dollars a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Costs {
    /// What is paid. A spot machine that is not offered costs what it costs on demand.
    pub month: Vec<i64>,
    /// Whether it can be moved to.
    pub open: Vec<bool>,
    /// What a decision takes it for when it could be moved to; [`NONE`]: not offered.
    pub to_buy: Vec<i64>,
    /// What a decision takes it for when it is in use.
    pub in_use: Vec<i64>,
    /// How old what decisions see is, in seconds.
    pub age_s: Vec<i64>,
}

impl Costs {
    fn of(seat: &Seat, ware: Option<&Ware>, periods: usize) -> Self {
        let Some(ware) = ware else {
            let same = vec![seat.fixed; periods];
            let (open, age_s) = (vec![true; periods], vec![0; periods]);
            return Self { month: same.clone(), open, to_buy: same.clone(), in_use: same, age_s };
        };
        let or_on_demand = |usd: Option<Money>| seat.cost(usd.unwrap_or(ware.on_demand));
        Self {
            month: ware.spot.iter().map(|usd| or_on_demand(*usd)).collect(),
            open: ware.spot.iter().map(Option::is_some).collect(),
            to_buy: ware.seen.iter().map(|seen| seen.to_buy.map_or(NONE, |usd| seat.cost(usd))).collect(),
            in_use: ware.seen.iter().map(|seen| or_on_demand(seen.in_use)).collect(),
            age_s: ware.seen.iter().map(|seen| seen.age_s).collect(),
        }
    }

    /// Whether it is at least as good as another for everybody, in every period.
    fn beats(&self, other: &Self) -> bool {
        let low = |mine: &[i64], its: &[i64]| mine.iter().zip(its).all(|(mine, its)| mine <= its);
        low(&self.month, &other.month)
            && low(&self.to_buy, &other.to_buy)
            && low(&self.in_use, &other.in_use)
            && low(&self.age_s, &other.age_s)
            && self.open.iter().zip(&other.open).all(|(mine, its)| mine >= its)
    }
}

impl Seat {
    /// What it costs a month, its machines at a price per hour.
    fn cost(&self, usd_hour: Money) -> i64 {
        self.fixed + usd_hour.times(self.hours).nanos()
    }
}

/// Those that no other beats; of equals the first.
fn undominated(list: Vec<(Choice, Seat)>, ground: &Ground, periods: usize) -> Vec<Candidate> {
    // Of those whose price does not move only the cheapest needs to be looked at.
    let mut least = list.iter().filter(|(_, seat)| seat.ware.is_none()).map(|(_, seat)| seat.fixed).min();
    let mut candidates: Vec<Candidate> = Vec::new();
    for (choice, seat) in list {
        if seat.ware.is_none() {
            if least != Some(seat.fixed) {
                continue;
            }
            least = None;
        }
        let costs = Costs::of(&seat, seat.ware.map(|ware| ground.of_ware(ware)), periods);
        candidates.push(Candidate { choice, seat, costs });
    }
    // Nothing is beaten by what is dearer on the whole.
    candidates.sort_by_cached_key(|candidate| candidate.costs.month.iter().map(|cost| i128::from(*cost)).sum::<i128>());
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        if !kept.iter().any(|other| other.costs.beats(&candidate.costs)) {
            kept.push(candidate);
        }
    }
    kept
}

impl Part {
    /// What moving from one seat to another costs once at the beginning of a period, as a plan counts it; 0 for staying,
    /// [`NONE`] when it cannot be.
    #[must_use]
    pub fn move_cost(&self, from: usize, to: usize, period: usize) -> i64 {
        if from == to {
            return 0;
        }
        if !self.costs[to].open[period] {
            return NONE;
        }
        let (f, t) = (self.seats[from].site, self.seats[to].site);
        let carry = self.carry.get(f * self.sites.len() + t).copied().unwrap_or(0);
        (self.keep_cost(from, period) + self.overlap_cost(to, period) + carry).min(NONE)
    }

    /// What the old side costs after a move.
    #[must_use]
    pub fn keep_cost(&self, from: usize, period: usize) -> i64 {
        nanos(paid_for(Money::from_nanos(self.costs[from].month[period]), self.haul.keep_s))
    }

    /// What the new side costs before it has taken over.
    #[must_use]
    pub fn overlap_cost(&self, to: usize, period: usize) -> i64 {
        nanos(paid_for(Money::from_nanos(self.costs[to].month[period]), self.haul.overlap_s))
    }
}

/// What a monthly amount comes to in so many hours, rounded half up to the nano-dollar.
#[must_use]
pub fn for_hours(month: i64, hours: i64) -> i64 {
    if month >= NONE {
        return NONE;
    }
    let due = (i128::from(month) * i128::from(hours) * 2 + i128::from(HOURS_PER_MONTH))
        .div_euclid(i128::from(HOURS_PER_MONTH) * 2);
    i64::try_from(due).map_or(NONE, |due| due.min(NONE))
}

fn nanos(usd: Option<Money>) -> i64 {
    usd.map_or(NONE, |usd| usd.nanos().min(NONE))
}
