//! Brings prices in from outside: files of facts, price-book files, the providers' publications, and their checks.
//! Not pure: reads and writes files, and speaks HTTP.

pub mod book_file;
#[cfg(feature = "collect")]
pub mod ecb;
pub mod facts;
#[cfg(feature = "collect")]
pub mod fx;
#[cfg(feature = "collect")]
pub mod gate;
#[cfg(feature = "collect")]
pub mod http;
#[cfg(feature = "collect")]
pub mod observation;
#[cfg(feature = "collect")]
pub mod overlay;
#[cfg(feature = "collect")]
pub mod probe;
#[cfg(feature = "collect")]
pub mod providers;
#[cfg(feature = "collect")]
pub mod source;
