//! Machines: the right count of the right shape, with disk, address, load balancer and NAT.

use super::choices::{Candidate, Excluded, Front, Recipe, Sink, Site};
use super::mixed::takes_over;
use super::network::{Exposure, needs_of};
use super::{Context, Demand};
use crate::catalog::{ComputeOffer, CpuKind, Item, Price, Shape, ShapeId, SourceId, Unit};
use crate::problem::{ChargeItem, Form, Included};
use crate::units::{Money, Purchase, Quantity};
use std::cell::OnceCell;

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
pub(super) fn fewest(demand: &Demand) -> i64 {
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
pub(super) const BURST_PERCENT_MAX: i64 = 20;

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
pub(super) fn fit_of_today(demand: &Demand, shape: &Shape, verdict: Verdict, stated: Option<u32>) -> Option<Fit> {
    let needed = match verdict {
        Verdict::Fits(fit) => fit,
        Verdict::Refused(STEADY) => fit(demand, shape.vcpu_milli, shape.memory_mib, shape.gpu_milli)?,
        Verdict::Refused(_) => return None,
    };
    let count = stated.unwrap_or(needed.count);
    (count >= needed.count).then_some(Fit { count, ..needed })
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

pub(super) struct Quote<'a> {
    /// Of the offer, at its place.
    pub ordinal: u32,
    pub offer: &'a ComputeOffer,
    pub shape: &'a Shape,
    pub purchase: Purchase,
    pub fit: Fit,
    pub today: bool,
    /// Where it stands in the order of the book, when offers come in another order.
    pub rank: Option<u32>,
}

/// Machines that bring no traffic, as a candidate.
pub(super) fn candidate(cx: &Context, demand: &Demand, site: &Site, purchase: Purchase, count: u32) -> Candidate {
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
pub(super) struct Terms {
    pub price: Price,
    pub month_cap: Option<Money>,
    pub disk_included_gb: Option<u32>,
    pub purchase: Purchase,
    pub fit: Fit,
}

impl Terms {
    fn of(offer: &ComputeOffer, shape: &Shape, purchase: Purchase, fit: Fit) -> Option<Self> {
        let price = offer.price(purchase)?;
        Some(Self { price, month_cap: offer.month_cap, disk_included_gb: shape.disk_included_gb, purchase, fit })
    }
}

pub(super) fn quote(cx: &Context, demand: &Demand, site: &Site, q: &Quote, front: &mut Front, excluded: &mut Excluded) {
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
pub(super) fn charges(cx: &Context, demand: &Demand, site: &Site, (ordinal, terms): (u32, &Terms), sink: &mut Sink) {
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
