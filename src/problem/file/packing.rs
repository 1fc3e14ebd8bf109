//! The packing form, as it is written in documents.

use super::{FileError, VERSION, parse_as, shown};
use crate::problem::packing::{AMOUNT_MAX, COMPONENTS_MAX, Component, MACHINES_MAX, Offer, Packing, Rule};
use serde::Deserialize;

/// Value of the member `format`.
pub const FORMAT: &str = "placer-packing";

/// Machines that an answer may have when a document does not say.
pub(super) const MACHINES_DEFAULT: u32 = 1_000;
/// Most offers and most rules.
const LIST_MAX: usize = 100_000;
/// Most resources.
const RESOURCES_MAX: usize = 64;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    version: u32,
    #[serde(default)]
    name: String,
    resources: Vec<String>,
    components: Vec<ComponentRow>,
    offers: Vec<OfferRow>,
    #[serde(default)]
    rules: Vec<RuleRow>,
    machines_max: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ComponentRow {
    name: String,
    needs: Vec<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfferRow {
    name: String,
    capacity: Vec<i64>,
    price: i64,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum RuleRow {
    Conflict {
        component: usize,
        with: Vec<usize>,
    },
    Everywhere {
        component: usize,
        #[serde(default)]
        except: Vec<usize>,
    },
    Together {
        a: usize,
        b: usize,
    },
    Count {
        components: Vec<usize>,
        #[serde(default)]
        at_least: i64,
        at_most: Option<i64>,
    },
    Requires {
        component: usize,
        needs: i64,
        of: usize,
        gives: i64,
    },
    OneFor {
        component: usize,
        of: usize,
        number: i64,
    },
    Either {
        a: usize,
        b: usize,
    },
}

pub(super) fn read(bytes: &[u8]) -> Result<Packing, FileError> {
    let file: File = parse_as(bytes)?;
    if file.format != FORMAT || file.version != VERSION {
        let given = format!("`{}` version {}", shown(&file.format), file.version);
        return Err(FileError::said("version", format!("{given} is not `{FORMAT}` version {VERSION}")));
    }
    let component = |row: ComponentRow| Component { name: row.name, needs: row.needs };
    let offer = |row: OfferRow| Offer { name: row.name, capacity: row.capacity, price: row.price };
    let packing = Packing {
        name: file.name,
        resources: file.resources,
        components: file.components.into_iter().map(component).collect(),
        offers: file.offers.into_iter().map(offer).collect(),
        rules: file.rules.into_iter().map(Rule::from).collect(),
        machines_max: file.machines_max.unwrap_or(MACHINES_DEFAULT),
    };
    check(&packing, "rules")?;
    Ok(packing)
}

impl From<RuleRow> for Rule {
    fn from(row: RuleRow) -> Self {
        match row {
            RuleRow::Conflict { component, with } => Self::Conflict { component, with },
            RuleRow::Everywhere { component, except } => Self::Everywhere { component, except },
            RuleRow::Together { a, b } => Self::Together { a, b },
            RuleRow::Count { components, at_least, at_most } => Self::Count { components, at_least, at_most },
            RuleRow::Requires { component, needs, of, gives } => Self::Requires { component, needs, of, gives },
            RuleRow::OneFor { component, of, number } => Self::OneFor { component, of, number },
            RuleRow::Either { a, b } => Self::Either { a, b },
        }
    }
}

/// Sizes, ordinals and amounts. `rules` is what the document calls its rules.
pub(super) fn check(packing: &Packing, rules: &str) -> Result<(), FileError> {
    let fault = |path: String, message: String| Err(FileError::said(path, message));
    for (name, count, most) in [
        ("resources", packing.resources.len(), RESOURCES_MAX),
        ("components", packing.components.len(), COMPONENTS_MAX),
        ("offers", packing.offers.len(), LIST_MAX),
    ] {
        if !(1..=most).contains(&count) {
            return fault(name.into(), format!("there are {count}; there must be 1 to {most}"));
        }
    }
    if packing.rules.len() > LIST_MAX {
        return fault(rules.into(), format!("there are more than {LIST_MAX}"));
    }
    if !(1..=MACHINES_MAX).contains(&packing.machines_max) {
        return fault("machines_max".into(), format!("it must be between 1 and {MACHINES_MAX}"));
    }
    let amounts = |path: String, amounts: &[i64]| {
        if amounts.len() != packing.resources.len() {
            let message = format!("there are {} amounts for {} resources", amounts.len(), packing.resources.len());
            return Err(FileError::said(path, message));
        }
        amounts.iter().enumerate().try_for_each(|(r, &value)| amount(&format!("{path}[{r}]"), value, 0))
    };
    for (c, component) in packing.components.iter().enumerate() {
        amounts(format!("components[{c}].needs"), &component.needs)?;
    }
    for (o, offer) in packing.offers.iter().enumerate() {
        amounts(format!("offers[{o}].capacity"), &offer.capacity)?;
        amount(&format!("offers[{o}].price"), offer.price, 0)?;
    }
    packing.rules.iter().enumerate().try_for_each(|(r, rule)| check_rule(packing, &format!("{rules}[{r}]"), rule))
}

fn amount(path: &str, value: i64, least: i64) -> Result<(), FileError> {
    if (least..=AMOUNT_MAX).contains(&value) {
        return Ok(());
    }
    Err(FileError::said(path, format!("{value} is out of range: it must be between {least} and {AMOUNT_MAX}")))
}

fn check_rule(packing: &Packing, path: &str, rule: &Rule) -> Result<(), FileError> {
    let (components, amounts): (Vec<usize>, Vec<(i64, i64)>) = match rule {
        Rule::Conflict { component, with: list } | Rule::Everywhere { component, except: list } => {
            if list.contains(component) {
                return Err(FileError::said(path, "a component conflicts with itself"));
            }
            (list.iter().copied().chain([*component]).collect(), Vec::new())
        }
        Rule::Together { a, b } | Rule::Either { a, b } => {
            if a == b {
                return Err(FileError::said(path, "the two components are the same"));
            }
            (vec![*a, *b], Vec::new())
        }
        Rule::Count { components, at_least, at_most } => {
            let mut sorted = components.clone();
            sorted.sort_unstable();
            if sorted.is_empty() || sorted.windows(2).any(|pair| pair[0] == pair[1]) {
                return Err(FileError::said(path, "the list of components is empty, or names one twice"));
            }
            (sorted, vec![(*at_least, 0), (at_most.unwrap_or(0), 0)])
        }
        Rule::Requires { component, needs, of, gives } => (vec![*component, *of], vec![(*needs, 0), (*gives, 0)]),
        Rule::OneFor { component, of, number } => (vec![*component, *of], vec![(*number, 1)]),
    };
    let count = packing.components.len();
    if let Some(c) = components.into_iter().find(|&c| c >= count) {
        return Err(FileError::said(path, format!("there is no component {c}: there are {count}, numbered from 0")));
    }
    amounts.into_iter().try_for_each(|(value, least)| amount(path, value, least))
}
