//! `placer doctor`: what is installed for each executor.

use super::args::{DoctorArgs, ListFormat};
use super::failure::Failure;
use crate::exec::process::programs;
use serde::Serialize;
use std::io::Write;
use std::path::PathBuf;

/// Something that an executor uses.
#[derive(Debug, Serialize)]
struct Part {
    /// The executor that uses it.
    executor: &'static str,
    /// What it is.
    name: &'static str,
    /// What for.
    used_for: &'static str,
    /// Whether examples/demo.toml needs it on the default executor.
    demo: bool,
    /// Where it is; `None`: it is not there.
    path: Option<PathBuf>,
    /// What it says of its version.
    version: Option<String>,
    /// What installs it on this machine.
    install: String,
}

#[derive(Debug, Serialize)]
struct Found {
    /// Whether examples/demo.toml can run.
    ready: bool,
    parts: Vec<Part>,
}

/// Runs the command.
pub fn run(args: &DoctorArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let parts = parts();
    let lacking: Vec<&Part> = parts.iter().filter(|part| part.demo && part.path.is_none()).collect();
    let lacks = lacking.iter().map(|part| format!("{}: {}", part.name, part.install)).collect::<Vec<_>>().join("; ");
    let found = Found { ready: lacks.is_empty(), parts };
    match args.format {
        ListFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &found)?;
            writeln!(out)?;
        }
        ListFormat::Table => table(&found, out)?,
        ListFormat::Csv => csv(&found, out)?,
    }
    if found.ready {
        return Ok(());
    }
    Err(Failure::Other(format!("the executor `process` cannot run examples/demo.toml yet. {lacks}")))
}

fn parts() -> Vec<Part> {
    let postgres = programs::postgres().map(|folder| folder.join("postgres"));
    let tofu = programs::find("tofu").or_else(|| programs::find("terraform"));
    let part = |executor, name, used_for, path: Option<PathBuf>, install: String| Part {
        executor,
        name,
        used_for,
        demo: false,
        version: path.as_deref().and_then(programs::version),
        path,
        install,
    };
    vec![
        Part {
            demo: true,
            ..part("process", "PostgreSQL", "components of the kind postgres", postgres, install("postgresql"))
        },
        part("process", "Redis", "components of the kind redis", programs::redis(), install("redis")),
        part(
            "terraform",
            "OpenTofu or Terraform",
            "carrying plans out at cloud providers",
            tofu,
            "see https://opentofu.org/docs/intro/install/".to_owned(),
        ),
    ]
}

/// A package manager: its program, how it installs, and packages that have another name there.
type Manager = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// How a package is installed with the package manager that is here.
fn install(package: &str) -> String {
    let managers: [Manager; 5] = [
        ("apt-get", "apt-get install", &[("redis", "redis-server")]),
        ("dnf", "dnf install", &[("postgresql", "postgresql-server")]),
        ("apk", "apk add", &[]),
        ("pacman", "pacman -S", &[]),
        ("brew", "brew install", &[]),
    ];
    let here = managers.iter().find(|(program, ..)| programs::find(program).is_some());
    let (_, command, names) = here.unwrap_or(&managers[0]);
    let name = names.iter().find(|(known, _)| *known == package).map_or(package, |(_, name)| name);
    format!("{command} {name}")
}

fn table(found: &Found, out: &mut dyn Write) -> Result<(), Failure> {
    for part in &found.parts {
        let state = match (&part.path, &part.version) {
            (Some(path), version) => {
                format!("{} ({})", version.as_deref().unwrap_or("version unknown"), path.display())
            }
            (None, _) => format!("not found; {}", part.install),
        };
        let mark = if part.path.is_some() { "yes" } else { "no " };
        writeln!(out, "{mark}  {:<10} {:<22} {state}", part.executor, part.name)?;
    }
    let verdict = if found.ready { "examples/demo.toml can run on the executor `process`" } else { "" };
    if !verdict.is_empty() {
        writeln!(out, "\n{verdict}")?;
    }
    Ok(())
}

fn csv(found: &Found, out: &mut dyn Write) -> Result<(), Failure> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(["executor", "name", "path", "version", "install"])?;
    for part in &found.parts {
        let path = part.path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        let version = part.version.as_deref().unwrap_or_default();
        writer.write_record([part.executor, part.name, &path, version, &part.install])?;
    }
    Ok(writer.flush()?)
}
