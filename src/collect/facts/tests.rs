//! The builder on the real facts, when they are there.

use super::build;
use std::path::{Path, PathBuf};

/// The fact tables: `PLACER_FACTS`, or `shared/facts` beside the repository.
fn facts() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/facts");
    let folder = std::env::var_os("PLACER_FACTS").map_or(beside, PathBuf::from);
    if !folder.join("compute.csv").exists() {
        eprintln!("skipped: no fact tables in {}", folder.display());
        return None;
    }
    Some(folder)
}

/// `PLACER_FACTS=... cargo test --lib -- --ignored write_the_book` does what `placer price-book build` does.
#[test]
#[ignore = "writes pricing-data"]
fn write_the_book() {
    let Some(facts) = facts() else { return };
    let out = Path::new(env!("CARGO_MANIFEST_DIR")).join("pricing-data");
    match build(&facts, &out.join("extra"), &out) {
        Ok(summary) => eprintln!("{summary:#?}"),
        Err(error) => panic!("{error}"),
    }
}

#[test]
#[ignore = "reads 24 MB of fact tables"]
fn a_rebuild_gives_the_same_bytes() {
    let Some(facts) = facts() else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("pricing-data");
    let out = tempfile::tempdir().expect("a temporary folder");
    let summary = build(&facts, &root.join("extra"), out.path()).expect("the facts are good");
    let manifest = |folder: &Path| std::fs::read_to_string(folder.join("MANIFEST")).expect("a MANIFEST");
    assert_eq!(manifest(out.path()), manifest(&root), "{summary:?}");
}
