//! Executors by name.

use super::{Executor, Failure, FailureKind};
use std::path::PathBuf;

/// Names that [`open`] knows, with what each does.
pub const EXECUTORS: &[(&str, &str)] = &[];

/// What executors need of their surroundings.
#[derive(Clone, Debug)]
pub struct Setting {
    /// A folder for what an executor keeps; below it each has its own.
    pub folder: PathBuf,
    /// The program `placer` itself, which local processes are started through.
    pub program: PathBuf,
}

/// The executor of a name, as `--executor` takes it.
///
/// # Errors
/// [`FailureKind::Refused`] for an unknown name.
pub fn open(name: &str, _setting: &Setting) -> Result<Box<dyn Executor>, Failure> {
    let known: Vec<&str> = EXECUTORS.iter().map(|(name, _)| *name).collect();
    Err(Failure::new(FailureKind::Refused, format!("there is no executor `{name}`"))
        .help(format!("use one of {}", known.join(", "))))
}
