//! The cheapest machines for a need in every region, kept from one need to the next.
//!
//! Needs differ without end, but what they can buy does not: a need for 1.3 vCPUs and one for 1.7 are answered by the
//! same machines. So needs are rounded up to the sizes that a provider sells anywhere, and what was found for one is
//! there for all that round to the same: a row with an answer for each region of the provider, since whoever asks for
//! one mostly asks for all. Invariant: an answer that is kept is the one that the menu gives.

use super::menu::{Groups, List, Menu, Shelf};
use super::{PriceBook, ProviderId, RegionId};
use crate::units::{Money, Purchase, Quantity};
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Needs whose answers are kept, by provider and way of buying: each takes 12 bytes for each region of the provider.
const NEEDS_MAX: usize = 1 << 15;

/// Machines that are the cheapest for some need, of all regions of a provider, in one list for each figure: what is
/// looked at together lies together.
#[derive(Debug)]
struct Stairs {
    /// Price per hour. The first is no machine, and stands where nothing meets a need.
    usd: Vec<Money>,
    /// Thousandths of a vCPU and MiB of memory.
    sizes: Vec<(u32, u32)>,
    /// Ordinal of the offer among those of its region.
    offers: Vec<u32>,
    /// For each region and shelf ([`List::shelves`]) its machines, cheapest first: none has as much of everything as one
    /// that comes before it.
    shelves: Vec<[Range<usize>; 3]>,
}

impl Stairs {
    fn of<'a>(lists: impl Iterator<Item = &'a List>, groups: Groups) -> Self {
        let (usd, sizes, offers) = (vec![Money::MAX], vec![(0, 0)], vec![0]);
        let mut stairs = Self { usd, sizes, offers, shelves: Vec::new() };
        for list in lists {
            let shelves = list.shelves().map(|shelf| stairs.add(shelf, groups));
            stairs.shelves.push(shelves);
        }
        stairs
    }

    fn add(&mut self, shelf: &Shelf, groups: Groups) -> Range<usize> {
        let start = self.usd.len();
        for entry in shelf.entries().iter().filter(|entry| entry.group & groups != 0) {
            if self.first(&(start..self.usd.len()), (entry.vcpu_milli, entry.memory_mib)) == 0 {
                self.usd.push(entry.price.usd);
                self.sizes.push((entry.vcpu_milli, entry.memory_mib));
                self.offers.push(entry.offer);
            }
        }
        start..self.usd.len()
    }

    /// The cheapest of a shelf with at least so many thousandths of a vCPU and MiB of memory; 0: none.
    fn first(&self, shelf: &Range<usize>, (vcpu_milli, memory_mib): (u32, u32)) -> u32 {
        let fits = |&(vcpu, memory): &(u32, u32)| vcpu >= vcpu_milli && memory >= memory_mib;
        let at = self.sizes[shelf.clone()].iter().position(fits).map_or(0, |at| shelf.start + at);
        u32::try_from(at).unwrap_or(0)
    }

    /// The cheapest of each region and shelf.
    fn row(&self, need: (u32, u32)) -> Ordinals {
        self.shelves.iter().map(|shelves| [0, 1, 2].map(|at| self.first(&shelves[at], need))).collect()
    }
}

/// The cheapest machines for a need in the regions of a provider, each by its ordinal there
/// ([`PriceBook::ordinal_at_provider`]). Prices are per hour; [`Money::MAX`] where nothing meets the need.
#[derive(Debug)]
pub struct Cheapest<'a> {
    stairs: &'a Stairs,
    row: Row<'a>,
}

/// For each region and shelf the ordinal of a machine in [`Stairs`].
type Ordinals = Box<[[u32; 3]]>;

/// Where those of a need are.
#[derive(Debug)]
enum Row<'a> {
    /// It is kept for whoever asks next.
    Kept(&'a Ordinals),
    /// It is not: too many are.
    Fresh(Ordinals),
}

impl Cheapest<'_> {
    #[inline]
    fn at(&self, region: usize, shelf: usize) -> usize {
        let row = match &self.row {
            Row::Kept(row) => row,
            Row::Fresh(row) => row,
        };
        row[region][shelf] as usize
    }

    /// The price of the cheapest without disk that is not burstable.
    #[must_use]
    #[inline]
    pub fn bare(&self, region: usize) -> Money {
        self.stairs.usd[self.at(region, 0)]
    }

    /// The ordinal of that offer among those of the region, of several at the price the first.
    #[must_use]
    pub fn bare_offer(&self, region: usize) -> u32 {
        self.stairs.offers[self.at(region, 0)]
    }

    /// Its thousandths of a vCPU and MiB of memory.
    #[must_use]
    pub fn bare_size(&self, region: usize) -> (u32, u32) {
        self.stairs.sizes[self.at(region, 0)]
    }

    /// The price of the cheapest with a disk that is not burstable.
    #[must_use]
    #[inline]
    pub fn with_disk(&self, region: usize) -> Money {
        self.stairs.usd[self.at(region, 1)]
    }

    /// The price of the cheapest that is burstable.
    #[must_use]
    #[inline]
    pub fn bursting(&self, region: usize) -> Money {
        self.stairs.usd[self.at(region, 2)]
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
    stairs: Vec<OnceLock<Stairs>>,
    /// For each provider and need the answers.
    rows: Vec<Vec<OnceLock<Ordinals>>>,
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
            stairs: self.sizes.iter().map(|_| OnceLock::new()).collect(),
            rows: self.sizes.iter().map(empty).collect(),
        })
    }
}

impl Machines {
    /// The cheapest machines at a provider for a need by its ordinal ([`PriceBook::need`]).
    #[must_use]
    pub fn cheapest(&self, book: &PriceBook, provider: ProviderId, need: usize) -> Cheapest<'_> {
        let of = usize::from(provider.0);
        let stairs = self.stairs[of].get_or_init(|| self.stairs(book, provider));
        let slot = &self.rows[of][need];
        if let Some(row) = slot.get() {
            return Cheapest { stairs, row: Row::Kept(row) };
        }
        let needs = book.needs();
        let row = stairs.row(needs.sizes[of].size(need));
        if needs.kept.fetch_add(1, Ordering::Relaxed) < NEEDS_MAX {
            return Cheapest { stairs, row: Row::Kept(slot.get_or_init(|| row)) };
        }
        needs.kept.fetch_sub(1, Ordering::Relaxed);
        Cheapest { stairs, row: Row::Fresh(row) }
    }

    fn stairs(&self, book: &PriceBook, provider: ProviderId) -> Stairs {
        let (purchase, groups, narrow) = self.way;
        let regions = book.region_ids().filter(|&id| book.region(id).provider == provider);
        Stairs::of(regions.map(|region| book.menu(region, purchase).list(narrow)), groups)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Entry, groups};
    use crate::units::Arch;

    /// The first that fits on a shelf, asked one by one.
    fn first(shelf: &Shelf, groups: Groups, (vcpu, memory): (u32, u32)) -> Option<&Entry> {
        let fits = |entry: &&Entry| entry.group & groups != 0 && entry.vcpu_milli >= vcpu && entry.memory_mib >= memory;
        shelf.entries().iter().find(fits)
    }

    #[test]
    fn what_is_kept_is_what_the_menu_gives() {
        let book = PriceBook::embedded().unwrap();
        let mut seen = 0;
        for (purchase, arch, narrow) in
            [(Purchase::OnDemand, None, true), (Purchase::Reserved1y, Some(Arch::Arm64), false)]
        {
            let groups = groups(false, arch);
            let machines = book.machines((purchase, groups, narrow));
            for (vcpu, memory) in [(1, 1), (250, 700), (1300, 9000), (7500, 3000), (64_000, 500_000)] {
                for id in book.region_ids() {
                    let provider = book.region(id).provider;
                    let Some(need) = book.need(provider, vcpu, memory) else { continue };
                    let (kept, region) = (machines.cheapest(&book, provider, need), book.ordinal_at_provider(id));
                    let list = book.menu(id, purchase).list(narrow);
                    let [bare, with_disk, bursting] = list.shelves().map(|shelf| first(shelf, groups, (vcpu, memory)));
                    let usd = |entry: Option<&Entry>| entry.map_or(Money::MAX, |entry| entry.price.usd);
                    assert_eq!(kept.bare(region), usd(bare));
                    assert_eq!(kept.with_disk(region), usd(with_disk));
                    assert_eq!(kept.bursting(region), usd(bursting));
                    if let Some(bare) = bare {
                        assert_eq!(kept.bare_offer(region), bare.offer);
                        assert_eq!(kept.bare_size(region), (bare.vcpu_milli, bare.memory_mib));
                        seen += 1;
                    }
                }
            }
        }
        assert!(seen > 500, "{seen}");
    }
}
