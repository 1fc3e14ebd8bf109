//! A decision as JSON: what the autopilot's journal and the API show.

use super::{Check, Decision};
use crate::units::Money;
use schemars::JsonSchema;
use serde::Serialize;

/// A decision with every rule. Money is a decimal string in US dollars; `null` is a figure that is not known, which breaks
/// its rule.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DecisionFile {
    /// `stay`, `observe`, `ask` or `move`.
    pub verdict: String,
    /// All rules; of a plan without steps only the first.
    pub rules: Vec<RuleFile>,
}

/// A rule with its figure.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RuleFile {
    /// Whether it is kept.
    pub holds: bool,
    /// Which, with what is, and what it is held against.
    #[serde(flatten)]
    pub rule: Rule,
}

/// Rules by name.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Rule {
    /// Something better exists at all.
    Better,
    /// What is saved a month.
    Saving {
        /// Dollars.
        usd_month: Option<String>,
        /// At least.
        min: String,
    },
    /// What share of the bill is saved.
    Share {
        /// Millionths.
        ppm: Option<i64>,
        /// At least.
        min: i64,
    },
    /// When the move has paid for itself.
    Payback {
        /// Hours.
        hours: Option<i64>,
        /// At most.
        max: i64,
    },
    /// Share of the bill saved for the share of the application disturbed.
    Disturbance {
        /// Thousandths.
        milli: Option<i64>,
        /// At least.
        min: i64,
    },
    /// Components that moved too recently.
    CoolDown {
        /// Who.
        waiting: Vec<Resting>,
    },
    /// How many moves there would have been.
    Pace {
        /// With this plan's.
        moves: u64,
        /// At most.
        max: u32,
        /// In so many days.
        days: u32,
    },
    /// Whether moves may begin at this time.
    Window {
        /// Seconds to wait.
        opens_in_s: i64,
    },
    /// Components that never move and would have to.
    Never {
        /// Who.
        components: Vec<String>,
    },
    /// How old the prices are.
    PriceAge {
        /// Hours.
        hours: Option<i64>,
        /// At most.
        max: i64,
    },
    /// What past moves have lost.
    StopLoss {
        /// Dollars; negative when they have gained.
        lost_usd: String,
        /// At most.
        max: String,
    },
}

/// A component that moved too recently.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Resting {
    /// Its name.
    pub component: String,
    /// From when on it may move again, in seconds since 1970.
    pub until: i64,
}

impl From<&Decision> for DecisionFile {
    fn from(decision: &Decision) -> Self {
        let rules = decision.checks.iter().map(|check| RuleFile { holds: check.holds(), rule: Rule::from(check) });
        Self { verdict: decision.verdict.as_str().to_owned(), rules: rules.collect() }
    }
}

impl From<&Check> for Rule {
    fn from(check: &Check) -> Self {
        match check {
            Check::Better { .. } => Self::Better,
            Check::Saving { is, min } => Self::Saving { usd_month: is.map(Money::to_decimal), min: min.to_decimal() },
            Check::Share { ppm, min_ppm } => Self::Share { ppm: *ppm, min: *min_ppm },
            Check::Payback { hours, max } => Self::Payback { hours: *hours, max: *max },
            Check::Disturbance { milli, min_milli } => Self::Disturbance { milli: *milli, min: *min_milli },
            Check::CoolDown { waiting } => {
                let resting =
                    |(component, until): &(String, i64)| Resting { component: component.clone(), until: *until };
                Self::CoolDown { waiting: waiting.iter().map(resting).collect() }
            }
            Check::Pace { moves, max, days } => Self::Pace { moves: *moves, max: *max, days: *days },
            Check::Window { opens_in } => Self::Window { opens_in_s: *opens_in },
            Check::Never { components } => Self::Never { components: components.clone() },
            Check::PriceAge { hours, max } => Self::PriceAge { hours: *hours, max: *max },
            Check::StopLoss { lost, max } => Self::StopLoss { lost_usd: lost.to_decimal(), max: max.to_decimal() },
        }
    }
}
