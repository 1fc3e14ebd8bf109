//! Packing against brute force, and by its own checker.

use placer::problem::packing::{Bought, Component, Offer, Packing, Rule, check};
use placer::solve::Status;
use placer::solve::packing::solve;
use proptest::prelude::*;

/// The cheapest answer with at most `machines_max` machines, by trying every multiset of machines.
fn brute_force(packing: &Packing) -> Option<i64> {
    let sets = 1_u32..1 << packing.components.len();
    let machine = |set: u32| -> Option<Bought> {
        let components: Vec<usize> = (0..packing.components.len()).filter(|c| set >> c & 1 == 1).collect();
        let needed = |r: usize| components.iter().map(|&c| packing.components[c].needs[r]).sum::<i64>();
        let fits = |o: &&Offer| o.capacity.iter().enumerate().all(|(r, &capacity)| needed(r) <= capacity);
        let cheapest = packing.offers.iter().filter(fits).map(|o| o.price).min()?;
        let offer = packing.offers.iter().position(|o| o.price == cheapest && fits(&o))?;
        Some(Bought { offer, components, count: 1 })
    };
    let machines: Vec<Bought> = sets.filter_map(machine).collect();
    let mut best = None;
    try_all(packing, &machines, 0, &mut Vec::new(), &mut best);
    best
}

fn try_all(packing: &Packing, machines: &[Bought], from: usize, picked: &mut Vec<Bought>, best: &mut Option<i64>) {
    if let Ok(price) = check(packing, picked) {
        *best = Some(best.map_or(price, |known| known.min(price)));
    }
    if picked.len() == packing.machines_max as usize {
        return;
    }
    for at in from..machines.len() {
        picked.push(machines[at].clone());
        try_all(packing, machines, at, picked, best);
        picked.pop();
    }
}

fn rule(components: usize) -> impl Strategy<Value = Rule> {
    let c = move || 0..components;
    let list = move || prop::collection::btree_set(0..components, 1..=components).prop_map(Vec::from_iter);
    prop_oneof![
        (c(), list()).prop_map(|(component, with)| Rule::Conflict {
            component,
            with: with.into_iter().filter(|&w| w != component).collect()
        }),
        (c(), prop::option::of(c())).prop_map(|(component, except)| Rule::Everywhere {
            component,
            except: except.into_iter().filter(|&e| e != component).collect()
        }),
        (c(), c()).prop_map(|(a, b)| Rule::Together { a, b }),
        (list(), 0_i64..5, prop::option::of(0_i64..4)).prop_map(|(components, at_least, more)| Rule::Count {
            components,
            at_least,
            at_most: more.map(|more| at_least + more)
        }),
        (c(), 1_i64..4, c(), 1_i64..4).prop_map(|(component, needs, of, gives)| Rule::Requires {
            component,
            needs,
            of,
            gives
        }),
        (c(), c(), 1_i64..4).prop_map(|(component, of, number)| Rule::OneFor { component, of, number }),
        (c(), c()).prop_map(|(a, b)| Rule::Either { a, b }),
    ]
}

fn packing() -> impl Strategy<Value = Packing> {
    (1_usize..=4).prop_flat_map(|components| {
        let needs = || prop::collection::vec(0_i64..5, 2);
        let offers = prop::collection::vec((prop::collection::vec(0_i64..10, 2), 0_i64..30), 1..6);
        let rules = prop::collection::vec(rule(components), 0..6);
        (prop::collection::vec(needs(), components), offers, rules, 1_u32..=4).prop_map(
            |(needs, offers, rules, machines_max)| Packing {
                name: String::new(),
                resources: vec!["cpu".into(), "memory".into()],
                components: needs.into_iter().map(|needs| Component { name: String::new(), needs }).collect(),
                offers: offers
                    .into_iter()
                    .map(|(capacity, price)| Offer { name: String::new(), capacity, price })
                    .collect(),
                rules,
                machines_max,
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn equals_brute_force(packing in packing()) {
        let packed = solve(&packing, u64::MAX, &|| false).unwrap();
        let Some(best) = brute_force(&packing) else {
            prop_assert_eq!(packed.status, Status::Infeasible);
            return Ok(());
        };
        prop_assert_eq!(packed.status, Status::Optimal);
        prop_assert_eq!(check(&packing, &packed.machines), Ok(packed.price));
        prop_assert_eq!((packed.price, packed.lower_bound), (best, best));
    }

    #[test]
    fn limits_never_prove_too_much(packing in packing(), nodes_max in 0_u64..4) {
        let best = brute_force(&packing);
        let packed = solve(&packing, nodes_max, &|| false).unwrap();
        prop_assert!(packed.lower_bound <= best.unwrap_or(i64::MAX));
        match packed.status {
            Status::Optimal => prop_assert_eq!(Some(packed.price), best),
            Status::Infeasible => prop_assert_eq!(best, None),
            Status::Feasible => prop_assert_eq!(check(&packing, &packed.machines), Ok(packed.price)),
            Status::Unknown => prop_assert!(packed.machines.is_empty()),
        }
    }
}

/// Every instance of the SAGE benchmarks: `cargo test --release --test packing -- --ignored`. Their folder is
/// `../shared/bench/sage` beside the repository, or `SAGE_DIR`.
#[test]
#[ignore = "needs the files of the benchmarks, which are not part of the repository"]
fn the_published_optima_are_met() {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/bench/sage");
    let folder = std::env::var("SAGE_DIR").unwrap_or_else(|_| beside.to_owned());
    let bytes = |name: String| std::fs::read(format!("{folder}/{name}")).expect("a file of the benchmarks");
    let optima = String::from_utf8(bytes("optima.csv".into())).expect("text");
    for line in optima.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let app = bytes(format!("apps/{}.json", cells[0]));
        let offers = bytes(format!("offers/offers_{}.json", cells[1]));
        let packing = placer::problem::file::read_sage(&app, &offers).expect("it is read");
        let packed = solve(&packing, u64::MAX, &|| false).expect("it is small");
        assert_eq!((packed.status, packed.price.to_string().as_str()), (Status::Optimal, cells[2]), "{line}");
        assert_eq!(check(&packing, &packed.machines), Ok(packed.price), "{line}");
    }
}
