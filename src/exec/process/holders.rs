//! Who runs in a folder: the processes that hold the lock of its file `lock`.
//!
//! A process that was started there has the locked file open, and so do its children: the lock is held exactly as long as one
//! of them lives. Linux says for every open file which lock it holds, so that a process id that was used again, a child that
//! left its group, or a placer that only looks, is never taken for one of them.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

/// Whether something runs in a folder.
///
/// # Errors
/// When the lock cannot be asked.
pub fn is_running(dir: &Path) -> io::Result<bool> {
    let lock = match File::open(dir.join("lock")) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    // Shared, so that two who look do not see one another.
    match lock.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The process that was started in a folder, as it was noted there; it may be gone.
pub fn noted(dir: &Path) -> Option<i32> {
    std::fs::read_to_string(dir.join("pid")).ok()?.trim().parse().ok()
}

/// Ids of the processes that hold the lock of a folder, this one left out.
///
/// # Errors
/// When the list of processes cannot be read.
#[cfg(target_os = "linux")]
pub fn holders(dir: &Path) -> io::Result<Vec<i32>> {
    use std::fs;
    use std::os::unix::fs::MetadataExt as _;
    let lock = match fs::metadata(dir.join("lock")) {
        Ok(seen) => (seen.dev(), seen.ino()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let me = i32::try_from(std::process::id()).unwrap_or(0);
    let mut found = Vec::new();
    for process in fs::read_dir("/proc")?.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        // Processes end while they are looked at, and those of other people are closed to us.
        let Ok(files) = fs::read_dir(process.path().join("fd")) else { continue };
        let holds = |file: &fs::DirEntry| {
            let same = fs::metadata(file.path()).is_ok_and(|seen| (seen.dev(), seen.ino()) == lock);
            same && fs::read_to_string(process.path().join("fdinfo").join(file.file_name()))
                .is_ok_and(|info| info.lines().any(|line| line.starts_with("lock:") && line.contains("WRITE")))
        };
        if pid != me && files.flatten().any(|file| holds(&file)) {
            found.push(pid);
        }
    }
    Ok(found)
}

/// Ids of the processes that hold the lock of a folder: where the system does not say, the one that was noted.
///
/// # Errors
/// When the lock cannot be asked.
#[cfg(not(target_os = "linux"))]
pub fn holders(dir: &Path) -> io::Result<Vec<i32>> {
    Ok(if is_running(dir)? { noted(dir).into_iter().collect() } else { Vec::new() })
}
