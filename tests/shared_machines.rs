//! Components that share machines: the solver against brute force over the checker and the re-costing, alone and mixed
//! with every other kind of constraint.

#[allow(dead_code, reason = "shared with the solver's other tests")]
mod support;

use placer::problem::{Assignment, Host, Problem, check, score};
use placer::solve::{Limits, Restriction, Solution, Status, solve, solve_with};
use proptest::prelude::*;
use support::{Features, Random, sharing, small};

fn brute_force(problem: &Problem, allowed: &dyn Fn(usize, usize) -> bool) -> Option<i128> {
    let mut best: Option<i128> = None;
    let mut picked: Assignment = vec![0; problem.components.len()];
    if problem.components.iter().any(|component| component.choices.is_empty()) {
        return None;
    }
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

fn proven(problem: &Problem, solution: &Solution) -> Option<i128> {
    match solution.status {
        Status::Optimal => {
            assert_eq!(check(problem, &solution.assignment), []);
            assert_eq!(score(problem, &solution.assignment).unwrap().objective, solution.objective);
            assert_eq!(solution.lower_bound, solution.objective);
            Some(solution.objective)
        }
        Status::Infeasible => None,
        Status::Feasible | Status::Unknown => panic!("not proven: {solution:?}"),
    }
}

fn optimum(problem: &Problem) -> Option<i128> {
    proven(problem, &solve(problem, &Limits::default()))
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 300, ..ProptestConfig::default() }
}

/// A random problem of `components` of which `count` may share, in one group or two.
fn shared(seed: u64, components: usize, places: usize, f: Features, groups: usize) -> Problem {
    let mut problem = small(seed, components, places, 2, f);
    let r = &mut Random(seed ^ 0x5AFE);
    if groups == 2 && components >= 4 {
        sharing::share(r, f, &mut problem, 0, 2);
        sharing::share(r, f, &mut problem, 2, 2);
    } else {
        let first = usize::from(components > 3 || r.chance(50));
        sharing::share(r, f, &mut problem, first, 4);
    }
    problem
}

fn any_shared() -> impl Strategy<Value = Problem> {
    (any::<u64>(), 2_usize..=4, 1_usize..=3, 0_u16..1024, 1_usize..=2).prop_map(
        |(seed, components, places, bits, groups)| shared(seed, components, places, Features::from_bits(bits), groups),
    )
}

fn one_feature() -> impl Strategy<Value = Problem> {
    (any::<u64>(), 2_usize..=4, 1_usize..=3, 0_u16..11, 0_u16..2).prop_map(
        |(seed, components, places, bit, metered)| {
            let bits = if bit < 10 { 1 << bit | metered } else { 0 };
            shared(seed, components, places, Features::from_bits(bits), 1)
        },
    )
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn equals_brute_force(problem in any_shared()) {
        prop_assert_eq!(optimum(&problem), brute_force(&problem, &|_, _| true));
    }

    #[test]
    fn equals_brute_force_for_each_kind_alone(problem in one_feature()) {
        prop_assert_eq!(optimum(&problem), brute_force(&problem, &|_, _| true));
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn a_restriction_is_kept(problem in any_shared(), mask in any::<u64>()) {
        let allowed = |component: usize, choice: usize| mask >> ((component * 7 + choice) % 64) & 3 != 0;
        let allows = |component: usize, choice: usize, _: &placer::problem::Choice| allowed(component, choice);
        let solution = solve_with(&problem, &Limits::default(), &Restriction::allowing(&allows), None);
        prop_assert!(solution.assignment.iter().enumerate().all(|(component, &choice)| allowed(component, choice)));
        prop_assert_eq!(proven(&problem, &solution), brute_force(&problem, &allowed));
    }

    #[test]
    fn a_warm_start_and_a_threshold_change_nothing(
        problem in any_shared(),
        picks in prop::collection::vec(0_usize..8, 0..5),
        more in 1_i128..1_000_000,
    ) {
        let warm = solve_with(&problem, &Limits::default(), &Restriction::default(), Some(&picks));
        let best = proven(&problem, &warm);
        prop_assert_eq!(best, optimum(&problem));
        let Some(best) = best else { return Ok(()) };
        let below = |value| solve_with(&problem, &Limits::default(), &Restriction::default().below(value), None);
        prop_assert_eq!(below(best).status, Status::Infeasible);
        prop_assert_eq!(below(best).lower_bound, best);
        prop_assert_eq!(proven(&problem, &below(best + more)), Some(best));
    }

    #[test]
    fn limits_never_prove_too_much(problem in any_shared(), nodes_max in 0_u64..8) {
        let best = brute_force(&problem, &|_, _| true);
        let solution = solve(&problem, &Limits { nodes_max, ..Limits::default() });
        if let Some(best) = best {
            prop_assert!(solution.lower_bound <= best, "{:?} {}", solution, best);
        }
        match solution.status {
            Status::Optimal => prop_assert_eq!(Some(solution.objective), best),
            Status::Infeasible => prop_assert_eq!(best, None),
            Status::Feasible => {
                prop_assert_eq!(check(&problem, &solution.assignment), []);
                prop_assert_eq!(score(&problem, &solution.assignment).unwrap().objective, solution.objective);
            }
            Status::Unknown => prop_assert!(solution.assignment.is_empty()),
        }
    }
}

/// The random problems are no empty exercise: sharing is often the answer, and often broken.
#[test]
fn sharing_often_wins() {
    let (mut wins, mut solved) = (0, 0);
    for seed in 0..300 {
        let problem = shared(seed, 4, 2, Features::from_bits(u16::try_from(seed % 1024).unwrap()), 1);
        let solution = solve(&problem, &Limits::default());
        if proven(&problem, &solution).is_some() {
            solved += 1;
            wins += u32::from(problem.picked(&solution.assignment).iter().any(|choice| choice.host != Host::Own));
        }
    }
    assert!(solved > 60 && wins * 2 > solved, "{wins} of {solved}");
}
