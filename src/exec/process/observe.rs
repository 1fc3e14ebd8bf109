//! What is really there: folders, locks, ports that are asked, and what the proxies go by.

use super::Process;
use super::command;
use super::failures::passing;
use super::gate::Gate;
use super::layout::{AppDir, of_folder};
use super::routes::Routes;
use super::side::Side;
use super::store;
use crate::exec::{Failure, Health, Sighting};
use std::collections::BTreeMap;
use std::path::Path;

/// All sides of an application.
pub fn all(process: &Process, app: &AppDir) -> Result<Vec<Sighting>, Failure> {
    let mut gates = BTreeMap::new();
    for component in app.components()? {
        let gate = Gate::of(app, &component)?;
        let routes = gate.routes()?;
        gates.insert(component, (gate, routes));
    }
    app.sides()?.iter().map(|dir| seen(process, app, dir, &gates)).collect()
}

fn seen(
    process: &Process,
    app: &AppDir,
    dir: &Path,
    gates: &BTreeMap<String, (Gate, Routes)>,
) -> Result<Sighting, Failure> {
    let (component, seat) =
        of_folder(dir).ok_or_else(|| passing(format!("{} was not made by placer", dir.display())))?;
    let name = |path: Option<&Path>| {
        path.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    };
    let mut sighting = Sighting {
        component: component.to_owned(),
        seat: seat.to_owned(),
        provider: name(dir.parent().and_then(Path::parent)),
        region: name(dir.parent()),
        health: Health::Stopped,
        percent: 0,
        writable: None,
        address: None,
    };
    // Without its file it is one that was never finished, or is half gone: it is there, and does nothing.
    let Some(side) = Side::read(dir)? else { return Ok(sighting) };
    let family = side.file.family;
    match store::of(family) {
        Some(store) => {
            sighting.health = store.health(process, app, &side);
            sighting.writable = Some(store.is_writable(process, app, &side));
        }
        None => sighting.health = command::health(&side),
    }
    if let Some((gate, routes)) = gates.get(super::layout::base(component))
        && (!family.answers() || gate.is_running())
    {
        sighting.percent = routes.target(component, seat).map_or(0, |target| target.percent);
    }
    let stable = gates.get(super::layout::base(component)).and_then(|(_, routes)| stable(routes));
    let port = if sighting.percent > 0 { stable } else { Some(side.port()) };
    sighting.address = port.filter(|_| family.answers()).map(|port| family.address(port));
    Ok(sighting)
}

/// The stable address of a component.
pub fn stable_address(app: &AppDir, component: &str) -> Result<Option<String>, Failure> {
    let Some(port) = stable(&Gate::of(app, component)?.routes()?) else { return Ok(None) };
    for dir in app.sides()? {
        let is = of_folder(&dir).is_some_and(|(name, _)| super::layout::base(name) == super::layout::base(component));
        if let Some(side) = if is { Side::read(&dir)? } else { None } {
            return Ok(Some(side.file.family.address(port)));
        }
    }
    Ok(None)
}

/// The port of a proxy that is for people.
fn stable(routes: &Routes) -> Option<u16> {
    routes.listeners.iter().find(|listener| listener.caller.is_none()).map(|listener| listener.port)
}
