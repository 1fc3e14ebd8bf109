//! `placer fleet recommend`: good and bad applications side by side, on a book small enough to check by hand.

#[path = "support/command.rs"]
mod command;
#[path = "support/small_book.rs"]
mod small_book;

use command::{placer, write};
use serde_json::Value;
use small_book::{SHOP, SHOP_TODAY};
use std::fs;
use tempfile::TempDir;

fn named(name: &str) -> String {
    SHOP.replacen("name = \"shop\"", &format!("name = \"{name}\""), 1)
}

/// A folder with the book and a fleet of three good applications.
fn good() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(&folder, "book", small_book::sealed());
    write(&folder, "fleet/one.toml", named("one"));
    write(&folder, "fleet/team/two.toml", format!("{}{SHOP_TODAY}", named("two")));
    write(&folder, "fleet/three.toml", named("three").replacen("memory_gib = 4", "memory_gib = 6", 1));
    write(&folder, "fleet/notes.txt", "not an application");
    write(&folder, "fleet/.hidden.toml", "nonsense");
    folder
}

/// The same folder with everything that can be wrong with an application.
fn mixed() -> TempDir {
    let folder = good();
    write(&folder, "fleet/bad/empty.toml", "");
    write(&folder, "fleet/bad/syntax.toml", "name = \"x\nversion");
    write(&folder, "fleet/bad/binary.toml", b"\xff\xfe\x00\x01");
    write(&folder, "fleet/bad/word.toml", SHOP.replacen("kind = \"service\"", "kind = \"servce\"", 1));
    write(&folder, "fleet/bad/large.toml", vec![b'#'; (1 << 20) + 1]);
    write(&folder, "fleet/bad/poor.toml", format!("{}\n[budget]\nusd_month = 1\n", named("poor")));
    write(&folder, "fleet/bad/huge.toml", named("huge").replacen("memory_gib = 4", "memory_gib = 4000", 1));
    #[cfg(unix)]
    std::os::unix::fs::symlink("nowhere", folder.path().join("fleet/bad/gone.toml")).expect("a link is made");
    folder
}

fn fleet(at: &TempDir, more: &[&str]) -> (String, String, i32) {
    let mut args = vec!["fleet", "recommend", "fleet", "--price-book", "book"];
    args.extend_from_slice(more);
    placer(at.path(), &args)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn row<'a>(summary: &'a Value, file: &str) -> &'a Value {
    let rows = summary["apps"].as_array().expect("rows");
    rows.iter().find(|row| row["file"] == file).unwrap_or_else(|| panic!("no row {file}"))
}

#[test]
fn every_answer_is_that_of_recommend() {
    let folder = good();
    let (out, err, code) = fleet(&folder, &["--format", "json"]);
    assert_eq!((err.as_str(), code), ("", 0));
    let summary = json(&out);
    let mut total = 0.0;
    for file in ["one.toml", "team/two.toml", "three.toml"] {
        let path = format!("fleet/{file}");
        let (single, _, code) =
            placer(folder.path(), &["recommend", &path, "--price-book", "book", "--format", "json"]);
        assert_eq!(code, 0);
        let (single, row) = (json(&single), row(&summary, file));
        assert_eq!(row["status"], single["status"]);
        assert_eq!(row["total_usd_month"], single["total_usd_month"]);
        assert_eq!(row["decision"], single["decision"]["action"]);
        assert_eq!(row.get("today_usd_month"), single["savings"].get("today_usd_month"));
        assert_eq!(row.get("saving_usd_month"), single["savings"].get("usd_month"));
        total += row["total_usd_month"].as_str().expect("dollars").parse::<f64>().expect("a number");
    }
    let sum: f64 = summary["totals"]["total_usd_month"].as_str().expect("dollars").parse().expect("a number");
    assert!((sum - total).abs() < 1e-6 && sum > 0.0, "{sum} {total}");
    assert_eq!(summary["totals"]["apps"], 3);
    assert_eq!(summary["apps"].as_array().map(Vec::len), Some(3));
}

#[test]
fn one_bad_application_does_not_stop_the_others() {
    let folder = mixed();
    let (out, err, code) = fleet(&folder, &["--format", "json"]);
    assert_eq!(code, 2, "{err}");
    let summary = json(&out);
    let status = |file: &str| row(&summary, file)["status"].as_str().expect("a word").to_owned();
    let reason = |file: &str| row(&summary, file)["reason"].as_str().expect("a reason").to_owned();
    for file in ["one.toml", "team/two.toml", "three.toml"] {
        assert_eq!(status(file), "optimal");
    }
    for file in ["empty", "syntax", "binary", "word", "large", "gone"] {
        if cfg!(unix) || file != "gone" {
            assert_eq!(status(&format!("bad/{file}.toml")), "invalid", "{file}");
        }
    }
    assert_eq!(status("bad/poor.toml"), "infeasible");
    assert_eq!(status("bad/huge.toml"), "infeasible");
    assert!(reason("bad/word.toml").contains("did you mean `service`?"));
    assert!(reason("bad/large.toml").contains("1 MiB"));
    assert!(reason("bad/huge.toml").contains("`web`") && reason("bad/huge.toml").contains("too small"));
    let totals = &summary["totals"];
    assert_eq!((totals["optimal"].as_u64(), totals["infeasible"].as_u64()), (Some(3), Some(2)));
    let (good, _, _) = fleet(&good(), &["--format", "json"]);
    assert_eq!(totals["total_usd_month"], json(&good)["totals"]["total_usd_month"]);
    // Only the infeasible ones are left: another code.
    fs::remove_dir_all(folder.path().join("fleet/bad")).expect("removed");
    write(&folder, "fleet/poor.toml", format!("{}\n[budget]\nusd_month = 1\n", named("poor")));
    let (_, err, code) = fleet(&folder, &[]);
    assert_eq!(code, 3);
    assert!(err.contains("1 of 4 applications have no placement"), "{err}");
}

#[test]
fn bytes_do_not_depend_on_the_number_of_jobs() {
    let folder = mixed();
    for i in 0..20 {
        let memory = format!("memory_gib = {}", 1 + i % 8);
        write(&folder, &format!("fleet/many/{i}.toml"), named("many").replacen("memory_gib = 4", &memory, 1));
    }
    for format in ["table", "json", "csv", "markdown"] {
        let first = fleet(&folder, &["--format", format, "--jobs", "1"]);
        for jobs in ["2", "7", "64"] {
            assert_eq!(fleet(&folder, &["--format", format, "--jobs", jobs]), first, "{format} {jobs}");
        }
    }
    let (_, err, code) = fleet(&folder, &["--jobs", "0"]);
    assert!(code == 2 && err.contains("--jobs"), "{err}");
}

#[test]
fn reports_are_those_of_recommend_and_the_summary_is_the_same() {
    let folder = mixed();
    let plain = fleet(&folder, &["--format", "json"]);
    let with = fleet(&folder, &["--format", "json", "-o", "reports"]);
    assert_eq!(with, plain);
    let (single, _, _) =
        placer(folder.path(), &["recommend", "fleet/team/two.toml", "--price-book", "book", "--format", "json"]);
    let report = fs::read_to_string(folder.path().join("reports/team/two.json")).expect("a report");
    assert_eq!(report, single);
    // What cannot be read has no report; what has no placement says why.
    assert!(!folder.path().join("reports/bad/empty.json").exists());
    let poor = fs::read_to_string(folder.path().join("reports/bad/poor.json")).expect("a report");
    assert_eq!(json(&poor)["status"], "infeasible");
    let left: Vec<_> = fs::read_dir(folder.path().join("reports")).expect("a folder").flatten().collect();
    assert!(left.iter().all(|entry| entry.path().extension().is_none_or(|end| end != "part")));
    let (_, _, code) = fleet(&folder, &["-o", "tables", "--report-format", "table", "--summary"]);
    assert_eq!(code, 2);
    let table = fs::read_to_string(folder.path().join("tables/one.txt")).expect("a report");
    assert!(table.contains("web"));
}

#[test]
fn the_summary_alone_names_what_failed() {
    let folder = mixed();
    let (out, _, _) = fleet(&folder, &["--summary"]);
    assert!(!out.contains(" one.toml") && !out.contains("\none.toml"), "{out}");
    assert!(out.contains("bad/word.toml (invalid)") && out.contains("recommended"), "{out}");
}

#[test]
fn a_folder_without_applications_is_bad_input() {
    let folder = good();
    fs::create_dir(folder.path().join("none")).expect("a folder");
    for (dir, said) in [("none", "no application"), ("missing", "cannot read"), ("fleet/one.toml", "is a file")] {
        let (out, err, code) = placer(folder.path(), &["fleet", "recommend", dir, "--price-book", "book"]);
        assert_eq!((out.as_str(), code), ("", 2));
        assert!(err.contains(said), "{err}");
    }
    let (out, _, code) = placer(folder.path(), &["schema", "fleet"]);
    assert!(code == 0 && out.contains("\"placer fleet\""), "{out}");
}
