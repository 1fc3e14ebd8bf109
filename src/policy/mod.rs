//! What an organisation allows, on top of what an application asks for.
//!
//! Invariant: a policy only narrows; it never adds an offer that the application refused.

use crate::app::Filter;
use crate::units::{Purchase, Quality};

/// Rules that hold for every application of an organisation. The default allows everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Providers that may be used at all.
    pub providers: Filter,
    /// Purchase options that may be used at all.
    pub purchase: Vec<Purchase>,
    /// The worst quality of a price that may be acted on.
    pub worst_quality: Quality,
}

impl Default for Policy {
    fn default() -> Self {
        Self { providers: Filter::default(), purchase: Purchase::ALL.to_vec(), worst_quality: Quality::Estimated }
    }
}
