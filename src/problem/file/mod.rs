//! Problems as JSON: three documented forms (docs/problem-format.md), read without trust.
//!
//! - the plain pairwise form: a cost per component and place, a table per pair ([`Pairwise`]);
//! - the application form, `"format": "placer-problem"`: the complete [`Problem`], with ordinals and integers;
//! - the packing form, `"format": "placer-packing"`: a [`Packing`]. The files of the SAGE benchmarks are read too.
//!
//! Everything that is read is bounded by a stated limit before memory is taken for it, and every fault is told with its
//! path in the document, line and column.

mod application;
mod application_check;
mod application_groups;
mod number;
mod packing;
mod pairwise;
mod sage;

pub use application::{FORMAT as APPLICATION_FORMAT, to_json};
pub use packing::FORMAT as PACKING_FORMAT;
pub use pairwise::{FORBIDDEN, Pairwise, Table};
pub use sage::read as read_sage;

use super::Problem;
use super::packing::Packing;
use serde::Deserialize;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use std::fmt;

/// Versions of the documented forms that are understood.
pub const VERSION: u32 = 1;

/// Most bytes of a document in the plain form. 300 components x 200 places with 900 dense pairs take some 200 MB.
pub const PAIRWISE_BYTES_MAX: u64 = 1 << 30;
/// Most bytes of a document in any other form.
pub const BYTES_MAX: u64 = 256 << 20;

/// What a document holds.
#[derive(Clone, Debug)]
pub enum Document {
    /// The plain pairwise form.
    Pairwise(Pairwise),
    /// The application form.
    Application(Box<Problem>),
    /// The packing form.
    Packing(Packing),
}

/// What is wrong with a document, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// Path in the document, like `pairs[3].cost[0][2]`; empty for the document as a whole.
    pub path: String,
    /// Line and column, from 1; `None` when the document is well formed and what it says is not.
    pub at: Option<(usize, usize)>,
    /// What is wrong, and what to do.
    pub message: String,
}

impl FileError {
    fn said(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), at: None, message: message.into() }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.at {
            write!(f, "line {line}, column {column}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for FileError {}

/// Reads a document of any form. The form is told by the member `format`; without one it is the plain pairwise form.
///
/// # Errors
/// [`FileError`]: the first thing that is wrong.
pub fn read(bytes: &[u8]) -> Result<Document, FileError> {
    let text_start = bytes.iter().position(|b| !b.is_ascii_whitespace());
    let Some(start) = text_start else {
        return Err(FileError::said("", "the file is empty; a problem is a JSON object (docs/problem-format.md)"));
    };
    if bytes[start] != b'{' {
        return Err(FileError::said("", "a problem is a JSON object, which begins with `{` (docs/problem-format.md)"));
    }
    let (format, version) = head_of(bytes);
    let Some(format) = format else {
        limited(bytes, PAIRWISE_BYTES_MAX)?;
        return pairwise::read(bytes).map(Document::Pairwise);
    };
    limited(bytes, BYTES_MAX)?;
    if format != APPLICATION_FORMAT && format != PACKING_FORMAT {
        let known = format!("`{APPLICATION_FORMAT}`, `{PACKING_FORMAT}`, or no `format` for the plain pairwise form");
        return Err(FileError::said("format", format!("`{}` is not a known form; known are {known}", shown(&format))));
    }
    if version.is_some_and(|version| version != u64::from(VERSION)) {
        return Err(FileError::said("version", format!("this is not version {VERSION}, the one that is understood")));
    }
    if format == PACKING_FORMAT {
        return packing::read(bytes).map(Document::Packing);
    }
    application::read(bytes).map(|problem| Document::Application(Box::new(problem)))
}

/// At most so many characters of something foreign, without control characters.
fn shown(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
    if clean.len() < text.len() { format!("{clean}...") } else { clean }
}

fn limited(bytes: &[u8], most: u64) -> Result<(), FileError> {
    if bytes.len() as u64 <= most {
        return Ok(());
    }
    Err(FileError::said("", format!("the file is larger than {} MiB, the limit of this form", most >> 20)))
}

/// The members `format` and `version` of the object, wherever they stand; `None` also when the document breaks off
/// before them: the reader of the plain form then says what is wrong.
fn head_of(bytes: &[u8]) -> (Option<String>, Option<u64>) {
    struct Probe<'a>(&'a mut (Option<String>, Option<u64>));
    impl<'de> Visitor<'de> for Probe<'_> {
        type Value = ();
        fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            while let Some(key) = map.next_key::<String>()? {
                match key.as_str() {
                    "format" => self.0.0 = Some(map.next_value()?),
                    "version" => self.0.1 = Some(map.next_value()?),
                    _ => drop(map.next_value::<IgnoredAny>()?),
                }
                if self.0.0.is_some() && self.0.1.is_some() {
                    // Nothing else is of interest; whoever reads the form reads on from the start.
                    break;
                }
            }
            Ok(())
        }
    }
    let mut found = (None, None);
    let mut json = serde_json::Deserializer::from_slice(bytes);
    // An error here is one of the document, or of the members that were left unread: neither matters yet.
    let _ = serde::Deserializer::deserialize_map(&mut json, Probe(&mut found));
    found
}

/// Reads a whole document through a seed, telling where it fails.
fn parse<'de, S: DeserializeSeed<'de>>(bytes: &'de [u8], seed: S) -> Result<S::Value, FileError> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let mut track = serde_path_to_error::Track::new();
    let read = seed.deserialize(serde_path_to_error::Deserializer::new(&mut json, &mut track));
    let value = read.map_err(|error| told(&track.path().to_string(), &error))?;
    json.end().map_err(|error| told("", &error))?;
    Ok(value)
}

/// A document of a form whose Rust types say everything.
fn parse_as<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, FileError> {
    parse(bytes, std::marker::PhantomData)
}

fn told(path: &str, error: &serde_json::Error) -> FileError {
    let text = error.to_string();
    let suffix = format!(" at line {} column {}", error.line(), error.column());
    let message = text.strip_suffix(&suffix).unwrap_or(&text).to_owned();
    let path = if path == "." { String::new() } else { path.to_owned() };
    let at = (error.line() > 0).then(|| (error.line(), error.column()));
    FileError { path, at, message }
}
