//! `up`, `apply`, `status`, `runs`, `rollback`, `plans`, `autopilot` and `down` as people use them, carried out by the example of a
//! plugin in a folder.

#[path = "support/small_book.rs"]
mod small_book;

use assert_cmd::Command;
use placer::store::{PlanRunState, Store};
use small_book::SHOP;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder with the small book, a shop, a store and a world.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("shop.toml"), SHOP).expect("the application is written");
        fs::write(folder.path().join("book"), small_book::sealed()).expect("the book is written");
        fs::create_dir(folder.path().join("world")).expect("the world is made");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn store(&self) -> Store {
        Store::open(&self.path("store")).expect("the store opens")
    }

    fn executor(&self) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/executor-plugin.py");
        format!("plugin:python3 '{}' '{}'", script.display(), self.path("world").display())
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_placer"));
        command.current_dir(self.folder.path()).env("PLACER_STORE", self.path("store"));
        command.env("PLACER_PROBES", self.path("nowhere")).env_remove("NO_COLOR").args(args);
        command
    }

    /// Standard output, standard error and the exit code; what differs from run to run is replaced.
    fn run(&self, args: &[&str]) -> (String, String, i32) {
        self.finish(&mut self.command(args))
    }

    fn finish(&self, command: &mut Command) -> (String, String, i32) {
        let output = command.output().expect("placer runs");
        let text = |bytes: &[u8]| self.steady(&String::from_utf8_lossy(bytes));
        (text(&output.stdout), text(&output.stderr), output.status.code().unwrap_or(-1))
    }

    /// Without moments, paths and digests.
    fn steady(&self, text: &str) -> String {
        let text = text.replace(&self.executor(), "EXECUTOR");
        let word = |word: &str| {
            let moment = word.len() == 20 && word.ends_with('Z') && word.as_bytes()[10] == b'T';
            if moment { "MOMENT".to_owned() } else { word.to_owned() }
        };
        let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ").trim_end().to_owned();
        text.lines().map(line).collect::<Vec<_>>().join("\n")
    }

    fn up(&self) -> (String, String, i32) {
        self.run(&["up", "shop.toml", "--price-book", "book", "--yes", "--executor", &self.executor()])
    }

    /// Makes another place the cheaper one for the shop's database.
    fn cheaper_elsewhere(&self) {
        let edit = (
            "managed/grand.csv",
            "postgres,Grand SQL,db.large,2,8192,0,hour,0.15",
            "postgres,Grand SQL,db.large,2,8192,0,hour,0.03",
        );
        fs::write(self.path("book"), small_book::sealed_with(&[edit])).expect("the book is written");
    }
}

#[test]
fn an_application_goes_up_and_everything_about_it_can_be_asked() {
    let desk = Desk::new();
    let (out, err, code) = desk.up();
    assert_eq!(code, 0, "{out}{err}");
    insta::assert_snapshot!("up", format!("{out}\n-- progress\n{err}"));
    let (out, err, code) = desk.run(&["status"]);
    assert_eq!(code, 0, "{out}{err}");
    insta::assert_snapshot!("status", out);
    // Once more: it stays.
    let (out, err, code) = desk.up();
    assert_eq!((out.as_str(), code), ("shop: nothing to do, everything stays where it is", 0), "{err}");

    desk.cheaper_elsewhere();
    let (out, err, code) = desk.up();
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("run shop-2: everything is on the new side; the old sides are kept until MOMENT"), "{out}");
    let (out, ..) = desk.run(&["runs", "show", "shop-2"]);
    let digits = |line: &str| !line.starts_with("plan ");
    insta::assert_snapshot!("journal", out.lines().filter(|line| digits(line)).collect::<Vec<_>>().join("\n"));
    let (_, err, code) = desk.run(&["down", "shop", "--yes"]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("placer runs finish shop-2"), "{err}");

    let (out, err, code) = desk.run(&["rollback", "shop-2"]);
    assert_eq!((out.as_str(), code), ("run shop-2: rolled back; everything is as before", 0), "{err}");
    let (out, _, code) = desk.run(&["status", "shop"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("second:par") && !out.contains("grand"), "{out}");
    let (out, err, code) = desk.run(&["down", "shop", "--yes"]);
    assert_eq!(code, 0, "{out}{err}");
    let (out, ..) = desk.run(&["status"]);
    assert_eq!(out, "no application is looked after; `placer up app.toml` begins with one");
}

#[test]
fn a_plan_from_a_file_is_for_one_state() {
    let desk = Desk::new();
    desk.up();
    desk.cheaper_elsewhere();
    let (_, err, code) = desk.run(&["plan", "shop.toml", "--price-book", "book", "-o", "plan.json"]);
    assert_eq!(code, 0, "{err}");
    let (out, err, code) = desk.run(&["apply", "plan.json", "--yes"]);
    assert_eq!(code, 0, "{out}{err}");
    let (out, err, code) = desk.run(&["runs", "finish", "shop-2"]);
    assert_eq!((out.as_str(), code), ("run shop-2: finished", 0), "{err}");
    let (_, err, code) = desk.run(&["apply", "plan.json", "--yes"]);
    assert_eq!(code, 2);
    assert!(err.contains("this plan of `shop` was made for an older state"), "{err}");
    let (_, err, code) = desk.run(&["rollback", "shop-2"]);
    assert_eq!(code, 2);
    assert!(err.contains("its old sides are gone"), "{err}");
    let (_, err, code) = desk.run(&["apply", "plan.json"]);
    assert_eq!(code, 2);
    assert!(err.contains("give --yes"), "{err}");
}

#[test]
fn what_is_not_there_is_told() {
    let desk = Desk::new();
    for (args, told) in [
        (&["rollback", "shop-9"][..], "there is no run `shop-9`; `placer runs` lists them"),
        (&["runs", "show", "shop-9"], "there is no run `shop-9`"),
        (&["status", "shop"], "the store knows no application `shop`"),
        (&["plans", "approve", "abc"], "there is no plan `abc`"),
        (&["apply", "nothing.json"], "there is no file `nothing.json`"),
        (&["up", "shop.toml", "--price-book", "book", "--executor", "nobody"], "there is no executor `nobody`"),
        (&["autopilot", "--policy", "balancd", "--once"], "balanced"),
        (&["autopilot", "--ticks", "shop.toml", "--once"], "line 1"),
    ] {
        let (out, err, code) = desk.run(args);
        assert_eq!(code, 2, "{args:?}: {out}{err}");
        assert!(err.contains(told), "{args:?}: {err}");
    }
}

/// The book of today with a recorded fall of Frankfurt's price, which the autopilot sees, asks about, and carries out.
#[test]
fn the_autopilot_asks_and_moves() {
    let desk = Desk::new();
    desk.up();
    let lines: String = [("12", "0.105"), ("13", "0.075"), ("14", "0.053"), ("15", "0.038"), ("16", "0.03")]
        .map(|(hour, usd)| format!("2026-02-02T{hour}:00:00Z,grand,eu-1,Grand SQL db.large,on_demand,{usd}\n"))
        .concat();
    let ticks = format!("# placer ticks 1\nat,provider,region,offer,purchase,usd_hour\n{lines}");
    fs::write(desk.path("ticks.csv"), ticks).expect("the ticks are written");
    let policy = include_str!("../policies/aggressive.toml").replace("\"auto\"", "\"ask\"");
    // Its prices come within hours.
    let policy = policy.replace("price_stands_hours_min = 24", "price_stands_hours_min = 0");
    fs::write(desk.path("asks.toml"), policy).expect("the policy is written");
    let replay = ["autopilot", "--policy", "asks.toml", "--price-book", "book", "--replay", "ticks.csv"];
    let (dry, err, code) = desk.run(&[&replay[..], &["--dry-run"]].concat());
    assert_eq!(code, 0, "{dry}{err}");
    assert_eq!(desk.store().waiting_plans("shop").unwrap().len(), 1, "a dry run asks as well, once");
    let (out, err, code) = desk.run(&replay);
    assert_eq!((out.as_str(), code), (dry.as_str(), 0), "{err}");
    insta::assert_snapshot!("autopilot", out);
    let digest = desk.store().waiting_plans("shop").unwrap().remove(0).digest;
    let (out, err, code) = desk.run(&["plans", "approve", &digest[..10]]);
    assert_eq!(code, 0, "{err}");
    assert!(out.ends_with("approved; the autopilot carries it out in its next round"), "{out}");
    let (out, err, code) =
        desk.run(&["autopilot", "--policy", "asks.toml", "--price-book", "book", "--once", "--json"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("\"run\":\"shop-2\",\"told\":\"moved;"), "{out}");
    assert_eq!(desk.store().plan_run("shop-2").unwrap().unwrap().state, PlanRunState::Keeping);
}

/// A disk that is full: files may not grow beyond what they are. Nothing is done, the message says so, and with room again the
/// same command goes through.
#[test]
#[cfg(unix)]
fn without_room_for_the_journal_nothing_is_done() {
    let desk = Desk::new();
    desk.up();
    desk.cheaper_elsewhere();
    let world = || fs::read_to_string(desk.path("world/shop.json")).expect("the world is there");
    let before = world();
    let limited = |blocks: u32| {
        let placer = env!("CARGO_BIN_EXE_placer");
        let executor = desk.executor();
        // The signal that a too large file brings is ignored, so that writing fails as on a full disk.
        let script = format!(
            "trap '' XFSZ; ulimit -f {blocks}; exec {placer} up shop.toml --price-book book --yes --executor \"{executor}\""
        );
        let mut command = Command::new("sh");
        command
            .current_dir(desk.folder.path())
            .env("PLACER_STORE", desk.path("store"))
            .env("PLACER_PROBES", desk.path("nowhere"));
        command.args(["-c", &script]);
        desk.finish(&mut command)
    };
    let (out, err, code) = limited(0);
    assert_eq!(code, 1, "{out}{err}");
    assert!(err.contains("the store"), "{err}");
    assert_eq!(world(), before, "nothing was done without a journal");
    assert!(desk.store().open_plan_runs(None).unwrap().is_empty());
    let (out, err, code) = desk.up();
    assert_eq!(code, 0, "{out}{err}");
    assert_ne!(world(), before);
}

/// An image that cannot be pulled: tried three times, everything taken back, and told with the next command.
#[test]
fn a_move_that_fails_says_what_happened_what_was_undone_and_what_is_left() {
    let desk = Desk::new();
    fs::write(desk.path("shop.toml"), SHOP.replace("example/shop:1", "shop.invalid/shop:1")).expect("it is written");
    let (out, err, code) = desk.up();
    assert_eq!(code, 1, "{out}{err}");
    let told = err.split("error: ").last().unwrap_or_default();
    insta::assert_snapshot!("failed", told);
    assert_eq!(desk.store().open_plan_runs(None).unwrap(), []);
    let (out, _, code) = desk.run(&["status", "shop"]);
    assert_eq!(code, 0, "{out}");
    assert!(!out.contains("ready"), "nothing is left: {out}");
    // What is wrong is mended, and the same command goes through.
    fs::write(desk.path("shop.toml"), SHOP).expect("it is written");
    let (out, err, code) = desk.up();
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.ends_with("run shop-2: finished"), "{out}");
}

/// There, back, and there again: the second time is the same plan as the first, to the byte, and still is carried out.
#[test]
fn the_same_plan_can_be_carried_out_again_after_the_way_back() {
    let desk = Desk::new();
    desk.up();
    for turn in 1..=3 {
        if turn == 2 {
            fs::write(desk.path("book"), small_book::sealed()).expect("the book is written");
        } else {
            desk.cheaper_elsewhere();
        }
        let (out, err, code) = desk.up();
        assert_eq!(code, 0, "{out}{err}");
        let (out, err, code) = desk.run(&["runs", "finish", &format!("shop-{}", turn + 1)]);
        assert_eq!(code, 0, "{out}{err}");
        let (out, _, code) = desk.run(&["status", "shop"]);
        assert_eq!(code, 0, "{out}");
        assert_eq!(out.contains("grand:eu-1"), turn != 2, "turn {turn}: {out}");
    }
    let runs = desk.store().plan_runs(Some("shop"), 10).unwrap();
    let plan = |id: &str| runs.iter().find(|run| run.id == id).expect("it ran").plan.clone();
    assert_eq!(plan("shop-2"), plan("shop-4"));
}
