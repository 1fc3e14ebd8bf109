//! What was measured so far: a text file of runs, each with all its samples.
//!
//! One line per run, place and region: `unix_seconds,vantage,lat,lon,provider,region,tcp_us,http_us`, the samples
//! separated by spaces. The file is written anew beside the old one and put in its place at once, so that it is whole at
//! every moment. A distribution is that of the newest samples, [`SAMPLES_MAX`] at most.

use super::Sample;
use crate::catalog::{PriceBook, ProbedPlace};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Newest samples that make a distribution.
pub const SAMPLES_MAX: usize = 500;
/// Runs older than this say nothing about today's routes: 90 days.
const AGE_SECONDS_MAX: i64 = 90 * 86_400;
const HEADER: &str = "unix_seconds,vantage,lat,lon,provider,region,tcp_us,http_us";

/// Where probes start.
#[derive(Clone, Debug, PartialEq)]
pub enum Vantage {
    /// A region of the book: `provider:code`.
    Region(String, String),
    /// A city, or coordinates, in degrees north and east.
    Place(String, f64, f64),
    /// Nobody said: shown, but used for no pair.
    Here,
}

impl Vantage {
    fn columns(&self) -> (String, String, String) {
        match self {
            Self::Region(provider, code) => (format!("{provider}:{code}"), String::new(), String::new()),
            // A comma would end the column.
            Self::Place(name, lat, lon) => {
                (format!("@{}", name.replace([',', '\n', '"'], ";")), lat.to_string(), lon.to_string())
            }
            Self::Here => ("here".to_owned(), String::new(), String::new()),
        }
    }

    fn parse(text: &str, lat: &str, lon: &str) -> Option<Self> {
        if text == "here" {
            return Some(Self::Here);
        }
        if let Some(name) = text.strip_prefix('@') {
            let (lat, lon) = (lat.parse::<f64>().ok()?, lon.parse::<f64>().ok()?);
            let on_earth = (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon);
            return on_earth.then(|| Self::Place(name.to_owned(), lat, lon));
        }
        let (provider, code) = text.split_once(':')?;
        Some(Self::Region(provider.to_owned(), code.to_owned()))
    }

    /// How people write it.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Region(provider, code) => format!("{provider}:{code}"),
            Self::Place(name, _, _) => name.clone(),
            Self::Here => "here".to_owned(),
        }
    }
}

/// One run at one region.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// When, in seconds since 1970.
    pub unix_seconds: i64,
    /// From where.
    pub vantage: Vantage,
    /// Provider of the region.
    pub provider: String,
    /// Region.
    pub region: String,
    /// What was measured.
    pub sample: Sample,
}

/// Count, median and 95th percentile of some samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// How many.
    pub count: usize,
    /// Median, microseconds.
    pub p50_us: u32,
    /// 95th percentile, microseconds: the smallest sample that no fewer than 95 of 100 do not exceed.
    pub p95_us: u32,
}

impl Distribution {
    /// Of samples in any order; `None` without any.
    #[must_use]
    pub fn of(samples: &[u32]) -> Option<Self> {
        let mut sorted = samples.to_vec();
        sorted.sort_unstable();
        let rank = |percent: usize| sorted.get((sorted.len() * percent).div_ceil(100).max(1) - 1).copied();
        Some(Self { count: sorted.len(), p50_us: rank(50)?, p95_us: rank(95)? })
    }
}

/// Why the file cannot be used.
#[derive(Debug, Error)]
pub enum RecordError {
    /// It cannot be read or written.
    #[error("cannot use {path}: {error}", path = .0.display(), error = .1)]
    Io(PathBuf, io::Error),
    /// A line that is not ours.
    #[error("{path} line {line} is not a probe's: correct or remove the file", path = .0.display(), line = .1)]
    Line(PathBuf, usize),
}

/// All runs, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Record {
    runs: Vec<Run>,
}

impl Record {
    /// Reads a file; one that is not there is empty.
    ///
    /// # Errors
    /// [`RecordError`] when it cannot be read, or is not such a file.
    pub fn read(path: &Path) -> Result<Self, RecordError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(RecordError::Io(path.to_owned(), error)),
        };
        let mut runs = Vec::new();
        for (at, line) in text.lines().enumerate() {
            match if at == 0 { (line == HEADER).then_some(None) } else { parse(line).map(Some) } {
                Some(run) => runs.extend(run),
                None => return Err(RecordError::Line(path.to_owned(), at + 1)),
            }
        }
        Ok(Self { runs })
    }

    /// Adds a run that measured something.
    pub fn add(&mut self, run: Run) {
        if !run.sample.tcp_us.is_empty() {
            self.runs.push(run);
        }
    }

    /// Writes all runs that are not too old, whole or not at all.
    ///
    /// # Errors
    /// [`RecordError::Io`] when it cannot be written; the old file is as it was then.
    pub fn write(&self, path: &Path, now_unix: i64) -> Result<(), RecordError> {
        let fail = |error| RecordError::Io(path.to_owned(), error);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(fail)?;
        }
        let beside = path.with_extension(format!("new-{}", std::process::id()));
        let written = fs::File::create(&beside).and_then(|mut file| {
            let kept = self.runs.iter().filter(|run| run.unix_seconds > now_unix - AGE_SECONDS_MAX);
            let lines: Vec<String> = std::iter::once(HEADER.to_owned()).chain(kept.map(line)).collect();
            file.write_all((lines.join("\n") + "\n").as_bytes())?;
            file.sync_all()
        });
        written.and_then(|()| fs::rename(&beside, path)).map_err(|error| {
            // Best effort: what counts is that the old file stands.
            let _ = fs::remove_file(&beside);
            fail(error)
        })
    }

    /// When a region was last probed from a place.
    #[must_use]
    pub fn last(&self, vantage: &Vantage, provider: &str, region: &str) -> Option<i64> {
        self.of(vantage, provider, region).map(|run| run.unix_seconds).max()
    }

    fn of<'a>(
        &'a self,
        vantage: &'a Vantage,
        provider: &'a str,
        region: &'a str,
    ) -> impl DoubleEndedIterator<Item = &'a Run> {
        self.runs.iter().filter(move |run| run.vantage == *vantage && run.provider == provider && run.region == region)
    }

    /// Handshakes and HTTP round trips from a place to a region, of the newest samples.
    #[must_use]
    pub fn distribution(
        &self,
        vantage: &Vantage,
        provider: &str,
        region: &str,
    ) -> (Option<Distribution>, Option<Distribution>) {
        let newest = |samples: fn(&Sample) -> &Vec<u32>| -> Vec<u32> {
            let all = self.of(vantage, provider, region).rev().flat_map(|run| samples(&run.sample).iter().rev());
            all.take(SAMPLES_MAX).copied().collect()
        };
        (Distribution::of(&newest(|s| &s.tcp_us)), Distribution::of(&newest(|s| &s.http_us)))
    }

    /// Every place and region that was probed, in order.
    #[must_use]
    pub fn pairs(&self) -> Vec<(Vantage, String, String)> {
        let mut pairs = BTreeMap::new();
        for run in &self.runs {
            let key = (run.vantage.columns(), run.provider.clone(), run.region.clone());
            pairs.entry(key).or_insert_with(|| (run.vantage.clone(), run.provider.clone(), run.region.clone()));
        }
        pairs.into_values().collect()
    }

    /// Puts the handshakes into a book: there they come before everything that was published.
    /// Returns how many pairs there are.
    pub fn apply(&self, book: &mut PriceBook) -> usize {
        let mut applied = 0;
        for (vantage, provider, code) in self.pairs() {
            let Some(to) = book.find_region(&provider, &code) else { continue };
            let Some(times) = self.distribution(&vantage, &provider, &code).0 else { continue };
            match vantage {
                Vantage::Region(from_provider, from_code) => {
                    let Some(from) = book.find_region(&from_provider, &from_code) else { continue };
                    book.latency.probed.insert((from.min(to), from.max(to)), (times.p50_us, times.p95_us));
                }
                Vantage::Place(_, lat, lon) => {
                    let place = ProbedPlace { lat, lon, region: to, p50_us: times.p50_us, p95_us: times.p95_us };
                    book.latency.probed_places.push(place);
                }
                Vantage::Here => continue,
            }
            applied += 1;
        }
        // The tables are made anew with the probes in them.
        book.latency.index = std::sync::OnceLock::new();
        applied
    }
}

fn line(run: &Run) -> String {
    let (vantage, lat, lon) = run.vantage.columns();
    let samples = |samples: &[u32]| samples.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
    let Run { unix_seconds, provider, region, sample, .. } = run;
    let (tcp, http) = (samples(&sample.tcp_us), samples(&sample.http_us));
    format!("{unix_seconds},{vantage},{lat},{lon},{provider},{region},{tcp},{http}")
}

fn parse(line: &str) -> Option<Run> {
    let columns: Vec<&str> = line.split(',').collect();
    let [time, vantage, lat, lon, provider, region, tcp, http] = columns.as_slice() else { return None };
    let samples = |text: &str| text.split_ascii_whitespace().map(|us| us.parse().ok()).collect::<Option<Vec<u32>>>();
    Some(Run {
        unix_seconds: time.parse().ok()?,
        vantage: Vantage::parse(vantage, lat, lon)?,
        provider: (*provider).to_owned(),
        region: (*region).to_owned(),
        sample: Sample { tcp_us: samples(tcp)?, http_us: samples(http)?, fault: None },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::RttOrigin;

    fn run(at: i64, vantage: Vantage, tcp: &[u32]) -> Run {
        let sample = Sample { tcp_us: tcp.to_vec(), http_us: vec![9], fault: None };
        Run { unix_seconds: at, vantage, provider: "aws".into(), region: "us-east-1".into(), sample }
    }

    #[test]
    fn percentiles_are_samples() {
        let hundred: Vec<u32> = (1..=100).rev().collect();
        assert_eq!(Distribution::of(&hundred), Some(Distribution { count: 100, p50_us: 50, p95_us: 95 }));
        assert_eq!(Distribution::of(&[7]), Some(Distribution { count: 1, p50_us: 7, p95_us: 7 }));
        assert_eq!(Distribution::of(&[3, 1]), Some(Distribution { count: 2, p50_us: 1, p95_us: 3 }));
        assert_eq!(Distribution::of(&[]), None);
    }

    #[test]
    fn what_is_written_is_read_and_old_runs_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/probes.csv");
        let mut record = Record::read(&path).expect("absent is empty");
        let city = Vantage::Place("Köln, DE".into(), 50.9, 6.9);
        let day = 86_400;
        record.add(run(1, Vantage::Here, &[1]));
        record.add(run(200 * day, city.clone(), &[10, 30, 20]));
        record.add(run(201 * day, city.clone(), &[40]));
        record.add(run(201 * day, city, &[]));
        record.write(&path, 201 * day).expect("it can be written");
        let read = Record::read(&path).expect("it is ours");
        assert_eq!(read.runs.len(), 2);
        let city = read.runs[0].vantage.clone();
        let (tcp, http) = read.distribution(&city, "aws", "us-east-1");
        assert_eq!(tcp, Some(Distribution { count: 4, p50_us: 20, p95_us: 40 }));
        assert_eq!(http.map(|d| d.count), Some(2));
        assert_eq!(read.last(&city, "aws", "us-east-1"), Some(201 * day));
        fs::write(&path, format!("{HEADER}\n1,here,,,aws\n")).expect("writable");
        assert!(matches!(Record::read(&path), Err(RecordError::Line(_, 2))));
    }

    #[test]
    fn own_probes_come_before_what_was_published() {
        let mut book = PriceBook::embedded().expect("the embedded book verifies");
        let id = |book: &PriceBook, provider, code| book.find_region(provider, code).expect("in the book");
        let (frankfurt, virginia) = (id(&book, "aws", "eu-central-1"), id(&book, "aws", "us-east-1"));
        let paris = book.find_city("Paris", None).expect("a city");
        assert_eq!(book.rtt(frankfurt, virginia).origin, RttOrigin::Measured);
        let mut record = Record::default();
        record.add(run(1, Vantage::Region("aws".into(), "eu-central-1".into()), &[77_000, 78_000, 79_000]));
        record.add(run(1, Vantage::Place("Paris".into(), paris.lat, paris.lon), &[66_000]));
        record.add(run(1, Vantage::Here, &[1]));
        assert_eq!(record.apply(&mut book), 2);
        for rtt in [book.rtt(frankfurt, virginia), book.rtt(virginia, frankfurt)] {
            assert_eq!((rtt.origin, rtt.p50.micros(), rtt.p95.micros()), (RttOrigin::Probed, 78_000, 79_000));
        }
        let from_paris = book.rtt_from_place(&paris, virginia);
        assert_eq!((from_paris.origin, from_paris.p50.micros()), (RttOrigin::Probed, 66_000));
        let berlin = book.find_city("Berlin", None).expect("a city");
        assert_ne!(book.rtt_from_place(&berlin, virginia).origin, RttOrigin::Probed);
    }
}
