//! The form of `policies/*.toml`, version 1, and its JSON Schema.

use super::{Approval, Moves, Policy, Window};
use crate::app::file::{FilterFile, KindWord};
use crate::app::form::Form;
use crate::app::number::{Number, Range};
use crate::app::schema::{resolved, schema_of};
use crate::app::source::{Point, Says, Source};
use crate::app::{Code, Faults, Filter, Kind};
use crate::units::{Money, Purchase, Quality};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::LazyLock;

/// Most bytes of a policy.
pub const FILE_BYTES_MAX: u64 = 1 << 20;

/// Policies that come with placer, by name.
pub const BUILT_IN: [(&str, &str); 3] = [
    ("conservative", include_str!("../../policies/conservative.toml")),
    ("balanced", include_str!("../../policies/balanced.toml")),
    ("aggressive", include_str!("../../policies/aggressive.toml")),
];

/// The text of a policy that comes with placer.
#[must_use]
pub fn built_in(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

macro_rules! range {
    ($($(#[$doc:meta])* $name:ident: $min:expr, $max:expr, $digits:expr;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {}
        impl Range for $name {
            const MIN: i64 = $min;
            const MAX: i64 = $max;
            const DIGITS: u32 = $digits;
        }
    )* };
}

range! {
    /** The version. */ One: 1, i64::MAX, 0;
    /** Dollars. */ Dollars: 0, 1_000_000_000, 9;
    /** Percent. */ Pct: 0, 100, 4;
    /** Hours, up to ten years. */ ManyHours: 0, 87_600, 0;
    /** A ratio. */ Ratio: 0, 1_000, 3;
    /** A count. */ Count: 0, 10_000, 0;
    /** Days. */ Days: 1, 366, 0;
}

/// Rules for placements and moves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "placer policy", extend("required" = ["version", "name"]))]
pub struct PolicyFile {
    /// Version of this format; 1.
    #[schemars(extend("const" = 1))]
    pub version: Option<Number<One>>,
    /// Name, for people.
    #[schemars(length(min = 1, max = 63))]
    pub name: Option<String>,
    /// Who decides about moves; default: `observe`.
    pub approval: Option<ApprovalWord>,
    /// What may be used at all, on top of what an application says.
    pub allow: Option<AllowFile>,
    /// When a move is worth it.
    #[serde(rename = "move")]
    pub moves: Option<MoveFile>,
    /// When moves may begin, in UTC; without one, always.
    #[schemars(length(max = 50))]
    pub window: Option<Vec<WindowFile>>,
}

/// Who decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalWord {
    /// Nothing is done; what would be is said.
    Observe,
    /// A person approves each move.
    Ask,
    /// Moves that the rules let pass are carried out.
    Auto,
}

/// What may be used at all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AllowFile {
    /// Providers.
    pub providers: Option<FilterFile>,
    /// Purchase options; default: all.
    #[schemars(length(min = 1, max = 4))]
    pub purchase: Option<Vec<Purchase>>,
    /// The worst quality of a price that may be acted on; default: `estimated`.
    pub worst_quality: Option<QualityWord>,
}

/// How good a price is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QualityWord {
    /// Published for exactly this.
    Listed,
    /// Composed from listed prices by a stated rule.
    Derived,
    /// Carried over from another region.
    Estimated,
}

/// When a move is worth it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MoveFile {
    /// A move saves so much a month; default: 10.
    pub saving_usd_month_min: Option<Number<Dollars>>,
    /// And so many percent of the bill; default: 2.
    pub saving_pct_min: Option<Number<Pct>>,
    /// And has paid for itself within so many hours; default: 720.
    pub payback_hours_max: Option<Number<ManyHours>>,
    /// And saves so large a share of the bill for the share of the application that it disturbs (a store counts three
    /// times); default: 0.1.
    pub saving_per_disruption_min: Option<Number<Ratio>>,
    /// A component that moved stays for so many hours; default: 72.
    pub cool_down_hours: Option<Number<ManyHours>>,
    /// So many components move; default: 4.
    pub moves_max: Option<Number<Count>>,
    /// In so many days; default: 7.
    pub moves_days: Option<Number<Days>>,
    /// Names of components that never move.
    #[schemars(length(max = 500))]
    pub never: Option<Vec<String>>,
    /// Kinds that never move, like `postgres`.
    #[schemars(length(max = 10))]
    pub never_kinds: Option<Vec<KindWord>>,
    /// Prices older than so many hours are not acted on; default: 48.
    pub price_age_hours_max: Option<Number<ManyHours>>,
    /// A lower price counts for what could be bought when it has stood for so many hours; until then the dearest price of
    /// that time does. Default: 72.
    pub price_stands_hours_min: Option<Number<ManyHours>>,
    /// When the moves of the last 30 days have cost so much more than they have saved, nothing moves; default: 200.
    pub stop_loss_usd: Option<Number<Dollars>>,
}

/// A time of the week.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["from", "to"]))]
pub struct WindowFile {
    /// Days on which it begins; default: every day.
    #[schemars(length(min = 1, max = 7))]
    pub days: Option<Vec<DayWord>>,
    /// When it begins, like `22:00`, in UTC.
    pub from: Option<String>,
    /// When it ends, like `04:00`: on the next day, when that is not after `from`.
    pub to: Option<String>,
}

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DayWord {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema_of::<PolicyFile>);
static SHAPE: LazyLock<Value> = LazyLock::new(|| resolved(&SCHEMA));

/// The JSON Schema (draft 2020-12) of a policy, as text; committed as `schema/policy.schema.json`.
#[must_use]
pub fn schema_json() -> String {
    format!("{:#}\n", *SCHEMA)
}

/// Reads a policy. `file` is the name that faults carry; `providers` are the names that the price book knows.
///
/// # Errors
/// Every fault of the file at once, by position.
pub fn parse(text: impl AsRef<[u8]>, file: &str, providers: &[String]) -> Result<Policy, Faults> {
    let form = Form {
        what: "a policy",
        begin: "begin with `version = 1` and `name = \"…\"`",
        bytes_max: FILE_BYTES_MAX,
        shape: &SHAPE,
    };
    let (parts, mut source): (PolicyFile, _) = form.read(text.as_ref(), file)?;
    let policy = lower(parts, providers, &mut source);
    if source.is_clean() { Ok(policy) } else { Err(source.into_faults()) }
}

fn lower(file: PolicyFile, providers: &[String], source: &mut Source<'_>) -> Policy {
    let allow = file.allow.unwrap_or_default();
    let windows = file.window.unwrap_or_default();
    let windows = windows.into_iter().enumerate().filter_map(|(at, row)| window(at, row, source)).collect();
    let approval = match file.approval {
        None | Some(ApprovalWord::Observe) => Approval::Observe,
        Some(ApprovalWord::Ask) => Approval::Ask,
        Some(ApprovalWord::Auto) => Approval::Auto,
    };
    Policy {
        name: file.name.unwrap_or_default(),
        providers: filter(allow.providers, providers, source),
        purchase: allow.purchase.unwrap_or_else(|| Purchase::ALL.to_vec()),
        worst_quality: match allow.worst_quality {
            Some(QualityWord::Listed) => Quality::Listed,
            Some(QualityWord::Derived) => Quality::Derived,
            None | Some(QualityWord::Estimated) => Quality::Estimated,
        },
        moves: moves(file.moves.unwrap_or_default(), approval, windows),
    }
}

fn filter(file: Option<FilterFile>, known: &[String], source: &mut Source<'_>) -> Filter {
    let file = file.unwrap_or_default();
    let mut list = |key: &str, names: Option<Vec<String>>| {
        let names = names.unwrap_or_default();
        for (at, name) in names.iter().enumerate().filter(|(_, name)| !known.contains(name)) {
            let nearest = source.nearest(name, known.iter().map(String::as_str));
            let says =
                Says::new(Code::UnknownName, format!("unknown provider `{name}`"), "a provider of the price book");
            source.fault(&format!("allow.providers.{key}[{at}]"), Point::Value, Says { nearest, ..says });
        }
        names
    };
    Filter { allow: list("allow", file.allow), deny: list("deny", file.deny) }
}

fn moves(file: MoveFile, approval: Approval, windows: Vec<Window>) -> Moves {
    let default = Moves::default();
    let money = |number: Option<Number<Dollars>>, or: Money| number.map_or(or, |n| Money::from_nanos(n.at_scale(9)));
    let hours = |number: Option<Number<ManyHours>>, or: i64| number.map_or(or, Number::scaled);
    let count = |number: Option<i64>, or: u32| number.and_then(|n| u32::try_from(n).ok()).unwrap_or(or);
    Moves {
        approval,
        saving_min: money(file.saving_usd_month_min, default.saving_min),
        saving_ppm_min: file.saving_pct_min.map_or(default.saving_ppm_min, |pct| pct.at_scale(4)),
        payback_hours_max: hours(file.payback_hours_max, default.payback_hours_max),
        score_milli_min: file.saving_per_disruption_min.map_or(default.score_milli_min, Number::scaled),
        cool_down_hours: hours(file.cool_down_hours, default.cool_down_hours),
        moves_max: count(file.moves_max.map(Number::scaled), default.moves_max),
        moves_days: count(file.moves_days.map(Number::scaled), default.moves_days),
        windows,
        never: file.never.unwrap_or_default(),
        never_kinds: file.never_kinds.unwrap_or_default().into_iter().map(Kind::from).collect(),
        price_age_hours_max: hours(file.price_age_hours_max, default.price_age_hours_max),
        price_stands_hours_min: hours(file.price_stands_hours_min, default.price_stands_hours_min),
        stop_loss: money(file.stop_loss_usd, default.stop_loss),
    }
}

fn window(at: usize, row: WindowFile, source: &mut Source<'_>) -> Option<Window> {
    let mut time = |key: &str, text: Option<String>| {
        let text = text?;
        let read = minutes(&text);
        if read.is_none() {
            let says = Says::new(Code::OutOfRange, format!("`{text}` is no time"), "a time of the day like `22:30`");
            source.fault(&format!("window[{at}].{key}"), Point::Value, says);
        }
        read
    };
    let (from_min, to_min) = (time("from", row.from), time("to", row.to));
    let days = row.days.map_or_else(|| (0..7).collect(), |days| days.into_iter().map(|day| day as u8).collect());
    Some(Window { days, from_min: from_min?, to_min: to_min? })
}

/// `22:30` in minutes after midnight; `24:00` is the end of the day.
fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two = |digits: &str| -> Option<u16> {
        (digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
    };
    let (hour, minute) = (two(hour)?, two(minute)?);
    (minute < 60 && hour * 60 + minute <= 24 * 60).then_some(hour * 60 + minute)
}
