//! `placer frontier`: the application's file in, its exact cost-latency frontier out.

use super::args::{FrontierArgs, FrontierFormat};
use super::failure::Failure;
use super::text::{Grid, Look, Side, usd};
use super::{explain_text, frontier_picture, input, nearest, output};
use crate::policy::Policy;
use crate::report::frontier::{frontier, wire};
use crate::solve::Limits;
use crate::units::Money;
use std::io::Write;

/// Runs the command.
pub fn run(args: &FrontierArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let text = input::app_bytes(&args.app)?;
    let book = input::book(args.book.price_book.as_deref())?;
    let app = input::app(&args.app, &text, &book)?;
    if app.paths.is_empty() {
        return Err(Failure::Input(format!(
            "`{}` has no [[path]]: a frontier needs one to measure latency by; add a path (docs/app-toml.md)",
            app.name
        )));
    }
    let names = || app.paths.iter().map(|path| path.name.as_str());
    let path = args
        .path
        .as_ref()
        .map(|name| names().position(|known| known == name).ok_or_else(|| nearest::unknown("path", name, names())));
    let limits = Limits { nodes_max: args.nodes_max, ..Limits::default() };
    let found = frontier(&app, &book, &Policy::default(), &limits, path.transpose()?, args.points_max)
        .map_err(super::recommend::refused)?
        .to_wire(&book);
    let bytes = match args.format {
        FrontierFormat::Table => table(&found, Look::of_stdout()).into_bytes(),
        FrontierFormat::Json => {
            let mut bytes = serde_json::to_vec_pretty(&found)?;
            bytes.push(b'\n');
            bytes
        }
        FrontierFormat::Svg => frontier_picture::svg(&found)?.into_bytes(),
        FrontierFormat::Html => frontier_picture::html(&found)?.into_bytes(),
    };
    output::write(args.out.as_deref(), &bytes, out)?;
    if found.points.is_empty() {
        return Err(Failure::Infeasible(format!(
            "{}: nothing keeps the other requirements, whatever the latency; `placer explain` says why",
            found.app
        )));
    }
    Ok(())
}

/// The measured path in words.
pub fn measure(found: &wire::Frontier) -> String {
    found.path.as_ref().map_or_else(|| "the slowest path".to_owned(), |path| format!("path `{path}`"))
}

fn table(found: &wire::Frontier, look: Look) -> String {
    use Side::{Left, Right, Wrapped};
    let headings = [
        ("LATENCY", Right),
        ("$/MONTH", Right),
        ("MORE", Right),
        ("", Left),
        ("WHAT CHANGES FROM THE ROW ABOVE", Wrapped),
    ];
    let mut grid = Grid::new(look, &headings);
    let money = |decimal: &str| Money::parse(decimal).unwrap_or_default();
    let first = found.points.first().map(|point| money(&point.total_usd_month)).unwrap_or_default();
    for (at, point) in found.points.iter().enumerate() {
        let more = money(&point.total_usd_month) - first;
        let changes = if at == 0 { "the cheapest of all".to_owned() } else { explain_text::moves(&point.moved) };
        let row = [
            format!("{} ms", point.latency_ms),
            usd(&point.total_usd_month),
            format!("+{more}"),
            mark(point).to_owned(),
            changes,
        ];
        if point.cheapest_allowed { grid.strong_row(row) } else { grid.row(row) }
    }
    let title = look.strong(&format!("{}: cost against latency of {}", found.app, measure(found)));
    format!("{title}\n{}{}\n", grid.render(), closing(found))
}

fn mark(point: &wire::Point) -> &'static str {
    match (point.cheapest_allowed, point.within_bound, point.within_budget) {
        (true, _, _) => "cheapest allowed",
        (_, false, _) => "beyond the bound",
        (_, _, false) => "beyond the budget",
        _ => "",
    }
}

/// What the list is, in a sentence.
pub fn closing(found: &wire::Frontier) -> String {
    let count = found.points.len();
    if found.complete {
        format!("{count} points, each proven; no other placement is both as fast and as cheap as any of them")
    } else {
        format!(
            "{count} points, each proven, but the search ended at its limits: faster and dearer points may be missing \
             (--points-max, --nodes-max)"
        )
    }
}
