//! What a component asks of an offer, with the numbers of one scenario.

use crate::app::{App, Component, Gpu, Kind, ManagedChoice, Mixed, RelationKind, RunOn, Scenario, Spread, Where};
use crate::units::{Arch, Purchase, Quantity};

/// What one variable of the problem asks for.
#[derive(Clone, Debug)]
pub(super) struct Demand {
    /// Ordinal of the variable.
    pub variable: usize,
    /// Ordinal of the component in the application.
    pub app_component: usize,
    pub name: String,
    pub kind: Kind,
    /// vCPUs that a replica must find: its maximum, whatever the scenario.
    pub cpu: Quantity,
    /// vCPUs that a replica uses in a typical month.
    pub cpu_typical: Quantity,
    /// GiB that a replica must find.
    pub memory_gib: Quantity,
    pub disk_gb: Quantity,
    /// GB that a disk which cannot grow must hold: the maximum, whatever the scenario.
    pub disk_gb_max: Quantity,
    pub gpu: Option<Gpu>,
    pub arch: Option<Arch>,
    pub dedicated: bool,
    pub replicas: i64,
    pub zones: u8,
    pub purchase: Vec<Purchase>,
    pub run_on: RunOn,
    /// Managed tiers are looked at.
    pub managed: bool,
    /// Machines are looked at for a data store.
    pub packaged: bool,
    /// Users reach it directly, not through a load balancer component.
    pub public: bool,
    pub hours: Quantity,
    pub users_gb: Quantity,
    pub outbound_gb: Quantity,
    pub requests_million: Quantity,
    pub writes_million: Quantity,
    /// GB a month through it when it is a load balancer.
    pub balanced_gb: Quantity,
    /// Whether any of its traffic could run through a meter.
    pub metered: bool,
    pub place: Where,
    /// Whether [`Self::place`] forbids nothing.
    pub place_is_free: bool,
    /// How it must lie to the other replicas of its component.
    pub keep_apart: Option<RelationKind>,
    /// Which replica of its component it is, from 0.
    pub replica: usize,
    /// The group that it may share machines with.
    pub shares: Option<usize>,
    /// A base and what comes on top of it.
    pub mixed: Option<Mixed>,
    /// GB a month to users through a load balancer that stands before all replicas of its component.
    pub component_users_gb: Quantity,
    /// How many variables its component has: its share of the component's traffic is one of so many.
    pub siblings: i64,
    /// Ordinal of its entry in [`App::today`].
    pub today: Option<usize>,
}

impl Demand {
    /// Whether it is a regional service whose zones the provider takes care of.
    pub fn kind_is_regional(&self) -> bool {
        matches!(self.kind, Kind::ObjectStorage | Kind::StaticSite | Kind::LoadBalancer)
    }

    /// Whether its replicas are variables of their own in one region, behind one load balancer.
    pub fn is_one_of_several_here(&self) -> bool {
        self.shares.is_some() && self.siblings > 1
    }

    /// GB a month to users through the load balancer that this variable pays for; `None`: another replica pays for it.
    pub fn balancer_gb(&self) -> Option<Quantity> {
        if !self.is_one_of_several_here() {
            return Some(self.users_gb);
        }
        (self.replica == 0).then_some(self.component_users_gb)
    }

    /// Zones in which so many machines are active at the same time. A database answers from its primary only; Kafka
    /// from every broker.
    pub fn active_zones(&self, count: u32) -> u8 {
        let replicas = if self.shares.is_some() { u32::try_from(self.siblings).unwrap_or(u32::MAX) } else { 1 };
        let count = count.max(replicas);
        if self.kind.is_data_store() && self.kind != Kind::Kafka {
            return 1;
        }
        self.zones.min(u8::try_from(count).unwrap_or(u8::MAX)).max(1)
    }
}

/// One demand per variable: a component, or each replica of a spread component.
pub(super) fn demands(app: &App, scenario: Scenario) -> Vec<Demand> {
    let mut demands = Vec::new();
    for (ordinal, component) in app.components.iter().enumerate() {
        // A spread component keeps its typical number of replicas: more load does not open more regions.
        let spread = component.spread != Spread::None || component.shares.is_some();
        let siblings = if spread { whole(component.replicas.typical) } else { 1 };
        for replica in 0..siblings {
            let mut demand = demand_of(app, ordinal, component, scenario);
            demand.variable = demands.len();
            demand.siblings = siblings;
            demand.replica = usize::try_from(replica).unwrap_or(usize::MAX);
            if spread {
                demand.replicas = 1;
            }
            if siblings > 1 {
                demand.name = format!("{}#{}", component.name, replica + 1);
            }
            for share in [&mut demand.users_gb, &mut demand.outbound_gb, &mut demand.balanced_gb] {
                *share = share.scale(1, siblings);
            }
            for share in [&mut demand.requests_million, &mut demand.writes_million] {
                *share = share.scale(1, siblings);
            }
            demands.push(demand);
        }
    }
    demands
}

fn whole(quantity: Quantity) -> i64 {
    (quantity.micros() / 1_000_000).max(1)
}

fn demand_of(app: &App, ordinal: usize, component: &Component, scenario: Scenario) -> Demand {
    let store = component.kind.is_data_store();
    let nodes = match (component.kind, component.zones) {
        (Kind::Kafka, 2..) => 3,
        (kind, 2..) if kind.is_data_store() => 2,
        (kind, _) if kind.is_data_store() => 1,
        _ => whole(component.replicas.at(scenario)),
    };
    let links = || app.links.iter().filter(|link| link.from == ordinal || link.to == ordinal);
    let fronted =
        app.links.iter().any(|link| link.to == ordinal && app.components[link.from].kind == Kind::LoadBalancer);
    Demand {
        variable: 0,
        app_component: ordinal,
        name: component.name.clone(),
        kind: component.kind,
        cpu: component.cpu.max,
        cpu_typical: component.cpu.typical,
        memory_gib: component.memory_gib.max,
        disk_gb: component.disk_gb.at(scenario),
        disk_gb_max: component.disk_gb.max,
        gpu: component.gpu.clone(),
        arch: component.arch,
        dedicated: component.dedicated,
        replicas: nodes,
        zones: component.zones,
        purchase: component.purchase.clone(),
        run_on: component.run_on,
        managed: store && component.managed != ManagedChoice::Packaged,
        packaged: store && component.managed != ManagedChoice::Only,
        public: component.public && !fronted,
        hours: component.hours_month.at(scenario),
        users_gb: component.users_gb_month.at(scenario),
        outbound_gb: component.outbound_gb_month.at(scenario),
        requests_million: component.requests_million_month.at(scenario),
        writes_million: component.writes_million_month.at(scenario),
        balanced_gb: balanced_gb(app, ordinal, scenario),
        metered: links().next().is_some()
            || component.users_gb_month.max > Quantity::ZERO
            || component.outbound_gb_month.max > Quantity::ZERO,
        place_is_free: component.place == Where::default(),
        place: component.place.clone(),
        keep_apart: match component.spread {
            Spread::None => component.shares.map(|_| super::hosts::REPLICAS_LIE),
            Spread::Regions => Some(RelationKind::DifferentRegion),
            Spread::Providers => Some(RelationKind::DifferentProvider),
        },
        replica: 0,
        shares: component.shares,
        mixed: component.mixed,
        component_users_gb: component.users_gb_month.at(scenario),
        siblings: 1,
        today: app.today.iter().position(|today| today.component == ordinal),
    }
}

/// GB a month through a load balancer: the requests it hands on, and the answers, which are either stated as its own
/// traffic to users or as the backs of its links.
fn balanced_gb(app: &App, ordinal: usize, scenario: Scenario) -> Quantity {
    let out = || app.links.iter().filter(|link| link.from == ordinal);
    let requests: Quantity = out().map(|link| link.forward_gb_month.at(scenario)).sum();
    let answers: Quantity = out().map(|link| link.back_gb_month.at(scenario)).sum();
    requests + answers.max(app.components[ordinal].users_gb_month.at(scenario))
}
