//! Backtest.

pub mod clairvoyant;
pub mod course;
pub mod generate;
pub mod ground;
pub mod recording;
pub mod replay;
pub mod run;
pub mod stage;
