//! Executors by name.

#[cfg(unix)]
use super::plugin::{Command, Limits, Plugin};
#[cfg(unix)]
use super::terraform;
use super::{Executor, Failure, FailureKind};
use std::path::PathBuf;

/// Names that [`open`] takes, with what each does.
pub const EXECUTORS: &[(&str, &str)] = &[
    #[cfg(unix)]
    ("process", "real processes on this machine"),
    #[cfg(unix)]
    ("terraform", "AWS, Google Cloud, Azure and Hetzner through tofu or terraform (docs/terraform.md)"),
    #[cfg(unix)]
    ("terraform:rehearsal", "the same without providers: nothing is made, nothing costs"),
    ("plugin:COMMAND", "a program of your own (docs/executor-protocol.md)"),
];

/// What executors need of their surroundings.
#[derive(Clone, Debug)]
pub struct Setting {
    /// A folder for what executors keep; each has its own in it.
    pub folder: PathBuf,
    /// The program `placer` itself, through which local processes are started.
    pub program: PathBuf,
}

/// The executor of a name, as `--executor` takes it.
///
/// # Errors
/// [`FailureKind::Refused`] for an unknown name.
pub fn open(name: &str, setting: &Setting) -> Result<Box<dyn Executor>, Failure> {
    #[cfg(unix)]
    if let Some(line) = name.strip_prefix("plugin:") {
        let refused = || Failure::new(FailureKind::Refused, format!("`{line}` is no command")).help("check its quotes");
        let command = Command::parse(line).ok_or_else(refused)?;
        return Ok(Box::new(Plugin::new(command, Limits::default())));
    }
    match name {
        #[cfg(unix)]
        "process" => Ok(Box::new(super::process::Process::new(setting.folder.join(name), &setting.program))),
        #[cfg(unix)]
        "terraform" | "terraform:rehearsal" => {
            let root = setting.folder.join(name.replace(':', "-"));
            let settings = terraform::Settings { rehearsal: name != "terraform", ..terraform::Settings::read(&root)? };
            Ok(Box::new(terraform::Terraform::new(root, settings)))
        }
        _ => {
            let known: Vec<&str> = EXECUTORS.iter().map(|(name, _)| *name).collect();
            Err(Failure::new(FailureKind::Refused, format!("there is no executor `{name}`"))
                .help(format!("use one of {}", known.join(", "))))
        }
    }
}
