//! The report of a backtest, as data: its canonical form is this in JSON.

use crate::control::backtest::ground::{Ground, Left};
use crate::control::backtest::recording::{Pair, Recording};
use crate::control::backtest::run::{Tried, Untried};
use crate::units::{Money, format_scaled};
use serde::Serialize;
use serde_json::Number;

/// An application's row. Money is US dollars over the whole recorded time, exact; `null`: it could not be replayed.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Row {
    /// The application's name; of a file that is none, the file's.
    pub app: String,
    /// Its file, below the folder of `--apps`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// What staying where it is cheapest on the first day costs.
    pub never_move_usd: Option<Number>,
    /// What going to the cheapest placement every day costs.
    pub always_move_usd: Option<Number>,
    /// What the policy's moves come to.
    pub policy_usd: Option<Number>,
    /// What could have been reached at best.
    pub clairvoyant_usd: Option<Number>,
    /// No schedule costs less; equal to `clairvoyant_usd` when that is proven.
    pub clairvoyant_bound_usd: Option<Number>,
    /// Components that the policy moved, counted each time.
    pub moves: usize,
    /// Components that the clairvoyant moved, counted each time.
    pub clairvoyant_moves: usize,
    /// What the policy costs more than the clairvoyant.
    pub regret_usd: Option<Number>,
    /// Why there are no figures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Recorded machines at regions that were not used.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Unused {
    /// The price book has no such provider or region.
    pub region_unknown: usize,
    /// The price book does not say how such a machine is made.
    pub machine_unknown: usize,
    /// What it costs on demand was not recorded.
    pub on_demand_unknown: usize,
    /// The first of each, as `provider/region/machine`.
    pub examples: Vec<String>,
}

/// All applications together.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Summary {
    /// Applications with figures.
    pub apps: usize,
    /// Applications without; they are in no sum.
    pub skipped: usize,
    /// The first recorded day.
    pub from: String,
    /// The last recorded day.
    pub to: String,
    /// Days that figures are about.
    pub days: i64,
    /// Most days that one day's prices stand for, because nothing was recorded until the next.
    pub gap_days_max: i64,
    /// Recorded machines at regions that were used.
    pub machines: usize,
    /// Those that were not.
    pub machines_unused: Unused,
    /// The policy's name.
    pub policy: String,
    /// Sum of the rows.
    pub never_move_usd: Number,
    /// Sum of the rows.
    pub always_move_usd: Number,
    /// Sum of the rows.
    pub policy_usd: Number,
    /// Sum of the rows.
    pub clairvoyant_usd: Number,
    /// Sum of the rows.
    pub moves: usize,
    /// Sum of the rows.
    pub clairvoyant_moves: usize,
    /// Sum of the rows.
    pub regret_usd: Number,
    /// Percent of what the clairvoyant saves against never moving that the policy saves, rounded down to two digits; `null`:
    /// there is nothing to save.
    pub captured_pct: Option<Number>,
    /// The application that the policy made dearest against never moving.
    pub worst_app: Option<String>,
    /// By how many percent, rounded up to two digits; negative: all became cheaper.
    pub worst_pct: Option<Number>,
    /// Clairvoyant figures that are proven.
    pub proven: usize,
}

/// The report.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Report {
    /// Applications, in the order of their files or ordinals.
    pub apps: Vec<Row>,
    /// All of them.
    pub summary: Summary,
}

/// What became of an application.
pub struct Outcome {
    /// The application's name.
    pub app: String,
    /// Its file.
    pub file: Option<String>,
    /// Its figures.
    pub tried: Result<Tried, Untried>,
}

/// Joins what became of all applications under the policy of a name.
pub fn of(policy: &str, recording: &Recording, ground: &Ground, outcomes: Vec<Outcome>) -> Report {
    let good: Vec<(&str, &Tried)> =
        outcomes.iter().filter_map(|outcome| Some((outcome.app.as_str(), outcome.tried.as_ref().ok()?))).collect();
    let sum = |of: fn(&Tried) -> i64| good.iter().map(|(_, t)| i128::from(of(t))).sum::<i128>();
    let (never, by_policy, best) = (sum(|t| t.never), sum(|t| t.policy), sum(|t| t.clairvoyant));
    let captured = hundredths(never - by_policy, never - best).map(|(down, _)| down);
    let worse =
        |t: &Tried| hundredths(i128::from(t.policy) - i128::from(t.never), i128::from(t.never)).map(|(_, up)| up);
    let worst = good.iter().filter_map(|(name, t)| Some((worse(t)?, *name)));
    let worst = worst.max_by(|(a, x), (b, y)| a.cmp(b).then_with(|| y.cmp(x)));
    let (from, to, gap_days_max) = recording.span();
    let summary = Summary {
        apps: good.len(),
        skipped: outcomes.len() - good.len(),
        from,
        to,
        days: recording.days(),
        gap_days_max,
        machines: ground.wares(),
        machines_unused: unused(ground),
        policy: policy.to_owned(),
        never_move_usd: usd(never),
        always_move_usd: usd(sum(|t| t.always)),
        policy_usd: usd(by_policy),
        clairvoyant_usd: usd(best),
        moves: good.iter().map(|(_, t)| t.moves).sum(),
        clairvoyant_moves: good.iter().map(|(_, t)| t.clairvoyant_moves).sum(),
        regret_usd: usd(by_policy - best),
        captured_pct: captured.map(percent),
        worst_app: worst.map(|(_, name)| name.to_owned()),
        worst_pct: worst.map(|(up, _)| percent(up)),
        proven: good.iter().filter(|(_, t)| t.clairvoyant == t.clairvoyant_bound).count(),
    };
    Report { apps: outcomes.into_iter().map(row).collect(), summary }
}

fn row(outcome: Outcome) -> Row {
    let Outcome { app, file, tried } = outcome;
    let figure = |of: fn(&Tried) -> i64| tried.as_ref().ok().map(|t| usd(i128::from(of(t))));
    Row {
        app,
        file,
        never_move_usd: figure(|t| t.never),
        always_move_usd: figure(|t| t.always),
        policy_usd: figure(|t| t.policy),
        clairvoyant_usd: figure(|t| t.clairvoyant),
        clairvoyant_bound_usd: figure(|t| t.clairvoyant_bound),
        moves: tried.as_ref().map_or(0, |t| t.moves),
        clairvoyant_moves: tried.as_ref().map_or(0, |t| t.clairvoyant_moves),
        regret_usd: figure(|t| t.policy - t.clairvoyant),
        error: tried.as_ref().err().map(ToString::to_string),
    }
}

fn unused(ground: &Ground) -> Unused {
    let of = &ground.unused;
    let first = |left: &Left| left.first.as_ref().map(shown);
    Unused {
        region_unknown: of.regions.count,
        machine_unknown: of.shapes.count,
        on_demand_unknown: of.on_demand.count,
        examples: [&of.regions, &of.shapes, &of.on_demand].into_iter().filter_map(first).collect(),
    }
}

/// A pair in one word.
pub fn shown(pair: &Pair) -> String {
    format!("{}/{}/{}", pair.provider, pair.region, pair.instance)
}

/// Exact dollars as a JSON number.
fn usd(nanos: i128) -> Number {
    let (whole, rest) = (nanos.unsigned_abs() / 1_000_000_000, nanos.unsigned_abs() % 1_000_000_000);
    let sign = if nanos < 0 { "-" } else { "" };
    let text = format!("{sign}{whole}.{rest:09}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    text.parse().unwrap_or_else(|_| Number::from(0))
}

/// Hundredths of a percent, rounded down and up.
fn hundredths(part: i128, whole: i128) -> Option<(i64, i64)> {
    let down = (part * 10_000).checked_div_euclid(whole)?;
    let up = down + i128::from((part * 10_000).rem_euclid(whole) != 0);
    Some((i64::try_from(down).ok()?, i64::try_from(up).ok()?))
}

fn percent(hundredths: i64) -> Number {
    format_scaled(hundredths, 2, 0).parse().unwrap_or_else(|_| Number::from(0))
}

/// Dollars for people, to the cent.
pub fn dollars(number: Option<&Number>) -> String {
    let money = number.and_then(|number| Money::parse(&number.to_string()).ok());
    money.map(|money| money.to_string()).unwrap_or_default()
}
