//! Redis: real servers, moved by replication.

mod resp;
mod server;

use super::Process;
use super::failures::passing;
use super::gate::Gate;
use super::guard::{Patience, wait_for};
use super::job::Job;
use super::layout::AppDir;
use super::routes::Listener;
use super::secret::password;
use super::side::Side;
use super::store::Store;
use crate::exec::{Failure, Health};
use resp::Redis;
use server::Server;
use std::time::{Duration, Instant};

/// How far behind a follower may be before it is said that it does not keep up.
const KEEP_UP_MAX: Duration = Duration::from_secs(30);
/// How long writers are kept waiting while both sides are compared, at most; how long a sum may take.
const STILL_MS: &str = "5000";
const SUM_MAX: Duration = Duration::from_secs(60);

/// Redis.
pub struct RedisStore;

fn server<'a>(job: &'a Job<'_>, side: &'a Side) -> Server<'a> {
    Server::new(job.process, &job.app, side)
}

impl Store for RedisStore {
    fn make(&self, job: &Job<'_>, side: &Side) -> Result<(), Failure> {
        server(job, side).make()
    }

    fn start(&self, process: &Process, app: &AppDir, side: &Side) -> Result<(), Failure> {
        Server::new(process, app, side).start()
    }

    fn settle(&self, job: &Job<'_>, side: &Side) -> Result<(), Failure> {
        server(job, side).settle(&job.guard)
    }

    fn health(&self, process: &Process, app: &AppDir, side: &Side) -> Health {
        let server = Server::new(process, app, side);
        let answers = || -> Result<String, Failure> { Ok(server.admin()?.ask(&["PING"])?) };
        match server.is_up() {
            false => Health::Stopped,
            true if answers().is_ok() => Health::Ready,
            true => Health::Starting,
        }
    }

    fn is_writable(&self, process: &Process, app: &AppDir, side: &Side) -> bool {
        let Ok(Ok(_)) = Server::new(process, app, side).as_app() else { return false };
        let role = Server::new(process, app, side).admin().and_then(|mut redis| Ok(redis.replication()?));
        role.is_ok_and(|role| role.follows.is_none())
    }

    fn url(&self, gate: &Gate, listener: &Listener) -> Result<String, Failure> {
        let password = password(&gate.dir().join("password"))?;
        Ok(format!("redis://:{password}@127.0.0.1:{}", listener.port))
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
        b.follow(Some(from.port()))?;
        caught_up(&a, &b, None, &job.guard)?;
        Ok("the new side follows as a replica".into())
    }

    fn compare(&self, job: &Job<'_>, from: &Side, to: &Side) -> Result<String, Failure> {
        let (a, b) = (server(job, from), server(job, to));
        a.settle(&job.guard)?;
        b.settle(&job.guard)?;
        wait_for(&job.guard, || {
            keeps_up(&a, &b, &job.guard)?;
            let mut redis = a.admin()?;
            redis.ask(&["CLIENT", "PAUSE", STILL_MS, "WRITE"])?;
            let since = Instant::now();
            let equal = caught_up(&a, &b, Some(Duration::from_secs(1)), &job.guard)
                .and_then(|up| Ok(up && sum(&mut redis)? == sum(&mut b.admin()?)?));
            let in_time = since.elapsed() < Duration::from_secs(4);
            redis.ask(&["CLIENT", "UNPAUSE"])?;
            match (equal?, in_time) {
                (true, _) => Ok(Some(())),
                // Writers went on before the sums were made: that proves nothing.
                (false, false) => Ok(None),
                (false, true) => Err(passing("the sides of the store differ").help("the copy has to be made again")),
            }
        })?;
        Ok("number of keys and sum of all values are equal on both sides".into())
    }

    fn before_pause(&self, job: &Job<'_>, a: &Side, b: &Side) -> Result<(), Failure> {
        let (old, new) = (server(job, a), server(job, b));
        old.settle(&job.guard)?;
        new.settle(&job.guard)?;
        keeps_up(&old, &new, &job.guard)
    }

    fn catch_up(&self, job: &Job<'_>, a: &Side, b: &Side) -> Result<String, Failure> {
        let (old, new) = (server(job, a), server(job, b));
        old.settle(&job.guard)?;
        new.settle(&job.guard)?;
        if new.admin()?.replication()?.follows == Some(a.port()) {
            caught_up(&old, &new, None, &job.guard)?;
        } else {
            // It has followed before; the old side may be getting back what both have.
            linked(&old, &job.guard)?;
        }
        equal(&old, &new)?;
        Ok("; number of keys and sum of all values were equal".into())
    }

    fn turn(&self, job: &Job<'_>, a: &Side, b: &Side) -> Result<(), Failure> {
        let (old, new) = (server(job, a), server(job, b));
        old.settle(&job.guard)?;
        new.settle(&job.guard)?;
        if new.admin()?.replication()?.follows.is_some() {
            // Nobody is left in the middle of getting everything.
            linked(&new, &job.guard)?;
            equal(&old, &new)?;
            new.follow(None)?;
        }
        old.follow(Some(b.port()))?;
        caught_up(&new, &old, None, &job.guard).map(drop)
    }

    fn stop_copy(&self, job: &Job<'_>, _from: &Side, to: Option<&Side>) -> Result<(), Failure> {
        let Some(to) = to else { return Ok(()) };
        let new = server(job, to);
        new.settle(&job.guard)?;
        new.follow(None)?;
        new.admin()?.ask(&["FLUSHALL"])?;
        Ok(())
    }

    fn forget(&self, job: &Job<'_>, stays: &Side, _gone: &str) -> Result<(), Failure> {
        let server = server(job, stays);
        server.settle(&job.guard)?;
        server.follow(None)
    }
}

/// Waits until a follower has all that there is, so long at most. Says whether it has.
fn caught_up(
    a: &Server<'_>,
    b: &Server<'_>,
    longest: Option<Duration>,
    patience: &dyn Patience,
) -> Result<bool, Failure> {
    let since = Instant::now();
    let offset = a.admin()?.replication()?.offset;
    wait_for(patience, || {
        b.settle(patience)?;
        let now = b.admin()?.replication()?;
        if now.linked && now.follows == Some(a.side.port()) && now.offset >= offset {
            return Ok(Some(true));
        }
        Ok(longest.is_some_and(|longest| since.elapsed() > longest).then_some(false))
    })
}

fn keeps_up(a: &Server<'_>, b: &Server<'_>, patience: &dyn Patience) -> Result<(), Failure> {
    if caught_up(a, b, Some(KEEP_UP_MAX), patience)? {
        return Ok(());
    }
    Err(passing("the copy does not keep up with what is written"))
}

/// Waits until a server that follows has everything; one that follows nobody has.
fn linked(server: &Server<'_>, patience: &dyn Patience) -> Result<(), Failure> {
    wait_for(patience, || {
        let now = server.admin()?.replication()?;
        Ok((now.follows.is_none() || now.linked).then_some(()))
    })
}

/// Both sides hold the same.
fn equal(a: &Server<'_>, b: &Server<'_>) -> Result<(), Failure> {
    let (old, new) = (sum(&mut a.admin()?)?, sum(&mut b.admin()?)?);
    if old == new {
        return Ok(());
    }
    Err(passing(format!("the sides of the store differ: {old} and {new}")).help("the copy has to be made again"))
}

/// Number of keys, and a sum of all keys and values that does not depend on their order.
fn sum(redis: &mut Redis) -> Result<String, Failure> {
    redis.patience(SUM_MAX)?;
    Ok(format!("{} keys, {}", redis.ask(&["DBSIZE"])?, redis.ask(&["DEBUG", "DIGEST"])?))
}
