//! The summary of a fleet for people and spreadsheets, made from the canonical form and from nothing else.

use crate::cli::failure::Failure;
use crate::cli::lists;
use crate::cli::text::{Grid, Look, Side, usd};
use crate::report::fleet::{Fleet, Row, Totals};
use crate::report::wire::Action;
use std::fmt::Write as _;
use std::io::Write;

const HEADING: [(&str, Side); 7] = [
    ("FILE", Side::Left),
    ("APP", Side::Left),
    ("STATUS", Side::Left),
    ("DECISION", Side::Left),
    ("TODAY", Side::Right),
    ("TOTAL", Side::Right),
    ("SAVING", Side::Right),
];

fn word(action: Option<Action>) -> &'static str {
    match action {
        Some(Action::Stay) => "stay",
        Some(Action::Move) => "move",
        Some(Action::New) => "new",
        None => "",
    }
}

/// The whole summary.
#[must_use]
pub fn render(fleet: &Fleet, look: Look) -> String {
    let totals = &fleet.totals;
    let mut text = format!("{}\n", look.strong(&headline(totals)));
    let placed: Vec<&Row> = fleet.apps.iter().filter(|row| row.total_usd_month.is_some()).collect();
    if !placed.is_empty() {
        text += &look.title("Applications");
        text += &applications(&placed, look);
    }
    text += &look.title("All together");
    text += &sums(totals, look);
    let without: Vec<&Row> = fleet.apps.iter().filter(|row| row.reason.is_some()).collect();
    if !without.is_empty() {
        text += &look.title("Without a placement");
        for row in without {
            let reason = row.reason.as_deref().unwrap_or_default();
            text += &look.bullet(&format!("{} ({}): {reason}", row.file, row.status.as_str()));
        }
    }
    let book = &fleet.price_book;
    let _ = writeln!(text, "\nPrice book of {}, oldest price of {}\nsha256 {}", book.as_of, book.oldest, book.digest);
    text
}

fn headline(totals: &Totals) -> String {
    let placed = totals.optimal + totals.feasible;
    format!(
        "{} applications: {placed} placed ({} proven optimal) for {} a month",
        totals.apps,
        totals.optimal,
        usd(&totals.total_usd_month)
    )
}

fn applications(rows: &[&Row], look: Look) -> String {
    let amount = |decimal: &Option<String>| decimal.as_deref().map(usd).unwrap_or_default();
    let cells = |row: &&Row| {
        let gap = row.gap_pct.map(|gap| format!(" (gap {gap}%)")).unwrap_or_default();
        [
            row.file.clone(),
            row.app.clone().unwrap_or_default(),
            format!("{}{gap}", row.status.as_str()),
            word(row.decision).to_owned(),
            amount(&row.today_usd_month),
            amount(&row.total_usd_month),
            amount(&row.saving_usd_month),
        ]
    };
    if look.markdown {
        let mut grid = Grid::new(look, &HEADING);
        for row in rows {
            grid.row(cells(row));
        }
        return grid.render();
    }
    let mut text = Vec::new();
    // Writing to memory cannot fail.
    let _ = lists::columns(&HEADING, || rows.iter().map(cells), &mut text);
    String::from_utf8(text).unwrap_or_default()
}

fn sums(totals: &Totals, look: Look) -> String {
    let mut grid = Grid::new(look, &[("", Side::Left), ("APPS", Side::Right), ("$/MONTH", Side::Right)]);
    let mut row =
        |what: &str, apps: usize, amount: &str| grid.row([what.to_owned(), apps.to_string(), amount.to_owned()]);
    row("recommended", totals.optimal + totals.feasible, &usd(&totals.total_usd_month));
    row("today, where it is known", totals.stay + totals.moves, &usd(&totals.today_usd_month));
    row("saving", totals.moves, &usd(&totals.saving_usd_month));
    for (what, apps) in [
        ("stay", totals.stay),
        ("move", totals.moves),
        ("new", totals.new),
        ("not proven optimal", totals.feasible),
        ("infeasible", totals.infeasible),
        ("invalid", totals.invalid),
        ("failed", totals.failed),
    ] {
        row(what, apps, "");
    }
    grid.render()
}

/// One line per application.
pub fn csv(fleet: &Fleet, out: &mut dyn Write) -> Result<(), Failure> {
    let heading = [
        "file",
        "app",
        "status",
        "decision",
        "total_usd_month",
        "today_usd_month",
        "saving_usd_month",
        "gap_pct",
        "reason",
    ];
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let row = |row: &Row| {
        [
            row.file.clone(),
            text(&row.app),
            row.status.as_str().to_owned(),
            word(row.decision).to_owned(),
            text(&row.total_usd_month),
            text(&row.today_usd_month),
            text(&row.saving_usd_month),
            row.gap_pct.map(|gap| gap.to_string()).unwrap_or_default(),
            text(&row.reason),
        ]
    };
    lists::csv(&heading, fleet.apps.iter().map(row), out)
}
