//! An executor over a model of the world, with trouble on order: what tests of the journal and the autopilot carry plans out with.

#![allow(dead_code, reason = "each test program uses a part of it")]

use placer::app::App;
use placer::exec::{Done, Executor, Failure, FailureKind, Health, Order, Sighting, Watch};
use placer::plan::{Action, Plan, Seat, Undo};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A side: what it is, and the share of the traffic that it gets.
pub type Sides = BTreeMap<(String, String), (Seat, u8)>;

/// The world.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct World {
    /// By component and [`Seat::id`].
    pub sides: Sides,
    /// Components that are being copied.
    pub copying: Vec<String>,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The step fails, before it has done anything, each time.
    Fails,
    /// The step has done its work and then fails, each time.
    FailsAfter,
    /// It fails so often for a passing reason, then does not.
    Passes(u32),
    /// The process dies before the effect: stands for it by a cancelled step.
    DiesBefore,
    /// The process dies after the effect, before anybody knows.
    DiesAfter,
}

/// The executor.
pub struct Model {
    pub world: Arc<Mutex<World>>,
    /// Name of a step (with `undo:` before it for its undo), and its trouble.
    pub trouble: Mutex<Option<(String, Trouble)>>,
    /// Set when the process would be dead.
    pub dead: Arc<AtomicBool>,
    /// Asked before each effect, with the step's name: the journal must know of it.
    pub before: Box<dyn Fn(&str) + Send + Sync>,
    /// Every effect, in order.
    pub log: Mutex<Vec<String>>,
}

impl Model {
    pub fn new(world: &Arc<Mutex<World>>) -> Self {
        Self {
            world: Arc::clone(world),
            trouble: Mutex::new(None),
            dead: Arc::new(AtomicBool::new(false)),
            before: Box::new(|_| {}),
            log: Mutex::new(Vec::new()),
        }
    }

    pub fn troubled(self, step: &str, trouble: Trouble) -> Self {
        *self.trouble.lock().unwrap() = Some((step.to_owned(), trouble));
        self
    }

    fn go(&self, name: String, effect: impl FnOnce(&mut World)) -> Result<Done, Failure> {
        (self.before)(&name);
        let mut trouble = self.trouble.lock().unwrap();
        let mine = trouble.as_ref().filter(|(step, _)| *step == name).map(|(_, trouble)| *trouble);
        let failed = |kind| Err(Failure::new(kind, "trouble on order"));
        match mine {
            Some(Trouble::Fails) => return failed(FailureKind::Refused),
            Some(Trouble::Passes(times)) => {
                *trouble = (times > 1).then(|| (name.clone(), Trouble::Passes(times - 1)));
                return failed(FailureKind::Passing);
            }
            Some(Trouble::DiesBefore) => {
                *trouble = None;
                self.dead.store(true, Ordering::Relaxed);
                return failed(FailureKind::Cancelled);
            }
            _ => {}
        }
        effect(&mut self.world.lock().unwrap());
        self.log.lock().unwrap().push(name);
        match mine {
            Some(Trouble::FailsAfter) => failed(FailureKind::Refused),
            Some(Trouble::DiesAfter) => {
                *trouble = None;
                self.dead.store(true, Ordering::Relaxed);
                failed(FailureKind::Cancelled)
            }
            _ => Ok(Done { note: "as ordered".into() }),
        }
    }
}

fn share(world: &mut World, order: &Order<'_>, percent: u8) {
    let mut set = |seat: Option<&Seat>, percent: u8| {
        let key = |seat: &Seat| (seat.component.clone(), seat.id());
        if let Some(side) = seat.and_then(|seat| world.sides.get_mut(&key(seat))) {
            side.1 = percent;
        }
    };
    set(order.from(), 100 - percent);
    set(order.to(), percent);
}

impl Executor for Model {
    fn name(&self) -> &'static str {
        "model"
    }

    fn ready(&self, _: &App, plan: &Plan) -> Result<(), Failure> {
        if plan.to.seats.iter().any(|seat| seat.provider == "nowhere") {
            return Err(Failure::new(FailureKind::Missing, "no credentials for `nowhere`").help("set NOWHERE_TOKEN"));
        }
        Ok(())
    }

    fn apply(&self, order: &Order<'_>, _: &dyn Watch) -> Result<Done, Failure> {
        let component = order.step.component.clone();
        self.go(order.step.name.clone(), |world| match &order.step.action {
            Action::Provision(seat) => {
                let key = (component, seat.id());
                world.sides.entry(key).or_insert_with(|| (seat.clone(), 0));
            }
            Action::Copy(_) if !world.copying.contains(&component) => world.copying.push(component),
            Action::Shift { percent } => share(world, order, *percent),
            // Without a successor, draining is the end of the traffic.
            Action::Drain if order.to().is_none() => {
                let from = order.from().expect("it is somewhere");
                world.sides.get_mut(&(component, from.id())).expect("it is there").1 = 0;
            }
            Action::Retire(seat) => {
                world.copying.retain(|name| *name != component);
                world.sides.remove(&(component, seat.id()));
            }
            _ => {}
        })
    }

    fn undo(&self, order: &Order<'_>, _: &dyn Watch) -> Result<Done, Failure> {
        let component = order.step.component.clone();
        self.go(format!("undo:{}", order.step.name), |world| match order.step.undo {
            Undo::RetireNew => {
                let to = order.to().expect("it goes somewhere");
                world.sides.remove(&(component, to.id()));
            }
            Undo::StopCopy => world.copying.retain(|name| *name != component),
            Undo::ShiftBack { percent } => share(world, order, percent),
            Undo::Resume if order.to().is_none() => {
                let from = order.from().expect("it is somewhere");
                world.sides.get_mut(&(component, from.id())).expect("it is there").1 = 100;
            }
            _ => {}
        })
    }

    fn observe(&self, _: &str) -> Result<Vec<Sighting>, Failure> {
        let seen = |((component, seat), (side, percent)): (&(String, String), &(Seat, u8))| Sighting {
            component: component.clone(),
            seat: seat.clone(),
            provider: side.provider.clone(),
            region: side.region.clone(),
            health: Health::Ready,
            percent: *percent,
            writable: side.kind.is_data_store().then_some(*percent == 100),
            address: None,
        };
        Ok(self.world.lock().unwrap().sides.iter().map(seen).collect())
    }
}
