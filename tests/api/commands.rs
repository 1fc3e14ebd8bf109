//! `placer serve` and `placer token` as programs, and the examples of docs/api.md.

use assert_cmd::Command;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};
use std::time::Duration;

fn placer(store: &Path) -> Command {
    let mut command = Command::cargo_bin("placer").unwrap();
    command.env("PLACER_STORE", store).env("PLACER_PROBES", store.join("probes.csv")).timeout(Duration::from_secs(60));
    command
}

fn printed(command: &mut Command) -> String {
    String::from_utf8(command.assert().success().get_output().stdout.clone()).unwrap()
}

/// A server as a process; killed when dropped.
struct Served {
    child: Child,
    url: String,
    _out: BufReader<ChildStdout>,
}

impl Served {
    fn start(store: &Path) -> Self {
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("placer"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--log", "json"]).env("PLACER_STORE", store);
        let log = fs::File::create(store.join("serve.log")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let url = line.trim().trim_start_matches("placer serves ").trim_end_matches('/').to_owned();
        assert!(url.starts_with("http://127.0.0.1:"), "{line}");
        Self { child, url, _out: out }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn tokens_are_made_listed_and_taken_back() {
    let store = tempfile::tempdir().unwrap();
    let store = store.path();
    assert!(printed(placer(store).args(["token", "list"])).contains("no token was made"));
    let made = printed(placer(store).args(["token", "create", "--role", "viewer", "--expires", "30d", "--note", "ci"]));
    let token = made.trim();
    assert!(token.starts_with("placer_") && made.lines().count() == 1, "{made}");
    let listed = printed(placer(store).args(["token", "list", "--format", "json"]));
    let rows: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(
        (&rows[0]["role"], &rows[0]["state"], &rows[0]["note"]),
        (&"viewer".into(), &"good".into(), &"ci".into())
    );
    assert!(!listed.contains(token));
    for entry in fs::read_dir(store).unwrap().flatten() {
        let bytes = fs::read(entry.path()).unwrap_or_default();
        assert!(!bytes.windows(token.len()).any(|part| part == token.as_bytes()), "the token itself is nowhere");
    }
    let id = rows[0]["id"].as_str().unwrap();
    let revoked = printed(placer(store).args(["token", "revoke", id]));
    assert!(revoked.contains("opens nothing"), "{revoked}");
    assert!(printed(placer(store).args(["token", "list"])).contains("revoked"));
    placer(store).args(["token", "revoke", "nobody"]).assert().code(2);
    placer(store).args(["token", "create", "--role", "king"]).assert().code(2);
    placer(store).args(["token", "create", "--role", "viewer", "--expires", "soon"]).assert().code(2);
}

#[test]
fn a_public_address_without_a_token_is_refused_with_advice() {
    let store = tempfile::tempdir().unwrap();
    let refused = placer(store.path()).args(["serve", "--listen", "0.0.0.0:0"]).assert().code(2);
    let told = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(told.contains("placer token create"), "{told}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    placer(store.path()).args(["serve", "--listen", &address]).assert().code(2);
}

#[test]
fn the_examples_of_the_documentation_run() {
    let store = tempfile::tempdir().unwrap();
    let admin = printed(placer(store.path()).args(["token", "create", "--role", "admin"])).trim().to_owned();
    let served = Served::start(store.path());
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/api.md")).unwrap();
    let blocks: Vec<&str> = text.split("```sh\n").skip(1).map(|part| part.split("```").next().unwrap()).collect();
    let script: Vec<&str> = blocks.iter().copied().filter(|block| block.contains("curl")).collect();
    assert!(script.len() >= 5, "the documentation has examples");
    let run = Command::new("bash")
        .args(["-eu", "-c", &script.join("\n")])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("PLACER", &served.url)
        .env("TOKEN", &admin)
        .env("PLACER_STORE", store.path())
        .timeout(Duration::from_secs(120))
        .assert();
    let output = run.get_output();
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}");
    drop(served);
    let log = fs::read_to_string(store.path().join("serve.log")).unwrap();
    assert!(log.contains("\"target\":\"access\"") && !log.contains(&admin), "the log has no token: {log}");
}
