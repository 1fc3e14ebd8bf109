//! The HTTP API and the dashboard.
//!
//! Invariants: every route stands in one table ([`routes`]) with its role, its types and its problems, and is reached through
//! [`Api::admit`] only; what blocks (the store, the solver) runs on threads of its own, and never more of it at once than
//! [`Settings`] allows; nothing that was sent is believed, and nothing of the store's files is told; a token is never logged.

mod answer;
pub mod auth;
mod call;
mod charts;
mod dashboard;
mod errands;
mod events;
mod http;
mod metrics;
mod openapi;
mod page;
pub mod problem;
mod reports;
mod route;
mod routes;
mod settings;
mod state;

pub use errands::{Carry, Errand, carry_out};
pub use http::{Server, router};
pub use openapi::document;
pub use route::{Access, Route};
pub use routes::routes;
pub use settings::Settings;
pub use state::{Api, StartError};
