//! The text of a file: positions in it, the place of every key, and the faults found so far.

use super::faults::{Code, Excerpt, Fault, Faults, KEPT_MAX, printable};
use super::names::nearest;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Range;

/// Names looked up for "did you mean": bounds the work that a hostile file can ask for.
const LOOKUPS_MAX: usize = 200;

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// Where every key of a file stands, for the messages of later stages.
///
/// A key path is written like `component[2].cpu` or `link[0].to`; list elements count from 0, in file order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Spans(BTreeMap<String, Position>);

impl Spans {
    /// Where a key stands; where it is absent, the nearest table around it that is there. `None` when not even that.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<Position> {
        let mut path = path;
        loop {
            if let Some(position) = self.0.get(path) {
                return Some(*position);
            }
            path = parent(path)?;
        }
    }

    /// Every key path with its place, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Position)> {
        self.0.iter().map(|(path, position)| (path.as_str(), *position))
    }
}

/// `a.b[1]` -> `a.b` -> `a` -> none.
fn parent(path: &str) -> Option<&str> {
    path.rfind(['.', '[']).map(|end| &path[..end])
}

/// Which part of a key and its value to point at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    /// The key, or a table's header.
    Key,
    /// The value.
    Value,
}

/// Byte ranges of a key and its value.
#[derive(Clone, Debug)]
struct Mark {
    key: Range<usize>,
    value: Range<usize>,
}

/// What is said about a fault, apart from where it is.
pub(crate) struct Says {
    pub code: Code,
    pub found: String,
    pub expected: String,
    pub nearest: Option<String>,
    pub help: Option<String>,
}

impl Says {
    pub(crate) fn new(code: Code, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { code, found: found.into(), expected: expected.into(), nearest: None, help: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// A text under examination.
pub(crate) struct Source<'a> {
    file: &'a str,
    text: &'a str,
    line_starts: Vec<usize>,
    marks: HashMap<String, Mark>,
    faults: Vec<(usize, Fault)>,
    omitted: usize,
    lookups: usize,
}

impl<'a> Source<'a> {
    pub(crate) fn new(file: &'a str, text: &'a str) -> Self {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { file, text, line_starts, marks: HashMap::new(), faults: Vec::new(), omitted: 0, lookups: 0 }
    }

    /// Of no text: for whoever only asks whether there are faults, and not where they stand.
    pub(crate) fn quiet() -> Self {
        Self::new("", "")
    }

    /// Remembers where a key and its value stand.
    pub(crate) fn mark(&mut self, path: &str, key: Range<usize>, value: Range<usize>) {
        self.marks.insert(path.to_owned(), Mark { key, value });
    }

    /// Whether a key that no value was read of is in the file with a bad one.
    pub(crate) fn has(&self, path: fmt::Arguments<'_>) -> bool {
        !self.marks.is_empty() && self.marks.contains_key(&*path.to_string())
    }

    /// The candidate that was probably meant.
    pub(crate) fn nearest<'n>(&mut self, found: &str, names: impl IntoIterator<Item = &'n str>) -> Option<String> {
        self.lookups += 1;
        if self.lookups > LOOKUPS_MAX { None } else { nearest(found, names).map(str::to_owned) }
    }

    /// Records a fault at a key path, or at the nearest table around it.
    pub(crate) fn fault(&mut self, path: &str, point: Point, says: Says) {
        let range = self.range(path, point);
        self.fault_at(range, path, says);
    }

    /// Records a fault at a byte range.
    pub(crate) fn fault_at(&mut self, range: Range<usize>, path: &str, says: Says) {
        if self.faults.len() >= KEPT_MAX {
            self.omitted += 1;
            return;
        }
        let start = self.boundary(range.start);
        let Position { line, column } = self.position(start);
        let Says { code, found, expected, nearest, help } = says;
        let excerpt = self.excerpt(start..self.boundary(range.end).max(start));
        let (file, path) = (self.file.to_owned(), path.to_owned());
        let fault = Fault { file, line, column, path, code, found, expected, nearest, help, excerpt };
        self.faults.push((start, fault));
    }

    fn range(&self, path: &str, point: Point) -> Range<usize> {
        let mut at = path;
        loop {
            if let Some(mark) = self.marks.get(at) {
                // Of a table around a missing key, the header.
                return if at == path && point == Point::Value { mark.value.clone() } else { mark.key.clone() };
            }
            match parent(at) {
                Some(up) => at = up,
                None => return 0..0,
            }
        }
    }

    /// Whether no fault was found.
    pub(crate) fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    /// The faults by position.
    pub(crate) fn into_faults(mut self) -> Faults {
        self.faults.sort_by_key(|(start, _)| *start);
        Faults { faults: self.faults.into_iter().map(|(_, fault)| fault).collect(), omitted: self.omitted }
    }

    /// The places of all keys.
    pub(crate) fn into_spans(self) -> Spans {
        let mut keys: Vec<(usize, String)> =
            self.marks.iter().map(|(path, mark)| (mark.key.start, path.clone())).collect();
        keys.sort_unstable();
        let mut spans = BTreeMap::new();
        // One sweep: counting characters from the start of a very long line for every key would be quadratic.
        let (mut line_start, mut done, mut column) = (0, 0, 1);
        for (start, path) in keys {
            let start = self.boundary(start);
            let line = self.line_starts.partition_point(|line_start| *line_start <= start);
            if self.line_starts[line - 1] != line_start {
                line_start = self.line_starts[line - 1];
                (done, column) = (line_start, 1);
            }
            column += self.text[done..start].chars().count();
            done = start;
            spans.insert(path, Position { line, column });
        }
        Spans(spans)
    }

    /// The offset, or the nearest one below that is not inside a character or past the end.
    fn boundary(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }

    /// The line of an offset, from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset)
    }

    fn position(&self, offset: usize) -> Position {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let column = self.text[self.line_starts[line - 1]..offset].chars().count() + 1;
        Position { line, column }
    }

    fn excerpt(&self, range: Range<usize>) -> Excerpt {
        const BEFORE_MAX: usize = 60;
        const SHOWN_MAX: usize = 110;
        let shown = |c| if c == '\t' { ' ' } else { printable(c) };
        let line_start = self.line_starts[self.line_starts.partition_point(|start| *start <= range.start) - 1];
        let line = self.text[line_start..].split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let at = (range.start - line_start).min(line.len());
        let before: Vec<char> = line[..at].chars().rev().take(BEFORE_MAX).collect();
        let indent = before.len();
        let end = range.end.clamp(line_start + at, line_start + line.len());
        let width = self.text[line_start + at..end].chars().take(SHOWN_MAX - indent).count().max(1);
        let text: String = before.into_iter().rev().chain(line[at..].chars()).take(SHOWN_MAX).map(shown).collect();
        Excerpt { text: text.trim_end().to_owned(), indent, width }
    }
}
