//! Takes things away, in whatever state they are.

use super::failures::io_failed;
use super::files;
use super::layout::AppDir;
use super::side::Side;
use super::supervise;
use crate::exec::Failure;
use rustix::process::Signal;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a program may take to end when its side is taken away.
const GRACE: Duration = Duration::from_secs(3);

/// A side: its processes, then its folder. One that is gone is fine.
pub fn side(dir: &Path) -> Result<(), Failure> {
    let Some(_hand) = files::lock_folder(dir)? else { return files::remove(dir) };
    // Nobody starts anything any more. A side without a file is half gone already.
    if let Ok(Some(mut side)) = Side::read(dir) {
        side.file.wanted = false;
        side.save()?;
    }
    for process in folders(dir)? {
        // PostgreSQL and Redis save what is about to be thrown away when they are asked to end; others are asked.
        supervise::remove(&process, Signal::TERM, if dir.join("data").exists() { Duration::ZERO } else { GRACE })?;
    }
    files::remove(dir)
}

/// What looked after an application of which nothing is left. The fence stays, and what was done: an older placer must not begin
/// anew, and a step that is sent once more is still done.
pub fn leftovers(app: &AppDir) -> Result<(), Failure> {
    supervise::remove(&app.keeper(), Signal::TERM, Duration::ZERO)?;
    files::remove(&app.path().join(".components"))
}

/// Everything below a root, whatever it is.
pub fn all(root: &Path) -> Result<(), Failure> {
    for name in folders(root)?.iter().filter_map(|path| path.file_name()) {
        let app = AppDir::new(root, &name.to_string_lossy())?;
        if !app.fence().exists() {
            // Whatever it is, placer did not make it.
            continue;
        }
        supervise::remove(&app.keeper(), Signal::TERM, Duration::ZERO)?;
        for component in app.components()? {
            let dir = app.component(&component)?;
            supervise::remove(&dir.join("proxy"), Signal::TERM, Duration::ZERO)?;
        }
        for dir in app.sides()? {
            side(&dir)?;
        }
        files::remove(app.path())?;
    }
    // A folder that is not empty is somebody else's, too.
    let _ = fs::remove_dir(root);
    Ok(())
}

/// The folders in a folder; none when it does not exist.
fn folders(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io_failed("read", dir, &error)),
    };
    Ok(entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect())
}
