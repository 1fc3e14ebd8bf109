//! Links, paths, rules and today's placement of a file: everything that names components.

use super::faults::{Code, quoted};
use super::file::{AppFile, LinkFile, PathFile, PercentileWord, RuleFile, RuleWord, TodayFile};
use super::lower::{AUDIENCE_WORDS, Lower, usd};
use super::number::Number;
use super::source::{Point, Says};
use super::{Link, Objective, Path, PathAudience, Percentile, Relation, RelationKind, Today};
use crate::units::{Latency, Money, Purchase, Quantity};
use std::collections::HashSet;

impl From<RuleWord> for RelationKind {
    fn from(word: RuleWord) -> Self {
        match word {
            RuleWord::SameRegion => Self::SameRegion,
            RuleWord::SameProvider => Self::SameProvider,
            RuleWord::SameCountry => Self::SameCountry,
            RuleWord::DifferentRegion => Self::DifferentRegion,
            RuleWord::DifferentProvider => Self::DifferentProvider,
            RuleWord::DifferentCountry => Self::DifferentCountry,
        }
    }
}

/// Joined pairs of components, in both directions; `None` when the links could not all be read.
type Joined = Option<HashSet<(usize, usize)>>;

impl Lower<'_, '_, '_> {
    pub(super) fn links(&mut self, files: &[LinkFile]) -> Vec<Link> {
        let mut links = Vec::new();
        let mut seen = HashSet::new();
        for (i, file) in files.iter().enumerate() {
            let path = format!("link[{i}]");
            let from = self.component_named(file.from.as_deref(), format_args!("{path}.from"));
            let to = self.component_named(file.to.as_deref(), format_args!("{path}.to"));
            let name = || quoted(file.to.as_deref().unwrap_or_default());
            if file.from.is_some() && file.from == file.to {
                let says = Says::new(Code::Conflict, format!("a link from {} to itself", name()), "another component");
                self.fault(&format!("{path}.to"), Point::Value, says);
            } else if let (Some(from), Some(to)) = (from, to)
                && !seen.insert((from, to))
            {
                let from = quoted(file.from.as_deref().unwrap_or_default());
                let found = format!("a second link from {from} to {}", name());
                let says = Says::new(Code::DuplicateName, found, "one link");
                self.fault(&format!("{path}.to"), Point::Value, says.help("add the traffic of both together"));
            }
            let forward_gb_month =
                self.usage(file.request_gb_month, Quantity::ZERO, format_args!("{path}.request_gb_month"));
            let back_gb_month =
                self.usage(file.response_gb_month, Quantity::ZERO, format_args!("{path}.response_gb_month"));
            let bound = self.link_bound(file, &path);
            links.push(Link {
                // An unknown component has been reported; the ordinal keeps the list's positions true.
                from: from.unwrap_or(usize::MAX),
                to: to.unwrap_or(usize::MAX),
                forward_gb_month,
                back_gb_month,
                round_trips_milli: file.round_trips.map_or(1_000, Number::scaled),
                bound,
            });
        }
        links
    }

    pub(super) fn paths(&mut self, file: &AppFile, links: &[Link], objective: Objective) -> Vec<Path> {
        let all_read = links.iter().all(|link| link.from != usize::MAX && link.to != usize::MAX);
        let all_read = all_read && (file.link.is_some() || !self.source.has(format_args!("link")));
        let joined: Joined =
            all_read.then(|| links.iter().flat_map(|link| [(link.from, link.to), (link.to, link.from)]).collect());
        let files = file.path.as_deref().unwrap_or_default();
        self.unique("path", files, |path| path.name.as_deref());
        let paths: Vec<Path> = files.iter().enumerate().map(|(i, file)| self.path(i, file, &joined)).collect();
        let readable = file.path.is_some() || !self.source.has(format_args!("path"));
        let worthless = readable && !files.iter().any(|path| path.usd_per_ms.is_some_and(|usd| usd.scaled() > 0));
        let says = match objective {
            Objective::Latency if readable && files.is_empty() => {
                Some(("latency is to be minimised, but there is no path", "at least one `[[path]]`"))
            }
            Objective::CostAndLatency if worthless => Some((
                "latency has a weight, but no path says what a millisecond is worth",
                "`usd_per_ms` above 0 in at least one `[[path]]`",
            )),
            _ => None,
        };
        if let Some((found, expected)) = says {
            self.fault("objective.minimize", Point::Value, Says::new(Code::MissingKey, found, expected));
        }
        paths
    }

    fn path(&mut self, i: usize, file: &PathFile, joined: &Joined) -> Path {
        let path = format!("path[{i}]");
        let through = self.through(file, joined, &path);
        let audience = self.path_audience(file.audience.as_deref(), &path);
        let internal = audience == PathAudience::Internal;
        if internal && file.round_trips.is_some_and(|trips| trips.scaled() > 0) {
            let says = Says::new(Code::Conflict, "round trips to a user on an internal path", "no `round_trips` here")
                .help("`round_trips` of a `[[link]]` are those between components");
            self.fault(&format!("{path}.round_trips"), Point::Value, says);
        }
        let (percentile, bound) = self.bound(file, &path);
        Path {
            name: file.name.clone().unwrap_or_default(),
            through,
            entry_round_trips_milli: file.round_trips.map_or(if internal { 0 } else { 1_000 }, Number::scaled),
            audience,
            percentile,
            bound,
            usd_per_ms: file.usd_per_ms.map_or(Money::ZERO, usd),
        }
    }

    fn through(&mut self, file: &PathFile, joined: &Joined, path: &str) -> Vec<usize> {
        let names = file.through.as_deref().unwrap_or_default();
        let mut through: Vec<usize> = Vec::new();
        let mut before: Option<usize> = None;
        for (i, name) in names.iter().enumerate() {
            let path = format_args!("{path}.through[{i}]");
            let here = self.component_named(Some(name), path);
            if let (Some(a), Some(b), Some(joined)) = (before, here, joined)
                && !joined.contains(&(a, b))
            {
                let found = format!("no link joins {} and {}", quoted(&names[i - 1]), quoted(name));
                let says = Says::new(Code::Conflict, found, "a component that is linked to the one before");
                let help = format!("add `[[link]]` with `from = {:?}` and `to = {name:?}`", names[i - 1]);
                self.fault(&path.to_string(), Point::Value, says.help(help));
            }
            before = here;
            through.extend(here);
        }
        through
    }

    fn path_audience(&mut self, word: Option<&str>, path: &str) -> PathAudience {
        let path = format_args!("{path}.audience");
        if word.is_none() {
            return if self.has_audience { PathAudience::Weighted } else { PathAudience::Internal };
        }
        let word = word.unwrap_or_default();
        if word == "internal" {
            return PathAudience::Internal;
        }
        if !self.has_audience {
            let found = format!("a path for {}, but no audience", quoted(word));
            let says = Says::new(Code::MissingKey, found, "at least one `[[audience]]`, or `audience = \"internal\"`");
            self.fault(&path.to_string(), Point::Value, says);
            return PathAudience::Internal;
        }
        match word {
            "weighted" => PathAudience::Weighted,
            "each" => PathAudience::Each,
            name => {
                if let Some(ordinal) = self.audiences.get(name) {
                    return PathAudience::One(ordinal);
                }
                if self.audiences.complete {
                    let words = AUDIENCE_WORDS.map(str::to_owned);
                    let known: Vec<String> = self.audiences.names().iter().cloned().chain(words).collect();
                    self.known("audience", name, &known, path);
                }
                PathAudience::Weighted
            }
        }
    }

    /// The percentile and the bound of a path.
    fn bound(&mut self, file: &PathFile, path: &str) -> (Percentile, Option<Latency>) {
        let micros = |ms: Number<_>| Latency::from_micros(ms.scaled());
        let has = |key: &str, read: bool| read || self.source.has(format_args!("{path}.{key}"));
        let (p50, p95) = (has("p50_ms", file.p50_ms.is_some()), has("p95_ms", file.p95_ms.is_some()));
        let percentile = has("percentile", file.percentile.is_some());
        if p50 && p95 {
            let says = Says::new(Code::Conflict, "a path with two bounds", "either `p50_ms` or `p95_ms`");
            self.fault(&format!("{path}.p95_ms"), Point::Key, says.help("write two paths if you need both"));
        } else if percentile && (p50 || p95) {
            let says = Says::new(Code::Conflict, "`percentile` beside a bound", "either of them");
            self.fault(&format!("{path}.percentile"), Point::Key, says.help("the bound's name says the percentile"));
        }
        match (file.p50_ms, file.p95_ms) {
            (Some(ms), _) => (Percentile::P50, Some(micros(ms))),
            (None, Some(ms)) => (Percentile::P95, Some(micros(ms))),
            (None, None) if file.percentile == Some(PercentileWord::P50) => (Percentile::P50, None),
            (None, None) => (Percentile::P95, None),
        }
    }

    pub(super) fn rules(&mut self, files: &[RuleFile]) -> Vec<Relation> {
        let mut relations = Vec::new();
        for (i, file) in files.iter().enumerate() {
            let names = file.components.as_deref().unwrap_or_default();
            let mut components = Vec::new();
            for (j, name) in names.iter().enumerate() {
                let path = format_args!("rule[{i}].components[{j}]");
                let Some(component) = self.component_named(Some(name), path) else { continue };
                if components.contains(&component) {
                    self.twice(name, &path.to_string());
                } else {
                    components.push(component);
                }
            }
            let kind = file.kind.map_or(RelationKind::SameRegion, RelationKind::from);
            relations.push(Relation { kind, components });
        }
        relations
    }

    /// Today's placement: all components or none.
    pub(super) fn today(&mut self, file: &AppFile) -> Vec<Today> {
        let files = file.today.as_deref().unwrap_or_default();
        let mut seen: HashSet<usize> = HashSet::new();
        let mut readable = self.components.complete;
        let mut today = Vec::new();
        for (i, file) in files.iter().enumerate() {
            let path = format!("today[{i}]");
            let component = self.component_named(file.component.as_deref(), format_args!("{path}.component"));
            readable &= component.is_some();
            if let Some(component) = component
                && !seen.insert(component)
            {
                self.twice(file.component.as_deref().unwrap_or_default(), &format!("{path}.component"));
            }
            self.today_place(file, &path);
            today.push(Today {
                component: component.unwrap_or(usize::MAX),
                provider: file.provider.clone().unwrap_or_default(),
                region: file.region.clone().unwrap_or_default(),
                offer: file.offer.clone().unwrap_or_default(),
                purchase: file.purchase.unwrap_or(Purchase::OnDemand),
                count: file.count.and_then(|count| u32::try_from(count.scaled()).ok()),
                spot_count: self.spot_count(file, &path),
                machines: file.machines.clone().unwrap_or_default(),
            });
        }
        let asked = readable && !files.is_empty();
        let missing: Vec<String> = file
            .component
            .iter()
            .flatten()
            .enumerate()
            .filter(|(i, _)| asked && !seen.contains(i))
            .filter_map(|(_, component)| component.name.as_deref().map(quoted))
            .collect();
        if !missing.is_empty() {
            let shown = missing.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
            let more = if missing.len() > 5 { format!(" and {} more", missing.len() - 5) } else { String::new() };
            let found = format!("today's placement is without {shown}{more}");
            let says = Says::new(Code::MissingKey, found, "one `[[today]]` for every component, or none at all");
            self.fault(&format!("today[{}]", files.len() - 1), Point::Key, says);
        }
        today
    }

    fn today_place(&mut self, file: &TodayFile, path: &str) {
        let names = self.names;
        let Some(provider) = file.provider.as_deref() else { return };
        if self.known("provider", provider, &names.providers, format_args!("{path}.provider"))
            && let Some(region) = file.region.as_deref()
            && !names.regions.iter().any(|(of, code)| of == provider && code == region)
        {
            let codes: Vec<String> =
                names.regions.iter().filter(|(of, _)| of == provider).map(|(_, code)| code.clone()).collect();
            self.known(&format!("{provider} region"), region, &codes, format_args!("{path}.region"));
        }
    }
}
