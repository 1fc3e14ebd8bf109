//! The program as people start it, in a folder of files.

use assert_cmd::Command;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// No store and no probes of whoever runs the tests.
const NOWHERE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/nowhere");

/// Standard output, standard error and the exit code of a run.
pub fn placer(at: &Path, args: &[&str]) -> (String, String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_placer"));
    command.env("PLACER_STORE", NOWHERE).env("PLACER_PROBES", NOWHERE);
    let output = command.current_dir(at).args(args).output().expect("placer runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap_or(-1))
}

pub fn write(folder: &TempDir, name: &str, bytes: impl AsRef<[u8]>) {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder is made");
    fs::write(path, bytes).expect("a file is written");
}
