//! Programs that do not keep to the protocol, and what a plugin is judged by. Those that do: tests/executor_command.rs.
#![allow(clippy::too_many_lines, reason = "one table of cases")]

#[path = "support/scripts.rs"]
mod scripts;

use placer::exec::plugin::{Command, Plugin};
use placer::exec::{Executor, Failure, FailureKind};
use scripts::{Onlooker, Stage, limits, plugin};
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// The longest that anything of these tests may take, on a machine that does much else.
const SOON: Duration = Duration::from_secs(20);

/// What a misbehaving program leads to: `apply` has to end soon, in a failure of this kind that says so.
#[test]
fn whatever_a_program_does_a_step_ends_soon_and_says_what_was_wrong() {
    use FailureKind::{Deadline, Missing, Passing, Refused};
    let cases: &[(&str, &str, FailureKind, &str)] = &[
        (
            "ends at once",
            "import sys; print('boom', file=sys.stderr); sys.exit(3)",
            Refused,
            "(exit status: 3), saying `boom`",
        ),
        (
            "says nothing",
            "time.sleep(60)",
            Refused,
            "did not answer `initialize` within 5000 ms, and was killed; it has to answer",
        ),
        (
            "reads nothing",
            "time.sleep(60)",
            Refused,
            "did not answer `initialize` within 5000 ms, and was killed; it has to answer",
        ),
        ("another version", "hello(protocol=2)", Refused, "speaks version 2 of the protocol; this is version 1"),
        ("no version", "hello(protocol='one')", Refused, "protocol: invalid type: string \"one\""),
        ("no kinds", "hello(kinds=None)", Refused, "kinds: invalid type: null"),
        ("a kind that is none", "hello(kinds=['toaster'])", Refused, "kinds[0]: unknown variant `toaster`"),
        (
            "refuses to begin",
            "r = ask(); fail(r, kind='missing', what='no account', help='log in')",
            Missing,
            "no account; log in",
        ),
        (
            "garbage for ever",
            "hello(); ask()\nwhile True: print('garbage')",
            Refused,
            "no JSON-RPC 2.0, like `garbage`",
        ),
        (
            "garbage of bytes",
            "hello(); ask()\nwhile True: os.write(1, bytes(range(256)) + b'\\n')",
            Refused,
            "no JSON-RPC 2.0",
        ),
        (
            "no version of JSON-RPC",
            "hello(); ask()\nwhile True: print('{\"id\": 2, \"result\": {\"note\": \"\"}}')",
            Refused,
            "no JSON-RPC 2.0",
        ),
        (
            "nested without end",
            "hello(); ask()\nwhile True: print('[' * 100000)",
            Refused,
            "no JSON-RPC 2.0, like `[[[",
        ),
        (
            "another id",
            "hello(); r = ask(); send(id=r['id'] + 1, result={'note': ''}); ask()",
            Refused,
            "answered with id 3 to request 2",
        ),
        (
            "an id that is text",
            "hello(); r = ask(); send(id=str(r['id']), result={'note': ''}); ask()",
            Refused,
            "answered with id \"2\" to request 2",
        ),
        ("no id", "hello(); ask(); send(result={'note': ''}); ask()", Refused, "answered with no id to request 2"),
        (
            "neither result nor error",
            "hello(); r = ask(); send(id=r['id']); ask()",
            Refused,
            "neither result nor error",
        ),
        (
            "another form",
            "hello(); r = ask(); send(id=r['id'], result={'nite': ''}); ask()",
            Refused,
            "missing field `note`",
        ),
        (
            "asks something itself",
            "hello(); r = ask(); send(id=1, method='tell_me', params={}); ask()",
            Refused,
            "asks for `tell_me`; a plugin only answers",
        ),
        (
            "a line without end",
            "hello(); ask()\nwhile True: os.write(1, b'x' * 65536)",
            Refused,
            "a line of more than 100000 bytes",
        ),
        (
            "progress without end",
            "hello(); ask()\nwhile True: progress('x' * 1000)",
            Refused,
            "more than 1000000 bytes",
        ),
        (
            "a line that comes slowly",
            "hello(); ask()\nwhile True: os.write(1, b'x'); time.sleep(0.01)",
            Deadline,
            "did not stop within",
        ),
        (
            "ends in the middle",
            "hello(); ask(); print('out of luck', file=sys.stderr); os._exit(7)",
            Passing,
            "ended (exit status: 7), saying `out of luck`, during `apply` of `",
        ),
        ("is killed in the middle", "hello(); ask(); os.kill(os.getpid(), 9)", Passing, "(signal: 9 (SIGKILL))"),
        ("closes its output", "hello(); ask(); os.close(1); time.sleep(60)", Passing, "during `apply`"),
        ("hangs", "hello(); ask(); time.sleep(60)", Deadline, "did not stop within 1000 ms"),
        (
            "hangs and does not want to die",
            "import signal\nfor s in (1, 2, 15): signal.signal(s, signal.SIG_IGN)\nhello(); ask()\nwhile True: time.sleep(1)",
            Deadline,
            "and was killed",
        ),
        (
            "an error of a library",
            "hello(); r = ask(); send(id=r['id'], error={'code': -32601, 'message': 'no such method'})\nask()",
            Refused,
            "says error -32601: no such method",
        ),
        (
            "an error of its own",
            "hello(); r = ask(); send(id=r['id'], error={'code': 5, 'message': 'oops'})\nask()",
            Passing,
            "says error 5: oops",
        ),
        (
            "an error of a kind that is none",
            "hello(); r = ask(); fail(r, kind='odd', what='odd', help='')",
            Passing,
            "says error -32000: odd",
        ),
        (
            "text that upsets a terminal",
            "hello(); r = ask(); fail(r, kind='passing', what='\\x1b[2J\\x07 gone', help='a\\nb')",
            Passing,
            "\u{fffd}[2J\u{fffd} gone; a b",
        ),
    ];
    thread::scope(|scope| {
        for part in cases.chunks(cases.len().div_ceil(4)) {
            scope.spawn(|| part.iter().for_each(|(name, script, kind, words)| ends_soon(name, script, *kind, words)));
        }
    });
}

fn ends_soon(name: &str, script: &str, kind: FailureKind, words: &str) {
    let (begun, plugin) = (Instant::now(), plugin(script));
    // The time for the step begins when the program has started, however busy the machine is.
    let answer = plugin.info().and_then(|_| Stage::small().apply(&plugin, &Onlooker::for_ms(1_500)));
    let failure = answer.expect_err(name);
    let said = failure.to_string();
    assert!(failure.kind == kind && said.contains(words), "{name}: {failure:?} should be {kind:?}: {words}");
    assert!(begun.elapsed() < SOON, "{name}: {:?}", begun.elapsed());
    assert!(!said.chars().any(char::is_control), "{name}: {said:?}");
}

#[test]
fn a_program_that_is_not_there_is_missing() {
    let command = Command::parse("/nowhere/placer-plugin --flag").expect("a command");
    let failure = Plugin::new(command, limits()).observe("shop").expect_err("nothing is there");
    assert_eq!(failure.kind, FailureKind::Missing);
    assert!(
        failure.what.contains("`/nowhere/placer-plugin` cannot be started") && !failure.help.is_empty(),
        "{failure}"
    );
}

#[test]
fn what_does_no_harm_is_passed_over() {
    let script = "print('loading'); hello(more={'new': True}); r = ask(); print('a library says hello')\n\
                  send(method='later', params={}); progress('half\\tdone\\x1b'); print('to stderr', file=sys.stderr, flush=True)\n\
                  time.sleep(0.3); send(id=r['id'], result={'note': 'made\\nit', 'more': 1}); ask()";
    let onlooker = Onlooker::for_ms(10_000);
    let done = Stage::small().apply(&plugin(script), &onlooker).expect("it is done");
    assert_eq!(done.note, "made it");
    let mut texts = onlooker.texts();
    texts.sort();
    assert_eq!(texts, ["half done\u{fffd}", "no message: a library says hello", "to stderr"]);
}

#[test]
fn what_a_program_says_is_shown_up_to_a_limit() {
    let script = "hello(); r = ask()\nfor i in range(500): print('line', i, 'x' * 2000, file=sys.stderr)\n\
                  for i in range(500): progress(str(i))\n\
                  time.sleep(0.2); send(id=r['id'], result={'note': ''}); ask()";
    let onlooker = Onlooker::for_ms(10_000);
    Stage::small().apply(&plugin(script), &onlooker).expect("it is done");
    let texts = onlooker.texts();
    assert_eq!(texts.len(), limits().told);
    assert_eq!(texts.last().map(String::as_str), Some("the plugin says more than is shown"));
    assert!(texts.iter().all(|text| text.chars().count() <= limits().text_chars + 1));
}

#[test]
fn a_program_that_stops_when_it_is_told_to_is_asked_again() {
    let script = "hello()\nwhile True:\n r = ask()\n if r['method'] == 'observe': send(id=r['id'], result={'sightings': [sighting(region=str(os.getpid()))]})\n \
                  else:\n  c = ask(); assert c['method'] == 'cancel' and c['params']['id'] == r['id'] and 'id' not in c\n  \
                  refuse(r, kind='passing', what='stopped: ' + c['params']['why'])";
    let plugin = plugin(script);
    let pid = |plugin: &Plugin| plugin.observe("shop").expect("it answers")[0].region.clone();
    let before = pid(&plugin);
    for kind in [FailureKind::Deadline, FailureKind::Cancelled] {
        let failure = Stage::small().apply(&plugin, &Onlooker::for_ms(200).saying(kind)).expect_err("stopped");
        assert_eq!((failure.kind, failure.what), (kind, format!("stopped: {}", kind.as_str())));
    }
    assert_eq!(pid(&plugin), before, "it is the same process");
}

#[test]
fn nothing_is_sent_when_it_is_too_late_already() {
    let failure = Stage::small().apply(&plugin("os._exit(1)"), &Onlooker::for_ms(0)).expect_err("too late");
    assert_eq!((failure.kind, failure.what.contains("nothing was done")), (FailureKind::Deadline, true));
}

#[test]
fn a_program_that_died_is_started_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let count = folder.path().join("count");
    let script = format!(
        "open({count:?}, 'a').write('x'); hello(); r = ask()\nif r['method'] == 'apply': os._exit(1)\n\
         send(id=r['id'], result={{'sightings': []}}); os._exit(0)"
    );
    let plugin = plugin(&script);
    for starts in 1..=3 {
        assert_eq!(
            Stage::small().apply(&plugin, &Onlooker::for_ms(5_000)).expect_err("it dies").kind,
            FailureKind::Passing
        );
        assert_eq!(fs::read_to_string(&count).unwrap().len(), 2 * starts - 1);
        assert_eq!(plugin.observe("shop"), Ok(Vec::new()), "asked again, it is there");
        assert_eq!(fs::read_to_string(&count).unwrap().len(), 2 * starts);
        // It ends by itself after its answer; that is seen before it is asked again, or told as a failure.
        thread::sleep(Duration::from_millis(300));
    }
}

/// Whether a process is there and is no mere entry that waits to be reaped.
fn alive(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn gone_soon(pid: &str) -> bool {
    let begun = Instant::now();
    while alive(pid) && begun.elapsed() < SOON {
        thread::sleep(Duration::from_millis(20));
    }
    !alive(pid)
}

#[test]
fn what_a_hanging_program_has_started_is_killed_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let pids = folder.path().join("pids");
    let script = format!(
        "import subprocess; child = subprocess.Popen(['sleep', '300'])\n\
         open({pids:?}, 'w').write(f'{{os.getpid()}} {{child.pid}}'); hello(); ask(); time.sleep(300)"
    );
    let failure = Stage::small().apply(&plugin(&script), &Onlooker::for_ms(3_000)).expect_err("it hangs");
    assert_eq!(failure.kind, FailureKind::Deadline);
    for pid in fs::read_to_string(&pids).unwrap().split(' ') {
        assert!(gone_soon(pid), "{pid} is still there");
    }
}

#[test]
fn what_a_program_leaves_behind_holds_nobody_up() {
    // A child that keeps standard output open, in the group of the program and out of it.
    for session in ["False", "True"] {
        let folder = tempfile::tempdir().expect("a folder");
        let pid = folder.path().join("pid");
        let script = format!(
            "import subprocess; child = subprocess.Popen(['sleep', '30'], start_new_session={session})\n\
             open({pid:?}, 'w').write(str(child.pid)); hello(); ask(); os._exit(4)"
        );
        let begun = Instant::now();
        let failure = Stage::small().apply(&plugin(&script), &Onlooker::for_ms(3_000)).expect_err("it ended");
        assert!(begun.elapsed() < SOON && failure.what.contains("during `apply`"), "{session}: {failure:?}");
        let pid = fs::read_to_string(&pid).unwrap();
        if session == "False" {
            assert!(gone_soon(&pid), "{pid} is still there");
        }
    }
}

#[test]
fn a_program_ends_with_its_executor() {
    let folder = tempfile::tempdir().expect("a folder");
    let [pid, end] = ["pid", "end"].map(|name| folder.path().join(name));
    let polite = format!(
        "open({pid:?}, 'w').write(str(os.getpid())); hello()\nfor line in sys.stdin: pass\nopen({end:?}, 'w').write('ended')"
    );
    let stubborn = format!("open({pid:?}, 'w').write(str(os.getpid())); hello(); time.sleep(300)");
    for (script, ends) in [(polite, true), (stubborn, false)] {
        let plugin = plugin(&script);
        plugin.info().expect("it says who it is");
        let begun = Instant::now();
        drop(plugin);
        assert!(begun.elapsed() < SOON);
        let pid = fs::read_to_string(&pid).unwrap();
        assert!(!Path::new(&format!("/proc/{pid}")).exists(), "{pid} was not reaped");
        assert_eq!(end.exists(), ends);
        let _ = fs::remove_file(&end);
    }
}

#[test]
fn a_long_request_to_a_program_that_does_not_read_ends_too() {
    let mut stage = Stage::small();
    stage.plan_mut().app_toml = "#".repeat(1 << 20);
    let begun = Instant::now();
    let failure = plugin("hello(); time.sleep(60)").ready(&stage.app, &stage.plan).expect_err("nobody reads it");
    assert!(failure.what.contains("`ready`") && begun.elapsed() < SOON, "{failure:?}");
}

#[test]
fn one_request_does_not_wait_for_another() {
    let script = "hello()\nwhile True:\n r = ask()\n if r['method'] == 'apply': time.sleep(4)\n send(id=r['id'], result={'note': '', 'sightings': []})";
    let plugin = plugin(script);
    thread::scope(|scope| {
        let step = scope.spawn(|| Stage::small().apply(&plugin, &Onlooker::for_ms(60_000)));
        thread::sleep(Duration::from_millis(500));
        assert_eq!(plugin.observe("shop"), Ok(Vec::new()));
        assert!(!step.is_finished(), "`observe` was answered while the step went on");
        step.join().expect("no panic").expect("it is done");
    });
}

#[test]
fn sightings_are_judged_and_put_in_order() {
    let seen = |rows: &str| {
        plugin(&format!("hello(); r = ask(); send(id=r['id'], result={{'sightings': {rows}}}); ask()")).observe("shop")
    };
    let rows = "[sighting(component='web', seat='b'), sighting(component='web', seat='a'), sighting(component='db', seat='c', writable=True)]";
    let order: Vec<(String, String)> =
        seen(rows).expect("they fit").into_iter().map(|s| (s.component, s.seat)).collect();
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(order, [pair("db", "c"), pair("web", "a"), pair("web", "b")]);
    for (row, words) in [
        ("sighting(percent=101)", "more than 100 percent"),
        ("sighting(percent=-1)", "sightings[0].percent"),
        ("sighting(health='fine')", "unknown variant `fine`"),
        ("sighting(address='postgres://u:secret@h:1/db')", "a user or a password"),
        ("sighting(region='a\\x1bb')", "control characters"),
        ("sighting(seat='x' * 300)", "too long"),
        ("{}", "missing field `component`"),
    ] {
        let failure = seen(&format!("[{row}]")).expect_err(row);
        assert!(failure.kind == FailureKind::Refused && failure.what.contains(words), "{row}: {failure:?}");
        assert!(!failure.to_string().contains("secret"), "{failure}");
    }
}

#[test]
fn a_plugin_that_cannot_carry_a_plan_out_says_so_before() {
    let stage = Stage::small();
    for (hello, words) in [
        ("kinds=['service']", "it cannot make `db`, a postgres"),
        ("undo=False", "it cannot take steps back"),
        ("observe=False", "it cannot say what is there"),
    ] {
        let failure = plugin(&format!("hello({hello}); ask()")).ready(&stage.app, &stage.plan).expect_err(hello);
        assert!(failure.kind == FailureKind::Refused && failure.what.contains(words), "{failure}");
    }
    let answers = |result: &str| {
        let script = format!("hello(); r = ask(); assert r['method'] == 'ready'; send(id=r['id'], {result}); ask()");
        plugin(&script).ready(&stage.app, &stage.plan)
    };
    assert_eq!(answers("result={}"), Ok(()));
    assert_eq!(answers("result=None"), Ok(()));
    let missing =
        "error={'code': -32000, 'message': '', 'data': {'kind': 'missing', 'what': 'no key', 'help': 'get one'}}";
    assert_eq!(answers(missing), Err(Failure::new(FailureKind::Missing, "no key").help("get one")));
}

#[test]
fn commands_are_read_as_a_shell_does() {
    let command = Command::parse("python3 'my plugin.py' --name \"a b\" c\\ d").expect("a command");
    assert_eq!((command.program.as_str(), command.args.len()), ("python3", 4));
    assert_eq!(command.args, ["my plugin.py", "--name", "a b", "c d"]);
    assert_eq!(Command::parse(&command.line()), Some(command.clone()));
    assert_eq!(Plugin::new(command.clone(), limits()).name(), format!("plugin:{}", command.line()));
    for none in ["", "  ", "'open"] {
        assert_eq!(Command::parse(none), None);
    }
}
