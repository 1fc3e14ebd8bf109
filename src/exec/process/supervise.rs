//! Starts and stops processes, each in a folder of its own. A folder runs one process (and its children) or none.

use super::failures::{io_failed, missing, passing};
use super::files;
use super::guard::{Patience, Unhurried};
use super::holders::{holders, is_running, noted};
use super::region_run::{BUSY, NOT_FOUND};
use super::user::User;
use crate::exec::Failure;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Variables of placer's environment that every process gets; nothing else of it is anybody's business.
const INHERITED: [&str; 7] = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR"];
/// How long a process that was killed may take to be gone: longer means that it hangs in the kernel.
const KILLED: Duration = Duration::from_secs(20);
/// Bytes of the end of a log that are told.
const LOG_TAIL_BYTES: usize = 600;

impl Ended {
    /// The line that says what went wrong: the first that speaks of an error, else the last.
    pub fn why(&self) -> &str {
        let told = |line: &&str| ["FATAL", "ERROR", "error:"].iter().any(|word| line.contains(word));
        self.log.lines().find(told).or(self.log.lines().last()).unwrap_or("it says nothing").trim()
    }
}

/// What to run.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    /// Program.
    pub program: PathBuf,
    /// Arguments; `{0}`, `{1}`, ... stand for [`Launch::hand`].
    pub args: Vec<String>,
    /// Environment, besides what every process gets.
    pub env: Vec<(String, String)>,
    /// Working directory.
    pub cwd: Option<PathBuf>,
    /// Who runs it; `None`: who runs placer.
    pub user: Option<User>,
    /// Files and folders that are handed over open, so that the program needs no right to the folders above them.
    pub hand: Vec<PathBuf>,
}

/// How a process that is waited for ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Whether it ended well.
    pub well: bool,
    /// The end of what it wrote.
    pub log: String,
}

/// Starts a process in a folder, unless one runs there already.
///
/// # Errors
/// A program that is not there, or cannot be started.
pub fn start(placer: &Path, dir: &Path, launch: &Launch) -> Result<(), Failure> {
    if is_running(dir).map_err(|error| io_failed("ask", dir, &error))? {
        return Ok(());
    }
    make_folder(dir)?;
    let mut child = command(placer, dir, launch, false).spawn().map_err(|error| not_spawned(placer, &error))?;
    let mut said = String::new();
    if let Some(stderr) = &mut child.stderr {
        // What it says is for the message; that it says nothing is fine.
        let _ = stderr.take(4_096).read_to_string(&mut said);
    }
    let status = child.wait().map_err(|error| io_failed("wait for", placer, &error))?;
    match status.code() {
        Some(0 | BUSY) => Ok(()),
        Some(NOT_FOUND) => Err(missing(said.trim().to_owned()).help("install it, or name another program")),
        _ => Err(passing(format!("{} was not started: {}", launch.program.display(), said.trim()))),
    }
}

/// Runs a process in a folder to its end. It is stopped when the patience ends.
///
/// # Errors
/// A program that is not there; the end of the patience.
pub fn run(placer: &Path, dir: &Path, launch: &Launch, patience: &dyn Patience) -> Result<Ended, Failure> {
    make_folder(dir)?;
    // What an earlier placer left running here works on the same files.
    stop(dir, Signal::KILL, Duration::ZERO, &Unhurried)?;
    files::remove(&dir.join("log"))?;
    let mut child = command(placer, dir, launch, true).spawn().map_err(|error| not_spawned(placer, &error))?;
    let status = loop {
        match child.try_wait().map_err(|error| io_failed("wait for", placer, &error))? {
            Some(status) => break status,
            None => {
                if let Err(failure) = patience.pause(Duration::from_millis(20)) {
                    stop(dir, Signal::KILL, Duration::ZERO, &Unhurried)?;
                    let _ = child.wait();
                    return Err(failure);
                }
            }
        }
    };
    let mut said = String::new();
    if let Some(stderr) = &mut child.stderr {
        let _ = stderr.take(4_096).read_to_string(&mut said);
    }
    match status.code() {
        Some(NOT_FOUND) => Err(missing(said.trim().to_owned()).help("install it, or name another program")),
        code => Ok(Ended { well: code == Some(0), log: format!("{}{}", said, log_tail(dir)).trim().to_owned() }),
    }
}

/// Makes the folder of a process; not those above it: where they are gone, nothing is to run.
fn make_folder(dir: &Path) -> Result<(), Failure> {
    match std::fs::create_dir(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(io_failed("make", dir, &error)),
        _ => Ok(()),
    }
}

fn command(placer: &Path, dir: &Path, launch: &Launch, wait: bool) -> Command {
    let mut command = Command::new(placer);
    command.arg("region-run").arg("--dir").arg(dir);
    if wait {
        command.arg("--wait");
    }
    if let Some(user) = launch.user {
        command.arg("--user").arg(format!("{}:{}", user.uid, user.gid));
    }
    for (name, path) in launch.cwd.iter().map(|path| ("--cwd", path)).chain(launch.hand.iter().map(|p| ("--hand", p))) {
        command.arg(name).arg(path);
    }
    command.arg("--").arg(&launch.program).args(&launch.args);
    command.env_clear().envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.envs(launch.env.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn not_spawned(placer: &Path, error: &io::Error) -> Failure {
    let failure = io_failed("start", placer, error);
    if error.kind() == io::ErrorKind::NotFound {
        return missing(failure.what).help("the program `placer` itself is not where it was");
    }
    failure
}

/// Ends whatever runs in a folder: the signal to the process that was started and to those of its group (a shell's programs;
/// the sessions of a database have groups of their own), and after the grace the hard way. Nothing runs there afterwards.
///
/// # Errors
/// Processes that do not go; the end of the patience, before the hard way.
pub fn stop(dir: &Path, signal: Signal, grace: Duration, patience: &dyn Patience) -> Result<(), Failure> {
    let asked = |error: io::Error| io_failed("ask", dir, &error);
    if !is_running(dir).map_err(asked)? {
        return Ok(());
    }
    let polite = Instant::now();
    let first = holders(dir).map_err(asked)?;
    if let Some(pid) = noted(dir).filter(|pid| first.contains(pid) && !grace.is_zero()) {
        if let Some(pid) = Pid::from_raw(pid) {
            // A group that is gone already is what is wanted.
            let _ = kill_process_group(pid, signal);
        }
        while polite.elapsed() < grace {
            if !is_running(dir).map_err(asked)? {
                return Ok(());
            }
            patience.pause(Duration::from_millis(10))?;
        }
    }
    let hard = Instant::now();
    while is_running(dir).map_err(asked)? {
        for pid in holders(dir).map_err(asked)? {
            send(pid, Signal::KILL);
        }
        if hard.elapsed() > KILLED {
            return Err(passing(format!("what runs in {} cannot be killed", dir.display())));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Ends what is left in a folder of a process that has ended itself: the children of a server that was killed.
///
/// # Errors
/// Processes that do not go.
pub fn sweep(dir: &Path) -> Result<(), Failure> {
    let left = holders(dir).map_err(|error| io_failed("ask", dir, &error))?;
    if left.is_empty() || noted(dir).is_some_and(|pid| left.contains(&pid)) {
        return Ok(());
    }
    stop(dir, Signal::KILL, Duration::ZERO, &Unhurried)
}

/// A process that is gone already is what the sender wants, mostly; who has to know looks at the lock.
fn send(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = kill_process(pid, signal);
    }
}

/// Ends whatever runs in a folder and removes the folder: nothing can be started in it meanwhile.
///
/// # Errors
/// Processes that do not go; a disk that refuses.
pub fn remove(dir: &Path, signal: Signal, grace: Duration) -> Result<(), Failure> {
    loop {
        stop(dir, signal, grace, &Unhurried)?;
        // Whoever is about to start something finds the lock taken, or the file gone from its place.
        let lock = match OpenOptions::new().read(true).write(true).open(dir.join("lock")) {
            Ok(lock) => lock,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return files::remove(dir),
            Err(error) => return Err(io_failed("open", dir, &error)),
        };
        match lock.try_lock() {
            Ok(()) => return files::remove(dir),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(io_failed("lock", dir, &error)),
        }
    }
}

/// The end of the log of a folder.
pub fn log_tail(dir: &Path) -> String {
    use std::io::Seek as _;
    let tail = || -> io::Result<String> {
        let mut file = File::open(dir.join("log"))?;
        let length = file.metadata()?.len();
        file.seek(io::SeekFrom::Start(length.saturating_sub(LOG_TAIL_BYTES as u64)))?;
        let mut bytes = Vec::new();
        file.take(LOG_TAIL_BYTES as u64).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    tail().unwrap_or_default()
}
