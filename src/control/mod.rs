//! Joins what may not know each other: collecting into the store, the books that come of it, plans carried out; the market,
//! the solver and the policies in a replay of recorded prices.

#[cfg(feature = "run")]
pub mod autopilot;
pub mod backtest;
#[cfg(feature = "run")]
pub mod carrying;
pub mod choose;
#[cfg(feature = "collect")]
pub mod collecting;
#[cfg(feature = "run")]
pub mod outcome;
#[cfg(feature = "run")]
pub mod proposing;
#[cfg(feature = "collect")]
pub mod sealing;

/// What time it is. The system's, or a test's.
pub trait Clock: Sync {
    /// Seconds since 1970.
    fn now(&self) -> i64;

    /// Seconds since some moment, counted by a clock that nobody can set; it goes on while the machine sleeps.
    fn steady(&self) -> i64;
}

/// The system's clock.
#[cfg(feature = "run")]
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[cfg(feature = "run")]
impl Clock for SystemClock {
    fn now(&self) -> i64 {
        jiff::Timestamp::now().as_second()
    }

    fn steady(&self) -> i64 {
        rustix::time::clock_gettime(rustix::time::ClockId::Boottime).tv_sec
    }
}
