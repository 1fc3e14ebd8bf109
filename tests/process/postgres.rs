//! Real PostgreSQL under a writer that never stops.

use crate::moves::{each_step_twice, stopped_anywhere};
use crate::world::{Patient, World, eventually};
use placer::exec::Executor;
use placer::exec::process::programs;
use placer::plan::{Action, Placement, Plan, Undo};
use postgres::{Client, NoTls};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Whether PostgreSQL is here; says so when it is not.
pub fn is_installed() -> bool {
    let installed = programs::postgres().is_some();
    if !installed {
        println!("skipped: PostgreSQL is not installed, `placer doctor` says how to install it");
    }
    installed
}

/// The demo application with a list of acknowledged rows.
pub const DEMO: &str = r#"
[[component]]
name = "web"
kind = "service"
command = ["placer", "demo", "web"]
cpu = 1
memory_gib = 1

[[component]]
name = "writer"
kind = "worker"
command = ["placer", "demo", "writer"]
env = ["PAUSE_MS=2", "ACK_LOG={folder}/acknowledged"]
cpu = 1
memory_gib = 1

[[component]]
name = "db"
kind = "postgres"
memory_gib = 1

[[link]]
from = "web"
to = "db"
request_gb_month = 1

[[link]]
from = "writer"
to = "db"
request_gb_month = 1
"#;

/// A world with the demo application, and where its rows are noted.
pub fn world() -> (World, PathBuf) {
    let world = World::new(DEMO);
    let log = world.folder().join("acknowledged");
    (world, log)
}

/// Rows that were acknowledged.
pub fn acknowledged(log: &Path) -> Vec<String> {
    fs::read_to_string(log).unwrap_or_default().lines().map(str::to_owned).collect()
}

/// Connects as the application would, past the proxy: to the side itself.
pub fn connect(world: &World, port: u16, user: &str) -> Result<Client, postgres::Error> {
    let password = fs::read_to_string(world.root.join("shop/.components/db/password")).unwrap_or_default();
    let mut config = Client::configure();
    config.host("127.0.0.1").port(port).user(user).password(password.trim()).dbname("app");
    config.connect_timeout(Duration::from_secs(5)).connect(NoTls)
}

/// The port of the database's stable address.
pub fn stable(world: &World) -> u16 {
    let address = world.process.address("shop", "db").unwrap().expect("it has an address");
    address.rsplit(':').next().and_then(|rest| rest.split('/').next()).unwrap().parse().unwrap()
}

/// Every row that was acknowledged is there, once.
pub fn nothing_is_lost(world: &World, log: &Path) {
    let acknowledged = acknowledged(log);
    let mut client = connect(world, stable(world), "app").expect("the database answers");
    let rows = client.query("SELECT writer || ' ' || n FROM demo_rows", &[]).expect("the table is there");
    let there: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(there.len(), rows.len(), "no row is there twice");
    let lost: Vec<_> = acknowledged.iter().filter(|row| !there.contains(*row)).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged rows are lost: {lost:?}", lost.len(), acknowledged.len());
}

/// Waits until the writer has committed more.
pub fn goes_on(log: &Path) {
    let before = acknowledged(log).len();
    eventually("the writer goes on", || acknowledged(log).len() > before + 5);
}

/// Ends the watching, also when the work has failed.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// While something is done, asks all sides all the time whether they take writes: never two.
pub fn one_writes<T>(world: &World, work: impl FnOnce() -> T) -> T {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let (mut most, mut looks) = (0, 0);
            while !over.load(Ordering::SeqCst) {
                // Whoever is being made or taken away is not seen.
                let seen = world.process.observe("shop").unwrap_or_default();
                most = most.max(seen.iter().filter(|sighting| sighting.writable == Some(true)).count());
                looks += 1;
                thread::sleep(Duration::from_millis(10));
            }
            (most, looks)
        });
        let end = Over(&over);
        let done = work();
        drop(end);
        let (most, looks) = watch.join().unwrap();
        assert!(most == 1 && looks > 3, "{most} sides took writes at once, in {looks} looks");
        done
    })
}

/// The longest time for which no row was acknowledged while something is done.
fn longest_pause(log: &Path, work: impl FnOnce()) -> Duration {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let size = || fs::metadata(log).map_or(0, |seen| seen.len());
            let (mut last, mut since, mut longest) = (size(), Instant::now(), Duration::ZERO);
            while !over.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(2));
                if size() != last {
                    (last, since) = (size(), Instant::now());
                }
                longest = longest.max(since.elapsed());
            }
            longest
        });
        let end = Over(&over);
        work();
        drop(end);
        watch.join().unwrap()
    })
}

fn until_kept(plan: &Plan) -> impl Iterator<Item = &placer::plan::Step> {
    plan.steps.iter().take_while(|step| !matches!(step.action, Action::Retire(_)))
}

#[test]
fn a_database_moves_and_comes_back_and_moves_while_rows_are_committed() {
    if !is_installed() {
        return;
    }
    let (world, log) = world();
    world.settle(&world.at(&[0, 0, 0]));
    goes_on(&log);
    assert_eq!(world.seen(), ["db@eu-1 100% ready writable", "web@eu-1 100% ready", "writer@eu-1 100% ready"]);
    assert!(world.get("web").unwrap().contains("last: grand/eu-1:"), "{:?}", world.get("web"));

    let plan = world.plan(&world.at(&[0, 0, 0]), &world.at(&[1, 2, 2]));
    let pause = longest_pause(&log, || {
        one_writes(&world, || {
            for step in until_kept(&plan) {
                world.apply(&plan, step, &Patient::new()).unwrap_or_else(|failure| panic!("{}: {failure}", step.name));
            }
        });
    });
    println!("writes paused for {pause:?} at most");
    assert!(pause < Duration::from_secs(30), "{pause:?}");
    goes_on(&log);
    nothing_is_lost(&world, &log);
    let mut seen = world.seen();
    seen.sort();
    let expected = [
        "db@eu-1 0% ready closed",
        "db@nbg 100% ready writable",
        "web@eu-1 0% ready",
        "web@us-1 100% ready",
        "writer@eu-1 0% stopped",
        "writer@nbg 100% ready",
    ];
    assert_eq!(seen, expected);

    // Taken back: what was written to the new side is on the old one.
    one_writes(&world, || {
        for step in until_kept(&plan).collect::<Vec<_>>().into_iter().rev().filter(|step| step.undo != Undo::Nothing) {
            world.undo(&plan, step).unwrap_or_else(|failure| panic!("{} taken back: {failure}", step.name));
        }
    });
    goes_on(&log);
    nothing_is_lost(&world, &log);
    assert_eq!(world.seen(), ["db@eu-1 100% ready writable", "web@eu-1 100% ready", "writer@eu-1 100% ready"]);

    // And once more, to the end.
    world.carry_out(&plan);
    goes_on(&log);
    nothing_is_lost(&world, &log);
    assert_eq!(world.seen(), ["db@nbg 100% ready writable", "web@us-1 100% ready", "writer@nbg 100% ready"]);
}

/// What replication does not carry is dumped and restored: there and, after more was written, back.
#[test]
fn what_replication_does_not_carry_is_dumped_and_restored() {
    if !is_installed() {
        return;
    }
    let (world, log) = world();
    world.settle(&world.at(&[0, 0, 0]));
    goes_on(&log);
    let mut client = connect(&world, stable(&world), "app").unwrap();
    let odd = "CREATE TABLE odd (v text); INSERT INTO odd VALUES ('a'), ('a'), (NULL);
               CREATE MATERIALIZED VIEW few AS SELECT count(*) FROM odd;
               SELECT lo_from_bytea(0, 'large'); CREATE SEQUENCE own START 41; SELECT nextval('own')";
    client.batch_execute(odd).unwrap();
    let plan = world.plan(&world.at(&[0, 0, 0]), &world.at(&[0, 0, 1]));
    let mut told = String::new();
    one_writes(&world, || {
        for step in until_kept(&plan) {
            let note = world.apply(&plan, step, &Patient::new()).unwrap_or_else(|e| panic!("{}: {e}", step.name));
            told += if step.name == "db/copy" { &note } else { "" };
        }
    });
    assert!(told.contains("dumped and restored") && told.contains("writes pause"), "{told}");
    goes_on(&log);
    let all = "SELECT (SELECT count(*) FROM odd) || ' ' || (SELECT count FROM few) || ' ' || nextval('own') || ' ' ||
               (SELECT count(*) FROM pg_largeobject_metadata)";
    let read = || -> String { connect(&world, stable(&world), "app").unwrap().query_one(all, &[]).unwrap().get(0) };
    assert_eq!(read(), "3 3 42 1");
    connect(&world, stable(&world), "app").unwrap().batch_execute("INSERT INTO odd VALUES ('b')").unwrap();
    one_writes(&world, || {
        for step in until_kept(&plan).collect::<Vec<_>>().into_iter().rev().filter(|step| step.undo != Undo::Nothing) {
            world.undo(&plan, step).unwrap_or_else(|failure| panic!("{} taken back: {failure}", step.name));
        }
    });
    assert_eq!(read(), "4 4 43 1", "the view was made anew");
    goes_on(&log);
    nothing_is_lost(&world, &log);
    assert_eq!(world.seen()[0], "db@eu-1 100% ready writable");
}

/// A schema that changes between the copy and the shift, and again before the way back.
#[test]
fn a_schema_that_changes_meanwhile_is_taken_along() {
    if !is_installed() {
        return;
    }
    let (world, log) = world();
    world.settle(&world.at(&[0, 0, 0]));
    goes_on(&log);
    let change = |sql: &str| connect(&world, stable(&world), "app").unwrap().batch_execute(sql).unwrap();
    let plan = world.plan(&world.at(&[0, 0, 0]), &world.at(&[0, 0, 1]));
    for step in until_kept(&plan) {
        if step.name == "db/shift-100" {
            change("ALTER TABLE demo_rows ADD COLUMN more text DEFAULT 'x'; CREATE TABLE new (id int PRIMARY KEY)");
        }
        world.apply(&plan, step, &Patient::new()).unwrap_or_else(|failure| panic!("{}: {failure}", step.name));
    }
    change("ALTER TABLE demo_rows DROP COLUMN more; INSERT INTO new VALUES (1)");
    goes_on(&log);
    for step in until_kept(&plan).collect::<Vec<_>>().into_iter().rev().filter(|step| step.undo != Undo::Nothing) {
        world.undo(&plan, step).unwrap_or_else(|failure| panic!("{} taken back: {failure}", step.name));
    }
    goes_on(&log);
    nothing_is_lost(&world, &log);
    let row = connect(&world, stable(&world), "app").unwrap().query_one("SELECT count(*) FROM new", &[]).unwrap();
    assert_eq!(row.get::<_, i64>(0), 1);
    assert_eq!(world.seen()[0], "db@eu-1 100% ready writable");
    // The same plan once more: by replication again.
    world.carry_out(&plan);
    goes_on(&log);
    nothing_is_lost(&world, &log);
}

#[test]
fn each_step_of_a_database_is_idempotent() {
    if !is_installed() {
        return;
    }
    let (world, _log) = world();
    each_step_twice(&world, &world.plan(&Placement::default(), &world.at(&[0, 0, 0])));
    each_step_twice(&world, &world.plan(&world.at(&[0, 0, 0]), &world.at(&[0, 0, 2])));
}

#[test]
fn a_database_that_is_stopped_anywhere_is_taken_back() {
    if !is_installed() {
        return;
    }
    let (world, log) = world();
    world.settle(&world.at(&[0, 0, 0]));
    goes_on(&log);
    let looks = [0, 5, 20, 60, 150, 250];
    one_writes(&world, || stopped_anywhere(&world, &world.plan(&world.at(&[0, 0, 0]), &world.at(&[0, 0, 1])), &looks));
    goes_on(&log);
    nothing_is_lost(&world, &log);
}
