//! Components that run the application's own program.

use crate::moves::{each_step_twice, stopped_anywhere};
use crate::world::{Patient, World, eventually, holders};
use placer::exec::process::Delays;
use placer::exec::{Executor, FailureKind, Order};
use placer::plan::{Action, Placement};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

/// A web service and a worker that needs nothing. The web service's database is nowhere: it answers that.
const APP: &str = r#"
[[component]]
name = "web"
kind = "service"
command = ["placer", "demo", "web"]
env = ["DB_URL=postgres://127.0.0.1:1/none"]
cpu = 1
memory_gib = 1

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

#[test]
fn an_application_comes_moves_and_goes() {
    let world = World::new(APP);
    world.settle(&world.at(&[0, 0]));
    assert_eq!(world.seen(), ["web@eu-1 100% ready", "worker@eu-1 100% ready"]);
    let before = world.process.address("shop", "web").unwrap();
    assert!(world.get("web").unwrap().starts_with("region: grand/eu-1\n"));

    world.carry_out(&world.plan(&world.at(&[0, 0]), &world.at(&[2, 1])));
    assert_eq!(world.seen(), ["web@nbg 100% ready", "worker@us-1 100% ready"]);
    assert_eq!(world.process.address("shop", "web").unwrap(), before, "its address stays");
    assert!(world.get("web").unwrap().starts_with("region: plain/nbg\n"));

    world.carry_out(&world.plan(&world.at(&[2, 1]), &Placement::default()));
    assert_eq!(world.state().into_iter().collect::<Vec<_>>(), []);
}

#[test]
fn a_step_that_is_sent_again_changes_nothing() {
    let world = World::new(APP);
    each_step_twice(&world, &world.plan(&Placement::default(), &world.at(&[0, 0])));
    each_step_twice(&world, &world.plan(&world.at(&[0, 0]), &world.at(&[2, 2])));
    each_step_twice(&world, &world.plan(&world.at(&[2, 2]), &Placement::default()));
}

#[test]
fn what_is_stopped_anywhere_is_taken_back() {
    let world = World::new(APP);
    let looks = [0, 1, 2, 3, 4, 5, 6, 8, 11];
    stopped_anywhere(&world, &world.plan(&Placement::default(), &world.at(&[0, 0])), &looks);
    world.settle(&world.at(&[0, 0]));
    stopped_anywhere(&world, &world.plan(&world.at(&[0, 0]), &world.at(&[2, 1])), &looks);
    stopped_anywhere(&world, &world.plan(&world.at(&[0, 0]), &Placement::default()), &looks);
}

#[test]
fn the_same_plan_is_carried_out_again_after_it_was_taken_back_or_another_led_back() {
    let world = World::new(APP);
    let (here, there) = (world.at(&[0, 0]), world.at(&[1, 1]));
    world.settle(&here);
    for _ in 0..2 {
        world.carry_out(&world.plan(&here, &there));
        assert_eq!(world.seen(), ["web@us-1 100% ready", "worker@us-1 100% ready"]);
        world.carry_out(&world.plan(&there, &here));
        assert_eq!(world.seen(), ["web@eu-1 100% ready", "worker@eu-1 100% ready"]);
    }
}

/// Each connection goes by the weights: of 20 in a row exactly their share, whichever step was last.
#[test]
fn traffic_is_shifted_by_weight() {
    let world = World::new(APP);
    world.settle(&world.at(&[0, 0]));
    let plan = world.plan(&world.at(&[0, 0]), &world.at(&[1, 0]));
    let answers = || {
        let new = (0..20).filter(|_| world.get("web").unwrap().contains("grand/us-1")).count();
        (new, 20 - new)
    };
    let mut told = Vec::new();
    for step in plan.steps.iter().take_while(|step| !matches!(step.action, Action::Drain)) {
        world.apply(&plan, step, &Patient::new()).unwrap_or_else(|failure| panic!("{}: {failure}", step.name));
        told.push((step.name.clone(), answers()));
    }
    let told: Vec<_> = told.iter().map(|(name, answers)| (name.as_str(), *answers)).collect();
    let expected = [
        ("web/provision", (0, 20)),
        ("web/verify", (0, 20)),
        ("web/shift-10", (2, 18)),
        ("web/shift-50", (10, 10)),
        ("web/shift-100", (20, 0)),
    ];
    assert_eq!(told, expected);
    let shift = plan.steps.iter().rfind(|step| matches!(step.action, Action::Shift { .. })).unwrap();
    world.undo(&plan, shift).unwrap();
    assert_eq!(answers(), (10, 10), "taken back to 50 %");
}

/// Replicas share a side's connections; a connection that is open at the shift is not cut but for the grace.
#[test]
fn replicas_take_turns_and_open_connections_are_drained() {
    let world = World::new(&APP.replace(
        "[\"placer\", \"demo\", \"web\"]",
        "[\"sh\", \"-c\", \"exec python3 -m http.server -b 127.0.0.1 $PORT\"]",
    ));
    if std::process::Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: python3 is not installed");
        return;
    }
    let both = |place, count| {
        let mut at = world.at(&[place, 0]);
        at.seats[0] = world.seat("web", place, count);
        at
    };
    world.settle(&both(0, 3));
    (0..6).for_each(|_| drop(world.get("web").unwrap()));
    let side = world.sides("grand/eu-1", "web").remove(0);
    let asked = |n| fs::read_to_string(side.join(format!("{n}/log"))).unwrap().matches("GET / HTTP").count();
    assert_eq!((1..=3).map(asked).collect::<Vec<_>>(), [2, 2, 2]);
    let address = world.process.address("shop", "web").unwrap().unwrap();
    let address = address.strip_prefix("http://").unwrap();
    let mut slow = TcpStream::connect(address).unwrap();
    // A request that is not finished yet.
    slow.write_all(b"GET / HTTP/1.0\r\n").unwrap();
    let plan = world.plan(&both(0, 3), &both(1, 1));
    let drain = plan.steps.iter().position(|step| matches!(step.action, Action::Drain)).unwrap();
    for step in &plan.steps[..drain] {
        world.apply(&plan, step, &Patient::new()).unwrap_or_else(|failure| panic!("{}: {failure}", step.name));
    }
    let mut answer = String::new();
    slow.write_all(b"\r\n").unwrap();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 200"), "it is answered by the old side: {answer}");

    drop(slow);
    let mut stuck = TcpStream::connect(address).unwrap();
    stuck.write_all(b"GET / HTTP/1.0\r\n").unwrap();
    let since = Instant::now();
    world.apply(&plan, &plan.steps[drain], &Patient::new()).unwrap();
    assert!(since.elapsed() < Duration::from_secs(2), "what is open now is the new side's");
}

#[test]
fn what_ends_is_seen_and_started_again() {
    let world = World::new(APP);
    world.settle(&world.at(&[0, 1]));
    let web = world.sides("grand/eu-1", "web").remove(0).join("1");
    // The keeper would start it again too soon to be seen.
    kill(&world.root.join("shop/.keeper"));
    kill(&web);
    assert_eq!(world.seen(), ["web@eu-1 100% stopped", "worker@us-1 100% ready"]);
    world.process.tend("shop").unwrap();
    eventually("the web service was started again", || world.seen()[0] == "web@eu-1 100% ready");
    kill(&world.root.join("shop/.components/web/proxy"));
    eventually("the proxy was started again", || world.get("web").is_ok());
    assert_eq!(world.seen(), ["web@eu-1 100% ready", "worker@us-1 100% ready"]);
}

fn kill(dir: &std::path::Path) {
    for pid in holders(dir) {
        rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::KILL)
            .unwrap();
    }
    eventually("what was killed is gone", || !crate::world::is_locked(&dir.join("lock")));
}

#[test]
fn what_is_missing_is_told_before_the_first_step() {
    let told = |text: &str| {
        let world = World::new(text);
        let places = vec![0; world.app.components.len()];
        let failure = world.process.ready(&world.app, &world.plan(&Placement::default(), &world.at(&places)));
        let failure = failure.expect_err("it is refused");
        (failure.kind, failure.to_string())
    };
    let image = APP.replace("command = [\"placer\", \"demo\", \"web\"]", "image = \"web:1\"");
    let (kind, text) = told(&image.replace("env = ", "#"));
    assert!(kind == FailureKind::Refused && text.contains("`web` has no `command`"), "{text}");
    let (kind, text) = told(&APP.replace("[\"sleep\"", "[\"no-such-program\""));
    assert!(kind == FailureKind::Missing && text.contains("`no-such-program`, which is not on this machine"), "{text}");
    let (kind, text) = told(&APP.replace("[\"sleep\"", "[\"./sleep\""));
    assert!(kind == FailureKind::Refused && text.contains("`./sleep`"), "{text}");
    let (kind, text) =
        told(&APP.replace("[\"sleep\", \"1000\"]", "[\"sleep\", \"1000\"]\nsecrets = [\"PLACER_TEST_NONE\"]"));
    assert!(kind == FailureKind::Missing && text.contains("PLACER_TEST_NONE"), "{text}");
    let (kind, text) = told("[[component]]\nname = \"q\"\nkind = \"kafka\"\nmemory_gib = 1\n");
    assert!(kind == FailureKind::Refused && text.contains("`q`") && text.contains("`kafka`"), "{text}");

    let world = World::new(APP);
    let plan = world.plan(&world.at(&[0, 0]), &world.at(&[1, 1]));
    let failure = world.apply(&plan, &plan.steps[0], &Patient::new()).unwrap_err();
    assert_eq!((failure.kind, world.observe().len()), (FailureKind::Refused, 0));
    assert!(failure.to_string().contains("`web` is not in grand/eu-1 on this machine"), "{failure}");
}

#[test]
fn a_program_that_does_not_stay_is_told_with_what_it_said() {
    let world = World::new(&APP.replace("[\"sleep\", \"1000\"]", "[\"sh\", \"-c\", \"echo no luck; exit 3\"]"));
    let plan = world.plan(&Placement::default(), &world.at(&[0, 0]));
    let verify = plan.steps.iter().find(|step| step.name == "worker/verify").unwrap();
    let mut failed = None;
    for step in &plan.steps {
        if let Err(failure) = world.apply(&plan, step, &Patient::new()) {
            failed = Some((step.name.clone(), failure));
            break;
        }
    }
    let (name, failure) = failed.expect("it does not stay");
    assert_eq!((name, failure.kind), (verify.name.clone(), FailureKind::Passing));
    assert!(failure.to_string().contains("no luck"), "{failure}");
}

/// Secrets come from placer's environment, and are in no file and no command line.
#[test]
fn secrets_reach_the_program_and_nothing_else() {
    let app = APP.replace(
        "[\"sleep\", \"1000\"]",
        "[\"sh\", \"-c\", \"test ${#API_KEY} = 12 -a $WEB_URL && exec sleep 1000\"]\nsecrets = [\"API_KEY\"]",
    );
    let mut world = World::new(&app);
    let process = crate::world::process(&world.root);
    world.process = process.variables(|name| (name == "API_KEY").then(|| "s3cret-value".to_owned()));
    world.settle(&world.at(&[0, 0]));
    assert!(world.state().values().all(|text| !text.contains("s3cret-value")));
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&line).contains("s3cret-value"));
    }
}

#[test]
fn a_smaller_fence_is_refused() {
    let world = World::new(APP);
    let plan = world.plan(&Placement::default(), &world.at(&[0, 0]));
    let order = |fence| Order { fence, ..world.order(&plan, &plan.steps[0]) };
    world.process.apply(&order(7), &Patient::new()).unwrap();
    for taken in [world.process.apply(&order(6), &Patient::new()), world.process.undo(&order(6), &Patient::new())] {
        assert_eq!(taken.unwrap_err().kind, FailureKind::Fenced);
    }
    world.process.undo(&order(8), &Patient::new()).unwrap();
    assert!(world.observe().is_empty());
    let late = world.process.apply(&order(7), &Patient::new());
    assert_eq!(late.unwrap_err().kind, FailureKind::Fenced, "also when nothing is left");
}

/// Whoever carries a step out while a greater fence is seen stops, and the other one goes on: never both.
#[test]
fn who_comes_later_takes_over_from_who_is_in_the_middle() {
    // A service that never answers: verifying it takes for ever.
    let world = World::new(&APP.replace("[\"placer\", \"demo\", \"web\"]", "[\"sleep\", \"1000\"]"));
    let plan = world.plan(&Placement::default(), &world.at(&[0, 0]));
    let order = |step: usize, fence| Order { fence, ..world.order(&plan, &plan.steps[step]) };
    world.process.apply(&order(0, 1), &Patient::new()).unwrap();
    thread::scope(|scope| {
        let first = scope.spawn(|| world.process.apply(&order(1, 1), &Patient::new()));
        thread::sleep(Duration::from_millis(300));
        let since = Instant::now();
        world.process.undo(&order(0, 2), &Patient::new()).unwrap();
        assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
        assert_eq!(first.join().unwrap().unwrap_err().kind, FailureKind::Fenced);
    });
    assert!(world.observe().is_empty());
}

/// What a side in another region is asked takes two round trips: one for the connection, one for the answer.
#[test]
fn regions_are_as_far_apart_as_is_said() {
    let mut world = World::new(APP);
    let delay = Duration::from_millis(150);
    let delays = Delays::none().with("grand/eu-1", "plain/nbg", delay);
    world.process = crate::world::process(&world.root).delays(delays);
    // The worker calls the web service: it has a listener of its own.
    world.settle(&world.at(&[0, 2]));
    let routes = fs::read_to_string(world.root.join("shop/.components/web/routes.json")).unwrap();
    let routes: serde_json::Value = serde_json::from_str(&routes).unwrap();
    let listeners = routes["listeners"].as_array().unwrap();
    let took = |caller: bool| {
        let listener = listeners.iter().find(|listener| listener["caller"].is_string() == caller).unwrap();
        let since = Instant::now();
        crate::world::get(&format!("127.0.0.1:{}", listener["port"]), "/healthz").unwrap();
        since.elapsed()
    };
    // The least of three: the machine may be busy.
    let least = |caller| (0..3).map(|_| took(caller)).min().unwrap();
    assert!(least(true) >= delay * 2, "{:?}", least(true));
    assert!(least(false) < delay, "{:?}", least(false));
}
