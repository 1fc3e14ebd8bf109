//! Managed data stores: the tiers that hold the component, in the form it asks for.

use super::choices::{Candidate, Excluded, Front, Sink, Site};
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
    for tier in cx.book.managed_at(site.region).iter().filter(|tier| tier.kind == kind) {
        let today = !cx.app.today.is_empty() && cx.is_today(demand, site, &tier.name()).is_some();
        if (cx.pinned() || cx.options.focus.is_some()) && !cx.wanted(demand, site, &tier.name()) {
            continue;
        }
        // A burstable tier that the component runs on already is the team's own choice.
        let refusal = refuse(demand, tier).filter(|&reason| !(cx.pinned() || today && reason == STEADY));
        if let Some(reason) = refusal.or_else(|| cx.refuse_price(&tier.price)) {
            excluded.add(reason, 1);
            continue;
        }
        if !cx.pinned() && !today && !cx.purchase_wanted(demand, Purchase::OnDemand) {
            excluded.add("sold on demand only", 1);
            continue;
        }
        let extra = demand.disk_gb.minus(tier.storage_included_gb);
        if demand.disk_gb_max > tier.storage_included_gb && tier.storage.is_none() {
            excluded.add("its storage is too small and has no known price", 1);
            continue;
        }
        let candidate = Candidate {
            place: site.place,
            purchase: Purchase::OnDemand,
            count: 1,
            form: Form::Managed,
            included: Included::None,
            needs: &[],
            active_zones: if demand.kind == Kind::Kafka && tier.multi_zone { demand.zones.max(1) } else { 1 },
            today,
        };
        let charges = |sink: &mut dyn Sink| {
            let quantity = match tier.price.unit {
                Unit::Month => Quantity::from_units(1),
                _ => Quantity::MONTH_HOURS,
            };
            sink.add(ChargeItem::Managed, quantity, tier.price, tier.month_cap, &|| tier.name());
            if let Some(price) = tier.storage.filter(|_| extra > Quantity::ZERO) {
                sink.add(ChargeItem::Storage, extra, price, None, &|| format!("{extra} GB storage"));
            }
        };
        front.offer(&candidate, &|| tier.name(), &charges);
    }
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
