//! Holds generated resources against the providers' own schemas: nothing unknown, nothing required missing, types, and what
//! expressions refer to. `just terraform-schemas` writes the extracts in `schemas/` anew and says from which versions.

use placer::exec::terraform::tree::{Body, Top, Value, read};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Deserialize)]
struct Provider {
    resources: BTreeMap<String, Block>,
    data: BTreeMap<String, Block>,
}

#[derive(Deserialize)]
struct Block {
    attributes: BTreeMap<String, Attribute>,
    blocks: BTreeMap<String, Block>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    one: bool,
    #[serde(default)]
    computed: Vec<String>,
}

#[derive(Deserialize)]
struct Attribute {
    r#type: String,
    required: bool,
}

/// Schemas of all providers, and of what is built into the binary.
pub struct Schemas(Provider);

impl Schemas {
    pub fn load() -> Self {
        let mut all = Provider { resources: BTreeMap::new(), data: BTreeMap::new() };
        for text in [
            include_str!("schemas/aws.json"),
            include_str!("schemas/google.json"),
            include_str!("schemas/azurerm.json"),
            include_str!("schemas/hcloud.json"),
            include_str!("schemas/random.json"),
        ] {
            let one: Provider = serde_json::from_str(text).expect("an extract is JSON");
            all.resources.extend(one.resources);
            all.data.extend(one.data);
        }
        Self(all)
    }

    /// Everything that is wrong with a module; the number of resources that were looked at.
    pub fn check(&self, files: &BTreeMap<String, String>) -> (Vec<String>, usize) {
        let tops = read(files).expect("generated files are configurations");
        let mut wrong = Vec::new();
        let mut seen = 0;
        let named: Vec<String> =
            tops.iter().filter(|top| top.kind != "locals" && top.kind != "provider").map(address).collect();
        let known: BTreeSet<String> = named.iter().cloned().collect();
        if known.len() != named.len() {
            wrong.push("two blocks have one address".to_owned());
        }
        let locals: BTreeSet<&str> = tops
            .iter()
            .filter(|top| top.kind == "locals")
            .flat_map(|top| top.body.attributes.iter().map(|(name, _)| name.as_str()))
            .collect();
        for top in &tops {
            let schema = match top.kind.as_str() {
                "resource" => self.0.resources.get(&top.labels[0]),
                "data" => self.0.data.get(&top.labels[0]),
                _ => None,
            };
            let at = address(top);
            match schema {
                Some(schema) => {
                    seen += 1;
                    body(schema, &top.body, &at, true, &mut wrong);
                }
                None if matches!(top.kind.as_str(), "resource" | "data") => wrong.push(format!("{at}: no such type")),
                None => {}
            }
            self.references(top, &known, &locals, &mut wrong);
        }
        (wrong, seen)
    }

    /// Every `type.label.attribute`, `var.x` and `local.x` in expressions.
    fn references(&self, top: &Top, known: &BTreeSet<String>, locals: &BTreeSet<&str>, wrong: &mut Vec<String>) {
        let mut texts = Vec::new();
        expressions(&top.body, &mut texts);
        let at = address(top);
        for text in texts {
            for path in paths(&text) {
                match path.as_slice() {
                    ["var", name, ..] if !known.contains(&format!("var.{name}")) => {
                        wrong.push(format!("{at}: no variable {name}"));
                    }
                    ["local", name, ..] if !locals.contains(name) => wrong.push(format!("{at}: no local {name}")),
                    ["data", kind, label, rest @ ..] => {
                        self.reference(
                            &at,
                            (self.0.data.get(*kind), known.contains(&format!("data.{kind}.{label}"))),
                            (kind, label, rest),
                            wrong,
                        );
                    }
                    [kind, label, rest @ ..] if self.0.resources.contains_key(*kind) => {
                        self.reference(
                            &at,
                            (self.0.resources.get(*kind), known.contains(&format!("{kind}.{label}"))),
                            (kind, label, rest),
                            wrong,
                        );
                    }
                    _ => {}
                }
            }
        }
    }

    #[allow(clippy::unused_self, reason = "reads as the other checks do")]
    fn reference(
        &self,
        at: &str,
        (schema, is_there): (Option<&Block>, bool),
        (kind, label, rest): (&str, &str, &[&str]),
        wrong: &mut Vec<String>,
    ) {
        if !is_there {
            wrong.push(format!("{at}: refers to {kind}.{label}, which is not there"));
        }
        if let (Some(schema), Some(attribute)) = (schema, rest.first()) {
            let has = schema.attributes.contains_key(*attribute)
                || schema.blocks.contains_key(*attribute)
                || schema.computed.iter().any(|name| name == attribute)
                || *attribute == "id";
            if !has {
                wrong.push(format!("{at}: {kind} has no attribute {attribute}"));
            }
        }
    }
}

fn address(top: &Top) -> String {
    if top.kind == "data" { format!("data.{}", top.labels.join(".")) } else { top.address() }
}

/// What Terraform itself takes in every resource.
const META: [&str; 5] = ["count", "for_each", "depends_on", "provider", "lifecycle"];

fn body(schema: &Block, body: &Body, at: &str, top: bool, wrong: &mut Vec<String>) {
    let meta = |name: &str| top && META.contains(&name);
    for (name, value) in body.attributes.iter().filter(|(name, _)| !meta(name)) {
        match schema.attributes.get(name) {
            Some(attribute) => {
                if let Some(is) = mistyped(&attribute.r#type, value) {
                    wrong.push(format!("{at}: {name} is {is}, and not a {}", attribute.r#type));
                }
            }
            None if schema.blocks.contains_key(name) => {
                wrong.push(format!("{at}: {name} is a block, and no attribute"));
            }
            None => wrong.push(format!("{at}: no attribute {name}")),
        }
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (kind, labels, inner) in body.blocks.iter().filter(|(kind, ..)| !meta(kind)) {
        // `dynamic "rule" { for_each = ..., content { ... } }`
        let (kind, inner) = match (kind.as_str(), labels.first()) {
            ("dynamic", Some(kind)) => {
                let content =
                    inner.blocks.iter().find(|(kind, ..)| kind == "content").expect("dynamic blocks have content");
                (kind.as_str(), &content.2)
            }
            (kind, _) => (kind, inner),
        };
        *counts.entry(kind).or_default() += 1;
        match schema.blocks.get(kind) {
            Some(schema) => self::body(schema, inner, &format!("{at}.{kind}"), false, wrong),
            None => wrong.push(format!("{at}: no block {kind}")),
        }
    }
    for (name, attribute) in schema.attributes.iter().filter(|(_, attribute)| attribute.required) {
        if body.get(name).is_none() {
            wrong.push(format!("{at}: the required {} {name} is missing", attribute.r#type));
        }
    }
    for (name, inner) in &schema.blocks {
        match counts.get(name.as_str()).copied().unwrap_or(0) {
            0 if inner.required => wrong.push(format!("{at}: the required block {name} is missing")),
            2.. if inner.one => wrong.push(format!("{at}: more than one block {name}")),
            _ => {}
        }
    }
}

/// What a value is when it is not of the type that is wanted.
fn mistyped(wanted: &str, value: &Value) -> Option<&'static str> {
    let is = match value {
        Value::Expression(_) | Value::Null => return None,
        Value::Text(_) => "string",
        Value::Number(_) => "number",
        Value::Bool(_) => "bool",
        // A call with its arguments is read as a list that begins with the call.
        Value::List(items) if matches!(items.first(), Some(Value::Expression(text)) if text.contains('(')) => {
            return None;
        }
        Value::List(_) => "list",
        Value::Map(_) => "map",
    };
    // Terraform makes strings of numbers and truth values by itself.
    let converts = wanted == "string" && matches!(is, "number" | "bool");
    (is != wanted && wanted != "any" && !converts).then_some(is)
}

fn expressions(body: &Body, found: &mut Vec<String>) {
    for (name, value) in &body.attributes {
        // What changes are not followed is named by attributes of the resource itself.
        if name != "ignore_changes" {
            value.walk(name, &mut |_, value| {
                if let Value::Expression(text) = value {
                    found.push(text.clone());
                }
            });
        }
    }
    body.blocks.iter().for_each(|(.., inner)| expressions(inner, found));
}

/// Dotted paths in an expression; indices and splats are left out of them.
fn paths(text: &str) -> Vec<Vec<&str>> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    let mut at = 0;
    while at < bytes.len() {
        if !(bytes[at].is_ascii_alphabetic() || bytes[at] == b'_')
            || (at > 0 && (word(bytes[at - 1]) || bytes[at - 1] == b'.'))
        {
            at += 1;
            continue;
        }
        let mut path = Vec::new();
        loop {
            let end = (at..bytes.len()).find(|i| !word(bytes[*i])).unwrap_or(bytes.len());
            path.push(&text[at..end]);
            at = end;
            while at < bytes.len() && bytes[at] == b'[' {
                at = (at..bytes.len()).find(|i| bytes[*i] == b']').map_or(bytes.len(), |i| i + 1);
            }
            if at < bytes.len() && bytes[at] == b'.' && bytes.get(at + 1).is_some_and(|b| word(*b)) {
                at += 1;
            } else {
                break;
            }
        }
        if path.len() > 1 {
            found.push(path);
        }
    }
    found
}

#[test]
fn the_check_finds_what_is_wrong() {
    let schemas = Schemas::load();
    let check = |text: &str| schemas.check(&BTreeMap::from([("x.tf".to_owned(), text.to_owned())])).0;
    let rest = "hashing_seed = 1";
    assert_eq!(check("resource \"random_password\" \"x\" {\n  length = 32\n}\n"), Vec::<String>::new());
    for (text, said) in [
        ("resource \"random_password\" \"x\" {}\n", "the required number length is missing"),
        ("resource \"random_password\" \"x\" {\n  length = true\n}\n", "length is bool, and not a number"),
        (&format!("resource \"random_password\" \"x\" {{\n  length = 1\n  {rest}\n}}\n"), "no attribute hashing_seed"),
        ("resource \"aws_nothing\" \"x\" {}\n", "no such type"),
        ("resource \"aws_vpc\" \"x\" {\n  cidr_block {}\n}\n", "no block cidr_block"),
        ("resource \"aws_vpc\" \"x\" {\n  cidr_block = var.y\n}\n", "no variable y"),
        ("resource \"aws_vpc\" \"x\" {\n  cidr_block = aws_vpc.y.cidr_block\n}\n", "refers to aws_vpc.y"),
        (
            "resource \"aws_vpc\" \"x\" {\n  cidr_block = \"${aws_vpc.x.color}/2\"\n}\n",
            "aws_vpc has no attribute color",
        ),
        (
            "resource \"aws_s3_bucket_versioning\" \"x\" {\n  bucket = \"a\"\n}\n",
            "the required block versioning_configuration",
        ),
    ] {
        let found = check(text);
        assert!(found.iter().any(|wrong| wrong.contains(said)), "{text}{found:?}");
    }
}
