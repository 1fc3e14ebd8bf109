//! The bytes of a page on their way to the parser: from disk, then the network, decoded, counted and limited.

use super::client::Failure;
use super::spool::{Spool, Stored};
use flate2::read::MultiGzDecoder;
use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{self, BufReader, Read, Write as _};
use std::rc::Rc;
use std::time::Instant;

/// Raw bytes as they come, kept on disk as they pass.
pub struct Wire {
    /// What an earlier attempt left.
    disk: Option<BufReader<File>>,
    network: ureq::BodyReader<'static>,
    file: File,
    /// Bytes that passed, those from disk included.
    passed: u64,
    /// How many there have to be, when the server said.
    length: Option<u64>,
    counter: Rc<Cell<u64>>,
    deadline: Instant,
    failure: Rc<RefCell<Option<Failure>>>,
}

impl Wire {
    pub fn new(
        disk: Option<BufReader<File>>,
        network: ureq::BodyReader<'static>,
        file: File,
        length: Option<u64>,
        counter: Rc<Cell<u64>>,
        deadline: Instant,
    ) -> Self {
        Self { disk, network, file, passed: 0, length, counter, deadline, failure: Rc::default() }
    }

    fn fail(&self, failure: Failure) -> io::Error {
        let error = io::Error::other(failure.reason.clone());
        *self.failure.borrow_mut() = Some(failure);
        error
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if let Some(disk) = &mut self.disk {
            let count = disk.read(buffer)?;
            if count > 0 {
                self.passed += count as u64;
                return Ok(count);
            }
            self.disk = None;
        }
        if Instant::now() > self.deadline {
            return Err(self.fail(Failure::lasting("the run's time is over")));
        }
        let count = match self.network.read(buffer) {
            Ok(count) => count,
            Err(error) => return Err(self.fail(Failure::passing(format!("the connection broke: {error}")))),
        };
        if count == 0 && self.length.is_some_and(|length| self.passed != length) {
            let (passed, length) = (self.passed, self.length.unwrap_or_default());
            return Err(self.fail(Failure::passing(format!("the answer ended after {passed} of {length} bytes"))));
        }
        if let Err(error) = self.file.write_all(&buffer[..count]) {
            return Err(self.fail(Failure::lasting(format!("cannot keep the page on disk: {error}"))));
        }
        self.passed += count as u64;
        self.counter.set(self.counter.get() + count as u64);
        Ok(count)
    }
}

/// Where decoded bytes come from.
enum Bytes {
    Disk(BufReader<File>),
    DiskGzip(Box<MultiGzDecoder<BufReader<File>>>),
    Wire(Box<BufReader<Wire>>),
    WireGzip(Box<MultiGzDecoder<BufReader<Wire>>>),
}

/// A page's decoded bytes.
pub struct Body<'a> {
    bytes: Bytes,
    decoded: u64,
    max: u64,
    failure: Rc<RefCell<Option<Failure>>>,
    /// A page that is complete once it was read to its end.
    begun: Option<(&'a Spool, String)>,
}

impl<'a> Body<'a> {
    /// A complete page.
    pub fn stored(stored: Stored, max: u64) -> Self {
        let bytes = if stored.meta.gzip {
            Bytes::DiskGzip(Box::new(MultiGzDecoder::new(stored.bytes)))
        } else {
            Bytes::Disk(stored.bytes)
        };
        Self { bytes, decoded: 0, max, failure: Rc::default(), begun: None }
    }

    /// A page that arrives.
    pub fn wire(wire: Wire, gzip: bool, max: u64, spool: &'a Spool, id: &str) -> Self {
        let failure = Rc::clone(&wire.failure);
        let wire = BufReader::with_capacity(1 << 16, wire);
        let bytes =
            if gzip { Bytes::WireGzip(Box::new(MultiGzDecoder::new(wire))) } else { Bytes::Wire(Box::new(wire)) };
        Self { bytes, decoded: 0, max, failure, begun: Some((spool, id.to_owned())) }
    }

    /// Reads what is left, and takes the page for complete when everything is there.
    pub fn finish(&mut self) -> io::Result<()> {
        io::copy(self, &mut io::sink())?;
        if let Some((spool, id)) = self.begun.take() {
            spool.complete_begun(&id)?;
        }
        Ok(())
    }

    /// What went wrong with the bytes themselves, if anything did.
    pub fn failure(&self) -> Option<Failure> {
        self.failure.borrow().clone()
    }
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.bytes {
            Bytes::Disk(reader) => reader.read(buffer),
            Bytes::DiskGzip(reader) => reader.read(buffer),
            Bytes::Wire(reader) => reader.read(buffer),
            Bytes::WireGzip(reader) => reader.read(buffer),
        };
        let count = match read {
            Ok(count) => count,
            Err(error) => {
                if self.failure.borrow().is_none() && error.kind() != io::ErrorKind::Interrupted {
                    // Whole by its length, and damaged inside: what is on disk is of no use.
                    if let Some((spool, id)) = &self.begun {
                        spool.forget(id);
                    }
                    *self.failure.borrow_mut() =
                        Some(Failure::passing(format!("the compressed page is damaged: {error}")));
                }
                return Err(error);
            }
        };
        self.decoded += count as u64;
        if self.decoded > self.max {
            let failure = Failure::lasting(format!("the page is larger than {} bytes", self.max));
            let error = io::Error::other(failure.reason.clone());
            *self.failure.borrow_mut() = Some(failure);
            return Err(error);
        }
        Ok(count)
    }
}
