//! Round-trip times measured from here: which hosts, how, and what was measured so far.
//!
//! Invariants: the hosts belong to others, so probes are few, spaced, and say who they are; a region is not probed again
//! before [`AGAIN_AFTER_SECONDS`]; a failed probe leaves what was known.

mod endpoints;
mod measure;
mod record;

pub use endpoints::{Endpoint, EndpointError, endpoints};
pub use measure::{Limits, Sample, USER_AGENT, probe};
pub use record::{Distribution, Record, RecordError, Run, Vantage};

/// A region is left alone for this long after it was probed from the same place.
pub const AGAIN_AFTER_SECONDS: i64 = 3 * 3600;
