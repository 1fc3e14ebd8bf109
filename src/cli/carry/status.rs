//! `placer status`: where applications are, what is really there, and whether the two agree.

use super::args::StatusArgs;
use super::scene;
use crate::cli::failure::Failure;
use crate::cli::text::{Grid, Look, Side, moment};
use crate::exec::{Sighting, differences};
use crate::plan::run::{Progress, Side as Expected};
use crate::plan::{Placement, read};
use crate::store::{PlanRunState, Store};
use std::io::Write;

/// Runs the command.
pub fn run(args: &StatusArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let store = scene::store(args.store.as_deref())?;
    let mut names: Vec<String> = store.apps().map_err(Failure::other)?.into_iter().map(|app| app.name).collect();
    names.extend(store.deployed().map_err(Failure::other)?);
    names.extend(store.open_plan_runs(None).map_err(Failure::other)?.into_iter().map(|run| run.app));
    names.sort_unstable();
    names.dedup();
    names.retain(|name| args.app.as_ref().is_none_or(|wanted| wanted == name));
    if names.is_empty() {
        return match &args.app {
            Some(name) => Err(Failure::Input(format!("the store knows no application `{name}`"))),
            None => Ok(writeln!(out, "no application is looked after; `placer up app.toml` begins with one")?),
        };
    }
    let mut differ = Vec::new();
    for name in names {
        if !application(&store, &name, out)? {
            differ.push(name);
        }
    }
    if differ.is_empty() {
        return Ok(());
    }
    let names = differ.join(", ");
    Err(Failure::Other(format!(
        "what is there differs from the journal: {names}; `placer runs` shows what was under way"
    )))
}

/// Tells about one application; false when what is there is not what the journal says.
fn application(store: &Store, app: &str, out: &mut dyn Write) -> Result<bool, Failure> {
    let deployment = store.deployment(app).map_err(Failure::other)?;
    let open = store.open_plan_runs(Some(app)).map_err(Failure::other)?.into_iter().next();
    let look = Look::of_stdout();
    writeln!(out, "{}", look.strong(app))?;
    let own = open.as_ref().map(|run| run.executor.clone());
    let executor = own.or_else(|| deployment.as_ref().map(|there| there.executor.clone()));
    let placement = deployment.map(|there| there.placement).unwrap_or_default();
    let mut expected = sides(&placement);
    if let Some(run) = &open {
        let told = match run.state {
            PlanRunState::Keeping => "keeps the old sides".to_owned(),
            PlanRunState::Stuck => format!("is stuck; `placer runs resume {}` goes on", run.id),
            _ if store.is_locked(app).map_err(Failure::other)? => "is being carried out".to_owned(),
            _ => format!("was interrupted; `placer runs resume {}` goes on", run.id),
        };
        out.write_all(look.bullet(&format!("run {} {told} (since {})", run.id, moment(run.changed_at))).as_bytes())?;
        let kept = store.plan(&run.plan).map_err(Failure::other)?;
        if let Some(kept) = kept {
            let plan = read(kept.document.as_bytes()).map_err(Failure::other)?;
            let journal = store.journal(&run.id).map_err(Failure::other)?;
            expected = Progress::of(&plan, &journal).map_err(Failure::other)?.sides(&plan);
        }
    }
    let Some(executor) = executor else {
        out.write_all(look.bullet("nothing of it was put anywhere").as_bytes())?;
        return Ok(true);
    };
    let seen = scene::executor(&executor, store)?.observe(app).map_err(Failure::other)?;
    out.write_all(table(&seen, look).render().as_bytes())?;
    let differences = differences(&expected, &seen);
    for difference in &differences {
        out.write_all(look.bullet(&difference.to_string()).as_bytes())?;
    }
    Ok(differences.is_empty())
}

/// What there should be when no run is open.
fn sides(placement: &Placement) -> Vec<Expected> {
    let side = |seat: &crate::plan::Seat| Expected { seat: seat.clone(), certain: true, percent: Some(100) };
    placement.seats.iter().map(side).collect()
}

fn table(seen: &[Sighting], look: Look) -> Grid {
    let head = ["component", "where", "side", "state", "traffic", "writes", "address"];
    let side = |name| (name, if name == "traffic" { Side::Right } else { Side::Left });
    let mut grid = Grid::new(look, &head.map(side));
    for s in seen {
        let writes = s.writable.map_or("", |yes| if yes { "yes" } else { "no" });
        grid.row([
            s.component.clone(),
            format!("{}:{}", s.provider, s.region),
            s.seat.clone(),
            s.health.as_str().into(),
            format!("{} %", s.percent),
            writes.into(),
            s.address.clone().unwrap_or_default(),
        ]);
    }
    grid
}
