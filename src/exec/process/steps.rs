//! What each step does.

use super::command;
use super::failures::refused;
use super::files;
use super::gate::Gate;
use super::guard::Patience;
use super::job::Job;
use super::layout::AppDir;
use super::ports;
use super::routes::{Listener, Target};
use super::side::{Family, Side, words};
use super::supervise;
use super::{Process, store};
use crate::app::{App, Component};
use crate::exec::Failure;
use crate::plan::{Action, Seat};
use rustix::process::Signal;
use std::time::Duration;

/// Processes that one side may have: a folder is no data centre.
pub const PROCESSES_MAX: u32 = 32;

impl Process {
    /// Starts what does not run of a side that is to run. Nothing is done where it is gone.
    ///
    /// # Errors
    /// Programs and secrets that are not there.
    pub(super) fn start_side(&self, app: &AppDir, side: &Side) -> Result<(), Failure> {
        let Some(_hand) = side.hand()? else { return Ok(()) };
        // Somebody may have stopped it on purpose while the hand was waited for.
        let Some(side) = Side::read(&side.dir)?.filter(|side| side.file.wanted) else { return Ok(()) };
        match store::of(side.file.family) {
            Some(store) => store.start(self, app, &side),
            None => command::start(self, app, &side),
        }
    }

    /// Stops a side after so long at most, and notes that it is to stay so.
    pub(super) fn end_side(side: &Side, grace: Duration, patience: &dyn Patience) -> Result<(), Failure> {
        let Some(_hand) = side.hand()? else { return Ok(()) };
        let Some(mut side) = Side::read(&side.dir)? else { return Ok(()) };
        if side.file.wanted {
            side.file.wanted = false;
            side.save()?;
        }
        side.processes().iter().try_for_each(|dir| supervise::stop(dir, Signal::TERM, grace, patience))
    }
}

impl Job<'_> {
    /// Carries the step out.
    pub(super) fn act(&self) -> Result<String, Failure> {
        match &self.order.step.action {
            Action::Provision(seat) => self.provision(seat),
            Action::Verify => self.verify(),
            Action::Copy(_) => self.copy(),
            Action::VerifyData => self.verify_data(),
            Action::Shift { percent } => self.shift(*percent),
            Action::Drain => self.drain(),
            Action::Keep { hours } => Ok(format!("the old side is kept for {hours} h")),
            Action::Retire(seat) => self.retire(seat),
        }
    }

    fn provision(&self, seat: &Seat) -> Result<String, Failure> {
        self.check_apart()?;
        self.check_start()?;
        let family = Family::of(seat.kind)?;
        let mut side = self.written(seat, family)?;
        self.connect(&side)?;
        if let Some(store) = store::of(family) {
            store.make(self, &side)?;
        }
        if !side.file.wanted {
            // Not before: whoever starts it must find all that it needs.
            side.file.wanted = true;
            side.save()?;
        }
        self.process.start_side(&self.app, &side)?;
        if let Some(store) = store::of(family) {
            self.settle(store, &side)?;
        }
        Ok(format!("{} was started", words(&side.dir)))
    }

    /// Waits for a new store. One that has nobody to follow is the first and takes writes at once: who calls it is started
    /// before it gets its traffic.
    fn settle(&self, store: &dyn store::Store, side: &Side) -> Result<(), Failure> {
        store.settle(self, side)?;
        let gate = Gate::of(&self.app, &side.file.component)?;
        let truth = store::truth(&gate)?;
        if self.order.from().is_none() && truth.as_ref().is_none_or(|truth| *truth == side.file.seat) {
            if truth.is_none() {
                store::set_truth(&gate, &side.file.seat)?;
            }
            store.open(self, side)?;
        }
        Ok(())
    }

    /// The side of a seat, written down with its ports.
    fn written(&self, seat: &Seat, family: Family) -> Result<Side, Failure> {
        let dir = self.app.side(seat)?;
        if let Some(side) = Side::read(&dir)? {
            return Ok(side);
        }
        let count = if family.is_store() { 1 } else { seat.count.clamp(1, PROCESSES_MAX) };
        files::make_folder(&dir)?;
        let root = &self.process.root;
        let _ports = files::lock_folder(root)?;
        let ports =
            if family.answers() { ports::choose(root, &dir.to_string_lossy(), count as usize)? } else { Vec::new() };
        let mut file = Side::planned(&self.order.app.name, seat, family, ports);
        file.count = count;
        if !family.is_store() {
            let component = component(self.order.app, &seat.component)?;
            file.command.clone_from(&component.command);
            file.env.clone_from(&component.env);
            file.secrets.clone_from(&component.secrets);
            file.calls = command::calls(self.order.app, component);
        }
        let side = Side { dir, file };
        side.save()?;
        Ok(side)
    }

    /// Makes a side known to its own proxy, and to those of the components that it calls.
    fn connect(&self, side: &Side) -> Result<(), Failure> {
        let root = &self.process.root;
        let name = &side.file.component;
        let target = Target {
            seat: side.file.seat.clone(),
            place: side.place(),
            percent: 0,
            ports: side.file.ports.clone(),
            cut: false,
        };
        {
            let _ports = files::lock_folder(root)?;
            let people = Listener { caller: None, place: None, port: 0 };
            self.listen(name, side.file.family.answers().then_some(people), |routes| routes.put(name, target))?;
        }
        for call in &side.file.calls {
            let _ports = files::lock_folder(root)?;
            let own = Listener { caller: Some(side.caller()), place: Some(side.place()), port: 0 };
            self.listen(&call.component, Some(own), |_| {})?;
        }
        Ok(())
    }

    /// Changes the routes of a component, and lets its proxy listen for a caller. The port is chosen once.
    fn listen(
        &self,
        component: &str,
        listener: Option<Listener>,
        with: impl FnOnce(&mut super::routes::Routes),
    ) -> Result<(), Failure> {
        let known = Gate::of(&self.app, component)?.routes()?;
        let new = listener.filter(|new| !known.listeners.iter().any(|listener| listener.caller == new.caller));
        let port = match &new {
            Some(new) => {
                let seed = format!("{component}{}", new.caller.as_deref().unwrap_or_default());
                ports::choose(&self.process.root, &seed, 1)?.first().copied()
            }
            None => None,
        };
        self.route(component, |routes| {
            if let Some((new, port)) = new.zip(port) {
                routes.listeners.push(Listener { port, ..new });
            }
            with(routes);
        })
    }

    fn verify(&self) -> Result<String, Failure> {
        let side = self.new_side()?;
        match store::of(side.file.family) {
            Some(store) => store.settle(self, &side)?,
            None => command::verify(self.process, &self.app, &side, &self.guard)?,
        }
        Ok(format!("{} answers", words(&side.dir)))
    }

    fn copy(&self) -> Result<String, Failure> {
        let (store, from, to) = self.stores()?;
        store.copy(self, &from, &to)
    }

    fn verify_data(&self) -> Result<String, Failure> {
        let (store, from, to) = self.stores()?;
        store.compare(self, &from, &to)
    }

    /// Both sides of a store.
    pub(super) fn stores(&self) -> Result<(&'static dyn store::Store, Side, Side), Failure> {
        let store = store::of(self.family()?).ok_or_else(|| refused("there are no data to copy"))?;
        let from = self.old()?.ok_or_else(|| self.nothing("has an old side"))?;
        Ok((store, from, self.new_side()?))
    }

    fn shift(&self, percent: u8) -> Result<String, Failure> {
        let to = self.new_side()?;
        match (store::of(to.file.family), self.old()?) {
            (Some(store), Some(from)) => store::hand_over(self, store, &from, &to),
            (_, from) => {
                self.weigh(from.as_ref(), &to, percent)?;
                Ok(format!("{percent} % of the traffic goes to {}", words(&to.dir)))
            }
        }
    }

    /// Gives the new side so many percent, and the old one the rest.
    pub(super) fn weigh(&self, from: Option<&Side>, to: &Side, percent: u8) -> Result<(), Failure> {
        let name = &to.file.component;
        self.route(name, |routes| {
            for (side, percent) in [(from, 100 - percent.min(100)), (Some(to), percent.min(100))] {
                if let Some(target) = side.and_then(|side| routes.target_mut(name, &side.file.seat)) {
                    target.percent = percent;
                }
            }
        })
    }

    fn drain(&self) -> Result<String, Failure> {
        let Some(from) = self.old()? else { return Ok("there is nothing to drain".into()) };
        let (name, seat) = (&from.file.component, &from.file.seat);
        if self.order.to().is_none() {
            self.set_percent(&from, 0)?;
        }
        match store::of(from.file.family) {
            // One that is succeeded takes no writes since the shift.
            Some(store) if self.order.to().is_none() => store.close(self, &from)?,
            Some(_) => {}
            None if from.file.family.answers() => {
                let gate = Gate::of(&self.app, name)?;
                let cut = gate.drain(&self.process.program, &self.guard, (name, seat), self.process.grace)?;
                if cut > 0 {
                    let grace = self.process.grace.as_secs();
                    self.guard.tell(&format!("{cut} connections had not ended after {grace} s"));
                }
            }
            None => Process::end_side(&from, self.process.grace, &self.guard)?,
        }
        Ok(format!("{} has nothing left to do", words(&from.dir)))
    }

    pub(super) fn set_percent(&self, side: &Side, percent: u8) -> Result<(), Failure> {
        let (name, seat) = (&side.file.component, &side.file.seat);
        self.route(name, |routes| {
            routes.target_mut(name, seat).into_iter().for_each(|target| target.percent = percent);
        })
    }

    fn retire(&self, seat: &Seat) -> Result<String, Failure> {
        self.remove(seat)?;
        Ok(format!("{} in {}/{} is gone", seat.component, seat.provider, seat.region))
    }

    /// Takes a side away, in whatever state it is: out of its proxy's routes, its processes, its folder, its listeners at the
    /// components that it called.
    pub(super) fn remove(&self, seat: &Seat) -> Result<(), Failure> {
        let dir = self.app.side(seat)?;
        let id = seat.id();
        self.check_spare(seat)?;
        if let Some(store) = Family::of(seat.kind).ok().and_then(store::of)
            && let Some(other) = self.other_side(seat)?
        {
            // Its data are about to go: it need not end in good order, and follows nobody meanwhile.
            if let Some(gone) = Side::read(&dir)? {
                Process::end_side(&gone, Duration::ZERO, &self.guard)?;
            }
            store.forget(self, &other, &id)?;
        }
        if Gate::of(&self.app, &seat.component)?.dir().exists() {
            self.route(&seat.component, |routes| routes.take(&seat.component, &id))?;
        }
        super::tear_down::side(&dir)?;
        self.app.prune(&dir);
        let caller = format!("{}-{id}", seat.component);
        for component in self.app.components()? {
            let listens = Gate::of(&self.app, &component)?.routes()?.listeners;
            if listens.iter().any(|listener| listener.caller.as_deref() == Some(&caller)) {
                self.route(&component, |routes| {
                    routes.listeners.retain(|listener| listener.caller.as_deref() != Some(&caller));
                })?;
            }
        }
        Ok(())
    }

    /// That nothing is lost when a side's data go: another side has the truth, or there is none that could.
    ///
    /// # Errors
    /// When the side alone has what was written.
    pub(super) fn check_spare(&self, seat: &Seat) -> Result<(), Failure> {
        let gate = Gate::of(&self.app, &seat.component)?;
        if store::truth(&gate)?.as_deref() == Some(&seat.id()) && self.other_side(seat)?.is_some() {
            let what =
                format!("`{}` in {}/{} has what the other side has not", seat.component, seat.provider, seat.region);
            return Err(refused(what).help("shift its traffic to the other side first"));
        }
        Ok(())
    }

    /// The side of the step's component that is not this one.
    fn other_side(&self, seat: &Seat) -> Result<Option<Side>, Failure> {
        let id = seat.id();
        let other = [self.order.from(), self.order.to()].into_iter().flatten().find(|other| other.id() != id);
        Ok(other.map(|other| Side::of(&self.app, other)).transpose()?.flatten())
    }
}

/// The component of the application that a seat's component belongs to.
fn component<'a>(app: &'a App, name: &str) -> Result<&'a Component, Failure> {
    let base = super::layout::base(name);
    app.components.iter().find(|component| component.name == base).ok_or_else(|| {
        refused(format!("the application has no component `{base}`")).help("the plan is for another app.toml")
    })
}
