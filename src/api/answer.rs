//! Answers, each of which says for itself, in the OpenAPI document, what it is.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use std::marker::PhantomData;

/// A success as the OpenAPI document tells it.
pub struct AnswerDoc {
    /// The status.
    pub status: StatusCode,
    /// What it means.
    pub says: &'static str,
    /// Media type and schema; `None`: no body.
    pub body: Option<(&'static str, Schema)>,
    /// Headers that it has: name and what it holds.
    pub headers: &'static [(&'static str, &'static str)],
}

/// What a handler gives when all went well.
pub trait Answer: Send {
    /// Every success that it can be.
    fn docs(generator: &mut SchemaGenerator) -> Vec<AnswerDoc>;

    /// As it is sent.
    fn respond(self) -> Response;
}

const JSON: &str = "application/json";

fn doc<T: JsonSchema>(generator: &mut SchemaGenerator, status: StatusCode, says: &'static str) -> Vec<AnswerDoc> {
    vec![AnswerDoc { status, says, body: Some((JSON, generator.subschema_for::<T>())), headers: &[] }]
}

fn json<T: Serialize>(status: StatusCode, value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => {
            (status, [(header::CONTENT_TYPE, JSON), (header::CACHE_CONTROL, "no-store")], bytes).into_response()
        }
        Err(error) => super::problem::Problem::new(super::problem::Kind::Internal, error).into_response(),
    }
}

/// 200 with JSON.
#[derive(Debug)]
pub struct Found<T>(pub T);

impl<T: Serialize + JsonSchema + Send> Answer for Found<T> {
    fn docs(generator: &mut SchemaGenerator) -> Vec<AnswerDoc> {
        doc::<T>(generator, StatusCode::OK, "It is here.")
    }

    fn respond(self) -> Response {
        json(StatusCode::OK, &self.0)
    }
}

/// 202 with JSON: it goes on after the answer.
#[derive(Debug)]
pub struct Begun<T>(pub T);

impl<T: Serialize + JsonSchema + Send> Answer for Begun<T> {
    fn docs(generator: &mut SchemaGenerator) -> Vec<AnswerDoc> {
        doc::<T>(generator, StatusCode::ACCEPTED, "It was begun and goes on; follow `/v1/events`.")
    }

    fn respond(self) -> Response {
        json(StatusCode::ACCEPTED, &self.0)
    }
}

/// 201 or 200 with JSON: it is new, or was there before.
#[derive(Debug)]
pub struct Put<T> {
    /// Whether it is new.
    pub new: bool,
    /// Where it is.
    pub location: String,
    /// What was put.
    pub value: T,
}

impl<T: Serialize + JsonSchema + Send> Answer for Put<T> {
    fn docs(generator: &mut SchemaGenerator) -> Vec<AnswerDoc> {
        let mut docs = doc::<T>(generator, StatusCode::OK, "It was there already.");
        docs.extend(doc::<T>(generator, StatusCode::CREATED, "It is new."));
        for doc in &mut docs {
            doc.headers = &[("Location", "Where it is.")];
        }
        docs
    }

    fn respond(self) -> Response {
        let status = if self.new { StatusCode::CREATED } else { StatusCode::OK };
        let mut response = json(status, &self.value);
        if let Ok(location) = HeaderValue::from_str(&self.location) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }
}

/// 204.
#[derive(Debug)]
pub struct Gone;

impl Answer for Gone {
    fn docs(_: &mut SchemaGenerator) -> Vec<AnswerDoc> {
        vec![AnswerDoc { status: StatusCode::NO_CONTENT, says: "It is gone.", body: None, headers: &[] }]
    }

    fn respond(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

/// 200 with JSON that was made before, or 304 for whoever has it.
#[derive(Debug)]
pub struct Kept<T> {
    /// The JSON text; `None`: the client has it.
    pub bytes: Option<Bytes>,
    /// Its entity tag, with quotes.
    pub tag: HeaderValue,
    /// What it is the text of.
    pub of: PhantomData<fn() -> T>,
}

impl<T> Kept<T> {
    /// The text, or that the client has it already.
    pub fn new(headers: &HeaderMap, tag: &HeaderValue, bytes: impl FnOnce() -> Bytes) -> Self {
        let bytes = (!has(headers, tag)).then(bytes);
        Self { bytes, tag: tag.clone(), of: PhantomData }
    }
}

/// Whether a client says that it has what a tag names.
#[must_use]
pub fn has(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let Ok(tag) = tag.to_str() else { return false };
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|one| one.trim().trim_start_matches("W/"))
        .any(|one| one == tag || one == "*")
}

/// An entity tag of a hexadecimal digest.
#[must_use]
pub fn tag(digest: &str) -> HeaderValue {
    const DIGITS: usize = 32;
    let digits = digest.get(..DIGITS).unwrap_or(digest);
    HeaderValue::from_str(&format!("\"{digits}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

impl<T: JsonSchema + Send> Answer for Kept<T> {
    fn docs(generator: &mut SchemaGenerator) -> Vec<AnswerDoc> {
        let mut docs = doc::<T>(generator, StatusCode::OK, "It is here.");
        docs.push(AnswerDoc {
            status: StatusCode::NOT_MODIFIED,
            says: "It is what `If-None-Match` names.",
            body: None,
            headers: &[],
        });
        for doc in &mut docs {
            doc.headers = &[("ETag", "Names this very text; send it as `If-None-Match`.")];
        }
        docs
    }

    fn respond(self) -> Response {
        let headers = [
            (header::ETAG, self.tag),
            // It may be kept, and must be asked for again every time.
            (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
        ];
        match self.bytes {
            None => (StatusCode::NOT_MODIFIED, headers).into_response(),
            Some(bytes) => (headers, [(header::CONTENT_TYPE, JSON)], Body::from(bytes)).into_response(),
        }
    }
}

/// 200 with a text of some media type.
#[derive(Debug)]
pub struct Text<M> {
    /// The text.
    pub text: String,
    /// Its media type.
    pub media: PhantomData<fn() -> M>,
}

impl<M> Text<M> {
    /// A text.
    pub fn new(text: String) -> Self {
        Self { text, media: PhantomData }
    }
}

/// A media type.
pub trait Media {
    /// How it is written.
    const TYPE: &'static str;
}

/// A picture.
#[derive(Debug)]
pub enum Svg {}
impl Media for Svg {
    const TYPE: &'static str = "image/svg+xml";
}

/// A TOML document.
#[derive(Debug)]
pub enum Toml {}
impl Media for Toml {
    const TYPE: &'static str = "application/toml";
}

/// Metrics as Prometheus reads them.
#[derive(Debug)]
pub enum OpenMetrics {}
impl Media for OpenMetrics {
    const TYPE: &'static str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

impl<M: Media> Answer for Text<M> {
    fn docs(generator: &mut SchemaGenerator) -> Vec<AnswerDoc> {
        let body = Some((M::TYPE, generator.subschema_for::<String>()));
        vec![AnswerDoc { status: StatusCode::OK, says: "It is here.", body, headers: &[] }]
    }

    fn respond(self) -> Response {
        ([(header::CONTENT_TYPE, M::TYPE), (header::CACHE_CONTROL, "no-store")], self.text).into_response()
    }
}
