//! The JSON Schema of `app.toml`.

use super::file::AppFile;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The schema as a value, made once.
pub(super) static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<AppFile>();
    tidy(schema.to_value())
});

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
