//! The JSON Schema of `app.toml`.

use super::file::AppFile;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The schema of `app.toml` as a value, made once.
static SCHEMA: LazyLock<Value> = LazyLock::new(schema_of::<AppFile>);

/// The same as a file's shape is judged by.
pub(super) static SHAPE: LazyLock<Value> = LazyLock::new(|| resolved(&SCHEMA));

/// The JSON Schema (draft 2020-12) of a TOML file's type.
pub(crate) fn schema_of<T: JsonSchema>() -> Value {
    tidy(SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value())
}

/// A schema with every reference replaced by what it refers to; file types do not contain themselves.
pub(crate) fn resolved(schema: &Value) -> Value {
    fn within(value: &Value, definitions: &Value) -> Value {
        match value {
            Value::Object(map) => {
                let name = map.get("$ref").and_then(Value::as_str).and_then(|at| at.strip_prefix("#/$defs/"));
                if let Some(name) = name {
                    return within(&definitions[name], definitions);
                }
                let kept = map.iter().filter(|(key, _)| *key != "$defs");
                Value::Object(kept.map(|(key, value)| (key.clone(), within(value, definitions))).collect())
            }
            Value::Array(items) => Value::Array(items.iter().map(|item| within(item, definitions)).collect()),
            other => other.clone(),
        }
    }
    within(schema, &schema["$defs"])
}

/// The JSON Schema (draft 2020-12) of `app.toml`, as text; committed as `schema/app.schema.json`.
///
/// An editor with taplo (Even Better TOML, for one) completes and checks an `app.toml` that names it in its first
/// line:
///
/// ```toml
/// #:schema ./schema/app.schema.json
/// version = 1
/// ```
#[must_use]
pub fn schema_json() -> String {
    format!("{:#}\n", *SCHEMA)
}

/// Takes out what means nothing in TOML (there is no null), and sorts, so that the text does not hang on whether some
/// crate turns on `serde_json/preserve_order`.
fn tidy(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<String, Value> =
                map.into_iter().filter(|(key, _)| key != "format").map(|(key, value)| (key, tidy(value))).collect();
            Value::Object(without_null(sorted.into_iter().collect()))
        }
        Value::Array(items) => Value::Array(items.into_iter().map(tidy).collect()),
        Value::String(text) => Value::String(text.replace('\n', " ")),
        other => other,
    }
}

fn without_null(mut map: Map<String, Value>) -> Map<String, Value> {
    if let Some(Value::Array(types)) = map.get_mut("type") {
        types.retain(|word| word != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            map.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(variants)) = map.get_mut("anyOf") {
        variants.retain(|variant| variant.get("type").is_none_or(|word| word != "null"));
        if variants.len() == 1
            && let Some(Value::Object(only)) = variants.pop()
        {
            map.remove("anyOf");
            for (key, value) in only {
                map.entry(key).or_insert(value);
            }
        }
    }
    map
}
