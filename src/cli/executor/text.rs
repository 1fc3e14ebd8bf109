//! Verdicts for people.

use crate::cli::text::{Look, wrap};
use crate::exec::conformance::wire::{CaseRow, OutcomeWord, Report};
use crate::exec::plugin::wire::Info;
use std::fmt::Write;

/// Columns before a promise, and before what is said about it.
const INDENT: usize = 23;

/// Who is tested.
pub(super) fn heading(info: &Info, command: &str) -> String {
    let version = if info.version.is_empty() { String::new() } else { format!(" {}", info.version) };
    format!("`{}`{version}: {command}\n\n", info.name)
}

/// A case: its outcome, and below it what there is to say.
pub(super) fn case(row: &CaseRow, look: Look) -> String {
    let outcome = match row.outcome {
        OutcomeWord::Passed => "passed ".to_owned(),
        OutcomeWord::Failed => look.strong("FAILED "),
        OutcomeWord::Skipped => "skipped".to_owned(),
    };
    let mut text = format!("{outcome}  {:<14}", row.case);
    indented(&mut text, &row.promise, look);
    if let Some(why) = &row.why {
        let _ = write!(text, "{:INDENT$}", "");
        indented(&mut text, why, look);
    }
    if !row.left.is_empty() {
        let _ = write!(text, "{:INDENT$}", "");
        indented(&mut text, &format!("left behind: {}", row.left.join(", ")), look);
    }
    text
}

fn indented(text: &mut String, words: &str, look: Look) {
    let lines = wrap(words, usize::from(look.width).saturating_sub(INDENT));
    text.push_str(&lines.join(&format!("\n{:INDENT$}", "")));
    text.push('\n');
}

/// How many of which.
pub(super) fn sum(report: &Report) -> String {
    let count = |outcome| report.cases.iter().filter(|row| row.outcome == outcome).count();
    let [passed, failed, skipped] = [OutcomeWord::Passed, OutcomeWord::Failed, OutcomeWord::Skipped].map(count);
    format!("\n{passed} passed, {failed} failed, {skipped} skipped\n")
}
