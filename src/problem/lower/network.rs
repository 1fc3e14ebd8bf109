//! Traffic: how a component is reached and reaches out, who sends how much to whom, and how each road is billed.

use super::choices::{Sink, Site};
use super::lowerer::Users;
use super::{Context, Demand};
use crate::app::{App, PrivateOutbound, Scenario};
use crate::catalog::{Item, PriceBook, TrafficPool, Unit};
use crate::problem::{Charge, ChargeItem, Flow, FlowTo, Included, Place, SharedCharge, SharedNeed};
use crate::units::Quantity;
use std::sync::Arc;

/// How a component is reached from the internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exposure {
    /// Not at all.
    Private,
    /// By the public address of its only machine.
    Address,
    /// Through a load balancer before its machines.
    Balanced,
    /// The product brings its own endpoint, and reaches the internet by itself.
    BuiltIn,
}

impl Exposure {
    /// One public machine needs an address, several need a load balancer.
    pub fn of(demand: &Demand, count: u32) -> Self {
        match (demand.public, count) {
            (false, _) => Self::Private,
            (true, _) if demand.is_one_of_several_here() => Self::Balanced,
            (true, 0 | 1) => Self::Address,
            (true, _) => Self::Balanced,
        }
    }
}

/// Public addresses that a provider bills for a load balancer: AWS one per zone and at least two ("Public IPv4 charges"
/// in the VPC price list; an Application Load Balancer wants two subnets), Azure the frontend's one; the others include
/// it in the balancer's price.
fn balancer_addresses(provider: &str, zones: u8) -> i64 {
    match provider {
        "aws" => i64::from(zones.max(2)),
        "azure" => 1,
        _ => 0,
    }
}

/// Whether a machine goes out through the region's NAT gateway.
fn uses_nat(cx: &Context, demand: &Demand, site: &Site, exposure: Exposure) -> bool {
    demand.outbound_gb > Quantity::ZERO
        && matches!(exposure, Exposure::Private | Exposure::Balanced)
        && cx.app.private_outbound == PrivateOutbound::Nat
        && site.price(Item::NatGateway).is_some()
        && site.price(Item::NatData).is_some()
}

/// The shared needs of a component at a place.
pub(super) fn needs_of(cx: &Context, demand: &Demand, site: &Site, exposure: Exposure) -> &'static [SharedNeed] {
    if uses_nat(cx, demand, site, exposure) { &[SharedNeed::Nat] } else { &[] }
}

impl Context<'_> {
    /// Whether every price that the exposure needs is known.
    pub(super) fn network_known(&self, demand: &Demand, site: &Site, exposure: Exposure) -> Result<(), &'static str> {
        let known = |item| site.price(item).is_some();
        let own_addresses = demand.outbound_gb > Quantity::ZERO
            && matches!(exposure, Exposure::Private | Exposure::Balanced)
            && !uses_nat(self, demand, site, exposure);
        if (exposure == Exposure::Address || own_addresses) && !known(Item::PublicIpv4) {
            return Err("no price known for a public IPv4 address");
        }
        if exposure == Exposure::Balanced && !known(Item::LoadBalancer) {
            return Err("no price known for a load balancer");
        }
        let balanced = demand.users_gb + demand.balanced_gb;
        if exposure == Exposure::Balanced && balanced > Quantity::ZERO && !known(Item::LoadBalancerData) {
            return Err("no price known for traffic through a load balancer");
        }
        Ok(())
    }

    /// Addresses, load balancer and NAT traffic of `count` machines. Call [`Self::network_known`] first.
    pub(super) fn network_charges(
        &self,
        demand: &Demand,
        site: &Site,
        (exposure, count): (Exposure, u32),
        sink: &mut Sink,
    ) {
        if exposure == Exposure::Address {
            address_charge(demand, site, 1, sink);
        }
        if let Some(gb) = demand.balancer_gb().filter(|_| exposure == Exposure::Balanced) {
            balancer_charges(demand, site, gb, sink);
        }
        if demand.outbound_gb == Quantity::ZERO || matches!(exposure, Exposure::Address | Exposure::BuiltIn) {
            return;
        }
        if uses_nat(self, demand, site, exposure) {
            if let Some(price) = site.price(Item::NatData) {
                let detail = || "through the NAT gateway".to_owned();
                sink.add(ChargeItem::NatData, demand.outbound_gb, price, None, detail);
            }
        } else {
            address_charge(demand, site, i64::from(count), sink);
        }
    }

    /// Whether [`Self::network_charges`] depends on how many machines there are.
    pub(super) fn counts_addresses(&self, demand: &Demand, site: &Site, exposure: Exposure) -> bool {
        demand.outbound_gb > Quantity::ZERO
            && matches!(exposure, Exposure::Private | Exposure::Balanced)
            && !uses_nat(self, demand, site, exposure)
    }

    /// What traffic comes with the machines, as far as this application could ever use it.
    pub(super) fn included(&self, demand: &Demand, site: &Site, gb: Quantity) -> Included {
        let useful = gb.min(self.traffic);
        if useful == Quantity::ZERO {
            return Included::None;
        }
        match self.book.provider_of(site.region).traffic_pool {
            TrafficPool::PerServer if demand.metered => Included::Own(useful),
            TrafficPool::PerServer => Included::None,
            TrafficPool::Pooled => Included::Pooled(useful),
        }
    }
}

fn address_charge(demand: &Demand, site: &Site, count: i64, sink: &mut Sink) {
    if let Some(price) = site.price(Item::PublicIpv4).filter(|_| count > 0) {
        let each = if price.unit == Unit::Month { Quantity::from_units(1) } else { demand.hours };
        let detail = || format!("{count} public IPv4");
        sink.add(ChargeItem::PublicIpv4, each.times(count), price, None, detail);
    }
}

/// A load balancer with its addresses and `gb` through it.
pub(super) fn balancer_charges(demand: &Demand, site: &Site, gb: Quantity, sink: &mut Sink) {
    let Some(tariff) = site.tariff(Item::LoadBalancer).first() else { return };
    let month = if tariff.price.unit == Unit::Month { Quantity::from_units(1) } else { Quantity::MONTH_HOURS };
    sink.add(ChargeItem::LoadBalancer, month, tariff.price, None, || tariff.product.clone());
    if let Some(price) = site.price(Item::LoadBalancerData).filter(|_| gb > Quantity::ZERO) {
        let detail = || format!("through {}", tariff.product);
        sink.add(ChargeItem::LoadBalancerData, gb, price, None, detail);
    }
    let addresses = if demand.public { balancer_addresses(site.provider, demand.zones) } else { 0 };
    address_charge(demand, site, addresses, sink);
}

/// All GB of an application that could run through a meter.
pub(super) fn total_traffic(app: &App, scenario: Scenario) -> Quantity {
    let links = app.links.iter().map(|l| l.forward_gb_month.at(scenario) + l.back_gb_month.at(scenario));
    let outward = app.components.iter().map(|c| c.users_gb_month.at(scenario) + c.outbound_gb_month.at(scenario));
    links.chain(outward).sum()
}

/// One NAT gateway per place that sells it, due when a component there needs it.
pub(super) fn shared_charges(book: &PriceBook, places: &[Place]) -> Vec<SharedCharge> {
    let at = |(place, spec): (usize, &Place)| {
        let tariff = book.tariff(spec.region, Item::NatGateway).first()?;
        let quantity = if tariff.price.unit == Unit::Month { Quantity::from_units(1) } else { Quantity::MONTH_HOURS };
        let charge = Charge {
            item: ChargeItem::NatGateway,
            detail: tariff.product.clone(),
            quantity,
            price: tariff.price,
            cap: None,
        };
        Some(SharedCharge { place, need: SharedNeed::Nat, charge })
    };
    places.iter().enumerate().filter_map(at).collect()
}

/// Destination classes: `*`, then the countries that some ladder prices on its own.
pub(super) struct Classes(pub Vec<String>);

impl Classes {
    pub fn of_book(book: &PriceBook) -> Self {
        let mut own: Vec<String> = book.ladders.iter().map(|ladder| ladder.to.clone()).filter(|to| to != "*").collect();
        own.sort_unstable();
        own.dedup();
        own.insert(0, "*".to_owned());
        Self(own)
    }

    pub fn of(&self, country: &str) -> usize {
        self.0.iter().position(|name| name == country).unwrap_or(0)
    }
}

/// Who sends how much to whom.
pub(super) fn flows(cx: &Context, demands: &[Demand], users: &[Arc<Users>], classes: &Classes) -> Vec<Flow> {
    let mut flows = Vec::new();
    let mut push = |from: usize, to: FlowTo, label: String, gb: Quantity| {
        if gb > Quantity::ZERO {
            flows.push(Flow { from, to, label, gb });
        }
    };
    for demand in demands {
        let mut left = demand.users_gb;
        for (i, audience) in cx.app.audiences.iter().enumerate() {
            // The last audience takes what rounding left, so that the parts add up to the whole.
            let last = i + 1 == cx.app.audiences.len();
            let gb = if last { left } else { demand.users_gb.scale(audience.share_ppm, 1_000_000) };
            left = left.minus(gb);
            let class = users[i].place.country.as_ref().map_or(0, |country| classes.of(country));
            push(demand.variable, FlowTo::Internet(class), format!("users {}", audience.name), gb);
        }
        push(demand.variable, FlowTo::Internet(0), "third parties".to_owned(), demand.outbound_gb);
    }
    for link in &cx.app.links {
        let ends = |ordinal: usize| demands.iter().filter(move |d| d.app_component == ordinal);
        for a in ends(link.from) {
            for b in ends(link.to) {
                let share = |gb: Quantity| gb.scale(1, a.siblings * b.siblings);
                let (forward, back) =
                    (link.forward_gb_month.at(cx.options.scenario), link.back_gb_month.at(cx.options.scenario));
                push(a.variable, FlowTo::Component(b.variable), b.name.clone(), share(forward));
                push(b.variable, FlowTo::Component(a.variable), a.name.clone(), share(back));
            }
        }
    }
    flows
}
