//! The solver against brute force, the re-costing and the checker.

mod support;

use placer::problem::{Assignment, Problem, check, score};
use placer::solve::{Limits, Restriction, Solution, Status, solve, solve_with};
use proptest::prelude::*;
use support::{Features, small};

/// The least objective over all valid assignments that `allowed` lets through.
fn brute_force(problem: &Problem, allowed: &dyn Fn(usize, usize) -> bool) -> Option<i128> {
    let mut best: Option<i128> = None;
    let mut picked: Assignment = vec![0; problem.components.len()];
    loop {
        let lets = picked.iter().enumerate().all(|(component, &choice)| allowed(component, choice));
        if lets && check(problem, &picked).is_empty() {
            let objective = score(problem, &picked).unwrap().objective;
            best = Some(best.map_or(objective, |known| known.min(objective)));
        }
        let Some(component) = (0..picked.len()).find(|&c| picked[c] + 1 < problem.components[c].choices.len()) else {
            return best;
        };
        picked[component] += 1;
        picked[..component].fill(0);
    }
}

/// The answer is proven, valid and worth what it says.
fn proven(problem: &Problem, solution: &Solution) -> Option<i128> {
    match solution.status {
        Status::Optimal => {
            assert_eq!(check(problem, &solution.assignment), []);
            assert_eq!(score(problem, &solution.assignment).unwrap().objective, solution.objective);
            assert_eq!(solution.lower_bound, solution.objective);
            Some(solution.objective)
        }
        Status::Infeasible => {
            assert!(solution.assignment.is_empty());
            None
        }
        Status::Feasible | Status::Unknown => panic!("not proven: {solution:?}"),
    }
}

fn optimum(problem: &Problem) -> Option<i128> {
    proven(problem, &solve(problem, &Limits::default()))
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn any_problem() -> impl Strategy<Value = Problem> {
    (any::<u64>(), 1_usize..=4, 1_usize..=6, 1_usize..=5, 0_u16..1024).prop_map(
        |(seed, components, places, choices, bits)| small(seed, components, places, choices, Features::from_bits(bits)),
    )
}

/// Problems with one kind of constraint (on top of metered traffic or not).
fn one_feature() -> impl Strategy<Value = Problem> {
    (any::<u64>(), 2_usize..=4, 2_usize..=6, 2_usize..=5, 0_u16..10, 0_u16..2).prop_map(
        |(seed, components, places, choices, bit, metered)| {
            small(seed, components, places, choices, Features::from_bits(1 << bit | metered))
        },
    )
}

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn equals_brute_force(problem in any_problem()) {
        prop_assert_eq!(optimum(&problem), brute_force(&problem, &|_, _| true));
    }

    #[test]
    fn equals_brute_force_for_each_kind_alone(problem in one_feature()) {
        prop_assert_eq!(optimum(&problem), brute_force(&problem, &|_, _| true));
    }
}
