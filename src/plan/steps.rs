//! The steps of a plan, in an order in which they can be carried out one by one ([`super`] says which).

use super::file::hash;
use super::{Action, Change, Moved, Options, Placement, Plan, Step, Undo, digest, moves};
use crate::app::{App, Kind};
use crate::problem::{Form, Problem};
use crate::units::{Money, Quantity};

/// Seconds that providers take to make something, generously: a machine or container, a managed service.
const PROVISION_S: u64 = 900;
const PROVISION_MANAGED_S: u64 = 3_600;
/// Seconds until something that was made answers.
const VERIFY_S: u64 = 600;
/// Seconds to start copying, and per GB: 10 MB a second, which the smallest offers sustain.
const COPY_S: u64 = 1_800;
const COPY_S_PER_GB: u64 = 100;
/// Seconds to compare, and per GB.
const VERIFY_DATA_S: u64 = 900;
const VERIFY_DATA_S_PER_GB: u64 = 20;
/// Seconds to shift traffic and see that it is answered; to drain; to take something away.
const SHIFT_S: u64 = 600;
const DRAIN_S: u64 = 600;
const RETIRE_S: u64 = 1_800;
/// Hexadecimal digits of a step's key: 128 bits.
const KEY_DIGITS: usize = 32;
/// Hours of a month (DESIGN.md, section 3).
const HOURS_MONTH: i64 = 730;

/// The plan from one placement to another.
///
/// `problem` gives the prices of traffic between places; `from` and `to` need not be assignments of it. The plan has no
/// steps when both are the same. Its `app_toml` is the caller's to add.
#[must_use]
pub fn plan(app: &App, problem: &Problem, from: Placement, to: Placement, options: &Options) -> Plan {
    of(app, Some(problem), from, to, options)
}

/// [`plan`] for whoever has no prices: what transfer of data costs is not known, all else is the same.
#[must_use]
pub fn unpriced(app: &App, from: Placement, to: Placement, options: &Options) -> Plan {
    of(app, None, from, to, options)
}

fn of(app: &App, problem: Option<&Problem>, from: Placement, to: Placement, options: &Options) -> Plan {
    let moved = moves::between(&from, &to);
    let order = called_first(app, &moved);
    let mut steps = Steps { app, problem, options, salt: salt(app, &from, &to), list: Vec::new() };
    for &m in &order {
        steps.provision(&moved[m], &moved);
    }
    for &m in &order {
        steps.copy(&moved[m]);
    }
    for &m in &order {
        steps.shift(&moved[m], &moved);
    }
    for &m in &order {
        steps.keep(&moved[m]);
    }
    for &m in order.iter().rev() {
        steps.retire(&moved[m], &moved);
    }
    let steps = steps.list;
    Plan { app: app.name.clone(), app_toml: String::new(), from, to, moved, steps }
}

/// What makes the keys of a plan's steps its own.
fn salt(app: &App, from: &Placement, to: &Placement) -> String {
    format!("{}\n{}\n{}\n", app.name, digest(from), digest(to))
}

/// Ordinals of what moves: called before caller. Where components call one another in a circle, the one that stands
/// first in the application is taken for the caller.
fn called_first(app: &App, moved: &[Moved]) -> Vec<usize> {
    let of: Vec<Option<usize>> =
        moved.iter().map(|m| moves::component(app, &m.component).map(|(ordinal, _)| ordinal)).collect();
    let mut order = Vec::with_capacity(moved.len());
    let mut seen = vec![false; moved.len()];
    for root in 0..moved.len() {
        // Depth first, without recursion: a frame is left when everything that it calls has been.
        let mut open = vec![(root, false)];
        while let Some((at, done)) = open.pop() {
            if done {
                order.push(at);
                continue;
            }
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            open.push((at, true));
            let calls = |other: &usize| {
                of[at].is_some_and(|a| of[*other].is_some_and(|b| app.links.iter().any(|l| (l.from, l.to) == (a, b))))
            };
            open.extend((0..moved.len()).rev().filter(|other| !seen[*other]).filter(calls).map(|other| (other, false)));
        }
    }
    order
}

struct Steps<'a> {
    app: &'a App,
    problem: Option<&'a Problem>,
    options: &'a Options,
    salt: String,
    list: Vec<Step>,
}

impl Steps<'_> {
    /// Adds a step; what must be done before is given by name, and by the component's own last step.
    fn add(&mut self, component: &str, action: Action, undo: Undo, deadline_s: u64, before: &[String]) -> &mut Step {
        let name = match &action {
            Action::Shift { percent } => format!("{component}/shift-{percent}"),
            other => format!("{component}/{}", other.as_str()),
        };
        let own = self.list.iter().rposition(|step| step.component == component);
        let others = before.iter().filter_map(|name| self.list.iter().position(|step| step.name == *name));
        let mut after: Vec<usize> = others.chain(own).collect();
        after.sort_unstable();
        after.dedup();
        let mut key = hash(format!("{}{name}", self.salt).as_bytes());
        key.truncate(KEY_DIGITS);
        let (cost, moves) = (Some(Money::ZERO), Quantity::ZERO);
        let component = component.to_owned();
        self.list.push(Step { name, component, action, undo, after, deadline_s, key, cost, moves });
        self.list.last_mut().expect("one was just added")
    }

    /// Names of the steps of one kind of everything that a component calls (or that calls it) and that moves, too.
    fn of_neighbours(&self, m: &Moved, moved: &[Moved], called: bool, suffix: &str) -> Vec<String> {
        let Some((me, _)) = moves::component(self.app, &m.component) else { return Vec::new() };
        let near = |other: &&Moved| {
            let of = moves::component(self.app, &other.component).map(|(ordinal, _)| ordinal);
            let linked = |l: &crate::app::Link| if called { (l.from, Some(l.to)) } else { (l.to, Some(l.from)) };
            other.component != m.component && self.app.links.iter().map(linked).any(|(a, b)| a == me && b == of)
        };
        moved.iter().filter(near).map(|other| format!("{}/{suffix}", other.component)).collect()
    }

    fn provision(&mut self, m: &Moved, moved: &[Moved]) {
        let Some(seat) = &m.to else { return };
        // It is told where what it calls is.
        let before = self.of_neighbours(m, moved, true, "verify");
        let managed = matches!(seat.form, Some(Form::Managed));
        let deadline = if managed { PROVISION_MANAGED_S } else { PROVISION_S };
        let overlap = if m.from.is_some() { self.seconds_to_shift(m) } else { 0 };
        let cost = for_seconds(seat.usd_month, overlap);
        let step = self.add(&m.component, Action::Provision(seat.clone()), Undo::RetireNew, deadline, &before);
        step.cost = cost;
        self.add(&m.component, Action::Verify, Undo::Nothing, VERIFY_S, &[]);
    }

    /// How long both sides may run before the last of the traffic is on the new one.
    fn seconds_to_shift(&self, m: &Moved) -> u64 {
        seconds_to_shift(self.data(m), self.options)
    }

    /// GB of data that a component takes along, rounded up; 0: none.
    fn data(&self, m: &Moved) -> u64 {
        let (Some(from), Some(_)) = (&m.from, &m.to) else { return 0 };
        data_gb(self.app, &m.component, from.kind)
    }

    fn copy(&mut self, m: &Moved) {
        let (Some(from), Some(to)) = (&m.from, &m.to) else { return };
        let Some(method) = moves::data_method(from.kind) else { return };
        let gb = self.data(m);
        let volume = Quantity::from_units(i64::try_from(gb).unwrap_or(i64::MAX));
        let cost = self.problem.and_then(|problem| moves::transfer(problem, from, to, volume));
        let step = self.add(&m.component, Action::Copy(method), Undo::StopCopy, copy_s(gb), &[]);
        (step.cost, step.moves) = (cost, volume);
        self.add(&m.component, Action::VerifyData, Undo::Nothing, verify_data_s(gb), &[]);
    }

    fn shift(&mut self, m: &Moved, moved: &[Moved]) {
        if m.to.is_some() {
            let before = self.of_neighbours(m, moved, true, "shift-100");
            let mut percent = 0;
            for next in self.weights(m) {
                let before = if percent == 0 { &before[..] } else { &[] };
                self.add(&m.component, Action::Shift { percent: next }, Undo::ShiftBack { percent }, SHIFT_S, before);
                percent = next;
            }
        }
        if m.from.is_some() {
            self.add(&m.component, Action::Drain, Undo::Resume, DRAIN_S, &[]);
        }
    }

    /// How traffic is shifted. Only what answers requests of its own has traffic to share out; what is new takes all.
    fn weights(&self, m: &Moved) -> Vec<u8> {
        let kind = m.to.as_ref().map(|seat| seat.kind);
        let shared = m.change == Change::Move && matches!(kind, Some(Kind::Service | Kind::StaticSite));
        if shared { self.options.weights.clone() } else { vec![100] }
    }

    fn keep(&mut self, m: &Moved) {
        let Some(from) = &m.from else { return };
        let hours = self.options.keep_hours;
        let seconds = seconds_to_keep(self.options);
        let cost = for_seconds(from.usd_month, seconds);
        let step = self.add(&m.component, Action::Keep { hours }, Undo::Nothing, seconds + SHIFT_S, &[]);
        step.cost = cost;
    }

    fn retire(&mut self, m: &Moved, moved: &[Moved]) {
        let Some(from) = &m.from else { return };
        let before = self.of_neighbours(m, moved, false, "retire");
        self.add(&m.component, Action::Retire(from.clone()), Undo::Never, RETIRE_S, &before);
    }
}

/// What it takes to move a component, wherever from and wherever to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Haul {
    /// Seconds for which the new side is paid beside the old one, before it has taken over.
    pub overlap_s: u64,
    /// Seconds for which the old side is paid afterwards.
    pub keep_s: u64,
    /// Data to carry over; `None` for a component that has none which outlives it.
    pub data: Option<Quantity>,
}

impl Haul {
    /// Of a component by name (`web`, or `web#2` of one that is spread). A plan's steps for it cost exactly
    /// `paid_for(new side, overlap_s) + paid_for(old side, keep_s) + carried(data)`, see [`paid_for`] and [`carried`].
    #[must_use]
    pub fn of(app: &App, component: &str, options: &Options) -> Self {
        let kind = moves::component(app, component).map(|(_, c)| c.kind);
        let gb = kind.map_or(0, |kind| data_gb(app, component, kind));
        let carries = kind.and_then(moves::data_method).is_some();
        Self {
            overlap_s: seconds_to_shift(gb, options),
            keep_s: seconds_to_keep(options),
            data: carries.then(|| Quantity::from_units(i64::try_from(gb).unwrap_or(i64::MAX))),
        }
    }
}

fn data_gb(app: &App, component: &str, kind: Kind) -> u64 {
    if moves::data_method(kind).is_none() {
        return 0;
    }
    let disk = moves::component(app, component).map_or(Quantity::ZERO, |(_, c)| c.disk_gb.typical);
    u64::try_from(disk.micros()).unwrap_or(0).div_ceil(1_000_000)
}

fn seconds_to_shift(gb: u64, options: &Options) -> u64 {
    let copy = if gb > 0 { copy_s(gb) + verify_data_s(gb) } else { 0 };
    PROVISION_MANAGED_S + VERIFY_S + copy + SHIFT_S * options.weights.len() as u64
}

fn seconds_to_keep(options: &Options) -> u64 {
    u64::from(options.keep_hours) * 3_600
}

/// What something of a price per month costs for so many seconds, rounded up; `None` when that is more than [`Money`] holds.
#[must_use]
pub fn paid_for(usd_month: Money, seconds: u64) -> Option<Money> {
    for_seconds(Some(usd_month), seconds)
}

fn copy_s(gb: u64) -> u64 {
    COPY_S + gb.saturating_mul(COPY_S_PER_GB)
}

fn verify_data_s(gb: u64) -> u64 {
    VERIFY_DATA_S + gb.saturating_mul(VERIFY_DATA_S_PER_GB)
}

/// What something costs for so many seconds, rounded up; `None`: not known.
fn for_seconds(usd_month: Option<Money>, seconds: u64) -> Option<Money> {
    let nanos = i128::from(usd_month?.nanos()) * i128::from(seconds);
    let month = i128::from(HOURS_MONTH) * 3_600;
    i64::try_from(nanos.div_euclid(month) + i128::from(nanos % month != 0)).ok().map(Money::from_nanos)
}
