//! CPLEX LP text: the form that HiGHS, CBC, SCIP, Gurobi, CPLEX and OR-Tools read.

use super::{Linear, LinearError, Sense, linear};
use crate::problem::Problem;
use crate::units::format_scaled;
use std::fmt::Write;

/// Terms on a line, since readers limit the length of lines.
const TERMS_PER_LINE: usize = 12;

/// The problem as LP text, objective in dollars a month.
///
/// # Errors
/// [`LinearError`], when something in the problem has no exact linear form.
pub fn to_lp(problem: &Problem) -> Result<String, LinearError> {
    Ok(text(problem, &linear(problem)?))
}

fn text(problem: &Problem, program: &Linear) -> String {
    let mut out = String::new();
    head(&mut out, problem, program);
    out.push_str("Minimize\n cost:");
    let mut objective = program.objective.clone();
    if objective.is_empty() {
        // Readers want at least one term.
        objective.extend(program.picks.first().map(|pick| (pick.0, 0)));
    }
    terms(&mut out, program, &objective);
    if program.constant != 0 {
        let _ = write!(out, " + {}", decimal(program.constant));
    }
    out.push_str("\nSubject To\n");
    for row in &program.rows {
        let _ = write!(out, " {}:", row.name);
        terms(&mut out, program, &row.terms);
        let sense = match row.sense {
            Sense::AtMost => "<=",
            Sense::AtLeast => ">=",
            Sense::Equal => "=",
        };
        let _ = writeln!(out, " {sense} {}", decimal(row.rhs));
    }
    out.push_str("Bounds\n");
    for v in program.variables.iter().filter(|v| !v.binary) {
        if let Some(high) = v.high {
            let _ = writeln!(out, " {} <= {} <= {}", decimal(v.low), v.name, decimal(high));
        }
    }
    out.push_str("Binary\n");
    for v in program.variables.iter().filter(|v| v.binary) {
        let _ = writeln!(out, " {}", v.name);
    }
    out.push_str("End\n");
    out
}

fn terms(out: &mut String, program: &Linear, terms: &[(usize, i128)]) {
    for (at, &(var, coefficient)) in terms.iter().enumerate() {
        if at > 0 && at % TERMS_PER_LINE == 0 {
            out.push_str("\n   ");
        }
        let sign = if coefficient < 0 { '-' } else { '+' };
        let name = &program.variables[var].name;
        if coefficient.abs() == super::ONE {
            let _ = write!(out, " {sign} {name}");
        } else {
            let _ = write!(out, " {sign} {} {name}", decimal(coefficient.abs()));
        }
    }
}

/// Billionths as an exact decimal.
fn decimal(billionths: i128) -> String {
    if let Ok(small) = i64::try_from(billionths) {
        return format_scaled(small, 9, 0);
    }
    let (sign, size) = (if billionths < 0 { "-" } else { "" }, billionths.unsigned_abs());
    let (whole, part) = (size / 1_000_000_000, size % 1_000_000_000);
    format!("{sign}{whole}.{part:09}")
}

/// What the variables mean, as comments.
fn head(out: &mut String, problem: &Problem, program: &Linear) {
    let clean = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    let _ = writeln!(out, "\\ {}: least cost in US dollars a month. docs/problem-format.md", clean(&problem.app));
    let _ = writeln!(out, "\\ x<component>_<choice> = 1: the component takes the choice");
    for &(var, component, choice) in &program.picks {
        let spec = &problem.components[component];
        let choice = &spec.choices[choice];
        let place = &problem.places[choice.place];
        let _ = writeln!(
            out,
            "\\ {}: {} = {} x {} ({}) at {}:{}",
            program.variables[var].name,
            clean(&spec.name),
            choice.count,
            clean(&choice.offer),
            choice.purchase,
            clean(&place.provider_name),
            clean(&place.region_code),
        );
    }
}
