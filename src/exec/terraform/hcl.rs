//! The configuration language of Terraform: a tree, and its text as `terraform fmt` writes it, byte for byte.
//!
//! The formatter aligns the `=` of attributes that stand on consecutive lines, unless a value spans several lines
//! (hclwrite's `format.go`); nothing else about it is special.

use std::fmt::Write;

/// Longest line on which a list stands.
const LINE_MAX: usize = 110;

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// A string that means itself.
    Text(String),
    /// An expression as it stands, on one line: a reference, a call, a template.
    Raw(String),
    /// A whole number.
    Number(i64),
    /// `true` or `false`.
    Bool(bool),
    /// A list.
    List(Vec<Expr>),
    /// A map or object; keys that are no identifiers are quoted.
    Object(Vec<(String, Expr)>),
    /// A call whose arguments stand on lines of their own.
    Call(&'static str, Vec<Expr>),
}

/// A string that means itself.
#[must_use]
pub fn text(value: impl Into<String>) -> Expr {
    Expr::Text(value.into())
}

/// An expression as it stands.
#[must_use]
pub fn raw(value: impl Into<String>) -> Expr {
    Expr::Raw(value.into())
}

/// A list.
pub fn list(items: impl IntoIterator<Item = Expr>) -> Expr {
    Expr::List(items.into_iter().collect())
}

/// An object.
pub fn object<K: Into<String>>(entries: impl IntoIterator<Item = (K, Expr)>) -> Expr {
    Expr::Object(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

impl From<bool> for Expr {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Expr {
    fn from(value: i64) -> Self {
        Self::Number(value)
    }
}

impl From<u32> for Expr {
    fn from(value: u32) -> Self {
        Self::Number(i64::from(value))
    }
}

impl From<u16> for Expr {
    fn from(value: u16) -> Self {
        Self::Number(i64::from(value))
    }
}

impl From<&str> for Expr {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Expr {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

/// What stands in a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// `name = value`.
    Attribute(String, Expr),
    /// A block inside.
    Block(Block),
    /// `# text`, a line for each line of it.
    Comment(String),
    /// An empty line.
    Gap,
}

/// A block: `resource "aws_vpc" "main" { ... }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its type.
    pub kind: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// What stands in it.
    pub body: Vec<Item>,
}

/// A block without anything in it.
pub fn block<'a>(kind: &str, labels: impl IntoIterator<Item = &'a str>) -> Block {
    Block { kind: kind.to_owned(), labels: labels.into_iter().map(str::to_owned).collect(), body: Vec::new() }
}

/// A resource.
#[must_use]
pub fn resource(kind: &str, label: &str) -> Block {
    block("resource", [kind, label])
}

/// A data source.
#[must_use]
pub fn data(kind: &str, label: &str) -> Block {
    block("data", [kind, label])
}

impl Block {
    /// With an attribute.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl Into<Expr>) -> Self {
        self.body.push(Item::Attribute(name.to_owned(), value.into()));
        self
    }

    /// With an attribute whose value is an expression.
    #[must_use]
    pub fn raw(self, name: &str, value: impl Into<String>) -> Self {
        self.set(name, raw(value))
    }

    /// With an attribute, when there is a value for it.
    #[must_use]
    pub fn maybe(self, name: &str, value: Option<Expr>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    /// With a block inside; an empty line before it, as people write.
    #[must_use]
    pub fn with(mut self, inner: Block) -> Self {
        if !self.body.is_empty() {
            self.body.push(Item::Gap);
        }
        self.body.push(Item::Block(inner));
        self
    }

    /// With what the function adds, when `wanted`.
    #[must_use]
    pub fn when(self, wanted: bool, add: impl FnOnce(Self) -> Self) -> Self {
        if wanted { add(self) } else { self }
    }

    /// With a comment.
    #[must_use]
    pub fn comment(mut self, text: &str) -> Self {
        self.body.push(Item::Comment(text.to_owned()));
        self
    }

    /// With an empty line.
    #[must_use]
    pub fn gap(mut self) -> Self {
        self.body.push(Item::Gap);
        self
    }

    /// `aws_vpc.main`, `data.aws_ami.ubuntu`, `var.x`: how others name it; empty for blocks that nobody names.
    #[must_use]
    pub fn address(&self) -> String {
        match (self.kind.as_str(), self.labels.as_slice()) {
            ("resource", [kind, label]) => format!("{kind}.{label}"),
            ("data", [kind, label]) => format!("data.{kind}.{label}"),
            ("variable", [name]) => format!("var.{name}"),
            _ => String::new(),
        }
    }
}

/// A file: what stands in it, an empty line between blocks.
#[must_use]
pub fn file(header: &str, items: &[Item]) -> String {
    let mut out = String::new();
    comment(&mut out, header, 0);
    let mut attached = false;
    for item in items {
        if !attached {
            out.push('\n');
        }
        body(&mut out, std::slice::from_ref(item), 0);
        attached = matches!(item, Item::Comment(_));
    }
    out
}

fn indent(out: &mut String, depth: usize) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}

fn comment(out: &mut String, text: &str, depth: usize) {
    for line in text.lines() {
        indent(out, depth);
        let _ = writeln!(out, "# {}", line.trim());
    }
}

fn body(out: &mut String, items: &[Item], depth: usize) {
    let mut at = 0;
    while at < items.len() {
        match &items[at] {
            Item::Comment(text) => comment(out, text, depth),
            Item::Gap => out.push('\n'),
            Item::Block(block) => write_block(out, block, depth),
            Item::Attribute(..) => {
                let run: Vec<(&str, &Expr)> = items[at..].iter().map_while(attribute).collect();
                attributes(out, &run, depth);
                at += run.len();
                continue;
            }
        }
        at += 1;
    }
}

fn attribute(item: &Item) -> Option<(&str, &Expr)> {
    match item {
        Item::Attribute(name, value) => Some((name, value)),
        _ => None,
    }
}

fn write_block(out: &mut String, block: &Block, depth: usize) {
    indent(out, depth);
    out.push_str(&block.kind);
    for label in &block.labels {
        let _ = write!(out, " {}", quoted(label));
    }
    if block.body.is_empty() {
        out.push_str(" {}\n");
        return;
    }
    out.push_str(" {\n");
    body(out, &block.body, depth + 1);
    indent(out, depth);
    out.push_str("}\n");
}

/// Attributes on consecutive lines: those that stand on one line are aligned with their neighbours that do.
fn attributes(out: &mut String, run: &[(&str, &Expr)], depth: usize) {
    let written: Vec<String> = run.iter().map(|(name, value)| inline_or_tall(value, depth, name.len() + 3)).collect();
    let mut at = 0;
    while at < run.len() {
        let tall = |i: usize| written[i].contains('\n');
        let end = if tall(at) { at + 1 } else { (at..run.len()).find(|i| tall(*i)).unwrap_or(run.len()) };
        let width = (at..end).map(|i| run[i].0.chars().count()).max().unwrap_or(0);
        for i in at..end {
            indent(out, depth);
            let _ = writeln!(out, "{:width$} = {}", run[i].0, written[i]);
        }
        at = end;
    }
}

/// An expression on one line where it fits, else over several.
fn inline_or_tall(value: &Expr, depth: usize, before: usize) -> String {
    if let Some(line) = inline(value)
        && depth * 2 + before + line.chars().count() <= LINE_MAX
    {
        return line;
    }
    let mut out = String::new();
    tall(&mut out, value, depth);
    out
}

/// On one line; `None`: it is always written over several.
fn inline(value: &Expr) -> Option<String> {
    Some(match value {
        Expr::Text(text) => quoted(text),
        Expr::Raw(text) => text.clone(),
        Expr::Number(number) => number.to_string(),
        Expr::Bool(value) => value.to_string(),
        Expr::List(items) => {
            let simple = |item: &Expr| if matches!(item, Expr::Object(_)) { None } else { inline(item) };
            format!("[{}]", items.iter().map(simple).collect::<Option<Vec<_>>>()?.join(", "))
        }
        Expr::Object(entries) if entries.is_empty() => "{}".to_owned(),
        Expr::Object(_) => return None,
        Expr::Call(name, arguments) => {
            format!("{name}({})", arguments.iter().map(inline).collect::<Option<Vec<_>>>()?.join(", "))
        }
    })
}

fn tall(out: &mut String, value: &Expr, depth: usize) {
    match value {
        Expr::List(items) if !items.is_empty() => elements(out, items, ('[', ']'), depth),
        Expr::Call(name, arguments) if !arguments.is_empty() => {
            out.push_str(name);
            match arguments.as_slice() {
                // A single argument opens on the line of the call.
                [only] if inline(only).is_none() => {
                    out.push('(');
                    tall(out, only, depth);
                    out.push(')');
                }
                _ => elements(out, arguments, ('(', ')'), depth),
            }
        }
        Expr::Object(entries) if !entries.is_empty() => {
            out.push_str("{\n");
            let keys: Vec<String> = entries.iter().map(|(key, _)| key_text(key)).collect();
            let run: Vec<(&str, &Expr)> =
                keys.iter().map(String::as_str).zip(entries.iter().map(|(_, value)| value)).collect();
            attributes(out, &run, depth + 1);
            indent(out, depth);
            out.push('}');
        }
        other => out.push_str(&inline(other).unwrap_or_default()),
    }
}

fn elements(out: &mut String, items: &[Expr], (open, close): (char, char), depth: usize) {
    let _ = writeln!(out, "{open}");
    for (ordinal, item) in items.iter().enumerate() {
        indent(out, depth + 1);
        out.push_str(&inline_or_tall(item, depth + 1, 1));
        // The last argument of a call may not be followed by a comma in older versions.
        out.push_str(if close == ')' && ordinal + 1 == items.len() { "\n" } else { ",\n" });
    }
    indent(out, depth);
    out.push(close);
}

fn key_text(key: &str) -> String {
    let head = key.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    let plain = head && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if plain || key.starts_with('(') { key.to_owned() } else { quoted(key) }
}

/// A string literal: nothing in it is a template.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// What stands between the quotes of a literal.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if rest.peek() == Some(&'{') => {
                out.push(c);
                out.push(c);
            }
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_aligned_as_the_formatter_does() {
        let vpc = resource("aws_vpc", "main")
            .set("cidr_block", "10.0.0.0/16")
            .set("enable_dns_support", true)
            .set("tags", object([("a", text("1")), ("long-key", text("2")), ("with space", text("3"))]))
            .raw("x", "var.x")
            .with(block("inner", []).set("count", 2_i64))
            .with(block("empty", []));
        let expected = "\
# head

resource \"aws_vpc\" \"main\" {
  cidr_block         = \"10.0.0.0/16\"
  enable_dns_support = true
  tags = {
    a            = \"1\"
    long-key     = \"2\"
    \"with space\" = \"3\"
  }
  x = var.x

  inner {
    count = 2
  }

  empty {}
}
";
        assert_eq!(file("head", &[Item::Block(vpc)]), expected);
    }

    #[test]
    fn what_a_user_writes_is_never_a_template() {
        assert_eq!(quoted("a\"b\\c${d}%{e}$f\n\u{1}"), "\"a\\\"b\\\\c$${d}%%{e}$f\\n\\u0001\"");
        // A dollar before an escaped opening keeps its place.
        assert_eq!(quoted("$${x}"), "\"$$${x}\"");
    }
}
