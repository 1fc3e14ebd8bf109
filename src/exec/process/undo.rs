//! How each step is taken back.

use super::command;
use super::failures::refused;
use super::job::Job;
use super::side::{Family, Side};
use super::store;
use crate::exec::Failure;
use crate::plan::{Action, Undo};

impl Job<'_> {
    /// Takes the step back, as far as it was carried out.
    pub(super) fn take_back(&self) -> Result<String, Failure> {
        let component = &self.order.step.component;
        match (self.order.step.undo, &self.order.step.action) {
            (Undo::RetireNew, Action::Provision(seat)) => {
                self.check_apart()?;
                self.remove(seat)?;
                Ok(format!("the new side of `{component}` is gone"))
            }
            (Undo::StopCopy, _) => {
                if let (Some(store), Some(from)) = (store::of(self.family()?), self.there(true)?) {
                    if let Some(to) = self.order.to() {
                        self.check_spare(to)?;
                    }
                    store.stop_copy(self, &from, self.there(false)?.as_ref())?;
                }
                Ok(format!("`{component}` is not copied any more"))
            }
            (Undo::ShiftBack { percent }, _) => self.shift_back(percent),
            (Undo::Resume, _) => self.resume(),
            (Undo::Never, _) => {
                let what = format!("`{}` cannot be taken back: the old side is gone", self.order.step.name);
                Err(refused(what).help("another plan leads back"))
            }
            (Undo::Nothing | Undo::RetireNew, _) => Ok("there is nothing to take back".into()),
        }
    }

    /// The old or the new side; `None`: it is not there, or the plan has none.
    fn there(&self, old: bool) -> Result<Option<Side>, Failure> {
        let seat = if old { self.order.from() } else { self.order.to() };
        Ok(seat.map(|seat| Side::of(&self.app, seat)).transpose()?.flatten())
    }

    fn shift_back(&self, percent: u8) -> Result<String, Failure> {
        let note = format!("{percent} % of the traffic goes to the new side of `{}`", self.order.step.component);
        let Some(to) = self.there(false)? else { return Ok(note) };
        match (store::of(to.file.family), self.there(true)?) {
            (Some(store), Some(from)) => store::hand_over(self, store, &to, &from).map(|_| note),
            (_, from) => self.weigh(from.as_ref(), &to, percent).map(|()| note),
        }
    }

    fn resume(&self) -> Result<String, Failure> {
        let note = format!("the old side of `{}` takes work again", self.order.step.component);
        let Some(mut from) = self.there(true)? else { return Ok(note) };
        if self.order.to().is_none() {
            if let Some(store) = store::of(from.file.family) {
                store.open(self, &from)?;
            }
            self.set_percent(&from, 100)?;
        }
        if matches!(from.file.family, Family::Worker | Family::Job) && !from.file.wanted {
            from.file.wanted = true;
            from.save()?;
            // It may still be about to end, as it was asked to.
            command::verify(self.process, &self.app, &from, &self.guard)?;
        }
        Ok(note)
    }
}
