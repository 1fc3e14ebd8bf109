//! Whether what was seen is what the journal has.

use crate::exec::{Difference, Health, Sighting, differences};
use crate::plan::Plan;
use crate::plan::run::{Progress, Side};

/// What is wrong with what was seen, after steps of a plan were done as `progress` has it; `None`: nothing.
///
/// [`differences`] as far as it holds between two steps, and what only an executor can do wrong: order, places, and what
/// says that it takes writes.
pub(super) fn difference(plan: &Plan, progress: &Progress, seen: &[Sighting]) -> Option<String> {
    let sides = progress.sides(plan);
    if let Some([a, b]) = seen.windows(2).find(|pair| key(&pair[0]) >= key(&pair[1])) {
        return Some(if key(a) == key(b) {
            format!("{} is there twice", named(a))
        } else {
            format!("{} comes before {}; the order is by component and seat", named(a), named(b))
        });
    }
    let serves =
        |component: &str, seat: &str| sides.iter().any(|side| is_of(side, component, seat) && has_traffic(side));
    let matters = |difference: &Difference| match difference {
        // What was just made may not answer yet, and what was drained need not.
        Difference::Unwell(seen) => serves(&seen.component, &seen.seat),
        // What has no traffic yet, or no longer, need not take writes.
        Difference::Writers { component, count: 0 } => {
            sides.iter().any(|side| side.seat.component == *component && side.percent == Some(100))
        }
        _ => true,
    };
    if let Some(difference) = differences(&sides, seen).into_iter().find(matters) {
        return Some(difference.to_string());
    }
    sides.iter().find_map(|side| {
        let sighting = seen.iter().find(|s| is_of(side, &s.component, &s.seat))?;
        wrong_side(side, sighting).map(|wrong| format!("{}: {wrong}", named(sighting)))
    })
}

fn wrong_side(side: &Side, sighting: &Sighting) -> Option<String> {
    let seat = &side.seat;
    if (&sighting.provider, &sighting.region) != (&seat.provider, &seat.region) {
        return Some(format!("it should be at {}:{}", seat.provider, seat.region));
    }
    match (seat.kind.is_data_store(), sighting.writable) {
        (false, Some(_)) if seat.kind.runs_image() => {
            Some("it is no store, and says whether it takes writes".to_owned())
        }
        (true, None) => Some("it is a store, and does not say whether it takes writes".to_owned()),
        (true, Some(false)) if side.percent == Some(100) => Some("it has the traffic and takes no writes".to_owned()),
        _ => None,
    }
}

fn has_traffic(side: &Side) -> bool {
    side.percent.is_some_and(|percent| percent > 0)
}

fn is_of(side: &Side, component: &str, seat: &str) -> bool {
    side.seat.component == component && side.seat.id() == seat
}

fn key(sighting: &Sighting) -> (&str, &str) {
    (&sighting.component, &sighting.seat)
}

/// A side in words, as [`Difference`] has it.
pub(super) fn named(sighting: &Sighting) -> String {
    let Sighting { component, seat, provider, region, .. } = sighting;
    format!("`{component}` at {provider}:{region} ({seat})")
}

/// How two looks differ, but for health, which moves by itself; `None`: they do not.
pub(super) fn changed(before: &[Sighting], after: &[Sighting]) -> Option<String> {
    let calm = |s: &Sighting| Sighting { health: Health::Ready, ..s.clone() };
    let (before, after): (Vec<_>, Vec<_>) = (before.iter().map(calm).collect(), after.iter().map(calm).collect());
    let gone = before.iter().find(|sighting| !after.contains(sighting));
    let come = after.iter().find(|sighting| !before.contains(sighting));
    match (gone, come) {
        (None, None) if before.len() == after.len() => None,
        (None, None) => Some("something is there twice".to_owned()),
        (Some(gone), Some(come)) if key(gone) == key(come) => {
            Some(format!("{} was {}, and is {}", named(gone), state(gone), state(come)))
        }
        (Some(gone), _) => Some(format!("{} was there, and is not", named(gone))),
        (None, Some(come)) => Some(format!("{} was not there, and is", named(come))),
    }
}

fn state(sighting: &Sighting) -> String {
    let writes = match sighting.writable {
        None => "",
        Some(true) => ", takes writes",
        Some(false) => ", takes no writes",
    };
    let at = sighting.address.as_ref().map_or(String::new(), |address| format!(", answers at {address}"));
    format!("at {} %{writes}{at}", sighting.percent)
}
