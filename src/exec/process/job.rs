//! One step on its way: who asked for it, how long it may take, and what most steps need.

use super::Process;
use super::done::DoneFile;
use super::failures::{passing, refused};
use super::gate::Gate;
use super::guard::Guard;
use super::keeper;
use super::layout::AppDir;
use super::routes::{Delay, Routes};
use super::side::{Family, Side};
use crate::exec::{Failure, Order, Watch};
use crate::plan::Seat;

/// A step that is being carried out or taken back.
pub struct Job<'a> {
    pub process: &'a Process,
    pub order: &'a Order<'a>,
    pub app: AppDir,
    pub guard: Guard<'a>,
}

impl<'a> Job<'a> {
    /// Takes the right to act on the application.
    ///
    /// # Errors
    /// As [`Guard::take`].
    pub fn begin(process: &'a Process, order: &'a Order<'a>, watch: &'a dyn Watch) -> Result<Self, Failure> {
        let app = AppDir::new(&process.root, &order.app.name)?;
        let guard = Guard::take(&app, order.fence, watch)?;
        Ok(Self { process, order, app, guard })
    }

    /// Carries the step out, unless it was done.
    ///
    /// # Errors
    /// What kept it from being done.
    pub fn apply(&self) -> Result<String, Failure> {
        let mut done = DoneFile::read(&self.app, self.order.plan)?;
        if let Some(note) = done.note(&self.order.step.key) {
            return Ok(note.to_owned());
        }
        self.keep()?;
        let note = self.act()?;
        self.tidy()?;
        done.add(&self.app, &self.order.step.key, &note)?;
        Ok(note)
    }

    /// Takes the step back.
    ///
    /// # Errors
    /// What kept it from being taken back.
    pub fn undo(&self) -> Result<String, Failure> {
        self.keep()?;
        // Forgotten first: what is half taken back was not done.
        DoneFile::read(&self.app, self.order.plan)?.forget(&self.app, self.order.plan, &self.order.step.key)?;
        let note = self.take_back()?;
        self.tidy().map(|()| note)
    }

    /// Makes sure that the keeper runs.
    fn keep(&self) -> Result<(), Failure> {
        let secrets = self.order.app.components.iter().flat_map(|component| &component.secrets);
        keeper::ensure(self.process, &self.app, secrets)
    }

    /// When nothing of the application is left, takes away what looked after it.
    fn tidy(&self) -> Result<(), Failure> {
        if self.app.sides()?.is_empty() && self.app.components()?.is_empty() {
            super::tear_down::leftovers(&self.app)?;
        }
        Ok(())
    }

    /// How the step's component is run.
    ///
    /// # Errors
    /// A kind that cannot be.
    pub fn family(&self) -> Result<Family, Failure> {
        let seat = self.order.to().or(self.order.from());
        Family::of(seat.ok_or_else(|| self.nothing("moves"))?.kind)
    }

    /// The seats of the old and the new side have one folder: plans tell them apart by a form that a seat's id leaves out.
    pub fn check_apart(&self) -> Result<(), Failure> {
        match (self.order.from(), self.order.to()) {
            (Some(from), Some(to)) if self.app.side(from)? == self.app.side(to)? => {
                let what = format!("both sides of `{}` have the same name", self.order.step.component);
                Err(refused(what).help("move it to another place or offer first"))
            }
            _ => Ok(()),
        }
    }

    /// That the plan starts from what is here.
    ///
    /// # Errors
    /// An old side that this executor never made.
    pub fn check_start(&self) -> Result<(), Failure> {
        match self.order.from() {
            Some(from) if Side::of(&self.app, from)?.is_none() => {
                let Seat { component, provider, region, .. } = from;
                let what = format!("`{component}` is not in {provider}/{region} on this machine");
                Err(refused(what).help("leave its `[[today]]` out, or use the executor that made it"))
            }
            _ => Ok(()),
        }
    }

    /// The old side; `None`: the plan has none.
    ///
    /// # Errors
    /// When the plan has one that is not there.
    pub fn old(&self) -> Result<Option<Side>, Failure> {
        self.order.from().map(|seat| self.side(seat)).transpose()
    }

    /// The new side.
    ///
    /// # Errors
    /// When it is not there.
    pub fn new_side(&self) -> Result<Side, Failure> {
        self.side(self.order.to().ok_or_else(|| self.nothing("has a new side"))?)
    }

    fn side(&self, seat: &Seat) -> Result<Side, Failure> {
        Side::of(&self.app, seat)?.ok_or_else(|| {
            let what = format!("`{}` is not in {}/{}", seat.component, seat.provider, seat.region);
            passing(what).help("`placer status` shows what is there")
        })
    }

    pub fn nothing(&self, what: &str) -> Failure {
        refused(format!("the plan has the step `{}`, but nothing of that component {what}", self.order.step.name))
    }

    /// Changes the routes of a component.
    ///
    /// # Errors
    /// As [`Gate::change`].
    pub fn route(&self, component: &str, with: impl FnOnce(&mut Routes)) -> Result<(), Failure> {
        Gate::of(&self.app, component)?.change(&self.process.program, &self.guard, |routes| {
            with(routes);
            routes.delays = self.delays(routes);
        })
    }

    /// The round trips of all pairs that a proxy may have to do with.
    fn delays(&self, routes: &Routes) -> Vec<Delay> {
        let mut delays = Vec::new();
        let mut from: Vec<&str> = routes.listeners.iter().filter_map(|listener| listener.place.as_deref()).collect();
        let mut to: Vec<&str> = routes.groups.iter().flat_map(|g| &g.sides).map(|side| side.place.as_str()).collect();
        for places in [&mut from, &mut to] {
            places.sort_unstable();
            places.dedup();
        }
        for a in from {
            for b in &to {
                let round_trip_us = u64::try_from(self.process.delays.between(a, b).as_micros()).unwrap_or(0);
                if round_trip_us > 0 {
                    delays.push(Delay { from: a.to_owned(), to: (*b).to_owned(), round_trip_us });
                }
            }
        }
        delays
    }
}
