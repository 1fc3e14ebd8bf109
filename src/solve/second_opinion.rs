//! A second opinion: the same problem as a linear program, through `good_lp` and whatever solver stands behind it.
//!
//! It shares nothing with this module's own search: the model is `problem::linear`, the solver is somebody else's. Its
//! floats are not trusted: what it picked is rounded to choices, passed by `check` and re-costed by `score`, and what
//! it claims to cost must agree with that.

use crate::problem::linear::{Linear, LinearError, ONE, Sense, linear};
use crate::problem::{Assignment, Problem, check, score};
use good_lp::solvers::{SolutionStatus, WithTimeLimit};
use good_lp::{Expression, ProblemVariables, ResolutionError, Solution, SolverModel, Variable, variable};
use thiserror::Error;

/// By how much a claim in floats may differ from the exact bill: a millionth of a dollar, and as much per dollar.
pub const TOLERANCE: f64 = 1e-6;

/// What the other solver found.
#[derive(Clone, Debug, PartialEq)]
pub enum Opinion {
    /// It claims that nothing is allowed.
    Infeasible,
    /// An answer that keeps every rule.
    Found {
        /// The picked choices.
        assignment: Assignment,
        /// Its exact value, by [`score`].
        objective: i128,
        /// What the solver says it is, in dollars.
        claimed: f64,
        /// Whether the solver claims that nothing is better; `false`: its time was over.
        optimal: bool,
    },
}

/// Why there is no opinion.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OpinionError {
    /// The problem has no linear form.
    #[error(transparent)]
    NotLinear(#[from] LinearError),
    /// The solver failed, or its time was over before it found anything.
    #[error("the other solver gave up: {0}")]
    GaveUp(String),
    /// Its answer does not stand up to the integers.
    #[error("the other solver's answer is unsound: {0}")]
    Unsound(String),
}

/// Solves a problem with `good_lp`, for at most so many seconds.
///
/// # Errors
/// [`OpinionError`].
pub fn second_opinion(problem: &Problem, seconds: f64) -> Result<Opinion, OpinionError> {
    let program = linear(problem)?;
    let (solution, optimal) = match run(&program, seconds) {
        Ok(found) => found,
        Err(ResolutionError::Infeasible) => return Ok(Opinion::Infeasible),
        Err(error) => return Err(OpinionError::GaveUp(error.to_string())),
    };
    let value = |var: usize| solution[var];
    let objective = program.objective.iter().map(|&(var, c)| dollars(c) * value(var)).sum::<f64>();
    audit(problem, &program, &value, objective + dollars(program.constant), optimal)
}

/// Billionths as a float, for a solver that knows nothing else.
#[expect(clippy::cast_precision_loss, reason = "what is claimed with it is checked in integers")]
fn dollars(billionths: i128) -> f64 {
    billionths as f64 / ONE as f64
}

fn run(program: &Linear, seconds: f64) -> Result<(Vec<f64>, bool), ResolutionError> {
    let mut names = ProblemVariables::new();
    let add = |v: &crate::problem::linear::Variable| {
        let definition = if v.binary { variable().binary() } else { variable().min(dollars(v.low)) };
        names.add(match v.high.filter(|_| !v.binary) {
            Some(high) => definition.max(dollars(high)),
            None => definition,
        })
    };
    let variables: Vec<Variable> = program.variables.iter().map(add).collect();
    let sum = |terms: &[(usize, i128)]| {
        terms.iter().fold(Expression::default(), |mut sum, &(var, c)| {
            sum.add_mul(dollars(c), variables[var]);
            sum
        })
    };
    #[cfg(not(feature = "second-opinion-highs"))]
    let solver = good_lp::microlp;
    #[cfg(feature = "second-opinion-highs")]
    let solver = good_lp::highs;
    let mut model = names.minimise(sum(&program.objective)).using(solver).with_time_limit(seconds);
    for row in &program.rows {
        let (left, right) = (sum(&row.terms), dollars(row.rhs));
        model.add_constraint(match row.sense {
            Sense::AtMost => left.leq(right),
            Sense::AtLeast => left.geq(right),
            Sense::Equal => left.eq(right),
        });
    }
    let solution = model.solve()?;
    let optimal = matches!(solution.status(), SolutionStatus::Optimal);
    Ok((variables.iter().map(|&v| solution.value(v)).collect(), optimal))
}

/// Rounds to choices, and holds them against the checker and the bill.
fn audit(
    problem: &Problem,
    program: &Linear,
    value: &dyn Fn(usize) -> f64,
    claimed: f64,
    optimal: bool,
) -> Result<Opinion, OpinionError> {
    let unsound = |what: String| Err(OpinionError::Unsound(what));
    let mut assignment: Vec<Option<usize>> = vec![None; problem.components.len()];
    for &(var, component, choice) in program.picks.iter().filter(|pick| value(pick.0) > 0.5) {
        if assignment[component].replace(choice).is_some() {
            return unsound(format!(
                "component {component} has two choices, {} near one half",
                program.variables[var].name
            ));
        }
    }
    let Some(assignment) = assignment.into_iter().collect::<Option<Assignment>>() else {
        return unsound("a component has no choice".into());
    };
    if let Some(broken) = check(problem, &assignment).first() {
        return unsound(broken.to_string());
    }
    let Some(bill) = score(problem, &assignment) else { return unsound("it cannot be priced".into()) };
    let exact = dollars(bill.objective);
    if (exact - claimed).abs() > TOLERANCE * (1.0 + exact.abs()) {
        return unsound(format!("it claims {claimed} and costs {exact}"));
    }
    Ok(Opinion::Found { assignment, objective: bill.objective, claimed, optimal })
}
