//! Failures in the words of this executor.

use crate::exec::{Failure, FailureKind};
use std::io;
use std::path::Path;

/// Trying again may help.
pub fn passing(what: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Passing, what)
}

/// It cannot be carried out as it stands.
pub fn refused(what: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Refused, what)
}

/// Something that is needed is not there.
pub fn missing(what: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Missing, what)
}

/// A file or folder that could not be used.
pub fn io_failed(verb: &str, path: &Path, error: &io::Error) -> Failure {
    let failure = passing(format!("cannot {verb} {}: {error}", path.display()));
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => failure.help("make room on the disk"),
        io::ErrorKind::PermissionDenied => failure.help("let placer write there, or give it another folder"),
        _ => failure,
    }
}
