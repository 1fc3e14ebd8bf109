//! The canonical, versioned form of a fleet's summary: what `placer fleet recommend --format json` prints.
//!
//! Money is an exact decimal string in US dollars, as in [`super::wire`]. Rows are in the order of their file names;
//! totals add up the rows to the nano-dollar. Everything that is shown is made from this form.

use super::wire::{Action, PriceBook};
use super::{Answer, Brief, Decision};
use crate::units::Money;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Version of this form. It changes only when a name that scripts rely on changes its meaning or goes away.
pub const VERSION: u32 = 1;

/// What became of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Placed, and proven: nothing better exists in this price book.
    Optimal,
    /// Placed; nothing better than `gap_pct` below it exists.
    Feasible,
    /// Proven: no placement satisfies the requirements.
    Infeasible,
    /// The file cannot be read, or is not a valid application.
    Invalid,
    /// No answer within the limits, or a fault of this program.
    Failed,
}

impl Status {
    /// Every status, best first.
    pub const ALL: [Self; 5] = [Self::Optimal, Self::Feasible, Self::Infeasible, Self::Invalid, Self::Failed];

    /// The word used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Optimal => "optimal",
            Self::Feasible => "feasible",
            Self::Infeasible => "infeasible",
            Self::Invalid => "invalid",
            Self::Failed => "failed",
        }
    }
}

/// One application of a fleet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// Its file, relative to the fleet's folder, with `/`.
    pub file: String,
    /// Its name; absent when the file could not be read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub app: Option<String>,
    /// What became of it.
    pub status: Status,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub decision: Option<Action>,
    /// The recommended bill.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub total_usd_month: Option<String>,
    /// What today's placement costs, when one is stated and can be priced.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub today_usd_month: Option<String>,
    /// Today's bill less the recommended one; below 0 when today's placement breaks a requirement that costs money.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub saving_usd_month: Option<String>,
    /// For `feasible`: distance of the objective to its proven lower bound, in percent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gap_pct: Option<f64>,
    /// Why there is no placement.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// How many, and how much together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// Applications.
    pub apps: usize,
    /// With a proven placement.
    pub optimal: usize,
    /// With a placement that is not proven to be the best.
    pub feasible: usize,
    /// Proven to have none.
    pub infeasible: usize,
    /// With a file that is not a valid application.
    pub invalid: usize,
    /// Without an answer.
    pub failed: usize,
    /// To keep as they are.
    pub stay: usize,
    /// To move.
    pub moves: usize,
    /// Without a placement of today.
    pub new: usize,
    /// All recommended bills.
    pub total_usd_month: String,
    /// All bills of today that are known.
    pub today_usd_month: String,
    /// All savings, over the applications whose bill of today is known.
    pub saving_usd_month: String,
}

/// The summary of a fleet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "placer fleet")]
pub struct Fleet {
    /// [`VERSION`].
    pub version: u32,
    /// The price book.
    pub price_book: PriceBook,
    /// Sums.
    pub totals: Totals,
    /// Every application, or with `--summary` only those without a placement.
    pub apps: Vec<Row>,
}

impl Row {
    /// The row of an application with an answer.
    #[must_use]
    pub fn answered(file: String, app: String, brief: &Brief) -> Self {
        let row = Self { app: Some(app), ..Self::failed(file, Status::Infeasible, String::new()) };
        match brief {
            Brief::Infeasible(reason) => Self { reason: Some(reason.clone()), ..row },
            Brief::Placed(answer) => Self::placed(row, answer),
        }
    }

    fn placed(row: Self, answer: &Answer) -> Self {
        Self {
            status: if answer.optimal { Status::Optimal } else { Status::Feasible },
            decision: Some(match answer.decision {
                Decision::Stay => Action::Stay,
                Decision::Move => Action::Move,
                Decision::New => Action::New,
            }),
            total_usd_month: Some(answer.total.to_decimal()),
            today_usd_month: answer.today.map(Money::to_decimal),
            saving_usd_month: answer.today.map(|today| (today - answer.total).to_decimal()),
            gap_pct: (!answer.optimal)
                .then(|| super::fill::percent(answer.objective - answer.lower_bound, answer.objective)),
            reason: None,
            ..row
        }
    }

    /// The row of an application without an answer.
    #[must_use]
    pub fn failed(file: String, status: Status, reason: String) -> Self {
        Self {
            file,
            app: None,
            status,
            decision: None,
            total_usd_month: None,
            today_usd_month: None,
            saving_usd_month: None,
            gap_pct: None,
            reason: Some(reason),
        }
    }
}

impl Totals {
    /// Adds up rows.
    #[must_use]
    pub fn of(rows: &[Row]) -> Self {
        let status = |status: Status| rows.iter().filter(|row| row.status == status).count();
        let decided = |action: Action| rows.iter().filter(|row| row.decision == Some(action)).count();
        // What a row says is an exact decimal that this program wrote.
        let sum = |of: fn(&Row) -> Option<&String>| {
            let amounts = rows.iter().filter_map(|row| Money::parse(of(row)?).ok());
            amounts.sum::<Money>().to_decimal()
        };
        Self {
            apps: rows.len(),
            optimal: status(Status::Optimal),
            feasible: status(Status::Feasible),
            infeasible: status(Status::Infeasible),
            invalid: status(Status::Invalid),
            failed: status(Status::Failed),
            stay: decided(Action::Stay),
            moves: decided(Action::Move),
            new: decided(Action::New),
            total_usd_month: sum(|row| row.total_usd_month.as_ref()),
            today_usd_month: sum(|row| row.today_usd_month.as_ref()),
            saving_usd_month: sum(|row| row.saving_usd_month.as_ref()),
        }
    }
}
