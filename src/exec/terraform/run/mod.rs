//! The executor: a working folder for each application and provider, and the `tofu` or `terraform` binary.
//!
//! What should be there is a list of sides ([`Side`]) in the application's folder; every step changes that list, writes the
//! configuration that makes it, and carries that out. So a step that was interrupted is finished by carrying the same
//! configuration out again, and taken back by carrying out the list without it.

mod binary;
mod converge;
mod folder;
mod judge;
mod ready;
mod remembered;
mod seen;
mod settings;
mod steps;

pub use settings::Settings;

use crate::app::App;
use crate::exec::{Done, Executor, Failure, Order, Sighting, Watch};
use crate::plan::Plan;
use std::path::PathBuf;

/// Drives `tofu` or `terraform`.
#[derive(Clone, Debug)]
pub struct Terraform {
    root: PathBuf,
    settings: Settings,
}

impl Terraform {
    /// An executor that keeps its working folders in `root`.
    #[must_use]
    pub fn new(root: PathBuf, settings: Settings) -> Self {
        Self { root, settings }
    }
}

impl Executor for Terraform {
    fn name(&self) -> &str {
        if self.settings.rehearsal { "terraform:rehearsal" } else { "terraform" }
    }

    fn ready(&self, app: &App, plan: &Plan) -> Result<(), Failure> {
        ready::ready(self, app, plan)
    }

    fn apply(&self, order: &Order<'_>, watch: &dyn Watch) -> Result<Done, Failure> {
        steps::apply(self, order, watch)
    }

    fn undo(&self, order: &Order<'_>, watch: &dyn Watch) -> Result<Done, Failure> {
        steps::undo(self, order, watch)
    }

    fn observe(&self, app: &str) -> Result<Vec<Sighting>, Failure> {
        seen::observe(self, app)
    }
}
