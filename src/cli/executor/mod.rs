//! `placer executor test`: the conformance suite against a plugin.

pub mod args;
mod text;

use super::failure::Failure;
use super::text::Look;
use crate::app::Kind;
use crate::exec::conformance::{Case, Scenario, Settings, Subject, Verdict, run as conform, wire};
use crate::exec::plugin::{Command, Limits, Plugin, Running};
use crate::exec::{Executor, FailureKind};
use args::{ExecutorCommand, TestArgs, TestFormat};
use std::io::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Runs the command.
pub fn run(command: &ExecutorCommand, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        ExecutorCommand::Test(args) => test(args, out),
    }
}

fn test(args: &TestArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let words = [&args.command].into_iter().chain(&args.args).cloned().collect();
    let command = Command::of(words).ok_or_else(|| Failure::input("the command is empty"))?;
    let running = Running::default();
    let plugin = || Plugin::among(command.clone(), Limits::default(), &running);
    let info = plugin().info().map_err(|failure| match failure.kind {
        FailureKind::Missing => Failure::input(failure),
        _ => Failure::Other(failure.to_string()),
    })?;
    let scenario = Scenario::small(&info.kinds().collect::<Vec<Kind>>())
        .ok_or_else(|| Failure::Other(format!("`{}` makes neither services nor stores: nothing to test", info.name)))?;
    let make = || Box::new(plugin()) as Box<dyn Executor>;
    let kill = || running.kill();
    let subject = Subject { kill: Some(&kill), ..Subject::of(&make) };
    let (look, table) = (Look::of_stdout(), args.format == TestFormat::Table);
    if table {
        write!(out, "{}", text::heading(&info, &command.line()))?;
    }
    let mut written: io::Result<()> = Ok(());
    let mut told = |verdict: &Verdict| {
        if table && written.is_ok() {
            // Each as soon as it stands: a suite on real machines takes a while.
            written = out.write_all(text::case(&verdict.into(), look).as_bytes()).and_then(|()| out.flush());
        }
    };
    let verdicts = conform(&subject, &scenario, &settings(args), &mut told);
    written?;
    let report = wire::report(plugin().name(), &verdicts);
    if table {
        write!(out, "{}", text::sum(&report))?;
    } else {
        serde_json::to_writer_pretty(&mut *out, &report)?;
        writeln!(out)?;
    }
    if report.conforms {
        return Ok(());
    }
    Err(Failure::Other(format!(
        "`{}` does not keep every promise; docs/executor-protocol.md says what each means",
        info.name
    )))
}

fn settings(args: &TestArgs) -> Settings {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Settings {
        nonce: format!("{:x}{:x}", since.as_secs(), std::process::id()),
        only: args.case.iter().filter_map(|word| Case::of_word(word)).collect(),
        step_limit: Duration::from_secs(args.step_limit),
        ..Settings::default()
    }
}
