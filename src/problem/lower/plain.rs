//! Machines that are sold by their price alone, at all places together.
//!
//! Machines that bring no traffic and have no cap are alike for a component but for what they cost (however many there
//! are, none being fewer than [`super::machines::fewest`]), so that the best of them covers all others. It is looked for
//! crew by crew: each machine is among those of a crew of its own number, and there what bare machines cost rises with
//! their price. The other shelves are opened where their lowest price could win. Places come last in the loops: what is
//! known of a crew ([`Cheapest`]) is then read once, in its order, instead of being looked up for every place.

use super::choices::Site;
use super::machines::{all_prices_known, billed_hours};
use super::mixed::takes_over;
use super::network::Exposure;
use super::order::{Best, Crew, Limit, Order, Search, beside};
use super::{Context, Demand};
use crate::catalog::{BURSTABLE, Cheapest, Item, ProviderId};
use crate::units::{Money, Purchase, Quantity};

/// A place where machines are looked at.
struct Local<'a> {
    site: &'a Site<'a>,
    /// Whether what comes beside the machines depends on their number.
    counted: bool,
    /// What comes beside the fewest machines.
    beside: Money,
    disk_price: Money,
    best: Option<Best>,
}

/// The best machines for a component at each of the places where `visited`; `None` where there are none, and where
/// machines are sold by more than their price.
pub(super) fn best(
    cx: &Context,
    demand: &Demand,
    order: &Order,
    sites: &[Site],
    visited: impl Fn(usize) -> bool,
) -> Vec<Option<Best>> {
    let mut best = vec![None; sites.len()];
    if order.crews.is_empty() || takes_over(cx, demand) {
        return best;
    }
    let mut locals = Vec::new();
    for of_provider in sites.chunk_by(|a, b| a.provider_id == b.provider_id) {
        let provider = of_provider[0].provider_id;
        if !cx.book.sells_plainly(provider) {
            continue;
        }
        let looked = of_provider.iter().filter(|site| visited(site.place) && all_prices_known(cx, demand, site));
        locals.extend(looked.map(|site| Local::of(cx, demand, order, site)));
        if locals.is_empty() {
            continue;
        }
        for purchase in 0..order.purchases.len() {
            for ordinal in (0..order.crews.len()).rev() {
                Column::of(cx, demand, order, (purchase, ordinal), provider).look(&mut locals);
            }
        }
        for local in locals.drain(..) {
            best[local.site.place] = local.best;
        }
    }
    best
}

impl<'a> Local<'a> {
    fn of(cx: &Context, demand: &Demand, order: &Order, site: &'a Site<'a>) -> Self {
        Self {
            site,
            counted: cx.counts_addresses(demand, site, Exposure::of(demand, order.least)),
            beside: beside(cx, demand, site, order.least),
            disk_price: site.price(Item::BlockStorage).map_or(Money::ZERO, |price| price.usd),
            best: None,
        }
    }
}

/// A crew, bought in one way at one provider.
struct Column<'a> {
    cx: &'a Context<'a>,
    demand: &'a Demand,
    order: &'a Order<'a>,
    purchase: Purchase,
    crew: &'a Crew,
    /// The next smaller crew, for which machines must be larger.
    next: Option<&'a Crew>,
    hours: Quantity,
    steady: Option<Cheapest<'a>>,
    /// With as much processor time as a burstable one must have.
    bursting: Option<Cheapest<'a>>,
}

impl<'a> Column<'a> {
    fn of(
        cx: &'a Context<'a>,
        demand: &'a Demand,
        order: &'a Order<'a>,
        (at, ordinal): (usize, usize),
        provider: ProviderId,
    ) -> Self {
        let (crew, purchase) = (&order.crews[ordinal], order.purchases[at]);
        let cheapest = |vcpu_milli: u32| {
            let need = cx.book.need(provider, vcpu_milli, crew.size.1)?;
            Some(order.machines[at].cheapest(cx.book, provider, need))
        };
        let bursts = order.groups & BURSTABLE != 0;
        Self {
            cx,
            demand,
            order,
            purchase,
            crew,
            next: order.crews.get(ordinal + 1),
            hours: billed_hours(demand, purchase).times(i64::from(crew.fit.count)),
            steady: cheapest(crew.size.0),
            bursting: bursts.then(|| cheapest(crew.bursting_vcpu_milli)).flatten(),
        }
    }

    fn look(&self, locals: &mut [Local]) {
        if self.steady.is_none() && self.bursting.is_none() {
            return;
        }
        for local in locals {
            let mut least = local.beside;
            if local.counted {
                least = beside(self.cx, self.demand, local.site, self.crew.fit.count);
            }
            let limit = Limit { hours: self.hours, beside: least };
            if let Some(steady) = &self.steady {
                let bought = Limit { beside: least + local.disk_price.times(self.crew.disk), ..limit };
                if bought.admits(steady.bare(local.site.ordinal), local.best.as_ref()) {
                    self.bare(steady, &bought, local);
                }
                if limit.admits(steady.with_disk(local.site.ordinal), local.best.as_ref()) {
                    let search = self.search(local.site);
                    let (vcpu_milli, memory_mib) = self.crew.size;
                    search.first(search.list().with_disk.fitting(vcpu_milli, memory_mib), &limit, &mut local.best);
                }
            }
            if let Some(bursting) = &self.bursting
                && limit.admits(bursting.bursting(local.site.ordinal), local.best.as_ref())
            {
                let search = self.search(local.site);
                let fitting = search.list().bursting.fitting(self.crew.bursting_vcpu_milli, self.crew.size.1);
                search.first(fitting, &limit, &mut local.best);
            }
        }
    }

    /// Takes the cheapest machine without a disk.
    fn bare(&self, cheapest: &Cheapest, limit: &Limit, local: &mut Local) {
        let region = local.site.ordinal;
        let (vcpu, memory) = cheapest.bare_size(region);
        // A larger machine belongs to a smaller crew, which may have to buy more disk.
        let larger = |next: &Crew| vcpu >= next.size.0 && memory >= next.size.1;
        // Prices a nano-dollar apart can come to the same for less than an hour.
        if self.hours < Quantity::from_units(1) || self.next.is_some_and(larger) {
            let (search, size) = (self.search(local.site), self.crew.size);
            search.first(search.list().bare.fitting(size.0, size.1), limit, &mut local.best);
            return;
        }
        let cost = limit.cost(cheapest.bare(region));
        let (ordinal, purchase, fit) = (cheapest.bare_offer(region), self.purchase, self.crew.fit);
        Best::keep(&mut local.best, Best { cost, ordinal, purchase, fit });
    }

    fn search<'b>(&'b self, site: &'b Site) -> Search<'b> {
        Search { cx: self.cx, demand: self.demand, order: self.order, site, purchase: self.purchase }
    }
}
