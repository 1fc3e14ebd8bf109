//! `placer plan`: the application's file in, the steps from today's placement to the recommended one out. Today is where placer
//! has put the application, where it has; else what the file states.

use super::args::{PlanArgs, ReportFormat};
use super::failure::Failure;
use super::text::Look;
use super::{input, output, place, plan_text, policy, report_text};
use crate::catalog::PriceBook;
use crate::plan::{Circumstances, Options, Placement, Plan, decide, plan, to_json};
use crate::policy::Policy;
use crate::report::{BaselineKind, Outcome, Placed, recommend};
use crate::solve::Limits;
use std::io::Write;

/// Runs the command.
pub fn run(args: &PlanArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let text = input::app_bytes(&args.app)?;
    let book = input::book(args.book.price_book.as_deref())?;
    let app = input::app(&args.app, &text, &book)?;
    let limits = Limits { nodes_max: args.nodes_max, ..Limits::default() };
    let policy = args.policy.as_deref().map(|name| policy::read(name, &book)).transpose()?;
    let options = Options { keep_hours: args.keep_hours, ..Options::default() };
    #[cfg(feature = "run")]
    let app = super::carry::as_deployed(app)?;
    let found = recommend(&app, &book, policy.as_ref().unwrap_or(&Policy::default()), &limits)
        .map_err(super::recommend::refused)?;
    let placed: &Placed = match &found.outcome {
        Outcome::Placed(placed) => placed,
        Outcome::Infeasible(_) => {
            let report = found.to_wire(&app, &book);
            let told = report.conflict.as_ref().map(|conflict| report_text::conflict(&report.app, conflict));
            return Err(Failure::Infeasible(told.unwrap_or_default()));
        }
    };
    let today = placed.baselines.iter().find(|baseline| baseline.kind == BaselineKind::Today);
    let from = Placement::today(&app, &found.problem, today.and_then(|today| today.total));
    #[cfg(feature = "run")]
    let from = match super::carry::deployed(&app.name)? {
        Some(there) => Placement { usd_month: from.usd_month, ..there },
        None => from,
    };
    let to = Placement::of(&app, &found.problem, &placed.assignment, placed.bill.total);
    let app_toml = String::from_utf8_lossy(&text).into_owned();
    let plan = Plan { app_toml, ..plan(&app, &found.problem, from, to, &options) };
    print(args, &plan, out)?;
    if args.format == ReportFormat::Json {
        return Ok(());
    }
    if let Some(policy) = &policy {
        decided(policy, &plan, &book, out)?;
    }
    place::tell_freshness(args.book.price_book.as_deref(), &book, out)
}

/// What a policy makes of a plan, by the clock and the date of the prices.
fn decided(policy: &Policy, plan: &Plan, book: &PriceBook, out: &mut dyn Write) -> Result<(), Failure> {
    let at_noon = |date: &str| {
        let date = date.parse::<jiff::civil::Date>().ok()?;
        Some(date.at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
    };
    let circumstances =
        Circumstances { now: jiff::Timestamp::now().as_second(), prices_at: at_noon(&book.as_of), past: &[] };
    let look = Look::of_stdout();
    let mut lines = policy::words(policy, &decide(plan, &policy.moves, &circumstances)).into_iter();
    writeln!(out, "\n{}", look.strong(&lines.next().unwrap_or_default()))?;
    for line in lines {
        out.write_all(look.bullet(&line).as_bytes())?;
    }
    Ok(())
}

fn print(args: &PlanArgs, plan: &Plan, out: &mut dyn Write) -> Result<(), Failure> {
    if let Some(path) = &args.out {
        output::write(Some(path), to_json(plan)?.as_bytes(), out)?;
    }
    match args.format {
        ReportFormat::Json => out.write_all(to_json(plan)?.as_bytes())?,
        ReportFormat::Table => out.write_all(told(plan, Look::of_stdout()).as_bytes())?,
        ReportFormat::Markdown => out.write_all(told(plan, Look::markdown()).as_bytes())?,
    }
    Ok(())
}

/// The plan, and that nothing has happened yet.
fn told(plan: &Plan, look: Look) -> String {
    let text = plan_text::render(plan, look);
    if plan.steps.is_empty() { text } else { text + "nothing was changed; every step but `retire` can be undone\n" }
}
