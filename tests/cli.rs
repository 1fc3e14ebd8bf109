//! The command line: every command, every exit code, and bad input of every sort.

#[path = "support/small_book.rs"]
mod small_book;

use assert_cmd::Command;
use small_book::{SHOP, SHOP_TODAY};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// No store and no probes of whoever runs the tests.
const NOWHERE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/nowhere");

/// A folder with the small book in `book` and the shop in `app.toml`.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(&folder, "book", &small_book::sealed());
    write(&folder, "app.toml", format!("{SHOP}{SHOP_TODAY}").as_bytes());
    folder
}

fn write(folder: &TempDir, name: &str, bytes: &[u8]) {
    fs::write(folder.path().join(name), bytes).expect("a temporary file is written");
}

/// Standard output, standard error and the exit code of a run.
fn placer(at: &Path, args: &[&str]) -> (String, String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_placer"));
    command.env("PLACER_STORE", NOWHERE).env("PLACER_PROBES", NOWHERE);
    let output = command.current_dir(at).args(args).output().expect("placer runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap_or(-1))
}

/// Runs `recommend` on a file's bytes, which must be refused with exit code 2 and nothing on standard output.
fn refused(bytes: &[u8]) -> String {
    let folder = folder();
    write(&folder, "app.toml", bytes);
    let (out, err, code) = placer(folder.path(), &["recommend", "app.toml", "--price-book", "book"]);
    assert_eq!((out.as_str(), code), ("", 2), "{err}");
    assert!(!err.contains("panicked"), "{err}");
    err
}

fn edited(from: &str, to: &str) -> String {
    assert!(SHOP.contains(from), "{from}");
    refused(SHOP.replacen(from, to, 1).as_bytes())
}

#[test]
fn faults_of_an_application_are_told_with_their_place() {
    let told = |err: &str, words: &[&str]| {
        for word in words {
            assert!(err.contains(word), "no `{word}` in\n{err}");
        }
    };
    told(&refused(b""), &["empty", "app.toml:1:1"]);
    told(&edited("memory_gib = 4", "memory_gb = 4"), &["memory_gb", "did you mean `memory_gib`?", "app.toml:14:"]);
    told(&edited("cpu = 2", "cpu = \"two\""), &["two", "expected"]);
    told(&edited("memory_gib = 4", "memory_gib = -4"), &["-4", "expected"]);
    told(&edited("to = \"db\"", "to = \"dbb\""), &["dbb", "did you mean `db`?"]);
    told(&edited("to = \"db\"", "to = \"web\""), &["web", "itself"]);
    told(&edited("\"Berlin\"", "\"Berlim\""), &["Berlim", "did you mean `Berlin`?"]);
    told(&edited("replicas = { min = 1, typical = 2, max = 3 }", "replicas = 0"), &["0", "expected"]);
    let provider = format!("{SHOP}\n[constraints]\nproviders = {{ allow = [\"plian\"] }}\n");
    told(&refused(provider.as_bytes()), &["plian", "did you mean `plain`?"]);
    told(
        &refused(SHOP.replace("[[audience]]\nname = \"germany\"\ncity = \"Berlin\"\nshare = 100\n", "").as_bytes()),
        &["audience"],
    );
    told(&refused(SHOP.replace("shop", "sh\0op").as_bytes()), &["NUL"]);
    told(&refused(b"\xff\xfe\x00"), &["UTF-8"]);
}

#[test]
fn every_fault_is_told_at_once() {
    let err =
        refused(SHOP.replace("cpu = 2", "cpu = -2").replace("managed = \"only\"", "manged = \"only\"").as_bytes());
    assert_eq!(err.matches("error: ").count(), 3, "{err}");
}

#[test]
fn absurd_amounts_of_input_are_refused_quickly() {
    let one = |n: usize| format!("[[component]]\nname = \"c{n}\"\nkind = \"service\"\n");
    let many = (0..10_000).map(one).collect::<Vec<_>>().concat();
    let started = Instant::now();
    let err = refused(format!("version = 1\nname = \"many\"\n{many}").as_bytes());
    assert!(err.contains("500"), "{err}");
    let err = refused(&vec![b'x'; 50 << 20]);
    assert!(err.contains("1 MiB"), "{err}");
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn files_that_are_none_are_refused() {
    let folder = folder();
    fs::create_dir(folder.path().join("sub")).expect("a folder");
    for (file, words) in [("sub", "is a folder"), ("missing.toml", "there is no file `missing.toml`")] {
        let (out, err, code) = placer(folder.path(), &["recommend", file, "--price-book", "book"]);
        assert_eq!((out.as_str(), code), ("", 2));
        assert!(err.starts_with("error: ") && err.contains(words), "{err}");
    }
}

#[test]
fn standard_input_works_too() {
    let folder = folder();
    let mut command = Command::new(env!("CARGO_BIN_EXE_placer"));
    command.env("PLACER_STORE", NOWHERE).env("PLACER_PROBES", NOWHERE);
    command.current_dir(folder.path()).args(["recommend", "-", "--price-book", "book"]);
    command.write_stdin(SHOP).assert().success();
}

#[test]
fn a_damaged_price_book_is_never_used() {
    let folder = folder();
    let good = small_book::sealed();
    let mut altered = good.clone();
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    let cut = &good[..good.len() - 1];
    for (bytes, name) in [(&altered[..], "altered"), (cut, "cut"), (&b""[..], "empty"), (&b"hello\n"[..], "other")] {
        write(&folder, "bad", bytes);
        for args in [
            &["recommend", "app.toml", "--price-book", "bad"][..],
            &["price-book", "verify", "bad"],
            &["offers", "--price-book", "bad"],
        ] {
            let (out, err, code) = placer(folder.path(), args);
            assert_eq!((out.as_str(), code), ("", 2), "{name}: {err}");
            assert!(err.starts_with("error: ") && err.contains("price book"), "{name}: {err}");
        }
    }
    let (_, err, code) = placer(folder.path(), &["offers", "--price-book", "nowhere"]);
    assert_eq!(code, 2, "{err}");
}

#[test]
fn offers_are_listed_as_csv() {
    let folder = folder();
    let (out, err, code) = placer(folder.path(), &["offers", "--format", "csv", "--price-book", "book"]);
    assert_eq!((err.as_str(), code), ("", 0));
    let heading = "provider,region,offer,kind,purchase,vcpu,memory_gib,arch,usd_hour,source,as_of,quality";
    assert_eq!(out.lines().next(), Some(heading));
    for line in [
        "grand,eu-1,g1.large,compute,spot,2,8,x86_64,0.04,grand price list,2026-01-15,derived",
        "plain,nbg,p4,compute,on_demand,4,8,arm64,0.014,plain price list,2026-01-20,listed",
        "grand,eu-1,Grand SQL db.large multi-zone,postgres,on_demand,2,8,,0.30,grand price list,2026-01-15,listed",
        "second,par,Second DB pg-2,postgres,on_demand,2,8,,0.082191781,second price list,2026-02-01,listed",
        "grand,eu-1,GNAT,nat_gateway,on_demand,,,,0.045,grand price list,2026-01-15,listed",
        "grand,eu-1,gstore,object_storage,on_demand,,,,,grand price list,2026-01-15,listed",
    ] {
        assert!(out.lines().any(|found| found == line), "no `{line}` in\n{out}");
    }
    assert!(out.lines().all(|line| line.split(',').count() == 12), "{out}");
}

#[test]
fn offers_are_filtered() {
    let folder = folder();
    let list = |args: &[&str]| {
        let args: Vec<&str> =
            ["offers", "--format", "csv", "--price-book", "book"].iter().chain(args).copied().collect();
        let (out, err, code) = placer(folder.path(), &args);
        assert_eq!((err.as_str(), code), ("", 0));
        out.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(list(&["--kind", "compute", "--provider", "plain"]).len(), 2);
    assert_eq!(list(&["--kind", "compute", "--region", "eu-1"]).len(), 4);
    assert_eq!(list(&["--kind", "postgres", "--region", "second:par"]).len(), 1);
    assert_eq!(list(&["--kind", "serverless"]).len(), 0);
    assert_eq!(list(&["--kind", "internet_egress", "--provider", "grand"]).len(), 4);
}

#[test]
fn unknown_names_are_answered_with_the_nearest() {
    let folder = folder();
    for (args, words) in [
        (&["--provider", "plian"][..], "did you mean `plain`?"),
        (&["--provider", "zzzzzz"], "there are grand, plain, second"),
        (&["--region", "eu-2"], "did you mean `eu-1`?"),
        (&["--provider", "plain", "--region", "eu-1"], "there is no region of plain named `eu-1`"),
        (&["--kind", "postgre"], "did you mean `postgres`?"),
    ] {
        let args: Vec<&str> = ["offers", "--price-book", "book"].iter().chain(args).copied().collect();
        let (out, err, code) = placer(folder.path(), &args);
        assert_eq!((out.as_str(), code), ("", 2), "{err}");
        assert!(err.contains(words), "{err}");
    }
}

#[test]
fn lists_are_json_and_tables_too() {
    let folder = folder();
    for command in ["offers", "regions"] {
        let (out, _, code) = placer(folder.path(), &[command, "--format", "json", "--price-book", "book"]);
        let rows: Vec<serde_json::Value> = serde_json::from_str(&out).expect("a list");
        assert!(code == 0 && rows.len() >= 4 && rows[0]["provider"] == "grand");
        let (out, _, code) = placer(folder.path(), &[command, "--price-book", "book"]);
        assert!(code == 0 && out.starts_with("PROVIDER"), "{out}");
    }
    let (out, _, _) = placer(folder.path(), &["regions", "--format", "csv", "--price-book", "book"]);
    assert!(out.contains("plain,nbg,Nuremberg,DE,europe,49.45,11.08,1,2,0"), "{out}");
    let (out, _, _) = placer(folder.path(), &["offers", "--kind", "kafka", "--format", "json", "--price-book", "book"]);
    assert_eq!(out, "[]\n");
}

#[test]
fn the_price_book_says_what_it_is() {
    let folder = folder();
    let (out, err, code) = placer(folder.path(), &["price-book", "verify", "book"]);
    assert_eq!((err.as_str(), code), ("", 0));
    assert!(out.contains("is whole: of 2026-02"), "{out}");
    let (out, _, code) = placer(folder.path(), &["price-book", "status", "--format", "json", "--price-book", "book"]);
    let status: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(code, 0);
    assert_eq!(status["providers"][0]["provider"], "grand");
    assert_eq!(status["providers"][0]["regions"], 2);
    assert_eq!(status["digest"].as_str().map(str::len), Some(64));
    let (out, _, code) = placer(folder.path(), &["price-book", "verify"]);
    assert!(code == 0 && out.starts_with("the built-in price book is whole"), "{out}");
    let (_, err, code) = placer(folder.path(), &["price-book", "build", "--facts", "nowhere", "--out", "new"]);
    assert_eq!(code, 2, "{err}");
}

#[test]
fn schemas_are_printed() {
    for which in ["app", "report"] {
        let (out, err, code) = placer(Path::new("."), &["schema", which]);
        assert_eq!((err.as_str(), code), ("", 0));
        let schema: serde_json::Value = serde_json::from_str(&out).expect("a schema");
        assert!(schema["properties"].is_object(), "{out}");
    }
}

#[test]
fn wrong_usage_is_bad_input() {
    for args in [&["recommend"][..], &["recommend", "a", "--format", "xml"], &["nonsense"], &[], &["offers", "--kinds"]]
    {
        let (out, err, code) = placer(Path::new("."), args);
        assert_eq!((out.as_str(), code), ("", 2), "{args:?}: {err}");
    }
    let (out, _, code) = placer(Path::new("."), &["--version"]);
    assert!(code == 0 && out.starts_with("placer "));
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_a_quiet_end() {
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_placer"))
        .env("PLACER_STORE", NOWHERE)
        .env("PLACER_PROBES", NOWHERE)
        .args(["offers", "--format", "csv"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("placer runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("placer ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn no_output_is_coloured_without_a_terminal() {
    let folder = folder();
    let (out, _, _) = placer(folder.path(), &["recommend", "app.toml", "--price-book", "book"]);
    assert!(!out.contains('\u{1b}'));
}
