//! Why a price book was refused, and what to do about it.

use thiserror::Error;

/// A price book that cannot be used. Each message says what is wrong and what helps.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BookError {
    /// Not the sealed form at all, or cut off.
    #[error("not a usable price book: {0}; fetch or build it again, or leave out --price-book to use the built-in one")]
    NotABook(String),
    /// Written in a form this program does not read.
    #[error("the price book has form {found}, this program reads form 1; update placer or use an older book")]
    Version {
        /// What the first line says.
        found: String,
    },
    /// The content is not what was sealed.
    #[error(
        "the price book was altered or cut off: its first line says sha256 {expected}, its content has {actual}; \
         fetch or build it again"
    )]
    Digest {
        /// Digest in the first line.
        expected: String,
        /// Digest of the content.
        actual: String,
    },
    /// A file that every book has is not there.
    #[error("the price book lacks its file {0}; build it again with `placer price-book build`")]
    Missing(String),
    /// A row that cannot be right.
    #[error("price book, {file} line {line}: {reason}; correct the row and build the book again")]
    Row {
        /// File inside the book.
        file: String,
        /// Line in that file, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
}
