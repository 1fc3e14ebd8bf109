//! Calls that come back: an executor that hangs or panics is told of, and the suite goes on.

use super::Settings;
use crate::exec::{FailureKind, Watch};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How often a call is looked after.
const TICK: Duration = Duration::from_millis(10);

/// Why a call did not come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// It was asked to stop, and did not.
    Hung(Duration),
    /// It panicked.
    Panicked,
}

impl Lost {
    pub fn words(self) -> String {
        match self {
            Self::Hung(after) => format!("did not come back within {} ms after it was to stop", after.as_millis()),
            Self::Panicked => "panicked".to_owned(),
        }
    }
}

/// Says when to stop: at the `after`-th look, or when the time for a step is over.
#[derive(Debug)]
pub(super) struct Onlooker {
    kind: FailureKind,
    /// Looks that pass before it says so; `None`: it does not.
    after: Option<u64>,
    until: Instant,
    looks: AtomicU64,
    said: Mutex<Option<Instant>>,
}

impl Onlooker {
    /// Lets a step have the time that it may take.
    pub fn patient(limit: Duration) -> Arc<Self> {
        Self::new(FailureKind::Deadline, None, limit)
    }

    /// Says `kind` after so many looks.
    pub fn stopping(kind: FailureKind, after: u64, limit: Duration) -> Arc<Self> {
        Self::new(kind, Some(after), limit)
    }

    fn new(kind: FailureKind, after: Option<u64>, limit: Duration) -> Arc<Self> {
        let (looks, said) = (AtomicU64::new(0), Mutex::new(None));
        Arc::new(Self { kind, after, until: Instant::now() + limit, looks, said })
    }

    /// Since when it says so. An executor that never looks is to stop from the beginning, or when its time is over.
    fn since(&self, begun: Instant) -> Option<Instant> {
        let said = *self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let due = if self.after == Some(0) { begun } else { self.until };
        said.or_else(|| (Instant::now() >= due).then_some(due))
    }
}

impl Watch for Onlooker {
    fn progress(&self, _: &str) {}

    fn stop(&self) -> Option<FailureKind> {
        let look = self.looks.fetch_add(1, Ordering::Relaxed);
        let late = Instant::now() >= self.until;
        let kind = match self.after {
            Some(after) if look >= after => Some(self.kind),
            _ => late.then_some(FailureKind::Deadline),
        };
        if kind.is_some() {
            self.said.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(Instant::now);
        }
        kind
    }
}

/// Calls an executor on a thread of its own, which is left alone when it hangs.
///
/// # Errors
/// [`Lost`] when nothing comes back within the time that the settings give after `watch` has said to stop.
pub(super) fn guarded<T: Send + 'static>(
    settings: &Settings,
    watch: &Arc<Onlooker>,
    call: impl FnOnce(&Onlooker) -> T + Send + 'static,
) -> Result<T, Lost> {
    let (give, take) = sync_channel(1);
    let begun = Instant::now();
    let theirs = Arc::clone(watch);
    thread::spawn(move || {
        // Nobody waits any more when it comes too late.
        let _ = give.send(call(&theirs));
    });
    loop {
        match take.recv_timeout(TICK) {
            Ok(answer) => return Ok(answer),
            Err(RecvTimeoutError::Disconnected) => return Err(Lost::Panicked),
            Err(RecvTimeoutError::Timeout) => {
                if watch.since(begun).is_some_and(|since| since.elapsed() > settings.stop_limit) {
                    return Err(Lost::Hung(settings.stop_limit));
                }
            }
        }
    }
}
