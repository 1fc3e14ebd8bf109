//! Runs a collector over pages in the order that the runner promises, without HTTP.

use placer::catalog::{CpuKind, PriceBook};
use placer::collect::observation::{Fact, Observation, Place, Priced};
use placer::collect::providers;
use placer::collect::source::{Context, ParseError, Request, Sink, Source};
use placer::units::{Arch, Purchase};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The book that parsers look into.
pub static BOOK: LazyLock<PriceBook> = LazyLock::new(|| PriceBook::embedded().expect("the embedded book verifies"));

/// The day of every run.
pub const TODAY: &str = "2026-11-22";

/// A run asks for no more pages than this.
const PAGES_MAX: usize = 2000;

/// What a run emitted.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    pub observations: Vec<Observation>,
    /// What, what stood there, why not.
    pub refused: Vec<(String, String, String)>,
    pub skipped: BTreeMap<&'static str, usize>,
    pub asked: Vec<Request>,
}

impl Sink for Gathered {
    fn observe(&mut self, observation: Observation) {
        self.observations.push(observation);
    }
    fn refuse(&mut self, what: &str, raw: &str, reason: &str) {
        self.refused.push((what.to_owned(), raw.to_owned(), reason.to_owned()));
    }
    fn skip(&mut self, reason: &'static str) {
        *self.skipped.entry(reason).or_default() += 1;
    }
}

/// A source by name.
pub fn source(name: &str) -> &'static dyn Source {
    *providers::ALL.iter().find(|source| source.name() == name).unwrap_or_else(|| panic!("no source {name}"))
}

/// Runs a source over what `serve` answers; a page that it does not answer is absent.
pub fn run(name: &str, serve: impl FnMut(&Request) -> Option<Vec<u8>>) -> Result<Gathered, ParseError> {
    run_with(&BOOK, name, serve)
}

/// As [`run`], looking into another book.
pub fn run_with(
    book: &PriceBook,
    name: &str,
    mut serve: impl FnMut(&Request) -> Option<Vec<u8>>,
) -> Result<Gathered, ParseError> {
    let context = Context { book, today: TODAY, has: &|_| true };
    let mut collector = source(name).open(&context);
    let mut gathered = Gathered::default();
    let mut open = collector.plan()?;
    open.reverse();
    while let Some(request) = open.pop() {
        assert!(gathered.asked.len() < PAGES_MAX, "{name} asks for pages without an end");
        gathered.asked.push(request.clone());
        let Some(body) = serve(&request) else { continue };
        let mut next = collector.parse(&request, &mut body.as_slice(), &mut gathered)?;
        next.reverse();
        open.append(&mut next);
    }
    collector.finish(&mut gathered)?;
    Ok(gathered)
}

impl Gathered {
    /// Value, currency and unit of the only price of a machine at a region, bought so.
    pub fn machine(&self, region: &str, shape: &str, purchase: Purchase) -> (&str, &str, &str) {
        self.price(region, &Priced::Compute { shape: shape.to_owned(), purchase })
    }

    /// Value, currency and unit of the only price of something at a region (`*`: everywhere).
    pub fn price(&self, region: &str, priced: &Priced) -> (&str, &str, &str) {
        let all = self.prices(region, priced);
        assert_eq!(all.len(), 1, "{priced:?} at {region}: {all:?} of {:#?}", self.observations);
        all[0]
    }

    /// All prices of something at a region.
    pub fn prices(&self, region: &str, priced: &Priced) -> Vec<(&str, &str, &str)> {
        let place = if region == "*" { Place::Everywhere } else { Place::region(region) };
        let of = |observation: &'_ Observation| observation.place == place;
        let amounts = self.observations.iter().filter(|o| of(o)).filter_map(|o| match &o.fact {
            Fact::Price(found, amount) if found == priced => Some(amount),
            _ => None,
        });
        amounts.map(|a| (a.value.as_str(), a.currency.as_str(), a.unit.as_str())).collect()
    }

    /// Architecture, vCPUs in thousandths, MiB, kind, accelerators in thousandths and model, disk of a shape.
    pub fn shape(&self, name: &str) -> (Arch, u32, u32, CpuKind, u32, &str, Option<u32>) {
        let shapes: Vec<_> = self
            .observations
            .iter()
            .filter_map(|o| match &o.fact {
                Fact::Shape(shape) if shape.name == name => Some(shape),
                _ => None,
            })
            .collect();
        assert_eq!(shapes.len(), 1, "{name}: {shapes:?}");
        let s = shapes[0];
        (s.arch, s.vcpu_milli, s.memory_mib, s.cpu_kind, s.gpu_milli, &s.gpu_model, s.disk_included_gb)
    }

    /// How many prices there are of any kind.
    pub fn price_count(&self) -> usize {
        self.observations.iter().filter(|o| matches!(o.fact, Fact::Price(..))).count()
    }
}
