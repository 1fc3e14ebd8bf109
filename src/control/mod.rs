//! Joins what may not know each other: collecting into the store, and the books that come of it.

pub mod collecting;
pub mod sealing;
