//! Joins what may not know each other: collecting into the store, and the books that come of it; the market, the solver and
//! the policies in a replay of recorded prices.

pub mod backtest;
pub mod choose;
#[cfg(feature = "collect")]
pub mod collecting;
#[cfg(feature = "collect")]
pub mod sealing;
