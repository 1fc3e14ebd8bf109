//! Finds credentials where people keep them: the environment, then the profile files of the provider's own tools.

use crate::collect::source::{Credential, ProfileFile, Secrets, Source};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// No profile file is larger.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The credentials of a source that are at hand. Files that cannot be read count as not there.
pub fn find(source: &dyn Source, variable: &dyn Fn(&str) -> Option<String>) -> Secrets {
    let found = |credential: &Credential| {
        let from_env = credential.env.iter().find_map(|name| variable(name));
        from_env.or_else(|| credential.files.iter().find_map(|file| from_file(file, variable)))
    };
    let usable = |value: String| {
        let value = value.trim().to_owned();
        (!value.is_empty() && value.bytes().all(|b| b == b' ' || b.is_ascii_graphic())).then_some(value)
    };
    let pairs = source.credentials().iter().filter_map(|c| Some((c.name, found(c).and_then(usable)?)));
    Secrets::new(pairs.collect())
}

fn from_file(file: &ProfileFile, variable: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let named = |name: &str| if name.is_empty() { None } else { variable(name) };
    let path = match named(file.path_env) {
        Some(path) => PathBuf::from(path),
        None => Path::new(&variable("HOME")?).join(file.path),
    };
    let mut text = String::new();
    File::open(path).ok()?.take(FILE_BYTES_MAX).read_to_string(&mut text).ok()?;
    (file.read)(&text, named(file.profile_env).as_deref())
}

/// How to give a source what it lacks, for messages: `set HCLOUD_TOKEN, or keep it in ~/.config/hcloud/cli.toml`.
#[must_use]
pub fn how_to_give(credential: &Credential) -> String {
    let files: Vec<String> = credential.files.iter().map(|file| format!("~/{}", file.path)).collect();
    let env = credential.env.join(" or ");
    match (env.is_empty(), files.is_empty()) {
        (false, false) => format!("set {env}, or keep it in {}", files.join(" or ")),
        (false, true) => format!("set {env}"),
        _ => format!("keep it in {}", files.join(" or ")),
    }
}

/// The required credentials of a source that are not at hand, in words; `None` when all are.
#[must_use]
pub fn missing(source: &dyn Source, secrets: &Secrets) -> Option<String> {
    let lacks = |c: &&Credential| c.required && secrets.find(c.name).is_none();
    let texts: Vec<String> = source.credentials().iter().filter(lacks).map(how_to_give).collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}
