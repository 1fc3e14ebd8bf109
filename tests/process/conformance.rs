//! What every executor promises, held against this one by the suite that holds them all.

use crate::postgres;
use crate::world::{PLACER, process};
use placer::app::{self, Names};
use placer::exec::Executor;
use placer::exec::conformance::{Case, Outcome, Scenario, Settings, Subject, conforms, run};
use placer::exec::process::{Process, programs};
use placer::plan::Seat;
use placer::problem::Form;
use placer::units::Purchase;
use std::path::Path;
use std::time::Duration;

/// A web service and a store that it calls.
fn scenario(store: &str) -> Scenario {
    let text = format!(
        "version = 1\nname = \"conformance\"\n[[component]]\nname = \"web\"\nkind = \"service\"\ncommand = [\"placer\", \
         \"demo\", \"web\"]\nenv = [\"DB_URL=postgres://127.0.0.1:1/none\"]\ncpu = 1\nmemory_gib = 1\n[[component]]\nname = \
         \"store\"\nkind = \"{store}\"\nmemory_gib = 1\ndisk_gb = 1\n[[link]]\nfrom = \"web\"\nto = \
         \"store\"\nrequest_gb_month = 1\n"
    );
    let text = if store == "redis" { text.replace("disk_gb = 1\n", "") } else { text };
    let app = app::parse(&text, "app.toml", &Names::default()).unwrap_or_else(|faults| panic!("{faults}")).app;
    let at = |region: &str| {
        let seat = |component: &app::Component| Seat {
            component: component.name.clone(),
            kind: component.kind,
            provider: "grand".into(),
            region: region.into(),
            offer: "small".into(),
            purchase: Purchase::OnDemand,
            count: 1,
            above: Vec::new(),
            form: Some(Form::Machines),
            machine_of: None,
            usd_month: None,
        };
        app.components.iter().map(seat).collect::<Vec<_>>()
    };
    let (here, there) = (at("one"), at("two"));
    Scenario::of(app, here, there)
}

/// Runs the suite in a folder of its own, and takes away what it may leave.
fn judged(scenario: &Scenario, only: Vec<Case>) {
    struct Gone<'a>(&'a Path);
    impl Drop for Gone<'_> {
        fn drop(&mut self) {
            if let Err(failure) = process(self.0).tear_down() {
                eprintln!("{failure}");
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("regions");
    let _gone = Gone(&root);
    let make = || -> Box<dyn Executor> { Box::new(process(&root)) };
    let bare = || -> Box<dyn Executor> { Box::new(Process::new(&root, "/nowhere/placer")) };
    let subject = Subject { bare: Some(&bare), ..Subject::of(&make) };
    let settings =
        Settings { only, step_limit: Duration::from_secs(120), settle: Duration::from_secs(10), ..Settings::default() };
    let verdicts = run(&subject, scenario, &settings, &mut |verdict| println!("{verdict:?}"));
    assert!(conforms(&verdicts), "{verdicts:#?}");
    // Nothing but a process apart from this one could be killed: the tests of kills do that.
    let skipped = verdicts.iter().filter(|verdict| matches!(verdict.outcome, Outcome::Skipped { .. }));
    assert!(skipped.map(|verdict| verdict.case).all(|case| case == Case::Killed), "{verdicts:#?}");
    assert!(Path::new(PLACER).exists());
}

#[test]
fn a_service_and_redis_keep_every_promise() {
    if programs::redis().is_none() {
        println!("skipped: Redis is not installed, `placer doctor` says how to install it");
        return;
    }
    judged(&scenario("redis"), Vec::new());
}

/// Each case sets PostgreSQL up many times.
#[test]
#[ignore = "some minutes: `just soak-process`"]
fn a_service_and_postgres_keep_every_promise() {
    if postgres::is_installed() {
        judged(&scenario("postgres"), Vec::new());
    }
}
