//! The providers' parsers: on real recorded answers, on pages written by their contracts, and on thousands of broken ones.

#![allow(clippy::print_stderr, reason = "what was passed over, and how many answers were broken, is told")]
#![allow(clippy::unnecessary_wraps, reason = "all providers' pages are asked for alike")]

mod contract;
mod drive;
mod fetch;
mod mutated;
mod pages;
mod recorded;
