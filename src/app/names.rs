//! Names that a file may use, and the nearest one to a name that it may not.

use super::file::{AppFile, ConstraintsFile};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::OnceLock;

/// What the price book knows by name, given by the caller, because this module reads no price book.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Names {
    /// Providers.
    pub providers: Vec<String>,
    /// Regions: provider and code.
    pub regions: Vec<(String, String)>,
    /// Cities: name and ISO country code.
    pub cities: Vec<(String, String)>,
    /// Cities that are meant only when their country is given, because a better known one has the name alone.
    pub lesser_cities: Vec<(String, String)>,
    /// ISO country codes.
    pub countries: Vec<String>,
    /// Continent words.
    pub continents: Vec<String>,
    /// Accelerator models.
    pub gpu_models: Vec<String>,
    /// Made from the rest on first use; leave empty, and change nothing after it.
    #[serde(skip)]
    pub index: NamesIndex,
}

/// Cities by name, as ordinals of [`Names::cities`] and then of [`Names::lesser_cities`]. It says nothing that the lists
/// do not: two are always equal, and a copy begins with none.
#[derive(Debug, Default)]
pub struct NamesIndex(OnceLock<HashMap<String, Vec<usize>>>);

impl Clone for NamesIndex {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for NamesIndex {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for NamesIndex {}

impl Names {
    /// Every city of a name, and whether it is one of the lesser ones.
    pub(super) fn cities_named(&self, name: &str) -> impl Iterator<Item = (&(String, String), bool)> {
        let index = self.index.0.get_or_init(|| {
            let mut index: HashMap<String, Vec<usize>> = HashMap::new();
            for (ordinal, (name, _)) in self.cities.iter().chain(&self.lesser_cities).enumerate() {
                index.entry(name.clone()).or_default().push(ordinal);
            }
            index
        });
        let count = self.cities.len();
        index.get(name).into_iter().flatten().map(move |&ordinal| match ordinal.checked_sub(count) {
            None => (&self.cities[ordinal], false),
            Some(ordinal) => (&self.lesser_cities[ordinal], true),
        })
    }

    /// What a file names.
    pub(super) fn used_by(file: &AppFile) -> Self {
        let mut names = Self::default();
        let mut place = |rules: Option<&ConstraintsFile>| {
            let Some(rules) = rules else { return };
            let filters = [&rules.providers, &rules.countries, &rules.continents, &rules.regions];
            let [providers, countries, continents, regions] =
                filters.map(|filter| filter.iter().flat_map(|f| f.allow.iter().chain(&f.deny)).flatten().cloned());
            names.providers.extend(providers);
            names.countries.extend(countries);
            names.continents.extend(continents);
            names.regions.extend(regions.filter_map(|full| pair(&full, ':')));
        };
        place(file.constraints.as_ref());
        for component in file.component.iter().flatten() {
            place(component.constraints.as_ref());
        }
        for today in file.today.iter().flatten() {
            if let (Some(provider), Some(region)) = (&today.provider, &today.region) {
                names.providers.push(provider.clone());
                names.regions.push((provider.clone(), region.clone()));
            }
        }
        let gpus = file.component.iter().flatten().filter_map(|component| component.gpu.as_ref());
        names.gpu_models = gpus.filter_map(|gpu| gpu.models.clone()).flatten().collect();
        let cities = file.audience.iter().flatten().filter_map(|audience| audience.city.as_ref());
        names.cities = cities.map(|city| pair(city, ',').unwrap_or_else(|| (city.clone(), String::new()))).collect();
        names
    }
}

/// Both halves of a text, without the blanks around them.
fn pair(text: &str, between: char) -> Option<(String, String)> {
    let (head, tail) = text.rsplit_once(between)?;
    Some((head.trim().to_owned(), tail.trim().to_owned()))
}

/// Characters beyond which nothing is near anything: keeps the search cheap for absurd input.
const NEAR_CHARS_MAX: usize = 80;

/// The candidate that was probably meant: equal but for case, or a few slips of the keyboard away.
pub(super) fn nearest<'a>(found: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let chars = found.chars().count();
    if chars > NEAR_CHARS_MAX {
        return None;
    }
    let slips_max = match chars {
        0..=2 => 0,
        3..=5 => 1,
        6..=8 => 2,
        _ => 3,
    };
    let found = normal(found);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(found.len()) <= slips_max + 1)
        .map(|candidate| (strsim::osa_distance(&found, &normal(candidate)), candidate))
        .filter(|(slips, _)| *slips <= slips_max)
        .min()
        .map(|(_, candidate)| candidate)
}

fn normal(text: &str) -> String {
    text.to_lowercase().replace([' ', '-'], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_forgiven_and_guesses_are_not_made() {
        let names = ["aws", "azure", "gcp", "hetzner", "DE", "object_storage"];
        for (found, meant) in [
            ("asw", Some("aws")),
            ("AWS", Some("aws")),
            ("hetzer", Some("hetzner")),
            ("de", Some("DE")),
            ("object storage", Some("object_storage")),
            ("ObjectStorage", Some("object_storage")),
            ("xx", None),
            ("oracle", None),
            ("", None),
        ] {
            assert_eq!(nearest(found, names), meant, "{found}");
        }
        assert_eq!(nearest(&"a".repeat(1_000_000), names), None);
    }
}
