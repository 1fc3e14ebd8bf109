//! Who may do what: tokens, roles, and which site a request comes from.

use super::problem::{Kind, Problem};
use crate::store::{Role, TokenRow};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, header};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::net::IpAddr;
use subtle::ConstantTimeEq as _;

/// What every token begins with, so that people and scanners recognise one.
const PREFIX: &str = "placer";
/// Random bytes of a token's name and of its secret.
const ID_BYTES: usize = 5;
const SECRET_BYTES: usize = 32;
/// Most bytes of an `Authorization` header that are looked at.
const HEADER_MAX: usize = 512;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The token's name; `loopback` where no token is needed.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

impl Caller {
    /// Whoever asks while the server is open.
    #[must_use]
    pub fn loopback() -> Self {
        Self { name: "loopback".to_owned(), role: Role::Admin }
    }
}

/// A new token, and what is kept of it. The token itself is nowhere else: who loses it makes another one.
///
/// # Errors
/// When the operating system gives no random bytes.
pub fn mint(role: Role, note: &str, now: i64, expires_at: Option<i64>) -> Result<(String, TokenRow), getrandom::Error> {
    let mut id = [0; ID_BYTES];
    let mut secret = [0; SECRET_BYTES];
    getrandom::fill(&mut id)?;
    getrandom::fill(&mut secret)?;
    let id = hex(&id);
    let token = format!("{PREFIX}_{id}_{}", hex(&secret));
    let row =
        TokenRow { id, hash: hash(&token), role, note: note.to_owned(), made_at: now, expires_at, revoked_at: None };
    Ok((token, row))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// SHA-256, in hexadecimal digits. It is enough for a token, which is 256 random bits: there is nothing to guess.
pub(super) fn hash(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

/// The caller of a request, by its token.
///
/// # Errors
/// No token, or one that opens nothing (any longer). All are told alike: a guesser learns nothing.
pub fn caller(headers: &HeaderMap, tokens: &[TokenRow], now: i64) -> Result<Caller, Problem> {
    let refused = |detail: &str, error: &'static str| {
        let challenge = HeaderValue::from_static(error);
        Err(Problem::new(Kind::Unauthorized, detail).with(header::WWW_AUTHENTICATE, challenge))
    };
    let Some(token) = bearer(headers) else {
        let advice = "send `Authorization: Bearer TOKEN`; `placer token create` makes a token";
        return refused(advice, "Bearer realm=\"placer\"");
    };
    let hash = hash(token);
    let same = |row: &&TokenRow| bool::from(row.hash.as_bytes().ct_eq(hash.as_bytes()));
    match tokens.iter().find(same) {
        Some(row) if row.is_good(now) => Ok(Caller { name: row.id.clone(), role: row.role }),
        _ => refused(
            "the token is unknown, has expired or was revoked",
            "Bearer realm=\"placer\", error=\"invalid_token\"",
        ),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().filter(|value| value.len() <= HEADER_MAX)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && values.next().is_none()).then_some(token.trim())
}

/// Whether a caller's role is enough.
///
/// # Errors
/// It is not.
pub fn needs(caller: &Caller, role: Role) -> Result<(), Problem> {
    if caller.role >= role {
        return Ok(());
    }
    let (has, needed) = (caller.role.as_str(), role.as_str());
    Err(Problem::new(Kind::Forbidden, format_args!("the token's role is {has}; this needs {needed}")))
}

/// The hosts that a server answers for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts {
    /// Only these; `None`: any, since every request has to bring a token.
    known: Option<Vec<String>>,
}

impl Hosts {
    /// Those of an address, and others by name. A page of another site that makes its own name point to this machine (DNS
    /// rebinding) is told apart by the name that it was asked under.
    #[must_use]
    pub fn of(address: IpAddr, named: &[String]) -> Self {
        if !address.is_loopback() && named.is_empty() {
            return Self { known: None };
        }
        let mut known: Vec<String> = named.iter().map(|name| name.to_ascii_lowercase()).collect();
        known.push(written(address));
        if address.is_loopback() {
            known.extend(["localhost", "127.0.0.1", "[::1]"].map(str::to_owned));
        }
        Self { known: Some(known) }
    }

    /// Whether a request is for this server.
    ///
    /// # Errors
    /// It is for another host, or for none.
    pub fn check(&self, parts: &Parts) -> Result<(), Problem> {
        let Some(known) = &self.known else { return Ok(()) };
        let asked = host(parts).map(|authority| authority.host().to_ascii_lowercase());
        if asked.is_some_and(|asked| known.contains(&asked)) {
            return Ok(());
        }
        Err(Problem::new(
            Kind::Misdirected,
            "this server does not answer for that host; `placer serve --host NAME` adds one",
        ))
    }
}

fn written(address: IpAddr) -> String {
    if address.is_ipv6() { format!("[{address}]") } else { address.to_string() }
}

/// The host that a request is for.
fn host(parts: &Parts) -> Option<Authority> {
    let mut stated = parts.headers.get_all(header::HOST).iter();
    let first = stated.next()?.to_str().ok()?.parse().ok()?;
    if stated.next().is_some() { None } else { Some(first) }
}

/// Whether a request that changes something was sent by a page of this very server, or by no page at all.
///
/// # Errors
/// Another site sent it.
pub fn same_site(parts: &Parts) -> Result<(), Problem> {
    let other = || Problem::new(Kind::Forbidden, "a page of another site may not change anything here");
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
    if let Some(site) = parts.headers.get("sec-fetch-site").map(text)
        && !matches!(site.as_str(), "same-origin" | "none")
    {
        return Err(other());
    }
    let Some(origin) = parts.headers.get(header::ORIGIN).map(text) else { return Ok(()) };
    let origin = origin.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"));
    let own = host(parts).zip(origin).is_some_and(|(host, (_, origin))| host.as_str().eq_ignore_ascii_case(origin));
    if own { Ok(()) } else { Err(other()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn parts(headers: &[(&str, &str)]) -> Parts {
        let request = headers.iter().fold(Request::get("/"), |request, (name, value)| request.header(*name, *value));
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_token_opens_while_it_is_good() {
        let (token, row) = mint(Role::Operator, "ci", 100, Some(200)).unwrap();
        assert!(!row.hash.contains(&token) && token.len() > 64);
        let sent = parts(&[("authorization", &format!("Bearer {token}"))]).headers;
        let rows = [row.clone()];
        let found = caller(&sent, &rows, 199).unwrap();
        assert_eq!((found.name, found.role), (row.id.clone(), Role::Operator));
        assert!(caller(&sent, &rows, 200).is_err(), "expired");
        assert!(caller(&sent, &[TokenRow { revoked_at: Some(1), ..row }], 150).is_err(), "revoked");
        assert!(caller(&sent, &[], 150).is_err(), "unknown");
    }

    #[test]
    fn only_one_bearer_header_counts() {
        for headers in [
            &[][..],
            &[("authorization", "Basic YTpi")],
            &[("authorization", "Bearer")],
            &[("authorization", "Bearer a"), ("authorization", "Bearer b")],
        ] {
            assert_eq!(bearer(&parts(headers).headers), None, "{headers:?}");
        }
        assert_eq!(bearer(&parts(&[("authorization", "bearer  a ")]).headers), Some("a"));
    }

    #[test]
    fn another_sites_names_and_pages_are_refused() {
        let hosts = Hosts::of("127.0.0.1".parse().unwrap(), &["placer.example".to_owned()]);
        for good in ["localhost:8080", "127.0.0.1", "[::1]:80", "Placer.Example"] {
            assert!(hosts.check(&parts(&[("host", good)])).is_ok(), "{good}");
        }
        for bad in ["evil.example", "localhost.evil.example:8080", "", "a b"] {
            assert!(hosts.check(&parts(&[("host", bad)])).is_err(), "{bad}");
        }
        assert!(hosts.check(&parts(&[])).is_err());
        let site = |origin| same_site(&parts(&[("host", "localhost:8080"), ("origin", origin)]));
        assert!(site("http://localhost:8080").is_ok());
        for bad in ["http://localhost:9090", "https://evil.example", "null", "file://"] {
            assert!(site(bad).is_err(), "{bad}");
        }
        assert!(same_site(&parts(&[("host", "localhost"), ("sec-fetch-site", "cross-site")])).is_err());
        assert!(same_site(&parts(&[("host", "localhost")])).is_ok());
    }
}
