//! Plugins: the example of the documentation, and programs that do not keep to the protocol.

use placer::app::Kind;
use placer::exec::Executor;
use placer::exec::conformance::{Outcome, Scenario, Settings, Subject, run};
use placer::exec::plugin::{Command, Limits, Plugin, Running};

#[test]
fn the_example_keeps_every_promise() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/executor-plugin.py");
    let words = ["python3", script, folder.path().to_str().expect("text")];
    let command = Command::of(words.map(str::to_owned).to_vec()).expect("a command");
    let running = Running::default();
    let make = || Box::new(Plugin::among(command.clone(), Limits::default(), &running)) as Box<dyn Executor>;
    let kill = || running.kill();
    let scenario = Scenario::small(&[Kind::Service, Kind::Postgres]).expect("a scenario");
    let subject = Subject { kill: Some(&kill), ..Subject::of(&make) };
    let verdicts = run(&subject, &scenario, &Settings::default(), &mut |v| eprintln!("{v:?}"));
    for verdict in &verdicts {
        assert!(!matches!(verdict.outcome, Outcome::Failed { .. }), "{verdict:?}");
    }
}
