//! The executor `process`, with real processes: whole moves, each step sent twice, failures at every step, and kills.

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
