//! What is believed of a tick: the rules with their figures, and the reasons in words.

use super::tick::told;
use crate::units::{Money, Purchase};
use thiserror::Error;

/// Cheapest and dearest hour of anything on the market, in nano-dollars: a decade beyond what was seen by 2026.
const HOUR_NANOS: std::ops::RangeInclusive<i64> = 20_000..=2_000_000_000_000;

/// The rules of the gate. Times are seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// A tick may be so far ahead of the clock.
    pub ahead_s: i64,
    /// A spot price that is more than so many thousandths of the last one, or less than one part in so many, waits for
    /// a second witness.
    pub spot_band_milli: i64,
    /// The same for every other price.
    pub band_milli: i64,
    /// A second witness says the same within so many millionths.
    pub witness_ppm: i64,
    /// And is observed so much later than the first.
    pub witness_s: i64,
    /// A price that is more than so many times its reference, or less than one part in so many, is refused however
    /// often it is said. The reference is what the same machine costs on demand in the book.
    pub spot_absurd: i64,
    /// The same for prices that are not spot, against the book's own.
    pub absurd: i64,
    /// A provider of which nothing was heard for so long is silent: its asks are stale.
    pub silent_s: i64,
    /// A change of direction counts as a turn when it is more than so many millionths.
    pub swing_ppm: i64,
    /// Turns are counted over so long, and prices within it are recent.
    pub swing_window_s: i64,
    /// An ask that has turned so often is damped.
    pub turns_max: usize,
    /// Until it has not turned for so long.
    pub settle_s: i64,
    /// A lower price counts for buyers when it has stood for so long; 0: at once.
    pub stand_s: i64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            ahead_s: 300,
            spot_band_milli: 3_000,
            band_milli: 1_500,
            witness_ppm: 100_000,
            witness_s: 60,
            spot_absurd: 64,
            absurd: 8,
            silent_s: 48 * 3_600,
            swing_ppm: 50_000,
            swing_window_s: 7 * 86_400,
            turns_max: 2,
            settle_s: 36 * 3_600,
            stand_s: 0,
        }
    }
}

/// Why a tick changed nothing. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The price book has no such thing.
    #[error("the price book has no {what} `{name}`")]
    Unknown {
        /// Provider, region or offer.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// It is not priced per hour.
    #[error("{offer} is priced per month, and a tick is a price per hour")]
    NotHourly {
        /// The offer.
        offer: String,
    },
    /// A way of buying that the offer does not have.
    #[error("{offer} is a managed tier, which is bought on demand and not as {purchase}")]
    NotSoldAs {
        /// The offer.
        offer: String,
        /// The way.
        purchase: Purchase,
    },
    /// Outside of every price on the market.
    #[error("${} an hour is no price of anything: the cheapest is $0.00002, the dearest $2000", usd.to_decimal())]
    OutOfRange {
        /// What was said.
        usd: Money,
    },
    /// Too far from its reference to be believed at all.
    #[error("${} an hour is more than {factor} times off {} for this machine in the price book", usd.to_decimal(), told(Some(*reference)))]
    Absurd {
        /// What was said.
        usd: Money,
        /// What the price book says.
        reference: Money,
        /// How far it may be off.
        factor: i64,
    },
    /// It was observed after now: a clock is wrong.
    #[error("it was observed {ahead_s} s after now: the clock of the feed, or of this machine, is wrong")]
    Ahead {
        /// How far ahead of the clock.
        ahead_s: i64,
    },
    /// Something newer is known.
    #[error("it was observed {behind_s} s before the last price that is known of this: time runs forward only")]
    Behind {
        /// How far behind the last observation.
        behind_s: i64,
    },
    /// Two prices of one moment.
    #[error("{} was said for the same moment before", told(*usd))]
    Twice {
        /// What was said before.
        usd: Option<Money>,
    },
}

/// Why a tick waits for a second witness.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Doubt {
    /// It is far from the last price.
    #[error("more than {} times off the last price, {}", thousandths(*band_milli), told(Some(*last)))]
    Jump {
        /// The last price.
        last: Money,
        /// How far it may be off, in thousandths.
        band_milli: i64,
    },
    /// There is no price to hold it against, or one that it does not go with.
    #[error("there is no last price to hold it against{}", beside(*reference))]
    Opening {
        /// What the same machine costs on demand, when that is known.
        reference: Option<Money>,
    },
    /// It is no longer offered, says one witness.
    #[error("one witness says that it is no longer offered; the last price is {}", told(Some(*last)))]
    Closing {
        /// The last price.
        last: Money,
    },
    /// The last price is of a moment that has not come: a clock was wrong, then or now.
    #[error("the last price is of a moment {ahead_s} s after now: a clock was wrong")]
    Clock {
        /// How far ahead of the clock.
        ahead_s: i64,
    },
}

fn thousandths(milli: i64) -> String {
    crate::units::format_scaled(milli, 3, 0)
}

fn beside(reference: Option<Money>) -> String {
    reference.map(|usd| format!(", and on demand it costs {}", told(Some(usd)))).unwrap_or_default()
}

/// What a price is held against.
#[derive(Clone, Copy, Debug)]
pub(super) struct Against {
    /// How it is bought.
    pub purchase: Purchase,
    /// The last price that is believed; `None`: not offered.
    pub last: Option<Money>,
    /// The same machine on demand, for spot and commitments; else the book's own price.
    pub reference: Option<Money>,
}

impl Against {
    /// Whether a price can be at all.
    pub fn possible(&self, usd: Money, rules: &Rules) -> Result<(), Refusal> {
        if !HOUR_NANOS.contains(&usd.nanos()) {
            return Err(Refusal::OutOfRange { usd });
        }
        let factor = if self.purchase == Purchase::Spot { rules.spot_absurd } else { rules.absurd };
        match self.reference {
            Some(reference) if apart(usd, reference, factor, 1) => Err(Refusal::Absurd { usd, reference, factor }),
            _ => Ok(()),
        }
    }

    /// Why a price, or its absence, should wait for a second witness.
    pub fn doubt(&self, usd: Option<Money>, rules: &Rules) -> Option<Doubt> {
        let spot = self.purchase == Purchase::Spot;
        let band_milli = if spot { rules.spot_band_milli } else { rules.band_milli };
        match (self.last, usd) {
            (None, None) => None,
            (Some(last), None) => Some(Doubt::Closing { last }),
            (Some(last), Some(usd)) => apart(usd, last, band_milli, 1_000).then_some(Doubt::Jump { last, band_milli }),
            (None, Some(usd)) => {
                // A spot price goes with an on-demand one when it is not above it, and at least a twentieth.
                let goes = |with: Money| usd <= with && !apart(usd, with, 20, 1);
                let plausible = self.reference.is_some_and(goes);
                (!plausible).then_some(Doubt::Opening { reference: self.reference })
            }
        }
    }
}

/// Whether a second observation says what the first one said.
pub(super) fn confirms(first: Option<Money>, second: Option<Money>, rules: &Rules) -> bool {
    match (first, second) {
        (Some(a), Some(b)) => !apart(a, b, 1_000_000 + rules.witness_ppm, 1_000_000),
        (a, b) => a == b,
    }
}

/// Whether two prices are more than `factor / unit` times apart.
fn apart(a: Money, b: Money, factor: i64, unit: i64) -> bool {
    let (low, high) = (i128::from(a.min(b).nanos()), i128::from(a.max(b).nanos()));
    high * i128::from(unit) > low * i128::from(factor)
}
