//! One PostgreSQL server: set up, started, opened to the application and closed to it.
//!
//! A side is open if the file `open` is in its folder. It is written before anybody is let in, and removed only while the server
//! is down; a server without it is started with rules that let nobody in but placer. So no session of the application outlives
//! the closing, and none can slip in, whatever moment anything is killed in.

use super::super::Process;
use super::super::failures::{io_failed, missing, passing};
use super::super::files;
use super::super::gate::Gate;
use super::super::guard::{Patience, wait_for};
use super::super::holders::is_running;
use super::super::layout::AppDir;
use super::super::programs;
use super::super::secret::password;
use super::super::side::{Side, words};
use super::super::supervise::{self, Ended, Launch};
use super::super::user::User;
use super::sql::{Db, Login, SqlError, quoted};
use crate::exec::Failure;
use rustix::process::Signal;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// placer's own role, and the application's, which has a database of the same name.
const ADMIN: &str = "placer";
pub const APP: &str = "app";
/// How long a server may take to end all sessions and to write down what it has.
const STOP_MAX: Duration = Duration::from_secs(20);
/// How often a server is started before it is said that it does not stay.
const STARTS_MAX: u32 = 5;
/// Everything that differs from PostgreSQL's own defaults.
const SETTINGS: &str = "
# What placer sets.
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
password_encryption = scram-sha-256
shared_buffers = 32MB
wal_level = logical
max_wal_senders = 10
max_replication_slots = 10
max_worker_processes = 16
max_logical_replication_workers = 8
wal_retrieve_retry_interval = 200ms
wal_receiver_status_interval = 1s
wal_receiver_timeout = 10s
wal_sender_timeout = 10s
";

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

    fn data(&self) -> PathBuf {
        self.side.dir.join("data")
    }

    /// Where its process runs.
    fn dir(&self) -> PathBuf {
        self.side.dir.join("1")
    }

    fn marker(&self) -> PathBuf {
        self.side.dir.join("open")
    }

    pub fn is_open(&self) -> bool {
        self.marker().exists()
    }

    /// How placer connects.
    pub fn admin(&self, database: &'static str) -> Result<Login, Failure> {
        let password = password(&self.side.dir.join("password"))?;
        Ok(Login { port: self.side.port(), user: ADMIN, password, database })
    }

    /// How the application connects.
    pub fn app(&self) -> Result<Login, Failure> {
        let gate = Gate::of(self.app, &self.side.file.component)?;
        Ok(Login {
            port: self.side.port(),
            user: APP,
            password: password(&gate.dir().join("password"))?,
            database: APP,
        })
    }

    /// Whether its process runs.
    pub fn is_up(&self) -> bool {
        is_running(&self.dir()).unwrap_or(false)
    }

    /// Sets the data up where there are none.
    pub fn make(&self, patience: &dyn Patience) -> Result<(), Failure> {
        // The application's password is the same on all sides.
        self.app()?;
        if self.data().exists() {
            return Ok(());
        }
        let folder = programs::postgres().ok_or_else(no_postgres)?;
        let (new, user) = (self.side.dir.join("data.new"), User::for_servers());
        files::remove(&new)?;
        files::make_folder(&new)?;
        self.admin(ADMIN)?;
        let secret = self.side.dir.join("password");
        give(&new, user)?;
        give(&secret, user)?;
        patience.tell("setting PostgreSQL up");
        let args = ["-D", "{0}", "--pwfile", "{1}", "-U", ADMIN, "--auth", "scram-sha-256", "--encoding", "UTF8"];
        let args = args.into_iter().chain(["--locale", "C", "--no-sync"]);
        let ended = self.tool(
            &Launch {
                program: folder.join("initdb"),
                args: args.map(str::to_owned).collect(),
                user,
                hand: vec![new.clone(), secret],
                ..Launch::default()
            },
            patience,
        )?;
        if !ended.well {
            return Err(passing(format!("PostgreSQL was not set up: {}", ended.why())));
        }
        let conf = new.join("postgresql.conf");
        let mut text = fs::read_to_string(&conf).map_err(|error| io_failed("read", &conf, &error))?;
        text.push_str(SETTINGS);
        fs::write(&conf, text).map_err(|error| io_failed("write", &conf, &error))?;
        fs::rename(&new, self.data()).map_err(|error| io_failed("rename", &new, &error))
    }

    /// Runs one of PostgreSQL's programs to its end.
    pub fn tool(&self, launch: &Launch, patience: &dyn Patience) -> Result<Ended, Failure> {
        supervise::run(&self.process.program, &self.side.dir.join("tool"), launch, patience)
    }

    /// Starts the server if it does not run. The caller has the side's hand.
    pub fn start(&self) -> Result<(), Failure> {
        // What is left of a server that was killed ends by itself, mostly at once.
        supervise::sweep(&self.dir())?;
        if is_running(&self.dir()).unwrap_or(false) || !self.data().exists() {
            return Ok(());
        }
        let folder = programs::postgres().ok_or_else(no_postgres)?;
        self.write_rules()?;
        // Nobody runs here, whoever has the process id of the last time today.
        files::remove(&self.data().join("postmaster.pid"))?;
        let args = ["-D", "{0}", "-p"].map(str::to_owned).into_iter().chain([self.side.port().to_string()]);
        let launch = Launch {
            program: folder.join("postgres"),
            args: args.collect(),
            user: User::for_servers(),
            hand: vec![self.data()],
            ..Launch::default()
        };
        supervise::start(&self.process.program, &self.dir(), &launch)
    }

    /// Who may come in, by whether the side is open.
    fn write_rules(&self) -> Result<(), Failure> {
        let everybody = if self.is_open() { "scram-sha-256" } else { "reject" };
        let rules = format!("host all {ADMIN} 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 {everybody}\n");
        let path = self.data().join("pg_hba.conf");
        files::write(&path, rules.as_bytes())?;
        give(&path, User::for_servers())
    }

    /// Waits until it answers, starts it again where it has ended, and sees that the application has its role and database.
    pub fn settle(&self, patience: &dyn Patience) -> Result<(), Failure> {
        self.answers(patience)?;
        let mut db = Db::connect(&self.admin("postgres")?, patience)?;
        if !db.has(format!("SELECT 1 FROM pg_roles WHERE rolname = '{APP}'"))? {
            db.run(format!("CREATE ROLE {APP} LOGIN PASSWORD {}", quoted(&self.app()?.password)))?;
        }
        // Whoever empties it may be stopped in the middle: what is left of the database then can only be dropped.
        if db.has(format!("SELECT 1 FROM pg_database WHERE datname = '{APP}' AND datconnlimit = -2"))? {
            db.run(format!("DROP DATABASE {APP}"))?;
        }
        if !db.has(format!("SELECT 1 FROM pg_database WHERE datname = '{APP}'"))? {
            db.run(format!("CREATE DATABASE {APP} OWNER {APP}"))?;
        }
        Ok(())
    }

    /// Waits until placer can connect.
    fn answers(&self, patience: &dyn Patience) -> Result<(), Failure> {
        let mut starts = 0;
        let login = self.admin("postgres")?;
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
            match Db::connect(&login, patience) {
                Ok(_) => Ok(Some(())),
                Err(SqlError::Left(failure)) => Err(failure),
                // Not yet, or in the middle of its recovery.
                Err(SqlError::Said { .. }) => Ok(None),
            }
        })
    }

    /// Lets the application in.
    pub fn open(&self, patience: &dyn Patience) -> Result<(), Failure> {
        {
            let Some(_hand) = self.side.hand()? else { return Ok(()) };
            if !self.is_open() {
                files::write(&self.marker(), b"")?;
            }
            self.write_rules()?;
        }
        self.answers(patience)?;
        Db::connect(&self.admin("postgres")?, patience)?.run("SELECT pg_reload_conf()")?;
        let login = self.app()?;
        wait_for(patience, || match Db::connect(&login, patience) {
            Ok(_) => Ok(Some(())),
            Err(SqlError::Left(failure)) => Err(failure),
            Err(SqlError::Said { .. }) => Ok(None),
        })
    }

    /// Ends all sessions of the application and lets none in any more: the server is started anew.
    pub fn close(&self, patience: &dyn Patience) -> Result<(), Failure> {
        if let Some(_hand) = self.side.hand()?
            && self.is_open()
        {
            // SIGINT: sessions are ended, and followers get all that there is.
            let stopped = supervise::stop(&self.dir(), Signal::INT, STOP_MAX, patience);
            if stopped.is_err() {
                // Nobody waits any more, but a server that is about to end at any moment would be nobody's friend either.
                supervise::stop(&self.dir(), Signal::KILL, Duration::ZERO, patience)?;
            }
            files::remove(&self.marker())?;
            stopped?;
            self.start()?;
        }
        self.answers(patience)
    }

    /// Removes the application's database and makes it anew, without anything in it. The side is closed.
    pub fn empty(&self, patience: &dyn Patience) -> Result<(), Failure> {
        let mut db = Db::connect(&self.admin("postgres")?, patience)?;
        db.run(format!("DROP DATABASE IF EXISTS {APP} WITH (FORCE)"))?;
        db.run(format!("CREATE DATABASE {APP} OWNER {APP}"))?;
        Ok(())
    }

    /// What placer connects followers with.
    pub fn connection(&self) -> Result<String, Failure> {
        let Login { port, user, password, .. } = self.admin(APP)?;
        Ok(format!("host=127.0.0.1 port={port} user={user} password={password} dbname={APP}"))
    }
}

fn no_postgres() -> Failure {
    missing("PostgreSQL is not installed").help("`placer doctor` says how to install it")
}

/// Gives a file or folder to whom the server runs as.
fn give(path: &Path, user: Option<User>) -> Result<(), Failure> {
    let Some(user) = user else { return Ok(()) };
    std::os::unix::fs::chown(path, Some(user.uid), Some(user.gid)).map_err(|error| io_failed("give away", path, &error))
}
