//! A folder with an executor, an application of which something may be there, and what is there. Everything that a test starts
//! goes when its world is dropped, also when the test has failed.

use crate::small_book;
use placer::app::{self, App, Names};
use placer::exec::process::{Delays, Process};
use placer::exec::{Executor, Failure, FailureKind, Order, Sighting, Watch};
use placer::plan::{Options, Placement, Plan, Seat, Step, plan};
use placer::policy::Policy;
use placer::problem::lower::{Options as Lowering, lower};
use placer::problem::{Form, Problem};
use placer::units::{Money, Purchase};
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The binary under test.
pub const PLACER: &str = env!("CARGO_BIN_EXE_placer");

/// The places that seats are at, by number.
pub const PLACES: [(&str, &str); 3] = [("grand", "eu-1"), ("grand", "us-1"), ("plain", "nbg")];

pub struct World {
    pub root: PathBuf,
    pub process: Process,
    pub app: App,
    problem: Problem,
    folder: PathBuf,
    /// Removed with the world; a world that was come back to is somebody else's.
    own: Option<tempfile::TempDir>,
}

impl Drop for World {
    fn drop(&mut self) {
        if self.own.is_some()
            && let Err(failure) = self.process.tear_down()
        {
            eprintln!("{failure}");
        }
    }
}

impl World {
    /// A world for an application, given by what comes after its name. `{folder}` stands for the world's own.
    pub fn new(text: &str) -> Self {
        let own = tempfile::tempdir().expect("a temporary folder");
        let mut world = Self::again(text, own.path());
        world.own = Some(own);
        world
    }

    /// The world in a folder that another process has made.
    pub fn again(text: &str, folder: &Path) -> Self {
        let root = folder.join("regions");
        let process = process(&root);
        let text = text.replace("{folder}", &folder.display().to_string());
        let text = format!("version = 1\nname = \"shop\"\n{text}");
        let app = app::parse(&text, "app.toml", &Names::default()).unwrap_or_else(|faults| panic!("{faults}")).app;
        Self { root, process, app, problem: problem(), folder: folder.to_path_buf(), own: None }
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A seat of a component at a place.
    pub fn seat(&self, component: &str, place: usize, count: u32) -> Seat {
        let base = component.split('#').next().unwrap_or_default();
        let kind = self.app.components.iter().find(|c| c.name == base).expect("a component").kind;
        let (provider, region) = PLACES[place];
        Seat {
            component: component.into(),
            kind,
            provider: provider.into(),
            region: region.into(),
            offer: "small".into(),
            purchase: Purchase::OnDemand,
            count,
            above: Vec::new(),
            form: Some(Form::Machines),
            machine_of: None,
            usd_month: Some(Money::from_dollars(10)),
        }
    }

    /// All components at one place each.
    pub fn at(&self, places: &[usize]) -> Placement {
        let seats = self.app.components.iter().zip(places).map(|(c, place)| self.seat(&c.name, *place, 1)).collect();
        Placement { seats, usd_month: Some(Money::from_dollars(100)) }
    }

    pub fn plan(&self, from: &Placement, to: &Placement) -> Plan {
        plan(&self.app, &self.problem, from.clone(), to.clone(), &Options::default())
    }

    pub fn order<'a>(&'a self, plan: &'a Plan, step: &'a Step) -> Order<'a> {
        Order { app: &self.app, plan, step, run: "run", fence: 1 }
    }

    pub fn apply(&self, plan: &Plan, step: &Step, watch: &dyn Watch) -> Result<String, Failure> {
        let since = Instant::now();
        let done = self.process.apply(&self.order(plan, step), watch).map(|done| done.note);
        println!("{} {:?} {:?}", step.name, since.elapsed(), done.as_ref().err().map(|e| e.kind));
        done
    }

    pub fn undo(&self, plan: &Plan, step: &Step) -> Result<String, Failure> {
        self.process.undo(&self.order(plan, step), &Patient::new()).map(|done| done.note)
    }

    /// Carries a whole plan out.
    pub fn carry_out(&self, plan: &Plan) {
        self.process.ready(&self.app, plan).unwrap_or_else(|failure| panic!("{failure}"));
        for step in &plan.steps {
            self.apply(plan, step, &Patient::new()).unwrap_or_else(|failure| panic!("{}: {failure}", step.name));
        }
    }

    /// Brings the application to a placement from nothing.
    pub fn settle(&self, placement: &Placement) {
        self.carry_out(&self.plan(&Placement::default(), placement));
    }

    pub fn observe(&self) -> Vec<Sighting> {
        self.process.observe(&self.app.name).unwrap_or_else(|failure| panic!("{failure}"))
    }

    /// `component@place percent health writable` of all that is there.
    pub fn seen(&self) -> Vec<String> {
        let word = |s: &Sighting| {
            let writable =
                s.writable.map(|writable| if writable { " writable" } else { " closed" }).unwrap_or_default();
            format!("{}@{} {}% {}{writable}", s.component, s.region, s.percent, s.health.as_str())
        };
        self.observe().iter().map(word).collect()
    }

    /// What is there by looking at the disk: files that matter with what is in them, and where processes run. Leaves out logs,
    /// ids, what servers keep in their data, and the folder with the fence, which stays.
    pub fn state(&self) -> BTreeMap<String, String> {
        let mut state = BTreeMap::new();
        let mut open = vec![self.root.clone()];
        while let Some(dir) = open.pop() {
            for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
                let path = entry.path();
                let name = path.strip_prefix(&self.root).unwrap().display().to_string();
                let file = entry.file_name().into_string().unwrap();
                match file.as_str() {
                    "log" | "pid" | "status.json" => {}
                    "done.json" | "fence" => {}
                    "lock" => drop(state.insert(name, if is_locked(&path) { "runs" } else { "rests" }.to_owned())),
                    "data" => drop(state.insert(name, String::new())),
                    _ if path.is_dir() => {
                        if dir != self.root {
                            state.insert(name, String::new());
                        }
                        open.push(path);
                    }
                    _ => drop(state.insert(name, fs::read_to_string(&path).unwrap_or_default())),
                }
            }
        }
        state
    }

    /// Folders of the sides of a component in a region.
    pub fn sides(&self, region: &str, component: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.root.join("shop").join(region)).into_iter().flatten().flatten();
        let is = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(component));
        entries.map(|entry| entry.path()).filter(is).collect()
    }

    /// What the stable address of a component answers to `GET /`.
    pub fn get(&self, component: &str) -> Result<String, String> {
        let url = self.process.address("shop", component).map_err(|e| e.to_string())?.ok_or("it has no address")?;
        get(url.strip_prefix("http://").ok_or(url.clone())?, "/")
    }
}

/// An executor for tests: nothing is delayed, and nothing is waited for long.
pub fn process(root: &Path) -> Process {
    Process::new(root, PLACER).delays(Delays::none()).grace(Duration::from_secs(2))
}

fn problem() -> Problem {
    let text = "version = 1\nname = \"any\"\n[[component]]\nname = \"web\"\nkind = \"service\"\nimage = \"a:1\"\ncpu = \
                1\nmemory_gib = 1\n";
    let app = app::parse(text, "any.toml", &Names::default()).unwrap_or_else(|faults| panic!("{faults}")).app;
    lower(&app, &small_book::book(), &Policy::default(), &Lowering::default()).expect("it is lowered")
}

/// The body of an answer.
pub fn get(address: &str, target: &str) -> Result<String, String> {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.write_all(format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes())?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    };
    let text = ask().map_err(|error| error.to_string())?;
    text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).ok_or(format!("no answer: {text:?}"))
}

pub fn is_locked(path: &Path) -> bool {
    fs::File::open(path).is_ok_and(|file| file.try_lock_shared().is_err())
}

/// Ids of the processes that have the lock of a folder open.
pub fn holders(dir: &Path) -> Vec<i32> {
    let lock = dir.join("lock").canonicalize().unwrap_or_default();
    let mut found = Vec::new();
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let files = fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten();
        if files.into_iter().any(|file| fs::read_link(file.path()).is_ok_and(|path| path == lock)) {
            found.push(pid);
        }
    }
    found
}

/// Waits until something is so, ten seconds at most.
pub fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is() {
        assert!(since.elapsed() < Duration::from_secs(10), "it never was so that {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits for a minute.
pub struct Patient(Instant);

impl Patient {
    pub fn new() -> Self {
        Self(Instant::now())
    }
}

impl Watch for Patient {
    fn progress(&self, _text: &str) {}

    fn stop(&self) -> Option<FailureKind> {
        (self.0.elapsed() > Duration::from_secs(60)).then_some(FailureKind::Deadline)
    }
}

/// Says stop when it is looked at for the n-th time: a failure at any point.
pub struct StopsAt {
    left: AtomicUsize,
    kind: FailureKind,
}

impl StopsAt {
    pub fn new(looks: usize, kind: FailureKind) -> Self {
        Self { left: AtomicUsize::new(looks), kind }
    }
}

impl Watch for StopsAt {
    fn progress(&self, _text: &str) {}

    fn stop(&self) -> Option<FailureKind> {
        let left = self.left.load(Ordering::SeqCst);
        self.left.store(left.saturating_sub(1), Ordering::SeqCst);
        (left == 0).then_some(self.kind)
    }
}
