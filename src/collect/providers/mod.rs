//! The sources, one file per provider.
//!
//! Invariant: pure over bytes. A parser knows no clock, no network, no files and no environment; a row that it cannot
//! read is refused with what stood there, and a page that is not what it has to be is refused whole.

mod akamai;
pub mod aws;
mod azure;
mod digitalocean;
mod exoscale;
mod fly;
mod gcp;
mod hetzner;
mod oci;
mod ovh;
mod rows;
mod scaleway;
mod tables;
mod upcloud;
mod vultr;

use super::source::Source;

/// Every source that this program knows, in the order in which they are listed.
pub static ALL: &[&dyn Source] = &[
    &aws::Offers,
    &aws::PriceList,
    &aws::Spot,
    &azure::Retail,
    &azure::Skus,
    &gcp::Catalog,
    &gcp::MachineTypes,
    &oci::Oci,
    &hetzner::Hetzner,
    &digitalocean::DigitalOcean,
    &akamai::Akamai,
    &vultr::Vultr,
    &scaleway::Instances,
    &scaleway::Catalog,
    &ovh::Ovh,
    &upcloud::UpCloud,
    &exoscale::Exoscale,
    &fly::Fly,
    &tables::R2,
    &tables::B2,
];
