//! What a server may use, and where it listens.

use super::errands::Carry;
use crate::catalog::PriceBook;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What a server may use, and where it listens.
#[derive(Clone)]
pub struct Settings {
    /// Where it listens; port 0 takes any that is free.
    pub listen: SocketAddr,
    /// Hosts that it answers for besides those of its address.
    pub hosts: Vec<String>,
    /// The store's folder.
    pub store: PathBuf,
    /// Search nodes of one solve.
    pub nodes_max: u64,
    /// Bytes of the tables of one solve.
    pub solve_bytes_max: u64,
    /// After this a solve ends with the best that it has found.
    pub solve_within: Duration,
    /// Solves at the same time.
    pub solves_max: usize,
    /// How long a request waits for a solve to begin, before it is told to come again.
    pub solve_wait: Duration,
    /// Recommendations that are kept, by the bytes of their texts.
    pub kept_bytes_max: u64,
    /// A connection's head has to be there within this time, also between two requests.
    pub head_within: Duration,
    /// A body has to be there within this time.
    pub body_within: Duration,
    /// An answer has to begin within this time.
    pub answer_within: Duration,
    /// Connections at the same time.
    pub connections_max: usize,
    /// Followers of the event stream at the same time.
    pub followers_max: usize,
    /// Pause between two looks at the store for those that follow.
    pub look_every: Duration,
    /// Pause between two signs of life on a stream where nothing happens.
    pub heartbeat: Duration,
    /// How long a shutdown waits for what is under way.
    pub stop_within: Duration,
    /// Who carries runs out; `None`: this server only keeps decisions.
    pub carry: Option<Arc<Carry>>,
    /// Puts into a price book what only this machine knows (its own probes); is called for every book that is opened.
    pub prepare: Arc<dyn Fn(&mut PriceBook) + Send + Sync>,
    /// The clock: seconds since 1970.
    pub now: Arc<dyn Fn() -> i64 + Send + Sync>,
}

impl Settings {
    /// The usual limits, on a store.
    #[must_use]
    pub fn of(store: PathBuf) -> Self {
        let seconds = Duration::from_secs;
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            hosts: Vec::new(),
            store,
            nodes_max: crate::solve::Limits::default().nodes_max,
            solve_bytes_max: 512 << 20,
            solve_within: seconds(20),
            solves_max: std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
            solve_wait: seconds(5),
            kept_bytes_max: 64 << 20,
            head_within: seconds(10),
            body_within: seconds(10),
            answer_within: seconds(60),
            connections_max: 1024,
            followers_max: 64,
            look_every: Duration::from_millis(200),
            heartbeat: seconds(15),
            stop_within: seconds(10),
            carry: None,
            prepare: Arc::new(|_| {}),
            now: Arc::new(|| jiff::Timestamp::now().as_second()),
        }
    }
}
