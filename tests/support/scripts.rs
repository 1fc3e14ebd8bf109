//! Plugins in a few lines of Python, and steps to send them.

use placer::app::{App, Kind, Names, parse_app};
use placer::exec::plugin::{Command, Limits, Plugin};
use placer::exec::{Done, Executor, Failure, FailureKind, Order, Watch};
use placer::plan::{Options, Placement, Plan, Seat, unpriced};
use placer::units::Purchase;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What every script begins with.
const PREAMBLE: &str = r"
import json, os, sys, time
def send(**message): print(json.dumps({'jsonrpc': '2.0'} | message), flush=True)
def ask():
    line = sys.stdin.readline()
    if not line: sys.exit(0)
    return json.loads(line)
def hello(protocol=1, kinds=['service', 'postgres'], undo=True, observe=True, more={}):
    r = ask()
    assert r['method'] == 'initialize' and r['params']['protocol'] == 1
    send(id=r['id'], result={'protocol': protocol, 'name': 'test', 'kinds': kinds, 'undo': undo, 'observe': observe} | more)
def progress(text): send(method='progress', params={'text': text})
def refuse(r, kind, what, help=''): send(id=r['id'], error={'code': -32000, 'message': what, 'data': {'kind': kind, 'what': what, 'help': help}})
def fail(r, kind, what, help): refuse(r, kind, what, help); ask()
def sighting(**members): return {'component': 'web', 'seat': 'a', 'provider': 'p', 'region': 'r', 'health': 'ready', 'percent': 0} | members
";

/// Little time and room, so that tests are quick.
pub fn limits() -> Limits {
    Limits {
        start: Duration::from_secs(5),
        look: Duration::from_secs(5),
        stop: Duration::from_secs(1),
        end: Duration::from_millis(500),
        line_bytes: 100_000,
        answer_bytes: 1_000_000,
        strays: 5,
        told: 50,
        text_chars: 100,
    }
}

/// A plugin that is this script.
pub fn plugin(script: &str) -> Plugin {
    let words = ["python3", "-c", &format!("{PREAMBLE}{script}")].map(str::to_owned);
    Plugin::new(Command::of(words.to_vec()).expect("a command"), limits())
}

/// An application and a plan that adds it.
pub struct Stage {
    pub app: App,
    pub plan: Plan,
}

impl Stage {
    /// A service that calls a database.
    pub fn small() -> Self {
        let text = "version = 1\nname = \"shop\"\n\
                    [[component]]\nname = \"web\"\nkind = \"service\"\nimage = \"nginx:1.29\"\ncpu = 1\nmemory_gib = 1\n\
                    env = [\"GREETING=hello\"]\nsecrets = [\"DB_PASSWORD\"]\n\
                    [[component]]\nname = \"db\"\nkind = \"postgres\"\nmemory_gib = 1\ndisk_gb = 1\n\
                    [[link]]\nfrom = \"web\"\nto = \"db\"\nrequest_gb_month = 1\n";
        let app = parse_app(text, "shop.toml", &Names::default()).unwrap_or_else(|faults| panic!("{faults}"));
        let seats = vec![seat("web", Kind::Service), seat("db", Kind::Postgres)];
        let to = Placement { seats, usd_month: None };
        let plan = unpriced(&app, Placement::default(), to, &Options::default());
        Self { app, plan }
    }

    pub fn plan_mut(&mut self) -> &mut Plan {
        &mut self.plan
    }

    pub fn order(&self, step: usize) -> Order<'_> {
        Order { app: &self.app, plan: &self.plan, step: &self.plan.steps[step], run: "shop-1", fence: 1 }
    }

    /// Sends the first step.
    pub fn apply(&self, plugin: &Plugin, watch: &Onlooker) -> Result<Done, Failure> {
        plugin.apply(&self.order(0), watch)
    }
}

fn seat(component: &str, kind: Kind) -> Seat {
    Seat {
        component: component.to_owned(),
        kind,
        provider: "example".into(),
        region: "one".into(),
        offer: "small".into(),
        purchase: Purchase::OnDemand,
        count: 1,
        above: Vec::new(),
        form: None,
        machine_of: None,
        usd_month: None,
    }
}

/// Keeps what it is told, and says stop after a while.
pub struct Onlooker {
    kind: FailureKind,
    until: Instant,
    texts: Mutex<Vec<String>>,
}

impl Onlooker {
    pub fn for_ms(ms: u64) -> Self {
        let until = Instant::now() + Duration::from_millis(ms);
        Self { kind: FailureKind::Deadline, until, texts: Mutex::default() }
    }

    /// With another reason to stop.
    pub fn saying(self, kind: FailureKind) -> Self {
        Self { kind, ..self }
    }

    pub fn texts(&self) -> Vec<String> {
        self.texts.lock().expect("nobody panicked").clone()
    }
}

impl Watch for Onlooker {
    fn progress(&self, text: &str) {
        self.texts.lock().expect("nobody panicked").push(text.to_owned());
    }

    fn stop(&self) -> Option<FailureKind> {
        (Instant::now() >= self.until).then_some(self.kind)
    }
}
