//! What is on sale, row by row.

use super::UnknownName;
use crate::catalog::{
    ComputeOffer, EgressLadder, Item, ManagedKind, ManagedOffer, Price, PriceBook, RegionId, Tariff, Tier, Unit,
};
use crate::units::{Arch, HOURS_PER_MONTH, Money, Purchase, Quantity, format_scaled};
use schemars::JsonSchema;
use serde::Serialize;
use std::borrow::Cow;

/// The kind of internet traffic, which is no [`Item`].
const EGRESS: &str = "internet_egress";
/// A group of kinds: everything that starts with this.
const SERVERLESS: &str = "serverless";

/// One price of one thing at one place.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OfferRow<'a> {
    /// Who sells it.
    pub provider: &'a str,
    /// Where.
    pub region: &'a str,
    /// Its name.
    pub offer: Cow<'a, str>,
    /// `compute`, a managed kind, a tariff's item, or `internet_egress`.
    pub kind: &'static str,
    /// How it is bought.
    pub purchase: Purchase,
    /// Per node.
    pub vcpu: Option<String>,
    /// Per node, in GiB.
    pub memory_gib: Option<String>,
    /// Processor architecture.
    pub arch: Option<Arch>,
    /// Dollars per hour of what is sold by time; a price per month is divided by 730 hours.
    pub usd_hour: Option<String>,
    /// Who published the price.
    pub source: &'a str,
    /// Date of the price, as exact as it is known.
    pub as_of: &'a str,
    /// `listed`, `derived` or `estimated`.
    pub quality: &'static str,
    /// For estimated prices: 80% of the known cases lie within plus or minus this.
    pub uncertainty_pct: u8,
    /// The price as it is published.
    pub usd: String,
    /// What `usd` is for.
    pub unit: &'static str,
    /// The price holds from this many units a month.
    pub from: Option<String>,
    /// The provider's cap on a month's bill.
    pub month_cap_usd: Option<String>,
    /// Included internet traffic a month, in GB.
    pub included_gb: Option<String>,
    /// `dedicated`, `shared` or `burstable`.
    pub cpu: Option<&'static str>,
    /// How many accelerators of which model.
    pub accelerator: Option<String>,
    /// Dollars for a GB of storage and month.
    pub storage_usd_gb_month: Option<String>,
}

/// What is asked for, resolved.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Only these regions, in this order.
    pub regions: Vec<RegionId>,
    /// Only this kind: one that [`known_kind`] has passed.
    pub kind: Option<String>,
}

impl Wanted {
    fn kind(&self, kind: &str) -> bool {
        self.kind.as_ref().is_none_or(|wanted| wanted == kind || (wanted == SERVERLESS && kind.starts_with(SERVERLESS)))
    }
}

/// A kind by its word.
///
/// # Errors
/// [`UnknownName`] with the nearest kind.
pub fn known_kind(kind: &str) -> Result<String, UnknownName> {
    let managed = ManagedKind::ALL.into_iter().map(ManagedKind::as_str);
    let items = Item::ALL.into_iter().map(Item::as_str);
    let all: Vec<&str> = ["compute", SERVERLESS, EGRESS].into_iter().chain(managed).chain(items).collect();
    if all.contains(&kind) { Ok(kind.to_owned()) } else { Err(UnknownName::of("kind", kind, all)) }
}

/// The regions of a provider, or those that a code (or `provider:code`) names; never none.
///
/// # Errors
/// [`UnknownName`] with what was probably meant.
pub fn regions(book: &PriceBook, provider: Option<&str>, region: Option<&str>) -> Result<Vec<RegionId>, UnknownName> {
    let (provider, code) = match region.and_then(|region| region.split_once(':')) {
        Some((named, code)) => (provider.or(Some(named)), Some(code)),
        None => (provider, region),
    };
    if let Some(name) = provider
        && book.find_provider(name).is_none()
    {
        return Err(UnknownName::of("provider", name, book.providers.iter().map(|p| p.name.as_str())));
    }
    let at_provider = |id: &RegionId| provider.is_none_or(|name| book.provider_of(*id).name == name);
    let of_provider: Vec<RegionId> = book.region_ids().filter(at_provider).collect();
    let Some(code) = code else { return Ok(of_provider) };
    let found: Vec<RegionId> = of_provider.iter().copied().filter(|&id| book.region(id).code == code).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let what = provider.map_or_else(|| "region".to_owned(), |name| format!("region of {name} named"));
    Err(UnknownName::of(&what, code, of_provider.iter().map(|&id| book.region(id).code.as_str())))
}

/// Every price of what is wanted, region by region.
pub fn offers<'a>(book: &'a PriceBook, wanted: &'a Wanted) -> impl Iterator<Item = OfferRow<'a>> {
    wanted.regions.iter().flat_map(move |&id| {
        let compute = wanted.kind("compute").then(|| book.compute_at(id)).into_iter().flatten();
        let managed = book.managed_at(id).iter().filter(|offer| wanted.kind(offer.kind.as_str()));
        let tariffs = of_region(&book.tariffs, id, |tariff| tariff.region);
        let tariffs = tariffs.iter().filter(|tariff| wanted.kind(tariff.item.as_str()));
        let ladders = of_region(&book.ladders, id, |ladder| ladder.region);
        let ladders = wanted.kind(EGRESS).then_some(ladders).into_iter().flatten();
        compute
            .flat_map(move |offer| compute_rows(book, offer))
            .chain(managed.map(move |offer| managed_row(book, offer)))
            .chain(tariffs.map(move |tariff| tariff_row(book, tariff)))
            .chain(ladders.flat_map(move |ladder| ladder.tiers.iter().map(move |tier| egress_row(book, ladder, tier))))
    })
}

/// The part of a slice sorted by region that belongs to one.
fn of_region<T>(sorted: &[T], id: RegionId, key: impl Fn(&T) -> RegionId) -> &[T] {
    let start = sorted.partition_point(|x| key(x) < id);
    let end = sorted.partition_point(|x| key(x) <= id);
    &sorted[start..end]
}

/// A row with what every price has.
fn base<'a>(book: &'a PriceBook, id: RegionId, kind: &'static str, offer: Cow<'a, str>, price: &Price) -> OfferRow<'a> {
    let source = book.source(price.source);
    OfferRow {
        provider: &book.provider_of(id).name,
        region: &book.region(id).code,
        offer,
        kind,
        purchase: Purchase::OnDemand,
        vcpu: None,
        memory_gib: None,
        arch: None,
        usd_hour: usd_hour(price).map(Money::to_decimal),
        source: &source.text,
        as_of: &source.as_of,
        quality: price.quality.as_str(),
        uncertainty_pct: price.uncertainty_pct,
        usd: price.usd.to_decimal(),
        unit: price.unit.as_str(),
        from: None,
        month_cap_usd: None,
        included_gb: None,
        cpu: None,
        accelerator: None,
        storage_usd_gb_month: None,
    }
}

/// Dollars per hour of what is sold by time; a price per month is divided by the hours of a month.
fn usd_hour(price: &Price) -> Option<Money> {
    match price.unit {
        Unit::Hour => Some(price.usd),
        Unit::Month => Some(Money::from_nanos((price.usd.nanos() + HOURS_PER_MONTH / 2).div_euclid(HOURS_PER_MONTH))),
        _ => None,
    }
}

fn vcpu(milli: u32) -> Option<String> {
    (milli > 0).then(|| format_scaled(i64::from(milli), 3, 0))
}

/// GiB, exact: a MiB is 1/1024 of it, which ends within ten digits.
fn memory_gib(mib: u32) -> Option<String> {
    let scaled = i64::from(mib) * 10_i64.pow(10) / 1024;
    (mib > 0).then(|| format_scaled(scaled, 10, 0))
}

fn some_gb(quantity: Quantity) -> Option<String> {
    (quantity > Quantity::ZERO).then(|| quantity.to_decimal())
}

fn compute_rows<'a>(book: &'a PriceBook, offer: &'a ComputeOffer) -> impl Iterator<Item = OfferRow<'a>> {
    let shape = book.shape(offer.shape);
    let accelerators = format_scaled(i64::from(shape.gpu_milli), 3, 0);
    let sold = Purchase::ALL.into_iter().filter_map(|purchase| Some((purchase, offer.price(purchase)?)));
    sold.map(move |(purchase, price)| OfferRow {
        purchase,
        vcpu: vcpu(shape.vcpu_milli),
        memory_gib: memory_gib(shape.memory_mib),
        arch: Some(shape.arch),
        month_cap_usd: offer.month_cap.filter(|_| purchase == Purchase::OnDemand).map(Money::to_decimal),
        included_gb: some_gb(offer.included_gb),
        cpu: Some(shape.cpu_kind.as_str()),
        accelerator: (shape.gpu_milli > 0).then(|| format!("{accelerators} x {}", shape.gpu_model)),
        ..base(book, offer.region, "compute", Cow::Borrowed(&shape.name), &price)
    })
}

fn managed_row<'a>(book: &'a PriceBook, offer: &'a ManagedOffer) -> OfferRow<'a> {
    OfferRow {
        vcpu: vcpu(offer.vcpu_milli),
        memory_gib: memory_gib(offer.memory_mib),
        month_cap_usd: offer.month_cap.map(Money::to_decimal),
        storage_usd_gb_month: offer.storage.map(|price| price.usd.to_decimal()),
        ..base(book, offer.region, offer.kind.as_str(), Cow::Owned(offer.name()), &offer.price)
    }
}

fn tariff_row<'a>(book: &'a PriceBook, tariff: &'a Tariff) -> OfferRow<'a> {
    OfferRow {
        from: Some(tariff.from.to_decimal()),
        ..base(book, tariff.region, tariff.item.as_str(), Cow::Borrowed(&tariff.product), &tariff.price)
    }
}

fn egress_row<'a>(book: &'a PriceBook, ladder: &'a EgressLadder, tier: &'a Tier) -> OfferRow<'a> {
    let offer = if ladder.to == "*" {
        Cow::Borrowed("internet egress")
    } else {
        Cow::Owned(format!("internet egress to {}", ladder.to))
    };
    OfferRow {
        from: Some(tier.from.to_decimal()),
        included_gb: some_gb(ladder.included_gb),
        ..base(book, ladder.region, EGRESS, offer, &tier.price)
    }
}
