//! `placer auction` as people use it: the same ticks, the same bytes; and the same answers as lowering and solving anew.

#[path = "support/small_book.rs"]
mod small_book;

use assert_cmd::Command;
use small_book::SHOP;
use std::fs;

/// Standard output, standard error and the exit code on the small book.
fn auction(ticks: &str, more: &[&str]) -> (String, String, i32) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("shop.toml"), SHOP).expect("the application is written");
    fs::write(folder.path().join("book"), small_book::sealed()).expect("the book is written");
    fs::write(folder.path().join("ticks.csv"), ticks).expect("the ticks are written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_placer"));
    command.current_dir(folder.path()).env("PLACER_STORE", folder.path().join("store")).env_remove("NO_COLOR");
    command.env("PLACER_PROBES", folder.path().join("nowhere"));
    command.args(["auction", "shop.toml", "--price-book", "book", "--ticks", "ticks.csv"]).args(more);
    let output = command.output().expect("placer runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the output is text");
    (text(output.stdout), text(output.stderr), output.status.code().unwrap_or(-1))
}

fn ticks(rows: &[(&str, &str)]) -> String {
    let line = |(hour, rest): &(&str, &str)| format!("2026-02-02T{hour}:00:00Z,{rest}\n");
    let rows: String = rows.iter().map(line).collect();
    format!("# placer ticks 1\nat,provider,region,offer,purchase,usd_hour\n{rows}")
}

/// Frankfurt's database falls until it wins; a price that cannot be is doubted; a machine that nobody wants changes nothing.
#[test]
fn a_falling_price_wins_when_its_margin_is_used_up() {
    let ticks = ticks(&[
        ("12", "grand,eu-1,Grand SQL db.large,on_demand,0.14"),
        ("13", "grand,eu-1,Grand SQL db.large,on_demand,0.105"),
        ("14", "grand,eu-1,Grand SQL db.large,on_demand,0.0001"),
        ("15", "grand,eu-1,g1.large,on_demand,0.095"),
        ("16", "grand,eu-1,Grand SQL db.large,on_demand,0.075"),
        ("17", "grand,eu-1,Grand SQL db.large,on_demand,0.053"),
        ("18", "grand,eu-1,Grand SQL db.large,on_demand,0.038"),
    ]);
    let (out, err, code) = auction(&ticks, &[]);
    assert_eq!(code, 0, "{err}");
    insta::assert_snapshot!(out);
    let (json, ..) = auction(&ticks, &["--format", "json"]);
    assert_eq!(json, auction(&ticks, &["--format", "json"]).0, "the same bytes");
    let lines: Vec<serde_json::Value> = json.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 8, "the opening, and one for each moment");
    assert!(lines.iter().any(|line| line["how"] == "certified"));
    let last = lines.last().expect("a last one");
    assert_eq!(last["lots"][1]["winner"]["provider"], "grand");
}

#[test]
fn bad_ticks_are_told() {
    let (_, err, code) = auction("nonsense", &[]);
    assert_eq!(code, 2);
    assert!(err.contains("line 1"), "{err}");
    let (_, err, code) = auction(&ticks(&[]), &[]);
    assert_eq!(code, 2);
    assert!(err.contains("ticks"), "{err}");
}
