//! Policies as people name them: one that comes with placer, or a file.

use super::failure::Failure;
use super::{input, nearest};
use crate::catalog::PriceBook;
#[cfg(feature = "run")]
use crate::control::policies;
use crate::plan::{Check, Decision, Verdict};
use crate::policy::Policy;
use crate::policy::file::{BUILT_IN, FILE_BYTES_MAX, built_in, parse};
#[cfg(feature = "run")]
use crate::store::Store;
use crate::units::{Money, format_scaled};
use std::path::Path;

/// The policy of a name, which may be one that the store was given, or of a file.
#[cfg(feature = "run")]
pub fn known(store: &Store, name: &str, book: &PriceBook) -> Result<Policy, Failure> {
    match policies::text(store, name).map_err(Failure::other)? {
        Some(text) => parsed(text, name, book),
        None => parsed(file(name)?, name, book),
    }
}

/// The policy that an application is to go by, and the name by which the store has it from now on: the file may be changed
/// or gone when the autopilot looks for it.
#[cfg(feature = "run")]
pub fn kept(store: &Store, name: &str, book: &PriceBook, app: &str, now: i64) -> Result<(String, Policy), Failure> {
    if let Some(text) = policies::text(store, name).map_err(Failure::other)? {
        return Ok((name.to_owned(), parsed(text, name, book)?));
    }
    let bytes = file(name)?;
    let policy = parsed(&bytes, name, book)?;
    let text = String::from_utf8_lossy(&bytes);
    match policies::keep(store, &policy.name, &text, app, now).map_err(Failure::other)? {
        policies::Kept::As(name) => Ok((name, policy)),
        policies::Kept::Taken { name: taken, by } => {
            let by = by.map_or_else(|| "comes with placer".to_owned(), |app| format!("is what `{app}` goes by"));
            let told =
                format!("`{name}`: another policy of the name `{taken}` {by}; give this one a `name` of its own");
            Err(Failure::Input(told))
        }
    }
}

/// The policy of a name or a file.
pub fn read(name: &str, book: &PriceBook) -> Result<Policy, Failure> {
    match built_in(name) {
        Some(text) => parsed(text, name, book),
        None => parsed(file(name)?, name, book),
    }
}

/// The bytes of a policy's file; what looks like a name and is no file was meant for one that comes with placer.
fn file(name: &str) -> Result<Vec<u8>, Failure> {
    let path = Path::new(name);
    if !path.exists() && !name.contains(['/', '.']) {
        return Err(nearest::unknown("policy", name, BUILT_IN.iter().map(|(known, _)| *known)));
    }
    input::bytes(path, FILE_BYTES_MAX, "a policy")
}

fn parsed(text: impl AsRef<[u8]>, name: &str, book: &PriceBook) -> Result<Policy, Failure> {
    parse(text, name, &book.provider_names()).map_err(Failure::input)
}

/// A decision in lines: the verdict, then every rule that is broken, or that all are kept.
pub fn words(policy: &Policy, decision: &Decision) -> Vec<String> {
    let name = &policy.name;
    let mut lines = vec![match decision.verdict {
        Verdict::Stay => format!("policy `{name}`: stay"),
        Verdict::Observe => format!("policy `{name}`: this move would be worth it; the policy only observes"),
        Verdict::Ask => format!("policy `{name}`: worth it; it waits for approval"),
        Verdict::Move => format!("policy `{name}`: move"),
    }];
    lines.extend(decision.checks.iter().map(|check| {
        let mark = if check.holds() { "yes" } else { "no" };
        format!("{mark}: {}", rule(check))
    }));
    lines
}

fn rule(check: &Check) -> String {
    let percent = |ppm: i64| format_scaled(ppm, 4, 0);
    let or_unknown = |text: Option<String>| text.unwrap_or_else(|| "an unknown amount".to_owned());
    match check {
        Check::Better { .. } => "something better exists".to_owned(),
        Check::Saving { is, min } => {
            format!("it saves {} a month (at least {min})", or_unknown(is.map(|is| is.to_string())))
        }
        Check::Share { ppm, min_ppm } => {
            let share = or_unknown(ppm.map(|ppm| format!("{} %", percent(ppm / 1000 * 1000))));
            format!("it saves {share} of the bill (at least {} %)", percent(*min_ppm))
        }
        Check::Payback { hours: Some(hours), max } => format!("it pays for itself in {hours} h (at most {max} h)"),
        Check::Payback { hours: None, max } => {
            format!("it never pays for itself, or a price is not known (at most {max} h)")
        }
        Check::Disturbance { milli, min_milli } => {
            let score = or_unknown(milli.map(|milli| format_scaled(milli, 3, 0)));
            let min = format_scaled(*min_milli, 3, 0);
            format!("share of the bill saved per share of the application disturbed: {score} (at least {min})")
        }
        Check::CoolDown { waiting } if waiting.is_empty() => "nothing that moves has moved lately".to_owned(),
        Check::CoolDown { waiting } => {
            let names: Vec<&str> = waiting.iter().map(|(name, _)| name.as_str()).collect();
            format!("moved too recently: {}", names.join(", "))
        }
        Check::Pace { moves, max, days } => format!("{moves} moves in {days} days (at most {max})"),
        Check::Window { opens_in: 0 } => "moves may begin now".to_owned(),
        Check::Window { opens_in } => format!("moves may begin in {} h", opens_in.div_euclid(3600) + 1),
        Check::Never { components } if components.is_empty() => "nothing moves that never may".to_owned(),
        Check::Never { components } => format!("never moves: {}", components.join(", ")),
        Check::PriceAge { hours: Some(hours), max } => format!("the prices are {hours} h old (at most {max} h)"),
        Check::PriceAge { hours: None, max } => format!("the age of the prices is not known (at most {max} h)"),
        Check::StopLoss { lost, max } if *lost > Money::ZERO => {
            format!("past moves have lost {lost} in 30 days (at most {max})")
        }
        Check::StopLoss { max, .. } => format!("past moves have lost nothing in 30 days (at most {max})"),
    }
}
