//! The process of a plugin: started, read line by line with bounds, and ended with everything that it started.

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Lines that wait to be read.
const LINES_WAITING: usize = 256;
/// Messages that wait to be written: one request and its cancelling, and room for what nobody foresaw.
const MESSAGES_WAITING: usize = 8;
/// Between two looks at whether a process has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// What comes from the process.
#[derive(Debug)]
pub(super) enum Event {
    /// A line of standard output, without its end.
    Line(Vec<u8>),
    /// A line of standard output was longer than it may be; nothing follows it.
    TooLong,
    /// Standard output is closed.
    Closed,
    /// A line of standard error, cut to what may be shown.
    Said(String),
    /// Standard error is closed.
    SaidAll,
}

/// A process group that can be killed by anybody as long as it was not waited for, so that its number is its own.
#[derive(Debug)]
pub(super) struct Group {
    leader: Mutex<Option<Pid>>,
}

impl Group {
    /// Kills everything in it.
    pub fn kill(&self) {
        if let Some(leader) = *self.leader.lock().unwrap_or_else(PoisonError::into_inner) {
            // What has ended already is not there to be killed. The leader may have left its own group.
            let _ = kill_process_group(leader, Signal::KILL);
            let _ = kill_process(leader, Signal::KILL);
        }
    }
}

/// Most that is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Bytes of a line of standard output.
    pub line: usize,
    /// Bytes of a line of standard error that are kept; the rest is passed over.
    pub said: usize,
    /// How long the process may take to end by itself once its standard input is closed.
    pub end: Duration,
}

pub(super) struct Process {
    child: Child,
    group: Arc<Group>,
    input: Option<SyncSender<Vec<u8>>>,
    events: Receiver<Event>,
    end: Duration,
}

impl Process {
    /// Starts a program in a process group of its own.
    ///
    /// # Errors
    /// Those of the system.
    pub fn start(program: &str, args: &[String], bounds: Bounds) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.process_group(0).spawn()?;
        let leader = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let group = Arc::new(Group { leader: Mutex::new(leader) });
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (input, messages) = sync_channel::<Vec<u8>>(MESSAGES_WAITING);
        let (lines, events) = sync_channel(LINES_WAITING);
        thread::spawn(move || stdin.map(|pipe| write_messages(pipe, &messages)));
        let said = lines.clone();
        thread::spawn(move || stdout.map(|pipe| read_lines(pipe, bounds.line, &lines)));
        thread::spawn(move || stderr.map(|pipe| read_said(pipe, bounds.said, &said)));
        Ok(Self { child, group, input: Some(input), events, end: bounds.end })
    }

    /// What can be killed while another thread waits for an answer.
    pub fn group(&self) -> &Arc<Group> {
        &self.group
    }

    /// Hands a line over to be written. `false`: the process reads nothing any more.
    pub fn send(&self, line: Vec<u8>) -> bool {
        self.input.as_ref().is_some_and(|input| input.try_send(line).is_ok())
    }

    /// The next that comes, if it does within this time. When all is read and closed, that is [`Event::Closed`].
    pub fn next(&self, within: Duration) -> Option<Event> {
        match self.events.recv_timeout(within) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Event::Closed),
        }
    }

    /// Whether the process has ended. Does not reap it, so that its number stays its own.
    pub fn ended(&self) -> bool {
        let Some(leader) = *self.group.leader.lock().unwrap_or_else(PoisonError::into_inner) else { return true };
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::Pid(leader), look), Ok(None))
    }

    /// Ends the process and everything in its group: by itself within `grace`, else killed.
    pub fn end(&mut self, grace: Duration) -> Option<ExitStatus> {
        self.input = None;
        let begun = Instant::now();
        while !self.ended() && begun.elapsed() < grace {
            thread::sleep(LOOK_AGAIN);
        }
        // Also what the process has left in its group when it ended by itself.
        self.group.kill();
        let mut leader = self.group.leader.lock().unwrap_or_else(PoisonError::into_inner);
        *leader = None;
        self.child.wait().ok()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end(self.end);
    }
}

/// Writes what it is given until nobody gives any more, then closes the pipe.
fn write_messages(mut pipe: impl Write, messages: &Receiver<Vec<u8>>) {
    for message in messages {
        if pipe.write_all(&message).and_then(|()| pipe.flush()).is_err() {
            break;
        }
    }
}

/// Reads lines of at most `max` bytes and hands them on. Whoever reads slowly is waited for: then the process waits, too.
fn read_lines(pipe: impl Read, max: usize, lines: &SyncSender<Event>) {
    let mut pipe = BufReader::new(pipe);
    loop {
        let mut line = Vec::new();
        let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
        match pipe.by_ref().take(limit).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        let (too_long, event) = if line.len() > max { (true, Event::TooLong) } else { (false, Event::Line(line)) };
        if lines.send(event).is_err() || too_long {
            return;
        }
    }
    let _ = lines.send(Event::Closed);
}

/// Reads what is said on standard error. Never waits for whoever reads: what comes too fast is dropped, so that a plugin
/// which logs between requests is not held up.
fn read_said(pipe: impl Read, max: usize, said: &SyncSender<Event>) {
    let mut pipe = BufReader::new(pipe);
    let mut line = Vec::new();
    while let Ok(chunk) = pipe.fill_buf() {
        if chunk.is_empty() {
            break;
        }
        let (text, used, whole) = match chunk.iter().position(|byte| *byte == b'\n') {
            Some(end) => (&chunk[..end], end + 1, true),
            None => (chunk, chunk.len(), false),
        };
        line.extend_from_slice(&text[..text.len().min(max.saturating_sub(line.len()))]);
        pipe.consume(used);
        if whole {
            let _ = said.try_send(Event::Said(String::from_utf8_lossy(&line).into_owned()));
            line.clear();
        }
    }
    if !line.is_empty() {
        let _ = said.try_send(Event::Said(String::from_utf8_lossy(&line).into_owned()));
    }
    let _ = said.try_send(Event::SaidAll);
}
