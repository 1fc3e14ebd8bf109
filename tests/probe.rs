//! Probing local listeners with injected delay, and what `placer latency` says of pairs afterwards.

#![cfg(feature = "collect")]

use assert_cmd::Command;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// A host that answers every request after a delay, and counts the requests that name placer.
fn host(delay: Duration) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let count = Arc::new(AtomicUsize::new(0));
    let named = Arc::clone(&count);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let named = Arc::clone(&named);
            thread::spawn(move || {
                let mut lines = BufReader::new(stream.try_clone().expect("a second handle"));
                let mut out = stream;
                let mut line = String::new();
                while lines.read_line(&mut line).is_ok_and(|read| read > 0) {
                    if line.to_lowercase().starts_with("user-agent: placer/") {
                        named.fetch_add(1, Ordering::SeqCst);
                    }
                    if line.trim().is_empty() {
                        thread::sleep(delay);
                        let answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n\r\nhealthy";
                        if out.write_all(answer.as_bytes()).is_err() {
                            return;
                        }
                    }
                    line.clear();
                }
            });
        }
    });
    (port, count)
}

/// A port on which nobody listens.
fn closed() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port()
}

fn placer(probes: &std::path::Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("placer"));
    command
        .env("PLACER_PROBES", probes)
        .env("PLACER_STORE", concat!(env!("CARGO_TARGET_TMPDIR"), "/nowhere"))
        .args(arguments);
    command
}

fn json(command: &mut Command) -> serde_json::Value {
    let output = command.assert().success().get_output().stdout.clone();
    serde_json::from_slice(&output).expect("it is JSON")
}

#[test]
fn delays_are_measured_kept_and_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let (probes, hosts) = (folder.path().join("probes.csv"), folder.path().join("hosts.csv"));
    let (slow, asked) = host(Duration::from_millis(40));
    let (quick, _) = host(Duration::ZERO);
    let dead = closed();
    let list = format!(
        "provider,region,url,source\naws,us-east-1,http://127.0.0.1:{slow}/ping,test\naws,eu-west-1,http://127.0.0.1:{quick}/,test\naws,eu-west-3,http://127.0.0.1:{dead}/,test\n"
    );
    std::fs::write(&hosts, list).expect("writable");
    let hosts = hosts.to_str().expect("text");
    let probe = [
        "probe",
        "--from",
        "aws:eu-central-1",
        "--endpoints",
        hosts,
        "--rounds",
        "4",
        "--pause-ms",
        "1",
        "--format",
        "json",
    ];
    let rows = json(&mut placer(&probes, &probe));
    let row = |region: &str| {
        rows.as_array().expect("rows").iter().find(|r| r["region"] == region).expect("it is there").clone()
    };
    let number = |row: &serde_json::Value, field: &str| row[field].as_f64().unwrap_or(-1.0);
    let far = row("us-east-1");
    assert_eq!((number(&far, "tcp_count"), number(&far, "http_count")), (4.0, 4.0), "{far}");
    assert!(number(&far, "http_p50_ms") >= 40.0 && number(&far, "http_p95_ms") >= number(&far, "http_p50_ms"), "{far}");
    // The delay is the server's and not the way's: the handshake knows nothing of it.
    assert!(number(&far, "tcp_p50_ms") < 40.0, "{far}");
    // One request more, for the connection, and all of them say who asks.
    assert_eq!(asked.load(Ordering::SeqCst), 5);
    let dead = row("eu-west-3");
    assert!(number(&dead, "tcp_count") < 0.5, "{dead}");
    assert!(dead["fault"].as_str().is_some_and(|fault| fault.contains("127.0.0.1")), "{dead}");

    // Left alone for three hours; the distribution that is kept is shown.
    let again = json(&mut placer(&probes, &probe));
    assert_eq!(asked.load(Ordering::SeqCst), 5);
    let kept = again.as_array().expect("rows").iter().find(|r| r["region"] == "us-east-1").expect("there").clone();
    assert_eq!((number(&kept, "tcp_count"), number(&kept, "tcp_p50_ms")), (4.0, number(&far, "tcp_p50_ms")));

    // Own probes come first; other pairs are as they were.
    let origin = |a: &str, b: &str| json(&mut placer(&probes, &["latency", a, b, "--format", "json"]))[0].clone();
    let probed = origin("aws:eu-central-1", "aws:us-east-1");
    assert_eq!(probed["origin"], "probed");
    assert!((number(&probed, "p50_ms") - number(&far, "tcp_p50_ms")).abs() < 0.051, "{probed} {far}");
    assert_eq!(origin("aws:eu-central-1", "aws:eu-west-3")["origin"], "model");
    assert_eq!(origin("us-east-1", "eu-west-1")["origin"], "measured");
    assert_eq!(origin("hetzner:fsn1", "aws:sa-east-1")["origin"], "neighbour");
}

#[test]
fn any_pair_has_a_figure_and_an_origin() {
    let folder = tempfile::tempdir().expect("a folder");
    let probes = folder.path().join("none.csv");
    for (a, b) in [
        ("Paris", "Tokyo"),
        ("aws:eu-west-3", "Lagos"),
        ("48.86,2.35", "gcp:us-central1"),
        ("fsn1", "fsn1"),
        ("-60,-170", "Nairobi"),
    ] {
        let row = json(&mut placer(&probes, &["latency", a, b, "--format", "json"]))[0].clone();
        let ms = row["p50_ms"].as_f64().expect("a number");
        assert!(ms > 0.0 && row["p95_ms"].as_f64().is_some_and(|p95| p95 >= ms), "{row}");
        let origin = row["origin"].as_str().expect("text");
        assert!(["measured", "neighbour", "model"].contains(&origin), "{row}");
    }
    let output = placer(&probes, &["latency", "Paris", "Tokio"]).assert().code(2).get_output().stderr.clone();
    assert!(String::from_utf8_lossy(&output).contains("Tokyo"));
    // A damaged record is told, not passed over.
    std::fs::write(&probes, "nonsense\n").expect("writable");
    let output = placer(&probes, &["latency", "Paris", "Tokyo"]).assert().code(2).get_output().stderr.clone();
    assert!(String::from_utf8_lossy(&output).contains("line 1"));
}
