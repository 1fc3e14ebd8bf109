//! `placer problem`: the problem of an application, for other solvers and for checking ours.

use super::args::{ProblemArgs, ProblemFormat};
use super::failure::Failure;
use super::input;
use crate::policy::Policy;
use crate::problem::lower::{Options, lower};
use crate::problem::{file, linear};
use std::fs;
use std::io::Write;
use std::path::Path;

/// Runs the command.
pub fn run(args: &ProblemArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let text = input::app_bytes(&args.app)?;
    let book = input::book(args.book.price_book.as_deref())?;
    let app = input::app(&args.app, &text, &book)?;
    let problem = lower(&app, &book, &Policy::default(), &Options::default()).map_err(Failure::input)?;
    let document = match args.format {
        ProblemFormat::Json => file::to_json(&problem).map_err(Failure::input)? + "\n",
        ProblemFormat::Lp => linear::to_lp(&problem).map_err(Failure::input)?,
    };
    match &args.output {
        Some(path) => write_whole(path, document.as_bytes()),
        None => Ok(out.write_all(document.as_bytes())?),
    }
}

/// Writes beside the file and renames, so that nobody finds half a document.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let told = |error: std::io::Error| Failure::Other(format!("cannot write `{}`: {error}", path.display()));
    let mut beside = path.as_os_str().to_owned();
    beside.push(".partial");
    fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path)).map_err(|error| {
        let _ = fs::remove_file(&beside);
        told(error)
    })
}
