//! What a source says, in the provider's own terms, before anything of it is believed.
//!
//! An [`Observation`] is one row of a publication: a price, a specification, a region. It keeps the amount as the text
//! that was published, its currency and the unit in the publication's own words. The gate (`collect::gate`) turns it
//! into what the price book holds, or refuses it with a reason; nothing here is trusted.
//!
//! How the facts map onto the files of the price book (`catalog::header`):
//!
//! | fact | file of the book |
//! |---|---|
//! | [`Fact::Region`] | `regions.csv` (only new regions; known ones keep their row) |
//! | [`Fact::Shape`] | `shapes/<provider>.csv` |
//! | [`Fact::IncludedTraffic`] | `included_gb` of `compute/<provider>.csv` |
//! | [`Priced::Compute`], [`Priced::MonthCap`] | a price column, `month_cap` of `compute/<provider>.csv` |
//! | [`Priced::Managed`], [`Priced::ManagedMonthCap`], [`Priced::ManagedStorage`] | `managed/<provider>.csv` |
//! | [`Priced::Tariff`] | `tariffs.csv` |
//! | [`Priced::Egress`] | `egress.csv` |
//! | [`Priced::Transfer`] | `transfers.csv` |

use super::source::shorten;
use crate::catalog::{CpuKind, Item, ManagedKind};
use crate::units::{Arch, Purchase, Quality, Quantity};

/// One row of a publication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Where it holds.
    pub place: Place,
    /// What it says.
    pub fact: Fact,
    /// Whether the figure stands in the publication as it is here, or was composed from figures there.
    pub quality: Quality,
    /// For derived figures: by which rule, in a few words (`core rate x vCPU + memory rate x GiB`). Else empty.
    pub rule: &'static str,
    /// The day from which the publication says it holds, as `2026-07-30`; `None` when it does not say.
    pub effective: Option<String>,
    /// What stood there, shortened to a line: shown when the row is refused. Never holds credentials.
    pub raw: String,
}

impl Observation {
    /// A listed figure.
    #[must_use]
    pub fn listed(place: Place, fact: Fact, raw: impl Into<String>) -> Self {
        Self { place, fact, quality: Quality::Listed, rule: "", effective: None, raw: shorten(&raw.into()) }
    }

    /// A figure composed from listed ones by a rule.
    #[must_use]
    pub fn derived(place: Place, fact: Fact, rule: &'static str, raw: impl Into<String>) -> Self {
        Self { place, fact, quality: Quality::Derived, rule, effective: None, raw: shorten(&raw.into()) }
    }
}

/// Where an observation holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// At one region of the provider, by the code that the price book uses for it.
    Region(String),
    /// At every region of the provider. A tariff, a ladder or a transfer rule is set at each of them; a price of a
    /// machine or managed tier changes it wherever the book sells it already, and adds it nowhere, because the
    /// publication does not say where it is sold.
    Everywhere,
}

impl Place {
    /// A region by code.
    #[must_use]
    pub fn region(code: impl Into<String>) -> Self {
        Self::Region(code.into())
    }
}

/// What an observation says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A region exists, and lies there. [`Observation::place`] names it.
    Region(Box<RegionFact>),
    /// A machine type is made so. The place is not looked at: a shape is the same everywhere.
    Shape(Box<ShapeFact>),
    /// So much internet traffic is included per server of this shape and month.
    IncludedTraffic {
        /// The provider's name of the machine type.
        shape: String,
        /// GB per month, as the provider counts them.
        gb: Quantity,
    },
    /// Something costs this much.
    Price(Priced, Amount),
}

/// Where a region lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionFact {
    /// City or area.
    pub city: String,
    /// ISO 3166-1 alpha-2 country code, upper case.
    pub country: String,
    /// Degrees north, as published decimal text.
    pub lat: String,
    /// Degrees east, as published decimal text.
    pub lon: String,
    /// Number of separate failure domains, when the provider says.
    pub zones: Option<u8>,
}

/// How a machine type is made. All of it has to be known: a shape with a guessed part is refused by not being made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeFact {
    /// The provider's name for it, as in the book.
    pub name: String,
    /// Processor architecture.
    pub arch: Arch,
    /// Thousandths of a vCPU.
    pub vcpu_milli: u32,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// Dedicated, shared or burstable processor time.
    pub cpu_kind: CpuKind,
    /// Thousandths of an accelerator.
    pub gpu_milli: u32,
    /// Accelerator model in the book's words (`nvidia-l4`); empty without one.
    pub gpu_model: String,
    /// Local disk included in the price, in GB; `None` when bought separately or unknown.
    pub disk_included_gb: Option<u32>,
}

/// What has a price.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priced {
    /// A machine by time: on-demand, spot or committed (commitments as the effective hourly price, upfront included).
    Compute {
        /// Machine type, by the provider's name.
        shape: String,
        /// How it is bought.
        purchase: Purchase,
    },
    /// What a month of an on-demand machine costs at most.
    MonthCap {
        /// Machine type, by the provider's name.
        shape: String,
    },
    /// A managed service in one form, all its nodes together, by hour or month.
    Managed {
        /// Which tier of which product.
        tier: ManagedTier,
        /// Thousandths of a vCPU per node; 0 when the provider does not say.
        vcpu_milli: u32,
        /// Memory per node in MiB.
        memory_mib: u32,
        /// Storage included in the price, in GB.
        storage_included_gb: Quantity,
    },
    /// What a month of a managed tier costs at most.
    ManagedMonthCap(ManagedTier),
    /// Storage of a managed tier per GB-month, in this form. An empty tier name means: of every tier of the product.
    ManagedStorage(ManagedTier),
    /// One step of a price rule that is not an offer.
    Tariff {
        /// For what.
        item: Item,
        /// The provider's product, as in the book: `ALB`, `gp3`.
        product: String,
        /// Lower end of the step per month, in the book's unit of the item. The first step of an item starts at 0.
        from: Quantity,
    },
    /// One step of internet egress.
    Egress {
        /// ISO country code of the destination, or `*`.
        to: String,
        /// GB per account and month that are free before the first step begins.
        included_gb: Quantity,
        /// Lower end of the step in GB per month, counted after what is included. The first starts at 0.
        from: Quantity,
    },
    /// Traffic that stays with the provider, per GB.
    Transfer(TransferTarget),
}

/// A managed service in one form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ManagedTier {
    /// What it is.
    pub kind: ManagedKind,
    /// Product, as in the book: `RDS PostgreSQL`.
    pub product: String,
    /// Tier: `db.m7g.large`.
    pub tier: String,
    /// Whether it survives the loss of a zone (or, at one-zone providers, of a node).
    pub multi_zone: bool,
}

/// Where traffic inside a provider goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransferTarget {
    /// To another zone of the same region, both sides together.
    OtherZone,
    /// To one region of the same provider, by code.
    Region(String),
    /// To any other region of the provider.
    AnyRegion,
}

/// A price as it was published, without VAT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// Exact decimal text, as published (`0.1207000000`, `5e-05`), or computed exactly by the rule of the observation.
    pub value: String,
    /// ISO 4217 code, upper case.
    pub currency: String,
    /// The unit in the words of the publication (`Hrs`, `1 GB/Month`): looked up in [`super::source::Source::units`].
    pub unit: String,
    /// The publication itself says that this is free. Without it a zero is a placeholder and refused.
    pub stated_free: bool,
}

impl Amount {
    /// A price in some currency and unit.
    #[must_use]
    pub fn new(value: impl Into<String>, currency: impl Into<String>, unit: impl Into<String>) -> Self {
        Self { value: value.into(), currency: currency.into(), unit: unit.into(), stated_free: false }
    }

    /// A price in US dollars.
    #[must_use]
    pub fn usd(value: impl Into<String>, unit: impl Into<String>) -> Self {
        Self::new(value, "USD", unit)
    }
}
