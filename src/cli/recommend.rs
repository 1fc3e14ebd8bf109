//! `placer recommend`: the application's file in, the report out.

use super::args::{RecommendArgs, ReportFormat};
use super::failure::Failure;
use super::text::Look;
use super::{input, place, report_text};
use crate::policy::Policy;
use crate::report::{ReportError, recommend, wire};
use crate::solve::Limits;
use std::io::Write;
use std::time::Instant;

/// Runs the command.
pub fn run(args: &RecommendArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let text = input::app_bytes(&args.app)?;
    let book = input::book(args.book.price_book.as_deref())?;
    let app = input::app(&args.app, &text, &book)?;
    let started = Instant::now();
    let cancelled = || args.time_limit.is_some_and(|limit| started.elapsed() >= limit);
    let limits = Limits { nodes_max: args.nodes_max, cancelled: Some(&cancelled), ..Limits::default() };
    let recommendation = recommend(&app, &book, &Policy::default(), &limits).map_err(refused)?;
    let report = recommendation.to_wire(&app, &book);
    print(&report, args.format, out)?;
    if args.format != ReportFormat::Json {
        place::tell_freshness(args.book.price_book.as_deref(), &book, out)?;
    }
    match &report.conflict {
        None => Ok(()),
        Some(conflict) if args.format == ReportFormat::Json => {
            let count = conflict.requirements.len();
            Err(Failure::Infeasible(format!(
                "{}: no placement satisfies all requirements ({count} conflict)",
                report.app
            )))
        }
        Some(conflict) => Err(Failure::Infeasible(report_text::conflict(&report.app, conflict))),
    }
}

pub fn refused(error: ReportError) -> Failure {
    match error {
        ReportError::Lower(error) => Failure::input(error),
        ReportError::Unfinished { .. } => {
            Failure::Other(format!("{error}; a larger --nodes-max or --time-limit searches longer"))
        }
        ReportError::Internal(_) => Failure::Other(error.to_string()),
    }
}

fn print(report: &wire::Report, format: ReportFormat, out: &mut dyn Write) -> Result<(), Failure> {
    match format {
        ReportFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, report)?;
            out.write_all(b"\n")?;
        }
        ReportFormat::Table => out.write_all(report_text::render(report, Look::of_stdout()).as_bytes())?,
        ReportFormat::Markdown => out.write_all(report_text::render(report, Look::markdown()).as_bytes())?,
    }
    out.flush()?;
    Ok(())
}
