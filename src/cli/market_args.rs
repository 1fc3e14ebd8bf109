//! Raw arguments of the commands about the market: `placer auction`, `placer backtest`.

use super::args::{BookArgs, ReportFormat};
use clap::{Args, ValueEnum};
use std::num::NonZero;
use std::path::PathBuf;

/// `placer auction`
#[derive(Debug, Args)]
pub struct AuctionArgs {
    /// The application's file
    #[arg(value_name = "APP")]
    pub app: PathBuf,
    /// The ticks, as docs/market.md describes them; the time is theirs
    #[arg(long, value_name = "FILE")]
    pub ticks: PathBuf,
    /// Allow only what this policy allows
    #[arg(long, value_name = "POLICY")]
    pub policy: Option<String>,
    /// How to print the clearings; `json` is a line for each
    #[arg(long, value_enum, default_value_t = AuctionFormat::Table)]
    pub format: AuctionFormat,
    /// Price book that the ticks come after
    #[command(flatten)]
    pub book: BookArgs,
}

/// Forms of an auction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AuctionFormat {
    /// For people
    Table,
    /// A line of JSON for each clearing
    Json,
}

/// `placer backtest`
#[derive(Debug, Args)]
pub struct BacktestArgs {
    /// Folder of recorded prices: `PROVIDER-spot.csv` and `on-demand.csv`, each also packed as `.zst` (docs/backtest.md)
    #[arg(long, value_name = "DIR")]
    pub prices: PathBuf,
    /// Folder of applications (`*.toml`)
    #[arg(long, value_name = "DIR", conflicts_with = "generate", required_unless_present = "generate")]
    pub apps: Option<PathBuf>,
    /// So many generated applications instead
    #[arg(long, value_name = "N")]
    pub generate: Option<u64>,
    /// Of generated applications: another seed, other applications
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    pub seed: u64,
    /// The policy: `conservative`, `balanced`, `aggressive`, or a file; whatever its `approval`, nobody is asked
    #[arg(long, value_name = "POLICY", default_value = "balanced")]
    pub policy: String,
    /// How to print the report; `json` is the canonical form
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    pub format: ReportFormat,
    /// Threads; the report does not depend on it
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZero<u16>>,
    /// Price book, for the machines' sizes and the prices of traffic
    #[command(flatten)]
    pub book: BookArgs,
}
