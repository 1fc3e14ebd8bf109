//! `placer export terraform`: the application's file in, a root module for each provider of the recommended placement out.
//! `placer export audit` judges a configuration by the rules that those modules keep.

use super::args::{ExportAuditArgs, ExportTerraformArgs};
use super::failure::Failure;
use super::text::Look;
use super::{input, place, policy, report_text};
use crate::exec::terraform::{Configuration, HEADER, Module, PROVIDERS, Side, audit, generate, tree};
use crate::plan::Placement;
use crate::policy::Policy;
use crate::report::{Outcome, recommend};
use crate::solve::Limits;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Ending of files that are not there yet.
const PARTIAL: &str = ".partial";
/// Most bytes of a configuration's file that is judged.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Runs the command.
pub fn run(args: &ExportTerraformArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let text = input::app_bytes(&args.app)?;
    let book = input::book(args.book.price_book.as_deref())?;
    let app = input::app(&args.app, &text, &book)?;
    let limits = Limits { nodes_max: args.nodes_max, ..Limits::default() };
    let policy = args.policy.as_deref().map(|name| policy::read(name, &book)).transpose()?;
    let found = recommend(&app, &book, policy.as_ref().unwrap_or(&Policy::default()), &limits)
        .map_err(super::recommend::refused)?;
    let Outcome::Placed(placed) = &found.outcome else {
        let report = found.to_wire(&app, &book);
        let told = report.conflict.as_ref().map(|conflict| report_text::conflict(&report.app, conflict));
        return Err(Failure::Infeasible(told.unwrap_or_default()));
    };
    let placement = Placement::of(&app, &found.problem, &placed.assignment, placed.bill.total);
    let sides: Vec<Side> = placement.seats.iter().map(|seat| Side::whole(seat, "export")).collect();
    let made = generate(&app, &sides);
    refuse_unsafe(&made)?;
    let files = files(&args.dir, &made);
    if files.is_empty() {
        let why: Vec<String> = made.all_gaps().iter().map(|gap| format!("{}: {}", gap.what, gap.why)).collect();
        return Err(Failure::Other(format!("nothing of {} can be written: {}", app.name, why.join("; "))));
    }
    write_all(&args.dir, &files, args.force)?;
    tell(&args.dir, &made, placement.seats.len(), out)?;
    place::tell_freshness(args.book.price_book.as_deref(), &book, out)
}

/// Runs `placer export audit`.
pub fn audit(args: &ExportAuditArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let told = |error: io::Error| Failure::Input(format!("cannot read `{}`: {error}", args.dir.display()));
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(&args.dir).map_err(told)? {
        let path = entry.map_err(told)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if tree::is_configuration(&name) {
            let bytes = input::bytes(&path, FILE_BYTES_MAX, "a configuration")?;
            let text =
                String::from_utf8(bytes).map_err(|_| Failure::Input(format!("`{}` is no text", path.display())))?;
            files.insert(name, text);
        }
    }
    if files.is_empty() {
        let what =
            format!("there is no `.tf` or `.tf.json` file in `{}`; give the folder of a module", args.dir.display());
        return Err(Failure::Input(what));
    }
    let found = audit::module(&files).map_err(Failure::input)?;
    if found.is_empty() {
        return Ok(writeln!(out, "{} files, nothing found", files.len())?);
    }
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    Err(Failure::Input(format!("{} findings:\n{}", lines.len(), lines.join("\n"))))
}

/// What placer's own rules would refuse is not written; a secret in `env` is the way to get there.
fn refuse_unsafe(made: &Configuration) -> Result<(), Failure> {
    for (provider, module) in &made.modules {
        let found = audit::module(&module.files).map_err(|error| Failure::Other(error.to_string()))?;
        if let Some(finding) = found.first() {
            let help = "nothing was written; a secret belongs into the component's `secrets`, not into its `env`";
            return Err(Failure::Input(format!("the module for {provider} would not be safe: {finding}; {help}")));
        }
    }
    Ok(())
}

/// Every file with its path, in order.
fn files(dir: &Path, made: &Configuration) -> Vec<(PathBuf, String)> {
    let of = |(provider, module): (&String, &Module)| {
        let folder = dir.join(provider);
        module.files.iter().map(move |(name, text)| (folder.join(name), text.clone())).collect::<Vec<_>>()
    };
    made.modules.iter().filter(|(_, module)| !module.sides.is_empty()).flat_map(of).collect()
}

/// Whether a file is one that placer wrote.
fn is_own(path: &Path) -> io::Result<bool> {
    Ok(fs::read(path)?.starts_with(format!("# {HEADER}").as_bytes()))
}

/// Configurations of earlier exports that are wanted no longer: they would be carried out with the others.
fn left_over(dir: &Path, files: &[(PathBuf, String)]) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for provider in PROVIDERS {
        let folder = dir.join(provider);
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let configuration = path.extension().is_some_and(|ending| ending == "tf");
            if configuration && !files.iter().any(|(wanted, _)| *wanted == path) && is_own(&path)? {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Writes all of them or none: everything is written beside its place first, and what was there comes back when a file
/// cannot be put into its place.
fn write_all(dir: &Path, files: &[(PathBuf, String)], force: bool) -> Result<(), Failure> {
    let told =
        |error: io::Error| Failure::Other(format!("cannot write to `{}`: {error}; nothing was changed", dir.display()));
    for (path, _) in files.iter().filter(|(path, _)| path.exists() && !force) {
        if !is_own(path).map_err(told)? {
            return Err(Failure::Input(format!(
                "`{}` is there and was not written by placer; give another folder, or `--force` to write over it",
                path.display()
            )));
        }
    }
    let stale = left_over(dir, files).map_err(told)?;
    let mut before: Vec<(&Path, Option<Vec<u8>>)> = Vec::new();
    let done = stage(files).and_then(|()| {
        for path in files.iter().map(|(path, _)| path).chain(&stale) {
            before.push((path, if path.exists() { Some(fs::read(path)?) } else { None }));
        }
        files.iter().try_for_each(|(path, _)| fs::rename(partial(path), path))?;
        stale.iter().try_for_each(fs::remove_file)
    });
    done.map_err(|error| {
        for (path, bytes) in &before {
            let _ = match bytes {
                Some(bytes) => fs::write(path, bytes),
                None => fs::remove_file(path),
            };
        }
        for (path, _) in files {
            let _ = fs::remove_file(partial(path));
        }
        told(error)
    })
}

fn partial(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(PARTIAL);
    beside.into()
}

fn stage(files: &[(PathBuf, String)]) -> io::Result<()> {
    for (path, text) in files {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(partial(path), text)?;
    }
    Ok(())
}

fn tell(dir: &Path, made: &Configuration, seats: usize, out: &mut dyn Write) -> Result<(), Failure> {
    let look = Look::of_stdout();
    let sides: usize = made.modules.values().map(|module| module.sides.len()).sum();
    let head = format!("{sides} of {seats} components written to {}", dir.display());
    writeln!(out, "{}", look.strong(&head))?;
    for (provider, module) in made.modules.iter().filter(|(_, module)| !module.sides.is_empty()) {
        let names: Vec<&str> = module.files.keys().map(String::as_str).collect();
        out.write_all(look.bullet(&format!("{provider}: {}", names.join(", "))).as_bytes())?;
    }
    let gaps = made.all_gaps();
    if !gaps.is_empty() {
        out.write_all(look.title("Not written").as_bytes())?;
        for gap in gaps {
            out.write_all(look.bullet(&format!("{} at {}: {}", gap.what, gap.place, gap.why)).as_bytes())?;
        }
    }
    let remarks: Vec<&String> = made.modules.values().flat_map(|module| &module.remarks).collect();
    let secrets = made.modules.values().flat_map(|module| &module.secrets);
    let mut secrets: Vec<String> =
        secrets.map(|(variable, name)| format!("TF_VAR_{variable} (the application's {name})")).collect();
    secrets.sort();
    secrets.dedup();
    if !(remarks.is_empty() && secrets.is_empty()) {
        out.write_all(look.title("To know").as_bytes())?;
        for remark in remarks {
            out.write_all(look.bullet(remark).as_bytes())?;
        }
        if !secrets.is_empty() {
            out.write_all(
                look.bullet(&format!("secrets come from the environment: {}", secrets.join(", "))).as_bytes(),
            )?;
        }
    }
    writeln!(
        out,
        "\nin each folder: `terraform init`, then `terraform plan` (or `tofu`); passwords stand in the state, so keep it in an encrypted backend"
    )?;
    Ok(())
}
