//! What goes on after a request was answered: runs, each on a thread of its own.
//!
//! A server that ends asks its runs to rest where they can be gone on with; one that begins goes on with what a crash, or
//! the end of the last one, has left behind.

use super::problem::{Kind, Problem};
use super::state::{Api, locked};
use crate::control::carrying::Carrier;
use crate::control::outcome::{Outcome, Refused};
use crate::plan::read;
use crate::plan::run::Progress;
use crate::store::{PlanRun, PlanRunState, Store, StoreError};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How long an answer waits for a run to begin, so that it can name it or say why not.
const BEGIN_WITHIN: Duration = Duration::from_secs(3);
/// Pause between two looks at runs that nobody carries.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A run that could not be gone on with is tried again after this.
const AGAIN_AFTER: Duration = Duration::from_secs(30);
/// Runs at the same time.
const ERRANDS_MAX: usize = 64;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// Carry a plan out.
    Begin {
        /// Its digest.
        plan: String,
        /// Who approved it.
        by: String,
    },
    /// Go on with a run that nobody carries.
    GoOn {
        /// Its name.
        run: String,
    },
    /// Go on with a run where nothing helped, or take its old sides away now.
    Resume {
        /// Its name.
        run: String,
        /// Whether the old sides are to go now.
        finish: bool,
    },
    /// Take a run back.
    TurnBack {
        /// Its name.
        run: String,
        /// Who asks for it.
        why: String,
    },
}

impl Errand {
    /// The plan or the run that it is about.
    #[must_use]
    pub fn about(&self) -> &str {
        match self {
            Self::Begin { plan, .. } => plan,
            Self::GoOn { run } | Self::Resume { run, .. } | Self::TurnBack { run, .. } => run,
        }
    }
}

/// Does an errand as far as it goes; told step by step. Gives the run and how it rests. Stops when the flag is set.
pub type Carry = dyn Fn(&Store, &Errand, &AtomicBool, &(dyn Fn(&str, &str) + Sync)) -> Result<(String, Outcome), Refused>
    + Send
    + Sync;

/// How an errand began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begin {
    /// As this run, which goes on or has come to rest.
    Run(String),
    /// It has not said anything yet, or this server carries nothing out.
    Slow,
}

/// What an errand's thread tells.
enum Sign {
    /// A step is under way.
    Step,
    /// It is over.
    Over(Result<String, Problem>),
}

/// Does an errand with a carrier.
///
/// # Errors
/// Why nothing was begun.
pub fn carry_out(carrier: &Carrier<'_>, errand: &Errand) -> Result<(String, Outcome), Refused> {
    let named = |run: &String, outcome: Outcome| (run.clone(), outcome);
    match errand {
        Errand::Begin { plan, by } => {
            let damaged = |message: String| Refused::Damaged { run: plan.clone(), message };
            let row = carrier.store.plan(plan)?.ok_or_else(|| damaged("the plan is not in the store".to_owned()))?;
            let plan = read(row.document.as_bytes()).map_err(|error| damaged(error.to_string()))?;
            carrier.begin(&plan, &row.reason, by)
        }
        Errand::GoOn { run } => carrier.go_on(run).map(|outcome| named(run, outcome)),
        Errand::Resume { run, finish } => carrier.resume(run, *finish).map(|outcome| named(run, outcome)),
        Errand::TurnBack { run, why } => carrier.turn_back(run, why).map(|outcome| named(run, outcome)),
    }
}

/// The errands that are under way.
#[derive(Default)]
pub struct Errands {
    stop: Arc<AtomicBool>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Errands {
    /// The flag that asks everything to rest.
    #[must_use]
    pub fn stop(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    /// Begins an errand, and waits until it is under way.
    ///
    /// # Errors
    /// Why nothing was begun.
    pub async fn send(&self, api: &Arc<Api>, errand: Errand) -> Result<Begin, Problem> {
        if api.settings.carry.is_none() {
            return Ok(Begin::Slow);
        }
        let about = errand.about().to_owned();
        let (sign, mut signs) = mpsc::unbounded_channel();
        self.begin(api, errand, Some(sign))?;
        match tokio::time::timeout(BEGIN_WITHIN, signs.recv()).await {
            Err(_) | Ok(None) => Ok(Begin::Slow),
            Ok(Some(Sign::Over(result))) => result.map(Begin::Run),
            Ok(Some(Sign::Step)) => {
                let run = move |store: &Store| -> Result<Option<PlanRun>, StoreError> {
                    let runs = store.open_plan_runs(None)?;
                    Ok(runs.into_iter().find(|run| run.plan == about || run.id == about))
                };
                Ok(api.store(run).await?.map_or(Begin::Slow, |run| Begin::Run(run.id)))
            }
        }
    }

    fn begin(&self, api: &Arc<Api>, errand: Errand, sign: Option<mpsc::UnboundedSender<Sign>>) -> Result<(), Problem> {
        let mut threads = locked(&self.threads);
        threads.retain(|thread| !thread.is_finished());
        if threads.len() >= ERRANDS_MAX || self.stop.load(Ordering::Relaxed) {
            return Err(Problem::unavailable("as many runs are under way as the server carries at a time", 30));
        }
        let (api, stop) = (Arc::clone(api), self.stop());
        let work = move || {
            let over = errand_of(&api, &errand, &stop, sign.as_ref());
            if let Some(sign) = sign {
                // Nobody waits any more where the step was slow.
                let _ = sign.send(Sign::Over(over));
            }
        };
        let thread = thread::Builder::new().name("run".to_owned()).spawn(work);
        threads.push(thread.map_err(|error| Problem::new(Kind::Unavailable, error))?);
        Ok(())
    }

    /// Goes on with what nobody carries, until everything is asked to rest.
    pub fn supervise(&self, api: &Arc<Api>) -> Option<JoinHandle<()>> {
        api.settings.carry.as_ref()?;
        let (api, stop) = (Arc::clone(api), self.stop());
        let watch = move || {
            let mut tried: HashMap<String, Instant> = HashMap::new();
            while !stop.load(Ordering::Relaxed) {
                let due = Store::open(&api.settings.store).and_then(|store| due(&store, api.now()));
                for run in due.unwrap_or_else(|error| {
                    tracing::error!(%error, "open runs cannot be read");
                    Vec::new()
                }) {
                    if tried.get(&run).is_none_or(|at| at.elapsed() >= AGAIN_AFTER) {
                        tried.insert(run.clone(), Instant::now());
                        let _ = api.errands.begin(&api, Errand::GoOn { run }, None);
                    }
                }
                thread::sleep(LOOK_EVERY);
            }
        };
        thread::Builder::new().name("supervisor".to_owned()).spawn(watch).ok()
    }

    /// Asks everything to rest, and waits for it, but not for longer than so long.
    pub fn rest(&self, within: Duration) {
        self.stop.store(true, Ordering::Relaxed);
        let began = Instant::now();
        let all = || locked(&self.threads).iter().all(JoinHandle::is_finished);
        while began.elapsed() < within && !all() {
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// How many are under way.
    #[must_use]
    pub fn count(&self) -> usize {
        locked(&self.threads).iter().filter(|thread| !thread.is_finished()).count()
    }
}

/// Runs that nobody carries and that have something to do.
fn due(store: &Store, now: i64) -> Result<Vec<String>, StoreError> {
    let mut due = Vec::new();
    for run in store.open_plan_runs(None)? {
        let wants = match run.state {
            PlanRunState::Running => !store.is_locked(&run.app)?,
            PlanRunState::Keeping => kept_until(store, &run)?.is_some_and(|until| until <= now),
            _ => false,
        };
        if wants {
            due.push(run.id);
        }
    }
    Ok(due)
}

/// Until when a run keeps its old sides; `None`: it does not, or cannot be read.
///
/// # Errors
/// [`StoreError`].
pub fn kept_until(store: &Store, run: &PlanRun) -> Result<Option<i64>, StoreError> {
    let Some(kept) = store.plan(&run.plan)? else { return Ok(None) };
    let Ok(plan) = read(kept.document.as_bytes()) else { return Ok(None) };
    let progress = Progress::of(&plan, &store.journal(&run.id)?);
    Ok(progress.ok().and_then(|progress| progress.kept_until(&plan)))
}

fn errand_of(
    api: &Api,
    errand: &Errand,
    stop: &AtomicBool,
    sign: Option<&mpsc::UnboundedSender<Sign>>,
) -> Result<String, Problem> {
    let Some(carry) = &api.settings.carry else { return Ok(String::new()) };
    let store = Store::open(&api.settings.store)?;
    let about = errand.about().to_owned();
    let tell = |step: &str, text: &str| {
        tracing::info!(target: "run", about, step, text);
        if let Some(sign) = sign
            && !step.is_empty()
        {
            let _ = sign.send(Sign::Step);
        }
    };
    match carry(&store, errand, stop, &tell) {
        Ok((run, outcome)) => {
            tracing::info!(target: "run", run, ?outcome, "at rest");
            Ok(run)
        }
        Err(refused) => {
            tracing::warn!(target: "run", about, %refused, "not begun");
            Err(refused.into())
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Store(error) => error.into(),
            Refused::NoRun { run } => Self::not_found("run", &run),
            Refused::Damaged { .. } => Self::new(Kind::Internal, refused),
            _ => Self::new(Kind::Conflict, refused),
        }
    }
}
