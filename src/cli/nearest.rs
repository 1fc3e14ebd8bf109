//! Names that the user may have meant.

use super::failure::Failure;
use crate::catalog::listing::UnknownName;

/// An error for a name that nothing has, with the nearest one, or the whole list when it is short.
pub fn unknown<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Failure {
    Failure::input(UnknownName::of(what, name, known))
}
