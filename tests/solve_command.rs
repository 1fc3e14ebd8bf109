//! `placer problem` and `placer solve`: the commands, their output and exit codes.

#[path = "support/small_book.rs"]
mod small_book;

use assert_cmd::Command;
use placer::units::Money;
use serde_json::{Value, json};
use small_book::SHOP;
use std::fs;
use std::path::Path;

/// No store and no probes of whoever runs the tests.
const NOWHERE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/nowhere");

/// Standard output, standard error and the exit code of a run with something on standard input.
fn placer(args: &[&str], input: &str) -> (String, String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_placer"));
    command.env("PLACER_STORE", NOWHERE).env("PLACER_PROBES", NOWHERE);
    let output = command.args(args).write_stdin(input).output().expect("placer runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap_or(-1))
}

fn answer(input: &str) -> (Value, i32) {
    let (out, _, code) = placer(&["solve", "-"], input);
    (serde_json::from_str(&out).expect("one JSON object"), code)
}

#[test]
fn an_answer_has_the_documented_members() {
    let text = r#"{"places":2,"components":[{"name":"a","cost":[1,2]},{"name":"b","cost":[3,null]}],
        "pairs":[{"a":0,"b":1,"cost":[[5,1],[0,null]]}]}"#;
    let (answer, code) = answer(text);
    assert_eq!(code, 0);
    assert_eq!(answer["status"], "optimal");
    assert_eq!((&answer["objective"], &answer["lower_bound"]), (&json!(5), &json!(5)));
    assert_eq!(answer["assignment"], json!([1, 0]));
    assert!(answer["solve_ms"].as_f64().is_some_and(|ms| ms >= 0.0));
    assert!(answer["nodes"].as_u64().is_some());
}

#[test]
fn exit_codes_are_those_of_every_command() {
    let (out, code) = answer(r#"{"places":1,"components":[{"name":"a","cost":[null]}],"pairs":[]}"#);
    assert_eq!((&out["status"], &out["objective"], code), (&json!("infeasible"), &Value::Null, 3));
    let (out, err, code) = placer(&["solve", "-"], "{\"places\":1");
    assert_eq!((out.as_str(), code), ("", 2));
    assert!(err.starts_with("error: ") && err.contains("line 1"), "{err}");
    let (out, err, code) = placer(&["solve", "nowhere.json"], "");
    assert_eq!((out.as_str(), code), ("", 2));
    assert!(err.contains("there is no file `nowhere.json`"), "{err}");
    assert_eq!(placer(&["solve", "-", "--time-limit", "soon"], "").2, 2);
}

#[test]
fn packing_answers_name_machines() {
    let text = r#"{"format":"placer-packing","version":1,"resources":["cpu"],
        "components":[{"name":"a","needs":[2]},{"name":"b","needs":[1]}],
        "offers":[{"name":"m","capacity":[3],"price":5},{"name":"s","capacity":[1],"price":1}],
        "rules":[{"kind":"count","components":[1],"at_least":2}]}"#;
    let (answer, code) = answer(text);
    assert_eq!((&answer["objective"], code), (&json!(6), 0));
    let machines = answer["assignment"].as_array().expect("a list of machines");
    let count =
        |name: &str| machines.iter().filter(|m| m["offer"] == name).map(|m| m["count"].as_u64().unwrap()).sum::<u64>();
    assert_eq!((count("m"), count("s")), (1, 1));
}

/// What `placer problem` writes costs what `placer recommend` says, on every example.
#[test]
fn the_problem_of_every_example_solves_to_its_recommendation() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut seen = 0;
    for entry in examples.read_dir().expect("examples are there").flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|e| e != "toml") {
            continue;
        }
        seen += 1;
        let file = path.to_str().expect("a plain path");
        let (report, err, code) = placer(&["recommend", file, "--format", "json"], "");
        assert_eq!(code, 0, "{err}");
        let report: Value = serde_json::from_str(&report).expect("JSON");
        let total = Money::parse(report["total_usd_month"].as_str().expect("a total")).expect("an amount");
        let (problem, err, code) = placer(&["problem", file, "--format", "json"], "");
        assert_eq!(code, 0, "{err}");
        let (answer, code) = answer(&problem);
        assert_eq!((&answer["status"], code), (&json!("optimal"), 0), "{file}");
        assert_eq!(answer["objective"], json!(total.nanos()), "{file}");
    }
    assert!(seen >= 7, "only {seen} examples");
}

#[test]
fn a_problem_is_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("a plain path").to_owned();
    fs::write(at("book"), small_book::sealed()).expect("it is written");
    fs::write(at("app.toml"), SHOP).expect("it is written");
    let (out, err, code) =
        placer(&["problem", &at("app.toml"), "--price-book", &at("book"), "--format", "lp", "-o", &at("p.lp")], "");
    assert_eq!((out.as_str(), code), ("", 0), "{err}");
    let lp = fs::read_to_string(at("p.lp")).expect("it is there");
    for part in ["Minimize", "Subject To", "Bounds", "Binary", "End"] {
        assert!(lp.contains(&format!("\n{part}\n")), "{part}");
    }
    let (_, err, code) =
        placer(&["problem", &at("app.toml"), "--price-book", &at("book"), "--format", "lp", "-o", &at("no/p.lp")], "");
    assert_eq!(code, 1);
    assert!(err.contains("cannot write"), "{err}");
}
