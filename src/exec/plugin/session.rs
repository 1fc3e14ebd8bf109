//! A conversation with one process: one request at a time, answered within bounds or not at all.

use super::process::{Bounds, Event, Process};
use super::wire::{Call, Cancel, CancelNotice, CancelWord, FailureData, FailureWord, JsonRpc, Progress, Request};
use super::words::{commanded, plain};
use super::{Command, Limits};
use crate::exec::{Failure, FailureKind, Watch};
use serde::Deserialize;
use serde_json::Value;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Between two looks at whoever looks on.
const TICK: Duration = Duration::from_millis(20);
/// How long the last words of a process that has ended are waited for.
const LAST_WORDS: Duration = Duration::from_millis(300);
/// Lines of standard error that are told when the process ends.
const LAST_LINES: usize = 5;
/// JSON-RPC's own codes for what cannot be carried out by trying again.
const NEVER_CODES: [i64; 4] = [-32_700, -32_600, -32_601, -32_602];

/// Why there is no result.
#[derive(Debug)]
pub(super) enum Wrong {
    /// The plugin says so; it can be asked again.
    Said(Failure),
    /// The process is of no use any more: it ended, hung, or did not keep to the protocol.
    Lost(Failure),
}

/// What a line of the plugin is, as far as it can be seen before its request is known.
#[derive(Deserialize)]
struct Incoming {
    #[serde(rename = "jsonrpc")]
    _version: JsonRpc,
    id: Option<Value>,
    method: Option<String>,
    #[serde(default)]
    params: Value,
    #[serde(default, deserialize_with = "present")]
    result: Option<Value>,
    error: Option<IncomingError>,
}

/// `null` is a result, too.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
struct IncomingError {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
    #[serde(default)]
    data: Value,
}

/// Who waits for an answer, and for how long.
pub(super) struct Waiting<'a> {
    /// Told what is going on, and asked whether to stop; `None`: nobody.
    pub watch: Option<&'a dyn Watch>,
    /// The longest that it takes.
    pub limit: Duration,
    /// What is waited for, in words.
    pub what: String,
    /// What to do when no answer comes.
    pub after: &'static str,
}

impl Waiting<'_> {
    fn tell(&self, text: &str) {
        if let Some(watch) = self.watch {
            watch.progress(text);
        }
    }

    fn stop(&self, begun: Instant) -> Option<FailureKind> {
        let asked = self.watch.and_then(Watch::stop);
        asked.or_else(|| (begun.elapsed() >= self.limit).then_some(FailureKind::Deadline))
    }
}

/// What a plugin may send for one request.
struct Allowance {
    bytes: usize,
    strays: usize,
    told: usize,
}

pub(super) struct Session {
    process: Process,
    limits: Limits,
    name: String,
    next_id: u64,
    last_said: VecDeque<String>,
}

impl Session {
    /// Starts the program; it was not asked anything yet.
    ///
    /// # Errors
    /// [`FailureKind::Missing`] when it cannot be started.
    pub fn start(command: &Command, limits: Limits) -> Result<Self, Failure> {
        let bounds = Bounds { line: limits.line_bytes, said: limits.text_chars * 4, end: limits.end };
        let process = Process::start(&command.program, &command.args, bounds).map_err(|error| {
            let what = format!("the plugin `{}` cannot be started: {error}", command.program);
            Failure::new(FailureKind::Missing, what).help("name a program that is installed, or give its whole path")
        })?;
        Ok(Self { process, limits, name: commanded(command), next_id: 1, last_said: VecDeque::new() })
    }

    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// [`Wrong`].
    pub fn ask(&mut self, call: Call, waiting: &Waiting<'_>) -> Result<Value, Wrong> {
        let id = self.next_id;
        self.next_id += 1;
        self.send(&Request { jsonrpc: JsonRpc::V2, id, call })?;
        let begun = Instant::now();
        let mut stopping: Option<(FailureKind, Instant)> = None;
        let Limits { answer_bytes: bytes, strays, told, .. } = self.limits;
        let mut allowance = Allowance { bytes, strays, told };
        loop {
            match stopping {
                None => {
                    if let Some(kind) = waiting.stop(begun) {
                        if waiting.watch.is_none() {
                            return Err(Wrong::Lost(self.silent(waiting)));
                        }
                        let (method, why) = (CancelWord::Cancel, FailureWord::from(kind));
                        self.send(&CancelNotice { jsonrpc: JsonRpc::V2, method, params: Cancel { id, why } })?;
                        stopping = Some((kind, Instant::now()));
                    }
                }
                Some((kind, since)) if since.elapsed() >= self.limits.stop => {
                    return Err(Wrong::Lost(self.hung(kind, waiting)));
                }
                Some(_) => {}
            }
            let Some(event) = self.process.next(TICK) else { continue };
            if let Some(answer) = self.hear(event, id, waiting, &mut allowance)? {
                return answer.map_err(|failure| Wrong::Said(stopped(failure, stopping.map(|(kind, _)| kind))));
            }
        }
    }

    fn send(&mut self, message: &impl serde::Serialize) -> Result<(), Wrong> {
        let broken = |what: String| Wrong::Lost(Failure::new(FailureKind::Passing, what));
        let mut line = serde_json::to_vec(message).map_err(|error| broken(error.to_string()))?;
        line.push(b'\n');
        if self.process.send(line) {
            return Ok(());
        }
        // It has ended, or it reads nothing: its last words say more.
        let what = if self.process.ended() { self.last_words("ended") } else { self.last_words("reads nothing") };
        Err(broken(format!("the plugin {} {what}", self.name)))
    }

    /// Takes one event in; the answer, when it is that.
    fn hear(
        &mut self,
        event: Event,
        id: u64,
        waiting: &Waiting<'_>,
        allowance: &mut Allowance,
    ) -> Result<Option<Result<Value, Failure>>, Wrong> {
        match event {
            Event::Line(line) => {
                allowance.bytes = allowance.bytes.checked_sub(line.len() + 1).ok_or_else(|| {
                    let bytes = self.limits.answer_bytes;
                    self.wrong(&format!("wrote more than {bytes} bytes for {}", waiting.what))
                })?;
                self.understand(&line, id, waiting, allowance)
            }
            Event::Said(text) => {
                let text = plain(&text, self.limits.text_chars);
                Self::pass_on(&text, waiting, allowance);
                if self.last_said.len() == LAST_LINES {
                    self.last_said.pop_front();
                }
                self.last_said.push_back(text);
                Ok(None)
            }
            Event::SaidAll => Ok(None),
            Event::TooLong => {
                let bytes = self.limits.line_bytes;
                Err(self.wrong(&format!("wrote a line of more than {bytes} bytes")))
            }
            Event::Closed => {
                let words = self.last_words("ended");
                let what = format!("the plugin {} {words} during {}", self.name, waiting.what);
                Err(Wrong::Lost(Failure::new(FailureKind::Passing, what).help(waiting.after)))
            }
        }
    }

    fn understand(
        &mut self,
        line: &[u8],
        id: u64,
        waiting: &Waiting<'_>,
        allowance: &mut Allowance,
    ) -> Result<Option<Result<Value, Failure>>, Wrong> {
        let Ok(incoming) = serde_json::from_slice::<Incoming>(line) else {
            return self.stray(line, waiting, allowance);
        };
        match incoming {
            Incoming { method: Some(method), id: None, params, .. } => {
                if method == "progress"
                    && let Ok(progress) = serde_json::from_value::<Progress>(params)
                {
                    Self::pass_on(&plain(&progress.text, self.limits.text_chars), waiting, allowance);
                }
                // Other notifications may be of a later version.
                Ok(None)
            }
            Incoming { method: Some(method), .. } => {
                Err(self.wrong(&format!("asks for `{}`; a plugin only answers", plain(&method, 60))))
            }
            Incoming { id: found, result, error, .. } => {
                if found.as_ref().and_then(Value::as_u64) != Some(id) {
                    let found =
                        found.map_or("no id".to_owned(), |found| format!("id {}", plain(&found.to_string(), 60)));
                    return Err(self.wrong(&format!("answered with {found} to request {id}")));
                }
                match (result, error) {
                    (Some(result), None) => Ok(Some(Ok(result))),
                    (_, Some(error)) => Ok(Some(Err(self.failure(error)))),
                    (None, None) => Err(self.wrong(&format!("answered request {id} with neither result nor error"))),
                }
            }
        }
    }

    /// A line that is no message: most likely something that a library prints. It is shown, and passed over a few times.
    fn stray(
        &self,
        line: &[u8],
        waiting: &Waiting<'_>,
        allowance: &mut Allowance,
    ) -> Result<Option<Result<Value, Failure>>, Wrong> {
        let text = plain(&String::from_utf8_lossy(line), self.limits.text_chars.min(120));
        match allowance.strays.checked_sub(1) {
            Some(left) => allowance.strays = left,
            None => return Err(self.wrong(&format!("writes lines that are no JSON-RPC 2.0, like `{text}`"))),
        }
        Self::pass_on(&format!("no message: {text}"), waiting, allowance);
        Ok(None)
    }

    /// Tells what is going on, as long as it is not too much.
    fn pass_on(text: &str, waiting: &Waiting<'_>, allowance: &mut Allowance) {
        match allowance.told {
            0 => return,
            1 => waiting.tell("the plugin says more than is shown"),
            _ => waiting.tell(text),
        }
        allowance.told -= 1;
    }

    /// An error of the plugin.
    fn failure(&self, error: IncomingError) -> Failure {
        let text = |text: &str| plain(text, self.limits.text_chars * 4);
        if let Ok(data) = serde_json::from_value::<FailureData>(error.data) {
            let what = if data.what.trim().is_empty() { &error.message } else { &data.what };
            return Failure::new(data.kind.into(), text(what)).help(text(&data.help));
        }
        let kind = if NEVER_CODES.contains(&error.code) { FailureKind::Refused } else { FailureKind::Passing };
        Failure::new(kind, format!("the plugin {} says error {}: {}", self.name, error.code, text(&error.message)))
    }

    fn wrong(&self, what: &str) -> Wrong {
        let failure = Failure::new(FailureKind::Refused, format!("the plugin {} {what}", self.name));
        Wrong::Lost(failure.help("it has to keep to docs/executor-protocol.md; it was ended"))
    }

    fn hung(&self, kind: FailureKind, waiting: &Waiting<'_>) -> Failure {
        let ms = self.limits.stop.as_millis();
        let what =
            format!("the plugin {} did not stop within {ms} ms during {}, and was killed", self.name, waiting.what);
        Failure::new(kind, what).help(waiting.after)
    }

    fn silent(&self, waiting: &Waiting<'_>) -> Failure {
        let (limit, what) = (waiting.limit.as_millis(), &waiting.what);
        let what = format!("the plugin {} did not answer {what} within {limit} ms, and was killed", self.name);
        Failure::new(FailureKind::Passing, what).help(waiting.after)
    }

    /// How the process ended and what it said last, for a message that begins with its name.
    fn last_words(&mut self, verb: &str) -> String {
        let until = Instant::now() + LAST_WORDS;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            match self.process.next(left) {
                Some(Event::Said(text)) => self.last_said.push_back(plain(&text, self.limits.text_chars)),
                Some(Event::SaidAll) | None => break,
                Some(Event::Closed) if self.process.ended() => break,
                Some(_) => {}
            }
        }
        let status = self.process.end(LAST_WORDS).map_or(String::new(), |status| format!(" ({status})"));
        let skipped = self.last_said.len().saturating_sub(LAST_LINES);
        let lines: Vec<&str> = self.last_said.iter().skip(skipped).map(String::as_str).collect();
        let said = if lines.is_empty() { String::new() } else { format!(", saying `{}`,", lines.join(" / ")) };
        format!("{verb}{status}{said}")
    }

    /// Ends the process without waiting for it.
    pub fn kill(mut self) {
        self.process.end(Duration::ZERO);
    }
}

/// A request that was asked to stop fails for that reason, however the plugin words it.
fn stopped(failure: Failure, asked: Option<FailureKind>) -> Failure {
    match (asked, failure.kind) {
        (Some(kind), FailureKind::Passing | FailureKind::Deadline | FailureKind::Cancelled) => {
            Failure { kind, ..failure }
        }
        _ => failure,
    }
}
