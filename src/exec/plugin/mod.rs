//! The executor that is any program: newline-delimited JSON-RPC 2.0 over its standard input and output, as
//! docs/executor-protocol.md says.
//!
//! Invariant: whatever the program does (garbage, wrong answers, endless output, hanging, dying), a call ends within the
//! step's deadline and the limits here, with a result or a failure, and no process of it is left behind that was not told to
//! end.
//!
//! A program is asked one thing at a time. When two things are asked at once, it is started twice: what is there is in the
//! world, not in the process ([`crate::exec`], "Observed, not remembered").

mod answer;
mod order;
mod process;
mod session;
pub mod wire;
mod words;

use super::{Done, Executor, Failure, FailureKind, Order, Sighting, Watch};
use crate::app::{App, Kind};
use crate::plan::{Plan, Undo};
use process::Group;
use session::{Session, Waiting, Wrong};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use wire::{Call, Info, Initialize, Observe, PROTOCOL};

/// What to do when no answer comes: to `initialize`, to a question, to a step.
const AFTER_HELLO: &str =
    "it has to answer `initialize` first of all, and to flush what it writes (docs/executor-protocol.md)";
const AFTER_LOOK: &str = "nothing was changed; ask again";
const AFTER_STEP: &str = "what the step has done so far is not known; it is sent again, or taken back";

/// A program with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The program: a name in the `PATH`, or a path.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
}

impl Command {
    /// Reads a command as a shell does, quotes and backslashes included; nothing is expanded.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        Self::of(shlex::split(line)?)
    }

    /// The command of a program followed by its arguments; `None`: there is no program.
    #[must_use]
    pub fn of(words: Vec<String>) -> Option<Self> {
        let mut words = words.into_iter();
        let program = words.next().filter(|program| !program.is_empty())?;
        Some(Self { program, args: words.collect() })
    }

    /// The command as [`Command::parse`] reads it.
    #[must_use]
    pub fn line(&self) -> String {
        let words = std::iter::once(self.program.as_str()).chain(self.args.iter().map(String::as_str));
        shlex::try_join(words).unwrap_or_default()
    }
}

/// What a plugin may take and send.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For the answer to `initialize`.
    pub start: Duration,
    /// For the answers to `ready` and `observe`.
    pub look: Duration,
    /// To stop after `cancel`, before it is killed.
    pub stop: Duration,
    /// To end by itself after its standard input was closed, before it is killed.
    pub end: Duration,
    /// Bytes of a line.
    pub line_bytes: usize,
    /// Bytes of all lines for one request.
    pub answer_bytes: usize,
    /// Lines for one request that are no messages.
    pub strays: usize,
    /// Lines of progress and standard error for one request that are passed on.
    pub told: usize,
    /// Characters of such a line.
    pub text_chars: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            start: Duration::from_secs(10),
            look: Duration::from_secs(60),
            stop: Duration::from_secs(5),
            end: Duration::from_secs(2),
            line_bytes: 4 << 20,
            answer_bytes: 16 << 20,
            strays: 20,
            told: 1_000,
            text_chars: 500,
        }
    }
}

/// The processes of plugins, for whoever wants to kill them while they are asked something.
#[derive(Clone, Debug, Default)]
pub struct Running {
    groups: Arc<Mutex<Vec<Weak<Group>>>>,
}

impl Running {
    /// Kills every one, and what it has started, as `kill -9` does.
    pub fn kill(&self) {
        for group in self.groups.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade) {
            group.kill();
        }
    }

    fn add(&self, group: &Arc<Group>) {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        groups.retain(|group| group.strong_count() > 0);
        groups.push(Arc::downgrade(group));
    }
}

/// The executor.
pub struct Plugin {
    name: String,
    command: Command,
    limits: Limits,
    /// Processes that wait to be asked, with what they said of themselves.
    idle: Mutex<Vec<(Session, Info)>>,
    running: Running,
}

impl Plugin {
    /// The executor that is this command. Nothing is started before it is asked something.
    #[must_use]
    pub fn new(command: Command, limits: Limits) -> Self {
        Self::among(command, limits, &Running::default())
    }

    /// The same, with its processes among others.
    #[must_use]
    pub fn among(command: Command, limits: Limits, running: &Running) -> Self {
        let name = format!("plugin:{}", command.line());
        Self { name, command, limits, idle: Mutex::default(), running: running.clone() }
    }

    /// What the plugin says of itself.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be started, or does not speak this protocol.
    pub fn info(&self) -> Result<Info, Failure> {
        let (session, info) = self.take()?;
        self.keep(session, info.clone());
        Ok(info)
    }

    /// A process that can be asked: one that waits, or a new one.
    fn take(&self) -> Result<(Session, Info), Failure> {
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match idle {
                Some((session, _)) if session.process().ended() => session.kill(),
                Some(found) => return Ok(found),
                None => return self.start(),
            }
        }
    }

    fn keep(&self, session: Session, info: Info) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((session, info));
    }

    fn start(&self) -> Result<(Session, Info), Failure> {
        let mut session = Session::start(&self.command, self.limits)?;
        self.running.add(session.process().group());
        let hello = Initialize { protocol: PROTOCOL, placer: env!("CARGO_PKG_VERSION").to_owned() };
        let waiting =
            Waiting { watch: None, limit: self.limits.start, what: "`initialize`".to_owned(), after: AFTER_HELLO };
        let answer = session.ask(Call::Initialize(hello), &waiting);
        let failed = |wrong| match wrong {
            Wrong::Said(failure) => failure,
            // Whoever does not even say who it is will not be tried again.
            Wrong::Lost(failure) => Failure { kind: FailureKind::Refused, ..failure },
        };
        match answer.map_err(failed).and_then(|result| answer::info(result, &self.command)) {
            Ok(info) => Ok((session, info)),
            Err(failure) => {
                session.kill();
                Err(failure)
            }
        }
    }

    /// Asks one thing, and reads its answer with `read`.
    fn ask<T>(
        &self,
        call: Call,
        waiting: &Waiting<'_>,
        read: impl FnOnce(serde_json::Value) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let (mut session, info) = self.take()?;
        match session.ask(call, waiting) {
            Ok(result) => {
                self.keep(session, info);
                read(result)
            }
            Err(Wrong::Said(failure)) => {
                self.keep(session, info);
                Err(failure)
            }
            Err(Wrong::Lost(failure)) => {
                session.kill();
                Err(failure)
            }
        }
    }

    fn carry(&self, order: &Order<'_>, watch: &dyn Watch, undo: bool) -> Result<Done, Failure> {
        if let Some(kind) = watch.stop() {
            return Err(Failure::new(kind, "it was to stop before it began; nothing was done"));
        }
        let wire = order::step(order).map(Box::new).ok_or_else(|| {
            let what = format!("`{}` is no component of `{}`", order.step.component, order.app.name);
            Failure::new(FailureKind::Refused, what)
        })?;
        let call = if undo { Call::Undo(wire) } else { Call::Apply(wire) };
        let what = format!("`{}` of `{}`", call.method(), plain_name(&order.step.name));
        let waiting =
            Waiting { watch: Some(watch), limit: Duration::from_secs(order.step.deadline_s), what, after: AFTER_STEP };
        self.ask(call, &waiting, |result| answer::done(result, &self.command, self.limits))
    }

    /// What keeps a plugin from carrying a plan out at all, whatever it says itself.
    fn unable(&self, info: &Info, plan: &Plan) -> Option<Failure> {
        let mut lacks = String::new();
        let kinds: Vec<Kind> = info.kinds().collect();
        for seat in plan.moved.iter().flat_map(|moved| moved.from.iter().chain(&moved.to)) {
            if !kinds.contains(&seat.kind) {
                let _ = write!(lacks, "it cannot make `{}`, a {}; ", seat.component, seat.kind.as_str());
            }
        }
        let undone = |step: &crate::plan::Step| !matches!(step.undo, Undo::Never | Undo::Nothing);
        if !info.undo && plan.steps.iter().any(undone) {
            lacks.push_str("it cannot take steps back; ");
        }
        if !info.observe {
            lacks.push_str("it cannot say what is there; ");
        }
        let lacks = lacks.strip_suffix("; ")?;
        let name = words::commanded(&self.command);
        let failure =
            Failure::new(FailureKind::Refused, format!("the plugin {name} cannot carry this plan out: {lacks}"));
        Some(failure.help("use another executor"))
    }
}

fn plain_name(name: &str) -> String {
    words::plain(name, 200)
}

impl Executor for Plugin {
    fn name(&self) -> &str {
        &self.name
    }

    fn ready(&self, app: &App, plan: &Plan) -> Result<(), Failure> {
        let info = self.info()?;
        if let Some(failure) = self.unable(&info, plan) {
            return Err(failure);
        }
        let wire = order::ready(app, plan)
            .map_err(|error| Failure::new(FailureKind::Refused, format!("the plan cannot be written: {error}")))?;
        let waiting = Waiting { watch: None, limit: self.limits.look, what: "`ready`".to_owned(), after: AFTER_LOOK };
        self.ask(Call::Ready(Box::new(wire)), &waiting, |_| Ok(()))
    }

    fn apply(&self, order: &Order<'_>, watch: &dyn Watch) -> Result<Done, Failure> {
        self.carry(order, watch, false)
    }

    fn undo(&self, order: &Order<'_>, watch: &dyn Watch) -> Result<Done, Failure> {
        self.carry(order, watch, true)
    }

    fn observe(&self, app: &str) -> Result<Vec<Sighting>, Failure> {
        let waiting = Waiting { watch: None, limit: self.limits.look, what: "`observe`".to_owned(), after: AFTER_LOOK };
        let call = Call::Observe(Observe { app: app.to_owned() });
        self.ask(call, &waiting, |result| answer::observed(result, &self.command))
    }
}
