//! The solver against somebody else's solver on the same problem as a linear program.
#![cfg(feature = "second-opinion")]

#[allow(dead_code, reason = "shared with the solver's tests")]
mod support;

use placer::problem::linear::LinearError;
use placer::problem::{Problem, check, score};
use placer::solve::second_opinion::{Opinion, OpinionError, second_opinion};
use placer::solve::{Limits, Status, solve};
use proptest::prelude::*;
use support::realistic::{Wish, realistic};
use support::{Features, Random, sharing, small};

/// Both agree, within what floats can tell. Gives `None` where there is no second opinion: the problem has no linear
/// form, or the other solver runs out of time or gives up (microlp meets singular bases now and then).
fn agree(problem: &Problem) -> Option<()> {
    let ours = solve(problem, &Limits::default());
    let theirs = match second_opinion(problem, 3.0) {
        Ok(theirs) => theirs,
        Err(
            OpinionError::NotLinear(
                LinearError::LatencyFirst | LinearError::Allowance { .. } | LinearError::Unsupported(_),
            )
            | OpinionError::GaveUp(_),
        ) => return None,
        Err(error) => panic!("{error}"),
    };
    match theirs {
        Opinion::Infeasible => assert_eq!(ours.status, Status::Infeasible),
        Opinion::Found { assignment, objective, optimal, .. } => {
            assert_eq!(ours.status, Status::Optimal);
            assert_eq!(check(problem, &assignment), []);
            assert_eq!(score(problem, &assignment).map(|bill| bill.objective), Some(objective));
            assert!(ours.objective <= objective, "theirs is better: {objective} < {}", ours.objective);
            if !optimal {
                return None;
            }
            let tolerance = 10_000 + objective / 1_000_000;
            assert!(objective - ours.objective <= tolerance, "ours {} theirs {objective}", ours.objective);
        }
    }
    Some(())
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(400))]

    /// Each kind of constraint on its own, on top of metered traffic or not (latency first has no linear form).
    #[test]
    fn agrees_on_each_kind_alone(
        seed in any::<u64>(), components in 2_usize..=4, places in 2_usize..=6, choices in 2_usize..=5,
        bit in prop::sample::select(vec![0_u16, 1, 2, 3, 4, 5, 6, 7, 9]), metered in 0_u16..2,
    ) {
        let _ = agree(&small(seed, components, places, choices, Features::from_bits(1 << bit | metered)));
    }

    #[test]
    fn agrees_on_mixtures(
        seed in any::<u64>(), components in 1_usize..=4, places in 1_usize..=6, choices in 1_usize..=5,
        bits in 0_u16..1024,
    ) {
        let _ = agree(&small(seed, components, places, choices, Features::from_bits(bits & !(1 << 8))));
    }
}

/// A small problem whose components may share machines.
fn sharing(seed: u64, components: usize, places: usize, bits: u16) -> Problem {
    // Zones, and latency first, have no linear form here.
    let features = Features { zones: false, ..Features::from_bits(bits & !(1 << 8)) };
    let mut problem = small(seed, components, places, 2, features);
    sharing::share(&mut Random(seed), features, &mut problem, usize::from(components > 3), 4);
    problem
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn agrees_on_shared_machines(seed in any::<u64>(), components in 2_usize..=4, places in 1_usize..=3, bits in 0_u16..1024) {
        let _ = agree(&sharing(seed, components, places, bits));
    }
}

proptest! {
    #![proptest_config(cases(4))]

    #[test]
    fn agrees_on_realistic_problems(
        seed in any::<u64>(), components in 3_usize..=5, traffic in prop::sample::select(vec![5_i64, 100, 5_000]),
        relations in any::<bool>(), price_per_us in 0_i64..100_000, budget in prop::option::of(100_i64..2_000),
    ) {
        let wish = Wish {
            components, places: 10, cycles: 1, traffic, bounds: true, latency_first: false, relations, price_per_us, budget,
        };
        let _ = agree(&realistic(seed, wish));
    }
}

/// Without this, the tests above could pass by never hearing a second opinion.
#[test]
fn most_problems_get_a_second_opinion() {
    let heard = (0..200).filter(|&seed| {
        let bits = u16::try_from(seed * 37 % 1024).unwrap() & !(1 << 8);
        agree(&small(seed, 3, 4, 3, Features::from_bits(bits))).is_some()
    });
    let count = heard.count();
    assert!(count > 120, "only {count} of 200");
    let heard = (0..200).filter(|&seed| {
        let problem = sharing(seed, 3, 2, u16::try_from(seed * 37 % 1024).unwrap());
        agree(&problem).is_some()
    });
    let count = heard.count();
    assert!(count > 80, "only {count} of 200 with shared machines");
}
