//! When a move is worth it, and when it may happen.

use crate::app::Kind;
use crate::units::Money;

/// Who decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// Nothing is done; what would be is said.
    Observe,
    /// A person approves each move.
    Ask,
    /// Moves that the rules let pass are carried out.
    Auto,
}

impl Approval {
    /// The word used in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Ask => "ask",
            Self::Auto => "auto",
        }
    }
}

/// A time of the week in which moves may begin, in UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Days on which it begins; 0 is Monday.
    pub days: Vec<u8>,
    /// Minutes after midnight at which it begins.
    pub from_min: u16,
    /// Minutes after midnight at which it ends: of the next day, when it is not after `from_min`.
    pub to_min: u16,
}

/// Minutes of a day and of a week.
const DAY_MIN: i64 = 24 * 60;
const WEEK_MIN: i64 = 7 * DAY_MIN;

impl Window {
    /// Seconds from a moment (in seconds since 1970) until the window is open; 0 inside it.
    #[must_use]
    pub fn opens_in(&self, now: i64) -> i64 {
        // 1 January 1970 was a Thursday.
        let week_s = (now + 3 * 86_400).rem_euclid(WEEK_MIN * 60);
        let length = match i64::from(self.to_min) - i64::from(self.from_min) {
            minutes @ 1.. => minutes,
            minutes => minutes + DAY_MIN,
        };
        let wait = |day: u8| {
            let start = (i64::from(day) * DAY_MIN + i64::from(self.from_min)) * 60;
            let since = (week_s - start).rem_euclid(WEEK_MIN * 60);
            if since < length * 60 { 0 } else { WEEK_MIN * 60 - since }
        };
        self.days.iter().map(|&day| wait(day)).min().unwrap_or(i64::MAX)
    }
}

/// The rules for moves. The default observes, and has the bounds of `policies/balanced.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moves {
    /// Who decides.
    pub approval: Approval,
    /// A move must save so much a month.
    pub saving_min: Money,
    /// And so much of the bill, in millionths.
    pub saving_ppm_min: i64,
    /// And have paid for itself within so many hours.
    pub payback_hours_max: i64,
    /// And save at least so many thousandths of the bill per thousandth of the application that it disturbs.
    pub score_milli_min: i64,
    /// A component that moved stays for so many hours.
    pub cool_down_hours: i64,
    /// So many components may move.
    pub moves_max: u32,
    /// In so many days.
    pub moves_days: u32,
    /// When moves may begin; empty: always.
    pub windows: Vec<Window>,
    /// Components that never move, by name.
    pub never: Vec<String>,
    /// Kinds that never move.
    pub never_kinds: Vec<Kind>,
    /// Prices older than so many hours are not acted on.
    pub price_age_hours_max: i64,
    /// A lower price counts for what could be bought when it has stood for so many hours.
    pub price_stands_hours_min: i64,
    /// When the moves of the last 30 days have cost so much more than they have saved, nothing moves.
    pub stop_loss: Money,
}

impl Default for Moves {
    fn default() -> Self {
        Self {
            approval: Approval::Observe,
            saving_min: Money::from_dollars(10),
            saving_ppm_min: 20_000,
            payback_hours_max: 720,
            score_milli_min: 100,
            cool_down_hours: 72,
            moves_max: 4,
            moves_days: 7,
            windows: Vec::new(),
            never: Vec::new(),
            never_kinds: Vec::new(),
            price_age_hours_max: 48,
            price_stands_hours_min: 72,
            stop_loss: Money::from_dollars(200),
        }
    }
}
