//! What a source of prices is: the contract between the parsers (one file per provider under `providers/`) and the
//! runner that fetches their pages (`collect::http`).
//!
//! A [`Source`] is a constant that declares what it needs. [`Source::open`] makes a [`Collector`] for one run, which
//! lists the first pages ([`Collector::plan`]), turns the bytes of each page into observations and further pages
//! ([`Collector::parse`]), and emits what only the whole of the pages tells ([`Collector::finish`]). Parsers are pure:
//! bytes in, observations out; no clock, no network, no files, no environment.
//!
//! What the runner promises: pages of one collector are fetched and parsed one after the other, first planned first,
//! pages that a page asked for next (depth first); each page is parsed to its end or asked for again; `finish` is called
//! only when every page was parsed; what the run emitted counts only when `finish` succeeded. Except for pages marked
//! [`Request::streamed`], bytes are complete (length, gzip checksum) before `parse` sees the first of them.
//! Whatever was fetched before an interruption is handed to `plan`'s pages again from disk, so that a collector needs no
//! cursor of its own: it just sees all pages from the first.

use super::observation::Observation;
use crate::catalog::{PriceBook, TrafficPool, Unit};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use std::fmt;
use std::io::{self, Read};
use std::time::Duration;
use thiserror::Error;

/// A publication of one provider's prices.
pub trait Source: Sync {
    /// Unique short name, lower case with dashes: `aws-offers`, `hetzner`.
    fn name(&self) -> &'static str;

    /// The provider's name in the price book: `aws`. One provider may have several sources.
    fn provider(&self) -> &'static str;

    /// What the publication is called in the book's list of sources: `Hetzner Cloud API`.
    fn about(&self) -> &'static str;

    /// The hosts it is read from. Each can be overridden (see [`Endpoint`]), which is how tests reach a local server.
    fn endpoints(&self) -> &'static [Endpoint];

    /// The credentials it can use. Values come from the environment or the provider's usual profile file and never
    /// appear in logs, errors, the store or the book.
    fn credentials(&self) -> &'static [Credential] {
        &[]
    }

    /// What the publication's unit words mean. A unit that is not listed is refused, never guessed.
    fn units(&self) -> &'static [UnitRule];

    /// What the source filters rows by before it emits them, as (field, kept value): `("operatingSystem", "Linux")`.
    /// Rows that do not pass are handed to [`Sink::skip`]. Shown by `placer price-book status`.
    fn filters(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// How included traffic of servers adds up; only looked at when the book does not know the provider yet.
    fn traffic_pool(&self) -> TrafficPool {
        TrafficPool::PerServer
    }

    /// How long the whole run of this source may take.
    fn deadline(&self) -> Duration {
        Duration::from_secs(30 * 60)
    }

    /// The least pause between two requests to the provider; rate-limit headers are obeyed besides.
    fn pause(&self) -> Duration {
        Duration::from_millis(50)
    }

    /// A collector for one run.
    fn open<'a>(&'a self, context: &'a Context<'a>) -> Box<dyn Collector + 'a>;

    /// Headers that authorise a request. The default sends what [`Request::auth`] says; sources that sign override it
    /// (`now_unix` is seconds since 1970, for timestamps in signatures).
    ///
    /// # Errors
    /// [`AuthError`] when a credential that the request needs is not there or cannot be used.
    fn authorize(&self, request: &Outgoing<'_>, secrets: &Secrets, now_unix: i64) -> Result<Vec<Header>, AuthError> {
        let _ = now_unix;
        request.request.auth.headers(secrets)
    }
}

/// One run of a source.
pub trait Collector {
    /// The first pages.
    ///
    /// # Errors
    /// [`ParseError`] when nothing can be asked for (say, no region of the provider is known).
    fn plan(&mut self) -> Result<Vec<Request>, ParseError>;

    /// Reads a page, emits its observations, and says which pages follow from it (the next one of a list; the files
    /// that an index names). Memory has to stay bounded whatever the page's size: read, emit, forget.
    ///
    /// After an error the same page may be handed over again from its start: keep nothing of a failed attempt (what
    /// it emitted is thrown away by the runner).
    ///
    /// # Errors
    /// [`ParseError::Io`] when the bytes broke off, [`ParseError::Form`] when the page is not what it has to be. A row
    /// that cannot be read is no error: hand it to [`Sink::refuse`] and go on.
    fn parse(
        &mut self,
        request: &Request,
        body: &mut dyn Read,
        sink: &mut dyn Sink,
    ) -> Result<Vec<Request>, ParseError>;

    /// Emits what only all pages together tell (machines composed of rates, tiers joined with their prices).
    ///
    /// # Errors
    /// [`ParseError::Form`] when the pages do not make a whole.
    fn finish(&mut self, sink: &mut dyn Sink) -> Result<(), ParseError> {
        let _ = sink;
        Ok(())
    }
}

/// Takes what a collector finds.
pub trait Sink {
    /// A row of ours.
    fn observe(&mut self, observation: Observation);

    /// A row that ought to be ours but cannot be read: what it is about, what stood there, and why not. Listed by
    /// `placer price-book status --refused`.
    fn refuse(&mut self, what: &str, raw: &str, reason: &str);

    /// A well-formed row of something else (Windows, dedicated hosts): counted by reason.
    fn skip(&mut self, reason: &'static str);
}

/// What a collector may know about the world.
pub struct Context<'a> {
    /// The newest price book: its regions and machine types of the provider say what to ask for, and what to compose
    /// prices for where the publication has rates only.
    pub book: &'a PriceBook,
    /// The day of the run, UTC, as `2026-11-22`: to leave out prices that are not in force.
    pub today: &'a str,
    /// Whether a credential of [`Source::credentials`], by its name, is at hand: to plan only what can be fetched.
    pub has: &'a dyn Fn(&str) -> bool,
}

impl Context<'_> {
    /// The codes of a provider's regions in the book, in book order.
    #[must_use]
    pub fn regions(&self, provider: &str) -> Vec<&str> {
        let id = self.book.find_provider(provider);
        let own = self.book.regions.iter().filter(|region| Some(region.provider) == id);
        own.map(|region| region.code.as_str()).collect()
    }
}

/// A host that a source is read from.
///
/// `PLACER_ENDPOINT_<SOURCE>_<NAME>` (upper case, dashes as underscores) in the environment, or
/// `--endpoint <source>/<name>=<origin>`, replaces the origin: for mirrors, proxies and tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Short name inside the source: `api`.
    pub name: &'static str,
    /// Scheme and host without a path: `https://api.hetzner.cloud`. A `{}` is filled from [`Request::host_part`]
    /// (`https://ec2.{}.amazonaws.com`). Only `https`.
    pub origin: &'static str,
}

/// A page to be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Name of one of [`Source::endpoints`].
    pub endpoint: &'static str,
    /// What stands for `{}` in the endpoint's origin: letters, digits and dashes only.
    pub host_part: String,
    /// Absolute path with query: `/v1/server_types?page=1&per_page=50`. No credentials in it.
    pub path: String,
    /// `None` for GET; the body of a POST.
    pub post: Option<Vec<u8>>,
    /// Further headers. No credentials in them.
    pub headers: Vec<(&'static str, String)>,
    /// How to authorise it.
    pub auth: Auth,
    /// Content types that the answer may have, without parameters. Anything else is refused (an HTML error page with
    /// status 200).
    pub content_types: &'static [&'static str],
    /// Statuses that mean "there is nothing of this here" (a region that the account has not enabled): the page counts
    /// as read and empty.
    pub absent_statuses: &'static [u16],
    /// The decoded page may not be larger, in bytes.
    pub bytes_max: u64,
    /// Parse while it arrives, without having it complete on disk first: for files of gigabytes.
    pub streamed: bool,
    /// A word for the collector itself: which kind of page this is. Not sent.
    pub tag: &'static str,
    /// A second word for the collector itself: the region, say. Not sent.
    pub note: String,
}

/// Pages are no larger than this unless the request says so: 64 MiB.
pub const PAGE_BYTES_MAX: u64 = 64 << 20;

impl Request {
    /// A JSON page by GET without credentials.
    #[must_use]
    pub fn get(endpoint: &'static str, path: impl Into<String>) -> Self {
        Self {
            endpoint,
            host_part: String::new(),
            path: path.into(),
            post: None,
            headers: Vec::new(),
            auth: Auth::None,
            content_types: &["application/json"],
            absent_statuses: &[],
            bytes_max: PAGE_BYTES_MAX,
            streamed: false,
            tag: "",
            note: String::new(),
        }
    }

    /// This request, marked for the collector.
    #[must_use]
    pub fn tagged(mut self, tag: &'static str, note: impl Into<String>) -> Self {
        self.tag = tag;
        self.note = note.into();
        self
    }

    /// This request, authorised so.
    #[must_use]
    pub fn with_auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// The page that a link in this page's answer leads to, asked for in the same way. The link may be absolute, but
    /// only its path and query are used: credentials never follow a link to another host.
    ///
    /// # Errors
    /// [`ParseError::Form`] when it is neither an absolute http(s) address nor an absolute path.
    pub fn at_link(&self, link: &str) -> Result<Self, ParseError> {
        let rest = link.strip_prefix("https://").or_else(|| link.strip_prefix("http://"));
        let path = match rest {
            Some(rest) => rest.find('/').map_or("/", |at| &rest[at..]),
            None => link,
        };
        let plain = path.starts_with('/') && !path.starts_with("//") && path.bytes().all(|b| b.is_ascii_graphic());
        if !plain {
            return Err(ParseError::form(format!("`{}` is not a link that can be followed", shorten(link))));
        }
        Ok(Self { path: path.to_owned(), ..self.clone() })
    }
}

/// A request with its address resolved, as a source that signs sees it.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// The page.
    pub request: &'a Request,
    /// Scheme and host that it is sent to, overrides applied.
    pub origin: &'a str,
}

/// How a request is authorised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Auth {
    /// Not at all.
    #[default]
    None,
    /// `Authorization: Bearer <credential>`.
    Bearer(&'static str),
    /// A header of this name that holds the credential.
    Header(&'static str, &'static str),
    /// HTTP basic: user and password, both credentials.
    Basic(&'static str, &'static str),
    /// The source signs it itself in [`Source::authorize`].
    Signed,
}

impl Auth {
    fn headers(&self, secrets: &Secrets) -> Result<Vec<Header>, AuthError> {
        Ok(match *self {
            Self::None | Self::Signed => Vec::new(),
            Self::Bearer(name) => vec![Header::secret("Authorization", format!("Bearer {}", secrets.get(name)?))],
            Self::Header(header, name) => vec![Header::secret(header, secrets.get(name)?.to_owned())],
            Self::Basic(user, password) => {
                let pair = format!("{}:{}", secrets.get(user)?, secrets.get(password)?);
                vec![Header::secret("Authorization", format!("Basic {}", BASE64_STANDARD.encode(pair)))]
            }
        })
    }
}

/// A header whose value may be a secret. It cannot be shown.
pub struct Header {
    /// Name.
    pub name: &'static str,
    value: String,
}

impl Header {
    /// A header that is sent and never shown.
    #[must_use]
    pub fn secret(name: &'static str, value: String) -> Self {
        Self { name, value }
    }

    /// The value, for the wire.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.value
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: <hidden>", self.name)
    }
}

/// A credential that a source can use, and where it is usually kept.
#[derive(Clone, Copy)]
pub struct Credential {
    /// Name inside the source: `token`.
    pub name: &'static str,
    /// Environment variables that may hold it, in order: `["HCLOUD_TOKEN"]`.
    pub env: &'static [&'static str],
    /// Profile files that may hold it, in order, after the environment.
    pub files: &'static [ProfileFile],
    /// Whether the source cannot be read at all without it.
    pub required: bool,
}

/// A profile file of the provider's own tools.
#[derive(Clone, Copy)]
pub struct ProfileFile {
    /// Path from the home folder: `.config/hcloud/cli.toml`.
    pub path: &'static str,
    /// Environment variable that names another path, or empty: `AWS_SHARED_CREDENTIALS_FILE`.
    pub path_env: &'static str,
    /// Environment variable that names the profile, or empty: `AWS_PROFILE`.
    pub profile_env: &'static str,
    /// Finds the value in the file's text; the second argument is the profile, when one is named.
    pub read: fn(&str, Option<&str>) -> Option<String>,
}

/// The credentials at hand for one source. They cannot be shown.
#[derive(Default)]
pub struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    /// From names and values.
    #[must_use]
    pub fn new(values: Vec<(&'static str, String)>) -> Self {
        Self(values)
    }

    /// The value of a credential.
    ///
    /// # Errors
    /// [`AuthError::Missing`] when it is not at hand.
    pub fn get(&self, name: &'static str) -> Result<&str, AuthError> {
        self.find(name).ok_or(AuthError::Missing(name))
    }

    /// The value of a credential, when it is at hand.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// Blots every credential out of a text: the last line of defence for messages that quote what a server said.
    #[must_use]
    pub fn scrub(&self, text: &str) -> String {
        // A value this short would blot out ordinary words, and is no secret.
        const SECRET_BYTES_MIN: usize = 6;
        let mut text = text.to_owned();
        for (_, value) in self.0.iter().filter(|(_, value)| value.len() >= SECRET_BYTES_MIN) {
            text = text.replace(value.as_str(), "<hidden>");
        }
        text
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// What a unit word of a publication means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitRule {
    /// The word, exactly: `1 GB/Month`, `Hrs`, `10K`.
    pub text: &'static str,
    /// The book's unit.
    pub unit: Unit,
    /// How many of the book's units the published amount is for, as decimal text: `"1"`; `"0.01"` for a price per
    /// 10,000 requests in millions of requests. Dividing by it is exact or rounded once to the nano-dollar.
    pub count: &'static str,
}

impl UnitRule {
    /// A word for one of the book's units.
    #[must_use]
    pub const fn one(text: &'static str, unit: Unit) -> Self {
        Self::many(text, unit, "1")
    }

    /// A word for several, or a part, of the book's units.
    #[must_use]
    pub const fn many(text: &'static str, unit: Unit, count: &'static str) -> Self {
        Self { text, unit, count }
    }
}

/// Why a page could not be read.
#[derive(Debug, Error)]
pub enum ParseError {
    /// The bytes broke off or could not be had: worth another attempt.
    #[error("the page broke off: {0}")]
    Io(#[from] io::Error),
    /// The page is not what it has to be: another attempt will not help.
    #[error("{0}")]
    Form(String),
}

impl ParseError {
    /// A page in the wrong form.
    #[must_use]
    pub fn form(reason: impl Into<String>) -> Self {
        Self::Form(reason.into())
    }
}

impl From<serde_json::Error> for ParseError {
    fn from(error: serde_json::Error) -> Self {
        if error.is_io() {
            Self::Io(error.into())
        } else {
            Self::Form(format!("not the expected JSON: {}", shorten(&error.to_string())))
        }
    }
}

impl From<csv::Error> for ParseError {
    fn from(error: csv::Error) -> Self {
        match error.into_kind() {
            csv::ErrorKind::Io(error) => Self::Io(error),
            other => Self::Form(format!("not the expected CSV: {other:?}")),
        }
    }
}

/// Why a request could not be authorised. Says where the credential is looked for, never what it is.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum AuthError {
    /// It is not at hand.
    #[error("the credential `{0}` is not at hand")]
    Missing(&'static str),
    /// It cannot be used.
    #[error("the credential `{0}` cannot be used: {1}")]
    Unusable(&'static str, &'static str),
}

/// The first bytes of a text, on one line, for messages and [`Observation::raw`].
#[must_use]
pub fn shorten(text: &str) -> String {
    const CHARS_MAX: usize = 200;
    let line = |c: char| if c.is_control() { ' ' } else { c };
    let mut short: String = text.chars().take(CHARS_MAX).map(line).collect();
    if text.chars().nth(CHARS_MAX).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_encoded_as_rfc_7617_says() {
        let secrets = Secrets::new(vec![("user", "Aladdin".into()), ("password", "open sesame".into())]);
        let headers = Auth::Basic("user", "password").headers(&secrets).expect("both are there");
        assert_eq!(headers[0].expose(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }

    #[test]
    fn secrets_cannot_be_shown() {
        let secrets = Secrets::new(vec![("token", "canary-1234".into())]);
        let header = Auth::Bearer("token").headers(&secrets).expect("it is there");
        assert!(!format!("{secrets:?} {header:?}").contains("canary"));
        assert_eq!(secrets.scrub("no token canary-1234 here"), "no token <hidden> here");
        let missing = Auth::Bearer("other").headers(&secrets).expect_err("not at hand");
        assert_eq!(missing, AuthError::Missing("other"));
    }

    #[test]
    fn links_stay_on_their_host() {
        let page = Request::get("api", "/v1/a?page=1").with_auth(Auth::Bearer("token"));
        let next = |link: &str| page.at_link(link).map(|request| request.path);
        assert_eq!(next("https://evil.example/v1/a?page=2").ok().as_deref(), Some("/v1/a?page=2"));
        assert_eq!(next("/v1/a?page=2").ok().as_deref(), Some("/v1/a?page=2"));
        for bad in ["//evil.example/x", "ftp://x/y", "page=2", "/a b", "/a\r\nHost: x", ""] {
            assert!(next(bad).is_err(), "{bad:?}");
        }
    }
}
