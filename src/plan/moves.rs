//! What changes between two placements, and what it costs to carry data over.

use super::{Change, DataMethod, Moved, Placement, Seat};
use crate::app::{App, Component, Kind};
use crate::problem::{PlaceId, Problem, Route};
use crate::units::{Money, Quantity};

/// Components that do not stay as they are: those of the wanted placement in its order, then those that go.
pub(super) fn between(from: &Placement, to: &Placement) -> Vec<Moved> {
    let wanted = to.seats.iter().filter_map(|seat| {
        let now = from.seat(&seat.component);
        let change = if now.is_some() { Change::Move } else { Change::Add };
        let stays = now.is_some_and(|now| now.same(seat));
        (!stays).then(|| moved(change, now, Some(seat)))
    });
    let gone = from.seats.iter().filter(|seat| to.seat(&seat.component).is_none());
    wanted.chain(gone.map(|seat| moved(Change::Remove, Some(seat), None))).collect()
}

fn moved(change: Change, from: Option<&Seat>, to: Option<&Seat>) -> Moved {
    let component = from.or(to).map(|seat| seat.component.clone()).unwrap_or_default();
    Moved { component, change, from: from.cloned(), to: to.cloned() }
}

/// The component's name: `web` for `web#2`.
pub(super) fn name_of(seat: &str) -> &str {
    seat.split_once('#').map_or(seat, |(name, _)| name)
}

/// The component of the application that a seat belongs to: `web` for `web#2`.
pub(super) fn component<'a>(app: &'a App, seat: &str) -> Option<(usize, &'a Component)> {
    let name = name_of(seat);
    app.components.iter().enumerate().find(|(_, component)| component.name == name)
}

/// How a kind's data is moved; `None`: it has none that outlives it (machines that run an image start from the image).
pub(super) fn data_method(kind: Kind) -> Option<DataMethod> {
    match kind {
        Kind::Postgres => Some(DataMethod::LogicalReplication),
        Kind::Mysql | Kind::Redis => Some(DataMethod::Replica),
        Kind::Kafka => Some(DataMethod::Mirror),
        Kind::ObjectStorage | Kind::StaticSite => Some(DataMethod::Sync),
        Kind::Service | Kind::Worker | Kind::Job | Kind::LoadBalancer => None,
    }
}

/// The dearest that traffic of this size can cost from one place to another, by the first one's tariff; `None`: not known.
///
/// Where the sender is billed in tiers, all of it is taken at the dearest tier, since what else runs through the account
/// decides the tier. Within a region the price between zones is taken.
#[must_use]
pub fn carried(problem: &Problem, from: PlaceId, to: PlaceId, gb: Quantity) -> Option<Money> {
    let price = match problem.route(from, to) {
        Route::Unknown => return None,
        Route::Flat(price) => price.usd,
        Route::Metered(ladder) => problem.ladders[ladder].steps.iter().map(|step| step.price.usd).max()?,
    };
    Some(price.times(gb))
}

/// [`carried`] from one seat to another.
pub(super) fn transfer(problem: &Problem, from: &Seat, to: &Seat, gb: Quantity) -> Option<Money> {
    let place = |seat: &Seat| {
        let is = |p: &crate::problem::Place| p.provider_name == seat.provider && p.region_code == seat.region;
        problem.places.iter().position(is)
    };
    carried(problem, place(from)?, place(to)?, gb)
}
