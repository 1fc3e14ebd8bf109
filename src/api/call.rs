//! Reading a request: path, query and body into types that say for themselves, in the OpenAPI document, what they take.

use super::auth::Caller;
use super::problem::{Kind, Problem, shown};
use super::route::inline;
use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{FromRequestParts, Query, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde::de::value::{Error as ValueError, MapDeserializer};
use serde_json::Value;
use std::time::Duration;
use tokio_stream::StreamExt as _;

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
        let read = json(bytes)?;
        // The reader also takes a list of values for an object, which is none.
        let sent: Value = serde_json::from_slice(bytes).unwrap_or_default();
        match list_for_object(&sent, inline().into_root_schema_for::<T>().as_value(), "#") {
            Some(pointer) => Err(Problem::at(&pointer, "an object is expected here, not a list")),
            None => Ok(Self(read)),
        }
    }
}

/// Where a list stands that the schema wants to be an object.
fn list_for_object(sent: &Value, schema: &Value, at: &str) -> Option<String> {
    let choices = schema["anyOf"].as_array().map_or(std::slice::from_ref(schema), Vec::as_slice);
    choices.iter().find_map(|schema| match sent {
        Value::Array(_) if schema["properties"].is_object() => Some(at.to_owned()),
        Value::Array(items) => {
            let mut numbered = items.iter().enumerate();
            numbered.find_map(|(item, sent)| list_for_object(sent, &schema["items"], &format!("{at}/{item}")))
        }
        Value::Object(fields) => {
            let mut fields = fields.iter();
            fields.find_map(|(name, sent)| list_for_object(sent, &schema["properties"][name], &format!("{at}/{name}")))
        }
        _ => None,
    })
}

/// Bytes of a body that is too large which are taken all the same.
const DRAINED_MAX: u64 = 8 << 20;
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
///
/// # Errors
/// It is too large, too slow, or ended too early.
pub async fn bytes(body: Body, bytes_max: usize, within: Duration) -> Result<Bytes, Problem> {
    let limit = bytes_max >> 10;
    let told = format!("the body is larger than {limit} KiB, the limit of this path");
    let too_large = Problem::new(Kind::TooLarge, told);
    let max = bytes_max as u64;
    // What is far too large by its own word is not waited for.
    if body.size_hint().lower() > max + DRAINED_MAX {
        return Err(too_large);
    }
    match tokio::time::timeout(within, gathered(body, max)).await {
        Ok(Ok(Some(bytes))) => Ok(bytes),
        Ok(Ok(None)) => Err(too_large),
        Ok(Err(_)) => Err(Problem::new(Kind::BadRequest, "the body ended too early")),
        Err(_) => {
            let seconds = within.as_secs();
            let told = format!("the body was not there within {seconds} seconds");
            let close = axum::http::HeaderValue::from_static("close");
            Err(Problem::new(Kind::TooSlow, told).with(header::CONNECTION, close))
        }
    }
}

/// The bytes of a body; `None`: it is too large. A client that is still sending would not see the answer, so what is too much
/// is taken and thrown away, as long as it is not far too much.
async fn gathered(body: Body, max: u64) -> Result<Option<Bytes>, axum::Error> {
    let mut parts = body.into_data_stream();
    let (mut all, mut length) = (Vec::new(), 0);
    while let Some(part) = parts.next().await {
        let part = part?;
        length += part.len() as u64;
        match length {
            fits if fits <= max => all.extend_from_slice(&part),
            over if over <= max + DRAINED_MAX => all = Vec::new(),
            _ => return Ok(None),
        }
    }
    Ok((length <= max).then(|| all.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, JsonSchema)]
    struct Outer {
        #[serde(default)]
        inner: Option<Inner>,
        #[serde(default)]
        many: Vec<Inner>,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    struct Inner {
        name: String,
    }

    #[test]
    fn a_list_is_no_object() {
        let read = |text: &'static str| JsonBody::<Outer>::read(JSON, &Bytes::from_static(text.as_bytes()));
        let JsonBody(outer) = read(r#"{"inner": {"name": "a"}, "many": [{"name": "b"}]}"#).unwrap();
        assert_eq!((outer.inner.unwrap().name.as_str(), outer.many[0].name.as_str()), ("a", "b"));
        assert!(read(r#"{"inner": null}"#).is_ok());
        for (text, pointer) in
            [("[]", "#"), (r#"{"inner": ["a"]}"#, "#/inner"), (r#"{"many": [{"name": "a"}, ["b"]]}"#, "#/many/1")]
        {
            assert_eq!(read(text).unwrap_err().body().errors[0].pointer, pointer, "{text}");
        }
        for (text, status) in [("{", 400), ("{} {}", 400), ("", 400), ("7", 422)] {
            assert_eq!(read(text).unwrap_err().body().status, status, "{text}");
        }
    }
}
