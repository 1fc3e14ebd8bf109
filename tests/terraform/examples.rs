//! `placer export terraform` of every example: wherever it is cheapest, and at each provider by itself.

use crate::schema::Schemas;
use crate::support::{NOWHERE, formatted};
use placer::exec::terraform::{PROVIDERS, audit};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn export(app: &Path, dir: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_placer"))
        .env("PLACER_STORE", NOWHERE)
        .env("PLACER_PROBES", NOWHERE)
        .args(["export", "terraform", "--price-book", "builtin"])
        .arg(app)
        .arg("-d")
        .arg(dir)
        .args(more)
        .output()
        .expect("placer runs")
}

fn examples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut found: Vec<PathBuf> = folder.read_dir().expect("examples are there").flatten().map(|e| e.path()).collect();
    found.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    found.sort();
    found
}

fn policy(folder: &Path, provider: &str) -> PathBuf {
    let path = folder.join(format!("{provider}.toml"));
    let text = format!("version = 1\nname = \"only-{provider}\"\n[allow.providers]\nallow = [\"{provider}\"]\n");
    fs::write(&path, text).expect("a policy is written");
    path
}

fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = folder.read_dir().expect("a folder was written").flatten();
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (name, fs::read_to_string(&path).expect("a file is text"))
    };
    entries.map(|entry| read(entry.path())).collect()
}

/// The must-hold: every example, at every provider that can carry it, passes the formatter, the providers' schemas, and the
/// rules against open databases, unencrypted disks and plain secrets.
#[test]
fn every_example_at_every_provider_is_formatted_fits_the_schemas_and_is_safe() {
    let schemas = Schemas::load();
    let scratch = tempfile::tempdir().expect("a folder");
    let mut seen: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for app in examples() {
        let name = app.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for provider in PROVIDERS {
            let dir = scratch.path().join(&name).join(provider);
            let policy = policy(scratch.path(), provider);
            let output = export(&app, &dir, &["--policy", &policy.display().to_string()]);
            if output.status.code() == Some(3) {
                // Hetzner has no zones, no accelerators, and nothing in some countries.
                // The demo names its regions, all of them at AWS.
                assert!(provider == "hetzner" || name == "demo", "{name} at {provider}");
                continue;
            }
            assert!(output.status.success(), "{name} at {provider}: {}", String::from_utf8_lossy(&output.stderr));
            let files = files(&dir.join(provider));
            let (wrong, resources) = schemas.check(&files);
            assert!(wrong.is_empty(), "{name} at {provider}:\n{}", wrong.join("\n"));
            let found = audit::module(&files).expect("the files are configurations");
            assert!(found.is_empty(), "{name} at {provider}: {}", found[0]);
            let count = seen.entry(provider).or_default();
            *count = (count.0 + 1, count.1 + resources);
        }
        let dir = scratch.path().join(&name).join("cheapest");
        let output = export(&app, &dir, &[]);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() || told.contains("no configuration is generated for"), "{name}: {told}");
        for provider in PROVIDERS.iter().filter(|provider| dir.join(provider).exists()) {
            let files = files(&dir.join(provider));
            assert_eq!(schemas.check(&files).0, Vec::<String>::new(), "{name}, cheapest, {provider}");
            assert_eq!(audit::module(&files).expect("configurations"), Vec::new(), "{name}, cheapest, {provider}");
        }
    }
    for provider in ["aws", "gcp", "azure"] {
        assert!(seen[provider].0 >= 8 && seen[provider].1 >= 200, "{provider}: {seen:?}");
    }
    assert!(seen["hetzner"].0 >= 3, "{seen:?}");
    eprintln!("modules and resources: {seen:?}");
    formatted(scratch.path());
}

#[test]
fn the_same_application_gives_the_same_bytes_and_foreign_files_stay() {
    let scratch = tempfile::tempdir().expect("a folder");
    let app = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/wordpress.toml");
    let policy = policy(scratch.path(), "aws");
    let policy = policy.display().to_string();
    let dir = scratch.path().join("out");
    let first = export(&app, &dir, &["--policy", &policy]);
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let before = files(&dir.join("aws"));
    // What an earlier export left and is wanted no longer goes; what others wrote stays.
    let head = before["db.tf"].lines().next().expect("a first line").to_owned();
    fs::write(dir.join("aws/old.tf"), format!("{head}\n")).expect("a file is written");
    fs::write(dir.join("aws/mine.tf"), "locals {}\n").expect("a file is written");
    let second = export(&app, &dir, &["--policy", &policy]);
    assert!(second.status.success());
    assert_eq!(first.stdout, second.stdout);
    let mut after = files(&dir.join("aws"));
    assert_eq!(after.remove("mine.tf").as_deref(), Some("locals {}\n"));
    assert_eq!(after, before);
    // A file of somebody else's under a name that is wanted: nothing at all is written.
    fs::write(dir.join("aws/db.tf"), "# mine\n").expect("a file is written");
    fs::remove_file(dir.join("aws/site.tf")).expect("a file is removed");
    let refused = export(&app, &dir, &["--policy", &policy]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("db.tf` is there and was not written by placer"));
    assert!(!dir.join("aws/site.tf").exists());
    assert_eq!(fs::read_to_string(dir.join("aws/db.tf")).expect("the file"), "# mine\n");
    let forced = export(&app, &dir, &["--policy", &policy, "--force"]);
    assert!(forced.status.success());
    assert_eq!(fs::read_to_string(dir.join("aws/db.tf")).expect("the file"), before["db.tf"]);
    assert!(
        dir.join("aws")
            .read_dir()
            .expect("a folder")
            .flatten()
            .all(|e| e.path().extension() != Some("partial".as_ref()))
    );
}

#[test]
fn the_audit_judges_what_others_wrote_and_a_secret_in_plain_sight_is_not_written() {
    let scratch = tempfile::tempdir().expect("a folder");
    let audit = |dir: &Path| {
        let output = Command::new(env!("CARGO_BIN_EXE_placer"))
            .args(["export", "audit"])
            .arg(dir)
            .output()
            .expect("placer runs");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (text(output.stdout), text(output.stderr), output.status.code())
    };
    assert_eq!(audit(scratch.path()).2, Some(2), "an empty folder is no module");
    let main = scratch.path().join("main.tf");
    fs::write(&main, "resource \"aws_db_instance\" \"db\" {\n  publicly_accessible = true\n}\n").expect("a file");
    let (_, err, code) = audit(scratch.path());
    assert_eq!(code, Some(2));
    assert!(err.contains("main.tf: aws_db_instance.db: public database"), "{err}");
    fs::write(&main, "resource \"aws_lb\" \"x\" {\n  internal = true\n}\n").expect("a file");
    assert_eq!(audit(scratch.path()), ("1 files, nothing found\n".to_owned(), String::new(), Some(0)));
    // An application with a secret in its `env`.
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/wordpress.toml")).expect("an example");
    let text = text.replace("kind = \"service\"", "kind = \"service\"\nenv = [\"STRIPE_API_KEY=sk_live_1\"]");
    let app = scratch.path().join("app.toml");
    fs::write(&app, text).expect("a file");
    let policy = policy(scratch.path(), "aws");
    let dir = scratch.path().join("out");
    let refused = export(&app, &dir, &["--policy", &policy.display().to_string()]);
    assert_eq!(refused.status.code(), Some(2));
    let err = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(err.contains("STRIPE_API_KEY") && err.contains("`secrets`"), "{err}");
    assert!(!dir.exists());
}
