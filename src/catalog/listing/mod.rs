//! The book row by row, for lists: what is on sale, where, and how far apart places are. Every edge shows the same rows.

mod offers;
mod places;
mod providers;

pub use offers::{OfferRow, Wanted, known_kind, offers, regions};
pub use places::{End, LatencyRow, RegionRow, latency, region_name, region_row};
pub use providers::{ProviderRow, provider_rows};

use std::fmt;

/// Most names that are told when none is near.
const LISTED_MAX: usize = 30;
/// Most characters of a wrong name that are told.
const SHOWN_MAX: usize = 60;

/// A name that nothing has, with the nearest one, or all when they are few.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownName {
    what: String,
    shown: String,
    hint: String,
}

impl UnknownName {
    /// For a name of the sort `what` that is none of the known ones.
    pub fn of<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let mut known: Vec<&str> = known.into_iter().collect();
        known.sort_unstable();
        known.dedup();
        let near = known
            .iter()
            .map(|candidate| (strsim::osa_distance(&name.to_lowercase(), &candidate.to_lowercase()), *candidate))
            .min()
            .filter(|(slips, candidate)| *slips <= 2.max(candidate.len() / 4) && *slips < name.len().max(2));
        let hint = match near {
            Some((_, candidate)) => format!("; did you mean `{candidate}`?"),
            None if known.len() <= LISTED_MAX => format!("; there are {}", known.join(", ")),
            None => String::new(),
        };
        Self { what: what.to_owned(), shown: shown(name), hint }
    }
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no {} `{}`{}", self.what, self.shown, self.hint)
    }
}

impl std::error::Error for UnknownName {}

/// A name in an error must not upset a terminal, and nobody needs a megabyte of it.
fn shown(name: &str) -> String {
    name.chars().take(SHOWN_MAX).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_told() {
        let known = ["aws", "azure", "hetzner"];
        let message = |name| UnknownName::of("provider", name, known).to_string();
        assert_eq!(message("hetzer"), "there is no provider `hetzer`; did you mean `hetzner`?");
        assert_eq!(message("zzzzzzzzzz"), "there is no provider `zzzzzzzzzz`; there are aws, azure, hetzner");
    }
}
