//! Configurations as they are read back: HCL and its JSON form alike, as one simple tree.

use std::collections::BTreeMap;
use thiserror::Error;

/// A configuration that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{file}` cannot be read as a configuration: {why}")]
pub struct Unreadable {
    /// Name of the file.
    pub file: String,
    /// What is wrong.
    pub why: String,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A string without any expression in it.
    Text(String),
    /// A number, as it is written.
    Number(String),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
    /// A list.
    List(Vec<Value>),
    /// A map, by its keys.
    Map(Vec<(String, Value)>),
    /// Anything that is only known when it is carried out, as it is written.
    Expression(String),
}

impl Value {
    /// Every value in it, itself first, with the key that it stands under (for elements of a list the list's).
    pub fn walk<'a>(&'a self, key: &'a str, see: &mut dyn FnMut(&'a str, &'a Value)) {
        see(key, self);
        match self {
            Self::List(items) => items.iter().for_each(|item| item.walk(key, see)),
            Self::Map(entries) => entries.iter().for_each(|(key, value)| value.walk(key, see)),
            _ => {}
        }
    }

    /// The strings of a list, or the string itself.
    #[must_use]
    pub fn texts(&self) -> Vec<&str> {
        match self {
            Self::Text(text) => vec![text],
            Self::List(items) => items.iter().flat_map(Self::texts).collect(),
            _ => Vec::new(),
        }
    }
}

/// A block's body: attributes and the blocks in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    /// Attributes in order.
    pub attributes: Vec<(String, Value)>,
    /// Blocks in order: type, labels, body.
    pub blocks: Vec<(String, Vec<String>, Body)>,
}

impl Body {
    /// An attribute's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.attributes.iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// Blocks of a type. In the JSON form a block may stand as an attribute with a map, or a list of maps.
    #[must_use]
    pub fn inner(&self, name: &str) -> Vec<Body> {
        let written = self.blocks.iter().filter(|(kind, ..)| kind == name).map(|(.., body)| body.clone());
        let maps = match self.get(name) {
            Some(Value::List(items)) => items.iter().filter_map(as_body).collect(),
            Some(value) => as_body(value).into_iter().collect(),
            None => Vec::new(),
        };
        written.chain(maps).collect()
    }

    /// Whether an attribute is this truth value.
    #[must_use]
    pub fn is(&self, name: &str, value: bool) -> bool {
        self.get(name) == Some(&Value::Bool(value))
    }

    /// The string of an attribute.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The whole number of an attribute.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Value::Number(text) | Value::Text(text)) => text.parse().ok(),
            _ => None,
        }
    }
}

fn as_body(value: &Value) -> Option<Body> {
    match value {
        Value::Map(entries) => Some(Body { attributes: entries.clone(), blocks: Vec::new() }),
        _ => None,
    }
}

/// A block at the top of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Top {
    /// The file.
    pub file: String,
    /// `resource`, `data`, `variable`, ...
    pub kind: String,
    /// Labels.
    pub labels: Vec<String>,
    /// What stands in it.
    pub body: Body,
}

impl Top {
    /// The type of a resource or data source.
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        (self.kind == "resource").then(|| self.labels.first()).flatten().map(String::as_str)
    }

    /// `aws_vpc.main`, `var.x`.
    #[must_use]
    pub fn address(&self) -> String {
        match (self.kind.as_str(), self.labels.as_slice()) {
            ("resource", labels) => labels.join("."),
            ("variable", labels) => format!("var.{}", labels.join(".")),
            (kind, labels) => format!("{kind}.{}", labels.join(".")).trim_end_matches('.').to_owned(),
        }
    }
}

/// Reads the configuration of a module: files that end in `.tf` or `.tf.json`; others do not count.
///
/// # Errors
/// [`Unreadable`].
pub fn read(files: &BTreeMap<String, String>) -> Result<Vec<Top>, Unreadable> {
    let mut tops = Vec::new();
    for (file, text) in files {
        let unreadable = |why: String| Unreadable { file: file.clone(), why };
        if form(file) == Some(Form::Json) {
            let json: serde_json::Value = serde_json::from_str(text).map_err(|error| unreadable(error.to_string()))?;
            json_tops(file, &json, &mut tops);
        } else if form(file) == Some(Form::Hcl) {
            let body = ::hcl::parse(text).map_err(|error| unreadable(error.to_string()))?;
            for block in body.blocks() {
                let labels = block.labels().iter().map(|label| label.as_str().to_owned()).collect();
                let kind = block.identifier().to_owned();
                tops.push(Top { file: file.clone(), kind, labels, body: hcl_body(block.body()) });
            }
        }
    }
    Ok(tops)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Hcl,
    Json,
}

fn form(file: &str) -> Option<Form> {
    let (stem, ending) = file.rsplit_once('.')?;
    match ending {
        "tf" => Some(Form::Hcl),
        "json" => (stem.rsplit_once('.')?.1 == "tf").then_some(Form::Json),
        _ => None,
    }
}

/// Whether a file of this name is part of a configuration.
#[must_use]
pub fn is_configuration(file: &str) -> bool {
    form(file).is_some()
}

fn hcl_body(body: &::hcl::Body) -> Body {
    let attributes = body.attributes().map(|a| (a.key().to_owned(), hcl_value(a.expr()))).collect();
    let block = |block: &::hcl::Block| {
        let labels = block.labels().iter().map(|label| label.as_str().to_owned()).collect();
        (block.identifier().to_owned(), labels, hcl_body(block.body()))
    };
    Body { attributes, blocks: body.blocks().map(block).collect() }
}

fn hcl_value(expression: &::hcl::Expression) -> Value {
    use ::hcl::Expression as E;
    match expression {
        E::Null => Value::Null,
        E::Bool(value) => Value::Bool(*value),
        E::Number(number) => Value::Number(number.to_string()),
        E::String(text) => Value::Text(text.clone()),
        E::Array(items) => Value::List(items.iter().map(hcl_value).collect()),
        E::Object(entries) => {
            Value::Map(entries.iter().map(|(key, value)| (object_key(key), hcl_value(value))).collect())
        }
        E::Parenthesis(inner) => hcl_value(inner),
        // What a call is given is looked at, too: `jsonencode({ password = "x" })`.
        E::FuncCall(call) if call.args.iter().any(|a| matches!(a, E::Object(_) | E::Array(_) | E::FuncCall(_))) => {
            let mut items = vec![Value::Expression(written(expression))];
            items.extend(call.args.iter().map(hcl_value));
            Value::List(items)
        }
        other => Value::Expression(written(other)),
    }
}

fn object_key(key: &::hcl::ObjectKey) -> String {
    match key {
        ::hcl::ObjectKey::Expression(::hcl::Expression::String(text)) => text.clone(),
        other => other.to_string(),
    }
}

fn written(expression: &::hcl::Expression) -> String {
    ::hcl::format::to_string(expression).unwrap_or_default()
}

fn json_tops(file: &str, json: &serde_json::Value, tops: &mut Vec<Top>) {
    let depth = |kind: &str| match kind {
        "resource" | "data" => 2,
        "variable" | "output" | "provider" | "module" => 1,
        _ => 0,
    };
    for (kind, value) in json.as_object().into_iter().flatten() {
        let mut open = vec![(Vec::new(), value)];
        while let Some((labels, value)) = open.pop() {
            match value {
                serde_json::Value::Array(items) => open.extend(items.iter().map(|item| (labels.clone(), item))),
                serde_json::Value::Object(entries) if labels.len() < depth(kind) => {
                    for (label, value) in entries {
                        let labels = labels.iter().chain([label]).cloned().collect();
                        open.push((labels, value));
                    }
                }
                serde_json::Value::Object(entries) => {
                    let attributes = entries.iter().map(|(key, value)| (key.clone(), json_value(value))).collect();
                    let body = Body { attributes, blocks: Vec::new() };
                    tops.push(Top { file: file.to_owned(), kind: kind.clone(), labels, body });
                }
                _ => {}
            }
        }
    }
}

fn json_value(value: &serde_json::Value) -> Value {
    use serde_json::Value as J;
    match value {
        J::Null => Value::Null,
        J::Bool(value) => Value::Bool(*value),
        J::Number(number) => Value::Number(number.to_string()),
        J::String(text) if text.contains("${") => Value::Expression(format!("\"{text}\"")),
        J::String(text) => Value::Text(text.clone()),
        J::Array(items) => Value::List(items.iter().map(json_value).collect()),
        J::Object(entries) => Value::Map(entries.iter().map(|(key, value)| (key.clone(), json_value(value))).collect()),
    }
}
