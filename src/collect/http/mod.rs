//! The runner: fetches the pages of a source and hands them to its collector.
//!
//! Invariants: bytes reach a parser complete, or (for streamed pages) a broken stream is told to it as an error; what a
//! collector emitted is given on only when its whole run succeeded; credentials go to the declared hosts only, over TLS
//! (or to this machine), and into no message; every wait has an end. What was fetched is kept on disk until it is not
//! needed (`spool.rs`), so that an interrupted run goes on where it stopped and an unchanged page is not sent again.

mod body;
mod client;
pub mod credentials;
mod endpoint;
mod retry;
mod spool;

pub use endpoint::Overrides;
pub use retry::Limits;

use super::observation::Observation;
use super::source::{Collector, Context, ParseError, Request, Secrets, Sink, Source, shorten};
use client::{Client, Fetched};
use spool::Spool;
use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};
use thiserror::Error;

/// A source that leads to more pages than this leads nowhere.
const PAGES_MAX: usize = 50_000;

/// Is told how a run goes on. Called from the run's own thread.
pub trait Progress: Sync {
    /// So many pages are read and so many are known to follow; so many bytes came over the network.
    fn pages(&self, source: &str, read: usize, waiting: usize, bytes: u64);

    /// Something worth knowing happened (a retry, a wait). Holds no credentials.
    fn note(&self, source: &str, text: &str);
}

/// Says nothing.
pub struct Quiet;

impl Progress for Quiet {
    fn pages(&self, _: &str, _: usize, _: usize, _: u64) {}
    fn note(&self, _: &str, _: &str) {}
}

/// What a run has at hand.
pub struct Setting<'a> {
    /// The credentials of the source.
    pub secrets: &'a Secrets,
    /// Other hosts in place of the declared ones.
    pub overrides: &'a Overrides,
    /// Timeouts and retries.
    pub limits: &'a Limits,
    /// Folder of fetched pages.
    pub pages: &'a Path,
    /// Number of the run: pages fetched under the same number are not fetched again.
    pub run: i64,
    /// Is told how it goes on.
    pub progress: &'a dyn Progress,
}

/// What a successful run took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Pages parsed.
    pub pages: usize,
    /// Of them, pages that were at hand or had not changed.
    pub unchanged: usize,
    /// Bytes that came over the network.
    pub bytes: u64,
    /// Requests that had to be made again.
    pub retries: usize,
}

/// Why a run failed. Texts hold no credentials.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RunError {
    /// A credential is missing or not accepted.
    #[error("{0}")]
    Credentials(String),
    /// A page could not be had.
    #[error("{page}: {reason}")]
    Fetch {
        /// Its address, without credentials.
        page: String,
        /// Why not.
        reason: String,
    },
    /// A page was not what it has to be.
    #[error("{page}: {reason}")]
    Page {
        /// Its address, without credentials.
        page: String,
        /// Why not.
        reason: String,
    },
    /// The run took too long.
    #[error("it took longer than {} minutes", .0.as_secs() / 60)]
    Deadline(Duration),
    /// The collector could not begin or end.
    #[error("{0}")]
    Collector(String),
    /// Pages could not be kept on disk.
    #[error("cannot keep fetched pages: {0}")]
    Disk(String),
}

/// Reads a source from its first page to its last. What `sink` receives counts only when this succeeds.
///
/// # Errors
/// [`RunError`].
pub fn run(
    source: &dyn Source,
    context: &Context<'_>,
    setting: &Setting<'_>,
    sink: &mut dyn Sink,
) -> Result<Traffic, RunError> {
    let spool = Spool::open(setting.pages, source.name(), setting.run).map_err(|e| RunError::Disk(e.to_string()))?;
    let deadline = Instant::now() + source.deadline();
    let mut client = Client::new(source, setting, &spool, deadline)?;
    let hidden = |error: ParseError| RunError::Collector(setting.secrets.scrub(&error.to_string()));
    let mut collector = source.open(context);
    let mut open = collector.plan().map_err(hidden)?;
    // A table that is kept by hand has no pages.
    if open.is_empty() && !source.endpoints().is_empty() {
        return Err(RunError::Collector("there is nothing to ask for".into()));
    }
    open.reverse();
    let mut seen = HashSet::new();
    let mut traffic = Traffic::default();
    while let Some(request) = open.pop() {
        let address = client.address(&request)?;
        if !seen.insert(spool::page_id(&request)) {
            return Err(RunError::Page { page: address, reason: "the pages lead in a circle".into() });
        }
        if seen.len() > PAGES_MAX {
            return Err(RunError::Page { page: address, reason: format!("more than {PAGES_MAX} pages") });
        }
        let mut page = PageSink { secrets: setting.secrets, found: Vec::new() };
        let next = read(&mut client, collector.as_mut(), &request, &mut page, &address)?;
        page.give(sink);
        traffic.pages += 1;
        open.extend(next.into_iter().rev());
        setting.progress.pages(source.name(), traffic.pages, open.len(), client.bytes);
    }
    let mut page = PageSink { secrets: setting.secrets, found: Vec::new() };
    collector.finish(&mut page).map_err(hidden)?;
    page.give(sink);
    traffic.unchanged = client.unchanged;
    traffic.bytes = client.bytes;
    traffic.retries = client.retries;
    spool.tidy();
    Ok(traffic)
}

/// Fetches and parses a page. A streamed page that breaks off is parsed again from its start.
fn read(
    client: &mut Client<'_>,
    collector: &mut dyn Collector,
    request: &Request,
    page: &mut PageSink<'_>,
    address: &str,
) -> Result<Vec<Request>, RunError> {
    let mut attempt = 0;
    loop {
        page.found.clear();
        let mut body = match client.fetch(request)? {
            Fetched::Absent => return Ok(Vec::new()),
            Fetched::Page(body) => body,
        };
        let parsed = match collector.parse(request, &mut body, page) {
            // A parser may stop before the end; the bytes after it have to be there all the same.
            Ok(next) => body.finish().map(|()| next).map_err(ParseError::Io),
            Err(ParseError::Form(reason)) => {
                // Damaged bytes may look like a wrong form: whether they are is known at the end, by length and checksum.
                let _ = std::io::copy(&mut body, &mut std::io::sink());
                Err(ParseError::Form(reason))
            }
            Err(broken) => Err(broken),
        };
        let failure = body.failure();
        drop(body);
        let reason = match parsed {
            Ok(next) => return Ok(next),
            Err(ParseError::Form(reason)) => reason,
            Err(ParseError::Io(error)) => error.to_string(),
        };
        // What the connection did outranks what the parser made of it.
        let Some(failure) = failure else {
            return Err(RunError::Page { page: address.to_owned(), reason: client.hide(&reason) });
        };
        attempt += 1;
        client.again(request, attempt, &failure)?;
    }
}

/// Holds what one page brought until the page is done; blots credentials out of what was quoted.
struct PageSink<'a> {
    secrets: &'a Secrets,
    found: Vec<Found>,
}

enum Found {
    Row(Box<Observation>),
    Refused([String; 3]),
    Skipped(&'static str, usize),
}

impl PageSink<'_> {
    fn give(self, sink: &mut dyn Sink) {
        for found in self.found {
            match found {
                Found::Row(observation) => sink.observe(*observation),
                Found::Refused([what, raw, reason]) => sink.refuse(&what, &raw, &reason),
                Found::Skipped(reason, times) => (0..times).for_each(|_| sink.skip(reason)),
            }
        }
    }
}

impl Sink for PageSink<'_> {
    fn observe(&mut self, mut observation: Observation) {
        observation.raw = self.secrets.scrub(&shorten(&observation.raw));
        self.found.push(Found::Row(Box::new(observation)));
    }

    fn refuse(&mut self, what: &str, raw: &str, reason: &str) {
        let texts = [what, raw, reason].map(|text| self.secrets.scrub(&shorten(text)));
        self.found.push(Found::Refused(texts));
    }

    fn skip(&mut self, reason: &'static str) {
        let known = self.found.iter_mut().rev().take(8).find_map(|found| match found {
            Found::Skipped(word, times) if *word == reason => Some(times),
            _ => None,
        });
        match known {
            Some(times) => *times += 1,
            None => self.found.push(Found::Skipped(reason, 1)),
        }
    }
}
