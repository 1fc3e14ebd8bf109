//! What an accepted figure is about, and what it says: the form in which figures are compared, kept and sealed.

use crate::catalog::{Item, ManagedKind, Unit};
use crate::collect::observation::{ManagedTier, RegionFact, ShapeFact, TransferTarget};
use crate::units::{Money, Purchase, Quantity};
use std::fmt;

/// What a figure is about. Two figures with the same key cannot both be right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The provider's name in the book.
    pub provider: String,
    /// The region's code; empty for shapes, which are the same everywhere.
    pub region: String,
    /// What of it.
    pub thing: Thing,
}

/// What of a provider and region a figure is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    /// The region itself.
    Region,
    /// A machine type.
    Shape(String),
    /// Traffic included per server.
    IncludedTraffic(String),
    /// The hourly price of a machine.
    Compute(String, Purchase),
    /// The most that a month of a machine costs.
    MonthCap(String),
    /// The price of a managed tier.
    Managed(ManagedTier),
    /// The most that a month of a managed tier costs.
    ManagedMonthCap(ManagedTier),
    /// Storage of a managed tier.
    ManagedStorage(ManagedTier),
    /// All steps of a price rule for one product.
    Tariff(Item, String),
    /// All steps of internet egress to a country or `*`.
    Egress(String),
    /// A transfer rule.
    Transfer(TransferTarget),
}

/// Between the words of a key's text. No name may hold it.
const BAR: char = '|';

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}|", self.provider, self.region)?;
        let tier = |t: &ManagedTier| {
            let form = if t.multi_zone { "multi_zone" } else { "single" };
            format!("{}|{}|{}|{form}", t.kind.as_str(), t.product, t.tier)
        };
        match &self.thing {
            Thing::Region => f.write_str("region"),
            Thing::Shape(name) => write!(f, "shape|{name}"),
            Thing::IncludedTraffic(shape) => write!(f, "included_gb|{shape}"),
            Thing::Compute(shape, purchase) => write!(f, "compute|{shape}|{purchase}"),
            Thing::MonthCap(shape) => write!(f, "month_cap|{shape}"),
            Thing::Managed(t) => write!(f, "managed|{}", tier(t)),
            Thing::ManagedMonthCap(t) => write!(f, "managed_month_cap|{}", tier(t)),
            Thing::ManagedStorage(t) => write!(f, "managed_storage|{}", tier(t)),
            Thing::Tariff(item, product) => write!(f, "tariff|{}|{product}", item.as_str()),
            Thing::Egress(to) => write!(f, "egress|{to}"),
            Thing::Transfer(TransferTarget::OtherZone) => f.write_str("transfer|zone"),
            Thing::Transfer(TransferTarget::AnyRegion) => f.write_str("transfer|any"),
            Thing::Transfer(TransferTarget::Region(code)) => write!(f, "transfer|region|{code}"),
        }
    }
}

impl Key {
    /// Reads the text form back; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split(BAR).collect();
        let (&provider, rest) = words.split_first()?;
        let (&region, rest) = rest.split_first()?;
        let tier = |words: &[&str]| -> Option<ManagedTier> {
            let &[kind, product, tier, form] = words else { return None };
            let multi_zone = match form {
                "multi_zone" => true,
                "single" => false,
                _ => return None,
            };
            Some(ManagedTier {
                kind: ManagedKind::parse(kind)?,
                product: product.into(),
                tier: tier.into(),
                multi_zone,
            })
        };
        let thing = match *rest {
            ["region"] => Thing::Region,
            ["shape", name] => Thing::Shape(name.into()),
            ["included_gb", shape] => Thing::IncludedTraffic(shape.into()),
            ["compute", shape, purchase] => {
                Thing::Compute(shape.into(), Purchase::ALL.into_iter().find(|p| p.as_str() == purchase)?)
            }
            ["month_cap", shape] => Thing::MonthCap(shape.into()),
            ["managed", ..] => Thing::Managed(tier(&rest[1..])?),
            ["managed_month_cap", ..] => Thing::ManagedMonthCap(tier(&rest[1..])?),
            ["managed_storage", ..] => Thing::ManagedStorage(tier(&rest[1..])?),
            ["tariff", item, product] => Thing::Tariff(Item::parse(item)?, product.into()),
            ["egress", to] => Thing::Egress(to.into()),
            ["transfer", "zone"] => Thing::Transfer(TransferTarget::OtherZone),
            ["transfer", "any"] => Thing::Transfer(TransferTarget::AnyRegion),
            ["transfer", "region", code] => Thing::Transfer(TransferTarget::Region(code.into())),
            _ => return None,
        };
        Some(Self { provider: provider.into(), region: region.into(), thing })
    }
}

/// Why a name cannot stand in a key or in the book; `None` when it can.
#[must_use]
pub fn bad_name(name: &str) -> Option<&'static str> {
    const BYTES_MAX: usize = 120;
    if name.is_empty() {
        return Some("a name is empty");
    }
    if name.len() > BYTES_MAX {
        return Some("a name is longer than 120 bytes");
    }
    let bad = |c: char| c == BAR || c == ',' || c == '"' || c.is_control() || ('\u{200b}'..='\u{206f}').contains(&c);
    if name.trim() != name || name.chars().any(bad) {
        return Some("a name holds a comma, a bar, a quote, an outer space or an invisible character");
    }
    None
}

/// What an accepted figure says, in the book's units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Where a region lies, and on which continent.
    Region(RegionFact, String),
    /// How a machine type is made.
    Shape(ShapeFact),
    /// An amount that is no price: GB of included traffic.
    Amount(Quantity),
    /// A price per unit.
    Price(Money, Unit),
    /// A managed tier.
    Managed {
        /// Dollars per unit.
        usd: Money,
        /// Hour or month.
        unit: Unit,
        /// Thousandths of a vCPU per node.
        vcpu_milli: u32,
        /// MiB per node.
        memory_mib: u32,
        /// GB of storage in the price.
        storage_included_gb: Quantity,
    },
    /// Steps, ascending, the first from 0.
    Steps {
        /// What one unit is.
        unit: Unit,
        /// GB free before the first step (egress only).
        included_gb: Quantity,
        /// Lower end and price.
        steps: Vec<(Quantity, Money)>,
    },
}

impl Value {
    /// The price that outliers are told by and that histories show: the price, or the dearest step.
    #[must_use]
    pub fn usd(&self) -> Option<Money> {
        match self {
            Self::Region(..) | Self::Shape(_) | Self::Amount(_) => None,
            Self::Price(usd, _) | Self::Managed { usd, .. } => Some(*usd),
            Self::Steps { steps, .. } => steps.iter().map(|(_, usd)| *usd).max(),
        }
    }

    /// The unit of that price.
    #[must_use]
    pub fn unit(&self) -> Option<Unit> {
        match self {
            Self::Region(..) | Self::Shape(_) | Self::Amount(_) => None,
            Self::Price(_, unit) | Self::Managed { unit, .. } | Self::Steps { unit, .. } => Some(*unit),
        }
    }
}
