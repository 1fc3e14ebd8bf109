//! What went wrong, as RFC 9457 wants it told (`application/problem+json`).

use crate::app::Faults;
use crate::store::StoreError;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Write as _};

/// The media type of a problem.
pub const MEDIA: &str = "application/problem+json";

/// Every sort of problem. Its word is the end of the `type`, and never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The path, the query or a header cannot be read.
    BadRequest,
    /// No token, or one that opens nothing.
    Unauthorized,
    /// The token's role is too small, or another site sent the request.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// The path has no such method.
    MethodNotAllowed,
    /// The request did not come in time.
    TooSlow,
    /// It does not fit what is there.
    Conflict,
    /// Something else is there than the request was made for.
    Changed,
    /// The body is too large.
    TooLarge,
    /// The body is of another media type than those that are taken.
    UnsupportedMedia,
    /// The request was meant for another host.
    Misdirected,
    /// The body can be read, and what it says is wrong; `errors` has every fault.
    Invalid,
    /// Too many at once.
    TooMany,
    /// A fault of this program.
    Internal,
    /// Not at the moment.
    Unavailable,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 15] = [
        Self::BadRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::TooSlow,
        Self::Conflict,
        Self::Changed,
        Self::TooLarge,
        Self::UnsupportedMedia,
        Self::Misdirected,
        Self::Invalid,
        Self::TooMany,
        Self::Internal,
        Self::Unavailable,
    ];

    const fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::BadRequest => (StatusCode::BAD_REQUEST, "bad-request", "The request cannot be read"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", "A valid token is needed"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "This is not allowed"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is no such thing"),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "The path has no such method")
            }
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "too-slow", "The request did not come in time"),
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "It does not fit what is there"),
            Self::Changed => (StatusCode::PRECONDITION_FAILED, "changed", "It has changed meanwhile"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large"),
            Self::UnsupportedMedia => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media", "The body's media type is not taken")
            }
            Self::Misdirected => (StatusCode::MISDIRECTED_REQUEST, "misdirected", "The request is for another host"),
            Self::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "What the body says is wrong"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too-many", "Too many at once"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "A fault of placer"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not at the moment"),
        }
    }

    /// The status.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.parts().0
    }

    /// What it means, in a few words; the `title`.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.parts().2
    }
}

/// A problem as it is told.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub struct Body {
    /// `urn:placer:problem:` and the word of the kind.
    #[serde(rename = "type")]
    pub about: String,
    /// What the kind means.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened here, and what to do about it.
    pub detail: String,
    /// Every single fault of a document that was sent.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub errors: Vec<Pointed>,
}

/// One fault of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ProblemError")]
pub struct Pointed {
    /// Where, as a JSON pointer in a URI fragment: `#/component/2/cpu`.
    pub pointer: String,
    /// What was found, what was expected, and what to do.
    pub detail: String,
    /// Line of the text, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Column of the line in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// What kind of fault: a stable word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<serde_json::Value>,
    /// The nearest valid name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<String>,
}

/// Why a request was not answered as it wished.
#[derive(Clone, Debug)]
pub struct Problem {
    kind: Kind,
    detail: String,
    errors: Vec<Pointed>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem in words.
    pub fn new(kind: Kind, detail: impl fmt::Display) -> Self {
        Self { kind, detail: detail.to_string(), errors: Vec::new(), headers: Vec::new() }
    }

    /// There is no such thing.
    #[must_use]
    pub fn not_found(what: &str, name: &str) -> Self {
        Self::new(Kind::NotFound, format_args!("there is no {what} `{}`", shown(name)))
    }

    /// Not at the moment; to be tried again after so many seconds.
    pub fn unavailable(detail: impl fmt::Display, again_seconds: u32) -> Self {
        Self::new(Kind::Unavailable, detail).with(header::RETRY_AFTER, HeaderValue::from(again_seconds))
    }

    /// Every fault of a document that was sent.
    #[must_use]
    pub fn faults(what: &str, faults: &Faults) -> Self {
        let count = faults.count();
        let noun = if count == 1 { "fault" } else { "faults" };
        let errors = faults.faults.iter().map(|fault| Pointed {
            pointer: pointer(&fault.path),
            detail: in_words(fault),
            line: Some(fault.line),
            column: Some(fault.column),
            code: serde_json::to_value(fault.code).ok(),
            nearest: fault.nearest.clone(),
        });
        let detail = format!("{what} has {count} {noun}; `errors` says where and what to do");
        Self { errors: errors.collect(), ..Self::new(Kind::Invalid, detail) }
    }

    /// One fault of a document that was sent.
    pub fn at(pointer: &str, detail: impl fmt::Display) -> Self {
        let (pointer, detail) = (pointer.to_owned(), detail.to_string());
        let error = Pointed { pointer, detail: detail.clone(), line: None, column: None, code: None, nearest: None };
        Self { errors: vec![error], ..Self::new(Kind::Invalid, detail) }
    }

    /// The same with every single fault.
    #[must_use]
    pub fn with_errors(self, errors: Vec<Pointed>) -> Self {
        Self { errors, ..self }
    }

    /// The same of another sort.
    #[must_use]
    pub fn of(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// With a header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The sort.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// As it is told.
    #[must_use]
    pub fn body(&self) -> Body {
        let (status, word, title) = self.kind.parts();
        Body {
            about: format!("urn:placer:problem:{word}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: self.detail.clone(),
            errors: self.errors.clone(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl From<StoreError> for Problem {
    /// The store's own words name files of this machine; they go to the log, not to whoever asks.
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store failed");
        let detail = "the store cannot be used at the moment; the server's log says why";
        match error {
            StoreError::Version { .. } => Self::new(Kind::Internal, detail),
            _ => Self::unavailable(detail, 5),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let text = serde_json::to_string(&self.body()).unwrap_or_default();
        let mut response = (self.kind.status(), [(header::CONTENT_TYPE, MEDIA)], text).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(self.headers);
        response
    }
}

/// A word from outside between backticks: bounded, and without control characters.
#[must_use]
pub fn shown(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    let mut shown: String = text.chars().take(CHARS_MAX).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// `component[2].cpu` as `#/component/2/cpu`.
fn pointer(path: &str) -> String {
    let mut pointer = String::from("#");
    for part in path.split(['.', '[']).filter(|part| !part.is_empty()) {
        let part = part.trim_end_matches(']').trim_matches('"').replace('~', "~0").replace('/', "~1");
        // A fragment takes some characters only by their number.
        let part = part.bytes().fold(String::new(), |mut text, byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                text.push(char::from(byte));
            } else {
                let _ = write!(text, "%{byte:02X}");
            }
            text
        });
        pointer.push('/');
        pointer.push_str(&part);
    }
    pointer
}

fn in_words(fault: &crate::app::Fault) -> String {
    let mut text = format!("{}; expected {}", fault.found, fault.expected);
    if let Some(nearest) = &fault.nearest {
        let _ = write!(text, "; did you mean `{nearest}`?");
    }
    if let Some(help) = &fault.help {
        let _ = write!(text, "; {help}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_paths_become_pointers() {
        for (path, expected) in
            [("", "#"), ("name", "#/name"), ("component[2].cpu", "#/component/2/cpu"), ("a.\"b c\"", "#/a/b%20c")]
        {
            assert_eq!(pointer(path), expected, "{path}");
        }
    }

    #[test]
    fn every_kind_has_its_own_word_and_an_error_status() {
        let mut words: Vec<_> = Kind::ALL.map(|kind| kind.parts().1).to_vec();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Kind::ALL.len());
        assert!(Kind::ALL.iter().all(|kind| kind.status().as_u16() >= 400));
    }

    #[test]
    fn words_from_outside_are_made_harmless() {
        assert_eq!(shown("a\u{1b}b"), "a\u{fffd}b");
        assert_eq!(shown(&"x".repeat(61)).chars().count(), 61);
    }
}
