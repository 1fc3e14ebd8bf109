//! The cheapest machines for a need in every region of a provider, kept from one need to the next.
//!
//! Needs differ without end, but what they can buy does not: a need for 1.3 vCPUs and one for 1.7 are answered by the
//! same machines. So needs are rounded up to the sizes that a provider sells anywhere, and what was found for one is
//! there for all that round to the same.

use super::menu::{Groups, List, Menu, Shelf};
use super::{PriceBook, ProviderId, RegionId};
use crate::units::{Money, Purchase};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// Needs that are kept: each takes about a kilobyte, 40 bytes for each region of the provider.
const NEEDS_MAX: usize = 1 << 14;

/// What is asked of a machine.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// Who sells it.
    pub provider: ProviderId,
    /// How it is bought.
    pub purchase: Purchase,
    /// Of which groups it may be.
    pub groups: Groups,
    /// Whether the buyer may take [`Menu::narrow`].
    pub narrow: bool,
    /// Thousandths of a vCPU.
    pub vcpu_milli: u32,
    /// Memory in MiB.
    pub memory_mib: u32,
}

/// The lowest prices per hour in a region, by shelf ([`List`]); [`Money::MAX`] where nothing meets the need.
#[derive(Clone, Copy, Debug)]
pub struct Cheapest {
    /// Without disk; not burstable.
    pub bare: Money,
    /// Ordinal of that offer among those of the region, of several at the price the first.
    pub bare_offer: u32,
    /// With a disk; not burstable.
    pub with_disk: Money,
    /// Burstable.
    pub bursting: Money,
}

/// The answers to a need, by region of the provider as they are asked for.
#[derive(Debug)]
pub struct Cheapests {
    need: Need,
    regions: Vec<OnceLock<Cheapest>>,
}

impl Cheapests {
    /// The answer in a region of the need's provider.
    #[inline]
    pub fn at(&self, book: &PriceBook, region: RegionId) -> &Cheapest {
        self.regions[book.ordinal_at_provider(region)].get_or_init(|| {
            let menu = book.menu(region, self.need.purchase);
            Cheapest::of(menu.list(self.need.narrow), &self.need)
        })
    }
}

impl Cheapest {
    fn of(list: &List, need: &Need) -> Self {
        let first = |shelf: &Shelf| {
            let mut fitting = shelf.fitting(need.vcpu_milli, need.memory_mib);
            let found = fitting.find(|entry| entry.group & need.groups != 0);
            found.map_or((Money::MAX, 0), |entry| (entry.price.usd, entry.offer))
        };
        let (bare, bare_offer) = first(&list.bare);
        Self { bare, bare_offer, with_disk: first(&list.with_disk).0, bursting: first(&list.bursting).0 }
    }
}

impl Menu {
    /// What a buyer looks at.
    #[must_use]
    pub fn list(&self, narrow: bool) -> &List {
        if narrow { &self.narrow } else { &self.entries }
    }
}

/// A need by what it can buy: ordinals of the sizes that the provider sells somewhere.
type Key = (ProviderId, Purchase, Groups, bool, u16, u16);

/// What one provider sells.
#[derive(Debug, Default)]
struct Sizes {
    regions: usize,
    vcpu_milli: Vec<u32>,
    memory_mib: Vec<u32>,
}

/// The needs that were asked for, of a book.
#[derive(Debug)]
pub(super) struct Needs {
    sizes: Vec<Sizes>,
    /// For each region its ordinal among those of its provider.
    ordinals: Vec<usize>,
    known: RwLock<HashMap<Key, Arc<Cheapests>>>,
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
        let mut seen = vec![false; book.shapes.len()];
        for offer in &book.compute {
            if !std::mem::replace(&mut seen[usize::from(offer.shape.0)], true) {
                let (shape, of) = (book.shape(offer.shape), usize::from(book.region(offer.region).provider.0));
                sizes[of].vcpu_milli.push(shape.vcpu_milli);
                sizes[of].memory_mib.push(shape.memory_mib);
            }
        }
        for amounts in sizes.iter_mut().flat_map(|sizes| [&mut sizes.vcpu_milli, &mut sizes.memory_mib]) {
            amounts.sort_unstable();
            amounts.dedup();
        }
        Self { sizes, ordinals, known: RwLock::default() }
    }

    /// See [`PriceBook::ordinal_at_provider`].
    #[inline]
    pub fn ordinal(&self, region: RegionId) -> usize {
        self.ordinals[usize::from(region.0)]
    }

    /// See [`PriceBook::cheapest`].
    pub fn cheapest(&self, need: Need) -> Option<Arc<Cheapests>> {
        let step = |amounts: &[u32], need: u32| {
            let at = amounts.partition_point(|&amount| amount < need);
            Some((u16::try_from(at).ok()?, *amounts.get(at)?))
        };
        let sizes = &self.sizes[usize::from(need.provider.0)];
        let (vcpu, vcpu_milli) = step(&sizes.vcpu_milli, need.vcpu_milli)?;
        let (memory, memory_mib) = step(&sizes.memory_mib, need.memory_mib)?;
        let key = (need.provider, need.purchase, need.groups, need.narrow, vcpu, memory);
        if let Some(known) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Some(known.clone());
        }
        let need = Need { vcpu_milli, memory_mib, ..need };
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= NEEDS_MAX {
            known.clear();
        }
        let regions = || (0..sizes.regions).map(|_| OnceLock::new()).collect();
        Some(known.entry(key).or_insert_with(|| Arc::new(Cheapests { need, regions: regions() })).clone())
    }
}
