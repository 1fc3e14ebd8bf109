//! Google Cloud: the Cloud Billing catalog, and machine types from the Compute API.

mod catalog;
mod compose;
mod machine_types;

pub use catalog::Catalog;
pub use machine_types::MachineTypes;
