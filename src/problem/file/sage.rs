//! The files of the SAGE deployment benchmarks: an application and a list of offers, read into a [`Packing`].
//!
//! Only what these benchmarks decide by is used: processors, memory (MB) and storage (GB) of a component and of an
//! offer, the offer's price, and the restrictions. What else the files say (keywords, networks, preferences, a budget that no
//! published model uses) is ignored. A restriction of an unknown type is refused.

use super::packing::{MACHINES_DEFAULT, check};
use super::{FileError, parse_as, shown};
use crate::problem::packing::{Component, Offer, Packing, Rule};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
struct Application {
    #[serde(default, rename = "application")]
    name: String,
    components: Vec<ComponentRow>,
    #[serde(default)]
    restrictions: Vec<Restriction>,
}

#[derive(Debug, Deserialize)]
struct ComponentRow {
    id: i64,
    name: String,
    #[serde(rename = "Compute")]
    compute: Compute,
    #[serde(rename = "Storage")]
    storage: Storage,
}

#[derive(Debug, Deserialize)]
struct Compute {
    #[serde(rename = "CPU")]
    cpu: i64,
    #[serde(rename = "Memory")]
    memory: i64,
}

#[derive(Debug, Deserialize)]
struct Storage {
    #[serde(rename = "StorageSize")]
    size: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Restriction {
    #[serde(rename = "type")]
    kind: String,
    alpha_comp_id: Option<i64>,
    beta_comp_id: Option<i64>,
    #[serde(default)]
    comps_id_list: Vec<i64>,
    bound: Option<i64>,
    alpha_comp_id_instances: Option<i64>,
    beta_comp_id_instances: Option<i64>,
    number: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct OfferRow {
    cpu: i64,
    memory: i64,
    storage: i64,
    price: i64,
}

/// Reads an application with its offers, which the benchmark keeps in two files.
///
/// # Errors
/// [`FileError`], whose path begins with `offers` when the second document is at fault.
pub fn read(application: &[u8], offers: &[u8]) -> Result<Packing, FileError> {
    let file: Application = parse_as(application)?;
    let in_offers = |mut error: FileError| {
        error.path = if error.path.is_empty() { "offers".into() } else { format!("offers.{}", error.path) };
        error
    };
    let rows: BTreeMap<String, OfferRow> = parse_as(offers).map_err(in_offers)?;
    let mut ordinals = BTreeMap::new();
    for (ordinal, component) in file.components.iter().enumerate() {
        if ordinals.insert(component.id, ordinal).is_some() {
            return Err(FileError::said(format!("components[{ordinal}].id"), "another component has this id"));
        }
    }
    let rule = |(r, restriction): (usize, &Restriction)| restriction.rule(&ordinals, &format!("restrictions[{r}]"));
    let rules = file.restrictions.iter().enumerate().map(rule).collect::<Result<_, _>>()?;
    let component = |row: ComponentRow| Component {
        name: row.name,
        needs: vec![row.compute.cpu, row.compute.memory, row.storage.size],
    };
    let offer = |(name, row): (String, OfferRow)| Offer {
        name,
        capacity: vec![row.cpu, row.memory, row.storage],
        price: row.price,
    };
    let packing = Packing {
        name: file.name,
        resources: ["cpu", "memory_mb", "storage_gb"].map(String::from).to_vec(),
        components: file.components.into_iter().map(component).collect(),
        offers: rows.into_iter().map(offer).collect(),
        rules,
        machines_max: MACHINES_DEFAULT,
    };
    check(&packing, "restrictions")?;
    Ok(packing)
}

impl Restriction {
    fn rule(&self, ordinals: &BTreeMap<i64, usize>, path: &str) -> Result<Rule, FileError> {
        let missing = |member: &str| FileError::said(path, format!("`{member}` is missing"));
        let find = |id: i64| {
            ordinals
                .get(&id)
                .copied()
                .ok_or_else(|| FileError::said(path, format!("there is no component with id {id}")))
        };
        let alpha = || find(self.alpha_comp_id.ok_or_else(|| missing("alphaCompId"))?);
        let beta = || find(self.beta_comp_id.ok_or_else(|| missing("betaCompId"))?);
        let list = || self.comps_id_list.iter().map(|&id| find(id)).collect::<Result<Vec<_>, _>>();
        let bound = || self.bound.ok_or_else(|| missing("bound"));
        let need = |value: Option<i64>, member: &str| value.ok_or_else(|| missing(member));
        Ok(match self.kind.as_str() {
            "Conflicts" => Rule::Conflict { component: alpha()?, with: list()? },
            "FullDeployment" => Rule::Everywhere { component: alpha()?, except: list()? },
            "OneToOneDependency" => Rule::Together { a: alpha()?, b: beta()? },
            "LowerBound" => Rule::Count { components: list()?, at_least: bound()?, at_most: None },
            "UpperBound" => Rule::Count { components: list()?, at_least: 0, at_most: Some(bound()?) },
            "EqualBound" => Rule::Count { components: list()?, at_least: bound()?, at_most: Some(bound()?) },
            "RequireProvideDependency" => Rule::Requires {
                component: alpha()?,
                needs: need(self.alpha_comp_id_instances, "alphaCompIdInstances")?,
                of: beta()?,
                gives: need(self.beta_comp_id_instances, "betaCompIdInstances")?,
            },
            "OneToManyDependency" => {
                Rule::OneFor { component: alpha()?, of: beta()?, number: need(self.number, "number")? }
            }
            "AlternativeComponents" => Rule::Either { a: alpha()?, b: beta()? },
            other => {
                return Err(FileError::said(
                    format!("{path}.type"),
                    format!("`{}` is not a known type of restriction", shown(other)),
                ));
            }
        })
    }
}
