//! The seal: many files as one byte string with one digest.

use super::BookError;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// No file of a book, and no book, is read beyond this many bytes.
pub const FILE_BYTES_MAX: usize = 256 << 20;

/// A sealed book of a known form. Its digest is not verified yet.
pub struct Sealed<'a> {
    pub digest: &'a str,
    pub as_of: &'a str,
    /// What the digest covers.
    pub body: &'a str,
}

impl<'a> Sealed<'a> {
    /// Its files, in book order.
    pub fn files(&self) -> Result<Vec<(&'a str, &'a str)>, BookError> {
        split(self.body)
    }
}

/// Lower-case hex of the SHA-256 of some bytes.
#[must_use]
pub fn digest_hex(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// The place of a file in the book's order; `None` when a book has no such file.
#[must_use]
pub fn section_rank(name: &str) -> Option<usize> {
    const ORDER: [&str; 13] = [
        "sources.csv",
        "providers.csv",
        "regions.csv",
        "cities.csv",
        "shapes/",
        "compute/",
        "managed/",
        "tariffs.csv",
        "egress.csv",
        "transfers.csv",
        "latency.csv",
        "latency_model.csv",
        "city_rtt.csv",
    ];
    let folder = name.find('/').map_or(name, |at| &name[..=at]);
    let stem = name.strip_suffix(".csv")?.rsplit('/').next()?;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    if stem.is_empty() || !stem.bytes().all(plain) || name.matches('/').count() > 1 {
        return None;
    }
    ORDER.iter().position(|&entry| entry == folder)
}

/// Puts files into book order and seals them. Equal files give equal bytes, whatever order they come in.
///
/// # Errors
/// [`BookError::NotABook`] for a name that no book has, a name given twice, or a book without dated sources.
pub fn seal<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<Vec<u8>, BookError> {
    let mut ordered = Vec::new();
    for (name, bytes) in files {
        let rank = section_rank(name).ok_or_else(|| BookError::NotABook(format!("a book has no file `{name}`")))?;
        ordered.push((rank, name, bytes));
    }
    ordered.sort_unstable_by_key(|&(rank, name, _)| (rank, name));
    if let Some(pair) = ordered.windows(2).find(|pair| pair[0].1 == pair[1].1) {
        return Err(BookError::NotABook(format!("the file `{}` is there twice", pair[0].1)));
    }
    let mut body = Vec::new();
    for (_, name, bytes) in &ordered {
        body.extend_from_slice(format!("@file {name} {}\n", bytes.len()).as_bytes());
        body.extend_from_slice(bytes);
    }
    let as_of = ordered.first().and_then(|(_, _, bytes)| newest(bytes)).unwrap_or_default();
    let mut sealed = format!("placer-price-book 1 sha256:{} as_of:{as_of}\n", digest_hex(&body)).into_bytes();
    sealed.extend_from_slice(&body);
    Ok(sealed)
}

/// The newest `as_of` of `sources.csv`.
fn newest(sources: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(sources).ok()?;
    text.lines().skip(1).filter_map(|line| line.split(',').nth(1)).max()
}

/// Reads the first line. The digest is verified by the caller.
pub fn open(bytes: &[u8]) -> Result<Sealed<'_>, BookError> {
    let broken = |reason: &str| BookError::NotABook(reason.to_owned());
    let end = bytes.iter().take(200).position(|&b| b == b'\n').ok_or_else(|| broken("it has no first line"))?;
    let first = std::str::from_utf8(&bytes[..end]).map_err(|_| broken("its first line is not text"))?;
    let mut words = first.split(' ');
    if words.next() != Some("placer-price-book") {
        return Err(broken("its first line does not begin with `placer-price-book`"));
    }
    let version = words.next().unwrap_or_default();
    if version != "1" {
        return Err(BookError::Version { found: format!("`{version}`") });
    }
    let digest = words.next().and_then(|w| w.strip_prefix("sha256:")).ok_or_else(|| broken("it states no sha256"))?;
    let as_of = words.next().and_then(|w| w.strip_prefix("as_of:")).ok_or_else(|| broken("it states no date"))?;
    if words.next().is_some() {
        return Err(broken("its first line has too many words"));
    }
    let body =
        std::str::from_utf8(&bytes[end + 1..]).map_err(|_| broken("it is not UTF-8 text: altered or cut off"))?;
    Ok(Sealed { digest, as_of, body })
}

/// The files of a sealed book, in book order, once its digest was verified. Their rows are not read.
///
/// # Errors
/// [`BookError`] when it is not a complete, unaltered book of a version this program knows.
pub fn open_sealed(bytes: &[u8]) -> Result<Vec<(&str, &str)>, BookError> {
    let sealed = open(bytes)?;
    let actual = digest_hex(sealed.body.as_bytes());
    if actual != sealed.digest {
        return Err(BookError::Digest { expected: sealed.digest.to_owned(), actual });
    }
    sealed.files()
}

fn split(mut body: &str) -> Result<Vec<(&str, &str)>, BookError> {
    let mut files: Vec<(&str, &str)> = Vec::new();
    while !body.is_empty() {
        let at = || format!("after {}", files.last().map_or("the first line", |(name, _)| name));
        let broken = |reason: &str| BookError::NotABook(format!("{} {reason}", at()));
        let (line, rest) = body.split_once('\n').ok_or_else(|| broken("the next file's line does not end"))?;
        let mut words = line.split(' ');
        let (Some("@file"), Some(name), Some(len), None) = (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(broken("comes no line `@file <name> <length>`"));
        };
        let len: usize = len.parse().map_err(|_| broken("the next file's length is not a number"))?;
        let text = rest.get(..len).ok_or_else(|| broken(&format!("`{name}` is cut off")))?;
        let rank = section_rank(name).ok_or_else(|| broken(&format!("comes `{name}`, which no book has")))?;
        if files.last().is_some_and(|(last, _)| (section_rank(last), *last) >= (Some(rank), name)) {
            return Err(broken(&format!("comes `{name}`: the files are not in order")));
        }
        files.push((name, text));
        body = &rest[len..];
    }
    Ok(files)
}
