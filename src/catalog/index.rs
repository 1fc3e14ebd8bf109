//! What is looked up again and again in a book, prepared on first use: nothing of it is stated by a file.

use super::alike;
use super::cheapest::Needs;
use super::latency::{Vector, vector};
use super::menu::{Menu, Tiers};
use super::{Item, ManagedKind, PriceBook, RegionId};
use crate::units::Purchase;
use std::fmt;
use std::sync::OnceLock;

/// The lookup tables of a book. A copy of a book begins with none, since it may be changed before it is used.
#[derive(Default)]
pub struct BookIndex(OnceLock<Tables>);

impl Clone for BookIndex {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for BookIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BookIndex")
    }
}

struct Tables {
    region_keys: Vec<String>,
    sells: Vec<bool>,
    menus: Vec<[OnceLock<Menu>; 4]>,
    tiers: Vec<[OnceLock<Tiers>; 4]>,
    needs: Needs,
    sellers: OnceLock<Vec<RegionId>>,
    rtts: Vec<OnceLock<Vec<(u32, u32)>>>,
    city_vectors: OnceLock<Vec<Vector>>,
}

impl Tables {
    fn of(book: &PriceBook) -> Self {
        Self {
            region_keys: book.region_ids().map(|id| book.name_of(id)).collect(),
            sells: book.region_ids().map(|id| book.has_offers(id)).collect(),
            menus: book.regions.iter().map(|_| Default::default()).collect(),
            tiers: book.regions.iter().map(|_| Default::default()).collect(),
            needs: Needs::of(book),
            sellers: OnceLock::new(),
            rtts: book.regions.iter().map(|_| OnceLock::new()).collect(),
            city_vectors: OnceLock::new(),
        }
    }
}

impl PriceBook {
    fn tables(&self) -> &Tables {
        self.index.0.get_or_init(|| Tables::of(self))
    }

    fn name_of(&self, id: RegionId) -> String {
        format!("{}:{}", self.provider_of(id).name, self.region(id).code)
    }

    fn has_offers(&self, id: RegionId) -> bool {
        !self.compute_at(id).is_empty()
            || !self.managed_at(id).is_empty()
            || !self.tariff(id, Item::ObjectStorage).is_empty()
    }

    /// Whether anything that a component can be placed on is on sale at a region.
    #[must_use]
    pub fn sells(&self, id: RegionId) -> bool {
        self.tables().sells[usize::from(id.0)]
    }

    /// A region as applications name it: `provider:code`.
    #[must_use]
    pub fn region_key(&self, id: RegionId) -> &str {
        &self.tables().region_keys[usize::from(id.0)]
    }

    /// The machines of a region that can be the best buy in a purchase option.
    #[must_use]
    pub fn menu(&self, region: RegionId, purchase: Purchase) -> &Menu {
        let slot = &self.tables().menus[usize::from(region.0)][purchase as usize];
        slot.get_or_init(|| Menu::of(self, region, purchase))
    }

    /// The first region of the book that sells the same as a region at the same prices, by the same provider and in as
    /// many zones.
    #[must_use]
    pub fn seller(&self, region: RegionId) -> RegionId {
        self.tables().sellers.get_or_init(|| alike::sellers(self))[usize::from(region.0)]
    }

    pub(super) fn needs(&self) -> &Needs {
        &self.tables().needs
    }

    /// The managed tiers of a kind in a region that can be the best buy.
    #[must_use]
    pub fn tiers(&self, region: RegionId, kind: ManagedKind) -> &Tiers {
        let slot = &self.tables().tiers[usize::from(region.0)][kind as usize];
        slot.get_or_init(|| Tiers::of(self, region, kind))
    }

    /// Where the cities are on the unit sphere.
    pub(super) fn city_vectors(&self) -> &[Vector] {
        let make = || self.cities.iter().map(|city| vector((city.lat, city.lon))).collect();
        self.tables().city_vectors.get_or_init(make)
    }

    /// Round-trip times from a region to every region in microseconds: p50 and p95. See [`Self::rtt`].
    #[must_use]
    pub fn rtts_us(&self, from: RegionId) -> &[(u32, u32)] {
        let rows = &self.tables().rtts;
        rows[usize::from(from.0)].get_or_init(|| {
            let micros = |latency: crate::units::Latency| u32::try_from(latency.micros()).unwrap_or(u32::MAX);
            let ask = |to: RegionId| {
                let rtt = self.rtt(from, to);
                (micros(rtt.p50), micros(rtt.p95))
            };
            // Times are the same both ways.
            let known = |to: RegionId| Some(rows[usize::from(to.0)].get()?[usize::from(from.0)]);
            let one = |to: RegionId| known(to).unwrap_or_else(|| ask(to));
            self.region_ids().map(one).collect()
        })
    }
}
