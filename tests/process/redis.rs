//! Real Redis under a writer that never stops.

use crate::moves::{each_step_twice, stopped_anywhere};
use crate::postgres::one_writes;
use crate::world::{Patient, World, eventually};
use placer::exec::process::programs;
use placer::plan::{Action, Placement, Undo};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const APP: &str = r#"
[[component]]
name = "cache"
kind = "redis"
memory_gib = 1
"#;

fn is_installed() -> bool {
    let installed = programs::redis().is_some();
    if !installed {
        println!("skipped: Redis is not installed, `placer doctor` says how to install it");
    }
    installed
}

/// A connection of the application through the stable address.
struct Client(BufReader<TcpStream>);

impl Client {
    fn connect(world: &World) -> Option<Self> {
        let address = placer::exec::process::Process::address(&world.process, "shop", "cache").ok()??;
        let password = fs::read_to_string(world.root.join("shop/.components/cache/password")).ok()?;
        let stream = TcpStream::connect(address.strip_prefix("redis://")?).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
        let mut client = Self(BufReader::new(stream));
        (client.ask(&format!("AUTH {}", password.trim()))? == "+OK").then_some(client)
    }

    fn ask(&mut self, command: &str) -> Option<String> {
        self.0.get_mut().write_all(format!("{command}\r\n").as_bytes()).ok()?;
        let mut line = String::new();
        self.0.read_line(&mut line).ok()?;
        line.strip_suffix("\r\n").map(str::to_owned)
    }
}

/// Sets one key after the other while something is done, and gives those that were acknowledged.
fn while_writing<T>(world: &World, work: impl FnOnce(&Mutex<Vec<u64>>) -> T) -> (T, Vec<u64>) {
    struct Over<'a>(&'a AtomicBool);
    impl Drop for Over<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let (over, acknowledged) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let done = thread::scope(|scope| {
        scope.spawn(|| {
            let (mut client, mut n) = (None, 0_u64);
            while !over.load(Ordering::SeqCst) {
                match client.as_mut().and_then(|client: &mut Client| client.ask(&format!("SET key:{n} {n}"))) {
                    Some(said) if said == "+OK" => {
                        acknowledged.lock().unwrap().push(n);
                        n += 1;
                    }
                    _ => {
                        thread::sleep(Duration::from_millis(10));
                        client = Client::connect(world);
                    }
                }
            }
        });
        let _over = Over(&over);
        work(&acknowledged)
    });
    (done, acknowledged.into_inner().unwrap())
}

fn nothing_is_lost(world: &World, acknowledged: &[u64]) {
    let mut client = Client::connect(world).expect("the store answers");
    let lost = acknowledged.iter().filter(|n| client.ask(&format!("EXISTS key:{n}")).as_deref() != Some(":1")).count();
    assert_eq!(lost, 0, "of {} acknowledged keys", acknowledged.len());
    assert!(acknowledged.len() > 100, "{} keys were written", acknowledged.len());
}

#[test]
fn a_store_moves_and_comes_back_while_keys_are_set() {
    if !is_installed() {
        return;
    }
    let world = World::new(APP);
    world.settle(&world.at(&[0]));
    let plan = world.plan(&world.at(&[0]), &world.at(&[1]));
    let steps = || plan.steps.iter().take_while(|step| !matches!(step.action, Action::Retire(_)));
    let ((), acknowledged) = while_writing(&world, |acknowledged| {
        let more = |when: &str| {
            let before = acknowledged.lock().unwrap().len();
            eventually(when, || acknowledged.lock().unwrap().len() > before + 50);
        };
        more("the writer begins");
        one_writes(&world, || {
            for step in steps() {
                world.apply(&plan, step, &Patient::new()).unwrap_or_else(|failure| panic!("{}: {failure}", step.name));
            }
            more("the writer goes on at the new side");
            let mut seen = world.seen();
            seen.sort();
            assert_eq!(seen, ["cache@eu-1 0% ready closed", "cache@us-1 100% ready writable"]);
            for step in steps().collect::<Vec<_>>().into_iter().rev().filter(|step| step.undo != Undo::Nothing) {
                world.undo(&plan, step).unwrap_or_else(|failure| panic!("{} taken back: {failure}", step.name));
            }
            more("the writer goes on at the old side");
        });
        assert_eq!(world.seen(), ["cache@eu-1 100% ready writable"]);
        world.carry_out(&plan);
        more("the writer goes on at the new side again");
    });
    nothing_is_lost(&world, &acknowledged);
    assert_eq!(world.seen(), ["cache@us-1 100% ready writable"]);
}

#[test]
fn a_store_that_is_stopped_anywhere_is_taken_back_and_each_step_is_idempotent() {
    if !is_installed() {
        return;
    }
    let world = World::new(APP);
    each_step_twice(&world, &world.plan(&Placement::default(), &world.at(&[0])));
    let ((), acknowledged) = while_writing(&world, |_| {
        let plan = world.plan(&world.at(&[0]), &world.at(&[2]));
        one_writes(&world, || stopped_anywhere(&world, &plan, &[0, 2, 5, 9, 14, 20]));
        each_step_twice(&world, &plan);
    });
    nothing_is_lost(&world, &acknowledged);
    each_step_twice(&world, &world.plan(&world.at(&[2]), &Placement::default()));
}
