//! Lists of any length: rows are written as they come, never gathered.

use super::failure::Failure;
use super::text::Side;
use serde::Serialize;
use std::io::Write;

/// Writes rows as a JSON array, one row a line.
pub fn json<T: Serialize>(rows: impl Iterator<Item = T>, out: &mut dyn Write) -> Result<(), Failure> {
    let mut before = "[\n";
    for row in rows {
        out.write_all(before.as_bytes())?;
        serde_json::to_writer(&mut *out, &row)?;
        before = ",\n";
    }
    out.write_all(if before == "[\n" { b"[]\n" } else { b"\n]\n" })?;
    Ok(())
}

/// Writes rows as CSV with a heading.
pub fn csv<R>(heading: &[&str], rows: impl Iterator<Item = R>, out: &mut dyn Write) -> Result<(), Failure>
where
    R: IntoIterator<Item: AsRef<str>>,
{
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(heading)?;
    for row in rows {
        for field in row {
            writer.write_field(field.as_ref())?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.flush()?;
    Ok(())
}

/// Writes rows in aligned columns. Goes through the rows twice, first for their widths, so that memory stays flat.
pub fn columns<R, I>(heading: &[(&str, Side)], rows: impl Fn() -> I, out: &mut dyn Write) -> Result<(), Failure>
where
    R: AsRef<[String]>,
    I: Iterator<Item = R>,
{
    let mut widths: Vec<usize> = heading.iter().map(|(text, _)| text.chars().count()).collect();
    for row in rows() {
        for (width, text) in widths.iter_mut().zip(row.as_ref()) {
            *width = (*width).max(text.chars().count());
        }
    }
    let names: Vec<String> = heading.iter().map(|(text, _)| (*text).to_owned()).collect();
    let sides: Vec<Side> = heading.iter().map(|(_, side)| *side).collect();
    line(&names, &sides, &widths, out)?;
    for row in rows() {
        line(row.as_ref(), &sides, &widths, out)?;
    }
    Ok(())
}

fn line(texts: &[String], sides: &[Side], widths: &[usize], out: &mut dyn Write) -> Result<(), Failure> {
    let mut line = String::new();
    for ((text, side), width) in texts.iter().zip(sides).zip(widths) {
        let gap = " ".repeat(width - text.chars().count());
        match side {
            Side::Left | Side::Wrapped => line.extend([text.as_str(), gap.as_str()]),
            Side::Right => line.extend([gap.as_str(), text.as_str()]),
        }
        line.push_str("  ");
    }
    writeln!(out, "{}", line.trim_end())?;
    Ok(())
}
