//! Raw arguments of `placer executor`.

use crate::exec::conformance::Case;
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, ValueEnum};

/// `placer executor`
#[derive(Debug, Subcommand)]
pub enum ExecutorCommand {
    /// Hold a plugin to what every executor promises
    Test(TestArgs),
}

/// `placer executor test`
#[derive(Debug, Args)]
#[command(
    after_help = "Applications named test-... are made, moved and taken away through the plugin, again and again: give it \
an account, a folder or a machine on which nothing else is. What begins with `-` and is the plugin's goes behind `--`. \
Exit codes: 0 it keeps every promise, 1 it breaks one, or does not speak the protocol, 2 bad input."
)]
pub struct TestArgs {
    /// The program; docs/executor-protocol.md says what it has to speak
    #[arg(value_name = "COMMAND")]
    pub command: String,
    /// Its arguments
    #[arg(value_name = "ARGS")]
    pub args: Vec<String>,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t = TestFormat::Table)]
    pub format: TestFormat,
    /// Only this case; may be given again
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(Case::ALL.map(Case::as_str)))]
    pub case: Vec<String>,
    /// Seconds that a step may take
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub step_limit: u64,
}

/// Forms of what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TestFormat {
    /// For people at a terminal: each case as soon as it is over
    Table,
    /// For programs, versioned
    Json,
}
