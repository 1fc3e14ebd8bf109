//! How far a plan was carried out, from what the journal says; and what comes next. Pure: the time is an argument.
//!
//! The journal is written before each effect ([`Event::Doing`], [`Event::Undoing`]) and after it. So whoever reads it after
//! a crash knows for each step that it was not begun, that it was done, or that it may have been begun: such a step is done
//! once more, or taken back. Executors do nothing for a step that is done already.

use super::{Action, Change, Plan, Seat, Undo};
use thiserror::Error;

/// How often a step that failed for a passing reason is tried, and a step back for any reason.
pub const ATTEMPTS_MAX: u32 = 3;
/// Seconds of an hour.
const HOUR_S: i64 = 3_600;

/// What happened to a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The run exists; nothing was done yet.
    Began,
    /// A step is about to be done; whether it was, nobody knows until the next entry.
    Doing {
        /// Ordinal of the step.
        step: usize,
    },
    /// A step was done.
    Done {
        /// Ordinal of the step.
        step: usize,
        /// What the executor says of it.
        note: String,
    },
    /// A step failed.
    Failed {
        /// Ordinal of the step.
        step: usize,
        /// Why.
        why: String,
        /// Whether trying again may help.
        passing: bool,
    },
    /// From here on everything is taken back.
    TurnedBack {
        /// Why: what failed, or who asked for it.
        why: String,
    },
    /// A step is about to be taken back.
    Undoing {
        /// Ordinal of the step.
        step: usize,
    },
    /// A step was taken back.
    Undone {
        /// Ordinal of the step.
        step: usize,
        /// What the executor says of it.
        note: String,
    },
    /// A step could not be taken back.
    UndoFailed {
        /// Ordinal of the step.
        step: usize,
        /// Why.
        why: String,
    },
    /// Somebody asked to go on where nothing helped, or not to wait until the end of the rollback window.
    Resumed {
        /// Whether the old sides are to go now.
        now: bool,
    },
    /// The end.
    Ended(End),
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The wanted placement is there, and nothing else.
    Finished,
    /// The placement from before is there, and nothing else.
    RolledBack,
}

/// An entry of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When, in seconds since 1970.
    pub at: i64,
    /// What.
    pub event: Event,
}

/// How far a step is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepState {
    /// Not begun.
    Waiting,
    /// Begun; whether it was done is not known.
    Doing,
    /// Done.
    Done {
        /// When, in seconds since 1970.
        at: i64,
    },
    /// Failed; what of it was done is not known.
    Failed {
        /// Why.
        why: String,
    },
    /// Taken back, or never done and not to be done any more.
    Undone,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Carry out a step.
    Do(usize),
    /// Say that everything is taken back from here on.
    TurnBack {
        /// Why.
        why: String,
    },
    /// Take a step back.
    Undo(usize),
    /// Nothing before this time: the old sides are kept until then.
    Wait {
        /// Seconds since 1970.
        until: i64,
    },
    /// Say that the run ended.
    End(End),
    /// Nothing helps any more; a person must look.
    Stuck {
        /// Ordinal of the step.
        step: usize,
        /// Why.
        why: String,
    },
    /// It has ended.
    Nothing,
}

/// A journal that no run of this plan can have written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("entry {entry} of the journal does not fit its plan: {message}")]
pub struct Disorder {
    /// Ordinal of the entry.
    pub entry: usize,
    /// What is wrong.
    pub message: &'static str,
}

/// One side of a component, as the journal has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// What it is.
    pub seat: Seat,
    /// Whether it is certain to be there; `false`: it may be, since a step that makes it or takes it away has begun.
    pub certain: bool,
    /// Percent of the traffic that it gets; `None`: a shift was begun.
    pub percent: Option<u8>,
}

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Each step of the plan.
    pub steps: Vec<StepState>,
    /// Why everything is being taken back; `None`: it goes forward.
    pub back: Option<String>,
    /// How it ended.
    pub end: Option<End>,
    /// Failures since the last step that went well, or since somebody said to go on.
    failures: u32,
    /// The last failure.
    failed: Option<(usize, String, bool)>,
    /// Whether the rollback window was ended early.
    hurried: bool,
}

impl Progress {
    /// Reads a journal.
    ///
    /// # Errors
    /// [`Disorder`] for entries that cannot follow one another, or name steps that the plan does not have.
    pub fn of(plan: &Plan, entries: &[Entry]) -> Result<Self, Disorder> {
        let steps = vec![StepState::Waiting; plan.steps.len()];
        let mut progress = Self { steps, back: None, end: None, failures: 0, failed: None, hurried: false };
        for (ordinal, entry) in entries.iter().enumerate() {
            let wrong = |message| Disorder { entry: ordinal, message };
            if (ordinal == 0) != (entry.event == Event::Began) {
                return Err(wrong("a journal begins once, with its beginning"));
            }
            if progress.end.is_some() {
                return Err(wrong("something follows the end"));
            }
            progress.note(entry).map_err(wrong)?;
        }
        Ok(progress)
    }

    /// Takes one entry in.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn note(&mut self, entry: &Entry) -> Result<(), &'static str> {
        let forward = self.back.is_none();
        let state = |steps: &mut Vec<StepState>, step: usize, state| -> Result<(), &'static str> {
            *steps.get_mut(step).ok_or("the plan has no such step")? = state;
            Ok(())
        };
        match &entry.event {
            Event::Began => {}
            Event::Doing { step } if forward => state(&mut self.steps, *step, StepState::Doing)?,
            Event::Done { step, .. } if forward => {
                state(&mut self.steps, *step, StepState::Done { at: entry.at })?;
                (self.failures, self.failed) = (0, None);
            }
            Event::Failed { step, why, passing } if forward => {
                state(&mut self.steps, *step, StepState::Failed { why: why.clone() })?;
                self.failures += 1;
                self.failed = Some((*step, why.clone(), *passing));
            }
            Event::TurnedBack { why } if forward => {
                self.back = Some(why.clone());
                (self.failures, self.failed) = (0, None);
            }
            Event::Undoing { step } if !forward => {
                self.steps.get(*step).ok_or("the plan has no such step")?;
            }
            Event::Undone { step, .. } if !forward => {
                state(&mut self.steps, *step, StepState::Undone)?;
                (self.failures, self.failed) = (0, None);
            }
            Event::UndoFailed { step, why } if !forward => {
                self.failures += 1;
                self.failed = Some((*step, why.clone(), true));
            }
            Event::Resumed { now } => {
                (self.failures, self.failed) = (0, None);
                self.hurried |= now;
            }
            Event::Ended(end) => self.end = Some(*end),
            _ => return Err("a step forward while everything is taken back, or the other way round"),
        }
        Ok(())
    }

    /// What comes next.
    #[must_use]
    pub fn next(&self, plan: &Plan, now: i64) -> Next {
        if self.end.is_some() {
            return Next::Nothing;
        }
        if self.back.is_some() { self.next_back(plan) } else { self.next_forward(plan, now) }
    }

    fn next_forward(&self, plan: &Plan, now: i64) -> Next {
        let Some(step) = self.steps.iter().position(|state| !matches!(state, StepState::Done { .. })) else {
            return Next::End(End::Finished);
        };
        if let Some((failed, why, passing)) = &self.failed
            && (!passing || self.failures >= ATTEMPTS_MAX)
        {
            let why = format!("{}: {why}", plan.steps[*failed].name);
            return if self.can_turn_back(plan) { Next::TurnBack { why } } else { Next::Stuck { step: *failed, why } };
        }
        match self.kept_until(plan) {
            Some(until) if until > now && matches!(plan.steps[step].action, Action::Retire(_)) => Next::Wait { until },
            _ => Next::Do(step),
        }
    }

    /// Steps are taken back in the reverse order. Of those that changed nothing nothing is said.
    fn next_back(&self, plan: &Plan) -> Next {
        let touched = |step: &usize| !matches!(self.steps[*step], StepState::Waiting | StepState::Undone);
        let undone = |step: &usize| plan.steps[*step].undo != Undo::Nothing;
        match (0..self.steps.len()).rev().filter(touched).find(undone) {
            None => Next::End(End::RolledBack),
            Some(step) => match &self.failed {
                Some((failed, why, _)) if self.failures >= ATTEMPTS_MAX => {
                    let why = format!("{} cannot be taken back: {why}", plan.steps[*failed].name);
                    Next::Stuck { step: *failed, why }
                }
                _ => Next::Undo(step),
            },
        }
    }

    /// Whether everything can still be taken back: no old side has begun to go.
    #[must_use]
    pub fn can_turn_back(&self, plan: &Plan) -> bool {
        let begun = |(step, state): (&super::Step, &StepState)| {
            matches!(step.action, Action::Retire(_)) && *state != StepState::Waiting
        };
        self.end.is_none() && !plan.steps.iter().zip(&self.steps).any(begun)
    }

    /// Until when the old sides are kept, in seconds since 1970; `None`: none is kept yet, or no longer.
    #[must_use]
    pub fn kept_until(&self, plan: &Plan) -> Option<i64> {
        let until = |(step, state): (&super::Step, &StepState)| match (&step.action, state) {
            (Action::Keep { hours }, StepState::Done { at }) => Some(at + i64::from(*hours) * HOUR_S),
            _ => None,
        };
        plan.steps.iter().zip(&self.steps).filter_map(until).max().filter(|_| !self.hurried)
    }

    /// What there should be, as far as the journal knows: all sides of all components.
    #[must_use]
    pub fn sides(&self, plan: &Plan) -> Vec<Side> {
        let stays = |seat: &&Seat| !plan.moved.iter().any(|moved| moved.component == seat.component);
        let whole = |seat: &Seat| Side { seat: seat.clone(), certain: true, percent: Some(100) };
        let mut sides: Vec<Side> = plan.from.seats.iter().filter(stays).map(whole).collect();
        for moved in &plan.moved {
            let shifted = self.shifted(plan, &moved.component);
            if let Some(seat) = &moved.from {
                let state = self.state_of(plan, &moved.component, "retire");
                if !matches!(state, Some(StepState::Done { .. })) {
                    let certain = !matches!(state, Some(StepState::Doing | StepState::Failed { .. }));
                    // Of what goes without a successor, draining is the end of its traffic.
                    let gone = moved.change == Change::Remove
                        && !matches!(
                            self.state_of(plan, &moved.component, "drain"),
                            Some(StepState::Waiting | StepState::Undone)
                        );
                    let percent = if gone { Some(0) } else { shifted.map(|percent| 100 - percent) };
                    sides.push(Side { seat: seat.clone(), certain, percent });
                }
            }
            if let Some(seat) = &moved.to {
                let state = self.state_of(plan, &moved.component, "provision");
                if !matches!(state, None | Some(StepState::Waiting | StepState::Undone)) {
                    let certain = matches!(state, Some(StepState::Done { .. }));
                    sides.push(Side { seat: seat.clone(), certain, percent: shifted });
                }
            }
        }
        sides
    }

    fn state_of(&self, plan: &Plan, component: &str, word: &str) -> Option<&StepState> {
        let is = |step: &super::Step| step.component == component && step.action.as_str() == word;
        plan.steps.iter().position(is).map(|step| &self.steps[step])
    }

    /// Percent of a component's traffic on the new side; `None`: a shift was begun.
    fn shifted(&self, plan: &Plan, component: &str) -> Option<u8> {
        let mut percent = Some(0);
        for (step, state) in plan.steps.iter().zip(&self.steps).filter(|(step, _)| step.component == component) {
            if let Action::Shift { percent: to } = step.action {
                match state {
                    StepState::Waiting | StepState::Undone => {}
                    StepState::Done { .. } => percent = Some(to),
                    StepState::Doing | StepState::Failed { .. } => percent = None,
                }
            }
        }
        percent
    }
}
