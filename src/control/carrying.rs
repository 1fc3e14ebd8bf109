//! Carries a plan out: the journal before each effect, the executor's step, the journal after it. What comes next is the
//! pure [`Progress::next`]; so going on after a crash is the same loop, begun in the middle.

use super::Clock;
use super::outcome::{Outcome, Refused};
use crate::app::{App, parse_kept};
use crate::exec::{Executor, Failure, FailureKind, Order, Watch};
use crate::plan::run::{Disorder, End, Entry, Event, Next, Progress};
use crate::plan::{Change, Placement, Plan, digest, keyed, plan_digest, read, to_json};
use crate::store::{AppLock, Books, Deployment, PlanRow, PlanRun, PlanRunState, PlanState, Store};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How a plan is to be carried out.
pub struct Carrier<'a> {
    /// Where the journal is.
    pub store: &'a Store,
    /// Who does the steps.
    pub executor: &'a dyn Executor,
    /// What time it is.
    pub clock: &'a dyn Clock,
    /// Set when somebody asks to stop; the step that is under way is gone on with by the next start.
    pub cancel: &'a AtomicBool,
    /// Told each step's name and what is going on.
    pub tell: &'a (dyn Fn(&str, &str) + Sync),
    /// Waited before a step that failed is tried again.
    pub retry_wait: Duration,
}

/// A run that is under way, with the right to carry it.
struct Carried {
    row: PlanRun,
    plan: Plan,
    app: App,
    lock: AppLock,
    progress: Progress,
}

impl Carrier<'_> {
    /// Begins a plan and carries it out as far as it goes; gives the name of its run. A run that a crash has left behind is
    /// gone on with first.
    ///
    /// # Errors
    /// [`Refused`]; nothing of the plan was done then.
    pub fn begin(&self, plan: &Plan, reason: &str, by: &str) -> Result<(String, Outcome), Refused> {
        let now = self.clock.now();
        let app = Self::app_of(plan)?;
        let busy = || Refused::Busy { app: plan.app.clone() };
        let lock = self.store.lock_app(&plan.app)?.ok_or_else(busy)?;
        let lock = self.settle(&plan.app, lock)?;
        self.fits(plan)?;
        let failed = |failure| Refused::Executor { executor: self.executor.name().to_owned(), failure };
        self.executor.ready(&app, plan).map_err(failed)?;
        let row = Self::plan_row(plan, reason, by, now)?;
        self.store.put_plan(&row)?;
        match self.store.plan(&row.digest)? {
            Some(kept) if kept.state == PlanState::Rejected => {
                return Err(Refused::Rejected { app: plan.app.clone(), by: kept.decided_by });
            }
            _ => {}
        }
        self.store.decide_plan(&row.digest, true, by, now)?;
        let run = PlanRun {
            id: format!("{}-{}", plan.app, self.store.plan_runs_count(&plan.app)? + 1),
            app: plan.app.clone(),
            plan: row.digest,
            executor: self.executor.name().to_owned(),
            state: PlanRunState::Running,
            began_at: now,
            changed_at: now,
        };
        self.store.begin_plan_run(&lock, &run)?;
        let id = run.id.clone();
        let mut carried = self.carried(run, lock)?;
        let outcome = self.carry(&mut carried)?;
        Ok((id, outcome))
    }

    /// Goes on with a run, whatever it is waiting for or was doing when a process died.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn go_on(&self, run: &str) -> Result<Outcome, Refused> {
        let mut carried = self.take(run)?;
        self.carry(&mut carried)
    }

    /// Goes on with a run where nothing helped any more; with `now`, the old sides go at once instead of at the end of the
    /// rollback window.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn resume(&self, run: &str, now: bool) -> Result<Outcome, Refused> {
        let mut carried = self.take(run)?;
        if !carried.row.state.ended() && !self.note(&mut carried, Event::Resumed { now })? {
            return Ok(Outcome::TakenOver);
        }
        self.carry(&mut carried)
    }

    /// Takes a run back.
    ///
    /// # Errors
    /// [`Refused`]; [`Refused::TooLate`] when an old side is gone already.
    pub fn turn_back(&self, run: &str, why: &str) -> Result<Outcome, Refused> {
        let mut carried = self.take(run)?;
        let late = |why| Refused::TooLate { run: run.to_owned(), why };
        match carried.progress.end {
            Some(End::RolledBack) => return Ok(Outcome::RolledBack { why: why.to_owned() }),
            Some(End::Finished) => {
                return Err(late("it has ended, and its old sides are gone; `placer plan` shows another way"));
            }
            None => {}
        }
        if carried.progress.back.is_none() {
            if !carried.progress.can_turn_back(&carried.plan) {
                return Err(late("its old sides are going; `placer runs resume` ends it"));
            }
            if !self.note(&mut carried, Event::TurnedBack { why: why.to_owned() })? {
                return Ok(Outcome::TakenOver);
            }
        } else if !self.note(&mut carried, Event::Resumed { now: false })? {
            return Ok(Outcome::TakenOver);
        }
        self.carry(&mut carried)
    }

    /// Goes on with whatever a crash has left behind; a run that keeps its old sides stands in the way of another one.
    fn settle(&self, app: &str, mut lock: AppLock) -> Result<AppLock, Refused> {
        for row in self.store.open_plan_runs(Some(app))? {
            let open = |state| Refused::Open { app: app.to_owned(), run: row.id.clone(), state };
            let mut carried = self.carried(row.clone(), lock)?;
            match self.carry(&mut carried)? {
                Outcome::Finished | Outcome::RolledBack { .. } => lock = carried.lock,
                Outcome::Keeping { .. } => return Err(open("it keeps the old sides for a rollback")),
                Outcome::Stuck { .. } => return Err(open("it needs a person")),
                Outcome::Interrupted => return Err(open("it was interrupted")),
                Outcome::TakenOver => return Err(Refused::Busy { app: app.to_owned() }),
            }
        }
        Ok(lock)
    }

    /// Whether the plan begins with what is there.
    fn fits(&self, plan: &Plan) -> Result<(), Refused> {
        let deployment = self.store.deployment(&plan.app)?;
        let present = deployment.as_ref().map(|there| there.placement.clone()).unwrap_or_default();
        if digest(&present) != digest(&plan.from) {
            let (planned, present) = (in_words(&plan.from), in_words(&present));
            return Err(Refused::OldState { app: plan.app.clone(), planned, present });
        }
        match deployment {
            Some(there) if !there.placement.seats.is_empty() && there.executor != self.executor.name() => {
                let wanted = self.executor.name().to_owned();
                Err(Refused::OtherExecutor { app: plan.app.clone(), present: there.executor, wanted })
            }
            _ => Ok(()),
        }
    }

    fn plan_row(plan: &Plan, reason: &str, by: &str, now: i64) -> Result<PlanRow, Refused> {
        let damaged = |error: serde_json::Error| Refused::Damaged { run: plan.app.clone(), message: error.to_string() };
        Ok(PlanRow {
            digest: plan_digest(plan).map_err(damaged)?,
            app: plan.app.clone(),
            document: to_json(plan).map_err(damaged)?,
            reason: reason.to_owned(),
            state: PlanState::Approved,
            made_at: now,
            decided_at: Some(now),
            decided_by: Some(by.to_owned()),
        })
    }

    fn app_of(plan: &Plan) -> Result<App, Refused> {
        let app = parse_kept(&plan.app_toml, "app.toml");
        let app = app.map_err(|faults| Refused::NoApp { app: plan.app.clone(), message: faults.to_string() })?;
        if app.name == plan.app {
            return Ok(app);
        }
        let message = format!("its file is of `{}`", app.name);
        Err(Refused::NoApp { app: plan.app.clone(), message })
    }

    fn take(&self, run: &str) -> Result<Carried, Refused> {
        let row = self.store.plan_run(run)?.ok_or_else(|| Refused::NoRun { run: run.to_owned() })?;
        if row.executor != self.executor.name() {
            let wanted = self.executor.name().to_owned();
            return Err(Refused::OtherExecutor { app: row.app, present: row.executor, wanted });
        }
        let lock = self.store.lock_app(&row.app)?.ok_or_else(|| Refused::Busy { app: row.app.clone() })?;
        // Read after the lock was taken: another process may just have ended it.
        let row = self.store.plan_run(run)?.ok_or_else(|| Refused::NoRun { run: run.to_owned() })?;
        self.carried(row, lock)
    }

    fn carried(&self, row: PlanRun, lock: AppLock) -> Result<Carried, Refused> {
        let damaged = |message: String| Refused::Damaged { run: row.id.clone(), message };
        let kept = self.store.plan(&row.plan)?.ok_or_else(|| damaged("its plan is not in the store".into()))?;
        let plan = read(kept.document.as_bytes()).map_err(|error| damaged(error.to_string()))?;
        let progress = Progress::of(&plan, &self.store.journal(&row.id)?);
        let progress = progress.map_err(|disorder: Disorder| damaged(disorder.to_string()))?;
        let (app, plan) = (Self::app_of(&plan)?, keyed(&plan, &row.id));
        Ok(Carried { row, plan, app, lock, progress })
    }

    /// The loop.
    fn carry(&self, carried: &mut Carried) -> Result<Outcome, Refused> {
        loop {
            let now = self.clock.now();
            let go_on = match carried.progress.next(&carried.plan, now) {
                Next::Do(step) => self.step(carried, step, false)?,
                Next::Undo(step) => self.step(carried, step, true)?,
                Next::TurnBack { why } => {
                    (self.tell)("", &format!("{why}; taking everything back"));
                    self.note(carried, Event::TurnedBack { why })?.then_some(()).ok_or(Outcome::TakenOver)
                }
                Next::End(end) => self.end(carried, end)?.then_some(()).ok_or(Outcome::TakenOver),
                Next::Wait { until } => Err(self.rest(carried, PlanRunState::Keeping, Outcome::Keeping { until })?),
                Next::Stuck { step, why } => {
                    let step = carried.plan.steps[step].name.clone();
                    Err(self.rest(carried, PlanRunState::Stuck, Outcome::Stuck { step, why })?)
                }
                Next::Nothing => Err(match carried.progress.end {
                    Some(End::RolledBack) => {
                        Outcome::RolledBack { why: carried.progress.back.clone().unwrap_or_default() }
                    }
                    _ => Outcome::Finished,
                }),
            };
            if let Err(outcome) = go_on {
                return Ok(outcome);
            }
        }
    }

    /// Does a step, or takes it back. The inner error is how the run rests.
    fn step(&self, carried: &mut Carried, ordinal: usize, back: bool) -> Result<Result<(), Outcome>, Refused> {
        if self.cancel.load(Ordering::Relaxed) {
            return Ok(Err(Outcome::Interrupted));
        }
        let before = if back { Event::Undoing { step: ordinal } } else { Event::Doing { step: ordinal } };
        if !self.note(carried, before)? {
            return Ok(Err(Outcome::TakenOver));
        }
        let step = &carried.plan.steps[ordinal];
        let (name, deadline) = (&step.name, Duration::from_secs(step.deadline_s));
        let onlooker = Onlooker { tell: self.tell, cancel: self.cancel, step: name, since: Instant::now(), deadline };
        onlooker.progress(if back { "taking back" } else { "doing" });
        let Carried { app, plan, row, lock, .. } = &*carried;
        let order = Order { app, plan, step, run: &row.id, fence: lock.fence() };
        let done = if back { self.executor.undo(&order, &onlooker) } else { self.executor.apply(&order, &onlooker) };
        let event = match done {
            Ok(done) if back => Event::Undone { step: ordinal, note: done.note },
            Ok(done) => Event::Done { step: ordinal, note: done.note },
            Err(Failure { kind: FailureKind::Fenced, .. }) => return Ok(Err(Outcome::TakenOver)),
            Err(Failure { kind: FailureKind::Cancelled, .. }) if self.cancel.load(Ordering::Relaxed) => {
                return Ok(Err(Outcome::Interrupted));
            }
            Err(failure) if back => Event::UndoFailed { step: ordinal, why: failure.to_string() },
            Err(failure) => {
                let passing = failure.kind == FailureKind::Passing;
                Event::Failed { step: ordinal, why: failure.to_string(), passing }
            }
        };
        match &event {
            Event::Failed { why, passing, .. } => {
                onlooker.progress(&format!("failed: {why}"));
                self.wait(*passing);
            }
            Event::UndoFailed { why, .. } => {
                onlooker.progress(&format!("cannot be taken back: {why}"));
                self.wait(true);
            }
            _ => {}
        }
        Ok(self.note(carried, event)?.then_some(()).ok_or(Outcome::TakenOver))
    }

    fn wait(&self, passing: bool) {
        if passing && !self.cancel.load(Ordering::Relaxed) {
            std::thread::sleep(self.retry_wait);
        }
    }

    /// Writes an entry, then takes it in. False: another process carries the application now.
    fn note(&self, carried: &mut Carried, event: Event) -> Result<bool, Refused> {
        let entry = Entry { at: self.clock.now(), event };
        let mut progress = carried.progress.clone();
        let wrong = |message: &str| Refused::Damaged { run: carried.row.id.clone(), message: message.to_owned() };
        progress.note(&entry).map_err(wrong)?;
        let written = self.store.note(&carried.lock, &carried.row.id, &entry, PlanRunState::Running)?;
        if written {
            carried.progress = progress;
        }
        Ok(written)
    }

    /// Says in the store how a run rests.
    fn rest(&self, carried: &Carried, state: PlanRunState, outcome: Outcome) -> Result<Outcome, Refused> {
        let row = PlanRun { state, ..carried.row.clone() };
        let held = self.store.set_plan_run_state(&carried.lock, &row, self.clock.now())?;
        Ok(if held { outcome } else { Outcome::TakenOver })
    }

    fn end(&self, carried: &mut Carried, end: End) -> Result<bool, Refused> {
        let Carried { row, plan, lock, .. } = &*carried;
        let finished = end == End::Finished;
        let placement = if finished { plan.to.clone() } else { plan.from.clone() };
        let at = self.clock.now();
        let there =
            Deployment { app: plan.app.clone(), placement, executor: row.executor.clone(), run: row.id.clone(), at };
        let saving = plan.saving_month().filter(|_| finished);
        // What comes and what goes is no move: it saves nothing, and nobody has to rest after it.
        let moves = plan.moved.iter().filter(|moved| moved.change == Change::Move);
        let books = Books {
            components: moves.map(|moved| moved.component.clone()).collect(),
            cost_nanos: plan.cost().map(crate::units::Money::nanos),
            saving_month_nanos: saving.map(crate::units::Money::nanos),
        };
        let held = self.store.end_plan_run(lock, end, &there, &books)?;
        if held {
            carried.progress.end = Some(end);
        }
        Ok(held)
    }
}

/// What is there, in a few words.
fn in_words(placement: &Placement) -> String {
    let seat =
        |seat: &crate::plan::Seat| format!("{} at {}:{} ({})", seat.component, seat.provider, seat.region, seat.offer);
    match placement.seats.as_slice() {
        [] => "nothing".to_owned(),
        seats => seats.iter().map(seat).collect::<Vec<_>>().join(", "),
    }
}

/// Looks on while a step is done.
struct Onlooker<'a> {
    tell: &'a (dyn Fn(&str, &str) + Sync),
    cancel: &'a AtomicBool,
    step: &'a str,
    since: Instant,
    deadline: Duration,
}

impl Watch for Onlooker<'_> {
    fn progress(&self, text: &str) {
        (self.tell)(self.step, text);
    }

    fn stop(&self) -> Option<FailureKind> {
        if self.cancel.load(Ordering::Relaxed) {
            return Some(FailureKind::Cancelled);
        }
        (self.since.elapsed() >= self.deadline).then_some(FailureKind::Deadline)
    }
}
