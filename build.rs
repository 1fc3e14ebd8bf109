//! Joins the files of `pricing-data` into the one sealed price book that is embedded in the program.
//!
//! Only joins: the order and the digest stand in `pricing-data/MANIFEST`, and the program verifies the digest when it
//! loads the book, so a file that was edited without `placer price-book build` is found there.

use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=pricing-data");
    println!("cargo::rerun-if-changed=build.rs");
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let data = Path::new(&root).join("pricing-data");
    let manifest = fs::read_to_string(data.join("MANIFEST"))
        .expect("pricing-data/MANIFEST is needed to build placer; `placer price-book build` writes it");
    let value = |key: &str| {
        let found = manifest.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
        found.unwrap_or_else(|| panic!("pricing-data/MANIFEST has no line `{key}`"))
    };
    let mut book = format!("placer-price-book 1 sha256:{} as_of:{}\n", value("digest"), value("as_of")).into_bytes();
    for line in manifest.lines().filter_map(|line| line.strip_prefix("file ")) {
        let name = line.rsplit(' ').next().unwrap_or_default();
        let content = fs::read(data.join(name)).unwrap_or_else(|e| panic!("pricing-data/{name}: {e}"));
        book.extend_from_slice(format!("@file {name} {}\n", content.len()).as_bytes());
        book.extend_from_slice(&content);
    }
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("price-book.txt"), book).expect("the build folder is writable");
}
