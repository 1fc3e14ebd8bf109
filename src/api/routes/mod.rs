//! Every route, in one table.

mod apps;
mod book;
mod charts;
mod market;
mod plans;
mod policies;
mod runs;
mod server;

use super::problem::Kind;
use super::route::{Access, Head, Route};
use crate::store::Role;
use axum::http::Method;

const OPEN: Access = Access::Open;
const VIEWER: Access = Access::Needs(Role::Viewer);
const OPERATOR: Access = Access::Needs(Role::Operator);
const ADMIN: Access = Access::Needs(Role::Admin);

/// Most bytes of an application's or a policy's file over HTTP: far more than any, far less than memory.
const FILE_MAX: usize = 2 << 20;
/// Most bytes of a batch of ticks.
const TICKS_MAX: usize = 4 << 20;

/// A route's head; what is rarely needed can be added with `..`.
const fn head(path: &'static str, id: &'static str, access: Access, says: &'static str) -> Head {
    Head { path, id, access, says, fails: &[], body_max: 0 }
}

/// The same with problems of its own.
const fn fails(head: Head, fails: &'static [Kind]) -> Head {
    Head { fails, ..head }
}

/// Every route.
#[must_use]
pub fn routes() -> Vec<Route> {
    [
        server::routes(),
        apps::routes(),
        book::routes(),
        plans::routes(),
        runs::routes(),
        market::routes(),
        charts::routes(),
        policies::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn get(head: Head) -> (Method, Head) {
    (Method::GET, head)
}

fn post(head: Head) -> (Method, Head) {
    (Method::POST, head)
}

fn put(head: Head) -> (Method, Head) {
    (Method::PUT, head)
}

fn delete(head: Head) -> (Method, Head) {
    (Method::DELETE, head)
}

/// A route of a method and a head.
macro_rules! route {
    ($head:expr, $answer:expr) => {{
        let (method, head) = $head;
        $crate::api::route::Route::new(method, head, $answer)
    }};
}
use route;
