//! Object storage, static sites and load balancers: bought by tariff, not by offer.

use super::choices::{Candidate, Excluded, Front, Recipe, Sink, Site};
use super::network::{Exposure, balancer_charges};
use super::{Context, Demand};
use crate::catalog::{Item, Tariff};
use crate::problem::{ChargeItem, Form, Included};
use crate::units::{Purchase, Quantity};

/// Active zones of a regional service: none of its traffic inside the region is billed as crossing zones.
const REGIONAL: u8 = 0;

fn candidate(cx: &Context, demand: &Demand, site: &Site, product: &str) -> Candidate {
    Candidate {
        place: site.place,
        purchase: Purchase::OnDemand,
        count: 1,
        form: Form::Managed,
        included: Included::None,
        needs: &[],
        active_zones: REGIONAL,
        today: cx.is_today(demand, site, product).is_some(),
    }
}

/// Object storage at a place: stored GB by tier, base fee, requests.
pub(super) fn offer_objects(cx: &Context, demand: &Demand, site: &Site, front: &mut Front, excluded: &mut Excluded) {
    let steps = site.tariff(Item::ObjectStorage);
    let Some(first) = steps.first() else { return };
    if !cx.wanted(demand, site, &first.product) {
        return;
    }
    if let Some(reason) = cx.refuse_price(&first.price) {
        excluded.add(reason, 1);
        return;
    }
    let unknown =
        |(_, item, amount, _): &(_, Item, Quantity, _)| *amount > Quantity::ZERO && site.price(*item).is_none();
    if requests(demand).iter().any(unknown) {
        excluded.add("no price known for requests", 1);
        return;
    }
    let candidate = candidate(cx, demand, site, &first.product);
    front.offer(&candidate, Recipe::Objects, None, &|sink: &mut Sink| object_charges(demand, site, sink));
}

fn requests(demand: &Demand) -> [(ChargeItem, Item, Quantity, &'static str); 2] {
    [
        (ChargeItem::Requests, Item::ObjectReads, demand.requests_million, "reads"),
        (ChargeItem::Writes, Item::ObjectWrites, demand.writes_million, "writes"),
    ]
}

/// Everything that object storage costs.
pub(super) fn object_charges(demand: &Demand, site: &Site, sink: &mut Sink) {
    let steps = site.tariff(Item::ObjectStorage);
    if let (Some(base), Some(first)) = (site.price(Item::ObjectStorageBase), steps.first()) {
        sink.add(ChargeItem::ObjectStorage, Quantity::from_units(1), base, None, || {
            format!("{} base fee", first.product)
        });
    }
    stepwise(ChargeItem::ObjectStorage, steps, demand.disk_gb, "storage", sink);
    for (charge, item, amount, word) in requests(demand) {
        stepwise(charge, site.tariff(item), amount, word, sink);
    }
}

/// Each step of a tariff with the units that fall into it.
fn stepwise(charge: ChargeItem, steps: &[Tariff], amount: Quantity, word: &str, sink: &mut Sink) {
    for (i, step) in steps.iter().enumerate() {
        let end = steps.get(i + 1).map_or(Quantity::MAX, |next| next.from);
        let inside = amount.min(end).minus(step.from);
        if inside > Quantity::ZERO {
            sink.add(charge, inside, step.price, None, || format!("{} {word}", step.product));
        }
    }
}

/// A load balancer at a place.
pub(super) fn offer_balancer(cx: &Context, demand: &Demand, site: &Site, front: &mut Front, excluded: &mut Excluded) {
    let Some(tariff) = site.tariff(Item::LoadBalancer).first() else { return };
    if !cx.wanted(demand, site, &tariff.product) {
        return;
    }
    let known = cx.network_known(demand, site, Exposure::Balanced);
    if let Some(reason) = cx.refuse_price(&tariff.price).or(known.err()) {
        excluded.add(reason, 1);
        return;
    }
    let charges = |sink: &mut Sink| balancer_charges(demand, site, demand.balanced_gb, sink);
    front.offer(&candidate(cx, demand, site, &tariff.product), Recipe::Balancer, None, &charges);
}
