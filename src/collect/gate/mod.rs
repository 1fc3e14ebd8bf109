//! The gate between what sources say and what the price book holds.
//!
//! Two stages, both pure. [`Intake`] takes observations as they come: units by the source's table, currencies by dated
//! rates, ranges, placeholders, names. [`judge`] looks at a complete run as a whole: duplicates, ladders, partial
//! scrapes, and outliers against the last value and the size family, which wait for a second run.
//!
//! Invariant: a figure passes with every rule kept, or is refused with its raw value and a reason, or waits; nothing is
//! repaired and nothing is guessed.

mod file;
mod index;
mod intake;
mod judge;
mod key;
mod ranges;
#[cfg(test)]
mod tests;

pub use index::BookIndex;
pub use intake::{Candidate, Intake, Refusal};
pub use judge::{Judged, Memory, OUTLIER_FACTOR, SPOT_OUTLIER_FACTOR, judge};
pub use key::{Key, Thing, Value, bad_name};
