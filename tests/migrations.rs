//! Migrations of a real application (a web service, PostgreSQL, a writer that commits all the time) on this machine, while placer
//! or one of the application's own processes is killed at a random moment.
//!
//! `cargo test --test migrations` makes a few; `just soak` (`MIGRATIONS=100`) a hundred, and reports the count.
#![cfg(unix)]
#![allow(clippy::print_stdout, reason = "the report is for people")]

use assert_cmd::Command;
use placer::app::{App, parse_kept};
use placer::plan::run::End;
use placer::plan::run::Event;
use placer::plan::{Options, Placement, Plan, Seat, plan, to_json};
use placer::policy::Policy;
use placer::problem::lower::{Options as Lowering, lower};
use placer::problem::{Form, Problem};
use placer::store::{PlanRunState, Store};
use placer::units::{Money, Purchase};
use postgres::{Client, NoTls};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const PLACER: &str = env!("CARGO_BIN_EXE_placer");
/// How long everything may take to be well again after a kill.
const SETTLE: Duration = Duration::from_secs(60);

/// The application; `ACKS` is where the writer notes acknowledged rows.
const DEMO: &str = r#"version = 1
name = "demo"
[[audience]]
name = "europe"
city = "Berlin, DE"
share = 100
[[component]]
name = "web"
kind = "service"
command = ["placer", "demo", "web"]
cpu = 1
memory_gib = 1
[[component]]
name = "db"
kind = "postgres"
cpu = 1
memory_gib = 1
disk_gb = 1
[[component]]
name = "writer"
kind = "worker"
command = ["placer", "demo", "writer"]
env = ["ACK_LOG=ACKS", "PAUSE_MS=5"]
cpu = 1
memory_gib = 1
[[link]]
from = "web"
to = "db"
[[link]]
from = "writer"
to = "db"
"#;

/// Numbers that look random and come again with the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        // SplitMix64 (Steele, Lea, Flood 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % below
    }
}

/// Everything below a folder, which is torn down whatever happens.
struct Field {
    folder: tempfile::TempDir,
    app: App,
    text: String,
    problem: Problem,
}

impl Drop for Field {
    fn drop(&mut self) {
        let root = self.path("store/executors/process");
        let _ = placer::exec::process::Process::new(&root, PLACER).tear_down();
    }
}

impl Field {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let text = DEMO.replace("ACKS", &folder.path().join("acks").display().to_string());
        let app = parse_kept(&text, "demo.toml").unwrap_or_else(|faults| panic!("{faults}"));
        let book = placer::catalog::PriceBook::embedded().expect("the built-in book");
        let problem = lower(&app, &book, &Policy::default(), &Lowering::default()).expect("it is lowered");
        let field = Self { folder, app, text, problem };
        // The server that PostgreSQL runs as must get in.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(field.folder.path(), open).expect("the folder is opened");
        field
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn root(&self) -> PathBuf {
        self.path("store/executors/process/demo")
    }

    fn store(&self) -> Store {
        Store::open(&self.path("store")).expect("the store opens")
    }

    fn placement(&self, regions: &[usize; 3]) -> Placement {
        let seat = |(component, region): (&placer::app::Component, &usize)| Seat {
            component: component.name.clone(),
            kind: component.kind,
            provider: ["north", "south"][*region].into(),
            region: ["one", "two"][*region].into(),
            offer: "any".into(),
            purchase: Purchase::OnDemand,
            count: 1,
            above: Vec::new(),
            form: Some(Form::Machines),
            machine_of: None,
            usd_month: Some(Money::from_dollars(10)),
        };
        let seats = self.app.components.iter().zip(regions).map(seat).collect();
        Placement { seats, usd_month: Some(Money::from_dollars(30)) }
    }

    /// Writes the plan to another placement into a file.
    fn plan_to(&self, to: Placement, name: &str) -> Plan {
        let from = self.store().deployment("demo").expect("readable").map(|there| there.placement).unwrap_or_default();
        let options = Options { keep_hours: 24, weights: vec![50, 100] };
        let plan = Plan { app_toml: self.text.clone(), ..plan(&self.app, &self.problem, from, to, &options) };
        fs::write(self.path(name), to_json(&plan).expect("written")).expect("the plan is written");
        plan
    }

    fn command(&self, args: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(PLACER);
        command.current_dir(self.folder.path()).args(args).env("PLACER_STORE", self.path("store"));
        command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null()).process_group(0);
        command
    }

    fn start(&self, args: &[&str]) -> Child {
        self.command(args).spawn().expect("placer starts")
    }

    /// Runs placer to its end, and says what it says.
    fn run(&self, args: &[&str]) -> (bool, String) {
        let mut command = Command::new(PLACER);
        let output =
            command.current_dir(self.folder.path()).args(args).env("PLACER_STORE", self.path("store")).output();
        let output = output.expect("placer runs");
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    }

    /// Every process of the application: its number, its folder below the root, what it is.
    fn processes(&self) -> Vec<(u32, String, String)> {
        let root = self.root();
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").expect("there is /proc").flatten() {
            let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
            let cwd = fs::read_link(entry.path().join("cwd")).unwrap_or_default();
            let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            let below = |path: &Path| path.strip_prefix(&root).ok().map(|below| below.display().to_string());
            let named = || line.split(' ').find_map(|word| below(Path::new(word)));
            if let Some(below) = below(&cwd).or_else(named) {
                found.push((pid, below, line));
            }
        }
        found
    }

    /// Rows that were acknowledged until now: writer and number.
    fn acknowledged(&self) -> BTreeSet<(String, i64)> {
        let text = fs::read_to_string(self.path("acks")).unwrap_or_default();
        // A line that is being written is not acknowledged yet.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole
            .lines()
            .filter_map(|line| line.rsplit_once(' '))
            .map(|(w, n)| (w.to_owned(), n.parse().expect("n")))
            .collect()
    }

    /// Rows that are in the database, asked at its stable address.
    fn rows(&self) -> Result<BTreeSet<(String, i64)>, postgres::Error> {
        let process = placer::exec::process::Process::new(self.path("store/executors/process"), PLACER);
        let url = process.address("demo", "db").expect("readable").expect("it has an address");
        let password = fs::read_to_string(self.root().join(".components/db/password")).expect("the password");
        let url = url.replacen("app@", &format!("app:{}@", password.trim()), 1);
        let mut client = Client::connect(&url, NoTls)?;
        let rows = client.query("SELECT writer, n FROM demo_rows", &[])?;
        rows.into_iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// Waits until what is there is what the journal says, and everybody serves.
    fn settled(&self, what: &str) {
        let since = Instant::now();
        loop {
            let (well, told) = self.run(&["status", "demo"]);
            if well {
                return;
            }
            assert!(since.elapsed() < SETTLE, "{what}: {told}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// What must hold whenever no run is open.
    fn holds(&self, what: &str) {
        self.settled(what);
        let since = Instant::now();
        let acknowledged = self.acknowledged();
        let rows = loop {
            match self.rows() {
                Ok(rows) => break rows,
                Err(error) => assert!(since.elapsed() < SETTLE, "{what}: {error}"),
            }
            std::thread::sleep(Duration::from_millis(100));
        };
        let lost: Vec<_> = acknowledged.difference(&rows).collect();
        assert!(lost.is_empty(), "{what}: {} acknowledged rows are lost, like {:?}", lost.len(), lost[0]);
        // Whatever runs belongs to a side of the placement, or to what all sides share.
        let placement = self.store().deployment("demo").unwrap().expect("it is somewhere").placement;
        let sides: Vec<String> =
            placement.seats.iter().map(|seat| format!("{}-{}", seat.component, seat.id())).collect();
        for (pid, folder, line) in self.processes() {
            let known =
                folder.starts_with('.') || folder.is_empty() || sides.iter().any(|side| folder.contains(side.as_str()));
            assert!(known, "{what}: process {pid} in `{folder}` is not known: {line}");
        }
        for provider in ["north/one", "south/two"] {
            for side in fs::read_dir(self.root().join(provider)).into_iter().flatten().flatten() {
                let name = side.file_name().to_string_lossy().into_owned();
                assert!(sides.contains(&name), "{what}: the folder of `{name}` is left");
            }
        }
        // Everybody writes on: at least one more row is acknowledged.
        while self.acknowledged().len() <= acknowledged.len() {
            assert!(since.elapsed() < SETTLE, "{what}: the writer has stopped");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Kills placer, or a process of the application; says which.
    fn kill(&self, dice: &mut Dice, placer: &mut Child) -> String {
        let mut others = self.processes();
        others.retain(|(pid, ..)| *pid != placer.id());
        if others.is_empty() || dice.roll(2) == 0 {
            // Placer alone: what it has started lives on or does not, as it would after a crash.
            let _ = placer.kill();
            return "placer".to_owned();
        }
        let at = usize::try_from(dice.roll(others.len() as u64)).expect("an index");
        let (pid, _, line) = &others[at];
        let pid = i32::try_from(*pid).ok().and_then(rustix::process::Pid::from_raw).expect("a process");
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        let word = ["region-keep", "region-proxy", "demo web", "demo writer", "postgres", "pg_"];
        (*word.iter().find(|word| line.contains(**word)).unwrap_or(&"other")).to_owned()
    }

    /// One migration with a kill at a random moment, until no run is open any more. Says who was killed and how it ended.
    fn migrate(&self, number: usize, regions: &[usize; 3], dice: &mut Dice, usual: Duration) -> (String, String) {
        self.plan_to(self.placement(regions), "plan.json");
        let mut placer = self.start(&["apply", "plan.json", "--yes"]);
        let moment = u64::try_from(usual.as_millis()).expect("short");
        std::thread::sleep(Duration::from_millis(dice.roll(moment)));
        let killed = self.kill(dice, &mut placer);
        let _ = placer.wait();
        let back = dice.roll(3) == 0;
        let since = Instant::now();
        let (run, ended) = loop {
            let runs = self.store().plan_runs(Some("demo"), 1).expect("readable");
            let run = runs.into_iter().next().expect("a run");
            let told = match run.state {
                PlanRunState::Finished | PlanRunState::RolledBack
                    if self.store().open_plan_runs(None).unwrap().is_empty() =>
                {
                    break (run.id, run.state);
                }
                PlanRunState::Keeping if back => self.run(&["rollback", &run.id]).1,
                PlanRunState::Keeping => self.run(&["runs", "finish", &run.id]).1,
                _ => self.run(&["runs", "resume", &run.id]).1,
            };
            assert!(since.elapsed() < 3 * SETTLE, "migration {number}, {killed} killed: {:?}: {told}", run.state);
        };
        let last = self.store().journal(&run).expect("readable").pop().expect("it has entries").event;
        let fits = match ended {
            PlanRunState::Finished => Event::Ended(End::Finished),
            _ => Event::Ended(End::RolledBack),
        };
        assert_eq!(last, fits, "migration {number}");
        (killed, ended.as_str().to_owned())
    }
}

#[test]
fn migrations_with_kills_lose_nothing() {
    if placer::exec::process::programs::postgres().is_none() {
        println!("skipped: PostgreSQL is not installed; `placer doctor` says how");
        return;
    }
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let (count, seed) = (number("MIGRATIONS").unwrap_or(3), number("SEED").unwrap_or(1));
    let mut dice = Dice(seed);
    let field = Field::new();
    field.plan_to(field.placement(&[0, 0, 0]), "plan.json");
    let (well, told) = field.run(&["apply", "plan.json", "--yes"]);
    assert!(well, "{told}");
    field.holds("after the start");
    // How long a move takes when nobody is killed, for moments to kill at.
    let since = Instant::now();
    field.plan_to(field.placement(&[1, 1, 1]), "plan.json");
    let (well, told) = field.run(&["apply", "plan.json", "--yes"]);
    assert!(well, "{told}");
    let usual = since.elapsed();
    let (well, told) = field.run(&["runs", "finish", "demo-2"]);
    assert!(well, "{told}");
    field.holds("after a move");
    let mut report = std::collections::BTreeMap::<(String, String), usize>::new();
    for migration in 1..=usize::try_from(count).expect("small") {
        let at = |field: &Field, c: usize| {
            usize::from(field.store().deployment("demo").unwrap().unwrap().placement.seats[c].provider == "south")
        };
        let there = [at(&field, 0), at(&field, 1), at(&field, 2)];
        // The database always moves, the others in half of the cases.
        let other = |here: usize, moves: bool| if moves { 1 - here } else { here };
        let to = [other(there[0], dice.roll(2) == 0), other(there[1], true), other(there[2], dice.roll(2) == 0)];
        let (killed, ended) = field.migrate(migration, &to, &mut dice, usual);
        field.holds(&format!("migration {migration}, {killed} killed, {ended}"));
        *report.entry((killed, ended)).or_default() += 1;
    }
    let rows = field.acknowledged().len();
    println!("{count} migrations, one kill -9 each, {rows} acknowledged rows, all there; a move takes {usual:?}");
    for ((killed, ended), times) in report {
        println!("{times:5}  {killed} killed, {ended}");
    }
    let (well, told) = field.run(&["down", "demo", "--yes"]);
    assert!(well, "{told}");
    let left = field.processes();
    assert!(left.is_empty(), "nothing is left running: {left:?}");
}
