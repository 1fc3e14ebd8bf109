//! Dump and restore: how the schema gets to a follower, and all data where replication does not carry them.

use super::super::failures::{io_failed, missing, passing};
use super::super::files;
use super::super::guard::Patience;
use super::super::programs;
use super::super::side::Side;
use super::super::supervise::Launch;
use super::follow;
use super::server::Server;
use crate::exec::Failure;
use std::path::PathBuf;

/// What of a database is dumped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What<'a> {
    /// Its schema alone.
    Schema,
    /// Everything; as a snapshot has it, where one is named.
    All(Option<&'a str>),
}

/// A dump in the folder of the side that it was made of. It goes with the value.
pub struct Dump(PathBuf);

impl Drop for Dump {
    fn drop(&mut self) {
        // What a crash leaves here goes when the copying is ended, or with the side.
        let _ = files::remove(&self.0);
    }
}

/// Where a side's database is dumped to.
pub fn file(side: &Side) -> PathBuf {
    side.dir.join("dump.sql")
}

/// Dumps a side's database.
pub fn dump(from: &Server<'_>, what: What<'_>, patience: &dyn Patience) -> Result<Dump, Failure> {
    let dump = Dump(file(from.side));
    let mut args =
        vec!["--no-publications", "--no-subscriptions", "--file"].into_iter().map(str::to_owned).collect::<Vec<_>>();
    args.push(dump.0.display().to_string());
    match what {
        What::Schema => args.push("--schema-only".into()),
        What::All(Some(snapshot)) => args.push(format!("--snapshot={snapshot}")),
        What::All(None) => {}
    }
    tool(from, "pg_dump", args, patience)?;
    Ok(dump)
}

/// Makes a side's database anew from a file: all of it or, when it fails, nothing. Whatever it followed, it follows no more.
pub fn restore(to: &Server<'_>, from: &Server<'_>, dump: &Dump, patience: &dyn Patience) -> Result<(), Failure> {
    follow::unfollow(to, Some(from), patience)?;
    // Whoever follows it keeps the database from being dropped.
    follow::forget(to, &from.side.file.seat, patience)?;
    to.empty(patience)?;
    let args = ["--no-psqlrc", "--quiet", "--single-transaction", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "--file"];
    let args = args.map(str::to_owned).into_iter().chain([dump.0.display().to_string()]).collect();
    tool(to, "psql", args, patience)
}

/// The schema as text; equal for equal schemas.
pub fn schema(of: &Server<'_>, patience: &dyn Patience) -> Result<String, Failure> {
    let dump = dump(of, What::Schema, patience)?;
    let text = std::fs::read_to_string(&dump.0).map_err(|error| io_failed("read", &dump.0, &error))?;
    // Newer versions of pg_dump put a word of their own, drawn at random, around it.
    Ok(text.lines().filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict")).fold(
        String::new(),
        |mut text, line| {
            text.push_str(line);
            text.push('\n');
            text
        },
    ))
}

/// Runs one of PostgreSQL's clients against a side.
fn tool(server: &Server<'_>, program: &str, args: Vec<String>, patience: &dyn Patience) -> Result<(), Failure> {
    let folder = programs::postgres().ok_or_else(|| missing("PostgreSQL is not installed"))?;
    let login = server.admin("app")?;
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let env = vec![
        variable("PGHOST", "127.0.0.1"),
        variable("PGPORT", &login.port.to_string()),
        variable("PGUSER", login.user),
        variable("PGPASSWORD", &login.password),
        variable("PGDATABASE", login.database),
        variable("PGCONNECT_TIMEOUT", "10"),
    ];
    let launch = Launch { program: folder.join(program), args, env, ..Launch::default() };
    let ended = server.tool(&launch, patience)?;
    if ended.well { Ok(()) } else { Err(passing(format!("{program}: {}", ended.why()))) }
}
