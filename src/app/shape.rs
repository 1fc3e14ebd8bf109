//! Judges a parsed TOML tree by the JSON Schema of the file types, and leaves what is good of it.
//!
//! Understood is what the schema generator writes for file types, references resolved: `anyOf` of different types,
//! `type`, `const`, `enum`, `oneOf` of constants, `properties`, `required`, `additionalProperties: false`, `items`,
//! bounds of numbers and lengths. Patterns are checked by the semantic stage, which can say more about a name.

use super::faults::{Code, counted, one_of, quoted};
use super::number::parse_decimal;
use super::source::{Point, Says, Source};
use crate::units::DecimalError;
use serde_json::{Map, Value};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

type Node<'i> = Spanned<DeValue<'i>>;

/// The good part of a file, as JSON with every number as decimal text; what is bad is reported and left out.
///
/// A list of scalars with a bad item is left out as a whole, so that positions in lists stay true.
///
/// `schema` holds no references ([`super::schema::resolved`]).
pub(super) fn good_part(schema: &Value, root: &DeTable<'_>, source: &mut Source<'_>) -> Value {
    Shape { source }.table(schema, root, 0..0, "")
}

struct Shape<'s, 'a> {
    source: &'s mut Source<'a>,
}

impl Shape<'_, '_> {
    fn table(&mut self, schema: &Value, table: &DeTable<'_>, header: Range<usize>, path: &str) -> Value {
        let none = Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&none);
        let mut good = Map::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if let Some(schema) = properties.get(name) {
                let path = join(path, name);
                self.source.mark(&path, key.span(), value.span());
                if let Some(value) = self.value(schema, value, &path) {
                    good.insert(name.to_owned(), value);
                }
            } else {
                self.unknown_key(properties, name, key.span(), path);
            }
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !table.contains_key(name) {
                let found = if path.is_empty() {
                    format!("the file has no `{name}`")
                } else {
                    format!("this table has no `{name}`")
                };
                let says = Says::new(Code::MissingKey, found, example(&properties[name], name));
                self.source.fault_at(header.clone(), &join(path, name), says);
            }
        }
        Value::Object(good)
    }

    fn unknown_key(&mut self, known: &Map<String, Value>, name: &str, at: Range<usize>, path: &str) {
        let mut names: Vec<&str> = known.keys().map(String::as_str).collect();
        names.sort_unstable();
        let expected = match path.split('[').next().unwrap_or_default() {
            _ if names.len() <= 12 => one_of(names.iter().copied()),
            "" => "a key of the file's top level".to_owned(),
            list => format!("a key of `[[{list}]]`"),
        };
        let mut says = Says::new(Code::UnknownKey, format!("unknown key {}", quoted(name)), expected);
        // The commonest slips are `[[links]]`, and `memory` without its unit.
        let singular = name.strip_suffix('s').filter(|singular| known.contains_key(*singular));
        let unit = names.iter().find(|known| known.strip_prefix(name).is_some_and(|unit| unit.starts_with('_')));
        says.nearest = match singular.or(unit.copied()) {
            Some(meant) => Some(meant.to_owned()),
            None => self.source.nearest(name, names),
        };
        let bare = name.len() <= 40 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        let path = join(path, &if bare { name.to_owned() } else { quoted(name) });
        self.source.fault_at(at, &path, says);
    }

    fn value(&mut self, schema: &Value, node: &Node<'_>, path: &str) -> Option<Value> {
        let Some(schema) = variant(schema, node.get_ref()) else {
            self.wrong_type(schema, node.get_ref(), path);
            return None;
        };
        match node.get_ref() {
            DeValue::Boolean(value) => Some(Value::Bool(*value)),
            DeValue::String(text) => self.text(schema, text, path),
            DeValue::Integer(number) => match i128::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => self.number(schema, &number.to_string(), path),
                Err(_) => self.out_of_range(schema, number.as_str(), path),
            },
            DeValue::Float(number) => self.number(schema, number.as_str(), path),
            DeValue::Array(items) => self.list(schema, items, path),
            DeValue::Table(table) => {
                // Of a table in braces, the key; of one with a header, the header.
                let header = node.span();
                Some(self.table(schema, table, header, path))
            }
            DeValue::Datetime(_) => None,
        }
    }

    fn text(&mut self, schema: &Value, text: &str, path: &str) -> Option<Value> {
        let words = words(schema);
        if !words.is_empty() && !words.contains(&text) {
            let mut says =
                Says::new(Code::UnknownWord, format!("unknown word {}", quoted(text)), one_of(words.iter().copied()));
            says.nearest = self.source.nearest(text, words);
            self.source.fault(path, Point::Value, says);
            return None;
        }
        let chars = text.chars().count();
        self.length(schema, ["minLength", "maxLength"], chars, "character", path).then(|| Value::String(text.into()))
    }

    /// Whether a length is within the bounds; reports it when not.
    fn length(&mut self, schema: &Value, keys: [&str; 2], length: usize, noun: &str, path: &str) -> bool {
        let [min, max] = keys.map(|key| schema[key].as_u64().and_then(|bound| usize::try_from(bound).ok()));
        let expected = match (min, max) {
            (Some(min), _) if length < min => format!("at least {}", counted(min, noun)),
            (_, Some(max)) if length > max => format!("at most {}", counted(max, noun)),
            _ => return true,
        };
        let key = last(path);
        let found =
            if length == 0 { format!("`{key}` is empty") } else { format!("`{key}` has {}", counted(length, noun)) };
        self.source.fault(path, Point::Value, Says::new(Code::WrongLength, found, expected));
        false
    }

    fn number(&mut self, schema: &Value, text: &str, path: &str) -> Option<Value> {
        let digits = digits(schema);
        match parse_decimal(text, digits) {
            Ok(scaled) if within(schema, scaled, digits) => Some(Value::String(text.to_owned())),
            Err(DecimalError::TooPrecise(_)) => {
                let expected = match digits {
                    0 => "a whole number".to_owned(),
                    _ => format!("at most {digits} digits after the decimal point"),
                };
                let says = Says::new(Code::OutOfRange, format!("`{}` is {}", last(path), quoted(text)), expected);
                self.source.fault(path, Point::Value, says);
                None
            }
            _ => self.out_of_range(schema, text, path),
        }
    }

    fn out_of_range(&mut self, schema: &Value, text: &str, path: &str) -> Option<Value> {
        let found = format!("`{}` is {}", last(path), quoted(text));
        self.source.fault(path, Point::Value, Says::new(Code::OutOfRange, found, describe(schema)));
        None
    }

    fn list(&mut self, schema: &Value, items: &DeArray<'_>, path: &str) -> Option<Value> {
        let of_tables = schema["items"]["type"] == "object";
        let noun = if of_tables { "table" } else { "item" };
        let fits = self.length(schema, ["minItems", "maxItems"], items.len(), noun, path);
        let most = schema["maxItems"].as_u64().and_then(|max| usize::try_from(max).ok()).unwrap_or(usize::MAX);
        let mut good = Vec::new();
        let mut bad = false;
        // Past the limit nothing is looked at: it bounds the work.
        for (i, item) in items.iter().take(most).enumerate() {
            let path = format!("{path}[{i}]");
            self.source.mark(&path, item.span(), item.span());
            match self.value(&schema["items"], item, &path) {
                Some(value) => good.push(value),
                None => bad = true,
            }
        }
        (fits && !bad).then_some(Value::Array(good))
    }

    fn wrong_type(&mut self, schema: &Value, value: &DeValue<'_>, path: &str) {
        let mut says = Says::new(Code::WrongType, format!("`{}` is {}", last(path), found(value)), describe(schema));
        let takes = |word: &str| variants(schema).any(|variant| variant["type"] == word);
        let key = last(path);
        let of_tables = variants(schema).any(|variant| variant["items"]["type"] == "object");
        says.help = match value {
            DeValue::Table(_) if of_tables => Some(format!("write `[[{key}]]` with two brackets")),
            DeValue::Array(_) if takes("object") && path == key => Some(format!("write `[{key}]` with one bracket")),
            DeValue::String(text) if takes("array") => Some(format!("write `{key} = [{text:?}]`")),
            DeValue::String(text)
                if (takes("number") || takes("integer")) && parse_decimal(text, 9).is_ok()
                    || takes("boolean") && matches!(text.as_ref(), "true" | "false") =>
            {
                Some("write it without quotes".to_owned())
            }
            _ => None,
        };
        self.source.fault(path, Point::Value, says);
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The last key of a path, with its position in a list.
fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

pub(super) fn variants(schema: &Value) -> impl Iterator<Item = &Value> {
    let one = if schema["anyOf"].is_array() { None } else { Some(schema) };
    one.into_iter().chain(schema["anyOf"].as_array().into_iter().flatten())
}

/// The variant of a schema that takes this type of value.
fn variant<'s>(schema: &'s Value, value: &DeValue<'_>) -> Option<&'s Value> {
    variants(schema).find(|variant| {
        matches!(
            (value, type_of(variant)),
            (DeValue::String(_), "string")
                | (DeValue::Integer(_) | DeValue::Float(_), "integer" | "number")
                | (DeValue::Boolean(_), "boolean")
                | (DeValue::Array(_), "array")
                | (DeValue::Table(_), "object")
        )
    })
}

/// The type of a variant; enumerations are of strings.
pub(super) fn type_of(variant: &Value) -> &str {
    variant["type"].as_str().unwrap_or("string")
}

/// The words of an enumeration.
pub(super) fn words(schema: &Value) -> Vec<&str> {
    let plain = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let documented = schema["oneOf"].as_array().into_iter().flatten();
    let documented = documented.flat_map(|variant| {
        variant["const"]
            .as_str()
            .into_iter()
            .chain(variant["enum"].as_array().into_iter().flatten().filter_map(Value::as_str))
    });
    plain.chain(documented).collect()
}

pub(super) fn digits(schema: &Value) -> u32 {
    schema["x-digits"].as_u64().and_then(|digits| u32::try_from(digits).ok()).unwrap_or(0)
}

fn within(schema: &Value, scaled: i64, digits: u32) -> bool {
    let unit = 10_i128.pow(digits);
    let bound = |key: &str| schema[key].as_i64().map(|bound| i128::from(bound) * unit);
    let scaled = i128::from(scaled);
    bound("const").is_none_or(|only| scaled == only)
        && bound("minimum").is_none_or(|min| scaled >= min)
        && bound("exclusiveMinimum").is_none_or(|min| scaled > min)
        && bound("maximum").is_none_or(|max| scaled <= max)
}

/// What a schema takes, in words.
fn describe(schema: &Value) -> String {
    let all: Vec<String> = variants(schema).map(describe_variant).collect();
    all.join(", or ")
}

fn describe_variant(schema: &Value) -> String {
    let words = words(schema);
    if !words.is_empty() {
        return one_of(words);
    }
    match type_of(schema) {
        "object" if schema["x-form"].is_string() => {
            format!("a table like `{}`", schema["x-form"].as_str().unwrap_or_default())
        }
        "object" => match schema["properties"].as_object() {
            Some(keys) if keys.len() <= 4 => {
                let keys: Vec<&str> = keys.keys().map(String::as_str).collect();
                format!(
                    "a table like {{ {} }}",
                    keys.iter().map(|key| format!("{key} = …")).collect::<Vec<_>>().join(", ")
                )
            }
            _ => "a table".to_owned(),
        },
        "array" => match type_of(&schema["items"]) {
            "object" => "a list of tables".to_owned(),
            _ => "a list of strings".to_owned(),
        },
        "boolean" => "`true` or `false`".to_owned(),
        word @ ("integer" | "number") => describe_number(schema, word),
        _ => "a string".to_owned(),
    }
}

fn describe_number(schema: &Value, word: &str) -> String {
    if let Some(only) = schema["const"].as_i64() {
        return only.to_string();
    }
    let noun = if word == "integer" { "a whole number" } else { "a number" };
    let max = schema["maximum"].as_i64().filter(|max| *max < i64::MAX);
    match (schema["minimum"].as_i64(), schema["exclusiveMinimum"].as_i64(), max) {
        (Some(min), _, Some(max)) => format!("{noun} from {min} to {max}"),
        (_, Some(min), Some(max)) => format!("{noun} above {min}, at most {max}"),
        (Some(min), _, None) => format!("{noun} from {min}"),
        _ => noun.to_owned(),
    }
}

fn found(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the string {}", quoted(text)),
        DeValue::Integer(number) => format!("the number {}", quoted(number.as_str())),
        DeValue::Float(number) => format!("the number {}", quoted(number.as_str())),
        DeValue::Boolean(value) => format!("`{value}`"),
        DeValue::Datetime(_) => "a date or time".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// What to write for a missing key.
fn example(schema: &Value, name: &str) -> String {
    if let Some(value) = schema["const"].as_i64() {
        return format!("`{name} = {value}`");
    }
    match variants(schema).map(type_of).next() {
        Some("array") if variants(schema).any(|variant| variant["items"]["type"] == "object") => {
            format!("at least one `[[{name}]]`")
        }
        Some("array") => format!("`{name} = [\"…\"]`"),
        Some("integer" | "number") => format!("`{name} = …`"),
        _ => match variants(schema).flat_map(words).collect::<Vec<_>>() {
            words if words.is_empty() => format!("`{name} = \"…\"`"),
            words => format!("`{name} = \"…\"` with {}", one_of(words)),
        },
    }
}
