//! Terraform: what is generated, against the providers' schemas and the formatter; and the executor, against the binary.
#![allow(clippy::print_stderr, reason = "a test that is left out says why; a long one what it is at")]
#![allow(clippy::needless_pass_by_value, clippy::format_push_string, reason = "tests read better so")]
#![cfg(unix)]

mod carry;
mod examples;
mod schema;
mod shapes;
mod support;
