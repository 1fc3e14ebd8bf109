//! Carries steps out. What a step means stands in the plan ([`crate::plan`]); an executor makes no choices.
//!
//! # What every executor promises
//! `conformance` holds each of them to it, and is what the author of a plugin runs.
//! - *Idempotent*: a step whose key was done already is answered by [`Done`] at once, and changes nothing. A step that was begun
//!   and not finished (a crash) is finished by being sent again, or taken back by [`Executor::undo`].
//! - *Undo*: after it, what the step made is gone and what it changed is as before; also when the step was never begun, was
//!   half done, or was taken back already.
//! - *Observed, not remembered*: [`Executor::observe`] asks what is really there, and needs nothing from whoever carried the
//!   steps out.
//! - *Fenced*: a step with a smaller fence than one that was seen for this application is refused: another placer has
//!   taken over.
//! - *Bounded*: it looks at its [`Watch`] at least every second, and stops when it says so, leaving a state that undo knows.
//! - *Nothing half-done in silence*: whatever fails says what happened, what is left, and what to do.

mod agree;
pub mod conformance;
mod open;
#[cfg(unix)]
pub mod plugin;
#[cfg(unix)]
pub mod process;
pub mod terraform;

pub use agree::{Difference, differences};
pub use open::{EXECUTORS, Setting, open};

use crate::app::App;
use crate::plan::{Moved, Plan, Seat, Step};
use std::fmt;

/// What an executor is told of a step.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The application: what its components are, what they run, who calls whom.
    pub app: &'a App,
    /// The whole plan that the step belongs to.
    pub plan: &'a Plan,
    /// The step.
    pub step: &'a Step,
    /// The run that it belongs to, for names and tags.
    pub run: &'a str,
    /// Grows with every holder of the application's lock.
    pub fence: u64,
}

impl<'a> Order<'a> {
    /// What the step's component does in the plan: where it is, and where it will be.
    #[must_use]
    pub fn moved(&self) -> Option<&'a Moved> {
        self.plan.moved.iter().find(|moved| moved.component == self.step.component)
    }

    /// The old side.
    #[must_use]
    pub fn from(&self) -> Option<&'a Seat> {
        self.moved()?.from.as_ref()
    }

    /// The new side.
    #[must_use]
    pub fn to(&self) -> Option<&'a Seat> {
        self.moved()?.to.as_ref()
    }
}

/// What was done, in words for the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// One line; the same whenever the same is done.
    pub note: String,
}

/// Why a step was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Something that is needed is not there: a program, credentials, a permission. Trying again does not help.
    Missing,
    /// The order cannot be carried out as it stands. Trying again does not help.
    Refused,
    /// Something went wrong that may pass. Trying again may help.
    Passing,
    /// The step took longer than its deadline.
    Deadline,
    /// Somebody asked to stop.
    Cancelled,
    /// Somebody else carries this application now: a greater fence was seen.
    Fenced,
}

impl FailureKind {
    /// The word used in files and by plugins.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Refused => "refused",
            Self::Passing => "passing",
            Self::Deadline => "deadline",
            Self::Cancelled => "cancelled",
            Self::Fenced => "fenced",
        }
    }
}

/// A step that was not done, or not taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What sort.
    pub kind: FailureKind,
    /// What happened, in one sentence or a few.
    pub what: String,
    /// What to do about it; empty: nothing that is known.
    pub help: String,
}

impl Failure {
    /// A failure without advice.
    pub fn new(kind: FailureKind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), help: String::new() }
    }

    /// With what to do about it.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: help.into(), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if self.help.is_empty() { Ok(()) } else { write!(f, "; {}", self.help) }
    }
}

impl std::error::Error for Failure {}

/// Who looks on while a step is carried out.
pub trait Watch: Sync {
    /// Told what is going on, for whoever waits.
    fn progress(&self, text: &str);

    /// Whether to stop: [`FailureKind::Deadline`] or [`FailureKind::Cancelled`].
    fn stop(&self) -> Option<FailureKind>;
}

/// How something that was seen is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It answers.
    Ready,
    /// It is there and does not answer, or not yet.
    Starting,
    /// It is there and does not run.
    Stopped,
}

impl Health {
    /// The word used in files and by plugins.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Starting => "starting",
            Self::Stopped => "stopped",
        }
    }
}

/// One side of a component that is really there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Name of the component, with its replica (`web#2`).
    pub component: String,
    /// [`Seat::id`] of the side.
    pub seat: String,
    /// Provider name.
    pub provider: String,
    /// Region code.
    pub region: String,
    /// How it is.
    pub health: Health,
    /// Percent of the component's traffic that it gets.
    pub percent: u8,
    /// Whether it takes writes; `None`: it is no store.
    pub writable: Option<bool>,
    /// Where it answers, when that is known: `host:port` or a URL. Never with a password.
    pub address: Option<String>,
}

/// Carries out the steps of plans. See the module for what every executor promises.
pub trait Executor: Send + Sync {
    /// Its name, as `--executor` takes it.
    fn name(&self) -> &str;

    /// Looks whether everything that the plan needs is there, before its first step: programs, credentials, kinds that it can
    /// make. Changes nothing.
    ///
    /// # Errors
    /// All that is missing, in one failure.
    fn ready(&self, app: &App, plan: &Plan) -> Result<(), Failure>;

    /// Carries out a step.
    ///
    /// # Errors
    /// [`Failure`].
    fn apply(&self, order: &Order<'_>, watch: &dyn Watch) -> Result<Done, Failure>;

    /// Takes a step back, as its [`crate::plan::Undo`] says.
    ///
    /// # Errors
    /// [`Failure`].
    fn undo(&self, order: &Order<'_>, watch: &dyn Watch) -> Result<Done, Failure>;

    /// What is there of an application, in the order of component and seat.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be asked; never an empty list for that.
    fn observe(&self, app: &str) -> Result<Vec<Sighting>, Failure>;
}
