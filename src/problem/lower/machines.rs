//! Machines: the right count of the right shape, with disk, address, load balancer and NAT.

use super::choices::{Candidate, Excluded, Front, Recipe, Sink, Site};
use super::mixed::takes_over;
use super::network::{Exposure, needs_of};
use super::{Context, Demand};
use crate::app::Today;
use crate::catalog::{
    BURSTABLE, Cheapest, ComputeOffer, CpuKind, Entry, Groups, Item, List, Machines, Price, ProviderId, Shape, ShapeId,
    SourceId, Unit, groups,
};
use crate::problem::{ChargeItem, Form, Included};
use crate::units::{Money, Purchase, Quantity};
use std::cell::OnceCell;
use std::sync::Arc;

/// GB of the disk that a machine boots from, where the shape does not bring one.
pub const BOOT_DISK_GB: i64 = 20;

/// How many machines of a shape a component takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fit {
    /// Machines.
    pub count: u32,
    /// Replicas on the fullest machine.
    pub replicas_per_machine: i64,
}

/// The fewest machines that a component is put on: never so few that the loss of one (or of a zone) takes all replicas
/// with it.
fn fewest(demand: &Demand) -> i64 {
    demand.replicas.min(i64::from(demand.zones.max(2)))
}

/// The count of a shape that holds all replicas: as many replicas to a machine as fit, but not fewer machines than
/// [`fewest`].
pub(super) fn fit(demand: &Demand, vcpu_milli: u32, memory_mib: u32, gpu_milli: u32) -> Option<Fit> {
    let slots = |have: i64, need: i64| if need > 0 { have / need } else { i64::MAX };
    let cpu = slots(i64::from(vcpu_milli) * 1000, demand.cpu.micros());
    let memory = slots(i64::from(memory_mib) * 1_000_000, demand.memory_gib.micros().saturating_mul(1024));
    let gpu = demand.gpu.as_ref().map_or(i64::MAX, |gpu| slots(i64::from(gpu_milli), i64::from(gpu.milli)));
    let per_machine = cpu.min(memory).min(gpu).min(demand.replicas);
    if per_machine < 1 {
        return None;
    }
    let floor = fewest(demand);
    let count = demand.replicas.div_euclid(per_machine) + i64::from(demand.replicas % per_machine != 0);
    let count = count.max(floor);
    let replicas_per_machine = demand.replicas.div_euclid(count) + i64::from(demand.replicas % count != 0);
    Some(Fit { count: u32::try_from(count).ok()?, replicas_per_machine })
}

/// Why spot capacity is refused.
const SPOT_STORE: &str = "spot capacity for a data store";

/// Why a burstable machine is refused.
pub(super) const STEADY: &str = "burstable processor for a steady load";

/// The largest share of [`burst_baseline_percent`].
const BURST_PERCENT_MAX: i64 = 20;

/// The share of its vCPUs that a burstable machine sustains, in percent: the least that AWS T, Azure B and GCP E2
/// shared-core machines of that memory size give (AWS "burstable performance instances" table: nano 5, micro 10,
/// small and larger 20).
fn burst_baseline_percent(memory_mib: u32) -> i64 {
    match memory_mib {
        0..1024 => 5,
        1024..2048 => 10,
        _ => BURST_PERCENT_MAX,
    }
}

/// Whether typical use of processor time is more than a burstable machine sustains.
pub(super) fn exceeds_baseline(demand: &Demand, vcpu_milli: u32, memory_mib: u32, replicas: i64) -> bool {
    let sustained = i128::from(sustained_micros(vcpu_milli, memory_mib));
    i128::from(demand.cpu_typical.micros()) * i128::from(replicas) > sustained
}

/// Micro-vCPUs that a burstable machine sustains.
pub(super) fn sustained_micros(vcpu_milli: u32, memory_mib: u32) -> i64 {
    i64::from(vcpu_milli) * burst_baseline_percent(memory_mib) * 10
}

/// Why a shape will not do at all, whatever it costs.
pub(super) fn refuse(demand: &Demand, shape: &Shape) -> Option<&'static str> {
    if demand.arch.is_some_and(|arch| arch != shape.arch) {
        return Some("another processor architecture");
    }
    match &demand.gpu {
        None if shape.gpu_milli > 0 => return Some("has an accelerator that is not asked for"),
        Some(_) if shape.gpu_milli == 0 => return Some("no accelerator"),
        Some(gpu) if !gpu.models.is_empty() && !gpu.models.contains(&shape.gpu_model) => {
            return Some("another accelerator model");
        }
        _ => {}
    }
    (demand.dedicated && shape.cpu_kind != CpuKind::Dedicated).then_some("processor time is not dedicated")
}

/// Whether a shape will do for a component, and how many it takes: the same in every region.
#[derive(Clone, Copy, Debug)]
pub(super) enum Verdict {
    Fits(Fit),
    Refused(&'static str),
}

/// The verdicts on the shapes of a book, for one component.
pub(super) enum Verdicts {
    /// Each is found when it is first asked for, and kept.
    Kept(Vec<OnceCell<Verdict>>),
    /// Found anew each time, for a look at few places.
    Anew,
}

impl Verdicts {
    pub fn kept(cx: &Context) -> Self {
        Self::Kept(vec![OnceCell::new(); cx.book.shapes.len()])
    }

    fn on(&self, cx: &Context, demand: &Demand, shape: ShapeId) -> Verdict {
        let find = || judge(demand, cx.book.shape(shape)).map_or_else(Verdict::Refused, Verdict::Fits);
        match self {
            Self::Kept(known) => *known[usize::from(shape.0)].get_or_init(find),
            Self::Anew => find(),
        }
    }
}

/// How many machines of a shape a component takes, or why none.
pub(super) fn judge(demand: &Demand, shape: &Shape) -> Result<Fit, &'static str> {
    if let Some(reason) = refuse(demand, shape) {
        return Err(reason);
    }
    let fit = fit(demand, shape.vcpu_milli, shape.memory_mib, shape.gpu_milli).ok_or("too small")?;
    let steady = shape.cpu_kind == CpuKind::Burstable
        && exceeds_baseline(demand, shape.vcpu_milli, shape.memory_mib, fit.replicas_per_machine);
    if steady { Err(STEADY) } else { Ok(fit) }
}

/// How many machines of an offer that was decided elsewhere: as stated, or as many as are needed,
/// or, where a replica does not even fit, one for each.
pub(super) fn decided_fit(demand: &Demand, shape: &Shape, stated: Option<u32>) -> Fit {
    let needed = fit(demand, shape.vcpu_milli, shape.memory_mib, shape.gpu_milli)
        .unwrap_or(Fit { count: u32::try_from(demand.replicas).unwrap_or(u32::MAX), replicas_per_machine: 1 });
    Fit { count: stated.unwrap_or(needed.count), ..needed }
}

/// Looks at every machine on sale at a place.
pub(super) fn offer_machines(
    cx: &Context,
    demand: &Demand,
    verdicts: &Verdicts,
    site: &Site,
    front: &mut Front,
    excluded: &mut Excluded,
) {
    let allowed = if demand.kind.is_data_store() { demand.packaged } else { demand.run_on.machines };
    if !allowed && !cx.pinned() || takes_over(cx, demand) {
        return;
    }
    for (ordinal, offer) in (0..).zip(site.compute) {
        let shape = cx.book.shape(offer.shape);
        if !cx.wanted(demand, site, &shape.name) {
            continue;
        }
        let today = cx.is_today(demand, site, &shape.name);
        let verdict = verdicts.on(cx, demand, offer.shape);
        let fit = match verdict {
            _ if cx.pinned() => Some(decided_fit(demand, shape, today.and_then(|t| count_of_one(demand, t.count)))),
            Verdict::Fits(fit) => Some(fit),
            Verdict::Refused(reason) => {
                excluded.add(reason, 1);
                None
            }
        };
        for purchase in Purchase::ALL {
            if let Some(fit) = fit.filter(|_| cx.purchase_wanted(demand, purchase)) {
                quote(
                    cx,
                    demand,
                    site,
                    &Quote { ordinal, offer, shape, purchase, fit, today: false, rank: None },
                    front,
                    excluded,
                );
            }
            let runs = today.filter(|t| t.purchase == purchase && t.spot_count == 0 && !cx.pinned());
            if let Some(fit) =
                runs.and_then(|today| fit_of_today(demand, shape, verdict, count_of_one(demand, today.count)))
            {
                quote(
                    cx,
                    demand,
                    site,
                    &Quote { ordinal, offer, shape, purchase, fit, today: true, rank: None },
                    front,
                    excluded,
                );
            }
        }
    }
}

/// Today's count is of the whole component; a replica that is spread has its share of it.
pub(super) fn count_of_one(demand: &Demand, stated: Option<u32>) -> Option<u32> {
    let siblings = u32::try_from(demand.siblings).unwrap_or(u32::MAX).max(1);
    stated.map(|count| count.div_ceil(siblings))
}

/// Today's machines as a candidate: as many as there are, when they are enough. A burstable machine that the component
/// runs on already is the team's own choice, so it may stay.
fn fit_of_today(demand: &Demand, shape: &Shape, verdict: Verdict, stated: Option<u32>) -> Option<Fit> {
    let needed = match verdict {
        Verdict::Fits(fit) => fit,
        Verdict::Refused(STEADY) => fit(demand, shape.vcpu_milli, shape.memory_mib, shape.gpu_milli)?,
        Verdict::Refused(_) => return None,
    };
    let count = stated.unwrap_or(needed.count);
    (count >= needed.count).then_some(Fit { count, ..needed })
}

/// What a component may take from the menus of all regions.
pub(super) struct Order {
    /// Every number of machines that it can be put on, most first, with what they must be like.
    crews: Vec<Crew>,
    groups: Groups,
    purchases: Vec<Purchase>,
    /// For each purchase option the cheapest machines.
    machines: Vec<Arc<Machines>>,
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
    /// For each provider the need for a machine by its ordinal there: a steady one, and a burstable one.
    needs: Vec<[Option<usize>; 2]>,
}

impl Order {
    pub fn of(cx: &Context, demand: &Demand) -> Self {
        let store = demand.kind.is_data_store();
        let allowed = if store { demand.packaged } else { demand.run_on.machines };
        let wanted = |purchase: &Purchase| {
            allowed && cx.purchase_wanted(demand, *purchase) && !(store && *purchase == Purchase::Spot)
        };
        let groups = groups(demand.dedicated, demand.arch);
        let narrow = demand.replicas == 1 || demand.disk_gb == Quantity::ZERO;
        let purchases: Vec<Purchase> = Purchase::ALL.into_iter().filter(wanted).collect();
        let mut crews = if purchases.is_empty() || demand.gpu.is_some() { Vec::new() } else { crews(demand) };
        let bursts = groups & BURSTABLE != 0;
        let providers = || (0..u8::try_from(cx.book.providers.len()).unwrap_or(u8::MAX)).map(ProviderId);
        for crew in &mut crews {
            let need = |provider| {
                let need = |vcpu: u32| cx.book.need(provider, vcpu, crew.size.1);
                [need(crew.size.0), bursts.then(|| need(crew.bursting_vcpu_milli)).flatten()]
            };
            crew.needs = providers().map(need).collect();
        }
        let machines = purchases.iter().map(|&purchase| cx.book.machines((purchase, groups, narrow))).collect();
        let least = u32::try_from(fewest(demand)).unwrap_or(u32::MAX);
        Self { crews, groups, purchases, machines, least, narrow }
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
        crews.push(Crew { fit, size, bursting_vcpu_milli, disk, needs: Vec::new() });
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
struct Search<'a> {
    cx: &'a Context<'a>,
    demand: &'a Demand,
    order: &'a Order,
    site: &'a Site<'a>,
    /// With its ordinal in the order.
    purchase: (usize, Purchase),
    /// A choice as it is here, but for its count and for what comes with it.
    like: Candidate,
}

impl<'a> Search<'a> {
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
        for (ordinal, crew) in order.crews.iter().enumerate().rev() {
            if counted {
                beside = self.beside(crew.fit.count);
            }
            let hours = billed_hours(demand, purchase).times(i64::from(crew.fit.count));
            let limit = Limit { hours, beside, rival };
            let needs = crew.needs[usize::from(site.provider_id.0)];
            let here = (site.region, site.ordinal);
            let cheapest = |need: usize| order.machines[at].cheapest(cx.book, site.provider_id, here, need);
            let [steady, bursting] = needs.map(|need| need.map(cheapest));
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

/// Whether every price is known at a place that machines for a component could need.
pub(super) fn all_prices_known(cx: &Context, demand: &Demand, site: &Site) -> bool {
    site.price(Item::BlockStorage).is_some() && is_reachable(cx, demand, site)
}

/// Whether every price is known that reaching machines for a component needs, however many there are.
pub(super) fn is_reachable(cx: &Context, demand: &Demand, site: &Site) -> bool {
    let count = u32::try_from(fewest(demand)).unwrap_or(u32::MAX);
    cx.network_known(demand, site, Exposure::of(demand, count)).is_ok()
}

/// Counts what [`offer_machines`] leaves out at a place where [`all_prices_known`].
pub(super) fn count_excluded(cx: &Context, demand: &Demand, verdicts: &Verdicts, site: &Site, excluded: &mut Excluded) {
    let store = demand.kind.is_data_store();
    if !(if store { demand.packaged } else { demand.run_on.machines }) {
        return;
    }
    let spot = store && cx.purchase_wanted(demand, Purchase::Spot);
    // Neighbours in the book mostly share their reason.
    let (mut last, mut count) = ("", 0);
    for offer in site.compute {
        let reason = match verdicts.on(cx, demand, offer.shape) {
            Verdict::Refused(reason) => reason,
            Verdict::Fits(_) if spot && offer.usd_hour[Purchase::Spot as usize].is_some() => SPOT_STORE,
            Verdict::Fits(_) => continue,
        };
        if reason != last {
            excluded.add(last, count);
            (last, count) = (reason, 0);
        }
        count += 1;
    }
    excluded.add(last, count);
}

struct Quote<'a> {
    /// Of the offer, at its place.
    ordinal: u32,
    offer: &'a ComputeOffer,
    shape: &'a Shape,
    purchase: Purchase,
    fit: Fit,
    today: bool,
    /// Where it stands in the order of the book, when offers come in another order.
    rank: Option<u32>,
}

/// Machines that bring no traffic, as a candidate.
fn candidate(cx: &Context, demand: &Demand, site: &Site, purchase: Purchase, count: u32) -> Candidate {
    Candidate {
        place: site.place,
        purchase,
        count,
        form: if demand.kind.is_data_store() { Form::Packaged } else { Form::Machines },
        included: Included::None,
        needs: needs_of(cx, demand, site, Exposure::of(demand, count)),
        active_zones: demand.active_zones(count),
        today: false,
    }
}

/// On what terms machines are bought.
#[derive(Clone, Copy)]
struct Terms {
    price: Price,
    month_cap: Option<Money>,
    disk_included_gb: Option<u32>,
    purchase: Purchase,
    fit: Fit,
}

impl Terms {
    fn of(offer: &ComputeOffer, shape: &Shape, purchase: Purchase, fit: Fit) -> Option<Self> {
        let price = offer.price(purchase)?;
        Some(Self { price, month_cap: offer.month_cap, disk_included_gb: shape.disk_included_gb, purchase, fit })
    }
}

fn quote(cx: &Context, demand: &Demand, site: &Site, q: &Quote, front: &mut Front, excluded: &mut Excluded) {
    let today = q.today || cx.pinned();
    let Some(terms) = Terms::of(q.offer, q.shape, q.purchase, q.fit) else { return };
    if let Some(reason) = cx.refuse_price(&terms.price) {
        excluded.add(reason, 1);
        return;
    }
    let store = demand.kind.is_data_store();
    if store && q.purchase == Purchase::Spot && !today {
        excluded.add(SPOT_STORE, 1);
        return;
    }
    let exposure = Exposure::of(demand, q.fit.count);
    let included = cx.included(demand, site, q.offer.included_gb.times(i64::from(q.fit.count)));
    let candidate = Candidate { included, today: q.today, ..candidate(cx, demand, site, q.purchase, q.fit.count) };
    let floor = terms.price.usd.times(billed_hours(demand, q.purchase).times(i64::from(q.fit.count)));
    let floor = q.offer.month_cap.map_or(floor, |cap| floor.min(times(cap, q.fit.count)));
    if !today && front.covers(&candidate, floor, q.rank) {
        return;
    }
    if let Err(reason) = cx.network_known(demand, site, exposure) {
        excluded.add(reason, 1);
        return;
    }
    let disk = disk_to_buy(demand, q.shape.disk_included_gb, q.fit);
    if disk > Quantity::ZERO && site.price(Item::BlockStorage).is_none() {
        excluded.add("no price known for block storage", 1);
        return;
    }
    let recipe = Recipe::Machine(q.ordinal, q.fit);
    front.offer(&candidate, recipe, q.rank, &|sink: &mut Sink| charges(cx, demand, site, (q.ordinal, &terms), sink));
}

/// Everything that machines cost, of an offer by its ordinal at the place.
fn charges(cx: &Context, demand: &Demand, site: &Site, (ordinal, terms): (u32, &Terms), sink: &mut Sink) {
    let Terms { price, fit, purchase, .. } = *terms;
    let hours = billed_hours(demand, purchase).times(i64::from(fit.count));
    let cap = terms.month_cap.filter(|_| purchase == Purchase::OnDemand).map(|cap| times(cap, fit.count));
    sink.add(ChargeItem::Compute, hours, price, cap, || {
        let shape = cx.book.shape(site.compute[ordinal as usize].shape);
        let shared = match shape.cpu_kind {
            CpuKind::Dedicated => "",
            CpuKind::Shared => ", shared vCPU",
            CpuKind::Burstable => ", burstable vCPU",
        };
        format!("{} x {} ({purchase}{shared})", fit.count, shape.name)
    });
    let disk = disk_to_buy(demand, terms.disk_included_gb, fit);
    if let Some(disk_price) = site.price(Item::BlockStorage).filter(|_| disk > Quantity::ZERO) {
        sink.add(ChargeItem::Storage, disk, disk_price, None, || format!("{disk} GB disk"));
    }
    if demand.kind.is_data_store() {
        operator(cx, sink);
    }
    cx.network_charges(demand, site, (Exposure::of(demand, fit.count), fit.count), sink);
}

/// Writes out the charges of a choice of machines.
pub(super) fn write_out(
    cx: &Context,
    demand: &Demand,
    site: &Site,
    (ordinal, fit): (u32, Fit),
    purchase: Purchase,
    sink: &mut Sink,
) {
    let offer = &site.compute[ordinal as usize];
    if let Some(terms) = Terms::of(offer, cx.book.shape(offer.shape), purchase, fit) {
        charges(cx, demand, site, (ordinal, &terms), sink);
    }
}

pub(super) fn times(amount: Money, count: u32) -> Money {
    Money::from_nanos(amount.nanos().saturating_mul(i64::from(count)))
}

/// Hours a month that are paid: a commitment runs all month, whatever a job uses of it.
pub(super) fn billed_hours(demand: &Demand, purchase: Purchase) -> Quantity {
    match purchase {
        Purchase::OnDemand | Purchase::Spot => demand.hours,
        Purchase::Reserved1y | Purchase::Reserved3y => Quantity::MONTH_HOURS,
    }
}

/// GB to buy as block storage: the data of every replica and a boot disk per machine, less what the shape brings.
pub(super) fn disk_to_buy(demand: &Demand, disk_included_gb: Option<u32>, fit: Fit) -> Quantity {
    let count = i64::from(fit.count);
    let data = demand.disk_gb.times(fit.replicas_per_machine);
    let per_machine = match disk_included_gb {
        Some(included) => (data + Quantity::from_units(BOOT_DISK_GB)).minus(Quantity::from_units(i64::from(included))),
        None => data + Quantity::from_units(BOOT_DISK_GB),
    };
    per_machine.times(count)
}

/// The people who run a packaged data store.
pub(super) fn operator(cx: &Context, sink: &mut Sink) {
    let operations = &cx.app.operations;
    let price = Price {
        usd: operations.usd_hour,
        unit: Unit::OperatorHour,
        source: SourceId::STATED,
        quality: crate::units::Quality::Listed,
        uncertainty_pct: 0,
    };
    sink.add(ChargeItem::Operator, operations.packaged_hours_month, price, None, || "running it yourself".to_owned());
}
