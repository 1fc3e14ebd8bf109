//! One page over the network: attempts, waits, conditional and continued requests.

use super::body::{Body, Wire};
use super::endpoint::may_carry_credentials;
use super::retry::{is_passing, limit_wait, retry_after};
use super::spool::{Meta, Spool, Stored, page_id};
use super::{RunError, Setting};
use crate::collect::source::{Auth, Outgoing, Request, Source, shorten};
use std::cell::Cell;
use std::io::{self, Read as _};
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};
use ureq::http::{self, HeaderMap, Response};

/// How this program calls itself.
const USER_AGENT: &str = concat!("placer/", env!("CARGO_PKG_VERSION"), " (price collector)");
/// An attempt that brought this many bytes is no failed attempt: the next one goes on from there.
const PROGRESS_BYTES: u64 = 1 << 20;

/// Why an attempt failed.
#[derive(Clone, Debug)]
pub struct Failure {
    pub reason: String,
    /// Another attempt may succeed.
    pub passing: bool,
    /// The server asks to wait so long.
    pub wait: Option<Duration>,
    /// The server does not accept the credentials.
    pub refused: bool,
}

impl Failure {
    pub fn passing(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), passing: true, wait: None, refused: false }
    }

    pub fn lasting(reason: impl Into<String>) -> Self {
        Self { passing: false, ..Self::passing(reason) }
    }
}

/// A page, or that there is none.
pub enum Fetched<'a> {
    Absent,
    Page(Body<'a>),
}

/// An answer worth reading.
enum Answer {
    NotModified,
    Absent,
    /// The body, what is known of it, and at which byte of the whole it starts.
    Body(Box<ureq::BodyReader<'static>>, Meta, u64),
}

/// Requests of one run.
pub struct Client<'a> {
    source: &'a dyn Source,
    setting: &'a Setting<'a>,
    spool: &'a Spool,
    deadline: Instant,
    agent: ureq::Agent,
    /// Not before then is the next request sent.
    not_before: Instant,
    /// Bytes over the network, counted where they are read.
    counter: Rc<Cell<u64>>,
    /// Bytes before the last failure of the present page.
    bytes_at_failure: u64,
    pub bytes: u64,
    pub unchanged: usize,
    pub retries: usize,
}

impl<'a> Client<'a> {
    pub fn new(
        source: &'a dyn Source,
        setting: &'a Setting<'a>,
        spool: &'a Spool,
        deadline: Instant,
    ) -> Result<Self, RunError> {
        if let Some(how) = super::credentials::missing(source, setting.secrets) {
            return Err(RunError::Credentials(format!("it needs credentials: {how}")));
        }
        let limits = setting.limits;
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .user_agent(USER_AGENT)
            .accept_encoding("gzip")
            // A redirect could carry credentials to another host: none is followed.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_resolve(Some(limits.connect))
            .timeout_connect(Some(limits.connect))
            .timeout_send_request(Some(limits.silence))
            .timeout_recv_response(Some(limits.silence))
            .timeout_per_read(Some(limits.silence))
            .timeout_recv_body(Some(limits.body))
            .build();
        Ok(Self {
            source,
            setting,
            spool,
            deadline,
            agent: config.into(),
            not_before: Instant::now(),
            counter: Rc::default(),
            bytes_at_failure: 0,
            bytes: 0,
            unchanged: 0,
            retries: 0,
        })
    }

    /// Blots credentials out.
    pub fn hide(&self, text: &str) -> String {
        self.setting.secrets.scrub(text)
    }

    /// The address of a page for messages: no credentials are in it.
    pub fn address(&self, request: &Request) -> Result<String, RunError> {
        let origin = self.setting.overrides.origin(self.source, request).map_err(RunError::Collector)?;
        Ok(self.hide(&format!("{origin}{}", shorten(&request.path))))
    }

    /// Fetches a page, with all the attempts that are due.
    pub fn fetch(&mut self, request: &Request) -> Result<Fetched<'a>, RunError> {
        let id = page_id(request);
        if let Some(stored) = self.spool.complete(&id).filter(|stored| self.spool.is_fresh(stored)) {
            self.unchanged += 1;
            return Ok(stored_page(stored, request));
        }
        let mut attempt = 0;
        self.bytes_at_failure = self.counter.get();
        loop {
            let failure = match self.attempt(request, &id) {
                Ok(fetched) => {
                    self.bytes = self.counter.get();
                    return Ok(fetched);
                }
                Err(failure) => failure,
            };
            attempt += 1;
            if self.counter.get() - self.bytes_at_failure >= PROGRESS_BYTES {
                attempt = 1;
            }
            self.again(request, attempt, &failure)?;
        }
    }

    /// Waits before the next attempt, or gives up.
    pub fn again(&mut self, request: &Request, attempt: u32, failure: &Failure) -> Result<(), RunError> {
        self.bytes_at_failure = self.counter.get();
        let page = self.address(request)?;
        let reason = self.hide(&failure.reason);
        if failure.refused {
            let ways = self.source.credentials().iter().map(super::credentials::how_to_give);
            let ways = ways.collect::<Vec<_>>().join("; ");
            return Err(RunError::Credentials(format!("{page}: {reason}: are the credentials right? {ways}")));
        }
        let limits = self.setting.limits;
        let too_long = failure.wait.is_some_and(|wait| wait > limits.asked_wait_max);
        if !failure.passing || attempt >= limits.attempts || too_long {
            let times = if attempt > 1 { format!(" ({attempt} attempts)") } else { String::new() };
            let asks = failure.wait.filter(|_| too_long);
            let asks = asks.map_or_else(String::new, |wait| format!(", and asks to wait {} s", wait.as_secs()));
            return Err(RunError::Fetch { page, reason: format!("{reason}{asks}{times}") });
        }
        let own = limits.wait(attempt + 1, fastrand::f64());
        let wait = failure.wait.map_or(own, |asked| asked + own / 4);
        self.retries += 1;
        let text = format!("{reason}; again in {:.1} s", wait.as_secs_f64());
        self.setting.progress.note(self.source.name(), &text);
        self.sleep(wait)
    }

    fn sleep(&self, wait: Duration) -> Result<(), RunError> {
        if Instant::now() + wait > self.deadline {
            return Err(RunError::Deadline(self.source.deadline()));
        }
        thread::sleep(wait);
        Ok(())
    }

    fn attempt(&mut self, request: &Request, id: &str) -> Result<Fetched<'a>, Failure> {
        let disk = |error: io::Error| Failure::lasting(format!("cannot keep the page on disk: {error}"));
        let usable = |stored: &Stored| stored.meta.validator().is_some() && stored.len > 0;
        let begun = self.spool.begun(id).filter(usable);
        let complete = if begun.is_some() { None } else { self.spool.complete(id) };
        let answer = self.send(request, begun.as_ref(), complete.as_ref())?;
        let (reader, meta, from) = match answer {
            Answer::NotModified => {
                let stored = complete.ok_or_else(|| Failure::passing("not modified, but nothing is at hand"))?;
                self.spool.confirm(id).map_err(disk)?;
                self.unchanged += 1;
                return Ok(stored_page(stored, request));
            }
            Answer::Absent => {
                let absent = Meta { absent: true, ..Meta::default() };
                self.spool.begin(id, &absent).map_err(disk)?;
                self.spool.complete_begun(id).map_err(disk)?;
                return Ok(Fetched::Absent);
            }
            Answer::Body(reader, meta, from) => (reader, meta, from),
        };
        let begun = begun.filter(|begun| from > 0 && from == begun.len);
        if from > 0 && begun.is_none() {
            self.spool.forget(id);
            return Err(Failure::passing("the answer continues another page"));
        }
        let file = if begun.is_some() { self.spool.append(id) } else { self.spool.begin(id, &meta) }.map_err(disk)?;
        let meta = begun.as_ref().map_or(meta, |begun| begun.meta.clone());
        let gzip = meta.gzip;
        let disk_part = begun.map(|begun| begun.bytes);
        let counter = Rc::clone(&self.counter);
        let wire = Wire::new(disk_part, *reader, file, meta.length, counter, self.deadline);
        let mut body = Body::wire(wire, gzip, request.bytes_max, self.spool, id);
        if request.streamed {
            return Ok(Fetched::Page(body));
        }
        // Whole, decoded and within its limit before a parser sees it.
        if let Err(error) = body.finish() {
            return Err(body.failure().unwrap_or_else(|| Failure::lasting(error.to_string())));
        }
        drop(body);
        let stored = self.spool.complete(id).ok_or_else(|| Failure::passing("the page on disk is damaged"))?;
        Ok(stored_page(stored, request))
    }

    /// Sends a request once.
    fn send(
        &mut self,
        request: &Request,
        begun: Option<&Stored>,
        complete: Option<&Stored>,
    ) -> Result<Answer, Failure> {
        let now = Instant::now();
        if now < self.not_before {
            let wait = self.not_before - now;
            if wait > self.setting.limits.asked_wait_max {
                let seconds = wait.as_secs();
                return Err(Failure::lasting(format!("the rate limit is used up for {seconds} s")));
            }
            self.sleep(wait).map_err(|error| Failure::lasting(error.to_string()))?;
        }
        self.not_before = Instant::now() + self.source.pause();
        let outgoing = self.outgoing(request, begun, complete)?;
        let response = match &request.post {
            None => self.agent.run(outgoing.map(|_| ())),
            Some(_) => self.agent.run(outgoing),
        };
        let response = response.map_err(|error| match error {
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => Failure::lasting(error.to_string()),
            error => Failure::passing(error.to_string()),
        })?;
        self.obey_limits(response.headers());
        self.answer(request, response, begun, complete)
    }

    /// The request with all its headers.
    fn outgoing(
        &self,
        request: &Request,
        begun: Option<&Stored>,
        complete: Option<&Stored>,
    ) -> Result<http::Request<Vec<u8>>, Failure> {
        let origin = self.setting.overrides.origin(self.source, request).map_err(Failure::lasting)?;
        if request.auth != Auth::None && !may_carry_credentials(&origin) {
            return Err(Failure::lasting("credentials are not sent without TLS to another machine"));
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        let authorised = Outgoing { request, origin: &origin };
        let authorised = self.source.authorize(&authorised, self.setting.secrets, now);
        let authorised = authorised.map_err(|error| Failure::lasting(error.to_string()))?;
        let method = if request.post.is_some() { http::Method::POST } else { http::Method::GET };
        let mut outgoing = http::Request::builder().method(method).uri(format!("{origin}{}", request.path));
        outgoing = outgoing.header("accept", request.content_types.join(", "));
        for (name, value) in &request.headers {
            outgoing = outgoing.header(*name, value);
        }
        for header in &authorised {
            let mut value = http::HeaderValue::from_str(header.expose())
                .map_err(|_| Failure::lasting("a credential cannot stand in a header"))?;
            value.set_sensitive(true);
            outgoing = outgoing.header(header.name, value);
        }
        if let Some(begun) = begun
            && let Some(validator) = begun.meta.validator()
        {
            outgoing = outgoing.header("range", format!("bytes={}-", begun.len)).header("if-range", validator);
        }
        if let Some(complete) = complete.filter(|_| request.post.is_none()) {
            if let Some(etag) = &complete.meta.etag {
                outgoing = outgoing.header("if-none-match", etag);
            } else if let Some(modified) = &complete.meta.modified {
                outgoing = outgoing.header("if-modified-since", modified);
            }
        }
        let body = request.post.clone().unwrap_or_default();
        outgoing.body(body).map_err(|error| Failure::lasting(format!("the request cannot be made: {error}")))
    }

    fn obey_limits(&mut self, headers: &HeaderMap) {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(wait) = limit_wait(header, SystemTime::now()) {
            let seconds = wait.as_secs();
            self.setting.progress.note(self.source.name(), &format!("rate limit used up; waiting {seconds} s"));
            self.not_before = self.not_before.max(Instant::now() + wait);
        }
    }

    fn answer(
        &self,
        request: &Request,
        response: Response<ureq::Body>,
        begun: Option<&Stored>,
        complete: Option<&Stored>,
    ) -> Result<Answer, Failure> {
        let status = response.status().as_u16();
        let headers = response.headers();
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        match status {
            304 if complete.is_some() => return Ok(Answer::NotModified),
            200 => {}
            206 if begun.is_some() => {}
            // What was begun does not fit any more: from the start.
            416 if begun.is_some() => {
                self.spool.forget(&page_id(request));
                return Err(Failure::passing("the begun page cannot be continued"));
            }
            _ if request.absent_statuses.contains(&status) => return Ok(Answer::Absent),
            _ => return Err(self.refusal(status, response)),
        }
        let content_type = header("content-type").unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if !request.content_types.contains(&essence.as_str()) {
            let expected = request.content_types.join(" or ");
            // A gateway's error page comes with status 200 as well, and goes away.
            return Err(Failure::passing(format!("answered `{}`, not {expected}", shorten(&content_type))));
        }
        let gzip = match header("content-encoding").unwrap_or_default().trim() {
            "" | "identity" => false,
            "gzip" | "x-gzip" => true,
            other => return Err(Failure::lasting(format!("answered in encoding `{}`", shorten(other)))),
        };
        let (from, length) = if status == 206 {
            let range = header("content-range").unwrap_or_default();
            content_range(&range).ok_or_else(|| Failure::passing(format!("odd range `{}`", shorten(&range))))?
        } else {
            (0, header("content-length").and_then(|value| value.parse().ok()))
        };
        if length.is_some_and(|length| length > request.bytes_max) {
            return Err(Failure::lasting(format!("the page is larger than {} bytes", request.bytes_max)));
        }
        let meta = Meta { etag: header("etag"), modified: header("last-modified"), gzip, length, absent: false };
        let reader = response.into_body().into_with_config().limit(u64::MAX).reader();
        Ok(Answer::Body(Box::new(reader), meta, from))
    }

    /// A status that is no page.
    fn refusal(&self, status: u16, response: Response<ureq::Body>) -> Failure {
        let asked = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let wait = asked.and_then(|value| retry_after(value, SystemTime::now()));
        let place = response.headers().get("location").and_then(|value| value.to_str().ok()).map(shorten);
        let mut text = Vec::new();
        // What the server says is a help, not a need.
        let _ = response.into_body().into_reader().take(4 << 10).read_to_end(&mut text);
        let text = self.hide(&shorten(String::from_utf8_lossy(&text).trim()));
        let reason = match (status, place) {
            (300..=399, Some(place)) => format!("HTTP {status} leads to {place}, which is not followed"),
            _ if text.is_empty() => format!("HTTP {status}"),
            _ => format!("HTTP {status}: {text}"),
        };
        let wait = wait.filter(|_| matches!(status, 429 | 503));
        Failure { reason, passing: is_passing(status), wait, refused: matches!(status, 401 | 403) }
    }
}

/// First byte and total of `bytes 100-199/1000`.
fn content_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    let from = range.split_once('-')?.0.parse().ok()?;
    Some((from, total.parse().ok()))
}

fn stored_page<'a>(stored: Stored, request: &Request) -> Fetched<'a> {
    if stored.meta.absent {
        return Fetched::Absent;
    }
    Fetched::Page(Body::stored(stored, request.bytes_max))
}
