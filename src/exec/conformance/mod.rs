//! Holds an executor to what every executor promises ([`crate::exec`]), whatever it is made of.
//!
//! A scenario (an application that comes, moves and goes) is played through once for each promise, each time as another
//! application, so that cases do not see one another. What is found is data ([`Verdict`]); prose is a formatter's.
//! Cases build on one another: where what one needs is broken already, it is skipped, so that a fault is told where it is.
//!
//! The suite knows nothing of an executor but the trait, so a promise is judged by what can be seen through it: what
//! [`Executor::observe`] says after each step and each undo, against [`crate::plan::run::Progress::sides`].

mod agree;
mod back;
mod call;
mod case;
mod fence;
mod forward;
mod scenario;
mod stop;
mod trial;
pub mod wire;

pub use case::Case;
pub use scenario::{SECRET_NOT_SET, Scenario};

use super::Executor;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use trial::{Played, Stop, Trial};

/// Who is held to the promises.
pub struct Subject<'a> {
    /// Makes an executor; all that it makes stand for the same one, started anew.
    pub make: &'a dyn Fn() -> Box<dyn Executor>,
    /// Makes one that lacks something (a program, a credential) which its plans need; `None`: only a missing secret is tried.
    pub bare: Option<&'a dyn Fn() -> Box<dyn Executor>>,
    /// Kills whatever carries steps out, as `kill -9` does; `None`: it cannot be killed apart from this process.
    pub kill: Option<&'a (dyn Fn() + Sync)>,
}

impl<'a> Subject<'a> {
    /// An executor that is only made.
    pub fn of(make: &'a dyn Fn() -> Box<dyn Executor>) -> Self {
        Self { make, bare: None, kill: None }
    }
}

/// How the suite is run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What makes the names of its applications its own: lower-case letters and digits. Two runs on the same world need two.
    pub nonce: String,
    /// The cases to run; empty: all.
    pub only: Vec<Case>,
    /// The longest that a step may take that has nothing to wait for, and `ready`, and `observe`.
    pub step_limit: Duration,
    /// The longest that a step which cannot succeed is given.
    pub failing_limit: Duration,
    /// Within what time a step has to end that was asked to stop.
    pub stop_limit: Duration,
    /// How long what is seen may take to become what it should be.
    pub settle: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            nonce: "0".to_owned(),
            only: Vec::new(),
            step_limit: Duration::from_secs(60),
            failing_limit: Duration::from_secs(10),
            stop_limit: Duration::from_secs(10),
            settle: Duration::from_secs(5),
        }
    }
}

/// What became of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The promise was kept.
    Passed,
    /// It was broken.
    Failed {
        /// Where and how.
        why: String,
    },
    /// It cannot be said.
    Skipped {
        /// Why not.
        why: String,
    },
}

/// A case and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The case.
    pub case: Case,
    /// What became of it.
    pub outcome: Outcome,
    /// What is left of a case that did not pass, one side each.
    pub left: Vec<String>,
}

/// Whether no promise was found broken.
#[must_use]
pub fn conforms(verdicts: &[Verdict]) -> bool {
    !verdicts.iter().any(|verdict| matches!(verdict.outcome, Outcome::Failed { .. }))
}

/// Runs the suite; `told` hears of each verdict when it stands.
///
/// Nothing in it waits for longer than the settings say. Threads in which an executor hangs are left behind.
pub fn run(
    subject: &Subject<'_>,
    scenario: &Scenario,
    settings: &Settings,
    told: &mut dyn FnMut(&Verdict),
) -> Vec<Verdict> {
    let mut suite = Suite { subject, scenario, settings, broken: BTreeSet::new(), used: Vec::new() };
    let wanted = |case: &Case| settings.only.is_empty() || settings.only.contains(case);
    let mut verdicts = Vec::new();
    for case in Case::ALL.into_iter().filter(wanted) {
        let verdict = suite.judge(case);
        told(&verdict);
        verdicts.push(verdict);
    }
    verdicts
}

struct Suite<'a> {
    subject: &'a Subject<'a>,
    scenario: &'a Scenario,
    settings: &'a Settings,
    /// Cases that failed, and those that build on them.
    broken: BTreeSet<Case>,
    /// Applications of the cases that passed.
    used: Vec<String>,
}

impl Suite<'_> {
    fn judge(&mut self, case: Case) -> Verdict {
        if let Some(need) = case.needs().iter().find(|need| self.broken.contains(need)) {
            self.broken.insert(case);
            let why = format!("it builds on `{}`, which does not hold", need.as_str());
            return Verdict { case, outcome: Outcome::Skipped { why }, left: Vec::new() };
        }
        let (played, left) =
            if case == Case::NothingLeft { (self.nothing_left(), Vec::new()) } else { self.play(case) };
        let outcome = match played {
            Ok(()) => Outcome::Passed,
            Err(Stop::Skipped(why)) => Outcome::Skipped { why },
            Err(Stop::Failed(why)) => {
                self.broken.insert(case);
                Outcome::Failed { why }
            }
        };
        Verdict { case, outcome, left }
    }

    /// Plays a case as an application of its own, and clears up.
    fn play(&mut self, case: Case) -> (Played, Vec<String>) {
        let name = |side: &str| format!("test-{}{side}-{}", case.as_str().replace('_', "-"), self.settings.nonce);
        let (first, second) = (name(""), name("-b"));
        let mut trial = Trial::new(self.subject, self.scenario, self.settings, &first);
        let mut other = Trial::new(self.subject, self.scenario, self.settings, &second);
        let played = match case {
            Case::Observe => forward::observe(&trial),
            Case::Ready => forward::ready(&mut trial),
            Case::Missing => forward::missing(&mut trial),
            Case::CarryOut => forward::carry_out(&mut trial),
            Case::Idempotent => forward::idempotent(&mut trial),
            Case::RepeatLate => forward::repeat_late(&mut trial),
            Case::Restart => forward::restart(&mut trial),
            Case::Apart => forward::apart(&mut trial, &mut other),
            Case::DoAgain => back::do_again(&mut trial),
            Case::Rollback => back::rollback(&mut trial),
            Case::UndoUnbegun => back::undo_unbegun(&mut trial),
            Case::UndoTwice => back::undo_twice(&mut trial),
            Case::Deadline => stop::deadline(&mut trial),
            Case::Cancel => stop::cancel(&mut trial),
            Case::Midway => stop::midway(&mut trial),
            Case::Failing => stop::failing(&mut trial, self.scenario),
            Case::Killed => stop::killed(&mut trial),
            Case::Fence => fence::fence(&mut trial, &mut other),
            Case::NothingLeft => Ok(()),
        };
        trial.clear();
        other.clear();
        if played.is_err() {
            let left = trial.left().into_iter().chain(other.left()).collect();
            return (played, left);
        }
        self.used.extend([first, second]);
        (played, Vec::new())
    }

    /// Looks again at the applications of all cases that passed; what the others left was told with them.
    fn nothing_left(&self) -> Played {
        let fresh: Arc<dyn Executor> = Arc::from((self.subject.make)());
        for name in &self.used {
            let left = Trial::new(self.subject, self.scenario, self.settings, name).left_by(&fresh);
            if !left.is_empty() {
                return trial::failed(format!("of {name} is left: {}", left.join(", ")));
            }
        }
        Ok(())
    }
}
