//! The short way keeps what the long way keeps.

use super::*;
use crate::app::{Names, Scenario, parse};
use crate::catalog::PriceBook;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::LazyLock;

#[allow(dead_code, reason = "the generator has more styles than are tried here")]
#[path = "../../../../tests/support/fleet.rs"]
mod fleet;

fn names(book: &PriceBook) -> Names {
    let distinct = |words: BTreeSet<&String>| words.into_iter().cloned().collect();
    Names {
        providers: book.providers.iter().map(|provider| provider.name.clone()).collect(),
        regions: book
            .region_ids()
            .map(|id| (book.provider_of(id).name.clone(), book.region(id).code.clone()))
            .collect(),
        cities: book.cities.iter().map(|city| (city.name.clone(), city.country.clone())).collect(),
        lesser_cities: Vec::new(),
        countries: distinct(book.regions.iter().map(|region| &region.country).collect()),
        continents: distinct(book.regions.iter().map(|region| &region.continent).collect()),
        gpu_models: Vec::new(),
        ..Names::default()
    }
}

/// The book and what lowers against it, made once.
static BOOK: LazyLock<PriceBook> = LazyLock::new(|| PriceBook::embedded().expect("the embedded book verifies"));
static LOWERER: LazyLock<Lowerer<'static>> = LazyLock::new(|| Lowerer::new(&BOOK));
static NAMES: LazyLock<Names> = LazyLock::new(|| names(&BOOK));

/// Holds the two ways together for every component of an application: the same choices in the same order, names and
/// charges and reasons alike. Returns how many choices there are.
fn same_both_ways(text: &str, options: &Options) -> usize {
    let app = parse(text, "app.toml", &NAMES).unwrap_or_else(|faults| panic!("{faults}\n{text}")).app;
    let policy = Policy::default();
    let draft = Draft::of(&LOWERER, &app, &policy, options, true).expect("it lowers");
    let Draft { cx, demands, geo, .. } = &draft;
    let mut seen = 0;
    for demand in demands {
        let looked = |look: &Look| {
            let (mut component, recipes) = component_of(cx, demand, geo, look);
            for (choice, recipe) in component.choices.iter_mut().zip(recipes) {
                write_out(cx, demand, &geo.sites[choice.place], recipe, choice);
            }
            component
        };
        let expected = looked(&Look { order: None, ..Look::of(cx, demand, geo, true) });
        let found = looked(&Look::of(cx, demand, geo, true));
        assert_eq!(found.excluded, expected.excluded, "{demand:?}");
        for (a, b) in found.choices.iter().zip(&expected.choices) {
            assert_eq!(a, b, "{demand:?}");
            assert_eq!(a.cost, a.charges.iter().map(crate::problem::Charge::cost).sum(), "{demand:?}");
        }
        assert_eq!(found.choices.len(), expected.choices.len(), "{demand:?}");
        let uncounted = looked(&Look::of(cx, demand, geo, false));
        assert_eq!(uncounted.choices, expected.choices, "{demand:?}");
        seen += expected.choices.len();
    }
    seen
}

/// Every component of random applications, on the whole book.
#[test]
fn the_short_way_keeps_what_the_long_way_keeps() {
    let styles = [fleet::Style::Plain, fleet::Style::Varied, fleet::Style::Bound];
    let mut seen = 0;
    for (ordinal, style) in (0..).zip(styles.into_iter().cycle().take(6)) {
        let text = fleet::app(&BOOK, 77, ordinal, style);
        for scenario in [Scenario::Typical, Scenario::High].into_iter().take(1 + usize::from(ordinal == 0)) {
            seen += same_both_ways(&text, &Options { scenario, ..Options::default() });
        }
    }
    assert!(seen > 5000, "{seen}");
}

/// A component that runs on machines, or could, in a file's words: any size, number, way of buying and reaching it.
fn component() -> impl Strategy<Value = String> {
    let kinds = prop::sample::select(vec!["service", "worker", "job", "postgres", "mysql", "redis", "kafka"]);
    let sizes = (30_u32..20_000, 100_u32..80_000, prop_oneof![Just(0_u32), 1_u32..1500]);
    let counts = (1_u32..=11, prop::bool::weighted(0.3), 1_u32..=4);
    let traffic = (prop_oneof![Just(0_u32), 1_u32..3000], prop_oneof![Just(0_u32), 1_u32..3000]);
    let purchases = prop::sample::subsequence(vec!["on_demand", "spot", "reserved_1y", "reserved_3y"], 1..=4);
    let rest = (0_u32..12, prop::bool::weighted(0.4), 1_u32..7_300_000);
    (kinds, sizes, counts, traffic, purchases, rest).prop_map(
        |(kind, (cpu, memory, disk), (replicas, zonal, idle), (users, outbound), purchases, (form, public, hours))| {
            use std::fmt::Write as _;
            let milli = |amount: u32| format!("{}.{:03}", amount / 1000, amount % 1000);
            let mut text = format!("[[component]]\nname = \"it\"\nkind = \"{kind}\"\nmemory_gib = {}\n", milli(memory));
            // Idle for most of the time, so that burstable machines may do.
            let typical = milli((cpu / (idle * idle * idle)).max(1));
            let _ = writeln!(text, "cpu = {{ typical = {typical}, max = {} }}", milli(cpu));
            let _ = writeln!(text, "disk_gb = {disk}\noutbound_gb_month = {outbound}\npurchase = {purchases:?}");
            let image = matches!(kind, "service" | "worker" | "job");
            if image {
                let _ = writeln!(text, "replicas = {replicas}");
            }
            if zonal && kind != "job" && (replicas > 1 || !image) {
                text.push_str("zones = 2\n");
            }
            match (kind, form) {
                ("job", _) => {
                    let _ = writeln!(text, "hours_month = {}.{:04}", hours / 10_000, hours % 10_000);
                }
                ("service", _) if public => {
                    let _ = writeln!(text, "public = true\nusers_gb_month = {users}");
                }
                _ => {}
            }
            text.push_str(match form {
                0 => "dedicated = true\n",
                1 => "arch = \"arm64\"\n",
                2 if image => "gpu = { count = 0.5 }\n",
                3 if !image => "managed = \"packaged\"\n",
                _ => "",
            });
            text
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Components of any size, one at a time, at a few providers.
    #[test]
    fn any_component_has_the_same_choices_both_ways(
        component in component(),
        providers in prop::sample::subsequence(BOOK.providers.iter().map(|p| &*p.name).collect::<Vec<_>>(), 1..=2),
        public_ip in any::<bool>(),
    ) {
        let network = if public_ip { "public_ip" } else { "nat" };
        let text = format!(
            "version = 1\nname = \"any\"\nconstraints.providers.allow = {providers:?}\n[network]\nprivate_outbound = \"{network}\"\n\
            [[audience]]\nname = \"users\"\ncity = \"Berlin, DE\"\n{component}"
        );
        same_both_ways(&text, &Options::default());
    }
}
