//! The requirements of an application one by one, in plain words, each with the way to give it up.

use super::words;
use crate::app::{
    App, Component, Filter, Link, ManagedChoice, Objective, Path, PathAudience, RunOn, Spread, Usage, Where,
};
use crate::policy::Policy;
use crate::units::{Money, Purchase, Quality, Quantity};

/// A demand that can be given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Demand {
    /// The bound of a path, by ordinal.
    Path(usize),
    /// The bound of a link, by ordinal.
    Link(usize),
    /// A rule over a group of components, by ordinal.
    Relation(usize),
    /// The budget.
    Budget,
    /// A list of places, of the application (`None`) or of a component.
    Place(Option<usize>, Field, Side),
    /// Zones of a component.
    Zones(usize),
    /// Spread of a component.
    Spread(usize),
    /// Dedicated processor time of a component.
    Dedicated(usize),
    /// Architecture of a component.
    Arch(usize),
    /// Accelerator of a component.
    Gpu(usize),
    /// Purchase options of a component.
    Purchase(usize),
    /// Managed or packaged, machines or serverless.
    Form(usize),
    /// Processor, memory and disk of a component.
    Size(usize),
    /// Everything that the organisation's policy forbids.
    Policy,
}

/// A list of a [`Where`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Providers,
    Regions,
    Countries,
    Continents,
}

impl Field {
    const ALL: [Self; 4] = [Self::Providers, Self::Regions, Self::Countries, Self::Continents];

    fn word(self) -> &'static str {
        match self {
            Self::Providers => "providers",
            Self::Regions => "regions",
            Self::Countries => "countries",
            Self::Continents => "continents",
        }
    }

    fn of(self, place: &Where) -> &Filter {
        match self {
            Self::Providers => &place.providers,
            Self::Regions => &place.regions,
            Self::Countries => &place.countries,
            Self::Continents => &place.continents,
        }
    }

    fn of_mut(self, place: &mut Where) -> &mut Filter {
        match self {
            Self::Providers => &mut place.providers,
            Self::Regions => &mut place.regions,
            Self::Countries => &mut place.countries,
            Self::Continents => &mut place.continents,
        }
    }
}

/// A side of a [`Filter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Allow,
    Deny,
}

impl Side {
    const BOTH: [Self; 2] = [Self::Allow, Self::Deny];

    fn of(self, filter: &Filter) -> &[String] {
        match self {
            Self::Allow => &filter.allow,
            Self::Deny => &filter.deny,
        }
    }
}

/// An application in a form in which every demand can be given up on its own, and feasibility is all that is asked:
/// no placement today, cost only, and a path for each audience where the bound holds for each.
pub(super) fn separated(app: &App) -> App {
    let mut app = app.clone();
    app.today.clear();
    app.objective = Objective::Cost;
    let mut paths: Vec<Path> = Vec::new();
    for path in app.paths.drain(..).filter(|path| path.bound.is_some()) {
        let path = Path { usd_per_ms: Money::ZERO, ..path };
        match path.audience {
            PathAudience::Each => {
                let each = (0..app.audiences.len()).map(PathAudience::One);
                paths.extend(each.map(|audience| Path { audience, ..path.clone() }));
            }
            _ => paths.push(path),
        }
    }
    app.paths = paths;
    app
}

/// All demands of a [`separated`] application and a policy, in the order in which they are tried to be given up: what
/// people state in passing first, so that what is left is what they care about.
pub(super) fn demands(app: &App, policy: &Policy) -> Vec<Demand> {
    let mut all = Vec::new();
    for (at, component) in app.components.iter().enumerate() {
        all.extend(component_demands(at, component));
    }
    if *policy != Policy::default() {
        all.push(Demand::Policy);
    }
    all.extend((0..app.relations.len()).map(Demand::Relation));
    for (at, component) in app.components.iter().enumerate() {
        all.extend(place_demands(Some(at), &component.place));
    }
    all.extend(place_demands(None, &app.place));
    all.extend(app.budget.map(|_| Demand::Budget));
    all.extend((0..app.links.len()).filter(|&at| app.links[at].bound.is_some()).map(Demand::Link));
    all.extend((0..app.paths.len()).map(Demand::Path));
    all
}

fn component_demands(at: usize, component: &Component) -> Vec<Demand> {
    let mut all = vec![Demand::Size(at)];
    let mut add = |stated: bool, demand| all.extend(stated.then_some(demand));
    let store = component.kind.is_data_store();
    let limited = component.kind.runs_image() && !(component.run_on.machines && component.run_on.serverless);
    add(component.purchase.len() < Purchase::ALL.len(), Demand::Purchase(at));
    add(limited || (store && component.managed != ManagedChoice::Either), Demand::Form(at));
    add(component.dedicated, Demand::Dedicated(at));
    add(component.arch.is_some(), Demand::Arch(at));
    add(component.gpu.is_some(), Demand::Gpu(at));
    add(component.zones > 1, Demand::Zones(at));
    add(component.spread != Spread::None, Demand::Spread(at));
    all
}

fn place_demands(whose: Option<usize>, place: &Where) -> impl Iterator<Item = Demand> {
    let sides = Field::ALL.into_iter().flat_map(|field| Side::BOTH.map(|side| (field, side)));
    sides
        .filter(move |(field, side)| !side.of(field.of(place)).is_empty())
        .map(move |(field, side)| Demand::Place(whose, field, side))
}

impl Demand {
    /// The word used in the wire form.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Path(_) => "path",
            Self::Link(_) => "link",
            Self::Relation(_) => "relation",
            Self::Budget => "budget",
            Self::Place(..) => "place",
            Self::Zones(_) => "zones",
            Self::Spread(_) => "spread",
            Self::Dedicated(_) => "dedicated",
            Self::Arch(_) => "arch",
            Self::Gpu(_) => "gpu",
            Self::Purchase(_) => "purchase",
            Self::Form(_) => "form",
            Self::Size(_) => "size",
            Self::Policy => "policy",
        }
    }

    /// Gives the demand up.
    pub(super) fn relax(self, app: &mut App, policy: &mut Policy) {
        match self {
            Self::Path(at) => app.paths[at].bound = None,
            Self::Link(at) => app.links[at].bound = None,
            // An empty group has no pairs, so it demands nothing and no ordinal moves.
            Self::Relation(at) => app.relations[at].components.clear(),
            Self::Budget => app.budget = None,
            Self::Place(whose, field, side) => {
                let place = match whose {
                    Some(component) => &mut app.components[component].place,
                    None => &mut app.place,
                };
                let filter = field.of_mut(place);
                match side {
                    Side::Allow => filter.allow.clear(),
                    Side::Deny => filter.deny.clear(),
                }
            }
            Self::Zones(at) => {
                // Components that share machines ask for the same zones.
                let group = app.components[at].shares;
                app.components[at].zones = 1;
                let mates = app.components.iter_mut().filter(|c| group.is_some() && c.shares == group);
                mates.for_each(|component| component.zones = 1);
            }
            Self::Spread(at) => app.components[at].spread = Spread::None,
            Self::Dedicated(at) => app.components[at].dedicated = false,
            Self::Arch(at) => app.components[at].arch = None,
            Self::Gpu(at) => app.components[at].gpu = None,
            Self::Purchase(at) => app.components[at].purchase = Purchase::ALL.to_vec(),
            Self::Form(at) => {
                app.components[at].managed = ManagedChoice::Either;
                app.components[at].run_on = RunOn { machines: true, serverless: true };
            }
            Self::Size(at) => shrink(&mut app.components[at]),
            Self::Policy => *policy = Policy::default(),
        }
    }

    /// The demand in plain words.
    pub(super) fn text(self, app: &App, policy: &Policy) -> String {
        let name = |at: usize| format!("component `{}`", app.components[at].name);
        match self {
            Self::Path(at) => path_text(app, &app.paths[at]),
            Self::Link(at) => link_text(app, &app.links[at]),
            Self::Relation(at) => {
                let relation = &app.relations[at];
                let members = relation.components.iter().map(|&c| app.components[c].name.as_str());
                format!("{} in {}", words::names(members), words::relation_words(relation.kind))
            }
            Self::Budget => format!("a budget of {} a month", app.budget.unwrap_or_default()),
            Self::Place(whose, field, side) => {
                let (who, place) = match whose {
                    Some(at) => (name(at), &app.components[at].place),
                    None => ("everything".to_owned(), &app.place),
                };
                let list = side.of(field.of(place)).join(", ");
                let only = if side == Side::Allow { "only" } else { "not" };
                format!("{who} {only} in {} {list}", field.word())
            }
            Self::Zones(at) => format!("{} over {} zones", name(at), app.components[at].zones),
            Self::Spread(at) => {
                let over = if app.components[at].spread == Spread::Regions { "region" } else { "provider" };
                format!("every replica of {} at another {over}", name(at))
            }
            Self::Dedicated(at) => format!("{} on dedicated processors", name(at)),
            Self::Arch(at) => {
                let arch = app.components[at].arch.map_or("any", crate::units::Arch::as_str);
                format!("{} on {arch}", name(at))
            }
            Self::Gpu(at) => format!("{} with {}", name(at), gpu_text(&app.components[at])),
            Self::Purchase(at) => {
                let options: Vec<&str> = app.components[at].purchase.iter().map(|p| p.as_str()).collect();
                format!("{} bought only {}", name(at), options.join(" or "))
            }
            Self::Form(at) => format!("{} only {}", name(at), form_text(&app.components[at])),
            Self::Size(at) => format!("{} with {}", name(at), size_text(&app.components[at])),
            Self::Policy => policy_text(policy),
        }
    }
}

/// Makes a component so small that anything on sale can hold it.
fn shrink(component: &mut Component) {
    let at_most = |usage: &mut Usage, value: Quantity| {
        *usage = Usage { min: usage.min.min(value), typical: usage.typical.min(value), max: usage.max.min(value) };
    };
    at_most(&mut component.cpu, Quantity::from_micros(100_000));
    at_most(&mut component.memory_gib, Quantity::from_micros(125_000));
    at_most(&mut component.disk_gb, Quantity::from_units(1));
}

fn link_text(app: &App, link: &Link) -> String {
    let (from, to) = (&app.components[link.from].name, &app.components[link.to].name);
    let bound =
        link.bound.map(|(percentile, bound)| format!(" within {} {}", words::millis(bound), percentile.as_str()));
    format!("a round trip from `{from}` to `{to}`{}", bound.unwrap_or_default())
}

fn path_text(app: &App, path: &Path) -> String {
    let audience = match path.audience {
        PathAudience::One(at) => app.audiences[at].name.as_str(),
        PathAudience::Weighted | PathAudience::Each | PathAudience::Internal => "",
    };
    let bound = path.bound.map(words::millis).unwrap_or_default();
    let average = if path.audience == PathAudience::Weighted { " on the average of all users" } else { "" };
    let for_whom = if audience.is_empty() { String::new() } else { format!(" for `{audience}`") };
    format!("path `{}` within {bound} {}{for_whom}{average}", path.name, path.percentile.as_str())
}

fn gpu_text(component: &Component) -> String {
    let Some(gpu) = &component.gpu else { return "no accelerator".into() };
    let count = Quantity::from_micros(i64::from(gpu.milli) * 1000);
    let models = if gpu.models.is_empty() { "of any model".to_owned() } else { gpu.models.join(" or ") };
    format!("{count} x accelerator {models}")
}

fn form_text(component: &Component) -> &'static str {
    match (component.kind.is_data_store(), component.managed, component.run_on.serverless) {
        (true, ManagedChoice::Packaged, _) => "packaged on machines",
        (true, _, _) => "as a managed service",
        (false, _, true) => "on serverless containers",
        (false, _, false) => "on machines",
    }
}

fn size_text(component: &Component) -> String {
    let part =
        |usage: &Usage, unit: &str| (usage.max > Quantity::ZERO).then(|| format!("{} {unit}", usage.max.to_decimal()));
    let parts = [
        part(&component.cpu, "vCPU"),
        part(&component.memory_gib, "GiB of memory"),
        part(&component.disk_gb, "GB of disk"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "its size".into() } else { parts.join(", ") }
}

fn policy_text(policy: &Policy) -> String {
    let mut parts = Vec::new();
    let mut list = |words: &str, names: &[String]| {
        if !names.is_empty() {
            parts.push(format!("{words} {}", names.join(", ")));
        }
    };
    list("only providers", &policy.providers.allow);
    list("not providers", &policy.providers.deny);
    if policy.purchase.len() < Purchase::ALL.len() {
        let options: Vec<String> = policy.purchase.iter().map(|p| p.as_str().to_owned()).collect();
        list("bought only", &[options.join(" or ")]);
    }
    if policy.worst_quality < Quality::Estimated {
        parts.push(format!("prices no worse than {}", policy.worst_quality));
    }
    format!("the policy: {}", parts.join("; "))
}
