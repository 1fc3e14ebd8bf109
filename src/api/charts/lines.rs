//! Prices and bills over time.

use super::{DrawError, Theme, dollars, label, nothing};
use crate::api::page::moment;
use plotters::prelude::*;

/// Pixels of the picture.
const SIZE: (u32, u32) = (720, 300);
/// Most series.
const LINES_MAX: usize = 6;

/// A series: what held from each moment on.
#[derive(Clone, Debug)]
pub struct Line {
    /// What it is of.
    pub label: String,
    /// Seconds since 1970 and dollars, in the order of time.
    pub points: Vec<(i64, f64)>,
}

/// Steps in dollars over time.
///
/// # Errors
/// Those of the library.
pub fn lines(theme: Theme, series: &[Line]) -> Result<String, DrawError> {
    let series: Vec<&Line> = series.iter().filter(|line| !line.points.is_empty()).take(LINES_MAX).collect();
    let all = || series.iter().flat_map(|line| &line.points);
    let (Some(first), Some(last)) = (all().map(|point| point.0).min(), all().map(|point| point.0).max()) else {
        return nothing((SIZE.0, 60), theme, "nothing to show yet");
    };
    let last = last.max(first + 60);
    let (least, most) =
        all().fold((f64::MAX, f64::MIN), |(least, most), point| (least.min(point.1), most.max(point.1)));
    let room = ((most - least) * 0.1).max(most.abs() * 0.02).max(1e-4);
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin(10)
            .x_label_area_size(30)
            .y_label_area_size(72)
            .build_cartesian_2d(first..last, (least - room).max(0.0)..most + room)?;
        let hours = last - first < 3 * 86_400;
        chart
            .configure_mesh()
            .x_labels(6)
            .x_label_formatter(&|at: &i64| short(*at, hours))
            .y_label_formatter(&|usd: &f64| dollars(*usd))
            .light_line_style(TRANSPARENT)
            .bold_line_style(theme.grid())
            .axis_style(theme.faint())
            .label_style(("sans-serif", 13).into_font().color(&theme.ink()))
            .draw()?;
        for (ordinal, line) in series.iter().enumerate() {
            let style = theme.series(ordinal).stroke_width(2);
            chart
                .draw_series(std::iter::once(PathElement::new(steps(&line.points, last), style)))?
                .label(label(&line.label))
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 14, y)], style));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .label_font(("sans-serif", 13).into_font().color(&theme.ink()))
            .draw()?;
        root.present()?;
    }
    Ok(text)
}

/// A price holds until the next one.
fn steps(points: &[(i64, f64)], last: i64) -> Vec<(i64, f64)> {
    let mut line: Vec<(i64, f64)> = Vec::with_capacity(points.len() * 2 + 1);
    for &(at, usd) in points {
        if let Some(&(_, before)) = line.last() {
            line.push((at, before));
        }
        line.push((at, usd));
    }
    if let Some(&(_, usd)) = line.last() {
        line.push((last, usd));
    }
    line
}

/// The day, or the day and the minute.
fn short(at: i64, hours: bool) -> String {
    let full = moment(at);
    let (day, time) = (full.get(5..10).unwrap_or_default(), full.get(11..16).unwrap_or_default());
    if hours { format!("{day} {time}") } else { full.get(..10).unwrap_or_default().to_owned() }
}
