//! What is counted, for Prometheus.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use std::time::Duration;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    method: String,
    /// The route's path with `{names}`: never what was sent, of which there is no end.
    route: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Asked {
    kept: String,
}

/// What is counted.
pub struct Metrics {
    registry: Registry,
    answered: Family<Answered, Counter>,
    took: Histogram,
    reports: Family<Asked, Counter>,
    solves: Histogram,
    followers: Gauge,
    under_way: Gauge,
}

/// Counts a follower for as long as it is there.
pub struct Follower(Gauge);

impl Drop for Follower {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// Nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("placer");
        // 0.5 ms to 16 s, and 10 ms to 40 s.
        let took = Histogram::new(exponential_buckets(0.0005, 2.0, 16));
        let solves = Histogram::new(exponential_buckets(0.01, 2.0, 13));
        let (answered, reports) = (Family::<Answered, Counter>::default(), Family::<Asked, Counter>::default());
        let (followers, under_way) = (Gauge::default(), Gauge::default());
        registry.register("http_requests", "Requests answered", answered.clone());
        registry.register_with_unit("http_request", "Time until an answer began", Unit::Seconds, took.clone());
        registry.register("recommendations", "Recommendations asked for, by whether they were kept", reports.clone());
        registry.register_with_unit("solve", "Time to make a recommendation", Unit::Seconds, solves.clone());
        registry.register("event_followers", "Followers of the event stream", followers.clone());
        registry.register("runs_under_way", "Runs that this server carries", under_way.clone());
        Self { registry, answered, took, reports, solves, followers, under_way }
    }

    /// A request was answered.
    pub fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let labels = Answered { method: method.to_owned(), route: route.to_owned(), status };
        self.answered.get_or_create(&labels).inc();
        self.took.observe(took.as_secs_f64());
    }

    /// A recommendation was asked for.
    pub fn report(&self, kept: bool) {
        self.reports.get_or_create(&Asked { kept: kept.to_string() }).inc();
    }

    /// A recommendation was made.
    pub fn solved(&self, took: Duration) {
        self.solves.observe(took.as_secs_f64());
    }

    /// Somebody follows, until what is given is dropped.
    #[must_use]
    pub fn follower(&self) -> Follower {
        self.followers.inc();
        Follower(self.followers.clone())
    }

    /// So many runs are under way.
    pub fn under_way(&self, runs: usize) {
        self.under_way.set(i64::try_from(runs).unwrap_or(i64::MAX));
    }

    /// All of it as text.
    ///
    /// # Errors
    /// Those of the writer, of which none is known.
    pub fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
