//! Applications, and what is recommended for them.

use super::{ADMIN, FILE_MAX, OPERATOR, VIEWER, delete, fails, get, head, put, route};
use crate::api::answer::{Found, Gone, Kept, Put, Text, Toml};
use crate::api::call::{Call, Nothing, TomlBody};
use crate::api::page::{Name, moment};
use crate::api::problem::{Kind, Problem};
use crate::api::route::{Head, Route};
use crate::api::state::{Api, policy_text};
use crate::app::parse_app;
use crate::catalog::listing::UnknownName;
use crate::policy::file::BUILT_IN;
use crate::report::wire;
use crate::store::{AppRow, Store, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

pub fn routes() -> Vec<Route> {
    let put_head = head("/v1/apps/{name}", "putApp", OPERATOR, "Gives an application's app.toml, or a newer one.");
    let unfit: &[Kind] = &[Kind::Conflict];
    vec![
        route!(get(head("/v1/apps", "listApps", VIEWER, "Lists the applications that are looked after.")), list),
        route!(get(head("/v1/apps/{name}", "getApp", VIEWER, "Shows an application.")), show),
        route!(put(Head { body_max: FILE_MAX, ..put_head }), give),
        route!(
            delete(fails(
                head(
                    "/v1/apps/{name}",
                    "deleteApp",
                    ADMIN,
                    "Looks after an application no longer; it must not be anywhere."
                ),
                unfit
            )),
            forget
        ),
        route!(
            get(head("/v1/apps/{name}/app.toml", "getAppFile", VIEWER, "Gives an application's file as it was given.")),
            file
        ),
        route!(
            get(fails(
                head(
                    "/v1/apps/{name}/recommendation",
                    "recommend",
                    VIEWER,
                    "Recommends where to run an application, with its exact bill."
                ),
                unfit
            )),
            recommendation
        ),
    ]
}

/// The name of an application.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct AppPath {
    /// Its name.
    name: Name,
}

/// Which policy.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyQuery {
    /// Name of a policy; without it, the application's own.
    #[serde(default)]
    policy: Option<Name>,
}

/// An application that is looked after.
#[derive(Debug, Serialize, JsonSchema)]
pub struct App {
    /// Its name.
    name: String,
    /// Name of its policy; `null`: it has none of its own.
    policy: Option<String>,
    /// When its file was given.
    changed_at: String,
    /// Where it is; `null`: nowhere that placer has put it.
    deployment: Option<Deployment>,
}

/// Where an application is.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Deployment {
    /// Since when.
    at: String,
    /// Who carries it.
    executor: String,
    /// The run that left it so.
    run: String,
    /// Its components.
    seats: Vec<Seat>,
}

/// Where and how a component runs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Seat {
    /// Name of the component, with its replica where it is spread (`web#2`).
    component: String,
    /// What it is.
    kind: String,
    /// Who sells it.
    provider: String,
    /// Where.
    region: String,
    /// What.
    offer: String,
    /// How it is bought.
    purchase: String,
    /// How many units of the offer.
    count: u32,
}

impl Seat {
    /// A seat as it is shown.
    #[must_use]
    pub fn of(seat: &crate::plan::Seat) -> Self {
        Self {
            component: seat.component.clone(),
            kind: seat.kind.as_str().to_owned(),
            provider: seat.provider.clone(),
            region: seat.region.clone(),
            offer: seat.offer.clone(),
            purchase: seat.purchase.as_str().to_owned(),
            count: seat.count,
        }
    }
}

/// The applications.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Apps {
    /// By name.
    items: Vec<App>,
}

fn told(store: &Store, row: AppRow) -> Result<App, StoreError> {
    let deployment = store.deployment(&row.name)?.filter(|there| !there.placement.seats.is_empty());
    Ok(App {
        policy: Some(row.policy).filter(|name| !name.is_empty()),
        changed_at: moment(row.changed_at),
        deployment: deployment.map(|there| Deployment {
            at: moment(there.at),
            executor: there.executor,
            run: there.run,
            seats: there.placement.seats.iter().map(Seat::of).collect(),
        }),
        name: row.name,
    })
}

async fn list(api: Arc<Api>, _: Call<Nothing, Nothing, Nothing>) -> Result<Found<Apps>, Problem> {
    let read = |store: &Store| store.apps()?.into_iter().map(|row| told(store, row)).collect::<Result<_, StoreError>>();
    api.store(read).await.map(|items| Found(Apps { items }))
}

async fn show(api: Arc<Api>, call: Call<AppPath, Nothing, Nothing>) -> Result<Found<App>, Problem> {
    let name = call.path.name.0;
    let wanted = name.clone();
    let found = api.store(move |store| store.app(&wanted)?.map(|row| told(store, row)).transpose()).await?;
    found.map(Found).ok_or_else(|| Problem::not_found("application", &name))
}

async fn file(api: Arc<Api>, call: Call<AppPath, Nothing, Nothing>) -> Result<Text<Toml>, Problem> {
    let seen = api.seen().await?;
    api.app(&seen, &call.path.name.0).await.map(|app| Text::new(app.row.text.clone()))
}

async fn give(api: Arc<Api>, call: Call<AppPath, PolicyQuery, TomlBody>) -> Result<Put<App>, Problem> {
    let seen = api.seen().await?;
    let name = call.path.name.0;
    let location = format!("/v1/apps/{name}");
    let bytes = call.body.0;
    let app = crate::api::state::blocking({
        let (seen, bytes) = (Arc::clone(&seen), bytes.clone());
        move || parse_app(&bytes, "app.toml", &seen.book.names).map_err(|faults| Problem::faults("app.toml", &faults))
    })
    .await??;
    if app.name != name {
        let told = format!("the file is of `{}`, and the path of `{name}`; make them the same", app.name);
        return Err(Problem::at("#/name", told));
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (now, policy) = (api.now(), call.query.policy.map(|name| name.0));
    api.store(move |store| -> Result<_, Problem> {
        if let Some(policy) = &policy {
            known_policy(store, policy)?;
        }
        let before = store.app(&name)?;
        // A file that is given anew keeps its policy, unless another one is named.
        let kept = before.as_ref().map(|row| row.policy.clone()).unwrap_or_default();
        let row = AppRow { name, text, policy: policy.unwrap_or(kept), changed_at: now };
        store.put_app(&row)?;
        Ok(Put { new: before.is_none(), location, value: told(store, row)? })
    })
    .await
}

/// That there is a policy of a name.
///
/// # Errors
/// There is none; the nearest is told.
pub fn known_policy(store: &Store, name: &str) -> Result<String, Problem> {
    if let Some(text) = policy_text(store, name)? {
        return Ok(text);
    }
    let given = store.policies()?;
    let known = BUILT_IN.iter().map(|(name, _)| *name).chain(given.iter().map(|row| row.name.as_str()));
    Err(Problem::new(Kind::NotFound, UnknownName::of("policy", name, known)))
}

async fn forget(api: Arc<Api>, call: Call<AppPath, Nothing, Nothing>) -> Result<Gone, Problem> {
    let (name, now) = (call.path.name.0, api.now());
    api.store(move |store| {
        let there = store.deployment(&name)?.is_some_and(|there| !there.placement.seats.is_empty());
        if store.app(&name)?.is_some() && (there || !store.open_plan_runs(Some(&name))?.is_empty()) {
            let told = format!("`{name}` is somewhere, or on its way; `placer down {name}` takes it down first");
            return Err(Problem::new(Kind::Conflict, told));
        }
        if store.forget_app(&name, now)? { Ok(Gone) } else { Err(Problem::not_found("application", &name)) }
    })
    .await
}

async fn recommendation(
    api: Arc<Api>,
    call: Call<AppPath, PolicyQuery, Nothing>,
) -> Result<Kept<wire::Report>, Problem> {
    let seen = api.seen().await?;
    let app = api.app(&seen, &call.path.name.0).await?;
    let other = match call.query.policy {
        Some(Name(name)) => {
            let wanted = name.clone();
            Some((name, api.store(move |store| known_policy(store, &wanted)).await?))
        }
        None => None,
    };
    let (tag, report) = api.report(&seen, &app, other).await?;
    Ok(Kept::new(&call.headers, &tag, || report.text.clone()))
}
