//! `placer plans`: what waits for a decision, and the decision.

use super::args::{PlanRefArgs, PlansArgs, PlansCommand};
use super::scene;
use crate::cli::failure::Failure;
use crate::cli::plan_text;
use crate::cli::text::{Grid, Look, Side, moment};
use crate::control::{Clock, SystemClock};
use crate::plan::read;
use crate::store::{PlanRow, Store};
use std::io::Write;

/// Plans in a list.
const PLANS_SHOWN: u32 = 50;
/// Digits of a digest in a list.
const DIGITS: usize = 12;

/// Runs the command.
pub fn run(args: &PlansArgs, out: &mut dyn Write) -> Result<(), Failure> {
    match &args.command {
        None => list(args, out),
        Some(PlansCommand::Show(plan)) => show(plan, out),
        Some(PlansCommand::Approve(plan)) => decide(plan, true, out),
        Some(PlansCommand::Reject(plan)) => decide(plan, false, out),
    }
}

fn list(args: &PlansArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let store = scene::store(args.store.as_deref())?;
    let plans = store.plans(args.app.as_deref(), PLANS_SHOWN).map_err(Failure::other)?;
    if plans.is_empty() {
        return Ok(writeln!(out, "no plan was made yet; `placer up app.toml` and the autopilot make them")?);
    }
    let head = ["plan", "application", "state", "made", "why"].map(|name| (name, Side::Left));
    let mut grid = Grid::new(Look::of_stdout(), &head);
    for plan in plans {
        let short = plan.digest.chars().take(DIGITS).collect();
        grid.row([short, plan.app, plan.state.as_str().into(), moment(plan.made_at), plan.reason]);
    }
    Ok(out.write_all(grid.render().as_bytes())?)
}

/// The plan that some digits mean.
fn find(store: &Store, digits: &str) -> Result<PlanRow, Failure> {
    let all = store.plans_like(digits).map_err(Failure::other)?;
    match <[PlanRow; 1]>::try_from(all) {
        Ok([plan]) => Ok(plan),
        Err(none) if none.is_empty() => {
            Err(Failure::Input(format!("there is no plan `{digits}`; `placer plans` lists them")))
        }
        Err(several) => {
            Err(Failure::Input(format!("{} plans begin with `{digits}`; give more of its digest", several.len())))
        }
    }
}

fn show(args: &PlanRefArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let row = find(&scene::store(args.store.as_deref())?, &args.plan)?;
    let plan = read(row.document.as_bytes()).map_err(Failure::other)?;
    writeln!(out, "plan {}: {}, {}", row.digest, row.state.as_str(), row.reason)?;
    Ok(out.write_all(plan_text::render(&plan, Look::of_stdout()).as_bytes())?)
}

fn decide(args: &PlanRefArgs, approve: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let store = scene::store(args.store.as_deref())?;
    let row = find(&store, &args.plan)?;
    let done = store.decide_plan(&row.digest, approve, "command line", SystemClock.now()).map_err(Failure::other)?;
    if !done {
        let state = row.state.as_str();
        return Err(Failure::Input(format!("plan {} does not wait for a decision: it is {state}", args.plan)));
    }
    let told = if approve { "approved; the autopilot carries it out in its next round" } else { "rejected" };
    Ok(writeln!(out, "plan {} of `{}`: {told}", args.plan, row.app)?)
}
