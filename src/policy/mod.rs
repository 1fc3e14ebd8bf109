//! What an organisation allows on top of what an application asks for, and when it lets things move.
//!
//! Invariant: a policy only narrows; it never adds an offer that the application refused.

pub mod file;
mod moves;

pub use moves::{Approval, Moves, Window};

use crate::app::Filter;
use crate::units::{Purchase, Quality};

/// Rules that hold for every application of an organisation. The default allows everything, and moves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Name, for people.
    pub name: String,
    /// Providers that may be used at all.
    pub providers: Filter,
    /// Purchase options that may be used at all.
    pub purchase: Vec<Purchase>,
    /// The worst quality of a price that may be acted on.
    pub worst_quality: Quality,
    /// When a move is worth it, and when it may happen.
    pub moves: Moves,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            name: "default".to_owned(),
            providers: Filter::default(),
            purchase: Purchase::ALL.to_vec(),
            worst_quality: Quality::Estimated,
            moves: Moves::default(),
        }
    }
}

#[cfg(test)]
mod tests;
