//! What the suite plays through: an application, and where it is one time after the other.

use crate::app::{self, App, Kind, Names};
use crate::plan::{Form, Options, Placement, Plan, Seat, unpriced};
use crate::units::Purchase;
use std::sync::Arc;

/// Name of a variable that nobody sets.
pub const SECRET_NOT_SET: &str = "PLACER_CONFORMANCE_NOT_SET";
/// An image that no registry has: `.invalid` is no domain (RFC 2606).
const IMAGE_NOT_THERE: &str = "placer.invalid/not-there:0";
/// A program that no machine has.
const PROGRAM_NOT_THERE: &str = "/placer.invalid/not-there";

/// The application of the built-in scenario; components are taken out that the executor cannot make.
const SERVICE: &str = "[[component]]\nname = \"web\"\nkind = \"KIND\"\nimage = \"nginx:1.29\"\nPORT\
                       env = [\"GREETING=hello\"]\ncpu = 1\nmemory_gib = 1\nRUNS";
const STORE: &str = "[[component]]\nname = \"db\"\nkind = \"KIND\"\nMEMORY\
                     disk_gb = 1\n";
const LINK: &str = "[[link]]\nfrom = \"web\"\nto = \"db\"\nrequest_gb_month = 1\n";

/// What is played through. The plans are made by the suite, for each case under a name of its own.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The application; its name is replaced.
    pub app: App,
    /// Where everything is, one time after the other. It begins and ends with nothing, which is not listed.
    pub stages: Vec<Vec<Seat>>,
    /// The same application, but something in it cannot run; `None`: there is no such thing.
    pub failing: Option<App>,
}

/// One plan of a scenario.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    pub app: Arc<App>,
    pub plan: Arc<Plan>,
}

impl Scenario {
    /// An application that comes, moves, and goes: of `here` all but the first come, then the first; everything moves
    /// to `there`; the first goes, then the others. Images that `failing` cannot start are put in.
    #[must_use]
    pub fn of(app: App, here: Vec<Seat>, there: Vec<Seat>) -> Self {
        let rest = |seats: &[Seat]| seats.iter().skip(1).cloned().collect::<Vec<_>>();
        let (first, last) = (rest(&here), rest(&there));
        let stages = [first, here, there, last].into_iter().filter(|seats| !seats.is_empty()).collect();
        let runs = app.components.iter().any(|component| component.kind.runs_image());
        let failing = runs.then(|| {
            let mut app = app.clone();
            for component in app.components.iter_mut().filter(|component| component.kind.runs_image()) {
                component.image = Some(IMAGE_NOT_THERE.to_owned());
                component.command = vec![PROGRAM_NOT_THERE.to_owned()];
            }
            app
        });
        Self { app, stages, failing }
    }

    /// A service and a store, of the first of those kinds that the executor can make, which move between two regions; `None`:
    /// it can make neither.
    #[must_use]
    pub fn small(kinds: &[Kind]) -> Option<Self> {
        let first = |wanted: &[Kind]| wanted.iter().find(|kind| kinds.contains(kind)).copied();
        let service = first(&[Kind::Service, Kind::Worker, Kind::Job]);
        let store = first(&[Kind::Postgres, Kind::Mysql, Kind::Redis, Kind::Kafka, Kind::ObjectStorage]);
        let mut text = "version = 1\nname = \"conformance\"\n".to_owned();
        if let Some(kind) = service {
            let port = if kind == Kind::Service { "port = 8080\n" } else { "" };
            let runs = if kind == Kind::Job { "hours_month = 1\n" } else { "" };
            text += &SERVICE.replace("KIND", kind.as_str()).replace("PORT", port).replace("RUNS", runs);
        }
        if let Some(kind) = store {
            let memory = if kind.is_data_store() { "memory_gib = 1\n" } else { "" };
            text += &STORE.replace("KIND", kind.as_str()).replace("MEMORY", memory);
        }
        if service.is_some() && store.is_some() {
            text += LINK;
        }
        let app = app::parse_app(&text, "conformance", &Names::default()).ok()?;
        let at = |region: &str| {
            let seat = |component: &app::Component| seat(&component.name, component.kind, region);
            app.components.iter().map(seat).collect::<Vec<_>>()
        };
        let (here, there) = (at("one"), at("two"));
        Some(Self::of(app, here, there))
    }

    /// The plans, in order, for an application of this name.
    pub(super) fn plans(&self, name: &str) -> Vec<Stage> {
        let app = Arc::new(App { name: name.to_owned(), ..self.app.clone() });
        let smaller = without_first(&app).map(Arc::new);
        let first = app.components.first().map(|component| component.name.as_str()).unwrap_or_default();
        let mut from = Placement::default();
        let mut stages = Vec::with_capacity(self.stages.len() + 1);
        for seats in self.stages.iter().chain([&Vec::new()]) {
            let to = Placement { seats: seats.clone(), usd_month: None };
            // Where it goes and others stay, it was taken out of the application.
            let goes = from.seat(first).is_some() && to.seat(first).is_none() && !to.seats.is_empty();
            let app = if goes { smaller.as_ref().unwrap_or(&app) } else { &app };
            stages.push(stage(app, from, to.clone()));
            from = to;
        }
        stages
    }
}

/// The application without its first component; `None`: more than links would have to change.
fn without_first(app: &App) -> Option<App> {
    let plain = app.paths.is_empty() && app.relations.is_empty() && app.today.is_empty();
    let links = app.links.iter().filter(|link| link.from > 0 && link.to > 0);
    let links = links.map(|link| app::Link { from: link.from - 1, to: link.to - 1, ..*link }).collect();
    let components = app.components.iter().skip(1).cloned().collect();
    plain.then(|| App { components, links, ..app.clone() })
}

/// The plan from one placement to another.
pub(super) fn stage(app: &Arc<App>, from: Placement, to: Placement) -> Stage {
    Stage { app: Arc::clone(app), plan: Arc::new(unpriced(app, from, to, &Options::default())) }
}

fn seat(component: &str, kind: Kind, region: &str) -> Seat {
    let form = if kind.runs_image() { Form::Machines } else { Form::Managed };
    Seat {
        component: component.to_owned(),
        kind,
        provider: "example".to_owned(),
        region: region.to_owned(),
        offer: "small".to_owned(),
        purchase: Purchase::OnDemand,
        count: 1,
        above: Vec::new(),
        form: Some(form),
        machine_of: None,
        usd_month: None,
    }
}
