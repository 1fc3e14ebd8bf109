//! `placer fleet recommend`: a folder of applications in, one summary out, and a report for each on request.
//!
//! Invariants: what one application does (an unreadable file, nonsense, a fault of this program) leaves the others
//! as they are; the same folder gives the same bytes, whatever the number of jobs (but for the age of collected prices
//! below a table).

pub(super) mod files;
pub(super) mod share;
mod table;

use super::args::{FleetFormat, FleetRecommendArgs, ReportFormat};
use super::failure::Failure;
use super::text::Look;
use super::{input, place, report_text};
use crate::app::{App, Faults, Names, parse_app};
use crate::catalog::PriceBook;
use crate::policy::Policy;
use crate::problem::lower::Lowerer;
use crate::report::fleet::{Fleet, Row, Status, Totals, VERSION};
use crate::report::{ReportError, brief, recommend, wire};
use crate::solve::Limits;
use files::Source;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, IsTerminal, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Runs the command.
pub fn run(args: &FleetRecommendArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let sources = files::find(&args.dir)?;
    let book = input::book(args.book.price_book.as_deref())?;
    if let Some(dir) = &args.output {
        std::fs::create_dir_all(dir).map_err(|error| cannot_write(dir, &error))?;
    }
    let jobs = args.jobs.map_or_else(share::processors, NonZero::get);
    let desk = Desk {
        names: crate::problem::names(&book),
        lowerer: Lowerer::new(&book),
        book: &book,
        policy: Policy::default(),
        nodes_max: args.nodes_max,
        time_limit: args.time_limit,
        output: args.output.as_deref(),
        format: args.report_format,
    };
    let progress = progress(sources.len());
    let work = |at: usize| desk.row(&sources[at]);
    let rows = share::out(sources.len(), jobs, &work, &|| progress.inc(1));
    progress.finish_and_clear();
    // A panic that reached the top of an application's work ends that application only.
    let rows = sources.iter().zip(rows).map(|(source, row)| row.unwrap_or_else(|panic| crashed(source, &panic)));
    let fleet = summary(&book, rows.collect(), args.summary);
    print(&fleet, args.format, out)?;
    if matches!(args.format, FleetFormat::Table | FleetFormat::Markdown) {
        place::tell_freshness(args.book.price_book.as_deref(), &book, out)?;
    }
    outcome(&fleet.totals)
}

/// What every application is judged by.
struct Desk<'a> {
    names: Names,
    book: &'a PriceBook,
    lowerer: Lowerer<'a>,
    policy: Policy,
    nodes_max: u64,
    time_limit: Option<Duration>,
    output: Option<&'a Path>,
    format: ReportFormat,
}

impl Desk<'_> {
    /// One application, from its file to its row.
    fn row(&self, source: &Source) -> Row {
        let refused = |status, reason| Row::failed(source.name.clone(), status, reason);
        let bytes = match input::app_bytes(&source.path) {
            Ok(bytes) => bytes,
            Err(failure) => return refused(Status::Invalid, failure.to_string()),
        };
        let app = match parse_app(&bytes, &source.name, &self.names) {
            Ok(app) => app,
            Err(faults) => return refused(Status::Invalid, in_one_line(&faults)),
        };
        let started = Instant::now();
        let cancelled = || self.time_limit.is_some_and(|limit| started.elapsed() >= limit);
        let limits = Limits { nodes_max: self.nodes_max, cancelled: Some(&cancelled), ..Limits::default() };
        let answer = match self.output {
            None => brief(&app, &self.lowerer, &self.policy, &limits),
            Some(dir) => match self.reported(&app, source, dir, &limits) {
                Err(failure) => return refused(Status::Failed, failure.to_string()),
                Ok(answer) => answer,
            },
        };
        match answer {
            Ok(brief) => Row::answered(source.name.clone(), app.name, &brief),
            Err(ReportError::Lower(error)) => refused(Status::Invalid, error.to_string()),
            Err(error @ ReportError::Unfinished { .. }) => {
                refused(Status::Failed, format!("{error}; a larger --nodes-max or --time-limit searches longer"))
            }
            Err(error) => refused(Status::Failed, error.to_string()),
        }
    }

    /// The answer with its whole report, written where it belongs.
    fn reported(
        &self,
        app: &App,
        source: &Source,
        dir: &Path,
        limits: &Limits,
    ) -> Result<Result<crate::report::Brief, ReportError>, Failure> {
        let found = match recommend(app, self.book, &self.policy, limits) {
            Ok(found) => found,
            Err(error) => return Ok(Err(error)),
        };
        let report = found.to_wire(app, self.book);
        let path = report_path(dir, &source.name, self.format);
        files::write(&path, &printed(&report, self.format)?).map_err(|error| cannot_write(&path, &error))?;
        Ok(Ok(found.brief()))
    }
}

fn printed(report: &wire::Report, format: ReportFormat) -> Result<Vec<u8>, Failure> {
    let look = match format {
        ReportFormat::Json => {
            let mut bytes = serde_json::to_vec_pretty(report)?;
            bytes.push(b'\n');
            return Ok(bytes);
        }
        ReportFormat::Table => Look::plain(),
        ReportFormat::Markdown => Look::markdown(),
    };
    let text = match &report.conflict {
        Some(conflict) => {
            report_text::render(report, look) + "\n" + &report_text::conflict(&report.app, conflict) + "\n"
        }
        None => report_text::render(report, look),
    };
    Ok(text.into_bytes())
}

/// `shop/app.toml` becomes `shop/app.json` in the folder of the reports.
fn report_path(dir: &Path, name: &str, format: ReportFormat) -> PathBuf {
    dir.join(name).with_extension(match format {
        ReportFormat::Json => "json",
        ReportFormat::Table => "txt",
        ReportFormat::Markdown => "md",
    })
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::Other(format!("cannot write `{}`: {error}", path.display()))
}

/// The first fault of a file, and how many there are.
pub(super) fn in_one_line(faults: &Faults) -> String {
    let Some(first) = faults.faults.first() else { return String::new() };
    let near = first.nearest.as_ref().map(|nearest| format!("; did you mean `{nearest}`?")).unwrap_or_default();
    let more = match faults.count() {
        1 => String::new(),
        all => format!(" (and {} more: `placer recommend` tells all)", all - 1),
    };
    format!("{}:{}: {}, expected {}{near}{more}", first.line, first.column, first.found, first.expected)
}

fn crashed(source: &Source, panic: &str) -> Row {
    let reason = format!("internal error, please report it with this file: {panic}");
    Row::failed(source.name.clone(), Status::Failed, reason)
}

fn summary(book: &PriceBook, mut rows: Vec<Row>, summary_only: bool) -> Fleet {
    let totals = Totals::of(&rows);
    if summary_only {
        rows.retain(|row| row.reason.is_some());
    }
    let price_book =
        wire::PriceBook { as_of: book.as_of.clone(), oldest: book.oldest().to_owned(), digest: book.digest.clone() };
    Fleet { version: VERSION, price_book, totals, apps: rows }
}

/// On a terminal only, and on standard error, so that it is never in a result.
pub(super) fn progress(count: usize) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(count as u64);
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} applications, {eta} left");
    style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
}

fn print(fleet: &Fleet, format: FleetFormat, out: &mut dyn Write) -> Result<(), Failure> {
    match format {
        FleetFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, fleet)?;
            out.write_all(b"\n")?;
        }
        FleetFormat::Csv => table::csv(fleet, out)?,
        FleetFormat::Table => out.write_all(table::render(fleet, Look::of_stdout()).as_bytes())?,
        FleetFormat::Markdown => out.write_all(table::render(fleet, Look::markdown()).as_bytes())?,
    }
    out.flush()?;
    Ok(())
}

/// The worst that happened decides the exit code: 1 before 2 before 3.
fn outcome(totals: &Totals) -> Result<(), Failure> {
    let of = |count: usize, what: &str| format!("{count} of {} applications {what}", totals.apps);
    match (totals.failed, totals.invalid, totals.infeasible) {
        (0, 0, 0) => Ok(()),
        (0, 0, infeasible) => Err(Failure::Infeasible(of(infeasible, "have no placement; their reasons are above"))),
        (0, invalid, _) => Err(Failure::Input(of(invalid, "are not valid; their reasons are above"))),
        (failed, _, _) => Err(Failure::Other(of(failed, "have no answer; their reasons are above"))),
    }
}
