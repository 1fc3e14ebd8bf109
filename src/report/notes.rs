//! What a careful reader should look at before believing a recommendation.

use crate::app::{App, Kind, Link, Percentile};
use crate::problem::{ComponentId, PlaceId, Problem};

/// A round trip longer than this between two components is worth a word when nobody bounds it: about what lies between
/// neighbouring cities.
const FAR_US: i64 = 10_000;

/// Links whose two ends were placed far apart although no path says how long anyone waits for them. The usual cause is
/// a path that was forgotten, not a link that nobody waits for.
pub(super) fn unbounded_links(app: &App, problem: &Problem, place_of: impl Fn(ComponentId) -> PlaceId) -> Vec<String> {
    let bounded = |a: usize, b: usize| {
        app.paths
            .iter()
            .any(|path| path.through.windows(2).any(|hop| (hop[0], hop[1]) == (a, b) || (hop[1], hop[0]) == (a, b)))
    };
    let mut notes = Vec::new();
    // Archives are read and written in bulk; nobody waits for a single round trip to them.
    let bulk = |ordinal: usize| app.components[ordinal].kind == Kind::ObjectStorage;
    let waited_for = |link: &&Link| !bulk(link.from) && !bulk(link.to) && !bounded(link.from, link.to);
    for link in app.links.iter().filter(waited_for) {
        let ends = |ordinal: usize| {
            (0..problem.components.len()).filter(move |&c| problem.components[c].app_component == ordinal)
        };
        let pairs = ends(link.from).flat_map(|a| ends(link.to).map(move |b| (a, b)));
        let rtt = |(a, b): (usize, usize)| problem.rtt_us(Percentile::P95, place_of(a), place_of(b));
        let farthest = pairs.map(rtt).max().unwrap_or(0);
        if farthest >= FAR_US {
            notes.push(format!(
                "no path bounds `{}` -> `{}`, placed {} ms apart (p95): if someone waits for it, add a [[path]] \
                 through both, or a [[rule]] that keeps them together",
                app.components[link.from].name,
                app.components[link.to].name,
                farthest / 1000
            ));
        }
    }
    notes
}
