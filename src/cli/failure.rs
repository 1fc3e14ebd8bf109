//! How a command can end other than well, and the exit codes that scripts rely on.

use std::fmt;
use std::io;
use std::process::ExitCode;

/// Why a command did not succeed.
#[derive(Debug)]
pub enum Failure {
    /// What the user gave cannot be used. Exit code 2.
    Input(String),
    /// Everything was understood, and it is impossible. Exit code 3; the text goes to standard error.
    Infeasible(String),
    /// Trouble that is not the input's: I/O, or a fault of this program. Exit code 1.
    Other(String),
    /// Whoever read the output has seen enough (`placer offers | head`). Not an error at all.
    PipeClosed,
}

impl Failure {
    /// A fault of the input, from anything that can be shown.
    pub fn input(message: impl fmt::Display) -> Self {
        Self::Input(message.to_string())
    }

    /// Trouble that is not the input's, from anything that can be shown.
    #[cfg(feature = "run")]
    pub fn other(message: impl fmt::Display) -> Self {
        Self::Other(message.to_string())
    }

    /// Tells it on standard error, and gives the exit code.
    #[must_use]
    pub fn report(&self) -> ExitCode {
        let (text, code) = match self {
            Self::PipeClosed => return ExitCode::SUCCESS,
            Self::Input(text) => (text, 2),
            Self::Infeasible(text) => (text, 3),
            Self::Other(text) => (text, 1),
        };
        let labelled = text.is_empty() || text.starts_with("error") || matches!(self, Self::Infeasible(_));
        let label = if labelled { "" } else { "error: " };
        if !text.is_empty() {
            // Nothing is left to be done when even standard error is closed.
            let _ = io::Write::write_fmt(&mut io::stderr().lock(), format_args!("{label}{}\n", text.trim_end()));
        }
        ExitCode::from(code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(text) | Self::Infeasible(text) | Self::Other(text) => f.write_str(text),
            Self::PipeClosed => f.write_str("the output is closed"),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::PipeClosed;
        }
        Self::Other(format!("cannot write the output: {error}"))
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::from(io::Error::from(error))
    }
}

impl From<csv::Error> for Failure {
    fn from(error: csv::Error) -> Self {
        match error.into_kind() {
            csv::ErrorKind::Io(error) => Self::from(error),
            other => Self::Other(format!("cannot write CSV: {other:?}")),
        }
    }
}
