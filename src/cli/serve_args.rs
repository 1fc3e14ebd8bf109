//! Raw arguments of `placer serve` and `placer token`.

use clap::{Args, Subcommand, ValueEnum};
use std::net::SocketAddr;

/// `placer serve`
#[derive(Debug, Args)]
#[command(
    after_help = "Without any token in the store the server is open to this machine and listens nowhere else; `placer token \
create` makes a token, and from then on every request needs one. docs/api.md describes the API; the server gives its own \
description at /openapi.json and a dashboard at /."
)]
pub struct ServeArgs {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Also answer for this host name, as a proxy in front passes it on; may be given again
    #[arg(long, value_name = "NAME")]
    pub host: Vec<String>,
    /// Folder of the store, also as `sqlite://FOLDER`; without it, $PLACER_STORE or the user's data folder
    #[arg(long, value_name = "DIR")]
    pub store: Option<String>,
    /// Who carries out what is nowhere yet: `process` (on this machine), `terraform`, or `plugin:COMMAND`; whoever carries an
    /// application already goes on with it
    #[arg(long, value_name = "NAME", default_value = super::carry::scene::EXECUTOR)]
    pub executor: String,
    /// Only keep decisions; carry nothing out
    #[arg(long)]
    pub no_runs: bool,
    /// Also run the autopilot, with this policy for applications that have none of their own: `conservative`, `balanced`,
    /// `aggressive`, or a file
    #[arg(long, value_name = "POLICY")]
    pub autopilot: Option<String>,
    /// Seconds from one round of the autopilot to the next
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub every: u64,
    /// Seconds after which a search ends with the best that it has found
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub solve_seconds: u64,
    /// Search nodes after which a search ends with the best that it has found
    #[arg(long, value_name = "NODES", default_value_t = crate::solve::Limits::default().nodes_max)]
    pub nodes_max: u64,
    /// Searches at the same time; without it, as many as there are processors
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub solves_max: Option<u16>,
    /// How to write the log to standard error
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log: LogFormat,
}

/// Forms of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// For programs: a JSON object a line
    Json,
    /// Only warnings and errors, for people
    Quiet,
}

/// `placer token`
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token; it is shown once, and only its hash is kept
    Create(CreateArgs),
    /// List the tokens: never themselves, which nobody knows
    List(TokenListArgs),
    /// Take a token back, for good
    Revoke(RevokeArgs),
}

/// `placer token create`
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// What its holder may do
    #[arg(long, value_enum)]
    pub role: RoleWord,
    /// When it ends: 12h, 30d, 1y; without it, never
    #[arg(long, value_name = "TIME")]
    pub expires: Option<String>,
    /// Whose it is, in words
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
    /// Folder of the store
    #[arg(long, value_name = "DIR")]
    pub store: Option<String>,
}

/// Roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoleWord {
    /// Read everything
    Viewer,
    /// Also give applications, make plans, decide about them, and handle runs
    Operator,
    /// Also take applications away and change policies
    Admin,
}

/// `placer token list`
#[derive(Debug, Args)]
pub struct TokenListArgs {
    /// How to print the list
    #[arg(long, value_enum, default_value_t = super::args::ListFormat::Table)]
    pub format: super::args::ListFormat,
    /// Folder of the store
    #[arg(long, value_name = "DIR")]
    pub store: Option<String>,
}

/// `placer token revoke`
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// Its name, as `placer token list` shows it
    #[arg(value_name = "ID")]
    pub id: String,
    /// Folder of the store
    #[arg(long, value_name = "DIR")]
    pub store: Option<String>,
}
