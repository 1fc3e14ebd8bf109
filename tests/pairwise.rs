//! The pairwise solver against brute force, and the laws that its answers keep.

use placer::solve::Status;
use placer::solve::pairwise::{
    FORBIDDEN, Limits, Network, NetworkError, Pair, Session, Tick, forced, min_marginals, solve,
};
use proptest::prelude::*;

/// Small networks of all kinds: sparse to full, with and without forbidden cells, narrow to wide costs.
fn networks() -> impl Strategy<Value = Network> {
    let sizes = prop::collection::vec(1usize..5, 1..7);
    let scale = prop_oneof![Just(1i64), Just(7), Just(1_000_000_007), Just(100_000_000_000_003)];
    (sizes, scale, 0u32..60, 1i64..50, any::<bool>()).prop_flat_map(|(sizes, scale, out, most, negative)| {
        let low = if negative { -most } else { 0 };
        let cost = (0u32..100, low..=most).prop_map(move |(x, c)| if x < out { FORBIDDEN } else { c * scale });
        let unary: Vec<_> = sizes.iter().map(|&size| prop::collection::vec(cost.clone(), size)).collect();
        let links: Vec<(usize, usize)> =
            (0..sizes.len()).flat_map(|a| (0..sizes.len()).map(move |b| (a, b))).filter(|(a, b)| a != b).collect();
        let sizes = sizes.clone();
        let some = prop::sample::subsequence(links.clone(), 0..=links.len().min(9));
        (unary, some, prop::collection::vec(prop::collection::vec(cost, 16), 9)).prop_map(
            move |(unary, links, cells)| {
                let pair = |(&(a, b), cells): (&(usize, usize), &Vec<i64>)| Pair {
                    a,
                    b,
                    table: cells[..sizes[a] * sizes[b]].to_vec(),
                };
                Network::new(unary, links.iter().zip(&cells).map(pair).collect()).unwrap()
            },
        )
    })
}

fn assignments(network: &Network) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for costs in network.unary() {
        all = all
            .into_iter()
            .flat_map(|start: Vec<usize>| {
                (0..costs.len()).map(move |place| start.iter().copied().chain([place]).collect::<Vec<usize>>())
            })
            .collect();
    }
    all
}

fn brute(network: &Network) -> Option<i64> {
    assignments(network).iter().filter_map(|assignment| network.cost(assignment)).min()
}

fn agrees(network: &Network, best: Option<i64>) -> Result<(), TestCaseError> {
    let outcome = solve(network, &Limits::default());
    prop_assert_eq!(&outcome, &solve(network, &Limits::default()));
    match best {
        None => {
            prop_assert_eq!(outcome.status, Status::Infeasible);
            prop_assert!(outcome.assignment.is_empty());
        }
        Some(best) => {
            prop_assert_eq!(outcome.status, Status::Optimal);
            prop_assert_eq!(outcome.objective, best);
            prop_assert_eq!(outcome.lower_bound, best);
            prop_assert_eq!(network.cost(&outcome.assignment), Some(best));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn equals_brute_force(network in networks()) {
        agrees(&network, brute(&network))?;
    }

    #[test]
    fn order_does_not_matter(network in networks(), seed in any::<u64>()) {
        let shuffled = permuted(&network, seed);
        let (one, two) = (solve(&network, &Limits::default()), solve(&shuffled, &Limits::default()));
        prop_assert_eq!((one.status, one.objective), (two.status, two.objective));
    }

    #[test]
    fn cheaper_never_raises_the_optimum(network in networks(), at in any::<prop::sample::Index>(), less in 1i64..1000) {
        let before = brute(&network);
        let component = at.index(network.components());
        let mut unary = network.unary().to_vec();
        for cost in unary[component].iter_mut().filter(|cost| **cost != FORBIDDEN) {
            *cost -= less;
        }
        let after = solve(&Network::new(unary, network.pairs().to_vec()).unwrap(), &Limits::default());
        if let Some(before) = before {
            prop_assert!(after.objective <= before);
        }
    }

    #[test]
    fn limits_leave_a_true_gap(
        network in networks(),
        nodes_max in 0u64..3,
        work_max in 0u64..2000,
        bytes_max in prop_oneof![Just(u64::MAX), 0u64..4000],
    ) {
        let outcome = solve(&network, &Limits { nodes_max, work_max, bytes_max, ..Limits::default() });
        let best = brute(&network);
        match outcome.status {
            Status::Infeasible => prop_assert_eq!(best, None),
            Status::Unknown => prop_assert!(best.is_none_or(|best| outcome.lower_bound <= best)),
            Status::Optimal => prop_assert_eq!(Some(outcome.objective), best),
            Status::Feasible => {
                prop_assert!(outcome.lower_bound <= best.unwrap() && best.unwrap() <= outcome.objective);
            }
        }
        if !outcome.assignment.is_empty() {
            prop_assert_eq!(network.cost(&outcome.assignment), Some(outcome.objective));
        }
    }

    #[test]
    fn marginals_are_bounds_and_forcing_is_exact(network in networks()) {
        let marginals = min_marginals(&network, &Limits::default());
        let all = assignments(&network);
        for component in 0..network.components() {
            for place in 0..network.unary()[component].len() {
                let best = all.iter().filter(|a| a[component] == place).filter_map(|a| network.cost(a)).min();
                let bound = marginals.bounds[component][place];
                prop_assert!(bound <= best.unwrap_or(FORBIDDEN), "{bound} {best:?}");
                let exact = forced(&network, component, place, &Limits::default());
                prop_assert_eq!(exact.assignment.is_empty(), best.is_none());
                prop_assert_eq!(exact.objective, best.unwrap_or(0));
            }
        }
    }

    #[test]
    fn a_session_equals_a_solve_from_scratch(
        network in networks(),
        moves in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), -60i64..60, 0u32..10), 1..12),
        scale in prop_oneof![Just(1i64), Just(1_000_000_007)],
    ) {
        let limits = Limits::default();
        let mut session = Session::new(network, &limits);
        for (component, place, cost, out) in moves {
            let component = component.index(session.network().components());
            let place = place.index(session.network().unary()[component].len());
            let cost = if out == 0 { FORBIDDEN } else { cost * scale };
            session.tick(Tick { component, place, cost }, &limits).unwrap();
            let (outcome, best) = (session.outcome(), brute(session.network()));
            prop_assert_eq!(outcome.status == Status::Infeasible, best.is_none());
            prop_assert_eq!(outcome.objective, best.unwrap_or(0));
            if best.is_some() {
                prop_assert_eq!(session.network().cost(&outcome.assignment), best);
            }
        }
    }
}

/// The same problem with components, pairs and places in another order.
fn permuted(network: &Network, seed: u64) -> Network {
    let order = |count: usize, salt: u64| {
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by_key(|&at| {
            (at as u64 + 1)
                .wrapping_mul(seed | 1)
                .wrapping_add(salt)
                .rotate_left(31)
                .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        });
        order
    };
    let components = order(network.components(), 1);
    let places: Vec<Vec<usize>> = network.unary().iter().map(|costs| order(costs.len(), 2)).collect();
    let new = |old: usize| components.iter().position(|&c| c == old).unwrap();
    let unary = components.iter().map(|&c| places[c].iter().map(|&p| network.unary()[c][p]).collect()).collect();
    let turn = |pair: &Pair| {
        let width = network.unary()[pair.b].len();
        let cells = places[pair.b].iter().flat_map(|&y| places[pair.a].iter().map(move |&x| pair.table[x * width + y]));
        Pair { a: new(pair.b), b: new(pair.a), table: cells.collect() }
    };
    Network::new(unary, network.pairs().iter().rev().map(turn).collect()).unwrap()
}

#[test]
fn faults_are_named() {
    let pair = |a, b, cells: usize| Pair { a, b, table: vec![0; cells] };
    let new = |pairs| Network::new(vec![vec![1, 2], vec![3]], pairs).unwrap_err();
    assert_eq!(Network::new(vec![vec![]], vec![]).unwrap_err(), NetworkError::NoPlace { component: 0 });
    assert_eq!(new(vec![pair(0, 2, 2)]), NetworkError::NoSuchComponent { pair: 0, component: 2, components: 2 });
    assert_eq!(new(vec![pair(1, 1, 1)]), NetworkError::SelfPair { pair: 0, component: 1 });
    assert_eq!(new(vec![pair(0, 1, 3)]), NetworkError::WrongSize { pair: 0, rows: 2, columns: 1, found: 3 });
    assert_eq!(Network::new(vec![vec![i64::MIN]], vec![]).unwrap_err(), NetworkError::Overflow);
    assert_eq!(Network::new(vec![vec![1 << 57]; 3], vec![]).unwrap_err(), NetworkError::Overflow);
}

#[test]
fn nothing_to_decide_costs_nothing() {
    let outcome = solve(&Network::new(vec![], vec![]).unwrap(), &Limits::default());
    assert_eq!((outcome.status, outcome.objective), (Status::Optimal, 0));
}

#[test]
fn pairs_of_the_same_components_add_up() {
    let one = Pair { a: 0, b: 1, table: vec![1, 2, 3, 4] };
    let two = Pair { a: 1, b: 0, table: vec![10, 20, FORBIDDEN, 40] };
    let network = Network::new(vec![vec![0, 0], vec![0, 0]], vec![one, two]).unwrap();
    assert_eq!(network.pairs(), [Pair { a: 0, b: 1, table: vec![11, FORBIDDEN, 23, 44] }]);
}

#[test]
fn without_memory_the_bound_is_what_the_tables_say() {
    let pair = Pair { a: 0, b: 1, table: vec![4, 1, 6, 2] };
    let network = Network::new(vec![vec![5, 3], vec![2, 9]], vec![pair]).unwrap();
    let outcome = solve(&network, &Limits { bytes_max: 16, ..Limits::default() });
    assert_eq!((outcome.status, outcome.lower_bound, outcome.assignment), (Status::Unknown, 3 + 2 + 1, vec![]));
    assert_eq!(solve(&network, &Limits { bytes_max: 1 << 20, ..Limits::default() }).objective, 3 + 2 + 6);
}

#[test]
fn a_cancelled_search_says_what_it_knows() {
    let network =
        Network::new(vec![vec![5, 3], vec![2, 9]], vec![Pair { a: 0, b: 1, table: vec![0, 4, 6, 0] }]).unwrap();
    let outcome = solve(&network, &Limits { cancel: Some(&|| true), ..Limits::default() });
    assert!(matches!(outcome.status, Status::Feasible | Status::Unknown));
    assert!(outcome.lower_bound <= 7);
}
