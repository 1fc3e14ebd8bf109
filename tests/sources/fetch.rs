//! Real recorded answers of providers, fetched from PyPI when they are needed and never kept in the repository.
//!
//! `sparecores-crawler` has them as comments (Python literals), `apache-libcloud` as the fixtures of its tests. Each
//! archive is checked against its SHA-256. Without pip, or without a way to PyPI, the tests say so and pass over.

use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

struct Archive {
    package: &'static str,
    file: &'static str,
    sha256: &'static str,
    form: &'static str,
}

const SPARECORES: Archive = Archive {
    package: "sparecores-crawler==0.10.2",
    file: "sparecores_crawler-0.10.2-py3-none-any.whl",
    sha256: "c11d2630b6ecdf7ee713d1692d11567ab6c50cd5196321b5937eda719b6d139e",
    form: "--only-binary=:all:",
};

const LIBCLOUD: Archive = Archive {
    package: "apache-libcloud==3.9.1",
    file: "apache_libcloud-3.9.1.tar.gz",
    sha256: "b65eaa5ac32b28a0f9555e6a223dba39e73b99b682cd849624587ce7bc251661",
    form: "--no-binary=:all:",
};

/// Writes every Python literal that stands as a comment under the words `example ... response` as a JSON file
/// `<vendor>-<call>-<how many before it>.json`.
const EXTRACT: &str = r"
import ast, collections, json, os, re, sys, zipfile
archive, out = sys.argv[1:]
os.makedirs(out)
for member in zipfile.ZipFile(archive).namelist():
    name = re.fullmatch(r'sc_crawler/vendors/_(\w+)\.py', member)
    if not name:
        continue
    text = zipfile.ZipFile(archive).read(member).decode()
    count, call, block = collections.Counter(), None, None
    for line in text.splitlines() + ['']:
        comment = re.match(r'^\s*# ?(.*)$', line)
        if comment and block is not None:
            block.append(comment.group(1))
        elif comment and comment.group(1).strip() in '{[' and call:
            block = [comment.group(1)]
        elif comment and 'response' in comment.group(1):
            call = re.sub(r'example | response:?', '', comment.group(1)).strip()
        if not comment and block is not None:
            value = ast.literal_eval('\n'.join(block))
            slug = re.sub(r'\W+', '-', call).strip('-').lower()
            path = os.path.join(out, f'{name.group(1)}-{slug}-{count[slug]}.json')
            json.dump(value, open(path, 'w'))
            count[slug] += 1
            call, block = None, None
";

/// Unpacks the fixtures of compute drivers.
const UNPACK: &str = r"
import os, sys, tarfile
archive, out = sys.argv[1:]
os.makedirs(out)
with tarfile.open(archive) as tar:
    for member in tar:
        parts = member.name.split('/')
        if member.isfile() and len(parts) == 7 and parts[1:5] == ['libcloud', 'test', 'compute', 'fixtures']:
            with open(os.path.join(out, f'{parts[5]}-{parts[6]}'), 'wb') as file:
                file.write(tar.extractfile(member).read())
";

static SPARECORES_FILES: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| unpacked(&SPARECORES, EXTRACT));
static LIBCLOUD_FILES: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| unpacked(&LIBCLOUD, UNPACK));

/// A recorded answer of `sparecores-crawler`, or `None` with a printed reason.
pub fn sparecores(name: &str) -> Option<Vec<u8>> {
    read(&SPARECORES_FILES, name)
}

/// A recorded answer of `apache-libcloud`, or `None` with a printed reason.
pub fn libcloud(name: &str) -> Option<Vec<u8>> {
    read(&LIBCLOUD_FILES, name)
}

fn read(files: &Result<PathBuf, String>, name: &str) -> Option<Vec<u8>> {
    match files {
        Ok(folder) => Some(fs::read(folder.join(name)).unwrap_or_else(|e| panic!("{name} is in the archive: {e}"))),
        Err(reason) => {
            eprintln!("SKIPPED, no recorded answers: {reason}");
            None
        }
    }
}

/// The SHA-256 of bytes in hexadecimal.
fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all");
        text
    })
}

/// Folder of an archive's unpacked answers. A wrong hash is a failure; what cannot be had is a reason.
fn unpacked(archive: &Archive, script: &str) -> Result<PathBuf, String> {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("recorded");
    let done = cache.join(format!("{}-{}", archive.package, &hex(script.as_bytes())[..8]));
    if done.is_dir() {
        return Ok(done);
    }
    fs::create_dir_all(&cache).map_err(|e| e.to_string())?;
    let file = cache.join(archive.file);
    if !file.is_file() {
        download(archive, &cache)?;
    }
    let bytes = fs::read(&file).map_err(|e| format!("pip wrote no {}: {e}", archive.file))?;
    let hash = hex(&bytes);
    assert_eq!(hash, archive.sha256, "{} is not the archive that the expectations were written from", archive.file);
    // Whole or absent, whoever else is at it.
    let half = cache.join(format!("{}-{}", archive.package, std::process::id()));
    let output = Command::new("python3").args(["-c", script]).args([&file, &half]).output();
    let output = output.map_err(|e| format!("python3: {e}"))?;
    assert!(output.status.success(), "unpacking: {}", String::from_utf8_lossy(&output.stderr));
    if fs::rename(&half, &done).is_err() {
        fs::remove_dir_all(&half).map_err(|e| e.to_string())?;
    }
    Ok(done)
}

fn download(archive: &Archive, cache: &Path) -> Result<(), String> {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--quiet", "--no-deps", "--retries=1", "--timeout=30", archive.form]);
    let output = pip.arg("--dest").arg(cache).arg(archive.package).output();
    let output = output.map_err(|e| format!("python3 is not there: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("pip cannot fetch {}: {}", archive.package, said.lines().last().unwrap_or("no reason given")))
}
