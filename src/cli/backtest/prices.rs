//! The folder of recorded prices: `PROVIDER-spot.csv` and `on-demand.csv`, each also packed as `.zst`.

use crate::cli::failure::Failure;
use crate::control::backtest::recording::{Reader, Recording};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Most bytes of a file of prices, after it was unpacked.
const BYTES_MAX: u64 = 1 << 30;
const ON_DEMAND: &str = "on-demand.csv";
const SPOT: &str = "-spot.csv";

/// What was recorded.
pub fn read(folder: &Path) -> Result<Recording, Failure> {
    let mut reader = Reader::default();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for name in names(folder)? {
        let stem = name.strip_suffix(".zst").unwrap_or(&name);
        if stem != ON_DEMAND && !stem.ends_with(SPOT) {
            continue;
        }
        let path = folder.join(&name);
        let shown = path.display().to_string();
        if !taken.insert(stem.to_owned()) {
            let text =
                format!("`{}` is there twice, packed and as it is: take one of them away", folder.join(stem).display());
            return Err(Failure::Input(text));
        }
        let bytes = unpacked(&path)?;
        let read = match stem.strip_suffix(SPOT) {
            Some(provider) => reader.spot(provider, &shown, &bytes),
            None => reader.on_demand(&shown, &bytes),
        };
        read.map_err(Failure::input)?;
    }
    let lacking = match (taken.contains(ON_DEMAND), taken.iter().any(|name| name != ON_DEMAND)) {
        (true, true) => {
            return reader.finish().map_err(|error| Failure::Input(format!("`{}`: {error}", folder.display())));
        }
        (false, true) => "`on-demand.csv`, what machines cost on demand",
        (true, false) => "`PROVIDER-spot.csv`, the spot prices of a provider (`aws-spot.csv`)",
        (false, false) => "`on-demand.csv` and `PROVIDER-spot.csv`",
    };
    Err(Failure::Input(format!(
        "the folder `{}` lacks {lacking}; each may be packed as .zst (docs/backtest.md describes them)",
        folder.display()
    )))
}

/// The names in a folder, ascending.
fn names(folder: &Path) -> Result<Vec<String>, Failure> {
    let unreadable = |error: io::Error| {
        let help = "give the folder with the files of recorded prices (docs/backtest.md)";
        Failure::Input(format!("cannot read the folder `{}`: {error}; {help}", folder.display()))
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        names.push(entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// The bytes of a file, unpacked where its name says that it is packed.
fn unpacked(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::Input(format!("cannot read `{}`: {error}", path.display()));
    let file = File::open(path).map_err(|error| failed(&error))?;
    let mut bytes = Vec::new();
    let read = if path.extension().is_some_and(|ending| ending == "zst") {
        let broken =
            |error: &dyn std::fmt::Display| failed(&format!("{error}; it is no whole .zst file, pack it anew"));
        let unpacking = ruzstd::decoding::StreamingDecoder::new(file).map_err(|error| broken(&error))?;
        unpacking.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| broken(&error))
    } else {
        file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))
    };
    read?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(failed(&format!(
            "it is larger than {} MiB; record fewer days, or fewer machines",
            BYTES_MAX >> 20
        )));
    }
    Ok(bytes)
}
