//! Terraform: what is generated, against the providers' schemas and the formatter; and the executor, against the binary.

#![cfg(unix)]

mod carry;
mod examples;
mod schema;
mod shapes;
mod support;
