//! Collecting end to end against a local server that misbehaves: the book is right or unchanged, never half.

#![allow(clippy::print_stdout, reason = "the crash check tells its count")]

#[path = "support/fault_server.rs"]
mod fault_server;
#[path = "support/test_source.rs"]
mod test_source;

use fault_server::{Fault, Page, Server};
use placer::catalog::PriceBook;
use placer::collect::http::{Limits, Overrides, Progress};
use placer::collect::source::Source;
use placer::control::collecting::{Collected, End, Options, collect};
use placer::store::{RunState, Store};
use placer::units::Money;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};
use test_source::{TOKEN, TestSource, list};

/// No message may ever show it.
const CANARY: &str = "canary-0123456789";
/// 2026-11-23 12:00 UTC: after the built-in book's newest price.
const NOON: i64 = 1_795_435_200;
/// Two pages of prices that are near the built-in book's.
const ONE: [(&str, &str); 2] = [("cx23", "0.0111"), ("cx33", "0.0155")];
const TWO: [(&str, &str); 2] = [("cax11", "0.0112"), ("cax21", "0.0195")];

static HETZNER: TestSource = TestSource::new("test-hetzner", "hetzner");

fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(5),
        silence: Duration::from_millis(400),
        body: Duration::from_secs(5),
        attempts: 4,
        backoff: Duration::from_millis(5),
        backoff_max: Duration::from_millis(50),
        asked_wait_max: Duration::from_secs(3),
    }
}

/// Keeps every note.
#[derive(Default)]
struct Notes(Mutex<String>);

impl Progress for Notes {
    fn pages(&self, _: &str, _: usize, _: usize, _: u64) {}
    fn note(&self, source: &str, text: &str) {
        let _ = writeln!(self.0.lock().expect("a lock"), "{source}: {text}");
    }
}

fn run_at(folder: &Path, server: &Server, sources: &[&dyn Source], now: i64) -> (Collected, String) {
    let mut overrides = Overrides::default();
    for source in sources {
        overrides.parse(&format!("{}/api={}", source.name(), server.origin), sources).expect("an origin");
    }
    let clock = AtomicI64::new(now);
    let notes = Notes::default();
    let options = Options {
        sources,
        known: sources,
        overrides: &overrides,
        limits: &limits(),
        rates: &[],
        ask_rates: false,
        variable: &|name| (name == TOKEN).then(|| CANARY.to_owned()),
        now: &|| clock.load(Ordering::Relaxed),
        progress: &notes,
    };
    let collected = collect(folder, &options).expect("the store can be used");
    let mut told = notes.0.into_inner().expect("a lock");
    let _ = write!(told, "{collected:?}");
    assert!(!told.contains(CANARY), "a credential was told: {told}");
    (collected, told)
}

fn run(folder: &Path, server: &Server, sources: &[&dyn Source]) -> (Collected, String) {
    run_at(folder, server, sources, NOON)
}

fn two_pages(server: &Server) {
    server.put("/list?page=1", Page::json(list("fsn1", &ONE, Some("/list?page=2"))));
    server.put("/list?page=2", Page::json(list("fsn1", &TWO, None)));
}

/// The hourly price of a machine in the store's newest book, or in the built-in one.
fn price(folder: &Path, provider: &str, code: &str, shape: &str) -> Option<Money> {
    let store = Store::open_existing(folder).expect("readable");
    let row = store.and_then(|store| store.newest_book().expect("readable"));
    let book = match row {
        Some(row) => placer::collect::book_file::load(&row.path).expect("a whole book"),
        None => PriceBook::embedded().expect("verifies"),
    };
    let region = book.find_region(provider, code)?;
    book.compute_at(region).iter().find(|offer| book.shape(offer.shape).name == shape)?.usd_hour[0]
}

#[expect(clippy::unnecessary_wraps, reason = "compared with what may be absent")]
fn usd(text: &str) -> Option<Money> {
    Some(Money::parse(text).expect("a price"))
}

#[track_caller]
fn complete(collected: &Collected) {
    assert!(collected.outcomes.iter().all(|o| matches!(o.end, End::Complete(_))), "{:?}", collected.outcomes);
}

/// Prices are right after the faults of `pages` were overcome.
#[track_caller]
fn overcome(streamed: bool, faults: impl Fn(Page) -> Page) -> (Server, String) {
    let (server, folder) = (Server::start(), tempfile::tempdir().expect("a folder"));
    server.put("/list?page=1", faults(Page::json(list("fsn1", &ONE, Some("/list?page=2")))));
    server.put("/list?page=2", Page::json(list("fsn1", &TWO, None)));
    let source = TestSource { streamed, ..TestSource::new("test-hetzner", "hetzner") };
    let (collected, told) = run(folder.path(), &server, &[&source]);
    complete(&collected);
    let prices = ONE.iter().chain(&TWO).map(|(shape, hour)| (*shape, usd(hour)));
    for (shape, right) in prices {
        assert_eq!(price(folder.path(), "hetzner", "fsn1", shape), right, "{shape}");
    }
    (server, told)
}

#[test]
fn every_passing_fault_is_overcome() {
    let cases: [(&str, Vec<Fault>); 9] = [
        ("500s", vec![Fault::Status(500, vec![]), Fault::Status(503, vec![]), Fault::Status(502, vec![])]),
        ("429", vec![Fault::Status(429, vec![("retry-after", "1".into())])]),
        ("truncated", vec![Fault::Truncate(20), Fault::Truncate(0)]),
        ("closed", vec![Fault::Close, Fault::Close]),
        ("reset", vec![Fault::Reset(30)]),
        ("stalled drip", vec![Fault::Drip(Duration::from_millis(1), 25)]),
        ("slow drip", vec![Fault::Drip(Duration::from_millis(1), usize::MAX)]),
        ("HTML with status 200", vec![Fault::Html]),
        ("408, then cut off", vec![Fault::Status(408, vec![]), Fault::Truncate(7)]),
    ];
    for streamed in [false, true] {
        for (name, faults) in &cases {
            println!("{name}, streamed: {streamed}");
            let start = Instant::now();
            overcome(streamed, |page| page.failing(faults.clone()));
            if *name == "429" {
                assert!(start.elapsed() >= Duration::from_secs(1), "Retry-After was not waited for");
            }
        }
        println!("gzip, streamed: {streamed}");
        let gzip = |page: Page| Page { gzip: true, ..page };
        overcome(streamed, gzip);
        overcome(streamed, |page| gzip(page).failing([Fault::DamagedGzip, Fault::Truncate(30)]));
    }
}

#[test]
fn a_large_page_is_continued_where_it_broke_off() {
    for (streamed, gzip) in [(false, false), (true, false), (true, true), (false, true)] {
        let (server, _) = overcome(streamed, |page| {
            Page { gzip, etag: Some("\"v1\""), ..page }.failing([Fault::Truncate(40), Fault::Truncate(30)])
        });
        let seen = server.take_seen();
        let statuses: Vec<u16> = seen.iter().filter(|s| s.path == "/list?page=1").map(|s| s.status).collect();
        assert_eq!(statuses, [200, 206, 206], "streamed {streamed}, gzip {gzip}");
    }
}

#[test]
fn rate_limits_are_kept() {
    let start = Instant::now();
    overcome(false, |page| {
        let headers = vec![("ratelimit-remaining", "0".to_owned()), ("ratelimit-reset", "1".to_owned())];
        Page { headers, ..page }
    });
    assert!(start.elapsed() >= Duration::from_millis(900), "the second page came too soon");
}

#[test]
fn a_lasting_fault_changes_nothing_and_says_why() {
    let always = |fault: Fault| std::iter::repeat_n(fault, 50).collect::<Vec<_>>();
    let cases = [
        (always(Fault::Status(500, vec![])), "HTTP 500"),
        (always(Fault::Status(404, vec![])), "HTTP 404"),
        (always(Fault::Status(401, vec![])), "credentials"),
        (always(Fault::Status(429, vec![("retry-after", "3600".into())])), "asks to wait 3600 s"),
        (always(Fault::Status(302, vec![("location", "https://evil.invalid/".into())])), "not followed"),
        (always(Fault::Truncate(33)), "connection broke"),
        (always(Fault::Close), "attempts"),
        (always(Fault::Html), "text/html"),
        (always(Fault::Instead(b"[]".to_vec())), "JSON"),
        (always(Fault::Instead(br#"{"rows":[],"next":"/list?page=1"}"#.to_vec())), "circle"),
        (always(Fault::Instead(br#"{"rows":[],"next":null}"#.to_vec())), "no row"),
        (always(Fault::Instead(list("fsn1", &[("cx23", "0.0112")], None).into())), "partial"),
        (always(Fault::Instead(list("fsn1", &[("cx23", "0")], None).into())), "no row"),
    ];
    for (faults, word) in cases {
        let (server, folder) = (Server::start(), tempfile::tempdir().expect("a folder"));
        // Enough rows before, so that a few are seen to be partial.
        let many: Vec<(&str, &str)> =
            ["cx23", "cx33", "cx43", "cx53", "cax11", "cax21", "cax31", "cax41", "ccx13", "ccx23", "ccx33", "cpx22"]
                .into_iter()
                .zip([
                    "0.0111", "0.0155", "0.03", "0.055", "0.0112", "0.0195", "0.0389", "0.076", "0.08", "0.16", "0.26",
                    "0.02",
                ])
                .collect();
        server.put("/list?page=1", Page::json(list("fsn1", &many, None)));
        let (first, _) = run(folder.path(), &server, &[&HETZNER]);
        complete(&first);
        let digest = first.sealed.expect("sealed").book.digest;
        let good = price(folder.path(), "hetzner", "fsn1", "cx23");
        assert_eq!(good, usd("0.0111"));
        server.put("/list?page=1", Page::json(list("fsn1", &[("cx23", "0.0120")], None)).failing(faults));
        let (second, told) = run(folder.path(), &server, &[&HETZNER]);
        let End::Failed(why) = &second.outcomes[0].end else { panic!("{word}: {:?}", second.outcomes) };
        assert!(why.contains(word), "no `{word}` in: {why}");
        assert!(told.contains(word) && !told.contains("evil.invalid/x"), "{told}");
        assert_eq!(second.sealed.expect("the old one").book.digest, digest, "{word}");
        assert_eq!(price(folder.path(), "hetzner", "fsn1", "cx23"), good, "{word}");
        let status = Store::open(folder.path()).expect("opens").sources().expect("readable").remove(0);
        assert_eq!(status.last.state, RunState::Failed);
        assert!(status.last.message.contains(word) && !status.last.message.contains(CANARY), "{status:?}");
    }
}

#[test]
fn an_unchanged_page_is_not_sent_again() {
    let (server, folder) = (Server::start(), tempfile::tempdir().expect("a folder"));
    let page = Page { etag: Some("\"v1\""), ..Page::json(list("fsn1", &ONE, None)) };
    server.put("/list?page=1", page);
    complete(&run(folder.path(), &server, &[&HETZNER]).0);
    let (second, _) = run(folder.path(), &server, &[&HETZNER]);
    complete(&second);
    let End::Complete(done) = &second.outcomes[0].end else { panic!("complete") };
    assert_eq!((done.rows, done.changed, done.traffic.unchanged, done.traffic.bytes), (2, 0, 1, 0));
    let statuses: Vec<u16> = server.take_seen().iter().map(|seen| seen.status).collect();
    assert_eq!(statuses, [200, 304]);
    assert!(!second.sealed.expect("a book").new, "nothing changed: the same book");
}

#[test]
fn an_interrupted_run_goes_on_where_it_stopped() {
    let (server, folder) = (Server::start(), tempfile::tempdir().expect("a folder"));
    two_pages(&server);
    // The first run dies between its pages: as after a kill, its row says that it runs.
    let store = Store::open(folder.path()).expect("opens");
    let begun = store.begin_run(HETZNER.name, "hetzner", NOON - 60, 3600).expect("begins");
    server.put("/list?page=2", Page::json("").failing(vec![Fault::Close; 50]));
    let (failed, _) = run(folder.path(), &server, &[&HETZNER]);
    assert!(matches!(failed.outcomes[0].end, End::Failed(_)));
    drop(store);
    let database = rusqlite::Connection::open(folder.path().join("placer.db")).expect("opens");
    database.execute("UPDATE runs SET state = 'running' WHERE id = ?1", [begun.id]).expect("written");
    drop(database);
    server.take_seen();
    two_pages(&server);
    let (second, _) = run(folder.path(), &server, &[&HETZNER]);
    complete(&second);
    let paths: Vec<String> = server.take_seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(paths, ["/list?page=2"], "the first page is at hand");
    assert_eq!(price(folder.path(), "hetzner", "fsn1", "cax21"), usd("0.0195"));
}

#[test]
fn one_provider_does_not_block_another() {
    static OTHER: TestSource = TestSource::new("test-vultr", "vultr");
    let (good, bad, folder) = (Server::start(), Server::start(), tempfile::tempdir().expect("a folder"));
    good.put("/list?page=1", Page::json(list("fra", &[("vc2-1c-1gb", "0.0071")], None)));
    bad.put("/list?page=1", Page::json("").failing(vec![Fault::Close; 50]));
    let sources: [&dyn Source; 2] = [&HETZNER, &OTHER];
    let mut overrides = Overrides::default();
    overrides.parse(&format!("test-hetzner/api={}", bad.origin), &sources).expect("an origin");
    overrides.parse(&format!("test-vultr/api={}", good.origin), &sources).expect("an origin");
    let options = Options {
        sources: &sources,
        known: &sources,
        overrides: &overrides,
        limits: &limits(),
        rates: &[],
        ask_rates: false,
        variable: &|_| Some(CANARY.to_owned()),
        now: &|| NOON,
        progress: &Notes::default(),
    };
    let collected = collect(folder.path(), &options).expect("the store can be used");
    let ends: Vec<bool> = collected.outcomes.iter().map(|o| matches!(o.end, End::Complete(_))).collect();
    assert_eq!(ends, [false, true]);
    assert_eq!(price(folder.path(), "vultr", "fra", "vc2-1c-1gb"), usd("0.0071"));
}

#[test]
fn an_outlier_waits_and_is_listed_and_what_vanishes_is_withdrawn_after_two_runs() {
    let (server, folder) = (Server::start(), tempfile::tempdir().expect("a folder"));
    let put = |rows: &[(&str, &str)]| server.put("/list?page=1", Page::json(list("fsn1", rows, None)));
    let go = |at: i64| complete(&run_at(folder.path(), &server, &[&HETZNER], at).0);
    let now = |shape: &str| price(folder.path(), "hetzner", "fsn1", shape);
    put(&ONE);
    go(NOON);
    put(&[("cx23", "0.0999"), ("cx33", "0.0155")]);
    go(NOON + 3600);
    assert_eq!(now("cx23"), usd("0.0111"), "nine times dearer is not believed at once");
    let waiting = Store::open(folder.path()).expect("opens").waiting("test-hetzner").expect("readable");
    assert!(waiting[0].raw.contains("0.0999") && waiting[0].reason.contains("last value"), "{waiting:?}");
    go(NOON + 7200);
    assert_eq!(now("cx23"), usd("0.0999"), "said twice");
    put(&[("cx23", "0.0999")]);
    go(NOON + 10_800);
    assert_eq!(now("cx33"), usd("0.0155"), "missing once is no proof");
    go(NOON + 14_400);
    assert_eq!(now("cx33"), None, "missing twice");
    let history = Store::open(folder.path()).expect("opens").history(|key| key.contains("|cx33|")).expect("readable");
    assert_eq!(history.iter().map(|point| point.usd_nanos).collect::<Vec<_>>(), [Some(15_500_000), None]);
}

#[test]
fn credentials_are_told_nowhere() {
    let (server, folder) = (Server::start(), tempfile::tempdir().expect("a folder"));
    // The server quotes the request's headers in its errors, and a row quotes the token.
    let row = format!("0.01{CANARY}");
    let page = Page::json(list("fsn1", &[("cx23", "0.0111"), ("cx33", &row)], None));
    server.put("/list?page=1", page.failing(vec![Fault::Status(500, vec![])]));
    let (_, told) = run(folder.path(), &server, &[&HETZNER]);
    assert!(told.contains("<hidden>"), "the error quotes what was sent: {told}");
    server.put("/list?page=1", Page::json("").failing(vec![Fault::Status(403, vec![]); 9]));
    let (_, told) = run(folder.path(), &server, &[&HETZNER]);
    assert!(told.contains("403") && told.contains(TOKEN), "{told}");
    let authorised = server.take_seen().iter().all(|s| s.headers["authorization"] == format!("Bearer {CANARY}"));
    assert!(authorised, "the token was sent");
    let mut open = vec![folder.path().to_owned()];
    while let Some(path) = open.pop() {
        // Pages are what the provider sent; everything else is ours.
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "pages") {
                open.extend(std::fs::read_dir(&path).expect("readable").flatten().map(|entry| entry.path()));
            }
        } else {
            let bytes = std::fs::read(&path).expect("readable");
            let found = bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
            assert!(!found, "{} holds a credential", path.display());
        }
    }
}

#[test]
fn readers_see_whole_books_while_prices_are_collected() {
    let (server, folder) = (Server::start(), tempfile::tempdir().expect("a folder"));
    let stop = AtomicBool::new(false);
    let reads = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut reads, mut slowest) = (0, Duration::ZERO);
            while !stop.load(Ordering::Relaxed) {
                let start = Instant::now();
                if let Some(store) = Store::open_existing(folder.path()).expect("never locked") {
                    let row = store.newest_book().expect("never locked");
                    let _ = store.sources().expect("never locked");
                    slowest = slowest.max(start.elapsed());
                    if let Some(row) = row {
                        let book = placer::collect::book_file::load(&row.path).expect("whole");
                        assert_eq!(book.digest, row.digest);
                        reads += 1;
                    }
                }
            }
            (reads, slowest)
        });
        for round in 0..6 {
            let hour = format!("0.01{}", 10 + round);
            server.put("/list?page=1", Page::json(list("fsn1", &[("cx23", &hour)], None)));
            complete(&run_at(folder.path(), &server, &[&HETZNER], NOON + round * 60).0);
            assert_eq!(price(folder.path(), "hetzner", "fsn1", "cx23"), usd(&hour));
        }
        stop.store(true, Ordering::Relaxed);
        reader.join().expect("the reader lives")
    });
    println!("{} whole books read; the slowest look at the store took {:?}", reads.0, reads.1);
    assert!(reads.0 > 0);
    // A writer's lock would be waited for 30 s.
    assert!(reads.1 < Duration::from_secs(10), "{:?}", reads.1);
}

#[test]
fn two_collectors_do_not_share_a_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path()).expect("opens");
    let held = store.lock().expect("free");
    let again = Store::open(folder.path()).expect("opens").lock();
    assert!(again.expect_err("held").to_string().contains("another placer"));
    drop(held);
    store.lock().expect("free again");
}

/// Run by the crash tests in a process of its own, to be killed: collects again and again.
#[test]
#[ignore = "the child of the crash tests"]
fn child_that_collects_until_it_is_killed() {
    let (Ok(folder), Ok(origin)) = (std::env::var("CRASH_STORE"), std::env::var("CRASH_ORIGIN")) else { return };
    let sources: [&dyn Source; 1] = [&HETZNER];
    let mut overrides = Overrides::default();
    overrides.parse(&format!("test-hetzner/api={origin}"), &sources).expect("an origin");
    let options = Options {
        sources: &sources,
        known: &sources,
        overrides: &overrides,
        limits: &Limits { attempts: 1, ..limits() },
        rates: &[],
        ask_rates: false,
        variable: &|_| Some(CANARY.to_owned()),
        now: &|| NOON,
        progress: &Notes::default(),
    };
    loop {
        let _ = collect(Path::new(&folder), &options);
    }
}

/// Kills a collecting process at random moments; after each the store opens, its newest book is whole, and the book is
/// not older than one seen before.
fn crash(times: u32) {
    let (server, folder) = (Server::start(), tempfile::tempdir().expect("a folder"));
    let mut random = fastrand::Rng::with_seed(20_261_122);
    // How long a run takes here and now: the kills are to fall into all of its parts, on slow machines as on fast ones.
    server.put("/list?page=1", Page::json(list("fsn1", &[("cx23", "0.011"), ("cx33", "0.0155")], None)));
    let start = Instant::now();
    complete(&run(folder.path(), &server, &[&HETZNER]).0);
    // The machine has other things to do, so this is watched: a kill before anything was sealed makes the next one come
    // later, a kill after it sooner. Two of three fall after the seal of their run, the others into the run or before it.
    let mut most = start.elapsed().mul_f64(1.5).max(Duration::from_millis(30));
    let (mut sealed, mut last_id, mut whole) = (0, 0, HashSet::new());
    let check = |row: &placer::store::BookRow| {
        let book = placer::collect::book_file::load(&row.path).expect("every sealed book is whole");
        assert_eq!(book.digest, row.digest);
    };
    for round in 0..times {
        // Every round has other prices, so that every run has something to write and to seal.
        let hour = |base: u32| format!("0.01{:04}", base + round);
        let (one, two) = (hour(1000), hour(1500));
        server.put("/list?page=1", Page::json(list("fsn1", &[("cx23", &one)], Some("/list?page=2"))));
        server.put("/list?page=2", Page::json(list("fsn1", &[("cx33", &two)], None)));
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "child_that_collects_until_it_is_killed", "--ignored", "--nocapture"])
            .env("CRASH_STORE", folder.path())
            .env("CRASH_ORIGIN", &server.origin)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a child");
        std::thread::sleep(most.mul_f64(random.f64()));
        // SIGKILL on Unix.
        child.kill().expect("killed");
        child.wait().expect("gone");
        let Some(store) = Store::open_existing(folder.path()).expect("the store opens") else { continue };
        let books = store.books().expect("readable");
        let _ = store.sources().expect("readable");
        let figures = store.figures(None).expect("readable");
        assert!(figures.len() == 2 || figures.is_empty(), "a run is there whole or not at all: {figures:?}");
        // The newest one is what everybody reads; the others were whole when they were the newest, and are looked at
        // once more at the end.
        let known = whole.len();
        for (at, row) in books.iter().enumerate() {
            if whole.insert(row.digest.clone()) || at == 0 {
                check(row);
            }
        }
        most = most.mul_f64(if whole.len() > known { 0.9 } else { 1.25 });
        // Sealed books are only ever added.
        assert!(books.len() >= last_id, "a sealed book was lost");
        last_id = books.len().min(59);
        sealed = books.len();
        drop(store);
        let database = rusqlite::Connection::open(folder.path().join("placer.db")).expect("opens");
        let runs = "SELECT count(DISTINCT seen_run) FROM figures";
        let runs: i64 = database.query_row(runs, [], |row| row.get(0)).expect("readable");
        assert!(runs <= 1, "both prices are of one run");
        let check: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("readable");
        assert_eq!(check, "ok");
    }
    let books = Store::open_existing(folder.path()).expect("opens").map(|store| store.books().expect("readable"));
    books.unwrap_or_default().iter().for_each(check);
    println!("{times} kills; {} books were sealed meanwhile, {sealed} are kept, all whole", whole.len());
    assert!(sealed > 0, "the first book is never lost");
    let (collected, _) = run(folder.path(), &server, &[&HETZNER]);
    complete(&collected);
    assert!(collected.sealed.is_some());
}

#[test]
fn a_killed_collector_leaves_a_whole_store() {
    crash(10);
}

/// `just crash`
#[test]
#[ignore = "200 kills take minutes"]
fn two_hundred_kills() {
    crash(200);
}
