//! Azure: the public Retail Prices API, and machine specifications from Resource Manager.

mod retail;
mod services;
mod skus;

pub use retail::Retail;
pub use skus::Skus;
