//! What an application's file may name, by a price book.

use crate::app::Names;
use crate::catalog::PriceBook;
use std::collections::BTreeSet;

/// Cities by name and country.
type Cities = Vec<(String, String)>;

/// Cities by name and country: those that their name alone means, and those that only name and country mean. As in
/// [`PriceBook::find_city`], a measured city and one with a region have the name before all others.
fn cities(book: &PriceBook) -> (Cities, Cities) {
    let measured = book.cities.iter().filter(|city| city.measured).map(|city| (&city.name, &city.country));
    let known: BTreeSet<_> =
        measured.chain(book.regions.iter().map(|region| (&region.city, &region.country))).collect();
    let names: BTreeSet<&String> = known.iter().map(|(name, _)| *name).collect();
    let all: BTreeSet<_> = book.cities.iter().map(|city| (&city.name, &city.country)).chain(known.clone()).collect();
    let owned = |(name, country): (&String, &String)| (name.clone(), country.clone());
    let (first, lesser): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|city| known.contains(city) || !names.contains(city.0));
    (first.into_iter().map(owned).collect(), lesser.into_iter().map(owned).collect())
}

/// What an application's file may name.
#[must_use]
pub fn names(book: &PriceBook) -> Names {
    let region = |id| (book.provider_of(id).name.clone(), book.region(id).code.clone());
    let distinct = |words: BTreeSet<&str>| words.into_iter().map(str::to_owned).collect();
    let places = book.regions.iter().map(|region| (region.country.as_str(), region.continent.as_str()));
    let (countries, continents): (BTreeSet<&str>, BTreeSet<&str>) = places.unzip();
    let models = book.shapes.iter().map(|shape| shape.gpu_model.as_str()).filter(|model| !model.is_empty());
    let (cities, lesser_cities) = cities(book);
    Names {
        providers: book.provider_names(),
        regions: book.region_ids().map(region).collect(),
        cities,
        lesser_cities,
        countries: distinct(countries),
        continents: distinct(continents),
        gpu_models: distinct(models.collect()),
        ..Names::default()
    }
}
