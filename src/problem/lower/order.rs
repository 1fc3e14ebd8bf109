//! Machines the short way: of those that can be the best buy of anybody ([`crate::catalog::Menu`]) what a component
//! would keep of all ([`super::machines::offer_machines`]).
//!
//! Where machines are sold by their price alone, the cheapest of every size is known before a component asks; what is
//! left is a sum for each number of machines (`plain.rs`).

use super::choices::{Candidate, Excluded, Front, Recipe, Sink, Site};
use super::machines::{
    BURST_PERCENT_MAX, Fit, Quote, Terms, Verdict, billed_hours, candidate, charges, count_of_one, disk_to_buy,
    exceeds_baseline, fewest, fit_of_today, judge, operator, quote, times, write_out,
};
use super::network::Exposure;
use super::{Context, Demand};
use crate::app::Today;
use crate::catalog::{BURSTABLE, Entry, Groups, List, Machines, groups};
use crate::units::{Money, Purchase, Quantity};

/// What a component may take from the menus of all regions.
pub(super) struct Order<'a> {
    /// Every number of machines that it can be put on, most first, with what they must be like. None: it is not put on
    /// machines, or on such with an accelerator.
    pub crews: Vec<Crew>,
    pub groups: Groups,
    pub purchases: Vec<Purchase>,
    /// For each purchase option the cheapest machines.
    pub machines: Vec<&'a Machines>,
    /// No choice has fewer machines.
    pub least: u32,
    /// Offers differ in nothing but price and count for it.
    pub narrow: bool,
}

/// So many machines.
pub(super) struct Crew {
    pub fit: Fit,
    /// Thousandths of a vCPU and MiB of memory from which on a machine takes so many replicas that no more machines are
    /// needed.
    pub size: (u32, u32),
    /// The thousandths of a vCPU of a burstable machine that could sustain them.
    pub bursting_vcpu_milli: u32,
    /// GB of disk to buy for machines that bring none.
    pub disk: Quantity,
}

impl<'a> Order<'a> {
    pub fn of(cx: &Context<'a>, demand: &Demand) -> Self {
        let store = demand.kind.is_data_store();
        let allowed = if store { demand.packaged } else { demand.kind.runs_image() && demand.run_on.machines };
        let wanted = |purchase: &Purchase| {
            allowed && cx.purchase_wanted(demand, *purchase) && !(store && *purchase == Purchase::Spot)
        };
        let groups = groups(demand.dedicated, demand.arch);
        let narrow = demand.replicas == 1 || demand.disk_gb == Quantity::ZERO;
        let purchases: Vec<Purchase> = Purchase::ALL.into_iter().filter(wanted).collect();
        let crews = if purchases.is_empty() || demand.gpu.is_some() { Vec::new() } else { crews(demand) };
        let machines = purchases.iter().map(|&purchase| cx.book.machines((purchase, groups, narrow))).collect();
        let least = u32::try_from(fewest(demand)).unwrap_or(u32::MAX);
        Self { crews, groups, purchases, machines, least, narrow }
    }

    /// [`super::machines::fit`] without its divisions: the smallest crew for which a machine is large enough.
    fn fit(&self, vcpu_milli: u32, memory_mib: u32) -> Option<Fit> {
        let fits = |crew: &&Crew| vcpu_milli >= crew.size.0 && memory_mib >= crew.size.1;
        self.crews.iter().rev().find(fits).map(|crew| crew.fit)
    }
}

/// Every count that [`fit`] can come to, with the least machine for which it does.
fn crews(demand: &Demand) -> Vec<Crew> {
    let up = |a: i64, b: i64| a.div_euclid(b) + i64::from(a % b != 0);
    let least = |need: Quantity, each: i64, unit: i64, by: i64| {
        u32::try_from(up(need.micros().max(0).saturating_mul(each).saturating_mul(by), unit)).ok()
    };
    let mut crews = Vec::new();
    let mut per_machine = 1;
    loop {
        let count = up(demand.replicas, per_machine).max(fewest(demand));
        let replicas_per_machine = up(demand.replicas, count);
        let size = least(demand.cpu, per_machine, 1000, 1).zip(least(demand.memory_gib, per_machine, 1_000_000, 1024));
        let (Some(size), Ok(machines)) = (size, u32::try_from(count)) else { break };
        let bursting = least(demand.cpu_typical, replicas_per_machine, BURST_PERCENT_MAX * 10, 1);
        let bursting_vcpu_milli = size.0.max(bursting.unwrap_or(u32::MAX));
        let fit = Fit { count: machines, replicas_per_machine };
        let disk = disk_to_buy(demand, None, fit);
        crews.push(Crew { fit, size, bursting_vcpu_milli, disk });
        if count <= fewest(demand) {
            break;
        }
        per_machine = up(demand.replicas, count - 1);
    }
    crews
}

/// Looks at the machines of a place that can be the best buy; what [`offer_machines`] would keep of all of them. `plain`
/// is the best of [`super::plain::best`] there.
///
/// [`offer_machines`]: super::machines::offer_machines
pub(super) fn order_machines(
    cx: &Context,
    demand: &Demand,
    (order, plain): (&Order, Option<&Best>),
    site: &Site,
    front: &mut Front,
    excluded: &mut Excluded,
) {
    front.batch();
    // The place is one where every price is known, so nothing but today's is left out for another reason than being
    // dearer.
    let like = candidate(cx, demand, site, Purchase::OnDemand, order.least);
    if let Some(best) = plain {
        let (recipe, rank) = (Recipe::Machine(best.ordinal, best.fit), rank_of(best.ordinal, best.purchase));
        let candidate = Candidate { purchase: best.purchase, count: best.fit.count, ..like };
        debug_assert_eq!(best.cost, Sink::sum(|sink| best.charges(cx, demand, site, sink)), "at {:?}", site.region);
        front.offer_priced(&candidate, recipe, rank, best.cost);
    }
    if demand.gpu.is_some() {
        order.purchases.iter().for_each(|&purchase| accelerated(cx, demand, site, purchase, front));
    } else if !cx.book.sells_plainly(site.provider_id) {
        for &purchase in &order.purchases {
            Search { cx, demand, order, site, purchase }.all(&like, front);
        }
    }
    if let Some(today) = cx.today_at(demand, site) {
        offer_today(cx, demand, today, site, front, excluded);
    }
}

/// Every machine with an accelerator.
fn accelerated(cx: &Context, demand: &Demand, site: &Site, purchase: Purchase, front: &mut Front) {
    for &ordinal in &cx.book.menu(site.region, purchase).accelerated {
        let offer = &site.compute[ordinal as usize];
        let shape = cx.book.shape(offer.shape);
        if let Ok(fit) = judge(demand, shape) {
            let rank = Some(rank_of(ordinal, purchase));
            let q = Quote { ordinal, offer, shape, purchase, fit, today: false, rank };
            quote(cx, demand, site, &q, front, &mut Excluded::muted());
        }
    }
}

/// Where an offer stands in the order of the book, bought in a certain way.
fn rank_of(ordinal: u32, purchase: Purchase) -> u32 {
    ordinal * 4 + purchase as u32
}

/// The best of plain machines so far.
#[derive(Clone)]
pub(super) struct Best {
    pub cost: Money,
    /// Of the offer, at its place.
    pub ordinal: u32,
    pub purchase: Purchase,
    pub fit: Fit,
}

impl Best {
    /// Keeps the better of two: the cheaper, and of those the first in the book.
    pub fn keep(best: &mut Option<Self>, found: Self) {
        let order = |best: &Self| (best.cost, rank_of(best.ordinal, best.purchase));
        if best.as_ref().is_none_or(|best| order(&found) < order(best)) {
            *best = Some(found);
        }
    }

    fn charges(&self, cx: &Context, demand: &Demand, site: &Site, sink: &mut Sink) {
        write_out(cx, demand, site, (self.ordinal, self.fit), self.purchase, sink);
    }
}

/// A look at a menu for a component.
pub(super) struct Search<'a> {
    pub cx: &'a Context<'a>,
    pub demand: &'a Demand,
    pub order: &'a Order<'a>,
    pub site: &'a Site<'a>,
    pub purchase: Purchase,
}

impl<'a> Search<'a> {
    pub fn list(&self) -> &'a List {
        self.cx.book.menu(self.site.region, self.purchase).list(self.order.narrow)
    }

    /// On what terms the component is put on machines of an entry; `None`: they will not do.
    fn terms(&self, entry: &Entry) -> Option<Terms> {
        if entry.group & self.order.groups == 0 {
            return None;
        }
        let fit = self.order.fit(entry.vcpu_milli, entry.memory_mib)?;
        debug_assert_eq!(Some(fit), super::machines::fit(self.demand, entry.vcpu_milli, entry.memory_mib, 0));
        let overburdened = entry.group & BURSTABLE != 0
            && exceeds_baseline(self.demand, entry.vcpu_milli, entry.memory_mib, fit.replicas_per_machine);
        let Entry { price, month_cap, disk_included_gb, .. } = *entry;
        (!overburdened).then_some(Terms { price, month_cap, disk_included_gb, purchase: self.purchase, fit })
    }

    /// Looks at machines of rising price as long as one could win.
    pub fn first(&self, shelf: impl Iterator<Item = &'a Entry>, limit: &Limit, best: &mut Option<Best>) {
        let Self { cx, demand, site, purchase, .. } = *self;
        for entry in shelf {
            if !limit.admits(entry.price.usd, best.as_ref()) {
                break;
            }
            let Some(terms) = self.terms(entry) else { continue };
            let cost = Sink::sum(|sink| charges(cx, demand, site, (entry.offer, &terms), sink));
            Best::keep(best, Best { cost, ordinal: entry.offer, purchase, fit: terms.fit });
        }
    }

    /// Every machine of a menu where some bring traffic or have a cap.
    fn all(&self, like: &Candidate, front: &mut Front) {
        let Self { cx, demand, site, order, purchase } = *self;
        let Some(Crew { size: (vcpu, memory), .. }) = order.crews.first() else { return };
        let beside = beside(cx, demand, site, order.least);
        for entry in self.list().shelves().into_iter().flat_map(|shelf| shelf.fitting(*vcpu, *memory)) {
            let Some(terms) = self.terms(entry) else { continue };
            let count = i64::from(terms.fit.count);
            let included = cx.included(demand, site, entry.included_gb.times(count));
            let candidate = Candidate { purchase, included, count: terms.fit.count, ..*like };
            let rank = Some(rank_of(entry.offer, purchase));
            let full = entry.price.usd.times(billed_hours(demand, purchase).times(count));
            let floor = entry.month_cap.map_or(full, |cap| full.min(times(cap, terms.fit.count))) + beside;
            if front.covers(&candidate, floor, rank) {
                continue;
            }
            front.offer(&candidate, Recipe::Machine(entry.offer, terms.fit), rank, &|sink: &mut Sink| {
                charges(cx, demand, site, (entry.offer, &terms), sink);
            });
        }
    }
}

/// What so many machines cost beside their own price and disk: network and people.
pub(super) fn beside(cx: &Context, demand: &Demand, site: &Site, count: u32) -> Money {
    Sink::sum(|sink| {
        cx.network_charges(demand, site, (Exposure::of(demand, count), count), sink);
        if demand.kind.is_data_store() {
            operator(cx, sink);
        }
    })
}

/// How dear machines of a crew may be.
#[derive(Clone, Copy)]
pub(super) struct Limit {
    /// Of all of them together, that are paid.
    pub hours: Quantity,
    /// What they cost at least beside their own price.
    pub beside: Money,
}

impl Limit {
    pub fn cost(&self, usd: Money) -> Money {
        usd.times(self.hours) + self.beside
    }

    /// Whether machines of a price per hour could be the best. [`Money::MAX`]: there are none.
    pub fn admits(&self, usd: Money, best: Option<&Best>) -> bool {
        usd < Money::MAX && best.is_none_or(|best| self.cost(usd) <= best.cost)
    }
}

/// Offers the machines that the component runs on today, as [`offer_machines`] does.
fn offer_today(cx: &Context, demand: &Demand, today: &Today, site: &Site, front: &mut Front, excluded: &mut Excluded) {
    let store = demand.kind.is_data_store();
    if today.spot_count > 0 || !(if store { demand.packaged } else { demand.run_on.machines }) {
        return;
    }
    for (ordinal, offer) in (0..).zip(site.compute) {
        let shape = cx.book.shape(offer.shape);
        if shape.name != today.offer {
            continue;
        }
        let verdict = judge(demand, shape).map_or_else(Verdict::Refused, Verdict::Fits);
        if let Some(fit) = fit_of_today(demand, shape, verdict, count_of_one(demand, today.count)) {
            let q = Quote { ordinal, offer, shape, purchase: today.purchase, fit, today: true, rank: None };
            quote(cx, demand, site, &q, front, excluded);
        }
    }
}
