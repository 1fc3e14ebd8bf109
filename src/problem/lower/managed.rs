//! Managed data stores: the tiers that hold the component, in the form it asks for.

use super::choices::{Candidate, Excluded, Front, Recipe, Sink, Site};
use super::machines::{STEADY, exceeds_baseline};
use super::{Context, Demand};
use crate::app::Kind;
use crate::catalog::{ManagedKind, ManagedOffer, TierEntry, Unit};
use crate::problem::{ChargeItem, Form, Included};
use crate::units::{Money, Purchase, Quantity};

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
        let today = cx.today_at(demand, site).is_some_and(|today| tier.is_named(&today.offer));
        if cx.looks_for_names() && !cx.wanted(demand, site, &tier.name()) {
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
        if !stores(demand, tier) {
            excluded.add(STORAGE_TOO_SMALL, 1);
            continue;
        }
        let candidate = candidate(demand, site, tier.multi_zone, today);
        front.offer(&candidate, Recipe::Managed(ordinal), None, &|sink: &mut Sink| charges(demand, tier, sink));
    }
}

/// Looks at the managed tiers of a place that can be the best buy; what [`offer_managed`] would keep of all of them.
pub(super) fn order_managed(cx: &Context, demand: &Demand, site: &Site, front: &mut Front) {
    let Some(kind) = managed_kind(demand.kind).filter(|_| demand.managed) else { return };
    front.batch();
    let on_demand = cx.purchase_wanted(demand, Purchase::OnDemand);
    let tiers: &[TierEntry] = if on_demand { &cx.book.tiers(site.region, kind).0 } else { &[] };
    let need = Need::of(demand);
    let mut best: Option<(Money, &TierEntry)> = None;
    for entry in tiers.iter().filter(|entry| need.is_met(demand, entry)) {
        // Tiers come cheapest first, and those that fit are alike in everything but their price.
        if best.is_some_and(|(least, _)| least < entry.month) {
            break;
        }
        let cost = entry.cost(demand.disk_gb);
        if best.is_none_or(|(least, of)| (cost, entry.tier) < (least, of.tier)) {
            best = Some((cost, entry));
        }
    }
    if let Some((cost, entry)) = best {
        let full = || Sink::sum(|sink| charges(demand, &site.managed[entry.tier as usize], sink));
        debug_assert_eq!(cost, full(), "at {:?}", site.region);
        let candidate = candidate(demand, site, entry.multi_zone, false);
        front.offer_priced(&candidate, Recipe::Managed(entry.tier), entry.tier, cost);
    }
    for tier in todays(cx, demand, site).filter(|&tier| is_possible_today(demand, &site.managed[tier as usize])) {
        let spec = &site.managed[tier as usize];
        let candidate = candidate(demand, site, spec.multi_zone, true);
        front.offer(&candidate, Recipe::Managed(tier), None, &|sink: &mut Sink| charges(demand, spec, sink));
    }
}

/// The tiers at a place that the component runs on today.
fn todays<'a>(cx: &'a Context, demand: &Demand, site: &'a Site) -> impl Iterator<Item = u32> + 'a {
    let kind = managed_kind(demand.kind);
    let today = cx.today_at(demand, site);
    let tiers = (0..).zip(if today.is_some() { site.managed } else { &[] });
    let is_it =
        move |tier: &ManagedOffer| Some(tier.kind) == kind && today.is_some_and(|today| tier.is_named(&today.offer));
    tiers.filter(move |(_, tier)| is_it(tier)).map(|(ordinal, _)| ordinal)
}

/// Whether the tier that a component runs on today may stay in the running. A burstable one is the team's own choice.
fn is_possible_today(demand: &Demand, tier: &ManagedOffer) -> bool {
    refuse(demand, tier).is_none_or(|reason| reason == STEADY) && stores(demand, tier)
}

/// Whether a tier can hold the data.
fn stores(demand: &Demand, tier: &ManagedOffer) -> bool {
    demand.disk_gb_max <= tier.storage_included_gb || tier.storage.is_some()
}

/// Counts what [`offer_managed`] leaves out at a place.
pub(super) fn count_excluded(cx: &Context, demand: &Demand, site: &Site, excluded: &mut Excluded) {
    let Some(kind) = managed_kind(demand.kind).filter(|_| demand.managed) else { return };
    let on_demand = cx.purchase_wanted(demand, Purchase::OnDemand);
    let todays: Vec<u32> = todays(cx, demand, site).collect();
    for (ordinal, tier) in (0..).zip(site.managed).filter(|(_, tier)| tier.kind == kind) {
        let today = todays.contains(&ordinal);
        if let Some(reason) = refuse(demand, tier).filter(|&reason| !(today && reason == STEADY)) {
            excluded.add(reason, 1);
        } else if !on_demand && !today {
            excluded.add(SOLD_ON_DEMAND, 1);
        } else if !stores(demand, tier) {
            excluded.add(STORAGE_TOO_SMALL, 1);
        }
    }
}

/// Why a tier will not do for a purchase option.
const SOLD_ON_DEMAND: &str = "sold on demand only";
/// Why a tier will not do for data.
const STORAGE_TOO_SMALL: &str = "its storage is too small and has no known price";

fn candidate(demand: &Demand, site: &Site, multi_zone: bool, today: bool) -> Candidate {
    Candidate {
        place: site.place,
        purchase: Purchase::OnDemand,
        count: 1,
        form: Form::Managed,
        included: Included::None,
        needs: &[],
        active_zones: if demand.kind == Kind::Kafka && multi_zone { demand.zones.max(1) } else { 1 },
        today,
    }
}

/// Everything that a tier costs.
pub(super) fn charges(demand: &Demand, tier: &ManagedOffer, sink: &mut Sink) {
    let quantity = match tier.price.unit {
        Unit::Month => Quantity::from_units(1),
        _ => Quantity::MONTH_HOURS,
    };
    sink.add(ChargeItem::Managed, quantity, tier.price, tier.month_cap, || tier.name());
    let extra = demand.disk_gb.minus(tier.storage_included_gb);
    if let Some(price) = tier.storage.filter(|_| extra > Quantity::ZERO) {
        sink.add(ChargeItem::Storage, extra, price, None, || format!("{extra} GB storage"));
    }
}

/// What a component asks of a tier, in the tiers' units.
struct Need {
    vcpu_milli: i64,
    memory_mib: i64,
}

impl Need {
    fn of(demand: &Demand) -> Self {
        let up = |need: i64, unit: i64| need.div_euclid(unit) + i64::from(need % unit != 0);
        Self {
            vcpu_milli: up(demand.cpu.micros(), 1000),
            memory_mib: up(demand.memory_gib.micros().saturating_mul(1024), 1_000_000),
        }
    }

    /// Whether [`refuse`] has no reason against a tier that stores the data.
    fn is_met(&self, demand: &Demand, entry: &TierEntry) -> bool {
        let weak = || demand.dedicated || exceeds_baseline(demand, entry.vcpu_milli, entry.memory_mib, 1);
        i64::from(entry.vcpu_milli) >= self.vcpu_milli
            && i64::from(entry.memory_mib) >= self.memory_mib
            && (demand.zones < 2 || entry.multi_zone)
            && demand.disk_gb_max <= entry.storage_gb_max
            && !(entry.burstable && weak())
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
