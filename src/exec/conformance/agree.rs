//! Whether what was seen is what the journal has.

use crate::exec::{Health, Sighting};
use crate::plan::Plan;
use crate::plan::run::{Progress, Side};

/// What is wrong with what was seen, after steps of a plan were done as `progress` has it; `None`: nothing.
pub(super) fn difference(plan: &Plan, progress: &Progress, seen: &[Sighting]) -> Option<String> {
    let sides = progress.sides(plan);
    if let Some(pair) = seen.windows(2).find(|pair| key(&pair[0]) >= key(&pair[1])) {
        let [a, b] = pair else { return None };
        return Some(match key(a) == key(b) {
            true => format!("{} is there twice", named(a)),
            false => format!("{} comes before {}; the order is by component and seat", named(a), named(b)),
        });
    }
    let of = |sighting: &&Sighting| sides.iter().any(|side| is_of(side, sighting));
    if let Some(stranger) = seen.iter().find(|sighting| !of(sighting)) {
        return Some(format!("{} is there, and the journal does not know it", named(stranger)));
    }
    for side in &sides {
        let Some(sighting) = seen.iter().find(|sighting| is_of(side, sighting)) else {
            if side.certain {
                return Some(format!("{} {} is not there", side.seat.component, side.seat.id()));
            }
            continue;
        };
        if let Some(wrong) = wrong_side(plan, progress, side, sighting) {
            return Some(format!("{}: {wrong}", named(sighting)));
        }
    }
    None
}

fn wrong_side(plan: &Plan, progress: &Progress, side: &Side, sighting: &Sighting) -> Option<String> {
    let seat = &side.seat;
    if (&sighting.provider, &sighting.region) != (&seat.provider, &seat.region) {
        return Some(format!("it should be at {}:{}", seat.provider, seat.region));
    }
    if let Some(percent) = side.percent.filter(|percent| *percent != sighting.percent) {
        return Some(format!("it gets {} % of the traffic, the journal has {percent} %", sighting.percent));
    }
    let serves = side.percent.is_some_and(|percent| percent > 0);
    if serves && sighting.health != Health::Ready {
        return Some(format!("it has traffic and is `{}`", sighting.health.as_str()));
    }
    match (seat.kind.is_data_store(), sighting.writable) {
        (false, Some(_)) if seat.kind.runs_image() => {
            Some("it is no store, and says whether it takes writes".to_owned())
        }
        (true, None) => Some("it is a store, and does not say whether it takes writes".to_owned()),
        (true, Some(false)) if side.percent == Some(100) => Some("it has the traffic and takes no writes".to_owned()),
        // What was drained takes no writes any more, so that nothing is lost that the other side does not have.
        (true, Some(true)) if side.percent == Some(0) && other_side_serves(plan, progress, side) => {
            Some("it takes writes, and so does the other side".to_owned())
        }
        _ => None,
    }
}

/// Whether the other side of a component has all of its traffic.
fn other_side_serves(plan: &Plan, progress: &Progress, side: &Side) -> bool {
    let other = |other: &Side| other.seat.component == side.seat.component && other.seat != side.seat;
    progress.sides(plan).iter().any(|one| other(one) && one.percent == Some(100))
}

fn is_of(side: &Side, sighting: &Sighting) -> bool {
    side.seat.component == sighting.component && side.seat.id() == sighting.seat
}

fn key(sighting: &Sighting) -> (&str, &str) {
    (&sighting.component, &sighting.seat)
}

/// A side in words: `web 0123456789ab at grand:eu-1`.
pub(super) fn named(sighting: &Sighting) -> String {
    let Sighting { component, seat, provider, region, .. } = sighting;
    format!("{component} {seat} at {provider}:{region}")
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
