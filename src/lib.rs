//! placer: the package manager for the cloud.
//!
//! The pure core: an application and a price book go in, a proven placement with its exact bill comes out.
//! ARCHITECTURE.md says how the modules lie on one another.

// Random fleets in `tests/support` name this crate as everybody outside does.
#[cfg(test)]
extern crate self as placer;

#[cfg(feature = "serve")]
pub mod api;
pub mod app;
pub mod catalog;
#[cfg(feature = "run")]
pub mod exec;
pub mod market;
pub mod plan;
pub mod policy;
pub mod problem;
pub mod report;
pub mod solve;
#[cfg(feature = "collect")]
pub mod store;
pub mod units;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod collect;
#[cfg(feature = "cli")]
pub mod control;
