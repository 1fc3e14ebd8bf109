//! What is worth a look in a region, cheapest first: offers that another one beats for every buyer are left out.
//!
//! Invariant: for any need there is, for each offer left out, one on the list that meets it, costs at most as much, and
//! (when it costs the same) comes earlier in the book. Whoever picks from the list picks what he would from the book.

use super::{ComputeOffer, CpuKind, ManagedKind, ManagedOffer, Price, PriceBook, RegionId, Shape, TrafficPool, Unit};
use crate::units::{Arch, Money, Purchase, Quantity};
use std::collections::HashMap;

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

/// The groups of burstable machines.
pub const BURSTABLE: Groups = 0b11 << (CpuKind::Burstable as u8 * 2);

/// A machine on the list, with all that decides what it costs.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Ordinal of the offer among those of the region.
    pub offer: u32,
    /// Thousandths of a vCPU.
    pub vcpu_milli: u32,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// Its group.
    pub group: Groups,
    /// Price per hour.
    pub price: Price,
    /// A month never costs more than this.
    pub month_cap: Option<Money>,
    /// GB of disk that it brings.
    pub disk_included_gb: Option<u32>,
    /// GB of internet traffic a month that it brings.
    pub included_gb: Quantity,
}

/// Machines in the order of their price, found by size without asking each.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    entries: Vec<Entry>,
    by_vcpu: Steps,
    by_memory: Steps,
}

/// For each amount that some machine has the set of those that have as much or more.
#[derive(Clone, Debug, Default)]
struct Steps {
    /// The amounts, ascending.
    amounts: Vec<u32>,
    /// For each amount a bit for every machine.
    sets: Vec<u64>,
}

impl Steps {
    fn of(entries: &[Entry], amount: fn(&Entry) -> u32) -> Self {
        let mut amounts: Vec<u32> = entries.iter().map(amount).collect();
        amounts.sort_unstable();
        amounts.dedup();
        let words = entries.len().div_ceil(64);
        let mut sets = vec![0; amounts.len() * words];
        for (at, entry) in entries.iter().enumerate() {
            let step = amounts.partition_point(|&step| step < amount(entry));
            sets[step * words + at / 64] |= 1 << (at % 64);
        }
        // Whoever has more has as much, too.
        for at in (0..sets.len().saturating_sub(words)).rev() {
            sets[at] |= sets[at + words];
        }
        Self { amounts, sets }
    }

    /// The set of those that have at least `need`.
    fn at_least(&self, need: u32, words: usize) -> &[u64] {
        let step = self.amounts.partition_point(|&step| step < need);
        if step == self.amounts.len() { &[] } else { &self.sets[step * words..][..words] }
    }
}

impl Shelf {
    fn of(entries: Vec<Entry>) -> Self {
        let (by_vcpu, by_memory) =
            (Steps::of(&entries, |entry| entry.vcpu_milli), Steps::of(&entries, |entry| entry.memory_mib));
        Self { entries, by_vcpu, by_memory }
    }

    /// All of them, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Those with at least so many thousandths of a vCPU and MiB of memory, in order.
    pub fn fitting(&self, vcpu_milli: u32, memory_mib: u32) -> impl Iterator<Item = &Entry> {
        let words = self.entries.len().div_ceil(64);
        let (vcpu, memory) = (self.by_vcpu.at_least(vcpu_milli, words), self.by_memory.at_least(memory_mib, words));
        (0..).zip(vcpu.iter().zip(memory)).flat_map(move |(word, (vcpu, memory))| {
            let mut left = vcpu & memory;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros();
                left &= left.wrapping_sub(1);
                (bit < 64).then(|| &self.entries[word * 64 + bit as usize])
            })
        })
    }
}

/// Machines by what keeps their price from telling what they cost: disk of their own, and processors that must not be
/// used all the time.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// Neither.
    pub bare: Shelf,
    /// With a disk.
    pub with_disk: Shelf,
    /// Burstable ones, with or without.
    pub bursting: Shelf,
}

impl List {
    /// Of machines, cheapest first.
    fn of(entries: impl Iterator<Item = Entry>) -> Self {
        let (bursting, steady): (Vec<Entry>, Vec<Entry>) = entries.partition(|entry| entry.group & BURSTABLE != 0);
        let brings_disk = |entry: &Entry| entry.disk_included_gb.is_some_and(|gb| gb > 0);
        let (with_disk, bare) = steady.into_iter().partition(brings_disk);
        Self { bare: Shelf::of(bare), with_disk: Shelf::of(with_disk), bursting: Shelf::of(bursting) }
    }

    /// All of them.
    #[must_use]
    pub fn shelves(&self) -> [&Shelf; 3] {
        [&self.bare, &self.with_disk, &self.bursting]
    }
}

/// The machines of a region in one purchase option.
#[derive(Clone, Debug, Default)]
pub struct Menu {
    /// Without accelerators, cheapest first: of machines of one size and kind only the best buys.
    pub entries: List,
    /// Those of them that are worth a look for whoever has one replica, or no data on it: no other machine is as large,
    /// as good and cheaper. (With data on several replicas fewer, larger machines can take more disk together.)
    pub narrow: List,
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
            (None, None) => self.entry.price.usd < other.entry.price.usd || self.entry.offer < other.entry.offer,
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
        let mut menu = Self::default();
        let mut drafts = Vec::new();
        for (ordinal, offer) in (0_u32..).zip(book.compute_at(region)) {
            let shape = book.shape(offer.shape);
            let Some(price) = offer.price(purchase) else { continue };
            if shape.gpu_milli > 0 {
                menu.accelerated.push(ordinal);
                continue;
            }
            let entry = Entry {
                offer: ordinal,
                vcpu_milli: shape.vcpu_milli,
                memory_mib: shape.memory_mib,
                group: group_of(shape.cpu_kind, shape.arch),
                price,
                month_cap: offer.month_cap,
                disk_included_gb: shape.disk_included_gb,
                included_gb: offer.included_gb,
            };
            drafts.push(Draft { entry, offer, shape });
        }
        drafts.sort_unstable_by_key(|draft| (draft.entry.price.usd, draft.entry.offer));
        let pool = book.provider_of(region).traffic_pool;
        let mut of_size: HashMap<(u32, u32), Vec<usize>> = HashMap::new();
        let (mut kept, mut narrow): (Vec<Entry>, Vec<usize>) = (Vec::new(), Vec::new());
        for (at, draft) in drafts.iter().enumerate() {
            let same = of_size.entry((draft.entry.vcpu_milli, draft.entry.memory_mib)).or_default();
            if same.iter().any(|&rival| drafts[rival].beats(draft, pool)) {
                continue;
            }
            same.push(at);
            if !narrow.iter().any(|&rival| drafts[rival].outgrows(draft)) {
                narrow.push(at);
            }
            kept.push(draft.entry);
        }
        menu.narrow = List::of(narrow.into_iter().map(|at| drafts[at].entry));
        menu.entries = List::of(kept.into_iter());
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
    /// Thousandths of a vCPU per node.
    pub vcpu_milli: u32,
    /// Memory per node in MiB.
    pub memory_mib: u32,
    /// Whether it survives the loss of a zone.
    pub multi_zone: bool,
    /// GB that it can store: those that are included where no more can be bought, else without bound.
    pub storage_gb_max: Quantity,
    /// Dollars per GB-month beyond what is included, where more can be bought.
    pub storage_usd: Option<Money>,
    /// GB that are included.
    pub storage_included_gb: Quantity,
}

impl TierEntry {
    /// What the tier costs a month with so many GB stored.
    #[must_use]
    pub fn cost(&self, stored_gb: Quantity) -> Money {
        let extra = stored_gb.minus(self.storage_included_gb);
        self.month + self.storage_usd.map_or(Money::ZERO, |usd| usd.times(extra))
    }
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
            .map(|(tier, offer)| TierEntry {
                tier,
                month: offer.month(),
                burstable: offer.is_burstable(),
                vcpu_milli: offer.vcpu_milli,
                memory_mib: offer.memory_mib,
                multi_zone: offer.multi_zone,
                storage_gb_max: if offer.storage.is_some() { Quantity::MAX } else { offer.storage_included_gb },
                storage_usd: offer.storage.map(|price| price.usd),
                storage_included_gb: offer.storage_included_gb,
            })
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
