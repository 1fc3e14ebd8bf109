//! The executor against the real binary: a rehearsal plans, applies, changes and destroys a `terraform_data` for every
//! resource of the real configuration, in its order.

use crate::support::{binary, parsed, seat};
use placer::app::App;
use placer::exec::Executor;
use placer::exec::conformance::{self, Outcome, Scenario, Subject, conforms};
use placer::exec::terraform::{Settings, Terraform, Zone};
use placer::plan::{Form, Seat};
use std::path::Path;
use std::time::Duration;

const APP: &str = r#"
version = 1
name = "shop"
[[audience]]
name = "all"
city = "Berlin"
[[component]]
name = "web"
kind = "service"
image = "registry.example.com/web:1"
cpu = 1
memory_gib = 1
users_gb_month = 1
[[component]]
name = "api"
kind = "service"
image = "registry.example.com/api:1"
cpu = 1
memory_gib = 1
[[component]]
name = "work"
kind = "worker"
image = "registry.example.com/work:1"
cpu = 1
memory_gib = 1
[[link]]
from = "web"
to = "api"
request_gb_month = 1
[[link]]
from = "work"
to = "api"
request_gb_month = 1
"#;

fn app() -> App {
    parsed(APP)
}

fn placed(app: &App, place: &str, offer: &str) -> Vec<Seat> {
    ["web", "api", "work"].map(|name| seat(app, name, place, offer, 1, Form::Machines)).to_vec()
}

fn settings() -> Settings {
    let zone = Zone { provider: "aws".into(), domain: "shop.example.com".into(), id: "Z0".into() };
    Settings {
        zone: Some(zone),
        drain: Duration::ZERO,
        grace: Duration::from_secs(5),
        rehearsal: true,
        ..Settings::default()
    }
}

fn executor(root: &Path) -> Box<dyn Executor> {
    Box::new(Terraform::new(root.to_path_buf(), settings()))
}

/// Kills every binary that runs below a folder, as `kill -9` does; placer itself is not touched.
fn kill_below(root: &Path) {
    for app in root.read_dir().into_iter().flatten().flatten() {
        for provider in app.path().read_dir().into_iter().flatten().flatten() {
            let Ok(text) = std::fs::read_to_string(provider.path().join("running.json")) else { continue };
            let Ok(json) = serde_json::from_str::<serde_json::Value>(&text) else { continue };
            let Some(pid) = json["pid"].as_i64() else { continue };
            let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap_or(0));
            if let Some(pid) = pid {
                let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
            }
        }
    }
}

#[test]
fn the_executor_keeps_every_promise() {
    if binary().is_none() {
        return;
    }
    let scratch = tempfile::tempdir().expect("a folder");
    let root = scratch.path();
    let app = app();
    let scenario = Scenario {
        // What cannot run is found out by the provider, which a rehearsal has not.
        failing: None,
        ..Scenario::of(
            app.clone(),
            placed(&app, "aws:eu-west-1", "m7g.large"),
            placed(&app, "gcp:europe-west4", "e2-small"),
        )
    };
    let make = || executor(root);
    let bare: &dyn Fn() -> Box<dyn Executor> = &|| {
        let settings = Settings { binary: Some("/nowhere/terraform".into()), ..settings() };
        Box::new(Terraform::new(root.to_path_buf(), settings))
    };
    let kill = || kill_below(root);
    let subject = Subject { make: &make, bare: Some(bare), kill: Some(&kill) };
    let limits = conformance::Settings {
        step_limit: Duration::from_secs(120),
        failing_limit: Duration::from_secs(20),
        stop_limit: Duration::from_secs(20),
        ..conformance::Settings::default()
    };
    let begun = std::time::Instant::now();
    let verdicts = conformance::run(&subject, &scenario, &limits, &mut |verdict| {
        eprintln!("{:>6.1} s {}: {:?}", begun.elapsed().as_secs_f64(), verdict.case.as_str(), verdict.outcome);
    });
    assert!(conforms(&verdicts), "{verdicts:#?}");
    let skipped: Vec<&str> = verdicts
        .iter()
        .filter(|verdict| matches!(verdict.outcome, Outcome::Skipped { .. }))
        .map(|verdict| verdict.case.as_str())
        .collect();
    assert_eq!(skipped, ["failing"]);
}
