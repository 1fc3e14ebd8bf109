//! Pictures for the dashboard, drawn by `plotters` as SVG.
//!
//! Floats place dots on a canvas here and nothing else; every exact figure stands in the tables beside the pictures. Words
//! are escaped by the library, and the page shows a picture as an image, in which nothing runs.

mod bars;
mod lines;
mod map;

pub use bars::{Bar, bars};
pub use lines::{Line, lines};
pub use map::{Dot, Map, map};

use plotters::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

/// Most characters of a label.
const LABEL_CHARS: usize = 26;

/// Why a picture could not be drawn.
pub type DrawError = Box<dyn std::error::Error>;

/// Colours for a bright or a dark page; the ground is the page's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// Dark on bright.
    #[default]
    Light,
    /// Bright on dark.
    Dark,
}

impl Theme {
    fn of(self, light: (u8, u8, u8), dark: (u8, u8, u8)) -> RGBColor {
        let (red, green, blue) = if self == Self::Light { light } else { dark };
        RGBColor(red, green, blue)
    }

    fn ink(self) -> RGBColor {
        self.of((31, 41, 51), (230, 233, 237))
    }

    fn faint(self) -> RGBColor {
        self.of((125, 135, 145), (138, 148, 160))
    }

    fn grid(self) -> RGBColor {
        self.of((226, 230, 235), (52, 60, 69))
    }

    /// The colour of a series. Neighbours differ for people who tell red and green badly apart.
    fn series(self, ordinal: usize) -> RGBColor {
        match ordinal % 6 {
            0 => self.of((31, 95, 153), (111, 177, 238)),
            1 => self.of((200, 80, 20), (242, 149, 92)),
            2 => self.of((46, 125, 79), (108, 196, 147)),
            3 => self.of((122, 74, 150), (196, 150, 222)),
            4 => self.of((128, 106, 20), (214, 190, 98)),
            _ => self.of((20, 120, 128), (94, 200, 208)),
        }
    }
}

/// A label that leaves room for the picture.
fn label(text: &str) -> String {
    let mut short: String = text.chars().take(LABEL_CHARS).collect();
    if text.chars().nth(LABEL_CHARS).is_some() {
        short.push('…');
    }
    short
}

/// Dollars on an axis.
fn dollars(usd: f64) -> String {
    let digits = if usd.abs() >= 10.0 { 0 } else { 4 };
    let text = format!("${usd:.digits$}");
    if digits == 0 { text } else { text.trim_end_matches('0').trim_end_matches('.').to_owned() }
}

/// A picture that says in words that there is nothing to draw.
fn nothing(size: (u32, u32), theme: Theme, words: &str) -> Result<String, DrawError> {
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, size).into_drawing_area();
        let style = ("sans-serif", 15).into_font().color(&theme.faint());
        root.draw(&Text::new(words.to_owned(), (16, 24), style))?;
        root.present()?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_pictures_are_never_markup() {
        let evil = "<script>alert(1)</script>\"&";
        let bar = Bar { label: evil.to_owned(), values: vec![3.0] };
        let drawn = [
            bars(Theme::Light, &["a"], &[bar]).unwrap(),
            lines(Theme::Dark, &[Line { label: evil.to_owned(), points: vec![(0, 1.0), (60, 2.0)] }]).unwrap(),
            map(
                Theme::Light,
                &Map { dots: vec![Dot { label: evil.to_owned(), lat: 1.0, lon: 2.0, audience: false }], links: vec![] },
            )
            .unwrap(),
            nothing((100, 50), Theme::Light, evil).unwrap(),
        ];
        for picture in drawn {
            assert!(picture.starts_with("<svg") && !picture.contains("<script"), "{picture}");
            assert!(picture.contains("&lt;script"), "{picture}");
        }
    }

    #[test]
    fn pictures_of_nothing_and_of_odd_numbers_are_drawn() {
        assert!(bars(Theme::Light, &["a"], &[]).is_ok());
        assert!(bars(Theme::Light, &["a"], &[Bar { label: "x".into(), values: vec![0.0] }]).is_ok());
        assert!(lines(Theme::Light, &[]).is_ok());
        assert!(lines(Theme::Light, &[Line { label: "x".into(), points: vec![(5, 0.0)] }]).is_ok());
        let edge = |lat, lon| Dot { label: "x".into(), lat, lon, audience: true };
        let dots = vec![edge(90.0, 180.0), edge(-90.0, -180.0), edge(0.0, 0.0)];
        assert!(map(Theme::Dark, &Map { dots, links: vec![(0, 1), (1, 9)] }).is_ok());
        assert!(map(Theme::Dark, &Map { dots: vec![], links: vec![] }).is_ok());
    }

    #[test]
    fn axes_are_short() {
        assert_eq!([0.0, 2.0, 2.5, 1234.5, 0.0312].map(dollars), ["$0", "$2", "$2.5", "$1234", "$0.0312"]);
    }
}
