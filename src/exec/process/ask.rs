//! Asks a service whether it answers.

use crate::exec::Health;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// How long an answer may take.
const ANSWER_MAX: Duration = Duration::from_millis(1_500);

/// Whether something answers on a port: to `GET /healthz` with anything below 500, or, when it does not speak HTTP, by taking the
/// connection.
pub fn http(port: u16) -> Health {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let Ok(mut stream) = TcpStream::connect_timeout(&address, ANSWER_MAX) else { return Health::Starting };
    let request = format!("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    let mut head = [0; 12];
    let asked = stream
        .set_read_timeout(Some(ANSWER_MAX))
        .and_then(|()| stream.set_write_timeout(Some(ANSWER_MAX)))
        .and_then(|()| stream.write_all(request.as_bytes()))
        .and_then(|()| stream.read_exact(&mut head));
    match (asked, head.strip_prefix(b"HTTP/1.")) {
        // `HTTP/1.1 200`
        (Ok(()), Some(rest)) if rest.get(2).is_some_and(|class| *class >= b'5') => Health::Starting,
        _ => Health::Ready,
    }
}
