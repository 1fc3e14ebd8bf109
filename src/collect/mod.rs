//! Brings prices in from outside: files of facts, price-book files, the providers' publications, and their checks.
//! Not pure: reads and writes files, and speaks HTTP.

pub mod book_file;
pub mod facts;
#[cfg(feature = "collect")]
pub mod observation;
#[cfg(feature = "collect")]
pub mod providers;
#[cfg(feature = "collect")]
pub mod source;
