//! The executor `process`, with real processes: whole moves, each step sent twice, failures at every step, and kills.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::semicolon_if_nothing_returned,
    clippy::cast_possible_truncation,
    clippy::needless_pass_by_value,
    clippy::too_many_lines,
    clippy::match_same_arms,
    reason = "tests say what they did, and read better so"
)]
#![cfg(unix)]

#[path = "../support/small_book.rs"]
mod small_book;

mod conformance;
mod kills;
mod moves;
mod postgres;
mod redis;
mod services;
mod world;
