//! Answers of a plugin, read and judged.

use super::wire::{DoneNote, Info, Observed, PROTOCOL};
use super::words::{commanded, plain};
use super::{Command, Limits};
use crate::exec::{Done, Failure, FailureKind, Sighting};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Bytes of a name or an address in a sighting.
const WORD_BYTES_MAX: usize = 256;
/// Sides of an application.
const SIGHTINGS_MAX: usize = 20_000;

/// Who it is, when it speaks the version that is spoken here.
pub(super) fn info(result: Value, command: &Command) -> Result<Info, Failure> {
    // Another version may have another form, so that is looked at first.
    match result.get("protocol").and_then(Value::as_u64) {
        Some(version) if version != u64::from(PROTOCOL) => {
            let name = commanded(command);
            let what =
                format!("the plugin {name} speaks version {version} of the protocol; this is version {PROTOCOL}");
            Err(Failure::new(FailureKind::Refused, what).help("use a version of the plugin that speaks the same"))
        }
        _ => {
            let info: Info = read(result, "initialize", command)?;
            Ok(Info { name: plain(&info.name, 60), version: plain(&info.version, 60), ..info })
        }
    }
}

pub(super) fn done(result: Value, command: &Command, limits: Limits) -> Result<Done, Failure> {
    let note: DoneNote = read(result, "a step", command)?;
    Ok(Done { note: plain(&note.note, limits.text_chars) })
}

/// What is there, in the order of component and seat.
pub(super) fn observed(result: Value, command: &Command) -> Result<Vec<Sighting>, Failure> {
    let observed: Observed = read(result, "observe", command)?;
    if observed.sightings.len() > SIGHTINGS_MAX {
        return Err(unfit(command, "observe", &format!("there are more than {SIGHTINGS_MAX} sides")));
    }
    let mut sightings = Vec::with_capacity(observed.sightings.len());
    for (ordinal, row) in observed.sightings.into_iter().enumerate() {
        let told = |message: &str| unfit(command, "observe", &format!("sightings[{ordinal}]: {message}"));
        let words = [&row.component, &row.seat, &row.provider, &row.region];
        let fits = |word: &str| word.len() <= WORD_BYTES_MAX && !word.chars().any(char::is_control);
        if !words.into_iter().chain(&row.address).all(|word| fits(word)) {
            return Err(told("a word is too long, or has control characters"));
        }
        if row.percent > 100 {
            return Err(told("more than 100 percent"));
        }
        if row.address.as_ref().is_some_and(|address| address.contains('@')) {
            return Err(told("the address has a user or a password; it is shown and kept, so give host and port only"));
        }
        sightings.push(Sighting {
            component: row.component,
            seat: row.seat,
            provider: row.provider,
            region: row.region,
            health: row.health.into(),
            percent: row.percent,
            writable: row.writable,
            address: row.address,
        });
    }
    sightings.sort_by(|a, b| (&a.component, &a.seat).cmp(&(&b.component, &b.seat)));
    Ok(sightings)
}

fn read<T: DeserializeOwned>(result: Value, method: &str, command: &Command) -> Result<T, Failure> {
    serde_path_to_error::deserialize(result).map_err(|error| unfit(command, method, &plain(&error.to_string(), 300)))
}

fn unfit(command: &Command, method: &str, what: &str) -> Failure {
    let what = format!("the answer of the plugin {} to `{method}` is not as it has to be: {what}", commanded(command));
    Failure::new(FailureKind::Refused, what).help("docs/executor-protocol.md has the form of every answer")
}
