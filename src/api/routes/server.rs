//! The server itself: whether it is well, what it counts, what it offers, and what happens.

use super::{OPEN, VIEWER, fails, get, head, route};
use crate::api::answer::{Found, Kept, OpenMetrics, Text, tag};
use crate::api::auth::hash;
use crate::api::call::{Call, Nothing};
use crate::api::events::{self, Feed};
use crate::api::openapi::document;
use crate::api::page::{Limit, Name};
use crate::api::problem::{Kind, Problem};
use crate::api::route::Route;
use crate::api::state::Api;
use crate::store::StoreError;
use axum::body::Bytes;
use axum::http::HeaderValue;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, OnceLock};

pub fn routes() -> Vec<Route> {
    vec![
        route!(get(head("/healthz", "getHealth", OPEN, "Says that the server runs.")), health),
        route!(
            get(head("/readyz", "getReadiness", OPEN, "Says whether the store and a price book are at hand.")),
            ready
        ),
        route!(get(head("/openapi.json", "getOpenApi", OPEN, "Gives this document.")), openapi),
        route!(get(head("/metrics", "getMetrics", VIEWER, "Gives what is counted, for Prometheus.")), metrics),
        route!(get(head("/v1/whoami", "whoAmI", VIEWER, "Says who asks, and what they may do.")), who),
        route!(
            get(fails(
                head(
                    "/v1/events",
                    "listEvents",
                    VIEWER,
                    "Lists what changed after an event; with `Accept: text/event-stream` it follows as server-sent events."
                ),
                &[Kind::TooMany]
            )),
            follow
        ),
    ]
}

/// That all is well.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Health {
    /// `ok`.
    status: &'static str,
    /// Version of placer.
    version: &'static str,
    /// Whether no token is needed.
    open: bool,
}

async fn health(api: Arc<Api>, _: Call<Nothing, Nothing, Nothing>) -> Result<Found<Health>, Problem> {
    let open = api.is_open(&api.last_seen());
    Ok(Found(Health { status: "ok", version: env!("CARGO_PKG_VERSION"), open }))
}

/// What is at hand.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Readiness {
    /// `ready`.
    status: &'static str,
    /// Date of the price book in use.
    prices_as_of: String,
}

async fn ready(api: Arc<Api>, _: Call<Nothing, Nothing, Nothing>) -> Result<Found<Readiness>, Problem> {
    // Asking the store for something small shows that it can be read; the book was opened before.
    api.store(|store| store.newest_event().map(|_| ()).map_err(|error: StoreError| error)).await?;
    let seen = api.seen().await?;
    Ok(Found(Readiness { status: "ready", prices_as_of: seen.book.book.as_of.clone() }))
}

async fn openapi(api: Arc<Api>, call: Call<Nothing, Nothing, Nothing>) -> Result<Kept<serde_json::Value>, Problem> {
    /// Without tokens and with them; made once.
    static DOCUMENTS: [OnceLock<(HeaderValue, Bytes)>; 2] = [const { OnceLock::new() }; 2];
    let open = api.is_open(&*api.seen().await?);
    let (tag, text) = DOCUMENTS[usize::from(open)].get_or_init(|| {
        let text = document(&super::routes(), open).to_string();
        (tag(&hash(&text)), text.into())
    });
    Ok(Kept::new(&call.headers, tag, || text.clone()))
}

async fn metrics(api: Arc<Api>, _: Call<Nothing, Nothing, Nothing>) -> Result<Text<OpenMetrics>, Problem> {
    api.metrics.under_way(api.errands.count());
    api.metrics.text().map(Text::new).map_err(|error| Problem::new(Kind::Internal, error))
}

/// Who asks.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Who {
    /// The token's name; `loopback` where no token is needed.
    name: String,
    /// `viewer`, `operator` or `admin`.
    role: &'static str,
    /// Whether no token is needed.
    open: bool,
}

async fn who(api: Arc<Api>, call: Call<Nothing, Nothing, Nothing>) -> Result<Found<Who>, Problem> {
    let open = api.is_open(&*api.seen().await?);
    Ok(Found(Who { name: call.caller.name, role: call.caller.role.as_str(), open }))
}

/// Which events.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventsQuery {
    /// Only after the event of this number; without it, from now on in a stream, from the first one in a list.
    #[serde(default)]
    #[schemars(range(min = 0))]
    after: Option<EventId>,
    /// Only of this application.
    #[serde(default)]
    app: Option<Name>,
    /// How many, in a list.
    #[serde(default)]
    limit: Limit,
}

/// The number of an event.
#[derive(Clone, Copy, Debug)]
pub struct EventId(i64);

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        if number >= 0 { Ok(Self(number)) } else { Err(serde::de::Error::custom("the number of an event is expected")) }
    }
}

impl JsonSchema for EventId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EventId".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 0, "maximum": i64::MAX })
    }
}

async fn follow(api: Arc<Api>, call: Call<Nothing, EventsQuery, Nothing>) -> Result<Feed, Problem> {
    let EventsQuery { after, app, limit } = call.query;
    let (after, app) = (after.map(|id| id.0), app.map(|name| name.0));
    if events::wants_stream(&call.headers) {
        return events::stream(&api, (&call.headers, call.caller), after, app).await;
    }
    events::list(&api, after.unwrap_or(0), app, limit).await
}
