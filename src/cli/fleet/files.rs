//! The files of a fleet, and the reports that are written for them.

use crate::cli::failure::Failure;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Folders below the fleet's folder that are entered.
const DEPTH_MAX: usize = 16;

/// An application's file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// Relative to the fleet's folder, with `/`: what rows and reports are named by.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// All `*.toml` files in a folder and the folders below it, by name. Hidden ones are passed over; links to folders are
/// not followed.
pub fn find(dir: &Path) -> Result<Vec<Source>, Failure> {
    let shown = dir.display();
    match fs::metadata(dir) {
        Ok(meta) if meta.is_dir() => {}
        Ok(_) => {
            return Err(Failure::Input(format!(
                "`{shown}` is a file; for one application: `placer recommend {shown}`"
            )));
        }
        Err(error) => return Err(Failure::Input(format!("cannot read the folder `{shown}`: {error}"))),
    }
    let mut found = Vec::new();
    walk(dir, "", 0, &mut found)?;
    if found.is_empty() {
        return Err(Failure::Input(format!("there is no application (`*.toml`) in the folder `{shown}`")));
    }
    found.sort_unstable();
    Ok(found)
}

fn walk(dir: &Path, prefix: &str, depth: usize, found: &mut Vec<Source>) -> Result<(), Failure> {
    let unreadable = |error: io::Error| Failure::Input(format!("cannot read the folder `{}`: {error}", dir.display()));
    if depth > DEPTH_MAX {
        let text = format!("`{}` is more than {DEPTH_MAX} folders deep; is it the right folder?", dir.display());
        return Err(Failure::Input(text));
    }
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() {
            walk(&entry.path(), &format!("{prefix}{name}/"), depth + 1, found)?;
        } else if entry.path().extension().is_some_and(|extension| extension == "toml") {
            found.push(Source { name: format!("{prefix}{name}"), path: entry.path() });
        }
    }
    Ok(())
}

/// Writes a report: the whole of it, or nothing.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    let mut half = path.as_os_str().to_owned();
    half.push(".part");
    fs::write(&half, bytes)?;
    fs::rename(&half, path)
}
