//! Faults of a file: data first, prose as a formatter.

use serde::Serialize;
use std::fmt;

/// Faults that are kept of one file. The rest is only counted: nobody reads the thousandth.
pub(super) const KEPT_MAX: usize = 1_000;
/// Faults that are printed.
const PRINTED_MAX: usize = 50;

/// What kind of fault it is: a stable word for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The file is larger than an application file may be.
    TooLarge,
    /// Not UTF-8, or with a NUL byte.
    NotText,
    /// There is nothing in the file.
    Empty,
    /// Not TOML.
    Syntax,
    /// Of a version that this program does not read.
    Version,
    /// A key that the format does not have.
    UnknownKey,
    /// A key that must be there and is not.
    MissingKey,
    /// Another type than the key takes.
    WrongType,
    /// None of the words that the key takes.
    UnknownWord,
    /// A number outside its range, or with too many digits.
    OutOfRange,
    /// A text or a list that is too long or too short.
    WrongLength,
    /// A name with characters that names may not have.
    BadName,
    /// A name that is used twice.
    DuplicateName,
    /// A name that nothing has.
    UnknownName,
    /// A name that several things have.
    AmbiguousName,
    /// A key that makes no sense beside another one, or for this kind of component.
    Conflict,
    /// Numbers that do not add up, or are too large together.
    WrongTotal,
    /// A fault of this program, not of the file.
    Internal,
}

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Name of the file, as the caller gave it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Key path, like `component[2].cpu`; empty for the file as a whole.
    pub path: String,
    /// What kind of fault.
    pub code: Code,
    /// What was found.
    pub found: String,
    /// What was expected instead.
    pub expected: String,
    /// The nearest valid name.
    pub nearest: Option<String>,
    /// What to do.
    pub help: Option<String>,
    /// The piece of source that it is about.
    #[serde(skip)]
    pub excerpt: Excerpt,
}

/// A piece of one source line, and what to underline in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// Text of the line, or of a window in it; control characters and tabs replaced by one character each.
    pub text: String,
    /// Characters before the underlined part.
    pub indent: usize,
    /// Characters underlined; at least one.
    pub width: usize,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gutter = " ".repeat(self.line.to_string().len());
        writeln!(f, "error: {}", self.found)?;
        write!(f, "{gutter}--> {}:{}:{}", self.file, self.line, self.column)?;
        if !self.path.is_empty() {
            write!(f, " ({})", self.path)?;
        }
        let Excerpt { text, indent, width } = &self.excerpt;
        if text.is_empty() {
            write!(f, "\n{gutter} = expected {}", self.expected)?;
        } else {
            write!(f, "\n{} | {text}\n{gutter} | ", self.line)?;
            write!(f, "{}{} expected {}", " ".repeat(*indent), "^".repeat(*width), self.expected)?;
        }
        if let Some(nearest) = &self.nearest {
            write!(f, "\n{gutter} = did you mean `{nearest}`?")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n{gutter} = help: {help}")?;
        }
        Ok(())
    }
}

/// Everything that is wrong with a file, by position; never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Faults {
    /// The faults, at most a thousand.
    pub faults: Vec<Fault>,
    /// Further ones that were only counted.
    pub omitted: usize,
}

impl Faults {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.faults.len() + self.omitted
    }

    /// As JSON: `{"faults": [{"file", "line", "column", "path", "code", "found", "expected", "nearest", "help"}],
    /// "omitted"}`.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self { faults: vec![fault], omitted: 0 }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.faults.iter().take(PRINTED_MAX).enumerate() {
            if i > 0 {
                f.write_str("\n\n")?;
            }
            fault.fmt(f)?;
        }
        let more = self.count().saturating_sub(PRINTED_MAX);
        if more > 0 {
            write!(f, "\n\nand {more} more")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// `a`, `b` or `c`, at most a dozen of them.
pub(super) fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN_MAX: usize = 12;
    let words: Vec<&str> = words.into_iter().collect();
    match words.as_slice() {
        [] => "nothing".to_owned(),
        [only] => quoted(only),
        [first @ .., last] if words.len() <= SHOWN_MAX => {
            let first: Vec<String> = first.iter().map(|word| quoted(word)).collect();
            format!("{} or {}", first.join(", "), quoted(last))
        }
        _ => {
            let shown: Vec<String> = words[..SHOWN_MAX].iter().map(|word| quoted(word)).collect();
            format!("{} or one of {} more", shown.join(", "), words.len() - SHOWN_MAX)
        }
    }
}

/// Text of the file between backticks: bounded, and without control characters.
pub(super) fn quoted(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    let mut shown: String = text.chars().take(CHARS_MAX).map(printable).collect();
    if text.chars().nth(CHARS_MAX).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// The character, or a mark where it would upset a terminal.
pub(super) fn printable(c: char) -> char {
    // Direction marks can make a text look like another one.
    let upsets = c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    if upsets { '\u{fffd}' } else { c }
}

/// `1 component`, `2 components`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_listed_and_bounded() {
        assert_eq!(one_of([]), "nothing");
        assert_eq!(one_of(["a"]), "`a`");
        assert_eq!(one_of(["a", "b", "c"]), "`a`, `b` or `c`");
        assert!(one_of(["a"; 400]).ends_with("`a` or one of 388 more"));
    }

    #[test]
    fn quoted_text_cannot_upset_a_terminal() {
        assert_eq!(quoted("a\u{1b}[31m\u{202e}"), "`a\u{fffd}[31m\u{fffd}`");
        assert_eq!(quoted(&"x".repeat(100)), format!("`{}…`", "x".repeat(60)));
    }
}
