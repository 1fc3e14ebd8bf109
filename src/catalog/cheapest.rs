//! The cheapest machines for a need in every region, kept from one need to the next.
//!
//! Needs differ without end, but what they can buy does not: a need for 1.3 vCPUs and one for 1.7 are answered by the
//! same machines. So needs are rounded up to the sizes that a provider sells anywhere, and what was found for one is
//! there for all that round to the same: a row with an answer for each region of the provider, since whoever asks for
//! one mostly asks for all. Invariant: an answer that is kept is the one that the menu gives.

use super::menu::{Groups, List, Menu, Shelf};
use super::{PriceBook, ProviderId, RegionId};
use crate::units::{Money, Purchase, Quantity};
use std::ops::Deref;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Needs whose answers are kept, by provider and way of buying: each takes 40 bytes for each region of the provider.
const NEEDS_MAX: usize = 1 << 15;

/// The lowest prices per hour in a region, by shelf ([`List`]); [`Money::MAX`] where nothing meets the need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cheapest {
    /// Without disk; not burstable.
    pub bare: Money,
    /// Ordinal of that offer among those of the region, of several at the price the first.
    pub bare_offer: u32,
    /// Its thousandths of a vCPU and MiB of memory.
    pub bare_size: (u32, u32),
    /// With a disk; not burstable.
    pub with_disk: Money,
    /// Burstable.
    pub bursting: Money,
}

/// Machines of a shelf that are the cheapest for some need, cheapest first: none has as much of everything as one that
/// comes before it. There are few, so that the first that is large enough is found by looking at one after another.
#[derive(Debug)]
struct Stairs {
    /// Thousandths of a vCPU and MiB of memory.
    sizes: Vec<(u32, u32)>,
    /// For each the price per hour, and the ordinal of the offer among those of the region.
    offers: Vec<(Money, u32)>,
}

impl Stairs {
    fn of(shelf: &Shelf, groups: Groups) -> Self {
        let mut stairs = Self { sizes: Vec::new(), offers: Vec::new() };
        for entry in shelf.entries().iter().filter(|entry| entry.group & groups != 0) {
            if stairs.first((entry.vcpu_milli, entry.memory_mib)).is_none() {
                stairs.sizes.push((entry.vcpu_milli, entry.memory_mib));
                stairs.offers.push((entry.price.usd, entry.offer));
            }
        }
        stairs
    }

    /// The cheapest with at least so many thousandths of a vCPU and MiB of memory.
    fn first(&self, (vcpu_milli, memory_mib): (u32, u32)) -> Option<usize> {
        self.sizes.iter().position(|&(vcpu, memory)| vcpu >= vcpu_milli && memory >= memory_mib)
    }

    fn usd(&self, need: (u32, u32)) -> Money {
        self.first(need).map_or(Money::MAX, |at| self.offers[at].0)
    }
}

/// What a region has for one way of buying.
#[derive(Debug)]
struct Lineup {
    bare: Stairs,
    with_disk: Stairs,
    bursting: Stairs,
}

impl Lineup {
    fn of(list: &List, groups: Groups) -> Self {
        let [bare, with_disk, bursting] = list.shelves().map(|shelf| Stairs::of(shelf, groups));
        Self { bare, with_disk, bursting }
    }

    fn cheapest(&self, need: (u32, u32)) -> Cheapest {
        let bare = self.bare.first(need);
        let (usd, bare_offer) = bare.map_or((Money::MAX, 0), |at| self.bare.offers[at]);
        Cheapest {
            bare: usd,
            bare_offer,
            bare_size: bare.map_or((0, 0), |at| self.bare.sizes[at]),
            with_disk: self.with_disk.usd(need),
            bursting: self.bursting.usd(need),
        }
    }
}

impl Menu {
    /// What a buyer looks at.
    #[must_use]
    pub fn list(&self, narrow: bool) -> &List {
        if narrow { &self.narrow } else { &self.entries }
    }
}

/// The sizes that a provider sells, in ascending amounts.
#[derive(Debug, Default)]
struct Sizes {
    vcpu_milli: Vec<u32>,
    memory_mib: Vec<u32>,
}

impl Sizes {
    /// The ordinal of a need among all that can be told apart; `None` when there is no machine of that size.
    fn need(&self, vcpu_milli: u32, memory_mib: u32) -> Option<usize> {
        let step = |amounts: &[u32], need: u32| {
            let at = amounts.partition_point(|&amount| amount < need);
            (at < amounts.len()).then_some(at)
        };
        Some(step(&self.vcpu_milli, vcpu_milli)? * self.memory_mib.len() + step(&self.memory_mib, memory_mib)?)
    }

    /// The largest need of an ordinal.
    fn size(&self, need: usize) -> (u32, u32) {
        (self.vcpu_milli[need / self.memory_mib.len()], self.memory_mib[need % self.memory_mib.len()])
    }
}

/// A way of buying: purchase option, groups, and whether the buyer may take [`Menu::narrow`].
pub type Way = (Purchase, Groups, bool);

/// How many ways of buying there are.
const WAYS: usize = 4 << 7;

/// The ordinal of a way; there are six groups.
fn ordinal_of((purchase, groups, narrow): Way) -> usize {
    (purchase as usize) << 7 | usize::from(groups) << 1 | usize::from(narrow)
}

/// Answers for one way of buying.
#[derive(Debug)]
pub struct Machines {
    way: Way,
    /// For each provider what its regions have.
    lineups: Vec<OnceLock<Box<[Lineup]>>>,
    /// For each provider and need the answers.
    rows: Vec<Vec<OnceLock<Box<[Cheapest]>>>>,
}

/// The cheapest machines for a need, by region of a provider ([`PriceBook::ordinal_at_provider`]).
#[derive(Debug)]
pub enum Row<'a> {
    /// It is kept for whoever asks next.
    Kept(&'a [Cheapest]),
    /// It is not: too many are.
    Fresh(Box<[Cheapest]>),
}

impl Deref for Row<'_> {
    type Target = [Cheapest];

    fn deref(&self) -> &[Cheapest] {
        match self {
            Self::Kept(row) => row,
            Self::Fresh(row) => row,
        }
    }
}

/// The needs that were asked for, of a book.
#[derive(Debug)]
pub(super) struct Needs {
    sizes: Vec<Sizes>,
    /// For each region its ordinal among those of its provider.
    ordinals: Vec<usize>,
    machines: Vec<OnceLock<Machines>>,
    /// How many needs are kept.
    kept: AtomicUsize,
}

impl Needs {
    pub fn of(book: &PriceBook) -> Self {
        let mut sizes: Vec<Sizes> = book.providers.iter().map(|_| Sizes::default()).collect();
        let mut regions = vec![0; book.providers.len()];
        let mut ordinals = Vec::with_capacity(book.regions.len());
        for region in &book.regions {
            let next = &mut regions[usize::from(region.provider.0)];
            ordinals.push(*next);
            *next += 1;
        }
        let (mut seen, mut plain) = (vec![false; book.shapes.len()], vec![true; book.providers.len()]);
        for offer in &book.compute {
            let of = usize::from(book.region(offer.region).provider.0);
            plain[of] &= offer.month_cap.is_none() && offer.included_gb == Quantity::ZERO;
            if !std::mem::replace(&mut seen[usize::from(offer.shape.0)], true) {
                let shape = book.shape(offer.shape);
                sizes[of].vcpu_milli.push(shape.vcpu_milli);
                sizes[of].memory_mib.push(shape.memory_mib);
            }
        }
        for (sizes, plain) in sizes.iter_mut().zip(plain) {
            for amounts in [&mut sizes.vcpu_milli, &mut sizes.memory_mib] {
                amounts.sort_unstable();
                amounts.dedup();
                // Where more than the price counts, the cheapest is not the answer.
                amounts.truncate(if plain { usize::MAX } else { 0 });
            }
        }
        Self { sizes, ordinals, machines: (0..WAYS).map(|_| OnceLock::new()).collect(), kept: AtomicUsize::new(0) }
    }

    fn machines(&self, way: Way) -> &Machines {
        let needs = |sizes: &Sizes| sizes.vcpu_milli.len() * sizes.memory_mib.len();
        let empty = |sizes: &Sizes| (0..needs(sizes)).map(|_| OnceLock::new()).collect();
        self.machines[ordinal_of(way)].get_or_init(|| Machines {
            way,
            lineups: self.sizes.iter().map(|_| OnceLock::new()).collect(),
            rows: self.sizes.iter().map(empty).collect(),
        })
    }
}

impl Machines {
    /// The cheapest machines at a provider for a need by its ordinal ([`PriceBook::need`]).
    #[must_use]
    pub fn cheapest(&self, book: &PriceBook, provider: ProviderId, need: usize) -> Row<'_> {
        let slot = &self.rows[usize::from(provider.0)][need];
        if let Some(row) = slot.get() {
            return Row::Kept(row);
        }
        let (needs, of) = (book.needs(), usize::from(provider.0));
        let lineups = self.lineups[of].get_or_init(|| self.lineups(book, provider));
        let size = needs.sizes[of].size(need);
        let row = lineups.iter().map(|lineup| lineup.cheapest(size)).collect();
        if needs.kept.fetch_add(1, Ordering::Relaxed) < NEEDS_MAX {
            return Row::Kept(slot.get_or_init(|| row));
        }
        needs.kept.fetch_sub(1, Ordering::Relaxed);
        Row::Fresh(row)
    }

    fn lineups(&self, book: &PriceBook, provider: ProviderId) -> Box<[Lineup]> {
        let (purchase, groups, narrow) = self.way;
        let regions = book.region_ids().filter(|&id| book.region(id).provider == provider);
        regions.map(|region| Lineup::of(book.menu(region, purchase).list(narrow), groups)).collect()
    }
}

impl PriceBook {
    /// The cheapest machines for one way of buying.
    #[must_use]
    pub fn machines(&self, way: Way) -> &Machines {
        self.needs().machines(way)
    }

    /// The ordinal of a need for so many thousandths of a vCPU and MiB of memory among all that can be told apart at a
    /// provider. `None`: it has no machine of that size, or sells machines by more than their price (with traffic, or
    /// with a cap).
    #[must_use]
    pub fn need(&self, provider: ProviderId, vcpu_milli: u32, memory_mib: u32) -> Option<usize> {
        self.needs().sizes[usize::from(provider.0)].need(vcpu_milli, memory_mib)
    }

    /// Ordinal of a region among those of its provider.
    #[must_use]
    pub fn ordinal_at_provider(&self, region: RegionId) -> usize {
        self.needs().ordinals[usize::from(region.0)]
    }

    /// Whether a provider sells machines by their price alone, so that [`Self::need`] knows them.
    #[must_use]
    pub fn sells_plainly(&self, provider: ProviderId) -> bool {
        !self.needs().sizes[usize::from(provider.0)].vcpu_milli.is_empty()
    }
}
