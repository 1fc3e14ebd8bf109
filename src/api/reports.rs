//! Recommendations: made once for an application, a policy, a placement and a price book, then kept.
//!
//! What a recommendation depends on is its key and its entity tag, so that a kept one can never be an old one.

use super::answer::tag;
use super::problem::{Kind, Problem};
use super::settings::Settings;
use super::state::{Api, AppSeen, Book, Seen, blocking};
use crate::app::{App, parse_app};
use crate::control::proposing;
use crate::plan::digest;
use crate::policy::Policy;
use crate::report::{ReportError, recommend};
use crate::solve::Limits;
use axum::body::Bytes;
use axum::http::HeaderValue;
use moka::Expiry;
use moka::future::Cache;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// An answer that the time limit has cut short is kept for this long: a second try may do better.
const CUT_KEPT: Duration = Duration::from_secs(60);
/// What an entry takes besides its text, in bytes.
const ENTRY_BYTES: usize = 256;

/// A recommendation that was made.
#[derive(Clone, Debug)]
pub struct Report {
    /// The report as JSON.
    pub text: Bytes,
    /// Whether the time limit has cut the search short.
    cut: bool,
}

/// Recommendations that are kept, and who may make new ones.
pub struct Reports {
    kept: Cache<String, Arc<Report>>,
    solves: Arc<Semaphore>,
    wait: Duration,
}

struct Ends;

impl Expiry<String, Arc<Report>> for Ends {
    fn expire_after_create(&self, _: &String, report: &Arc<Report>, _: Instant) -> Option<Duration> {
        report.cut.then_some(CUT_KEPT)
    }
}

impl Reports {
    /// None yet.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        let bytes = |key: &String, report: &Arc<Report>| {
            u32::try_from(key.len() + report.text.len() + ENTRY_BYTES).unwrap_or(u32::MAX)
        };
        let kept = Cache::builder().max_capacity(settings.kept_bytes_max).weigher(bytes).expire_after(Ends);
        Self { kept: kept.build(), solves: Arc::new(Semaphore::new(settings.solves_max)), wait: settings.solve_wait }
    }

    /// Waits for one's turn to solve something. Whoever solves keeps it until the end, also when nobody waits any more.
    ///
    /// # Errors
    /// All turns are taken for longer than one waits.
    pub async fn turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        match tokio::time::timeout(self.wait, Arc::clone(&self.solves).acquire_owned()).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(Problem::unavailable("as much is being solved as the server allows at a time", 2)),
        }
    }
}

/// A policy's text as the policy that it is.
///
/// # Errors
/// Its faults.
pub fn policy(text: Option<&str>, name: &str, book: &Book) -> Result<Policy, Problem> {
    let Some(text) = text else { return Ok(Policy::default()) };
    crate::policy::file::parse(text, name, &book.book.provider_names())
        .map_err(|faults| Problem::faults("the policy", &faults).of(Kind::Conflict))
}

/// The application as it stands in the store, at the place where it is.
///
/// # Errors
/// The book in use no longer knows what it names.
pub fn app(app: &AppSeen, book: &Book) -> Result<App, Problem> {
    let parsed = parse_app(&app.row.text, "app.toml", &book.names);
    let parsed = parsed
        .map_err(|faults| Problem::faults("the application, by the price book in use,", &faults).of(Kind::Conflict))?;
    Ok(match &app.deployment {
        Some(there) => proposing::at(&parsed, &there.placement),
        None => parsed,
    })
}

/// All that a recommendation depends on, as one name.
fn key(app: &AppSeen, policy: Option<&str>, book: &Book) -> String {
    let mut all = Sha256::new();
    let place = app.deployment.as_ref().map(|there| digest(&there.placement)).unwrap_or_default();
    for part in [env!("CARGO_PKG_VERSION"), &app.row.text, &place, policy.unwrap_or_default(), &book.book.digest] {
        all.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        all.update(part.as_bytes());
    }
    all.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl AppSeen {
    /// The name of its recommendation: under its own policy, or under another one.
    fn key(&self, other: Option<&str>, book: &Book) -> String {
        match other {
            Some(text) => key(self, Some(text), book),
            None => self.own_key.get_or_init(|| key(self, self.policy.as_deref(), book)).clone(),
        }
    }
}

impl Api {
    /// The recommendation for an application under its own policy, or under another one (name and text), and its entity
    /// tag.
    ///
    /// # Errors
    /// It does not fit the price book, or nothing was found within the limits.
    pub async fn report(
        self: &Arc<Self>,
        seen: &Arc<Seen>,
        app: &Arc<AppSeen>,
        other: Option<(String, String)>,
    ) -> Result<(HeaderValue, Arc<Report>), Problem> {
        let key = app.key(other.as_ref().map(|(_, text)| text.as_str()), &seen.book);
        let tag = tag(&key);
        if let Some(report) = self.reports.kept.get(&key).await {
            self.metrics.report(true);
            return Ok((tag, report));
        }
        self.metrics.report(false);
        let (api, app, book) = (Arc::clone(self), Arc::clone(app), Arc::clone(&seen.book));
        // On a task of its own: what was begun is made to its end and kept, also when whoever asked has gone away.
        let made = tokio::spawn(async move { api.made(key, app, book, other).await });
        let made = made.await.map_err(|error| {
            tracing::error!(%error, "a recommendation failed");
            Problem::new(Kind::Internal, "a fault of placer; the server's log says which")
        })?;
        made.map(|report| (tag, report))
    }

    /// Makes a recommendation once, however many ask for it.
    async fn made(
        self: Arc<Self>,
        key: String,
        app: Arc<AppSeen>,
        book: Arc<Book>,
        other: Option<(String, String)>,
    ) -> Result<Arc<Report>, Problem> {
        let api = Arc::clone(&self);
        let making = async move {
            let turn = api.reports.turn().await?;
            let (settings, began) = (api.settings.clone(), Instant::now());
            let made = blocking(move || {
                let _turn = turn;
                let named = other.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
                let own = app.policy.as_deref().map(|text| (app.row.policy.as_str(), text));
                make(&app, named.or(own), &book, &settings)
            });
            let made = made.await?;
            api.metrics.solved(began.elapsed());
            made.map(Arc::new)
        };
        // An error is shared among all who waited for it.
        self.reports.kept.try_get_with(key, making).await.map_err(|error: Arc<Problem>| (*error).clone())
    }
}

/// What one solve may take.
pub fn limits<'a>(settings: &Settings, cancelled: &'a (dyn Fn() -> bool + Sync)) -> Limits<'a> {
    Limits {
        nodes_max: settings.nodes_max,
        bytes_max: settings.solve_bytes_max,
        cancelled: Some(cancelled),
        ..Limits::default()
    }
}

fn make(seen: &AppSeen, named: Option<(&str, &str)>, book: &Book, settings: &Settings) -> Result<Report, Problem> {
    let app = app(seen, book)?;
    let policy = policy(named.map(|(_, text)| text), named.map_or("policy", |(name, _)| name), book)?;
    let (began, cut) = (Instant::now(), AtomicBool::new(false));
    let cancelled = || {
        let over = began.elapsed() >= settings.solve_within;
        cut.fetch_or(over, Ordering::Relaxed);
        over
    };
    let limits = limits(settings, &cancelled);
    let found = recommend(&app, &book.book, &policy, &limits).map_err(refused)?;
    let text = serde_json::to_vec(&found.to_wire(&app, &book.book));
    let text = text.map_err(|error| Problem::new(Kind::Internal, error))?;
    Ok(Report { text: text.into(), cut: cut.load(Ordering::Relaxed) })
}

fn refused(error: ReportError) -> Problem {
    match error {
        ReportError::Lower(error) => Problem::new(Kind::Conflict, error),
        ReportError::Unfinished { .. } => {
            Problem::unavailable(format_args!("{error}; `placer serve --solve-seconds` allows more"), 60)
        }
        ReportError::Internal(_) => {
            tracing::error!(%error, "a recommendation failed");
            Problem::new(Kind::Internal, error)
        }
    }
}
