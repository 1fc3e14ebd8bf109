//! One Redis server: started, opened to the application and closed to it.
//!
//! A side is open if the file `open` is in its folder: written before the application's user is switched on, removed once it is
//! switched off and its connections are gone. Redis carries commands out one by one, so that none slips in between. Whom a side
//! follows stands in `follows`, so that it goes on following after a crash.

use super::super::Process;
use super::super::failures::{missing, passing};
use super::super::files;
use super::super::gate::Gate;
use super::super::guard::{Patience, wait_for};
use super::super::holders::is_running;
use super::super::layout::AppDir;
use super::super::programs;
use super::super::secret::password;
use super::super::side::{Side, words};
use super::super::supervise::{self, Launch};
use super::resp::{Redis, RedisError};
use crate::exec::Failure;
use std::path::PathBuf;
use std::time::Duration;

/// placer's own user, and the application's.
const ADMIN: &str = "placer";
const APP: &str = "default";
/// How often a server is started before it is said that it does not stay.
const STARTS_MAX: u32 = 5;

/// A server that a step works with.
pub struct Server<'a> {
    process: &'a Process,
    app: &'a AppDir,
    pub side: &'a Side,
}

impl<'a> Server<'a> {
    pub fn new(process: &'a Process, app: &'a AppDir, side: &'a Side) -> Self {
        Self { process, app, side }
    }

    fn dir(&self) -> PathBuf {
        self.side.dir.join("1")
    }

    fn marker(&self) -> PathBuf {
        self.side.dir.join("open")
    }

    fn follows_file(&self) -> PathBuf {
        self.side.dir.join("follows")
    }

    pub fn is_open(&self) -> bool {
        self.marker().exists()
    }

    pub fn is_up(&self) -> bool {
        is_running(&self.dir()).unwrap_or(false)
    }

    /// A password that all sides share: followers connect with the one, the application with the other.
    fn secret(&self, name: &str) -> Result<String, Failure> {
        password(&Gate::of(self.app, &self.side.file.component)?.dir().join(name))
    }

    /// Connects as placer.
    pub fn admin(&self) -> Result<Redis, Failure> {
        Ok(Redis::connect(self.side.port(), ADMIN, &self.secret("admin")?)?)
    }

    /// Connects as the application would.
    pub fn as_app(&self) -> Result<Result<Redis, RedisError>, Failure> {
        Ok(Redis::connect(self.side.port(), APP, &self.secret("password")?))
    }

    /// Makes room for the data, and passwords.
    pub fn make(&self) -> Result<(), Failure> {
        self.secret("admin")?;
        self.secret("password")?;
        files::make_folder(&self.side.dir.join("data"))
    }

    /// Starts the server if it does not run. The caller has the side's hand.
    pub fn start(&self) -> Result<(), Failure> {
        supervise::sweep(&self.dir())?;
        if self.is_up() || !self.side.dir.join("data").exists() {
            return Ok(());
        }
        let program = programs::redis().ok_or_else(no_redis)?;
        let conf = self.side.dir.join("redis.conf");
        files::write(&conf, self.settings(&program)?.as_bytes())?;
        let cwd = Some(self.side.dir.join("data"));
        let launch = Launch { program, args: vec![conf.display().to_string()], cwd, ..Launch::default() };
        supervise::start(&self.process.program, &self.dir(), &launch)
    }

    fn settings(&self, program: &std::path::Path) -> Result<String, Failure> {
        let (admin, app) = (self.secret("admin")?, self.secret("password")?);
        let state = if self.is_open() { "on" } else { "off" };
        let mut text = format!(
            "bind 127.0.0.1\nport {}\nappendonly yes\nappendfsync everysec\nsave \"\"\nrepl-diskless-sync-delay 0\n\
             repl-backlog-size 16mb\nuser {ADMIN} on ~* &* +@all >{admin}\nuser {APP} {state} ~* &* +@all -@admin >{app}\n\
             masteruser {ADMIN}\nmasterauth {admin}\n",
            self.side.port()
        );
        // From 7 on the command by which sides are compared has to be allowed; before, the setting is unknown.
        if programs::major(&programs::version(program).unwrap_or_default()) >= 7 {
            text.push_str("enable-debug-command local\n");
        }
        if let Some(port) = files::read(&self.follows_file())? {
            text.push_str("replicaof 127.0.0.1 ");
            text.push_str(String::from_utf8_lossy(&port).trim());
            text.push('\n');
        }
        Ok(text)
    }

    /// Waits until it answers, and starts it again where it has ended.
    pub fn settle(&self, patience: &dyn Patience) -> Result<(), Failure> {
        let mut starts = 0;
        wait_for(patience, || {
            if !self.is_up() {
                starts += 1;
                if starts > STARTS_MAX {
                    let log = supervise::log_tail(&self.dir());
                    let said = log.trim().lines().last().unwrap_or("it says nothing").to_owned();
                    return Err(passing(format!("{} ends whenever it is started: {said}", words(&self.side.dir))));
                }
                self.process.start_side(self.app, self.side)?;
                patience.pause(Duration::from_millis(50))?;
            }
            // `LOADING` until it has read what it had.
            let answers = self.admin().and_then(|mut redis| Ok(redis.ask(&["PING"])?));
            Ok(answers.is_ok().then_some(()))
        })
    }

    /// Lets the application in.
    pub fn open(&self, patience: &dyn Patience) -> Result<(), Failure> {
        self.settle(patience)?;
        {
            let Some(_hand) = self.side.hand()? else { return Ok(()) };
            if !self.is_open() {
                files::write(&self.marker(), b"")?;
            }
        }
        // Started anew in between, it is open by its settings.
        self.settle(patience)?;
        self.admin()?.ask(&["ACL", "SETUSER", APP, "on"])?;
        wait_for(patience, || Ok(self.as_app()?.is_ok().then_some(())))
    }

    /// Ends all connections of the application and lets none in any more.
    pub fn close(&self, patience: &dyn Patience) -> Result<(), Failure> {
        self.settle(patience)?;
        let Some(_hand) = self.side.hand()? else { return Ok(()) };
        if self.is_open() {
            let mut redis = self.admin()?;
            redis.ask(&["ACL", "SETUSER", APP, "off"])?;
            redis.ask(&["CLIENT", "KILL", "USER", APP])?;
            files::remove(&self.marker())?;
        }
        Ok(())
    }

    /// Follows another server from now on, or (`None`) nobody.
    pub fn follow(&self, port: Option<u16>) -> Result<(), Failure> {
        let mut redis = self.admin()?;
        if redis.replication()?.follows == port {
            return Ok(());
        }
        if let Some(port) = port {
            let port = port.to_string();
            files::write(&self.follows_file(), port.as_bytes())?;
            redis.ask(&["REPLICAOF", "127.0.0.1", &port])?;
        } else {
            files::remove(&self.follows_file())?;
            redis.ask(&["REPLICAOF", "NO", "ONE"])?;
        }
        Ok(())
    }
}

fn no_redis() -> Failure {
    missing("Redis is not installed").help("`placer doctor` says how to install it")
}
