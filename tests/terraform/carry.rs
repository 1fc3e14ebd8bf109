//! The executor against the real binary: a rehearsal plans, applies, changes and destroys a `terraform_data` for every
//! resource of the real configuration, in its order.

use crate::support::{NOWHERE, binary, parsed, seat};
use placer::app::App;
use placer::exec::conformance::{self, Case, Outcome, Scenario, Subject, conforms};
use placer::exec::terraform::{HOOK, Settings, Terraform, Zone};
use placer::exec::{Executor, Failure, FailureKind, Order, Sighting, Watch};
use placer::plan::{Action, Form, Options, Placement, Plan, Seat, Undo, unpriced};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

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
name = "work"
kind = "worker"
image = "registry.example.com/work:1"
cpu = 1
memory_gib = 1
[[link]]
from = "work"
to = "web"
request_gb_month = 1
"#;

fn placed(app: &App, place: &str, offer: &str) -> Vec<Seat> {
    ["web", "work"].map(|name| seat(app, name, place, offer, 1, Form::Machines)).to_vec()
}

fn settings() -> Settings {
    let zone = Zone { provider: "aws".into(), domain: "shop.example.com".into(), id: "Z0".into() };
    let (drain, grace) = (Duration::ZERO, Duration::from_secs(5));
    Settings { zone: Some(zone), drain, grace, rehearsal: true, ..Settings::default() }
}

/// The process groups of binaries that run below a folder.
fn running_below(root: &Path) -> Vec<rustix::process::Pid> {
    let mut found = Vec::new();
    for app in root.read_dir().into_iter().flatten().flatten() {
        for provider in app.path().read_dir().into_iter().flatten().flatten() {
            let Ok(text) = fs::read_to_string(provider.path().join("running.json")) else { continue };
            let Ok(json) = serde_json::from_str::<serde_json::Value>(&text) else { continue };
            let pid = json["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok());
            found.extend(pid.and_then(rustix::process::Pid::from_raw));
        }
    }
    found
}

/// Kills every binary that runs below a folder, as `kill -9` does; placer itself is not touched.
fn kill_below(root: &Path) {
    for pid in running_below(root) {
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    }
}

fn conformance(only: Vec<Case>) {
    if binary().is_none() {
        return;
    }
    let scratch = tempfile::tempdir().expect("a folder");
    let root = scratch.path();
    let app = parsed(APP);
    let (here, there) = (placed(&app, "aws:eu-west-1", "m7g.large"), placed(&app, "gcp:europe-west4", "e2-small"));
    // What cannot run is found out by the provider, which a rehearsal has not.
    let scenario = Scenario { failing: None, ..Scenario::of(app, here, there) };
    let make = || -> Box<dyn Executor> { Box::new(Terraform::new(root.to_path_buf(), settings())) };
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
        only: only.clone(),
        ..conformance::Settings::default()
    };
    let begun = Instant::now();
    let verdicts = conformance::run(&subject, &scenario, &limits, &mut |verdict| {
        eprintln!("{:>6.1} s {}: {:?}", begun.elapsed().as_secs_f64(), verdict.case.as_str(), verdict.outcome);
    });
    assert!(conforms(&verdicts), "{verdicts:#?}");
    let skipped =
        |case: &Case| verdicts.iter().any(|v| v.case == *case && matches!(v.outcome, Outcome::Skipped { .. }));
    let cases = if only.is_empty() { Case::ALL.to_vec() } else { only };
    let skipped: Vec<&str> = cases.iter().filter(|case| skipped(case)).map(|case| case.as_str()).collect();
    assert!(skipped.is_empty() || skipped == ["failing"], "{skipped:?}");
}

#[test]
fn the_executor_carries_a_move_out_as_every_executor_does() {
    conformance(vec![Case::Observe, Case::Ready, Case::Missing, Case::CarryOut]);
}

/// The whole suite: some two thousand runs of the binary. `PLACER_CASES` names some of its cases.
#[test]
#[ignore = "takes minutes: `just terraform-conformance`"]
fn the_executor_keeps_every_promise() {
    let named = std::env::var("PLACER_CASES").unwrap_or_default();
    conformance(Case::ALL.into_iter().filter(|case| named.split(',').any(|name| name == case.as_str())).collect());
}

/// Waits for nothing.
struct Patient;

impl Watch for Patient {
    fn progress(&self, _text: &str) {}

    fn stop(&self) -> Option<FailureKind> {
        None
    }
}

/// Its time is up.
struct Late;

impl Watch for Late {
    fn progress(&self, _text: &str) {}

    fn stop(&self) -> Option<FailureKind> {
        Some(FailureKind::Deadline)
    }
}

/// An application that runs at AWS, and the plan that takes its public service to Google Cloud.
struct Scene {
    scratch: tempfile::TempDir,
    app: App,
    add: Plan,
    moving: Plan,
}

impl Scene {
    fn new() -> Self {
        let app = parsed(APP);
        let seats = placed(&app, "aws:eu-west-1", "m7g.large");
        let moved = [seat(&app, "web", "gcp:europe-west4", "e2-small", 1, Form::Machines), seats[1].clone()];
        let placement = |seats: &[Seat]| Placement { seats: seats.to_vec(), usd_month: None };
        let options = Options { keep_hours: 0, weights: vec![50, 100] };
        let add = unpriced(&app, Placement::default(), placement(&seats), &options);
        let moving = unpriced(&app, placement(&seats), placement(&moved), &options);
        Self { scratch: tempfile::tempdir().expect("a folder"), app, add, moving }
    }

    fn root(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// A binary that fails when a file is there: `before` or `after` it has applied.
    fn wrapper(&self) -> PathBuf {
        let path = self.scratch.path().join("wrapper");
        let text = format!(
            "#!/bin/sh\nif [ \"$1\" = apply ] && [ -e '{0}/before' ]; then echo 'out of capacity' >&2; exit 1; fi\n{1} \
             \"$@\" || exit $?\nif [ \"$1\" = apply ] && [ -e '{0}/after' ]; then echo 'lost the connection' >&2; exit 1; \
             fi\n",
            self.scratch.path().display(),
            binary().expect("the binary is there")
        );
        fs::write(&path, text).expect("a script is written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it may be run");
        path
    }

    fn executor(&self, root: &Path) -> Terraform {
        Terraform::new(root.to_path_buf(), Settings { binary: Some(self.wrapper()), ..settings() })
    }

    fn order<'a>(&'a self, plan: &'a Plan, step: usize) -> Order<'a> {
        Order { app: &self.app, plan, step: &plan.steps[step], run: "run-1", fence: 1 }
    }

    fn all(&self, executor: &Terraform, plan: &Plan) {
        for step in 0..plan.steps.len() {
            let done = executor.apply(&self.order(plan, step), &Patient);
            done.unwrap_or_else(|failure| panic!("{}: {failure}", plan.steps[step].name));
        }
    }
}

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").arg(from).arg(to).status().expect("cp runs");
    assert!(done.success());
}

/// What is there: sightings, and every resource of every state with what it is made from.
fn there(executor: &Terraform, root: &Path) -> (Vec<Sighting>, BTreeMap<String, serde_json::Value>) {
    let mut resources = BTreeMap::new();
    for provider in ["aws", "gcp"] {
        let folder = root.join("shop").join(provider);
        if !folder.join("terraform.tfstate").exists() {
            continue;
        }
        let output = Command::new(binary().expect("the binary")).args(["show", "-json"]).current_dir(&folder).output();
        let output = output.expect("the binary runs").stdout;
        let state: serde_json::Value = serde_json::from_slice(&output).expect("JSON");
        let list = state.pointer("/values/root_module/resources").and_then(serde_json::Value::as_array);
        for resource in list.into_iter().flatten() {
            let name = format!("{provider} {}", resource["address"].as_str().unwrap_or_default());
            resources.insert(name, resource["values"]["input"].clone());
        }
    }
    (executor.observe("shop").expect("it can be observed"), resources)
}

/// The must-hold, for every step: it fails before it has done anything, after it has done everything, or is out of time; then
/// everything is taken back, and what is there is what was there before the plan.
#[test]
fn a_failing_step_is_taken_back_wherever_the_plan_is() {
    if binary().is_none() {
        return;
    }
    let scene = Scene::new();
    let base = scene.root("base");
    let executor = scene.executor(&base);
    scene.all(&executor, &scene.add);
    let before = there(&executor, &base);
    assert_eq!(before.0.len(), 2);
    assert!(before.0.iter().all(|sighting| sighting.percent == 100 && sighting.provider == "aws"), "{:?}", before.0);
    let names: Vec<&str> = scene.moving.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(
        names,
        ["web/provision", "web/verify", "web/shift-50", "web/shift-100", "web/drain", "web/keep", "web/retire"]
    );
    let mut failed = 0;
    for step in 0..scene.moving.steps.len() {
        if scene.moving.steps[step].undo == Undo::Never {
            continue;
        }
        for how in ["before", "after", "late"] {
            let root = scene.root(&format!("{step}-{how}"));
            copy(&base, &root);
            let copied = scene.executor(&root);
            let fails = scene.scratch.path().join(how);
            fs::write(&fails, "").expect("a file is written");
            let order = scene.order(&scene.moving, step);
            let answer = if how == "late" { copied.apply(&order, &Late) } else { copied.apply(&order, &Patient) };
            fs::remove_file(&fails).expect("the file is removed");
            // Steps that only look or wait run nothing that could fail.
            let acts = matches!(order.step.action, Action::Provision(_) | Action::Shift { .. });
            match answer {
                Err(Failure { kind, what, .. }) => {
                    failed += 1;
                    let said = if how == "late" { FailureKind::Deadline } else { FailureKind::Passing };
                    assert_eq!(kind, said, "{what}");
                    let why = match how {
                        "before" => "out of capacity",
                        "after" => "lost the connection",
                        _ => "stopped",
                    };
                    assert!(what.contains(why), "{what}");
                }
                Ok(done) => assert!(!acts, "{}, {how}: {}", order.step.name, done.note),
            }
            for back in (0..=step).rev() {
                let order = scene.order(&scene.moving, back);
                copied.undo(&order, &Patient).unwrap_or_else(|failure| panic!("{}: {failure}", order.step.name));
            }
            let after = there(&copied, &root);
            assert_eq!(after, before, "{} failed {how}", scene.moving.steps[step].name);
        }
        let order = scene.order(&scene.moving, step);
        executor.apply(&order, &Patient).unwrap_or_else(|failure| panic!("{}: {failure}", order.step.name));
    }
    assert!(failed >= 12, "{failed} steps failed");
    // The last step cannot be taken back: it is finished by being sent again.
    let last = scene.moving.steps.len() - 1;
    let fails = scene.scratch.path().join("before");
    fs::write(&fails, "").expect("a file is written");
    executor.apply(&scene.order(&scene.moving, last), &Patient).expect_err("it fails");
    fs::remove_file(&fails).expect("the file is removed");
    let refused = executor.undo(&scene.order(&scene.moving, last), &Patient).expect_err("it cannot be taken back");
    assert_eq!(refused.kind, FailureKind::Refused);
    executor.apply(&scene.order(&scene.moving, last), &Patient).expect("it is finished");
    let (seen, resources) = there(&executor, &base);
    let places: Vec<(&str, &str, u8)> =
        seen.iter().map(|s| (s.component.as_str(), s.provider.as_str(), s.percent)).collect();
    assert_eq!(places, [("web", "gcp", 100), ("work", "aws", 100)]);
    let old = scene.moving.moved[0].from.as_ref().expect("it moves").id();
    assert!(!resources.keys().any(|name| name.contains(&old)), "{:?}", resources.keys());
    // The worker at AWS was told where the service is now, and may reach it there; users find it by its name.
    let read = |path: &str| fs::read_to_string(base.join("shop").join(path)).expect(path);
    assert!(read("aws/placer.auto.tfvars.json").contains("192.0.2.1"), "{}", read("aws/placer.auto.tfvars.json"));
    assert!(resources.keys().any(|name| name.contains("aws_route53_record_web") && name.contains("_public")));
}

#[test]
fn what_stays_is_not_touched_and_a_stranger_is_not_taken_along() {
    if binary().is_none() {
        return;
    }
    let scene = Scene::new();
    let root = scene.root("base");
    let executor = scene.executor(&root);
    // Nothing of what the plan starts from was made here.
    let refused = executor.apply(&scene.order(&scene.moving, 0), &Patient).expect_err("it is a stranger's");
    assert_eq!(refused.kind, FailureKind::Refused);
    assert!(refused.what.contains("was not made by this executor"), "{refused}");
    assert_eq!(executor.observe("shop").expect("it can be observed"), Vec::new());
    // Another placer took over: an older one changes nothing any more.
    let order = scene.order(&scene.add, 0);
    executor.apply(&Order { fence: 7, ..order }, &Patient).expect("it is made");
    let fenced = executor.apply(&Order { fence: 6, ..scene.order(&scene.add, 1) }, &Patient).expect_err("it is older");
    assert_eq!(fenced.kind, FailureKind::Fenced);
}

#[test]
fn what_cannot_be_carried_out_is_said_before_the_first_step() {
    if binary().is_none() {
        return;
    }
    let text = APP.replace("kind = \"service\"", "kind = \"service\"\nsecrets = [\"PLACER_TEST_SECRET_NOT_SET\"]")
        + "[[component]]\nname = \"db\"\nkind = \"postgres\"\nmemory_gib = 1\ndisk_gb = 5\n[[link]]\nfrom = \"web\"\nto = \"db\"\n";
    let app = parsed(&text);
    let scratch = tempfile::tempdir().expect("a folder");
    let ready = |settings: Settings, from: &[Seat], to: &[Seat]| {
        let placement = |seats: &[Seat]| Placement { seats: seats.to_vec(), usd_month: None };
        let plan = unpriced(&app, placement(from), placement(to), &Options::default());
        Terraform::new(scratch.path().to_path_buf(), settings).ready(&app, &plan).expect_err("something is missing")
    };
    let work = |place: &str, offer: &str| seat(&app, "work", place, offer, 1, Form::Machines);
    let web = |place: &str, offer: &str| seat(&app, "web", place, offer, 1, Form::Machines);
    let db = |place: &str, offer: &str| seat(&app, "db", place, offer, 1, Form::Managed);

    let tier = "RDS PostgreSQL db.m6g.large";
    let said = ready(settings(), &[], &[web("aws:eu-west-1", "m7g.large"), db("aws:eu-west-1", tier)]);
    assert_eq!(said.kind, FailureKind::Missing, "{said}");
    assert!(said.what.contains("PLACER_TEST_SECRET_NOT_SET") && !said.help.is_empty(), "{said}");
    let said = ready(Settings { rehearsal: false, ..settings() }, &[], &[work("hetzner:fsn1", "cx23")]);
    assert!(said.kind == FailureKind::Missing && said.what.contains("no credentials for hetzner"), "{said}");
    let said = ready(Settings { rehearsal: false, ..settings() }, &[], &[work("azure:westeurope", "Standard_B2ms")]);
    assert!(said.what.contains("azure needs a value for `subscription_id`"), "{said}");
    let said = ready(settings(), &[], &[work("vultr:ams", "vc2-1c-1gb")]);
    assert!(
        said.kind == FailureKind::Refused && said.what.contains("no configuration is generated for vultr"),
        "{said}"
    );
    let said = ready(settings(), &[db("aws:eu-west-1", tier)], &[db("aws:us-east-1", tier)]);
    assert!(said.kind == FailureKind::Refused && said.what.contains("moves no data"), "{said}");
    let (here, there) = (work("aws:eu-west-1", "m7g.large"), web("aws:us-east-1", "m7g.large"));
    let no_zone = Settings { zone: None, ..settings() };
    let said = ready(no_zone, &[web("aws:eu-west-1", "m7g.large"), here.clone()], &[there, here.clone()]);
    assert!(said.what.contains("no name can be turned"), "{said}");
    let caller = work("azure:westeurope", "Standard_B2ms");
    let from = [web("aws:eu-west-1", "m7g.large"), caller.clone()];
    let said = ready(settings(), &from, &[web("aws:us-east-1", "m7g.large"), caller]);
    assert!(said.what.contains("know no weights"), "{said}");
    let caller = work("hetzner:fsn1", "cx23");
    let from = [web("aws:eu-west-1", "m7g.large"), caller.clone()];
    let said = ready(settings(), &from, &[web("aws:us-east-1", "m7g.large"), caller]);
    assert!(said.what.contains("hetzner has no names"), "{said}");
    // A store elsewhere cannot be reached; that is said, and not done without.
    let said = ready(settings(), &[], &[db("aws:eu-west-1", tier), web("gcp:europe-west4", "e2-small")]);
    assert!(said.what.contains("web -> db"), "{said}");
}

/// `placer up` by a rehearsal, in a store of its own.
struct Commands {
    scratch: tempfile::TempDir,
}

impl Commands {
    fn new() -> Self {
        let scratch = tempfile::tempdir().expect("a folder");
        let policy = "version = 1\nname = \"aws\"\n[allow.providers]\nallow = [\"aws\"]\n";
        fs::write(scratch.path().join("app.toml"), APP).expect("the application is written");
        fs::write(scratch.path().join("policy.toml"), policy).expect("a policy is written");
        let hook = "#!/bin/sh\ncase \"$2\" in aws_instance.*)\n  touch \"$0.busy\"\n  while [ -e \"$0.wait\" ]; do sleep 0.1; \
                    done;;\nesac\n";
        let path = scratch.path().join("hook");
        fs::write(&path, hook).expect("a script is written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it may be run");
        let commands = Self { scratch };
        fs::create_dir_all(commands.executor()).expect("the executor's folder");
        // Nobody is connected whom a drain would have to wait for.
        fs::write(commands.executor().join("settings.toml"), "drain_seconds = 0\n").expect("settings are written");
        commands
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_placer"));
        command.args(args).current_dir(self.scratch.path());
        command.env("PLACER_STORE", self.path("store")).env("PLACER_PROBES", NOWHERE).env(HOOK, self.path("hook"));
        command.stdin(Stdio::null());
        command
    }

    fn says(&self, args: &[&str]) -> (String, String, bool) {
        let output = self.command(args).output().expect("placer runs");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (text(output.stdout), text(output.stderr), output.status.success())
    }

    fn executor(&self) -> PathBuf {
        self.path("store").join("executors/terraform-rehearsal")
    }
}

const UP: [&str; 7] = ["up", "app.toml", "--policy", "policy.toml", "--executor", "terraform:rehearsal", "--yes"];

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(120), "{what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// placer is killed while the binary makes a machine; then, in the second round, the binary as well. The next placer finishes.
#[test]
fn after_a_kill_in_the_middle_of_an_apply_the_next_start_finishes() {
    if binary().is_none() {
        return;
    }
    for with_binary in [false, true] {
        let commands = Commands::new();
        fs::write(commands.path("hook.wait"), "").expect("a file is written");
        let log = fs::File::create(commands.path("log")).expect("a file");
        let mut up = commands.command(&UP).stdout(Stdio::null()).stderr(log).spawn().expect("placer starts");
        until("a machine is being made", || {
            assert!(
                up.try_wait().expect("it is asked").is_none(),
                "{}",
                fs::read_to_string(commands.path("log")).unwrap_or_default()
            );
            commands.path("hook.busy").exists()
        });
        up.kill().expect("placer is killed");
        up.wait().expect("it has ended");
        let left = running_below(&commands.executor());
        assert_eq!(left.len(), 1, "the binary outlives placer");
        if with_binary {
            kill_below(&commands.executor());
        }
        fs::remove_file(commands.path("hook.wait")).expect("the hook goes on");
        let (runs, ..) = commands.says(&["runs"]);
        let run = runs.lines().find(|line| line.contains("shop")).and_then(|line| line.split_whitespace().next());
        let run = run.unwrap_or_else(|| panic!("{runs}")).to_owned();
        let (out, err, done) = commands.says(&["runs", "resume", &run]);
        assert!(done, "{out}{err}");
        let (out, err, done) = commands.says(&["status"]);
        assert!(done, "{out}{err}");
        assert!(out.contains("shop"), "{out}");
        assert!(running_below(&commands.executor()).is_empty(), "nothing is left running");
        let seen = Terraform::new(commands.executor(), settings()).observe("shop").expect("it can be observed");
        let sides: Vec<(&str, u8)> = seen.iter().map(|s| (s.component.as_str(), s.percent)).collect();
        assert_eq!(sides, [("web", 100), ("work", 100)], "{seen:?}");
        // And it goes away again, whole.
        let (out, err, done) = commands.says(&["down", "shop", "--yes"]);
        assert!(done, "{out}{err}");
        let seen = Terraform::new(commands.executor(), settings()).observe("shop").expect("it can be observed");
        assert_eq!(seen, Vec::new());
    }
}
