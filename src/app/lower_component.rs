//! Components of a file: what each kind takes, needs and means.

use super::faults::{Code, one_of, quoted};
use super::file::{AppFile, ComponentFile, GpuFile, KindWord, ManagedWord, RunOnWord, SpreadWord};
use super::kinds::{KINDS_OF_KEY, required, states};
use super::lower::Lower;
use super::number::Number;
use super::source::{Point, Says};
use super::{Component, Gpu, Kind, ManagedChoice, Path, PathAudience, RunOn, Spread};
use crate::units::{Latency, Purchase, Quantity};
use std::fmt;

impl From<KindWord> for Kind {
    fn from(word: KindWord) -> Self {
        match word {
            KindWord::Service => Self::Service,
            KindWord::Worker => Self::Worker,
            KindWord::Job => Self::Job,
            KindWord::StaticSite => Self::StaticSite,
            KindWord::Postgres => Self::Postgres,
            KindWord::Mysql => Self::Mysql,
            KindWord::Redis => Self::Redis,
            KindWord::Kafka => Self::Kafka,
            KindWord::ObjectStorage => Self::ObjectStorage,
            KindWord::LoadBalancer => Self::LoadBalancer,
        }
    }
}

impl Lower<'_, '_, '_> {
    /// One component. Whether it is public is settled by [`Self::publish`], once the paths are known.
    pub(super) fn component(&mut self, i: usize, file: &ComponentFile) -> Component {
        let path = format!("component[{i}]");
        if let Some(kind) = file.kind {
            self.keys_of_kind(kind.into(), file, &path);
        }
        let kind = file.kind.map_or(Kind::Service, Kind::from);
        let zero = Quantity::ZERO;
        let component = Component {
            name: file.name.clone().unwrap_or_default(),
            kind,
            image: file.image.clone(),
            command: file.command.clone().unwrap_or_default(),
            port: file.port.and_then(|port| u16::try_from(port.scaled()).ok()).unwrap_or(super::lower_running::PORT),
            env: self.env(file, &path),
            secrets: self.secrets(file, &path),
            cpu: self.usage(file.cpu, zero, format_args!("{path}.cpu")),
            memory_gib: self.usage(file.memory_gib, zero, format_args!("{path}.memory_gib")),
            disk_gb: self.usage(file.disk_gb, zero, format_args!("{path}.disk_gb")),
            gpu: file.gpu.as_ref().map(|gpu| self.gpu(gpu, format_args!("{path}.gpu"))),
            arch: file.arch,
            dedicated: file.dedicated.unwrap_or(false),
            replicas: self.usage(file.replicas, Quantity::from_units(1), format_args!("{path}.replicas")),
            zones: file.zones.and_then(|zones| u8::try_from(zones.scaled()).ok()).unwrap_or(1),
            spread: match file.spread {
                Some(SpreadWord::Regions) => Spread::Regions,
                Some(SpreadWord::Providers) => Spread::Providers,
                Some(SpreadWord::None) | None => Spread::None,
            },
            purchase: self.purchase(file, format_args!("{path}.purchase")),
            mixed: self.mixed(file, &path),
            shares: None,
            run_on: self.run_on(kind, file, format_args!("{path}.run_on")),
            managed: match file.managed {
                Some(ManagedWord::Only) => ManagedChoice::Only,
                Some(ManagedWord::Packaged) => ManagedChoice::Packaged,
                Some(ManagedWord::Either) | None => ManagedChoice::Either,
            },
            public: file.public.unwrap_or(false),
            hours_month: self.usage(file.hours_month, Quantity::MONTH_HOURS, format_args!("{path}.hours_month")),
            users_gb_month: self.usage(file.users_gb_month, zero, format_args!("{path}.users_gb_month")),
            outbound_gb_month: self.usage(file.outbound_gb_month, zero, format_args!("{path}.outbound_gb_month")),
            requests_million_month: self.usage(
                file.requests_million_month,
                zero,
                format_args!("{path}.requests_million_month"),
            ),
            writes_million_month: self.usage(
                file.writes_million_month,
                zero,
                format_args!("{path}.writes_million_month"),
            ),
            service_time: Latency::from_micros(file.service_ms.map_or(0, Number::scaled)),
            place: self.place(file.constraints.as_ref(), format_args!("{path}.constraints")),
        };
        if file.kind.is_some() {
            self.needs(&component, file, &path);
        }
        component
    }

    /// Keys that the kind does not take, and keys that it must have.
    fn keys_of_kind(&mut self, kind: Kind, file: &ComponentFile, path: &str) {
        for (key, kinds) in KINDS_OF_KEY.iter().filter(|(_, kinds)| !kinds.contains(&kind)) {
            if states(file, key) || self.source.has(format_args!("{path}.{key}")) {
                let at = format!("{path}.{key}");
                let found = format!("`{key}` makes no sense for the kind `{}`", kind.as_str());
                let expected = format!("`{key}` only for {}", one_of(kinds.iter().map(|kind| kind.as_str())));
                self.fault(&at, Point::Key, Says::new(Code::Conflict, found, expected));
            }
        }
        for key in required(kind) {
            if !states(file, key) && !self.source.has(format_args!("{path}.{key}")) {
                let at = format!("{path}.{key}");
                let found = format!("this component of kind `{}` has no `{key}`", kind.as_str());
                self.fault(&at, Point::Key, Says::new(Code::MissingKey, found, format!("`{key} = …`")));
            }
        }
    }

    /// Numbers that must not be zero, replicas that must be enough, users that must be somewhere.
    fn needs(&mut self, component: &Component, file: &ComponentFile, path: &str) {
        let kind = component.kind;
        for (key, usage, stated, needed) in [
            ("cpu", component.cpu, file.cpu.is_some_and(|usage| usage.is_whole()), kind.runs_image()),
            ("memory_gib", component.memory_gib, file.memory_gib.is_some_and(|usage| usage.is_whole()), true),
        ] {
            if needed && stated && usage.min == Quantity::ZERO && (kind.runs_image() || kind.is_data_store()) {
                let found = format!("`{key}` is 0");
                let says = Says::new(Code::OutOfRange, found, format!("more than 0 for the kind `{}`", kind.as_str()));
                self.fault(&format!("{path}.{key}"), Point::Value, says);
            }
        }
        if kind.runs_image() {
            self.enough_replicas(component, path);
        }
        let has_users = component.users_gb_month.max > Quantity::ZERO;
        if has_users && !self.has_audience {
            let says = Says::new(Code::MissingKey, "traffic to users, but no audience", "at least one `[[audience]]`")
                .help("say where the users are, or use `outbound_gb_month` for traffic to third parties");
            self.fault(&format!("{path}.users_gb_month"), Point::Key, says);
        }
        if has_users && file.public == Some(false) {
            let says = Says::new(Code::Conflict, "not public, but with traffic to users", "`public = true`");
            self.fault(&format!("{path}.public"), Point::Value, says);
        }
    }

    fn enough_replicas(&mut self, component: &Component, path: &str) {
        let replicas = component.replicas.min;
        let help = "state `replicas`, and its `min` where it is a table";
        if component.spread != Spread::None && replicas < Quantity::from_units(2) {
            let found = format!("a spread over other places with {} replica", replicas.to_decimal());
            let says = Says::new(Code::Conflict, found, "at least 2 replicas").help(help);
            self.fault(&format!("{path}.spread"), Point::Value, says);
        } else if component.spread == Spread::None && replicas < Quantity::from_units(i64::from(component.zones)) {
            let found = format!("{} zones, but only {} replicas", component.zones, replicas.to_decimal());
            let says = Says::new(Code::Conflict, found, "a replica for every zone").help(help);
            self.fault(&format!("{path}.zones"), Point::Value, says);
        }
    }

    fn gpu(&mut self, file: &GpuFile, path: fmt::Arguments<'_>) -> Gpu {
        let names = self.names;
        let models = file.models.clone().unwrap_or_default();
        for (i, model) in models.iter().enumerate() {
            self.known("GPU model", model, &names.gpu_models, format_args!("{path}.models[{i}]"));
        }
        let milli = file.count.and_then(|count| u32::try_from(count.scaled()).ok()).unwrap_or(1_000);
        Gpu { milli, models }
    }

    fn purchase(&mut self, file: &ComponentFile, path: fmt::Arguments<'_>) -> Vec<Purchase> {
        let Some(stated) = &file.purchase else { return vec![Purchase::OnDemand] };
        for (i, purchase) in stated.iter().enumerate() {
            if stated[..i].contains(purchase) {
                self.twice(purchase.as_str(), &format!("{path}[{i}]"));
            }
        }
        stated.clone()
    }

    fn run_on(&mut self, kind: Kind, file: &ComponentFile, path: fmt::Arguments<'_>) -> RunOn {
        let gpu = file.gpu.is_some();
        let Some(stated) = &file.run_on else {
            return RunOn { machines: true, serverless: kind == Kind::Service && !gpu };
        };
        let words = |word: &RunOnWord| if *word == RunOnWord::Machines { "machines" } else { "serverless" };
        for (i, word) in stated.iter().enumerate() {
            let path = format_args!("{path}[{i}]");
            if stated[..i].contains(word) {
                self.twice(words(word), &path.to_string());
            } else if gpu && *word == RunOnWord::Serverless {
                let says = Says::new(Code::Conflict, "`serverless` beside `gpu`", "only `machines` with a `gpu`");
                self.fault(&path.to_string(), Point::Value, says);
            }
        }
        RunOn {
            machines: stated.contains(&RunOnWord::Machines),
            serverless: stated.contains(&RunOnWord::Serverless) && !gpu,
        }
    }

    /// Reports an item that a list has twice.
    pub(super) fn twice(&mut self, item: &str, path: &str) {
        let found = format!("{} for the second time", quoted(item));
        self.fault(path, Point::Value, Says::new(Code::DuplicateName, found, "every item once"));
    }

    /// Settles which components are public: those that say so, have users, or begin a path of an audience.
    pub(super) fn publish(&mut self, file: &AppFile, components: &mut [Component], paths: &[Path]) {
        let stated = file.component.as_deref().unwrap_or_default();
        for (i, path) in paths.iter().enumerate() {
            let Some(first) = path.through.first().copied() else { continue };
            let (Some(component), Some(file)) = (components.get_mut(first), stated.get(first)) else { continue };
            if path.audience == PathAudience::Internal || file.kind.is_none() {
                continue;
            }
            let begins = |adjective: &str| {
                format!("a path of users begins with {}, which is {adjective}", quoted(&component.name))
            };
            let found = match component.kind {
                Kind::Worker | Kind::Job => begins(&format!("a {}", component.kind.as_str())),
                _ if file.public == Some(false) => begins("not public"),
                _ => {
                    component.public = true;
                    continue;
                }
            };
            let says = Says::new(Code::Conflict, found, "a component that users can reach")
                .help("write `audience = \"internal\"` for a path inside the application");
            self.fault(&format!("path[{i}].through[0]"), Point::Value, says);
        }
        for component in components {
            component.public |= component.users_gb_month.max > Quantity::ZERO;
        }
    }
}
