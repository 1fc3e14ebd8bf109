//! Text for people: colours when they are wanted, aligned columns, rounded numbers.

use crate::units::{Money, Quantity};
use comfy_table::{
    Attribute, Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width, presets,
};
use std::io::{self, IsTerminal};

/// Characters that a column of words keeps.
const WRAPPED_MIN: u16 = 22;

/// How text looks where it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Columns of text.
    pub width: u16,
    /// Whether bold and dim text is understood.
    pub styled: bool,
    /// Markdown instead of terminal text.
    pub markdown: bool,
}

impl Look {
    /// Width of text that does not go to a terminal, and at most on one.
    pub const WIDTH: u16 = 118;
    /// Below this, columns would be torn to pieces; a narrow terminal wraps the lines itself.
    const WIDTH_MIN: u16 = 80;

    /// For standard output: styled on a terminal that understands it, unless `NO_COLOR` is set.
    #[must_use]
    pub fn of_stdout() -> Self {
        let terminal = io::stdout().is_terminal();
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let seen = if terminal { Table::new().width() } else { None };
        let width = seen.map_or(Self::WIDTH, |seen| seen.clamp(Self::WIDTH_MIN, Self::WIDTH));
        Self { width, styled: terminal && !refused && !dumb, markdown: false }
    }

    /// For files.
    #[must_use]
    pub const fn plain() -> Self {
        Self { width: Self::WIDTH, styled: false, markdown: false }
    }

    /// For Markdown.
    #[must_use]
    pub const fn markdown() -> Self {
        Self { width: u16::MAX, styled: false, markdown: true }
    }

    /// Important text.
    #[must_use]
    pub fn strong(self, text: &str) -> String {
        match (self.markdown, self.styled) {
            (true, _) => format!("**{text}**"),
            (false, true) => format!("\x1b[1m{text}\x1b[0m"),
            (false, false) => text.to_owned(),
        }
    }

    /// The title of a section.
    #[must_use]
    pub fn title(self, text: &str) -> String {
        if self.markdown { format!("\n### {text}\n\n") } else { format!("\n{}\n", self.strong(text)) }
    }

    /// A list entry, wrapped and indented.
    #[must_use]
    pub fn bullet(self, text: &str) -> String {
        if self.markdown {
            return format!("- {text}\n");
        }
        format!("  - {}\n", wrap(text, usize::from(self.width).saturating_sub(4)).join("\n    "))
    }
}

/// Breaks text between words so that no line is wider than `width`, where words allow it.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a last line");
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// Where a column's text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Words.
    Left,
    /// Numbers.
    Right,
    /// Words that may be broken over lines when the table is too wide.
    Wrapped,
}

/// A table with a rule under its heading and nothing else: light enough to read, and to copy.
#[derive(Debug)]
pub struct Grid {
    sides: Vec<Side>,
    table: Table,
    look: Look,
}

impl Grid {
    /// An empty table with headings.
    #[must_use]
    pub fn new(look: Look, headings: &[(&str, Side)]) -> Self {
        let mut table = Table::new();
        if look.markdown {
            table.load_style(presets::ASCII_MARKDOWN);
        } else {
            let rule = LineStyle::none().fill('─').junction('─');
            table.load_style(TableStyle::new().header_separator(rule));
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(look.width);
        }
        if look.styled {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        let sides: Vec<Side> = headings.iter().map(|(_, side)| *side).collect();
        let mut grid = Self { sides, table, look };
        let cells = headings.iter().map(|(text, side)| cell(text, *side).add_attribute(Attribute::Dim));
        grid.table.set_header(cells.collect::<Vec<_>>());
        grid
    }

    /// Adds a row.
    pub fn row(&mut self, texts: impl IntoIterator<Item = String>) {
        let cells = texts.into_iter().zip(&self.sides).map(|(text, side)| cell(&text, *side));
        self.table.add_row(cells.collect::<Vec<_>>());
    }

    /// Adds a row that sums up.
    pub fn strong_row(&mut self, texts: impl IntoIterator<Item = String>) {
        let cells = texts.into_iter().zip(&self.sides);
        let cells = cells.map(|(text, side)| cell(&text, *side).add_attribute(Attribute::Bold));
        self.table.add_row(cells.collect::<Vec<_>>());
    }

    /// The text of the table.
    #[must_use]
    pub fn render(mut self) -> String {
        if !self.look.markdown {
            for (column, side) in self.table.column_iter_mut().zip(&self.sides) {
                column.set_padding((0, 2));
                // Columns of words give way, but stay readable: then the table grows wider than the page instead.
                column.set_constraint(match side {
                    Side::Wrapped => ColumnConstraint::LowerBoundary(Width::Fixed(WRAPPED_MIN)),
                    Side::Left | Side::Right => ColumnConstraint::ContentWidth,
                });
            }
        }
        let mut text = String::new();
        for line in self.table.lines() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

fn cell(text: &str, side: Side) -> Cell {
    let side = if side == Side::Right { CellAlignment::Right } else { CellAlignment::Left };
    Cell::new(text).set_alignment(side)
}

/// Exact decimal dollars as people read them: `$1,234.50`, `-$2.00`.
#[must_use]
pub fn usd(decimal: &str) -> String {
    match (Money::parse(decimal), decimal.strip_prefix('-').map(Money::parse)) {
        // The sign goes before the currency.
        (Ok(amount), Some(Ok(magnitude))) if amount != Money::ZERO => format!("-{magnitude}"),
        (Ok(amount), _) => amount.to_string(),
        (Err(_), _) => decimal.to_owned(),
    }
}

/// A price of a unit: every digit of it.
#[must_use]
pub fn unit_usd(decimal: &str) -> String {
    format!("${decimal}")
}

/// A quantity with thousands separators and at most two digits after the point.
#[must_use]
pub fn amount(decimal: &str) -> String {
    let Ok(quantity) = Quantity::parse(decimal) else { return decimal.to_owned() };
    // Cents have the same two digits and the same separators.
    let rounded = Money::from_nanos(quantity.micros().saturating_mul(1000)).to_cents();
    match rounded.trim_end_matches('0').trim_end_matches('.') {
        "0" | "" if quantity != Quantity::ZERO => "<0.01".to_owned(),
        short if rounded.contains('.') => short.to_owned(),
        _ => rounded,
    }
}

/// A moment, UTC: `2026-11-22T21:00:00Z`.
pub fn moment(unix: i64) -> String {
    jiff::Timestamp::from_second(unix).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_short_and_never_vanish() {
        for (exact, shown) in
            [("0", "0"), ("1200", "1,200"), ("0.001", "<0.01"), ("12.5", "12.5"), ("1000000.126", "1,000,000.13")]
        {
            assert_eq!(amount(exact), shown);
        }
    }

    #[test]
    fn text_is_wrapped_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("", 7), [""]);
        assert_eq!(wrap("indivisible", 3), ["indivisible"]);
    }
}
