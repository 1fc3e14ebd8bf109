//! `placer region-run`: starts a program in a folder in such a way that it can always be found again.
//!
//! It takes the lock of the folder's file `lock`, hands the open file on to the program, notes the program's id, and ends. The
//! program is then nobody's child. With `--wait` it stays until the program ends.

use super::user::User;
use rustix::io::{FdFlags, fcntl_setfd};
use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Exit code: something runs in the folder already.
pub const BUSY: i32 = 75;
/// Exit code: there is no such program.
pub const NOT_FOUND: i32 = 127;
/// Exit code: anything else that kept it from starting.
const FAILED: i32 = 126;
/// How long to wait for a lock: whoever only looks holds it for no time at all.
const LOCK_WAIT: Duration = Duration::from_millis(500);

/// What to run, and how.
#[derive(Clone, Debug)]
pub struct RegionRun {
    /// The folder.
    pub dir: PathBuf,
    /// Whether to stay until the program ends.
    pub wait: bool,
    /// Who runs it.
    pub user: Option<User>,
    /// Its working directory; none: the root of the file system.
    pub cwd: Option<PathBuf>,
    /// Files and folders to hand over open; `{0}`, `{1}`, ... in an argument stand for them.
    pub hand: Vec<PathBuf>,
    /// Program and arguments.
    pub command: Vec<OsString>,
}

/// Starts the program. Gives the exit code, and what to say.
#[must_use]
pub fn region_run(run: &RegionRun) -> (i32, String) {
    let Some((program, args)) = run.command.split_first() else { return (FAILED, "no command".into()) };
    match locked(&run.dir) {
        Ok(Some(lock)) => started(run, program, args, &lock),
        Ok(None) => (BUSY, String::new()),
        Err(error) => (FAILED, format!("cannot lock {}: {error}", run.dir.display())),
    }
}

/// The lock of a folder; `None`: somebody else has it, or the folder is about to go.
fn locked(dir: &Path) -> io::Result<Option<File>> {
    let path = dir.join("lock");
    let lock = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)?;
    let since = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(super::files::is_still(&lock, &path).then_some(lock)),
            Err(TryLockError::WouldBlock) if since.elapsed() < LOCK_WAIT => thread::sleep(Duration::from_millis(5)),
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

fn started(run: &RegionRun, program: &OsString, args: &[OsString], lock: &File) -> (i32, String) {
    // A session of its own: a signal for placer's terminal is none for it. It fails where there is one already.
    let _ = rustix::process::setsid();
    let begun = || -> io::Result<std::process::Child> {
        let log = || OpenOptions::new().append(true).create(true).mode(0o600).open(run.dir.join("log"));
        let handed = run.hand.iter().map(File::open).collect::<io::Result<Vec<_>>>()?;
        for file in std::iter::once(lock).chain(&handed) {
            fcntl_setfd(file, FdFlags::empty())?;
        }
        let mut command = Command::new(program);
        command.args(args.iter().map(|arg| named(arg, run, &handed)));
        if let Some(user) = run.user {
            command.uid(user.uid).gid(user.gid);
        }
        command.current_dir(run.cwd.as_deref().unwrap_or(Path::new("/"))).process_group(0);
        command.stdin(Stdio::null()).stdout(log()?).stderr(log()?);
        let mut child = command.spawn()?;
        if let Err(error) = note(&run.dir, child.id()) {
            let _ = child.kill();
            let _ = child.wait();
            return Err(error);
        }
        Ok(child)
    };
    match begun() {
        Ok(mut child) if run.wait => match child.wait() {
            Ok(status) => (status.code().unwrap_or(1), String::new()),
            Err(error) => (FAILED, error.to_string()),
        },
        Ok(_) => (0, String::new()),
        Err(error) => {
            let program = Path::new(program).display();
            let absent = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied);
            (if absent { NOT_FOUND } else { FAILED }, format!("cannot start {program}: {error}"))
        }
    }
}

/// An argument with the names of what is handed over: what an open file is called by the process that has it open. Where the
/// system has no such names, the paths must do.
fn named(arg: &OsString, run: &RegionRun, handed: &[File]) -> OsString {
    let Some(mut text) = arg.to_str().filter(|text| text.contains('{')).map(str::to_owned) else { return arg.clone() };
    for (index, (path, file)) in run.hand.iter().zip(handed).enumerate() {
        let open = format!("/proc/self/fd/{}", file.as_raw_fd());
        let name = if cfg!(target_os = "linux") { open } else { path.display().to_string() };
        text = text.replace(&format!("{{{index}}}"), &name);
    }
    text.into()
}

/// Writes the id of the process into its folder.
fn note(dir: &Path, pid: u32) -> io::Result<()> {
    let new = dir.join("pid.new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    writeln!(file, "{pid}")?;
    std::fs::rename(&new, dir.join("pid"))
}
