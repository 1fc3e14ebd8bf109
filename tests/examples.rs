//! Every example: proven optimal on the built-in book, with a bill that adds up and nothing left to look at.

use placer::report::wire::{Report, Status};
use placer::units::Money;
use std::path::Path;
use std::process::Command;

/// No store and no probes of whoever runs the tests.
const NOWHERE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/nowhere");

#[test]
fn every_example_is_proven_optimal() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for entry in root.join("examples").read_dir().expect("examples are there").flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|e| e != "toml") {
            continue;
        }
        seen += 1;
        let output = Command::new(env!("CARGO_BIN_EXE_placer"))
            .env("PLACER_STORE", NOWHERE)
            .env("PLACER_PROBES", NOWHERE)
            .args(["recommend", "--format", "json"])
            .arg(&path)
            .output()
            .expect("placer runs");
        let name = path.display();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let report: Report = serde_json::from_slice(&output.stdout).expect("the JSON form reads back");
        assert_eq!(report.status, Status::Optimal, "{name}");
        assert_eq!(report.lower_bound_usd_month, report.total_usd_month, "{name}");
        let money = |text: &String| Money::parse(text).expect("an amount");
        let lines: Money = report.lines.iter().map(|line| money(&line.usd_month)).sum();
        assert_eq!(Some(lines), report.total_usd_month.as_ref().map(money), "{name}");
        assert!(report.paths.iter().all(|path| path.bound_ms.is_none_or(|bound| path.latency_ms <= bound)), "{name}");
    }
    assert!(seen >= 7, "only {seen} examples");
}
