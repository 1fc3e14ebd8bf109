//! Runs the binary: in a process group of its own, with its output in files, so that it lives on and ends in order when placer
//! dies; what was left running is found by the next placer.

use super::folder::{trouble, whole};
use crate::exec::{Failure, FailureKind, Watch};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Between two looks at the binary.
const LOOK: Duration = Duration::from_millis(50);
/// Most bytes of an answer that are read.
const ANSWER_MAX: u64 = 256 << 20;
/// Most errors that a message repeats.
const ERRORS_MAX: usize = 3;
/// Variables that would change what is carried out, or how it is written.
const UNWANTED: [&str; 10] = [
    "TF_CLI_ARGS",
    "TF_CLI_ARGS_init",
    "TF_CLI_ARGS_plan",
    "TF_CLI_ARGS_apply",
    "TF_CLI_ARGS_show",
    "TF_WORKSPACE",
    "TF_DATA_DIR",
    "TF_LOG",
    "TF_LOG_PATH",
    "TF_INPUT",
];

/// The binary, in a working folder.
#[derive(Debug)]
pub struct Binary<'a> {
    /// The program.
    pub program: &'a Path,
    /// Where it works.
    pub folder: &'a Path,
    /// How long it has to end by itself.
    pub grace: Duration,
    /// Values of variables that stand in no file, by name.
    pub secrets: &'a [(String, String)],
    /// Whether it only looks, beside whoever works in the folder.
    pub looks: bool,
}

/// Tells files of those who look apart.
static LOOKS: AtomicU64 = AtomicU64::new(0);

/// The binary's whole path.
///
/// # Errors
/// [`FailureKind::Missing`].
pub fn find(wanted: Option<&Path>) -> Result<PathBuf, Failure> {
    let missing = |what: String| {
        Failure::new(FailureKind::Missing, what).help("install OpenTofu or Terraform 1.6 or newer and put it on PATH")
    };
    let is_program = |path: &PathBuf| path.is_file();
    if let Some(path) = wanted {
        let path = path.to_path_buf();
        return if is_program(&path) { Ok(path) } else { Err(missing(format!("`{}` is no program", path.display()))) };
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let on_path = |name: &&str| folders.iter().map(|folder| folder.join(name)).find(is_program);
    let found = ["tofu", "terraform"].iter().find_map(on_path);
    found.ok_or_else(|| missing("neither `tofu` nor `terraform` is on PATH".to_owned()))
}

/// The process that runs in a folder, as a file tells it.
#[derive(Serialize, Deserialize)]
struct Running {
    pid: i32,
    /// When it began, as the system counts: numbers of processes are used again.
    started: String,
}

/// When a process began, in ticks since the machine did; `None`: it is not there, or has ended.
fn started(pid: i32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold anything.
    let mut words = stat.rsplit_once(')')?.1.split_whitespace();
    let state = words.next()?;
    (!matches!(state, "Z" | "X")).then(|| words.nth(18).map(str::to_owned)).flatten()
}

fn signal(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        // Whoever is gone already needs no signal.
        let _ = kill_process_group(pid, signal);
    }
}

impl Binary<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Ends what an earlier placer left running in the folder: it is asked to end, as by Ctrl-C, so that what it has begun is
    /// written down.
    ///
    /// # Errors
    /// [`Failure`], also when somebody asks to stop meanwhile.
    pub fn settle(&self, watch: &dyn Watch) -> Result<(), Failure> {
        let path = self.path("running.json");
        let Some(running) = fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<Running>(&bytes).ok())
        else {
            return Ok(());
        };
        let alive = || started(running.pid).is_some_and(|started| started == running.started);
        if alive() {
            watch.progress("an earlier placer left the binary running; it is asked to end");
            signal(running.pid, Signal::INT);
        }
        let begun = Instant::now();
        while alive() {
            if let Some(kind) = watch.stop() {
                return Err(Failure::new(kind, "stopped while an earlier run of the binary ends"));
            }
            if begun.elapsed() > self.grace {
                signal(running.pid, Signal::KILL);
            }
            thread::sleep(LOOK);
        }
        fs::remove_file(&path).map_err(|error| trouble(&path, &error))
    }

    /// Runs a command, and tells the watch what its JSON lines say. What it printed otherwise is in the answer.
    ///
    /// # Errors
    /// [`Failure`] with what the binary says of it.
    pub fn run(&self, arguments: &[&str], watch: &dyn Watch) -> Result<Vec<u8>, Failure> {
        let mark = if self.looks {
            format!("look-{}-{}-", std::process::id(), LOOKS.fetch_add(1, Ordering::Relaxed))
        } else {
            String::new()
        };
        let (out, err) = (self.path(&format!("{mark}out.txt")), self.path(&format!("{mark}err.txt")));
        let answered = self.answer(arguments, (&out, &err), watch);
        if self.looks {
            let _ = fs::remove_file(&out).and_then(|()| fs::remove_file(&err));
        }
        answered
    }

    fn answer(&self, arguments: &[&str], (out, err): (&Path, &Path), watch: &dyn Watch) -> Result<Vec<u8>, Failure> {
        let file = |path: &Path| File::create(path).map_err(|error| trouble(path, &error));
        let mut command = Command::new(self.program);
        command.args(arguments).current_dir(self.folder).process_group(0).stdin(Stdio::null());
        command.stdout(file(out)?).stderr(file(err)?);
        for name in UNWANTED {
            command.env_remove(name);
        }
        command.env("TF_IN_AUTOMATION", "1").env("CHECKPOINT_DISABLE", "1");
        command.envs(self.secrets.iter().map(|(name, value)| (format!("TF_VAR_{name}"), value)));
        let mut child = command.spawn().map_err(|error| {
            let what = format!("`{}` cannot be started: {error}", self.program.display());
            Failure::new(FailureKind::Missing, what).help("install OpenTofu or Terraform, or check the path")
        })?;
        let ended = self.attend(&mut child, out, watch);
        if !self.looks {
            let _ = fs::remove_file(self.path("running.json"));
        }
        let status = ended?;
        let answer = limited(out)?;
        if status.success() {
            return Ok(answer);
        }
        Err(self.failed(arguments, &answer, &limited(err)?))
    }

    /// Waits until the binary has ended.
    fn attend(&self, child: &mut Child, out: &Path, watch: &dyn Watch) -> Result<ExitStatus, Failure> {
        let pid = i32::try_from(child.id()).unwrap_or(0);
        let running = Running { pid, started: started(pid).unwrap_or_default() };
        let noted = if self.looks {
            Ok(())
        } else {
            whole(&self.path("running.json"), &serde_json::to_vec(&running).unwrap_or_default())
        };
        let mut heard = Heard::new(out);
        let mut asked: Option<(FailureKind, Instant)> = None;
        if noted.is_err() {
            signal(pid, Signal::INT);
        }
        loop {
            let ended = child.try_wait().map_err(|error| trouble(self.folder, &error))?;
            heard.tell(watch);
            if let Some(status) = ended {
                noted?;
                return match asked {
                    Some((kind, _)) => {
                        Err(Failure::new(kind, "the binary was stopped; what it had begun is in its state"))
                    }
                    None => Ok(status),
                };
            }
            match &asked {
                None => {
                    if let Some(kind) = watch.stop() {
                        signal(pid, Signal::INT);
                        asked = Some((kind, Instant::now()));
                    }
                }
                Some((_, since)) if since.elapsed() > self.grace => signal(pid, Signal::KILL),
                Some(_) => {}
            }
            thread::sleep(LOOK);
        }
    }

    /// What the binary says of its failure.
    fn failed(&self, arguments: &[&str], out: &[u8], err: &[u8]) -> Failure {
        let (out, err) = (String::from_utf8_lossy(out), String::from_utf8_lossy(err));
        let mut errors: Vec<String> = out.lines().filter_map(diagnostic).collect();
        if errors.is_empty() {
            let plain = |line: &&str| !line.trim_matches(|c: char| c.is_whitespace() || "│╷╵".contains(c)).is_empty();
            let text: Vec<&str> =
                err.lines().filter(plain).map(|line| line.trim_matches(['│', '╷', '╵', ' '])).collect();
            errors.push(text.into_iter().take(12).collect::<Vec<_>>().join(" "));
        }
        let (kind, help) = kind_of(&errors.join(" "));
        let more = errors.len().saturating_sub(ERRORS_MAX);
        errors.truncate(ERRORS_MAX);
        if more > 0 {
            errors.push(format!("and {more} more"));
        }
        let name = self.program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let command = arguments.first().copied().unwrap_or_default();
        Failure::new(kind, format!("`{name} {command}` in {} says: {}", self.folder.display(), errors.join("; ")))
            .help(help)
    }
}

/// An error among the JSON lines.
fn diagnostic(line: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(line).ok()?;
    let said = value.get("diagnostic")?;
    if said.get("severity")?.as_str()? != "error" {
        return None;
    }
    let text = |key: &str| said.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
    let words = format!("{} {}", text("summary"), text("detail"));
    let at = said.get("address").and_then(serde_json::Value::as_str).map(|at| format!("{at}: ")).unwrap_or_default();
    Some(format!("{at}{}", words.split_whitespace().collect::<Vec<_>>().join(" ")))
}

/// What sort of failure an error is, and what to do about it.
fn kind_of(text: &str) -> (FailureKind, &'static str) {
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["acquiring the state lock"]) {
        return (FailureKind::Passing, "wait until whoever holds it is done; `force-unlock` in the folder frees it");
    }
    if has(&[
        "credential",
        "InvalidClientTokenId",
        "ExpiredToken",
        "AuthFailure",
        "az login",
        "401 Unauthorized",
        "token has",
    ]) {
        return (FailureKind::Missing, "give the provider's credentials in the environment (docs/terraform.md)");
    }
    if has(&["Failed to query available provider packages", "Failed to install provider", "provider registry"]) {
        return (FailureKind::Missing, "the provider's plugin cannot be had; check the network or the plugin mirror");
    }
    if has(&["No value for required variable"]) {
        return (FailureKind::Missing, "set TF_VAR_... for it in the environment");
    }
    if has(&["Unsupported argument", "Unsupported block", "Invalid reference", "Inconsistent", "Invalid for_each"]) {
        return (
            FailureKind::Refused,
            "the provider's version does not take this configuration; say so to placer's makers",
        );
    }
    (FailureKind::Passing, "look at what the provider says, then `placer runs` for what can be done")
}

fn limited(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(ANSWER_MAX).read_to_end(&mut bytes));
    read.map_err(|error| trouble(path, &error))?;
    Ok(bytes)
}

/// What was heard of a growing file of JSON lines.
struct Heard<'a> {
    path: &'a Path,
    at: u64,
    rest: Vec<u8>,
}

impl<'a> Heard<'a> {
    fn new(path: &'a Path) -> Self {
        Self { path, at: 0, rest: Vec::new() }
    }

    /// Tells what was written since.
    fn tell(&mut self, watch: &dyn Watch) {
        let read = || -> std::io::Result<Vec<u8>> {
            let mut file = File::open(self.path)?;
            file.seek(SeekFrom::Start(self.at))?;
            let mut bytes = Vec::new();
            file.take(1 << 20).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let Ok(bytes) = read() else { return };
        self.at += bytes.len() as u64;
        self.rest.extend(bytes);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            if let Some(text) = spoken(&line) {
                watch.progress(&text);
            }
        }
    }
}

/// What of a JSON line is worth telling.
fn spoken(line: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(line).ok()?;
    let kind = value.get("type")?.as_str()?;
    let told = ["apply_start", "apply_progress", "apply_complete", "apply_errored", "change_summary"];
    if !told.contains(&kind) {
        return None;
    }
    Some(value.get("@message")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{diagnostic, kind_of, started};
    use crate::exec::FailureKind;

    #[test]
    fn errors_are_told_apart() {
        let line = r#"{"@level":"error","type":"diagnostic","diagnostic":{"severity":"error","summary":"No valid credential sources found","detail":"Please\nsee","address":"aws_vpc.x"}}"#;
        let text = diagnostic(line).expect("an error");
        assert_eq!(text, "aws_vpc.x: No valid credential sources found Please see");
        assert_eq!(kind_of(&text).0, FailureKind::Missing);
        assert_eq!(kind_of("Error acquiring the state lock").0, FailureKind::Passing);
        assert_eq!(kind_of("Unsupported argument").0, FailureKind::Refused);
        assert_eq!(diagnostic("{\"type\":\"version\"}"), None);
    }

    #[test]
    fn a_process_is_told_from_another_of_its_number() {
        let own = i32::try_from(std::process::id()).expect("a number");
        assert!(started(own).is_some());
        assert_eq!(started(i32::MAX), None);
    }
}
