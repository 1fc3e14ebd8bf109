//! Reading what the user names: the application's file and the price book.

use super::failure::Failure;
use crate::app::App;
use crate::app::limits::FILE_BYTES_MAX;
use crate::catalog::PriceBook;
use crate::collect::book_file;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The bytes of an application's file: at most one more than the limit is ever read.
pub fn app_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    if path == Path::new("-") {
        return limited(io::stdin().lock(), "standard input");
    }
    let name = format!("`{}`", path.display());
    let file = File::open(path).map_err(|error| unreadable(&name, &error))?;
    let meta = file.metadata().map_err(|error| unreadable(&name, &error))?;
    if meta.is_dir() {
        let inside = path.join("app.toml");
        return Err(Failure::Input(format!("{name} is a folder; give a file in it, like `{}`", inside.display())));
    }
    limited(file, &name)
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    let help = match error.kind() {
        io::ErrorKind::NotFound => {
            return Failure::Input(format!(
                "there is no file {name}; give the path of an application's file (`placer schema app` describes it)"
            ));
        }
        io::ErrorKind::PermissionDenied => "; check who may read it",
        _ => "",
    };
    Failure::Input(format!("cannot read {name}: {error}{help}"))
}

fn limited(mut from: impl Read, name: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    from.by_ref().take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| unreadable(name, &error))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(Failure::Input(format!(
            "{name} is larger than {} MiB, the limit of an application's file; is it the right file?",
            FILE_BYTES_MAX >> 20
        )));
    }
    Ok(bytes)
}

/// The price book that the user names, or the built-in one.
pub fn book(path: Option<&Path>) -> Result<PriceBook, Failure> {
    match path {
        Some(path) => book_file::load(path).map_err(Failure::input),
        None => PriceBook::embedded().map_err(|error| Failure::Other(format!("the built-in price book: {error}"))),
    }
}

/// The application that a file describes.
pub fn app(_path: &Path, _bytes: &[u8], _book: &PriceBook) -> Result<App, Failure> {
    Err(Failure::Other("reading applications is not built yet".into()))
}

/// The JSON Schema of the application's file.
pub fn app_schema() -> String {
    String::new()
}
