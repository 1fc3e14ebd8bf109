//! `placer executor test` as people use it, and docs/executor-protocol.md against the code.

use assert_cmd::Command;
use placer::exec::conformance::Case;
use placer::exec::conformance::wire::{OutcomeWord, Report};
use placer::exec::plugin::wire::Line;
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// No store and no probes of whoever runs the tests.
const NOWHERE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/nowhere");
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/executor-plugin.py");
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/executor-protocol.md");

/// Standard output, standard error and exit code of `placer` in a folder.
fn placer(folder: &Path, args: &[&str]) -> (String, String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_placer"));
    command.env("PLACER_STORE", NOWHERE).env("PLACER_PROBES", NOWHERE).current_dir(folder);
    let output = command.args(args).output().expect("placer runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the output is text");
    (text(output.stdout), text(output.stderr), output.status.code().unwrap_or(-1))
}

/// A folder with the example as `plugin.py`, one part of it replaced, and a place for what it makes.
fn folder(part: &str, by: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let script = fs::read_to_string(EXAMPLE).expect("the example is there");
    assert_eq!(script.matches(part).count(), 1, "{part}");
    fs::write(folder.path().join("plugin.py"), script.replace(part, by)).expect("written");
    fs::create_dir(folder.path().join("world")).expect("made");
    folder
}

#[test]
fn a_plugin_that_keeps_its_promises_passes() {
    let folder = folder("\"1.0\"", "\"1.1\"");
    let (out, err, code) = placer(folder.path(), &["executor", "test", "python3", "plugin.py", "world"]);
    assert_eq!((err.as_str(), code), ("", 0), "{out}");
    insta::assert_snapshot!("executor_test_passes", out);
}

#[test]
fn a_plugin_that_breaks_one_is_told_which_and_how() {
    // Of the two sides of a shift, only the new one goes back.
    let folder = folder("share(sides, order, order[\"from\"], 100 - undo[\"percent\"])", "pass");
    let test = ["executor", "test", "python3", "plugin.py", "world"];
    let cases = ["--case", "rollback", "--case", "undo_twice", "--case", "nothing_left"];
    let (out, err, code) = placer(folder.path(), &[&test[..], &cases[..]].concat());
    assert_eq!(code, 1);
    insta::assert_snapshot!("executor_test_fails", format!("{out}\n{err}"));

    let (out, err, code) = placer(folder.path(), &[&test[..], &cases[..], &["--format", "json"]].concat());
    let report: Report = serde_json::from_str(&out).expect("a report");
    assert_eq!((code, report.conforms, report.cases.len()), (1, false, 3), "{err}");
    let outcomes: Vec<OutcomeWord> = report.cases.iter().map(|row| row.outcome).collect();
    assert_eq!(outcomes, [OutcomeWord::Failed, OutcomeWord::Skipped, OutcomeWord::Passed]);
    assert!(report.cases[0].why.as_ref().is_some_and(|why| why.contains("undo of `db/shift-100`")), "{report:?}");
}

#[test]
fn what_cannot_be_tested_is_told() {
    let folder = folder("\"1.0\"", "\"1.0\"");
    for (args, code, words) in [
        (&["no-such-program"][..], 2, "`no-such-program` cannot be started"),
        (&["false"], 1, "`false` ended (exit status: 1) during `initialize`; it has to answer `initialize` first"),
        (&[], 2, "<COMMAND>"),
        (&["true", "--case", "undo-twice"], 2, "undo_twice"),
        (&["python3", "-c", "pass"], 2, "-- -c"),
        (&["--", "python3", "-c", "import sys; sys.exit('no')"], 1, "saying `no`"),
    ] {
        let (out, err, found) = placer(folder.path(), &[&["executor", "test"], args].concat());
        assert_eq!((out.as_str(), found), ("", code), "{args:?}: {err}");
        assert!(err.contains(words), "{args:?}: {err}");
    }
}

#[test]
fn schemas_of_the_protocol_and_of_verdicts_are_printed() {
    for (which, words) in [("executor", "initialize"), ("conformance", "conforms")] {
        let (out, err, code) = placer(Path::new("."), &["schema", which]);
        assert_eq!((err.as_str(), code), ("", 0));
        let schema: Value = serde_json::from_str(&out).expect("JSON");
        assert!(schema["$schema"].is_string() && out.contains(words), "{out}");
    }
}

/// The messages that the document shows.
fn examples() -> Vec<Value> {
    let text = fs::read_to_string(DOCUMENT).expect("the document is there");
    let blocks = text.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    blocks.map(|block| serde_json::from_str(block).unwrap_or_else(|error| panic!("{error}: {block}"))).collect()
}

#[test]
fn every_message_of_the_document_is_one_of_the_protocol() {
    let mut seen = Vec::new();
    for example in examples() {
        let line: Line = serde_json::from_value(example.clone()).unwrap_or_else(|error| panic!("{error}: {example}"));
        // Nothing in it is unknown, and nothing is left out that placer would write.
        assert_eq!(serde_json::to_value(&line).expect("it is written"), example);
        seen.push(match line {
            Line::Request(request) => request.call.method().to_owned(),
            Line::Cancel(_) => "cancel".to_owned(),
            Line::Progress(_) => "progress".to_owned(),
            Line::Error(_) => "error".to_owned(),
            Line::Result(answer) => format!("result of {}", word(&answer.result)),
        });
    }
    let all = ["initialize", "ready", "apply", "undo", "observe", "cancel", "progress", "error"].map(str::to_owned);
    let results = ["initialize", "ready", "done", "observe"].map(|of| format!("result of {of}"));
    for wanted in all.iter().chain(&results) {
        assert!(seen.contains(wanted), "no example of {wanted} in {seen:?}");
    }
}

fn word(outcome: &placer::exec::plugin::wire::Outcome) -> &'static str {
    use placer::exec::plugin::wire::Outcome;
    match outcome {
        Outcome::Initialize(_) => "initialize",
        Outcome::Observe(_) => "observe",
        Outcome::Done(_) => "done",
        Outcome::Ready(_) => "ready",
    }
}

#[test]
fn the_document_states_every_promise() {
    let text = fs::read_to_string(DOCUMENT).expect("the document is there");
    for case in Case::ALL {
        let row = format!("| `{}` | {} |", case.as_str(), case.promise());
        assert!(text.lines().any(|line| line == row), "{row}");
    }
}
