//! A book, looked up by the names that keys use.

use super::key::{Key, Thing, Value};
use crate::catalog::{
    ComputeOffer, ManagedOffer, PriceBook, ProviderId, RegionId, ShapeId, TransferBilling, TransferTo, Unit,
};
use crate::collect::observation::{ManagedTier, ShapeFact, TransferTarget};
use std::collections::HashMap;

/// One provider's part of a book, by name.
pub struct BookIndex<'a> {
    book: &'a PriceBook,
    provider: String,
    id: Option<ProviderId>,
    regions: HashMap<&'a str, RegionId>,
    shapes: HashMap<&'a str, ShapeId>,
}

impl<'a> BookIndex<'a> {
    /// The part of a provider, which may not be in the book at all.
    #[must_use]
    pub fn new(book: &'a PriceBook, provider: &str) -> Self {
        let id = book.find_provider(provider);
        let regions = book.region_ids().filter(|&region| Some(book.region(region).provider) == id);
        let regions = regions.map(|region| (book.region(region).code.as_str(), region)).collect();
        let shapes = (0..).map(ShapeId).zip(&book.shapes).filter(|(_, shape)| Some(shape.provider) == id);
        let shapes = shapes.map(|(at, shape)| (shape.name.as_str(), at)).collect();
        Self { book, provider: provider.to_owned(), id, regions, shapes }
    }

    /// Whether the book has this region.
    #[must_use]
    pub fn has_region(&self, code: &str) -> bool {
        self.regions.contains_key(code)
    }

    /// Whether the book has this machine type.
    #[must_use]
    pub fn has_shape(&self, name: &str) -> bool {
        self.shapes.contains_key(name)
    }

    /// Every region code, in book order.
    #[must_use]
    pub fn region_codes(&self) -> Vec<&'a str> {
        let own = self.book.regions.iter().filter(|region| Some(region.provider) == self.id);
        own.map(|region| region.code.as_str()).collect()
    }

    /// The regions where the book sells this already.
    #[must_use]
    pub fn selling(&self, thing: &Thing) -> Vec<&'a str> {
        let sells = |code: &&str| {
            let Some(&region) = self.regions.get(*code) else { return false };
            match thing {
                Thing::Compute(shape, _) | Thing::MonthCap(shape) | Thing::IncludedTraffic(shape) => {
                    self.compute(region, shape).is_some()
                }
                Thing::Managed(tier) | Thing::ManagedMonthCap(tier) | Thing::ManagedStorage(tier) => {
                    self.book.managed_at(region).iter().any(|offer| same_tier(offer, tier))
                }
                _ => true,
            }
        };
        self.region_codes().into_iter().filter(|code| sells(code)).collect()
    }

    fn compute(&self, region: RegionId, shape: &str) -> Option<&'a ComputeOffer> {
        let shape = *self.shapes.get(shape)?;
        let offers = self.book.compute_at(region);
        offers.binary_search_by_key(&shape, |offer| offer.shape).ok().map(|at| &offers[at])
    }

    fn managed(&self, region: RegionId, tier: &ManagedTier) -> Option<&'a ManagedOffer> {
        self.book.managed_at(region).iter().find(|offer| same_tier(offer, tier))
    }

    /// A machine type as the book has it.
    #[must_use]
    pub fn shape(&self, name: &str) -> Option<ShapeFact> {
        let shape = self.book.shape(*self.shapes.get(name)?);
        Some(ShapeFact {
            name: shape.name.clone(),
            arch: shape.arch,
            vcpu_milli: shape.vcpu_milli,
            memory_mib: shape.memory_mib,
            cpu_kind: shape.cpu_kind,
            gpu_milli: shape.gpu_milli,
            gpu_model: shape.gpu_model.clone(),
            disk_included_gb: shape.disk_included_gb,
        })
    }

    /// What the book says about a key of this provider; `None` when it says nothing. Regions are not told.
    #[must_use]
    pub fn value(&self, key: &Key) -> Option<Value> {
        if key.provider != self.provider {
            return None;
        }
        if let Thing::Shape(name) = &key.thing {
            return self.shape(name).map(Value::Shape);
        }
        let region = *self.regions.get(key.region.as_str())?;
        match &key.thing {
            Thing::Region | Thing::Shape(_) => None,
            Thing::IncludedTraffic(shape) => Some(Value::Amount(self.compute(region, shape)?.included_gb)),
            Thing::Compute(shape, purchase) => {
                let usd = self.compute(region, shape)?.usd_hour[*purchase as usize]?;
                Some(Value::Price(usd, Unit::Hour))
            }
            Thing::MonthCap(shape) => Some(Value::Price(self.compute(region, shape)?.month_cap?, Unit::Month)),
            Thing::Managed(tier) => self.managed(region, tier).map(|offer| Value::Managed {
                usd: offer.price.usd,
                unit: offer.price.unit,
                vcpu_milli: offer.vcpu_milli,
                memory_mib: offer.memory_mib,
                storage_included_gb: offer.storage_included_gb,
            }),
            Thing::ManagedMonthCap(tier) => Some(Value::Price(self.managed(region, tier)?.month_cap?, Unit::Month)),
            Thing::ManagedStorage(tier) => Some(Value::Price(self.managed(region, tier)?.storage?.usd, Unit::GbMonth)),
            Thing::Tariff(item, product) => {
                let own = |t: &&crate::catalog::Tariff| t.region == region && t.item == *item && t.product == *product;
                let rows: Vec<_> = self.book.tariffs.iter().filter(own).collect();
                let unit = rows.first()?.price.unit;
                let steps = rows.iter().map(|row| (row.from, row.price.usd)).collect();
                Some(Value::Steps { unit, included_gb: crate::units::Quantity::ZERO, steps })
            }
            Thing::Egress(to) => {
                let ladder = self.book.ladders.iter().find(|l| l.region == region && l.to == *to)?;
                let steps = ladder.tiers.iter().map(|tier| (tier.from, tier.price.usd)).collect();
                Some(Value::Steps { unit: Unit::Gb, included_gb: ladder.included_gb, steps })
            }
            Thing::Transfer(to) => {
                let same = |rule: &TransferTo| match (rule, to) {
                    (TransferTo::OtherZone, TransferTarget::OtherZone)
                    | (TransferTo::AnyRegion, TransferTarget::AnyRegion) => true,
                    (TransferTo::Region(id), TransferTarget::Region(code)) => self.book.region(*id).code == *code,
                    _ => false,
                };
                let rule = self.book.transfers.iter().find(|rule| rule.region == region && same(&rule.to))?;
                match rule.billing {
                    TransferBilling::Flat(price) => Some(Value::Price(price.usd, Unit::Gb)),
                    TransferBilling::AsInternet => None,
                }
            }
        }
    }

    /// The continent of a country, as the book's regions have it.
    #[must_use]
    pub fn continent(&self, country: &str) -> Option<&'a str> {
        self.book.regions.iter().find(|region| region.country == country).map(|region| region.continent.as_str())
    }
}

/// Whether an offer is this tier in this form; an empty tier name stands for every tier.
fn same_tier(offer: &ManagedOffer, tier: &ManagedTier) -> bool {
    offer.kind == tier.kind
        && offer.product == tier.product
        && (offer.tier == tier.tier || tier.tier.is_empty())
        && offer.multi_zone == tier.multi_zone
}
