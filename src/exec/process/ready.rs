//! Whether everything that a plan needs is on the machine.

use super::Process;
use super::command::{PLACER, no_secret};
use super::layout::{AppDir, base};
use super::programs;
use super::side::Family;
use super::steps::PROCESSES_MAX;
use crate::app::{App, Component};
use crate::exec::{Failure, FailureKind};
use crate::plan::Plan;
use std::collections::BTreeSet;

/// Looks for all that is missing.
pub fn ready(process: &Process, app: &App, plan: &Plan) -> Result<(), Failure> {
    let dir = AppDir::new(&process.root, &app.name)?;
    let mut failures = Vec::new();
    if programs::find(&process.program.display().to_string()).is_none() {
        let what = format!("{} is no program, and proxies run by it", process.program.display());
        failures.push(Failure::new(FailureKind::Missing, what).help("start placer from where it is installed"));
    }
    let mut seen = BTreeSet::new();
    for seat in plan.moved.iter().filter_map(|moved| moved.to.as_ref()) {
        failures.extend(dir.side(seat).err());
        if seat.count > PROCESSES_MAX {
            let what = format!(
                "`{}` is to run {} times, and a machine has room for {PROCESSES_MAX}",
                seat.component, seat.count
            );
            failures.push(Failure::new(FailureKind::Refused, what));
        }
        if seen.insert(base(&seat.component)) {
            let component = app.components.iter().find(|component| component.name == base(&seat.component));
            failures.extend(component.into_iter().flat_map(|component| needs(process, component)));
        }
    }
    together(failures)
}

/// What a component needs and has not.
fn needs(process: &Process, component: &Component) -> Vec<Failure> {
    let family = match Family::of(component.kind) {
        Ok(family) => family,
        Err(failure) => return vec![Failure { what: format!("`{}`: {}", component.name, failure.what), ..failure }],
    };
    let name = &component.name;
    let missing = |what: String, help: &str| Failure::new(FailureKind::Missing, what).help(help);
    let mut failures = Vec::new();
    match family {
        Family::Postgres if programs::postgres().is_none() => {
            let what = format!("`{name}` needs PostgreSQL {} or newer", programs::POSTGRES_MIN);
            failures.push(missing(what, "`placer doctor` says how to install it"));
        }
        Family::Redis if programs::redis().is_none() => {
            failures.push(missing(format!("`{name}` needs Redis"), "`placer doctor` says how to install it"));
        }
        Family::Postgres | Family::Redis => {}
        Family::Service | Family::Worker | Family::Job => match component.command.first() {
            None => {
                let what = format!("`{name}` has no `command`: the executor `process` runs programs, not images");
                let help = format!("add `command = [\"program\", \"argument\"]` to `{name}`, or use another executor");
                failures.push(Failure::new(FailureKind::Refused, what).help(help));
            }
            Some(program) if program.contains('/') && !program.starts_with('/') => {
                let what = format!("`{name}` runs `{program}`, which begins in no folder that is known");
                failures.push(Failure::new(FailureKind::Refused, what).help("give its whole path, or put it on PATH"));
            }
            Some(program) if program != PLACER && programs::find(program).is_none() => {
                let what = format!("`{name}` runs `{program}`, which is not on this machine");
                failures.push(missing(what, "install it, or put it on PATH"));
            }
            Some(_) => {}
        },
    }
    let secrets = component.secrets.iter().filter(|secret| (process.variables)(secret).is_none());
    failures.extend(secrets.map(|secret| no_secret(name, secret)));
    failures
}

/// All failures as one.
fn together(failures: Vec<Failure>) -> Result<(), Failure> {
    let mut all = failures.into_iter();
    let Some(first) = all.next() else { return Ok(()) };
    Err(all.fold(first, |held, next| {
        let kind = if held.kind == next.kind { held.kind } else { FailureKind::Refused };
        let help = match (held.help.is_empty(), next.help.is_empty() || held.help.contains(&next.help)) {
            (true, _) => next.help,
            (false, true) => held.help,
            (false, false) => format!("{}; {}", held.help, next.help),
        };
        Failure { kind, what: format!("{}; {}", held.what, next.what), help }
    }))
}
