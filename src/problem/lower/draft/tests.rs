//! The short way keeps what the long way keeps.

use super::*;
use crate::app::{Names, Scenario, parse};
use crate::catalog::PriceBook;
use std::collections::BTreeSet;

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
    }
}

/// Every component of random applications, on the whole book: the same choices in the same order, names and charges
/// and reasons alike.
#[test]
fn the_short_way_keeps_what_the_long_way_keeps() {
    let book = PriceBook::embedded().expect("the embedded book verifies");
    let (names, policy) = (names(&book), Policy::default());
    let lowerer = Lowerer::new(&book);
    let styles = [fleet::Style::Plain, fleet::Style::Varied, fleet::Style::Bound];
    let mut seen = 0;
    for (ordinal, style) in (0..).zip(styles.into_iter().cycle().take(6)) {
        let text = fleet::app(&book, 77, ordinal, style);
        let app = parse(&text, "app.toml", &names).unwrap_or_else(|faults| panic!("{faults}\n{text}")).app;
        for scenario in [Scenario::Typical, Scenario::High].into_iter().take(1 + usize::from(ordinal == 0)) {
            let options = Options { scenario, ..Options::default() };
            let draft = Draft::of(&lowerer, &app, &policy, &options, true).expect("it lowers");
            let Draft { cx, demands, geo, .. } = &draft;
            for demand in demands {
                let long = Look { order: None, ..Look::of(cx, demand, true) };
                let (mut expected, recipes) = component_of(cx, demand, geo, &long);
                for (choice, recipe) in expected.choices.iter_mut().zip(recipes) {
                    write_out(cx, demand, &geo.sites[choice.place], recipe, choice);
                }
                seen += expected.choices.len();
                let (mut found, recipes) = component_of(cx, demand, geo, &Look::of(cx, demand, true));
                for (choice, recipe) in found.choices.iter_mut().zip(recipes) {
                    write_out(cx, demand, &geo.sites[choice.place], recipe, choice);
                }
                assert_eq!(found.excluded, expected.excluded, "{demand:?}");
                for (a, b) in found.choices.iter().zip(&expected.choices) {
                    assert_eq!(a, b, "{demand:?}");
                }
                assert_eq!(found.choices.len(), expected.choices.len(), "{demand:?}");
            }
        }
    }
    assert!(seen > 5000, "{seen}");
}
