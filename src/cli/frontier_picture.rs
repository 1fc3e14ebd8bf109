//! A frontier as a picture: one SVG, or one HTML page with the picture and the table; neither needs anything else.
//!
//! Floats place dots on a canvas here; every figure that is written is the exact one of the canonical form.

use super::explain_text::moves;
use super::failure::Failure;
use super::frontier::{closing, measure};
use super::text::usd;
use crate::report::frontier::wire::{Frontier, Point};
use plotters::prelude::*;
use std::fmt::Write;

/// Pixels of the picture.
const SIZE: (u32, u32) = (960, 540);
const LINE: RGBColor = RGBColor(31, 95, 153);
const BEST: RGBColor = RGBColor(200, 80, 20);
const FAINT: RGBColor = RGBColor(150, 150, 150);
/// Share of the range that is left free at each side.
const MARGIN: f64 = 0.06;

fn number(decimal: &str) -> f64 {
    decimal.parse().unwrap_or(0.0)
}

/// Milliseconds and dollars of a point on the canvas.
fn spot(point: &Point) -> (f64, f64) {
    (number(&point.latency_ms), number(&point.total_usd_month))
}

/// The least and the greatest value with some room around them.
fn range(values: impl Iterator<Item = f64>) -> std::ops::Range<f64> {
    let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
    let room = ((high - low) * MARGIN).max(high.abs() * 0.02).max(0.01);
    (low - room).max(0.0)..high + room
}

/// The picture.
///
/// # Errors
/// [`Failure::Other`] when it cannot be drawn.
pub fn svg(found: &Frontier) -> Result<String, Failure> {
    let mut text = String::new();
    draw(found, &mut text).map_err(|error| Failure::Other(format!("cannot draw the frontier: {error}")))?;
    Ok(text)
}

fn draw(found: &Frontier, text: &mut String) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::with_string(text, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let spots: Vec<(f64, f64)> = found.points.iter().map(spot).collect();
    if spots.is_empty() {
        root.draw(&Text::new("nothing keeps the requirements", (40, 60), ("sans-serif", 22)))?;
        root.present()?;
        return Ok(());
    }
    let bound = found.bound_ms.as_deref().map(number);
    let budget = found.budget_usd_month.as_deref().map(number);
    let xs = range(spots.iter().map(|spot| spot.0).chain(bound));
    let ys = range(spots.iter().map(|spot| spot.1).chain(budget));
    let mut chart = ChartBuilder::on(&root)
        .caption(format!("{}: cost against latency of {}", found.app, measure(found)), ("sans-serif", 22))
        .margin(16)
        .x_label_area_size(48)
        .y_label_area_size(84)
        .build_cartesian_2d(xs.clone(), ys.clone())?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(RGBColor(228, 228, 228))
        .x_desc("latency, ms")
        .y_desc("dollars a month")
        .x_label_formatter(&|ms| format!("{ms:.0}"))
        .y_label_formatter(&|usd| format!("${usd:.0}"))
        .label_style(("sans-serif", 14))
        .draw()?;
    for line in limits(bound, budget, &xs, &ys) {
        chart.draw_series(std::iter::once(PathElement::new(line.0, FAINT.stroke_width(2))))?;
        chart.draw_series(std::iter::once(Text::new(line.2, line.1, ("sans-serif", 13).into_font().color(&FAINT))))?;
    }
    chart.draw_series(std::iter::once(PathElement::new(steps(&spots), LINE.stroke_width(2))))?;
    for (point, &at) in found.points.iter().zip(&spots) {
        let (size, colour) = if point.cheapest_allowed { (8, BEST) } else { (4, LINE) };
        chart.draw_series(std::iter::once(Circle::new(at, size, colour.filled())))?;
    }
    for (label, at) in labels(found, &spots) {
        // Labels of dots at the right edge stand to their left.
        let shift = if at.0 > xs.start + (xs.end - xs.start) * 0.8 { -150 } else { 10 };
        chart.draw_series(std::iter::once(
            EmptyElement::at(at) + Text::new(label, (shift, -20), ("sans-serif", 14).into_font()),
        ))?;
    }
    root.present()?;
    Ok(())
}

/// The staircase: so much is the least bill at every latency bound.
fn steps(spots: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut line = vec![spots[0]];
    for pair in spots.windows(2) {
        // Just below the slower point's latency, the faster point is the cheapest.
        line.push((pair[0].0, pair[1].1));
        line.push(pair[1]);
    }
    line
}

type Limit = (Vec<(f64, f64)>, (f64, f64), String);

fn limits(bound: Option<f64>, budget: Option<f64>, xs: &std::ops::Range<f64>, ys: &std::ops::Range<f64>) -> Vec<Limit> {
    let bound = bound.map(|ms| {
        (vec![(ms, ys.start), (ms, ys.end)], (ms, ys.end - (ys.end - ys.start) * 0.02), format!(" bound {ms} ms"))
    });
    let budget = budget.map(|usd| (vec![(xs.start, usd), (xs.end, usd)], (xs.start, usd), format!(" budget ${usd}")));
    bound.into_iter().chain(budget).collect()
}

/// The two ends and the cheapest allowed point get a label; more would lie on one another.
fn labels(found: &Frontier, spots: &[(f64, f64)]) -> Vec<(String, (f64, f64))> {
    let last = found.points.len() - 1;
    let told = |(at, point): &(usize, &Point)| *at == 0 || *at == last || point.cheapest_allowed;
    let label = |(at, point): (usize, &Point)| {
        (format!("{} at {} ms", usd(&point.total_usd_month), point.latency_ms), spots[at])
    };
    found.points.iter().enumerate().filter(told).map(label).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:62rem;padding:0 1rem;color:#222}\
svg{width:100%;height:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}\
th,td{padding:.3rem .6rem;border-bottom:1px solid #ddd;text-align:left;vertical-align:top}\
td.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}tr.best{font-weight:600;background:#fdf1e8}\
tr.beyond{color:#888}";

/// A page with the picture and the table.
///
/// # Errors
/// [`Failure::Other`] when the picture cannot be drawn.
pub fn html(found: &Frontier) -> Result<String, Failure> {
    let title = escaped(&format!("{}: cost against latency of {}", found.app, measure(found)));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style>\
         </head>\n<body>\n<h1>{title}</h1>\n{}\n<table>\n<tr><th>latency</th><th>$/month</th><th>what changes from the \
         row above</th></tr>\n",
        svg(found)?
    );
    for (at, point) in found.points.iter().enumerate() {
        let class = match (point.cheapest_allowed, point.within_bound && point.within_budget) {
            (true, _) => "best",
            (_, false) => "beyond",
            _ => "",
        };
        let changes = if at == 0 { "the cheapest of all".to_owned() } else { moves(&point.moved) };
        let _ = writeln!(
            page,
            "<tr class=\"{class}\"><td class=\"n\">{} ms</td><td class=\"n\">{}</td><td>{}</td></tr>",
            point.latency_ms,
            usd(&point.total_usd_month),
            escaped(&changes)
        );
    }
    let _ = write!(
        page,
        "</table>\n<p>{}. Prices of {}.</p>\n</body>\n</html>\n",
        escaped(&closing(found)),
        escaped(&found.price_book.as_of)
    );
    Ok(page)
}
