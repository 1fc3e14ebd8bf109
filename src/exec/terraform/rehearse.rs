//! A rehearsal: every resource of a module is replaced by a `terraform_data`, which needs no provider and makes nothing.
//!
//! Dependencies stay (through locals, too), and so does whatever is a plain value, so that a rehearsal plans, applies,
//! changes and destroys in the order of the real thing. Each `terraform_data` runs the program in the environment variable
//! `PLACER_REHEARSAL`, if there is one, with the address of what it stands for: whoever rehearses can let that take its
//! time, or fail.

use super::hcl::{self, Block, Expr, Item, list, object, raw, text};
use super::model::Draft;
use std::collections::{BTreeMap, BTreeSet};

/// The environment variable with the program.
pub const HOOK: &str = "PLACER_REHEARSAL";

/// The draft as a rehearsal.
pub fn rehearsal(draft: Draft) -> Draft {
    let blocks =
        || draft.files.values().flatten().filter_map(|item| if let Item::Block(b) = item { Some(b) } else { None });
    let known: BTreeSet<String> = blocks().filter(|b| b.kind == "resource").map(Block::address).collect();
    let locals = locals(blocks(), &known);
    let files = draft.files.iter().map(|(name, items)| {
        let kept = items.iter().filter_map(|item| match item {
            Item::Block(block) => replaced(block, &known, &locals).map(Item::Block),
            other => Some(other.clone()),
        });
        (name.clone(), kept.collect::<Vec<_>>())
    });
    let files = files.map(|(name, items)| (name, without_orphans(items))).collect();
    let outputs = draft.outputs.iter().filter(|(_, output)| !is_sensitive(output));
    let outputs = outputs.map(|(name, output)| (name.clone(), plain_output(output))).collect();
    // Only what says where something is has a value without a provider.
    let wanted: BTreeSet<&String> = draft.module.addresses.iter().map(|wanted| &wanted.variable).collect();
    let secrets: BTreeSet<&String> = draft.module.secrets.iter().map(|(variable, _)| variable).collect();
    let variables = draft.variables.iter().filter(|(name, _)| wanted.contains(name) || secrets.contains(name));
    let variables = variables.map(|(name, block)| (name.clone(), block.clone())).collect();
    Draft { files, variables, outputs, module: draft.module, taken: draft.taken }
}

/// Comments belong to the block that follows; where that is gone, they go with it.
fn without_orphans(items: Vec<Item>) -> Vec<Item> {
    let mut kept: Vec<Item> = Vec::new();
    for item in items {
        if matches!(item, Item::Comment(_)) && matches!(kept.last(), Some(Item::Comment(_))) {
            kept.pop();
        }
        kept.push(item);
    }
    if matches!(kept.last(), Some(Item::Comment(_))) {
        kept.pop();
    }
    kept
}

/// Locals by their names: `local.x`.
struct Locals {
    /// What each refers to, followed through other locals.
    refer: BTreeMap<String, BTreeSet<String>>,
    /// Those that are objects of plain values.
    plain: BTreeMap<String, Expr>,
}

fn locals<'a>(blocks: impl Iterator<Item = &'a Block>, known: &BTreeSet<String>) -> Locals {
    let mut direct: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut plain = BTreeMap::new();
    for block in blocks.filter(|block| block.kind == "locals") {
        for item in &block.body {
            if let Item::Attribute(name, value) = item {
                let name = format!("local.{name}");
                let mut found = BTreeSet::new();
                each(value, &mut |text| found.extend(references(text, known)));
                if let Expr::Object(entries) = value
                    && entries.iter().all(|(_, value)| matches!(value, Expr::Text(_)))
                {
                    plain.insert(name.clone(), value.clone());
                }
                direct.insert(name, found);
            }
        }
    }
    let mut refer = direct.clone();
    // Locals refer to few others; as many rounds as there are locals are always enough.
    for _ in 0..direct.len() {
        let before = refer.clone();
        for found in refer.values_mut() {
            let more: Vec<String> = found.iter().filter_map(|name| before.get(name)).flatten().cloned().collect();
            found.extend(more);
        }
        if before == refer {
            break;
        }
    }
    Locals { refer, plain }
}

/// Names of resources and locals in an expression.
fn references(text: &str, known: &BTreeSet<String>) -> Vec<String> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-' || c == '.';
    let paths = text.split(|c: char| !word(c)).filter(|path| path.contains('.'));
    let head = |path: &str| path.split('.').take(2).collect::<Vec<_>>().join(".");
    paths.map(head).filter(|name| known.contains(name) || name.starts_with("local.")).collect()
}

/// Every expression in a value.
fn each(value: &Expr, see: &mut dyn FnMut(&str)) {
    match value {
        Expr::Raw(text) => see(text),
        Expr::List(items) | Expr::Call(_, items) => items.iter().for_each(|item| each(item, see)),
        Expr::Object(entries) => entries.iter().for_each(|(_, value)| each(value, see)),
        _ => {}
    }
}

fn each_in(body: &[Item], see: &mut dyn FnMut(&str)) {
    for item in body {
        match item {
            Item::Attribute(_, value) => each(value, see),
            Item::Block(block) => each_in(&block.body, see),
            _ => {}
        }
    }
}

/// The label of what stands for a resource.
pub fn label(kind: &str, label: &str) -> String {
    format!("{kind}_{label}")
}

fn replaced(block: &Block, known: &BTreeSet<String>, locals: &Locals) -> Option<Block> {
    match block.kind.as_str() {
        "resource" => {}
        "terraform" => return Some(hcl::block("terraform", []).set("required_version", ">= 1.6")),
        _ => return None,
    }
    let (kind, name) = (block.labels[0].as_str(), block.labels[1].as_str());
    let own = block.address();
    let mut found = BTreeSet::new();
    each_in(&block.body, &mut |text| found.extend(references(text, known)));
    let through: Vec<String> = found.iter().filter_map(|name| locals.refer.get(name)).flatten().cloned().collect();
    found.extend(through);
    let after = found.iter().filter(|name| **name != own && known.contains(*name)).map(|address| {
        let (kind, name) = address.split_once('.').unwrap_or_default();
        raw(format!("terraform_data.{}", label(kind, name)))
    });
    let after: Vec<Expr> = after.collect();
    let mut input = vec![("stands_for".to_owned(), text(own.as_str()))];
    input.extend(plain(&block.body));
    input.extend(tags(&block.body, locals));
    let counted = block.body.iter().filter_map(|item| match item {
        Item::Attribute(name, value) if name == "count" || name == "for_each" => Some((name, value)),
        _ => None,
    });
    let mut made = hcl::resource("terraform_data", &label(kind, name));
    for (name, value) in counted.filter(|(_, value)| is_known(value)) {
        made = made.set(name, value.clone());
    }
    made = made.set("input", object(input));
    if !after.is_empty() {
        made = made.set("depends_on", list(after));
    }
    let command = format!("[ -z \"${HOOK}\" ] || \"${HOOK}\" create '{own}'");
    Some(made.with(hcl::block("provisioner", ["local-exec"]).set("command", command)))
}

/// The tags of a resource, which stand in a local.
fn tags(body: &[Item], locals: &Locals) -> Option<(String, Expr)> {
    body.iter().find_map(|item| match item {
        Item::Attribute(name, Expr::Raw(text)) if matches!(name.as_str(), "tags" | "labels") => {
            let of = |local: &&String| {
                text.split(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c))).any(|w| w == **local)
            };
            let local = locals.plain.keys().find(of)?;
            Some((name.clone(), locals.plain[local].clone()))
        }
        _ => None,
    })
}

/// Whether a value can be known without any resource.
fn is_known(value: &Expr) -> bool {
    match value {
        Expr::Raw(text) => text.contains("var.address_of") || text.contains("var.callers_of"),
        other => !matches!(other, Expr::Call(..)),
    }
}

/// What of a body is a plain value.
fn plain(body: &[Item]) -> Vec<(String, Expr)> {
    let mut found: Vec<(String, Expr)> = Vec::new();
    for item in body {
        let (name, value) = match item {
            Item::Attribute(name, value) if !matches!(name.as_str(), "count" | "for_each") => {
                (name, plain_value(value))
            }
            Item::Block(block) if block.kind != "lifecycle" => {
                let inner = plain(&block.body);
                (&block.kind, (!inner.is_empty()).then_some(Expr::Object(inner)))
            }
            _ => continue,
        };
        let Some(value) = value else { continue };
        // Blocks that stand several times are told apart by their number.
        let mut key = name.clone();
        let mut number = 2;
        while found.iter().any(|(other, _)| *other == key) {
            key = format!("{name}_{number}");
            number += 1;
        }
        found.push((key, value));
    }
    found
}

fn plain_value(value: &Expr) -> Option<Expr> {
    match value {
        Expr::Text(_) | Expr::Number(_) | Expr::Bool(_) => Some(value.clone()),
        Expr::Raw(text) if is_known(value) && !text.contains("each.") => Some(value.clone()),
        // Shares of capacity are written as expressions.
        Expr::Raw(text) if text.parse::<f64>().is_ok() => Some(value.clone()),
        _ => None,
    }
}

fn is_sensitive(output: &Block) -> bool {
    output.body.iter().any(|item| matches!(item, Item::Attribute(name, Expr::Bool(true)) if name == "sensitive"))
}

/// An output with what is known; addresses that only a provider gives are one that leads nowhere (RFC 6761).
fn plain_output(output: &Block) -> Block {
    let value = |name: &str, value: &Expr| match value {
        Expr::Raw(text) if text == "[]" => value.clone(),
        Expr::Raw(_) if matches!(name, "private" | "public" | "outgoing") => list([text("192.0.2.1")]),
        Expr::Raw(_) => text("rehearsal.invalid"),
        _ => value.clone(),
    };
    let mut made = Block { body: Vec::new(), ..output.clone() };
    for item in &output.body {
        made.body.push(match item {
            Item::Attribute(name, Expr::Object(entries)) => {
                let entries = entries.iter().map(|(key, inner)| (key.clone(), value(key, inner)));
                Item::Attribute(name.clone(), Expr::Object(entries.collect()))
            }
            other => other.clone(),
        });
    }
    made
}
