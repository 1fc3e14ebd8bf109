//! Machines the short way: of those that can be the best buy of anybody ([`crate::catalog::Menu`]) what a component
//! would keep of all ([`super::machines::offer_machines`]).
//!
//! Where machines are sold by their price alone, the cheapest of every size is known before a component asks
//! ([`crate::catalog::Machines`]); what is left is a sum for each number of machines.

use super::choices::{Candidate, Excluded, Front, Recipe, Sink, Site};
use super::machines::{
    BURST_PERCENT_MAX, Fit, Quote, Terms, Verdict, billed_hours, candidate, charges, count_of_one, disk_to_buy,
    exceeds_baseline, fewest, fit, fit_of_today, judge, operator, quote, times, write_out,
};
use super::network::Exposure;
use super::{Context, Demand};
use crate::app::Today;
use crate::catalog::{BURSTABLE, Cheapest, Entry, Groups, Item, List, Machines, ProviderId, Row, groups};
use crate::units::{Money, Purchase, Quantity};
use std::cell::OnceCell;

/// What a component may take from the menus of all regions.
pub(super) struct Order<'a> {
    /// Every number of machines that it can be put on, most first, with what they must be like.
    crews: Vec<Crew>,
    groups: Groups,
    purchases: Vec<Purchase>,
    /// For each purchase option the cheapest machines.
    machines: Vec<&'a Machines>,
    /// For each provider, once it is asked for, and each purchase option those for every crew.
    rows: Vec<OnceCell<Vec<Rows<'a>>>>,
    /// No choice has fewer machines.
    least: u32,
    /// Offers differ in nothing but price and count for it.
    narrow: bool,
}

/// So many machines.
struct Crew {
    fit: Fit,
    /// Thousandths of a vCPU and MiB of memory from which on a machine takes so many replicas that no more machines are
    /// needed.
    size: (u32, u32),
    /// The thousandths of a vCPU of a burstable machine that could sustain them.
    bursting_vcpu_milli: u32,
    /// GB of disk to buy for machines that bring none.
    disk: Quantity,
}

/// The cheapest machines for a crew in the regions of a provider; `None`: it has none of that size.
struct Rows<'a> {
    steady: Option<Row<'a>>,
    /// With as much processor time as a burstable one must have.
    bursting: Option<Row<'a>>,
}

impl<'a> Order<'a> {
    pub fn of(cx: &Context<'a>, demand: &Demand) -> Self {
        let store = demand.kind.is_data_store();
        let allowed = if store { demand.packaged } else { demand.run_on.machines };
        let wanted = |purchase: &Purchase| {
            allowed && cx.purchase_wanted(demand, *purchase) && !(store && *purchase == Purchase::Spot)
        };
        let groups = groups(demand.dedicated, demand.arch);
        let narrow = demand.replicas == 1 || demand.disk_gb == Quantity::ZERO;
        let purchases: Vec<Purchase> = Purchase::ALL.into_iter().filter(wanted).collect();
        let crews = if purchases.is_empty() || demand.gpu.is_some() { Vec::new() } else { crews(demand) };
        let machines = purchases.iter().map(|&purchase| cx.book.machines((purchase, groups, narrow))).collect();
        let rows = cx.book.providers.iter().map(|_| OnceCell::new()).collect();
        let least = u32::try_from(fewest(demand)).unwrap_or(u32::MAX);
        Self { crews, groups, purchases, machines, rows, least, narrow }
    }

    /// The cheapest machines of a provider for every crew, bought in the way of an ordinal.
    fn rows(&self, cx: &Context, provider: ProviderId, purchase: usize) -> &[Rows<'a>] {
        let all = self.rows[usize::from(provider.0)].get_or_init(|| {
            let bursts = self.groups & BURSTABLE != 0;
            let of = |machines: &&'a Machines, crew: &Crew| {
                let row = |vcpu_milli: u32| {
                    let need = cx.book.need(provider, vcpu_milli, crew.size.1)?;
                    Some(machines.cheapest(cx.book, provider, need))
                };
                let bursting = bursts.then(|| row(crew.bursting_vcpu_milli)).flatten();
                Rows { steady: row(crew.size.0), bursting }
            };
            self.machines.iter().flat_map(|machines| self.crews.iter().map(move |crew| of(machines, crew))).collect()
        });
        &all[purchase * self.crews.len()..][..self.crews.len()]
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

/// Looks at the machines of a place that can be the best buy; what [`offer_machines`] would keep of all of them.
pub(super) fn order_machines(
    cx: &Context,
    demand: &Demand,
    order: &Order,
    site: &Site,
    front: &mut Front,
    excluded: &mut Excluded,
) {
    front.batch();
    // The place is one where every price is known, so nothing but today's is left out for another reason than being
    // dearer.
    let like = candidate(cx, demand, site, Purchase::OnDemand, order.least);
    let plain = cx.book.sells_plainly(site.provider_id);
    let mut best: Option<Best> = None;
    for (ordinal, &purchase) in order.purchases.iter().enumerate() {
        if demand.gpu.is_some() {
            for &ordinal in &cx.book.menu(site.region, purchase).accelerated {
                let offer = &site.compute[ordinal as usize];
                let shape = cx.book.shape(offer.shape);
                if let Ok(fit) = judge(demand, shape) {
                    let rank = Some(rank_of(ordinal, purchase));
                    let q = Quote { ordinal, offer, shape, purchase, fit, today: false, rank };
                    quote(cx, demand, site, &q, front, &mut Excluded::muted());
                }
            }
            continue;
        }
        let search = Search { cx, demand, order, site, purchase: (ordinal, purchase), like };
        if plain { search.cheapest(front, &mut best) } else { search.all(front) }
    }
    if let Some(best) = best {
        let (recipe, rank) = (Recipe::Machine(best.ordinal, best.fit), rank_of(best.ordinal, best.purchase));
        let candidate = Candidate { purchase: best.purchase, count: best.fit.count, ..like };
        debug_assert_eq!(best.cost, Sink::sum(|sink| best.charges(cx, demand, site, sink)), "at {:?}", site.region);
        front.offer_priced(&candidate, recipe, rank, best.cost);
    }
    if let Some(today) = cx.today_at(demand, site) {
        offer_today(cx, demand, today, site, front, excluded);
    }
}

/// Where an offer stands in the order of the book, bought in a certain way.
fn rank_of(ordinal: u32, purchase: Purchase) -> u32 {
    ordinal * 4 + purchase as u32
}

/// The best of plain machines so far.
struct Best {
    cost: Money,
    /// Of the offer, at its place.
    ordinal: u32,
    purchase: Purchase,
    fit: Fit,
}

impl Best {
    /// By what two are compared.
    fn order(&self) -> (Money, u32) {
        (self.cost, rank_of(self.ordinal, self.purchase))
    }

    fn charges(&self, cx: &Context, demand: &Demand, site: &Site, sink: &mut Sink) {
        write_out(cx, demand, site, (self.ordinal, self.fit), self.purchase, sink);
    }
}

/// A look at a menu for a component.
struct Search<'a, 'b> {
    cx: &'a Context<'a>,
    demand: &'a Demand,
    order: &'a Order<'b>,
    site: &'a Site<'a>,
    /// With its ordinal in the order.
    purchase: (usize, Purchase),
    /// A choice as it is here, but for its count and for what comes with it.
    like: Candidate,
}

impl<'a> Search<'a, '_> {
    fn list(&self) -> &'a List {
        self.cx.book.menu(self.site.region, self.purchase.1).list(self.order.narrow)
    }

    /// On what terms the component is put on machines of an entry; `None`: they will not do.
    fn terms(&self, entry: &Entry) -> Option<Terms> {
        if entry.group & self.order.groups == 0 {
            return None;
        }
        let fit = fit(self.demand, entry.vcpu_milli, entry.memory_mib, 0)?;
        let overburdened = entry.group & BURSTABLE != 0
            && exceeds_baseline(self.demand, entry.vcpu_milli, entry.memory_mib, fit.replicas_per_machine);
        let Entry { price, month_cap, disk_included_gb, .. } = *entry;
        (!overburdened).then_some(Terms { price, month_cap, disk_included_gb, purchase: self.purchase.1, fit })
    }

    /// Of plain machines the cheapest, and of those the first in the book, when it is better than `best`.
    ///
    /// Machines that bring no traffic and have no cap are alike here but for what they cost (however many there are,
    /// none being fewer than [`fewest`]), so that the best of them covers all others. They are looked for crew by crew:
    /// each machine is among those of a crew of its own number, and there what bare machines cost rises with their price.
    /// The other shelves are opened when their lowest price could win.
    fn cheapest(&self, front: &Front, best: &mut Option<Best>) {
        let Self { cx, demand, site, order, purchase: (at, purchase), .. } = *self;
        let rival = front.least(&self.like).unwrap_or(Money::MAX);
        let mut beside = self.beside(order.least);
        let counted = cx.counts_addresses(demand, site, Exposure::of(demand, order.least));
        let disk_price = site.price(Item::BlockStorage).map_or(Money::ZERO, |price| price.usd);
        let rows = order.rows(cx, site.provider_id, at);
        for (ordinal, (crew, rows)) in order.crews.iter().zip(rows).enumerate().rev() {
            if counted {
                beside = self.beside(crew.fit.count);
            }
            let hours = billed_hours(demand, purchase).times(i64::from(crew.fit.count));
            let limit = Limit { hours, beside, rival };
            let here = |row: &Option<Row>| row.as_ref().map(|row| row[site.ordinal]);
            let (steady, bursting) = (here(&rows.steady), here(&rows.bursting));
            if let Some(steady) = &steady {
                let limit = Limit { beside: beside + disk_price.times(crew.disk), ..limit };
                if limit.admits(steady.bare, best.as_ref()) {
                    self.bare(ordinal, steady, &limit, best);
                }
            }
            if steady.is_some_and(|cheapest| limit.admits(cheapest.with_disk, best.as_ref())) {
                self.first(self.list().with_disk.fitting(crew.size.0, crew.size.1), &limit, best);
            }
            if bursting.is_some_and(|cheapest| limit.admits(cheapest.bursting, best.as_ref())) {
                self.first(self.list().bursting.fitting(crew.bursting_vcpu_milli, crew.size.1), &limit, best);
            }
        }
    }

    /// Takes the cheapest machine without a disk for a crew.
    fn bare(&self, ordinal: usize, cheapest: &Cheapest, limit: &Limit, best: &mut Option<Best>) {
        let crew = &self.order.crews[ordinal];
        let (vcpu, memory) = cheapest.bare_size;
        // A larger machine belongs to a smaller crew, which may have to buy more disk.
        let larger = |next: &Crew| vcpu >= next.size.0 && memory >= next.size.1;
        // Prices a nano-dollar apart can come to the same for less than an hour.
        if limit.hours < Quantity::from_units(1) || self.order.crews.get(ordinal + 1).is_some_and(larger) {
            self.first(self.list().bare.fitting(crew.size.0, crew.size.1), limit, best);
            return;
        }
        let (cost, purchase) = (limit.cost(cheapest.bare), self.purchase.1);
        let found = Best { cost, ordinal: cheapest.bare_offer, purchase, fit: crew.fit };
        if best.as_ref().is_none_or(|best| found.order() < best.order()) {
            *best = Some(found);
        }
    }

    /// Looks at machines of rising price as long as one could win.
    fn first(&self, shelf: impl Iterator<Item = &'a Entry>, limit: &Limit, best: &mut Option<Best>) {
        let Self { cx, demand, site, purchase: (_, purchase), .. } = *self;
        for entry in shelf {
            if !limit.admits(entry.price.usd, best.as_ref()) {
                break;
            }
            let Some(terms) = self.terms(entry) else { continue };
            let cost = Sink::sum(|sink| charges(cx, demand, site, (entry.offer, &terms), sink));
            let found = Best { cost, ordinal: entry.offer, purchase, fit: terms.fit };
            if best.as_ref().is_none_or(|best| found.order() < best.order()) {
                *best = Some(found);
            }
        }
    }

    /// Every machine of a menu where some bring traffic or have a cap.
    fn all(&self, front: &mut Front) {
        let Self { cx, demand, site, order, purchase: (_, purchase), .. } = *self;
        let Some(Crew { size: (vcpu, memory), .. }) = order.crews.first() else { return };
        let beside = self.beside(order.least);
        for entry in self.list().shelves().into_iter().flat_map(|shelf| shelf.fitting(*vcpu, *memory)) {
            let Some(terms) = self.terms(entry) else { continue };
            let count = i64::from(terms.fit.count);
            let included = cx.included(demand, site, entry.included_gb.times(count));
            let candidate = Candidate { purchase, included, count: terms.fit.count, ..self.like };
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

    /// What so many machines cost beside their own price and disk: network and people.
    fn beside(&self, count: u32) -> Money {
        let Self { cx, demand, site, .. } = *self;
        Sink::sum(|sink| {
            cx.network_charges(demand, site, (Exposure::of(demand, count), count), sink);
            if demand.kind.is_data_store() {
                operator(cx, sink);
            }
        })
    }
}

/// How dear machines of a crew may be.
#[derive(Clone, Copy)]
struct Limit {
    /// Of all of them together, that are paid.
    hours: Quantity,
    /// What they cost at least beside their own price.
    beside: Money,
    /// What something else costs that is as good.
    rival: Money,
}

impl Limit {
    fn cost(&self, usd: Money) -> Money {
        usd.times(self.hours) + self.beside
    }

    /// Whether machines of a price per hour could be the best. [`Money::MAX`]: there are none.
    fn admits(&self, usd: Money, best: Option<&Best>) -> bool {
        usd < Money::MAX && self.cost(usd) <= best.map_or(self.rival, |best| best.cost.min(self.rival))
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
