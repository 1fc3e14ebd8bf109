//! Passwords that are made here: random, in files that only their owner reads.

use super::failures::io_failed;
use super::files;
use crate::exec::Failure;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// Random bytes of a password: 192 bits, as hexadecimal digits.
const BYTES: usize = 24;

/// The password in a file, which is made where there is none.
///
/// # Errors
/// A disk that refuses; a system without randomness.
pub fn password(path: &Path) -> Result<String, Failure> {
    if let Some(known) = files::read(path)? {
        return Ok(String::from_utf8_lossy(&known).trim().to_owned());
    }
    let source = Path::new("/dev/urandom");
    let mut bytes = [0; BYTES];
    let read = File::open(source).and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(|error| io_failed("read", source, &error))?;
    let text = bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    files::write(path, format!("{text}\n").as_bytes())?;
    Ok(text)
}
