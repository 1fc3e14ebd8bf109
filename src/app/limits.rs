//! Upper limits of an application file. They keep every integer of the model far from its range, so that a bill can
//! never saturate unnoticed, and they turn absurd input into a clear error.

/// Bytes of an `app.toml`.
pub const FILE_BYTES_MAX: u64 = 1 << 20;
/// Components of an application.
pub const COMPONENTS_MAX: usize = 500;
/// Links of an application.
pub const LINKS_MAX: usize = 5_000;
/// Audiences of an application.
pub const AUDIENCES_MAX: usize = 64;
/// Paths of an application.
pub const PATHS_MAX: usize = 256;
/// Replicas of a component.
pub const REPLICAS_MAX: i64 = 10_000;
/// Interruptions a month of a spot machine: one an hour.
pub const INTERRUPTIONS_MONTH_MAX: i64 = 730;
/// Minutes that an on-demand machine stands in after an interruption: a day.
pub const STAND_IN_MINUTES_MAX: i64 = 1_440;
/// Replicas, over all components, that may share machines with one another.
pub const SHARING_MAX: usize = 10;
/// vCPUs of a replica.
pub const CPU_MAX: i64 = 10_000;
/// GiB of memory of a replica.
pub const MEMORY_GIB_MAX: i64 = 100_000;
/// GB of disk of a replica, or of objects in a storage.
pub const DISK_GB_MAX: i64 = 100_000_000;
/// GB a month of one traffic figure (10 PB). The sum over an app is checked against [`TRAFFIC_GB_TOTAL_MAX`].
pub const TRAFFIC_GB_MAX: i64 = 10_000_000;
/// GB a month of all traffic together (100 PB): keeps volume x volume x price inside 128 bits.
pub const TRAFFIC_GB_TOTAL_MAX: i64 = 100_000_000;
/// Millions of requests a month.
pub const REQUESTS_MILLION_MAX: i64 = 10_000_000;
/// Milliseconds of a bound or a service time.
pub const LATENCY_MS_MAX: i64 = 600_000;
/// Round trips over one link for one request.
pub const ROUND_TRIPS_MAX: i64 = 10_000;
/// Dollars of a budget, or of a price per millisecond.
pub const USD_MAX: i64 = 1_000_000_000;
/// Accelerators of a replica.
pub const GPUS_MAX: i64 = 1_024;
/// Zones that a component may be asked to survive across.
pub const ZONES_MAX: i64 = 6;
/// Machines or nodes of one offer in today's placement.
pub const TODAY_COUNT_MAX: i64 = 100_000;
/// Rules over groups of components.
pub const RULES_MAX: usize = 256;
/// Entries of a list inside a table (names that are allowed, components of a path or a rule).
pub const LIST_MAX: usize = 500;
/// Characters of a name that becomes part of resource names.
pub const NAME_CHARS_MAX: usize = 63;
/// Characters of free text (images, descriptions, offers).
pub const TEXT_CHARS_MAX: usize = 512;
