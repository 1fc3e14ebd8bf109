//! An executor of nothing but memory, which keeps every promise, or breaks one of them on demand.

use placer::app::App;
use placer::exec::{Done, Executor, Failure, FailureKind, Health, Order, Sighting, Watch};
use placer::plan::{Action, Plan, Seat, Undo};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// One promise that is broken, each in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    ReadyRefuses,
    ReadyTouches,
    SecretNotMissed,
    MissingWithoutHelp,
    MissingTouches,
    MissingIsPassing,
    MissingWithoutName,
    TrafficNotObserved,
    UnorderedSight,
    RetireKeeps,
    BothTakeWrites,
    ObserveFails,
    Panics,
    TwiceOtherNote,
    TwiceMakesTwo,
    OnlyLastKey,
    KeyForever,
    ShiftNotUndone,
    ProvisionNotUndone,
    DrainNotUndone,
    UndoRefused,
    UnbegunUndoFails,
    UnbegunUndoShifts,
    SecondUndoFails,
    RemembersOnly,
    DeadlineIgnored,
    DeadlineHangs,
    DeadlineIsPassing,
    CancelIsDeadline,
    UndoHangs,
    HalfStays,
    HalfCannotBeFinished,
    FailureStays,
    FailureWithoutReason,
    KillStays,
    KillCountsAsDone,
    SeesOthers,
    RetiresOthers,
    FenceIgnored,
    FenceForgotten,
    UndoUnfenced,
    FenceOfAll,
    ComesBack,
}

/// Steps done anywhere after which what [`Fault::ComesBack`] has left is seen.
const COMES_BACK_AFTER: u64 = 60;

#[derive(Clone, Debug)]
struct Side {
    seat: Seat,
    health: Health,
    percent: u8,
    writable: Option<bool>,
}

#[derive(Clone, Debug, Default)]
struct AppState {
    fence: u64,
    /// Keys of what was done, with what was said.
    done: BTreeMap<String, String>,
    /// Keys of what was begun.
    half: BTreeSet<String>,
    /// Keys of what was ever taken back.
    undone: BTreeSet<String>,
    last_key: String,
    sides: BTreeMap<(String, String), Side>,
    /// Seen in addition to the sides.
    orphans: Vec<Sighting>,
    /// What comes back, and when.
    ghosts: Vec<(u64, Sighting)>,
}

/// What is really there.
#[derive(Debug, Default)]
pub struct World {
    apps: Mutex<BTreeMap<String, AppState>>,
    steps: Mutex<u64>,
    killed: AtomicBool,
    slow: bool,
}

impl World {
    /// Where nothing is yet; `slow`: a step takes some milliseconds, so that it can be killed.
    pub fn new(slow: bool) -> Self {
        Self { slow, ..Self::default() }
    }

    /// Kills whoever carries out a step.
    pub fn kill(&self) {
        self.killed.store(true, Ordering::SeqCst);
    }
}

/// The executor.
pub struct Reference {
    world: Arc<World>,
    fault: Option<Fault>,
    /// What this object alone knows.
    own: World,
}

impl Reference {
    pub fn new(world: &Arc<World>, fault: Option<Fault>) -> Self {
        Self { world: Arc::clone(world), fault, own: World::default() }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn world(&self) -> &World {
        if self.has(Fault::RemembersOnly) { &self.own } else { &self.world }
    }

    fn with<T>(&self, app: &str, work: impl FnOnce(&mut AppState) -> T) -> T {
        work(self.world().apps.lock().expect("nobody panicked").entry(app.to_owned()).or_default())
    }

    /// A smaller fence than one that was seen is refused.
    fn fenced(&self, order: &Order<'_>) -> Result<(), Failure> {
        let own = &self.own;
        let apps = if self.has(Fault::FenceForgotten) { &own.apps } else { &self.world().apps };
        let name = if self.has(Fault::FenceOfAll) { "*fence*" } else { &order.app.name };
        let mut apps = apps.lock().expect("nobody panicked");
        let seen = &mut apps.entry(name.to_owned()).or_default().fence;
        if order.fence < *seen && !self.has(Fault::FenceIgnored) {
            let what = format!("fence {} is over, {seen} was seen", order.fence);
            return Err(Failure::new(FailureKind::Fenced, what));
        }
        *seen = order.fence.max(*seen);
        Ok(())
    }

    /// Between two parts of a step: whoever looks on may stop it, or it is killed.
    fn pause(&self, app: &str, watch: &dyn Watch, ms: u64) -> Result<(), Failure> {
        // Only where somebody is killed: everything else is to be quick.
        let until = Instant::now() + Duration::from_millis(ms);
        while self.world.slow && app.contains("killed") && Instant::now() < until {
            thread::sleep(Duration::from_micros(500));
            if self.world.killed.load(Ordering::SeqCst) {
                break;
            }
        }
        if self.world.killed.swap(false, Ordering::SeqCst) {
            return Err(Failure::new(FailureKind::Passing, "killed"));
        }
        match watch.stop() {
            Some(FailureKind::Deadline) if self.has(Fault::DeadlineIgnored) => Ok(()),
            Some(FailureKind::Deadline) if self.has(Fault::DeadlineHangs) => {
                thread::sleep(Duration::from_secs(4));
                Ok(())
            }
            Some(FailureKind::Deadline) if self.has(Fault::DeadlineIsPassing) => {
                Err(Failure::new(FailureKind::Passing, "stopped"))
            }
            Some(FailureKind::Cancelled) if self.has(Fault::CancelIsDeadline) => {
                Err(Failure::new(FailureKind::Deadline, "stopped"))
            }
            Some(kind) => Err(Failure::new(kind, "stopped")),
            None => Ok(()),
        }
    }

    fn touch(&self, app: &str) {
        let orphan = sighting_of("orphan", "0", &side_of(None));
        self.with(app, |state| state.orphans.push(orphan));
    }

    /// The effect of a step, all at once.
    fn carry_out(&self, order: &Order<'_>) {
        let (from, to) = (order.from().map(key_of), order.to().map(key_of));
        let store = order.moved().is_some_and(|m| m.from.as_ref().or(m.to.as_ref()).is_some_and(is_store));
        self.with(&order.app.name, |state| match &order.step.action {
            Action::Provision(seat) => {
                state.sides.insert(key_of(seat), Side { health: Health::Ready, ..side_of(Some(seat)) });
            }
            Action::Shift { percent } => self.shift(state, (from, to), *percent, store),
            Action::Drain if to.is_none() => {
                if let Some(side) = from.and_then(|from| state.sides.get_mut(&from)) {
                    (side.percent, side.writable) = (0, store.then_some(false));
                }
            }
            Action::Retire(_) if self.has(Fault::RetireKeeps) => {}
            Action::Retire(seat) => {
                state.sides.remove(&key_of(seat));
            }
            _ => {}
        });
        if let Action::Retire(seat) = &order.step.action {
            if self.has(Fault::RetiresOthers) {
                let mut apps = self.world().apps.lock().expect("nobody panicked");
                apps.values_mut().for_each(|state| drop(state.sides.remove(&key_of(seat))));
            }
            if self.has(Fault::ComesBack) {
                let due = *self.world.steps.lock().expect("nobody panicked") + COMES_BACK_AFTER;
                let ghost = sighting_of(&seat.component, &seat.id(), &side_of(Some(seat)));
                self.with(&order.app.name, |state| state.ghosts.push((due, ghost)));
            }
        }
    }

    fn shift(&self, state: &mut AppState, sides: (Option<SideKey>, Option<SideKey>), percent: u8, store: bool) {
        let (from, to) = sides;
        if let Some(side) = from.and_then(|from| state.sides.get_mut(&from)) {
            side.percent = 100 - percent;
            side.writable = store.then_some(percent < 100 || self.has(Fault::BothTakeWrites));
        }
        if let Some(side) = to.and_then(|to| state.sides.get_mut(&to)) {
            (side.percent, side.writable) = (percent, store.then_some(percent == 100));
        }
    }

    fn reverse(&self, order: &Order<'_>) {
        let (from, to) = (order.from().map(key_of), order.to().map(key_of));
        let store = order.from().or(order.to()).is_some_and(is_store);
        self.with(&order.app.name, |state| match order.step.undo {
            Undo::RetireNew if !self.has(Fault::ProvisionNotUndone) => {
                to.map(|to| state.sides.remove(&to));
            }
            Undo::ShiftBack { percent } if !self.has(Fault::ShiftNotUndone) => {
                self.shift(state, (from, to), percent, store);
            }
            Undo::Resume if to.is_none() && !self.has(Fault::DrainNotUndone) => {
                if let Some(side) = from.and_then(|from| state.sides.get_mut(&from)) {
                    (side.percent, side.writable) = (100, store.then_some(true));
                }
            }
            _ => {}
        });
    }

    /// What is there of a step that was begun and not finished.
    fn half_done(&self, order: &Order<'_>) -> Result<(), Failure> {
        let (app, step) = (&order.app.name, order.step);
        if self.has(Fault::HalfCannotBeFinished) && self.with(app, |state| state.half.contains(&step.key)) {
            return Err(Failure::new(FailureKind::Passing, "it exists already"));
        }
        self.with(app, |state| {
            state.half.insert(step.key.clone());
            if let Action::Provision(seat) = &step.action {
                state.sides.entry(key_of(seat)).or_insert_with(|| side_of(Some(seat)));
            }
        });
        let runs = order.app.components.iter().find(|component| component.name == step.component);
        let image = runs.and_then(|component| component.image.as_deref()).unwrap_or_default();
        if step.action == Action::Verify && image.starts_with("placer.invalid/") {
            if self.has(Fault::FailureStays) {
                self.touch(app);
            }
            let what = if self.has(Fault::FailureWithoutReason) { "" } else { "the image cannot be pulled" };
            return Err(Failure::new(FailureKind::Passing, what));
        }
        Ok(())
    }

    /// The parts of a step, with somebody looking on between them.
    fn in_parts(&self, order: &Order<'_>, watch: &dyn Watch) -> Result<(), Failure> {
        self.pause(&order.app.name, watch, 0)?;
        self.half_done(order)?;
        self.pause(&order.app.name, watch, 20).inspect_err(|failure| {
            let killed = failure.what == "killed";
            if !killed && self.has(Fault::HalfStays) || killed && self.has(Fault::KillStays) {
                self.touch(&order.app.name);
            }
            if killed && self.has(Fault::KillCountsAsDone) {
                let key = order.step.key.clone();
                self.with(&order.app.name, |state| state.done.insert(key, "done".to_owned()));
            }
        })?;
        self.carry_out(order);
        Ok(())
    }
}

type SideKey = (String, String);

fn key_of(seat: &Seat) -> SideKey {
    (seat.component.clone(), seat.id())
}

fn is_store(seat: &Seat) -> bool {
    seat.kind.is_data_store()
}

/// A side that was just made; without a seat, of nothing that anybody ordered.
fn side_of(seat: Option<&Seat>) -> Side {
    let none = || Seat {
        component: "orphan".into(),
        kind: placer::app::Kind::Service,
        provider: "nobody".into(),
        region: "nowhere".into(),
        offer: "none".into(),
        purchase: placer::units::Purchase::OnDemand,
        count: 1,
        above: Vec::new(),
        form: None,
        machine_of: None,
        usd_month: None,
    };
    let writable = seat.is_some_and(is_store).then_some(false);
    Side { seat: seat.cloned().unwrap_or_else(none), health: Health::Starting, percent: 0, writable }
}

fn sighting_of(component: &str, seat: &str, side: &Side) -> Sighting {
    Sighting {
        component: component.to_owned(),
        seat: seat.to_owned(),
        provider: side.seat.provider.clone(),
        region: side.seat.region.clone(),
        health: side.health,
        percent: side.percent,
        writable: side.writable,
        address: None,
    }
}

impl Executor for Reference {
    fn name(&self) -> &'static str {
        "reference"
    }

    fn ready(&self, app: &App, _: &Plan) -> Result<(), Failure> {
        let secret = app.components.iter().flat_map(|component| &component.secrets).next();
        let Some(secret) = secret.filter(|_| !self.has(Fault::SecretNotMissed)) else {
            if self.has(Fault::ReadyTouches) {
                self.touch(&app.name);
            }
            let refused = self.has(Fault::ReadyRefuses);
            return if refused { Err(Failure::new(FailureKind::Refused, "not today")) } else { Ok(()) };
        };
        if self.has(Fault::MissingTouches) {
            self.touch(&app.name);
        }
        let kind = if self.has(Fault::MissingIsPassing) { FailureKind::Passing } else { FailureKind::Missing };
        let name = if self.has(Fault::MissingWithoutName) { "something" } else { secret };
        let failure = Failure::new(kind, format!("{name} is not set"));
        Err(if self.has(Fault::MissingWithoutHelp) { failure } else { failure.help("set it") })
    }

    fn apply(&self, order: &Order<'_>, watch: &dyn Watch) -> Result<Done, Failure> {
        self.fenced(order)?;
        assert!(!self.has(Fault::Panics), "this executor panics");
        self.world.killed.store(false, Ordering::SeqCst);
        let (app, key) = (&order.app.name, &order.step.key);
        let known = self.with(app, |state| state.done.get(key).cloned());
        if let Some(note) = known {
            let late = self.with(app, |state| state.last_key != *key);
            if self.has(Fault::TwiceMakesTwo) && !late {
                self.touch(app);
            }
            if !(self.has(Fault::OnlyLastKey) && late) {
                let twice = self.has(Fault::TwiceOtherNote) && !late;
                return Ok(Done { note: if twice { format!("{note} already") } else { note } });
            }
        }
        let note = format!("{} done", order.step.name);
        let skip = self.has(Fault::KeyForever) && self.with(app, |state| state.undone.contains(key));
        if !skip {
            self.in_parts(order, watch)?;
        }
        *self.world.steps.lock().expect("nobody panicked") += 1;
        self.with(app, |state| {
            state.half.remove(key);
            state.done.insert(key.clone(), note.clone());
            state.last_key.clone_from(key);
        });
        Ok(Done { note })
    }

    fn undo(&self, order: &Order<'_>, watch: &dyn Watch) -> Result<Done, Failure> {
        if !self.has(Fault::UndoUnfenced) {
            self.fenced(order)?;
        }
        if self.has(Fault::UndoRefused) {
            return Err(Failure::new(FailureKind::Refused, "this executor cannot undo"));
        }
        if let Some(kind) = watch.stop() {
            if self.has(Fault::UndoHangs) {
                thread::sleep(Duration::from_secs(4));
            }
            return Err(Failure::new(kind, "stopped"));
        }
        let (app, key) = (&order.app.name, &order.step.key);
        let (begun, twice) = self.with(app, |state| {
            let begun = state.done.contains_key(key) || state.half.contains(key);
            (begun, state.undone.contains(key))
        });
        let fails = if twice { self.has(Fault::SecondUndoFails) } else { self.has(Fault::UnbegunUndoFails) };
        if !begun && fails {
            return Err(Failure::new(FailureKind::Refused, "there is nothing to take back"));
        }
        if begun || self.has(Fault::UnbegunUndoShifts) && !twice {
            self.reverse(order);
        }
        self.with(app, |state| {
            state.done.remove(key);
            state.half.remove(key);
            if begun {
                state.undone.insert(key.clone());
            }
        });
        Ok(Done { note: format!("{} taken back", order.step.name) })
    }

    fn observe(&self, app: &str) -> Result<Vec<Sighting>, Failure> {
        if self.has(Fault::ObserveFails) {
            return Err(Failure::new(FailureKind::Passing, "the connection was closed"));
        }
        let now = *self.world.steps.lock().expect("nobody panicked");
        let apps = self.world().apps.lock().expect("nobody panicked");
        let mine = |(name, _): &(&String, &AppState)| *name == app || self.has(Fault::SeesOthers);
        let mut seen = Vec::new();
        for (_, state) in apps.iter().filter(mine) {
            let side = |((component, seat), side): (&SideKey, &Side)| sighting_of(component, seat, side);
            seen.extend(state.sides.iter().map(side));
            seen.extend(state.orphans.iter().cloned());
            seen.extend(state.ghosts.iter().filter(|(due, _)| *due <= now).map(|(_, ghost)| ghost.clone()));
        }
        if self.has(Fault::TrafficNotObserved) {
            for sighting in &mut seen {
                sighting.percent = 0;
            }
        }
        seen.sort_by(|a, b| (&a.component, &a.seat).cmp(&(&b.component, &b.seat)));
        if self.has(Fault::UnorderedSight) {
            seen.reverse();
        }
        Ok(seen)
    }
}
