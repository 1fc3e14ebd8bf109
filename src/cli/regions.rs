//! `placer regions`: where the price book knows something.

use super::args::{ListFormat, RegionsArgs};
use super::failure::Failure;
use super::text::Side;
use super::{input, lists, offers};
use crate::catalog::{PriceBook, RegionId};
use serde::Serialize;
use std::io::Write;

/// Columns of the CSV form.
const CSV: [&str; 10] =
    ["provider", "region", "city", "country", "continent", "lat", "lon", "zones", "compute_offers", "managed_offers"];

#[derive(Debug, Serialize)]
struct Row<'a> {
    provider: &'a str,
    region: &'a str,
    city: &'a str,
    country: &'a str,
    continent: &'a str,
    lat: f64,
    lon: f64,
    zones: Option<u8>,
    compute_offers: usize,
    managed_offers: usize,
}

/// Runs the command.
pub fn run(args: &RegionsArgs, out: &mut dyn Write) -> Result<(), Failure> {
    use Side::{Left, Right};
    let book = input::book(args.book.price_book.as_deref())?;
    let ids = offers::regions(&book, args.provider.as_deref(), None)?;
    let rows = || ids.iter().map(|&id| row(&book, id));
    match args.format {
        ListFormat::Csv => lists::csv(&CSV, rows().map(|row| texts(&row)), out),
        ListFormat::Json => lists::json(rows(), out),
        ListFormat::Table => {
            let sides = [Left, Left, Left, Left, Left, Right, Right, Right, Right, Right];
            let names = CSV.map(|name| name.to_uppercase().replace('_', " "));
            let heading: Vec<(&str, Side)> = names.iter().map(String::as_str).zip(sides).collect();
            lists::columns(&heading, || rows().map(|row| texts(&row)), out)
        }
    }
}

fn row(book: &PriceBook, id: RegionId) -> Row<'_> {
    let region = book.region(id);
    Row {
        provider: &book.provider_of(id).name,
        region: &region.code,
        city: &region.city,
        country: &region.country,
        continent: &region.continent,
        lat: region.lat,
        lon: region.lon,
        zones: region.zones,
        compute_offers: book.compute_at(id).len(),
        managed_offers: book.managed_at(id).len(),
    }
}

fn texts(row: &Row) -> [String; 10] {
    [
        row.provider.to_owned(),
        row.region.to_owned(),
        row.city.to_owned(),
        row.country.to_owned(),
        row.continent.to_owned(),
        row.lat.to_string(),
        row.lon.to_string(),
        row.zones.map(|zones| zones.to_string()).unwrap_or_default(),
        row.compute_offers.to_string(),
        row.managed_offers.to_string(),
    ]
}
