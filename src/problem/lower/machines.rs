//! Machines: the right count of the right shape, with disk, address, load balancer and NAT.

use super::choices::{Candidate, Excluded, Front, Sink, Site};
use super::mixed::takes_over;
use super::network::{Exposure, needs_of};
use super::{Context, Demand};
use crate::catalog::{ComputeOffer, CpuKind, Item, Price, Shape, SourceId, Unit};
use crate::problem::{ChargeItem, Form};
use crate::units::{Money, Purchase, Quantity};

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

/// The count of a shape that holds all replicas: as many replicas to a machine as fit, and never so few machines that
/// the loss of one (or of a zone) takes all replicas with it.
fn fit(demand: &Demand, shape: &Shape) -> Option<Fit> {
    let slots = |have: i64, need: i64| if need > 0 { have / need } else { i64::MAX };
    let cpu = slots(i64::from(shape.vcpu_milli) * 1000, demand.cpu.micros());
    let memory = slots(i64::from(shape.memory_mib) * 1_000_000, demand.memory_gib.micros().saturating_mul(1024));
    let gpu = demand.gpu.as_ref().map_or(i64::MAX, |gpu| slots(i64::from(shape.gpu_milli), i64::from(gpu.milli)));
    let per_machine = cpu.min(memory).min(gpu).min(demand.replicas);
    if per_machine < 1 {
        return None;
    }
    let floor = demand.replicas.min(i64::from(demand.zones.max(2)));
    let count = demand.replicas.div_euclid(per_machine) + i64::from(demand.replicas % per_machine != 0);
    let count = count.max(floor);
    let replicas_per_machine = demand.replicas.div_euclid(count) + i64::from(demand.replicas % count != 0);
    Some(Fit { count: u32::try_from(count).ok()?, replicas_per_machine })
}

/// Why a burstable machine is refused.
pub(super) const STEADY: &str = "burstable processor for a steady load";

/// The share of its vCPUs that a burstable machine sustains, in percent: the least that AWS T, Azure B and GCP E2
/// shared-core machines of that memory size give (AWS "burstable performance instances" table: nano 5, micro 10,
/// small and larger 20).
fn burst_baseline_percent(memory_mib: u32) -> i64 {
    match memory_mib {
        0..1024 => 5,
        1024..2048 => 10,
        _ => 20,
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
enum Verdict {
    Fits(Fit),
    Refused(&'static str),
}

/// The verdict on every shape of the book, for one component.
pub(super) struct Verdicts(Vec<Verdict>);

impl Verdicts {
    pub fn of(cx: &Context, demand: &Demand) -> Self {
        let verdict = |shape: &Shape| judge(demand, shape).map_or_else(Verdict::Refused, Verdict::Fits);
        Self(cx.book.shapes.iter().map(verdict).collect())
    }
}

/// How many machines of a shape a component takes, or why none.
pub(super) fn judge(demand: &Demand, shape: &Shape) -> Result<Fit, &'static str> {
    if let Some(reason) = refuse(demand, shape) {
        return Err(reason);
    }
    let fit = fit(demand, shape).ok_or("too small")?;
    let steady = shape.cpu_kind == CpuKind::Burstable
        && exceeds_baseline(demand, shape.vcpu_milli, shape.memory_mib, fit.replicas_per_machine);
    if steady { Err(STEADY) } else { Ok(fit) }
}

/// How many machines of an offer that was decided elsewhere: as stated, or as many as are needed,
/// or, where a replica does not even fit, one for each.
pub(super) fn decided_fit(demand: &Demand, shape: &Shape, stated: Option<u32>) -> Fit {
    let needed = fit(demand, shape)
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
    for offer in cx.book.compute_at(site.region) {
        let shape = cx.book.shape(offer.shape);
        if !cx.wanted(demand, site, &shape.name) {
            continue;
        }
        let today = cx.is_today(demand, site, &shape.name);
        let verdict = verdicts.0[usize::from(offer.shape.0)];
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
                quote(cx, demand, site, &Quote { offer, shape, purchase, fit, today: false }, front, excluded);
            }
            let runs = today.filter(|t| t.purchase == purchase && t.spot_count == 0 && !cx.pinned());
            if let Some(fit) =
                runs.and_then(|today| fit_of_today(demand, shape, verdict, count_of_one(demand, today.count)))
            {
                quote(cx, demand, site, &Quote { offer, shape, purchase, fit, today: true }, front, excluded);
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
        Verdict::Refused(STEADY) => fit(demand, shape)?,
        Verdict::Refused(_) => return None,
    };
    let count = stated.unwrap_or(needed.count);
    (count >= needed.count).then_some(Fit { count, ..needed })
}

struct Quote<'a> {
    offer: &'a ComputeOffer,
    shape: &'a Shape,
    purchase: Purchase,
    fit: Fit,
    today: bool,
}

fn quote(cx: &Context, demand: &Demand, site: &Site, q: &Quote, front: &mut Front, excluded: &mut Excluded) {
    let today = q.today || cx.pinned();
    let Some(price) = q.offer.price(q.purchase) else { return };
    if let Some(reason) = cx.refuse_price(&price) {
        excluded.add(reason, 1);
        return;
    }
    let store = demand.kind.is_data_store();
    if store && q.purchase == Purchase::Spot && !today {
        excluded.add("spot capacity for a data store", 1);
        return;
    }
    let exposure = Exposure::of(demand, q.fit.count);
    let included = cx.included(demand, site, q.offer.included_gb.times(i64::from(q.fit.count)));
    let candidate = Candidate {
        place: site.place,
        purchase: q.purchase,
        count: q.fit.count,
        form: if store { Form::Packaged } else { Form::Machines },
        included,
        needs: needs_of(cx, demand, site, exposure),
        active_zones: demand.active_zones(q.fit.count),
        today: q.today,
    };
    let floor = price.usd.times(billed_hours(demand, q.purchase).times(i64::from(q.fit.count)));
    let floor = q.offer.month_cap.map_or(floor, |cap| floor.min(times(cap, q.fit.count)));
    if !today && front.covers(&candidate, floor) {
        return;
    }
    if let Err(reason) = cx.network_known(demand, site, exposure) {
        excluded.add(reason, 1);
        return;
    }
    let disk = disk_to_buy(demand, q.shape, q.fit);
    let disk_price = site.price(Item::BlockStorage);
    if disk > Quantity::ZERO && disk_price.is_none() {
        excluded.add("no price known for block storage", 1);
        return;
    }
    let charges = |sink: &mut dyn Sink| {
        compute(demand, q, price, sink);
        if let Some(disk_price) = disk_price.filter(|_| disk > Quantity::ZERO) {
            sink.add(ChargeItem::Storage, disk, disk_price, None, &|| format!("{disk} GB disk"));
        }
        if store {
            operator(cx, sink);
        }
        cx.network_charges(demand, site, (exposure, q.fit.count), sink);
    };
    front.offer(&candidate, &|| q.shape.name.clone(), &charges);
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

fn compute(demand: &Demand, q: &Quote, price: Price, sink: &mut dyn Sink) {
    let count = q.fit.count;
    let hours = billed_hours(demand, q.purchase).times(i64::from(count));
    let cap = q.offer.month_cap.filter(|_| q.purchase == Purchase::OnDemand).map(|cap| times(cap, count));
    let shared = match q.shape.cpu_kind {
        CpuKind::Dedicated => "",
        CpuKind::Shared => ", shared vCPU",
        CpuKind::Burstable => ", burstable vCPU",
    };
    sink.add(ChargeItem::Compute, hours, price, cap, &|| {
        format!("{count} x {} ({}{shared})", q.shape.name, q.purchase)
    });
}

/// GB to buy as block storage: the data of every replica and a boot disk per machine, less what the shape brings.
pub(super) fn disk_to_buy(demand: &Demand, shape: &Shape, fit: Fit) -> Quantity {
    let count = i64::from(fit.count);
    let data = demand.disk_gb.times(fit.replicas_per_machine);
    let per_machine = match shape.disk_included_gb {
        Some(included) => (data + Quantity::from_units(BOOT_DISK_GB)).minus(Quantity::from_units(i64::from(included))),
        None => data + Quantity::from_units(BOOT_DISK_GB),
    };
    per_machine.times(count)
}

/// The people who run a packaged data store.
pub(super) fn operator(cx: &Context, sink: &mut dyn Sink) {
    let operations = &cx.app.operations;
    let price = Price {
        usd: operations.usd_hour,
        unit: Unit::OperatorHour,
        source: SourceId::STATED,
        quality: crate::units::Quality::Listed,
        uncertainty_pct: 0,
    };
    sink.add(ChargeItem::Operator, operations.packaged_hours_month, price, None, &|| "running it yourself".to_owned());
}
