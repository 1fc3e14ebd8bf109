//! PostgreSQL: real servers, moved by logical replication, or by dump and restore where replication does not carry what is there.
//!
//! Which of the two it is stands in the component's `method.json` while a copy is there. A dump needs a pause of the writes that
//! is as long as the dump; it is taken twice, once while the application writes (to see that it can be restored, and how long
//! it takes), and once in the pause.

mod compare;
mod dump;
mod follow;
mod server;
mod sql;

use super::Process;
use super::failures::passing;
use super::files;
use super::gate::Gate;
use super::guard::{Patience, Until};
use super::job::Job;
use super::layout::AppDir;
use super::routes::Listener;
use super::secret::password;
use super::side::Side;
use super::store::Store;
use crate::exec::{Failure, Health};
use dump::What;
use serde::{Deserialize, Serialize};
use server::{APP, Server};
use sql::Db;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long an answer may take when it is only asked how a server is.
const ASK_MAX: Duration = Duration::from_millis(1_500);

/// PostgreSQL.
pub struct Postgres;

/// How the data get to the other side: `method.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case", deny_unknown_fields)]
enum Method {
    /// Logical replication.
    Replicate,
    /// Dump and restore.
    Dump {
        /// Why not the other way.
        why: String,
        /// What the last copy held: [`compare::digest`].
        digest: String,
    },
}

fn method_file(job: &Job<'_>, side: &Side) -> Result<PathBuf, Failure> {
    Ok(Gate::of(&job.app, &side.file.component)?.dir().join("method.json"))
}

fn method(job: &Job<'_>, side: &Side) -> Result<Method, Failure> {
    Ok(files::read_json(&method_file(job, side)?)?.unwrap_or(Method::Replicate))
}

fn server<'a>(job: &'a Job<'_>, side: &'a Side) -> Server<'a> {
    Server::new(job.process, &job.app, side)
}

impl Store for Postgres {
    fn make(&self, job: &Job<'_>, side: &Side) -> Result<(), Failure> {
        server(job, side).make(&job.guard)
    }

    fn start(&self, process: &Process, app: &AppDir, side: &Side) -> Result<(), Failure> {
        Server::new(process, app, side).start()
    }

    fn settle(&self, job: &Job<'_>, side: &Side) -> Result<(), Failure> {
        server(job, side).settle(&job.guard)
    }

    fn health(&self, process: &Process, app: &AppDir, side: &Side) -> Health {
        let server = Server::new(process, app, side);
        if !server.is_up() {
            return Health::Stopped;
        }
        let answers = || -> Result<(), Failure> {
            Db::connect(&server.admin("postgres")?, &Until(Instant::now() + ASK_MAX))?.run("SELECT 1")?;
            Ok(())
        };
        if answers().is_ok() { Health::Ready } else { Health::Starting }
    }

    fn is_writable(&self, process: &Process, app: &AppDir, side: &Side) -> bool {
        let asked = || -> Result<Option<String>, Failure> {
            let login = Server::new(process, app, side).app()?;
            Ok(Db::connect(&login, &Until(Instant::now() + ASK_MAX))?.value("SHOW transaction_read_only")?)
        };
        asked().is_ok_and(|read_only| read_only.as_deref() == Some("off"))
    }

    fn url(&self, gate: &Gate, listener: &Listener) -> Result<String, Failure> {
        let password = password(&gate.dir().join("password"))?;
        Ok(format!("postgres://{APP}:{password}@127.0.0.1:{}/{APP}", listener.port))
    }

    fn is_open(&self, job: &Job<'_>, side: &Side) -> bool {
        server(job, side).is_open()
    }

    fn open(&self, job: &Job<'_>, side: &Side) -> Result<(), Failure> {
        server(job, side).open(&job.guard)
    }

    fn close(&self, job: &Job<'_>, side: &Side) -> Result<(), Failure> {
        server(job, side).close(&job.guard)
    }

    fn copy(&self, job: &Job<'_>, from: &Side, to: &Side) -> Result<String, Failure> {
        let (a, b) = (server(job, from), server(job, to));
        a.settle(&job.guard)?;
        b.settle(&job.guard)?;
        let mut db = Db::connect(&a.admin("app")?, &job.guard)?;
        let file = method_file(job, to)?;
        if let Some(why) = follow::obstacle(&mut db)? {
            let digest = dumped(&a, &b, &job.guard)?;
            files::write_json(&file, &Method::Dump { why: why.clone(), digest })?;
            return Ok(format!("the data were dumped and restored ({why}); writes pause while that is done once more"));
        }
        files::write_json(&file, &Method::Replicate)?;
        if !follow::follows(&mut Db::connect(&b.admin("app")?, &job.guard)?)? {
            let schema = dump::dump(&a, What::Schema, &job.guard)?;
            dump::restore(&b, &a, &schema, &job.guard)?;
            follow::follow(&b, &a, true, &job.guard)?;
        }
        follow::copied(&b, &job.guard)?;
        Ok("all tables are copied and kept in step by logical replication".into())
    }

    fn compare(&self, job: &Job<'_>, from: &Side, to: &Side) -> Result<String, Failure> {
        let (a, b) = (server(job, from), server(job, to));
        a.settle(&job.guard)?;
        b.settle(&job.guard)?;
        let connect = |server: &Server<'_>| Ok::<_, Failure>(Db::connect(&server.admin("app")?, &job.guard)?);
        if let Method::Dump { digest, .. } = method(job, to)? {
            if compare::digest(&compare::content(&mut connect(&b)?)?) != digest {
                return Err(passing("the copy is not what was dumped"));
            }
            return Ok("the copy holds what was dumped: counts and sums of all tables are equal".into());
        }
        let (reader, locker, follower) = (connect(&a)?, connect(&a)?, connect(&b)?);
        let mut both = compare::Both { reader, locker, follower, seat: &to.file.seat };
        let (old, new) = both.at_one_point(&job.guard)?;
        match compare::difference(&old, &new) {
            Some(difference) => Err(passing(difference).help("the copy has to be made again")),
            None => Ok("counts and sums of all tables are equal on both sides".into()),
        }
    }

    fn before_pause(&self, job: &Job<'_>, a: &Side, b: &Side) -> Result<(), Failure> {
        let (old, new) = (server(job, a), server(job, b));
        old.settle(&job.guard)?;
        new.settle(&job.guard)?;
        let mut db = Db::connect(&old.admin("app")?, &job.guard)?;
        // What is on the disk already need not be written while everybody waits for the server to stop.
        db.run("CHECKPOINT")?;
        if method(job, b)? != Method::Replicate {
            return Ok(());
        }
        let why = if dump::schema(&old, &job.guard)? != dump::schema(&new, &job.guard)? {
            "the schema was changed since the data were copied"
        } else if !follow::caught_up(&mut db, &b.file.seat, Some(compare::KEEP_UP_MAX), &job.guard)? {
            "the copy does not keep up with what is written"
        } else {
            return Ok(());
        };
        job.guard.tell(&format!("{why}: they are dumped and restored, and writes pause meanwhile"));
        files::write_json(&method_file(job, b)?, &Method::Dump { why: why.into(), digest: String::new() })
    }

    fn catch_up(&self, job: &Job<'_>, a: &Side, b: &Side) -> Result<String, Failure> {
        let (old, new) = (server(job, a), server(job, b));
        new.settle(&job.guard)?;
        let method = method(job, b)?;
        if let Method::Dump { .. } = &method {
            dump::restore(&new, &old, &dump::dump(&old, What::All(None), &job.guard)?, &job.guard)?;
        }
        let mut from = Db::connect(&old.admin("app")?, &job.guard)?;
        let mut to = Db::connect(&new.admin("app")?, &job.guard)?;
        if method == Method::Replicate && follow::follows(&mut to)? {
            follow::caught_up(&mut from, &b.file.seat, None, &job.guard)?;
            follow::carry_sequences(&mut from, &mut to)?;
        }
        match compare::difference(&compare::content(&mut from)?, &compare::content(&mut to)?) {
            Some(difference) => Err(passing(difference).help("the copy has to be made again")),
            None => Ok("; counts and sums of all tables were equal".into()),
        }
    }

    fn turn(&self, job: &Job<'_>, a: &Side, b: &Side) -> Result<(), Failure> {
        let (old, new) = (server(job, a), server(job, b));
        old.settle(&job.guard)?;
        new.settle(&job.guard)?;
        if method(job, b)? != Method::Replicate {
            return Ok(());
        }
        follow::unfollow(&new, Some(&old), &job.guard)?;
        follow::follow(&old, &new, false, &job.guard)
    }

    fn stop_copy(&self, job: &Job<'_>, from: &Side, to: Option<&Side>) -> Result<(), Failure> {
        let old = server(job, from);
        old.settle(&job.guard)?;
        if let Some(to) = to {
            let new = server(job, to);
            new.settle(&job.guard)?;
            follow::unfollow(&new, Some(&old), &job.guard)?;
            new.empty(&job.guard)?;
            follow::forget(&old, &to.file.seat, &job.guard)?;
        }
        files::remove(&dump::file(from))?;
        files::remove(&method_file(job, from)?)
    }

    fn forget(&self, job: &Job<'_>, stays: &Side, gone: &str) -> Result<(), Failure> {
        let server = server(job, stays);
        server.settle(&job.guard)?;
        follow::unfollow(&server, None, &job.guard)?;
        follow::forget(&server, gone, &job.guard)?;
        files::remove(&method_file(job, stays)?)
    }
}

/// Dumps a side while the application writes, restores it at the other one, and sees that both hold the same. Gives what it is.
fn dumped(from: &Server<'_>, to: &Server<'_>, patience: &dyn Patience) -> Result<String, Failure> {
    let mut reader = Db::connect(&from.admin("app")?, patience)?;
    let snapshot = compare::exported_snapshot(&mut reader)?;
    let file = dump::dump(from, What::All(Some(&snapshot)), patience)?;
    let content = compare::content_of(&mut reader)?;
    reader.run("COMMIT")?;
    dump::restore(to, from, &file, patience)?;
    let restored = compare::content(&mut Db::connect(&to.admin("app")?, patience)?)?;
    match compare::difference(&content, &restored) {
        Some(difference) => Err(passing(difference)),
        None => Ok(compare::digest(&content)),
    }
}
