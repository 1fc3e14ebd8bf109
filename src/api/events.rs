//! What changed, as a list or as server-sent events with their numbers, so that a follower that was cut off goes on where it
//! was.

use super::answer::{Answer, AnswerDoc, Found};
use super::auth::Caller;
use super::page::{Limit, moment};
use super::problem::{Kind, Problem};
use super::state::Api;
use crate::store::{EventRow, Store, StoreError};
use axum::http::{HeaderMap, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_stream::wrappers::ReceiverStream;

/// Events that are read at once.
const READ_MAX: u32 = 500;
/// Events that wait for a slow follower; more are read when it has taken these.
const QUEUE_MAX: usize = 16;
/// A follower that takes nothing for so long is let go.
const TAKEN_WITHIN: Duration = Duration::from_secs(30);
/// A follower's token is looked at again after this, also when nothing happens.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// Milliseconds after which a follower that was cut off tries again.
const RETRY_MS: u64 = 2_000;

/// A change.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Change {
    /// Grows with every change.
    id: i64,
    /// When.
    at: String,
    /// Name of the application; empty: none in particular.
    app: String,
    /// `app`, `plan`, `run`, `decision`, `clearing`, `ledger`, `ticks` or `policy`.
    kind: String,
    /// Which one.
    about: String,
}

impl From<EventRow> for Change {
    fn from(row: EventRow) -> Self {
        Self { id: row.id, at: moment(row.at), app: row.app, kind: row.kind, about: row.about }
    }
}

/// A part of the feed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Changes {
    /// Oldest first.
    items: Vec<Change>,
    /// What `after` has to be for what comes next.
    next: i64,
}

/// The feed, one way or the other.
pub enum Feed {
    /// A part of it.
    Part(Changes),
    /// All that comes.
    Stream(Response),
}

impl Answer for Feed {
    fn docs(generator: &mut SchemaGenerator) -> Vec<AnswerDoc> {
        // The stream is told in words: what it carries are the same changes, and it has no end that a schema could describe.
        Found::<Changes>::docs(generator)
    }

    fn respond(self) -> Response {
        match self {
            Self::Part(changes) => Found(changes).respond(),
            Self::Stream(response) => response,
        }
    }
}

/// Whether a client asks for server-sent events.
#[must_use]
pub fn wants_stream(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|media| {
        media.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("text/event-stream"))
    })
}

fn read(store: &Store, after: i64, app: Option<&str>, most: u32) -> Result<(Vec<EventRow>, i64), StoreError> {
    let rows = store.events(after, most)?;
    let last = rows.last().map_or(after, |row| row.id);
    Ok((rows.into_iter().filter(|row| app.is_none_or(|app| row.app == app)).collect(), last))
}

/// A part of the feed.
///
/// # Errors
/// The store.
pub async fn list(api: &Arc<Api>, after: i64, app: Option<String>, limit: Limit) -> Result<Feed, Problem> {
    let (rows, next) = api.store(move |store| read(store, after, app.as_deref(), limit.0)).await?;
    Ok(Feed::Part(Changes { items: rows.into_iter().map(Change::from).collect(), next }))
}

/// All that comes, after an event: that of `Last-Event-ID`, or of the query, or the newest.
///
/// # Errors
/// Too many follow already, or the store.
pub async fn stream(
    api: &Arc<Api>,
    (headers, caller): (&HeaderMap, Caller),
    after: Option<i64>,
    app: Option<String>,
) -> Result<Feed, Problem> {
    let seat = Arc::clone(&api.followers).try_acquire_owned().map_err(|_| {
        let told = "as many follow the events as the server allows; come again later, or ask for a list";
        Problem::new(Kind::TooMany, told).with(header::RETRY_AFTER, 10.into())
    })?;
    let resumed = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let from = match resumed.or(after) {
        Some(id) => id,
        None => api.store(Store::newest_event).await?,
    };
    let (sender, receiver) = mpsc::channel(QUEUE_MAX);
    let hello = Event::default().retry(Duration::from_millis(RETRY_MS)).comment("placer");
    // The queue is empty, so there is room.
    let _ = sender.try_send(Ok(hello));
    tokio::spawn(feed(Arc::clone(api), sender, (from, app, caller), seat));
    let alive = KeepAlive::new().interval(api.settings.heartbeat).text("alive");
    let body = Sse::new(ReceiverStream::new(receiver)).keep_alive(alive);
    Ok(Feed::Stream(
        ([(header::CACHE_CONTROL, "no-store"), (header::HeaderName::from_static("x-accel-buffering"), "no")], body)
            .into_response(),
    ))
}

/// Reads what changes and sends it, until nobody listens, the token opens nothing any more, or the server ends. A slow
/// follower waits for itself only, and one that takes nothing for too long is let go.
async fn feed(
    api: Arc<Api>,
    sender: mpsc::Sender<Result<Event, Infallible>>,
    (mut from, app, caller): (i64, Option<String>, Caller),
    _seat: OwnedSemaphorePermit,
) {
    let mut news = api.news.subscribe();
    let mut stop = api.stopping.subscribe();
    let _one = api.metrics.follower();
    loop {
        news.mark_unchanged();
        let wanted = app.clone();
        let read = api.store(move |store| read(store, from, wanted.as_deref(), READ_MAX));
        match read.await {
            Ok((rows, last)) => {
                from = last;
                for row in rows {
                    let event = Event::default().id(row.id.to_string()).event(row.kind.clone());
                    let Ok(event) = event.json_data(Change::from(row)) else { continue };
                    if sender.send_timeout(Ok(event), TAKEN_WITHIN).await.is_err() {
                        return;
                    }
                }
            }
            Err(problem) => tracing::warn!(%problem, "events cannot be read"),
        }
        if !api.still_good(&caller).await {
            return;
        }
        tokio::select! {
            changed = news.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(LOOK_AGAIN) => {}
            () = sender.closed() => return,
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Looks again and again whether the store has changed, for those that follow, until the server ends.
pub async fn look(api: Arc<Api>) {
    let mut stop = api.stopping.subscribe();
    let mut pause = tokio::time::interval(api.settings.look_every);
    pause.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = pause.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        if api.news.receiver_count() > 0
            && let Ok(version) = api.version()
        {
            api.news.send_if_modified(|last| std::mem::replace(last, version) != version);
        }
    }
}
