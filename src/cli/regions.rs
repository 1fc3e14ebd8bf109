//! `placer regions`: where the price book knows something.

use super::args::{ListFormat, RegionsArgs};
use super::failure::Failure;
use super::text::Side;
use super::{input, lists};
use crate::catalog::listing::{RegionRow, region_row, regions};
use std::io::Write;

/// Columns of the CSV form.
const CSV: [&str; 10] =
    ["provider", "region", "city", "country", "continent", "lat", "lon", "zones", "compute_offers", "managed_offers"];

/// Runs the command.
pub fn run(args: &RegionsArgs, out: &mut dyn Write) -> Result<(), Failure> {
    use Side::{Left, Right};
    let book = input::book(args.book.price_book.as_deref())?;
    let ids = regions(&book, args.provider.as_deref(), None).map_err(Failure::input)?;
    let rows = || ids.iter().map(|&id| region_row(&book, id));
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

fn texts(row: &RegionRow) -> [String; 10] {
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
