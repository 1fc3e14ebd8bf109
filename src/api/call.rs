//! Reading a request: path, query and body into types that say for themselves, in the OpenAPI document, what they take.

use super::auth::Caller;
use super::problem::{Kind, Problem, shown};
use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{FromRequestParts, Query, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde::de::value::{Error as ValueError, MapDeserializer};
use std::time::Duration;

/// No parameters, where a route takes none.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A request that was read and let in.
#[derive(Debug)]
pub struct Call<P, Q, B> {
    /// Parts of the path.
    pub path: P,
    /// The query.
    pub query: Q,
    /// The body.
    pub body: B,
    /// Who asks.
    pub caller: Caller,
    /// The headers.
    pub headers: HeaderMap,
}

/// Parameters of a path or a query: flat, of texts and numbers.
pub trait Params: DeserializeOwned + JsonSchema + Send + 'static {}

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Params for T {}

/// How a body is described.
pub struct BodyDoc {
    /// Media type and schema of every form that is taken.
    pub media: Vec<(&'static str, Schema)>,
}

/// A body that a route takes.
pub trait FromBody: Sized + Send + 'static {
    /// How it is described; `None`: there is none.
    fn doc(generator: &mut SchemaGenerator) -> Option<BodyDoc>;

    /// Reads it. `media` is the content type's essence, empty when it is not stated.
    ///
    /// # Errors
    /// What is wrong with it.
    fn read(media: &str, bytes: &Bytes) -> Result<Self, Problem>;
}

impl FromBody for Nothing {
    fn doc(_: &mut SchemaGenerator) -> Option<BodyDoc> {
        None
    }

    fn read(_: &str, _: &Bytes) -> Result<Self, Problem> {
        Ok(Self {})
    }
}

/// A body in JSON.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned + JsonSchema + Send + 'static> FromBody for JsonBody<T> {
    fn doc(generator: &mut SchemaGenerator) -> Option<BodyDoc> {
        Some(BodyDoc { media: vec![(JSON, generator.subschema_for::<T>())] })
    }

    fn read(media: &str, bytes: &Bytes) -> Result<Self, Problem> {
        if media != JSON {
            return Err(unsupported(media, JSON));
        }
        json(bytes).map(Self)
    }
}

const JSON: &str = "application/json";
const TOML: &str = "application/toml";
/// What many clients send in place of it.
const TEXT_TOML: &str = "text/toml";

/// A TOML document: as it is, or as a JSON string.
#[derive(Debug)]
pub struct TomlBody(pub Bytes);

impl FromBody for TomlBody {
    fn doc(generator: &mut SchemaGenerator) -> Option<BodyDoc> {
        let text = || generator.clone().subschema_for::<String>();
        Some(BodyDoc { media: vec![(JSON, text()), (TOML, text()), (TEXT_TOML, text())] })
    }

    fn read(media: &str, bytes: &Bytes) -> Result<Self, Problem> {
        match media {
            TOML | TEXT_TOML => Ok(Self(bytes.clone())),
            JSON => json::<String>(bytes).map(|text| Self(text.into_bytes().into())),
            _ => Err(unsupported(media, "application/toml, text/toml or application/json (a string)")),
        }
    }
}

fn unsupported(media: &str, taken: &str) -> Problem {
    let found = if media.is_empty() { "the request has no content-type".to_owned() } else { shown(media) };
    Problem::new(Kind::UnsupportedMedia, format_args!("{found}; this path takes {taken}"))
}

fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read: T = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let pointer = if path == "." { "#".to_owned() } else { pointer_of(&path) };
        let (line, column) = (error.inner().line(), error.inner().column());
        // Not JSON at all is a request that cannot be read; the wrong JSON is a document with a fault.
        if error.inner().is_data() {
            Problem::at(&pointer, error.inner())
        } else {
            Problem::new(
                Kind::BadRequest,
                format_args!("the body is no JSON: {} (line {line}, column {column})", error.inner()),
            )
        }
    })?;
    reader.end().map_err(|error| Problem::new(Kind::BadRequest, format_args!("the body is no JSON: {error}")))?;
    Ok(read)
}

fn pointer_of(path: &str) -> String {
    let parts = path.split(['.', '[', ']']).filter(|part| !part.is_empty());
    parts.fold("#".to_owned(), |pointer, part| format!("{pointer}/{part}"))
}

/// Reads the parts of the path.
pub async fn path<P: Params>(parts: &mut Parts) -> Result<P, Problem> {
    let none = Vec::new;
    let found = match RawPathParams::from_request_parts(parts, &()).await {
        Ok(found) => found.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        Err(axum::extract::rejection::RawPathParamsRejection::InvalidUtf8InPathParam(_)) => {
            return Err(Problem::new(Kind::BadRequest, "the path is not UTF-8"));
        }
        // A route without parameters.
        Err(_) => none(),
    };
    let texts = MapDeserializer::<_, ValueError>::new(found.into_iter());
    // What does not have the form of a name is the name of nothing.
    P::deserialize(texts).map_err(|error| Problem::new(Kind::NotFound, error))
}

/// Reads the query.
pub fn query<Q: Params>(parts: &Parts) -> Result<Q, Problem> {
    let read = Query::<Q>::try_from_uri(&parts.uri);
    read.map(|Query(query)| query)
        .map_err(|error| Problem::new(Kind::BadRequest, format_args!("the query cannot be read: {}", in_words(&error))))
}

/// The words of an error and its cause, without what axum says before them.
fn in_words(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

/// The content type without its parameters, in lower case; empty: not stated or no media type.
pub fn media(headers: &HeaderMap) -> String {
    let stated = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let parsed = stated.and_then(|text| text.parse::<mime::Mime>().ok());
    parsed.map(|mime| mime.essence_str().to_owned()).unwrap_or_default()
}

/// Reads a body: not more than so many bytes, and not for longer than so long.
pub async fn bytes(body: Body, bytes_max: usize, within: Duration) -> Result<Bytes, Problem> {
    let too_large = || {
        Problem::new(
            Kind::TooLarge,
            format_args!("the body is larger than {} KiB, the limit of this path", bytes_max >> 10),
        )
    };
    let too_slow = || {
        let seconds = within.as_secs();
        Problem::new(Kind::TooSlow, format_args!("the body was not there within {seconds} seconds"))
            .with(header::CONNECTION, axum::http::HeaderValue::from_static("close"))
    };
    // What is too large by its own word is not waited for.
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(too_large());
    }
    match tokio::time::timeout(within, axum::body::to_bytes(body, bytes_max)).await {
        Err(_) => Err(too_slow()),
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => {
            let limit =
                std::error::Error::source(&error).is_some_and(|cause| cause.to_string().contains("length limit"));
            if limit { Err(too_large()) } else { Err(Problem::new(Kind::BadRequest, "the body ended too early")) }
        }
    }
}
