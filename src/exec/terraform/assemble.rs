//! A draft's blocks as the files of a root module.

use super::hcl::{self, Block, Expr, Item, object, text};
use super::model::{Draft, Module, Part, View};
use super::names::tag;
use std::collections::BTreeMap;

/// First line of every file that placer writes; by it `placer export` knows what it may write over.
pub const HEADER: &str = "Written by placer; it is written anew whenever the application moves.";

/// What the configuration needs: the binary, providers, and `random` for passwords.
pub fn providers(named: &[(&str, &str, &str)]) -> Block {
    let random = ("random", "hashicorp/random", "~> 3.6");
    let mut needs = hcl::block("required_providers", []);
    for (name, source, version) in named.iter().chain([&random]) {
        needs = needs.set(name, object([("source", text(*source)), ("version", text(*version))]));
    }
    hcl::block("terraform", []).set("required_version", ">= 1.6").with(needs)
}

/// Tags of what all sides share.
pub fn shared_tags(view: &View) -> Block {
    let tags = object([("placer", text("managed")), ("app", text(tag(&view.app.name)))]);
    hcl::block("locals", []).set("tags", tags)
}

/// The files of a draft.
pub fn module(draft: Draft) -> Module {
    let Draft { mut files, mut module, variables, outputs, taken: _ } = draft;
    let listed = |blocks: BTreeMap<String, Block>| blocks.into_values().map(Item::Block).collect::<Vec<_>>();
    files.insert("variables.tf".to_owned(), listed(variables));
    files.insert("outputs.tf".to_owned(), listed(outputs));
    files.retain(|_, items| !items.is_empty());
    module.files = files.into_iter().map(|(name, items)| (name, hcl::file(HEADER, &items))).collect();
    module.gaps.sort();
    module.gaps.dedup();
    module.addresses.sort();
    module.secrets.sort();
    module
}

/// Tags of everything that belongs to a side; values that every provider takes as labels.
pub fn tags_of(view: &View, part: &Part) -> Vec<(&'static str, Expr)> {
    let side = part.side;
    vec![
        ("placer", text("managed")),
        ("app", text(tag(&view.app.name))),
        ("component", text(tag(&side.seat.component))),
        ("seat", text(side.seat.id())),
        ("run", text(tag(&side.run))),
        ("step", text(tag(&side.step))),
    ]
}
