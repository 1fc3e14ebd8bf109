//! Builds `pricing-data` from tables of facts: `placer price-book build`.
//!
//! Invariants: the same facts give the same bytes; a price that is not known stays absent; whatever a rule of ours made
//! is marked derived or estimated and says by which rule.

mod draft;
mod index;
mod machines;
mod managed;
mod places;
mod read;
mod rtt;
mod tariffs;
mod traffic;
mod write;

use crate::catalog::{BookError, PriceBook, Unit};
use draft::Draft;
use read::Table;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why the book could not be built.
#[derive(Debug, Error)]
pub enum Error {
    /// A table cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Csv {
        /// Which file.
        path: PathBuf,
        /// What happened.
        source: csv::Error,
    },
    /// A row that cannot be right.
    #[error("{file} line {line}: {reason}; correct the fact table")]
    Fact {
        /// Which table.
        file: String,
        /// Its line, from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// The result cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
    /// What was built does not load: a fault of the builder.
    #[error("the book that was built does not load: {0}")]
    Book(#[from] BookError),
}

/// What was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Digest of the book.
    pub digest: String,
    /// Date of its newest figure.
    pub as_of: String,
    /// Bytes of all files.
    pub bytes: usize,
    /// Machine prices.
    pub compute: usize,
    /// Managed tiers.
    pub managed: usize,
    /// Tariff steps.
    pub tariffs: usize,
    /// Regions.
    pub regions: usize,
    /// Least uncertainty of an estimate in percent: of services by time, and of all others.
    pub estimate_misses_pct: (u8, u8),
}

/// Builds the book from the fact tables in `facts` and the hand-kept ones in `extra`, writes it into `out`, and loads
/// what it wrote. The hand-kept tables win over the others. Files of an older book in `out` that the new one does not
/// have are removed.
///
/// # Errors
/// [`Error`] when a table cannot be read or holds what cannot be right, or the result cannot be written.
pub fn build(facts: &Path, extra: &Path, out: &Path) -> Result<Summary, Error> {
    let mut draft = Draft::default();
    let table = |name: &str| Table::read(&facts.join(name), false);
    let more = |name: &str| Table::read(&extra.join(name), true);
    let compute = [table("compute.csv")?, more("compute.csv")?];
    places::regions(&mut draft, &[table("regions.csv")?, more("regions.csv")?], &compute)?;
    places::cities(&mut draft, &table("cities.csv")?, &more("cities.csv")?)?;
    machines::machines(&mut draft, &compute, &more("plans.csv")?)?;
    let services = [table("managed.csv")?, more("managed.csv")?];
    let mut index = index::PriceIndex::new(&draft);
    index.calibrate(&draft, &services)?;
    tariffs::tariffs(&mut draft, &services, &index)?;
    managed::managed(&mut draft, &services, &index)?;
    traffic::traffic(&mut draft, &[table("egress.csv")?, more("egress.csv")?])?;
    rtt::rtt(&mut draft, &table("latency.csv")?, &table("azure_p95_2026.csv")?, &table("city_rtt.csv")?)?;
    let files = write::files(&mut draft);
    let book = PriceBook::from_files(files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())))?;
    write::write(out, &files, &book)?;
    Ok(Summary {
        bytes: files.iter().map(|(_, text)| text.len()).sum(),
        compute: book.compute.len(),
        managed: book.managed.len(),
        tariffs: book.tariffs.len(),
        regions: book.regions.len(),
        estimate_misses_pct: (index.least_pct(Unit::Hour), index.least_pct(Unit::Gb)),
        digest: book.digest,
        as_of: book.as_of,
    })
}

#[cfg(test)]
mod tests;
