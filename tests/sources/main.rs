//! The providers' parsers: on real recorded answers, on pages written by their contracts, and on thousands of broken ones;
//! and every source from a misbehaving server to the sealed book.

#![allow(clippy::print_stderr, reason = "what was passed over, and how many answers were broken, is told")]
#![allow(clippy::unnecessary_wraps, reason = "all providers' pages are asked for alike")]

mod contract;
mod drive;
#[path = "../support/fault_server.rs"]
mod fault_server;
mod faults;
mod fetch;
mod mutated;
mod pages;
mod recorded;
mod sealed;
mod whole;
