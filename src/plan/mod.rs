//! The plan: ordered, undoable steps from the placement of today to another one.
//!
//! Invariants: a plan is a pure function of two placements, the application and the problem's prices; it never changes
//! once made; nothing that serves is taken away before what replaces it serves and was verified (make before break); every
//! step but the last of a component (`retire`) can be undone. An executor makes no choices: all of them are in here.
//!
//! # The order
//! `a` calls `b` when a link goes from `a` to `b`. Steps stand in an order in which they can be carried out one by one:
//! 1. called before caller, everything new is provisioned and verified;
//! 2. data is copied to it, kept in step with the old side, and verified;
//! 3. called before caller, traffic is shifted by weight, and the old side drained;
//! 4. the old sides are kept, so that all can be rolled back;
//! 5. caller before called, the old sides are retired.

mod decide;
mod decide_file;
mod file;
mod moves;
mod placement;
pub mod run;
mod run_file;
mod steps;

pub use decide::{Check, Circumstances, Decision, PastMove, Verdict, decide};
pub use decide_file::{DecisionFile, Resting, Rule, RuleFile};
pub use file::{
    FileError, PlanFile, VERSION, digest, keyed, placement_to_json, plan_digest, read, read_placement, to_json,
};
#[cfg(feature = "run")]
pub(crate) use file::{KindWord, SeatFile, StepFile, sealed};
pub use moves::carried;
pub use placement::{Placement, Seat};
pub use steps::{Haul, paid_for, plan, unpriced};

// Part of a seat: executors read them here.
pub use crate::problem::{Above, Form};

use crate::units::{Money, Quantity};

/// What to do with the old side, and how fast to shift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Hours for which the old sides stay after the last shift, so that the plan can be rolled back.
    pub keep_hours: u32,
    /// Percent of a service's traffic on the new side, step by step; the last is 100.
    pub weights: Vec<u8>,
}

impl Default for Options {
    fn default() -> Self {
        Self { keep_hours: 24, weights: vec![10, 50, 100] }
    }
}

/// How data gets from the old side to the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataMethod {
    /// PostgreSQL: a snapshot, then every change as it is committed.
    LogicalReplication,
    /// MySQL, Redis: the new side follows as a replica.
    Replica,
    /// Kafka: topics are mirrored, offsets with them.
    Mirror,
    /// Objects are copied, and once more what changed meanwhile.
    Sync,
}

impl DataMethod {
    /// The word used in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LogicalReplication => "logical_replication",
            Self::Replica => "replica",
            Self::Mirror => "mirror",
            Self::Sync => "sync",
        }
    }
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Makes the new side; it serves nobody yet.
    Provision(Seat),
    /// Waits until the new side is ready, and asks it.
    Verify,
    /// Copies the data, and keeps the copy in step with the old side.
    Copy(DataMethod),
    /// Compares both sides: counts and checksums.
    VerifyData,
    /// Sends so many percent of the traffic to the new side. For a store: writes pause, the copy catches up, the new side
    /// takes the writes, the old one becomes read-only.
    Shift {
        /// Percent on the new side.
        percent: u8,
    },
    /// Waits until the old side has answered what it had taken on.
    Drain,
    /// Keeps the old side for so many hours.
    Keep {
        /// Hours.
        hours: u32,
    },
    /// Takes the old side away.
    Retire(Seat),
}

impl Action {
    /// The word used in files, and in the step's name.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Provision(_) => "provision",
            Self::Verify => "verify",
            Self::Copy(_) => "copy",
            Self::VerifyData => "verify_data",
            Self::Shift { .. } => "shift",
            Self::Drain => "drain",
            Self::Keep { .. } => "keep",
            Self::Retire(_) => "retire",
        }
    }
}

/// How a step is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undo {
    /// It changed nothing.
    Nothing,
    /// The new side is taken away.
    RetireNew,
    /// Copying ends, and the copy is dropped.
    StopCopy,
    /// The traffic goes back to so many percent on the new side; the old side of a store takes the writes again, after
    /// what was written meanwhile was copied back.
    ShiftBack {
        /// Percent on the new side.
        percent: u8,
    },
    /// The old side takes work again.
    Resume,
    /// It cannot be: the old side is gone. Another plan leads back.
    Never,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Unique in the plan: `db/copy`, `web/shift-50`.
    pub name: String,
    /// Whose: name of the component, with its replica where it is spread (`web#2`).
    pub component: String,
    /// What it does.
    pub action: Action,
    /// How it is taken back.
    pub undo: Undo,
    /// Steps that must be done before, by ordinal; all are smaller than this one's.
    pub after: Vec<usize>,
    /// Seconds after which it counts as failed.
    pub deadline_s: u64,
    /// Equal for the same step of the same plan however often it is sent, and for no other; a run sends one of its own in
    /// its place ([`keyed`]): an executor that has done it already does nothing.
    pub key: String,
    /// What it costs once, at most: data transfer, and both sides running at once; `None`: a price is not known.
    pub cost: Option<Money>,
    /// Data that it moves.
    pub moves: Quantity,
}

/// What happens to a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Add,
    /// It goes to another place, or is bought otherwise.
    Move,
    /// It is no longer wanted.
    Remove,
}

/// A component that does not stay as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Its name.
    pub component: String,
    /// What happens.
    pub change: Change,
    /// Where and how it is now.
    pub from: Option<Seat>,
    /// Where and how it will be.
    pub to: Option<Seat>,
}

/// The plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Name of the application.
    pub app: String,
    /// The application's file, word for word: what the new sides run. Empty: not known, and the plan cannot be carried
    /// out.
    pub app_toml: String,
    /// What is there now; the plan is for this and nothing else.
    pub from: Placement,
    /// What will be there.
    pub to: Placement,
    /// What changes, in the order of the application.
    pub moved: Vec<Moved>,
    /// The steps in order; none when everything stays.
    pub steps: Vec<Step>,
}

impl Plan {
    /// What all steps cost once, at most; `None` when a price is not known.
    #[must_use]
    pub fn cost(&self) -> Option<Money> {
        self.steps.iter().map(|step| step.cost).sum()
    }

    /// Data that is moved.
    #[must_use]
    pub fn data(&self) -> Quantity {
        self.steps.iter().map(|step| step.moves).sum()
    }

    /// What is saved in a month once all is done; negative when the new placement is dearer. `None` when one of the bills
    /// is not known.
    #[must_use]
    pub fn saving_month(&self) -> Option<Money> {
        Some(self.from.usd_month? - self.to.usd_month?)
    }

    /// Hours after which the saving has paid for the move; `None` when it never does, or a figure is not known.
    #[must_use]
    pub fn payback_hours(&self) -> Option<i64> {
        let (cost, saving) = (self.cost()?.nanos(), self.saving_month()?.nanos());
        let hours = (i128::from(cost) * 730).checked_div(i128::from(saving).max(0))?;
        i64::try_from(hours).ok()
    }
}
