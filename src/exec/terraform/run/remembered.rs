//! What components were when their sides were made: a plan may take a component out of the application, and until its last
//! side is gone the configuration has to go on saying what that side runs and who calls it.

use crate::app::{App, Component, Gpu, Link, Usage};
use crate::exec::terraform::Side;
use crate::exec::terraform::names;
use crate::units::Quantity;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The part of an application that configurations are made from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    components: BTreeMap<String, Remains>,
    /// Who calls whom.
    links: BTreeSet<(String, String)>,
}

/// What a configuration says of a component beside its seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Remains {
    image: Option<String>,
    command: Vec<String>,
    port: u16,
    env: Vec<(String, String)>,
    secrets: Vec<String>,
    /// Millionths of a GB.
    disk_micros: i64,
    /// Thousandths of an accelerator.
    gpu_milli: Option<u32>,
    gpu_models: Vec<String>,
    zones: u8,
    public: bool,
    /// Millionths of a GB a month.
    outbound_micros: i64,
}

impl Remains {
    fn of(component: &Component) -> Self {
        Self {
            image: component.image.clone(),
            command: component.command.clone(),
            port: component.port,
            env: component.env.clone(),
            secrets: component.secrets.clone(),
            disk_micros: component.disk_gb.max.micros(),
            gpu_milli: component.gpu.as_ref().map(|gpu| gpu.milli),
            gpu_models: component.gpu.as_ref().map(|gpu| gpu.models.clone()).unwrap_or_default(),
            zones: component.zones,
            public: component.public,
            outbound_micros: component.outbound_gb_month.max.micros(),
        }
    }

    fn component(&self, name: &str, side: &Side) -> Component {
        let usage = |micros| Usage::flat(Quantity::from_micros(micros));
        Component {
            image: self.image.clone(),
            command: self.command.clone(),
            port: self.port,
            env: self.env.clone(),
            secrets: self.secrets.clone(),
            disk_gb: usage(self.disk_micros),
            gpu: self.gpu_milli.map(|milli| Gpu { milli, models: self.gpu_models.clone() }),
            zones: self.zones,
            public: self.public,
            outbound_gb_month: usage(self.outbound_micros),
            ..Component::bare(name, side.seat.kind)
        }
    }
}

impl Remembered {
    /// Takes over what an application says; what it no longer has stays for as long as a side of it is there.
    pub fn learn(&mut self, app: &App, sides: &[Side]) {
        let there: BTreeSet<&str> = sides.iter().map(|side| names::base(&side.seat.component)).collect();
        let new: BTreeSet<&str> = app.components.iter().map(|component| component.name.as_str()).collect();
        self.components.retain(|name, _| there.contains(name.as_str()));
        let known = app.components.iter().filter(|component| there.contains(component.name.as_str()));
        self.components.extend(known.map(|component| (component.name.clone(), Remains::of(component))));
        // Between two components of the application, the application knows better.
        self.links.retain(|(from, to)| {
            let (a, b) = (from.as_str(), to.as_str());
            there.contains(a) && there.contains(b) && !(new.contains(a) && new.contains(b))
        });
        let name = |ordinal: usize| app.components[ordinal].name.clone();
        self.links.extend(app.links.iter().map(|link| (name(link.from), name(link.to))));
    }

    /// The application together with what it no longer has, and of which sides are still there.
    pub fn completed(&self, app: &App, sides: &[Side]) -> App {
        let mut app = app.clone();
        let has = |app: &App, name: &str| app.components.iter().position(|component| component.name == name);
        for (name, remains) in &self.components {
            let side = sides.iter().find(|side| names::base(&side.seat.component) == name);
            if let (None, Some(side)) = (has(&app, name), side) {
                app.components.push(remains.component(name, side));
            }
        }
        for (from, to) in &self.links {
            if let (Some(from), Some(to)) = (has(&app, from), has(&app, to))
                && !app.links.iter().any(|link| (link.from, link.to) == (from, to))
            {
                app.links.push(Link::bare(from, to));
            }
        }
        app
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{Kind, Names, parse_app};
    use crate::plan::{Form, Seat};
    use crate::units::Purchase;

    const WHOLE: &str = "version = 1\nname = \"shop\"\n\
        [[component]]\nname = \"web\"\nkind = \"worker\"\nimage = \"web:1\"\ncpu = 1\nmemory_gib = 1\nsecrets = [\"KEY\"]\n\
        [[component]]\nname = \"db\"\nkind = \"postgres\"\nmemory_gib = 1\ndisk_gb = 7.5\nzones = 2\n\
        [[link]]\nfrom = \"web\"\nto = \"db\"\nrequest_gb_month = 1\n";
    const SMALLER: &str = "version = 1\nname = \"shop\"\n\
        [[component]]\nname = \"web\"\nkind = \"worker\"\nimage = \"web:2\"\ncpu = 1\nmemory_gib = 1\n";

    fn app(text: &str) -> App {
        parse_app(text, "app.toml", &Names::default()).unwrap_or_else(|faults| panic!("{faults}"))
    }

    fn side(component: &str, kind: Kind) -> Side {
        let seat = Seat {
            component: component.into(),
            kind,
            provider: "aws".into(),
            region: "eu-west-1".into(),
            offer: "any".into(),
            purchase: Purchase::OnDemand,
            count: 1,
            above: Vec::new(),
            form: Some(Form::Machines),
            machine_of: None,
            usd_month: None,
        };
        Side::whole(&seat, "test")
    }

    #[test]
    fn what_an_application_no_longer_has_is_known_until_its_last_side_is_gone() {
        let (whole, smaller) = (app(WHOLE), app(SMALLER));
        let both = [side("web", Kind::Worker), side("db", Kind::Postgres)];
        let mut remembered = Remembered::default();
        remembered.learn(&whole, &both);
        assert_eq!(remembered.completed(&whole, &both), whole, "nothing is added to what is whole");

        remembered.learn(&smaller, &both);
        let completed = remembered.completed(&smaller, &both);
        let names: Vec<_> = completed.components.iter().map(|c| (c.name.as_str(), c.kind)).collect();
        assert_eq!(names, [("web", Kind::Worker), ("db", Kind::Postgres)]);
        assert_eq!(
            completed.components[0], smaller.components[0],
            "what the application has is as the application says"
        );
        assert_eq!((completed.components[1].disk_gb, completed.components[1].zones), (whole.components[1].disk_gb, 2));
        assert_eq!(completed.links.iter().map(|link| (link.from, link.to)).collect::<Vec<_>>(), [(0, 1)]);

        let text = serde_json::to_string(&remembered).expect("it is written");
        assert_eq!(serde_json::from_str::<Remembered>(&text).expect("it is read"), remembered);

        remembered.learn(&smaller, &both[..1]);
        assert_eq!(remembered.completed(&smaller, &both[..1]), smaller, "its last side is gone");
    }
}
