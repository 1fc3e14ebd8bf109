//! `placer offers`: what is on sale, row by row.

use super::args::{ListFormat, OffersArgs};
use super::failure::Failure;
use super::text::{Side, unit_usd};
use super::{input, lists, place};
use crate::catalog::PriceBook;
use crate::catalog::listing::{OfferRow, UnknownName, Wanted, known_kind, offers, regions};
use crate::units::Arch;
use std::borrow::Cow;
use std::io::Write;

/// Columns of the CSV form; scripts rely on them.
const CSV: [&str; 12] = [
    "provider",
    "region",
    "offer",
    "kind",
    "purchase",
    "vcpu",
    "memory_gib",
    "arch",
    "usd_hour",
    "source",
    "as_of",
    "quality",
];

/// Runs the command.
pub fn run(args: &OffersArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let book = input::book(args.book.price_book.as_deref())?;
    let wanted = resolve(args, &book).map_err(Failure::input)?;
    match args.format {
        ListFormat::Csv => lists::csv(&CSV, offers(&book, &wanted).map(|row| csv_row(&row)), out),
        ListFormat::Json => lists::json(offers(&book, &wanted), out),
        ListFormat::Table => {
            table(&book, &wanted, out)?;
            place::tell_freshness(args.book.price_book.as_deref(), &book, out)
        }
    }
}

fn resolve(args: &OffersArgs, book: &PriceBook) -> Result<Wanted, UnknownName> {
    let kind = args.kind.as_ref().map(|kind| known_kind(kind)).transpose()?;
    let regions = regions(book, args.provider.as_deref(), args.region.as_deref())?;
    Ok(Wanted { regions, kind })
}

fn csv_row<'a>(row: &OfferRow<'a>) -> [Cow<'a, str>; 12] {
    let owned = |text: &Option<String>| Cow::Owned(text.clone().unwrap_or_default());
    [
        Cow::Borrowed(row.provider),
        Cow::Borrowed(row.region),
        row.offer.clone(),
        Cow::Borrowed(row.kind),
        Cow::Borrowed(row.purchase.as_str()),
        owned(&row.vcpu),
        owned(&row.memory_gib),
        Cow::Borrowed(row.arch.map_or("", Arch::as_str)),
        owned(&row.usd_hour),
        Cow::Borrowed(row.source),
        Cow::Borrowed(row.as_of),
        Cow::Borrowed(row.quality),
    ]
}

fn table(book: &PriceBook, wanted: &Wanted, out: &mut dyn Write) -> Result<(), Failure> {
    use Side::{Left, Right};
    let heading = [
        ("PROVIDER", Left),
        ("REGION", Left),
        ("KIND", Left),
        ("OFFER", Left),
        ("PURCHASE", Left),
        ("VCPU", Right),
        ("GIB", Right),
        ("ARCH", Left),
        ("PRICE", Right),
        ("PER", Left),
        ("FROM", Right),
        ("QUALITY", Left),
        ("AS OF", Left),
    ];
    let texts = |row: OfferRow| -> [String; 13] {
        let quality = match row.uncertainty_pct {
            0 => row.quality.to_owned(),
            pct => format!("{} ±{pct}%", row.quality),
        };
        [
            row.provider.to_owned(),
            row.region.to_owned(),
            row.kind.to_owned(),
            row.offer.into_owned(),
            row.purchase.as_str().to_owned(),
            row.vcpu.unwrap_or_default(),
            row.memory_gib.unwrap_or_default(),
            row.arch.map_or("", Arch::as_str).to_owned(),
            unit_usd(&row.usd),
            row.unit.replace('_', " "),
            row.from.filter(|from| from != "0").unwrap_or_default(),
            quality,
            row.as_of.to_owned(),
        ]
    };
    lists::columns(&heading, || offers(book, wanted).map(texts), out)
}
