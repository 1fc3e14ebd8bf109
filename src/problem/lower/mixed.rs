//! Mixed purchases: a base of machines that is bought steadily, and the machines above it, on demand or spot.
//!
//! All machines are of one shape. The base is as many machines as hold the base replicas; of those above it the stated
//! percent (rounded up) is bought on demand, the rest as the plan says. These are AWS's `OnDemandBaseCapacity` and
//! `OnDemandPercentageAboveBaseCapacity` (EC2 Auto Scaling, "Auto Scaling groups with multiple instance types and
//! purchase options").
//!
//! Interruptions: every spot machine is interrupted so many times a month as the application says, and each time an
//! on-demand machine of the same shape stands in for so many hours: `machines x interruptions x hours` on-demand hours
//! are billed on top of the spot machines' own month, which is not shortened. Capacity is thereby paid for in full.

use super::choices::{Candidate, Excluded, Sink, Site};
use super::machines::{Fit, billed_hours, count_of_one, decided_fit, disk_to_buy, judge, times};
use super::network::{Exposure, needs_of};
use super::{Context, Demand};
use crate::app::Today;
use crate::catalog::{ComputeOffer, CpuKind, Item, Shape};
use crate::problem::{Above, Charge, ChargeItem, Choice, Form, Host};
use crate::units::{Purchase, Quantity};

/// How the machines of a component are bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    /// The base.
    base: Purchase,
    /// What is above it, apart from the stated on-demand percent.
    top: Purchase,
    /// Machines of the base, when they were decided elsewhere.
    fixed: Option<u32>,
}

/// Machines by how they are bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parts {
    base: u32,
    on_demand: u32,
    spot: u32,
}

impl Plan {
    /// Splits the machines of a fit.
    fn parts(self, demand: &Demand, fit: Fit) -> Parts {
        let (replicas, percent) = demand.mixed.map_or((0, 0), |mixed| (mixed.base, mixed.on_demand_above_base_pct));
        let up = |n: i64, by: i64| n.div_euclid(by) + i64::from(n % by != 0);
        let holds = u32::try_from(up(replicas, fit.replicas_per_machine.max(1))).unwrap_or(u32::MAX);
        let committed = matches!(self.base, Purchase::Reserved1y | Purchase::Reserved3y);
        let base = match self.fixed {
            // A commitment is paid even when fewer machines run.
            Some(fixed) if committed => fixed,
            Some(fixed) => fixed.min(fit.count),
            None => holds.min(fit.count),
        };
        let above = fit.count.saturating_sub(base);
        let share = u32::try_from(up(i64::from(above) * percent, 100)).unwrap_or(above);
        let on_demand = if self.top == Purchase::Spot { share.min(above) } else { above };
        Parts { base, on_demand, spot: above - on_demand }
    }
}

/// The plans that a component may follow.
fn plans(cx: &Context, demand: &Demand) -> Vec<Plan> {
    if let Some(picks) = &cx.options.only {
        let pick = &picks[demand.variable];
        let top = pick.top.unwrap_or(Purchase::OnDemand);
        return vec![Plan { base: pick.purchase, top, fixed: pick.base }];
    }
    if demand.mixed.is_none() {
        return Vec::new();
    }
    let wanted = |purchase: &Purchase| cx.purchase_wanted(demand, *purchase);
    let bases = Purchase::ALL.into_iter().filter(|p| *p != Purchase::Spot).filter(wanted);
    let tops = || [Purchase::OnDemand, Purchase::Spot].into_iter().filter(wanted);
    bases.flat_map(|base| tops().map(move |top| Plan { base, top, fixed: None })).collect()
}

/// Whether a component's machines are priced here and not by [`super::machines`].
pub(super) fn takes_over(cx: &Context, demand: &Demand) -> bool {
    let pinned = cx.options.only.as_ref().is_some_and(|picks| picks[demand.variable].top.is_some());
    demand.mixed.is_some() || pinned
}

/// Whether anything of [`offer`] could be had at any place.
pub(super) fn is_possible(cx: &Context, demand: &Demand) -> bool {
    let mixed_today = demand.today.is_some_and(|entry| cx.app.today[entry].spot_count > 0);
    (takes_over(cx, demand) || mixed_today && !cx.pinned()) && (demand.run_on.machines || cx.pinned())
}

/// The best mixed purchases of a component at a place, where [`is_possible`].
pub(super) fn offer(cx: &Context, demand: &Demand, site: &Site, excluded: &mut Excluded) -> Vec<Choice> {
    let plans = plans(cx, demand);
    let mut kept: Vec<Choice> = Vec::new();
    for offer in site.compute {
        let shape = cx.book.shape(offer.shape);
        if !cx.wanted(demand, site, &shape.name) {
            continue;
        }
        let today = cx.is_today(demand, site, &shape.name);
        let fit = match judge(demand, shape) {
            _ if cx.pinned() => Some(decided_fit(demand, shape, today.and_then(|t| count_of_one(demand, t.count)))),
            Ok(fit) => Some(fit),
            Err(reason) => {
                excluded.add(reason, u64::from(demand.mixed.is_some()));
                None
            }
        };
        let Some(fit) = fit else { continue };
        let quote = Quote { cx, demand, site, offer, shape, fit };
        for plan in &plans {
            match quote.choice(*plan, plan.parts(demand, fit), None) {
                Ok(choice) => keep(&mut kept, choice),
                Err(reason) => excluded.add(reason, 1),
            }
        }
        kept.extend(today.filter(|_| !cx.pinned()).and_then(|today| quote.of_today(today)));
    }
    kept
}

/// Keeps a choice unless one that serves as well costs no more.
fn keep(kept: &mut Vec<Choice>, choice: Choice) {
    let alike = |a: &Choice, b: &Choice| {
        !a.today && a.included == b.included && a.needs == b.needs && a.active_zones == b.active_zones && !b.today
    };
    if kept.iter().any(|other| alike(other, &choice) && other.cost <= choice.cost) {
        return;
    }
    kept.retain(|other| !alike(other, &choice));
    kept.push(choice);
}

struct Quote<'a> {
    cx: &'a Context<'a>,
    demand: &'a Demand,
    site: &'a Site<'a>,
    offer: &'a ComputeOffer,
    shape: &'a Shape,
    fit: Fit,
}

impl Quote<'_> {
    /// Today's machines, where they are enough and some of them are spot.
    fn of_today(&self, today: &Today) -> Option<Choice> {
        let count = today.count.unwrap_or(self.fit.count);
        if count < self.fit.count || self.demand.mixed.is_none() && today.spot_count == 0 {
            return None;
        }
        let base = count.checked_sub(today.spot_count)?;
        let plan = Plan { base: today.purchase, top: Purchase::Spot, fixed: Some(base) };
        self.choice(plan, Parts { base, on_demand: 0, spot: today.spot_count }, Some(count)).ok()
    }

    fn choice(&self, plan: Plan, parts: Parts, today: Option<u32>) -> Result<Choice, &'static str> {
        let (cx, demand, site) = (self.cx, self.demand, self.site);
        let fit = Fit { count: today.unwrap_or(self.fit.count), ..self.fit };
        let mut lines = Sink::Lines(Vec::new());
        self.compute(plan.base, parts.base, &mut lines)?;
        self.compute(Purchase::OnDemand, parts.on_demand, &mut lines)?;
        self.compute(Purchase::Spot, parts.spot, &mut lines)?;
        self.stand_in(parts.spot, &mut lines)?;
        let exposure = Exposure::of(demand, fit.count);
        cx.network_known(demand, site, exposure)?;
        let disk = disk_to_buy(demand, self.shape.disk_included_gb, fit);
        if disk > Quantity::ZERO {
            let price = site.price(Item::BlockStorage).ok_or("no price known for block storage")?;
            lines.add(ChargeItem::Storage, disk, price, None, || format!("{disk} GB disk"));
        }
        cx.network_charges(demand, site, (exposure, fit.count), &mut lines);
        let charges = lines.into_lines();
        let candidate = Candidate {
            place: site.place,
            purchase: plan.base,
            count: parts.base + parts.on_demand + parts.spot,
            form: Form::Machines,
            included: cx.included(demand, site, self.offer.included_gb.times(i64::from(fit.count))),
            needs: needs_of(cx, demand, site, exposure),
            active_zones: demand.active_zones(fit.count),
            today: today.is_some(),
        };
        let mut above = Vec::new();
        if plan.base != Purchase::OnDemand && parts.on_demand > 0 {
            above.push(Above { purchase: Purchase::OnDemand, count: parts.on_demand });
        }
        if parts.spot > 0 {
            above.push(Above { purchase: Purchase::Spot, count: parts.spot });
        }
        Ok(Choice {
            place: candidate.place,
            offer: self.shape.name.clone(),
            purchase: candidate.purchase,
            count: candidate.count,
            above,
            form: candidate.form,
            host: Host::Own,
            cost: charges.iter().map(Charge::cost).sum(),
            charges,
            included: candidate.included,
            needs: candidate.needs.to_vec(),
            active_zones: candidate.active_zones,
            today: candidate.today,
        })
    }

    /// So many machines, bought one way.
    fn compute(&self, purchase: Purchase, count: u32, lines: &mut Sink) -> Result<(), &'static str> {
        if count == 0 {
            return Ok(());
        }
        let price = self.offer.price(purchase).ok_or("not sold with every purchase option of the mix")?;
        self.cx.refuse_price(&price).map_or(Ok(()), Err)?;
        let hours = billed_hours(self.demand, purchase).times(i64::from(count));
        let cap = self.offer.month_cap.filter(|_| purchase == Purchase::OnDemand).map(|cap| times(cap, count));
        let kind = match self.shape.cpu_kind {
            CpuKind::Dedicated => "",
            CpuKind::Shared => ", shared vCPU",
            CpuKind::Burstable => ", burstable vCPU",
        };
        let name = &self.shape.name;
        lines.add(ChargeItem::Compute, hours, price, cap, || format!("{count} x {name} ({purchase}{kind})"));
        Ok(())
    }

    /// On-demand machines that stand in for interrupted spot machines.
    fn stand_in(&self, spot: u32, lines: &mut Sink) -> Result<(), &'static str> {
        let Some(mixed) = self.demand.mixed.filter(|_| spot > 0) else { return Ok(()) };
        let each = mixed.stand_in_hours.scale(mixed.interruptions_month.micros(), 1_000_000);
        let hours = each.times(i64::from(spot));
        if hours == Quantity::ZERO {
            return Ok(());
        }
        let price = self.offer.price(Purchase::OnDemand).ok_or("no on-demand price to stand in for spot")?;
        let (times, name) = (mixed.interruptions_month, &self.shape.name);
        lines.add(ChargeItem::SpotStandIn, hours, price, None, || {
            format!("{name} on demand for {times} interruptions of each of {spot} spot machines")
        });
        Ok(())
    }
}
