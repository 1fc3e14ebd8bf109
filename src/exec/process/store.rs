//! What the components that keep data have in common: one side has the truth and takes writes, the other one follows it.
//!
//! # How a store changes sides
//! `a` has the truth, `b` follows. The proxy holds connections; `a` is closed, so that nobody writes anywhere; `b` gets the last
//! of it and is compared; from now on `a` follows `b`; the truth is `b`'s; `b` is opened and gets the connections. Shifting back
//! is the same with `a` and `b` exchanged, so that no row is lost on the way back either.
//!
//! Each part looks at what is there before it does anything, so that it can be sent again after a crash at any point:
//! - which side has the truth is written down (`truth` of the component), and changes only while both are closed and equal;
//! - a side is open only if it has the truth;
//! - `a` follows `b` only once `b` has everything.

use super::files;
use super::gate::Gate;
use super::job::Job;
use super::layout::AppDir;
use super::side::{Family, Side, words};
use super::{Process, failures::passing, postgres::Postgres, redis::RedisStore, routes::Listener};
use crate::exec::{Failure, Health};

/// A kind of store.
pub trait Store: Sync {
    /// Sets a new side's data up, if that was not done. It is closed.
    fn make(&self, job: &Job<'_>, side: &Side) -> Result<(), Failure>;

    /// Starts it, if it does not run, open or closed as it was. The caller has the side's hand.
    fn start(&self, process: &Process, app: &AppDir, side: &Side) -> Result<(), Failure>;

    /// Waits until it answers.
    fn settle(&self, job: &Job<'_>, side: &Side) -> Result<(), Failure>;

    /// How it is, asked.
    fn health(&self, process: &Process, app: &AppDir, side: &Side) -> Health;

    /// Whether the application can write, asked the way the application would.
    fn is_writable(&self, process: &Process, app: &AppDir, side: &Side) -> bool;

    /// The address that a caller gets, with its password.
    fn url(&self, gate: &Gate, listener: &Listener) -> Result<String, Failure>;

    /// Whether the application may write, as the side has it written down.
    fn is_open(&self, job: &Job<'_>, side: &Side) -> bool;

    /// Lets the application write.
    fn open(&self, job: &Job<'_>, side: &Side) -> Result<(), Failure>;

    /// Ends all connections of the application, for good.
    fn close(&self, job: &Job<'_>, side: &Side) -> Result<(), Failure>;

    /// Copies the data of `from`, and lets `to` follow.
    fn copy(&self, job: &Job<'_>, from: &Side, to: &Side) -> Result<String, Failure>;

    /// Compares both sides while the application writes.
    fn compare(&self, job: &Job<'_>, from: &Side, to: &Side) -> Result<String, Failure>;

    /// What can be done before writes pause, so that the pause is short: `a` still takes writes.
    fn before_pause(&self, job: &Job<'_>, a: &Side, b: &Side) -> Result<(), Failure>;

    /// Brings `b` up to `a`, both being closed, and compares them.
    fn catch_up(&self, job: &Job<'_>, a: &Side, b: &Side) -> Result<String, Failure>;

    /// Lets `a` follow `b`, both being closed and equal.
    fn turn(&self, job: &Job<'_>, a: &Side, b: &Side) -> Result<(), Failure>;

    /// Ends the copying, and drops the copy; `to` may be gone.
    fn stop_copy(&self, job: &Job<'_>, from: &Side, to: Option<&Side>) -> Result<(), Failure>;

    /// Forgets a side that is about to go.
    fn forget(&self, job: &Job<'_>, stays: &Side, gone: &str) -> Result<(), Failure>;
}

/// The store of a family; `None`: it keeps no data.
pub fn of(family: Family) -> Option<&'static dyn Store> {
    match family {
        Family::Postgres => Some(&Postgres),
        Family::Redis => Some(&RedisStore),
        Family::Service | Family::Worker | Family::Job => None,
    }
}

/// The seat that has the truth; `None`: no side has.
pub fn truth(gate: &Gate) -> Result<Option<String>, Failure> {
    let bytes = files::read(&gate.dir().join("truth"))?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()))
}

/// Writes down which side has the truth.
pub fn set_truth(gate: &Gate, seat: &str) -> Result<(), Failure> {
    files::write(&gate.dir().join("truth"), seat.as_bytes())
}

/// Makes `b` the side with the truth, that takes writes.
pub fn hand_over(job: &Job<'_>, store: &dyn Store, a: &Side, b: &Side) -> Result<String, Failure> {
    let name = &b.file.component;
    let gate = Gate::of(&job.app, name)?;
    let mut told = String::new();
    if !store.is_open(job, b) {
        let truth = truth(&gate)?;
        if truth.as_deref() == Some(&a.file.seat) && store.is_open(job, a) {
            store.before_pause(job, a, b)?;
        }
        job.route(name, |routes| routes.hold = true)?;
        if truth.as_deref() == Some(&a.file.seat) {
            store.close(job, a)?;
            told = store.catch_up(job, a, b)?;
        } else if truth.as_deref() != Some(&b.file.seat) {
            return Err(passing(format!("no side of `{name}` is known to have the truth")));
        }
        store.turn(job, a, b)?;
        set_truth(&gate, &b.file.seat)?;
    }
    // Also when it is open already: whoever was about to open it may have come to half of it.
    store.open(job, b)?;
    job.route(name, |routes| {
        routes.hold = false;
        for (side, percent) in [(a, 0), (b, 100)] {
            routes.target_mut(name, &side.file.seat).into_iter().for_each(|target| target.percent = percent);
        }
    })?;
    Ok(format!("{} takes the writes{told}", words(&b.dir)))
}
