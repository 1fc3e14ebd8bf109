//! What the book holds of each provider.

use crate::catalog::PriceBook;
use crate::units::Quality;
use schemars::JsonSchema;
use serde::Serialize;

/// What the book holds of a provider.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProviderRow {
    /// Its name.
    pub provider: String,
    /// How many regions.
    pub regions: usize,
    /// How many types of machines.
    pub machine_types: usize,
    /// Machine types times regions.
    pub compute_offers: usize,
    /// Managed tiers times regions.
    pub managed_offers: usize,
    /// Other prices.
    pub tariffs: usize,
    /// Ladders of internet traffic.
    pub egress_ladders: usize,
    /// Prices as published.
    pub listed: usize,
    /// Prices that follow from published ones by a stated rule.
    pub derived: usize,
    /// Prices that are estimated.
    pub estimated: usize,
}

/// Every provider, in the book's order.
#[must_use]
pub fn provider_rows(book: &PriceBook) -> Vec<ProviderRow> {
    (0..book.providers.len()).map(|at| provider_row(book, at)).collect()
}

fn provider_row(book: &PriceBook, at: usize) -> ProviderRow {
    let name = book.providers[at].name.clone();
    let mine = |id| usize::from(book.region(id).provider.0) == at;
    let compute = || book.compute.iter().filter(|offer| mine(offer.region));
    let managed = || book.managed.iter().filter(|offer| mine(offer.region));
    let tariffs = || book.tariffs.iter().filter(|tariff| mine(tariff.region));
    let ladders = || book.ladders.iter().filter(|ladder| mine(ladder.region));
    let qualities = compute()
        .map(|offer| offer.quality)
        .chain(managed().map(|offer| offer.price.quality))
        .chain(tariffs().map(|tariff| tariff.price.quality))
        .chain(ladders().flat_map(|ladder| ladder.tiers.iter().map(|tier| tier.price.quality)));
    let mut by_quality = [0; 3];
    for quality in qualities {
        by_quality[quality as usize] += 1;
    }
    ProviderRow {
        provider: name,
        regions: book.regions.iter().filter(|region| usize::from(region.provider.0) == at).count(),
        machine_types: book.shapes.iter().filter(|shape| usize::from(shape.provider.0) == at).count(),
        compute_offers: compute().count(),
        managed_offers: managed().count(),
        tariffs: tariffs().count(),
        egress_ladders: ladders().count(),
        listed: by_quality[Quality::Listed as usize],
        derived: by_quality[Quality::Derived as usize],
        estimated: by_quality[Quality::Estimated as usize],
    }
}
