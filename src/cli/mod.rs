//! The command line: raw arguments in, resolved ones to the pure modules, text out.
//!
//! Invariants: results go to standard output and nothing else does; every failure is one message on standard error
//! that says what to do; the exit code is 0, 1, 2 or 3 (see [`failure::Failure`]).

mod args;
mod auction;
mod backtest;
#[cfg(feature = "run")]
mod carry;
#[cfg(feature = "collect")]
mod collect;
#[cfg(all(feature = "run", unix))]
mod demo;
#[cfg(all(feature = "run", unix))]
mod doctor;
#[cfg(all(feature = "run", unix))]
mod executor;
mod explain;
mod explain_text;
#[cfg(feature = "run")]
mod export;
mod failure;
mod fleet;
mod frontier;
mod frontier_picture;
mod input;
mod latency;
mod lists;
mod market_args;
mod nearest;
mod offers;
mod output;
mod place;
mod plan;
mod plan_text;
mod policy;
mod price_book;
#[cfg(feature = "collect")]
mod price_history;
#[cfg(feature = "collect")]
mod probe;
mod problem;
mod recommend;
#[cfg(all(feature = "run", unix))]
mod region;
mod regions;
mod report_text;
#[cfg(feature = "serve")]
mod serve;
#[cfg(feature = "serve")]
mod serve_args;
mod solve;
mod text;
#[cfg(feature = "serve")]
mod token;

use args::{Cli, Command, FleetCommand, SchemaCommand};
use clap::Parser;
use failure::Failure;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

/// Bytes gathered before they are written: lists have hundreds of thousands of rows.
const OUTPUT_BUFFER: usize = 1 << 16;

/// Runs the program with the process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = BufWriter::with_capacity(OUTPUT_BUFFER, io::stdout().lock());
    let done = run(&cli.command, &mut out).and_then(|()| out.flush().map_err(Failure::from));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // What was printed before the failure belongs before its message.
            let _ = out.flush();
            failure.report()
        }
    }
}

fn run(command: &Command, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        Command::Recommend(args) => recommend::run(args, out),
        Command::Explain(args) => explain::run(args, out),
        Command::Frontier(args) => frontier::run(args, out),
        Command::Plan(args) => plan::run(args, out),
        #[cfg(feature = "run")]
        Command::Apply(args) => carry::apply(args, out),
        #[cfg(feature = "run")]
        Command::Up(args) => carry::up(args, out),
        #[cfg(feature = "run")]
        Command::Down(args) => carry::down(args, out),
        #[cfg(feature = "run")]
        Command::Runs(args) => carry::runs(args, out),
        #[cfg(feature = "run")]
        Command::Rollback(args) => carry::rollback(args, out),
        #[cfg(feature = "run")]
        Command::Plans(args) => carry::plans::run(args, out),
        #[cfg(feature = "run")]
        Command::Autopilot(args) => carry::autopilot::run(args, out),
        #[cfg(feature = "run")]
        Command::Status(args) => carry::status(args, out),
        #[cfg(feature = "run")]
        Command::Export(args::ExportCommand::Terraform(args)) => export::run(args, out),
        #[cfg(feature = "run")]
        Command::Export(args::ExportCommand::Audit(args)) => export::audit(args, out),
        #[cfg(feature = "serve")]
        Command::Serve(args) => serve::run(args, out),
        #[cfg(feature = "serve")]
        Command::Token(command) => token::run(command, out),
        Command::Auction(args) => auction::run(args, out),
        Command::Backtest(args) => backtest::run(args, out),
        Command::Problem(args) => problem::run(args, out),
        Command::Solve(args) => solve::run(args, out),
        Command::Fleet(FleetCommand::Recommend(args)) => fleet::run(args, out),
        Command::Offers(args) => offers::run(args, out),
        Command::Regions(args) => regions::run(args, out),
        #[cfg(feature = "collect")]
        Command::Collect(args) => collect::run(args, out),
        #[cfg(feature = "collect")]
        Command::Probe(args) => probe::run(args, out),
        Command::Latency(args) => latency::run(args, out),
        Command::PriceBook(command) => price_book::run(command, out),
        #[cfg(all(feature = "run", unix))]
        Command::Doctor(args) => doctor::run(args, out),
        #[cfg(all(feature = "run", unix))]
        Command::Executor(command) => executor::run(command, out),
        #[cfg(all(feature = "run", unix))]
        Command::Demo(command) => demo::run(command),
        #[cfg(all(feature = "run", unix))]
        Command::RegionRun(args) => region::run(args),
        #[cfg(all(feature = "run", unix))]
        Command::RegionProxy(args) => region::proxy(args),
        #[cfg(all(feature = "run", unix))]
        Command::RegionKeep(args) => region::keep(args),
        Command::Schema(SchemaCommand::App) => Ok(writeln!(out, "{}", crate::app::schema_json().trim_end())?),
        Command::Schema(SchemaCommand::Report) => schema(&schemars::schema_for!(crate::report::wire::Report), out),
        Command::Schema(SchemaCommand::Explain) => {
            schema(&schemars::schema_for!(crate::report::explain::wire::Explanation), out)
        }
        Command::Schema(SchemaCommand::Frontier) => {
            schema(&schemars::schema_for!(crate::report::frontier::wire::Frontier), out)
        }
        Command::Schema(SchemaCommand::Policy) => {
            Ok(writeln!(out, "{}", crate::policy::file::schema_json().trim_end())?)
        }
        Command::Schema(SchemaCommand::Plan) => schema(&schemars::schema_for!(crate::plan::PlanFile), out),
        #[cfg(all(feature = "run", unix))]
        Command::Schema(SchemaCommand::Executor) => {
            schema(&schemars::schema_for!(crate::exec::plugin::wire::Line), out)
        }
        #[cfg(feature = "run")]
        Command::Schema(SchemaCommand::Conformance) => {
            schema(&schemars::schema_for!(crate::exec::conformance::wire::Report), out)
        }
        Command::Schema(SchemaCommand::Auction) => schema(&schemars::schema_for!(auction::Cleared), out),
        Command::Schema(SchemaCommand::Backtest) => schema(&schemars::schema_for!(backtest::Report), out),
        Command::Schema(SchemaCommand::Fleet) => schema(&schemars::schema_for!(crate::report::fleet::Fleet), out),
    }
}

fn schema(schema: &schemars::Schema, out: &mut dyn Write) -> Result<(), Failure> {
    serde_json::to_writer_pretty(&mut *out, schema)?;
    Ok(writeln!(out)?)
}
