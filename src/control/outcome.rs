//! How far a run came, and why one was not begun.

use crate::exec::Failure;
use crate::store::StoreError;
use thiserror::Error;

/// How far a run came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The wanted placement is there.
    Finished,
    /// The placement from before is there.
    RolledBack {
        /// Why.
        why: String,
    },
    /// All is shifted; the old sides are kept.
    Keeping {
        /// Seconds since 1970.
        until: i64,
    },
    /// Nothing helps any more; a person must look.
    Stuck {
        /// Name of the step.
        step: String,
        /// Why.
        why: String,
    },
    /// Somebody asked to stop; going on is possible at any time.
    Interrupted,
    /// Another process carries the application now.
    TakenOver,
}

/// Why nothing was begun. Nothing has changed then.
#[derive(Debug, Error)]
pub enum Refused {
    /// Another process has the application's lock.
    #[error("another placer carries out a run of `{app}` right now; wait for it, or stop that process first")]
    Busy {
        /// The application.
        app: String,
    },
    /// A run has not ended.
    #[error(
        "run {run} of `{app}` is still open ({state}): `placer runs finish {run}` ends it now, `placer rollback {run}` \
         takes it back"
    )]
    Open {
        /// The application.
        app: String,
        /// The run.
        run: String,
        /// How far it is.
        state: &'static str,
    },
    /// The plan starts from something else than what is there.
    #[error(
        "this plan of `{app}` was made for an older state: it begins with {planned}, and there is {present}; make a new \
         one with `placer plan`"
    )]
    OldState {
        /// The application.
        app: String,
        /// What it begins with.
        planned: String,
        /// What is there.
        present: String,
    },
    /// Somebody said no.
    #[error("this plan of `{app}` was rejected{}", by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default())]
    Rejected {
        /// The application.
        app: String,
        /// Who.
        by: Option<String>,
    },
    /// The application runs with another executor.
    #[error("`{app}` is carried by the executor `{present}`; `{wanted}` knows nothing of it: use --executor {present}")]
    OtherExecutor {
        /// The application.
        app: String,
        /// Who carries it.
        present: String,
        /// Who was named.
        wanted: String,
    },
    /// The plan has no application in it.
    #[error("the plan does not say what `{app}` runs: {message}; make a new one with `placer plan`")]
    NoApp {
        /// The application.
        app: String,
        /// What is wrong with its file.
        message: String,
    },
    /// The executor cannot do it.
    #[error("the executor `{executor}` cannot carry this plan out: {failure}")]
    Executor {
        /// Which.
        executor: String,
        /// Why.
        failure: Failure,
    },
    /// There is no such run.
    #[error("there is no run `{run}`; `placer runs` lists them")]
    NoRun {
        /// Its name.
        run: String,
    },
    /// It is too late, or it has ended.
    #[error("run {run} cannot be taken back: {why}")]
    TooLate {
        /// The run.
        run: String,
        /// Why.
        why: &'static str,
    },
    /// The journal or the plan in the store is damaged.
    #[error("run {run} cannot be read: {message}")]
    Damaged {
        /// The run.
        run: String,
        /// What is wrong.
        message: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}
