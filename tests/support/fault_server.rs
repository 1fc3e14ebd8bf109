//! A local HTTP server that serves given pages and misbehaves on demand: the test double of a provider.
//!
//! Each page has a list of faults; each request takes the next one, and after the last one the page is served well.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What goes wrong with one request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// This status, with these headers and a body that quotes the request's headers back.
    Status(u16, Vec<(&'static str, String)>),
    /// The right length is announced, and the connection closed after this many bytes.
    Truncate(usize),
    /// The connection is closed before a byte is sent.
    Close,
    /// The connection is reset (unread data, then closed) after this many bytes of the answer.
    Reset(usize),
    /// Bytes come one by one with this pause; after the given count they stop for good.
    Drip(Duration, usize),
    /// The page comes in forty pieces with this pause between them.
    Slow(Duration),
    /// Status 200 with an HTML page.
    Html,
    /// The right bytes under this content type.
    ContentType(&'static str),
    /// The gzip stream is damaged inside, its length right.
    DamagedGzip,
    /// These bytes instead of the page's.
    Instead(Vec<u8>),
}

/// One page.
#[derive(Clone, Debug, Default)]
pub struct Page {
    pub body: Vec<u8>,
    pub content_type: &'static str,
    /// Headers besides the usual ones.
    pub headers: Vec<(&'static str, String)>,
    /// Sent when the client takes it; the body is compressed here.
    pub gzip: bool,
    /// Entity tag: makes conditional and range requests possible.
    pub etag: Option<&'static str>,
    /// In place of 200, when it is not 0: a page that is not there.
    pub status: u16,
    pub faults: Vec<Fault>,
}

impl Page {
    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), content_type: "application/json", ..Self::default() }
    }

    pub fn failing(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.faults.extend(faults);
        self
    }
}

/// A request that came in.
#[derive(Clone, Debug)]
pub struct Seen {
    pub path: String,
    pub headers: HashMap<String, String>,
    pub status: u16,
}

/// What a request asks for, from its path, its headers by lower-case name, and its body: the name that its page was put
/// under.
pub type Name = fn(&str, &HashMap<String, String>, &[u8]) -> String;

struct State {
    name: Name,
    pages: HashMap<String, Page>,
    seen: Vec<Seen>,
}

/// The server; it stops when it is dropped.
pub struct Server {
    pub origin: String,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
}

impl Server {
    /// Pages go by their path with query.
    pub fn start() -> Self {
        Self::naming(|path, _, _| path.to_owned())
    }

    /// Pages go by what `name` makes of a request.
    pub fn naming(name: Name) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a local port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(Mutex::new(State { name, pages: HashMap::new(), seen: Vec::new() }));
        let stop = Arc::new(AtomicBool::new(false));
        let (shared, stopped) = (Arc::clone(&state), Arc::clone(&stop));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                let state = Arc::clone(&shared);
                thread::spawn(move || serve(&stream, &state));
            }
        });
        Self { origin, state, stop }
    }

    /// Serves a page under a name.
    pub fn put(&self, name: &str, page: Page) {
        self.state.lock().expect("a lock").pages.insert(name.to_owned(), page);
    }

    /// The requests so far; they are forgotten.
    pub fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.state.lock().expect("a lock").seen)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.origin.trim_start_matches("http://"));
    }
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// Answers requests on a connection until it is closed or a fault closes it.
fn serve(stream: &TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream);
    while let Some((path, headers, body)) = request(&mut reader) {
        let (page, fault) = {
            let mut state = state.lock().expect("a lock");
            let name = (state.name)(&path, &headers, &body);
            let page = state.pages.get_mut(&name);
            let fault = page.and_then(|page| if page.faults.is_empty() { None } else { Some(page.faults.remove(0)) });
            (state.pages.get(&name).cloned(), fault)
        };
        let note = |status| {
            let seen = Seen { path: path.clone(), headers: headers.clone(), status };
            state.lock().expect("a lock").seen.push(seen);
        };
        if !answer(stream, page, fault, &headers, &note) {
            break;
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
}

/// Path, headers and body.
fn request(reader: &mut BufReader<&TcpStream>) -> Option<(String, HashMap<String, String>, Vec<u8>)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((path, headers, body))
}

/// An error page that calls itself a success.
const HTML: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: 46\r\n\r\n\
                    <html><body>We are working on it</body></html>";

/// Sends an answer; `false` when the connection is to be closed.
fn answer(
    mut stream: &TcpStream,
    page: Option<Page>,
    fault: Option<Fault>,
    headers: &HashMap<String, String>,
    note: &dyn Fn(u16),
) -> bool {
    let Some(page) = page else {
        note(404);
        return stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").is_ok();
    };
    match fault {
        Some(Fault::Status(status, extra)) => {
            note(status);
            let echo = format!("you sent {headers:?}");
            let extra = extra.iter().fold(String::new(), |lines, (name, value)| lines + name + ": " + value + "\r\n");
            let length = echo.len();
            let head = format!(
                "HTTP/1.1 {status} Fault\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\n{extra}\r\n"
            );
            return stream.write_all(format!("{head}{echo}").as_bytes()).is_ok();
        }
        Some(Fault::Close) => {
            note(0);
            return false;
        }
        Some(Fault::Html) => {
            note(200);
            return stream.write_all(HTML.as_bytes()).is_ok();
        }
        _ => {}
    }
    if page.status != 0 {
        note(page.status);
        let head = format!("HTTP/1.1 {} None\r\ncontent-length: 0\r\n\r\n", page.status);
        return stream.write_all(head.as_bytes()).is_ok();
    }
    let takes_gzip = headers.get("accept-encoding").is_some_and(|value| value.contains("gzip"));
    let compressed = page.gzip && takes_gzip;
    let mut body = if let Some(Fault::Instead(bytes)) = &fault { bytes.clone() } else { page.body.clone() };
    if compressed {
        body = gzip(&body);
    }
    if matches!(fault, Some(Fault::DamagedGzip)) {
        let middle = body.len() / 2;
        body[middle] ^= 0xff;
    }
    let same = |name: &str| page.etag.is_some() && headers.get(name).map(String::as_str) == page.etag;
    if same("if-none-match") && fault.is_none() {
        note(304);
        return stream.write_all(b"HTTP/1.1 304 Not Modified\r\n\r\n").is_ok();
    }
    let whole = body.len();
    let from = headers.get("range").filter(|_| same("if-range")).and_then(|range| {
        range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok().filter(|from| *from < whole)
    });
    let mut head = match from {
        Some(from) => format!("HTTP/1.1 206 Partial Content\r\ncontent-range: bytes {from}-{}/{whole}\r\n", whole - 1),
        None => "HTTP/1.1 200 OK\r\n".to_owned(),
    };
    note(if from.is_some() { 206 } else { 200 });
    let body = &body[from.unwrap_or(0)..];
    let content_type = if let Some(Fault::ContentType(other)) = &fault { other } else { page.content_type };
    let _ = write!(head, "content-type: {content_type}\r\ncontent-length: {}\r\n", body.len());
    if compressed {
        head += "content-encoding: gzip\r\n";
    }
    if let Some(etag) = page.etag {
        let _ = write!(head, "etag: {etag}\r\naccept-ranges: bytes\r\n");
    }
    head.extend(page.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")));
    head += "\r\n";
    if stream.write_all(head.as_bytes()).is_err() {
        return false;
    }
    match fault {
        Some(Fault::Truncate(count)) => {
            let _ = stream.write_all(&body[..count.min(body.len())]);
            false
        }
        Some(Fault::Reset(count)) => {
            let _ = stream.write_all(&body[..count.min(body.len())]);
            // What the client sends now is never read: closing with unread data resets the connection.
            thread::sleep(Duration::from_millis(20));
            false
        }
        Some(Fault::Drip(pause, count)) => {
            for byte in body.iter().take(count) {
                if stream.write_all(&[*byte]).is_err() {
                    return false;
                }
                thread::sleep(pause);
            }
            if count < body.len() {
                thread::sleep(Duration::from_secs(30));
                return false;
            }
            true
        }
        Some(Fault::Slow(pause)) => body.chunks(body.len().div_ceil(40).max(1)).all(|piece| {
            thread::sleep(pause);
            stream.write_all(piece).is_ok()
        }),
        _ => stream.write_all(body).is_ok(),
    }
}
