//! Where everything is, on a map.

use super::{DrawError, Theme, nothing};
use plotters::prelude::*;
use std::ops::Range;
use std::sync::LazyLock;

/// Pixels of the picture.
const SIZE: (u32, u32) = (720, 400);
/// Degrees around what is shown, and the least width that is shown.
const AROUND: f64 = 8.0;
const WIDTH_MIN: f64 = 50.0;
/// Rings of the coastline: Natural Earth, public domain; `scripts/coastline.py` says how the file was made.
static COAST: LazyLock<Vec<Vec<(f64, f64)>>> = LazyLock::new(|| {
    let number = |word: &str| word.parse::<i32>().map_or(0.0, |tenths| f64::from(tenths) / 10.0);
    let ring = |line: &str| {
        let numbers: Vec<f64> = line.split(' ').map(number).collect();
        numbers.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
    };
    include_str!("../assets/coast.txt").lines().map(ring).collect()
});

/// A place with what is there.
#[derive(Clone, Debug)]
pub struct Dot {
    /// What is there.
    pub label: String,
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// Whether users are there; else components.
    pub audience: bool,
}

/// Places and what goes between them.
#[derive(Clone, Debug)]
pub struct Map {
    /// The places.
    pub dots: Vec<Dot>,
    /// Pairs of them, by ordinal.
    pub links: Vec<(usize, usize)>,
}

/// The part of the world that is shown: degrees east and north. As wide for its height as the picture.
fn frame(dots: &[Dot]) -> (Range<f64>, Range<f64>) {
    let range = |degree: fn(&Dot) -> f64| {
        dots.iter().map(degree).fold((f64::MAX, f64::MIN), |(low, high), at| (low.min(at), high.max(at)))
    };
    let ((west, east), (south, north)) = (range(|dot| dot.lon), range(|dot| dot.lat));
    let ratio = f64::from(SIZE.0) / f64::from(SIZE.1);
    let wide = (east - west + 2.0 * AROUND).max((north - south + 2.0 * AROUND) * ratio).clamp(WIDTH_MIN, 360.0);
    let high = (wide / ratio).min(150.0);
    let within = |middle: f64, width: f64, low: f64, high: f64| {
        let start = (middle - width / 2.0).clamp(low, (high - width).max(low));
        start..start + width
    };
    (within(f64::midpoint(west, east), wide, -180.0, 180.0), within(f64::midpoint(south, north), high, -65.0, 85.0))
}

/// The parts of a line that are within the frame.
fn inside(line: &[(f64, f64)], (xs, ys): &(Range<f64>, Range<f64>)) -> Vec<Vec<(f64, f64)>> {
    let within = |point: &(f64, f64)| xs.contains(&point.0) && ys.contains(&point.1);
    line.split(|point| !within(point)).filter(|part| part.len() > 1).map(<[_]>::to_vec).collect()
}

/// Points on a line so close to one another that cutting it at a frame leaves no gap that shows.
fn dense(line: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let parts = 6_u8;
    let between = |pair: &[(f64, f64)]| {
        let (a, b) = (pair[0], pair[1]);
        (0..parts).map(move |part| {
            let share = f64::from(part) / f64::from(parts);
            (a.0 + (b.0 - a.0) * share, a.1 + (b.1 - a.1) * share)
        })
    };
    line.windows(2).flat_map(between).chain(line.last().copied()).collect()
}

/// The map.
///
/// # Errors
/// Those of the library.
pub fn map(theme: Theme, shown: &Map) -> Result<String, DrawError> {
    if shown.dots.is_empty() {
        return nothing((SIZE.0, 60), theme, "nothing is anywhere yet");
    }
    let frame = frame(&shown.dots);
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&root).margin(2).build_cartesian_2d(frame.0.clone(), frame.1.clone())?;
        chart
            .configure_mesh()
            .disable_axes()
            .x_labels(12)
            .y_labels(8)
            .light_line_style(TRANSPARENT)
            .bold_line_style(theme.grid().mix(0.7))
            .draw()?;
        for part in COAST.iter().flat_map(|ring| inside(&dense(ring), &frame)) {
            chart.draw_series(std::iter::once(PathElement::new(part, theme.faint().stroke_width(1))))?;
        }
        for (from, to) in &shown.links {
            let (Some(from), Some(to)) = (shown.dots.get(*from), shown.dots.get(*to)) else { continue };
            let line = vec![(from.lon, from.lat), (to.lon, to.lat)];
            chart.draw_series(std::iter::once(PathElement::new(line, theme.series(0).mix(0.6).stroke_width(2))))?;
        }
        for dot in &shown.dots {
            let (colour, size) = if dot.audience { (theme.series(1), 4) } else { (theme.series(0), 7) };
            chart.draw_series(std::iter::once(Circle::new((dot.lon, dot.lat), size, colour.filled())))?;
        }
        for (dot, shift) in labels(&shown.dots, &frame) {
            let style = ("sans-serif", 14).into_font().color(&theme.ink());
            let at = EmptyElement::at((dot.lon, dot.lat));
            chart.draw_series(std::iter::once(at + Text::new(dot.label.clone(), shift, style)))?;
        }
        root.present()?;
    }
    Ok(text)
}

/// Where labels stand, from their dots, in pixels: beside them, below one another where dots are close.
fn labels<'a>(dots: &'a [Dot], (xs, ys): &(Range<f64>, Range<f64>)) -> Vec<(&'a Dot, (i32, i32))> {
    #[expect(clippy::cast_possible_truncation, reason = "pixels of a small picture")]
    let pixel = |dot: &Dot| {
        let x = (dot.lon - xs.start) / (xs.end - xs.start) * f64::from(SIZE.0);
        let y = (ys.end - dot.lat) / (ys.end - ys.start) * f64::from(SIZE.1);
        (x as i32, y as i32)
    };
    let mut order: Vec<&Dot> = dots.iter().collect();
    order.sort_by(|a, b| b.lat.total_cmp(&a.lat).then(a.lon.total_cmp(&b.lon)).then(a.label.cmp(&b.label)));
    let (mut taken, mut placed): (Vec<(i32, i32)>, Vec<_>) = (Vec::new(), Vec::new());
    for dot in order {
        let (x, y) = pixel(dot);
        let mut at = y - 8;
        while taken.iter().any(|(other_x, other_y)| (other_x - x).abs() < 180 && (other_y - at).abs() < 16) {
            at += 16;
        }
        taken.push((x, at));
        // At the right edge a label stands to the left of its dot.
        let width = i32::try_from(dot.label.chars().count()).unwrap_or(0) * 7;
        let side = if x + 12 + width > SIZE.0.cast_signed() { -12 - width } else { 12 };
        placed.push((dot, (side, at - y)));
    }
    placed
}
