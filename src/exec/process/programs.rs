//! Where the servers' programs are on this machine.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folders in which packages put PostgreSQL's programs, outside of `PATH`; `*` is a version.
const POSTGRES_FOLDERS: [&str; 5] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
];
/// What is used of PostgreSQL.
const POSTGRES_PROGRAMS: [&str; 4] = ["postgres", "initdb", "pg_dump", "psql"];
/// The oldest version that carries out what the executor asks of it.
pub const POSTGRES_MIN: u32 = 13;

/// A folder with all of PostgreSQL's programs: the newest version's.
#[must_use]
pub fn postgres() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let packaged = POSTGRES_FOLDERS.iter().flat_map(|pattern| folders(pattern));
    let all = packaged.chain(env::split_paths(&path));
    let whole = all.filter(|folder| POSTGRES_PROGRAMS.iter().all(|program| is_program(&folder.join(program))));
    // The first of the newest: packages' own folders come before `PATH`, where wrappers may lie.
    whole
        .fold(None, |best: Option<(u32, PathBuf)>, folder| {
            let number = major(&version(&folder.join("postgres")).unwrap_or_default());
            if best.as_ref().is_some_and(|(held, _)| *held >= number) { best } else { Some((number, folder)) }
        })
        .filter(|(number, _)| *number >= POSTGRES_MIN)
        .map(|(_, folder)| folder)
}

/// The Redis server, or Valkey, which is the same for our purposes.
#[must_use]
pub fn redis() -> Option<PathBuf> {
    find("redis-server").or_else(|| find("valkey-server"))
}

/// A program on `PATH`, or at its own path.
#[must_use]
pub fn find(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| is_program(path));
    }
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|path| is_program(path))
}

/// The first line that a program says of its version; `None`: it does not run.
#[must_use]
pub fn version(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).lines().next()?.trim().to_owned())
}

/// The first number of a version: 15 of `postgres (PostgreSQL) 15.18`; 0: there is none.
#[must_use]
pub fn major(version: &str) -> u32 {
    let from = version.find(|c: char| c.is_ascii_digit()).unwrap_or(version.len());
    version[from..].chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0)
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|seen| seen.is_file() && seen.permissions().mode() & 0o111 != 0)
}

/// Folders that fit a pattern with at most one `*`, in the order of names.
fn folders(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else { return vec![PathBuf::from(pattern)] };
    let Some((parent, prefix)) = before.rsplit_once('/') else { return Vec::new() };
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut found: Vec<PathBuf> = names
        .filter(|name| name.starts_with(prefix))
        .map(|name| Path::new(parent).join(format!("{name}{after}")))
        .collect();
    found.sort();
    found
}
