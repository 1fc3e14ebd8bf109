//! Components that run the application's own program.

use super::failures::{missing, passing};
use super::gate::Gate;
use super::guard::{Patience, wait_for};
use super::holders::{is_running, noted};
use super::layout::AppDir;
use super::side::{Call, Family, Side, words};
use super::supervise::{self, Launch};
use super::{Process, ask, store};
use crate::app::{App, Component};
use crate::exec::{Failure, Health};
use std::path::Path;
use std::time::{Duration, Instant};

/// The word that stands for placer's own binary in a command.
pub const PLACER: &str = "placer";
/// How long a program to which nobody connects has to run before it is taken for one that works.
const SETTLED: Duration = Duration::from_millis(400);
/// How often a program is started before it is said that it does not stay.
const STARTS_MAX: u32 = 5;

/// Starts what does not run of a side. The caller has its hand.
///
/// # Errors
/// A program or a secret that is not there.
pub fn start(process: &Process, app: &AppDir, side: &Side) -> Result<(), Failure> {
    for (index, dir) in side.processes().iter().enumerate() {
        if is_running(dir).unwrap_or(false) || (side.file.family == Family::Job && dir.join("pid").exists()) {
            continue;
        }
        let Some((program, args)) = side.file.command.split_first() else { continue };
        let program = if program == PLACER { process.program.clone() } else { program.into() };
        let env = environment(process, app, side, side.file.ports.get(index).copied())?;
        let launch = Launch { program, args: args.to_vec(), env, cwd: Some(dir.clone()), ..Launch::default() };
        supervise::start(&process.program, dir, &launch)?;
    }
    Ok(())
}

/// The environment of a process: what the file states comes last, and wins, but for the port.
fn environment(
    process: &Process,
    app: &AppDir,
    side: &Side,
    port: Option<u16>,
) -> Result<Vec<(String, String)>, Failure> {
    let file = &side.file;
    let mut env = vec![
        ("PLACER_APP".to_owned(), file.app.clone()),
        ("PLACER_COMPONENT".to_owned(), file.component.clone()),
        ("PLACER_REGION".to_owned(), side.place()),
    ];
    for call in &file.calls {
        if let Some(url) = url(app, call, side)? {
            env.push((call.variable(), url));
        }
    }
    env.extend(file.env.iter().cloned());
    for name in &file.secrets {
        let value = (process.variables)(name).ok_or_else(|| no_secret(&file.component, name))?;
        env.push((name.clone(), value));
    }
    env.extend(port.map(|port| ("PORT".to_owned(), port.to_string())));
    Ok(env)
}

/// That a secret is not in placer's environment.
pub fn no_secret(component: &str, name: &str) -> Failure {
    missing(format!("`{component}` needs the secret {name}, which is not in placer's environment"))
        .help(format!("set {name} where placer runs"))
}

/// The stable address of a component that a side calls, by the listener that is this side's own.
fn url(app: &AppDir, call: &Call, side: &Side) -> Result<Option<String>, Failure> {
    let gate = Gate::of(app, &call.component)?;
    let caller = side.caller();
    let routes = gate.routes()?;
    let listener = routes.listeners.iter().find(|listener| listener.caller.as_deref() == Some(&caller));
    match (listener, store::of(call.family)) {
        (Some(listener), Some(store)) => store.url(&gate, listener).map(Some),
        (listener, _) => Ok(listener.map(|listener| call.family.address(listener.port))),
    }
}

/// Whom a component calls, of those that can be called.
pub fn calls(app: &App, component: &Component) -> Vec<Call> {
    let me = app.components.iter().position(|other| other.name == component.name);
    let called = app.links.iter().filter(|link| Some(link.from) == me).map(|link| &app.components[link.to]);
    let call = |other: &Component| {
        let family = Family::of(other.kind).ok().filter(|family| family.answers())?;
        Some(Call { component: other.name.clone(), family })
    };
    called.filter_map(call).collect()
}

/// How a side is.
pub fn health(side: &Side) -> Health {
    let of = |(index, dir): (usize, &std::path::PathBuf)| {
        let runs = is_running(dir).unwrap_or(false);
        match side.file.family {
            Family::Job if runs || dir.join("pid").exists() => Health::Ready,
            _ if !runs => Health::Stopped,
            Family::Service => ask::http(side.file.ports.get(index).copied().unwrap_or(0)),
            _ => Health::Ready,
        }
    };
    let all: Vec<Health> = side.processes().iter().enumerate().map(of).collect();
    match all.first() {
        Some(first) if all.iter().all(|health| health == first) => *first,
        _ => Health::Starting,
    }
}

/// Waits until a side answers, and starts again what has ended meanwhile.
///
/// # Errors
/// A program that does not stay; the end of the patience.
pub fn verify(process: &Process, app: &AppDir, side: &Side, patience: &dyn Patience) -> Result<(), Failure> {
    let mut starts = 0;
    let mut settled: Option<(Vec<Option<i32>>, Instant)> = None;
    wait_for(patience, || {
        let health = health(side);
        let pids = || side.processes().iter().map(|dir| noted(dir)).collect::<Vec<_>>();
        if health == Health::Ready {
            if side.file.family != Family::Worker {
                return Ok(Some(()));
            }
            match &settled {
                Some((known, since)) if *known == pids() => return Ok((since.elapsed() > SETTLED).then_some(())),
                _ => settled = Some((pids(), Instant::now())),
            }
        }
        if side.processes().iter().all(|dir| is_running(dir).unwrap_or(false)) {
            return Ok(None);
        }
        starts += 1;
        if starts > STARTS_MAX {
            return Err(does_not_stay(side));
        }
        // Somebody may be about to stop or start it, the keeper: whoever comes first.
        process.start_side(app, side)?;
        patience.pause(Duration::from_millis(100) * starts)?;
        Ok(None)
    })
}

fn does_not_stay(side: &Side) -> Failure {
    let logs = side.processes();
    let said = logs.iter().map(|dir| supervise::log_tail(dir)).find(|log| !log.trim().is_empty());
    let said = said.map(|log| log.trim().lines().last().unwrap_or_default().to_owned());
    let log = logs.first().map(|dir| dir.join("log"));
    let help = format!("its output is in {}", log.as_deref().unwrap_or(Path::new("")).display());
    let what =
        format!("{} ends whenever it is started: {}", words(&side.dir), said.as_deref().unwrap_or("it says nothing"));
    passing(what).help(help)
}
