//! Requirements and their breaches in plain words.

use crate::problem::{Problem, Violation};
use crate::units::Latency;

/// A latency as people write it: `20 ms`, `12.5 ms`.
pub(super) fn millis(latency: Latency) -> String {
    format!("{} ms", latency.millis())
}

/// `path "page view"` for an audience, or without one.
pub(super) fn path_name(name: &str, audience: &str) -> String {
    if audience.is_empty() { format!("path `{name}`") } else { format!("path `{name}` for `{audience}`") }
}

/// What a broken rule of a problem means.
pub(super) fn violation(problem: &Problem, broken: &Violation) -> String {
    match broken {
        Violation::Shape { .. } => "it does not choose for every component".into(),
        Violation::Relation { relation } => {
            let spec = &problem.relations[*relation];
            let (a, b) = (&problem.components[spec.a].name, &problem.components[spec.b].name);
            format!("`{a}` and `{b}` are not in {} ({})", relation_words(spec.kind), spec.reason)
        }
        Violation::Path { path, latency } => {
            let spec = &problem.paths[*path];
            let bound = spec.bound.map(|bound| format!(" instead of {}", millis(bound))).unwrap_or_default();
            let percentile = spec.percentile.as_str();
            format!("{} takes {}{bound} {percentile}", path_name(&spec.name, &spec.audience), millis(*latency))
        }
        Violation::UnknownPrice { flow } => {
            let spec = &problem.flows[*flow];
            format!("the price of traffic from `{}` to {} is not known", problem.components[spec.from].name, spec.label)
        }
        Violation::Machine { component, reason } => {
            format!("`{}` cannot run on the shared machine: {reason}", problem.components[*component].name)
        }
        Violation::Zones { group } => {
            let spec = &problem.groups[*group];
            format!("the machines shared as `{}` lie in fewer than {} zones", spec.name, spec.zones)
        }
        Violation::Budget { total } => match problem.budget {
            Some(budget) => format!("{total} a month exceeds the budget of {budget}"),
            None => format!("{total} a month exceeds the budget"),
        },
    }
}

/// What a relation demands of two components' places: `the same region`, `different countries`.
pub(super) fn relation_words(kind: crate::app::RelationKind) -> &'static str {
    use crate::app::RelationKind as K;
    match kind {
        K::SameRegion => "the same region",
        K::SameProvider => "the same provider",
        K::SameCountry => "the same country",
        K::DifferentRegion => "different regions",
        K::DifferentProvider => "different providers",
        K::DifferentCountry => "different countries",
    }
}

/// `a`, `a and b`, `a, b and c`, each in backticks.
pub(super) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}
