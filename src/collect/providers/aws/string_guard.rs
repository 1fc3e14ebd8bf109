//! Keeps a parser's memory bounded whatever the bytes say.

use std::io::{self, Read};

/// No string of a price list is anywhere near as long.
const STRING_BYTES_MAX: usize = 1 << 20;

/// Passes bytes through and fails once a JSON string or number grows past about one MiB: a parser holds one of them at a
/// time, so a hostile one of gigabytes would take gigabytes of memory. Everything else a JSON parser does takes constant
/// memory.
///
/// Inside a string every quote follows a backslash, so no string is longer than the bytes between two quotes that do
/// not. Looking for the last such quote of each chunk is enough, and costs nothing beside the parsing.
#[derive(Debug)]
pub struct StringGuard<R> {
    inner: R,
    last: u8,
    /// Bytes since the last quote without a backslash before it.
    run: usize,
}

impl<R> StringGuard<R> {
    /// Guards a reader.
    pub fn new(inner: R) -> Self {
        Self { inner, last: 0, run: 0 }
    }

    fn follow(&mut self, bytes: &[u8]) {
        let before = |at: usize| if at == 0 { self.last } else { bytes[at - 1] };
        match memchr::memrchr_iter(b'"', bytes).find(|&at| before(at) != b'\\') {
            Some(at) => self.run = bytes.len() - at,
            None => self.run += bytes.len(),
        }
        self.last = bytes.last().copied().unwrap_or(self.last);
    }
}

impl<R: Read> Read for StringGuard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.follow(&buffer[..read]);
        if self.run <= STRING_BYTES_MAX {
            return Ok(read);
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "a string or number longer than 1 MiB: this is no price list"))
    }
}
