//! `placer problem`: the problem of an application, for other solvers and for checking ours.

use super::args::{ProblemArgs, ProblemFormat};
use super::failure::Failure;
use super::{input, output};
use crate::policy::Policy;
use crate::problem::lower::{Options, lower};
use crate::problem::{file, linear};
use std::io::Write;

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
    output::write(args.output.as_deref(), document.as_bytes(), out)
}
