//! Backtest.

pub mod clairvoyant;
pub mod ground;
pub mod recording;
pub mod replay;
pub mod stage;
pub mod course;
pub mod generate;
