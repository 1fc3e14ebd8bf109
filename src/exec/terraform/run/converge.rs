//! Carries out what should be there: configurations are written, planned, judged, applied, and read back, provider by
//! provider, until no module has news for another.

use super::binary::{self, Binary};
use super::folder::{AppFolder, Records, trouble, whole};
use super::seen::{self, Outputs};
use super::{Terraform, judge};
use crate::app::App;
use crate::exec::terraform::{Configuration, HEADER, Module, Style, audit, generate_as};
use crate::exec::{Failure, FailureKind, Watch};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Most rounds in which modules tell one another addresses: what one makes another one lets in, and the other way round.
const ROUNDS_MAX: usize = 4;
/// The values of variables that take addresses.
const ADDRESSES: &str = "placer.auto.tfvars.json";
/// What was carried out last, as a digest.
const APPLIED: &str = "applied";
/// For what the folder was initialised last, as a digest.
const INITIALISED: &str = "initialised";
/// What the state said of the sides after that.
const OUTPUTS: &str = "outputs.json";

/// The configuration of everything that should be there.
pub fn configuration(terraform: &Terraform, app: &App, records: &Records, also: &[String]) -> Configuration {
    let zone = terraform.settings.zone.clone();
    let mut also: BTreeSet<String> = also.iter().cloned().collect();
    also.extend(zone.iter().map(|zone| zone.provider.clone()).filter(|_| !records.sides.is_empty()));
    let style = Style { rehearsal: terraform.settings.rehearsal, zone, also };
    generate_as(&records.remembered.completed(app, &records.sides), &records.sides, &style)
}

/// What a step wants to be there.
pub struct Wanted<'a> {
    /// The application.
    pub app: &'a App,
    /// The sides.
    pub records: &'a Records,
    /// Label of the side that the step makes.
    pub making: Option<String>,
}

/// Makes what should be there, and nothing else.
pub fn converge(
    terraform: &Terraform,
    folder: &AppFolder,
    wanted: &Wanted<'_>,
    watch: &dyn Watch,
) -> Result<(), Failure> {
    let Wanted { app, records, making } = wanted;
    let making = making.as_deref();
    let made = configuration(terraform, app, records, &folder.providers());
    if let Some(gap) =
        made.all_gaps().into_iter().find(|gap| records.sides.iter().any(|s| s.seat.component == gap.what))
    {
        return Err(Failure::new(FailureKind::Refused, format!("{} at {}: {}", gap.what, gap.place, gap.why)));
    }
    let program = binary::find(terraform.settings.binary.as_deref())?;
    let mut known: BTreeMap<String, Outputs> = BTreeMap::new();
    for _ in 0..ROUNDS_MAX {
        let mut news = false;
        for (provider, module) in &made.modules {
            if let Some(kind) = watch.stop() {
                return Err(Failure::new(kind, format!("stopped before {provider} was looked at")));
            }
            let folder = folder.path.join(provider);
            let work = Work { terraform, program: &program, folder, app, provider, module, making };
            let outputs = work.carry_out(&known, watch)?;
            news |= known.insert(provider.clone(), outputs.clone()) != Some(outputs);
        }
        // A single module has nobody to tell.
        if !news || made.modules.len() == 1 {
            break;
        }
    }
    Ok(())
}

/// One provider's module in its folder.
struct Work<'a> {
    terraform: &'a Terraform,
    program: &'a Path,
    folder: std::path::PathBuf,
    app: &'a App,
    provider: &'a str,
    module: &'a Module,
    making: Option<&'a str>,
}

impl Work<'_> {
    /// What its outputs say once everything is as the module has it.
    fn carry_out(&self, known: &BTreeMap<String, Outputs>, watch: &dyn Watch) -> Result<Outputs, Failure> {
        let files = self.files(known)?;
        let digest = digest(&files);
        let secrets = self.secrets()?;
        let grace = self.terraform.settings.grace;
        let binary = Binary { program: self.program, folder: &self.folder, grace, secrets: &secrets, looks: false };
        fs::create_dir_all(&self.folder).map_err(|error| trouble(&self.folder, &error))?;
        binary.settle(watch)?;
        let applied = self.folder.join(APPLIED);
        let kept = || serde_json::from_slice(&fs::read(self.folder.join(OUTPUTS)).ok()?).ok();
        if fs::read_to_string(&applied).is_ok_and(|text| text == digest)
            && let Some(outputs) = kept()
        {
            return Ok(outputs);
        }
        // Until it is carried out again, nobody may take it for carried out.
        let _ = fs::remove_file(&applied);
        self.write(&files)?;
        self.apply(&binary, watch)?;
        let outputs = seen::outputs(&binary, watch)?;
        self.read_back(&outputs)?;
        whole(&self.folder.join(OUTPUTS), &serde_json::to_vec_pretty(&outputs).unwrap_or_default())?;
        whole(&applied, digest.as_bytes())?;
        Ok(outputs)
    }

    /// The module's files, with what is not its own: the backend, and addresses from other modules.
    fn files(&self, known: &BTreeMap<String, Outputs>) -> Result<BTreeMap<String, String>, Failure> {
        let findings =
            audit::module(&self.module.files).map_err(|error| Failure::new(FailureKind::Refused, error.to_string()))?;
        if let Some(finding) = findings.first() {
            return Err(Failure::new(
                FailureKind::Refused,
                format!("what would be carried out is not safe: {finding}"),
            ));
        }
        let mut files = self.module.files.clone();
        if let Some(path) = &self.terraform.settings.backend {
            let text = fs::read_to_string(path).map_err(|error| trouble(path, &error))?;
            let text = text.replace("{app}", &self.app.name).replace("{provider}", self.provider);
            files.insert("backend.tf".to_owned(), format!("# {HEADER}\n\n{text}"));
        }
        let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for wanted in &self.module.addresses {
            let list = values.entry(&wanted.variable).or_default();
            for side in
                known.iter().filter(|(provider, _)| *provider != self.provider).flat_map(|(_, sides)| sides.values())
            {
                let component = side.component.split('#').next().unwrap_or_default();
                if component == wanted.component && wanted.label.as_ref().is_none_or(|label| *label == side.label) {
                    list.extend(if wanted.outgoing { &side.outgoing } else { &side.public }.iter().map(String::as_str));
                }
            }
        }
        let text = serde_json::to_string_pretty(&values).unwrap_or_default() + "\n";
        files.insert(ADDRESSES.to_owned(), text);
        Ok(files)
    }

    /// Values of secrets from this process's environment.
    fn secrets(&self) -> Result<Vec<(String, String)>, Failure> {
        let value = |(variable, name): &(String, String)| match std::env::var(name) {
            Ok(value) => Ok((variable.clone(), value)),
            Err(_) => Err(super::ready::no_secret(name)),
        };
        self.module.secrets.iter().map(value).collect()
    }

    /// Writes the files, and takes away those that placer wrote and that are wanted no longer.
    fn write(&self, files: &BTreeMap<String, String>) -> Result<(), Failure> {
        for (name, text) in files {
            whole(&self.folder.join(name), text.as_bytes())?;
        }
        let entries = fs::read_dir(&self.folder).map_err(|error| trouble(&self.folder, &error))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let configuration = path.extension().is_some_and(|ending| ending == "tf");
            let own = || fs::read(&path).is_ok_and(|bytes| bytes.starts_with(format!("# {HEADER}").as_bytes()));
            if configuration && !files.contains_key(&name) && own() {
                fs::remove_file(&path).map_err(|error| trouble(&path, &error))?;
            }
        }
        Ok(())
    }

    fn apply(&self, binary: &Binary<'_>, watch: &dyn Watch) -> Result<(), Failure> {
        self.initialise(binary, watch)?;
        let plan = ["plan", "-json", "-input=false", "-lock-timeout=30s", "-out=plan.tfplan"];
        let lines = unlocked(binary, &plan, watch)?;
        judge::judge(&String::from_utf8_lossy(&lines), &self.module.sides, self.making)?;
        let apply = ["apply", "-json", "-input=false", "-lock-timeout=30s", "plan.tfplan"];
        let done = unlocked(binary, &apply, watch).map(|_| ());
        // A plan holds values of secrets.
        let _ = fs::remove_file(self.folder.join("plan.tfplan"));
        done
    }

    /// Fetches plugins and opens the backend, when either has changed.
    fn initialise(&self, binary: &Binary<'_>, watch: &dyn Watch) -> Result<(), Failure> {
        let text = |name: &str| fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        let program = self.program.display().to_string();
        let names = ["versions.tf", "backend.tf"].map(|name| (name.to_owned(), text(name)));
        let wanted = digest(&names.into_iter().chain([("program".to_owned(), program)]).collect());
        let marker = self.folder.join(INITIALISED);
        let there = self.terraform.settings.rehearsal || self.folder.join(".terraform").exists();
        if there && fs::read_to_string(&marker).is_ok_and(|text| text == wanted) {
            return Ok(());
        }
        binary.run(&["init", "-input=false", "-no-color", "-reconfigure"], watch)?;
        whole(&marker, wanted.as_bytes())
    }

    /// Whether what was asked for is what is there.
    fn read_back(&self, outputs: &Outputs) -> Result<(), Failure> {
        let absent: Vec<&String> = self.module.sides.iter().filter(|label| !outputs.contains_key(*label)).collect();
        let extra: Vec<&String> = outputs.keys().filter(|label| !self.module.sides.contains(*label)).collect();
        if absent.is_empty() && extra.is_empty() {
            return Ok(());
        }
        let what = format!("{}: applied, and read back without {absent:?} and with {extra:?}", self.provider);
        Err(Failure::new(FailureKind::Passing, what))
    }
}

/// Runs a command that takes the state's lock; a lock that a dead placer on this machine left behind is freed once.
fn unlocked(binary: &Binary<'_>, arguments: &[&str], watch: &dyn Watch) -> Result<Vec<u8>, Failure> {
    let failure = match binary.run(arguments, watch) {
        Ok(answer) => return Ok(answer),
        Err(failure) => failure,
    };
    let Some(id) = left_lock(&failure.what) else { return Err(failure) };
    watch.progress("the state is still locked by a placer that is gone; the lock is freed");
    binary.run(&["force-unlock", "-force", &id], watch)?;
    binary.run(arguments, watch)
}

/// The identity of a lock, when it was taken by somebody on this machine: whoever could hold it here would hold the
/// application's folder, too.
fn left_lock(text: &str) -> Option<String> {
    if !text.contains("acquiring the state lock") {
        return None;
    }
    let after = |word: &str| text.split(word).nth(1).and_then(|rest| rest.split_whitespace().next());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let ours = after("Who:").is_some_and(|who| who.rsplit('@').next() == Some(host.as_str()));
    ours.then(|| after("ID:").map(str::to_owned)).flatten()
}

fn digest(files: &BTreeMap<String, String>) -> String {
    let mut hash = Sha256::new();
    for (name, text) in files {
        hash.update(name.as_bytes());
        hash.update([0]);
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::left_lock;

    #[test]
    fn only_a_lock_of_this_machine_is_freed() {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let text = |who: &str| {
            format!(
                "Error acquiring the state lock Lock Info: ID: 12-ab Path: x Operation: OperationTypeApply Who: {who} Version: 1"
            )
        };
        assert_eq!(left_lock(&text(&format!("root@{host}"))).as_deref(), Some("12-ab"));
        assert_eq!(left_lock(&text("root@elsewhere-entirely")), None);
        assert_eq!(left_lock("something else Who: x ID: y"), None);
    }
}
