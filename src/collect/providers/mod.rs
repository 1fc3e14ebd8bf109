//! The sources, one file per provider.

use super::source::Source;

/// Every source that this program knows, in the order in which they are listed.
pub static ALL: &[&dyn Source] = &[];
