//! The feed of changes: as a list, and as server-sent events that go on where a follower was cut off.

use crate::client::{Making, Running, until};
use crate::small_book::SHOP;
use placer::api::Settings;
use placer::api::auth::mint;
use placer::store::{Role, Store};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A follower: its lines as they come.
struct Follower(BufReader<TcpStream>);

/// An event: its number and its kind.
type Seen = (i64, String);

impl Follower {
    fn new(server: &Running, more: &str) -> Self {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let head = format!("GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n{more}\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        Self(BufReader::new(stream))
    }

    /// The next line of the stream; `None`: it has ended.
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.0.read_line(&mut line).expect("a line comes in time");
        (read > 0).then(|| line.trim_end().to_owned())
    }

    fn until_line(&mut self, start: &str) -> Option<String> {
        loop {
            let line = self.line()?;
            if let Some(rest) = line.strip_prefix(start) {
                return Some(rest.trim().to_owned());
            }
        }
    }

    /// Waits until the stream has begun.
    fn begun(mut self) -> Self {
        self.until_line(": placer").expect("the stream begins");
        self
    }

    fn event(&mut self) -> Option<Seen> {
        let id = self.until_line("id:")?.parse().unwrap();
        Some((id, self.until_line("event:")?))
    }
}

fn change(server: &Running, name: &str) {
    server.put_app(name, &SHOP.replace("name = \"shop\"", &format!("name = \"{name}\"")));
}

#[test]
fn a_follower_that_was_cut_off_misses_nothing() {
    let server = Running::start();
    change(&server, "before");
    let mut follower = Follower::new(&server, "").begun();
    change(&server, "one");
    let (first, kind) = follower.event().unwrap();
    assert_eq!((first, kind.as_str()), (2, "app"), "what came before it followed is not told");
    drop(follower);
    for name in ["two", "three"] {
        change(&server, name);
    }
    let mut again = Follower::new(&server, &format!("Last-Event-ID: {first}\r\n")).begun();
    assert_eq!([again.event().unwrap().0, again.event().unwrap().0], [3, 4]);
    change(&server, "four");
    assert_eq!(again.event().unwrap().0, 5, "and then what comes");
    let listed = server.get("/v1/events?after=2&limit=2").is(200).json();
    let ids: Vec<i64> = listed["items"].as_array().unwrap().iter().map(|event| event["id"].as_i64().unwrap()).collect();
    assert_eq!((ids, listed["next"].as_i64()), (vec![3, 4], Some(4)));
    assert_eq!(server.get("/v1/events?app=two").is(200).json()["items"][0]["about"], "two");
}

#[test]
fn another_process_is_followed_as_well() {
    let server = Running::start();
    let mut follower = Follower::new(&server, "").begun();
    let store = Store::open(&server.folder.path().join("store")).unwrap();
    store.put_ticks("feed", &[], 1).unwrap();
    assert_eq!(follower.event().unwrap().1, "ticks");
}

#[test]
fn a_stream_gives_signs_of_life_and_ends_with_the_server() {
    let change = |settings| Settings { heartbeat: Duration::from_millis(100), ..settings };
    let mut server = Running::make(Making { change, ..Making::default() });
    let mut follower = Follower::new(&server, "").begun();
    follower.until_line(": alive").expect("a sign of life");
    server.end();
    while follower.line().is_some() {}
}

#[test]
fn only_so_many_follow() {
    let change = |settings| Settings { followers_max: 2, ..settings };
    let server = Running::make(Making { change, ..Making::default() });
    let (one, _two) = (Follower::new(&server, "").begun(), Follower::new(&server, "").begun());
    let sse = &[("accept", "text/event-stream")];
    let refused = server.send_with("GET", "/v1/events", sse, None).is(429);
    assert_eq!(refused.header("retry-after"), "10");
    assert!(server.get("/metrics").text().contains("placer_event_followers 2\n"));
    drop(one);
    // The seat is free when the server has seen that nobody listens.
    until("a free seat", || {
        change_something(&server);
        server.get("/metrics").text().contains("placer_event_followers 1\n").then_some(())
    });
    Follower::new(&server, "").begun();
}

fn change_something(server: &Running) {
    server.store().put_ticks("feed", &[], 1).unwrap();
}

#[test]
fn a_stream_ends_when_its_token_is_taken_back() {
    let server = Running::start();
    let (token, row) = mint(Role::Viewer, "", 0, None).unwrap();
    server.store().put_token(&row).unwrap();
    let mut follower = Follower::new(&server, &format!("Authorization: Bearer {token}\r\n")).begun();
    change_something(&server);
    follower.event().expect("it is told");
    server.store().revoke_token(&row.id, 1).unwrap();
    while follower.line().is_some() {}
}
