//! `placer demo`: the parts of examples/demo.toml, a web service and a writer over one PostgreSQL.

mod web;
mod writer;

use super::args::DemoCommand;
use super::failure::Failure;
use super::place::variable;
use postgres::{Client, NoTls};

/// What both parts use.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS demo_rows (
    id bigserial PRIMARY KEY,
    writer text NOT NULL,
    n bigint NOT NULL,
    region text NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (writer, n)
)";

/// Runs a part until it is stopped.
pub fn run(command: &DemoCommand) -> Result<(), Failure> {
    match command {
        DemoCommand::Web => web::run(),
        DemoCommand::Writer => writer::run(),
    }
}

/// Where this part runs, as the executor says.
fn region() -> String {
    variable("PLACER_REGION").unwrap_or_else(|| "nowhere".into())
}

/// The database's address.
fn database() -> Result<String, Failure> {
    variable("DB_URL")
        .ok_or_else(|| Failure::Input("DB_URL is not set: postgres://user:password@host:port/name".into()))
}

fn connect(url: &str) -> Result<Client, postgres::Error> {
    Client::connect(url, NoTls)
}
