//! Raw arguments of the commands that carry plans out.

use crate::cli::args::BookArgs;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Where the journal is, and who carries out.
#[derive(Debug, Args)]
pub struct Carrying {
    /// Folder of the store, also as `sqlite://FOLDER`; without it, $PLACER_STORE or the user's data folder
    #[arg(long, value_name = "DIR")]
    pub store: Option<String>,
    /// Who carries out: `process` (on this machine), `terraform`, or `plugin:COMMAND`; without it, whoever carries the
    /// application already, else `process`
    #[arg(long, value_name = "NAME")]
    pub executor: Option<String>,
}

/// `placer apply`
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// The plan, as `placer plan -o` writes it
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Where and who
    #[command(flatten)]
    pub carrying: Carrying,
}

/// `placer up`
#[derive(Debug, Args)]
pub struct UpArgs {
    /// The application's file
    #[arg(value_name = "APP")]
    pub app: PathBuf,
    /// Allow only what this policy allows, and let the autopilot move the application by it: `conservative`, `balanced`,
    /// `aggressive`, or a file
    #[arg(long, value_name = "POLICY")]
    pub policy: Option<String>,
    /// Hours for which old sides stay after a move, so that it can be rolled back
    #[arg(long, value_name = "HOURS", default_value_t = crate::plan::Options::default().keep_hours,
          value_parser = clap::value_parser!(u32).range(..=8760))]
    pub keep_hours: u32,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Price book
    #[command(flatten)]
    pub book: BookArgs,
    /// Where and who
    #[command(flatten)]
    pub carrying: Carrying,
}

/// `placer down`
#[derive(Debug, Args)]
pub struct DownArgs {
    /// Name of the application, as `placer status` shows it
    #[arg(value_name = "NAME")]
    pub app: String,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Where and who
    #[command(flatten)]
    pub carrying: Carrying,
}

/// `placer runs`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct RunsArgs {
    /// What to do; without it, runs are listed
    #[command(subcommand)]
    pub command: Option<RunsCommand>,
    /// Only those of this application
    #[arg(value_name = "NAME")]
    pub app: Option<String>,
    /// Folder of the store
    #[arg(long, value_name = "DIR")]
    pub store: Option<String>,
}

/// What to do with a run.
#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// Show a run's journal
    Show(RunArgs),
    /// Go on with a run that was interrupted, or where nothing helped any more
    Resume(RunArgs),
    /// Take the old sides away now instead of at the end of the rollback window
    Finish(RunArgs),
}

/// A run.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Its name, as `placer runs` shows it
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Where and who
    #[command(flatten)]
    pub carrying: Carrying,
}

/// `placer status`
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Only this application
    #[arg(value_name = "NAME")]
    pub app: Option<String>,
    /// Where
    #[arg(long, value_name = "DIR")]
    pub store: Option<String>,
}

/// `placer autopilot`
#[derive(Debug, Args)]
pub struct AutopilotArgs {
    /// The policy of applications that have none of their own: `conservative`, `balanced`, `aggressive`, or a file
    #[arg(long, value_name = "POLICY", default_value = "balanced")]
    pub policy: String,
    /// Decide and write the decisions down, but carry nothing out
    #[arg(long)]
    pub dry_run: bool,
    /// One round, then end
    #[arg(long)]
    pub once: bool,
    /// Seconds from one round to the next
    #[arg(long, value_name = "SECONDS", default_value_t = 60, conflicts_with = "once",
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub every: u64,
    /// Begin with the ticks of this file (docs/market.md), as if the last of them came now
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub ticks: Option<PathBuf>,
    /// Go through the ticks of this file: the time is theirs, a round for each moment; then end
    #[arg(long, value_name = "FILE", conflicts_with_all = ["once", "every"])]
    pub replay: Option<PathBuf>,
    /// Hours for which old sides stay after a move, so that it can be rolled back
    #[arg(long, value_name = "HOURS", default_value_t = crate::plan::Options::default().keep_hours,
          value_parser = clap::value_parser!(u32).range(..=8760))]
    pub keep_hours: u32,
    /// Print each piece of news as a line of JSON
    #[arg(long)]
    pub json: bool,
    /// Folder of the store, also as `sqlite://FOLDER`; without it, $PLACER_STORE or the user's data folder
    #[arg(long, value_name = "DIR")]
    pub store: Option<String>,
    /// Price book
    #[command(flatten)]
    pub book: BookArgs,
}

/// `placer plans`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct PlansArgs {
    /// What to do; without it, plans are listed
    #[command(subcommand)]
    pub command: Option<PlansCommand>,
    /// Only those of this application
    #[arg(value_name = "NAME")]
    pub app: Option<String>,
    /// Folder of the store
    #[arg(long, value_name = "DIR")]
    pub store: Option<String>,
}

/// What to do with a plan.
#[derive(Debug, Subcommand)]
pub enum PlansCommand {
    /// Show a plan
    Show(PlanRefArgs),
    /// Let the autopilot carry a plan out that waits for approval
    Approve(PlanRefArgs),
    /// Refuse a plan that waits for approval
    Reject(PlanRefArgs),
}

/// A plan in the store.
#[derive(Debug, Args)]
pub struct PlanRefArgs {
    /// Its digest, or the first digits of it
    #[arg(value_name = "PLAN")]
    pub plan: String,
    /// Folder of the store
    #[arg(long, value_name = "DIR")]
    pub store: Option<String>,
}
