//! The verdicts as JSON, versioned.

use super::{Outcome, Verdict, conforms};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Value of the member `format`.
const FORMAT: &str = "placer-conformance";
/// The version that is written.
const VERSION: u32 = 1;

/// What the suite found.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// `placer-conformance`.
    pub format: String,
    /// 1.
    pub version: u32,
    /// Who was held to the promises.
    pub executor: String,
    /// Whether no promise was found broken.
    pub conforms: bool,
    /// The cases, in the order in which they were run.
    pub cases: Vec<CaseRow>,
}

/// A case.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct CaseRow {
    /// Its word.
    pub case: String,
    /// What is promised.
    pub promise: String,
    /// What became of it.
    pub outcome: OutcomeWord,
    /// Where and how it was broken, or why nothing can be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What a case that failed left behind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<String>,
}

/// What became of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeWord {
    /// The promise was kept.
    Passed,
    /// It was broken.
    Failed,
    /// It cannot be said.
    Skipped,
}

/// The document of what the suite found on an executor of this name.
#[must_use]
pub fn report(executor: &str, verdicts: &[Verdict]) -> Report {
    Report {
        format: FORMAT.to_owned(),
        version: VERSION,
        executor: executor.to_owned(),
        conforms: conforms(verdicts),
        cases: verdicts.iter().map(CaseRow::from).collect(),
    }
}

impl From<&Verdict> for CaseRow {
    fn from(verdict: &Verdict) -> Self {
        let (outcome, why) = match &verdict.outcome {
            Outcome::Passed => (OutcomeWord::Passed, None),
            Outcome::Failed { why } => (OutcomeWord::Failed, Some(why.clone())),
            Outcome::Skipped { why } => (OutcomeWord::Skipped, Some(why.clone())),
        };
        let (case, promise) = (verdict.case.as_str().to_owned(), verdict.case.promise().to_owned());
        Self { case, promise, outcome, why, left: verdict.left.clone() }
    }
}
