//! Entries of a journal as JSON, one object each.

use super::FileError;
use super::run::{End, Event};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
enum EventFile {
    Began,
    Doing { step: usize },
    Done { step: usize, note: String },
    Failed { step: usize, why: String, passing: bool },
    TurnedBack { why: String },
    Undoing { step: usize },
    Undone { step: usize, note: String },
    UndoFailed { step: usize, why: String },
    Resumed { now: bool },
    Finished,
    RolledBack,
}

impl Event {
    /// The entry as one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let file = match self.clone() {
            Self::Began => EventFile::Began,
            Self::Doing { step } => EventFile::Doing { step },
            Self::Done { step, note } => EventFile::Done { step, note },
            Self::Failed { step, why, passing } => EventFile::Failed { step, why, passing },
            Self::TurnedBack { why } => EventFile::TurnedBack { why },
            Self::Undoing { step } => EventFile::Undoing { step },
            Self::Undone { step, note } => EventFile::Undone { step, note },
            Self::UndoFailed { step, why } => EventFile::UndoFailed { step, why },
            Self::Resumed { now } => EventFile::Resumed { now },
            Self::Ended(End::Finished) => EventFile::Finished,
            Self::Ended(End::RolledBack) => EventFile::RolledBack,
        };
        serde_json::to_string(&file).unwrap_or_else(|_| unreachable!("numbers and texts are written without fail"))
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// [`FileError::Form`].
    pub fn read(text: &str) -> Result<Self, FileError> {
        let file = serde_json::from_str(text).map_err(|error| FileError::Form(error.to_string()))?;
        Ok(match file {
            EventFile::Began => Self::Began,
            EventFile::Doing { step } => Self::Doing { step },
            EventFile::Done { step, note } => Self::Done { step, note },
            EventFile::Failed { step, why, passing } => Self::Failed { step, why, passing },
            EventFile::TurnedBack { why } => Self::TurnedBack { why },
            EventFile::Undoing { step } => Self::Undoing { step },
            EventFile::Undone { step, note } => Self::Undone { step, note },
            EventFile::UndoFailed { step, why } => Self::UndoFailed { step, why },
            EventFile::Resumed { now } => Self::Resumed { now },
            EventFile::Finished => Self::Ended(End::Finished),
            EventFile::RolledBack => Self::Ended(End::RolledBack),
        })
    }
}
