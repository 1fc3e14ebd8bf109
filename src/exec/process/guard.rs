//! Who may act on an application, and for how long.
//!
//! Two placers never act on one application at once: whoever does holds the lock of its folder. The larger fence wins: it is
//! noted before the lock is waited for, so that whoever holds the lock stops at its next look.

use super::failures::io_failed;
use super::files;
use super::layout::AppDir;
use crate::exec::{Failure, FailureKind, Watch};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// How often something is looked at that is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// Somebody who waits, and may have enough.
pub trait Patience {
    /// Sleeps for so long.
    ///
    /// # Errors
    /// Why to wait no longer.
    fn pause(&self, time: Duration) -> Result<(), Failure>;

    /// Tells whoever looks on.
    fn tell(&self, text: &str);
}

/// Somebody whom nothing hurries.
pub struct Unhurried;

impl Patience for Unhurried {
    fn pause(&self, time: Duration) -> Result<(), Failure> {
        thread::sleep(time);
        Ok(())
    }

    fn tell(&self, _text: &str) {}
}

/// Somebody who has so long.
pub struct Until(pub Instant);

impl Patience for Until {
    fn pause(&self, time: Duration) -> Result<(), Failure> {
        thread::sleep(time);
        if Instant::now() < self.0 { Ok(()) } else { Err(Failure::new(FailureKind::Deadline, "there was no answer")) }
    }

    fn tell(&self, _text: &str) {}
}

/// Looks until there is something.
///
/// # Errors
/// The look's own, and the end of the patience.
pub fn wait_for<T>(
    patience: &dyn Patience,
    mut look: impl FnMut() -> Result<Option<T>, Failure>,
) -> Result<T, Failure> {
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        patience.pause(LOOK_EVERY)?;
    }
}

/// The right to act on an application, until it is dropped.
pub struct Guard<'a> {
    app: AppDir,
    fence: u64,
    watch: &'a dyn Watch,
    _busy: File,
}

impl<'a> Guard<'a> {
    /// Notes the fence, and waits until nobody else acts.
    ///
    /// # Errors
    /// A fence that is too small; the watch; a disk that refuses.
    pub fn take(app: &AppDir, fence: u64, watch: &'a dyn Watch) -> Result<Self, Failure> {
        files::make_folder(app.path())?;
        raise(&app.fence(), fence)?;
        let folder = File::open(app.path()).map_err(|error| io_failed("open", app.path(), &error))?;
        let mut told = false;
        loop {
            stopped(watch)?;
            match folder.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {
                    if !std::mem::replace(&mut told, true) {
                        watch.progress("waiting until another placer has stopped");
                    }
                    thread::sleep(LOOK_EVERY);
                }
                Err(TryLockError::Error(error)) => return Err(io_failed("lock", app.path(), &error)),
            }
        }
        let guard = Self { app: app.clone(), fence, watch, _busy: folder };
        guard.check()?;
        Ok(guard)
    }

    /// Whether to go on.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self) -> Result<(), Failure> {
        stopped(self.watch)?;
        match files::read(&self.app.fence())? {
            Some(bytes) if number(&bytes) > self.fence => Err(fenced(number(&bytes), self.fence)),
            _ => Ok(()),
        }
    }
}

impl Patience for Guard<'_> {
    fn pause(&self, time: Duration) -> Result<(), Failure> {
        self.check()?;
        thread::sleep(time);
        self.check()
    }

    fn tell(&self, text: &str) {
        self.watch.progress(text);
    }
}

fn stopped(watch: &dyn Watch) -> Result<(), Failure> {
    match watch.stop() {
        None => Ok(()),
        Some(FailureKind::Deadline) => Err(Failure::new(FailureKind::Deadline, "it took longer than its deadline")),
        Some(kind) => Err(Failure::new(kind, "it was stopped")),
    }
}

fn fenced(seen: u64, own: u64) -> Failure {
    let what = format!("another placer has taken over: it has the fence {seen}, this one {own}");
    Failure::new(FailureKind::Fenced, what)
}

/// Notes a fence, unless a larger one was seen. Written over in place and always of one length: whoever reads sees the old or
/// the new one.
fn raise(path: &Path, fence: u64) -> Result<(), Failure> {
    let failed = |error: io::Error| io_failed("write", path, &error);
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(files::PRIVATE).open(path);
    let mut file = open.map_err(failed)?;
    file.lock().map_err(failed)?;
    let mut bytes = Vec::new();
    (&file).take(64).read_to_end(&mut bytes).map_err(failed)?;
    let seen = number(&bytes);
    if seen > fence {
        return Err(fenced(seen, fence));
    }
    if seen < fence {
        file.seek(io::SeekFrom::Start(0)).map_err(failed)?;
        file.write_all(format!("{fence:020}\n").as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    }
    Ok(())
}

/// A fence as it is written; 0 for a file whose writer died before it wrote anything.
fn number(bytes: &[u8]) -> u64 {
    std::str::from_utf8(bytes).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}
