//! What takes too long, is too large or too much.

use crate::client::{Making, Running, until};
use crate::small_book::SHOP;
use placer::api::Settings;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(20);

fn impatient(settings: Settings) -> Settings {
    let short = Duration::from_millis(400);
    Settings { head_within: short, body_within: short, ..settings }
}

#[test]
fn a_head_that_comes_byte_by_byte_is_not_waited_for() {
    let server = Running::make(Making { change: impatient, ..Making::default() });
    let began = Instant::now();
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n").unwrap();
    let mut closed = false;
    while !closed && began.elapsed() < LONG {
        std::thread::sleep(Duration::from_millis(50));
        let written = stream.write_all(b"X");
        stream.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
        closed = written.is_err() || stream.read(&mut [0; 512]).is_ok();
    }
    assert!(closed && began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    // A connection that says nothing at all is closed as well.
    let began = Instant::now();
    assert_eq!(server.raw(b"", LONG), "");
    assert!(began.elapsed() < Duration::from_secs(5));
    server.get("/healthz").is(200);
}

#[test]
fn a_body_that_comes_byte_by_byte_is_not_waited_for() {
    let server = Running::make(Making { change: impatient, ..Making::default() });
    let began = Instant::now();
    let head = b"PUT /v1/apps/shop HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/toml\r\nContent-Length: 1000\r\n\r\nversion";
    let answer = server.raw(head, LONG);
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("urn:placer:problem:too-slow"), "{answer}");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn large_heads_and_bodies_are_refused() {
    let server = Running::start();
    let head = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "x".repeat(100_000));
    let answer = server.raw(head.as_bytes(), LONG);
    assert!(answer.starts_with("HTTP/1.1 431") || answer.is_empty(), "{answer}");
    let many: String = (0..200).fold(String::new(), |many, at| format!("{many}X-{at}: 1\r\n"));
    let answer = server.raw(format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{many}\r\n").as_bytes(), LONG);
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    // A body is refused by what it says of its length, and by what comes where it says nothing.
    let stated = b"PUT /v1/apps/shop HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/toml\r\nContent-Length: 99999999999\r\n\r\n";
    let answer = server.raw(stated, LONG);
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    let mut chunked =
        b"PUT /v1/apps/shop HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/toml\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..48 {
        chunked.extend_from_slice(b"10000\r\n");
        chunked.extend_from_slice(&vec![b'#'; 0x10000]);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let answer = server.raw(&chunked, LONG);
    assert!(answer.starts_with("HTTP/1.1 413") || answer.is_empty(), "{answer}");
    server.get("/healthz").is(200);
}

#[test]
fn what_is_no_http_at_all_is_answered_or_closed() {
    let server = Running::start();
    for bytes in [
        &b"\x16\x03\x01\x02\x00"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let answer = server.raw(bytes, Duration::from_secs(2));
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{bytes:?}: {answer}");
    }
    // Two hosts, or none.
    for head in ["GET /v1/apps HTTP/1.1\r\n\r\n", "GET /v1/apps HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n"] {
        let answer = server.raw(head.as_bytes(), Duration::from_millis(500));
        assert!(answer.starts_with("HTTP/1.1 4"), "{head:?}: {answer}");
    }
    server.get("/healthz").is(200);
}

#[test]
fn one_connection_too_many_is_closed() {
    let change = |settings| Settings { connections_max: 3, ..settings };
    let server = Running::make(Making { change, ..Making::default() });
    let held: Vec<TcpStream> = (0..3).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    let answer = until("a refusal", || {
        let mut stream = TcpStream::connect(server.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").ok()?;
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        (answer.is_empty() && read.is_ok_and(|read| read == 0) || answer.is_empty()).then_some(answer)
    });
    assert!(answer.is_empty());
    drop(held);
    until("room again", || {
        let answer = server
            .raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", Duration::from_secs(2));
        answer.starts_with("HTTP/1.1 200").then_some(())
    });
}

#[test]
fn more_solves_than_there_are_turns_are_told_to_come_again() {
    let change = |settings| Settings { solves_max: 0, solve_wait: Duration::from_millis(50), ..settings };
    let server = Running::make(Making { change, ..Making::default() });
    server.put_app("shop", SHOP).is(201);
    let busy = server.get("/v1/apps/shop/recommendation").is(503);
    assert_eq!(busy.header("retry-after"), "2");
    assert_eq!(busy.json()["type"], "urn:placer:problem:unavailable");
    // A failure is not kept as an answer.
    server.get("/v1/apps/shop/recommendation").is(503);
    server.get("/v1/apps").is(200);
}

#[test]
fn a_search_ends_at_its_limits() {
    let change = |settings| Settings { solve_within: Duration::ZERO, ..settings };
    let server = Running::make(Making { change, ..Making::default() });
    server.put_app("shop", SHOP).is(201);
    // With no time at all it finds nothing, or something that it cannot prove; it never hangs and never fails otherwise.
    let answer = server.get("/v1/apps/shop/recommendation");
    match answer.status {
        200 => {
            assert!(["feasible", "optimal"].contains(&answer.json()["status"].as_str().unwrap()), "{}", answer.text());
        }
        status => assert_eq!(status, 503, "{}", answer.text()),
    }
}
