//! The problem: application + price book + policy, lowered to ordinals and integers. The only thing a solver sees.
//!
//! Invariants: every list is addressed by ordinals that are in range; every cost is an integer in nano-dollars;
//! what is not in a component's choices was excluded with a recorded reason; a forbidden pair is absent, not dear.
//!
//! # What a solution costs
//!
//! A solution picks one [`Choice`] for every component. Its total is the sum of
//! 1. the charges of the picked choices;
//! 2. for every [`Flow`] between two components its [`Route`]: nothing, a flat price per GB, or the meter of the sender;
//! 3. for every [`Meter`] the tiered price of all GB that run through it (see below);
//! 4. each [`SharedCharge`] once, if any component or shared machine that needs it is placed at its place;
//! 5. the charges of every shared machine ([`hosts`] says which there are and what they cost).
//!
//! ## Meters
//! A provider bills internet egress per account and month, over all components. All *metered* flows (to users, to third
//! parties, to components at other providers, and where the provider says so to its own other regions) whose sender is
//! at a place with meter `m` run through `m`.
//! - Server allowance ([`Included::Own`]): of a component's metered volume `S` the allowance `g` is free; on a shared
//!   machine `S` is that of all components on it. Flow `f` of volume `v` is left with `b = v - floor(v * min(g, S) / S)`.
//! - Total `V = sum b`. Every flow has a ladder `l` (by sending place and destination class). On it,
//!   `free = min(V, included_l + pooled)`, `pooled` being the sum of [`Included::Pooled`] over all components at the
//!   meter's provider; the rest `R = V - free` fills the tiers in order: tier `t` of price `p` holds
//!   `w_t = clamp(R - from_t, 0, to_t - from_t)`.
//! - A flow takes its share of every step: it costs `sum over t of round_half_up(b * w_t * p / (V * 10^6))`.
//!
//! With one ladder this is exactly the provider's tier table over the account's sum; with several ladders in one account
//! (AWS Ireland and Sao Paulo) each flow pays what its share of the whole volume costs on its own ladder.

mod check;
pub mod file;
pub mod hosts;
pub mod linear;
pub mod lower;
mod names;
pub mod packing;
mod routes;
mod score;

pub use check::{Violation, check};
pub use hosts::{GROUP_MEMBERS_MAX, Group, Host, Hosted, Machine, Member, RESOURCES};
pub use names::names;
pub use routes::{RouteClasses, Routes};
pub use score::{Bill, Line, LineItem, score};

// Part of the problem's own language: a solver reads them here.
pub use crate::app::{Percentile, RelationKind};

use crate::catalog::{Price, RegionId};
use crate::units::{Latency, Money, Purchase, Quantity};
use std::sync::Arc;

/// Ordinal of a component in [`Problem::components`].
pub type ComponentId = usize;
/// Ordinal of a place in [`Problem::places`].
pub type PlaceId = usize;
/// Ordinal of a choice in [`Component::choices`].
pub type ChoiceId = usize;

/// A provider's region where at least one component can be placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The region in the price book.
    pub region: RegionId,
    /// Ordinal of the provider among [`Problem::providers`].
    pub provider: usize,
    /// Provider name.
    pub provider_name: String,
    /// Region code.
    pub region_code: String,
    /// Ordinal that is equal for places in one country.
    pub country: u16,
    /// Zones, at least 1.
    pub zones: u8,
}

/// What a charge is for, in words that reports and scripts use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChargeItem {
    /// Machines.
    Compute,
    /// On-demand machines that stand in for interrupted spot machines.
    SpotStandIn,
    /// Serverless container processor time.
    ServerlessVcpu,
    /// Serverless container memory.
    ServerlessMemory,
    /// Requests.
    Requests,
    /// Object-storage writes.
    Writes,
    /// A managed tier.
    Managed,
    /// Disks and managed storage.
    Storage,
    /// Object storage.
    ObjectStorage,
    /// A load balancer.
    LoadBalancer,
    /// Traffic through a load balancer.
    LoadBalancerData,
    /// A public IPv4 address.
    PublicIpv4,
    /// A NAT gateway.
    NatGateway,
    /// Traffic through a NAT gateway.
    NatData,
    /// People.
    Operator,
}

impl ChargeItem {
    /// The word used in reports and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compute => "compute",
            Self::SpotStandIn => "spot_stand_in",
            Self::ServerlessVcpu => "serverless_vcpu",
            Self::ServerlessMemory => "serverless_memory",
            Self::Requests => "requests",
            Self::Writes => "writes",
            Self::Managed => "managed",
            Self::Storage => "storage",
            Self::ObjectStorage => "object_storage",
            Self::LoadBalancer => "load_balancer",
            Self::LoadBalancerData => "load_balancer_data",
            Self::PublicIpv4 => "public_ipv4",
            Self::NatGateway => "nat_gateway",
            Self::NatData => "nat_data",
            Self::Operator => "operator_hours",
        }
    }

    /// Whether the amount follows usage that the team estimated (against a fixed monthly amount).
    #[must_use]
    pub fn is_usage_based(self) -> bool {
        matches!(
            self,
            Self::ServerlessVcpu
                | Self::ServerlessMemory
                | Self::Requests
                | Self::Writes
                | Self::ObjectStorage
                | Self::LoadBalancerData
                | Self::NatData
        )
    }
}

/// So many units at a price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// For what.
    pub item: ChargeItem,
    /// What exactly, for people: `2 x m7g.large`, `gp3`.
    pub detail: String,
    /// How many units of the price a month.
    pub quantity: Quantity,
    /// Price of a unit.
    pub price: Price,
    /// The charge never exceeds this (monthly caps).
    pub cap: Option<Money>,
}

impl Charge {
    /// Quantity x unit price, at most the cap.
    #[must_use]
    pub fn cost(&self) -> Money {
        capped_cost(self.price, self.quantity, self.cap)
    }
}

/// Quantity x unit price, at most the cap: the one formula of a charge, for its line and for sums of candidates.
#[must_use]
#[inline]
pub fn capped_cost(price: Price, quantity: Quantity, cap: Option<Money>) -> Money {
    let full = price.usd.times(quantity);
    cap.map_or(full, |cap| full.min(cap))
}

/// Internet traffic that comes with what is bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Included {
    /// None.
    None,
    /// GB a month for this component's own traffic.
    Own(Quantity),
    /// GB a month that add to the account's pool.
    Pooled(Quantity),
}

/// Needs that several components at one place can share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SharedNeed {
    /// A NAT gateway.
    Nat,
}

/// Machines of a mixed purchase that are not bought like its base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Above {
    /// How they are bought.
    pub purchase: Purchase,
    /// How many of the choice's [`Choice::count`].
    pub count: u32,
}

/// One way to buy a component at a place: an offer of the auction, fully configured and priced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Where.
    pub place: PlaceId,
    /// Name of the offer as `placer offers` prints it.
    pub offer: String,
    /// How it is bought; of a mixed purchase the base.
    pub purchase: Purchase,
    /// How many units of the offer (machines, nodes); 1 for serverless and storage.
    pub count: u32,
    /// Those of the units that are bought otherwise; empty unless the purchase is mixed.
    pub above: Vec<Above>,
    /// How it runs.
    pub form: Form,
    /// Whether it shares a machine. One that does has `offer`, `purchase` and `form` of that machine, only its own
    /// charges (those of the machine are its [`Group`]'s), no `needs` and nothing `included` of its own.
    pub host: Host,
    /// What it costs a month apart from traffic, line by line.
    pub charges: Vec<Charge>,
    /// The sum of the charges.
    pub cost: Money,
    /// Traffic that comes with it.
    pub included: Included,
    /// Shared needs at the place, ascending.
    pub needs: Vec<SharedNeed>,
    /// Zones in which it is active at the same time: decides how much of its traffic crosses zones. 0: a regional
    /// service (object storage, a load balancer), none of whose traffic inside the region is billed as crossing.
    pub active_zones: u8,
    /// Whether this is exactly where and how the component runs today.
    pub today: bool,
}

/// The form in which a component is bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// Virtual machines.
    Machines,
    /// A serverless container product.
    Serverless,
    /// A managed tier or service.
    Managed,
    /// A data store run by the team on machines.
    Packaged,
}

impl Form {
    /// The word used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Machines => "machines",
            Self::Serverless => "serverless",
            Self::Managed => "managed",
            Self::Packaged => "packaged",
        }
    }
}

/// A variable of the problem: one component, or one replica of a component that is spread over regions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Name; replicas of a spread component are `name#1`, `name#2`, ...
    pub name: String,
    /// Ordinal in the application.
    pub app_component: usize,
    /// Ways to buy it, ascending by (place, cost). Dominated ways are gone: at one place, with the same needs and
    /// zones, a choice stays only if no other costs at most as much and is never worse for the traffic.
    pub choices: Vec<Choice>,
    /// Why offers are not among the choices: reason -> number of offers.
    pub excluded: Vec<(String, u64)>,
}

/// Where a flow goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowTo {
    /// To a component.
    Component(ComponentId),
    /// Out to the internet, to a destination class (ordinal in [`Problem::internet`]).
    Internet(usize),
}

/// GB a month from a component to another or to the internet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Sender.
    pub from: ComponentId,
    /// Receiver.
    pub to: FlowTo,
    /// For people: `users eu`, `third parties`, the receiver's name.
    pub label: String,
    /// GB a month; more than 0.
    pub gb: Quantity,
}

/// How traffic from one place to another is billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// So much per GB.
    Flat(Price),
    /// On the sender's meter, by this ladder (ordinal in [`Problem::ladders`]).
    Metered(usize),
    /// The price is not known: such a pair is forbidden.
    Unknown,
}

/// A step of a ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// From this many GB a month (after what is free).
    pub from: Quantity,
    /// Price per GB.
    pub price: Price,
}

/// Tiered price of metered traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder {
    /// Whose meter: ordinal in [`Problem::providers`].
    pub meter: usize,
    /// GB a month that are free per account.
    pub included: Quantity,
    /// Steps, ascending from 0.
    pub steps: Vec<Step>,
}

/// A charge that is due once at a place, however many components there need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedCharge {
    /// Where.
    pub place: PlaceId,
    /// For which need.
    pub need: SharedNeed,
    /// What it costs.
    pub charge: Charge,
}

/// How two components must lie to one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// One.
    pub a: ComponentId,
    /// The other.
    pub b: ComponentId,
    /// How.
    pub kind: RelationKind,
    /// For people: where the demand comes from.
    pub reason: String,
}

/// A part of a path between two components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hop {
    /// From.
    pub a: ComponentId,
    /// To.
    pub b: ComponentId,
    /// Round trips per request, in thousandths.
    pub round_trips_milli: i64,
}

/// A sum of latencies with an optional hard bound.
///
/// Its latency in a solution is `constant + entry[place of entry component] + sum over hops of
/// floor(round_trips_milli * rtt(place a, place b) / 1000)` microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Name in the application.
    pub name: String,
    /// Which audience, for people; empty for internal paths.
    pub audience: String,
    /// Which of the two tables of [`Problem::rtt`] its hops use.
    pub percentile: Percentile,
    /// The component that users reach, with the latency from them to each place in microseconds.
    pub entry: Option<(ComponentId, Vec<i64>)>,
    /// Hops.
    pub hops: Vec<Hop>,
    /// Service times.
    pub constant: Latency,
    /// Hard bound.
    pub bound: Option<Latency>,
    /// Nano-dollars a month per microsecond in the objective; 0 when latency is only bounded or reported.
    pub nanos_per_us: i64,
    /// Whether it is no path of the application but the bound of a link, which has no part in any objective.
    pub only_bounded: bool,
}

/// What to minimise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objective {
    /// Total + sum over paths of latency x price (which is 0 for a pure cost objective).
    Cost,
    /// Sum over paths of latency first (each path once, bounds of links not), then the total.
    LatencyThenCost,
}

/// The problem. What belongs to places and not to an application is shared by all problems over the same places.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Name of the application.
    pub app: String,
    /// Provider names; also the meters' names.
    pub providers: Arc<[String]>,
    /// Places.
    pub places: Arc<[Place]>,
    /// Variables.
    pub components: Vec<Component>,
    /// Traffic.
    pub flows: Vec<Flow>,
    /// Billing of traffic between places: `routes[from * places.len() + to]`. Between two components at the same place
    /// the route is between zones, and only the part of the traffic that crosses zones is billed (see
    /// [`Problem::crossing_ppm`]).
    pub routes: Routes,
    /// Billing of internet traffic: `internet[class][place]`.
    pub internet: Arc<[Vec<Route>]>,
    /// Ladders.
    pub ladders: Arc<[Ladder]>,
    /// Shared charges, at most one per (place, need). A need without one costs nothing.
    pub shared: Arc<[SharedCharge]>,
    /// Components that may share machines.
    pub groups: Vec<Group>,
    /// Hard rules over pairs.
    pub relations: Vec<Relation>,
    /// Latencies.
    pub paths: Vec<Path>,
    /// Round-trip times in microseconds, `rtt[percentile][from * places.len() + to]`: p50, then p95.
    pub rtt: Arc<[Vec<u32>; 2]>,
    /// The total may not exceed this.
    pub budget: Option<Money>,
    /// What to minimise.
    pub objective: Objective,
}

/// A solution: the choice picked for every component.
pub type Assignment = Vec<ChoiceId>;

impl Problem {
    /// The route between two places.
    #[must_use]
    pub fn route(&self, from: PlaceId, to: PlaceId) -> Route {
        self.routes.at(from * self.places.len() + to)
    }

    /// Round-trip time between two places in microseconds.
    #[must_use]
    pub fn rtt_us(&self, percentile: Percentile, from: PlaceId, to: PlaceId) -> i64 {
        i64::from(self.rtt[percentile as usize][from * self.places.len() + to])
    }

    /// Millionths of the traffic between two components at one place that cross zones: with `z` the larger of the two
    /// numbers of active zones, requests spread evenly meet their partner in another zone `(z - 1)` times of `z`. None, when one of the two is
    /// a regional service.
    #[must_use]
    pub fn crossing_ppm(a: &Choice, b: &Choice) -> i64 {
        if a.active_zones == 0 || b.active_zones == 0 {
            return 0;
        }
        let zones = i64::from(a.active_zones.max(b.active_zones).max(1));
        1_000_000 * (zones - 1) / zones
    }

    /// The picked choices of an assignment.
    ///
    /// # Panics
    /// When the assignment does not fit the problem; [`check`] tells without panicking.
    #[must_use]
    pub fn picked<'a>(&'a self, assignment: &[ChoiceId]) -> Vec<&'a Choice> {
        self.components.iter().zip(assignment).map(|(component, &choice)| &component.choices[choice]).collect()
    }

    /// Whether two places satisfy a relation.
    #[must_use]
    pub fn related(&self, kind: RelationKind, a: PlaceId, b: PlaceId) -> bool {
        use RelationKind as K;
        let (pa, pb) = (&self.places[a], &self.places[b]);
        match kind {
            K::SameRegion => a == b,
            K::SameProvider => pa.provider == pb.provider,
            K::SameCountry => pa.country == pb.country,
            K::DifferentRegion => a != b,
            K::DifferentProvider => pa.provider != pb.provider,
            K::DifferentCountry => pa.country != pb.country,
        }
    }
}

impl Problem {
    /// What one microsecond of a path weighs in the objective, in nano-dollars: its price, or, when latency comes
    /// first, more than any bill can be (2^63).
    #[must_use]
    pub fn latency_weight(&self, path: &Path) -> i128 {
        match self.objective {
            _ if path.only_bounded => 0,
            Objective::Cost => i128::from(path.nanos_per_us),
            Objective::LatencyThenCost => 1 << 63,
        }
    }

    /// Latency of a path in a solution, in microseconds, given the place of every component.
    #[must_use]
    pub fn path_latency_us(&self, path: &Path, place_of: impl Fn(ComponentId) -> PlaceId) -> i64 {
        let entry = path.entry.as_ref().map_or(0, |(component, by_place)| by_place[place_of(*component)]);
        let hops: i64 = path
            .hops
            .iter()
            .map(|hop| {
                let rtt = self.rtt_us(path.percentile, place_of(hop.a), place_of(hop.b));
                hop.round_trips_milli * rtt / 1000
            })
            .sum();
        path.constant.micros() + entry + hops
    }
}
