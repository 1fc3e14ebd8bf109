//! The `placer` program: everything is in the library.

use std::process::ExitCode;

#[cfg(feature = "collect")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    placer::cli::main()
}
