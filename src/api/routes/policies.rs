//! Policies: those that come with placer, and those that were given.

use super::{ADMIN, FILE_MAX, VIEWER, delete, fails, get, head, put, route};
use crate::api::answer::{Found, Gone, Put, Text, Toml};
use crate::api::call::{Call, Nothing, TomlBody};
use crate::api::page::{Name, moment};
use crate::api::problem::{Kind, Problem};
use crate::api::route::{Head, Route};
use crate::api::routes::apps::known_policy;
use crate::api::state::{Api, blocking};
use crate::policy::file::{BUILT_IN, built_in, parse};
use crate::store::{Forgotten, PolicyRow, Store, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

pub fn routes() -> Vec<Route> {
    let unfit: &[Kind] = &[Kind::Conflict];
    let put_head =
        fails(head("/v1/policies/{name}", "putPolicy", ADMIN, "Gives a policy, or a newer one of that name."), unfit);
    vec![
        route!(get(head("/v1/policies", "listPolicies", VIEWER, "Lists the policies.")), list),
        route!(get(head("/v1/policies/{name}", "getPolicy", VIEWER, "Gives a policy's file as it was given.")), show),
        route!(put(Head { body_max: FILE_MAX, ..put_head }), give),
        route!(
            delete(fails(
                head("/v1/policies/{name}", "deletePolicy", ADMIN, "Forgets a policy that no application uses."),
                unfit
            )),
            forget
        ),
    ]
}

/// The name of a policy.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct PolicyPath {
    /// Its name.
    name: Name,
}

/// A policy.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Policy {
    /// Its name.
    name: String,
    /// Whether it comes with placer, and cannot be changed.
    built_in: bool,
    /// When it was given; `null` for those that come with placer.
    changed_at: Option<String>,
}

/// The policies.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Policies {
    /// Those that come with placer, then the others by name.
    items: Vec<Policy>,
}

fn told(row: &PolicyRow) -> Policy {
    Policy { name: row.name.clone(), built_in: false, changed_at: Some(moment(row.changed_at)) }
}

async fn list(api: Arc<Api>, _: Call<Nothing, Nothing, Nothing>) -> Result<Found<Policies>, Problem> {
    let given = api.store(Store::policies).await?;
    let own = BUILT_IN.iter().map(|(name, _)| Policy { name: (*name).to_owned(), built_in: true, changed_at: None });
    Ok(Found(Policies { items: own.chain(given.iter().map(told)).collect() }))
}

async fn show(api: Arc<Api>, call: Call<PolicyPath, Nothing, Nothing>) -> Result<Text<Toml>, Problem> {
    api.store(move |store| known_policy(store, &call.path.name.0)).await.map(Text::new)
}

fn changeable(name: &str) -> Result<(), Problem> {
    if built_in(name).is_some() {
        return Err(Problem::new(Kind::Conflict, format_args!("`{name}` comes with placer; give yours another name")));
    }
    Ok(())
}

async fn give(api: Arc<Api>, call: Call<PolicyPath, Nothing, TomlBody>) -> Result<Put<Policy>, Problem> {
    let (seen, name, bytes) = (api.seen().await?, call.path.name.0, call.body.0);
    changeable(&name)?;
    let text = blocking(move || {
        let providers = seen.book.book.provider_names();
        parse(&bytes, "policy.toml", &providers).map_err(|faults| Problem::faults("the policy", &faults))?;
        Ok::<_, Problem>(String::from_utf8_lossy(&bytes).into_owned())
    });
    let row = PolicyRow { name, text: text.await??, changed_at: api.now() };
    let put = move |store: &Store| -> Result<_, StoreError> {
        let new = store.policy(&row.name)?.is_none();
        store.put_policy(&row)?;
        Ok(Put { new, location: format!("/v1/policies/{}", row.name), value: told(&row) })
    };
    api.store(put).await
}

async fn forget(api: Arc<Api>, call: Call<PolicyPath, Nothing, Nothing>) -> Result<Gone, Problem> {
    let (name, now) = (call.path.name.0, api.now());
    changeable(&name)?;
    api.store(move |store| match store.forget_policy(&name, now)? {
        Forgotten::Done => Ok(Gone),
        Forgotten::Unknown => Err(Problem::not_found("policy", &name)),
        Forgotten::Used { app } => {
            let told = format!("`{app}` uses the policy `{name}`; give it another one first");
            Err(Problem::new(Kind::Conflict, told))
        }
    })
    .await
}
