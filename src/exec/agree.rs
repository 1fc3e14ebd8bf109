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
    /// Several sides of a store take writes, or none does though one has all the traffic.
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
/// What the journal is not certain of may be there or not. A store needs a writer once one of its sides has all the traffic:
/// before the first shift nobody writes yet, during one the writer changes, and what was drained takes nothing any more.
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
        let serves = |side: &Side| side.seat.component == component && side.certain && side.percent == Some(100);
        if count > 1 || (count == 0 && sides.iter().any(serves)) {
            found.push(Difference::Writers { component: component.to_owned(), count });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Kind;
    use crate::plan::{Form, Seat};
    use crate::units::Purchase;

    fn side(region: &str, percent: Option<u8>) -> Side {
        let seat = Seat {
            component: "db".into(),
            kind: Kind::Postgres,
            provider: "aws".into(),
            region: region.into(),
            offer: "any".into(),
            purchase: Purchase::OnDemand,
            count: 1,
            above: Vec::new(),
            form: Some(Form::Managed),
            machine_of: None,
            usd_month: None,
        };
        Side { seat, certain: true, percent }
    }

    fn seen(side: &Side, writable: bool) -> Sighting {
        Sighting {
            component: "db".into(),
            seat: side.seat.id(),
            provider: "aws".into(),
            region: side.seat.region.clone(),
            health: Health::Ready,
            percent: side.percent.unwrap_or(0),
            writable: Some(writable),
            address: None,
        }
    }

    #[test]
    fn a_store_has_one_writer_once_a_side_has_all_the_traffic() {
        let writers = |sides: [Side; 2], writable: [bool; 2]| {
            let seen = [seen(&sides[0], writable[0]), seen(&sides[1], writable[1])];
            let found = differences(&sides, &seen).into_iter().find_map(|difference| match difference {
                Difference::Writers { count, .. } => Some(count),
                _ => None,
            });
            found.unwrap_or(1)
        };
        let sides = |old, new| [side("eu", old), side("us", new)];
        assert_eq!(writers(sides(Some(100), Some(0)), [true, false]), 1);
        assert_eq!(writers(sides(Some(100), Some(0)), [false, false]), 0, "nobody takes writes");
        assert_eq!(writers(sides(Some(0), Some(100)), [true, true]), 2, "two do");
        assert_eq!(writers(sides(None, None), [false, false]), 1, "during a shift the writer changes");
        assert_eq!(writers(sides(None, None), [true, true]), 2, "but there are never two");
        assert_eq!(writers(sides(Some(0), Some(0)), [false, false]), 1, "what was drained takes nothing");
    }
}
