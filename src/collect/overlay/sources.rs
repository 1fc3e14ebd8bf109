//! The list of sources while figures are laid over a book: old ones keep their numbers, new ones go to the end.

use super::Figure;
use std::collections::HashMap;
use std::fmt::Write as _;

pub struct Sources {
    /// Date and text, by id.
    list: Vec<(String, String)>,
    ids: HashMap<(String, String), usize>,
}

impl Sources {
    /// The sources of the base, from its file's text.
    pub fn new(text: &str) -> Self {
        let mut sources = Self { list: Vec::new(), ids: HashMap::new() };
        for line in text.lines().skip(1) {
            let mut words = line.splitn(3, ',').skip(1);
            let (date, text) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            sources.add(date, text);
        }
        sources
    }

    fn add(&mut self, date: &str, text: &str) -> usize {
        let row = (date.to_owned(), text.to_owned());
        let id = self.list.len();
        self.ids.entry(row.clone()).or_insert(id);
        self.list.push(row);
        id
    }

    /// The id of a source, which is added when it is new.
    pub fn id(&mut self, date: &str, text: &str) -> usize {
        let text = text.replace(['\n', '\r'], " ");
        let row = (date.to_owned(), text);
        match self.ids.get(&row) {
            Some(&id) => id,
            None => self.add(&row.0, &row.1),
        }
    }

    /// The id of a figure's source.
    pub fn of(&mut self, figure: &Figure) -> usize {
        self.id(&figure.date, &figure.source)
    }

    /// Date and text of an id as it stands in a row.
    pub fn get(&self, id: &str) -> (&str, &str) {
        let row = id.parse::<usize>().ok().and_then(|id| self.list.get(id));
        row.map_or(("", ""), |(date, text)| (date, text))
    }

    /// Whether a figure is at least as new as what stands in a row. Dates of a year or month count as their beginning.
    pub fn is_newer(&self, figure: &Figure, id: &str) -> bool {
        figure.date.as_str() >= self.get(id).0
    }

    pub fn into_text(self) -> String {
        let mut out = format!("{}\n", crate::catalog::header::SOURCES);
        for (id, (date, text)) in self.list.into_iter().enumerate() {
            let _ = writeln!(out, "{id},{date},{text}");
        }
        out
    }
}
