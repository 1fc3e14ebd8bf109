//! Guards the house: which module may import which (ARCHITECTURE.md), file length, and words that must not land.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Lowest first: a module and what it may import. The same table stands in ARCHITECTURE.md.
const TABLE: &[(&str, &[&str])] = &[
    ("units", &[]),
    ("app", &["units"]),
    ("catalog", &["units"]),
    ("policy", &["units", "app"]),
    ("import", &["units", "app"]),
    ("market", &["units", "catalog"]),
    ("problem", &["units", "app", "catalog", "policy"]),
    ("solve", &["units", "problem"]),
    ("plan", &["units", "app", "policy", "problem"]),
    ("report", &["units", "app", "catalog", "policy", "market", "problem", "solve", "plan"]),
    ("collect", &["units", "catalog"]),
    ("store", &["units", "app", "catalog", "policy", "market", "problem", "plan"]),
    ("exec", &["units", "app", "plan"]),
    (
        "control",
        &["units", "app", "catalog", "policy", "market", "problem", "solve", "plan", "collect", "store", "exec"],
    ),
    ("api", &["units", "app", "catalog", "policy", "market", "problem", "solve", "plan", "report", "store", "control"]),
    (
        "cli",
        &[
            "units", "app", "catalog", "policy", "import", "market", "problem", "solve", "plan", "report", "collect",
            "store", "exec", "control", "api",
        ],
    ),
];

/// Pure modules know no clock, no network, no file system, no randomness of their own.
const PURE: &[&str] = &["units", "app", "catalog", "policy", "import", "market", "problem", "solve", "plan", "report"];
const IMPURE_WORDS: &[&str] =
    &["std::fs", "std::net", "std::process", "std::env", "SystemTime::now", "Instant::now", "std::io::stdin"];

/// Lines a source file may have.
const LINES_MAX: usize = 800;

/// Every source file of the program below a folder.
fn sources(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).expect("source folder is readable").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") && !is_test(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Unit tests that live in files of their own may reach further than the code.
fn is_test(path: &Path) -> bool {
    path.strip_prefix(src())
        .unwrap_or(path)
        .components()
        .any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "tests.rs")))
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The code of a file without comments and without its unit tests (which may reach further).
fn code_of(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("source is text");
    let body = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let code = |line: &str| line.split("//").next().unwrap_or_default().to_owned();
    body.lines().map(code).collect::<Vec<_>>().join("\n")
}

/// Module names after `crate::`, also in `use crate::{a, b::c}`.
fn imports(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        found.insert(std::mem::take(&mut word));
                    }
                    _ if depth == 0 => word.push(c),
                    _ => {}
                }
            }
            found.insert(word);
        } else {
            found.insert(rest.to_owned());
        }
    }
    let head = |text: &String| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    found.iter().map(head).filter(|name| !name.is_empty()).collect()
}

#[test]
fn modules_import_only_what_the_table_allows() {
    let table: BTreeMap<_, _> = TABLE.iter().copied().collect();
    let mut wrong = Vec::new();
    for path in sources(&src()) {
        let relative = path.strip_prefix(src()).expect("below src");
        let Some(module) = relative.components().next().and_then(|c| c.as_os_str().to_str()) else { continue };
        if matches!(module, "lib.rs" | "main.rs") {
            continue;
        }
        let Some(allowed) = table.get(module) else {
            wrong.push(format!("{}: module `{module}` is not in the table", relative.display()));
            continue;
        };
        for import in imports(&code_of(&path)) {
            if table.contains_key(import.as_str()) && import != module && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{}: `{module}` may not import `{import}`", relative.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pure_modules_touch_no_outside_world() {
    let mut wrong = Vec::new();
    for module in PURE.iter().filter(|m| src().join(m).exists()) {
        for path in sources(&src().join(module)) {
            let code = code_of(&path);
            for word in IMPURE_WORDS.iter().filter(|word| code.contains(**word)) {
                wrong.push(format!("{}: `{word}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_short_and_finished() {
    let mut wrong = Vec::new();
    for path in sources(&src()) {
        let text = fs::read_to_string(&path).expect("source is text");
        let lines = text.lines().count();
        if lines > LINES_MAX {
            wrong.push(format!("{}: {lines} lines", path.display()));
        }
        for word in ["todo!(", "unimplemented!(", "FIXME", "XXX"] {
            if text.contains(word) {
                wrong.push(format!("{}: `{word}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_import_reader_sees_all_forms() {
    let code = "use crate::{app::{self, App}, units::Money};\nlet x = crate::solve::solve(1);\nuse crate::catalog;";
    let expected = ["app", "catalog", "solve", "units"].map(str::to_owned).into_iter().collect();
    assert_eq!(imports(code), expected);
}

#[test]
fn architecture_md_states_the_same_table() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md")).expect("it exists");
    for (module, allowed) in TABLE.iter().filter(|(module, _)| src().join(module).exists()) {
        let row = text.lines().find(|line| line.starts_with(&format!("| `{module}` |")));
        let row = row.unwrap_or_else(|| panic!("ARCHITECTURE.md has no row for `{module}`"));
        let cell = row.split('|').nth(2).unwrap_or_default();
        let stated: BTreeSet<&str> = cell.split(',').map(str::trim).filter(|w| !w.is_empty() && *w != "-").collect();
        let existing = allowed.iter().copied().filter(|m| src().join(m).exists());
        assert_eq!(stated, existing.collect(), "row of `{module}`");
    }
}
