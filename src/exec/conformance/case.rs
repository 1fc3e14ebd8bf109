//! The cases of the suite, each with the promise that it is about.

/// One promise, as the suite holds an executor to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Case {
    /// An application that is not there is observed as nothing.
    Observe,
    /// `ready` finds nothing missing, and changes nothing.
    Ready,
    /// What is missing is told before anything is done.
    Missing,
    /// What is observed after every step is what the journal has.
    CarryOut,
    /// A step sent twice is done once.
    Idempotent,
    /// A step that was done long ago is not done again.
    RepeatLate,
    /// A step that was taken back is done anew.
    DoAgain,
    /// Undo from every prefix of the plan.
    Rollback,
    /// Undo of a step that was never begun.
    UndoUnbegun,
    /// Undo of a step that was taken back already.
    UndoTwice,
    /// A fresh executor sees the same, and goes on.
    Restart,
    /// Stops at a deadline.
    Deadline,
    /// Stops when it is cancelled.
    Cancel,
    /// Stopped in the middle of a step: finished by sending it again, or taken back.
    Midway,
    /// A step that cannot succeed leaves nothing that undo does not know.
    Failing,
    /// Killed in the middle of a step.
    Killed,
    /// Applications do not touch one another.
    Apart,
    /// A smaller fence is refused.
    Fence,
    /// Nothing is left of any case.
    NothingLeft,
}

impl Case {
    /// All, in the order in which they are run: what others build on comes first.
    pub const ALL: [Self; 19] = [
        Self::Observe,
        Self::CarryOut,
        Self::Ready,
        Self::Missing,
        Self::Idempotent,
        Self::RepeatLate,
        Self::DoAgain,
        Self::Rollback,
        Self::UndoUnbegun,
        Self::UndoTwice,
        Self::Restart,
        Self::Deadline,
        Self::Cancel,
        Self::Midway,
        Self::Failing,
        Self::Killed,
        Self::Apart,
        Self::Fence,
        Self::NothingLeft,
    ];

    /// The word used in files and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Ready => "ready",
            Self::Missing => "missing",
            Self::CarryOut => "carry_out",
            Self::Idempotent => "idempotent",
            Self::RepeatLate => "repeat_late",
            Self::DoAgain => "do_again",
            Self::Rollback => "rollback",
            Self::UndoUnbegun => "undo_unbegun",
            Self::UndoTwice => "undo_twice",
            Self::Restart => "restart",
            Self::Deadline => "deadline",
            Self::Cancel => "cancel",
            Self::Midway => "midway",
            Self::Failing => "failing",
            Self::Killed => "killed",
            Self::Apart => "apart",
            Self::Fence => "fence",
            Self::NothingLeft => "nothing_left",
        }
    }

    /// What is promised, in one sentence.
    #[must_use]
    pub fn promise(self) -> &'static str {
        match self {
            Self::Observe => "of an application that is not there, nothing is observed",
            Self::Ready => "`ready` finds nothing missing for a plan that can be carried out, and changes nothing",
            Self::Missing => {
                "`ready` says `missing`, with help, when a secret or a credential is not there, and changes nothing"
            }
            Self::CarryOut => "after every step, what is observed is what the journal has",
            Self::Idempotent => "a step that is sent twice is done once, and says the same twice",
            Self::RepeatLate => "a step that was done is not done again after the steps behind it",
            Self::DoAgain => "a step that was taken back can be done again",
            Self::Rollback => "from every prefix of a plan, undoing in reverse leads to the state before",
            Self::UndoUnbegun => "undo of a step that was never begun changes nothing",
            Self::UndoTwice => "undo of a step that was taken back already changes nothing",
            Self::Restart => "a fresh executor sees the same, and goes on where the other one was",
            Self::Deadline => "a step whose deadline has passed stops soon, says so, and can be taken back",
            Self::Cancel => "a step that is cancelled stops soon, says so, and can be taken back; so does undo",
            Self::Midway => "a step that was stopped in its middle is finished by sending it again, or taken back",
            Self::Failing => "a step that cannot succeed fails with a reason, and undo leads to the state before",
            Self::Killed => "an executor that was killed in the middle of a step goes on, or takes it back",
            Self::Apart => "applications do not touch one another",
            Self::Fence => "after a greater fence was seen, steps and undos with a smaller one are refused",
            Self::NothingLeft => "when all is done, nothing is left",
        }
    }

    /// Cases whose promise this one builds on: where one of them is broken, this one says nothing.
    pub(super) fn needs(self) -> &'static [Self] {
        match self {
            Self::Observe => &[],
            Self::CarryOut | Self::NothingLeft => &[Self::Observe],
            Self::Ready | Self::Missing | Self::Idempotent | Self::RepeatLate | Self::DoAgain | Self::Apart => {
                &[Self::CarryOut]
            }
            Self::Rollback => &[Self::DoAgain],
            Self::UndoUnbegun | Self::UndoTwice | Self::Restart => &[Self::Rollback],
            Self::Deadline | Self::Cancel | Self::Failing | Self::Killed => &[Self::UndoUnbegun],
            Self::Midway => &[Self::Cancel],
            Self::Fence => &[Self::Restart],
        }
    }

    /// The case of a word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|case| case.as_str() == word)
    }
}
