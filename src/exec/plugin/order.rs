//! Orders in the words of the protocol.

use super::wire::{Component, Link, Neighbour, Ready, Side, StepOrder};
use crate::app::{self, App, Kind};
use crate::exec::Order;
use crate::plan::{Placement, Plan, Seat, SeatFile, StepFile, sealed};
use std::collections::BTreeMap;

/// What is asked before the first step.
///
/// # Errors
/// Those of the JSON writer, of which none is known.
pub(super) fn ready(app: &App, plan: &Plan) -> Result<Ready, serde_json::Error> {
    let name = |ordinal: usize| app.components[ordinal].name.clone();
    Ok(Ready {
        app: app.name.clone(),
        components: app.components.iter().map(|component| spec(component, &component.name)).collect(),
        links: app.links.iter().map(|link| Link { from: name(link.from), to: name(link.to) }).collect(),
        plan: sealed(plan)?,
    })
}

/// A step; `None`: nobody knows what its component is.
pub(super) fn step(order: &Order<'_>) -> Option<StepOrder> {
    let Order { app, plan, step, run, fence } = *order;
    let known = app.components.iter().position(|component| component.name == name_of(&step.component));
    let component = match known {
        Some(ordinal) => spec(&app.components[ordinal], &step.component),
        // It was taken out of the application, and goes.
        None => gone(&step.component, order.from()?.kind),
    };
    let is_known = |ordinal: usize| known == Some(ordinal);
    let called = app.links.iter().filter(|link| is_known(link.from)).map(|link| link.to);
    let callers = app.links.iter().filter(|link| is_known(link.to)).map(|link| link.from);
    Some(StepOrder {
        app: app.name.clone(),
        run: run.to_owned(),
        fence,
        component,
        calls: called.flat_map(|other| neighbours(app, plan, other)).collect(),
        called_by: callers.flat_map(|other| neighbours(app, plan, other)).collect(),
        from: order.from().map(side),
        to: order.to().map(side),
        step: StepFile::from(step),
    })
}

/// The name of a component without its replica: `web` for `web#2`.
fn name_of(seat: &str) -> &str {
    seat.split_once('#').map_or(seat, |(name, _)| name)
}

fn spec(component: &app::Component, name: &str) -> Component {
    Component {
        name: name.to_owned(),
        kind: component.kind.into(),
        image: component.image.clone(),
        command: component.command.clone(),
        port: port(component),
        env: component.env.iter().cloned().collect::<BTreeMap<_, _>>(),
        secrets: component.secrets.clone(),
        cpu: component.cpu.max.to_decimal(),
        memory_gib: component.memory_gib.max.to_decimal(),
        disk_gb: component.disk_gb.max.to_decimal(),
        public: component.public,
    }
}

/// What is known of a component that the application does not have any more.
fn gone(name: &str, kind: Kind) -> Component {
    Component {
        name: name.to_owned(),
        kind: kind.into(),
        image: None,
        command: Vec::new(),
        port: None,
        env: BTreeMap::new(),
        secrets: Vec::new(),
        cpu: "0".to_owned(),
        memory_gib: "0".to_owned(),
        disk_gb: "0".to_owned(),
        public: false,
    }
}

fn port(component: &app::Component) -> Option<u16> {
    (component.kind == Kind::Service).then_some(component.port)
}

fn side(seat: &Seat) -> Side {
    Side { id: seat.id(), seat: SeatFile::from(seat) }
}

/// Every replica of a component, before and after, in the order of their names.
fn neighbours(app: &App, plan: &Plan, ordinal: usize) -> Vec<Neighbour> {
    let component = &app.components[ordinal];
    let mut replicas: BTreeMap<String, Neighbour> = BTreeMap::new();
    let mut put = |placement: &Placement, set: fn(&mut Neighbour, Side)| {
        for seat in placement.seats.iter().filter(|seat| name_of(&seat.component) == component.name) {
            let replica = replicas.entry(seat.component.clone()).or_insert_with(|| Neighbour {
                component: seat.component.clone(),
                kind: component.kind.into(),
                port: port(component),
                from: None,
                to: None,
            });
            set(replica, side(seat));
        }
    };
    put(&plan.from, |replica, side| replica.from = Some(side));
    put(&plan.to, |replica, side| replica.to = Some(side));
    replicas.into_values().collect()
}
