//! The commands over a store: what was collected is what they use, show, compare and export.

#[path = "support/fault_server.rs"]
mod fault_server;
#[path = "support/test_source.rs"]
mod test_source;

use fault_server::{Page, Server};
use placer::collect::http::{Limits, Overrides, Quiet};
use placer::collect::source::Source;
use placer::control::collecting::{Options, collect};
use std::path::Path;
use std::process::Command;
use test_source::{TestSource, list};

static HETZNER: TestSource = TestSource::new("test-hetzner", "hetzner");
/// 2026-11-23 12:00 UTC.
const NOON: i64 = 1_795_435_200;

/// Standard output, standard error and exit code.
fn placer(store: &Path, args: &[&str]) -> (String, String, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_placer"))
        .args(args)
        .env("PLACER_STORE", store)
        .env("PLACER_PROBES", store.join("no-probes.csv"))
        .output();
    let output = output.expect("placer runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap_or(-1))
}

fn collected(folder: &Path, rows: &[(&str, &str)], now: i64) {
    let server = Server::start();
    server.put("/list?page=1", Page::json(list("fsn1", rows, None)));
    let sources: [&dyn Source; 1] = [&HETZNER];
    let mut overrides = Overrides::default();
    overrides.parse(&format!("test-hetzner/api={}", server.origin), &sources).expect("an origin");
    let options = Options {
        sources: &sources,
        known: &sources,
        overrides: &overrides,
        limits: &Limits::default(),
        rates: &[],
        ask_rates: false,
        variable: &|_| Some("a-token".to_owned()),
        now: &|| now,
        progress: &Quiet,
    };
    collect(folder, &options).expect("the store can be used");
}

#[test]
fn without_a_store_the_commands_say_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = folder.path().join("none");
    for args in [
        ["price-book", "history", "--offer", "cx23"].as_slice(),
        &["price-book", "diff", "previous", "newest"],
        &["price-book", "status", "--refused"],
    ] {
        let (out, err, code) = placer(&store, args);
        assert_eq!((out.as_str(), code), ("", 2), "{err}");
        assert!(err.contains("run `placer collect`"), "{err}");
    }
    let (out, err, code) = placer(&store, &["price-book", "diff", "builtin", "builtin"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("0 added, 0 removed, 0 changed"), "{out}");
    for bad in ["--every=1x", "--every=5s", "--provider=nobody", "--rate=EUR", "--endpoint=a/b"] {
        let (_, err, code) = placer(&store, &["collect", bad]);
        assert_eq!(code, 2, "{bad}: {err}");
    }
    assert!(!store.exists(), "nothing is written for bad input");
}

#[test]
fn what_was_collected_is_used_shown_compared_and_exported() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = folder.path().join("store");
    collected(&store, &[("cx23", "0.0111"), ("cx33", "0.0155")], NOON);
    collected(&store, &[("cx23", "0.0122"), ("cx33", "0.9"), ("odd", "0.01")], NOON + 3600);
    let good = |args: &[&str]| {
        let (out, err, code) = placer(&store, args);
        assert_eq!(code, 0, "{args:?}: {err}");
        out
    };
    let offers = good(&["offers", "--provider", "hetzner", "--region", "fsn1", "--kind", "compute", "--format", "csv"]);
    assert!(offers.lines().any(|line| line.contains("cx23") && line.contains("0.0122")), "{offers}");
    let builtin =
        good(&["offers", "--provider", "hetzner", "--region", "fsn1", "--format", "csv", "--price-book", "builtin"]);
    assert!(!builtin.contains("0.0122"), "{builtin}");

    let diff = good(&["price-book", "diff", "previous", "newest", "--format", "csv"]);
    let rows: Vec<&str> = diff.lines().collect();
    assert_eq!(rows[0], "change,provider,region,what,before,after,unit,pct");
    assert_eq!(rows[1..], ["changed,hetzner,fsn1,cx23 on_demand,0.0111,0.0122,hour,+9.9"]);

    let history = good(&["price-book", "history", "--offer", "cx23", "--region", "hetzner:fsn1", "--format", "csv"]);
    let prices: Vec<&str> = history.lines().skip(1).filter_map(|line| line.split(',').nth(4)).collect();
    assert_eq!(prices, ["0.0111", "0.0122"]);

    let status = good(&["price-book", "status"]);
    assert!(status.contains("test-hetzner  complete"), "{status}");
    let refused = good(&["price-book", "status", "--refused", "--format", "csv"]);
    assert!(refused.contains("refused,shape odd,") && refused.contains("neither the book nor the source"), "{refused}");
    assert!(refused.contains("waits,hetzner fsn1 compute cx33 on_demand,0.9 USD/hour"), "{refused}");

    let out = folder.path().join("book");
    let out = out.to_str().expect("text");
    good(&["price-book", "export", "newest", "--out", out]);
    good(&["price-book", "export", "newest", "--out", out]);
    assert!(good(&["price-book", "verify", out]).contains("is whole"));
    let other = folder.path().join("other");
    std::fs::create_dir(&other).expect("a folder");
    std::fs::write(other.join("letter.txt"), "dear").expect("a file");
    let (_, err, code) = placer(&store, &["price-book", "export", "newest", "--out", other.to_str().expect("text")]);
    assert!(code == 1 && err.contains("no price book") && other.join("letter.txt").exists(), "{err}");
}
