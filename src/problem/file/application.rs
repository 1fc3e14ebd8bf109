//! The application form: the complete [`Problem`] in ordinals and integers, as it is written and read.
//!
//! What only people need is left out or kept as plain names: a choice's charges are their sum, a price is its
//! nano-dollars. So a document costs every solution what the problem it was made from does, to the nano-dollar.

use super::application_check as check;
use super::application_groups::{self as groups, GroupRow};
use super::{FileError, VERSION, parse_as};
use crate::catalog::{Price, RegionId, SourceId, Unit};
use crate::problem::{
    Charge, ChargeItem, Choice, Component, Flow, FlowTo, Form, Hop, Host, Included, Ladder, Objective, Path,
    Percentile, Place, Problem, Relation, RelationKind, Route, SharedCharge, SharedNeed, Step,
};
use crate::units::{Latency, Money, Purchase, Quality, Quantity};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Value of the member `format`.
pub const FORMAT: &str = "placer-problem";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub format: String,
    pub version: u32,
    pub app: String,
    pub objective: ObjectiveWord,
    pub budget_nanos: Option<i64>,
    pub providers: Vec<String>,
    pub places: Vec<PlaceRow>,
    pub components: Vec<ComponentRow>,
    pub flows: Vec<FlowRow>,
    pub ladders: Vec<LadderRow>,
    /// The distinct ways to bill traffic; `routes` and `internet` hold ordinals of this list.
    pub route_kinds: Vec<RouteKind>,
    pub routes: Vec<Vec<usize>>,
    pub internet: Vec<Vec<usize>>,
    pub shared: Vec<SharedRow>,
    /// Components that may share machines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupRow>,
    pub relations: Vec<RelationRow>,
    pub rtt_us: Rtt,
    pub paths: Vec<PathRow>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ObjectiveWord {
    Cost,
    LatencyThenCost,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlaceRow {
    pub provider: usize,
    pub region: String,
    pub country: u16,
    pub zones: u8,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ComponentRow {
    pub name: String,
    /// Equal for replicas of one component.
    pub app_component: usize,
    pub choices: Vec<ChoiceRow>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChoiceRow {
    pub place: usize,
    pub cost_nanos: i64,
    pub active_zones: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_micro_gb: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pooled_micro_gb: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<NeedWord>,
    /// The machine of its group that it takes for itself and others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leads: Option<usize>,
    /// The component whose machine it joins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joins: Option<usize>,
    pub offer: String,
    pub purchase: Purchase,
    pub count: u32,
    pub form: FormWord,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub today: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum NeedWord {
    Nat,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FormWord {
    Machines,
    Serverless,
    Managed,
    Packaged,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FlowRow {
    pub from: usize,
    pub to: Target,
    pub micro_gb: i64,
    pub label: String,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Target {
    Component(usize),
    Internet(usize),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LadderRow {
    pub provider: usize,
    pub included_micro_gb: i64,
    pub steps: Vec<StepRow>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepRow {
    pub from_micro_gb: i64,
    pub nanos_per_gb: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RouteKind {
    FlatNanosPerGb(i64),
    Ladder(usize),
    Unknown,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SharedRow {
    pub place: usize,
    pub need: NeedWord,
    pub cost_nanos: i64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RelationRow {
    pub a: usize,
    pub b: usize,
    pub kind: RelationWord,
    pub reason: String,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RelationWord {
    SameRegion,
    SameProvider,
    SameCountry,
    DifferentRegion,
    DifferentProvider,
    DifferentCountry,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rtt {
    pub p50: Vec<Vec<u32>>,
    pub p95: Vec<Vec<u32>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PathRow {
    pub name: String,
    pub audience: String,
    pub percentile: PercentileWord,
    pub entry: Option<EntryRow>,
    pub hops: Vec<HopRow>,
    pub constant_us: i64,
    pub bound_us: Option<i64>,
    pub nanos_per_us: i64,
    /// The bound of a link: it has no part in any objective.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_bounded: bool,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PercentileWord {
    P50,
    P95,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryRow {
    pub component: usize,
    pub us: Vec<i64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HopRow {
    pub a: usize,
    pub b: usize,
    pub round_trips_milli: i64,
}

/// Pairs of words and domain values that mean the same, in both directions.
macro_rules! same {
    ($($wire:ident <=> $domain:ident { $($name:ident),* $(,)? })*) => { $(
        impl From<$domain> for $wire {
            fn from(value: $domain) -> Self {
                match value { $($domain::$name => Self::$name),* }
            }
        }
        impl From<$wire> for $domain {
            fn from(value: $wire) -> Self {
                match value { $($wire::$name => Self::$name),* }
            }
        }
    )* };
}

same! {
    ObjectiveWord <=> Objective { Cost, LatencyThenCost }
    NeedWord <=> SharedNeed { Nat }
    FormWord <=> Form { Machines, Serverless, Managed, Packaged }
    RelationWord <=> RelationKind {
        SameRegion, SameProvider, SameCountry, DifferentRegion, DifferentProvider, DifferentCountry,
    }
    PercentileWord <=> Percentile { P50, P95 }
}

/// The document of a problem, compact (one line). Reads back to a problem in which every assignment costs the same.
///
/// # Errors
/// Those of the JSON writer, of which none is known.
pub fn to_json(problem: &Problem) -> Result<String, serde_json::Error> {
    serde_json::to_string(&File::from(problem))
}

fn square<T: Copy>(flat: &[T], places: usize) -> Vec<Vec<T>> {
    flat.chunks(places.max(1)).map(<[T]>::to_vec).collect()
}

impl From<&Problem> for File {
    fn from(problem: &Problem) -> Self {
        // Named one by one: a field that is added to the problem has to find its place in the document.
        let Problem {
            app,
            providers,
            places,
            components,
            flows,
            routes,
            internet,
            ladders,
            shared,
            groups,
            relations,
            paths,
            rtt,
            budget,
            objective,
        } = problem;
        let all = routes.kinds().iter().chain(internet.iter().flatten());
        let mut route_kinds: Vec<RouteKind> = all.map(|route| RouteKind::from(*route)).collect();
        route_kinds.sort_unstable();
        route_kinds.dedup();
        let code = |route: Route| route_kinds.binary_search(&RouteKind::from(route)).unwrap_or_default();
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            app: app.clone(),
            objective: (*objective).into(),
            budget_nanos: budget.map(Money::nanos),
            providers: providers.to_vec(),
            places: places.iter().map(PlaceRow::from).collect(),
            components: components.iter().map(ComponentRow::from).collect(),
            flows: flows.iter().map(FlowRow::from).collect(),
            ladders: ladders.iter().map(LadderRow::from).collect(),
            routes: square(&routes.iter().map(code).collect::<Vec<_>>(), places.len()),
            internet: internet.iter().map(|class| class.iter().copied().map(code).collect()).collect(),
            route_kinds,
            shared: shared.iter().map(SharedRow::from).collect(),
            groups: groups.iter().map(GroupRow::from).collect(),
            relations: relations.iter().map(RelationRow::from).collect(),
            rtt_us: Rtt { p50: square(&rtt[0], places.len()), p95: square(&rtt[1], places.len()) },
            paths: paths.iter().map(PathRow::from).collect(),
        }
    }
}

impl From<&Place> for PlaceRow {
    fn from(place: &Place) -> Self {
        let Place { region: _, provider, provider_name: _, region_code, country, zones } = place;
        Self { provider: *provider, region: region_code.clone(), country: *country, zones: *zones }
    }
}

impl From<&Component> for ComponentRow {
    fn from(component: &Component) -> Self {
        let Component { name, app_component, choices, excluded: _ } = component;
        let choices = choices.iter().map(ChoiceRow::from).collect();
        Self { name: name.clone(), app_component: *app_component, choices }
    }
}

impl From<&Choice> for ChoiceRow {
    fn from(choice: &Choice) -> Self {
        // Who buys how is for people.
        let Choice { place, offer, purchase, count, above: _, form, host, charges: _, cost, .. } = choice;
        let Choice { included, needs, active_zones, today, .. } = choice;
        let (own_micro_gb, pooled_micro_gb) = included_micro_gb(*included);
        let (leads, joins) = match host {
            Host::Own => (None, None),
            Host::Leads(machine) => (Some(*machine), None),
            Host::Joins(leader) => (None, Some(*leader)),
        };
        Self {
            place: *place,
            cost_nanos: cost.nanos(),
            active_zones: *active_zones,
            own_micro_gb,
            pooled_micro_gb,
            needs: needs.iter().map(|&need| need.into()).collect(),
            leads,
            joins,
            offer: offer.clone(),
            purchase: *purchase,
            count: *count,
            form: (*form).into(),
            today: *today,
        }
    }
}

/// Own and pooled traffic, in micro-GB.
pub(super) fn included_micro_gb(included: Included) -> (Option<i64>, Option<i64>) {
    match included {
        Included::None => (None, None),
        Included::Own(gb) => (Some(gb.micros()), None),
        Included::Pooled(gb) => (None, Some(gb.micros())),
    }
}

/// The reverse of [`included_micro_gb`].
pub(super) fn included(own_micro_gb: Option<i64>, pooled_micro_gb: Option<i64>) -> Included {
    match (own_micro_gb, pooled_micro_gb) {
        (Some(own), _) => Included::Own(Quantity::from_micros(own)),
        (None, Some(pooled)) => Included::Pooled(Quantity::from_micros(pooled)),
        (None, None) => Included::None,
    }
}

impl From<&Flow> for FlowRow {
    fn from(flow: &Flow) -> Self {
        let Flow { from, to, label, gb } = flow;
        let to = match to {
            FlowTo::Component(component) => Target::Component(*component),
            FlowTo::Internet(class) => Target::Internet(*class),
        };
        Self { from: *from, to, micro_gb: gb.micros(), label: label.clone() }
    }
}

impl From<&Ladder> for LadderRow {
    fn from(ladder: &Ladder) -> Self {
        let Ladder { meter, included, steps } = ladder;
        let step = |step: &Step| StepRow { from_micro_gb: step.from.micros(), nanos_per_gb: step.price.usd.nanos() };
        Self { provider: *meter, included_micro_gb: included.micros(), steps: steps.iter().map(step).collect() }
    }
}

impl From<Route> for RouteKind {
    fn from(route: Route) -> Self {
        match route {
            Route::Flat(price) => Self::FlatNanosPerGb(price.usd.nanos()),
            Route::Metered(ladder) => Self::Ladder(ladder),
            Route::Unknown => Self::Unknown,
        }
    }
}

impl From<&SharedCharge> for SharedRow {
    fn from(shared: &SharedCharge) -> Self {
        let SharedCharge { place, need, charge } = shared;
        Self { place: *place, need: (*need).into(), cost_nanos: charge.cost().nanos() }
    }
}

impl From<&Relation> for RelationRow {
    fn from(relation: &Relation) -> Self {
        let Relation { a, b, kind, reason } = relation;
        Self { a: *a, b: *b, kind: (*kind).into(), reason: reason.clone() }
    }
}

impl From<&Path> for PathRow {
    fn from(path: &Path) -> Self {
        let Path { name, audience, percentile, entry, hops, constant, bound, nanos_per_us, only_bounded } = path;
        let hop = |hop: &Hop| HopRow { a: hop.a, b: hop.b, round_trips_milli: hop.round_trips_milli };
        Self {
            name: name.clone(),
            audience: audience.clone(),
            percentile: (*percentile).into(),
            entry: entry.as_ref().map(|(component, us)| EntryRow { component: *component, us: us.clone() }),
            hops: hops.iter().map(hop).collect(),
            constant_us: constant.micros(),
            bound_us: bound.map(Latency::micros),
            nanos_per_us: *nanos_per_us,
            only_bounded: *only_bounded,
        }
    }
}

pub(super) fn read(bytes: &[u8]) -> Result<Problem, FileError> {
    let file: File = parse_as(bytes)?;
    check::check(&file)?;
    Ok(problem(file))
}

/// The problem of a document that was checked.
fn problem(file: File) -> Problem {
    let providers = file.providers;
    let place = |(ordinal, row): (usize, PlaceRow)| Place {
        region: RegionId(u16::try_from(ordinal).unwrap_or(u16::MAX)),
        provider: row.provider,
        provider_name: providers[row.provider].clone(),
        region_code: row.region,
        country: row.country,
        zones: row.zones,
    };
    let routes: Vec<Route> = file.route_kinds.iter().map(|kind| route(*kind)).collect();
    let decode = |codes: Vec<usize>| codes.into_iter().map(|code| routes[code]).collect::<Vec<_>>();
    Problem {
        app: file.app,
        places: file.places.into_iter().enumerate().map(place).collect(),
        components: file.components.into_iter().map(component).collect(),
        flows: file.flows.into_iter().map(flow).collect(),
        routes: file.routes.into_iter().flat_map(&decode).collect(),
        internet: file.internet.into_iter().map(&decode).collect(),
        ladders: file.ladders.into_iter().map(ladder).collect(),
        shared: file.shared.iter().map(shared).collect(),
        groups: file.groups.into_iter().map(groups::group).collect(),
        relations: file.relations.into_iter().map(relation).collect(),
        paths: file.paths.into_iter().map(path).collect(),
        rtt: Arc::new([file.rtt_us.p50.concat(), file.rtt_us.p95.concat()]),
        budget: file.budget_nanos.map(Money::from_nanos),
        objective: file.objective.into(),
        providers: providers.into(),
    }
}

pub(super) fn price(nanos: i64, unit: Unit) -> Price {
    let usd = Money::from_nanos(nanos);
    Price { usd, unit, source: SourceId(0), quality: Quality::Listed, uncertainty_pct: 0 }
}

/// One charge of a month that costs so much.
pub(super) fn charge(item: ChargeItem, nanos: i64) -> Charge {
    let quantity = Quantity::from_units(1);
    Charge { item, detail: String::new(), quantity, price: price(nanos, Unit::Month), cap: None }
}

fn component(row: ComponentRow) -> Component {
    let choices = row.choices.into_iter().map(choice).collect();
    Component { name: row.name, app_component: row.app_component, choices, excluded: Vec::new() }
}

fn choice(row: ChoiceRow) -> Choice {
    let host = match (row.leads, row.joins) {
        (Some(machine), _) => Host::Leads(machine),
        (None, Some(leader)) => Host::Joins(leader),
        (None, None) => Host::Own,
    };
    let form = Form::from(row.form);
    let item = if form == Form::Managed { ChargeItem::Managed } else { ChargeItem::Compute };
    Choice {
        place: row.place,
        offer: row.offer,
        purchase: row.purchase,
        count: row.count,
        above: Vec::new(),
        form,
        host,
        charges: vec![charge(item, row.cost_nanos)],
        cost: Money::from_nanos(row.cost_nanos),
        included: included(row.own_micro_gb, row.pooled_micro_gb),
        needs: row.needs.into_iter().map(SharedNeed::from).collect(),
        active_zones: row.active_zones,
        today: row.today,
    }
}

fn flow(row: FlowRow) -> Flow {
    let to = match row.to {
        Target::Component(component) => FlowTo::Component(component),
        Target::Internet(class) => FlowTo::Internet(class),
    };
    Flow { from: row.from, to, label: row.label, gb: Quantity::from_micros(row.micro_gb) }
}

fn route(kind: RouteKind) -> Route {
    match kind {
        RouteKind::FlatNanosPerGb(nanos) => Route::Flat(price(nanos, Unit::Gb)),
        RouteKind::Ladder(ladder) => Route::Metered(ladder),
        RouteKind::Unknown => Route::Unknown,
    }
}

fn ladder(row: LadderRow) -> Ladder {
    let step = |step: StepRow| Step {
        from: Quantity::from_micros(step.from_micro_gb),
        price: price(step.nanos_per_gb, Unit::Gb),
    };
    let included = Quantity::from_micros(row.included_micro_gb);
    Ladder { meter: row.provider, included, steps: row.steps.into_iter().map(step).collect() }
}

fn shared(row: &SharedRow) -> SharedCharge {
    let need = SharedNeed::from(row.need);
    let item = match need {
        SharedNeed::Nat => ChargeItem::NatGateway,
    };
    SharedCharge { place: row.place, need, charge: charge(item, row.cost_nanos) }
}

fn relation(row: RelationRow) -> Relation {
    Relation { a: row.a, b: row.b, kind: row.kind.into(), reason: row.reason }
}

fn path(row: PathRow) -> Path {
    let hop = |hop: HopRow| Hop { a: hop.a, b: hop.b, round_trips_milli: hop.round_trips_milli };
    Path {
        name: row.name,
        audience: row.audience,
        percentile: row.percentile.into(),
        entry: row.entry.map(|entry| (entry.component, entry.us)),
        hops: row.hops.into_iter().map(hop).collect(),
        constant: Latency::from_micros(row.constant_us),
        bound: row.bound_us.map(Latency::from_micros),
        nanos_per_us: row.nanos_per_us,
        only_bounded: row.only_bounded,
    }
}
