//! Terraform and OpenTofu: a readable root module for each provider, and the binary that carries it out.

mod assemble;
pub mod audit;
mod aws;
mod azure;
mod calls;
mod containers;
mod gcp;
pub mod hcl;
mod hetzner;
mod machines;
mod model;
mod names;
pub mod tree;

pub use assemble::HEADER;
pub use model::{Gap, Module, PROVIDERS, Side, Wanted};

use crate::app::App;
use std::collections::BTreeMap;

/// Root modules by provider, and what none of them has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// Modules by provider name.
    pub modules: BTreeMap<String, Module>,
    /// Sides at providers that no module is made for.
    pub gaps: Vec<Gap>,
}

impl Configuration {
    /// Everything that is not made, modules and all.
    #[must_use]
    pub fn all_gaps(&self) -> Vec<&Gap> {
        let mut gaps: Vec<&Gap> =
            self.gaps.iter().chain(self.modules.values().flat_map(|module| &module.gaps)).collect();
        gaps.sort();
        gaps
    }
}

/// The configuration that makes these sides of an application, and nothing else. Pure: the same sides give the same bytes.
#[must_use]
pub fn generate(app: &App, sides: &[Side]) -> Configuration {
    let mut made = Configuration::default();
    for provider in PROVIDERS {
        if sides.iter().any(|side| side.seat.provider == provider) {
            let view = model::View { app, sides, provider };
            let draft = match provider {
                "azure" => azure::draft(&view),
                "hetzner" => hetzner::draft(&view),
                "gcp" => gcp::draft(&view),
                _ => aws::draft(&view),
            };
            made.modules.insert(provider.to_owned(), assemble::module(draft));
        }
    }
    for side in sides.iter().filter(|side| !PROVIDERS.contains(&side.seat.provider.as_str())) {
        let why =
            format!("no configuration is generated for {} (only for {})", side.seat.provider, PROVIDERS.join(", "));
        made.gaps.push(model::gap(&side.seat, why));
    }
    made
}
