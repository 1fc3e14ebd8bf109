//! Writes a random fleet of application files, for `placer fleet recommend`:
//!
//!     cargo run --release --example generate-fleet -- DIR [APPS] [SEED] [plain|varied|bound|mixed]

#![allow(clippy::print_stderr, reason = "a tool for people at a terminal")]

#[path = "../tests/support/fleet.rs"]
mod fleet;

use placer::catalog::PriceBook;
use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(dir) = args.first().map(PathBuf::from) else {
        return Err("usage: generate-fleet DIR [APPS] [SEED] [plain|varied|bound|mixed]".into());
    };
    let number = |at: usize, default| args.get(at).map_or(Ok(default), |text| text.parse::<u64>());
    let (apps, seed) = (number(1, 10_000)?, number(2, 1)?);
    let style = args.get(3).map_or(Some(fleet::Style::Mixed), |word| fleet::Style::parse(word));
    let style = style.ok_or("the style is plain, varied, bound or mixed")?;
    let book = PriceBook::embedded()?;
    std::fs::create_dir_all(&dir)?;
    for ordinal in 0..apps {
        std::fs::write(dir.join(format!("app-{ordinal:05}.toml")), fleet::app(&book, seed, ordinal, style))?;
    }
    eprintln!("{apps} applications in {}", dir.display());
    Ok(())
}
