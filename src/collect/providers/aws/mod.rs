//! AWS: the bulk offer files (no key), the Price List Query API, and spot prices.

pub mod offer_file;
mod offers;
mod price_list;
pub mod product;
#[cfg(feature = "aws-sdk")]
mod sdk;
mod select;
mod sign;
mod spot;
mod string_guard;

pub use offers::Offers;
pub use price_list::PriceList;
pub use select::{Found, Kept};
pub use spot::Spot;
