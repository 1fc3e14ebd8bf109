//! Reads fact tables: CSV with a header line, fields by name.

use super::Error;
use crate::units::{Money, Quality, Quantity, parse_scaled};
use std::collections::HashMap;
use std::path::Path;

/// A fact table in memory.
pub struct Table {
    name: String,
    columns: HashMap<String, usize>,
    rows: Vec<csv::StringRecord>,
}

impl Table {
    /// Reads a file; with `optional`, a file that is not there is an empty table.
    pub fn read(path: &Path, optional: bool) -> Result<Self, Error> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if optional && !path.exists() {
            return Ok(Self { name, columns: HashMap::new(), rows: Vec::new() });
        }
        let failed = |source| Error::Csv { path: path.to_owned(), source };
        let mut reader = csv::Reader::from_path(path).map_err(failed)?;
        let columns = reader.headers().map_err(failed)?.iter().map(str::to_owned).zip(0..).collect();
        let rows = reader.records().collect::<Result<_, _>>().map_err(failed)?;
        Ok(Self { name, columns, rows })
    }

    /// All rows.
    pub fn rows(&self) -> impl Iterator<Item = Fact<'_>> {
        self.rows.iter().map(|record| Fact { table: self, record })
    }
}

/// One row of a fact table.
#[derive(Clone, Copy)]
pub struct Fact<'a> {
    table: &'a Table,
    record: &'a csv::StringRecord,
}

impl<'a> Fact<'a> {
    /// A field; empty when the table has no such column.
    pub fn get(self, column: &str) -> &'a str {
        let at = self.table.columns.get(column);
        at.and_then(|&at| self.record.get(at)).unwrap_or_default()
    }

    /// An error at this row.
    pub fn error(self, reason: &str) -> Error {
        let line = self.record.position().map_or(0, csv::Position::line);
        Error::Fact { file: self.table.name.clone(), line, reason: reason.to_owned() }
    }

    /// A price, when there is one.
    pub fn money(self, column: &str) -> Result<Option<Money>, Error> {
        let text = self.get(column);
        if text.is_empty() {
            return Ok(None);
        }
        let money = Money::parse(text).ok().filter(|m| *m >= Money::ZERO);
        money.map(Some).ok_or_else(|| self.error(&format!("{column} `{text}` is not a price")))
    }

    /// An amount, when there is one.
    pub fn quantity(self, column: &str) -> Result<Option<Quantity>, Error> {
        let text = self.get(column);
        if text.is_empty() {
            return Ok(None);
        }
        let parsed = Quantity::parse(text).map(Some);
        parsed.map_err(|e| self.error(&format!("{column} `{text}`: {e}")))
    }

    /// A finite number that is not money.
    pub fn float(self, column: &str) -> Result<f64, Error> {
        let text = self.get(column);
        let value = text.parse::<f64>().ok().filter(|v| v.is_finite());
        value.ok_or_else(|| self.error(&format!("{column} `{text}` is not a number")))
    }

    /// A size times a scale, rounded half up (some sizes are given to the hundredth of a GiB); 0 when empty.
    pub fn scaled(self, column: &str, scale: i64) -> Result<u32, Error> {
        let text = if self.get(column).is_empty() { "0" } else { self.get(column) };
        let micro = parse_scaled(text, 6).map_err(|e| self.error(&format!("{column} `{text}`: {e}")))?;
        let value = (micro * scale + 500_000) / 1_000_000;
        u32::try_from(value).map_err(|_| self.error(&format!("{column} `{text}` is out of range")))
    }

    /// The row's quality; listed when the table has no such column.
    pub fn quality(self) -> Result<Quality, Error> {
        match self.get("quality") {
            "" => Ok(Quality::Listed),
            text => Quality::parse(text).ok_or_else(|| self.error(&format!("quality `{text}`"))),
        }
    }
}
