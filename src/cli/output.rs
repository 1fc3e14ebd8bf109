//! Results that go to a file instead of standard output.

use super::failure::Failure;
use std::fs;
use std::io::Write;
use std::path::Path;

/// Writes to the file that was asked for, or else to standard output.
pub fn write(file: Option<&Path>, bytes: &[u8], out: &mut dyn Write) -> Result<(), Failure> {
    match file {
        Some(path) => write_whole(path, bytes),
        None => Ok(out.write_all(bytes)?),
    }
}

/// Writes beside the file and renames, so that nobody finds half a document.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let told = |error: std::io::Error| Failure::Other(format!("cannot write `{}`: {error}", path.display()));
    let mut beside = path.as_os_str().to_owned();
    beside.push(".partial");
    fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path)).map_err(|error| {
        let _ = fs::remove_file(&beside);
        told(error)
    })
}
