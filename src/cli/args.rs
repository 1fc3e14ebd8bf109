//! The raw command line, as `clap` reads it. What it means is decided in the command's own file.

#[cfg(feature = "run")]
use super::carry::args as carry;
#[cfg(all(feature = "run", unix))]
use super::executor::args::ExecutorCommand;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

/// Prices a whole application across clouds and proves the cheapest placement.
#[derive(Debug, Parser)]
#[command(name = "placer", version, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 success, 1 internal or I/O error, 2 bad input, 3 no placement satisfies the \
                        requirements.")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Recommend where to run an application, with its exact bill
    Recommend(RecommendArgs),
    /// Say why: runner-ups, flip prices, what the requirements cost, and why not something else
    Explain(ExplainArgs),
    /// List every trade-off between cost and latency that is worth making
    Frontier(FrontierArgs),
    /// Print the steps from today's placement to the recommended one, with what each costs and how it is undone
    Plan(PlanArgs),
    /// Carry out a plan from a file
    #[cfg(feature = "run")]
    Apply(carry::ApplyArgs),
    /// Recommend, show the plan, ask, and carry it out
    #[cfg(feature = "run")]
    Up(carry::UpArgs),
    /// Take an application away, wherever it is
    #[cfg(feature = "run")]
    Down(carry::DownArgs),
    /// List plans that are or were carried out; show, resume or finish one
    #[cfg(feature = "run")]
    Runs(carry::RunsArgs),
    /// Take back what a run did
    #[cfg(feature = "run")]
    Rollback(carry::RunArgs),
    /// List plans that were made; show, approve or reject one
    #[cfg(feature = "run")]
    Plans(carry::PlansArgs),
    /// Look at the market again and again, and move what a policy lets move
    #[cfg(feature = "run")]
    Autopilot(carry::AutopilotArgs),
    /// Say where applications are, and whether what is there is what the journal says
    #[cfg(feature = "run")]
    Status(carry::StatusArgs),
    /// Write what makes the recommended placement, for other programs to carry out
    #[cfg(feature = "run")]
    #[command(subcommand)]
    Export(ExportCommand),
    /// Serve the HTTP API and the dashboard
    #[cfg(feature = "serve")]
    Serve(super::serve_args::ServeArgs),
    /// Make, list and take back the tokens of the API
    #[cfg(feature = "serve")]
    #[command(subcommand)]
    Token(super::serve_args::TokenCommand),
    /// Show how the market clears for an application, tick by tick: winners, runners-up and margins
    Auction(super::market_args::AuctionArgs),
    /// Hold a policy against never moving, always moving and the best that could have been known, on recorded prices
    Backtest(super::market_args::BacktestArgs),
    /// Print the optimisation problem of an application, for other solvers
    Problem(ProblemArgs),
    /// Solve a problem from a file to proven optimality (docs/problem-format.md)
    Solve(SolveArgs),
    /// Recommend for many applications at once
    #[command(subcommand)]
    Fleet(FleetCommand),
    /// List what is on sale, with prices
    Offers(OffersArgs),
    /// List the regions of the price book
    Regions(RegionsArgs),
    /// Collect prices from the providers' publications and seal a new price book
    #[cfg(feature = "collect")]
    Collect(CollectArgs),
    /// Measure round-trip times from here to the regions
    #[cfg(feature = "collect")]
    Probe(ProbeArgs),
    /// Say how long a round trip between two regions or cities takes, and how that is known
    Latency(LatencyArgs),
    /// Inspect, verify, compare or build the price book
    #[command(subcommand)]
    PriceBook(PriceBookCommand),
    /// Print the JSON Schema of a file format
    #[command(subcommand)]
    Schema(SchemaCommand),
    /// Say what is installed for each executor, and how to install what is missing
    #[cfg(all(feature = "run", unix))]
    Doctor(DoctorArgs),
    /// Hold programs that carry plans out to what they promise (docs/executor-protocol.md)
    #[cfg(all(feature = "run", unix))]
    #[command(subcommand)]
    Executor(ExecutorCommand),
    /// The parts of the demo application: a small web service, and a writer
    #[cfg(all(feature = "run", unix))]
    #[command(subcommand)]
    Demo(DemoCommand),
    /// Start a program in a folder in such a way that it can be found again (used by the executor `process`)
    #[cfg(all(feature = "run", unix))]
    #[command(hide = true)]
    RegionRun(RegionRunArgs),
    /// Serve the stable address of a component (used by the executor `process`)
    #[cfg(all(feature = "run", unix))]
    #[command(hide = true)]
    RegionProxy(RegionDirArgs),
    /// Start again what ends although it is to run (used by the executor `process`)
    #[cfg(all(feature = "run", unix))]
    #[command(hide = true)]
    RegionKeep(RegionDirArgs),
}

/// `placer doctor`
#[cfg(all(feature = "run", unix))]
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// How to print what was found
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub format: ListFormat,
}

/// `placer demo`
#[cfg(all(feature = "run", unix))]
#[derive(Debug, Subcommand)]
pub enum DemoCommand {
    /// Serve a page with the region, the number of rows and the last of them; reads PORT, DB_URL and PLACER_REGION
    Web,
    /// Commit a numbered row as often as possible; reads DB_URL, PAUSE_MS and ACK_LOG
    Writer,
}

/// `placer region-run`
#[cfg(all(feature = "run", unix))]
#[derive(Debug, Args)]
pub struct RegionRunArgs {
    /// The folder of the process
    #[arg(long)]
    pub dir: PathBuf,
    /// Stay until the program ends
    #[arg(long)]
    pub wait: bool,
    /// Who runs it
    #[arg(long, value_name = "UID:GID")]
    pub user: Option<String>,
    /// Its working directory
    #[arg(long)]
    pub cwd: Option<PathBuf>,
    /// A file or folder to hand over open
    #[arg(long)]
    pub hand: Vec<PathBuf>,
    /// Program and arguments
    #[arg(last = true, required = true)]
    pub command: Vec<std::ffi::OsString>,
}

/// `placer region-proxy`, `placer region-keep`
#[cfg(all(feature = "run", unix))]
#[derive(Debug, Args)]
pub struct RegionDirArgs {
    /// The folder of the component or of the application
    #[arg(long)]
    pub dir: PathBuf,
    /// placer's own binary
    #[arg(long)]
    pub placer: Option<PathBuf>,
}

/// Which price book to use.
#[derive(Debug, Args)]
pub struct BookArgs {
    /// Use this price book: a sealed file, a built folder, the folder of a store, or `builtin`; without it, the newest
    /// collected one, or the built-in one when nothing was collected
    #[arg(long, value_name = "PATH")]
    pub price_book: Option<PathBuf>,
}

/// `placer recommend`
#[derive(Debug, Args)]
pub struct RecommendArgs {
    /// The application's file; `-` reads standard input
    #[arg(value_name = "APP")]
    pub app: PathBuf,
    /// How to print the report; `json` is the canonical form
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    pub format: ReportFormat,
    /// Price book
    #[command(flatten)]
    pub book: BookArgs,
    /// Search nodes after which the best placement found so far is reported with its gap
    #[arg(long, value_name = "NODES", default_value_t = crate::solve::Limits::default().nodes_max)]
    pub nodes_max: u64,
    /// Seconds after which the best placement found so far is reported with its gap
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub time_limit: Option<Duration>,
}

/// `placer explain`
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The application's file; `-` reads standard input
    #[arg(value_name = "APP")]
    pub app: PathBuf,
    /// Only this component
    #[arg(long, value_name = "NAME")]
    pub component: Option<String>,
    /// Why not there, or why not that: `provider`, `provider:region`, `OFFER`, `OFFER@provider:region`
    #[arg(long, value_name = "WHAT")]
    pub why_not: Option<String>,
    /// How to print the reasons; `json` is the canonical form
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    pub format: ReportFormat,
    /// Price book
    #[command(flatten)]
    pub book: BookArgs,
    /// Search nodes after which the best placement found so far is explained
    #[arg(long, value_name = "NODES", default_value_t = crate::solve::Limits::default().nodes_max)]
    pub nodes_max: u64,
}

/// `placer plan`
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The application's file; `-` reads standard input
    #[arg(value_name = "APP")]
    pub app: PathBuf,
    /// Also write the plan to this file
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// How to print the plan; `json` is the canonical form
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    pub format: ReportFormat,
    /// Also say what this policy decides: `conservative`, `balanced`, `aggressive`, or a file. What it does not allow is no
    /// candidate
    #[arg(long, value_name = "POLICY")]
    pub policy: Option<String>,
    /// Hours for which old sides stay after the move, so that it can be rolled back
    #[arg(long, value_name = "HOURS", default_value_t = crate::plan::Options::default().keep_hours,
          value_parser = clap::value_parser!(u32).range(..=8760))]
    pub keep_hours: u32,
    /// Price book
    #[command(flatten)]
    pub book: BookArgs,
    /// Search nodes after which the best placement found so far is planned for
    #[arg(long, value_name = "NODES", default_value_t = crate::solve::Limits::default().nodes_max)]
    pub nodes_max: u64,
}

/// `placer export`
#[cfg(feature = "run")]
#[derive(Debug, Subcommand)]
pub enum ExportCommand {
    /// Write a root module for each provider of the recommended placement (docs/terraform.md)
    Terraform(ExportTerraformArgs),
    /// Judge the Terraform configuration in a folder, whoever wrote it: open databases, no encryption, secrets in plain text
    Audit(ExportAuditArgs),
}

/// `placer export audit`
#[cfg(feature = "run")]
#[derive(Debug, Args)]
pub struct ExportAuditArgs {
    /// A folder with `.tf` or `.tf.json` files
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
}

/// `placer export terraform`
#[cfg(feature = "run")]
#[derive(Debug, Args)]
pub struct ExportTerraformArgs {
    /// The application's file; `-` reads standard input
    #[arg(value_name = "APP")]
    pub app: PathBuf,
    /// Folder to write to: a folder in it for each provider
    #[arg(short, long, value_name = "DIR")]
    pub dir: PathBuf,
    /// What this policy does not allow is no candidate: `conservative`, `balanced`, `aggressive`, or a file
    #[arg(long, value_name = "POLICY")]
    pub policy: Option<String>,
    /// Write over files that placer did not write
    #[arg(long)]
    pub force: bool,
    /// Price book
    #[command(flatten)]
    pub book: BookArgs,
    /// Search nodes after which the best placement found so far is written
    #[arg(long, value_name = "NODES", default_value_t = crate::solve::Limits::default().nodes_max)]
    pub nodes_max: u64,
}

/// `placer frontier`
#[derive(Debug, Args)]
pub struct FrontierArgs {
    /// The application's file; `-` reads standard input
    #[arg(value_name = "APP")]
    pub app: PathBuf,
    /// Measure this path, its slowest audience; without it, the slowest of all paths
    #[arg(long, value_name = "NAME")]
    pub path: Option<String>,
    /// How to show the frontier; `json` is the canonical form
    #[arg(long, value_enum, default_value_t = FrontierFormat::Table)]
    pub format: FrontierFormat,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Points after which the search ends, and says so
    #[arg(long, value_name = "POINTS", default_value_t = 1000)]
    pub points_max: usize,
    /// Price book
    #[command(flatten)]
    pub book: BookArgs,
    /// Search nodes for each point
    #[arg(long, value_name = "NODES", default_value_t = crate::solve::Limits::default().nodes_max)]
    pub nodes_max: u64,
}

/// Forms of a frontier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FrontierFormat {
    /// For people at a terminal
    #[value(alias = "text")]
    Table,
    /// For programs: exact and versioned
    Json,
    /// A picture
    Svg,
    /// A page with the picture and the table
    Html,
}

/// Forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people at a terminal
    #[value(alias = "text")]
    Table,
    /// For programs: exact and versioned
    Json,
    /// For pull requests and wikis
    Markdown,
}

/// `placer problem`
#[derive(Debug, Args)]
pub struct ProblemArgs {
    /// The application's file; `-` reads standard input
    #[arg(value_name = "APP")]
    pub app: PathBuf,
    /// How to write it
    #[arg(long, value_enum)]
    pub format: ProblemFormat,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Price book
    #[command(flatten)]
    pub book: BookArgs,
}

/// Forms of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProblemFormat {
    /// The complete problem in integers, as `placer solve` reads it
    Json,
    /// CPLEX LP text, objective in dollars, for any MILP solver
    Lp,
}

/// `placer solve`
#[derive(Debug, Args)]
#[command(after_help = "Prints one JSON object: `status` (optimal, feasible, infeasible, unknown), `objective`, \
                        `lower_bound`, `assignment`, `solve_ms`, `nodes`. docs/problem-format.md says what each means.")]
pub struct SolveArgs {
    /// The problem's file; `-` reads standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// FILE is an application of the SAGE benchmarks, and this its list of offers
    #[arg(long, value_name = "OFFERS")]
    pub sage_offers: Option<PathBuf>,
    /// Seconds after which the best answer so far is printed with its bound
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub time_limit: Option<Duration>,
    /// How to print the answer
    #[arg(long, value_enum, default_value_t = SolveFormat::Json)]
    pub format: SolveFormat,
}

/// Forms of an answer of `placer solve`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SolveFormat {
    /// For programs
    Json,
}

/// A number of seconds, at most a year.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "a number of seconds is expected, like 10 or 0.5".to_owned())?;
    let fits = (0.0..=31_536_000.0).contains(&seconds);
    if fits { Ok(Duration::from_secs_f64(seconds)) } else { Err("it must be between 0 and a year".to_owned()) }
}

/// `placer fleet`
#[derive(Debug, Subcommand)]
pub enum FleetCommand {
    /// Recommend where to run every application of a folder; one that is bad does not stop the others
    Recommend(FleetRecommendArgs),
}

/// `placer fleet recommend`
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 every application has a placement; else the worst that happened: 1 an application \
                        without an answer (limits, internal or I/O error), 2 a file that is not a valid application, \
                        3 an application whose requirements no placement satisfies. The summary is printed in any case."
)]
pub struct FleetRecommendArgs {
    /// Folder of the applications: every `*.toml` in it and below
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// How to print the summary; `json` is the canonical form
    #[arg(long, value_enum, default_value_t = FleetFormat::Table)]
    pub format: FleetFormat,
    /// Only the sums and the applications without a placement
    #[arg(long)]
    pub summary: bool,
    /// Write the whole report of every application to this folder; takes far longer than the summary
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// How to write those reports
    #[arg(long, value_enum, default_value_t = ReportFormat::Json, requires = "output")]
    pub report_format: ReportFormat,
    /// Applications that are worked on at the same time; without it, as many as there are processors
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZero<usize>>,
    /// Price book
    #[command(flatten)]
    pub book: BookArgs,
    /// Search nodes per application after which the best placement found so far is taken, with its gap
    #[arg(long, value_name = "NODES", default_value_t = crate::solve::Limits::default().nodes_max)]
    pub nodes_max: u64,
    /// Seconds per application after which the best placement found so far is taken, with its gap
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub time_limit: Option<Duration>,
}

/// Forms of a fleet's summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FleetFormat {
    /// For people at a terminal
    Table,
    /// For programs: exact and versioned
    Json,
    /// For spreadsheets: one line per application
    Csv,
    /// For pull requests and wikis
    Markdown,
}

/// Forms of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people at a terminal
    Table,
    /// For programs, with every field
    Json,
    /// For spreadsheets and scripts
    Csv,
}

/// `placer offers`
#[derive(Debug, Args)]
#[command(after_help = "In CSV, `usd_hour` is the exact hourly price in dollars; prices per month are divided by 730 \
hours and rounded to the nano-dollar; it is empty for what is not sold by time (storage, traffic, requests, serverless \
vCPU-hours), whose unit and price the other formats show.")]
pub struct OffersArgs {
    /// Only this provider
    #[arg(long)]
    pub provider: Option<String>,
    /// Only this region: its code, or `provider:code`
    #[arg(long)]
    pub region: Option<String>,
    /// Only this kind: compute, postgres, mysql, redis, kafka, `object_storage`, `nat_gateway`, serverless, ...
    #[arg(long)]
    pub kind: Option<String>,
    /// How to print the list
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub format: ListFormat,
    /// Price book
    #[command(flatten)]
    pub book: BookArgs,
}

/// `placer regions`
#[derive(Debug, Args)]
pub struct RegionsArgs {
    /// Only this provider
    #[arg(long)]
    pub provider: Option<String>,
    /// How to print the list
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub format: ListFormat,
    /// Price book
    #[command(flatten)]
    pub book: BookArgs,
}

/// `placer probe`
#[cfg(feature = "collect")]
#[derive(Debug, Args)]
#[command(
    after_help = "The hosts belong to others: probes are few, spaced and named, and a region is left alone for three \
hours after it was probed. With --from, the times come before all published ones, in `placer latency` and in \
`placer recommend`."
)]
pub struct ProbeArgs {
    /// Where this machine is: a region (`provider:code`), a city, or `lat,lon`; without it the times are only shown
    #[arg(long, value_name = "PLACE")]
    pub from: Option<String>,
    /// Only this region (its code, or `provider:code`); may be given several times
    #[arg(long)]
    pub region: Vec<String>,
    /// Only this provider
    #[arg(long)]
    pub provider: Option<String>,
    /// Handshakes, and HTTP requests, per region
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=20))]
    pub rounds: u32,
    /// Milliseconds between two of them at one host
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(0..=60_000))]
    pub pause_ms: u64,
    /// Seconds to wait for one
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub timeout: u64,
    /// Hosts that are probed at the same time
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=32))]
    pub at_once: u8,
    /// Probe regions again that were probed within three hours
    #[arg(long)]
    pub again: bool,
    /// Other hosts than the built-in ones: a CSV file `provider,region,url,source`
    #[arg(long, value_name = "FILE")]
    pub endpoints: Option<PathBuf>,
    /// How to print the list
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub format: ListFormat,
    /// Price book
    #[command(flatten)]
    pub book: BookArgs,
}

/// `placer latency`
#[derive(Debug, Args)]
pub struct LatencyArgs {
    /// A region (`provider:code`, or its code alone), a city (`Paris`, `London, CA`), or `lat,lon`
    #[arg(value_name = "A", allow_hyphen_values = true)]
    pub a: String,
    /// The other end
    #[arg(value_name = "B", allow_hyphen_values = true)]
    pub b: String,
    /// How to print it
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub format: ListFormat,
    /// Price book
    #[command(flatten)]
    pub book: BookArgs,
}

/// `placer price-book`
#[derive(Debug, Subcommand)]
pub enum PriceBookCommand {
    /// Say what the price book holds, how new and how good it is
    Status(StatusArgs),
    /// Check a price book against its digest and read all of it
    Verify(VerifyArgs),
    /// Build the reviewable price-book folder from files of facts
    Build(BuildArgs),
    /// Say what was added, removed or changed from one price book to another
    #[cfg(feature = "collect")]
    Diff(DiffArgs),
    /// Show the prices that an offer had
    #[cfg(feature = "collect")]
    History(HistoryArgs),
    /// Write a price book as a reviewable folder of text files
    #[cfg(feature = "collect")]
    Export(ExportArgs),
}

/// `placer collect`
#[cfg(feature = "collect")]
#[derive(Debug, Args)]
#[command(
    after_help = "A source that fails changes nothing and stops no other; the exit code is then 1. Credentials are \
taken from the environment or the profile files of the provider's own tools; `placer collect --list` says which."
)]
pub struct CollectArgs {
    /// Only this provider or source; may be given again
    #[arg(long, value_name = "NAME")]
    pub provider: Vec<String>,
    /// Collect again and again, with this pause: 30m, 1h, 1d
    #[arg(long, value_name = "TIME")]
    pub every: Option<String>,
    /// Collect once and end (the default without --every)
    #[arg(long)]
    pub once: bool,
    /// List the sources and the credentials they take, and end
    #[arg(long)]
    pub list: bool,
    /// Folder of the store; without it, $PLACER_STORE or the user's data folder
    #[arg(long, value_name = "DIR")]
    pub store: Option<PathBuf>,
    /// Read a source from another host: <source>/<name>=<origin>; may be given again
    #[arg(long, value_name = "PLACE")]
    pub endpoint: Vec<String>,
    /// Use this exchange rate: EUR=1.1652@2026-11-20 (US dollars for one unit, and its date); may be given again
    #[arg(long, value_name = "RATE")]
    pub rate: Vec<String>,
    /// Do not ask the European Central Bank for exchange rates
    #[arg(long)]
    pub no_ecb: bool,
    /// Seconds without a byte after which a connection counts as broken
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub timeout: u64,
    /// How often a page is asked for again
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    pub retries: u32,
    /// How to print what became of the sources
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub format: ListFormat,
}

/// `placer price-book diff`
#[cfg(feature = "collect")]
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The older book: `builtin`, `newest`, `previous`, the beginning of a digest, or a path
    #[arg(value_name = "A")]
    pub before: String,
    /// The newer book
    #[arg(value_name = "B")]
    pub after: String,
    /// How to print it
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub format: ListFormat,
    /// Folder of the store
    #[arg(long, value_name = "DIR")]
    pub store: Option<PathBuf>,
}

/// `placer price-book history`
#[cfg(feature = "collect")]
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// The offer: a machine type, a managed tier, a tariff's item or product
    #[arg(long, value_name = "NAME")]
    pub offer: String,
    /// Only this region: its code, or `provider:code`
    #[arg(long)]
    pub region: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub format: ListFormat,
    /// Folder of the store
    #[arg(long, value_name = "DIR")]
    pub store: Option<PathBuf>,
}

/// `placer price-book export`
#[cfg(feature = "collect")]
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The book: `builtin`, `newest`, `previous` or the beginning of a digest; without it, the one that is in use
    #[arg(value_name = "BOOK")]
    pub book: Option<String>,
    /// Folder to write; it has to be new, empty, or an exported book
    #[arg(long, value_name = "DIR", default_value = "price-book")]
    pub out: PathBuf,
    /// Folder of the store
    #[arg(long, value_name = "DIR")]
    pub store: Option<PathBuf>,
}

/// `placer price-book status`
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// List what the last runs refused and what waits for a second observation, with raw value and reason
    #[cfg(feature = "collect")]
    #[arg(long)]
    pub refused: bool,
    /// Folder of the store
    #[cfg(feature = "collect")]
    #[arg(long, value_name = "DIR")]
    pub store: Option<PathBuf>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub format: ListFormat,
    /// Price book
    #[command(flatten)]
    pub book: BookArgs,
}

/// `placer price-book verify`
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// A sealed file or a built folder; without it, the built-in book
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,
}

/// `placer price-book build`
#[derive(Debug, Args)]
pub struct BuildArgs {
    /// Folder of the collected facts
    #[arg(long, value_name = "DIR")]
    pub facts: PathBuf,
    /// Folder of hand-kept tables, which win over the facts; without it, `extra` in the folder of the price book
    #[arg(long, value_name = "DIR")]
    pub extra: Option<PathBuf>,
    /// Folder to write the price book to
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// `placer schema`
#[derive(Debug, Subcommand)]
pub enum SchemaCommand {
    /// The schema of app.toml, for editors
    App,
    /// The schema of `placer recommend --format json`
    Report,
    /// The schema of `placer explain --format json`
    Explain,
    /// The schema of `placer frontier --format json`
    Frontier,
    /// The schema of `placer fleet recommend --format json`
    Fleet,
    /// The schema of `placer plan --format json`
    Plan,
    /// The schema of policies, for editors
    Policy,
    /// The schema of the lines between placer and a plugin
    #[cfg(all(feature = "run", unix))]
    Executor,
    /// The schema of `placer executor test --format json`
    #[cfg(feature = "run")]
    Conformance,
    /// The report of `placer backtest`
    Backtest,
    /// A line of `placer auction --format json`
    Auction,
}
