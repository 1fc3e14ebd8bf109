//! Solves random applications in process and tells how the processor time of each is spread:
//!
//!     cargo run --release --example time-solver -- [APPS] [SEED] [plain|varied|bound|mixed] [FIRST] [SECONDS_MAX]
//!
//! Times are processor time of the solving thread (`/proc/thread-self/schedstat`, so Linux only): what else the machine
//! does hardly counts. `SECONDS_MAX` ends each solve by the cancel hook.

#![allow(clippy::print_stdout, reason = "a tool for people at a terminal")]

#[path = "../tests/support/fleet.rs"]
mod fleet;

use placer::app::{Names, parse};
use placer::catalog::PriceBook;
use placer::policy::Policy;
use placer::problem::lower::{Lowerer, Options};
use placer::problem::names;
use placer::solve::{Prepared, Request, Solution, Status};
use std::error::Error;
use std::time::{Duration, Instant};

/// What one application took, in microseconds of processor time, and what came of it.
struct Run {
    ordinal: u64,
    components: usize,
    lower_us: u64,
    solve_us: u64,
    solution: Solution,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default| args.get(at).map_or(Ok(default), |text| text.parse::<u64>());
    let (apps, seed, first, seconds) = (number(0, 1_000)?, number(1, 1)?, number(3, 0)?, number(4, 20)?);
    let style = args.get(2).map_or(Some(fleet::Style::Mixed), |word| fleet::Style::parse(word));
    let style = style.ok_or("the style is plain, varied, bound or mixed")?;
    let book = PriceBook::embedded()?;
    let desk =
        Desk { names: names(&book), lowerer: Lowerer::new(&book), book: &book, limit: Duration::from_secs(seconds) };
    let runs: Result<Vec<Run>, _> =
        (first..first + apps).map(|ordinal| desk.run(ordinal, &fleet::app(desk.book, seed, ordinal, style))).collect();
    tell(runs?);
    Ok(())
}

struct Desk<'b> {
    names: Names,
    lowerer: Lowerer<'b>,
    book: &'b PriceBook,
    limit: Duration,
}

impl Desk<'_> {
    fn run(&self, ordinal: u64, text: &str) -> Result<Run, Box<dyn Error>> {
        let app = parse(text.as_bytes(), "app.toml", &self.names).map_err(|faults| format!("{faults:?}"))?.app;
        let (options, policy) = (Options::default(), Policy::default());
        let start = processor_us()?;
        let draft = self.lowerer.draft(&app, &policy, &options)?;
        let lowered = processor_us()?;
        let clock = Instant::now();
        let cancelled = || clock.elapsed() > self.limit;
        let request = Request { cancelled: Some(&cancelled), ..Request::default() };
        let solution = Prepared::new(&draft.problem).solve(&request);
        let solved = processor_us()?;
        let components = draft.problem.components.len();
        Ok(Run { ordinal, components, lower_us: lowered - start, solve_us: solved - lowered, solution })
    }
}

/// Processor time of this thread. Yielding makes the kernel bring its figure up to date.
fn processor_us() -> Result<u64, Box<dyn Error>> {
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos: u64 = text.split(' ').next().ok_or("no figures")?.parse()?;
    Ok(nanos / 1_000)
}

fn tell(mut runs: Vec<Run>) {
    let status = |status| runs.iter().filter(|run| run.solution.status == status).count();
    let (optimal, feasible) = (status(Status::Optimal), status(Status::Feasible));
    let (infeasible, unknown) = (status(Status::Infeasible), status(Status::Unknown));
    println!(
        "{} applications: {optimal} optimal, {infeasible} infeasible, {feasible} feasible, {unknown} open",
        runs.len()
    );
    let spread = |what: &str, of: &dyn Fn(&Run) -> u64| {
        let mut us: Vec<u64> = runs.iter().map(of).collect();
        us.sort_unstable();
        let at = |share: usize| us[(us.len() * share / 1_000).min(us.len() - 1)];
        let mean = us.iter().sum::<u64>() / us.len() as u64;
        println!(
            "{what}: mean {mean} us, median {}, p90 {}, p99 {}, p99.9 {}, most {}",
            at(500),
            at(900),
            at(990),
            at(999),
            at(1_000)
        );
    };
    spread("lowering", &|run| run.lower_us);
    spread("solving", &|run| run.solve_us);
    spread("nodes", &|run| run.solution.nodes);
    runs.sort_by_key(|run| std::cmp::Reverse(run.solve_us));
    for Run { ordinal, components, solve_us, solution, .. } in runs.iter().take(12) {
        let Solution { status, nodes, objective, lower_bound, .. } = solution;
        let gap =
            if *status == Status::Feasible { (objective - lower_bound) * 1_000_000 / objective.max(&1) } else { 0 };
        println!(
            "{ordinal:>6}: {components:>2} variables, {solve_us:>9} us, {nodes:>8} nodes, {status:?}, gap {gap} ppm"
        );
    }
}
