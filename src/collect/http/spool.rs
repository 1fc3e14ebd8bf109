//! Fetched pages on disk: complete ones for conditional requests and resumed runs, and begun ones to be continued.
//!
//! A page is one file: a first line of fixed form, then the bytes as they came over the network. `<id>.part` is begun,
//! `<id>.page` is complete; the one becomes the other by a rename. The first line is
//! `placer-page 1 run:<20 digits> <JSON>`: the number of the run that last found the page in force can be set anew
//! without touching the rest.

use crate::collect::source::Request;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Before the number of the run.
const MAGIC: &str = "placer-page 1 run:";
/// Digits of that number.
const DIGITS: usize = 20;
/// No first line is longer.
const LINE_BYTES_MAX: u64 = 16 << 10;
/// Complete pages larger than this are not kept after the run.
const KEPT_BYTES_MAX: u64 = 512 << 20;

/// What is known of a page besides its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// Entity tag, as sent.
    pub etag: Option<String>,
    /// `Last-Modified`, as sent.
    pub modified: Option<String>,
    /// Whether the bytes are gzip.
    pub gzip: bool,
    /// Length of the whole as sent, when the server said.
    pub length: Option<u64>,
    /// The server said that there is no such thing; there are no bytes.
    pub absent: bool,
}

impl Meta {
    /// What a continued request has to hold against: without it a changed page could be glued to an old beginning.
    pub fn validator(&self) -> Option<&str> {
        self.etag.as_deref().filter(|tag| !tag.starts_with("W/")).or(self.modified.as_deref())
    }
}

/// Pages of one source.
pub struct Spool {
    folder: PathBuf,
    run: i64,
    used: Mutex<BTreeSet<String>>,
}

/// A page on disk.
pub struct Stored {
    pub meta: Meta,
    /// The run that last found it in force.
    pub run: i64,
    /// Its bytes, from the first.
    pub bytes: BufReader<File>,
    /// How many there are.
    pub len: u64,
}

/// The name of a page's file: what was asked for, and nothing of credentials.
pub fn page_id(request: &Request) -> String {
    let mut hash = Sha256::new();
    let headers: Vec<String> = request.headers.iter().map(|(name, value)| format!("{name}:{value}")).collect();
    let post = request.post.as_deref().unwrap_or_default();
    let method = if request.post.is_some() { "POST" } else { "GET" };
    for part in [method, request.endpoint, &request.host_part, &request.path, &headers.join("\n")] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.update(post);
    let mut id = String::new();
    for byte in &hash.finalize()[..16] {
        let _ = write!(id, "{byte:02x}");
    }
    id
}

impl Spool {
    pub fn open(pages: &Path, source: &str, run: i64) -> io::Result<Self> {
        let folder = pages.join(source);
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, run, used: Mutex::default() })
    }

    fn path(&self, id: &str, kind: &str) -> PathBuf {
        self.folder.join(format!("{id}.{kind}"))
    }

    /// Whether a stored page was found in force by this very run.
    pub fn is_fresh(&self, stored: &Stored) -> bool {
        stored.run == self.run
    }

    /// A complete page; what is damaged counts as not there.
    pub fn complete(&self, id: &str) -> Option<Stored> {
        self.used.lock().ok()?.insert(id.to_owned());
        read(&self.path(id, "page")).ok()
    }

    /// A begun page.
    pub fn begun(&self, id: &str) -> Option<Stored> {
        self.used.lock().ok()?.insert(id.to_owned());
        read(&self.path(id, "part")).ok()
    }

    /// Begins a page anew.
    pub fn begin(&self, id: &str, meta: &Meta) -> io::Result<File> {
        let mut file = File::create(self.path(id, "part"))?;
        let meta = serde_json::to_string(meta)?;
        writeln!(file, "{MAGIC}{:0DIGITS$} {meta}", self.run)?;
        Ok(file)
    }

    /// Goes on with a begun page, at its end.
    pub fn append(&self, id: &str) -> io::Result<File> {
        OpenOptions::new().append(true).open(self.path(id, "part"))
    }

    /// A begun page is whole now.
    pub fn complete_begun(&self, id: &str) -> io::Result<()> {
        self.confirm_at(&self.path(id, "part"))?;
        fs::rename(self.path(id, "part"), self.path(id, "page"))
    }

    /// This run found a complete page in force.
    pub fn confirm(&self, id: &str) -> io::Result<()> {
        self.confirm_at(&self.path(id, "page"))
    }

    fn confirm_at(&self, path: &Path) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).open(path)?;
        file.seek(SeekFrom::Start(MAGIC.len() as u64))?;
        write!(file, "{:0DIGITS$}", self.run)
    }

    /// Forgets a page.
    pub fn forget(&self, id: &str) {
        let _ = fs::remove_file(self.path(id, "part"));
        let _ = fs::remove_file(self.path(id, "page"));
    }

    /// After a successful run: removes pages that it did not use and those too large to keep.
    pub fn tidy(&self) {
        let (Ok(entries), Ok(used)) = (fs::read_dir(&self.folder), self.used.lock()) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            let id = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let large = entry.metadata().is_ok_and(|meta| meta.len() > KEPT_BYTES_MAX);
            if !used.contains(id) || large {
                let _ = fs::remove_file(path);
            }
        }
    }
}

fn read(path: &Path) -> io::Result<Stored> {
    let file = File::open(path)?;
    let whole = file.metadata()?.len();
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut line = String::new();
    io::Read::take(&mut reader, LINE_BYTES_MAX).read_line(&mut line)?;
    let wrong = || io::Error::new(io::ErrorKind::InvalidData, "not a page");
    let rest = line.strip_suffix('\n').and_then(|line| line.strip_prefix(MAGIC)).ok_or_else(wrong)?;
    let (run, meta) = rest.split_once(' ').ok_or_else(wrong)?;
    let run = run.parse().map_err(|_| wrong())?;
    let meta: Meta = serde_json::from_str(meta)?;
    let len = whole - line.len() as u64;
    Ok(Stored { meta, run, bytes: reader, len })
}
