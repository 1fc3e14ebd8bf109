//! Loads a price book from a sealed file, or from a folder with a MANIFEST.

use crate::catalog::{BookError, FILE_BYTES_MAX, PriceBook, digest_hex};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a price book could not be loaded.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The file system said no.
    #[error("cannot read the price book {}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
    /// More than a price book ever is.
    #[error("{} is larger than {} MB: no price book is", path.display(), FILE_BYTES_MAX >> 20)]
    TooLarge {
        /// Which file.
        path: PathBuf,
    },
    /// It is not a usable book.
    #[error("{}: {source}", path.display())]
    Book {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: BookError,
    },
}

/// Loads a sealed book file, or a folder that `placer price-book build` wrote; both are verified against their digest.
///
/// # Errors
/// [`LoadError`] when it cannot be read, is too large, or is not a complete and unaltered book.
pub fn load(path: &Path) -> Result<PriceBook, LoadError> {
    let broken = |source| LoadError::Book { path: path.to_owned(), source };
    if !path.is_dir() {
        return PriceBook::from_sealed(&read(path)?).map_err(broken);
    }
    let text = String::from_utf8_lossy(&read(&path.join("MANIFEST"))?).into_owned();
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).map(str::to_owned);
    let mut files = Vec::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("file ")) {
        let name = line.rsplit(' ').next().unwrap_or_default();
        if crate::catalog::section_rank(name).is_none() {
            return Err(broken(BookError::NotABook(format!("MANIFEST names `{name}`, which no book has"))));
        }
        files.push((name, read(&path.join(name))?));
    }
    let named = || files.iter().map(|(name, bytes)| (*name, bytes.as_slice()));
    let book = PriceBook::from_files(named()).map_err(broken)?;
    let expected = value("digest ").unwrap_or_default();
    if expected != book.digest {
        return Err(broken(BookError::Digest { expected, actual: book.digest }));
    }
    // What the MANIFEST says beyond the digest has to be true as well, to the byte.
    if text != manifest(&book, named()) {
        let why = "its MANIFEST is not the one that `placer price-book build` wrote for these files".to_owned();
        return Err(broken(BookError::NotABook(why)));
    }
    Ok(book)
}

/// The MANIFEST of a book: form, date, digest, and digest, length and name of every file.
pub(super) fn manifest<'a>(book: &PriceBook, files: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut text = format!("placer-price-book 1\nas_of {}\ndigest {}\n", book.as_of, book.digest);
    for (name, bytes) in files {
        let _ = writeln!(text, "file {} {} {name}", digest_hex(bytes), bytes.len());
    }
    text
}

/// Writes a sealed book as a folder of text files with its MANIFEST: whole, or not at all. The folder may be new, empty,
/// or one that was written so before. Gives the number of files.
///
/// # Errors
/// [`LoadError`] when the bytes are no book, the folder holds something else, or cannot be written.
pub fn export(folder: &Path, sealed: &[u8]) -> Result<usize, LoadError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| LoadError::Io { path, source }
    };
    let broken = |source| LoadError::Book { path: folder.to_owned(), source };
    let book = PriceBook::from_sealed(sealed).map_err(broken)?;
    let files = crate::catalog::open_sealed(sealed).map_err(broken)?;
    let mut there = fs::read_dir(folder).into_iter().flatten();
    if there.next().is_some() && !folder.join("MANIFEST").is_file() {
        let source = io::Error::new(io::ErrorKind::AlreadyExists, "the folder holds something that is no price book");
        return Err(failed(folder)(source));
    }
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let beside = |word: &str| folder.with_file_name(format!(".{name}.{word}"));
    let (new, old) = (beside("new"), beside("old"));
    for left in [&new, &old] {
        if left.exists() {
            fs::remove_dir_all(left).map_err(failed(left))?;
        }
    }
    for (name, text) in &files {
        let path = new.join(name);
        let parent = path.parent().unwrap_or(&new);
        fs::create_dir_all(parent).map_err(failed(parent))?;
        fs::write(&path, text).map_err(failed(&path))?;
    }
    let named = files.iter().map(|(name, text)| (*name, text.as_bytes()));
    let path = new.join("MANIFEST");
    fs::write(&path, manifest(&book, named)).map_err(failed(&path))?;
    if folder.exists() {
        fs::rename(folder, &old).map_err(failed(folder))?;
    }
    fs::rename(&new, folder).map_err(failed(folder))?;
    // What was there before is not needed any more; where it cannot be removed, it harms nobody.
    let _ = fs::remove_dir_all(&old);
    Ok(files.len())
}

fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    let failed = |source| LoadError::Io { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > FILE_BYTES_MAX { Err(LoadError::TooLarge { path: path.to_owned() }) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_the_repository_is_the_embedded_book() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pricing-data");
        let book = load(&folder).expect("pricing-data loads");
        assert_eq!(book.digest, PriceBook::embedded().expect("the embedded book verifies").digest);
    }

    #[test]
    fn what_is_not_a_book_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("book.txt");
        fs::write(&path, "hello\n").expect("a file");
        let error = load(&path).expect_err("not a book").to_string();
        assert!(error.contains("book.txt") && error.contains("placer-price-book"), "{error}");
        assert!(matches!(load(&folder.path().join("none")), Err(LoadError::Io { .. })));
        fs::write(folder.path().join("MANIFEST"), "digest 0\nfile 0 0 ../../secret.csv\n").expect("a file");
        assert!(matches!(load(folder.path()), Err(LoadError::Book { .. })));
    }
}
