//! Bars side by side.

use super::{DrawError, Theme, dollars, label, nothing};
use plotters::prelude::*;

/// Pixels of the picture: its width, of a row, and of the rest.
const WIDTH: u32 = 720;
const ROW: u32 = 44;
const REST: u32 = 76;
/// Most rows.
const ROWS_MAX: usize = 40;

/// A row: a bar for each series.
#[derive(Clone, Debug)]
pub struct Bar {
    /// What it is of.
    pub label: String,
    /// Dollars, in the order of the series.
    pub values: Vec<f64>,
}

/// Bars in dollars, the first row on top.
///
/// # Errors
/// Those of the library.
pub fn bars(theme: Theme, series: &[&str], rows: &[Bar]) -> Result<String, DrawError> {
    let rows = &rows[..rows.len().min(ROWS_MAX)];
    let Ok(count) = u32::try_from(rows.len()) else { return Err("too many rows".into()) };
    if count == 0 {
        return nothing((WIDTH, REST), theme, "nothing to show yet");
    }
    let most = rows.iter().flat_map(|row| &row.values).fold(0.01_f64, |most, &value| most.max(value));
    // Several series have names, which stand to the right of the bars.
    let room = if series.len() > 1 { 1.35 } else { 1.05 };
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, (WIDTH, ROW * count + REST)).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin(8)
            .x_label_area_size(30)
            .y_label_area_size(190)
            .build_cartesian_2d(0.0..most * room, (0..(rows.len() - 1).max(1)).into_segmented())?;
        let name = |at: &SegmentValue<usize>| match at {
            // Rows are counted from below.
            SegmentValue::CenterOf(row) | SegmentValue::Exact(row) => rows
                .len()
                .checked_sub(row + 1)
                .and_then(|row| rows.get(row))
                .map(|row| label(&row.label))
                .unwrap_or_default(),
            SegmentValue::Last => String::new(),
        };
        chart
            .configure_mesh()
            .disable_y_mesh()
            .y_labels(rows.len().max(2))
            .y_label_formatter(&name)
            .x_label_formatter(&|usd| dollars(*usd))
            .light_line_style(TRANSPARENT)
            .bold_line_style(theme.grid())
            .axis_style(theme.faint())
            .label_style(("sans-serif", 14).into_font().color(&theme.ink()))
            .draw()?;
        let high = (ROW - 10) / u32::try_from(series.len().max(1)).unwrap_or(1);
        for (ordinal, name) in series.iter().enumerate() {
            let colour = theme.series(ordinal);
            let above = 5 + high * u32::try_from(ordinal).unwrap_or(0);
            let below = ROW.saturating_sub(above + high);
            let bar = |(row, bar): (usize, &Bar)| {
                let value = bar.values.get(ordinal).copied().unwrap_or(0.0);
                let from = rows.len() - row - 1;
                let mut shape = Rectangle::new(
                    [(0.0, SegmentValue::Exact(from + 1)), (value, SegmentValue::Exact(from))],
                    colour.filled(),
                );
                shape.set_margin(above, below, 0, 0);
                shape
            };
            let drawn = chart.draw_series(rows.iter().enumerate().map(bar))?;
            if series.len() > 1 {
                drawn.label(*name).legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], colour.filled()));
            }
        }
        if series.len() > 1 {
            chart
                .configure_series_labels()
                .position(SeriesLabelPosition::LowerRight)
                .label_font(("sans-serif", 14).into_font().color(&theme.ink()))
                .draw()?;
        }
        root.present()?;
    }
    Ok(text)
}
