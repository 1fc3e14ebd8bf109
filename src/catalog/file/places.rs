//! Reads sources, providers, regions and cities.

use super::rows::{Row, Rows};
use super::{BookError, Names};
use crate::catalog::{City, Provider, ProviderId, Region, Source, TrafficPool};
use std::collections::HashSet;

/// Years that a figure may be of.
const YEARS: std::ops::RangeInclusive<u16> = 2015..=2100;

pub fn sources(mut rows: Rows<'_>) -> Result<Vec<Source>, BookError> {
    let mut sources = Vec::new();
    rows.each(|row| {
        let id: usize = row.number()?;
        if id != sources.len() || id > usize::from(u16::MAX) {
            return Err(format!("source {id} is not numbered in sequence"));
        }
        let as_of = row.word()?;
        if !is_date(as_of) {
            return Err(format!("`{as_of}` is not a date like 2026, 2026-07 or 2026-07-30"));
        }
        sources.push(Source { text: row.tail()?.to_owned(), as_of: as_of.to_owned() });
        Ok(())
    })?;
    Ok(sources)
}

fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut part = |len: usize| {
        let word = parts.next()?;
        let good = word.len() == len && word.bytes().all(|b| b.is_ascii_digit());
        good.then(|| word.parse::<u16>().ok()).flatten()
    };
    let year = part(4).is_some_and(|y| YEARS.contains(&y));
    let month = text.len() == 4 || part(2).is_some_and(|m| (1..=12).contains(&m));
    let day = text.len() <= 7 || part(2).is_some_and(|d| (1..=31).contains(&d));
    year && month && day && matches!(text.len(), 4 | 7 | 10)
}

pub fn providers(mut rows: Rows<'_>) -> Result<Vec<Provider>, BookError> {
    let mut providers: Vec<Provider> = Vec::new();
    rows.each(|row| {
        let name = row.word()?;
        if providers.last().is_some_and(|last| last.name.as_str() >= name) || providers.len() > 250 {
            return Err(format!("provider `{name}` is a duplicate or out of order"));
        }
        let traffic_pool = match row.text()? {
            "per_server" => TrafficPool::PerServer,
            "pooled" => TrafficPool::Pooled,
            other => return Err(format!("`{other}` is neither per_server nor pooled")),
        };
        providers.push(Provider { name: name.to_owned(), traffic_pool });
        Ok(())
    })?;
    Ok(providers)
}

fn position(row: &mut Row<'_>) -> Result<(f64, f64), String> {
    Ok((row.float(-90.0, 90.0)?, row.float(-180.0, 180.0)?))
}

pub fn regions<'a>(
    mut rows: Rows<'a>,
    providers: &[Provider],
    names: &mut Names<'a>,
) -> Result<Vec<Region>, BookError> {
    let mut regions: Vec<Region> = Vec::new();
    rows.each(|row| {
        let provider = row.word()?;
        let code = row.word()?;
        let at = providers.iter().position(|p| p.name == provider);
        let id = at.and_then(|at| u8::try_from(at).ok()).ok_or_else(|| format!("no provider `{provider}`"))?;
        if regions.last().is_some_and(|r| (r.provider.0, r.code.as_str()) >= (id, code)) {
            return Err(format!("region `{provider} {code}` is a duplicate or out of order"));
        }
        let ordinal = u16::try_from(regions.len()).ok().filter(|&n| n < 4096).ok_or("more than 4096 regions")?;
        let country = row.word()?.to_owned();
        let continent = row.word()?.to_owned();
        let (lat, lon) = position(row)?;
        let zones = match row.text()? {
            "" => None,
            text => Some(text.parse::<u8>().ok().filter(|n| (1..=20).contains(n)).ok_or("zones: not 1 to 20")?),
        };
        names.source(row)?;
        let city = row.tail()?.to_owned();
        let provider_id = ProviderId(id);
        names.regions.insert((provider, code), ordinal);
        regions.push(Region {
            provider: provider_id,
            code: code.to_owned(),
            city,
            country,
            continent,
            lat,
            lon,
            zones,
        });
        Ok(())
    })?;
    Ok(regions)
}

pub fn cities(mut rows: Rows<'_>, names: &Names<'_>) -> Result<Vec<City>, BookError> {
    let mut cities = Vec::new();
    let mut seen = HashSet::new();
    rows.each(|row| {
        let country = row.word()?;
        let (lat, lon) = position(row)?;
        names.source(row)?;
        let name = row.tail()?;
        if !seen.insert((country, name)) || cities.len() >= 60_000 {
            return Err(format!("city `{name}, {country}` is there twice"));
        }
        let (name, country) = (name.to_owned(), country.to_owned());
        // The table of times says later which are measured.
        cities.push(City { name, country, lat, lon, measured: false });
        Ok(())
    })?;
    Ok(cities)
}
