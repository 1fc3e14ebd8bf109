//! Whether what is there is what the journal says.

use super::{Health, Sighting};
use crate::plan::run::Side;
use std::fmt;

/// One thing in which they differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The journal says that it is there, and it was not seen.
    Absent(Side),
    /// It was seen, and no journal knows it.
    Unknown(Sighting),
    /// It does not answer.
    Unwell(Sighting),
    /// It gets another share of the traffic.
    Share {
        /// What was seen.
        seen: Sighting,
        /// Percent by the journal.
        wanted: u8,
    },
    /// Not exactly one side of a store takes writes.
    Writers {
        /// The component.
        component: String,
        /// How many do.
        count: usize,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |s: &Sighting| format!("`{}` at {}:{} ({})", s.component, s.provider, s.region, s.seat);
        match self {
            Self::Absent(side) => {
                let seat = &side.seat;
                write!(f, "`{}` at {}:{} ({}) is not there", seat.component, seat.provider, seat.region, seat.id())
            }
            Self::Unknown(seen) => write!(f, "{} is there, and the journal does not know it", at(seen)),
            Self::Unwell(seen) => write!(f, "{} is {}", at(seen), seen.health.as_str()),
            Self::Share { seen, wanted } => {
                write!(f, "{} gets {} % of the traffic instead of {wanted} %", at(seen), seen.percent)
            }
            Self::Writers { component, count } => {
                write!(f, "{count} sides of `{component}` take writes; exactly one should")
            }
        }
    }
}

/// All differences between what there should be and what was seen, in the order of the sides, then of the sightings.
///
/// What the journal is not certain of may be there or not.
#[must_use]
pub fn differences(sides: &[Side], seen: &[Sighting]) -> Vec<Difference> {
    let sighting = |side: &Side| {
        let id = side.seat.id();
        seen.iter().find(|s| s.component == side.seat.component && s.seat == id)
    };
    let mut found = Vec::new();
    for side in sides {
        match (sighting(side), side.percent) {
            (None, _) if side.certain => found.push(Difference::Absent(side.clone())),
            // An old side that gets nothing any more may rest: a worker that has finished does not run.
            (Some(seen), percent) if side.certain && seen.health != Health::Ready && percent != Some(0) => {
                found.push(Difference::Unwell(seen.clone()));
            }
            (Some(seen), Some(wanted)) if side.certain && seen.percent != wanted => {
                found.push(Difference::Share { seen: seen.clone(), wanted });
            }
            _ => {}
        }
    }
    let known = |s: &&Sighting| sides.iter().any(|side| side.seat.component == s.component && side.seat.id() == s.seat);
    found.extend(seen.iter().filter(|s| !known(s)).cloned().map(Difference::Unknown));
    let mut stores: Vec<&str> = seen.iter().filter(|s| s.writable.is_some()).map(|s| s.component.as_str()).collect();
    stores.dedup();
    for component in stores {
        let count = seen.iter().filter(|s| s.component == component && s.writable == Some(true)).count();
        if count != 1 {
            found.push(Difference::Writers { component: component.to_owned(), count });
        }
    }
    found
}
