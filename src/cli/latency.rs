//! `placer latency`: a round-trip time and how it is known.

use super::args::{LatencyArgs, ListFormat};
use super::failure::Failure;
use super::{input, lists};
use crate::catalog::listing::{End, LatencyRow, latency};
use std::io::Write;

/// Runs the command.
pub fn run(args: &LatencyArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let book = input::book(args.book.price_book.as_deref())?;
    let end = |text: &str| End::parse(&book, text).map_err(Failure::input);
    let row = latency(&book, &end(&args.a)?, &end(&args.b)?);
    let texts = |row: &LatencyRow| {
        let LatencyRow { a, b, p50_ms, p95_ms, distance_km, origin, .. } = row;
        [
            a.clone(),
            b.clone(),
            format!("{p50_ms:.1}"),
            format!("{p95_ms:.1}"),
            format!("{distance_km:.0}"),
            (*origin).into(),
        ]
    };
    match args.format {
        ListFormat::Csv => {
            lists::csv(&["a", "b", "p50_ms", "p95_ms", "distance_km", "origin"], [texts(&row)].into_iter(), out)
        }
        ListFormat::Json => lists::json(std::iter::once(row), out),
        ListFormat::Table => {
            writeln!(
                out,
                "{} to {} and back: {:.1} ms (p95 {:.1} ms), {:.0} km apart",
                row.a, row.b, row.p50_ms, row.p95_ms, row.distance_km
            )?;
            Ok(writeln!(out, "{}: {}", row.origin, row.meaning)?)
        }
    }
}
