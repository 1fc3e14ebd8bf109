//! What a configuration is made from, and what comes out: pure, the same bytes for the same sides.

use super::hcl::{self, Block, Item};
use super::names;
use crate::app::{App, Component, Kind};
use crate::plan::{Form, Seat};
use crate::units::Purchase;
use std::collections::{BTreeMap, BTreeSet};

/// Providers that a configuration can be made for, by the names of the price book.
pub const PROVIDERS: [&str; 4] = ["aws", "gcp", "azure", "hetzner"];

/// One side of a component that should be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// Where and how it runs.
    pub seat: Seat,
    /// Percent of the component's traffic that it gets.
    pub percent: u8,
    /// Whether it was drained: nobody is told of it any more.
    pub drained: bool,
    /// The run that made it; `export` when it was written for people.
    pub run: String,
    /// The step that made it.
    pub step: String,
}

impl Side {
    /// A side that has all of its component's traffic.
    #[must_use]
    pub fn whole(seat: &Seat, run: &str) -> Self {
        let step = format!("{}/provision", seat.component);
        Self { seat: seat.clone(), percent: 100, drained: false, run: run.to_owned(), step }
    }

    /// The label of its blocks.
    #[must_use]
    pub fn label(&self) -> String {
        names::label(&self.seat)
    }
}

/// Something of an application that no configuration was made for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// The component, or the link (`web -> db`).
    pub what: String,
    /// Where: `provider:region`.
    pub place: String,
    /// Why not.
    pub why: String,
}

/// The root module of one provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Module {
    /// Files by name; text as `terraform fmt` leaves it.
    pub files: BTreeMap<String, String>,
    /// What was not made.
    pub gaps: Vec<Gap>,
    /// What whoever uses it has to know: what it does not do by itself.
    pub remarks: Vec<String>,
    /// Names of variables with a value that only whoever applies has: secrets of components, as `(variable, environment)`.
    pub secrets: Vec<(String, String)>,
    /// Variables that take addresses from elsewhere.
    pub addresses: Vec<Wanted>,
    /// Labels of the sides that are in it.
    pub sides: BTreeSet<String>,
}

/// Addresses of a component that stand in another provider's module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// Name of the variable.
    pub variable: String,
    /// The component that is asked for.
    pub component: String,
    /// Its side; `None`: all that are not in this module.
    pub label: Option<String>,
    /// Whether the addresses are wanted that it goes out by, instead of those that it answers at.
    pub outgoing: bool,
}

/// A file in the making.
#[derive(Debug, Default)]
pub struct Draft {
    /// Blocks by file.
    pub files: BTreeMap<String, Vec<Item>>,
    /// See [`Module`].
    pub module: Module,
    /// Variables: their type, description, default and whether they are sensitive; by name.
    pub variables: BTreeMap<String, Block>,
    /// Outputs by name.
    pub outputs: BTreeMap<String, Block>,
    /// Priorities of firewall rules that are taken, by group.
    pub taken: BTreeSet<(String, i64)>,
}

impl Draft {
    /// Adds a block to a file.
    pub fn push(&mut self, file: &str, block: Block) {
        self.files.entry(file.to_owned()).or_default().push(Item::Block(block));
    }

    /// Adds a comment to a file; it belongs to the block that follows.
    pub fn comment(&mut self, file: &str, text: &str) {
        self.files.entry(file.to_owned()).or_default().push(Item::Comment(text.to_owned()));
    }

    /// Adds a variable; how often it is added does not matter.
    pub fn variable(&mut self, name: &str, kind: &str, description: &str, default: Option<&str>) -> &mut Block {
        let make = || {
            let head = hcl::block("variable", [name]).set("description", description).raw("type", kind);
            head.maybe("default", default.map(hcl::raw))
        };
        self.variables.entry(name.to_owned()).or_insert_with(make)
    }

    /// Adds a variable that is never shown, which only whoever applies has a value for.
    pub fn secret(&mut self, name: &str, environment: &str, description: &str) {
        if !self.variables.contains_key(name) {
            let block = self.variable(name, "string", description, None).clone();
            self.variables.insert(name.to_owned(), block.set("sensitive", true));
            self.module.secrets.push((name.to_owned(), environment.to_owned()));
        }
    }

    /// Adds a remark, once.
    pub fn remark(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.module.remarks.contains(&text) {
            self.module.remarks.push(text);
        }
    }
}

/// A side at the provider at hand, with what the application says of it.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    /// The side.
    pub side: &'a Side,
    /// Its component.
    pub component: &'a Component,
    /// Ordinal of the component.
    pub ordinal: usize,
    /// Label of its blocks.
    pub label: String,
    /// What it is bought as.
    pub form: Form,
    /// Sides that run on its machines, itself first; empty for one that runs on another's.
    pub crew: Vec<&'a Side>,
}

impl<'a> Part<'a> {
    /// Where it is.
    #[must_use]
    pub fn region(&self) -> &'a str {
        &self.side.seat.region
    }

    /// The file of its component.
    #[must_use]
    pub fn file(&self) -> String {
        format!("{}.tf", names::component(&self.side.seat))
    }

    /// Whether machines are made for it.
    #[must_use]
    pub fn on_machines(&self) -> bool {
        matches!(self.form, Form::Machines | Form::Packaged)
    }

    /// Its machines by how they are bought: ending of the label, purchase, count. The base comes first.
    #[must_use]
    pub fn machines(&self) -> Vec<(String, Purchase, u32)> {
        let seat = &self.side.seat;
        let above: u32 = seat.above.iter().map(|above| above.count).sum();
        let mut groups = vec![(String::new(), seat.purchase, seat.count.saturating_sub(above))];
        groups.extend(seat.above.iter().map(|a| (format!("_{}", a.purchase.as_str()), a.purchase, a.count)));
        groups.retain(|(_, _, count)| *count > 0);
        groups
    }

    /// A list with something of each of its machines; `each` is told a label.
    pub fn listed(&self, each: impl Fn(&str) -> String) -> String {
        let lists: Vec<String> =
            self.machines().iter().map(|(end, ..)| each(&format!("{}{end}", self.label))).collect();
        match lists.as_slice() {
            [only] => only.clone(),
            _ => format!("concat({})", lists.join(", ")),
        }
    }

    /// GB of data, rounded up.
    #[must_use]
    pub fn disk_gb(&self) -> u32 {
        let micros = self.component.disk_gb.max.micros();
        u32::try_from(micros.max(0).div_euclid(1_000_000) + i64::from(micros % 1_000_000 > 0)).unwrap_or(u32::MAX)
    }

    /// The port on which it answers.
    #[must_use]
    pub fn port(&self) -> u16 {
        port(self.component)
    }
}

/// The port on which a component answers.
#[must_use]
pub fn port(component: &Component) -> u16 {
    match component.kind {
        Kind::Postgres => 5_432,
        Kind::Mysql => 3_306,
        Kind::Redis => 6_379,
        Kind::Kafka => 9_092,
        Kind::LoadBalancer => 80,
        Kind::ObjectStorage | Kind::StaticSite => 443,
        Kind::Service | Kind::Worker | Kind::Job => component.port,
    }
}

/// An application with all of its sides, seen from one provider.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// The application.
    pub app: &'a App,
    /// All sides, at all providers.
    pub sides: &'a [Side],
    /// The provider at hand.
    pub provider: &'a str,
    /// The public zone of names, when this provider holds it.
    pub zone: Option<&'a super::Zone>,
}

impl<'a> View<'a> {
    /// The component that a side is one of, with its ordinal.
    #[must_use]
    pub fn component(&self, seat: &Seat) -> Option<(usize, &'a Component)> {
        let name = names::base(&seat.component);
        self.app.components.iter().enumerate().find(|(_, component)| component.name == name)
    }

    /// The sides at this provider; what cannot be made goes into `gaps`.
    #[must_use]
    pub fn parts(&self, gaps: &mut Vec<Gap>) -> Vec<Part<'a>> {
        let mut parts = Vec::new();
        for side in self.sides.iter().filter(|side| side.seat.provider == self.provider) {
            match self.part(side) {
                Ok(part) => parts.push(part),
                Err(why) => gaps.push(gap(&side.seat, why)),
            }
        }
        parts
    }

    fn part(&self, side: &'a Side) -> Result<Part<'a>, String> {
        let seat = &side.seat;
        let (ordinal, component) = self
            .component(seat)
            .ok_or("the application has no such component any more, so what it runs is not known")?;
        let form = match (seat.form, component.kind) {
            (Some(form), _) => form,
            (None, Kind::Service | Kind::Worker | Kind::Job) => Form::Machines,
            (None, Kind::LoadBalancer | Kind::ObjectStorage | Kind::StaticSite) => Form::Managed,
            (None, _) => return Err("whether it is bought managed or run on a machine is not known".to_owned()),
        };
        if component.kind.runs_image() && component.image.is_none() {
            return Err("the application names no `image` for it".to_owned());
        }
        if form == Form::Serverless {
            return Err(format!("`{}`: serverless containers are not generated yet", seat.offer));
        }
        if form == Form::Packaged && seat.count > 1 {
            let kind = component.kind.as_str();
            return Err(format!(
                "{kind} over {} machines needs replication between them, which is not set up",
                seat.count
            ));
        }
        if form == Form::Packaged && component.kind == Kind::Kafka && component.zones > 1 {
            return Err("kafka over several zones needs several machines".to_owned());
        }
        let crew = match &seat.machine_of {
            Some(_) => Vec::new(),
            None => self.crew(side),
        };
        if seat.machine_of.is_some() && !self.sides.iter().any(|other| self.crew(other).contains(&side)) {
            return Err("the machine that it shares is not there".to_owned());
        }
        let label = side.label();
        Ok(Part { side, component, ordinal, label, form, crew })
    }

    /// Who runs on a side's machines: itself, and those who name it and stand at the same place.
    fn crew(&self, leader: &'a Side) -> Vec<&'a Side> {
        if leader.seat.machine_of.is_some() {
            return Vec::new();
        }
        let place = |side: &Side| (side.seat.provider.clone(), side.seat.region.clone(), side.seat.offer.clone());
        let joins = |side: &&Side| {
            side.seat.machine_of.as_deref() == Some(leader.seat.component.as_str()) && place(side) == place(leader)
        };
        std::iter::once(leader).chain(self.sides.iter().filter(joins)).collect()
    }

    /// Ordinals of the components that call one.
    pub fn callers(&self, of: usize) -> impl Iterator<Item = usize> {
        self.app.links.iter().filter(move |link| link.to == of).map(|link| link.from)
    }

    /// Ordinals of the components that one calls, each once.
    #[must_use]
    pub fn called(&self, by: usize) -> Vec<usize> {
        let mut called: Vec<usize> = self.app.links.iter().filter(|l| l.from == by).map(|l| l.to).collect();
        called.dedup();
        called
    }

    /// Whether users come to it directly, not through a load balancer of the application.
    #[must_use]
    pub fn is_public(&self, ordinal: usize) -> bool {
        let balanced = |from: usize| self.app.components[from].kind == Kind::LoadBalancer;
        self.app.components[ordinal].public && !self.callers(ordinal).any(balanced)
    }

    /// Sides of a component, at whatever provider.
    pub fn sides_of(&self, ordinal: usize) -> impl Iterator<Item = &'a Side> {
        let name = &self.app.components[ordinal].name;
        self.sides.iter().filter(move |side| names::base(&side.seat.component) == name)
    }

    /// The sides of a component that others are told of: those with traffic, or all where none has any yet.
    #[must_use]
    pub fn serving(&self, ordinal: usize) -> Vec<&'a Side> {
        let sides: Vec<&Side> = self.sides_of(ordinal).filter(|side| !side.drained).collect();
        let with: Vec<&Side> = sides.iter().copied().filter(|side| side.percent > 0).collect();
        if with.is_empty() { sides } else { with }
    }

    /// What users find by a name of the public zone: load balancers, and services that they reach directly.
    #[must_use]
    pub fn has_users(&self, ordinal: usize) -> bool {
        match self.app.components[ordinal].kind {
            Kind::LoadBalancer => true,
            Kind::Service => self.is_public(ordinal),
            _ => false,
        }
    }

    /// What a component is called inside the provider's network.
    #[must_use]
    pub fn host_name(&self, ordinal: usize) -> String {
        format!("{}.{}", names::hyphened(&self.app.components[ordinal].name), self.inner_zone())
    }

    /// The zone of the names inside the provider's network.
    #[must_use]
    pub fn inner_zone(&self) -> String {
        format!("{}.internal", names::app(&self.app.name, 40))
    }
}

/// What cannot be made of a side.
#[must_use]
pub fn gap(seat: &Seat, why: impl Into<String>) -> Gap {
    let place = format!("{}:{}", seat.provider, seat.region);
    Gap { what: seat.component.clone(), place, why: why.into() }
}
