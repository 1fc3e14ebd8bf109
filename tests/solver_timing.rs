//! How long solves take: `cargo test --release --test solver_timing -- --ignored --nocapture`.

#![allow(clippy::print_stdout, reason = "a table for people is what it is for")]

#[allow(dead_code, reason = "shared with the property tests")]
mod support;

use placer::problem::{check, score};
use placer::solve::{Limits, Restriction, Status, solve, solve_with};
use std::time::Instant;
use support::realistic::{Wish, realistic};

fn wishes() -> Vec<(&'static str, Wish)> {
    let w = Wish::default();
    let of = |components| Wish { components, ..w };
    vec![
        ("3 x 300", of(3)),
        ("6 x 300", of(6)),
        ("6 x 300 no bounds", Wish { bounds: false, ..of(6) }),
        ("6 x 300 heavy traffic", Wish { traffic: 5_000, ..of(6) }),
        ("6 x 300 light traffic", Wish { traffic: 5, ..of(6) }),
        ("6 x 300 relations", Wish { relations: true, ..of(6) }),
        ("6 x 300 latency first", Wish { latency_first: true, ..of(6) }),
        ("6 x 300 latency priced", Wish { price_per_us: 500_000, ..of(6) }),
        ("8 x 60 cycles", Wish { places: 60, cycles: 3, ..of(8) }),
        ("10 x 300", of(10)),
        ("12 x 300 cycles", Wish { cycles: 4, ..of(12) }),
        ("15 x 300", of(15)),
        ("15 x 300 no bounds", Wish { bounds: false, ..of(15) }),
        ("15 x 300 heavy traffic", Wish { traffic: 5_000, ..of(15) }),
        ("15 x 300 relations", Wish { relations: true, ..of(15) }),
        ("15 x 300 latency first", Wish { latency_first: true, ..of(15) }),
        ("15 x 300 latency priced", Wish { price_per_us: 500_000, ..of(15) }),
        ("30 x 300", of(30)),
        ("60 x 300", of(60)),
    ]
}

/// Milliseconds, nodes, and the gap that is left (in millionths) or the status.
fn timed(problem: &placer::problem::Problem, limits: &Limits, restriction: &Restriction) -> (f64, u64, String) {
    let start = Instant::now();
    let solution = solve_with(problem, limits, restriction, None);
    let ms = start.elapsed().as_secs_f64() * 1e3;
    let gap = match solution.status {
        Status::Feasible => {
            let gap = (solution.objective - solution.lower_bound) * 1_000_000 / solution.objective.max(1);
            format!("gap {gap} ppm")
        }
        other => format!("{other:?}"),
    };
    if !solution.assignment.is_empty() {
        assert_eq!(check(problem, &solution.assignment), []);
        assert_eq!(score(problem, &solution.assignment).unwrap().objective, solution.objective);
    }
    (ms, solution.nodes, gap)
}

#[test]
#[ignore = "measures"]
fn solver_timing() {
    let limits = Limits { work_max: 2_000_000_000, ..Limits::default() };
    let filter = std::env::var("WISH").unwrap_or_default();
    println!("{:<26} {:>9} {:>9} {:>9}  status of 8 seeds", "", "median ms", "max ms", "max nodes");
    for (name, wish) in wishes().into_iter().filter(|(name, _)| name.contains(&filter)) {
        let runs: Vec<_> = (0..8).map(|seed| timed(&realistic(seed, wish), &limits, &Restriction::default())).collect();
        let mut ms: Vec<f64> = runs.iter().map(|r| r.0).collect();
        ms.sort_by(f64::total_cmp);
        let nodes = runs.iter().map(|r| r.1).max().unwrap();
        let mut states: Vec<(String, usize)> = Vec::new();
        for (_, _, state) in &runs {
            match states.iter_mut().find(|(known, _)| known == state) {
                Some(known) => known.1 += 1,
                None => states.push((state.clone(), 1)),
            }
        }
        println!("{name:<26} {:>9.2} {:>9.2} {nodes:>9}  {states:?}", ms[4], ms[7]);
    }
}

#[test]
#[ignore = "measures"]
fn warm_timing() {
    let problem = realistic(1, Wish::default());
    let cold = solve(&problem, &Limits::default());
    let start = Instant::now();
    let warm = solve_with(&problem, &Limits::default(), &Restriction::default(), Some(&cold.assignment));
    println!("warm: {:.2} ms", start.elapsed().as_secs_f64() * 1e3);
    assert_eq!(warm.objective, cold.objective);
}
