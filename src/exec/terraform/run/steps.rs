//! Each step, forward and back: what changes in the list of sides, and what is then carried out.

use super::Terraform;
use super::converge::{Wanted, converge};
use super::folder::{AppFolder, Records};
use crate::exec::terraform::Side;
use crate::exec::{Done, Failure, FailureKind, Order, Watch};
use crate::plan::{Action, Seat, Undo};
use std::net::{TcpStream, ToSocketAddrs};
use std::thread;
use std::time::{Duration, Instant};

/// Between two looks at whether something answers.
const LOOK: Duration = Duration::from_millis(250);
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(2);

/// Refuses an order of a placer that another one has taken over from.
fn fence(records: &mut Records, order: &Order<'_>) -> Result<(), Failure> {
    if order.fence < records.fence {
        let what =
            format!("another placer carries {} now (fence {} after {})", order.app.name, records.fence, order.fence);
        return Err(Failure::new(FailureKind::Fenced, what));
    }
    records.fence = order.fence;
    Ok(())
}

/// Carries out a step.
pub fn apply(terraform: &Terraform, order: &Order<'_>, watch: &dyn Watch) -> Result<Done, Failure> {
    let folder = AppFolder::new(&terraform.root, &order.plan.app)?;
    let _lock = folder.lock(watch)?;
    let mut records = folder.records()?;
    fence(&mut records, order)?;
    if let Some(note) = records.done.get(&order.step.key) {
        return Ok(Done { note: note.clone() });
    }
    if let Some(kind) = watch.stop() {
        folder.keep(&records)?;
        return Err(Failure::new(kind, format!("stopped before `{}` was begun", order.step.name)));
    }
    let at = Place { terraform, folder: &folder, order, watch };
    let note = at.forward(&mut records)?;
    records.done.insert(order.step.key.clone(), note.clone());
    folder.keep(&records)?;
    Ok(Done { note })
}

/// Takes a step back.
pub fn undo(terraform: &Terraform, order: &Order<'_>, watch: &dyn Watch) -> Result<Done, Failure> {
    let folder = AppFolder::new(&terraform.root, &order.plan.app)?;
    if order.step.undo == Undo::Never {
        let what = format!("`{}` cannot be taken back: the old side is gone", order.step.name);
        return Err(Failure::new(FailureKind::Refused, what).help("another plan leads back"));
    }
    let _lock = folder.lock(watch)?;
    let mut records = folder.records()?;
    fence(&mut records, order)?;
    records.done.remove(&order.step.key);
    let at = Place { terraform, folder: &folder, order, watch };
    let note = at.back(&mut records)?;
    Ok(Done { note })
}

struct Place<'a> {
    terraform: &'a Terraform,
    folder: &'a AppFolder,
    order: &'a Order<'a>,
    watch: &'a dyn Watch,
}

impl Place<'_> {
    /// Writes down what should be there, then makes it so.
    fn make(&self, records: &mut Records) -> Result<(), Failure> {
        records.remembered.learn(self.order.app, &records.sides);
        self.folder.keep(records)?;
        let making = match &self.order.step.action {
            Action::Provision(seat) => records.sides.iter().find(|side| is_at(side, seat)).map(Side::label),
            _ => None,
        };
        let wanted = Wanted { app: self.order.app, records, making };
        converge(self.terraform, self.folder, &wanted, self.watch)
    }

    /// What the plan starts from must be what this executor made: anything else it could neither shift traffic from nor
    /// take away.
    fn known(&self, records: &Records) -> Result<(), Failure> {
        let Some(from) = self.order.from() else { return Ok(()) };
        if records.sides.iter().any(|side| is_at(side, from)) {
            return Ok(());
        }
        let what = format!("`{}` at {}:{} was not made by this executor", from.component, from.provider, from.region);
        let help = "leave its `[[today]]` out, or use the executor that made it";
        Err(Failure::new(FailureKind::Refused, what).help(help))
    }

    fn forward(&self, records: &mut Records) -> Result<String, Failure> {
        let step = self.order.step;
        if matches!(step.action, Action::Provision(_) | Action::Shift { .. } | Action::Drain) {
            self.known(records)?;
        }
        match &step.action {
            Action::Provision(seat) => {
                if !records.sides.iter().any(|side| is_at(side, seat)) {
                    let run = self.order.run.to_owned();
                    let side = Side { seat: seat.clone(), percent: 0, drained: false, run, step: step.name.clone() };
                    records.sides.push(side);
                    records.sides.sort_by_key(|side| (side.seat.component.clone(), side.seat.id()));
                }
                self.make(records)?;
                Ok(format!("made {} x {} at {}:{}", seat.count, seat.offer, seat.provider, seat.region))
            }
            Action::Verify => self.verify(records),
            Action::Copy(_) | Action::VerifyData => Err(self.no_data()),
            Action::Shift { percent } => {
                self.shift(records, *percent);
                self.make(records)?;
                Ok(format!("{percent} % of the traffic on the new side"))
            }
            Action::Drain => {
                if self.order.to().is_none()
                    && let Some(from) = self.order.from()
                {
                    set(records, from, |side| (side.percent, side.drained) = (0, true));
                    self.make(records)?;
                }
                self.folder.keep(records)?;
                self.wait(self.terraform.settings.drain)?;
                Ok("the old side has had time to finish".to_owned())
            }
            Action::Keep { hours } => {
                self.folder.keep(records)?;
                Ok(format!("the old side stays for {hours} hours"))
            }
            Action::Retire(seat) => {
                records.sides.retain(|side| !is_at(side, seat));
                self.make(records)?;
                Ok(format!("took {} x {} at {}:{} away", seat.count, seat.offer, seat.provider, seat.region))
            }
        }
    }

    fn back(&self, records: &mut Records) -> Result<String, Failure> {
        match self.order.step.undo {
            Undo::RetireNew => {
                if let Some(to) = self.order.to() {
                    records.sides.retain(|side| !is_at(side, to));
                }
                self.make(records)?;
                Ok("the new side is gone".to_owned())
            }
            Undo::ShiftBack { percent } => {
                self.shift(records, percent);
                self.make(records)?;
                Ok(format!("{percent} % of the traffic on the new side"))
            }
            Undo::Resume => {
                if self.order.to().is_none()
                    && let Some(from) = self.order.from()
                {
                    set(records, from, |side| (side.percent, side.drained) = (100, false));
                    self.make(records)?;
                }
                self.folder.keep(records)?;
                Ok("the old side goes on".to_owned())
            }
            Undo::StopCopy | Undo::Nothing => {
                self.folder.keep(records)?;
                Ok("nothing was changed".to_owned())
            }
            Undo::Never => Err(Failure::new(FailureKind::Refused, "it cannot be taken back")),
        }
    }

    /// Shares the traffic out: what the new side does not get stays on the old one.
    fn shift(&self, records: &mut Records, percent: u8) {
        if let Some(to) = self.order.to() {
            set(records, to, |side| side.percent = percent);
        }
        if let Some(from) = self.order.from() {
            set(records, from, |side| side.percent = 100_u8.saturating_sub(percent));
        }
    }

    /// The new side is there as the state has it; what the internet can reach of a service answers.
    fn verify(&self, records: &mut Records) -> Result<String, Failure> {
        let Some(to) = self.order.to() else { return Ok("there is no new side".to_owned()) };
        self.make(records)?;
        let seen = super::seen::side(self.terraform, self.folder, to, self.watch)?;
        let Some(seen) = seen else {
            let what = format!("{} at {}:{} is not in the state", to.component, to.provider, to.region);
            return Err(Failure::new(FailureKind::Passing, what));
        };
        let open = seen.public.iter().find(|host| !host.contains("://")).filter(|_| seen.kind == "service");
        match open.filter(|_| !self.terraform.settings.rehearsal) {
            Some(host) => self.answers(host, seen.port),
            None => Ok("it is there; nobody outside its network can ask it".to_owned()),
        }
    }

    /// Waits until somebody listens at an address.
    fn answers(&self, host: &str, port: u16) -> Result<String, Failure> {
        loop {
            let found = (host, port).to_socket_addrs().ok().and_then(|mut found| found.next());
            if found.is_some_and(|address| TcpStream::connect_timeout(&address, CONNECT).is_ok()) {
                return Ok(format!("it answers at {host}:{port}"));
            }
            if let Some(kind) = self.watch.stop() {
                let what = format!("nothing answers at {host}:{port}");
                return Err(Failure::new(kind, what).help("look at the machine's console: does its container run?"));
            }
            thread::sleep(LOOK);
        }
    }

    fn wait(&self, time: Duration) -> Result<(), Failure> {
        let until = Instant::now() + time;
        while Instant::now() < until {
            if let Some(kind) = self.watch.stop() {
                return Err(Failure::new(kind, "stopped while the old side finishes"));
            }
            thread::sleep(LOOK.min(until.saturating_duration_since(Instant::now())));
        }
        Ok(())
    }

    fn no_data(&self) -> Failure {
        let what = format!("`{}`: the executor terraform moves no data", self.order.step.name);
        Failure::new(FailureKind::Refused, what).help("move the store yourself, then state where it is under [[today]]")
    }
}

/// Whether a side is a seat's.
fn is_at(side: &Side, seat: &Seat) -> bool {
    side.seat.component == seat.component && side.seat.id() == seat.id()
}

fn set(records: &mut Records, seat: &Seat, change: impl Fn(&mut Side)) {
    records.sides.iter_mut().filter(|side| is_at(side, seat)).for_each(change);
}
