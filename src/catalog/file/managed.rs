//! Reads the managed tiers.

use super::compute::provider_of_file;
use super::rows::{Row, Rows};
use super::{BookError, Names, Places, header, regions_of};
use crate::catalog::{ManagedKind, ManagedOffer, Price, ProviderId, Region, Unit};

/// Reads `managed/*.csv`.
pub fn read(files: &[(&str, &str)], names: &Names<'_>, book: Places<'_>) -> Result<Vec<ManagedOffer>, BookError> {
    let mut all = Vec::new();
    for &file in files.iter().filter(|(name, _)| name.starts_with("managed/")) {
        let mut rows = Rows::open(file, header::MANAGED)?;
        let provider = provider_of_file(book.providers, &rows)?;
        // Most rows are longer than this.
        all.reserve(rows.bytes() / 80);
        offers(&mut rows, provider, names, book.regions, &mut all)?;
    }
    Ok(all)
}

/// A price in three columns: dollars, quality, source.
pub fn price(row: &mut Row<'_>, names: &Names<'_>, unit: Unit) -> Result<Price, String> {
    let usd = row.money()?;
    let (quality, uncertainty_pct) = row.quality()?;
    Ok(Price { usd, unit, source: names.source(row)?, quality, uncertainty_pct })
}

fn offers(
    rows: &mut Rows<'_>,
    provider: ProviderId,
    names: &Names<'_>,
    regions: &[Region],
    offers: &mut Vec<ManagedOffer>,
) -> Result<(), BookError> {
    let regions = regions_of(regions, provider.0);
    rows.each(|row| {
        let code = row.text()?;
        let region = *regions.get(code).ok_or_else(|| format!("no region `{code}` of this provider"))?;
        let offer = offer(row, names, region)?;
        if offers.last().is_some_and(|last| key(last) >= key(&offer)) {
            return Err(format!("`{}` at `{code}` is a duplicate or out of order", offer.tier));
        }
        offers.push(offer);
        Ok(())
    })
}

fn offer(row: &mut Row<'_>, names: &Names<'_>, region: crate::catalog::RegionId) -> Result<ManagedOffer, String> {
    let kind = row.text()?;
    let kind = ManagedKind::parse(kind).ok_or_else(|| format!("`{kind}` is not a managed kind"))?;
    let product = row.word()?.to_owned();
    let tier = row.word()?.to_owned();
    let vcpu_milli = row.milli()?;
    let memory_mib = row.number()?;
    let multi_zone = match row.text()? {
        "0" => false,
        "1" => true,
        other => return Err(format!("multi_zone `{other}` is neither 0 nor 1")),
    };
    let unit = row.text()?;
    let unit = Unit::parse(unit).filter(|u| matches!(u, Unit::Hour | Unit::Month));
    let price = price(row, names, unit.ok_or("a tier is priced per hour or month")?)?;
    let month_cap = row.opt_money()?;
    let storage = match row.opt_money()? {
        Some(usd) => {
            let (quality, uncertainty_pct) = row.quality()?;
            Some(Price { usd, unit: Unit::GbMonth, source: names.source(row)?, quality, uncertainty_pct })
        }
        None if row.text()?.is_empty() && row.text()?.is_empty() => None,
        None => return Err("storage has a quality or source but no price".into()),
    };
    let storage_included_gb = row.quantity()?;
    Ok(ManagedOffer {
        region,
        kind,
        product,
        tier,
        vcpu_milli,
        memory_mib,
        multi_zone,
        price,
        month_cap,
        storage,
        storage_included_gb,
    })
}

fn key(offer: &ManagedOffer) -> (crate::catalog::RegionId, ManagedKind, &str, &str, bool) {
    (offer.region, offer.kind, &offer.product, &offer.tier, offer.multi_zone)
}
