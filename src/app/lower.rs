//! From the file types to the domain: everything that a schema cannot say.
//!
//! What the shape stage left out (and reported) reads as absent here. A check that needs it is passed over, and the
//! value made in its place is never seen, because a file with faults yields no application.

use super::faults::{Code, one_of, quoted};
use super::file::{AppFile, AudienceFile, ConstraintsFile, FilterFile, ObjectiveWord, OutboundWord};
use super::limits::TRAFFIC_GB_TOTAL_MAX;
use super::names::Names;
use super::number::{Number, Range, UsageFile};
use super::source::{Point, Says, Source};
use super::{App, Audience, Component, Filter, Link, Locality, Objective, Operations, PrivateOutbound, Usage, Where};
use crate::units::{Money, Quantity};
use std::collections::HashMap;
use std::fmt;

/// Dollars of an operator hour, unless the file says otherwise.
const USD_HOUR: i64 = 75;
/// Operator hours a month of a packaged data store, unless the file says otherwise.
const PACKAGED_HOURS_MONTH: i64 = 4;
/// All shares together, in millionths.
const WHOLE_PPM: i64 = 1_000_000;
/// Audience words of a path, which no audience can have as its name.
pub(super) const AUDIENCE_WORDS: [&str; 3] = ["weighted", "each", "internal"];

/// Names of one sort of thing in the file, by ordinal.
pub(super) struct Index {
    ordinals: HashMap<String, usize>,
    /// Names in file order.
    names: Vec<String>,
    /// Whether every name of the sort could be read; if not, an unknown name may be one of the others.
    pub(super) complete: bool,
}

impl Index {
    fn empty(complete: bool) -> Self {
        Self { ordinals: HashMap::new(), names: Vec::new(), complete }
    }

    /// Names in file order.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn get(&self, name: &str) -> Option<usize> {
        self.ordinals.get(name).copied()
    }
}

/// A file on its way to become an application.
pub(super) struct Lower<'s, 'a, 'n> {
    pub(super) source: &'s mut Source<'a>,
    pub(super) names: &'n Names,
    pub(super) components: Index,
    pub(super) audiences: Index,
    /// Whether the file has audiences, be they good or bad.
    pub(super) has_audience: bool,
}

/// The application; complete and valid if the source stays without faults.
pub(super) fn lower(file: &AppFile, names: &Names, source: &mut Source<'_>) -> App {
    let has_audience = file.audience.as_ref().map_or(source.has(format_args!("audience")), |list| !list.is_empty());
    let mut to = Lower { source, names, components: Index::empty(true), audiences: Index::empty(true), has_audience };
    to.name(file.name.as_deref(), format_args!("name"), false);
    to.components = to.index("component", file.component.as_deref(), |item| item.name.as_deref(), false);
    to.audiences = to.index("audience", file.audience.as_deref(), |item| item.name.as_deref(), true);
    let audiences = to.audience_list(file.audience.as_deref().unwrap_or_default());
    let mut components: Vec<Component> = Vec::new();
    for (i, component) in file.component.iter().flatten().enumerate() {
        components.push(to.component(i, component));
    }
    let links = to.links(file.link.as_deref().unwrap_or_default());
    let objective = objective(file);
    let paths = to.paths(file, &links, objective);
    to.publish(file, &mut components, &paths);
    let relations = to.rules(file.rule.as_deref().unwrap_or_default());
    let place = to.place(file.constraints.as_ref(), format_args!("constraints"));
    let today = to.today(file);
    let sharing = to.sharing(file, &mut components, &today);
    to.traffic_total(&components, &links);
    App {
        name: file.name.clone().unwrap_or_default(),
        components,
        links,
        audiences,
        paths,
        relations,
        place,
        budget: file.budget.and_then(|budget| budget.usd_month).map(usd),
        objective,
        operations: operations(file),
        private_outbound: match file.network.and_then(|network| network.private_outbound) {
            Some(OutboundWord::PublicIp) => PrivateOutbound::PublicIp,
            Some(OutboundWord::Nat) | None => PrivateOutbound::Nat,
        },
        sharing,
        today,
    }
}

fn objective(file: &AppFile) -> Objective {
    match file.objective.and_then(|objective| objective.minimize) {
        Some(ObjectiveWord::Latency) => Objective::Latency,
        Some(ObjectiveWord::CostAndLatency) => Objective::CostAndLatency,
        Some(ObjectiveWord::Cost) | None => Objective::Cost,
    }
}

fn operations(file: &AppFile) -> Operations {
    let stated = file.operations.unwrap_or_default();
    Operations {
        usd_hour: stated.usd_hour.map_or(Money::from_dollars(USD_HOUR), usd),
        packaged_hours_month: stated.packaged_hours_month.map_or(Quantity::from_units(PACKAGED_HOURS_MONTH), quantity),
        stated: stated.usd_hour.is_some() || stated.packaged_hours_month.is_some(),
    }
}

pub(super) fn usd<R: Range>(number: Number<R>) -> Money {
    Money::from_nanos(number.at_scale(9))
}

pub(super) fn quantity<R: Range>(number: Number<R>) -> Quantity {
    Quantity::from_micros(number.at_scale(6))
}

impl Lower<'_, '_, '_> {
    pub(super) fn fault(&mut self, path: &str, point: Point, says: Says) {
        self.source.fault(path, point, says);
    }

    /// Checks the characters of a name; labels may have spaces.
    fn name(&mut self, name: Option<&str>, path: fmt::Arguments<'_>, label: bool) {
        let Some(name) = name else { return };
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_' || label && c == ' ';
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        if name.chars().all(inner) && edge(name.chars().next()) && edge(name.chars().next_back()) {
            return;
        }
        let spaces = if label { "spaces, " } else { "" };
        let expected = format!("lower-case letters, digits, {spaces}`-` and `_`, with a letter or digit at both ends");
        let mut says = Says::new(Code::BadName, format!("the name {}", quoted(name)), expected);
        let fixed: String = name.to_lowercase().chars().map(|c| if inner(c) { c } else { '-' }).collect();
        let fixed = fixed.trim_matches(|c: char| !edge(Some(c)));
        says.nearest = (!fixed.is_empty()).then(|| fixed.to_owned());
        self.fault(&path.to_string(), Point::Value, says);
    }

    /// The ordinals of named things; reports bad and repeated names.
    fn index<T>(&mut self, list: &str, items: Option<&[T]>, name: fn(&T) -> Option<&str>, label: bool) -> Index {
        let mut index = Index::empty(items.is_some() || !self.source.has(format_args!("{list}")));
        for (i, item) in items.unwrap_or_default().iter().enumerate() {
            let Some(name) = name(item) else {
                index.complete = false;
                continue;
            };
            self.name(Some(name), format_args!("{list}[{i}].name"), label);
            if index.get(name).is_some() {
                let found = format!("a second {list} named {}", quoted(name));
                let expected = format!("a name that no other {list} has");
                let path = format!("{list}[{i}].name");
                self.fault(&path, Point::Value, Says::new(Code::DuplicateName, found, expected));
            } else {
                index.ordinals.insert(name.to_owned(), i);
                index.names.push(name.to_owned());
            }
        }
        index
    }

    /// Names of a list without an index of its own: reports bad and repeated ones.
    pub(super) fn unique<T>(&mut self, list: &str, items: &[T], name: fn(&T) -> Option<&str>) {
        self.index(list, Some(items), name, true);
    }

    /// Reports a name that is not among those known.
    pub(super) fn known(&mut self, what: &str, name: &str, names: &[String], path: fmt::Arguments<'_>) -> bool {
        if names.iter().any(|known| known == name) {
            return true;
        }
        let words = || names.iter().map(String::as_str);
        let expected = match names.len() {
            0 => format!("a {what}, but there is none"),
            1..=12 => one_of(words()),
            _ => format!("the name of a {what}"),
        };
        let mut says = Says::new(Code::UnknownName, format!("unknown {what} {}", quoted(name)), expected);
        says.nearest = self.source.nearest(name, words());
        self.fault(&path.to_string(), Point::Value, says);
        false
    }

    /// The component of a name; reports an unknown one.
    pub(super) fn component_named(&mut self, name: Option<&str>, path: fmt::Arguments<'_>) -> Option<usize> {
        let name = name?;
        let found = self.components.get(name);
        if found.is_none() && self.components.complete {
            // Taken out for the time of the report: the names are borrowed while the fault is recorded.
            let names = std::mem::take(&mut self.components.names);
            self.known("component", name, &names, path);
            self.components.names = names;
        }
        found
    }

    /// A usage in its unit; reports one that is not in order.
    pub(super) fn usage<R: Range>(
        &mut self,
        usage: Option<UsageFile<R>>,
        default: Quantity,
        path: fmt::Arguments<'_>,
    ) -> Usage {
        let (min, typical, max) = match usage {
            None | Some(UsageFile::Span { typical: None, .. }) => return Usage::flat(default),
            Some(UsageFile::Flat(value)) => return Usage::flat(quantity(value)),
            Some(UsageFile::Span { min, typical: Some(typical), max }) => {
                (min.unwrap_or(typical), typical, max.unwrap_or(typical))
            }
        };
        for (low, high, key, word) in [(min, typical, "min", "above"), (typical, max, "max", "below")] {
            if low.scaled() > high.scaled() {
                let bound = if key == "min" { low } else { high };
                let found = format!("`{key}` {} is {word} `typical` {}", bound.to_decimal(), typical.to_decimal());
                let says = Says::new(Code::Conflict, found, "min <= typical <= max");
                self.fault(&format!("{path}.{key}"), Point::Value, says);
            }
        }
        Usage { min: quantity(min), typical: quantity(typical), max: quantity(max) }
    }

    fn audience_list(&mut self, files: &[AudienceFile]) -> Vec<Audience> {
        let shares = self.shares(files);
        let mut audiences = Vec::new();
        for (i, (file, share_ppm)) in files.iter().zip(shares).enumerate() {
            let path = format!("audience[{i}]");
            let name = file.name.clone().unwrap_or_default();
            if AUDIENCE_WORDS.contains(&name.as_str()) {
                let found = format!("{} is a word of its own in `[[path]]`", quoted(&name));
                self.fault(&format!("{path}.name"), Point::Value, Says::new(Code::BadName, found, "another name"));
            }
            let locality = self.locality(file, &path);
            audiences.push(Audience { name, locality, share_ppm });
        }
        audiences
    }

    /// Shares in millionths; equal when none is stated.
    fn shares(&mut self, files: &[AudienceFile]) -> Vec<i64> {
        let count = i64::try_from(files.len()).unwrap_or(i64::MAX);
        let stated =
            |i: usize, to: &Self| files[i].share.is_some() || to.source.has(format_args!("audience[{i}].share"));
        if !(0..files.len()).any(|i| stated(i, self)) {
            return (0..count).map(|i| WHOLE_PPM / count + if i == 0 { WHOLE_PPM % count } else { 0 }).collect();
        }
        let mut complete = true;
        for (i, file) in files.iter().enumerate() {
            complete &= file.share.is_some();
            if !stated(i, self) {
                let says = Says::new(Code::MissingKey, "this audience has no `share`, but others have", "`share = …`");
                self.fault(&format!("audience[{i}].share"), Point::Key, says.help("state all shares or none"));
            }
        }
        // Percent with four digits after the point are millionths.
        let shares: Vec<i64> = files.iter().map(|file| file.share.map_or(0, Number::scaled)).collect();
        let total: i64 = shares.iter().sum();
        if complete && total != WHOLE_PPM {
            let found = format!("the shares add up to {}", crate::units::format_scaled(total, 4, 0));
            let says = Says::new(Code::WrongTotal, found, "100 (percent)");
            self.fault(&format!("audience[{}].share", files.len() - 1), Point::Value, says);
        }
        shares
    }

    fn locality(&mut self, file: &AudienceFile, path: &str) -> Locality {
        let stated = [("city", file.city.is_some()), ("lat", file.lat.is_some()), ("lon", file.lon.is_some())];
        let [city, lat, lon] = stated.map(|(key, read)| read || self.source.has(format_args!("{path}.{key}")));
        let says = match (city, lat, lon) {
            (true, false, false) => return self.city(file.city.as_deref(), &format!("{path}.city")),
            (false, true, true) => None,
            (true, ..) => Some((Code::Conflict, "both a city and coordinates")),
            (false, false, false) => Some((Code::MissingKey, "this audience is nowhere")),
            (false, true, false) => Some((Code::MissingKey, "`lat` without `lon`")),
            (false, false, true) => Some((Code::MissingKey, "`lon` without `lat`")),
        };
        if let Some((code, found)) = says {
            let says = Says::new(code, found, "`city = \"…\"`, or `lat = …` and `lon = …`");
            self.fault(&format!("{path}.{}", if lat { "lat" } else { "lon" }), Point::Key, says);
        }
        Locality::Point { lat: degrees(file.lat), lon: degrees(file.lon) }
    }

    fn city(&mut self, text: Option<&str>, path: &str) -> Locality {
        let text = text.unwrap_or_default();
        let names = self.names;
        let (city, country) = match text.rsplit_once(',') {
            Some((city, country)) => (city.trim(), Some(country.trim())),
            None => (text, None),
        };
        let meant = |of: &str, lesser: bool| country.map_or(!lesser, |country| country == of);
        let cities = names.cities_named(city).filter(|((_, of), lesser)| meant(of, *lesser));
        let mut found: Vec<&(String, String)> = cities.map(|(city, _)| city).collect();
        found.sort_unstable();
        found.dedup();
        let full = |(name, of): &(String, String)| format!("{name}, {of}");
        match found.as_slice() {
            [(name, of)] => {
                // Of a city in a kept file the country may not be known.
                let country = Some(of.clone()).filter(|of| !of.is_empty());
                return Locality::City { name: name.clone(), country };
            }
            [] if text.is_empty() => {}
            [] => {
                let all: Vec<String> =
                    names.cities.iter().map(full).chain(names.cities.iter().map(|(name, _)| name.clone())).collect();
                let both = names.cities.iter().chain(&names.lesser_cities);
                let mut namesakes: Vec<String> = both.filter(|(name, _)| name == city).map(full).collect();
                namesakes.sort_unstable();
                namesakes.dedup();
                let expected = match namesakes.as_slice() {
                    [] => "a city of the price book, or `lat` and `lon` instead".to_owned(),
                    some => one_of(some.iter().map(String::as_str)),
                };
                let mut says = Says::new(Code::UnknownName, format!("unknown city {}", quoted(text)), expected);
                says.nearest = self.source.nearest(text, all.iter().map(String::as_str));
                self.fault(path, Point::Value, says);
            }
            several => {
                let all: Vec<String> = several.iter().map(|city| full(city)).collect();
                let found = format!("{} cities are named {}", several.len(), quoted(city));
                let says = Says::new(Code::AmbiguousName, found, one_of(all.iter().map(String::as_str)));
                self.fault(path, Point::Value, says);
            }
        }
        Locality::City { name: city.to_owned(), country: country.map(str::to_owned) }
    }

    /// Constraints with every name checked.
    pub(super) fn place(&mut self, file: Option<&ConstraintsFile>, path: fmt::Arguments<'_>) -> Where {
        let Some(file) = file else { return Where::default() };
        let names = self.names;
        let full = |(provider, code): &(String, String)| format!("{provider}:{code}");
        let regions: Vec<String> = file.regions.iter().flat_map(|_| names.regions.iter().map(full)).collect();
        Where {
            providers: self.filter(file.providers.as_ref(), "provider", &names.providers, path, "providers"),
            regions: self.filter(file.regions.as_ref(), "region", &regions, path, "regions"),
            countries: self.filter(file.countries.as_ref(), "country", &names.countries, path, "countries"),
            continents: self.filter(file.continents.as_ref(), "continent", &names.continents, path, "continents"),
        }
    }

    fn filter(
        &mut self,
        file: Option<&FilterFile>,
        what: &str,
        names: &[String],
        path: fmt::Arguments<'_>,
        key: &str,
    ) -> Filter {
        let Some(file) = file else { return Filter::default() };
        let filter =
            Filter { allow: file.allow.clone().unwrap_or_default(), deny: file.deny.clone().unwrap_or_default() };
        for (word, list) in [("allow", &filter.allow), ("deny", &filter.deny)] {
            for (i, name) in list.iter().enumerate() {
                let path = format_args!("{path}.{key}.{word}[{i}]");
                if what == "region" && !name.contains(':') {
                    self.bare_region(name, &path.to_string());
                } else if self.known(what, name, names, path) && word == "deny" && filter.allow.contains(name) {
                    let found = format!("{} is both allowed and denied", quoted(name));
                    self.fault(
                        &path.to_string(),
                        Point::Value,
                        Says::new(Code::Conflict, found, "it in one of the lists"),
                    );
                }
            }
        }
        filter
    }

    /// A region without its provider.
    fn bare_region(&mut self, name: &str, path: &str) {
        let mut says = Says::new(
            Code::UnknownName,
            format!("the region {} without a provider", quoted(name)),
            "`provider:code`, like `aws:eu-west-1`",
        );
        let full = self.names.regions.iter().find(|(_, code)| code == name);
        says.nearest = full.map(|(provider, code)| format!("{provider}:{code}"));
        self.fault(path, Point::Value, says);
    }

    /// All traffic together must stay in the range of the integers behind a bill.
    fn traffic_total(&mut self, components: &[Component], links: &[Link]) {
        let of_components = components.iter().flat_map(|c| [c.users_gb_month, c.outbound_gb_month]);
        let of_links = links.iter().flat_map(|link| [link.forward_gb_month, link.back_gb_month]);
        let total: i128 = of_components.chain(of_links).map(|usage| i128::from(usage.max.micros())).sum();
        if total > i128::from(TRAFFIC_GB_TOTAL_MAX) * 1_000_000 {
            let found = format!("all traffic together is {} GB a month", total / 1_000_000);
            let says = Says::new(Code::WrongTotal, found, format!("at most {TRAFFIC_GB_TOTAL_MAX} GB a month"));
            self.source.fault_at(0..0, "", says);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "degrees with six digits after the point take 28 bits")]
fn degrees<R: Range>(number: Option<Number<R>>) -> f64 {
    number.map_or(0.0, |number| number.at_scale(6) as f64 / 1e6)
}
