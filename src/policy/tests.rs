//! Policies: those that come with placer, faults with their place, and windows held against a walk through the week.

use super::file::{BUILT_IN, parse, schema_json};
use super::{Approval, Policy, Window};
use crate::app::Kind;
use crate::units::Money;
use proptest::prelude::*;

fn read(text: &str) -> Result<Policy, String> {
    parse(text, "policy.toml", &["aws".to_owned(), "gcp".to_owned()]).map_err(|faults| faults.to_string())
}

#[test]
fn the_policies_that_come_with_placer_grow_bolder() {
    let all: Vec<Policy> = BUILT_IN.iter().map(|(_, text)| read(text).unwrap()).collect();
    assert!(BUILT_IN.iter().zip(&all).all(|((name, _), policy)| *name == policy.name));
    assert!(all.windows(2).all(|pair| pair[0].moves.saving_min > pair[1].moves.saving_min));
    assert!(all.windows(2).all(|pair| pair[0].moves.payback_hours_max < pair[1].moves.payback_hours_max));
    assert_eq!(all[1].moves, super::Moves { approval: Approval::Ask, ..super::Moves::default() });
    assert!(all[0].moves.never_kinds.contains(&Kind::Postgres));
    assert_eq!(all[2].moves.stop_loss, Money::from_dollars(500));
}

#[test]
fn the_committed_schema_is_the_generated_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/policy.schema.json");
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(path, schema_json()).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(committed == schema_json(), "run the tests once with UPDATE_SCHEMA=1");
}

#[test]
fn all_faults_are_told_with_their_place() {
    let told = read(
        "version = 1\nname = \"x\"\napproval = \"asks\"\n[allow]\nproviders = { allow = [\"awz\"] }\n[move]\n\
         saving_pct_min = 101\nnever_kind = []\n[[window]]\nfrom = \"25:00\"\n",
    )
    .unwrap_err();
    for words in [
        "policy.toml:3:",
        "unknown word",
        "did you mean `ask`",
        "unknown provider `awz`",
        "did you mean `aws`",
        "101",
        "did you mean `never_kinds`",
        "`25:00` is no time",
        "this table has no `to`",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(read("").unwrap_err().contains("a policy"));
    assert!(read("version = 2\nname = \"x\"\n").unwrap_err().contains("is of version"));
    assert!(read("name = \"x\"\n").unwrap_err().contains("no `version`"));
}

#[test]
fn a_window_is_open_when_it_says() {
    // 2026-11-27 was a Friday; 1795737600 is its midnight.
    let friday = 1_795_737_600;
    let night = Window { days: vec![4], from_min: 22 * 60, to_min: 4 * 60 };
    let wait = |hours: i64| night.opens_in(friday + hours * 3600) / 3600;
    assert_eq!([21, 22, 27, 28].map(wait), [1, 0, 0, 7 * 24 - 6]);
    assert_eq!(Window { days: Vec::new(), ..night }.opens_in(0), i64::MAX);
}

proptest! {
    #[test]
    fn a_window_opens_when_the_wait_is_over_and_not_before(
        days in prop::collection::vec(0_u8..7, 1..4), from_min in 0_u16..1440, to_min in 0_u16..=1440, now in 0_i64..5_000_000_000,
    ) {
        let window = Window { days, from_min, to_min };
        let wait = window.opens_in(now);
        prop_assert!((0..7 * 86_400).contains(&wait));
        prop_assert_eq!(window.opens_in(now + wait), 0);
        prop_assert!(wait == 0 || window.opens_in(now + wait - 1) == 1);
    }
}
