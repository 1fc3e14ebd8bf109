//! The hidden commands by which the executor `process` runs programs, proxies and its keeper.

use super::args::{RegionDirArgs, RegionRunArgs};
use super::failure::Failure;
use crate::exec::process::{self, RegionRun, User};
use std::io::Write as _;

/// `placer region-run`: the exit code says to the executor what happened, so that the process ends here.
pub fn run(args: &RegionRunArgs) -> Result<(), Failure> {
    let user = args.user.as_deref().map(|text| User::parse(text).ok_or_else(|| wrong_user(text))).transpose()?;
    let run = RegionRun {
        dir: args.dir.clone(),
        wait: args.wait,
        user,
        cwd: args.cwd.clone(),
        hand: args.hand.clone(),
        command: args.command.clone(),
    };
    let (code, said) = process::region_run(&run);
    // Whoever waits for it reads it; nothing is left to be done when nobody does.
    let _ = std::io::stderr().write_all(said.as_bytes());
    std::process::exit(code)
}

fn wrong_user(text: &str) -> Failure {
    Failure::Input(format!("--user `{text}` is not in the form UID:GID"))
}

/// `placer region-proxy`
pub fn proxy(args: &RegionDirArgs) -> Result<(), Failure> {
    process::serve(&args.dir).map_err(|error| Failure::Other(error.to_string()))
}

/// `placer region-keep`
pub fn keep(args: &RegionDirArgs) -> Result<(), Failure> {
    let program = args.placer.clone().map_or_else(std::env::current_exe, Ok);
    let program = program.map_err(|error| Failure::Other(error.to_string()))?;
    process::keep(&args.dir, &program).map_err(|failure| Failure::Other(failure.to_string()))
}
