//! Reading what the user names: the application's file and the price book.

use super::failure::Failure;
use super::place;
use crate::app::limits::FILE_BYTES_MAX;
use crate::app::{App, parse};
use crate::catalog::PriceBook;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The bytes of an application's file: at most one more than the limit is ever read.
pub fn app_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    bytes(path, FILE_BYTES_MAX, APPLICATION)
}

const APPLICATION: &str = "an application";

/// The bytes of a file, or of standard input for `-`: at most one more than the limit is ever read. `what` is what the
/// file holds.
pub fn bytes(path: &Path, limit: u64, what: &str) -> Result<Vec<u8>, Failure> {
    if path == Path::new("-") {
        return limited(io::stdin().lock(), "standard input", limit, what);
    }
    let name = format!("`{}`", path.display());
    let file = File::open(path).map_err(|error| unreadable(&name, &error, what))?;
    let meta = file.metadata().map_err(|error| unreadable(&name, &error, what))?;
    if meta.is_dir() {
        let inside = path.join(if what == APPLICATION { "app.toml" } else { "problem.json" });
        return Err(Failure::Input(format!("{name} is a folder; give a file in it, like `{}`", inside.display())));
    }
    limited(file, &name, limit, what)
}

fn unreadable(name: &str, error: &io::Error, what: &str) -> Failure {
    let help = match error.kind() {
        io::ErrorKind::NotFound => {
            let described = if what == APPLICATION {
                "`placer schema app` describes it"
            } else {
                "docs/problem-format.md describes it"
            };
            return Failure::Input(format!("there is no file {name}; give the path of {what}'s file ({described})"));
        }
        io::ErrorKind::PermissionDenied => "; check who may read it",
        _ => "",
    };
    Failure::Input(format!("cannot read {name}: {error}{help}"))
}

fn limited(mut from: impl Read, name: &str, limit: u64, what: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    from.by_ref().take(limit + 1).read_to_end(&mut bytes).map_err(|error| unreadable(name, &error, what))?;
    if bytes.len() as u64 > limit {
        return Err(Failure::Input(format!(
            "{name} is larger than {} MiB, the limit of {what}'s file; is it the right file?",
            limit >> 20
        )));
    }
    Ok(bytes)
}

/// The price book that the user names, or the newest one.
pub fn book(path: Option<&Path>) -> Result<PriceBook, Failure> {
    with_probes(place::book(path)?)
}

/// The book with the round-trip times that `placer probe` measured, where there are any.
#[cfg(feature = "collect")]
fn with_probes(mut book: PriceBook) -> Result<PriceBook, Failure> {
    probed(&mut book).map(|()| book)
}

/// Puts the round-trip times that `placer probe` measured into a book.
#[cfg(feature = "collect")]
pub fn probed(book: &mut PriceBook) -> Result<(), Failure> {
    if let Some(path) = probes_file() {
        crate::collect::probe::Record::read(&path).map_err(Failure::input)?.apply(book);
    }
    Ok(())
}

#[cfg(not(feature = "collect"))]
#[expect(clippy::unnecessary_wraps, reason = "as with the feature")]
fn with_probes(book: PriceBook) -> Result<PriceBook, Failure> {
    Ok(book)
}

/// Where `placer probe` keeps what it measured: `PLACER_PROBES`, or a file in the user's data folder.
#[cfg(feature = "collect")]
pub fn probes_file() -> Option<std::path::PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(std::path::PathBuf::from);
    let home = || variable("HOME").map(|home| home.join(".local/share"));
    let data = || variable("XDG_DATA_HOME").or_else(home).or_else(|| variable("LOCALAPPDATA"));
    variable("PLACER_PROBES").or_else(|| Some(data()?.join("placer").join("probes.csv")))
}

/// The application that a file describes; every fault of the file in one failure.
pub fn app(path: &Path, bytes: &[u8], book: &PriceBook) -> Result<App, Failure> {
    let parsed = parse(bytes, &path.display().to_string(), &crate::problem::names(book));
    parsed.map(|parsed| parsed.app).map_err(Failure::input)
}
