//! The text form of the price book: a list of named CSV files, sealed into one byte string by its digest.
//!
//! Sealed form: the line `placer-price-book 1 sha256:<hex> as_of:<date>`, where the digest covers everything after that
//! line; then, for each file in book order, the line `@file <name> <byte length>` and its content. Invariant: a book is
//! loaded whole and verified, or not at all; every refusal names the file, the line and the reason.

mod compute;
mod error;
mod latency;
mod managed;
mod places;
mod rows;
mod seal;
mod tariffs;
#[cfg(test)]
mod tests;

pub use error::BookError;
pub use seal::{FILE_BYTES_MAX, digest_hex, open_sealed, seal, section_rank};

use super::{PriceBook, Provider, Region, RegionId, SourceId};
use rows::{Row, Rows};
use std::collections::HashMap;
use std::io;
use std::mem::take;
use std::thread::{self, ScopedJoinHandle};

/// Header lines of the files: the form is versioned by them and by the first line of the seal.
pub mod header {
    /// `sources.csv`
    pub const SOURCES: &str = "id,as_of,text";
    /// `providers.csv`
    pub const PROVIDERS: &str = "name,traffic_pool";
    /// `regions.csv`
    pub const REGIONS: &str = "provider,code,country,continent,lat,lon,zones,source,city";
    /// `cities.csv`
    pub const CITIES: &str = "country,lat,lon,source,name";
    /// `shapes/<provider>.csv`
    pub const SHAPES: &str = "name,arch,vcpu,memory_mib,cpu_kind,gpu,gpu_model,disk_gb,source";
    /// `compute/<provider>.csv`
    pub const COMPUTE: &str =
        "region,instance,on_demand,spot,reserved_1y,reserved_3y,month_cap,included_gb,quality,source";
    /// `managed/<provider>.csv`
    pub const MANAGED: &str = "region,kind,product,tier,vcpu,memory_mib,multi_zone,unit,usd,quality,source,month_cap,\
storage_usd,storage_quality,storage_source,storage_included_gb";
    /// `tariffs.csv`
    pub const TARIFFS: &str = "provider,region,item,product,from,unit,usd,quality,source";
    /// `egress.csv`
    pub const EGRESS: &str = "provider,region,to,included_gb,from,usd,quality,source";
    /// `transfers.csv`
    pub const TRANSFERS: &str = "provider,region,to,usd,quality,source";
    /// `latency.csv`
    pub const LATENCY: &str = "a_provider,a_region,b_provider,b_region,p50_us,p95_us,source";
    /// `latency_model.csv`
    pub const MODEL: &str = "continent_a,continent_b,base_us,us_per_km,p95_factor,mae_us,pairs,source";
    /// `city_rtt.csv`
    pub const CITY_RTT: &str = "city,source,tenths_of_ms_to_each_earlier_city";
}

/// What the later files refer to, by name.
struct Names<'a> {
    regions: HashMap<(&'a str, &'a str), u16>,
    sources: usize,
}

impl<'a> Names<'a> {
    fn region(&self, provider: &'a str, code: &'a str) -> Result<RegionId, String> {
        let id = self.regions.get(&(provider, code));
        id.copied().map(RegionId).ok_or_else(|| format!("no region `{provider} {code}` in regions.csv"))
    }

    fn source(&self, row: &mut Row<'_>) -> Result<SourceId, String> {
        let id = row.number::<u16>()?;
        if usize::from(id) < self.sources { Ok(SourceId(id)) } else { Err(format!("no source {id} in sources.csv")) }
    }
}

impl PriceBook {
    /// The book that was built into this program.
    ///
    /// # Errors
    /// [`BookError`] when the embedded bytes do not verify, which means the program file is damaged.
    pub fn embedded() -> Result<Self, BookError> {
        Self::from_sealed(EMBEDDED)
    }

    /// The sealed bytes of that book: the base that collected prices are laid over.
    #[must_use]
    pub fn embedded_bytes() -> &'static [u8] {
        EMBEDDED
    }

    /// Reads and verifies a sealed book.
    ///
    /// # Errors
    /// [`BookError`] for anything that is not a complete, unaltered book of a version this program knows.
    pub fn from_sealed(bytes: &[u8]) -> Result<Self, BookError> {
        let sealed = seal::open(bytes)?;
        // The digest takes as long as a third of the parsing, and neither needs the other: what was parsed is thrown
        // away unless the digest is right.
        let (digest, book) = thread::scope(|scope| {
            let spawned = thread::Builder::new().spawn_scoped(scope, || digest_hex(sealed.body.as_bytes()));
            let book = sealed.files().and_then(|files| parse(&files));
            let digest = spawned.ok().and_then(|thread| thread.join().ok());
            (digest.unwrap_or_else(|| digest_hex(sealed.body.as_bytes())), book)
        });
        if digest != sealed.digest {
            return Err(BookError::Digest { expected: sealed.digest.to_owned(), actual: digest });
        }
        let mut book = book?;
        if book.as_of != sealed.as_of {
            return Err(BookError::NotABook(format!(
                "its first line says as_of:{}, its newest source is of {}",
                sealed.as_of, book.as_of
            )));
        }
        book.digest = digest;
        Ok(book)
    }

    /// Reads a book from its files, as they lie in `pricing-data`; names are relative, with `/`.
    ///
    /// # Errors
    /// As [`PriceBook::from_sealed`].
    pub fn from_files<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<Self, BookError> {
        Self::from_sealed(&seal(files)?)
    }
}

/// The sealed book made from `pricing-data` by the build script.
static EMBEDDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/price-book.txt"));

fn parse<'a>(files: &[(&'a str, &'a str)]) -> Result<PriceBook, BookError> {
    let mut book = PriceBook::empty();
    let find = |name: &str| files.iter().find(|(n, _)| *n == name).map(|(_, text)| *text);
    let need = |name: &'static str| Ok((name, find(name).ok_or_else(|| BookError::Missing(name.to_owned()))?));
    book.sources = places::sources(Rows::open(need("sources.csv")?, header::SOURCES)?)?;
    book.as_of = book.sources.iter().map(|s| s.as_of.clone()).max().unwrap_or_default();
    book.providers = places::providers(Rows::open(need("providers.csv")?, header::PROVIDERS)?)?;
    let mut names = Names { regions: HashMap::new(), sources: book.sources.len() };
    let rows = Rows::open(need("regions.csv")?, header::REGIONS)?;
    book.regions = places::regions(rows, &book.providers, &mut names)?;
    let rows = Rows::open(need("cities.csv")?, header::CITIES)?;
    book.cities = places::cities(rows, &names)?;
    let (providers, regions) = (take(&mut book.providers), take(&mut book.regions));
    let places = Places { providers: &providers, regions: &regions };
    let machines = || compute::read(files, &names, places);
    let services = || managed::read(files, &names, places);
    let (machines, services, others) = thread::scope(|scope| {
        let spawned_machines = thread::Builder::new().spawn_scoped(scope, machines);
        let spawned_services = thread::Builder::new().spawn_scoped(scope, services);
        let others = rules(&need, &names, &mut book);
        (joined(spawned_machines, machines), joined(spawned_services, services), others)
    });
    // Whatever thread was the first: the error of the first file is told.
    (book.shapes, book.compute) = machines?;
    book.managed = services?;
    others?;
    (book.providers, book.regions) = (providers, regions);
    Ok(book)
}

/// What the files of one provider refer to.
#[derive(Clone, Copy)]
struct Places<'a> {
    providers: &'a [Provider],
    regions: &'a [Region],
}

/// The result of a thread, or, where no thread could be had, of the same work done here.
fn joined<T>(spawned: io::Result<ScopedJoinHandle<'_, T>>, work: impl FnOnce() -> T) -> T {
    spawned.ok().and_then(|thread| thread.join().ok()).unwrap_or_else(work)
}

/// The smaller files: price rules and latency.
fn rules<'a>(
    need: &impl Fn(&'static str) -> Result<(&'a str, &'a str), BookError>,
    names: &Names<'a>,
    book: &mut PriceBook,
) -> Result<(), BookError> {
    book.tariffs = tariffs::tariffs(Rows::open(need("tariffs.csv")?, header::TARIFFS)?, names)?;
    book.ladders = tariffs::ladders(Rows::open(need("egress.csv")?, header::EGRESS)?, names)?;
    book.transfers = tariffs::transfers(Rows::open(need("transfers.csv")?, header::TRANSFERS)?, names)?;
    latency::pairs(Rows::open(need("latency.csv")?, header::LATENCY)?, names, &mut book.latency)?;
    latency::models(Rows::open(need("latency_model.csv")?, header::MODEL)?, names, &mut book.latency)?;
    let rows = Rows::open(need("city_rtt.csv")?, header::CITY_RTT)?;
    latency::city_pairs(rows, names, &mut book.cities, &mut book.latency)?;
    Ok(())
}

impl PriceBook {
    /// A book with nothing in it, to be filled.
    fn empty() -> Self {
        Self {
            as_of: String::new(),
            digest: String::new(),
            sources: Vec::new(),
            providers: Vec::new(),
            regions: Vec::new(),
            shapes: Vec::new(),
            compute: Vec::new(),
            managed: Vec::new(),
            tariffs: Vec::new(),
            ladders: Vec::new(),
            transfers: Vec::new(),
            cities: Vec::new(),
            latency: super::LatencyBook::default(),
            index: super::BookIndex::default(),
        }
    }
}

/// Codes of one provider's regions, for files that hold one provider only.
fn regions_of(regions: &[Region], provider: u8) -> HashMap<&str, RegionId> {
    let ids = (0..).map(RegionId).zip(regions);
    ids.filter(|(_, r)| r.provider.0 == provider).map(|(id, r)| (r.code.as_str(), id)).collect()
}
