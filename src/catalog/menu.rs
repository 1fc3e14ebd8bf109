//! What is worth a look in a region, cheapest first: offers that another one beats for every buyer are left out.
//!
//! Invariant: for any need there is, for each offer left out, one on the list that meets it, costs at most as much, and
//! (when it costs the same) comes earlier in the book. Whoever picks from the list picks what he would from the book.

use super::{ComputeOffer, CpuKind, ManagedKind, ManagedOffer, PriceBook, RegionId, Shape, TrafficPool, Unit};
use crate::units::{Arch, Money, Purchase, Quantity};

/// Sets of machine groups: processor kinds and architectures that needs tell apart.
pub type Groups = u8;

/// The group of a machine without accelerators.
#[must_use]
pub fn group_of(kind: CpuKind, arch: Arch) -> Groups {
    1 << (kind as u8 * 2 + u8::from(arch == Arch::Arm64))
}

/// The groups that a need admits.
#[must_use]
pub fn groups(dedicated: bool, arch: Option<Arch>) -> Groups {
    let mut all = 0;
    for kind in [CpuKind::Dedicated, CpuKind::Shared, CpuKind::Burstable] {
        for of in [Arch::X86_64, Arch::Arm64] {
            if (!dedicated || kind == CpuKind::Dedicated) && arch.is_none_or(|wanted| wanted == of) {
                all |= group_of(kind, of);
            }
        }
    }
    all
}

/// A machine on the list.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Ordinal of the offer among those of the region.
    pub offer: u32,
    /// Ordinal of its size in [`PriceBook::sizes`].
    pub size: u16,
    /// Its group.
    pub group: Groups,
    /// Price per hour.
    pub usd: Money,
}

/// The machines of a region in one purchase option.
#[derive(Clone, Debug, Default)]
pub struct Menu {
    /// Without accelerators, cheapest first: of machines of one size and kind only the best buys.
    pub entries: Vec<Entry>,
    /// Those of them that are worth a look for whoever has one replica, or no data on it: no other machine is as large,
    /// as good and cheaper. (With data on several replicas fewer, larger machines can take more disk together.)
    pub narrow: Vec<Entry>,
    /// Whether none of them brings traffic or has a monthly cap.
    pub plain: bool,
    /// GB of disk that the best of them brings.
    pub disk_gb_max: u32,
    /// Offers with accelerators, in the order of the book.
    pub accelerated: Vec<u32>,
}

/// An offer while the list is made.
struct Draft<'a> {
    entry: Entry,
    offer: &'a ComputeOffer,
    shape: &'a Shape,
}

impl Draft<'_> {
    fn disk(&self) -> u32 {
        self.shape.disk_included_gb.unwrap_or(0)
    }

    /// Whether it costs at most as much as a dearer one (by the hour) for everybody, and comes first where it costs the
    /// same. A cap can make two prices one.
    fn cheaper_than(&self, other: &Self) -> bool {
        match (self.offer.month_cap, other.offer.month_cap) {
            (None, None) => self.entry.usd < other.entry.usd || self.entry.offer < other.entry.offer,
            (Some(cap), Some(dearer)) => cap <= dearer && self.entry.offer < other.entry.offer,
            (Some(_), None) => self.entry.offer < other.entry.offer,
            (None, Some(_)) => false,
        }
    }

    fn brings_as_much(&self, other: &Self, pool: TrafficPool) -> bool {
        let (mine, its) = (self.offer.included_gb, other.offer.included_gb);
        self.disk() >= other.disk() && (mine == its || pool == TrafficPool::Pooled && mine > its)
    }

    /// The same machine for everybody, at a better price.
    fn beats(&self, other: &Self, pool: TrafficPool) -> bool {
        self.entry.group == other.entry.group && self.brings_as_much(other, pool) && self.cheaper_than(other)
    }

    /// At least as large a machine of at least as good a kind, at a better price.
    fn outgrows(&self, other: &Self) -> bool {
        let (mine, its) = (self.shape, other.shape);
        let none = |draft: &Self| draft.offer.included_gb == Quantity::ZERO;
        mine.vcpu_milli >= its.vcpu_milli
            && mine.memory_mib >= its.memory_mib
            && mine.arch == its.arch
            // How much a burstable machine sustains does not grow with its size.
            && mine.cpu_kind != CpuKind::Burstable
            && (mine.cpu_kind == CpuKind::Dedicated || its.cpu_kind != CpuKind::Dedicated)
            && none(self)
            && none(other)
            && self.disk() >= other.disk()
            && self.cheaper_than(other)
    }
}

impl Menu {
    /// Of a region and a purchase option.
    pub(super) fn of(book: &PriceBook, region: RegionId, purchase: Purchase) -> Self {
        let mut menu = Self { plain: true, ..Self::default() };
        let mut drafts = Vec::new();
        for (ordinal, offer) in (0_u32..).zip(book.compute_at(region)) {
            let shape = book.shape(offer.shape);
            let Some(usd) = offer.usd_hour[purchase as usize] else { continue };
            if shape.gpu_milli > 0 {
                menu.accelerated.push(ordinal);
                continue;
            }
            menu.plain &= offer.month_cap.is_none() && offer.included_gb == Quantity::ZERO;
            let group = group_of(shape.cpu_kind, shape.arch);
            let entry = Entry { offer: ordinal, size: book.size_of(offer.shape), group, usd };
            drafts.push(Draft { entry, offer, shape });
        }
        drafts.sort_unstable_by_key(|draft| (draft.entry.usd, draft.entry.offer));
        let pool = book.provider_of(region).traffic_pool;
        let mut of_size: Vec<Vec<usize>> = vec![Vec::new(); book.sizes().len()];
        let mut narrow: Vec<usize> = Vec::new();
        for at in 0..drafts.len() {
            let same = &mut of_size[usize::from(drafts[at].entry.size)];
            if same.iter().any(|&rival| drafts[rival].beats(&drafts[at], pool)) {
                continue;
            }
            same.push(at);
            if !narrow.iter().any(|&rival| drafts[rival].outgrows(&drafts[at])) {
                narrow.push(at);
                menu.narrow.push(drafts[at].entry);
            }
            menu.disk_gb_max = menu.disk_gb_max.max(drafts[at].disk());
            menu.entries.push(drafts[at].entry);
        }
        menu
    }
}

/// A managed tier on the list.
#[derive(Clone, Copy, Debug)]
pub struct TierEntry {
    /// Ordinal of the tier among those of the region.
    pub tier: u32,
    /// What it costs a month without further storage.
    pub month: Money,
    /// Whether its processor time is a baseline with bursts.
    pub burstable: bool,
}

/// The managed tiers of a kind in a region, cheapest first.
#[derive(Clone, Debug, Default)]
pub struct Tiers(pub Vec<TierEntry>);

impl ManagedOffer {
    /// What the tier costs a month without further storage.
    #[must_use]
    pub fn month(&self) -> Money {
        let units = if self.price.unit == Unit::Month { Quantity::from_units(1) } else { Quantity::MONTH_HOURS };
        let full = self.price.usd.times(units);
        self.month_cap.map_or(full, |cap| full.min(cap))
    }

    /// Whether storage costs at most as much for everybody.
    fn stores_as_well(&self, other: &Self) -> bool {
        self.storage_included_gb >= other.storage_included_gb
            && match (self.storage, other.storage) {
                (Some(mine), Some(its)) => mine.usd <= its.usd,
                (None, Some(_)) => false,
                (_, None) => true,
            }
    }
}

impl Tiers {
    /// Of a region and a kind.
    pub(super) fn of(book: &PriceBook, region: RegionId, kind: ManagedKind) -> Self {
        let all = book.managed_at(region);
        let of_kind = (0_u32..).zip(all).filter(|(_, tier)| tier.kind == kind);
        let mut entries: Vec<TierEntry> = of_kind
            .map(|(tier, offer)| TierEntry { tier, month: offer.month(), burstable: offer.is_burstable() })
            .collect();
        entries.sort_unstable_by_key(|entry| (entry.month, entry.tier));
        let beats = |rival: &TierEntry, entry: &TierEntry| {
            let (mine, its) = (&all[rival.tier as usize], &all[entry.tier as usize]);
            let same_size = (mine.vcpu_milli, mine.memory_mib) == (its.vcpu_milli, its.memory_mib);
            mine.multi_zone == its.multi_zone
                && mine.vcpu_milli >= its.vcpu_milli
                && mine.memory_mib >= its.memory_mib
                && (!rival.burstable || entry.burstable && same_size)
                && mine.stores_as_well(its)
                && (rival.month < entry.month || rival.tier < entry.tier)
        };
        let mut kept: Vec<TierEntry> = Vec::new();
        for entry in entries {
            if !kept.iter().any(|rival| beats(rival, &entry)) {
                kept.push(entry);
            }
        }
        Self(kept)
    }
}
