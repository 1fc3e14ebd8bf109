//! `placer demo web`: says where it runs, how many rows there are, and which is the last.

use crate::cli::failure::Failure;
use crate::cli::place::variable;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// Requests that are answered at a time.
const REQUESTS_MAX: usize = 64;
/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 8 << 10;
/// How long a caller may take to say what it wants.
const SILENCE: Duration = Duration::from_secs(5);
/// SQLSTATE of a table that is not there.
const NO_TABLE: &str = "42P01";

/// Serves until it is stopped.
pub fn run() -> Result<(), Failure> {
    let port = variable("PORT").unwrap_or_else(|| "8080".into());
    let port: u16 = port.parse().map_err(|_| Failure::Input(format!("PORT `{port}` is no port")))?;
    let url = super::database()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .map_err(|error| Failure::Other(format!("cannot listen on port {port}: {error}")))?;
    let busy = Arc::new(AtomicUsize::new(0));
    for caller in listener.incoming().flatten() {
        if busy.fetch_add(1, Ordering::SeqCst) >= REQUESTS_MAX {
            busy.fetch_sub(1, Ordering::SeqCst);
            let _ = answer(&caller, "503 Service Unavailable", "too many requests at a time\n");
            continue;
        }
        let (busy, url) = (Arc::clone(&busy), url.clone());
        thread::spawn(move || {
            // A caller that goes away in the middle has lost interest.
            let _ = serve(&caller, &url);
            busy.fetch_sub(1, Ordering::SeqCst);
        });
    }
    Ok(())
}

fn serve(caller: &TcpStream, url: &str) -> io::Result<()> {
    caller.set_read_timeout(Some(SILENCE))?;
    caller.set_write_timeout(Some(SILENCE))?;
    let mut head = Vec::new();
    let mut piece = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let length = (&*caller).read(&mut piece)?;
        head.extend_from_slice(&piece[..length]);
        if length == 0 || head.len() > HEAD_BYTES_MAX {
            return answer(caller, "400 Bad Request", "this is no request\n");
        }
    }
    let line = String::from_utf8_lossy(&head);
    let mut words = line.split_whitespace();
    match (words.next(), words.next().map(|target| target.split('?').next().unwrap_or_default())) {
        (Some("GET" | "HEAD"), Some("/healthz")) => answer(caller, "200 OK", "ok\n"),
        (Some("GET" | "HEAD"), Some("/")) => match page(url) {
            Ok(text) => answer(caller, "200 OK", &text),
            Err(error) => answer(caller, "503 Service Unavailable", &format!("region: {}\n{error}\n", super::region())),
        },
        (Some("GET" | "HEAD"), _) => answer(caller, "404 Not Found", "there are / and /healthz\n"),
        _ => answer(caller, "405 Method Not Allowed", "there is only GET\n"),
    }
}

fn answer(mut caller: &TcpStream, status: &str, text: &str) -> io::Result<()> {
    let length = text.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\nConnection: \
         close\r\nCache-Control: no-store\r\n\r\n"
    );
    caller.write_all(head.as_bytes())?;
    caller.write_all(text.as_bytes())
}

/// Region, number of rows, last row.
fn page(url: &str) -> Result<String, postgres::Error> {
    let region = super::region();
    let mut client = super::connect(url)?;
    let query =
        "SELECT count(*), (SELECT writer || ' ' || n || ' at ' || written_at FROM demo_rows ORDER BY id DESC LIMIT 1)
                 FROM demo_rows";
    let (rows, last) = match client.query_one(query, &[]) {
        Ok(row) => (row.try_get::<_, i64>(0)?, row.try_get::<_, Option<String>>(1)?),
        // Nobody has written anything yet.
        Err(error) if error.code().is_some_and(|code| code.code() == NO_TABLE) => (0, None),
        Err(error) => return Err(error),
    };
    Ok(format!("region: {region}\nrows: {rows}\nlast: {}\n", last.as_deref().unwrap_or("none")))
}
