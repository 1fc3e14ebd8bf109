//! The bench on which a case is played: an application of its own, what was done of its plan, and calls that come back.

use super::agree::{changed, difference, named};
use super::call::{Onlooker, guarded};
use super::scenario::{Scenario, Stage, stage};
use super::{Settings, Subject};
use crate::exec::{Done, Executor, Failure, FailureKind, Order, Sighting};
use crate::plan::run::{Entry, Event, Progress, StepState};
use crate::plan::{Placement, Step, Undo};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// Between two looks at something that may take a moment.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Why a case ends before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The promise is broken.
    Failed(String),
    /// It cannot be said whether it is kept.
    Skipped(String),
}

/// What a part of a case gives.
pub(super) type Played<T = ()> = Result<T, Stop>;

/// The promise is broken.
pub(super) fn failed<T>(why: impl Into<String>) -> Played<T> {
    Err(Stop::Failed(why.into()))
}

/// Forward or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Apply,
    Undo,
}

pub(super) struct Trial<'a> {
    pub subject: &'a Subject<'a>,
    pub settings: &'a Settings,
    pub executor: Arc<dyn Executor>,
    /// The plans, one after the other.
    pub stages: Vec<Stage>,
    /// The one that is being carried out.
    pub at: usize,
    /// What was done of it.
    pub progress: Progress,
    /// What steps are sent with.
    pub fence: u64,
    name: String,
}

impl<'a> Trial<'a> {
    /// A fresh executor, and an application of this name of which nothing is there.
    pub fn new(subject: &'a Subject<'a>, scenario: &Scenario, settings: &'a Settings, name: &str) -> Self {
        let (stages, executor) = (scenario.plans(name), Arc::from((subject.make)()));
        let progress = nothing_done(&stages[0]);
        Self { subject, settings, executor, stages, at: 0, progress, fence: 1, name: name.to_owned() }
    }

    /// Somebody else carries on, with nothing in mind.
    pub fn renew(&mut self) {
        self.executor = Arc::from((self.subject.make)());
    }

    pub fn stage(&self) -> &Stage {
        &self.stages[self.at]
    }

    /// How many steps the plan has.
    pub fn len(&self) -> usize {
        self.stage().plan.steps.len()
    }

    pub fn step(&self, step: usize) -> &Step {
        &self.stage().plan.steps[step]
    }

    /// Whether a step can be taken back.
    pub fn undoable(&self, step: usize) -> bool {
        self.step(step).undo != Undo::Never
    }

    /// The first step that cannot be taken back: the point of no return, or the end.
    pub fn end(&self) -> usize {
        (0..self.len()).find(|step| !self.undoable(*step)).unwrap_or(self.len())
    }

    /// Goes to the next plan; the one before was carried out. `false`: there is none.
    pub fn next_stage(&mut self) -> bool {
        self.at += 1;
        let Some(stage) = self.stages.get(self.at) else { return false };
        self.progress = nothing_done(stage);
        true
    }

    /// Sends a step, and says what came back.
    pub fn send(&self, way: Way, step: usize, fence: u64, watch: &Arc<Onlooker>) -> Played<Result<Done, Failure>> {
        let (executor, stage) = (Arc::clone(&self.executor), self.stage().clone());
        let run = format!("run-{}-{}", self.name, self.at);
        let answer = guarded(self.settings, watch, move |watch| {
            let step = &stage.plan.steps[step];
            let order = Order { app: &stage.app, plan: &stage.plan, step, run: &run, fence };
            match way {
                Way::Apply => executor.apply(&order, watch),
                Way::Undo => executor.undo(&order, watch),
            }
        });
        let answer = answer.or_else(|lost| failed(format!("{} {}", self.called(way, step), lost.words())))?;
        match answer {
            Err(failure) if failure.what.trim().is_empty() => {
                failed(format!("{} failed and did not say why", self.called(way, step)))
            }
            answer => Ok(answer),
        }
    }

    /// A step in words: "`db/copy`" or "undo of `db/copy`".
    pub fn called(&self, way: Way, step: usize) -> String {
        let name = &self.step(step).name;
        if way == Way::Apply { format!("`{name}`") } else { format!("undo of `{name}`") }
    }

    fn patience(&self, step: usize) -> Arc<Onlooker> {
        Onlooker::patient(self.settings.step_limit.min(Duration::from_secs(self.step(step).deadline_s)))
    }

    /// Sends a step that has to succeed, and notes nothing.
    pub fn must(&self, way: Way, step: usize) -> Played<Done> {
        match self.send(way, step, self.fence, &self.patience(step))? {
            Ok(done) => Ok(done),
            Err(failure) => failed(format!("{} failed: {failure}", self.called(way, step))),
        }
    }

    /// Does a step, which has to succeed.
    pub fn advance(&mut self, step: usize) -> Played<Done> {
        self.progress.steps[step] = StepState::Doing;
        let done = self.must(Way::Apply, step)?;
        self.progress.steps[step] = StepState::Done { at: 0 };
        Ok(done)
    }

    /// Takes a step back, which has to succeed.
    pub fn take_back(&mut self, step: usize) -> Played<Done> {
        let done = self.must(Way::Undo, step)?;
        self.progress.steps[step] = StepState::Waiting;
        Ok(done)
    }

    /// Notes that a step was begun, and nothing more is known.
    pub fn begun(&mut self, step: usize) {
        self.progress.steps[step] = StepState::Doing;
    }

    /// Does the steps of the plan that are not done yet.
    pub fn finish_stage(&mut self) -> Played {
        for step in 0..self.len() {
            if !matches!(self.progress.steps[step], StepState::Done { .. }) {
                self.advance(step)?;
            }
        }
        Ok(())
    }

    /// What is there of the application.
    pub fn seen(&self) -> Played<Vec<Sighting>> {
        self.seen_by(&self.executor)
    }

    pub fn seen_by(&self, executor: &Arc<dyn Executor>) -> Played<Vec<Sighting>> {
        let (executor, app) = (Arc::clone(executor), self.name.clone());
        let watch = Onlooker::patient(self.settings.step_limit);
        match guarded(self.settings, &watch, move |_| executor.observe(&app)) {
            Err(lost) => failed(format!("`observe` {}", lost.words())),
            Ok(Err(failure)) => failed(format!("`observe` failed: {failure}")),
            Ok(Ok(seen)) => Ok(seen),
        }
    }

    /// Looks until nothing is wrong, for as long as the settings give it to settle.
    pub fn settled(&self, wrong: impl Fn(&[Sighting]) -> Option<String>, when: &str) -> Played {
        let begun = Instant::now();
        loop {
            match wrong(&self.seen()?) {
                None => return Ok(()),
                Some(wrong) if begun.elapsed() >= self.settings.settle => return failed(format!("{when}: {wrong}")),
                Some(_) => thread::sleep(LOOK_AGAIN),
            }
        }
    }

    /// What is seen has to be what was done.
    pub fn agrees(&self, when: &str) -> Played {
        self.settled(|seen| difference(&self.stage().plan, &self.progress, seen), when)
    }

    /// What is seen has to be what was seen before.
    pub fn same(&self, before: &[Sighting], when: &str) -> Played {
        self.settled(|seen| changed(before, seen), when)
    }

    /// Takes everything away, whatever state it is in, as well as it goes. What is left is found by the last case.
    pub fn clear(&mut self) {
        self.renew();
        let _ = self.cleared();
    }

    fn cleared(&mut self) -> Played {
        if self.at < self.stages.len() {
            let touched = |state: &StepState| *state != StepState::Waiting;
            let gone = |trial: &Self, step: usize| !trial.undoable(step) && touched(&trial.progress.steps[step]);
            if (0..self.len()).any(|step| gone(self, step)) {
                self.finish_stage()?;
            } else {
                for step in
                    (0..self.len()).rev().filter(|step| touched(&self.progress.steps[*step])).collect::<Vec<_>>()
                {
                    self.take_back(step)?;
                }
            }
            let Stage { app, plan } = self.stage();
            let done = self.progress.steps.iter().all(|state| matches!(state, StepState::Done { .. }));
            let here = if done { &plan.to } else { &plan.from };
            let away = stage(app, here.clone(), Placement::default());
            (self.stages, self.at) = (vec![away], 0);
            self.progress = nothing_done(self.stage());
            self.finish_stage()?;
        }
        Ok(())
    }

    /// What a fresh executor finds of the application, in words.
    pub fn left(&self) -> Vec<String> {
        self.left_by(&Arc::from((self.subject.make)()))
    }

    pub fn left_by(&self, fresh: &Arc<dyn Executor>) -> Vec<String> {
        match self.seen_by(fresh) {
            Ok(seen) => seen.iter().map(named).collect(),
            Err(Stop::Failed(why) | Stop::Skipped(why)) => vec![format!("nobody knows what: {why}")],
        }
    }

    /// A failure has to be of the kind that was asked for.
    pub fn stopped(&self, way: Way, step: usize, kind: FailureKind, failure: &Failure) -> Played {
        if failure.kind == kind {
            return Ok(());
        }
        let (is, wanted) = (failure.kind.as_str(), kind.as_str());
        failed(format!("{} was to stop and says `{is}`, not `{wanted}`: {failure}", self.called(way, step)))
    }
}

fn nothing_done(stage: &Stage) -> Progress {
    let begun = Entry { at: 0, event: Event::Began };
    Progress::of(&stage.plan, &[begun]).expect("a journal that has just begun")
}
