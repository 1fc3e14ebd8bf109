//! The providers' parsers: on real recorded answers, on pages written by their contracts, and on thousands of broken ones.

mod contract;
mod drive;
mod fetch;
mod mutated;
mod pages;
mod recorded;
