//! `placer solve`: anybody's problem in, a proven answer out, as JSON.

use super::args::{SolveArgs, SolveFormat};
use super::failure::Failure;
use super::input;
use crate::problem::file::{self, BYTES_MAX, Document, PAIRWISE_BYTES_MAX, Pairwise, Table};
use crate::problem::packing::{self, Packing};
use crate::problem::{Problem, check, score};
use crate::solve::pairwise::{Network, Pair};
use crate::solve::{self, Status};
use serde::Serialize;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long somebody else's solver may take, when no time limit is given.
#[cfg(feature = "second-opinion")]
const FALL_BACK: Duration = Duration::from_secs(60);

/// What is printed.
#[derive(Debug, Serialize)]
struct Answer {
    status: &'static str,
    objective: Option<i128>,
    lower_bound: Option<i128>,
    assignment: Option<Assignment>,
    solve_ms: f64,
    nodes: u64,
}

/// The assignment, by form of the document.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Assignment {
    /// A place (plain form) or a choice (application form) for every component.
    Ordinals(Vec<usize>),
    /// Machines (packing form).
    Machines(Vec<Machine>),
}

#[derive(Debug, Serialize)]
struct Machine {
    offer: String,
    components: Vec<String>,
    count: u32,
}

/// Runs the command.
pub fn run(args: &SolveArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let document = read(args)?;
    let deadline = Deadline { started: None, limit: args.time_limit };
    let answer = match document {
        Document::Pairwise(pairwise) => solve_pairwise(pairwise, deadline)?,
        Document::Application(problem) => solve_application(&problem, deadline)?,
        Document::Packing(packing) => solve_packing(&packing, deadline)?,
    };
    match args.format {
        SolveFormat::Json => serde_json::to_writer(&mut *out, &answer)?,
    }
    out.write_all(b"\n")?;
    out.flush()?;
    match answer.status {
        "infeasible" => Err(Failure::Infeasible(format!("{}: no assignment is allowed", args.file.display()))),
        "unknown" => Err(Failure::Other("the limit was reached before any allowed assignment was found".into())),
        _ => Ok(()),
    }
}

fn read(args: &SolveArgs) -> Result<Document, Failure> {
    let told = |path: &Path, error: &file::FileError| Failure::Input(format!("{}: {error}", path.display()));
    let bytes = input::bytes(&args.file, PAIRWISE_BYTES_MAX, "a problem")?;
    match &args.sage_offers {
        None => file::read(&bytes).map_err(|error| told(&args.file, &error)),
        Some(path) => {
            let offers = input::bytes(path, BYTES_MAX, "a list of offers")?;
            let packing = file::read_sage(&bytes, &offers);
            packing.map(Document::Packing).map_err(|error| told(&args.file, &error))
        }
    }
}

/// When to stop. The clock starts with the solver, not with the reading.
#[derive(Clone, Copy)]
struct Deadline {
    started: Option<Instant>,
    limit: Option<Duration>,
}

impl Deadline {
    fn start(mut self) -> Self {
        self.started = Some(Instant::now());
        self
    }

    fn passed(&self) -> bool {
        self.limit.is_some_and(|limit| self.elapsed() >= limit)
    }

    fn elapsed(&self) -> Duration {
        self.started.map_or(Duration::ZERO, |started| started.elapsed())
    }

    /// Milliseconds since the start.
    fn ms(&self) -> f64 {
        self.elapsed().as_secs_f64() * 1e3
    }
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Optimal => "optimal",
        Status::Feasible => "feasible",
        Status::Infeasible => "infeasible",
        Status::Unknown => "unknown",
    }
}

fn wrong(what: &str) -> Failure {
    Failure::Other(format!("the solver's answer was refused by the checker ({what}); please report this"))
}

fn answer(
    status: Status,
    objective: i128,
    lower_bound: i128,
    assignment: Assignment,
    solve_ms: f64,
    nodes: u64,
) -> Answer {
    let found = matches!(status, Status::Optimal | Status::Feasible);
    Answer {
        status: word(status),
        objective: found.then_some(objective),
        lower_bound: (status != Status::Infeasible).then_some(lower_bound),
        assignment: found.then_some(assignment),
        solve_ms,
        nodes,
    }
}

fn solve_pairwise(pairwise: Pairwise, deadline: Deadline) -> Result<Answer, Failure> {
    let pair = |table: Table| Pair { a: table.a, b: table.b, table: table.cost };
    // Part of the program's start, like everything else that is done once in a process.
    solve::pairwise::start();
    let deadline = deadline.start();
    let network =
        Network::new(pairwise.unary, pairwise.pairs.into_iter().map(pair).collect()).map_err(Failure::input)?;
    let cancel = || deadline.passed();
    let limits = solve::pairwise::Limits { cancel: Some(&cancel), ..solve::pairwise::Limits::default() };
    let outcome = solve::pairwise::solve(&network, &limits);
    let ms = deadline.ms();
    let found = matches!(outcome.status, Status::Optimal | Status::Feasible);
    if found && cost(&network, &outcome.assignment) != Some(outcome.objective) {
        return Err(wrong("the total differs"));
    }
    let (objective, bound) = (i128::from(outcome.objective), i128::from(outcome.lower_bound));
    Ok(answer(outcome.status, objective, bound, Assignment::Ordinals(outcome.assignment), ms, outcome.nodes))
}

/// The total of an assignment, from the tables as they were given and without the solver.
fn cost(network: &Network, assignment: &[usize]) -> Option<i64> {
    let allowed = |cost: i64| (cost != file::FORBIDDEN).then_some(cost);
    let mut total = 0;
    for (component, costs) in network.unary().iter().enumerate() {
        total += allowed(*costs.get(*assignment.get(component)?)?)?;
    }
    for pair in network.pairs() {
        let columns = network.unary()[pair.b].len();
        total += allowed(pair.table[assignment[pair.a] * columns + assignment[pair.b]])?;
    }
    Some(total)
}

fn solve_application(problem: &Problem, deadline: Deadline) -> Result<Answer, Failure> {
    let deadline = deadline.start();
    let cancelled = || deadline.passed();
    let limits = solve::Limits { cancelled: Some(&cancelled), ..solve::Limits::default() };
    let prepared = solve::Prepared::new(problem);
    let found = prepared.solve(&solve::Request { limits, ..solve::Request::default() });
    let mut solution = prepared.canonical(found, &limits);
    if solution.status == Status::Unknown {
        fall_back(problem, deadline, &mut solution);
    }
    let ms = deadline.ms();
    if matches!(solution.status, Status::Optimal | Status::Feasible) {
        if let Some(broken) = check(problem, &solution.assignment).first() {
            return Err(wrong(&broken.to_string()));
        }
        if score(problem, &solution.assignment).is_none_or(|bill| bill.objective != solution.objective) {
            return Err(wrong("the total differs"));
        }
    }
    let assignment = Assignment::Ordinals(solution.assignment);
    Ok(answer(solution.status, solution.objective, solution.lower_bound, assignment, ms, solution.nodes))
}

/// Somebody else's solver, when ours found nothing within its limits: its answer, with our bound.
#[cfg(feature = "second-opinion")]
fn fall_back(problem: &Problem, deadline: Deadline, solution: &mut solve::Solution) {
    use crate::solve::second_opinion::{Opinion, second_opinion};
    let left = deadline.limit.map_or(FALL_BACK, |limit| limit.saturating_sub(deadline.elapsed()));
    if let Ok(Opinion::Found { assignment, objective, .. }) = second_opinion(problem, left.as_secs_f64()) {
        (solution.status, solution.assignment, solution.objective) = (Status::Feasible, assignment, objective);
    }
}

#[cfg(not(feature = "second-opinion"))]
fn fall_back(_: &Problem, _: Deadline, _: &mut solve::Solution) {}

fn solve_packing(packing: &Packing, deadline: Deadline) -> Result<Answer, Failure> {
    let deadline = deadline.start();
    let packed = solve::packing::solve(packing, u64::MAX, &|| deadline.passed()).map_err(Failure::input)?;
    let ms = deadline.ms();
    if matches!(packed.status, Status::Optimal | Status::Feasible) {
        let price = packing::check(packing, &packed.machines).map_err(|broken| wrong(&broken.to_string()))?;
        if price != packed.price {
            return Err(wrong("the total differs"));
        }
    }
    let machine = |bought: &packing::Bought| Machine {
        offer: packing.offers[bought.offer].name.clone(),
        components: bought.components.iter().map(|&c| packing.components[c].name.clone()).collect(),
        count: bought.count,
    };
    let machines = Assignment::Machines(packed.machines.iter().map(machine).collect());
    Ok(answer(packed.status, i128::from(packed.price), i128::from(packed.lower_bound), machines, ms, packed.nodes))
}
