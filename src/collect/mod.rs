//! Brings prices in from outside: files of facts, price-book files, and their checks. Not pure: reads and writes files.

pub mod book_file;
pub mod facts;
