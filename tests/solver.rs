//! The solver against brute force, the re-costing and the checker.

#[allow(dead_code, reason = "shared with the timings")]
mod support;

use placer::problem::{Assignment, Problem, check, score};
use placer::solve::{Limits, Prepared, Request, Restriction, Solution, Status, solve, solve_with};
use proptest::prelude::*;
use std::sync::atomic::{AtomicU32, Ordering};
use support::realistic::{Wish, realistic};
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
    #![proptest_config(cases(4000))]

    #[test]
    fn equals_brute_force(problem in any_problem()) {
        prop_assert_eq!(optimum(&problem), brute_force(&problem, &|_, _| true));
    }

    #[test]
    fn equals_brute_force_for_each_kind_alone(problem in one_feature()) {
        prop_assert_eq!(optimum(&problem), brute_force(&problem, &|_, _| true));
    }
}

/// Moves the components and the choices of a problem around; the places too.
fn shuffled(problem: &Problem, seed: u64) -> Problem {
    let r = &mut support::Random(seed);
    let mut shuffle = |n: usize| {
        let mut order: Vec<usize> = (0..n).collect();
        (1..n).rev().for_each(|i| order.swap(i, r.below(i + 1)));
        order
    };
    let (components, places) = (shuffle(problem.components.len()), shuffle(problem.places.len()));
    let inverse = |order: &[usize]| {
        let mut inverse = vec![0; order.len()];
        order.iter().enumerate().for_each(|(new, &old)| inverse[old] = new);
        inverse
    };
    let (component, place) = (inverse(&components), inverse(&places));
    let mut p = problem.clone();
    p.components = components.iter().map(|&c| problem.components[c].clone()).collect();
    for c in &mut p.components {
        c.choices.reverse();
        c.choices.iter_mut().for_each(|choice| choice.place = place[choice.place]);
    }
    p.places = places.iter().map(|&old| problem.places[old].clone()).collect();
    let square = |old: usize| places[old / places.len()] * places.len() + places[old % places.len()];
    p.routes = (0..problem.routes.len()).map(|i| problem.routes.at(square(i))).collect();
    p.rtt = [0, 1].map(|t| (0..problem.rtt[t].len()).map(|i| problem.rtt[t][square(i)]).collect()).into();
    p.internet = problem.internet.iter().map(|row| places.iter().map(|&old| row[old]).collect()).collect();
    for shared in std::sync::Arc::make_mut(&mut p.shared) {
        shared.place = place[shared.place];
    }
    p.flows.reverse();
    for flow in &mut p.flows {
        flow.from = component[flow.from];
        if let placer::problem::FlowTo::Component(to) = &mut flow.to {
            *to = component[*to];
        }
    }
    p.relations.iter_mut().for_each(|r| (r.a, r.b) = (component[r.a], component[r.b]));
    for path in &mut p.paths {
        path.hops.iter_mut().for_each(|h| (h.a, h.b) = (component[h.a], component[h.b]));
        if let Some((entry, by_place)) = &mut path.entry {
            *entry = component[*entry];
            *by_place = places.iter().map(|&old| by_place[old]).collect();
        }
    }
    p
}

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn order_does_not_matter(problem in any_problem(), seed in any::<u64>()) {
        prop_assert_eq!(optimum(&shuffled(&problem, seed)), optimum(&problem));
        prop_assert_eq!(solve(&problem, &Limits::default()), solve(&problem, &Limits::default()));
    }

    #[test]
    fn a_restriction_is_kept(problem in any_problem(), mask in any::<u64>()) {
        let allowed = |component: usize, choice: usize| mask >> ((component * 5 + choice) % 64) & 1 == 1;
        let allows = |component: usize, choice: usize, _: &placer::problem::Choice| allowed(component, choice);
        let restriction = Restriction::allowing(&allows);
        let solution = solve_with(&problem, &Limits::default(), &restriction, None);
        prop_assert!(solution.assignment.iter().enumerate().all(|(component, &choice)| allowed(component, choice)));
        prop_assert_eq!(proven(&problem, &solution), brute_force(&problem, &allowed));
    }

    #[test]
    fn nothing_is_found_below_the_optimum(problem in any_problem(), more in 1_i128..1_000_000) {
        let Some(best) = optimum(&problem) else { return Ok(()) };
        let below = |value| solve_with(&problem, &Limits::default(), &Restriction::default().below(value), None);
        let nothing = below(best);
        prop_assert_eq!(nothing.status, Status::Infeasible);
        prop_assert_eq!(nothing.lower_bound, best);
        prop_assert_eq!(proven(&problem, &below(best + more)), Some(best));
    }

    #[test]
    fn a_warm_start_changes_nothing(problem in any_problem(), picks in prop::collection::vec(0_usize..6, 0..5)) {
        let warm = solve_with(&problem, &Limits::default(), &Restriction::default(), Some(&picks));
        prop_assert_eq!(proven(&problem, &warm), optimum(&problem));
    }

    #[test]
    fn limits_never_prove_too_much(
        problem in any_problem(),
        (nodes_max, bytes_max) in prop_oneof![(0_u64..6, Just(1 << 30)), (Just(1_000), 0_u64..400)],
        asked_max in prop_oneof![Just(u32::MAX), 0_u32..40],
    ) {
        let best = brute_force(&problem, &|_, _| true);
        let asked = AtomicU32::new(0);
        let cancelled = || asked.fetch_add(1, Ordering::Relaxed) >= asked_max;
        let limits = Limits { nodes_max, bytes_max, cancelled: Some(&cancelled), ..Limits::default() };
        let solution = solve(&problem, &limits);
        if let Some(best) = best {
            prop_assert!(solution.lower_bound <= best, "{:?} {}", solution, best);
        }
        match solution.status {
            Status::Optimal => prop_assert_eq!(Some(solution.objective), best),
            Status::Infeasible => prop_assert_eq!(best, None),
            Status::Feasible => {
                prop_assert_eq!(check(&problem, &solution.assignment), []);
                prop_assert_eq!(score(&problem, &solution.assignment).unwrap().objective, solution.objective);
                prop_assert!(solution.lower_bound <= solution.objective);
            }
            Status::Unknown => prop_assert!(solution.assignment.is_empty()),
        }
    }

    #[test]
    fn a_cheaper_choice_never_raises_the_optimum(mut problem in any_problem(), pick in any::<prop::sample::Index>()) {
        let before = optimum(&problem);
        let component = pick.index(problem.components.len());
        let choices = &mut problem.components[component].choices;
        let choice = pick.index(choices.len());
        let cost = placer::units::Money::from_nanos(choices[choice].cost.nanos() / 2);
        choices[choice].cost = cost;
        choices[choice].charges[0].price.usd = cost;
        let after = optimum(&problem);
        prop_assert!(before.is_none() || after.is_some_and(|after| after <= before.unwrap()));
    }
}

proptest! {
    #![proptest_config(cases(150))]

    /// The structure of real problems, small enough to try everything.
    #[test]
    fn equals_brute_force_on_realistic_problems(
        seed in any::<u64>(),
        components in 2_usize..=3,
        traffic in prop::sample::select(vec![5_i64, 100, 5_000]),
        (latency_first, relations) in any::<(bool, bool)>(),
        price_per_us in 0_i64..100_000,
        budget in prop::option::of(100_i64..2_000),
    ) {
        let wish = Wish {
            components, places: 12, cycles: 1, traffic, bounds: true, latency_first, relations, price_per_us, budget,
        };
        let problem = realistic(seed, wish);
        prop_assert_eq!(optimum(&problem), brute_force(&problem, &|_, _| true));
    }
}

/// Two dozen latency bounds over several hops at once: proven only where a search splits on what is near.
#[test]
fn many_bounds_over_several_hops_are_proven_in_few_nodes() {
    let problem = realistic(5, Wish { components: 30, ..Wish::default() });
    let solution = solve(&problem, &Limits { nodes_max: 1_000, ..Limits::default() });
    assert_eq!((solution.status, solution.lower_bound), (Status::Optimal, solution.objective));
    assert_eq!(check(&problem, &solution.assignment), []);
    assert_eq!(score(&problem, &solution.assignment).unwrap().objective, solution.objective);
}

/// An assignment in words: where each component is and as what, by the names of the components.
fn in_words(problem: &Problem, assignment: &Assignment) -> Vec<String> {
    let words = |(component, &choice): (&placer::problem::Component, &usize)| {
        let choice = &component.choices[choice];
        let place = &problem.places[choice.place];
        let bought = (&choice.offer, choice.purchase, choice.count, choice.form, choice.active_zones, choice.cost);
        format!("{}: {} {} {bought:?}", component.name, place.provider_name, place.region_code)
    };
    let mut all: Vec<String> = problem.components.iter().zip(assignment).map(words).collect();
    all.sort();
    all
}

/// The first of all equally good answers.
fn canonical(problem: &Problem) -> Solution {
    let prepared = Prepared::new(problem);
    prepared.canonical(prepared.solve(&Request::default()), &Limits::default())
}

/// Makes many answers equally good: costs and traffic prices of few different amounts.
fn with_ties(mut problem: Problem) -> Problem {
    for choice in problem.components.iter_mut().flat_map(|component| &mut component.choices) {
        let cost = placer::units::Money::from_nanos(choice.cost.nanos() / 4_000_000_000 * 4_000_000_000);
        choice.cost = cost;
        for (at, charge) in choice.charges.iter_mut().enumerate() {
            charge.quantity = placer::units::Quantity::from_units(1);
            charge.price.usd = if at == 0 { cost } else { placer::units::Money::ZERO };
            charge.cap = None;
        }
    }
    problem
}

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn equally_good_answers_are_told_apart_by_names(problem in any_problem(), seed in any::<u64>()) {
        let problem = with_ties(problem);
        let moved = shuffled(&problem, seed);
        let (one, other) = (canonical(&problem), canonical(&moved));
        prop_assert_eq!(one.status, other.status);
        prop_assert_eq!(proven(&problem, &one), optimum(&problem));
        if one.status == Status::Optimal {
            prop_assert_eq!(in_words(&problem, &one.assignment), in_words(&moved, &other.assignment));
        }
    }
}
