//! Whether a plan should be carried out now: every rule of the policy with its figure, also where nothing is done.
//!
//! Pure: the time, the past and the age of the prices are arguments. The same arguments give the same decision.

use super::{Plan, Seat};
use crate::app::Kind;
use crate::policy::{Approval, Moves};
use crate::units::Money;

/// Seconds of an hour and of a day.
const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 86_400;
/// Days whose moves count for the stop-loss.
const STOP_LOSS_DAYS: i64 = 30;
/// What a store weighs beside a component that keeps nothing, when it is asked how much of an application is disturbed.
const STORE_WEIGHT: i64 = 3;

/// A move that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastMove {
    /// The component.
    pub component: String,
    /// When it was done, in seconds since 1970.
    pub at: i64,
    /// What it has saved until now, less what it cost; negative while it has not paid for itself.
    pub gain: Money,
}

/// What a decision is made of, besides the plan and the policy.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// Now, in seconds since 1970.
    pub now: i64,
    /// The oldest of the prices that the saving rests on, in seconds since 1970; `None`: not known.
    pub prices_at: Option<i64>,
    /// Moves that were made, of this application.
    pub past: &'a [PastMove],
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Stay,
    /// Nothing, but say that a move would pay.
    Observe,
    /// Ask a person.
    Ask,
    /// Move.
    Move,
}

impl Verdict {
    /// The word used in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stay => "stay",
            Self::Observe => "observe",
            Self::Ask => "ask",
            Self::Move => "move",
        }
    }
}

/// A rule with its figure. A figure that is not known breaks its rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// Something better exists at all.
    Better {
        /// Whether the plan has steps.
        holds: bool,
    },
    /// What is saved a month.
    Saving {
        /// Dollars.
        is: Option<Money>,
        /// At least.
        min: Money,
    },
    /// What share of the bill is saved.
    Share {
        /// Millionths.
        ppm: Option<i64>,
        /// At least.
        min_ppm: i64,
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
        min_milli: i64,
    },
    /// Whether something that moves has moved too recently.
    CoolDown {
        /// Who, and the second from which it may move again.
        waiting: Vec<(String, i64)>,
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
        opens_in: i64,
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
        lost: Money,
        /// At most.
        max: Money,
    },
}

impl Check {
    /// Whether the rule is kept.
    #[must_use]
    pub fn holds(&self) -> bool {
        match self {
            Self::Better { holds } => *holds,
            Self::Saving { is, min } => is.is_some_and(|is| is >= *min),
            Self::Share { ppm, min_ppm } => ppm.is_some_and(|ppm| ppm >= *min_ppm),
            Self::Payback { hours, max } | Self::PriceAge { hours, max } => hours.is_some_and(|hours| hours <= *max),
            Self::Disturbance { milli, min_milli } => milli.is_some_and(|milli| milli >= *min_milli),
            Self::CoolDown { waiting } => waiting.is_empty(),
            Self::Pace { moves, max, .. } => *moves <= u64::from(*max),
            Self::Window { opens_in } => *opens_in == 0,
            Self::Never { components } => components.is_empty(),
            Self::StopLoss { lost, max } => lost <= max,
        }
    }
}

/// A decision with everything that it was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What to do.
    pub verdict: Verdict,
    /// All rules, kept and broken; of a plan without steps only the first.
    pub checks: Vec<Check>,
}

/// Decides about a plan.
#[must_use]
pub fn decide(plan: &Plan, policy: &Moves, circumstances: &Circumstances<'_>) -> Decision {
    let mut checks = vec![Check::Better { holds: !plan.steps.is_empty() }];
    if !plan.steps.is_empty() {
        checks.extend(worth(plan, policy));
        checks.extend(timing(plan, policy, circumstances));
    }
    let verdict = match policy.approval {
        _ if !checks.iter().all(Check::holds) => Verdict::Stay,
        Approval::Observe => Verdict::Observe,
        Approval::Ask => Verdict::Ask,
        Approval::Auto => Verdict::Move,
    };
    Decision { verdict, checks }
}

/// Whether a move pays.
fn worth(plan: &Plan, policy: &Moves) -> Vec<Check> {
    let saving = plan.saving_month();
    let ppm = saving.zip(plan.from.usd_month).and_then(|(saving, bill)| {
        let share = (i128::from(saving.nanos()) * 1_000_000).checked_div(i128::from(bill.nanos()))?;
        i64::try_from(share).ok()
    });
    let disturbed = disturbed_milli(plan);
    let milli = ppm.and_then(|ppm| ppm.checked_div(disturbed));
    vec![
        Check::Saving { is: saving, min: policy.saving_min },
        Check::Share { ppm, min_ppm: policy.saving_ppm_min },
        Check::Payback { hours: plan.payback_hours(), max: policy.payback_hours_max },
        Check::Disturbance { milli, min_milli: policy.score_milli_min },
    ]
}

/// Thousandths of the application that a plan disturbs, rounded up; stores weigh more.
fn disturbed_milli(plan: &Plan) -> i64 {
    let weight = |seat: &Seat| if is_store(seat.kind) { STORE_WEIGHT } else { 1 };
    let all: i64 = plan.from.seats.iter().map(weight).sum();
    let moving: i64 = plan.moved.iter().filter_map(|moved| moved.from.as_ref()).map(weight).sum();
    (moving * 1_000 + all - 1).checked_div(all).unwrap_or(0)
}

fn is_store(kind: Kind) -> bool {
    kind.is_data_store() || matches!(kind, Kind::ObjectStorage)
}

/// Whether a move may begin now.
fn timing(plan: &Plan, policy: &Moves, circumstances: &Circumstances<'_>) -> Vec<Check> {
    let Circumstances { now, prices_at, past } = *circumstances;
    let moving = || plan.moved.iter().filter(|moved| moved.from.is_some());
    let last = |name: &str| past.iter().filter(|m| m.component == name).map(|m| m.at).max();
    let rested = |name: &str| last(name).map(|at| at.saturating_add(policy.cool_down_hours.saturating_mul(HOUR_S)));
    let waiting = moving().filter_map(|m| Some((m.component.clone(), rested(&m.component).filter(|at| *at > now)?)));
    let since = now - i64::from(policy.moves_days) * DAY_S;
    let recent = past.iter().filter(|m| m.at > since).count() + moving().count();
    let named = |name: &str| policy.never.iter().any(|never| name == never || name.split('#').next() == Some(never));
    let never = moving().filter(|m| {
        let kind = m.from.as_ref().is_some_and(|seat| policy.never_kinds.contains(&seat.kind));
        kind || named(&m.component)
    });
    let lost: Money = past.iter().filter(|m| m.at > now - STOP_LOSS_DAYS * DAY_S).map(|m| m.gain).sum();
    // A price from the future is as unknown as one without a date: a clock is wrong.
    let age = prices_at.map(|at| now - at).filter(|age| *age >= -HOUR_S).map(|age| age.max(0).div_euclid(HOUR_S));
    let opens_in = policy.windows.iter().map(|window| window.opens_in(now)).min().unwrap_or(0);
    vec![
        Check::CoolDown { waiting: waiting.collect() },
        Check::Pace { moves: recent as u64, max: policy.moves_max, days: policy.moves_days },
        Check::Window { opens_in },
        Check::Never { components: never.map(|m| m.component.clone()).collect() },
        Check::PriceAge { hours: age, max: policy.price_age_hours_max },
        Check::StopLoss { lost: Money::ZERO - lost, max: policy.stop_loss },
    ]
}
