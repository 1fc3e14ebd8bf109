//! The conformance suite on the executor `process`: real programs, real stores.

#![cfg(unix)]

use placer::app::{Kind, Names, parse_app};
use placer::exec::Executor;
use placer::exec::conformance::{Case, Outcome, Scenario, Settings, Subject, run};
use placer::exec::process::Process;
use placer::plan::{Form, Seat};
use placer::units::Purchase;
use std::path::Path;
use std::time::Duration;

fn seats(parts: &[(&str, Kind)], region: &str) -> Vec<Seat> {
    let seat = |(component, kind): &(&str, Kind)| Seat {
        component: (*component).to_owned(),
        kind: *kind,
        provider: "example".into(),
        region: region.to_owned(),
        offer: "small".into(),
        purchase: Purchase::OnDemand,
        count: 1,
        above: Vec::new(),
        form: Some(Form::Machines),
        machine_of: None,
        usd_month: None,
    };
    parts.iter().map(seat).collect()
}

const WEB: &str = "[[component]]\nname = \"web\"\nkind = \"service\"\ncommand = [\"placer\", \"demo\", \"web\"]\ncpu = 1\nmemory_gib = 1\n";

fn conforms(text: &str, parts: &[(&str, Kind)]) {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("regions");
    let executor = |root: &Path| Process::new(root, env!("CARGO_BIN_EXE_placer")).grace(Duration::from_secs(2));
    let make = || Box::new(executor(&root)) as Box<dyn Executor>;
    let app = parse_app(format!("version = 1\nname = \"any\"\n{text}"), "app.toml", &Names::default());
    let app = app.unwrap_or_else(|faults| panic!("{faults}"));
    let scenario = Scenario::of(app, seats(parts, "one"), seats(parts, "two"));
    let only: Vec<Case> = std::env::var("CASES").unwrap_or_default().split(',').filter_map(Case::of_word).collect();
    let settings = Settings { failing_limit: Duration::from_secs(5), only, ..Settings::default() };
    let begun = std::time::Instant::now();
    let mut told = |verdict: &placer::exec::conformance::Verdict| eprintln!("{:?} {verdict:?}", begun.elapsed());
    let verdicts = run(&Subject::of(&make), &scenario, &settings, &mut told);
    executor(&root).tear_down().expect("all of it goes");
    for verdict in verdicts {
        let benign = verdict.case == Case::Killed && matches!(verdict.outcome, Outcome::Skipped { .. });
        assert!(benign || verdict.outcome == Outcome::Passed, "{verdict:?}");
    }
}

/// The web service of the demo, whose database is nowhere, and somebody who calls it.
const SERVICES: &str = r#"
env = ["DB_URL=postgres://127.0.0.1:1/none"]

[[component]]
name = "worker"
kind = "worker"
command = ["sleep", "1000"]
cpu = 1
memory_gib = 1

[[link]]
from = "worker"
to = "web"
request_gb_month = 1
"#;

/// The web service with a store of its own.
const STORE: &str = r#"
ENV
[[component]]
name = "db"
kind = "KIND"
memory_gib = 1
disk_gb = 1

[[link]]
from = "web"
to = "db"
request_gb_month = 1
"#;

#[test]
fn services() {
    conforms(&format!("{WEB}{SERVICES}"), &[("web", Kind::Service), ("worker", Kind::Worker)]);
}

#[test]
#[ignore = "needs PostgreSQL"]
fn postgres() {
    let store = STORE.replace("KIND", "postgres").replace("ENV", "");
    conforms(&format!("{WEB}{store}"), &[("web", Kind::Service), ("db", Kind::Postgres)]);
}

#[test]
#[ignore = "needs Redis"]
fn redis() {
    let store = STORE.replace("KIND", "redis").replace("ENV", "env = [\"DB_URL=postgres://127.0.0.1:1/none\"]");
    conforms(&format!("{WEB}{store}"), &[("web", Kind::Service), ("db", Kind::Redis)]);
}
