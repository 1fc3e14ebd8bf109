//! The HTTP API as it is served: who may do what, what is refused and how, plans carried out, events, limits. Every answer of
//! every test is held against the OpenAPI document that the server itself gives.

#[path = "api/access.rs"]
mod access;
#[path = "api/client.rs"]
mod client;
#[path = "api/commands.rs"]
mod commands;
#[path = "api/contract.rs"]
mod contract;
#[path = "api/events.rs"]
mod events;
#[path = "api/limits.rs"]
mod limits;
#[path = "support/model_executor.rs"]
mod model_executor;
#[path = "api/moves.rs"]
mod moves;
#[path = "api/reading.rs"]
mod reading;
#[path = "support/small_book.rs"]
mod small_book;
