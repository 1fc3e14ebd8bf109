//! How long a round trip between two regions takes on this machine, where they are folders.

use std::collections::BTreeMap;
use std::time::Duration;

/// The longest round trip: the longest on earth is some 400 ms.
const MAX: Duration = Duration::from_secs(2);
/// The rule where no figure was given.
const SAME_PROVIDER: Duration = Duration::from_millis(2);
const OTHER_PROVIDER: Duration = Duration::from_millis(5);

/// Round trips between regions. Within a region it is 0.
///
/// Where no figure was given a simple rule holds, which stands for "near" and "far" and for no distance on earth: 2 ms between
/// the regions of a provider, 5 ms between providers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delays {
    given: BTreeMap<(String, String), Duration>,
    rule: bool,
}

impl Default for Delays {
    fn default() -> Self {
        Self { given: BTreeMap::new(), rule: true }
    }
}

impl Delays {
    /// No delays at all.
    #[must_use]
    pub fn none() -> Self {
        Self { given: BTreeMap::new(), rule: false }
    }

    /// With a figure for two places (`provider/region`), whichever of them calls. At most 2 s.
    #[must_use]
    pub fn with(mut self, a: &str, b: &str, round_trip: Duration) -> Self {
        self.given.insert(ordered(a, b), round_trip.min(MAX));
        self
    }

    /// The round trip between two places.
    #[must_use]
    pub fn between(&self, a: &str, b: &str) -> Duration {
        if a == b {
            return Duration::ZERO;
        }
        if let Some(given) = self.given.get(&ordered(a, b)) {
            return *given;
        }
        let provider = |place: &str| place.split('/').next().map(str::to_owned);
        match self.rule {
            false => Duration::ZERO,
            true if provider(a) == provider(b) => SAME_PROVIDER,
            true => OTHER_PROVIDER,
        }
    }
}

fn ordered(a: &str, b: &str) -> (String, String) {
    if a <= b { (a.to_owned(), b.to_owned()) } else { (b.to_owned(), a.to_owned()) }
}
