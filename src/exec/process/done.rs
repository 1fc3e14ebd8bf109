//! The keys of the steps that were done, with what was said of them: a step that is sent again changes nothing.
//!
//! Only the present plan's are kept. The same plan made again after another one in between has the same keys, and has to be
//! carried out again.

use super::files;
use super::layout::AppDir;
use crate::exec::Failure;
use crate::plan::Plan;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Keys of the steps that were done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoneFile {
    /// Key of the first step: tells plans apart.
    plan: String,
    /// What was said, by the step's key.
    done: BTreeMap<String, String>,
}

impl DoneFile {
    /// What was done of a plan.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(app: &AppDir, plan: &Plan) -> Result<Self, Failure> {
        let first = plan.steps.first().map(|step| step.key.clone()).unwrap_or_default();
        let known: Option<Self> = files::read_json(&app.done())?;
        Ok(known.filter(|known| known.plan == first).unwrap_or(Self { plan: first, done: BTreeMap::new() }))
    }

    /// What was said of a step.
    pub fn note(&self, key: &str) -> Option<&str> {
        self.done.get(key).map(String::as_str)
    }

    /// Notes that a step was done.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn add(&mut self, app: &AppDir, key: &str, note: &str) -> Result<(), Failure> {
        self.done.insert(key.to_owned(), note.to_owned());
        files::write_json(&app.done(), self)
    }

    /// Forgets a step of a component and all that came after it: what is taken back, and what was said on top of it.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn forget(&mut self, app: &AppDir, plan: &Plan, key: &str) -> Result<(), Failure> {
        let Some(at) = plan.steps.iter().position(|step| step.key == key) else { return Ok(()) };
        let component = &plan.steps[at].component;
        let gone = plan.steps[at..].iter().filter(|step| step.component == *component);
        let before = self.done.len();
        gone.for_each(|step| drop(self.done.remove(&step.key)));
        match self.done.len() {
            same if same == before => Ok(()),
            0 => files::remove(&app.done()),
            _ => files::write_json(&app.done(), self),
        }
    }
}
