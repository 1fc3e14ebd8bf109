//! The applications of a backtest: those of a folder, or generated ones.

use crate::app::{App, Names, parse_app};
use crate::cli::failure::Failure;
use crate::cli::fleet::{files, in_one_line};
use crate::cli::input;
use crate::cli::market_args::BacktestArgs;
use crate::control::backtest::generate;
use std::path::PathBuf;

/// Where an application comes from.
pub enum Source {
    /// A file: its name below the folder, and where it is.
    File(String, PathBuf),
    /// Generated: the seed, and its ordinal.
    Generated(u64, u64),
}

/// All applications, in the order of the report.
pub fn sources(args: &BacktestArgs) -> Result<Vec<Source>, Failure> {
    match (&args.apps, args.generate) {
        (Some(folder), _) => {
            Ok(files::find(folder)?.into_iter().map(|file| Source::File(file.name, file.path)).collect())
        }
        (None, Some(count)) => Ok((0..count).map(|ordinal| Source::Generated(args.seed, ordinal)).collect()),
        (None, None) => Err(Failure::Input("give --apps DIR, or --generate N".into())),
    }
}

impl Source {
    /// What it is called as long as nothing more is known.
    pub fn name(&self) -> String {
        match self {
            Self::File(name, _) => name.clone(),
            Self::Generated(_, ordinal) => generate::name(*ordinal),
        }
    }

    /// Its file; `None`: it is generated.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::File(name, _) => Some(name),
            Self::Generated(..) => None,
        }
    }

    /// The application, or in words why it is none.
    pub fn app(&self, names: &Names) -> Result<App, String> {
        let (shown, bytes) = match self {
            Self::File(_, path) => {
                (path.display().to_string(), input::app_bytes(path).map_err(|failure| failure.to_string())?)
            }
            Self::Generated(seed, ordinal) => (self.name(), generate::app(*seed, *ordinal).into_bytes()),
        };
        parse_app(&bytes, &shown, names).map_err(|faults| in_one_line(&faults))
    }
}
