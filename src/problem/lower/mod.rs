//! Lowering: application + price book + policy to a problem, with a recorded reason for every offer left out.

use super::Problem;
use crate::app::{App, Scenario};
use crate::catalog::{PriceBook, RegionId};
use crate::policy::Policy;
use crate::units::Purchase;
use thiserror::Error;

/// A choice that was made before: used to price a known placement in another scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    /// Where.
    pub region: RegionId,
    /// Offer name.
    pub offer: String,
    /// Purchase option.
    pub purchase: Purchase,
}

/// How to lower.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which month.
    pub scenario: Scenario,
    /// One pick per problem component: nothing else is offered. Hard bounds stay.
    pub only: Option<Vec<Pick>>,
}

impl Default for Options {
    fn default() -> Self {
        Self { scenario: Scenario::Typical, only: None }
    }
}

/// Why an application could not be lowered at all. (A component without a single choice is not an error here: the
/// problem is then infeasible, and its `excluded` says why.)
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LowerError {
    /// The application was checked against another price book.
    #[error("{what} `{name}` is not in the price book of {as_of}")]
    Unknown {
        /// City, provider or region.
        what: &'static str,
        /// Its name.
        name: String,
        /// Date of the book.
        as_of: String,
    },
    /// Today's offer of a component does not exist or does not fit.
    #[error("today's offer of component `{component}`, {offer} at {place}, cannot be priced: {reason}")]
    Today {
        /// Component.
        component: String,
        /// Offer.
        offer: String,
        /// `provider:region`.
        place: String,
        /// Why.
        reason: String,
    },
}

/// Lowers an application.
///
/// # Errors
/// [`LowerError`] when names of the application are unknown to the book, or when today's placement cannot be priced.
pub fn lower(_app: &App, _book: &PriceBook, _policy: &Policy, _options: &Options) -> Result<Problem, LowerError> {
    Err(LowerError::Unknown { what: "price book", name: "lowering".into(), as_of: "not built".into() })
}
