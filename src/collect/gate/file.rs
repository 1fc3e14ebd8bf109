//! The form in which values are kept: one JSON object per value, versioned by the word that names its kind.

use super::key::Value;
use crate::catalog::{CpuKind, Unit};
use crate::collect::observation::{RegionFact, ShapeFact};
use crate::units::{Arch, Money, Quantity};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(tag = "v1", rename_all = "snake_case", deny_unknown_fields)]
enum Form {
    Region {
        city: String,
        country: String,
        continent: String,
        lat: String,
        lon: String,
        zones: Option<u8>,
    },
    Shape {
        name: String,
        arch: Arch,
        vcpu_milli: u32,
        memory_mib: u32,
        cpu_kind: String,
        gpu_milli: u32,
        gpu_model: String,
        disk_gb: Option<u32>,
    },
    Amount {
        micros: i64,
    },
    Price {
        nanos: i64,
        unit: String,
    },
    Managed {
        nanos: i64,
        unit: String,
        vcpu_milli: u32,
        memory_mib: u32,
        storage_micros: i64,
    },
    Steps {
        unit: String,
        included_micros: i64,
        /// Lower end in millionths, nano-dollars.
        steps: Vec<(i64, i64)>,
    },
}

impl Value {
    /// The kept form.
    #[must_use]
    pub fn to_json(&self) -> String {
        let unit = |unit: &Unit| unit.as_str().to_owned();
        let form = match self.clone() {
            Self::Region(RegionFact { city, country, lat, lon, zones }, continent) => {
                Form::Region { city, country, continent, lat, lon, zones }
            }
            Self::Shape(shape) => Form::Shape {
                name: shape.name,
                arch: shape.arch,
                vcpu_milli: shape.vcpu_milli,
                memory_mib: shape.memory_mib,
                cpu_kind: shape.cpu_kind.as_str().to_owned(),
                gpu_milli: shape.gpu_milli,
                gpu_model: shape.gpu_model,
                disk_gb: shape.disk_included_gb,
            },
            Self::Amount(quantity) => Form::Amount { micros: quantity.micros() },
            Self::Price(usd, per) => Form::Price { nanos: usd.nanos(), unit: unit(&per) },
            Self::Managed { usd, unit: per, vcpu_milli, memory_mib, storage_included_gb } => Form::Managed {
                nanos: usd.nanos(),
                unit: unit(&per),
                vcpu_milli,
                memory_mib,
                storage_micros: storage_included_gb.micros(),
            },
            Self::Steps { unit: per, included_gb, steps } => Form::Steps {
                unit: unit(&per),
                included_micros: included_gb.micros(),
                steps: steps.iter().map(|(from, usd)| (from.micros(), usd.nanos())).collect(),
            },
        };
        serde_json::to_string(&form).unwrap_or_default()
    }

    /// Reads the kept form; `None` for anything else.
    #[must_use]
    pub fn from_json(text: &str) -> Option<Self> {
        Some(match serde_json::from_str::<Form>(text).ok()? {
            Form::Region { city, country, continent, lat, lon, zones } => {
                Self::Region(RegionFact { city, country, lat, lon, zones }, continent)
            }
            Form::Shape { name, arch, vcpu_milli, memory_mib, cpu_kind, gpu_milli, gpu_model, disk_gb } => {
                let cpu_kind = CpuKind::parse(&cpu_kind)?;
                let disk_included_gb = disk_gb;
                Self::Shape(ShapeFact {
                    name,
                    arch,
                    vcpu_milli,
                    memory_mib,
                    cpu_kind,
                    gpu_milli,
                    gpu_model,
                    disk_included_gb,
                })
            }
            Form::Amount { micros } => Self::Amount(Quantity::from_micros(micros)),
            Form::Price { nanos, unit } => Self::Price(Money::from_nanos(nanos), Unit::parse(&unit)?),
            Form::Managed { nanos, unit, vcpu_milli, memory_mib, storage_micros } => Self::Managed {
                usd: Money::from_nanos(nanos),
                unit: Unit::parse(&unit)?,
                vcpu_milli,
                memory_mib,
                storage_included_gb: Quantity::from_micros(storage_micros),
            },
            Form::Steps { unit, included_micros, steps } => {
                let step = |(from, nanos)| (Quantity::from_micros(from), Money::from_nanos(nanos));
                Self::Steps {
                    unit: Unit::parse(&unit)?,
                    included_gb: Quantity::from_micros(included_micros),
                    steps: steps.into_iter().map(step).collect(),
                }
            }
        })
    }
}
