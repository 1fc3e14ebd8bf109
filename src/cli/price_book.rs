//! `placer price-book`: what the book holds, whether it is whole, and how it is made.

use super::args::{BuildArgs, ListFormat, PriceBookCommand, StatusArgs, VerifyArgs};
use super::failure::Failure;
use super::text::Side;
use super::{input, lists};
use crate::catalog::listing::{ProviderRow, provider_rows};
use crate::collect::facts;
use serde::Serialize;
use std::io::Write;

#[derive(Debug, Serialize)]
struct Status<'a> {
    as_of: &'a str,
    digest: &'a str,
    sources: usize,
    cities: usize,
    latency_pairs: usize,
    providers: Vec<ProviderRow>,
    /// The collected sources, by name.
    #[cfg(feature = "collect")]
    collected: Vec<super::price_history::SourceRow>,
}

/// Columns of the CSV form.
const CSV: [&str; 10] = [
    "provider",
    "regions",
    "machine_types",
    "compute_offers",
    "managed_offers",
    "tariffs",
    "egress_ladders",
    "listed",
    "derived",
    "estimated",
];

/// Runs the command.
pub fn run(command: &PriceBookCommand, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        PriceBookCommand::Status(args) => status(args, out),
        PriceBookCommand::Verify(args) => verify(args, out),
        PriceBookCommand::Build(args) => build(args, out),
        #[cfg(feature = "collect")]
        PriceBookCommand::Diff(args) => super::price_history::run_diff(args, out),
        #[cfg(feature = "collect")]
        PriceBookCommand::History(args) => super::price_history::run_history(args, out),
        #[cfg(feature = "collect")]
        PriceBookCommand::Export(args) => super::price_history::run_export(args, out),
    }
}

fn status(args: &StatusArgs, out: &mut dyn Write) -> Result<(), Failure> {
    #[cfg(feature = "collect")]
    if args.refused {
        return super::price_history::run_refused(args.store.as_deref(), args.format, out);
    }
    #[cfg(feature = "collect")]
    let store = args.store.as_deref();
    #[cfg(not(feature = "collect"))]
    let store: Option<&std::path::Path> = None;
    let collected = store.filter(|folder| folder.join("placer.db").is_file());
    let book = input::book(args.book.price_book.as_deref().or(collected))?;
    #[cfg(feature = "collect")]
    let collected = super::price_history::source_rows(store)?;
    let providers = provider_rows(&book);
    match args.format {
        ListFormat::Csv => lists::csv(&CSV, providers.iter().map(texts), out),
        ListFormat::Json => {
            let status = Status {
                as_of: &book.as_of,
                digest: &book.digest,
                sources: book.sources.len(),
                cities: book.cities.len(),
                latency_pairs: book.latency.pairs.len(),
                providers,
                #[cfg(feature = "collect")]
                collected,
            };
            serde_json::to_writer_pretty(&mut *out, &status)?;
            Ok(writeln!(out)?)
        }
        ListFormat::Table => {
            writeln!(out, "price book of {}, sha256 {}", book.as_of, book.digest)?;
            let (sources, cities, pairs) = (book.sources.len(), book.cities.len(), book.latency.pairs.len());
            writeln!(out, "{sources} sources, {cities} cities, {pairs} measured latency pairs\n")?;
            let names = CSV.map(|name| name.to_uppercase().replace('_', " "));
            let side = |at| if at == 0 { Side::Left } else { Side::Right };
            let heading: Vec<(&str, Side)> =
                names.iter().enumerate().map(|(at, name)| (name.as_str(), side(at))).collect();
            lists::columns(&heading, || providers.iter().map(texts), out)?;
            #[cfg(feature = "collect")]
            if !collected.is_empty() {
                writeln!(out)?;
                super::price_history::sources_table(&collected, out)?;
            }
            Ok(())
        }
    }
}

fn texts(row: &ProviderRow) -> [String; 10] {
    let numbers = [
        row.regions,
        row.machine_types,
        row.compute_offers,
        row.managed_offers,
        row.tariffs,
        row.egress_ladders,
        row.listed,
        row.derived,
        row.estimated,
    ];
    let mut texts = [const { String::new() }; 10];
    texts[0].clone_from(&row.provider);
    for (text, number) in texts[1..].iter_mut().zip(numbers) {
        *text = number.to_string();
    }
    texts
}

fn verify(args: &VerifyArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let book = input::book(args.path.as_deref())?;
    let name = args.path.as_deref().map_or_else(|| "the built-in price book".to_owned(), |p| p.display().to_string());
    let (compute, managed) = (book.compute.len(), book.managed.len());
    let (as_of, digest) = (&book.as_of, &book.digest);
    writeln!(out, "{name} is whole: of {as_of}, sha256 {digest}, {compute} machine and {managed} managed offers")?;
    Ok(())
}

fn build(args: &BuildArgs, out: &mut dyn Write) -> Result<(), Failure> {
    if !args.facts.is_dir() {
        return Err(Failure::Input(format!("`{}` is not a folder of facts", args.facts.display())));
    }
    let extra = args.extra.clone().unwrap_or_else(|| args.out.join("extra"));
    let built = facts::build(&args.facts, &extra, &args.out).map_err(|error| match error {
        facts::Error::Write { .. } => Failure::Other(error.to_string()),
        other => Failure::input(other),
    })?;
    writeln!(
        out,
        "built {}: of {}, sha256 {}, {} bytes, {} machine and {} managed offers, {} tariff steps, {} regions",
        args.out.display(),
        built.as_of,
        built.digest,
        built.bytes,
        built.compute,
        built.managed,
        built.tariffs,
        built.regions
    )?;
    Ok(())
}
