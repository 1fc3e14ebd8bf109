//! Reads measured round-trip times and the fitted models.

use super::rows::{Row, Rows};
use super::{BookError, Names};
use crate::catalog::{City, Distance, LatencyBook};

/// No round trip on earth takes longer than this: two seconds.
const RTT_MAX_US: u32 = 2_000_000;

fn micros(row: &mut Row<'_>) -> Result<u32, String> {
    let us = row.number::<u32>()?;
    if (1..=RTT_MAX_US).contains(&us) { Ok(us) } else { Err(format!("{us} us is not a round-trip time")) }
}

pub fn pairs<'a>(mut rows: Rows<'a>, names: &Names<'a>, book: &mut LatencyBook) -> Result<(), BookError> {
    rows.each(|row| {
        let a = row.text()?;
        let a = names.region(a, row.text()?)?;
        let b = row.text()?;
        let b = names.region(b, row.text()?)?;
        let p50 = micros(row)?;
        let p95 = if row.starts_with(",") { row.text().map(|_| None)? } else { Some(micros(row)?) };
        names.source(row)?;
        if a >= b || p95.is_some_and(|p95| p95 < p50) || book.pairs.insert((a, b), (p50, p95)).is_some() {
            return Err("the pair is there twice, not in order, or its p95 is below its median".into());
        }
        Ok(())
    })
}

pub fn models<'a>(mut rows: Rows<'a>, names: &Names<'a>, book: &mut LatencyBook) -> Result<(), BookError> {
    rows.each(|row| {
        let continents = (row.word()?.to_owned(), row.word()?.to_owned());
        let base_us = row.float(0.0, 1e6)?;
        let us_per_km = row.float(0.0, 1000.0)?;
        let p95_factor = row.float(1.0, 10.0)?;
        row.float(0.0, 1e6)?;
        row.number::<u32>()?;
        names.source(row)?;
        let known = |m: &Distance| m.continents == continents;
        if continents.0 > continents.1 || book.models.iter().chain(&book.fallback).any(known) {
            return Err("the continent pair is there twice or not in order".into());
        }
        let general = continents.0 == "*" && continents.1 == "*";
        let model = Distance { continents, base_us, us_per_km, p95_factor };
        if general {
            book.fallback = Some(model);
        } else {
            book.models.push(model);
        }
        Ok(())
    })?;
    if book.fallback.is_none() {
        return Err(rows.error("there is no row `*,*` for all other pairs".into()));
    }
    Ok(())
}

/// Row `i` holds the round-trip times from city `i` to the cities before it, in tenths of a millisecond.
pub fn city_pairs<'a>(
    mut rows: Rows<'a>,
    names: &Names<'a>,
    cities: &mut [City],
    book: &mut LatencyBook,
) -> Result<(), BookError> {
    let mut next = 0;
    book.city_pairs.reserve(rows.bytes() / 5);
    rows.each(|row| {
        let city: u16 = row.number()?;
        if city < next || usize::from(city) >= cities.len() {
            return Err(format!("city {city} is a duplicate, out of order, or not in cities.csv"));
        }
        next = city + 1;
        names.source(row)?;
        let mut other = 0;
        while row.more() {
            if other >= city {
                return Err("the row is longer than its city's ordinal".into());
            }
            if row.starts_with(",") || row.is_last_and_empty() {
                row.text()?;
            } else {
                let tenths = row.number::<u32>()?;
                let us = tenths.checked_mul(100).filter(|us| (1..=RTT_MAX_US).contains(us));
                book.city_pairs.insert((other, city), us.ok_or("not a round-trip time")?);
                cities[usize::from(other)].measured = true;
                cities[usize::from(city)].measured = true;
            }
            other += 1;
        }
        Ok(())
    })
}
