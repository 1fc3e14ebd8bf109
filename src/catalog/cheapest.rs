//! The cheapest machines for a need in every region, kept from one need to the next.
//!
//! Needs differ without end, but what they can buy does not: a need for 1.3 vCPUs and one for 1.7 are answered by the
//! same machines. So needs are rounded up to the sizes that a provider sells anywhere, and what was found for one is
//! there for all that round to the same. Invariant: an answer that is kept is the one that the menu gives.

use super::menu::{Groups, List, Menu, Shelf};
use super::{PriceBook, ProviderId, RegionId};
use crate::units::{Money, Purchase, Quantity};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// Needs whose answers are kept, by provider and way of buying: each takes 48 bytes for each region of the provider.
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

impl Cheapest {
    /// Of a region's machines of certain groups with at least so many thousandths of a vCPU and MiB of memory.
    fn of(list: &List, groups: Groups, (vcpu_milli, memory_mib): (u32, u32)) -> Self {
        let first =
            |shelf: &Shelf| shelf.fitting(vcpu_milli, memory_mib).find(|entry| entry.group & groups != 0).copied();
        let usd = |shelf: &Shelf| first(shelf).map_or(Money::MAX, |entry| entry.price.usd);
        let bare = first(&list.bare);
        Self {
            bare: bare.map_or(Money::MAX, |entry| entry.price.usd),
            bare_offer: bare.map_or(0, |entry| entry.offer),
            bare_size: bare.map_or((0, 0), |entry| (entry.vcpu_milli, entry.memory_mib)),
            with_disk: usd(&list.with_disk),
            bursting: usd(&list.bursting),
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
    regions: usize,
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

/// Answers for one way of buying.
#[derive(Debug)]
pub struct Machines {
    way: Way,
    /// For each provider and need the answers by region of the provider.
    answers: Vec<Vec<OnceLock<ByRegion>>>,
}

/// Answers to one need at one provider, as they are asked for.
type ByRegion = Box<[OnceLock<Cheapest>]>;

/// The needs that were asked for, of a book.
#[derive(Debug)]
pub(super) struct Needs {
    sizes: Vec<Sizes>,
    /// For each region its ordinal among those of its provider.
    ordinals: Vec<usize>,
    machines: RwLock<HashMap<Way, Arc<Machines>>>,
    /// How many needs are kept.
    kept: AtomicUsize,
}

impl Needs {
    pub fn of(book: &PriceBook) -> Self {
        let mut sizes: Vec<Sizes> = book.providers.iter().map(|_| Sizes::default()).collect();
        let mut ordinals = Vec::with_capacity(book.regions.len());
        for region in &book.regions {
            let regions = &mut sizes[usize::from(region.provider.0)].regions;
            ordinals.push(*regions);
            *regions += 1;
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
        Self { sizes, ordinals, machines: RwLock::default(), kept: AtomicUsize::new(0) }
    }

    fn machines(&self, way: Way) -> Arc<Machines> {
        if let Some(known) = self.machines.read().unwrap_or_else(PoisonError::into_inner).get(&way) {
            return known.clone();
        }
        let needs = |sizes: &Sizes| sizes.vcpu_milli.len() * sizes.memory_mib.len();
        let empty = |sizes: &Sizes| (0..needs(sizes)).map(|_| OnceLock::new()).collect();
        let fresh = || Arc::new(Machines { way, answers: self.sizes.iter().map(empty).collect() });
        let mut machines = self.machines.write().unwrap_or_else(PoisonError::into_inner);
        machines.entry(way).or_insert_with(fresh).clone()
    }
}

impl Machines {
    /// The cheapest machines in a region of a provider (with its ordinal there, [`PriceBook::ordinal_at_provider`]) for
    /// a need by its ordinal ([`PriceBook::need`]).
    #[must_use]
    #[inline]
    pub fn cheapest(
        &self,
        book: &PriceBook,
        provider: ProviderId,
        (region, ordinal): (RegionId, usize),
        need: usize,
    ) -> Cheapest {
        let regions = self.answers[usize::from(provider.0)][need].get();
        let known = regions.and_then(|regions| regions[ordinal].get()).copied();
        known.unwrap_or_else(|| self.find(book, provider, (region, ordinal), need))
    }

    fn find(
        &self,
        book: &PriceBook,
        provider: ProviderId,
        (region, ordinal): (RegionId, usize),
        need: usize,
    ) -> Cheapest {
        let (needs, provider) = (book.needs(), usize::from(provider.0));
        let (purchase, groups, narrow) = self.way;
        let list = book.menu(region, purchase).list(narrow);
        let found = Cheapest::of(list, groups, needs.sizes[provider].size(need));
        let slot = &self.answers[provider][need];
        if slot.get().is_some() || needs.kept.fetch_add(1, Ordering::Relaxed) < NEEDS_MAX {
            let regions = slot.get_or_init(|| (0..needs.sizes[provider].regions).map(|_| OnceLock::new()).collect());
            return *regions[ordinal].get_or_init(|| found);
        }
        needs.kept.fetch_sub(1, Ordering::Relaxed);
        found
    }
}

impl PriceBook {
    /// The cheapest machines for one way of buying.
    #[must_use]
    pub fn machines(&self, way: Way) -> Arc<Machines> {
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
