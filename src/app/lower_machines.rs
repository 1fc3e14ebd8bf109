//! How machines are bought and shared: mixed purchases, groups that may share machines, today's shared machines, and
//! bounds on links.

use super::faults::{Code, quoted};
use super::file::{AppFile, ComponentFile, LinkFile, TodayFile};
use super::limits::SHARING_MAX;
use super::lower::Lower;
use super::number::{Number, Range, UsageFile};
use super::source::{Point, Says};
use super::{Component, Kind, ManagedChoice, Mixed, Percentile, Spread, Today};
use crate::units::{Latency, Purchase, Quantity};

/// Interruptions a month of a spot machine, unless the file says otherwise. Assumed for every provider: Google states 5
/// to 15% a day for preemptible machines ("Preemptible VM instances", Compute Engine documentation), which is 3 a month
/// in the middle; AWS states less than 5% a month on average ("Spot Instance Advisor").
const INTERRUPTIONS_MONTH: i64 = 3;
/// Minutes that an on-demand machine stands in after an interruption, unless the file says otherwise. Assumed: start,
/// pull the image, warm up, hand back.
const STAND_IN_MINUTES: i64 = 15;

/// The value of a usage whose three values are one; `None`: they differ.
fn flat<R: Range>(usage: Option<UsageFile<R>>) -> Option<i64> {
    match usage {
        None => Some(1),
        Some(UsageFile::Flat(value)) => Some(value.scaled()),
        Some(UsageFile::Span { min, typical, max }) => {
            let typical = typical?.scaled();
            let same = |value: Option<Number<R>>| value.is_none_or(|value| value.scaled() == typical);
            (same(min) && same(max)).then_some(typical)
        }
    }
}

impl Lower<'_, '_, '_> {
    /// The mixed purchase of a component.
    pub(super) fn mixed(&mut self, file: &ComponentFile, path: &str) -> Option<Mixed> {
        let stated = file.mixed?;
        let least = match file.replicas {
            None => 1,
            Some(UsageFile::Flat(replicas)) => replicas.scaled(),
            Some(UsageFile::Span { min, typical, .. }) => min.or(typical).map_or(1, Number::scaled),
        };
        let base = stated.base.map_or(least, Number::scaled);
        let at = |key: &str| format!("{path}.mixed{key}");
        if base > least {
            let found = format!("a base of {base}, but only {least} replicas in a quiet month");
            let says = Says::new(Code::Conflict, found, "at most the `min` of `replicas`");
            self.fault(&at(".base"), Point::Value, says);
        }
        let has = |option: Purchase| file.purchase.as_ref().is_some_and(|list| list.contains(&option));
        let (on_demand, spot) = (has(Purchase::OnDemand), has(Purchase::Spot));
        let steady = on_demand || has(Purchase::Reserved1y) || has(Purchase::Reserved3y);
        let several = file.purchase.as_ref().is_some_and(|list| list.len() > 1);
        if !several || !steady || !(on_demand || spot) {
            let expected = "in `purchase` one for the base (`on_demand`, `reserved_1y`, `reserved_3y`) and another for \
                            what comes on top (`on_demand`, `spot`)";
            let says = Says::new(Code::Conflict, "nothing to mix", expected);
            self.fault(&at(""), Point::Key, says.help("`purchase = [\"on_demand\", \"spot\"]`"));
        }
        let above = stated.on_demand_above_base.map_or(0, Number::scaled);
        if above > 0 && !on_demand {
            let says =
                Says::new(Code::Conflict, "`on_demand_above_base` without on-demand", "`on_demand` in `purchase`");
            self.fault(&at(".on_demand_above_base"), Point::Value, says);
        }
        if file.spread.is_some_and(|spread| spread != super::file::SpreadWord::None) {
            let says = Says::new(Code::Conflict, "a mixed purchase of replicas that are spread", "either of them")
                .help("every replica of a spread component is bought for itself");
            self.fault(&at(""), Point::Key, says);
        }
        let minutes = stated.stand_in_minutes.map_or(STAND_IN_MINUTES * 1_000, Number::scaled);
        let interruptions = stated.interruptions_month.map_or(INTERRUPTIONS_MONTH * 1_000, Number::scaled);
        Some(Mixed {
            base,
            on_demand_above_base_pct: above,
            interruptions_month: Quantity::from_micros(interruptions * 1_000),
            stand_in_hours: Quantity::from_micros(minutes * 1_000).scale(1, 60),
            stated: stated.interruptions_month.is_some() && stated.stand_in_minutes.is_some(),
        })
    }

    /// The groups that may share machines, settled in their components.
    pub(super) fn sharing(&mut self, file: &AppFile, components: &mut [Component], today: &[Today]) -> Vec<String> {
        let files = file.component.as_deref().unwrap_or_default();
        let mut names: Vec<String> = Vec::new();
        for (component, file) in components.iter_mut().zip(files) {
            let Some(name) = &file.share_machine else { continue };
            let group = names.iter().position(|known| known == name).unwrap_or_else(|| {
                names.push(name.clone());
                names.len() - 1
            });
            component.shares = Some(group);
        }
        for (group, name) in names.iter().enumerate() {
            let members: Vec<usize> = (0..components.len()).filter(|&c| components[c].shares == Some(group)).collect();
            for &member in &members {
                self.can_share(&components[member], &files[member], &format!("component[{member}]"));
            }
            self.group(name, &members, components);
        }
        for (i, entry) in file.today.iter().flatten().enumerate() {
            self.today_machines(i, entry, today, components);
        }
        names
    }

    /// What a component that shares machines cannot be.
    fn can_share(&mut self, component: &Component, file: &ComponentFile, path: &str) {
        let store = component.kind.is_data_store();
        let mut fault = |key: &str, found: &str, expected: &str| {
            let says = Says::new(Code::Conflict, found, expected);
            self.fault(&format!("{path}.{key}"), Point::Value, says);
        };
        if flat(file.replicas).is_none() {
            fault("replicas", "replicas that vary, on machines that are shared", "one number of `replicas`");
        }
        if component.spread != Spread::None {
            fault("spread", "spread replicas on machines that are shared", "no `spread` beside `share_machine`");
        }
        if component.mixed.is_some() {
            fault("mixed", "a mixed purchase of machines that are shared", "no `mixed` beside `share_machine`");
        }
        if store && component.zones > 1 {
            fault(
                "zones",
                "a highly available store on machines that are shared",
                "`zones = 1`, or no `share_machine`",
            );
        }
        if component.kind.runs_image() && !component.run_on.machines {
            fault("run_on", "shared machines, but not `machines`", "`machines` in `run_on`");
        }
        if store && component.managed == ManagedChoice::Only {
            fault("managed", "shared machines for a store that is only managed", "`packaged` or `either`");
        }
    }

    /// What the components of a group must have in common.
    fn group(&mut self, name: &str, members: &[usize], components: &[Component]) {
        let Some((&first, others)) = members.split_first() else { return };
        if others.is_empty() && self.components.complete {
            let found = format!("only {} shares machines as {}", quoted(&components[first].name), quoted(name));
            let says = Says::new(Code::Conflict, found, "another component with the same `share_machine`");
            self.fault(&format!("component[{first}].share_machine"), Point::Value, says);
        }
        if let Some(&other) = others.iter().find(|&&m| components[m].zones != components[first].zones) {
            let of = |m: usize| format!("{} in {}", quoted(&components[m].name), components[m].zones);
            let found = format!("machines shared by {} and {} zones", of(first), of(other));
            let says = Says::new(Code::Conflict, found, "equal `zones` for all that share machines");
            self.fault(&format!("component[{other}].share_machine"), Point::Value, says);
        }
        let whole = |m: usize| components[m].replicas.typical.micros() / 1_000_000;
        let replicas: i64 = members.iter().map(|&m| whole(m)).sum();
        if replicas > i64::try_from(SHARING_MAX).unwrap_or(i64::MAX) {
            let found = format!("{replicas} replicas share machines as {}", quoted(name));
            let says = Says::new(Code::OutOfRange, found, format!("at most {SHARING_MAX}, over all components"))
                .help("make two groups of those that fit together best");
            self.fault(&format!("component[{first}].share_machine"), Point::Value, says);
        }
    }

    /// Machines of today that several components name.
    fn today_machines(&mut self, i: usize, file: &TodayFile, today: &[Today], components: &[Component]) {
        let path = format!("today[{i}].machines");
        let (Some(names), Some(entry)) = (&file.machines, today.get(i)) else { return };
        let Some(component) = components.get(entry.component) else { return };
        if !matches!(component.kind, Kind::Service | Kind::Worker | Kind::Job) && !component.kind.is_data_store() {
            let found = format!("machines of the {} {}", component.kind.as_str(), quoted(&component.name));
            self.fault(&path, Point::Key, Says::new(Code::Conflict, found, "`machines` only for what runs on them"));
            return;
        }
        let replicas = component.replicas.typical.micros() / 1_000_000;
        if i64::try_from(names.len()) != Ok(replicas) {
            let found = format!("{} machines for {replicas} replicas", names.len());
            self.fault(&path, Point::Value, Says::new(Code::Conflict, found, "one machine for each replica"));
        }
        if file.count.is_some() || file.spot_count.is_some() {
            let says = Says::new(Code::Conflict, "`machines` beside a count", "either of them");
            self.fault(&path, Point::Key, says);
        }
        for (j, name) in names.iter().enumerate() {
            let at = format!("{path}[{j}]");
            if names[..j].contains(name) {
                self.twice(name, &at);
            }
            let Some(other) = today[..i].iter().find(|other| other.machines.contains(name)) else { continue };
            let Some(with) = components.get(other.component) else { continue };
            let place = |t: &Today| (t.provider.clone(), t.region.clone(), t.offer.clone(), t.purchase);
            if component.shares.is_none() || component.shares != with.shares {
                let found = format!("{} and {} share {}", quoted(&with.name), quoted(&component.name), quoted(name));
                let says = Says::new(Code::Conflict, found, "the same `share_machine` in both components");
                self.fault(&at, Point::Value, says);
            } else if place(other) != place(entry) {
                let found = format!("{} is another machine for {}", quoted(name), quoted(&with.name));
                let says = Says::new(Code::Conflict, found, "the same provider, region, offer and purchase");
                self.fault(&at, Point::Value, says);
            }
        }
    }

    /// How many of today's machines are spot.
    pub(super) fn spot_count(&mut self, file: &TodayFile, path: &str) -> u32 {
        let Some(spot) = file.spot_count else { return 0 };
        let most = file.count.map_or(0, Number::scaled);
        if spot.scaled() > most {
            let found = format!("{} spot machines of {most}", spot.scaled());
            let says = Says::new(Code::Conflict, found, "a `count` of all machines, spot included");
            self.fault(&format!("{path}.spot_count"), Point::Value, says);
        }
        u32::try_from(spot.scaled()).unwrap_or(0)
    }

    /// The bound of a link.
    pub(super) fn link_bound(&mut self, file: &LinkFile, path: &str) -> Option<(Percentile, Latency)> {
        if file.p50_ms.is_some() && file.p95_ms.is_some() {
            let says = Says::new(Code::Conflict, "a link with two bounds", "either `p50_ms` or `p95_ms`");
            self.fault(&format!("{path}.p95_ms"), Point::Key, says);
        }
        let bound = |ms: Number<_>| Latency::from_micros(ms.scaled());
        let p50 = file.p50_ms.map(|ms| (Percentile::P50, bound(ms)));
        p50.or_else(|| file.p95_ms.map(|ms| (Percentile::P95, bound(ms))))
    }
}
