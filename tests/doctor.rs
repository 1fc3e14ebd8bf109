//! `placer doctor` says what is installed, and agrees with what executors find.

#![cfg(all(unix, feature = "run"))]

use placer::exec::process::programs;
use std::process::{Command, Output};

fn doctor(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_placer")).arg("doctor").args(args).output().expect("placer runs")
}

#[test]
fn it_ends_well_exactly_when_the_demo_can_run() {
    let output = doctor(&["--format", "json"]);
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("the output is JSON");
    let postgres = programs::postgres();
    assert_eq!(found["ready"].as_bool(), Some(postgres.is_some()));
    assert_eq!(output.status.code(), Some(i32::from(postgres.is_none())));
    let part =
        |name: &str| found["parts"].as_array().unwrap().iter().find(|part| part["name"] == name).unwrap().clone();
    let path = part("PostgreSQL")["path"].as_str().map(std::path::PathBuf::from);
    assert_eq!(path, postgres.map(|folder| folder.join("postgres")));
    assert_eq!(part("Redis")["path"].as_str().map(std::path::PathBuf::from), programs::redis());
    if let Some(version) = part("PostgreSQL")["version"].as_str() {
        assert!(programs::major(version) >= programs::POSTGRES_MIN, "{version}");
    }
    assert!(found["parts"].as_array().unwrap().iter().all(|part| !part["install"].as_str().unwrap().is_empty()));
}

#[test]
fn people_are_told_what_installs_what_is_missing() {
    // Nothing is found where there is nothing; PostgreSQL's packages have folders of their own.
    let output = Command::new(env!("CARGO_BIN_EXE_placer")).arg("doctor").env("PATH", "/nowhere").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let redis = text.lines().find(|line| line.contains("Redis")).expect("Redis is named");
    assert!(redis.starts_with("no ") && redis.contains("not found; apt-get install redis-server"), "{text}");
    assert!(text.contains("examples/demo.toml can run") == output.status.success(), "{text}");
}
