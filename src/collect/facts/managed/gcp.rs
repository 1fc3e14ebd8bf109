//! Stub.

use super::Services;
use crate::collect::facts::Error;
use crate::collect::facts::draft::Draft;
use crate::collect::facts::index::PriceIndex;

pub fn gcp(_draft: &mut Draft, _services: &Services<'_>, _index: &PriceIndex) -> Result<(), Error> {
    Ok(())
}
