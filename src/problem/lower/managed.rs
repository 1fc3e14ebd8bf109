//! Managed data stores: the tiers that hold the component, in the form it asks for.

use super::choices::{Candidate, Excluded, Front, Recipe, Sink, Site};
use super::machines::{STEADY, exceeds_baseline};
use super::{Context, Demand};
use crate::app::Kind;
use crate::catalog::{ManagedKind, ManagedOffer, Unit};
use crate::problem::{ChargeItem, Form, Included};
use crate::units::{Purchase, Quantity};

fn managed_kind(kind: Kind) -> Option<ManagedKind> {
    match kind {
        Kind::Postgres => Some(ManagedKind::Postgres),
        Kind::Mysql => Some(ManagedKind::Mysql),
        Kind::Redis => Some(ManagedKind::Redis),
        Kind::Kafka => Some(ManagedKind::Kafka),
        _ => None,
    }
}

/// Looks at every managed tier of the right kind at a place.
pub(super) fn offer_managed(cx: &Context, demand: &Demand, site: &Site, front: &mut Front, excluded: &mut Excluded) {
    let Some(kind) = managed_kind(demand.kind).filter(|_| demand.managed || cx.pinned()) else { return };
    for (ordinal, tier) in (0..).zip(site.managed).filter(|(_, tier)| tier.kind == kind) {
        let today = !cx.app.today.is_empty() && cx.is_today(demand, site, &tier.name()).is_some();
        if cx.pinned() && !cx.wanted(demand, site, &tier.name()) {
            continue;
        }
        // A burstable tier that the component runs on already is the team's own choice.
        let refusal = refuse(demand, tier).filter(|&reason| !(cx.pinned() || today && reason == STEADY));
        if let Some(reason) = refusal.or_else(|| cx.refuse_price(&tier.price)) {
            excluded.add(reason, 1);
            continue;
        }
        if !cx.pinned() && !today && !cx.purchase_wanted(demand, Purchase::OnDemand) {
            excluded.add(SOLD_ON_DEMAND, 1);
            continue;
        }
        if demand.disk_gb_max > tier.storage_included_gb && tier.storage.is_none() {
            excluded.add(STORAGE_TOO_SMALL, 1);
            continue;
        }
        let candidate = candidate(demand, site, tier, today);
        front.offer(&candidate, Recipe::Managed(ordinal), None, &|sink: &mut dyn Sink| charges(demand, tier, sink));
    }
}

/// Looks at the managed tiers of a place that can be the best buy; what [`offer_managed`] would keep of all of them.
pub(super) fn order_managed(cx: &Context, demand: &Demand, site: &Site, front: &mut Front) {
    let Some(kind) = managed_kind(demand.kind).filter(|_| demand.managed) else { return };
    if !cx.purchase_wanted(demand, Purchase::OnDemand) {
        return;
    }
    front.batch();
    for entry in &cx.book.tiers(site.region, kind).0 {
        let tier = &site.managed[entry.tier as usize];
        if is_refused(demand, tier, entry.burstable)
            || demand.disk_gb_max > tier.storage_included_gb && tier.storage.is_none()
        {
            continue;
        }
        let candidate = candidate(demand, site, tier, false);
        // Tiers come cheapest first, and those that fit are alike in everything but their price.
        if front.undercuts(&candidate, entry.month) {
            break;
        }
        let rank = Some(entry.tier);
        front.offer(&candidate, Recipe::Managed(entry.tier), rank, &|sink: &mut dyn Sink| charges(demand, tier, sink));
    }
}

/// Counts what [`offer_managed`] leaves out at a place without today's choice.
pub(super) fn count_excluded(cx: &Context, demand: &Demand, site: &Site, excluded: &mut Excluded) {
    let Some(kind) = managed_kind(demand.kind).filter(|_| demand.managed) else { return };
    let on_demand = cx.purchase_wanted(demand, Purchase::OnDemand);
    for tier in site.managed.iter().filter(|tier| tier.kind == kind) {
        if let Some(reason) = refuse(demand, tier) {
            excluded.add(reason, 1);
        } else if !on_demand {
            excluded.add(SOLD_ON_DEMAND, 1);
        } else if demand.disk_gb_max > tier.storage_included_gb && tier.storage.is_none() {
            excluded.add(STORAGE_TOO_SMALL, 1);
        }
    }
}

/// Why a tier will not do for a purchase option.
const SOLD_ON_DEMAND: &str = "sold on demand only";
/// Why a tier will not do for data.
const STORAGE_TOO_SMALL: &str = "its storage is too small and has no known price";

fn candidate(demand: &Demand, site: &Site, tier: &ManagedOffer, today: bool) -> Candidate {
    Candidate {
        place: site.place,
        purchase: Purchase::OnDemand,
        count: 1,
        form: Form::Managed,
        included: Included::None,
        needs: &[],
        active_zones: if demand.kind == Kind::Kafka && tier.multi_zone { demand.zones.max(1) } else { 1 },
        today,
    }
}

/// Everything that a tier costs.
pub(super) fn charges(demand: &Demand, tier: &ManagedOffer, sink: &mut dyn Sink) {
    let quantity = match tier.price.unit {
        Unit::Month => Quantity::from_units(1),
        _ => Quantity::MONTH_HOURS,
    };
    sink.add(ChargeItem::Managed, quantity, tier.price, tier.month_cap, &|| tier.name());
    let extra = demand.disk_gb.minus(tier.storage_included_gb);
    if let Some(price) = tier.storage.filter(|_| extra > Quantity::ZERO) {
        sink.add(ChargeItem::Storage, extra, price, None, &|| format!("{extra} GB storage"));
    }
}

/// Whether [`refuse`] has any reason.
fn is_refused(demand: &Demand, tier: &ManagedOffer, burstable: bool) -> bool {
    let short = || {
        let memory_short = i128::from(tier.memory_mib) * 1_000_000 < i128::from(demand.memory_gib.micros()) * 1024;
        memory_short || i64::from(tier.vcpu_milli) * 1000 < demand.cpu.micros()
    };
    let weak = || demand.dedicated || exceeds_baseline(demand, tier.vcpu_milli, tier.memory_mib, 1);
    demand.zones >= 2 && !tier.multi_zone || short() || burstable && weak()
}

fn refuse(demand: &Demand, tier: &ManagedOffer) -> Option<&'static str> {
    if demand.zones >= 2 && !tier.multi_zone {
        return Some("managed tier in one zone");
    }
    if demand.memory_gib.micros() > 0 && tier.memory_mib == 0 || demand.cpu.micros() > 0 && tier.vcpu_milli == 0 {
        return Some("managed tier whose size the provider does not state");
    }
    let memory_short = i128::from(tier.memory_mib) * 1_000_000 < i128::from(demand.memory_gib.micros()) * 1024;
    let cpu_short = i64::from(tier.vcpu_milli) * 1000 < demand.cpu.micros();
    if memory_short || cpu_short {
        return Some("managed tier too small");
    }
    let burstable = tier.is_burstable();
    if burstable && demand.dedicated {
        return Some("processor time is not dedicated");
    }
    (burstable && exceeds_baseline(demand, tier.vcpu_milli, tier.memory_mib, 1)).then_some(STEADY)
}
