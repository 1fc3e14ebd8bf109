//! The `placer` program: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    placer::cli::main()
}
