//! Splits a file of the book into rows and fields, without allocating, and reads numbers exactly.

use super::BookError;
use crate::units::{Arch, Money, Quality, Quantity};
use std::str::FromStr;

/// No price per unit in the book is above this: a million dollars.
const PRICE_MAX_NANOS: i64 = 1_000_000 * 1_000_000_000;
/// No amount (GB, memory, requests) is above this many units.
const QUANTITY_MAX: i64 = 1_000_000_000_000 * 1_000_000;

/// A file of the book, row by row.
pub struct Rows<'a> {
    pub file: &'a str,
    rest: &'a str,
    line: usize,
}

impl<'a> Rows<'a> {
    /// Starts after the header line, which has to be the expected one.
    pub fn open((file, text): (&'a str, &'a str), header: &str) -> Result<Self, BookError> {
        let mut rows = Self { file, rest: text, line: 0 };
        match rows.next_line() {
            Some(first) if first == header => {}
            _ => return Err(rows.error(format!("the first line has to be `{header}`"))),
        }
        if !text.ends_with('\n') {
            return Err(rows.error("the file does not end with a line end: it is cut off".into()));
        }
        Ok(rows)
    }

    /// Bytes that have not been read yet.
    pub fn bytes(&self) -> usize {
        self.rest.len()
    }

    fn next_line(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        self.line += 1;
        let line = match memchr::memchr(b'\n', self.rest.as_bytes()) {
            Some(end) => {
                let line = &self.rest[..end];
                self.rest = &self.rest[end + 1..];
                line
            }
            None => std::mem::take(&mut self.rest),
        };
        Some(line)
    }

    /// An error at the current line.
    pub fn error(&self, reason: String) -> BookError {
        BookError::Row { file: self.file.to_owned(), line: self.line, reason }
    }

    /// Hands every row to `read`, which has to consume all fields.
    pub fn each(&mut self, mut read: impl FnMut(&mut Row<'a>) -> Result<(), String>) -> Result<(), BookError> {
        while let Some(line) = self.next_line() {
            let mut row = Row { rest: Some(line) };
            read(&mut row).and_then(|()| row.end()).map_err(|reason| self.error(reason))?;
        }
        Ok(())
    }
}

/// The fields of a row that have not been read yet.
pub struct Row<'a> {
    rest: Option<&'a str>,
}

impl<'a> Row<'a> {
    /// The next field.
    pub fn text(&mut self) -> Result<&'a str, String> {
        let rest = self.rest.ok_or("the row has too few fields")?;
        let end = rest.as_bytes().iter().position(|&b| b == b',');
        let (field, rest) = match end {
            Some(at) => (&rest[..at], Some(&rest[at + 1..])),
            None => (rest, None),
        };
        self.rest = rest;
        Ok(field)
    }

    /// The next field, which may not be empty.
    pub fn word(&mut self) -> Result<&'a str, String> {
        let field = self.text()?;
        if field.is_empty() { Err("a field is empty that may not be".into()) } else { Ok(field) }
    }

    /// All that is left, commas included: for free text in the last column.
    pub fn tail(&mut self) -> Result<&'a str, String> {
        let rest = self.rest.take().ok_or("the row has too few fields")?;
        if rest.is_empty() { Err("the last field may not be empty".into()) } else { Ok(rest) }
    }

    fn end(&self) -> Result<(), String> {
        if self.rest.is_some() { Err("the row has too many fields".into()) } else { Ok(()) }
    }

    /// Whether what is left begins so.
    pub fn starts_with(&self, prefix: &str) -> bool {
        self.rest.is_some_and(|rest| rest.starts_with(prefix))
    }

    /// Whether the one field left is empty.
    pub fn is_last_and_empty(&self) -> bool {
        self.rest == Some("")
    }

    /// Whether fields are left.
    pub fn more(&self) -> bool {
        self.rest.is_some()
    }

    /// A whole number.
    pub fn number<T: FromStr>(&mut self) -> Result<T, String> {
        let field = self.text()?;
        let plain = !field.is_empty() && field.bytes().all(|b| b.is_ascii_digit());
        let value = if plain { field.parse().ok() } else { None };
        value.ok_or_else(|| format!("`{field}` is not a whole number in range"))
    }

    /// A finite decimal for coordinates and model coefficients; never for money.
    pub fn float(&mut self, min: f64, max: f64) -> Result<f64, String> {
        let field = self.text()?;
        let plain = field.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-');
        let value = if plain { field.parse::<f64>().ok() } else { None };
        value.filter(|v| (min..=max).contains(v)).ok_or_else(|| format!("`{field}` is not between {min} and {max}"))
    }

    /// A price of at least 0 and below the sane maximum; `None` when empty.
    pub fn opt_money(&mut self) -> Result<Option<Money>, String> {
        let field = self.text()?;
        if field.is_empty() {
            return Ok(None);
        }
        match fixed(field.as_bytes(), 9).filter(|&nanos| nanos <= PRICE_MAX_NANOS) {
            Some(nanos) => Ok(Some(Money::from_nanos(nanos))),
            None => Err(format!("`{field}` is not a price between 0 and 1000000 with at most 9 decimals")),
        }
    }

    /// A price.
    pub fn money(&mut self) -> Result<Money, String> {
        self.opt_money()?.ok_or_else(|| "the price is missing".into())
    }

    /// An amount of at least 0.
    pub fn quantity(&mut self) -> Result<Quantity, String> {
        let field = self.text()?;
        let micros = fixed(field.as_bytes(), 6).filter(|&v| v <= QUANTITY_MAX);
        micros.map(Quantity::from_micros).ok_or_else(|| format!("`{field}` is not an amount"))
    }

    /// An amount in thousandths.
    pub fn milli(&mut self) -> Result<u32, String> {
        let field = self.text()?;
        let milli = fixed(field.as_bytes(), 3).and_then(|v| u32::try_from(v).ok()).filter(|&v| v <= 100_000_000);
        milli.ok_or_else(|| format!("`{field}` is not a count with at most 3 decimals"))
    }

    /// `l`, `d`, or `e` with the uncertainty in percent (`e12`).
    pub fn quality(&mut self) -> Result<(Quality, u8), String> {
        let field = self.text()?;
        let found = match field.as_bytes() {
            b"l" => Some((Quality::Listed, 0)),
            b"d" => Some((Quality::Derived, 0)),
            [b'e', pct @ ..] => fixed(pct, 0)
                .and_then(|v| u8::try_from(v).ok())
                .filter(|pct| (1..=100).contains(pct))
                .map(|pct| (Quality::Estimated, pct)),
            _ => None,
        };
        found.ok_or_else(|| format!("quality `{field}` is none of l, d, e1 to e100"))
    }

    /// A processor architecture.
    pub fn arch(&mut self) -> Result<Arch, String> {
        match self.text()? {
            "x86_64" => Ok(Arch::X86_64),
            "arm64" => Ok(Arch::Arm64),
            other => Err(format!("`{other}` is not an architecture")),
        }
    }
}

/// `digits[.digits]` as an integer scaled by `10^scale`; `None` when it is anything else or does not fit.
/// The same language as [`crate::units::parse_scaled`] without a sign, in one pass.
pub fn fixed(text: &[u8], scale: u32) -> Option<i64> {
    let mut value: i64 = 0;
    let mut left = None;
    let mut digits = 0;
    for &byte in text {
        match byte {
            b'0'..=b'9' => {
                if let Some(left) = &mut left {
                    if *left == 0 {
                        return None;
                    }
                    *left -= 1;
                }
                value = value.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
                digits += 1;
            }
            b'.' if left.is_none() && digits > 0 => {
                left = Some(scale);
                digits = 0;
            }
            _ => return None,
        }
    }
    if digits == 0 { None } else { value.checked_mul(10_i64.pow(left.unwrap_or(scale))) }
}
