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
mod rehearse;
#[cfg(unix)]
mod run;
pub mod tree;

pub use assemble::HEADER;
pub use model::{Gap, Module, PROVIDERS, Side, Wanted};
pub use rehearse::HOOK;
#[cfg(unix)]
pub use run::{Settings, Terraform};

use crate::app::App;
use std::collections::{BTreeMap, BTreeSet};

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

/// How a configuration is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Every resource is replaced by one that needs no provider and makes nothing.
    pub rehearsal: bool,
    /// The public zone under whose names users find what is public.
    pub zone: Option<Zone>,
    /// Providers that get a module even when nothing is there: what they have had is taken away by it.
    pub also: BTreeSet<String>,
}

/// A public zone of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// The provider that holds it: `aws` or `gcp`, which know weights.
    pub provider: String,
    /// Its domain, without a dot at the end: `shop.example.com`.
    pub domain: String,
    /// Its identity at the provider: the hosted zone's id, the managed zone's name.
    pub id: String,
}

/// The configuration that makes these sides of an application, and nothing else. Pure: the same sides give the same bytes.
#[must_use]
pub fn generate(app: &App, sides: &[Side]) -> Configuration {
    generate_as(app, sides, &Style::default())
}

/// [`generate`] in a style.
#[must_use]
pub fn generate_as(app: &App, sides: &[Side], style: &Style) -> Configuration {
    let mut made = Configuration::default();
    for provider in PROVIDERS {
        let zone = style.zone.as_ref().filter(|zone| zone.provider == provider);
        if style.also.contains(provider) || sides.iter().any(|side| side.seat.provider == provider) {
            let view = model::View { app, sides, provider, zone };
            let draft = match provider {
                "azure" => azure::draft(&view),
                "hetzner" => hetzner::draft(&view),
                "gcp" => gcp::draft(&view),
                _ => aws::draft(&view),
            };
            let draft = if style.rehearsal { rehearse::rehearsal(draft) } else { draft };
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
