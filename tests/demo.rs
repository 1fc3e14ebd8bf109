//! The one command of the README: an application goes up for real, recorded prices make the other region cheaper, the autopilot
//! moves it, the dashboard's server shows it, and a rollback brings it back.
#![cfg(unix)]
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

use assert_cmd::Command;
use std::net::TcpListener;
use std::path::Path;

#[test]
fn the_demo_goes_up_moves_and_comes_back() {
    let programs = placer::exec::process::programs::postgres();
    let curl = placer::exec::process::programs::find("curl");
    if programs.is_none() || curl.is_none() {
        println!("skipped: PostgreSQL or curl is not installed; `placer doctor` says how");
        return;
    }
    let store = tempfile::tempdir().expect("a temporary folder");
    let listen = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/demo.sh");
    let mut command = Command::new("bash");
    command.arg(script).env("PLACER", env!("CARGO_BIN_EXE_placer")).env("DEMO_STORE", store.path().join("store"));
    std::fs::create_dir(store.path().join("store")).expect("the store's folder");
    std::fs::set_permissions(store.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("it is opened");
    let output = command.env("LISTEN", listen.to_string()).output().expect("bash runs");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{text}");
    let count = |what: &str| text.matches(what).count();
    assert_eq!(count("region: aws/eu-west-1"), 2, "before the move and after the rollback: {text}");
    assert_eq!(count("region: aws/eu-central-1"), 1, "after the move: {text}");
    assert!(
        text.contains("demo: move: moving web, db, writer would save $43.94 a month; every rule is kept"),
        "{text}"
    );
    assert!(text.contains("run demo-2: rolled back; everything is as before"), "{text}");
    // The API behind the dashboard knew the run while it was kept.
    assert!(text.contains("\"demo-2\"") && text.contains("\"keeping\""), "{text}");
    let rows: Vec<u64> = text.lines().filter_map(|line| line.strip_prefix("rows: ")?.parse().ok()).collect();
    assert!(rows.len() == 3 && rows.is_sorted_by(|a, b| a < b), "no row is lost on the way: {rows:?}");
    let left = std::fs::read_dir("/proc").into_iter().flatten().flatten().filter(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&store.path().display().to_string())
    });
    assert_eq!(left.count(), 0, "nothing is left running");
}
