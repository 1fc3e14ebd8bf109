//! README.md shows the real output of the first example. `UPDATE_README=1` writes it.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// No store and no probes of whoever runs the tests.
const NOWHERE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/nowhere");

const START: &str = "<!-- output: placer recommend examples/discourse.toml -->\n";
const END: &str = "<!-- end -->\n";

#[test]
fn the_readme_shows_what_the_program_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(env!("CARGO_BIN_EXE_placer"))
        .env("PLACER_STORE", NOWHERE)
        .env("PLACER_PROBES", NOWHERE)
        .args(["recommend", "examples/discourse.toml"])
        .current_dir(root)
        .env("NO_COLOR", "1")
        .output()
        .expect("placer runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).expect("the report is UTF-8");
    let readme = fs::read_to_string(root.join("README.md")).expect("README.md is there");
    let (before, rest) = readme.split_once(START).expect("README.md has the output's start mark");
    let (shown, after) = rest.split_once(END).expect("README.md has the output's end mark");
    let wanted = format!("```text\n{}\n```\n", printed.trim_end());
    if env::var_os("UPDATE_README").is_some() {
        fs::write(root.join("README.md"), format!("{before}{START}{wanted}{END}{after}"))
            .expect("README.md is writable");
    } else {
        assert_eq!(shown, wanted, "README.md shows an old report: run `just readme`");
    }
}
