//! Migrations while placer and everything that it has started is killed at random moments.

use crate::postgres::{DEMO, acknowledged, goes_on, is_installed, nothing_is_lost};
use crate::world::{Patient, World, eventually, is_locked};
use placer::plan::{Action, Placement, Plan, Undo};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// How often a step is tried before all is taken back, and a step back before the test fails.
const ATTEMPTS: usize = 3;
const ATTEMPTS_BACK: usize = 10;

/// How long a migration takes, about.
const USUAL_MS: u64 = 15_000;

/// Random numbers that are the same for the same seed (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

/// What a runner does, step by step; on the disk, so that the next one goes on where it was killed: how many steps were begun,
/// how many were done, and whether it goes back.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Journal {
    begun: usize,
    done: usize,
    back: bool,
    over: bool,
}

impl Journal {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_default();
        let words: Vec<&str> = text.split_whitespace().collect();
        let number = |at: usize| words.get(at).and_then(|word| word.parse().ok()).unwrap_or(0);
        Self { begun: number(0), done: number(1), back: number(2) == 1, over: number(3) == 1 }
    }

    fn write(self, path: &Path) {
        let Self { begun, done, back, over } = self;
        let new = path.with_extension("new");
        fs::write(&new, format!("{begun} {done} {} {}", u8::from(back), u8::from(over))).unwrap();
        fs::rename(new, path).unwrap();
    }
}

/// Not a test of its own: what the tests below run as a process that they kill.
#[test]
#[ignore = "run by the tests beside it"]
fn runner() {
    let Ok(folder) = std::env::var("PLACER_TEST_FOLDER") else { return };
    let numbers = |name: &str| -> Vec<usize> {
        let text = std::env::var(name).unwrap();
        text.split(',').map(|number| number.parse().unwrap()).collect()
    };
    let world = World::again(DEMO, Path::new(&folder));
    let plan = world.plan(&world.at(&numbers("PLACER_TEST_FROM")), &world.at(&numbers("PLACER_TEST_TO")));
    let path = Path::new(&folder).join("journal");
    let mut journal = Journal::read(&path);
    while !journal.over {
        if journal.back {
            back(&world, &plan, &mut journal, &path)
        } else {
            forward(&world, &plan, &mut journal, &path)
        }
    }
}

fn forward(world: &World, plan: &Plan, journal: &mut Journal, path: &Path) {
    let Some(step) = plan.steps.get(journal.done) else {
        journal.over = true;
        return journal.write(path);
    };
    journal.begun = journal.done + 1;
    journal.write(path);
    // What is retired cannot be taken back: it is tried longer.
    let attempts = if matches!(step.action, Action::Retire(_)) { ATTEMPTS_BACK } else { ATTEMPTS };
    for attempt in 1..=attempts {
        match world.apply(plan, step, &Patient::new()) {
            Ok(_) => {
                journal.done += 1;
                return journal.write(path);
            }
            Err(failure) => println!("{} failed, attempt {attempt}: {failure}", step.name),
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(!matches!(step.action, Action::Retire(_)), "{} does not end", step.name);
    journal.back = true;
    journal.write(path);
}

fn back(world: &World, plan: &Plan, journal: &mut Journal, path: &Path) {
    let Some(at) = journal.begun.checked_sub(1) else {
        journal.over = true;
        return journal.write(path);
    };
    let step = &plan.steps[at];
    for attempt in 1..=ATTEMPTS_BACK {
        if step.undo == Undo::Nothing {
            break;
        }
        match world.undo(plan, step) {
            Ok(_) => break,
            Err(failure) => println!("{} is not taken back, attempt {attempt}: {failure}", step.name),
        }
        assert!(attempt < ATTEMPTS_BACK, "{} cannot be taken back", step.name);
        std::thread::sleep(Duration::from_millis(200));
    }
    (journal.begun, journal.done) = (at, at);
    journal.write(path);
}

/// What was done to the processes.
#[derive(Debug, Default)]
struct Tally {
    killed: BTreeMap<String, usize>,
    finished: usize,
    rolled_back: usize,
    acknowledged: usize,
}

fn start(world: &World, from: &[usize], to: &[usize]) -> Child {
    let list = |places: &[usize]| places.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let log = fs::OpenOptions::new().append(true).create(true).open(world.folder().join("runner.log")).unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kills::runner", "--ignored", "--nocapture"])
        .env("PLACER_TEST_FOLDER", world.folder())
        .env("PLACER_TEST_FROM", list(from))
        .env("PLACER_TEST_TO", list(to))
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// One migration with one kill, and what must be so afterwards. Gives where the application is.
fn migrate(world: &World, random: &mut Random, from: &[usize], tally: &mut Tally) -> Vec<usize> {
    let to: Vec<usize> = from.iter().map(|place| (place + 1 + random.below(2) as usize) % 3).collect();
    let journal = world.folder().join("journal");
    let _ = fs::remove_file(&journal);
    let at = Duration::from_millis(random.below(USUAL_MS));
    let placer = random.below(2) == 0;
    let back = random.below(2) == 0;
    let mut runner = start(world, from, &to);
    std::thread::sleep(at);
    if placer {
        // It may have ended already.
        let _ = runner.kill();
        *tally.killed.entry("placer".into()).or_default() += 1;
    } else if let Some(name) = kill_any(world, random) {
        *tally.killed.entry(name).or_default() += 1;
    }
    let mut ended = runner.wait().unwrap().success();
    let mut tries = 0;
    while !ended || !Journal::read(&journal).over {
        tries += 1;
        assert!(tries < 5, "{}", fs::read_to_string(world.folder().join("runner.log")).unwrap());
        let mut known = Journal::read(&journal);
        let retired = world.plan(&world.at(from), &world.at(&to));
        let retired = retired.steps[..known.begun].iter().any(|step| matches!(step.action, Action::Retire(_)));
        if placer && back && !retired {
            known.back = true;
            known.write(&journal);
        }
        ended = start(world, from, &to).wait().unwrap().success();
    }
    let over = Journal::read(&journal);
    if over.back {
        tally.rolled_back += 1
    } else {
        tally.finished += 1
    }
    let now = if over.back { from.to_vec() } else { to };
    judge(world, &now);
    now
}

/// Kills the main process of a random folder in which one runs; gives what it was.
fn kill_any(world: &World, random: &mut Random) -> Option<String> {
    let mut dirs: Vec<PathBuf> = locks(&world.root).into_iter().filter(|lock| is_locked(lock)).collect();
    if random.below(2) == 0 {
        // The data are what matters most: one of the database's own every other time.
        dirs.retain(|lock| lock.to_string_lossy().contains("/db-"));
    }
    let lock = dirs.get(random.below(dirs.len().max(1) as u64) as usize)?;
    let pid: i32 = fs::read_to_string(lock.with_file_name("pid")).ok()?.trim().parse().ok()?;
    let killed = kill_process(Pid::from_raw(pid)?, Signal::KILL).is_ok();
    let name = lock.strip_prefix(&world.root).unwrap().display().to_string();
    let kind = match name.split('/').next_back() {
        _ if name.contains(".keeper") => "keeper",
        _ if name.contains("/proxy/") => "proxy",
        _ if name.contains("/tool/") => "tool",
        _ if name.contains("/db-") => "postgres",
        _ if name.contains("/web-") => "web",
        _ => "writer",
    };
    killed.then(|| kind.to_owned())
}

/// Files by which processes are found.
fn locks(root: &Path) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![root.to_path_buf()]);
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.file_name().is_some_and(|name| name == "lock") {
                found.push(path);
            } else if path.is_dir() && path.file_name().is_some_and(|name| name != "data") {
                open.push(path);
            }
        }
    }
    found
}

/// Everything is where it should be, runs, and nothing else does; the writer goes on, and no acknowledged row is lost.
fn judge(world: &World, places: &[usize]) {
    world.process.tend("shop").unwrap();
    let region = |component: usize| crate::world::PLACES[places[component]].1;
    let expected = [
        format!("db@{} 100% ready writable", region(2)),
        format!("web@{} 100% ready", region(0)),
        format!("writer@{} 100% ready", region(1)),
    ];
    let since = Instant::now();
    while world.seen() != expected {
        let log = fs::read_to_string(world.folder().join("runner.log")).unwrap_or_default();
        assert!(since.elapsed() < Duration::from_secs(30), "is {:?}, not {expected:?}\n{log}", world.seen());
        std::thread::sleep(Duration::from_millis(100));
    }
    let log = world.folder().join("acknowledged");
    goes_on(&log);
    nothing_is_lost(world, &log);
    eventually("the page is served", || world.get("web").is_ok_and(|page| page.contains("rows: ")));
    // Whatever has a file of the world open as its lock runs in a folder that is known.
    let known: BTreeSet<PathBuf> = locks(&world.root).into_iter().collect();
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        for file in fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten() {
            let Ok(path) = fs::read_link(file.path()) else { continue };
            let is_lock = path.starts_with(&world.root) && path.to_string_lossy().contains("/lock");
            assert!(!is_lock || known.contains(&path), "{} has {} open", process.path().display(), path.display());
        }
    }
}

/// So many migrations from a seed.
fn migrations(count: usize, seed: u64) {
    let world = World::new(DEMO);
    let (mut random, mut tally) = (Random(seed), Tally::default());
    let mut at = vec![0, 0, 0];
    let since = Instant::now();
    world.settle(&world.at(&at));
    goes_on(&world.folder().join("acknowledged"));
    for round in 0..count {
        at = migrate(&world, &mut random, &at, &mut tally);
        println!("{round}: {at:?} {tally:?}");
    }
    tally.acknowledged = acknowledged(&world.folder().join("acknowledged")).len();
    println!("{count} migrations in {:?} from seed {seed}: {tally:?}", since.elapsed());
    world.carry_out(&world.plan(&world.at(&at), &Placement::default()));
    assert!(world.state().is_empty(), "{:?}", world.state());
}

#[test]
fn two_migrations_outlive_kills() {
    if is_installed() {
        migrations(2, 7);
    }
}

/// `PLACER_SOAK=100 PLACER_SEED=1 cargo test --test process soak -- --ignored --nocapture`
#[test]
#[ignore = "long: `just soak-process`"]
fn soak() {
    if is_installed() {
        let number = |name: &str, default| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default);
        migrations(number("PLACER_SOAK", 20) as usize, number("PLACER_SEED", 1));
    }
}
