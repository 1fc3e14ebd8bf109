//! Small files that are whole or absent, whatever moment a process dies in.

use super::failures::{io_failed, passing};
use crate::exec::Failure;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Bytes of the largest of these files.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// For whoever owns the file.
pub const PRIVATE: u32 = 0o600;

/// Writes a file whole: beside it, onto the disk, then in its place.
///
/// # Errors
/// When the disk refuses; the file is then as it was.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let new = path.with_extension("new");
    let written = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(PRIVATE).open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        // The name is on the disk when its folder is.
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    written().map_err(|error| {
        let _ = fs::remove_file(&new);
        io_failed("write", path, &error)
    })
}

/// What is in a file; `None`: there is none.
///
/// # Errors
/// When it cannot be read, or is absurdly large.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_failed("read", path, &error)),
    };
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| io_failed("read", path, &error))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(passing(format!("{} has more than {FILE_BYTES_MAX} bytes", path.display())));
    }
    Ok(Some(bytes))
}

/// Writes a value as JSON.
///
/// # Errors
/// As [`write`].
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Failure> {
    write(path, &json(value)?)
}

/// A value as it is written.
///
/// # Errors
/// Never for the forms of this executor.
pub fn json(value: &impl Serialize) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec_pretty(value).map_err(|error| passing(format!("cannot write JSON: {error}")))
}

/// Reads a value; `None`: there is no such file.
///
/// # Errors
/// When it cannot be read, or is something else.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Failure> {
    let Some(bytes) = read(path)? else { return Ok(None) };
    let wrong = |error| passing(format!("{} is not what placer writes there: {error}", path.display()));
    serde_json::from_slice(&bytes).map(Some).map_err(wrong)
}

/// Makes a folder with those above it.
///
/// # Errors
/// When the disk refuses.
pub fn make_folder(path: &Path) -> Result<(), Failure> {
    fs::create_dir_all(path).map_err(|error| io_failed("make", path, &error))
}

/// Removes a file or a folder with all that is in it; one that is not there is fine.
///
/// # Errors
/// When the disk refuses.
pub fn remove(path: &Path) -> Result<(), Failure> {
    let done = match fs::symlink_metadata(path) {
        Ok(seen) if seen.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match done {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_failed("remove", path, &error)),
        _ => Ok(()),
    }
}

/// Opens a folder and waits until nobody else has its lock; the lock ends with the value. `None`: the folder is gone.
///
/// # Errors
/// When it cannot be opened or locked.
pub fn lock_folder(path: &Path) -> Result<Option<File>, Failure> {
    let folder = match File::open(path) {
        Ok(folder) => folder,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_failed("open", path, &error)),
    };
    folder.lock().map_err(|error| io_failed("lock", path, &error))?;
    Ok(is_still(&folder, path).then_some(folder))
}

/// Whether a path still leads to what was opened.
pub fn is_still(opened: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let same = |a: fs::Metadata, b: fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
    opened.metadata().is_ok_and(|a| fs::metadata(path).is_ok_and(|b| same(a, b)))
}
