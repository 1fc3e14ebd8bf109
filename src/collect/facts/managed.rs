//! Managed databases, caches and logs as whole services: a tier's price covers all nodes of its form.

mod aws;
mod azure;
mod gcp;
mod others;

use super::Error;
use super::draft::{Draft, derived};
use super::index::PriceIndex;
use super::read::{Fact, Table};
use super::tariffs::{Spread, known_prices, spread};
use crate::catalog::{ManagedKind, ManagedOffer, Price, RegionId, Unit};
use crate::units::{Money, Quantity};
use std::collections::{BTreeMap, HashMap};

/// Fact rows by (provider, service, product).
pub struct Services<'a> {
    rows: HashMap<(&'a str, &'a str, &'a str), Vec<Fact<'a>>>,
}

impl<'a> Services<'a> {
    fn new(tables: &'a [Table]) -> Self {
        let mut rows: HashMap<_, Vec<_>> = HashMap::new();
        for fact in tables.iter().flat_map(Table::rows) {
            let key = (fact.get("provider"), fact.get("service"), fact.get("product"));
            rows.entry(key).or_default().push(fact);
        }
        Self { rows }
    }

    /// All rows of a product.
    fn of(&self, provider: &str, service: &str, product: &str) -> &[Fact<'a>] {
        // The key type ties the lifetimes of the three words together; a lookup by equal words is what is meant.
        self.rows.iter().find(|(key, _)| **key == (provider, service, product)).map_or(&[], |(_, facts)| facts)
    }

    /// The rows of a product with one name, by region code.
    fn prices(
        &self,
        draft: &mut Draft,
        key: (&str, &str, &str),
        sku: &str,
        unit: Unit,
    ) -> Result<BTreeMap<String, Price>, Error> {
        let facts: Vec<_> = self.of(key.0, key.1, key.2).iter().copied().filter(|f| f.get("sku") == sku).collect();
        known_prices(draft, &facts, unit, "")
    }
}

/// Size and name of a tier.
#[derive(Clone)]
pub struct Size {
    pub kind: ManagedKind,
    pub product: String,
    pub tier: String,
    pub vcpu_milli: u32,
    pub memory_mib: u32,
}

impl Size {
    fn new(kind: ManagedKind, product: &str, tier: &str, vcpu: u32, memory_gib: u32) -> Self {
        let (product, tier) = (product.to_owned(), tier.to_owned());
        Self { kind, product, tier, vcpu_milli: vcpu * 1000, memory_mib: memory_gib * 1024 }
    }

    /// Size columns of a fact row.
    fn of(kind: ManagedKind, product: &str, tier: &str, fact: Fact<'_>) -> Result<Self, Error> {
        let (product, tier) = (product.to_owned(), tier.to_owned());
        let vcpu_milli = fact.scaled("vcpu", 1000)?;
        let memory_mib = fact.scaled("memory_gib", 1024)?;
        Ok(Self { kind, product, tier, vcpu_milli, memory_mib })
    }
}

/// How a tier is sold at a place.
#[derive(Clone, Copy)]
pub struct Form {
    pub multi_zone: bool,
    pub price: Price,
    pub storage: Option<Price>,
    pub included_gb: i64,
    pub month_cap: Option<Money>,
}

impl Form {
    fn new(multi_zone: bool, price: Price, storage: Option<Price>) -> Self {
        Self { multi_zone, price, storage, included_gb: 0, month_cap: None }
    }
}

fn add(draft: &mut Draft, region: RegionId, size: &Size, form: Form) {
    draft.managed.push(ManagedOffer {
        region,
        kind: size.kind,
        product: size.product.clone(),
        tier: size.tier.clone(),
        vcpu_milli: size.vcpu_milli,
        memory_mib: size.memory_mib,
        multi_zone: form.multi_zone,
        price: form.price,
        month_cap: form.month_cap,
        storage: form.storage,
        storage_included_gb: Quantity::from_units(form.included_gb),
    });
}

/// A whole number of parts of one price.
fn times(draft: &mut Draft, price: Price, count: i64, rule: &str) -> Price {
    let usd = Money::from_nanos(price.usd.nanos() * count);
    derived(price, usd, price.unit, rule, &mut draft.sources)
}

/// Known prices at all selling regions, by region.
fn everywhere(
    draft: &mut Draft,
    provider: &str,
    known: &BTreeMap<String, Price>,
    how: Spread,
    index: &PriceIndex,
) -> BTreeMap<RegionId, Price> {
    spread(draft, provider, known, how, index).into_iter().collect()
}

/// Fills the draft's managed tiers.
pub fn managed(draft: &mut Draft, tables: &[Table], index: &PriceIndex) -> Result<(), Error> {
    let services = Services::new(tables);
    aws::aws(draft, &services, index)?;
    gcp::gcp(draft, &services, index)?;
    azure::azure(draft, &services, index)?;
    others::others(draft, &services, index)
}
